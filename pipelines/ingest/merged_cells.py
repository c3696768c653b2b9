"""Merged cells among the rows of data: a value belongs to its own cell, and a merged one hides whose else it is."""

from __future__ import annotations

from pathlib import Path

from pipelines.ingest.sheet_headers import Header
from pipelines.ingest.sheets import Grid, Merge, letters
from pipelines.refusal import Refusal


def refuse_merged(path: Path, sheet: str, grid: Grid, header: Header, mapped: set[int]) -> None:
    """Refuse merged cells that touch a mapped column below the header."""
    last = max(grid.rows, default=0)
    for merge in grid.merges:
        touched = sorted(set(range(merge.left, merge.right + 1)) & mapped)
        if touched and merge.bottom > header.row and merge.top <= last:
            where = f"{letters(merge.left)}{merge.top}:{letters(merge.right)}{merge.bottom}"
            raise Refusal(
                f'{path.name}, sheet "{sheet}", {_rows(merge)}: the cells {where} are merged.',
                "Ask the provider to split them and to fill in each cell.",
            )


def _rows(merge: Merge) -> str:
    return f"row {merge.top}" if merge.top == merge.bottom else f"rows {merge.top} to {merge.bottom}"
