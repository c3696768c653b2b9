"""The participant flow as a ladder of boxes: one rung a stage, one box a group."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pipelines.findings.models import FlowResult, FlowStage
from pipelines.release.bundle import Evidence
from pipelines.reporting import evidence as ev
from pipelines.reporting import figures, numbers

if TYPE_CHECKING:
    from matplotlib.axes import Axes

_RUNG = 0.66
_CENTRES = {
    ("everyone",): (0.70,),
    ("treatment", "comparison"): (0.53, 0.87),
    ("treatment", "comparison", "unknown"): (0.45, 0.67, 0.89),
}


def flow_figure(evidence: Evidence) -> figures.Picture | None:
    """Draw who came in and who is left to be analysed."""
    found = ev.flow(evidence)
    if found is None:
        return None
    with figures.styled():
        return _drawn(evidence, found[1])


def _drawn(evidence: Evidence, result: FlowResult) -> figures.Picture:
    """Draw every rung, from the top."""
    from matplotlib.figure import Figure

    figure = Figure(figsize=(figures.WIDTH, _RUNG * len(result.stages) + 0.45))
    axes = figure.add_axes((0, 0, 1, 1))
    axes.set(xlim=(0, 1), ylim=(-0.15 - len(result.stages), 0.4))
    axes.axis("off")
    places = _places(result)
    _group_names(axes, evidence, places)
    for depth, stage in enumerate(result.stages):
        _rung(axes, stage, depth, result.stages[depth - 1] if depth else None, places)
    return figures.saved(figure, "flow", title(result), alt(evidence, result))


def _places(result: FlowResult) -> dict[str, float]:
    """Return where each group's boxes stand; everyone's stand in the middle."""
    groups = tuple(key for key in ev.columns(result.stages) if key != "everyone")
    return {"everyone": 0.70, **dict(zip(groups, _CENTRES.get(groups, ()), strict=False))}


def _group_names(axes: Axes, evidence: Evidence, places: dict[str, float]) -> None:
    """Write the groups' names over their boxes."""
    for key, x in places.items():
        name = figures.wrapped(ev.column_title(evidence, key), 20)
        if key != "everyone":
            axes.text(x, 0.0, name, ha="center", va="bottom", color=figures.INK, weight="bold")


def _rung(axes: Axes, stage: FlowStage, depth: int, above: FlowStage | None, places: dict[str, float]) -> None:
    """Draw one stage: its name at the left, a box a group, arrows from the stage above."""
    y = -0.5 - depth
    axes.text(0.0, y, figures.wrapped(stage.title, 34), ha="left", va="center", color=figures.INK)
    for key in _boxes(stage, places):
        _box(axes, places[key], y, numbers.count(stage.counts[key]))
        if above is not None:
            start = places[key if key in _boxes(above, places) else "everyone"]
            _arrow(axes, (start, y + 0.73), (places[key], y + 0.28))


def _boxes(stage: FlowStage, places: dict[str, float]) -> list[str]:
    """Return whose boxes a stage shows: the groups', or everyone's where no group is counted."""
    groups = [key for key in places if key in stage.counts and key != "everyone"]
    return groups or ["everyone"]


def _box(axes: Axes, x: float, y: float, text: str) -> None:
    """Draw a box with a number in it."""
    from matplotlib.patches import FancyBboxPatch

    half = 0.095
    shape = FancyBboxPatch((x - half, y - 0.24), 2 * half, 0.48, boxstyle="round,pad=0,rounding_size=0.02")
    shape.set(facecolor="#EEF3F8", edgecolor=figures.COLOURS["treatment"], linewidth=1.1)
    axes.add_patch(shape)
    axes.text(x, y, text, ha="center", va="center", size=13, weight="bold", color=figures.COLOURS["treatment"])


def _arrow(axes: Axes, start: tuple[float, float], end: tuple[float, float]) -> None:
    """Draw an arrow between two boxes."""
    axes.annotate("", xy=end, xytext=start, arrowprops={"arrowstyle": "-|>", "color": figures.QUIET, "lw": 1.1})


def title(result: FlowResult) -> str:
    """Say the flow's two ends."""
    first, last = result.stages[0], result.stages[-1]
    return f"Of {_people(first)} at “{first.title}”, {_people(last)} are left at “{last.title}”"


def alt(evidence: Evidence, result: FlowResult) -> str:
    """Say every box."""
    return "Flow of people, from top to bottom. " + " ".join(
        f"{s.title}: {_counts(evidence, s)}." for s in result.stages
    )


def _people(stage: FlowStage) -> str:
    """Write the people of a stage, a group at a time where everyone is not counted."""
    return " and ".join(numbers.count(people) for people in ev.people_at(stage))


def _counts(evidence: Evidence, stage: FlowStage) -> str:
    """Write a stage's boxes."""
    named = ((ev.column_title(evidence, key), stage.counts[key]) for key in ev.columns((stage,)))
    return ", ".join(f"{name} {numbers.count(people)}" for name, people in named)
