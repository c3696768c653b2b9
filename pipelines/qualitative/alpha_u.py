"""Krippendorff's alpha_U: agreement on where passages begin and end, not only on what they are.

For coders who each cut a text into passages of their own. Alpha for units fixed beforehand belongs in alpha.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from pipelines.qualitative.ratings import Coefficient
from pipelines.qualitative.units import joined

Spans = NDArray[np.int64]

NOT_UNITISED_TWICE = "No text was worked through by two coders, so nothing can be compared."
NO_PASSAGE = "Nobody used the code in what was coded twice, so there is nothing to agree on."
EVERYTHING = "Every coder put the code on the whole of every text, so agreement cannot be told from chance."
TOO_SHORT = "The texts are too short for passages to lie anywhere else, so agreement cannot be told from chance."


@dataclass(frozen=True)
class Continuum:
    """One text and the passages that each of its coders marked with one code.

    Parameters
    ----------
    length : int
        Length of the text, at least 1.
    marked : tuple of (start, length) pairs, one tuple for each coder who worked through the text
        Positions count from the text's beginning. Passages of one coder that overlap are joined; empty ones are left
        out.
    """

    length: int
    marked: tuple[tuple[tuple[int, int], ...], ...]


class Disagreement(NamedTuple):
    """Observed and expected disagreement, on one scale; `excluded` says why there is none."""

    observed: float
    expected: float
    excluded: str = ""


def alpha_u(continua: Sequence[Continuum]) -> Coefficient:
    """Return alpha_U of one code.

    Texts stand side by side: a passage cannot lie across two of them, so their order is of no consequence. With one
    text this is the published coefficient. Texts with more coders weigh by their coders, as units do in alpha.

    Parameters
    ----------
    continua : sequence of Continuum
        Texts; those that fewer than two coders worked through do not count.

    Raises
    ------
    ValueError
        A passage lies outside its text.

    References
    ----------
    Krippendorff 1995, Sociological Methodology 25:47-76; Krippendorff 2004, Content Analysis, 2nd ed., pp. 251-256.
    """
    found = disagreement(continua)
    return Coefficient(None, found.excluded) if found.excluded else Coefficient(1 - found.observed / found.expected)


def alpha_u_overall(codes: Iterable[Sequence[Continuum]]) -> Coefficient:
    """Return alpha_U over several codes: disagreements are summed before they are compared.

    Codes for which alpha_U is undefined add nothing; undefined when that is all of them.
    """
    found = [disagreement(continua) for continua in codes]
    counted = [each for each in found if not each.excluded]
    if not counted:
        return Coefficient(None, found[0].excluded if found else NO_PASSAGE)
    return Coefficient(1 - sum(each.observed for each in counted) / sum(each.expected for each in counted))


def disagreement(continua: Sequence[Continuum]) -> Disagreement:
    """Return observed and expected disagreement on one code, both times the length of all texts (that cancels)."""
    texts = [_Text.of(continuum) for continuum in continua if len(continuum.marked) >= 2]
    if not texts:
        return Disagreement(0.0, 0.0, NOT_UNITISED_TWICE)
    units, gaps = (np.concatenate([lengths for text in texts for lengths in getattr(text, f)]) for f in _LENGTHS)
    if not len(units):
        return Disagreement(0.0, 0.0, NO_PASSAGE)
    if not len(gaps) and len(units) == sum(len(text.units) for text in texts):
        return Disagreement(0.0, 0.0, EVERYTHING)
    laid = float(sum(text.length * len(text.units) for text in texts))
    expected = _expected(units.astype(float), np.sort(gaps.astype(float)), laid)
    observed = sum(text.disagreed() / (len(text.units) - 1) for text in texts) / laid
    return Disagreement(observed, expected) if expected > 0 else Disagreement(0.0, 0.0, TOO_SHORT)


_LENGTHS = ("units", "gaps")


@dataclass(frozen=True)
class _Text:
    """A text with each coder's passages and gaps: starts and lengths, ascending."""

    length: int
    starts: tuple[Spans, ...]
    units: tuple[Spans, ...]
    gap_starts: tuple[Spans, ...]
    gaps: tuple[Spans, ...]

    @classmethod
    def of(cls, continuum: Continuum) -> _Text:
        laid = [_joined(continuum.length, marked) for marked in continuum.marked]
        between = [_gaps(continuum.length, spans) for spans in laid]
        columns = [tuple(spans[:, column] for spans in side) for side in (laid, between) for column in (0, 1)]
        return cls(continuum.length, *columns)

    def disagreed(self) -> float:
        """Return the squared differences summed over all ordered pairs of coders."""
        coders = range(len(self.units))
        return sum(self._between(i, j) for i in coders for j in coders if i != j)

    def _between(self, i: int, j: int) -> float:
        """Return one direction: overlapping passages once (twice over both), each one that lies in a gap twice."""
        begin, length = self.starts[i], self.units[i]
        other, others = self.starts[j], self.units[j]
        # Passages of one coder never overlap, so those that meet a passage follow each other.
        first = np.searchsorted(other + others, begin, side="right")
        last = np.searchsorted(other, begin + length, side="left")
        meets = np.maximum(last - first, 0)
        mine = np.repeat(np.arange(len(begin)), meets)
        theirs = np.repeat(first - (np.cumsum(meets) - meets), meets) + np.arange(meets.sum())
        apart_start = (begin[mine] - other[theirs]).astype(float)
        apart_end = apart_start + length[mine] - others[theirs]
        alone = length[meets == 0].astype(float)
        return float((apart_start**2 + apart_end**2).sum() + 2 * (alone**2).sum())


def _expected(units: NDArray[np.float64], gaps: NDArray[np.float64], laid: float) -> float:
    """Return what passages of these lengths would disagree if they lay anywhere, times half the texts' length."""
    wide = np.searchsorted(gaps, units, side="left")
    beyond = np.concatenate([np.cumsum(gaps[::-1])[::-1], [0.0]])
    places = beyond[wide] - (len(gaps) - wide) * (units - 1)
    meeting = (len(units) - 1) / 3 * (2 * units**3 - 3 * units**2 + units)
    return float(2 * (meeting + units**2 * places).sum() / (laid * (laid - 1) - (units * (units - 1)).sum()))


def _joined(length: int, marked: Sequence[tuple[int, int]]) -> Spans:
    """Return passages as (start, length), ascending, overlapping ones joined and empty ones left out."""
    if any(start < 0 or extent < 0 or start + extent > length for start, extent in marked):
        raise ValueError("a passage lies outside its text")
    places = joined((start, start + extent) for start, extent in marked if extent)
    return np.array([(start, end - start) for start, end in places], dtype=np.int64).reshape(-1, 2)


def _gaps(length: int, spans: Spans) -> Spans:
    begins = np.concatenate([[0], spans.sum(axis=1)])
    extents = np.concatenate([spans[:, 0], [length]]) - begins
    return np.column_stack([begins, extents])[extents > 0]
