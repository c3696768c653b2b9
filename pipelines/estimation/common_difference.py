"""One difference for everybody: least squares on group and covariates, where each group has too few people of its own.

Covariates may have very many levels (villages, offices): people who are alone in a level say nothing of the difference
and are left out of it.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from pipelines.estimation.cluster_robust import contrast_test, fit_clustered
from pipelines.estimation.comparison_pool import ComparisonPool, independent_of_earlier, known_outcomes
from pipelines.estimation.covariance import bell_mccaffrey_df, least_squares_hc2, leverages
from pipelines.estimation.design import COMPARISON, TREATMENT
from pipelines.estimation.matched_effects import ComparisonEffect
from pipelines.estimation.refusal import EstimationRefusal
from pipelines.estimation.result import Inference
from pipelines.estimation.sample import Array
from pipelines.estimation.welch import t_inference

SENTENCE = (
    "The average difference between people of the two groups who are alike in the covariates, by least squares with "
    "one difference for everybody."
)
NOTE = {False: "HC2 standard error, Bell-McCaffrey degrees of freedom.", True: "CR2 standard error, by cluster."}
WHY = (
    "There are too many covariates (or levels of them) for a regression in each group, so one difference is taken for "
    "everybody; where it varies between people, those count most whose chance of either group is most even."
)
DECIDED = "The covariates decide who is in which group, so nobody is alike in them."


@dataclass(frozen=True)
class _Used:
    """Rows that say something of the difference, and their columns: intercept, group, covariates."""

    rows: NDArray[np.bool_]
    columns: Array


def common_difference(
    pool: ComparisonPool, outcome: ArrayLike, *, cluster: ArrayLike | None = None, level: float = 0.95
) -> ComparisonEffect:
    """Coefficient of the group in least squares of the outcome on group and covariates.

    Parameters
    ----------
    pool : ComparisonPool
        People and covariates.
    outcome : array of float, shape (n,)
        In the order of the caller's table.
    cluster : array, shape (n,), or None
        Clusters of people who share what happens to them.
    level : float
        Confidence level.

    Returns
    -------
    ComparisonEffect
        In the unit of the outcome.

    Raises
    ------
    EstimationRefusal
        If an outcome is not known, covariates decide the group, or too few people are left over.

    References
    ----------
    Angrist 1998, Econometrica 66:249-288 (whom it speaks of); Bell & McCaffrey 2002, Survey Methodology 28:169-181.
    """
    values = known_outcomes(pool, outcome)
    used = _used(pool)
    groups = None if cluster is None else pool.canonical(np.asarray(cluster))
    result = _fit(used, values[used.rows], None if groups is None else groups[used.rows], level)
    arms = {TREATMENT: pool.treated, COMPARISON: ~pool.treated}
    return ComparisonEffect(
        result,
        "average difference among people who are alike",
        SENTENCE,
        "regression, one difference",
        NOTE[cluster is not None],
        {name: float(values[arm].mean()) for name, arm in arms.items()},
        {name: int(arm.sum()) for name, arm in arms.items()},
        {name: float(arm.sum()) for name, arm in arms.items()},
        (*pool.warnings, WHY),
    )


def _used(pool: ComparisonPool) -> _Used:
    """Leave out people whose own level, or levels, they alone have, until nobody is alone."""
    rows = np.ones(len(pool.treated), dtype=bool)
    while True:
        arm, columns = pool.treated[rows].astype(float), pool.columns[rows]
        if arm.all() or not arm.any():
            raise EstimationRefusal(DECIDED, "Use fewer covariates.")
        used = np.column_stack([np.ones(len(arm)), columns[:, independent_of_earlier(columns)]])
        left = arm - used @ np.linalg.lstsq(used, arm, rcond=None)[0]
        if left @ left <= 1e-9 * len(arm):
            raise EstimationRefusal(DECIDED, "Use fewer covariates.")
        whole = np.column_stack([used[:, :1], arm, used[:, 1:]])
        alone = leverages(whole) > 1 - 1e-9
        if not alone.any():
            return _Used(rows, whole)
        rows[np.flatnonzero(rows)[alone]] = False


def _fit(used: _Used, values: Array, groups: NDArray | None, level: float) -> Inference:
    if len(values) - used.columns.shape[1] < 10:
        raise EstimationRefusal("Too few people are left over for so many covariates.", "Use fewer covariates.")
    if groups is not None:
        codes = np.unique(groups.astype(str), return_inverse=True)[1].reshape(-1)
        return contrast_test(fit_clustered(used.columns, values, codes), 1, "CR2", level)
    try:
        fit = least_squares_hc2(used.columns, values)
    except ValueError as reason:
        raise EstimationRefusal(str(reason), "Use fewer covariates.") from None
    se = float(fit.covariance[1, 1]) ** 0.5
    if se <= 1e-10 * float(values.std()):
        raise EstimationRefusal("No outcome varies once the covariates are taken into account.", "Describe the groups.")
    return t_inference(float(fit.coefficients[1]), se, bell_mccaffrey_df(fit, 1), level)
