"""Competing risks: cumulative incidence and its comparison at a horizon. Gray's test is in `gray_test`."""

from dataclasses import dataclass
from math import exp, log, sqrt

import numpy as np
from numpy.typing import ArrayLike
from scipy.stats import norm

from pipelines.estimation.arrays import arms_of, check_counts, numbers_of
from pipelines.estimation.refusal import EstimationRefusal
from pipelines.estimation.result import Inference
from pipelines.estimation.sample import Array
from pipelines.estimation.welch import z_inference

WHY = (
    "Somebody who has a competing event can no longer have this one. One minus a Kaplan-Meier curve that treats them "
    "as still at risk is too high; the cumulative incidence is the share who really have had the event."
)


@dataclass(frozen=True)
class CumulativeIncidence:
    """Share that has had the event of interest, at each of m event times (of any cause).

    Parameters
    ----------
    time, incidence, se, lower, upper : array of float, shape (m,)
        Complementary log-log limits.
    last : float
        Longest follow-up.
    """

    time: Array
    incidence: Array
    se: Array
    lower: Array
    upper: Array
    last: float

    def at(self, horizon: float) -> tuple[float, float]:
        """Incidence and standard error at a time within follow-up."""
        place = int(np.searchsorted(self.time, horizon, side="right")) - 1
        return (float(self.incidence[place]), float(self.se[place])) if place >= 0 else (0.0, 0.0)


def cumulative_incidence(time: ArrayLike, cause: ArrayLike, of: int = 1, level: float = 0.95) -> CumulativeIncidence:
    """Aalen-Johansen estimate for one group.

    Parameters
    ----------
    time : array of float, shape (n,)
        Time to the first event of any cause, or to the end of follow-up.
    cause : array of int, shape (n,)
        0 for the end of follow-up, else the number of the cause.
    of : int
        The cause of interest.
    level : float
        Confidence level.

    Returns
    -------
    CumulativeIncidence
        With Greenwood-type (multinomial) variances.

    Raises
    ------
    EstimationRefusal
        If nobody had any event.
    ValueError
        If causes are not whole numbers from 0.

    References
    ----------
    Aalen & Johansen 1978, Scandinavian Journal of Statistics 5:141-150; Marubini & Valsecchi 1995, Analysing Survival
    Data, section 10.4.
    """
    t, c = numbers_of(time=time, cause=cause)
    check_counts(c, "cause")
    times, deaths, of_cause, at_risk = _counts(t, c, of)
    if not len(times):
        raise EstimationRefusal("Nobody had any event.", "Describe how long people were followed without one.")
    left = at_risk - deaths
    before = np.concatenate([[1.0], np.cumprod(left / at_risk)[:-1]])
    incidence = np.cumsum(before * of_cause / at_risk)
    se = np.sqrt(np.maximum(0.0, _variance(incidence, before, deaths, of_cause, at_risk)))
    limits = np.array([_limits(float(f), float(s), level) for f, s in zip(incidence, se, strict=True)])
    return CumulativeIncidence(times, incidence, se, limits[:, 0], limits[:, 1], float(t.max()))


@dataclass(frozen=True)
class IncidenceDifference:
    """Two arms' cumulative incidences at a horizon.

    Parameters
    ----------
    treatment, comparison : CumulativeIncidence
        The curves.
    difference : Inference
        At the horizon, normal.
    why : str
        Why not Kaplan-Meier.
    """

    treatment: CumulativeIncidence
    comparison: CumulativeIncidence
    difference: Inference
    why: str


def incidence_difference(
    time: ArrayLike, cause: ArrayLike, treated: ArrayLike, horizon: float, of: int = 1, level: float = 0.95
) -> IncidenceDifference:
    """Difference of two arms' cumulative incidence at a horizon.

    Parameters
    ----------
    time, cause, of, level
        As for `cumulative_incidence`.
    treated : array of bool, shape (n,)
        Arm.
    horizon : float
        Within both arms' follow-up.

    Returns
    -------
    IncidenceDifference
        As proportions.

    Raises
    ------
    EstimationRefusal
        If the horizon lies beyond an arm's follow-up, an arm has no events of any cause, or nothing varies.
    """
    t, c = numbers_of(time=time, cause=cause)
    arm = arms_of(treated, len(t))
    if horizon <= 0:
        raise ValueError("The horizon must be above zero.")
    curves = [cumulative_incidence(t[of_arm], c[of_arm], of, level) for of_arm in (arm, ~arm)]
    if any(
        horizon > t[of_arm].max() and (c[of_arm][t[of_arm] == t[of_arm].max()] == 0).any() for of_arm in (arm, ~arm)
    ):
        raise EstimationRefusal(
            "The horizon is longer than an arm was followed.", "Declare a shorter horizon, or wait for a later drop."
        )
    (f1, s1), (f0, s0) = (curve.at(horizon) for curve in curves)
    if s1 + s0 == 0:
        raise EstimationRefusal("Nobody, or everybody, had the event by the horizon.", "Describe the arms.")
    return IncidenceDifference(curves[0], curves[1], z_inference(f1 - f0, sqrt(s1**2 + s0**2), level), WHY)


def _counts(time: Array, cause: Array, of: int) -> tuple[Array, Array, Array, Array]:
    """Event times of any cause, events of any cause, events of the cause, and people at risk."""
    times, place, deaths = np.unique(time[cause > 0], return_inverse=True, return_counts=True)
    of_cause = np.bincount(place, weights=cause[cause > 0] == of, minlength=len(times))
    at_risk = len(time) - np.searchsorted(np.sort(time), times, side="left")
    return times, deaths.astype(float), np.asarray(of_cause, dtype=float), at_risk.astype(float)


def _variance(incidence: Array, before: Array, deaths: Array, of_cause: Array, at_risk: Array) -> Array:
    """Marubini & Valsecchi's eq. 10.12 by running sums: sum_j a_j (F_t - F_j)^2 + b_j - 2 c_j (F_t - F_j)."""
    left = at_risk - deaths
    a = np.divide(deaths, at_risk * left, out=np.zeros(len(deaths)), where=left > 0)
    b = before**2 * (at_risk - of_cause) * of_cause / at_risk**3
    c = before * of_cause / at_risk**2
    f = incidence
    squared = f**2 * np.cumsum(a) - 2 * f * np.cumsum(a * f) + np.cumsum(a * f**2)
    return np.asarray(squared + np.cumsum(b) - 2 * (f * np.cumsum(c) - np.cumsum(c * f)))


def _limits(share: float, se: float, level: float) -> tuple[float, float]:
    if not 0 < share < 1 or se == 0:
        return share, share
    # The same transform as for survival, of one minus the share.
    spread = float(norm.ppf(0.5 + level / 2)) * se / ((1 - share) * abs(log(1 - share)))
    return 1 - (1 - share) ** exp(-spread), 1 - (1 - share) ** exp(spread)
