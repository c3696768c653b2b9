"""Putting rows that Python has read into a temporary table. What the rows are belongs in the readers."""

from __future__ import annotations

import itertools
import secrets
from collections.abc import Iterable, Sequence
from typing import Any

from pipelines.ingest.reading import place

ROWS_AT_ONCE = 20_000


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
    import pandas as pd

    frame = pd.DataFrame([cells for _, cells in rows], columns=range(width), dtype=object)
    frame.insert(0, "source_row", [number for number, _ in rows])
    frame.columns = [str(name) for name in frame.columns]
    connection.register("read_batch", frame)
    try:
        connection.execute(f"INSERT INTO {table} SELECT * FROM read_batch")
    finally:
        connection.unregister("read_batch")
