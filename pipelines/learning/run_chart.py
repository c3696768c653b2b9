"""The run chart: a median, and whether the points lie around it as chance would put them."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

FEWEST = 10
"""Points below which nothing is said: Anhoj and Olesen ask for at least ten that are not on the median."""
NEARLY = 1e-9
"""Relative distance below which a point lies on the median: what arithmetic leaves of a tie is none."""


@dataclass(frozen=True)
class Runs:
    """How points lie around a median.

    Attributes
    ----------
    centre : float
        The median that they are held against, in the measure's unit; NaN without any point.
    useful : int
        Points that are not on the median.
    longest, longest_allowed : int
        Longest run on one side, and the longest that chance explains.
    side : int
        Where the longest run lies: 1 above the median, -1 below, 0 without one. Of two equally long the later.
    crossings, fewest_crossings : int
        Times that the line crosses the median, and the fewest that chance explains.
    """

    centre: float
    useful: int
    longest: int
    longest_allowed: int
    side: int
    crossings: int
    fewest_crossings: int

    @property
    def enough(self) -> bool:
        """Whether there are enough points for the rules to mean anything."""
        return self.useful >= FEWEST

    @property
    def shift(self) -> bool:
        """Whether the longest run is longer than chance explains."""
        return self.enough and self.longest > self.longest_allowed

    @property
    def few_crossings(self) -> bool:
        """Whether the line crosses the median less often than chance explains."""
        return self.enough and self.crossings < self.fewest_crossings

    @property
    def signal(self) -> bool:
        """Whether either rule says that this is more than chance."""
        return self.shift or self.few_crossings


def run_limits(useful: int) -> tuple[int, int]:
    """Return the longest run and the fewest crossings that chance explains.

    Parameters
    ----------
    useful : points that are not on the median; at least 1.

    Returns
    -------
    tuple of int
        round(log2 n) + 3, and the 5% quantile of a binomial distribution of n - 1 throws of a coin.

    Raises
    ------
    ValueError
        Without any useful point.

    References
    ----------
    Anhoj and Olesen 2014, Run charts revisited, PLoS ONE 9(11): e113825.
    """
    if useful < 1:
        raise ValueError("the limits of a run chart need at least one point off the median")
    return round(math.log2(useful)) + 3, _quantile_of_coins(useful - 1)


def _quantile_of_coins(throws: int) -> int:
    """Return the smallest number of heads whose cumulative probability is 5% or more, in whole numbers throughout."""
    below = 0
    for heads in range(throws + 1):
        below += math.comb(throws, heads)
        if 20 * below >= 2**throws:
            return heads
    return throws


def run_chart(values: Sequence[float] | NDArray[np.float64], baseline: int | None = None) -> Runs:
    """Hold a series against its median.

    There is no rule for trends: it finds what is not there more often than it helps (Anhoj and Olesen).

    Parameters
    ----------
    values : one figure a period, in order, in the measure's unit; NaN where there is none, which is left out.
    baseline : the median is that of the first so many points; None takes all. All points are held against it.

    Returns
    -------
    Runs

    Raises
    ------
    ValueError
        A baseline of no points.

    References
    ----------
    Anhoj and Olesen 2014. Values on the median are left out; they neither make nor break a run.
    """
    known = [float(value) for value in values if not math.isnan(value)]
    centre = median(known[:baseline])
    if baseline is not None and baseline < 1:
        raise ValueError("a baseline has at least one point")
    near = NEARLY * max((abs(value) for value in known), default=0.0)
    sides = [value > centre for value in known if abs(value - centre) > near]
    if not sides:
        return Runs(centre, 0, 0, 0, 0, 0, 0)
    longest_allowed, fewest = run_limits(len(sides))
    crossings = sum(one != other for one, other in pairwise(sides))
    longest, side = longest_run(sides)
    return Runs(centre, len(sides), longest, longest_allowed, side, crossings, fewest)


def median(values: Sequence[float]) -> float:
    """Return the median; NaN of nothing."""
    ordered = sorted(values)
    middle = len(ordered) // 2
    if not ordered:
        return math.nan
    return ordered[middle] if len(ordered) % 2 else (ordered[middle - 1] + ordered[middle]) / 2


def longest_run(sides: Sequence[bool]) -> tuple[int, int]:
    """Return the length of the longest stretch of equal values, and its side: 1 for true, -1 for false."""
    longest = length = side = 0
    for position, above in enumerate(sides):
        length = length + 1 if position and above == sides[position - 1] else 1
        if length >= longest:
            longest, side = length, 1 if above else -1
    return longest, side
