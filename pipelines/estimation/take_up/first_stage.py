"""Assignment's effect on outcome and on take-up, together: the two regressions that every estimator here rests on."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from pipelines.estimation.refusal import EstimationRefusal
from pipelines.estimation.sample import Array

Codes = NDArray[np.intp]


@dataclass(frozen=True)
class Stages:
    """Coefficients of assignment, and their joint covariance.

    Parameters
    ----------
    outcome, uptake : float
        Assignment's effect on the outcome (intention to treat) and on take-up.
    covariance : array, shape (2, 2)
        Robust, of (outcome, uptake).
    df : float
        n - k; clusters less one with clusters.
    """

    outcome: float
    uptake: float
    covariance: Array
    df: float

    @property
    def ratio(self) -> float:
        """Wald's estimate, which is two-stage least squares with this one instrument."""
        return self.outcome / self.uptake

    @property
    def strength(self) -> float:
        """First-stage F, robust as the covariance is; with one instrument this is the effective F."""
        return float(self.uptake**2 / self.covariance[1, 1]) if self.covariance[1, 1] > 0 else np.inf

    def variance_of_ratio(self) -> float:
        """Delta method; equal to the robust variance of two-stage least squares."""
        return float(np.array([1, -self.ratio]) @ self.covariance @ np.array([1, -self.ratio])) / self.uptake**2


def stages(
    outcome: Array, uptake: Array, columns: Array, weights: Array | None = None, clusters: Codes | None = None
) -> Stages:
    """Regress outcome and take-up on assignment and covariates.

    Parameters
    ----------
    outcome, uptake : array of float, shape (n,)
        Of each person, or of each group of alike people.
    columns : array of float, shape (n, k)
        Intercept, assignment, covariates; of full rank.
    weights : array of float, shape (n,), or None
        How many people each row stands for.
    clusters : array of int, shape (n,), or None
        Coded from 0.

    Returns
    -------
    Stages
        HC1; with clusters CR1, factor G / (G - 1) (N - 1) / (N - k).

    Raises
    ------
    EstimationRefusal
        If the columns are not independent of each other.

    References
    ----------
    Andrews, Stock & Sun 2019, Annual Review of Economics 11:727-753.
    """
    f: Array = np.ones(len(outcome)) if weights is None else weights
    present = f > 0
    f, X, Y = f[present], columns[present], np.column_stack([outcome, uptake])[present]
    if np.linalg.matrix_rank(X / np.linalg.norm(X, axis=0)) < X.shape[1]:
        raise EstimationRefusal(
            "The covariates are not independent of each other and of assignment.", "Leave some out."
        )
    bread = np.linalg.inv((X * f[:, None]).T @ X)
    coefficients = bread @ ((X * f[:, None]).T @ Y)
    lever = X @ bread[:, 1]
    influence = lever[:, None] * (Y - X @ coefficients)
    n, k = float(f.sum()), X.shape[1]
    if clusters is None:
        meat, factor, df = np.asarray((influence * f[:, None]).T @ influence), n / (n - k), n - k
    else:
        count = int(clusters.max()) + 1
        by_cluster = [np.bincount(clusters[present], f * column, count) for column in influence.T]
        sums = np.asarray(np.column_stack(by_cluster), dtype=float)
        meat, factor, df = np.asarray(sums.T @ sums), count / (count - 1) * (n - 1) / (n - k), count - 1.0
    return Stages(float(coefficients[1, 0]), float(coefficients[1, 1]), meat * factor, df)
