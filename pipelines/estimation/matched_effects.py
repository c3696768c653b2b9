"""The effect after matching: a weighted difference, or a weighted regression, with errors that know the sets."""

from collections.abc import Mapping
from dataclasses import dataclass
from math import sqrt
from typing import Literal

import numpy as np
from numpy.typing import ArrayLike

from pipelines.estimation import mahalanobis, nearest
from pipelines.estimation.comparison_pool import independent_of_earlier, outcomes
from pipelines.estimation.design import COMPARISON, TREATMENT
from pipelines.estimation.matching import Matching, effective_sample_size
from pipelines.estimation.nearest import NOBODY, Integers
from pipelines.estimation.refusal import EstimationRefusal
from pipelines.estimation.result import Inference
from pipelines.estimation.sample import MISSING, Array
from pipelines.estimation.welch import t_inference, z_inference

PAIRS = (
    "Weighted least squares on the matched people; standard error clustered on the matched set, with the factor "
    "G/(G-1) x (N-1)/(N-K); Student's t with G-1 degrees of freedom (Abadie & Spiess 2022)."
)
PAIRS_AND_PEOPLE = (
    "Weighted least squares on the matched people, a row for each time a comparator serves; standard error clustered "
    "on both set and person (Cameron, Gelbach & Miller 2011), never below either alone."
)
ABADIE_IMBENS = (
    "Matching estimator with Abadie and Imbens's 2006 variance, from the nearest people of the same arm. It takes the "
    "propensity score, where there is one, as known."
)


@dataclass(frozen=True)
class ComparisonEffect:
    """The effect of treatment estimated from a comparison group.

    Parameters
    ----------
    result : Inference
        Treatment minus comparison, in the unit of the outcome (a risk difference for 0 and 1).
    estimand : str
        For whom.
    sentence : str
        Estimand and method, for a report.
    method : str
        Stable name of the estimator.
    note : str
        How the standard error was made.
    mean : mapping of arm to float
        Weighted means whose difference the effect is; with covariates, before adjustment.
    n : mapping of arm to int
        People used. Exact: not yet disclosure-checked.
    effective_sample_size : mapping of arm to float
        Kish's.
    warnings : tuple of str
        Plain sentences, free of counts.
    """

    result: Inference
    estimand: str
    sentence: str
    method: str
    note: str
    mean: Mapping[str, float]
    n: Mapping[str, int]
    effective_sample_size: Mapping[str, float]
    warnings: tuple[str, ...] = ()


@dataclass(frozen=True)
class _Expanded:
    """One row for each person in each set."""

    set: Integers
    person: Integers
    weight: Array
    treated: Array
    outcome: Array


def matched_effect(
    matching: Matching,
    outcome: ArrayLike,
    *,
    covariates: bool = False,
    se: Literal["cluster", "abadie_imbens"] = "cluster",
    level: float = 0.95,
) -> ComparisonEffect:
    """Estimate the effect in matched sets.

    Parameters
    ----------
    matching : Matching
        Sets, made without looking at outcomes.
    outcome : array of float, shape (n,)
        In the order of the caller's table; NaN for unknown.
    covariates : bool
        Adjust for the pool's covariates by regression in the matched sets.
    se : {'cluster', 'abadie_imbens'}
        'abadie_imbens' needs matching with replacement and no covariates.
    level : float
        Confidence level.

    Returns
    -------
    ComparisonEffect
        In the unit of the outcome.

    Raises
    ------
    EstimationRefusal
        If fewer than two sets have known outcomes, nothing varies, or there are too many covariates.
    ValueError
        If options contradict each other.

    Notes
    -----
    Where an outcome is unknown the person leaves the set, whose other comparators share the weight; a set without
    treated person or comparators is left out.

    References
    ----------
    Abadie & Spiess 2022, JASA 117:983-995; Cameron, Gelbach & Miller 2011, JBES 29:238-249; Abadie & Imbens 2006,
    Econometrica 74:235-267.
    """
    if se == "abadie_imbens" and (covariates or not matching.replace):
        raise ValueError("Abadie and Imbens's variance is for matching with replacement, without covariates.")
    values = outcomes(matching.pool, outcome)
    rows = _expand(matching, values)
    if se == "abadie_imbens":
        result, note = _abadie_imbens(matching, values, rows, level), ABADIE_IMBENS
    else:
        result, note = _regression(matching, rows, covariates, level)
    warnings = matching.warnings + ((MISSING,) if np.isnan(values[matching.weights > 0]).any() else ())
    method = "matched, adjusted" if covariates else "matched"
    return _effect(matching, rows, result, method, note, warnings)


def _effect(
    matching: Matching, rows: _Expanded, result: Inference, method: str, note: str, warnings: tuple[str, ...]
) -> ComparisonEffect:
    arms = {TREATMENT: rows.treated == 1, COMPARISON: rows.treated == 0}
    per_person = np.bincount(rows.person, weights=rows.weight, minlength=len(matching.weights)).astype(float)
    by_arm = {TREATMENT: per_person[matching.pool.treated], COMPARISON: per_person[~matching.pool.treated]}
    return ComparisonEffect(
        result,
        matching.estimand,
        matching.sentence,
        method,
        note,
        {arm: float(np.average(rows.outcome[of], weights=rows.weight[of])) for arm, of in arms.items()},
        {arm: int(np.count_nonzero(weight)) for arm, weight in by_arm.items()},
        {arm: effective_sample_size(weight) for arm, weight in by_arm.items()},
        warnings,
    )


