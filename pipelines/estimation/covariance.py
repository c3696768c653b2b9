"""Least squares with heteroskedasticity-robust covariance and degrees of freedom for one coefficient.

Our own rather than statsmodels', which builds an n by n matrix for HC2 and has no Bell-McCaffrey degrees of freedom;
the tests compare the two.
"""

from dataclasses import dataclass

import numpy as np

from pipelines.estimation.sample import Array


@dataclass(frozen=True)
class Fit:
    """A least-squares fit.

    Parameters
    ----------
    coefficients : array, shape (k,)
        In the unit of the outcome per unit of the column.
    covariance : array, shape (k, k)
        HC2.
    leverage : array, shape (n,)
        Diagonal of the hat matrix, between 0 and 1.
    columns : array, shape (n, k)
        The regressors.
    bread : array, shape (k, k)
        Inverse of X'X.
    """

    coefficients: Array
    covariance: Array
    leverage: Array
    columns: Array
    bread: Array


def leverages(columns: Array) -> Array:
    """Diagonal of the hat matrix of full-rank columns, shape (n, k) to (n,)."""
    q, _ = np.linalg.qr(columns)
    return np.asarray((q**2).sum(axis=1))


def least_squares_hc2(columns: Array, outcome: Array) -> Fit:
    """Ordinary least squares with HC2 covariance.

    Parameters
    ----------
    columns : array of float, shape (n, k)
        Regressors with the intercept, of full rank.
    outcome : array of float, shape (n,)
        Outcome.

    Returns
    -------
    Fit
        Coefficients and covariance.

    Raises
    ------
    ValueError
        If an observation has leverage 1, where HC2 is not defined.

    References
    ----------
    MacKinnon & White 1985, Journal of Econometrics 29:305-325.
    """
    q, r = np.linalg.qr(columns)
    leverage = (q**2).sum(axis=1)
    if leverage.max() > 1 - 1e-9:
        raise ValueError("One observation alone decides a coefficient (leverage 1): HC2 is not defined.")
    coefficients, inverse = np.linalg.solve(r, q.T @ outcome), np.linalg.inv(r)
    residuals = outcome - columns @ coefficients
    scores = (q @ inverse.T) * (residuals / np.sqrt(1 - leverage))[:, None]
    return Fit(coefficients, scores.T @ scores, leverage, columns, inverse @ inverse.T)


def bell_mccaffrey_df(fit: Fit, coefficient: int) -> float:
    """Degrees of freedom of one HC2 standard error, from a working model of equal variances.

    Parameters
    ----------
    fit : Fit
        A fit of n observations on k columns.
    coefficient : int
        Position of the coefficient.

    Returns
    -------
    float
        (trace G)^2 / trace(G^2) with G_ij = a_i a_j (I - H)_ij, computed without an n by n matrix.

    References
    ----------
    Bell & McCaffrey 2002, Survey Methodology 28:169-181; Imbens & Kolesar 2016, Review of Economics and Statistics
    98:701-712.
    """
    squares = (fit.columns @ fit.bread[:, coefficient]) ** 2 / (1 - fit.leverage)
    weighted = fit.bread @ (fit.columns.T @ (squares[:, None] * fit.columns))
    trace = (squares * (1 - fit.leverage)).sum()
    trace_of_square = (squares**2 * (1 - 2 * fit.leverage)).sum() + np.trace(weighted @ weighted)
    return float(trace**2 / trace_of_square)
