"""Survival curves with steps that rest on enough events: a single step would be a single person."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol, TypeVar


class Point(Protocol):
    """A point of a survival curve."""

    @property
    def events(self) -> int:
        """Events at this time."""


P = TypeVar("P", bound=Point)


def thinned(points: Sequence[P], minimum_step: int) -> tuple[P, ...]:
    """Return the points of a curve at which at least `minimum_step` events lie since the last point that is shown.

    Parameters
    ----------
    points : one arm's curve in order of time, time 0 first; `events` are people.
    minimum_step : fewest events that a step may rest on.
    """
    kept: list[P] = list(points[:1])
    since = 0
    for point in points[1:]:
        since += point.events
        if since >= minimum_step:
            kept.append(point)
            since = 0
    return tuple(kept)
