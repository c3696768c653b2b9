"""Parquet files: every value as the text that a spreadsheet would show, read by DuckDB as the file lies."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from pathlib import Path
from typing import Any

from pipelines.ingest.arrow_schema import durations
from pipelines.ingest.headers import tidy
from pipelines.ingest.reading import Facts, Rows, place
from pipelines.ingest.text_files import literal_path
from pipelines.refusal import Refusal
from pipelines.warehouse import quoted

MOST_DIGITS = 38
"""Of a decimal number that DuckDB keeps whole."""
MOST_CELLS = 1_000_000_000
LARGEST_CONTENT = 8 * 1024**3
"""Of what is packed in it: a few bytes can hold a value a billion times."""
MIDNIGHT = "date_trunc('day', {0}) = {0}"
STAMP = (
    "CASE WHEN isfinite({0}) THEN CASE WHEN " + MIDNIGHT + " THEN CAST(CAST({0} AS DATE) AS VARCHAR) "
    "ELSE replace(CAST({0} AS VARCHAR), ' ', 'T') END END"
)
FLOAT = "regexp_replace(CAST({0} AS VARCHAR), '[.]0$', '')"
PLAIN = "CAST({0} AS VARCHAR)"
NOTHING = "NULL::VARCHAR"
DECIMAL = "rtrim(rtrim(CAST({0} AS VARCHAR), '0'), '.')"
EXACT = {"FLOAT": 2**24, "DOUBLE": 2**53}
"""From this number on, whole numbers of a type are no longer all there."""
AS_TEXT = {
    **dict.fromkeys(("VARCHAR", "UUID", "TIME", "DATE"), PLAIN),
    **dict.fromkeys(("TINYINT", "SMALLINT", "INTEGER", "BIGINT", "HUGEINT"), PLAIN),
    **dict.fromkeys(("UTINYINT", "USMALLINT", "UINTEGER", "UBIGINT", "UHUGEINT"), PLAIN),
    **dict.fromkeys(("TIMESTAMP", "TIMESTAMP_S", "TIMESTAMP_MS", "TIMESTAMP_NS"), STAMP),
    **dict.fromkeys(("FLOAT", "DOUBLE"), FLOAT),
    "TIMESTAMP WITH TIME ZONE": "replace(CAST(make_timestamp(epoch_us({0})) AS VARCHAR), ' ', 'T') || 'Z'",
    "BOOLEAN": "upper(CAST({0} AS VARCHAR))",
}
"""How a value of each type becomes text; other types are not tables of values."""


def facts(path: Path) -> Facts:
    """Return the columns of a Parquet file.

    Raises
    ------
    Refusal
        When it is damaged, locked, or too large once unpacked.
    """
    names, _, rows = _schema(path)
    return Facts("parquet", tuple(map(tidy, names)), 0, empty=not rows)


def open_rows(path: Path, found: Facts, left_out: Collection[str] = (), people: Collection[str] = ()) -> Rows:
    """Return the rows of a file; a column of lists, structures or bytes is refused by its name, unless left out.

    Of the columns that tell people apart, one with numbers too large to be whole in it is refused, too: several people
    may have become one.
    """
    names, types, _ = _schema(path)
    unread = [n for n, kind in zip(found.columns, types, strict=True) if not _as_text(kind) and n not in left_out]
    if unread:
        listed = ", ".join(f'"{name}"' for name in unread)
        problem = (
            f"{path.name}: lists, structures, bytes, durations or decimals of more than {MOST_DIGITS} digits cannot be"
            f" read as values (columns: {listed})."
        )
        raise Refusal(problem, "Ask for one value in each cell, and for durations as numbers of minutes.")
    # DuckDB gives names that differ only in case new ones: ours, by position, are given instead.
    spelt = ", ".join(f"p{index}" for index in range(len(names)))
    values = ((_as_text(kind) or NOTHING).format(f"p{index}") for index, kind in enumerate(types))
    texts = ", ".join(f"{value} AS {place(index)}" for index, value in enumerate(values))
    _refuse_inexact(path, [(n, i, k) for i, (n, k) in enumerate(zip(found.columns, types, strict=True)) if n in people])
    return Rows(found, f"(SELECT {texts} FROM {_source(path)} AS t({spelt}))", False, lambda _: _damaged(path))


def _refuse_inexact(path: Path, people: Sequence[tuple[str, int, str]]) -> None:
    """Refuse numbers of people that are kept with fewer digits than they have."""
    import duckdb

    asked = [(name, index, EXACT[kind]) for name, index, kind in people if kind in EXACT]
    if not asked:
        return
    tests = ", ".join(f"coalesce(bool_or(abs(p{index}) >= {most}), false)" for _, index, most in asked)
    spelt = ", ".join(f"p{index}" for index in range(max(index for _, index, _ in asked) + 1))
    try:
        with duckdb.connect(":memory:") as connection:
            found = connection.execute(f"SELECT {tests} FROM {_source(path)} AS t({spelt})").fetchone()
    except duckdb.Error:
        found = None
    if not found:
        raise _damaged(path)
    for (name, *_), inexact in zip(asked, found, strict=True):
        if inexact:
            raise inexact_people(path, name)


def inexact_people(path: Path, name: str) -> Refusal:
    """Say that a column that tells people apart has lost digits."""
    lost = "people's numbers are kept with a floating point, and have lost digits"
    problem = f'{path.name}, column "{name}": {lost}.'
    return Refusal(problem, "Ask for this column as text, as it left the database.")


def _as_text(kind: str) -> str:
    if kind.startswith("DECIMAL("):
        return PLAIN if kind.endswith(",0)") else DECIMAL
    return PLAIN if kind.startswith("ENUM(") and not kind.endswith("]") else AS_TEXT.get(kind, "")


def _source(path: Path) -> str:
    return (
        f"read_parquet('{quoted(literal_path(path))}', hive_partitioning = false, filename = false, "
        "union_by_name = false, file_row_number = false, binary_as_string = false)"
    )


def _schema(path: Path) -> tuple[list[str], list[str], int]:
    """Return name and type in DuckDB of each column, and the count of rows, once the file's own account is checked."""
    import duckdb

    connection = duckdb.connect(":memory:", config={"threads": 1})
    try:
        size = _checked(connection, path)
        names = [name for name, *_ in _top_level(connection, path)]
        types = [
            kind
            for (kind,) in connection.execute(f"SELECT column_type FROM (DESCRIBE FROM {_source(path)})").fetchall()
        ]
        types = _told(connection, path, names, types)
        sound = len(names) == len(types)
    except duckdb.Error:
        size, sound = (0, 0), False
    finally:
        connection.close()
    if not sound:
        raise _damaged(path)
    if size[0] * len(names) > MOST_CELLS or size[1] > LARGEST_CONTENT:
        raise Refusal(f"{path.name} is too large once unpacked.", "Ask for it in several files.")
    return names, types, size[0]


