"""The correction list for a provider, by example: what it says, to whom, and what it never says.

All that is written is searched for the identifiers and values that were in the files.
"""

from __future__ import annotations

import io
import os
import re
import time
from collections.abc import Iterator
from dataclasses import dataclass
from html.parser import HTMLParser
from pathlib import Path

import openpyxl
import pytest

from pipelines import keys
from pipelines.ingest import drops, receive
from pipelines.protocol import load_text
from pipelines.refusal import Refusal
from pipelines.told import Told
from pipelines.validation import correction_list, correction_page, correction_workbook
from pipelines.validation.corrected_since import CorrectedSince, corrected_since
from pipelines.validation.correction_list import CorrectionList, Place, Problem
from pipelines.validation.publish import publish
from pipelines.warehouse import open_warehouse
from pipelines.workspace import PilotSite, Workspace

PROTOCOL = """\
pilot: first
title: First
question: Does it?
concept: {name: x}
sites: {north: {title: North & East}}
population: {description: people}
intervention: {name: x}
arms:
  treatment: {title: Offered, codes: [fund]}
  comparison: {title: Usual, codes: [usual]}
covariates: {age: {title: Age}}
extracts:
  people:
    file: cases.csv
    columns:
      person: Case number
      arm: Group
      referral_date: {column: Referred, format: dd/mm/yyyy}
      start_date: {column: Started, format: dd/mm/yyyy}
      age: Age
    identifiers: {name: Name}
  talks:
    noun: contacts
    file: talks*.csv
    optional: true
    columns: {person: Case, contact_date: {column: On, format: dd/mm/yyyy}, minutes: Minutes}
"""
CANARIES = ("Quartermaine", "CN-77", "37/05/2026", "01/01/2025", "9999")
FIRST, SECOND = "2026-04-01", "2026-05-01"


def case(number: int, **changes: str) -> str:
    values = {"arm": "fund" if number % 2 else "usual", "referred": "05/01/2026", "started": "06/02/2026", "age": "44"}
    values |= changes
    return ",".join([f"CN-77{number:03}", f"Zeb Quartermaine {number}", *(values[name] for name in values)])


def cases(count: int = 60, **wrong: dict[str, str]) -> str:
    """Return a case file; `wrong` maps r<row of the file> to what is changed there."""
    rows = [case(number, **wrong.get(f"r{number + 1}", {})) for number in range(1, count + 1)]
    return "\n".join(["Case number,Name,Group,Referred,Started,Age", *rows, ""])


def talks(*rows: tuple[int, str, str], good: int = 40) -> str:
    """Return a file of contacts: faulty ones first, by person, day and minutes."""
    spelt = [f"CN-77{person:03},{day},{minutes}" for person, day, minutes in rows]
    spelt += [f"CN-77{1 + number:03},10/03/2026,30" for number in range(good)]
    return "\n".join(["Case,On,Minutes", *spelt, ""])


@dataclass
class Bench:
    """A workspace with one pilot site; files are put into its drops, and tables published."""

    root: Path
    protocol: str = PROTOCOL

    @property
    def site(self) -> PilotSite:
        return PilotSite(Workspace(self.root), load_text(self.protocol), "north")

    @property
    def folder(self) -> Path:
        return self.root / "corrections" / "first" / "north"

    def drop(self, content: str, day: str = FIRST, name: str = "cases.csv") -> None:
        path = self.root / "pilots" / "first" / "drops" / day / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(content, encoding="utf-8")
        os.utime(path, (time.time() - 60,) * 2)

    def published(self, *nouns: str) -> Told:
        for noun in nouns or ("cases",):
            receive(self.site, noun)
            told = publish(self.site, noun)
        return told

    @property
    def page(self) -> str:
        return (self.folder / "correction-list.html").read_text(encoding="utf-8")

    @property
    def words(self) -> str:
        """The page as it is read: without marks, and with one space between words."""
        body = self.page.split("<main>")[1]
        return " ".join(re.sub(r"<[^>]+>", " ", body).replace("&amp;", "&").split())

    def sheet(self, name: str) -> list[tuple[object, ...]]:
        book = openpyxl.load_workbook(self.folder / "correction-list.xlsx")
        return [tuple(row) for row in book[name].iter_rows(values_only=True)]

    def since(self) -> CorrectedSince | None:
        with open_warehouse(self.site) as connection:
            return corrected_since(connection)


