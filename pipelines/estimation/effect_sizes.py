"""Unit-free sizes of an effect, each with its interval: Hedges' g, risk and odds ratios, rate ratio."""

from math import exp, lgamma, log, sqrt

import numpy as np
from scipy.stats import norm

from pipelines.estimation.result import EffectSize, Inference
from pipelines.estimation.sample import Array
from pipelines.estimation.welch import log_ratio


def small_sample_factor(df: float) -> float:
    """Exact correction J(df) that takes Cohen's d to Hedges' g.

    Parameters
    ----------
    df : float
        Degrees of freedom of the pooled standard deviation, above 1.

    Returns
    -------
    float
        Gamma(df/2) / (sqrt(df/2) Gamma((df-1)/2)), between 0 and 1.

    Raises
    ------
    ValueError
        If df is 1 or less.

    References
    ----------
    Hedges 1981, Journal of Educational Statistics 6:107-128.
    """
    if df <= 1:
        raise ValueError("The correction needs more than one degree of freedom.")
    return exp(lgamma(df / 2) - lgamma((df - 1) / 2)) / sqrt(df / 2)


def hedges_g(treatment: Array, comparison: Array, level: float = 0.95) -> EffectSize:
    """Hedges' g of two arms of outcomes.

    Parameters
    ----------
    treatment, comparison : array of float, shapes (n1,) and (n0,)
        Outcomes, at least two in each.
    level : float
        Confidence level.

    Returns
    -------
    EffectSize
        In pooled standard deviations.

    Raises
    ------
    ValueError
        If no value varies within either arm.

    References
    ----------
    Borenstein, Hedges, Higgins & Rothstein 2009, Introduction to Meta-Analysis, ch. 4.
    """
    means, sds = (treatment.mean(), comparison.mean()), (treatment.std(ddof=1), comparison.std(ddof=1))
    n = len(treatment), len(comparison)
    return hedges_g_from_summary((float(means[0]), float(means[1])), (float(sds[0]), float(sds[1])), n, level)


def hedges_g_from_summary(
    means: tuple[float, float], sds: tuple[float, float], n: tuple[int, int], level: float = 0.95
) -> EffectSize:
    """Hedges' g from means, standard deviations (divisor n - 1) and numbers of people, treatment first.

    Parameters, errors and source as for `hedges_g`.
    """
    df = n[0] + n[1] - 2
    pooled = sqrt(((n[0] - 1) * sds[0] ** 2 + (n[1] - 1) * sds[1] ** 2) / df)
    if pooled == 0:
        raise ValueError("No value varies within either arm, so there is no standard deviation to measure in.")
    d, j = (means[0] - means[1]) / pooled, small_sample_factor(df)
    half = float(norm.ppf(0.5 + level / 2)) * sqrt(g_variance(d, n))
    why = (
        "Difference in means in pooled standard deviations, corrected for small samples (Hedges 1981; "
        "Borenstein et al. 2009, ch. 4)."
    )
    return EffectSize("Hedges' g", j * d, j * d - half, j * d + half, why)


def g_variance(d: float, n: tuple[int, int]) -> float:
    """Sampling variance of Hedges' g, from the uncorrected d (Borenstein et al. 2009, eq. 4.20 and 4.24)."""
    variance_d = (n[0] + n[1]) / (n[0] * n[1]) + d * d / (2 * (n[0] + n[1]))
    return small_sample_factor(n[0] + n[1] - 2) ** 2 * variance_d


def risk_and_odds_ratio(
    events: int, n: int, events_comparison: int, n_comparison: int, level: float = 0.95
) -> tuple[Inference, Inference, bool]:
    """Risk ratio and odds ratio with intervals from their logarithms.

    Only when a cell of the two-by-two table is empty, a half is added to all four (Haldane 1956; Anscombe 1956).

    Parameters
    ----------
    events, n, events_comparison, n_comparison : int
        People with the outcome, and people, in the two arms.
    level : float
        Confidence level.

    Returns
    -------
    tuple of (Inference, Inference, bool)
        Risk ratio, odds ratio (`se` on the log scale), and whether halves were added.

    References
    ----------
    Katz et al. 1978, Biometrics 34:469-474 (risk ratio); Woolf 1955, Annals of Human Genetics 19:251-253 (odds ratio).
    """
    cells = (events, n - events, events_comparison, n_comparison - events_comparison)
    halves = min(cells) == 0
    a, b, c, d = (x + 0.5 if halves else float(x) for x in cells)
    risk = log_ratio(log(a / (a + b) / (c / (c + d))), sqrt(1 / a - 1 / (a + b) + 1 / c - 1 / (c + d)), level)
    odds = log_ratio(log(a * d / (b * c)), sqrt(1 / a + 1 / b + 1 / c + 1 / d), level)
    return risk, odds, halves


def rate_ratio(treatment: Array, comparison: Array, level: float = 0.95) -> EffectSize:
    """Ratio of mean counts per person, by the delta method on the log scale.

    The variance is the arms' own, not a Poisson's, so over-dispersion widens the interval as it should.

    Parameters
    ----------
    treatment, comparison : array of float, shapes (n1,) and (n0,)
        Counts per person; each arm with a mean above zero.
    level : float
        Confidence level.

    Returns
    -------
    EffectSize
        The ratio.

    Raises
    ------
    ValueError
        If an arm has no events, or nothing varies.

    References
    ----------
    Delta method; e.g. Casella & Berger 2002, Statistical Inference, section 5.5.4.
    """
    means = float(treatment.mean()), float(comparison.mean())
    relative = [
        float(np.var(x, ddof=1)) / len(x) / m**2 if m > 0 else 0.0
        for x, m in zip((treatment, comparison), means, strict=True)
    ]
    if min(means) <= 0 or sum(relative) == 0:
        raise ValueError("A ratio of rates needs events in both arms, and people who differ.")
    ratio = log_ratio(log(means[0] / means[1]), sqrt(sum(relative)), level)
    why = (
        "Mean count per person in one arm over the other; the interval allows for people differing more than "
        "chance (delta method)."
    )
    return as_effect_size("rate ratio", ratio, why)


def as_effect_size(name: str, ratio: Inference, why: str) -> EffectSize:
    """Return an inference with limits as an effect size."""
    if ratio.value is None or ratio.lower is None or ratio.upper is None:
        raise ValueError("An effect size needs an interval.")
    return EffectSize(name, ratio.value, ratio.lower, ratio.upper, why)
