"""Delimited text files: the dialect is proven by the columns that the protocol expects, or the file is refused.

DuckDB reads in one scan. Its messages quote whole rows: only line numbers are kept of them, and no exception of ours
hangs on to one of its.
"""

from __future__ import annotations

import codecs
import csv
import io
import mmap
import re
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from pipelines.ingest.comparing import trimmed
from pipelines.ingest.headers import expected_columns, nameless_fault, tidy
from pipelines.ingest.reading import Facts, Rows
from pipelines.protocol.extracts import Extract
from pipelines.refusal import Refusal
from pipelines.warehouse import named

DELIMITERS = (",", ";", "\t", "|")
MARKS = {codecs.BOM_UTF8: "utf-8-sig", codecs.BOM_UTF16_LE: "utf-16", codecs.BOM_UTF16_BE: "utf-16"}
BLANK_LINE = re.compile(rb"(?:\r\n|\n|\r)[ \t]*(?:\r\n|\n|\r)")
ENDINGS = (re.compile(rb"\r\n"), re.compile(rb"(?<!\r)\n"), re.compile(rb"\r(?!\n)"))
LONGEST_HEADER = 1 << 20
csv.field_size_limit(10_000_000)  # Python's own limit is 131,072: an interview in a cell is longer


def split_header(path: Path, extract: Extract) -> tuple[tuple[str, ...], str]:
    """Return header and delimiter: declared, or the one under which most expected columns stand in the header."""
    expected = set(expected_columns(extract))
    candidates = (extract.delimiter,) if extract.delimiter else DELIMITERS
    first = _first_lines(path, extract)
    headers = {delimiter: _first_row(first, delimiter) for delimiter in candidates}
    best = max(candidates, key=lambda d: (len(expected & set(headers[d])), len(headers[d])))
    return headers[best], best


def load(connection: Any, path: Path, extract: Extract, target: str, header: Sequence[str], delimiter: str) -> None:
    """Read a file whose header is sound into `target`."""
    text = _normal(path, _encoding(path, extract))
    _scan(connection, path, text, delimiter, len(header))
    try:
        _refuse_nameless(connection, path, header)
        rows = _row_numbers(connection, text, path, delimiter)
        slots = {tidy(name): named(f"column_{i}") for i, name in enumerate(expected_columns(extract))}
        kept = ", ".join(f"{_place(header.index(name))} AS {slot}" for name, slot in slots.items())
        some = " OR ".join(f"{trimmed(_place(i))} <> ''" for i in range(len(header)))
        connection.execute(
            f"CREATE OR REPLACE TEMP TABLE {target} AS SELECT {rows} AS source_row, {kept} FROM scanned WHERE {some}"
        )
    finally:
        connection.execute("DROP TABLE IF EXISTS scanned; DROP TABLE IF EXISTS numbered")


def _place(index: int) -> str:
    return named(f"place_{index}")


def _scan(connection: Any, path: Path, text: str | None, delimiter: str, width: int) -> None:
    """Read every row as text; a file that DuckDB can read as it lies is not read into memory."""
    # DuckDB takes [ and * in a path for a pattern; ? in brackets is the one escape that it knows.
    source: Any = re.sub(r"[*?\[]", lambda found: f"[{found[0]}]", str(path)) if text is None else io.StringIO(text)
    try:
        rows = connection.read_csv(
            source,
            header=True,
            delimiter=delimiter,
            quotechar='"',
            escapechar='"',
            columns={f"place_{i}": "VARCHAR" for i in range(width)},
            auto_detect=False,
            strict_mode=True,
            null_padding=False,
            na_values="",
        )
        rows.query(
            "lying",
            "CREATE OR REPLACE TEMP TABLE scanned AS SELECT row_number() OVER () AS position, * FROM lying",
        )
        connection.execute("DROP VIEW lying")
    except Exception as error:
        refusal = _unreadable_row(path, str(error))
    else:
        return
    raise refusal


def _unreadable_row(path: Path, error: str) -> Refusal:
    """Say where a text file cannot be read, in words of our own."""
    line = re.search(r"Line: (\d+)", error)
    where = f"{path.name}, line {line[1]}" if line else path.name
    wide = re.search(r"Expected Number of Columns: (\d+) Found: (\d+)", error)
    if wide:
        return Refusal(
            f"{where}: {wide[2]} columns where the header has {wide[1]}.", "Ask the provider to send it again."
        )
    if "unicode" in error.lower() or "utf-8" in error.lower():
        return _not_in(where, "utf-8")
    return Refusal(f"{where}: the row cannot be read (a quotation mark without its partner?).", "Ask for it again.")


def _not_in(where: str, encoding: str) -> Refusal:
    spelt = "UTF-8" if encoding.startswith("utf-8") else encoding
    remedy = "Name the file's encoding in the protocol, for example `encoding: cp1252`."
    return Refusal(f"{where}: not {spelt}.", remedy)


