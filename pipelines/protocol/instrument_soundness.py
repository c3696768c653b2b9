"""Faults of a design with instruments: choices that would leave nothing to tell the effect by.

Works on the tree as read, as design_soundness does.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from pipelines.protocol.faults import Fault
from pipelines.protocol.parts import Line, Place, listed, mapping, written

ARMS = "this design tells groups apart by its instruments, not by arms."
KEEP_CHANCE = (
    "Delete `arms`. Where chance decided who was offered what, keep them with `randomised`, and name the dose under "
    "`intervention.components` (`measure: cases.FIELD`): the effect of one more by the offer then stands beside."
)


def instrument_faults(tree: Mapping[str, Any], line: Line) -> Iterator[Fault]:
    """Yield what contradicts itself in a design with instruments."""
    design = mapping(tree.get("design"))
    if written(design.get("kind")) != "instrumental":
        return
    if tree.get("arms"):
        yield Fault(line(("design", "kind")), "design.kind", ARMS, KEEP_CHANCE)
    if tree.get("take_up"):
        problem = "in this design the dose says who took it."
        yield Fault(line(("take_up",)), "take_up", problem, "Delete it, and name its field under `design.dose`.")
    yield from _twice(tree, design, line)


def _twice(tree: Mapping[str, Any], design: Mapping[str, Any], line: Line) -> Iterator[Fault]:
    """Yield each field that would have to be two things at once."""
    dose = str(design.get("dose") or "")
    instruments = [str(one) for one in listed(design.get("instruments"))]
    made_of = {str(mapping(one).get("value")) for one in mapping(tree.get("outcomes")).values()}
    for index, name in enumerate(instruments):
        place: Place = ("design", "instruments", index)
        if name == dose:
            yield _fault(line, place, "the dose cannot move itself.", "Name what moved it.")
        elif name in made_of:
            yield _fault(line, place, "an outcome is made from this field.", "Name another field.")
        elif name in instruments[:index]:
            yield _fault(line, place, "it is named twice.", "Delete one.")
    held = ("design", "by") if listed(design.get("by")) else ("adjust_for",)
    fixed = listed(design.get("by")) or listed(tree.get("adjust_for"))
    for index, name in enumerate(map(str, fixed)):
        if name in (dose, *instruments):
            what = "dose" if name == dose else "instrument"
            problem = f"what is held fixed moves nothing, and this is the {what}."
            yield _fault(line, (*held, index), problem, "Delete it here.")


def _fault(line: Line, place: Place, problem: str, remedy: str) -> Fault:
    return Fault(line(place), ".".join(map(str, place)), problem, remedy)
