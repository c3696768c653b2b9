"""The lines of a register, a CSV file that evaluators keep by hand: cells by column, and where each stands.

What a line means belongs in corrections and in pipelines.learning.
A register holds people's identifiers and values: faults name places only.
"""

from __future__ import annotations

import codecs
import csv
import io
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from pipelines.ingest.headers import tidy
from pipelines.protocol.faults import nearest
from pipelines.refusal import Refusal

COLUMNS = ("extract", "key", "column", "old", "new", "why", "who", "when")
OPTIONAL = ("site",)
DELIMITERS = (",", ";", "\t")
FAULTS_NAMED = 10
REMEDY = "Mend the register and run again. The earlier results stand."


@dataclass(frozen=True)
class Line:
    """One line below the header of a register."""

    register: str
    row: int
    cells: dict[str, str] = field(repr=False)

    def at(self, column: str) -> str:
        """Return where a cell stands."""
        return f'{self.register}, row {self.row}, column "{column}"'


def read_lines(
    path: Path,
    register: str,
    columns: Sequence[str] = COLUMNS,
    optional: Sequence[str] = OPTIONAL,
    *,
    from_excel: bool = False,
) -> list[Line]:
    """Return the lines of a register that hold anything; refuse a file that is not one.

    Other registers that people keep by hand have other columns: those they need, and those they may have. A register of
    words may come as Excel saves a CSV in Western Europe (`from_excel`); one that changes data must be in UTF-8.
    """
    text = _text(path, register, from_excel)
    header, rows = _table(text, register, columns, optional)
    lines = [(number, row) for number, row in rows if any(cell.strip() for cell in row)]
    uneven = [
        f"{register}, row {number}: {len(row)} columns where the header has {len(header)}."
        for number, row in lines
        if len(row) != len(header)
    ]
    refuse_if(uneven)
    return [Line(register, number, dict(zip(header, row, strict=True))) for number, row in lines]


def refuse_if(faults: Sequence[str]) -> None:
    """Refuse with every fault that was found, the first ones named."""
    if faults:
        more = [f"and {len(faults) - FAULTS_NAMED} more."] if len(faults) > FAULTS_NAMED else []
        raise Refusal("\n".join([*faults[:FAULTS_NAMED], *more]), REMEDY)


FOREIGN = frozenset(bytes((0x83, 0x8A, 0x8C, 0x8E, 0x9A, 0x9C, 0x9E, 0x9F)))
"""Letters of Windows-1252 that no British or Irish word has: where they stand, the file is in another encoding."""


def _text(path: Path, register: str, from_excel: bool) -> str:
    text = None
    try:
        content = path.read_bytes()
        wide = content.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE))
        text = content.decode("utf-16" if wide else "utf-8-sig")
    except UnicodeDecodeError:
        text = _of_windows(content) if from_excel and not wide else None
    except OSError:
        pass
    if text is None or "\0" in text:
        raise Refusal(f"{register} cannot be read as text in UTF-8.", 'Save it as "CSV UTF-8" and run again.')
    return text


def _of_windows(content: bytes) -> str | None:
    """Return text of Windows-1252; None where its bytes speak against it."""
    if FOREIGN & set(content):
        return None
    try:
        return content.decode("cp1252")
    except UnicodeDecodeError:
        return None


def _table(
    text: str, register: str, columns: Sequence[str], optional: Sequence[str]
) -> tuple[list[str], list[tuple[int, list[str]]]]:
    """Return header and numbered rows under the delimiter whose header is a register's."""
    headers = {delimiter: _header(text, delimiter) for delimiter in DELIMITERS}
    best = max(DELIMITERS, key=lambda one: len(set(columns) & set(headers[one])))
    refuse_if(list(_header_faults(headers[best], register, columns, optional)))
    return headers[best], _rows(text, best, register)[1:]


def _header(text: str, delimiter: str) -> list[str]:
    first = next(csv.reader(io.StringIO(text, newline=""), delimiter=delimiter), [])
    return [tidy(name).casefold() for name in first]


def _rows(text: str, delimiter: str, register: str) -> list[tuple[int, list[str]]]:
    """Return rows with their number as a spreadsheet counts: a cell may hold line breaks, a blank line is a row."""
    rows: list[tuple[int, list[str]]] = []
    try:
        rows.extend(enumerate(csv.reader(io.StringIO(text, newline=""), delimiter=delimiter, strict=True), start=1))
    except csv.Error:
        broken = True
    else:
        broken = False
    if broken:
        where = f"{register}, row {len(rows) + 1}"
        raise Refusal(f"{where}: the row cannot be read (a quotation mark without its partner?).", REMEDY)
    return rows


def _header_faults(
    header: Sequence[str], register: str, columns: Sequence[str], optional: Sequence[str]
) -> Iterator[str]:
    known = (*columns, *optional)
    for name in columns:
        if name not in header:
            spare = [one for one in header if one not in known] if set(header) & set(columns) else []
            near = nearest(name, spare)
            hint = f' Is it "{near}"?' if near else ""
            yield f'{register}: the column "{name}" is missing.{hint}'
    if not set(header) & set(columns):
        return  # then the first row may be somebody's data, and none of it is repeated
    for number, name in enumerate(header, start=1):
        if name not in known:
            yield f"{register}: column {number} is none of a register's: {', '.join(known)}."
        elif name in header[: number - 1]:
            yield f'{register}: the column "{name}" stands there twice.'
