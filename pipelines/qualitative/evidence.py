"""What a document's passages say for and against each way of counting its positions, as log-likelihood ratios.

The alternative is always a position without meaning in the same text: how often those look well placed is counted in
the text itself. Which way wins, and what becomes of each passage, is decided in positions.py.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np
import numpy.typing as npt

from pipelines.qualitative.boundaries import (
    BLANK_SIDE,
    GOOD,
    IMPOSSIBLE,
    INSIDE,
    Kinds,
    ends_at,
    starts_at,
    usual_rates,
)
from pipelines.qualitative.copies import may_be_cut
from pipelines.qualitative.matching import Flags, matches_of
from pipelines.qualitative.offsets import Integers
from pipelines.qualitative.ways import Placings, Shelf, Ways, distinct

Numbers = npt.NDArray[np.float64]

# How often passages that people chose start and end so; the rest is GOOD. INSIDE, and blanks at ends, are then counted.
_BLANK_START, _BLANK_END, _ODD, _INSIDE = 0.05, 0.12, 0.02, 0.02
_INSIDE_WEIGHT, _BLANK_WEIGHT = 50.0, 15.0
_IMPOSSIBLE, _MOST = -5.0, 4.0
# A copy is right by chance about once in a few hundred places for two letters, and never for a sentence. One that is
# only the start of the passage says little beside one that is the passage.
_PER_CHARACTER, _COPY, _NAME_LESS, _SNIPPET_LESS, _MISMATCH = 2.0, 12.0, 0.5, 7.5, -7.0
_FITS = np.array([1.0, 0.5, 0.5, 0.0, 0.0])
# On the scale of `score`, a copy weighs as much as four passages without.
_COPY_FITS = np.array([0.0, 4.0, 3.5, 3.4])


@dataclass(frozen=True)
class Rates:
    """The log-likelihood ratios of the five kinds of starts and of ends."""

    starts: Numbers
    ends: Numbers


@dataclass(frozen=True)
class Evidence:
    """What n selections show under R ways of counting.

    `matches` says how the file's copy agrees, `start_kinds` and `end_kinds` what both ends are to a passage, each
    R x n. Weights are those of single positions: what several passages share counts once. Where a whole copy exists,
    ends tell nothing more; where a cut one does, the end still does. `start_counts` and `end_counts`, R x 5, say how
    much weight each kind has under each way.
    """

    ways: Ways
    copy_worth: Numbers
    matches: Kinds
    start_kinds: Kinds
    end_kinds: Kinds
    start_weights: Numbers
    end_weights: Numbers
    copy_weights: Numbers
    start_counts: Numbers
    end_counts: Numbers
    usual: tuple[Numbers, Numbers]

    @cached_property
    def named(self) -> bool:
        """Whether there is any copy."""
        return bool(self.copy_worth.any())

    @cached_property
    def copy_ratios(self) -> Numbers:
        """The log-likelihood ratio of each selection's copy under each way; R x n, 0 where there is none."""
        worth = self.copy_worth
        by_match = np.stack([np.full_like(worth, _MISMATCH), worth, worth - _NAME_LESS, worth - _SNIPPET_LESS])
        return np.where(worth > 0, by_match[self.matches, np.arange(len(worth))], 0.0)

    def rates(self, row: int | None = None) -> Rates:
        """Return the usual ratios, or those that fit how sloppily people chose passages under one way of counting."""
        inside = [_INSIDE, _INSIDE]
        blank_end = _BLANK_END
        if row is not None:
            seen = self.start_counts[row] + self.end_counts[row]
            inside = [(seen[INSIDE] + _INSIDE * _INSIDE_WEIGHT) / (seen.sum() + _INSIDE_WEIGHT)] * 2
            ends = self.end_counts[row]
            blank_end = (ends[BLANK_SIDE] + _BLANK_END * _BLANK_WEIGHT) / (ends.sum() + _BLANK_WEIGHT)
        starts, ends_ = (
            _ratios(blank, within, usual)
            for blank, within, usual in zip((_BLANK_START, blank_end), inside, self.usual, strict=True)
        )
        return Rates(starts, ends_)

    def totals(self, rates: Rates) -> Numbers:
        """Return the evidence for each of R ways."""
        boundaries: Numbers = self.start_counts @ rates.starts + self.end_counts @ rates.ends
        return boundaries + self.copy_ratios @ self.copy_weights if self.named else boundaries

    def sides(self, row: int, rates: Rates) -> tuple[float, float]:
        """Return the evidence that the starts alone, and the ends alone, give for one way of counting."""
        return float(self.start_counts[row] @ rates.starts), float(self.end_counts[row] @ rates.ends)

    def possible(self, rates: Rates) -> float:
        """Return what the evidence would be if every passage fitted."""
        ends = self.start_weights.sum() * rates.starts[GOOD] + self.end_weights.sum() * rates.ends[GOOD]
        return float(ends + self.copy_worth @ self.copy_weights)

    def of_each(self, row: int, rates: Rates) -> Numbers:
        """Return the evidence that each of n selections gives for one way of counting, shared positions in full."""
        starts = np.where(self.start_weights > 0, rates.starts[self.start_kinds[row]], 0.0)
        ends: Numbers = np.where(self.end_weights > 0, rates.ends[self.end_kinds[row]], 0.0)
        return starts + ends + self.copy_ratios[row] if self.named else starts + ends

    def scores(self) -> Numbers:
        """Return for each of R ways the share, 0 to 1, of what could fit and does."""
        fits = (self.start_counts @ _FITS + self.end_counts @ _FITS) / 2
        most = (self.start_weights.sum() + self.end_weights.sum()) / 2
        if self.named:
            fits = fits + np.where(self.copy_worth > 0, _COPY_FITS[self.matches], 0.0) @ self.copy_weights
            most += _COPY_FITS.max() * self.copy_weights[self.copy_worth > 0].sum()
        return fits / most if most > 0 else np.zeros(len(fits))


