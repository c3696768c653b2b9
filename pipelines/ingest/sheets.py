"""What every reader of workbooks hands on: sheets, and the cells of one as text. How a file is read belongs in them."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal, Protocol

from pipelines.refusal import Refusal

MOST_CELLS = 2_000_000
"""Of one sheet: more take longer than half a minute, and belong in a CSV."""


@dataclass(frozen=True)
class Sheet:
    """A sheet with cells; charts on a sheet of their own are none."""

    name: str
    state: Literal["visible", "hidden"] = "visible"


@dataclass(frozen=True)
class Merge:
    """Merged cells; rows and columns count from 1, both ends belong to it."""

    top: int
    left: int
    bottom: int
    right: int


@dataclass
class Grid:
    """The cells of one sheet."""

    rows: dict[int, list[str]] = field(default_factory=dict)
    """Texts from the first column on, by the number of the row; rows without cells are absent."""
    merges: list[Merge] = field(default_factory=list)
    uncalculated: list[tuple[int, int]] = field(default_factory=list)
    """Row and column, from 1, of formulas whose value is not in the file."""
    overlong: list[tuple[int, int]] = field(default_factory=list)
    """Row and column, from 1, of whole numbers of more digits than a spreadsheet keeps."""
    errors: int = 0
    """How many cells hold an error such as #N/A."""
    veiled: int = 0
    """How many numbers their format shows as nothing, or as words."""
    hidden_rows: int = 0
    hidden_columns: int = 0
    filtered: bool = False

    def put(self, row: int, column: int, text: str) -> None:
        """Set a cell, counted from 1."""
        cells = self.rows.setdefault(row, [])
        if column > len(cells):
            cells.extend([""] * (column - len(cells)))
        cells[column - 1] = text

    def filled(self) -> int:
        """Return how many cells hold something."""
        return sum(1 for cells in self.rows.values() for text in cells if text)


class Book(Protocol):
    """An opened workbook."""

    path: Path
    sheets: tuple[Sheet, ...]
    notes: tuple[str, ...]

    def grid(self, sheet: str, last_row: int | None = None) -> Grid:
        """Return the cells of a sheet, or only those down to a row."""


def letters(column: int) -> str:
    """Return a column, counted from 1, as a spreadsheet names it."""
    out = ""
    while column:
        column, rest = divmod(column - 1, 26)
        out = chr(ord("A") + rest) + out
    return out


def cell_place(path: Path, sheet: str, row: int, column: int) -> str:
    """Return file, sheet and cell in words."""
    return f'{path.name}, sheet "{sheet}", cell {letters(column)}{row}'


def damaged(path: Path, what: str = "it cannot be read to its end") -> Refusal:
    """Say that a workbook is damaged."""
    return Refusal(f"{path.name}: the workbook is damaged: {what}.", "Ask the provider to save and send it again.")


def too_large(path: Path, limit: str = f"more than {MOST_CELLS:,} cells") -> Refusal:
    """Say that a workbook would take too long to read."""
    return Refusal(f"{path.name} is too large for a workbook: {limit}.", "Send it as CSV.")


def unpacked_too_large(path: Path, limit: int) -> Refusal:
    """Say that a workbook holds too many bytes once unpacked."""
    return too_large(path, f"more than {limit // 2**20:,} MB once unpacked")
