"""An average as a criterion, such as sessions a person: Student's interval and test, and people needed."""

from __future__ import annotations

from math import ceil, isfinite, sqrt

from scipy.stats import norm
from scipy.stats import t as student

from pipelines.progression.lights import ROUNDING, Judged, Thresholds, light_of


def judge_average(
    mean: float, sd: float, n: int, thresholds: Thresholds, *, alpha: float = 0.05, level: float = 0.95
) -> Judged:
    """Light, interval and p value of an average.

    Parameters
    ----------
    mean, sd : float
        Average and standard deviation (n - 1) of the people, in the unit of the thresholds; sd not below zero.
    n : int
        People, at least two.
    thresholds : Thresholds
        In the unit of the mean.
    alpha, level : float
        One-sided level of the test against red; level of the interval.

    Returns
    -------
    Judged
        `cut` is red + t(alpha) sd / sqrt(n); where nobody differs from another, `p` is 0 or 1.

    Raises
    ------
    ValueError
        If a number is out of range.

    References
    ----------
    Student 1908, Biometrika 6:1-25; the lights after Lewis et al. 2021, Pilot and Feasibility Studies 7:40.
    """
    if n < 2 or not isfinite(mean) or not isfinite(sd) or sd < 0:
        raise ValueError("An average needs two people and a spread that is not below zero.")
    error, df = sd / sqrt(n), n - 1
    half = float(student.ppf(0.5 + level / 2, df)) * error
    away = thresholds.sign * (mean - thresholds.red)
    p = float(student.sf(away / error, df)) if error else float(away <= 0)
    cut = thresholds.red + thresholds.sign * float(student.ppf(1 - alpha, df)) * error
    return Judged(mean, mean - half, mean + half, cut, p, light_of(mean, cut, thresholds))


def average_size(thresholds: Thresholds, sd: float, alpha: float = 0.05, power: float = 0.9) -> int:
    """People needed to tell a green average from a red one.

    Parameters
    ----------
    thresholds : Thresholds
        In the unit of the average.
    sd : float
        Standard deviation supposed, above zero.
    alpha, power : float
        One-sided level and power.

    Returns
    -------
    int
        By the normal approximation with Guenther's correction for Student's t, z squared / 2.

    Raises
    ------
    ValueError
        If a number is out of range.

    References
    ----------
    Guenther 1981, American Statistician 35:243-244.
    """
    if not 0 < alpha < power < 1 or not isfinite(sd) or sd <= 0:
        raise ValueError("Suppose a spread above zero, a level between 0 and 1, and a power above the level.")
    z_alpha, z_power = float(norm.ppf(1 - alpha)), float(norm.ppf(power))
    plain = ((z_alpha + z_power) * sd / (thresholds.green - thresholds.red)) ** 2
    return max(ceil(plain + z_alpha**2 / 2 - ROUNDING), 2)