@pytest.fixture
def bench(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Bench]:
    """Give a bench to a test; afterwards look for canaries in all that was written."""
    for purpose in keys.PURPOSES:
        monkeypatch.delenv(f"PILOTLENS_{purpose.upper()}_KEY", raising=False)
    monkeypatch.setattr(drops, "SETTLED_SECONDS", 0.3)
    bench = Bench(tmp_path / "workspace")
    yield bench
    pseudonyms: list[str] = []
    if bench.site.warehouse_file.exists():
        with open_warehouse(bench.site) as connection:
            found = connection.execute("SELECT DISTINCT person_key FROM raw.cases WHERE person_key IS NOT NULL")
            pseudonyms = [key for (key,) in found.fetchall()]
    for path in (bench.root / "corrections").rglob("*"):
        if path.is_file():
            assert [one for one in (*CANARIES, *pseudonyms) if one in read(path)] == [], path


def read(path: Path) -> str:
    if path.suffix == ".html":
        return path.read_text(encoding="utf-8")
    book = openpyxl.load_workbook(path)
    return " ".join(str(cell) for sheet in book for row in sheet.iter_rows(values_only=True) for cell in row)


# ---- what it says ----------------------------------------------------------------------------------------------------


def test_a_problem_is_said_with_rule_count_column_rows_and_what_to_do(bench: Bench) -> None:
    early = {"started": "01/01/2025"}
    bench.drop(cases(r3=early, r8=early, r9=early, r10=early))
    told = bench.published()
    assert not told.refusal
    assert "Correction list for First: North & East" in bench.words
    assert "4 of 60 people (6.7%) have a start date before their referral date." in bench.words
    assert "Nobody starts before they are referred." in bench.words
    assert "Columns Started, Referred" in bench.words
    assert "Set aside until corrected: the results are worked out without these rows." in bench.words
    assert "Check both dates; day and month may be swapped." in bench.words
    assert "cases.csv 2026-04-01 3, 8 to 10" in bench.words


def test_the_workbook_says_the_same(bench: Bench) -> None:
    early = {"started": "01/01/2025"}
    bench.drop(cases(r3=early, r8=early, r9=early, r10=early))
    bench.published()
    header, *problems = bench.sheet("Problems")[2:]
    assert header[:3] == ("Problem", "Table", "What is wrong")
    assert [row[:3] for row in problems] == [
        (1, "Case file", "4 of 60 people (6.7%) have a start date before their referral date.")
    ]
    assert bench.sheet("Rows")[3:] == [
        (1, "cases.csv", "2026-04-01", 3, 3, "Started, Referred"),
        (1, "cases.csv", "2026-04-01", 8, 10, "Started, Referred"),
    ]


def test_each_column_that_cannot_be_read_is_a_problem_of_its_own(bench: Bench) -> None:
    bench.drop(cases(r4={"referred": "37/05/2026", "arm": "Fnd"}, r6={"arm": "Usuall"}))
    bench.published()
    assert "2 of 60 rows (3.3%) hold a value in the column Group that cannot be read." in bench.words
    assert "Codes that can be read: fund, usual." in bench.words
    assert "1 of 60 rows (1.7%) hold a value in the column Referred that cannot be read." in bench.words
    assert "Dates are expected as dd/mm/yyyy." in bench.words
    assert [row[:5] for row in bench.sheet("Rows")[3:]] == [
        (1, "cases.csv", "2026-04-01", 4, 4),
        (1, "cases.csv", "2026-04-01", 6, 6),
        (2, "cases.csv", "2026-04-01", 4, 4),
    ]


def test_rows_of_several_files_are_listed_by_file(bench: Bench) -> None:
    bench.drop(cases())
    for name, good in (("talks.csv", 30), ("talks b.csv", 20)):
        bench.drop(talks((1, "01/03/2026", "9999"), (2, "01/03/2026", "9999"), good=good), name=name)
    bench.published("cases", "contacts")
    assert [row[:5] for row in bench.sheet("Rows")[3:] if row[0] == 1] == [
        (1, "talks b.csv", "2026-04-01", 2, 3),
        (1, "talks.csv", "2026-04-01", 2, 3),
    ]


def test_rows_of_increments_are_listed_where_they_were_delivered(bench: Bench) -> None:
    bench.protocol = PROTOCOL.replace(
        "    optional: true\n", "    optional: true\n    delivery: increments\n    key: [person, contact_date]\n"
    )
    bench.drop(cases())
    bench.drop(talks((1, "01/03/2026", "9999"), good=30), name="talks.csv")
    bench.drop(cases(), day=SECOND)
    bench.drop(talks((1, "09/03/2026", "30"), (2, "09/03/2026", "9999"), good=0), name="talks.csv", day=SECOND)
    bench.published("cases", "contacts")
    assert [row[:5] for row in bench.sheet("Rows")[3:]] == [
        (1, "talks.csv", FIRST, 2, 2),
        (1, "talks.csv", SECOND, 3, 3),
    ]


