"""The commands about records: verify, drops, look and run --as-of, from typed words to exit code."""

from __future__ import annotations

import sys
from collections.abc import Callable
from pathlib import Path
from types import ModuleType

import pytest

from assets.exit_codes import DONE, MISUSED, STOPPED, UNAVAILABLE
from pipelines.ledger import append, entries
from pipelines.workspace import Workspace

Command = Callable[..., tuple[int, str, str]]


@pytest.fixture
def pilotlens(
    workspace: Workspace, assets: ModuleType, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> Command:
    """Return what runs the command and gives its exit code, what it said and what it complained of."""

    def command(*words: str) -> tuple[int, str, str]:
        from assets.cli import main

        monkeypatch.setattr("sys.argv", ["pilotlens", *words])
        with pytest.raises(SystemExit) as ended:
            main()
        printed = capsys.readouterr()
        return int(ended.value.code or 0), printed.out, printed.err

    return command


def arrived(workspace: Workspace) -> None:
    facts = {"drop": "2026-09-30", "sha256": "a" * 64}
    append(workspace.ledger("first-pilot"), "drop_arrived", {**facts, "files": []})
    append(workspace.ledger("first-pilot"), "rows_accepted", {**facts, "site": "north", "noun": "cases", "rows": 9})


@pytest.mark.parametrize("name", ["look", "drops", "verify"])
def test_every_command_helps(pilotlens: Command, name: str) -> None:
    code, said, _ = pilotlens(name, "--help")
    assert (code, f"Usage: pilotlens {name}" in said) == (DONE, True)
    assert f"\n  {name} " in pilotlens("--help")[1]


def test_a_ledger_that_is_whole(pilotlens: Command, workspace: Workspace) -> None:
    assert pilotlens("verify")[:2] == (DONE, "The ledger of first-pilot holds no entry yet.\n")
    arrived(workspace)
    code, said, _ = pilotlens("verify", "first-pilot")
    assert (code, said.splitlines()[0]) == (DONE, "The ledger of first-pilot holds 2 entries and is whole.")
    assert entries(workspace.ledger("first-pilot"))[-1].hash in said


def test_a_ledger_that_was_changed(pilotlens: Command, workspace: Workspace) -> None:
    arrived(workspace)
    path = workspace.ledger("first-pilot")
    path.write_bytes(path.read_bytes().replace(b'"rows":9', b'"rows":8'))
    code, _, complaint = pilotlens("verify")
    assert (code, "Line 2 was edited" in complaint) == (STOPPED, True)
    code, said, complaint = pilotlens("drops", "first-pilot")
    assert (code, "is not whole" in complaint, "fewer" in said) == (MISUSED, True, False)
    path.write_bytes(b"x\n" * 300)
    assert "- and 251 more faults." in pilotlens("verify")[2]


def test_a_ledger_outlives_its_protocol(pilotlens: Command, workspace: Workspace) -> None:
    append(workspace.ledger("gone"), "look", {})
    assert "The ledger of gone holds 1 entry and is whole." in pilotlens("verify")[1]
    assert pilotlens("verify", "gone")[0] == DONE
    code, _, complaint = pilotlens("verify", "frist-pilot")
    assert (code, 'Did you mean "first-pilot"?' in complaint) == (MISUSED, True)


def test_drops_are_told_and_withdrawn(pilotlens: Command, workspace: Workspace) -> None:
    assert "No drop has been read yet." in pilotlens("drops")[1]
    arrived(workspace)
    code, said, _ = pilotlens("drops", "first-pilot")
    assert (code, "cases fewer than 10" in said) == (DONE, True)
    code, _, complaint = pilotlens("drops", "first-pilot", "--withdraw", "2026-09-30")
    assert (code, "Add --why" in complaint) == (MISUSED, True)
    for words in (["--why", "wrong"], ["--withdraw", "2026-09-30", "--why", "wrong"]):
        assert pilotlens("drops", *words)[0] == MISUSED
    code, said, _ = pilotlens("drops", "first-pilot", "--withdraw", "2026-09-30", "--why", "wrong quarter")
    assert (code, "pilotlens run first-pilot" in said) == (DONE, True)
    assert entries(workspace.ledger("first-pilot"))[-1].facts["why"] == "wrong quarter"
    assert ": wrong quarter" in pilotlens("drops")[1]


@pytest.mark.parametrize("words", [["drops"], ["verify"]])
def test_no_workspace_is_unavailable(pilotlens: Command, tmp_path: Path, words: list[str]) -> None:
    assert pilotlens(*words, "--workspace", str(tmp_path / "nowhere"))[0] == UNAVAILABLE


def test_looking_into_a_file(pilotlens: Command, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    looking = ModuleType("pipelines.ingest.looking")
    looking.described = lambda path: f"{path.name}: CSV"  # type: ignore[attr-defined]
    monkeypatch.setitem(sys.modules, "pipelines.ingest.looking", looking)
    (tmp_path / "cases.csv").write_text("id\n1\n")
    assert pilotlens("look", str(tmp_path / "cases.csv"))[:2] == (DONE, "cases.csv: CSV\n")
    code, _, complaint = pilotlens("look", str(tmp_path / "case.csv"))
    assert (code, "There is no file" in complaint) == (MISUSED, True)


def test_run_is_told_of_the_drop(pilotlens: Command, monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[str] = []
    monkeypatch.setattr("assets.commands.run_sites", lambda *_given, as_of, **_named: iter([asked.append(as_of)][:0]))
    pilotlens("run", "first-pilot", "--as-of", "2026-09-30")
    pilotlens("run", "first-pilot")
    assert asked == ["2026-09-30", ""]
