"""An effect computed anew from rounded figures, for profiles that round: then it can tell no more than they do."""

from __future__ import annotations

import math
from typing import Any

from pipelines.disclosure import precision
from pipelines.disclosure.counts import rounded
from pipelines.disclosure.log import Log
from pipelines.disclosure.policy import Policy
from pipelines.findings.models import ArmSummary, EffectResult, Interval, Step

RULE = "computed from rounded figures"


def recomputed(result: EffectResult, rules: Policy, log: Log) -> EffectResult:
    """Return an effect with rounded counts, and every other figure computed from these and from rounded averages.

    Parameters
    ----------
    result : an effect of which nothing has to be withheld.
    rules : limits of a profile that rounds.
    log : gets a note of it.
    """
    log.rounded("all figures", RULE)
    if result.outcome_type == "binary":
        arms = {key: _proportion(arm, result.level, rules) for key, arm in result.arms.items()}
    else:
        arms = {key: _average(arm, result, rules) for key, arm in result.arms.items()}
    plain = result.model_copy(update={"arms": arms})
    plain = plain.model_copy(update={"curves": coarse_curves(plain, rules.rounding_base // 2)})
    if result.value is None:
        return plain
    return plain.model_copy(update=_binary(plain) if result.outcome_type == "binary" else _means(plain))


def coarse_curves(result: EffectResult, uncertain: int = 0) -> dict[str, tuple[Step, ...]]:
    """Return survival curves whose shares fit every number of people nearby.

    Parameters
    ----------
    result : an effect with the exact sizes of its groups, or with rounded ones.
    uncertain : people by which a size may be off.
    """
    people = {key: max((arm.n or 1) - uncertain, 1) for key, arm in result.arms.items()}
    return {
        key: tuple(step.model_copy(update={"share": precision.share(step.share, people[key])}) for step in curve)
        for key, curve in result.curves.items()
    }


def _proportion(arm: ArmSummary, level: float, rules: Policy) -> ArmSummary:
    from pipelines.estimation.proportions import wilson

    n, events = rounded(arm.n, rules), rounded(arm.events, rules)
    if not n or events is None:
        return ArmSummary(title=arm.title, n=n, events=events)
    lower, upper = wilson(events, n, level)
    return ArmSummary(title=arm.title, n=n, events=events, average=events / n, lower=lower, upper=upper)


def _average(arm: ArmSummary, result: EffectResult, rules: Policy) -> ArmSummary:
    """Return a group with rounded counts and averages; its limits follow from them."""
    n = rounded(arm.n, rules) or 0
    people = max(n - rules.rounding_base // 2, 1)  # the fewest that a reader must reckon with
    mean, spread = (precision.mean(x, people) for x in (arm.average, arm.spread))
    half = None if mean is None else _half_width(arm, spread, n, result)
    return arm.model_copy(
        update={
            "n": n,
            "events": rounded(arm.events, rules),
            "average": mean,
            "spread": spread,
            "lower": None if mean is None or half is None else mean - half,
            "upper": None if mean is None or half is None else mean + half,
        }
    )


def _half_width(arm: ArmSummary, spread: float | None, n: int, result: EffectResult) -> float | None:
    """Return half of a group's interval: Student's t for means, the rounded standard error for survival."""
    from scipy.stats import norm
    from scipy.stats import t as student

    if result.outcome_type == "time_to_event":
        error = _survival_error(arm, result.level)
        return None if error is None else float(norm.ppf(0.5 + result.level / 2)) * error
    return (
        None if spread is None or n < 2 else float(student.ppf(0.5 + result.level / 2, n - 1)) * spread / math.sqrt(n)
    )


def _survival_error(arm: ArmSummary, level: float) -> float | None:
    """Return the standard error of a restricted mean, from its limits, to two figures."""
    from scipy.stats import norm

    if arm.lower is None or arm.upper is None:
        return None
    error = (arm.upper - arm.lower) / (2 * float(norm.ppf(0.5 + level / 2)))
    return precision.like(error, error)


def _binary(result: EffectResult) -> dict[str, Any]:
    """Estimate again from people made up after the rounded counts; covariates have no part in it."""
    import pandas as pd

    from pipelines.estimation import Design, estimate
    from pipelines.findings.outcomes import figures

    rows = [
        (key, float(number < (arm.events or 0))) for key, arm in result.arms.items() for number in range(arm.n or 0)
    ]
    design = Design("binary", result.unit, level=result.level, floor_per_arm=2)
    found = estimate(pd.DataFrame(rows, columns=["arm", "value"]), design, beside=False)
    return figures(found, result.better, result.level) | {"warnings": result.warnings}


def _means(result: EffectResult) -> dict[str, Any]:
    """Compare rounded averages; what needs the people themselves is left out."""
    from pipelines.estimation.welch import t_inference, z_inference
    from pipelines.findings.outcomes import detectable, verdict

    treated, compared = result.arms["treatment"], result.arms["comparison"]
    errors = [_error(arm, result) for arm in (treated, compared)]
    value, se = (treated.average or 0.0) - (compared.average or 0.0), math.hypot(*errors)
    if result.outcome_type == "time_to_event":
        inference = z_inference(value, se, result.level)
    else:
        inference = t_inference(value, se, _welch(errors, (treated.n or 2, compared.n or 2)), result.level)
    return {
        "value": value,
        "se": se,
        "lower": inference.lower,
        "upper": inference.upper,
        "df": inference.df,
        "p": inference.p,
        "effect_size": _size(result, errors),
        "others": (),
        "detectable": detectable(se, inference.df, result.level),
        "verdict": verdict(inference.lower, inference.upper, result.better),
    }


def _error(arm: ArmSummary, result: EffectResult) -> float:
    """Return the standard error of a group's rounded average, which its rounded limits carry."""
    if result.outcome_type == "time_to_event":
        return _survival_error(arm, result.level) or 0.0
    return (arm.spread or 0.0) / math.sqrt(arm.n or 1)


def _welch(errors: list[float], n: tuple[int, int]) -> float:
    """Degrees of freedom of Welch (1947)."""
    squares = [error**2 for error in errors]
    return float(sum(squares) ** 2 / sum(square**2 / (people - 1) for square, people in zip(squares, n, strict=True)))


def _size(result: EffectResult, errors: list[float]) -> Interval | None:
    """Return the effect size of the rounded averages: Hedges' g, or a ratio."""
    from pipelines.estimation.effect_sizes import hedges_g_from_summary
    from pipelines.estimation.welch import log_ratio

    arms = (result.arms["treatment"], result.arms["comparison"])
    means = [arm.average or 0.0 for arm in arms]
    if result.effect_size is None:
        return None
    if result.outcome_type == "continuous":
        spreads = (arms[0].spread or 0.0, arms[1].spread or 0.0)
        g = hedges_g_from_summary((means[0], means[1]), spreads, (arms[0].n or 2, arms[1].n or 2), result.level)
        return Interval(name=g.name, value=g.value, lower=g.lower, upper=g.upper)
    if min(means) <= 0:
        return None
    relative = math.hypot(*(error / mean for error, mean in zip(errors, means, strict=True)))
    ratio = log_ratio(math.log(means[0] / means[1]), relative, result.level)
    return Interval(name=result.effect_size.name, value=ratio.value, lower=ratio.lower, upper=ratio.upper)
