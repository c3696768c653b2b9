"""From a provider's files to published tables, by example: what arrives, what is set aside, what is refused, in words.

Every refusal is also searched for the values that were in the files, and so is everything that was written.
"""

from __future__ import annotations

import datetime as dt
import io
import logging
import os
import time
import zipfile
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import openpyxl
import pytest

from pipelines import keys
from pipelines.ingest import book_kinds, check_drop, drops, receive
from pipelines.ingest.pseudonyms import normalised
from pipelines.protocol import load_text
from pipelines.refusal import Refusal
from pipelines.told import Told
from pipelines.validation.publish import publish
from pipelines.warehouse import open_vault, open_warehouse
from pipelines.workspace import PilotSite, Workspace

PROTOCOL = """\
pilot: first
title: First
question: Does it?
concept: {name: x}
sites:
  north: {title: North, codes: [N, "01"]}
  south: {title: South, codes: [S]}
population: {description: people}
intervention: {name: x}
arms:
  treatment: {title: Offered, codes: [fund]}
  comparison: {title: Usual, codes: [usual]}
outcomes:
  housed: {title: were housed, type: binary, better: higher, value: housed}
covariates:
  age: {title: Age}
extracts:
  people:
    noun: cases
    file: cases*.csv
    columns:
      person: Case number
      site: Site
      arm: Group
      referral_date: {column: Referred, format: dd/mm/yyyy}
      age: {column: Age, missing: ["-9"]}
      housed: {column: Housed, codes: {Y: "yes", N: "no"}}
    identifiers: {name: Name, postcode: Postcode}
    ignore: [note*]
  talks:
    noun: contacts
    file: contacts.csv
    optional: true
    columns: {person: Case, site: Site, contact_date: On, minutes: Minutes}
"""
HEADER = "Case number,Name,Postcode,Site,Group,Referred,Age,Housed"
CANARIES = ("Quartermaine", "ZZ9 7QX", "CN-77", "Zebulon")


def row(number: int, **changes: str) -> str:
    """Return a line of the case file; every identifier is a canary."""
    values = {
        "person": f"CN-77{number:03}",
        "name": f"Zebulon Quartermaine {number}",
        "postcode": "ZZ9 7QX",
        "site": "N" if number % 2 else "S",
        "arm": "fund" if number % 4 < 2 else "usual",
        "referred": "05/01/2026",
        "age": str(20 + number % 40),
        "housed": "Y" if number % 3 else "N",
    }
    return ",".join((values | changes).values())


def lines(count: int = 80, **changes: str) -> list[str]:
    """Return that many people, the first of them (row 3 belongs to the site north) with changes."""
    return [HEADER, *(row(n, **(changes if n == 1 else {})) for n in range(1, count + 1))]


def csv(count: int = 80, **changes: str) -> str:
    return "\n".join(lines(count, **changes)) + "\n"


@dataclass
class Bench:
    """A workspace with one pilot; files are put into its drop, and steps run on it."""

    root: Path
    protocol: str = PROTOCOL
    seen: list[str] = field(default_factory=list)

    @property
    def site(self) -> PilotSite:
        return PilotSite(Workspace(self.root), load_text(self.protocol), "north")

    def drop(self, name: str, content: str | bytes, day: str = "2026-04-01") -> Path:
        path = self.root / "pilots" / "first" / "drops" / day / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content.encode() if isinstance(content, str) else content)
        os.utime(path, (time.time() - 60,) * 2)
        return path

    def received(self, noun: str = "cases") -> Told:
        return self._kept(receive(self.site, noun))

    def published(self, noun: str = "cases") -> Told:
        self.received(noun)
        return self._kept(publish(self.site, noun))

    def _kept(self, told: Told) -> Told:
        self.seen.append(repr(told) + told.sentence + told.refusal + told.table)
        return told

    def kept(self, told: Told) -> int:
        """Rows of the table that was published last."""
        noun = next(iter(told.checks)).table.split(".")[-1]
        return int(self.rows(f"SELECT count(*) FROM validated.{noun}")[0][0])

    def refusal(self, step: Callable[[], object] | None = None) -> str:
        with pytest.raises(Refusal) as raised:
            (step or self.received)()
        self.seen += spoken(raised.value)
        return str(raised.value)

    def rows(self, select: str) -> list[tuple[Any, ...]]:
        with open_warehouse(self.site) as connection:
            return list(connection.execute(select).fetchall())


def spoken(error: BaseException | None) -> Iterator[str]:
    """Return every text that hangs on an exception."""
    while error is not None:
        yield from (str(error), repr(error), repr(error.args), repr(getattr(error, "__notes__", "")))
        yield from spoken(error.__cause__)
        error = error.__context__


