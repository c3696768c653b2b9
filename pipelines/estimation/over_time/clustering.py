"""The seam to cluster-robust covariance: one coefficient of a least-squares fit, with its inference."""

from collections.abc import Callable
from math import sqrt

import numpy as np

from pipelines.estimation.covariance import bell_mccaffrey_df, least_squares_hc2
from pipelines.estimation.over_time.influence import Codes
from pipelines.estimation.result import Inference
from pipelines.estimation.sample import Array
from pipelines.estimation.welch import t_inference

ClusterRobust = Callable[[Array, Array, Codes, int, float], Inference]
"""(columns (n, k), outcome (n,), clusters (n,), coefficient, level) to the inference on that coefficient."""


def cr1(columns: Array, outcome: Array, clusters: Codes, coefficient: int, level: float) -> Inference:
    """Least squares with the clustered standard error CR1S and G - 1 degrees of freedom.

    Good for many clusters of similar size only; pass a bias-reduced one (CR2) where clusters are few.

    Parameters
    ----------
    columns : array of float, shape (n, k)
        Regressors with the intercept, of full rank.
    outcome : array of float, shape (n,)
        Outcome.
    clusters : array of int, shape (n,)
        Coded from 0.
    coefficient : int
        Position of the coefficient.
    level : float
        Confidence level.

    Returns
    -------
    Inference
        Variance multiplied by G / (G - 1) (n - 1) / (n - k); no standard error where nothing varies.

    References
    ----------
    Liang & Zeger 1986, Biometrika 73:13-22; MacKinnon, Nielsen & Webb 2023, Journal of Econometrics 232:272-299.
    """
    n, k = columns.shape
    q, r = np.linalg.qr(columns)
    coefficients, inverse = np.linalg.solve(r, q.T @ outcome), np.linalg.inv(r)
    scores = (columns @ (inverse @ inverse.T[:, coefficient])) * (outcome - columns @ coefficients)
    count = int(clusters.max()) + 1
    factor = count / (count - 1) * (n - 1) / max(n - k, 1)
    se = sqrt(factor * float((np.bincount(clusters, scores, count) ** 2).sum()))
    value = float(coefficients[coefficient])
    return t_inference(value, se, count - 1, level) if se > 1e-10 * outcome.std() else Inference(value)


def hc2(columns: Array, outcome: Array, coefficient: int, level: float) -> Inference:
    """Least squares with HC2 standard error and Bell-McCaffrey degrees of freedom for one coefficient.

    Parameters as in `cr1`.

    Raises
    ------
    ValueError
        If one observation alone decides a coefficient.
    """
    fit = least_squares_hc2(columns, outcome)
    value, se = float(fit.coefficients[coefficient]), sqrt(fit.covariance[coefficient, coefficient])
    if se <= 1e-10 * outcome.std():
        return Inference(value)
    return t_inference(value, se, bell_mccaffrey_df(fit, coefficient), level)
