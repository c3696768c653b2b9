"""The cells of one sheet of an XLSX workbook as text, each by its own type and format. Parts belong in xlsx_books."""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path

from pipelines.ingest.number_formats import PLAIN, NumberFormat, is_overlong, plain, shown
from pipelines.ingest.sheets import MOST_CELLS, Grid, Merge, cell_place, damaged, too_large
from pipelines.ingest.xml_events import Enough, Malformed, events
from pipelines.refusal import Refusal

REFERENCE = re.compile(r"\$?([A-Z]{1,3})\$?([0-9]{1,7})")
NUMBER = re.compile(r"[-+]?(?:[0-9]+\.?[0-9]*|\.[0-9]+)(?:[eE][-+]?[0-9]+)?")
"""As a workbook writes one; Python would also take `1_000`, `nan` and the digits of other scripts."""
ESCAPE = re.compile(r"_x([0-9A-Fa-f]{4})_")
TRUE = ("1", "true", "TRUE")


@dataclass(frozen=True)
class Meaning:
    """What the numbers in cells stand for."""

    strings: list[str]
    formats: list[NumberFormat]
    from_1904: bool
    never_calculated: bool
    """True where the program that wrote the file left every formula to be calculated when it is opened."""


def unescaped(text: str) -> str:
    """Return a text with its escapes (`_x000D_` for a line break) undone.

    Two escapes may be the halves of one letter (UTF-16); a half alone is no letter.
    """
    if "_x" not in text:
        return text
    halves = ESCAPE.sub(lambda found: chr(int(found[1], 16)), text)
    return halves.encode("utf-16-le", "surrogatepass").decode("utf-16-le", "replace")


def position(reference: str) -> tuple[int, int] | None:
    """Return row and column, from 1, of a reference such as C7."""
    found = REFERENCE.fullmatch(reference)
    if not found:
        return None
    column = 0
    for letter in found[1]:
        column = column * 26 + ord(letter) - 64
    return int(found[2]), column


