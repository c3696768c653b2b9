"""What differs between two drops: two files in, counts and sentences out; and the demonstration against its truth."""

from __future__ import annotations

from pathlib import Path

import pandas as pd
import pytest

from pipelines.demo.drops import known_on, planned_corrections, with_mistakes
from pipelines.demo.truths import FIRST_DROP, HORIZON_DAYS, SECOND_DROP
from pipelines.demo.world import draw_world
from pipelines.findings.models import DifferenceResult, FieldChange
from pipelines.findings.received_words import difference_words
from pipelines.findings.store import read_findings
from pipelines.warehouse import open_warehouse
from pipelines.workspace import Workspace
from tests.spec.two_drops import PROTOCOL, differs, found, person

FIRST = [person(n) for n in range(1, 41)]


def changed(before: str, now: str, tmp_path: Path) -> tuple[DifferenceResult, dict[str, tuple[int, int, int]]]:
    """Return the difference, and the fields that changed, where one person's row was another one before."""
    result = differs(found(tmp_path, {"cases": [before, *FIRST[1:]]}, {"cases": [now, *FIRST[1:]]}))
    ways = {change.field: (change.changed, change.filled, change.emptied) for change in result.changes}
    return result, {field: way for field, way in ways.items() if way != (0, 0, 0)}  # type: ignore[misc]


@pytest.mark.parametrize(
    ("before", "now", "expected"),
    [
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
        ({"started": "20/03/2026", "housed": "Y"}, {"started": "20/03/2026", "housed": "N"}, {"housed": (0, 1, 0)}),
    ],
    ids=str,
)
def test_a_change_is_another_typed_value_of_a_person_in_both(
    before: dict[str, str], now: dict[str, str], expected: dict[str, tuple[int, int, int]], tmp_path: Path
) -> None:
    """In the last line nobody counted the outcome before: follow-up was not over."""
    result, fields = changed(person(1, **before), person(1, **now), tmp_path)
    assert fields == expected
    assert (result.both, result.added, result.vanished, result.several) == (40, 0, 0, 0)


def test_people_are_added_and_vanish_and_rows_of_other_files_are_counted(tmp_path: Path) -> None:
    talks = [f"C{n:03},N,2026-02-01" for n in (3, 3, 4)]
    findings = found(
        tmp_path,
        {"cases": FIRST, "contacts": talks},
        {"cases": [*FIRST[2:], *(person(n) for n in range(41, 46))], "contacts": [*talks, "C005,N,2026-05-01"]},
    )
    result = differs(findings)
    assert (result.people_before, result.people_now, result.both, result.added, result.vanished) == (40, 43, 38, 5, 2)
    assert (result.earlier, result.newest) == ("2026-04-01", "2026-07-01")
    assert result.smallest_before == 20
    assert "5 people were added and 2 vanished. Ask the provider why" in findings["difference/cases"].sentence
    contacts = differs(findings, "contacts")
    assert (contacts.rows_before, contacts.rows_now, contacts.people_before, contacts.people_now) == (3, 4, 2, 3)


def test_who_has_two_rows_is_counted_apart_and_compared_with_nobody(tmp_path: Path) -> None:
    twice = [*FIRST, person(1, age="77")]
    result = differs(found(tmp_path, {"cases": FIRST}, {"cases": twice}))
    assert (result.several, result.both, result.added, result.vanished) == (1, 40, 0, 0)
    assert (result.rows_now, result.people_now) == (41, 40)
    assert all(change.changed == 0 for change in result.changes)


def test_rows_that_a_rule_sets_aside_have_not_vanished(tmp_path: Path) -> None:
    result, fields = changed(person(1), person(1, age="many"), tmp_path)
    assert (result.vanished, fields) == (0, {"age": (0, 0, 1)})


def test_who_is_also_in_another_site_is_told(tmp_path: Path) -> None:
    moved = [*FIRST, person(1, site="S"), person(90, site="S")]
    findings = found(tmp_path, {"cases": FIRST}, {"cases": moved})
    assert differs(findings).elsewhere == 1
    assert "1 person is also in the case file of another site." in findings["difference/cases"].sentence


def test_who_moved_to_another_site_or_came_from_one_is_told(tmp_path: Path) -> None:
    increments = PROTOCOL.replace("    file: cases.csv\n", "    file: cases.csv\n    delivery: increments\n")
    drops = ({"cases": [*FIRST, person(90, site="S")]}, {"cases": [person(1, site="S"), person(90)]})
    findings = found(tmp_path, *drops, protocol=increments)
    result = differs(findings)
    assert (result.added, result.vanished, result.moved_in, result.moved_out, result.elsewhere) == (1, 1, 1, 1, 0)
    sentence = findings["difference/cases"].sentence
    assert "Of those added, 1 came from another site of the pilot." in sentence
    assert "Of those who vanished, 1 stands in another site of the pilot now." in sentence
    assert "does not go away" not in sentence


def test_a_first_drop_differs_from_nothing(tmp_path: Path) -> None:
    assert not [key for key in found(tmp_path, {"cases": FIRST}) if key.startswith("difference/")]


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
