"""Effects: each outcome's estimate as a finding. The statistics belong in pipelines.estimation."""

from __future__ import annotations

from typing import Any, Literal

from pipelines.disclosure.counts import contributors
from pipelines.disclosure.curves import drawn
from pipelines.disclosure.policy import policy
from pipelines.estimation import Design, Estimate, EstimationRefusal, estimate
from pipelines.estimation.design import BASELINE, BY_CHANCE, UNIT
from pipelines.findings.beside import beside
from pipelines.findings.frames import outcome_frame
from pipelines.findings.looking import NOT_DUE, Looking, Register, planned_looks, register_of
from pipelines.findings.making import Making, fewest_per_arm, question_of
from pipelines.findings.models import (
    ArmSummary,
    EffectResult,
    Finding,
    Interval,
    OtherEstimate,
    Step,
)
from pipelines.findings.multiplicity import with_adjusted_p
from pipelines.findings.placebos import with_placebos
from pipelines.findings.verdicts import verdict as verdict
from pipelines.protocol.designs import ALONE
from pipelines.protocol.models import Plan
from pipelines.protocol.outcomes import Outcome
from pipelines.protocol_lock import note_seen, rehearsing, sealed

TABLES = (
    "validated.cases",
    "validated.outcomes",
    "validated.assessments",
    "analysis.participants",
)
NOT_BY_CHANCE = (
    "The groups were not formed by chance, and the protocol declares no design that would make them comparable. "
    "Each group is described; the difference between them is not an effect."
)
NO_GROUPS = "Nobody is compared with anybody in this pilot."
COUNTED = {
    "interrupted_time_series": "every period of the series",
    "staggered": "every unit in every period in which its outcome is known",
    "panel": "every unit in every period in which its outcome is known",
    "before_after": "everybody whose outcome is known before and after",
    "instrumental": "everybody whose outcome, dose, instruments and covariates are known",
    "matched": "everybody in the treatment group who has a match, with their matches",
}
OF_ANOTHER_KIND = ("ordinal", "time_to_event")
"""Types whose figure may be a chance or a share, to which a difference that was set in their own unit says nothing."""
EVERYBODY = "everybody whose follow-up is over and whose outcome is known, in the group they were given"


def looked_at_findings(making: Making) -> list[Finding]:
    """Return the findings of each outcome as somebody is about to see them: every estimate is a look, and noted.

    Made-up data that an unlocked protocol is tried out with are looked at for free.
    """
    return outcome_findings(making, None if rehearsing(making.site) else register_of(making.site))


def held_back(making: Making, key: str) -> str:
    """Return why nobody may see an outcome now, in a sentence; empty where a look may be taken, or none are planned."""
    if planned_looks(making, key) is None or rehearsing(making.site):
        return ""
    outcome = making.plan.outcomes[key]
    try:
        frame = outcome_frame(making, key, outcome)
        looking = Looking(making, key, outcome, frame, _design(outcome, making), register_of(making.site))
    except EstimationRefusal:
        return NOT_DUE
    refused = looking.refused()
    return refused[0] if refused else ""


def outcome_findings(making: Making, register: Register | None = None) -> list[Finding]:
    """Return the findings of each outcome, primary ones first: its effect, and what stands beside it.

    While outcomes are sealed there are none.

    Parameters
    ----------
    making : what they have in common.
    register : the looks that were taken, to which these are added. Without it nobody looks: nothing is noted, refused
        or widened.
    """
    if sealed(making.site):
        return []
    order = {"primary": 0, "secondary": 1, "exploratory": 2}
    outcomes = sorted(making.plan.outcomes.items(), key=lambda item: order[item[1].tier])
    made = {key: (outcome, *_made(making, key, outcome, register)) for key, outcome in outcomes}
    frames = {key: frame for key, (_, frame, _, _) in made.items()}
    if any(frame is not None for frame in frames.values()):  # of the others nothing is told but how many are known
        note_seen(making.site)
    adjusted = with_adjusted_p({key: result for key, (_, _, result, _) in made.items()}, making.plan, frames)
    effects = [_finding(making, key, outcome, adjusted[key]) for key, (outcome, *_) in made.items()]
    estimates = with_placebos({key: (outcome, found) for key, (outcome, _, _, found) in made.items()})
    return [*effects, *(f for key, (outcome, found) in estimates.items() for f in beside(making, key, outcome, found))]


