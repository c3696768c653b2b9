"""Workbooks: one sheet as a table of texts, each cell as a careful person would write it down.

How each kind of workbook is read belongs in book_kinds and the modules it names; which row holds the names of the
columns, in sheet_headers.
"""

from __future__ import annotations

import itertools
from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from pipelines.ingest.book_kinds import open_book
from pipelines.ingest.headers import MOST_COLUMNS, expected_columns, nameless_fault, tidy, too_many_columns
from pipelines.ingest.merged_cells import refuse_merged
from pipelines.ingest.quick_sheets import quick_table
from pipelines.ingest.reading import Facts, Rows
from pipelines.ingest.second_reading import cross_check
from pipelines.ingest.second_tables import OneTable
from pipelines.ingest.sheet_headers import DEEPEST, Header, header_of, holds_all
from pipelines.ingest.sheets import Book, Grid, Sheet, cell_place
from pipelines.ingest.xlsx_books import XlsxBook
from pipelines.protocol.extracts import Extract
from pipelines.protocol.faults import did_you_mean
from pipelines.refusal import Refusal
from pipelines.warehouse import insert, named

_numbers = itertools.count(1)
OLDER = "The earlier results stand."


@dataclass(frozen=True)
class _Table:
    """A sheet, read and found sound."""

    facts: Facts
    grid: Grid

    @property
    def rows(self) -> list[tuple[int, list[str]]]:
        """Rows below the header that hold anything, with their numbers."""
        width = len(self.facts.columns)
        below = sorted(row for row in self.grid.rows if row > self.facts.header_row)
        filled = ((row, self.grid.rows[row]) for row in below)
        return [(row, cells + [""] * (width - len(cells))) for row, cells in filled if any(c.strip() for c in cells)]


def facts(path: Path, extract: Extract | None) -> Facts:
    """Return what the workbook says of itself: sheet, row and names of the columns, and what a person should know.

    Raises
    ------
    Refusal
        When it cannot be opened, or sheet or header cannot be told with certainty.
    """
    book = open_book(path)
    sheet = _sheet(book, extract)
    grid = book.grid(sheet.name)
    return _facts(book, sheet, grid, header_of(path, grid, extract))


def open_rows(connection: Any, path: Path, extract: Extract) -> Rows:
    """Return the rows of the workbook's sheet as a temporary table.

    Raises
    ------
    Refusal
        When anything in it could be read into a wrong cell, or not at all.
    """
    target = named(f"workbook_{next(_numbers)}")
    book = open_book(path)
    sheet = _sheet(book, extract)
    found = _quick(connection, book, sheet, extract, target)
    return Rows(found or _careful(connection, book, sheet, extract, target), target, True, lambda _: _unreadable(path))


def _quick(connection: Any, book: Book, sheet: Sheet, extract: Extract, target: str) -> Facts | None:
    """Fill `target` the quick way, if the sheet is plain enough."""
    table = quick_table(connection, book, sheet.name, extract, target) if isinstance(book, XlsxBook) else None
    if table is None:
        return None
    grid, header = table
    _judge(book.path, sheet.name, grid, header, extract)
    return _facts(book, sheet, grid, header)


def _careful(connection: Any, book: Book, sheet: Sheet, extract: Extract, target: str) -> Facts:
    """Fill `target` cell by cell."""
    table = _table(book, sheet, extract)
    width = len(table.facts.columns)
    definition = "".join(f", {named(f'place_{index}')} VARCHAR" for index in range(width))
    connection.execute(f"CREATE OR REPLACE TEMP TABLE {target} (source_row BIGINT{definition})")
    insert(connection, target, [(row, *cells) for row, cells in table.rows])
    return table.facts


def read(path: Path, extract: Extract) -> tuple[tuple[str, ...], Sequence[tuple[int, list[str]]]]:
    """Return header and further rows of the sheet, every cell as text."""
    book = open_book(path)
    table = _table(book, _sheet(book, extract), extract)
    return table.facts.columns, table.rows


def load(connection: Any, path: Path, extract: Extract, target: str, header: Sequence[str], rows: Any) -> None:
    """Put the rows under a sound header into `target`."""
    places = [list(header).index(name) for name in expected_columns(extract)]
    definition = ", ".join(f"{named(f'column_{index}')} VARCHAR" for index in range(len(places)))
    connection.execute(f"CREATE OR REPLACE TEMP TABLE {target} (source_row BIGINT, {definition})")
    insert(connection, target, [[number, *(row[place] for place in places)] for number, row in rows])


def _unreadable(path: Path) -> Refusal:
    return Refusal(f"{path.name} cannot be read to its end.", "Ask the provider to save and send it again.")


def _table(book: Book, sheet: Sheet, extract: Extract) -> _Table:
    """Read the sheet cell by cell, and let a second reader look at it."""
    grid = book.grid(sheet.name)
    found = header_of(book.path, grid, extract)
    cross_check(book.path, sheet.name, grid)
    _judge(book.path, sheet.name, grid, found, extract)
    table = _Table(_facts(book, sheet, grid, found), grid)
    deque(OneTable(f'{book.path.name}, sheet "{sheet.name}"', found.columns, table.rows), maxlen=0)
    return table


def _judge(path: Path, sheet: str, grid: Grid, found: Header, extract: Extract) -> None:
    """Insist that nothing in the sheet can be taken for something else."""
    if len(found.columns) > MOST_COLUMNS:
        raise too_many_columns(path)
    mapped = _mapped(found, extract)
    _refuse_nameless(path, grid, found)
    _refuse_uncalculated(path, sheet, grid, found.row, mapped)
    _refuse_overlong(path, sheet, grid, found.row, mapped)
    refuse_merged(path, sheet, grid, found, mapped)


