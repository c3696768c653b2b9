"""What several coders said of the same units, as numbers; and a coefficient that may be undefined, in words.

Coefficients themselves belong in kappa, alpha and alpha_u; cutting texts into units belongs in units.
"""

from __future__ import annotations

from collections.abc import Hashable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float64]

NOBODY_TWICE = "No unit was rated by two coders, so nothing can be compared."
NO_VARIATION = "Every rating is the same, so agreement cannot be told from chance."


@dataclass(frozen=True)
class Ratings:
    """Ratings of units by coders.

    Parameters
    ----------
    values : array of float, shape (m, u)
        Rating of each unit (column) by each coder (row), NaN where a coder did not rate it.
    weights : array of float, shape (u,)
        How many units each column stands for; whole numbers, zero allowed.
    """

    values: Array
    weights: Array

    def __post_init__(self) -> None:
        """Refuse shapes that do not fit together."""
        if self.values.ndim != 2 or self.weights.shape != (self.values.shape[1],):
            raise ValueError("ratings need one row a coder, one column a unit, and one weight a column")
        if np.isinf(self.values).any() or not np.isfinite(self.weights).all() or (self.weights < 0).any():
            raise ValueError("ratings are numbers or missing, and weights are numbers from zero")

    @property
    def coders(self) -> int:
        """Number of coders, m."""
        return int(self.values.shape[0])


@dataclass(frozen=True)
class Coefficient:
    """A coefficient of agreement, or None with the reason in words."""

    value: float | None
    undefined: str = ""


def ratings(rows: Sequence[Sequence[Hashable | None]] | Array, scale: Sequence[Hashable] = ()) -> Ratings:
    """Return ratings from a row for each coder.

    Parameters
    ----------
    rows : m rows of n ratings
        Numbers are kept as they are. Anything else is numbered in the order of `scale`, or in sorted order: right for a
        nominal scale only. None and NaN are missing.
    scale : sequence, optional
        All values that may occur, lowest first, for words on an ordinal scale.

    Raises
    ------
    ValueError
        Rows of different length, or a rating that is not on the scale.
    """
    if len({len(row) for row in rows}) > 1:
        raise ValueError("every coder needs one entry for each unit, None where it was not rated")
    if isinstance(rows, np.ndarray):
        values = rows.astype(float)
    elif scale or not all(_is_number(value) for row in rows for value in row):
        values = _numbered(rows, scale)
    else:
        values = np.array([[np.nan if value is None else value for value in row] for row in rows], dtype=float)
    values = values.reshape(len(rows), -1)
    return Ratings(values, np.ones(values.shape[1]))


def _is_number(value: object) -> bool:
    return value is None or isinstance(value, int | float | np.number)


def _missing(value: object) -> bool:
    return value is None or (isinstance(value, float) and np.isnan(value))


def _numbered(rows: Sequence[Sequence[Hashable | None]], scale: Sequence[Hashable]) -> Array:
    seen = {value for row in rows for value in row if not _missing(value)}
    order = list(scale) or sorted(seen, key=str)
    place = {value: float(position) for position, value in enumerate(order)}
    if seen - place.keys():
        raise ValueError("a rating is not on the scale")
    return np.array([[np.nan if _missing(value) else place[value] for value in row] for row in rows], dtype=float)


@dataclass(frozen=True)
class Tally:
    """How many coders gave each value to each kind of unit.

    Parameters
    ----------
    levels : array of float, shape (q,)
        The values that occur in units of positive weight, ascending.
    counts : array of float, shape (u, q)
        Coders who gave each value.
    weights : array of float, shape (u,)
        Units of each kind.
    """

    levels: Array
    counts: Array
    weights: Array

    @property
    def rated(self) -> Array:
        """Coders who rated each unit, shape (u,)."""
        return np.asarray(self.counts.sum(axis=1))

    def pairable(self) -> Tally:
        """Return the units that two coders or more rated, with the values that occur in them."""
        kept = (self.rated >= 2) & (self.weights > 0)
        counts, weights = self.counts[kept], self.weights[kept]
        used = counts.sum(axis=0) > 0
        return Tally(self.levels[used], counts[:, used], weights)


def tally(given: Ratings) -> Tally:
    """Count the coders behind each value of each unit; memory grows as units times values that occur."""
    values = given.values[:, given.weights > 0]
    known = ~np.isnan(values)
    levels, places = np.unique(values[known], return_inverse=True)
    counts = np.zeros((values.shape[1], len(levels)))
    np.add.at(counts, (np.nonzero(known)[1], places), 1.0)
    return Tally(levels, counts, given.weights[given.weights > 0])
