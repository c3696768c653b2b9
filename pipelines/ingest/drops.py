"""Drops: which there are, whether they have stopped changing, and their content hash.

Which of them count at a moment belongs in standing, reading their files in files.
"""

from __future__ import annotations

import datetime as dt
import fnmatch
import hashlib
import re
import time
import unicodedata
from dataclasses import dataclass, field, replace
from functools import cache
from pathlib import Path

from pipelines.ingest import file_hashes
from pipelines.ingest.archives import is_litter, is_zip, members
from pipelines.protocol.extracts import Extract
from pipelines.refusal import Refusal
from pipelines.workspace import PilotSite, Workspace

NAME = re.compile(r"^\d{4}-\d{2}-\d{2}(-[A-Za-z0-9_-]+)?$")
UNFINISHED = ("*.part", "*.partial", "*.tmp", "*.crdownload", "*.filepart", "~$*", ".~lock*")
SETTLED_SECONDS = 2.0
QUALCODER = "data.qda"
REGISTER = "corrections.csv"
"""Name of the register of corrections, beside a drop's files or the protocol; never a file of an extract."""


@dataclass(frozen=True)
class DroppedFile:
    """One file of a drop."""

    shown: str
    """Its name inside the drop's folder."""
    path: Path | None
    """Where it lies; None when its folder is gone."""
    sha256: str
    size: int
    looks: list[int] = field(default_factory=list, compare=False)
    """Its size and times when the hash was taken."""
    member: str = ""
    """Its name inside the zip that `path` is."""


@dataclass(frozen=True)
class Drop:
    """One delivery of files for a pilot."""

    name: str
    folder: Path
    files: tuple[Path, ...]
    hashes: Path | None = None
    """Where hashes of files are remembered between processes."""

    @property
    def fingerprint(self) -> str:
        """Names, sizes and times of change: cheap, and different while files are being written."""
        stats = [(self._inside(path), *_size_and_time(path)) for path in self.files]
        return hashlib.sha256(repr(stats).encode()).hexdigest()

    @property
    def sha256(self) -> str:
        """Hash over names and bytes of the files: the identity of the drop."""
        digest = hashlib.sha256()
        for file in self.dropped:
            digest.update(file.shown.encode() + b"\0" + bytes.fromhex(file.sha256))
        return digest.hexdigest()

    @property
    def dropped(self) -> tuple[DroppedFile, ...]:
        """The files with their hashes, in order of name."""
        return _hashed(self.folder, self.files, self.hashes, self.fingerprint)

    @property
    def unfinished(self) -> tuple[Path, ...]:
        """Files that a program has not finished writing, by their names."""
        return tuple(p for p in self.files if any(fnmatch.fnmatch(p.name, pattern) for pattern in UNFINISHED))

    def _inside(self, path: Path) -> str:
        return path.relative_to(self.folder).as_posix()

    @property
    def settled(self) -> bool:
        """True when it holds files, none half-written, and none changed just now."""
        return bool(self.files) and not self.unfinished and self.quiet

    @property
    def quiet(self) -> bool:
        """True when no file has changed just now."""
        return time.time() - max(_size_and_time(path)[1] for path in self.files) / 1e9 >= SETTLED_SECONDS


def _size_and_time(path: Path) -> tuple[int, int]:
    """Return size and time of change; a file that has just gone has neither, and so the drop is not what it was."""
    try:
        found = path.stat()
    except FileNotFoundError:
        return (-1, time.time_ns())
    return (found.st_size, found.st_mtime_ns)


@cache
def _hashed(folder: Path, files: tuple[Path, ...], hashes: Path | None, _fingerprint: str) -> tuple[DroppedFile, ...]:
    """Return the files with their hashes; once for as long as nothing changes."""
    known = file_hashes.read(hashes)
    found: list[DroppedFile] = []
    for path in sorted(files):
        sha256 = file_hashes.sha256(path, known)
        size, *_ = looks = known[str(path)][0]
        whole = DroppedFile(path.relative_to(folder).as_posix(), path, sha256, size, looks)
        found += _members(whole) if is_zip(path.name) else [whole]
    file_hashes.keep(hashes, known)
    return tuple(found)


def _members(packed: DroppedFile) -> list[DroppedFile]:
    """Return the files inside a zip; one that cannot be judged stays whole, and is refused when it is read."""
    try:
        names = members(packed.path)  # type: ignore[arg-type]
    except Refusal:
        return [packed]
    return [
        replace(
            packed,
            shown=f"{packed.shown}/{name}",
            sha256=hashlib.sha256(f"{packed.sha256}/{name}".encode()).hexdigest(),
            member=name,
        )
        for name in names
    ]


def drops(workspace: Workspace, pilot: str) -> tuple[Drop, ...]:
    """Return a pilot's drops, oldest first; folders whose name does not begin with a date are not drops."""
    folder = workspace.pilot_folder(pilot) / "drops"
    hashes = workspace.delivered_folder(pilot) / "hashes.json"
    folders = {p.name: Drop(p.name, p, _files(p), hashes) for p in folder.glob("*") if p.is_dir() and _is_dated(p.name)}
    zips = {
        p.stem: Drop(p.stem, folder, (p,), hashes) for p in folder.glob("*.zip") if p.is_file() and _is_dated(p.stem)
    }
    return tuple(sorted((zips | folders).values(), key=lambda drop: age_of(drop.name)))


