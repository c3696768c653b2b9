"""Odd files of the kinds that services do send, each with its verdict: read right, or refused by name and place.

Files are written as the programs of providers write them. Every verdict is also searched for people's values.
"""

from __future__ import annotations

import gzip
import io
import os
import sqlite3
import tarfile
import time
import zipfile
from collections.abc import Callable
from contextlib import closing
from pathlib import Path
from typing import Any

import duckdb
import openpyxl
import pytest

from pipelines.ingest import receive
from pipelines.ingest.archives import is_litter
from pipelines.ingest.files import open_rows
from pipelines.ingest.looking import described
from pipelines.ingest.reading import place
from pipelines.protocol import load_text
from pipelines.protocol.extracts import Extract
from pipelines.refusal import Refusal
from pipelines.told import Told
from pipelines.validation.publish import publish
from pipelines.warehouse import open_warehouse
from pipelines.workspace import PilotSite, Workspace

CANARY = "Quartermaine"
COLUMNS = {"person": "Case", "site": "Site", "age": "Age", "score": "Score"}
HEAD = "Case,Site,Age,Score,Name\n"
LINES = [f"A0{n},N,3{n},{n}.5,{CANARY}\n" for n in range(1, 4)]
PLAIN = HEAD + "".join(LINES)
ROWS = [(f"A0{n}", "N", f"3{n}", f"{n}.5") for n in range(1, 4)]
SEMICOLONS = PLAIN.replace(",", ";")
Verdict = list[tuple[str, ...]] | str


def read(path: Path, blanks: str = " \ufeff", **pins: Any) -> list[tuple[str, ...]]:
    """Return what is read of a file with the four columns: a value as it is compared, without blanks at its ends."""
    extract = Extract.model_validate({"file": "*", "columns": COLUMNS, "ignore": ["Name"], **pins})
    with duckdb.connect(config={"threads": 1}) as connection:
        rows = open_rows(connection, path, extract)
        wanted = [place(rows.facts.columns.index(name)) for name in COLUMNS.values()]
        listed = ", ".join(f"coalesce(trim({one}, '{blanks}'), '')" for one in wanted)
        try:
            return connection.execute(f"SELECT {listed} FROM {rows.source}").fetchall()
        except duckdb.Error as error:
            refusal = rows.explain(str(error))
        raise refusal


def judge(path: Path, verdict: Verdict, **pins: Any) -> None:
    """Insist on a verdict: rows are read, or words are said with the file's name and nobody's value."""
    if not isinstance(verdict, str):
        assert read(path, **pins) == verdict
        return
    with pytest.raises(Refusal) as refused:
        read(path, **pins)
    said = str(refused.value)
    assert verdict in said
    assert path.name in said
    assert CANARY not in said


def looked_at(path: Path) -> str:
    """Return what `pilotlens look` says, whatever it is."""
    try:
        return described(path)
    except Refusal as refusal:
        return str(refusal)


# ---- texts -----------------------------------------------------------------------------------------------------------

