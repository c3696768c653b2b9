"""The forest plot: each site's estimate with its interval, one below the other; below them the average, if any.

Sites that are not compared have a line too, so that nobody overlooks that they are missing.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from math import log10
from typing import TYPE_CHECKING, Any

from pipelines.findings.across import SiteEffect, SynthesisResult
from pipelines.reporting import across_words as aw
from pipelines.reporting import figures, sentences

if TYPE_CHECKING:
    from matplotlib.axes import Axes

SITES_A_FIGURE = 24
"""More would not fit on a page; the rest goes into a further figure."""

_NAME, _TOLD = 0.30, 0.27  # shares of the width: names on the left, figures on the right
_CHARACTERS = 26
_ROW, _LINE, _UNDER, _OVER = 0.32, 0.15, 0.62, 0.22  # inches: a row, a further line of a name, below and above the plot
_TICKS = (0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1, 2, 5, 10, 20, 50, 100)


@dataclass(frozen=True)
class Row:
    """One line of the plot; without limits only words."""

    name: str
    told: str
    value: float | None = None
    lower: float | None = None
    upper: float | None = None
    kind: str = "site"


def forest_figures(name: str, result: SynthesisResult) -> list[figures.Picture]:
    """Draw an outcome's sites; none when no site is compared.

    Parameters
    ----------
    name : end of the names that references use.
    result : the outcome over all sites.
    """
    if not aw.compared(result):
        return []
    with figures.styled():
        return [
            _drawn(f"forest-{name}-{number}", result, list(sites))
            for number, sites in enumerate(_parts(result.sites), 1)
        ]


def _parts(sites: Sequence[SiteEffect]) -> Iterator[Sequence[SiteEffect]]:
    for start in range(0, len(sites), SITES_A_FIGURE):
        yield sites[start : start + SITES_A_FIGURE]


def _rows(result: SynthesisResult, sites: Sequence[SiteEffect]) -> list[Row]:
    rows = [_site(result, site) for site in sites]
    if result.pooled:
        pooled = result.pooled
        told = aw.with_limits(result, pooled.value, pooled.lower, pooled.upper)
        rows.append(Row("Average of the sites", told, pooled.value, pooled.lower, pooled.upper, "average"))
    if result.prediction:
        ends = result.prediction
        told = aw.limits(result, ends.lower, ends.upper)
        rows.append(Row("A further site like these", told, None, ends.lower, ends.upper, "prediction"))
    return rows


def _site(result: SynthesisResult, site: SiteEffect) -> Row:
    if site.left_out:
        return Row(site.title, "not compared")
    told = aw.with_limits(result, site.value, site.lower, site.upper)
    return Row(site.title, told, site.value, site.lower, site.upper)


def _drawn(name: str, result: SynthesisResult, sites: list[SiteEffect]) -> figures.Picture:
    """Draw names, plot and figures beside each other."""
    from matplotlib.figure import Figure

    rows = _rows(result, sites)
    labels = [figures.wrapped(row.name, _CHARACTERS) for row in rows]
    tall = sum(_ROW + _LINE * (label.count("\n")) for label in labels) + 0.1
    height = tall + _UNDER + _OVER
    figure = Figure(figsize=(figures.WIDTH, height))
    axes = figure.add_axes((_NAME, _UNDER / height, 1 - _NAME - _TOLD, tall / height))
    axes.set(ylim=(-tall, 0), xlim=_reach(result, rows), yticks=[], xlabel=aw.axis(result))
    axes.tick_params(length=3)
    y = 0.0
    for row, label in zip(rows, labels, strict=True):
        deep = _ROW + _LINE * label.count("\n")
        _row(axes, result, row, label, y - deep / 2)
        y -= deep
    _frame(axes, result, tall)
    return figures.saved(figure, name, title(result), alt(result, sites))


def _row(axes: Axes, result: SynthesisResult, row: Row, label: str, y: float) -> None:
    """Draw one line: its name, its interval, its figures."""
    line, bold = axes.get_yaxis_transform(), "bold" if row.kind == "average" else "normal"
    width = 1 - _NAME - _TOLD
    axes.text(-_NAME / width, y, label, transform=line, va="center", ha="left", color=figures.INK, weight=bold)
    quiet = figures.QUIET if row.lower is None else figures.INK
    axes.text(1.03, y, row.told, transform=line, va="center", ha="left", color=quiet, weight=bold, size=8)
    if row.lower is None or row.upper is None:
        return
    lower, upper = _at(result, row.lower), _at(result, row.upper)
    colour = figures.COLOURS["everyone" if row.kind != "site" else "treatment"]
    style = (0, (4, 2)) if row.kind == "prediction" else "-"
    axes.plot([lower, upper], [y, y], color=colour, linewidth=2, linestyle=style, solid_capstyle="butt")
    if row.value is not None:
        marker = "D" if row.kind == "average" else "s"
        axes.plot([_at(result, row.value)], [y], marker=marker, markersize=7, color=colour, markeredgecolor="white")


def _frame(axes: Axes, result: SynthesisResult, tall: float) -> None:
    """Mark no difference, and the smallest difference that matters; say which side is better."""
    right = result.better == "higher"
    _mark(axes, _at(result, aw.nothing(result)), tall, "no difference", "-", "right" if right else "left")
    if result.minimum_important_difference is not None:
        matters = _at(result, (1 if right else -1) * result.minimum_important_difference)
        _mark(axes, matters, tall, "matters from here", (0, (3, 2)), "left" if right else "right")
    if result.scale == "logarithm":
        low, high = axes.get_xlim()
        ticks = [tick for tick in _TICKS if low <= log10(tick) <= high]
        axes.set_xticks([log10(tick) for tick in ticks], [f"{tick:g}" for tick in ticks])
    words, x, side = ("better ▶", 1.0, "right") if right else ("◀ better", 0.0, "left")
    # Below the axis's name, where no interval can be.
    axes.annotate(
        words, (x, 0), xycoords="axes fraction", xytext=(0, -38), textcoords="offset points", ha=side, va="center",
        size=8, color=figures.QUIET,
    )  # fmt: skip


def _mark(axes: Axes, x: float, tall: float, words: str, line: Any, side: str) -> None:
    """Draw a line through all sites; its name stands above, on the side where the other line is not."""
    axes.plot([x, x], [-tall, 0], color=figures.INK, linewidth=1, linestyle=line, zorder=0)
    offset = (2 if side == "left" else -2, 7)
    axes.annotate(
        words, (x, 0), xytext=offset, textcoords="offset points", ha=side, va="center", size=8, color=figures.QUIET,
        annotation_clip=False,
    )  # fmt: skip


def _reach(result: SynthesisResult, rows: Sequence[Row]) -> tuple[float, float]:
    """Return the ends of the axis: everything drawn, no difference, and some air."""
    ends = [end for row in rows for end in (row.lower, row.upper) if end is not None]
    minimum = result.minimum_important_difference
    marks = [] if minimum is None else [minimum if result.better == "higher" else -minimum]
    drawn = [_at(result, end) for end in (*ends, *marks, aw.nothing(result))]
    air = 0.06 * (max(drawn) - min(drawn) or 1.0)
    return min(drawn) - air, max(drawn) + air


def _at(result: SynthesisResult, value: float) -> float:
    """Return where a figure lies on the axis: ratios by their logarithm."""
    return log10(max(value, 1e-6)) if result.scale == "logarithm" else aw.factor(result) * value


def title(result: SynthesisResult) -> str:
    """Say what the figure shows in its caption."""
    name = sentences.name(result.outcome_type, result.title)
    if result.pooled:
        words = {"better": "better", "worse": "worse", "inconclusive": "still open"}
        verdict = words.get(result.verdict, "")
        return f"{name}: each site, and their average ({verdict})"
    return f"{name}: each site by itself"


def alt(result: SynthesisResult, sites: Sequence[SiteEffect]) -> str:
    """Say every line of the figure."""
    told = [
        f"{site.title}: not compared."
        if site.left_out
        else f"{site.title}: {aw.with_limits(result, site.value, site.lower, site.upper)}."
        for site in sites
    ]
    if result.pooled:
        pooled = result.pooled
        told.append(f"Average: {aw.with_limits(result, pooled.value, pooled.lower, pooled.upper)}.")
    if result.prediction:
        told.append(f"A further site: {aw.limits(result, result.prediction.lower, result.prediction.upper)}.")
    side = "right" if result.better == "higher" else "left"
    return f"Forest plot. {aw.axis(result)}; better lies to the {side}. {' '.join(told)}"
