"""Weights that make the arms alike; nothing here sees an outcome.

Belongs here: inverse-probability, overlap and entropy-balancing weights, and for whom the answer then speaks. Effects
are in `weighted_effects`, balance in `comparison_balance`.
"""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Literal

import numpy as np

from pipelines.estimation.comparison_pool import ComparisonPool, Mask
from pipelines.estimation.design import COMPARISON, TREATMENT
from pipelines.estimation.entropy_balancing import EntropyBalance, entropy_balance
from pipelines.estimation.matching import effective_sample_size
from pipelines.estimation.propensity import Propensity, propensity
from pipelines.estimation.refusal import EstimationRefusal
from pipelines.estimation.sample import Array

Method = Literal["ipw", "overlap", "entropy"]
Estimand = Literal["ATT", "ATE", "ATO"]

FOR_WHOM = {
    "ATT": "average effect on the treated (ATT)",
    "ATE": "average effect on everybody in the comparison (ATE)",
    "ATO": "average effect on people who could well have been in either arm (overlap population, ATO)",
}
METHODS = {
    "ipw": "inverse-probability weights from a logistic propensity score, normalised within arms (Hajek)",
    "overlap": "overlap weights from a logistic propensity score (Li, Morgan & Zaslavsky 2018)",
    "entropy": "entropy balancing (Hainmueller 2012)",
}
CONCENTRATED = (
    "A few people carry most of the weight in an arm: the effective sample size is less than a tenth of the people in "
    "it, and the result follows those few."
)
TRIMMED = "People whose propensity score lies outside the declared limits are left out, and the score was fitted again."


@dataclass(frozen=True)
class Weighting:
    """Weights for two arms. Arrays are in the order of `pool`.

    Parameters
    ----------
    pool : ComparisonPool
        The people who are weighted (those left after trimming).
    kept : array of bool, shape (people of the caller's table,)
        False for people trimmed, in the order of the caller's table.
    weights : array of float, shape (n,)
        With mean 1 within each arm.
    method : str
        'ipw', 'overlap' or 'entropy'.
    estimand : str
        'ATT', 'ATE' or 'ATO'.
    sentence : str
        Estimand and method, for a report.
    effective_sample_size : mapping of arm to float
        Kish's.
    propensity : Propensity or None
        The score behind the weights.
    balance : EntropyBalance or None
        What entropy balancing balanced.
    warnings : tuple of str
        Plain sentences, free of counts.
    """

    pool: ComparisonPool
    kept: Mask
    weights: Array
    method: Method
    estimand: Estimand
    sentence: str
    effective_sample_size: Mapping[str, float]
    propensity: Propensity | None
    balance: EntropyBalance | None
    warnings: tuple[str, ...]

    def weights_as_given(self) -> Array:
        """Weights in the order of the caller's table, 0 for people trimmed; shape (people of the table,)."""
        return self.pool.as_given(self.weights)


