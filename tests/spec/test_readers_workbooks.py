"""Workbooks: cells as written, sheets and headers found or refused, and what is no workbook said to be so."""

from __future__ import annotations

import datetime as dt
import io
import re
import zipfile
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any

import duckdb
import openpyxl
import pytest

from pipelines.ingest import book_kinds, quick_sheets, workbooks
from pipelines.ingest.book_kinds import open_book
from pipelines.ingest.number_formats import number_format, plain, shown
from pipelines.ingest.second_reading import cross_check
from pipelines.ingest.sheets import Grid
from pipelines.protocol.extracts import Extract
from pipelines.refusal import Refusal

NASTY = Path(__file__).resolve().parents[3] / "shared" / "data" / "nasty"
ENDINGS = (".xlsx", ".xlsm", ".xls", ".ods")
LEFT_OUT = ("encrypted_no_password.xls",)


def extract(*names: str, **more: Any) -> Extract:
    columns = {f"field_{index}": {"column": name} for index, name in enumerate(names)}
    return Extract(file="cases.xlsx", columns=columns, **more)  # type: ignore[arg-type]


def opened(path: Path, *names: str, **more: Any) -> list[tuple[Any, ...]]:
    connection = duckdb.connect()
    rows = workbooks.open_rows(connection, path, extract(*names, **more))
    found = connection.execute(f"SELECT * FROM {rows.source} ORDER BY source_row").fetchall()
    return [(number, *(value or "" for value in values)) for number, *values in found]


def refusal(path: Path, *names: str, **more: Any) -> str:
    with pytest.raises(Refusal) as caught:
        opened(path, *names, **more)
    assert caught.value.__cause__ is None
    assert caught.value.__context__ is None
    return str(caught.value)


Change = Callable[[Any, Any], object]


def book(tmp_path: Path, rows: Iterable[Iterable[object]], change: Change | None = None, name: str = "c.xlsx") -> Path:
    """Write a workbook with openpyxl; `change` is given the workbook and its first sheet."""
    made = openpyxl.Workbook()
    made.active.title = "Cases"
    for row in rows:
        made.active.append(list(row))
    if change:
        change(made, made.active)
    made.save(tmp_path / name)
    return tmp_path / name


def edited(path: Path, part: str, old: str, new: str) -> Path:
    """Change the text of a part of a package."""
    with zipfile.ZipFile(path) as packed:
        parts = {name: packed.read(name) for name in packed.namelist()}
    text = parts[part].decode()
    assert old in text
    parts[part] = text.replace(old, new).encode()
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as packed:
        for name, content in parts.items():
            packed.writestr(name, content)
    return path


SHEET = "xl/worksheets/sheet1.xml"

# ---- numbers and their formats ---------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("value", "code", "text"),
    [
        (45296.0, "dd/mm/yyyy", "2024-01-05"),
        (45296.4375, "dd/mm/yyyy hh:mm", "2024-01-05T10:30:00"),
        (45296.43749999999, "yyyy-mm-dd hh:mm:ss", "2024-01-05T10:30:00"),
        (45296.999999999, "yyyy-mm-dd hh:mm:ss", "2024-01-06"),
        (0.4375, "h:mm AM/PM", "10:30:00"),
        (0.437505787, "mm:ss.0", "10:30:00.500"),
        (1.5, "[h]:mm:ss", "36:00:00"),
        (-0.5, "[hh]:mm", "-12:00:00"),
        (59.0, "yyyy-mm-dd", "1900-02-28"),
        (60.0, "yyyy-mm-dd", "1900-02-29"),
        (61.0, "yyyy-mm-dd", "1900-03-01"),
        (0.0, "yyyy-mm-dd", "1900-01-00"),
        (-1.0, "yyyy-mm-dd", "-1"),
        (123.0, "00000", "00123"),
        (1234567.0, "00000", "1234567"),
        (123456789.0, "000-00-0000", "123-45-6789"),
        (7.0, '"A"000', "A007"),
        (12.5, "000", "12.5"),
        (7.0, "0", "7"),
        (7.0, "0.00", "7"),
        (0.25, "0%", "0.25"),
        (1234.5, "[$£-809]#,##0.00;[Red]-[$£-809]#,##0.00", "1234.5"),
        (3.0, '0 "days"', "3"),
        (3.0, "General", "3"),
        (45296.0, "[$-F800]dddd\\, mmmm dd\\, yyyy", "2024-01-05"),
        (45296.0, "[Red]0", "45296"),
        (0.1 + 0.2, "General", "0.3"),
        (1 / 3, "General", "0.333333333333333"),
        (1.1 * 3, "0.00", "3.3"),
        (123456789012345.0, "General", "123456789012345"),
        (1e15, "0.00E+00", "1000000000000000"),
        (-0.0, "General", "0"),
    ],
)
def test_a_number_is_written_by_its_format(value: float, code: str, text: str) -> None:
    assert shown(value, number_format(code), from_1904=False) == text


