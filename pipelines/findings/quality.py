"""How far the findings can be trusted: checks of the data, level of evidence, and what cannot be said."""

from __future__ import annotations

import json
from typing import Any

from pipelines.findings.making import Making, fewest_per_arm
from pipelines.findings.models import CheckSummary, DataQualityResult, EvidenceLevelResult, Finding, LimitResult
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
    """Return the checks, the level of evidence, and one finding for each limit that the protocol declares."""
    limits = [_limit(making, number, text) for number, text in enumerate(making.plan.cannot_say, start=1)]
    return [_checks(making), _level(making), *limits]


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


def _level(making: Making) -> Finding:
    plan = making.plan
    series = plan.design is not None and plan.design.kind == "interrupted_time_series"
    if plan.arms and not series and _smallest_group(making.connection) < fewest_per_arm(plan):
        return making.finding("evidence/level", _too_few_to_compare())
    kind = plan.design.kind if plan.design else ""
    controlled = bool(getattr(plan.design, "control", False))
    level = evidence_level(plan.arms.assignment if plan.arms else None, kind, controlled=controlled)
    return making.finding("evidence/level", level)


def _smallest_group(connection: Any) -> int:
    query = "SELECT count(*) FILTER (arm = 'treatment'), count(*) FILTER (arm = 'comparison') FROM validated.cases"
    return int(min(connection.execute(query).fetchone()))


def _too_few_to_compare() -> EvidenceLevelResult:
    """Return the level of a pilot whose plan had a comparison for which hardly anybody came."""
    return EvidenceLevelResult(
        maryland=1,
        nesta=1,
        reason="A group has too few people for a comparison; the pilot only shows what happened.",
        raise_it="More people in each group would raise the level.",
    )


MADE_ALIKE = {
    "matched": "each person is compared with the most alike of others",
    "weighted": "the comparison group is weighted to be alike",
    "regression_adjusted": "what was known of people beforehand is taken into account",
    "doubly_robust": "the comparison group is weighted and adjusted to be alike",
    "difference_in_differences": "the change of one group is held against the change of the other",
    "staggered": "places that began are compared with places that had not",
    "panel": "each unit is compared with itself over time, and with the others",
    "matched_pairs": "people are compared in pairs that were alike beforehand",
}


def evidence_level(assignment: str | None, design: str = "", *, controlled: bool = False) -> EvidenceLevelResult:
    """Return the level of evidence that a design can reach.

    Parameters
    ----------
    assignment : how people came into groups; None when nobody is compared.
    design : kind of the design, as in the protocol; empty when none is declared.
    controlled : whether an interrupted time series has a control series.

    References
    ----------
    Sherman et al. 1997, Preventing Crime (Maryland scale); Puttick & Ludlow 2013, Standards of Evidence, Nesta.
    """
    if assignment == "randomised":
        return EvidenceLevelResult(
            maryland=5,
            nesta=3,
            reason="People were given a group by chance, so a difference beyond chance is owed to what was tried.",
            raise_it="A second, independent test in other places would raise Nesta's level.",
        )
    if design in MADE_ALIKE:
        return EvidenceLevelResult(
            maryland=2 if design == "regression_adjusted" else 3,
            nesta=3,
            reason=f"Nobody was given a group by chance, but {MADE_ALIKE[design]}; "
            "what nobody measured may still differ.",
            raise_it="Giving places by chance would raise the level.",
        )
    if design == "interrupted_time_series":
        against = "a control series" if controlled else "its own course before the change"
        return EvidenceLevelResult(
            maryland=3 if controlled else 2,
            nesta=3 if controlled else 2,
            reason=f"A series is held against {against}; whatever else began at the same time is not told apart.",
            raise_it="Places where the change came at another time would raise the level."
            if controlled
            else "A control series, or places where the change came at another time, would raise the level.",
        )
    if assignment == "not_randomised":
        return EvidenceLevelResult(
            maryland=2,
            nesta=2,
            reason="There is a comparison group, but nothing makes it alike: a difference may have other causes.",
            raise_it="Giving places by chance, or matching people on what was known beforehand, would raise the level.",
        )
    return EvidenceLevelResult(
        maryland=1,
        nesta=1,
        reason="Nobody is compared with anybody: the pilot shows what happened, not what made it happen.",
        raise_it="A comparison group would raise the level.",
    )


def _limit(making: Making, number: int, text: str) -> Finding:
    return making.finding(f"limit/{number}", LimitResult(origin="protocol"), subject=str(number), sentence=text)