def test_a_list_as_of_an_earlier_drop_has_its_own_place(bench: Bench) -> None:
    bench.drop(cases(r3={"age": "forty"}))
    bench.drop(cases(), day=SECOND)
    bench.published()
    site = PilotSite(Workspace(bench.root, as_of=FIRST), load_text(PROTOCOL), "north")
    receive(site, "cases")
    assert publish(site, "cases").table.endswith(f"as-of/{FIRST}/corrections/first/north/correction-list.html.")
    assert "Nothing to correct in the drop 2026-05-01." in bench.words


def test_warnings_and_notes_say_that_the_rows_are_used(bench: Bench) -> None:
    bench.drop(cases(r5={"arm": ""}))
    bench.published()
    assert "1 of 60 people (1.7%) have no group; they are in no comparison." in bench.words
    assert "For information: the rows are used as they are." in bench.words


def test_a_refused_table_has_its_list_too(bench: Bench) -> None:
    bench.drop(cases(**{f"r{row}": {"started": "01/01/2025"} for row in range(2, 42)}))
    told = bench.published()
    assert told.refusal.endswith("The full list for the provider: corrections/first/north/correction-list.html.")
    assert "The whole table is refused until this is corrected; the earlier results stand." in bench.words
    assert "cases.csv 2026-04-01 2 to 41" in bench.words


def test_rules_that_are_too_much_together_say_that_the_table_is_refused(bench: Bench) -> None:
    wrong = {f"r{row}": {"started": "01/01/2025"} for row in range(2, 13)}
    wrong |= {f"r{row}": {"age": "forty"} for row in range(13, 24)}
    bench.drop(cases(**wrong))
    assert bench.published().refusal
    assert bench.words.count("The whole table is refused until enough of its rows are corrected") == 2
    assert "Set aside" not in bench.words


def test_an_empty_table_is_refused_as_a_whole(bench: Bench) -> None:
    bench.drop(cases(0))
    assert bench.published().refusal
    assert "The drop has nobody for this site. Case file not counted not counted" in bench.words
    assert "This concerns the table as a whole, not single rows." in bench.words
    assert "Rows" not in openpyxl.load_workbook(bench.folder / "correction-list.xlsx").sheetnames


def test_what_is_set_aside_points_to_the_list_and_what_is_sound_does_not(bench: Bench) -> None:
    bench.drop(cases(r3={"age": "forty"}))
    assert bench.published().table.endswith("correction-list.html.")
    bench.drop(cases())
    assert "correction-list" not in bench.published().table


def test_a_list_without_faults_says_so(bench: Bench) -> None:
    bench.drop(cases())
    bench.published()
    assert "Nothing to correct in the drop 2026-04-01." in bench.words
    assert "<table" not in bench.page
    book = openpyxl.load_workbook(bench.folder / "correction-list.xlsx")
    assert book.sheetnames == ["Read me"]
    assert ("Nothing to correct in the drop 2026-04-01.",) in bench.sheet("Read me")


def test_the_list_is_of_the_last_check_of_each_table(bench: Bench) -> None:
    bench.drop(cases(r3={"age": "forty"}))
    bench.drop(talks((1, "01/03/2026", "9999")), name="talks.csv")
    bench.published("cases", "contacts")
    assert [row[1] for row in bench.sheet("Problems")[3:]] == ["Case file", "Contacts"]
    bench.drop(cases(), day=SECOND)
    bench.published("cases")
    assert [row[1] for row in bench.sheet("Problems")[3:]] == ["Contacts"]
    assert "Nothing to correct in: Case file." in bench.words
    assert "Contacts: last checked in the drop 2026-04-01." in bench.words


def test_a_value_that_cannot_be_read_is_not_called_missing_as_well(bench: Bench) -> None:
    bench.drop(cases(r4={"arm": "Fnd"}, r5={"arm": ""}, r7={"arm": "Usuall"}))
    bench.published()
    assert "1 of 60 people (1.7%) have no group" in bench.words
    assert [row[3:5] for row in bench.sheet("Rows")[3:]] == [(4, 4), (7, 7), (5, 5)]


