"""Tests of two survival curves that weigh times differently, within strata; and median survival with its interval."""

from dataclasses import dataclass
from math import exp, log, sqrt

import numpy as np
from numpy.typing import ArrayLike
from scipy.stats import chi2, norm

from pipelines.estimation.arrays import Booleans, arms_of, check_binary, groups_of, numbers_of
from pipelines.estimation.kaplan_meier import Survival, kaplan_meier
from pipelines.estimation.refusal import EstimationRefusal
from pipelines.estimation.result import Inference
from pipelines.estimation.sample import Array


@dataclass(frozen=True)
class Weights:
    """How much each event time counts: S(t-)^rho (1 - S(t-))^gamma, times at-risk^power.

    Parameters
    ----------
    rho, gamma : float
        Fleming & Harrington's; 0, 0 is the log-rank test, 1, 0 Peto-Peto's (pooled Kaplan-Meier curve just before).
    power : float
        Of the number at risk: 1 is Gehan's (Breslow's), 0.5 Tarone and Ware's.
    """

    rho: float = 0.0
    gamma: float = 0.0
    power: float = 0.0


LOG_RANK, GEHAN, TARONE_WARE = Weights(), Weights(power=1.0), Weights(power=0.5)


def weighted_log_rank(
    time: ArrayLike,
    event: ArrayLike,
    treated: ArrayLike,
    weights: Weights = LOG_RANK,
    strata: ArrayLike | None = None,
) -> Inference:
    """Weighted, stratified log-rank test of two arms.

    Parameters
    ----------
    time, event : array of float, shape (n,)
        Times, and 1 for the event.
    treated : array of bool, shape (n,)
        Arm.
    weights : Weights
        Declared beforehand; the log-rank test's by default.
    strata : array, shape (n,), optional
        Labels; arms are compared within strata.

    Returns
    -------
    Inference
        Chi-square on 1 degree of freedom; no estimate.

    Raises
    ------
    EstimationRefusal
        If nobody had the event while both arms were at risk.

    References
    ----------
    Mantel 1966, Cancer Chemotherapy Reports 50:163-170; Fleming & Harrington 1991, Counting Processes and Survival
    Analysis, ch. 7; Tarone & Ware 1977, Biometrika 64:156-160.
    """
    t, d = numbers_of(time=time, event=event)
    check_binary(d, "event")
    arm = arms_of(treated, len(t))
    stratum, count = groups_of(strata, len(t)) if strata is not None else (np.zeros(len(t), dtype=int), 1)
    parts = [_stratum(t[stratum == s], d[stratum == s], arm[stratum == s], weights) for s in range(count)]
    excess, variance = (sum(part[i] for part in parts) for i in (0, 1))
    if variance <= 0:
        raise EstimationRefusal(
            "Nobody had the event while both arms were followed.", "Describe how long people were followed."
        )
    statistic = excess**2 / variance
    return Inference(None, statistic=statistic, df=1.0, p=float(chi2.sf(statistic, 1)))


def median_survival(time: ArrayLike, event: ArrayLike, level: float = 0.95, quantile: float = 0.5) -> Inference:
    """Median (or other quantile of) survival with Brookmeyer and Crowley's interval.

    The interval holds the times at which the curve's own limits (complementary log-log) contain 1 - quantile.

    Parameters
    ----------
    time, event : array of float, shape (n,)
        Times, and 1 for the event.
    level : float
        Confidence level.
    quantile : float
        Share that has had the event, between 0 and 1.

    Returns
    -------
    Inference
        In the unit of time. None where the curve, or its limit, does not come down so far: not reached.

    Raises
    ------
    ValueError
        If the quantile or values are impossible.

    References
    ----------
    Brookmeyer & Crowley 1982, Biometrics 38:29-41; limits on the complementary log-log scale as in Klein & Moeschberger
    2003, section 4.5.
    """
    t, d = numbers_of(time=time, event=event)
    check_binary(d, "event")
    if not 0 < quantile < 1:
        raise ValueError("The quantile must lie between 0 and 1.")
    curve = kaplan_meier(t, d, float(t.max()))
    if not len(curve.time):
        return Inference(None)
    limits = _limits(curve, level)
    target = 1 - quantile
    return Inference(
        _quantile(curve.time, curve.survival, target),
        None,
        _first(curve.time, limits[0] <= target),
        _first(curve.time, limits[1] <= target),
    )


def _stratum(time: Array, event: Array, arm: Booleans, weights: Weights) -> tuple[float, float]:
    """Weighted observed less expected events of the treatment arm, and its variance."""
    if not event.any():
        return 0.0, 0.0
    at, place, deaths = np.unique(time[event == 1], return_inverse=True, return_counts=True)
    n = len(time) - np.searchsorted(np.sort(time), at, side="left")
    n1 = arm.sum() - np.searchsorted(np.sort(time[arm]), at, side="left")
    d1 = np.bincount(place, weights=arm[event == 1], minlength=len(at))
    before = np.concatenate([[1.0], np.cumprod(1 - deaths / n)[:-1]])
    w = before**weights.rho * (1 - before) ** weights.gamma * n.astype(float) ** weights.power
    share = n1 / n
    spread = deaths * share * (1 - share) * np.divide(n - deaths, n - 1, out=np.zeros(len(at)), where=n > 1)
    return float((w * (d1 - deaths * share)).sum()), float((w**2 * spread).sum())


def _limits(curve: Survival, level: float) -> tuple[Array, Array]:
    z = float(norm.ppf(0.5 + level / 2))
    variance = np.cumsum(curve.hazard_variance)
    pairs = [_log_log(float(s), float(v), z) for s, v in zip(curve.survival, variance, strict=True)]
    # Where everyone has had the event, Greenwood's variance is undefined: the last limits that there were stay.
    return np.array([low for low, _ in pairs]), np.array([high for _, high in pairs])


def _log_log(share: float, variance: float, z: float) -> tuple[float, float]:
    if share <= 0:
        return 0.0, np.inf
    if share >= 1:
        return 1.0, 1.0
    spread = z * sqrt(variance) / abs(log(share))
    return share ** exp(spread), share ** exp(-spread)


def _first(times: Array, holds: Booleans) -> float | None:
    return float(times[int(np.argmax(holds))]) if holds.any() else None


def _quantile(times: Array, survival: Array, target: float) -> float | None:
    """First time the curve is below the target; halfway along the step where it lies exactly on it."""
    on = np.flatnonzero(np.abs(survival - target) < 1e-9)
    if len(on) and on[0] + 1 < len(times):
        return float((times[on[0]] + times[on[0] + 1]) / 2)
    return _first(times, survival <= target + 1e-9)
