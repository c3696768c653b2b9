"""Turns tables of the synthetic pilot into the bytes of CSV and XLSX files; the same table gives the same bytes."""

import csv
import io
import re
import zipfile
from collections.abc import Iterable
from datetime import datetime
from typing import Any

import pandas as pd

from pipelines.demo.layouts import Layout

EPOCH = (1980, 1, 1, 0, 0, 0)
SAVED = datetime(2026, 1, 1)
ISO = "%Y-%m-%d"


def case_file(known: pd.DataFrame, layout: Layout) -> bytes:
    """The case records as this site would send them."""
    table = pd.DataFrame({heading: _written(known[name], layout) for heading, name in layout.columns.items()})
    return xlsx_bytes(table, layout.sheet) if layout.sheet else csv_bytes(table, layout)


def register_file(rows: pd.DataFrame) -> bytes:
    """A pilot-wide table as plain CSV: ISO dates, Y and N."""
    names = [str(name) for name in rows]
    plain = Layout({name: name for name in names}, {name: {"True": "Y", "False": "N"} for name in names}, ISO)
    return case_file(rows, plain)


def _written(values: pd.Series, layout: Layout) -> list[Any]:
    codes = layout.codes.get(str(values.name), {})
    return [_one(value, codes, layout.dates) for value in values]


def _one(value: Any, codes: dict[str, str], dates: str) -> Any:
    if pd.isna(value) or value == "":
        return None
    if isinstance(value, pd.Timestamp):
        return value.strftime(dates) if dates else value.to_pydatetime()
    coded = codes.get(str(value), value)
    return coded.item() if hasattr(coded, "item") else coded


def csv_bytes(table: pd.DataFrame, layout: Layout) -> bytes:
    """Return a table as text with the layout's delimiter, line breaks and byte order mark."""
    buffer = io.StringIO()
    writer = csv.writer(buffer, delimiter=layout.delimiter, lineterminator=layout.newline)
    writer.writerow(table.columns)
    writer.writerows([_cell(value) for value in row] for row in table.itertuples(index=False))
    return buffer.getvalue().encode("utf-8-sig" if layout.byte_order_mark else "utf-8")


def _cell(value: Any) -> str:
    if value is None or pd.isna(value):
        return ""
    # A column with gaps turns whole numbers into floats; nobody writes 118.0 days.
    return str(int(value)) if isinstance(value, float) and value.is_integer() else str(value)


def xlsx_bytes(table: pd.DataFrame, sheet: str) -> bytes:
    """A workbook with one sheet and real dates."""
    from openpyxl import Workbook

    book = Workbook()
    book.properties.created = SAVED
    page = book.active
    page.title = sheet
    page.append(list(table.columns))
    for row in table.astype(object).itertuples(index=False):
        page.append([None if pd.isna(value) else value for value in row])
    for cell in (cell for row in page.iter_rows(min_row=2) for cell in row if cell.is_date):
        cell.number_format = "DD/MM/YYYY"
    buffer = io.BytesIO()
    book.save(buffer)
    return _without_clock(buffer.getvalue())


def _without_clock(workbook: bytes) -> bytes:
    """The same workbook without the two times of saving that openpyxl writes: in its properties and in the zip."""
    buffer = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(workbook)) as old, zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as new:
        for name, content in _sorted_entries(old):
            info = zipfile.ZipInfo(name, EPOCH)
            info.compress_type = zipfile.ZIP_DEFLATED
            new.writestr(info, _saved(content) if name == "docProps/core.xml" else content)
    return buffer.getvalue()


def _sorted_entries(archive: zipfile.ZipFile) -> Iterable[tuple[str, bytes]]:
    return ((name, archive.read(name)) for name in sorted(archive.namelist()))


def _saved(properties: bytes) -> bytes:
    stamp = SAVED.strftime("%Y-%m-%dT%H:%M:%SZ").encode()
    return re.sub(rb"(<dcterms:modified[^>]*>)[^<]*", rb"\g<1>" + stamp, properties)
