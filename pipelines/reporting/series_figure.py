"""A series before and after a change in one picture: as it ran, as fitted, and as expected without the change."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from pipelines.findings.exhibits import OverTimeResult
from pipelines.reporting import figures, numbers

KEYS = ("observed", "fitted", "expected", "control")
_WORDS = {
    "observed": "as it ran",
    "fitted": "as fitted",
    "expected": "expected without the change",
    "control": "control series",
}
_MAIN, _OTHER = figures.COLOURS["treatment"], figures.COLOURS["comparison"]
_STYLES: dict[str, dict[str, Any]] = {
    "observed": {"color": _MAIN, "marker": "o", "markersize": 4, "linewidth": 0},
    "fitted": {"color": _MAIN, "linewidth": 1.6},
    "expected": {"color": figures.QUIET, "linewidth": 1.6, "linestyle": "--"},
    "control": {"color": _OTHER, "marker": "s", "markersize": 3, "linewidth": 1},
}
_CHANGE = -0.5
"""Where the change is marked: between the last period before it, -1, and the first after it, 0."""
_FEWEST = 2


def part_of(result: OverTimeResult) -> str:
    """Return which part of a series this is: one of `KEYS`, `effect`, or something else."""
    return result.points[0].reading.key.partition("/")[0] if result.points else ""


def series_figure(name: str, parts: Mapping[str, OverTimeResult]) -> figures.Picture | None:
    """Draw what may be shown of the parts of a series; nothing where it did not run for two periods.

    `parts` holds results by their key: `observed`, and where there are any `fitted`, `expected` and `control`.
    """
    lines = {key: _line(result) for key, result in parts.items() if key in KEYS}
    if len(lines.get("observed", ())) < _FEWEST:
        return None
    from matplotlib.figure import Figure

    with figures.styled():
        figure = Figure(figsize=(figures.WIDTH, 3.6), layout="constrained")
        axes = figure.add_subplot()
        if "expected" in parts:
            _band(axes, parts["expected"])
        for key in ("control", "observed", "fitted", "expected"):
            for number, stretch in enumerate(_stretches(lines.get(key, []), key)):
                axes.plot(*zip(*stretch, strict=True), **_STYLES[key], label=None if number else _WORDS[key])
        axes.axvline(_CHANGE, color=figures.QUIET, linewidth=1, linestyle=":", label="the change")
        observed = parts["observed"]
        axes.set_xlabel(observed.axis[:1].upper() + observed.axis[1:])
        axes.set_ylabel(figures.wrapped(observed.points[0].reading.unit or "Value", 28))
        figure.legend(loc="outside lower center", ncols=2, frameon=False)
        return figures.saved(figure, name, "The series before and after the change", _alt(lines))


def _band(axes: Any, expected: OverTimeResult) -> None:
    readings = [(point.position, point.reading.lower, point.reading.upper) for point in expected.points]
    known = [(at, low, high) for at, low, high in readings if low is not None and high is not None]
    if known:
        places, lows, highs = zip(*known, strict=True)
        axes.fill_between(
            places, lows, highs, color=figures.QUIET, alpha=0.18, linewidth=0, label="interval of what was expected"
        )


def _line(result: OverTimeResult) -> list[tuple[float, float]]:
    return [(point.position, point.reading.value) for point in result.points if point.reading.value is not None]


def _stretches(line: list[tuple[float, float]], key: str) -> list[list[tuple[float, float]]]:
    """Return what is drawn in one stroke: a fitted course breaks at the change."""
    if key != "fitted":
        return [line] if line else []
    sides = [[one for one in line if (one[0] < 0) == before] for before in (True, False)]
    return [side for side in sides if side]


def _alt(lines: Mapping[str, list[tuple[float, float]]]) -> str:
    before = [value for at, value in lines["observed"] if at < 0]
    after = [value for at, value in lines["observed"] if at >= 0]
    told = ["The series as it ran, with the course fitted to it."]
    if before:
        told.append(f"Before the change from {numbers.fitting(before[0])} to {numbers.fitting(before[-1])}.")
    if after:
        told.append(f"From the change on from {numbers.fitting(after[0])} to {numbers.fitting(after[-1])}.")
    expected = lines.get("expected", [])
    if expected:
        first, last = numbers.fitting(expected[0][1]), numbers.fitting(expected[-1][1])
        told.append(f"Without the change {first} was expected at first, {last} at the end.")
    if lines.get("control"):
        told.append("A control series is drawn beside it.")
    return " ".join(told)
