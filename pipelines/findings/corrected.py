"""What was corrected: by the provider since the drop before, and by the pilot's own register of corrections."""

from __future__ import annotations

from pipelines.findings.making import Making
from pipelines.findings.models import CorrectionMade, CorrectionsResult, Finding
from pipelines.findings.themes import identifiers_of
from pipelines.qualitative.quotes import IdentifierIndex, pattern_hits
from pipelines.validation.corrected_since import corrected_since, earlier_checks
from pipelines.warehouse import has_table

WITHHELD = "withheld: the words may tell who it is"


def correction_findings(making: Making) -> list[Finding]:
    """Return one finding where anything was corrected or ought to be; none where there is nothing to tell."""
    since = corrected_since(making.connection, earlier_checks(making.site))
    made = _made(making)
    if since is None and not made:
        return []
    counts = {name: getattr(since, name) if since else 0 for name in ("named", "corrected", "remaining", "new")}
    result = CorrectionsResult(
        earlier=since.earlier if since else "", newest=making.inputs.drop, register_lines=made, **counts
    )
    return [making.finding("corrections/summary", result, population="rows that a check named, and corrected values")]


def _made(making: Making) -> tuple[CorrectionMade, ...]:
    """Return the register's lines as far as they can be printed: neither keys nor values."""
    if not has_table(making.connection, "raw", "corrections"):
        return ()
    query = "SELECT DISTINCT extract, field, status, why, made_on::VARCHAR FROM raw.corrections ORDER BY ALL"
    rows = making.connection.execute(query).fetchall()
    known = identifiers_of(making.site) if rows else IdentifierIndex([])
    return tuple(
        CorrectionMade(extract=extract, field=field, status=status, why=safe(known, why), made_on=made_on)
        for extract, field, status, why, made_on in rows
    )


def safe(known: IdentifierIndex, why: str) -> str:
    """Return a reason that names nobody; people write the person into it, and the report is public."""
    return WITHHELD if known.hits(why) or pattern_hits(why) else why
