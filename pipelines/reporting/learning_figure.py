"""A process measure over time with its lines, phases and PDSA cycles."""

from __future__ import annotations

from pipelines.findings.learned import ChartResult
from pipelines.findings.learned_words import CENTRES, PLURAL, figure
from pipelines.learning.drawing import draw
from pipelines.reporting import figures

LETTERS = "ABCDEFGHIJKLMNOPQRSTUVWXYZ"


def learning_figure(finding_id: str, result: ChartResult, sentence: str) -> figures.Picture | None:
    """Draw the periods that may be shown; nothing where fewer than two may."""
    shown = [point for point in result.points if point.value is not None]
    if len(shown) < 2:
        return None
    from matplotlib.figure import Figure

    with figures.styled():
        drawn = Figure(figsize=(figures.WIDTH, 2.7), layout="constrained")
        axes = drawn.add_subplot()
        marks = [(mark.start, letter(number)) for number, mark in enumerate(result.marks)]
        scale = 100 if result.unit == "share" else 1
        draw(axes, result.points, marks, [start for start, _ in result.breaks], scale)
        axes.set_ylabel(figures.wrapped(_unit(result), 24))
        axes.set_ylim(bottom=min(0.0, axes.get_ylim()[0]) if result.unit != "days" else None)
        return figures.saved(drawn, finding_id.replace("/", "-"), _title(result), _alt(result, sentence))


def letter(number: int) -> str:
    """Return the letter of a PDSA cycle on a chart; after Z they go on with AA."""
    return LETTERS[number % 26] * (number // 26 + 1)


def _unit(result: ChartResult) -> str:
    return "Per cent" if result.unit == "share" else result.unit[:1].upper() + result.unit[1:]


def _title(result: ChartResult) -> str:
    return f"{result.title}, by {result.every}: {verdict(result)}"


def verdict(result: ChartResult) -> str:
    """Return in a few words what the newest phase says."""
    if not result.phases or not any(point.value is not None for point in result.points):
        return "nothing to show"
    newest = result.phases[-1]
    if not newest.enough:
        return "too early to tell"
    return "more than chance" if newest.signal else "no more than chance"


def _alt(result: ChartResult, sentence: str) -> str:
    """Return the signal first, then every point: what the eye sees is read out."""
    points = "; ".join(
        f"{point.title} {figure(result, point.value)}" for point in result.points if point.value is not None
    )
    return (
        f"{sentence} {CENTRES[result.way].capitalize()} drawn as a line. {PLURAL[result.every].capitalize()}: {points}."
    )
