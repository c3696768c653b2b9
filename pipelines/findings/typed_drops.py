"""The case file as it stands now and as it stood one drop earlier, typed alike: otherwise a format would be a change.

Rows that the checks set aside are in both: what a rule makes of a row is no change of what was delivered.
"""

from __future__ import annotations

import re

from pipelines.findings.making import Making
from pipelines.refusal import Refusal
from pipelines.validation.dates import readings
from pipelines.validation.publish import _parameters, _select
from pipelines.warehouse import has_table

STATES = ("before", "now")


def earlier_drop(making: Making, noun: str) -> str | None:
    """Return the name of the drop before this one; None where there is none, or nobody could read it."""
    if not (has_table(making.connection, "raw", "before") and has_table(making.connection, "raw", f"{noun}_before")):
        return None
    found = making.connection.execute("SELECT name FROM raw.before WHERE noun = ?", [noun]).fetchone()
    return str(found[0]) if found else None


def type_both(making: Making) -> bool:
    """Make the temporary tables `before_cases`, `now_cases`, `before_outcomes` and `now_outcomes`.

    Return False when nobody can tell how the dates of the earlier file are written: then nothing can be compared.
    """
    for state in STATES:
        try:
            found = readings(making.connection, making.site, "cases", "cases_before" if state == "before" else "")
        except Refusal:
            return False
        for noun in ("cases", "outcomes"):
            select = _of_state(_select(making.site, noun, found if noun == "cases" else None), state)
            made = f"CREATE OR REPLACE TEMP TABLE {state}_{noun} AS {select}"
            making.connection.execute(made, _parameters(making.site, noun))
    return True


def _of_state(select: str, state: str) -> str:
    """Return the SELECT that types a table, reading the rows of a state instead of those that were published."""
    raw = "raw.cases_before" if state == "before" else "raw.cases"
    return re.sub(
        r"\bFROM validated\.cases\b", f"FROM {state}_cases", re.sub(r"\bFROM raw\.cases\b", f"FROM {raw}", select)
    )
