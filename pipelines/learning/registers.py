"""The registers that a team keeps by hand beside the protocol: PDSA cycles, adaptations, what was learned, 100 days.

Each is a CSV file with a declared schema. Reading and checking one belongs here; faults name file, row and column and
never what a cell holds. Whether words may be shown belongs in pipelines.findings.
"""

from __future__ import annotations

import datetime as dt
import math
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal

from pipelines.ingest.register_lines import Line, read_lines, refuse_if
from pipelines.learning.register_days import WRONG_DAY, iso_day, with_iso_days
from pipelines.protocol import Protocol
from pipelines.protocol.faults import did_you_mean
from pipelines.refusal import Refusal
from pipelines.workspace import PilotSite

Kind = Literal["id", "site", "chart", "text", "day", "number", "choice"]
MOST_WORDS = 2_000
"""Characters of a cell: a register is read, not searched."""
_ID = re.compile(r"[A-Za-z0-9][A-Za-z0-9_-]{0,39}")


@dataclass(frozen=True)
class Field:
    """One column of a register."""

    name: str
    meaning: str
    kind: Kind = "text"
    needed: bool = False
    choices: tuple[str, ...] = ()


@dataclass(frozen=True)
class Register:
    """One register: its file, what a row is, and its columns; `dated` is the column that says since when it counts."""

    file: str
    row: str
    dated: str
    fields: tuple[Field, ...]

    @property
    def needed(self) -> tuple[str, ...]:
        """Columns that the file must have."""
        return tuple(one.name for one in self.fields if one.needed)

    @property
    def optional(self) -> tuple[str, ...]:
        """Columns that it may have."""
        return tuple(one.name for one in self.fields if not one.needed)


@dataclass(frozen=True)
class Entry:
    """One row of a register, checked: its cells by column, those of columns that are not there blank."""

    register: str
    row: int
    day: dt.date
    cells: Mapping[str, str] = field(repr=False)


YES_NO = ("yes", "no")
_IDENTITY = Field("id", "Short name of the row, each once: letters, digits, - and _.", "id", True)
_SITE = Field("site", "Key of the site it concerns; blank for all sites.", "site")
_CHART = Field("chart", "Key of the chart (`learning.charts`) that it ought to move; blank for none.", "chart")

REGISTERS: dict[str, Register] = {
    "pdsa": Register(
        "pdsa.csv",
        "one cycle of plan, do, study, act",
        "start",
        (
            _IDENTITY,
            Field("title", "The change, in a few words.", needed=True),
            Field("start", "First day of the cycle.", "day", True),
            Field("plan", "What is tried, where and by whom (roles).", needed=True),
            Field("prediction", "What is expected, written beforehand.", needed=True),
            Field("end", "Last day; blank while it runs.", "day"),
            Field("did", "What was really done."),
            Field("studied", "What was seen, held against the prediction."),
            Field(
                "decision",
                "What follows; blank while it runs.",
                "choice",
                choices=("adopt", "adapt", "abandon", "repeat"),
            ),
            _CHART,
            _SITE,
        ),
    ),
    "adaptations": Register(
        "adaptations.csv",
        "one change to what is delivered (after FRAME: Wiltsey Stirman et al. 2019)",
        "date",
        (
            _IDENTITY,
            Field("date", "Day from which it holds.", "day", True),
            Field("what", "What was changed.", needed=True),
            Field("why", "Why.", needed=True),
            Field("planned", "Decided beforehand, or a reaction to what happened.", "choice", choices=YES_NO),
            Field("core_kept", "Whether the core of the offer stays.", "choice", choices=(*YES_NO, "unclear")),
            Field("decided_by", "Role of who decided; never a name."),
            _SITE,
        ),
    ),
    "learning_log": Register(
        "learning.csv",
        "one thing that was learned",
        "date",
        (
            _IDENTITY,
            Field("date", "Day of the decision.", "day", True),
            Field("question", "What the team asked itself.", needed=True),
            Field("evidence", "What it looked at.", needed=True),
            Field("decision", "What it decided.", needed=True),
            Field("owner", "Role of who sees to it; never a name.", needed=True),
            _SITE,
        ),
    ),
    "hundred_days": Register(
        "hundred_days.csv",
        "one challenge of 100 days",
        "start",
        (
            _IDENTITY,
            Field("goal", "What should be reached after 100 days.", needed=True),
            Field("start", "Day 1.", "day", True),
            Field("measure", "What tells whether it is reached, in words.", needed=True),
            Field("target", "The figure to reach on day 100.", "number", True),
            Field("begins_at", "The figure on day 1; 0 where blank.", "number"),
            Field("latest", "The newest figure.", "number"),
            Field("latest_on", "Day of the newest figure.", "day"),
            Field("mid_point", "Review at the middle (day 50): what was found and changed."),
            Field("end_review", "Review at the end (day 100): what was reached and what stays."),
            Field("reached", "Verdict of the end review.", "choice", choices=("yes", "partly", "no")),
            _SITE,
        ),
    ),
}
"""Every register by the kind of its findings."""


