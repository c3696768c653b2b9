"""What may be shown of the learning loop: points of charts that rest on enough people, and lines made of these alone.

Why this is enough. A centre or a limit that rested on all points would give the hidden ones back, so both are computed
anew from what is shown. Totals (the flow, mean doses) tell the sum of the hidden periods, so these are never one alone
and never few people together. Charts of the same rows share their numbers, so they hide the same periods and have
periods of the same length.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Iterable, Mapping, Sequence

from pipelines.disclosure import precision
from pipelines.disclosure.counts import part_hidden, rounded, too_small
from pipelines.disclosure.log import SMALL, Log
from pipelines.disclosure.policy import Policy
from pipelines.findings.charting import drawn, period_title
from pipelines.findings.learned import ChartPoint, ChartResult, HundredDaysResult
from pipelines.findings.models import DoseResult, Finding, FlowResult, FlowStage
from pipelines.protocol.learning import MEASURES

MOST_HIDDEN = 0.5
"""Share of a chart's periods above which they are pooled to longer ones: gaps alone say less than a longer look."""
LONGER = {"month": "quarter", "week": "four weeks"}
COUNTS = ("people", "contacts")
Charts = Mapping[str, ChartResult]
Findings = Mapping[str, Finding]


def charts(
    found: Charts, rules: Policy, logs: Mapping[str, Log], exact: Findings | None = None, told: Findings | None = None
) -> dict[str, ChartResult]:
    """Return charts as they may be shown.

    Parameters
    ----------
    found : the charts of one site by id.
    rules, logs : the limits; the log of each finding gets the changes.
    exact, told : all other findings of the site by id, before and after disclosure control: the sum of a chart's
        periods must not complete what the flow or the doses withhold.
    """
    shown: dict[str, ChartResult] = {}
    for family in _families(found):
        pooled = _pooled_where_needed({key: found[key] for key in family}, rules, logs)
        open_sum = any(_completes(found[key], exact or {}, told or {}, rules) for key in family)
        hidden = _hidden(list(pooled.values()), rules, cover=open_sum)
        shown |= {key: _shown(one, hidden, rules, logs[key]) for key, one in pooled.items()}
    return {key: shown[key] for key in found}


def _families(found: Charts) -> list[list[str]]:
    """Return the charts that count the same rows by the same dates."""
    families: dict[tuple[str, str], list[str]] = {}
    for key, one in found.items():
        measure = MEASURES[one.measure]
        families.setdefault((measure.noun, measure.day), []).append(key)
    return list(families.values())


def _pooled_where_needed(family: Charts, rules: Policy, logs: Mapping[str, Log]) -> Charts:
    hidden = _hidden(list(family.values()), rules)
    if not any(_share(one, hidden) > MOST_HIDDEN for one in family.values()):
        return family
    for key in family:
        logs[key].rounded("points", "periods pooled")
    return {key: _pooled(one) for key, one in family.items()}


def _share(one: ChartResult, hidden: set[str]) -> float:
    there = [point.start for point in one.points if point.standing != "gap"]
    return len([start for start in there if start in hidden]) / len(there) if there else 0.0


def _pooled(one: ChartResult) -> ChartResult:
    """Return a chart with periods three months, or four weeks, long."""
    groups: dict[str, list[ChartPoint]] = {}
    for i, point in enumerate(one.points):
        groups.setdefault(_longer_start(one, point.start, i), []).append(point)
    every = LONGER[one.every]
    points = tuple(_together(one, every, start, group) for start, group in groups.items())
    return one.model_copy(update={"every": every, "points": points})


