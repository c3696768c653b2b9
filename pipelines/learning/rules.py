"""Rules by which a point, or a stretch of points, of a Shewhart chart is more than chance."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from typing import Literal

from pipelines.learning.limits import Series

Rule = Literal["beyond_limits", "run_of_eight", "two_of_three", "four_of_five"]
RUN = 8


def flagged(rule: Rule, values: Series, centre: float, sigma: Series, beyond: Sequence[bool]) -> tuple[int, ...]:
    """Return the positions of the points that a rule names, in order.

    Parameters
    ----------
    rule : `beyond_limits` (outside the limits), `run_of_eight` (eight in a row on one side of the centre; a point on
        it neither counts nor breaks), `two_of_three` (two of three in a row beyond two sigma on one side),
        `four_of_five` (four of five beyond one sigma on one side).
    values, sigma : one each a period, in order; NaN where there is no point, which is passed over.
    centre : the centre line.
    beyond : whether a point lies outside the limits that decide.

    References
    ----------
    Western Electric 1956, Statistical Quality Control Handbook; Provost and Murray 2011, The Health Care Data Guide.
    """
    known = [i for i, value in enumerate(values) if not math.isnan(value)]
    if rule == "beyond_limits":
        return tuple(i for i in known if beyond[i])
    heights = {i: _height(values[i] - centre, sigma[i]) for i in known}
    named = {"run_of_eight": _runs, "two_of_three": _zone(2, 3, 2.0), "four_of_five": _zone(4, 5, 1.0)}[rule]
    return tuple(sorted({*named(known, heights, 1), *named(known, heights, -1)}))


def _height(distance: float, sigma: float) -> float:
    """Return a distance in sigmas; a distance where chance allows none is endless."""
    if sigma > 0:
        return distance / sigma
    return math.copysign(math.inf, distance) if distance else 0.0


Heights = dict[int, float]


def _runs(known: Sequence[int], heights: Heights, side: int) -> set[int]:
    """Return the points of runs of eight on one side; what lies on the centre is passed over."""
    named: set[int] = set()
    run: list[int] = []
    for i in (i for i in known if abs(heights[i]) > 1e-9):
        run = [*run, i] if side * heights[i] > 0 else []
        if len(run) >= RUN:
            named.update(run)
    return named


def _zone(least: int, of: int, reach: float) -> Callable[[Sequence[int], Heights, int], set[int]]:
    """Return a rule that names points beyond a reach where so many of so many in a row are."""

    def named(known: Sequence[int], heights: Heights, side: int) -> set[int]:
        found: set[int] = set()
        for start in range(len(known) - of + 1):
            far = [i for i in known[start : start + of] if side * heights[i] > reach]
            found.update(far if len(far) >= least else ())
        return found

    return named
