"""Heteroskedasticity-robust covariance (HC0 to HC3) of rows that are independent of one another.

`covariance.least_squares_hc2` is the same HC2 for columns of full rank; this one has all four kinds, weights and
columns that repeat others.
"""

from typing import Literal, get_args

import numpy as np

from pipelines.estimation.least_squares import LeastSquares
from pipelines.estimation.refusal import EstimationRefusal
from pipelines.estimation.result import Inference
from pipelines.estimation.sample import Array
from pipelines.estimation.welch import t_inference

RowKind = Literal["HC0", "HC1", "HC2", "HC3"]

ONE_ROW = "This estimate rests on one person alone: without that person it could not be made at all."
NOTHING_LEFT = "There are no more rows than columns, or nothing is left to vary."
INSTEAD = "Use fewer covariates, or describe the groups without comparing them."


def row_covariance(fit: LeastSquares, kind: RowKind = "HC2") -> Array:
    """Covariance of all coefficients.

    Parameters
    ----------
    fit : LeastSquares
        n rows, k columns, p of them kept. Weights count as inverse variances.
    kind : {'HC0', 'HC1', 'HC2', 'HC3'}
        HC0 White's; HC1 times n / (n - p); HC2 divides squared residuals by 1 - leverage; HC3 by its square.

    Returns
    -------
    array of float, shape (k, k)
        NaN for columns left out.

    Raises
    ------
    EstimationRefusal
        If rows are no more than columns.

    References
    ----------
    MacKinnon & White 1985, Journal of Econometrics 29:305-325.
    """
    rows = fit.rows @ fit.basis
    scores = rows * (fit.residuals * _adjustment(fit, rows, kind))[:, None]
    full = np.full((len(fit.coefficients),) * 2, np.nan)
    full[np.ix_(fit.kept, fit.kept)] = fit.basis @ (scores.T @ scores) @ fit.basis.T
    return full


def row_test(fit: LeastSquares, contrast: Array | int, kind: RowKind = "HC2", level: float = 0.95) -> Inference:
    """Test and interval of one contrast, with Bell and McCaffrey's degrees of freedom.

    Parameters
    ----------
    fit : LeastSquares
        n rows, k columns.
    contrast : array of float, shape (k,), or int
        Multipliers of the coefficients, or the position of one.
    kind : {'HC0', 'HC1', 'HC2', 'HC3'}
        The covariance.
    level : float
        Confidence level.

    Returns
    -------
    Inference
        In the unit of the outcome.

    Raises
    ------
    EstimationRefusal
        If one row alone decides the contrast, or nothing is left to vary.

    References
    ----------
    Bell & McCaffrey 2002, Survey Methodology 28:169-181; Imbens & Kolesar 2016, Review of Economics and Statistics
    98:701-712.
    """
    k = len(fit.coefficients)
    multipliers = np.eye(k)[contrast] if isinstance(contrast, int | np.integer) else np.asarray(contrast, dtype=float)
    in_basis, rows = fit.in_basis(multipliers), fit.rows @ fit.basis
    along = rows @ in_basis
    alone = (rows**2).sum(axis=1) > 1 - 1e-9
    if (np.abs(along[alone]) > 1e-6 * np.linalg.norm(in_basis)).any():
        raise EstimationRefusal(ONE_ROW, INSTEAD)
    adjusted = along * _adjustment(fit, rows, kind)
    se = float(np.linalg.norm(adjusted * fit.residuals))
    if se <= 1e-12 * float(np.linalg.norm(fit.residuals) * np.linalg.norm(in_basis)) or se == 0:
        raise EstimationRefusal(NOTHING_LEFT, INSTEAD)
    return t_inference(fit.value(multipliers), se, _df(adjusted, rows), level)


def _df(adjusted: Array, rows: Array) -> float:
    """(trace P)^2 / trace(P^2) with P_ij = a_i a_j (I - H)_ij."""
    squares, leverage = adjusted**2, (rows**2).sum(axis=1)
    crossed = rows.T @ (squares[:, None] * rows)
    trace = (squares * (1 - leverage)).sum()
    return float(trace**2 / ((squares**2 * (1 - 2 * leverage)).sum() + (crossed**2).sum()))


def _adjustment(fit: LeastSquares, rows: Array, kind: RowKind) -> Array:
    """What each residual is multiplied by; 0 for a row that alone decides a direction, whose residual is 0."""
    n, p = rows.shape
    if kind not in get_args(RowKind):
        raise ValueError(f"The kinds of covariance are {', '.join(get_args(RowKind))}.")
    if n <= p:
        raise EstimationRefusal(NOTHING_LEFT, INSTEAD)
    if kind in ("HC0", "HC1"):
        return np.full(n, 1.0 if kind == "HC0" else (n / (n - p)) ** 0.5)
    left = 1 - (rows**2).sum(axis=1)
    power = -0.5 if kind == "HC2" else -1.0
    return np.where(left > 1e-9, np.maximum(left, 1e-9) ** power, 0.0)
