"""Average effects on each cohort in each period (group-time effects) under staggered adoption, with influences."""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from pipelines.estimation.over_time.doubly_robust import (
    Influenced,
    Method,
    NotEstimable,
    effect_on_the_treated,
)
from pipelines.estimation.over_time.influence import Clusters
from pipelines.estimation.over_time.panel import Panel
from pipelines.estimation.refusal import EstimationRefusal
from pipelines.estimation.sample import Array

Controls = Literal["never", "not_yet"]
Base = Literal["varying", "universal"]

NO_CONTROLS = "no unit is left untreated by then"
NOBODY = "no unit of the cohort was seen in both periods"
BASE_PERIOD = "it is the base period, where the effect is zero by construction"


@dataclass(frozen=True)
class Staggered:
    """How staggered adoption is to be compared, as declared.

    Parameters
    ----------
    controls : {'never', 'not_yet'}
        Compare with units never treated, or with all that are not treated yet.
    method : {'doubly_robust', 'regression', 'weighting'}
        How covariates are used; without covariates all three are a difference in mean changes.
    base : {'varying', 'universal'}
        Before treatment: change since the period before, or since the last period before treatment.
    anticipation : int
        Periods before treatment in which its effect may already show.
    small_sample : bool or None
        As in `influence.Clusters`.
    level : float
        Confidence level.
    draws : int
        Multiplier bootstrap draws for simultaneous bands; 0 for none.
    seed : int
        Of the bootstrap.
    balanced_to : int or None
        The event study keeps only cohorts followed at least this many periods after treatment began.
    """

    controls: Controls = "never"
    method: Method = "doubly_robust"
    base: Base = "varying"
    anticipation: int = 0
    small_sample: bool | None = None
    level: float = 0.95
    draws: int = 999
    seed: int = 0
    balanced_to: int | None = None


@dataclass(frozen=True)
class Cell:
    """One comparison: cohort g in period t against a base period.

    Parameters
    ----------
    group, period, base : int
        First treated period of the cohort; the period; the period it is compared with.
    treated, controls : int
        Units that enter, by arm.
    treated_clusters, control_clusters : int
        Independent clusters among them.
    value : float or None
        Effect, in the unit of the outcome; None when it cannot be estimated.
    reason : str or None
        Why not.
    """

    group: int
    period: int
    base: int
    treated: int
    controls: int
    treated_clusters: int
    control_clusters: int
    value: float | None
    reason: str | None = None

    @property
    def after(self) -> bool:
        """Whether the cohort is under treatment."""
        return self.period >= self.group


@dataclass(frozen=True)
class GroupTimes:
    """All cells, with their influence functions.

    Parameters
    ----------
    cells : tuple of Cell
        By cohort, then period.
    sums : array, shape (clusters, cells)
        Influence functions summed within clusters; zero for cells without a value.
    """

    cells: tuple[Cell, ...]
    sums: Array


def group_times(panel: Panel, groups: tuple[int, ...], design: Staggered, clusters: Clusters) -> GroupTimes:
    """Group-time average effects.

    Each cell compares the change from its base period between the cohort and the controls, over the units seen in both
    periods. Under treatment (or anticipation) the base is the last period before both.

    Parameters
    ----------
    panel : Panel
        n units in T periods.
    groups : tuple of int
        Cohorts with a period before treatment and anticipation.
    design : Staggered
        As declared.
    clusters : Clusters
        Of the n units.

    Returns
    -------
    GroupTimes
        At most len(groups) x T cells. Memory: 8 bytes x clusters x cells.

    References
    ----------
    Callaway & Sant'Anna 2021, Journal of Econometrics 225:200-230.
    """
    pairs = [(group, *pair) for group in groups for pair in base_and_period(panel.periods, group, design)]
    sums = np.zeros((clusters.count, len(pairs)), order="F")
    cells = tuple(_cell(panel, pair, design, clusters, sums[:, k]) for k, pair in enumerate(pairs))
    return GroupTimes(cells, sums)


def base_and_period(periods: NDArray[np.int64], group: int, design: Staggered) -> Iterator[tuple[int, int]]:
    """Positions of base and period of each comparison of a cohort, in order of period."""
    start = group - design.anticipation
    last_before = int(np.searchsorted(periods, start)) - 1
    for t, period in enumerate(periods):
        universal = design.base == "universal" or period >= start
        base = last_before if universal else t - 1
        if base >= 0:
            yield base, t


