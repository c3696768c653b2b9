"""Outcomes under seal: what is published while they are sealed says whether they are known, and not what they are.

Rules see the values, for validation has to; then every value gives way to "not a number", which no figure survives.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from pipelines.protocol import Protocol
from pipelines.protocol.outcomes import Outcome
from pipelines.protocol_lock import sealed
from pipelines.refusal import Refusal
from pipelines.validation.rule import Rule
from pipelines.warehouse import columns_of, has_table, insert, named
from pipelines.workspace import PilotSite

PARTS = ("value", "time", "event", "exposure", "competing")
ABOUT_VALUES = ("digits_not_rounded",)
"""Rules whose sentence tells how the values of outcomes are spread."""
MASKED = {"DOUBLE": "'NaN'::DOUBLE", "BOOLEAN": "false"}


def without_outcome_rules(site: PilotSite, noun: str, rules: Sequence[Rule]) -> Sequence[Rule]:
    """Return the rules of a table; under seal without those that would tell more than whether outcomes are known."""
    if noun != "outcomes" or not sealed(site):
        return rules
    return [rule for rule in rules if rule.id not in ABOUT_VALUES]


def put_under_seal(connection: Any, site: PilotSite, noun: str, table: str) -> None:
    """Take the values of outcomes out of a table that is to be published, if they are sealed, and note whether."""
    under = sealed(site)
    connection.execute("CREATE TABLE IF NOT EXISTS validated.under_seal (noun VARCHAR)")
    connection.execute("DELETE FROM validated.under_seal WHERE noun = ?", [noun])
    if not under:
        return
    kinds = dict(columns_of(connection, table))
    fields = [field for field in outcome_columns(site.protocol, noun) if field in kinds]
    for field in fields:
        # What the cases use for something else too is not known under seal: no other step may take it for a number.
        masked = MASKED.get(kinds[field], "NULL") if noun != "cases" else "NULL"
        name = named(field)
        connection.execute(f"UPDATE {table} SET {name} = CASE WHEN {name} IS NOT NULL THEN {masked} END")
    if fields:
        insert(connection, "validated.under_seal", [(noun,)])


def outcome_columns(protocol: Protocol, noun: str) -> tuple[str, ...]:
    """Return the columns of a table that hold outcomes."""
    if noun == "outcomes":
        return PARTS
    found = (field for one in protocol.outcomes.values() if one.noun == noun for field in _fields(one))
    return tuple(dict.fromkeys(found))


def _fields(outcome: Outcome) -> tuple[str, ...]:
    return tuple(field for field in (getattr(outcome, part) for part in PARTS) if field)


def insist_not_under_seal(connection: Any) -> None:
    """Refuse to read outcomes that were published without their values."""
    if _under_seal(connection):
        raise Refusal(
            "The outcomes of this site were published under seal: their values are not there.",
            "Run all steps of this site.",
        )


def _under_seal(connection: Any) -> bool:
    if not has_table(connection, "validated", "under_seal"):
        return False
    if connection.execute("SELECT 1 FROM validated.under_seal LIMIT 1").fetchone() is not None:
        return True
    if not has_table(connection, "analysis", "participants"):
        return False
    masked = "SELECT 1 FROM analysis.participants WHERE isnan(value) OR isnan(time) LIMIT 1"
    return connection.execute(masked).fetchone() is not None
