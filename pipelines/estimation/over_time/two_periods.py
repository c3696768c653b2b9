"""Difference-in-differences on a panel: one change per unit, compared between those treated and those not."""

from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from pipelines.estimation.over_time.clustering import ClusterRobust, cr1, hc2
from pipelines.estimation.over_time.doubly_robust import METHODS, NotEstimable, effect_on_the_treated, with_intercept
from pipelines.estimation.over_time.influence import (
    FEW,
    FEW_TREATED,
    NO_VARIATION,
    ONE_COMPARISON,
    ONE_TREATED,
    Codes,
    infer,
    make_clusters,
)
from pipelines.estimation.over_time.panel import Panel
from pipelines.estimation.refusal import EstimationRefusal
from pipelines.estimation.result import Inference, OtherEstimate
from pipelines.estimation.sample import Array
from pipelines.estimation.welch import difference

Adjustment = Literal["regression_on_change", "regression", "weighting", "doubly_robust"]

ESTIMAND = (
    "The average effect of treatment on the units treated, if without treatment their outcomes would have changed as "
    "those of the comparison units did{given}."
)
GIVEN = " among units with the same covariates"
INCOMPLETE = "Units that were not seen in every period compared are left out."
SEEN_TWICE = (
    "Declare periods in which both groups were seen; or, where other people were measured each time, "
    "`same_people: false`."
)
EMPTY = "There is no unit seen both before and after in the {} group."
TREATED_BEFORE = "Some units were treated before the period called before."
ENGINES: dict[str, str] = {
    "none": "difference in mean changes, Welch",
    "regression_on_change": "regression of the change on treatment and covariates",
    "regression": "outcome regression among comparisons",
    "weighting": "inverse probability weighting",
    "doubly_robust": "doubly robust difference-in-differences",
}


@dataclass(frozen=True)
class DifferenceInDifferences:
    """The answer; counts are not yet disclosure-checked.

    Parameters
    ----------
    estimand : str
        In a sentence.
    engine : str
        How it was made.
    result : Inference
        In the unit of the outcome; without a standard error where `warnings` says why.
    cells : dict of str to float
        Means of 'treatment before', 'treatment after', 'comparison before', 'comparison after'.
    n : dict of str to int
        Units (rows, for repeated cross-sections) by arm.
    clusters : dict of str to int
        Independent clusters by arm.
    left_out : int
        Units not seen in every period compared.
    others : tuple of OtherEstimate
        Beside it: without covariates.
    warnings : tuple of str
        Plain sentences, free of counts.
    """

    estimand: str
    engine: str
    result: Inference
    cells: dict[str, float]
    n: dict[str, int]
    clusters: dict[str, int]
    left_out: int
    others: tuple[OtherEstimate, ...]
    warnings: tuple[str, ...]


@dataclass(frozen=True)
class Changes:
    """One change per unit seen in all periods compared.

    Parameters
    ----------
    before, after : array of float, shape (n,)
        Means over the periods before and after.
    treated : array of bool, shape (n,)
        Arm.
    columns : array of float, shape (n, k), or None
        Covariates in the first period compared.
    cluster : array of int, shape (n,), or None
        Coded from 0.
    left_out : int
        Units not seen in every period compared.
    """

    before: Array
    after: Array
    treated: NDArray[np.bool_]
    columns: Array | None
    cluster: Codes | None
    left_out: int


def two_periods(
    panel: Panel,
    before: tuple[int, ...],
    after: tuple[int, ...],
    adjustment: Adjustment = "regression_on_change",
    level: float = 0.95,
    cluster_robust: ClusterRobust = cr1,
) -> DifferenceInDifferences:
    """Difference-in-differences of units seen before and after.

    Parameters
    ----------
    panel : Panel
        By `make_panel`; units first treated after the last period of `after`, or never, are the comparison.
    before, after : tuple of int
        Periods; several are averaged, which keeps one change per unit (Bertrand, Duflo & Mullainathan 2004).
    adjustment : {'regression_on_change', 'regression', 'weighting', 'doubly_robust'}
        How the panel's covariates are used; ignored without any.
    level : float
        Confidence level.
    cluster_robust : callable
        For declared clusters and least squares: see `clustering.ClusterRobust`. Units that are their own clusters take
        Welch's test, or HC2 with Bell and McCaffrey's degrees of freedom.

    Returns
    -------
    DifferenceInDifferences
        With a single treated (or comparison) cluster: the estimate, no standard error, and what would be needed.

    Raises
    ------
    EstimationRefusal
        If a period is missing, a group is empty, units were treated already before, or covariates cannot be used.

    References
    ----------
    Sant'Anna & Zhao 2020, Journal of Econometrics 219:101-122; Bertrand, Duflo & Mullainathan 2004, Quarterly Journal
    of Economics 119:249-275.
    """
    changes = changes_of(panel, before, after)
    with_covariates = changes.columns is not None
    plain = compare(changes, None, level, cluster_robust)
    result = compare(changes, adjustment, level, cluster_robust) if with_covariates else plain
    note = "Difference in mean changes, without covariates."
    others = (OtherEstimate("unadjusted", "difference in differences", plain, note),) if with_covariates else ()
    counts = clusters_by_arm(changes.treated, changes.cluster)
    return DifferenceInDifferences(
        ESTIMAND.format(given=GIVEN if with_covariates else ""),
        ENGINES[adjustment if with_covariates else "none"],
        result,
        _cells(changes),
        {"treatment": int(changes.treated.sum()), "comparison": int((~changes.treated).sum())},
        counts,
        changes.left_out,
        others,
        (*((INCOMPLETE,) if changes.left_out else ()), *cautions(counts, result)),
    )


