"""What the ledger knows of a pilot's protocol: when it was locked, and each deviation from it since."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import lru_cache
from pathlib import Path
from typing import Any, Literal

from pipelines.ledger import Entry, entries
from pipelines.protocol_lock.weighing import Change
from pipelines.workspace import Workspace

LOCK, DEVIATION, LOOK, REHEARSAL = "lock", "deviation", "look", "rehearsal"
"""Kinds of ledger entries. A look names its outcome where an estimate was seen; where outcomes were only described it
names none."""
ARRIVED, RELEASED = "drop_arrived", "release"
"""Kinds of ledger entries about files that were delivered, and about releases."""
LOOKS = (LOOK, "outcomes_seen")
"""Kinds of ledger entries that say that somebody could see an outcome; earlier programs wrote the second."""


@dataclass(frozen=True)
class Locked:
    """A protocol that was locked, as it is in force now."""

    pilot: str
    version: int
    """1 as it was locked; one more with each deviation."""
    hash: str
    """SHA-256 of the canonical form in force."""
    at: str
    """When it was locked, in UTC, as 2026-11-26T10:00:00Z."""
    by: str
    """Who locked it."""
    why: str
    """Why it was locked then."""
    how: Literal["command", "look"]
    """Whether it was locked by the command, or by the first look at an outcome."""
    protocol: Mapping[str, Any]
    """The canonical form in force."""
    first: Mapping[str, Any]
    """The canonical form as it was locked."""

    @property
    def date(self) -> str:
        """Day on which it was locked, as yyyy-mm-dd."""
        return self.at[:10]


@dataclass(frozen=True)
class Deviation:
    """One recorded edit of a protocol that was locked."""

    version: int
    """Version of the protocol that it made."""
    at: str
    """When it was recorded, in UTC."""
    by: str
    """Who recorded it."""
    why: str
    """Why; "no reason given" where nobody was asked."""
    how: Literal["command", "run"]
    """Recorded by somebody with the command, or by a run because it cannot touch an estimate."""
    after_look: bool
    """Whether somebody could see an outcome before."""
    changes: tuple[Change, ...]
    """What was changed."""
    hash: str
    """SHA-256 of the canonical form that it made."""

    @property
    def material(self) -> bool:
        """Whether it may touch an estimate, or what is concluded from it."""
        return any(change.material for change in self.changes)


@dataclass(frozen=True)
class History:
    """Everything the ledger says of the protocol of a pilot."""

    locked: Locked | None = None
    deviations: tuple[Deviation, ...] = ()
    looked: bool = False
    """Whether somebody could see an outcome so far."""
    rehearsed: bool = False
    """Whether, before it was locked, runs read outcomes of data that the protocol called made up."""
    rehearsed_with: frozenset[str] = frozenset()
    """SHA-256 of the files that had been delivered when it was locked, if runs read outcomes before."""
    arrived: frozenset[str] = frozenset()
    """SHA-256 of every file that was ever delivered."""
    first_at: str = ""
    """When its first line was written, in UTC."""
    releases: frozenset[tuple[str, str]] = frozenset()
    """Site (or what stands for all) and name of every release."""


def locked(workspace: Workspace, pilot: str) -> Locked | None:
    """Return the protocol that was locked, as it is in force; None while it is not locked.

    Raises
    ------
    Refusal
        When the ledger is not whole.
    """
    return history(workspace, pilot).locked


def deviations(workspace: Workspace, pilot: str) -> tuple[Deviation, ...]:
    """Return the recorded deviations from a locked protocol, oldest first; raise Refusal when the ledger is faulty."""
    return history(workspace, pilot).deviations


def history(workspace: Workspace, pilot: str) -> History:
    """Return what the ledger of a pilot says of its protocol."""
    path = workspace.ledger(pilot)
    try:
        found, head = path.stat(), path.with_suffix(".head").stat()
    except OSError:
        return of_entries(pilot, entries(path))
    return _read(pilot, path, found.st_mtime_ns, found.st_size, head.st_mtime_ns)


@lru_cache(maxsize=64)
def _read(pilot: str, path: Path, changed: int, size: int, head_changed: int) -> History:
    """Read a ledger once in each of its states: every step of every site asks."""
    return of_entries(pilot, entries(path))


def of_entries(pilot: str, lines: Iterable[Entry]) -> History:
    """Return what entries say, oldest first.

    Of two processes that wrote the same at once the first counts: a second lock, or a deviation from a version that is
    no longer in force, says nothing new.
    """
    told = History()
    for entry in lines:
        told = _with(pilot, told, entry)
    return told


def _with(pilot: str, told: History, entry: Entry) -> History:
    told = told if told.first_at else replace(told, first_at=entry.at)
    if entry.kind == ARRIVED:
        files = {str(one.get("sha256", "")) for one in entry.facts.get("files", ())}
        return replace(told, arrived=told.arrived | files)
    if entry.kind == RELEASED:
        name = (str(entry.facts.get("place", "")), str(entry.facts.get("release", "")))
        return replace(told, releases=told.releases | {name})
    if entry.kind in LOOKS:
        return replace(told, looked=True)
    if entry.kind == REHEARSAL and told.locked is None:
        return replace(told, rehearsed=True)
    if entry.kind == LOCK and told.locked is None:
        before = told.arrived if told.rehearsed else frozenset()
        return replace(told, locked=_lock_of(pilot, entry), rehearsed_with=before)
    if entry.kind == DEVIATION and told.locked and entry.facts.get("previous") == told.locked.hash:
        now = replace(told.locked, version=told.locked.version + 1, **_form(entry))
        return replace(told, locked=now, deviations=(*told.deviations, _deviation_of(entry, now.version, told.looked)))
    return told


def _form(entry: Entry) -> dict[str, Any]:
    return {"hash": str(entry.facts["hash"]), "protocol": entry.facts["protocol"]}


def _lock_of(pilot: str, entry: Entry) -> Locked:
    facts = entry.facts
    how: Literal["command", "look"] = "look" if facts["how"] == "look" else "command"
    return Locked(
        pilot=pilot, version=1, at=entry.at, by=facts["by"], why=facts["why"], how=how,
        first=facts["protocol"], **_form(entry),
    )  # fmt: skip


def _deviation_of(entry: Entry, version: int, looked: bool) -> Deviation:
    facts = entry.facts
    return Deviation(
        version=version,
        at=entry.at,
        by=facts["by"],
        why=facts["why"],
        how="command" if facts["how"] == "command" else "run",
        after_look=looked,
        changes=tuple(Change(**change) for change in facts["changes"]),
        hash=facts["hash"],
    )


def hash_of(canonical: Mapping[str, Any]) -> str:
    """Return the SHA-256 of a canonical form; that of `pipelines.protocol.load.protocol_hash`."""
    return hashlib.sha256(json.dumps(canonical, sort_keys=True, ensure_ascii=False).encode()).hexdigest()


def form_faults(lines: Sequence[Entry]) -> tuple[str, ...]:
    """Return what is wrong with the protocols that a ledger keeps, by line: each against its own hash and the last."""
    faults: list[str] = []
    before = ""
    for line, entry in enumerate(lines, 1):
        if entry.kind not in (LOCK, DEVIATION):
            continue
        kept = entry.facts.get("protocol")
        if not isinstance(kept, Mapping) or hash_of(kept) != entry.facts.get("hash"):
            faults.append(f"Line {line} keeps a protocol that does not give its hash.")
        if entry.kind == DEVIATION and not before:
            faults.append(f"Line {line} is a deviation, but no protocol was locked before it.")
        before = str(entry.facts.get("hash", ""))
    return tuple(faults)
