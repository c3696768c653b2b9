"""Do the arms overlap? How far treated people's propensity scores lie where there are comparators."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike

from pipelines.estimation.comparison_pool import Mask
from pipelines.estimation.refusal import EstimationRefusal
from pipelines.estimation.sample import Array

FINE = 20
NONE = "There is no overlap: every treated person's score is outside the range of comparators' scores."


@dataclass(frozen=True)
class Region:
    """A range of scores, wide enough that each arm has nobody or a minimum of people in it.

    Parameters
    ----------
    lower, upper : float
        Limits, rounded to a grid that does not give away anybody's score.
    treated, comparison : int
        People. Exact: not yet disclosure-checked.
    """

    lower: float
    upper: float
    treated: int
    comparison: int


@dataclass(frozen=True)
class Overlap:
    """Overlap of two distributions of scores.

    Parameters
    ----------
    outside_share : float
        Share of treated people whose score is below the lowest or above the highest comparator's.
    coefficient : float
        Area common to the two histograms (20 bins of equal width over 0 to 1, or over the range of other scores):
        1 is the same, 0 apart.
    regions : tuple of Region
        Neighbouring ranges in which each arm has nobody or at least `at_least` people; empty if there are too few.
    passed : bool or None
        False when more than a tenth of treated people are outside; None when the arms are too small to say.
    sentence : str
        For a report.
    """

    outside_share: float
    coefficient: float
    regions: tuple[Region, ...]
    passed: bool | None
    sentence: str


def overlap(scores: ArrayLike, treated: ArrayLike, at_least: int = 10) -> Overlap:
    """Describe overlap; refuse when there is none.

    Parameters
    ----------
    scores : array of float, shape (n,)
        Propensity scores (or other scores).
    treated : array of bool, shape (n,)
        Arm.
    at_least : int
        Fewest people of an arm in a region, unless none: the floor of disclosure control.

    Returns
    -------
    Overlap
        No smallest or largest score: those are single people's.

    Raises
    ------
    EstimationRefusal
        If every treated person is outside the range of comparators.

    References
    ----------
    Inman & Bradley 1989, Communications in Statistics 18:3851-3874 (coefficient); Crump et al. 2009, Biometrika
    96:187-199.
    """
    values, arm = np.asarray(scores, dtype=float), np.asarray(treated, dtype=bool)
    if values.shape != arm.shape or not np.isfinite(values).all() or at_least < 1:
        raise ValueError("There must be one finite score per person, and a floor of at least one.")
    if arm.all() or not arm.any():
        raise EstimationRefusal("Nobody is in one of the arms.", "Describe the arm that there is; do not compare.")
    low, high = values[~arm].min(), values[~arm].max()
    outside = float(((values[arm] < low) | (values[arm] > high)).mean())
    if outside == 1.0:
        raise EstimationRefusal(NONE, "Find comparators like the treated, or describe and do not compare.")
    edges = _edges(values)
    counts = np.array([np.histogram(values[of], edges)[0] for of in (arm, ~arm)])
    coefficient = float(np.minimum(counts[0] / arm.sum(), counts[1] / (~arm).sum()).sum())
    small = min(arm.sum(), (~arm).sum()) < at_least
    passed = None if small else outside <= 0.1
    return Overlap(outside, coefficient, _regions(edges, counts, at_least), passed, _sentence(outside, passed))


def common_support(scores: Array, treated: Mask) -> Mask:
    """Say whose score lies within both arms' ranges; shape (n,). Dropping the others changes the estimand."""
    low = max(scores[treated].min(), scores[~treated].min())
    high = min(scores[treated].max(), scores[~treated].max())
    return np.asarray((scores >= low) & (scores <= high), dtype=bool)


def _edges(values: Array) -> Array:
    if values.min() >= 0 and values.max() <= 1:
        return np.linspace(0, 1, FINE + 1)
    spread = float(np.ptp(values)) or 1.0
    unit = 10.0 ** np.floor(np.log10(spread / 10))
    return np.linspace(np.floor(values.min() / unit) * unit, (np.floor(values.max() / unit) + 1) * unit, FINE + 1)


def _regions(edges: Array, counts: Array, at_least: int) -> tuple[Region, ...]:
    """Merge neighbouring bins until each arm has nobody or enough people; what is left over joins its neighbour."""
    found: list[Region] = []
    start, held = 0, np.zeros(2, dtype=int)
    for i in range(len(edges) - 1):
        held = held + counts[:, i]
        if _enough(held, at_least):
            found.append(Region(float(edges[start]), float(edges[i + 1]), int(held[0]), int(held[1])))
            start, held = i + 1, np.zeros(2, dtype=int)
    while held.sum() and found:
        last = found.pop()
        held = held + np.array([last.treated, last.comparison])
        merged = Region(last.lower, float(edges[-1]), int(held[0]), int(held[1]))
        if _enough(held, at_least):
            return (*found, merged)
    return tuple(found)


def _enough(held: Array, at_least: int) -> bool:
    return bool(held.sum() >= at_least and ((held == 0) | (held >= at_least)).all())


def _sentence(outside: float, passed: bool | None) -> str:
    if passed is None:
        return "An arm is too small to judge overlap."
    if passed and outside == 0:
        return "Every treated person's score lies within the range of comparators' scores."
    if passed:
        return "Nearly all treated people's scores lie within the range of comparators' scores."
    return "Many treated people have no comparator with a score like theirs: the comparison reaches beyond the data."
