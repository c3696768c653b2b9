"""What a panel with a single treated unit allows: its course of treatment given to every other unit in turn."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd

from pipelines.estimation.design import PERIOD, UNIT
from pipelines.estimation.over_time.influence import Codes
from pipelines.estimation.sample import Array

MOST_UNITS = 2_000
"""In more units than this, or more dummies than a regression should hold, the others are not tried."""
MOST_CELLS = 20_000_000


@dataclass(frozen=True)
class PlaceboDoses:
    """A coefficient among those that come about where nothing was done.

    Parameters
    ----------
    value : float
        Of the treated unit.
    others : array of float, shape (units - 1,)
        With the same course of treatment given to each other unit alone, the treated unit left out.
    p : float
        Share of all units, the treated one among them, with a coefficient at least as far from zero.
    """

    value: float
    others: Array
    p: float


def placebo_doses(rows: pd.DataFrame, dose: str, by: Sequence[str], effects: Sequence[str]) -> PlaceboDoses | None:
    """Randomisation inference for a panel in which what is tested changed in one unit.

    Parameters
    ----------
    rows : pandas.DataFrame
        Columns UNIT, PERIOD, `value`, the dose and `by`, all known; what is tested changes within a single unit.
    dose : str
        Column of what is tested.
    by : sequence of str
        Further regressors.
    effects : sequence of {'entity', 'time'}
        Levels that are taken out.

    Returns
    -------
    PlaceboDoses or None
        None where a unit lacks a period of the treated one, or there are too many units. It takes for granted that any
        unit could have been the treated one; with N units p cannot be below 1/N.

    References
    ----------
    Conley & Taber 2011, Review of Economics and Statistics 93:113-125; Abadie, Diamond & Hainmueller 2010, JASA
    105:493-505 (each unit in turn).
    """
    unit, names = pd.factorize(rows[UNIT], sort=True)
    period, _ = pd.factorize(rows[PERIOD], sort=True)
    spread = rows.groupby(unit)[dose].agg(np.ptp).to_numpy()
    treated = int(spread.argmax())
    course = dict(zip(period[unit == treated], rows[dose].to_numpy(float)[unit == treated], strict=True))
    complete = all(set(course) <= set(period[unit == one]) for one in range(len(names)))
    if not complete or len(names) < 3 or len(names) > MOST_UNITS or len(rows) * len(names) > MOST_CELLS:
        return None
    level = np.median(rows[dose].to_numpy(float)[unit != treated])
    dealt = np.array([course.get(one, level) for one in period]) - level
    fixed = rows[list(by)].to_numpy(float)
    value = rows["value"].to_numpy(float)

    def coefficient(one: int, inside: Array) -> float:
        columns = [(dealt * (unit == one))[inside], *fixed[inside].T]
        taken = without_levels(np.column_stack([*columns, value[inside]]), unit[inside], period[inside], effects)
        return float(np.linalg.lstsq(taken[:, :-1], taken[:, -1], rcond=None)[0][0])

    own = coefficient(treated, np.ones(len(rows), dtype=bool))
    others = np.array([coefficient(one, unit != treated) for one in range(len(names)) if one != treated])
    extreme = 1 + int((np.abs(others) >= abs(own) * (1 - 1e-12)).sum())
    return PlaceboDoses(own, others, extreme / len(names))


def without_levels(columns: Array, unit: Codes, period: Codes, effects: Sequence[str]) -> Array:
    """Take the levels of units and periods out, by turns until nothing moves (exact at once in a full panel).

    Parameters
    ----------
    columns : array of float, shape (rows, k)
        What they are taken out of.
    unit, period : array of int, shape (rows,)
        Coded from 0.
    effects : sequence of {'entity', 'time'}
        Which levels.
    """
    left = columns - columns.mean(axis=0)
    ways = [codes for name, codes in (("entity", unit), ("time", period)) if name in effects]
    for _ in range(1_000):
        before = left.copy()
        for codes in ways:
            size = np.bincount(codes)
            size = np.maximum(size, 1)[:, None]
            sums = np.column_stack([np.bincount(codes, column, len(size)) for column in left.T])
            left = left - (sums / size)[codes]
        if np.abs(left - before).max() <= 1e-12 * (1 + np.abs(columns).max()):
            break
    return left
