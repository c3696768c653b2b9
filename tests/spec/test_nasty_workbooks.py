"""Every workbook of the nasty collection: read cell by cell as another reader reads it, or refused in words.

The other reader is openpyxl; of an old workbook (.xls), its twin in XLSX is read; where there is none, or openpyxl
loses something, what a person sees in the workbook is written down here.
"""

from __future__ import annotations

import datetime as dt
import warnings
from dataclasses import dataclass
from pathlib import Path

import duckdb
import openpyxl
import pytest

from pipelines.ingest.files import open_rows
from pipelines.ingest.headers import tidy
from pipelines.ingest.reading import place
from pipelines.protocol.extracts import Extract
from pipelines.refusal import Refusal

NASTY = Path(__file__).resolve().parents[3] / "shared" / "data" / "nasty"
if not NASTY.is_dir():
    pytest.skip("the nasty files are not on this machine", allow_module_level=True)

SHEETS, HORROR = NASTY / "readxl/tests/testthat/sheets", NASTY / "messytables/horror"
Cells = list[list[str]]


@dataclass(frozen=True)
class Book:
    """One row of the table: what the protocol says of a workbook, and what becomes of it."""

    name: str
    verdict: str = "read"
    """`read`, or the words of the refusal."""
    sheet: str = ""
    header_row: int = 1
    twin: str = ""
    """The same workbook in XLSX."""
    names: tuple[str, ...] = ()
    """What a user who sees the workbook would map, where no other reader can say it."""

    @property
    def path(self) -> Path:
        return (SHEETS if (SHEETS / self.name).is_file() else HORROR) / self.name


PEOPLE = [
    ["Name", "Age", "When"],
    ["Bob", "20", "2010-10-10"],
    ["Jane", "23", "2012-01-01"],
    ["Ian", "34", "2015-11-11"],
]
SEEN: dict[str, Cells] = {
    "simple.ods": PEOPLE,
    "blank_line.ods": PEOPLE,
    "loffice-4.4.1.2.ods": PEOPLE,
    "multilineods.ods": [["1 2 3 4"]],
    "unicode_sheet_name.xls": [["this spreadsheet has got a unicode character in the sheet name"]],
    "more-than-256-unique-strings-xls.xls": [["var"], *([f"x{number}"] for number in range(1, 258))],
}
LARGE_ODS = ["Financial Year", "Financial Quarter", "Force Name", "Offence Code", "Number of Offences"]
BEGINNINGS: dict[str, tuple[int, Cells]] = {
    "biff5-label-records.xls": (15, [["Date", "Time"], ["21/01/2017", "01:00", "0.170769", "54.033"]]),
    "biff5-rich-text-string.xls": (14, [["No.", "Surname in full."], ["1788", "McNally"], ["1789", "Nel"]]),
    "excel_properties.xls": (18, [["bold"], ["italic"], ["underline"]]),
    "large.ods": (23761, [LARGE_ODS, ["2007/08", "1", "Avon & Somerset", "104", "188"]]),
    "los-angeles-arrests-xlsx.xlsx": (194, [["BKG_NUM", "BKG_DT", "BKG_TM"], ["4894831", "01/30/17", "00:05"]]),
    "mtcars.xls": (7, [["mpg", "cyl", "disp"], ["21", "6", "160"], ["21", "6", "160"], ["22.8", "4", "108"]]),
    "ods_formats.ods": (6, [["Date", "Time", "Boolean"], ["2014-11-11", "11:12:12", "TRUE", "11.11"]]),
}
"""Of workbooks that no other reader here reads: how many rows there are, header and all, and how the first begin."""

LINES = ("first line of text ", "second line of text ", "i don't know what type of line feed I've used ", "last line")
LOST_BY_OPENPYXL = {
    "dates-leap-year-1900": (4, 0, "1900-02-29T08:00:00"),
    "new_line_errors": (1, 0, "\r\n".join(LINES)),
}
"""Row, column and text of a cell: it knows no 29 February 1900 (Excel does), and keeps escapes as they are."""

NAMELESS = "holds values but has no name"

