"""What stands depends on the drops alone: not on the order in which they came, nor on when somebody looked."""

from __future__ import annotations

import os
import shutil
import tempfile
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from pipelines.ingest import receive
from pipelines.protocol import load_text
from pipelines.warehouse import open_warehouse
from pipelines.workspace import PilotSite, Workspace

PROTOCOL = load_text(
    """\
pilot: first
title: First
question: Does it?
concept: {name: x}
sites:
  north: {title: North, codes: [N]}
  south: {title: South, codes: [S]}
population: {description: people}
intervention: {name: x}
extracts:
  people:
    noun: cases
    file: cases.csv
    columns: {person: ID, site: Site, start_date: Start}
  talks:
    noun: contacts
    file: contacts*.csv
    optional: true
    delivery: increments
    columns: {person: ID, site: Site, contact_date: On, kind: Kind}
  agreed:
    noun: consents
    file: consents.csv
    optional: true
    delivery: increments
    columns: {person: ID, site: Site, may_quote: Quote, may_publish: Publish}
"""
)
NOUNS = ("cases", "contacts", "consents")
PEOPLE = st.integers(1, 6)
SITES = st.sampled_from("NS")
CASES = st.lists(st.tuples(PEOPLE, SITES, st.integers(1, 28)), max_size=6)
CONTACTS = st.none() | st.lists(st.tuples(PEOPLE, SITES, st.integers(1, 3), st.sampled_from("ab")), max_size=6)
CONSENTS = st.none() | st.lists(st.tuples(PEOPLE, SITES, st.sampled_from("yn"), st.sampled_from("yn")), max_size=4)
DROPS = st.lists(st.tuples(CASES, CONTACTS, CONSENTS), min_size=1, max_size=4)

Content = tuple[
    list[tuple[int, str, int]], list[tuple[int, str, int, str]] | None, list[tuple[int, str, str, str]] | None
]


@contextmanager
def workspace() -> Iterator[Workspace]:
    """Give a workspace whose pseudonyms are those of all others here."""
    root = Path(tempfile.mkdtemp())
    try:
        yield Workspace(root)
    finally:
        shutil.rmtree(root)


@pytest.fixture(autouse=True, scope="module")
def same_pseudonyms() -> Iterator[None]:
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("PILOTLENS_PSEUDONYM_KEY", "for tests only")
        yield


def write(place: Workspace, number: int, content: Content) -> None:
    """Put a drop into a workspace; it has been there for a while."""
    folder = place.pilot_folder("first") / "drops" / name(number)
    folder.mkdir(parents=True)
    cases, contacts, consents = content
    files = {"cases.csv": ["ID,Site,Start", *(f"{p},{s},2026-01-{d:02}" for p, s, d in cases)]}
    if contacts is not None:
        files["contacts.csv"] = ["ID,Site,On,Kind", *(f"{p},{s},2026-02-0{d},{k}" for p, s, d, k in contacts)]
    if consents is not None:
        files["consents.csv"] = ["ID,Site,Quote,Publish", *(f"{p},{s},{q},{r}" for p, s, q, r in consents)]
    for file, lines in files.items():
        (folder / file).write_text("\n".join([*lines, ""]))
        os.utime(folder / file, (time.time() - 60,) * 2)


def name(number: int) -> str:
    return f"2026-{number + 1:02}-28"


def state(place: Workspace) -> dict[str, list[tuple[object, ...]]]:
    """Return what counts in one site, row by row."""
    site = PilotSite(place, PROTOCOL, "north")
    for noun in NOUNS:
        receive(site, noun)
    with open_warehouse(site) as connection:
        return {noun: connection.execute(f"SELECT * FROM raw.{noun} ORDER BY ALL").fetchall() for noun in NOUNS}


SLOW = settings(
    max_examples=8, deadline=None, suppress_health_check=list(HealthCheck), phases=[Phase.explicit, Phase.generate]
)


@SLOW
@given(DROPS, st.randoms(use_true_random=False))
def test_any_order_of_arrival_gives_the_same_state(contents: Sequence[Content], chance: object) -> None:
    order = list(range(len(contents)))
    with workspace() as together, workspace() as in_turn:
        for number in order:
            write(together, number, contents[number])
        chance.shuffle(order)  # type: ignore[attr-defined]
        for number in order:
            write(in_turn, number, contents[number])
            last = state(in_turn)
        assert last == state(together)
        assert state(in_turn) == last


@SLOW
@given(DROPS)
def test_looking_at_a_drop_shows_what_stood_when_it_was_the_newest(contents: Sequence[Content]) -> None:
    with workspace() as place:
        stood = []
        for number, content in enumerate(contents):
            write(place, number, content)
            stood.append(state(place))
        for number, then in enumerate(stood):
            assert state(Workspace(place.root, as_of=name(number))) == then


def folded(contents: Sequence[Content]) -> dict[str, list[tuple[object, ...]]]:
    """Say independently what counts of increments in the site north: contacts as often as in any one drop.

    What is said of a person's consent in the south only takes the place of what was said in the north.
    """
    contacts: dict[tuple[object, ...], int] = {}
    consents: dict[int, list[tuple[object, ...]]] = {}
    for _, talks, agreed in contents:
        mine = [talk for talk in talks or [] if talk[1] == "N"]
        for talk in mine:
            contacts[talk] = max(contacts.get(talk, 0), mine.count(talk))
        ours = [one for one in agreed or [] if one[1] == "N"]
        consents |= {person: [one for one in ours if one[0] == person] for person, *_ in agreed or []}
    return {
        "contacts": sorted((f"2026-02-0{d}", k) for (_, _, d, k), n in contacts.items() for _ in range(n)),
        "consents": sorted((q, r) for rows in consents.values() for _, _, q, r in rows),
    }


@SLOW
@given(DROPS)
def test_increments_are_neither_lost_nor_doubled(contents: Sequence[Content]) -> None:
    with workspace() as place:
        for number, content in enumerate(contents):
            write(place, number, content)
        found = state(place)
        site = PilotSite(place, PROTOCOL, "north")
        with open_warehouse(site) as connection:
            contacts = connection.execute("SELECT contact_date, kind FROM raw.contacts ORDER BY ALL").fetchall()
            consents = connection.execute("SELECT may_quote, may_publish FROM raw.consents ORDER BY ALL").fetchall()
        assert {"contacts": contacts, "consents": consents} == folded(contents)
        newest = [one for one in contents[-1][0] if one[1] == "N"]
        assert len(found["cases"]) == len(newest)
