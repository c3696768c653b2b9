"""What rules say and decide about small tables that can be read, and what they never give away."""

import datetime as dt
import logging
import os
import re
import subprocess
import sys
import time
import traceback
from pathlib import Path

import duckdb
import pytest

from pipelines.validation import (
    CheckResult,
    Rule,
    RulesUnreadable,
    ValidationBroken,
    between,
    decide,
    load_rules,
    not_null_share,
    one_of,
    required,
    run_rules,
    unique,
)

CANARY = "CANARY-Zaphod-B33"
NOUNS = {
    "cases": "person_key VARCHAR, site VARCHAR, arm VARCHAR, referral_date DATE, start_date DATE, end_date DATE",
    "outcomes": "person_key VARCHAR, outcome VARCHAR, value DOUBLE, time DOUBLE, event BOOLEAN",
    "contacts": "person_key VARCHAR, contact_date DATE, kind VARCHAR, minutes DOUBLE, attended BOOLEAN",
    "spend": "person_key VARCHAR, spend_date DATE, category VARCHAR, amount DOUBLE, purpose VARCHAR",
    "consents": "person_key VARCHAR, may_link BOOLEAN, consent_date DATE, withdrawn_on DATE",
    "documents": "document_key VARCHAR, person_key VARCHAR, role VARCHAR, text VARCHAR",
    "codings": "coding_key VARCHAR, document_key VARCHAR, code_path VARCHAR, coder_key VARCHAR, start_at BIGINT,"
    " end_at BIGINT, quote VARCHAR, checked VARCHAR",
}
PROVENANCE = "row_key VARCHAR, source_file VARCHAR, source_row BIGINT, drop_id VARCHAR"


@pytest.fixture
def warehouse():
    connection = duckdb.connect()
    connection.execute("ATTACH ':memory:' AS warehouse; CREATE SCHEMA warehouse.staging")
    for noun, columns in NOUNS.items():
        connection.execute(f"CREATE TABLE warehouse.staging.{noun} ({columns}, {PROVENANCE})")
    connection.execute("CREATE SCHEMA quarantine; CREATE TABLE quarantine.cases (person_key VARCHAR)")
    yield connection
    connection.close()


def fill(connection, noun, count, **columns):
    """Insert rows r0, r1, ...; each column is a SQL expression of the row number i."""
    names = ", ".join(["row_key", *columns])
    values = ", ".join(["'r' || i", *columns.values()])
    sql = f"INSERT INTO warehouse.staging.{noun} ({names}) SELECT {values} FROM range({count}) t(i)"
    connection.execute(sql)


def good_cases(connection, count=400, **columns):
    fill(connection, "cases", count, **({"person_key": "'p' || i", "site": "'north'", "arm": "'treatment'"} | columns))


def check(connection, noun, *rules, **options) -> dict[str, CheckResult]:
    results = run_rules(connection, f"warehouse.staging.{noun}", rules or load_rules(noun), **options)
    return {result.rule: result for result in results}


def row_rule(**changes) -> Rule:
    return required("arm", rows="people", **changes)


# --- the rules that ship -------------------------------------------------------------------------------------------


def test_a_good_case_file_is_published_in_the_words_of_its_rules(warehouse):
    good_cases(warehouse)
    results = check(warehouse, "cases")
    assert all(result.passed and result.decision == "publish" for result in results.values())
    assert results["person_unique"].sentence == "Every person is in the case file once."
    assert decide(tuple(results.values())).sentence == "Published 400 rows."


def test_an_empty_case_file_is_refused(warehouse):
    results = check(warehouse, "cases")
    assert results["has_rows"].decision == "refuse"
    assert decide(tuple(results.values())).sentence == "Refused: The drop has nobody for this site."


