"""Killed at any moment, with full disks, without rights and while another program holds a file: old or new, never half.

A short form runs with all tests; `make faults` kills 200 times, and the whole job 20 times.
"""

from __future__ import annotations

import os
import random
import shutil
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import pytest

from pipelines.ledger import verify
from pipelines.warehouse import open_warehouse
from pipelines.workspace import Workspace
from tests.end_to_end import killing
from tests.end_to_end.killing import PILOT, SECOND, State, child, deliver, ingest_and_validate, state

FULL = bool(os.environ.get("PILOTLENS_ALL_FAULTS"))
SEED = 3


def moments(number: int, lasts: float) -> Iterator[float]:
    """Random moments, one in each equal stretch of the work, so that no part of it is left out by chance."""
    chance = random.Random(SEED)
    return iter([lasts * (n + chance.random()) / number for n in chance.sample(range(number), number)])


def mixed(before: State, found: State, after: State) -> list[str]:
    """The steps whose tables are neither all as before nor all as after."""
    return [step for step in found if found[step] not in (before.get(step), after.get(step))] + [
        step for step in before if step not in found
    ]


def people_in(workspace: Workspace) -> dict[str, int]:
    site = workspace.site(PILOT, "north")
    tables = ("raw.cases", "validated.cases", "raw.contacts", "validated.contacts")
    with open_warehouse(site) as connection:
        return {name: connection.execute(f"SELECT count(*) FROM {name}").fetchone()[0] for name in tables}


def test_killed_at_any_moment_of_ingest_and_validation_each_table_is_old_or_new(tmp_path: Path) -> None:
    workspace = killing.made(tmp_path / "workspace")
    site = workspace.site(PILOT, "north")
    deliver(workspace, SECOND, people=80)
    child(ingest_and_validate, workspace.root).end()
    deliver(workspace, SECOND, people=82)
    lasts = child(ingest_and_validate, workspace.root).end()
    kills = 200 if FULL else 12
    seen: Counter[str] = Counter()
    for number, moment in enumerate(moments(kills, lasts)):
        before, people = state(site), 84 + 2 * number
        deliver(workspace, SECOND, people=people)
        seen["killed"] += child(ingest_and_validate, workspace.root).kill_after(moment)
        assert verify(workspace.ledger(PILOT)) == ()
        assert killing.unsound_parts(workspace) == []
        found, left = state(site), killing.left_behind(workspace)
        child(ingest_and_validate, workspace.root).end()
        after = state(site)
        assert mixed(before, found, after) == [], f"killed after {moment:.3f} seconds"
        assert killing.left_behind(workspace) == []
        assert people_in(workspace) == {
            "raw.cases": people // 2,
            "validated.cases": people // 2,
            "raw.contacts": 2 * people,
            "validated.contacts": 2 * people,
        }
        seen["with drafts left behind"] += bool(left)
        seen["part of the steps new"] += 0 < sum(found[step] == after[step] for step in after) < len(after)
    print(dict(seen))
    assert seen["killed"] >= kills * 0.7
    assert seen["part of the steps new"]
    assert state(site) == state_of_a_workspace_never_killed(workspace, tmp_path)


def state_of_a_workspace_never_killed(workspace: Workspace, tmp_path: Path) -> State:
    """What the same drops and keys give when nothing goes wrong."""
    fresh = Workspace(tmp_path / "fresh")
    for folder in ("pilots", "keys"):
        shutil.copytree(workspace.root / folder, fresh.root / folder)
    child(ingest_and_validate, fresh.root).end()
    return state(fresh.site(PILOT, "north"))