TEXTS: dict[str, tuple[str | bytes, Verdict]] = {
    "semicolons-and-decimal-commas.csv": (
        SEMICOLONS.replace(".5", ",5"),
        [(*row[:3], row[3].replace(".", ",")) for row in ROWS],
    ),
    "sep-line.csv": ("sep=;\n" + SEMICOLONS, ROWS),
    "sep-line-with-mark-and-crlf.csv": ("\ufeffsep=;\r\n" + SEMICOLONS.replace("\n", "\r\n"), ROWS),
    "delimiter-at-every-end.csv": (PLAIN.replace("\n", ",\n"), ROWS),
    "delimiter-at-the-ends-of-rows.csv": (HEAD + "".join(LINES).replace("\n", ",\n"), "line 2: 6 columns"),
    "delimiter-at-the-end-of-the-header.csv": (HEAD.replace("\n", ",\n") + "".join(LINES), "line 2: 5 columns"),
    "footer-of-one-cell.csv": (PLAIN + "Total: 3 rows\n", "line 5: 1 column where"),
    "footer-of-a-database.txt": (PLAIN + "\n(3 rows affected)\n", "line 6: 1 column where"),
    "footer-with-a-name.csv": (PLAIN + f"\nExported by {CANARY}\n", "line 6: 1 column where"),
    "header-again.csv": (HEAD + LINES[0] + HEAD + LINES[1], "rows 1 and 3 both hold the names"),
    "joined-with-mark-and-header.csv": ("\ufeff" + HEAD + LINES[0] + "\ufeff" + HEAD, "rows 1 and 3 both hold"),
    "joined-with-mark.csv": ("\ufeff" + HEAD + LINES[0] + "\ufeff" + LINES[1], ROWS[:2]),
    "two-encodings.csv": (
        (HEAD + "A,N,1,1,Jos\u00e9\n").encode() + "B,N,1,1,Jos\u00e9\n".encode("cp1252"),
        "line 3, byte",
    ),
    "nul-in-a-value.csv": (HEAD + LINES[0].replace("A01", "A\x0001"), "line 2: there is a NUL character"),
    "nul-at-the-end.csv": (PLAIN + "\0" * 64, "line 5: there is a NUL character"),
    "end-of-file-mark-of-dos.csv": (PLAIN + "\x1a", "line 5: 1 column where"),
    "quotes-in-the-middle.csv": (HEAD + 'A01,N,31,1.5,Anne "Nan" Hay\n' + LINES[1], ROWS[:2]),
    "very-long-line.csv": (HEAD + LINES[0].replace(CANARY, "z" * 3_000_000) + LINES[1], ROWS[:2]),
    "one-column.csv": ("Case\nA01\n", 'the column "Age" is missing'),
    "header-only.csv": (HEAD, []),
    "names-that-differ-in-case.csv": (HEAD.replace("Name", "case") + "A01,N,31,1.5,x\n", 'the column "case" is not'),
    "names-that-differ-in-a-space.csv": (HEAD.replace("Name", "Case ") + "A01,N,31,1.5,x\n", "stands there twice"),
    "groups-above-the-header.csv": (",,Baseline,,\n" + PLAIN, ROWS),
    "blank-lines-only.csv": ("\n\n\n", "does not hold the names"),
    "blanks-after-delimiters.csv": (PLAIN.replace(",", ", "), ROWS),
    "everything-as-formulas.csv": (PLAIN.replace("Case", '="Case"'), 'the column "Case" is missing'),
    "UPPER.CSV": (PLAIN, ROWS),
    "cases.csv.txt": (PLAIN, ROWS),
    "line-ends-of-old-macs.csv": (PLAIN.replace("\n", "\r"), ROWS),
    "line-ends-of-two-kinds.csv": (PLAIN.replace("\n", "\r\n", 2), ROWS),
    "line-separators-in-a-value.csv": (PLAIN.replace(CANARY, "a\u2028b\x0bc\x85d"), ROWS),
    "utf16.csv": (PLAIN.encode("utf-16"), ROWS),
    "utf32.csv": (PLAIN.encode("utf-32"), ROWS),
    "bars.csv": (PLAIN.replace(",", "|"), ROWS),
    "two-bars.csv": (PLAIN.replace(",", "||"), ROWS),
    "tildes.csv": (PLAIN.replace(",", "~"), 'say so in the protocol: `delimiter: "~"`'),
    "fixed-width.txt": (PLAIN.replace(",", "   "), "lined up with blanks"),
    "single-quotes.csv": (HEAD + f"'A01','N','31','1.5','x, {CANARY}'\n", "line 2: 6 columns"),
    "comments.csv": ("# export\n" + PLAIN + "# end\n", "line 6: 1 column where"),
    "gzip.csv": (gzip.compress(PLAIN.encode()), "is no text, but a gzip file"),
    "web-page.csv": (f"<html><body>{CANARY}</body></html>", "is no text, but a web page"),
    "marked-web-page.csv": (f"\ufeff\n<!DOCTYPE html><p>{CANARY}", "is no text, but a web page"),
    "json.csv": (f'[{{"Case": "A01", "Name": "{CANARY}"}}]', "is no text, but JSON"),
    "rich-text.txt": (f"{{\\rtf1 {CANARY}}}", "is no text, but a document (RTF)"),
    "workbook.csv": (b"PK\x03\x04" + b"\0" * 30, "is no text, but a zip file"),
}  # fmt: skip


