"""The dialect of a text file: delimiter and header row, proven by the names that the protocol expects.

Without a protocol the file itself must prove them: one delimiter under which all rows are equally wide, and a first row
of words above columns of numbers or dates. What cannot be proven is refused, and can be pinned.
"""

from __future__ import annotations

import csv
import io
import itertools
import re
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NoReturn

from pipelines.ingest.headers import expected_columns, tidy
from pipelines.ingest.reading import Facts
from pipelines.ingest.text_encoding import beginning, encoding_of
from pipelines.ingest.text_remedies import refuse_other_dialect, refuse_without_lines
from pipelines.protocol.extracts import Extract
from pipelines.refusal import Refusal

DELIMITERS = (",", ";", "\t", "|")
OF_ENDINGS = {".tsv": "\t", ".tab": "\t", ".ssv": ";", ".psv": "|"}
SPELT = {",": ", (comma)", ";": "; (semicolon)", "\t": "the tab", "|": "| (bar)", " ": "the space"}
LONGEST_HEADER = 1 << 20
SAID = re.compile(r'"?sep=([^\w\s"])"?\r?\n', re.IGNORECASE)
"""The first line with which a file tells Excel what stands between its columns."""
ROWS_ABOVE = 200
"""How many rows of a file may be its header."""
LONGEST_VALUE, LONGEST_NAME = 60, 300
NUMBER_OR_DATE = re.compile(r"[-+£$€(]?[\d.,/: -]*\d[\d.,/:%TZ )-]*")
csv.field_size_limit(16_000_000)  # Python's own limit is 131,072: an interview in a cell is longer

Row = tuple[str, ...]


@dataclass(frozen=True)
class Beginning:
    """The first letters of a file and what the protocol says of it."""

    path: Path
    text: str
    whole: bool
    quote: str
    extract: Extract | None

    def rows(self, delimiter: str) -> list[Row]:
        """Return the first rows under a delimiter, up to one that cannot be read or is cut."""
        found: list[Row] = []
        reader = csv.reader(io.StringIO(self.text, newline=""), **reading(delimiter, self.quote))
        try:
            found.extend(tuple(map(tidy, row)) for row in itertools.islice(reader, ROWS_ABOVE))
        except csv.Error:
            return found
        cut = len(found) < ROWS_ABOVE and not self.whole
        return found[:-1] if cut else found


def reading(delimiter: str, quote: str) -> dict[str, Any]:
    """Return how Python's csv module reads a dialect, strictly."""
    quoting: dict[str, Any] = {"quotechar": quote} if quote else {"quotechar": None, "quoting": csv.QUOTE_NONE}
    return {"delimiter": delimiter, "strict": True, **quoting}


def spelt(delimiter: str) -> str:
    """Return a delimiter as people name it."""
    return SPELT.get(delimiter, delimiter)


def text_facts(path: Path, extract: Extract | None) -> Facts:
    """Return what a text file says of itself.

    Where the names that a protocol expects are not all in one row, the row that comes nearest is returned: what is
    wrong with it is said by `headers.header_faults`.
    """
    encoding = encoding_of(path, extract)
    text, whole = beginning(path, encoding, LONGEST_HEADER)
    refuse_without_lines(path, text)
    found = Beginning(path, text, whole, extract.quote if extract else '"', extract)
    if extract and expected_columns(extract):
        delimiter, number = _by_names(found, set(expected_columns(extract)))
    else:
        delimiter, number = _by_evidence(found)
    rows = found.rows(delimiter)
    columns = rows[number - 1] if number <= len(rows) else ()
    if extract and not set(expected_columns(extract)) <= set(columns):
        refuse_other_dialect(path, text, expected_columns(extract))
    empty = whole and not any(any(row) for row in rows[number:]) and len(rows) < ROWS_ABOVE
    return Facts("text", columns, number, encoding, delimiter, found.quote, empty=empty)


def _candidates(found: Beginning) -> tuple[str, ...]:
    """Return the delimiters that may be: first the one that the file's ending speaks of."""
    pinned = found.extract.delimiter if found.extract else ""
    usual = OF_ENDINGS.get(found.path.suffix.lower(), ",")
    said = SAID.match(found.text)
    return tuple(dict.fromkeys((*([pinned] if pinned else []), usual, *DELIMITERS, *([said[1]] if said else []))))


def _by_names(found: Beginning, expected: set[str]) -> tuple[str, int]:
    """Return delimiter and header row under which a row holds all expected names."""
    rows = {delimiter: found.rows(delimiter) for delimiter in _candidates(found)}
    hits = {
        delimiter: [number for number, row in enumerate(some, start=1) if expected <= set(row)]
        for delimiter, some in rows.items()
    }
    delimiter = _delimiter(found, {one: numbers for one, numbers in hits.items() if numbers}, rows)
    if not delimiter:
        return _nearest(found, expected, rows)
    return delimiter, _header_row(found, hits[delimiter])


