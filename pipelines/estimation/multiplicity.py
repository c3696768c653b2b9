"""Several outcomes of one tier: adjusted p-values, so that looking often is paid for.

Belongs here: adjustments of p-values, and Romano and Wolf's from joint draws. Which outcomes form a tier is the
protocol's.
"""

import numpy as np

from pipelines.estimation.grouped import Codes
from pipelines.estimation.sample import Array

TIE = 1e-7


def bonferroni(p: Array) -> Array:
    """Adjusted p-values that keep the chance of any false rejection at the level, whatever the dependence.

    Parameters
    ----------
    p : array of float, shape (m,)
        p-values between 0 and 1.

    Returns
    -------
    array of float, shape (m,)
        In the order given; reject where at most the level.

    Raises
    ------
    ValueError
        If a p-value is missing or not between 0 and 1.

    References
    ----------
    Dunn 1961, Journal of the American Statistical Association 56:52-64.
    """
    p = _checked(p)
    return np.minimum(1.0, len(p) * p)


def holm(p: Array) -> Array:
    """Holm's step-down adjusted p-values: as `bonferroni`, and never larger.

    Parameters, result and errors as for `bonferroni`.

    References
    ----------
    Holm 1979, Scandinavian Journal of Statistics 6:65-70.
    """
    p = _checked(p)
    order = np.argsort(p, kind="stable")
    adjusted = np.maximum.accumulate((len(p) - np.arange(len(p))) * p[order])
    return _back(np.minimum(1.0, adjusted), order)


def benjamini_hochberg(p: Array) -> Array:
    """Adjusted p-values that keep the expected share of false rejections at the level (independent, or positive).

    Parameters, result and errors as for `bonferroni`.

    References
    ----------
    Benjamini & Hochberg 1995, Journal of the Royal Statistical Society B 57:289-300.
    """
    p = _checked(p)
    order = np.argsort(p, kind="stable")[::-1]
    adjusted = np.minimum.accumulate(len(p) / np.arange(len(p), 0, -1) * p[order])
    return _back(np.minimum(1.0, adjusted), order)


def romano_wolf(observed: Array, drawn: Array, *, enumerated: bool = False) -> Array:
    """Romano and Wolf's step-down adjusted p-values, from statistics drawn jointly under the null.

    Every outcome must be drawn with the same signs or the same assignment, or dependence is lost; statistics must be
    studentised or otherwise comparable between outcomes. Two-sided, ties counted.

    Parameters
    ----------
    observed : array of float, shape (m,)
        Statistics seen.
    drawn : array of float, shape (B, m)
        Statistics of the same draws under the null.
    enumerated : bool
        True when the draws are all there are, the observed one among them: p is a share. Otherwise (1 + count) /
        (1 + B).

    Returns
    -------
    array of float, shape (m,)
        In the order given; reject where at most the level.

    Raises
    ------
    ValueError
        If shapes do not match or a statistic is missing.

    References
    ----------
    Romano & Wolf 2005, Econometrica 73:1237-1282; 2016, Statistics & Probability Letters 113:38-40.
    """
    observed, drawn = np.abs(np.asarray(observed, dtype=float)), np.abs(np.asarray(drawn, dtype=float))
    fits = observed.ndim == 1 and drawn.ndim == 2 and drawn.shape[1:] == observed.shape and drawn.size
    if not fits or np.isnan(observed).any() or np.isnan(drawn).any():
        raise ValueError("Statistics are (m,), their draws (B, m), and none is missing.")
    order = np.argsort(-observed, kind="stable")
    # Largest of this outcome and of all that are weaker, draw by draw.
    largest = np.maximum.accumulate(drawn[:, order[::-1]], axis=1)[:, ::-1]
    counts = (largest >= observed[order] * (1 - TIE)).sum(axis=0)
    p = counts / len(drawn) if enumerated else (1 + counts) / (1 + len(drawn))
    return _back(np.maximum.accumulate(p), order)


def _checked(p: Array) -> Array:
    p = np.asarray(p, dtype=float)
    if p.ndim != 1 or not len(p) or not ((p >= 0) & (p <= 1)).all():
        raise ValueError("p-values lie between 0 and 1; at least one, none missing.")
    return p


def _back(adjusted: Array, order: Codes) -> Array:
    restored = np.empty(len(order))
    restored[order] = adjusted
    return restored
