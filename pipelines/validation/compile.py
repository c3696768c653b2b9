"""Turns a rule into what Great Expectations is asked. What belongs here: types, keyword arguments, SQL text.

Where Great Expectations' SQL engine is unfit on DuckDB, the rule becomes SQL inside its UnexpectedRowsExpectation:

- regular expressions: its engine knows no operator for DuckDB;
- compound uniqueness: its engine returns no row keys;
- ranges of dates and times: its `between` turns bounds into numbers or compares text.
"""

from __future__ import annotations

import datetime as dt
import re
from dataclasses import dataclass
from typing import Any

from pipelines.validation.rule import Rule


@dataclass(frozen=True)
class Asked:
    """A Great Expectations type with its arguments; `sql` is set where it is an UnexpectedRowsExpectation."""

    type: str
    kwargs: dict[str, Any]
    sql: str | None = None


def quoted(name: str) -> str:
    """Quote a name for DuckDB."""
    return '"' + name.replace('"', '""') + '"'


def _literal(value: Any) -> str:
    if isinstance(value, dt.datetime):
        return f"TIMESTAMP '{value.isoformat(sep=' ')}'"
    if isinstance(value, dt.date):
        return f"DATE '{value.isoformat()}'"
    if isinstance(value, (int, float)):
        return repr(value)
    return "'" + str(value).replace("'", "''") + "'"


def _failing(row_key: str, condition: str) -> str:
    return f"SELECT {quoted(row_key)} FROM {{table}} WHERE {condition}"


def _regex_sql(rule: Rule, row_key: str) -> str:
    column, pattern = quoted(rule.arguments["column"]), _literal(rule.arguments["regex"])
    wanted = "NOT " if rule.expectation == "expect_column_values_to_match_regex" else ""
    return _failing(row_key, f"{column} IS NOT NULL AND {wanted}regexp_matches({column}, {pattern})")


def _compound_sql(rule: Rule, row_key: str) -> str:
    columns = [quoted(column) for column in rule.arguments["column_list"]]
    # A missing part is another rule's matter: two rows without a date are not the same contact.
    known = " AND ".join(f"{column} IS NOT NULL" for column in columns)
    return _failing(row_key, f"{known} QUALIFY count(*) OVER (PARTITION BY {', '.join(columns)}) > 1")


def _between_sql(rule: Rule, row_key: str) -> str:
    given, column = rule.arguments, quoted(rule.arguments["column"])
    low = "<=" if given.get("strict_min") else "<"
    high = ">=" if given.get("strict_max") else ">"
    outside = [
        f"{column} {sign} {_literal(given[bound])}"
        for bound, sign in (("min_value", low), ("max_value", high))
        if given.get(bound) is not None
    ]
    return _failing(row_key, " OR ".join(outside))


def _is_dated(rule: Rule) -> bool:
    return any(isinstance(rule.arguments.get(bound), dt.date) for bound in ("min_value", "max_value"))


def _sql(rule: Rule, row_key: str) -> str | None:
    match rule.expectation:
        case "unexpected_rows":
            return str(rule.arguments["sql"])
        case "expect_column_values_to_match_regex" | "expect_column_values_to_not_match_regex":
            return _regex_sql(rule, row_key)
        case "expect_compound_columns_to_be_unique":
            return _compound_sql(rule, row_key)
        case "expect_column_values_to_be_between" if _is_dated(rule):
            return _between_sql(rule, row_key)
    return None


def _keys_of(sql: str, row_key: str, schema: str) -> str:
    """Wrap a rule's SQL so that it can return row keys and nothing else, each once, from {table}."""
    body = sql.strip().rstrip(";").replace("{schema}", schema).replace("{table}", "candidate")
    return f"SELECT DISTINCT {quoted(row_key)} FROM ({body}\n) AS failing"


def _for_gx(sql: str) -> str:
    """Hide from GX (braces) and SQLAlchemy (colons) what only looks like a placeholder."""
    braced = sql.replace("{", "{{").replace("}", "}}")
    safe = re.sub(r"(?<![:\w\\]):(?=\w)", r"\:", braced)
    return f"WITH candidate AS (SELECT * FROM {{batch}}) {safe}"


def keys_sql(asked: Asked, table: str) -> str:
    """Give the statement that returns the failing row keys of a SQL rule from a table."""
    return f"WITH candidate AS (SELECT * FROM {table}) {asked.sql}"


def compile_rule(rule: Rule, row_key: str, schema: str) -> Asked:
    """Give Great Expectations' type and arguments for a rule."""
    sql = _sql(rule, row_key)
    if sql is not None:
        keys = _keys_of(sql, row_key, schema)
        return Asked("unexpected_rows_expectation", {"unexpected_rows_query": _for_gx(keys)}, keys)
    kwargs = dict(rule.arguments)
    if "column_A" in kwargs:
        # Without this GX counts a missing date as a date out of order.
        kwargs["ignore_row_if"] = "either_value_is_missing"
    return Asked(rule.expectation, kwargs)