# noun, columns of row i (of 40; rows below 10 are wrong), the rules that must fail
BROKEN = [
    ("cases", {"person_key": "CASE WHEN i >= 10 THEN 'p' || i END", "site": "'n'"}, {"person_present"}),
    ("cases", {"person_key": "CASE WHEN i < 10 THEN 'p0' ELSE 'p' || i END", "site": "'n'"}, {"person_unique"}),
    ("cases", {"person_key": "'p' || i", "site": "'n'", "arm": "CASE WHEN i < 10 THEN 'T' END"}, {"arm_known_code"}),
    (
        "cases",
        {
            "person_key": "'p' || i",
            "site": "'n'",
            "referral_date": "DATE '2024-03-01'",
            "start_date": "CASE WHEN i < 10 THEN DATE '2024-02-01' WHEN i < 20 THEN DATE '2024-03-01' END",
            "end_date": "CASE WHEN i < 10 THEN DATE '2024-01-01' END",
        },
        {"start_after_referral", "end_after_start"},
    ),
    (
        "outcomes",
        {
            "person_key": "'p' || (CASE WHEN i < 10 THEN i // 2 ELSE i END)",
            "outcome": "'job'",
            "event": "CASE WHEN i = 9 THEN true END",
            "time": "CASE WHEN i < 9 THEN -1 END",
            "value": "CASE WHEN i < 10 THEN 'NaN'::DOUBLE END",
        },
        {"person_outcome_unique", "time_not_negative", "numbers_finite", "event_has_time"},
    ),
    (
        "contacts",
        {
            "person_key": "CASE WHEN i < 10 THEN 'x' ELSE 'p1' END",
            "contact_date": "CASE WHEN i >= 10 THEN DATE '2024-01-01' END",
            "kind": "'k' || i",
            "minutes": "CASE WHEN i < 5 THEN 'NaN'::DOUBLE WHEN i < 10 THEN 1441 ELSE 1440 END",
        },
        {"person_known", "date_present", "minutes_in_a_day"},
    ),
    (
        "spend",
        {
            "person_key": "'p1'",
            "spend_date": "DATE '2024-01-01'",
            "purpose": "'for ' || i",
            "amount": "CASE WHEN i < 5 THEN 0 WHEN i < 9 THEN 'inf'::DOUBLE WHEN i < 10 THEN NULL ELSE 2 END",
        },
        {"amount_positive", "amount_finite", "amount_present"},
    ),
    (
        "consents",
        {
            "person_key": "CASE WHEN i < 2 THEN 'p1' ELSE 'p' || i END",
            "consent_date": "DATE '2024-02-01'",
            "withdrawn_on": "CASE WHEN i = 0 THEN DATE '2024-01-01' END",
        },
        {"person_unique", "withdrawn_after_consent"},
    ),
    (
        "documents",
        {
            "document_key": "CASE WHEN i < 2 THEN 'd' ELSE 'd' || i END",
            "person_key": "CASE WHEN i = 5 THEN 'x' WHEN i > 5 THEN 'p1' END",
            "role": "CASE WHEN i < 3 THEN 'participant' WHEN i <> 4 THEN 'staff' END",
            "text": "CASE WHEN i = 3 THEN ' ' ELSE 'words' END",
        },
        {"document_unique", "person_known", "role_present", "text_present", "participant_named"},
    ),
    (
        "codings",
        {
            "coding_key": "'c' || i",
            "code_path": "'hope'",
            "document_key": "CASE WHEN i = 0 THEN 'x' ELSE 'd1' END",
            "start_at": "5",
            "end_at": "CASE WHEN i = 1 THEN 4 ELSE 5 END",
            "quote": "CASE WHEN i <> 2 THEN 'words' END",
            "checked": "CASE WHEN i = 3 THEN 'failed' WHEN i = 4 THEN 'passed' END",
        },
        {"document_known", "passage_in_order", "quote_present", "quote_found"},
    ),
]


