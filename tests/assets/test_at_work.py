"""A run whose process is gone is recorded as failed, and one that is at work is left alone."""

import multiprocessing
import os
import signal
import time
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType
from typing import Any

import dagster as dg
import pytest

from pipelines.workspace import Workspace

KEY = "first-pilot/north"
FORKS = multiprocessing.get_context("spawn")


@pytest.fixture
def instance(assets: ModuleType, workspace: Workspace) -> Iterator[dg.DagsterInstance]:
    from assets.instance import open_instance

    with open_instance(workspace) as opened:
        yield opened


@dg.job
def nothing() -> None:
    """Do nothing."""


def begun(instance: dg.DagsterInstance, status: dg.DagsterRunStatus = dg.DagsterRunStatus.STARTED) -> dg.DagsterRun:
    return instance.create_run_for_job(nothing, status=status, tags={"dagster/partition": KEY})


def status(instance: dg.DagsterInstance, run: dg.DagsterRun) -> dg.DagsterRunStatus:
    found = instance.get_run_by_id(run.run_id)
    assert found is not None
    return found.status


def held_elsewhere(root: Path, run_id: str, told: Any) -> None:
    from assets.at_work import hold

    hold(Workspace(root), run_id)
    told.send("held")
    time.sleep(600)


def holder(workspace: Workspace, run: dg.DagsterRun) -> Any:
    here, there = FORKS.Pipe(duplex=False)
    process = FORKS.Process(target=held_elsewhere, args=(workspace.root, run.run_id, there))
    process.start()
    assert here.recv() == "held"
    return process


def test_a_run_is_given_up_when_its_process_is_killed_and_not_before(
    instance: dg.DagsterInstance, workspace: Workspace
) -> None:
    from assets.at_work import give_up_cut_off

    run = begun(instance)
    process = holder(workspace, run)
    assert give_up_cut_off(instance, workspace) == ()
    assert status(instance, run) == dg.DagsterRunStatus.STARTED
    os.kill(process.pid, signal.SIGKILL)
    process.join()
    assert give_up_cut_off(instance, workspace) == (KEY,)
    assert status(instance, run) == dg.DagsterRunStatus.FAILURE
    (said,) = instance.all_logs(run.run_id, of_type=dg.DagsterEventType.RUN_FAILURE)
    assert said.dagster_event is not None
    assert "its process is gone" in str(said.dagster_event.message)
    assert f"pilotlens run {KEY}" in str(said.dagster_event.message)
    assert give_up_cut_off(instance, workspace) == ()
    assert list((workspace.dagster_home / "at-work").iterdir()) == []


def test_a_run_that_holds_nothing_yet_has_time_to_begin(
    instance: dg.DagsterInstance, workspace: Workspace, monkeypatch: pytest.MonkeyPatch
) -> None:
    from assets import at_work

    runs = {at: begun(instance, at) for at in (dg.DagsterRunStatus.STARTING, dg.DagsterRunStatus.STARTED)}
    assert at_work.give_up_cut_off(instance, workspace) == ()
    monkeypatch.setattr(at_work, "SECONDS_TO_BEGIN", -1.0)
    assert at_work.give_up_cut_off(instance, workspace) == (KEY, KEY)
    assert {status(instance, run) for run in runs.values()} == {dg.DagsterRunStatus.FAILURE}


def test_a_run_that_was_being_stopped_ends_as_stopped(
    instance: dg.DagsterInstance, workspace: Workspace, monkeypatch: pytest.MonkeyPatch
) -> None:
    from assets import at_work

    monkeypatch.setattr(at_work, "SECONDS_TO_BEGIN", -1.0)
    run = begun(instance, dg.DagsterRunStatus.CANCELING)
    assert at_work.give_up_cut_off(instance, workspace) == (KEY,)
    assert status(instance, run) == dg.DagsterRunStatus.CANCELED


def test_runs_that_have_ended_are_left_alone(
    instance: dg.DagsterInstance, workspace: Workspace, monkeypatch: pytest.MonkeyPatch
) -> None:
    from assets import at_work

    monkeypatch.setattr(at_work, "SECONDS_TO_BEGIN", -1.0)
    run = begun(instance, dg.DagsterRunStatus.SUCCESS)
    assert at_work.give_up_cut_off(instance, workspace) == ()
    assert status(instance, run) == dg.DagsterRunStatus.SUCCESS


def test_the_sensor_says_what_it_found(
    instance: dg.DagsterInstance, assets: ModuleType, monkeypatch: pytest.MonkeyPatch
) -> None:
    from assets import at_work

    monkeypatch.setattr(at_work, "SECONDS_TO_BEGIN", -1.0)
    repository = assets.defs.get_repository_def()
    with dg.build_sensor_context(instance, repository_def=repository) as context:
        assert assets.runs_cut_off.evaluate_tick(context).skip_message == "No run was cut off."
        begun(instance)
        said = assets.runs_cut_off.evaluate_tick(context).skip_message
    assert said == f"Cut off, now marked as failed: {KEY}."


def test_a_real_run_holds_its_lock(workspace: Workspace, steps: Any, run: Any) -> None:
    from pipelines.told import Told

    seen = []

    def work(_site: Any, asset: str) -> Told:
        from assets.at_work import _held

        seen.append(any(_held(lock) for lock in (workspace.dagster_home / "at-work").iterdir()))
        return Told(f"{asset} is done.", rows=1)

    steps(work)
    outcome = run(KEY)[KEY]
    assert (outcome.result, outcome.words, outcome.where) == ("done", "", "")
    assert seen
    assert all(seen)
