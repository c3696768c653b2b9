"""Which row of a sheet holds the names of the columns: the one that provably does, or a refusal saying what to pin."""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path

from pipelines.ingest.headers import expected_columns, header_faults, tidy
from pipelines.ingest.sheets import Grid, Merge
from pipelines.protocol.extracts import Extract
from pipelines.refusal import Refusal

DEEPEST = 50
"""How far down the names of the columns may stand."""
PIN = "Name the row that holds the names of the columns as `header_row` in the protocol."
NO_NAME = re.compile(r"[-+]?[\d.,:/\s%-]*|TRUE|FALSE|\d{4}-\d\d-\d\dT.*|#(?:N/A|REF!|NAME\?|VALUE!|DIV/0!|NUM!|NULL!)")


@dataclass(frozen=True)
class Header:
    """The row of the names."""

    row: int
    columns: tuple[str, ...]


def header_of(path: Path, grid: Grid, extract: Extract | None) -> Header:
    """Return the header of a sheet, or refuse in plain words."""
    row = _row(path, grid, extract)
    found = Header(row, _padded(_tidied(grid, row), _width(grid, row)))
    _refuse_merged(path, grid, row, pinned=extract is not None and extract.header_row is not None)
    return found


def holds_all(grid: Grid, extract: Extract) -> bool:
    """Tell whether some row near the top holds every name that the protocol expects."""
    return bool(_candidates(grid, extract))


def _row(path: Path, grid: Grid, extract: Extract | None) -> int:
    if not grid.rows:
        raise Refusal(f"{path.name} holds no rows.", "Ask the provider to send it again.")
    if extract is None:
        return _provable(path, grid)
    if extract.header_row:
        _refuse_faults(path, grid, extract.header_row, extract)
        return extract.header_row
    rows = _candidates(grid, extract)
    if len(rows) == 1:
        return rows[0]
    if rows:
        raise Refusal(f"{path.name}: rows {_listed(rows)} all hold the names of the columns.", PIN)
    raise _nowhere(path, grid, extract)


def _listed(rows: list[int]) -> str:
    return f"{', '.join(map(str, rows[:-1]))} and {rows[-1]}"


def _candidates(grid: Grid, extract: Extract) -> list[int]:
    expected = set(expected_columns(extract))
    return [row for row in _top(grid) if expected <= set(_tidied(grid, row))]


def _top(grid: Grid) -> list[int]:
    return sorted(row for row in grid.rows if row <= DEEPEST)


def _tidied(grid: Grid, row: int) -> tuple[str, ...]:
    return tuple(tidy(text) for text in grid.rows.get(row, ()))


def _width(grid: Grid, row: int) -> int:
    return max((len(cells) for number, cells in grid.rows.items() if number >= row), default=0)


def _padded(names: tuple[str, ...], width: int) -> tuple[str, ...]:
    return names + ("",) * (width - len(names))


def _refuse_faults(path: Path, grid: Grid, row: int, extract: Extract) -> None:
    faults = header_faults(path, _tidied(grid, row), extract)
    if faults:
        raise Refusal("\n".join(faults), f"The protocol says that the names stand in row {row}.")


def _nowhere(path: Path, grid: Grid, extract: Extract) -> Refusal:
    """Say what is missing from the row that comes nearest; a header in two rows is named as such."""
    expected = set(expected_columns(extract))
    rows = _top(grid) or [1]
    nearest = max(rows, key=lambda row: (len(expected & set(_tidied(grid, row))), -row))
    merged = _two_rows(grid, nearest)
    if merged:
        return _in_two_rows(path, merged)
    faults = header_faults(path, _tidied(grid, nearest), extract)
    return Refusal("\n".join(faults), "The earlier results stand.")


def _two_rows(grid: Grid, row: int) -> Merge | None:
    """Return merged cells that make a header of two rows: side by side in it or just above, or reaching below."""
    for merge in grid.merges:
        beside = merge.right > merge.left and merge.top <= row <= merge.bottom + 1 and _filled(grid, merge.bottom + 1)
        below = merge.bottom > merge.top and merge.top <= row <= merge.bottom
        if beside or below:
            return merge
    return None


def _filled(grid: Grid, row: int) -> bool:
    return sum(1 for text in grid.rows.get(row, ()) if text.strip()) > 1


def _in_two_rows(path: Path, merge: Merge) -> Refusal:
    last = max(merge.bottom, merge.top + 1)
    return Refusal(
        f"{path.name}: the names of the columns stand in two rows ({merge.top} and {last}) with merged cells.",
        "Ask the provider for one row of names, each column with its own, and no merged cells there.",
    )


def _refuse_merged(path: Path, grid: Grid, row: int, *, pinned: bool) -> None:
    """Merged cells in the row of names make one name stand for several columns, or hide names in the next row."""
    for merge in grid.merges:
        if not merge.top <= row <= merge.bottom:
            continue
        beside = merge.right > merge.left and not pinned and _named_or_filled(grid, merge, row)
        below = merge.bottom > row and any(text.strip() for text in grid.rows.get(row + 1, ()))
        if beside or below:
            raise _in_two_rows(path, merge)


def _named_or_filled(grid: Grid, merge: Merge, row: int) -> bool:
    """Tell whether anything stands below the further columns of a merged name."""
    further = range(merge.left, merge.right)  # indexes from 0 of the columns after the first
    return any(
        index < len(cells) and cells[index].strip()
        for number, cells in grid.rows.items()
        if number > row
        for index in further
    )


def _provable(path: Path, grid: Grid) -> int:
    """Without a protocol: the first row of distinct texts, as wide as everything below it."""
    for row in _top(grid):
        names = _tidied(grid, row)
        full = len(names) >= _width(grid, row) and all(names) and len(set(names)) == len(names)
        if full and not any(NO_NAME.fullmatch(name) for name in names):
            return row
    raise Refusal(f"{path.name}: no row near the top is certain to hold the names of the columns.", PIN)
