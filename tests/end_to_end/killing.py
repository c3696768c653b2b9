"""Work in a process of its own that is killed at some moment, and what a pilot site's tables are afterwards.

What belongs here: starting, killing, looking. Which moments, and what must hold then, belongs in the tests.
"""

from __future__ import annotations

import io
import json
import os
import signal
import time
import zipfile
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from multiprocessing.context import ForkServerProcess
from pathlib import Path
from typing import Any

from pipelines.ingest import receive
from pipelines.validation.correction_list import LISTED
from pipelines.validation.publish import NOUNS, publish
from pipelines.warehouse import columns_of, named, open_vault, open_warehouse, table_hash
from pipelines.workspace import PilotSite, Workspace
from tests.end_to_end.command import FORKS

PROTOCOL = """\
pilot: first
title: First
question: Does it?
concept: {name: x}
sites:
  north: {title: North, codes: [N]}
  south: {title: South, codes: [S]}
population: {description: people}
intervention: {name: x}
extracts:
  people:
    noun: cases
    file: cases.csv
    columns: {person: ID, site: Site, referral_date: Referred, start_date: Start}
    identifiers: {name: Name}
  talks:
    noun: contacts
    file: contacts.csv
    columns: {person: ID, site: Site, contact_date: On}
  happenings:
    noun: events
    file: events.csv
    delivery: increments
    columns: {person: ID, site: Site, kind: Kind, event_date: On}
"""
RECEIVED = ("cases", "contacts", "events")
PUBLISHED = ("cases", "events", "contacts")
FIRST, SECOND = "2026-01-31", "2026-02-28"
PILOT = "first"


def made(root: Path) -> Workspace:
    """Return a workspace with one small pilot and its first drop."""
    workspace = Workspace(root)
    folder = workspace.pilot_folder(PILOT)
    folder.mkdir(parents=True)
    (folder / "protocol.yml").write_text(PROTOCOL)
    deliver(workspace, FIRST, people=60)
    return workspace


def deliver(workspace: Workspace, day: str, *, people: int) -> None:
    """Put a drop into its place, or a corrected one: two files as they are, one in a zip."""
    days = [f"2025-0{1 + n % 6}-1{n % 9},2025-0{1 + n % 6}-2{n % 9}" for n in range(people)]
    rows = [f"{n},{'NS'[n % 2]},Zebedee {n},{day}" for n, day in enumerate(days)]
    talks = [f"{n % people},{'NS'[n % people % 2]},2025-0{7 + n % 3}-0{1 + n % 8}" for n in range(4 * people)]
    events = [f"{n},{'NS'[n % 2]},arrest,2025-0{7 + n % 3}-1{n % 8}" for n in range(people) if n % 3]
    folder = workspace.pilot_folder(PILOT) / "drops" / day
    folder.mkdir(parents=True, exist_ok=True)
    written(folder / "cases.csv", _text("ID,Site,Name,Referred,Start", rows))
    written(folder / "events.csv", _text("ID,Site,Kind,On", events))
    written(folder / "more.zip", _zipped("contacts.csv", _text("ID,Site,On", talks)))


def _zipped(name: str, content: bytes) -> bytes:
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w") as archive:
        archive.writestr(zipfile.ZipInfo(name), content)  # without the time of day: the same rows, the same bytes
    return packed.getvalue()


def _text(head: str, rows: list[str]) -> bytes:
    return "\n".join([head, *rows, ""]).encode()


def written(path: Path, content: bytes) -> None:
    """Write a file whose copy ended a minute ago."""
    path.write_bytes(content)
    os.utime(path, (time.time() - 60,) * 2)


def ingest_and_validate(root: Path) -> None:
    """Receive and publish every noun of a site."""
    site = Workspace(root).site(PILOT, "north")
    for noun in RECEIVED:
        receive(site, noun)
    for noun in PUBLISHED:
        if told := publish(site, noun).refusal:
            raise RuntimeError(told)


def whole_job(root: Path, target: str) -> None:
    """Do what `pilotlens run` does, without importing everything first."""
    from assets.commands import evaluate

    if code := evaluate(root, target, debug=False):
        raise RuntimeError(f"ended with {code}")


