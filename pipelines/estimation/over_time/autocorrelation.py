"""Neighbours in time that resemble each other: measuring it, and standard errors that allow for it."""

from dataclasses import dataclass

import numpy as np

from pipelines.estimation.sample import Array

RESEMBLE = (
    "Neighbouring residuals resemble each other more than chance would have it: standard errors that take the points "
    "for independent are too small."
)
SHORT = (
    "The series is short for a Newey-West standard error, which is then too small as a rule: read the interval as the "
    "narrowest that could be defended."
)
# By simulation, 95% intervals covered 87% (24 or 48 points) or 91% (120) without autocorrelation, less with it.
SHORT_BELOW = 200


@dataclass(frozen=True)
class Residuals:
    """What residuals show.

    Parameters
    ----------
    durbin_watson : float
        Near 2 without autocorrelation, towards 0 with positive, towards 4 with negative.
    acf : tuple of float
        Autocorrelations at lags 1, 2, ...
    bound : float
        About 95% of autocorrelations of independent residuals lie within plus or minus this.
    """

    durbin_watson: float
    acf: tuple[float, ...]
    bound: float

    @property
    def resemble(self) -> bool:
        """Whether the first autocorrelation is out of bounds, on either side, or the second is."""
        return max(abs(r) for r in self.acf[:2]) > self.bound


def residual_checks(residuals: Array) -> Residuals:
    """Durbin-Watson and autocorrelations of residuals, shape (T,), up to a quarter of T and at most 24 lags.

    References
    ----------
    Durbin & Watson 1950, Biometrika 37:409-428; Box & Jenkins 1976, Time Series Analysis, section 2.1.
    """
    T = len(residuals)
    total = float((residuals**2).sum())
    if total <= 0:
        return Residuals(2.0, (0.0,), 1.96 / float(np.sqrt(T)))
    durbin_watson = float((np.diff(residuals) ** 2).sum()) / total
    centred = residuals - residuals.mean()
    lags = range(1, max(1, min(24, T // 4)) + 1)
    acf = tuple(float(centred[k:] @ centred[:-k]) / float(centred @ centred) for k in lags)
    return Residuals(durbin_watson, acf, 1.96 / float(np.sqrt(T)))


def automatic_lags(T: int) -> int:
    """Newey and West's rule of thumb, the whole part of 4 (T / 100)^(2/9), at least 1.

    References
    ----------
    Newey & West 1994, Review of Economic Studies 61:631-653.
    """
    return max(1, int(4 * (T / 100) ** (2 / 9)))


def newey_west_meat(scores: Array, lags: int) -> Array:
    """Sum of weighted autocovariances of scores, shape (T, k) to (k, k); zero rows stand for points left out.

    References
    ----------
    Newey & West 1987, Econometrica 55:703-708 (Bartlett weights 1 - l / (lags + 1)).
    """
    meat = scores.T @ scores
    for lag in range(1, min(lags, len(scores) - 1) + 1):
        cross = scores[lag:].T @ scores[:-lag]
        meat = meat + (1 - lag / (lags + 1)) * (cross + cross.T)
    return np.asarray(meat)
