"""From the points of a chart that may be shown to its lines and signals; nothing else enters them."""

from __future__ import annotations

import datetime as dt
import math
from collections.abc import Callable, Sequence

import numpy as np

from pipelines.findings.learned import ChartPhaseShown, ChartPoint, ChartResult
from pipelines.learning.charts import PhaseChart, charted
from pipelines.learning.limits import Limits
from pipelines.learning.rules import Rule

MONTHS = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")


def drawn(result: ChartResult) -> ChartResult:
    """Return a chart with centre, limits and signals computed anew from the points that are shown.

    Parameters
    ----------
    result : points `part`, `gap` and `withheld` stand beside the lines and enter none of them.
    """
    tops, bottoms = zip(*map(_pair(result), result.points), strict=True) if result.points else ((), ())
    breaks = sorted({p for start, _ in result.breaks if (p := _position(result.points, start)) < len(result.points)})
    rules: list[Rule] = [r for r in _RULES if r in result.rules]
    found = charted(result.way, tops, bottoms, breaks, result.baseline, rules)
    points = [point for phase in found for point in _points(result, phase)]
    return result.model_copy(
        update={"points": tuple(points), "phases": tuple(_phase(result, phase) for phase in found)}
    )


_RULES: tuple[Rule, ...] = ("beyond_limits", "run_of_eight", "two_of_three", "four_of_five")


def _pair(result: ChartResult) -> Callable[[ChartPoint], tuple[float, float]]:
    counted = result.way in ("p", "u")

    def pair(point: ChartPoint) -> tuple[float, float]:
        if point.fewer_than is not None:
            return point.fewer_than - 0.5, 1.0  # below every count that is shown; how far below changes no run
        if point.standing != "shown" or point.value is None:
            return math.nan, math.nan
        if counted:
            return float(point.numerator or 0.0), float(point.denominator or 0.0)
        return point.value, 1.0

    return pair


def _position(points: Sequence[ChartPoint], start: str) -> int:
    """Return the first period that lies wholly in a phase."""
    return sum(point.start < start for point in points)


def _points(result: ChartResult, phase: PhaseChart) -> list[ChartPoint]:
    own = result.points[phase.first : phase.after]
    return [_point(point, phase, i, result.rules) for i, point in enumerate(own)]


def _point(point: ChartPoint, phase: PhaseChart, i: int, rules: Sequence[str]) -> ChartPoint:
    lines = dict.fromkeys(("lower", "upper", "wide_lower", "wide_upper"))
    if phase.limits is not None:
        lines = {name: _at(getattr(phase.limits, name), i) for name in lines}
    named = tuple(flag.rule for flag in phase.flags if phase.first + i in flag.points)
    return point.model_copy(update={**lines, "centre": _known(phase.centre), "signals": named})


def _at(line: np.ndarray, i: int) -> float | None:
    return _known(float(line[i])) if line.size else None


def _known(figure: float) -> float | None:
    return figure if math.isfinite(figure) else None


def _phase(result: ChartResult, phase: PhaseChart) -> ChartPhaseShown:
    first = result.points[phase.first].start
    began = [(start, why) for start, why in result.breaks if phase.first and start <= first]
    start, why = began[-1] if began else ("", "")
    runs, limits = phase.runs, phase.limits
    of_runs = {}
    if runs is not None and phase.enough:
        names = ("longest", "longest_allowed", "crossings", "fewest_crossings")
        of_runs = {name: getattr(runs, name) for name in names}
        of_runs["side"] = {1: "above", -1: "below", 0: ""}[runs.side]
    return ChartPhaseShown(
        start=start,
        why=why,
        points=phase.points,
        baseline=phase.baseline,
        enough=phase.enough,
        centre=_known(phase.centre),
        spread=_spread(limits),
        signal=phase.signal,
        **of_runs,
    )


def _spread(limits: Limits | None) -> float | None:
    return _known(limits.spread) if limits is not None else None


def periods(every: str, first: dt.date, last: dt.date) -> list[dt.date]:
    """Return the first day of each period from the one that holds `first` to the one that holds `last`."""
    found = [period_of(every, first)]
    while (after := following(every, found[-1])) <= last:
        found.append(after)
    return found


def period_of(every: str, day: dt.date) -> dt.date:
    """Return the first day of the month, or the Monday of the week, that holds a day."""
    return day.replace(day=1) if every == "month" else day - dt.timedelta(days=day.weekday())


def following(every: str, start: dt.date) -> dt.date:
    """Return the first day of the period after the one that begins on a day."""
    months = {"month": 1, "quarter": 3}.get(every)
    if months is None:
        return start + dt.timedelta(days=7 if every == "week" else 28)
    year, month = divmod(start.year * 12 + start.month - 1 + months, 12)
    return dt.date(year, month + 1, 1)


def period_title(every: str, start: dt.date) -> str:
    """Return a period for readers."""
    if every == "quarter":
        return f"{MONTHS[start.month - 1]} to {MONTHS[start.month + 1]} {start.year}"
    if every == "month":
        return f"{MONTHS[start.month - 1]} {start.year}"
    weeks = "Week" if every == "week" else "Four weeks"
    return f"{weeks} from {start.day} {MONTHS[start.month - 1]} {start.year}"
