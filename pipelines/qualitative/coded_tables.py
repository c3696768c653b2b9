"""Tables that coding tools export, as text cells: found by the names of their columns, whatever the file is called.

Which names mean what belongs in the module of each tool. Cells are read by the readers of pipelines.ingest, which
refuse what could be read in two ways; their refusals become this package's own.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from functools import lru_cache
from pathlib import Path
from typing import TypeVar

from pipelines.qualitative.models import UnreadableProject
from pipelines.refusal import Refusal

DELIMITERS = (",", ";", "\t", "|")
BEGINNING = 1 << 20
DEEPEST = 30
"""How far down the names of the columns may stand: tools and people put titles above them."""
WORKBOOKS = (b"PK", b"\xd0\xcf\x11\xe0")

Names = Mapping[str, frozenset[str]]
"""The names that a tool gives each column, folded, in the languages of its interface."""
T = TypeVar("T")


@dataclass(frozen=True)
class Line:
    """One row, numbered as a spreadsheet counts."""

    number: int
    cells: tuple[str, ...] = field(repr=False)


@dataclass(frozen=True)
class CodedTable:
    """One table: its columns' names, tidy, its rows, and where each known column stands."""

    kind: str
    label: str
    columns: tuple[str, ...]
    lines: tuple[Line, ...] = field(repr=False)
    places: Mapping[str, int]
    sheet: str = ""
    known: frozenset[int] = frozenset()
    """Where columns stand whose names the tool gives, also a second one of a name."""

    def cell(self, line: Line, column: str) -> str:
        """Return a cell of a known column, without blanks around it; nothing where the table has no such column."""
        place = self.places.get(column)
        return "" if place is None else line.cells[place].strip()

    def words(self, line: Line, column: str) -> str:
        """Return a cell with the blanks around it: they may belong to a passage, and positions count them."""
        place = self.places.get(column)
        return "" if place is None else line.cells[place]

    def further(self, line: Line, without: Sequence[str] = ()) -> dict[str, str]:
        """Return the filled cells of columns whose names the tool does not give itself, by these names."""
        known = self.known | set(self.places.values())
        named = ((k, name) for k, name in enumerate(self.columns) if name and k not in known and name not in without)
        return {name: line.cells[k].strip() for k, name in named if line.cells[k].strip()}

    def at(self, line: Line) -> str:
        """Return file and row in words."""
        sheet = f', sheet "{self.sheet}"' if self.sheet else ""
        return f"{self.label}{sheet}, row {line.number}"


@dataclass(frozen=True)
class Signature:
    """How one kind of table is recognised: columns it must have, and the names of all that it may have."""

    kind: str
    needed: tuple[str, ...]
    names: Names
    either: tuple[str, ...] = ()
    """Of these at least one."""
    exactly: bool = False
    """True: there are no further columns."""
    again: tuple[str, ...] = ()
    """Needed columns that may come again; the first is taken."""
    or_either: tuple[str, ...] = ()
    """Of these at least one, too."""
    words: frozenset[str] = frozenset()
    """Names of columns of passages in other lists: where one stands and `quote` does not, it is such a list."""

    def places(self, columns: Sequence[str]) -> dict[str, int] | None:
        """Return where the known columns stand; None where it is another kind of table, or a name is there twice."""
        folded = [fold(name) for name in columns]
        found = {column: [k for k, name in enumerate(folded) if name in names] for column, names in self.names.items()}
        places = {column: where[0] for column, where in found.items() if where}
        missing = [column for column in self.needed if column not in places]
        if missing or any(group and not set(group) & set(places) for group in (self.either, self.or_either)):
            return None
        if any(len(found[column]) > 1 for column in self.needed if column not in self.again):
            return None
        further = [name for k, name in enumerate(folded) if name and k not in places.values()]
        another = "quote" not in places and not self.words.isdisjoint(further)
        return None if another or (self.exactly and further) else places

    def known(self, columns: Sequence[str]) -> frozenset[int]:
        """Return where columns stand that bear any of the names."""
        every = frozenset().union(*self.names.values())
        return frozenset(k for k, name in enumerate(columns) if fold(name) in every)


