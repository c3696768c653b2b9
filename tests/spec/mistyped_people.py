"""Invented people and what two files make of them: typing errors, moves and blanks, with the truth known."""

from __future__ import annotations

import csv
import datetime as dt
import os
import random
import time
from dataclasses import dataclass
from pathlib import Path

from ruamel.yaml import YAML

from pipelines.protocol import Protocol
from pipelines.workspace import PilotSite, Workspace

PROTOCOL = """\
pilot: first
title: First
question: Does it?
concept: {name: x}
sites: {north: {title: North, codes: [N]}, south: {title: South, codes: [S]}}
population: {description: people}
intervention: {name: x}
outcomes:
  housed: {title: were housed, type: binary, tier: primary, better: higher, value: housed, due_after_days: 30}
extracts:
  people:
    noun: cases
    file: cases.csv
    columns: {person: Case, site: Site, start_date: Started, housed: Housed}
    identifiers: {given: Given, surname: Surname, born: Born, postcode: Postcode}
  talks:
    noun: contacts
    file: contacts.csv
    columns: {site: Site, contact_date: On, kind: Kind}
    identifiers: {given: First name, surname: Last name, born: DOB, postcode: Post code}
    link:
      on: {given: name, surname: name, born: date_of_birth, postcode: postcode}
"""
CASES = ("Case", "Site", "Started", "Housed", "Given", "Surname", "Born", "Postcode")
CONTACTS = ("Site", "On", "Kind", "First name", "Last name", "DOB", "Post code")
SOUNDS = ("ba", "ren", "mo", "lin", "ka", "der", "wes", "tor", "hal", "ny", "si", "gra", "pol", "ven", "ru", "ches")
SHARED_WITH = "abcdefghijklmnopqrstuvwxyz"


@dataclass(frozen=True)
class Somebody:
    given: str
    surname: str
    born: dt.date
    postcode: str


def _name(draw: random.Random, pool: int, syllables: int) -> str:
    """Return one of a pool of names, the first ones more often than the last."""
    rank = int(pool * draw.random() ** 2.5)
    own = random.Random(f"{syllables}-{rank}")
    return "".join(own.choice(SOUNDS) for _ in range(syllables)).title()


def somebody(draw: random.Random) -> Somebody:
    born = dt.date(1950, 1, 1) + dt.timedelta(days=draw.randrange(20_000))
    district = f"N{draw.randrange(1, 30)}"
    letters = "".join(draw.choice("ABDEFGHJLNPQRSTUWXYZ") for _ in range(2))
    return Somebody(_name(draw, 400, 2), _name(draw, 4000, 3), born, f"{district} {draw.randrange(1, 10)}{letters}")


def _slip(draw: random.Random, word: str) -> str:
    at = draw.randrange(len(word))
    how = draw.randrange(3)
    letter = draw.choice("0123456789" if word[at].isdigit() else SHARED_WITH)
    return word[:at] + (letter + word[at + 1 :], word[at + 1 :], letter + word[at:])[how]


def mistyped(draw: random.Random, one: Somebody, rate: float = 0.08) -> tuple[str, str, str, str]:
    """Return given name, surname, date of birth and postcode as another office typed them."""
    born = f"{one.born:%d/%m/%Y}"
    if draw.random() < rate / 2 and one.born.day <= 12:
        born = f"{one.born:%m/%d/%Y}"
    elif draw.random() < rate / 2:
        born = f"{dt.date(one.born.year + 1, one.born.month, min(one.born.day, 28)):%d/%m/%Y}"
    moved = somebody(draw).postcode if draw.random() < rate else one.postcode
    postcode = _slip(draw, moved) if draw.random() < rate / 2 else moved
    names = [_slip(draw, name) if draw.random() < rate else name for name in (one.given, one.surname)]
    found = [*(name.upper() if draw.random() < 0.3 else name for name in names), born, postcode.replace(" ", "")]
    return tuple("" if draw.random() < rate / 4 else value for value in found)  # type: ignore[return-value]


def crowd(seed: int, people: int, strangers: int) -> tuple[list[Somebody], list[Somebody]]:
    """Return people of the case file, and people of nobody's."""
    draw = random.Random(seed)
    return [somebody(draw) for _ in range(people)], [somebody(draw) for _ in range(strangers)]


def case_row(number: int, one: Somebody) -> tuple[str, ...]:
    born = f"{one.born:%Y-%m-%d}"
    return (f"C{number:06}", "N", "2026-01-05", "yes", one.given, one.surname, born, one.postcode)


def contact_row(values: tuple[str, str, str, str], kind: str) -> tuple[str, ...]:
    """Return a contact; a test finds in its kind whose it truly is."""
    return ("N", "2026-02-01", kind, *values)


def deliver(root: Path, cases: list[tuple[str, ...]], contacts: list[tuple[str, ...]], day: str = "2026-04-01") -> None:
    """Write a drop, as if it had come an hour ago."""
    folder = root / "pilots" / "first" / "drops" / day
    folder.mkdir(parents=True)
    for name, head, rows in (("cases", CASES, cases), ("contacts", CONTACTS, contacts)):
        path = folder / f"{name}.csv"
        with path.open("w", encoding="utf-8", newline="") as file:
            csv.writer(file).writerows([head, *rows])
        os.utime(path, (time.time() - 3600, time.time() - 3600))


def site(root: Path, protocol: str = PROTOCOL) -> PilotSite:
    return PilotSite(Workspace(root), Protocol.model_validate(YAML(typ="safe").load(protocol)), "north")