@pytest.fixture
def bench(
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capfd: pytest.CaptureFixture[str],
    caplog: pytest.LogCaptureFixture,
) -> Iterator[Bench]:
    """Give a bench to a test; afterwards look for canaries in all that was said and written."""
    for purpose in keys.PURPOSES:
        monkeypatch.delenv(f"PILOTLENS_{purpose.upper()}_KEY", raising=False)
    monkeypatch.setattr(drops, "SETTLED_SECONDS", 0.3)
    caplog.set_level(logging.DEBUG)
    bench = Bench(tmp_path / "workspace")
    yield bench
    out = capfd.readouterr()
    said = "\n".join([*bench.seen, out.out, out.err, caplog.text])
    assert [word for word in CANARIES if word.casefold() in said.casefold()] == []
    for path in bench.root.rglob("*"):
        if path.is_file() and "drops" not in path.parts:
            content = path.read_bytes()
            held = [word for word in CANARIES for code in ("utf-8", "utf-16-le") if word.encode(code) in content]
            assert held == [], path


# ---- what arrives ----------------------------------------------------------------------------------------------------


def test_rows_arrive_as_text_and_identifiers_in_the_vault(bench: Bench) -> None:
    bench.drop("cases.csv", csv(age="007"))
    told = bench.received()
    assert told.rows == 40
    assert told.sentence == "40 rows of cases arrived in the drop 2026-04-01 (cases.csv)."
    found = bench.rows("SELECT row_key, source_file, source_row, age, arm FROM raw.cases ORDER BY source_row LIMIT 2")
    assert found == [("cases.csv#2", "cases.csv", 2, "007", "fund"), ("cases.csv#4", "cases.csv", 4, "23", "usual")]
    assert dict(told.columns).keys() >= {"row_key", "person_key", "age", "housed", "drop_id"}
    assert not dict(told.columns).keys() & {"person", "name", "postcode", "site"}
    with open_vault(bench.site) as vault:
        kinds = vault.execute("SELECT kind, count(*) FROM vault.identifiers GROUP BY ALL ORDER BY ALL").fetchall()
        assert kinds == [("name", 40), ("person", 40), ("postcode", 40)]
        names = vault.execute("SELECT count(*) FROM vault.identifiers WHERE value LIKE '%Quartermaine%'").fetchone()
        assert names == (40,)


def test_receiving_twice_changes_nothing(bench: Bench) -> None:
    bench.drop("cases.csv", csv())
    bench.received()
    before = bench.rows("SELECT * FROM raw.cases ORDER BY ALL")
    bench.received()
    assert bench.rows("SELECT * FROM raw.cases ORDER BY ALL") == before
    with open_vault(bench.site) as vault:
        assert vault.execute("SELECT count(*) FROM vault.identifiers").fetchone() == (120,)


ENCODINGS = ("utf-8", "utf-8-sig", "utf-16", "utf-16-be-bom", "cp1252-declared")
DIALECTS = [
    *((",", ending, encoding) for ending in ("\n", "\r\n", "\r") for encoding in ENCODINGS),
    *((delimiter, "\n", encoding) for delimiter in ";\t|" for encoding in ("utf-8", "utf-16")),
]


@pytest.mark.parametrize(("delimiter", "ending", "encoding"), DIALECTS)
def test_every_dialect_gives_the_same_rows(bench: Bench, delimiter: str, ending: str, encoding: str) -> None:
    text = csv(6).replace("Quartermaine 1,", "Quartérmaine 1,").replace(",", delimiter).replace("\n", ending)
    if encoding == "cp1252-declared":
        bench.protocol = PROTOCOL.replace("    file: cases*.csv\n", "    file: cases*.csv\n    encoding: cp1252\n")
    content = (
        b"\xfe\xff" + text.encode("utf-16-be") if "be-bom" in encoding else text.encode(encoding.split("-declared")[0])
    )
    bench.drop("cases.csv", content)
    assert bench.received().rows == 3
    assert [number for (number,) in bench.rows("SELECT source_row FROM raw.cases ORDER BY 1")] == [2, 4, 6]
    with open_vault(bench.site) as vault:
        names = [
            n for (n,) in vault.execute("SELECT value FROM vault.identifiers WHERE kind = 'name' ORDER BY 1").fetchall()
        ]
    assert names[-1] == "Zebulon Quartérmaine 1"


def test_blank_lines_are_nobody_and_rows_keep_their_numbers(bench: Bench) -> None:
    first, second, *rest = lines(6)
    bench.drop("cases.csv", "\n".join([first, second, "", "", ",,,,,,,", *rest, "", ""]) + "\n")
    assert bench.received().rows == 3
    assert bench.rows("SELECT source_row FROM raw.cases ORDER BY 1") == [(2,), (7,), (9,)]


