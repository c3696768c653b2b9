"""Nearest neighbours by Mahalanobis distance: a k-d tree on whitened covariates, in memory linear in people."""

import numpy as np
from numpy.typing import NDArray

from pipelines.estimation.comparison_pool import Mask, Rows
from pipelines.estimation.nearest import NOBODY, Integers
from pipelines.estimation.sample import Array

# Distances whose difference is below this share are ties, which the order of keys decides.
TIE = 1e-9
FIRST_LOOK = 8
BATCH = 2048


def whitened(columns: Array, treated: Mask) -> Array:
    """Transform covariates so that Euclidean distance is Mahalanobis distance.

    The covariance is pooled within arms, so that the difference between arms does not stretch it (Rubin 1980,
    Biometrics 36:293-298). Directions in which nobody varies within an arm are left out.

    Parameters
    ----------
    columns : array of float, shape (n, k)
        Covariates.
    treated : array of bool, shape (n,)
        Arm.

    Returns
    -------
    array of float, shape (n, r)
        r is the rank of the covariance.
    """
    within = np.empty_like(columns)
    for arm in (treated, ~treated):
        within[arm] = columns[arm] - columns[arm].mean(axis=0)
    spread = np.sqrt((within**2).sum(axis=0) / max(len(columns) - 2, 1))
    scale = np.where(spread > 1e-12 * (1 + np.abs(columns).max(axis=0, initial=0.0)), spread, np.inf)
    within = within / scale
    values, vectors = np.linalg.eigh(within.T @ within / max(len(columns) - 2, 1))
    kept = values > 1e-9 * max(values.max(initial=0.0), 1e-300)
    return np.asarray((columns - columns.mean(axis=0)) / scale @ vectors[:, kept] / np.sqrt(values[kept]))


class _Places:
    """Comparators by place: people with the same covariates share one, and leave it in the order of keys."""

    def __init__(self, points: Array) -> None:
        _, first, place = np.unique(_rounded(points), axis=0, return_index=True, return_inverse=True)
        place = place.reshape(-1)
        self.points = points[first]
        self.people = np.argsort(place, kind="stable")
        sizes = np.bincount(place, minlength=len(first))
        self.ends = np.cumsum(sizes)
        self.next = self.ends - sizes
        self.alive = np.arange(len(first))

    def first(self, places: Rows) -> Integers:
        """First person of each place who is still free."""
        return np.asarray(self.people[self.next[places]], dtype=np.int64)

    def free(self, places: Rows) -> Mask:
        """Whether anybody is left at each place."""
        return np.asarray(self.next[places] < self.ends[places])


def without_replacement(treated: Array, controls: Array, order: Integers, ratio: int, caliper: float) -> Integers:
    """Match greedily, in rounds, as `nearest.without_replacement`, by Euclidean distance of whitened covariates.

    Parameters
    ----------
    treated, controls : array of float, shapes (n1, r) and (n0, r)
        Whitened covariates, in the order of keys.
    order : array of int, shape (n1,)
        Who chooses first.
    ratio : int
        Comparators per treated person.
    caliper : float
        Largest distance, or infinity.

    Returns
    -------
    array of int, shape (n1, ratio)
        Positions in `controls`, or -1.
    """
    places = _Places(controls)
    found = np.full((len(treated), ratio), NOBODY, dtype=np.int64)
    for turn in range(ratio):
        for start in range(0, len(order), BATCH):
            _batch(treated, places, order[start : start + BATCH], caliper, found[:, turn])
    return found


def with_replacement(treated: Array, controls: Array, ratio: int, caliper: float) -> Integers:
    """Find the `ratio` nearest comparators of each treated person, who may serve again; ties by the order of keys."""
    from scipy.spatial import cKDTree

    found = np.full((len(treated), ratio), NOBODY, dtype=np.int64)
    tree, most = cKDTree(controls), len(controls)
    for start in range(0, len(treated), BATCH):
        waiting, look = np.arange(start, min(start + BATCH, len(treated))), min(FIRST_LOOK + ratio, most)
        while len(waiting):
            distance, position = (x.reshape(len(waiting), -1) for x in tree.query(treated[waiting], k=look))
            edge = distance[:, min(ratio, look) - 1] * (1 + TIE) + TIE
            seen = (distance[:, -1] > edge) | (look == most)
            _fill(found, waiting[seen], distance[seen], position[seen], caliper)
            waiting, look = waiting[~seen], min(2 * look, most)
    return found


def _fill(found: Integers, people: Rows, distance: Array, position: NDArray, caliper: float) -> None:
    ratio = min(found.shape[1], distance.shape[1])
    tied = _ties_levelled(distance)
    ranked = np.lexsort((position, tied))[:, :ratio]
    near = np.take_along_axis(distance, ranked, axis=1) <= caliper
    found[people, :ratio] = np.where(near, np.take_along_axis(position, ranked, axis=1), NOBODY)


def _ties_levelled(distance: Array) -> Array:
    """Give neighbours in rising order a level that stays the same while distances are ties."""
    rises = np.diff(distance, axis=1) > distance[:, :-1] * TIE + TIE
    return np.concatenate([np.zeros((len(distance), 1)), np.cumsum(rises, axis=1)], axis=1)


def _batch(treated: Array, places: _Places, people: Integers, caliper: float, taken: Integers) -> None:
    """Let one batch of people choose in turn; the tree is rebuilt when half of its places are empty."""
    from scipy.spatial import cKDTree

    places.alive = places.alive[places.free(places.alive)]
    if not len(places.alive):
        return
    tree, most = cKDTree(places.points[places.alive]), len(places.alive)
    look = min(FIRST_LOOK, most)
    distances, positions = (x.reshape(len(people), -1) for x in tree.query(treated[people], k=look))
    for person, distance, position in zip(people.tolist(), distances, positions, strict=True):
        width, place = look, _choose(distance, position, places, look == most)
        while place is None and width < most:
            width = min(4 * width, most)
            distance, position = tree.query(treated[person], k=width)
            place = _choose(distance, position, places, width == most)
        if place is None:
            return
        gap, chosen = place
        if gap <= caliper:
            taken[person] = places.people[places.next[chosen]]
            places.next[chosen] += 1


def _choose(distance: Array, position: NDArray, places: _Places, everyone: bool) -> tuple[float, int] | None:
    """Nearest place with somebody free, the earliest key among ties; None if the answer may lie further out."""
    where = places.alive[position]
    free = places.free(where)
    if not free.any():
        return None
    nearest = float(distance[free].min())
    edge = nearest * (1 + TIE) + TIE
    if not everyone and distance[-1] <= edge:
        return None
    tied = where[free & (distance <= edge)]
    return nearest, int(tied[places.first(tied).argmin()])


def _rounded(points: Array) -> Array:
    """Drop digits that are rounding, so that equal people share a place; + 0.0 turns -0.0 into 0.0."""
    return np.asarray(np.round(points, 9) + 0.0)
