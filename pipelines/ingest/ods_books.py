"""Workbooks of the ODS kind (LibreOffice and others): each cell by its own type, as the file's XML has it."""

from __future__ import annotations

import datetime as dt
import re
import zipfile
import zlib
from pathlib import Path

from pipelines.ingest.number_formats import DAY, clock, is_overlong, plain
from pipelines.ingest.sheets import Grid, Merge, Sheet, damaged, too_large, unpacked_too_large
from pipelines.ingest.xlsx_cells import NUMBER
from pipelines.ingest.xml_events import Enough, Malformed, events, marked
from pipelines.refusal import Refusal

MOST_CELLS = 1_000_000
"""Of all sheets: each takes three times as long as in XLSX."""
TOO_MANY = f"more than {MOST_CELLS:,} cells in an ODS"
LARGEST_CONTENT = 256 * 1024 * 1024
BLANKS, DIGIT = re.compile(r"[ \t\r\n]+"), re.compile(r"\d")
ERROR = re.compile(r"#[A-Z/0-9]+[!?]?|Err:\d+")
TIME = re.compile(r"(-?)P(?:(\d+)D)?T?(?:(\d+)H)?(?:(\d+)M)?(?:(\d+)(?:[.,](\d+))?S)?")
MOMENT = re.compile(r"(\d{4}-\d\d-\d\d)T(\d\d):(\d\d):(\d\d)(?:[.,](\d+))?", re.ASCII)
LOOKS = {"style-name", "number-columns-repeated", "content-validation-name"}
"""What a cell may say in which nothing stands."""
NUMBERS = ("float", "percentage", "currency")
SHOWN = (*NUMBERS, "date", "time")
"""Kinds of values that are shown with a digit, unless their format shows nothing or words."""
ASIDE = frozenset(
    (
        *("annotation", "note", "ruby-text", "shapes", "forms", "tracked-changes", "dde-links"),
        *("frame", "custom-shape", "rect", "ellipse", "circle", "line", "polyline", "polygon", "path", "connector"),
        *("caption", "g", "control", "measure", "page-thumbnail", "regular-polygon"),
    )
)
"""Elements inside a sheet whose text is no cell's: comments, footnotes, readings, drawings, earlier versions."""