def test_a_cell_may_hold_line_breaks_quotes_and_mixed_line_ends(bench: Bench) -> None:
    named = lines(4)
    named[1] = named[1].replace("Zebulon Quartermaine 1", '"Zebulon ""Z""\nQuarter,maine\r\n\r\n1"')
    bench.drop("cases.csv", "\r\n".join(named) + "\n")
    assert bench.received().rows == 2
    assert bench.rows("SELECT source_row FROM raw.cases ORDER BY 1") == [(2,), (4,)]
    with open_vault(bench.site) as vault:
        found = vault.execute("SELECT value FROM vault.identifiers WHERE value LIKE '%maine%' ORDER BY 1").fetchall()
    assert found[0][0] == 'Zebulon "Z"\nQuarter,maine\n\n1'


def test_headers_may_be_ordered_spaced_and_ignored_as_they_like(bench: Bench) -> None:
    head, *people = lines(4)
    head = head.replace("Case number", " Case  number ").replace("Postcode", '"Post\ncode"') + ",notes 1,,"
    bench.protocol = PROTOCOL.replace("postcode: Postcode", "postcode: Post code")
    bench.drop("cases.csv", "\n".join([head, *(f"{person},secret,," for person in people)]))
    assert bench.received().rows == 2
    assert "secret" not in repr(bench.rows("SELECT * FROM raw.cases"))


def test_names_that_differ_in_case_only_are_two_columns(bench: Bench) -> None:
    bench.protocol = PROTOCOL.replace("{name: Name, postcode: Postcode}", "{name: Name, postcode: NAME}")
    bench.drop("cases.csv", csv(4).replace("Postcode", "NAME"))
    assert bench.received().rows == 2
    with open_vault(bench.site) as vault:
        found = vault.execute("SELECT DISTINCT value FROM vault.identifiers WHERE kind = 'postcode'").fetchall()
    assert found == [("ZZ9 7QX",)]


def test_several_files_are_one_table_and_their_order_does_not_matter(bench: Bench) -> None:
    head, *people = lines(8)
    bench.drop("cases-b.csv", "\n".join([head, *people[:4]]))
    bench.drop("cases-a.csv", "\n".join([head, *reversed(people[4:])]))
    bench.drop("._cases-a.csv", "litter of a Mac")
    assert bench.received().rows == 4
    assert bench.rows("SELECT source_file, source_row FROM raw.cases ORDER BY ALL") == [
        *(("cases-a.csv", number) for number in (3, 5)),
        *(("cases-b.csv", number) for number in (2, 4)),
    ]


@pytest.mark.parametrize(
    "name", ["cases[1].csv", "cases (1).csv", "cases?.csv", "cases'1'.csv", "cases*.csv", "casesé.csv"]
)
def test_a_files_name_may_hold_any_letter(bench: Bench, name: str) -> None:
    bench.drop(name, csv(4))
    bench.drop("cases-other.csv", HEADER)
    assert bench.received().rows == 2
    assert bench.rows("SELECT DISTINCT source_file FROM raw.cases") == [(name,)]


def test_people_are_the_same_in_all_files_however_they_are_typed(bench: Bench) -> None:
    bench.drop("cases.csv", csv(8))
    typed = [" cn-77001", "CN\u201377001 ", "\ufeffCN-77001\u00a0", "CN-77001", "0CN-77001"]
    bench.drop("contacts.csv", "Case,Site,On,Minutes\n" + "\n".join(f"{one},n,2026-02-01,30" for one in typed))
    bench.published()
    bench.published("contacts")
    query = "SELECT count(*) FROM raw.contacts JOIN raw.cases USING (person_key) WHERE raw.cases.source_row = 2"
    assert bench.rows(query) == [(4,)]


@pytest.mark.parametrize(
    ("typed", "same"),
    [
        ("A-1", " a\u20101 "),
        ("A 1", "a\u00a0\u00a01"),
        ("é", "e\u0301"),
        ("ß", "SS"),
        ("A\u200b1", "a1"),
        ("１２", "12"),
    ],
)
def test_typing_does_not_make_two_people_of_one(typed: str, same: str) -> None:
    assert normalised(typed) == normalised(same)
    assert normalised(normalised(typed)) == normalised(typed)


def test_leading_zeros_and_inner_signs_tell_people_apart() -> None:
    assert len({normalised(one) for one in ("007", "07", "7", "A1", "A-1", "A 1", "A/1")}) == 7


