"""On random tables, what our SQL route counts is what Great Expectations' own pandas engine counts, row by row.

Two independent implementations of the same expectation types. The only stated differences are the ones that a rule
asks for: a pair or a compound key with a missing part is left to the rules about missing values.
"""

import contextlib
import datetime as dt
import warnings

import duckdb
import pandas as pd
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from pipelines.validation import Rule, run_rules

SETTINGS = settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
TEXTS = st.sampled_from(["a", "A", "", " ", "it's", "100%", ":x", "{b}", "ß", "a\nb", "longer text", '"q"'])
DAYS = st.dates(dt.date(2024, 1, 1), dt.date(2024, 1, 6))
ROW = st.tuples(
    st.none() | TEXTS,
    st.none() | TEXTS,
    st.none() | st.integers(-3, 3),
    st.none() | st.sampled_from([-2.5, -1.0, 0.0, 0.1, 0.3, 1.0, 1e9]),
    st.none() | DAYS,
    st.none() | DAYS,
)
ROWS = st.lists(ROW, max_size=30)
COLUMNS = ["t", "u", "n", "x", "d", "e"]
TYPES = ["VARCHAR", "VARCHAR", "BIGINT", "DOUBLE", "DATE", "DATE"]
PAIRS = {"ignore_row_if": "either_value_is_missing"}
COMPOUND = {"ignore_row_if": "any_value_is_missing"}

# expectation, arguments, what GX's pandas engine must be told besides
CASES = [
    *(("expect_column_values_to_not_be_null", {"column": column}, {}) for column in COLUMNS),
    ("expect_column_values_to_be_null", {"column": "t"}, {}),
    ("expect_column_values_to_be_in_set", {"column": "t", "value_set": ["a", "it's", "100%", ":x", "{b}"]}, {}),
    ("expect_column_values_to_be_in_set", {"column": "n", "value_set": [0, 1]}, {}),
    ("expect_column_values_to_not_be_in_set", {"column": "t", "value_set": ["a", ""]}, {}),
    ("expect_column_values_to_be_between", {"column": "n", "min_value": -1, "max_value": 2}, {}),
    ("expect_column_values_to_be_between", {"column": "x", "min_value": 0, "strict_min": True}, {}),
    ("expect_column_values_to_be_between", {"column": "x", "max_value": 0.3, "strict_max": True}, {}),
    (
        "expect_column_values_to_be_between",
        {"column": "d", "min_value": dt.date(2024, 1, 2), "max_value": dt.date(2024, 1, 5), "strict_max": True},
        {},
    ),
    *(("expect_column_values_to_be_unique", {"column": column}, {}) for column in ("t", "n", "x", "d")),
    ("expect_column_value_lengths_to_be_between", {"column": "t", "min_value": 1, "max_value": 3}, {}),
    ("expect_column_values_to_match_regex", {"column": "t", "regex": "^[a-z]{1,2}'?s?$|%"}, {}),
    ("expect_column_values_to_not_match_regex", {"column": "t", "regex": "[A-Z:{]"}, {}),
    ("expect_column_pair_values_a_to_be_greater_than_b", {"column_A": "d", "column_B": "e", "or_equal": True}, PAIRS),
    ("expect_column_pair_values_a_to_be_greater_than_b", {"column_A": "x", "column_B": "n"}, PAIRS),
    ("expect_column_pair_values_to_be_equal", {"column_A": "t", "column_B": "u"}, PAIRS),
    ("expect_compound_columns_to_be_unique", {"column_list": ["t", "n"]}, COMPOUND),
    ("expect_compound_columns_to_be_unique", {"column_list": ["d", "e", "x"]}, COMPOUND),
    ("expect_table_row_count_to_be_between", {"min_value": 1, "max_value": 20}, {}),
]
PROSE = dict.fromkeys(("words", "failed", "advice", "why"), "said.")


def our_rules() -> list[Rule]:
    level = {"expect_table_row_count_to_be_between": "table"}
    return [
        Rule(
            id=f"rule_{number}",
            expectation=kind,
            arguments=arguments,
            severity="block",
            level=level.get(kind, "row"),
            **PROSE,
        )
        for number, (kind, arguments, _) in enumerate(CASES)
    ]


@pytest.fixture
def connection():
    with contextlib.closing(duckdb.connect()) as connection:
        connection.execute("ATTACH ':memory:' AS warehouse; CREATE SCHEMA warehouse.staging")
        yield connection


