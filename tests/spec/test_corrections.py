"""The corrections register, by example: what it changes, what it leaves alone and says so, and what it refuses.

Every message and everything kept for findings is searched for the keys and values of the register.
"""

from __future__ import annotations

import datetime as dt
import os
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from pipelines import keys
from pipelines.ingest import drops, receive
from pipelines.ingest.correcting import apply_corrections
from pipelines.ingest.corrections import Applied, Correction, read_corrections
from pipelines.protocol import load_text
from pipelines.refusal import Refusal
from pipelines.warehouse import open_warehouse, transaction
from pipelines.workspace import PilotSite, Workspace

PROTOCOL = """\
pilot: first
title: First
question: Does it?
concept: {name: x}
sites: {north: {title: North, codes: [N]}, south: {title: South, codes: [S]}}
population: {description: people}
intervention: {name: x}
arms:
  treatment: {title: Offered, codes: [fund]}
  comparison: {title: Usual, codes: [usual]}
covariates: {age: {title: Age}, age_group: {title: Age group, type: category}}
extracts:
  people:
    file: cases*.csv
    columns:
      person: Case number
      site: Area
      arm: Group
      start_date: {column: Started, format: dd/mm/yyyy}
      age: Age
      age_group: Age
    identifiers: {name: Name}
    ignore: [Note]
  talks:
    noun: contacts
    file: talks.csv
    optional: true
    columns: {person: Case, site: Area, contact_date: On, minutes: Minutes}
  calls:
    noun: contacts
    file: calls.csv
    optional: true
    columns: {person: Case, site: Area, contact_date: On, minutes: Minutes}
  visits:
    noun: contacts
    file: "visits-{site}.csv"
    sites: [south]
    optional: true
    columns:
      person: Case
      contact_date: {column: Visit 1, also: [Visit 2]}
      minutes: {column: M 1, also: [M 2]}
      kind: Kind
"""
HEAD = "extract,key,column,old,new,why,who,when"
DAY = "2026-04-01"
CASES = """\
Case number,Name,Area,Group,Started,Age,Note
CN-77001,Quartermaine,N,fund,05/02/2026,441,x
CN-77002,Zebulon,N,usual,06/02/2026,44,x
CN-77003,Zebulon,N,usual,06/02/2026,44,x
CN-77009,Zebulon,S,usual,06/02/2026,441,x
"""
TALKS = "Case,Area,On,Minutes\n" + "".join(
    f"CN-77001,N,2026-03-{day:02},{minutes}\n" for day, minutes in ((1, 30), (2, 3000), (3, 40), (4, 40))
)
CANARIES = ("CN-77", "Quartermaine", "Zebulon", "441", "3000")


@dataclass
class Bench:
    """A workspace with one pilot of two sites, a drop, and registers."""

    root: Path
    said: list[str] = field(default_factory=list)

    protocol: str = PROTOCOL

    def site(self, name: str = "north") -> PilotSite:
        return PilotSite(Workspace(self.root), load_text(self.protocol), name)

    @property
    def pilot(self) -> Path:
        return self.root / "pilots" / "first"

    def put(self, name: str, content: str | bytes) -> None:
        path = self.pilot / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content.encode() if isinstance(content, str) else content)
        os.utime(path, (time.time() - 60,) * 2)

    def register(self, *lines: str, name: str = "corrections.csv", head: str = HEAD) -> None:
        self.put(name, "\n".join([head, *lines, ""]))

    def read(self, *days: str, site: str = "north") -> tuple[Correction, ...]:
        folders = [(day, self.pilot / "drops" / day) for day in days or (DAY,)]
        found = read_corrections(self.site(site), folders)
        self.said.append(repr(found))
        return found

    def applied(self, noun: str = "cases", *_days: str, site: str = "north") -> tuple[Applied, ...]:
        """Receive a table, and return what became of each correction."""
        receive(self.site(site), noun)
        columns = "number, extract, status, field, why, who, made_on"
        query = f"SELECT {columns} FROM raw.corrections WHERE noun = $noun ORDER BY 1"
        with open_warehouse(self.site(site)) as connection:
            applied = tuple(Applied(*row) for row in connection.execute(query, {"noun": noun}).fetchall())
        self.said += [repr(applied), repr(self.rows("SELECT * FROM raw.corrections", site=site))]
        return applied

    def refusal(self, *days: str) -> str:
        with pytest.raises(Refusal) as raised:
            self.read(*days)
        assert raised.value.__context__ is raised.value.__cause__ is None
        self.said.append(str(raised.value))
        return str(raised.value)

    def rows(self, select: str, site: str = "north") -> list[tuple[object, ...]]:
        with open_warehouse(self.site(site)) as connection:
            return list(connection.execute(select).fetchall())


