"""The effect after weighting, with standard errors that account for the weights having been estimated."""

import numpy as np
from numpy.typing import ArrayLike

from pipelines.estimation.comparison_pool import ComparisonPool, independent_of_earlier, known_outcomes
from pipelines.estimation.design import COMPARISON, TREATMENT
from pipelines.estimation.influence import (
    Correction,
    Mean,
    Tilt,
    difference,
    predicted_mean,
    score_influence,
    weighted_mean,
)
from pipelines.estimation.matched_effects import ComparisonEffect
from pipelines.estimation.matching import effective_sample_size
from pipelines.estimation.propensity import Propensity
from pipelines.estimation.sample import Array
from pipelines.estimation.weighting import Weighting, tilts

STACKED = (
    "Difference of weighted means; standard error from the stacked estimating equations of means and propensity score "
    "(Lunceford & Davidian 2004), {correction}."
)
BALANCED = (
    "Difference of weighted means; standard error from the stacked estimating equations of means, weights and the "
    "treated people's averages that were balanced (Zhao & Percival 2017), {correction}."
)
SAID = {
    "HC0": "without a small-sample correction",
    "HC2": "with an HC2 correction for small samples",
    "HC3": "with an HC3 correction for small samples",
}


def weighted_effect(
    weighting: Weighting,
    outcome: ArrayLike,
    *,
    cluster: ArrayLike | None = None,
    correction: Correction = "HC2",
    level: float = 0.95,
) -> ComparisonEffect:
    """Estimate the effect in weighted arms.

    Parameters
    ----------
    weighting : Weighting
        Weights, made without looking at outcomes.
    outcome : array of float, shape (people of the caller's table,)
        In the order of the caller's table.
    cluster : array, shape (people of the caller's table,), or None
        Clusters of people who share what happens to them.
    correction : {'HC0', 'HC2', 'HC3'}
        Small-sample correction.
    level : float
        Confidence level.

    Returns
    -------
    ComparisonEffect
        In the unit of the outcome; a risk difference for 0 and 1.

    Raises
    ------
    EstimationRefusal
        If an outcome is not known, or nothing varies.

    References
    ----------
    Lunceford & Davidian 2004, Statistics in Medicine 23:2937-2960; Li, Thomas & Li 2019, American Journal of
    Epidemiology 188:250-257 (overlap weights); Zhao & Percival 2017, Journal of Causal Inference 5(1).
    """
    pool, weights = weighting.pool, weighting.weights
    values = known_outcomes(pool, outcome)
    if weighting.balance is not None:
        means = _balanced_means(weighting, values, correction)
    else:
        means = _tilted_means(weighting, values, correction)
    note = (STACKED if weighting.balance is None else BALANCED).format(correction=SAID[correction])
    return effect_of_means(pool, means, weighting, "weighted, " + weighting.method, note, (weights, level, cluster))


def effect_of_means(
    pool: ComparisonPool,
    means: tuple[Mean, Mean],
    speaks: Weighting,
    method: str,
    note: str,
    how: tuple[Array, float, ArrayLike | None],
) -> ComparisonEffect:
    """Put two means into a result; `how` is (weights, level, clusters)."""
    weights, level, cluster = how
    arms = {TREATMENT: pool.treated, COMPARISON: ~pool.treated}
    sizes = {name: effective_sample_size(weights[arm]) for name, arm in arms.items()}
    groups = None if cluster is None else pool.canonical(cluster)
    result = difference(*means, pool.treated, (sizes[TREATMENT], sizes[COMPARISON]), level, groups)
    return ComparisonEffect(
        result,
        speaks.estimand,
        speaks.sentence,
        method,
        note,
        {name: mean.value for name, mean in zip(arms, means, strict=True)},
        {name: int(arm.sum()) for name, arm in arms.items()},
        sizes,
        speaks.warnings,
    )


def tilt_of(fitted: Propensity, pool: ComparisonPool, estimand: str, correction: Correction) -> tuple[Tilt, Tilt]:
    """Weights of each arm with what they owe to the propensity score, treated first."""
    weights, slopes = tilts(fitted.score, estimand)  # type: ignore[arg-type]
    influence = score_influence(fitted, pool.treated, correction)
    treated, comparison = (Tilt(w, s, influence, fitted.design) for w, s in zip(weights, slopes, strict=True))
    return treated, comparison


def _tilted_means(weighting: Weighting, values: Array, correction: Correction) -> tuple[Mean, Mean]:
    pool, fitted = weighting.pool, weighting.propensity
    if fitted is None:
        raise ValueError("These weights do not come from a propensity score.")
    treated, comparison = tilt_of(fitted, pool, weighting.estimand, correction)
    return (
        weighted_mean(values, pool.treated, treated, correction),
        weighted_mean(values, ~pool.treated, comparison, correction),
    )


def _balanced_means(weighting: Weighting, values: Array, correction: Correction) -> tuple[Mean, Mean]:
    """Entropy balancing's means.

    Weights that hit the treated people's averages exactly leave, in the comparators' part, the residual of a weighted
    regression on what was balanced, and in the treated people's part the pull of each on those averages: solving the
    stacked equations of Zhao and Percival gives the influence of a regression-adjusted mean with these weights.
    """
    pool, balance = weighting.pool, weighting.balance
    if balance is None:
        raise ValueError("These weights do not come from entropy balancing.")
    used = independent_of_earlier(balance.moments[~pool.treated])
    columns = np.column_stack([np.ones(len(values)), balance.moments[:, used]])
    target = pool.treated / pool.treated.sum()
    everybody = np.ones((len(values), 1))
    return (
        predicted_mean(values, pool.treated, target, everybody, everybody[:, 0], correction),
        predicted_mean(values, ~pool.treated, target, columns, weighting.weights, correction),
    )