def _encoding(path: Path, extract: Extract) -> str:
    """Return the encoding: told by the byte order mark, declared, or UTF-8."""
    with path.open("rb") as file:
        start = file.read(256)
    for mark, encoding in MARKS.items():
        if start.startswith(mark):
            return encoding
    if extract.encoding:
        return codecs.lookup(extract.encoding).name
    if b"\0" in start:
        raise Refusal(
            f"{path.name}: this is not a text in UTF-8.", "Name its encoding, for example `encoding: utf-16`."
        )
    return "utf-8"


def _normal(path: Path, encoding: str) -> str | None:
    """Return the text of a file that DuckDB cannot read as it lies: another encoding, mixed line ends, blank lines.

    Decoded in memory: nothing decoded ever lies on disk.
    """
    with path.open("rb") as file, mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ) as content:
        mixed = sum(ending.search(content) is not None for ending in ENDINGS) > 1
        if encoding.startswith("utf-8") and not mixed and not BLANK_LINE.search(content):
            return None
    text = _decoded(path, path.read_bytes(), encoding)
    return text.replace("\r\n", "\n").replace("\r", "\n") if mixed else text


def _decoded(path: Path, content: bytes, encoding: str, *, whole: bool = True) -> str:
    """Return the text of some bytes; of the beginning of a file, the last letter may be cut in two."""
    try:
        return codecs.getincrementaldecoder(encoding)().decode(content, whole).removeprefix("\ufeff")
    except UnicodeDecodeError as error:
        line = content.count(b"\n", 0, error.start) + 1
        where = f"{path.name}, line {line}, byte {error.start + 1} of the file"
    except ValueError:
        where = path.name
    raise _not_in(where, encoding)


def _row_numbers(connection: Any, text: str | None, path: Path, delimiter: str) -> str:
    """Return the number of each row as a spreadsheet shows it: DuckDB passes over blank lines, a spreadsheet does not.

    Only for a file with blank lines (which `_normal` reads into memory) is it read a second time.
    """
    if text is None:
        return "position + 1"
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=delimiter, strict=False)
    numbers = [number for number, row in enumerate(reader, start=1) if row][1:]
    (count,) = connection.execute("SELECT count(*) FROM scanned").fetchone()
    if len(numbers) != count:
        one_column = connection.execute("SELECT count(*) FROM (DESCRIBE scanned)").fetchone()[0] == 2
        if one_column:  # there, a blank line is a row whose one value is missing
            return "position + 1"
        raise Refusal(f"{path.name}: its rows cannot be told apart with certainty.", "Ask for it without blank lines.")
    connection.execute("CREATE OR REPLACE TEMP TABLE numbered (numbers BIGINT[])")
    connection.execute("INSERT INTO numbered VALUES (?)", [numbers])
    return "(SELECT numbers FROM numbered)[position]"


def _refuse_nameless(connection: Any, path: Path, header: Sequence[str]) -> None:
    """A column without a name may be empty, as spreadsheets leave some at the right; it may not hold anything."""
    for index in (index for index, name in enumerate(header) if not name):
        query = f"SELECT count(*) FROM scanned WHERE {trimmed(_place(index))} <> ''"
        if connection.execute(query).fetchone()[0]:
            raise Refusal(nameless_fault(path, index + 1), "The earlier results stand.")


def _first_lines(path: Path, extract: Extract) -> str:
    """Return the beginning of a file, as far as a header may reach."""
    with path.open("rb") as file:
        start = file.read(LONGEST_HEADER)
    return _decoded(path, start, _encoding(path, extract), whole=False)


def _first_row(text: str, delimiter: str) -> tuple[str, ...]:
    """Return the first row under a delimiter."""
    try:
        return tuple(tidy(name) for name in next(csv.reader(io.StringIO(text, newline=""), delimiter=delimiter), ()))
    except csv.Error:
        return ()


def open_rows(connection: Any, path: Path, extract: Extract, header: Sequence[str], delimiter: str) -> Rows:
    text = _normal(path, _encoding(path, extract))
    facts = Facts("text", tuple(header), delimiter=delimiter)
    explain = lambda said: _unreadable_row(path, said)  # noqa: E731
    if text is None and all(header):
        lying = re.sub(r"[*?\[]", lambda found: f"[{found[0]}]", str(path)).replace("'", "''")
        columns = "{" + ", ".join(f"'place_{i}': 'VARCHAR'" for i in range(len(header))) + "}"
        mark = delimiter.replace("'", "''")
        source = (
            f"read_csv('{lying}', header = true, delim = '{mark}', quote = '\"', escape = '\"', columns = {columns}, "
            "auto_detect = false, strict_mode = true, null_padding = false)"
        )
        return Rows(facts, source, False, explain)
    _scan(connection, path, text, delimiter, len(header))
    _refuse_nameless(connection, path, header)
    rows = _row_numbers(connection, text, path, delimiter)
    connection.execute(f"CREATE OR REPLACE TEMP TABLE opened AS SELECT {rows} AS source_row, * FROM scanned")
    return Rows(facts, "opened", True, explain)
