"""The correction list as a workbook for everybody: the rules of the Analysis Function for accessible spreadsheets.

One table a sheet, named, below a title in A1; no merged cells and no blank rows; title, author and language set.
openpyxl, for gptables sets no language, opens a pickled theme, and would add three packages for three sheets.
"""

from __future__ import annotations

import io
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from pipelines.validation.correction_list import CorrectionList
from pipelines.validation.correction_page import FOLLOWS, FOR_WHOM, ROWS_COUNT

MOST_STRETCHES = 20_000
"""More are of no use to a person, and take seconds to write; how many rows are left out is then said."""
WRAPPED = 500
"""Long texts wrap in a sheet of fewer rows; wrapping thousands takes longer than all the rest."""
CONTROL = re.compile(r"[\x00-\x1f\x7f\ufffe\uffff]")
PROBLEMS = (
    ("Problem", 10),
    ("Table", 20),
    ("What is wrong", 50),
    ("Rule", 40),
    ("What happens", 40),
    ("Rows", 10),
    ("Rows checked", 14),
    ("Share", 10),
    ("Columns", 24),
    ("What to do", 50),
)
ROWS = (("Problem", 10), ("File", 34), ("Drop", 22), ("First row", 12), ("Last row", 12), ("Columns", 24))

Cells = Sequence[object]


def workbook(found: CorrectionList) -> bytes:
    """Return the workbook as the bytes of an XLSX file."""
    import openpyxl

    book = openpyxl.Workbook()
    book.properties.title = f"Correction list for {found.title}"
    book.properties.creator = "Pilotlens"
    book.properties.language = "en-GB"
    stretches = list(_stretches(found))
    _read_me(book.active, found, sum(one.rows for one in stretches[MOST_STRETCHES:]))
    if found.problems:
        about = f"Problems found in the drop {found.drop}, one a row."
        _table(book.create_sheet("Problems"), "Problems", about, PROBLEMS, list(_problems(found)))
    if stretches:
        about = f"Neighbouring rows stand together. {ROWS_COUNT}"
        listed = [one.cells for one in stretches[:MOST_STRETCHES]]
        _table(book.create_sheet("Rows"), "Rows to correct", about, ROWS, listed)
    packed = io.BytesIO()
    book.save(packed)
    return packed.getvalue()


def _read_me(sheet: Any, found: CorrectionList, left: int) -> None:
    """Fill the first sheet: who may see the workbook, and what is on the others."""
    sheet.title = "Read me"
    sheet.column_dimensions["A"].width = 90
    notes = list(_notes(found, left))
    _heading(sheet, *notes)
    for number, words in enumerate(notes[1:], start=2):
        _put(sheet, number, 1, words, wrapped=True)


def _notes(found: CorrectionList, left: int) -> Iterator[str]:
    yield f"Correction list for {found.title}"
    yield f"Who may see this workbook. {FOR_WHOM.replace('This page', 'This workbook')}"
    if not found.problems:
        yield f"Nothing to correct in the drop {found.drop}." if found.drop else "Nothing has been checked yet."
    else:
        yield f"It lists what is to be corrected in the drop {found.drop}. Correct it at the source for the next drop."
        yield "The sheet Problems says what is wrong and what to do."
        yield f"The sheet Rows says which rows of which files a problem concerns. {ROWS_COUNT}"
        yield FOLLOWS
    if left:
        yield f"{left:,} further rows are not listed: so many are best corrected where the file is made."
    if found.sound and found.problems:
        yield f"Nothing to correct in: {', '.join(found.sound)}."
    yield from (f"{table}: last checked in the drop {drop}." for table, drop in found.earlier)


def _problems(found: CorrectionList) -> Iterator[Cells]:
    for one in found.problems:
        failed = "not counted" if one.failed is None else one.failed
        yield (
            *(one.number, one.table, one.said, one.words, one.happened),
            *(failed, one.total, one.share, one.columns or "none in particular", one.advice),
        )


@dataclass(frozen=True)
class _Stretch:
    """One row of the sheet Rows, and how many rows of a file it stands for."""

    cells: Cells
    rows: int


def _stretches(found: CorrectionList) -> Iterator[_Stretch]:
    for one in found.problems:
        columns = one.columns or "none in particular"
        for place in one.places:
            for first, last in place.stretches:
                yield _Stretch((one.number, place.file, place.drop, first, last, columns), last - first + 1)
            if not place.stretches:
                yield _Stretch((one.number, place.file, place.drop, "whole file", "whole file", columns), 0)


def _table(sheet: Any, title: str, about: str, columns: Sequence[tuple[str, int]], rows: Sequence[Cells]) -> None:
    """Put a named table below its title and one line of words."""
    from openpyxl.utils import get_column_letter
    from openpyxl.worksheet.table import Table, TableStyleInfo

    _heading(sheet, title, about)
    wrapped = len(rows) < WRAPPED
    for number, row in enumerate([[name for name, _ in columns], *rows], start=3):
        for column, value in enumerate(row, start=1):
            _put(sheet, number, column, value, wrapped)
    for column, (_, width) in enumerate(columns, start=1):
        sheet.column_dimensions[get_column_letter(column)].width = width
    area = f"A3:{get_column_letter(len(columns))}{3 + len(rows)}"
    table = Table(displayName=title.replace(" ", "_"), ref=area)
    table.tableStyleInfo = TableStyleInfo(name="TableStyleLight1", showRowStripes=True)
    sheet.add_table(table)
    sheet.freeze_panes = "A4"


def _heading(sheet: Any, *lines: str) -> None:
    """Put a title in A1 and further lines below it."""
    from openpyxl.styles import Font

    for number, words in enumerate(lines, start=1):
        _put(sheet, number, 1, words)
    sheet.cell(1, 1).font = Font(bold=True, size=15)


def _put(sheet: Any, row: int, column: int, value: object, wrapped: bool = False) -> None:
    """Write a cell; a text that begins with = is a text, and what no XML can hold is left out."""
    from openpyxl.styles import Alignment

    cell = sheet.cell(row, column)
    cell.value = CONTROL.sub("\ufffd", value) if isinstance(value, str) else value
    if isinstance(value, str):
        cell.data_type = "s"
    if wrapped:
        cell.alignment = Alignment(wrap_text=True, vertical="top")
