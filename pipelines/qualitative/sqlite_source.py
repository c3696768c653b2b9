"""Open a coding tool's SQLite database so that nothing in it can run: a private copy in memory, plain tables only.

Messages name the file, the table and the number of a row, never a value.
"""

from __future__ import annotations

import sqlite3
import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import closing
from datetime import datetime
from pathlib import Path
from typing import Any, TypeVar

from pipelines.qualitative.models import UnreadableProject

MAGIC = b"SQLite format 3\0"
LARGEST = 256 * 1024 * 1024
LONGEST_VALUE = 64 * 1024 * 1024
MOST_ROWS = 2_000_000
LONGEST_SECONDS = 60.0
_READING = {sqlite3.SQLITE_SELECT, sqlite3.SQLITE_READ}
_PRAGMAS = {"quick_check", "table_xinfo", "application_id"}
# Bytes 18 and 19 of a header are 2 where changes are kept in a file beside it, which a copy in memory cannot have.
_JOURNAL, _ROLLBACK = slice(18, 20), b"\x01\x01"

Row = Mapping[str, Any]
T = TypeVar("T")


class SqliteSource:
    """An opened database: the columns of its plain tables, and their rows."""

    def __init__(self, connection: sqlite3.Connection, label: str) -> None:
        """Look at the schema; programs in it (views, triggers, virtual tables, computed columns) are refused."""
        self._connection, self.label = connection, label
        if connection.execute("PRAGMA quick_check(1)").fetchone() != ("ok",):
            raise UnreadableProject(f"{label} cannot be read: the database is damaged.")
        self.application_id = int(connection.execute("PRAGMA application_id").fetchone()[0])
        self.tables = self._plain_tables()

    def _plain_tables(self) -> dict[str, tuple[str, ...]]:
        listed = self._connection.execute("SELECT type, name, sql FROM sqlite_schema").fetchall()
        if any(kind not in ("table", "index") for kind, *_ in listed):
            raise UnreadableProject(f"{self.label} holds views or triggers, which no coding tool's database needs.")
        tables = {}
        for kind, name, sql in listed:
            if kind == "table" and not str(name).startswith("sqlite_"):
                if "virtual" in str(sql)[:40].casefold():
                    raise UnreadableProject(f"{self.label} holds a virtual table, which is a program.")
                columns = self._connection.execute(f"PRAGMA table_xinfo({_named(name)})").fetchall()
                if any(column[6] for column in columns):
                    raise UnreadableProject(f"{self.label} holds computed columns, which are programs.")
                tables[str(name)] = tuple(str(column[1]) for column in columns)
        return tables

    def rows(self, table: str, needed: Sequence[str], wanted: Sequence[str] = ()) -> list[Row]:
        """Return a table's rows in the order in which they were written; columns that old files lack are None.

        Raises
        ------
        UnreadableProject
            The table or a needed column is not there, or there are too many rows.
        """
        columns = self.tables.get(table, ())
        missing = [name for name in needed if name not in columns]
        if missing:
            raise UnreadableProject(f"{self.label} cannot be read: its table {table} lacks {', '.join(missing)}.")
        present = [name for name in (*needed, *wanted) if name in columns]
        listed = ", ".join(map(_named, present))
        found = self._connection.execute(f"SELECT {listed} FROM {_named(table)} NOT INDEXED LIMIT {MOST_ROWS + 1}")
        rows: list[Row] = [dict.fromkeys(wanted) | dict(zip(present, row, strict=True)) for row in found]
        if len(rows) > MOST_ROWS:
            raise UnreadableProject(f"{self.label} cannot be read: its table {table} has too many rows.")
        return rows

    def text(self, row: Row, column: str, table: str) -> str:
        """Return a cell that must be text; nothing where it is NULL.

        Raises
        ------
        UnreadableProject
            It is bytes or a number, or holds a NUL character, which no text has.
        """
        value = row[column]
        if value is None:
            return ""
        if not isinstance(value, str) or "\0" in value:
            raise UnreadableProject(f"{self.label} cannot be read: {table}.{column} holds something that is no text.")
        return value

    def keyed(self, rows: Sequence[Row], column: str, table: str) -> dict[int, Row]:
        """Return rows by their number; two rows of one number cannot be told apart."""
        found = {row[column]: row for row in rows}
        if len(found) < len(rows) or not all(isinstance(key, int) for key in found):
            raise UnreadableProject(f"{self.label} cannot be read: {table}.{column} does not number its rows.")
        return found


def guarded(content: bytes, label: str, work: Callable[[SqliteSource], T]) -> T:
    """Do something with a database that is open for reading; what SQLite says of it is put into words.

    Its own messages may quote a value, so none of them is kept, nor hung on to.

    Parameters
    ----------
    content
        The file's bytes (`content_of`).
    label
        What messages call the file.
    work
        What is done with the opened database; the result is returned.

    Raises
    ------
    UnreadableProject
        It is damaged, too large, or holds programs; also for what SQLite finds while `work` reads.
    """
    try:
        with closing(sqlite3.connect(":memory:", isolation_level=None)) as connection:
            connection.deserialize(content[: _JOURNAL.start] + _ROLLBACK + content[_JOURNAL.stop :])
            _restrain(connection)
            return work(SqliteSource(connection, label))
    except sqlite3.Error as error:
        problem = "it takes too long" if str(error) == "interrupted" else "the database is damaged"
    except (UnicodeDecodeError, OverflowError):
        problem = "the database is damaged"
    raise UnreadableProject(f"{label} cannot be read: {problem}.")


def content_of(path: Path, label: str) -> bytes:
    """Return a database's bytes; refuse one that a program was still writing, or that is too large."""
    beside = (path.with_name(path.name + end) for end in ("-wal", "-journal"))
    if any(each.is_file() and each.stat().st_size for each in beside):
        problem = "it was copied while a program was writing it: there are unfinished changes beside it"
        raise UnreadableProject(f"{label} cannot be read: {problem}.")
    if path.stat().st_size > LARGEST:
        raise UnreadableProject(f"{label} cannot be read: it is larger than {LARGEST >> 20} MB.")
    return path.read_bytes()


def _restrain(connection: sqlite3.Connection) -> None:
    connection.execute("PRAGMA trusted_schema = OFF")
    connection.execute("PRAGMA cell_size_check = ON")
    connection.execute("PRAGMA query_only = ON")
    connection.setlimit(sqlite3.SQLITE_LIMIT_LENGTH, LONGEST_VALUE)
    connection.set_authorizer(_only_reading)
    until = time.monotonic() + LONGEST_SECONDS
    connection.set_progress_handler(lambda: time.monotonic() > until, 100_000)


def _only_reading(action: int, first: str | None, *_: object) -> int:
    if action == sqlite3.SQLITE_PRAGMA:
        return sqlite3.SQLITE_OK if first in _PRAGMAS else sqlite3.SQLITE_DENY
    return sqlite3.SQLITE_OK if action in _READING else sqlite3.SQLITE_DENY


def _named(name: object) -> str:
    return '"' + str(name).replace('"', '""') + '"'


def whole(value: object) -> int | None:
    """Return a position; None where the cell holds none."""
    return value if isinstance(value, int) and 0 <= value < 10**15 else None


def moment(value: object) -> datetime | None:
    """Return a date with its time; None where the cell holds none."""
    try:
        return datetime.fromisoformat(value.strip()) if isinstance(value, str) else None
    except ValueError:
        return None
