"""Sentences of the learning loop: what a chart says, and where a cycle, a change or a challenge stands."""

from __future__ import annotations

from collections.abc import Sequence

from pipelines.findings.charting import MONTHS
from pipelines.findings.learned import (
    AdaptationResult,
    ChartPhaseShown,
    ChartPoint,
    ChartResult,
    HundredDaysResult,
    LearningLogResult,
    Noted,
    PdsaResult,
)

CENTRES = {"run": "median", "xmr": "mean", "p": "overall share", "u": "overall rate"}
PLURAL = {"month": "months", "week": "weeks", "quarter": "quarters", "four weeks": "periods of four weeks"}
FEW = 10
DECISIONS = {"adopt": "keep it", "adapt": "change it", "abandon": "give it up", "repeat": "try it again"}


def chart_words(result: ChartResult) -> str:
    """Return what a chart says: of its newest phase first, then of the ones before."""
    if not any(point.standing in ("shown", "part") for point in result.points):
        return f"{result.title}: {_nothing(result)}"
    *before, newest = result.phases
    told = [_phase(result, newest, since=bool(before))]
    told += [_earlier(result, before, newest)] if before else []
    return f"{result.title}: {' '.join(one for one in told if one)}"


def _nothing(result: ChartResult) -> str:
    if result.withheld:
        return "not shown, because the numbers would speak of a few people."
    return "nothing was recorded up to this delivery."


def _phase(result: ChartResult, phase: ChartPhaseShown, *, since: bool) -> str:
    lead = f"since {day(phase.start)} ({_inside(phase.why)}), " if since and phase.start else ""
    if not phase.enough:
        return _capital(f"{lead}{_too_few(result, phase)}")
    said = _run(result, phase) if result.way == "run" else _limits(result, phase)
    return _capital(f"{lead}{said}")


def _too_few(result: ChartResult, phase: ChartPhaseShown) -> str:
    many = PLURAL[result.every]
    if phase.points >= FEW:
        return f"too few {many} differ from the {CENTRES[result.way]} to tell more than chance."
    there = f"there are {phase.points or 'no'} {many if phase.points != 1 else result.every}"
    centre = f" ({CENTRES[result.way]} so far: {figure(result, phase.centre)})" if phase.centre is not None else ""
    return f"{there} to go by{centre}. Fewer than {FEW} cannot tell a change from chance."


def _run(result: ChartResult, phase: ChartPhaseShown) -> str:
    centre = f"the median of {figure(result, phase.centre)}"
    if not phase.signal:
        return f"no sign of more than chance. The line moves around {centre} as chance would have it."
    told: list[str] = []
    many = PLURAL[result.every]
    if (phase.longest or 0) > (phase.longest_allowed or 0):
        good = _good(result, phase.side)
        told.append(
            f"{phase.longest} {many} in a row lie {phase.side} {centre}{good}, "
            f"and chance explains {phase.longest_allowed} at most"
        )
    if (phase.crossings or 0) < (phase.fewest_crossings or 0):
        times = {0: "never", 1: "once", 2: "twice"}.get(phase.crossings or 0, f"{phase.crossings} times")
        told.append(
            f"the line crosses {centre if not told else 'it'} {times}, "
            f"and chance makes it {phase.fewest_crossings} or more"
        )
    return f"more than chance: {'; '.join(told)}."


def _limits(result: ChartResult, phase: ChartPhaseShown) -> str:
    centre = f"the {CENTRES[result.way]} of {figure(result, phase.centre)}"
    points = [point for point in _of(result, phase) if point.signals]
    if not points:
        all_of_them = f"All {phase.points} {PLURAL[result.every]} lie around {centre}"
        return f"no sign of more than chance. {all_of_them} as chance would have it."
    outside = [point for point in points if "beyond_limits" in point.signals]
    told = [_outside(result, point) for point in outside[:3]]
    told += [f"{len(outside) - 3} more lie outside the limits"] if len(outside) > 3 else []
    told += [_stretch(result, points)] if len(points) > len(outside) else []
    return f"more than chance: {'; '.join(told)}.{_wide(outside)}"


def _outside(result: ChartResult, point: ChartPoint) -> str:
    above = point.upper is not None and (point.value or 0.0) > point.upper
    limit = point.upper if above else point.lower
    side = "above" if above else "below"
    good = _good(result, side)
    return f"{point.title} ({figure(result, point.value)}) lies {side} the limit of {figure(result, limit)}{good}"


