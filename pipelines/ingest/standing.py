"""Which deliveries stand: the drops of a pilot that count at a moment, and of each extract the files that count.

What stands depends on the drops' names and bytes only, never on the order in which they came. A drop's folder may be
gone: what was read of it is still in the store, as long as nobody has withdrawn it. Reading files belongs in store.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from pipelines import ledger
from pipelines.ingest.archives import is_zip, members
from pipelines.ingest.drops import REGISTER, Drop, DroppedFile, age_of, matching, settled_drops
from pipelines.protocol.extracts import Extract
from pipelines.protocol.faults import did_you_mean, nearest
from pipelines.refusal import Refusal
from pipelines.workspace import PilotSite, Workspace


@dataclass(frozen=True)
class Known:
    """One delivery as it counts: its name, the hash of its content, its files."""

    name: str
    sha256: str
    files: tuple[DroppedFile, ...]
    folder: Path | None
    """Where its files lie; None when the folder is gone."""


@dataclass(frozen=True)
class Standing:
    """The deliveries of a pilot that count, oldest first."""

    pilot: str
    drops: tuple[Known, ...]
    register: str = ""
    """Hash of the pilot's own register of corrections; empty where there is none."""

    @property
    def newest(self) -> Known:
        """The delivery that the state is named after."""
        return self.drops[-1]

    @property
    def sha256(self) -> str:
        """Identity of the state: the hash of the one drop, or over all of them in order and the corrections."""
        if len(self.drops) == 1 and not self.register:
            return self.newest.sha256
        parts = [(one.name, one.sha256) for one in self.drops]
        return hashlib.sha256(repr([*parts, self.register] if self.register else parts).encode()).hexdigest()

    def before(self) -> Standing | None:
        """Return the state one drop earlier; None when this is the first."""
        return replace(self, drops=self.drops[:-1]) if len(self.drops) > 1 else None

    @property
    def folders(self) -> list[tuple[str, Path]]:
        """Return name and folder of each drop that is on disk."""
        return [(drop.name, drop.folder) for drop in self.drops if drop.folder is not None]

    def files(self, extract: Extract, site: str) -> tuple[tuple[Known, tuple[DroppedFile, ...]], ...]:
        """Return the drops that hold files of an extract for a site, oldest first."""
        found = ((drop, matching(drop.files, extract, site)) for drop in self.drops)
        return tuple((drop, files) for drop, files in found if files)

    def counting(self, name: str, extract: Extract, site: str) -> tuple[tuple[Known, tuple[DroppedFile, ...]], ...]:
        """Return the deliveries of an extract whose rows count: all increments, or the last that holds everything.

        Raises
        ------
        Refusal
            When the newest drop lacks the file of an extract that is not optional, or no drop has one.
        """
        held = self.files(extract, site)
        if not extract.optional and (not held or (extract.delivery == "cumulative" and held[-1][0] != self.newest)):
            remedy = "Ask the provider for it, or mark the extract as `optional: true`. The earlier results stand."
            raise Refusal(self.lacks(name, extract, site), remedy)
        return held if extract.delivery == "increments" else held[-1:]

    def lacks(self, name: str, extract: Extract, site: str) -> str:
        """Say that the newest drop lacks a file, and which file it may be."""
        pattern = extract.file.replace("{site}", site)
        near = nearest(pattern, [file.shown for file in self.newest.files])
        hint = f' Is it "{near}"?' if near else "".join(f" {words}" for words in self._not_unpacked())
        return f"The drop {self.pilot}/{self.newest.name} has no file {pattern} (extract {name}).{hint}"

    def _not_unpacked(self) -> Iterator[str]:
        """Say of each zip of the newest drop that cannot be opened why: what is missing may be in it."""
        for file in self.newest.files:
            if file.path and not file.member and is_zip(file.path.name):
                try:
                    members(file.path)
                except Refusal as refusal:
                    yield str(refusal)

    def facts(self) -> list[Mapping[str, str]]:
        """Return name and hash of every drop that counts."""
        return [{"name": one.name, "sha256": one.sha256} for one in self.drops]


def standing(site: PilotSite) -> Standing:
    """Return what counts for a pilot, at the drop that its workspace is set to, or now.

    Raises
    ------
    Refusal
        When there is no drop, one is still being written or a zip in it is damaged, or the drop asked for is not known.
    """
    state = known_standing(site.workspace, site.pilot, settled_drops(site))
    for file in (file for drop in state.drops for file in drop.files):
        # Half a zip lists no files: an optional extract that is in it would look as if it had not been sent.
        if file.path is not None and is_zip(file.path.name) and not file.member:
            members(file.path)
    return state


def known_standing(workspace: Workspace, pilot: str, on_disk: Sequence[Drop]) -> Standing:
    """Return what counts of the drops on disk and of those that only the ledger remembers."""
    past = ledger.entries(workspace.ledger(pilot))
    asked = workspace.as_of
    exact = next((n for n, one in enumerate(past, start=1) if _arrival(one, asked)), 0)
    known = _remembered(past[:exact] if exact else past)
    for drop in on_disk:
        if not exact or (drop.name in known and known[drop.name].sha256 == drop.sha256):
            known[drop.name] = Known(drop.name, drop.sha256, drop.dropped, drop.folder)
    for entry in past:
        name = str(entry.facts.get("drop", ""))
        if entry.kind == "drop_withdrawn" and name in known and known[name].sha256 == entry.facts["sha256"]:
            del known[name]
    ordered = sorted(known.values(), key=lambda one: age_of(one.name))
    last = str(past[exact - 1].facts["drop"]) if exact else asked
    return Standing(pilot, _once_each(_up_to(pilot, last, ordered)), _register(workspace, pilot))


def _register(workspace: Workspace, pilot: str) -> str:
    path = workspace.pilot_folder(pilot) / REGISTER
    return hashlib.sha256(path.read_bytes()).hexdigest() if path.is_file() else ""


def _arrival(entry: ledger.Entry, asked: str) -> bool:
    """Tell whether an entry is the arrival of the content that was asked for by the beginning of its hash."""
    digits = len(asked) >= 8 and all(letter in "0123456789abcdef" for letter in asked)
    return digits and entry.kind == "drop_arrived" and str(entry.facts["sha256"]).startswith(asked)


def _remembered(past: Sequence[ledger.Entry]) -> dict[str, Known]:
    """Return the last content of each drop that ever arrived, without its folder."""
    known: dict[str, Known] = {}
    for entry in past:
        if entry.kind == "drop_arrived":
            facts: Any = entry.facts
            files = tuple(DroppedFile(f["name"], None, f["sha256"], f["bytes"]) for f in facts["files"])
            known[facts["drop"]] = Known(facts["drop"], facts["sha256"], files, None)
    return known


def _up_to(pilot: str, last: str, ordered: Sequence[Known]) -> Iterator[Known]:
    """Yield the drops up to one of them; all of them where none is named."""
    names = [one.name for one in ordered]
    if last and last not in names:
        raise Refusal(f"The pilot {pilot} has no drop {last}.", did_you_mean(last, names))
    if not ordered:
        raise Refusal(f"The pilot {pilot} has no drop to read.", "Put the provider's files into drops/YYYY-MM-DD.")
    for one in ordered:
        yield one
        if one.name == last:
            return


def _once_each(ordered: Iterator[Known]) -> tuple[Known, ...]:
    """Leave out a drop with the same bytes as the one before it: it says nothing new."""
    kept: list[Known] = []
    for one in ordered:
        if not kept or kept[-1].sha256 != one.sha256:
            kept.append(one)
    return tuple(kept)
