"""Formulas of an old workbook (XLS) that no program ever calculated: their stored results are blanks or made-up zeros.

xlrd hands on results alone, so the records are looked through here ([MS-XLS] 2.4.127 Formula, 2.5.133 FormulaValue).
"""

from __future__ import annotations

import struct
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

FORMULAS = (0x0006, 0x0206, 0x0406)
BEGINS = (0x0009, 0x0209, 0x0409, 0x0809)
OLDEST = 0x0009
END = 0x000A
RECALCULATE = 3
"""Of the flags: calculate always, calculate when the file is opened."""
EMPTY_TEXT, SHARED = b"\x17\x00", b"\x01"
"""An empty text among the tokens of a formula; the first token of one that shares its formula with others."""


@dataclass(frozen=True)
class Formula:
    """One formula; row and column count from 1."""

    row: int
    column: int
    result: bytes
    recalculate: bool
    tokens: bytes

    @property
    def is_blank(self) -> bool:
        """Tell whether the result is an empty text, which is also what some programs write in place of one."""
        return self.result[6:] == b"\xff\xff" and self.result[0] == 3

    @property
    def is_awaited(self) -> bool:
        """Tell whether the result may be none: a blank, or a zero that is to be calculated when the file is opened."""
        return self.is_blank or (self.recalculate and not any(self.result))

    @property
    def can_be_blank(self) -> bool:
        """Tell whether an empty text stands in the formula, or another's formula is used."""
        return EMPTY_TEXT in self.tokens or self.tokens[:1] == SHARED


def uncalculated(sheets: Sequence[Sequence[Formula]], *, saved_by_a_program: bool) -> list[list[tuple[int, int]]]:
    """Return, of each sheet, row and column of the formulas that were never calculated.

    A workbook is calculated as a whole: where one formula has a result, blanks are results too.

    Parameters
    ----------
    saved_by_a_program : whether the file says who saved it, as spreadsheet programs have it say; then the blank of a
        formula that can be blank is its result.
    """
    every = [formula for sheet in sheets for formula in sheet]
    if any(not formula.is_awaited for formula in every):
        return [[] for _ in sheets]
    return [
        [(one.row, one.column) for one in sheet if not (one.is_blank and one.can_be_blank and saved_by_a_program)]
        for sheet in sheets
    ]


def formulas(stream: bytes, begin: int) -> Iterator[Formula]:
    """Yield the formulas of the sheet that begins at a byte of the workbook's stream; those of its charts are none."""
    at, depth, oldest = begin, 0, False
    while at + 4 <= len(stream):
        kind, size = struct.unpack_from("<HH", stream, at)
        if kind in BEGINS:
            depth, oldest = depth + 1, kind == OLDEST
        elif kind == END:
            depth -= 1
            if depth <= 0:
                return
        elif kind in FORMULAS and depth == 1 and at + 20 <= len(stream):
            yield _formula(stream[at + 4 : at + 4 + size], oldest=oldest)
        at += 4 + size


def _formula(held: bytes, *, oldest: bool) -> Formula:
    row, column = struct.unpack_from("<HH", held)
    begin = 7 if oldest else 6
    flags = held[begin + 8]
    tokens = held[17:] if oldest else held[22:]
    return Formula(row + 1, column + 1, held[begin : begin + 8], bool(flags & RECALCULATE), tokens)
