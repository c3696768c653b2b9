"""One small plot for the UI from findings that have passed the disclosure policy; figures of reports: in reporting."""

from __future__ import annotations

import io
from collections.abc import Sequence

from pipelines.findings.look import led
from pipelines.findings.models import EffectResult, Finding

COLOUR = "#12436D"


def picture(findings: Sequence[Finding]) -> tuple[bytes, str]:
    """Return a PNG of the binary effects with their intervals, and the plot in words; nothing when there are none."""
    effects = [(f.sentence, led(f.result)) for f in findings if isinstance(f.result, EffectResult)]
    shown = [(said, e) for said, e in effects if e.outcome_type == "binary" and None not in (e.value, e.lower)]
    if not shown:
        return b"", ""
    return _drawn([e for _, e in shown]), " ".join(said for said, _ in shown)


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
    buffer = io.BytesIO()
    figure.savefig(buffer, format="png", dpi=110, metadata={"Software": None})
    return buffer.getvalue()
