"""Of every 100 people: two fields of dots, and beneath them the difference with its interval."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pipelines.findings.models import ArmSummary, EffectResult
from pipelines.reporting import figures, numbers, sentences

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

_GROUPS = ("comparison", "treatment")


def pictogram(result: EffectResult) -> figures.Picture | None:
    """Draw a yes/no outcome of two groups; None for any other, or where a share is withheld."""
    arms = [result.arms.get(key) for key in _GROUPS]
    if result.outcome_type != "binary" or any(arm is None or arm.average is None for arm in arms):
        return None
    with figures.styled():
        return _drawn(result)


def _drawn(result: EffectResult) -> figures.Picture:
    """Draw both fields and the difference."""
    from matplotlib.figure import Figure

    figure = Figure(figsize=(figures.WIDTH, 1.6))
    for number, key in enumerate(_GROUPS):
        _field(figure, result.arms[key], key, left=0.345 * number)
    if result.value is not None and result.lower is not None and result.upper is not None:
        _difference(figure, result)
    return figures.saved(figure, "pictogram", sentences.capital(sentences.short_verdict(result)), alt(result))


def _field(figure: Figure, arm: ArmSummary, key: str, left: float) -> None:
    """Draw a hundred people; a filled dot is one with the outcome, a ring one without."""
    axes = figure.add_axes((left, 0.0, 0.33, 1.0))
    axes.set(xlim=(-0.5, 14.5), ylim=(-9.6, 3.6), aspect="equal", anchor="W")
    axes.axis("off")
    filled = round(100 * (arm.average or 0.0))
    for people, face in ((range(filled), figures.COLOURS["treatment"]), (range(filled, 100), "white")):
        across, down = [person % 10 for person in people], [-(person // 10) for person in people]
        axes.plot(across, down, "o", ms=5.2, mfc=face, mec=figures.COLOURS["treatment"], mew=0.9)
    axes.text(-0.4, 3.1, figures.wrapped(arm.title, 30), weight="bold", va="center", color=figures.INK)
    words = f"● {sentences.per_hundred(arm.average)} of every 100"
    axes.text(-0.4, 1.5, words, va="center", color=figures.INK)


def _difference(figure: Figure, result: EffectResult) -> None:
    """Draw the difference on a short line, its ends named in people."""
    axes = figure.add_axes((0.72, 0.22, 0.27, 0.56))
    lower, value, upper = (100 * (number or 0.0) for number in (result.lower, result.value, result.upper))
    _line(axes, lower, value, upper)
    near, far = sentences.fewer_or_more(result, result.lower), sentences.fewer_or_more(result, result.upper)
    words = f"{sentences.capital(sentences.fewer_or_more(result, result.value))} of every 100"
    axes.text(0.5, 1.0, words, transform=axes.transAxes, ha="center", weight="bold", color=figures.INK)
    told = figures.wrapped(f"could be anywhere from {near} to {far}", 27)
    axes.text(0.5, 0.22, told, transform=axes.transAxes, ha="center", va="top", color=figures.INK)


def _line(axes: Axes, lower: float, value: float, upper: float) -> None:
    """Draw the interval against no difference."""
    reach = 1.15 * max(abs(lower), abs(upper), 1.0)
    axes.set(xlim=(-reach, reach), ylim=(-1.2, 1.0))
    axes.axis("off")
    axes.plot([-reach, reach], [0, 0], color=figures.PALE, linewidth=1)
    axes.plot([0, 0], [-0.22, 0.22], color=figures.INK, linewidth=1)
    axes.text(0, 0.36, "no difference", ha="center", va="bottom", size=7.5, color=figures.QUIET)
    axes.plot([lower, upper], [0, 0], color=figures.COLOURS["treatment"], linewidth=4, solid_capstyle="butt")
    axes.plot([value], [0], "o", ms=9, color=figures.COLOURS["treatment"], mec="white")


def alt(result: EffectResult) -> str:
    """Say the dots and the difference."""
    told = [
        f"{sentences.per_hundred(result.arms[key].average)} of every 100 in {result.arms[key].title}" for key in _GROUPS
    ]
    text = f"Two fields of 100 dots, filled for people who {sentences.within(result.title)}: {' and '.join(told)}."
    if result.value is None:
        return text
    limits = f"{numbers.level(result)} interval {sentences.span(result)}"
    return f"{text} Difference: {sentences.fewer_or_more(result, result.value)}, {limits}."
