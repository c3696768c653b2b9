"""The analysis tables: rows in, rows out, by the SQL that the pipeline runs."""

from __future__ import annotations

from typing import Any

import duckdb
import pytest

from pipelines.analysis import _doses
from pipelines.warehouse import statement
from pipelines.workspace import PilotSite, Workspace
from tests.properties.small_pilots import plan


@pytest.fixture
def connection() -> Any:
    found = duckdb.connect()
    for layer in ("validated", "quarantine", "analysis"):
        found.execute(f"CREATE SCHEMA {layer}")
    return found


def table(connection: Any, name: str, columns: str, *rows: tuple[object, ...]) -> None:
    connection.execute(f"CREATE TABLE {name} ({columns})")
    if rows:
        connection.executemany(
            f"INSERT INTO {name} VALUES ({', '.join('?' for _ in rows[0])})", [list(row) for row in rows]
        )


CASES = "person_key VARCHAR, arm VARCHAR, start_date DATE, planned DOUBLE"
START = "2026-01-05"


def flow(connection: Any, **parameters: object) -> list[tuple[object, ...]]:
    given = {"due": ["work"], "primary": ["work"], "has_start": True, "has_arms": True} | parameters
    return list(connection.execute(statement("analysis", "flow"), given).fetchall())


def test_flow_counts_each_stage_and_keeps_stages_nobody_reached(connection: Any) -> None:
    people = [
        ("a", "treatment", START, 1.0),
        ("b", "treatment", None, 1.0),
        ("c", "comparison", START, 1.0),
        ("d", None, None, 1.0),
    ]
    table(connection, "validated.cases", CASES, *people)
    table(connection, "quarantine.cases", CASES + ", reasons VARCHAR", ("e", "treatment", START, 1.0, "twice"))
    table(
        connection,
        "analysis.participants",
        "person_key VARCHAR, arm VARCHAR, outcome VARCHAR, known BOOLEAN",
        ("a", "treatment", "work", False),
    )
    rows = {(stage, arm): people for _, stage, arm, people in flow(connection)}
    expected = {
        "In the case file": (3, 1, 1),
        "Kept after the checks": (2, 1, 1),
        "Started": (1, 1, 0),
        "Follow-up over: work": (1, 0, 0),
        "Outcome known: work": (0, 0, 0),
    }
    groups = ("treatment", "comparison", "unknown")
    assert {stage: tuple(rows[stage, arm] for arm in groups) for stage in expected} == expected
    assert len(rows) == 15


def test_flow_without_groups_dates_and_outcomes(connection: Any) -> None:
    table(connection, "validated.cases", CASES, ("a", None, None, 1.0), ("b", None, None, 1.0))
    table(connection, "quarantine.cases", CASES)
    table(connection, "analysis.participants", "person_key VARCHAR, arm VARCHAR, outcome VARCHAR, known BOOLEAN")
    found = flow(connection, due=[], primary=[], has_start=False, has_arms=False)
    assert found == [(1, "In the case file", "everyone", 2), (2, "Kept after the checks", "everyone", 2)]


def test_doses_count_attended_contacts_and_nobody_is_left_out(connection: Any, tmp_path: Any) -> None:
    components = {
        key: {"title": key, "measure": measure, "unit": "u"}
        for key, measure in (("talks", "contacts"), ("time", "minutes"), ("money", "spend"), ("share", "cases.planned"))
    }
    declared = plan(intervention={"name": "Help", "components": components})
    table(connection, "validated.cases", CASES, ("a", "treatment", START, 0.5), ("b", "comparison", START, None))
    contacts = [("a", 30.0, True), ("a", 20.0, None), ("a", 50.0, False)]
    table(connection, "validated.contacts", "person_key VARCHAR, minutes DOUBLE, attended BOOLEAN", *contacts)
    table(connection, "validated.spend", "person_key VARCHAR, amount DOUBLE", ("a", 10.0), ("a", 2.5))
    site = PilotSite(Workspace(tmp_path), declared, "here")  # type: ignore[arg-type]
    rows = connection.execute(statement("analysis", "doses").replace("{doses}", _doses(site))).fetchall()
    assert {(person, component): dose for person, _, component, dose in rows} == {
        ("a", "talks"): 2.0, ("a", "time"): 50.0, ("a", "money"): 12.5, ("a", "share"): 0.5,
        ("b", "talks"): 0.0, ("b", "time"): 0.0, ("b", "money"): 0.0, ("b", "share"): None,
    }  # fmt: skip


def test_known_outcomes(connection: Any) -> None:
    table(connection, "validated.cases", CASES, ("a", "treatment", START, 1.0))
    columns = "person_key VARCHAR, outcome VARCHAR, value DOUBLE, time DOUBLE, event BOOLEAN"
    columns += ", exposure DOUBLE, competing BOOLEAN"
    rows = [
        ("a", "work", 1.0, None, None, None, None),
        ("a", "nights", None, None, None, None, None),
        ("a", "late", None, 5.0, True, None, None),
        ("a", "later", None, 5.0, None, None, None),
    ]
    table(connection, "validated.outcomes", columns, *rows, ("stranger", "work", 1.0, None, None, None, None))
    found = connection.execute(statement("analysis", "participants"), {"times": ["late", "later"]}).fetchall()
    assert {row[2]: row[-1] for row in found} == {"work": True, "nights": False, "late": True, "later": False}
    assert {row[0] for row in found} == {"a"}


def themes(connection: Any) -> dict[tuple[str, str], tuple[int, int, int]]:
    connection.execute("CREATE TABLE IF NOT EXISTS quarantine.consents (person_key VARCHAR, withdrawn_on DATE)")
    rows = connection.execute(statement("analysis", "themes")).fetchall()
    return {(row[1], row[3]): row[6:9] for row in rows}


@pytest.fixture
def interviews(connection: Any) -> Any:
    """Three people; two coders read the first; the third has withdrawn and is the only one who spoke of luck."""
    documents = [("d1", "p1", "participant"), ("d2", "p2", None), ("d3", "p3", "staff")]
    table(connection, "validated.documents", "document_key VARCHAR, speaker_key VARCHAR, role VARCHAR", *documents)
    codings = [
        ("d1", "trust", "ann", 0, 5),
        ("d1", "trust", "ben", 0, 5),
        ("d1", "trust", "ann", 7, 9),
        ("d1", "pride", "ann", 0, 5),
        ("d2", "trust", "ann", 0, 3),
        ("d3", "luck", "ann", 0, 3),
        ("d3", "trust", "ann", 0, 3),
    ]
    rows = [(d, code, code.title(), "", coder, start, end) for d, code, coder, start, end in codings]
    texts = ("document_key", "code_path", "code_name", "definition", "coder_key")
    columns = ", ".join([*(f"{name} VARCHAR" for name in texts), "start_at INT", "end_at INT"])
    table(connection, "validated.codings", columns, *rows)
    table(connection, "validated.consents", "person_key VARCHAR, withdrawn_on DATE", ("p3", START), ("p1", None))
    return connection


def test_themes_count_passages_and_coders(interviews: Any) -> None:
    found = themes(interviews)
    assert found["p1", "trust"] == (2, 2, 2)
    assert found["p1", "pride"] == (1, 1, 2)
    assert found["p2", "trust"] == (1, 1, 1)
    assert found["p2", "pride"] == (0, 0, 1)


def test_who_withdrew_is_not_counted_and_leaves_no_theme_behind(interviews: Any) -> None:
    found = themes(interviews)
    assert "p3" not in {speaker for speaker, _ in found}
    assert "luck" not in {code for _, code in found}
