"""Order statistics of all pairwise sums, found by counting: never a table of n by n."""

from math import ceil

import numpy as np

from pipelines.estimation.sample import Array

HALVINGS = 200


def largest_sum(first: Array, second: Array, rank: int) -> float:
    """Return the rank-th largest of all sums a + b.

    Parameters
    ----------
    first, second : array of float, shapes (n,) and (m,)
        Not empty, finite.
    rank : int
        1 for the largest, n m for the smallest.

    Returns
    -------
    float
        One of the sums. Takes n log m steps for each of about 60 halvings, and no more memory than n + m.

    Raises
    ------
    ValueError
        If the rank is not between 1 and n m.

    References
    ----------
    Monahan 1984, ACM Transactions on Mathematical Software 10:265-270.
    """
    if not 1 <= rank <= len(first) * len(second):
        raise ValueError("There are not so many pairs.")
    a, b = np.sort(first), np.sort(second)
    low, high = float(a[0] + b[0]), float(a[-1] + b[-1])
    for _ in range(HALVINGS):
        middle = low + (high - low) / 2
        if middle in (low, high):
            break
        low, high = (low, middle) if _above(a, b, middle) < rank else (middle, high)
    return _nearest(a, b, high)


def walsh_average(values: Array, rank: float) -> float:
    """Return the Walsh average (d_i + d_j)/2, i <= j, above or at which `rank` of them lie.

    Parameters
    ----------
    values : array of float, shape (n,)
        Differences.
    rank : float
        Between 0 and n(n+1)/2; a whole number falls between two averages, whose middle is returned.

    Returns
    -------
    float
        In the unit of the differences.

    References
    ----------
    Hodges & Lehmann 1963, Annals of Mathematical Statistics 34:598-611.
    """
    n = len(values)
    total = n * (n + 1) // 2
    if abs(rank - round(rank)) < 1e-9:
        whole = round(rank)
        ranks = (min(max(whole, 1), total), min(whole + 1, total))
    else:
        ranks = (min(max(ceil(rank), 1), total),) * 2
    return sum(_walsh(values, each) for each in ranks) / 2


def _walsh(values: Array, rank: int) -> float:
    """Every average of two different values is counted twice among all ordered sums, that of a value with itself once.

    So the rank-th average is found by halving on the unordered count, then moved to the nearest true average.
    """
    d = np.sort(values)
    low, high = float(2 * d[0]), float(2 * d[-1])
    for _ in range(HALVINGS):
        middle = low + (high - low) / 2
        if middle in (low, high):
            break
        unordered = (_above(d, d, middle) + int((2 * d > middle).sum())) // 2
        low, high = (low, middle) if unordered < rank else (middle, high)
    return _nearest(d, d, high) / 2


def _above(a: Array, b: Array, total: float) -> int:
    """How many sums are above `total`; both sorted."""
    return int((len(b) - np.searchsorted(b, total - a, side="right")).sum())


def _nearest(a: Array, b: Array, total: float) -> float:
    """Return the true sum nearest to a total that halving left a rounding away from it."""
    place = np.clip(np.searchsorted(b, total - a), 0, len(b) - 1)
    sums = np.concatenate([a + b[place], a + b[np.maximum(place - 1, 0)]])
    return float(sums[np.abs(sums - total).argmin()])
