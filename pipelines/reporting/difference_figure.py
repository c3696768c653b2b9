"""Differences with their intervals, held against no difference and against the smallest difference that matters."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from pipelines.findings.models import EffectResult
from pipelines.findings.sentences import one_more
from pipelines.reporting import figures, numbers, sentences
from pipelines.reporting.evidence import Estimated

if TYPE_CHECKING:
    from matplotlib.axes import Axes

_ROW, _LINE = 0.86, 0.17  # inches: an outcome, and a line of its name
_CHARACTERS = 80  # bold letters that fit the figure's width; a longer line would shrink the whole picture


def difference_figures(estimated: Sequence[Estimated]) -> list[figures.Picture]:
    """Draw one figure for each unit: percentage points and days share no axis."""
    units: dict[str, list[EffectResult]] = {}
    for pair in estimated:
        if None not in (pair.result.value, pair.result.lower, pair.result.upper) and not pair.result.null:
            units.setdefault(numbers.difference_unit(pair.result), []).append(pair.result)
    with figures.styled():
        return [_drawn(unit, results, number) for number, (unit, results) in enumerate(units.items(), 1)]


def _drawn(unit: str, results: list[EffectResult], number: int) -> figures.Picture:
    """Draw the outcomes of one unit."""
    from matplotlib.figure import Figure

    label, places = figures.wrapped(_label(unit, results[0]), _CHARACTERS), _places(results)
    tall, under = _ROW * (1.1 - places[-1]), 0.38 + _LINE * len(label.splitlines())
    height = tall + under + 0.25
    figure = Figure(figsize=(figures.WIDTH, height))
    axes = figure.add_axes((0.02, under / height, 0.96, tall / height))
    axes.set(ylim=(places[-1] - 0.5, 0.6), xlim=_reach(results), yticks=[], xlabel=label)
    axes.tick_params(length=3)
    for y, result in zip(places, results, strict=True):
        _outcome(axes, result, y)
    return figures.saved(figure, f"differences-{number}", title(results), alt(unit, results))


def _label(unit: str, first: EffectResult) -> str:
    """Name the axis."""
    if first.design == "instrumental":
        return f"{'Difference in ' + unit if unit else 'Difference'} for one more {one_more(first)}"
    groups = f"“{first.arms['treatment'].title}” minus “{first.arms['comparison'].title}”"
    return f"Difference in {unit}: {groups}" if unit else f"Difference: {groups}"


def _places(results: list[EffectResult]) -> list[float]:
    """Return where each outcome's interval lies; a name of several lines pushes it down."""
    places, y = [], 1.0
    for result in results:
        y -= 1 + (len(_name(result).splitlines()) - 1) * _LINE / _ROW
        places.append(y)
    return places


def _name(result: EffectResult) -> str:
    """Write an outcome's name and numbers, in lines no longer than the figure is wide."""
    told = f"{sentences.name_of(result)}: {numbers.difference(result, result.value)} ({sentences.interval(result)})"
    return figures.wrapped(told, _CHARACTERS)


def _outcome(axes: Axes, result: EffectResult, y: float) -> None:
    """Draw one outcome: its interval, its name and numbers above, the good direction beside."""
    scale = _scale(result)
    lower, value, upper = (scale * (number or 0.0) for number in (result.lower, result.value, result.upper))
    axes.plot([lower, upper], [y, y], color=figures.COLOURS["treatment"], linewidth=3, solid_capstyle="butt")
    axes.plot([value], [y], marker="o", markersize=9, color=figures.COLOURS["treatment"], markeredgecolor="white")
    told, line = _name(result), axes.get_yaxis_transform()
    axes.text(0.0, y + 0.31, told, transform=line, va="bottom", color=figures.INK, weight="bold")
    _good_side(axes, result, y)
    _mark(axes, 0.0, y, "no difference", "-", "left" if result.better == "lower" else "right")
    if result.minimum_important_difference is not None:
        start = scale * result.minimum_important_difference * (1 if result.better == "higher" else -1)
        _mark(axes, start, y, "matters from here", (0, (3, 2)), "left" if result.better == "higher" else "right")


def _good_side(axes: Axes, result: EffectResult, y: float) -> None:
    """Say in words which side is better for people."""
    right = result.better == "higher"
    words = "better ▶" if right else "◀ better"
    x = 1.0 if right else 0.0
    axes.text(
        x, y, words, transform=axes.get_yaxis_transform(), ha="right" if right else "left", va="center",
        size=8, color=figures.QUIET,
    )  # fmt: skip


def _mark(axes: Axes, x: float, y: float, words: str, line: Any, side: str) -> None:
    """Mark a place on an outcome's row; the words stand on the side where the other mark is not."""
    axes.plot([x, x], [y - 0.18, y + 0.18], color=figures.INK, linewidth=1.3, linestyle=line)
    offset = (2, 0) if side == "left" else (-2, 0)
    axes.annotate(
        words,
        (x, y - 0.30),
        xytext=offset,
        textcoords="offset points",
        ha=side,
        va="center",
        size=8,
        color=figures.QUIET,
    )


def _reach(results: list[EffectResult]) -> tuple[float, float]:
    """Return the ends of the axis: everything drawn, no difference, and some air."""
    drawn = [0.0]
    for result in results:
        minimum = result.minimum_important_difference or 0.0
        ends = (result.lower or 0.0, result.upper or 0.0, -minimum, minimum)
        drawn += [_scale(result) * end for end in ends]
    air = 0.12 * (max(drawn) - min(drawn) or 1.0)
    return min(drawn) - air, max(drawn) + air


def _scale(result: EffectResult) -> float:
    """Return the factor from the finding's unit to the axis's."""
    return 100.0 if numbers.is_share(result) else 1.0


def title(results: list[EffectResult]) -> str:
    """Say the verdict of the only outcome, or how many point where."""
    if len(results) == 1:
        return sentences.capital(sentences.short_verdict(results[0]))
    told = []
    for verdict, words in (("better", "better"), ("worse", "worse"), ("inconclusive", "still open")):
        several = sum(result.verdict == verdict for result in results)
        told += [f"{numbers.in_words(several)} {words}"] if several else []
    return f"Of {numbers.in_words(len(results))} outcomes, {', '.join(told)}"


def alt(unit: str, results: list[EffectResult]) -> str:
    """Say every interval."""
    return f"Differences in {unit} with their intervals. " + " ".join(_told(result) for result in results)


def _told(result: EffectResult) -> str:
    """Say one interval, and the smallest difference that matters."""
    minimum = result.minimum_important_difference
    matters = f"; matters from {sentences.minimum_cell(result)}" if minimum is not None else ""
    value = numbers.difference(result, result.value)
    return (
        f"{sentences.name_of(result)}: {value}, {numbers.level(result)} interval {sentences.interval(result)}{matters}."
    )
