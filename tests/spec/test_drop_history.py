"""What `pilotlens drops` says: a plain table within 80 columns, no small count, and only what the ledger knows."""

from __future__ import annotations

import datetime as dt
from pathlib import Path
from typing import Any

import pytest

from pipelines.drop_history import told
from pipelines.ledger import append, entries
from pipelines.refusal import Refusal
from pipelines.withdrawal import withdraw
from pipelines.workspace import Workspace

DROP = {"drop": "2026-09-30", "sha256": "3f2a9c1b7d10" + "e" * 52}
READ_AS = {"kind": "CSV", "encoding": "utf-8", "delimiter": ",", "sheet": None, "header_row": 1}
FILES = [{"name": "cases.csv", "bytes": 9, "sha256": "a"}, {"name": "readme.txt", "bytes": 9, "sha256": "b"}]
NOW = dt.datetime(2026, 10, 1, 8, 30, tzinfo=dt.UTC)


@pytest.fixture
def workspace(tmp_path: Path) -> Workspace:
    return Workspace(tmp_path)


def note(workspace: Workspace, kind: str, **facts: Any) -> None:
    append(workspace.ledger("first"), kind, {**DROP, **facts}, now=NOW)


def history(workspace: Workspace, minimum: int = 10) -> list[str]:
    lines = told(entries(workspace.ledger("first")), minimum).splitlines()
    assert all(len(line) <= 80 and line == line.rstrip() for line in lines)
    return lines


def arrived(workspace: Workspace, north: int = 1180, south: int = 54) -> None:
    note(workspace, "drop_arrived", files=FILES)
    read = {"extract": "people", "noun": "cases", "file": "cases.csv", "file_sha256": "a", "columns": 9}
    note(workspace, "file_read", **read, rows=north + south, read_as=READ_AS)
    note(workspace, "rows_accepted", site="north", noun="cases", rows=north)
    note(workspace, "rows_accepted", site="south", noun="cases", rows=south)


def test_no_drop_is_said(workspace: Workspace) -> None:
    append(workspace.ledger("first"), "look", {"drop": "2026-09-30"})
    assert history(workspace) == ["No drop has been read yet."]


def test_a_drop_with_its_files_and_sites(workspace: Workspace) -> None:
    arrived(workspace)
    note(workspace, "rows_refused", site="south", noun="spend", why="spend.csv: there is no column amount.")
    assert history(workspace) == [
        "2026-09-30  arrived 2026-10-01 08:30 UTC, hash 3f2a9c1b7d10",
        "  file        extract  rows      how it was read",
        "  cases.csv   people   1,234     CSV, utf-8, commas between cells, column names",
        "                                 in row 1",
        "  readme.txt           not read  nothing has read it yet",
        "  site   rows      of what, or why not",
        "  north  accepted  cases 1,180",
        "  south  accepted  cases 54",
        "  south  refused   spend: spend.csv: there is no column amount.",
    ]


@pytest.mark.parametrize(("south", "hidden"), [(0, False), (1, True), (9, True), (10, False)])
def test_a_small_count_is_not_told_nor_given_away_by_the_file(workspace: Workspace, south: int, hidden: bool) -> None:
    arrived(workspace, 1180, south)
    said = history(workspace)
    assert ("  south  accepted  cases fewer than 10" in said) == hidden
    assert any("10 or more" in line for line in said) == hidden
    assert any(f"{1180 + south:,}  " in line for line in said if "people" in line) != hidden


def test_the_minimum_is_the_pilots_own(workspace: Workspace) -> None:
    arrived(workspace, 1180, 11)
    assert "  south  accepted  cases fewer than 12" in history(workspace, 12)


def test_a_small_file_is_not_counted_aloud(workspace: Workspace) -> None:
    arrived(workspace, 3, 0)
    assert any("people   fewer than 10" in line for line in history(workspace))


def test_the_last_word_counts(workspace: Workspace) -> None:
    note(workspace, "file_refused", extract="people", file="cases.csv", why="cases.csv is empty.")
    note(workspace, "rows_refused", site="north", noun="cases", why="No file.")
    arrived(workspace)
    assert not any("refused" in line for line in history(workspace))
    note(workspace, "rows_refused", site="north", noun="cases", why="No file.")
    assert "  north  refused   cases: No file." in history(workspace)


def test_another_content_under_the_same_name_is_a_delivery_of_its_own(workspace: Workspace) -> None:
    arrived(workspace)
    note(workspace, "drop_arrived", sha256="f" * 64, files=[])
    assert history(workspace)[-2:] == [
        "2026-09-30  arrived 2026-10-01 08:30 UTC, hash ffffffffffff",
        "  It corrects the files that arrived before under this name.",
    ]


def test_names_cannot_move_the_cursor_nor_break_the_page(workspace: Workspace) -> None:
    note(workspace, "drop_arrived", files=[{"name": "\x1b[2J" + "x" * 200}])
    assert "\x1b" not in "".join(history(workspace))


@pytest.mark.parametrize("kind", ["drop_arrived", "file_read", "file_refused", "rows_accepted", "drop_withdrawn"])
def test_entries_that_lack_facts_do_not_stop_it(workspace: Workspace, kind: str) -> None:
    append(workspace.ledger("first"), kind, {"drop": "d", "rows": None, "read_as": 5})
    assert history(workspace)[0].startswith("d  arrived")


# ---- withdrawing -----------------------------------------------------------------------------------------------------


def test_a_withdrawn_drop_says_who_and_why(workspace: Workspace) -> None:
    arrived(workspace)
    entry = withdraw(workspace, "first", "2026-09-30", " the wrong\nquarter ", "anna")
    assert (entry.kind, dict(entry.facts)) == ("drop_withdrawn", {**DROP, "why": "the wrong quarter", "who": "anna"})
    assert history(workspace)[1].endswith("by anna: the wrong quarter")


def test_the_newest_content_of_a_name_is_withdrawn(workspace: Workspace) -> None:
    arrived(workspace)
    note(workspace, "drop_arrived", sha256="f" * 64, files=[])
    assert withdraw(workspace, "first", "2026-09-30", "wrong", "anna").facts["sha256"] == "f" * 64


def test_what_cannot_be_withdrawn_is_refused_and_nothing_written(workspace: Workspace) -> None:
    with pytest.raises(Refusal, match="No drop of this pilot"):
        withdraw(workspace, "first", "2026-09-30", "wrong", "anna")
    arrived(workspace)
    with pytest.raises(Refusal, match='Did you mean "2026-09-30"'):
        withdraw(workspace, "first", "2026-09-03", "wrong", "anna")
    with pytest.raises(Refusal, match="Nothing says why"):
        withdraw(workspace, "first", "2026-09-30", " \n", "anna")
    assert len(entries(workspace.ledger("first"))) == 4
    withdraw(workspace, "first", "2026-09-30", "wrong", "anna")
    with pytest.raises(Refusal, match="withdrawn already"):
        withdraw(workspace, "first", "2026-09-30", "wrong again", "anna")
    assert len(entries(workspace.ledger("first"))) == 5