def _made(
    making: Making, key: str, outcome: Outcome, register: Register | None
) -> tuple[Any, EffectResult, Estimate | None]:
    """Return an outcome's rows, effect and estimate; a description where its rows cannot be read or no look is due."""
    try:
        frame = outcome_frame(making, key, outcome)
    except EstimationRefusal as refusal:
        return None, _described(outcome, making, {}, str(refusal)), None
    if register is None:
        return frame, *effect(frame, outcome, making)
    try:
        looking = Looking(making, key, outcome, frame, _design(outcome, making), register)
    except EstimationRefusal:
        return frame, *effect(frame, outcome, making)  # which says why
    refused = looking.refused()
    if refused is not None:
        arms = _counted(frame, outcome, making.plan) or {"everyone": ArmSummary(title="Everybody", n=looking.people)}
        waiting = _described(outcome, making, arms, refused[0])
        return None, waiting.model_copy(update={"look": refused[1]}), None
    result, found = effect(frame, outcome, making)
    return frame, looking.applied(result), found


def _finding(making: Making, key: str, outcome: Outcome, result: EffectResult) -> Finding:
    design = making.plan.design
    return making.finding(
        f"effect/{key}/{outcome.tier}",
        result,
        subject=key,
        population=COUNTED.get(design.kind if design else "", EVERYBODY),
        question=question_of(making.plan, key),
    )


def effect(frame: Any, outcome: Outcome, making: Making) -> tuple[EffectResult, Estimate | None]:
    """Return an outcome's effect and its estimate, or a description where an effect cannot be estimated."""
    plan = making.plan
    design = plan.design
    if plan.arms is None and (design is None or design.kind not in ALONE):
        return _described(outcome, making, {"everyone": _alone(frame, outcome, making)}, NO_GROUPS), None
    try:
        found = estimate(frame, _design(outcome, making))
    except EstimationRefusal as refusal:
        return _described(outcome, making, _counted(frame, outcome, plan), str(refusal)), None
    if plan.arms and plan.arms.assignment != "randomised" and design is None:
        return _described(outcome, making, _arms(found, frame, making), NOT_BY_CHANCE), None
    if found.description_only:
        return _described(outcome, making, _arms(found, frame, making), found.description_reason or ""), None
    return _estimated(found, frame, outcome, making), found


def _counted(frame: Any, outcome: Outcome, plan: Plan) -> dict[str, ArmSummary]:
    """Return the groups with the number whose outcome is known: what can be said where an estimate was refused."""
    if plan.arms is None or "arm" not in frame:
        return {}
    titles = {"treatment": plan.arms.treatment.title, "comparison": plan.arms.comparison.title}
    return {arm: ArmSummary(title=title, n=_known(frame, arm, outcome)) for arm, title in titles.items()}


def _design(outcome: Outcome, making: Making) -> Design:
    plan, declared = making.plan, making.plan.design
    randomised = plan.arms is not None and plan.arms.assignment == "randomised"
    default: Any = "randomised" if randomised else "observational_unadjusted"
    return Design(
        outcome_type=outcome.type,
        unit=outcome.unit,
        level=plan.confidence_level,
        horizon=outcome.horizon if outcome.type == "time_to_event" else None,
        covariates=_covariates(outcome, plan),
        assignment="randomised" if randomised else "not_randomised",
        kind=declared.kind if declared else default,
        floor_per_arm=fewest_per_arm(plan),
        floor_events=plan.limits.events_per_arm or None,
        adjusted=outcome.type != "time_to_event" and _leads_adjusted(outcome, plan),
        declared=declared,
        doubts=plan.doubts,
        minimum_important_difference=outcome.minimum_important_difference,
        higher_is_better=outcome.good_direction == "higher",
        floor_clusters=plan.limits.clusters_per_arm,
        floor_periods=plan.limits.periods_before,
        at=outcome.at,
        baseline_at=outcome.baseline_at,
        seed=plan.seed,
    )


