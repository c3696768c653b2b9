"""Opening the encrypted DuckDB files of a pilot site, and replacing a table in them whole or not at all.

What is in the tables belongs in sql/; who may read them is decided by the callers: reports and synthesis never do.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any, TypeVar

from pipelines import keys
from pipelines.encrypted_files import attach, connect
from pipelines.refusal import Unusable, disk_full, not_writable, of_the_system
from pipelines.sql_text import named, quoted, statement
from pipelines.workspace import ROOT, PilotSite, Workspace

__all__ = [
    "ROOT",
    "STAGED",
    "as_path",
    "columns_of",
    "connect",
    "drop_whatever",
    "has_table",
    "insert",
    "know_delivered",
    "named",
    "open_vault",
    "open_warehouse",
    "point_vault_at",
    "quoted",
    "replace_table",
    "replace_view",
    "statement",
    "table_hash",
    "transaction",
    "without_values",
    "write_table",
]

T = TypeVar("T")

VAULT_COLUMNS = "noun VARCHAR, person_key VARCHAR, kind VARCHAR, value VARCHAR"
VAULT_PARTS = "noun VARCHAR, position INTEGER, query VARCHAR"
WAIT_SECONDS = 20.0
STAGED = "_staged"
"""Ending of a table that is checked before it takes the published one's name; it has to lie in the same schema."""
KEYS = ("row_key", "person_key")
NO_ROOM = ("no space left", "max_temp_directory_size", "disk quota", "could not write", "file too large")
LAYERS = ("raw", "staging", "validated", "quarantine", "analysis", "findings")


@contextmanager
def open_warehouse(site: PilotSite, *, read_only: bool = False, wait: float = WAIT_SECONDS) -> Iterator[Any]:
    """Open the person-level data of a site, pseudonymous, as the catalogue `warehouse`."""
    secret = keys.key(site.workspace, "warehouse")
    with _attached(site, site.warehouse_file, "warehouse", secret, read_only, wait) as connection:
        if not read_only:
            for layer in LAYERS:
                connection.execute(f"CREATE SCHEMA IF NOT EXISTS warehouse.{layer}")
            _sweep(connection)
        know_delivered(connection, site.workspace, site.pilot)
        connection.execute("USE warehouse")
        yield connection


def _sweep(connection: Any) -> None:
    """Drop what a killed process was checking: a file has one writer, so whoever opens it may take that for dead."""
    query = f"SELECT table_name FROM duckdb_tables() WHERE database_name = 'warehouse' AND table_name LIKE '%{STAGED}'"
    for (name,) in connection.execute(query).fetchall():
        connection.execute(f"DROP VIEW IF EXISTS warehouse.staging.{named(name.removesuffix(STAGED))}")
        connection.execute(f"DROP TABLE warehouse.validated.{named(name)}")


@contextmanager
def open_vault(site: PilotSite, *, wait: float = WAIT_SECONDS) -> Iterator[Any]:
    """Open the identifiers of a site as the catalogue `vault`; only ingest and the match of quotes do.

    `vault.identifiers` shows what is kept in it and what the vault's part of the store of delivered files holds.
    """
    secret = keys.key(site.workspace, "vault")
    with _attached(site, site.vault_file, "vault", secret, False, wait) as connection:
        know_delivered(connection, site.workspace, site.pilot, vault=True)
        _prepare_vault(connection)
        yield connection


def _prepare_vault(connection: Any) -> None:
    connection.execute(f"CREATE TABLE IF NOT EXISTS vault.kept ({VAULT_COLUMNS})")
    connection.execute(f"CREATE TABLE IF NOT EXISTS vault.parts ({VAULT_PARTS})")
    query = "SELECT view_name FROM duckdb_views() WHERE database_name = 'vault' AND view_name = 'identifiers'"
    if connection.execute(query).fetchone() is None:
        connection.execute("CREATE VIEW vault.identifiers AS SELECT * FROM vault.kept")


def point_vault_at(connection: Any, noun: str, queries: Sequence[str]) -> None:
    """Let the vault's identifiers of a noun be what some queries over the store return."""
    connection.execute("DELETE FROM vault.parts WHERE noun = ?", [noun])
    for position, query in enumerate(queries):
        connection.execute("INSERT INTO vault.parts VALUES (?, ?, ?)", [noun, position, query])
    parts = [
        query for (query,) in connection.execute("SELECT query FROM vault.parts ORDER BY noun, position").fetchall()
    ]
    union = " UNION ".join(["SELECT * FROM vault.kept", *parts])
    connection.execute(f"CREATE OR REPLACE VIEW vault.identifiers AS {union}")


