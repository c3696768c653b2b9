"""SQLite files: one table of values, read without running anything that the file may bring along.

Views, triggers, virtual tables and computed columns are programs of somebody else: only plain tables are read, under an
authoriser that allows nothing but reading, and for a limited time.
"""

from __future__ import annotations

import sqlite3
import time
from collections.abc import Collection, Iterator, Sequence
from contextlib import closing
from pathlib import Path
from typing import Any
from urllib.parse import quote as percent

from pipelines.ingest.headers import expected_columns, tidy
from pipelines.ingest.parquet_files import inexact_people
from pipelines.ingest.reading import Facts, Rows
from pipelines.ingest.staging import staged
from pipelines.protocol.extracts import Extract
from pipelines.protocol.faults import did_you_mean
from pipelines.refusal import Refusal
from pipelines.warehouse import named

LARGEST = 200 * 1024 * 1024
LONGEST_SECONDS = 30.0
"""Of the processor's time: a busy machine changes nothing."""
MOST_CELLS = 12_000_000
LONGEST_VALUE = 16_000_000
EXACT = 2**53
READING = {sqlite3.SQLITE_SELECT, sqlite3.SQLITE_READ, sqlite3.SQLITE_PRAGMA}
BESIDE = ("-wal", "-journal")


def facts(path: Path, extract: Extract | None) -> Facts:
    """Return table and columns of a file: the pinned table, the one that has the expected columns, or the only one.

    Raises
    ------
    Refusal
        When the file is damaged, unfinished or too large, or when it is in doubt which table is meant.
    """
    tables = _guarded(path, lambda connection: _tables(connection, path))
    table = _chosen(path, tables, extract)
    first = _guarded(path, lambda connection: connection.execute(f"SELECT 1 FROM {named(table)} LIMIT 1").fetchone())
    return Facts("sqlite", tuple(map(tidy, tables[table])), 0, table=table, empty=first is None)


def open_rows(connection: Any, path: Path, found: Facts, people: Collection[str] = ()) -> Rows:
    """Return the rows of the table, in the order in which they were written down, each value as text.

    Of the columns that tell people apart, one with numbers too large to be whole in it is refused.
    """

    def read(database: sqlite3.Connection) -> str:
        names = _tables(database, path)[found.table]
        listed = ", ".join(map(named, names))
        (count,) = database.execute(f"SELECT count(*) FROM {named(found.table)} NOT INDEXED").fetchone()
        if count * len(names) > MOST_CELLS:
            problem = f"{path.name} has more than {MOST_CELLS:,} cells, which is too large for SQLite here."
            raise Refusal(problem, "Send it as CSV or Parquet.")
        rows = database.execute(f"SELECT {listed} FROM {named(found.table)} NOT INDEXED")
        return staged(connection, len(names), _texts(path, found, rows, people))

    source = _guarded(path, read)
    return Rows(found, source, True, lambda _: _damaged(path))


def _guarded(path: Path, work: Any) -> Any:
    """Do something with a file that is open for reading only; what SQLite says of it is put into words."""
    _refuse_unfinished(path)
    try:
        with closing(_opened(path)) as connection:
            return work(connection)
    except sqlite3.Error as error:
        late = str(error) == "interrupted"
        refusal = Refusal(f"{path.name} takes too long.", "Send it as CSV or Parquet.") if late else _damaged(path)
        if "too big" in str(error):
            problem = f"{path.name} holds a value of more than {LONGEST_VALUE // 10**6} million letters."
            refusal = Refusal(problem, "Texts of that length do not belong in a table.")
    except (UnicodeDecodeError, OverflowError):
        refusal = _damaged(path)
    raise refusal


def _refuse_unfinished(path: Path) -> None:
    if any(
        beside.is_file() and beside.stat().st_size for beside in (path.with_name(path.name + end) for end in BESIDE)
    ):
        problem = f"{path.name} was copied while a program was writing it: there are unfinished changes beside it."
        raise Refusal(problem, "Ask the provider to close the program and send it again.")
    if path.stat().st_size > LARGEST:
        raise Refusal(f"{path.name} is too large.", "Send it as CSV or Parquet.")


