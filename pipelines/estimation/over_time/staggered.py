"""Staggered adoption, from a panel to the answer: group-time effects, their aggregates, bands and warnings."""

from dataclasses import dataclass

import numpy as np

from pipelines.estimation.over_time import aggregates
from pipelines.estimation.over_time.aggregates import Combined, Kind
from pipelines.estimation.over_time.group_time import (
    Cell,
    GroupTimes,
    Staggered,
    adopting_groups,
    group_times,
    later_than_observed,
)
from pipelines.estimation.over_time.influence import (
    FEW,
    FEW_TREATED,
    ONE_COMPARISON,
    ONE_TREATED,
    SOME_ALONE,
    Clusters,
    infer,
    make_clusters,
)
from pipelines.estimation.over_time.multiplier import simultaneous_critical_value
from pipelines.estimation.over_time.panel import Panel
from pipelines.estimation.over_time.two_way import TwoWay, two_way_fixed_effects
from pipelines.estimation.result import Inference
from pipelines.estimation.sample import Array

ESTIMAND = (
    "The average effect of treatment on the units treated, over their periods under treatment that could be compared, "
    "if without treatment their outcomes would have changed as those of {controls} did{given}{counting}."
)
COUNTING = "; each unit counts by its weight"
MEANINGS: dict[Kind, str] = {
    "simple": "Mean effect over all treated cohorts and periods, each cohort counting by its size.",
    "group": "Mean effect on each cohort over its periods under treatment; overall, cohorts count by their size.",
    "calendar": "Mean effect in each period on those under treatment by then; overall, periods count equally.",
    "dynamic": "Mean effect by time since treatment began; overall, the times from zero on count equally.",
}
EARLY = "Units treated from the first period on (or anticipating treatment then) have no before, and are left out."
UNBALANCED = (
    "Some units were not seen in every period. Each comparison uses the units seen in both of its periods, which takes "
    "for granted that going unseen has nothing to do with how outcomes change."
)
LOST_CELLS = (
    "Some cohorts could not be compared in some periods under treatment; the means are over the others, and so "
    "describe fewer cohorts and periods than were treated."
)


@dataclass(frozen=True)
class CellResult:
    """One group-time effect with its inference and simultaneous limits."""

    cell: Cell
    result: Inference
    band: tuple[float, float] | None


@dataclass(frozen=True)
class Row:
    """One row of an aggregate.

    Parameters
    ----------
    at : int
        Cohort, period, or periods since treatment began (negative: before).
    result : Inference
        Pointwise.
    band : tuple of float or None
        Limits that hold for all rows together.
    treated : int
        Treated units in the comparisons combined, each cohort once.
    """

    at: int
    result: Inference
    band: tuple[float, float] | None
    treated: int


@dataclass(frozen=True)
class Aggregate:
    """A way of taking group-time effects together.

    Parameters
    ----------
    kind : {'simple', 'group', 'calendar', 'dynamic'}
        Which.
    meaning : str
        In a sentence.
    overall : Inference
        The one number; value None if no cell under treatment could be estimated.
    rows : tuple of Row
        Empty for 'simple'.
    critical_value : float or None
        Of the rows' bands.
    """

    kind: Kind
    meaning: str
    overall: Inference
    rows: tuple[Row, ...]
    critical_value: float | None


@dataclass(frozen=True)
class StaggeredResult:
    """The answer of a staggered design; counts are not yet disclosure-checked.

    Parameters
    ----------
    estimand : str
        What `simple.overall` estimates.
    cells : tuple of CellResult
        Group-time effects, placebo ones before treatment included.
    simple, group, calendar, dynamic : Aggregate
        The aggregates.
    two_way : TwoWay or None
        Two-way fixed effects, never without its warning.
    units, clusters : int
        Units and independent clusters.
    cohorts : dict of int to int
        Units in each cohort studied.
    never : int
        Units never treated in the periods observed.
    left_out : dict of int to int
        Units in cohorts treated too early to be studied.
    warnings : tuple of str
        Plain sentences, free of counts.
    """

    estimand: str
    cells: tuple[CellResult, ...]
    simple: Aggregate
    group: Aggregate
    calendar: Aggregate
    dynamic: Aggregate
    two_way: TwoWay | None
    units: int
    clusters: int
    cohorts: dict[int, int]
    never: int
    left_out: dict[int, int]
    warnings: tuple[str, ...]


def staggered(panel: Panel, design: Staggered) -> StaggeredResult:
    """Effects of a treatment that units adopt at different times and keep.

    Parameters
    ----------
    panel : Panel
        n units in T periods, by `make_panel`.
    design : Staggered
        As declared.

    Returns
    -------
    StaggeredResult
        In the unit of the outcome. An estimate that rests on a single treated or comparison cluster has no standard
        error, and `warnings` says what would be needed.

    Raises
    ------
    EstimationRefusal
        If nobody is treated, nobody can serve as control, or no cohort was seen before treatment.

    References
    ----------
    Callaway & Sant'Anna 2021, Journal of Econometrics 225:200-230. Standard errors are those of their influence
    functions, without a small-sample factor unless clusters are declared; degrees of freedom are Welch-Satterthwaite's
    over cohorts, so that few treated units widen the interval.
    """
    panel = later_than_observed(panel, design)
    groups, early = adopting_groups(panel, design)
    history = np.unique(panel.cohort, return_inverse=True)[1]
    clusters = make_clusters(history, panel.cluster, design.small_sample)
    found = group_times(panel, groups, design, clusters)
    judge = _Judge(clusters, len(panel.cohort), design, _spread(panel))
    return StaggeredResult(
        ESTIMAND.format(
            controls=_WHO[design.controls],
            given=_given(panel),
            counting="" if panel.weight is None else COUNTING,
        ),
        judge.cells(found),
        **_aggregates(found, panel, groups, judge, design),
        two_way=two_way_fixed_effects(panel, design.level),
        units=len(panel.cohort),
        clusters=clusters.count,
        cohorts={g: int((panel.cohort == g).sum()) for g in groups},
        never=int(np.isinf(panel.cohort).sum()),
        left_out={g: int((panel.cohort == g).sum()) for g in early},
        warnings=_warnings(panel, found, early),
    )


