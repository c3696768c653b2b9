"""Any table comes back from any file equal, cell by cell, or the file is refused: never silently different.

Not only what programs write: also what is left of it when a sign is lost, doubled or put in the wrong place.
"""

from __future__ import annotations

import csv
import io
import re
import sqlite3
import zipfile
from collections.abc import Callable
from contextlib import closing
from pathlib import Path
from typing import Any

import duckdb
import pandas as pd
import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from pipelines.ingest import plain_text
from pipelines.ingest.archives import unpacked
from pipelines.ingest.files import open_rows
from pipelines.ingest.reading import place
from pipelines.protocol.extracts import Extract
from pipelines.refusal import Refusal

Rows = list[tuple[str, ...]]
NAMES = ("Case number", "Name", "Note")
EXTRACT = Extract.model_validate({"file": "*", "columns": dict(zip(("person", "a", "b"), NAMES, strict=True))})
ANY = settings(suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None, max_examples=150)

signs = st.one_of(
    st.sampled_from(list(",;\t|\"'\\ \n\r\u00a0=é😀\u2028\x1a0")), st.characters(codec="utf-8", exclude_characters="\0")
)
texts = st.text(signs, max_size=6)
numbers = st.one_of(st.integers(), st.floats(allow_nan=False, allow_infinity=False)).map(str)
usual = st.sampled_from(
    ["007", "-9", "2026-01-31", "31/01/2026", "NA", "NULL", "TRUE", " x ", "1,234.50", "C:\\x\\", ""]
)
cells = st.one_of(texts, numbers, usual)
tables = st.lists(st.tuples(cells, cells, cells), max_size=8)
latin = st.lists(
    st.tuples(*[st.text(st.characters(codec="cp1252", exclude_characters="\0"), max_size=6)] * 3), max_size=8
)


@pytest.fixture
def connection() -> Any:
    with duckdb.connect(config={"threads": 1}) as opened:
        yield opened


def read(connection: Any, path: Path, extract: Extract = EXTRACT) -> Rows:
    """Return the rows in the file's order; line ends inside cells are one kind, blank is an empty text."""
    rows = open_rows(connection, path, extract)
    header = rows.facts.columns
    places = ", ".join(f"coalesce({place(header.index(name))}, '')" for name in NAMES)
    order = " ORDER BY source_row" if rows.numbered else ""
    try:
        found = connection.execute(f"SELECT {places} FROM {rows.source}{order}").fetchall()
    except duckdb.Error as error:
        refusal = rows.explain(str(error))
    else:
        return [tuple(map(one_kind, row)) for row in found]
    raise refusal


def one_kind(cell: str) -> str:
    return cell.replace("\r\n", "\n").replace("\r", "\n")


def same(rows: Rows) -> Rows:
    return [tuple(map(one_kind, row)) for row in rows]


def read_or_refused(connection: Any, path: Path, extract: Extract = EXTRACT) -> Rows | None:
    """Return the rows, or nothing where the file is refused, by its name and without a chained exception."""
    try:
        return read(connection, path, extract)
    except Refusal as raised:
        refusal = raised
    assert path.name in str(refusal)
    assert (refusal.__cause__, refusal.__context__) == (None, None)
    return None


def written(rows: Rows, **dialect: Any) -> str:
    text = io.StringIO()
    csv.writer(text, **dialect).writerows([NAMES, *rows])
    return text.getvalue()


quotings = st.sampled_from([csv.QUOTE_MINIMAL, csv.QUOTE_ALL, csv.QUOTE_NONNUMERIC])
endings = st.sampled_from(["\n", "\r\n", "\r"])
delimiters = st.sampled_from([",", ";", "\t", "|", "~"])
encodings = st.sampled_from(["utf-8", "utf-8-sig", "utf-16", "utf-16-le", "utf-16-be", "utf-32"])


def sayable(rows: Rows, ending: str) -> Rows:
    """Return a table that Python's writer can write: it leaves line ends other than its own without quotes."""
    return [tuple(one_kind(cell).replace("\n", ending) for cell in row) for row in rows]