@pytest.fixture
def bench(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Bench]:
    """Give a bench to a test; afterwards look for keys and values in all that was said."""
    for purpose in keys.PURPOSES:
        monkeypatch.delenv(f"PILOTLENS_{purpose.upper()}_KEY", raising=False)
    monkeypatch.setattr(drops, "SETTLED_SECONDS", 0.3)
    bench = Bench(tmp_path / "workspace")
    bench.put(f"drops/{DAY}/cases.csv", CASES)
    bench.put(f"drops/{DAY}/talks.csv", TALKS)
    yield bench
    assert [word for word in CANARIES if word in "\n".join(bench.said)] == []


def line(**changes: str) -> str:
    """Return a sound line of a register, with some cells changed."""
    cells = {
        "extract": "people",
        "key": "CN-77001",
        "column": "Age",
        "old": "441",
        "new": "44",
        "why": "Slip of the key",
        "who": "A. Evaluator",
        "when": "2026-04-10",
    }
    return ",".join((cells | changes).values())


AGES = "SELECT source_row, age, corrected FROM raw.cases ORDER BY source_row"


# ---- what is applied -------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("key", ["CN-77001", " cn\u201177001 ", f"{DAY}/cases.csv#2"])
def test_a_correction_names_a_person_or_a_row(bench: Bench, key: str) -> None:
    bench.register(line(key=key))
    applied = bench.applied()
    assert [(one.number, one.status, one.field) for one in applied] == [(1, "applied", "age, age_group")]
    assert bench.rows(AGES) == [(2, "44", "age, age_group"), (3, "44", None), (4, "44", None)]
    assert bench.rows("SELECT age_group FROM raw.cases WHERE source_row = 2") == [("44",)]


def test_beside_a_drop_a_row_needs_no_drop(bench: Bench) -> None:
    bench.register(line(key="cases.csv#2"), name=f"drops/{DAY}/corrections.csv")
    assert [one.status for one in bench.applied()] == ["applied"]


def test_what_became_of_it_is_kept_without_keys_and_values(bench: Bench) -> None:
    bench.register(line(), line(key="CN-77002"))
    bench.applied()
    kept = "SELECT noun, extract, number, field, status, why, who, made_on FROM raw.corrections ORDER BY number"
    said = ("Slip of the key", "A. Evaluator", dt.date(2026, 4, 10))
    assert bench.rows(kept) == [
        ("cases", "people", 1, "age, age_group", "applied", *said),
        ("cases", "people", 2, "age, age_group", "not found", *said),
    ]
    bench.register()
    bench.applied()
    assert bench.rows(kept) == []


@pytest.mark.parametrize("old", [" 441", "441\u00a0"])
def test_what_was_delivered_is_compared_as_everywhere(bench: Bench, old: str) -> None:
    bench.register(line(old=old))
    assert [one.status for one in bench.applied()] == ["applied"]


