"""A seeded bootstrap of a whole analysis: weights are made anew in every draw. Not for matching, where it is wrong."""

from collections.abc import Callable
from math import sqrt

import numpy as np
from numpy.typing import ArrayLike

from pipelines.estimation.comparison_pool import ComparisonPool, Rows, known_outcomes
from pipelines.estimation.refusal import EstimationRefusal
from pipelines.estimation.result import Inference
from pipelines.estimation.sample import Array

Estimator = Callable[[ComparisonPool, Array], float]
MOST_FAILURES = 0.05


def bootstrap_effect(
    pool: ComparisonPool,
    outcome: ArrayLike,
    estimator: Estimator,
    *,
    draws: int = 999,
    seed: int,
    cluster: ArrayLike | None = None,
    level: float = 0.95,
) -> Inference:
    """Repeat an analysis on people drawn again with replacement, within arms, or on clusters drawn again.

    Parameters
    ----------
    pool : ComparisonPool
        n people.
    outcome : array of float, shape (n,)
        In the order of the caller's table.
    estimator : callable
        From a pool and its outcomes to an effect, e.g. `lambda p, y: weighted_effect(weigh(p), y).result.value`. Never
        one that matches: Abadie & Imbens 2008, Econometrica 76:1537-1557, show that the bootstrap then fails.
    draws : int
        At least 99.
    seed : int
        Draw i depends on the seed and i alone, so the result is the same on any number of processes.
    cluster : array, shape (n,), or None
        Clusters in the order of the caller's table; whole clusters are drawn.
    level : float
        Confidence level.

    Returns
    -------
    Inference
        Percentile interval, standard error of the draws; no p-value.

    Raises
    ------
    EstimationRefusal
        If one draw in twenty or more cannot be analysed, or there are fewer than two clusters.

    References
    ----------
    Efron & Tibshirani 1993, An Introduction to the Bootstrap, chapter 13.
    """
    if draws < 99:
        raise ValueError("A bootstrap needs at least 99 draws.")
    values = known_outcomes(pool, outcome)
    groups = _groups(pool, cluster)
    found, failed = [], 0
    for number in range(draws):
        chosen = _drawn(groups, np.random.Generator(np.random.PCG64(np.random.SeedSequence([seed, number]))))
        try:
            found.append(estimator(_resampled(pool, chosen), values[chosen]))
        except EstimationRefusal:
            failed += 1
    if failed >= MOST_FAILURES * draws:
        raise EstimationRefusal(
            "The bootstrap is not shown: too many of its draws cannot be analysed.", "Use the formula's standard error."
        )
    value = estimator(_resampled(pool, np.arange(len(values))), values)
    lower, upper = np.quantile(found, [0.5 - level / 2, 0.5 + level / 2])
    return Inference(value, sqrt(float(np.var(found, ddof=1))), float(lower), float(upper))


def _resampled(pool: ComparisonPool, chosen: Rows) -> ComparisonPool:
    treated = pool.treated[chosen]
    if treated.all() or not treated.any():
        raise EstimationRefusal("Nobody is in one of the arms.", "Describe the arm that there is; do not compare.")
    return pool.take(chosen)


def _groups(pool: ComparisonPool, cluster: ArrayLike | None) -> list[list[Rows]]:
    """Strata of units, each unit the positions of its people: arms of single people, or one stratum of clusters."""
    if cluster is None:
        return [[np.flatnonzero(arm)[:, None]] for arm in (pool.treated, ~pool.treated)]
    labels = np.unique(pool.canonical(cluster), return_inverse=True)[1].reshape(-1)
    if labels.max() < 1:
        raise EstimationRefusal("There is only one cluster.", "Describe it; do not compare.")
    return [[np.flatnonzero(labels == label) for label in range(labels.max() + 1)]]


def _drawn(groups: list[list[Rows]], draw: np.random.Generator) -> Rows:
    pieces = []
    for units in groups:
        if len(units) == 1:
            people = units[0][:, 0]
            pieces.append(people[draw.integers(0, len(people), len(people))])
        else:
            pieces.extend(units[i] for i in draw.integers(0, len(units), len(units)))
    return np.sort(np.concatenate(pieces))
