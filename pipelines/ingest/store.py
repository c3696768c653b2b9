"""The store of delivered files: each file read once for all sites, kept encrypted, found again by its content.

A file's rows lie in `warehouse/<pilot>/delivered/<digest>`, one part for each site, with pseudonyms in place of people;
what identifies them lies in the vault's own folder of the same name. Both are written beside their place and moved
there whole, and never changed afterwards. How a file becomes rows belongs in files and storing; which files count
belongs in standing.
"""

from __future__ import annotations

import fcntl
import hashlib
import json
import os
import shutil
import tempfile
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from pipelines import keys
from pipelines.ingest import file_hashes
from pipelines.ingest.archives import unpacked
from pipelines.ingest.comparing import trimmed
from pipelines.ingest.drops import DroppedFile
from pipelines.processes import abandoned
from pipelines.protocol.extracts import Extract
from pipelines.refusal import Refusal
from pipelines.sql_text import named, quoted
from pipelines.workspace import PilotSite

FORMAT = 5
"""Raised when what is stored of a file would come out differently; then every file is read again."""
NOT_READ_FOR = {"optional", "delivery", "key", "completes", "link", "coded"}
"""Keys of an extract that do not change what is read of a file."""
DRAFT = ".draft-"


@dataclass(frozen=True)
class About:
    """What is known of a stored file besides its rows."""

    noun: str
    extract: str
    file_sha256: str
    fields: tuple[str, ...]
    """The common model's fields that it holds."""
    split: bool
    """True: each site's part holds its own rows only. False: the one part is the whole file, blank rows included."""
    numbered: bool
    """True: each row holds its number. False: the number is the row's position in the file plus `first`."""
    first: int
    rows: Mapping[str, int]
    """Rows by site."""
    people: Mapping[str, int]
    """People by site."""
    read_as: Mapping[str, Any]
    """What was found out about the file."""
    dates: Mapping[str, tuple[str, str]] = field(default_factory=dict)
    """Of each date without a declared format: the format that was proven, and how that went."""
    notes: tuple[str, ...] = ()


@dataclass(frozen=True)
class Stored:
    """One delivered file in the store."""

    digest: str
    about: About

    def rows(self, site: str) -> str:
        """Return a query for a site's rows: their number, their person's pseudonym, and the fields as delivered."""
        part = _parquet("delivered", self.digest, site)
        kept = ", ".join(["person_key", *map(named, self.about.fields)])
        if self.about.split:
            return f"SELECT source_row, {kept} FROM {part})"
        if self.about.numbered:
            return f"SELECT source_row, {kept} FROM {part}) WHERE NOT blank"
        number = f"file_row_number + {self.about.first} AS source_row"
        return f"SELECT {number}, {kept} FROM {part}, file_row_number = true) WHERE NOT blank"

    def identifiers(self, site: str, kinds: Iterable[str], *, nameless: bool = False) -> Iterator[str]:
        """Yield queries for what identifies a site's people, of each kind, with their pseudonyms, if they have any."""
        for kind in kinds:
            value = named(f"is {kind}")
            known = "true" if nameless else "person_key IS NOT NULL"
            yield (
                f"SELECT '{self.about.noun}', person_key, '{quoted(kind)}', {value} FROM {self._people(site)} "
                f"WHERE {known} AND {trimmed(value)} <> ''"
            )

    def _people(self, site: str) -> str:
        """Return what SQL reads a site's people from: pseudonyms beside identifiers, row by row."""
        part = f"{_parquet('vaulted', self.digest, site)})"
        return part if self.about.split else f"{_parquet('delivered', self.digest, site)}) POSITIONAL JOIN {part}"

    def identified(self, site: str, kinds: Iterable[str]) -> str:
        """Return a query for the number of each row of a site, its pseudonym, and identifiers in the order of kinds."""
        values = ", ".join(named(f"is {kind}") for kind in kinds)
        if self.about.split:
            return f"SELECT source_row, person_key, {values} FROM {self._people(site)}"
        delivered = f"{_parquet('delivered', self.digest, site)}, file_row_number = true)"
        number = "d.source_row" if self.about.numbered else f"d.file_row_number + {self.about.first} AS source_row"
        both = f"{delivered} d POSITIONAL JOIN {_parquet('vaulted', self.digest, site)})"
        return f"SELECT {number}, person_key, {values} FROM {both} WHERE NOT blank"


def _parquet(place: str, digest: str, site: str) -> str:
    """Return the beginning of DuckDB's call that reads a part; the caller closes it."""
    path = f"getvariable('{place}') || '/{digest}/site={site}/*.parquet'"
    return f"read_parquet({path}, hive_partitioning = false, encryption_config = {{footer_key: '{place}'}}"


