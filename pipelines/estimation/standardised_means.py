"""Standardised differences: Glass's delta, two for pairs, and against the minimum important difference."""

from math import sqrt

import numpy as np
from numpy.typing import ArrayLike
from scipy.stats import norm

from pipelines.estimation.arrays import numbers_of
from pipelines.estimation.effect_sizes import small_sample_factor
from pipelines.estimation.matched_pairs import Pairs
from pipelines.estimation.refusal import EstimationRefusal
from pipelines.estimation.result import EffectSize, Inference

GLASS = (
    "Difference in means in the comparison arm's standard deviation, which the programme cannot have changed, "
    "corrected for small samples (Glass 1976; variance: Hedges 1981, allowing for unequal spread)."
)
AVERAGE = (
    "Mean difference within pairs over the average of the two standard deviations (root mean square), corrected for "
    "small samples (Cumming 2012; Borenstein et al. 2009, eq. 4.28). Comparable with designs without pairs."
)
REPEATED = (
    "Mean difference within pairs over the standard deviation of differences, times sqrt(2 (1 - correlation)), "
    "corrected for small samples (Morris & DeShon 2002; Borenstein et al. 2009, eq. 4.26-4.28)."
)
CONSTANT = EstimationRefusal(
    "There is no spread to measure the difference in.", "Show the difference in its own unit, beside what matters."
)


def glass_delta(treatment: ArrayLike, comparison: ArrayLike, level: float = 0.95) -> EffectSize:
    """Difference in means over the comparison arm's standard deviation.

    Parameters
    ----------
    treatment, comparison : array of float, shapes (n1,) and (n0,)
        Outcomes; at least two and three.
    level : float
        Confidence level.

    Returns
    -------
    EffectSize
        In the comparison arm's standard deviations.

    Raises
    ------
    EstimationRefusal
        If the comparison arm does not vary or an arm is too small.

    References
    ----------
    Glass 1976, Educational Researcher 5:3-8; Hedges 1981, Journal of Educational Statistics 6:107-128; variance with
    unequal spread: Algina, Keselman & Penfield 2006; delta method: s1^2 / (n1 s0^2) + 1/n0 + delta^2 / (2 (n0 - 1)).
    """
    (x,), (y,) = numbers_of(treatment=treatment), numbers_of(comparison=comparison)
    if len(x) < 2 or len(y) < 3 or np.ptp(y) == 0:
        raise CONSTANT
    s0, df = float(y.std(ddof=1)), len(y) - 1
    d = float(x.mean() - y.mean()) / s0
    variance = float(x.var(ddof=1)) / (len(x) * s0**2) + 1 / len(y) + d * d / (2 * df)
    return _size("Glass's delta", d, variance, small_sample_factor(df), level, GLASS)


def paired_sizes(pairs: Pairs, level: float = 0.95) -> tuple[EffectSize, EffectSize]:
    """Two standardised differences of pairs: by the average standard deviation, and by that of differences.

    Parameters
    ----------
    pairs : Pairs
        At least three pairs; both sides vary.
    level : float
        Confidence level.

    Returns
    -------
    tuple of EffectSize
        g_av and g_rm.

    Raises
    ------
    EstimationRefusal
        If there are too few pairs or a side or the differences do not vary.

    References
    ----------
    Borenstein, Hedges, Higgins & Rothstein 2009, Introduction to Meta-Analysis, ch. 4 (variance (1/n + d^2/(2n)) 2 (1 -
    r), J with n - 1 degrees of freedom); Lakens 2013, Frontiers in Psychology 4:863.
    """
    x, y = pairs.treatment, pairs.comparison
    difference = x - y
    n = len(x)
    if n < 3 or min(np.ptp(x), np.ptp(y), np.ptp(difference)) == 0:
        raise CONSTANT
    average = sqrt((float(x.var(ddof=1)) + float(y.var(ddof=1))) / 2)
    r = float(np.corrcoef(x, y)[0, 1])
    within = float(difference.std(ddof=1)) / sqrt(2 * (1 - r))
    mean, j = float(difference.mean()), small_sample_factor(n - 1)
    found = []
    for name, spread, why in (
        ("g for pairs (average SD)", average, AVERAGE),
        ("g for pairs (SD of differences)", within, REPEATED),
    ):
        d = mean / spread
        found.append(_size(name, d, (1 / n + d * d / (2 * n)) * 2 * (1 - r), j, level, why))
    return found[0], found[1]


def against_minimum(result: Inference, minimum: float) -> EffectSize:
    """A difference in units of the minimum important difference.

    Parameters
    ----------
    result : Inference
        A difference with limits.
    minimum : float
        Smallest difference that matters, above zero, in the unit of `result`.

    Returns
    -------
    EffectSize
        1 is just important; limits scale alike, since the minimum is declared and not estimated.

    Raises
    ------
    ValueError
        If the minimum is not above zero or the result has no limits.

    References
    ----------
    Johnston et al. 2010, Health and Quality of Life Outcomes 8:116 (minimally important difference units).
    """
    if not minimum > 0:
        raise ValueError("The minimum important difference must be above zero.")
    if result.value is None or result.lower is None or result.upper is None:
        raise ValueError("The result needs a value and limits.")
    why = "The difference over the minimum important difference that the protocol declared; 1 or more matters."
    return EffectSize(
        "multiple of the minimum important difference",
        result.value / minimum,
        result.lower / minimum,
        result.upper / minimum,
        why,
    )


def _size(name: str, d: float, variance: float, j: float, level: float, why: str) -> EffectSize:
    half = float(norm.ppf(0.5 + level / 2)) * j * sqrt(variance)
    return EffectSize(name, j * d, j * d - half, j * d + half, why)
