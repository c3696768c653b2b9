"""Putting rows that Python has read into a temporary table. What the rows are belongs in the readers."""

from __future__ import annotations

import itertools
import secrets
from collections.abc import Iterable, Sequence
from typing import Any

from pipelines.ingest.reading import place

ROWS_AT_ONCE = 20_000
BETWEEN = "\x1f"
"""Stands in hardly any cell; rows with one that holds it are handed over cell by cell."""


def staged(connection: Any, width: int, rows: Iterable[tuple[int, Sequence[str | None]]]) -> str:
    """Create a temporary table of `source_row` and as many places as the header has; return its name."""
    table = f"read_{secrets.token_hex(8)}"
    columns = [place(index) for index in range(width)]
    definition = ", ".join(f"{column} VARCHAR" for column in columns)
    connection.execute(f"CREATE TEMP TABLE {table} (source_row BIGINT, {definition})")
    try:
        iterator = iter(rows)
        while some := list(itertools.islice(iterator, ROWS_AT_ONCE)):
            _append(connection, table, width, some)
    except BaseException:
        connection.execute(f"DROP TABLE {table}")
        raise
    return table


def _append(connection: Any, table: str, width: int, rows: Sequence[tuple[int, Sequence[str | None]]]) -> None:
    """Append some rows: each as one text that SQL takes apart, which costs half of handing over every cell."""
    import pandas as pd

    joined = [_joined(cells) for _, cells in rows]
    if any(text.count(BETWEEN) != width - 1 for text in joined):
        frame = pd.DataFrame([cells for _, cells in rows], columns=list(map(str, range(width))), dtype=object)
        frame.insert(0, "source_row", [number for number, _ in rows])
        query = "SELECT * FROM read_batch"
    else:
        frame = pd.DataFrame({"source_row": [number for number, _ in rows], "joined": joined})
        cells = ", ".join(f"cells[{index}]" for index in range(1, width + 1))
        split = f"SELECT source_row, string_split(joined, chr({ord(BETWEEN)})) AS cells FROM read_batch"
        query = f"SELECT source_row, {cells} FROM ({split})"
    connection.register("read_batch", frame)
    try:
        connection.execute(f"INSERT INTO {table} {query}")
    finally:
        connection.unregister("read_batch")


def _joined(cells: Sequence[str | None]) -> str:
    try:
        return BETWEEN.join(cells)  # type: ignore[arg-type]
    except TypeError:  # nothing stands in some cell
        return BETWEEN.join(cell or "" for cell in cells)
