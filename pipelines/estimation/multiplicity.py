"""P values of several outcomes, adjusted for their number. Which outcomes belong together is the protocol's to say."""

from collections.abc import Sequence

import numpy as np

from pipelines.estimation.sample import Array


def bonferroni(p: Sequence[float]) -> Array:
    """Adjust by the number of tests: the family-wise error rate, whatever the dependence. Shape (m,) to (m,).

    References
    ----------
    Dunn 1961, JASA 56:52-64.
    """
    values = _checked(p)
    return np.minimum(values * len(values), 1.0)


def holm(p: Sequence[float]) -> Array:
    """Adjust step by step: the family-wise error rate, whatever the dependence, and never larger than Bonferroni's.

    Parameters
    ----------
    p : sequence of float, length m
        P values between 0 and 1.

    Returns
    -------
    array of float, shape (m,)
        Adjusted p values in the order given; a test is significant at level a when its adjusted p is at most a.

    Raises
    ------
    ValueError
        If a p value lies outside 0 to 1.

    References
    ----------
    Holm 1979, Scandinavian Journal of Statistics 6:65-70.
    """
    values = _checked(p)
    order = np.argsort(values, kind="stable")
    steps = np.maximum.accumulate(values[order] * np.arange(len(values), 0, -1))
    return _back(np.minimum(steps, 1.0), order)


def benjamini_hochberg(p: Sequence[float]) -> Array:
    """Adjust for the false discovery rate, under independence or positive dependence.

    Parameters, result and errors as for `holm`.

    References
    ----------
    Benjamini & Hochberg 1995, JRSS B 57:289-300.
    """
    values = _checked(p)
    m, order = len(values), np.argsort(values, kind="stable")
    ratios = values[order] * m / np.arange(1, m + 1)
    return _back(np.minimum(np.minimum.accumulate(ratios[::-1])[::-1], 1.0), order)


def _checked(p: Sequence[float]) -> Array:
    values = np.asarray(p, dtype=float)
    if values.ndim != 1 or np.isnan(values).any() or (values < 0).any() or (values > 1).any():
        raise ValueError("P values are between 0 and 1.")
    return values


def _back(sorted_values: Array, order: np.ndarray) -> Array:
    adjusted = np.empty(len(sorted_values))
    adjusted[order] = sorted_values
    return adjusted
