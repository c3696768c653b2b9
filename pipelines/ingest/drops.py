"""Drops: which there are, whether they have stopped changing, and their content hash. Reading them belongs in files."""

from __future__ import annotations

import datetime as dt
import fnmatch
import hashlib
import re
import time
import unicodedata
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

from pipelines.protocol.extracts import Extract
from pipelines.protocol.faults import nearest
from pipelines.refusal import Refusal
from pipelines.workspace import PilotSite, Workspace

NAME = re.compile(r"^\d{4}-\d{2}-\d{2}(-[A-Za-z0-9_-]+)?$")
UNFINISHED = ("*.part", "*.partial", "*.tmp", "*.crdownload", "*.filepart", "~$*", ".~lock*")
SETTLED_SECONDS = 2.0


@dataclass(frozen=True)
class Drop:
    """One delivery of files for a pilot."""

    name: str
    folder: Path
    files: tuple[Path, ...]

    @property
    def fingerprint(self) -> str:
        """Names, sizes and times of change: cheap, and different while files are being written."""
        stats = [(self._inside(path), *_size_and_time(path)) for path in self.files]
        return hashlib.sha256(repr(stats).encode()).hexdigest()

    @property
    def sha256(self) -> str:
        """Hash over names and bytes of the files: the identity of the drop."""
        return _content_hash(self.folder, self.files, self.fingerprint)

    @property
    def unfinished(self) -> tuple[Path, ...]:
        """Files that a program has not finished writing, by their names."""
        return tuple(p for p in self.files if any(fnmatch.fnmatch(p.name, pattern) for pattern in UNFINISHED))

    def _inside(self, path: Path) -> str:
        return path.relative_to(self.folder).as_posix()

    @property
    def settled(self) -> bool:
        """True when it holds files, none half-written, and none changed just now."""
        if not self.files or self.unfinished:
            return False
        return time.time() - max(_size_and_time(path)[1] for path in self.files) / 1e9 >= SETTLED_SECONDS


def _size_and_time(path: Path) -> tuple[int, int]:
    """Return size and time of change; a file that has just gone has neither, and so the drop is not what it was."""
    try:
        found = path.stat()
    except FileNotFoundError:
        return (-1, time.time_ns())
    return (found.st_size, found.st_mtime_ns)


@cache
def _content_hash(folder: Path, files: tuple[Path, ...], _fingerprint: str) -> str:
    """Return the SHA-256 over relative names and bytes, in order of name; once for as long as nothing changes."""
    digest = hashlib.sha256()
    for path in sorted(files):
        digest.update(path.relative_to(folder).as_posix().encode() + b"\0")
        with path.open("rb") as file:
            digest.update(hashlib.file_digest(file, "sha256").digest())
    return digest.hexdigest()


def drops(workspace: Workspace, pilot: str) -> tuple[Drop, ...]:
    """Return a pilot's drops, oldest first; folders whose name does not begin with a date are not drops."""
    folder = workspace.pilot_folder(pilot) / "drops"
    found = sorted((p for p in folder.glob("*") if p.is_dir() and _is_dated(p.name)), key=_age)
    return tuple(Drop(path.name, path, _files(path)) for path in found)


def not_drops(workspace: Workspace, pilot: str) -> tuple[str, ...]:
    """Return the folders among a pilot's drops that are not read, because their name does not begin with a date."""
    folder = workspace.pilot_folder(pilot) / "drops"
    return tuple(sorted(p.name for p in folder.glob("[!.]*") if p.is_dir() and not _is_dated(p.name)))


def _is_dated(name: str) -> bool:
    """Tell a name that begins with a date of the calendar: 2026-02-31 is a slip, and no drop."""
    try:
        dt.date.fromisoformat(name[:10])
    except ValueError:
        return False
    return NAME.match(name) is not None


def _age(path: Path) -> list[tuple[int, str]]:
    """Return what drops are ordered by: of one day, -2 comes before -10."""
    return [(int(part), "") if part.isdigit() else (0, part) for part in re.split(r"(\d+)", path.name)]


def complete_drops(workspace: Workspace, pilot: str) -> tuple[Drop, ...]:
    """Return the drops whose files have stopped changing, oldest first."""
    return tuple(drop for drop in drops(workspace, pilot) if drop.settled)


def _files(folder: Path) -> tuple[Path, ...]:
    return tuple(sorted(p for p in folder.rglob("*") if p.is_file() and not _is_litter(p.name)))


def _is_litter(name: str) -> bool:
    """Tell what file managers leave behind, unasked."""
    return name in (".DS_Store", "Thumbs.db", "desktop.ini") or name.startswith("._")


