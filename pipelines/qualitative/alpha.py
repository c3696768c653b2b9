"""Krippendorff's alpha for rated units: any number of coders, missing ratings, nominal to ratio scales.

Alpha for passages of free length belongs in alpha_u.
"""

from __future__ import annotations

from typing import Literal, get_args

import numpy as np

from pipelines.qualitative.ratings import NO_VARIATION, NOBODY_TWICE, Array, Coefficient, Ratings, Tally, tally

Level = Literal["nominal", "ordinal", "interval", "ratio"]
# Pairs of distinct values are compared in blocks of about this many, which bounds the memory.
_BLOCK = 1_000_000


def krippendorff_alpha(given: Ratings, level: Level = "nominal") -> Coefficient:
    """Return Krippendorff's alpha: one less observed over expected disagreement.

    Units that fewer than two coders rated do not count. Undefined, and said so, when no unit was rated twice or when
    every rating is the same.

    Parameters
    ----------
    given : Ratings
        m coders, u kinds of units.
    level : {"nominal", "ordinal", "interval", "ratio"}
        What differences between values mean. On an ordinal scale the values' ranks weigh; ratios need values from zero.

    Raises
    ------
    ValueError
        An unknown level, or negative values on a ratio scale.

    References
    ----------
    Krippendorff 2011, Computing Krippendorff's Alpha-Reliability; Hayes & Krippendorff 2007, Communication Methods and
    Measures 1:77-89.
    """
    if level not in get_args(Level):
        raise ValueError("the level is nominal, ordinal, interval or ratio")
    table = tally(given).pairable()
    if not table.weights.sum():
        return Coefficient(None, NOBODY_TWICE)
    if len(table.levels) < 2:
        return Coefficient(None, NO_VARIATION)
    if level == "ratio" and table.levels[0] < 0:
        raise ValueError("on a ratio scale no value lies below zero")
    observed, expected = _disagreements(table, level)
    return Coefficient(1 - observed / expected)


def _disagreements(table: Tally, level: Level) -> tuple[float, float]:
    """Return average observed and expected disagreement of two ratings."""
    totals = table.weights @ table.counts
    ratings, within = float(totals.sum()), table.weights / (table.rated - 1)
    if level == "ratio":
        pairs, everything = _ratio(table, totals, within)
    elif level == "nominal":
        pairs = float(within @ (table.rated**2 - (table.counts**2).sum(axis=1)))
        everything = ratings**2 - float((totals**2).sum())
    else:
        scores = _scores(table.levels, totals, level)
        pairs = float(within @ _squared_distances(table.counts, scores))
        everything = float(_squared_distances(totals[None, :], scores)[0])
    return pairs / ratings, everything / (ratings * (ratings - 1))


def _scores(levels: Array, totals: Array, level: Level) -> Array:
    """Return positions whose squared distance is the scale's difference, centred; ordinal: the middle of each rank."""
    scores = np.cumsum(totals) - totals / 2 if level == "ordinal" else levels / np.abs(levels).max()
    return np.asarray(scores - totals @ scores / totals.sum())


def _squared_distances(counts: Array, scores: Array) -> Array:
    """Return the sum of squared distances over all ordered pairs within each row."""
    sums, squares = counts @ scores, counts @ scores**2
    return np.asarray(2 * np.maximum(counts.sum(axis=1) * squares - sums**2, 0.0))


def _ratio(table: Tally, totals: Array, within: Array) -> tuple[float, float]:
    """Return summed relative squared differences, within units and over all pairs, a block of values at a time."""
    step = max(1, _BLOCK // len(table.levels))
    observed = expected = 0.0
    for first in range(0, len(table.levels), step):
        block = slice(first, first + step)
        difference = table.levels[block, None] - table.levels[None, :]
        total = table.levels[block, None] + table.levels[None, :]
        apart = np.divide(difference, total, out=np.zeros_like(difference), where=total > 0) ** 2
        observed += float(((table.counts * within[:, None]).T[block] * (apart @ table.counts.T)).sum())
        expected += float(totals[block] @ apart @ totals)
    return observed, expected
