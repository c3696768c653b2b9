"""Killed at any moment, with full disks, without rights and while another program holds a file: old or new, never half.

A short form runs with all tests; `make faults` kills 200 times, and the whole job 20 times.
"""

from __future__ import annotations

import hashlib
import os
import random
import shutil
import sqlite3
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path

import pytest

from assets.at_work import SECONDS_TO_BEGIN
from assets.exit_codes import DONE, UNAVAILABLE
from pipelines.analysis import NOUNS as ANALYSED
from pipelines.analysis import build
from pipelines.demo import PILOTS, create
from pipelines.findings import NOUNS as FOUND
from pipelines.findings import compute
from pipelines.ingest import receive
from pipelines.ledger import verify
from pipelines.release.verify import verify_bundle
from pipelines.release.write import latest
from pipelines.validation.publish import NOUNS, publish
from pipelines.warehouse import named, open_warehouse, table_hash
from pipelines.workspace import PilotSite, Workspace
from tests.end_to_end import killing
from tests.end_to_end.command import pilotlens
from tests.end_to_end.killing import PILOT, SECOND, State, child, deliver, ingest_and_validate, state

FULL = bool(os.environ.get("PILOTLENS_ALL_FAULTS"))
SEED = 3


@dataclass
class Moments:
    """Random moments of some work, one in each equal stretch of it, so that no part of it is left out by chance.

    How long the work takes depends on what else the machine does; a moment that came too late shows how long it takes
    now, and its stretch is tried again: the number of kills is what was asked, on any machine.
    """

    lasts: float
    left: list[float]

    @classmethod
    def of(cls, number: int, lasts: float) -> Moments:
        """Return moments in random order."""
        chance = random.Random(SEED)
        return cls(lasts, [(n + chance.random()) / number for n in chance.sample(range(number), number)])

    def __iter__(self) -> Iterator[float]:
        """Give moments, in seconds after the beginning, until each stretch was hit or too many were missed."""
        most = 3 * len(self.left)
        for _ in range(most):
            if not self.left:
                return
            yield self.lasts * self.left[0]

    def hit(self, killed: bool, took: float) -> None:
        """Note whether the kill at the last moment came while the work was on, and how long that was."""
        if killed:
            self.left.pop(0)
        else:
            self.lasts = min(self.lasts, took) * 0.95


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
    moments = Moments.of(kills, lasts)
    for number, moment in enumerate(moments):
        before, people = state(site), 84 + 2 * number
        deliver(workspace, SECOND, people=people)
        killed, took = child(ingest_and_validate, workspace.root).kill_after(moment)
        moments.hit(killed, took)
        seen["killed"] += killed
        assert verify(workspace.ledger(PILOT)) == ()
        assert killing.unsound_parts(workspace) == []
        found, left = state(site), killing.left_behind(workspace)
        child(ingest_and_validate, workspace.root).end()
        after = state(site)
        assert killing.mixed(before, found, after) == [], f"killed after {moment:.3f} seconds"
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
    assert seen["killed"] == kills
    assert seen["part of the steps new"]
    assert state(site) == state_of_a_workspace_never_killed(workspace, tmp_path)


LIFE, BALTIMORE = "transitional-aid", "baltimore"
EVERYTHING = ("raw", "validated", "quarantine", "analysis", "findings")


@pytest.fixture
def life(tmp_path: Path) -> Workspace:
    """A workspace with LIFE, a public data set, as its only pilot."""
    workspace = Workspace(tmp_path / "workspace")
    create(workspace.root)
    for other in set(PILOTS) - {LIFE}:
        shutil.rmtree(workspace.pilot_folder(other))
    return workspace


def correct_the_drop(workspace: Workspace) -> None:
    """Deliver the same file again without its last line."""
    (folder,) = (workspace.pilot_folder(LIFE) / "drops").iterdir()
    (file,) = folder.iterdir()
    killing.written(file, b"\n".join(file.read_bytes().splitlines()[:-1]) + b"\n")


def shown(workspace: Workspace) -> dict[str, str]:
    """The files that people see, by the hash of their bytes; the newest release must be whole."""
    site = workspace.site(LIFE, BALTIMORE)
    verify_bundle(latest(site))
    found = {path.name: hashlib.sha256(path.read_bytes()).hexdigest() for path in site.reports_folder.glob("[!.]*")}
    return found | {"release": latest(site).name}


