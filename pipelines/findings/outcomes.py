"""Effects: each outcome's estimate as a finding. The statistics belong in pipelines.estimation."""

from __future__ import annotations

from typing import Any, Literal

from pipelines.disclosure.counts import contributors
from pipelines.disclosure.curves import drawn
from pipelines.disclosure.policy import minimum_count, policy
from pipelines.estimation import Design, Estimate, EstimationRefusal, estimate
from pipelines.findings.making import Making, question_of
from pipelines.findings.models import (
    ArmSummary,
    EffectResult,
    Finding,
    Interval,
    OtherEstimate,
    Step,
)
from pipelines.protocol.models import Plan
from pipelines.protocol.outcomes import Outcome

TABLES = ("validated.cases", "validated.outcomes", "analysis.participants")
QUERY = """
    SELECT p.arm, p.value, p.time, p.event::DOUBLE AS event, c.* EXCLUDE (person_key, arm)
    FROM analysis.participants p JOIN validated.cases c USING (person_key)
    WHERE p.outcome = $outcome
    ORDER BY c.row_key
"""
NOT_BY_CHANCE = (
    "The groups were not formed by chance, and this version has no method that would make them comparable. "
    "Each group is described; the difference between them is not an effect."
)
NO_GROUPS = "Nobody is compared with anybody in this pilot."


def outcome_findings(making: Making) -> list[Finding]:
    """Return one finding for each outcome, primary ones first."""
    order = {"primary": 0, "secondary": 1, "exploratory": 2}
    outcomes = sorted(making.plan.outcomes.items(), key=lambda item: order[item[1].tier])
    return [_finding(making, key, outcome) for key, outcome in outcomes]


def _finding(making: Making, key: str, outcome: Outcome) -> Finding:
    frame = making.frame(QUERY, outcome=key)
    result = effect(frame, outcome, making)
    return making.finding(
        f"effect/{key}/{outcome.tier}",
        result,
        subject=key,
        population="everybody whose follow-up is over and whose outcome is known, in the group they were given",
        question=question_of(making.plan, key),
    )


def effect(frame: Any, outcome: Outcome, making: Making) -> EffectResult:
    """Return an outcome's effect, or a description where an effect cannot be estimated."""
    arms = making.plan.arms
    if arms is None:
        return _described(outcome, making, {"everyone": _alone(frame, outcome, making)}, NO_GROUPS)
    try:
        found = estimate(frame, _design(outcome, making))
    except EstimationRefusal as refusal:
        titles = {"treatment": arms.treatment.title, "comparison": arms.comparison.title}
        summaries = {arm: ArmSummary(title=title, n=_known(frame, arm, outcome)) for arm, title in titles.items()}
        return _described(outcome, making, summaries, refusal.reason)
    if arms.assignment != "randomised":
        return _described(outcome, making, _arms(found, frame, making), NOT_BY_CHANCE)
    if found.description_only:
        return _described(outcome, making, _arms(found, frame, making), found.description_reason or "")
    return _estimated(found, frame, outcome, making)


def _design(outcome: Outcome, making: Making) -> Design:
    plan = making.plan
    randomised = plan.arms is not None and plan.arms.assignment == "randomised"
    return Design(
        outcome_type=outcome.type,
        unit=outcome.unit,
        level=plan.confidence_level,
        horizon=outcome.horizon if outcome.type == "time_to_event" else None,
        covariates=plan.adjust_for if outcome.type != "time_to_event" else (),
        assignment="randomised" if randomised else "not_randomised",
        kind="randomised" if randomised else "observational_unadjusted",
        # Of fewer than disclosure control allows nothing would be shown, and the reason given would tell how few.
        floor_per_arm=max(plan.limits.people_per_arm, minimum_count(plan)),
    )


def _known(frame: Any, arm: str, outcome: Outcome) -> int:
    column = "time" if outcome.type == "time_to_event" else "value"
    return int(frame.loc[frame["arm"] == arm, column].notna().sum())


def _base(outcome: Outcome, making: Making) -> dict[str, Any]:
    """Return what an effect says of its outcome, whatever was found."""
    return {
        "title": outcome.title,
        "tier": outcome.tier,
        "better": outcome.good_direction,
        "outcome_type": outcome.type,
        "horizon": outcome.horizon,
        "level": making.plan.confidence_level,
        "unit": "share of people" if outcome.type == "binary" else outcome.unit,
        "minimum_important_difference": outcome.minimum_important_difference,
    }


def _described(outcome: Outcome, making: Making, arms: dict[str, ArmSummary], because: str) -> EffectResult:
    """Return a description of each group without an estimate."""
    return EffectResult(
        **_base(outcome, making),
        measure="none",
        arms=arms,
        engine="description",
        why="No effect is estimated.",
        verdict="described",
        described_because=because,
    )