@pytest.mark.parametrize("name", TEXTS)
def test_odd_texts(tmp_path: Path, name: str) -> None:
    content, verdict = TEXTS[name]
    path = tmp_path / name
    path.write_bytes(content.encode() if isinstance(content, str) else content)
    judge(path, verdict)
    assert CANARY not in looked_at(path)


# ---- files of other kinds --------------------------------------------------------------------------------------------

OTHERS = [
    ("cases.sav", "is SPSS data, which is not read here. In SPSS: File, Save as, CSV."),
    ("cases.dta", "is Stata data, which is not read here. In Stata: export delimited"),
    ("cases.rds", "In R: write.csv"),
    ("cases.sas7bdat", "is SAS data"),
    ("cases.feather", "Send it as Parquet"),
    ("cases.accdb", "In Access: export the table"),
    ("cases.xlsb", 'save it as "Excel workbook (.xlsx)"'),
    ("cases.XLTX", 'save it as "Excel workbook (.xlsx)"'),
    ("cases.numbers", "In Numbers: File, Export to, CSV"),
    ("cases.gsheet", "Download it as CSV or XLSX"),
    ("cases.csv.gz", "is a packed file, which is not read here. Unpack it"),
    ("cases.7z", "is a packed file"),
    ("cases.rar", "is a packed file"),
    ("cases.csv.gpg", "Decrypt it"),
    ("cases.json", "is JSON"),
    ("cases.xml", "is XML"),
    ("cases.pdf", "is a document"),
    ("cases.eml", "is an e-mail"),
    ("cases.csv.part", "is a file that a program has not finished"),
    ("cases", "is of a kind that is not read here. Send it as CSV"),
    ("cases.csv_old", "is of a kind that is not read here. Send it as CSV"),
]


@pytest.mark.parametrize(("name", "said"), OTHERS)
def test_files_of_other_kinds_are_told_how_to_be_saved(tmp_path: Path, name: str, said: str) -> None:
    path = tmp_path / name
    path.write_text(PLAIN)
    judge(path, said)
    assert said in looked_at(path)


def test_a_tar_is_told_to_be_unpacked(tmp_path: Path) -> None:
    with tarfile.open(tmp_path / "cases.tar", "w") as packed:
        packed.addfile(tarfile.TarInfo("cases.csv"), io.BytesIO())
    judge(tmp_path / "cases.tar", "is a packed file, which is not read here. Unpack it")


@pytest.mark.parametrize("name", ["thumbs.db", "._cases.csv", "Desktop.ini"])
def test_what_programs_leave_behind_is_no_delivery(name: str) -> None:
    assert is_litter(name)
    assert not is_litter("cases.csv")


def test_looking_into_a_zip_tells_of_each_file(tmp_path: Path) -> None:
    with zipfile.ZipFile(tmp_path / "drop.zip", "w") as packed:
        packed.writestr("cases.csv", PLAIN)
        packed.writestr("old/cases.sav", CANARY)
        packed.writestr("~$cases.xlsx", CANARY)
        packed.writestr("__MACOSX/._cases.csv", CANARY)
    told = looked_at(tmp_path / "drop.zip")
    assert "drop.zip holds 2 file(s)" in told
    assert "drop.zip/cases.csv" in told
    assert "Between the columns: , (comma)" in told
    assert "In SPSS: File, Save as, CSV" in told
    assert CANARY not in told


# ---- workbooks -------------------------------------------------------------------------------------------------------

Change = Callable[[Any, Any], object]


def _hide(_: Any, sheet: Any) -> None:
    sheet.row_dimensions[3].hidden = True
    sheet.column_dimensions["C"].hidden = True
    sheet.auto_filter.ref = "A1:E4"


def _protect(_: Any, sheet: Any) -> None:
    sheet.protection.sheet = True
    sheet.protection.set_password("x")


def _value(cell: str, value: object, style: str = "General") -> Change:
    def change(_: Any, sheet: Any) -> None:
        sheet[cell] = value
        sheet[cell].number_format = style

    return change


