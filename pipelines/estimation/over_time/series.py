"""One outcome of one population, point by point in time: checked, in order, without gaps."""

from dataclasses import dataclass
from typing import Literal, get_args

import numpy as np
from numpy.typing import ArrayLike, NDArray

from pipelines.estimation.refusal import EstimationRefusal
from pipelines.estimation.sample import Array

Frequency = Literal["number", "day", "week", "month", "quarter", "year"]
STEP: dict[str, int] = {"number": 1, "day": 1, "week": 7, "month": 1, "quarter": 3, "year": 12}

FILL = "Find the missing figures, or declare a coarser unit of time in which there are none missing."


@dataclass(frozen=True)
class Series:
    """T equally spaced points.

    Parameters
    ----------
    outcome : array of float, shape (T,)
        In order of time.
    exposure : array of float, shape (T,), or None
        People, or person-time, at risk of each count.
    when : tuple of str
        Label of each point.
    """

    outcome: Array
    exposure: Array | None
    when: tuple[str, ...]


def make_series(
    when: ArrayLike, outcome: ArrayLike, exposure: ArrayLike | None = None, frequency: Frequency = "month"
) -> Series:
    """Order points by time and refuse gaps.

    Parameters
    ----------
    when : array of dates (anything numpy reads as datetime64) or whole numbers, shape (T,)
        Time of each point, in any order.
    outcome : array of float, shape (T,)
        Every value known.
    exposure : array of float, shape (T,), or None
        Above zero.
    frequency : {'number', 'day', 'week', 'month', 'quarter', 'year'}
        The declared spacing; 'number' for whole numbers that rise by one. Months, quarters and years may be dated by
        any of their days.

    Returns
    -------
    Series
        In order of time.

    Raises
    ------
    EstimationRefusal
        At the first gap, repetition, missing value or exposure that is not above zero, naming its position.
    """
    if frequency not in get_args(Frequency):
        raise ValueError(f"There is no frequency '{frequency}'.")
    position, labels = _positions(when, frequency)
    order = np.argsort(position, kind="stable")
    y = np.asarray(outcome, dtype=float)[order]
    at_risk = None if exposure is None else np.asarray(exposure, dtype=float)[order]
    named = tuple(labels[k] for k in order)
    _refuse_gaps(np.diff(position[order]), STEP[frequency], named)
    _refuse_where(~np.isfinite(y), named, "The outcome is missing or infinite", FILL)
    if at_risk is not None:
        _refuse_where(
            ~(np.isfinite(at_risk) & (at_risk > 0)), named, "The exposure is not above zero", "Correct the exposure."
        )
    return Series(y, at_risk, named)


def points_before(series: Series, when: str) -> int:
    """How many points lie before the point labelled `when` (dates as numpy prints them, e.g. '2005-01')."""
    matches = [k for k, label in enumerate(series.when) if label == when or label.startswith(f"{when}-")]
    if not matches:
        raise EstimationRefusal(
            f"The interruption, {when}, is not a point of the series.", "Declare one that was observed."
        )
    return matches[0]


def _positions(when: ArrayLike, frequency: Frequency) -> tuple[NDArray[np.int64], list[str]]:
    values = np.asarray(when)
    if frequency == "number":
        number = np.asarray(values, dtype=float)
        if not np.isfinite(number).all() or (number != np.round(number)).any():
            raise EstimationRefusal("A time is missing or not a whole number.", "Number the points, or give dates.")
        return number.astype(np.int64), [str(int(x)) for x in number]
    unit: Literal["D", "M"] = "D" if frequency in ("day", "week") else "M"
    try:
        dates = values.astype(f"datetime64[{unit}]")
    except (ValueError, TypeError):
        raise EstimationRefusal("A time cannot be read as a date.", "Write dates as 2025-12-31.") from None
    if np.isnat(dates).any():
        raise EstimationRefusal("A point has no date.", "Give every point its date.")
    return dates.astype(np.int64), [str(x) for x in dates]


def _refuse_gaps(steps: NDArray[np.int64], expected: int, labels: tuple[str, ...]) -> None:
    for k, step in enumerate(steps):
        where = f"point {k + 2} ({labels[k + 1]})"
        if step == 0:
            raise EstimationRefusal(f"The series has two rows for {where}.", "Add them up, or keep one.")
        if step != expected:
            reason = f"The series is not evenly spaced: {where} does not follow its predecessor ({labels[k]})."
            raise EstimationRefusal(reason, FILL)


def _refuse_where(wrong: NDArray[np.bool_], labels: tuple[str, ...], what: str, alternative: str) -> None:
    if wrong.any():
        k = int(np.flatnonzero(wrong)[0])
        raise EstimationRefusal(f"{what} at point {k + 1} ({labels[k]}).", alternative)