@pytest.mark.parametrize(("noun", "columns", "wrong"), BROKEN)
def test_each_rule_that_ships_finds_what_it_is_for(warehouse, noun, columns, wrong):
    if noun != "cases":
        good_cases(warehouse, 40)
        fill(warehouse, "documents", 1, document_key="'d1'") if noun == "codings" else None
    fill(warehouse, noun, 40, **columns)
    results = check(warehouse, noun)
    assert {name for name, result in results.items() if result.failed} == wrong
    assert all(len(result.row_keys) == result.failed for result in results.values())
    assert {key for result in results.values() for key in result.row_keys} <= {f"r{i}" for i in range(10)}


@pytest.mark.parametrize("noun", NOUNS)
def test_every_rule_that_ships_reads_well(noun):
    for rule in load_rules(noun):
        assert rule.advice.endswith(".")
        assert rule.why.endswith(".")
        assert rule.level == "table" or "{failed} of {total}" in rule.failed


# --- decisions -----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("changes", "missing", "decision", "passed"),
    [
        ({}, 0, "publish", True),
        ({}, 20, "quarantine", False),
        ({"tolerance": 0.05}, 20, "quarantine", True),  # the check shows green; the rows are set aside all the same
        ({}, 80, "quarantine", False),  # a share of exactly refuse_above
        ({}, 81, "refuse", False),
        ({"refuse_above": 1.0}, 400, "quarantine", False),
        ({"level": "table", "tolerance": 0.05}, 20, "publish", True),
        ({"level": "table", "tolerance": 0.05}, 21, "refuse", False),
        ({"severity": "warn"}, 400, "warn", False),
        ({"severity": "warn", "tolerance": 0.05}, 20, "publish", True),
        ({"severity": "note", "level": "table"}, 1, "note", False),
    ],
)
def test_what_a_share_of_failing_rows_means(warehouse, changes, missing, decision, passed):
    good_cases(warehouse, arm=f"CASE WHEN i >= {missing} THEN 'treatment' END")
    result = check(warehouse, "cases", row_rule(**changes))["arm_present"]
    assert (result.decision, result.passed, result.failed) == (decision, passed, missing)


def test_a_row_keeps_all_of_its_reasons(warehouse):
    good_cases(warehouse, arm="CASE WHEN i >= 20 THEN 'x' END", site="CASE WHEN i >= 10 THEN 'n' END")
    results = check(warehouse, "cases", row_rule(), required("site"))
    verdict = decide(tuple(results.values()))
    assert verdict.publish
    assert len(verdict.quarantine) == 20
    assert verdict.quarantine["r0"] == ("arm_present", "site_present")
    assert verdict.quarantine["r15"] == ("arm_present",)
    assert verdict.sentence == "Published 380 rows; 20 of 400 rows were set aside for correction."


def test_rules_that_are_each_bearable_can_be_too_much_together(warehouse):
    good_cases(warehouse, arm="CASE WHEN i >= 60 THEN 'x' END", site="CASE WHEN i < 340 THEN 'n' END")
    verdict = decide(tuple(check(warehouse, "cases", row_rule(), required("site")).values()))
    assert not verdict.publish
    assert verdict.quarantine == {}
    assert verdict.sentence == "Refused: Taken together, the rules would set aside 120 of 400 rows, too many."


def test_a_rules_own_patience_does_not_excuse_the_others(warehouse):
    """However many have not consented, three other rules of 15% each are too much together."""
    aside = [f"CASE WHEN i < {low} OR i >= {low + 60} THEN 'x' END" for low in (0, 60, 120)]
    good_cases(warehouse, arm=aside[0], site=aside[1], source_file=aside[2], drop_id="CASE WHEN i < 40 THEN 'x' END")
    patient = required("drop_id", refuse_above=1.0)
    others = [required(column) for column in ("arm", "site", "source_file")]
    assert decide(tuple(check(warehouse, "cases", patient).values())).publish
    assert decide(tuple(check(warehouse, "cases", patient, others[0]).values())).publish
    said = decide(tuple(check(warehouse, "cases", patient, *others).values())).sentence
    assert said == "Refused: Taken together, the rules would set aside 180 of 400 rows, too many."


