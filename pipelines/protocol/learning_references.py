"""Faults of the learning loop: measures that are none, fields that nobody maps, charts that would tell too much."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from pipelines.protocol.faults import Fault, did_you_mean
from pipelines.protocol.learning import MEASURES, Measure
from pipelines.protocol.parts import Line, Place, columns, extracts, listed, mapping, written

Tree = Mapping[str, Any]


def learning_faults(tree: Tree, line: Line) -> Iterator[Fault]:
    """Return what is wrong with the charts of the learning loop."""
    before: dict[tuple[str, str], tuple[str, str]] = {}
    charted: dict[str, str] = {}
    for name, chart in mapping(mapping(tree.get("learning")).get("charts")).items():
        body, place = mapping(chart), ("learning", "charts", name)
        measure = written(body.get("measure"))
        if measure and measure not in MEASURES:
            yield _unknown(tree, line, (*place, "measure"), measure)
        elif measure:
            yield from _measure(tree, line, place, body, MEASURES[measure])
            yield from _twice(line, place, measure, charted)
            yield from _periods(line, place, body, MEASURES[measure], before)
        yield from _phases(tree, line, place, body)


def _at(line: Line, place: Place, problem: str, remedy: str = "") -> Fault:
    return Fault(line(place), ".".join(map(str, place)), problem, remedy)


def _unknown(tree: Tree, line: Line, place: Place, measure: str) -> Fault:
    if measure in mapping(tree.get("outcomes")):
        problem = "this is an outcome, and only process measures are charted while a pilot runs."
        return _at(line, place, problem, f"Allowed: {', '.join(MEASURES)}.")
    return _at(line, place, "this measure is not known.", did_you_mean(measure, MEASURES))


def _measure(tree: Tree, line: Line, place: Place, body: Tree, measure: Measure) -> Iterator[Fault]:
    kind = written(body.get("kind"))
    if kind in ("run", "xmr", "p", "u") and kind not in measure.ways:
        problem = f"a {kind} chart does not fit {measure.unit}."
        yield _at(line, (*place, "kind"), problem, f"Allowed: {', '.join(sorted(measure.ways))}.")
    for field in (measure.day, *measure.needs):
        noun, _, name = field.rpartition(".")
        noun = noun or measure.noun
        if not any(name in columns(one) for _, other, one in extracts(tree) if other == noun):
            problem = f"no extract of {noun} maps {name}, which the measure needs."
            yield _at(line, (*place, "measure"), problem, "Map it under the extract's columns.")
    if measure is MEASURES["components"] and not mapping(mapping(tree.get("intervention")).get("components")):
        problem = "intervention.components names no component whose delivery could be measured."
        yield _at(line, (*place, "measure"), problem, "Add the components, or chart another measure.")


def _twice(line: Line, place: Place, measure: str, charted: dict[str, str]) -> Iterator[Fault]:
    """One measure in two charts would show in one what the other withholds."""
    first = charted.setdefault(measure, str(place[-1]))
    if first != place[-1]:
        yield _at(line, (*place, "measure"), f"learning.charts.{first} has the same measure.", "Keep one of them.")


def _periods(
    line: Line, place: Place, body: Tree, measure: Measure, before: dict[tuple[str, str], tuple[str, str]]
) -> Iterator[Fault]:
    """Weeks beside months of the same dates would show by subtraction what is withheld."""
    every, dates = written(body.get("every")) or "month", (measure.noun, measure.day)
    name, other = before.setdefault(dates, (str(place[-1]), every))
    if other != every:
        problem = f"learning.charts.{name} counts the same dates by the {other}, this chart by the {every}."
        yield _at(line, (*place, "every"), problem, "Use one length for both.")


def _phases(tree: Tree, line: Line, place: Place, body: Tree) -> Iterator[Fault]:
    dates = mapping(tree.get("dates"))
    first, last = written(dates.get("start")), written(dates.get("end"))
    earlier = ""
    for index, phase in enumerate(listed(body.get("phases"))):
        where, start = (*place, "phases", index, "start"), written(mapping(phase).get("start"))
        if earlier and start and start <= earlier:
            yield _at(line, where, "this phase does not begin after the one before.", "Put them in order of date.")
        if start and first and start <= first:
            yield _at(
                line, where, "this phase begins before the pilot has run for a day.", "Delete it, or mend the date."
            )
        if start and last and start > last:
            yield _at(line, where, "this phase begins after the end of the pilot.", "Is the date right?")
        earlier = start or earlier
