"""Files that read without a fault and would be read wrongly: each class of them is refused by name and place, or read.

Every verdict is also searched for people's values; `test_odd_files` holds the files that are merely odd.
"""

from __future__ import annotations

import sqlite3
import zipfile
from contextlib import closing
from functools import partial
from pathlib import Path

import duckdb
import pytest

from pipelines.ingest import receive, text_files
from pipelines.ingest.archives import unpacked
from pipelines.ingest.plain_text import is_plain
from pipelines.refusal import Refusal
from pipelines.validation.dates import prove
from tests.spec import test_odd_files as odd_files
from tests.spec.test_odd_files import CANARY, COLUMNS, PEOPLE, Site, Verdict

HEAD = "Case,Site,Age,Score,Name\n"
LINES = [f"A0{n},N,3{n},{n}.5,{CANARY}\n" for n in range(1, 4)]
TEXT = HEAD + "".join(LINES)
ROWS = [(f"A0{n}", "N", f"3{n}", f"{n}.5") for n in range(1, 4)]


# A mark at the beginning of a cell is no blank here.
read = partial(odd_files.read, blanks=" ")
judge = partial(odd_files.judge, blanks=" ")


# ---- texts -----------------------------------------------------------------------------------------------------------


def between(sign: str, end: str = "") -> str:
    """Return the text with every value between two signs."""
    lines = TEXT.splitlines()
    return "\n".join(",".join(f"{sign}{cell}{end or sign}" for cell in line.split(",")) for line in lines) + "\n"


def swallowed(first: str, last: str) -> str:
    return HEAD + LINES[0].replace(CANARY, first) + LINES[1].replace(CANARY, last) + LINES[2]


OTHER_TABLE = "Ward,Beds,Staff,Cost,Note\nNorth,3,4,5,x\n"
ACCENTS = TEXT.replace("A01", "Á01")
REFUSED = [*ROWS, ("A04", "N", "n/k", "refused")]
CYRILLIC = "Привет мир такой"
GREETED = [(row[0].replace("A0", CYRILLIC), *row[1:]) for row in ROWS]
LINED_UP = "Case Site Age Score Name\nA01  N    31  1.5   x\nA02  N    32  2.5   x\n"
MARKDOWN = "".join(f"|{line.replace(',', '|').strip()}|\n" for line in (HEAD, "---,---,---,---,---", *LINES))
TEXTS: dict[str, tuple[str | bytes, Verdict]] = {
    # a quotation mark too many makes one row of two
    "two-marks-too-many.csv": (swallowed('"x', 'x"'), "lines 2 to 3: quotation marks make one row of what looks like"),
    "marks-in-the-middle.csv": (
        HEAD + f'A01,"N,31,1.5,{CANARY}\nA02,N",32,2.5,{CANARY}\n',
        "lines 2 to 3: quotation marks make one row",
    ),
    "an-address-of-two-lines.csv": (HEAD + 'A01,N,31,1.5,"1 High St, Leeds,\nWest Yorks, UK, LS1, x, y"\n', ROWS[:1]),
    "other-marks-in-one-row.csv": (
        HEAD + LINES[0] + f"'A02','N','32','2.5','{CANARY}'\n",
        "line 3: every value stands between the signs ' and '. Say so in the protocol (`quote: \"'\"`)",
    ),
    "formulas.csv": (TEXT.replace("A02", '="A02"'), 'line 3: a value is written as a formula, as in ="00123"'),
    "formulas-in-quotation-marks.csv": (TEXT.replace("A02", '"=""A02"""'), "line 3: a value is written as a formula"),
    # a second table in the same columns
    "second-table.csv": (TEXT + "\n" + OTHER_TABLE, "row 6: a second table seems to begin there"),
    "second-table-at-once.csv": (TEXT + OTHER_TABLE, "row 5: a second table seems to begin there"),
    "names-again.csv": (TEXT + "\n" + LINES[0].replace("A01,N,31,1.5", "A04,N,n/k,refused"), REFUSED),
    "a-line-below-the-names.csv": (HEAD + "----,----,---,-----,----\n" + "".join(LINES), ROWS),
    "markdown.txt": (MARKDOWN, ROWS),
    # names
    "unseen-signs.csv": (TEXT.replace("Case", "\u200bCa\u00adse\u200f").replace("Age", "Age\ufeff"), ROWS),
    "unseen-twice.csv": (TEXT.replace("Name", "Age\u200b"), 'the column "Age" stands there twice'),
    "no-line-break-behind-the-names.csv": (HEAD.strip() + "".join(LINES), "by place: 5, 6, 7, 8, 9"),
    "line-separators.csv": (TEXT.replace("\n", "\u2028"), "no line ends, but the sign U+2028"),
    # other dialects, each with the pin that helps
    "carets.csv": (TEXT.replace(",", "^"), 'with ^ between them. If that is right, say so'),
    "unit-separators.csv": (TEXT.replace(",", "\x1f"), 'the sign U+001F between them'),
    "carets-said.csv": ("sep=^\n" + TEXT.replace(",", "^"), ROWS),
    "blanks.txt": (TEXT.replace(",", " "), "with a blank between them"),
    "lined-up.txt": (LINED_UP, "lined up with blanks"),
    "apostrophes.csv": (between("'"), "stand between the signs ' and '. Say so in the protocol (`quote: \"'\"`)"),
    "curly.csv": (between("\u201c", "\u201d"), "Ask for it with plain quotation marks"),
    "saved-twice.csv": ("".join(f'"{line.strip()}"\n' for line in (HEAD, *LINES)), "as if it was saved twice"),
    # encodings
    "utf-16-without-latin.csv": (TEXT.replace("A0", CYRILLIC).encode("utf-16-le"), GREETED),
    "utf-32-without-mark.csv": (TEXT.encode("utf-32-le"), ROWS),
    "encoded-twice.csv": (ACCENTS.encode().decode("latin-1"), "were encoded as UTF-8 twice"),
    "cut-off.csv": (ACCENTS.encode() + b"A04,N,34,1,\xc3", "ends in the middle of a letter"),
    "two-encodings.csv": (ACCENTS.encode() + "É04,N,34,1,x\n".encode("cp1252"), "Other letters in it are in UTF-8"),
    "iso-2022.csv": (TEXT.replace(CANARY, "山").encode("iso2022_jp"), "an encoding of East Asia"),
}  # fmt: skip


