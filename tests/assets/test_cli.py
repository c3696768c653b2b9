"""The command: help that a newcomer can follow, plain words instead of tracebacks, exit codes as documented."""

import signal
from collections.abc import Callable
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

from assets.exit_codes import DONE, INTERRUPTED, MISUSED, STOPPED, UNAVAILABLE
from pipelines.told import Told
from pipelines.workspace import PilotSite, Workspace

Command = Callable[..., tuple[int, str, str]]


@pytest.fixture
def pilotlens(assets: ModuleType, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Command:
    """Return what runs the command and gives its exit code, what it said and what it complained of."""

    def command(*words: str) -> tuple[int, str, str]:
        from assets.cli import main

        monkeypatch.setattr("sys.argv", ["pilotlens", *words])
        with pytest.raises(SystemExit) as ended:
            main()
        printed = capsys.readouterr()
        assert "Traceback" not in printed.out + printed.err
        return int(ended.value.code or 0), printed.out, printed.err

    return command


@pytest.mark.parametrize("name", ["demo", "new", "check", "run", "ui", "report"])
def test_every_command_helps(pilotlens: Command, name: str) -> None:
    code, said, _ = pilotlens(name, "--help")
    assert code == DONE
    assert f"Usage: pilotlens {name}" in said


def test_help_names_every_command_and_every_exit_code(pilotlens: Command) -> None:
    code, said, _ = pilotlens("--help")
    assert code == DONE
    assert all(f"\n  {name} " in said for name in ("demo", "new", "check", "run", "ui", "report"))
    assert "Exit codes: 0 all is well; 1" in said
    assert "..." not in said.partition("Commands:")[2]


def test_an_unknown_command_is_misuse(pilotlens: Command) -> None:
    assert pilotlens("evaluate")[0] == MISUSED


def test_an_unknown_pilot_or_site_is_misuse_and_the_nearest_is_offered(pilotlens: Command) -> None:
    code, _, complaint = pilotlens("run", "frist-pilot")
    assert (code, 'Did you mean "first-pilot"?' in complaint) == (MISUSED, True)
    code, _, complaint = pilotlens("run", "first-pilot/nroth")
    assert (code, "north, south" in complaint) == (MISUSED, True)


@pytest.mark.parametrize("words", [["run"], ["check"], ["report"]])
def test_no_workspace_is_unavailable_and_says_how_to_get_one(
    pilotlens: Command, tmp_path: Path, words: list[str]
) -> None:
    code, _, complaint = pilotlens(*words, "--workspace", str(tmp_path / "nowhere"))
    assert code == UNAVAILABLE
    assert "pilotlens demo" in complaint


def test_a_folder_without_a_protocol_is_named(pilotlens: Command, workspace: Workspace) -> None:
    (workspace.pilot_folder("later") / "drops").mkdir(parents=True)
    code, _, complaint = pilotlens("run", "later")
    assert (code, "There is no protocol.yml in pilots/later." in complaint) == (MISUSED, True)
    (workspace.pilot_folder("first-pilot") / "protocol.yml").unlink()
    code, _, complaint = pilotlens("check")
    assert (code, "pilots/first-pilot" in complaint, "pilots/later" in complaint) == (UNAVAILABLE, True, True)


def test_a_workspace_that_is_no_folder_is_unavailable(pilotlens: Command, tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    assert pilotlens("--workspace", str(tmp_path / "file"), "new", "other")[0] == UNAVAILABLE


def test_new_starts_a_pilot_that_check_finds_sound(pilotlens: Command, workspace: Workspace) -> None:
    code, said, _ = pilotlens("new", "second-pilot")
    assert (code, "pilotlens run second-pilot" in said) == (DONE, True)
    code, said, complaint = pilotlens("check", "second-pilot")
    assert (code, complaint) == (DONE, "")
    assert "the protocol is sound (2 sites)" in said


def test_new_overwrites_nothing(pilotlens: Command, workspace: Workspace) -> None:
    before = (workspace.pilot_folder("first-pilot") / "protocol.yml").read_bytes()
    assert pilotlens("new", "first-pilot")[0] == MISUSED
    assert (workspace.pilot_folder("first-pilot") / "protocol.yml").read_bytes() == before


def test_new_wants_a_name_that_can_be_a_folder(pilotlens: Command) -> None:
    code, _, complaint = pilotlens("new", "First Pilot!")
    assert (code, "lower case" in complaint) == (MISUSED, True)


def test_check_names_every_fault_with_its_line(pilotlens: Command, workspace: Workspace) -> None:
    protocol = workspace.pilot_folder("first-pilot") / "protocol.yml"
    protocol.write_text(protocol.read_text().replace("phase: pilot", "phase: plot").replace("better: h", "beter: h", 1))
    code, _, complaint = pilotlens("check")
    assert code == MISUSED
    assert complaint.count("protocol.yml, line ") == 3
    assert 'Did you mean "better"?' in complaint


def test_run_says_where_the_reports_are(pilotlens: Command, steps: Callable[..., None], workspace: Workspace) -> None:
    def write(site: PilotSite, asset: str) -> Told:
        if asset == "reports_site":
            site.reports_folder.mkdir(parents=True)
            (site.reports_folder / "report.html").touch()
        return Told(f"{asset} is done.")

    steps(write)
    code, said, complaint = pilotlens("run", "first-pilot")
    assert (code, complaint) == (DONE, "")
    assert str(workspace.reports_folder / "first-pilot" / "north" / "report.html") in said
    assert "STEP_START" not in said
    assert "DEBUG" not in said
    code, said, _ = pilotlens("report", "first-pilot/north")
    assert (code, said.count("report.html")) == (DONE, 1)


def test_a_faulty_protocol_does_not_stop_the_others(
    pilotlens: Command, steps: Callable[..., None], workspace: Workspace
) -> None:
    steps(lambda _site, asset: Told(f"{asset}."))
    broken = workspace.pilot_folder("broken") / "protocol.yml"
    broken.parent.mkdir()
    broken.write_text("pilot: broken\n")
    code, said, complaint = pilotlens("run")
    assert code == MISUSED
    assert "broken: protocol.yml has" in complaint
    assert said.count(" done ") == 2


def test_a_fault_of_the_program_names_its_line_and_nobody(pilotlens: Command, steps: Callable[..., None]) -> None:
    def broken(_site: PilotSite, asset: str) -> Told:
        raise KeyError("Persephone Quillfeather")

    steps(broken)
    code, said, complaint = pilotlens("--debug", "run", "first-pilot/south")
    assert code == STOPPED
    assert "KeyError at" in complaint
    assert "Where: assets" in complaint
    assert "Persephone" not in said + complaint


def test_render_runs_only_the_reports(pilotlens: Command, steps: Callable[..., None]) -> None:
    called: list[str] = []

    def note(_site: PilotSite, asset: str) -> Told:
        called.append(asset)
        return Told(f"{asset}.")

    steps(note)
    assert pilotlens("report", "first-pilot/north", "--render")[0] == DONE
    assert sorted(called) == ["reports_funder", "reports_site"]


def test_ui_is_given_what_was_asked_for(
    pilotlens: Command, monkeypatch: pytest.MonkeyPatch, workspace: Workspace
) -> None:
    import assets.ui

    served: list[object] = []
    monkeypatch.setattr(assets.ui, "serve", lambda *given, **named: served.append((given, named)))
    assert pilotlens("ui", "--port", "3456", "--read-only")[0] == DONE
    assert served == [((workspace,), {"port": 3456, "read_only": True, "open_browser": False})]
    assert (workspace.dagster_home / "dagster.yaml").is_file()


def test_ctrl_c_ends_the_step_and_starts_no_other_site(pilotlens: Command, steps: Callable[..., None]) -> None:
    def press(_site: PilotSite, asset: str) -> Told:
        if asset == "raw_cases":
            signal.raise_signal(signal.SIGINT)
        return Told(f"{asset}.")

    steps(press)
    code, said, complaint = pilotlens("run")
    assert code == INTERRUPTED
    assert "first-pilot/north  interrupted" in said
    assert "Not run: first-pilot/south." in complaint


def test_ctrl_c_between_steps_waits_for_the_site_at_work() -> None:
    from assets.interrupts import patient_interrupts

    said: list[str] = []
    # A shell ignores Ctrl-C in what it starts in the background, and so would the tests that run there.
    foreground = signal.signal(signal.SIGINT, signal.default_int_handler)
    try:
        _press_twice(patient_interrupts, said)
    finally:
        signal.signal(signal.SIGINT, foreground)


def _press_twice(patient_interrupts: Any, said: list[str]) -> None:
    before = signal.getsignal(signal.SIGINT)
    with patient_interrupts(lambda: said.append("once")) as stop:
        assert not stop()
        signal.raise_signal(signal.SIGINT)
        assert (stop(), said) == (True, ["once"])
        with pytest.raises(KeyboardInterrupt):
            signal.raise_signal(signal.SIGINT)
    assert signal.getsignal(signal.SIGINT) is before
