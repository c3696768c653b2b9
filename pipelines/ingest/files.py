"""Which reader reads a provider's file, and what is checked before any row is: its kind, size and header.

Silently wrong is the one unforgivable result: nothing is guessed. How each kind is read belongs in its own module;
which column means what belongs in tables.
"""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from typing import Any

from pipelines.ingest import parquet_files, sqlite_files, text_files, workbooks
from pipelines.ingest.comparing import trimmed
from pipelines.ingest.headers import (
    MOST_COLUMNS,
    expected_columns,
    header_faults,
    ignored,
    nameless_fault,
    slot,
    tidy,
    too_many_columns,
)
from pipelines.ingest.other_kinds import disguise, of_another_kind
from pipelines.ingest.reading import Facts, Rows, place
from pipelines.ingest.text_dialect import text_facts
from pipelines.protocol.extracts import Extract
from pipelines.refusal import Refusal

__all__ = ["expected_columns", "header_faults", "load_table", "look", "open_rows", "read_header", "refuse"]

KINDS = {
    **dict.fromkeys((".csv", ".tsv", ".tab", ".txt", ".psv", ".ssv"), "text"),
    **dict.fromkeys((".xlsx", ".xlsm", ".xls", ".ods"), "workbook"),
    **dict.fromkeys((".parquet", ".pq"), "parquet"),
    **dict.fromkeys((".sqlite", ".sqlite3", ".db"), "sqlite"),
}
SIGNATURES = {
    b"PK\x03\x04": "a zip file (as XLSX and ODS are)",
    b"\xd0\xcf\x11\xe0": "an old workbook (XLS), or one locked with a password",
    b"PAR1": "Parquet",
    b"SQLite format 3\0": "SQLite",
    b"%PDF": "PDF",
    b"\x1f\x8b": "a gzip file",
}


def open_rows(connection: Any, path: Path, extract: Extract) -> Rows:
    """Return the rows of a file below its header, once the header is as the protocol expects.

    Raises
    ------
    Refusal
        When the file is empty, of an unknown kind, not readable as declared, or lacks expected columns.
    """
    if _kind(path) == "workbook":
        book = workbooks.open_rows(connection, path, extract)
        refuse(header_faults(path, book.facts.columns, extract))
        return book
    facts = look(path, extract)
    if len(facts.columns) > MOST_COLUMNS:
        raise too_many_columns(path)
    refuse(header_faults(path, facts.columns, extract))
    if facts.kind == "text":
        rows = text_files.open_rows(connection, path, facts)
    elif facts.kind == "parquet":
        left_out = [name for name in facts.columns if ignored(name, extract)]
        rows = parquet_files.open_rows(path, facts, left_out, _of_people(extract))
    else:
        rows = sqlite_files.open_rows(connection, path, facts, _of_people(extract))
    _refuse_nameless(connection, path, rows)
    return rows


def _of_people(extract: Extract) -> tuple[str, ...]:
    """Return the columns that tell people apart."""
    person = [extract.columns["person"].column] if "person" in extract.columns else []
    return tuple(map(tidy, (*person, *extract.identifiers.values())))


def look(path: Path, extract: Extract | None = None) -> Facts:
    """Return what a file says of itself: kind, encoding, delimiter, header row, sheet, table, names of its columns.

    With an extract, its pins hold and its columns prove the dialect; without, the file itself has to.

    Raises
    ------
    Refusal
        When something is in doubt, or is not as the protocol pins it.
    """
    kind = _kind(path)
    if kind == "text":
        return text_facts(path, extract)
    if kind == "parquet":
        return parquet_files.facts(path)
    if kind == "sqlite":
        return sqlite_files.facts(path, extract)
    return workbooks.facts(path, extract)


def _kind(path: Path) -> str:
    """Return the kind that a file's ending says, unless its first bytes say another one."""
    try:
        with path.open("rb") as file:
            start: bytes | None = file.read(64)
    except OSError:
        start = None
    if start is None:
        raise Refusal(f"{path.name} cannot be opened.", "May you read it, and is it still there?")
    if not start:
        raise Refusal(f"{path.name} is empty (0 bytes).", "Ask the provider to send it again.")
    kind = KINDS.get(path.suffix.lower())
    if kind is None:
        raise of_another_kind(path)
    signed = next((words for signature, words in SIGNATURES.items() if start.startswith(signature)), disguise(start))
    if signed and kind == "text":
        raise Refusal(f"{path.name} is no text, but {signed}.", "Give it the ending of its kind, or send it as CSV.")
    return kind


def refuse(faults: Iterable[str]) -> None:
    """Raise one Refusal that holds every fault."""
    found = list(faults)
    if found:
        raise Refusal("\n".join(found), "The earlier results stand.")


def _refuse_nameless(connection: Any, path: Path, rows: Rows) -> None:
    """A column without a name may be empty, as spreadsheets leave some at the right; it may not hold anything."""
    nameless = [index for index, name in enumerate(rows.facts.columns) if not name]
    if nameless:
        counts = ", ".join(f"count(*) FILTER ({trimmed(place(index))} <> '')" for index in nameless)
        found = _explained(connection, rows, f"SELECT {counts} FROM {rows.source}").fetchone()
        refuse(nameless_fault(path, index + 1) for index, count in zip(nameless, found, strict=True) if count)


def _explained(connection: Any, rows: Rows, sql: str) -> Any:
    """Run a statement over the rows; what DuckDB says when they cannot be read to their end is put into words."""
    import duckdb

    try:
        return connection.execute(sql)
    except duckdb.Error as error:
        refusal = rows.explain(str(error))
    raise refusal


# ---- until the callers read through open_rows ------------------------------------------------------------------------


def load_table(connection: Any, path: Path, extract: Extract, target: str) -> None:
    """Create the temporary table `target`: `source_row`, counted as a spreadsheet counts it, and expected columns.

    Every value is text; columns are named by `headers.slot`. Rows without any value are left out, as are columns that
    the protocol ignores.
    """
    rows = open_rows(connection, path, extract)
    header = rows.facts.columns
    number = "source_row" if rows.numbered else f"row_number() OVER () + {rows.facts.header_row} AS source_row"
    kept = ", ".join(f"{place(header.index(name))} AS {slot(extract, name)}" for name in expected_columns(extract))
    some = " OR ".join(f"{trimmed(place(index))} <> ''" for index in range(len(header)))
    inner = f"SELECT {number}, {', '.join(map(place, range(len(header))))} FROM {rows.source}"
    sql = f"CREATE OR REPLACE TEMP TABLE {target} AS SELECT source_row, {kept} FROM ({inner}) WHERE {some}"
    _explained(connection, rows, sql)
    if rows.numbered:
        connection.execute(f"DROP TABLE {rows.source}")


def read_header(path: Path, extract: Extract) -> tuple[str, ...]:
    """Return the header of a file, read as the protocol declares it."""
    return look(path, extract).columns