BOOKS: dict[str, tuple[Change, Verdict]] = {
    "hidden-and-filtered.xlsx": (_hide, ROWS),
    "protected.xlsx": (_protect, ROWS),
    "LOUD.XLSX": (_value("A1", "Case"), ROWS),
    "line-break-in-a-name.xlsx": (_value("A1", " Case\n"), ROWS),
    "formula-below.xlsx": (_value("C5", "=SUM(C2:C4)"), "cell C5: the formula there was never calculated"),
    "note-beside.xlsx": (_value("H2", CANARY), "column 8 holds values but has no name"),
    "merged-down.xlsx": (lambda _, sheet: sheet.merge_cells("B2:B4"), "the cells B2:B4 are merged"),
    "name-twice.xlsx": (_value("E1", "Score"), 'the column "Score" stands there twice'),
    "noise.xlsx": (_value("D2", 0.1 + 0.2), [(*ROWS[0][:3], "0.3"), *ROWS[1:]]),
    "long-number.xlsx": (_value("A2", 12345678901234567), "cell A2: a number of more than 15 digits"),
    "long-padded-number.xlsx": (_value("A2", 1234567890123456, "0" * 16), "cell A2: a number of more than 15 digits"),
    "long-text.xlsx": (_value("A2", "12345678901234567"), [("12345678901234567", *ROWS[0][1:]), *ROWS[1:]]),
    "long-number-not-read.xlsx": (_value("E2", 12345678901234567), ROWS),
    "fifteen-digits.xlsx": (_value("A2", 123456789012345), [("123456789012345", *ROWS[0][1:]), *ROWS[1:]]),
    "failed-formula.xlsx": (_value("C2", "#N/A"), [("A01", "N", "#N/A", "1.5"), *ROWS[1:]]),
}


def book(path: Path, change: Change) -> Path:
    made = openpyxl.Workbook()
    made.active.append(HEAD.strip().split(","))
    for case, site, age, score in ROWS:
        made.active.append([case, site, int(age), float(score), CANARY])
    change(made, made.active)
    made.save(path)
    return path


@pytest.mark.parametrize("name", BOOKS)
def test_odd_workbooks(tmp_path: Path, name: str) -> None:
    change, verdict = BOOKS[name]
    path = book(tmp_path / name, change)
    judge(path, verdict)
    assert CANARY not in looked_at(path)


def test_a_long_number_of_an_old_workbook_or_a_large_one_is_refused_too(tmp_path: Path, monkeypatch: Any) -> None:
    xlwt = pytest.importorskip("xlwt")
    old = xlwt.Workbook()
    sheet = old.add_sheet("Data")
    for column, (name, value) in enumerate(zip(HEAD.strip().split(","), (1e15, "N", 31, 0.1 + 0.2, "x"), strict=True)):
        sheet.write(0, column, name)
        sheet.write(1, column, value)
    old.save(str(tmp_path / "old.xls"))
    judge(tmp_path / "old.xls", "cell A2: a number of more than 15 digits")
    from pipelines.ingest import quick_sheets

    monkeypatch.setattr(quick_sheets, "SMALL", 0)
    judge(book(tmp_path / "large.xlsx", _value("A2", 1e15)), "cell A2: a number of more than 15 digits")
    rows = read(book(tmp_path / "noise.xlsx", _value("D2", 0.1 + 0.2)))
    assert rows == [(*ROWS[0][:3], "0.3"), *ROWS[1:]]


def test_a_strict_workbook_is_read(tmp_path: Path) -> None:
    """Excel's "Strict Open XML Spreadsheet" names its parts by other addresses (ISO/IEC 29500)."""
    path = book(tmp_path / "loose.xlsx", _value("A1", "Case"))
    strict = (
        (
            b"http://schemas.openxmlformats.org/spreadsheetml/2006/main",
            b"http://purl.oclc.org/ooxml/spreadsheetml/main",
        ),
        (
            b"http://schemas.openxmlformats.org/officeDocument/2006/relationships",
            b"http://purl.oclc.org/ooxml/officeDocument/relationships",
        ),
    )
    with zipfile.ZipFile(path) as packed, zipfile.ZipFile(tmp_path / "strict.xlsx", "w") as out:
        for name in packed.namelist():
            content = packed.read(name)
            for old, new in strict:
                content = content.replace(old, new)
            out.writestr(name, content)
    judge(tmp_path / "strict.xlsx", ROWS)