def stored(site: PilotSite, name: str, extract: Extract, file: DroppedFile) -> Stored:
    """Return a delivered file as it lies in the store; read it first if it is not there yet.

    Raises
    ------
    Refusal
        When the file cannot be read as declared, or is gone and was never read.
    """
    digest = _digest(site, name, extract, file.sha256)
    folder = site.workspace.delivered_folder(site.pilot) / digest
    if not (folder / "about.json").exists():
        with alone(folder):
            if not (folder / "about.json").exists():
                _read(site, name, extract, file, digest)
    return Stored(digest, _about(folder))


def _digest(site: PilotSite, name: str, extract: Extract, sha256: str) -> str:
    """Return the identity of what is read of a file: its bytes, what the protocol says of it, and the pseudonyms."""
    declared = extract.model_dump(mode="json", exclude=NOT_READ_FOR)
    parts = [FORMAT, sha256, name, declared, site.protocol.site_codes(), keys.key_id(site.workspace, "pseudonym")]
    parts.append("" if "site" in extract.columns else site.site)  # such a file is wholly of the site it is read for
    parts.append(keys.key_id(site.workspace, "warehouse") + keys.key_id(site.workspace, "vault"))
    return hashlib.sha256(json.dumps(parts, sort_keys=True).encode()).hexdigest()[:32]


def _about(folder: Path) -> About:
    found = json.loads((folder / "about.json").read_text(encoding="utf-8"))
    found["dates"] = {name: tuple(proof) for name, proof in found["dates"].items()}
    return About(**found | {"notes": tuple(found["notes"]), "fields": tuple(found["fields"])})


@contextmanager
def alone(folder: Path) -> Iterator[None]:
    """Let one process at a time write a part of the store; a killed one leaves no lock behind."""
    folder.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    with (folder.parent / f".{folder.name}.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield


def _read(site: PilotSite, name: str, extract: Extract, file: DroppedFile, digest: str) -> None:
    from pipelines.ingest.storing import write_parts

    if file.path is None or not file.path.exists():
        raise Refusal(
            f"{file.shown} is no longer in its drop, and was not read before as the protocol now says.",
            "Put it back, or withdraw the drop. The earlier results stand.",
        )
    places = [site.workspace.delivered_vault(site.pilot), site.workspace.delivered_folder(site.pilot)]
    drafts = [_draft(place) for place in places]
    try:
        about = write_parts(site, name, extract, file, *drafts)
        insist_unchanged(file)
        (drafts[1] / "about.json").write_text(json.dumps(asdict(about), sort_keys=True), encoding="utf-8")
        for draft, place in zip(drafts, places, strict=True):
            _move(draft, place / digest)
    finally:
        for draft in drafts:
            shutil.rmtree(draft, ignore_errors=True)


@contextmanager
def opened(site: PilotSite, file: DroppedFile) -> Iterator[Path]:
    """Give the place of a file for as long as it is read; what is in a zip is unpacked where only we may enter."""
    if file.path is None:
        raise Refusal(f"{file.shown} is no longer in its drop.", "Put it back. The earlier results stand.")
    with unpacked([(file.path.name, file.path)], site.workspace.root / "warehouse" / ".unpacked") as found:
        wanted = f"{file.path.name}/{file.member}" if file.member else file.path.name
        yield dict(found).get(wanted, file.path)


def insist_unchanged(file: DroppedFile) -> None:
    """Refuse rows of a file that was written to since its hash was taken."""
    if file.path is None or not file.path.exists() or file_hashes.looks(file.path) != file.looks:
        remedy = "Wait until the copy is done, and run again. The earlier results stand."
        raise Refusal(f"{file.shown} changed while it was read.", remedy)


def _draft(place: Path) -> Path:
    """Make a folder to write in; remove those that killed processes left behind."""
    place.mkdir(parents=True, exist_ok=True, mode=0o700)
    _tidy(place)
    return Path(tempfile.mkdtemp(prefix=f"{DRAFT}{os.getpid()}-", dir=place))


def _tidy(place: Path) -> None:
    """Remove what killed processes left behind: folders of a file's parts, and files beside them."""
    for left in place.glob(f"{DRAFT}*"):
        if not abandoned(left.name.removeprefix(DRAFT)):
            continue
        if left.is_dir():
            shutil.rmtree(left, ignore_errors=True)
        else:
            left.unlink(missing_ok=True)


def _move(draft: Path, folder: Path) -> None:
    """Give a draft its name, after its bytes are on the disk; what a killed process left there goes."""
    for path in draft.rglob("*"):
        if path.is_file():
            with path.open("rb") as written:
                os.fsync(written.fileno())
    shutil.rmtree(folder, ignore_errors=True)
    os.replace(draft, folder)


def draft_file(target: Path) -> Path:
    """Return a place beside a file to write it first."""
    _tidy(target.parent)
    return target.with_name(f"{DRAFT}{os.getpid()}-{target.name}")


def keep_file(draft: Path, target: Path) -> None:
    """Give a written file its name in one step."""
    with draft.open("rb") as written:
        os.fsync(written.fileno())
    os.replace(draft, target)
