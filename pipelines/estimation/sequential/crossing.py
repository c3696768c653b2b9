"""The recursion behind all boundaries: how the sum of what came in is spread among pilots that no look has stopped.

The sum after information I has variance I; between two looks it moves by a normal step that is independent of the past.
Its density inside the boundaries is carried from look to look by Gauss-Legendre integration (Armitage, McPherson &
Rowe 1969, Journal of the Royal Statistical Society A 132:235-244; Jennison & Turnbull 2000, Group Sequential Methods,
chapter 19). The number of nodes follows the size of the step, so that small steps lose nothing; a row of the kernel is
worked out only where it is not zero, so memory stays bounded.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

import numpy as np

Array = np.ndarray[Any, np.dtype[np.float64]]

FAR = 8.5
"""Standard deviations beyond which a normal density is zero for our purposes: 1e-17 of the mass lies there."""
PANEL = 16
"""Nodes of one panel, which is about one standard deviation of the next step wide at most."""
CHUNK = 512
"""Rows of the kernel that are worked out at a time."""
MOST_PANELS = 20_000


@dataclass(frozen=True)
class Inside:
    """Pilots that no look has stopped: density of the sum on nodes.

    Parameters
    ----------
    information : float
        Information at the look; 0 before any.
    sums, mass : array of float
        Nodes, and density times weight at each; `mass` adds up to the share of pilots that is left.
    """

    information: float
    sums: Array
    mass: Array


START = Inside(0.0, np.zeros(1), np.ones(1))
"""Before any look: all sums are zero."""


def chance_of_crossing(inside: Inside, information: float, boundary: float, sides: int) -> float:
    """Return the share of all pilots that cross a boundary at the next look and at none before.

    Parameters
    ----------
    inside : who is left after the look before.
    information : information at the next look, above that of the look before.
    boundary : on the scale of the standardised estimate.
    sides : 1 or 2.
    """
    from scipy.special import ndtr

    step, edge = math.sqrt(information - inside.information), boundary * math.sqrt(information)
    beyond = ndtr((inside.sums - edge) / step)
    if sides == 2:
        beyond = beyond + ndtr((-inside.sums - edge) / step)
    return float(inside.mass @ beyond)


def carried_on(inside: Inside, information: float, boundary: float, sides: int, next_step: float) -> Inside:
    """Return who is left after a look.

    Parameters
    ----------
    inside, information, boundary, sides : as in `chance_of_crossing`.
    next_step : information that the look after this one adds; it decides how fine the nodes are.
    """
    upper = min(boundary, FAR) * math.sqrt(information)
    lower = -upper if sides == 2 else -FAR * math.sqrt(information)
    sums, weights = _nodes(lower, upper, math.sqrt(min(next_step, information - inside.information)))
    return Inside(information, sums, weights * _density(inside, information, sums))


def _nodes(lower: float, upper: float, step: float) -> tuple[Array, Array]:
    panels = min(max(2, math.ceil((upper - lower) / (1.5 * step))), MOST_PANELS)
    at, weight = _of_a_panel()
    edges = np.linspace(lower, upper, panels + 1)
    half = (upper - lower) / panels / 2
    centres = (edges[:-1] + edges[1:]) / 2
    return (centres[:, None] + half * at).ravel(), np.tile(half * weight, panels)


@lru_cache(maxsize=1)
def _of_a_panel() -> tuple[Array, Array]:
    at, weight = np.polynomial.legendre.leggauss(PANEL)
    return at, weight


def _density(inside: Inside, information: float, sums: Array) -> Array:
    """Return the density of the next sum at its nodes: the mass inside, spread by the normal step."""
    step = math.sqrt(information - inside.information)
    first = np.searchsorted(inside.sums, sums - FAR * step)
    last = np.searchsorted(inside.sums, sums + FAR * step)
    found = np.zeros(len(sums))
    for start in range(0, len(sums), CHUNK):
        rows = slice(start, start + CHUNK)
        near = slice(int(first[rows][0]), int(last[rows][-1]))
        apart = (sums[rows, None] - inside.sums[near]) / step
        found[rows] = np.exp(-0.5 * apart * apart) @ inside.mass[near]
    return found / (step * math.sqrt(2 * math.pi))