def _covariates(outcome: Outcome, plan: Plan) -> tuple[str, ...]:
    """Return the columns to adjust for: those of the design, or of the whole protocol, and the outcome's baseline."""
    declared = tuple(getattr(plan.design, "by", ())) or plan.adjust_for
    by_chance = plan.design is None or plan.design.kind in BY_CHANCE
    if by_chance and outcome.type == "time_to_event":
        return plan.adjust_for if plan.design is not None else ()
    return (*declared, BASELINE) if by_chance and outcome.baseline else declared


def _leads_adjusted(outcome: Outcome, plan: Plan) -> bool:
    """Whether the protocol put the adjusted estimate first: by saying so, or by naming the outcome's baseline."""
    by_chance = plan.arms is not None and plan.arms.assignment == "randomised"
    baseline = bool(outcome.baseline) and (plan.design is None or plan.design.kind in BY_CHANCE)
    return by_chance and (baseline or (bool(getattr(plan.design, "adjusted", False)) and bool(plan.adjust_for)))


def _known(frame: Any, arm: str, outcome: Outcome) -> int:
    known = frame[(frame["arm"] == arm) & frame["time" if outcome.type == "time_to_event" else "value"].notna()]
    # In the assessments a person has a row for each period.
    return int(known[UNIT].nunique()) if UNIT in known else len(known)


def _base(outcome: Outcome, making: Making) -> dict[str, Any]:
    """Return what an effect says of its outcome, whatever was found."""
    return {
        "title": outcome.title,
        "tier": outcome.tier,
        "better": outcome.good_direction,
        "outcome_type": outcome.type,
        "placebo": outcome.placebo,
        "design": making.plan.design.kind if making.plan.design else "",
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
    """Return each group as the estimate describes it."""
    arms = making.plan.arms
    titles = {"treatment": arms.treatment.title, "comparison": arms.comparison.title} if arms else {}
    named = {**titles, **found.arm_titles}
    return {arm: _arm(found, frame, arm, named[arm]) for arm in ("treatment", "comparison") if arm in named}


def _arm(found: Estimate, frame: Any, arm: str, title: str) -> ArmSummary:
    summary = found.summary[arm]
    return ArmSummary(
        title=title,
        n=found.n[arm],
        events=None if found.events is None else found.events[arm],
        average=summary.mean,
        spread=None if summary.measure == "proportion" else summary.sd,
        lower=summary.lower,
        upper=summary.upper,
        censored=summary.censored,
        contributors=_resting_on(found, frame, arm),
    )


def _resting_on(found: Estimate, frame: Any, arm: str) -> int | None:
    """Return the fewest people that a group's figures rest on, for disclosure control."""
    told = found.summary[arm].contributors
    # Where the design makes the groups, a row of the frame is no person of one of them.
    if told is not None or found.events or found.arm_titles:
        return told
    return contributors(frame.loc[frame["arm"] == arm, "value"].dropna())


def _estimated(found: Estimate, frame: Any, outcome: Outcome, making: Making) -> EffectResult:
    """Return the estimate as a result."""
    known = figures(found, outcome.good_direction, making.plan.confidence_level)
    base = _base(outcome, making)
    if outcome.type != "binary" and not found.null:
        base["unit"] = found.unit
    if found.unit != outcome.unit and outcome.type in OF_ANOTHER_KIND:
        base["minimum_important_difference"] = None
    return EffectResult(
        **base,
        **known,
        arms=_arms(found, frame, making),
        engine=found.engine,
        why=found.why,
        curves=_curves(found, outcome, making),
        measure=found.measure,
        estimand=found.estimand,
        advice=found.advice,
        residual_df=found.residual_df,
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
        "null": found.null,
        "detectable": None if found.null else detectable(found.se, found.df, level),
        "verdict": verdict(found.lower, found.upper, better, found.null),
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
        refused=other.refused,
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
