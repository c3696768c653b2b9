"""What stands in the place of a person's number and is nobody's, and genuine numbers that resemble it."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from pipelines.ingest.pseudonyms import pseudonym
from pipelines.ingest.stand_ins import stand_ins
from pipelines.ingest.unlike_people import words_unlike
from pipelines.warehouse import open_vault
from tests.spec.test_odd_files import PEOPLE, PROTOCOL, Site

NOTES = ["e.g. A123", "n=40", "A998?", '"A12, A13"', "A998 (2)", "see A123", "\u200be.g. A123", "\f# note", "'Total"]
STAND_INS = ["9999999999", "0", "-1", "-99", "00000", "1234567890", "999 999 9999", "TEST01", "'9999999999"]


@pytest.mark.parametrize("word", [*NOTES, *STAND_INS])
def test_notes_and_stand_ins_are_set_aside_and_said(tmp_path: Path, word: str) -> None:
    site = Site(tmp_path)
    site.deliver(f"Case,Age,Housed\n{PEOPLE}{word},38,Y\n{word},39,N\n")
    told = site.publish("cases")
    assert site.rows("SELECT count(*) FROM validated.cases") == [(40,)]
    assert site.rows("SELECT source_row, reasons FROM quarantine.cases ORDER BY 1") == [
        (42, "person_present"),
        (43, "person_present"),
    ]
    (found,) = [check for check in told.checks if check.rule == "person_present"]
    assert not found.passed
    assert not any(one in str(told) for one in ("A123", "n=40", "A998", "A12,", "1234567890", "TEST01"))


@pytest.mark.parametrize("before", ["'", "\u2019", "\f", "\u200b", "\u034f", "\u3164", "\ufe0f", "\x01", "\x7f"])
def test_what_nobody_sees_or_programs_add_is_no_part_of_a_number(before: str) -> None:
    assert pseudonym(b"key", f"{before}A998") == pseudonym(b"key", "a998")


@pytest.mark.parametrize("one", ['"A998"', "'A998'", '="A998"', " 'A998"])
def test_quotes_around_a_number_are_no_part_of_it(one: str) -> None:
    assert pseudonym(b"key", one) == pseudonym(b"key", "A998")


def test_numbers_that_differ_in_the_middle_are_of_two_people() -> None:
    apart = ["A998", "A-998", "A'998", "A 998", "0A998", "A/998", "A998'"]
    assert len({pseudonym(b"key", one) for one in apart}) == len(apart)


def test_an_unusual_number_leaves_every_row_and_name_in_its_place(tmp_path: Path) -> None:
    """The row with the unusual number used to be written first: numbers of rows and names were then other people's."""
    site = Site(tmp_path, PROTOCOL.replace("file: cases.*", "file: cases.*\n    identifiers: {name: Name}"))
    lines = [line.split(",") for line in PEOPLE.splitlines()]
    lines[20][0] = "\u200bA020"
    rows = "".join(f"{person},Ann {n},{age},{housed}\n" for n, (person, age, housed) in enumerate(lines))
    site.deliver(f"Case,Name,Age,Housed\n{rows}")
    site.publish("cases")
    ages = site.rows("SELECT source_row, age FROM validated.cases ORDER BY 1")
    assert ages == [(n + 2, float(age)) for n, (_, age, _) in enumerate(lines)]
    with open_vault(site.site) as vault:
        named = "SELECT person_key, value FROM vault.identifiers WHERE kind = ?"
        people, names = (dict(vault.execute(named, [kind]).fetchall()) for kind in ("person", "name"))
    pairs = [(person, names[key]) for key, person in people.items()]
    assert sorted(pairs) == sorted((person, f"Ann {n}") for n, (person, *_) in enumerate(lines))


NHS = [str(4_000_000_000 + 7_919_317 * n) for n in range(200)]
GENUINE = {
    "a run from nought": [str(n) for n in range(120)],
    "a run past 9999": [str(n) for n in range(9_900, 11_300, 3)] + ["9999", "11111"],
    "a padded run": [f"{n:05}" for n in range(200)],
    "many of four digits": [str(1_000 + 17 * n) for n in range(400)] + ["2222", "5555"],
    "twice in a run": [*(str(n) for n in range(1, 120)), "99"],
    "a lonely small number": [*NHS, "7", "12"],
    "with a slash": [f"N/{12_345 + 61 * n}" for n in range(40)] + ["N12345"],
    "with a dash": [f"A-{n}" for n in range(900, 999)] + ["A998"],
    "uuids": [f"{n:08x}-0000-4000-8000-{n * 7919:012x}" for n in range(40)],
    "in braces": [f"{{{n:08x}-0000}}" for n in range(40)],
    "check letter in brackets": [f"A{n:06}({n % 9})" for n in range(40)],
    "letters set apart": [*(f"AB{n:03}" for n in range(40)), "XY 123", "N 12345"],
    "several parts": [f"MK 2026 {n:03}" for n in range(40)],
    "negative": [f"-{n}" for n in range(1, 60)],
    "too few to tell": ["A1", "A2", "A3", "0", "n=4"],
    "letters and dots": [f"J.S.{n}" for n in range(40)],
    "other letters": [f"Ž{n}" for n in range(40)] + ["ß7"],
    "called test": [f"test{n}" for n in range(40)],
    "typographic dash": [*(f"A-{n}" for n in range(40)), "A\u2013998"],
}


@pytest.mark.parametrize("name", GENUINE)
def test_genuine_numbers_are_somebodys(table: Any, name: str) -> None:
    filled = table(GENUINE[name])
    assert (words_unlike(filled, "t"), stand_ins(filled, "t")) == ((), ())


FOUND = {
    "9999999999": [*NHS, "9999999999"],
    "0": [*NHS, "0"],
    "999": [*(str(n) for n in range(1, 101)), "999"],
    "00000000": [*(f"{n:08}" for n in range(60_000, 70_000, 100)), "00000000"],
    "99": [*(str(n) for n in range(1, 120) if n != 99), "99", "99", "99"],
}


@pytest.mark.parametrize("number", FOUND)
def test_stand_ins_among_digits_are_found(table: Any, number: str) -> None:
    assert stand_ins(table(FOUND[number]), "t") == (number,)
