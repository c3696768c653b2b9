"""The head beside a ledger: number and hash of its last line, so that a ledger that was cut at its end is found."""

from __future__ import annotations

import json
import os
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from pipelines.ledger.lines import HASH, Entry, canonical


@dataclass(frozen=True)
class Head:
    """What was last acknowledged."""

    number: int
    hash: str


NONE = Head(0, "")
"""The head of a ledger that has none."""


def read(path: Path) -> Head | str:
    """Return a ledger's head, or what is wrong with it."""
    try:
        found = json.loads(path.with_suffix(".head").read_bytes().decode())
    except FileNotFoundError:
        return NONE
    except (ValueError, RecursionError):
        found = None
    if not isinstance(found, dict) or sorted(found) != ["hash", "number"] or type(found["number"]) is not int:
        return f"The head file {path.stem}.head was edited."
    if not isinstance(found["hash"], str) or not HASH.fullmatch(found["hash"]) or found["number"] < 1:
        return f"The head file {path.stem}.head was edited."
    return Head(found["number"], found["hash"])


def write(path: Path, last: Entry) -> None:
    """Replace a ledger's head: a process that is killed leaves the old one or the new one."""
    new = path.with_suffix(".head.new")
    descriptor = os.open(new, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    with os.fdopen(descriptor, "wb") as file:
        file.write(canonical({"number": last.number, "hash": last.hash}) + b"\n")
        file.flush()
        os.fsync(descriptor)
    os.replace(new, path.with_suffix(".head"))
    with suppress(OSError):  # the head has been replaced: whoever reads now finds it
        _sync_folder(path.parent)


def _sync_folder(folder: Path) -> None:
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def fault(path: Path, head: Head | str, number: int, last: Entry | None) -> str:
    """Say what is wrong between a head and the last of the lines, or nothing.

    A head that is one line behind is healthy: the process ended between the two writes, and nobody was told of the
    line. `last` is None when there is no line, or when the last one is faulty itself.
    """
    if isinstance(head, str):
        return head
    if head.number > number:
        return (
            f"Line {number + 1} is missing: the ledger was cut after entry {number};"
            f" its head file knows {head.number} {'entry' if head.number == 1 else 'entries'}."
        )
    if head.number < number - 1:
        knows = f"knows only {head.number}" if head.number else "is missing"
        return f"The head file {path.stem}.head {knows}, but there are {number} entries: it was put back or deleted."
    if last and head != NONE and head.hash != (last.hash if head.number == number else last.previous):
        return f"Line {head.number} is not the one that the head file {path.stem}.head knows: it was replaced."
    return ""
