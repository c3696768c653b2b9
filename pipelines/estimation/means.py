"""The engine for continuous and count outcomes: a difference in means."""

from dataclasses import replace
from math import sqrt

import pandas as pd
from scipy.stats import t as student

from pipelines.estimation.design import Design
from pipelines.estimation.effect_sizes import hedges_g, rate_ratio
from pipelines.estimation.headline import described_only, lead
from pipelines.estimation.result import ArmSummary, EffectSize, Estimate
from pipelines.estimation.sample import Array, Sample, below_floor, check_not_negative, draw, standing_warnings
from pipelines.estimation.welch import difference

CONSTANT = (
    "Nobody's outcome differs from anybody else's within either arm, so no uncertainty can be computed: "
    "described, not compared."
)
ONE_CONSTANT = (
    "The outcome does not vary within one arm, so the standard error rests on the other arm alone and is too small."
)
NO_RATIO = "There is no rate ratio, because an arm has no events."


def engine(frame: pd.DataFrame, design: Design) -> Estimate:
    """Difference in means, or in counts per person, with HC2 standard error.

    Parameters, result and errors as for `pipelines.estimation.estimate`. Sources: see `welch.difference`.
    """
    sample = draw(frame, ("value",))
    if design.outcome_type == "count":
        check_not_negative(sample.columns["value"], "value")
    arms = sample.by_arm("value")
    description = _describe(sample, arms, design)
    constant = [values.min() == values.max() for values in arms.values()]
    reason = below_floor(sample.n, None, design) or (CONSTANT if all(constant) else None)
    if reason:
        return described_only(description, reason)
    treatment, comparison = arms.values()
    size, said = _size(treatment, comparison, design)
    said = (*said, ONE_CONSTANT) if any(constant) else said
    description = replace(description, effect_size=size, warnings=description.warnings + said)
    return lead(description, difference(treatment, comparison, design.level), sample, design)


def summarise(values: Array, level: float) -> ArmSummary:
    """Mean of one arm with its t interval; only the mean when there is one person.

    Parameters
    ----------
    values : array of float, shape (n,)
        Outcomes, at least one.
    level : float
        Confidence level.

    Returns
    -------
    ArmSummary
        In the unit of the outcome.
    """
    mean, n = float(values.mean()), len(values)
    if n < 2:
        return ArmSummary("mean", mean)
    sd = float(values.std(ddof=1))
    half = float(student.ppf(0.5 + level / 2, n - 1)) * sd / sqrt(n)
    return ArmSummary("mean", mean, sd, sd / sqrt(n), mean - half, mean + half)


def _describe(sample: Sample, arms: dict[str, Array], design: Design) -> Estimate:
    count = design.outcome_type == "count"
    return Estimate(
        engine="difference in counts per person, HC2" if count else "difference in means, HC2",
        why="",
        measure="difference in rate" if count else "difference in means",
        unit=design.unit,
        scale=1.0,
        level=design.level,
        n=sample.n,
        missing=sample.missing,
        events=None,
        summary={arm: summarise(values, design.level) for arm, values in arms.items()},
        warnings=standing_warnings(sample, design),
    )


def _size(treatment: Array, comparison: Array, design: Design) -> tuple[EffectSize | None, tuple[str, ...]]:
    if design.outcome_type != "count":
        return hedges_g(treatment, comparison, design.level), ()
    if min(treatment.max(), comparison.max()) == 0:
        return None, (NO_RATIO,)
    return rate_ratio(treatment, comparison, design.level), ()
