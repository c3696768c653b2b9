"""Effects on the treated from one change per unit: outcome regression, inverse probability weighting, doubly robust.

Every estimator is a sum of weighted (Hajek) means; its influence function is the sum of theirs, by the chain rule
through the regression of the outcome and the propensity score.
"""

from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import NDArray
from scipy.special import expit

from pipelines.estimation.sample import Array

Method = Literal["regression", "weighting", "doubly_robust"]
METHODS: tuple[Method, ...] = ("regression", "weighting", "doubly_robust")

Bools = NDArray[np.bool_]

COLLINEAR = "the covariates are not independent of each other among those compared"
NO_OVERLAP = "some of those treated have no counterpart among the comparisons (no overlap)"
# Above this, one comparison unit would stand for a thousand (the limit of the R package did).
HIGHEST_SCORE = 0.999


class NotEstimable(Exception):
    """One comparison cannot be made; the message is the end of a sentence that begins 'not estimated because'."""


@dataclass(frozen=True)
class Influenced:
    """An estimate and its influence function: the estimate's error is about the mean of `influence`.

    Parameters
    ----------
    value : float
        In the unit of the outcome.
    influence : array, shape (n,)
        In the unit of the outcome.
    """

    value: float
    influence: Array

    def __sub__(self, other: "Influenced") -> "Influenced":
        return Influenced(self.value - other.value, self.influence - other.influence)

    def __add__(self, other: "Influenced") -> "Influenced":
        return Influenced(self.value + other.value, self.influence + other.influence)


@dataclass(frozen=True)
class Fitted:
    """A regression's or a logit's coefficients, with their asymptotic linear representation, shape (n, k)."""

    coefficients: Array
    linear: Array


def effect_on_the_treated(
    change: Array, treated: Bools, columns: Array | None, method: Method, weights: Array | None = None
) -> Influenced:
    """Average effect on the treated from changes over time.

    Parameters
    ----------
    change : array of float, shape (n,)
        Outcome after minus outcome before.
    treated : array of bool, shape (n,)
        Arm.
    columns : array of float, shape (n, k), or None
        Covariates from before treatment, without an intercept. None compares means, whatever the method.
    method : {'regression', 'weighting', 'doubly_robust'}
        Ordinary least squares among the comparisons; normalised odds of a logit; both.
    weights : array of float above zero, shape (n,), or None
        How much each unit counts, in means, regressions and logits alike.

    Returns
    -------
    Influenced
        Effect and influence function.

    Raises
    ------
    NotEstimable
        If covariates are collinear among the comparisons, or there is no overlap.

    References
    ----------
    Heckman, Ichimura & Todd 1997 (regression); Abadie 2005 (weighting); Sant'Anna & Zhao 2020, Journal of Econometrics
    219:101-122 (doubly robust, with the influence functions).
    """
    d = treated.astype(float)
    counts = np.ones(len(d)) if weights is None else weights
    if columns is None or columns.shape[1] == 0:
        return weighted_mean(d * counts, change) - weighted_mean((1 - d) * counts, change)
    X = with_intercept(columns)
    if method == "regression":
        return _by_regression(change, d, X, counts)
    odds, score = odds_weights(d, X, counts)
    if method == "weighting":
        return weighted_mean(d * counts, change) - weighted_mean(odds, change, through_weights=(score, X))
    return _doubly_robust(change, d, X, odds, score, counts)


