"""Reading a table of a provider's file into DuckDB as text, row by row as delivered, or refusing it in plain words.

Silently wrong is the one unforgivable result: the dialect of a text file is proven by the columns that the protocol
expects, every row must be as wide as the header, and nothing is guessed. Which column means what belongs in receive.
"""

from __future__ import annotations

import codecs
import csv
import datetime as dt
import fnmatch
import io
import re
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

from pipelines.protocol.extracts import Extract
from pipelines.protocol.faults import did_you_mean
from pipelines.refusal import Refusal
from pipelines.warehouse import insert, named

DELIMITERS = (",", ";", "\t", "|")
WORKBOOKS = {".xlsx", ".xlsm", ".xls", ".ods"}
TEXTS = {".csv", ".tsv", ".txt"}
LARGEST_WORKBOOK = 200 * 1024 * 1024


def load_table(connection: Any, path: Path, extract: Extract, target: str) -> None:
    """Create the temporary table `target`: every column as text, and `source_row` counted as a spreadsheet counts it.

    Raises
    ------
    Refusal
        When the file is empty, of an unknown kind, not readable as declared, or lacks expected columns.
    """
    if path.stat().st_size == 0:
        raise Refusal(f"{path.name} is empty (0 bytes).", "Ask the provider to send it again.")
    kind = path.suffix.lower()
    if kind in WORKBOOKS:
        _load_workbook(connection, path, extract, target)
    elif kind in TEXTS:
        _load_text(connection, path, extract, target)
    else:
        raise Refusal(f"{path.name} is of a kind that is not read here.", "Send it as CSV, XLSX or ODS.")


def expected_columns(extract: Extract) -> tuple[str, ...]:
    """Return the headers that a file of this extract must have."""
    return (*(column.column for column in extract.columns.values()), *extract.identifiers.values())


def header_faults(path: Path, header: Sequence[str], extract: Extract) -> list[str]:
    """Return what is wrong with a header, in plain words."""
    expected = set(expected_columns(extract))
    faults = [
        f'{path.name}: the column "{name}" is missing. {did_you_mean(name, set(header) - expected)}'.strip()
        for name in sorted(expected - set(header))
    ]
    unknown = [n for n in header if n not in expected and not any(fnmatch.fnmatch(n, p) for p in extract.ignore)]
    faults += [
        f'{path.name}: the column "{name}" is not in the protocol. Map it under columns or identifiers, or '
        "list it under ignore; it may identify somebody, so nothing is read before that is decided."
        for name in unknown
    ]
    twice = sorted({name for name in header if list(header).count(name) > 1})
    return faults + [f'{path.name}: the column "{name}" stands there twice.' for name in twice]


def read_header(path: Path, extract: Extract) -> tuple[str, ...]:
    """Return the header of a file, read as the protocol declares it."""
    if path.suffix.lower() in WORKBOOKS:
        rows = _workbook_rows(path, extract)
        return tuple(rows[0]) if rows else ()
    return _split_header(path, extract)[0]


def _load_text(connection: Any, path: Path, extract: Extract, target: str) -> None:
    """Read a delimited text file in one scan, every value as text."""
    header, delimiter = _split_header(path, extract)
    refuse(header_faults(path, header, extract))
    encoding = _encoding(path, extract)
    # Another encoding is decoded in memory: nothing decoded ever lies on disk.
    source: Any = str(path) if encoding == "utf-8-sig" else io.StringIO(_decoded(path, encoding))
    try:
        rows = connection.read_csv(
            source,
            header=True,
            delimiter=delimiter,
            quotechar='"',
            escapechar='"',
            columns=dict.fromkeys(header, "VARCHAR"),
            auto_detect=False,
            strict_mode=True,
            null_padding=False,
            na_values="",
        )
        rows.query(
            "delivered",
            f"CREATE TEMP TABLE {target} AS SELECT row_number() OVER () + 1 AS source_row, * FROM delivered",
        )
    except Exception as error:
        raise _unreadable_row(path, str(error)) from None


def _unreadable_row(path: Path, error: str) -> Refusal:
    """Say where a text file cannot be read. DuckDB's own message holds the whole row: only the line number is kept."""
    line = re.search(r"Line: (\d+)", error)
    where = f"{path.name}, line {line[1]}" if line else path.name
    wide = re.search(r"Expected Number of Columns: (\d+) Found: (\d+)", error)
    if wide:
        return Refusal(
            f"{where}: {wide[2]} columns where the header has {wide[1]}.", "Ask the provider to send it again."
        )
    if "utf" in error.lower():
        return Refusal(
            f"{where}: not UTF-8.", "Name the file's encoding in the protocol, for example `encoding: cp1252`."
        )
    return Refusal(f"{where}: the row cannot be read (a quotation mark without its partner?).", "Ask for it again.")


