"""Boundaries that spend the error of a pilot over the looks that were taken, whenever these were.

They are a function of how much information each look had. The order in which somebody looked does not matter, nor how
often the same information was seen.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

from pipelines.estimation.sequential.crossing import START, Inside, carried_on, chance_of_crossing
from pipelines.estimation.sequential.spending import Spending, spent

SAME = 1e-9
"""Two looks whose information differs by less than this part of it have the same information."""
NOTHING = 1e-14
"""Error below which nothing is left to spend: the arithmetic could not tell it from zero."""
LARGEST = 8.0
"""Boundaries are not worked out beyond this: the normal distribution has 1e-15 there (LD98 stops here, too)."""


@dataclass(frozen=True)
class Boundary:
    """The boundary of one look.

    Parameters
    ----------
    information : float
        What the look had, in the unit it was given in (people, events).
    fraction : float
        Of the information planned, at most 1.
    spent : float
        Error spent up to and including this look, before anything is kept back.
    z : float
        Boundary of the standardised estimate; infinity where no error is left to spend.
    """

    information: float
    fraction: float
    spent: float
    z: float


def boundaries(
    information: Sequence[float],
    planned: float,
    alpha: float,
    spending: Spending,
    sides: int = 2,
    kept_back: float = 0.0,
) -> tuple[Boundary, ...]:
    """Return the boundary of each look, by Lan and DeMets.

    Parameters
    ----------
    information : what each look had, above zero, in any order; looks with the same are one look.
    planned : information at which all of the error is spent, in the same unit. Looks beyond it have nothing left to
        spend, unless none came before them at or above the plan.
    alpha : error of all looks together, of both sides where `sides` is 2.
    spending : `obrien_fleming` or `pocock`.
    sides : 1, where only a positive estimate is a finding, or 2.
    kept_back : part of what each look after the first would spend that is not spent; 0 gives the published boundaries.

    Returns
    -------
    tuple of Boundary
        One for each different information, rising. Each depends on no look with more information than it had.

    Raises
    ------
    ValueError
        When information or the plan is not a positive, finite number, or the error is out of range.

    References
    ----------
    Lan & DeMets 1983, Biometrika 70:659-663; Armitage, McPherson & Rowe 1969, JRSS A 132:235-244; Jennison & Turnbull
    2000, Group Sequential Methods with Applications to Clinical Trials, chapters 7 and 19.
    """
    if not all(math.isfinite(one) and one > 0 for one in (*information, planned)):
        raise ValueError("Information is a positive number.")
    looks = _different(information)
    found: list[Boundary] = []
    inside, used = START, 0.0
    for number, one in enumerate(looks):
        total = spent(one / planned, alpha, spending, sides)
        z = _boundary(inside, one, (total - used) * (1 - kept_back if number else 1.0), sides)
        found.append(Boundary(one, min(one / planned, 1.0), total, z))
        used = total
        if number + 1 < len(looks):
            inside = carried_on(inside, one, z, sides, looks[number + 1] - one)
    return tuple(found)


def _different(information: Sequence[float]) -> list[float]:
    """Return the information of looks, rising, each once; what differs less than arithmetic can tell is the same."""
    looks: list[float] = []
    for one in sorted(float(one) for one in information):
        if not looks or one - looks[-1] > SAME * one:
            looks.append(one)
    return looks


def _boundary(inside: Inside, information: float, to_spend: float, sides: int) -> float:
    """Return the boundary that as many cross as error is to be spent."""
    from scipy.optimize import brentq

    if to_spend < NOTHING or chance_of_crossing(inside, information, LARGEST, sides) > to_spend:
        return math.inf
    lowest = 0.0 if sides == 2 else -LARGEST
    if chance_of_crossing(inside, information, lowest, sides) <= to_spend:
        return lowest  # fewer are left than there is error to spend

    def excess(boundary: float) -> float:
        return chance_of_crossing(inside, information, boundary, sides) - to_spend

    return float(brentq(excess, lowest, LARGEST, xtol=1e-11, rtol=1e-12))
