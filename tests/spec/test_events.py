"""Outcomes counted from events: a readable table, and an independent count in Python on random tables."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from pipelines.protocol import Protocol, load_text
from pipelines.protocol.faults import ProtocolFaults
from pipelines.validation.publish import _select
from pipelines.warehouse import connect
from pipelines.workspace import PilotSite, Workspace

PROTOCOL = """\
pilot: first
title: First
question: Does it?
concept: {name: x}
sites: {north: {title: North}}
population: {description: people}
intervention: {name: x}
outcomes:
  proven: {title: a, type: binary, better: lower, horizon: 100, events: {kinds: [Arrest], waiting_days: 50}}
  many: {title: b, type: count, better: lower, horizon: 100, events: {}}
  until: {title: c, type: time_to_event, better: later, horizon: 100, due_after_days: 1, events: {index: referral_date}}
extracts:
  people: {file: cases.csv, columns: {person: id, referral_date: r, start_date: s}}
  happened: {noun: events, file: events.csv, columns: {person: id, event_date: e, kind: k, decided_date: d}}
"""
DROP = dt.date(2026, 6, 1)
Event = tuple[str, int, str | None, int | None]
"""Person, day of the event, its kind, day of its decision; days count from 1 January 2025."""


def day(number: int | None) -> dt.date | None:
    return None if number is None else dt.date(2025, 1, 1) + dt.timedelta(days=number)


@pytest.fixture(scope="module")
def protocol() -> Protocol:
    return load_text(PROTOCOL)


@pytest.fixture(scope="module")
def connection(tmp_path_factory: pytest.TempPathFactory, protocol: Protocol) -> Iterator[Any]:
    opened = connect(PilotSite(Workspace(tmp_path_factory.mktemp("workspace")), protocol, "north"))
    opened.execute("CREATE SCHEMA raw; CREATE SCHEMA validated; CREATE SCHEMA quarantine")
    yield opened
    opened.close()


def outcomes(
    connection: Any,
    protocol: Protocol,
    people: dict[str, tuple[int | None, int | None]],
    events: list[Event],
    aside: tuple[str, ...] = (),
    arms: str = "NULL",
) -> dict[tuple[str, str], tuple[Any, Any, Any]]:
    """Return value, time and event of each person's outcomes; `people` holds the days of referral and start."""
    connection.execute(
        "CREATE OR REPLACE TABLE raw.cases (row_key VARCHAR, person_key VARCHAR, extract VARCHAR, source_file VARCHAR, "
        "source_row BIGINT, drop_id VARCHAR, referral_date VARCHAR, start_date VARCHAR)"
    )
    connection.execute(
        "CREATE OR REPLACE TABLE validated.cases (row_key VARCHAR, drop_id VARCHAR, person_key VARCHAR, arm VARCHAR, "
        "start_date DATE, referral_date DATE)"
    )
    event = "(person_key VARCHAR, event_date DATE, kind VARCHAR, decided_date DATE)"
    connection.execute(f"CREATE OR REPLACE TABLE validated.events {event}")
    connection.execute(f"CREATE OR REPLACE TABLE quarantine.events {event}")
    for name, (referred, started) in people.items():
        raw = [name, name, "people", "cases.csv", 2, str(DROP), str(day(referred)), str(day(started))]
        connection.execute("INSERT INTO raw.cases VALUES (?, ?, ?, ?, ?, ?, ?, ?)", raw)
        kept = [name, str(DROP), name, None, day(started), day(referred)]
        connection.execute("INSERT INTO validated.cases VALUES (?, ?, ?, ?, ?, ?)", kept)
    for person, happened, kind, decided in events:
        values = [person, day(happened), kind, day(decided)]
        connection.execute("INSERT INTO validated.events VALUES (?, ?, ?, ?)", values)
    for person in aside:
        connection.execute("INSERT INTO quarantine.events VALUES (?, NULL, NULL, NULL)", [person])
    connection.execute(f"UPDATE validated.cases SET arm = {arms}")
    select = _select(PilotSite(Workspace(Path("nowhere")), protocol, "north"), "outcomes")
    query = f"SELECT person_key, outcome, value, time, event FROM ({select})"
    found = connection.execute(query, {"has_arms": False}).fetchall()
    assert len(found) == len({row[:2] for row in found})
    return {(person, outcome): tuple(rest) for person, outcome, *rest in found}


def one(connection: Any, protocol: Protocol, *events: tuple[int, str | None, int | None]) -> tuple[Any, Any, Any]:
    """Return the three outcomes of somebody referred on day 0 and started on day 10."""
    found = outcomes(connection, protocol, {"p": (0, 10)}, [("p", *event) for event in events])
    return found["p", "proven"][0], found["p", "many"][0], found["p", "until"][1:]


