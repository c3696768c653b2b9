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
    Kinds,
    ends_at,
    kinds_of,
    starts_at,
    usual_rates,
)
from pipelines.qualitative.copies import compare, has_controls, may_be_cut
from pipelines.qualitative.models import Checked
from pipelines.qualitative.offsets import Integers
from pipelines.qualitative.ways import Placings, Shelf, Ways, distinct

Numbers = npt.NDArray[np.float64]
Flags = npt.NDArray[np.bool_]

# How often passages that people chose start and end so; the rest is GOOD. INSIDE, and blanks at ends, are then counted.
_BLANK_START, _BLANK_END, _ODD, _INSIDE = 0.05, 0.12, 0.02, 0.02
_INSIDE_WEIGHT, _BLANK_WEIGHT = 50.0, 15.0
_IMPOSSIBLE, _MOST = -5.0, 4.0
# A copy is right by chance about once in a few hundred places for two letters, and never for a sentence. One that is
# only the start of the passage says little beside one that is the passage.
_PER_CHARACTER, _COPY, _NAME_LESS, _SNIPPET_LESS, _MISMATCH = 2.0, 12.0, 0.5, 7.5, -7.0
FAILED, EXACT, NAME, SNIPPET = range(4)
MATCHES: tuple[Checked, ...] = ("failed", "exact", "name", "snippet")
"""How a copy agrees, by the numbers of `Evidence.matches`."""
# How far a glance at the ends of a passage goes.
_GLANCE = 30
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
    copies = [each if each.strip() else "" for each in shelf.copies]
    lengths = np.array([len(each) for each in copies], dtype=np.float64)
    named = (lengths > 0) & (shelf.starts <= shelf.ends)
    cut = named & np.array([may_be_cut(each) for each in copies])
    worth: Numbers = np.where(named, np.minimum(_COPY, _PER_CHARACTER * lengths), 0.0)
    return worth, named, cut, _matches(shelf, copies, named, cut, found)


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


def _matches(shelf: Shelf, copies: Sequence[str], named: Flags, cut: Flags, found: Placings) -> Kinds:
    """Compare copies with the passages found; only those whose first and last characters agree are looked at."""
    matches = np.zeros(found.starts.shape, dtype=np.uint8)
    stripped = [each.strip() for each in copies]
    firsts, lasts = (np.array([ord(each[k]) if each else 0 for each in stripped]) for k in (0, -1))
    origins = shelf.origins[shelf.which]
    able = named & (found.ends > found.starts)
    able &= _alike(shelf, found.starts + origins, firsts) & (cut | _alike(shelf, found.ends + origins - 1, lasts))
    rows, columns = np.nonzero(able)
    comparing = _Comparing(shelf, copies, stripped, cut.tolist())
    starts, ends = (found.starts + origins)[rows, columns], (found.ends + origins)[rows, columns]
    matches[rows, columns] = [
        comparing.match(*each) for each in zip(columns.tolist(), starts.tolist(), ends.tolist(), strict=True)
    ]
    return matches


class _Comparing:
    """Copies against the passages where some way of counting finds them; ways agree on most, so each pair once."""

    def __init__(self, shelf: Shelf, copies: Sequence[str], stripped: Sequence[str], cut: Sequence[bool]) -> None:
        self._text = shelf.text.canonical
        # As attributes in XML have their line breaks and tabs.
        self._blanked = self._text.replace("\n", " ").replace("\t", " ")
        self._copies, self._stripped, self._cut = copies, stripped, cut
        self._which = shelf.which.tolist()
        self._by_words = [not has_controls(each.canonical) for each in shelf.texts]
        self._known: dict[tuple[int, int, int], int] = {}
        self._trimmed: dict[tuple[int, int, int], int] = {}

    def match(self, column: int, start: int, end: int) -> int:
        """Say how the copy of a selection agrees with a passage of the joined text."""
        place = (column, start, end)
        match = self._known.get(place)
        if match is None:
            match = self._known[place] = self._compared(column, start, end)
        return match

    def _compared(self, column: int, start: int, end: int) -> int:
        copy = self._copies[column]
        # One or the other nearly always holds under the right way of counting.
        if self._blanked[start:end] == copy or self._text[start:end] == copy:
            return EXACT if self._text[start:end] == copy else NAME
        text, stripped, cut = self._text, self._stripped[column], self._cut[column]
        first, last = _trimmed(text, start, end)
        if self._blanked[first:last] == stripped or text[first:last] == stripped:
            return NAME
        match = self._trimmed.get((column, first, last))
        if match is None:
            by_words = self._by_words[self._which[column]]
            match = _match(text, first, last, stripped, cut=cut, by_words=by_words)
            self._trimmed[column, first, last] = match
        if match == FAILED and cut and last < end:
            # Cut where the passage's last word ends, with only blanks behind: trimmed, it is no longer than its copy.
            match = MATCHES.index(compare(text[start:end], stripped))
        return match


def _trimmed(text: str, start: int, end: int) -> tuple[int, int]:
    while start < end and text[start].isspace():
        start += 1
    while start < end and text[end - 1].isspace():
        end -= 1
    return start, end


def _match(text: str, start: int, end: int, copy: str, *, cut: bool, by_words: bool) -> int:
    if by_words and _other_words(text, start, end, copy, cut=cut):
        return FAILED
    passage = text[start:end]
    if passage == copy:
        return EXACT
    if by_words and not cut:
        return NAME if passage.split() == copy.split() else FAILED
    return MATCHES.index(compare(passage, copy))


def _other_words(text: str, start: int, end: int, copy: str, *, cut: bool) -> bool:
    """Whether a passage's first or last word is another than its copy's, at a glance: most wrong passages' are."""
    found, wanted = text[start : min(start + _GLANCE, end)].split(None, 1), copy[:_GLANCE].split(None, 1)
    if len(found) > 1 and len(wanted) > 1 and found[0] != wanted[0]:
        return True
    found, wanted = text[max(end - _GLANCE, start) : end].rsplit(None, 1), copy[-_GLANCE:].rsplit(None, 1)
    return not cut and len(found) > 1 and len(wanted) > 1 and found[1] != wanted[1]


def _alike(shelf: Shelf, indices: Integers, wanted: Integers) -> Flags:
    """Whether the character at each index of the joined text may be the one wanted, blanks apart."""
    points = shelf.text.code_points[np.maximum(indices, 0)]
    kinds = kinds_of(points)
    return (points == wanted) | (kinds == BLANK) | (kinds == BREAK) | (kinds_of(wanted) == BLANK)
