"""Long and side-by-side tables become rows of the common model, or a refusal that names rows and no value."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import duckdb
import pytest

from pipelines.ingest.headers import expected_columns
from pipelines.ingest.reading import Facts, Rows
from pipelines.ingest.reshape import file_columns, reshaped
from pipelines.protocol.extracts import Extract
from pipelines.refusal import Refusal

Table = list[tuple[str | None, ...]]

LONG = Extract.model_validate(
    {
        "file": "long.csv",
        "columns": {"person": "ID", "weeks": "Weeks out", "score": {"column": "Score"}},
        "identifiers": {"name": "Name"},
        "wider": {"names": "Measure", "values": "Result"},
        "ignore": ["Shoe size"],
    }
)
SITES = Extract.model_validate(LONG.model_dump() | {"columns": LONG.model_dump()["columns"] | {"site": "Area"}})
BESIDE = Extract.model_validate(
    {
        "noun": "contacts",
        "file": "beside.csv",
        "columns": {
            "person": "ID",
            "contact_date": {"column": "Date 1", "also": ["Date 2", "Date 3"]},
            "kind": {"column": "Kind 1", "also": ["Kind 2", "Kind 3"]},
        },
    }
)


@pytest.fixture
def connection() -> Iterator[Any]:
    with duckdb.connect() as opened:
        yield opened


def read(connection: Any, extract: Extract, header: tuple[str, ...], table: Table, *, first: int = 2) -> Any:
    """Return header and rows, with their numbers, as the store would take them."""
    places = ", ".join(f"place_{i}" for i in range(len(header)))
    columns = ", ".join(f"place_{i} VARCHAR" for i in range(len(header)))
    connection.execute(f"CREATE OR REPLACE TABLE delivered ({columns})")
    connection.executemany(f"INSERT INTO delivered VALUES ({', '.join('?' * len(header))})", table)
    rows = Rows(Facts("text", header, header_row=first - 1), f"(SELECT {places} FROM delivered)", False, Refusal)
    found = reshaped(connection, rows, extract, extract.file)
    assert found.numbered
    listed = ", ".join(f"place_{i}" for i in range(len(found.facts.columns)))
    return found.facts.columns, connection.execute(f"SELECT source_row, {listed} FROM {found.source}").fetchall()


HEADER = ("ID", "Measure", "Result", "Name")


def test_a_row_per_measure_becomes_a_row_per_person(connection: Any) -> None:
    table: Table = [
        ("007", "Weeks out", "12", "Ann"),
        ("8", "score ", "3", "Bob"),  # case and blanks of a measure's name do not matter
        ("007", "Score", " 5 ", "Ann"),
        ("007", "Shoe size", "39", "Ann"),  # ignored
        ("8", "Score", "3", "Bob"),  # said twice, counted once
        ("9", "", "", "Cleo"),  # somebody of whom nothing was measured
    ]
    columns, rows = read(connection, LONG, HEADER, table)
    assert columns == ("ID", "Name", "Weeks out", "Score")
    assert rows == [(2, "007", "Ann", "12", "5"), (3, "8", "Bob", None, "3"), (7, "9", "Cleo", None, None)]


def test_one_person_in_two_sites_is_two_rows(connection: Any) -> None:
    table: Table = [("1", "Score", "3", "Ann", "N"), ("1", "Score", "4", "Ann", "S")]
    columns, rows = read(connection, SITES, (*HEADER, "Area"), table, first=5)
    assert columns == ("ID", "Area", "Name", "Weeks out", "Score")
    assert rows == [(5, "1", "N", "Ann", None, "3"), (6, "1", "S", "Ann", None, "4")]


def test_people_who_differ_by_a_letter_are_not_taken_together(connection: Any) -> None:
    table: Table = [
        ("a1", "Score", "3", ""),
        ("A1", "Weeks out", "4", ""),
        ("01", "Score", "1", ""),
        ("1", "Score", "2", ""),
    ]
    assert [row[1] for row in read(connection, LONG, HEADER, table)[1]] == ["a1", "A1", "01", "1"]


@pytest.mark.parametrize(
    ("table", "said"),
    [
        ([("1", "Score", "secret3", ""), ("2", "Score", "3", ""), ("1", "Score", "4", "")], "rows 2, 4 (Score)"),
        ([("1", "Score", "3", ""), ("1", "Score", "", "")], "rows 2, 3 (Score)"),
        ([("1", "Score", "3", ""), ("1", "secret measure", "4", "")], 'column "Measure", row 3: the measure'),
        ([("1", "", "secret", "")], 'column "Measure", row 2: the measure'),
        ([("1", "Score", "1", ""), ("n/a", "Score", "secret", "")], 'column "ID", row 3: nobody'),
        ([(None, "Score", "secret", "")], 'column "ID", row 2: nobody'),
    ],
)
def test_what_cannot_be_decided_is_refused(connection: Any, table: Table, said: str) -> None:
    with pytest.raises(Refusal) as refusal:
        read(connection, LONG, HEADER, table)
    assert said in str(refusal.value)
    assert "long.csv" in str(refusal.value)
    assert "secret" not in str(refusal.value)


def test_side_by_side_groups_become_rows(connection: Any) -> None:
    header = ("ID", "Date 1", "Kind 1", "Date 2", "Kind 2", "Date 3", "Kind 3")
    table: Table = [
        ("1", "2026-01-01", "call", "2026-01-02", "visit", "", None),
        ("2", None, "", " ", None, None, None),
        ("3", "", "", "", "letter", "2026-01-05", "call"),
    ]
    columns, rows = read(connection, BESIDE, header, table)
    assert columns == ("ID", "Date 1", "Kind 1")
    assert rows == [
        (2, "1", "2026-01-01", "call"),
        (2, "1", "2026-01-02", "visit"),
        (4, "3", "", "letter"),
        (4, "3", "2026-01-05", "call"),
    ]


def test_a_table_in_shape_is_left_alone(connection: Any) -> None:
    rows = Rows(Facts("text", ("ID",)), "delivered", False, Refusal)
    plain = Extract.model_validate({"file": "x.csv", "columns": {"person": "ID"}})
    assert reshaped(connection, rows, plain, "x.csv") is rows


def test_the_file_must_have_the_columns_of_its_own_shape() -> None:
    assert file_columns(LONG) == ("ID", "Measure", "Result", "Name")
    assert file_columns(BESIDE) == ("ID", "Date 1", "Date 2", "Date 3", "Kind 1", "Kind 2", "Kind 3")
    assert expected_columns(LONG) == file_columns(LONG)
