"""Any table of text, numbers, dates, booleans and blanks that a program writes into a workbook comes back equal."""

from __future__ import annotations

import datetime as dt
import html
import io
import tempfile
import zipfile
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import duckdb
import openpyxl
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from pipelines.ingest import quick_sheets, workbooks
from pipelines.protocol.extracts import Extract

Table = list[list[object]]
NAMES = ("Case", "B", "C", "D")
COLUMNS: Any = {f"field_{i}": {"column": name} for i, name in enumerate(NAMES)}
EXTRACT = Extract(file="x.xlsx", columns=COLUMNS)
TRIALS = settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.too_slow])

letters = st.characters(codec="utf-8", exclude_categories=("Cc", "Cs"), exclude_characters="\ufffe\uffff")
texts = st.one_of(
    st.text(letters, min_size=1, max_size=12).filter(
        lambda text: not text.startswith(("=", "_x")) and "_x" not in text
    ),
    st.sampled_from(
        ["00123", "TRUE", "2024-01-05", "1e5", "NA", " padded ", "a\nb", "x & <y> \"z\" 'w'", "12,5", "\u00a0é"]
    ),
)
numbers = st.one_of(
    st.integers(-(10**15) + 1, 10**15 - 1),
    st.floats(allow_nan=False, allow_infinity=False, min_value=-1e12, max_value=1e12).map(lambda x: float(f"{x:.15g}")),
    st.sampled_from([0.1, 1e-7, 123456789012345, 0, -1]),
)
days = st.dates(dt.date(1900, 3, 1), dt.date(9999, 12, 30))
moments = st.datetimes(dt.datetime(1900, 3, 1), dt.datetime(2200, 1, 1)).map(lambda when: when.replace(microsecond=0))
cells = st.one_of(st.none(), texts, numbers, days, moments, st.booleans())
mixed = st.lists(st.lists(cells, min_size=3, max_size=3), min_size=1, max_size=8)
pure = st.tuples(*[st.sampled_from([texts, numbers, moments, st.booleans()])] * 3).flatmap(
    lambda kinds: st.lists(
        st.tuples(*(st.one_of(st.none(), kind) for kind in kinds)).map(list), min_size=1, max_size=12
    )
)


def keyed(rows: Table) -> Table:
    """Give every row a key of its own, so that none is blank."""
    return [[f"{number:04d}", *row] for number, row in enumerate(rows, start=1)]


def expected(value: object) -> str:
    if value is None:
        return ""
    if isinstance(value, bool):
        return "TRUE" if value else "FALSE"
    if isinstance(value, dt.datetime):
        return value.date().isoformat() if value.time() == dt.time() else value.isoformat()
    if isinstance(value, dt.date):
        return value.isoformat()
    if isinstance(value, str):
        return value
    number = float(value)  # type: ignore[arg-type]
    return str(int(number)) if number == int(number) else repr(number)


def returned(path: Path) -> list[list[str]]:
    connection = duckdb.connect()
    rows = workbooks.open_rows(connection, path, EXTRACT)
    found = connection.execute(f"SELECT * FROM {rows.source} ORDER BY source_row").fetchall()
    assert [row[0] for row in found] == list(range(2, len(found) + 2))
    return [[cell or "" for cell in row[1:5]] for row in found]


def same(table: Table, content: bytes, ending: str) -> None:
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / f"x{ending}"
        path.write_bytes(content)
        assert returned(path) == [[expected(value) for value in row] for row in table]


def by_openpyxl(table: Table) -> bytes:
    book = openpyxl.Workbook()
    for row in [list(NAMES), *table]:
        book.active.append(row)
    out = io.BytesIO()
    book.save(out)
    return out.getvalue()


def by_xlsxwriter(table: Table, *, from_1904: bool) -> bytes:
    xlsxwriter: Any = pytest.importorskip("xlsxwriter")
    out = io.BytesIO()
    book = xlsxwriter.Workbook(out, {"date_1904": from_1904})
    sheet = book.add_worksheet("Cases")
    day, moment = book.add_format({"num_format": "dd/mm/yy"}), book.add_format({"num_format": "d mmm yyyy h:mm:ss"})
    for number, row in enumerate([list(NAMES), *table]):
        for column, value in enumerate(row):
            if isinstance(value, str):
                sheet.write_string(number, column, value)
            elif isinstance(value, dt.datetime):
                sheet.write_datetime(number, column, value, moment)
            elif isinstance(value, dt.date):
                sheet.write_datetime(number, column, value, day)
            elif isinstance(value, bool):
                sheet.write_boolean(number, column, value)
            elif value is not None:
                sheet.write_number(number, column, value)
    book.close()
    return out.getvalue()


