"""Repeated confidence intervals: those of all looks together hold the truth as often as their level says."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

Array = np.ndarray[Any, np.dtype[np.float64]]

CERTAIN = 1 - 1e-12
"""Levels from this on are no interval's any more: it would leave nothing out."""


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


def repeated_interval(value: Any, se: Any, z: Any) -> tuple[Array, Array]:
    """Return the repeated interval of a normal estimate.

    Parameters
    ----------
    value, se : estimate and standard error; numbers or arrays of the same shape, in the same unit.
    z : boundary of the look, or of each; infinity leaves nothing out.

    Returns
    -------
    lower, upper : arrays of that shape.

    References
    ----------
    Jennison & Turnbull 1989, Journal of the Royal Statistical Society B 51:305-361.
    """
    value, half = np.asarray(value, dtype=float), np.asarray(z, dtype=float) * np.asarray(se, dtype=float)
    return value - half, value + half
