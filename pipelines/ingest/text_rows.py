"""Rows of a text file as Python's strict reader finds them, for files that DuckDB would not read as the rules of CSV say.

Such are other encodings, mixed line ends, blank lines, titles above the header. Slower, so their size is capped.
Messages name lines; no exception of ours hangs on to one that may quote a cell.
"""

from __future__ import annotations

import csv
import re
from collections.abc import Iterator, Sequence
from pathlib import Path

from pipelines.ingest.reading import Facts
from pipelines.ingest.text_dialect import reading
from pipelines.ingest.text_encoding import decoded_lines, not_in
from pipelines.refusal import Refusal

LARGEST = 256 * 1024 * 1024
BLANK = " \t\u00a0"

Numbered = tuple[int, Sequence[str]]


class Lines:
    """The lines of a text, watched for what a reader of CSV would pass over."""

    def __init__(self, path: Path, facts: Facts) -> None:
        self.path, self.number, self.escapes = path, 0, 0
        self.blanks_before_quote = False
        self._lines = decoded_lines(path, facts.encoding)
        self._licence = re.compile(f"(?:^|{re.escape(facts.delimiter)})[ \t]+{re.escape(facts.quote or chr(0))}")
        self._escape = "\\" + (facts.quote or chr(0))

    def __iter__(self) -> Iterator[str]:
        """Yield each line with its end; `number` is that of the line that was yielded last."""
        with self._lines:
            for self.number, line in enumerate(self._lines, start=1):
                if "\0" in line:
                    where = f"{self.path.name}, line {self.number}"
                    raise Refusal(f"{where}: there is a NUL character, which no text has.", "Ask for it again.")
                if self._escape in line:
                    self.escapes = self.escapes or self.number
                self.blanks_before_quote = self.blanks_before_quote or self._licence.search(line) is not None
                yield line


def rows_of(path: Path, facts: Facts) -> Iterator[Numbered]:
    """Yield number and cells of each row below the header; line ends inside cells are LF.

    Raises
    ------
    Refusal
        At the first row that is not of the header's width, cannot be read, or could be read in two ways.
    """
    if path.stat().st_size > LARGEST:
        problem = f"{path.name} is larger than {LARGEST >> 20} MB and not plain enough to be read at once."
        raise Refusal(problem, "Ask for it as UTF-8, with one row a line and no blank lines, or as Parquet.")
    lines = Lines(path, facts)
    yield from _sound(path, facts, lines)
    if lines.escapes and _reads_with_backslashes(path, facts):
        problem = f"{path.name}, line {lines.escapes}: a backslash stands before a quotation mark, which has two meanings."
        raise Refusal(problem, "Ask for it with quotation marks doubled inside values, and no backslashes.")


def _sound(path: Path, facts: Facts, lines: Lines) -> Iterator[Numbered]:
    width = len(facts.columns)
    rows = _parsed(path, facts, lines)
    for number, line, row in rows:
        if number > facts.header_row and not _is_blank(row, width):
            if len(row) != width:
                raise _ragged(path, line, len(row), width)
            if lines.blanks_before_quote and facts.quote:
                _refuse_blank_before_quote(path, line, row, facts.quote)
            yield number, [_one_kind_of_line_end(cell) for cell in row]
        lines.blanks_before_quote = False


def _parsed(path: Path, facts: Facts, lines: Lines) -> Iterator[tuple[int, int, list[str]]]:
    """Yield number, first line and cells of each row."""
    reader = csv.reader(iter(lines), **reading(facts.delimiter, facts.quote))
    number, line = 0, 1
    while True:
        try:
            row = next(reader, None)
        except csv.Error:
            refusal = unreadable(path, line)
        except UnicodeDecodeError:
            refusal = not_in(path, facts.encoding)
        else:
            if row is None:
                return
            number += 1
            yield number, line, row
            line = lines.number + 1
            continue
        raise refusal


def unreadable(path: Path, line: int | str) -> Refusal:
    """Return the refusal of a row that no reader can take apart."""
    where = f"{path.name}, line {line}" if line else path.name
    return Refusal(f"{where}: the row cannot be read (a quotation mark without its partner?).", "Ask for it again.")


def _ragged(path: Path, line: int, found: int, width: int) -> Refusal:
    words = f"{found} column{'' if found == 1 else 's'} where the header has {width}"
    return Refusal(f"{path.name}, line {line}: {words}.", "Ask the provider to send it again.")


def _is_blank(row: Sequence[str], width: int) -> bool:
    """Tell a blank line, with or without blanks in it, from a row."""
    return not row or (len(row) == 1 and width > 1 and not row[0].strip(BLANK))


def _refuse_blank_before_quote(path: Path, line: int, row: Sequence[str], quote: str) -> None:
    if any(cell[:1] in (" ", "\t") and cell.lstrip(" \t").startswith(quote) for cell in row):
        problem = f"{path.name}, line {line}: a blank stands before a quotation mark, which has two meanings."
        raise Refusal(problem, "Ask for it without blanks around the delimiter.")


def _one_kind_of_line_end(cell: str) -> str:
    return cell.replace("\r\n", "\n").replace("\r", "\n") if "\r" in cell else cell


def _reads_with_backslashes(path: Path, facts: Facts) -> bool:
    """Tell whether the file would be sound, too, if a backslash kept a quotation mark from ending its value."""
    options = reading(facts.delimiter, facts.quote) | {"escapechar": "\\", "doublequote": False}
    width = len(facts.columns)
    try:
        rows = csv.reader(decoded_lines(path, facts.encoding), **options)
        below = (row for number, row in enumerate(rows, start=1) if number > facts.header_row)
        return all(_is_blank(row, width) or len(row) == width for row in below)
    except csv.Error:
        return False
