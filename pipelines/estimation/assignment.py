"""The assignments that could have been, block by block: all of them, or seeded draws, each as likely as the others.

Units (people, or clusters) are assigned within blocks, a fixed number of them to treatment. That covers complete,
blocked, clustered and paired assignment, and shares that differ between blocks. Coin flips are covered given the
numbers that came up, which is exact as long as units of a block had the same chance.
"""

from dataclasses import dataclass
from itertools import combinations
from math import comb

import numpy as np
from numpy.typing import NDArray

from pipelines.estimation.sample import Array

Bytes = NDArray[np.uint8]

# A block with no more assignments than this is drawn from the list of them.
LISTED = 1 << 12
BYTES_AT_A_TIME = 1 << 19
BITS = np.array([128, 64, 32, 16, 8, 4, 2, 1], dtype=np.uint8)


@dataclass(frozen=True)
class Block:
    """Units that were assigned together.

    Parameters
    ----------
    loads : array, shape (units, l)
        What is to be summed over the treated units.
    treated : array of bool, shape (units,)
        The assignment that was made; at least one unit in each arm.
    """

    loads: Array
    treated: NDArray[np.bool_]

    @property
    def assignments(self) -> int:
        """Ways to choose the treated units."""
        return comb(len(self.treated), int(self.treated.sum()))


def all_sums(block: Block) -> Array:
    """Sums of loads over the treated units, for every assignment of one block; shape (assignments, l)."""
    units, treated = len(block.treated), int(block.treated.sum())
    # The smaller arm is listed: fewer numbers, and the other arm's sums are the rest.
    smaller = min(treated, units - treated)
    chosen = np.fromiter(
        combinations(range(units), smaller), dtype=np.dtype((np.intp, smaller)), count=block.assignments
    )
    sums = block.loads[chosen].sum(axis=1)
    return sums if smaller == treated else block.loads.sum(axis=0) - sums


def drawn_sums(block: Block, draws: int, generator: np.random.Generator) -> Array:
    """Sums of loads over the treated units, for drawn assignments of one block; shape (draws, l)."""
    if block.assignments <= LISTED:
        return all_sums(block)[generator.integers(0, block.assignments, draws)]
    units, treated = len(block.treated), int(block.treated.sum())
    smaller = min(treated, units - treated)
    width = -(-units // 8)
    tables = _tables(block.loads, width)
    at_a_time = max(1, BYTES_AT_A_TIME // width)
    pieces = [
        _looked_up(tables, drawn_subsets(units, smaller, min(at_a_time, draws - first), generator))
        for first in range(0, draws, at_a_time)
    ]
    sums = np.concatenate(pieces)
    return sums if smaller == treated else block.loads.sum(axis=0) - sums


def drawn_subsets(units: int, size: int, draws: int, generator: np.random.Generator) -> Bytes:
    """Uniform subsets of `size` of the units, one bit per unit; shape (draws, units / 8 rounded up).

    Every unit is first thrown in by its own coin; then random members are put out (or others in) until the size is
    right. Given its size, a set made by coins is as likely as any other of that size, and so is what is left of it.
    """
    packed = _coins(units, size, draws, generator)
    surplus = np.bitwise_count(packed).sum(axis=1, dtype=np.int64) - size
    rows = np.flatnonzero(surplus)
    # One long row of bytes, and only what is still wrong: this loop is the cost of drawing.
    flat, begins, over, left = packed.reshape(-1), rows * packed.shape[1], surplus[rows] > 0, np.abs(surplus[rows])
    while len(begins):
        unit = generator.integers(0, units, len(begins))
        place, bit = begins + (unit >> 3), BITS.take(unit & 7)
        right = ((flat.take(place) & bit) > 0) == over
        flat[place[right]] ^= bit[right]
        left -= right
        if not left.all():
            wrong = np.flatnonzero(left)
            begins, over, left = begins.take(wrong), over.take(wrong), left.take(wrong)
    return packed


def _coins(units: int, size: int, draws: int, generator: np.random.Generator) -> Bytes:
    width = -(-units // 8)
    if 2 * size == units:
        packed = generator.integers(0, 256, (draws, width), dtype=np.uint8)
    else:
        # Rather too few than too many: a unit that is out is found sooner than one that is in.
        aim = max(0.0, size - 1.5 * (size * (1 - size / units)) ** 0.5) / units
        packed = np.packbits(generator.integers(0, 256, (draws, units), dtype=np.uint8) < int(256 * aim), axis=1)
    packed[:, -1] &= np.uint8(256 - (1 << (8 * width - units)))
    return packed


def _tables(loads: Array, width: int) -> Array:
    """Sum of each load over every set of eight neighbouring units; shape (l, width * 256)."""
    padded = np.zeros((width * 8, loads.shape[1]))
    padded[: len(loads)] = loads
    bits = np.unpackbits(np.arange(256, dtype=np.uint8)[:, None], axis=1).astype(float)
    return np.ascontiguousarray((bits @ padded.reshape(width, 8, -1)).reshape(width * 256, -1).T)


def _looked_up(tables: Array, packed: Bytes) -> Array:
    where = packed + 256 * np.arange(packed.shape[1], dtype=np.int32)
    return np.stack([table.take(where).sum(axis=1) for table in tables], axis=1)