def test_sites_have_codes_of_their_own_and_of_a_column(bench: Bench) -> None:
    bench.protocol = PROTOCOL.replace(
        "      site: Site\n      arm", "      site: {column: Site, codes: {Nord: N, S: S}}\n      arm"
    )
    bench.drop("cases.csv", csv(4).replace(",N,", ", nord\u00a0,", 1).replace(",N,", ",NORD,"))
    assert bench.received().rows == 2
    bench.protocol = PROTOCOL
    bench.drop("cases.csv", csv(4).replace(",N,", ",01,"))
    assert bench.received().rows == 2


def test_an_optional_file_that_is_not_there_is_no_fault(bench: Bench) -> None:
    bench.drop("cases.csv", csv())
    bench.published()
    assert bench.received("contacts").rows == 0
    assert publish(bench.site, "contacts").rows == 0
    bench.protocol = PROTOCOL.replace("    file: cases*.csv\n", "    file: people.csv\n    optional: true\n")
    assert bench.received().rows == 0
    assert "nobody for this site" in publish(bench.site, "cases").refusal


# ---- workbooks -------------------------------------------------------------------------------------------------------


def workbook(rows: list[list[object]], sheets: tuple[str, ...] = ("Cases",)) -> bytes:
    book = openpyxl.Workbook()
    book.active.title = sheets[0]
    for each in rows:
        book.active.append(each)
    for name in sheets[1:]:
        book.create_sheet(name)
    out = io.BytesIO()
    book.save(out)
    return out.getvalue()


def as_workbook() -> str:
    return PROTOCOL.replace("cases*.csv", "cases.xlsx").replace(
        'codes: {Y: "yes", N: "no"}}', "codes: {TRUE: yes, N: no, Y: yes}}"
    )


def cells(**changes: object) -> list[list[object]]:
    people: list[list[object]] = [[*row(number).split(",")] for number in range(1, 81)]
    for person in people:
        person[6] = int(str(person[6]))
    names = HEADER.split(",")
    for name, value in changes.items():
        people[0][names.index(name.replace("_", " "))] = value
    return [list(names), *people]


def test_a_workbooks_cells_are_what_a_person_sees(bench: Bench) -> None:
    bench.protocol = as_workbook()
    rows = cells(Referred=dt.datetime(2026, 1, 5), Age=31.0, Housed=True, Case_number="007")
    rows[3][5], rows[5][5], rows[7][6] = dt.datetime(2026, 1, 6, 10, 7), "07/01/2026", 32.5
    rows.insert(3, [None] * 8)
    rows.insert(5, ["  "] * 8)
    bench.drop("cases.xlsx", workbook([[*each, None, None] for each in rows]))
    told = bench.published()
    assert told.rows == 40, told.table
    found = bench.rows("SELECT source_row, referral_date, age FROM validated.cases ORDER BY source_row LIMIT 4")
    assert found == [
        (2, dt.date(2026, 1, 5), 31.0),
        (5, dt.date(2026, 1, 6), 23.0),
        (8, dt.date(2026, 1, 7), 25.0),
        (10, dt.date(2026, 1, 5), 32.5),
    ]
    with open_vault(bench.site) as vault:
        assert vault.execute("SELECT count(*) FROM vault.identifiers WHERE value = '007'").fetchone() == (1,)


def test_a_formula_that_failed_is_not_a_missing_value(bench: Bench) -> None:
    bench.protocol = as_workbook()
    rows = cells(Age="#REF!")
    rows[3][6] = "#N/A"
    bench.drop("cases.xlsx", workbook(rows, ("Cases & more",)))
    told = bench.published()
    assert told.rows is None, "beside the 40 that arrived, the number published would tell how many were set aside"
    assert bench.kept(told) == 39
    assert 'cases.xlsx, row 2: the column "Age" holds a value that cannot be read.' in told.table
    assert bench.rows("SELECT age FROM validated.cases WHERE source_row = 4") == [(None,)]


def test_of_several_sheets_the_one_with_the_columns_is_read(bench: Bench) -> None:
    bench.protocol = as_workbook()
    bench.drop("cases.xlsx", workbook(cells(), ("Cases", "Notes")))
    assert bench.received().rows == 40
    bench.protocol = as_workbook().replace("file: cases.xlsx", "file: cases.xlsx\n    sheet: Case")
    assert 'has no sheet "Case". Did you mean "Cases"?' in bench.refusal()
    bench.protocol = as_workbook().replace("file: cases.xlsx", "file: cases.xlsx\n    sheet: Cases")
    assert bench.received().rows == 40