def test_a_value_can_be_filled_in_and_taken_out(bench: Bench) -> None:
    bench.put(f"drops/{DAY}/cases.csv", CASES.replace("fund,05/02/2026", "fund,"))
    bench.register(line(column="Started", old="", new="05/02/2026"), line(new=""))
    assert [one.status for one in bench.applied()] == ["applied", "applied"]
    rows = bench.rows("SELECT start_date, age, corrected FROM raw.cases WHERE source_row = 2")
    assert rows == [("05/02/2026", "", "age, age_group, start_date")]


def test_of_several_rows_of_a_person_the_one_with_the_old_value_is_meant(bench: Bench) -> None:
    bench.register(line(extract="talks", column="Minutes", old="3000", new="30"))
    assert [one.status for one in bench.applied("contacts")] == ["applied"]
    minutes = bench.rows("SELECT minutes FROM raw.contacts ORDER BY source_row")
    assert minutes == [("30",), ("30",), ("40",), ("40",)]


def test_only_the_extract_that_is_named_is_corrected(bench: Bench) -> None:
    bench.put(f"drops/{DAY}/calls.csv", TALKS)
    bench.register(line(extract="calls", column="Minutes", old="3000", new="30"))
    assert [one.status for one in bench.applied("contacts")] == ["applied"]
    rows = bench.rows("SELECT extract, minutes FROM raw.contacts WHERE source_row = 3 ORDER BY 1")
    assert rows == [("calls", "30"), ("talks", "3000")]


def test_a_row_that_two_drops_call_the_same_is_corrected_in_one(bench: Bench) -> None:
    receive(bench.site(), "cases")
    bench.register(line(key="cases.csv#2"), name=f"drops/{DAY}/corrections.csv")
    with open_warehouse(bench.site()) as connection, transaction(connection):
        both = "SELECT * FROM raw.cases UNION ALL SELECT * REPLACE ('2026-01-01' AS drop_id) FROM raw.cases"
        connection.execute(f"CREATE TABLE two_drops AS {both}")
        (applied,) = apply_corrections(connection, "two_drops", "cases", bench.read())
        ages = connection.execute("SELECT drop_id, age FROM two_drops WHERE source_row = 2 ORDER BY 1").fetchall()
    assert (applied.status, ages) == ("applied", [("2026-01-01", "441"), (DAY, "44")])


def test_a_row_of_an_increment_is_corrected_in_later_drops_too(bench: Bench) -> None:
    bench.protocol = PROTOCOL.replace(
        "file: talks.csv\n", "file: talks.csv\n    delivery: increments\n    key: [person, contact_date]\n"
    )
    bench.put("drops/2026-05-01/talks.csv", TALKS.replace("2026-03", "2026-04"))
    bench.put("drops/2026-05-01/cases.csv", CASES)
    bench.register(line(extract="talks", key=f"{DAY}/talks.csv#3", column="Minutes", old="3000", new="30"))
    assert [one.status for one in bench.applied("contacts", DAY, "2026-05-01")] == ["applied"]
    rows = bench.rows("SELECT left(contact_date, 7), minutes FROM raw.contacts WHERE source_row = 3 ORDER BY 1")
    assert rows == [("2026-03", "30"), ("2026-04", "3000")]


def test_two_matching_rows_are_ambiguous_and_left_alone(bench: Bench) -> None:
    bench.register(line(extract="talks", column="Minutes", old="40", new="45"))
    assert [one.status for one in bench.applied("contacts")] == ["ambiguous"]
    assert bench.rows("SELECT count(*) FROM raw.contacts WHERE minutes = '45' OR corrected IS NOT NULL") == [(0,)]


def test_a_correction_is_of_what_was_delivered_not_of_another_correction(bench: Bench) -> None:
    bench.register(line(), line(old="44", new="45"))
    assert [one.status for one in bench.applied()] == ["applied", "not found"]
    assert bench.rows(AGES)[0] == (2, "44", "age, age_group")