def test_the_other_epoch_counts_from_1904() -> None:
    style = number_format("yyyy-mm-dd")
    assert shown(0.0, style, from_1904=True) == "1904-01-01"
    assert shown(43834.25, style, from_1904=True) == "2024-01-05T06:00:00"


# ---- cells -----------------------------------------------------------------------------------------------------------


def test_cells_are_written_as_a_careful_person_would(tmp_path: Path) -> None:
    def change(_: Any, sheet: Any) -> None:
        sheet["F2"].number_format = "00000"
        sheet["G2"].number_format = "0%"

    when, day = dt.datetime(2024, 1, 5, 10, 30), dt.date(2024, 1, 5)
    row = ["007", 7, 7.5, True, when, 123, 0.5, day, dt.time(9, 5), dt.timedelta(hours=36), "#N/A", " x\ny "]
    path = book(tmp_path, ["ABCDEFGHIJKL", row], change)
    expected = ("007", "7", "7.5", "TRUE", "2024-01-05T10:30:00", "00123", "0.5", "2024-01-05", "09:05:00")
    assert opened(path, *"ABCDEFGHIJKL") == [(2, *expected, "36:00:00", "#N/A", " x\ny ")]


def test_a_workbook_of_1904_has_the_same_dates(tmp_path: Path) -> None:
    path = book(
        tmp_path, ["AB", ["1", dt.date(2024, 1, 5)]], lambda made, _: setattr(made, "epoch", dt.datetime(1904, 1, 1))
    )
    assert b'date1904="1"' in zipfile.ZipFile(path).read("xl/workbook.xml")
    assert opened(path, "A", "B") == [(2, "1", "2024-01-05")]


def test_formats_of_conditional_formatting_are_no_cells_formats(tmp_path: Path) -> None:
    path = book(tmp_path, ["AB", ["1", dt.datetime(2024, 1, 5, 10, 30)]])
    assert b'numFmtId="164"' in zipfile.ZipFile(path).read("xl/styles.xml")
    other = '<dxfs><dxf><numFmt numFmtId="164" formatCode="0.00"/></dxf></dxfs></styleSheet>'
    assert opened(edited(path, "xl/styles.xml", "</styleSheet>", other), "A", "B") == [(2, "1", "2024-01-05T10:30:00")]


def test_blank_rows_are_no_rows_and_numbers_stay(tmp_path: Path) -> None:
    path = book(tmp_path, ["AB", "12", [None, None], ["  ", None], "34"])
    assert opened(path, "A", "B") == [(2, "1", "2"), (5, "3", "4")]


@pytest.mark.parametrize("formula", ["=1+1", "=A1"])
def test_a_formula_that_was_never_calculated_is_refused(tmp_path: Path, formula: str) -> None:
    path = book(tmp_path, ["AB", "12", ["3", formula]])
    assert 'c.xlsx, sheet "Cases", cell B3: the formula there was never calculated.' in refusal(path, "A", "B")


def test_a_zero_that_stands_for_a_formula_is_refused_too(tmp_path: Path) -> None:
    path = tmp_path / "c.xlsx"
    made = pytest.importorskip("xlsxwriter").Workbook(str(path))
    sheet = made.add_worksheet("Cases")
    sheet.write_row(0, 0, ["A", "B"])
    sheet.write(1, 0, 5)
    sheet.write_formula(1, 1, "=A2*2")
    made.close()
    assert "cell B2: the formula there was never calculated." in refusal(path, "A", "B")


def test_a_calculated_formula_is_its_value(tmp_path: Path) -> None:
    path = book(tmp_path, ["AB", ["3", 2]])
    edited(path, SHEET, "<v>2</v>", "<f>1+1</f><v>2</v>")
    with_flag = refusal(path, "A", "B")
    assert "never calculated" in with_flag, "openpyxl asks for calculation of all when the file is opened"
    edited(path, "xl/workbook.xml", ' fullCalcOnLoad="1"', "")
    assert opened(path, "A", "B") == [(2, "3", "2")]


def test_a_failed_formula_keeps_its_error(tmp_path: Path) -> None:
    path = book(tmp_path, ["AB", ["x", "#REF!"], ["y", "#DIV/0!"]])
    assert opened(path, "A", "B") == [(2, "x", "#REF!"), (3, "y", "#DIV/0!")]
    assert "2 cell(s) hold an error such as #N/A, and are kept as such." in workbooks.facts(path, None).notes


STRINGS = """<sst xmlns="http://schemas.openxmlformats.org/spreadsheetml/2006/main"><si><t>A</t></si><si><t>B</t></si>
<si><r><rPr><b/></rPr><t>bo</t></r><r><t xml:space="preserve">ld </t></r><rPh sb="0" eb="1"><t>reading</t></rPh></si>
<si><t>line_x000D_break _x005F_x0041_</t></si></sst>"""