def ods_cell(value: object) -> str:
    text = html.escape(expected(value)).replace("\n", "</text:p><text:p>").replace(" ", "<text:s/>")
    kinds: dict[type, str] = {
        bool: f'boolean" office:boolean-value="{str(value).lower()}',
        dt.datetime: f'date" office:date-value="{value.isoformat() if isinstance(value, dt.date) else ""}',
        dt.date: f'date" office:date-value="{value}',
        str: "string",
        int: f'float" office:value="{value}',
        float: f'float" office:value="{value!r}',
    }
    if value is None:
        return "<table:table-cell/>"
    shown = text if isinstance(value, str) else "as shown"
    return f'<table:table-cell office:value-type="{kinds[type(value)]}"><text:p>{shown}</text:p></table:table-cell>'


MANIFEST = (
    '<manifest:manifest xmlns:manifest="urn:oasis:names:tc:opendocument:xmlns:manifest:1.0">'
    '<manifest:file-entry manifest:full-path="/" manifest:media-type="application/vnd.oasis.opendocument.spreadsheet"/>'
    "</manifest:manifest>"
)


def by_hand_as_ods(table: Table) -> bytes:
    """Write content.xml as LibreOffice does, with a long run of empty rows at the end."""
    spaces = " ".join(
        f'xmlns:{name}="urn:oasis:names:tc:opendocument:xmlns:{name}:1.0"' for name in ("office", "table", "text")
    )
    rows = "".join(f"<table:table-row>{''.join(map(ods_cell, row))}</table:table-row>" for row in [list(NAMES), *table])
    blanks = '<table:table-cell table:number-columns-repeated="1024"/>'
    empty = f'<table:table-row table:number-rows-repeated="1048000">{blanks}</table:table-row>'
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as packed:
        packed.writestr("mimetype", "application/vnd.oasis.opendocument.spreadsheet")
        packed.writestr("META-INF/manifest.xml", MANIFEST)
        packed.writestr(
            "content.xml",
            f'<office:document-content {spaces}><office:body><office:spreadsheet><table:table table:name="Cases">'
            f"{rows}{empty}</table:table></office:spreadsheet></office:body></office:document-content>",
        )
    return out.getvalue()


def by_xlwt(table: Table) -> bytes:
    xlwt: Any = pytest.importorskip("xlwt")
    book = xlwt.Workbook(encoding="utf-8")
    sheet = book.add_sheet("Cases")
    styles: Sequence[Any] = [
        xlwt.easyxf(num_format_str=code) for code in ("General", "DD/MM/YYYY", "YYYY-MM-DD HH:MM:SS")
    ]
    for number, row in enumerate([list(NAMES), *table]):
        for column, value in enumerate(row):
            index = 2 if isinstance(value, dt.datetime) else 1 if isinstance(value, dt.date) else 0
            if value is not None:
                sheet.write(number, column, value, styles[index])
    out = io.BytesIO()
    book.save(out)
    return out.getvalue()


@TRIALS
@given(mixed)
def test_a_table_written_by_openpyxl_comes_back(rows: Table) -> None:
    same(keyed(rows), by_openpyxl(keyed(rows)), ".xlsx")


@TRIALS
@given(mixed, st.booleans())
def test_a_table_written_by_xlsxwriter_comes_back(rows: Table, from_1904: bool) -> None:
    if from_1904:
        rows = [[None if isinstance(v, dt.date) and v.year < 1905 else v for v in row] for row in rows]
    same(keyed(rows), by_xlsxwriter(keyed(rows), from_1904=from_1904), ".xlsx")


@TRIALS
@given(mixed)
def test_a_table_written_as_ods_comes_back(rows: Table) -> None:
    same(keyed(rows), by_hand_as_ods(keyed(rows)), ".ods")


@TRIALS
@given(mixed)
def test_a_table_written_as_xls_comes_back(rows: Table) -> None:
    same(keyed(rows), by_xlwt(keyed(rows)), ".xls")


@TRIALS
@given(pure, st.booleans())
def test_the_quick_way_gives_the_same(rows: Table, by_pandas: bool) -> None:
    """Columns of one kind, however small, are read the quick way; the cells are what was written."""
    table = keyed(rows)
    content = by_xlsxwriter(table, from_1904=False) if by_pandas else by_openpyxl(table)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(quick_sheets, "SMALL", 0)
        same(table, content, ".xlsx")


def test_the_quick_way_is_taken_for_tables_of_one_kind_a_column() -> None:
    """Without this, the property above could hold for want of a quick way."""
    table: Table = [[f"{i:04d}", f" text & {i}", i / 3, dt.datetime(2024, 1, 5, 10, i)] for i in range(50)]
    for content in (by_openpyxl(table), by_xlsxwriter(table, from_1904=False)):
        with tempfile.TemporaryDirectory() as folder, pytest.MonkeyPatch.context() as patch:
            patch.setattr(quick_sheets, "SMALL", 0)
            path = Path(folder) / "x.xlsx"
            path.write_bytes(content)
            book: Any = workbooks.open_book(path)
            name = book.sheets[0].name
            assert quick_sheets.quick_table(duckdb.connect(), book, name, EXTRACT, "fast") is not None
