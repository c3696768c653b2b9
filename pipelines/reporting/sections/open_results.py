"""Results that stay open: what the pilot could have seen, where they point, and what more data would buy."""

from __future__ import annotations

from pipelines.findings.models import Finding
from pipelines.findings.progress import InconclusiveResult
from pipelines.findings.progress_words import difference, hundred
from pipelines.release.bundle import Evidence
from pipelines.reporting import evidence as ev
from pipelines.reporting.markup import heading, joined, plain, source
from pipelines.reporting.tables import Table, markdown

NOTE = (
    "The chance of settling it: that the range will no longer hold both no difference and one that would matter, if "
    "the truth is as likely to be anywhere as the present estimate and its uncertainty say."
)


def open_results(evidence: Evidence) -> str:
    """Return a paragraph and a table for each main outcome that is open; nothing where none is."""
    found = ev.inconclusive(evidence)
    if not found:
        return ""
    told = [_told(finding, result, number) for number, (finding, result) in enumerate(found, start=1)]
    return joined(heading(3, "What is still open, and what would settle it"), *told)


def _told(finding: Finding, result: InconclusiveResult, number: int) -> str:
    rows = [
        (
            more.what,
            difference(result, more.width),
            hundred(more.clear_sign),
            hundred(more.conclusive),
        )
        for more in result.more
    ]
    head = ("More data", "Width of the range", "Chance of a clear direction", "Chance of settling it")
    caption = f"What more data would buy: {_name(result)}"
    table = Table(f"more-data-{number}", caption, head, rows, (34, 22, 22, 22), True, NOTE)
    return joined(
        f"{plain(finding.sentence)} {source(finding.id)}", markdown(table) if result.width is not None else ""
    )


def _name(result: InconclusiveResult) -> str:
    title = result.title
    return f"people who {title[:1].lower()}{title[1:]}" if result.outcome_type == "binary" else title