def hand_made(tmp_path: Path, rows: str, strings: str = STRINGS, after: str = "") -> Path:
    """Write a package by hand: no styles, and cells as given."""
    main = "http://schemas.openxmlformats.org/spreadsheetml/2006/main"
    links = "http://schemas.openxmlformats.org/officeDocument/2006/relationships"
    package = "http://schemas.openxmlformats.org/package/2006/relationships"
    parts = {
        "xl/workbook.xml": f'<workbook xmlns="{main}" xmlns:r="{links}"><sheets>'
        '<sheet name="Cases" sheetId="1" r:id="r1"/></sheets></workbook>',
        "xl/_rels/workbook.xml.rels": f'<Relationships xmlns="{package}">'
        f'<Relationship Id="r1" Type="{links}/worksheet" Target="worksheets/sheet1.xml"/>'
        f'<Relationship Id="r2" Type="{links}/sharedStrings" Target="sharedStrings.xml"/></Relationships>',
        "_rels/.rels": f'<Relationships xmlns="{package}">'
        f'<Relationship Id="r1" Type="{links}/officeDocument" Target="xl/workbook.xml"/></Relationships>',
        "[Content_Types].xml": "<Types xmlns='http://schemas.openxmlformats.org/package/2006/content-types'/>",
        SHEET: f'<worksheet xmlns="{main}"><sheetData>{rows}</sheetData>{after}</worksheet>',
    }
    if strings:
        parts["xl/sharedStrings.xml"] = strings
    path = tmp_path / "c.xlsx"
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as packed:
        for name, content in parts.items():
            packed.writestr(name, content)
    return path


NAMES = '<row r="1"><c r="A1" t="s"><v>0</v></c><c r="B1" t="s"><v>1</v></c></row>'


def test_strings_rich_phonetic_escaped_inline(tmp_path: Path) -> None:
    inline = (
        '<c t="inlineStr"><v>1</v><is><r><t>in</t></r><r><t>line</t></r><rPh sb="0" eb="1"><t>so</t></rPh></is></c>'
    )
    shared = '<row r="2"><c r="A2" t="s"><v>2</v></c><c r="B2" t="s"><v>3</v></c></row>'
    rows = f"{NAMES}{shared}<row>{inline}<c><v>5</v></c></row>"
    path = hand_made(tmp_path, rows)
    assert opened(path, "A", "B") == [(2, "bold ", "line\rbreak _x0041_"), (3, "inline", "5")]


def test_a_text_that_the_workbook_lacks_is_refused_with_its_place(tmp_path: Path) -> None:
    path = hand_made(tmp_path, f'{NAMES}<row r="2"><c r="A2" t="s"><v>9</v></c></row>')
    assert 'sheet "Cases", cell A2: its text is missing from the workbook.' in refusal(path, "A", "B")


@pytest.mark.parametrize(
    "row",
    [
        '<row r="2"><c r="A2"><v>1</v></c><c r="A2"><v>2</v></c></row>',
        '<row r="2"><c r="B2"><v>1</v></c><c r="A2"><v>2</v></c></row>',
        '<row r="2"><c r="A7"><v>1</v></c></row>',
        '<row r="2"><c r="A2"><v>1</v></row>',
    ],
)
def test_cells_that_contradict_their_place_are_refused(tmp_path: Path, row: str) -> None:
    assert 'sheet "Cases", row 2 is broken' in refusal(hand_made(tmp_path, NAMES + row), "A", "B")


@pytest.mark.parametrize(
    "again", ['<row r="2"><c r="B2"><v>1</v></c></row>', '<row r="1"><c r="B1"><v>1</v></c></row>']
)
def test_a_row_that_comes_twice_is_refused(tmp_path: Path, again: str) -> None:
    rows = f'{NAMES}<row r="2"><c r="A2"><v>7</v></c></row>{again}'
    assert "is broken" in refusal(hand_made(tmp_path, rows), "A", "B")


def test_entities_of_the_files_own_are_refused(tmp_path: Path) -> None:
    path = hand_made(tmp_path, NAMES, '<!DOCTYPE x [<!ENTITY a "b">]>' + STRINGS)
    assert "damaged" in refusal(path, "A", "B")


# ---- sheets ----------------------------------------------------------------------------------------------------------


def two_sheets(made: Any, _: Any) -> None:
    made.create_sheet("Notes").append(["Some", "notes"])


def test_the_only_sheet_with_the_columns_is_read_and_the_others_named(tmp_path: Path) -> None:
    path = book(tmp_path, ["AB", "12"], two_sheets)
    assert opened(path, "A", "B") == [(2, "1", "2")]
    assert workbooks.facts(path, extract("A", "B")).notes == ("Sheets that were not read: Notes.",)


def test_two_sheets_that_could_be_meant_are_refused(tmp_path: Path) -> None:
    path = book(tmp_path, ["AB", "12"], lambda made, _: made.copy_worksheet(made.active))
    assert "2 of them could be meant. Name one as `sheet` in the protocol: Cases, Cases Copy." in refusal(
        path, "A", "B"
    )
    assert opened(path, "A", "B", sheet="Cases") == [(2, "1", "2")]
    assert 'has no sheet "Case". Did you mean "Cases"?' in refusal(path, "A", "B", sheet="Case")


