"""Nearest neighbours on one number (a score), in n log n: sorted scores with union-find.

The answer is that of the greedy search that looks at every comparator for every treated person; the tests hold them
equal.
"""

import numpy as np
from numpy.typing import NDArray

from pipelines.estimation.sample import Array

Integers = NDArray[np.int64]
NOBODY = -1
# Scores closer than this share of a standard deviation are ties: rounding in arithmetic must not decide who is matched.
GRID = 1e-9
CHUNK = 1_000_000
# Further than anybody is.
FAR = 1 << 70
# People who choose at a time: so many, or this share of the comparators still free.
AT_LEAST = 1_000
SHARE = 0.25


def on_grid(scores: Array) -> tuple[Integers, float]:
    """Round scores to a grid of whole numbers, so that ties are ties; return also the grid's step."""
    spread = float(scores.std())
    step = spread * GRID if spread > 0 else 1.0
    return np.rint((scores - scores.mean()) / step).astype(np.int64), step


def without_replacement(
    treated: Integers, controls: Integers, order: Integers, ratio: int, caliper: float, lower_first: bool = False
) -> Integers:
    """Match greedily: one comparator each, in order, then a second one each, and so on; nobody twice.

    Parameters
    ----------
    treated, controls : array of int, shapes (n1,) and (n0,)
        Scores on the grid. Among comparators of equal distance the one earlier in `controls` is taken.
    order : array of int, shape (n1,)
        Positions of `treated` in the order in which they choose.
    ratio : int
        Comparators per treated person.
    caliper : float
        Largest distance allowed, in steps of the grid; infinity for none.
    lower_first : bool
        Take the nearest comparator below whenever there is one, even if a nearer one is above (see `match`).

    Returns
    -------
    array of int, shape (n1, ratio)
        Positions in `controls`, -1 where nobody was left within the caliper.
    """
    found = np.full((len(treated), ratio), NOBODY, dtype=np.int64)
    queue = np.argsort(controls, kind="stable")
    for turn in range(ratio):
        if not len(queue):
            break
        groups = _Groups(controls, queue)
        found[order, turn] = _one_round(treated[order], groups, caliper, lower_first)
        queue = groups.free_people()
    return found


class _Groups:
    """Comparators by score, rising; those of equal score leave in the order of keys, or from the other end.

    Group 0 and the last one stand for nobody: infinitely far, never empty. Plain lists and numbers in the loop that
    changes them, for numpy scalars are ten times slower there: `left` counts who is free; `before` and `after` link the
    groups with somebody free, and from an empty group `after` leads on towards the next of those (union-find).
    """

    def __init__(self, controls: Integers, queue: Integers) -> None:
        ordered = controls[queue]
        self.queue, self.begins = queue, np.flatnonzero(np.concatenate([[True], ordered[1:] != ordered[:-1]]))
        self.free = np.diff(np.append(self.begins, len(queue)))
        self.from_back = np.zeros_like(self.free)
        self.sorted_scores = ordered[self.begins]
        self.ends = self.begins + self.free
        places = list(range(len(self.begins) + 2))
        self.left: list[int] = [1, *self.free.tolist(), 1]
        self.before, self.after = [0, *places[:-1]], [*places[1:], places[-1]]
        self.scores: list[int] = [-2 * FAR, *self.sorted_scores.tolist(), FAR]

    def first_is_earlier(self, group: int, other: int) -> bool:
        """Whether the next to leave one group has the earlier key."""
        mine, theirs = (self.queue[self.ends[g - 1] - self.left[g]] for g in (group, other))
        return bool(mine < theirs)

    def leave(self, taken: Integers, back: bool) -> Integers:
        """Who leaves, (m,), when these groups are taken from in turn, numbered from 0."""
        order = np.argsort(taken, kind="stable")
        sizes = np.bincount(taken, minlength=len(self.free))
        turn = np.empty_like(taken)
        turn[order] = _count_up(sizes)
        if back:
            people = self.queue[(self.ends - self.from_back)[taken] - 1 - turn]
            self.from_back += sizes
        else:
            people = self.queue[(self.ends - self.from_back - self.free)[taken] + turn]
        self.free -= sizes
        return people

    def free_people(self) -> Integers:
        """Comparators still free, by score and key."""
        begins = self.ends - self.from_back - self.free
        return self.queue[np.repeat(begins, self.free) + _count_up(self.free)]


def _count_up(sizes: Integers) -> Integers:
    """0, 1, ... within each of consecutive blocks."""
    return np.arange(sizes.sum()) - np.repeat(np.cumsum(sizes) - sizes, sizes)