def ours(connection, rows) -> list[tuple[int, frozenset[str]]]:
    columns = ", ".join(f"{name} {kind}" for name, kind in zip(COLUMNS, TYPES, strict=True))
    connection.execute(f"CREATE OR REPLACE TABLE warehouse.staging.random (row_key VARCHAR, {columns})")
    for number, row in enumerate(rows):
        connection.execute("INSERT INTO warehouse.staging.random VALUES (?, ?, ?, ?, ?, ?, ?)", [f"r{number}", *row])
    results = run_rules(connection, "warehouse.staging.random", our_rules())
    return [(result.failed, frozenset(result.row_keys)) for result in results]


def frame(rows) -> pd.DataFrame:
    """Build a frame with the pandas types that keep missing values missing."""
    data = pd.DataFrame(rows, columns=COLUMNS)
    data = data.astype({"t": object, "u": object, "n": "Float64", "x": "float64", "d": object, "e": object})
    data["n"] = data["n"].astype("float64")
    for column in ("d", "e"):
        data[column] = pd.to_datetime(data[column]).astype("datetime64[ns]")
    return data.assign(row_key=[f"r{number}" for number in range(len(rows))])


def as_times(arguments: dict) -> dict:
    return {
        key: dt.datetime(value.year, value.month, value.day) if isinstance(value, dt.date) else value
        for key, value in arguments.items()
    }


def theirs(rows) -> list[tuple[int, frozenset[str]]]:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        import great_expectations as gx
        from great_expectations.expectations.expectation_configuration import ExpectationConfiguration

        context = gx.get_context(mode="ephemeral")
        context.variables.progress_bars = {"globally": False, "metric_calculations": False}
        asset = context.data_sources.add_pandas("pandas").add_dataframe_asset("random")
        definition = asset.add_batch_definition_whole_dataframe("all")
        batch = definition.get_batch(batch_parameters={"dataframe": frame(rows)})
        asked = [
            ExpectationConfiguration(type=kind, kwargs=as_times(arguments) | more).to_domain_obj()
            for kind, arguments, more in CASES
        ]
        form = {"result_format": "COMPLETE", "unexpected_index_column_names": ["row_key"]}
        return [read(batch.validate(each, result_format=form)) for each in asked]


def read(answer) -> tuple[int, frozenset[str]]:
    assert answer.result, answer.exception_info
    if "unexpected_count" not in answer.result:
        return (0 if answer.success else 1), frozenset()
    keys = (entry["row_key"] for entry in answer.result.get("unexpected_index_list") or ())
    return answer.result["unexpected_count"], frozenset(keys)


@SETTINGS
@given(rows=ROWS)
def test_both_engines_count_and_name_the_same_rows(connection, rows):
    pairs = zip(CASES, ours(connection, rows), theirs(rows), strict=True)
    differ = [(kind, arguments, own, other) for (kind, arguments, _), own, other in pairs if own != other]
    assert not differ


def test_every_expectation_that_a_rule_may_use_is_compared():
    from pipelines.validation.rule import EXPECTATIONS

    assert {kind for kind, *_ in CASES} == EXPECTATIONS.keys() - {"unexpected_rows"}


# --- rules that are SQL, which Great Expectations' pandas engine does not know ---------------------------------------

CONDITIONS = {
    "t = 'a' OR n > 1": lambda t, u, n, x, d, e: t == "a" or (n is not None and n > 1),
    "x < 0 AND d < e": lambda t, u, n, x, d, e: None not in (x, d, e) and x < 0 and d < e,
    "length(t) = length(u)": lambda t, u, n, x, d, e: None not in (t, u) and len(t) == len(u),
    "t LIKE '%:x%' -- {braces} and a comment": lambda t, u, n, x, d, e: t is not None and ":x" in t,
}


def sql_rules() -> list[Rule]:
    """Give each condition twice: as a condition of the shared scan, and as a SELECT of its own."""
    shared = {"expectation": "unexpected_rows", "severity": "block", "level": "row", **PROSE}
    both = [
        [("where", condition), ("sql", f"SELECT row_key FROM {{table}} WHERE {condition}")] for condition in CONDITIONS
    ]
    asked = [form for forms in both for form in forms]
    return [Rule(id=f"sql_{n}", arguments={kind: text}, **shared) for n, (kind, text) in enumerate(asked)]


