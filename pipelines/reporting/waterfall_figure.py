"""The model of linkage by likeness as a waterfall: what the strongest and the weakest agreement add to the start."""

from __future__ import annotations

from itertools import groupby

from pipelines.findings.models import ProbabilisticLinkageResult
from pipelines.reporting import figures
from pipelines.reporting.sentences import capital

_ROW = 0.24
"""Inches of a level."""


def waterfall_figure(result: ProbabilisticLinkageResult, number: int) -> figures.Picture | None:
    """Draw a bar for the weight of each agreement that may be shown; nothing where none may."""
    levels = [level for level in result.levels if level.weight is not None]
    if result.start is None or not levels:
        return None
    bars = [("Before anything is compared", result.start)]
    bars += [(f"{capital(one.identifier)}: {one.agreement}", one.weight or 0.0) for one in levels]
    with figures.styled():
        return _drawn(bars, f"waterfall-{number}", f"{result.title}: how much each agreement counts", alt(result))


def _drawn(bars: list[tuple[str, float]], name: str, title: str, words: str) -> figures.Picture:
    from matplotlib.figure import Figure

    figure = Figure(figsize=(figures.WIDTH, 0.7 + _ROW * len(bars)), layout="constrained")
    axes = figure.add_subplot()
    places = list(range(len(bars)))[::-1]
    weights = [weight for _, weight in bars]
    colours = [figures.COLOURS["treatment" if weight > 0 else "comparison"] for weight in weights]
    axes.barh(places, weights, color=colours, height=0.7)
    axes.axvline(0, color=figures.INK, linewidth=1)
    axes.set_yticks(places, [label for label, _ in bars])
    axes.margins(x=0.12)
    axes.set_xlabel("Match weight: left speaks for two people, right for one")
    for place, weight in zip(places, weights, strict=True):
        axes.annotate(
            f"{weight:+.1f}",
            (weight, place),
            (3 if weight > 0 else -3, 0),
            textcoords="offset points",
            ha="left" if weight > 0 else "right",
            va="center",
            fontsize=8,
        )
    return figures.saved(figure, name, title, words)


def alt(result: ProbabilisticLinkageResult) -> str:
    """Return the figure in words."""
    shown = [level for level in result.levels if level.weight is not None]
    said = [
        f"{capital(kind)}: " + ", ".join(f"{one.agreement} {one.weight:+.1f}" for one in own)
        for kind, own in groupby(shown, key=lambda level: level.identifier)
    ]
    return f"Match weights. Before anything is compared {result.start or 0:+.1f}. {'. '.join(said)}."
