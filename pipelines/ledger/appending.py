"""Appending a line: under the lock, in one write, on disk before anybody is told. Judging a ledger is in verifying."""

from __future__ import annotations

import datetime as dt
import errno
import os
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

from pipelines.ledger import heads, locks
from pipelines.ledger.lines import Entry, canonical, following, plain, read
from pipelines.ledger.tails import backwards, end_of_lines
from pipelines.refusal import FULL, Refusal, Unusable


def append(
    path: Path, kind: str, facts: Mapping[str, Any], *, once: Sequence[str] = (), now: dt.datetime | None = None
) -> Entry:
    """Add an entry to a ledger and return it when it is safely on disk.

    Parameters
    ----------
    path : the ledger, `Workspace.ledger(pilot)`.
    kind : what happened, as in `drop_arrived`.
    facts : what is known of it, as JSON can hold it.
    once : names of facts. When the last entry of this kind with the same values of these says the same in all facts,
        it is returned and nothing is written: a step that is run again leaves no second line.
    now : time of the entry; the clock's unless a test gives one.

    Raises
    ------
    Refusal
        When the ledger is in use for too long, cannot be written, or does not end as it should. It is as it was.
    """
    wanted, problem = plain(facts), 0
    try:
        with _opened(path) as descriptor:
            return _append(path, descriptor, kind, wanted, once, now or dt.datetime.now(dt.UTC))
    except OSError as error:
        problem = error.errno or errno.EIO
    raise _not_written(path, problem)


@contextmanager
def _opened(path: Path) -> Iterator[int]:
    path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    with locks.to_append(path):
        descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_APPEND, 0o600)
        try:
            yield descriptor
        finally:
            os.close(descriptor)


def _append(
    path: Path, descriptor: int, kind: str, facts: Mapping[str, Any], once: Sequence[str], now: dt.datetime
) -> Entry:
    end = end_of_lines(descriptor)
    last = _last(path, descriptor, end)
    same = _latest(descriptor, end, kind, {name: facts[name] for name in once}) if once else None
    if same and canonical(same.facts) == canonical(facts):
        return same
    entry = following(last, kind, facts, now)
    _write(path, descriptor, end, entry)
    return entry


def _last(path: Path, descriptor: int, end: int) -> Entry | None:
    """Return the last entry; refuse to build on an end that is not as it was left."""
    line = next(backwards(descriptor, end), None)
    last = read(line) if line is not None else None
    if isinstance(last, str):
        raise _unsound(path, f"The last line {last}.")
    head = heads.read(path)
    if fault := heads.fault(path, head, last.number if last else 0, last):
        raise _unsound(path, fault)
    if last and head != heads.Head(last.number, last.hash):
        heads.write(path, last)  # or a second process that is killed would leave it two lines behind
    return last


def _latest(descriptor: int, end: int, kind: str, same: Mapping[str, Any]) -> Entry | None:
    """Return the last entry of a kind with some facts; most lines are passed over by their bytes alone."""
    marks = [f'"kind":"{kind}","number":'.encode(), *(canonical({name: same[name]})[1:-1] for name in same)]
    for line in backwards(descriptor, end):
        if all(mark in line for mark in marks):
            found = read(line)
            if isinstance(found, Entry) and found.kind == kind and _agrees(found, same):
                return found
    return None


def _agrees(entry: Entry, same: Mapping[str, Any]) -> bool:
    return canonical({name: entry.facts[name] for name in same if name in entry.facts}) == canonical(same)


def _write(path: Path, descriptor: int, end: int, entry: Entry) -> None:
    """Write line and head, or neither: a disk that fills up half-way leaves the ledger as it was."""
    line = entry.line + b"\n"
    try:
        os.ftruncate(descriptor, end)
        if os.write(descriptor, line) < len(line):
            raise OSError(errno.ENOSPC, "")
        os.fsync(descriptor)
        heads.write(path, entry)
    except OSError:
        if heads.read(path) == heads.Head(entry.number, entry.hash):
            return  # a file server may report a failure of what it did: all is written
        with suppress(OSError):
            os.ftruncate(descriptor, end)
        raise


def _unsound(path: Path, fault: str) -> Refusal:
    return Refusal(
        f"The ledger of {path.stem} is not as it was left, so nothing is added to it. {fault}",
        f"`pilotlens verify {path.stem}` says all that is wrong. Put the ledger folder back from your safe copy.",
    )


def _not_written(path: Path, problem: int) -> Refusal:
    if problem in FULL:
        return Unusable(
            f"The disk is full; the ledger of {path.stem} was not changed.", "Make room, and run the command again."
        )
    return Unusable(
        f"The ledger of {path.stem} cannot be written; it was not changed.",
        "May you write into the folder ledger of the workspace? Run the command again when you may.",
    )
