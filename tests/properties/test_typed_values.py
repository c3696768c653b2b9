"""Values as delivered and as typed, against an independent reading in Python; and rows against Python's own reader."""

from __future__ import annotations

import csv
import datetime as dt
import io
import math
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from pipelines.ingest.comparing import BLANK_CHARACTERS, compared, trimmed
from pipelines.ingest.files import load_table
from pipelines.ingest.headers import slot
from pipelines.protocol import Protocol, load_text
from pipelines.protocol.extracts import Column, Extract
from pipelines.refusal import Refusal
from pipelines.validation import values
from pipelines.validation.publish import _select
from pipelines.validation.typed import typed_field
from pipelines.warehouse import connect, named, statement
from pipelines.workspace import PilotSite, Workspace

PROTOCOL = """\
pilot: first
title: First
question: Does it?
concept: {name: x}
sites: {north: {title: North}}
population: {description: people}
intervention: {name: x}
outcomes:
  by_horizon: {title: a, type: binary, better: lower, time: weeks, event: happened, horizon: 52, due_after_days: 90}
  until: {title: b, type: time_to_event, better: later, time: weeks, event: happened, horizon: 52}
covariates:
  number: {title: c}
  flag: {title: d, type: yes_no}
  kind: {title: e, type: category}
extracts:
  people:
    file: cases.csv
    columns:
      person: id
      referral_date: {column: referred, format: dd/mm/yyyy}
      number: {column: number, missing: [unknown]}
      flag: flag
      kind: {column: kind, codes: {Ä: first, "01": second}}
      weeks: weeks
      happened: happened
"""
quick = settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])


@pytest.fixture(scope="module")
def protocol() -> Protocol:
    return load_text(PROTOCOL)


@pytest.fixture(scope="module")
def connection(tmp_path_factory: pytest.TempPathFactory, protocol: Protocol) -> Iterator[Any]:
    opened = connect(PilotSite(Workspace(tmp_path_factory.mktemp("workspace")), protocol, "north"))
    yield opened
    opened.close()


def typed(connection: Any, protocol: Protocol, field: str, kind: Any, text: str | None) -> tuple[Any, bool]:
    """Return the typed value of a delivered text, and whether it could not be read."""
    one = typed_field(protocol, "cases", "north", field, kind)
    query = f"SELECT {one.value}, {one.unreadable} FROM (SELECT 'people' AS extract, ?::VARCHAR AS {named(field)})"
    value, unreadable = connection.execute(query, [text]).fetchone()
    return value, bool(unreadable)


MISSING = {"", "na", "n/a", "#n/a", "null", "none", "nan"}
BLANKS = BLANK_CHARACTERS
numbers = st.one_of(
    st.floats(allow_nan=False, allow_infinity=False).map(repr),
    st.integers(-(10**9), 10**9).map(str),
    st.text(alphabet="0123456789.,-+eE_ x£%", max_size=8),
    st.sampled_from(
        ["inf", "-Infinity", "NaN", "1e999", "unknown", "Unknown ", "0x1F", "１２", "1\u00a0", " 007 ", ""]
    ),
)


@quick
@given(text=numbers)
@example("+-1")
@example(" +-1")
@example("-+1")
@example("1_000")
@example("1e999")
@example("-nan")
@example("1\v")
def test_a_number_is_what_every_program_reads_or_nothing(connection: Any, protocol: Protocol, text: str) -> None:
    value, unreadable = typed(connection, protocol, "number", "number", text)
    cleaned = text.strip(BLANKS).lower()
    if cleaned in MISSING | {"unknown"}:
        assert (value, unreadable) == (None, False)
    elif re.fullmatch(r"[+-]?([0-9]+\.?[0-9]*|\.[0-9]+)(e[+-]?[0-9]+)?", cleaned) and math.isfinite(float(cleaned)):
        assert (value, unreadable) == (float(cleaned), False)
    else:
        assert (value, unreadable) == (None, True)


@quick
@given(
    text=st.one_of(st.dates(dt.date(1850, 1, 1), dt.date(2199, 12, 31)).map("{:%d/%m/%Y}".format), st.text(max_size=9))
)
@example("31/02/2026")
@example("05/01/26")
@example("01/13/2026")
@example("2026-01-05")
@example("2026-01-05T10:07:00")
@example("26-01-05")
@example("1/1/0001")
def test_a_date_is_one_of_the_calendar_in_the_declared_order(connection: Any, protocol: Protocol, text: str) -> None:
    value, unreadable = typed(connection, protocol, "referral_date", "date", text)
    if (found := re.fullmatch(r"(\d{1,2})/(\d{1,2})/(\d{4})", text.strip(BLANKS), re.ASCII)) is not None:
        day, month, year = map(int, found.groups())
        try:
            right = dt.date(year, month, day) if year >= 1850 else None
        except ValueError:
            right = None
        assert (value, unreadable) == (right, right is None)
    if value is not None:
        assert dt.date(1850, 1, 1) <= value < dt.date(2200, 1, 1)


