"""Did the groups move together before treatment? Placebo differences, their size, and what could have gone unseen."""

from dataclasses import dataclass
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray
from scipy.stats import f as fisher

from pipelines.estimation.over_time.clustering import ClusterRobust, cr1
from pipelines.estimation.over_time.doubly_robust import METHODS, Method, effect_on_the_treated
from pipelines.estimation.over_time.influence import make_clusters
from pipelines.estimation.over_time.panel import Panel
from pipelines.estimation.over_time.two_periods import Adjustment, Changes, changes_of, clusters_by_arm, compare
from pipelines.estimation.refusal import EstimationRefusal
from pipelines.estimation.result import Inference
from pipelines.estimation.sample import Array

ONE_BEFORE = (
    "There is only one period before treatment, so nothing shows whether the groups moved together before: the "
    "estimate rests on the belief that they would have."
)
LARGE = (
    "Before treatment the groups' changes differed by about as much as the estimated effect: a difference of that size "
    "afterwards would explain it without any treatment."
)
UNSEEN = (
    "Before treatment no difference as large as the estimated effect was found, but one could have gone unseen: this "
    "is no proof that the groups moved together."
)
SUPPORTS = (
    "Before treatment the groups' changes differed by less than the estimated effect, and a difference as large would "
    "have been seen. That supports, but cannot prove, that they would have moved together afterwards."
)


@dataclass(frozen=True)
class PlaceboDifference:
    """Difference-in-differences between two periods before treatment."""

    before: int
    after: int
    result: Inference


@dataclass(frozen=True)
class PreTrends:
    """Evidence on parallel trends, never a gate.

    Parameters
    ----------
    differences : tuple of PlaceboDifference
        Of neighbouring periods before treatment.
    joint_statistic, joint_p : float or None
        F statistic that all are zero, and its p-value; None with one period or too few clusters.
    joint_df : tuple of float or None
        Its degrees of freedom.
    largest : float or None
        Largest absolute difference.
    ratio : float or None
        The largest over the absolute effect: above 1, a violation as large as seen before would explain the effect.
    could_hide : float or None
        Largest absolute difference inside any of the intervals.
    sentence : str
        What follows.
    """

    differences: tuple[PlaceboDifference, ...]
    joint_statistic: float | None
    joint_df: tuple[float, float] | None
    joint_p: float | None
    largest: float | None
    ratio: float | None
    could_hide: float | None
    sentence: str


def pre_trends(
    panel: Panel,
    first_treated: int,
    last: int,
    effect: float | None,
    adjustment: Adjustment | None = None,
    level: float = 0.95,
    cluster_robust: ClusterRobust = cr1,
) -> PreTrends:
    """Placebo differences between neighbouring periods before treatment.

    Parameters
    ----------
    panel : Panel
        By `make_panel`.
    first_treated : int
        The period in which treatment begins.
    last : int
        Units first treated by this period are the treatment group.
    effect : float or None
        The estimate, for comparison of sizes.
    adjustment, level, cluster_robust
        As in `two_periods`.

    Returns
    -------
    PreTrends
        Differences and a sentence. A p-value never decides: an insignificant difference in few data hides large ones.

    References
    ----------
    Roth 2022, American Economic Review: Insights 4:305-322; Rambachan & Roth 2023, Review of Economic Studies
    90:2555-2591; Bilinski & Hatfield 2018, arXiv:1805.03273.
    """
    periods = [int(t) for t in panel.periods if t < first_treated]
    if not periods:
        raise EstimationRefusal("There is no period before treatment.", "Add earlier periods.")
    pairs = list(pairwise(periods))
    changes = [changes_of(panel, (b,), (t,), treated_by=last) for b, t in pairs]
    found = tuple(
        PlaceboDifference(b, t, compare(one, _usable(adjustment, one), level, cluster_robust))
        for (b, t), one in zip(pairs, changes, strict=True)
    )
    if not found:
        return PreTrends((), None, None, None, None, None, None, ONE_BEFORE)
    joint = _joint(panel, pairs, last, adjustment)
    return _judged(found, joint, effect)


def _usable(adjustment: Adjustment | None, changes: Changes) -> Adjustment | None:
    return None if changes.columns is None else adjustment


def _judged(
    found: tuple[PlaceboDifference, ...], joint: tuple[float, float, float] | None, effect: float | None
) -> PreTrends:
    largest = max(abs(one.result.value or 0.0) for one in found)
    limits = [abs(x) for one in found for x in (one.result.lower, one.result.upper) if x is not None]
    could_hide = max(limits, default=None)
    ratio = largest / abs(effect) if effect else None
    sentence = UNSEEN if effect is None or could_hide is None or could_hide >= abs(effect) else SUPPORTS
    if ratio is not None and ratio >= 1:
        sentence = LARGE
    statistic, first, second = joint or (None, None, None)
    df = None if first is None or second is None else (first, second)
    p = None if statistic is None or df is None else float(fisher.sf(statistic, *df))
    return PreTrends(found, statistic, df, p, largest, ratio, could_hide, sentence)


def _joint(
    panel: Panel, pairs: list[tuple[int, int]], last: int, adjustment: Adjustment | None
) -> tuple[float, float, float] | None:
    """Hotelling's F over units seen in every period before treatment; None where clusters are too few."""
    periods = sorted({t for pair in pairs for t in pair})
    everywhere = changes_of(panel, tuple(periods[:1]), tuple(periods[1:]), treated_by=last)
    outcome = panel.outcome[:, np.searchsorted(panel.periods, periods)]
    seen = np.asarray(~np.isnan(outcome).any(axis=1))
    if not seen.any() or min(clusters_by_arm(everywhere.treated, everywhere.cluster).values()) < 2:
        return None
    values, influences = _placebos(panel, pairs, seen, everywhere, adjustment)
    clusters = make_clusters(everywhere.treated.astype(np.intp), everywhere.cluster, small_sample=True)
    return _hotelling(values, clusters.sums(influences), len(influences), clusters.count)


def _placebos(
    panel: Panel,
    pairs: list[tuple[int, int]],
    seen: NDArray[np.bool_],
    everywhere: Changes,
    adjustment: Adjustment | None,
) -> tuple[Array, Array]:
    method: Method = adjustment if adjustment in METHODS else "regression"
    columns = None if adjustment is None else everywhere.columns
    found = []
    for b, t in pairs:
        one, other = np.searchsorted(panel.periods, (b, t))
        change = panel.outcome[seen, other] - panel.outcome[seen, one]
        found.append(effect_on_the_treated(change, everywhere.treated, columns, method))
    return np.array([one.value for one in found]), np.column_stack([one.influence for one in found])


def _hotelling(values: Array, sums: Array, n: int, clusters: int) -> tuple[float, float, float] | None:
    m = len(values)
    covariance = sums.T @ sums / n**2 * clusters / max(clusters - 1, 1)
    scale = np.sqrt(np.diag(covariance))
    if clusters <= m + 1 or not (scale > 0).all():
        return None
    correlation = covariance / np.outer(scale, scale)
    if np.linalg.cond(correlation) > 1e10:
        return None
    wald = float((values / scale) @ np.linalg.solve(correlation, values / scale))
    second = clusters - m
    return wald * second / (m * (clusters - 1)), float(m), float(second)