PAIRS = ("''", "``", "\u2018\u2019", "\u201c\u201d", "\u00ab\u00bb")


def two_meanings(rows: Rows) -> bool:
    """Tell what may be refused though a program wrote it.

    That is a backslash or a blank in front of a quotation mark, a row between other signs, a row that could hold the
    names of a second table (words below figures), the sign that switches encodings in East Asia, and a text whose every
    letter beyond ASCII could be what UTF-8 becomes when it is encoded twice.
    """
    if any(sign in cell for row in rows for cell in row for sign in '\\"\x1b') or _could_be_encoded_twice(rows):
        return True
    held = [[cell.strip() for cell in row if cell.strip()] for row in rows]
    if any(len(row) > 1 and any({cell[0] + cell[-1] for cell in row} == {pair} for pair in PAIRS) for row in held):
        return True
    return any(_names_below_figures(rows[:number], row) for number, row in enumerate(rows))


def _could_be_encoded_twice(rows: Rows) -> bool:
    runs = [run for row in rows for cell in row for run in re.findall(r"[^\x00-\x7f]+", cell)]
    return bool(runs) and all(map(_is_once_more, runs))


def _is_once_more(run: str) -> bool:
    """Tell signs that stand for bytes (of cp1252, or of Latin-1 where that has none) which are UTF-8 again."""
    as_bytes = [sign.encode("cp1252", "ignore") or sign.encode("latin-1", "ignore") for sign in run]
    try:
        b"".join(as_bytes).decode("utf-8")
    except UnicodeDecodeError:
        return False
    return all(as_bytes)


def _names_below_figures(above: Rows, row: tuple[str, ...]) -> bool:
    """Tell distinct words, one of them in a column in which everything above has a digit."""
    words = [cell.strip() for cell in row if cell.strip()]
    columns = [[one[index] for one in above if one[index].strip()] for index, cell in enumerate(row) if cell.strip()]
    figures = any(column and all(any(map(str.isdecimal, cell)) for cell in column) for column in columns)
    return figures and len(set(words)) > 1


@ANY
@given(tables, delimiters, quotings, endings, encodings)
def test_what_pythons_writer_writes(
    connection: Any, tmp_path: Path, rows: Rows, delimiter: str, quoting: Any, ending: str, encoding: str
) -> None:
    path = tmp_path / "x.csv"
    rows = sayable(rows, ending)
    text = written(rows, delimiter=delimiter, quoting=quoting, lineterminator=ending)
    path.write_bytes(text.encode(encoding))
    extract = EXTRACT.model_copy(update={"delimiter": delimiter} if delimiter == "~" else {})
    found = read_or_refused(connection, path, extract)
    assert found == same(rows) or (found is None and two_meanings(rows))


@ANY
@given(latin, delimiters, endings)
def test_a_declared_8_bit_encoding(connection: Any, tmp_path: Path, rows: Rows, delimiter: str, ending: str) -> None:
    path = tmp_path / "x.csv"
    rows = sayable(rows, ending)
    content = written(rows, delimiter=delimiter, lineterminator=ending).encode("cp1252")
    path.write_bytes(content)
    found = read_or_refused(connection, path, EXTRACT.model_copy(update={"encoding": "cp1252", "delimiter": delimiter}))
    doubtful = two_meanings(rows) or is_utf8(content) or LOOKS_LIKE_UTF8.search(content)
    assert found == same(rows) or (found is None and doubtful)
    if not content.isascii() and not is_utf8(content):
        assert read_or_refused(connection, path, EXTRACT.model_copy(update={"delimiter": delimiter})) is None


LOOKS_LIKE_UTF8 = re.compile(rb"[\xc2\xc3][\x80-\xbf]|\xe2\x80[\x80-\xbf]")
"""Letters of Western Europe, and curly quotes, as UTF-8 has them: in a file in cp1252 they may be of another file."""


def is_utf8(content: bytes) -> bool:
    try:
        content.decode("utf-8")
    except UnicodeDecodeError:
        return False
    return not content.isascii()


