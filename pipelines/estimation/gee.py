"""Generalised estimating equations for numbers, with sandwich errors that hold for few people or clusters."""

from dataclasses import dataclass
from math import sqrt
from typing import Literal

import numpy as np
from numpy.typing import ArrayLike

from pipelines.estimation.arrays import check_independent, groups_of, numbers_of
from pipelines.estimation.clustered_rows import Pattern, patterns_of
from pipelines.estimation.refusal import EstimationRefusal
from pipelines.estimation.result import Inference
from pipelines.estimation.sample import Array
from pipelines.estimation.welch import t_inference

Working = Literal["exchangeable", "independence"]
Correction = Literal["mancl_derouen", "kauermann_carroll", "none"]


@dataclass(frozen=True)
class GeeFit:
    """A linear model whose rows are correlated within people.

    Parameters
    ----------
    coefficients : array, shape (k,)
        In the unit of the outcome per unit of each column.
    covariance : array, shape (k, k)
        Sandwich, with the bias correction asked for.
    correlation : float
        Of two rows of one person in the working model; 0 for independence.
    scale : float
        Residual variance.
    people, df : int
        People (clusters), and degrees of freedom of t: people less columns.
    """

    coefficients: Array
    covariance: Array
    correlation: float
    scale: float
    people: int
    df: int

    def contrast(self, weights: ArrayLike, level: float = 0.95) -> Inference:
        """Weighted sum of coefficients with a t interval on `df` degrees of freedom."""
        c = np.asarray(weights, dtype=float)
        se = sqrt(max(0.0, float(c @ self.covariance @ c)))
        if se == 0:
            raise EstimationRefusal("Nothing varies, so no uncertainty can be computed.", "Describe the waves.")
        return t_inference(float(c @ self.coefficients), se, float(self.df), level)


def gee(
    person: ArrayLike,
    columns: ArrayLike,
    outcome: ArrayLike,
    working: Working = "exchangeable",
    correction: Correction = "mancl_derouen",
) -> GeeFit:
    """Fit a linear model by generalised estimating equations.

    Parameters
    ----------
    person : array, shape (n,)
        Label of the person (or cluster) of each row.
    columns : array of float, shape (n, k)
        Regressors with the constant, of full rank.
    outcome : array of float, shape (n,)
        Outcome.
    working : {'exchangeable', 'independence'}
        Correlation assumed for efficiency; errors do not rely on it.
    correction : {'mancl_derouen', 'kauermann_carroll', 'none'}
        Of the sandwich's downward bias with few people: (I - H)^-1, (I - H)^-1/2, or none.

    Returns
    -------
    GeeFit
        Coefficients with corrected covariance.

    Raises
    ------
    EstimationRefusal
        If columns are dependent, people are no more than columns, or one person alone decides a coefficient.

    References
    ----------
    Liang & Zeger 1986, Biometrika 73:13-22; Mancl & DeRouen 2001, Biometrics 57:126-134; Kauermann & Carroll 2001, JASA
    96:1387-1396; t with people less columns degrees of freedom: Li & Redden 2015, Statistics in Medicine 34:281-296.
    """
    x, y = numbers_of(columns=columns, outcome=outcome)
    check_independent(x)
    code, people = groups_of(person, len(y))
    if people <= x.shape[1]:
        raise EstimationRefusal(
            "There are no more people than terms in the model.", "Use fewer waves, or describe each wave."
        )
    order = np.argsort(code, kind="stable")
    place = np.empty(len(y), dtype=int)
    counts = np.bincount(code)
    place[order] = np.arange(len(y)) - np.repeat(np.cumsum(counts) - counts, counts)
    patterns = patterns_of(code, place, x, y)
    beta, correlation, scale = _estimate(patterns, x, y, working)
    covariance = _sandwich(patterns, beta, correlation, correction)
    return GeeFit(beta, covariance, correlation, scale, people, people - x.shape[1])


