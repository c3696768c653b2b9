"""Whether a position lies between words: what honest passages show without any copy of their words.

Characters are only told apart by kind, one byte for each.
"""

from __future__ import annotations

import unicodedata
from itertools import product
from typing import Any

import numpy as np
import numpy.typing as npt

from pipelines.qualitative.offsets import Integers, SourceText

BLANK, BREAK, WORD, EXTENDS, JOINER, OPENING, CLOSING, APOSTROPHE, SIGN = range(9)
_UNKNOWN = 255
# What a position is to a passage that starts or ends there.
GOOD, BLANK_SIDE, ODD, INSIDE, IMPOSSIBLE = range(5)

Kinds = npt.NDArray[np.uint8]

_KINDS = np.full(0x110000, _UNKNOWN, dtype=np.uint8)
"""A memo of kinds by code point, filled as characters are met."""
_CLOSING_SIGNS = ".,;:!?%\u2026"
# Scripts that do not part words by blanks: between two of their signs nothing is known.
_WITHOUT_BLANKS = ((0x0E00, 0x0EFF), (0x1000, 0x109F), (0x1780, 0x17FF), (0x3040, 0x30FF), (0x3400, 0x9FFF))
_PAIRS = 9
# As in English prose; a text's own positions outweigh them.
_USUAL = np.array([0.20, 0.18, 0.03, 0.59, 0.0])
_USUAL_WEIGHT, _SAMPLE = 50, 2_000
# Long texts are looked through piece by piece.
_PIECE = 1 << 20


def kinds_of(code_points: npt.NDArray[np.integer[Any]]) -> Kinds:
    """Return the kinds of characters."""
    kinds = _KINDS[code_points]
    unknown = np.unique(code_points[kinds == _UNKNOWN])
    if len(unknown):
        _KINDS[unknown] = [_kind(chr(each)) for each in unknown.tolist()]
        kinds = _KINDS[code_points]
    return kinds


def _kind(character: str) -> int:
    category, point = unicodedata.category(character), ord(character)
    if character in "\n\r\u2028\u2029":
        return BREAK
    if character.isspace() or category == "Cc" or point in (0xFFFE, 0xFFFF):
        return BLANK
    if character in "'\u2019":
        return APOSTROPHE
    if character == "\u200d":
        return JOINER
    if category[0] == "M" or 0x1F3FB <= point <= 0x1F3FF:
        return EXTENDS
    if point >= 0x20000 or any(first <= point <= last for first, last in _WITHOUT_BLANKS):
        return SIGN
    if character.isalnum() or character == "_":
        return WORD
    if category in ("Pe", "Pf") or character in _CLOSING_SIGNS:
        return CLOSING
    return OPENING if category in ("Ps", "Pi") else SIGN


def _inside(before: int, at: int) -> bool:
    """Whether a position lies inside a word, or inside a character made of several code points."""
    if at in (EXTENDS, JOINER) or before == JOINER:
        return before not in (BLANK, BREAK)
    return before in (WORD, EXTENDS) and at == WORD


def _start(before: int, at: int) -> int:
    """Say what a position is to a passage that starts there: real ones seldom start with blanks or full stops."""
    if _inside(before, at):
        return INSIDE
    if at in (BLANK, BREAK):
        return BLANK_SIDE
    apostrophe = {before, at} == {WORD, APOSTROPHE}
    return ODD if apostrophe or (at == CLOSING and before not in (BLANK, BREAK)) else GOOD


def _end(before: int, at: int) -> int:
    """Say what a position is to a passage that ends there; taking a line break along is common."""
    if _inside(before, at):
        return INSIDE
    if before == BLANK or (before == BREAK and at in (BLANK, BREAK)):
        return BLANK_SIDE
    return ODD if before == OPENING or {before, at} == {WORD, APOSTROPHE} else GOOD


_STARTS, _ENDS = (
    np.array([judge(*pair) for pair in product(range(_PAIRS), repeat=2)], dtype=np.uint8) for judge in (_start, _end)
)


def pairs_of(text: SourceText) -> Kinds:
    """Number the kinds of the characters before and at each of a text's n code points; before the first is a blank."""
    points = text.code_points
    pairs = np.empty(len(points), dtype=np.uint8)
    before = BLANK
    for first in range(0, len(points), _PIECE):
        kinds = kinds_of(points[first : first + _PIECE])
        piece = pairs[first : first + _PIECE]
        piece[:] = kinds
        piece[0] += before * _PAIRS
        piece[1:] += kinds[:-1] * np.uint8(_PAIRS)
        before = int(kinds[-1])
    return pairs


def starts_at(pairs: Kinds, indices: Integers, possible: npt.NDArray[np.bool_]) -> Kinds:
    """Return what each index is to a passage that starts there; IMPOSSIBLE where it is no place."""
    return np.where(possible, _STARTS[pairs[indices]], np.uint8(IMPOSSIBLE))


def ends_at(pairs: Kinds, indices: Integers, possible: npt.NDArray[np.bool_]) -> Kinds:
    """Return what each index is to a passage that ends there; IMPOSSIBLE where it is no place."""
    return np.where(possible, _ENDS[pairs[indices]], np.uint8(IMPOSSIBLE))


def usual_rates(pairs: Kinds) -> tuple[npt.NDArray[np.float64], npt.NDArray[np.float64]]:
    """Return how often positions without any meaning would be what to a start, and to an end, in a text.

    Parameters
    ----------
    pairs
        Of the positions of the text, from before its first character to behind its last.
    """
    size = len(pairs) - 1
    sample = pairs if size < _SAMPLE else pairs[np.linspace(0, size, _SAMPLE).astype(np.int64)]
    found = np.bincount(sample, minlength=_PAIRS * _PAIRS)
    starts, ends = (
        np.bincount(table, weights=found, minlength=len(_USUAL)) + _USUAL_WEIGHT * _USUAL for table in (_STARTS, _ENDS)
    )
    return starts / starts.sum(), ends / ends.sum()


def splits_word(text: str, index: int) -> bool:
    """Whether a position lies inside a word, or inside a character made of several code points."""
    return 0 < index < len(text) and _inside(*(_kind(each) for each in text[index - 1 : index + 1]))
