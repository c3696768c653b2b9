"""Unit-free sizes of an effect when clusters were assigned: in standard deviations within, between, or overall.

The three answer different questions and can differ several times over; a report names the one it prints.
"""

from dataclasses import dataclass
from math import sqrt

import numpy as np
from numpy.typing import NDArray
from scipy.stats import norm

from pipelines.estimation.effect_sizes import small_sample_factor
from pipelines.estimation.grouped import Codes
from pipelines.estimation.refusal import EstimationRefusal
from pipelines.estimation.result import EffectSize, Inference
from pipelines.estimation.sample import Array

TOO_FEW = "The size of the effect in standard deviations between or within clusters needs two clusters in each arm."
NO_SPREAD = "No value varies within a cluster, so there is no standard deviation within clusters to measure in."
INSTEAD = "Report the difference in the unit of the outcome."


@dataclass(frozen=True)
class ClusterSummary:
    """An arm-by-cluster sample in numbers.

    Parameters
    ----------
    difference : float
        Difference in means over people, treatment minus comparison.
    within : float
        Pooled variance within clusters (S_W squared).
    between : float
        Pooled variance of cluster means within arms (S_B squared).
    icc : float
        Intraclass correlation by the analysis-of-variance estimator, set to 0 when negative.
    typical : float
        Size n0 at which unequal clusters estimate the ICC without bias.
    treated_sizes, comparison_sizes : array, shapes (m1,) and (m0,)
        People per cluster.
    """

    difference: float
    within: float
    between: float
    icc: float
    typical: float
    treated_sizes: Array
    comparison_sizes: Array


def summarise_clusters(outcome: Array, treated: NDArray[np.bool_], clusters: Codes) -> ClusterSummary:
    """Variances within and between clusters, and the ICC, by analysis of variance within arms.

    Parameters
    ----------
    outcome : array of float, shape (n,)
        Outcome.
    treated : array of bool, shape (n,)
        Arm; the same throughout a cluster.
    clusters : array of int, shape (n,)
        Code of each person's cluster.

    Returns
    -------
    ClusterSummary
        In the unit of the outcome, squared where variances.

    Raises
    ------
    EstimationRefusal
        If an arm has fewer than two clusters, or every cluster one person.

    References
    ----------
    Hedges 2007, Journal of Educational and Behavioral Statistics 32:341-370; Donner & Koval 1980, Biometrics 36:19-25.
    """
    member = np.unique(clusters, return_inverse=True)[1]
    size = np.bincount(member).astype(float)
    arm = np.bincount(member, treated) > 0
    centred = outcome - outcome.mean()
    means = np.bincount(member, centred) / size
    if min(arm.sum(), (~arm).sum()) < 2 or len(outcome) <= len(size):
        raise EstimationRefusal(TOO_FEW, INSTEAD)
    df_within, df_between = len(outcome) - len(size), len(size) - 2
    within = float(((centred - means[member]) ** 2).sum()) / df_within
    overall = {side: float(size[arm == side] @ means[arm == side] / size[arm == side].sum()) for side in (True, False)}
    target = np.where(arm, overall[True], overall[False])
    mean_square = float((size * (means - target) ** 2).sum()) / df_between
    grand = np.where(arm, means[arm].mean(), means[~arm].mean())
    typical = float(
        len(outcome) - sum((size[arm == side] ** 2).sum() / size[arm == side].sum() for side in (True, False))
    )
    typical /= df_between
    shared = max(0.0, (mean_square - within) / typical)
    total = shared + within
    icc = shared / total if total > 0 else 0.0
    between = float(((means - grand) ** 2).sum()) / df_between
    return ClusterSummary(overall[True] - overall[False], within, between, icc, typical, size[arm], size[~arm])


def d_within(summary: ClusterSummary, icc: float | None = None, level: float = 0.95) -> EffectSize:
    """Difference in standard deviations within clusters (Hedges' d_W), corrected for small samples.

    Parameters
    ----------
    summary : ClusterSummary
        From `summarise_clusters`.
    icc : float or None
        Intraclass correlation for the variance, if known from elsewhere; otherwise the sample's.
    level : float
        Confidence level.

    Returns
    -------
    EffectSize
        Normal interval.

    Raises
    ------
    EstimationRefusal
        If no value varies within a cluster.

    References
    ----------
    Hedges 2007 (d_W; unequal clusters by n-tilde in the variance of the difference).
    """
    if summary.within <= 0:
        raise EstimationRefusal(NO_SPREAD, INSTEAD)
    rho = summary.icc if icc is None else icc
    df = _people(summary) - _clusters(summary)
    d = summary.difference / sqrt(summary.within)
    variance = _sampling(summary, rho) / (1 - rho) + d**2 / (2 * df)
    return _size("d within clusters", d, variance, df, level, "the pooled standard deviation within clusters")