def _told(connection: Any, path: Path, names: Sequence[str], types: Sequence[str]) -> list[str]:
    """Return the types, with no type for what DuckDB would read as something else.

    Decimals of more than 38 digits become other numbers, and durations whole numbers of an unknown unit.
    """
    file = quoted(literal_path(path))
    query = f"SELECT name FROM parquet_schema('{file}') WHERE converted_type = 'DECIMAL' AND precision > {MOST_DIGITS}"
    unread = {name for (name,) in connection.execute(query).fetchall()}
    kept = connection.execute(f"SELECT value FROM parquet_kv_metadata('{file}') WHERE key = 'ARROW:schema'").fetchone()
    unread |= set(durations(bytes(kept[0]))) if kept else set()
    return ["" if name in unread else kind for name, kind in zip(names, types, strict=False)]


def _checked(connection: Any, path: Path) -> tuple[int, int]:
    """Return the rows and the unpacked bytes that a file says it holds."""
    file = quoted(literal_path(path))
    rows = connection.execute(f"SELECT sum(num_rows) FROM parquet_file_metadata('{file}')").fetchone()
    content = connection.execute(f"SELECT sum(total_uncompressed_size) FROM parquet_metadata('{file}')").fetchone()
    return int(rows[0] or 0), int(content[0] or 0)


def _top_level(connection: Any, path: Path) -> list[tuple[str]]:
    """Return the names of the columns as written: the schema is a tree, whose root says how many children it has."""
    query = f"SELECT name, num_children FROM parquet_schema('{quoted(literal_path(path))}')"
    nodes = iter(connection.execute(query).fetchall())
    _, children = next(nodes)
    return [_node(nodes) for _ in range(children or 0)]


def _node(nodes: Any) -> tuple[str]:
    """Take a column with all that is below it; return its name."""
    name, children = next(nodes)
    for _ in range(children or 0):
        _node(nodes)
    return (name,)


def _damaged(path: Path) -> Refusal:
    return Refusal(f"{path.name} cannot be opened as Parquet.", "Is it damaged, or locked with a key?")
