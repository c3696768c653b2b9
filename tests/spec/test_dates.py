"""How the dates of a column are written is proven by all its values, or refused; never guessed."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from pipelines.protocol import Protocol, load_text
from pipelines.protocol.faults import ProtocolFaults
from pipelines.refusal import Refusal
from pipelines.validation.dates import CANDIDATES, Proof, prove, readings, unproven
from pipelines.validation.publish import _select
from pipelines.warehouse import connect
from pipelines.workspace import PilotSite, Workspace

WORDS = frozenset({"", "na", "unknown"})


@pytest.fixture(scope="module")
def connection(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Any]:
    opened = connect(site(tmp_path_factory.mktemp("workspace")))
    yield opened
    opened.close()


PROTOCOL = """\
pilot: first
title: First
question: Does it?
concept: {name: x}
sites: {north: {title: North}}
population: {description: people}
intervention: {name: x}
extracts:
  people:
    file: "*.csv"
    columns:
      person: id
      referral_date: {column: Referred on, missing: [unknown]}
      start_date: Started
"""


def protocol(declared: str = "") -> Protocol:
    return load_text(PROTOCOL.replace("column: Referred on", f"column: Referred on{declared}"))


def site(folder: Path, declared: str = "") -> PilotSite:
    return PilotSite(Workspace(folder), protocol(declared), "north")


def proof(connection: Any, *values: str | None) -> Proof:
    connection.execute("CREATE OR REPLACE TEMP TABLE delivered (d VARCHAR)")
    for value in values:
        connection.execute("INSERT INTO delivered VALUES (?)", [value])
    return prove(connection, "delivered", {"date": ("d", WORDS)})["date"]


PROVEN = {
    "2026-01-05": "%Y-%m-%d",
    "2026-1-5": "%Y-%m-%d",
    "2026-01-05 10:07": "%Y-%m-%d",
    "2026-01-05T10:07:33.123Z": "%Y-%m-%d",
    "13/01/2026": "%d/%m/%Y",
    "1/13/2026": "%m/%d/%Y",
    "1/13/2026 11:07:00 PM": "%m/%d/%Y",
    "2026/01/05": "%Y/%m/%d",
    "2026.1.5": "%Y.%m.%d",
    "13.1.2026": "%d.%m.%Y",
    "13-01-2026 00:00:00": "%d-%m-%Y",
    "13 01 2026": "%d %m %Y",
    "5 Jan 2026": "%d %b %Y",
    "05-JAN-2026": "%d-%b-%Y",
    "5 january 2026": "%d %B %Y",
    "5 May 2026": "%d %b %Y",  # May is both a short and a long name, of the same month
    "Jan 5, 2026": "%b %d, %Y",
    "20260105": "%Y%m%d",
    "31/12/25": "%d/%m/%y",
    "12/31/25": "%m/%d/%y",
    "05/05/2026": "%d/%m/%Y",  # the same day either way
}


@pytest.mark.parametrize("value", PROVEN)
def test_a_value_proves_its_format(connection: Any, value: str) -> None:
    assert proof(connection, value) == Proof(PROVEN[value], "proven")
    beside = ("2026-02-03", None, "", "\u00a0", " Unknown ")
    assert proof(connection, *beside, value) == Proof(PROVEN[value], "proven")


@pytest.mark.parametrize(
    ("values", "proven"),
    [
        (["05/01/2026"], Proof("%d/%m/%Y|%m/%d/%Y", "undecided")),
        (["05/01/2026", "02/03/2026", "2026-12-31"], Proof("%d/%m/%Y|%m/%d/%Y", "undecided")),
        (["05/01/2026", "13/01/2026"], Proof("%d/%m/%Y", "proven")),
        (["05/01/2026", "01/13/2026"], Proof("%m/%d/%Y", "proven")),
        (["13/01/2026", "01/13/2026"], Proof("%d/%m/%Y|%m/%d/%Y", "none")),
        (["13/01/2026", "soon"], Proof("", "none")),
        (["2026-01-05", "soon"], Proof("", "none")),
        (["13/01/2026", "14.01.2026"], Proof("", "none")),
        (["05/06/07"], Proof("%d/%m/%y|%m/%d/%y", "undecided")),
        (["24-01-15"], Proof("%d-%m-%y|%y-%m-%d", "undecided")),
        (["45231"], Proof("", "none")),
        (["2026105"], Proof("", "none")),
        (["05/01/026"], Proof("", "none")),
        (["epoch", "infinity"], Proof("", "none")),
        (["13/01/2026\x00junk"], Proof("", "none")),
        (["31/02/2026"], Proof("", "none")),
        (["2026-01-05 25:00"], Proof("", "none")),
        ([None, "", "NA"], Proof("%Y-%m-%d", "blank")),
        ([], Proof("%Y-%m-%d", "blank")),
    ],
)
def test_a_column_is_proven_by_all_its_values(connection: Any, values: list[str | None], proven: Proof) -> None:
    assert proof(connection, *values) == proven


@settings(max_examples=120, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    days=st.lists(st.dates(dt.date(1970, 1, 1), dt.date(2068, 12, 31)), min_size=1, max_size=8),
    form=st.sampled_from(["%Y-%m-%d", *(form for form in CANDIDATES if "%y" not in form)]),
    iso=st.booleans(),
)
def test_what_is_proven_is_what_was_written(connection: Any, days: list[dt.date], form: str, iso: bool) -> None:
    """Whatever a program writes in one format is read back, or said to be undecided where another would do as well."""
    values = [day.strftime(form) for day in days] + (["2026-01-05"] if iso else [])
    found = proof(connection, *values)
    assert found.verdict in ("proven", "undecided")
    if found.verdict == "proven":
        read = [
            connection.execute("SELECT strptime(?, ?)::DATE", [v, found.format]).fetchone()[0]
            for v in values[: len(days)]
        ]
        assert read == days
    else:
        assert form in found.format.split("|")
        assert all(day.day <= 12 for day in days)


# ---- in a pilot ------------------------------------------------------------------------------------------------------


def received(connection: Any, rows: list[tuple[str, str | None, str | None]]) -> None:
    """Put file, referral and start into raw.cases."""
    connection.execute("ATTACH IF NOT EXISTS ':memory:' AS warehouse; USE warehouse")
    connection.execute("CREATE SCHEMA IF NOT EXISTS raw; DROP TABLE IF EXISTS raw.readings")
    connection.execute(
        "CREATE OR REPLACE TABLE raw.cases (row_key VARCHAR, person_key VARCHAR, extract VARCHAR, source_file VARCHAR, "
        "source_row BIGINT, drop_id VARCHAR, referral_date VARCHAR, start_date VARCHAR)"
    )
    for number, (file, referred, started) in enumerate(rows, start=2):
        values = [f"{file}#{number}", f"p{number}", "people", file, number, "2026-04-01", referred, started]
        connection.execute("INSERT INTO raw.cases VALUES (?, ?, ?, ?, ?, ?, ?, ?)", values)


def typed(connection: Any, pilot_site: PilotSite) -> list[tuple[Any, ...]]:
    found = readings(connection, pilot_site, "cases")
    select = (
        f"SELECT referral_date, start_date, unreadable FROM ({_select(pilot_site, 'cases', found)}) ORDER BY source_row"
    )
    return list(connection.execute(select, {"site": "north"}).fetchall())


def test_each_file_is_read_by_its_own_proof(connection: Any, tmp_path: Path) -> None:
    received(
        connection,
        [
            ("a.csv", "13/01/2026", "2026-01-05"),
            ("a.csv", "05/02/2026 09:30", "unknown"),
            ("b.csv", "01/13/2026", None),
            ("b.csv", "05/02/2026", "2026-01-06T00:00:00"),
            ("b.csv", " Unknown", "2026-01-07"),
        ],
    )
    # "unknown" is a word for "not known" in one column only: the other one has a value that is no date.
    with pytest.raises(Refusal, match=r'a\.csv, column "Started": no format'):
        typed(connection, site(tmp_path))
    connection.execute("UPDATE raw.cases SET start_date = NULL WHERE start_date = 'unknown'")
    day = dt.date
    assert typed(connection, site(tmp_path)) == [
        (day(2026, 1, 13), day(2026, 1, 5), ""),
        (day(2026, 2, 5), None, ""),
        (day(2026, 1, 13), None, ""),
        (day(2026, 5, 2), day(2026, 1, 6), ""),
        (None, day(2026, 1, 7), ""),
    ]


def test_what_ingest_found_over_all_sites_counts(connection: Any, tmp_path: Path) -> None:
    received(connection, [("a.csv", "05/02/2026", None)])
    with pytest.raises(Refusal, match="2 formats fit every date"):
        typed(connection, site(tmp_path))
    connection.execute(
        "CREATE TABLE raw.readings (noun VARCHAR, extract VARCHAR, source_file VARCHAR, field VARCHAR, format VARCHAR, "
        "verdict VARCHAR)"
    )
    connection.execute(
        "INSERT INTO raw.readings VALUES ('cases', 'people', 'a.csv', 'referral_date', '%m/%d/%Y', 'proven')"
    )
    assert typed(connection, site(tmp_path))[0][0] == dt.date(2026, 5, 2)
    # A file of which nothing was kept is not taken for one whose dates are proven.
    connection.execute("UPDATE raw.readings SET source_file = 'b.csv'")
    with pytest.raises(Refusal, match="2 formats fit every date"):
        typed(connection, site(tmp_path))


def test_a_field_of_a_completing_file_is_read_by_its_proof(connection: Any, tmp_path: Path) -> None:
    """Its rows stand in those of the extract that it completes."""
    whole = PROTOCOL.replace('file: "*.csv"', "file: cases.csv").replace("      start_date: Started\n", "")
    whole += "  more: {file: more.csv, completes: people, columns: {person: id, start_date: Started}}\n"
    pilot_site = PilotSite(Workspace(tmp_path), load_text(whole), "north")
    received(connection, [("cases.csv", "2026-01-01", "13/01/2026"), ("cases.csv", "2026-01-01", None)])
    assert typed(connection, pilot_site) == [
        (dt.date(2026, 1, 1), dt.date(2026, 1, 13), ""),
        (dt.date(2026, 1, 1), None, ""),
    ]
    connection.execute("UPDATE raw.cases SET start_date = '05/02/2026'")
    with pytest.raises(Refusal, match=r'cases\.csv, column "Started": 2 formats'):
        typed(connection, pilot_site)
    connection.execute(
        "CREATE TABLE raw.readings AS SELECT 'cases' AS noun, 'more' AS extract, 'more.csv' AS source_file, "
        "'start_date' AS field, '%d/%m/%Y' AS format, 'proven' AS verdict"
    )
    assert typed(connection, pilot_site)[0][1] == dt.date(2026, 2, 5)


@pytest.mark.parametrize(
    ("values", "said"),
    [
        (["05/01/2026"], "2 formats fit every date (dd/mm/yyyy, mm/dd/yyyy)"),
        (["13/01/2026", "01/13/2026"], "Some are written dd/mm/yyyy and some mm/dd/yyyy."),
        (["Smith", "2026-01-05"], "no format (0 remain) fits every date."),
    ],
)
def test_a_refusal_names_file_column_and_remedy_and_no_value(
    connection: Any, tmp_path: Path, values: list[str], said: str
) -> None:
    received(connection, [("a.csv", value, None) for value in values])
    with pytest.raises(Refusal) as refusal:
        typed(connection, site(tmp_path))
    message = str(refusal.value)
    assert message.startswith('a.csv, column "Referred on": ')
    assert said in message
    assert "`format: dd/mm/yyyy`" in message
    assert "extracts.people.columns.referral_date" in message
    assert not any(value in message for value in values)


def test_a_declared_format_sets_rows_aside_instead(connection: Any, tmp_path: Path) -> None:
    received(connection, [("a.csv", "05/01/2026", None), ("a.csv", "01/13/2026", None), ("a.csv", "epoch", None)])
    declared = site(tmp_path, ", format: dd/mm/yyyy")
    assert unproven("cases", declared.protocol.extracts["people"]).keys() == {"start_date"}
    found = typed(connection, declared)
    assert found == [(dt.date(2026, 1, 5), None, ""), (None, None, "referral_date"), (None, None, "referral_date")]


def test_digits_without_marks_are_all_there(connection: Any, tmp_path: Path) -> None:
    received(connection, [("a.csv", "20260105", None), ("a.csv", "2026105", None), ("a.csv", "2026-01-05", None)])
    found = typed(connection, site(tmp_path, ", format: yyyymmdd"))
    assert [row[0] for row in found] == [dt.date(2026, 1, 5), None, dt.date(2026, 1, 5)]
    assert [row[2] for row in found] == ["", "referral_date", ""]


# ---- clocks and placeholders -----------------------------------------------------------------------------------------

MOMENTS = [
    ("2026-06-03T23:30Z", "", "2026-06-04"),  # half past midnight by British summer time
    ("2026-06-03T23:30:00.000Z", "", "2026-06-04"),
    ("2026-06-02T23:00:00Z", "", "2026-06-03"),  # a British day as web programs write it
    ("2026-01-03T23:30Z", "", "2026-01-03"),
    ("2026-06-03 23:30:00+01:00", "", "2026-06-03"),
    ("2026-06-03T23:30:00-0500", "", "2026-06-04"),
    ("2026-06-03T23:30:00", "", "2026-06-03"),
    (" 2026-06-03T23:30Z ", ", time_zone: UTC", "2026-06-03"),
    ("2026-06-03T02:30Z", ", time_zone: America/New_York", "2026-06-02"),
    ("2026-06-03T23:30Z", ", format: yyyy-mm-dd", "2026-06-04"),
    ("2026-06-03T23:30Z", ", format: dd/mm/yyyy", "2026-06-04"),
    ("2026-06-03T25:30Z", "", None),
]


@pytest.mark.parametrize(("value", "declared", "day"), MOMENTS)
@pytest.mark.parametrize("machine", ["UTC", "America/New_York"])
def test_a_moment_is_a_day_where_the_pilot_is(
    connection: Any, tmp_path: Path, machine: str, value: str, declared: str, day: str | None
) -> None:
    connection.execute(f"SET TimeZone = '{machine}'")
    received(connection, [("a.csv", value, None), ("a.csv", "2026-03-01", None)])
    pilot_site = site(tmp_path, declared)
    if day is None:
        with pytest.raises(Refusal, match="no format"):
            typed(connection, pilot_site)
        return
    assert typed(connection, pilot_site)[0][0] == dt.date.fromisoformat(day)


@pytest.mark.parametrize("form", ["", ", format: dd/mm/yyyy"])
def test_dates_that_mean_none_are_missing_and_others_are_read_or_set_aside(
    connection: Any, tmp_path: Path, form: str
) -> None:
    pilot_site = site(tmp_path, f"{form}, missing_dates: [1900-01-01, 9999-12-31]")
    values = ["01/01/1900", "31/12/9999", "13/01/2026", "31/12/1700", "", "1900-01-01T00:00:00"]
    received(connection, [("a.csv", value, None) for value in values])
    select = _select(pilot_site, "cases", readings(connection, pilot_site, "cases"))
    query = f"SELECT referral_date, unreadable FROM ({select}) ORDER BY row_key"
    found = connection.execute(query, {"site": "north"}).fetchall()
    missing = (None, "")
    assert found == [missing, missing, (dt.date(2026, 1, 13), ""), (None, "referral_date"), missing, missing]


@pytest.mark.parametrize(
    ("declared", "said"),
    [
        (", time_zone: Europe/Londn", "there is no such time zone. Did you mean Europe/London?"),
        (", missing_dates: [soon]", "missing_dates"),
        (", thousands: ','", "only a number has thousands"),
    ],
)
def test_clocks_and_placeholders_that_cannot_be_are_faults(declared: str, said: str) -> None:
    with pytest.raises(ProtocolFaults) as raised:
        protocol(declared)
    assert said in str(raised.value)
