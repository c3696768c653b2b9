"""The commands about records: verify, drops, look and run --as-of, from typed words to exit code."""

from __future__ import annotations

import sys
from collections.abc import Callable
from pathlib import Path
from types import ModuleType

import pytest

from assets.exit_codes import DONE, MISUSED, STOPPED, UNAVAILABLE
from pipelines import keys
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


@pytest.mark.parametrize("name", ["look", "drops", "verify", "keys"])
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


# ---- keys -----------------------------------------------------------------------------------------------------------


@pytest.fixture
def _no_keys_from_outside(monkeypatch: pytest.MonkeyPatch) -> None:
    for purpose in keys.PURPOSES:
        monkeypatch.delenv(keys.variable(purpose), raising=False)


@pytest.mark.usefixtures("_no_keys_from_outside")
def test_keys_are_listed_and_changed_but_never_told(pilotlens: Command, workspace: Workspace) -> None:
    assert "not made yet" in pilotlens("keys")[1]
    secret, old = keys.key(workspace, "vault"), keys.key_id(workspace, "vault")
    code, said, _ = pilotlens("keys", "rotate", "--only", "vault", "--workspace", str(workspace.root))
    assert (code, f"The key vault was changed: {old} is now {keys.key_id(workspace, 'vault')}." in said) == (DONE, True)
    code, listed, _ = pilotlens("keys", "--workspace", str(workspace.root))
    assert (code, f"keys/retired/vault-{old}.key" in listed) == (DONE, True)
    assert secret not in said + listed
    assert keys.key(workspace, "vault") not in said + listed
    code, _, complaint = pilotlens("keys", "rotate", "--only", "valt")
    assert (code, 'Did you mean "vault"?' in complaint) == (MISUSED, True)


@pytest.mark.usefixtures("_no_keys_from_outside")
def test_a_change_that_was_interrupted_is_said_by_every_command(pilotlens: Command, workspace: Workspace) -> None:
    keys.key(workspace, "vault")
    keys.change(workspace).write_text("{}")
    for words in (["run"], ["check"], ["report"], ["drops"], ["verify"], ["new", "other"], ["demo"], ["ui"]):
        code, _, complaint = pilotlens(*words)
        assert (code, "pilotlens keys rotate" in complaint) == (MISUSED, True), words
    code, _, complaint = pilotlens("keys")
    assert (code, "is not finished" in complaint) == (STOPPED, True)
    assert pilotlens("keys", "rotate")[0] == DONE
    assert pilotlens("verify")[0] == DONE


@pytest.mark.usefixtures("_no_keys_from_outside")
def test_keys_are_not_changed_while_a_run_goes_on(pilotlens: Command, workspace: Workspace) -> None:
    import dagster as dg

    from assets.instance import open_instance, prepare

    @dg.job
    def nothing() -> None:
        """Do nothing."""

    keys.key(workspace, "vault")
    prepare(workspace)
    with open_instance(workspace) as instance:
        run = instance.create_run_for_job(nothing, status=dg.DagsterRunStatus.STARTED)
    code, _, complaint = pilotlens("keys", "rotate")
    assert (code, "1 run is going on" in complaint) == (MISUSED, True)
    with open_instance(workspace) as instance:
        instance.delete_run(run.run_id)
    assert pilotlens("keys", "rotate")[0] == DONE