class OdsBook:
    """An opened ODS workbook."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self._content = _content(path)
        self.sheets = _Sheets(path).listed(self._content)
        self.notes: tuple[str, ...] = ()

    def grid(self, sheet: str, last_row: int | None = None) -> Grid:
        """Return the cells of a sheet, or only those down to a row."""
        found = _Content(self.path, sheet, last_row)
        found.run(self._content)
        return found.grid


class _Sheets:
    """Takes the events of content.xml that tell of sheets."""

    WANTED = frozenset((*ASIDE, "style", "table-properties", "table"))

    def __init__(self, path: Path) -> None:
        self.path = path
        self.tables: list[tuple[str, str]] = []
        self.unseen: set[str] = set()
        self.depth = self.aside = 0
        self.family = ""

    def listed(self, content: bytes) -> tuple[Sheet, ...]:
        """Return the sheets; refuse a part that is broken."""
        try:
            marked(content, self.WANTED, self.start, self.end)
        except Malformed:
            broken = True
        else:
            broken = False
        if broken:
            raise damaged(self.path, "it is broken")
        return tuple(Sheet(name, "hidden" if style in self.unseen else "visible") for name, style in self.tables)

    def start(self, name: str, held: dict[str, str]) -> None:
        if name in ASIDE:
            self.aside += 1
        elif name == "style":
            self.family = held.get("name", "")
        elif name == "table-properties" and held.get("display") == "false":
            self.unseen.add(self.family)
        elif name == "table" and not self.aside:
            self.depth += 1
            if self.depth == 1:
                self.tables.append((held.get("name", ""), held.get("style-name", "")))

    def end(self, name: str) -> None:
        if name in ASIDE:
            self.aside -= 1
        elif name == "table" and not self.aside:
            self.depth -= 1


class _Content:
    """Takes the events of content.xml and fills the grid of one sheet."""

    def __init__(self, path: Path, sheet: str, last_row: int | None) -> None:
        self.path, self.sheet, self.last_row = path, sheet, last_row
        self.grid = Grid()
        self.depth = self.aside = 0
        self.wanted = False
        self.row = self.column = self.count = 0
        self.repeat_row = 1
        self.cells: list[tuple[int, int, str]] = []
        self.cell: dict[str, str] | None = None
        self.paragraphs: list[list[str]] = []

    def run(self, content: bytes) -> None:
        """Read the part; refuse it where it is broken."""
        try:
            events(content, self.start, self.end, self.text)
        except (Malformed, ValueError):
            broken = True
        else:
            broken = False
        if broken:
            raise damaged(self.path, f'sheet "{self.sheet}", row {self.row} is broken' if self.row else "it is broken")

    def start(self, name: str, held: dict[str, str]) -> None:
        if self.aside or name in ASIDE:
            self.aside += 1
        elif name == "table":
            self._begin_table(held)
        elif self.wanted:
            self._begin_inside(name, held)

    def end(self, name: str) -> None:
        if self.aside:
            self.aside -= 1
        elif name == "table":
            self.depth -= 1
            if self.wanted and not self.depth:
                raise Enough
        elif self.wanted and name == "table-row":
            self._end_row()
        elif self.wanted and name in ("table-cell", "covered-table-cell"):
            self._end_cell()

    def text(self, text: str) -> None:
        if self.cell is not None and self.paragraphs and not self.aside:
            self.paragraphs[-1].append(text if text.isalnum() else BLANKS.sub(" ", text))

    def _begin_table(self, held: dict[str, str]) -> None:
        self.depth += 1
        if self.depth == 1:
            self.wanted = held.get("name") == self.sheet

    def _begin_inside(self, name: str, held: dict[str, str]) -> None:
        if name == "table-row":
            self.column, self.cells = 0, []
            self.repeat_row = int(held.get("number-rows-repeated", "1"))
            if self.last_row and self.row >= self.last_row:
                raise Enough
            self.hidden = held.get("visibility", "visible") != "visible"
            self.filtered = held.get("visibility") == "filter"
        elif name in ("table-cell", "covered-table-cell"):
            self.cell, self.paragraphs = held, []
        elif name == "table-column" and held.get("visibility", "visible") != "visible":
            self.grid.hidden_columns += 1
        elif self.cell is not None:
            self._begin_text(name, held)

    def _begin_text(self, name: str, held: dict[str, str]) -> None:
        if name in ("p", "h"):
            self.paragraphs.append([])
        elif self.paragraphs and name in ("s", "tab", "line-break"):
            sign = {"s": " ", "tab": "\t", "line-break": "\n"}[name]
            self.paragraphs[-1].append(sign * min(int(held.get("c", "1")), 100_000))

    def _end_cell(self) -> None:
        held = self.cell or {}
        self.cell = None
        times = int(held.get("number-columns-repeated", "1"))
        if not self.paragraphs and held.keys() <= LOOKS:  # nothing stands there
            self.column += times
            return
        told = self._told(held)
        if "formula" in held and "value-type" not in held and not told:
            self.grid.uncalculated.append((self.row + 1, self.column + 1))
        if "number-rows-spanned" in held or "number-columns-spanned" in held:
            self._span(int(held.get("number-rows-spanned", "1")), int(held.get("number-columns-spanned", "1")))
        kind = held.get("value-type", "")
        if kind in NUMBERS and is_overlong(told):
            self.grid.overlong.append((self.row + 1, self.column + 1))
        if told and self.paragraphs and kind in SHOWN:
            self.grid.veiled += _is_veiled(self.paragraphs) * times * self.repeat_row
        if told:
            self._count(times)
            self.cells.extend((self.column + 1 + i, 0, told) for i in range(times))
        self.column += times

    def _span(self, down: int, along: int) -> None:
        if down > 1 or along > 1:
            top, left = self.row + 1, self.column + 1
            self.grid.merges.append(Merge(top, left, top + down - 1, left + along - 1))

    def _count(self, times: int) -> None:
        self.count += times * self.repeat_row
        if self.count > MOST_CELLS:
            raise too_large(self.path, TOO_MANY)

    def _end_row(self) -> None:
        if self.cells:
            for row in range(self.row + 1, self.row + 1 + self.repeat_row):
                for column, _, text in self.cells:
                    self.grid.put(row, column, text)
            self.grid.hidden_rows += self.repeat_row if self.hidden else 0
            self.grid.filtered = self.grid.filtered or self.filtered
        self.row += self.repeat_row

    def _told(self, held: dict[str, str]) -> str:
        """Return a cell's text by its type."""
        kind, seen = held.get("value-type", ""), "\n".join("".join(one) for one in self.paragraphs)
        if "formula" in held and ERROR.fullmatch(seen):
            self.grid.errors += 1
            return seen
        if kind in NUMBERS:
            return _number(held.get("value", ""), seen)
        if kind == "boolean":
            return "TRUE" if held.get("boolean-value") == "true" else "FALSE"
        if kind == "date":
            return _date(held.get("date-value", "").removesuffix("Z"))
        if kind == "time":
            return _time(held.get("time-value", ""))
        return held.get("string-value", seen) if kind == "string" else seen


