"""Workbooks of the old XLS kind, read by xlrd, which shows number formats, merged cells and errors."""

from __future__ import annotations

import io
from pathlib import Path
from typing import Any, Literal

from pipelines.ingest.number_formats import is_overlong, number_format, plain, shown
from pipelines.ingest.sheets import Grid, Merge, Sheet, damaged, too_large
from pipelines.ingest.xls_formulas import formulas, uncalculated
from pipelines.refusal import Refusal

LARGEST_FILE = 20 * 1024 * 1024
"""Of two million cells, which take half a minute and close to a gigabyte."""


class XlsBook:
    """An opened XLS workbook."""

    def __init__(self, path: Path) -> None:
        if path.stat().st_size > LARGEST_FILE:
            raise too_large(path, f"an XLS of more than {LARGEST_FILE // 2**20} MB")
        self.path = path
        content = path.read_bytes()
        self._book = _opened(path, content)
        self._uncalculated = _uncalculated(self._book, content)
        self.sheets = tuple(Sheet(sheet.name, _state(sheet.visibility)) for sheet in self._book.sheets())
        self.notes: tuple[str, ...] = ()

    def grid(self, sheet: str, last_row: int | None = None) -> Grid:
        """Return the cells of a sheet, or only those down to a row."""
        held = self._book.sheet_by_name(sheet)
        grid = Grid(merges=[Merge(top + 1, left + 1, bottom, right) for top, bottom, left, right in held.merged_cells])
        for row in range(min(held.nrows, last_row or held.nrows)):
            for column, cell in enumerate(held.row(row)):
                text = self._told(cell, grid)
                if isinstance(cell.value, float) and is_overlong(text):
                    grid.overlong.append((row + 1, column + 1))
                if text:
                    grid.put(row + 1, column + 1, text)
        grid.uncalculated = list(self._uncalculated.get(held.number, ()))
        grid.hidden_rows = sum(1 for row, info in held.rowinfo_map.items() if info.hidden and row < held.nrows)
        grid.hidden_columns = sum(1 for info in held.colinfo_map.values() if info.hidden)
        return grid

    def _told(self, cell: Any, grid: Grid) -> str:
        """Return a cell's text by its type."""
        import xlrd

        if cell.ctype == xlrd.XL_CELL_TEXT:
            return str(cell.value)
        if cell.ctype == xlrd.XL_CELL_BOOLEAN:
            return "TRUE" if cell.value else "FALSE"
        if cell.ctype == xlrd.XL_CELL_ERROR:
            grid.errors += 1
            return str(xlrd.error_text_from_code.get(cell.value, "#VALUE!"))
        if cell.ctype in (xlrd.XL_CELL_NUMBER, xlrd.XL_CELL_DATE):
            return self._number(cell, grid)
        return ""

    def _number(self, cell: Any, grid: Grid) -> str:
        styles, formats = self._book.xf_list, self._book.format_map
        if cell.xf_index is None or cell.xf_index >= len(styles):
            return plain(cell.value)
        found = formats.get(styles[cell.xf_index].format_key)
        style = number_format(found.format_str if found else "General")
        grid.veiled += bool(style.of(cell.value).veil)
        return shown(cell.value, style, from_1904=bool(self._book.datemode))


def _uncalculated(book: Any, content: bytes) -> dict[int, list[tuple[int, int]]]:
    """Return, by the number of the sheet, row and column of formulas that were never calculated."""
    begins = list(getattr(book, "_sh_abs_posn", ()))
    stream = _stream(content)
    every = [list(formulas(stream, begin)) for begin in begins]
    saved = "SummaryInformation".encode("utf-16-le") in content
    return dict(enumerate(uncalculated(every, saved_by_a_program=saved)))


def _stream(content: bytes) -> bytes:
    """Return the records of a workbook; the oldest ones are nothing else, later ones lie in a container."""
    from xlrd import compdoc

    if not content.startswith(compdoc.SIGNATURE):
        return content
    container = compdoc.CompDoc(content, logfile=io.StringIO())
    streams = (container.locate_named_stream(name)[0] for name in ("Workbook", "Book"))
    return next((bytes(stream) for stream in streams if stream), b"")


def _state(visibility: int) -> Literal["visible", "hidden"]:
    return "hidden" if visibility else "visible"


def _opened(path: Path, content: bytes) -> Any:
    """Open a workbook; what xlrd says may quote a cell, so only what kind of trouble it is is kept of it."""
    import xlrd

    try:
        return xlrd.open_workbook(file_contents=content, formatting_info=True, logfile=io.StringIO(), ragged_rows=True)
    except Exception as error:
        locked = "encrypt" in str(error).lower() or "password" in str(error).lower()
    if locked:
        raise Refusal(f"{path.name} is locked with a password.", "Ask the provider to send it without one.")
    raise damaged(path)