def test_warnings_and_notes_stop_nothing_and_are_said(warehouse):
    good_cases(warehouse, arm="NULL", site="NULL")
    rules = row_rule(severity="warn"), required("site", severity="note")
    verdict = decide(tuple(check(warehouse, "cases", *rules).values()))
    assert verdict.publish
    assert not verdict.quarantine
    assert verdict.warnings == ("400 of 400 people (100%) have no arm.",)
    assert verdict.notes == ("400 of 400 rows (100%) have no site.",)


def test_a_rule_for_a_column_that_the_pilot_does_not_have_is_not_checked_and_says_so(warehouse):
    good_cases(warehouse)
    result = check(warehouse, "cases", row_rule(when="ward"))["arm_present"]
    assert result.passed
    assert result.decision == "publish"
    assert result.sentence == "Not checked, as this table has no column ward: The arm is always given."


def sql_rule(**changes) -> Rule:
    fields = {"severity": "note", "level": "table", "expectation": "unexpected_rows"}
    said = {"words": "All is well", "failed": "Amiss: {named}.", "advice": "Ask.", "why": "Reasons."}
    return Rule(**{"id": "asked", **fields, **said, **changes})


def test_a_rule_that_needs_a_table_is_not_checked_without_it_and_says_why(warehouse):
    rule = sql_rule(
        arguments={"sql": "SELECT 'x' AS row_key FROM {schema}.weather"},
        needs=("{schema}.weather",),
        unless="nobody looked at the sky",
        failed="It rains.",
    )
    assert check(warehouse, "cases", rule)["asked"].sentence == "Not checked, as nobody looked at the sky: All is well."
    warehouse.execute("CREATE VIEW warehouse.staging.weather AS SELECT 1")
    assert check(warehouse, "cases", rule)["asked"].sentence == "It rains.", "also where the table itself has no rows"


def test_a_table_rule_can_name_what_the_rule_itself_wrote_and_nothing_else(warehouse):
    good_cases(warehouse, 20, site=f"'{CANARY}'")
    sql = f"SELECT unnest(['arm', 'age', site]) AS row_key FROM {{table}} WHERE site = '{CANARY}'"
    rule = sql_rule(arguments={"sql": sql, "names": {"age": "age in {years}", "ward": "ward", "arm": "group"}})
    found = check(warehouse, "cases", rule)["asked"]
    assert found.sentence == "Amiss: age in {years}, group."
    assert found.row_keys == ()
    assert CANARY not in found.model_dump_json()


def test_failures_may_be_counted_out_of_more_than_the_table(warehouse):
    good_cases(warehouse, 20)
    rule = sql_rule(
        arguments={"sql": "SELECT unnest(range(30)) AS row_key", "of": "SELECT count(*) + 30 FROM {table}"},
        needs=("{schema}.cases",),
        failed="{failed} of {total} rows ({share}).",
    )
    found = check(warehouse, "cases", rule)["asked"]
    assert (found.sentence, found.failed, found.total) == ("30 of 50 rows (60%).", 30, 50)


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"arguments": {}}, "either sql or where"),
        ({"arguments": {"sql": "SELECT 1 FROM {table}", "where": "true"}}, "either sql or where"),
        ({"arguments": {"sql": "SELECT 1"}, "failed": "x"}, "must read from {table}"),
        ({"arguments": {"where": "true"}}, "only where, arguments have names"),
        ({"arguments": {"where": "true", "names": {}}, "failed": "x"}, "only where, arguments have names"),
        ({"arguments": {"where": "true", "names": {}}, "level": "row"}, "belong to rules of level 'table'"),
        ({"arguments": {"where": "true", "of": "SELECT 1"}, "level": "row"}, "belong to rules of level 'table'"),
        ({"arguments": {"where": "true"}, "failed": "x", "needs": ("a; DROP",)}, "needs"),
    ],
)
def test_a_sql_rule_that_could_say_too_much_or_nothing_is_refused(changes, said):
    with pytest.raises(ValueError, match=said):
        sql_rule(**changes)


