"""How far a figure is rounded so that it fits every number of people nearby; which figures are, belongs elsewhere."""

from __future__ import annotations

import math

SHARE_STEPS = (0.01, 0.05, 0.1)


def mean(value: float | None, people: int) -> float | None:
    """Round a mean, or a standard deviation, so that whole numbers of any nearby group could make it.

    The means that whole numbers can have lie 1/people apart. Rounded to a step at least as wide, a mean no longer tells
    among how many people it was taken. One figure is always kept: of a mean below the step it fits more groups still.

    Parameters
    ----------
    value : the mean, in its unit; None stays None.
    people : people it was taken of, at least 1.
    """
    if value is None or value == 0:
        return value
    return round(value, max(_decimals(people), -math.floor(math.log10(abs(value)))))


def share(value: float | None, people: int) -> float | None:
    """Round a share to the smallest of 1, 5 and 10 points that is at least one person wide.

    Parameters
    ----------
    value : the share, between 0 and 1; None stays None.
    people : people in the group, at least 10.
    """
    if value is None:
        return None
    step = next((step for step in SHARE_STEPS if step * people >= 1), SHARE_STEPS[-1])
    return round(round(value / step) * step, 2)


def like(value: float | None, error: float | None, figures: int = 2) -> float | None:
    """Round a figure to the decimals in which its standard error has some significant figures.

    Parameters
    ----------
    value : an estimate or a limit, in its unit; None stays None.
    error : its standard error, in the same unit; None or 0 leaves two decimals.
    figures : significant figures of the standard error.
    """
    if value is None:
        return None
    return round(value, figures - 1 - math.floor(math.log10(error)) if error else 2)


def _decimals(people: int) -> int:
    return math.floor(math.log10(max(people, 1)))
