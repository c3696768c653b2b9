"""What differs between two drops: two files in, counts and sentences out; and the demonstration against its truth."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pandas as pd
import pytest

from pipelines.demo.drops import known_on, planned_corrections, with_mistakes
from pipelines.demo.truths import FIRST_DROP, HORIZON_DAYS, SECOND_DROP
from pipelines.demo.world import draw_world
from pipelines.findings.differences import _changes, difference_findings
from pipelines.findings.making import Making
from pipelines.findings.models import DifferenceResult, FieldChange
from pipelines.findings.received_words import difference_words
from pipelines.findings.store import read_findings
from pipelines.findings.typed_drops import type_both
from pipelines.warehouse import open_warehouse
from pipelines.workspace import Workspace
from tests.spec.two_drops import PROTOCOL, compared, differs, person

FIRST = [person(n) for n in range(1, 41)]


Cells = dict[str, str]
Ways = tuple[int, int, int]
CHANGES: list[tuple[Cells, Cells, dict[str, Ways]]] = [
    ({"arm": "fund"}, {"arm": "usual"}, {"arm": (1, 0, 0)}),
    ({"started": "05/01/2026"}, {"started": "06/01/2026"}, {"start_date": (1, 0, 0)}),
    ({"started": "05/01/2026"}, {"started": " 2026-01-05"}, {}),
    ({"age": "31"}, {"age": "31.0"}, {}),
    ({"age": "31"}, {"age": "32"}, {"age": (1, 0, 0)}),
    ({"age": "31"}, {"age": "-9"}, {"age": (0, 0, 1)}),
    ({"age": ""}, {"age": "31"}, {"age": (0, 1, 0)}),
    ({"housed": "Y"}, {"housed": "N"}, {"housed": (1, 0, 0)}),
    ({"housed": "y"}, {"housed": "Y "}, {}),
    ({"housed": ""}, {"housed": "N"}, {"housed": (0, 1, 0)}),
    ({"housed": "N"}, {"housed": ""}, {"housed": (0, 0, 1)}),
    # Nobody counted the outcome before: follow-up was not over.
    ({"started": "20/03/2026", "housed": "Y"}, {"started": "20/03/2026", "housed": "N"}, {"housed": (0, 1, 0)}),
    # A rule sets the row aside, and nobody has vanished.
    ({}, {"age": "many"}, {"age": (0, 0, 1)}),
]
"""Somebody's row before and now, and what that changes: one person each, in one pilot."""


def ways_of(made: Making, *people: int) -> dict[str, Ways]:
    """Return the fields that changed for some people, who are numbered from 1, as their rows are below the header."""
    typed = type_both(made)
    assert typed is not None
    rows = ", ".join(f"'cases.csv#{number + 1}'" for number in people)
    made.connection.execute(
        f"CREATE OR REPLACE TEMP TABLE paired AS SELECT person_key FROM now_cases WHERE row_key IN ({rows})"
    )
    ways = {change.field: (change.changed, change.filled, change.emptied) for change in _changes(made, typed)}
    return {field: way for field, way in ways.items() if way != (0, 0, 0)}  # type: ignore[misc]


def cases_of(made: Making) -> tuple[DifferenceResult, str]:
    findings = {finding.id: finding for finding in difference_findings(made)}
    return differs(findings), findings["difference/cases"].sentence


@pytest.fixture(scope="module")
def changed(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Making]:
    """A pilot in which each of the changes befell one person."""
    before, now = (
        [person(number, **cells[state]) for number, cells in enumerate(CHANGES, start=1)] + FIRST[len(CHANGES) :]
        for state in (0, 1)
    )
    with compared(tmp_path_factory.mktemp("changed"), {"cases": before}, {"cases": now}) as made:
        yield made


@pytest.mark.parametrize(("before", "now", "expected"), CHANGES, ids=str)
def test_a_change_is_another_typed_value_of_a_person_in_both(
    changed: Making, before: Cells, now: Cells, expected: dict[str, Ways]
) -> None:
    assert ways_of(changed, CHANGES.index((before, now, expected)) + 1) == expected


def test_changes_are_counted_over_all_people_in_both(changed: Making) -> None:
    result, _ = cases_of(changed)
    assert (result.both, result.added, result.vanished, result.several) == (40, 0, 0, 0)
    counted = {change.field: (change.changed, change.filled, change.emptied) for change in result.changes}
    assert {field: way for field, way in counted.items() if way != (0, 0, 0)} == {
        "arm": (1, 0, 0),
        "start_date": (1, 0, 0),
        "age": (1, 1, 2),
        "housed": (1, 2, 1),
    }


@pytest.fixture(scope="module")
def people(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Making]:
    """Two people vanish, five are added, one gets a second row, and one stands in another site too."""
    talks = [f"C{n:03},N,2026-02-01" for n in (3, 3, 4)]
    now = [*FIRST[2:], *(person(n) for n in range(41, 46)), person(3, age="77"), person(4, site="S")]
    drops = (
        {"cases": FIRST, "contacts": talks},
        {"cases": [*now, person(90, site="S")], "contacts": [*talks, "C005,N,2026-05-01"]},
    )
    with compared(tmp_path_factory.mktemp("people"), *drops, nouns=("cases", "contacts")) as made:
        yield made


