"""Survival curves with steps that rest on enough events: a single step would be a single person."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Protocol, TypeVar

DECIMALS = 2
"""At more, the share after a censored person differs from the share after none."""


class Point(Protocol):
    """A point of a survival curve."""

    @property
    def time(self) -> float:
        """Time since the start."""

    @property
    def survival(self) -> float:
        """Share without the event just after this time."""

    @property
    def events(self) -> int:
        """Events at this time."""


P = TypeVar("P", bound=Point)


def thinned(points: Sequence[P], minimum_step: int, known_at: Sequence[float] = ()) -> tuple[P, ...]:
    """Return the points of a curve between which enough events lie, also up to where their number is known anyway.

    Parameters
    ----------
    points : one arm's curve in order of time, time 0 first; `events` are people.
    minimum_step : fewest events that a step may rest on.
    known_at : times by which the number of events is shown elsewhere; the end of the curve always is one.

    Returns
    -------
    tuple of points
        The first, and each whose events so far differ by at least `minimum_step` from those of every other point that
        is shown and from every number that is known. Else the events after the last step could be had by subtraction.
    """
    known = set(_known(points, minimum_step, known_at).values()) | {sum(point.events for point in points)}
    kept: list[P] = list(points[:1])
    shown, so_far = {0, *known}, 0
    for point in points[1:]:
        so_far += point.events
        if all(abs(so_far - one) >= minimum_step for one in shown):
            kept.append(point)
            shown.add(so_far)
    return tuple(kept)


def drawn(
    points: Sequence[P], minimum_step: int, horizon: float, known_at: Sequence[float] = ()
) -> Mapping[float, float]:
    """Return the shares of a curve by time as they may be drawn: thinned, rounded, and led to the horizon.

    The share at the horizon, and at each time by which the number of events is known anyway, stands at that time and
    not at the last event before it, which is one person's.

    Parameters
    ----------
    points, minimum_step, known_at : see `thinned`.
    horizon : end of follow-up, in the unit of time.
    """
    shares = {point.time: point.survival for point in thinned(points, minimum_step, known_at)}
    for time in (*_known(points, minimum_step, known_at), horizon):
        shares[time] = [point.survival for point in points if point.time <= time][-1]
    return {time: round(shares[time], DECIMALS) for time in sorted(shares)}


def _known(points: Sequence[P], minimum_step: int, known_at: Sequence[float]) -> dict[float, int]:
    """Return the events by each time at which their number is shown elsewhere.

    Where they are few, or all but few, that other result is withheld; steps that kept away from it would point at it.
    """
    total = sum(point.events for point in points)
    found: dict[float, int] = {}
    for time in sorted(known_at):
        so_far = sum(point.events for point in points if point.time <= time)
        if all(abs(so_far - one) >= minimum_step or so_far == one for one in (0, total, *found.values())):
            found[time] = so_far
    return found
