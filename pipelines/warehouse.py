"""Opening the encrypted DuckDB files of a pilot site, and replacing a table in them whole or not at all.

What is in the tables belongs in sql/; who may read them is decided by the callers: reports and synthesis never do.
"""

from __future__ import annotations

import hashlib
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

from pipelines import keys
from pipelines.refusal import Refusal
from pipelines.workspace import ROOT, PilotSite

if TYPE_CHECKING:
    from duckdb import DuckDBPyConnection

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
def _attached(site: PilotSite, path: Path, name: str, secret: str, read_only: bool, wait: float) -> Iterator[Any]:
    connection = connect(site)
    try:
        _attach(connection, path, name, secret, read_only, wait)
        yield connection
    finally:
        connection.close()


def connect(site: PilotSite) -> DuckDBPyConnection:
    """Return a connection in memory that can write encrypted files and reaches no network."""
    import duckdb
    import duckdb_extension_httpfs

    spill = site.workspace.root / "warehouse" / ".spill"
    spill.mkdir(parents=True, exist_ok=True, mode=0o700)
    settings = {"autoinstall_known_extensions": "false", "autoload_known_extensions": "false"}
    connection = duckdb.connect(":memory:", config={**settings, "temp_directory": str(spill)})
    folder = Path(duckdb_extension_httpfs.__file__).parent / "extensions"
    extension = next(folder.glob(f"v{duckdb.__version__}/httpfs.duckdb_extension"))
    connection.execute(f"LOAD '{quoted(str(extension))}'")
    connection.execute("SET enable_progress_bar = false")
    return connection


def _attach(connection: Any, path: Path, name: str, secret: str, read_only: bool, wait: float) -> None:
    """Attach an encrypted file; wait for another program to let go of it, then say so plainly."""
    path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    options = f"ENCRYPTION_KEY '{secret}'{', READ_ONLY' if read_only else ''}"
    give_up = time.monotonic() + wait
    while True:
        try:
            connection.execute(f"ATTACH '{quoted(str(path))}' AS {name} ({options})")
            break
        except Exception as error:
            problem = _why_not_opened(error, path)
            if problem is not None or time.monotonic() > give_up:
                raise problem or _locked(path, wait) from None
            time.sleep(0.2)
    _insist_on_encryption(connection, name, path)


def _why_not_opened(error: Exception, path: Path) -> Refusal | None:
    """Return what to tell the user, or None when it is worth another try."""
    text = str(error).lower()
    if "lock" in text or "conflict" in text or "already attached" in text:
        return None
    where = f"{path.parent.parent.name}/{path.parent.name}/{path.name}"
    if "encryption" in text or "key" in text or "decrypt" in text:
        return Refusal(
            f"{where} cannot be opened with the key in the folder keys.", "Put back the key it was made with."
        )
    if "does not exist" in text:
        return Refusal(f"{where} does not exist yet.", "Run the pilot first.")
    return Refusal(f"{where} cannot be opened ({type(error).__name__}).", "Is the disk full, or the file damaged?")


def _locked(path: Path, wait: float) -> Refusal:
    where = f"{path.parent.parent.name}/{path.parent.name}/{path.name}"
    return Refusal(
        f"{where} is in use by another program; waited {wait:.0f} seconds.",
        "Let the other run finish, or close the program that has the file open, and run again. Nothing was changed.",
    )


def _insist_on_encryption(connection: Any, name: str, path: Path) -> None:
    row = connection.execute("SELECT encrypted FROM duckdb_databases() WHERE database_name = ?", [name]).fetchone()
    if not row or not row[0]:
        raise Refusal(f"{path.name} is not encrypted.", "Delete the file and run the pilot again from its drops.")


def quoted(text: str) -> str:
    """Return text for use between single quotes in SQL."""
    return text.replace("'", "''")


def named(identifier: str) -> str:
    """Return an identifier for SQL, in double quotes."""
    return '"' + identifier.replace('"', '""') + '"'


def statement(layer: str, noun: str) -> str:
    """Return sql/<layer>/<noun>.sql: the SELECT that builds one table."""
    return (ROOT / "sql" / layer / f"{noun}.sql").read_text(encoding="utf-8")


@contextmanager
def transaction(connection: Any) -> Iterator[None]:
    """Run what is inside as a whole or not at all: a killed process leaves the old tables."""
    connection.execute("BEGIN")
    try:
        yield
        connection.execute("COMMIT")
    except BaseException:
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
    # DuckDB's own row hash only finds what changed; the SHA-256 over all of them names the whole.
    hashes = connection.execute(f"SELECT hash(t) FROM {target} t ORDER BY 1").fetchnumpy()
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