@pytest.mark.parametrize("state", ["hidden", "veryHidden"])
def test_a_hidden_sheet_is_read_only_when_named(tmp_path: Path, state: str) -> None:
    def change(made: Any, _: Any) -> None:
        sheet = made.create_sheet("Old")
        for row in ("AB", "99"):
            sheet.append(list(row))
        sheet.sheet_state = state

    path = book(tmp_path, ["AB", "12"], change)
    assert opened(path, "A", "B") == [(2, "1", "2")]
    assert workbooks.facts(path, extract("A", "B")).notes == ("Sheets that were not read: Old (hidden).",)
    assert opened(path, "A", "B", sheet="Old") == [(2, "9", "9")]


def test_hidden_rows_and_columns_are_data(tmp_path: Path) -> None:
    def change(_: Any, sheet: Any) -> None:
        sheet.row_dimensions[2].hidden = True
        sheet.column_dimensions["B"].hidden = True
        sheet.auto_filter.ref = "A1:B3"

    path = book(tmp_path, ["AB", "12", "34"], change)
    assert opened(path, "A", "B") == [(2, "1", "2"), (3, "3", "4")]
    notes = workbooks.facts(path, extract("A", "B")).notes
    assert notes == (
        "Hidden or filtered rows were read like all others (1 hidden).",
        "Hidden columns were read like all others.",
    )


# ---- headers ---------------------------------------------------------------------------------------------------------


def test_titles_above_the_header_are_passed_over(tmp_path: Path) -> None:
    path = book(tmp_path, [["Pilot cases"], [None], ["as of", "May"], "AB", "12"], lambda _, s: s.merge_cells("A1:B1"))
    assert opened(path, "A", "B") == [(5, "1", "2")]
    found = workbooks.facts(path, extract("A", "B"))
    assert (found.header_row, found.columns) == (4, ("A", "B"))
    assert found.notes == ("2 row(s) above the names of the columns were passed over.",)


def test_two_rows_that_could_be_the_header_are_refused(tmp_path: Path) -> None:
    path = book(tmp_path, ["AB", "12", "AB", "34"])
    assert "rows 1 and 3 all hold the names of the columns. Name the row" in refusal(path, "A", "B")
    assert opened(path, "A", "B", header_row=3) == [(4, "3", "4")]
    assert "The protocol says that the names stand in row 2." in refusal(path, "A", "B", header_row=2)


def test_a_header_too_deep_is_not_guessed(tmp_path: Path) -> None:
    path = book(tmp_path, [["note"]] * 50 + [list("AB"), list("12")])
    assert "does not hold the names" in refusal(path, "A", "B")
    assert opened(path, "A", "B", header_row=51) == [(52, "1", "2")]


def test_a_header_in_two_merged_rows_is_refused(tmp_path: Path) -> None:
    rows = [["ID", "Start", None, "End"], [None, "Day", "Month", None], ["1", "5", "6", "7"]]
    path = book(tmp_path, rows, lambda _, s: (s.merge_cells("A1:A2"), s.merge_cells("B1:C1"), s.merge_cells("D1:D2")))
    said = "the names of the columns stand in two rows (1 and 2) with merged cells."
    assert said in refusal(path, "ID", "Day", "Month", "End")
    assert said in refusal(path, "ID", "Start", "End")


def test_a_name_that_reaches_into_a_second_row_of_names_is_refused(tmp_path: Path) -> None:
    path = book(tmp_path, [["ID", "Start"], [None, "Day"], ["1", "5"]], lambda _, s: s.merge_cells("A1:A2"))
    assert "stand in two rows (1 and 2) with merged cells." in refusal(path, "ID", "Start")
    assert "stand in two rows (1 and 2) with merged cells." in refusal(path, "ID", "Start", header_row=1)


def test_a_merged_name_over_two_columns_of_values_is_refused(tmp_path: Path) -> None:
    path = book(tmp_path, [["ID", "Start", None], ["1", "5", "6"]], lambda _, s: s.merge_cells("B1:C1"))
    assert "with merged cells" in refusal(path, "ID", "Start")
    assert "column 3 holds values but has no name" in refusal(path, "ID", "Start", header_row=1)


def test_merged_cells_among_the_data_are_refused_where_they_matter(tmp_path: Path) -> None:
    path = book(tmp_path, ["ABC", "123", "4 6"], lambda _, s: s.merge_cells("B2:B3"))
    assert 'sheet "Cases", rows 2 to 3: the cells B2:B3 are merged.' in refusal(path, "A", "B", "C")
    assert opened(path, "A", "C", ignore=("B",))[1][0] == 3


def test_a_column_without_a_name_may_not_hold_values(tmp_path: Path) -> None:
    path = book(tmp_path, [["A", None], ["1", "Zebulon"]])
    told = refusal(path, "A")
    assert "column 2 holds values but has no name" in told
    assert "Zebulon" not in told


