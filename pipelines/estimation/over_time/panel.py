"""Outcomes of units over periods, checked and in one canonical order. No estimation belongs here."""

from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike, NDArray

from pipelines.estimation.over_time.influence import Codes
from pipelines.estimation.refusal import EstimationRefusal
from pipelines.estimation.sample import Array

NEVER = np.inf

TWICE = "A unit is recorded twice in the same period."
ONE_ROW = "Keep one row per unit and period, or treat the data as repeated cross-sections."
NOT_FINITE = "An outcome or a covariate is infinite, or not a number."
SWITCHES = "Treatment is switched off again for some units."
VARIES = "{} changes over time for some units."


@dataclass(frozen=True)
class Panel:
    """n units in T periods.

    Parameters
    ----------
    outcome : array of float, shape (n, T)
        NaN where a unit was not seen; columns contiguous.
    periods : array of int, shape (T,)
        Increasing.
    cohort : array of float, shape (n,)
        First treated period; infinity for never.
    cluster : array of int, shape (n,), or None
        Coded from 0; None when units are independent.
    covariates : array of float, shape (n, T, k), or None
        Covariates; only values from before treatment are ever used.
    complete : bool
        Every unit is seen in every period.
    weight : array of float, shape (n,), or None
        How much each unit counts, one on average; None when all count alike.
    """

    outcome: Array
    periods: NDArray[np.int64]
    cohort: Array
    cluster: Codes | None
    covariates: Array | None
    complete: bool
    weight: Array | None = None


def make_panel(
    unit: ArrayLike,
    period: ArrayLike,
    cohort: ArrayLike,
    outcome: ArrayLike,
    covariates: ArrayLike | None = None,
    cluster: ArrayLike | None = None,
    never: float | None = None,
    weight: ArrayLike | None = None,
) -> Panel:
    """Bring rows of one unit in one period into a panel.

    Parameters
    ----------
    unit : array, shape (rows,)
        Labels, of any type that sorts.
    period : array of int, shape (rows,)
        Numbers of periods, e.g. years or consecutive months.
    cohort : array of float, shape (rows,)
        The unit's first treated period on each of its rows; NaN or infinity for never treated.
    outcome : array of float, shape (rows,)
        Rows with a missing outcome or covariate are left out.
    covariates : array of float, shape (rows, k), or None
        Declared beforehand.
    cluster : array, shape (rows,), or None
        Labels of clusters that hold whole units.
    never : float or None
        A further value of `cohort` that means never treated, e.g. 0.
    weight : array of float, shape (rows,), or None
        How much each unit counts, the same on each of its rows; units without a known one, or with 0, are left out.

    Returns
    -------
    Panel
        Units in sorted order, so that the order of rows does not matter.

    Raises
    ------
    EstimationRefusal
        If a unit is twice in a period, or changes its cohort, cluster or weight; if a number is infinite, or a weight
        below zero.
    """
    y, when, X = np.asarray(outcome, float), whole_periods(period), _table(covariates, np.shape(outcome)[0])
    heavy = None if weight is None else positive_weights(weight)
    known = ~np.isnan(y) & ~np.isnan(X).any(axis=1) & (True if heavy is None else heavy > 0)
    if np.isinf(y).any() or np.isinf(X).any():
        raise EstimationRefusal(NOT_FINITE, "Correct it, or leave it empty if it is unknown.")
    first = as_cohort(cohort, never)
    code, labels = pd.factorize(np.asarray(unit)[known], sort=True)
    if (code < 0).any():
        raise EstimationRefusal("Some rows name no unit.", "Name the unit on every row.")
    periods, column = np.unique(when[known], return_inverse=True)
    n, T = len(labels), len(periods)
    _refuse_twins(code * T + column)
    wide = np.full((n, T), np.nan, order="F")
    wide[code, column] = y[known]
    own = one_per_unit(first[known], code, n, "The first treated period")
    return Panel(
        wide,
        periods,
        own,
        _cluster_codes(cluster, known, code, n),
        _wide_covariates(X[known], code, column, n, T),
        not np.isnan(wide).any(),
        None if heavy is None else one_on_average(one_per_unit(heavy[known], code, n, "The weight")),
    )


