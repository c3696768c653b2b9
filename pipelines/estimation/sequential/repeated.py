"""Repeated confidence intervals and p values: those of all looks together hold as often as their level says."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

import numpy as np

from pipelines.estimation.sequential.boundaries import LARGEST, boundaries
from pipelines.estimation.sequential.spending import Spending

Array = np.ndarray[Any, np.dtype[np.float64]]

CERTAIN = 1 - 1e-12
"""Levels from this on are no interval's any more: it would leave nothing out."""


LEAST = 1e-12
"""Smallest repeated p value that is told."""


def level_at(z: float, sides: int = 2) -> float:
    """Return the level of an ordinary interval that is as wide as a look's boundary demands.

    An engine that is asked for an interval of this level gives the repeated interval in its own way: by Student's t,
    on a logarithmic scale, by a bootstrap (the significance level approach of Jennison & Turnbull 2000, section 3.6).

    Parameters
    ----------
    z : boundary of the standardised estimate; infinity gives 1.
    sides : 1 or 2.

    Returns
    -------
    float
        Between 0 and 1.
    """
    return 1.0 - math.erfc(z / math.sqrt(2)) * (1.0 if sides == 2 else 0.5)


def repeated_interval(value: Any, se: Any, z: Any, df: Any = None) -> tuple[Array, Array]:
    """Return the repeated interval of a normal estimate.

    Parameters
    ----------
    value, se : estimate and standard error; numbers or arrays of the same shape, in the same unit.
    z : boundary of the look, or of each; infinity leaves nothing out.
    df : degrees of freedom of the standard error, of the same shape; the boundary is then that of Student's t with the
        same tail. None for a standard error that is known.

    Returns
    -------
    lower, upper : arrays of that shape.

    References
    ----------
    Jennison & Turnbull 1989, Journal of the Royal Statistical Society B 51:305-361; with an unknown spread the
    significance level approach of Jennison & Turnbull 2000, section 3.8.
    """
    from scipy.special import ndtr, stdtrit

    cut = np.asarray(z, dtype=float)
    if df is not None:
        cut = -stdtrit(np.asarray(df, dtype=float), ndtr(-cut))
    value, half = np.asarray(value, dtype=float), cut * np.asarray(se, dtype=float)
    return value - half, value + half


def repeated_p(
    information: Sequence[float], planned: float, p: float, spending: Spending, kept_back: float = 0.0
) -> float:
    """Return the repeated p value of the look with the most information.

    It is the smallest error of all looks together at which the look's repeated interval leaves out no difference. So
    the chance that it is ever at or below some error, at any look of a pilot without an effect, is no more than that
    error, and it never contradicts the interval beside it.

    Parameters
    ----------
    information, planned, spending, kept_back : as in `boundaries`; the look itself has the most information.
    p : two-sided p value of its estimate, had nobody looked before, between 0 and 1.

    Returns
    -------
    float
        Between `p` and 1; 1 where no error is left to spend.

    Raises
    ------
    ValueError
        When a number is out of range.

    References
    ----------
    Jennison & Turnbull 1989, Journal of the Royal Statistical Society B 51:305-361; Jennison & Turnbull 2000, Group
    Sequential Methods with Applications to Clinical Trials, chapter 9.
    """
    from scipy.optimize import brentq
    from scipy.special import ndtri

    if not 0 <= p <= 1:
        raise ValueError("A p value lies between 0 and 1.")
    z = min(-float(ndtri(max(p, 1e-300) / 2)), LARGEST - 1e-6)  # no boundary lies beyond

    def short_of(log_error: float) -> float:
        last = boundaries(information, planned, math.exp(log_error), spending, kept_back=kept_back)[-1]
        return min(last.z, 2 * LARGEST) - z

    least, most = math.log(LEAST), math.log1p(-LEAST)
    if short_of(most) > 0:
        return 1.0
    if short_of(least) <= 0:
        return max(p, LEAST)
    return max(p, math.exp(float(brentq(short_of, least, most, xtol=1e-7))))