def test_killed_at_any_moment_of_the_whole_job_everything_is_old_or_new(life: Workspace) -> None:
    site, key = life.site(LIFE, BALTIMORE), f"{LIFE}/{BALTIMORE}"
    child(killing.whole_job, life.root, key).end()
    correct_the_drop(life)
    lasts = child(killing.whole_job, life.root, key).end()
    kills = 20 if FULL else 2
    seen: Counter[str] = Counter()
    moments = Moments.of(kills, lasts)
    for moment in moments:
        before, seen_before = state(site, EVERYTHING), shown(life)
        correct_the_drop(life)
        killed, took = child(killing.whole_job, life.root, key).kill_after(moment)
        moments.hit(killed, took)
        seen["killed"] += killed
        assert verify(life.ledger(LIFE)) == ()
        found, seen_now = state(site, EVERYTHING), shown(life)
        child(killing.whole_job, life.root, key).end()
        after, seen_after = state(site, EVERYTHING), shown(life)
        assert killing.mixed(before, found, after) == [], f"killed after {moment:.3f} seconds"
        assert set(seen_now) == set(seen_before) == set(seen_after)
        assert [one for one in seen_now if seen_now[one] not in (seen_before[one], seen_after[one])] == []
        assert seen_after["release"] != seen_before["release"]
        assert killing.left_behind(life) == []
        seen["part of the steps new"] += 0 < sum(found[step] == after[step] for step in after) < len(after)
        seen["reports new"] += seen_now["report.html"] == seen_after["report.html"]
    print(dict(seen))
    assert seen["killed"] == kills
    if "NOT_STARTED" in statuses(life):
        # Killed before it held its lock: it has as long to begin as any run, and the next job records its end.
        time.sleep(SECONDS_TO_BEGIN)
        correct_the_drop(life)
        child(killing.whole_job, life.root, key).end()
    assert set(statuses(life)) == {"SUCCESS", "FAILURE"}
    assert statuses(life).count("FAILURE") <= seen["killed"]


def statuses(workspace: Workspace) -> list[str]:
    """How the runs in Dagster's records ended, as those who look at the UI see it."""
    with closing(sqlite3.connect(workspace.dagster_home / "history" / "runs.db")) as records:
        return [status for (status,) in records.execute("SELECT status FROM runs").fetchall()]


def state_of_a_workspace_never_killed(workspace: Workspace, tmp_path: Path) -> State:
    """What the same drops and keys give when nothing goes wrong."""
    fresh = Workspace(tmp_path / "fresh")
    for folder in ("pilots", "keys"):
        shutil.copytree(workspace.root / folder, fresh.root / folder)
    child(ingest_and_validate, fresh.root).end()
    return state(fresh.site(PILOT, "north"))


def test_any_step_run_three_times_gives_the_same_rows(fund: PilotSite) -> None:
    first = tables(fund, "raw", "validated", "quarantine")
    for _ in range(2):
        receive_and_publish(fund)
        assert tables(fund, "raw", "validated", "quarantine") == first
    build_everything(fund)
    derived = tables(fund, "analysis", "findings")
    for _ in range(2):
        build_everything(fund)
        assert tables(fund, "analysis", "findings") == derived
    assert len(first) > 20
    assert len(derived) > 3


EVERY_NOUN = ("cases", "events", "assessments", "series", "contacts", "spend", "consents", "documents", "codings")


@pytest.fixture
def fund(tmp_path: Path) -> PilotSite:
    """A site of the synthetic pilot, which has all nouns; received and published once."""
    workspace = Workspace(tmp_path / "workspace")
    create(workspace.root)
    for path in workspace.pilot_folder("personal-fund").rglob("*.*"):
        if path.is_file():
            killing.written(path, path.read_bytes())
    site = workspace.site("personal-fund", "northmoor")
    receive_and_publish(site)
    return site


def receive_and_publish(site: PilotSite) -> None:
    for noun in EVERY_NOUN:
        receive(site, noun)
    for noun in NOUNS:
        assert not publish(site, noun).refusal


def build_everything(site: PilotSite) -> None:
    for noun in ANALYSED:
        build(site, noun)
    for noun in FOUND:
        compute(site, noun)


def tables(site: PilotSite, *layers: str) -> dict[str, str]:
    """The hash of every table of some layers."""
    query = "SELECT table_schema, table_name FROM information_schema.tables WHERE table_catalog = 'warehouse'"
    with open_warehouse(site) as connection:
        found = [(layer, f"{layer}.{named(name)}") for layer, name in connection.execute(query).fetchall()]
        return {name: table_hash(connection, name) for layer, name in found if layer in layers}


def test_a_site_in_use_ends_the_command_with_the_code_for_it(life: Workspace) -> None:
    child(killing.whole_job, life.root, LIFE).end()
    before = shown(life)
    with open_warehouse(life.site(LIFE, BALTIMORE)):
        done = pilotlens(life.root, "run")
    assert done.returncode == UNAVAILABLE
    assert "is in use by another program; waited 20 seconds" in done.stderr
    assert shown(life) == before
    assert pilotlens(life.root, "run").returncode == DONE
