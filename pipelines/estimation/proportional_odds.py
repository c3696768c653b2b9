"""Ordered outcomes with a model: the proportional odds regression, and Brant's check of it."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike
from scipy.special import expit
from scipy.stats import chi2

from pipelines.estimation.arrays import check_independent, groups_of, numbers_of
from pipelines.estimation.logistic import LogitFit, logit
from pipelines.estimation.newton import Derivatives, NotConverged, maximise
from pipelines.estimation.refusal import EstimationRefusal
from pipelines.estimation.result import Inference
from pipelines.estimation.risk_sets import Integers
from pipelines.estimation.sample import Array
from pipelines.estimation.welch import log_ratio

NO_FIT = "The proportional odds model has no finite answer: the arm or a covariate predicts the outcome perfectly."
INSTEAD = "Use the chance that a treated person has the higher value, which needs no model."
DIFFERENT = (
    "The odds ratio is not the same at every step of the scale (Brant's test), so one number does not sum it up."
)
SAME = "There is no sign that the odds ratio differs between steps of the scale (Brant's test)."
UNKNOWN = "Brant's test cannot be computed: a step of the scale is predicted perfectly, or there are only two steps."


@dataclass(frozen=True)
class ProportionalOdds:
    """A proportional odds model: logit P(Y <= j) = threshold_j - columns @ coefficients.

    Parameters
    ----------
    coefficients : array, shape (k,)
        Log odds of a higher value, per unit of each column.
    covariance : array, shape (k, k)
        From the observed information.
    thresholds : array, shape (levels - 1,)
        Ascending.
    log_likelihood : float
        At the maximum.
    brant : Inference or None
        Chi-square test that coefficients are the same at every step, `df` k (levels - 2).
    sentence : str
        What `brant` says.
    """

    coefficients: Array
    covariance: Array
    thresholds: Array
    log_likelihood: float
    brant: Inference | None
    sentence: str

    def odds_ratio(self, position: int, level: float = 0.95) -> Inference:
        """Odds ratio of a higher value for one column; `se` is on the log scale."""
        return log_ratio(float(self.coefficients[position]), float(np.sqrt(self.covariance[position, position])), level)


def proportional_odds(outcome: ArrayLike, columns: ArrayLike) -> ProportionalOdds:
    """Fit the proportional odds model by Newton's method.

    Parameters
    ----------
    outcome : array of float, shape (n,)
        Ordered codes; only their order matters.
    columns : array of float, shape (n, k)
        Treatment and covariates, without a constant.

    Returns
    -------
    ProportionalOdds
        Log odds.

    Raises
    ------
    EstimationRefusal
        If there is one level only, columns are dependent, or there is no maximum.

    References
    ----------
    McCullagh 1980, JRSS B 42:109-142; Brant 1990, Biometrics 46:1171-1178.
    """
    y, x = numbers_of(outcome=outcome, columns=columns)
    code, levels = groups_of(y, len(y))
    check_independent(np.column_stack([np.ones(len(x)), x]))
    if levels < 2:
        raise EstimationRefusal("The outcome does not vary.", "Describe the arms.")
    centre, scale = x.mean(axis=0), x.std(axis=0)
    z = (x - centre) / scale
    share = np.cumsum(np.bincount(code))[:-1] / len(code)
    start = np.concatenate([np.log(share / (1 - share)), np.zeros(x.shape[1])])
    try:
        top = maximise(lambda p: _derivatives(z, code, levels, p), start, 3.0)
        covariance = top.covariance
    except NotConverged:
        raise EstimationRefusal(NO_FIT, INSTEAD) from None
    b = top.parameters[levels - 1 :]
    if np.abs(b).max() > 15 or np.sqrt(np.diag(covariance)).max() > 50:
        raise EstimationRefusal(NO_FIT, INSTEAD)
    test = _brant(z, code, levels)
    differs = test is not None and test.p is not None and test.p < 0.05
    return ProportionalOdds(
        b / scale,
        covariance[levels - 1 :, levels - 1 :] / np.outer(scale, scale),
        top.parameters[: levels - 1] + float(centre @ (b / scale)),
        top.value,
        test,
        UNKNOWN if test is None else DIFFERENT if differs else SAME,
    )


def _derivatives(x: Array, code: Integers, levels: int, parameters: Array) -> Derivatives:
    """Log-likelihood with the observed information, in (thresholds, coefficients)."""
    thresholds, eta = parameters[: levels - 1], x @ parameters[levels - 1 :]
    if (np.diff(thresholds) <= 0).any():
        return -np.inf, np.zeros_like(parameters), np.eye(len(parameters))
    edges = np.concatenate([[-np.inf], thresholds, [np.inf]])
    upper, lower = expit(edges[code + 1] - eta), expit(edges[code] - eta)
    p = np.maximum(upper - lower, 1e-300)
    by_upper, by_lower = upper * (1 - upper), lower * (1 - lower)
    # One column per threshold and one per regressor: how each person's two edges move.
    place = np.arange(levels - 1)
    above = np.hstack([(code[:, None] == place).astype(float), -x])
    below = np.hstack([(code[:, None] - 1 == place).astype(float), -x])
    slope = (by_upper[:, None] * above - by_lower[:, None] * below) / p[:, None]
    bend_upper, bend_lower = by_upper * (1 - 2 * upper) / p, by_lower * (1 - 2 * lower) / p
    information = slope.T @ slope - (above * bend_upper[:, None]).T @ above + (below * bend_lower[:, None]).T @ below
    return float(np.log(p).sum()), slope.sum(axis=0), information


def _brant(x: Array, code: Integers, levels: int) -> Inference | None:
    if levels < 3:
        return None
    columns = np.column_stack([np.ones(len(x)), x])
    try:
        fits = [logit(columns, (code > j).astype(float)) for j in range(levels - 1)]
    except EstimationRefusal:
        return None
    k = x.shape[1]
    covariance = _joint_covariance(fits, columns)
    contrast = np.hstack([-np.tile(np.eye(k), (levels - 2, 1)), np.eye(k * (levels - 2))])
    gaps = contrast @ np.concatenate([fit.coefficients[1:] for fit in fits])
    spread = contrast @ covariance @ contrast.T
    if np.linalg.matrix_rank(spread, hermitian=True) < len(gaps):
        return None
    statistic = float(gaps @ np.linalg.solve(spread, gaps))
    return Inference(None, statistic=statistic, df=float(len(gaps)), p=float(chi2.sf(statistic, len(gaps))))


def _joint_covariance(fits: list[LogitFit], columns: Array) -> Array:
    """Covariance of the slopes of the separate logistic regressions (Brant 1990, eq. 4)."""
    k = columns.shape[1] - 1
    whole = np.empty((k * len(fits), k * len(fits)))
    for j, one in enumerate(fits):
        for other_j, other in enumerate(fits[j:], start=j):
            # People above the higher step are above the lower one too, so they covary by P(above both).
            weight = other.fitted * (1 - one.fitted)
            block = (one.covariance @ ((columns * weight[:, None]).T @ columns) @ other.covariance)[1:, 1:]
            whole[j * k : (j + 1) * k, other_j * k : (other_j + 1) * k] = block
            whole[other_j * k : (other_j + 1) * k, j * k : (j + 1) * k] = block.T
    return whole