DISGUISED = [
    ("web-page.xls", f"<html><table><tr><td>{CANARY}</td></tr></table></html>", "is a web page (HTML)"),
    (
        "spreadsheet-2003.xls",
        '<?xml version="1.0"?><Workbook xmlns="urn:schemas-microsoft-com:office:spreadsheet"/>',
        "is a workbook saved as XML",
    ),
    ("tabs.xls", PLAIN.replace(",", "\t"), "is a text file, perhaps a CSV"),
    ("paper.xlsx", "%PDF-1.4", "is a PDF"),
    ("lock.xlsx", "\x05Owner" + "\0" * 100, "cannot be opened as a workbook"),
]


@pytest.mark.parametrize(("name", "content", "said"), DISGUISED)
def test_what_calls_itself_a_workbook(tmp_path: Path, name: str, content: str, said: str) -> None:
    (tmp_path / name).write_text(content)
    judge(tmp_path / name, said)
    assert CANARY not in looked_at(tmp_path / name)


# ---- Parquet and SQLite ----------------------------------------------------------------------------------------------

PARQUET = [
    ("31", "TIMESTAMPTZ '2026-06-03 23:30:00+00'", ("31", "2026-06-03T23:30:00Z")),
    ("31::UTINYINT", "1.50::DECIMAL(9, 2)", ("31", "1.5")),
    ("'x'::ENUM('x', 'y')", "'1.5'", ("x", "1.5")),
    ("9223372036854775807", "DATE '2026-06-03'", ("9223372036854775807", "2026-06-03")),
    ("[31]", "1.5", 'cannot be read as values (columns: "Age")'),
    ("{'years': 31}", "1.5", 'cannot be read as values (columns: "Age")'),
    ("31", "'x'::BLOB", 'cannot be read as values (columns: "Score")'),
    ("INTERVAL 31 YEAR", "1.5", 'cannot be read as values (columns: "Age")'),
]


@pytest.mark.parametrize("zone", ["UTC", "America/New_York"])
@pytest.mark.parametrize(("age", "score", "verdict"), PARQUET)
def test_odd_parquet(tmp_path: Path, monkeypatch: Any, zone: str, age: str, score: str, verdict: Any) -> None:
    monkeypatch.setenv("TZ", zone)
    time.tzset()
    path = tmp_path / "cases.parquet"
    # A list in a column that is left out hinders nobody.
    query = f'SELECT \'A01\' AS "Case", \'N\' AS "Site", {age} AS "Age", {score} AS "Score", [\'{CANARY}\'] AS "Name"'
    with duckdb.connect() as connection:
        connection.execute(f"COPY ({query}) TO '{path}' (FORMAT parquet)")
    judge(path, verdict if isinstance(verdict, str) else [("A01", "N", *verdict)])
    monkeypatch.undo()
    time.tzset()


TABLE = 'CREATE TABLE people ("Case" TEXT, "Site" TEXT, "Age", "Score", "Name")'
INSERT = f"INSERT INTO people VALUES ('A01', 'N', 31, 1.5, '{CANARY}')"
SQLITE: dict[str, tuple[list[str], Verdict]] = {
    "plain.sqlite": ([TABLE, INSERT], ROWS[:1]),
    "view-beside.db": ([TABLE, INSERT, "CREATE VIEW same AS SELECT * FROM people"], ROWS[:1]),
    "view-only.sqlite": (
        ["CREATE TABLE u (a)", 'CREATE VIEW v AS SELECT a AS "Case", a AS "Site", a AS "Age", a AS "Score" FROM u'],
        "does not hold the names",
    ),
    "without-rowid.sqlite3": (
        [TABLE.replace('"Case" TEXT', '"Case" TEXT PRIMARY KEY') + " WITHOUT ROWID", INSERT],
        ROWS[:1],
    ),
    "bytes.sqlite": ([TABLE, INSERT.replace("31", "x'00ff'")], 'column "Age", row 1: bytes are not a value'),
    "two-tables.sqlite": ([TABLE, INSERT, TABLE.replace("people", "again")], "it is in doubt which table is meant"),
    "whole-as-real.sqlite": ([TABLE, INSERT.replace("31", "31.0")], ROWS[:1]),
}  # fmt: skip


