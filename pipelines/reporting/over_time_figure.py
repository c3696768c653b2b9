"""Figures over time, each position with its interval, held against no difference."""

from __future__ import annotations

from pipelines.findings.exhibits import OverTimeResult
from pipelines.reporting import figures, numbers

_MOST = 120
"""More positions than this have no place in a figure of this width."""


def over_time_figure(finding_id: str, result: OverTimeResult) -> figures.Picture | None:
    """Draw every position that may be shown; nothing where fewer than two may."""
    shown = [point for point in result.points if point.reading.value is not None]
    if not 2 <= len(shown) <= _MOST:
        return None
    from matplotlib.figure import Figure

    with figures.styled():
        figure = Figure(figsize=(figures.WIDTH, 2.9), layout="constrained")
        axes = figure.add_subplot()
        if result.null is not None:
            axes.axhline(result.null, color=figures.QUIET, linewidth=1)
        for point in shown:
            low, high = point.reading.lower, point.reading.upper
            if low is not None and high is not None:
                axes.plot([point.position] * 2, [low, high], color=figures.COLOURS["treatment"], linewidth=1.6)
        axes.scatter(
            [point.position for point in shown],
            [point.reading.value or 0.0 for point in shown],
            color=figures.COLOURS["treatment"],
            s=26,
            zorder=3,
        )
        axes.set_xlabel(result.axis[:1].upper() + result.axis[1:])
        axes.set_ylabel(figures.wrapped(shown[0].reading.measure, 28))
        return figures.saved(figure, finding_id.replace("/", "-"), result.title, _alt(result))


def _alt(result: OverTimeResult) -> str:
    told = [
        f"{point.reading.title} {numbers.fitting(point.reading.value)} "
        f"({numbers.fitting(point.reading.lower)} to {numbers.fitting(point.reading.upper)})"
        for point in result.points
        if point.reading.value is not None
    ]
    return f"{result.title}. {'; '.join(told)}."