_WHO = {"never": "units never treated", "not_yet": "units not treated yet"}


@dataclass(frozen=True)
class _Judge:
    """Turns values and influences into inferences and bands."""

    clusters: Clusters
    n: int
    design: Staggered
    spread: float

    def inference(self, value: float, sums: Array, cells: tuple[Cell, ...]) -> Inference:
        if any(cell.control_clusters < 2 for cell in cells) or _treated_clusters(cells) < 2:
            return Inference(value)
        return infer(value, sums, self.n, self.clusters, self.design.level, self.spread)

    def cells(self, found: GroupTimes) -> tuple[CellResult, ...]:
        results = [self._cell(cell, found.sums[:, k]) for k, cell in enumerate(found.cells)]
        critical = self.critical(results, [found.sums[:, k] for k in range(len(results))])
        return tuple(
            CellResult(cell, result, band(result, critical)) for cell, result in zip(found.cells, results, strict=True)
        )

    def _cell(self, cell: Cell, sums: Array) -> Inference:
        return Inference(None) if cell.value is None else self.inference(cell.value, sums, (cell,))

    def aggregate(self, kind: Kind, overall: Combined | None, parts: list[Combined]) -> Aggregate:
        results = [self.inference(part.value, part.sums, part.cells) for part in parts]
        critical = self.critical(results, [part.sums for part in parts])
        rows = tuple(
            Row(part.at or 0, result, band(result, critical), _treated(part.cells))
            for part, result in zip(parts, results, strict=True)
        )
        whole = Inference(None) if overall is None else self._whole(kind, overall, parts, results)
        return Aggregate(kind, MEANINGS[kind], whole, rows, critical)

    def _whole(self, kind: Kind, overall: Combined, parts: list[Combined], results: list[Inference]) -> Inference:
        """The overall mean; without an interval where it is a plain mean of parts and one rests on a single cluster.

        Means weighted by size are safe: the sampling of the cohorts' shares centres a cohort of one on the overall
        mean, as surveys do with a stratum of one unit. A plain mean of parts has no such term.
        """
        plain = kind in ("calendar", "dynamic")
        every = zip(parts, results, strict=True)
        entering = [result for part, result in every if kind == "calendar" or (part.at or 0) >= 0]
        if plain and any(result.se is None for result in entering):
            return Inference(overall.value)
        return self.inference(overall.value, overall.sums, overall.cells)

    def critical(self, results: list[Inference], sums: list[Array]) -> float | None:
        """Simultaneous critical value over the estimates with a standard error; never below the pointwise ones."""
        chosen = [one for one, result in zip(sums, results, strict=True) if result.se is not None]
        if not chosen or self.design.draws == 0:
            return None
        drawn = simultaneous_critical_value(
            np.column_stack(chosen), self.design.draws, self.design.seed, self.design.level
        )
        return max(drawn, *(_pointwise(result) for result in results if result.se is not None))


def band(result: Inference, critical: float | None) -> tuple[float, float] | None:
    """Simultaneous limits of one estimate."""
    if critical is None or result.se is None or result.value is None:
        return None
    return result.value - critical * result.se, result.value + critical * result.se


def _pointwise(result: Inference) -> float:
    if result.upper is None or result.value is None or result.se is None:
        raise ValueError("A band needs estimates with limits.")
    return (result.upper - result.value) / result.se


def _treated_clusters(cells: tuple[Cell, ...]) -> int:
    return sum({cell.group: cell.treated_clusters for cell in cells}.values())


def _treated(cells: tuple[Cell, ...]) -> int:
    return sum({cell.group: cell.treated for cell in cells}.values())


def _aggregates(
    found: GroupTimes, panel: Panel, groups: tuple[int, ...], judge: _Judge, design: Staggered
) -> dict[str, Aggregate]:
    weights = aggregates.cohort_weights(panel.cohort, groups, judge.clusters, panel.weight)
    return {
        "simple": judge.aggregate("simple", aggregates.simple(found, weights), []),
        "group": judge.aggregate("group", *aggregates.by_group(found, weights)),
        "calendar": judge.aggregate("calendar", *aggregates.by_calendar(found, weights)),
        "dynamic": judge.aggregate("dynamic", *aggregates.dynamic(found, weights, design.balanced_to)),
    }


def _spread(panel: Panel) -> float:
    return float(np.nanstd(panel.outcome)) or 1.0


def _given(panel: Panel) -> str:
    return "" if panel.covariates is None else " among units with the same covariates"


def _warnings(panel: Panel, found: GroupTimes, early: tuple[int, ...]) -> tuple[str, ...]:
    after = [cell for cell in found.cells if cell.after]
    known = [cell for cell in after if cell.value is not None]
    treated = min((cell.treated_clusters for cell in known), default=0)
    controls = min((cell.control_clusters for cell in known), default=0)
    together = _treated_clusters(tuple(known))
    said = (
        (bool(early), EARLY),
        (not panel.complete, UNBALANCED),
        (len(known) < len(after), LOST_CELLS),
        (together < 2, ONE_TREATED),
        (treated == 1 and together > 1, SOME_ALONE),
        (controls == 1, ONE_COMPARISON),
        (1 < treated < FEW, FEW_TREATED),
    )
    return tuple(sentence for holds, sentence in said if holds)
