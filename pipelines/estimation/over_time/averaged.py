"""Least squares of a short series, with errors that follow each other: uncertainty about how closely is averaged over.

Newey-West needs hundreds of points, and a single estimate of the autocorrelation is too low in a short series. Here the
variance of the least-squares coefficients is worked out for every autocorrelation between -1 and 1, and averaged by how
likely the residuals make each (restricted likelihood, every value equally likely beforehand).
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from pipelines.estimation.sample import Array

GRID = (np.arange(60) + 0.5) / 30 - 1
"""Autocorrelations averaged over: the middles of sixty equal parts from -1 to 1."""
VERY_SHORT_BELOW = 18
VERY_SHORT = (
    "The series is very short: where neighbouring periods resemble each other strongly, an interval that says 95% "
    "covers the truth about 91 times in 100."
)


@dataclass(frozen=True)
class Averaged:
    """What the average comes to.

    Parameters
    ----------
    covariance : array, shape (k, k)
        Of the least-squares coefficients; t with n - k degrees of freedom goes with it.
    autocorrelation : float
        Mean of the first autocorrelation of errors, weighted likewise.
    """

    covariance: Array
    autocorrelation: float


def averaged(y: Array, X: Array, place: NDArray[np.intp]) -> Averaged:
    """Covariance of least-squares coefficients, averaged over first-order autocorrelations.

    Parameters
    ----------
    y, X : arrays of float, shapes (n,) and (n, k)
        Outcome, and regressors of full rank; n above k.
    place : array of int, shape (n,)
        Position of each in the series, ascending; over what is left out, likeness decays.

    Returns
    -------
    Averaged
        Zero where the fit is perfect. By simulation (levels and slopes, 18 to 60 points, autocorrelation 0 to 0.6), 95%
        intervals cover 93 to 98%, where Newey-West's cover 53 to 90%; with 12 points 90 to 98%. For counts (the
        weighted least squares of the last step of their fit; levels, 24 to 60 points, with and without seasons) 93 to
        98%, where a quasi-Poisson model's cover 76 to 95% and a Poisson model's 54 to 96%.

    References
    ----------
    Zellner & Tiao 1964, Journal of the American Statistical Association 59:763-778 (average over the autocorrelation);
    Harville 1974, Biometrika 61:383-385 (restricted likelihood); Turner, Forbes, Karahalios, Taljaard & McKenzie 2021,
    BMC Medical Research Methodology 21:181 (other estimators in short interrupted series).
    """
    n, k = X.shape
    basis, triangle = np.linalg.qr(X)
    residuals = y - basis @ (basis.T @ y)
    if float(residuals @ residuals) <= 1e-24 * max(float(y @ y), 1e-300):
        return Averaged(np.zeros((k, k)), 0.0)
    scale = float(np.sqrt(residuals @ residuals))
    moments, log_det = _whitened(np.column_stack([residuals / scale, basis]), np.diff(place))
    inner, cross = moments[:, 1:, 1:], moments[:, 1:, 0]
    rest = moments[:, 0, 0] - (cross * np.linalg.solve(inner, cross[:, :, None])[:, :, 0]).sum(axis=1)
    rest = np.maximum(rest, 1e-300)
    log_like = -0.5 * (log_det + np.linalg.slogdet(inner)[1] + (n - k) * np.log(rest))
    weight = np.exp(log_like - log_like.max())
    weight /= weight.sum()
    spread = _spread(basis, place)
    middle = np.einsum("r,rij->ij", weight * rest / (n - k), spread) * scale**2
    back = np.linalg.inv(triangle)
    return Averaged(back @ middle @ back.T, float(weight @ GRID))


def _whitened(columns: Array, gaps: NDArray[np.intp]) -> tuple[Array, Array]:
    """Cross-products by the inverse of each autocorrelation's matrix, (r, m, m), and its log determinant, (r,)."""
    before, after = columns[:-1], columns[1:]
    total = np.broadcast_to(np.outer(columns[0], columns[0]), (len(GRID), *(columns.shape[1],) * 2)).copy()
    log_det = np.zeros(len(GRID))
    for gap in np.unique(gaps):
        old, new = before[gaps == gap], after[gaps == gap]
        decay = (GRID ** int(gap))[:, None, None]
        crossed = new.T @ old
        total += (new.T @ new - decay * (crossed + crossed.T) + decay**2 * (old.T @ old)) / (1 - decay**2)
        log_det += len(old) * np.log1p(-(decay[:, 0, 0] ** 2))
    return total, log_det


def _spread(basis: Array, place: NDArray[np.intp]) -> Array:
    """Variance of the basis' coefficients for each autocorrelation and errors of variance 1, shape (r, k, k)."""
    grid = np.zeros((int(place[-1] - place[0]) + 1, basis.shape[1]))
    grid[place - place[0]] = basis
    total = np.broadcast_to(grid.T @ grid, (len(GRID), *(basis.shape[1],) * 2)).copy()
    for lag in range(1, len(grid)):
        power = GRID**lag
        if np.abs(power).max() < 1e-14:
            break
        crossed = grid[lag:].T @ grid[:-lag]
        total += power[:, None, None] * (crossed + crossed.T)
    return total
