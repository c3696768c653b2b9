"""Logistic regression with separation detected, never hidden. Standardised risks are in `standardised_risks`."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike
from scipy.special import expit

from pipelines.estimation.arrays import check_binary, check_independent, numbers_of
from pipelines.estimation.newton import Derivatives, NotConverged, maximise
from pipelines.estimation.refusal import EstimationRefusal
from pipelines.estimation.result import Inference
from pipelines.estimation.sample import Array
from pipelines.estimation.welch import z_inference

SEPARATED = (
    "The arm and covariates together predict the outcome perfectly for some people (separation), so a logistic "
    "regression has no finite answer."
)
INSTEAD = (
    "Use the exact odds ratio where there are no covariates, or Firth's penalised logistic regression; "
    "the risk difference needs neither."
)
# Beyond this linear predictor a fitted risk is within 1e-6 of 0 or 1: time to ask whether there is a maximum at all.
SUSPICIOUS = 14.0


@dataclass(frozen=True)
class LogitFit:
    """A logistic regression by maximum likelihood.

    Parameters
    ----------
    coefficients : array, shape (k,)
        Log odds per unit of each column.
    covariance, robust : array, shape (k, k)
        Inverse information, and the sandwich (HC0).
    log_likelihood : float
        At the maximum.
    fitted : array, shape (n,)
        Fitted risks.
    columns : array, shape (n, k)
        The regressors.
    """

    coefficients: Array
    covariance: Array
    robust: Array
    log_likelihood: float
    fitted: Array
    columns: Array

    def log_odds(self, position: int, level: float = 0.95, robust: bool = False) -> Inference:
        """Log odds ratio of one column with its Wald interval."""
        variance = (self.robust if robust else self.covariance)[position, position]
        return z_inference(float(self.coefficients[position]), float(np.sqrt(variance)), level)


def logit(columns: ArrayLike, outcome: ArrayLike) -> LogitFit:
    """Logistic regression by maximum likelihood.

    Parameters
    ----------
    columns : array of float, shape (n, k)
        Regressors with the constant, of full rank.
    outcome : array of float, shape (n,)
        0 or 1.

    Returns
    -------
    LogitFit
        Log odds.

    Raises
    ------
    EstimationRefusal
        If the data are separated, or columns are linearly dependent.
    ValueError
        If the outcome is not 0 and 1.

    References
    ----------
    Albert & Anderson 1984, Biometrika 71:1-10 (separation); Konis 2007, DPhil thesis, Oxford (finding it by a linear
    program).
    """
    x, y = numbers_of(columns=columns, outcome=outcome)
    check_binary(y, "outcome")
    check_independent(x)
    if np.ptp(y) == 0:
        raise EstimationRefusal(SEPARATED, INSTEAD)
    size = np.abs(x).max(axis=0)
    try:
        top = maximise(lambda b: _derivatives(x / size, y, b), np.zeros(x.shape[1]))
        covariance = top.covariance / np.outer(size, size)
    except NotConverged:
        raise EstimationRefusal(SEPARATED, INSTEAD) from None
    coefficients = top.parameters / size
    if np.abs(x @ coefficients).max() > SUSPICIOUS and separated(x, y):
        raise EstimationRefusal(SEPARATED, INSTEAD)
    fitted = expit(x @ coefficients)
    scores = (x @ covariance) * (y - fitted)[:, None]
    return LogitFit(coefficients, covariance, scores.T @ scores, top.value, fitted, x)


def separated(columns: Array, outcome: Array) -> bool:
    """Say whether some combination of columns predicts the outcome perfectly for somebody and wrongly for nobody.

    Parameters
    ----------
    columns : array of float, shape (n, k)
        Regressors with the constant, of full rank.
    outcome : array of float, shape (n,)
        0 or 1.

    Returns
    -------
    bool
        True for complete or quasi-complete separation.

    References
    ----------
    Konis 2007, as for `logit`.
    """
    from scipy.optimize import linprog

    signed = columns / np.abs(columns).max(axis=0) * np.where(outcome == 1, 1.0, -1.0)[:, None]
    distinct = np.unique(signed, axis=0)
    found = linprog(-distinct.sum(axis=0), A_ub=-distinct, b_ub=np.zeros(len(distinct)), bounds=(-1, 1))
    return bool(found.status != 0 or -found.fun > 1e-6)


def _derivatives(x: Array, y: Array, b: Array) -> Derivatives:
    eta = x @ b
    p = expit(eta)
    value = float((y * eta - np.logaddexp(0, eta)).sum())
    return value, x.T @ (y - p), (x * (p * (1 - p))[:, None]).T @ x
