"""A time to an event as one number a person: what each adds to the average time without the event.

Follow-up that ended early leaves no value to compare; its pseudo-observation stands in for one, so that every method
for averages answers the question about time too. Which method belongs in pipelines.estimation.designs.
"""

import numpy as np

from pipelines.estimation.kaplan_meier import kaplan_meier, restricted_mean
from pipelines.estimation.sample import Array


def restricted_time(time: Array, event: Array, horizon: float) -> Array:
    """Pseudo-observations of the restricted mean survival time, by the infinitesimal jackknife.

    Parameters
    ----------
    time : array of float, shape (n,)
        Time to the event or to the end of follow-up, from 0, of one group.
    event : array of float, shape (n,)
        1 for the event, 0 for the end of follow-up.
    horizon : float
        Above zero, within follow-up; in the unit of `time`.

    Returns
    -------
    array of float, shape (n,)
        In the unit of `time`. Their mean is the restricted mean survival time; without follow-up that ended early each
        is the smaller of the person's time and the horizon. They may lie below zero or above the horizon.

    References
    ----------
    Andersen, Hansen & Klein 2004, Lifetime Data Analysis 10:335-350; Parner, Andersen & Overgaard 2023, Lifetime Data
    Analysis 29:654-671 (infinitesimal jackknife); Andersen, Syriopoulou & Parner 2017, Statistics in Medicine
    36:2669-2681 (as outcomes of weighting and regression). Censoring must not depend on covariates within the group.
    """
    curve = kaplan_meier(time, event, horizon)
    mean, _ = restricted_mean(curve, horizon)
    left = curve.at_risk - curve.events
    # Area to the right of each event time; nothing of it is left where the last people have the event.
    edges = np.concatenate([curve.time, [horizon]])
    areas = np.diff(edges) * curve.survival
    right = np.cumsum(areas[::-1])[::-1]
    per_event = np.divide(right, left, out=np.zeros(len(left)), where=left > 0) * len(time)
    spread = np.concatenate([[0.0], np.cumsum(per_event * curve.events / curve.at_risk)])
    own = np.zeros(len(time))
    counted = (event == 1) & (time <= horizon)
    own[counted] = per_event[np.searchsorted(curve.time, time[counted])]
    exposed = spread[np.searchsorted(curve.time, time, side="right")]
    return np.asarray(mean - own + exposed, dtype=float)


def incidence(time: Array, cause: Array, horizon: float) -> Array:
    """Pseudo-observations of the share with an event that another can forestall, by the infinitesimal jackknife.

    Parameters
    ----------
    time : array of float, shape (n,)
        Time to the first event or to the end of follow-up, from 0, of one group.
    cause : array of float, shape (n,)
        1 for the event, 2 for the other one, 0 for the end of follow-up.
    horizon : float
        Above zero, within follow-up; in the unit of `time`.

    Returns
    -------
    array of float, shape (n,)
        Their mean is the cumulative incidence at the horizon (Aalen & Johansen); without follow-up that ended early
        each is 1 for the event by then, else 0. They may lie below 0 or above 1.

    References
    ----------
    Klein & Andersen 2005, Biometrics 61:223-229; Overgaard, Parner & Pedersen 2017, Annals of Statistics 45:1988-2015
    (their regression). Censoring must not depend on covariates within the group.
    """
    n = len(time)
    at, place = np.unique(time[(cause > 0) & (time <= horizon)], return_inverse=True)
    ends = np.sort(time)
    at_risk = n - np.searchsorted(ends, at, side="left")
    within = (cause > 0) & (time <= horizon)
    every = np.bincount(place, minlength=len(at))
    own = np.bincount(place, (cause[within] == 1).astype(float), len(at))
    left = at_risk - every
    survival = np.concatenate([[1.0], np.cumprod(left / at_risk)])[:-1] if len(at) else np.empty(0)
    share = np.cumsum(survival * own / at_risk)
    total = float(share[-1]) if len(at) else 0.0
    # What the event at a time adds, and what any event at it takes from all that could still come.
    adds = survival / at_risk * n
    takes = np.divide(total - share, left, out=np.zeros(len(at)), where=left > 0) * n
    jumps = np.zeros(n)
    jumps[within] = np.where(cause[within] == 1, adds[place], 0.0) - takes[place]
    expected = np.concatenate([[0.0], np.cumsum((adds * own - takes * every) / at_risk)])
    return np.asarray(total + jumps - expected[np.searchsorted(at, time, side="right")], dtype=float)
