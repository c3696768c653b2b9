"""Means of an arm brought to a target population, each with its influence function: what one person adds to its error.

Weighted, regression-adjusted and doubly robust means are one formula with parts left out; because each part of a
person's influence is kept (their outcome, their share in the fitted weights, their share in the fitted regression), the
standard errors account for all of it (stacked estimating equations, Stefanski & Boos 2002, American Statistician
56:29-38).
"""

from dataclasses import dataclass
from math import sqrt
from typing import Literal

import numpy as np
from numpy.typing import ArrayLike

from pipelines.estimation.comparison_pool import Mask
from pipelines.estimation.propensity import Propensity
from pipelines.estimation.refusal import EstimationRefusal
from pipelines.estimation.result import Inference
from pipelines.estimation.sample import Array
from pipelines.estimation.welch import t_inference

Correction = Literal["HC0", "HC2", "HC3"]
POWER = {"HC0": 0.0, "HC2": 0.5, "HC3": 1.0}


@dataclass(frozen=True)
class Mean:
    """A mean and how each person moved it.

    Parameters
    ----------
    value : float
        In the unit of the outcome.
    influence : array of float, shape (n,)
        Sums of squares estimate the variance.
    """

    value: float
    influence: Array


@dataclass(frozen=True)
class Tilt:
    """Weights that follow from a fitted propensity score.

    Parameters
    ----------
    weights : array of float, shape (n,)
        Not normalised.
    slope : array of float, shape (n,)
        Derivative of each weight by the logit.
    score_influence : array of float, shape (n, p)
        Influence on the coefficients of the propensity score.
    design : array of float, shape (n, p)
        Regressors of the propensity score.
    """

    weights: Array
    slope: Array
    score_influence: Array
    design: Array


def score_influence(fitted: Propensity, treated: Mask, correction: Correction) -> Array:
    """Influence of each person on the propensity score's coefficients; shape (n, p)."""
    variance = fitted.score * (1 - fitted.score)
    leverage = variance * np.einsum("ij,jk,ik->i", fitted.design, fitted.information_inverse, fitted.design)
    residual = corrected(treated - fitted.score, leverage, correction)
    return np.asarray((fitted.design * residual[:, None]) @ fitted.information_inverse)


def corrected(residual: Array, leverage: Array, correction: Correction) -> Array:
    """Residuals enlarged for their own pull on the fit: divided by (1 - leverage) to the power 0, 1/2 or 1.

    MacKinnon & White 1985, Journal of Econometrics 29:305-325, for HC2 and HC3.
    """
    if correction == "HC0":
        return residual
    if leverage.max(initial=0.0) > 1 - 1e-9:
        raise EstimationRefusal(
            "One person alone decides part of the answer.",
            "Use fewer covariates, or trim by a rule declared beforehand.",
        )
    return np.asarray(residual / (1 - leverage) ** POWER[correction])


def weighted_mean(outcome: Array, arm: Mask, tilt: Tilt, correction: Correction) -> Mean:
    """Hajek's mean of an arm: weights divided by their sum.

    Parameters
    ----------
    outcome : array of float, shape (n,)
        Outcome, or the residual of a regression.
    arm : array of bool, shape (n,)
        Whose outcomes are used.
    tilt : Tilt
        Weights; only the arm's are used.
    correction : {'HC0', 'HC2', 'HC3'}
        Small-sample correction of a person's own part.

    Returns
    -------
    Mean
        Influence has one entry per person, also for those outside the arm, through the propensity score.
    """
    weights, total = np.where(arm, tilt.weights, 0.0), float(tilt.weights[arm].sum())
    value = float(weights @ outcome) / total
    residual = np.where(arm, outcome - value, 0.0)
    gradient = (np.where(arm, tilt.slope, 0.0) * residual) @ tilt.design
    own = weights * corrected(residual, weights / total, correction)
    return Mean(value, (own + tilt.score_influence @ gradient) / total)


def predicted_mean(
    outcome: Array, arm: Mask, target: Array, columns: Array, weights: Array, correction: Correction
) -> Mean:
    """Mean that a regression fitted in one arm predicts for a target population.

    Parameters
    ----------
    outcome : array of float, shape (n,)
        Outcome.
    arm : array of bool, shape (n,)
        Where the regression is fitted.
    target : array of float, shape (n,)
        Weights of the people for whom it predicts, with sum 1.
    columns : array of float, shape (n, p)
        Regressors with the intercept.
    weights : array of float, shape (n,)
        Regression weights.
    correction : {'HC0', 'HC2', 'HC3'}
        Small-sample correction of residuals.

    Returns
    -------
    Mean
        Influence of the regression's people and of the target's.
    """
    coefficients, influence = regression(outcome, arm, columns, weights, correction)
    value = float(target @ columns @ coefficients)
    return Mean(value, target * (columns @ coefficients - value) + influence @ (target @ columns))


def regression(
    outcome: Array, arm: Mask, columns: Array, weights: Array, correction: Correction
) -> tuple[Array, Array]:
    """Weighted least squares within an arm: coefficients (p,), and everybody's influence on them (n, p)."""
    root = np.sqrt(weights[arm])
    q, r = np.linalg.qr(columns[arm] * root[:, None])
    coefficients = np.linalg.solve(r, q.T @ (outcome[arm] * root))
    residual = corrected(outcome[arm] - columns[arm] @ coefficients, (q**2).sum(axis=1), correction)
    influence = np.zeros((len(outcome), columns.shape[1]))
    influence[arm] = (q @ np.linalg.inv(r).T) * (residual * root)[:, None]
    return coefficients, influence


def difference(
    treated: Mean,
    comparison: Mean,
    arm: Mask,
    sizes: tuple[float, float],
    level: float,
    cluster: ArrayLike | None = None,
) -> Inference:
    """Difference of two means with a t interval.

    Parameters
    ----------
    treated, comparison : Mean
        The two means.
    arm : array of bool, shape (n,)
        True for the treated.
    sizes : tuple of float
        Effective sample sizes, treated first: each arm's degrees of freedom are its size less one, joined as Welch and
        Satterthwaite do (an approximation for small samples).
    level : float
        Confidence level.
    cluster : array, shape (n,), or None
        Clusters in the order of the pool: influences are summed within them, with the factor G/(G-1), and the degrees
        of freedom are G-1.

    Returns
    -------
    Inference
        Treatment minus comparison.
    """
    influence, value = treated.influence - comparison.influence, treated.value - comparison.value
    if cluster is not None:
        sums = np.bincount(np.unique(np.asarray(cluster), return_inverse=True)[1].reshape(-1), weights=influence)
        if len(sums) < 2:
            raise EstimationRefusal("There is only one cluster.", "Describe it; do not compare.")
        variance, df = len(sums) / (len(sums) - 1) * float((sums**2).sum()), float(len(sums) - 1)
    else:
        parts = float((influence[arm] ** 2).sum()), float((influence[~arm] ** 2).sum())
        variance = sum(parts)
        spread = sum(part**2 / max(size - 1, 1) for part, size in zip(parts, sizes, strict=True))
        df = variance**2 / spread if spread > 0 else 1.0
    if not variance > (1e-10 * (abs(treated.value) + abs(comparison.value))) ** 2:
        raise EstimationRefusal(
            "The outcome does not vary enough for a standard error.", "Describe the outcome; do not compare."
        )
    return t_inference(value, sqrt(variance), df, level)