def weigh(
    pool: ComparisonPool,
    method: Method = "entropy",
    estimand: Estimand = "ATT",
    *,
    variances: bool = False,
    trim: tuple[float, float] | None = None,
) -> Weighting:
    """Weight the arms to be alike.

    Parameters
    ----------
    pool : ComparisonPool
        n people.
    method : {'ipw', 'overlap', 'entropy'}
        'ipw' answers ATT or ATE, 'overlap' ATO, 'entropy' ATT.
    estimand : {'ATT', 'ATE', 'ATO'}
        For whom.
    variances : bool
        Entropy balancing only: balance variances as well as means.
    trim : tuple of float or None
        Propensity scores outside these limits are left out and the score is fitted again; the estimand is then about
        people within them. 'ipw' only.

    Returns
    -------
    Weighting
        Weights with mean 1 in each arm.

    Raises
    ------
    EstimationRefusal
        If covariates separate the arms, entropy balancing is infeasible, trimming empties an arm, or one person would
        carry an arm alone.
    ValueError
        If options contradict each other.

    References
    ----------
    Hirano, Imbens & Ridder 2003, Econometrica 71:1161-1189; Li, Morgan & Zaslavsky 2018, JASA 113:390-400; Hainmueller
    2012, Political Analysis 20:25-46; Crump et al. 2009, Biometrika 96:187-199 (trimming).
    """
    _check_options(method, estimand, variances, trim)
    warnings = pool.warnings
    balance = fitted = None
    if method == "entropy":
        balance = entropy_balance(pool.columns, pool.treated, pool.names, variances)
        raw = np.ones(len(pool.treated))
        raw[~pool.treated] = balance.weights
    else:
        fitted = propensity(pool)
        if trim is not None:
            kept = (fitted.score >= trim[0]) & (fitted.score <= trim[1])
            if not kept.all():
                pool, fitted, warnings = *_trimmed(pool, kept), (*warnings, TRIMMED)
        raw = np.where(pool.treated, *tilts(fitted.score, estimand)[0])
    weights, sizes = _normalised(raw, pool.treated)
    if any(size < 0.1 * (pool.treated == arm).sum() for size, arm in zip(sizes.values(), (True, False), strict=True)):
        warnings = (*warnings, CONCENTRATED)
    within = "" if trim is None else f", among people with a propensity score from {trim[0]:g} to {trim[1]:g}"
    also = " on means and variances" if variances else " on means" if method == "entropy" else ""
    sentence = f"The {FOR_WHOM[estimand]}{within}, by {METHODS[method]}{also}."
    kept = pool.as_given(np.ones(len(pool.treated), dtype=bool))
    return Weighting(pool, kept, weights, method, estimand, sentence, sizes, fitted, balance, warnings)


def tilts(score: Array, estimand: Estimand) -> tuple[tuple[Array, Array], tuple[Array, Array]]:
    """Weights of treated and comparators at each score, and their derivatives by the logit.

    Parameters
    ----------
    score : array of float, shape (n,)
        Propensity scores.
    estimand : {'ATT', 'ATE', 'ATO'}
        For whom.

    Returns
    -------
    tuple of tuple of array
        (treated, comparison) weights, then derivatives.
    """
    odds = score / (1 - score)
    one, zero, both = np.ones_like(score), np.zeros_like(score), score * (1 - score)
    if estimand == "ATT":
        return (one, odds), (zero, odds)
    if estimand == "ATE":
        return (1 / score, 1 / (1 - score)), (-1 / odds, odds)
    return (1 - score, score), (-both, both)


def _check_options(method: str, estimand: str, variances: bool, trim: tuple[float, float] | None) -> None:
    answers = {"ipw": ("ATT", "ATE"), "overlap": ("ATO",), "entropy": ("ATT",)}
    if estimand not in answers.get(method, ()):
        raise ValueError("This kind of weights does not answer that estimand.")
    if (variances and method != "entropy") or (trim is not None and method != "ipw"):
        raise ValueError("Only entropy balancing balances variances, and only inverse-probability weights are trimmed.")
    if trim is not None and not 0 <= trim[0] < trim[1] <= 1:
        raise ValueError("Limits of the propensity score must rise and lie between 0 and 1.")


def _trimmed(pool: ComparisonPool, kept: Mask) -> tuple[ComparisonPool, Propensity]:
    treated = pool.treated[kept]
    if treated.all() or not treated.any():
        raise EstimationRefusal(
            "There is no overlap: within the declared limits of the propensity score an arm is empty.",
            "Declare wider limits, or describe without comparing.",
        )
    left = replace(pool, columns=pool.columns[kept], treated=treated, row=pool.row[kept])
    return left, propensity(left)


def _normalised(raw: Array, treated: Mask) -> tuple[Array, dict[str, float]]:
    weights, sizes = raw.copy(), {}
    for name, arm in ((TREATMENT, treated), (COMPARISON, ~treated)):
        weights[arm] /= weights[arm].max()
        weights[arm] *= arm.sum() / weights[arm].sum()
        sizes[name] = effective_sample_size(weights[arm])
        if sizes[name] < min(1.5, arm.sum()):
            raise EstimationRefusal(
                "There is hardly any overlap: one person would carry an arm alone.",
                "Use overlap weights, trim the propensity score by limits declared beforehand, or do not compare.",
            )
    return weights, sizes
