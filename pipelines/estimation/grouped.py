"""Which rows belong to which cluster, handed out in stacks of clusters of one size; rows stay where they are.

Belongs here: bookkeeping of clusters. No estimation does.
"""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Codes = NDArray[np.int64]

# Rows held at a time beside the data themselves: bounds memory, and fits a processor's cache.
ROWS_AT_A_TIME = 1 << 15


@dataclass(frozen=True)
class Grouped:
    """Which rows belong to which cluster.

    Parameters
    ----------
    order : array of int, shape (n,), or None
        Rows in order of their cluster's code; None when they came so.
    starts, sizes : array of int, shape (G,)
        Where each cluster starts in that order, and its number of rows.
    """

    order: Codes | None
    starts: Codes
    sizes: Codes

    def membership(self) -> Codes:
        """Number of the cluster of each row, shape (n,)."""
        ordered = np.repeat(np.arange(len(self.sizes)), self.sizes)
        if self.order is None:
            return ordered
        member = np.empty_like(ordered)
        member[self.order] = ordered
        return member

    def rows(self, cluster: int) -> Codes | slice:
        """Rows of one cluster."""
        return self._at(slice(int(self.starts[cluster]), int(self.starts[cluster] + self.sizes[cluster])))

    def stacks(self) -> Iterator[tuple[Codes, Codes | slice]]:
        """Clusters of equal size, m at a time: their numbers, and their rows, m * size of them."""
        for size in np.unique(self.sizes):
            members = np.flatnonzero(self.sizes == size)
            at_a_time = max(1, ROWS_AT_A_TIME // int(size))
            for first in range(0, len(members), at_a_time):
                yield self._stack(members[first : first + at_a_time], int(size))

    def _stack(self, members: Codes, size: int) -> tuple[Codes, Codes | slice]:
        start = int(self.starts[members[0]])
        if members[-1] - members[0] == len(members) - 1:
            return members, self._at(slice(start, start + size * len(members)))
        return members, self._at((self.starts[members][:, None] + np.arange(size)).ravel())

    def _at(self, where: Codes | slice) -> Codes | slice:
        return where if self.order is None else self.order[where]


def grouped(codes: Codes) -> Grouped:
    """Order rows by cluster.

    Parameters
    ----------
    codes : array of int, shape (n,)
        Code of the cluster of each row; any whole numbers.

    Returns
    -------
    Grouped
        Order, starts and sizes of the G clusters.

    Raises
    ------
    ValueError
        If there is no row, or codes are not whole numbers.
    """
    codes = np.asarray(codes)
    if codes.ndim != 1 or len(codes) == 0 or codes.dtype.kind not in "iub":
        raise ValueError("Clusters are whole numbers, one per row, and at least one row.")
    order = None if (codes[1:] >= codes[:-1]).all() else np.argsort(_small(codes), kind="stable")
    ordered = codes if order is None else codes[order]
    starts = np.flatnonzero(np.concatenate([[True], ordered[1:] != ordered[:-1]]))
    return Grouped(order, starts, np.diff(np.append(starts, len(codes))))


def _small(codes: Codes) -> NDArray[np.integer]:
    """Codes in 16 bits where they fit, which numpy sorts in linear time."""
    low = codes.min()
    return (codes - low).astype(np.uint16) if int(codes.max()) - int(low) < 1 << 16 else codes