def test_contacts_of_somebody_set_aside_are_not_the_contacts_fault(bench: Bench) -> None:
    bench.drop(cases(r3={"age": "forty"}))
    bench.drop(talks((77, "01/03/2026", "30")), name="talks.csv")
    bench.published("cases", "contacts")
    with open_warehouse(bench.site) as connection:
        assert connection.execute("SELECT count(*) FROM quarantine.contacts").fetchone() == (2,)
    assert "1 of 41 contacts (2.4%) are of people who are not in the case file." in bench.words
    assert [row[1:5] for row in bench.sheet("Rows")[3:]] == [
        ("cases.csv", "2026-04-01", 3, 3),
        ("talks.csv", "2026-04-01", 2, 2),
    ]


def test_a_rule_in_sql_names_the_columns_that_it_reads(bench: Bench) -> None:
    bench.drop(cases())
    bench.drop(talks((77, "01/03/2026", "30")), name="talks.csv")
    bench.published("cases", "contacts")
    assert "Column Case What happens" in bench.words
    assert bench.sheet("Rows")[3:] == [(1, "talks.csv", "2026-04-01", 2, 2, "Case")]


# ---- who may read it, and with what ----------------------------------------------------------------------------------


def test_only_the_owner_can_open_it_and_it_says_who_may_see_it(bench: Bench) -> None:
    bench.drop(cases(r3={"age": "forty"}))
    bench.published()
    files = sorted(path.name for path in bench.folder.iterdir())
    assert files == ["correction-list.html", "correction-list.xlsx"]
    for path in bench.folder.iterdir():
        assert path.stat().st_mode & 0o777 == 0o600
    for folder in (bench.folder, bench.folder.parent, bench.folder.parent.parent):
        assert folder.stat().st_mode & 0o777 == 0o700
    assert "for the provider of these files only" in bench.words
    assert any("for the provider of these files only" in str(row[0]) for row in bench.sheet("Read me"))


class Outline(HTMLParser):
    """Elements and attributes of a page, and whether each is closed."""

    def __init__(self) -> None:
        super().__init__()
        self.found: list[tuple[str, dict[str, str | None]]] = []
        self.open: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.found.append((tag, dict(attrs)))
        if tag not in ("meta", "link", "br"):
            self.open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag

    def all(self, tag: str) -> list[dict[str, str | None]]:
        return [attributes for name, attributes in self.found if name == tag]


def test_the_page_can_be_read_by_everybody_and_loads_nothing(bench: Bench) -> None:
    bench.drop(cases(r3={"age": "forty"}, r9={"started": "01/01/2025"}))
    bench.published()
    outline = Outline()
    outline.feed(bench.page)
    assert outline.open == []
    assert outline.all("html") == [{"lang": "en-GB"}]
    assert len(outline.all("main")) == len(outline.all("h1")) == len(outline.all("title")) == 1
    assert outline.all("th")
    assert all(cell.get("scope") in ("col", "row") for cell in outline.all("th"))
    assert len(outline.all("caption")) == len(outline.all("table")) == 3
    anchors = {str(one["id"]) for one in outline.all("h3")}
    assert {str(one["href"]) for one in outline.all("a")} == {f"#{one}" for one in anchors}
    assert not any(outline.all(tag) for tag in ("script", "img", "link", "iframe"))
    assert not re.search(r"https?:|url\(|@import", bench.page)


def test_the_workbook_keeps_the_rules_of_accessible_spreadsheets(bench: Bench) -> None:
    bench.drop(cases(r3={"age": "forty"}, r9={"started": "01/01/2025"}))
    bench.published()
    book = openpyxl.load_workbook(bench.folder / "correction-list.xlsx")
    assert book.properties.title == "Correction list for First: North & East"
    assert (book.properties.creator, book.properties.language) == ("Pilotlens", "en-GB")
    assert book.sheetnames == ["Read me", "Problems", "Rows"]
    for sheet in book:
        assert isinstance(sheet["A1"].value, str)
        assert not sheet.merged_cells.ranges
        assert all(any(cell is not None for cell in row) for row in sheet.iter_rows(values_only=True))
        assert sheet.column_dimensions["A"].width > 8
    for sheet in book.worksheets[1:]:
        assert len(sheet.tables) == 1
        area = next(iter(sheet.tables.values())).ref
        assert area == f"A3:{sheet.dimensions.split(':')[1]}"
        assert all(cell is not None for row in sheet[area] for cell in (one.value for one in row))


