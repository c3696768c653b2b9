"""Further classes of odd files, each read right or named: late second tables, hidden numbers, empty files, no people.

`test_odd_files` and `test_files_in_doubt` hold the others.
"""

from __future__ import annotations

import os
import random
import sqlite3
import time
from collections import deque
from contextlib import closing
from pathlib import Path
from typing import Any

import duckdb
import openpyxl
import pytest

from pipelines.ingest import (
    check_drop,
    plain_rows,
    plain_text,
    receive,
    second_tables,
    sqlite_files,
    text_files,
    text_rows,
    workbooks,
)
from pipelines.ingest.number_formats import number_format, shown
from pipelines.ingest.plain_rows import PlainRows
from pipelines.ingest.plain_text import is_plain
from pipelines.ingest.reading import Facts
from pipelines.ingest.second_tables import OneTable
from pipelines.ingest.text_rows import rows_of
from pipelines.ingest.unlike_people import refuse_dated, words_unlike
from pipelines.ingest.xls_formulas import Formula, uncalculated
from pipelines.refusal import Refusal
from tests.spec.test_odd_files import CANARY, PEOPLE, PLAIN, PROTOCOL, ROWS, Site, book, judge, read

# ---- a second table in a large plain text ----------------------------------------------------------------------------

LONG = "Case,Site,Age,Score,Name\n" + "".join(f"A{n:05},N,{n % 60},{n % 7}.5,x\n" for n in range(2_000))
LATE = [
    ("at-once.csv", "Ward,Beds,Staff,Cost,Note\nNorth,3,4,5,x\n", "row 2002: a second table seems to begin there"),
    ("after-a-gap.csv", ",,,,\nWard,Beds,,,\nNorth,3,,,\n", "row 2003: a second table seems to begin there"),
    ("names-at-the-end.csv", "Ward,Beds,Staff,Cost,Note\n", ""),
    ("a-person-of-words.csv", "A90000,N,n/k,refused,x\n", ""),
]


@pytest.mark.parametrize(("name", "below", "said"), LATE)
def test_a_second_table_far_down_a_large_text(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str, below: str, said: str
) -> None:
    monkeypatch.setattr(text_files, "SMALL", 10)
    path = tmp_path / name
    path.write_text(LONG + below)
    if said:
        judge(path, said)
    else:
        assert len(read(path)) == 2_000 + below.count("\n")


KINDS: dict[str, Any] = {
    "numbered": lambda dice: f"A{dice.randint(0, 99)}",
    "number": lambda dice: str(dice.randint(0, 999)),
    "word": lambda dice: dice.choice(["x", "yy", "z1", ""]),
    "sparse": lambda dice: dice.choice(["", "", "7", "12"]),
    "quoted": lambda dice: dice.choice(['"q 5"', f'"a, {dice.randint(0, 9)}\nb"']),
    "long": lambda dice: "w" * dice.choice([3, 30]) + "5" + "w" * dice.choice([0, 30]),
}


def made(dice: random.Random, width: int) -> str:
    kinds = [dice.choice(list(KINDS)) for _ in range(width)]
    rows = [",".join(KINDS[kind](dice) for kind in kinds) for _ in range(dice.randint(4, 40))]
    for _ in range(dice.choice([0, 1, 1, 2])):
        at = dice.randint(0, len(rows))
        names = ",".join(dice.choice(["Ward", "Beds", "Staff", "Cost", "", "n/a"]) for _ in range(width))
        rows[at:at] = ["," * (width - 1)] * dice.choice([0, 0, 1, 2]) + [names]
    end = dice.choice(["\n", "\r\n"])
    return end.join([",".join(f"h{i}" for i in range(width)), *rows]) + dice.choice(["", end])


