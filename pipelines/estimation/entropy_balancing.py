"""Entropy balancing: the least uneven weights that give comparators exactly the treated people's means."""

from dataclasses import dataclass

import numpy as np

from pipelines.estimation.comparison_pool import Mask, independent_of_earlier
from pipelines.estimation.refusal import EstimationRefusal
from pipelines.estimation.sample import Array

MAX_ITERATIONS = 200
# In standard deviations of the treated: half a thousandth of what turns a light amber.
BALANCED = 1e-6
SETTLED = 1e-10

ALTERNATIVE = (
    "Balance fewer covariates, merge rare categories, or limit the treated, by a rule declared beforehand, to those "
    "with like comparators; otherwise match with a caliper and say who is left out."
)


@dataclass(frozen=True)
class EntropyBalance:
    """Weights of comparators.

    Parameters
    ----------
    weights : array of float, shape (n0,)
        With sum 1.
    moments : array of float, shape (n, m)
        What was balanced, centred at the treated people's means and in their standard deviations: covariates, and their
        squares if variances were asked for.
    iterations : int
        Newton steps.
    """

    weights: Array
    moments: Array
    iterations: int


def entropy_balance(columns: Array, treated: Mask, names: tuple[str, ...], variances: bool = False) -> EntropyBalance:
    """Weight comparators to the treated people's means (and variances), by Newton steps on the dual.

    Parameters
    ----------
    columns : array of float, shape (n, k)
        Covariates.
    treated : array of bool, shape (n,)
        Arm.
    names : tuple of str, length k
        Names, for refusals.
    variances : bool
        Balance variances too, of columns with more than two values.

    Returns
    -------
    EntropyBalance
        Balanced to 1e-6 standard deviations, usually to rounding.

    Raises
    ------
    EstimationRefusal
        If no weights can balance: the treated people's means lie outside, or on the edge of, what comparators span.

    References
    ----------
    Hainmueller 2012, Political Analysis 20:25-46.
    """
    moments, labels = _moments(columns, treated, names, variances)
    comparison = moments[~treated]
    _refuse_out_of_range(comparison, labels)
    used = independent_of_earlier(comparison)
    weights, iterations = _dual_newton(np.ascontiguousarray(comparison.T[used]))
    off = np.abs(weights @ comparison)
    if not np.isfinite(off).all() or off.max(initial=0.0) > BALANCED:
        worst = off > 0.1 * off.max()
        raise _infeasible([label for label, bad in zip(labels, worst, strict=True) if bad])
    return EntropyBalance(weights, moments, iterations)


def _moments(columns: Array, treated: Mask, names: tuple[str, ...], variances: bool) -> tuple[Array, list[str]]:
    centre, spread = columns[treated].mean(axis=0), columns[treated].std(axis=0)
    everybody = columns.std(axis=0)
    scale = np.where(spread > 1e-12 * (1 + np.abs(centre)), spread, np.where(everybody > 0, everybody, 1.0))
    centred = (columns - centre) / scale
    labels = list(names)
    if not variances:
        return centred, labels
    many = [i for i, column in enumerate(columns.T) if len(np.unique(column)) > 2]
    squares = centred[:, many] ** 2
    squares -= squares[treated].mean(axis=0)
    return np.column_stack([centred, squares]), labels + [f"variance of {names[i]}" for i in many]


def _refuse_out_of_range(moments: Array, labels: list[str]) -> None:
    """Refuse when comparators are all on one side of a treated mean: no weights can reach it."""
    low, high = moments.min(axis=0), moments.max(axis=0)
    outside = (low > 1e-9) | (high < -1e-9) | ((low > -1e-9) ^ (high < 1e-9))
    if outside.any():
        raise _infeasible([label for label, out in zip(labels, outside, strict=True) if out])


def _infeasible(labels: list[str]) -> EstimationRefusal:
    return EstimationRefusal(
        f"There is no overlap: no weights of comparators reach the treated people's average of {', '.join(labels)}.",
        ALTERNATIVE,
    )


def _dual_newton(moments: Array) -> tuple[Array, int]:
    """Minimise log sum exp(tilt @ moments), moments (m, n0); return weights with sum 1, and the steps taken."""
    logit = np.zeros(moments.shape[1])
    weights, value = _softmax(logit)
    for iteration in range(MAX_ITERATIONS):
        gradient = moments @ weights
        if np.abs(gradient).max(initial=0.0) < SETTLED:
            return weights, iteration
        hessian = (moments * weights) @ moments.T - np.outer(gradient, gradient)
        step = -np.linalg.lstsq(hessian, gradient, rcond=1e-14)[0]
        slope = float(gradient @ step)
        if slope > -1e-22:
            break
        size, direction = 1.0, step @ moments
        while True:
            tried, found = _softmax(logit + size * direction)
            if found <= value + 1e-4 * size * slope + 1e-14 or size < 1e-8:
                break
            size /= 2
        logit, weights, value = logit + size * direction, tried, found
    return weights, MAX_ITERATIONS


def _softmax(logit: Array) -> tuple[Array, float]:
    top = float(logit.max(initial=-np.inf))
    weights = np.exp(logit - top)
    total = float(weights.sum())
    return weights / total, top + float(np.log(total))