@ANY
@given(tables, st.sampled_from([",", ";"]), st.sampled_from([csv.QUOTE_MINIMAL, csv.QUOTE_ALL]))
@example([("", "", "\u00ce\u00a0")], ",", csv.QUOTE_MINIMAL)
def test_what_pandas_and_spreadsheets_write(
    connection: Any, tmp_path: Path, rows: Rows, delimiter: str, quoting: Any
) -> None:
    """A spreadsheet ends rows with CRLF and breaks lines within cells with LF, after a byte order mark."""
    path = tmp_path / "x.csv"
    one = same(rows)
    pd.DataFrame(one, columns=list(NAMES), dtype=object).to_csv(
        path, index=False, sep=delimiter, quoting=quoting, lineterminator="\r\n", encoding="utf-8-sig"
    )
    found = read_or_refused(connection, path)
    assert found == one or (found is None and two_meanings(rows))


values = st.one_of(st.none(), st.integers(-(2**63), 2**63 - 1), st.floats(allow_nan=False, allow_infinity=False), texts)


def as_text(value: object) -> str:
    if isinstance(value, float):
        return str(int(value)) if value.is_integer() and abs(value) < 2**53 else repr(value)
    return "" if value is None else str(value)


@ANY
@given(st.lists(st.tuples(values, values, values), max_size=8))
def test_what_sqlite_holds(connection: Any, tmp_path: Path, rows: list[tuple[Any, ...]]) -> None:
    path = tmp_path / "x.sqlite"
    path.unlink(missing_ok=True)
    with closing(sqlite3.connect(path)) as database:
        database.execute('CREATE TABLE cases ("Case number", "Name", "Note")')
        database.execute('CREATE INDEX covering ON cases ("Note", "Name", "Case number")')
        database.executemany("INSERT INTO cases VALUES (?, ?, ?)", rows)
        database.execute("CREATE TABLE other (x)")
        database.commit()
    found = read_or_refused(connection, path)
    lost_digits = any(isinstance(row[0], float) and abs(row[0]) >= 2**53 for row in rows)  # of a person's number
    assert found is None if lost_digits else found == [tuple(one_kind(as_text(value)) for value in row) for row in rows]


@ANY
@given(
    st.lists(
        st.tuples(
            st.one_of(st.none(), st.integers(-(2**63), 2**63 - 1)),
            st.one_of(st.none(), texts),
            st.one_of(st.none(), st.floats(allow_nan=False, allow_infinity=False)),
        ),
        max_size=8,
    )
)
def test_what_parquet_holds(connection: Any, tmp_path: Path, rows: list[tuple[Any, ...]]) -> None:
    path = tmp_path / "x.parquet"
    connection.execute('CREATE OR REPLACE TEMP TABLE t ("Case number" BIGINT, "Name" VARCHAR, "Note" DOUBLE)')
    for row in rows:
        connection.execute("INSERT INTO t VALUES (?, ?, ?)", row)
    connection.execute(f"COPY t TO '{path}' (FORMAT parquet)")
    found = read(connection, path)
    assert [row[:2] for row in found] == [(as_text(row[0]), one_kind(as_text(row[1]))) for row in rows]
    assert [float(row[2]) if row[2] else None for row in found] == [row[2] for row in rows]
    assert not any(row[2].endswith(".0") for row in found)


@ANY
@given(tables, st.sampled_from(["x.csv", "folder/x.csv", "über uns/x;1.csv"]))
def test_what_is_zipped(connection: Any, tmp_path: Path, rows: Rows, name: str) -> None:
    plain, packed, private = tmp_path / "x.csv", tmp_path / "x.zip", tmp_path / "private"
    plain.write_text(written(rows), encoding="utf-8", newline="")
    with zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.write(plain, name)
    with unpacked([("x.zip", packed)], private) as ((shown, path),):
        assert shown == f"x.zip/{name}"
        assert path.read_bytes() == plain.read_bytes()
        assert read_or_refused(connection, path) == read_or_refused(connection, plain)
    assert list(private.iterdir()) == []


