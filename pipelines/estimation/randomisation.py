"""Randomisation inference: where what was seen lies among what every other assignment would have shown.

Belongs here: statistics, p-values, and the interval of constant effects. The assignments themselves are `assignment`'s.
"""

from dataclasses import dataclass
from math import prod
from typing import Literal, get_args

import numpy as np
from numpy.typing import NDArray
from scipy.stats import rankdata

from pipelines.estimation.assignment import Block, all_sums, drawn_sums
from pipelines.estimation.grouped import Codes
from pipelines.estimation.inversion import limits
from pipelines.estimation.refusal import EstimationRefusal
from pipelines.estimation.result import Inference
from pipelines.estimation.sample import Array

Statistic = Literal["difference", "studentised", "rank"]
Alternative = Literal["two-sided", "greater", "less"]

# Statistics closer than this share are the same statistic, met by another path of rounding.
TIE = 1e-9
ENUMERATED_UP_TO = 20_000

MEASURED = {
    "difference": "the difference in means",
    "studentised": "the difference in means over its standard error",
    "rank": "the difference in mean ranks",
}
COUNTED = {
    "two-sided": "at least as far from zero as",
    "greater": "at least as large as",
    "less": "at most as large as",
}
NOTE = "Randomisation inference: the share of {how} in which {measured} is {counted} the observed one, ties counted."
SPLIT = "Someone's cluster has people in both arms, although clusters were assigned."
SPLIT_BLOCK = "A cluster lies in more than one block."
ONE_ARM = "A block has nobody in one of the arms, so it has nothing to compare."
NO_SPREAD = "There is only one person or cluster of an arm in a block, so the difference there has no standard error."


@dataclass(frozen=True)
class RandomisationTest:
    """What the assignments say.

    Parameters
    ----------
    result : Inference
        `value` is the difference in means (with blocks, averaged over blocks by their people), `statistic` what was
        compared, `p` the p-value of the alternative asked, and the limits those of constant effects that the two-sided
        test does not reject; None for ranks, or where nothing far away is rejected. `se` and `df` are None.
    p_greater, p_less : float
        One-sided p-values.
    assignments : int or None
        How many assignments there could have been; None when more than 10^15.
    used : int
        How many were looked at.
    exact : bool
        True when all were.
    smallest_p : float
        The smallest p-value that this design, or this number of draws, can give.
    note : str
        One sentence on how it was made.
    """

    result: Inference
    p_greater: float
    p_less: float
    assignments: int | None
    used: int
    exact: bool
    smallest_p: float
    note: str


@dataclass(frozen=True)
class Curves:
    """Statistics of assignments for the outcome minus a constant effect d of those treated.

    Numerator top0 - d top1; squared denominator bottom0 - 2 d bottom1 + d^2 bottom2, or 1 when `bottom` is None. The
    first entry is the assignment that was made.
    """

    top: tuple[Array, Array]
    bottom: tuple[Array, Array, Array] | None

    def statistics(self, effect: float) -> Array:
        """Return the statistics, shape (1 + used,)."""
        top = self.top[0] - effect * self.top[1]
        # What rounding leaves of nothing must count as nothing.
        size = np.abs(self.top[0]) + np.abs(effect * self.top[1])
        top = np.where(np.abs(top) <= 1e-13 * size, 0.0, top)
        if self.bottom is None:
            return np.asarray(top)
        pieces = self.bottom[0], 2 * effect * self.bottom[1], effect**2 * self.bottom[2]
        variance = pieces[0] - pieces[1] + pieces[2]
        none = variance <= 1e-13 * (pieces[0] + pieces[2])
        far = np.where(top == 0, 0.0, np.copysign(np.inf, top))
        return np.where(none, far, top / np.sqrt(np.where(none, 1.0, variance)))


