"""Two independent means: their difference with HC2 standard error, which for two arms is Welch's and Neyman's."""

from math import sqrt

import numpy as np
from scipy.stats import norm
from scipy.stats import t as student

from pipelines.estimation.result import Inference
from pipelines.estimation.sample import Array


def difference(treatment: Array, comparison: Array, level: float = 0.95) -> Inference:
    """Difference in means with a t interval.

    Ordinary least squares of the outcome on an indicator of treatment, with HC2 covariance, gives the standard error
    sqrt(s1^2/n1 + s0^2/n0). Degrees of freedom are Welch-Satterthwaite's. (Bell & McCaffrey's for the same regression
    replace the arms' variances by one common variance; we keep the estimated ones, so that the answer is Welch's test.)

    Parameters
    ----------
    treatment, comparison : array of float, shapes (n1,) and (n0,)
        Outcomes; at least two in each, and not constant in both.
    level : float
        Confidence level.

    Returns
    -------
    Inference
        In the unit of the outcome; `statistic` is t.

    Raises
    ------
    ValueError
        If an arm has fewer than two people, or no value varies.

    References
    ----------
    Welch 1947, Biometrika 34:28-35; Lin 2013, Annals of Applied Statistics 7:295-318; Samii & Aronow 2012, Statistics &
    Probability Letters 82:365-370 (HC2 is Neyman's variance).
    """
    v1, v0 = _mean_variance(treatment), _mean_variance(comparison)
    if v1 + v0 <= 0:
        raise ValueError("No value varies within either arm, so the difference has no standard error.")
    df = (v1 + v0) ** 2 / (v1**2 / (len(treatment) - 1) + v0**2 / (len(comparison) - 1))
    return t_inference(float(treatment.mean() - comparison.mean()), sqrt(v1 + v0), float(df), level)


def t_inference(value: float, se: float, df: float, level: float) -> Inference:
    """Interval and two-sided p-value from Student's t with `df` degrees of freedom."""
    half = float(student.ppf(0.5 + level / 2, df)) * se
    return Inference(value, se, value - half, value + half, value / se, df, float(2 * student.sf(abs(value / se), df)))


def z_inference(value: float, se: float, level: float) -> Inference:
    """Interval and two-sided p-value from the normal distribution."""
    half = float(norm.ppf(0.5 + level / 2)) * se
    return Inference(value, se, value - half, value + half, value / se, None, float(2 * norm.sf(abs(value / se))))


def log_ratio(log_value: float, se: float, level: float) -> Inference:
    """Ratio and limits from the normal distribution of its logarithm; `se` stays on the log scale."""
    on_log = z_inference(log_value, se, level)
    limits = [float(np.exp(x)) for x in (log_value, on_log.lower, on_log.upper) if x is not None]
    return Inference(limits[0], se, limits[1], limits[2], on_log.statistic, None, on_log.p)


def _mean_variance(values: Array) -> float:
    if len(values) < 2:
        raise ValueError("A variance needs at least two people in each arm.")
    # A constant column must have exactly no variance: rounding in the mean would otherwise leave a trace of one.
    return 0.0 if np.ptp(values) == 0 else float(values.var(ddof=1)) / len(values)