ZIP = b"PK\x03\x04" + b"\x00" * 60
LOCKED = bytes.fromhex("d0cf11e0a1b11ae1") + b"E\x00n\x00c\x00r\x00y\x00p\x00t\x00e\x00d" * 100


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (b"garbage", "cases.xlsx is a text file"),
        (ZIP, "cases.xlsx: the workbook is damaged"),
        (LOCKED, "cases.xlsx is locked with a password."),
        (b"<html>a page in its place</html>", "cases.xlsx is a web page (HTML)"),
    ],
)
def test_a_workbook_that_cannot_be_opened_is_said_so(bench: Bench, content: bytes, said: str) -> None:
    bench.protocol = as_workbook()
    bench.drop("cases.xlsx", content)
    assert said in bench.refusal()


def test_a_workbook_that_would_fill_the_machine_is_not_opened(bench: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
    bench.protocol = as_workbook()
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as packed:
        packed.writestr("xl/worksheets/sheet1.xml", b"0" * 2_000_000)
    monkeypatch.setattr(book_kinds, "LARGEST_CONTENT", 1_000_000)
    bench.drop("cases.xlsx", out.getvalue())
    assert "is too large for a workbook: more than" in bench.refusal()


def test_a_workbook_without_rows_or_names_is_refused(bench: Bench) -> None:
    bench.protocol = as_workbook()
    bench.drop("cases.xlsx", workbook([]))
    assert "holds no rows" in bench.refusal()
    bench.drop("cases.xlsx", workbook([["Zebulon's list"], ["of people"]]))
    assert "the first row does not hold the names of the columns" in bench.refusal()
    bench.drop("cases.xlsx", workbook([[*HEADER.split(","), None], [*row(1).split(","), "Quartermaine"]]))
    assert "cases.xlsx: column 9 holds values but has no name" in bench.refusal()


# ---- what is refused, in words ---------------------------------------------------------------------------------------


def spoilt(line: int, put: str) -> str:
    found = lines(20)
    found[line - 1] = put
    return "\n".join(found)


@pytest.mark.parametrize(
    ("content", "said"),
    [
        ("", "cases.csv is empty (0 bytes)"),
        (spoilt(7, row(1) + ",CN-77999"), "cases.csv, line 7: 9 columns where the header has 8"),
        (spoilt(7, "CN-77001,Zebulon"), "cases.csv, line 7: 2 columns where the header has 8"),
        (spoilt(7, row(1, name='"Zebulon')), "cases.csv, line 7: the row cannot be read (a quotation mark"),
        (spoilt(7, row(1, name='"Zebulon" Quartermaine')), "cases.csv, line 7: the row cannot be read"),
        (csv(20, name="Zebulön").encode("latin-1"), "cases.csv, line 2"),
        (csv(20, name="Zebulon\0"), "cases.csv, line 2: there is a NUL character"),
        (spoilt(1, HEADER.replace("Group", "Gruop")), 'the column "Group" is missing. Did you mean "Gruop"?'),
        (spoilt(1, HEADER.replace("Group", "group")), 'the column "Group" is missing. Did you mean "group"?'),
        (spoilt(1, HEADER.replace("Name", "Age")), 'the column "Age" stands there twice'),
        ("\n".join(lines(20)[1:]), "the first row does not hold the names of the columns. Expected there: Case number"),
        ("\n\n" + "\n".join(lines(20)[1:]), "the first row does not hold the names"),
        ("\n".join(f"{line},x" for line in lines(20)), 'the column "x" is not in the protocol'),
        ("\n".join([HEADER + ",", *(f"{line},Quartermaine" for line in lines(20)[1:])]), "column 9 holds values"),
        (csv(20, site="Quartermaine"), 'cases.csv, column "Site", row 2: the site is not in the protocol'),
        (csv(20, site=""), 'cases.csv, column "Site", row 2: the site is not in the protocol'),
    ],
)  # fmt: skip
def test_a_file_that_is_not_as_declared_is_refused_and_the_old_table_stays(
    bench: Bench, content: str, said: str
) -> None:
    bench.drop("cases.csv", csv(4), "2026-03-01")
    bench.received()
    before = bench.rows("SELECT * FROM raw.cases ORDER BY ALL")
    bench.drop("cases.csv", content)
    assert said in bench.refusal()
    assert bench.rows("SELECT * FROM raw.cases ORDER BY ALL") == before
    with open_vault(bench.site) as vault:
        assert vault.execute("SELECT count(*) FROM vault.identifiers").fetchone() == (6,)


def test_a_declared_encoding_mends_what_was_not_utf8(bench: Bench) -> None:
    bench.drop("cases.csv", csv(20, name="Zebulön").encode("latin-1"))
    assert "encoding: cp1252" in bench.refusal()
    bench.protocol = PROTOCOL.replace("    file: cases*.csv\n", "    file: cases*.csv\n    encoding: latin-1\n")
    assert bench.received().rows == 10


def test_bytes_that_the_declared_encoding_does_not_have_are_found(bench: Bench) -> None:
    bench.protocol = PROTOCOL.replace("    file: cases*.csv\n", "    file: cases*.csv\n    encoding: cp1252\n")
    bench.drop("cases.csv", csv(20).encode() + b"\x81\n")
    assert "cases.csv, line 22, byte" in bench.refusal()


def test_files_that_cannot_be_opened_or_read_here_are_said_so(bench: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
    path = bench.drop("cases.csv", csv(4))
    real = Path.open

    def denied(self: Path, *given: Any, **options: Any) -> Any:
        if self == path:
            raise PermissionError("Quartermaine")
        return real(self, *given, **options)

    monkeypatch.setattr(Path, "open", denied)
    assert "cases.csv cannot be opened. May you read it" in bench.refusal()


@pytest.mark.parametrize(
    ("name", "said"),
    [
        ("Cases.csv", 'has no file cases*.csv (extract people). Is it "Cases.csv"?'),
        ("other.txt", "has no file cases*.csv (extract people)."),
        ("cases.csv.part", "is still being written (cases.csv.part)"),
        ("~$cases.xlsx", "is still being written"),
    ],
)
def test_a_file_that_is_missing_or_half_written_is_named(bench: Bench, name: str, said: str) -> None:
    bench.drop(name, csv(4))
    assert said in bench.refusal()


def test_there_is_no_drop(bench: Bench) -> None:
    assert (
        "The pilot first has no drop to read. Put the provider's files into first/drops/YYYY-MM-DD." in bench.refusal()
    )
    (bench.root / "pilots" / "first" / "drops" / "2026-05-01").mkdir(parents=True)
    assert "into first/drops/2026-05-01" in bench.refusal()


@pytest.mark.parametrize("name", ["2026-02-31", "2026-5-1", "01-05-2026", "2026-05-01 second", "20260501"])
def test_a_slip_in_a_drops_name_is_not_passed_over(bench: Bench, name: str) -> None:
    bench.drop("cases.csv", csv(4))
    bench.drop("cases.csv", csv(6), name)
    assert f"first/drops: these folders are not named by a date: {name}." in bench.refusal()


def test_the_newest_drop_counts_and_other_folders_do_not(bench: Bench) -> None:
    for day, count in (("2026-04-01", 2), ("2026-04-01-2", 4), ("2026-04-01-10", 8), ("archive", 20)):
        bench.drop("cases.csv", csv(count), day)
    assert bench.received().rows == 4


def test_a_file_that_is_being_written_is_waited_for(bench: Bench) -> None:
    path = bench.drop("cases.csv", csv(4))
    os.utime(path)
    assert bench.received().rows == 2


def test_a_file_from_the_future_is_not_refused_for_ever(bench: Bench) -> None:
    path = bench.drop("cases.csv", csv(4))
    os.utime(path, (time.time() + 86400,) * 2)
    assert bench.received().rows == 2


def test_a_file_that_keeps_changing_is_refused(bench: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
    path = bench.drop("cases.csv", csv(4))
    os.utime(path)
    sleep = time.sleep

    def writing(seconds: float) -> None:
        sleep(seconds)
        path.write_text(path.read_text() + row(9) + "\n")

    monkeypatch.setattr(drops.time, "sleep", writing)
    site = bench.site
    assert "is still being written (its files)" in bench.refusal(lambda: drops.latest_drop(site, wait=1.0))


def test_a_drop_that_changes_while_it_is_read_is_refused(bench: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
    from pipelines.ingest import storing

    path = bench.drop("cases.csv", csv(4))
    opened = storing.open_rows

    def opening(*given: Any) -> Any:
        rows = opened(*given)
        path.write_text(csv(6))
        return rows

    monkeypatch.setattr(storing, "open_rows", opening)
    assert "cases.csv changed while it was read" in bench.refusal()


def test_a_file_of_two_extracts_is_refused(bench: Bench) -> None:
    again = (
        PROTOCOL[PROTOCOL.index("  people:\n") : PROTOCOL.index("  talks:")]
        .replace("people:", "again:")
        .replace("file: cases*.csv", 'file: "*.csv"')
    )
    bench.protocol = PROTOCOL + again
    bench.drop("cases.csv", csv(4))
    assert "cases.csv belongs to two extracts, people and again" in bench.refusal()


def test_check_drop_says_the_same_without_reading_rows(bench: Bench) -> None:
    assert check_drop(bench.site) == ()
    bench.drop("cases.csv", spoilt(1, HEADER.replace("Group", "Gruop")))
    bench.drop("contacts.csv", "")
    found = "\n".join(check_drop(bench.site))
    bench.seen.append(found)
    assert 'the column "Group" is missing. Did you mean "Gruop"?' in found
    assert "contacts.csv is empty (0 bytes)" in found


def test_check_drop_names_what_is_not_read_and_what_cannot_be_unpacked(bench: Bench) -> None:
    whole = bench.drop("cases.csv", csv(4))
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w") as archive:
        archive.write(whole, "cases.csv")
    whole.unlink()
    bench.drop("data.zip", packed.getvalue()[: len(packed.getvalue()) // 2])
    (told,) = [words for words in check_drop(bench.site) if "cases*.csv" in words]
    assert "has no file cases*.csv (extract people). data.zip cannot be unpacked: it is not a zip file" in told
    bench.drop("cases.csv", csv(4), day="")
    bench.drop("cases.csv", csv(4), day="January")
    (bench.root / "pilots" / "first" / "drops" / "2026-05-01").mkdir()
    found = "\n".join(check_drop(bench.site))
    assert "The folder first/drops/January is not read: a drop's folder begins with its date" in found
    assert "The file first/drops/cases.csv is not read: put it into a folder named by its date" in found
    assert "The drop first/2026-05-01 is empty. Put the provider's files into it." in found


# ---- what is published, and what is set aside ------------------------------------------------------------------------

UNREAD = "holds a value that cannot be read."


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"arm": "Quartermaine"}, f'row 2: the column "Group" {UNREAD} Codes that can be read: fund, usual.'),
        ({"referred": "31/02/2026"}, f'row 2: the column "Referred" {UNREAD} Dates are expected as'),
        ({"referred": "05/01/26"}, 'the column "Referred"'),
        ({"referred": "01/13/2026"}, 'the column "Referred"'),
        ({"age": '"1,200"'}, 'cases.csv, row 2: the column "Age" holds a value'),
        ({"age": "£5"}, 'the column "Age"'),
        ({"age": "inf"}, 'the column "Age"'),
        ({"age": "-Infinity"}, 'the column "Age"'),
        ({"age": "1e999"}, 'the column "Age"'),
        ({"age": "1_000"}, 'the column "Age"'),
        ({"age": "0x1F"}, 'the column "Age"'),
        ({"age": "Quartermaine"}, 'the column "Age"'),
        ({"person": ""}, "cases.csv, row 2: Give the case number"),
        ({"person": " \u00a0 "}, "cases.csv, row 2: Give the case number"),
        ({"person": "N/A"}, "cases.csv, row 2: Give the case number"),
    ],
)  # fmt: skip
def test_a_row_that_cannot_be_read_is_set_aside_by_file_row_and_column(
    bench: Bench, changes: dict[str, str], said: str
) -> None:
    bench.drop("cases.csv", csv(**changes))
    told = bench.published()
    assert said in told.table
    assert told.rows is None, "beside the 40 that arrived, the number published would tell how many were set aside"
    assert bench.kept(told) == 39
    assert bench.rows("SELECT source_row FROM quarantine.cases") == [(2,)]


def test_the_same_person_twice_is_set_aside_both_times(bench: Bench) -> None:
    bench.drop("cases.csv", csv() + row(1, age="55") + "\n")
    told = bench.published()
    assert told.rows is None, "beside the 40 that arrived, the number published would tell how many were set aside"
    assert bench.kept(told) == 39
    assert "cases.csv, rows 2, 82: Send one row for each person" in told.table


@pytest.mark.parametrize(
    ("changes", "column", "value"),
    [
        ({"arm": " FUND "}, "arm", "treatment"),
        ({"arm": "usual\u00a0"}, "arm", "comparison"),
        ({"arm": ""}, "arm", None),
        ({"age": "-9"}, "age", None),
        ({"age": "n/a"}, "age", None),
        ({"age": "NaN"}, "age", None),
        ({"age": " 007 "}, "age", 7.0),
        ({"age": "+1.5E1"}, "age", 15.0),
        ({"referred": "5/1/2026"}, "referral_date", dt.date(2026, 1, 5)),
        ({"referred": "2026-01-05"}, "referral_date", dt.date(2026, 1, 5)),
        ({"referred": "29/02/2024"}, "referral_date", dt.date(2024, 2, 29)),
        ({"referred": ""}, "referral_date", None),
    ],
)
def test_values_are_read_as_the_protocol_says(
    bench: Bench, changes: dict[str, str], column: str, value: object
) -> None:
    bench.drop("cases.csv", csv(**changes))
    told = bench.published()
    assert told.rows == 40, told.table
    assert bench.rows(f"SELECT {column} FROM validated.cases WHERE source_row = 2") == [(value,)]


def test_an_arm_column_may_have_codes_of_its_own(bench: Bench) -> None:
    bench.protocol = PROTOCOL.replace("arm: Group", "arm: {column: Group, codes: {fund: usual, usual: fund}}")
    bench.drop("cases.csv", csv())
    bench.published()
    assert bench.rows("SELECT arm FROM validated.cases WHERE source_row = 2") == [("comparison",)]


def test_too_many_refuse_the_table_and_the_old_one_stays(bench: Bench) -> None:
    bench.drop("cases.csv", csv(60), "2026-03-01")
    bench.published()
    before = bench.rows("SELECT * FROM validated.cases ORDER BY ALL")
    bench.drop("cases.csv", csv().replace("fund", "Quartermaine"))
    told = bench.published()
    assert told.rows is None
    assert told.refusal.startswith("Refused: 20 of 40 rows (50%) hold a value that cannot be read")
    assert 'the column "Group" holds a value that cannot be read. Codes that can be read: fund, usual.' in told.refusal
    assert bench.rows("SELECT * FROM validated.cases ORDER BY ALL") == before
    assert bench.rows("SELECT count(*) FROM duckdb_tables() WHERE schema_name = 'staging'") == [(0,)]
    said = bench.refusal(lambda: publish(bench.site, "outcomes"))
    assert "The cases of this drop have not been published." in said


def test_an_outcome_with_an_unknown_code_is_set_aside_without_the_person(bench: Bench) -> None:
    bench.drop("cases.csv", csv(housed="Quartermaine"))
    assert bench.published().rows == 40
    told = bench._kept(publish(bench.site, "outcomes"))
    assert told.rows is None, "beside the 40 that arrived, the number published would tell how many were set aside"
    assert bench.kept(told) == 39
    assert (
        'cases.csv, row 2: the column "Housed" holds a value that cannot be read. Codes that can be read: Y, N.'
        in told.table
    )


def test_a_file_of_nobody_is_refused(bench: Bench) -> None:
    bench.drop("cases.csv", HEADER + "\n")
    assert bench.received().rows == 0
    assert "nobody for this site" in publish(bench.site, "cases").refusal


def test_what_has_not_arrived_cannot_be_published(bench: Bench) -> None:
    assert "The cases have not been received yet" in bench.refusal(lambda: publish(bench.site, "cases"))
    bench.drop("cases.csv", csv())
    bench.received()
    assert "The cases have not been published yet" in bench.refusal(lambda: publish(bench.site, "outcomes"))
    bench.protocol = PROTOCOL.replace("      arm: Group", "      arm: Group\n      kin: Kin").replace(
        "age: {title: Age}", "age: {title: Age}\n  kin: {title: Kin}"
    )
    assert "The protocol has changed since the cases were received" in bench.refusal(
        lambda: publish(bench.site, "cases")
    )


def test_what_stops_publishing_in_the_middle_leaves_the_old_table(
    bench: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    from pipelines.validation import publish as module

    bench.drop("cases.csv", csv(60), "2026-03-01")
    bench.published()
    before = bench.rows("SELECT * FROM validated.cases ORDER BY ALL")
    bench.drop("cases.csv", csv())
    bench.received()

    def stopped(connection: Any, *_: Any) -> None:
        connection.execute("SELECT CAST(max(row_key) || 'Quartermaine' AS DATE) FROM raw.cases")

    monkeypatch.setattr(module, "_keep_checks", stopped)
    with pytest.raises(RuntimeError) as raised:
        publish(bench.site, "cases")
    bench.seen += spoken(raised.value)
    assert bench.rows("SELECT * FROM validated.cases ORDER BY ALL") == before


def test_the_other_site_gets_the_other_rows(bench: Bench) -> None:
    bench.drop("cases.csv", csv())
    north = bench.received().rows
    south = receive(PilotSite(Workspace(bench.root), load_text(PROTOCOL), "south"), "cases").rows
    assert (north, south) == (40, 40)


def test_two_files_may_write_dates_in_two_ways(bench: Bench) -> None:
    head, *people = lines(80)
    again = PROTOCOL[PROTOCOL.index("  people:\n") : PROTOCOL.index("  talks:")]
    again = again.replace("people:", "again:").replace("cases*", "more").replace("dd/mm/yyyy", "mm/dd/yyyy")
    bench.protocol = PROTOCOL + again
    bench.drop("cases.csv", "\n".join([head, *people[:40]]), "2026-06-01")
    bench.drop("more.csv", "\n".join([head, *people[40:]]), "2026-06-01")
    assert bench.published().rows == 40
    assert bench.rows("SELECT referral_date, count(*) FROM validated.cases GROUP BY ALL ORDER BY ALL") == [
        (dt.date(2026, 1, 5), 20),
        (dt.date(2026, 5, 1), 20),
    ]
