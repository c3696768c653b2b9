"""Drops: which there are, whether they have stopped changing, and their content hash. Reading them belongs in files."""

from __future__ import annotations

import fnmatch
import hashlib
import re
import time
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

from pipelines.protocol.extracts import Extract
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
        stats = [(path.name, path.stat().st_size, path.stat().st_mtime_ns) for path in self.files]
        return hashlib.sha256(repr(stats).encode()).hexdigest()

    @property
    def sha256(self) -> str:
        """Hash over names and bytes of the files: the identity of the drop."""
        return _content_hash(self.folder, self.files, self.fingerprint)

    @property
    def unfinished(self) -> tuple[Path, ...]:
        """Files that a program has not finished writing, by their names."""
        return tuple(p for p in self.files if any(fnmatch.fnmatch(p.name, pattern) for pattern in UNFINISHED))

    @property
    def settled(self) -> bool:
        """True when it holds files, none half-written, and none changed just now."""
        if not self.files or self.unfinished:
            return False
        return time.time() - max(path.stat().st_mtime for path in self.files) >= SETTLED_SECONDS


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
    found = sorted(p for p in folder.glob("*") if p.is_dir() and NAME.match(p.name))
    return tuple(Drop(path.name, path, _files(path)) for path in found)


def complete_drops(workspace: Workspace, pilot: str) -> tuple[Drop, ...]:
    """Return the drops whose files have stopped changing, oldest first."""
    return tuple(drop for drop in drops(workspace, pilot) if drop.settled)


def _files(folder: Path) -> tuple[Path, ...]:
    return tuple(sorted(p for p in folder.rglob("*") if p.is_file() and p.name not in (".DS_Store", "Thumbs.db")))


def latest_drop(site: PilotSite, wait: float = 2 * SETTLED_SECONDS) -> Drop:
    """Return the newest drop of a pilot; wait a moment for files still being written, then refuse."""
    give_up = time.monotonic() + wait
    while True:
        found = drops(site.workspace, site.pilot)
        if not found or not found[-1].files:
            where = f"{site.pilot}/drops/{found[-1].name if found else 'YYYY-MM-DD'}"
            raise Refusal(f"The pilot {site.pilot} has no drop to read.", f"Put the provider's files into {where}.")
        if found[-1].settled:
            return found[-1]
        if found[-1].unfinished or time.monotonic() > give_up:
            raise _unfinished(site.pilot, found[-1])
        time.sleep(0.25)


def _unfinished(pilot: str, drop: Drop) -> Refusal:
    names = ", ".join(path.name for path in drop.unfinished) or "its files"
    return Refusal(
        f"The drop {pilot}/{drop.name} is still being written ({names}).",
        "Wait until the copy is done, or remove the unfinished file, and run again. The earlier results stand.",
    )


def files_of(drop: Drop, extract: Extract, site: str) -> tuple[Path, ...]:
    """Return the files of a drop that hold an extract for a site."""
    pattern = extract.file.replace("{site}", site)
    return tuple(p for p in drop.files if fnmatch.fnmatch(p.relative_to(drop.folder).as_posix(), pattern))


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
