"""Words beside the coded passages that somebody may pass for publication: summaries, reporters' stories, replies.

A summary needs what a quote needs: that the person agreed to be quoted and published. A story needs its author's own
consent and that a right of reply was offered; a consent in the consents file can only take it back.
"""

from __future__ import annotations

from typing import Any

from pipelines.findings.withdrawn import gone_since
from pipelines.warehouse import has_table
from pipelines.workspace import PilotSite

WORDS = """
    WITH gone AS (
        SELECT person_key FROM validated.consents WHERE withdrawn_on IS NOT NULL
        UNION ALL SELECT person_key FROM quarantine.consents WHERE withdrawn_on IS NOT NULL
        UNION ALL SELECT unnest($gone)
    ),
    speakers AS (
        SELECT speaker_key, min(coalesce(role, 'other')) AS role FROM validated.documents GROUP BY speaker_key
    ),
    agreed AS (
        SELECT w.kind, w.document_key, w.person_key, w.theme, w.words,
               w.releasable AND coalesce(c.may_quote AND c.may_publish, w.kind <> 'summary' AND c.person_key IS NULL)
                   AND g.person_key IS NULL AS consented
        FROM raw.words w
        LEFT JOIN (
            SELECT person_key, bool_and(coalesce(may_quote, false)) AS may_quote,
                   bool_and(coalesce(may_publish, false)) AS may_publish
            FROM validated.consents GROUP BY person_key
        ) c USING (person_key)
        LEFT JOIN (SELECT DISTINCT person_key FROM gone) g USING (person_key)
    ),
    -- A story may be several people's: each of them has to have agreed.
    together AS (
        SELECT kind, document_key, words, bool_and(consented) AS consented
        FROM agreed WHERE kind <> 'summary' GROUP BY ALL
    )
    SELECT w.kind, w.document_key, w.person_key AS case_key, w.theme AS code_path, w.words AS quote, w.credit, w.round,
           s.role, coalesce(t.consented, a.consented) AS consented
    FROM raw.words w
    JOIN agreed a USING (kind, document_key, person_key, theme, words)
    LEFT JOIN together t ON t.kind = w.kind AND t.document_key = w.document_key AND t.words = w.words
    JOIN speakers s ON s.speaker_key = w.person_key
    ANTI JOIN gone ON gone.person_key = w.person_key
    -- What was set aside with its document is not asked about either.
    WHERE w.kind = 'summary' OR EXISTS (SELECT 1 FROM validated.documents d WHERE d.document_key = w.document_key)
    ORDER BY ALL
"""
COLUMNS = ("kind", "document_key", "case_key", "code_path", "quote", "credit", "round", "role", "consented")


def words_beside(site: PilotSite, connection: Any) -> Any:
    """Return summaries, stories and replies of those who have not withdrawn, and whether each may be shown if approved.

    Returns
    -------
    DataFrame
        kind (``summary``, ``story``, ``reply``), document_key (empty for a summary), case_key, code_path (the theme of
        a summary, as the matrix names it), quote (the words), credit, round, role, consented.
    """
    import pandas as pd

    if not has_table(connection, "raw", "words"):
        return pd.DataFrame(columns=list(COLUMNS)).astype({"consented": bool})
    return connection.execute(WORDS, {"gone": sorted(gone_since(site))}).df()