def untreated(panel: Panel, group: int, until: int, design: Staggered) -> NDArray[np.bool_]:
    """Who serves as control for a cohort until a period, shape (n,)."""
    if design.controls == "never":
        return np.isinf(panel.cohort)
    return (panel.cohort > until + design.anticipation) & (panel.cohort != group)


def _cell(panel: Panel, pair: tuple[int, int, int], design: Staggered, clusters: Clusters, sums: Array) -> Cell:
    """One cell; its influence is written into `sums`."""
    group, b, t = pair
    treated = panel.cohort == group
    controls = untreated(panel, group, int(panel.periods[max(b, t)]), design)
    seen = _seen(panel, b, t)
    if seen is not None:
        treated, controls = treated & seen, controls & seen
    empty = Cell(
        group,
        int(panel.periods[t]),
        int(panel.periods[b]),
        int(treated.sum()),
        int(controls.sum()),
        clusters.touching(treated),
        clusters.touching(controls),
        value=None,
    )
    if b == t:
        return replace(empty, value=0.0, reason=BASE_PERIOD)
    try:
        value, unit_influence = _estimate(panel, (b, t), treated, controls, design.method)
    except NotEstimable as reason:
        return replace(empty, reason=str(reason))
    sums[:] = clusters.sums(unit_influence)
    return replace(empty, value=value)


def _seen(panel: Panel, b: int, t: int) -> NDArray[np.bool_] | None:
    return None if panel.complete else ~np.isnan(panel.outcome[:, b] + panel.outcome[:, t])


def _estimate(
    panel: Panel, pair: tuple[int, int], treated: NDArray[np.bool_], controls: NDArray[np.bool_], method: Method
) -> tuple[float, Array]:
    """Value, and influence over all n units (zero for those outside the comparison)."""
    if not treated.any():
        raise NotEstimable(NOBODY)
    if not controls.any():
        raise NotEstimable(NO_CONTROLS)
    b, t = pair
    inside = np.flatnonzero(treated | controls)
    change = panel.outcome[inside, t] - panel.outcome[inside, b]
    columns = None if panel.covariates is None else panel.covariates[inside, min(b, t)]
    weights = None if panel.weight is None else panel.weight[inside]
    found: Influenced = effect_on_the_treated(change, treated[inside], columns, method, weights)
    influence = np.zeros(len(treated))
    influence[inside] = found.influence * (len(treated) / len(inside))
    return found.value, influence


def adopting_groups(panel: Panel, design: Staggered) -> tuple[tuple[int, ...], tuple[int, ...]]:
    """Cohorts that can be studied, and cohorts treated (or anticipating) from the first period, which cannot.

    Raises
    ------
    EstimationRefusal
        If nobody is treated, no cohort has a period before treatment, or no unit can serve as control.
    """
    last = panel.periods[-1] + design.anticipation
    every = [int(g) for g in np.unique(panel.cohort[panel.cohort <= last])]
    early = tuple(g for g in every if g - design.anticipation <= panel.periods[0])
    groups = tuple(g for g in every if g not in early)
    if not every:
        raise EstimationRefusal("No unit is treated in the periods observed.", "Check the dates of treatment.")
    if not groups:
        raise EstimationRefusal(
            "No cohort was observed before its treatment (or its anticipation) began.",
            "Add earlier periods; without them there is no difference-in-differences.",
        )
    _refuse_without_controls(panel, groups, design)
    return groups, early


def _refuse_without_controls(panel: Panel, groups: tuple[int, ...], design: Staggered) -> None:
    never = bool(np.isinf(panel.cohort).any())
    if design.controls == "never" and not never:
        raise EstimationRefusal("No unit is never treated.", "Declare units not treated yet as the comparison.")
    if not never and len(groups) == 1:
        raise EstimationRefusal(
            "No unit is never treated, and none is treated later than the others.",
            "Find units without treatment, or use an interrupted time series.",
        )


def later_than_observed(panel: Panel, design: Staggered) -> Panel:
    """The panel with units first treated after the last period (and its anticipation) taken as never treated."""
    beyond = panel.cohort > panel.periods[-1] + design.anticipation
    return replace(panel, cohort=np.where(beyond, np.inf, panel.cohort))
