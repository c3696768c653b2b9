"""Outcomes as SQL: from fields of the cases, or counted from events. How one value is read belongs in values."""

from __future__ import annotations

from collections.abc import Mapping

from pipelines.ingest.comparing import compared, literal
from pipelines.protocol import Protocol
from pipelines.protocol.extracts import FieldType
from pipelines.protocol.outcomes import EventsOutcome, Outcome
from pipelines.validation.index_dates import draws_starts, people_with_starts, start_of
from pipelines.validation.typed import Typed, read_name, typed_field, unreadable_fields
from pipelines.validation.values import kept
from pipelines.warehouse import named

NO_OUTCOMES = (
    "[]::STRUCT(outcome VARCHAR, value DOUBLE, time DOUBLE, event BOOLEAN, exposure DOUBLE, competing BOOLEAN, "
    "unreadable VARCHAR, due BOOLEAN)[]"
)
DROP_DAY = "left(drop_id, 10)::DATE"
"""Day until which the drop tells what happened."""


def outcome_fields(protocol: Protocol, site: str) -> dict[str, Typed]:
    """Return the fields that outcomes are made from; one that serves two outcomes as two types is read twice."""
    return {
        name: typed
        for outcome in protocol.outcomes.values()
        if outcome.noun == "cases"
        for name, typed in _fields(protocol, site, outcome).items()
    }


def _fields(protocol: Protocol, site: str, outcome: Outcome) -> dict[str, Typed]:
    parts = _parts(outcome)
    return {_read(f, kind): typed_field(protocol, "cases", site, f, kind) for f, kind in parts.values()}


def _parts(outcome: Outcome) -> dict[str, tuple[str, FieldType]]:
    """Return field and type of each part that an outcome has."""
    kinds: dict[str, FieldType] = {
        "value": "yes_no" if outcome.type == "binary" else "number",
        "time": "number",
        "event": "yes_no",
        "exposure": "number",
        "competing": "yes_no",
    }
    return {part: (getattr(outcome, part), kind) for part, kind in kinds.items() if getattr(outcome, part)}


def _read(field: str, kind: FieldType) -> str:
    return f"{field} as {kind}"


def outcome_structs(protocol: Protocol, site: str) -> str:
    """Return a list of structs, one for each outcome of the protocol, to be unnested."""
    of_cases = {key: outcome for key, outcome in protocol.outcomes.items() if outcome.noun == "cases"}
    structs = ", ".join(_struct(protocol, site, key, outcome) for key, outcome in of_cases.items())
    return f"[{structs}]" if structs else NO_OUTCOMES


def _struct(protocol: Protocol, site: str, key: str, outcome: Outcome) -> str:
    if outcome.events:
        value, time, event = _from_events(protocol, site, key, outcome, outcome.events)
        exposure, competing, unreadable = "NULL::DOUBLE", "NULL::BOOLEAN", "''"
    else:
        value, time, event = _from_fields(outcome)
        exposure, competing = _beside(outcome)
        unreadable = unreadable_fields(_fields(protocol, site, outcome))
    parts = {
        "outcome": f"'{key}'",
        "value": value,
        "time": time,
        "event": event,
        "exposure": exposure,
        "competing": competing,
        "unreadable": unreadable,
        "due": _due(protocol, site, key, outcome),
    }
    return "{" + ", ".join(f"'{name}': {expression}" for name, expression in parts.items()) + "}"


def _from_fields(outcome: Outcome) -> tuple[str, str, str]:
    """Return value, time and event of an outcome that the case file holds."""
    typed = _typed_parts(outcome)
    value = f"{typed['value']}::DOUBLE" if "value" in typed else _value_at_horizon(outcome, typed)
    return value, typed.get("time", "NULL::DOUBLE"), typed.get("event", "NULL::BOOLEAN")


def _typed_parts(outcome: Outcome) -> dict[str, str]:
    return {part: f"({kept(kind, read_name(_read(field, kind)))})" for part, (field, kind) in _parts(outcome).items()}


def _beside(outcome: Outcome) -> tuple[str, str]:
    """Return the time at risk behind a count, and whether another event ended the follow-up."""
    typed = _typed_parts(outcome)
    return typed.get("exposure", "NULL::DOUBLE"), typed.get("competing", "NULL::BOOLEAN")


def _value_at_horizon(outcome: Outcome, typed: Mapping[str, str]) -> str:
    """Return 1 if the event came by the horizon, 0 if follow-up passed it without, NULL if follow-up ended before.

    Where it is not known whether the event came, only a time beyond the horizon tells that it had not come by then.
    """
    if outcome.type != "binary" or not (outcome.time and outcome.event):
        return "NULL::DOUBLE"
    time, event, horizon = typed["time"], typed["event"], outcome.horizon
    return (
        f"CASE WHEN {event} AND {time} <= {horizon} THEN 1.0 WHEN {time} > {horizon} THEN 0.0 "
        f"WHEN NOT {event} AND {time} = {horizon} THEN 0.0 END"
    )


