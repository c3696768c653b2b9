"""All sites of a pilot together: run after its sites, also when one was refused, and when something new is released."""

from collections.abc import Callable, Iterator
from pathlib import Path
from types import ModuleType

import dagster as dg
import pytest

from assets.exit_codes import DONE, STOPPED
from pipelines.told import Told
from pipelines.workspace import Pilot, PilotSite, Workspace
from tests.spec.across_sites import effect, release

PILOT = "first-pilot"


@pytest.fixture
def called(steps: Callable[..., None], monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Steps that only note that they were called; south is refused at its first table."""
    import pipelines.reporting.publish
    import pipelines.synthesis

    noted: list[str] = []

    def work(site: PilotSite, asset: str) -> Told:
        noted.append(f"{site.key} {asset}")
        if asset == "validated_cases" and site.site == "south":
            return Told("Refused.", refusal="The cases are refused.")
        return Told(f"{asset} is done.")

    def over_sites(pilot: Pilot, asset: str) -> Told:
        noted.append(f"{pilot.key} {asset}")
        pilot.reports_folder.mkdir(parents=True, exist_ok=True)
        (pilot.reports_folder / "pilot.html").touch()
        return Told(f"{asset} is done.")

    steps(work)
    monkeypatch.setattr(pipelines.synthesis, "synthesise", lambda pilot: over_sites(pilot, "synthesis_pilot"))
    publish = pipelines.reporting.publish
    monkeypatch.setattr(publish, "publish_pilot", lambda pilot: over_sites(pilot, "synthesis_report"))
    return noted


@pytest.fixture
def command(
    assets: ModuleType, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> Callable[..., tuple[int, str]]:
    def run(*words: str) -> tuple[int, str]:
        from assets.cli import main

        monkeypatch.setattr("sys.argv", ["pilotlens", *words])
        with pytest.raises(SystemExit) as ended:
            main()
        printed = capsys.readouterr()
        return int(ended.value.code or 0), printed.out + printed.err

    return run


def both_released(workspace: Workspace) -> Pilot:
    pilot = workspace.pilot(PILOT)
    for site in ("north", "south"):
        release(pilot, site, effect(0.1, 0.1))
    return pilot


Command = Callable[..., tuple[int, str]]


def test_it_follows_the_sites_also_when_one_was_refused(
    called: list[str], command: Command, workspace: Workspace
) -> None:
    both_released(workspace)
    code, said = command("run", PILOT)
    assert code == STOPPED  # because of south
    assert called[-2:] == ["first-pilot synthesis_pilot", "first-pilot synthesis_report"]
    assert "first-pilot/south  refused" in said
    assert any(line.startswith("first-pilot ") and " done " in line for line in said.splitlines())
    assert str(workspace.reports_folder / PILOT / "pilot.html") in said
    assert str(workspace.reports_folder / PILOT / "pilot.html") in command("report", PILOT)[1]


def test_with_too_little_released_it_is_said_and_nothing_is_run(called: list[str], command: Command) -> None:
    _, said = command("run", PILOT)
    assert "Of the 2 sites of first-pilot, none has released evidence" in said
    assert not [one for one in called if "synthesis" in one]
    assert "none has released evidence" in command("report", PILOT)[1]


def test_writing_reports_again_writes_this_one_too_unless_one_site_was_asked_for(
    called: list[str], command: Command, workspace: Workspace
) -> None:
    pilot = both_released(workspace)
    pilot.reports_folder.mkdir(parents=True)
    (pilot.reports_folder / "pilot.html").touch()
    assert command("report", f"{PILOT}/north", "--render")[0] == DONE
    assert not [one for one in called if "synthesis" in one]
    assert command("report", PILOT, "--render")[0] == DONE
    assert [one for one in called if "synthesis" in one] == ["first-pilot synthesis_report"]


@pytest.fixture
def instance(assets: ModuleType, workspace: Workspace) -> Iterator[dg.DagsterInstance]:
    from assets.instance import open_instance

    with open_instance(workspace) as opened:
        yield opened


def tick(assets: ModuleType, instance: dg.DagsterInstance, cursor: str = "") -> tuple[list[str], str]:
    repository = assets.defs.get_repository_def()
    with dg.build_sensor_context(instance, cursor, repository_def=repository) as context:
        result = assets.new_releases.evaluate_tick(context)
    return [str(request.partition_key) for request in result.run_requests], result.cursor or ""


def test_a_new_release_asks_for_the_pilot_once(
    assets: ModuleType, instance: dg.DagsterInstance, workspace: Workspace
) -> None:
    asked, cursor = tick(assets, instance)
    assert asked == []
    pilot = both_released(workspace)
    asked, cursor = tick(assets, instance, cursor)
    assert asked == [PILOT]
    assert tick(assets, instance, cursor)[0] == []
    release(pilot, "north", effect(0.2, 0.1))
    assert tick(assets, instance, cursor)[0] == [PILOT]


def test_what_the_command_has_put_together_is_not_asked_for(
    assets: ModuleType, instance: dg.DagsterInstance, workspace: Workspace
) -> None:
    from pipelines.synthesis import synthesise

    synthesise(both_released(workspace))
    assert tick(assets, instance)[0] == []


def test_sites_at_work_are_waited_for(
    assets: ModuleType, instance: dg.DagsterInstance, workspace: Workspace, tmp_path: Path
) -> None:
    both_released(workspace)
    job = assets.defs.resolve_job_def("evaluate_site")
    run = instance.create_run_for_job(
        job, status=dg.DagsterRunStatus.STARTED, tags={"dagster/partition": f"{PILOT}/north"}
    )
    asked, cursor = tick(assets, instance)
    assert asked == []
    instance.report_run_canceled(run)
    assert tick(assets, instance, cursor)[0] == [PILOT]