def _expand(matching: Matching, values: Array) -> _Expanded:
    """One row per treated person and per comparator of every set whose outcomes allow a comparison."""
    partners = matching.partners
    held = (partners != NOBODY) & ~np.isnan(values[np.maximum(partners, 0)])
    kept = held.any(axis=1) & ~np.isnan(values[matching.people])
    if kept.sum() < 2:
        raise EstimationRefusal(
            "Fewer than two matched sets have known outcomes.", "Describe the people; do not compare."
        )
    held &= kept[:, None]
    sets = np.flatnonzero(kept)
    inside, _ = np.nonzero(held)
    person = np.concatenate([matching.people[sets], partners[held]])
    weight = np.concatenate([np.ones(len(sets)), 1 / held.sum(axis=1)[inside]])
    treated = np.concatenate([np.ones(len(sets)), np.zeros(len(inside))])
    return _Expanded(np.concatenate([sets, inside]), person, weight, treated, values[person])


def _regression(matching: Matching, rows: _Expanded, covariates: bool, level: float) -> tuple[Inference, str]:
    X = np.column_stack([np.ones(len(rows.treated)), rows.treated])
    if covariates:
        columns = matching.pool.columns[rows.person]
        columns = columns - np.average(columns, axis=0, weights=rows.weight)
        used = independent_of_earlier(np.column_stack([rows.treated, columns]))[1:]
        X = np.column_stack([X, columns[:, used] / columns[:, used].std(axis=0)])
    clusters = [rows.set] if not matching.replace else [rows.set, rows.person]
    if min(len(np.unique(of)) for of in clusters) <= X.shape[1]:
        raise EstimationRefusal(
            "There are too few matched sets for this many covariates.", "Use fewer covariates, or none."
        )
    root = np.sqrt(rows.weight)[:, None]
    q, r = np.linalg.qr(X * root)
    beta = np.linalg.solve(r, q.T @ (rows.outcome * root[:, 0]))
    residual = rows.outcome - X @ beta
    influence = ((q @ np.linalg.inv(r).T) * root)[:, 1] * residual
    variance = _clustered(influence, clusters, len(X), X.shape[1])
    if variance <= (1e-10 * np.abs(rows.outcome).max()) ** 2:
        raise EstimationRefusal(
            "The outcome does not vary enough for a standard error.", "Describe the outcome; do not compare."
        )
    df = min(len(np.unique(of)) for of in clusters) - 1
    result = t_inference(float(beta[1]), sqrt(variance), float(df), level)
    return result, PAIRS_AND_PEOPLE if matching.replace else PAIRS


def _clustered(influence: Array, clusters: list[Integers], n: int, k: int) -> float:
    """Variance of one coefficient clustered one or two ways, with the factor G/(G-1) (N-1)/(N-K) for each way."""
    ways = []
    for of in clusters:
        sums = np.bincount(np.unique(of, return_inverse=True)[1], weights=influence)
        ways.append(len(sums) / (len(sums) - 1) * float((sums**2).sum()))
    single = n / (n - 1) * float((influence**2).sum())
    total = ways[0] if len(ways) == 1 else ways[0] + ways[1] - single
    return max(total, *ways) * (n - 1) / (n - k) if len(ways) > 1 else total * (n - 1) / (n - k)


def _abadie_imbens(matching: Matching, values: Array, rows: _Expanded, level: float) -> Inference:
    """Abadie & Imbens 2006, section 4: spread of set differences, plus repeated use of comparators."""
    is_treated = rows.treated == 1
    sets = rows.set[is_treated]
    order = np.full(len(matching.people), -1)
    order[sets] = np.arange(len(sets))
    inside = order[rows.set[~is_treated]]
    expected = np.bincount(inside, weights=rows.weight[~is_treated] * rows.outcome[~is_treated])
    difference = rows.outcome[is_treated] - expected
    effect = float(difference.mean())
    n = len(matching.weights)
    uses = np.bincount(rows.person[~is_treated], weights=rows.weight[~is_treated], minlength=n)
    squares = np.bincount(rows.person[~is_treated], weights=rows.weight[~is_treated] ** 2, minlength=n)
    used = np.flatnonzero(uses)
    spread = _variance_nearby(matching, values, used)
    # K(K - 1)-type terms: with M comparators each, uses^2 - squares is (K/M)^2 - K/M^2
    variance = ((difference - effect) ** 2).sum() + ((uses[used] ** 2 - squares[used]) * spread).sum()
    return z_inference(effect, sqrt(float(variance)) / len(sets), level)


def _variance_nearby(matching: Matching, values: Array, used: Integers, neighbours: int = 2) -> Array:
    """Variance of the outcome given the covariates, from each comparator's nearest comparators; shape (len(used),)."""
    known = np.flatnonzero(~matching.pool.treated & ~np.isnan(values))
    count = min(neighbours, len(known) - 1)
    if count < 1:
        raise EstimationRefusal("There are too few comparators for this variance.", "Use the clustered error.")
    points, (grid, _) = matching.points, nearest.on_grid(matching.points[:, 0])
    if matching.propensity is not None:
        found = nearest.with_replacement(grid[used], grid[known], count + 1, np.inf)
    else:
        found = mahalanobis.with_replacement(points[used], points[known], count + 1, np.inf)
    near = known[found]
    others = near != used[:, None]
    others &= np.cumsum(others, axis=1) <= count
    mean = np.where(others, values[near], 0.0).sum(axis=1) / count
    return np.asarray(count / (count + 1) * (values[used] - mean) ** 2)