def _due(protocol: Protocol, site: str, key: str, outcome: Outcome) -> str:
    """Return the condition that a person's follow-up for an outcome was over at the date of the drop.

    Where comparators' starts are drawn, nobody of either group is followed who had such an event while waiting.
    """
    if outcome.due_days is None:
        return "true"
    began = _index(protocol, outcome.events, "kept")
    over = f"({began} IS NULL OR {began} + {outcome.due_days} <= {DROP_DAY})"
    if outcome.events and draws_starts(protocol) and protocol.extracts_of("events", site):
        return f"({over} AND coalesce({named(f'early {key}')}, 0) = 0)"
    return over


def _index(protocol: Protocol, events: EventsOutcome | None, table: str) -> str:
    """Return the date from which days are counted."""
    return f"{table}.{events.index}" if events and events.index else start_of(protocol, table)


def _from_events(
    protocol: Protocol, site: str, key: str, outcome: Outcome, events: EventsOutcome
) -> tuple[str, str, str]:
    """Return value, time and event of an outcome that is counted from events.

    Nobody is known without an index date, or in a site whose events are not delivered; whoever has an event that was
    set aside is known only to have had one, where another one counts.
    """
    none = ("NULL::DOUBLE", "NULL::DOUBLE", "NULL::BOOLEAN")
    if not protocol.extracts_of("events", site):
        return none
    count, first, index = named(f"count {key}"), named(f"first {key}"), _index(protocol, events, "kept")
    known = f"{index} IS NOT NULL AND NOT coalesce({named('some aside')}, false)"
    if outcome.type == "binary":
        value = f"CASE WHEN {count} > 0 THEN 1.0 WHEN {known} THEN 0.0 END::DOUBLE"
        return value, *none[1:]
    if outcome.type == "count":
        return f"CASE WHEN {known} THEN coalesce({count}, 0) END::DOUBLE", *none[1:]
    watched = f"least({outcome.horizon}, date_diff('day', {index}, {DROP_DAY}))"
    time = f"CASE WHEN {known} THEN coalesce(date_diff('day', {index}, {first}), {watched}) END::DOUBLE"
    return none[0], time, f"CASE WHEN {known} THEN coalesce({count}, 0) > 0 END"


def counted_events(protocol: Protocol, site: str) -> str:
    """Return the join that counts each person's events for every outcome made from them; nothing where none is."""
    outcomes = {key: o for key, o in protocol.outcomes.items() if o.events}
    if not outcomes or not protocol.extracts_of("events", site):
        return ""
    columns = ", ".join(
        f"count(*) FILTER ({counts}) AS {named(f'count {key}')}, "
        f"min(e.event_date) FILTER ({counts}) AS {named(f'first {key}')}"
        for key, counts in ((key, _counts(protocol, o, o.events)) for key, o in outcomes.items() if o.events)
    )
    if draws_starts(protocol):
        waiting = {key: _while_waiting(protocol, o.events) for key, o in outcomes.items() if o.events}
        columns += "".join(f", count(*) FILTER ({early}) AS {named(f'early {key}')}" for key, early in waiting.items())
    every = (
        "SELECT person_key, event_date, kind, decided_date, false AS aside FROM validated.events UNION ALL "
        "SELECT person_key, NULL, NULL, NULL, true FROM quarantine.events WHERE person_key IS NOT NULL"
    )
    return (
        f'LEFT JOIN (SELECT c.person_key AS event_person, bool_or(e.aside) AS "some aside", {columns} '
        f"FROM {people_with_starts(protocol)} c JOIN ({every}) e ON e.person_key = c.person_key "
        "GROUP BY c.person_key) counted ON event_person = kept_person"
    )


def _while_waiting(protocol: Protocol, events: EventsOutcome) -> str:
    """Return the condition that an event came between the referral and the date from which days are counted."""
    kinds = f"AND {_kinds(events)}" if events.kinds else ""
    return f"WHERE e.event_date > c.referral_date AND e.event_date <= {_index(protocol, events, 'c')} {kinds}"


def _kinds(events: EventsOutcome) -> str:
    return f"{compared('e.kind')} IN ({', '.join(literal(kind) for kind in events.kinds)})"


def _counts(protocol: Protocol, outcome: Outcome, events: EventsOutcome) -> str:
    """Return the condition that an event counts: its day, its kind, and when it was decided."""
    days = f"date_diff('day', {_index(protocol, events, 'c')}, e.%s)"
    conditions = [f"{days % 'event_date'} > 0", f"{days % 'event_date'} <= {outcome.horizon}"]
    conditions.append("e.event_date <= left(c.drop_id, 10)::DATE")
    if events.kinds:
        conditions.append(_kinds(events))
    if events.waiting_days:
        conditions.append(f"{days % 'decided_date'} <= {outcome.horizon} + {events.waiting_days}")
    return "WHERE " + " AND ".join(conditions)