def weighted_mean(
    w: Array,
    r: Array,
    through_weights: tuple[Fitted, Array] | None = None,
    through_values: tuple[tuple[Fitted, Array], ...] = (),
) -> Influenced:
    """Weighted mean of r with its influence function.

    Parameters
    ----------
    w, r : array of float, shape (n,)
        Weights (not all zero) and values.
    through_weights : tuple of Fitted and array of shape (n, k), or None
        The logit on which the weights depend, and the derivative of log w.
    through_values : tuple of the same
        The regressions on which the values depend, and the derivatives of r.

    Returns
    -------
    Influenced
        The mean.
    """
    share = w.mean()
    value = float((w * r).mean() / share)
    influence = w * (r - value)
    if through_weights is not None:
        fitted, derivative = through_weights
        influence = influence + fitted.linear @ ((w * (r - value)) @ derivative / len(w))
    for fitted, derivative in through_values:
        influence = influence + fitted.linear @ (w @ derivative / len(w))
    return Influenced(value, influence / share)


def regress(outcome: Array, X: Array, chosen: Array) -> Fitted:
    """Least squares on the chosen rows (weights, shape (n,), 0 for others), represented over all n rows."""
    cross = (chosen[:, None] * X).T @ X / len(X)
    inverse = _inverse(cross)
    coefficients = inverse @ (X.T @ (chosen * outcome) / len(X))
    return Fitted(coefficients, (chosen * (outcome - X @ coefficients))[:, None] * (X @ inverse))


def odds_weights(d: Array, X: Array, counts: Array | None = None) -> tuple[Array, Fitted]:
    """Comparison weights p / (1 - p) from a logit of d on X, zero for the treated, and the logit.

    With `counts`, how much each unit counts, the logit is weighted and the odds are multiplied by them.

    Raises
    ------
    NotEstimable
        If the logit separates the arms, or a comparison unit's score is nearly one.
    """
    heavy = np.ones(len(d)) if counts is None else counts
    fitted = _logit(d, X, heavy)
    score = expit(X @ fitted.coefficients)
    if score[d == 0].max() > HIGHEST_SCORE or score[d == 1].min() < 1e-12:
        raise NotEstimable(NO_OVERLAP)
    return heavy * np.where(d == 1, 0.0, score / np.where(d == 1, 1.0, 1 - score)), fitted


def with_intercept(columns: Array) -> Array:
    """Intercept and columns, each centred and divided by its spread: the same fit, better arithmetic."""
    spread = columns.std(axis=0)
    if (spread <= 1e-12 * (1 + np.abs(columns).max(axis=0))).any():
        raise NotEstimable(COLLINEAR)
    return np.column_stack([np.ones(len(columns)), (columns - columns.mean(axis=0)) / spread])


def _by_regression(change: Array, d: Array, X: Array, counts: Array) -> Influenced:
    fitted, treated = regress(change, X, (1 - d) * counts), d * counts
    return weighted_mean(treated, change) - weighted_mean(
        treated, X @ fitted.coefficients, through_values=((fitted, X),)
    )


def _doubly_robust(change: Array, d: Array, X: Array, odds: Array, score: Fitted, counts: Array) -> Influenced:
    fitted = regress(change, X, (1 - d) * counts)
    rest, slope = change - X @ fitted.coefficients, ((fitted, -X),)
    return weighted_mean(d * counts, rest, through_values=slope) - weighted_mean(odds, rest, (score, X), slope)


def _logit(d: Array, X: Array, counts: Array) -> Fitted:
    """Maximum likelihood by Newton's steps; separation shows as coefficients that keep growing."""
    coefficients = np.zeros(X.shape[1])
    for _ in range(50):
        p = expit(X @ coefficients)
        inverse = _inverse((X * (counts * p * (1 - p))[:, None]).T @ X / len(X))
        step = inverse @ (X.T @ (counts * (d - p)) / len(X))
        coefficients = coefficients + step
        if np.abs(coefficients).max() > 40:
            break
        if np.abs(step).max() < 1e-10:
            return Fitted(coefficients, (counts * (d - expit(X @ coefficients)))[:, None] * (X @ inverse))
    raise NotEstimable(NO_OVERLAP)


def _inverse(cross: Array) -> Array:
    if np.linalg.cond(cross) > 1e12:
        raise NotEstimable(COLLINEAR)
    return np.asarray(np.linalg.inv(cross))
