"""Changing keys: new ones take the place of the old ones, and what was locked with the old ones is deleted.

Everything that is locked is made from the drops, and the next run makes it again. So a change of any key deletes all of
it, after checking that every drop that counts is still there. Steps, each of which may be done twice:

1. Write the new keys beside the old ones, then `keys/change.json`. From here on every command refuses, and the change
   can only be finished: by running the command again.
2. Keep the old keys in `keys/retired`.
3. Put the new keys in the place of the old ones.
4. Delete what was locked: last, for a step may still write that had taken an old key into its hand before.
5. Write it into the ledgers, and delete `keys/change.json`.
"""

from __future__ import annotations

import errno
import fcntl
import json
import os
import secrets
import shutil
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from pathlib import Path

from pipelines import keys
from pipelines.drop_history import Delivery, deliveries
from pipelines.keys import Purpose
from pipelines.ledger import append, entries
from pipelines.refusal import Refusal
from pipelines.workspace import Workspace

Change = Mapping[Purpose, tuple[str, str]]
"""Of each key the short names of the old one and of the new one."""


def rotate(workspace: Workspace, only: Sequence[Purpose] = keys.PURPOSES) -> tuple[str, ...]:
    """Change keys, or finish a change that was interrupted; return what was done, in sentences.

    Raises
    ------
    Refusal
        When a drop that counts is no longer on disk, somebody is at work on the data, or a key is not a file here.
    """
    problem = 0
    try:
        with _alone(workspace), _nobody_at_work(workspace):
            if not keys.change(workspace).exists():
                _begin(workspace, only)
            return _finish(workspace)
    except OSError as error:
        problem = error.errno or errno.EIO
    raise _stopped(workspace, problem)


def _begin(workspace: Workspace, only: Sequence[Purpose]) -> None:
    for purpose in only:
        _insist_on_file(workspace, purpose)
    for pilot in _pilots(workspace):
        _insist_on_drops(workspace, pilot)
    change = {}
    for purpose in only:
        secret = secrets.token_hex(32)
        _write(_new(workspace, purpose), secret)
        change[purpose] = (keys.id_of(purpose, keys.read(keys.file(workspace, purpose))), keys.id_of(purpose, secret))
    _write(keys.change(workspace), json.dumps(change))


def _finish(workspace: Workspace) -> tuple[str, ...]:
    change: Change = json.loads(keys.change(workspace).read_text(encoding="utf-8"))
    for purpose, (old, _) in change.items():
        _retire(workspace, purpose, old)
    for purpose, (_, new) in change.items():
        _switch(workspace, purpose, new)
    _delete(workspace)
    _note(workspace, change)
    keys.change(workspace).unlink()
    return _done(change)


def _insist_on_file(workspace: Workspace, purpose: Purpose) -> None:
    name = keys.variable(purpose)
    if os.environ.get(name):
        raise Refusal(
            f"The key {purpose} comes from the environment and cannot be changed here.",
            f"Stop all runs, delete the folders warehouse, vault and as-of of the workspace, give {name} a new value"
            " and run again: all is made again from the drops. Or change the other keys with --only.",
        )
    if not keys.file(workspace, purpose).exists():
        raise Refusal(f"The key {purpose} was not made yet, so there is nothing to change.", "A run makes the keys.")


# ---- is everything still there that the data are made from? ---------------------------------------------------------


def _pilots(workspace: Workspace) -> tuple[str, ...]:
    """Return the pilots that have data or a ledger; either may outlive the protocol."""
    data = {path.name for folder in _locked_folders(workspace) for path in folder.glob("[!.]*") if path.is_dir()}
    return tuple(sorted(data | set(_with_ledger(workspace))))


def _with_ledger(workspace: Workspace) -> tuple[str, ...]:
    return tuple(sorted(path.stem for path in workspace.ledger("any").parent.glob("*.jsonl")))


def _insist_on_drops(workspace: Workspace, pilot: str) -> None:
    """Refuse when a drop that counts could not be read again: its people could not be linked to themselves."""
    from pipelines.ingest.drops import drops

    known = deliveries(entries(workspace.ledger(pilot)))
    if not known and _has_data(workspace, pilot):
        raise Refusal(
            f"The ledger of {pilot} does not say which drops its data were made from.",
            f"Run `pilotlens run {pilot}` first, or delete warehouse/{pilot} and vault/{pilot} if nobody needs them.",
        )
    on_disk = {drop.name: drop.sha256 for drop in drops(workspace, pilot) if drop.files}
    for name, said in _counting(known).items():
        if on_disk.get(name) not in said:
            raise _no_longer_there(pilot, name, name in on_disk)


def _counting(known: Sequence[Delivery]) -> dict[str, set[str]]:
    """Return the drops that count, with the hashes of every content that each of them had."""
    newest = {one.drop: one for one in known}
    return {
        name: {one.sha256 for one in known if one.drop == name and not one.withdrawn}
        for name, last in newest.items()
        if not last.withdrawn
    }


def _has_data(workspace: Workspace, pilot: str) -> bool:
    found = (path for folder in _locked_folders(workspace) for path in (folder / pilot).rglob("*"))
    return any(path.suffix in keys.LOCKED for path in found)