BOOKS = [
    *(
        Book(f"{name}.xlsx", sheet=sheet)
        for name, sheet in {
            **dict.fromkeys(
                ("big-texty-numbers-xlsx", "currency-formats-xlsx", "datetime-rounding", "iris-google-doc"), ""
            ),
            **dict.fromkeys(
                ("empty-named-column", "iris-excel-xlsx", "missing-first-column", "missing-v-node-xlsx"), ""
            ),
            **dict.fromkeys(
                ("missing-values-xlsx", "no-styles-or-sharedStrings-parts", "nonstandard-xml-ns-prefix"), ""
            ),
            **dict.fromkeys(("numbers-as-na-and-shared-strings-xlsx", "style-only-cells", "texty-dates-xlsx"), ""),
            **dict.fromkeys(("vietnamese-utf8", "simple", "sw_gen"), ""),
            "missing-first-column": "Sheet1",
            "blanks": "same_row_middle",
            "embedded-chartsheet": "iris",
            "list_type": "Sheet1",
            "no-yes-col-names": "yes-col-names",
            "sheet-xml-lookup": "Asia",
            "types": "guess_me",
            "utf8-sheet-names": "∂",
            "whitespace-xlsx": "whitespace",
        }.items()
    ),
    *(
        Book(f"{name}.xls", sheet=sheet, twin=f"{twin or name}.xlsx")
        for name, sheet, twin in (
            ("big-texty-numbers-xls", "", "big-texty-numbers-xlsx"),
            ("blanks", "same_row_middle", ""),
            ("datetime-rounding", "", ""),
            ("empty-named-column", "", ""),
            ("iris-excel-xls", "", "iris-excel-xlsx"),
            ("list_type", "Sheet1", ""),
            ("missing-first-column", "Sheet1", ""),
            ("missing-values-xls", "", "missing-values-xlsx"),
            ("no-yes-col-names", "yes-col-names", ""),
            ("numbers-as-na-and-shared-strings-xls", "", "numbers-as-na-and-shared-strings-xlsx"),
            ("style-only-cells", "", ""),
            ("texty-dates-xls", "", "texty-dates-xlsx"),
            ("types", "guess_me", ""),
            ("utf8-sheet-names", "∂", ""),
            ("vietnamese-utf8", "", ""),
            ("whitespace-xls", "whitespace", "whitespace-xlsx"),
            ("simple", "", ""),
            ("geometry", "Sheet1", ""),
            ("skipping", "two_blank_rows", ""),
        )
    ),
    *(Book(name, sheet="Sheet1" if name == "multilineods.ods" else "") for name in SEEN),
    Book("geometry.xlsx", sheet="Sheet1", header_row=3),
    Book("skipping.xlsx", sheet="two_blank_rows", header_row=3),
    Book("dates-leap-year-1900-xlsx.xlsx", sheet="for_testing"),
    Book("dates-leap-year-1900-xls.xls", sheet="for_testing", twin="dates-leap-year-1900-xlsx.xlsx"),
    Book("inlineStr.xlsx"),
    Book("inlineStr2.xlsx"),
    Book("new_line_errors.xlsx", sheet="Blad1"),
    *(
        Book(name, sheet={"large.ods": "2007-08", "ods_formats.ods": "Sheet1"}.get(name, ""), names=tuple(rows[0]))
        for name, (_, rows) in BEGINNINGS.items()
    ),
    # The rest is refused.
    Book("Ekaterinburg_IP_9.xlsx", "are merged", names=("ФИО",)),
    Book("encrypted_no_password.xls", "is locked with a password", names=("a",)),
    Book("libreoffice.xlsx", "holds no rows", names=("a",)),
    Book("empty-sheets.xlsx", "holds no rows", "empty", names=("a",)),
    Book("empty-sheets.xls", "holds no rows", "empty", names=("a",)),
    Book("large.xlsx", NAMELESS, "Report"),
    Book("span_rich.xls", "are merged", names=("I", "h", "g", "f")),
    Book("unnamed-duplicated-columns.xlsx", NAMELESS, names=("var2",)),
    Book("unnamed-duplicated-columns.xls", NAMELESS, names=("var2",)),
    Book("names-need-repair-xlsx.xlsx", NAMELESS, names=("a b",)),
    Book("names-need-repair-xls.xls", NAMELESS, names=("a b",)),
    Book("richtext-coloured.xlsx", "stands there twice", "Sheet1", names=("abcd",)),
    Book("65536-rows-xls.xls", "does not hold the names", names=("a",)),
    Book("bian-anal-mca-2005-dols-eng-1011-0312-tab3.xlsm", "does not hold the names", names=("Region", "Total")),
    *(Book(f"color-date-{kind}", "all hold the names", "Sheet1", names=("0",)) for kind in ("xls.xls", "xlsx.xlsx")),
    Book("color-date-lowercase-xlsx.xlsx", "all hold the names", "Sheet1", names=("0",)),
    *(
        Book(name, "stands there twice", names=("2000-01-01",))
        for name in ("dates-1900.xls", "dates-1904.xls", "dates-1900-LibreOffice.xlsx")
    ),
]