def randomisation_test(
    outcome: Array,
    treated: NDArray[np.bool_],
    *,
    clusters: Codes | None = None,
    blocks: Codes | None = None,
    statistic: Statistic = "difference",
    alternative: Alternative = "two-sided",
    draws: int = 10_000,
    seed: int = 0,
    level: float = 0.95,
    interval: bool = True,
) -> RandomisationTest:
    """Randomisation inference that honours how people were assigned.

    Within each block as many units are treated as were, every choice as likely as the others; units are clusters if
    there are any, otherwise people. Matched pairs are blocks of two; different shares in different blocks are honoured
    because each block is compared within itself. When there are at most 20,000 assignments (or `draws`, if more) all
    are looked at and p is their share; otherwise p = (1 + count) / (1 + draws).

    Parameters
    ----------
    outcome : array of float, shape (n,)
        Outcome.
    treated : array of bool, shape (n,)
        Arm.
    clusters, blocks : array of int, shape (n,), or None
        Codes. A cluster lies in one arm and one block.
    statistic : {'difference', 'studentised', 'rank'}
        'difference': in means over people, averaged over blocks by their people. 'studentised': over its standard
        error (Neyman's within blocks, for clusters that of a ratio; between pairs when every block is a pair), which
        also guards against unequal spread. 'rank': in mean ranks, of deviations from block means if there are blocks.
    alternative : {'two-sided', 'greater', 'less'}
        Two-sided compares distances from zero (it does not double the smaller tail).
    draws : int
        At least 99.
    seed : int
        Of PCG64.
    level : float
        Confidence level.
    interval : bool
        Whether to invert the two-sided test. Not for ranks.

    Returns
    -------
    RandomisationTest
        In the unit of the outcome.

    Raises
    ------
    EstimationRefusal
        If a block lacks an arm, a cluster is in both arms or several blocks, or a standard error cannot be had.
    ValueError
        If shapes differ, a number is not finite, or an option is not one of those above.

    References
    ----------
    Fisher 1935, The Design of Experiments; Gerber & Green 2012, Field Experiments, ch. 3; Chung & Romano 2013, Annals
    of Statistics 41:484-507 (studentised); Hodges & Lehmann 1962, Annals of Mathematical Statistics 33:482-497 (ranks).
    """
    _check_options(statistic, alternative, draws, level)
    sample = _units(outcome, treated, clusters, blocks, statistic)
    assignments = prod(block.assignments for block in sample.blocks)
    exact = assignments <= max(ENUMERATED_UP_TO, draws)
    curves = _curves(sample, statistic, exact, draws, seed)
    slack = TIE * float(np.abs(curves.top[0]).max()) if curves.bottom is None else 0.0
    found = {side: _p(curves.statistics(0.0), side, exact, slack) for side in get_args(Alternative)}

    def p(distance: float) -> float:
        return _p(curves.statistics(sample.value - distance), "two-sided", exact, slack)

    wanted = interval and statistic != "rank"
    ends = limits(p, sample.value, float(curves.top[0].std()) or 1.0, 1 - level) if wanted else (None, None)
    used = len(curves.top[0]) - 1
    how = f"all {used} possible assignments" if exact else f"{used} seeded draws of the assignment"
    note = NOTE.format(how=how, measured=MEASURED[statistic], counted=COUNTED[alternative])
    observed = float(curves.statistics(0.0)[0])
    result = Inference(sample.value, None, *ends, observed, None, found[alternative])
    # Swapping arms of equal size in every block gives the same distance from zero, so two-sided p cannot be 1 / used.
    both = 2 if alternative == "two-sided" and sample.mirrored else 1
    smallest = both / used if exact else 1 / (1 + used)
    return RandomisationTest(
        result,
        found["greater"],
        found["less"],
        assignments if assignments <= 10**15 else None,
        used,
        exact,
        smallest,
        note,
    )


@dataclass(frozen=True)
class _Units:
    """Blocks of units in an order that codes do not decide, the estimate, and whether every block splits in half."""

    blocks: tuple[Block, ...]
    value: float
    mirrored: bool
    paired: bool


def _check_options(statistic: str, alternative: str, draws: int, level: float) -> None:
    known = statistic in get_args(Statistic) and alternative in get_args(Alternative)
    if not known or draws < 99 or not 0 < level < 1:
        raise ValueError("Unknown statistic or alternative, fewer than 99 draws, or a level not between 0 and 1.")


