"""Opening the encrypted DuckDB files of a pilot site, and replacing a table in them whole or not at all.

What is in the tables belongs in sql/; who may read them is decided by the callers: reports and synthesis never do.
"""

from __future__ import annotations

import hashlib
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

from pipelines import keys
from pipelines.refusal import Refusal
from pipelines.workspace import ROOT, PilotSite

if TYPE_CHECKING:
    from duckdb import DuckDBPyConnection

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
    _attach(connection, site.vault_file, "vault", keys.key(site.workspace, "vault"), False, wait)
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
        _attach(connection, path, name, secret, read_only, wait)
        yield connection
    finally:
        connection.close()


def connect(site: PilotSite) -> DuckDBPyConnection:
    """Return a connection in memory that can write encrypted files and reaches no network."""
    import duckdb
    import duckdb_extension_httpfs

    spill = _folder(site.workspace.root / "warehouse" / ".spill")
    settings: dict[str, str | bool | int | float | list[str]] = {
        "autoinstall_known_extensions": "false",
        "autoload_known_extensions": "false",
        # What does not fit into memory goes to disk, and it holds names: encrypted too, which is not the default.
        "temp_file_encryption": "true",
        "temp_directory": str(spill),
    }
    connection = duckdb.connect(":memory:", config=settings)
    folder = Path(duckdb_extension_httpfs.__file__).parent / "extensions"
    extension = next(folder.glob(f"v{duckdb.__version__}/httpfs.duckdb_extension"))
    connection.execute(f"LOAD '{quoted(str(extension))}'")
    connection.execute("SET enable_progress_bar = false")
    return connection


def _folder(path: Path) -> Path:
    """Make a folder that only its owner can enter."""
    try:
        for missing in reversed([one for one in (path, *path.parents) if not one.exists()]):
            missing.mkdir(exist_ok=True, mode=0o700)  # `parents=True` would give the parents the usual mode
    except OSError:
        made = False
    else:
        made = True
    if not made:
        raise Refusal(
            f"The folder {path.parent.name}/{path.name} cannot be made in the workspace.",
            "Is the disk full, or may you not write there? Nothing was changed.",
        )
    return path


def _attach(connection: Any, path: Path, name: str, secret: str, read_only: bool, wait: float) -> None:
    """Attach an encrypted file; wait for another program to let go of it, then say so plainly."""
    if read_only and not path.exists():
        raise Refusal(f"{_place(path)} does not exist yet.", "Run the pilot first.")
    _folder(path.parent)
    options = f"ENCRYPTION_KEY '{secret}'{', READ_ONLY' if read_only else ''}"
    give_up = time.monotonic() + wait
    while problem := _attempt(connection, f"ATTACH '{quoted(str(path))}' AS {name} ({options})"):
        if not _worth_another_try(problem, path):
            raise _why_not_opened(problem, path)
        if time.monotonic() > give_up:
            raise _locked(path, wait)
        time.sleep(0.2)
    _insist_on_encryption(connection, name, path)


def _attempt(connection: Any, sql: str) -> str:
    """Run a statement; return what DuckDB says when it fails. It may say too much: no exception hangs on to it."""
    import duckdb

    try:
        connection.execute(sql)
    except duckdb.Error as error:
        return str(error) or type(error).__name__
    return ""


def _place(path: Path) -> str:
    return f"{path.parent.parent.name}/{path.parent.name}/{path.name}"


def _worth_another_try(problem: str, path: Path) -> bool:
    """Tell a file that is in use, by its holder's lock in this or another process; its name may hold any word."""
    said = problem.replace(str(path), "").lower()
    return "set lock" in said or "lock is held" in said or "already attached" in said or "handle conflict" in said


def _why_not_opened(problem: str, path: Path) -> Refusal:
    said, where = problem.replace(str(path), "").lower(), _place(path)
    if "is not encrypted" in said:
        return _plaintext(path)
    if "encryption key" in said or "read aes tag" in said:
        return Refusal(
            f"{where} cannot be opened with the key in the folder keys.",
            "Put back the key it was made with. If the key is right, the file is damaged: move it away and run the"
            " pilot again; it is made from the drops.",
        )
    if "not a valid duckdb" in said or "could not read enough" in said:
        remedy = "Move the file away and run the pilot again; it is made from the drops."
        return Refusal(f"{where} is damaged.", remedy)
    return Refusal(f"{where} cannot be opened.", "Is the disk full, or may you not write there? Nothing was changed.")


def _locked(path: Path, wait: float) -> Refusal:
    return Refusal(
        f"{_place(path)} is in use by another program; waited {wait:.0f} seconds.",
        "Let the other run finish, or close the program that has the file open, and run again. Nothing was changed.",
    )


def _plaintext(path: Path) -> Refusal:
    return Refusal(
        f"{_place(path)} is not encrypted, so it was not made here.",
        "Delete it and run the pilot again; it is made from the drops.",
    )


def _insist_on_encryption(connection: Any, name: str, path: Path) -> None:
    row = connection.execute("SELECT encrypted FROM duckdb_databases() WHERE database_name = ?", [name]).fetchone()
    if not row or not row[0]:
        raise _plaintext(path)


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
