"""What people said: themes counted by people, with words that may be shown. Reading files belongs in qualitative."""

from __future__ import annotations

import re
from typing import Any

from pipelines.disclosure.voices import anybody, spread
from pipelines.findings.coding import Coding, coding_findings, read_coding
from pipelines.findings.hearing import Heard, heard_findings, shown_of, story_findings
from pipelines.findings.making import Making
from pipelines.findings.models import Finding, QuoteShown, ThemeResult
from pipelines.findings.speakers import speakers_named
from pipelines.findings.withdrawn import gone_since, note_shown, said_by_the_gone, words_of_the_gone
from pipelines.findings.words_beside import words_beside
from pipelines.protocol.models import Plan
from pipelines.qualitative.brackets import why_not
from pipelines.qualitative.cases import SEPARATOR
from pipelines.qualitative.quotes import IdentifierIndex, pattern_hits, quote_hash
from pipelines.qualitative.release_list import RELEASE_LIST, Approval, release_list
from pipelines.qualitative.themes import typical_quotes
from pipelines.warehouse import open_vault
from pipelines.workspace import PilotSite

TABLES = ("analysis.themes", "validated.codings", "validated.documents", "validated.consents", "validated.cases")
CANDIDATES = """
    -- A passage of a group interview may be several people's: each of them has to have agreed, also who is set aside.
    WITH agreed AS (
        SELECT c.source_file, c.drop_id, c.source_row,
               bool_and(
                   coalesce(s.may_quote AND s.may_publish AND s.withdrawn_on IS NULL, false)
                   AND NOT coalesce(list_contains($gone, d.person_key), false)
               ) AS consented
        FROM raw.codings c
        LEFT JOIN raw.documents d USING (document_key)
        LEFT JOIN validated.consents s ON s.person_key = d.person_key
        GROUP BY ALL
    )
    SELECT c.document_key, d.speaker_key AS case_key, c.code_path, c.coder_key, c.start_at AS start, c.end_at AS "end",
           c.quote, d.role, coalesce(a.consented, false) AS consented
    FROM validated.codings c
    JOIN (SELECT DISTINCT document_key, speaker_key, role FROM analysis.themes) d USING (document_key)
    LEFT JOIN agreed a USING (source_file, drop_id, source_row)
    WHERE c.checked IN ('exact', 'name', 'snippet', 'boundary') AND c.quote <> ''
    ORDER BY c.document_key, c.start_at, c.end_at, c.code_path, c.coder_key
"""


def theme_findings(making: Making) -> list[Finding]:
    """Return one finding for each code, in the order of the frame's paths, and those on how they were coded."""
    matrix = making.frame("SELECT * FROM analysis.themes ORDER BY code_path, role, speaker_key")
    index = identifiers_of(making.site)
    codings, heard = _heard(making, index)
    if matrix.empty:
        return _noted(making, story_findings(making, heard), heard)
    opposites = _opposites(making.plan, matrix)
    chosen = _chosen(heard.shown, opposites)
    note_shown(making.site, chosen)
    matrix["definition"] = matrix["definition"].map(heard.harmless)
    ids = _ids(dict.fromkeys(matrix["code_path"]))
    coding = read_coding(making, matrix)
    themes = [
        _finding(making, ids[path], rows, codings[codings["code_path"] == path], chosen, heard.approvals, coding)
        for path, rows in matrix.groupby("code_path", sort=False)
    ]
    further = [*heard_findings(making, coding, heard, opposites), *story_findings(making, heard)]
    return [*themes, *coding_findings(making, coding, heard.harmless), *_noted(making, further, heard)]


def _heard(making: Making, index: IdentifierIndex) -> tuple[Any, Heard]:
    """Return the coded passages of those who have not withdrawn, and all words that may be shown."""
    codings = candidates(making.site, making.connection)
    beside = words_beside(making.site, making.connection)
    approvals = release_list(making.site.folder / RELEASE_LIST)
    gone = words_of_the_gone(making.site, making.connection)
    shown, beside_shown = (_shown(words, approvals, gone, index) for words in (codings, beside))
    return codings, Heard(
        shown,
        beside,
        beside_shown,
        approvals,
        harmless=lambda text: _definition(index, text),
        is_clean=lambda text: is_clean(index, text),
    )


def _noted(making: Making, findings: list[Finding], heard: Heard) -> list[Finding]:
    """Return findings after noting in the vault whose words they show."""
    note_shown(making.site, shown_of(findings, heard))
    return findings


def candidates(site: PilotSite, connection: Any) -> Any:
    """Return every coded and placed passage of those who have not withdrawn, and whether it may be shown if approved.

    Looking back at an earlier drop, who has withdrawn since is asked too: a voice that was taken back is not let out
    again.
    """
    return connection.execute(CANDIDATES, {"gone": sorted(gone_since(site))}).df()


def _shown(codings: Any, approvals: dict[str, Approval], gone: frozenset[str], index: IdentifierIndex) -> Any:
    """Return the passages that may be shown, with `shown`: the words, edited where somebody did that.

    What somebody who withdrew has said too, word for word, is let out of nobody else's mouth.
    """
    passed = codings[codings["consented"] & codings["quote"].map(lambda quote: quote_hash(quote) in approvals)].copy()
    passed["shown"] = [approved_words(quote, approvals[quote_hash(quote)]) for quote in passed["quote"]]
    rows = zip(passed["quote"], passed["shown"], strict=True)
    fit = [bool(words) and is_clean(index, words) and not said_by_the_gone(quote, gone) for quote, words in rows]
    return passed.loc[fit] if fit else passed