class _Cells:
    """Takes the events of a sheet's XML and fills a grid."""

    def __init__(self, path: Path, sheet: str, meaning: Meaning, last_row: int | None) -> None:
        self.path, self.sheet, self.meaning, self.last_row = path, sheet, meaning, last_row
        self.grid = Grid()
        self.row = self.column = self.count = 0
        self.inside = self.formula = self.inline = self.phonetic = False
        self.kind = self.style = ""
        self.pieces: list[str] = []
        self.keep = False
        self.texts: dict[tuple[str, str], str] = {}
        self.veils = {str(index) for index, style in enumerate(meaning.formats) if style.may_veil}

    def start(self, name: str, held: dict[str, str]) -> None:
        if name == "c":
            self._begin_cell(held)
        elif name == "v":
            if self.pieces and not self.inline:
                raise Malformed  # two values in one cell: which one holds cannot be known
            self.keep = self.inside and not self.inline
        elif name == "is":
            self.inline = True
            self.pieces.clear()  # some programs write a value beside the text: the text is what is seen
        elif name == "t":
            self.keep = self.inside and self.kind == "inlineStr" and not self.phonetic
        elif name == "f":
            self.formula = True
        elif name == "row":
            self._begin_row(held)
        elif name == "rPh":
            self.phonetic = True
        elif name in ("mergeCell", "col", "autoFilter"):
            self._aside(name, held)

    def end(self, name: str) -> None:
        if name in ("v", "t"):
            self.keep = False
        elif name == "rPh":
            self.phonetic = False
        elif name == "c":
            self._end_cell()

    def text(self, text: str) -> None:
        if self.keep:
            self.pieces.append(text)

    def _begin_row(self, held: dict[str, str]) -> None:
        number = held.get("r", "")
        above, self.row = self.row, int(number) if number else self.row + 1
        if self.row <= above:
            raise Malformed
        self.column = 0
        if self.last_row and self.row > self.last_row:
            raise Enough
        if held.get("hidden") in TRUE:
            self.grid.hidden_rows += 1

    def _begin_cell(self, held: dict[str, str]) -> None:
        reference = held.get("r")
        if reference is None:
            self.column += 1
        else:
            found = position(reference)
            if found is None or found[0] != self.row or found[1] <= self.column:
                raise Malformed  # the same cell twice, or out of order: which value holds cannot be known
            self.column = found[1]
        self.kind, self.style = held.get("t", "n"), held.get("s", "")
        self.inside, self.formula, self.inline = True, False, False
        self.pieces.clear()
        self.count += 1
        if self.count > MOST_CELLS:
            raise too_large(self.path)

    def _end_cell(self) -> None:
        self.inside = False
        raw = "".join(self.pieces)
        if self.formula and (self.meaning.never_calculated or (not raw and self.kind != "str")):
            self.grid.uncalculated.append((self.row, self.column))
        text = self._told(raw) if raw else ""
        if self.kind == "n" and is_overlong(text):
            self.grid.overlong.append((self.row, self.column))
        if self.kind == "n" and self.style in self.veils and NUMBER.fullmatch(raw.strip()):
            self.grid.veiled += bool(self.meaning.formats[int(self.style)].of(float(raw)).veil)
        if text:
            self.grid.put(self.row, self.column, text)

    def _told(self, raw: str) -> str:
        """Return a cell's text by its type."""
        if self.kind == "n":
            return self._number(raw)
        if self.kind == "s":
            return self._string(raw)
        if self.kind == "b":
            return "TRUE" if raw in TRUE else "FALSE"
        if self.kind == "e":
            self.grid.errors += 1
            return raw
        if self.kind == "d":
            return re.sub(r"T00:00:00(?:\.0+)?$", "", raw.removesuffix("Z"))
        return unescaped(raw)

    def _number(self, raw: str) -> str:
        told = self.texts.get((raw, self.style))
        if told is None:
            told = self._reckoned(raw.strip())
            if len(self.texts) < 100_000:  # dates and codes come again and again
                self.texts[raw, self.style] = told
        return told

    def _reckoned(self, raw: str) -> str:
        formats = self.meaning.formats
        index = int(self.style) if self.style else 0
        style = formats[index] if index < len(formats) else PLAIN
        if not NUMBER.fullmatch(raw):
            return raw
        value = float(raw)
        return plain(value) if style is PLAIN else shown(value, style, from_1904=self.meaning.from_1904)

    def _string(self, raw: str) -> str:
        if raw.strip().isdecimal() and int(raw) < len(self.meaning.strings):
            return self.meaning.strings[int(raw)]
        place = cell_place(self.path, self.sheet, self.row, self.column)
        raise Refusal(
            f"{place}: its text is missing from the workbook.", "Ask the provider to save and send the file again."
        )

    def _aside(self, name: str, held: dict[str, str]) -> None:
        if name == "mergeCell":
            first, _, last = held.get("ref", "").partition(":")
            top, bottom = position(first), position(last or first)
            if top and bottom:
                self.grid.merges.append(Merge(*top, *bottom))
        elif name == "col" and held.get("hidden") in TRUE:
            self.grid.hidden_columns += 1
        elif name == "autoFilter":
            self.grid.filtered = True


def read_cells(path: Path, sheet: str, content: bytes, meaning: Meaning, last_row: int | None) -> Grid:
    """Return the cells of a sheet, or only those down to a row (then without what stands below them)."""
    cells = _Cells(path, sheet, meaning, last_row)
    try:
        events(content, cells.start, cells.end, cells.text)
    except (Malformed, ValueError):
        broken = True
    else:
        broken = False
    if broken:
        where = f'sheet "{sheet}", row {cells.row}' if cells.row else f'sheet "{sheet}"'
        raise damaged(path, f"{where} is broken")
    return cells.grid
