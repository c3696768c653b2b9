"""People and data: who came in and is left, how alike the groups were, what the checks of the data found."""

from __future__ import annotations

from pipelines.findings.models import BaselineRow, CheckSummary
from pipelines.release.bundle import Evidence
from pipelines.reporting import evidence as ev
from pipelines.reporting import figures, flow_figure, numbers
from pipelines.reporting.markup import bold, bullets, heading, joined, plain, source
from pipelines.reporting.sections.status import SEVERITIES, checks_told
from pipelines.reporting.tables import Table, markdown

_LIGHTS = {"green": "● alike", "amber": "◐ small difference", "red": "○ clear difference", "none": "not compared"}


def opening(evidence: Evidence) -> str:
    """Return the heading: the flow's two ends."""
    found = ev.flow(evidence)
    title = f"People and data: {_ends(found[1].stages)}" if found else "People and data"
    return heading(2, title, "sec-people")


def flow(evidence: Evidence) -> str:
    """Return the flow as figure and table."""
    found = ev.flow(evidence)
    if found is None:
        return "The flow of people was not recorded in this pilot."
    finding, result = found
    keys = ev.columns(result.stages)
    head = ("Stage", *(ev.column_title(evidence, key) for key in keys))
    rows = [(stage.title, *(_count(stage.counts, key) for key in keys)) for stage in result.stages]
    table = markdown(Table("flow", "Flow of people: the numbers of the figure", head, rows))
    drawn = figures.markdown(flow_figure.flow_figure(evidence))
    return joined(heading(3, "Who came in and who is left"), plain(finding.sentence), drawn, table, source(finding.id))


def baseline(evidence: Evidence) -> str:
    """Return the baseline table."""
    found = ev.baseline(evidence)
    if found is None or not found[1].rows:
        return ""
    finding, result = found
    keys = [key for key in ("treatment", "comparison", "everyone") if any(key in row.arms for row in result.rows)]
    compared = len(keys) > 1
    head = ("Characteristic", *(_arm_head(evidence, result.rows, key) for key in keys))
    head += ("Standardised difference", "In words") if compared else ()
    rows = [_baseline_row(row, keys, compared) for row in result.rows]
    formula = result.formula if compared else ""
    note = f"Means with standard deviation in brackets; shares with people in brackets. {formula}"
    widths = (28, *([16] * len(keys)), 20, 20) if len(keys) == 2 else ()
    caption = "Who took part, and how alike the groups were at the start" if compared else "Who took part"
    table = Table("baseline", caption, head, rows, widths, note=note.strip())
    return joined(heading(3, "Who took part"), plain(finding.sentence), markdown(table), source(finding.id))


def data(evidence: Evidence) -> str:
    """Return what the checks of the data found, in words."""
    found = ev.quality(evidence)
    if not found:
        return ""
    failed = [check for check in ev.checks(evidence) if not check.passed]
    told = bullets(_failure(check) for check in failed) if failed else "Every check of the data held."
    rows = [row for _, result in found for row in _rows_in_use(result.rows, result.set_aside)]
    table = Table("rows", "Rows in use, and rows set aside by a rule", ("Table", "In use", "Set aside"), rows)
    summary = plain(f"Checks of the data: {checks_told(evidence)}.")
    return joined(heading(3, "Checks of the data"), summary, told, markdown(table), source(*(f.id for f, _ in found)))


def _ends(stages: tuple[ev.FlowStage, ...]) -> str:
    """Say the people at both ends of the flow."""
    first, last = (
        " and ".join(numbers.count(people) for people in ev.people_at(stage)) for stage in (stages[0], stages[-1])
    )
    return f"{first} came in, {last} are counted at the end"


def _count(counts: dict[str, int | None], key: str) -> str:
    """Write one cell of the flow; a stage that does not count a group has nothing to say of it."""
    return numbers.count(counts[key]) if key in counts else numbers.NONE_HERE


def _arm_head(evidence: Evidence, rows: tuple[BaselineRow, ...], key: str) -> str:
    """Name a column with its base."""
    sizes = {row.arms[key].n for row in rows if key in row.arms}
    base = f" (n = {numbers.count(sizes.pop())})" if len(sizes) == 1 else ""
    return f"{ev.column_title(evidence, key)}{base}"


def _baseline_row(row: BaselineRow, keys: list[str], compared: bool) -> tuple[str, ...]:
    """Write one row of the baseline table."""
    title = f"{row.title}, {row.unit}" if row.unit and row.unit not in row.title else row.title
    differs = (numbers.decimal(row.difference, 2), light_words(row)) if compared else ()
    return (title, *baseline_cells(row, keys), *differs)


def baseline_cells(row: BaselineRow, keys: list[str]) -> tuple[str, ...]:
    """Write the groups' cells of a row."""
    return tuple(_baseline_cell(row, key) for key in keys)


def light_words(row: BaselineRow) -> str:
    """Say how alike the groups are, with a sign that repeats it."""
    return _LIGHTS[row.light]


def _baseline_cell(row: BaselineRow, key: str) -> str:
    """Write one group's cell: a mean with its spread, or a share with its people."""
    arm = row.arms.get(key)
    if arm is None:
        return numbers.NONE_HERE
    if row.measure == "share":
        return f"{numbers.percent(arm.average)} ({numbers.count(arm.events)})"
    return f"{numbers.fitting(arm.average)} ({numbers.fitting(arm.spread)})"


def _failure(check: CheckSummary) -> str:
    """Say a failed check."""
    return f"{bold(SEVERITIES[check.severity])} ({plain(check.noun)}): {plain(check.sentence)}"


def _rows_in_use(rows: dict[str, int | None], aside: dict[str, int | None]) -> list[tuple[str, str, str]]:
    """Write the rows of each table."""
    return [(noun, numbers.count(count), numbers.count(aside.get(noun, 0))) for noun, count in rows.items()]
