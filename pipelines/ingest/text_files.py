"""Delimited text files as rows: by DuckDB as they lie where that is proven right, else row by row.

DuckDB's messages quote whole rows: only line numbers are kept of them, and no exception of ours hangs on to one of its.
"""

from __future__ import annotations

import re
from collections import deque
from functools import partial
from pathlib import Path
from typing import Any

from pipelines.ingest import text_rows
from pipelines.ingest.plain_rows import PlainRows
from pipelines.ingest.plain_text import is_plain
from pipelines.ingest.reading import Facts, Rows
from pipelines.ingest.second_tables import OneTable
from pipelines.ingest.staging import staged
from pipelines.ingest.text_encoding import not_in
from pipelines.ingest.text_rows import rows_of, unreadable
from pipelines.refusal import Refusal
from pipelines.warehouse import quoted

SMALL = 1 << 20
"""Up to this size the rows of a plain file are looked at one by one before DuckDB reads them."""


def open_rows(connection: Any, path: Path, facts: Facts) -> Rows:
    """Return the rows of a text whose header is sound."""
    explain = partial(_explained, path)
    width = len(facts.columns)
    rows = OneTable(path.name, facts.columns, rows_of(path, facts))
    if facts.encoding == "utf-8" and facts.header_row == 1 and _is_plain(path, facts):
        if path.stat().st_size <= min(SMALL, text_rows.LARGEST):
            deque(rows, maxlen=0)
        return Rows(facts, _read_csv(path, facts), False, explain)
    return Rows(facts, staged(connection, width, rows), True, explain)


def _is_plain(path: Path, facts: Facts) -> bool:
    """Tell whether DuckDB reads the file as it lies; a large one is searched for a second table on the way."""
    dialect = (facts.delimiter, facts.quote, len(facts.columns))
    if path.stat().st_size <= min(SMALL, text_rows.LARGEST):
        return is_plain(path, *dialect)
    passing = PlainRows(path.name, facts.columns, facts.delimiter)
    plain = is_plain(path, *dialect, passing)
    passing.finish()
    if plain and passing.refusal:
        raise passing.refusal
    return plain


def _read_csv(path: Path, facts: Facts) -> str:
    """Return the table expression with which DuckDB reads every value as text, whatever it looks like."""
    columns = ", ".join(f"'place_{index}': 'VARCHAR'" for index in range(len(facts.columns)))
    options = (
        f"columns = {{{columns}}}, header = true, delim = '{quoted(facts.delimiter)}', quote = '\"', escape = '\"', "
        "nullstr = '', auto_detect = false, strict_mode = true, null_padding = false, ignore_errors = false, "
        "compression = 'none', hive_partitioning = false"
    )
    return f"read_csv('{quoted(literal_path(path))}', {options})"


def literal_path(path: Path) -> str:
    """Return a path that DuckDB does not take for a pattern: ? in brackets is the one escape that it knows."""
    return re.sub(r"[*?\[]", lambda found: f"[{found[0]}]", str(path))


def _explained(path: Path, error: str) -> Refusal:
    """Say where a text file cannot be read, in words of our own."""
    line = re.search(r"Line: (\d+)", error)
    wide = re.search(r"Expected Number of Columns: (\d+) Found: (\d+)", error)
    if wide:
        where = f"{path.name}, line {line[1]}" if line else path.name
        columns = f"{wide[2]} column{'' if wide[2] == '1' else 's'}"
        return Refusal(f"{where}: {columns} where the header has {wide[1]}.", "Ask the provider to send it again.")
    if "unicode" in error.lower() or "utf-8" in error.lower():
        return not_in(path, "utf-8")
    return unreadable(path, line[1] if line else "")
