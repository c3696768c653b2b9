"""Text, Parquet, SQLite and zipped files by example: what is found out, what a pin forbids, what is refused."""

from __future__ import annotations

import copy
import io
import os
import shutil
import sqlite3
import stat
import subprocess
import sys
import zipfile
from contextlib import closing
from pathlib import Path
from typing import Any

import duckdb
import pytest
from ruamel.yaml import YAML

from pipelines.ingest import archives, plain_text, sqlite_files, text_rows
from pipelines.ingest.archives import unpacked
from pipelines.ingest.files import look, open_rows
from pipelines.ingest.looking import described
from pipelines.ingest.plain_text import is_plain
from pipelines.ingest.reading import place
from pipelines.protocol.extract_soundness import extract_faults
from pipelines.protocol.extracts import Extract
from pipelines.refusal import Refusal

CANARY = "Quartermaine"
FIELDS = {"person": "Case", "site": "Site", "age": "Age"}
TEXT = f"Case,Site,Age\n1,{CANARY},07\n2,S,\n"
ROWS = [(2, "1", CANARY, "07"), (3, "2", "S", "")]


def extract(**pins: Any) -> Extract:
    return Extract.model_validate({"file": "*", "columns": FIELDS, **pins})


def put(folder: Path, content: str | bytes, name: str = "x.csv") -> Path:
    path = folder / name
    path.write_bytes(content.encode() if isinstance(content, str) else content)
    return path


def read(path: Path, wanted: Extract | None = None) -> list[tuple[Any, ...]]:
    """Return number and cells of each row."""
    with duckdb.connect(config={"threads": 1}) as connection:
        rows = open_rows(connection, path, wanted or extract())
        number = "source_row" if rows.numbered else f"row_number() OVER () + {rows.facts.header_row}"
        places = ", ".join(f"coalesce({place(index)}, '')" for index in range(len(rows.facts.columns)))
        try:
            return connection.execute(f"SELECT {number}, {places} FROM {rows.source} ORDER BY 1").fetchall()
        except duckdb.Error as error:
            refusal = rows.explain(str(error))
        raise refusal


def refusal(path: Path, wanted: Extract | None = None) -> str:
    with pytest.raises(Refusal) as refused:
        read(path, wanted)
    assert CANARY not in str(refused.value)
    assert (refused.value.__cause__, refused.value.__context__) == (None, None)
    return str(refused.value)


