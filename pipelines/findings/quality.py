"""How far the findings can be trusted: checks of the data, and what cannot be said."""

from __future__ import annotations

import json
from typing import Any

from pipelines.findings.making import Making
from pipelines.findings.models import CheckSummary, DataQualityResult, Finding, LimitResult
from pipelines.protocol_lock import sealed
from pipelines.warehouse import has_table

TABLES = ("validated.cases", "validated.outcomes")
NOUNS = (
    "cases",
    "events",
    "assessments",
    "series",
    "outcomes",
    "contacts",
    "spend",
    "consents",
    "documents",
    "codings",
)


def quality_findings(making: Making) -> list[Finding]:
    """Return the checks, and one finding for each limit that the protocol declares."""
    limits = [_limit(making, number, text) for number, text in enumerate(making.plan.cannot_say, start=1)]
    return [_checks(making), *limits]


def _checks(making: Making) -> Finding:
    rows = making.connection.execute("SELECT noun, result FROM validated.checks ORDER BY noun, position").fetchall()
    used = [noun for noun in NOUNS if _rows(making.connection, "validated", noun)]
    # Where outcomes are counted from events, how many there are is the outcome.
    counted = any(outcome.events for outcome in making.plan.outcomes.values())
    hidden = ("events",) if counted and sealed(making.site) else ()
    found = [(noun, json.loads(result)) for noun, result in rows if noun not in hidden]
    checks = tuple(_summary(noun, result) for noun, result in found if noun in used or not result["passed"])
    result = DataQualityResult(
        checks=checks,
        rows={noun: _rows(making.connection, "validated", noun) for noun in used if noun not in hidden},
        set_aside={noun: _rows(making.connection, "quarantine", noun) for noun in used if noun not in hidden},
    )
    return making.finding("quality/checks", result, population="every row of the drop for this site")


def _summary(noun: str, result: dict[str, Any]) -> CheckSummary:
    return CheckSummary(
        noun=noun,
        rule=result["rule"],
        passed=result["passed"],
        severity=result["severity"],
        sentence=result["sentence"],
    )


def _rows(connection: Any, layer: str, noun: str) -> int:
    if not has_table(connection, layer, noun):
        return 0
    return int(connection.execute(f"SELECT count(*) FROM {layer}.{noun}").fetchone()[0])


def _limit(making: Making, number: int, text: str) -> Finding:
    return making.finding(f"limit/{number}", LimitResult(origin="protocol"), subject=str(number), sentence=text)