def test_pieces_at_once_say_what_row_by_row_says(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(plain_text, "CHUNK", 64)  # rows begin in one piece and end in another
    for module in (plain_rows, second_tables):
        monkeypatch.setattr(module, "MOST_SEEN", 5)
    dice, path, second = random.Random(11), tmp_path / "x.csv", 0
    for _ in range(150):
        width = dice.randint(2, 4)
        path.write_bytes(made(dice, width).encode())
        facts = Facts("text", tuple(f"h{i}" for i in range(width)), 1, "utf-8", ",", '"')
        passing = PlainRows(path.name, facts.columns, ",")
        if not is_plain(path, ",", '"', width, passing):
            continue
        passing.finish()
        try:
            deque(OneTable(path.name, facts.columns, rows_of(path, facts)), maxlen=0)
            said = ""
        except Refusal as refusal:
            said = str(refusal)
        if not said or "second table" in said:
            assert str(passing.refusal or "") == said
            second += bool(said)
    assert second > 10


# ---- formats ---------------------------------------------------------------------------------------------------------

FORMATS = [
    ("[<100]0;0.0", 500.25, "500.25", ""),
    ('[=0]"";dd/mm/yyyy', 45000, "2023-03-15", ""),
    ('[=0]"";dd/mm/yyyy', 0, "0", "nothing"),
    ("[<1]h:mm;dd/mm/yyyy", 0.5, "12:00:00", ""),
    ("[<1]h:mm;dd/mm/yyyy", 45000, "2023-03-15", ""),
    ("yyyy-mm-dd;@", 45000, "2023-03-15", ""),
    ("dd/mm/yyyy;;", 45000, "2023-03-15", ""),
    ('0;-0;"a;b";@', 0, "0", "words"),
    (";;;", 5, "5", "nothing"),
    ("0;-0;;@", 0, "0", "nothing"),
    ("0;-0;;@", 7, "7", ""),
    ('[=1]"Yes";[=0]"No"', 1, "1", "words"),
    ('_(* #,##0_);_(* (#,##0);_(* "-"??_);_(@_)', 0, "0", ""),
    ("[Red][<0]0;[Blue]0", -5, "-5", ""),
    ("# ?/?", 0.5, "0.5", ""),
    ("0.00E+00", 12345.5, "12345.5", ""),
    ("##0.0E+0", 123456, "123456", ""),
    ("[h]:mm", 1.5, "36:00:00", ""),
    ("[<=9999999]###-####;(###) ###-####", 5551234, "5551234", ""),
    ("[<=9999999]###-####;(###) ###-####", 2015551234, "2015551234", ""),
    ("000-00-0000", 12345678, "012-34-5678", ""),
    ("# ##0", 5, "5", ""),
    ("0##", 5, "005", ""),
    ("#00", 5, "05", ""),
    ('"ID-"0000', 5, "ID-0005", ""),
    ('0" days"', 5, "5", ""),
    ("[$-F800]dddd\\,\\ mmmm\\ dd\\,\\ yyyy", 45000, "2023-03-15", ""),
    ("Standard", 5, "5", ""),
    ("[>9]0;[<2]0", 5, "5", ""),
]


@pytest.mark.parametrize(("code", "value", "text", "veil"), FORMATS)
def test_the_section_that_shows_a_number_says_what_it_means(code: str, value: float, text: str, veil: str) -> None:
    style = number_format(code)
    assert (shown(value, style, from_1904=False), style.of(value).veil) == (text, veil)


def veiled(path: Path) -> str:
    """Return what a person is told of hidden numbers."""
    return next(
        (note for note in workbooks.facts(path, None).notes if "its format" in note or "their format" in note), ""
    )


def hide(cell: str, code: str) -> Any:
    def change(_: Any, sheet: Any) -> None:
        sheet[cell].number_format = code

    return change


def test_hidden_numbers_are_read_and_reported(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from pipelines.ingest import quick_sheets

    one = book(tmp_path / "one.xlsx", hide("D2", ";;;"))
    for size in (quick_sheets.SMALL, 0):
        monkeypatch.setattr(quick_sheets, "SMALL", size)
        assert read(one) == ROWS
    assert (
        veiled(one)
        == "1 number(s) is shown as nothing or as words by its format, and was read as the number that is kept."
    )
    assert veiled(book(tmp_path / "none.xlsx", hide("D2", "0;-0;;@"))) == ""


def test_hidden_numbers_of_an_old_workbook_too(tmp_path: Path) -> None:
    xlwt = pytest.importorskip("xlwt")
    made_book = xlwt.Workbook()
    sheet = made_book.add_sheet("Data")
    for column, name in enumerate(("Case", "Site", "Age", "Score")):
        sheet.write(0, column, name)
    for column, value in enumerate(("A01", "N", 31, 1.5)):
        sheet.write(1, column, value, xlwt.easyxf(num_format_str='[<5]"few";0'))
    made_book.save(str(tmp_path / "old.xls"))
    assert read(tmp_path / "old.xls") == ROWS[:1]
    assert veiled(tmp_path / "old.xls").startswith("1 number(s)")


# ---- formulas of old workbooks ---------------------------------------------------------------------------------------


def test_a_formula_of_an_old_workbook_that_was_never_calculated_is_refused(tmp_path: Path) -> None:
    xlwt = pytest.importorskip("xlwt")
    made_book = xlwt.Workbook()
    sheet = made_book.add_sheet("Data")
    for column, name in enumerate(("Case", "Site", "Age", "Score")):
        sheet.write(0, column, name)
    for column, value in enumerate(("A01", "N", 31, xlwt.Formula("C2/2"))):
        sheet.write(1, column, value)
    made_book.save(str(tmp_path / "old.xls"))
    judge(tmp_path / "old.xls", "cell D2: the formula there was never calculated")


BLANK, ZERO, SEVEN = b"\x03\0\0\0\0\0\xff\xff", bytes(8), b"\0\0\0\0\0\0\x1c\x40"
EMPTY_TEXT = b"\x44\x00\x00\x17\x00\x00"
RESULTS: list[tuple[list[tuple[bytes, bool, bytes]], bool, int]] = [
    ([(BLANK, False, b"\x44"), (SEVEN, False, b"\x44")], True, 0),
    ([(BLANK, False, b"\x44"), (BLANK, False, EMPTY_TEXT)], True, 1),
    ([(BLANK, False, EMPTY_TEXT)], False, 1),
    ([(ZERO, True, b"\x44"), (ZERO, True, b"\x44")], False, 2),
    ([(ZERO, False, b"\x44")], False, 0),
    ([(BLANK, False, b"\x01\x00")], True, 0),
]


@pytest.mark.parametrize(("results", "saved", "count"), RESULTS)
def test_a_workbook_is_calculated_as_a_whole(results: list[tuple[bytes, bool, bytes]], saved: bool, count: int) -> None:
    sheets = [[Formula(2, 2 + i, *one)] for i, one in enumerate(results)]
    assert sum(map(len, uncalculated(sheets, saved_by_a_program=saved))) == count


# ---- files without rows ----------------------------------------------------------------------------------------------


def empty_csv(path: Path) -> None:
    path.write_text("Case,Age,Housed\n")


def blank_csv(path: Path) -> None:
    path.write_text("Case,Age,Housed\n , ,\n,,\n")


def empty_xlsx(path: Path) -> None:
    made_book = openpyxl.Workbook()
    made_book.active.append(["Case", "Age", "Housed"])
    made_book.save(path)


def empty_sqlite(path: Path) -> None:
    with closing(sqlite3.connect(path)) as connection, connection:
        connection.execute('CREATE TABLE people ("Case", "Age", "Housed")')


def empty_parquet(path: Path) -> None:
    with duckdb.connect() as connection:
        query = 'SELECT \'A\' AS "Case", 1 AS "Age", \'Y\' AS "Housed" LIMIT 0'
        connection.execute(f"COPY ({query}) TO '{path}' (FORMAT parquet)")


EMPTY = {
    "cases.csv": empty_csv,
    "cases.tsv": blank_csv,
    "cases.xlsx": empty_xlsx,
    "cases.sqlite": empty_sqlite,
    "cases.parquet": empty_parquet,
}
NO_ROWS = "holds the names of the columns and no rows below them. Did the export fail?"


@pytest.mark.parametrize("name", EMPTY)
def test_a_case_file_without_rows_is_refused_whatever_its_kind(tmp_path: Path, name: str) -> None:
    site = Site(tmp_path, PROTOCOL.replace("cases.*", name))
    site.deliver("")
    folder = tmp_path / "pilots" / "first" / "drops" / "2026-04-01"
    (folder / "cases.csv").unlink()
    EMPTY[name](folder / name)
    os.utime(folder / name, (time.time() - 3600,) * 2)
    assert f"{name} {NO_ROWS}" in "\n".join(check_drop(site.site))
    assert site.publish("cases").refusal


def test_an_increment_may_be_empty(tmp_path: Path) -> None:
    site = Site(tmp_path, PROTOCOL.replace("file: cases.*", "file: cases.*\n    delivery: increments"))
    site.deliver("Case,Age,Housed\n")
    assert check_drop(site.site) == ()
    assert receive(site.site, "cases").rows == 0


# ---- caps ------------------------------------------------------------------------------------------------------------


def test_what_would_take_too_long_is_not_begun(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(text_rows, "MOST_CELLS", 10)
    monkeypatch.setattr(sqlite_files, "MOST_CELLS", 3)
    (tmp_path / "x.csv").write_text(PLAIN.replace("\n", "\r"))
    judge(tmp_path / "x.csv", "has more than 10 cells and is not plain enough to be read at once")
    with closing(sqlite3.connect(tmp_path / "x.sqlite")) as connection, connection:
        connection.execute('CREATE TABLE people ("Case", "Site", "Age", "Score", "Name")')
        connection.execute("INSERT INTO people VALUES ('A01', 'N', 31, 1.5, ?)", [CANARY])
    judge(tmp_path / "x.sqlite", "has more than 3 cells")


def test_a_sheet_of_too_many_columns_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(workbooks, "MOST_COLUMNS", 4)
    judge(book(tmp_path / "wide.xlsx", hide("D2", "0")), "wide.xlsx has more than")


# ---- what stands in the place of a person ----------------------------------------------------------------------------

NOBODY = [
    *("Gesamt", "Total (40 rows)", "North total", "All", "Std Dev", "Page 2", "1 Provisional", "#A998", "# note"),
    "########",
]


def test_what_is_unlike_every_number_is_nobody(tmp_path: Path) -> None:
    site = Site(tmp_path)
    people = PEOPLE + PEOPLE.replace("A0", "B0") + PEOPLE.replace("A0", "C0")
    site.deliver(f"Case,Age,Housed\n{people}" + "".join(f"{word},38,Y\n" for word in NOBODY))
    told = site.publish("cases")
    assert site.rows("SELECT count(*) FROM validated.cases") == [(120,)]
    reasons = [(122 + n, "person_present") for n in range(len(NOBODY))]
    assert site.rows("SELECT source_row, reasons FROM quarantine.cases ORDER BY 1") == reasons
    assert not any(word in str(told) for word in ("Gesamt", "A998", "Provisional"))


MANY = [f"P{n:03}" for n in range(40)]
PEOPLES = {
    "of letters and digits": [f"{a}{b}{c}" for a in "ABCD" for b in "KLM9" for c in "XYZ"],
    "phrases": [f"Person {n}" for n in range(40)],
    "marked": [f"#{n}" for n in range(40)],
    "too few to tell": [*MANY[:6], "Ann"],
    "initials": ["AB", "CD", "EF", "GH", "IJ", "KL", "MN", "OP", "QR", "ST"],
    "letter last": [*(f"{n}-A" for n in range(40)), "7-B"],
    "half of each": [*MANY[:10], *(f"Total {n} here" for n in range(10))],
    "with a blank": [*MANY, "P 041"],
    "blank": [*MANY, " ", ""],
}


@pytest.mark.parametrize("name", PEOPLES)
def test_numbers_of_many_makes_are_people(table: Any, name: str) -> None:
    assert words_unlike(table(PEOPLES[name]), "t") == ()


@pytest.mark.parametrize("word", ["Mar-05", "3-Mar", "05/03/2026", "2026-03-05 00:00:00", "5 March 2026", "2026-03-05"])
def test_numbers_that_a_spreadsheet_has_made_dates_of_are_refused(table: Any, word: str) -> None:
    with pytest.raises(Refusal, match=r'^cases\.csv, column "Case": dates stand in the place of people') as said:
        refuse_dated(table([*MANY, word]), "t", "", "cases.csv", "Case")
    assert word not in str(said.value)


@pytest.mark.parametrize(
    "numbers", [["2026-0301", "26/03", "MAR-A5", *MANY], [f"{n:02}/03/2026" for n in range(1, 29)]], ids=["some", "all"]
)
def test_numbers_that_only_resemble_dates_are_people(table: Any, numbers: list[str]) -> None:
    refuse_dated(table(numbers), "t", "", "cases.csv", "Case")


def test_a_number_made_a_date_is_refused_at_the_door(tmp_path: Path) -> None:
    site = Site(tmp_path)
    site.deliver(f"Case,Age,Housed\n{PEOPLE}Mar-05,38,Y\n")
    with pytest.raises(Refusal, match=r'cases\.csv, column "Case", row 42: dates stand in the place'):
        receive(site.site, "cases")