def _estimate(patterns: tuple[Pattern, ...], x: Array, y: Array, working: Working) -> tuple[Array, float, float]:
    correlation, beta = 0.0, np.asarray(np.linalg.lstsq(x, y, rcond=None)[0], dtype=float)
    scale = 0.0
    for _ in range(100):
        residuals = y - x @ beta
        scale = float(residuals @ residuals) / (len(y) - x.shape[1])
        if working == "independence" or scale == 0:
            return beta, 0.0, scale
        found = _moment(patterns, beta, scale, x.shape[1])
        bread, meat = _equations(patterns, found)
        moved = np.asarray(np.linalg.solve(bread, meat), dtype=float)
        done = abs(found - correlation) < 1e-12 and np.abs(moved - beta).max() <= 1e-10 * (1 + np.abs(moved).max())
        correlation, beta = found, moved
        if done:
            break
    return beta, correlation, scale


def _moment(patterns: tuple[Pattern, ...], beta: Array, scale: float, k: int) -> float:
    """Moment estimate of the exchangeable correlation, kept where the working matrix is positive definite."""
    products, pairs, largest = 0.0, 0.0, 1
    for p in patterns:
        residuals, m = p.outcome - p.columns @ beta, p.outcome.shape[1]
        products += float((residuals.sum(axis=1) ** 2 - (residuals**2).sum(axis=1)).sum()) / 2
        pairs += len(residuals) * m * (m - 1) / 2
        largest = max(largest, m)
    if pairs <= k:
        return 0.0
    lowest = -1 / (largest - 1) + 1e-6 if largest > 1 else 0.0
    return float(np.clip(products / ((pairs - k) * scale), lowest, 1 - 1e-6))


def _inverse_correlation(m: int, correlation: float) -> Array:
    share = correlation / (1 + (m - 1) * correlation)
    return np.asarray((np.eye(m) - share) / (1 - correlation))


def _equations(patterns: tuple[Pattern, ...], correlation: float) -> tuple[Array, Array]:
    bread, meat = 0.0, 0.0
    for p in patterns:
        weighted = np.einsum("mn,gnk->gmk", _inverse_correlation(p.outcome.shape[1], correlation), p.columns)
        bread = bread + np.einsum("gmk,gml->kl", weighted, p.columns)
        meat = meat + np.einsum("gmk,gm->k", weighted, p.outcome)
    return np.asarray(bread), np.asarray(meat)


def _sandwich(patterns: tuple[Pattern, ...], beta: Array, correlation: float, correction: Correction) -> Array:
    bread = np.linalg.inv(_equations(patterns, correlation)[0])
    total = np.zeros_like(bread)
    for p in patterns:
        m = p.outcome.shape[1]
        values, vectors = np.linalg.eigh(_inverse_correlation(m, correlation))
        root = (vectors * np.sqrt(values)) @ vectors.T
        # In the metric of the working correlation the hat matrix is symmetric, so its powers are plain.
        z = np.einsum("mn,gnk->gmk", root, p.columns)
        e = (p.outcome - p.columns @ beta) @ root
        hat = np.einsum("gmk,kl,gnl->gmn", z, bread, z)
        scores = np.einsum("gmk,gm->gk", z, _corrected(e, hat, correction))
        total += scores.T @ scores
    return np.asarray(bread @ total @ bread)


def _corrected(e: Array, hat: Array, correction: Correction) -> Array:
    if correction == "none":
        return e
    values, vectors = np.linalg.eigh(np.eye(hat.shape[1]) - hat)
    if values.min() < 1e-9:
        raise EstimationRefusal(
            "One person alone decides part of the estimate.", "Leave out waves that almost nobody reached."
        )
    power = -1.0 if correction == "mancl_derouen" else -0.5
    return np.einsum("gmj,gj,gnj,gn->gm", vectors, values**power, vectors, e)