def _no_longer_there(pilot: str, drop: str, changed: bool) -> Refusal:
    if changed:
        return Refusal(
            f"The files of the drop {pilot}/{drop} are not those that were read. No key was changed.",
            f"Run `pilotlens run {pilot}` first, or put the files back.",
        )
    return Refusal(
        f"The drop {pilot}/{drop} is no longer on disk, and its people could not be linked again. No key was changed.",
        f'Put it back, or withdraw it: pilotlens drops {pilot} --withdraw {drop} --why "the reason".',
    )


# ---- the steps ------------------------------------------------------------------------------------------------------


def _locked_folders(workspace: Workspace) -> tuple[Path, ...]:
    """Return the folders of everything that is locked with a key: all of it is made from the drops."""
    root = workspace.root
    return (root / "warehouse", root / "vault", *root.glob("as-of/*/warehouse"), *root.glob("as-of/*/vault"))


def _new(workspace: Workspace, purpose: Purpose) -> Path:
    return keys.file(workspace, purpose).with_suffix(".key.new")


def _retire(workspace: Workspace, purpose: Purpose, old: str) -> None:
    """Keep an old key, as long as it is still the one in use; otherwise that was done before."""
    path = keys.file(workspace, purpose)
    if keys.id_of(purpose, keys.read(path)) == old:
        folder = workspace.keys_folder / keys.RETIRED
        folder.mkdir(exist_ok=True, mode=0o700)
        _write(folder / f"{purpose}-{old}.key", keys.read(path))


def _delete(workspace: Workspace) -> None:
    for folder in _locked_folders(workspace):
        for path in folder.glob("*"):
            if path.is_dir() and not path.is_symlink():
                shutil.rmtree(path)
            else:
                path.unlink()


def _switch(workspace: Workspace, purpose: Purpose, new: str) -> None:
    path = keys.file(workspace, purpose)
    if keys.id_of(purpose, keys.read(path)) == new:
        return
    if keys.id_of(purpose, keys.read(_new(workspace, purpose))) != new:
        raise Refusal(f"The new key {purpose} is not the one that the change began with.", "Put keys back from a copy.")
    os.replace(_new(workspace, purpose), path)
    _sync(path.parent)


def _note(workspace: Workspace, change: Change) -> None:
    for pilot in _with_ledger(workspace):
        for purpose, (old, new) in change.items():
            facts = {"key": purpose, "old_id": old, "new_id": new}
            append(workspace.ledger(pilot), "key_rotated", facts, once=tuple(facts))


def _done(change: Change) -> tuple[str, ...]:
    old = ", ".join(f"keys/{keys.RETIRED}/{purpose}-{old}.key" for purpose, (old, _) in change.items())
    return (
        *(f"The key {purpose} was changed: {old} is now {new}." for purpose, (old, new) in change.items()),
        "What was locked with the old keys is deleted; reports and releases stand. Make it again with: pilotlens run",
        f"Nothing here needs the old keys any more; delete them once no backup does: {old}",
    )


def _write(path: Path, text: str) -> None:
    """Write a file that only its owner reads, whole or not at all, and on the disk before anything builds on it."""
    draft = path.with_name(f".{path.name}.draft")
    draft.unlink(missing_ok=True)
    with os.fdopen(os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w", encoding="ascii") as file:
        file.write(text)
        file.flush()
        os.fsync(file.fileno())
    os.replace(draft, path)
    _sync(path.parent)


def _sync(folder: Path) -> None:
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


# ---- nobody else ----------------------------------------------------------------------------------------------------


@contextmanager
def _alone(workspace: Workspace) -> Iterator[None]:
    if not workspace.keys_folder.is_dir():
        raise Refusal("There are no keys yet, so there is nothing to change.", "A run makes the keys.")
    with (workspace.keys_folder / ".change.lock").open("w") as lock:
        if not _taken(lock.fileno(), fcntl.flock):
            raise Refusal("Somebody else is changing the keys.", "Wait for it to end.")
        yield


@contextmanager
def _nobody_at_work(workspace: Workspace) -> Iterator[None]:
    """Hold every file that a run would hold: databases with DuckDB's kind of lock, the store with its own."""
    with ExitStack() as held:
        for folder in _locked_folders(workspace):
            for path in sorted(folder.glob("**/*")):
                how = {".duckdb": fcntl.lockf, ".lock": fcntl.flock}.get(path.suffix)
                if how and path.is_file() and not _taken(held.enter_context(path.open("r+b")).fileno(), how):
                    raise _in_use(path, workspace)
        yield


def _taken(descriptor: int, how: object) -> bool:
    try:
        how(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)  # type: ignore[operator]
    except BlockingIOError:
        return False
    except PermissionError:  # what POSIX lets a system say instead
        return False
    return True


def _in_use(path: Path, workspace: Workspace) -> Refusal:
    return Refusal(
        f"{path.relative_to(workspace.root)} is in use by another program.",
        "Let the run finish, or close the program that has the file open, and try again. No key was changed.",
    )


def _stopped(workspace: Workspace, problem: int) -> Refusal:
    why = "The disk is full" if problem in (errno.ENOSPC, errno.EDQUOT) else "A file cannot be written or deleted"
    if keys.change(workspace).exists():
        return Refusal(f"{why}; the change of keys is not finished.", "Finish it with: pilotlens keys rotate")
    return Refusal(f"{why}; no key was changed.", "Is there room, and may you write into the workspace?")
