"""Agreement corrected for chance in the ways of Cohen, Fleiss, Gwet, and Brennan and Prediger; and what stands beside.

Coders rate units on a nominal scale. Where units were not rated by everybody, each unit's agreement is the share of
agreeing pairs among those who rated it. Krippendorff's family belongs in alpha and alpha_u.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from pipelines.qualitative.ratings import NO_VARIATION, NOBODY_TWICE, Array, Coefficient, Ratings, Tally, tally

TWO_CODERS = "Cohen's kappa compares two coders; for several take Fleiss' kappa."
NOBODY_CODED = "Nobody used the code in what was coded twice, so there is nothing to agree on."


def percent(given: Ratings) -> Coefficient:
    """Return the share of agreeing pairs of coders, averaged over the units that two or more rated (0 to 1).

    References
    ----------
    Gwet 2014, Handbook of Inter-Rater Reliability, ch. 2.
    """
    agreed = _agreed(tally(given).pairable())
    return Coefficient(None, NOBODY_TWICE) if agreed is None else Coefficient(agreed)


def cohen_kappa(given: Ratings) -> Coefficient:
    """Return Cohen's kappa of two coders; units that only one of them rated do not count.

    Undefined when neither coder varies in the same way (chance alone would agree always).

    References
    ----------
    Cohen 1960, Educational and Psychological Measurement 20:37-46.
    """
    if given.coders != 2:
        return Coefficient(None, TWO_CODERS)
    both = ~np.isnan(given.values).any(axis=0) & (given.weights > 0)
    if not both.any():
        return Coefficient(None, NOBODY_TWICE)
    (first, second), weights = given.values[:, both], given.weights[both]
    levels = np.unique(np.concatenate([first, second]))
    shares = [np.array([weights[coder == level].sum() for level in levels]) for coder in (first, second)]
    total = float(weights.sum())
    return _corrected(float(weights[first == second].sum()) / total, float(shares[0] @ shares[1]) / total**2)


def fleiss_kappa(given: Ratings) -> Coefficient:
    """Return Fleiss' kappa, in Gwet's form for units that not everybody rated.

    Chance agreement rests on the average share of each category over all rated units. With two coders it is Scott's pi.

    References
    ----------
    Fleiss 1971, Psychological Bulletin 76:378-382; Gwet 2014, Handbook of Inter-Rater Reliability, ch. 2.
    """
    found = _standing(given)
    if found is None:
        return Coefficient(None, NOBODY_TWICE)
    return _corrected(found.agreed, float((found.shares**2).sum()))


def gwet_ac1(given: Ratings, categories: int | None = None) -> Coefficient:
    """Return Gwet's AC1.

    Large whenever most units lack the code, so never to be shown alone. Where every rating is the same it would be 1 by
    its formula; that tells nothing, so it is undefined here like the others.

    Parameters
    ----------
    given : Ratings
        Ratings on a nominal scale.
    categories : int, optional
        How many categories there are; default: how many occur. Two for whether a code is there.

    References
    ----------
    Gwet 2008, British Journal of Mathematical and Statistical Psychology 61:29-48.
    """
    found = _standing(given)
    if found is None:
        return Coefficient(None, NOBODY_TWICE)
    number = _categories(found, categories)
    if len(found.shares) < 2:
        return Coefficient(None, NO_VARIATION)
    return _corrected(found.agreed, float((found.shares * (1 - found.shares)).sum()) / (number - 1))


def brennan_prediger(given: Ratings, categories: int | None = None) -> Coefficient:
    """Return Brennan and Prediger's kappa: chance agreement is one in the number of categories.

    Parameters
    ----------
    given : Ratings
        Ratings on a nominal scale.
    categories : int, optional
        How many categories there are; default: how many occur.

    References
    ----------
    Brennan & Prediger 1981, Educational and Psychological Measurement 41:687-699.
    """
    found = _standing(given)
    if found is None:
        return Coefficient(None, NOBODY_TWICE)
    number = _categories(found, categories)
    return Coefficient(None, NO_VARIATION) if len(found.shares) < 2 else _corrected(found.agreed, 1 / number)


def jaccard(given: Ratings) -> Coefficient:
    """Return the Jaccard index of a code that is there (1) or not (0): units all share of units anybody coded.

    With several coders it is the sum over pairs of coders: pairs that both coded, of pairs of which one or both did.

    References
    ----------
    Jaccard 1901, Bulletin de la Societe Vaudoise des Sciences Naturelles 37:547-579.
    """
    table = _binary(given)
    if not table.weights.sum():
        return Coefficient(None, NOBODY_TWICE)
    rated, there = table.rated, _there(table)
    pairs = rated * (rated - 1) / 2
    absent = rated - there
    both, neither = there * (there - 1) / 2, absent * (absent - 1) / 2
    either = float(table.weights @ (pairs - neither))
    return Coefficient(float(table.weights @ both) / either) if either else Coefficient(None, NOBODY_CODED)


def prevalence(given: Ratings) -> Coefficient:
    """Return the average share of coders who found a code (1) in a unit, over units that two or more rated."""
    table = _binary(given)
    if not table.weights.sum():
        return Coefficient(None, NOBODY_TWICE)
    return Coefficient(float(table.weights @ (_there(table) / table.rated)) / float(table.weights.sum()))


class _Standing(NamedTuple):
    """Observed agreement, and the average share of each category."""

    agreed: float
    shares: Array


def _standing(given: Ratings) -> _Standing | None:
    table = tally(given)
    agreed = _agreed(table.pairable())
    if agreed is None:
        return None
    rated = table.rated > 0
    weights = table.weights[rated]
    return _Standing(agreed, weights @ (table.counts[rated] / table.rated[rated, None]) / weights.sum())


def _agreed(table: Tally) -> float | None:
    if not table.weights.sum():
        return None
    pairs = (table.counts * (table.counts - 1)).sum(axis=1) / (table.rated * (table.rated - 1))
    return float(table.weights @ pairs) / float(table.weights.sum())


def _categories(found: _Standing, categories: int | None) -> int:
    occurring = len(found.shares)
    if categories is not None and categories < occurring:
        raise ValueError("more categories occur than there are said to be")
    return occurring if categories is None else categories


def _corrected(agreed: float, chance: float) -> Coefficient:
    """Return agreement beyond chance, as a share of what chance leaves."""
    # What rounding leaves of certainty would be divided by.
    if 1 - chance < 1e-12:
        return Coefficient(None, NO_VARIATION)
    return Coefficient((agreed - chance) / (1 - chance))


def _binary(given: Ratings) -> Tally:
    table = tally(given).pairable()
    if not np.isin(table.levels, (0.0, 1.0)).all():
        raise ValueError("a code is there (1) or not (0)")
    return table


def _there(table: Tally) -> Array:
    return np.asarray(table.counts[:, table.levels == 1.0].sum(axis=1))