def _alone(frame: Any, outcome: Outcome, making: Making) -> ArmSummary:
    """Return the description of everybody, for a pilot without groups."""
    from pipelines.estimation.proportions import wilson

    values = frame["value"].dropna()
    n = int(frame["time"].notna().sum()) if outcome.type == "time_to_event" else len(values)
    if outcome.type == "binary" and n:
        events = int(values.sum())
        lower, upper = wilson(events, n, making.plan.confidence_level)
        return ArmSummary(title="Everybody", n=n, events=events, average=events / n, lower=lower, upper=upper)
    if outcome.type in ("continuous", "count") and n > 1:
        mean, spread, rests_on = float(values.mean()), float(values.std(ddof=1)), contributors(values)
        return ArmSummary(title="Everybody", n=n, average=mean, spread=spread, contributors=rests_on)
    return ArmSummary(title="Everybody", n=n)


def _arms(found: Estimate, frame: Any, making: Making) -> dict[str, ArmSummary]:
    arms = making.plan.arms
    titles = {"treatment": arms.treatment.title, "comparison": arms.comparison.title} if arms else {}
    return {
        arm: ArmSummary(
            title=title,
            n=found.n[arm],
            events=None if found.events is None else found.events[arm],
            average=found.summary[arm].mean,
            spread=None if found.summary[arm].measure == "proportion" else found.summary[arm].sd,
            lower=found.summary[arm].lower,
            upper=found.summary[arm].upper,
            censored=found.summary[arm].censored,
            contributors=None if found.events else contributors(frame.loc[frame["arm"] == arm, "value"].dropna()),
        )
        for arm, title in titles.items()
    }


def _estimated(found: Estimate, frame: Any, outcome: Outcome, making: Making) -> EffectResult:
    """Return the estimate as a result."""
    known = figures(found, outcome.good_direction, making.plan.confidence_level)
    return EffectResult(
        **_base(outcome, making),
        **known,
        arms=_arms(found, frame, making),
        engine=found.engine,
        why=found.why,
        curves=_curves(found, outcome, making),
        measure=found.measure,
    )


def figures(found: Estimate, better: Literal["higher", "lower"], level: float) -> dict[str, Any]:
    """Return the figures of an estimate as fields of a result, with the verdict that follows from them."""
    size = found.effect_size
    return {
        "value": found.value,
        "se": found.se,
        "lower": found.lower,
        "upper": found.upper,
        "df": found.df,
        "p": found.p,
        "effect_size": Interval(name=size.name, value=size.value, lower=size.lower, upper=size.upper) if size else None,
        "others": tuple(_other(other) for other in found.others),
        "detectable": detectable(found.se, found.df, level),
        "verdict": verdict(found.lower, found.upper, better),
        "warnings": found.warnings,
    }


def _other(other: Any) -> OtherEstimate:
    inference = other.result
    return OtherEstimate(
        engine=other.name,
        measure=other.measure,
        value=inference.value,
        se=inference.se,
        lower=inference.lower,
        upper=inference.upper,
        p=inference.p,
    )


def _curves(found: Estimate, outcome: Outcome, making: Making) -> dict[str, tuple[Step, ...]]:
    """Return the survival curves, thinned here because only here the events of each step are known."""
    if not outcome.horizon:
        return {}
    minimum_step, known_at = policy(making.plan).minimum_step, _told_elsewhere(outcome, making.plan)
    curves = {arm: [p for p in found.curve if p.arm == arm] for arm in dict.fromkeys(p.arm for p in found.curve)}
    return {
        arm: tuple(
            Step(time=t, share=share) for t, share in drawn(points, minimum_step, outcome.horizon, known_at).items()
        )
        for arm, points in curves.items()
    }


def _told_elsewhere(outcome: Outcome, plan: Plan) -> list[float]:
    """Return the times by which other outcomes, made from the same time and event, tell the number of events."""
    others = {o.horizon for o in plan.outcomes.values() if o.source == outcome.source and o.horizon}
    return sorted(horizon for horizon in others if horizon < (outcome.horizon or 0))


def verdict(
    lower: float | None, upper: float | None, better: Literal["higher", "lower"]
) -> Literal["better", "worse", "inconclusive"]:
    """Return where an interval of treatment minus comparison lies; touching nothing is inconclusive."""
    if lower is None or upper is None or lower <= 0 <= upper:
        return "inconclusive"
    return "better" if (lower > 0) == (better == "higher") else "worse"


def detectable(se: float | None, df: float | None, level: float) -> float | None:
    """Return the smallest true difference that an estimate as precise as this one shows 80 times in 100.

    Parameters
    ----------
    se : standard error of the estimate, in its unit; without one nothing can be said.
    df : degrees of freedom of its interval; None for a normal one.
    level : confidence level of its interval.

    Returns
    -------
    In the estimate's unit: (quantile for the level + quantile for 80 in 100) x standard error (Bloom 1995, Evaluation
    Review 19:547-556), so that it fits the interval beside it.
    """
    from scipy.stats import norm, t

    if not se:
        return None
    law = t(df) if df else norm
    return float((law.ppf(0.5 + level / 2) + law.ppf(0.8)) * se)
