"""Turns a rule into what Great Expectations is asked. What belongs here: types, keyword arguments, SQL text.

Where Great Expectations' SQL engine is unfit on DuckDB, or dear, the rule becomes one figure of our own expectation
`no_rows_fail` (see failing_rows.py), so that all such rules share the scan of its bundle:

- regular expressions: its engine knows no operator for DuckDB;
- uniqueness: it sorts whole columns where a GROUP BY does, and returns no row keys for compound keys;
- ranges of dates and times: its `between` turns bounds into numbers or compares text;
- ordered pairs, lengths and rules that are SQL: it would send a query, or two, for each.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

from pipelines.validation.rule import Rule

NO_ROWS_FAIL = "no_rows_fail"


@dataclass(frozen=True)
class Asked:
    """A Great Expectations type with its arguments, and the SELECT of the keys of the rows that fail it.

    Great Expectations counts, we fetch: asked for row keys it fetches the failing values too. That both mean the same
    rows is checked on every run (run.py) and on random tables (tests/properties/test_validation_engines.py).
    """

    type: str
    kwargs: dict[str, Any]
    keys: str
    total: str | None = None


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


def _regex(rule: Rule) -> str:
    column, pattern = quoted(rule.arguments["column"]), _literal(rule.arguments["regex"])
    wanted = "NOT " if rule.expectation == "expect_column_values_to_match_regex" else ""
    return f"{wanted}regexp_matches({column}, {pattern})"


def _between(rule: Rule, measured: str) -> str:
    given = rule.arguments
    low = "<=" if given.get("strict_min") else "<"
    high = ">=" if given.get("strict_max") else ">"
    outside = [
        f"{measured} {sign} {_literal(given[bound])}"
        for bound, sign in (("min_value", low), ("max_value", high))
        if given.get(bound) is not None
    ]
    return " OR ".join(outside) or "false"


def _ordered(rule: Rule) -> str:
    later, earlier = quoted(rule.arguments["column_A"]), quoted(rule.arguments["column_B"])
    return f"{later} {'<' if rule.arguments.get('or_equal') else '<='} {earlier}"


def _is_dated(rule: Rule) -> bool:
    return any(isinstance(rule.arguments.get(bound), dt.date) for bound in ("min_value", "max_value"))


def _condition(rule: Rule) -> str | None:
    """Return the condition under which a row fails, of rules that look at one row at a time."""
    match rule.expectation:
        case "unexpected_rows":
            return rule.arguments.get("where")
        case "expect_column_values_to_match_regex" | "expect_column_values_to_not_match_regex":
            return _regex(rule)
        case "expect_column_values_to_be_between" if _is_dated(rule):
            return _between(rule, quoted(rule.arguments["column"]))
        case "expect_column_value_lengths_to_be_between":
            return _between(rule, f"length({quoted(rule.arguments['column'])})")
        case "expect_column_pair_values_a_to_be_greater_than_b":
            return _ordered(rule)
    return None


def _listed(rule: Rule, wanted: str) -> str:
    column, values = quoted(rule.arguments["column"]), rule.arguments["value_set"]
    return f"{column} {wanted} ({', '.join(_literal(value) for value in values)})" if values else "false"


def _plain_condition(rule: Rule) -> str:
    """Return the condition under which a row fails, of rules that Great Expectations counts by itself."""
    column = quoted(rule.columns[0]) if rule.columns else ""
    match rule.expectation:
        case "expect_column_values_to_not_be_null":
            return f"{column} IS NULL"
        case "expect_column_values_to_be_null":
            return f"{column} IS NOT NULL"
        case "expect_column_values_to_be_in_set":
            return _listed(rule, "NOT IN")
        case "expect_column_values_to_not_be_in_set":
            return _listed(rule, "IN")
        case "expect_column_values_to_be_between":
            return _between(rule, column)
        case "expect_column_pair_values_to_be_equal":
            return f"{column} <> {quoted(rule.arguments['column_B'])}"
    return "false"


def _key_columns(rule: Rule) -> tuple[str, ...]:
    unique = ("expect_column_values_to_be_unique", "expect_compound_columns_to_be_unique")
    return tuple(quoted(column) for column in rule.columns) if rule.expectation in unique else ()


def _ours(failing: str, keys: str) -> Asked:
    return Asked(NO_ROWS_FAIL, {"failing": failing}, keys)


def _figure(count: str) -> str:
    """Return a subquery's count as an aggregate: alone in a SELECT it would be repeated for each row of the table."""
    return f"count(*) FILTER (WHERE false) + ({count})"


