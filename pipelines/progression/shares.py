"""Lewis's test of a share of people: sample size, cut-offs, and the light with its exact interval and p value."""

from __future__ import annotations

from dataclasses import dataclass
from math import ceil, sqrt
from typing import Literal

from scipy.stats import binom, norm

from pipelines.estimation.proportions import clopper_pearson, wilson
from pipelines.progression.lights import ROUNDING, Judged, Light, Thresholds, light_of


@dataclass(frozen=True)
class ShareSize:
    """People needed to tell green from red.

    Parameters
    ----------
    plain : float
        By the normal approximation, not rounded.
    corrected : float
        With continuity correction, not rounded.
    n : int
        `corrected` rounded up to whole people in every group: what to plan with.
    nearest : int
        `corrected` rounded to the nearest, as the paper's own examples are, then up to equal groups.
    exact : int
        Fewest people from which on the exact binomial test keeps both errors, whatever is added.
    alpha, power : float
        One-sided error if the truth is red, and chance to see it if the truth is green.
    """

    plain: float
    corrected: float
    n: int
    nearest: int
    exact: int
    alpha: float
    power: float


def share_size(thresholds: Thresholds, alpha: float = 0.05, power: float = 0.9, groups: int = 1) -> ShareSize:
    """Sample size of a criterion that is a share of people.

    Parameters
    ----------
    thresholds : Thresholds
        Shares, strictly between 0 and 1.
    alpha, power : float
        One-sided level and power, between 0 and 1.
    groups : int
        Equal groups that the people are spread over.

    Returns
    -------
    ShareSize

    Raises
    ------
    ValueError
        If a number is out of range.

    References
    ----------
    Lewis et al. 2021, Pilot and Feasibility Studies 7:40; Fleiss, Levin & Paik 2003, Statistical Methods for Rates and
    Proportions, ch. 2 (continuity correction).
    """
    red, green = _upwards(thresholds)
    _insist(alpha, power)
    if groups < 1:
        raise ValueError("People are in at least one group.")
    root = norm.ppf(1 - alpha) * sqrt(red * (1 - red)) + norm.ppf(power) * sqrt(green * (1 - green))
    plain = float((root / (green - red)) ** 2)
    corrected = plain / 4 * (1 + sqrt(1 + 2 / (plain * (green - red)))) ** 2
    exact = _exact(red, green, alpha, power, plain)
    n, nearest, exact = (groups * ceil(x / groups) for x in (ceil(corrected - ROUNDING), round(corrected), exact))
    return ShareSize(plain, corrected, n, nearest, exact, alpha, power)


def _exact(red: float, green: float, alpha: float, power: float, plain: float) -> int:
    """Return the fewest people from which on the test keeps its power: it rises in saw-teeth, so look from above."""
    import numpy as np

    top = 2 * ceil(plain) + 60
    people = np.arange(1, top + 1)
    needed = binom.ppf(1 - alpha, people, red) + 1
    enough = binom.sf(needed - 1, people, green) >= power
    short = np.flatnonzero(~enough)
    return int(people[short[-1]] + 1) if short.size else 1


def share_cut(n: int, thresholds: Thresholds, alpha: float = 0.05) -> float:
    """Share at which the one-sided test against red turns.

    Parameters
    ----------
    n : int
        People, above zero.
    thresholds : Thresholds
        Shares, strictly between 0 and 1.
    alpha : float
        One-sided level.

    Returns
    -------
    float
        red + z sqrt(red (1 - red) / n), or minus where fewer are better.

    Raises
    ------
    ValueError
        If a number is out of range.

    References
    ----------
    Lewis et al. 2021, Pilot and Feasibility Studies 7:40.
    """
    _upwards(thresholds)
    if n < 1:
        raise ValueError("A share needs at least one person.")
    red = thresholds.red
    return red + thresholds.sign * float(norm.ppf(1 - alpha)) * sqrt(red * (1 - red) / n)


def share_zones(n: int, thresholds: Thresholds, alpha: float = 0.05) -> dict[Light, tuple[int, int]]:
    """Counts of people that give each light.

    Parameters
    ----------
    n : int
        People.
    thresholds, alpha : as for `share_cut`.

    Returns
    -------
    dict of {light: (fewest, most)}
        A light that no count gives is left out.

    Raises
    ------
    ValueError
        As for `share_cut`.

    References
    ----------
    Lewis et al. 2021, Pilot and Feasibility Studies 7:40, table 4.
    """
    cut = share_cut(n, thresholds, alpha)
    zones: dict[Light, tuple[int, int]] = {}
    for people in range(n + 1):
        found = light_of(people / n, cut, thresholds)
        first, _ = zones.get(found, (people, people))
        zones[found] = (first, people)
    return zones


def judge_share(
    events: int,
    n: int,
    thresholds: Thresholds,
    *,
    alpha: float = 0.05,
    level: float = 0.95,
    interval: Literal["clopper_pearson", "wilson"] = "clopper_pearson",
) -> Judged:
    """Light, exact interval and exact p value of a share of people.

    Parameters
    ----------
    events, n : int
        People who met the criterion, and people it is asked of; 0 <= events <= n, n > 0.
    thresholds : Thresholds
        Shares, strictly between 0 and 1.
    alpha : float
        One-sided level of the test against red.
    level : float
        Level of the interval.
    interval : {"clopper_pearson", "wilson"}
        Kind of interval.

    Returns
    -------
    Judged
        `p` is the exact binomial tail at the red threshold.

    Raises
    ------
    ValueError
        If the counts are impossible or a number is out of range.

    References
    ----------
    Lewis et al. 2021, Pilot and Feasibility Studies 7:40; Clopper & Pearson 1934, Biometrika 26:404-413.
    """
    limits = clopper_pearson(events, n, level) if interval == "clopper_pearson" else wilson(events, n, level)
    cut = share_cut(n, thresholds, alpha)
    tail = binom.sf(events - 1, n, thresholds.red) if thresholds.sign > 0 else binom.cdf(events, n, thresholds.red)
    return Judged(events / n, *limits, cut, min(float(tail), 1.0), light_of(events / n, cut, thresholds))


def _upwards(thresholds: Thresholds) -> tuple[float, float]:
    """Return red and green of the criterion turned so that more is better."""
    red, green = thresholds.red, thresholds.green
    if not (0 < red < 1 and 0 < green < 1):
        raise ValueError("Thresholds of a share lie between 0 and 1, and are neither.")
    return (red, green) if thresholds.sign > 0 else (1 - red, 1 - green)


def _insist(alpha: float, power: float) -> None:
    if not (0 < alpha < 1 and alpha < power < 1):
        raise ValueError("The level lies between 0 and 1, and the power between the level and 1.")