# --- words ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("missing", "total", "said"),
    [
        (9, 400, "Fewer than 10 of 400 people have no arm."),
        (10, 400, "10 of 400 people (2.5%) have no arm."),
        (395, 400, "All but fewer than 10 of 400 people have no arm."),
        (400, 400, "400 of 400 people (100%) have no arm."),
        (3, 6, "Fewer than 10 of fewer than 10 people have no arm."),
        (12, 40_000, "12 of 40,000 people (less than 0.1%) have no arm."),
    ],
)
def test_no_sentence_tells_a_small_number(warehouse, missing, total, said):
    good_cases(warehouse, total, arm=f"CASE WHEN i >= {missing} THEN 'treatment' END")
    assert check(warehouse, "cases", row_rule())["arm_present"].sentence == said


def test_few_rows_set_aside_are_not_told_by_subtraction_either(warehouse):
    good_cases(warehouse, arm="CASE WHEN i >= 2 THEN 'treatment' END")
    said = decide(tuple(check(warehouse, "cases", row_rule()).values())).sentence
    assert said == "Published, with fewer than 10 of 400 rows set aside for correction."


def test_exact_counts_are_not_printed_and_row_keys_not_even_dumped(warehouse):
    good_cases(warehouse, arm="CASE WHEN i >= 2 THEN 'treatment' END")
    result = check(warehouse, "cases", row_rule())["arm_present"]
    assert result.row_keys == ("r0", "r1")
    assert not re.search("failed=|total=|share=|row_keys", repr(result))
    assert CheckResult.model_validate_json(result.model_dump_json()) == result.model_copy(update={"row_keys": ()})


def test_the_limit_is_said(warehouse):
    good_cases(warehouse, arm="CASE WHEN i >= 50 THEN 'treatment' END")
    result = check(warehouse, "cases", not_null_share("arm", 0.05, rows="people"))["arm_complete"]
    assert result.sentence == "50 of 400 people (12.5%) have no arm; the limit is 5%."


@pytest.mark.parametrize(
    ("rule", "words"),
    [
        (required("start_date"), "The start date is always given"),
        (one_of("arm", ["a", "b"]), "The arm is one of the agreed codes"),
        (between("age", 18, 24), "The age is between 18 and 24"),
        (between("age", 18), "The age is 18 or more"),
        (unique("person_key", "outcome"), "No two rows have the same person key and outcome"),
        (required("arm", words="Everybody was allocated"), "Everybody was allocated"),
    ],
)
def test_a_protocols_rules_have_their_words_ready(rule, words):
    assert rule.words == words


# --- engine --------------------------------------------------------------------------------------------------------


def many_kinds():
    return (
        between("start_date", dt.date(2024, 1, 1), dt.date(2024, 12, 31)),
        one_of("arm", ["treatment", "it's"]),
        unique("person_key", "site"),
        Rule(
            **row_rule().model_dump() | {
                "id": "key_pattern",
                "expectation": "expect_column_values_to_match_regex",
                "arguments": {"column": "person_key", "regex": "^p[0-9]{1,3}$"},
            }
        ),
        Rule(
            **row_rule().model_dump() | {
                "id": "sql",
                "expectation": "unexpected_rows",
                "arguments": {
                    "sql": "-- braces {}, colons :x, 50%\nSELECT t.row_key FROM {table} AS t JOIN {schema}.cases AS c"
                    " USING (person_key) WHERE t.arm LIKE '%:b{2}%' AND '12:30'::TIME IS NOT NULL; "
                },
            }
        ),
    )  # fmt: skip


