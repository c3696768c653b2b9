"""The UI, its daemon and a run are killed together: soon after a restart the run has failed, and drops load again."""

from __future__ import annotations

import os
import shutil
import signal
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from assets.instance import open_instance
from pipelines.demo import PILOTS, create
from pipelines.ledger import verify
from pipelines.release.verify import verify_bundle
from pipelines.release.write import latest
from pipelines.workspace import Workspace
from tests.end_to_end.browser import served

FULL = bool(os.environ.get("PILOTLENS_ALL_FAULTS"))
pytestmark = pytest.mark.slow

PILOT, SITE = "transitional-aid", "baltimore"
A_WHILE = 240.0
SECONDS_TO_FAIL = 120.0
"""Within which a run that was killed must be marked as failed after the restart."""


@pytest.fixture
def workspace(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Workspace:
    found = Workspace(tmp_path / "workspace")
    create(found.root)
    for other in set(PILOTS) - {PILOT}:
        shutil.rmtree(found.pilot_folder(other))
    monkeypatch.setenv("DAGSTER_HOME", "")
    monkeypatch.setenv("PILOTLENS_WORKSPACE", "")
    return found


def runs(workspace: Workspace) -> list[tuple[str, str]]:
    """Return number and status of each run, oldest first."""
    with open_instance(workspace) as instance:
        return [(run.run_id, run.status.value) for run in reversed(instance.get_runs())]


def wait_for(what: Callable[[], object], seconds: float) -> None:
    give_up = time.monotonic() + seconds
    while not what():
        assert time.monotonic() < give_up, f"not within {seconds:.0f} seconds"
        time.sleep(0.2)


def tree(process: int) -> list[int]:
    """Return a process and all that it has started, and they in turn, whatever session they are in."""
    parents: dict[int, list[int]] = {}
    for stat in Path("/proc").glob("[0-9]*/stat"):
        try:
            fields = stat.read_text().rpartition(")")[2].split()
        except OSError:
            continue
        parents.setdefault(int(fields[1]), []).append(int(stat.parent.name))
    found = [process]
    for one in found:
        found += parents.get(one, [])
    return found


def kill_tree(process: int) -> None:
    victims = tree(process)
    for one in victims:
        os.kill(one, signal.SIGSTOP)  # so that none of them can act on the death of another
    for one in victims:
        os.kill(one, signal.SIGKILL)


def test_after_a_kill_of_everything_the_run_has_failed_soon_and_drops_load_again(workspace: Workspace) -> None:
    if not Path("/proc/self/stat").exists():
        pytest.skip("finding a process tree needs /proc")
    with served(workspace.root) as ui:
        wait_for(lambda: [1 for _, status in runs(workspace) if status == "STARTED"], A_WHILE)
        kill_tree(ui.process.pid)
        ui.process.wait()
    ((cut_off, status),) = runs(workspace)
    assert status == "STARTED"
    began = time.monotonic()
    with served(workspace.root) as ui:
        wait_for(lambda: dict(runs(workspace))[cut_off] == "FAILURE", SECONDS_TO_FAIL)
        print(f"marked as failed {time.monotonic() - began:.1f} seconds after the restart began")
        wait_for(lambda: [1 for _, status in runs(workspace) if status == "SUCCESS"], A_WHILE)
        print(f"tried again, and done, after {time.monotonic() - began:.1f} seconds")
        if FULL:
            done = latest(workspace.site(PILOT, SITE))
            deliver_again(workspace)
            wait_for(lambda: latest(workspace.site(PILOT, SITE)) != done, A_WHILE)
            print(f"the next drop was released after {time.monotonic() - began:.1f} seconds")
        assert [line for line in ui.lines if "Traceback" in line] == []
    verify_bundle(latest(workspace.site(PILOT, SITE)))
    assert verify(workspace.ledger(PILOT)) == ()


def deliver_again(workspace: Workspace) -> None:
    drops = workspace.pilot_folder(PILOT) / "drops"
    (before,) = drops.iterdir()
    shutil.copytree(before, drops / "2026-02-05")
    (file,) = (drops / "2026-02-05").iterdir()
    file.write_bytes(b"\n".join(file.read_bytes().splitlines()[:-3]) + b"\n")
