"""People who were assessed several times, as the one row each that a comparison of people needs."""

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from pipelines.estimation.design import BASELINE, PERIOD, UNIT, Design
from pipelines.estimation.refusal import EstimationRefusal
from pipelines.estimation.sample import numbers

NOBODY = "Nobody's outcome is known in the period named by `{}`."


def one_period(frame: pd.DataFrame, design: Design) -> pd.DataFrame:
    """Return one row for each person, with the outcome at the headline period.

    Parameters
    ----------
    frame : pandas.DataFrame
        One row per person (`UNIT`) and period, or one without a period for somebody who was never assessed.
    design : Design
        Names the periods: `at`, else the last one in which an outcome is known; `baseline_at` for the baseline.

    Returns
    -------
    pandas.DataFrame
        As many rows as people, in the order in which they first appear; whose outcome is not known at the period has
        none, so that they count as missing. With `baseline_at`, a column `BASELINE`.

    Raises
    ------
    EstimationRefusal
        If nobody was assessed in a named period.
    """
    at = headline_period(frame, design)
    there = _in(frame, at)
    # The row of the period, which holds its exposure too; else any row, which only says that the person is missing.
    order = np.argsort(~there, kind="stable")
    first = frame.iloc[order].drop_duplicates(UNIT)
    people = first.assign(value=np.where(_in(first, at), numbers(first["value"]), np.nan))
    told = people.set_index(UNIT).loc[frame[UNIT].drop_duplicates()].reset_index()
    if design.baseline_at is not None:
        before = frame[_in(frame, design.baseline_at)].drop_duplicates(UNIT).set_index(UNIT)["value"]
        if before.isna().all():
            raise EstimationRefusal(NOBODY.format("baseline_at"), "Correct `baseline_at` in the protocol.")
        told[BASELINE] = told[UNIT].map(before).astype(float)
    return told.drop(columns=[PERIOD, UNIT])


def headline_period(frame: pd.DataFrame, design: Design) -> float:
    """Return the period that is compared; errors as for `one_period`."""
    known = frame.loc[frame["value"].notna(), PERIOD].dropna().to_numpy(dtype=float)
    if not len(known):
        raise EstimationRefusal("No outcome is known.", "Wait for outcomes, or report how many are missing.")
    if design.at is not None and design.at not in known:
        raise EstimationRefusal(NOBODY.format("at"), "Correct `at` in the protocol.")
    return float(known.max()) if design.at is None else design.at


def _in(frame: pd.DataFrame, period: float) -> NDArray[np.bool_]:
    """Return which rows are of a period; shape (rows,)."""
    return np.asarray(frame[PERIOD].to_numpy(dtype=float, na_value=np.nan) == period)