def _opened(path: Path) -> sqlite3.Connection:
    connection = sqlite3.connect(f"file:{percent(str(path))}?mode=ro&immutable=1", uri=True, isolation_level=None)
    connection.execute("PRAGMA trusted_schema = OFF")
    connection.execute("PRAGMA cell_size_check = ON")
    connection.setlimit(sqlite3.SQLITE_LIMIT_LENGTH, LONGEST_VALUE)
    connection.set_authorizer(_only_reading)
    until = time.process_time() + LONGEST_SECONDS
    connection.set_progress_handler(lambda: time.process_time() > until, 100_000)
    return connection


def _only_reading(action: int, first: str | None, second: str | None, *_: object) -> int:
    if action == sqlite3.SQLITE_FUNCTION:
        return sqlite3.SQLITE_OK if second == "count" else sqlite3.SQLITE_DENY
    if action == sqlite3.SQLITE_PRAGMA:
        return sqlite3.SQLITE_OK if first == "table_xinfo" else sqlite3.SQLITE_DENY
    return sqlite3.SQLITE_OK if action in READING else sqlite3.SQLITE_DENY


def _tables(connection: sqlite3.Connection, path: Path) -> dict[str, list[str]]:
    """Return the plain tables with their columns; one with computed columns is as good as a program."""
    listed = connection.execute("SELECT name, sql FROM sqlite_schema WHERE type = 'table'").fetchall()
    found: dict[str, list[str]] = {}
    for name, sql in listed:
        if name.startswith("sqlite_") or not sql or "virtual" in sql[:40].casefold():
            continue
        columns = connection.execute(f"PRAGMA table_xinfo({named(name)})").fetchall()
        if not any(column[6] for column in columns):
            found[name] = [column[1] for column in columns]
    if not found:
        raise Refusal(f"{path.name} has no table that can be read.", "Views and computed columns are not read.")
    return found


def _chosen(path: Path, tables: dict[str, list[str]], extract: Extract | None) -> str:
    if extract and extract.table:
        if extract.table not in tables:
            problem = f'The protocol pins the table as "{extract.table}", but {path.name} has none of that name.'
            raise Refusal(problem, did_you_mean(extract.table, tuple(tables)))
        return extract.table
    expected = set(expected_columns(extract)) if extract else set()
    fitting = [name for name, columns in tables.items() if expected <= set(map(tidy, columns))]
    if len(fitting) == 1:
        return fitting[0]
    if not fitting:
        return max(tables, key=lambda name: len(expected & set(map(tidy, tables[name]))))
    listed = ", ".join(fitting)
    raise Refusal(
        f"{path.name}: it is in doubt which table is meant.", f"Name one as `table` in the protocol: {listed}."
    )


def _texts(
    path: Path, found: Facts, rows: Iterator[Sequence[Any]], people: Collection[str]
) -> Iterator[tuple[int, list[str | None]]]:
    """Yield number and cells of each row, counted from 1: there is no header row."""
    whose = [index for index, name in enumerate(found.columns) if name in people]
    for number, row in enumerate(rows, start=1):
        kinds = tuple(map(type, row))
        if bytes in kinds:
            name = found.columns[kinds.index(bytes)]
            raise Refusal(f'{path.name}, column "{name}", row {number}: bytes are not a value.', "Ask for text.")
        for index in whose:
            if kinds[index] is float and abs(row[index]) >= EXACT:
                raise inexact_people(path, found.columns[index])
        yield number, [str(value) if type(value) is int else _text(path, number, value) for value in row]


def _text(path: Path, number: int, value: object) -> str | None:
    if isinstance(value, float):
        return str(int(value)) if value.is_integer() and abs(value) < EXACT else repr(value)
    if isinstance(value, str) and "\0" in value:
        problem = f"{path.name}, row {number}: there is a NUL character, which no text has."
        raise Refusal(problem, "Ask for it again.")
    return None if value is None else str(value)


def _damaged(path: Path) -> Refusal:
    return Refusal(f"{path.name} cannot be read as SQLite.", "Is it damaged, locked, or not in UTF-8?")