def know_delivered(connection: Any, workspace: Workspace, pilot: str, *, vault: bool = False) -> None:
    """Tell a connection where the store of delivered files lies, and with which keys it is locked."""
    places = {"delivered": workspace.delivered_folder(pilot)}
    if vault:
        places["vaulted"] = workspace.delivered_vault(pilot)
    for name, folder in places.items():
        secret = keys.key(workspace, "vault" if name == "vaulted" else "warehouse")
        locked_with = keys.derived(secret, "delivered", pilot).hex()[:32]
        connection.execute(f"PRAGMA add_parquet_key('{name}', '{locked_with}')")
        connection.execute(f"SET VARIABLE {name} = ?", [as_path(folder)])


def as_path(path: Path) -> str:
    """Return a path as DuckDB takes it: [ and * in it are patterns, ? in brackets is the one escape that it knows."""
    return re.sub(r"[*?\[]", lambda found: f"[{found[0]}]", str(path))


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
    except OSError as error:
        known = of_the_system(error)
        if known is None:
            raise
        failure = known
    raise failure  # outside the handler, so that the first exception does not hang on to it as its context


def _spoken(error: Exception) -> Exception:
    said = str(error).lower()
    if any(words in said for words in NO_ROOM):
        return disk_full()
    if "permission denied" in said or "read-only" in said:
        return not_writable()
    if "out of memory" in type(error).__name__.lower() or "out of memory" in said:
        return Unusable("The machine's memory does not suffice.", "Close other programs. The earlier results stand.")
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


def replace_view(connection: Any, target: str, select: str) -> int:
    """Replace a table or view by a view; return the number of its rows."""
    _drop(connection, target, "TABLE")
    connection.execute(f"CREATE OR REPLACE VIEW {target} AS {select}")
    return int(connection.execute(f"SELECT count(*) FROM {target}").fetchone()[0])


def drop_whatever(connection: Any, target: str) -> None:
    """Drop a table or view, if there is one."""
    _drop(connection, target, "TABLE")
    _drop(connection, target, "VIEW")


def _drop(connection: Any, target: str, kind: str) -> None:
    """Drop what stands in the way as another kind of thing."""
    layer, noun = target.split(".")
    found = "duckdb_tables() WHERE table_name" if kind == "TABLE" else "duckdb_views() WHERE view_name"
    query = f"SELECT 1 FROM {found} = ? AND schema_name = ? AND database_name = 'warehouse'"
    if connection.execute(query, [noun.strip('"'), layer]).fetchone() is not None:
        connection.execute(f"DROP {kind} {target}")


def replace_table(connection: Any, target: str, select: str, parameters: Mapping[str, object] | None = None) -> int:
    """Replace a table by the rows of a SELECT; return their number."""
    if target.count(".") == 1:
        _drop(connection, target, "VIEW")
    connection.execute(f"CREATE OR REPLACE TABLE {target} AS {select}", dict(parameters or {}))
    return int(connection.execute(f"SELECT count(*) FROM {target}").fetchone()[0])


def write_table(connection: Any, target: str, select: str, parameters: Mapping[str, object] | None = None) -> None:
    """Create or replace a table of many rows; its keys lie there as they are.

    A key is another one in each row: trying five ways to pack it takes four times as long as writing it.
    """
    bound = dict(parameters or {})
    found = connection.execute(f"SELECT column_name, column_type FROM (DESCRIBE {select})", bound).fetchall()
    packed = {name: " USING COMPRESSION uncompressed" if name in KEYS else "" for name, _ in found}
    columns = ", ".join(f"{named(name)} {kind}{packed[name]}" for name, kind in found)
    connection.execute(f"CREATE OR REPLACE TABLE {target} ({columns})")
    connection.execute(f"INSERT INTO {target} {select}", bound)


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
    query = """
        SELECT 1 FROM duckdb_tables() WHERE database_name = 'warehouse' AND schema_name = $layer AND table_name = $noun
        UNION ALL
        SELECT 1 FROM duckdb_views() WHERE database_name = 'warehouse' AND schema_name = $layer AND view_name = $noun
    """
    return connection.execute(query, {"layer": layer, "noun": noun}).fetchone() is not None


def tables_in(connection: Any, layer: str) -> frozenset[str]:
    """Return the tables and views of a layer that were ever published: one question instead of one for each."""
    query = """
        SELECT table_name FROM duckdb_tables() WHERE database_name = 'warehouse' AND schema_name = $layer
        UNION ALL
        SELECT view_name FROM duckdb_views() WHERE database_name = 'warehouse' AND schema_name = $layer
    """
    return frozenset(name for (name,) in connection.execute(query, {"layer": layer}).fetchall())


def few_set_aside(connection: Any, minimum: int) -> bool:
    """Tell whether some table has rows set aside, but fewer than may be counted aloud."""
    query = "SELECT table_name FROM duckdb_tables() WHERE database_name = 'warehouse' AND schema_name = 'quarantine'"
    validated = tables_in(connection, "validated")
    tables = [name for (name,) in connection.execute(query).fetchall() if name in validated]  # others are about rows
    counts = [connection.execute(f"SELECT count(*) FROM quarantine.{named(name)}").fetchone()[0] for name in tables]
    return any(0 < count < minimum for count in counts)
