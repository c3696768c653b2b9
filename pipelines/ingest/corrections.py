"""The corrections register: which delivered values are known to be wrong, what they should be, why and on whose word.

A register is a data file, `corrections.csv` in the pilot's folder or beside a drop's files. Reading it and turning the
people in it into pseudonyms belongs here; changing rows belongs in correcting. Its keys and values identify people.
"""

from __future__ import annotations

import datetime as dt
import re
import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal

from pipelines import keys
from pipelines.ingest.correction_faults import cell_faults, column_faults, fields_of, nobody_faults, sites_by_code
from pipelines.ingest.drops import NAME as DROP_NAME
from pipelines.ingest.drops import REGISTER
from pipelines.ingest.pseudonyms import normalised, pseudonym
from pipelines.ingest.register_lines import Line, read_lines, refuse_if
from pipelines.protocol import Protocol
from pipelines.protocol.extracts import Extract
from pipelines.protocol.faults import did_you_mean
from pipelines.workspace import PilotSite

ROW_KEY = re.compile(r"(?P<file>.+)#(?P<row>[0-9]{1,9})", re.DOTALL)
LOOKS_LIKE_A_FILE = re.compile(r".*\.[A-Za-z][A-Za-z0-9]{1,7}", re.DOTALL)

Status = Literal["applied", "not found", "ambiguous"]


@dataclass(frozen=True)
class Place:
    """A row of a delivered file."""

    drop: str
    file: str
    row: int


@dataclass(frozen=True)
class Correction:
    """One line of a register. It names either a person, by pseudonym, or a row of a file."""

    number: int
    where: str
    noun: str
    extract: str
    rows_of: str
    """Extract whose rows hold the value: the one that this extract completes, or itself."""
    fields: tuple[str, ...]
    why: str
    who: str
    when: dt.date
    old: str = field(repr=False)
    new: str = field(repr=False)
    person_key: str = field(default="", repr=False)
    place: Place | None = field(default=None, repr=False)


@dataclass(frozen=True)
class Applied:
    """What became of a correction; neither the person nor a value is part of it."""

    number: int
    extract: str
    status: Status
    field: str
    why: str
    who: str
    when: dt.date


def read_corrections(site: PilotSite, drop_folders: Sequence[tuple[str, Path]]) -> tuple[Correction, ...]:
    """Return the corrections of a pilot that concern a site, from its own register and those beside its drops.

    Where two registers correct the same value, the later drop's stands, and the pilot's own above all.

    Parameters
    ----------
    site : whose extracts the corrections are for.
    drop_folders : name and folder of each drop that counts, oldest first.

    Raises
    ------
    Refusal
        A register has faults: each is named by file, row and column.
    """
    beside = [(name, folder / REGISTER, f"{name}/{REGISTER}") for name, folder in drop_folders]
    registers = [*beside, ("", site.folder / REGISTER, REGISTER)]
    secret = keys.derived(keys.key(site.workspace, "pseudonym"), site.pilot)
    faults: list[str] = []
    found: dict[object, Correction] = {}
    number = 0
    for drop, path, register in registers:
        seen: dict[object, Line] = {}
        for line in read_lines(path, register) if path.is_file() else ():
            number += 1
            wrong, correction = _understood(site.protocol, line, number, drop, secret)
            faults += wrong
            if correction is None:
                continue
            target = _target(correction)
            if target in seen:
                faults.append(f"{register}, row {line.row}: it corrects the same value as row {seen[target].row}.")
            seen[target] = line
            if _concerns(site, line, correction):
                found[target] = correction
    refuse_if(faults)
    return tuple(sorted(found.values(), key=lambda one: one.number))


def _target(correction: Correction) -> object:
    """Return what two corrections of the same value have in common."""
    whose = correction.person_key or correction.place
    return (correction.extract, whose, correction.fields, unicodedata.normalize("NFC", correction.old.strip()).lower())


def _concerns(site: PilotSite, line: Line, correction: Correction) -> bool:
    """Tell whether a correction is for this site, as far as the register or the protocol says."""
    serves = correction.extract in site.protocol.extracts_of(correction.noun, site.site)
    said = line.cells.get("site", "").strip()
    return serves and (not said or sites_by_code(site.protocol).get(said.casefold()) == site.site)


def _understood(
    protocol: Protocol, line: Line, number: int, drop: str, secret: bytes
) -> tuple[list[str], Correction | None]:
    """Return a line's faults, or the correction that it is."""
    tables = {name: extract for name, extract in protocol.extracts.items() if extract.noun != "interviews"}
    name = line.cells["extract"].strip()
    faults = list(cell_faults(protocol, line))
    if name not in tables:
        unknown = f"{line.at('extract')}: there is no such extract. {did_you_mean(name, tables)}"
        return [*faults, unknown], None
    faults += column_faults(line, tables[name])
    place, misplaced = _place(line, tables[name], drop)
    faults += misplaced
    if faults:
        return faults, None
    cells, extract = line.cells, tables[name]
    return [], Correction(
        number=number,
        where=f"{line.register}, row {line.row}",
        noun=extract.noun,
        extract=name,
        rows_of=extract.completes or name,
        fields=fields_of(extract, cells["column"]),
        why=cells["why"].strip(),
        who=cells["who"].strip(),
        when=dt.date.fromisoformat(cells["when"].strip()),
        old=cells["old"],
        new=cells["new"],
        person_key="" if place else pseudonym(secret, cells["key"]),
        place=place,
    )


def _place(line: Line, extract: Extract, drop: str) -> tuple[Place | None, list[str]]:
    """Return the row of a file that a key names, if it names one, and what is wrong with it.

    Numbers of rows hold in one drop only: in the next, the same row may be somebody else's.
    """
    found = ROW_KEY.fullmatch(line.cells["key"].strip())
    if not found:
        return None, nobody_faults(line, extract)
    first, _, rest = found["file"].partition("/")
    named_drop, file = (first, rest) if rest and DROP_NAME.match(first) else (drop, found["file"])
    if not _is_file_of(extract, file):
        slip = f"{line.at('key')}: the extract has no such file." if LOOKS_LIKE_A_FILE.fullmatch(file) else ""
        return None, [slip] if slip else []
    if extract.completes:
        return None, [f"{line.at('key')}: the rows of this extract are joined to people. Give the person's identifier."]
    if not named_drop:
        return None, [f"{line.at('key')}: name the drop too, as in 2026-09-30/cases.csv#5: rows differ between drops."]
    return Place(named_drop, file, int(found["row"])), []


def _is_file_of(extract: Extract, file: str) -> bool:
    """Tell whether a file could hold an extract, for any site."""
    parts = extract.file.replace("{site}", "*").split("*")
    pattern = re.compile(".*".join(re.escape(normalised(part)) for part in parts), re.DOTALL)
    return any(parts) and pattern.fullmatch(normalised(file)) is not None