def with_replacement(
    treated: Integers, controls: Integers, ratio: int, caliper: float, lower_first: bool = False
) -> Integers:
    """Find for each treated person the nearest comparators, who may serve again; as `without_replacement` otherwise."""
    found = np.full((len(treated), ratio), NOBODY, dtype=np.int64)
    rising = np.argsort(controls, kind="stable")
    # Below the treated score, ties must be met first-comer first when walking down: a second order, late-comers first
    falling = rising if lower_first else np.lexsort((-np.arange(len(controls)), controls))
    size = max(1, CHUNK // (2 * ratio))
    for start in range(0, len(treated), size):
        part = slice(start, start + size)
        found[part] = _nearest_of_both_sides(treated[part], controls, rising, falling, ratio, caliper, lower_first)
    return found


def _nearest_of_both_sides(
    treated: Integers,
    controls: Integers,
    rising: Integers,
    falling: Integers,
    ratio: int,
    caliper: float,
    lower_first: bool,
) -> Integers:
    at = np.searchsorted(controls[rising], treated, side="left")[:, None]
    steps = np.arange(ratio)
    above, below = at + steps, at - 1 - steps
    n = len(controls)
    positions = np.hstack([falling[np.clip(below, 0, n - 1)], rising[np.clip(above, 0, n - 1)]])
    exists = np.hstack([below >= 0, above < n])
    distance = np.abs(controls[positions] - treated[:, None])
    usable = exists & (distance <= caliper)
    far = np.iinfo(np.int64).max
    side = np.repeat([0, 1], ratio) * np.ones_like(positions) if lower_first else np.zeros_like(positions)
    ranked = np.lexsort((positions, np.where(usable, distance, far), np.where(usable, side, 2)))[:, :ratio]
    chosen = np.take_along_axis(positions, ranked, axis=1)
    return np.where(np.take_along_axis(usable, ranked, axis=1), chosen, NOBODY)


def _one_round(wanted: Integers, groups: _Groups, caliper: float, lower_first: bool) -> Integers:
    """Everybody chooses once, in turn; who is chosen, (n1,).

    Some at a time, and of those one neighbourhood after the other: the memory that is touched is then near by.
    """
    chosen, start = np.full(len(wanted), NOBODY, dtype=np.int64), 0
    while start < len(wanted) and groups.free.any():
        some = wanted[start : start + max(AT_LEAST, int(groups.free.sum() * SHARE))]
        turns, above = _by_neighbourhood(some, groups)
        taken = np.array(_choose(some[turns].tolist(), above.tolist(), groups, caliper, lower_first), dtype=np.int64)
        for back in (False, True) if lower_first else (False,):
            # Below (numbers under zero) that program met ties from above: late-comers first
            part = taken < 0 if back else taken > 0
            chosen[start + turns[part]] = groups.leave(np.abs(taken[part]) - 1, back)
        start += len(some)
    return chosen


def _by_neighbourhood(some: Integers, groups: _Groups) -> tuple[Integers, Integers]:
    """An order in which people may choose instead of their own with the same result, and the group above each.

    With people sorted by score, let s be the free comparators below each. If everybody could only go up, person i would
    take comparator R_i = max over j <= i of s_j + i - j; if only down, L_i = min over j >= i of s_j - 1 - (j - i). In
    the search both ways people up to i take none beyond R_i: whoever takes x from below found all from y to x - 1
    taken, y - 1 free; those x - y people and this one started between y and x, so R_i >= y + (x - y). Likewise down.
    Where a group ends between R_i and L_(i+1), people up to i and those after take from different groups, and each side
    may choose as if alone.
    """
    alive = np.flatnonzero(groups.free)
    order = np.argsort(some, kind="stable")
    at = np.searchsorted(groups.sorted_scores[alive], some[order], side="left")
    steps = np.arange(len(some))
    ends = np.concatenate([[0], np.cumsum(groups.free[alive]), [np.iinfo(np.int64).max]])
    s = ends[at] - steps
    up = np.maximum.accumulate(s) + steps
    down = np.minimum.accumulate((s - 1)[::-1])[::-1] + steps
    apart = ends[np.searchsorted(ends, up[:-1], side="right")] <= down[1:]
    neighbourhood = np.concatenate([[0], np.cumsum(apart)])
    turns = np.argsort(neighbourhood * len(some) + order, kind="stable")
    return order[turns], np.append(alive, len(groups.free))[at[turns]] + 1


def _choose(wanted: list[int], starts: list[int], groups: _Groups, caliper: float, lower_first: bool) -> list[int]:
    """Group taken by each in turn, 1 onwards, with a minus when taken from its end; 0 for nobody."""
    scores, left, before, after = groups.scores, groups.left, groups.before, groups.after
    reach, taken = min(caliper, FAR // 2), []
    for score, above in zip(wanted, starts, strict=True):
        while not left[above]:
            group = after[above]
            if left[group]:
                above = group
                break
            after[above] = above = after[group]
        group = before[above]
        gap, other = score - scores[group], scores[above] - score
        if lower_first and group:
            other = FAR
        if other < gap or (other == gap and groups.first_is_earlier(above, group)):
            group, gap = above, other
        if gap > reach:
            taken.append(0)
            continue
        taken.append(-group if lower_first and group != above else group)
        left[group] -= 1
        if not left[group]:
            lower, higher = before[group], after[group]
            before[higher], after[lower] = lower, higher
    return taken