def test_rules_of_every_kind_run_in_one_go_again_and_again(warehouse):
    good_cases(
        warehouse,
        start_date="DATE '2023-12-31' + i::INT",
        arm="CASE WHEN i < 2 THEN 'a:b{2}' ELSE 'it''s' END",
        person_key="CASE WHEN i IN (7, 8) THEN 'p7' WHEN i = 9 THEN 'q' ELSE 'p' || i END",
    )
    for _ in range(3):
        failed = {name: set(result.row_keys) for name, result in check(warehouse, "cases", *many_kinds()).items()}
        assert failed.pop("start_date_in_range") == {"r0"} | {f"r{i}" for i in range(367, 400)}
        assert failed == {
            "arm_known_code": {"r0", "r1"},
            "person_key_site_unique": {"r7", "r8"},
            "key_pattern": {"r9"},
            "sql": {"r0", "r1"},
        }


def test_more_failing_rows_than_great_expectations_returns_are_all_found(warehouse):
    good_cases(warehouse, 3000, arm="NULL", person_key="'x'")
    results = check(warehouse, "cases", row_rule(), unique("person_key"), unique("person_key", "site"), many_kinds()[3])
    assert [len(set(result.row_keys)) for result in results.values()] == [3000] * 4


def test_temporary_tables_and_open_transactions_are_seen_and_left_alone(warehouse):
    warehouse.execute("BEGIN")
    good_cases(warehouse, 10)
    warehouse.execute("CREATE TEMP TABLE people AS SELECT * FROM warehouse.staging.cases")
    assert run_rules(warehouse, "temp.people", [row_rule()])[0].total == 10
    assert check(warehouse, "cases", row_rule())["arm_present"].total == 10
    warehouse.execute("ROLLBACK")
    assert check(warehouse, "cases", row_rule())["arm_present"].total == 0


def test_siblings_may_live_in_another_schema(warehouse):
    warehouse.execute("CREATE SCHEMA warehouse.validated; CREATE TABLE warehouse.validated.cases (person_key VARCHAR)")
    good_cases(warehouse, 40)
    fill(warehouse, "contacts", 40, person_key="'p1'")
    assert check(warehouse, "contacts")["person_known"].failed == 0
    assert check(warehouse, "contacts", siblings="warehouse.validated")["person_known"].failed == 40


def test_an_encrypted_attached_file_is_validated_in_place(tmp_path):
    import duckdb_extension_httpfs

    home = Path(duckdb_extension_httpfs.__file__).parent
    (extension,) = home.rglob("httpfs.duckdb_extension")
    path = tmp_path / "north.duckdb"
    connection = duckdb.connect()
    connection.execute("SET autoinstall_known_extensions = false; SET autoload_known_extensions = false")
    connection.execute(f"LOAD '{extension}'")
    connection.execute(
        f"ATTACH '{path}' AS warehouse (ENCRYPTION_KEY 'a key of the test'); SET lock_configuration = true"
    )
    connection.execute("CREATE SCHEMA warehouse.staging")
    connection.execute(f"CREATE TABLE warehouse.staging.cases ({NOUNS['cases']}, {PROVENANCE})")
    good_cases(connection, arm=f"CASE WHEN i < 20 THEN '{CANARY}' ELSE 'treatment' END")
    results = check(connection, "cases")
    assert len(results["arm_known_code"].row_keys) == 20
    connection.execute("CHECKPOINT warehouse")
    connection.close()
    assert CANARY.encode() not in path.read_bytes()
    assert [each.name for each in tmp_path.iterdir()] == ["north.duckdb"]


# --- what is never given away --------------------------------------------------------------------------------------


def leaks(capfd, caplog) -> str:
    out, err = capfd.readouterr()
    return out + err + caplog.text + "".join(str(vars(record)) for record in caplog.records)


