"""Outcomes that stay open: what could have been seen, where they point, and what more data of the same kind would buy.

An interval that holds both no difference and one that matters answers nothing; this says what it does tell. The
probabilities of the sign rest on a normal likelihood and a stated prior: flat, or sceptical (normal around no
difference, with one chance in twenty of a difference that matters in either direction).
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping, Sequence
from math import sqrt
from typing import NamedTuple

from pipelines.findings.look import led
from pipelines.findings.making import Making
from pipelines.findings.measures import months_between
from pipelines.findings.models import EffectResult, Finding
from pipelines.findings.progress import InconclusiveResult, MoreData
from pipelines.protocol.models import Plan

SIX_MONTHS = 6.0
TAIL = 0.05
"""Chance that the sceptical prior gives to a difference that matters, in each direction."""


class Step(NamedTuple):
    """A way to more data: in words, and information in the end over information now."""

    what: str
    factor: float


def inconclusive_findings(making: Making, findings: Sequence[Finding]) -> list[Finding]:
    """Return one finding for each primary outcome that is open."""
    steps = steps_of(making.plan, making.inputs.drop)
    found = []
    for effect in findings:
        if isinstance(effect.result, EffectResult) and is_open(effect.result):
            result = inconclusive_of(effect.result, steps)
            key = effect.scope.subject
            found.append(
                making.finding(
                    f"inconclusive/{key}", result, key, effect.scope.population, effect.question, (effect.id,)
                )
            )
    return found


def is_open(result: EffectResult) -> bool:
    """Tell whether a primary outcome's interval, looks allowed for, holds both no difference and one that matters."""
    result = led(result)
    matters, lower, upper = result.minimum_important_difference, result.lower, result.upper
    if result.tier != "primary" or result.placebo or result.null or matters is None or lower is None or upper is None:
        return False
    wanted = matters if result.better == "higher" else -matters
    return result.value is not None and bool(result.se) and lower <= 0 <= upper and lower <= wanted <= upper


def steps_of(plan: Plan, drop: str) -> tuple[Step, ...]:
    """Return what one more site like this one, and six more months like those so far, would do to the information."""
    steps = [Step("One more site with as many people", 2.0)]
    try:
        so_far = months_between(plan.dates.start, dt.date.fromisoformat(drop[:10]))
    except ValueError:
        so_far = None
    if so_far and so_far >= 1:
        steps.append(Step("Six more months at the same pace", (so_far + SIX_MONTHS) / so_far))
    return tuple(steps)


def inconclusive_of(effect: EffectResult, steps: Sequence[Step]) -> InconclusiveResult:
    """Return what an open effect tells; without figures where the effect shows none."""
    matters = effect.minimum_important_difference or 0.0
    base = InconclusiveResult(
        title=effect.title,
        outcome_type=effect.outcome_type,
        unit=effect.unit,
        better=effect.better,
        level=effect.level,
        minimum_important_difference=matters,
    )
    effect = led(effect)
    lower, upper = effect.lower, effect.upper
    if effect.value is None or not effect.se or lower is None or upper is None:
        return base
    sign = 1.0 if effect.better == "higher" else -1.0
    value, se = sign * effect.value, effect.se
    update = {
        "detectable": effect.detectable,
        "width": upper - lower,
        **_chances(value, se, matters, effect.df),
        "more": tuple(_more(step, value, se, matters, _level(upper - lower, se)) for step in steps),
    }
    return base.model_copy(update={**update, "main_trial": _main_trial(effect, matters)})


def _main_trial(effect: EffectResult, matters: float) -> int | None:
    """Return people a group for the main trial, from the groups' spread as it is shown."""
    from pipelines.progression.next_phase import inflated_sd, main_trial_per_arm

    arms = [arm for arm in effect.arms.values() if arm.n is not None and arm.n > 1 and arm.average is not None]
    if len(arms) != 2 or effect.outcome_type not in ("binary", "continuous", "count"):
        return None
    df = sum((arm.n or 0) - 1 for arm in arms)
    if effect.outcome_type == "binary":
        variances = [(arm.average or 0.0) * (1 - (arm.average or 0.0)) for arm in arms]
    else:
        variances = [(arm.spread or 0.0) ** 2 for arm in arms]
    pooled = sum(((arm.n or 0) - 1) * variance for arm, variance in zip(arms, variances, strict=True)) / df
    return main_trial_per_arm(matters, inflated_sd(sqrt(pooled), df), 1 - effect.level) if pooled > 0 else None


def _chances(value: float, se: float, matters: float, df: float | None) -> Mapping[str, float]:
    """Return the probabilities of the sign and of enough, for a value that is good when it is above zero."""
    from scipy.stats import norm, t

    law = t(df) if df else norm
    scepticism = matters / float(norm.ppf(1 - TAIL))
    weight = scepticism**2 / (scepticism**2 + se**2)
    return {
        "good_sign_flat": float(law.cdf(value / se)),
        "good_sign_sceptical": float(norm.cdf(weight * value / (sqrt(weight) * se))),
        "enough_flat": float(law.cdf((value - matters) / se)),
    }


def _level(width: float, se: float) -> float:
    """Return the level that the present interval has beside its standard error.

    It is above the declared one where few people, or several looks, make the interval wider; the later interval is as
    careful as the present one.
    """
    from scipy.stats import norm

    return min(2 * float(norm.cdf(width / (2 * se))) - 1, 1 - 1e-9)


def _more(step: Step, value: float, se: float, matters: float, level: float) -> MoreData:
    from pipelines.progression.next_phase import assurance

    found = assurance(value, se, step.factor, matters, level)
    return MoreData(
        what=step.what,
        factor=step.factor,
        width=found.width,
        clear_sign=found.clear_sign,
        conclusive=found.conclusive,
    )