def _delimiter(found: Beginning, hits: dict[str, list[int]], rows: dict[str, list[Row]]) -> str:
    """Return the one delimiter under which the names are found; nothing where there is none."""
    pinned = found.extract.delimiter if found.extract else ""
    if not hits or pinned in hits:
        return pinned if hits else ""
    if pinned:
        raise _pinned(found.path, "delimiter", f"`{spelt(pinned)}`", f"has `{spelt(next(iter(hits)))}` between them")
    one_column = all(len(rows[delimiter][numbers[0] - 1]) == 1 for delimiter, numbers in hits.items())
    if len(hits) > 1 and not one_column:
        _doubt(found.path, "what stands between the columns", 'delimiter: ";"')
    return next(iter(hits))


def _header_row(found: Beginning, numbers: Sequence[int]) -> int:
    pinned = found.extract.header_row if found.extract else None
    if pinned is None and len(numbers) > 1:
        problem = f"{found.path.name}: rows {numbers[0]} and {numbers[1]} both hold the names of the columns."
        raise Refusal(problem, "Is a file joined to itself? If not, name the row in the protocol: `header_row: 1`.")
    if pinned is not None and pinned not in numbers:
        says = f"has the names of the columns in row {numbers[0]}"
        raise _pinned(found.path, "header row", f"{pinned}", says)
    return numbers[0] if pinned is None else pinned


def _nearest(found: Beginning, expected: set[str], rows: dict[str, list[Row]]) -> tuple[str, int]:
    """Return delimiter and row that hold the most expected names; below the first row, more than half of them.

    Any other row may be somebody's data, of which one value happens to be a name; and what is not expected in a header
    is said by its name.
    """
    pinned = found.extract
    delimiters = (pinned.delimiter,) if pinned and pinned.delimiter else tuple(rows)
    only = pinned.header_row if pinned else None
    places = [
        (delimiter, number)
        for delimiter in delimiters
        for number in range(1, max(len(rows[delimiter]), 1) + 1)
        if only in (None, number)
    ] or [(delimiters[0], only or 1)]

    def likeness(one: tuple[str, int]) -> tuple[int, int, int]:
        row = rows[one[0]][one[1] - 1 : one[1]]
        cells = row[0] if row else ()
        held = len(expected & set(cells))
        return held if one[1] == (only or 1) or 2 * held > len(expected) else -1, -one[1], len(cells)

    return max(places, key=likeness)


def _by_evidence(found: Beginning) -> tuple[str, int]:
    """Return delimiter and header row that the file itself proves."""
    pinned = found.extract
    candidates = (pinned.delimiter,) if pinned and pinned.delimiter else _candidates(found)
    if not any(delimiter in found.text for delimiter in candidates):
        delimiter = candidates[0]
        return delimiter, _proven_header(found, found.rows(delimiter), 1)
    wide = {delimiter: _width(found.rows(delimiter)) for delimiter in candidates if delimiter in found.text}
    even = [delimiter for delimiter, width in wide.items() if width > 1]
    if len(even) != 1:
        _doubt(found.path, "what stands between the columns", 'delimiter: ";"')
    return even[0], _proven_header(found, found.rows(even[0]), wide[even[0]])


def _width(rows: Sequence[Row]) -> int:
    """Return the width that all rows share, titles above them apart; 1 where they share none."""
    widths = [len(row) for row in rows if any(row)]
    last = widths[-1] if widths else 1
    first = next((index for index, width in enumerate(widths) if width == last), 0)
    even = all(width == last for width in widths[first:])
    return last if even and all(width < last for width in widths[:first]) else 1


def _proven_header(found: Beginning, rows: Sequence[Row], width: int) -> int:
    """Return the pinned header row, or the first full row, when it holds words above numbers or dates."""
    pinned = found.extract.header_row if found.extract else None
    if pinned is not None:
        return pinned
    number = next((n for n, row in enumerate(rows, start=1) if len(row) == width and all(row)), 0)
    names = rows[number - 1] if number else ()
    below = [row for row in rows[number:] if len(row) == width]
    if not names or len(set(names)) < width or any(map(_is_no_name, names)) or not _contrast(below, width):
        problem = f"{found.path.name}: it is in doubt which row holds the names of the columns, and whether any does."
        raise Refusal(problem, "Say which in the protocol: `header_row: 1`, or list the columns there.")
    return number


def _contrast(below: Sequence[Row], width: int) -> bool:
    """Tell whether some column holds nothing but numbers or dates."""
    columns = ([row[index] for row in below if row[index]] for index in range(width))
    return any(column and all(map(_is_value, column)) for column in columns)


def _is_no_name(cell: str) -> bool:
    return _is_value(cell) or len(cell) > LONGEST_NAME


def _is_value(cell: str) -> bool:
    if len(cell) > LONGEST_VALUE:
        return False
    return NUMBER_OR_DATE.fullmatch(cell) is not None or "@" in cell


def _pinned(path: Path, what: str, pinned: str, says: str) -> Refusal:
    problem = f"The protocol pins the {what} as {pinned}, but {path.name} {says}."
    return Refusal(problem, "Correct the protocol, or ask for the file as agreed.")


def _doubt(path: Path, what: str, pin: str) -> NoReturn:
    raise Refusal(f"{path.name}: it is in doubt {what}.", f"Say it in the protocol, for example `{pin}`.")
