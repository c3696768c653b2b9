"""Limits of Shewhart charts: individual values with moving ranges (XmR), shares (p) and rates (u).

Three-sigma limits from a baseline; what lies outside is a signal by a rule of `rules`.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

D2 = 1.128
"""Mean range of two normal values in standard deviations, as the published tables print it."""
D4 = 3.267
"""Upper limit of moving ranges over their mean."""
THREE = 3.0

Floats = NDArray[np.float64]
Series = Sequence[float] | Floats


@dataclass(frozen=True)
class Limits:
    """Centre and limits at each point.

    Attributes
    ----------
    centre : float
        Mean of the baseline, in the measure's unit; of shares and rates the pooled one.
    sigma : array of shape (n,)
        Standard deviation that chance gives each point; NaN where the point is none.
    lower, upper : arrays of shape (n,)
        Centre less and plus three sigma, cut off where no value can lie.
    spread : float
        XmR: the mean moving range. p and u: Laney's sigma of z, 1 where the points scatter as counts do.
    wide_lower, wide_upper : arrays of shape (n,), or empty
        Laney's limits, where the baseline scatters more than counts do.
    range_limit : float
        XmR: upper limit of moving ranges; else NaN.
    """

    centre: float
    sigma: Floats
    lower: Floats
    upper: Floats
    spread: float
    wide_lower: Floats
    wide_upper: Floats
    range_limit: float = math.nan


def xmr_limits(values: Series, baseline: int | None = None) -> Limits:
    """Return the limits of a chart of individual values.

    Parameters
    ----------
    values : one figure a period, in order; NaN where there is none.
    baseline : centre and limits come from the first so many points; None takes all.

    Returns
    -------
    Limits
        Centre plus and minus 3 / 1.128 = 2.66 mean moving ranges. A moving range lies between two periods that follow
        each other: over a gap there is none. NaN limits with fewer than one moving range.

    References
    ----------
    Wheeler 1993, Understanding Variation; NIST/SEMATECH e-Handbook of Statistical Methods, 6.3.2.2.
    """
    found = np.asarray(values, dtype=float)
    used = _first(found, baseline)
    ranges = _moving_ranges(found, used)
    centre = float(np.mean(found[used])) if used.any() else math.nan
    mean_range = float(np.mean(ranges)) if ranges.size else math.nan
    sigma = np.where(np.isnan(found), math.nan, mean_range / D2)
    lower, upper = centre - THREE * sigma, centre + THREE * sigma
    none = np.empty(0)
    return Limits(centre, sigma, lower, upper, mean_range, none, none, D4 * mean_range)


def p_limits(events: Series, trials: Series, baseline: int | None = None) -> Limits:
    """Return the limits of a chart of shares, each of its own number.

    Parameters
    ----------
    events, trials : how many of how many in each period; a period with no trials, or with NaN, is no point.
    baseline : centre and dispersion come from the first so many points; None takes all.

    Returns
    -------
    Limits
        Centre: all events of the baseline over all its trials. Laney's p' limits stand beside where the baseline
        scatters more than a binomial distribution (Pearson's chi-squared above its 95% quantile, sigma of z above 1).

    Raises
    ------
    ValueError
        More events than trials, or a number below zero.

    References
    ----------
    Montgomery 2013, Introduction to Statistical Quality Control, ch. 7; Laney 2002, Quality Engineering 14(4).
    """
    counts, sizes = _counted(events, trials)
    if np.any(counts > sizes):
        raise ValueError("a share cannot have more events than trials")
    return _attribute(counts, sizes, baseline, shares=True)


def u_limits(events: Series, exposure: Series, baseline: int | None = None) -> Limits:
    """Return the limits of a chart of rates, each of its own exposure; else as `p_limits`, with Poisson counts.

    Parameters
    ----------
    events, exposure : events, and the units they could happen to (people, hours), in each period.
    baseline : centre and dispersion come from the first so many points; None takes all.

    Returns
    -------
    Limits
        With Laney's u' limits beside where the baseline scatters more than Poisson counts.
    """
    counts, sizes = _counted(events, exposure)
    return _attribute(counts, sizes, baseline, shares=False)


def _counted(events: Series, sizes: Series) -> tuple[Floats, Floats]:
    counts, of = np.asarray(events, dtype=float), np.asarray(sizes, dtype=float)
    if counts.shape != of.shape:
        raise ValueError("events and what they are counted of must be equally many")
    known = ~(np.isnan(counts) | np.isnan(of)) & (of != 0)
    if np.any(counts[known] < 0) or np.any(of[known] < 0):
        raise ValueError("counts cannot be below zero")
    return np.where(known, counts, math.nan), np.where(known, of, math.nan)


def _attribute(counts: Floats, sizes: Floats, baseline: int | None, *, shares: bool) -> Limits:
    values = counts / sizes
    used = _first(values, baseline)
    centre = float(counts[used].sum() / sizes[used].sum()) if used.any() else math.nan
    sigma = np.sqrt(centre * (1 - centre if shares else 1.0) / sizes)
    most = 1.0 if shares else math.inf
    lower, upper = _within(centre, THREE * sigma, most)
    wide_lower = wide_upper = np.empty(0)
    spread = _laney(values, sigma, centre, used)
    if _over_dispersed(values, sigma, centre, used) and spread > 1:
        wide_lower, wide_upper = _within(centre, THREE * spread * sigma, most)
    return Limits(centre, sigma, lower, upper, spread, wide_lower, wide_upper)


def _within(centre: float, reach: Floats, most: float) -> tuple[Floats, Floats]:
    return np.maximum(centre - reach, 0.0), np.minimum(centre + reach, most)


def _first(values: Floats, baseline: int | None) -> NDArray[np.bool_]:
    """Return which points the centre comes from."""
    if baseline is not None and baseline < 1:
        raise ValueError("a baseline has at least one point")
    known = ~np.isnan(values)
    return known if baseline is None else known & (np.cumsum(known) <= baseline)


def _moving_ranges(values: Floats, used: NDArray[np.bool_]) -> Floats:
    ranges: Floats = np.abs(np.diff(values))[used[1:] & used[:-1]]
    return ranges


def _z(values: Floats, sigma: Floats, centre: float) -> Floats:
    """Return each point's distance from the centre in sigmas; 0 where chance allows no scatter at all."""
    return np.divide(values - centre, sigma, out=np.zeros_like(values), where=sigma > 0)


def _laney(values: Floats, sigma: Floats, centre: float, used: NDArray[np.bool_]) -> float:
    """Return Laney's sigma of z: the mean moving range of z over 1.128; NaN with fewer than two points in a row."""
    ranges = _moving_ranges(np.where(used, _z(values, sigma, centre), math.nan), used)
    return float(np.mean(ranges)) / D2 if ranges.size else math.nan


def _over_dispersed(values: Floats, sigma: Floats, centre: float, used: NDArray[np.bool_]) -> bool:
    from scipy.special import chdtri

    points = int(used.sum())
    scatter = float(np.sum(_z(values, sigma, centre)[used] ** 2))
    return points > 1 and scatter > float(chdtri(points - 1, 0.05))
