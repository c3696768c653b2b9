"""What several looks do to an error: without care, and with the boundaries of Pocock and of O'Brien and Fleming."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence

from pipelines.estimation.sequential.boundaries import LARGEST
from pipelines.estimation.sequential.crossing import START, carried_on, chance_of_crossing


def ever_crossed(information: Sequence[float], z: Sequence[float], sides: int = 2) -> float:
    """Return the chance that a pilot without an effect crosses its boundary at one look or more.

    Parameters
    ----------
    information : what each look had, strictly rising, above zero, in any unit.
    z : boundary of each look, for the standardised estimate; the same quantile at each look is what looking without
        care means (Armitage, McPherson & Rowe 1969).
    sides : 1 or 2.

    Returns
    -------
    float
        Between 0 and 1.

    Raises
    ------
    ValueError
        When the two have different lengths, or information does not rise.
    """
    if len(information) != len(z) or any(b <= a for a, b in zip((0.0, *information), information, strict=False)):
        raise ValueError("Each look has a boundary, and more information than the look before.")
    inside, total = START, 0.0
    for number, (one, boundary) in enumerate(zip(information, z, strict=True)):
        total += chance_of_crossing(inside, one, boundary, sides)
        if number + 1 < len(information):
            inside = carried_on(inside, one, boundary, sides, information[number + 1] - one)
    return min(total, 1.0)


def pocock_constant(looks: int, alpha: float = 0.05, sides: int = 2) -> float:
    """Return the one boundary that all of equally spaced looks share (Pocock 1977, Biometrika 64:191-199).

    Parameters
    ----------
    looks : how many, at least 1.
    alpha : error of all looks together, of both sides where `sides` is 2.
    sides : 1 or 2.

    Returns
    -------
    float
        Boundary of the standardised estimate.
    """
    return _constant(looks, alpha, sides, lambda number: 1.0)


def obrien_fleming_constant(looks: int, alpha: float = 0.05, sides: int = 2) -> float:
    """Return the boundary of the last of equally spaced looks (O'Brien & Fleming 1979, Biometrics 35:549-556).

    Parameters
    ----------
    looks, alpha, sides : as in `pocock_constant`.

    Returns
    -------
    float
        Boundary of the standardised estimate at the last look; at look k of K it is this times sqrt(K / k).
    """
    return _constant(looks, alpha, sides, lambda number: math.sqrt(looks / number))


def _constant(looks: int, alpha: float, sides: int, shape: Callable[[int], float]) -> float:
    from scipy.optimize import brentq

    if looks < 1 or not 0 < alpha < 1 or sides not in (1, 2):
        raise ValueError("There is one look or more, the error lies between 0 and 1, and sides are 1 or 2.")
    information = [float(number) for number in range(1, looks + 1)]

    def excess(constant: float) -> float:
        z = [constant * shape(number) for number in range(1, looks + 1)]
        return ever_crossed(information, z, sides) - alpha

    return float(brentq(excess, 1e-6, LARGEST, xtol=1e-10))
