"""One arm's survival: the Kaplan-Meier curve, and the restricted mean up to a horizon. No comparison belongs here."""

from dataclasses import dataclass
from math import exp, log, sqrt

import numpy as np
from numpy.typing import NDArray
from scipy.stats import norm

from pipelines.estimation.result import CurvePoint
from pipelines.estimation.sample import Array


@dataclass(frozen=True)
class Survival:
    """The Kaplan-Meier estimate at every event time up to the horizon.

    Parameters
    ----------
    time : array of float, shape (m,)
        Event times, ascending.
    at_risk, events : array of int, shape (m,)
        Under observation just before each time, and events at it.
    survival : array of float, shape (m,)
        Share without the event just after each time.
    hazard_variance : array of float, shape (m,)
        Greenwood's terms d / (n (n - d)); zero where the last people have the event, because survival is then 0 for
        good.
    n, censored : int
        People, and those whose follow-up ended before the horizon without the event.
    """

    time: Array
    at_risk: NDArray[np.int_]
    events: NDArray[np.int_]
    survival: Array
    hazard_variance: Array
    n: int
    censored: int


def kaplan_meier(time: Array, event: Array, horizon: float) -> Survival:
    """Kaplan-Meier estimate; people censored at an event's time were still at risk of it.

    Parameters
    ----------
    time : array of float, shape (n,)
        Time to the event or to the end of follow-up, from 0.
    event : array of float, shape (n,)
        1 for the event, 0 for the end of follow-up.
    horizon : float
        Later events are not counted; an event at the horizon is.

    Returns
    -------
    Survival
        In the unit of `time`.

    References
    ----------
    Kaplan & Meier 1958, JASA 53:457-481.
    """
    counted = (event == 1) & (time <= horizon)
    at, events = np.unique(time[counted], return_counts=True)
    at_risk = len(time) - np.searchsorted(np.sort(time), at, side="left")
    left = at_risk - events
    terms = np.divide(events, at_risk * left, out=np.zeros(len(at)), where=left > 0)
    censored = int(((event == 0) & (time < horizon)).sum())
    return Survival(at, at_risk, events, np.cumprod(left / at_risk, dtype=float), terms, len(time), censored)


def restricted_mean(curve: Survival, horizon: float) -> tuple[float, float]:
    """Restricted mean survival time (area under the curve up to the horizon) and its standard error.

    Parameters
    ----------
    curve : Survival
        From `kaplan_meier`, with the same horizon.
    horizon : float
        Above zero, within follow-up.

    Returns
    -------
    tuple of float
        Mean and standard error, in the unit of time.

    References
    ----------
    Irwin 1949, Journal of Hygiene 47:188-189; Royston & Parmar 2013, BMC Medical Research Methodology 13:152. Variance:
    sum over event times of (area to the right)^2 d / (n (n - d)), as in survRM2 (Uno et al. 2014).
    """
    edges = np.concatenate([[0.0], curve.time, [horizon]])
    areas = np.diff(edges) * np.concatenate([[1.0], curve.survival])
    to_the_right = np.cumsum(areas[::-1])[::-1][1:]
    return float(areas.sum()), float(np.sqrt((to_the_right**2 * curve.hazard_variance).sum()))


def survival_at_horizon(curve: Survival) -> tuple[float, float]:
    """Share without the event at the horizon, and Greenwood's standard error (Greenwood 1926)."""
    share = float(curve.survival[-1]) if len(curve.survival) else 1.0
    return share, share * sqrt(float(curve.hazard_variance.sum()))


def reach(time: Array, event: Array) -> float:
    """Longest horizon of the curve: the longest follow-up, or no limit if it ends with everybody's event."""
    last = time.max()
    return float("inf") if event[time == last].all() else float(last)


def curve_points(curve: Survival, arm: str, level: float) -> tuple[CurvePoint, ...]:
    """Return the curve's steps from time 0, with complementary log-log limits (Kalbfleisch & Prentice 1980, 1.3)."""
    z = float(norm.ppf(0.5 + level / 2))
    start = CurvePoint(arm, 0.0, 1.0, 0.0, 1.0, 1.0, curve.n, 0)
    variances = np.cumsum(curve.hazard_variance)
    steps = zip(curve.time, curve.survival, variances, curve.at_risk, curve.events, strict=True)
    return (start, *(_point(arm, float(t), float(s), float(v), int(n), int(d), z) for t, s, v, n, d in steps))


def _point(arm: str, time: float, share: float, variance: float, at_risk: int, events: int, z: float) -> CurvePoint:
    if not 0 < share < 1:
        return CurvePoint(arm, time, share, 0.0, share, share, at_risk, events)
    spread = z * sqrt(variance) / abs(log(share))
    lower, upper = (share ** exp(sign * spread) for sign in (1, -1))
    return CurvePoint(arm, time, share, share * sqrt(variance), lower, upper, at_risk, events)