@quick
@given(
    text=st.one_of(st.sampled_from(["yes", "NO", " True ", "f", "2", "perhaps", "0.0", "N/A", ""]), st.text(max_size=4))
)
def test_yes_and_no_are_never_guessed(connection: Any, protocol: Protocol, text: str) -> None:
    value, unreadable = typed(connection, protocol, "flag", "yes_no", text)
    # 1.0 is what many programs make of a whole number in a column with a gap.
    word = re.sub(r"^([01])\.0+$", r"\1", text.strip(BLANKS).lower())
    if word in ("yes", "y", "true", "t", "1"):
        assert (value, unreadable) == (True, False)
    elif word in ("no", "n", "false", "f", "0"):
        assert (value, unreadable) == (False, False)
    else:
        assert value is None
        assert unreadable == (word not in MISSING) or not word.isascii()


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("ä", "first"),
        ("A\u0308", "first"),
        (" Ä\u00a0", "first"),
        ("01", "second"),
        ("01.0", "second"),
        ("1", None),
        ("a", None),
    ],
)
def test_codes_compare_by_letter_and_not_by_form(connection: Any, protocol: Protocol, text: str, value: str) -> None:
    assert typed(connection, protocol, "kind", "text", text) == (value, value is None)


# ---- short cuts ------------------------------------------------------------------------------------------------------

adversarial = st.one_of(
    st.text(alphabet="0123456789+-._eExXnaifNAIF \t\v\x00\xa0\u200b\u0663\uff11\u2212", max_size=7),
    st.text(alphabet="0123456789/-. :TZinfepoch", max_size=11),
    st.text(alphabet=" \t\v\xa0\u2060`'\u2019\u2013-aAé\u0301İKNA/0", max_size=6),
    st.sampled_from(
        ["+-1", "-+1", "1e999", "1_000", "0x1F", "nan", "1\x00", "+.5", "5.", "1e0_1", " +-1", "1\v", "-9 "]
    ),
    st.sampled_from(["infinity", "epoch", "2026/01/05", "-026-01-05", "   1-01-05", "2026-01-05 ", "9999-12-31"]),
)


def said(connection: Any, expression: str, text: str) -> Any:
    return connection.execute(f"SELECT {expression} FROM (SELECT ?::VARCHAR AS x)", [text]).fetchone()[0]


@quick
@given(text=adversarial)
@example("-9\xa0")
@example("-9 ")
def test_a_short_cut_says_what_the_slow_path_says(connection: Any, text: str) -> None:
    """With the short cut cut off, each expression is the same function of every text."""
    coded = Column(column="x", codes={"K-A": "one", "none": "two"}, missing=("-9", "n’a"))
    plain = Column(column="x", missing=("-9", "n’a", "2026-01-05"))
    for whole in (
        values.number("x", plain),
        values.code("x", coded, coded.codes),
        values.words("x", plain),
        values.given("x", plain),
        values.proven_date("x", plain, "%d/%m/%Y"),
        values.proven_date("x", plain, "%Y-%m-%d"),
        values.declared_date("x", Column(column="x", format="dd/mm/yyyy", missing=("-9",))),
        trimmed("x"),
    ):
        assert said(connection, whole, text) == said(connection, without_short_cuts(whole), text)
    folded_slowly = without_short_cuts(compared("x"))
    assert said(connection, compared("x"), text).replace("\0", "\ufffd") == said(connection, folded_slowly, text)


def without_short_cuts(expression: str) -> str:
    """Return an expression whose short cuts never apply: their conditions ask for what no text fulfils."""
    never = expression.replace("strlen(x) = length(x)", "strlen(x) < 0")
    for begins in ("x >= '-' AND x < ':'", "x >= '0' AND x < ':'", "x >= '!' AND x < chr(127)"):
        never = never.replace(begins, "strlen(x) < 0")
    assert never != expression
    return re.sub(r"CASE x (WHEN '[^']*' THEN ('[^']*'|NULL) )+ELSE", "CASE WHEN strlen(x) < 0 THEN NULL ELSE", never)


