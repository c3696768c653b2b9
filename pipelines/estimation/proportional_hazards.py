"""Cox's proportional hazards model: ties, strata, late entry, robust errors. Its check is in `proportionality`."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike
from scipy.stats import chi2

from pipelines.estimation.arrays import check_binary, check_independent, groups_of, numbers_of
from pipelines.estimation.newton import NotConverged, maximise
from pipelines.estimation.refusal import EstimationRefusal
from pipelines.estimation.result import Inference
from pipelines.estimation.risk_sets import Integers, Stratum, Ties, derivatives, score_residuals, strata_of
from pipelines.estimation.sample import Array
from pipelines.estimation.welch import log_ratio

MONOTONE = "The proportional hazards model has no finite answer: for instance, one group has no events at all."
INSTEAD = "Compare survival curves by restricted mean survival time and the log-rank test, which need no hazard ratio."
# A standardised log hazard this large, or this unsure, means that the likelihood keeps rising.
LARGEST, LEAST_SURE = 15.0, 50.0


@dataclass(frozen=True)
class CoxFit:
    """A proportional hazards model.

    Parameters
    ----------
    coefficients : array, shape (k,)
        Log hazard ratio per unit of each column.
    covariance, robust : array, shape (k, k)
        Inverse information; and the sandwich of score residuals (Lin & Wei 1989), summed within clusters if any,
        without
        a small-sample factor.
    log_likelihood, null_log_likelihood : float
        Partial, at the maximum and at zero.
    likelihood_ratio, wald, score : Inference
        Chi-square tests that all coefficients are 0, `df` k.
    n, events : int
        People and events.
    clusters : int or None
        Clusters of `robust`, if any.
    columns : array, shape (n, k)
        As fitted (centred and scaled by `scale`).
    scale : array, shape (k,)
        Standard deviations that columns were divided by.
    strata : tuple of Stratum
        The risk sets.
    time, entry : array, shape (n,)
        When observation ended and began.
    """

    coefficients: Array
    covariance: Array
    robust: Array
    log_likelihood: float
    null_log_likelihood: float
    likelihood_ratio: Inference
    wald: Inference
    score: Inference
    n: int
    events: int
    clusters: int | None
    columns: Array
    scale: Array
    strata: tuple[Stratum, ...]
    time: Array
    entry: Array

    def hazard_ratio(self, position: int, level: float = 0.95, robust: bool = False) -> Inference:
        """Hazard ratio of one column; `se` is on the log scale."""
        variance = (self.robust if robust else self.covariance)[position, position]
        return log_ratio(float(self.coefficients[position]), float(np.sqrt(variance)), level)


def cox_regression(
    time: ArrayLike,
    event: ArrayLike,
    columns: ArrayLike,
    *,
    entry: ArrayLike | None = None,
    strata: ArrayLike | None = None,
    clusters: ArrayLike | None = None,
    ties: Ties = "efron",
) -> CoxFit:
    """Fit Cox's model by Newton's method.

    Parameters
    ----------
    time, event : array of float, shape (n,)
        Time to the event or to the end of follow-up, and 1 for the event. For cause-specific hazards, 1 for the cause.
    columns : array of float, shape (n, k)
        Treatment and covariates, without a constant.
    entry : array of float, shape (n,), optional
        When observation began (left truncation), before `time`.
    strata : array, shape (n,), optional
        Labels; each stratum has its own baseline hazard.
    clusters : array, shape (n,), optional
        Labels; people of one cluster are not independent. Use `robust`.
    ties : {'efron', 'breslow'}
        Efron's is better and the default.

    Returns
    -------
    CoxFit
        Log hazard ratios.

    Raises
    ------
    EstimationRefusal
        If nobody had the event, a group has no events, or columns are dependent.
    ValueError
        If values are impossible.

    References
    ----------
    Cox 1972, JRSS B 34:187-220; Efron 1977, JASA 72:557-565; Breslow 1974, Biometrics 30:89-99; Lin & Wei 1989, JASA
    84:1074-1078; Therneau & Grambsch 2000, Modeling Survival Data.
    """
    t, d, x = numbers_of(time=time, event=event, columns=columns)
    check_binary(d, "event")
    began = _entry(entry, t)
    check_independent(np.column_stack([np.ones(len(x)), x]))
    stratum = groups_of(strata, len(t))[0] if strata is not None else np.zeros(len(t), dtype=int)
    sets = strata_of(t, d, began, stratum, ties)
    if not sets:
        raise EstimationRefusal("Nobody had the event.", "Describe how long people were followed without it.")
    scale = x.std(axis=0)
    z = (x - x.mean(axis=0)) / scale
    return _fit(z, scale, sets, (t, began), None if clusters is None else groups_of(clusters, len(t)))


def _entry(entry: ArrayLike | None, time: Array) -> Array:
    if entry is None:
        return np.full(len(time), -np.inf)
    (began,) = numbers_of(entry=entry)
    if len(began) != len(time) or (began >= time).any():
        raise ValueError("Entry must be before the end of observation, for every row.")
    return began


def _fit(
    z: Array,
    scale: Array,
    sets: tuple[Stratum, ...],
    observed: tuple[Array, Array],
    clusters: tuple[Integers, int] | None,
) -> CoxFit:
    zero = np.zeros(z.shape[1])
    null, score, information = derivatives(sets, z, zero)
    try:
        top = maximise(lambda b: derivatives(sets, z, b), zero, 5.0)
        covariance = top.covariance
        score_test = float(score @ np.linalg.solve(information, score))
    except (NotConverged, np.linalg.LinAlgError):
        raise EstimationRefusal(MONOTONE, INSTEAD) from None
    if np.abs(top.parameters).max() > LARGEST or np.sqrt(np.diag(covariance)).max() > LEAST_SURE:
        raise EstimationRefusal(MONOTONE, INSTEAD)
    influence = score_residuals(sets, z, top.parameters) @ covariance
    if clusters is not None:
        influence = _summed(influence, *clusters)
    unit = np.outer(scale, scale)
    wald = float(top.parameters @ np.linalg.solve(covariance, top.parameters))
    likelihood, by_wald, by_score = (_chi_square(x, len(zero)) for x in (2 * (top.value - null), wald, score_test))
    return CoxFit(
        top.parameters / scale,
        covariance / unit,
        influence.T @ influence / unit,
        top.value,
        null,
        likelihood,
        by_wald,
        by_score,
        len(z),
        sum(len(stratum.dead) for stratum in sets),
        None if clusters is None else clusters[1],
        z,
        scale,
        sets,
        *observed,
    )


def _summed(values: Array, group: Integers, groups: int) -> Array:
    total = np.zeros((groups, values.shape[1]))
    np.add.at(total, group, values)
    return total


def _chi_square(statistic: float, df: int) -> Inference:
    return Inference(None, statistic=statistic, df=float(df), p=float(chi2.sf(statistic, df)))
