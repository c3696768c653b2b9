"""Which deliveries count, by example: late, corrected, doubled, withdrawn and vanished drops, and files read once."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import time
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import pytest

from pipelines import ledger
from pipelines.ingest import receive, storing
from pipelines.ingest.standing import standing
from pipelines.ingest.store import draft_file
from pipelines.protocol import load_text
from pipelines.refusal import Refusal
from pipelines.validation.publish import publish
from pipelines.warehouse import open_vault, open_warehouse
from pipelines.withdrawal import withdraw
from pipelines.workspace import PilotSite, Workspace

PROTOCOL = """\
pilot: first
title: First
question: Does it?
concept: {name: x}
sites:
  north: {title: North, codes: [N]}
  south: {title: South, codes: [S]}
population: {description: people}
intervention: {name: x}
outcomes:
  housed: {title: were housed, type: binary, better: higher, value: housed}
extracts:
  people:
    noun: cases
    file: cases.csv
    columns: {person: ID, site: Site, start_date: Start}
    identifiers: {name: Name}
  results:
    noun: cases
    completes: people
    file: results.csv
    optional: true
    columns: {person: ID, site: Site, housed: Housed}
  talks:
    noun: contacts
    file: contacts.csv
    optional: true
    columns: {person: ID, site: Site, contact_date: On}