def test_people_are_added_and_vanish_and_rows_of_other_files_are_counted(people: Making) -> None:
    findings = {finding.id: finding for finding in difference_findings(people)}
    result = differs(findings)
    assert (result.people_before, result.people_now, result.both, result.added, result.vanished) == (40, 43, 38, 5, 2)
    assert (result.earlier, result.newest) == ("2026-04-01", "2026-07-01")
    assert result.smallest_before == 20
    assert "5 people were added and 2 vanished. Ask the provider why" in findings["difference/cases"].sentence
    contacts = differs(findings, "contacts")
    assert (contacts.rows_before, contacts.rows_now, contacts.people_before, contacts.people_now) == (3, 4, 2, 3)


def test_who_has_two_rows_is_counted_apart_and_compared_with_nobody(people: Making) -> None:
    result, _ = cases_of(people)
    assert (result.several, result.rows_now) == (1, 44)
    assert all(change.changed == 0 for change in result.changes)


def test_who_is_also_in_another_site_is_told(people: Making) -> None:
    result, sentence = cases_of(people)
    assert result.elsewhere == 1
    assert "1 person is also in the case file of another site." in sentence


def test_who_moved_to_another_site_or_came_from_one_is_told(tmp_path: Path) -> None:
    increments = PROTOCOL.replace("    file: cases.csv\n", "    file: cases.csv\n    delivery: increments\n")
    drops = ({"cases": [*FIRST, person(90, site="S")]}, {"cases": [person(1, site="S"), person(90)]})
    with compared(tmp_path, *drops, protocol=increments) as made:
        result, sentence = cases_of(made)
    assert (result.added, result.vanished, result.moved_in, result.moved_out, result.elsewhere) == (1, 1, 1, 1, 0)
    assert "Of those added, 1 came from another site of the pilot." in sentence
    assert "Of those who vanished, 1 stands in another site of the pilot now." in sentence
    assert "does not go away" not in sentence


EVENTS = PROTOCOL.replace(
    "outcomes:\n",
    "outcomes:\n"
    "  arrest: {title: were arrested, type: binary, better: lower, horizon: 30, events: {waiting_days: 10}}\n"
    "  many: {title: arrests, type: count, better: lower, horizon: 30, due_after_days: 30, events: {}}\n"
    "  until: {title: until arrest, type: time_to_event, better: later, horizon: 90, due_after_days: 1, events: {}}\n",
).replace(
    "  talks:\n",
    "  happened:\n    noun: events\n    file: events.csv\n"
    "    columns:\n      person: Case\n      site: Site\n      kind: Kind\n"
    "      event_date: {column: On, format: yyyy-mm-dd}\n"
    "      decided_date: {column: Decided, format: yyyy-mm-dd}\n  talks:\n",
)


def event(number: int, on: str, decided: str = "") -> str:
    return f"C{number:03},N,{on},arrest,{decided or on}"


def test_outcomes_counted_from_events_are_compared_as_they_were_known_then(tmp_path: Path) -> None:
    """Everybody started on 5 January but the fourth, whose follow-up was over for the newest drop only."""
    first = [*FIRST[:3], person(4, started="20/03/2026"), *FIRST[4:]]
    before = [event(1, "2026-01-20"), event(3, "2026-01-25"), event(7, "2026-01-25"), event(4, "2026-03-25")]
    now = [
        event(1, "2026-01-20"),  # known as it was
        event(2, "2026-02-01"),  # came to be known when follow-up had long been over
        event(3, "2026-01-30"),  # another day
        event(4, "2026-03-25"),
        event(5, "2026-06-01"),  # after both horizons
        event(6, "2026-02-01", "2026-05-01"),  # decided too late to count as proven
        # the event of the seventh person is gone
        event(8, "2026-03-30"),  # within 90 days, and late
        event(9, "never"),  # nobody can read it
    ]
    drops = ({"cases": first, "events": before}, {"cases": first, "events": now})
    with compared(tmp_path, *drops, protocol=EVENTS, nouns=("cases", "events")) as made:
        found = {number: ways_of(made, number) for number in range(1, 11)}
    assert found == {
        1: {},
        2: {"arrest": (1, 0, 0), "many": (1, 0, 0), "until": (1, 0, 0)},
        3: {"until": (1, 0, 0)},
        4: {"arrest": (0, 1, 0), "many": (0, 1, 0), "housed": (0, 1, 0)},
        5: {},
        6: {"many": (1, 0, 0), "until": (1, 0, 0)},
        7: {"arrest": (1, 0, 0), "many": (1, 0, 0), "until": (1, 0, 0)},
        8: {"until": (1, 0, 0)},
        9: {"arrest": (0, 0, 1), "many": (0, 0, 1), "until": (0, 0, 1)},
        10: {},
    }