def _stretch(result: ChartResult, points: Sequence[ChartPoint]) -> str:
    inside = [point for point in points if "beyond_limits" not in point.signals or len(point.signals) > 1]
    few = f"{inside[0].title} to {inside[-1].title}"
    return f"{few}: {len(inside)} {PLURAL[result.every]} lie further to one side than chance explains"


def _wide(outside: Sequence[ChartPoint]) -> str:
    """Say what remains when limits allow for more scatter than counts have by themselves."""
    wide = [p for p in outside if p.wide_lower is not None and p.wide_upper is not None]
    if not wide:
        return ""
    left = [p for p in wide if not (p.wide_lower or 0.0) <= (p.value or 0.0) <= (p.wide_upper or 0.0)]
    remains = (
        "none of this remains" if not left else "all of this remains" if len(left) == len(wide) else "some remains"
    )
    return f" The points scatter more than counts do by themselves; with limits that allow for it, {remains}."


def _of(result: ChartResult, phase: ChartPhaseShown) -> list[ChartPoint]:
    starts = [one.start for one in result.phases]
    after = min((start for start in starts if start > phase.start), default="9999")
    return [point for point in result.points if phase.start <= point.start < after]


def _earlier(result: ChartResult, before: Sequence[ChartPhaseShown], newest: ChartPhaseShown) -> str:
    """Hold the newest phase against the one before."""
    last = before[-1]
    signals = " Something was more than chance before that, too." if any(one.signal for one in before) else ""
    if last.centre is None or newest.centre is None:
        return signals.strip()
    name = CENTRES[result.way]
    return f"The {name} was {figure(result, last.centre)} before and is {figure(result, newest.centre)} since.{signals}"


def _good(result: ChartResult, side: str) -> str:
    if result.better == "neither" or not side:
        return ""
    return ", the good side" if (side == "above") == (result.better == "higher") else ", the wrong side"


def pdsa_words(result: PdsaResult) -> str:
    """Return where a cycle stands."""
    state = f"closed on {day(result.end)}: {DECISIONS[result.decision]}." if result.end and result.decision else ""
    state = state or (f"decided: {DECISIONS[result.decision]}." if result.decision else "still running.")
    if result.end and not result.decision:
        state = f"ended on {day(result.end)}; nothing is decided yet."
    return f"{_full(result.title)} Started {day(result.start)}, {state}{_hidden(result)}"


def adaptation_words(result: AdaptationResult) -> str:
    """Return what was changed."""
    how = {"yes": "Planned.", "no": "Not planned."}.get(result.planned, "")
    core = {
        "yes": "The core of the offer stays.",
        "no": "The core of the offer changes.",
        "unclear": "Whether the core of the offer stays is unclear.",
    }.get(result.core_kept, "")
    told = " ".join(part for part in (_full(result.what), how, core) if part)
    return f"From {day(result.start)}: {told}{_hidden(result)}"


def log_words(result: LearningLogResult) -> str:
    """Return what was asked and decided."""
    return f"{day(result.start)}: {_full(result.question)} Decided: {_full(result.decision)}{_hidden(result)}"


def hundred_days_words(result: HundredDaysResult) -> str:
    """Return where a challenge stands at the data cut."""
    when = f"day {result.day} of 100" if result.stage == "running" else f"its 100 days ended on {day(result.end_due)}"
    late = f" Overdue: {' and '.join(result.overdue)}." if result.overdue else ""
    return f"{_full(result.goal)} On {day(result.cut)}, {when}: {result.track}.{late}{_hidden(result)}"


def _hidden(result: Noted) -> str:
    if not result.not_shown:
        return ""
    where = f"{result.register_file}, row {result.row}"
    return f" Not shown, because the words may tell who somebody is: {', '.join(result.not_shown)} ({where})."


def figure(result: ChartResult, value: float | None) -> str:
    """Write a point of a chart with its unit."""
    if value is None:
        return "[c]"
    if result.unit == "share":
        return f"{100 * value:.0f}%"
    if result.unit == "pounds":
        return f"£{value:,.0f}"
    return f"{value:,.0f}" if value == round(value) else f"{value:,.1f}"


def day(iso: str) -> str:
    """Write a date for readers: 1 Oct 2025."""
    year, month, number = iso.split("-")
    return f"{int(number)} {MONTHS[int(month) - 1]} {year}"


def _full(text: str) -> str:
    return text if text.endswith((".", "!", "?")) else f"{text}."


def _inside(text: str) -> str:
    return text.rstrip(".")


def _capital(text: str) -> str:
    return text[:1].upper() + text[1:]