def test_without_a_protocol_the_first_full_row_of_names_is_the_header(tmp_path: Path) -> None:
    assert workbooks.facts(book(tmp_path, [["Title"], ["A", "B"], ["1", 2]]), None).header_row == 2
    with pytest.raises(Refusal, match="header_row"):
        workbooks.facts(book(tmp_path, [["1", "2"], ["3", "4"]]), None)


# ---- ODS -------------------------------------------------------------------------------------------------------------


def ods(tmp_path: Path, rows: str, before: str = "", styles: str = "", entry: str = "") -> Path:
    """Write an ODS by hand."""
    urn = "urn:oasis:names:tc:opendocument:xmlns"
    spaces = " ".join(f'xmlns:{name}="{urn}:{name}:1.0"' for name in ("office", "table", "text", "style"))
    path = tmp_path / "c.ods"
    with zipfile.ZipFile(path, "w") as packed:
        packed.writestr("mimetype", "application/vnd.oasis.opendocument.spreadsheet")
        packed.writestr("META-INF/manifest.xml", f'<m:manifest xmlns:m="{urn}:manifest:1.0">{entry}</m:manifest>')
        packed.writestr(
            "content.xml",
            f"<office:document-content {spaces}><office:automatic-styles>{styles}</office:automatic-styles>"
            f'<office:body><office:spreadsheet>{before}<table:table table:name="Cases">{ods_row("A", "B")}{rows}'
            "</table:table></office:spreadsheet></office:body></office:document-content>",
        )
    return path


def ods_row(*texts: str, more: str = "") -> str:
    cells = "".join(
        f'<table:table-cell office:value-type="string"><text:p>{text}</text:p></table:table-cell>' for text in texts
    )
    return f"<table:table-row{more}>{cells}</table:table-row>"


def ods_cell(attributes: str, shown: str = "") -> str:
    paragraph = f"<text:p>{shown}</text:p>" if shown else ""
    first = '<table:table-cell office:value-type="string"><text:p>x</text:p></table:table-cell>'
    return f"<table:table-row>{first}<table:table-cell {attributes}>{paragraph}</table:table-cell></table:table-row>"


@pytest.mark.parametrize(
    ("attributes", "shown_", "text"),
    [
        ('office:value-type="float" office:value="123"', "00123", "00123"),
        ('office:value-type="float" office:value="0.25"', "25%", "0.25"),
        ('office:value-type="currency" office:value="5"', "5,00 EUR", "5"),
        ('office:value-type="date" office:date-value="2024-01-05"', "05/01/24", "2024-01-05"),
        ('office:value-type="date" office:date-value="2024-01-05T10:30:00"', "then", "2024-01-05T10:30:00"),
        ('office:value-type="time" office:time-value="PT09H05M00S"', "9:05", "09:05:00"),
        ('office:value-type="boolean" office:boolean-value="true"', "WAHR", "TRUE"),
        ('office:value-type="string" table:formula="of:=NA()" office:string-value=""', "#N/A", "#N/A"),
        ('office:value-type="float" office:value="2" table:formula="of:=1+1"', "2", "2"),
        ('office:value-type="string"', 'a<text:s text:c="2"/>b</text:p><text:p>c', "a  b\nc"),
    ],
)
def test_a_cell_of_an_ods_is_written_by_its_type(tmp_path: Path, attributes: str, shown_: str, text: str) -> None:
    assert opened(ods(tmp_path, ods_cell(attributes, shown_)), "A", "B") == [(2, "x", text)]


def test_comments_in_an_ods_are_no_cells(tmp_path: Path) -> None:
    noted = "note</text:p><office:annotation><text:p>Zebulon</text:p></office:annotation><text:p>b"
    assert opened(ods(tmp_path, ods_cell('office:value-type="string"', noted)), "A", "B") == [(2, "x", "note\nb")]


def test_repeated_rows_of_an_ods_are_rows(tmp_path: Path) -> None:
    rows = ods_row("1", "2", more=' table:number-rows-repeated="2"') + ods_row(
        "", "", more=' table:visibility="collapse"'
    )
    path = ods(tmp_path, rows + ods_row("3", "4", more=' table:visibility="filter"'))
    assert opened(path, "A", "B") == [(2, "1", "2"), (3, "1", "2"), (5, "3", "4")]
    assert "Hidden or filtered rows were read like all others (1 hidden)." in workbooks.facts(path, None).notes


def test_an_ods_that_repeats_too_much_is_refused(tmp_path: Path) -> None:
    rows = ods_row("1", "2", more=' table:number-rows-repeated="1000000000"')
    assert "is too large for a workbook" in refusal(ods(tmp_path, rows), "A", "B")