"""
HEAD = "ID,Site,Name,Start"


@dataclass
class Pilot:
    """A workspace with one pilot."""

    root: Path
    protocol: str = PROTOCOL

    @property
    def workspace(self) -> Workspace:
        return Workspace(self.root)

    def site(self, name: str = "north", as_of: str = "") -> PilotSite:
        return PilotSite(replace(self.workspace, as_of=as_of), load_text(self.protocol), name)

    def drop(self, day: str, **files: list[str]) -> Path:
        folder = self.workspace.pilot_folder("first") / "drops" / day
        folder.mkdir(parents=True, exist_ok=True)
        for name, lines in files.items():
            path = folder / f"{name}.csv"
            path.write_text("\n".join([*lines, ""]))
            os.utime(path, (time.time() - 60,) * 2)
        return folder

    def people(self, day: str, *rows: str) -> Path:
        return self.drop(
            day, cases=[HEAD, *(f"{row.split(',')[0]},{row.split(',')[1]},Zeb,{row.split(',')[2]}" for row in rows)]
        )

    def rows(self, select: str, as_of: str = "", noun: str = "cases") -> list[tuple[Any, ...]]:
        site = self.site(as_of=as_of)
        receive(site, noun)
        with open_warehouse(site) as connection:
            return list(connection.execute(select).fetchall())

    def starts(self, as_of: str = "") -> list[Any]:
        return [day for (day,) in self.rows("SELECT start_date FROM raw.cases ORDER BY 1", as_of)]

    def told(self, kind: str) -> list[Any]:
        return [entry.facts for entry in ledger.entries(self.workspace.ledger("first")) if entry.kind == kind]


@pytest.fixture
def pilot(tmp_path: Path) -> Pilot:
    return Pilot(tmp_path / "workspace")


def test_a_late_drop_changes_what_stood_then_and_not_what_stands(pilot: Pilot) -> None:
    pilot.people("2026-01-31", "1,N,1 May")
    pilot.people("2026-03-31", "1,N,3 May")
    assert pilot.starts() == ["3 May"]
    pilot.people("2026-02-28", "1,N,2 May")
    assert pilot.starts() == ["3 May"]
    assert pilot.starts("2026-02-28") == ["2 May"]
    assert pilot.starts("2026-01-31") == ["1 May"]
    assert [facts["drop"] for facts in pilot.told("drop_arrived")] == ["2026-01-31", "2026-03-31", "2026-02-28"]


def test_a_corrected_drop_in_the_same_folder_counts_and_the_old_one_can_be_seen(pilot: Pilot) -> None:
    pilot.people("2026-01-31", "1,N,1 May")
    assert pilot.starts() == ["1 May"]
    was = pilot.told("drop_arrived")[0]["sha256"]
    pilot.people("2026-01-31", "1,N,9 May")
    assert pilot.starts() == ["9 May"]
    assert pilot.starts("2026-01-31") == ["9 May"]
    assert pilot.starts(was[:12]) == ["1 May"]
    assert len(pilot.told("drop_arrived")) == 2


def test_a_content_that_comes_back_is_the_last_word_on_its_drop(pilot: Pilot) -> None:
    for day in ("1 May", "9 May", "1 May"):
        folder = pilot.people("2026-01-31", f"1,N,{day}")
        assert pilot.starts() == [day]
    shutil.rmtree(folder)
    pilot.people("2025-12-31", "1,N,7 May")
    assert pilot.starts() == ["1 May"]
    assert len(pilot.told("drop_arrived")) == 4


def test_the_same_bytes_under_another_name_are_no_new_state(pilot: Pilot) -> None:
    folder = pilot.people("2026-01-31", "1,N,1 May")
    before = standing(pilot.site())
    shutil.copytree(folder, folder.with_name("2026-02-28"))
    assert standing(pilot.site()).sha256 == before.sha256
    pilot.people("2026-03-31", "1,N,2 May")
    shutil.copytree(folder, folder.with_name("2026-04-30"))
    assert [one.name for one in standing(pilot.site()).drops] == ["2026-01-31", "2026-03-31", "2026-04-30"]
    assert pilot.starts() == ["1 May"]


def test_a_folder_that_is_gone_still_counts_until_it_is_withdrawn(pilot: Pilot) -> None:
    pilot.people("2026-01-31", "1,N,1 May")
    folder = pilot.people("2026-02-28", "1,N,2 May")
    assert pilot.starts() == ["2 May"]
    shutil.rmtree(folder)
    assert pilot.starts() == ["2 May"]
    withdraw(pilot.workspace, "first", "2026-02-28", "sent in error", "tests")
    assert pilot.starts() == ["1 May"]


def test_a_folder_that_is_gone_and_was_never_read_as_the_protocol_now_says_is_named(pilot: Pilot) -> None:
    pilot.people("2026-01-31", "1,N,1 May")
    folder = pilot.people("2026-02-28", "1,N,2 May")
    pilot.starts()
    shutil.rmtree(folder)
    pilot.protocol = PROTOCOL.replace("start_date: Start", "referral_date: Start")
    with pytest.raises(Refusal, match=r"cases.csv is no longer in its drop"):
        pilot.starts()


def test_an_unknown_drop_is_named_with_the_known_ones(pilot: Pilot) -> None:
    pilot.people("2026-01-31", "1,N,1 May")
    with pytest.raises(Refusal, match=r"has no drop 2026-01-30. Did you mean"):
        pilot.starts("2026-01-30")


def test_a_file_of_many_sites_is_read_once(pilot: Pilot, monkeypatch: pytest.MonkeyPatch) -> None:
    pilot.people("2026-01-31", "1,N,1 May", "2,S,2 May", "3,N,3 May", "4,S,4 May")
    opened: list[str] = []
    real = storing.open_rows
    monkeypatch.setattr(storing, "open_rows", lambda *given: opened.append(given[1].name) or real(*given))
    for name in ("north", "south", "north"):
        receive(pilot.site(name), "cases")
    pilot.people("2026-02-28", "1,N,1 May", "2,S,2 May", "3,N,3 May", "4,S,5 May")
    for name in ("north", "south"):
        receive(pilot.site(name), "cases")
    assert opened == ["cases.csv", "cases.csv"]
    with open_warehouse(pilot.site("south")) as connection:
        found = connection.execute("SELECT source_row, start_date FROM raw.cases ORDER BY 1").fetchall()
    assert found == [(3, "2 May"), (5, "5 May")]
    with open_vault(pilot.site("south")) as vault:
        query = "SELECT value FROM vault.identifiers WHERE kind = 'person' ORDER BY 1"
        assert vault.execute(query).fetchall() == [("2",), ("4",)]


def test_people_of_two_sites_are_known_in_both(pilot: Pilot) -> None:
    pilot.people("2026-01-31", "1,N,1 May", "1,S,2 May", "3,N,3 May", "4,S,4 May")
    for name, other in (("north", "south"), ("south", "north")):
        site = pilot.site(name)
        receive(site, "cases")
        with open_warehouse(site) as connection:
            query = (
                "SELECT e.site, count(c.person_key) FROM raw.elsewhere e JOIN raw.cases c USING (person_key) GROUP BY 1"
            )
            assert connection.execute(query).fetchall() == [(other, 1)]


def test_further_fields_are_joined_by_the_person(pilot: Pilot) -> None:
    pilot.people("2026-01-31", "1,N,1 May", "2,N,2 May", "3,S,3 May")
    pilot.drop("2026-01-31", results=["ID,Site,Housed", "1,N,yes", "1,N,yes", "9,N,no", "3,S,no"])
    assert pilot.rows("SELECT start_date, housed FROM raw.cases ORDER BY 1") == [("1 May", "yes"), ("2 May", None)]
    assert pilot.rows("SELECT extract, count(*) FROM raw.completing GROUP BY 1") == [("results", 2)]


def test_a_file_that_completes_another_may_have_no_rows_of_a_site(pilot: Pilot) -> None:
    pilot.people("2026-01-31", "1,N,1 May", "3,S,3 May", "4,S,4 May")
    pilot.drop("2026-01-31", results=["ID,Site,Housed", "3,S,no", "4,S,yes"])
    assert pilot.rows("SELECT start_date, housed FROM raw.cases") == [("1 May", None)]
    assert pilot.rows("FROM raw.unplaced") == []


def test_two_rows_of_a_person_that_differ_complete_nothing(pilot: Pilot) -> None:
    pilot.people("2026-01-31", "1,N,1 May")
    pilot.drop("2026-01-31", results=["ID,Site,Housed", "1,N,yes", "2,N,no", "1,N,no"])
    with pytest.raises(Refusal, match=r"results.csv, rows 2, 4: a person has several rows that differ"):
        pilot.starts()


def test_what_an_optional_file_said_earlier_still_stands(pilot: Pilot) -> None:
    pilot.people("2026-01-31", "1,N,1 May")
    pilot.drop("2026-01-31", contacts=["ID,Site,On", "1,N,2026-01-02"])
    pilot.people("2026-02-28", "1,N,2 May")
    assert pilot.rows("SELECT contact_date, drop_id FROM raw.contacts", noun="contacts") == [
        ("2026-01-02", "2026-01-31")
    ]
    assert "Those of 2026-01-31 still stand" in receive(pilot.site(), "contacts").sentence


def test_the_ledger_tells_how_files_were_read_and_a_second_run_adds_nothing(pilot: Pilot) -> None:
    pilot.people("2026-01-31", "1,N,1 May", "2,S,2 May")
    pilot.starts()
    told = pilot.told("file_read")
    assert [(one["file"], one["rows"], one["read_as"]["delimiter"]) for one in told] == [("cases.csv", 2, ",")]
    lines = pilot.workspace.ledger("first").read_bytes()
    pilot.starts()
    assert pilot.workspace.ledger("first").read_bytes() == lines
    pilot.starts("2026-01-31")
    assert pilot.workspace.ledger("first").read_bytes() == lines


def test_a_refusal_is_in_the_ledger(pilot: Pilot) -> None:
    pilot.drop("2026-01-31", cases=["ID,Site,Start", "1,N,1 May"])
    with pytest.raises(Refusal):
        pilot.starts()
    assert [(one["site"], one["noun"]) for one in pilot.told("rows_refused")] == [("north", "cases")]
    assert 'the column "Name" is missing' in pilot.told("rows_refused")[0]["why"]


def test_rows_as_they_stood_before_are_beside_those_that_stand(pilot: Pilot) -> None:
    pilot.people("2026-01-31", "1,N,1 May")
    assert pilot.rows("SELECT count(*) FROM raw.before") == [(0,)]
    pilot.people("2026-02-28", "1,N,2 May", "2,N,3 May")
    assert pilot.rows("SELECT start_date FROM raw.cases_before") == [("1 May",)]
    assert pilot.rows("SELECT * FROM raw.before") == [("cases", "2026-01-31")]
    history = "SELECT drop_id, rows, people FROM raw.history ORDER BY 1"
    assert pilot.rows(history) == [("2026-01-31", 1, 1), ("2026-02-28", 2, 2)]


INCREMENTS = PROTOCOL.replace(
    "    optional: true\n    columns: {person: ID, site: Site, contact_date: On}",
    "    optional: true\n    delivery: increments\n"
    "    columns: {person: ID, site: Site, contact_date: On, minutes: Min}",
)


@pytest.mark.parametrize(("key", "minutes"), [("", "30.0"), ("    key: [person, contact_date]\n", "45")])
def test_another_spelling_of_a_record_is_no_other_record(pilot: Pilot, key: str, minutes: str) -> None:
    pilot.protocol = INCREMENTS.replace("    delivery: increments\n", f"    delivery: increments\n{key}")
    pilot.people("2026-01-31", "1,N,1 May")
    pilot.drop("2026-01-31", contacts=["ID,Site,On,Min", "1,N,2026-05-03,30", "1,N,2026-05-14,30"])
    pilot.people("2026-02-28", "1,N,1 May", "2,N,1 May")
    pilot.drop("2026-02-28", contacts=["ID,Site,On,Min", f"1,N,3/5/2026,{minutes}", "1,N,14/05/2026,30"])
    found = pilot.rows("SELECT contact_date, minutes FROM raw.contacts ORDER BY ALL", noun="contacts")
    kept = [("14/05/2026", "30"), ("3/5/2026", minutes)] if key else [("2026-05-03", "30"), ("2026-05-14", "30")]
    assert found == kept


def test_a_folder_and_a_zip_of_one_name_are_refused(pilot: Pilot) -> None:
    folder = pilot.people("2026-01-31", "1,N,1 May")
    shutil.make_archive(str(folder), "zip", folder)
    with pytest.raises(Refusal, match="both a folder and a zip named 2026-01-31"):
        pilot.starts()


def test_a_drop_may_be_one_zip(pilot: Pilot) -> None:
    folder = pilot.people("2026-01-31", "1,N,1 May")
    shutil.make_archive(str(folder), "zip", folder)
    shutil.rmtree(folder)
    os.utime(f"{folder}.zip", (time.time() - 60,) * 2)
    assert pilot.starts() == ["1 May"]
    assert [file["name"] for file in pilot.told("drop_arrived")[0]["files"]] == ["2026-01-31.zip/cases.csv"]


def test_a_zip_may_hold_the_folder_around_the_files(pilot: Pilot) -> None:
    folder = pilot.people("2026-01-31", "1,N,1 May")
    shutil.make_archive(str(folder), "zip", folder.parent, folder.name)
    shutil.rmtree(folder)
    os.utime(f"{folder}.zip", (time.time() - 60,) * 2)
    assert pilot.starts() == ["1 May"]


def test_rows_of_a_completing_file_that_belong_to_nobody_are_not_passed_over(pilot: Pilot) -> None:
    pilot.drop(
        "2026-04-01",
        cases=[HEAD, "1,N,A,2026-01-05", "2,N,B,2026-01-06"],
        results=["ID,Site,Housed", "1,N,yes", "9,N,yes", ",N,no"],
    )
    site = pilot.site()
    receive(site, "cases")
    with open_warehouse(site, read_only=True) as connection:
        found = connection.execute("SELECT extract, row_key FROM raw.unplaced ORDER BY ALL").fetchall()
    assert found == [("results", "results.csv#3"), ("results", "results.csv#4")]
    told = publish(site, "cases")
    (check,) = [check for check in told.checks if check.rule == "further_rows_placed"]
    assert check.decision == "warn"
    assert "are not used: results" in check.sentence


def test_groups_of_people_in_two_sites_are_known_in_both(pilot: Pilot) -> None:
    arms = "arms:\n  treatment: {title: T, codes: [t]}\n  comparison: {title: C, codes: [c]}\nextracts:\n"
    pilot.protocol = PROTOCOL.replace("extracts:\n", arms).replace("start_date: Start", "start_date: Start, arm: Arm")
    pilot.protocol = pilot.protocol.replace("intervention:", "limits: {two_sites: true}\nintervention:")
    head = f"{HEAD},Arm"
    pilot.drop(
        "2026-04-01",
        cases=[head, "1,N,A,2026-01-05,t", "1,S,A,2026-01-05,C", "2,N,B,2026-01-06,t", "2,S,B,2026-01-06,t"],
    )
    for name in ("north", "south"):
        site = pilot.site(name)
        receive(site, "cases")
        with open_warehouse(site, read_only=True) as connection:
            found = connection.execute("SELECT site, arm FROM raw.elsewhere ORDER BY ALL").fetchall()
        assert found == (
            [("south", "comparison"), ("south", "treatment")] if name == "north" else [("north", "treatment")] * 2
        )


# --- somebody moves from one site to another --------------------------------------------------------------------------

MOVING = PROTOCOL.replace("    file: cases.csv\n", "    file: cases.csv\n    delivery: increments\n")


def stands(pilot: Pilot, as_of: str = "") -> dict[str, tuple[list[str], list[str]]]:
    """Return, by site, the days of the rows that stand and the people who stand in the other site too."""
    found = {}
    for name in ("north", "south"):
        site = pilot.site(name, as_of)
        receive(site, "cases")
        with open_warehouse(site, read_only=True) as connection:
            rows = connection.execute("SELECT start_date FROM raw.cases ORDER BY 1").fetchall()
            both = connection.execute("SELECT site FROM raw.elsewhere ORDER BY 1").fetchall()
        found[name] = ([day for (day,) in rows], [other for (other,) in both])
    return found


def test_who_moves_between_increments_stands_where_the_newest_names_them(pilot: Pilot) -> None:
    """The drops come in a mixed order; what stood with each of them can be seen again."""
    pilot.protocol = MOVING
    pilot.people("2026-03-31", "1,N,7 May")
    pilot.people("2026-01-31", "1,N,1 May", "2,N,2 May", "3,S,3 May")
    assert stands(pilot) == {"north": (["2 May", "7 May"], []), "south": (["3 May"], [])}
    pilot.people("2026-02-28", "1,S,4 May", "2,N,5 May")
    assert stands(pilot, "2026-01-31") == {"north": (["1 May", "2 May"], []), "south": (["3 May"], [])}
    assert stands(pilot, "2026-02-28") == {"north": (["5 May"], []), "south": (["3 May", "4 May"], [])}
    assert stands(pilot) == {"north": (["5 May", "7 May"], []), "south": (["3 May"], [])}


def test_who_is_in_two_sites_of_one_increment_stands_in_both(pilot: Pilot) -> None:
    pilot.protocol = MOVING
    pilot.people("2026-01-31", "1,N,1 May")
    pilot.people("2026-02-28", "1,N,2 May", "1,S,2 May")
    assert stands(pilot) == {"north": (["2 May"], ["south"]), "south": (["2 May"], ["north"])}


def test_who_may_be_in_two_sites_has_not_moved(pilot: Pilot) -> None:
    pilot.protocol = MOVING.replace("intervention:", "limits: {two_sites: true}\nintervention:")
    pilot.people("2026-01-31", "1,N,1 May")
    pilot.people("2026-02-28", "1,S,2 May")
    assert stands(pilot) == {"north": (["1 May"], ["south"]), "south": (["2 May"], ["north"])}


def test_who_moves_between_files_of_their_sites_has_moved_too(pilot: Pilot) -> None:
    pilot.protocol = MOVING.replace("cases.csv", "'cases-{site}.csv'").replace("ID, site: Site, start", "ID, start")
    for day, files in {"2026-01-31": {"north": "1,Zeb,1 May"}, "2026-02-28": {"south": "1,Zeb,2 May"}}.items():
        pilot.drop(day, **{f"cases-{name}": ["ID,Name,Start", row] for name, row in files.items()})
    assert stands(pilot) == {"north": ([], []), "south": (["2 May"], [])}


def test_the_consent_of_who_moves_moves_along_and_contacts_stay(pilot: Pilot) -> None:
    agreed = (
        "  agreed:\n    noun: consents\n    file: consents.csv\n    optional: true\n    delivery: increments\n"
        "    columns: {person: ID, site: Site, may_quote: Quote, may_publish: Quote}\n"
    )
    pilot.protocol = INCREMENTS.replace("    file: cases.csv\n", "    file: cases.csv\n    delivery: increments\n")
    pilot.protocol += agreed
    for day, site in (("2026-01-31", "N"), ("2026-02-28", "S")):
        pilot.people(day, f"1,{site},1 May")
        pilot.drop(day, consents=["ID,Site,Quote", f"1,{site},yes"])
        pilot.drop(day, contacts=["ID,Site,On,Min", f"1,{site},{day},30"])
    counts = {noun: len(pilot.rows(f"FROM raw.{noun}", noun=noun)) for noun in ("cases", "consents", "contacts")}
    assert counts == {"cases": 0, "consents": 0, "contacts": 1}


def completed_by_site(pilot: Pilot) -> dict[str, tuple[list[Any], list[Any]]]:
    """Return, by site, what each person who stands there is known to have had, and the rows that are not used."""
    found = {}
    for name in ("north", "south"):
        site = pilot.site(name)
        receive(site, "cases")
        with open_warehouse(site, read_only=True) as connection:
            rows = connection.execute("SELECT start_date, housed FROM raw.cases ORDER BY 1").fetchall()
            unplaced = connection.execute("SELECT row_key FROM raw.unplaced WHERE noun = 'cases' ORDER BY 1").fetchall()
        found[name] = (rows, [key for (key,) in unplaced])
    return found


def test_what_completes_follows_who_moves(pilot: Pilot) -> None:
    pilot.protocol = MOVING
    pilot.people("2026-01-31", "1,N,1 May", "2,N,2 May")
    pilot.drop("2026-01-31", results=["ID,Site,Housed", "1,N,yes", "2,N,no", "9,N,no"])
    pilot.people("2026-02-28", "1,S,3 May")
    pilot.drop("2026-02-28", results=["ID,Site,Housed", "1,N,yes", "2,N,no", "9,N,no"])
    assert completed_by_site(pilot) == {
        "north": ([("2 May", "no")], ["results.csv#4"]),
        "south": ([("3 May", "yes")], []),
    }


def test_what_completes_counts_under_the_site_where_the_person_stands_if_it_says_so(pilot: Pilot) -> None:
    pilot.protocol = MOVING
    pilot.people("2026-01-31", "1,N,1 May")
    pilot.people("2026-02-28", "1,S,3 May")
    pilot.drop("2026-02-28", results=["ID,Site,Housed", "1,N,no", "1,S,yes"])
    assert completed_by_site(pilot) == {"north": ([], []), "south": ([("3 May", "yes")], [])}


def test_a_row_under_a_site_where_the_person_never_stood_is_still_not_used(pilot: Pilot) -> None:
    pilot.protocol = MOVING
    pilot.people("2026-01-31", "1,N,1 May", "2,S,2 May")
    pilot.people("2026-02-28", "1,S,3 May")
    pilot.drop("2026-02-28", results=["ID,Site,Housed", "2,N,no"])
    assert completed_by_site(pilot) == {
        "north": ([], ["results.csv#2"]),
        "south": ([("2 May", None), ("3 May", None)], []),
    }


def test_rows_of_different_people_are_known_to_be_when_they_are_read(pilot: Pilot) -> None:
    """What need not be counted again at the checks; corrections and second rows take the knowledge away."""
    known = "SELECT noun FROM raw.one_row_each"
    pilot.people("2026-01-31", "1,N,1 May", "2,N,2 May", "3,S,3 May")
    assert pilot.rows(known) == [("cases",)]
    pilot.people("2026-02-28", "1,N,1 May", "2,N,2 May", "2,N,2 May")
    assert pilot.rows(known) == []
    assert pilot.rows(known, as_of="2026-01-31") == [("cases",)]
    pilot.people("2026-03-31", "1,N,1 May", ",N,2 May")
    assert pilot.rows(known) == []


def test_what_killed_processes_left_in_the_store_goes_and_work_under_way_stays(tmp_path: Path) -> None:
    ended = subprocess.Popen([sys.executable, "-c", ""])
    ended.wait()
    left, under_way = tmp_path / f".draft-{ended.pid}-a.parquet", tmp_path / f".draft-{os.getpid()}-b.parquet"
    folder = tmp_path / f".draft-{ended.pid}-c"
    folder.mkdir()
    for path in (left, under_way, folder / "part.parquet"):
        path.write_bytes(b"PAR1")
    draft = draft_file(tmp_path / "moved.parquet")
    assert not draft.exists()
    assert list(tmp_path.iterdir()) == [under_way]
