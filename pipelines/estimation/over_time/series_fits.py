"""Fitting a segmented regression: least squares, Prais-Winsten, and counts with a log link."""

from dataclasses import dataclass
from math import exp, log

import numpy as np
from numpy.typing import NDArray

from pipelines.estimation.over_time.autocorrelation import automatic_lags, newey_west_meat
from pipelines.estimation.over_time.averaged import averaged
from pipelines.estimation.over_time.segmented import Columns, Segmented
from pipelines.estimation.over_time.series import Series
from pipelines.estimation.refusal import EstimationRefusal
from pipelines.estimation.sample import Array

COLLINEAR = "The series is too short for this many terms: they cannot be told apart."
FEWER = "Declare fewer seasonal terms, or a change of level only."
NO_EVENTS = "There are no events on one side of the interruption."
NOT_COUNTS = "The outcome is not a count (whole numbers from zero on)."


@dataclass(frozen=True)
class SeriesFit:
    """A fit of n of T points with k coefficients.

    Parameters
    ----------
    coefficients : array, shape (k,)
        On the log scale for counts.
    covariance : array, shape (k, k)
        By the declared errors.
    df : float or None
        n - k; None for the normal distribution (counts with independent errors).
    residuals : array, shape (n,)
        Of the outcome; Pearson's for counts; of the transformed series for Prais-Winsten.
    influence : array, shape (T, k)
        Each point's influence on the coefficients (their sum of squares is HC0); zero for points left out.
    dispersion : float or None
        Pearson's chi-square over n - k, counts only.
    parameter : float or None
        Autocorrelation (Prais-Winsten; the mean of those averaged over) or alpha (negative binomial: variance
        mu + alpha mu^2).
    """

    coefficients: Array
    covariance: Array
    df: float | None
    residuals: Array
    influence: Array
    dispersion: float | None = None
    parameter: float | None = None


def fit(series: Series, columns: Columns, design: Segmented) -> SeriesFit:
    """Fit by the declared family and errors.

    Parameters
    ----------
    series : Series
        T points.
    columns : Columns
        Their regressors.
    design : Segmented
        As declared.

    Returns
    -------
    SeriesFit
        Newey-West covariances are multiplied by n / (n - k).

    Raises
    ------
    EstimationRefusal
        If terms cannot be told apart, a count is not a count, or there are no events on one side.

    References
    ----------
    Newey & West 1987, Econometrica 55:703-708; Prais & Winsten 1954, Cowles Commission Discussion Paper 383; McCullagh
    & Nelder 1989, Generalized Linear Models; Lawless 1987, Canadian Journal of Statistics 15:209-225.
    """
    X, y = columns.observed[columns.fitted], series.outcome[columns.fitted]
    if len(y) <= X.shape[1] or np.linalg.matrix_rank(X / np.linalg.norm(X, axis=0)) < X.shape[1]:
        raise EstimationRefusal(COLLINEAR, FEWER)
    if design.counts:
        return _counts(series, columns, design)
    if design.errors == "prais_winsten":
        return prais_winsten(y, X, columns.fitted, len(series.outcome))
    bread = np.linalg.inv(X.T @ X)
    coefficients = bread @ (X.T @ y)
    residuals = y - X @ coefficients
    n, k = X.shape
    influence = _on_grid((X * residuals[:, None]) @ bread, columns.fitted, len(series.outcome))
    covariance = bread * float(residuals @ residuals) / (n - k)
    if design.errors == "newey_west":
        covariance = robust(influence, n, k, design.lags)
    if design.errors == "averaged":
        found = averaged(y, X, columns.fitted)
        return SeriesFit(coefficients, found.covariance, n - k, residuals, influence, parameter=found.autocorrelation)
    return SeriesFit(coefficients, covariance, n - k, residuals, influence)


def robust(influence: Array, n: int, k: int, lags: int | None) -> Array:
    """Newey-West covariance from influences, shape (T, k) to (k, k), with the factor n / (n - k)."""
    return newey_west_meat(influence, automatic_lags(n) if lags is None else lags) * n / (n - k)


def prais_winsten(y: Array, X: Array, place: NDArray[np.intp], points: int) -> SeriesFit:
    """Feasible generalised least squares with first-order autocorrelation, iterated; the first point is kept.

    Parameters
    ----------
    y, X : arrays, shapes (n,) and (n, k)
        Outcome and regressors.
    place : array of int, shape (n,)
        Position of each in the series; where points are left out, autocorrelation decays over the gap.
    points : int
        T.

    Returns
    -------
    SeriesFit
        Covariance s^2 (X* 'X*)^-1 with n - k degrees of freedom; `parameter` is the autocorrelation, the slope of each
        residual on its predecessor.
    """
    n, k = X.shape
    gaps, rho = np.diff(place), 0.0
    for _ in range(200):
        transformed = ar1_transform(np.column_stack([y, X]), gaps, rho)
        coefficients = np.asarray(np.linalg.lstsq(transformed[:, 1:], transformed[:, 0], rcond=None)[0])
        e = y - X @ coefficients
        last, now = e[:-1][gaps == 1], e[1:][gaps == 1]
        total = float(last @ last)
        updated = min(max(float(last @ now) / total, -0.99), 0.99) if total > 0 else 0.0
        if abs(updated - rho) < 1e-10:
            break
        rho = updated
    rest = transformed[:, 0] - transformed[:, 1:] @ coefficients
    bread = np.linalg.inv(transformed[:, 1:].T @ transformed[:, 1:])
    influence = _on_grid((transformed[:, 1:] * rest[:, None]) @ bread, place, points)
    covariance = bread * float(rest @ rest) / (n - k)
    return SeriesFit(coefficients, covariance, n - k, rest, influence, parameter=rho)