@pytest.mark.parametrize("name", SQLITE)
def test_odd_sqlite(tmp_path: Path, name: str) -> None:
    statements, verdict = SQLITE[name]
    with closing(sqlite3.connect(tmp_path / name)) as connection, connection:
        for statement in statements:
            connection.execute(statement)
    judge(tmp_path / name, verdict)


# ---- what stands in the place of a person and is none ----------------------------------------------------------------

PROTOCOL = """\
pilot: first
title: First
question: Does it?
concept: {name: x}
sites: {north: {title: North}}
population: {description: people}
intervention: {name: x}
outcomes:
  housed: {title: were housed, type: binary, better: higher, value: housed}
covariates: {age: {title: Age}}
extracts:
  people:
    file: cases.*
    columns: {person: Case, age: Age, housed: {column: Housed, codes: {Y: "yes", N: "no"}}}
  talks: {noun: contacts, file: contacts.csv, columns: {person: Case, contact_date: On}}
"""
PEOPLE = "".join(f"A{n:03},{20 + n % 40},{'YN'[n % 2]}\n" for n in range(40))


class Site:
    """A pilot of one site whose files are all of it: no column says which rows are whose."""

    def __init__(self, root: Path, protocol: str = PROTOCOL) -> None:
        self.root = root
        self.site = PilotSite(Workspace(root), load_text(protocol), "north")

    def deliver(self, cases: str, contacts: str = "Case,On\nA001,2026-01-05\n") -> None:
        folder = self.root / "pilots" / "first" / "drops" / "2026-04-01"
        folder.mkdir(parents=True)
        for name, content in (("cases.csv", cases), ("contacts.csv", contacts)):
            (folder / name).write_text(content, encoding="utf-8")
            os.utime(folder / name, (time.time() - 3600, time.time() - 3600))

    def publish(self, noun: str) -> Told:
        receive(self.site, noun)
        return publish(self.site, noun)

    def published_or_refusal(self) -> str:
        try:
            return str(self.publish("cases"))
        except Refusal as refusal:
            return str(refusal)

    def rows(self, query: str) -> list[Any]:
        with open_warehouse(self.site, read_only=True) as connection:
            return list(connection.execute(query).fetchall())


@pytest.fixture
def site(tmp_path: Path) -> Site:
    return Site(tmp_path)


@pytest.mark.parametrize("word", ["Total", "GRAND TOTAL", " sub-total:", "Average", "Mean", "Case", "case "])
def test_a_sum_or_a_repeated_header_is_nobody(site: Site, word: str) -> None:
    site.deliver("Case,Age,Housed\n" + PEOPLE + f"{word},38,\n")
    site.publish("cases")
    assert site.rows("SELECT count(*) FROM validated.cases") == [(40,)]
    assert site.rows("SELECT source_row, reasons FROM quarantine.cases") == [(42, "person_present")]


def test_a_line_of_words_below_the_table_is_set_aside(site: Site) -> None:
    site.deliver("Case,Age,Housed\n" + PEOPLE + f"Source: {CANARY},,\n" + "A999,,Y\n" + "A998,,\n")
    told = site.publish("cases")
    assert site.rows("SELECT source_row, reasons FROM quarantine.cases") == [(42, "person_present")]
    (found,) = [check for check in told.checks if check.rule == "says_something"]
    assert (found.decision, found.row_keys) == ("warn", ("cases.csv#42", "cases.csv#44")), "A999 has an outcome"
    assert CANARY not in str(told)


def test_numbers_that_a_spreadsheet_has_shortened_are_refused(site: Site) -> None:
    site.deliver("Case,Age,Housed\n4.71E+12,30,Y\n" + PEOPLE)
    with pytest.raises(
        Refusal, match=r'cases.csv, column "Case", row 2: a spreadsheet has shortened the numbers'
    ) as said:
        receive(site.site, "cases")
    assert "4.71" not in str(said.value)


def test_numbers_that_only_resemble_shortened_ones_are_people(site: Site) -> None:
    site.deliver("Case,Age,Housed\n4E12,30,Y\nE+12,30,Y\n12E+12,30,Y\n" + PEOPLE)
    site.publish("cases")
    assert site.rows("SELECT count(*) FROM validated.cases") == [(43,)]


