r"""Texts and the ways in which tools count positions in them. Which way a file uses is decided in positions.py.

Canonical text has LF line breaks and no byte order mark, and its positions are code points (as DuckDB's ``substring``
counts). It is never normalised: composing characters would move every position behind them.
"""

from __future__ import annotations

import re
import unicodedata
from dataclasses import dataclass, field
from itertools import product
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from pipelines.qualitative.models import Newline, Unit

_BREAK = re.compile(r"\r\n|\r|\n")
_LF = 10
_JOINER, _APOSTROPHES = "\u200d", "'\u2019_"
# From these code points on, a character takes one more code unit.
_WIDER_FROM: dict[Unit, tuple[int, ...]] = {
    "code points": (),
    "utf-16": (0x10000,),
    "utf-8 bytes": (0x80, 0x800, 0x10000),
}


class Convention(NamedTuple):
    """One way of counting positions. `newline`: a line break counts 1 (lf), 2 (crlf), or as the file has it."""

    unit: Unit
    newline: Newline
    bom_counted: bool
    end_inclusive: bool


@dataclass(frozen=True)
class SourceText:
    """A text as delivered: `raw` without its byte order mark, `canonical` with LF, `has_bom` if it had a mark."""

    raw: str = field(repr=False)
    canonical: str = field(repr=False)
    has_bom: bool


def source_text(raw: str) -> SourceText:
    """Split a decoded text into mark, raw and canonical text."""
    body = raw.removeprefix("\ufeff")
    return SourceText(raw=body, canonical=_BREAK.sub("\n", body), has_bom=body != raw)


def decode(content: bytes) -> SourceText:
    """Decode the bytes of a plain text source: UTF-8, or UTF-16 if its mark says so.

    Raises
    ------
    ValueError
        The bytes are not valid; the message names the first bad byte's place and never shows text.
    """
    encoding = "utf-16" if content[:2] in (b"\xff\xfe", b"\xfe\xff") else "utf-8"
    try:
        text = content.decode(encoding)
    except UnicodeDecodeError as fault:
        raise ValueError(f"byte {fault.start + 1} is not valid {encoding.upper()}") from None
    # The utf-16 codec has eaten the mark that told it the byte order.
    return source_text("\ufeff" + text if encoding == "utf-16" else text)


def conventions(text: SourceText) -> tuple[Convention, ...]:
    """List the ways of counting worth trying on a text, the standard's own first."""
    breaks = {each[0] for each in _BREAK.finditer(text.raw)}
    newlines: tuple[Newline, ...] = ("lf", "crlf") if breaks else ("lf",)
    newlines += ("as in the file",) if "\r\n" in breaks and len(breaks) > 1 else ()
    boms = (False, True) if text.has_bom else (False,)
    return tuple(Convention(*each) for each in product(_WIDER_FROM, newlines, boms, (False, True)))


class OffsetMap:
    """Positions of one way of counting against code points over canonical text."""

    def __init__(self, text: SourceText, convention: Convention) -> None:
        """Lay out where each code point of the canonical text begins, in the convention's units; O(length)."""
        code_points = np.frombuffer(text.canonical.encode("utf-32-le"), dtype="<u4")
        widths = np.ones(len(code_points), dtype=np.int64)
        for limit in _WIDER_FROM[convention.unit]:
            widths += code_points >= limit
        self._breaks = code_points == _LF
        widths[self._breaks] += _extra_width_of_breaks(text, convention.newline)
        self._starts = np.concatenate(([0], np.cumsum(widths))) + _mark_width(convention)
        self._end_shift = int(convention.end_inclusive)

    def canonical(self, position: int) -> int | None:
        """Return the code point at a position; None outside the text or inside a character.

        Between CR and LF counts as before the line break: tools leave selections there.
        """
        index = int(np.searchsorted(self._starts, position))
        if index == len(self._starts) or position < self._starts[0]:
            return None
        if self._starts[index] == position:
            return index
        return index - 1 if self._breaks[index - 1] else None

    def span(self, start: int, end: int) -> tuple[int, int] | None:
        """Return a canonical span, end exclusive; None if an end is no position or lies before the start."""
        first, last = self.canonical(start), self.canonical(end + self._end_shift)
        return None if first is None or last is None or last < first else (first, last)

    def delivered(self, index: int) -> int:
        """Return the position of a canonical code point in the delivered file's way of counting."""
        return int(self._starts[index])


def _extra_width_of_breaks(text: SourceText, newline: Newline) -> npt.NDArray[np.int64]:
    lengths = np.array([len(each[0]) - 1 for each in _BREAK.finditer(text.raw)], dtype=np.int64)
    return {"lf": lengths * 0, "crlf": lengths * 0 + 1, "as in the file": lengths}[newline]


def _mark_width(convention: Convention) -> int:
    """Return the width of a counted byte order mark: three bytes in UTF-8, else one unit."""
    return convention.bom_counted * (3 if convention.unit == "utf-8 bytes" else 1)


def splits_word(text: str, index: int) -> bool:
    """Whether a position lies inside a word, or inside a character made of several code points."""
    if not 0 < index < len(text):
        return False
    before, after = text[index - 1], text[index]
    return before == _JOINER or _extends(after) or (_in_word(before) and _in_word(after))


def _extends(character: str) -> bool:
    """Whether a code point belongs to the character before it: marks, joiners, skin tones."""
    return (
        character == _JOINER or unicodedata.category(character)[0] == "M" or "\U0001f3fb" <= character <= "\U0001f3ff"
    )


def _in_word(character: str) -> bool:
    return character.isalnum() or character in _APOSTROPHES or unicodedata.category(character)[0] == "M"
