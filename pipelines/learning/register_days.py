"""Days in a register: as 2026-09-30, or as Excel writes them when it saves the file; never a guess.

Excel turns 2026-09-30 into a date of its own and saves it as 30/09/2026 (9/30/2026 on an American machine). Which of
the two it is has to follow from all days of the file together.
"""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Sequence
from dataclasses import replace

from pipelines.ingest.register_lines import Line, refuse_if

WRONG_DAY = "this is no date. Write it as 2026-09-30."
_ISO = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}")
_SPELT = re.compile(r"([0-9]{1,2})([/.-])([0-9]{1,2})\2([0-9]{4})")
_MIDNIGHT = re.compile(r"[T ]00:00(:00)?")


def iso_day(cell: str) -> dt.date | None:
    """Return the day of a cell as 2026-09-30; None for anything else."""
    try:
        return dt.date.fromisoformat(cell) if _ISO.fullmatch(cell) else None
    except ValueError:
        return None


def with_iso_days(lines: Sequence[Line], columns: Sequence[str]) -> list[Line]:
    """Return a register's lines with their days as 2026-09-30.

    Parameters
    ----------
    lines : of one file.
    columns : those that hold days; what is no day there stays, and is named by whoever checks it.

    Raises
    ------
    Refusal
        When days can be read with either number as the month, and no other day tells; naming row and column.
    """
    cells = [(line, column) for line in lines for column in columns if _spelt(line.cells.get(column, ""))]
    fits = [first for first in (True, False) if all(_read(line.cells[column], first) for line, column in cells)]
    if len(fits) == 2 and any(_read(one.cells[name], True) != _read(one.cells[name], False) for one, name in cells):
        refuse_if(
            [f"{line.at(column)}: either number could be the month. Write it as 2026-09-30." for line, column in cells]
        )
    day_first = fits[0] if fits else None
    return [replace(line, cells=_rewritten(line, columns, day_first)) for line in lines]


def _rewritten(line: Line, columns: Sequence[str], day_first: bool | None) -> dict[str, str]:
    days = {name: _MIDNIGHT.sub("", line.cells[name].strip()) for name in columns if name in line.cells}
    if day_first is not None:
        days = {name: str(_read(cell, day_first) or cell) for name, cell in days.items()}
    return {**line.cells, **days}


def _spelt(cell: str) -> re.Match[str] | None:
    return _SPELT.fullmatch(_MIDNIGHT.sub("", cell.strip()))


def _read(cell: str, day_first: bool) -> dt.date | None:
    """Return a day of numbers under one of the two orders; None where there is no such day."""
    found = _spelt(cell)
    if found is None:
        return None
    one, other, year = int(found[1]), int(found[3]), int(found[4])
    try:
        return dt.date(year, other, one) if day_first else dt.date(year, one, other)
    except ValueError:
        return None
