"""What was corrected: by the provider since the drop before, and by the pilot's own register of corrections."""

from __future__ import annotations

from pipelines.findings.making import Making
from pipelines.findings.models import CorrectionMade, CorrectionsResult, Finding
from pipelines.validation.corrected_since import corrected_since
from pipelines.warehouse import has_table


def correction_findings(making: Making) -> list[Finding]:
    """Return one finding where anything was corrected or ought to be; none where there is nothing to tell."""
    since = corrected_since(making.connection)
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
    query = "SELECT DISTINCT extract, field, status, why, who, made_on::VARCHAR FROM raw.corrections ORDER BY ALL"
    names = ("extract", "field", "status", "why", "who", "made_on")
    rows = making.connection.execute(query).fetchall()
    return tuple(CorrectionMade(**dict(zip(names, row, strict=True))) for row in rows)
