"""Faults in how interviews are to be analysed: elements that no frame has, attributes that nobody measures.

Codes are known only when the coded project arrives.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from pipelines.protocol.faults import Fault, did_you_mean
from pipelines.protocol.folding import folded
from pipelines.protocol.parts import Line, Place, listed, mapping, written
from pipelines.qualitative.deductive_frames import frame, frame_names


def interview_faults(tree: Mapping[str, Any], line: Line) -> Iterator[Fault]:
    """Return what is wrong with the keys `frames`, `codebook` and `agreement`."""
    for check in (_elements, _attributes, _opposites, _floor, _close_reading):
        yield from check(tree, line)


def _at(line: Line, place: Place, problem: str, remedy: str = "") -> Fault:
    return Fault(line(place), ".".join(map(str, place)), problem, remedy)


def _elements(tree: Mapping[str, Any], line: Line) -> Iterator[Fault]:
    for name, use in mapping(tree.get("frames")).items():
        if name not in frame_names():
            continue
        known = {one.key for one in frame(name).elements}
        for element in mapping(mapping(use).get("elements")):
            if element not in known:
                place: Place = ("frames", name, "elements", element)
                yield _at(line, place, "the frame has no such element.", did_you_mean(element, known))


def _attributes(tree: Mapping[str, Any], line: Line) -> Iterator[Fault]:
    covariates = mapping(tree.get("covariates"))
    for index, name in enumerate(listed(mapping(tree.get("codebook")).get("compare_by"))):
        place: Place = ("codebook", "compare_by", index)
        if str(name) not in covariates:
            yield _at(line, place, "there is no such covariate.", did_you_mean(name, covariates))
        elif written(mapping(covariates[str(name)]).get("type")) not in ("category", "yes_no"):
            yield _at(line, place, "this covariate has no categories.", "Name one of type category or yes_no.")


def _opposites(tree: Mapping[str, Any], line: Line) -> Iterator[Fault]:
    for code, opposite in mapping(mapping(tree.get("codebook")).get("opposites")).items():
        if folded(code) == folded(str(opposite)):
            yield _at(line, ("codebook", "opposites", code), "a code cannot contradict itself.", "Name another code.")


def _close_reading(tree: Mapping[str, Any], line: Line) -> Iterator[Fault]:
    name = mapping(mapping(tree.get("codebook")).get("close_reading")).get("outcome")
    outcomes, place = mapping(tree.get("outcomes")), ("codebook", "close_reading", "outcome")
    if name is None:
        return
    if str(name) not in outcomes:
        yield _at(line, place, "there is no such outcome.", did_you_mean(name, outcomes))
        return
    body = mapping(outcomes[str(name)])
    if written(body.get("type")) not in ("continuous", "count") or written(body.get("noun")) == "series":
        problem = "its values are not those of people on a scale, so nobody is near or far from what was expected."
        yield _at(line, place, problem, "Name a continuous outcome or a count.")


def _floor(tree: Mapping[str, Any], line: Line) -> Iterator[Fault]:
    """A floor that every rare code reaches holds nothing back."""
    body = mapping(tree.get("agreement"))
    measure, unit = written(body.get("measure")), written(body.get("unit")) or "sentence"
    if body.get("floor") is not None and measure in ("ac1", "percent") and unit not in ("segment", "document"):
        problem = "text that nobody coded inflates this measure, so nearly every code would reach the floor."
        yield _at(line, ("agreement", "measure"), problem, "Choose alpha or kappa, or the unit segment or document.")
