"""Gray's test that groups have one cumulative incidence of a cause, whatever the competing causes do."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike
from scipy.stats import chi2

from pipelines.estimation.arrays import check_counts, groups_of, numbers_of
from pipelines.estimation.refusal import EstimationRefusal
from pipelines.estimation.result import Inference
from pipelines.estimation.sample import Array


@dataclass(frozen=True)
class _Counts:
    """At m event times and in K groups: people at risk, events of the cause, of other causes; all shape (m, K)."""

    at_risk: Array
    cause: Array
    other: Array

    def curves(self) -> tuple[Array, Array, Array]:
        """Event-free share before and after each time, and cumulative incidence before it; all shape (m, K)."""
        people = np.maximum(self.at_risk, 1.0)
        after = np.cumprod(1 - (self.cause + self.other) / people, axis=0)
        before = np.vstack([np.ones(after.shape[1]), after[:-1]])
        steps = np.cumsum(before * self.cause / people, axis=0)
        return before, np.asarray(after), np.vstack([np.zeros(after.shape[1]), steps[:-1]])


def gray_test(
    time: ArrayLike,
    cause: ArrayLike,
    group: ArrayLike,
    of: int = 1,
    strata: ArrayLike | None = None,
    rho: float = 0.0,
) -> Inference:
    """K-sample test of cumulative incidence functions.

    Parameters
    ----------
    time : array of float, shape (n,)
        Time to the first event of any cause, or to the end of follow-up.
    cause : array of int, shape (n,)
        0 for the end of follow-up, else the number of the cause.
    group : array, shape (n,)
        Labels of two or more groups.
    of : int
        The cause of interest.
    strata : array, shape (n,), optional
        Labels; groups are compared within strata.
    rho : float
        Weight (1 - F)^rho; 0 weighs all times alike.

    Returns
    -------
    Inference
        Chi-square on K - 1 degrees of freedom; no estimate.

    Raises
    ------
    EstimationRefusal
        If there are fewer than two groups, or nobody had the event of interest.

    References
    ----------
    Gray 1988, Annals of Statistics 16:1141-1154.
    """
    t, c = numbers_of(time=time, cause=cause)
    check_counts(c, "cause")
    member, groups = groups_of(group, len(t))
    if groups < 2 or not (c == of).any():
        raise EstimationRefusal(
            "Gray's test needs two groups and at least one event of the cause.", "Describe the curve that there is."
        )
    stratum, strata_count = groups_of(strata, len(t)) if strata is not None else (np.zeros(len(t), dtype=int), 1)
    score, variance = np.zeros(groups), np.zeros((groups, groups))
    for s in range(strata_count):
        rows = stratum == s
        if (c[rows] > 0).any():
            found = _stratum(_count(t[rows], c[rows], member[rows], groups, of), rho)
            score, variance = score + found[0], variance + found[1]
    # Scores sum to zero over groups, so the last one is left out.
    u, v = score[:-1], variance[:-1, :-1]
    if np.linalg.matrix_rank(v) < groups - 1:
        raise EstimationRefusal("A group is never at risk together with another.", "Describe the curves.")
    statistic = float(u @ np.linalg.solve(v, u))
    return Inference(None, statistic=statistic, df=float(groups - 1), p=float(chi2.sf(statistic, groups - 1)))


def _count(time: Array, cause: Array, member: Array, groups: int, of: int) -> _Counts:
    times = np.unique(time[cause > 0])
    shape = len(times), groups
    at_risk, found, other = np.zeros(shape), np.zeros(shape), np.zeros(shape)
    for g in range(groups):
        rows = member == g
        at_risk[:, g] = rows.sum() - np.searchsorted(np.sort(time[rows]), times, side="left")
        for counts, kind in ((found, cause == of), (other, (cause > 0) & (cause != of))):
            np.add.at(counts[:, g], np.searchsorted(times, time[rows & kind]), 1.0)
    return _Counts(at_risk, found, other)


def _stratum(counts: _Counts, rho: float) -> tuple[Array, Array]:
    """Score of each group and their covariance under one common curve (section 3 of the paper)."""
    before, after, incidence = counts.curves()
    h = np.where(counts.at_risk > 0, counts.at_risk / np.where(before > 0, before, 1.0), 0.0)
    total = h.sum(axis=1)
    deaths = counts.cause.sum(axis=1)
    pooled = np.cumsum(deaths / total)
    pooled_before = np.concatenate([[0.0], pooled[:-1]])
    weight = (1 - pooled_before) ** rho
    adjusted = h * (1 - incidence)
    score = (weight[:, None] * (counts.cause - deaths[:, None] * adjusted / adjusted.sum(axis=1)[:, None])).sum(axis=0)
    a = weight[:, None, None] * (
        h[:, :, None] * np.eye(h.shape[1]) - h[:, :, None] * h[:, None, :] / total[:, None, None]
    )
    c = np.cumsum(a * (deaths / (total * (1 - pooled_before)))[:, None, None], axis=0)
    to_come = c[-1] - c
    left = np.where(after > 0, (1 - pooled)[:, None] / np.where(after > 0, after, 1.0), 0.0)
    by_cause = a + np.where(after > 0, 1 - left, 1.0)[:, None, :] * to_come
    by_other = left[:, None, :] * to_come
    return score, _covariance(by_cause, _cause_variance(counts, before, deaths, total)) + _covariance(
        by_other, _other_variance(counts, before, after)
    )


def _covariance(sensitivity: Array, variance: Array) -> Array:
    return np.asarray(np.einsum("tik,tjk,tk->ij", sensitivity, sensitivity, variance))


def _cause_variance(counts: _Counts, before: Array, deaths: Array, total: Array) -> Array:
    """Variance of each group's step in incidence under the common curve, less for ties; shape (m, K)."""
    expected = total[:, None] * before
    tied = np.where(deaths[:, None] > 1, 1 - (deaths[:, None] - 1) / np.where(expected > 1, expected - 1, np.inf), 1.0)
    rate = np.divide(before, counts.at_risk, out=np.zeros_like(before), where=counts.at_risk > 0)
    return np.asarray(tied * rate * (deaths / total)[:, None])


def _other_variance(counts: _Counts, before: Array, after: Array) -> Array:
    """Variance of each group's step in the event-free share by other causes, less for ties; shape (m, K)."""
    n, d = counts.at_risk, counts.other
    usable = (after > 0) & (d > 0)
    tied = np.where(d > 1, 1 - (d - 1) / np.where(n > 1, n - 1, np.inf), 1.0)
    return np.where(usable, tied * before**2 * d / np.where(n > 0, n, 1.0) ** 2, 0.0)
