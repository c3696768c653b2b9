"""A rate as a criterion, such as people recruited a month: exact Poisson interval and test, and months needed."""

from __future__ import annotations

from math import isfinite, sqrt

from scipy.stats import chi2, norm, poisson

from pipelines.progression.lights import Judged, Thresholds, light_of

Interval = tuple[float, float]


def garwood(events: int, exposure: float, level: float = 0.95) -> Interval:
    """Exact interval of a Poisson rate.

    Parameters
    ----------
    events : int
        Events, not below zero.
    exposure : float
        Time in which they came, for example months; above zero.
    level : float
        Confidence level.

    Returns
    -------
    tuple of float
        Limits, in events per unit of exposure.

    Raises
    ------
    ValueError
        If a number is out of range.

    References
    ----------
    Garwood 1936, Biometrika 28:437-442.
    """
    _check(events, exposure)
    tail = (1 - level) / 2
    lower = chi2.ppf(tail, 2 * events) / 2 if events else 0.0
    upper = chi2.ppf(1 - tail, 2 * events + 2) / 2
    return float(lower) / exposure, float(upper) / exposure


def judge_rate(
    events: int, exposure: float, thresholds: Thresholds, *, alpha: float = 0.05, level: float = 0.95
) -> Judged:
    """Light, exact interval and exact p value of a rate.

    Parameters
    ----------
    events, exposure : as for `garwood`.
    thresholds : Thresholds
        Events per unit of exposure, above zero.
    alpha, level : float
        One-sided level of the test against red; level of the interval.

    Returns
    -------
    Judged
        `cut` is red + z sqrt(red / exposure): Lewis's cut with the variance of a rate.

    Raises
    ------
    ValueError
        If a number is out of range.

    References
    ----------
    Lewis et al. 2021, Pilot and Feasibility Studies 7:40; Garwood 1936, Biometrika 28:437-442.
    """
    _check_thresholds(thresholds)
    limits = garwood(events, exposure, level)
    expected = thresholds.red * exposure
    tail = poisson.sf(events - 1, expected) if thresholds.sign > 0 else poisson.cdf(events, expected)
    cut = thresholds.red + thresholds.sign * float(norm.ppf(1 - alpha)) * sqrt(thresholds.red / exposure)
    estimate = events / exposure
    return Judged(estimate, *limits, cut, min(float(tail), 1.0), light_of(estimate, cut, thresholds))


def rate_exposure(thresholds: Thresholds, alpha: float = 0.05, power: float = 0.9) -> float:
    """Time needed to tell a green rate from a red one.

    Parameters
    ----------
    thresholds : Thresholds
        Events per unit of exposure, above zero.
    alpha, power : float
        One-sided level and power.

    Returns
    -------
    float
        Exposure, by the normal approximation of Lewis's formula with the variance of a rate.

    Raises
    ------
    ValueError
        If a number is out of range.

    References
    ----------
    Lewis et al. 2021, Pilot and Feasibility Studies 7:40.
    """
    _check_thresholds(thresholds)
    if not 0 < alpha < power < 1:
        raise ValueError("The level lies between 0 and 1, and the power between the level and 1.")
    root = norm.ppf(1 - alpha) * sqrt(thresholds.red) + norm.ppf(power) * sqrt(thresholds.green)
    return float((root / (thresholds.green - thresholds.red)) ** 2)


def _check(events: int, exposure: float) -> None:
    if events < 0 or not isfinite(exposure) or exposure <= 0:
        raise ValueError("A rate needs a number of events that is not below zero, and time above zero.")


def _check_thresholds(thresholds: Thresholds) -> None:
    if min(thresholds.red, thresholds.green) <= 0:
        raise ValueError("Thresholds of a rate lie above zero.")