def test_a_failing_value_is_nowhere(warehouse, capfd, caplog, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    caplog.set_level(logging.DEBUG)
    caplog.handler.setLevel(logging.DEBUG)
    good_cases(warehouse, arm=f"'{CANARY}' || (i % 3)", site=f"'{CANARY}'", person_key=f"'{CANARY}'")
    pattern = many_kinds()[3]
    results = tuple(check(warehouse, "cases", *load_rules("cases"), pattern).values())
    verdict = decide(results)
    assert sum(result.failed > 0 for result in results) == 4
    seen = repr(results) + repr(verdict) + "".join(result.model_dump_json() for result in results) + str(results)
    assert CANARY not in seen + verdict.model_dump_json() + leaks(capfd, caplog)
    assert "r17" not in seen + verdict.model_dump_json()
    assert leaks(capfd, caplog) == ""
    assert list(tmp_path.iterdir()) == []


BREAKING = [
    # DuckDB quotes the cell: Could not convert string 'CANARY...' to DOUBLE
    between("arm", 0, 10, id="breaks"),
    Rule(
        **row_rule().model_dump()
        | {
            "id": "breaks",
            "expectation": "unexpected_rows",
            "arguments": {"sql": "SELECT row_key FROM {table} WHERE arm::DATE > today()"},
        }
    ),
]


@pytest.mark.parametrize("rule", BREAKING)
def test_a_rule_that_breaks_names_itself_and_no_value(warehouse, capfd, caplog, rule):
    caplog.set_level(logging.DEBUG)
    good_cases(warehouse, arm=f"'{CANARY}'")
    with pytest.raises(ValidationBroken, match=r"Rule breaks on table cases") as caught:
        check(warehouse, "cases", required("arm"), rule, required("site"))
    told = "".join(traceback.format_exception(caught.value)) + repr(caught.value)
    assert caught.value.__cause__ is None
    assert caught.value.__context__ is None
    assert CANARY not in told + leaks(capfd, caplog)


def test_the_canary_would_be_caught_without_us(warehouse):
    good_cases(warehouse, 1, arm=f"'{CANARY}'")
    with pytest.raises(duckdb.Error, match=CANARY):
        warehouse.execute("SELECT arm::DATE FROM warehouse.staging.cases").fetchall()


@pytest.mark.parametrize(
    ("table", "rules", "said"),
    [
        ("warehouse.staging.nobody", [row_rule()], "Table warehouse.staging.nobody cannot be read"),
        ("cases", [row_rule()], "not a qualified table name"),
        ("warehouse.staging.cases; DROP", [row_rule()], "not a qualified table name"),
        ("warehouse.staging.cases", [required("ward")], "Rule ward_present on table cases: .* no column ward"),
        ("warehouse.staging.cases", [row_rule(), row_rule()], "same id: arm_present"),
    ],
)
def test_a_call_that_cannot_work_says_why(warehouse, table, rules, said):
    with pytest.raises(ValidationBroken, match=said):
        run_rules(warehouse, table, rules)


def test_row_keys_that_do_not_name_rows_are_noticed(warehouse):
    good_cases(warehouse, arm="NULL")
    warehouse.execute("UPDATE warehouse.staging.cases SET row_key = 'same'")
    with pytest.raises(ValidationBroken, match="row_key does not name each failing row once"):
        check(warehouse, "cases", row_rule())


# --- files of rules ------------------------------------------------------------------------------------------------

GOOD_FILE = """\
table: cases
row: one person
rules:
  - id: arm_present
    expectation: expect_column_values_to_not_be_null
    arguments: {column: arm}
    severity: block
    level: row
    words: Every person has a known arm
    failed: "{failed} of {total} people ({share}) have no arm."
    advice: Say which arm.
    why: Reasons.
"""


def faults(tmp_path, *swaps) -> str:
    text = GOOD_FILE
    for old, new in swaps:
        assert old in text
        text = text.replace(old, new)
    (tmp_path / "cases.yml").write_text(text)
    with pytest.raises(RulesUnreadable) as caught:
        load_rules("cases", tmp_path)
    return str(caught.value).replace(tmp_path.name, "expectations")


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        ("severity: block", "severty: block", "line 7: rule 'arm_present' 'severty': unknown field; did you mean"),
        ("severity: block", "severity: stop", "line 7: rule 'arm_present' 'severity': Input should be 'block', 'warn'"),
        ("not_be_null", "not_be_nul", "line 5: .* did you mean expect_column_values_to_not_be_null"),
        ("{column: arm}", "{colum: arm}", "line 4: .* arguments lack column"),
        ("{column: arm}", "{column: arm, mostly: 1}", "line 4: .* hold mostly; allowed: column"),
        ("({share})", "({percent})", "line 10: .*'{percent}' cannot be filled; allowed: failed, total"),
        ("id: arm_present", "id: Arm-Present", "line 4: .*'id': String should match"),
        ("row: one person", "rows: one person", "line 2: unknown field 'rows'; did you mean"),
        ("table: cases", "table: spend", "line 1: table is 'spend', the file's name says 'cases'"),
        ("words: Every", "words: [Every", r"line \d+: not readable as YAML"),
        ("    why: Reasons.\n", "    why: Reasons.\n    why: More.\n", r"line \d+: not readable as YAML"),
        ("    why: Reasons.\n", "", "line 4: rule 'arm_present' 'why': is missing"),
        ("level: row", "level: row\n    tolerance: 0.5", "line 4: .* tolerance is above refuse_above"),
        ("rules:\n", "rules: 3\nrest:\n", "line 3: rules must be a list"),
    ],
)
def test_a_fault_in_a_file_of_rules_names_its_line(tmp_path, old, new, said):
    assert re.search(f"expectations/cases.yml, {said}", faults(tmp_path, (old, new)))


