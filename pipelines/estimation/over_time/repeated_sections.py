"""Difference-in-differences of repeated cross-sections: other people before and after, four cells."""

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike, NDArray

from pipelines.estimation.over_time.clustering import ClusterRobust, cr1, hc2
from pipelines.estimation.over_time.doubly_robust import (
    METHODS,
    Fitted,
    Influenced,
    Method,
    NotEstimable,
    odds_weights,
    regress,
    weighted_mean,
    with_intercept,
)
from pipelines.estimation.over_time.influence import Codes, infer, make_clusters
from pipelines.estimation.over_time.two_periods import (
    ENGINES,
    ESTIMAND,
    GIVEN,
    Adjustment,
    DifferenceInDifferences,
    cautions,
    clusters_by_arm,
)
from pipelines.estimation.refusal import EstimationRefusal
from pipelines.estimation.result import Inference, OtherEstimate
from pipelines.estimation.sample import Array

SAME_KIND = (
    "Different people are measured before and after: the estimate takes for granted that each group is made up of the "
    "same kind of people both times."
)
EMPTY = "One of the four groups (treated or not, before or after) is empty."
MISSING = "Rows with a missing outcome, covariate, group or period are left out."
FOUR_MEANS = "difference of four means, least squares"
WITH_COVARIATES = "least squares on group, time, their product and covariates"


def repeated_sections(
    outcome: ArrayLike,
    treated: ArrayLike,
    after: ArrayLike,
    covariates: ArrayLike | None = None,
    cluster: ArrayLike | None = None,
    adjustment: Adjustment = "regression_on_change",
    level: float = 0.95,
    cluster_robust: ClusterRobust = cr1,
) -> DifferenceInDifferences:
    """Difference-in-differences of people seen once.

    Parameters
    ----------
    outcome : array of float, shape (n,)
        One row per person; missing rows are left out and counted.
    treated, after : array of bool or 0/1 (NaN if unknown), shape (n,)
        Group, and whether the person was seen after treatment began.
    covariates : array of float, shape (n, k), or None
        Declared beforehand.
    cluster : array, shape (n,), or None
        Labels. With a handful of areas, declare them: people in an area share its changes.
    adjustment : {'regression_on_change', 'regression', 'weighting', 'doubly_robust'}
        The first is least squares with an interaction; the others are Sant'Anna and Zhao's for repeated cross-sections.
    level : float
        Confidence level.
    cluster_robust : callable
        As in `two_periods`; without clusters HC2 with Bell and McCaffrey's degrees of freedom.

    Returns
    -------
    DifferenceInDifferences
        Counts are rows.

    Raises
    ------
    EstimationRefusal
        If a cell is empty, or covariates cannot be used.

    References
    ----------
    Card & Krueger 1994, American Economic Review 84:772-793; Sant'Anna & Zhao 2020, Journal of Econometrics
    219:101-122.
    """
    y, d, p, X, codes, left_out = _known(outcome, treated, after, covariates, cluster)
    cells = {
        f"{arm} {time}": y[(d == group) & (p == when)]
        for arm, group in (("treatment", True), ("comparison", False))
        for time, when in (("before", False), ("after", True))
    }
    if min(len(values) for values in cells.values()) == 0:
        raise EstimationRefusal(EMPTY, "Find data for every group, or use another design.")
    plain = _compare(y, d, p, None, codes, None, level, cluster_robust)
    result = plain if X is None else _compare(y, d, p, X, codes, adjustment, level, cluster_robust)
    note = "Difference of four means, without covariates."
    counts = clusters_by_arm(d, codes)
    return DifferenceInDifferences(
        ESTIMAND.format(given="" if X is None else GIVEN),
        FOUR_MEANS if X is None else {**ENGINES, "regression_on_change": WITH_COVARIATES}[adjustment],
        result,
        {name: float(values.mean()) for name, values in cells.items()},
        {"treatment": int(d.sum()), "comparison": int((~d).sum())},
        counts,
        left_out,
        () if X is None else (OtherEstimate("unadjusted", "difference in differences", plain, note),),
        (SAME_KIND, *((MISSING,) if left_out else ()), *cautions(counts, result)),
    )


def sections_effect(outcome: Array, treated: Array, after: Array, X: Array | None, method: Method) -> Influenced:
    """Effect on the treated from repeated cross-sections, with its influence function.

    Parameters
    ----------
    outcome, treated, after : array of float, shape (n,)
        Outcome; 0/1; 0/1.
    X : array of float, shape (n, k), or None
        Covariates with an intercept; None compares four means.
    method : {'regression', 'weighting', 'doubly_robust'}
        The doubly robust one is the locally efficient one, with regressions in all four cells.

    Returns
    -------
    Influenced
        Effect and influence, shape (n,).

    References
    ----------
    Sant'Anna & Zhao 2020, Journal of Econometrics 219:101-122.
    """
    y, d, p = outcome, treated, after
    change = weighted_mean(d * p, y) - weighted_mean(d * (1 - p), y)
    if X is None:
        return change - (weighted_mean((1 - d) * p, y) - weighted_mean((1 - d) * (1 - p), y))
    if method == "weighting":
        odds, score = odds_weights(d, X)
        by_score = (score, X)
        return change - (weighted_mean(odds * p, y, by_score) - weighted_mean(odds * (1 - p), y, by_score))
    comparison = {when: regress(y, X, (1 - d) * share) for when, share in ((1, p), (0, 1 - p))}
    if method == "regression":
        return change - (_predicted(d, X, comparison[1]) - _predicted(d, X, comparison[0]))
    return _locally_efficient(y, d, p, X, comparison)


