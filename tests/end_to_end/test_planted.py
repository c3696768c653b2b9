"""One person's particulars stand in every place of a delivery where they may stand, rightly or wrongly.

They may come out nowhere: not in what is printed, Dagster's records, lists for providers, the ledger, the store, logs,
or what a killed run leaves behind.
"""

from __future__ import annotations

import tempfile
from pathlib import Path

import pytest

from pipelines.demo.canaries import PLANTED
from pipelines.workspace import Workspace
from tests.end_to_end import killing
from tests.end_to_end.command import pilotlens
from tests.end_to_end.killing import PILOT, child
from tests.end_to_end.test_canaries import by_beginning, forms, held, written

NAME, POSTCODE, BORN, BORN_HERE, HEALTH, CASE, NOTE = PLANTED.values()
PROTOCOL = """\
pilot: first
title: First
question: Does it?
concept: {name: x}
sites: {north: {title: North, codes: [N]}, south: {title: South, codes: [S]}}
population: {description: people}
intervention: {name: x}
arms:
  treatment: {title: Offered, codes: [fund]}
  comparison: {title: Usual, codes: [usual]}
covariates: {age: {title: Age}}
extracts:
  people:
    noun: cases
    file: cases.csv
    columns:
      person: Case
      site: Area
      arm: Group
      referral_date: {column: Referred, format: yyyy-mm-dd}
      start_date: {column: Start, format: yyyy-mm-dd}
      age: Age
    identifiers: {name: Name, postcode: Postcode, date_of_birth: Born, nhs_number: Health}
    ignore: [Note]
  talks:
    noun: contacts
    file: contacts.csv
    columns: {person: Case, site: Area, contact_date: {column: On, format: yyyy-mm-dd}, kind: Kind, minutes: Minutes}
"""
HEAD = "Case,Name,Postcode,Born,Health,Area,Group,Referred,Start,Age,Note"
FIRST_ROW = f"{CASE},{NAME},{POSTCODE},{BORN_HERE},{HEALTH},N,fund,2025-01-02,2025-02-03,{HEALTH},{NOTE}"


def cases(area_of: str) -> list[str]:
    groups = ("N,fund", "S,fund", "N,usual", "S,usual")
    rows = [f"C{n},Zeb {n},AB1 {n}CD,01/01/1980,100{n},{groups[n % 4]},2025-01-02,2025-02-03,40,x" for n in range(120)]
    wrong = [
        f"{CASE},{NAME},{POSTCODE},{BORN_HERE},{HEALTH},{area_of},{NAME},{BORN_HERE} {NAME},{NOTE},{POSTCODE},{NOTE}",
        f"{CASE},{NAME},{POSTCODE},{BORN},{HEALTH},{area_of},fund,{BORN},2025-02-03,{HEALTH},{NOTE}",
    ]
    return [HEAD, *rows, *wrong]


def talks() -> list[str]:
    rows = [f"C{n},{'NS'[n % 2]},2025-03-0{1 + n % 8},call,30" for n in range(120)]
    wrong = [f"{CASE}-9,N,{BORN} {NAME},{NOTE},{HEALTH}", f"{NAME},N,2025-03-01,{POSTCODE},30"]
    return ["Case,Area,On,Kind,Minutes", *rows, *wrong, f"C2,N,{CASE},{NAME},30"]


def put(path: Path, lines: list[str]) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    killing.written(path, "\n".join([*lines, ""]).encode())


@pytest.fixture
def workspace(tmp_path: Path) -> Workspace:
    found = Workspace(tmp_path / "workspace")
    folder = found.pilot_folder(PILOT)
    put(folder / "protocol.yml", PROTOCOL.splitlines())
    for day, area in (("2026-01-31", "N"), ("2026-02-28", "S")):
        put(folder / "drops" / day / "cases.csv", cases(area))
        put(folder / "drops" / day / "contacts.csv", talks())
    slips = [f"people,{CASE},Start,{NOTE},2025-02-04", f"people,{NAME},Age,{HEALTH},41"]
    head = "extract,key,column,old,new,why,who,when"
    put(folder / "corrections.csv", [head, *(f"{slip},a slip,Ann,2026-03-01" for slip in slips)])
    return found


def insist_on_nothing(workspace: Workspace, *said: str, beside: Path | None = None) -> int:
    """Look for every canary in all that was written and said; return the number of files that were looked at."""
    needles = by_beginning(form for one in PLANTED.values() for form in forms(one))
    files = [*written(workspace), *(path for path in (beside.rglob("*") if beside else ()) if path.is_file())]
    for path in files:
        content = path.read_bytes() + path.name.encode()
        found = [one for beginning, ends in needles.items() for one in ends if held(content, beginning, [one])]
        assert not found, f"{path} holds {found[0]!r}"
    for words in said:
        assert [one for one in PLANTED.values() if one in words] == []
    return len(files)


def test_one_persons_particulars_come_out_nowhere(workspace: Workspace) -> None:
    said = []
    for command in (["check"], ["run"], ["drops"], ["verify"], ["keys"], ["run", "--as-of", "2026-01-31"]):
        done = pilotlens(workspace.root, *command)
        said.append(done.stdout + done.stderr)
        assert "Traceback" not in said[-1]
    assert "north" in said[1]
    assert list((workspace.root / "corrections").rglob("*.html")), said[1]
    assert list(workspace.dagster_home.rglob("*.db"))
    assert list(workspace.delivered_folder(PILOT).rglob("about.json"))
    assert insist_on_nothing(workspace, *said) > 30


def test_a_file_without_a_header_is_refused_without_quoting_its_first_row(workspace: Workspace, tmp_path: Path) -> None:
    path = workspace.pilot_folder(PILOT) / "drops" / "2026-02-28" / "cases.csv"
    put(path, [FIRST_ROW, *cases("N")[1:]])
    talks = workspace.pilot_folder(PILOT) / "drops" / "2026-02-28" / "contacts.csv"
    said = [
        done.stdout + done.stderr
        for command in (["look", str(path)], ["check"], ["run"], ["drops"])
        for done in [pilotlens(workspace.root, *command)]
    ]
    assert "cases.csv" in said[0]
    assert "cases.csv" in said[2]
    insist_on_nothing(workspace, *said)
    assert "Kind" in pilotlens(workspace.root, "look", str(talks)).stdout


def in_a_temporary_folder(root: Path, target: str, temporary: Path) -> None:
    tempfile.tempdir = str(temporary)
    killing.whole_job(root, target)


@pytest.mark.parametrize("share", [0.3, 0.6])
def test_a_killed_run_leaves_nobodys_particulars_behind(workspace: Workspace, tmp_path: Path, share: float) -> None:
    temporary = tmp_path / "temporary"
    temporary.mkdir()
    assert child(in_a_temporary_folder, workspace.root, PILOT, temporary).kill_after(share * 5)
    assert insist_on_nothing(workspace, beside=temporary)
