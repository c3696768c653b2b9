"""Group-time effects taken together: overall, by cohort, by calendar period, by time since treatment."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Literal

import numpy as np

from pipelines.estimation.over_time.group_time import Cell, GroupTimes
from pipelines.estimation.over_time.influence import Clusters
from pipelines.estimation.sample import Array

Kind = Literal["simple", "group", "calendar", "dynamic"]


@dataclass(frozen=True)
class Combined:
    """A weighted mean of cells, with its influence function summed within clusters.

    Parameters
    ----------
    at : int or None
        The cohort, period, or periods since treatment; None for an overall mean.
    value : float
        In the unit of the outcome.
    sums : array, shape (clusters,)
        Influence.
    cells : tuple of Cell
        What was combined.
    """

    at: int | None
    value: float
    sums: Array
    cells: tuple[Cell, ...]


@dataclass(frozen=True)
class Weights:
    """Shares of the cohorts and how they vary with the sample.

    Parameters
    ----------
    share : dict of int to float
        Share of all units in each cohort.
    sums : dict of int to array of shape (clusters,)
        Influence of that share.
    """

    share: dict[int, float]
    sums: dict[int, Array]


def cohort_weights(cohort: Array, groups: Iterable[int], clusters: Clusters, weight: Array | None = None) -> Weights:
    """Shares of the cohorts among n units, each counting by its weight (one on average), with influences."""
    counts = np.ones(len(cohort)) if weight is None else weight
    member = {g: (cohort == g) * counts for g in groups}
    share = {g: float(inside.mean()) for g, inside in member.items()}
    return Weights(share, {g: clusters.sums(inside - share[g]) for g, inside in member.items()})


def weighted(found: GroupTimes, chosen: list[int], weights: Weights, at: int | None = None) -> Combined:
    """Cells weighted by the size of their cohorts, allowing for the sampling of the weights."""
    cells = tuple(found.cells[k] for k in chosen)
    values = np.array([cell.value for cell in cells], dtype=float)
    share = np.array([weights.share[cell.group] for cell in cells])
    w, value = share / share.sum(), float(values @ share / share.sum())
    sums = found.sums[:, chosen] @ w
    for cell, one in zip(cells, values, strict=True):
        sums = sums + weights.sums[cell.group] * ((one - value) / share.sum())
    return Combined(at, value, sums, cells)


def averaged(parts: list[Combined]) -> Combined:
    """Plain mean of combinations."""
    value = float(np.mean([part.value for part in parts]))
    cells = tuple(cell for part in parts for cell in part.cells)
    return Combined(None, value, np.mean([part.sums for part in parts], axis=0), cells)


def simple(found: GroupTimes, weights: Weights) -> Combined | None:
    """Mean over all cells under treatment, weighted by the size of the cohort."""
    chosen = _chosen(found, lambda cell: cell.after)
    return weighted(found, chosen, weights) if chosen else None


def by_group(found: GroupTimes, weights: Weights) -> tuple[Combined | None, list[Combined]]:
    """Each cohort's plain mean over its periods under treatment; overall weighted by the size of the cohort."""
    groups = sorted({cell.group for cell in found.cells})
    rows = [_one_group(found, chosen, g) for g in groups if (chosen := _chosen(found, _of(g)))]
    return (_overall_group(rows, weights) if rows else None), rows


def by_calendar(found: GroupTimes, weights: Weights) -> tuple[Combined | None, list[Combined]]:
    """Each period's mean over the cohorts under treatment; overall the plain mean over periods."""
    periods = sorted({cell.period for cell in found.cells if cell.after})
    rows = [weighted(found, chosen, weights, t) for t in periods if (chosen := _chosen(found, _in_period(t)))]
    return (averaged(rows) if rows else None), rows


def dynamic(found: GroupTimes, weights: Weights, balanced_to: int | None) -> tuple[Combined | None, list[Combined]]:
    """Each time since treatment, a mean over cohorts; overall the plain mean over times from zero on."""
    last = max(cell.period for cell in found.cells)
    kept = {cell.group for cell in found.cells if balanced_to is None or last - cell.group >= balanced_to}
    times = sorted({cell.period - cell.group for cell in found.cells if cell.group in kept})
    if balanced_to is not None:
        first = min(cell.base for cell in found.cells)
        times = [e for e in times if balanced_to - (last - first) <= e <= balanced_to]
    rows = [weighted(found, chosen, weights, e) for e in times if (chosen := _chosen(found, _at_time(e, kept)))]
    after = [row for row in rows if row.at is not None and row.at >= 0]
    return (averaged(after) if after else None), rows


def _chosen(found: GroupTimes, wanted: Callable[[Cell], bool]) -> list[int]:
    return [k for k, cell in enumerate(found.cells) if cell.value is not None and wanted(cell)]


def _of(group: int) -> Callable[[Cell], bool]:
    return lambda cell: cell.group == group and cell.after


def _in_period(period: int) -> Callable[[Cell], bool]:
    return lambda cell: cell.after and cell.period == period


def _at_time(since: int, kept: set[int]) -> Callable[[Cell], bool]:
    return lambda cell: cell.group in kept and cell.period - cell.group == since


def _one_group(found: GroupTimes, chosen: list[int], group: int) -> Combined:
    cells = tuple(found.cells[k] for k in chosen)
    value = float(np.mean([cell.value for cell in cells if cell.value is not None]))
    return Combined(group, value, found.sums[:, chosen].mean(axis=1), cells)


def _overall_group(rows: list[Combined], weights: Weights) -> Combined:
    groups = [row.at for row in rows if row.at is not None]
    share = np.array([weights.share[g] for g in groups])
    value = float(np.array([row.value for row in rows]) @ share / share.sum())
    sums = np.column_stack([row.sums for row in rows]) @ (share / share.sum())
    for row, g in zip(rows, groups, strict=True):
        sums = sums + weights.sums[g] * ((row.value - value) / share.sum())
    return Combined(None, value, sums, tuple(cell for row in rows for cell in row.cells))