def weigh(shelf: Shelf, found: Placings) -> list[Evidence]:
    """Gather the evidence of the selections of D texts under M conventions; return that of each text."""
    starts, ends = shelf.starts, shelf.ends
    worth, named, cut, matches = _copies(shelf, found)
    forward = starts < ends
    possible = found.starts >= 0
    start_kinds = starts_at(shelf.pairs, np.where(possible, found.starts + shelf.origins[shelf.which], 0), possible)
    end_kinds = ends_at(shelf.pairs, np.where(possible, found.ends + shelf.origins[shelf.which], 0), possible)
    start_weights = _weights(_pairs(shelf.which, starts), forward & ~named)
    end_weights = _weights(_pairs(shelf.which, ends), forward & (~named | cut))
    copy_weights = _weights(_pairs(_pairs(shelf.which, starts), ends), named) if named.any() else np.zeros(len(starts))
    start_counts = _counts(start_kinds, start_weights, shelf)
    end_counts = _counts(end_kinds, end_weights, shelf)
    gathered = []
    for number, columns in enumerate(shelf.columns):
        ways = distinct(found, columns)
        rows = ways.rows if len(ways.rows) < len(found.conventions) else slice(None)
        gathered.append(
            Evidence(
                ways,
                copy_worth=worth[columns],
                matches=matches[rows, columns],
                start_kinds=start_kinds[rows, columns],
                end_kinds=end_kinds[rows, columns],
                start_weights=start_weights[columns],
                end_weights=end_weights[columns],
                copy_weights=copy_weights[columns],
                start_counts=start_counts[rows, number],
                end_counts=end_counts[rows, number],
                usual=usual_rates(shelf.pairs_in(number)),
            )
        )
    return gathered


def _copies(shelf: Shelf, found: Placings) -> tuple[Numbers, Flags, Flags, Kinds]:
    """Return for n selections what their copies are worth, whether they count, may be cut, and how they agree."""
    size = len(shelf.which)
    if not any(each.named for each in shelf.selections):
        nothing, none = np.zeros(size), np.zeros(size, dtype=bool)
        return nothing, none, none, np.zeros(found.starts.shape, dtype=np.uint8)
    copies = ["" if each.isspace() else each for each in shelf.copies]
    lengths = np.fromiter(map(len, copies), dtype=np.float64, count=size)
    named = (lengths > 0) & (shelf.starts <= shelf.ends)
    cut = named & np.fromiter(map(may_be_cut, copies), dtype=bool, count=size)
    worth: Numbers = np.where(named, np.minimum(_COPY, _PER_CHARACTER * lengths), 0.0)
    return worth, named, cut, matches_of(shelf, copies, named, cut, found)


def _counts(kinds: Kinds, weights: Numbers, shelf: Shelf) -> Numbers:
    """Return how much weight each kind has under each of M conventions in each of D texts; M x D x 5."""
    rows, texts, sorts = len(kinds), len(shelf.counts), len(_FITS)
    bins = kinds + (np.arange(rows)[:, None] * texts + shelf.which) * sorts
    repeated = np.broadcast_to(weights, kinds.shape)
    counts = np.bincount(bins.ravel(), repeated.ravel(), minlength=rows * texts * sorts)
    return np.asarray(counts, dtype=np.float64).reshape(rows, texts, sorts)


def _weights(positions: Integers, counted: Flags) -> Numbers:
    """Share the weight of a position among the selections that have it; 0 for those that do not count."""
    sizes = np.bincount(positions[counted], minlength=len(positions))
    return np.where(counted, 1.0 / np.maximum(sizes[positions], 1), 0.0)


def _pairs(first: Integers, second: Integers) -> Integers:
    """Return a number below n for each of n pairs, the same for equal pairs; `first` are numbers below n."""
    among = np.unique(second, return_inverse=True)[1]
    pairs: Integers = np.unique(first * len(second) + among, return_inverse=True)[1]
    return pairs


def _ratios(blank: float, inside: float, usual: Numbers) -> Numbers:
    real = np.array([0.0, blank, _ODD, inside])
    real[GOOD] = max(1.0 - real.sum(), 0.05)
    ratios = np.full(len(usual), _IMPOSSIBLE)
    ratios[:IMPOSSIBLE] = np.minimum(np.maximum(np.log(real / usual[:IMPOSSIBLE]), _IMPOSSIBLE), _MOST)
    return ratios
