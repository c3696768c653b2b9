"""Level of evidence: what the declared design can carry, and what the delivered one still carries.

What lowers a level: no estimate at all; many outcomes that are not known, or unequally many in the groups; groups that
were not alike after all. Each lowers it by one, to not less than 1; no estimate lowers it to 1.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from math import sqrt
from typing import Any, NamedTuple

from pipelines.disclosure.policy import minimum_count
from pipelines.findings.making import Making, fewest_per_arm
from pipelines.findings.models import BaselineResult, ComparisonResult, EffectResult, EvidenceLevelResult, Finding

ID = "evidence/level"
APART, CHANCE = 0.25, 3.29
"""Groups that chance made are not alike when they differ by a quarter of a standard deviation (the limit of the What
Works Clearinghouse, Standards Handbook 4.1) and by more than chance makes in one comparison of a thousand."""
WORST_ALIKE = "red"
MADE_ALIKE = {
    "matched": "each person is compared with the most alike of others",
    "weighted": "the comparison group is weighted to be alike",
    "regression_adjusted": "what was known of people beforehand is taken into account",
    "doubly_robust": "the comparison group is weighted and adjusted to be alike",
    "difference_in_differences": "the change of one group is held against the change of the other",
    "staggered": "places that began are compared with places that had not",
    "panel": "each unit is compared with itself over time, and with the others",
    "matched_pairs": "people are compared in pairs that were alike beforehand",
    "instrumental": "something that moved the dose stands in for chance, if it moved nothing else",
}
LOST_MANY = "the outcome of too many people is not known"
LOST_UNEQUALLY = "unequally many in the two groups have no known outcome"
NOT_ALIKE = "the groups were not alike in everything that was measured"
NOTHING_ESTIMATED = "no main outcome could be estimated"
REMEDIES = {
    LOST_MANY: "following up more people",
    LOST_UNEQUALLY: "following up both groups alike",
    NOT_ALIKE: "groups that are alike, or adjusting for where they are not",
    NOTHING_ESTIMATED: "enough people with a known outcome in each group",
}


class Followed(NamedTuple):
    """People of a group whose outcome should be known, and those whose is."""

    due: int
    known: int


def level_finding(making: Making, findings: Sequence[Finding]) -> Finding:
    """Return the level of evidence of the design as it was declared and delivered."""
    plan = making.plan
    series = plan.design is not None and plan.design.kind == "interrupted_time_series"
    if plan.arms and not series and _smallest_group(making.connection) < fewest_per_arm(plan):
        return making.finding(ID, _too_few_to_compare())
    kind = plan.design.kind if plan.design else ""
    controlled = bool(getattr(plan.design, "control", False))
    level = evidence_level(plan.arms.assignment if plan.arms else None, kind, controlled=controlled)
    return making.finding(ID, lowered(level, tuple(_shortfalls(making, findings))))


def lowered(level: EvidenceLevelResult, shortfalls: Sequence[str]) -> EvidenceLevelResult:
    """Return a level lowered by what was delivered.

    Parameters
    ----------
    level : what the design can reach.
    shortfalls : what fell short, in words, each once; nothing leaves the level.
    """
    if not shortfalls or level.maryland == 1:
        return level
    steps = level.maryland - 1 if NOTHING_ESTIMATED in shortfalls else len(shortfalls)
    said = " and ".join(shortfalls)
    raised = f"{_capital(' and '.join(REMEDIES[one] for one in shortfalls))} would restore the level of the design."
    return level.model_copy(
        update={
            "maryland": max(level.maryland - steps, 1),
            "nesta": max(level.nesta - steps, 1),
            "declared_maryland": level.maryland,
            "declared_nesta": level.nesta,
            "lowered": tuple(shortfalls),
            "reason": f"{level.reason} As delivered it carries less: {said}.",
            "raise_it": f"{raised} {level.raise_it}",
        }
    )


def _shortfalls(making: Making, findings: Sequence[Finding]) -> Iterator[str]:
    """Yield what fell short, from the findings and from who was followed up."""
    effects = [f.result for f in findings if isinstance(f.result, EffectResult) and not f.result.placebo]
    # Where no look is due yet, nothing has fallen short.
    effects = [effect for effect in effects if effect.look is None or effect.value is not None]
    leading = [effect for effect in effects if effect.tier == "primary"] or effects
    if leading and all(effect.value is None for effect in leading):
        yield NOTHING_ESTIMATED
        return
    if making.plan.arms is None:
        return
    followed = [_followed(making, key) for key in _leading(making)]
    fewest = minimum_count(making.plan)
    limits = making.plan.limits
    if any(lost_many(groups, limits.missing_outcome, fewest) for groups in followed):
        yield LOST_MANY
    if any(lost_unequally(groups, limits.missing_by_arm, fewest) for groups in followed):
        yield LOST_UNEQUALLY
    if _not_alike(making, findings):
        yield NOT_ALIKE


def _leading(making: Making) -> list[str]:
    """Return the primary outcomes of the cases that can be missing."""
    return [key for key, one in making.plan.outcomes.items() if one.tier == "primary" and one.noun == "cases"]


def _followed(making: Making, key: str) -> list[Followed]:
    query = """
        SELECT arm, count(DISTINCT person_key) AS due, count(DISTINCT person_key) FILTER (known) AS known
        FROM analysis.participants WHERE outcome = $key AND arm IN ('treatment', 'comparison')
        GROUP BY arm ORDER BY arm
    """
    return [Followed(int(row.due), int(row.known)) for row in making.frame(query, key=key).itertuples()]


def lost_many(groups: Sequence[Followed], limit: float, fewest: int) -> bool:
    """Tell whether a larger part than the limit is not known, and by enough people to be spoken of.

    Parameters
    ----------
    groups : people due and known, by group.
    limit : largest share that may be missing.
    fewest : fewest people who may be spoken of: fewer lost never lower a level, or it would tell of them.
    """
    due, known = sum(group.due for group in groups), sum(group.known for group in groups)
    return due > 0 and due - known >= fewest and (due - known) / due > limit


def lost_unequally(groups: Sequence[Followed], limit: float, fewest: int) -> bool:
    """Tell whether the shares missing differ by more than the limit, and by more than chance would explain.

    Parameters
    ----------
    groups, limit, fewest : as for `lost_many`, the limit being of the difference.
    """
    lost = sum(group.due - group.known for group in groups)
    if len(groups) < 2 or lost < fewest or min(group.due for group in groups) < 1:
        return False
    first, second = (1 - group.known / group.due for group in groups[:2])
    pooled = lost / sum(group.due for group in groups)
    error = sqrt(pooled * (1 - pooled) * sum(1 / group.due for group in groups[:2]))
    return abs(first - second) > limit and abs(first - second) > 1.96 * error


def _not_alike(making: Making, findings: Sequence[Finding]) -> bool:
    """Tell whether groups that should be alike are not: by their lights where they were made alike, else by chance."""
    plan = making.plan
    made = [f.result for f in findings if isinstance(f.result, ComparisonResult)]
    if plan.design is not None and plan.design.kind in MADE_ALIKE:
        return any(one.light_after == WORST_ALIKE for one in made)
    if plan.arms is None or plan.arms.assignment != "randomised":
        return False
    rows = [row for f in findings if isinstance(f.result, BaselineResult) for row in f.result.rows]
    return any(_beyond_chance(row) for row in rows if row.covariate not in plan.adjust_for)


def _beyond_chance(row: Any) -> bool:
    sizes = [arm.n for arm in row.arms.values() if arm.n]
    if row.difference is None or len(sizes) < 2:
        return False
    return abs(row.difference) > max(APART, CHANCE * sqrt(1 / sizes[0] + 1 / sizes[1]))


def _smallest_group(connection: Any) -> int:
    query = "SELECT count(*) FILTER (arm = 'treatment'), count(*) FILTER (arm = 'comparison') FROM validated.cases"
    return int(min(connection.execute(query).fetchone()))


def _capital(text: str) -> str:
    return text[:1].upper() + text[1:]


def _too_few_to_compare() -> EvidenceLevelResult:
    """Return the level of a pilot whose plan had a comparison for which hardly anybody came."""
    return EvidenceLevelResult(
        maryland=1,
        nesta=1,
        reason="A group has too few people for a comparison; the pilot only shows what happened.",
        raise_it="More people in each group would raise the level.",
    )


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