def _units(
    outcome: Array, treated: NDArray[np.bool_], clusters: Codes | None, blocks: Codes | None, statistic: str
) -> _Units:
    outcome, treated = np.asarray(outcome, dtype=float), np.asarray(treated, dtype=bool)
    n = len(outcome)
    if outcome.ndim != 1 or treated.shape != (n,) or n == 0 or not np.isfinite(outcome.sum()):
        raise ValueError("The outcome and the arm are (n,) and the outcome finite.")
    block_of = np.zeros(n, dtype=int) if blocks is None else np.unique(blocks, return_inverse=True)[1]
    unit_of = np.arange(n) if clusters is None else np.unique(clusters, return_inverse=True)[1]
    first = np.zeros(unit_of.max() + 1, dtype=int)
    first[unit_of] = np.arange(n)
    _check_whole(treated != treated[first][unit_of], SPLIT, "Compare people, or give the clusters that were assigned.")
    _check_whole(block_of != block_of[first][unit_of], SPLIT_BLOCK, "Give the blocks within which clusters were drawn.")
    centred = outcome - outcome.mean()
    measured = _ranks(centred, block_of) if statistic == "rank" else centred
    size = np.bincount(unit_of).astype(float)
    totals = [np.asarray(np.bincount(unit_of, values), dtype=float) for values in (measured, centred)]
    arm, home = treated[first], block_of[first]
    order = np.lexsort([arm, size, totals[1], home])
    cuts = np.flatnonzero(np.diff(home[order])) + 1
    made = [_block(arm[rows], size[rows], totals[0][rows], totals[1][rows]) for rows in np.split(order, cuts)]
    made.sort(key=lambda pair: (len(pair[0].treated), pair[1], tuple(pair[0].loads[:, 0])))
    halves = all(2 * block.treated.sum() == len(block.treated) for block, _ in made)
    return _Units(
        tuple(block for block, _ in made),
        _value([pair[1] for pair in made], made),
        halves,
        all(len(block.treated) == 2 for block, _ in made),
    )


def _value(differences: list[float], made: list[tuple[Block, float]]) -> float:
    """Differences of blocks, averaged by people."""
    people = np.array([block.loads[:, 2].sum() for block, _ in made])
    return float(np.array(differences) @ people / people.sum())


def _check_whole(broken: NDArray[np.bool_], reason: str, alternative: str) -> None:
    if broken.any():
        raise EstimationRefusal(reason, alternative)


def _block(arm: NDArray[np.bool_], size: Array, measured: Array, total: Array) -> tuple[Block, float]:
    """One block, and its difference in means of the outcome itself.

    Loads: y, x, n, y^2, yx, x^2, yn, xn, n^2, where y is the unit's total, n its people, x its treated people.
    """
    if arm.all() or not arm.any():
        raise EstimationRefusal(ONE_ARM, "Leave that block out, or join it with one drawn alike.")
    x = size * arm
    loads = [measured, x, size, measured**2, measured * x, x**2, measured * size, x * size, size**2]
    difference = total[arm].sum() / size[arm].sum() - total[~arm].sum() / size[~arm].sum()
    return Block(np.column_stack(loads), arm), float(difference)


def _ranks(centred: Array, block_of: Codes) -> Array:
    """Midranks of deviations from block means, centred."""
    means = np.bincount(block_of, centred) / np.bincount(block_of)
    deviations = centred - means[block_of]
    # Deviations that are equal but for rounding must tie.
    scale = float(np.abs(centred).max()) or 1.0
    ranks = rankdata(np.round(deviations / scale, 10))
    return np.asarray(ranks - ranks.mean())