@pytest.mark.parametrize(
    ("code", "text"),
    [("Don't know", "don’t\u202fknow"), ("18-24", "18–24"), ("18–24", " 18\u221224\u2060"), ("A B", "a\xa0b")],
)
def test_dashes_quotes_and_spaces_fold_in_codes(connection: Any, code: str, text: str) -> None:
    coded = Column(column="x", codes={code: "meant"})
    assert said(connection, values.code("x", coded, coded.codes), text) == "meant"


def test_letters_change_only_when_declared(connection: Any) -> None:
    read = {case: values.words("x", Column(column="x", case=case)) for case in ("as_given", "lower", "upper")}
    assert [said(connection, one, " 007 Mixed–Case") for one in read.values()] == [
        "007 Mixed–Case",
        "007 mixed–case",
        "007 MIXED–CASE",
    ]


# ---- outcomes --------------------------------------------------------------------------------------------------------


def outcomes(connection: Any, protocol: Protocol, *, weeks: str, happened: str, referred: str) -> dict[str, Any]:
    """Return the outcomes of one person by key: value, time, event, unreadable."""
    connection.execute("CREATE SCHEMA IF NOT EXISTS raw; CREATE SCHEMA IF NOT EXISTS validated")
    fields = {"weeks": weeks, "happened": happened, "referral_date": referred}
    columns = ", ".join(f"'{value}' AS {name}" for name, value in fields.items())
    kept = "'a' AS row_key, 'p' AS person_key, 'people' AS extract, 'f' AS source_file, 2 AS source_row"
    connection.execute(f"CREATE OR REPLACE TABLE raw.cases AS SELECT {kept}, '2026-04-01-late' AS drop_id, {columns}")
    arm = "NULL AS arm, NULL::DATE AS start_date, try_strptime(referral_date, '%d/%m/%Y')::DATE AS referral_date"
    connection.execute(
        f"CREATE OR REPLACE TABLE validated.cases AS SELECT row_key, drop_id, person_key, {arm} FROM raw.cases"
    )
    site = PilotSite(Workspace(Path("nowhere")), protocol, "north")
    kept = f"SELECT outcome, value, time, event, unreadable FROM ({_select(site, 'outcomes')})"
    found = connection.execute(kept, {"has_arms": False}).fetchall()
    return {key: tuple(rest) for key, *rest in found}


@pytest.mark.parametrize(
    ("weeks", "happened", "value"),
    [
        ("10", "1", 1.0),
        ("52", "1", 1.0),
        ("53", "1", 0.0),
        ("52", "0", 0.0),
        ("60", "0", 0.0),
        ("51", "0", None),  # censored before the horizon: not known, and not "no"
        ("0", "0", None),
        ("52", "", None),
        ("53", "", 0.0),  # whatever happened, it had not happened by week 52
        ("10", "", None),
        ("", "1", None),
        ("", "0", None),
    ],
)
def test_an_event_by_the_horizon(connection: Any, protocol: Protocol, weeks: str, happened: str, value: float) -> None:
    found = outcomes(connection, protocol, weeks=weeks, happened=happened, referred="01/01/2024")
    assert found["by_horizon"][0] == value
    assert found["until"][0] is None
    assert found["until"][1] == (float(weeks) if weeks else None)
    assert found["until"][2] == {"1": True, "0": False, "": None}[happened]


@quick
@given(weeks=st.integers(0, 104), happened=st.booleans())
def test_the_horizon_agrees_with_time_and_event(
    connection: Any, protocol: Protocol, weeks: int, happened: bool
) -> None:
    found = outcomes(connection, protocol, weeks=str(weeks), happened=str(int(happened)), referred="")
    right = 1.0 if happened and weeks <= 52 else 0.0 if weeks >= 52 else None
    assert found["by_horizon"][0] == right


@pytest.mark.parametrize(
    ("referred", "due"),
    [("01/01/2026", True), ("02/01/2026", False), ("31/12/2025", True), ("01/04/2026", False), ("", True)],
)
def test_an_outcome_is_due_when_its_days_have_passed(
    connection: Any, protocol: Protocol, referred: str, due: bool
) -> None:
    """The drop is of 1 April 2026, which is day 90 of somebody referred on 1 January."""
    found = outcomes(connection, protocol, weeks="1", happened="0", referred=referred)
    assert ("by_horizon" in found) == due
    assert "until" in found


def test_an_outcome_that_cannot_be_read_names_its_fields(connection: Any, protocol: Protocol) -> None:
    found = outcomes(connection, protocol, weeks="ten", happened="perhaps", referred="")
    assert found["until"] == (None, None, None, "weeks,happened")