def _where(condition: str, row_key: str, path: str) -> str:
    return f"SELECT {row_key} FROM {path} WHERE {condition}\n"


def _of_condition(condition: str, row_key: str, path: str) -> Asked:
    return _ours(f"count(*) FILTER (WHERE {condition}\n)", _where(condition, row_key, path))


def _of_key(columns: tuple[str, ...], row_key: str, path: str) -> Asked:
    """Count rows in groups of more than one; a missing part is another rule's matter: two undated rows differ.

    Equal values have equal hashes, and hashes are counted in a third of the time and memory; what shares one with
    another row is then compared itself.
    """
    known, listed = " AND ".join(f"{column} IS NOT NULL" for column in columns), ", ".join(columns)
    twice = f"SELECT hash({listed}) FROM {path} WHERE {known} GROUP BY ALL HAVING count(*) > 1"
    groups = f"FROM {path} WHERE {known} AND hash({listed}) IN ({twice}) GROUP BY {listed} HAVING count(*) > 1"
    same = " AND ".join(f"r.{column} = g.{column}" for column in columns)
    return _ours(
        _figure(f"SELECT coalesce(sum(held), 0)::BIGINT FROM (SELECT count(*) AS held {groups})"),
        f"SELECT r.{row_key} FROM {path} AS r JOIN (SELECT {listed} {groups}) AS g ON {same}",
    )


def _filled(sql: str, table: str, schema: str) -> str:
    return sql.strip().rstrip(";").replace("{schema}", schema).replace("{table}", table)


def _of_sql(sql: str, row_key: str, path: str, schema: str) -> Asked:
    """Wrap a rule's SQL so that it can return row keys and nothing else, each once."""
    body = _filled(sql, "candidate", schema)
    # In parentheses of its own a comment at the end of a rule's SQL hides nothing of ours.
    inner = f"WITH candidate AS (SELECT * FROM {path}) SELECT {row_key} FROM ({body}\n) AS failing"
    return _ours(
        _figure(f"SELECT count(DISTINCT {row_key}) FROM ({inner})"), f"SELECT DISTINCT {row_key} FROM ({inner})"
    )


def _cannot_fail(rule: Rule, distinct: Sequence[str]) -> bool:
    """Tell whether only rows that share a value could fail, of a column in which no two rows share one."""
    shared = rule.columns if _key_columns(rule) else (rule.among,)
    return not set(distinct).isdisjoint(shared)


def compile_rule(rule: Rule, row_key: str, path: str, schema: str, distinct: Sequence[str] = ()) -> Asked:
    """Give Great Expectations' type and arguments for a rule about the table at a path, with its siblings' schema.

    `distinct` are columns in which no two rows are known to agree, NULL apart.
    """
    key = quoted(row_key)
    if _cannot_fail(rule, distinct):
        return _of_condition("false", key, path)
    if (condition := _condition(rule)) is not None:
        return _of_condition(condition, key, path)
    if columns := _key_columns(rule):
        return _of_key(columns, key, path)
    if "sql" in rule.arguments:
        total = _filled(rule.arguments["of"], path, schema) if "of" in rule.arguments else None
        return replace(_of_sql(str(rule.arguments["sql"]), key, path, schema), total=total)
    kwargs = dict(rule.arguments)
    if "column_A" in kwargs:
        # Without this GX counts a missing date as a date out of order.
        kwargs["ignore_row_if"] = "either_value_is_missing"
    return Asked(rule.expectation, kwargs, _where(_plain_condition(rule), key, path))