def read_register(site: PilotSite, kind: str) -> tuple[Entry, ...]:
    """Return the rows of a register that concern a site, in the order of the file; none where there is no file.

    Raises
    ------
    Refusal
        The register has faults: each is named by file, row and column.
    """
    lines = _sound_lines(site.folder, site.protocol, kind)
    return tuple(_entry(line, REGISTERS[kind]) for line in lines if _site(line) in ("", site.site))


def register_faults(folder: Path, protocol: Protocol, kind: str) -> tuple[str, ...]:
    """Return what is wrong with a register of a pilot, in words; nothing where it is sound or not there."""
    try:
        _sound_lines(folder, protocol, kind)
    except Refusal as refusal:
        return tuple(refusal.problem.splitlines())
    return ()


def _sound_lines(folder: Path, protocol: Protocol, kind: str) -> list[Line]:
    register = REGISTERS[kind]
    path = folder / register.file
    if not path.is_file():
        return []
    read = read_lines(path, register.file, register.needed, register.optional, from_excel=True)
    lines = with_iso_days(read, tuple(one.name for one in register.fields if one.kind == "day"))
    charts, sites = tuple(protocol.learning.charts), tuple(protocol.sites)
    faults = [fault for line in lines for fault in _faults(line, register, charts, sites)]
    refuse_if([*faults, *_twice(lines)])
    return lines


def _site(line: Line) -> str:
    return line.cells.get("site", "").strip()


def _entry(line: Line, register: Register) -> Entry:
    cells = {one.name: " ".join(line.cells.get(one.name, "").split()) for one in register.fields}
    cells |= {one.name: cells[one.name].casefold() for one in register.fields if one.kind == "choice"}
    return Entry(register.file, line.row, dt.date.fromisoformat(cells[register.dated]), cells)


def _faults(line: Line, register: Register, charts: Sequence[str], sites: Sequence[str]) -> Iterator[str]:
    allowed = {"chart": charts, "site": sites}
    for column in (one for one in register.fields if one.name in line.cells):
        cell, at = line.cells[column.name].strip(), line.at(column.name)
        if not cell:
            if column.needed:
                yield f"{at}: it is blank."
        elif column.kind in allowed and cell not in allowed[column.kind]:
            yield f"{at}: there is no such {column.kind}. {did_you_mean(cell, allowed[column.kind])}".rstrip()
        elif column.kind == "choice" and cell.casefold() not in column.choices:
            yield f"{at}: this is none of its words. Allowed: {', '.join(column.choices)}."
        elif not _is(column.kind, cell):
            yield f"{at}: {_WRONG[column.kind]}"
    yield from _order(line)


_WRONG = {
    "id": "letters, digits, - and _ only, at most 40.",
    "day": WRONG_DAY,
    "number": "this is no number. Write it as 12 or 0.8.",
    "text": f"these are more than {MOST_WORDS:,} characters. Say it shorter.",
}


def _is(kind: Kind, cell: str) -> bool:
    if kind == "id":
        return _ID.fullmatch(cell) is not None
    if kind == "text":
        return len(cell) <= MOST_WORDS
    if kind == "day":
        return iso_day(cell) is not None
    return kind != "number" or _number(cell) is not None


def _number(cell: str) -> float | None:
    try:
        number = float(cell)
    except ValueError:
        return None
    return number if math.isfinite(number) and "_" not in cell else None


def _order(line: Line) -> Iterator[str]:
    """What ends before it starts, or was measured before day 1, has a slip in one of its dates."""
    start = iso_day(line.cells.get("start", "").strip())
    for later in ("end", "latest_on"):
        day = iso_day(line.cells.get(later, "").strip())
        if start and day and day < start:
            yield f'{line.at(later)}: it is before the column "start".'
    cells = {name: line.cells.get(name, "").strip() for name in ("latest", "latest_on")}
    if cells["latest"] and not cells["latest_on"]:
        yield f'{line.register}, row {line.row}: the newest figure needs its day, in the column "latest_on".'


def _twice(lines: Sequence[Line]) -> Iterator[str]:
    seen: dict[str, int] = {}
    for line in lines:
        name = line.cells["id"].strip()
        if name and seen.setdefault(name.casefold(), line.row) != line.row:
            yield f"{line.at('id')}: row {seen[name.casefold()]} has the same id."
