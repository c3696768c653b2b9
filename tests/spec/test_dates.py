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