def test_a_file_of_contacts_without_rows_is_not_passed_over(site: Site) -> None:
    site.deliver("Case,Age,Housed\n" + PEOPLE, "Case,On\n")
    site.publish("cases")
    told = site.publish("contacts")
    (found,) = [check for check in told.checks if check.rule == "rows_came"]
    assert (found.decision, found.sentence) == ("warn", "The drop has no contacts for this site, so nobody has any.")


# ---- signs of numbers ------------------------------------------------------------------------------------------------


def ages(*values: str) -> str:
    quoted = (f'"{value}"' if "," in value else value for value in values)
    return "Case,Age,Housed\n" + "".join(f"A{n:03},{value},Y\n" for n, value in enumerate(quoted))


IN_DOUBT = [
    ("1.200", "950", "12.500"),
    ("1.200", "", "NA", "2.500"),
    ("2.000", "30"),
    (" 1.200 ", "-3.400"),
]
PROVEN = [
    (("1.200", "1.5"), [1.2, 1.5]),
    (("1.200", "0.125"), [1.2, 0.125]),
    (("1.200", "1500"), [1.2, 1500.0]),
    (("1200", "950"), [1200.0, 950.0]),
    (("31.0", "30"), [31.0, 30.0]),
    (("1.2000", "1.200"), [1.2, 1.2]),
]


@pytest.mark.parametrize("values", IN_DOUBT)
def test_a_full_stop_that_may_stand_between_thousands_is_refused(site: Site, values: tuple[str, ...]) -> None:
    site.deliver(ages(*values))
    told = site.published_or_refusal()
    assert 'In the column "Age" every full stop in a number has three digits behind it' in told
    assert "extracts.people.columns.age" in told


@pytest.mark.parametrize(("values", "numbers"), PROVEN)
def test_one_number_can_prove_what_the_full_stop_is(site: Site, values: tuple[str, ...], numbers: list[float]) -> None:
    site.deliver(ages(*values))
    site.publish("cases")
    assert site.rows("SELECT age FROM validated.cases ORDER BY source_row") == [(number,) for number in numbers]


DECLARED = [
    ('decimal: "."', ("1.200", "950"), [1.2, 950.0]),
    ('decimal: ","', ("1.200", "950,5"), [1200.0, 950.5]),
    ('thousands: ","', ("1,200.5", "950", "1,234,567"), [1200.5, 950.0, 1234567.0]),
    ('thousands: " "', ("1\u00a0200", "12 500.25", " 950 "), [1200.0, 12500.25, 950.0]),
    ('thousands: "\'"', ("1'200", "950"), [1200.0, 950.0]),
    ('decimal: ",", thousands: " "', ("1 200,5", "950"), [1200.5, 950.0]),
    ('thousands: ","', ("12,00", "1,2000", ",500", "950"), [950.0]),
]


@pytest.mark.parametrize(("declared", "values", "numbers"), DECLARED)
def test_declared_signs_are_read_and_no_others(
    tmp_path: Path, declared: str, values: tuple[str, ...], numbers: list[float]
) -> None:
    plan = PROTOCOL.replace("age: Age", f"age: {{column: Age, {declared}}}")
    site = Site(tmp_path, plan.replace("intervention:", "limits: {quarantine: 1.0}\nintervention:"))
    site.deliver(ages(*values))
    site.publish("cases")
    assert site.rows("SELECT age FROM validated.cases ORDER BY source_row") == [(number,) for number in numbers]


def test_a_workbooks_numbers_are_in_no_doubt(tmp_path: Path) -> None:
    site = Site(tmp_path, PROTOCOL.replace("cases.*", "cases.xlsx"))
    site.deliver("Case,Age,Housed\n")
    made = openpyxl.Workbook()
    for row in (["Case", "Age", "Housed"], ["A1", 1.234, "Y"], ["A2", 2.345, "N"]):
        made.active.append(row)
    path = tmp_path / "pilots" / "first" / "drops" / "2026-04-01" / "cases.xlsx"
    made.save(path)
    os.utime(path, (time.time() - 3600, time.time() - 3600))
    site.publish("cases")
    assert site.rows("SELECT age FROM validated.cases ORDER BY source_row") == [(1.234,), (2.345,)]
