"""Reading a table of a provider's file into DuckDB as text, row by row as delivered, or refusing it in plain words.

Silently wrong is the one unforgivable result: nothing is guessed. How text files and workbooks are read belongs in
text_files and workbooks; which column means what belongs in tables.
"""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from typing import Any

from pipelines.ingest import text_files, workbooks
from pipelines.ingest.headers import expected_columns, header_faults
from pipelines.ingest.reading import Rows
from pipelines.protocol.extracts import Extract
from pipelines.refusal import Refusal

__all__ = ["expected_columns", "header_faults", "load_table", "read_header", "refuse"]

WORKBOOKS = {".xlsx", ".xlsm", ".xls", ".ods"}
TEXTS = {".csv", ".tsv", ".txt"}


def load_table(connection: Any, path: Path, extract: Extract, target: str) -> None:
    """Create the temporary table `target`: `source_row`, counted as a spreadsheet counts it, and expected columns.

    Every value is text; columns are named by `headers.slot`. Rows without any value are left out, as are columns that
    the protocol ignores.

    Raises
    ------
    Refusal
        When the file is empty, of an unknown kind, not readable as declared, or lacks expected columns.
    """
    if _is_workbook(path):
        header, rows = workbooks.read(path, extract)
        refuse(header_faults(path, header, extract))
        workbooks.load(connection, path, extract, target, header, rows)
    else:
        header, delimiter = text_files.split_header(path, extract)
        refuse(header_faults(path, header, extract))
        text_files.load(connection, path, extract, target, header, delimiter)


def read_header(path: Path, extract: Extract) -> tuple[str, ...]:
    """Return the header of a file, read as the protocol declares it."""
    if _is_workbook(path):
        return workbooks.read(path, extract)[0]
    return text_files.split_header(path, extract)[0]


def _is_workbook(path: Path) -> bool:
    """Tell a workbook from a text file; refuse what is neither, and what cannot be opened at all."""
    try:
        with path.open("rb") as file:
            empty = not file.read(1)
    except OSError:
        empty = None
    if empty is None:
        raise Refusal(f"{path.name} cannot be opened.", "May you read it, and is it still there?")
    if empty:
        raise Refusal(f"{path.name} is empty (0 bytes).", "Ask the provider to send it again.")
    kind = path.suffix.lower()
    if kind not in WORKBOOKS | TEXTS:
        raise Refusal(f"{path.name} is of a kind that is not read here.", "Send it as CSV, XLSX or ODS.")
    return kind in WORKBOOKS


def refuse(faults: Iterable[str]) -> None:
    """Raise one Refusal that holds every fault."""
    found = list(faults)
    if found:
        raise Refusal("\n".join(found), "The earlier results stand.")


def open_rows(connection: Any, path: Path, extract: Extract) -> Rows:
    """Return the rows of a file, its header proven by the protocol."""
    if _is_workbook(path):
        return workbooks.open_rows(connection, path, extract)
    header, delimiter = text_files.split_header(path, extract)
    refuse(header_faults(path, header, extract))
    return text_files.open_rows(connection, path, extract, header, delimiter)
