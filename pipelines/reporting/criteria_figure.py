"""Criteria on one scale: where the estimate and its interval lie between the red line and the green line."""

from __future__ import annotations

from collections.abc import Sequence

from pipelines.findings.progress import CriterionResult
from pipelines.findings.progress_words import LIGHTS, shown
from pipelines.reporting import figures

_ROW, _LEAST, _MOST = 0.42, -1.4, 2.4
"""Inches of a criterion; ends of the scale, where 0 is the red line and 1 the green one."""


def criteria_figure(results: Sequence[CriterionResult]) -> figures.Picture | None:
    """Draw the criteria whose figures may be shown; nothing where none may."""
    drawn = [result for result in results if result.estimate is not None and result.lower is not None]
    if not drawn:
        return None
    green = sum(result.light == "green" for result in drawn)
    reach = f"{green} of {len(drawn)} criteria" if len(drawn) > 1 else ("The criterion" if green else "No criterion")
    title = f"{reach} with figures {'reach' if green != 1 else 'reaches'} the green line"
    with figures.styled():
        return _drawn(drawn, title, _alt(drawn))


def _drawn(results: Sequence[CriterionResult], title: str, words: str) -> figures.Picture:
    from matplotlib.figure import Figure

    figure = Figure(figsize=(figures.WIDTH, 0.8 + _ROW * len(results)), layout="constrained")
    axes = figure.add_subplot()
    for line, label in ((0.0, "Red line"), (1.0, "Green line")):
        axes.axvline(line, color=figures.INK, linewidth=1, linestyle="--" if line else "-")
        axes.annotate(label, (line, len(results) - 0.35), ha="center", va="bottom", fontsize=8, annotation_clip=False)
    for place, result in zip(range(len(results))[::-1], results, strict=True):
        low, middle, high = (_place(result, x) for x in (result.lower, result.estimate, result.upper))
        axes.plot(sorted((low, high)), [place, place], color=figures.COLOURS["treatment"], linewidth=2)
        axes.plot([middle], [place], marker="o", color=figures.COLOURS["treatment"])
        axes.annotate(
            shown(result, result.estimate),
            (middle, place),
            (0, 6),
            textcoords="offset points",
            ha="center",
            fontsize=8,
            bbox={"facecolor": "white", "edgecolor": "none", "pad": 0.5},
        )
    axes.set_yticks(range(len(results))[::-1], [figures.wrapped(result.title, 32) for result in results])
    axes.set_xlim(_LEAST - 0.1, _MOST + 0.1)
    axes.set_ylim(-0.6, len(results) - 0.35)
    axes.set_xticks([-0.7, 0.5, 1.7], ["red", "amber", "green"])
    axes.tick_params(axis="x", length=0)
    return figures.saved(figure, "criteria", title, words)


def _place(result: CriterionResult, value: float | None) -> float:
    """Return where a value lies between red (0) and green (1), held inside the picture."""
    place = ((value or 0.0) - result.red) / (result.green - result.red)
    return min(max(place, _LEAST), _MOST)


def _alt(results: Sequence[CriterionResult]) -> str:
    """Return the figure in words."""
    said = [
        f"{result.title}: {shown(result, result.estimate)}, interval {shown(result, result.lower)} to "
        f"{shown(result, result.upper)}, {LIGHTS[result.light].lower()}"
        for result in results
    ]
    return f"Progression criteria between their red and green lines. {'. '.join(said)}."