def test_names_of_files_can_be_no_formula_and_no_markup() -> None:
    name = '=HYPERLINK("http://x")<b>\x07.csv'
    found = made(Place("2026-04-01", name, ((3, 3),)))
    book = openpyxl.load_workbook(io.BytesIO(correction_workbook.workbook(found)))
    cell = book["Rows"]["B4"]
    assert (cell.data_type, cell.value) == ("s", name.replace("\x07", "\ufffd"))
    assert "<b>" not in correction_page.page(found).decode()


def made(*places: Place) -> CorrectionList:
    problem = Problem(1, "cases", "A rule", "It failed.", "Please check.", 3, 60, "Age", "Do.", places)
    return CorrectionList("First: North", "2026-04-01", (problem,), (), ())


def test_a_page_of_very_many_rows_points_to_the_workbook() -> None:
    every_other = tuple((row, row) for row in range(2, 1402, 2))
    page = correction_page.page(made(Place("2026-04-01", "cases.csv", every_other))).decode()
    assert ", 1000 and 200 more rows, which correction-list.xlsx lists" in page


def test_a_workbook_of_too_many_rows_says_how_many_it_leaves_out(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(correction_workbook, "MOST_STRETCHES", 2)
    found = made(Place("2026-04-01", "cases.csv", ((2, 2), (4, 4), (6, 9))))
    book = openpyxl.load_workbook(io.BytesIO(correction_workbook.workbook(found)))
    assert book["Rows"].max_row == 5
    assert any(str(row[0]).startswith("4 further rows") for row in book["Read me"].iter_rows(values_only=True))


def test_a_folder_that_cannot_be_written_is_said_plainly(bench: Bench) -> None:
    bench.drop(cases())
    bench.root.mkdir(exist_ok=True)
    (bench.root / "corrections").write_text("in the way", encoding="utf-8")
    with pytest.raises(Refusal, match="correction list of first/north cannot be written") as raised:
        bench.published()
    assert raised.value.__context__ is None
    (bench.root / "corrections").unlink()


def test_what_stops_while_writing_leaves_the_old_list(bench: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
    bench.drop(cases())
    bench.published()
    before = bench.page

    def stop(_found: CorrectionList) -> bytes:
        raise KeyboardInterrupt

    monkeypatch.setattr(correction_page, "page", stop)
    bench.drop(cases(r3={"age": "forty"}))
    with pytest.raises(KeyboardInterrupt):
        bench.published()
    assert bench.page == before
    assert sorted(path.name for path in bench.folder.iterdir()) == ["correction-list.html", "correction-list.xlsx"]
    monkeypatch.undo()


# ---- what was corrected by the next drop -----------------------------------------------------------------------------


def counts(since: CorrectedSince | None) -> tuple[int, int, int, int]:
    assert since is not None
    return (since.named, since.corrected, since.remaining, since.new)


def test_what_was_corrected_remains_and_is_new(bench: Bench) -> None:
    early, aged = {"started": "01/01/2025"}, {"age": "forty"}
    bench.drop(cases(r3=early, r8=early, r9=aged))
    bench.published()
    assert bench.since() is None
    bench.drop(cases(r3=early, r20=aged, r21=aged), day=SECOND)
    bench.published()
    since = bench.since()
    assert counts(since) == (3, 2, 1, 2)
    assert since is not None
    assert (since.earlier, since.drop) == (FIRST, SECOND)
    assert [(one.rule, one.named, one.corrected, one.remaining, one.new) for one in since.rules] == [
        ("readable", 1, 1, 0, 2),
        ("start_after_referral", 2, 1, 1, 0),
    ]


def test_running_a_drop_again_changes_nothing(bench: Bench) -> None:
    bench.drop(cases(r3={"age": "forty"}))
    bench.published()
    bench.published()
    bench.drop(cases(r3={"age": "fifty"}), day=SECOND)
    bench.published()
    once = bench.since()
    bench.published()
    assert bench.since() == once
    assert counts(once) == (1, 0, 1, 0)


def test_people_are_known_again_wherever_their_row_stands(bench: Bench) -> None:
    bench.drop(cases(r3={"age": "forty"}))
    bench.published()
    header, *rows = cases(r3={"age": "fifty"}).splitlines()
    bench.drop("\n".join([header, *reversed(rows), ""]), day=SECOND)
    bench.published()
    assert counts(bench.since()) == (1, 0, 1, 0)


def test_another_column_of_the_same_person_is_another_problem(bench: Bench) -> None:
    bench.drop(cases(r3={"age": "forty"}))
    bench.published()
    bench.drop(cases(r3={"referred": "37/05/2026"}), day=SECOND)
    bench.published()
    assert counts(bench.since()) == (1, 1, 0, 1)


def test_contacts_are_known_by_person_and_day_each_as_often_as_they_occur(bench: Bench) -> None:
    bench.drop(cases())
    first = [(1, "01/03/2026", "9999"), (1, "01/03/2026", "9998"), (1, "02/03/2026", "9999"), (2, "01/03/2026", "9999")]
    bench.drop(talks(*first), name="talks.csv")
    bench.published("cases", "contacts")
    bench.drop(cases(), day=SECOND)
    second = [(1, "01/03/2026", "9998"), (1, "02/03/2026", "45"), (2, "04/03/2026", "9999")]
    bench.drop(talks(*second), name="talks.csv", day=SECOND)
    bench.published("cases", "contacts")
    assert counts(bench.since()) == (4, 3, 1, 1)


def test_rows_of_nobody_are_known_by_what_they_hold(bench: Bench) -> None:
    nobody = cases() + ",Zeb Quartermaine,fund,05/01/2026,06/02/2026,44\n,Quartermaine,fund,05/01/2026,06/02/2026,45\n"
    bench.drop(nobody)
    bench.published()
    bench.drop(cases() + ",Zeb Quartermaine,fund,05/01/2026,06/02/2026,44\n", day=SECOND)
    bench.published()
    assert counts(bench.since()) == (2, 1, 1, 0)


def test_a_table_that_was_not_checked_in_both_drops_is_left_out(bench: Bench) -> None:
    bench.drop(cases(r3={"age": "forty"}))
    bench.drop(talks((1, "01/03/2026", "9999")), name="talks.csv")
    bench.published("cases", "contacts")
    bench.drop(cases(), day=SECOND)
    bench.published("cases")
    assert counts(bench.since()) == (1, 1, 0, 0)


def test_what_a_refused_drop_was_told_counts(bench: Bench) -> None:
    bench.drop(cases(**{f"r{row}": {"started": "01/01/2025"} for row in range(2, 42)}))
    assert bench.published().refusal
    bench.drop(cases(r2={"started": "01/01/2025"}), day=SECOND)
    bench.published()
    assert counts(bench.since()) == (40, 39, 1, 0)


def test_a_table_refused_as_a_whole_is_one_problem(bench: Bench) -> None:
    bench.drop(cases(0))
    assert bench.published().refusal
    bench.drop(cases(), day=SECOND)
    bench.published()
    assert counts(bench.since()) == (1, 1, 0, 0)


def test_a_fault_that_is_borne_is_not_named_and_not_corrected_either(bench: Bench) -> None:
    bench.drop(cases())
    bench.published()
    rows = [(FIRST, "a", True), (FIRST, "b", True), (FIRST, "c", True), (FIRST, "e", False)]
    rows += [(SECOND, "a", False), (SECOND, "b", True), (SECOND, "d", True), (SECOND, "e", True)]
    with open_warehouse(bench.site) as connection:
        connection.execute("UPDATE raw.deliveries SET name = ?", [SECOND])
        connection.execute("INSERT INTO quarantine.checked VALUES ('cases', ?, false, 60)", [SECOND])
        for row in rows:
            connection.execute("INSERT INTO quarantine.named_problems VALUES ('cases', $1, 'rule', $2, $3)", row)
    assert counts(bench.since()) == (3, 1, 2, 1)


def test_of_one_day_the_tenth_drop_comes_after_the_second(bench: Bench) -> None:
    for label, wrong in (("-2", {"r3": {"age": "forty"}}), ("-10", {})):
        bench.drop(cases(**wrong), day=FIRST + label)
        bench.published()
    since = bench.since()
    assert since is not None
    assert (since.earlier, since.drop, since.corrected) == (FIRST + "-2", FIRST + "-10", 1)


def test_kept_rows_are_those_of_the_last_check(bench: Bench) -> None:
    bench.drop(cases(r3={"age": "forty"}, r7={"age": "forty"}))
    bench.published()
    bench.drop(cases(r7={"age": "forty"}))
    bench.published()
    with open_warehouse(bench.site) as connection:
        kept = connection.execute("SELECT noun, rule, row_key, source_file, source_row, field FROM quarantine.failing")
        assert kept.fetchall() == [("cases", "readable", "cases.csv#7", "cases.csv", 7, "age")]
        assert correction_list.gather(connection, bench.site).problems[0].failed == 1
