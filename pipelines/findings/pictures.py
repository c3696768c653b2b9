"""One small plot for the UI from findings that have passed the disclosure policy; figures of reports: in reporting."""

from __future__ import annotations

import io
from collections.abc import Sequence
from typing import Any

from pipelines.findings.look import led
from pipelines.findings.models import ChartResult, CriterionResult, EffectResult, Finding
from pipelines.findings.progress_words import LIGHTS

COLOUR = "#12436D"
SHAPES = {
    "green": ("o", "#1b6b3a"),
    "amber_green": ("^", "#9c5700"),
    "amber_red": ("v", "#9c5700"),
    "red": ("s", "#b3261e"),
    "unknown": ("_", "#505050"),
}
"""Shape and colour of each light; its word stands beside, for colour alone says nothing."""


def picture(findings: Sequence[Finding]) -> tuple[bytes, str]:
    """Return a PNG of the charts, the lights, or the binary effects with their intervals, and it in words."""
    charts = [(f, f.result) for f in findings if isinstance(f.result, ChartResult)]
    if charts:
        return _charts(charts)
    lights = [(f.sentence, f.result) for f in findings if isinstance(f.result, CriterionResult)]
    if lights:
        return _lights([result for _, result in lights]), " ".join(said for said, _ in lights)
    effects = [(f.sentence, led(f.result)) for f in findings if isinstance(f.result, EffectResult)]
    shown = [(said, e) for said, e in effects if e.outcome_type == "binary" and None not in (e.value, e.lower)]
    if not shown:
        return b"", ""
    return _drawn([e for _, e in shown]), " ".join(said for said, _ in shown)


def _charts(charts: Sequence[tuple[Finding, ChartResult]]) -> tuple[bytes, str]:
    """Draw the charts below each other, as far as they have points."""
    from matplotlib.figure import Figure

    from pipelines.learning.drawing import draw

    told = [(f, r) for f, r in charts if sum(point.value is not None for point in r.points) > 1]
    if not told:
        return b"", ""
    figure = Figure(figsize=(7, 2.4 * len(told)), layout="constrained")
    for axes, (_, result) in zip(figure.subplots(len(told), squeeze=False)[:, 0], told, strict=True):
        marks = [(mark.start, mark.id) for mark in result.marks]
        draw(axes, result.points, marks, [start for start, _ in result.breaks], 100 if result.unit == "share" else 1)
        axes.set_title(result.title, loc="left", fontsize=10)
        axes.set_ylabel("%" if result.unit == "share" else result.unit)
    return _png(figure), " ".join(finding.sentence for finding, _ in told)


def _lights(criteria: Sequence[CriterionResult]) -> bytes:
    """Draw the light of each progression criterion, with its shape and its word."""
    from matplotlib.figure import Figure

    figure = Figure(figsize=(7, 0.4 + 0.4 * len(criteria)), layout="constrained")
    axes = figure.add_subplot()
    for row, result in enumerate(reversed(criteria)):
        shape, colour = SHAPES[result.light]
        axes.plot([0.02], [row], marker=shape, color=colour, markersize=11)
        axes.text(0.05, row, LIGHTS[result.light], va="center", color=colour, weight="bold")
        axes.text(0.3, row, result.title, va="center")
    axes.set_xlim(0, 1)
    axes.set_ylim(-0.6, len(criteria) - 0.4)
    axes.axis("off")
    return _png(figure)


def _drawn(effects: Sequence[EffectResult]) -> bytes:
    from matplotlib.figure import Figure

    figure = Figure(figsize=(7, 1.2 + 0.6 * len(effects)), layout="constrained")
    axes = figure.add_subplot()
    for row, effect in enumerate(reversed(effects)):
        low, middle, high = (100 * (x or 0.0) for x in (effect.lower, effect.value, effect.upper))
        axes.plot([low, high], [row, row], color=COLOUR, linewidth=2)
        axes.plot([middle], [row], marker="o", color=COLOUR)
    axes.axvline(0, color="#505050", linewidth=1)
    axes.set_yticks(range(len(effects)), [effect.title for effect in reversed(effects)])
    axes.set_ylim(-0.6, len(effects) - 0.4)
    axes.set_xlabel("difference per 100 people")
    return _png(figure)


def _png(figure: Any) -> bytes:
    buffer = io.BytesIO()
    figure.savefig(buffer, format="png", dpi=110, metadata={"Software": None})
    return buffer.getvalue()
