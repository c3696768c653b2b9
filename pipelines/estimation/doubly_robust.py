"""Regression adjustment, alone or together with the propensity score (doubly robust)."""

from dataclasses import replace
from typing import Literal

import numpy as np
from numpy.typing import ArrayLike

from pipelines.estimation.comparison_pool import ComparisonPool, independent_of_earlier, known_outcomes
from pipelines.estimation.influence import (
    Correction,
    Mean,
    Tilt,
    corrected,
    predicted_mean,
    regression,
)
from pipelines.estimation.matched_effects import ComparisonEffect
from pipelines.estimation.refusal import EstimationRefusal
from pipelines.estimation.sample import Array
from pipelines.estimation.weighted_effects import SAID, effect_of_means, tilt_of
from pipelines.estimation.weighting import FOR_WHOM, Weighting, weigh

Adjustment = Literal["aipw", "regression"]

NOTES = {
    "aipw": (
        "Augmented inverse-probability weighting with a linear outcome regression in each arm and normalised weights: "
        "right if either the propensity score or the regressions are (Robins, Rotnitzky & Zhao 1994); stacked "
        "estimating equations, {correction}."
    ),
    "regression": (
        "Linear outcome regression in each arm (every covariate interacted with treatment, Lin 2013), predicted for "
        "the people named; the standard error counts the regressions and whom they are predicted for, "
        "{correction}."
    ),
}
METHODS = {
    "aipw": "augmented inverse-probability weighting (doubly robust)",
    "regression": "regression adjustment with every covariate interacted with treatment",
}


def doubly_robust(
    pool: ComparisonPool,
    outcome: ArrayLike,
    method: Adjustment = "aipw",
    estimand: Literal["ATT", "ATE"] = "ATT",
    *,
    cluster: ArrayLike | None = None,
    correction: Correction = "HC2",
    level: float = 0.95,
) -> ComparisonEffect:
    """Adjust for covariates by regression, with or without weights.

    Parameters
    ----------
    pool : ComparisonPool
        n people, k covariates.
    outcome : array of float, shape (n,)
        In the order of the caller's table.
    method : {'aipw', 'regression'}
        Doubly robust, or outcome regression alone (g-computation).
    estimand : {'ATT', 'ATE'}
        For whom.
    cluster : array, shape (n,), or None
        Clusters of people who share what happens to them.
    correction : {'HC0', 'HC2', 'HC3'}
        Small-sample correction.
    level : float
        Confidence level.

    Returns
    -------
    ComparisonEffect
        In the unit of the outcome; for 0 and 1 the regressions are linear probability models.

    Raises
    ------
    EstimationRefusal
        If an outcome is not known, an arm has too few people for the regression, or covariates separate the arms.

    References
    ----------
    Robins, Rotnitzky & Zhao 1994, JASA 89:846-866; Lin 2013, Annals of Applied Statistics 7:295-318; Moodie, Saarela &
    Stephens 2018, Statistics in Medicine 37 (ATT).
    """
    values = known_outcomes(pool, outcome)
    target = pool.treated / pool.treated.sum() if estimand == "ATT" else np.full(len(values), 1 / len(values))
    speaks = _weighting(pool, method, estimand)
    if method == "aipw" and speaks.propensity is not None:
        tilts = tilt_of(speaks.propensity, pool, estimand, correction)
    else:
        tilts = None
    means = []
    for place, arm in enumerate((pool.treated, ~pool.treated)):
        columns = _regressors(pool, arm, alone=estimand == "ATT" and place == 0)
        plain = predicted_mean(values, arm, target, columns, np.ones(len(values)), correction)
        means.append(plain if tilts is None else _augmented(values, arm, plain, columns, tilts[place], correction))
    note = NOTES[method].format(correction=SAID[correction])
    how = (speaks.weights, level, cluster)
    return effect_of_means(pool, (means[0], means[1]), speaks, method, note, how)


def _augmented(
    outcome: Array, arm: np.ndarray, plain: Mean, columns: Array, tilt: Tilt, correction: Correction
) -> Mean:
    """Add the weighted mean of the regression's residuals, and their influence through both models."""
    coefficients, influence = regression(outcome, arm, columns, np.ones(len(outcome)), correction)
    weights = np.where(arm, tilt.weights, 0.0) / tilt.weights[arm].sum()
    raw = np.where(arm, outcome - columns @ coefficients, 0.0)
    value = float(weights @ raw)
    residual = np.where(arm, raw - value, 0.0)
    gradient = (np.where(arm, tilt.slope, 0.0) * residual) @ tilt.design / tilt.weights[arm].sum()
    own = weights * corrected(residual, weights, correction)
    added = own + tilt.score_influence @ gradient - influence @ (weights @ columns)
    return Mean(plain.value + value, plain.influence + added)


def _regressors(pool: ComparisonPool, arm: np.ndarray, alone: bool) -> Array:
    """Intercept and the covariates that vary in the arm; the intercept alone where an arm is its own target."""
    ones = np.ones((len(arm), 1))
    if alone:
        return ones
    used = independent_of_earlier(pool.columns[arm])
    if arm.sum() < used.sum() + 10:
        raise EstimationRefusal(
            "An arm has too few people for a regression on this many covariates.", "Use fewer covariates, or match."
        )
    columns = pool.columns[:, used]
    return np.column_stack([ones, (columns - columns.mean(axis=0)) / columns.std(axis=0)])


def _weighting(pool: ComparisonPool, method: Adjustment, estimand: Literal["ATT", "ATE"]) -> Weighting:
    """Return the weights of the propensity score, or equal weights for regression alone, with the sentence."""
    sentence = f"The {FOR_WHOM[estimand]}, by {METHODS[method]}."
    if method == "aipw":
        found = weigh(pool, "ipw", estimand)
        return replace(found, sentence=sentence)
    ones = np.ones(len(pool.treated))
    return Weighting(
        pool, ones.astype(bool), ones, "ipw", estimand, sentence, {}, None, None, (*pool.warnings, EXTRAPOLATES)
    )


EXTRAPOLATES = "Regression alone extends a straight line to where one arm has nobody: look at the overlap beside it."
