"""What a document's passages say for and against each way of counting its positions, as log-likelihood ratios.

The alternative is always a position without meaning in the same text: how often those look well placed is counted in
the text itself. Which way wins, and what becomes of each passage, is decided in positions.py.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np
import numpy.typing as npt

from pipelines.qualitative.boundaries import (
    BLANK,
    BLANK_SIDE,
    BREAK,
    GOOD,
    IMPOSSIBLE,
    INSIDE,
    ODD,
    Kinds,
    ends_at,
    kinds_at,
    kinds_of,
    starts_at,
    usual_rates,
)
from pipelines.qualitative.copies import comparable, compare, may_be_cut
from pipelines.qualitative.models import Checked
from pipelines.qualitative.offsets import SourceText
from pipelines.qualitative.ways import Selection, Ways

Numbers = npt.NDArray[np.float64]
Flags = npt.NDArray[np.bool_]

# How often passages that people chose start and end so; the rest is GOOD. INSIDE, and blanks at ends, are then counted.
_BLANK_START, _BLANK_END, _ODD, _INSIDE = 0.05, 0.12, 0.02, 0.02
_INSIDE_WEIGHT, _BLANK_WEIGHT = 50.0, 15.0
_IMPOSSIBLE, _MOST = -5.0, 4.0
# A copy is right by chance about once in a few hundred places for two letters, and never for a sentence. One that is
# only the start of the passage says little beside one that is the passage.
_PER_CHARACTER, _COPY, _NAME_LESS, _SNIPPET_LESS, _MISMATCH = 2.0, 12.0, 0.5, 7.5, -7.0
MATCHES: tuple[Checked, ...] = ("failed", "exact", "name", "snippet")
"""How a copy agrees, by the numbers of `Evidence.matches`."""
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
    ends tell nothing more; where a cut one does, the end still does.
    """

    copy_worth: Numbers
    matches: Kinds
    start_kinds: Kinds
    end_kinds: Kinds
    start_weights: Numbers
    end_weights: Numbers
    copy_weights: Numbers
    usual: tuple[Numbers, Numbers]

    @cached_property
    def start_counts(self) -> Numbers:
        """How much weight each kind of start has under each way; R x 5."""
        return _counts(self.start_kinds, self.start_weights)

    @cached_property
    def end_counts(self) -> Numbers:
        """How much weight each kind of end has under each way; R x 5."""
        return _counts(self.end_kinds, self.end_weights)

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
        boundaries = self.start_counts @ rates.starts + self.end_counts @ rates.ends
        return boundaries + self.copy_ratios @ self.copy_weights

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
        ends = np.where(self.end_weights > 0, rates.ends[self.end_kinds[row]], 0.0)
        return starts + ends + self.copy_ratios[row]

    def scores(self) -> Numbers:
        """Return for each of R ways the share, 0 to 1, of what could fit and does."""
        fits = (self.start_counts @ _FITS + self.end_counts @ _FITS) / 2
        copies = np.where(self.copy_worth > 0, _COPY_FITS[self.matches], 0.0) @ self.copy_weights
        most = (self.start_weights.sum() + self.end_weights.sum()) / 2
        most += _COPY_FITS.max() * self.copy_weights[self.copy_worth > 0].sum()
        return (fits + copies) / most if most > 0 else np.zeros(len(fits))


def weigh(text: SourceText, selections: Sequence[Selection], ways: Ways) -> Evidence:
    """Gather the evidence of n selections under R ways of counting."""
    copies = [each.copy if each.copy.strip() else "" for each in selections]
    lengths = np.array([len(each) for each in copies], dtype=np.float64)
    named = (lengths > 0) & np.array([each.start <= each.end for each in selections])
    cut = named & np.array([may_be_cut(each) for each in copies])
    forward = np.array([each.start < each.end for each in selections])
    told = [[getattr(each, side) for each in selections] for side in ("start", "end")]
    return Evidence(
        copy_worth=np.where(named, np.minimum(_COPY, _PER_CHARACTER * lengths), 0.0),
        matches=_matches(text, copies, named, cut, ways),
        start_kinds=starts_at(text, ways.starts),
        end_kinds=ends_at(text, ways.ends),
        start_weights=_weights(told[0], forward & ~named),
        end_weights=_weights(told[1], forward & (~named | cut)),
        copy_weights=_weights(list(zip(*told, strict=True)), named),
        usual=usual_rates(text),
    )


def _counts(kinds: Kinds, weights: Numbers) -> Numbers:
    return np.stack([(kinds == kind) @ weights for kind in range(len(_FITS))], axis=1)


def _weights(positions: Sequence[object], counted: Flags) -> Numbers:
    """Share the weight of a position among the selections that have it; 0 for those that do not count."""
    numbers: dict[object, int] = {}
    groups = np.array([numbers.setdefault(each, len(numbers)) for each in positions], dtype=np.intp)
    sizes = np.bincount(groups[counted], minlength=len(numbers))
    return np.where(counted, 1.0 / np.maximum(sizes[groups], 1), 0.0)


def _ratios(blank: float, inside: float, usual: Numbers) -> Numbers:
    real = np.array([0.0, blank, _ODD, inside])
    real[GOOD] = max(1.0 - real.sum(), 0.05)
    ratios = np.full(len(usual), _IMPOSSIBLE)
    ratios[:IMPOSSIBLE] = np.clip(np.log(real / usual[:IMPOSSIBLE]), _IMPOSSIBLE, _MOST)
    return ratios


def _matches(text: SourceText, copies: Sequence[str], named: Flags, cut: Flags, ways: Ways) -> Kinds:
    """Compare copies with the passages found; only those whose first and last characters agree are looked at."""
    matches = np.zeros(ways.starts.shape, dtype=np.uint8)
    firsts, lasts = (np.array([ord(each.strip()[k]) if each else 0 for each in copies]) for k in (0, -1))
    able = named & (ways.ends > ways.starts)
    able &= _alike(text, ways.starts, firsts) & (cut | _alike(text, ways.ends - 1, lasts))
    numbers = {checked: number for number, checked in enumerate(MATCHES)}
    known: dict[tuple[int, int, int], int] = {}
    rows, columns = np.nonzero(able)
    starts, ends = ways.starts[rows, columns].tolist(), ways.ends[rows, columns].tolist()
    for row, column, start, end in zip(rows.tolist(), columns.tolist(), starts, ends, strict=True):
        place = (column, start, end)
        if place not in known:
            known[place] = numbers[compare(text.canonical[start:end], copies[column])]
        matches[row, column] = known[place]
    return matches


def _alike(text: SourceText, indices: npt.NDArray[np.int64], wanted: npt.NDArray[np.int64]) -> Flags:
    """Whether the character at each index may be the one wanted, blanks apart."""
    points = text.code_points[np.clip(indices, 0, max(len(text.canonical) - 1, 0))] if text.canonical else indices
    blank = (kinds_at(text, indices) == BLANK) | (kinds_at(text, indices) == BREAK)
    return (points == wanted) | blank | (kinds_of(wanted) == BLANK)
