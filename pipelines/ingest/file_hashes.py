"""Hashes of files, remembered between processes for as long as size and times of a file stay the same."""

from __future__ import annotations

import hashlib
import json
import os
import tempfile
from contextlib import suppress
from pathlib import Path

from pipelines.refusal import Refusal

Hashes = dict[str, tuple[list[int], str]]
"""By path: size, time of change of content and of inode, and the hash then. Nobody sets the last of these by hand."""


def looks(path: Path) -> list[int]:
    """Return size and times of a file: different once it was written to."""
    stat = path.stat()
    return [stat.st_size, stat.st_mtime_ns, stat.st_ctime_ns]


def sha256(path: Path, known: Hashes) -> str:
    """Return the SHA-256 of a file's bytes, and remember it in `known`."""
    now, found = looks(path), known.get(str(path))
    if found is None or list(found[0]) != now:
        known[str(path)] = (now, _digest(path))
    return known[str(path)][1]


def _digest(path: Path) -> str:
    try:
        with path.open("rb") as file:
            return hashlib.file_digest(file, "sha256").hexdigest()
    except OSError:
        pass
    raise Refusal(f"{path.name} cannot be opened.", "May you read it, and is it still there?")


def read(place: Path | None) -> Hashes:
    """Return what is remembered; nothing when it cannot be read, for it can be computed again."""
    with suppress(OSError, ValueError, AttributeError):
        if place is not None:
            return dict(json.loads(place.read_text(encoding="utf-8")))
    return {}


def keep(place: Path | None, known: Hashes) -> None:
    """Remember hashes of files that still exist, in one step; it is no fault when that fails."""
    if place is None:
        return
    with suppress(OSError):
        place.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        handle, name = tempfile.mkstemp(dir=place.parent, prefix=".hashes-")
        with os.fdopen(handle, "w", encoding="utf-8") as file:
            json.dump({path: found for path, found in known.items() if os.path.exists(path)}, file)
        os.replace(name, place)
