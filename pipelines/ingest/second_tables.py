"""A second table below the first, in the same columns: its rows would be taken for people.

A row of names proves it: words alone, under columns in which every row above has a digit. Notes below a table are rows
like others here; what becomes of them is for validation. Which row holds the names that the protocol expects belongs in
text_dialect and sheet_headers.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence

from pipelines.ingest.swallowed_rows import VALUE
from pipelines.refusal import Refusal

DIGIT = re.compile(r"\d")
MOST_SEEN = 1_000
"""Rows from which it is learnt which columns always hold a digit; more would not change it, and cost time."""
FEWEST_SEEN, FEWEST_COLUMNS = 3, 2
"""What must have been seen where no blank row stands before the row of names."""
NOT_KNOWN = frozenset(
    ("na", "n/a", "#n/a", "null", "none", "nan", "nk", "n/k", "unknown", "not known", "missing", "refused")
)
"""Words that stand for a value, so that a row of them is still somebody's."""

Numbered = tuple[int, Sequence[str]]


class OneTable:
    """The rows of a table, unchanged, as they pass. Raises Refusal at the first row of a second table.

    Parameters
    ----------
    where : the file, and the sheet, for messages.
    header : the names of the columns; a row that repeats them is none of another table.
    rows : number and cells of each row; a number that was skipped is a blank row.
    """

    def __init__(self, where: str, header: Sequence[str], rows: Iterable[Numbered]) -> None:
        self.where, self.header, self.rows = where, [name.casefold() for name in header], rows
        self.always: list[bool] = []
        self.filled: list[int] = []
        self.seen, self.last, self.suspect = 0, 0, 0
        self.told_by = -1

    def __iter__(self) -> Iterator[Numbered]:
        search = DIGIT.search
        for number, row in self.rows:
            plain = self.seen == MOST_SEEN and number == self.last + 1 and self.told_by >= 0 and not self.suspect
            if plain and search(row[self.told_by]):  # nearly every row ends here
                self.last = number
                yield number, row
                continue
            self.see_after(number, row, after_blank=number > self.last + 1)
            yield number, row

    def see_after(self, number: int, row: Sequence[str], *, after_blank: bool) -> None:
        """Judge one row, or learn from it; `after_blank` where the row above it, if any, holds nothing."""
        if any(cell.strip() for cell in row):
            self._see(number, row, gap=after_blank)
            self.last = number

    def _see(self, number: int, row: Sequence[str], *, gap: bool) -> None:
        if self.suspect:
            raise Refusal(
                f"{self.where}, row {self.suspect}: a second table seems to begin there,"
                " with names of columns of its own.",
                "Ask for each table in a file or on a sheet of its own.",
            )
        if self.seen and self._is_row_of_names(row, after_gap=gap):
            self.suspect = number
        elif self.seen < MOST_SEEN:
            self._learn(row)

    def _learn(self, row: Sequence[str]) -> None:
        more = len(row) - len(self.always)
        self.always.extend([True] * more)
        self.filled.extend([0] * more)
        for index, cell in enumerate(row):
            if cell.strip():
                self.filled[index] += 1
                self.always[index] = self.always[index] and DIGIT.search(cell) is not None
        self.seen += 1
        self.told_by = next((i for i, count in enumerate(self.filled) if self.always[i] and count == self.seen), -1)

    def _is_row_of_names(self, row: Sequence[str], *, after_gap: bool) -> bool:
        """Tell whether a row holds distinct words only, some of them where every row so far has a digit."""
        known = range(min(len(row), len(self.always)))
        asked = [i for i in known if row[i].strip() and self.always[i] and self.filled[i]]
        columns, rows = (1, 1) if after_gap else (FEWEST_COLUMNS, FEWEST_SEEN)
        if len(asked) < columns or self.seen < rows or any(DIGIT.search(row[index]) for index in asked):
            return False
        if any(VALUE.fullmatch(cell.strip()) for cell in row):  # a number or a date names no column
            return False
        words = [cell.strip().casefold() for cell in row if cell.strip()]
        names = [name for cell, name in zip(row, self.header, strict=False) if cell.strip()]
        distinct = len(words) > 1 and len(set(words)) == len(words) and [" ".join(w.split()) for w in words] != names
        return distinct and not any(word in NOT_KNOWN or not re.search(r"[^\W_]", word) for word in words)
