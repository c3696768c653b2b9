"""Lets SQLAlchemy, and so Great Expectations, work on a DuckDB connection that is already open.

What belongs here: the adapter. duckdb-engine shares one cursor and hands out results after the connection went back to
the pool, by when the next statement has overwritten them; here every statement's rows are taken at once. So no second
connection is needed, and temporary tables, attached encrypted files and the caller's open transaction are all seen.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable
from typing import Any

import duckdb
import sqlalchemy as sa
from duckdb_engine import Dialect

URL = "duckdb+pilotlens://"
sa.dialects.registry.register("duckdb.pilotlens", __name__, "OpenConnectionDialect")


class BufferedCursor:
    """A DB-API cursor that holds its own rows."""

    rowcount = -1
    lastrowid = None

    def __init__(self, connection: BorrowedConnection, duck: duckdb.DuckDBPyConnection) -> None:
        self.connection = connection
        self._duck = duck
        self._rows: deque[tuple[Any, ...]] = deque()
        self.description: Any = None

    def execute(self, statement: str, parameters: Any = None, context: Any = None) -> None:
        """Run a statement and take all of its rows."""
        self._duck.execute(statement, list(parameters) if parameters else None)
        self.description = self._duck.description
        self._rows = deque(self._duck.fetchall() if self.description else ())

    def fetchone(self) -> tuple[Any, ...] | None:
        """Give the next row."""
        return self._rows.popleft() if self._rows else None

    def fetchmany(self, size: int = 1) -> list[tuple[Any, ...]]:
        """Give the next rows."""
        return [self._rows.popleft() for _ in range(min(size, len(self._rows)))]

    def fetchall(self) -> list[tuple[Any, ...]]:
        """Give the rows that are left."""
        return self.fetchmany(len(self._rows))

    def close(self) -> None:
        """Forget the rows."""
        self._rows.clear()


class BorrowedConnection:
    """A DB-API connection that neither closes nor commits what it does not own."""

    def __init__(self, duck: duckdb.DuckDBPyConnection) -> None:
        self._duck = duck
        self.notices: list[str] = []

    def cursor(self) -> BufferedCursor:
        """Give a cursor with rows of its own."""
        return BufferedCursor(self, self._duck)

    def commit(self) -> None:
        """Leave the owner's transaction alone."""

    def rollback(self) -> None:
        """Leave the owner's transaction alone."""

    def close(self) -> None:
        """Leave the owner's connection open."""


def borrow(connection: duckdb.DuckDBPyConnection) -> Callable[[], BorrowedConnection]:
    """Give SQLAlchemy's `creator` for an open connection."""
    return lambda: BorrowedConnection(connection)


class OpenConnectionDialect(Dialect):
    """duckdb-engine's dialect without transactions of its own, and with columns of attached databases."""

    supports_statement_cache = False

    def do_begin(self, connection: Any) -> None:
        """Leave the owner's transaction alone."""

    def do_commit(self, connection: Any) -> None:
        """Leave the owner's transaction alone."""

    def do_rollback(self, connection: Any) -> None:
        """Leave the owner's transaction alone."""

    def get_columns(self, connection: Any, table_name: str, schema: str | None = None, **kw: Any) -> list[Any]:
        """Name a table's columns; the inherited look-up sees only the first database. No rule here asks for types."""
        table = self.identifier_preparer.format_table(sa.Table(table_name, sa.MetaData(), schema=schema))
        with connection.exec_driver_sql(f"SELECT * FROM {table} LIMIT 0") as nothing:
            names = list(nothing.keys())
        return [{"name": name, "type": sa.types.NullType(), "nullable": True, "default": None} for name in names]