# ---- text: what is found out -----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("content", "rows"),
    [
        (TEXT, ROWS),
        (TEXT.replace("\n", "\r\n"), ROWS),
        (TEXT.replace("\n", "\r"), ROWS),
        (TEXT.replace("\n", "\r\n", 1), ROWS),
        (TEXT.replace(",", ";"), ROWS),
        ("\ufeff" + TEXT, ROWS),
        (TEXT.encode("utf-16-le"), ROWS),
        (TEXT.encode("utf-16-be"), ROWS),
        (TEXT.encode("utf-32"), ROWS),
        ("\n\n" + TEXT, [(4, *ROWS[0][1:]), (5, *ROWS[1][1:])]),
        ("sep=,\n" + TEXT, [(3, *ROWS[0][1:]), (4, *ROWS[1][1:])]),
        ('Cases of 2026\n"as of\nMay"\n\n' + TEXT, [(5, *ROWS[0][1:]), (6, *ROWS[1][1:])]),
        (TEXT + " \t\n\n", ROWS),
        ("Case,Site,Age", []),
        ("Case,Site,Age\r\n", []),
        ('Case,Site,Age\n1,"a ""b""\nc",7\n', [(2, "1", 'a "b"\nc', "7")]),
        ('Case,Site,Age\n1,5\' 6",7\n', [(2, "1", "5' 6\"", "7")]),
        (f"Case,Site,Age\n1,{'x' * 3_000_000},7\n", [(2, "1", "x" * 3_000_000, "7")]),
        ('Case,Site,Age\n1,"C:\\x\\",7\n2,"y",8\n', [(2, "1", "C:\\x\\", "7"), (3, "2", "y", "8")]),
        ("Case,Site,Age,,\n1,S,7,,\n", [(2, "1", "S", "7", "", "")]),
        ("Case,Site,Age\n1,\u2028\x0b\x85,7\n", [(2, "1", "\u2028\x0b\x85", "7")]),
    ],
)  # fmt: skip
def test_a_text_is_read_as_it_says(tmp_path: Path, content: str | bytes, rows: list[Any]) -> None:
    assert read(put(tmp_path, content)) == rows


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (TEXT + f"3,{CANARY}, N,\n", "x.csv, line 4: 4 columns where the header has 3"),
        (TEXT + f"3,{CANARY},N,\n", "x.csv, line 4: 4 columns where the header has 3"),
        (TEXT + f"3,{CANARY}\n", "x.csv, line 4: 2 columns where the header has 3"),
        (TEXT + f'3,"{CANARY},1\n', "x.csv, line 4: the row cannot be read"),
        (TEXT + f'3,"{CANARY}" x,1\n', "x.csv, line 4: the row cannot be read"),
        (TEXT + f'3, "{CANARY}",1\n', "x.csv, line 4: a blank stands before a quotation mark"),
        (TEXT + f'3,{CANARY} \\"a\\",1\n', "x.csv, line 4: a backslash stands before a quotation mark"),
        (TEXT + f'3,"{CANARY} \\"a\\"",1\n', "x.csv, line 4: the row cannot be read"),
        (TEXT + f"3,{CANARY}\0,1\n", "x.csv, line 4: there is a NUL"),
        ((TEXT + f"3,{CANARY}é,1\n").encode("cp1252"), "line 4, byte 52 of the file: not UTF-8. It reads without"),
        (TEXT.encode() + b"3,\xed\xa0\x80,1\n", "x.csv, line 4, byte 40 of the file: not UTF-8."),
        (TEXT.encode() + b"3,\x81\xe9,1\n", "x.csv, line 4, byte 40 of the file: not UTF-8. Name its encoding"),
        (TEXT.encode("utf-16")[:-1], "x.csv, line 3, byte 75 of the file: not UTF-16"),
        ("Case,Site,Age\n" + TEXT, "rows 1 and 2 both hold the names"),
        (f"Case,Site,Age,\n1,2,3,{CANARY}\n", "column 4 holds values but has no name"),
        (f"Case,Site\n1,{CANARY}\n", 'the column "Age" is missing'),
        (f"1,{CANARY},3\n2,3,4\n", "the first row does not hold the names of the columns"),
        ("", "is empty (0 bytes)"),
        (b"PK\x03\x04" + TEXT.encode(), "x.csv is no text, but a zip file"),
        (b"\x1f\x8b" + TEXT.encode(), "x.csv is no text, but a gzip file"),
    ],
)  # fmt: skip
def test_a_text_that_proves_nothing_is_refused(tmp_path: Path, content: str | bytes, said: str) -> None:
    assert said in refusal(put(tmp_path, content))


PINS: list[tuple[dict[str, Any], str | bytes, str]] = [
    ({"delimiter": ";"}, TEXT, "pins the delimiter as `; (semicolon)`, but x.csv has `, (comma)`"),
    ({"header_row": 2}, TEXT, "pins the header row as 2, but x.csv has the names of the columns in row 1"),
    ({"header_row": 1}, "x\n" + TEXT, "pins the header row as 1, but x.csv has the names of the columns in row 2"),
    ({"encoding": "utf-8"}, TEXT.encode("utf-16"), "pins the encoding as utf-8, but x.csv is in UTF-16-LE"),
    ({"encoding": "utf-16-be"}, TEXT.encode("utf-16-le"), "pins the encoding as utf-16-be, but x.csv is in UTF-16-LE"),
    ({"encoding": "cp1252"}, "\ufeff" + TEXT, "pins the encoding as cp1252, but x.csv is in UTF-8"),
    ({"encoding": "latin-1"}, TEXT + "3,é,1\n", "pins the encoding as latin-1, but x.csv is in UTF-8"),
]


