"""Effects of staggered adoption over time: by time since the beginning, and by group and period.

How many units each figure rests on is told for disclosure control, also where a figure would give another away.
"""

from pipelines.estimation.design import Design
from pipelines.estimation.designs.inferred import reading_of
from pipelines.estimation.designs.units import Units
from pipelines.estimation.over_time.pre_trends import LARGE, ONE_BEFORE, SUPPORTS, UNSEEN
from pipelines.estimation.over_time.staggered import CellResult, Row, StaggeredResult
from pipelines.estimation.result import OverTime, Reading

MOST_GROUPS = 8
"""With more groups than this, their effects stand in one table."""
STUDY = (
    "Effects by time since the beginning; before it there can be none, so that differences there are a warning. Each "
    "interval is for one time alone."
)
TOO_FEW_BEFORE = (
    "Too few began for the differences before the beginning to be told from chance: look at them in the figure, where "
    "they show how large a difference comes about with nothing to cause it."
)
CELLS = "Effects on those who began together, period by period; before the beginning there can be none."


def event_study(found: StaggeredResult, design: Design) -> tuple[OverTime, ...]:
    """Return effects by time since the beginning; each rests on the units that had begun.

    Parameters
    ----------
    found : StaggeredResult
        The answer.
    design : Design
        Type, unit and floor: groups of fewer units than the floor are not shown by themselves, and so must not be had
        by subtraction.
    """
    rows = found.dynamic.rows
    if not rows:
        return ()
    hidden = hidden_groups(found, design.floor_per_arm)
    readings = tuple(_row(row, found, hidden, design) for row in rows)
    positions = tuple(float(row.at) for row in rows)
    title = "Effect by time since the beginning"
    return (
        OverTime(
            title=title, axis="periods since the beginning", readings=readings, positions=positions, sentence=STUDY
        ),
    )


def groups_and_periods(found: StaggeredResult, units: Units, design: Design) -> tuple[OverTime, ...]:
    """Return effects by group and period: one figure a group, or one table of many groups.

    Parameters
    ----------
    found : StaggeredResult
        The answer.
    units : Units
        For the names of periods.
    design : Design
        Type, unit and floor.
    """
    hidden = hidden_groups(found, design.floor_per_arm)
    groups = [
        (group, [one for one in found.cells if one.cell.group == group and one.cell.value is not None])
        for group in found.cohorts
    ]
    if len(groups) > MOST_GROUPS:
        cells = [one for _, some in groups for one in some]
        return (_cells("Effects by group and period", cells, units, hidden, design),)
    return tuple(
        _cells(f"Effect on those who began in {units.word(group)}", some, units, hidden, design)
        for group, some in groups
        if some
    )


def before(found: StaggeredResult, effect: float, design: Design) -> tuple[Reading, ...]:
    """Return the largest difference before the beginning, held against the effect.

    Parameters
    ----------
    found : StaggeredResult
        The answer.
    effect : float
        The headline.
    design : Design
        Type and unit.
    """
    early = [row for row in found.dynamic.rows if row.at < 0 and row.result.se is not None]
    about = _figures(design)
    title = "Largest difference before the beginning"
    if not early:
        seen = any(row.at < 0 and row.result.value for row in found.dynamic.rows)
        sentence = TOO_FEW_BEFORE if seen else ONE_BEFORE
        return (Reading(key="pre_trends", title=title, measure="", sentence=sentence),)
    largest = max(abs(row.result.value or 0.0) for row in early)
    limits = [abs(x) for row in early for x in (row.result.lower, row.result.upper) if x is not None]
    sentence = UNSEEN if max(limits) >= abs(effect) else SUPPORTS
    return (
        Reading(
            key="pre_trends",
            title=title,
            measure=str(about["measure"]),
            value=largest,
            unit=str(about["unit"]),
            scale=float(about["scale"]),
            n=min(row.treated for row in early),
            sentence=LARGE if largest >= abs(effect) else sentence,
        ),
    )


def hidden_groups(found: StaggeredResult, floor: int) -> dict[int, int]:
    """Return the groups that must not be shown by themselves, each with the units that showing it would tell of.

    Groups smaller than the floor; and where these together are still fewer, the next smallest too: an average over all
    would give them away by subtraction.
    """
    order = sorted(found.cohorts, key=lambda group: (found.cohorts[group], group))
    hidden = {group: found.cohorts[group] for group in order if found.cohorts[group] < floor}
    together = sum(hidden.values())
    for group in order:
        if group not in hidden and 0 < together < floor:
            hidden[group] = together
            together += found.cohorts[group]
    return hidden


def _row(row: Row, found: StaggeredResult, hidden: dict[int, int], design: Design) -> Reading:
    inside = {
        one.cell.group: one.cell.treated
        for one in found.cells
        if one.cell.value is not None and one.cell.period - one.cell.group == row.at and one.cell.group in hidden
    }
    together = sum(inside.values())
    told = min(row.treated, together) if 0 < together < design.floor_per_arm else row.treated
    about = _figures(design)
    when = "at the beginning" if row.at == 0 else f"{abs(row.at)} {'before' if row.at < 0 else 'after'}"
    return reading_of(f"event/{row.at}", when, row.result, told, about)


def _cells(title: str, cells: list[CellResult], units: Units, hidden: dict[int, int], design: Design) -> OverTime:
    about = _figures(design)
    readings = tuple(
        reading_of(
            f"att/{one.cell.group}/{one.cell.period}",
            f"began {units.word(one.cell.group)}, in {units.word(one.cell.period)}",
            one.result,
            min(one.cell.treated, hidden.get(one.cell.group, one.cell.treated)),
            about,
        )
        for one in cells
    )
    return OverTime(
        title=title,
        axis="period",
        readings=readings,
        positions=tuple(float(one.cell.period) for one in cells),
        sentence=CELLS,
    )


def _figures(design: Design) -> dict[str, str | float]:
    if design.outcome_type == "binary":
        return {"measure": "risk difference", "unit": "percentage points", "scale": 100.0}
    return {"measure": "effect", "unit": design.unit, "scale": 1.0}