def test_all_faults_are_told_at_once(tmp_path):
    told = faults(tmp_path, ("severity: block", "severity: stop"), ("level: row", "level: cell"))
    assert [line.split(":")[0] for line in told.splitlines()] == [
        "expectations/cases.yml, line 7",
        "expectations/cases.yml, line 8",
    ]


def test_a_missing_file_of_rules_is_named(tmp_path):
    with pytest.raises(RulesUnreadable, match=r"There is no file .*/weather.yml"):
        load_rules("weather", tmp_path)


def test_a_file_of_rules_is_read(tmp_path):
    (tmp_path / "cases.yml").write_text(GOOD_FILE)
    (rule,) = load_rules("cases", tmp_path)
    assert rule.model_dump() | {"arguments": {"column": "arm"}} == rule.model_dump()
    assert type(rule.arguments) is dict


# --- cost ----------------------------------------------------------------------------------------------------------


def test_great_expectations_is_imported_only_to_run_rules():
    code = "import sys, pipelines.validation as v; v.load_rules('cases'); print('great_expectations' in sys.modules)"
    answer = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, env=os.environ)
    assert answer.stdout.strip() == "False"


def test_a_million_rows_six_rules(warehouse, capsys):
    columns = {"start_date": "DATE '2024-01-01' + (i % 90)::INT", "arm": "CASE WHEN i % 100 THEN 'treatment' END"}
    good_cases(warehouse, 1_000_000, referral_date="DATE '2024-01-02'", **columns)
    asked = ("person_present", "person_unique", "site_present", "arm_known_code", "start_after_referral")
    rules = [rule for rule in load_rules("cases") if rule.id in asked]
    rules.append(between("start_date", dt.date(2024, 1, 1), dt.date(2024, 3, 25), refuse_above=1.0))
    started = time.perf_counter()
    results = check(warehouse, "cases", *rules)
    with capsys.disabled():
        print(f"\n1,000,000 rows, {len(results)} rules: {time.perf_counter() - started:.2f} s")
    assert len(results) == 6
    assert results["start_after_referral"].failed == len(results["start_after_referral"].row_keys)
