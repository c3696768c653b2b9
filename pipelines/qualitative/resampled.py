"""Coefficients of a code that is there or not, for many weightings of the same units at once: what a bootstrap needs.

Each function takes ratings (1 there, 0 not, NaN not rated), shape (m, p), and weights, shape (b, p), and returns b
values, NaN where the coefficient is undefined. Definitions and sources stand in kappa and alpha, for one weighting.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from pipelines.qualitative.ratings import Array, Coefficient, Ratings

Batch = Callable[[Array, Array], Array]
# What rounding leaves of certainty would be divided by.
_NOTHING = 1e-12


def one_by_one(of: Callable[[Ratings], Coefficient]) -> Batch:
    """Return any coefficient in the form for many weightings; slow."""

    def each(values: Array, weights: Array) -> Array:
        found = [of(Ratings(values, row)).value for row in weights]
        return np.array([np.nan if value is None else value for value in found], dtype=float)

    return each


def percents(values: Array, weights: Array) -> Array:
    """Return shares of agreeing pairs of coders."""
    rated, there = _counts(values)
    return _ratio(weights @ _agreeing(rated, there), weights @ (rated >= 2).astype(float))


def alphas(values: Array, weights: Array) -> Array:
    """Return Krippendorff's alphas, nominal."""
    rated, there = _counts(values)
    twice = rated >= 2
    apart = np.divide(2 * there * (rated - there), rated - 1, out=np.zeros_like(rated), where=twice)
    ratings, ones = weights @ (rated * twice), weights @ (there * twice)
    return 1 - _ratio((weights @ apart) * (ratings - 1), 2 * ones * (ratings - ones))


def cohen_kappas(values: Array, weights: Array) -> Array:
    """Return Cohen's kappas of two coders."""
    both = ~np.isnan(values).any(axis=0)
    first, second, kept = values[0, both], values[1, both], weights[:, both]
    total = kept.sum(axis=1)
    shares = [_ratio(kept @ coder, total) for coder in (first, second)]
    chance = shares[0] * shares[1] + (1 - shares[0]) * (1 - shares[1])
    return _corrected(_ratio(kept @ (first == second).astype(float), total), chance)


def fleiss_kappas(values: Array, weights: Array) -> Array:
    """Return Fleiss' kappas."""
    share = _shares(values, weights)
    return _corrected(percents(values, weights), share**2 + (1 - share) ** 2)


def gwet_ac1s(values: Array, weights: Array) -> Array:
    """Return Gwet's AC1 of two categories."""
    chance = 2 * _shares(values, weights) * (1 - _shares(values, weights))
    return np.where(chance > _NOTHING, _corrected(percents(values, weights), chance), np.nan)


def brennan_predigers(values: Array, weights: Array) -> Array:
    """Return Brennan and Prediger's kappas of two categories."""
    share = _shares(values, weights)
    return np.where(share * (1 - share) > _NOTHING, 2 * percents(values, weights) - 1, np.nan)


def jaccards(values: Array, weights: Array) -> Array:
    """Return Jaccard indices, summed over pairs of coders."""
    rated, there = _counts(values)
    absent = rated - there
    pairs, both, neither = (count * (count - 1) / 2 for count in (rated, there, absent))
    return _ratio(weights @ both, weights @ (pairs - neither))


def share_differences(values: Array, weights: Array) -> Array:
    """Return differences of two coders' shares of units, of units that both rated."""
    return _ratio(weights @ (values[0] - values[1]), weights.sum(axis=1))


def _counts(values: Array) -> tuple[Array, Array]:
    """Return how many coders rated each unit, and how many found the code there."""
    return (~np.isnan(values)).sum(axis=0).astype(float), np.nansum(values, axis=0)


def _agreeing(rated: Array, there: Array) -> Array:
    pairs = there * (there - 1) + (rated - there) * (rated - there - 1)
    return np.divide(pairs, rated * (rated - 1), out=np.zeros_like(rated), where=rated >= 2)


def _shares(values: Array, weights: Array) -> Array:
    rated, there = _counts(values)
    found = np.divide(there, rated, out=np.zeros_like(rated), where=rated > 0)
    return _ratio(weights @ found, weights @ (rated > 0).astype(float))


def _ratio(part: Array, whole: Array) -> Array:
    return np.divide(part, whole, out=np.full(len(part), np.nan), where=whole > _NOTHING)


def _corrected(agreed: Array, chance: Array) -> Array:
    return _ratio(agreed - chance, 1 - chance)