def changes_of(panel: Panel, before: tuple[int, ...], after: tuple[int, ...], treated_by: int | None = None) -> Changes:
    """Reduce a panel to one change per unit; see `two_periods` for parameters and errors.

    `treated_by` counts as treated whoever is treated by that (later) period, for changes before treatment.
    """
    b, a = _positions(panel, before), _positions(panel, after)
    if max(before) >= min(after):
        raise EstimationRefusal("A period called before is not before every period called after.", "Correct it.")
    if (panel.cohort <= max(before)).any():
        raise EstimationRefusal(TREATED_BEFORE, "Leave them out, or declare a staggered design.")
    early, late = panel.outcome[:, b].mean(axis=1), panel.outcome[:, a].mean(axis=1)
    seen = ~np.isnan(early + late)
    columns = None if panel.covariates is None else panel.covariates[seen, b[0]]
    cluster = None if panel.cluster is None else np.unique(panel.cluster[seen], return_inverse=True)[1]
    treated = panel.cohort[seen] <= (max(after) if treated_by is None else treated_by)
    for name, arm in (("treated", treated), ("comparison", ~treated)):
        if not arm.any():
            raise EstimationRefusal(EMPTY.format(name), SEEN_TWICE)
    return Changes(early[seen], late[seen], treated, columns, cluster, int((~seen).sum()))


def compare(
    changes: Changes, adjustment: Adjustment | None, level: float, cluster_robust: ClusterRobust = cr1
) -> Inference:
    """The difference in changes; `adjustment` None compares means."""
    counts, change = clusters_by_arm(changes.treated, changes.cluster), changes.after - changes.before
    try:
        if adjustment in METHODS:
            return _by_influence(changes, change, adjustment, level)
        result = _by_least_squares(changes, change, adjustment, level, cluster_robust, min(counts.values()))
    except (NotEstimable, ValueError) as reason:
        raise EstimationRefusal(
            f"The covariates cannot be used: {reason}.".replace("..", "."), "Declare fewer or coarser covariates."
        ) from None
    return result


def clusters_by_arm(treated: NDArray[np.bool_], cluster: Codes | None) -> dict[str, int]:
    """Clusters that hold anybody of each arm."""
    labels = np.arange(len(treated)) if cluster is None else cluster
    return {name: len(np.unique(labels[arm])) for name, arm in (("treatment", treated), ("comparison", ~treated))}


def cautions(clusters: dict[str, int], result: Inference) -> tuple[str, ...]:
    """What to say of few clusters and of a missing standard error."""
    said = (
        (clusters["treatment"] < 2, ONE_TREATED),
        (clusters["comparison"] < 2, ONE_COMPARISON),
        (min(clusters.values()) > 1 and result.se is None, NO_VARIATION),
        (1 < clusters["treatment"] < FEW, FEW_TREATED),
    )
    return tuple(sentence for holds, sentence in said if holds)


def _by_influence(changes: Changes, change: Array, adjustment: str, level: float) -> Inference:
    found = effect_on_the_treated(change, changes.treated, changes.columns, adjustment)  # type: ignore[arg-type]
    if min(clusters_by_arm(changes.treated, changes.cluster).values()) < 2:
        return Inference(found.value)
    clusters = make_clusters(changes.treated.astype(np.intp), changes.cluster)
    return infer(found.value, clusters.sums(found.influence), len(change), clusters, level, float(change.std()) or 1.0)


def _by_least_squares(
    changes: Changes,
    change: Array,
    adjustment: Adjustment | None,
    level: float,
    cluster_robust: ClusterRobust,
    fewest: int,
) -> Inference:
    treated = changes.treated
    X = np.ones((len(change), 1))
    if adjustment is not None and changes.columns is not None:
        X = with_intercept(changes.columns)
    columns = np.column_stack([X[:, :1], treated, X[:, 1:]])
    if np.linalg.matrix_rank(columns, tol=1e-8 * np.sqrt(columns.size)) < columns.shape[1]:
        raise NotEstimable("the covariates are not independent of each other and of treatment")
    if fewest < 2 or np.ptp(change[treated]) + np.ptp(change[~treated]) == 0:
        return Inference(float(np.linalg.lstsq(columns, change, rcond=None)[0][1]))
    if changes.cluster is not None:
        return cluster_robust(columns, change, changes.cluster, 1, level)
    return difference(change[treated], change[~treated], level) if X.shape[1] == 1 else hc2(columns, change, 1, level)


def _positions(panel: Panel, wanted: tuple[int, ...]) -> NDArray[np.intp]:
    if not wanted or not np.isin(wanted, panel.periods).all():
        raise EstimationRefusal("A declared period is not in the data.", "Declare periods that were observed.")
    return np.searchsorted(panel.periods, sorted(wanted))


def _cells(changes: Changes) -> dict[str, float]:
    arms = (("treatment", changes.treated), ("comparison", ~changes.treated))
    times = (("before", changes.before), ("after", changes.after))
    return {f"{arm} {time}": float(y[inside].mean()) for arm, inside in arms for time, y in times}