def test_formulas_and_merged_cells_of_an_ods_are_refused_like_others(tmp_path: Path) -> None:
    uncalculated = ods(tmp_path, ods_cell('table:formula="of:=1+1"'))
    assert 'c.ods, sheet "Cases", cell B2: the formula there was never calculated.' in refusal(uncalculated, "A", "B")
    merged = ods(tmp_path, ods_cell('table:number-rows-spanned="2" office:value-type="string"', "x") + ods_row("y", ""))
    assert "rows 2 to 3: the cells B2:B3 are merged" in refusal(merged, "A", "B")


def test_a_hidden_sheet_of_an_ods_is_not_read(tmp_path: Path) -> None:
    shown_not = '<style:table-properties table:display="false"/>'
    style = f'<style:style style:name="t1" style:family="table">{shown_not}</style:style>'
    hidden = f'<table:table table:name="Old" table:style-name="t1">{ods_row("A", "B")}{ods_row("9", "9")}</table:table>'
    path = ods(tmp_path, ods_row("1", "2"), before=hidden, styles=style)
    assert opened(path, "A", "B") == [(2, "1", "2")]
    assert workbooks.facts(path, None).notes == ("Sheets that were not read: Old (hidden).",)


def test_an_ods_with_a_password_is_refused(tmp_path: Path) -> None:
    path = ods(tmp_path, "", entry="<m:encryption-data/>")
    assert "is locked with a password" in refusal(path, "A", "B")


# ---- what is no workbook ---------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (b"", "is empty (0 bytes)"),
        (b"garb\x00\x01age", "cannot be opened as a workbook"),
        (b"PK\x03\x04" + b"\x00" * 60, "damaged"),
        (b"<html><table><tr><td>1</td></tr></table></html>", "is a web page (HTML)"),
        (b"\xef\xbb\xbf<HTML xmlns:x='urn:schemas-microsoft-com:office:excel'>", "is a web page (HTML)"),
        (b'<?xml version="1.0"?><Workbook xmlns="urn:schemas-microsoft-com:office:spreadsheet"/>', "saved as XML"),
        (b'<?xml version="1.0"?><a/>', "is an XML file"),
        (b"%PDF-1.7", "is a PDF"),
        (b"Case;Name\n1;Zebulon\n", "is a text file, perhaps a CSV"),
        ("\ufeffCase\tName\n1\tZebulon\n".encode("utf-16-le"), "is a text file, perhaps a CSV"),
        (book_kinds.COMPOUND + "EncryptedPackage".encode("utf-16-le"), "is locked with a password"),
        (book_kinds.COMPOUND + "WordDocument".encode("utf-16-le"), "is a Word document"),
        (book_kinds.COMPOUND + "Workbook".encode("utf-16-le"), "damaged"),
        (b"\x09\x08\x10\x00" + b"\x00" * 9, "damaged"),
    ],
)
def test_what_is_no_workbook_is_said_to_be_so(tmp_path: Path, content: bytes, said: str) -> None:
    path = tmp_path / "cases.xls"
    path.write_bytes(content)
    told = refusal(path, "A")
    assert "cases.xls" in told
    assert said in told
    assert "Zebulon" not in told


@pytest.mark.parametrize(
    ("part", "said"), [("xl/workbook.bin", "XLSB"), ("word/document.xml", "Word"), ("a.csv", "is a zip file")]
)
def test_packages_of_another_kind_are_named(tmp_path: Path, part: str, said: str) -> None:
    path = tmp_path / "c.xlsx"
    with zipfile.ZipFile(path, "w") as packed:
        packed.writestr(part, "")
    assert said in refusal(path, "A")


@pytest.mark.parametrize("keep", [100, 1000, 3000, -30])
def test_a_workbook_cut_short_is_damaged(tmp_path: Path, keep: int) -> None:
    path = book(tmp_path, ["AB", "12"])
    path.write_bytes(path.read_bytes()[:keep])
    assert "damaged" in refusal(path, "A", "B")


@pytest.mark.parametrize("limit", ["LARGEST_CONTENT", "LARGEST_FILE"])
def test_a_workbook_that_would_fill_the_machine_is_not_opened(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, limit: str
) -> None:
    monkeypatch.setattr(book_kinds, limit, 1000)
    assert "is too large for a workbook: more than" in refusal(book(tmp_path, ["AB", "12"]), "A", "B")


def test_a_package_with_a_part_twice_is_refused(tmp_path: Path) -> None:
    path = book(tmp_path, ["AB", "12"])
    with pytest.warns(UserWarning, match="Duplicate name"), zipfile.ZipFile(path, "a") as packed:
        packed.writestr(SHEET, "<worksheet/>")
    assert "it holds a part twice" in refusal(path, "A", "B")


def test_macros_are_noted_and_never_run(tmp_path: Path) -> None:
    path = book(tmp_path, ["AB", "12"])
    with zipfile.ZipFile(path, "a") as packed:
        packed.writestr("xl/vbaProject.bin", b"macro")
    assert workbooks.facts(path, extract("A", "B")).notes == ("The workbook holds macros; they were not run.",)


