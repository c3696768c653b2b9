"""Which runs are really at work, and an end for those whose process is gone.

When everything is killed, or the computer is switched off, nobody is left to record the end of a run: it would show as
running, and keep the next run of its site waiting, until its longest time is over. So each run holds a lock for as long
as its process lives; the system lets go of it however the process ends. Who asks belongs in sensors, ui and running.
"""

import fcntl
import os
import time
from pathlib import Path

import dagster as dg

from pipelines.workspace import Workspace

FOLDER = "at-work"
SECONDS_TO_BEGIN = 75.0
"""A run that has just been asked for holds nothing yet: its process is still importing."""

UNENDED = [
    dg.DagsterRunStatus.NOT_STARTED,
    dg.DagsterRunStatus.STARTING,
    dg.DagsterRunStatus.STARTED,
    dg.DagsterRunStatus.CANCELING,
]
CUT_OFF = (
    "This run was cut off: its process is gone, as after a kill or when the computer was switched off. What was"
    " published before still stands. To do it again: pilotlens run {key}"
)


def hold(workspace: Workspace, run_id: str) -> None:
    """Hold a run's lock until this process ends: the end of a run is recorded after its last step has let go."""
    folder = workspace.dagster_home / FOLDER
    folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    draft = folder / f".{run_id}-{os.getpid()}"
    descriptor = os.open(draft, os.O_RDWR | os.O_CREAT, 0o600)  # never closed here, and not inherited by programs
    fcntl.flock(descriptor, fcntl.LOCK_EX)
    os.replace(draft, folder / run_id)  # seen only once it is locked


def give_up_cut_off(instance: dg.DagsterInstance, workspace: Workspace) -> tuple[str, ...]:
    """Record the end of every run whose process is gone; return the pilot sites of these runs."""
    records = instance.get_run_records(dg.RunsFilter(statuses=UNENDED))
    gone = [record.dagster_run for record in records if _is_gone(workspace, record)]
    for run in gone:
        _end(instance, run)
    _sweep(workspace, {record.dagster_run.run_id for record in records})
    return tuple(_key(run) for run in gone)


def _is_gone(workspace: Workspace, record: dg.RunRecord) -> bool:
    lock = workspace.dagster_home / FOLDER / record.dagster_run.run_id
    if lock.exists():
        return not _held(lock)
    return time.time() - record.update_timestamp.timestamp() > SECONDS_TO_BEGIN


def _held(lock: Path) -> bool:
    try:
        with lock.open() as file:
            fcntl.flock(file, fcntl.LOCK_SH | fcntl.LOCK_NB)
    except FileNotFoundError:
        return False
    except OSError:
        return True
    return False


def _end(instance: dg.DagsterInstance, run: dg.DagsterRun) -> None:
    now = instance.get_run_by_id(run.run_id)
    if now is None or now.status not in UNENDED:
        return  # it ended while we looked
    words = CUT_OFF.format(key=_key(run))
    if now.status == dg.DagsterRunStatus.CANCELING:
        instance.report_run_canceled(now, words)
    else:
        instance.report_run_failed(now, words)


def _key(run: dg.DagsterRun) -> str:
    return str(run.tags.get("dagster/partition", ""))


def _sweep(workspace: Workspace, unended: set[str]) -> None:
    """Remove the locks of runs that have ended."""
    for lock in (workspace.dagster_home / FOLDER).glob("[!.]*"):
        if lock.name not in unended and not _held(lock):
            lock.unlink(missing_ok=True)