@pytest.mark.parametrize(("pins", "content", "said"), PINS, ids=[said[:40] for *_, said in PINS])
def test_what_is_pinned_is_not_guessed_again(
    tmp_path: Path, pins: dict[str, Any], content: str | bytes, said: str
) -> None:
    assert f"The protocol {said}" in refusal(put(tmp_path, content), extract(**pins))


def test_a_pin_that_holds_changes_nothing_and_one_can_decide(tmp_path: Path) -> None:
    path = put(tmp_path, TEXT)
    assert read(path, extract(delimiter=",", encoding="utf-8", header_row=1)) == ROWS
    assert read(put(tmp_path, TEXT.encode("utf-16")), extract(encoding="utf-16")) == ROWS
    assert read(put(tmp_path, TEXT + "3,é,1\n", "y.csv"), extract(encoding="utf-8-sig"))[-1] == (4, "3", "é", "1")
    assert read(put(tmp_path, TEXT.replace(",", "~")), extract(delimiter="~")) == ROWS
    quotes = "Case,Site,Age\n1,'a, \"b\"',7\n"
    assert read(put(tmp_path, quotes), extract(quote="'")) == [(2, "1", 'a, "b"', "7")]
    assert read(put(tmp_path, 'Case,Site,Age\n1,"a,7\n'), extract(quote="")) == [(2, "1", '"a', "7")]
    joined = "Case,Site,Age\n" + TEXT
    assert [row[0] for row in read(put(tmp_path, joined), extract(header_row=1))] == [2, 3, 4]


def test_a_column_alone_is_told_by_the_ending(tmp_path: Path) -> None:
    one = Extract.model_validate({"file": "*", "columns": {"person": "Case"}})
    assert read(put(tmp_path, "Case\n1\n\n2\n"), one) == [(2, "1"), (4, "2")]
    assert read(put(tmp_path, "Case\n1, a\n", "x.tsv"), one) == [(2, "1, a")]
    assert "line 2: 2 columns where the header has 1" in refusal(put(tmp_path, "Case\n1, a\n"), one)


def test_only_what_duckdb_reads_rightly_is_left_to_it(tmp_path: Path) -> None:
    """Each of these DuckDB would read, silently otherwise; the rest it reads at its own speed."""
    for content in ("1,2,3,\n", "1,2,3\n\n", "\r\n1,2,3\r\n", '1, "2",3\n', '1,"2" ,3\n', '1,"2",3\r\n', "1,\0,3\n"):
        assert not is_plain(put(tmp_path, f"a,b,c\n{content}"), ",", '"', 3)
    for content in ("", "1,2,3\n", "1,2,3", ",,\n", '"1,\n\n2",,""\n', '"a ""b""",2,3\n'):
        assert is_plain(put(tmp_path, f"a,b,c\n{content}"), ",", '"', 3)
    assert not is_plain(put(tmp_path, "a,b,c\n"), ",", '"', 2)
    for ending in ("\n", "\r\n"):  # what two rows have too much, a blank line has too little
        assert not is_plain(put(tmp_path, "a,b,c\n1,2,3,\n1,2,3,\n\n".replace("\n", ending)), ",", '"', 3)
    assert not is_plain(put(tmp_path, '"a\n",b,c\r\n1,2,3\r\n'), ",", '"', 3)


def test_no_file_keeps_a_machine_busy(tmp_path: Path) -> None:
    with pytest.raises(Refusal, match="in doubt"):
        look(put(tmp_path, f"{'1' * 500_000}x,b\n1,2\n"))
    wide = put(tmp_path, f"Case,Site,Age{',' * 5_000}\n")
    assert "more than 4096 columns" in refusal(wide)
    assert "more than 16 million letters" in refusal(put(tmp_path, f'Case,Site,Age\n1,"{"x" * 17_000_000}",2\n'))


