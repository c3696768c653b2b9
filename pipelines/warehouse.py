"""Opening the encrypted DuckDB files of a pilot site, and replacing a table in them whole or not at all.

What is in the tables belongs in sql/; who may read them is decided by the callers: reports and synthesis never do.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any, TypeVar

from pipelines import keys
from pipelines.encrypted_files import attach, connect
from pipelines.refusal import Refusal
from pipelines.sql_text import named, quoted, statement
from pipelines.workspace import ROOT, PilotSite

__all__ = [
    "ROOT",
    "columns_of",
    "connect",
    "has_table",
    "insert",
    "named",
    "open_vault",
    "open_warehouse",
    "quoted",
    "replace_table",
    "statement",
    "table_hash",
    "transaction",
    "vault_beside",
    "without_values",
]

T = TypeVar("T")

VAULT_COLUMNS = "noun VARCHAR, person_key VARCHAR, kind VARCHAR, value VARCHAR"
WAIT_SECONDS = 20.0
LAYERS = ("raw", "staging", "validated", "quarantine", "analysis", "findings")


@contextmanager
def open_warehouse(site: PilotSite, *, read_only: bool = False, wait: float = WAIT_SECONDS) -> Iterator[Any]:
    """Open the person-level data of a site, pseudonymous, as the catalogue `warehouse`."""
    secret = keys.key(site.workspace, "warehouse")
    with _attached(site, site.warehouse_file, "warehouse", secret, read_only, wait) as connection:
        if not read_only:
            for layer in LAYERS:
                connection.execute(f"CREATE SCHEMA IF NOT EXISTS warehouse.{layer}")
        connection.execute("USE warehouse")
        yield connection


@contextmanager
def open_vault(site: PilotSite, *, wait: float = WAIT_SECONDS) -> Iterator[Any]:
    """Open the identifiers of a site as the catalogue `vault`; only ingest and the match of quotes do."""
    secret = keys.key(site.workspace, "vault")
    with _attached(site, site.vault_file, "vault", secret, False, wait) as connection:
        connection.execute(f"CREATE TABLE IF NOT EXISTS vault.identifiers ({VAULT_COLUMNS})")
        yield connection


@contextmanager
def vault_beside(connection: Any, site: PilotSite, *, wait: float = WAIT_SECONDS) -> Iterator[None]:
    """Open the vault on a connection that has rows for it, so that they never pass through Python one by one."""
    attach(connection, site.vault_file, "vault", keys.key(site.workspace, "vault"), False, wait)
    try:
        connection.execute(f"CREATE TABLE IF NOT EXISTS vault.identifiers ({VAULT_COLUMNS})")
        yield
    finally:
        with suppress(Exception):  # the connection is closed soon after; what went wrong before counts
            connection.execute("DETACH vault")


@contextmanager
def _attached(site: PilotSite, path: Path, name: str, secret: str, read_only: bool, wait: float) -> Iterator[Any]:
    connection = connect(site)
    try:
        attach(connection, path, name, secret, read_only, wait)
        yield connection
    finally:
        connection.close()


def without_values(work: Callable[[], T]) -> T:
    """Do a step's work; replace what DuckDB raises by words, because its messages quote cells and whole rows."""
    import duckdb

    try:
        return work()
    except duckdb.Error as error:
        failure = _spoken(error)
    raise failure  # outside the handler, so that the first exception does not hang on to it as its context


def _spoken(error: Exception) -> Exception:
    said = str(error).lower()
    if any(words in said for words in ("no space left", "max_temp_directory_size", "disk quota", "could not write")):
        return Refusal("The disk is full.", "Make room and run again. The earlier results stand.")
    if "permission denied" in said or "read-only" in said:
        return Refusal("The workspace cannot be written.", "May you write there? The earlier results stand.")
    if "out of memory" in type(error).__name__.lower() or "out of memory" in said:
        return Refusal("The machine's memory does not suffice.", "Close other programs. The earlier results stand.")
    return RuntimeError(f"DuckDB stopped with a {type(error).__name__}. Its message may quote data and is not shown.")


@contextmanager
def transaction(connection: Any) -> Iterator[None]:
    """Run what is inside as a whole or not at all: a killed process leaves the old tables."""
    connection.execute("BEGIN")
    try:
        yield
        connection.execute("COMMIT")
    except BaseException:
        with suppress(Exception):  # after a failed COMMIT there is nothing left to roll back
            connection.execute("ROLLBACK")
        raise


def replace_table(connection: Any, target: str, select: str, parameters: Mapping[str, object] | None = None) -> int:
    """Replace a table by the rows of a SELECT; return their number."""
    connection.execute(f"CREATE OR REPLACE TABLE {target} AS {select}", dict(parameters or {}))
    return int(connection.execute(f"SELECT count(*) FROM {target}").fetchone()[0])


def insert(connection: Any, target: str, rows: Sequence[Sequence[object]]) -> None:
    """Insert rows given in the order of the table's columns; through a frame, for one by one is slow."""
    if not rows:
        return
    import pandas as pd

    columns = [name for name, _ in columns_of(connection, target)]
    frame = pd.DataFrame([tuple(row) for row in rows], columns=columns, dtype=object)
    connection.register("inserted_rows", frame)
    connection.execute(f"INSERT INTO {target} SELECT * FROM inserted_rows")
    connection.unregister("inserted_rows")


def table_hash(connection: Any, target: str) -> str:
    """Return a SHA-256 that depends on a table's columns and rows, but not on the order of the rows."""
    # DuckDB's own row hash only finds what changed; the SHA-256 over all of them names the whole. The alias is one
    # that no column can have: hash(t) of a table with a column t would be that column's alone.
    hashes = connection.execute(f'SELECT hash("a whole row") FROM {target} "a whole row" ORDER BY 1').fetchnumpy()
    values = next(iter(hashes.values()))
    return hashlib.sha256(repr(columns_of(connection, target)).encode() + bytes(values.data)).hexdigest()


def columns_of(connection: Any, target: str) -> tuple[tuple[str, str], ...]:
    """Return name and type of each column of a table."""
    found = connection.execute(f"SELECT column_name, column_type FROM (DESCRIBE {target})").fetchall()
    return tuple((str(name), str(kind)) for name, kind in found)


def has_table(connection: Any, layer: str, noun: str) -> bool:
    """Tell whether a table was ever published."""
    query = "SELECT 1 FROM duckdb_tables() WHERE database_name = 'warehouse' AND schema_name = ? AND table_name = ?"
    return connection.execute(query, [layer, noun]).fetchone() is not None


def few_set_aside(connection: Any, minimum: int) -> bool:
    """Tell whether some table has rows set aside, but fewer than may be counted aloud."""
    query = "SELECT table_name FROM duckdb_tables() WHERE database_name = 'warehouse' AND schema_name = 'quarantine'"
    found = [name for (name,) in connection.execute(query).fetchall()]
    tables = [name for name in found if has_table(connection, "validated", name)]  # the others are about rows
    counts = [connection.execute(f"SELECT count(*) FROM quarantine.{named(name)}").fetchone()[0] for name in tables]
    return any(0 < count < minimum for count in counts)