def latest_drop(site: PilotSite, wait: float = 2 * SETTLED_SECONDS) -> Drop:
    """Return the newest drop of a pilot; wait a moment for files still being written, then refuse.

    A drop that was watched and did not change has settled too: clocks of file servers differ from ours, and a file
    from the future would otherwise be refused for ever.
    """
    give_up = time.monotonic() + wait
    seen, since = "", time.monotonic()
    while True:
        newest = _newest(site)
        if newest.unfinished:
            raise _unfinished(site.pilot, newest)
        if newest.settled:
            return newest
        if newest.fingerprint != seen:
            seen, since = newest.fingerprint, time.monotonic()
        elif time.monotonic() - since >= SETTLED_SECONDS:
            return newest
        if time.monotonic() > give_up:
            raise _unfinished(site.pilot, newest)
        time.sleep(0.25)


def _newest(site: PilotSite) -> Drop:
    """Return the newest drop; refuse when there is none, or when a newer one may hide behind a slip in its name."""
    folder = site.workspace.pilot_folder(site.pilot) / "drops"
    misnamed = sorted(p.name for p in folder.glob("[0-9]*") if p.is_dir() and not _is_dated(p.name))
    if misnamed:
        raise Refusal(
            f"{site.pilot}/drops: these folders are not named by a date: {', '.join(misnamed)}.",
            "Name them YYYY-MM-DD or YYYY-MM-DD-label, or move them elsewhere. The earlier results stand.",
        )
    found = drops(site.workspace, site.pilot)
    if not found or not found[-1].files:
        where = f"{site.pilot}/drops/{found[-1].name if found else 'YYYY-MM-DD'}"
        raise Refusal(f"The pilot {site.pilot} has no drop to read.", f"Put the provider's files into {where}.")
    return found[-1]


def insist_unchanged(pilot: str, drop: Drop, fingerprint: str) -> None:
    """Refuse rows of a drop whose files changed while they were read."""
    if drop.fingerprint != fingerprint:
        raise _unfinished(pilot, drop)


def _unfinished(pilot: str, drop: Drop) -> Refusal:
    names = ", ".join(path.name for path in drop.unfinished) or "its files"
    return Refusal(
        f"The drop {pilot}/{drop.name} is still being written ({names}).",
        "Wait until the copy is done, or remove the unfinished file, and run again. The earlier results stand.",
    )


def files_of(drop: Drop, extract: Extract, site: str) -> tuple[Path, ...]:
    """Return the files of a drop that hold an extract for a site; in the pattern, only `*` is not itself."""
    parts = _composed(extract.file.replace("{site}", site)).split("*")
    pattern = re.compile(".*".join(map(re.escape, parts)), re.DOTALL)
    return tuple(p for p in drop.files if pattern.fullmatch(_composed(p.relative_to(drop.folder).as_posix())))


def _composed(name: str) -> str:
    """Return a name with é as one letter: a Mac writes it as two."""
    return unicodedata.normalize("NFC", name)


def missing_file(pilot: str, drop: Drop, name: str, extract: Extract, site: str) -> str:
    """Say that a drop lacks a file, and which file it may be."""
    pattern = extract.file.replace("{site}", site)
    near = nearest(pattern, [path.relative_to(drop.folder).as_posix() for path in drop.files])
    hint = f' Is it "{near}"?' if near else ""
    return f"The drop {pilot}/{drop.name} has no file {pattern} (extract {name}).{hint}"


def note_delivery(connection: Any, noun: str, drop: Drop) -> None:
    """Write down, beside a raw table, which drop its rows came from."""
    connection.execute("CREATE TABLE IF NOT EXISTS raw.deliveries (noun VARCHAR, name VARCHAR, sha256 VARCHAR)")
    connection.execute("DELETE FROM raw.deliveries WHERE noun = ?", [noun])
    connection.execute("INSERT INTO raw.deliveries VALUES (?, ?, ?)", [noun, drop.name, drop.sha256])


def delivered(connection: Any) -> tuple[str, str]:
    """Return name and hash of the drop that all raw tables came from; refuse to mix two drops in one finding."""
    found = connection.execute("SELECT DISTINCT name, sha256 FROM raw.deliveries ORDER BY 1").fetchall()
    if len(found) != 1:
        names = ", ".join(name for name, _ in found) or "none"
        raise Refusal(f"The tables do not come from one drop ({names}).", "Run all steps of this site.")
    return found[0][0], found[0][1]