def approved_words(quote: str, approval: Approval) -> str:
    """Return the words that were approved; nothing when the list shows anything but this quote with [brackets]."""
    if not approval.shown:
        return quote
    return "" if why_not(quote, approval.shown, {}) else approval.shown


def _opposites(plan: Plan, matrix: Any) -> dict[str, str]:
    """Return the path of the code that contradicts a code, by the code's path, where both were used."""
    paths = sorted(set(matrix["code_path"]))
    named = {name: _called(paths, name) for pair in plan.codebook.opposites.items() for name in pair}
    return {
        path: named[opposite][0]
        for code, opposite in plan.codebook.opposites.items()
        for path in named[code]
        if named[opposite]
    }


def _called(paths: list[str], name: str) -> list[str]:
    """Return the codes of a name or a path."""
    return [path for path in paths if name.casefold() in (path.casefold(), path.casefold().split(SEPARATOR)[-1])]


def _chosen(shown: Any, opposites: dict[str, str]) -> Any:
    """Return at most one quote for each code and one against it, chosen by rule, with the role of who speaks."""
    if shown.empty:
        return shown
    chosen = typical_quotes(shown, {quote_hash(quote) for quote in shown["quote"]}, opposites)
    roles = shown[["document_key", "case_key", "role", "quote", "shown"]].drop_duplicates()
    return chosen.merge(roles, on=["document_key", "case_key", "quote"], how="left")


def _ids(paths: dict[str, None]) -> dict[str, str]:
    """Return a stable id for each code: its own name, or its whole path where two codes share a name."""
    names = {path: _slug(path.split(" / ")[-1]) for path in paths}
    return {p: f"theme/{n if list(names.values()).count(n) == 1 else _slug(p)}" for p, n in names.items()}


def _slug(text: str) -> str:
    return re.sub(r"[^a-z0-9]+", "-", text.casefold()).strip("-")


def identifiers_of(site: PilotSite) -> IdentifierIndex:
    """Return the names, numbers and addresses of everybody in the case file and in the interviews."""
    with open_vault(site) as vault:
        return IdentifierIndex(
            [row[0] for row in vault.execute("SELECT DISTINCT value FROM vault.identifiers").fetchall()]
        )


def is_clean(index: IdentifierIndex, quote: str) -> bool:
    """Tell whether a quote holds nobody's name, number or address; consent and approval do not outweigh that."""
    return not index.hits(quote) and not pattern_hits(quote)


def _definition(index: IdentifierIndex, text: object) -> str:
    """Return a code's definition; nothing when somebody wrote a person's name or number into it.

    Single words of names are let through here: a code book says trust, hope and grace.
    """
    said = text if isinstance(text, str) else ""
    named = any(hit.kind == "identifier" for hit in index.hits(said))
    return "" if named or pattern_hits(said) else said


def _finding(
    making: Making,
    finding_id: str,
    rows: Any,
    codings: Any,
    chosen: Any,
    approvals: dict[str, Approval],
    coding: Coding,
) -> Finding:
    path = str(rows["code_path"].iloc[0])
    roles = sorted(rows["role"].unique(), key=lambda role: ({"participant": 0, "staff": 1}.get(role, 2), role))
    people = {
        role: int(rows.loc[(rows["role"] == role) & (rows["passages"] > 0), "speaker_key"].nunique()) for role in roles
    }
    asked = {role: int(rows.loc[rows["role"] == role, "speaker_key"].nunique()) for role in roles}
    quotes = _quotes(chosen, path, approvals, speakers_named(making.plan, asked))
    typical = sum(quote.voice == "typical" for quote in quotes)
    why = coding.uncounted.get(path, "")
    result = ThemeResult(
        code=path,
        title=str(rows["code_name"].iloc[0]),
        definition=str(rows["definition"].iloc[0] or ""),
        people=dict.fromkeys(roles) if why else people,
        interviewed=asked,
        spread={role: anybody(people[role]) if why else spread(people[role], asked[role]) for role in roles},
        passages=None if why else int(rows["passages"].sum()),
        agreement=_agreement(rows),
        quotes=quotes,
        withheld_quotes=int(codings["quote"].nunique()) - typical,
        counted=not why,
        not_counted=why,
        opposite=_opposites(making.plan, coding.counted).get(path, ""),
    )
    receipts = tuple(f"quote/{quote.sha256}" for quote in quotes)
    return making.finding(
        finding_id, result, subject=path, population="everybody interviewed who has not withdrawn", receipts=receipts
    )


def _agreement(rows: Any) -> float | None:
    """Return the share of double-coded interviews in which both coders, or neither, found the code."""
    double = rows[rows["coders_at_work"] >= 2]
    if double.empty:
        return None
    agree = (double["coders"] == 0) | (double["coders"] == double["coders_at_work"])
    return float(agree.mean())


def _quotes(chosen: Any, path: str, approvals: dict[str, Approval], named: dict[str, str]) -> tuple[QuoteShown, ...]:
    rows = chosen[chosen["code_path"] == path].to_dict("records") if len(chosen) else []
    return tuple(_quote(row, approvals[row["quote_hash"]], named) for row in rows)


def _quote(row: dict[str, Any], approval: Approval, named: dict[str, str]) -> QuoteShown:
    return QuoteShown(
        text=row["shown"],
        sha256=quote_hash(row["shown"]),
        edited=row["shown"] != row["quote"],
        speaker=named[row["role"]],
        theme=row["code_path"],
        voice=row["voice"],
        approved_by=approval.by,
        approved_on=approval.on,
    )
