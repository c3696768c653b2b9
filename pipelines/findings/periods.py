"""Periods as whole numbers: numbers as they are, dates by the calendar. A gap stays a gap."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

from pipelines.estimation.design import PERIOD, WHEN
from pipelines.estimation.refusal import EstimationRefusal

IRREGULAR = "Dates of the periods lie irregularly: they are not a year, quarter, month, week or day apart."
REMEDY = "Map a number of the period to the field `period` instead."
DATE = re.compile(r"\d{4}-\d{2}-\d{2}$")

Counter = Callable[[Any], Any]
CALENDAR: tuple[tuple[Counter, Counter], ...] = (
    (lambda days: days.dt.year, lambda days: days.dt.strftime("%Y")),
    (
        lambda days: 4 * days.dt.year + days.dt.quarter - 1,
        lambda days: days.dt.year.map("{:.0f}".format) + " Q" + days.dt.quarter.map("{:.0f}".format),
    ),
    (lambda days: 12 * days.dt.year + days.dt.month - 1, lambda days: days.dt.strftime("%Y-%m")),
)
"""Year, quarter and month: how it is counted, and what readers call it."""


def numbered(frame: Any) -> Any:
    """Return the frame with its periods as numbers, and as readers call them, instead of `period` and `period_date`.

    Dates are counted in the coarsest unit (year, quarter, month, week, day) in which all dates of one such unit are one
    date, and no unit between the first and the last is left out in all rows more often than it is there.

    Raises
    ------
    EstimationRefusal
        When dates are irregular.
    """
    if frame["period_date"].notna().any():
        count, words = _counted(frame["period_date"])
    else:
        count, words = frame["period"], frame["period"].map("{:g}".format, na_action="ignore")
    return frame.assign(**{PERIOD: count, WHEN: words}).drop(columns=["period", "period_date"])


def after(frame: Any, began: str) -> Any:
    """Return which rows lie in or after the period in which something began, as a protocol writes it.

    Raises
    ------
    EstimationRefusal
        When a date is written where periods are numbers, or the other way round.
    """
    import pandas as pd

    dated = frame["period_date"].notna().any()
    try:
        # A bare number would be read as a date in 1970, or as a year.
        if dated and not DATE.match(began.strip()):
            raise ValueError(began)
        return (
            (pd.to_datetime(frame["period_date"]) >= pd.Timestamp(began)) if dated else frame["period"] >= float(began)
        )
    except ValueError:
        kind = "dates, as yyyy-mm-dd" if dated else "numbers"
        raise EstimationRefusal(f"The periods are {kind}; `began` is not.", f"Write it as {kind}.") from None


def _counted(dates: Any) -> tuple[Any, Any]:
    import pandas as pd

    days = pd.to_datetime(pd.Series(dates)).dt.normalize()
    known = days.dropna()
    for count, words in CALENDAR:
        numbers = count(known)
        one_each = known.groupby(numbers.to_numpy()).nunique().max() <= 1
        if one_each and _dense(numbers):
            return count(days).astype(float), words(days)
    return _evenly(days, known), days.dt.strftime("%Y-%m-%d")


def _evenly(days: Any, known: Any) -> Any:
    """Count in weeks, or in days."""
    since = (days - known.min()).dt.days
    steps = since.dropna()
    for length in (7, 1):
        if (steps % length == 0).all() and _dense(steps // length):
            return (since // length).astype(float)
    raise EstimationRefusal(IRREGULAR, REMEDY)


def _dense(numbers: Any) -> bool:
    """Whether at least half of the numbers between the first and the last occur."""
    return bool(2 * numbers.nunique() >= numbers.max() - numbers.min() + 1)