def test_a_file_that_is_not_plain_may_not_be_large(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(text_rows, "LARGEST", 20)
    path = put(tmp_path, TEXT)
    assert read(path) == ROWS
    assert "not plain enough" in refusal(put(tmp_path, TEXT + "\n"))
    assert plain_text.LONGEST_ROW < 2_000_000  # what DuckDB takes


# ---- looking ---------------------------------------------------------------------------------------------------------


def test_looking_tells_the_dialect_and_a_snippet_that_pins_it(tmp_path: Path) -> None:
    path = put(tmp_path, f"List of May\n\nCase;Last name;Born\n1;{CANARY};2001-02-03\n".encode("utf-16"), "ca'ses.csv")
    said = described(path)
    assert CANARY not in said
    for line in ("Encoding: UTF-16-LE", "Between the columns: ; (semicolon)", "row: 3", "  2. Last name"):
        assert line in said
    snippet = YAML(typ="safe").load(said.split("For the protocol:")[1])["extracts"]["cases"]
    assert snippet.pop("columns") is None
    pinned = Extract.model_validate({**snippet, "columns": {"person": "Case"}, "ignore": ["*"]})
    assert read(path, pinned) == [(4, "1", CANARY, "2001-02-03")]


@pytest.mark.parametrize(
    "content",
    [
        f"1,{CANARY},3\n2,x,4\n",  # numbers
        f"{CANARY},North\nSmith,South\n",  # words above words
        f"{CANARY}\nSmith\n",
        f"{CANARY},2001-02-03\nSmith,2001-02-03\n",
        f"{CANARY},a@b.org\nSmith,2\n",
    ],
)
def test_looking_never_shows_what_may_be_somebodys_data(tmp_path: Path, content: str) -> None:
    with pytest.raises(Refusal) as refused:
        described(put(tmp_path, content))
    assert "it is in doubt which row holds the names" in str(refused.value)
    assert CANARY not in str(refused.value)


def test_a_value_that_happens_to_be_a_name_makes_no_header(tmp_path: Path) -> None:
    path = put(tmp_path, f"1,2,3\n4,Site,{CANARY}\n")
    assert "the first row does not hold the names" in refusal(path)
    with pytest.raises(Refusal) as refused:
        described(path, extract())
    assert CANARY not in str(refused.value)
    spoilt = put(tmp_path, "A list\nCase,Site,Aeg\n1,2,3\n")
    assert 'the column "Age" is missing. Did you mean "Aeg"?' in refusal(spoilt)


def test_an_ignored_column_may_stand_there_twice(tmp_path: Path) -> None:
    path = put(tmp_path, "Case,x,Site,x,Age\n1,2,3,4,5\n")
    assert read(path, extract(ignore=["x"])) == [(2, "1", "2", "3", "4", "5")]
    assert 'the column "x" stands there twice' in refusal(path)


def test_looking_does_not_guess_between_two_delimiters(tmp_path: Path) -> None:
    with pytest.raises(Refusal, match="in doubt what stands between the columns"):
        look(put(tmp_path, "a;b,c;d\n1;2,3;4\n"))
    pinned = Extract(file="*", delimiter=";")
    assert look(put(tmp_path, "a;b,c;d\n1;2,3;4\n"), pinned).columns == ("a", "b,c", "d")


# ---- Parquet and SQLite ----------------------------------------------------------------------------------------------


def parquet(folder: Path, select: str, name: str = "x.parquet") -> Path:
    path = folder / name
    path.parent.mkdir(exist_ok=True)
    with duckdb.connect() as connection:
        connection.execute(f"COPY ({select}) TO '{path}' (FORMAT parquet)")
    return path


@pytest.mark.parametrize(
    ("value", "text"),
    [
        ("1", "1"),
        ("'007'", "007"),
        ("2.0::DOUBLE", "2"),
        ("0.1::FLOAT", "0.1"),
        ("0.1::DOUBLE + 0.2::DOUBLE", "0.30000000000000004"),
        ("1e300::DOUBLE", "1e+300"),
        ("12.50::DECIMAL(9, 2)", "12.5"),
        ("100::DECIMAL(5, 0)", "100"),
        ("100.00::DECIMAL(9, 2)", "100"),
        ("true", "TRUE"),
        ("DATE '2026-01-02'", "2026-01-02"),
        ("TIMESTAMP '2026-01-02 00:00:00'", "2026-01-02"),
        ("TIMESTAMP '2026-01-02 10:00:00'", "2026-01-02T10:00:00"),
        ("TIMESTAMP_NS '2026-01-02 00:00:00'", "2026-01-02"),
        ("TIMESTAMPTZ '2026-01-02 01:00:00+01'", "2026-01-02T00:00:00Z"),
        ("'a'::ENUM ('a', 'b')", "a"),
        ("NULL::INTEGER", ""),
        ("9223372036854775807", "9223372036854775807"),
    ],
)  # fmt: skip
def test_a_value_of_parquet_is_the_text_a_person_sees(tmp_path: Path, value: str, text: str) -> None:
    path = parquet(tmp_path, f"SELECT 1 AS Case, 'N' AS Site, {value} AS Age", "year=2026/[x]*.parquet")
    assert read(path) == [(1, "1", "N", text)]


def test_parquet_that_holds_no_values_or_is_broken_is_refused(tmp_path: Path) -> None:
    path = parquet(tmp_path, f"SELECT 1 AS Case, ['{CANARY}'] AS Site, '\\xAA'::BLOB AS Age")
    assert '(columns: "Site", "Age")' in refusal(path)
    whole = parquet(tmp_path, "SELECT range AS Case, 'N' AS Site, 3 AS Age FROM range(100)", "y.parquet").read_bytes()
    for cut in (whole[:40], whole[:-1], b"PAR1", b"PAR1" + whole[40:]):
        assert "cannot be opened as Parquet" in refusal(put(tmp_path, cut, "z.parquet"))


def database(folder: Path, *statements: str) -> Path:
    path = folder / "x%20?.db"
    path.unlink(missing_ok=True)
    with closing(sqlite3.connect(path)) as opened:
        for statement in statements:
            opened.execute(statement)
        opened.commit()
    return path


CASES = 'CREATE TABLE people (Case, "Site", Age)'.replace("Case,", '"Case",')


def test_the_table_with_the_columns_is_read_and_nothing_is_run(tmp_path: Path) -> None:
    path = database(
        tmp_path,
        *(CASES, f"INSERT INTO people VALUES (1, '{CANARY}', 2.0), ('007', NULL, 0.5)", "CREATE TABLE other (x)"),
        'CREATE VIEW v AS SELECT load_extension(\'x\') AS "Case", 1 AS "Site", 2 AS Age',
        "CREATE TRIGGER t AFTER INSERT ON people BEGIN SELECT 1; END",
        'CREATE TABLE computed ("Case", "Site", Age AS (hex(zeroblob(100000000))))',
    )
    assert look(path, extract()).table == "people"
    assert read(path) == [(1, "1", CANARY, "2"), (2, "007", "", "0.5")]


def test_which_table_is_meant_must_be_certain(tmp_path: Path) -> None:
    path = database(tmp_path, CASES, CASES.replace("people", "older"), "INSERT INTO older VALUES (5, 6, 7)")
    assert "it is in doubt which table is meant. Name one as `table` in the protocol: people, older." in refusal(path)
    assert read(path, extract(table="older")) == [(1, "5", "6", "7")]
    assert 'pins the table as "elder", but x%20?.db has none of that name. Did you mean' in refusal(
        path, extract(table="elder")
    )


def test_sqlite_that_keeps_a_machine_busy_is_left(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    numbers = "WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n LIMIT 100000) SELECT i, i, i FROM n"
    path = database(tmp_path, CASES, f"INSERT INTO people {numbers}")
    wanted = look(path, extract())
    monkeypatch.setattr(sqlite_files, "LONGEST_SECONDS", 0.0)
    with duckdb.connect() as connection, pytest.raises(Refusal, match="takes too long"):
        sqlite_files.open_rows(connection, path, wanted)


def test_sqlite_that_holds_bytes_or_is_unfinished_or_broken_is_refused(tmp_path: Path) -> None:
    assert 'column "Site", row 1: bytes' in refusal(
        database(tmp_path, CASES, "INSERT INTO people VALUES (1, x'00', 2)")
    )
    assert "no table that can be read" in refusal(database(tmp_path, 'CREATE VIEW v AS SELECT 1 AS "Case"'))
    bad = database(tmp_path, CASES, "INSERT INTO people VALUES (1, CAST(x'ff' AS TEXT), 2)")
    assert "cannot be read as SQLite" in refusal(bad)
    path = database(tmp_path, CASES)
    put(tmp_path, "unfinished", path.name + "-wal")
    assert "unfinished changes beside it" in refusal(path)
    assert "cannot be read as SQLite" in refusal(put(tmp_path, b"SQLite format 3\0" + bytes(5000), "y.sqlite"))


# ---- zips ------------------------------------------------------------------------------------------------------------


def zipped(folder: Path, *entries: tuple[str | zipfile.ZipInfo, bytes]) -> Path:
    content = io.BytesIO()
    with zipfile.ZipFile(content, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, inside in entries:
            archive.writestr(name, inside)
    return put(folder, content.getvalue(), "d.zip")


def link(name: str) -> zipfile.ZipInfo:
    info = zipfile.ZipInfo(name)
    info.external_attr = (stat.S_IFLNK | 0o777) << 16
    return info


def test_a_zip_is_unpacked_privately_and_nothing_stays(tmp_path: Path) -> None:
    path = zipped(tmp_path, ("a/cases.csv", TEXT.encode()), ("__MACOSX/a/._cases.csv", b"x"), ("book.xlsx", b"PK"))
    plain, private = put(tmp_path, TEXT, "plain.csv"), tmp_path / "private"
    with unpacked([("plain.csv", plain), ("d.zip", path)], private) as files:
        assert [name for name, _ in files] == ["plain.csv", "d.zip/a/cases.csv", "d.zip/book.xlsx"]
        assert read(files[1][1]) == ROWS
        folders = [one for one in private.rglob("*") if one.is_dir()]
        assert {stat.S_IMODE(one.stat().st_mode) for one in (private, *folders)} == {0o700}
        assert {stat.S_IMODE(one.stat().st_mode) for one in private.rglob("*") if one.is_file()} == {0o600}
    assert list(private.iterdir()) == []
    with pytest.raises(ZeroDivisionError), unpacked([("d.zip", path)], private):
        raise ZeroDivisionError
    assert list(private.iterdir()) == []


@pytest.mark.parametrize(
    ("entries", "said"),
    [
        ([("../x.csv", b"")], "climbs out of the zip"),
        ([("/x.csv", b"")], "starts at the root"),
        ([("C:\\x.csv", b"")], "has a backslash"),
        ([(link("x.csv"), b"/etc/passwd")], "is a link or a device"),
        ([("x.csv", b"1"), ("X.csv", b"2")], "names occur more than once"),
        ([("inner.zip", b"")], "holds another packed file"),
        ([("x.csv", bytes(30_000_000))], "as a zip bomb does"),
        ([(f"{number}.csv", b"") for number in range(1001)], "holds 1001 entries"),
    ],
)
def test_a_zip_that_no_honest_provider_sends_is_refused(tmp_path: Path, entries: list[Any], said: str) -> None:
    path, private = zipped(tmp_path, *entries), tmp_path / "private"
    with pytest.raises(Refusal, match=r"d\.zip") as refused, unpacked([("d.zip", path)], private):
        pytest.fail("it was unpacked")
    assert said in str(refused.value)
    assert list(private.iterdir()) == []


def test_a_zip_that_is_locked_or_damaged_is_refused(tmp_path: Path) -> None:
    whole = zipped(tmp_path, ("x.csv", os.urandom(5000))).read_bytes()
    locked = bytearray(whole)
    locked[6] |= 1
    locked[whole.index(b"PK\x01\x02") + 8] |= 1
    spoilt = bytearray(whole)
    spoilt[1000] ^= 255
    for content, said in (
        (locked, "is encrypted"),
        (spoilt, "damaged"),
        (whole[:-30], "damaged"),
        (b"PK\x03\x04", "damaged"),
    ):
        path = put(tmp_path, bytes(content), "d.zip")
        with pytest.raises(Refusal) as refused, unpacked([("d.zip", path)], tmp_path / "private"):
            pytest.fail("it was unpacked")
        assert said in str(refused.value)


def test_a_zip_whose_files_lie_upon_each_other_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "d.zip"
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("0.csv", os.urandom(5000))
        for number in range(1, 9):
            again = copy.copy(archive.filelist[0])
            again.filename = again.orig_filename = f"{number}.csv"
            archive.filelist.append(again)
    with pytest.raises(Refusal, match="its entries overlap"), unpacked([("d.zip", path)], tmp_path / "private"):
        pytest.fail("it was unpacked")


def test_what_a_killed_process_left_behind_is_swept_and_a_living_one_is_left_alone(tmp_path: Path) -> None:
    path, private = zipped(tmp_path, ("x.csv", TEXT.encode())), tmp_path / "private"
    script = (
        "import os, sys, pathlib\nfrom pipelines.ingest.archives import unpacked\n"
        "with unpacked([('d.zip', pathlib.Path(sys.argv[1]))], pathlib.Path(sys.argv[2])):\n"
        "    os.kill(os.getpid(), 9)\n"
    )
    root = Path(archives.__file__).parents[2]
    done = subprocess.run([sys.executable, "-c", script, path, private], cwd=root, check=False)
    assert done.returncode == -9
    (left,) = private.iterdir()
    with unpacked([("d.zip", path)], private):
        assert not left.exists()
        (mine,) = private.iterdir()
        archives.sweep(private)
        assert mine.exists()
    shutil.rmtree(private)


# ---- the protocol ----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("body", "said"),
    [
        ({"file": "x.csv", "quote": "a"}, "cannot stand around values"),
        ({"file": "x.csv", "quote": "|", "delimiter": "|"}, "cannot stand around values"),
        ({"file": "x.csv", "table": "t"}, "only a SQLite file has one"),
        ({"file": "x.xlsx", "delimiter": ";"}, "only a text file has one"),
        ({"file": "x.db", "sheet": "s"}, "only a workbook has one"),
        ({"file": "x.parquet", "header_row": 2}, "name their columns apart from the rows"),
        ({"file": "x.sav"}, "files of this kind are not read here"),
    ],
)
def test_a_senseless_pin_is_a_fault_of_the_protocol(body: dict[str, Any], said: str) -> None:
    assert any(said in fault.problem for fault in extract_faults({"extracts": {"cases": body}}, lambda _: 1))


def test_sensible_pins_are_none() -> None:
    for body in (
        {"file": "x.pq"},
        {"file": "x.sqlite3", "table": "t"},
        {"file": "x.TAB", "quote": "'", "header_row": 3, "encoding": "cp1252"},
        {"file": "x*", "table": "t", "delimiter": ";"},
    ):
        assert list(extract_faults({"extracts": {"cases": body}}, lambda _: 1)) == []
