"""A chart over time on a pair of axes: for reports and for the UI alike. What stands in it was decided before."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise
from typing import Any

INK, QUIET, PALE, LINE = "#1A1A1A", "#595959", "#BFBFBF", "#12436D"
SIGNAL = "#871A5B"
MOST_LABELS = 9


def draw(
    axes: Any, points: Sequence[Any], marks: Sequence[tuple[str, str]], breaks: Sequence[str], scale: float
) -> None:
    """Draw points, lines, phases and marks.

    Parameters
    ----------
    axes : a pair of matplotlib axes.
    points : periods in order, with `standing`, `value`, `centre`, limits and `signals`.
    marks : first day and label of each PDSA cycle.
    breaks : first days of later phases.
    scale : what a value is multiplied by (100 for a share).
    """
    edges = [_place(points, start) for start in breaks]
    for first, after in zip([0, *edges], [*edges, len(points)], strict=True):
        _lines(axes, points, range(first, after), scale)
    _values(axes, points, edges, scale)
    for edge in edges:
        axes.axvline(edge - 0.5, color=QUIET, linewidth=1, linestyle=(0, (1, 2)))
    _marks(axes, points, marks)
    step = -(-len(points) // MOST_LABELS)
    shown = range(0, len(points), step)
    axes.set_xticks(list(shown), [points[i].title.replace(" ", "\n", 1) for i in shown])
    axes.set_xlim(-0.6, len(points) - 0.4)


def _place(points: Sequence[Any], start: str) -> int:
    return sum(point.start < start for point in points)


def _lines(axes: Any, points: Sequence[Any], places: range, scale: float) -> None:
    """Draw centre and limits of one phase, stepwise: each point has limits of its own."""
    styles = {
        "centre": {"color": QUIET, "linewidth": 1.3},
        "lower": {"color": QUIET, "linewidth": 1, "linestyle": "--"},
        "upper": {"color": QUIET, "linewidth": 1, "linestyle": "--"},
        "wide_lower": {"color": PALE, "linewidth": 1, "linestyle": ":"},
        "wide_upper": {"color": PALE, "linewidth": 1, "linestyle": ":"},
    }
    for name, style in styles.items():
        known = [(i, getattr(points[i], name)) for i in places if getattr(points[i], name) is not None]
        for i, value in known:
            axes.plot([i - 0.5, i + 0.5], [value * scale] * 2, zorder=1, **style)


def _values(axes: Any, points: Sequence[Any], edges: Sequence[int], scale: float) -> None:
    shown = [i for i, point in enumerate(points) if point.standing == "shown"]
    for one, other in pairwise(shown):
        if other == one + 1 and other not in edges:  # over a gap, and over a new phase, there is no line
            axes.plot([one, other], [points[i].value * scale for i in (one, other)], color=LINE, linewidth=1.4)
    plain = [i for i in shown if not points[i].signals]
    named = [i for i in shown if points[i].signals]
    part = [i for i, point in enumerate(points) if point.standing == "part" and point.value is not None]
    for i, point in enumerate(points):
        if point.fewer_than is not None:  # somewhere between one and this: a bar, and no point
            axes.plot([i, i], [scale, (point.fewer_than - 1) * scale], color=PALE, linewidth=5, solid_capstyle="butt")
    for places, style in (
        (plain, {"color": LINE, "s": 22}),
        (named, {"color": SIGNAL, "s": 52, "marker": "D"}),
        (part, {"facecolors": "white", "edgecolors": LINE, "s": 22}),
    ):
        axes.scatter(places, [points[i].value * scale for i in places], zorder=3, **style)


def _marks(axes: Any, points: Sequence[Any], marks: Sequence[tuple[str, str]]) -> None:
    """Draw a triangle with its letter above the axis, at the period in which a cycle begins."""
    for start, label in marks:
        x = max(sum(point.start <= start for point in points) - 1, 0)
        where = axes.get_xaxis_transform()
        axes.scatter([x], [0.045], marker="^", color=INK, s=36, transform=where, zorder=4, clip_on=False)
        axes.annotate(label, (x, 0.045), xycoords=where, xytext=(6, -3), textcoords="offset points", fontsize=8)
