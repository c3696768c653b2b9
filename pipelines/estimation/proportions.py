"""Intervals for proportions and for the difference of two. Arguments are counts; answers are proportions."""

from math import sqrt

from scipy.stats import beta, norm

Interval = tuple[float, float]


def wilson(events: int, n: int, level: float = 0.95) -> Interval:
    """Score interval of one proportion, without continuity correction.

    Parameters
    ----------
    events, n : int
        People with the outcome, and people; 0 <= events <= n, n > 0.
    level : float
        Confidence level.

    Returns
    -------
    tuple of float
        Lower and upper limit, between 0 and 1.

    Raises
    ------
    ValueError
        If the counts are impossible.

    References
    ----------
    Wilson 1927, JASA 22:209-212.
    """
    _check(events, n)
    z, p = norm.ppf(0.5 + level / 2), events / n
    centre, half = p + z * z / (2 * n), z * sqrt(p * (1 - p) / n + z * z / (4 * n * n))
    # At 0 and n the exact limit is 0 or 1; rounding would leave it a hair off.
    lower = 0.0 if events == 0 else (centre - half) / (1 + z * z / n)
    upper = 1.0 if events == n else (centre + half) / (1 + z * z / n)
    return float(lower), float(upper)


def clopper_pearson(events: int, n: int, level: float = 0.95) -> Interval:
    """Exact (conservative) interval of one proportion.

    Parameters
    ----------
    events, n : int
        People with the outcome, and people; 0 <= events <= n, n > 0.
    level : float
        Confidence level.

    Returns
    -------
    tuple of float
        Lower and upper limit, between 0 and 1.

    Raises
    ------
    ValueError
        If the counts are impossible.

    References
    ----------
    Clopper & Pearson 1934, Biometrika 26:404-413.
    """
    _check(events, n)
    tail = (1 - level) / 2
    lower = 0.0 if events == 0 else beta.ppf(tail, events, n - events + 1)
    upper = 1.0 if events == n else beta.ppf(1 - tail, events + 1, n - events)
    return float(lower), float(upper)


def newcombe(events: int, n: int, events_comparison: int, n_comparison: int, level: float = 0.95) -> Interval:
    """Hybrid score interval of the difference of two independent proportions (first minus second).

    Parameters
    ----------
    events, n, events_comparison, n_comparison : int
        People with the outcome, and people, in the two arms.
    level : float
        Confidence level.

    Returns
    -------
    tuple of float
        Lower and upper limit, between -1 and 1.

    Raises
    ------
    ValueError
        If the counts are impossible.

    References
    ----------
    Newcombe 1998, Statistics in Medicine 17:873-890, method 10.
    """
    (low1, high1), (low0, high0) = wilson(events, n, level), wilson(events_comparison, n_comparison, level)
    p1, p0 = events / n, events_comparison / n_comparison
    below = sqrt((p1 - low1) ** 2 + (high0 - p0) ** 2)
    above = sqrt((high1 - p1) ** 2 + (p0 - low0) ** 2)
    return p1 - p0 - below, p1 - p0 + above


def _check(events: int, n: int) -> None:
    if not 0 <= events <= n or n == 0:
        raise ValueError(
            "A proportion needs a number of events between 0 and the number of people, and at least one person."
        )