def names(**columns: str) -> Names:
    """Return folded names from texts in which `|` stands between them."""
    return {column: frozenset(fold(each) for each in text.split("|") if each) for column, text in columns.items()}


@lru_cache(4096)
def fold(name: str) -> str:
    """Return a name without regard to case, accents and kinds of blank: interfaces differ in them."""
    plain = "".join(c for c in unicodedata.normalize("NFKD", name) if not unicodedata.combining(c))
    return " ".join(plain.replace("\ufeff", "").replace("|", " ").split()).casefold()


def tables_of(path: Path, label: str, signatures: Sequence[Signature], *, encoding: str = "") -> tuple[CodedTable, ...]:
    """Return the tables of a file that one of the signatures fits: one of a text file, several of a workbook.

    Raises
    ------
    UnreadableProject
        The file cannot be read, or could be read in two ways; nothing is raised where no signature fits.
    """
    with path.open("rb") as file:
        start = file.read(8)
    if start.startswith(WORKBOOKS):
        return in_our_words(lambda: tuple(_of_workbook(path, label, signatures)))
    return in_our_words(lambda: tuple(_of_text(path, label, signatures, encoding)))


def in_our_words(work: Callable[[], T]) -> T:
    """Do something with a reader of pipelines.ingest; its refusal becomes ours, and hangs on to nothing."""
    try:
        return work()
    except Refusal as refusal:
        # Of the remedies, those of an encoding hold for coded files, too.
        problem = str(refusal) if "`encoding" in refusal.remedy else refusal.problem
    raise UnreadableProject(problem)


def _of_text(path: Path, label: str, signatures: Sequence[Signature], encoding: str) -> Iterator[CodedTable]:
    from pipelines.ingest.reading import Facts
    from pipelines.ingest.text_dialect import Beginning
    from pipelines.ingest.text_encoding import beginning, encoding_of
    from pipelines.ingest.text_rows import rows_of
    from pipelines.protocol.extracts import Extract

    codec = encoding_of(path, Extract(file=path.name, encoding=encoding))
    text, whole = beginning(path, codec, BEGINNING)
    begun = Beginning(path, text, whole, '"', None)
    found = [
        (delimiter, *header)
        for delimiter in DELIMITERS
        if (header := _header([(n, row) for n, row in enumerate(begun.rows(delimiter), start=1)], signatures))
    ]
    if not found:
        return
    # Of two delimiters the one that finds more names cuts the header right; names hold no delimiters.
    delimiter, number, columns, signature, places = max(found, key=lambda one: len(one[4]))
    facts = Facts("text", tuple(columns), number, codec, delimiter, '"')
    lines = tuple(Line(n, tuple(cells)) for n, cells in rows_of(path, facts) if any(map(str.strip, cells)))
    yield CodedTable(signature.kind, label, tuple(columns), lines, places, known=signature.known(columns))


def _header(
    rows: Sequence[tuple[int, Sequence[str]]], signatures: Sequence[Signature]
) -> tuple[int, list[str], Signature, dict[str, int]] | None:
    """Return the first row that a signature fits, its names, the signature, and where its columns stand."""
    for number, row in rows[:DEEPEST]:
        columns = [" ".join(cell.split()) for cell in row]
        for signature in signatures:
            places = signature.places(columns)
            if places is not None:
                return number, columns, signature, places
    return None