@pytest.mark.parametrize("name", TEXTS)
def test_texts_in_doubt(tmp_path: Path, name: str) -> None:
    content, verdict = TEXTS[name]
    path = tmp_path / name
    path.write_bytes(content.encode() if isinstance(content, str) else content)
    judge(path, verdict)


def test_a_pin_of_an_8_bit_encoding_hides_neither_utf8_nor_cp1252(tmp_path: Path) -> None:
    path = tmp_path / "x.csv"
    path.write_bytes(ACCENTS.encode() + "É04,N,34,1,x\n".encode("cp1252"))
    judge(path, "x.csv, line 2: letters in UTF-8, though the protocol pins the encoding as cp1252", encoding="cp1252")
    path.write_bytes(TEXT.replace("A01", "A\u201901").encode("cp1252"))
    judge(path, "has signs that only cp1252 has", encoding="latin-1")
    path.write_bytes(ACCENTS.encode().decode("latin-1").encode())
    assert read(path, encoding="utf-8")[0][0] == "Ã\x8101", "a pin reads it as it stands"


def test_a_large_file_with_a_mark_too_many_is_left_to_the_careful_reader(tmp_path: Path) -> None:
    """Only plain files go straight to DuckDB; wherever a piece ends, two rows in one are not plain."""
    path = tmp_path / "x.csv"
    for rows in ('1,2,"x\n3,4,x"\n', '1,2,"x\n3,4,x"', '1,"2,x\n3,4",x\n', "'1','2',x\n", "--,--,--\n"):
        path.write_text("a,b,c\n" + rows)
        assert not is_plain(path, ",", '"', 3), rows
    for rows in ('1,2,"x\ny"\n', '1,2,"x,y\nz,z"\n', "1,2,x'\n"):
        path.write_text("a,b,c\n" + rows)
        assert is_plain(path, ",", '"', 3), rows


