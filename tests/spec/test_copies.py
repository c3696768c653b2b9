"""From files to published tables: identical rows, withdrawn consent, and a site that is missing."""

from __future__ import annotations

import os
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest

from pipelines import keys
from pipelines.ingest import drops, receive
from pipelines.protocol import load_text
from pipelines.refusal import Refusal
from pipelines.told import Told
from pipelines.validation.publish import publish
from pipelines.warehouse import open_warehouse
from pipelines.workspace import PilotSite, Workspace

PROTOCOL = """\
pilot: first
title: First
question: Does it?
concept: {name: x}
sites: {north: {title: North, codes: [N]}, south: {title: South, codes: [S]}}
population: {description: people}
intervention: {name: x}
covariates: {age: {title: Age}}
limits: {LIMITS}
extracts:
  people: {file: cases.csv, columns: {person: Case, site: Site, age: Age}}
  talks:
    noun: contacts
    file: talks.csv
    columns: {person: Case, site: Site, contact_date: {column: On, format: yyyy-mm-dd}}
  agreed:
    noun: consents
    file: agreed.csv
    columns: {person: Case, site: Site, may_link: Link, may_quote: Link, may_publish: Link}
"""


class Bench:
    """A workspace with one pilot of two sites."""

    def __init__(self, root: Path, limits: str = "{}") -> None:
        self.root, self.protocol = root, load_text(PROTOCOL.replace("{LIMITS}", limits))
        self.drop("cases.csv", ["Case,Site,Age", *(f"c{n},N,{20 + n}" for n in range(40))])
        self.drop("talks.csv", ["Case,Site,On", *(f"c{n},N,2026-01-05" for n in range(40))])
        self.drop("agreed.csv", ["Case,Site,Link", *(f"c{n},N,yes" for n in range(40))])

    def drop(self, name: str, lines: Sequence[str], day: str = "2026-04-01") -> None:
        path = self.root / "pilots" / "first" / "drops" / day / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text("\n".join(lines) + "\n")
        os.utime(path, (time.time() - 60,) * 2)

    def site(self, name: str = "north") -> PilotSite:
        return PilotSite(Workspace(self.root), self.protocol, name)

    def published(self, *nouns: str, site: str = "north") -> Told:
        for noun in nouns:
            receive(self.site(site), noun)
            told = publish(self.site(site), noun)
        return told

    def rows(self, select: str) -> list[tuple[Any, ...]]:
        with open_warehouse(self.site()) as connection:
            return list(connection.execute(select).fetchall())