# ---- what is left of a file when something went wrong ----------------------------------------------------------------


def strictly(content: bytes, delimiter: str) -> list[list[str]] | None:
    """Return what Python's strict reader finds below the header; None where it refuses, or rows are not even."""
    try:
        text = content.decode("utf-8-sig")
        rows = list(csv.reader(io.StringIO(text, newline=""), delimiter=delimiter, strict=True))
    except (csv.Error, UnicodeDecodeError):
        return None
    header = next((number for number, row in enumerate(rows) if set(NAMES) <= {" ".join(n.split()) for n in row}), None)
    if header is None:
        return None
    below = [row for row in rows[header + 1 :] if row and not (len(row) == 1 and not row[0].strip(" \t\u00a0"))]
    places = [[" ".join(n.split()) for n in rows[header]].index(name) for name in NAMES]
    if any(len(row) != len(rows[header]) for row in below):
        return None
    return [[one_kind(row[index]) for index in places] for row in below]


@st.composite
def damaged(draw: st.DrawFn) -> tuple[bytes, str]:
    delimiter = draw(st.sampled_from([",", ";", "\t"]))
    ending = draw(endings)
    rows = draw(st.lists(st.tuples(cells, cells, cells), min_size=1, max_size=6))
    content = written(rows, delimiter=delimiter, lineterminator=ending, quoting=draw(quotings)).encode()
    for _ in range(draw(st.integers(1, 3))):
        at = draw(st.integers(0, len(content)))
        what = draw(
            st.sampled_from(
                [b"", b'"', b'""', delimiter.encode(), b"\n", b"\r\n", b"\r", b" ", b"\\", b"\0", b"\xe9", b"\xff"]
            )
        )
        cut = draw(st.sampled_from([0, 0, 1, 1, 2, 10**6]))
        content = content[:at] + what + content[at + cut :]
    return content, delimiter


@settings(ANY, max_examples=600)
@given(damaged(), st.sampled_from([1, 3, 16, 1 << 18]))
@example((b'"\rCase number","Name","Note"\n"","",""\n', ","), 16)
@example((b'"\nCase number","Name","Note"\r\n"","",""\r\n', ","), 16)
@example((b"Case number,Name,Note\n1,Smith, John,\n", ","), 16)
@example((b'Case number,Name,Note\n1,"a" ,\n', ","), 16)
@example((b'Case number,Name,Note\n1, "a",\n', ","), 16)
def test_a_damaged_file_is_read_as_the_strict_rules_say_or_refused(
    connection: Any, tmp_path: Path, file: tuple[bytes, str], piece: int
) -> None:
    """The prover looks at a file in pieces: small ones, so that every sign falls on a border once."""
    content, delimiter = file
    path = tmp_path / "x.csv"
    path.write_bytes(content)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(plain_text, "CHUNK", piece)
        found = read_or_refused(connection, path) if content else None
    if found is not None:
        right = strictly(content, delimiter)
        assert right is not None
        assert [list(row) for row in found] == right


Splice = Callable[[bytes, bytes], bytes]


@pytest.mark.parametrize(
    "splice",
    [
        lambda first, second: first.encode() + second.encode("cp1252"),
        lambda first, second: first.encode() + second.encode("utf-16-le"),
        lambda first, second: first.encode("utf-16") + second.encode(),
        lambda first, second: first.encode("utf-16-le") + second.encode("utf-16-be"),
        lambda first, second: first.encode() + b"\xed\xa0\x80,2,3\n" + second.encode(),
    ],
    ids=["cp1252 after utf-8", "utf-16 after utf-8", "utf-8 after utf-16", "two utf-16", "half a pair"],
)
def test_two_encodings_in_one_file_are_refused(connection: Any, tmp_path: Path, splice: Any) -> None:
    path = tmp_path / "x.csv"
    path.write_bytes(splice(written([("1", "é", "")] * 9), "2,Zoë,ü\n" * 9))
    assert read_or_refused(connection, path) is None