def _mapped(found: Header, extract: Extract) -> set[int]:
    """Return the columns, from 1, that the protocol maps."""
    expected = set(expected_columns(extract))
    return {index for index, name in enumerate(found.columns, start=1) if name in expected}


def _sheet(book: Book, extract: Extract | None) -> Sheet:
    """Return the sheet that the protocol names, or the only visible one that can be meant."""
    if not book.sheets:
        raise Refusal(f"{book.path.name} has no sheet with cells.", "Ask the provider to send it again.")
    if extract and extract.sheet:
        return _named_sheet(book, extract.sheet)
    visible = [sheet for sheet in book.sheets if sheet.state == "visible"]
    if not visible:
        raise Refusal(f"{book.path.name}: every sheet is hidden.", _choose(book.sheets))
    if len(visible) == 1:
        return visible[0]
    fitting = [sheet for sheet in visible if _fits(book, sheet, extract)]
    if len(fitting) == 1:
        return fitting[0]
    if not fitting and extract:
        problem = f"{book.path.name} has {len(visible)} sheets, and none has all the columns that the protocol names."
    else:
        several = fitting or visible
        problem = f"{book.path.name} has {len(visible)} sheets, and {len(several)} of them could be meant."
    raise Refusal(problem, _choose(fitting or visible))


def _choose(sheets: Sequence[Sheet]) -> str:
    return f"Name one as `sheet` in the protocol: {', '.join(sheet.name for sheet in sheets)}."


def _named_sheet(book: Book, name: str) -> Sheet:
    found = [sheet for sheet in book.sheets if sheet.name == name]
    if len(found) == 1:
        return found[0]
    if found:
        raise Refusal(f'{book.path.name} has two sheets called "{name}".', "Ask the provider to rename one.")
    names = [sheet.name for sheet in book.sheets]
    alike = [sheet for sheet in book.sheets if tidy(sheet.name) == tidy(name)]  # nobody sees a blank at the end
    if len(alike) == 1:
        return alike[0]
    raise Refusal(f'{book.path.name} has no sheet "{name}".', did_you_mean(name, names))


def _fits(book: Book, sheet: Sheet, extract: Extract | None) -> bool:
    top = book.grid(sheet.name, DEEPEST)
    return holds_all(top, extract) if extract else bool(top.rows)


def _facts(book: Book, sheet: Sheet, grid: Grid, found: Header) -> Facts:
    return Facts(
        kind="workbook",
        columns=found.columns,
        header_row=found.row,
        sheet=sheet.name,
        empty=not any(any(map(str.strip, cells)) for row, cells in grid.rows.items() if row > found.row),
        notes=tuple(_notes(book, sheet, grid, found)),
    )


def _notes(book: Book, sheet: Sheet, grid: Grid, found: Header) -> list[str]:
    """Return what a person should know; none of it is a value."""
    notes = list(book.notes)
    unread = [other.name for other in book.sheets if other.name != sheet.name]
    hidden = [other.name for other in book.sheets if other.name in unread and other.state == "hidden"]
    if unread:
        notes.append(f"Sheets that were not read: {_told(unread, hidden)}.")
    if sheet.state == "hidden":
        notes.append(f'The sheet "{sheet.name}" is hidden; the protocol names it, so it was read.')
    above = sum(1 for row in grid.rows if row < found.row)
    if above:
        notes.append(f"{above} row(s) above the names of the columns were passed over.")
    if grid.hidden_rows or grid.filtered:
        notes.append(f"Hidden or filtered rows were read like all others ({grid.hidden_rows} hidden).")
    if grid.hidden_columns:
        notes.append("Hidden columns were read like all others.")
    if grid.veiled:
        said = "is shown as nothing or as words by its format, and was"
        many = "are shown as nothing or as words by their format, and were"
        notes.append(f"{grid.veiled} number(s) {said if grid.veiled == 1 else many} read as the number that is kept.")
    if grid.errors:
        notes.append(f"{grid.errors} cell(s) hold an error such as #N/A, and are kept as such.")
    return notes


def _told(unread: Sequence[str], hidden: Sequence[str]) -> str:
    return ", ".join(f"{name} (hidden)" if name in hidden else name for name in unread)


def _refuse_nameless(path: Path, grid: Grid, found: Header) -> None:
    """A column without a name may be empty, as spreadsheets leave some at the right; it may not hold anything."""
    for index in (index for index, name in enumerate(found.columns) if not tidy(name)):
        below = (cells for row, cells in grid.rows.items() if row > found.row)
        if any(index < len(cells) and cells[index].strip() for cells in below):
            raise Refusal(nameless_fault(path, index + 1), OLDER)


def _refuse_uncalculated(path: Path, sheet: str, grid: Grid, header: int, mapped: set[int]) -> None:
    """A formula that no spreadsheet program ever calculated has no value, or a made-up zero: it is not blank."""
    for row, column in grid.uncalculated:
        if row >= header and column in mapped:
            raise Refusal(
                f"{cell_place(path, sheet, row, column)}: the formula there was never calculated.",
                "Ask the provider to open the file in a spreadsheet program, save it, and send it again.",
            )


def _refuse_overlong(path: Path, sheet: str, grid: Grid, header: int, mapped: set[int]) -> None:
    """Of a long number kept as a number the last digits are lost, and two people may have become one."""
    for row, column in grid.overlong:
        if row > header and column in mapped:
            raise Refusal(
                f"{cell_place(path, sheet, row, column)}: a number of more than 15 digits is kept as a number, and a"
                " spreadsheet keeps no more than 15 of them.",
                "Ask the provider for the file as it left the database (CSV), or with this column as text.",
            )