@SETTINGS
@given(rows=ROWS)
def test_conditions_fail_the_rows_that_meet_them_shared_or_alone(connection, rows):
    ours(connection, rows)
    table = "warehouse.staging.random"
    together = run_rules(connection, table, [*our_rules(), *sql_rules()])
    found = [result.row_keys for result in together[len(CASES) :]]
    expected = [
        tuple(sorted(f"r{number}" for number, row in enumerate(rows) if meets(*row))) for meets in CONDITIONS.values()
    ]
    assert found == [keys for keys in expected for _ in ("where", "sql")]
    alone = [run_rules(connection, table, [rule])[0] for rule in [*our_rules()[::5], *sql_rules()[:2]]]
    assert alone == [*together[: len(CASES)][::5], *together[len(CASES) : len(CASES) + 2]]


# --- the figures of pattern rules, computed again --------------------------------------------------------------------

COUNTS = st.tuples(st.integers(0, 300), st.floats(0, 1), st.integers(0, 300), st.floats(0, 1))


def covariate_rule(name: str) -> Rule:
    from pipelines.protocol import Protocol
    from pipelines.validation.pattern_rules import pattern_rules

    arms = {arm: {"title": arm, "codes": [arm]} for arm in ("treatment", "comparison")}
    plan = Protocol.model_validate(
        {
            "pilot": "p",
            "title": "x",
            "question": "x?",
            "concept": {"name": "x"},
            "sites": {"a": {"title": "A"}},
            "population": {"description": "x"},
            "intervention": {"name": "x"},
            "arms": arms,
            "covariates": {"age": {"title": "Age"}},
            "extracts": {"e": {"file": "f", "columns": {"person": "p", "age": "a", "arm": "b"}}},
        }
    )
    return next(rule for rule in pattern_rules(plan, "cases") if rule.id == name)


@SETTINGS
@given(counts=COUNTS)
def test_what_is_missing_by_group_is_judged_as_statsmodels_would(connection, counts):
    from statsmodels.stats.proportion import proportions_ztest

    n1, share1, n0, share0 = counts
    m1, m0 = round(n1 * share1), round(n0 * share0)
    connection.execute(f"""
        CREATE OR REPLACE TABLE warehouse.staging.cases AS
        SELECT 't' || i AS row_key, 'treatment' AS arm, CASE WHEN i >= {m1} THEN 1.0 END AS age FROM range({n1}) t(i)
        UNION ALL SELECT 'c' || i, 'comparison', CASE WHEN i >= {m0} THEN 1.0 END FROM range({n0}) t(i)
    """)
    found = run_rules(connection, "warehouse.staging.cases", [covariate_rule("missing_by_arm")])[0]
    both = n1 and n0 and 0 < m1 + m0 < n1 + n0
    p = proportions_ztest([m1, m0], [n1, n0])[1] if both else 1.0
    differs = n1 and n0 and abs(m1 / n1 - m0 / n0) > 0.1 + 1e-12
    assert found.failed == int(bool(differs and p < 0.05))


@SETTINGS
@given(
    ages=st.lists(st.none() | st.integers(0, 90) | st.sampled_from([15, 20, 40, 22.5, float("nan")]), max_size=40),
    times=st.integers(1, 12),
)
def test_rounded_digits_are_counted_as_by_hand(connection, ages, times):
    values = [None if age is None else float(age) for age in ages] * times
    connection.execute("CREATE OR REPLACE TABLE warehouse.staging.cases (row_key VARCHAR, arm VARCHAR, age DOUBLE)")
    connection.execute("INSERT INTO warehouse.staging.cases SELECT NULL, NULL, unnest(?::DOUBLE[])", [values])
    connection.execute("UPDATE warehouse.staging.cases SET row_key = 'r' || rowid")
    found = run_rules(connection, "warehouse.staging.cases", [covariate_rule("digits_not_rounded")])[0]
    given_ = [value for value in values if value is not None and not value < 13]  # NaN counts as given
    whole = [value for value in given_ if value == value and value == int(value)]
    fives = sum(value % 5 == 0 for value in whole)
    n = len(whole)
    enough = n >= 100 and n >= 0.9 * len(given_) and max(whole) - min(whole) >= 20
    noted = enough and fives / n >= 0.35 and (fives / n - 0.2) / (0.16 / n) ** 0.5 > 3
    assert found.failed == int(noted)