def ar1_transform(values: Array, gaps: NDArray[np.intp], rho: float) -> Array:
    """Rows made independent under first-order autocorrelation `rho`, shape (n, k); `gaps` are steps between rows."""
    decay = rho ** gaps.astype(float)
    scale = np.sqrt((1 - rho**2) / (1 - decay**2))
    return np.vstack([values[:1] * np.sqrt(1 - rho**2), (values[1:] - decay[:, None] * values[:-1]) * scale[:, None]])


def _counts(series: Series, columns: Columns, design: Segmented) -> SeriesFit:
    X, y = columns.observed[columns.fitted], series.outcome[columns.fitted]
    if (y < 0).any() or (y != np.round(y)).any():
        raise EstimationRefusal(NOT_COUNTS, "Declare values instead of counts.")
    late = columns.fitted >= design.before
    if y[late].sum() == 0 or y[~late].sum() == 0:
        raise EstimationRefusal(NO_EVENTS, "Describe the series without an estimate, or use coarser units of time.")
    offset = np.zeros(len(y)) if series.exposure is None else np.log(series.exposure[columns.fitted])
    alpha = fit_alpha(y, X, offset) if design.family == "negative_binomial" else 0.0
    coefficients = log_linear(y, X, offset, alpha)
    mu = np.exp(X @ coefficients + offset)
    variance = mu * (1 + alpha * mu)
    bread = np.linalg.inv(X.T @ (X * (mu / (1 + alpha * mu))[:, None]))
    n, k = X.shape
    pearson = (y - mu) / np.sqrt(variance)
    dispersion = float(pearson @ pearson) / (n - k)
    scores = X * ((y - mu) / (1 + alpha * mu))[:, None]
    influence = _on_grid(scores @ bread, columns.fitted, len(series.outcome))
    quasi = design.family == "quasi_poisson"
    covariance = np.asarray(bread * (dispersion if quasi else 1.0), dtype=float)
    if design.errors == "newey_west":
        covariance = robust(influence, n, k, design.lags)
    if design.errors == "averaged":
        # The last step of the weighted least squares that the fit is: its residuals are Pearson's.
        root = np.sqrt(mu / (1 + alpha * mu))
        covariance = averaged(root * (X @ coefficients) + pearson, X * root[:, None], columns.fitted).covariance
    # Quasi-Poisson limits by the normal distribution are what the published analyses print.
    df = None if design.errors == "independent" else n - k
    parameter = alpha if design.family == "negative_binomial" else None
    return SeriesFit(coefficients, covariance, df, pearson, influence, dispersion, parameter)


def log_linear(y: Array, X: Array, offset: Array, alpha: float) -> Array:
    """Maximum likelihood of a log-linear model for counts with variance mu + alpha mu^2, shape (k,).

    Raises
    ------
    EstimationRefusal
        If the iterations do not settle.
    """
    mu = (y + y.mean()) / 2 + 1e-9
    for _ in range(100):
        w = mu / (1 + alpha * mu)
        z = np.log(mu) - offset + (y - mu) / mu
        root = np.sqrt(w)
        coefficients = np.linalg.lstsq(X * root[:, None], z * root, rcond=None)[0]
        new = np.exp(np.clip(X @ coefficients + offset, -700, 700))
        if np.abs(new - mu).max() <= 1e-10 * max(1.0, float(mu.max())):
            return np.asarray(coefficients)
        mu = np.maximum(new, 1e-300)
    raise EstimationRefusal("The model for counts does not settle on an answer.", FEWER)


def fit_alpha(y: Array, X: Array, offset: Array) -> float:
    """Alpha of the negative binomial by maximum likelihood; 0 where counts vary no more than Poisson's."""
    from scipy.optimize import minimize_scalar
    from scipy.special import gammaln

    def loss(log_alpha: float) -> float:
        alpha = exp(log_alpha)
        mu = np.exp(X @ log_linear(y, X, offset, alpha) + offset)
        size = 1 / alpha
        like = gammaln(y + size) - gammaln(size) + size * np.log(size / (size + mu)) + y * np.log(mu / (size + mu))
        return -float(like.sum())

    found = minimize_scalar(loss, bounds=(log(1e-9), log(1e3)), method="bounded", options={"xatol": 1e-8})
    return 0.0 if found.x < log(1e-7) else exp(found.x)


def _on_grid(values: Array, place: NDArray[np.intp], points: int) -> Array:
    grid = np.zeros((points, values.shape[1]))
    grid[place] = values
    return grid