def not_drops(workspace: Workspace, pilot: str) -> tuple[str, ...]:
    """Return the folders among a pilot's drops that are not read, because their name does not begin with a date."""
    folder = workspace.pilot_folder(pilot) / "drops"
    return tuple(sorted(p.name for p in folder.glob("[!.]*") if p.is_dir() and not _is_dated(p.name)))


def loose(workspace: Workspace, pilot: str) -> tuple[str, ...]:
    """Return the files among a pilot's drops that are not read, because they lie in no drop's folder."""
    folder = workspace.pilot_folder(pilot) / "drops"
    files = (p for p in folder.glob("[!.]*") if p.is_file() and not is_litter(p.name))
    return tuple(sorted(p.name for p in files if not (is_zip(p.name) and _is_dated(p.stem))))


def _is_dated(name: str) -> bool:
    """Tell a name that begins with a date of the calendar: 2026-02-31 is a slip, and no drop."""
    try:
        dt.date.fromisoformat(name[:10])
    except ValueError:
        return False
    return NAME.match(name) is not None


def age_of(name: str) -> list[tuple[int, str]]:
    """Return what drops are ordered by: of one day, -2 comes before -10."""
    return [(int(part), "") if part.isdigit() else (0, part) for part in re.split(r"(\d+)", name)]


def _files(folder: Path) -> tuple[Path, ...]:
    return tuple(sorted(p for p in folder.rglob("*") if p.is_file() and not is_litter(p.name)))


def latest_drop(site: PilotSite, wait: float = 2 * SETTLED_SECONDS) -> Drop:
    """Return the newest drop of a pilot; wait a moment for files still being written, then refuse."""
    return settled_drops(site, wait)[-1]


def settled_drops(site: PilotSite, wait: float = 2 * SETTLED_SECONDS) -> tuple[Drop, ...]:
    """Return a pilot's drops, oldest first; wait a moment for files still being written, then refuse.

    A drop that was watched and did not change has settled too: clocks of file servers differ from ours, and a file
    from the future would otherwise be refused for ever.
    """
    give_up = time.monotonic() + wait
    seen, since = "", time.monotonic()
    while True:
        found = _existing(site)
        moving = _moving(site.pilot, found)
        if moving is None:
            return found
        if moving.fingerprint != seen:
            seen, since = moving.fingerprint, time.monotonic()
        elif time.monotonic() - since >= SETTLED_SECONDS:
            return found
        if time.monotonic() > give_up:
            raise _unfinished(site.pilot, moving)
        time.sleep(0.25)


def _moving(pilot: str, found: tuple[Drop, ...]) -> Drop | None:
    """Return a drop whose files changed just now; refuse when the newest holds half a file by its name.

    In an older drop such a file is what a program left behind: a copy that goes on would have changed it just now.
    """
    if found and found[-1].unfinished:
        raise _unfinished(pilot, found[-1])
    return next((drop for drop in found if drop.files and not drop.quiet), None)


def _existing(site: PilotSite) -> tuple[Drop, ...]:
    """Return the drops on disk; refuse when the newest is empty, or when one may hide behind a slip in its name."""
    folder = site.workspace.pilot_folder(site.pilot) / "drops"
    misnamed = sorted(p.name for p in folder.glob("[0-9]*") if p.is_dir() and not _is_dated(p.name))
    if misnamed:
        raise Refusal(
            f"{site.pilot}/drops: these folders are not named by a date: {', '.join(misnamed)}.",
            "Name them YYYY-MM-DD or YYYY-MM-DD-label, or move them elsewhere. The earlier results stand.",
        )
    twice = sorted(p.stem for p in folder.glob("*.zip") if (folder / p.stem).is_dir())
    if twice:
        raise Refusal(
            f"{site.pilot}/drops: there are both a folder and a zip named {', '.join(twice)}.",
            "Keep one of them, or give one a label, as in 2026-06-30-2. The earlier results stand.",
        )
    found = drops(site.workspace, site.pilot)
    if not found or not found[-1].files:
        where = f"{site.pilot}/drops/{found[-1].name if found else 'YYYY-MM-DD'}"
        raise Refusal(f"The pilot {site.pilot} has no drop to read.", f"Put the provider's files into {where}.")
    return tuple(drop for drop in found if drop.files)


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


def matching(files: tuple[DroppedFile, ...], extract: Extract, site: str) -> tuple[DroppedFile, ...]:
    """Return the files that hold an extract for a site; in the pattern, only `*` is not itself."""
    parts = _composed(extract.file.replace("{site}", site)).split("*")
    pattern = re.compile(".*".join(map(re.escape, parts)), re.DOTALL)
    return tuple(
        file
        for file in files
        if file.shown != REGISTER and any(pattern.fullmatch(_composed(name)) for name in _names(file) if name)
    )


def _names(file: DroppedFile) -> tuple[str, ...]:
    """Return what a file may be called: of one in a zip also its own name, for people zip the folder around it.

    A QualCoder project is a folder (or a zip of one) that is called after the project; its database is what is read.
    """
    found = (file.shown, file.member, file.member.rpartition("/")[2])
    if file.shown.rpartition("/")[2].lower() != QUALCODER:
        return found
    folder = file.shown.rpartition("/")[0]
    packed = file.shown.removesuffix(f"/{file.member}") if file.member else ""
    return (*found, folder, folder.rpartition("/")[2], packed)


def _composed(name: str) -> str:
    """Return a name with é as one letter: a Mac writes it as two."""
    return unicodedata.normalize("NFC", name)
