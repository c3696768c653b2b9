"""Faults of meaning: each key is known and of its type, and yet the plan could not be carried out as written.

Works on the tree as read, so that these faults are reported together with all others. Names that point to nothing
belong in cross_references.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from pipelines.protocol.extract_soundness import extract_faults
from pipelines.protocol.extracts import FIELDS, KEPT_NAMES
from pipelines.protocol.faults import Fault
from pipelines.protocol.parts import (
    Line,
    Place,
    columns,
    design_fields,
    extracts,
    listed,
    mapping,
    measured_fields,
    outcome_fields,
    whole_cases,
    written,
)


def soundness_faults(tree: Mapping[str, Any], line: Line) -> list[Fault]:
    """Return everything that could not be carried out."""
    checks = (_dates, _directions, _differences, _due, _blank_codes, _taken_names, _known_before, _measures, _continues)
    found = [fault for check in checks for fault in check(tree, line)]
    return [*found, *extract_faults(tree, line)]


def _at(line: Line, place: Place, problem: str, remedy: str = "") -> Fault:
    return Fault(line(place), ".".join(map(str, place)), problem, remedy)


def _dates(tree: Mapping[str, Any], line: Line) -> Iterator[Fault]:
    dates = mapping(tree.get("dates"))
    start, end = written(dates.get("start")), written(dates.get("end"))
    if len(start) == len(end) == 10 and end < start:
        yield _at(line, ("dates", "end"), "the pilot ends before it starts.", "Are the two dates swapped?")


def _directions(tree: Mapping[str, Any], line: Line) -> Iterator[Fault]:
    """What is good of a time to an event is said of the event: `lower` could mean fewer arrests, or earlier ones."""
    for name, outcome in mapping(tree.get("outcomes")).items():
        kind, better = (written(mapping(outcome).get(key)) for key in ("type", "better"))
        place: Place = ("outcomes", name, "better")
        if kind == "time_to_event" and better in ("higher", "lower"):
            yield _at(line, place, "is it good when the event comes later, or sooner?", "Allowed: later, sooner.")
        if kind in ("binary", "continuous", "count") and better in ("later", "sooner"):
            yield _at(line, place, "only a time to an event comes later or sooner.", "Allowed: higher, lower.")


def _differences(tree: Mapping[str, Any], line: Line) -> Iterator[Fault]:
    """A binary outcome's difference is a share: 5 would mean 500 points, and nothing would ever matter."""
    for name, outcome in mapping(tree.get("outcomes")).items():
        difference = _number(mapping(outcome).get("minimum_important_difference"))
        if written(mapping(outcome).get("type")) == "binary" and difference is not None and difference > 1:
            place: Place = ("outcomes", name, "minimum_important_difference")
            remedy = f"Five points are 0.05. Did you mean {difference / 100:g}?"
            yield _at(line, place, "a difference between two shares is at most 1.", remedy)


def _number(node: Any) -> float | None:
    try:
        return float(written(node))
    except ValueError:
        return None


def _due(tree: Mapping[str, Any], line: Line) -> Iterator[Fault]:
    """Without a date to count from, everybody would silently be due."""
    dated = {"start_date", "referral_date"}
    undated = [name for name, fields in whole_cases(tree) if not dated & fields]
    for name, outcome in mapping(tree.get("outcomes")).items():
        if mapping(outcome).get("due_after_days") is not None and undated:
            where = f"extracts.{undated[0]}.columns"
            problem = f"there is no date to count from: {where} maps neither start_date nor referral_date."
            yield _at(line, ("outcomes", name, "due_after_days"), problem, "Map one of them.")


def _blank_codes(tree: Mapping[str, Any], line: Line) -> Iterator[Fault]:
    """A blank cell is missing, never a site or an arm."""
    for what in ("sites", "arms"):
        for name, part in mapping(tree.get(what)).items():
            for index, code in enumerate(listed(mapping(part).get("codes"))):
                if not isinstance(code, list | dict) and not written(code):
                    yield _at(line, (what, name, "codes", index), "a code cannot be blank.", "Delete it.")


def _taken_names(tree: Mapping[str, Any], line: Line) -> Iterator[Fault]:
    """Fields of a pilot's own must not carry a name that already means something in the tables."""
    taken = {*FIELDS["cases"], *KEPT_NAMES}
    own: list[tuple[Place, str]] = [(("covariates", name), name) for name in mapping(tree.get("covariates"))]
    for place, field in (*own, *outcome_fields(tree), *measured_fields(tree)):
        if field in taken:
            yield _at(line, place, f'"{field}" has a meaning of its own here.', "Choose another name for the field.")


def _known_before(tree: Mapping[str, Any], line: Line) -> Iterator[Fault]:
    """Adjusting for the outcome itself would explain every effect away."""
    made_of = {field: str(place[1]) for place, field in outcome_fields(tree)}
    for name in mapping(tree.get("covariates")):
        if name in made_of:
            problem = f"the outcome {made_of[name]} is made from this field, so it was not known before the start."
            yield _at(line, ("covariates", name), problem, "Map what was known at the start to a field of its own.")
    yield from _same_column(tree, line, made_of)


def _same_column(tree: Mapping[str, Any], line: Line, made_of: Mapping[str, str]) -> Iterator[Fault]:
    """Under another name an outcome would be shown as a covariate or a dose, before anybody may look at it."""
    before = dict.fromkeys((*mapping(tree.get("covariates")), *(field for _, field in measured_fields(tree))))
    before |= {field: None for place, field in design_fields(tree) if place[-1] == "baseline"}
    for extract, noun, body in extracts(tree):
        held = {written(one.get("column")): made_of[field] for field, one in columns(body).items() if field in made_of}
        for field, one in columns(body).items():
            outcome = held.get(written(one.get("column")))
            if noun == "cases" and field in before and field not in made_of and outcome:
                problem = f"the outcome {outcome} is made from the same column, so it was not known before."
                yield _at(line, ("extracts", extract, "columns", field), problem, "Name the column of what was known.")


def _measures(tree: Mapping[str, Any], line: Line) -> Iterator[Fault]:
    """A dose is a number; a field has one type."""
    kinds = {name: written(mapping(one).get("type")) for name, one in mapping(tree.get("covariates")).items()}
    for place, field in measured_fields(tree):
        if kinds.get(field, "number") not in ("number", ""):
            yield _at(line, place, f"the covariate {field} is no number, and a dose is one.", "Measure another field.")


def _continues(tree: Mapping[str, Any], line: Line) -> Iterator[Fault]:
    for index, pilot in enumerate(listed(tree.get("continues"))):
        if written(pilot) and pilot == tree.get("pilot"):
            yield _at(line, ("continues", index), "a pilot cannot continue itself.", "Name the earlier pilot.")
