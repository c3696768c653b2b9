"""The same engine at dates, or on units, that were not treated, to see how unusual the real estimate is."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from math import factorial, prod

import numpy as np
from numpy.typing import NDArray

from pipelines.estimation.over_time.group_time import Staggered, adopting_groups, base_and_period, untreated
from pipelines.estimation.over_time.interrupted import level_change
from pipelines.estimation.over_time.panel import Panel
from pipelines.estimation.over_time.segmented import Segmented
from pipelines.estimation.over_time.series import Series
from pipelines.estimation.over_time.two_periods import changes_of, compare
from pipelines.estimation.refusal import EstimationRefusal
from pipelines.estimation.result import Inference
from pipelines.estimation.sample import Array

Engine = Callable[[int], Inference]

NONE_POSSIBLE = "No earlier date leaves enough data on both sides for a placebo."
SENTENCE = (
    "The same estimate was made at every earlier date that leaves enough data, where nothing happened; the share says "
    "how often chance and drift alone gave something at least as extreme. Neighbouring dates resemble each other, so "
    "it is a description, not a p-value."
)
MOST_ASSIGNMENTS = 10_000


@dataclass(frozen=True)
class PlaceboDate:
    """The engine's answer at a date at which nothing happened."""

    at: int
    result: Inference


@dataclass(frozen=True)
class PlaceboDates:
    """The real estimate among placebo ones.

    Parameters
    ----------
    actual : Inference
        At the real date.
    placebos : tuple of PlaceboDate
        At earlier dates.
    skipped : tuple of int
        Dates at which the engine refused.
    share : float
        (1 + placebos at least as extreme) / (1 + placebos), by the absolute statistic (the absolute value, for engines
        without one); ties count.
    sentence : str
        How to read it.
    """

    actual: Inference
    placebos: tuple[PlaceboDate, ...]
    skipped: tuple[int, ...]
    share: float
    sentence: str = SENTENCE


@dataclass(frozen=True)
class PlaceboUnits:
    """The real estimate among those of other assignments of the same treatment dates to units.

    Parameters
    ----------
    value : float
        The estimate, in the unit of the outcome.
    p : float
        Share of assignments, the real one among them, at least as extreme in absolute value.
    assignments : int
        How many were made.
    exact : bool
        All possible ones, or a seeded draw.
    """

    value: float
    p: float
    assignments: int
    exact: bool


def placebo_dates(engine: Engine, actual: Inference, dates: Sequence[int]) -> PlaceboDates:
    """Run an engine at dates at which nothing happened.

    Parameters
    ----------
    engine : callable
        From a date to an inference, on data from before the real date only; may raise EstimationRefusal.
    actual : Inference
        At the real date.
    dates : sequence of int
        Earlier dates.

    Returns
    -------
    PlaceboDates
        With the share at least as extreme.

    Raises
    ------
    EstimationRefusal
        If no date works.

    References
    ----------
    Abadie, Diamond & Hainmueller 2010, Journal of the American Statistical Association 105:493-505 (placebo studies);
    Linden 2018, Journal of Evaluation in Clinical Practice 24:695-700.
    """
    found, skipped = [], []
    for date in dates:
        try:
            found.append(PlaceboDate(date, engine(date)))
        except EstimationRefusal:
            skipped.append(date)
    if not found:
        raise EstimationRefusal(NONE_POSSIBLE, "Add earlier data, or leave placebo dates out.")
    by_statistic = actual.statistic is not None and all(one.result.statistic is not None for one in found)
    size = _statistic if by_statistic else _value
    extreme = sum(size(one.result) >= size(actual) * (1 - 1e-12) for one in found)
    return PlaceboDates(actual, tuple(found), tuple(skipped), (1 + extreme) / (1 + len(found)))


def placebo_interruptions(series: Series, design: Segmented) -> PlaceboDates:
    """Interrupted time series at each earlier point, on the points before the real interruption only.

    Parameters
    ----------
    series, design
        As for `interrupted`; a horizon is ignored. The level change is compared.

    Returns
    -------
    PlaceboDates
        Dates are positions, from 0.
    """
    cut = slice(0, design.before)
    exposure = None if series.exposure is None else series.exposure[cut]
    early = Series(series.outcome[cut], exposure, series.when[cut])
    design = replace(design, horizon=None)
    return placebo_dates(
        lambda at: level_change(early, replace(design, before=at)),
        level_change(series, design),
        range(1, design.before),
    )


def placebo_periods(panel: Panel, before: int, after: int, level: float = 0.95) -> PlaceboDates:
    """Two-period difference-in-differences between earlier periods as far apart as the real ones.

    Parameters
    ----------
    panel : Panel
        By `make_panel`; covariates are not used.
    before, after : int
        The real periods. Treatment must not begin before the last placebo period, which ends at `before`.
    level : float
        Confidence level.

    Returns
    -------
    PlaceboDates
        Dates are the placebo's period after.
    """
    periods = [int(t) for t in panel.periods]
    gap = periods.index(after) - periods.index(before)
    pairs = {periods[k]: periods[k - gap] for k in range(gap, periods.index(before) + 1)}
    return placebo_dates(
        lambda at: compare(changes_of(panel, (pairs[at],), (at,), treated_by=after), None, level),
        compare(changes_of(panel, (before,), (after,)), None, level),
        list(pairs),
    )


