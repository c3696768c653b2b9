"""How a file's own copies of passages agree with the passages found, for every way of counting positions at once."""

from __future__ import annotations

from collections.abc import Sequence

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
# How far a glance at the ends of a passage goes.
_GLANCE = 30


def matches_of(shelf: Shelf, copies: Sequence[str], named: Flags, cut: Flags, found: Placings) -> Kinds:
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
        copy = self._copies[column]
        # One or the other nearly always holds under the right way of counting.
        if self._blanked[start:end] == copy or self._text[start:end] == copy:
            return EXACT if self._text[start:end] == copy else NAME
        place = (column, start, end)
        match = self._known.get(place)
        if match is None:
            match = self._known[place] = self._compared(column, start, end)
        return match

    def _compared(self, column: int, start: int, end: int) -> int:
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
