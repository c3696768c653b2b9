"""Rules that a protocol asks for, with their words ready. What belongs here: constructors; a pilot's rules do not.

Each takes any field of `Rule` as a further keyword, to say it better than the default does.
"""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Iterable
from typing import Any

from pipelines.validation.rule import Rule

Bound = float | int | dt.date | dt.datetime


def _slug(*parts: str) -> str:
    return re.sub(r"[^a-z0-9]+", "_", "_".join(parts).lower()).strip("_")


def _said(column: str) -> str:
    return column.replace("_", " ")


def _rule(changes: dict[str, Any], **defaults: Any) -> Rule:
    return Rule(**({"severity": "block", "level": "row"} | defaults | changes))


def required(column: str, *, rows: str = "rows", **changes: Any) -> Rule:
    """Every row has a value in the column; rows without are quarantined."""
    said = _said(column)
    return _rule(
        changes,
        id=_slug(column, "present"),
        expectation="expect_column_values_to_not_be_null",
        arguments={"column": column},
        words=f"The {said} is always given",
        failed=f"{{failed}} of {{total}} {rows} ({{share}}) have no {said}.",
        advice=f"Fill in the {said} and send the file again.",
        why=f"The protocol needs the {said} of every row.",
    )


def one_of(column: str, allowed: Iterable[Any], *, rows: str = "rows", **changes: Any) -> Rule:
    """A value, where given, is one of the allowed codes; other rows are quarantined."""
    codes, said = list(allowed), _said(column)
    listed = ", ".join(str(code) for code in codes)
    return _rule(
        changes,
        id=_slug(column, "known_code"),
        expectation="expect_column_values_to_be_in_set",
        arguments={"column": column, "value_set": codes},
        words=f"The {said} is one of the agreed codes",
        failed=f"{{failed}} of {{total}} {rows} ({{share}}) have a {said} that is not one of the agreed codes.",
        advice=f"Use one of these codes for the {said}: {listed}. If a new code is right, tell the evaluation team.",
        why="A code that the protocol does not know cannot be counted anywhere.",
    )


def _range_words(low: Bound | None, high: Bound | None) -> str:
    if low is not None and high is not None:
        return f"between {low} and {high}"
    return f"{low} or more" if low is not None else f"{high} or less"


def between(column: str, low: Bound | None = None, high: Bound | None = None, **changes: Any) -> Rule:
    """A value, where given, lies between two bounds, both allowed; other rows are quarantined."""
    if low is None and high is None:
        raise ValueError(f"between('{column}') needs a lower or an upper bound")
    rows, said, span = changes.pop("rows", "rows"), _said(column), _range_words(low, high)
    bounds = {"min_value": low, "max_value": high}
    return _rule(
        changes,
        id=_slug(column, "in_range"),
        expectation="expect_column_values_to_be_between",
        arguments={"column": column} | {name: bound for name, bound in bounds.items() if bound is not None},
        words=f"The {said} is {span}",
        failed=f"{{failed}} of {{total}} {rows} ({{share}}) have a {said} that is not {span}.",
        advice=f"Check the {said}: it should be {span}.",
        why=f"A {said} outside this range cannot be true, or the protocol rules it out.",
    )


def unique(*columns: str, rows: str = "rows", **changes: Any) -> Rule:
    """No two rows agree in all of the columns; all copies are quarantined, as nobody can say which one is right."""
    said = " and ".join(_said(column) for column in columns)
    single = len(columns) == 1
    kind = "expect_column_values_to_be_unique" if single else "expect_compound_columns_to_be_unique"
    return _rule(
        changes,
        id=_slug(*columns, "unique"),
        expectation=kind,
        arguments={"column": columns[0]} if single else {"column_list": list(columns)},
        words=f"No two rows have the same {said}",
        failed=f"{{failed}} of {{total}} {rows} ({{share}}) share their {said} with another row.",
        advice=f"Send one row for each {said}.",
        why="Where two rows disagree, nobody can say which one is right.",
    )


def not_null_share(column: str, limit: float, *, rows: str = "rows", **changes: Any) -> Rule:
    """At most a share of rows lacks a value; above it the table is refused. Rows without a value stay in."""
    said = _said(column)
    return _rule(
        changes,
        id=_slug(column, "complete"),
        level="table",
        expectation="expect_column_values_to_not_be_null",
        arguments={"column": column},
        tolerance=limit,
        words=f"Enough rows have a {said}",
        failed=f"{{failed}} of {{total}} {rows} ({{share}}) have no {said}; the limit is {{limit}}.",
        advice=f"Find the missing {said} and send the file again.",
        why=f"With more {said} missing than the protocol allows, the result would rest on those who are known.",
    )