def placebo_units(panel: Panel, design: Staggered, draws: int = 9_999, seed: int = 0) -> PlaceboUnits:
    """Randomisation inference: the treatment dates are dealt out to units (or clusters) in every other way.

    Exact where there are at most 10,000 ways, otherwise `draws` seeded ones. It is what remains with a single treated
    unit, and it takes for granted that any unit could have been the treated one.

    Parameters
    ----------
    panel : Panel
        Complete; covariates are not used. Units keep their weights, whatever date they are dealt.
    design : Staggered
        As declared.
    draws, seed : int
        When there are too many ways.

    Returns
    -------
    PlaceboUnits
        Of the overall (simple) effect.

    Raises
    ------
    EstimationRefusal
        If units were not all seen in every period, or clusters hold several treatment histories.

    References
    ----------
    Conley & Taber 2011, Review of Economics and Statistics 93:113-125; MacKinnon & Webb 2020, Journal of Econometrics
    218:435-450.
    """
    if not panel.complete:
        raise EstimationRefusal(
            "Some units were not seen in every period.", "Keep the units seen in all of them, for this check."
        )
    outcome, cohort, weight = _by_cluster(panel)
    panel = replace(panel, weight=weight)
    groups, _ = adopting_groups(panel, design)
    value = _overall(outcome, cohort, panel, groups, design)
    exact = _ways(cohort) <= MOST_ASSIGNMENTS
    others = _every_assignment(cohort) if exact else _drawn(cohort, draws, seed)
    sizes = [abs(_overall(outcome, other, panel, groups, design)) for other in others]
    extreme = sum(size >= abs(value) * (1 - 1e-12) for size in sizes)
    extra = 0 if exact else 1
    return PlaceboUnits(value, (extreme + extra) / (len(sizes) + extra), len(sizes) + extra, exact)


def _statistic(result: Inference) -> float:
    return abs(result.statistic or 0.0)


def _value(result: Inference) -> float:
    return abs(result.value or 0.0)


def _by_cluster(panel: Panel) -> tuple[Array, Array, Array | None]:
    """Outcome, cohort and weight by independent unit: clusters enter as the mean of their units."""
    if panel.cluster is None:
        return panel.outcome, panel.cohort, panel.weight
    size = np.bincount(panel.cluster, panel.weight)
    cohort = np.empty(len(size))
    cohort[panel.cluster] = panel.cohort
    if (cohort[panel.cluster] != panel.cohort).any():
        raise EstimationRefusal("Some clusters hold treated and untreated units.", "Do not declare clusters here.")
    counts = 1.0 if panel.weight is None else panel.weight
    means = [np.bincount(panel.cluster, counts * column) / size for column in panel.outcome.T]
    return np.column_stack(means), cohort, None if panel.weight is None else np.asarray(size, dtype=float)


def _overall(outcome: Array, cohort: Array, panel: Panel, groups: tuple[int, ...], design: Staggered) -> float:
    """The simple aggregate without covariates, from group means."""
    dealt = replace(panel, cohort=cohort)
    total = weight = 0.0
    for group in groups:
        treated = cohort == group
        share = float(treated.sum()) if panel.weight is None else float(panel.weight[treated].sum())
        for b, t in base_and_period(panel.periods, group, design):
            controls = untreated(dealt, group, int(panel.periods[max(b, t)]), design)
            if panel.periods[t] < group or not controls.any():
                continue
            change = outcome[:, t] - outcome[:, b]
            total += share * (_mean(change, treated, panel.weight) - _mean(change, controls, panel.weight))
            weight += share
    return total / weight


def _mean(values: Array, inside: NDArray[np.bool_], weight: Array | None) -> float:
    return float(values[inside].mean() if weight is None else np.average(values[inside], weights=weight[inside]))


def _ways(cohort: Array) -> float:
    _, sizes = np.unique(cohort, return_counts=True)
    if len(cohort) > 170:
        # Beyond this factorials overflow a float; with one unit treated there are just as many ways as units.
        return float(len(cohort)) if sorted(sizes)[:-1] == [1] else np.inf
    return factorial(len(cohort)) // prod(factorial(int(size)) for size in sizes)


def _every_assignment(cohort: Array) -> Iterator[Array]:
    """Every distinct arrangement of the cohorts over the units."""
    values, sizes = np.unique(cohort, return_counts=True)

    def place(left: list[int], at: int, dealt: list[int]) -> Iterator[list[int]]:
        if at == len(cohort):
            yield list(dealt)
            return
        for k in range(len(values)):
            if left[k]:
                left[k] -= 1
                dealt.append(k)
                yield from place(left, at + 1, dealt)
                dealt.pop()
                left[k] += 1

    if len(cohort) > 170:
        for k in range(len(cohort)):
            yield np.where(np.arange(len(cohort)) == k, values[sizes.argmin()], values[sizes.argmax()])
        return
    for dealt in place([int(size) for size in sizes], 0, []):
        yield values[dealt]


def _drawn(cohort: Array, draws: int, seed: int) -> Iterator[Array]:
    generator = np.random.Generator(np.random.PCG64(seed))
    for _ in range(draws):
        yield generator.permutation(cohort)