def _encoding(path: Path, extract: Extract) -> str:
    """Return the encoding: declared, told by the byte order mark, or UTF-8."""
    if extract.encoding:
        return extract.encoding
    with path.open("rb") as file:
        start = file.read(2)
    return "utf-16" if start in (codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE) else "utf-8-sig"


def _decoded(path: Path, encoding: str) -> str:
    try:
        return path.read_bytes().decode(encoding)
    except UnicodeDecodeError as error:
        raise Refusal(
            f"{path.name}: byte {error.start} is not {encoding}.", "Name its encoding in the protocol."
        ) from None
    except LookupError:
        raise Refusal(f"The encoding {encoding} of {path.name} is not known.", "Use utf-8 or cp1252.") from None


def _first_row(path: Path, extract: Extract, delimiter: str) -> tuple[str, ...]:
    """Return the first row of a text file under a delimiter."""
    encoding = _encoding(path, extract)
    try:
        with path.open(encoding=encoding, newline="") as file:
            return tuple(next(csv.reader(file, delimiter=delimiter, strict=True), ()))
    except (UnicodeDecodeError, LookupError):
        _decoded(path, encoding)
        raise
    except csv.Error:
        return ()


def _split_header(path: Path, extract: Extract) -> tuple[tuple[str, ...], str]:
    """Return header and delimiter: declared, or the one under which most expected columns stand in the header."""
    expected = set(expected_columns(extract))
    candidates = (extract.delimiter,) if extract.delimiter else DELIMITERS
    headers = {delimiter: _first_row(path, extract, delimiter) for delimiter in candidates}
    best = max(candidates, key=lambda d: (len(expected & set(headers[d])), len(headers[d])))
    return headers[best], best


def _load_workbook(connection: Any, path: Path, extract: Extract, target: str) -> None:
    """Read one sheet; Excel's dates become yyyy-mm-dd, its whole numbers lose the ".0" that only Excel stores."""
    rows = _workbook_rows(path, extract)
    if not rows:
        raise Refusal(f"{path.name} holds no rows.", "Ask the provider to send it again.")
    refuse(header_faults(path, rows[0], extract))
    definition = ", ".join(f"{named(name)} VARCHAR" for name in rows[0])
    connection.execute(f"CREATE TEMP TABLE {target} (source_row BIGINT, {definition})")
    insert(connection, target, [[index, *row] for index, row in enumerate(rows[1:], start=2) if any(row)])


def _workbook_rows(path: Path, extract: Extract) -> list[list[str]]:
    import python_calamine

    if path.stat().st_size > LARGEST_WORKBOOK:
        raise Refusal(f"{path.name} is larger than 200 MB.", "Send it as CSV.")
    try:
        workbook = python_calamine.CalamineWorkbook.from_path(str(path))
    except Exception:
        raise Refusal(
            f"{path.name} cannot be opened as a workbook.", "Is it damaged, or locked with a password?"
        ) from None
    rows = workbook.get_sheet_by_name(_sheet(path, workbook, extract)).to_python(skip_empty_area=False)
    return [[_cell(value) for value in row] for row in rows]


def _sheet(path: Path, workbook: Any, extract: Extract) -> str:
    names = list(workbook.sheet_names)
    if extract.sheet:
        if extract.sheet not in names:
            raise Refusal(f'{path.name} has no sheet "{extract.sheet}".', did_you_mean(extract.sheet, names))
        return extract.sheet
    if len(names) != 1:
        raise Refusal(
            f"{path.name} has {len(names)} sheets.", f"Name one as `sheet` in the protocol: {', '.join(names)}."
        )
    return str(names[0])


def _cell(value: object) -> str:
    """Return a cell as the text that a person sees in it."""
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, float) and value.is_integer():
        return str(int(value))
    if isinstance(value, dt.datetime) and value.time() == dt.time():
        return value.date().isoformat()
    return value.isoformat() if isinstance(value, dt.date | dt.datetime | dt.time) else str(value)


def refuse(faults: Iterable[str]) -> None:
    """Raise one Refusal that holds every fault."""
    found = list(faults)
    if found:
        raise Refusal("\n".join(found), "The earlier results stand.")