def test_two_corrections_that_disagree_are_ambiguous_and_two_that_agree_are_not(bench: Bench) -> None:
    bench.register(line(), line(key=f"{DAY}/cases.csv#2", new="41"))
    assert [one.status for one in bench.applied()] == ["ambiguous", "ambiguous"]
    assert bench.rows(AGES)[0] == (2, "441", None)
    bench.register(line(), line(key=f"{DAY}/cases.csv#2"))
    assert [one.status for one in bench.applied()] == ["applied", "applied"]
    assert bench.rows(AGES)[0] == (2, "44", "age, age_group")


def test_a_row_of_one_drop_is_not_the_same_row_of_the_next(bench: Bench) -> None:
    bench.register(line(key="cases.csv#2"), name=f"drops/{DAY}/corrections.csv")
    bench.put("drops/2026-05-01/cases.csv", CASES.replace("77001", "77004"))
    assert [one.status for one in bench.applied("cases", DAY, "2026-05-01")] == ["not found"]
    assert bench.rows(AGES)[0] == (2, "441", None)


def test_another_sites_people_are_not_found_here_or_left_out_where_the_line_says_whose_they_are(bench: Bench) -> None:
    bench.register(line(key="CN-77009"))
    assert [one.status for one in bench.applied()] == ["not found"]
    bench.register(line(key="CN-77009") + ",S", head=HEAD + ",site")
    assert bench.applied() == ()
    assert [one.status for one in bench.applied(site="south")] == ["applied"]


def test_an_extract_of_another_site_is_not_this_sites_matter(bench: Bench) -> None:
    bench.register(line(extract="visits", column="Kind", old="a", new="b"))
    assert bench.read() == ()
    assert [one.fields for one in bench.read(site="south")] == [("kind",)]


def test_the_later_drops_register_stands_and_the_pilots_own_above_all(bench: Bench) -> None:
    later = "2026-05-01"
    bench.put(f"drops/{later}/cases.csv", CASES)
    bench.register(line(new="42"), name=f"drops/{DAY}/corrections.csv")
    bench.register(line(new="43"), name=f"drops/{later}/corrections.csv")
    assert [one.new for one in bench.read(DAY)] == ["42"]
    assert [one.new for one in bench.read(DAY, later)] == ["43"]
    bench.register(line(new="44"))
    assert [(one.number, one.new) for one in bench.read(DAY, later)] == [(3, "44")]


@pytest.mark.parametrize(
    ("delimiter", "ending", "encoding"), [(";", "\r\n", "utf-8-sig"), ("\t", "\n", "utf-16"), (",", "\r", "utf-8")]
)
def test_a_register_may_be_saved_by_any_spreadsheet(bench: Bench, delimiter: str, ending: str, encoding: str) -> None:
    lines = [
        HEAD.replace("key", " Key "),
        "",
        line(why='"Two', new="44").replace('"Two', '"Two\nlines"'),
        line(key="CN-77002"),
    ]
    text = ending.join(one.replace(",", delimiter) for one in lines)
    bench.put("corrections.csv", text.encode(encoding))
    assert [one.where for one in bench.read()] == ["corrections.csv, row 3", "corrections.csv, row 4"]


def test_without_a_register_there_is_nothing_to_correct(bench: Bench) -> None:
    assert bench.read() == ()
    bench.applied()
    assert "corrected" not in [name for name, *_ in bench.rows("DESCRIBE raw.cases")]


def test_pseudonyms_are_those_of_ingest(bench: Bench) -> None:
    receive(bench.site(), "cases")
    bench.register(line())
    (correction,) = bench.read()
    assert bench.rows("SELECT person_key FROM raw.cases WHERE age = '441'") == [(correction.person_key,)]


