"""Dates that programs write where none is known: declared ones are missing, undeclared ones are named.

What belongs here: the expressions for declared ones, and the rules for the others.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence

from pipelines.protocol import Protocol
from pipelines.protocol.extracts import FIELDS, Column
from pipelines.sql_text import named
from pipelines.validation.rule import Rule

USUAL = (
    *("1899-12-30", "1899-12-31", "1900-01-01", "1900-01-02", "1901-01-01", "1904-01-01", "1904-01-02"),
    *("1970-01-01", "2099-01-01", "2099-12-31"),
)
"""First days of the clocks of Excel, Access, old Macs and Unix, and `for ever`. Years before 1850 and from 2200 on
cannot be read at all."""
APART = 730
"""Days between a date and its neighbour from which it stands alone: two years."""
OFTEN = 10
"""Times that a date must be there to be spoken of; fewer may be one slip, and few people."""
NOUNS = {"cases": "people", "contacts": "contacts", "spend": "payments", "consents": "consents", "events": "events"}


def without_placeholders(date: str, column: Column) -> str:
    """Return a date, NULL where it is one that the protocol lists under `missing_dates`."""
    for day in column.missing_dates:
        date = f"nullif({date}, {_literal(day)})"
    return date


def not_placeholder(given: str, date: str, column: Column) -> str:
    """Return the condition that a value is given, and is no date that means none."""
    if not column.missing_dates:
        return given
    listed = ", ".join(map(_literal, column.missing_dates))
    return f"CASE WHEN ({date}) IN ({listed}) THEN false ELSE {given} END"


def placeholder_rules(protocol: Protocol, noun: str) -> list[Rule]:
    """Return the rules about dates of a noun that may stand for none."""
    mapped = {field for e in protocol.extracts.values() if e.noun == noun for field in e.columns}
    fields = [field for field, kind in FIELDS.get(noun, {}).items() if kind == "date" and field in mapped]
    # A period that begins on 1 January 1970, or years before the next one, is a period.
    return [_no_placeholders(noun, fields), _none_alone(fields)] if fields and noun in NOUNS else []


def _literal(day: dt.date) -> str:
    return f"DATE '{day.isoformat()}'"


def _no_placeholders(noun: str, fields: Sequence[str]) -> Rule:
    listed = ", ".join(f"DATE '{day}'" for day in USUAL)
    return Rule(
        id="no_placeholder_dates",
        expectation="unexpected_rows",
        arguments={"where": " OR ".join(f"{named(field)} IN ({listed})" for field in fields)},
        severity="warn",
        level="row",
        words="No date is one that programs write where none is known",
        failed=f"{{failed}} of {{total}} {NOUNS[noun]} ({{share}}) have a date that programs write where none is known,"
        " such as 1 January 1900.",
        advice="Leave the date empty where it is not known. Or list the date under missing_dates in the protocol.",
        why="Taken for a true date, it puts a person's start or end many years away, and all that is counted from it.",
    )


def _none_alone(fields: Sequence[str]) -> Rule:
    """Return the rule on a first or last date that is there often, and years away from every other one."""
    return Rule(
        id="no_date_stands_alone",
        expectation="unexpected_rows",
        arguments={
            "sql": " UNION ALL ".join(map(_alone, fields)),
            "names": {field: field.replace("_", " ") + "s" for field in fields},
        },
        severity="warn",
        level="table",
        words="No date is there often and years away from all others",
        failed="One date is there often, and years away from all others, as if it stood for none: {named}.",
        advice="Ask what this date means. If it means that none is known, list it under missing_dates in the protocol.",
        why="Programs and people write a far date where none is known; whatever is counted from it is wrong.",
    )


def _alone(field: str) -> str:
    day = named(field)
    days = f"SELECT {day} AS day, count(*) AS n FROM {{table}} WHERE {day} IS NOT NULL GROUP BY ALL"
    ends = (
        "lag(day) OVER (ORDER BY day) AS before, lead(day) OVER (ORDER BY day) AS after, "
        "lag(day, 2) OVER (ORDER BY day) AS second_last, lead(day, 2) OVER (ORDER BY day) AS second"
    )
    return (
        f"SELECT DISTINCT '{field}' AS row_key FROM (SELECT *, {ends} FROM ({days})) WHERE n >= {OFTEN} AND ("
        f"(before IS NULL AND second IS NOT NULL AND after - day >= {APART}) OR "
        f"(after IS NULL AND second_last IS NOT NULL AND day - before >= {APART}))"
    )