def _longer_start(one: ChartResult, start: str, position: int) -> str:
    day = dt.date.fromisoformat(start)
    if one.every == "month":
        return day.replace(month=3 * ((day.month - 1) // 3) + 1).isoformat()
    weeks = (day - dt.date(2001, 1, 1)).days // 7  # a Monday: every chart pools the same weeks
    return (dt.date(2001, 1, 1) + dt.timedelta(days=28 * (weeks // 4))).isoformat()


def _together(one: ChartResult, every: str, start: str, group: Sequence[ChartPoint]) -> ChartPoint:
    title = period_title(every, dt.date.fromisoformat(start))
    there = [point for point in group if point.standing != "gap"]
    if not there:
        return ChartPoint(start=start, title=title, standing="gap")
    whole = len(group) == (3 if every == "quarter" else 4) and all(point.standing != "part" for point in group)
    divided = any(group[0].start < first <= group[-1].start for first, _ in one.breaks)
    top = sum(point.numerator or 0.0 for point in there)
    counted = [point.denominator for point in there if point.denominator is not None]
    return ChartPoint(
        start=start,
        title=title,
        standing="shown" if whole and not divided else "part",
        value=top / sum(counted) if counted else top,
        numerator=top,
        denominator=sum(counted) if counted else None,
        people=max(point.people or 0 for point in there) if _repeated(one) else sum(p.people or 0 for p in there),
        dominated=all(point.dominated for point in there),
    )


def _repeated(one: ChartResult) -> bool:
    """Tell whether the same person may stand in several periods: then their sum would count people twice."""
    return MEASURES[one.measure].noun != "cases"


def _completes(one: ChartResult, exact: Findings, told: Findings, rules: Policy) -> bool:
    """Tell whether the sum over all periods would give away what is withheld, or how few are in one and not in another.

    Rounded counts have no exact sum.
    """
    if rules.rounding_base > 1 or rules.minimum_count <= 1:
        return False
    if MEASURES[one.measure].noun != "cases":
        doses = [finding.result for finding in told.values() if isinstance(finding.result, DoseResult)]
        return any(arm.average is None for dose in doses for arm in dose.arms.values())
    total = sum(point.people or 0 for point in one.points)
    pairs = zip(_stages(exact), _stages(told), strict=True)
    sizes = [
        (sum(count or 0 for count in stage.counts.values()), None in seen.counts.values()) for stage, seen in pairs
    ]
    return any(too_small(abs(total - size), rules) or (withheld and total == size) for size, withheld in sizes)


def _stages(findings: Findings) -> list[FlowStage]:
    flows = [finding.result for finding in findings.values() if isinstance(finding.result, FlowResult)]
    return [stage for flow in flows for stage in flow.stages]


def _hidden(family: Sequence[ChartResult], rules: Policy, *, cover: bool = False) -> set[str]:
    """Return the first days of the periods to hide in all charts of a family; at least two where a sum needs cover."""
    hidden = {point.start for one in family for point in one.points if _telling(one, point, rules)}
    if cover and not hidden:
        there = [point for one in family for point in one.points if point.standing != "gap"]
        hidden = {min(there, key=lambda point: (point.people or 0, point.start)).start} if there else set()
    while added := {start for one in family for start in _to_cover(one, hidden, rules)} - hidden:
        hidden |= added
    return hidden


def _telling(one: ChartResult, point: ChartPoint, rules: Policy) -> bool:
    if point.standing == "gap":
        return False
    if too_small(point.people, rules) or not point.people or (point.dominated and rules.minimum_count > 1):
        return True
    top, below = point.numerator or 0.0, point.denominator
    if one.unit == "share":
        return part_hidden(round(top), round(below or 0), rules)
    if one.measure == "contacts_per_person":
        return too_small(round(top), rules) or (rules.all_or_none and top == 0)
    return one.unit in COUNTS and too_small(round(top), rules)


def _to_cover(one: ChartResult, hidden: set[str], rules: Policy) -> Iterable[str]:
    """Return the next smallest period where the hidden ones could be had by subtraction from a total."""
    there = [point for point in one.points if point.standing != "gap"]
    inside = [point for point in there if point.start in hidden]
    if not inside:
        return ()
    enough = all(not 0 < sum(sizes) < rules.minimum_count for sizes in zip(*map(_sizes(one), inside), strict=True))
    rest = sorted((p for p in there if p.start not in hidden), key=lambda p: (p.people or 0, p.start))
    return () if not rest or (enough and len(inside) > 1) or rules.minimum_count <= 1 else (rest[0].start,)


def _sizes(one: ChartResult) -> Callable[[ChartPoint], tuple[float, ...]]:
    """Return what is counted in a period: people, and of counts and shares the parts and the rest."""

    def sizes(point: ChartPoint) -> tuple[float, ...]:
        people, top = float(point.people or 0), point.numerator or 0.0
        if one.unit == "share":
            return people, top, (point.denominator or 0.0) - top
        return (people, top) if one.unit in COUNTS else (people,)

    return sizes


def _shown(one: ChartResult, hidden: set[str], rules: Policy, log: Log) -> ChartResult:
    fewer_than = _all_small(one, hidden, rules)
    points = []
    for i, point in enumerate(one.points):
        if point.standing != "gap" and point.start in hidden:
            log.withheld(f"points.{i}.value", SMALL)
            known = fewer_than if point.standing == "shown" else None
            points.append(ChartPoint(start=point.start, title=point.title, standing="withheld", fewer_than=known))
        else:
            points.append(_released(one, point, rules, log, f"points.{i}"))
    withheld = sum(point.standing == "withheld" for point in points)
    shown = drawn(one.model_copy(update={"points": tuple(points), "withheld": withheld}))
    if fewer_than is None or _most_are_known(shown):
        return shown
    # Where the median itself is small, nobody can tell on which side of it such a period lies.
    bare = tuple(point.model_copy(update={"fewer_than": None}) for point in shown.points)
    return drawn(shown.model_copy(update={"points": bare}))


def _most_are_known(one: ChartResult) -> bool:
    """Tell whether the median of every phase is one of what is shown, and so above all that is small."""
    edges = [phase.start for phase in one.phases]
    for phase, after in zip(one.phases, [*edges[1:], "9999"], strict=True):
        small = sum(p.fewer_than is not None and phase.start <= p.start < after for p in one.points)
        if small and 2 * small >= phase.baseline:
            return False
    return True


def _all_small(one: ChartResult, hidden: set[str], rules: Policy) -> int | None:
    """Return what every hidden count is below, where none is hidden only to cover another; None where one may be.

    A run chart asks on which side of the median a point lies: of a count below the minimum that is known.
    """
    mine = [point for point in one.points if point.standing != "gap" and point.start in hidden]
    small = all(too_small(round(point.numerator or 0.0), rules) for point in mine)
    counts = one.way == "run" and one.unit in COUNTS and rules.rounding_base == 1
    return rules.minimum_count if mine and small and counts and _leaves_room(mine, rules) else None


def _leaves_room(mine: Sequence[ChartPoint], rules: Policy) -> bool:
    """Tell whether counts from one to below the minimum, whose sum a total tells, could each be several numbers."""
    most, total, others = rules.minimum_count - 1, sum(round(p.numerator or 0.0) for p in mine), len(mine) - 1
    return min(most, total - others) - max(1, total - most * others) + 1 >= rules.minimum_interval


def _released(one: ChartResult, point: ChartPoint, rules: Policy, log: Log, cell: str) -> ChartPoint:
    """Return a point as it leaves: without what disclosure control looked at, rounded where the profile rounds."""
    counted = one.way in ("p", "u") or one.unit == "share"
    bare = point.model_copy(update={"people": None, "dominated": False})
    if rules.rounding_base == 1 or point.standing == "gap":
        return bare if counted else bare.model_copy(update={"numerator": None})
    log.rounded(cell, f"rounding to {rules.rounding_base}")
    top, below = (None if x is None else rounded(round(x), rules) for x in (point.numerator, point.denominator))
    if one.unit in COUNTS:
        return bare.model_copy(update={"value": float(top or 0), "numerator": None})
    if not counted or top is None or not below:
        value = precision.mean(point.value, point.people or 1)
        return bare.model_copy(update={"value": value, "numerator": None, "denominator": below})
    top = min(top, below) if one.unit == "share" else top
    return bare.model_copy(update={"value": top / below, "numerator": float(top), "denominator": float(below)})


def hundred_days(result: HundredDaysResult, rules: Policy, log: Log) -> HundredDaysResult:
    """Withhold figures of a challenge that could be a count of few people; whether it is on track stays.

    Parameters
    ----------
    result : whose figures the team wrote down itself.
    rules, log : the limits; gets the changes.
    """
    changed: dict[str, None] = {}
    for name in ("begins_at", "latest"):
        figure = getattr(result, name)
        if figure is not None and figure == round(figure) and too_small(round(figure), rules):
            log.withheld(name)
            changed[name] = None
    # A steady pace follows from where it began.
    return result.model_copy(update={**changed, "expected": None} if "begins_at" in changed else changed)