@pytest.fixture(autouse=True)
def settled(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(drops, "SETTLED_SECONDS", 0.3)
    for purpose in keys.PURPOSES:
        monkeypatch.delenv(f"PILOTLENS_{purpose.upper()}_KEY", raising=False)


def sentence(told: Told, rule: str) -> str:
    return next(result.sentence for result in told.checks if result.rule == rule)


def test_of_rows_that_are_equal_in_everything_the_first_stays(tmp_path: Path) -> None:
    bench = Bench(tmp_path)
    people = [f"c{n},N,{20 + n}" for n in range(40)]
    bench.drop("cases.csv", ["Case,Site,Age", *people, *people[:12], people[0], "c39,N,99"])
    told = bench.published("cases")
    # Person c39 is there twice with two ages: both rows are set aside, as ever.
    assert (
        sentence(told, "identical_copy")
        == "13 of 54 rows (24.1%) are exact copies of another row; one of each is kept."
    )
    assert bench.rows("SELECT count(*), count(DISTINCT person_key), max(source_row) FROM validated.cases") == [
        (39, 39, 40)
    ]
    aside = "SELECT reasons, list(source_row ORDER BY source_row) FROM quarantine.cases GROUP BY 1 ORDER BY 1"
    assert bench.rows(aside) == [
        ("identical_copy", list(range(42, 55))),
        ("person_unique", [41, 55]),
    ]  # fmt: skip
    assert bench.rows("SELECT count(*) FROM duckdb_tables() WHERE schema_name = 'staging'") == [(0,)]


def test_a_file_sent_twice_over_is_read_once_and_not_refused(tmp_path: Path) -> None:
    bench = Bench(tmp_path)
    people = [f"c{n},N,{20 + n}" for n in range(40)]
    bench.drop("cases.csv", ["Case,Site,Age", *people, *people])
    assert not bench.published("cases").refusal
    assert bench.rows("SELECT count(*) FROM validated.cases") == [(40,)]


def test_few_copies_are_not_told_by_their_number(tmp_path: Path) -> None:
    bench = Bench(tmp_path)
    bench.drop("cases.csv", ["Case,Site,Age", *(f"c{n},N,{20 + n}" for n in range(40)), "c3,N,23"])
    told = bench.published("cases")
    assert told.rows is None, "beside the 41 that arrived, the number published would tell how many were copies"
    assert sentence(told, "identical_copy").startswith("Fewer than 10 of 41 rows are exact copies")


def test_two_values_that_cannot_be_read_are_not_the_same(tmp_path: Path) -> None:
    bench = Bench(tmp_path)
    bench.drop("cases.csv", ["Case,Site,Age", *(f"c{n},N,{20 + n}" for n in range(40)), "c50,N,?", "c50,N,??"])
    bench.published("cases")
    assert bench.rows("SELECT DISTINCT reasons FROM quarantine.cases") == [("person_unique, readable",)]


@pytest.mark.parametrize(("limits", "kept"), [("{}", 41), ("{identical_rows: one}", 40)])
def test_of_identical_contacts_all_stay_unless_the_protocol_says_one(tmp_path: Path, limits: str, kept: int) -> None:
    bench = Bench(tmp_path, limits)
    bench.drop("talks.csv", ["Case,Site,On", *(f"c{n},N,2026-01-05" for n in range(40)), "c3,N,2026-01-05"])
    told = bench.published("cases", "contacts")
    assert bench.rows("SELECT count(*) FROM validated.contacts") == [(kept,)]
    assert sentence(told, "identical_rows").startswith("Fewer than 10 of 41" if kept == 41 else "No two contacts")


def test_contacts_of_who_has_not_consented_are_set_aside_and_the_person_stays(tmp_path: Path) -> None:
    bench = Bench(tmp_path, "{consent_before_linking: true}")
    bench.drop("agreed.csv", ["Case,Site,Link", *(f"c{n},N,{'yes' if n < 10 else 'no'}" for n in range(39))])
    told = bench.published("cases", "consents", "contacts")
    assert not told.refusal
    assert bench.rows("SELECT count(*) FROM validated.cases") == [(40,)]
    assert bench.rows("SELECT count(*) FROM validated.contacts") == [(10,)]
    assert bench.rows("SELECT reasons, count(*) FROM quarantine.contacts GROUP BY 1") == [("consent_present", 30)]


def test_nothing_is_linked_before_the_consents_of_the_drop_are_published(tmp_path: Path) -> None:
    bench = Bench(tmp_path, "{consent_before_linking: true}")
    with pytest.raises(Refusal, match="The consents of this drop have not been published"):
        bench.published("cases", "contacts")
    bench.published("consents", "contacts")
    for name in ("cases.csv", "talks.csv"):
        folder = bench.root / "pilots" / "first" / "drops"
        bench.drop(name, (folder / "2026-04-01" / name).read_text().splitlines(), "2026-05-01")
    bench.drop("agreed.csv", ["Case,Site,Link", *(f"c{n},N,no" for n in range(40))], "2026-05-01")
    bench.published("cases")
    receive(bench.site(), "consents")
    with pytest.raises(Refusal, match="The consents of this drop have not been published"):
        bench.published("contacts")
    assert bench.rows("SELECT count(*) FROM validated.contacts") == [(40,)], "the earlier results stand"


def test_a_site_of_the_protocol_that_is_not_in_the_drop_is_refused_by_name_of_what_is_missing(tmp_path: Path) -> None:
    told = Bench(tmp_path).published("cases", site="south")
    assert told.refusal.startswith("Refused: The drop has nobody for this site.")
