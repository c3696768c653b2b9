"""Faults of the planned looks: no plan, two plans, outcomes that are not there, and a plan that nothing is held to.

Works on the tree as read, as soundness does.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from itertools import pairwise
from typing import Any

from pipelines.protocol.faults import Fault, did_you_mean
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
    written,
)

WAYS = ("planned", "fractions", "dates")


def look_faults(tree: Mapping[str, Any], line: Line) -> list[Fault]:
    """Return everything in the planned looks that could not be kept to."""
    if "looks" not in tree or tree["looks"] is None:
        return []
    return [fault for check in (_way, _rising, _outcomes, _events, _people, _beside) for fault in check(tree, line)]


def governed(tree: Mapping[str, Any]) -> list[str]:
    """Return the outcomes that the looks are for."""
    named = [str(one) for one in listed(mapping(tree.get("looks")).get("outcomes"))]
    outcomes = mapping(tree.get("outcomes")).items()
    return named or [key for key, outcome in outcomes if mapping(outcome).get("tier") == "primary"]


def _at(line: Line, place: Place, problem: str, remedy: str = "") -> Fault:
    return Fault(line(place), ".".join(map(str, place)), problem, remedy)


def _way(tree: Mapping[str, Any], line: Line) -> Iterator[Fault]:
    given = [key for key in WAYS if mapping(tree.get("looks")).get(key)]
    if len(given) > 1:
        problem = f"`{given[0]}` says already when looks are due."
        yield _at(line, ("looks", given[1]), problem, "Keep one of `planned`, `fractions` and `dates`.")
    if not given:
        yield _at(line, ("looks",), "nothing says when looks are due.", "Add `planned: 4`, `fractions` or `dates`.")


def _rising(tree: Mapping[str, Any], line: Line) -> Iterator[Fault]:
    looks = mapping(tree.get("looks"))
    for key in ("fractions", "dates"):
        given = listed(looks.get(key))
        if not _rises(given):
            yield _at(line, ("looks", key), "each look comes after the one before.", "List them in order, each once.")
    fractions = listed(looks.get("fractions"))
    if fractions and _place(fractions[-1]) != 1.0:
        yield _at(line, ("looks", "fractions"), "no look is planned for the end.", "Let the last fraction be 1.")


def _rises(given: Sequence[Any]) -> bool:
    try:
        return all(one < other for one, other in pairwise(map(_place, given)))
    except TypeError:
        return True  # a model says what is wrong with its kind


def _place(given: Any) -> Any:
    """Return a number as one, however it was read; a date's letters are in order already."""
    try:
        return float(given)
    except (TypeError, ValueError):
        return str(given)


def _outcomes(tree: Mapping[str, Any], line: Line) -> Iterator[Fault]:
    outcomes = mapping(tree.get("outcomes"))
    for index, key in enumerate(listed(mapping(tree.get("looks")).get("outcomes"))):
        if str(key) not in outcomes:
            remedy = did_you_mean(key, outcomes)
            yield _at(line, ("looks", "outcomes", index), "there is no such outcome.", remedy)
    if not governed(tree):
        remedy = "Name `outcomes` under looks, or call an outcome `tier: primary`."
        yield _at(line, ("looks",), "no outcome is primary, so the looks are for none.", remedy)
    for key in governed(tree):
        if mapping(outcomes.get(key)).get("noun") == "series":
            problem = f"{key} is a series of figures, in which no people become known one after the other."
            yield _at(line, ("looks",), problem, "Name other outcomes under looks.outcomes.")


def _events(tree: Mapping[str, Any], line: Line) -> Iterator[Fault]:
    outcomes, ours = mapping(tree.get("outcomes")), governed(tree)
    for key in mapping(mapping(tree.get("looks")).get("planned_events")):
        place: Place = ("looks", "planned_events", key)
        if key not in outcomes:
            yield _at(line, place, "there is no such outcome.", did_you_mean(key, outcomes))
        elif written(mapping(outcomes[key]).get("type")) != "time_to_event":
            yield _at(line, place, "this outcome is no time to an event.", "Delete it: people are counted.")
        elif key not in ours:
            yield _at(line, place, "the looks are not for this outcome.", "Add it to looks.outcomes, or delete it.")


def _beside(tree: Mapping[str, Any], line: Line) -> Iterator[Fault]:
    """What stands in every report, as doses and take-up do, would show the outcome before a look is due."""
    ours = governed(tree)
    made_of = {field: str(place[1]) for place, field in outcome_fields(tree) if str(place[1]) in ours}
    for _, noun, body in extracts(tree):
        held = {written(one.get("column")): made_of[field] for field, one in columns(body).items() if field in made_of}
        same = {field: held.get(written(one.get("column")), "") for field, one in columns(body).items()}
        for place, field in [*measured_fields(tree), *design_fields(tree)] if noun == "cases" else ():
            if same.get(field) and place[0] in ("intervention", "take_up"):
                problem = f"it is the outcome {same[field]}, which would be seen in every report before a look is due."
                yield _at(line, place, problem, "Measure it otherwise, or plan no looks at this outcome.")


def _people(tree: Mapping[str, Any], line: Line) -> Iterator[Fault]:
    """Every site has a planned number of people, unless events tell how far all outcomes have come."""
    by_events = mapping(mapping(tree.get("looks")).get("planned_events"))
    if all(key in by_events for key in governed(tree)):
        return
    planned = mapping(mapping(tree.get("population")).get("planned_per_site"))
    for site in mapping(tree.get("sites")):
        if site not in planned:
            problem = f"nothing says how many people are planned in {site}, so no part of them can be told."
            yield _at(line, ("looks",), problem, f"Add `{site}` to population.planned_per_site.")
