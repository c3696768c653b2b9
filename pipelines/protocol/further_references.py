"""Faults that lie between an extract and those that complete it, and between outcomes and the events they count."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from pipelines.protocol.faults import Fault, did_you_mean
from pipelines.protocol.folding import folded
from pipelines.protocol.parts import Line, Place, columns, extracts, listed, mapping, whole_cases, written

PEOPLE = {"person", "site"}
Body = Mapping[str, Any]


def _at(line: Line, place: Place, problem: str, remedy: str = "") -> Fault:
    return Fault(line(place), ".".join(map(str, place)), problem, remedy)


# ---- extracts that complete others -----------------------------------------------------------------------------------


def completing_faults(tree: Mapping[str, Any], line: Line) -> Iterator[Fault]:
    """Return what is wrong with extracts that complete another one."""
    known = {name: (noun, body) for name, noun, body in extracts(tree)}
    told: dict[tuple[str, str], str] = {}
    for name, (noun, body) in known.items():
        other = written(body.get("completes"))
        if not other:
            continue
        place: Place = ("extracts", name, "completes")
        fault = _no_main_extract(name, other, noun, known)
        if fault:
            yield _at(line, place, *fault)
            continue
        main = known[other][1]
        if _served(tree, body) != _served(tree, main):
            yield _at(line, place, f"extracts.{other} serves other sites.", "Both serve the same sites.")
        for field in columns(body).keys() - PEOPLE:
            before = other if field in columns(main) else told.setdefault((other, field), name)
            if before != name:
                problem = f"extracts.{before} already has this field, and nobody could say which one counts."
                yield _at(line, ("extracts", name, "columns", field), problem, "Map it once.")


def _no_main_extract(name: str, other: str, noun: str, known: Mapping[str, tuple[str, Body]]) -> tuple[str, str] | None:
    """Return why an extract cannot complete another, and what to do."""
    if other == name:
        return "an extract cannot complete itself.", "Name the extract that has the people."
    if other not in known:
        return "there is no such extract.", did_you_mean(other, known.keys() - {name})
    if known[other][0] != noun:
        return f"extracts.{other} holds {known[other][0]}, this one {noun}.", "Both hold the same."
    if noun not in ("cases", "consents"):
        return f"a person may have several rows of {noun}.", "Only cases and consents can be completed."
    if written(known[other][1].get("completes")):
        return f"extracts.{other} completes another one itself.", "Name the extract that has the people."
    return None


def _served(tree: Mapping[str, Any], body: Body) -> set[str]:
    return {str(site) for site in listed(body.get("sites"))} or set(mapping(tree.get("sites")))


# ---- outcomes from events --------------------------------------------------------------------------------------------


def event_faults(tree: Mapping[str, Any], line: Line) -> Iterator[Fault]:
    """Return what is wrong with outcomes that are counted from events."""
    for name, outcome in mapping(tree.get("outcomes")).items():
        body = mapping(outcome)
        if body.get("events") is not None:
            place: Place = ("outcomes", name, "events")
            yield from _delivered_everywhere(tree, line, place)
            yield from _fields_there(tree, line, place, mapping(body.get("events")))
            yield from _counted_to_the_end(line, ("outcomes", name), body)


def index_date_faults(tree: Mapping[str, Any], line: Line) -> Iterator[Fault]:
    """Return why comparators' starts cannot be drawn."""
    arms = mapping(tree.get("arms"))
    if written(arms.get("comparison_starts")) != "drawn":
        return
    place: Place = ("arms", "comparison_starts")
    if (written(arms.get("assignment")) or "randomised") == "randomised":
        remedy = "Leave it out: follow both groups from the same date, such as `index: referral_date`."
        yield _at(line, place, "chance made these groups, and nobody needs a drawn start.", remedy)
    bodies = {name: mapping(mapping(body).get("events")) for name, body in _from_events(tree)}
    if not bodies:
        yield _at(line, place, "no outcome is counted from `events`, so nothing begins at a start.", "Leave it out.")
    for name, events in bodies.items():
        if written(events.get("index")):
            problem = "this outcome names its date, and `arms.comparison_starts` draws one."
            yield _at(line, ("outcomes", name, "events", "index"), problem, "Leave one of them out.")
    for name, fields in whole_cases(tree):
        for field in ("referral_date", "start_date"):
            if field not in fields:
                problem = f"waits run from referral to start, and extracts.{name}.columns maps no {field}."
                yield _at(line, place, problem, "Map it.")