TABLE: list[tuple[list[tuple[int, str | None, int | None]], float, float, tuple[float, bool]]] = [
    # events: day, kind, decided           proven  many  until
    ([], 0, 0, (100, False)),
    ([(10, "arrest", 20)], 0, 0, (10, True)),  # on the day of the start: does not count from there
    ([(0, "arrest", 20)], 0, 0, (100, False)),  # on the day of the referral
    ([(11, "arrest", 20)], 1, 1, (11, True)),
    ([(110, "ARREST ", 120)], 1, 1, (100, False)),  # day 100 after the start, 110 after the referral
    ([(111, "arrest", 120)], 0, 0, (100, False)),
    ([(100, "arrest", 160)], 1, 1, (100, True)),
    ([(100, "arrest", 161)], 0, 1, (100, True)),  # decided too late to be proven
    ([(50, "arrest", None)], 0, 1, (50, True)),  # not decided
    ([(50, "move", 51)], 0, 1, (50, True)),  # another kind
    ([(50, None, 51), (20, "move", 30), (60, "arrest", 70)], 1, 3, (20, True)),
    ([(50, "arrest", 60), (50, "arrest", 60)], 1, 2, (50, True)),
]


@pytest.mark.parametrize(("events", "proven", "many", "until"), TABLE)
def test_an_event_counts_after_the_index_day_and_by_the_horizon(
    connection: Any,
    protocol: Protocol,
    events: list[tuple[int, str | None, int | None]],
    proven: float,
    many: float,
    until: tuple[float, bool],
) -> None:
    assert one(connection, protocol, *events) == (proven, many, until)


def test_who_is_not_known_is_not_without_events(connection: Any, protocol: Protocol) -> None:
    people = {"undated": (None, None), "unstarted": (0, None), "odd": (0, 10), "odd but sure": (0, 10), "fine": (0, 10)}
    events: list[Event] = [("odd but sure", 50, "arrest", 60), ("undated", 50, "arrest", 60)]
    found = outcomes(connection, protocol, people, events, aside=("odd", "odd but sure"))
    proven = {person: value for (person, outcome), (value, _, _) in found.items() if outcome == "proven"}
    assert proven == {"undated": None, "unstarted": 0, "odd": None, "odd but sure": 1, "fine": 0}
    many = {person: value for (person, outcome), (value, _, _) in found.items() if outcome == "many"}
    assert many == {"undated": None, "unstarted": 0, "odd": None, "odd but sure": None, "fine": 0}
    assert found["odd but sure", "until"] == (None, None, None)


def test_who_is_not_due_is_left_out(connection: Any, protocol: Protocol) -> None:
    last = (DROP - dt.date(2025, 1, 1)).days
    found = outcomes(connection, protocol, {"due": (0, last - 150), "early": (last - 30, last - 149)}, [])
    assert ("due", "proven") in found
    assert ("early", "proven") not in found  # 100 days and 50 of waiting are not over
    assert ("early", "many") in found
    assert found["early", "until"] == (None, 30, False)  # watched until the drop


persons = st.sampled_from(["a", "b", "c"])
days = st.integers(-20, 560)


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    people=st.dictionaries(persons, st.tuples(st.none() | days, st.none() | days), min_size=1),
    events=st.lists(
        st.tuples(persons, days, st.sampled_from(["arrest", "Arrest", "move", None]), st.none() | days), max_size=12
    ),
)
@example(people={"a": (0, None)}, events=[("a", 1, "arrest", 1)])
def test_an_independent_count_agrees(
    connection: Any, protocol: Protocol, people: dict[str, tuple[int | None, int | None]], events: list[Event]
) -> None:
    found = outcomes(connection, protocol, people, events)
    last = (DROP - dt.date(2025, 1, 1)).days
    for person, (referred, started) in people.items():
        own = [event for event in events if event[0] == person and event[1] <= last]
        begun = started if started is not None else referred
        if begun is None:
            assert found[person, "many"][0] is None
        elif begun + 100 <= last:
            assert found[person, "many"][0] == sum(0 < happened - begun <= 100 for _, happened, _, _ in own)
        else:
            assert (person, "many") not in found
        if begun is not None and begun + 150 <= last:
            decided = [e for e in own if (e[2] or "").lower() == "arrest" and e[3] is not None and e[3] - begun <= 150]
            assert found[person, "proven"][0] == any(0 < e[1] - begun <= 100 for e in decided)
        if referred is not None and referred + 1 <= last:
            after = [e[1] - referred for e in own if 0 < e[1] - referred <= 100]
            right = (min(after), True) if after else (min(100, last - referred), False)
            assert found[person, "until"][1:] == right


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        ("noun: events, ", "noun: events, optional: true, ", "everybody would have none"),
        ("  happened: {noun: events", "  happened: {noun: contacts", "no extract holds the events"),
        (", decided_date: d", "", '"decided_date"'),
        (", kind: k", "", '"kind"'),
        ("kind: k", "kind: {column: k, codes: {A: assault}}", "no code means this kind"),
        ("referral_date: r, ", "", "maps no referral_date"),
        ("horizon: 100, events: {}", "events: {}", "horizon"),
        ("events: {}}", "events: {}, value: score}", "of its own"),
        ("events: {}}", "events: {}, unit: weeks}", "counted in days"),
        ("events: {}}", "events: {}, due_after_days: 99}", "not over by then"),
        ("type: count", "type: continuous", "is binary, count or time_to_event"),
        ("sites: {north: {title: North}}", "sites: {north: {title: North}, south: {title: South}}", "told apart"),
    ],
)
def test_a_plan_that_could_not_be_counted_is_refused(old: str, new: str, said: str) -> None:
    assert old in PROTOCOL
    with pytest.raises(ProtocolFaults) as faults:
        load_text(PROTOCOL.replace(old, new, 1))
    assert said in str(faults.value)