def positive_weights(weight: ArrayLike) -> Array:
    """Weights as numbers, unknown ones as 0, shape (rows,).

    Raises
    ------
    EstimationRefusal
        If one is below zero or infinite, or none is above zero.
    """
    heavy = np.nan_to_num(np.asarray(weight, dtype=float), nan=0.0, posinf=np.inf, neginf=-np.inf)
    if (heavy < 0).any() or np.isinf(heavy).any():
        raise EstimationRefusal("A weight is below zero or infinite.", "Correct it: a weight says how much to count.")
    if not (heavy > 0).any():
        raise EstimationRefusal("No weight is above zero.", "Deliver the weights, or leave `weights` out.")
    return heavy


def one_on_average(weight: Array) -> Array:
    """Weights divided by their mean, which changes no estimate."""
    return np.asarray(weight / weight.mean())


def first_treated(unit: ArrayLike, period: ArrayLike, treated: ArrayLike) -> Array:
    """Cohort of each row from a row-by-row indicator of being under treatment.

    Parameters
    ----------
    unit, period : arrays, shape (rows,)
        As in `make_panel`.
    treated : array of bool, shape (rows,)
        Whether the unit is under treatment in the period.

    Returns
    -------
    array of float, shape (rows,)
        The unit's first treated period; infinity for never.

    Raises
    ------
    EstimationRefusal
        If treatment is switched off again: the designs here are for treatments that stay.
    """
    code, _ = pd.factorize(np.asarray(unit), sort=True)
    when, on = whole_periods(period), np.asarray(treated, bool)
    first = np.full(code.max() + 1, NEVER)
    np.minimum.at(first, code[on], when[on].astype(float))
    if ((when >= first[code]) != on).any():
        alternative = "Compare only up to the period in which treatment ends, or use panel fixed effects with caution."
        raise EstimationRefusal(SWITCHES, alternative)
    return first[code]


def as_cohort(cohort: ArrayLike, never: float | None) -> Array:
    """First treated periods with infinity for never, shape (rows,)."""
    first = np.array(cohort, dtype=float)
    return np.where(np.isnan(first) | (first == (NEVER if never is None else never)), NEVER, first)


def whole_periods(period: ArrayLike) -> NDArray[np.int64]:
    """Periods as integers.

    Raises
    ------
    EstimationRefusal
        If a period is missing or not a whole number.
    """
    values = np.asarray(period, dtype=float)
    if not np.isfinite(values).all() or (values != np.round(values)).any():
        raise EstimationRefusal("A period is missing or not a whole number.", "Number the periods, e.g. by year.")
    return values.astype(np.int64)


def one_per_unit(values: Array, code: Codes, n: int, name: str) -> Array:
    """The value that all rows of a unit share, shape (rows,) to (n,).

    Raises
    ------
    EstimationRefusal
        If a unit's rows disagree.
    """
    own = np.empty(n)
    own[code] = values
    if (own[code] != values).any():
        raise EstimationRefusal(VARIES.format(name), "Give each unit one value, or leave it out.")
    return own


def _table(covariates: ArrayLike | None, rows: int) -> Array:
    if covariates is None:
        return np.empty((rows, 0))
    table = np.asarray(covariates, dtype=float)
    return table[:, None] if table.ndim == 1 else table


def _refuse_twins(cell: Codes) -> None:
    if len(np.unique(cell)) < len(cell):
        raise EstimationRefusal(TWICE, ONE_ROW)


def _cluster_codes(cluster: ArrayLike | None, known: NDArray[np.bool_], code: Codes, n: int) -> Codes | None:
    if cluster is None:
        return None
    labels, _ = pd.factorize(np.asarray(cluster)[known], sort=True)
    if (labels < 0).any():
        raise EstimationRefusal("Some rows name no cluster.", "Name the cluster on every row.")
    own = one_per_unit(labels.astype(float), code, n, "The cluster").astype(np.intp)
    return np.unique(own, return_inverse=True)[1]


def _wide_covariates(X: Array, code: Codes, column: Codes, n: int, T: int) -> Array | None:
    if X.shape[1] == 0:
        return None
    wide = np.full((n, T, X.shape[1]), np.nan)
    wide[code, column] = X
    return wide
