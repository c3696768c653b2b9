"""Does a hazard ratio stay the same over time? Grambsch and Therneau's test of a fitted Cox model."""

from dataclasses import dataclass
from typing import Literal

import numpy as np
from scipy.stats import chi2

from pipelines.estimation.proportional_hazards import CoxFit
from pipelines.estimation.result import Inference
from pipelines.estimation.risk_sets import Integers, Moments, Stratum, information, moments, schoenfeld
from pipelines.estimation.sample import Array

Transform = Literal["km", "rank", "identity", "log"]
Method = Literal["score", "approximate"]

CHANGES = (
    "The hazard ratio is not the same over time (Grambsch-Therneau test), so one number does not sum it up: read the "
    "curves and the restricted means."
)
STEADY = "There is no sign that hazard ratios change over time (Grambsch-Therneau test); few events would hide one."


@dataclass(frozen=True)
class Proportionality:
    """Tests that coefficients do not change over time.

    Parameters
    ----------
    terms : tuple of Inference, length k
        One chi-square test on 1 degree of freedom for each column.
    overall : Inference
        All together, `df` k.
    transform, method : str
        The function of time that coefficients might follow, and which test.
    sentence : str
        In plain words, by the overall test at the 5% level.
    """

    terms: tuple[Inference, ...]
    overall: Inference
    transform: str
    method: str
    sentence: str


def proportionality(fit: CoxFit, transform: Transform = "km", method: Method = "score") -> Proportionality:
    """Test proportional hazards.

    Parameters
    ----------
    fit : CoxFit
        From `cox_regression`.
    transform : {'km', 'rank', 'identity', 'log'}
        Of time: 1 minus the Kaplan-Meier curve just before (default), rank of the event times, time itself, its
        logarithm.
    method : {'score', 'approximate'}
        The exact score test (R's survival package from version 3), or the approximation of the 1994 paper that takes
        the covariance of risk sets as constant (lifelines, and survival before version 3).

    Returns
    -------
    Proportionality
        Tests and a sentence.

    Raises
    ------
    ValueError
        If there are fewer than two event times, or log is asked of a time that is not above zero.

    References
    ----------
    Grambsch & Therneau 1994, Biometrika 81:515-526; Therneau & Grambsch 2000, section 6.2.
    """
    times = np.concatenate([stratum.times for stratum in fit.strata])
    deaths = np.concatenate([stratum.deaths for stratum in fit.strata])
    g = _transformed(fit, times, deaths, transform)
    if np.ptp(g) == 0:
        raise ValueError("The test needs events at more than one time.")
    g = g - np.average(g, weights=deaths)
    terms, overall = (_score if method == "score" else _approximate)(fit, g, deaths)
    changes = overall.p is not None and overall.p < 0.05
    return Proportionality(terms, overall, transform, method, CHANGES if changes else STEADY)


def _transformed(fit: CoxFit, times: Array, deaths: Integers, transform: Transform) -> Array:
    if transform == "identity":
        return times
    if transform == "log":
        if times.min() <= 0:
            raise ValueError("The logarithm needs times above zero.")
        return np.log(times)
    at, place = np.unique(times, return_inverse=True)
    together = np.asarray(np.bincount(place, weights=deaths), dtype=float)
    if transform == "rank":
        return np.asarray((np.cumsum(together) - (together - 1) / 2)[place])
    return np.asarray(_event_share_before(fit, at, together)[place])


def _event_share_before(fit: CoxFit, at: Array, deaths: Array) -> Array:
    """One minus everyone's Kaplan-Meier curve just before each event time, shape (m,)."""
    not_ended = len(fit.time) - np.searchsorted(np.sort(fit.time), at, side="left")
    not_entered = len(fit.entry) - np.searchsorted(np.sort(fit.entry), at, side="left")
    after = np.cumprod(1 - deaths / (not_ended - not_entered))
    return np.concatenate([[0.0], 1 - after[:-1]])


def _per_stratum(fit: CoxFit, g: Array) -> list[tuple[Stratum, Moments, Array]]:
    b = fit.coefficients * fit.scale
    pieces = np.split(g, np.cumsum([len(stratum.times) for stratum in fit.strata])[:-1])
    return [(s, moments(s, fit.columns, b), piece) for s, piece in zip(fit.strata, pieces, strict=True)]


def _slope(fit: CoxFit, pieces: list[tuple[Stratum, Moments, Array]]) -> Array:
    """Sum over events of g times the Schoenfeld residual, shape (k,)."""
    found = [np.repeat(piece, s.deaths) @ schoenfeld(s, m, fit.columns[s.rows]) for s, m, piece in pieces]
    return np.asarray(np.sum(found, axis=0))


def _score(fit: CoxFit, g: Array, deaths: Integers) -> tuple[tuple[Inference, ...], Inference]:
    """Score test of coefficients on g(t) x, added to the model."""
    pieces = _per_stratum(fit, g)
    u = _slope(fit, pieces)
    plain, crossed, squared = (
        np.sum([information(s, m, fit.columns, piece**power) for s, m, piece in pieces], axis=0) for power in (0, 1, 2)
    )
    left = squared - crossed @ np.linalg.solve(plain, crossed)
    terms = tuple(_chi_square(u[j] ** 2 / left[j, j], 1) for j in range(len(u)))
    return terms, _chi_square(float(u @ np.linalg.solve(left, u)), len(u))


def _approximate(fit: CoxFit, g: Array, deaths: Integers) -> tuple[tuple[Inference, ...], Inference]:
    """Scaled Schoenfeld residuals on g(t), with one covariance for all risk sets."""
    u = _slope(fit, _per_stratum(fit, g))
    covariance = fit.covariance * np.outer(fit.scale, fit.scale)
    factor = fit.events / float((deaths * g**2).sum())
    moved = covariance @ u
    terms = tuple(_chi_square(factor * moved[j] ** 2 / covariance[j, j], 1) for j in range(len(u)))
    return terms, _chi_square(float(factor * u @ moved), len(u))


def _chi_square(statistic: float, df: int) -> Inference:
    return Inference(None, statistic=float(statistic), df=float(df), p=float(chi2.sf(statistic, df)))
