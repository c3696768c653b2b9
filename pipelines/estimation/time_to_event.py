"""The engine for times to an event: a difference in restricted mean survival time, on everyone."""

from dataclasses import replace
from math import floor, log, log10, sqrt

import numpy as np
import pandas as pd

from pipelines.estimation.design import ARMS, COMPARISON, TREATMENT, Design
from pipelines.estimation.effect_sizes import as_effect_size
from pipelines.estimation.headline import described_only, with_result
from pipelines.estimation.kaplan_meier import Survival, curve_points, kaplan_meier, reach, restricted_mean
from pipelines.estimation.refusal import EstimationRefusal
from pipelines.estimation.result import ArmSummary, EffectSize, Estimate
from pipelines.estimation.sample import (
    Array,
    Sample,
    below_floor,
    check_not_negative,
    check_zero_one,
    draw,
    standing_warnings,
)
from pipelines.estimation.survival_beside import beside
from pipelines.estimation.welch import log_ratio, z_inference

WHY = (
    "Everyone is compared on the average time without the event up to the horizon (restricted mean survival time), "
    "which needs no proportional hazards and uses those whose follow-up ended early up to that day."
)
NO_EVENTS = (
    "Nobody in either arm had the event by the horizon, so no uncertainty can be computed: described, not compared."
)
LOPSIDED = (
    "Follow-up ended early for a clearly larger share of one arm. "
    "If people left for reasons tied to the outcome, no method here corrects that."
)
ONE_SURE = (
    "In one arm the time without the event does not vary, so the standard error rests on the other arm "
    "alone and is too small."
)
FEW_LEFT = "Few people in an arm are still followed at the horizon, so the end of its curve is uncertain."
RATIO = (
    "Restricted mean survival time in one arm over the other, interval by the delta method on the log "
    "scale (Uno et al. 2014)."
)

Means = dict[str, tuple[float, float]]


def engine(frame: pd.DataFrame, design: Design) -> Estimate:
    """Difference in restricted mean survival time up to the design's horizon.

    Parameters, result and errors as for `pipelines.estimation.estimate`; refuses also a horizon beyond either arm's
    follow-up. Later events count as none: the log-rank test and Cox's model stop at the horizon too. Source: Royston &
    Parmar 2013, BMC Medical Research Methodology 13:152.
    """
    sample = draw(frame, ("time", "event"))
    check_not_negative(sample.columns["time"], "time")
    check_zero_one(sample.columns["event"], "event")
    horizon = design.horizon or 0.0  # Design has refused a missing one
    curves = _curves(sample, horizon)
    events = {arm: int(curve.events.sum()) for arm, curve in curves.items()}
    reason = below_floor(sample.n, events, design)
    covered = _longest(sample, design) is None
    means = {arm: restricted_mean(curve, horizon) for arm, curve in curves.items()} if covered else None
    description = _describe(sample, curves, means, design)
    if reason:
        return described_only(description, reason)
    if means is None:
        raise _too_far(sample, design)
    if not any(se for _, se in means.values()):
        return described_only(description, NO_EVENTS)
    return _compare(description, sample, curves, means, design)


def _curves(sample: Sample, horizon: float) -> dict[str, Survival]:
    time, event = sample.by_arm("time"), sample.by_arm("event")
    return {arm: kaplan_meier(time[arm], event[arm], horizon) for arm in ARMS}


def _longest(sample: Sample, design: Design) -> float | None:
    """Longest horizon both arms reach, or None when the design's is within it."""
    time, event = sample.by_arm("time"), sample.by_arm("event")
    limit = min(reach(time[arm], event[arm]) for arm in ARMS)
    return limit if (design.horizon or 0.0) > limit else None


def _too_far(sample: Sample, design: Design) -> EstimationRefusal:
    """Name, to two figures (never one person's time), the longest horizon that a floor of people reach in each arm."""
    times = (np.sort(values)[::-1] for values in sample.by_arm("time").values())
    usable = float(min(values[design.floor_per_arm - 1] for values in times))
    reason = f"The horizon of {design.horizon:g} {design.unit} is longer than an arm was followed."
    if usable <= 0:
        return EstimationRefusal(reason, "Wait for a later drop: too few people have been followed for any horizon.")
    digits = 1 - floor(log10(usable))
    rounded = floor(usable * 10.0**digits + 1e-9) / 10.0**digits
    return EstimationRefusal(reason, f"Use a horizon of at most {rounded:g} {design.unit}, or wait for a later drop.")


def _describe(sample: Sample, curves: dict[str, Survival], means: Means | None, design: Design) -> Estimate:
    return Estimate(
        engine="restricted mean survival time",
        why=WHY,
        measure="difference in restricted mean survival time",
        unit=design.unit,
        scale=1.0,
        level=design.level,
        n=sample.n,
        missing=sample.missing,
        events={arm: int(curve.events.sum()) for arm, curve in curves.items()},
        summary={arm: _summarise(curves[arm], means[arm] if means else None, design.level) for arm in ARMS},
        warnings=standing_warnings(sample, design),
        curve=tuple(point for arm in ARMS for point in curve_points(curves[arm], arm, design.level)),
    )


def _summarise(curve: Survival, mean: tuple[float, float] | None, level: float) -> ArmSummary:
    measure = "restricted mean survival time"
    if mean is None:
        return ArmSummary(measure, None, censored=curve.censored)
    if mean[1] == 0:
        return ArmSummary(measure, mean[0], se=0.0, censored=curve.censored)
    result = z_inference(*mean, level)
    return ArmSummary(measure, mean[0], None, result.se, result.lower, result.upper, curve.censored)


def _compare(
    description: Estimate, sample: Sample, curves: dict[str, Survival], means: Means, design: Design
) -> Estimate:
    (r1, se1), (r0, se0) = means[TREATMENT], means[COMPARISON]
    led = with_result(description, z_inference(r1 - r0, sqrt(se1**2 + se0**2), design.level))
    others, said = beside(sample, curves, design)
    size: EffectSize | None = None
    if min(r1, r0) > 0:
        size = as_effect_size(
            "ratio of restricted mean survival times",
            log_ratio(log(r1 / r0), sqrt((se1 / r1) ** 2 + (se0 / r0) ** 2), design.level),
            RATIO,
        )
    sure = (ONE_SURE,) if min(se1, se0) == 0 else ()
    return replace(
        led,
        effect_size=size,
        others=others,
        warnings=(*led.warnings, *sure, *said, *_follow_up(sample, curves, design)),
    )


def _follow_up(sample: Sample, curves: dict[str, Survival], design: Design) -> tuple[str, ...]:
    early = [curves[arm].censored / curves[arm].n for arm in ARMS]
    thin = [_thin(values, curves[arm], design) for arm, values in sample.by_arm("time").items()]
    said = (abs(early[0] - early[1]) > 0.05, LOPSIDED), (any(thin), FEW_LEFT)
    return tuple(text for applies, text in said if applies)


def _thin(time: Array, curve: Survival, design: Design) -> bool:
    """Whether people dropped out and too few are left; few are no trouble where everyone else had the event."""
    return curve.censored > 0 and int((time >= (design.horizon or 0.0)).sum()) < design.floor_per_arm
