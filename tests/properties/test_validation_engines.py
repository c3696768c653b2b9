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