def d_between(summary: ClusterSummary, icc: float | None = None, level: float = 0.95) -> EffectSize:
    """Difference in standard deviations of true cluster means (Hedges' d_B), corrected for small samples.

    Parameters, result as for `d_within`. The variance between true means is S_B^2 - S_W^2 / n-tilde.

    Raises
    ------
    EstimationRefusal
        If clusters differ no more than chance.

    References
    ----------
    Hedges 2007 (d_B of the true cluster means).
    """
    rho, size = summary.icc if icc is None else icc, _harmonic(summary)
    true = summary.between - summary.within / size
    if true <= 0 or rho <= 0:
        raise EstimationRefusal("Clusters differ no more than chance would make them.", INSTEAD)
    M, N = _clusters(summary), _people(summary)
    d = summary.difference / sqrt(true)
    ratio = (1 + (size - 1) * rho) ** 2 / ((M - 2) * size**2 * rho**2) + (1 - rho) ** 2 / ((N - M) * size**2 * rho**2)
    variance = _sampling(summary, rho) / rho + d**2 * ratio / 2
    df = 1 / ratio
    if df <= 1:
        raise EstimationRefusal(TOO_FEW, "Report the effect in standard deviations overall, with its interval.")
    return _size("d between clusters", d, variance, df, level, "the standard deviation between true cluster means")


def d_total(summary: ClusterSummary, icc: float | None = None, level: float = 0.95) -> EffectSize:
    """Difference in standard deviations overall, within and between together (Hedges' d_T2), corrected.

    Parameters, result and errors as for `d_within`.

    References
    ----------
    Hedges 2007: total variance S_B^2 + (n - 1) / n S_W^2, here with the harmonic mean of sizes.
    """
    rho, size = summary.icc if icc is None else icc, _harmonic(summary)
    total = summary.between + (size - 1) / size * summary.within
    if total <= 0:
        raise EstimationRefusal(NO_SPREAD, INSTEAD)
    M, N = _clusters(summary), _people(summary)
    d = summary.difference / sqrt(total)
    ratio = (1 + (size - 1) * rho) ** 2 / (size**2 * (M - 2)) + (size - 1) ** 2 * (1 - rho) ** 2 / (size**2 * (N - M))
    variance = _sampling(summary, rho) + d**2 * ratio / 2
    return _size("d overall", d, variance, 1 / ratio, level, "the standard deviation within and between clusters")


def against_minimum_important(result: Inference, minimum: float) -> EffectSize:
    """Express an effect in multiples of the smallest difference that would matter.

    Parameters
    ----------
    result : Inference
        An estimate with limits.
    minimum : float
        Minimum important difference declared in the protocol, above zero, in the unit of the outcome.

    Returns
    -------
    EffectSize
        1 is just enough to matter.

    Raises
    ------
    ValueError
        If the minimum is not above zero, or the estimate has no limits.

    References
    ----------
    Johnston et al. 2010, Health and Quality of Life Outcomes 8:116 (minimal important difference units).
    """
    if not minimum > 0 or result.value is None or result.lower is None or result.upper is None:
        raise ValueError("The minimum important difference is above zero, and the estimate has both limits.")
    why = "The difference over the smallest one that was declared to matter: 1 is just enough (Johnston et al. 2010)."
    value, lower, upper = result.value / minimum, result.lower / minimum, result.upper / minimum
    return EffectSize("minimum important differences", value, lower, upper, why)


def _sampling(summary: ClusterSummary, rho: float) -> float:
    """Variance of the difference in total standard deviations: (1/N1 + 1/N0) (1 + (n-tilde - 1) rho)."""
    people = summary.treated_sizes.sum(), summary.comparison_sizes.sum()
    return float((1 / people[0] + 1 / people[1]) * (1 + (_n_tilde(summary) - 1) * rho))


def _n_tilde(summary: ClusterSummary) -> float:
    """Size that unequal clusters amount to in the variance of a difference (Hedges 2007)."""
    sizes = summary.treated_sizes, summary.comparison_sizes
    people = [float(part.sum()) for part in sizes]
    squares = [float((part**2).sum()) for part in sizes]
    return (people[1] * squares[0] / people[0] + people[0] * squares[1] / people[1]) / sum(people)


def _harmonic(summary: ClusterSummary) -> float:
    return float(_clusters(summary) / ((1 / summary.treated_sizes).sum() + (1 / summary.comparison_sizes).sum()))


def _people(summary: ClusterSummary) -> float:
    return float(summary.treated_sizes.sum() + summary.comparison_sizes.sum())


def _clusters(summary: ClusterSummary) -> int:
    return len(summary.treated_sizes) + len(summary.comparison_sizes)


def _size(name: str, d: float, variance: float, df: float, level: float, of: str) -> EffectSize:
    j = small_sample_factor(df)
    half = float(norm.ppf(0.5 + level / 2)) * j * sqrt(variance)
    why = f"Difference in means in units of {of}, corrected for small samples (Hedges 2007)."
    return EffectSize(name, j * d, j * d - half, j * d + half, why)