def _of_workbook(path: Path, label: str, signatures: Sequence[Signature]) -> Iterator[CodedTable]:
    from pipelines.ingest.book_kinds import open_book

    book = open_book(path)
    for sheet in book.sheets:
        if sheet.state != "visible":
            continue
        header = _header(sorted(book.grid(sheet.name, DEEPEST).rows.items()), signatures)
        if header is None:
            continue
        grid = book.grid(sheet.name)
        number, columns, signature, places = header
        if any(row > number for row, _ in grid.uncalculated):
            raise UnreadableProject(f'{label}, sheet "{sheet.name}": formulas there were never calculated.')
        if any(merge.bottom > max(number, merge.top) for merge in grid.merges):
            raise UnreadableProject(f'{label}, sheet "{sheet.name}": cells of several rows are merged.')
        below = (item for item in sorted(grid.rows.items()) if item[0] > number and any(map(str.strip, item[1])))
        lines = tuple(Line(row, _as_wide(cells, len(columns))) for row, cells in below)
        known = signature.known(columns)
        yield CodedTable(signature.kind, label, tuple(columns), lines, places, sheet.name, known)


def _as_wide(cells: Sequence[str], width: int) -> tuple[str, ...]:
    """Return cells as many as there are columns; line ends inside them are LF."""
    plain = [cell.replace("\r\n", "\n").replace("\r", "\n") for cell in cells[:width]]
    return tuple(plain + [""] * (width - len(plain)))


# 3/25/2025, 4:11 PM; 25.03.2025 16:11:05; 2025/03/25
_DATE = re.compile(
    r"(\d{1,4})([./-])(\d{1,2})\2(\d{1,4}),?(?:\s+(\d{1,2}):(\d{2})(?::(\d{2})(?:[.,]\d+)?)?(?:\s*([ap])\.?\s?m\.?)?)?",
    re.IGNORECASE,
)
ORDERS = ("month first", "day first")
PIVOT = 69
"""Years of two digits from here on are of the last century, as POSIX has it."""


def moments(texts: Sequence[str], *, leading: str = "") -> list[datetime | None]:
    """Return the dates of one column: ISO, or in the one order of day and month that all of them prove.

    Parameters
    ----------
    texts
        n cells.
    leading
        The order that the tool is known to write, where the cells do not decide; with none, doubtful dates are None.
    """
    iso = [_iso(text) for text in texts]
    rest = [text for text, moment in zip(texts, iso, strict=True) if moment is None and text.strip()]
    orders = [order for order in ORDERS if rest and all(_dated(text, order) for text in rest)]
    order = orders[0] if len(orders) == 1 else leading if leading in orders else ""
    if len(orders) > 1 and all(_dated(text, ORDERS[0]) == _dated(text, ORDERS[1]) for text in rest):
        order = orders[0]
    return [moment or _dated(text, order) for text, moment in zip(texts, iso, strict=True)]


def _iso(text: str) -> datetime | None:
    try:
        return datetime.fromisoformat(text.strip())
    except ValueError:
        return None


@lru_cache(4096)
def _dated(text: str, order: str) -> datetime | None:
    """Return a date written in one order, with its time if it has one; nobody puts the month first between dots."""
    found = _DATE.fullmatch(" ".join(text.split()))
    if not found or not order or (found[2] == "." and order == ORDERS[0]):
        return None
    parts = found[1], found[3], found[4]
    if len(found[1]) == len("yyyy"):
        year, month, day = parts
    else:
        (month, day) = parts[:2] if order == ORDERS[0] else parts[1::-1]
        year = parts[2]
    hour, half = int(found[5] or 0), (found[8] or "").lower()
    if half and not 1 <= hour <= 12:
        return None
    hour = hour % 12 + 12 * (half == "p") if half else hour
    try:
        return datetime(_year(year), int(month), int(day), hour, int(found[6] or 0), int(found[7] or 0))
    except ValueError:
        return None


def _year(digits: str) -> int:
    """Return a year of two or four digits; 0, which is none, for others."""
    number = int(digits)
    if len(digits) == len("yy"):
        return number + (1900 if number >= PIVOT else 2000)
    return number if len(digits) == len("yyyy") else 0
