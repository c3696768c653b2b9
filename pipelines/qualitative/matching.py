"""How a file's own copies of passages agree with the passages found, for every way of counting positions at once."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

from pipelines.qualitative.boundaries import BLANK, BREAK, Kinds, kinds_of
from pipelines.qualitative.copies import compare, has_controls
from pipelines.qualitative.models import Checked
from pipelines.qualitative.offsets import Integers
from pipelines.qualitative.ways import Placings, Shelf

Flags = npt.NDArray[np.bool_]

FAILED, EXACT, NAME, SNIPPET = range(4)
MATCHES: tuple[Checked, ...] = ("failed", "exact", "name", "snippet")
"""How a copy agrees, by the numbers of `Evidence.matches`."""
_SPACES = np.array([chr(each).isspace() for each in range(0x3002)])
"""Which code points are white space; none beyond these is."""
# How far a glance at the ends of a passage goes.
_GLANCE = 30


def matches_of(shelf: Shelf, copies: Sequence[str], named: Flags, cut: Flags, found: Placings) -> Kinds:
    """Compare copies with the passages found; only those whose first and last characters agree are looked at."""
    matches = np.zeros(found.starts.shape, dtype=np.uint8)
    stripped = [each.strip() for each in copies]
    firsts, lasts = _code_points([each[:1] for each in stripped]), _code_points([each[-1:] for each in stripped])
    origins = shelf.origins[shelf.which]
    able = named & (found.ends > found.starts)
    able &= _alike(shelf, found.starts + origins, firsts) & (cut | _alike(shelf, found.ends + origins - 1, lasts))
    rows, columns = np.nonzero(able)
    starts, ends = (found.starts + origins)[rows, columns], (found.ends + origins)[rows, columns]
    matches[rows, columns] = _Comparing(shelf, copies, stripped, cut.tolist()).matches(columns, starts, ends)
    return matches


def _code_points(characters: Sequence[str]) -> Integers:
    """Return the code points of single characters; 0 for none."""
    together = "".join(characters if "" not in characters else [each or "\0" for each in characters])
    return np.frombuffer(together.encode("utf-32-le", "surrogatepass"), dtype="<u4").astype(np.int64)


class _Measured(NamedTuple):
    """Copies, and how long they are."""

    texts: Sequence[str]
    lengths: Integers

    @classmethod
    def of(cls, texts: Sequence[str]) -> _Measured:
        return cls(texts, np.fromiter(map(len, texts), dtype=np.int64, count=len(texts)))


class _Comparing:
    """Copies against the passages where some way of counting finds them.

    The copy as it is, or without blanks around it, nearly always holds under the right way, so that is looked at first
    for all; of what is left, ways agree on most, so each pair is compared once.
    """

    def __init__(self, shelf: Shelf, copies: Sequence[str], stripped: Sequence[str], cut: Sequence[bool]) -> None:
        self._text, self._points = shelf.text.canonical, shelf.text.code_points
        # As attributes in XML have their line breaks and tabs.
        self._blanked = self._text.replace("\n", " ").replace("\t", " ")
        self._copies, self._stripped, self._cut = _Measured.of(copies), _Measured.of(stripped), cut
        self._which = shelf.which.tolist()
        self._by_words = [not has_controls(each.canonical) for each in shelf.texts]
        self._known: dict[tuple[int, int, int], int] = {}

    def matches(self, columns: Integers, starts: Integers, ends: Integers) -> Kinds:
        """Say how copies of selections, by their numbers, agree with passages of the joined text."""
        found = np.full(len(columns), FAILED, dtype=np.uint8)
        first, last = _trimmed(self._points, starts, ends)
        left = np.arange(len(columns))
        for text, match in ((self._text, EXACT), (self._blanked, NAME)):
            left = self._note(found, left, self._equal(text, starts, ends, self._copies, columns, left), match)
        left = self._note(found, left, self._again(columns, first, last, found, left), NAME)
        for text in (self._blanked, self._text):
            left = self._note(found, left, self._equal(text, first, last, self._stripped, columns, left), NAME)
        others = (each[left].tolist() for each in (columns, first, last, starts, ends))
        found[left] = [self._compared(*each) for each in zip(*others, strict=True)]
        return found

    @staticmethod
    def _note(found: Kinds, left: Integers, equal: Flags, match: int) -> Integers:
        """Note a match of some that were left; return those still left."""
        found[left[equal]] = match
        return left[~equal]

    def _equal(
        self, text: str, starts: Integers, ends: Integers, copies: _Measured, columns: Integers, left: Integers
    ) -> Flags:
        """Whether the passages left are the copies of their selections; most others differ in length."""
        equal = ends[left] - starts[left] == copies.lengths[columns[left]]
        likely = left[equal]
        asked = zip(starts[likely].tolist(), columns[likely].tolist(), strict=True)
        # Of equal length: looked at in place, which costs less than cutting each out.
        equal[equal] = [text.startswith(copies.texts[column], start) for start, column in asked]
        return equal

    def _again(self, columns: Integers, first: Integers, last: Integers, found: Kinds, left: Integers) -> Flags:
        """Whether the passages left are, but for blanks around them, where the same copies were found already."""
        known = np.flatnonzero(found != FAILED)
        at = np.full((2, len(self._which)), -1, dtype=np.int64)
        at[:, columns[known]] = first[known], last[known]
        return np.asarray((at[:, columns[left]] == (first[left], last[left])).all(axis=0))

    def _compared(self, column: int, first: int, last: int, start: int, end: int) -> int:
        place, stripped, cut = (column, first, last), self._stripped.texts[column], self._cut[column]
        match = self._known.get(place)
        if match is None:
            by_words = self._by_words[self._which[column]]
            match = self._known[place] = _match(self._text, first, last, stripped, cut=cut, by_words=by_words)
        if match == FAILED and cut and last < end:
            # Cut where the passage's last word ends, with only blanks behind: trimmed, it is no longer than its copy.
            match = MATCHES.index(compare(self._text[start:end], stripped))
        return match


def _trimmed(points: npt.NDArray[np.integer[Any]], starts: Integers, ends: Integers) -> tuple[Integers, Integers]:
    """Return passages without the white space around them."""
    firsts, lasts = starts.copy(), ends.copy()
    for places, at, step in ((firsts, 0, 1), (lasts, -1, -1)):
        open_ = np.arange(len(places))
        while len(open_):
            open_ = open_[firsts[open_] < lasts[open_]]
            open_ = open_[_SPACES[np.minimum(points[places[open_] + at].astype(np.int64), len(_SPACES) - 1)]]
            places[open_] += step
    return firsts, lasts


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