def _is_veiled(paragraphs: list[list[str]]) -> bool:
    """Tell whether a number is shown as nothing, or as words; a dash often stands for zero."""
    seen = "".join(map("".join, paragraphs))
    return not DIGIT.search(seen) and (not seen.strip() or any(map(str.isalpha, seen)))


def _number(raw: str, seen: str) -> str:
    """Return a number; where its format pads it with zeros, as shown: the zeros of an identifier matter."""
    if not NUMBER.fullmatch(raw):
        return raw or seen
    value = float(raw)
    padded = seen.startswith("0") and seen.isdecimal() and len(seen) > 1 and value == int(seen)
    return seen if padded else plain(value)


def _time(raw: str) -> str:
    """Return a duration, which is also how a time of day is kept, as hours:minutes:seconds."""
    found = TIME.fullmatch(raw)
    if not found:
        return raw
    days, hours, minutes, seconds = (int(part or 0) for part in found.group(2, 3, 4, 5))
    return found[1] + _clock(((days * 24 + hours) * 60 + minutes) * 60_000 + _milliseconds(seconds, found[6]))


def _milliseconds(seconds: int, fraction: str | None) -> int:
    """Round to the thousandth: 09:30 is kept as 09:29:59.999999996, for a time is a fraction of a day."""
    return seconds * 1000 + round(float(f"0.{fraction or 0}") * 1000)


def _clock(milliseconds: int) -> str:
    shown = clock(milliseconds)
    return shown.rstrip("0") if "." in shown else shown


def _date(raw: str) -> str:
    """Return a date, with the time of day where there is one; rounding may make it the next day."""
    found = MOMENT.fullmatch(raw)
    if not found:
        return raw
    rest = (int(found[2]) * 60 + int(found[3])) * 60_000 + _milliseconds(int(found[4]), found[5])
    day = found[1]
    if rest >= DAY:
        day, rest = (dt.date.fromisoformat(day) + dt.timedelta(days=1)).isoformat(), rest - DAY
    return day + (f"T{_clock(rest)}" if rest else "")


def _content(path: Path) -> bytes:
    """Return content.xml; refuse what is too large or locked."""
    try:
        with zipfile.ZipFile(path) as packed:
            if packed.getinfo("content.xml").file_size > LARGEST_CONTENT:
                content = None
            else:
                manifest = packed.read("META-INF/manifest.xml") if "META-INF/manifest.xml" in packed.namelist() else b""
                locked = b"encryption-data" in manifest
                content = b"" if locked else packed.read("content.xml")
        broken = False
    except (zipfile.BadZipFile, zlib.error, KeyError, OSError, ValueError, EOFError, NotImplementedError):
        broken = True
    if broken:
        raise damaged(path)
    if content is None:
        raise unpacked_too_large(path, LARGEST_CONTENT)
    if content.count(b"office:value-type=") > MOST_CELLS:
        raise too_large(path, TOO_MANY)
    if locked:
        raise Refusal(f"{path.name} is locked with a password.", "Ask the provider to send it without one.")
    return content
