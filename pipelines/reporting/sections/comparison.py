"""The comparison group: how it was made, how alike it is before and after, who could not be compared."""

from __future__ import annotations

from pipelines.findings.exhibits import AlikeRow, ComparisonResult
from pipelines.findings.models import Finding
from pipelines.release.bundle import Evidence
from pipelines.reporting import evidence as ev
from pipelines.reporting import figures, love_figure, numbers
from pipelines.reporting.markup import heading, joined, plain, source
from pipelines.reporting.tables import Table, markdown

LIGHTS = {"green": "● alike", "amber": "◐ small difference", "red": "○ clear difference", "none": "not shown"}


def comparison(evidence: Evidence) -> str:
    """Return the comparison group of the first outcome in full, and of the others what differs; nothing without one."""
    found = ev.comparisons(evidence)
    if not found:
        return ""
    first = found[0]
    title = heading(2, f"Comparison group: {_title(first[1])}", "sec-comparison")
    return joined(title, _told(first, len(found) > 1), *(_others(found[1:])))


def _title(result: ComparisonResult) -> str:
    words = {"green": "alike in what was measured", "amber": "nearly alike", "red": "caution, not alike in everything"}
    return words.get(result.light_after, "not shown")


def _told(pair: tuple[Finding, ComparisonResult], several: bool) -> str:
    finding, result = pair
    named = plain(f"Of the people whose outcome “{result.title}” is known:") if several else ""
    drawn = figures.markdown(love_figure.love_figure(finding.id, result))
    return joined(
        named,
        plain(result.method),
        plain(finding.sentence),
        markdown(_sizes(result)),
        drawn,
        markdown(_alike(result)),
        markdown(_left_out(result)),
        source(finding.id),
    )


def _sizes(result: ComparisonResult) -> Table:
    rows = [
        ("Offered what is tested", numbers.count(result.treated), numbers.count(result.treated_used)),
        ("Comparison pool", numbers.count(result.pool), numbers.count(result.pool_used)),
        ("Comparison group counts as much as", numbers.NONE_HERE, _effective(result)),
    ]
    overlap = numbers.percent(result.overlap, 0)
    note = f"Of those offered it, {overlap} have a score within the range of the pool's." if result.overlap else ""
    return Table("comparison-sizes", "Who is compared", ("People", "Known", "Compared"), rows, note=note)


def _effective(result: ComparisonResult) -> str:
    return numbers.WITHHELD if result.effective is None else f"{numbers.decimal(result.effective, 0)} people"


def _alike(result: ComparisonResult) -> Table:
    head = (
        "Characteristic",
        "Offered it",
        "Pool",
        "Compared with",
        "Difference before",
        "Difference after",
        "In words",
    )
    rows = [
        (
            row.title,
            *(_mean(row, one) for one in (row.treated, row.before, row.after)),
            numbers.decimal(row.difference_before, 2),
            numbers.decimal(row.difference_after, 2),
            LIGHTS[row.light],
        )
        for row in result.rows
    ]
    note = f"Differences are standardised: {result.formula}"
    return Table(
        "alike", "How alike the groups are, before and after", head, rows, (22, 11, 11, 13, 13, 13, 17), note=note
    )


def _mean(row: AlikeRow, value: float | None) -> str:
    return numbers.percent(value) if row.share else numbers.fitting(value)


def _left_out(result: ComparisonResult) -> Table:
    rows = [(row.title, _mean(row, row.treated), _mean(row, row.before)) for row in result.left_out]
    head = ("Characteristic", "Left out", "Kept")
    return Table("left-out", "Who of those offered it could not be compared, and who could", head, rows)


def _others(found: list[tuple[Finding, ComparisonResult]]) -> list[str]:
    return [plain(f"{result.title}: {finding.sentence}") + " " + source(finding.id) for finding, result in found]