# ---- what is refused -------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("wrong", "said"),
    [
        ({"extract": "peple"}, 'row 2, column "extract": there is no such extract. Did you mean "people"?'),
        ({"column": "Agee"}, 'row 2, column "column": the extract has no such column. Did you mean "Age"?'),
        ({"column": "Case number"}, 'row 2, column "column": who a row is about is never corrected here.'),
        ({"column": "Area"}, 'row 2, column "column": the site of a row is not corrected here.'),
        ({"column": "Name"}, 'row 2, column "column": this column is not read into any table'),
        ({"column": "Note"}, 'row 2, column "column": this column is not read into any table'),
        ({"extract": "visits", "column": "Visit 2"}, 'column "column": it stands several times in a row'),
        ({"extract": "visits", "column": "M 1"}, 'column "column": it stands several times in a row'),
        ({"key": " "}, 'row 2, column "key": it is blank.'),
        ({"key": "N/A"}, 'row 2, column "key": this names nobody.'),
        ({"key": "cases.csv#2"}, 'row 2, column "key": name the drop too'),
        ({"key": f"{DAY}/kases.csv#2"}, 'row 2, column "key": the extract has no such file.'),
        ({"why": " "}, 'row 2, column "why": it is blank.'),
        ({"who": ""}, 'row 2, column "who": it is blank.'),
        ({"when": ""}, 'row 2, column "when": it is blank.'),
        ({"when": "10/04/2026"}, 'row 2, column "when": this is no date. Write it as 2026-09-30.'),
        ({"when": "2026-02-30"}, 'row 2, column "when": this is no date.'),
        ({"new": "441"}, 'row 2, column "new": it is the same as in the column "old".'),
        ({"why": "CN-77001 was mistyped"}, 'row 2, column "why": it repeats the key or a value'),
        ({"old": "05/02/2026", "why": "05/02/2026 is too early"}, 'column "why": it repeats the key or a value'),
    ],
)
def test_a_faulty_line_is_named_by_row_and_column(bench: Bench, wrong: dict[str, str], said: str) -> None:
    bench.register(line(**wrong))
    assert f"corrections.csv, {said}" in bench.refusal() or said in bench.refusal()


def test_a_doubled_line_is_refused_however_it_is_typed(bench: Bench) -> None:
    bench.register(line(), line(key="cn-77001", old=" 441 ", new="45"))
    assert "corrections.csv, row 3: it corrects the same value as row 2." in bench.refusal()


def test_an_unknown_site_is_refused(bench: Bench) -> None:
    bench.register(line() + ",Noth", head=HEAD + ",site")
    assert 'column "site": there is no such site. Did you mean "north"?' in bench.refusal()


def test_all_faults_of_all_registers_are_told_at_once(bench: Bench) -> None:
    bench.register(line(why=""), name=f"drops/{DAY}/corrections.csv")
    bench.register(line(who="", when=""), "", line(key="CN-77002", extract="x"))
    refusal = bench.refusal()
    assert f'{DAY}/corrections.csv, row 2, column "why"' in refusal
    assert 'corrections.csv, row 2, column "who"' in refusal
    assert 'corrections.csv, row 2, column "when"' in refusal
    assert 'corrections.csv, row 4, column "extract"' in refusal


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (HEAD.replace("why", "wy"), 'the column "why" is missing. Is it "wy"?'),
        (HEAD + ",age", "column 9 is none of a register's"),
        (HEAD + ",why", 'the column "why" stands there twice.'),
        ("CN-77001,people\n", 'the column "extract" is missing.'),
        (f"{HEAD}\n{line()},more\n", "row 2: 9 columns where the header has 8."),
        (f'{HEAD}\n{line()}\n"CN-77001{line()}\n', "row 3: the row cannot be read"),
        (
            f"{HEAD}\n{line(who='Zoë')}\n".encode("cp1252"),
            'cannot be read as text in UTF-8. Save it as "CSV UTF-8"',
        ),
        (b"PK\x03\x04\0\0", "cannot be read as text in UTF-8."),
        ("", 'the column "extract" is missing.'),
    ],
)
def test_a_file_that_is_no_register_is_refused(bench: Bench, content: str | bytes, said: str) -> None:
    bench.put("corrections.csv", content)
    assert said in bench.refusal()