def test_a_workbook_is_known_by_its_content_not_its_name(tmp_path: Path) -> None:
    assert opened(book(tmp_path, ["AB", "12"]).rename(tmp_path / "c.xls"), "A", "B") == [(2, "1", "2")]


def test_two_readers_that_disagree_are_a_refusal(tmp_path: Path) -> None:
    path = book(tmp_path, ["AB", "12"])
    grid = open_book(path).grid("Cases")
    cross_check(path, "Cases", grid)
    grid.put(2, 2, "")
    with pytest.raises(Refusal, match="row 2 is read differently"):
        cross_check(path, "Cases", grid)


# ---- the quick way ---------------------------------------------------------------------------------------------------


def large(tmp_path: Path, change: Change | None = None) -> Path:
    rows: list[list[object]] = [["ID", "Text", "Number", "Day", "When", "Yes"]]
    for i in range(400):
        day = dt.datetime(2024, 1, 5) + dt.timedelta(days=i)
        number = [i, i / 7, -i, 1e16 * (i == 9) or 0.1, 1e-7 * i][i % 5]
        rows.append(
            [f"{i:05d}", None if i % 3 else f" a & <b> {i} ", number, day, day + dt.timedelta(seconds=i), i % 2 == 0]
        )
    return book(tmp_path, rows, change)


QUICK = ("ID", "Text", "Number", "Day", "When", "Yes")


def quick(path: Path, monkeypatch: pytest.MonkeyPatch, *names: str) -> bool:
    """Tell whether the quick way was taken; where it was, its cells must be those of the careful way."""
    connection, asked = duckdb.connect(), extract(*(names or QUICK))
    taken = connection.execute  # keeps mypy calm about the type of the connection
    monkeypatch.setattr(quick_sheets, "SMALL", 0)
    book_ = open_book(path)
    found = quick_sheets.quick_table(connection, book_, "Cases", asked, "fast")  # type: ignore[arg-type]
    if found is None:
        return False
    careful = {
        row: cells + [""] * (len(asked.columns) - len(cells))
        for row, cells in book_.grid("Cases").rows.items()
        if row > found[1].row
    }
    fast = {row: [cell or "" for cell in cells] for row, *cells in taken("FROM fast").fetchall()}
    assert fast == careful
    return True