def _from_events(tree: Mapping[str, Any]) -> list[tuple[str, Any]]:
    outcomes = mapping(tree.get("outcomes")).items()
    return [(name, body) for name, body in outcomes if mapping(body).get("events") is not None]


def _delivered_everywhere(tree: Mapping[str, Any], line: Line, place: Place) -> Iterator[Fault]:
    """Where no events come, everybody would silently have none."""
    events = [(name, body) for name, noun, body in extracts(tree) if noun == "events"]
    if not events:
        yield _at(line, place, "no extract holds the events.", "Add one with `noun: events`.")
    without = sorted(set(mapping(tree.get("sites"))) - {site for _, body in events for site in _served(tree, body)})
    if events and without:
        yield _at(line, place, f"no extract holds the events of {', '.join(without)}.", "Each site needs one.")
    for name, body in events:
        if str(body.get("optional")).lower() == "true":
            problem = "outcomes are counted from these events: without the file everybody would have none."
            yield _at(line, ("extracts", name, "optional"), problem, "Delete it.")


def _fields_there(tree: Mapping[str, Any], line: Line, place: Place, body: Body) -> Iterator[Fault]:
    index = written(body.get("index"))
    dates = {index} if index else {"start_date", "referral_date"}
    for name, fields in whole_cases(tree):
        if not dates & fields:
            wanted = " nor ".join(sorted(dates))
            problem = f"there is no date to count from: extracts.{name}.columns maps no {wanted}."
            yield _at(line, place, problem, "Map it.")
    needed = ["kind"] if listed(body.get("kinds")) else []
    needed += ["decided_date"] if _number(body.get("waiting_days")) else []
    for name, noun, extract in extracts(tree):
        mapped = columns(extract) if noun == "events" else {}
        for field in needed if noun == "events" else ():
            if field not in mapped:
                yield _at(line, place, f'no column is mapped to "{field}" in extracts.{name}.columns.', "Map it.")
        yield from _kinds(line, place, body, mapping(mapped.get("kind", {}).get("codes")))


def _kinds(line: Line, place: Place, body: Body, codes: Mapping[str, Any]) -> Iterator[Fault]:
    """A kind that no code means would never be counted."""
    meanings = {folded(str(meaning)): str(meaning) for meaning in codes.values()}
    for number, kind in enumerate(listed(body.get("kinds"))):
        if meanings and folded(str(kind)) not in meanings:
            yield _at(
                line, (*place, "kinds", number), "no code means this kind.", did_you_mean(kind, meanings.values())
            )


def _counted_to_the_end(line: Line, place: Place, body: Body) -> Iterator[Fault]:
    """Whoever is counted before the follow-up is over would be taken for somebody without events."""
    horizon, due = _number(body.get("horizon")), _number(body.get("due_after_days"))
    waiting = _number(mapping(body.get("events")).get("waiting_days")) or 0
    early = horizon is not None and due is not None and due < horizon + waiting
    if early and (written(body.get("type")) != "time_to_event" or waiting):
        remedy = f"Leave it out, or set it to {horizon + waiting:g} or more." if horizon else ""
        yield _at(line, (*place, "due_after_days"), "the follow-up is not over by then.", remedy)
    unit = written(body.get("unit"))
    if unit and unit != "days":
        yield _at(line, (*place, "unit"), "outcomes from events are counted in days.", "Write `days`, or leave it out.")


def _number(node: Any) -> float | None:
    return float(node) if isinstance(node, int | float) and not isinstance(node, bool) else _read_number(written(node))


def _read_number(word: str) -> float | None:
    try:
        return float(word)
    except ValueError:
        return None
