"""Rows of a text file as Python's strict reader finds them, where DuckDB would not read it as the rules of CSV say.

Such are other encodings, mixed line ends, blank lines, titles above the header. Slower, so their size is capped.
Messages name lines; no exception of ours hangs on to one that may quote a cell.
"""

from __future__ import annotations

import csv
import itertools
import re
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path

from pipelines.ingest.reading import Facts
from pipelines.ingest.swallowed_rows import OTHER_QUOTES, refuse_formulas, refuse_other_quotes, refuse_swallowed
from pipelines.ingest.text_dialect import reading
from pipelines.ingest.text_encoding import chunks, decoded_lines, not_in
from pipelines.refusal import Refusal

LARGEST = 200 * 1024 * 1024
MOST_CELLS = 12_000_000
"""More take longer than half a minute."""
PLAINER = "Ask for it as UTF-8, with one kind of line end and no blank lines, or as Parquet."
BLANK = " \t\u00a0"
RULE = re.compile(r":?-{2,}:?|={2,}")
RULES = ("--", "==", ":-")

Numbered = tuple[int, Sequence[str]]


class Lines:
    """The lines of a text, watched for what a reader of CSV would pass over."""

    def __init__(self, path: Path, facts: Facts, text: Iterable[str]) -> None:
        self.number, self.escapes, self.blanks_before_quote = 0, 0, False
        self.held: list[str] = []
        self._path, self._text = path, text
        self._quote = quote = facts.quote or "\0"
        self._licence = re.compile(f"(?:^|{re.escape(facts.delimiter)})[ \t]+{re.escape(quote)}")
        # After an even number of backslashes the quotation mark ends its value in either reading.
        self._escape = re.compile(rf"(?<!\\)(?:\\\\)*\\{re.escape(quote)}")

    def __iter__(self) -> Iterator[str]:
        """Yield each line with its end; `number` is that of the line that was yielded last.

        `held` are the lines since it was last emptied: those of one row.
        """
        for line in self._text:
            self.number += 1
            if "\0" in line:
                problem = f"{self._path.name}, line {self.number}: there is a NUL character, which no text has."
                raise Refusal(problem, "Ask for it again.")
            if self._quote in line:
                if not self.escapes and "\\" in line and self._escape.search(line):
                    self.escapes = self.number
                self.blanks_before_quote = self.blanks_before_quote or self._licence.search(line) is not None
            self.held.append(line)
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
        raise Refusal(problem, PLAINER)
    if _cells(path, facts) > MOST_CELLS:
        problem = f"{path.name} has more than {MOST_CELLS:,} cells and is not plain enough to be read at once."
        raise Refusal(problem, PLAINER)
    with decoded_lines(path, facts.encoding) as text:
        lines = Lines(path, facts, text)
        yield from _sound(path, facts, lines)
    if lines.escapes and _reads_with_backslashes(path, facts):
        where = f"{path.name}, line {lines.escapes}"
        problem = f"{where}: a backslash stands before a quotation mark, which has two meanings."
        raise Refusal(problem, "Ask for it with quotation marks doubled inside values, and no backslashes.")


def _cells(path: Path, facts: Facts) -> int:
    """Return about how many cells a text has; in any encoding, a delimiter and a line end hold their byte of ASCII."""
    signs = [sign.encode() for sign in (facts.delimiter, "\n") if sign.isascii()]
    return sum(chunk.count(sign) for chunk in chunks(path) for sign in signs)


def _sound(path: Path, facts: Facts, lines: Lines) -> Iterator[Numbered]:
    width = len(facts.columns)
    rows = _parsed(path, facts, lines)
    for number, line, row in rows:
        if number > facts.header_row and not _is_blank(row, width):
            if len(row) != width:
                raise _ragged(path, line, len(row), width)
            if lines.blanks_before_quote and facts.quote:
                _refuse_blank_before_quote(path, line, row, facts.quote)
            if facts.quote:
                if any('="' in one for one in lines.held):
                    refuse_formulas(path, line, row)
                if len(lines.held) > 1:
                    refuse_swallowed(path, line, lines.held, (facts.delimiter, facts.quote), width)
                if not row[0] or row[0][0] in OTHER_QUOTES:
                    refuse_other_quotes(path, line, row)
            yield number, row if len(lines.held) == 1 else [_one_kind_of_line_end(cell) for cell in row]
        lines.blanks_before_quote = False
        lines.held.clear()


def _parsed(path: Path, facts: Facts, lines: Lines) -> Iterator[tuple[int, int, list[str]]]:
    """Yield number, first line and cells of each row."""
    reader = csv.reader(iter(lines), **reading(facts.delimiter, facts.quote))
    number, line = 0, 1
    while True:
        try:
            row = next(reader, None)
        except csv.Error as error:
            large = "field limit" in str(error)  # the one thing that is kept of what it says
            refusal = _value_too_large(path, line) if large else unreadable(path, line)
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


def _value_too_large(path: Path, line: int) -> Refusal:
    problem = f"{path.name}, line {line}: a value has more than {csv.field_size_limit() // 10**6} million letters."
    return Refusal(problem, "Is a quotation mark missing that ends it? Texts of that length do not belong in a table.")


def unreadable(path: Path, line: int | str) -> Refusal:
    """Return the refusal of a row that no reader can take apart."""
    where = f"{path.name}, line {line}" if line else path.name
    return Refusal(f"{where}: the row cannot be read (a quotation mark without its partner?).", "Ask for it again.")


def _ragged(path: Path, line: int, found: int, width: int) -> Refusal:
    words = f"{found} column{'' if found == 1 else 's'} where the header has {width}"
    return Refusal(f"{path.name}, line {line}: {words}.", "Ask the provider to send it again.")


def _is_blank(row: Sequence[str], width: int) -> bool:
    """Tell a blank line, with or without blanks in it, or a line drawn below the names (`----,----`), from a row."""
    if not row or (len(row) == 1 and width > 1 and not row[0].strip(BLANK)):
        return True
    drawn = row[0] if row[0].strip(BLANK) else row[1] if len(row) > 1 else ""
    return drawn.strip(BLANK)[:2] in RULES and _is_drawn([cell.strip(BLANK) for cell in row])


def _is_drawn(cells: Sequence[str]) -> bool:
    """Tell a line drawn below the names; a table in Markdown has a bar at either end, too."""
    first, last = not cells[0], len(cells) - (not cells[-1])
    inner = cells[first:last]
    return len(inner) > 1 and all(RULE.fullmatch(cell) for cell in inner)


def _refuse_blank_before_quote(path: Path, line: int, row: Sequence[str], quote: str) -> None:
    if any(cell[:1] in (" ", "\t") and cell.lstrip(" \t").startswith(quote) for cell in row):
        problem = f"{path.name}, line {line}: a blank stands before a quotation mark, which has two meanings."
        raise Refusal(problem, "Ask for it without blanks around the delimiter.")


def _one_kind_of_line_end(cell: str) -> str:
    return cell.replace("\r\n", "\n").replace("\r", "\n") if "\r" in cell else cell


def _reads_with_backslashes(path: Path, facts: Facts) -> bool:
    """Tell whether the file would be sound, too, if a backslash kept a quotation mark from ending its value."""
    options = reading(facts.delimiter, facts.quote) | {"escapechar": "\\"}
    width = len(facts.columns)
    with decoded_lines(path, facts.encoding) as text:
        below = itertools.islice(csv.reader(text, **options), facts.header_row, None)
        try:
            return all(_is_blank(row, width) or len(row) == width for row in below)
        except csv.Error:
            return False