def shown(value: object) -> str:
    """Return what a person sees: dates without midnight, whole numbers without .0."""
    if isinstance(value, bool):
        return str(value).upper()
    if isinstance(value, dt.datetime) and value.time() == dt.time():
        return value.date().isoformat()
    if isinstance(value, dt.date | dt.time):
        return value.isoformat()
    if isinstance(value, float) and value.is_integer():
        return str(int(value))
    return "" if value is None else str(value)


def stated(book: Book) -> Cells:
    """Return header and filled rows below it, by openpyxl or by eye."""
    if book.name in SEEN:
        return SEEN[book.name]
    path = SHEETS / book.twin if (SHEETS / book.twin).is_file() else HORROR / book.twin
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        opened = openpyxl.load_workbook(path if book.twin else book.path, data_only=True)
    sheet = opened[book.sheet] if book.sheet else opened.worksheets[0]
    rows = [[shown(cell) for cell in row] for row in sheet.iter_rows(values_only=True)]
    header_row = (
        next(number for number, row in enumerate(rows) if any(row)) if book.header_row == 1 else book.header_row - 1
    )
    header = [tidy(name) for name in rows[header_row]]
    table = [header, *(row for row in rows[header_row + 1 :] if any(cell.strip() for cell in row))]
    for row, column, text in (lost for name, lost in LOST_BY_OPENPYXL.items() if book.name.startswith(name)):
        table[row][column] = text
    return table


def read(book: Book, names: list[str]) -> Cells:
    columns = {f"field_{number}": name for number, name in enumerate(dict.fromkeys(name for name in names if name))}
    extract = Extract.model_validate(
        {"file": "*", "sheet": book.sheet, "columns": columns, "ignore": ["*"] if book.names else []}
    )
    with duckdb.connect() as connection:
        rows = open_rows(connection, book.path, extract)
        places = ", ".join(f"coalesce({place(index)}, '')" for index in range(len(rows.facts.columns)))
        found = connection.execute(f"SELECT {places} FROM {rows.source} ORDER BY source_row").fetchall()
    return [list(rows.facts.columns), *(list(row) for row in found if any(cell.strip() for cell in row))]


def narrowed(table: Cells) -> Cells:
    """Return a table without columns that are blank in every row: of these, each reader sees as many as it likes."""
    kept = [
        index for index in range(max(map(len, table))) if any(row[index : index + 1] not in ([], [""]) for row in table)
    ]
    return [[row[index] if index < len(row) else "" for index in kept] for row in table]


@pytest.mark.parametrize("book", BOOKS, ids=[book.name for book in BOOKS])
def test_a_workbook_is_read_as_a_person_sees_it_or_refused(book: Book) -> None:
    if book.name in BEGINNINGS:
        length, rows = BEGINNINGS[book.name]
        found = read(book, list(book.names))
        assert len(found) == length
        assert [row[: len(right)] for row, right in zip(found, rows, strict=False)] == rows
    elif book.verdict == "read":
        right = stated(book)
        assert narrowed(read(book, right[0])) == narrowed(right)
    else:
        with pytest.raises(Refusal) as refused:
            read(book, list(book.names) or stated(book)[0])
        assert book.verdict in str(refused.value)
        assert book.name in str(refused.value)


def test_every_workbook_is_in_the_table() -> None:
    there = {path.name for folder in (SHEETS, HORROR) for path in folder.iterdir()}
    books = {name for name in there if name.endswith((".xls", ".xlsx", ".xlsm", ".ods"))}
    assert books == {book.name for book in BOOKS}