def test_the_quick_way_reads_what_the_careful_one_does(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    assert quick(large(tmp_path), monkeypatch)


@pytest.mark.parametrize(
    ("cell", "value"),
    [
        ("A399", 7),
        ("B399", True),
        ("C399", "7"),
        ("C399", "#N/A"),
        ("C399", "=1+1"),
        ("D399", "unknown"),
        ("D399", dt.datetime(1900, 1, 5)),
        ("G399", "beyond"),
        ("A402", "after a gap"),
        ("A403", "after a gap"),
        ("B399", "a_x000D_b"),
    ],
)
def test_what_is_not_plain_goes_the_careful_way(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, cell: str, value: object
) -> None:
    path = large(tmp_path, lambda _, sheet: sheet.__setitem__(cell, value))
    assert not quick(path, monkeypatch) or cell == "A402"


@pytest.mark.parametrize(("text", "taken"), [("plain & <simple>", True), ("escaped \r", False), ("_x000D_", False)])
def test_shared_strings_with_escapes_go_the_careful_way(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, text: str, taken: bool
) -> None:
    path = tmp_path / "c.xlsx"
    made = pytest.importorskip("xlsxwriter").Workbook(str(path))
    sheet = made.add_worksheet("Cases")
    for row in range(100):
        sheet.write_row(row, 0, [f"{row:05d}", text if row == 90 else f"text {row}"] if row else ["A", "B"])
    made.close()
    assert b'<c r="B2" t="s">' in zipfile.ZipFile(path).read(SHEET)
    assert quick(path, monkeypatch, "A", "B") == taken


@pytest.mark.parametrize(("cell", "code"), [("D390", "General"), ("C390", "yyyy-mm-dd"), ("C60", "00000")])
def test_a_column_of_two_kinds_goes_the_careful_way(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, cell: str, code: str
) -> None:
    def change(_: Any, sheet: Any) -> None:
        sheet[cell] = 45000
        sheet[cell].number_format = code

    assert not quick(large(tmp_path, change), monkeypatch)


def test_rows_out_of_order_are_refused_however_large_the_sheet(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(quick_sheets, "SMALL", 0)
    path = large(tmp_path)
    rows = re.findall(r'<row r="(?:300|301)".*?</row>', zipfile.ZipFile(path).read(SHEET).decode())
    assert "damaged" in refusal(edited(path, SHEET, "".join(rows), "".join(reversed(rows))), *QUICK)


def test_merged_cells_are_seen_the_quick_way_too(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(quick_sheets, "SMALL", 0)
    path = large(tmp_path, lambda _, sheet: sheet.merge_cells("B300:B301"))
    assert "rows 300 to 301: the cells B300:B301 are merged" in refusal(path, *QUICK)


# ---- other people's files --------------------------------------------------------------------------------------------


def nasty() -> list[Path]:
    return sorted(path for path in NASTY.rglob("*") if path.suffix in ENDINGS and path.name not in LEFT_OUT)


def told(value: object) -> str:
    """Write a value of openpyxl's or xlrd's as text, by rules of the test's own."""
    if value is None:
        return ""
    if isinstance(value, bool):
        return str(value).upper()
    if isinstance(value, dt.timedelta):
        minutes, seconds = divmod(round(value.total_seconds()), 60)
        return f"{minutes // 60:02d}:{minutes % 60:02d}:{seconds:02d}"
    if isinstance(value, dt.datetime):
        value = (value + dt.timedelta(microseconds=500_000)).replace(microsecond=0)
        return value.date().isoformat() if value.time() == dt.time() else value.isoformat()
    if isinstance(value, dt.time | dt.date):
        return value.isoformat()
    if isinstance(value, int | float):
        return plain(float(value))
    return str(value)


def cells_of(grid: Grid) -> dict[tuple[int, int], str]:
    return {
        (row, column): text for row, cells in grid.rows.items() for column, text in enumerate(cells, start=1) if text
    }


ODD = {
    ("geometry.xls", "warning_AKE6"): "an XLS has 256 columns: the sheet is empty there",
    (
        "dates-leap-year-1900-xlsx.xlsx",
        "for_human_eyes",
    ): "openpyxl takes 29 February 1900, which Excel shows, for the 28th",
    ("dates-leap-year-1900-xlsx.xlsx", "for_testing"): "the same",
    ("new_line_errors.xlsx", "Blad1"): "openpyxl leaves _x000D_, which is a line break, as it stands",
}


@pytest.mark.skipif(not NASTY.exists(), reason="shared/data/nasty is not here")
@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize("path", [p for p in nasty() if p.suffix in (".xlsx", ".xlsm")], ids=lambda p: p.name)
def test_nasty_xlsx_is_read_as_openpyxl_reads_it(path: Path) -> None:
    with path.open("rb") as file:  # openpyxl has its own way of opening files by path
        content = io.BytesIO(file.read())
    try:
        theirs = openpyxl.load_workbook(content, data_only=True)
    except IndexError:
        pytest.skip("openpyxl cannot open it; calamine can, and is compared with below")
    for sheet in open_book(path).sheets:
        ours = cells_of(open_book(path).grid(sheet.name))
        other = {
            (cell.row, cell.column): told(cell.value)
            for row in theirs[sheet.name].iter_rows()
            for cell in row
            if told(cell.value)
        }
        differing = {place: (ours.get(place), other.get(place)) for place in ours.keys() | other.keys()}
        differing = {place: pair for place, pair in differing.items() if pair[0] != pair[1]}
        assert not differing or (path.name, sheet.name) in ODD, (sheet.name, list(differing.items())[:5])


def rounded(grid: Grid) -> dict[tuple[int, int], str]:
    """Return cells with numbers of at most 15 digits, as many as Excel shows: the two files differ in the last bit."""
    return {
        place: re.sub(r"^-?\d+\.\d{15,}$", lambda t: f"{float(t[0]):.15g}", text)
        for place, text in cells_of(grid).items()
    }


PAIRS = [
    (path, path.with_name(re.sub(r"xls(x?)$", "xlsx", path.name).replace("-xls.xlsx", "-xlsx.xlsx")))
    for path in nasty()
    if path.suffix == ".xls"
]


@pytest.mark.skipif(not NASTY.exists(), reason="shared/data/nasty is not here")
@pytest.mark.parametrize("pair", [pair for pair in PAIRS if pair[1].exists()], ids=lambda pair: pair[0].name)
def test_nasty_xls_is_read_like_the_same_file_as_xlsx(pair: tuple[Path, Path]) -> None:
    old, new = (open_book(path) for path in pair)
    assert [sheet.name for sheet in old.sheets] == [sheet.name for sheet in new.sheets]
    for sheet in old.sheets:
        if (pair[0].name, sheet.name) not in ODD:
            assert rounded(old.grid(sheet.name)) == rounded(new.grid(sheet.name)), sheet.name


@pytest.mark.skipif(not NASTY.exists(), reason="shared/data/nasty is not here")
@pytest.mark.parametrize("path", nasty(), ids=lambda path: path.name)
def test_nasty_files_are_read_alike_by_two_readers(path: Path) -> None:
    opened_ = open_book(path)
    assert opened_.sheets
    for sheet in opened_.sheets[:2]:
        cross_check(path, sheet.name, opened_.grid(sheet.name))


@pytest.mark.skipif(not NASTY.exists(), reason="shared/data/nasty is not here")
def test_a_nasty_workbook_with_a_password_is_refused() -> None:
    path = NASTY / "messytables" / "horror" / LEFT_OUT[0]
    assert "encrypted_no_password.xls is locked with a password." in refusal(path, "A")
