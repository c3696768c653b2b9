"""Survival curves: the share of people without the event, over time, one curve a group."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pipelines.findings.models import EffectResult, Step
from pipelines.reporting import figures, numbers
from pipelines.reporting.evidence import Estimated
from pipelines.reporting.sentences import within
from pipelines.reporting.tables import Table

if TYPE_CHECKING:
    from matplotlib.axes import Axes

_LINES = {"treatment": "-", "comparison": (0, (5, 2))}
_POINTS = 6
_THINNED = (
    "Curves are thinned to protect people: up to its next step a curve can lie too high, and it ends at its last step."
)


def survival_figure(estimated: Estimated) -> figures.Picture | None:
    """Draw an outcome's curves; None when it has none."""
    result = estimated.result
    if not _curves(result):
        return None
    with figures.styled():
        return _drawn(result, _name(estimated))


def survival_table(estimated: Estimated) -> Table:
    """Tabulate the curves at a few times: the figure's data for those who do not see it."""
    result = estimated.result
    titles = [result.arms[key].title for key in _curves(result)]
    return Table(
        name=_name(estimated),
        caption=f"Share of people without the event, at times on the curves: {within(result.title)}",
        head=(result.unit.capitalize() or "Time", *titles),
        rows=[(numbers.trimmed(time), *_shares_at(result, time)) for time in _times(result)],
        note=_THINNED,
    )


def _drawn(result: EffectResult, name: str) -> figures.Picture:
    """Draw the curves, each named at its end."""
    from matplotlib.figure import Figure

    figure = Figure(figsize=(figures.WIDTH, 3.1))
    axes = figure.add_axes((0.09, 0.16, 0.66, 0.80))
    for key, steps in _curves(result).items():
        colour, line = figures.COLOURS[key], _LINES[key]
        axes.step([s.time for s in steps], [100 * s.share for s in steps], where="post", color=colour, ls=line)
    _names_at_the_ends(axes, result)
    _frame(axes, result)
    return figures.saved(figure, name, title(result), alt(result))


def _names_at_the_ends(axes: Axes, result: EffectResult) -> None:
    """Write each group's name and last share beside its curve, kept apart."""
    ends = sorted(((steps[-1], key) for key, steps in _curves(result).items()), key=lambda end: end[0].share)
    heights: list[float] = []
    for step, key in ends:
        heights.append(max(100 * step.share, heights[-1] + 17) if heights else 100 * step.share)
        words = f"{figures.wrapped(result.arms[key].title, 22)}\n{_end(result, step)}"
        axes.annotate(
            words, (step.time, 100 * step.share), xytext=(1.03, heights[-1]), textcoords=axes.get_yaxis_transform(),
            va="center", color=figures.INK, arrowprops={"arrowstyle": "-", "color": figures.COLOURS[key], "lw": 1.4},
        )  # fmt: skip


def _frame(axes: Axes, result: EffectResult) -> None:
    """Draw the axes; the share runs from 0 to 100, or small differences would look large."""
    axes.set(ylim=(0, 103), xlim=(0, None), ylabel="People without the event, %", xlabel=result.unit.capitalize())
    axes.yaxis.grid(True, color="#E3E3E3", linewidth=0.8)
    axes.spines["left"].set_visible(False)
    axes.tick_params(length=0)


def title(result: EffectResult) -> str:
    """Say where each curve ends: a thinned one may end before follow-up does."""
    ends = [f"{_end(result, steps[-1])} in “{result.arms[key].title}”" for key, steps in _curves(result).items()]
    return f"Without the event: {' and '.join(ends)}"


def alt(result: EffectResult) -> str:
    """Say the curves at a few times."""
    told = [
        f"{numbers.trimmed(time)} {result.unit} {' and '.join(_shares_at(result, time))}" for time in _times(result)
    ]
    names = " and ".join(result.arms[key].title for key in _curves(result))
    return f"Survival curves of {names}, share of people without the event after {'; '.join(told)}."


def _curves(result: EffectResult) -> dict[str, tuple[Step, ...]]:
    """Return the curves that have steps and a named group, treatment first."""
    return {key: result.curves[key] for key in _LINES if result.curves.get(key) and key in result.arms}


def _times(result: EffectResult) -> list[float]:
    """Choose a few times of real steps, the last one among them."""
    times = sorted({step.time for steps in _curves(result).values() for step in steps})
    stride = max(1, -(-len(times) // _POINTS))
    return sorted({*times[::stride], times[-1]}) if times else []


def _shares_at(result: EffectResult, time: float) -> list[str]:
    """Read each curve at a time."""
    return [_share_at(steps, time) for steps in _curves(result).values()]


def _share_at(steps: tuple[Step, ...], time: float) -> str:
    """Read one curve: the share of its last step that is not later; past its end it says nothing."""
    if time > steps[-1].time:
        return numbers.NONE_HERE
    return numbers.percent(next((step.share for step in reversed(steps) if step.time <= time), steps[0].share))


def _end(result: EffectResult, step: Step) -> str:
    """Write the last step of a curve."""
    return f"{numbers.percent(step.share)} after {numbers.trimmed(step.time)} {result.unit}".strip()


def _name(estimated: Estimated) -> str:
    """Name the figure after its outcome."""
    return f"curves-{estimated.finding.scope.subject or 'outcome'}".replace("_", "-")