def test_the_sql_takes_no_column_for_another() -> None:
    assert "delivered.*" in statement("validated", "outcomes")


# ---- rows ------------------------------------------------------------------------------------------------------------

EXTRACT = Extract.model_validate(
    {"file": "x.csv", "columns": {"person": "a", "site": "b"}, "identifiers": {"name": "c"}}
)
cells = st.text(alphabet=st.sampled_from("ab1 ,;\"\n\r'é\\\t"), max_size=4)


@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@example(rows=[("", "", "\\"), ("\r1", "", "")], ending="\n", delimiter=",")
@given(
    rows=st.lists(st.tuples(cells, cells, cells), max_size=6),
    ending=st.sampled_from(["\n", "\r\n", "\r"]),
    delimiter=st.sampled_from(",;\t"),
)
def test_what_a_program_writes_is_read_back(
    connection: Any, tmp_path: Path, rows: list[tuple[str, ...]], ending: str, delimiter: str
) -> None:
    """A file by the rules of CSV is read as written, but for line ends inside a cell; blank rows are nobody.

    It is refused only where a licence that some programs take gives a sound table too: backslashes as marks of their
    own, or blanks before a quotation mark.
    """
    out = io.StringIO(newline="")
    csv.writer(out, delimiter=delimiter, lineterminator=ending, quoting=csv.QUOTE_ALL).writerows(
        [("a", "b", "c"), *rows]
    )
    found, refused = read_or_refused(connection, tmp_path / "x.csv", out.getvalue().encode())
    if refused:
        assert "has two meanings" in refused
        assert two_meanings(out.getvalue(), delimiter)
        return
    right = [
        (number, *(same_ends(cell) for cell in row))
        for number, row in enumerate(rows, start=2)
        if any(cell.strip(BLANKS) for cell in row)
    ]
    assert found == right


@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(text=st.text(alphabet=st.sampled_from('a1,"\n\r b'), max_size=20))
@example('1,"x" ,2\n')
@example('"1",2,3\n\n\n4,5,6')
def test_what_anybody_writes_is_read_right_or_refused(connection: Any, tmp_path: Path, text: str) -> None:
    """Whatever DuckDB accepts has the rows and the numbers that Python's strict reader finds."""
    found, refused = read_or_refused(connection, tmp_path / "x.csv", ("a,b,c\n" + text).encode())
    if refused:
        assert refused.startswith("x.csv")
        return
    assert [row[0] for row in found] == sorted({row[0] for row in found})
    if '"' not in text:
        whole = text.replace("\r\n", "\n").replace("\r", "\n").split("\n")
        lines = [(number, line.split(",")) for number, line in enumerate(whole, start=2)]
        right = [(n, *cells[:3]) for n, cells in lines if any(cell.strip(BLANKS) for cell in cells)]
        assert found == right


def two_meanings(text: str, delimiter: str) -> bool:
    """Whether the licences that some programs take (backslashes, blanks before quotation marks) could be at work."""
    return bool(re.search(rf'(^|[\r\n{delimiter}])[ \t]+"', text)) or sound_with_backslashes(text, delimiter)


def sound_with_backslashes(text: str, delimiter: str) -> bool:
    """Whether every row has three cells if a backslash keeps a quotation mark from ending its cell."""
    rows = csv.reader(io.StringIO(text, newline=""), delimiter=delimiter, escapechar="\\", strict=True)
    try:
        return '\\"' in text and all(len(row) == 3 or not "".join(row).strip(BLANKS) for row in rows)
    except csv.Error:
        return False


def read_or_refused(connection: Any, path: Path, content: bytes) -> tuple[list[tuple[Any, ...]], str]:
    """Return the rows of a file, or none and why it was refused."""
    try:
        return read(connection, path, content), ""
    except Refusal as refusal:
        return [], str(refusal)


def same_ends(cell: str) -> str:
    return cell.replace("\r\n", "\n").replace("\r", "\n")


def read(connection: Any, path: Path, content: bytes) -> list[tuple[Any, ...]]:
    """Return number and cells of the rows of a file, line ends inside cells made the same."""
    path.write_bytes(content)
    load_table(connection, path, EXTRACT, "delivered")
    columns = ", ".join(f"coalesce({slot(EXTRACT, name)}, '')" for name in ("a", "b", "c"))
    found = connection.execute(f"SELECT source_row, {columns} FROM delivered ORDER BY source_row").fetchall()
    return [(number, *map(same_ends, cells)) for number, *cells in found]