def test_a_large_plain_file_is_not_looked_at_row_by_row(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(text_files, "SMALL", 10)
    (tmp_path / "x.csv").write_text(TEXT)
    judge(tmp_path / "x.csv", ROWS)


# ---- workbooks -------------------------------------------------------------------------------------------------------

MAIN = "http://schemas.openxmlformats.org/spreadsheetml/2006/main"
LINKS = "http://schemas.openxmlformats.org/officeDocument/2006/relationships"
PACKAGE = "http://schemas.openxmlformats.org/package/2006/relationships"


TYPES = """<Types xmlns="http://schemas.openxmlformats.org/package/2006/content-types">
<Default Extension="xml" ContentType="application/xml"/>
<Default Extension="rels" ContentType="application/vnd.openxmlformats-package.relationships+xml"/></Types>"""


def link(kind: str, target: str) -> str:
    held = f'<Relationship Id="r1" Type="{LINKS}/{kind}" Target="{target}"/>'
    return f'<Relationships xmlns="{PACKAGE}">{held}</Relationships>'


def inline(*words: str) -> str:
    return "".join(f'<c t="inlineStr"><is><t>{word}</t></is></c>' for word in words)


def xlsx(path: Path, cell: str, below: str = "") -> Path:
    """Write a workbook of the four columns by hand, D2 as given."""
    names, first = inline(*COLUMNS.values()), f"{inline('A01', 'N')}<c><v>31</v></c><c {cell}</c>"
    rows = f'<row r="1">{names}</row><row r="2">{first}</row>'
    sheets = '<sheets><sheet name="S " sheetId="1" r:id="r1"/></sheets>'
    parts = {
        "[Content_Types].xml": TYPES,
        "_rels/.rels": link("officeDocument", "xl/workbook.xml"),
        "xl/_rels/workbook.xml.rels": link("worksheet", "worksheets/sheet1.xml"),
        "xl/workbook.xml": f'<workbook xmlns="{MAIN}" xmlns:r="{LINKS}">{sheets}</workbook>',
        "xl/worksheets/sheet1.xml": f'<worksheet xmlns="{MAIN}"><sheetData>{rows}{below}</sheetData></worksheet>',
    }
    with zipfile.ZipFile(path, "w") as packed:
        for name, content in parts.items():
            packed.writestr(name, content)
    return path


CELLS = [
    ('t="inlineStr"><is><t>_xD83D__xDE00_</t></is>', "\U0001f600"),
    ('t="inlineStr"><is><t>_xD83D_x</t></is>', "\ufffdx"),
    ("><v>1_000</v>", "1_000"),
    ("><v>NaN</v>", "NaN"),
    ("><v>1.5E+3</v>", "1500"),
]


@pytest.mark.parametrize(("cell", "text"), CELLS)
def test_a_cell_is_no_more_than_it_says(tmp_path: Path, cell: str, text: str) -> None:
    judge(xlsx(tmp_path / "x.xlsx", cell), [("A01", "N", "31", text)])


def test_two_values_in_one_cell_are_refused(tmp_path: Path) -> None:
    judge(xlsx(tmp_path / "x.xlsx", "><v>1</v><v>2</v>"), 'sheet "S ", row 2 is broken')


def test_a_second_table_on_a_sheet_is_refused(tmp_path: Path) -> None:
    below = f'<row r="5">{inline("Ward", "Beds")}</row><row r="6"><c><v>1</v></c><c><v>2</v></c></row>'
    judge(xlsx(tmp_path / "x.xlsx", "><v>1.5</v>", below), 'sheet "S ", row 5: a second table seems to begin there')


def test_nobody_sees_a_blank_behind_the_name_of_a_sheet(tmp_path: Path) -> None:
    judge(xlsx(tmp_path / "x.xlsx", "><v>1.5</v>"), ROWS[:1], sheet="S")


OFFICE, TABLE, WORDS = (f"urn:oasis:names:tc:opendocument:xmlns:{name}:1.0" for name in ("office", "table", "text"))
ODS = [
    ('office:value-type="time" office:time-value="PT09H29M59.999999996S"><text:p>09:30</text:p>', "09:30:00"),
    (
        'office:value-type="date" office:date-value="2026-03-04T23:59:59.999999997"><text:p>5 March</text:p>',
        "2026-03-05",
    ),
    (
        'office:value-type="string"><draw:frame><draw:text-box><text:p>drawn</text:p></draw:text-box></draw:frame><text:p>v</text:p>',
        "v",
    ),
    ('table:formula="of:=X" office:value-type="string" office:string-value=""><text:p>Err:502</text:p>', "Err:502"),
    ('table:formula="of:=NA()" office:value-type="float" office:value="0"><text:p>#N/A</text:p>', "#N/A"),
]


@pytest.mark.parametrize(("cell", "text"), ODS)
def test_what_libreoffice_keeps_is_what_it_shows(tmp_path: Path, cell: str, text: str) -> None:
    def typed(kind: str, shown: str) -> str:
        return f"<table:table-cell office:value-type={kind}><text:p>{shown}</text:p></table:table-cell>"

    names = "".join(typed('"string"', name) for name in COLUMNS.values())
    first = typed('"string"', "A01") + typed('"string"', "N") + typed('"float" office:value="31"', "31")
    rows = f"<table:table-row>{names}</table:table-row>"
    rows += f"<table:table-row>{first}<table:table-cell {cell}</table:table-cell></table:table-row>"
    spaces = f'xmlns:office="{OFFICE}" xmlns:table="{TABLE}" xmlns:text="{WORDS}" xmlns:draw="urn:draw"'
    sheet = f'<office:spreadsheet><table:table table:name="S">{rows}</table:table></office:spreadsheet>'
    content = f"<office:document-content {spaces}><office:body>{sheet}</office:body></office:document-content>"
    with zipfile.ZipFile(tmp_path / "x.ods", "w") as packed:
        packed.writestr("mimetype", "application/vnd.oasis.opendocument.spreadsheet")
        packed.writestr("content.xml", content)
        packed.writestr("META-INF/manifest.xml", "<manifest/>")
    judge(tmp_path / "x.ods", [("A01", "N", "31", text)])  # fmt: skip


# ---- Parquet and SQLite ----------------------------------------------------------------------------------------------


def test_what_parquet_keeps_otherwise_than_it_is_meant_is_refused(tmp_path: Path) -> None:
    pyarrow = pytest.importorskip("pyarrow")
    from decimal import Decimal

    from pyarrow import parquet

    path = tmp_path / "x.parquet"
    columns = {"Case": ["A01"], "Site": ["N"], "Age": ["31"], "Score": ["1.5"]}
    hour = pyarrow.array([3_600_000_000], pyarrow.duration("us"))
    long = pyarrow.array([Decimal("1" * 50)], pyarrow.decimal256(60, 0))
    for score in (hour, long):
        parquet.write_table(pyarrow.table(columns | {"Score": score}), path)
        judge(path, '(columns: "Score")')
    parquet.write_table(pyarrow.table({"Name": hour} | columns), path)
    judge(path, ROWS[:1])


@pytest.mark.parametrize(("kind", "fits", "lost"), [("DOUBLE", 2**53 - 1, 2**53 + 1), ("FLOAT", 2**24 - 1, 2**24 + 1)])
def test_numbers_of_people_that_have_lost_digits_are_refused(tmp_path: Path, kind: str, fits: int, lost: int) -> None:
    path = tmp_path / "x.parquet"
    for number in (fits, lost):
        query = f'SELECT {number}::{kind} AS "Case", \'N\' AS "Site", {lost}::{kind} AS "Age", 1.5 AS "Score"'
        with duckdb.connect() as connection:
            connection.execute(f"COPY ({query}) TO '{path}' (FORMAT parquet)")
        if number == fits:
            assert len(read(path)) == 1, "of other numbers digits may be lost"
        else:
            judge(path, 'column "Case": people\'s numbers are kept with a floating point')


def test_numbers_of_people_in_sqlite_too(tmp_path: Path) -> None:
    with closing(sqlite3.connect(tmp_path / "x.sqlite")) as connection, connection:
        connection.execute('CREATE TABLE people ("Case" REAL, "Site", "Age", "Score", "Name")')
        connection.execute("INSERT INTO people VALUES (12345678901234567, 'N', 31, 1.5, ?)", [CANARY])
    judge(tmp_path / "x.sqlite", "people's numbers are kept with a floating point")


# ---- dates -----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("mark", ["-", "/", ".", " "])
def test_the_date_that_excel_writes_in_britain_is_proven(mark: str) -> None:
    with duckdb.connect() as connection:
        connection.execute("CREATE TABLE t AS SELECT unnest(?) AS x", [["13-Jan-26", "2-FEB-26"]])
        connection.execute("UPDATE t SET x = replace(x, '-', ?)", [mark])
        found = prove(connection, "t", {"day": ("x", frozenset({""}))})["day"]
    assert (found.format, found.verdict) == (f"%d{mark}%b{mark}%y", "proven")


# ---- zips ------------------------------------------------------------------------------------------------------------


def test_a_name_that_no_disk_takes_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "drop.zip"
    with zipfile.ZipFile(path, "w") as packed:
        packed.writestr(f"{'é' * 130}.csv", TEXT)
    files = unpacked([("drop.zip", path)], tmp_path / "private")
    with pytest.raises(Refusal, match=r"drop\.zip cannot be unpacked: a name in it is longer than 255 bytes"), files:
        pass


# ---- through the door ------------------------------------------------------------------------------------------------


def test_a_drop_with_a_second_table_is_refused_at_the_door(tmp_path: Path) -> None:
    site = Site(tmp_path)
    site.deliver("Case,Age,Housed\n" + PEOPLE + f"\nWard,Beds,Staff\n{CANARY},3,4\n")
    with pytest.raises(Refusal, match=r"cases\.csv, row 43: a second table seems to begin there") as said:
        receive(site.site, "cases")
    assert CANARY not in str(said.value)