def _locally_efficient(y: Array, d: Array, p: Array, X: Array, comparison: dict[int, Fitted]) -> Influenced:
    odds, score = odds_weights(d, X)
    rest = y - np.where(p == 1, X @ comparison[1].coefficients, X @ comparison[0].coefficients)
    # Each row depends on the regression of its own period only.
    slopes = ((comparison[1], -X * p[:, None]), (comparison[0], -X * (1 - p)[:, None]))
    treated = {when: weighted_mean(d * share, rest, through_values=slopes) for when, share in ((1, p), (0, 1 - p))}
    others = {when: weighted_mean(odds * share, rest, (score, X), slopes) for when, share in ((1, p), (0, 1 - p))}
    found = (treated[1] - treated[0]) - (others[1] - others[0])
    for when, share in ((1, p), (0, 1 - p)):
        own = regress(y, X, d * share)
        gap = X @ (own.coefficients - comparison[when].coefficients)
        through = ((own, X), (comparison[when], -X))
        everybody = weighted_mean(d, gap, through_values=through)
        seen_then = weighted_mean(d * share, gap, through_values=through)
        found = found + (everybody - seen_then) if when == 1 else found - (everybody - seen_then)
    return found


def _predicted(d: Array, X: Array, fitted: Fitted) -> Influenced:
    return weighted_mean(d, X @ fitted.coefficients, through_values=((fitted, X),))


def _compare(
    y: Array,
    d: NDArray[np.bool_],
    p: NDArray[np.bool_],
    X: Array | None,
    cluster: Codes | None,
    adjustment: Adjustment | None,
    level: float,
    cluster_robust: ClusterRobust,
) -> Inference:
    fewest = min(clusters_by_arm(d, cluster).values())
    try:
        full = None if X is None else with_intercept(X)
        if adjustment in METHODS:
            return _by_influence(y, d, p, full, cluster, adjustment, level, fewest)
        extra = np.empty((len(y), 0)) if full is None else full[:, 1:]
        columns = np.column_stack([np.ones(len(y)), d, p, d & p, extra])
        if np.linalg.matrix_rank(columns, tol=1e-8 * np.sqrt(columns.size)) < columns.shape[1]:
            raise NotEstimable("the covariates are not independent of each other, of group and of time")
        if fewest < 2 or len(y) <= columns.shape[1]:
            return Inference(float(np.linalg.lstsq(columns, y, rcond=None)[0][3]))
        return hc2(columns, y, 3, level) if cluster is None else cluster_robust(columns, y, cluster, 3, level)
    except NotEstimable as reason:
        alternative = "Declare fewer or coarser covariates."
        raise EstimationRefusal(f"The covariates cannot be used: {reason}.", alternative) from None
    except ValueError:
        # A cell of one person: its leverage is 1 and HC2 is not defined.
        return Inference(float(np.linalg.lstsq(columns, y, rcond=None)[0][3]))


def _by_influence(
    y: Array,
    d: NDArray[np.bool_],
    p: NDArray[np.bool_],
    X: Array | None,
    cluster: Codes | None,
    method: Method,
    level: float,
    fewest: int,
) -> Inference:
    found = sections_effect(y, d.astype(float), p.astype(float), X, method)
    if fewest < 2:
        return Inference(found.value)
    clusters = make_clusters((d * 2 + p).astype(np.intp), cluster)
    return infer(found.value, clusters.sums(found.influence), len(y), clusters, level, float(y.std()) or 1.0)


def _known(
    outcome: ArrayLike,
    treated: ArrayLike,
    after: ArrayLike,
    covariates: ArrayLike | None,
    cluster: ArrayLike | None,
) -> tuple[Array, NDArray[np.bool_], NDArray[np.bool_], Array | None, Codes | None, int]:
    """Rows with everything known, in canonical order, and how many are left out."""
    y, d, p = (np.asarray(values, dtype=float) for values in (outcome, treated, after))
    X = np.empty((len(y), 0)) if covariates is None else np.asarray(covariates, float).reshape(len(y), -1)
    table = np.column_stack([d, p, y, X])
    known = ~np.isnan(table).any(axis=1)
    if np.isinf(table).any() or not np.isin(table[known, :2], (0, 1)).all():
        raise EstimationRefusal("A number is infinite, or a group or time is not 0 or 1.", "Correct it.")
    codes = None if cluster is None else pd.factorize(np.asarray(cluster)[known], sort=True)[0]
    if codes is not None and (codes < 0).any():
        raise EstimationRefusal("Some rows name no cluster.", "Name the cluster on every row.")
    rows = table[known]
    order = np.lexsort(rows.T[::-1] if codes is None else (*rows.T[::-1], codes))
    rows = rows[order]
    d, p = rows[:, 0] == 1, rows[:, 1] == 1
    return (
        rows[:, 2],
        d,
        p,
        rows[:, 3:] if X.shape[1] else None,
        None if codes is None else codes[order],
        int((~known).sum()),
    )
