"""A row of names in the midst of a large plain text, found in the pass that proves it plain: as second_tables finds it.

Row by row that takes longer than DuckDB takes to read the file, so whole pieces are sifted at once; only rows that show
no digit in any column that always has one are looked at by themselves. What is sifted here is not yet proven plain, so
nothing is refused before that.
"""

from __future__ import annotations

import csv
import io
from collections.abc import Callable, Sequence
from functools import cached_property

import numpy as np
import numpy.typing as npt

from pipelines.ingest.second_tables import MOST_SEEN, OneTable
from pipelines.ingest.text_dialect import reading
from pipelines.refusal import Refusal

Flags = npt.NDArray[np.bool_]
Places = npt.NDArray[np.intp]
GLANCE, WINDOW = 2, 24
"""Bytes at the end of a cell that are searched, of all rows and of those that show no digit there. What is longer and
still shows none is left to the exact reading."""


class PlainRows:
    """Sifts the rows of a plain text as its pieces pass.

    Parameters
    ----------
    where : the file, for messages.
    header : the names of the columns, which stand in the first row.
    delimiter : one byte.
    """

    def __init__(self, where: str, header: Sequence[str], delimiter: str) -> None:
        self.delimiter, self.width = delimiter, len(header)
        self.table = OneTable(where, header, ())
        self.asked: list[int] | None = None
        """Columns that always hold a digit, once enough rows were seen; the one that is filled most often first."""
        self.row, self.rest, self.marks = 0, b"", np.empty(0, dtype=np.intp)
        self.after_blank, self.is_even = False, True
        self.refusal: Refusal | None = None

    def take(self, content: bytes, cuts: Flags, closing: Places) -> None:
        """Sift the rows that end in a piece: which bytes are its delimiters, and where its rows end."""
        if not self.is_even or self.refusal:
            return
        before, last = len(self.rest), int(closing[-1]) if len(closing) else -1
        if last >= 0:
            held, offset = self.marks, before

            def marks() -> Places:
                both = cuts[: last + 1].copy()
                both[closing] = True
                return np.concatenate((held, np.flatnonzero(both) + offset))

            self._sift(_Piece(self.rest + content[: last + 1], closing + before, marks, self.width))
            self.rest, self.marks, before = b"", self.marks[:0], 0
        self.rest += content[last + 1 :]
        self.marks = np.concatenate((self.marks, np.flatnonzero(cuts[last + 1 :]) + before))

    def finish(self) -> None:
        """Sift the last row, which may lack its line end."""
        if self.is_even and not self.refusal and self.rest:
            ends = np.array([len(self.rest)])
            marks = np.append(self.marks, ends)
            self._sift(_Piece(self.rest + b"\n", ends, lambda: marks, self.width))

    def _sift(self, piece: _Piece) -> None:
        try:
            self._judge(piece)
        except Refusal as refusal:
            self.refusal = Refusal(refusal.problem, refusal.remedy)
        except _Uneven:
            self.is_even = False  # a row is too short or too long, which DuckDB will say
        self.row += piece.rows

    def _judge(self, piece: _Piece) -> None:
        """Learn from the first rows; of the others look at suspects and, below a row of names, at all."""
        index = 1 if self.row == 0 else 0  # the names of the columns
        while index < piece.rows and (self.asked is None or self.table.suspect):
            self._see(piece, index)
            index += 1
        for one in self._suspects(piece, index):
            self._see(piece, one)
            below = one + 1
            while self.table.suspect and below < piece.rows:
                self._see(piece, below)
                below += 1
        self.after_blank = self._is_blank(piece, piece.rows - 1)

    def _suspects(self, piece: _Piece, first: int) -> list[int]:
        """Return the rows that show no digit in any column that always has one, though something stands in some."""
        left = np.arange(first, piece.rows)
        if self.asked and self.asked[0] == 0:
            left = np.flatnonzero(~piece.begins_with_digit(first)) + first  # nearly every row of people ends here
        for column in self.asked or ():
            for most in (GLANCE, WINDOW):
                if not len(left):
                    return []
                left = left[~piece.shows_digit(left, column, most)]
        asked = self.asked or ()
        return [row for row in left.tolist() if any(piece.is_filled(row, column) for column in asked)]

    def _see(self, piece: _Piece, index: int) -> None:
        after_blank = self._is_blank(piece, index - 1) if index else self.after_blank
        self.table.see_after(self.row + index + 1, self._cells(piece, index), after_blank=after_blank)
        if self.asked is None and self.table.seen == MOST_SEEN:
            always, filled = self.table.always, self.table.filled
            self.asked = sorted((i for i, one in enumerate(always) if one and filled[i]), key=lambda i: (-filled[i], i))
            self.is_even = bool(self.asked)

    def _is_blank(self, piece: _Piece, index: int) -> bool:
        return not any(map(str.strip, self._cells(piece, index)))

    def _cells(self, piece: _Piece, index: int) -> list[str]:
        try:
            return next(csv.reader(io.StringIO(piece.line(index), newline=""), **reading(self.delimiter, '"')), [])
        except csv.Error:
            return []  # DuckDB will say so


class _Uneven(Exception):
    """A row is not as wide as the others."""


class _Piece:
    """Whole rows: where they end, and, where it is asked, where their cells do."""

    def __init__(self, text: bytes, ends: Places, marks: Callable[[], Places], width: int) -> None:
        self.text, self.ends, self._marks, self.width = text, ends, marks, width
        self.rows = len(ends)
        self.content = np.frombuffer(text, dtype=np.uint8)
        self.begins = np.concatenate((np.zeros(1, dtype=np.intp), ends[:-1] + 1))

    @cached_property
    def stops(self) -> Places:
        """Ends of all cells, a row of them for each row."""
        marks = self._marks()
        if len(marks) != self.rows * self.width:
            raise _Uneven
        return marks.reshape(-1, self.width)

    def begins_with_digit(self, first: int) -> Flags:
        """Tell which rows, from some row on, have a digit among the first letters, before anything else ends a word."""
        begins, ends = self.begins[first:], self.ends[first:]
        found, open_still = np.zeros(len(begins), dtype=bool), np.ones(len(begins), dtype=bool)
        for ahead in range(GLANCE):
            at = begins + ahead
            byte = self.content[np.minimum(at, len(self.content) - 1)]
            open_still &= at < ends
            found |= open_still & (byte - np.uint8(48) < 10)
            open_still &= (byte | np.uint8(32)) - np.uint8(97) < 26
        return found

    def shows_digit(self, rows: Places, column: int, most: int) -> Flags:
        """Tell which of some rows have a digit among the last bytes of a cell."""
        stops = self.stops[rows, column]
        starts = self.stops[rows, column - 1] + 1 if column else self.begins[rows]
        found = np.zeros(len(stops), dtype=bool)
        for back in range(1, most + 1):
            at = stops - back
            found |= (at >= starts) & (self.content[np.maximum(at, 0)] - np.uint8(48) < 10)
        return found

    def is_filled(self, row: int, column: int) -> bool:
        """Tell whether anything stands in a cell."""
        start = self.stops[row, column - 1] + 1 if column else self.begins[row]
        return bool(self.stops[row, column] > start)

    def line(self, row: int) -> str:
        """Return a row as it stands."""
        return self.text[int(self.begins[row]) : int(self.ends[row])].decode("utf-8", "replace")
