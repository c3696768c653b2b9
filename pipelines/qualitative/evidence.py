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
    kinds_at,
    kinds_of,
    starts_at,
)
from pipelines.qualitative.copies import compare, has_controls, may_be_cut
from pipelines.qualitative.models import Checked
from pipelines.qualitative.offsets import Integers, SourceText, clipped
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


def weigh(text: SourceText, selections: Sequence[Selection], ways: Ways, usual: tuple[Numbers, Numbers]) -> Evidence:
    """Gather the evidence of n selections under R ways of counting; `usual` as `usual_rates` says."""
    copies = [each.copy if each.copy.strip() else "" for each in selections]
    starts, ends = clipped([each.start for each in selections]), clipped([each.end for each in selections])
    lengths = np.array([len(each) for each in copies], dtype=np.float64)
    named = (lengths > 0) & (starts <= ends)
    cut = named & np.array([may_be_cut(each) for each in copies])
    forward = starts < ends
    return Evidence(
        copy_worth=np.where(named, np.minimum(_COPY, _PER_CHARACTER * lengths), 0.0),
        matches=_matches(text, copies, named, cut, ways),
        start_kinds=starts_at(text, ways.starts),
        end_kinds=ends_at(text, ways.ends),
        start_weights=_weights(starts, forward & ~named),
        end_weights=_weights(ends, forward & (~named | cut)),
        copy_weights=_weights(_pairs(starts, ends), named),
        usual=usual,
    )


def _counts(kinds: Kinds, weights: Numbers) -> Numbers:
    return np.stack([(kinds == kind) @ weights for kind in range(len(_FITS))], axis=1)


def _weights(positions: Integers, counted: Flags) -> Numbers:
    """Share the weight of a position among the selections that have it; 0 for those that do not count."""
    _, which = np.unique(positions, return_inverse=True)
    sizes = np.bincount(which[counted], minlength=len(positions))
    return np.where(counted, 1.0 / np.maximum(sizes[which], 1), 0.0)


def _pairs(starts: Integers, ends: Integers) -> Integers:
    """Return a number for each pair, the same for equal pairs."""
    first, second = (np.unique(each, return_inverse=True)[1] for each in (starts, ends))
    pairs: Integers = first * len(ends) + second
    return pairs


def _ratios(blank: float, inside: float, usual: Numbers) -> Numbers:
    real = np.array([0.0, blank, _ODD, inside])
    real[GOOD] = max(1.0 - real.sum(), 0.05)
    ratios = np.full(len(usual), _IMPOSSIBLE)
    ratios[:IMPOSSIBLE] = np.minimum(np.maximum(np.log(real / usual[:IMPOSSIBLE]), _IMPOSSIBLE), _MOST)
    return ratios


def _matches(text: SourceText, copies: Sequence[str], named: Flags, cut: Flags, ways: Ways) -> Kinds:
    """Compare copies with the passages found; only those whose first and last characters agree are looked at."""
    matches = np.zeros(ways.starts.shape, dtype=np.uint8)
    if not named.any():
        return matches
    firsts, lasts = (np.array([ord(each.strip()[k]) if each else 0 for each in copies]) for k in (0, -1))
    able = named & (ways.ends > ways.starts)
    able &= _alike(text, ways.starts, firsts) & (cut | _alike(text, ways.ends - 1, lasts))
    stripped = [each.strip() for each in copies]
    by_words = not has_controls(text.canonical)
    known: dict[tuple[int, int, int], int] = {}
    rows, columns = np.nonzero(able)
    starts, ends = ways.starts[rows, columns].tolist(), ways.ends[rows, columns].tolist()
    found = np.zeros(len(rows), dtype=np.uint8)
    for k, (column, start, end) in enumerate(zip(columns.tolist(), starts, ends, strict=True)):
        if text.canonical[start:end] == copies[column]:  # nearly always so under the right way of counting
            found[k] = EXACT
            continue
        first, last = _trimmed(text.canonical, start, end)
        place = (column, first, last)
        match = known.get(place)
        if match is None:
            match = _match(text.canonical, first, last, stripped[column], cut=bool(cut[column]), by_words=by_words)
            known[place] = match
        if match == FAILED and cut[column] and last < end:
            # Cut where the passage's last word ends, with only blanks behind: trimmed, it is no longer than its copy.
            match = MATCHES.index(compare(text.canonical[start:end], stripped[column]))
        if match == EXACT and (first, last, stripped[column]) != (start, end, copies[column]):
            match = EXACT if text.canonical[start:end] == copies[column] else NAME
        found[k] = match
    matches[rows, columns] = found
    return matches


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


def _alike(text: SourceText, indices: npt.NDArray[np.int64], wanted: npt.NDArray[np.int64]) -> Flags:
    """Whether the character at each index may be the one wanted, blanks apart."""
    if not text.canonical:
        return np.zeros(indices.shape, dtype=bool)
    points = text.code_points[np.minimum(np.maximum(indices, 0), len(text.canonical) - 1)]
    kinds = kinds_at(text, indices)
    blank = (kinds == BLANK) | (kinds == BREAK)
    return (points == wanted) | blank | (kinds_of(wanted) == BLANK)
