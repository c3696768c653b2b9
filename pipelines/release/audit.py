"""Releases and the ledger: each bundle is noted with the hash of its manifest, so that a forged one is found."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Sequence
from pathlib import Path

from pipelines.ledger import Entry, append, entries
from pipelines.refusal import Refusal
from pipelines.release.verify import MANIFEST, verify_bundle
from pipelines.workspace import Pilot, PilotSite, Workspace

RELEASE = "release"
"""Kind of the ledger entries."""


def note_release(unit: PilotSite | Pilot, folder: Path) -> None:
    """Note a bundle in the ledger; one that is noted already leaves no second line, nor does looking back."""
    if unit.workspace.as_of:
        return
    facts = {"place": unit.releases_folder.name, "release": folder.name, "manifest": _hash(folder)}
    append(unit.workspace.ledger(unit.pilot), RELEASE, facts, once=("place", "release"))


def _hash(folder: Path) -> str:
    return hashlib.sha256((folder / MANIFEST).read_bytes()).hexdigest()


def release_faults(workspace: Workspace, pilot: str) -> tuple[str, ...]:
    """Return what is wrong with the releases of a pilot, each held against its line of the ledger.

    Raises
    ------
    Refusal
        When the ledger is not whole.
    """
    lines = entries(workspace.ledger(pilot))
    root = workspace.root / "releases" / pilot
    return (*_of_lines(root, lines), *_unnoted(root, lines))


def _of_lines(root: Path, lines: Sequence[Entry]) -> Iterator[str]:
    for line, entry in enumerate(lines, 1):
        if entry.kind == RELEASE:
            place, release = str(entry.facts.get("place", "")), str(entry.facts.get("release", ""))
            words = _fault(root / Path(place).name / Path(release).name, str(entry.facts.get("manifest", "")))
            if words:
                yield f"Line {line} notes the release {release} of {place}, but {words}"


def _fault(folder: Path, manifest: str) -> str:
    if not folder.is_dir():
        return "its folder is gone."
    try:
        verify_bundle(folder)
        same = _hash(folder) == manifest
    except Refusal as refusal:
        return f"its files are not those that were released. {refusal.problem}"
    except (OSError, ValueError):
        return "its files cannot be read."
    return "" if same else "its manifest is another one: the release was replaced as a whole."


def _unnoted(root: Path, lines: Sequence[Entry]) -> Iterator[str]:
    known = {(e.facts.get("place"), e.facts.get("release")) for e in lines if e.kind == RELEASE}
    for folder in sorted(path.parent for path in root.glob("*/*/evidence.json")):
        if not folder.name.startswith(".") and (folder.parent.name, folder.name) not in known:
            yield f"The release {folder.name} of {folder.parent.name} is not in the ledger: run the site again."
