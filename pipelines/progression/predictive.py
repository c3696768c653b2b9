"""The chance that a criterion will be green when recruitment is full, from what is known halfway."""

from __future__ import annotations

from math import ceil, floor, isfinite

from scipy.stats import betabinom, nbinom

from pipelines.progression.lights import Thresholds

SLACK = 1e-9
"""A count may not change because 0.35 x 20 is a hair above 7 in binary arithmetic."""


def chance_of_count(events: int, n: int, planned: int, needed: int, prior: tuple[float, float] = (1.0, 1.0)) -> float:
    """Chance that at least so many of the planned people will meet a criterion.

    Parameters
    ----------
    events, n : int
        People who met it so far, and people it was asked of.
    planned : int
        People it will have been asked of in the end; n or more.
    needed : int
        People who have to meet it in the end.
    prior : tuple of float
        Beta prior of the share; (1, 1) is flat.

    Returns
    -------
    float
        Upper tail of the beta-binomial of those still to come; 0 or 1 when nobody is.

    Raises
    ------
    ValueError
        If the counts are impossible.

    References
    ----------
    Lee & Liu 2008, Clinical Trials 5:93-106.
    """
    if not 0 <= events <= n <= planned or min(prior) <= 0:
        raise ValueError("Nobody can be planned away: events, people so far and people planned have to rise.")
    still, ahead = needed - events, planned - n
    if still <= 0 or ahead < still:
        return float(still <= 0)
    return float(betabinom.sf(still - 1, ahead, prior[0] + events, prior[1] + n - events))


def chance_of_green(
    events: int, n: int, planned: int, thresholds: Thresholds, prior: tuple[float, float] = (1.0, 1.0)
) -> float:
    """Chance that a share will be green when all planned people have been asked.

    Parameters
    ----------
    events, n, planned, prior : as for `chance_of_count`.
    thresholds : Thresholds
        Shares.

    Returns
    -------
    float

    Raises
    ------
    ValueError
        If the counts are impossible.

    References
    ----------
    Lee & Liu 2008, Clinical Trials 5:93-106.
    """
    if thresholds.sign > 0:
        return chance_of_count(events, n, planned, ceil(thresholds.green * planned - SLACK), prior)
    spared = planned - floor(thresholds.green * planned + SLACK)
    return chance_of_count(n - events, n, planned, spared, (prior[1], prior[0]))


def chance_of_green_rate(
    events: int, exposure: float, planned: float, thresholds: Thresholds, prior: tuple[float, float] = (0.5, 0.0)
) -> float:
    """Chance that a rate will be green at the end of the planned time.

    Parameters
    ----------
    events : int
        Events so far.
    exposure, planned : float
        Time so far and in the end, above zero.
    thresholds : Thresholds
        Events per unit of time.
    prior : tuple of float
        Shape and rate of a gamma prior; (0.5, 0) is Jeffreys'.

    Returns
    -------
    float
        Tail of the negative binomial of the events still to come.

    Raises
    ------
    ValueError
        If the time planned is shorter than the time so far.

    References
    ----------
    Gelman et al. 2013, Bayesian Data Analysis, sec. 2.6.
    """
    if events < 0 or not 0 < exposure <= planned or not isfinite(planned):
        raise ValueError("The time planned cannot be shorter than the time so far.")
    ahead, rate = planned - exposure, prior[1] + exposure
    if thresholds.sign > 0:
        still = ceil(thresholds.green * planned - SLACK) - events
        return float(still <= 0) if still <= 0 or not ahead else _tail(still, events + prior[0], rate, ahead)
    most = floor(thresholds.green * planned + SLACK) - events
    if most < 0 or not ahead:
        return float(most >= 0)
    return 1.0 - _tail(most + 1, events + prior[0], rate, ahead)


def _tail(count: int, shape: float, rate: float, ahead: float) -> float:
    return float(nbinom.sf(count - 1, shape, rate / (rate + ahead)))
