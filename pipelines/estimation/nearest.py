"""Nearest neighbours on one number (a score), in n log n: sorted scores with a stack, or with union-find.

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
    steps = np.diff(treated[order])
    falls = bool((steps <= 0).all())
    one_round = _in_falling_order if not lower_first and (falls or (steps >= 0).all()) else _in_any_order
    sign = -1 if one_round is _in_falling_order and not falls else 1
    queue = np.argsort(sign * controls, kind="stable")
    for turn in range(ratio):
        if not len(queue):
            break
        groups = _Groups(sign * controls, queue)
        one_round(sign * treated, groups, order, caliper, lower_first, found[:, turn])
        queue = groups.left()
    return found


class _Groups:
    """Comparators by score, rising; those of equal score leave in the order of keys.

    Plain lists and numbers: the loops below are the cost of matching, and numpy scalars are ten times slower there.
    """

    def __init__(self, controls: Integers, queue: Integers) -> None:
        ordered = controls[queue]
        begins = np.flatnonzero(np.concatenate([[True], ordered[1:] != ordered[:-1]]))
        self.sorted_scores = scores = ordered[begins]
        self.scores: list[int] = scores.tolist()
        self.people: list[int] = queue.tolist()
        self.next: list[int] = begins.tolist()
        self.ends: list[int] = [*begins[1:].tolist(), len(queue)]

    def left(self) -> Integers:
        """Comparators still free, by score and key."""
        people = np.asarray(self.people, dtype=np.int64)
        begins, ends = np.asarray(self.next), np.asarray(self.ends)
        return people[np.repeat(begins, ends - begins) + _count_up(ends - begins)]


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


def _in_falling_order(
    treated: Integers, groups: _Groups, order: Integers, caliper: float, _: bool, found: Integers
) -> None:
    """One round when treated people choose from the largest score down.

    Groups at or above the present score wait on a stack, nearest on top; those below have not been reached. Whoever is
    taken is on top of the stack or next below, so each group is moved once.
    """
    scores, people, following, ends = groups.scores, groups.people, groups.next, groups.ends
    stack: list[int] = []
    below, taken = len(scores) - 1, []
    for score in treated[order].tolist():
        while below >= 0 and scores[below] >= score:
            stack.append(below)
            below -= 1
        if stack:
            group, gap = stack[-1], scores[stack[-1]] - score
            if below >= 0:
                nearer = score - scores[below]
                if nearer < gap or (nearer == gap and people[following[below]] < people[following[group]]):
                    group, gap = below, nearer
        elif below >= 0:
            group, gap = below, score - scores[below]
        else:
            break
        if gap > caliper:
            taken.append(NOBODY)
            continue
        taken.append(people[following[group]])
        following[group] += 1
        if following[group] == ends[group]:
            if group == below:
                below -= 1
            else:
                stack.pop()
    found[order[: len(taken)]] = taken


def _in_any_order(
    treated: Integers, groups: _Groups, order: Integers, caliper: float, lower_first: bool, found: Integers
) -> None:
    """One round when treated people choose in any order, by union-find.

    `up[i]` leads to the first group with somebody free at or after i, shortened on the way, so that a search costs next
    to nothing however many are taken; `before` and `after` link the groups that still have somebody (-1 and n at the
    ends).
    """
    scores, people, following, ends = groups.scores, groups.people, groups.next, groups.ends
    n = len(scores)
    up, before, after = list(range(n + 1)), list(range(-1, n)), list(range(1, n + 2))
    starts = np.searchsorted(groups.sorted_scores, treated, side="left").tolist()
    wanted, taken = treated.tolist(), found.tolist()
    for person in order.tolist():
        score, above = wanted[person], starts[person]
        while up[above] != above:
            up[above] = above = up[up[above]]
        below = before[above]
        if below < 0 and above == n:
            break
        if below < 0:
            group = above
        elif above == n or lower_first:
            group = below
        else:
            nearer = (score - scores[below]) - (scores[above] - score)
            first = people[following[below]] < people[following[above]]
            group = below if nearer < 0 or (nearer == 0 and first) else above
        if abs(scores[group] - score) > caliper:
            continue
        if lower_first and group == below:  # that program met ties from above: late-comers first
            ends[group] -= 1
            taken[person] = people[ends[group]]
        else:
            taken[person] = people[following[group]]
            following[group] += 1
        if following[group] == ends[group]:
            up[group] = after[group]
            before[after[group]] = before[group]
            if before[group] >= 0:
                after[before[group]] = after[group]
    found[:] = taken