def _curves(sample: _Units, statistic: str, exact: bool, draws: int, seed: int) -> Curves:
    generator = np.random.Generator(np.random.PCG64(seed))
    people = sum(float(block.loads[:, 2].sum()) for block in sample.blocks)
    total: Array | None = None
    for block in sample.blocks:
        share = float(block.loads[:, 2].sum()) / people
        sums = _block_sums(block, statistic, exact, draws, generator)
        pieces = _pieces(sums, block, share, statistic, sample.paired)
        total = pieces if total is None else _joined(total, pieces, exact)
    if total is None:
        raise ValueError("There is no block.")
    if statistic != "studentised":
        return Curves((total[:, 0], total[:, 1]), None)
    bottom = [total[:, 2], total[:, 3], total[:, 4]]
    if sample.paired:
        B = len(sample.blocks)
        crossed = (total[:, 0] ** 2, total[:, 0] * total[:, 1], total[:, 1] ** 2)
        bottom = [B / (B - 1) * (part - square / B) for part, square in zip(bottom, crossed, strict=True)]
    return Curves((total[:, 0], total[:, 1]), (bottom[0], bottom[1], bottom[2]))


def _block_sums(block: Block, statistic: str, exact: bool, draws: int, generator: np.random.Generator) -> Array:
    """Sums of the loads over treated units, the observed assignment first; shape (1 + used, 9)."""
    needed = list(range(9)) if statistic == "studentised" else [0, 1, 2]
    alone = bool((block.loads[:, 2] == 1).all())
    # Among single people n and n^2 are 1, and x^2, yn, xn repeat x, y, x: not summed again.
    distinct = [i for i in needed if not alone or i in (0, 1, 3, 4)]
    slim = Block(block.loads[:, distinct], block.treated)
    drawn = all_sums(slim) if exact else drawn_sums(slim, draws, generator)
    sums = np.zeros((len(drawn) + 1, 9))
    sums[0, distinct], sums[1:, distinct] = slim.loads[block.treated].sum(axis=0), drawn
    if alone:
        sums[:, [2, 8]] = block.treated.sum()
        sums[:, [5, 6, 7]] = sums[:, [1, 0, 1]]
    return sums


def _pieces(sums: Array, block: Block, share: float, statistic: str, paired: bool) -> Array:
    """Share times the block's difference, of y and of x, and what its squared standard error is made of."""
    rest = block.loads.sum(axis=0) - sums
    means = [(part[:, 0] / part[:, 2], part[:, 1] / part[:, 2]) for part in (sums, rest)]
    top = [share * (means[0][i] - means[1][i]) for i in range(2)]
    if statistic != "studentised":
        return np.column_stack(top)
    if paired:
        return np.column_stack([*top, top[0] ** 2, top[0] * top[1], top[1] ** 2])
    count = int(block.treated.sum()), int((~block.treated).sum())
    if min(count) < 2:
        raise EstimationRefusal(NO_SPREAD, "Use the difference in means itself, or its ranks.")
    bottom: list[Array] = [np.zeros(len(sums)) for _ in range(3)]
    for part, (y, x), units in zip((sums, rest), means, count, strict=True):
        factor = share**2 * units / (units - 1) / part[:, 2] ** 2
        bottom[0] += factor * (part[:, 3] - 2 * y * part[:, 6] + y**2 * part[:, 8])
        bottom[1] += factor * (part[:, 4] - y * part[:, 7] - x * part[:, 6] + x * y * part[:, 8])
        bottom[2] += factor * (part[:, 5] - 2 * x * part[:, 7] + x**2 * part[:, 8])
    return np.column_stack([*top, np.maximum(bottom[0], 0), bottom[1], np.maximum(bottom[2], 0)])


def _joined(total: Array, pieces: Array, exact: bool) -> Array:
    """Add a block: draw by draw, or every assignment of it to every one so far; the observed stays first."""
    if not exact:
        return total + pieces
    every = (total[1:, None, :] + pieces[None, 1:, :]).reshape(-1, total.shape[1])
    return np.concatenate([total[:1] + pieces[:1], every])


def _p(statistics: Array, side: str, exact: bool, slack: float) -> float:
    observed, drawn = statistics[0], statistics[1:]
    if side == "less":
        observed, drawn = -observed, -drawn
    if side == "two-sided":
        observed, drawn = abs(observed), np.abs(drawn)
    count = int((drawn >= observed - abs(observed if np.isfinite(observed) else 0.0) * TIE - slack).sum())
    return count / len(drawn) if exact else (1 + count) / (1 + len(drawn))
