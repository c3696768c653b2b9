"""The case file, and the events that outcomes count, as they stand now and stood one drop earlier, typed alike.

Typed otherwise, another way to write a date would be a change.
Rows that the checks set aside are in both: what a rule makes of a row is no change of what was delivered.
"""

from __future__ import annotations

import re
from collections.abc import Collection

from pipelines.findings.making import Making
from pipelines.protocol_lock import sealed
from pipelines.refusal import Refusal
from pipelines.validation.dates import readings
from pipelines.validation.people_rules import keeps_one
from pipelines.validation.publish import _parameters, _select
from pipelines.warehouse import has_table

STATES = ("before", "now")


def earlier_drop(making: Making, noun: str) -> str | None:
    """Return the name of the drop before this one; None where there is none, or nobody could read it."""
    if not (has_table(making.connection, "raw", "before") and has_table(making.connection, "raw", f"{noun}_before")):
        return None
    found = making.connection.execute("SELECT name FROM raw.before WHERE noun = ?", [noun]).fetchone()
    return str(found[0]) if found else None


def type_both(making: Making) -> frozenset[str] | None:
    """Make the temporary tables `before_cases`, `now_cases`, `before_outcomes` and `now_outcomes`.

    Return the nouns that are typed as they stood then and now: `events` is one of them where outcomes counted from
    events can be compared, `outcomes` unless they are sealed. None when nobody can tell how the dates of the earlier
    case file are written.
    """
    hidden = sealed(making.site)
    typed = {"cases", "outcomes", "events"} if not hidden and _type(making, "events") else {"cases", "outcomes"}
    if not _type(making, "cases"):
        return None
    if hidden:
        return frozenset({"cases"})
    for state in STATES:
        select = _of_state(_select(making.site, "outcomes"), state, typed)
        made = f"CREATE OR REPLACE TEMP TABLE {state}_outcomes AS {select}"
        making.connection.execute(made, _parameters(making.site, "outcomes"))
    return frozenset(typed)


def _type(making: Making, noun: str) -> bool:
    """Make the temporary tables of a noun in both states; tell whether that was possible."""
    if noun == "events" and not _has_events(making):
        return False
    for state in STATES:
        try:
            found = readings(making.connection, making.site, noun, f"{noun}_before" if state == "before" else "")
        except Refusal:
            return False
        select = _of_state(_select(making.site, noun, found), state, {noun})
        made = f"CREATE OR REPLACE TEMP TABLE {state}_{noun} AS {select}"
        making.connection.execute(made, _parameters(making.site, noun))
        if noun == "events":
            _set_aside(making, state)
    return True


def _has_events(making: Making) -> bool:
    """Tell whether outcomes are counted from events, and these are known as they stood with the drop before."""
    counted = any(outcome.events for outcome in making.plan.outcomes.values())
    delivered = bool(making.site.protocol.extracts_of("events", making.site.site))
    earlier = earlier_drop(making, "events")
    return counted and delivered and earlier is not None and earlier == earlier_drop(making, "cases")


def _set_aside(making: Making, state: str) -> None:
    """Put apart, in both states alike, what no check would let in: events without a day, and values nobody can read.

    Of identical rows one stays where the checks keep one.
    """
    once = "DISTINCT" if keeps_one(making.site.protocol, "events") else ""
    making.connection.execute(f"""
        CREATE OR REPLACE TEMP TABLE {state}_events_aside AS
            FROM {state}_events WHERE unreadable <> '' OR event_date IS NULL;
        CREATE OR REPLACE TEMP TABLE {state}_events AS
            SELECT {once} * EXCLUDE (row_key, source_file, source_row, drop_id)
            FROM {state}_events WHERE unreadable = '' AND event_date IS NOT NULL
    """)


def _of_state(select: str, state: str, typed: Collection[str]) -> str:
    """Return the SELECT that types a table, reading the rows of a state instead of those that were published."""
    for noun in ("cases", "events"):
        raw = f"raw.{noun}_before" if state == "before" else f"raw.{noun}"
        select = re.sub(rf"\bFROM raw\.{noun}\b", f"FROM {raw}", select)
        if noun in typed:
            select = re.sub(rf"\bFROM validated\.{noun}\b", f"FROM {state}_{noun}", select)
            select = re.sub(rf"\bFROM quarantine\.{noun}\b", f"FROM {state}_{noun}_aside", select)
    return select