@dataclass
class Child:
    """A process of its own, in a session of its own."""

    process: ForkServerProcess
    begun: float

    def kill_after(self, seconds: float) -> tuple[bool, float]:
        """Kill the whole process tree at a moment after it began; return whether it was still at work, and how long."""
        self.process.join(max(0.0, self.begun + seconds - time.monotonic()))
        if self.process.is_alive():
            os.killpg(self.process.pid or 0, signal.SIGKILL)
        self.process.join()
        return self.process.exitcode == -signal.SIGKILL, time.monotonic() - self.begun

    def end(self) -> float:
        """Wait for the end, which must be a good one; return how long it took."""
        self.process.join()
        assert self.process.exitcode == 0
        return time.monotonic() - self.begun


def child(work: Callable[..., None], *arguments: Any) -> Child:
    """Begin to work in another process; return when it has begun."""
    here, there = FORKS.Pipe(duplex=False)
    process = FORKS.Process(target=_in_a_session, args=(there, work, arguments))
    process.start()
    there.close()
    here.recv()
    return Child(process, time.monotonic())


def _in_a_session(told: Any, work: Callable[..., None], arguments: tuple[Any, ...]) -> None:
    os.setsid()
    told.send("begun")
    work(*arguments)


def left_behind(workspace: Workspace) -> list[str]:
    """Return what work that was cut off has left in a workspace: drafts, unpacked files, what was spilt to disk."""
    marks = (".draft-", "unpacked-", ".latest-", ".tmp", "duckdb_temp")
    beside = [path for path in workspace.root.rglob("*") if any(mark in path.name for mark in marks)]
    return sorted(str(path.relative_to(workspace.root)) for path in beside)


def unsound_parts(workspace: Workspace) -> list[str]:
    """Return the parts of the store that count (they have an about.json) and do not hold what that says."""
    site = workspace.site(PILOT, "north")
    places = (workspace.delivered_folder(PILOT), workspace.delivered_vault(PILOT))
    wrong = []
    with open_vault(site) as connection:
        for about in places[0].glob("[!.]*/about.json"):
            for key, rows in json.loads(about.read_text())["rows"].items():
                for place, secret in zip(places, ("delivered", "vaulted"), strict=True):
                    path = place / about.parent.name / f"site={key}" / "*.parquet"
                    read = f"read_parquet('{path}', encryption_config = {{footer_key: '{secret}'}})"
                    if connection.execute(f"SELECT count(*) FROM {read}").fetchone()[0] != rows:
                        wrong.append(str(path))
    return wrong


State = dict[str, dict[str, str]]
"""Of each step (`raw cases`) the hash of every table that it replaces: they are old or new together."""


def state(site: PilotSite, layers: tuple[str, ...] = ("raw", "validated", "quarantine")) -> State:
    """Return the hashes of all published tables of a site."""
    found: State = {}
    with open_warehouse(site) as connection:
        for layer in layers:
            for step, part, digest in _hashes(connection, layer):
                found.setdefault(step, {})[part] = digest
    with open_vault(site) as connection:
        for step, part, digest in _by_noun(connection, "vault.identifiers", "vault"):
            found.setdefault(step, {})[part] = digest
    return found


def _hashes(connection: Any, layer: str) -> Iterator[tuple[str, str, str]]:
    query = "SELECT table_name FROM information_schema.tables WHERE table_catalog = 'warehouse' AND table_schema = ?"
    of = "validated" if layer == "quarantine" else layer
    # What the correction list says is noted after its files were written: it follows them, and is no step's rows.
    for (name,) in (row for row in connection.execute(query, [layer]).fetchall() if row != (LISTED,)):
        target = f"{layer}.{named(name)}"
        if "noun" in {column for column, _ in columns_of(connection, target)}:
            yield from _by_noun(connection, target, of)
        else:
            step = _noun(name) if of in ("raw", "validated") else name
            yield f"{of} {step}", target, table_hash(connection, target)


def _noun(name: str) -> str:
    """Return the noun whose step replaces a table; what is about people of other sites comes with the cases."""
    return next((noun for noun in NOUNS if name in (noun, f"{noun}_before")), "cases")


def _by_noun(connection: Any, target: str, layer: str) -> Iterator[tuple[str, str, str]]:
    for (noun,) in connection.execute(f"SELECT DISTINCT noun FROM {target}").fetchall():
        rows = f"(SELECT * FROM {target} WHERE noun = '{noun}')"
        yield f"{layer} {noun}", target, table_hash(connection, rows)


def mixed(before: State, found: State, after: State) -> list[str]:
    """Return the steps whose tables are neither all as before nor all as after."""
    return [step for step in found if found[step] not in (before.get(step), after.get(step))] + [
        step for step in before if step not in found
    ]
