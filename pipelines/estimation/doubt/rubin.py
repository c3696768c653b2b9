"""Rubin's rules: one answer from several imputed data sets."""

from collections.abc import Sequence
from dataclasses import dataclass
from math import inf, isfinite, sqrt

import numpy as np

from pipelines.estimation.doubt.wording import figure, interval, share
from pipelines.estimation.result import Inference
from pipelines.estimation.welch import t_inference, z_inference


@dataclass(frozen=True)
class Pooled:
    """A pooled estimate.

    Parameters
    ----------
    result : Inference
        Mean of the estimates with its interval; `df` as given by Barnard and Rubin, None when infinite.
    m : int
        Imputed data sets.
    within, between, total : float
        Average variance within, variance between (divisor m - 1), and within + (1 + 1/m) between.
    fraction_missing : float
        Fraction of information about this estimate that is missing (fmi).
    increase : float
        Relative increase of variance because outcomes are missing (r); infinite when nothing varies within.
    relative_efficiency : float
        Of m imputations against infinitely many: 1 / (1 + fmi/m).
    monte_carlo_error : float
        Standard deviation of the estimate from one set of m imputations to another: sqrt(between / m).
    """

    result: Inference
    m: int
    within: float
    between: float
    total: float
    fraction_missing: float
    increase: float
    relative_efficiency: float
    monte_carlo_error: float

    @property
    def sentence(self) -> str:
        """What imputation found, for a manager."""
        found = self.result
        said = (
            f"With missing values filled in {self.m:,} times from what is known of similar people, the estimate is "
            f"{figure(found.value or 0.0)} (interval {interval(found.lower, found.upper)})"
        )
        if self.between == 0:
            return f"{said}; what is missing makes no difference to it."
        return f"{said}; missing values cost {share(self.fraction_missing)} of the information about it."


def pool(
    estimates: Sequence[float], variances: Sequence[float], complete_df: float | None = None, level: float = 0.95
) -> Pooled:
    """Pool estimates of one quantity.

    Parameters
    ----------
    estimates, variances : sequence of float, length m
        The estimate and its squared standard error in each imputed data set; at least two.
    complete_df : float or None
        Degrees of freedom had nothing been missing; None for a large sample.
    level : float
        Confidence level.

    Returns
    -------
    Pooled

    Raises
    ------
    ValueError
        If there are fewer than two, a number is not finite, a variance is below zero or nothing varies at all.

    References
    ----------
    Rubin 1987, Multiple Imputation for Nonresponse in Surveys, ch. 3; Barnard & Rubin 1999, Biometrika 86:948-955.
    """
    q, u = np.asarray(estimates, dtype=float), np.asarray(variances, dtype=float)
    m = len(q)
    if m < 2 or len(u) != m or not (np.isfinite(q).all() and np.isfinite(u).all()) or u.min() < 0:
        raise ValueError("Pooling needs two or more finite estimates, each with a variance not below zero.")
    # Equal estimates must have exactly no variance: rounding in the mean would otherwise leave a trace of one.
    within, between = float(u.mean()), 0.0 if np.ptp(q) == 0 else float(q.var(ddof=1))
    added = (1 + 1 / m) * between
    if within + added == 0:
        raise ValueError("Nothing varies, within or between imputed data sets.")
    increase = added / within if within > 0 else inf
    df = barnard_rubin_df(m, added / (within + added), complete_df)
    fraction = 0.0 if between == 0 else 1.0 if increase == inf else (increase + 2 / (df + 3)) / (increase + 1)
    mean, se = float(q.mean()), sqrt(within + added)
    result = t_inference(mean, se, df, level) if isfinite(df) else z_inference(mean, se, level)
    efficiency = 1 / (1 + fraction / m)
    return Pooled(result, m, within, between, within + added, fraction, increase, efficiency, sqrt(between / m))


def barnard_rubin_df(m: int, share_between: float, complete_df: float | None) -> float:
    """Degrees of freedom of a pooled estimate.

    Parameters
    ----------
    m : int
        Imputed data sets.
    share_between : float
        Share of the total variance that comes from imputation (lambda), 0 to 1.
    complete_df : float or None
        Degrees of freedom had nothing been missing, above zero; None for a large sample.

    Returns
    -------
    float
        Infinite when nothing is missing in a large sample.

    Raises
    ------
    ValueError
        If complete_df is not above zero.

    References
    ----------
    Barnard & Rubin 1999, Biometrika 86:948-955.
    """
    old = (m - 1) / share_between**2 if share_between > 0 else inf
    if complete_df is None or complete_df == inf:
        return old
    if not complete_df > 0:
        raise ValueError("Degrees of freedom must be above zero.")
    observed = (complete_df + 1) / (complete_df + 3) * complete_df * (1 - share_between)
    return observed if old == inf else old * observed / (old + observed) if observed > 0 else old


def imputations_needed(share_incomplete: float) -> int:
    """How many imputed data sets: as many as per cent of the rows that are incomplete, and 20 at least.

    Parameters
    ----------
    share_incomplete : float
        Share of rows in which something is missing, 0 to 1.

    Returns
    -------
    int

    Raises
    ------
    ValueError
        If the share is not between 0 and 1.

    References
    ----------
    White, Royston & Wood 2011, Statistics in Medicine 30:377-399, section 7.
    """
    if not 0 <= share_incomplete <= 1:
        raise ValueError("A share lies between 0 and 1.")
    return max(20, int(np.ceil(100 * share_incomplete - 1e-9)))
