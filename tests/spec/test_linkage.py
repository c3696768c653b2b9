"""Who is found in which file: small files in, counts out; who was lost; and one number that may be two people."""

from __future__ import annotations

from pathlib import Path

import pytest

from pipelines.findings.models import LinkageResult
from pipelines.findings.received_words import linkage_words
from tests.spec.two_drops import Files, found, linked, person

PEOPLE = [person(n, age="30" if n <= 30 else "50") for n in range(1, 41)]


def consents(*numbers: int) -> list[str]:
    return [f"C{n:03},N,Y,Y" for n in numbers]


def counts(result: LinkageResult) -> tuple[int | None, ...]:
    return result.people, result.linked, result.without, result.strangers, result.stranger_rows


@pytest.mark.parametrize(
    ("files", "key", "expected"),
    [
        ({"consents": consents(*range(1, 31))}, "consents", (40, 30, 10, 0, 0)),
        ({"consents": consents(*range(1, 31), 99, 98)}, "consents", (40, 30, 10, 2, 2)),
        ({"contacts": ["C001,N,2026-02-01"] * 3 + ["C099,N,2026-02-01"] * 2}, "contacts", (40, 1, 39, 1, 2)),
        ({"contacts": ["c001 ,N,2026-02-01", ",N,2026-02-01"]}, "contacts", (40, 1, 39, 0, 1)),
        ({"review": [f"C{n:03},N,01/03/2026" for n in range(11, 43)]}, "cases/review", (40, 30, 10, 2, 2)),
    ],
    ids=["lost", "strangers", "many rows", "nameless", "completing"],
)
def test_people_of_the_case_file_are_found_in_other_files(
    files: Files, key: str, expected: tuple[int, ...], tmp_path: Path
) -> None:
    assert counts(linked(found(tmp_path, {"cases": PEOPLE, **files}), key)) == expected


def test_a_file_that_did_not_come_is_not_linked(tmp_path: Path) -> None:
    found_ids = [key for key in found(tmp_path, {"cases": PEOPLE}) if key.startswith("linkage/")]
    assert found_ids == ["linkage/cases", "linkage/outcomes/housed"]


def test_who_has_no_group_is_in_no_comparison_and_no_linkage(tmp_path: Path) -> None:
    files = {"cases": [*PEOPLE, person(41, arm="")], "consents": consents(*range(1, 42))}
    assert counts(linked(found(tmp_path, files), "consents")) == (40, 40, 0, 0, 0)


def test_who_was_lost_stands_beside_who_was_found(tmp_path: Path) -> None:
    """Everybody with a consent is 30, everybody without is 50; the groups are alike."""
    findings = found(tmp_path, {"cases": PEOPLE, "consents": consents(*range(1, 31))})
    result = linked(findings, "consents")
    rows = {(row.covariate, row.level): row for row in result.groups}
    age = rows["age", None]
    assert [(arm.n, arm.average, arm.spread) for arm in age.arms.values()] == [(30, 30, 0), (10, 50, 0)]
    assert age.light == "red"
    arm = rows["arm", "treatment"]
    assert [(one.events, one.average) for one in arm.arms.values()] == [(15, 0.5), (5, 0.5)]
    assert (arm.title, arm.difference, arm.light) == ("Group: Offered", 0, "green")
    assert "differ from the others by 0.1 standard deviations or more in: Age." in findings["linkage/consents"].sentence


def test_outcomes_that_are_not_known_are_lost_people(tmp_path: Path) -> None:
    """Whose follow-up is not over is neither lost nor found."""
    people = [person(n, housed="" if n <= 12 else "Y") for n in range(1, 41)]
    people += [person(41, started="25/06/2026", housed="")]
    early = found(tmp_path, {"cases": people, "consents": consents(*range(1, 42))})
    assert counts(linked(early, "outcomes/housed")) == (40, 28, 12, 0, 0)


def test_a_person_with_two_dates_of_birth_under_one_number_is_counted_in_the_vault(tmp_path: Path) -> None:
    """Two rows of one person are set aside; how differently their name is written in letters' case does not matter."""
    cases = [*PEOPLE, person(1, born="17/05/1971", name="NAME 1"), person(2, name="Somebody Else")]
    findings = found(tmp_path, {"cases": cases})
    assert linked(findings, "cases").several == {"date_of_birth": 1, "full_name": 1}
    assert "1 person has more than one date of birth under one number" in findings["linkage/cases"].sentence
    assert "1971" not in findings["linkage/cases"].model_dump_json()


def result(**changes: object) -> LinkageResult:
    given = {"noun": "consents", "title": "Consents", "expected": True, "people": 100, "linked": 88, "without": 12}
    return LinkageResult.model_validate({**given, **changes})


@pytest.mark.parametrize(
    ("told", "expected"),
    [
        (result(), "Consents: of 100 people, 88 are found there, 12 are not."),
        (
            result(linked=None, without=None),
            "Consents: how many people of the case file are not found there may not be shown.",
        ),
        (
            result(linked=None, without=None, extent="few are missing"),
            "Consents: of 100 people, fewer than 10 are not found there.",
        ),
        (
            result(strangers=None, stranger_rows=None),
            "Consents: of 100 people, 88 are found there, 12 are not. "
            "Fewer than 10 people there stand in no case file of this site: check for mistyped numbers.",
        ),
        (result(noun="outcomes", title="X"), "X: of 100 people, 88 have a known outcome, 12 do not."),
        (
            result(noun="cases", several={"full_name": None}),
            "Fewer than 10 people have more than one full name under one number: "
            "ask whether the number stands for two people.",
        ),
    ],
)  # fmt: skip
def test_a_sentence_says_who_is_found_and_what_to_check(told: LinkageResult, expected: str) -> None:
    assert linkage_words(told, 10) == expected