def test_a_first_drop_differs_from_nothing(tmp_path: Path) -> None:
    with compared(tmp_path, {"cases": FIRST}) as made:
        assert difference_findings(made) == []


# --- Words -------------------------------------------------------------------


def words(added: int | None, vanished: int | None, *changes: FieldChange) -> str:
    result = DifferenceResult(
        noun="cases",
        earlier="2026-03-31",
        newest="2026-06-30",
        rows_before=100,
        rows_now=112,
        people_before=100,
        people_now=112,
        both=100,
        added=added,
        vanished=vanished,
        changes=changes,
    )
    return difference_words(result, 10)


def change(group: str, changed: int | None, emptied: int = 0, extent: str = "") -> FieldChange:
    given = {"field": "f", "title": "Thing", "group": group, "filled": 0, "extent": extent}
    return FieldChange.model_validate({**given, "changed": changed, "emptied": emptied})


ASK_WHY = "Ask the provider why: a person may stop taking part, but the record of them does not go away."


@pytest.mark.parametrize(
    ("said", "expected"),
    [
        (words(12, 0), "12 people were added and none vanished. Nothing changed that was known of the people in both."),
        (words(0, 0), "nobody was added and nobody vanished. Nothing changed"),
        (words(1, 0), "1 person was added and none vanished. Nothing"),
        (words(0, None), f"nobody was added and fewer than 10 vanished. {ASK_WHY}"),
        (words(None, 0), "fewer than 10 people were added and none vanished. Nothing"),
        (words(None, None), "how many people were added and how many vanished may not be shown. Nothing"),
        (words(0, 11), f"nobody was added and 11 vanished. {ASK_WHY}"),
        (words(0, 0, change("arm", 12)), "“Thing” changed for 12 people. Ask the provider for the reason of each"),
        (words(0, 0, change("date", None, extent="few")), "“Thing” changed for fewer than 10 people. Ask the provider"),
        (words(0, 0, change("outcome", None, extent="nearly everybody")), "changed for nearly everybody. Ask"),
        (words(0, 0, change("outcome", 0, 15)), "The outcome “Thing” is not known any more for 15 people. Ask"),
    ],
)
def test_a_sentence_says_what_to_ask_and_no_more_than_may_be_known(said: str, expected: str) -> None:
    assert said.startswith("Since the drop 2026-03-31, ")
    assert expected in said
    assert ("Ask the provider" in said) == ("Ask" in expected)


# --- The demonstration ---------------------------------------------------------


def test_the_demonstration_differs_as_its_generator_does(plain_demo: Workspace) -> None:
    people = next(site.people for site in draw_world().sites if site.truth.site == "northmoor")
    first, second = (known_on(people, day).set_index("case_number") for day in (FIRST_DROP, SECOND_DROP))
    first = with_mistakes(known_on(people, FIRST_DROP), planned_corrections(known_on(people, FIRST_DROP)))
    first = first.set_index("case_number")
    with open_warehouse(plain_demo.site("personal-fund", "northmoor")) as connection:
        result = next(f.result for f in read_findings(connection, ("deliveries",)) if f.id == "difference/cases")
    assert isinstance(result, DifferenceResult)
    both = first.index.intersection(second.index)
    assert (result.people_before, result.people_now, result.both) == (len(first), len(second), len(both))
    assert (result.added, result.vanished) == (len(second.index.difference(both)), len(first.index.difference(both)))
    fields = {
        "start_date": "start",
        "prior_convictions": "priors",
        "age": "age",
        "arm": "arm",
        "stable_housing": "stable",
    }
    told = {change.field: (change.changed, change.filled, change.emptied) for change in result.changes}
    for field, column in fields.items():
        b, n = first.loc[both, column], second.loc[both, column]
        ways = ((b != n) & b.notna() & n.notna(), b.isna() & n.notna(), b.notna() & n.isna())
        assert told[field] == tuple(int(way.sum()) for way in ways), field
    assert (told["start_date"][0], told["prior_convictions"][0]) == (1, 1)
    assert told["eet_6m"] == _counted(first.loc[both], second.loc[both])


def _counted(first: pd.DataFrame, second: pd.DataFrame) -> tuple[int, int, int]:
    """Return how the outcome changed among those whose follow-up was over and who had a group."""
    known = []
    for frame, day in ((first, FIRST_DROP), (second, SECOND_DROP)):
        due = frame["start"] + pd.Timedelta(days=HORIZON_DAYS) <= pd.Timestamp(day)
        known.append(frame["eet_seen"].where(due & frame["arm"].notna() & frame["eet_seen"].isin(["yes", "no"])))
    b, n = known
    ways = ((b != n) & b.notna() & n.notna(), b.isna() & n.notna(), b.notna() & n.isna())
    return tuple(int(way.sum()) for way in ways)  # type: ignore[return-value]
