r"""Texts and the ways in which tools count positions in them. Which way a file uses is decided in positions.py.

Canonical text has LF line breaks and no byte order mark, and its positions are code points (as DuckDB's ``substring``
counts). It is never normalised: composing characters would move every position behind them.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from functools import cached_property
from itertools import product
from typing import NamedTuple, get_args

import numpy as np
import numpy.typing as npt

from pipelines.qualitative.models import Newline, NotReadable, Unit

_BREAK = re.compile(r"\r\n|\r|\n")
_LF, _BEYOND_ASCII, _BOTH_KINDS = 10, 0x80, 2
# From these code points on, a character takes one more code unit.
_WIDER_FROM: dict[Unit, tuple[int, ...]] = {
    "code points": (),
    "utf-16": (0x10000,),
    "utf-8 bytes": (0x80, 0x800, 0x10000),
}
_FARTHEST = 2**60

Integers = npt.NDArray[np.int64]


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
    has_bom: bool = False

    @cached_property
    def code_points(self) -> npt.NDArray[np.uint8] | npt.NDArray[np.uint32]:
        """The canonical text's code points, a byte each where they are ASCII."""
        if self.canonical.isascii():
            return np.frombuffer(self.canonical.encode("ascii"), dtype=np.uint8)
        return np.frombuffer(self.canonical.encode("utf-32-le", "surrogatepass"), dtype="<u4")

    @cached_property
    def special(self) -> Integers:
        """Where characters stand that take more than one unit somewhere, line breaks among them."""
        points = self.code_points
        found = points == _LF
        if points.dtype.itemsize > 1:
            found |= points >= _BEYOND_ASCII
        return np.flatnonzero(found)

    @cached_property
    def special_breaks(self) -> npt.NDArray[np.bool_]:
        """Which of the special characters are line breaks."""
        return self.code_points[self.special] == _LF

    @cached_property
    def break_lengths(self) -> Integers:
        """How many characters each line break has in the file."""
        if len(self.kinds_of_breaks) < _BOTH_KINDS:
            return np.full(self.canonical.count("\n"), max(self.kinds_of_breaks, default=1), dtype=np.int64)
        return np.array([len(each[0]) for each in _BREAK.finditer(self.raw)], dtype=np.int64)

    @cached_property
    def kinds_of_breaks(self) -> frozenset[int]:
        """The different lengths of its line breaks."""
        pairs, every = self.raw.count("\r\n"), self.canonical.count("\n")
        return frozenset(({2} if pairs else set()) | ({1} if every > pairs else set()))

    @cached_property
    def units(self) -> tuple[Unit, ...]:
        """For each unit the simplest one that counts this text as it does, in the order of `Unit`."""
        plain: Unit = "code points"
        if self.canonical.isascii():
            return plain, plain, plain
        in_pairs = len(self.canonical.encode("utf-16-le", "surrogatepass")) > 2 * len(self.canonical)
        return plain, "utf-16" if in_pairs else plain, "utf-8 bytes"


def source_text(text: str) -> SourceText:
    """Split a text into what was delivered and what is canonical."""
    body = text.removeprefix("\ufeff")
    canonical = body.replace("\r\n", "\n").replace("\r", "\n") if "\r" in body else body
    return SourceText(raw=body, canonical=canonical, has_bom=body != text)


def decode(content: bytes) -> SourceText:
    """Decode the bytes of a plain text source: UTF-8, or UTF-16 if its mark says so.

    Raises
    ------
    NotReadable
        The bytes are not valid; the message names the first bad byte's place and never shows text.
    """
    encoding = "utf-16" if content[:2] in (b"\xff\xfe", b"\xfe\xff") else "utf-8"
    try:
        text = content.decode(encoding)
    except UnicodeDecodeError as fault:
        raise NotReadable(f"byte {fault.start + 1} is not valid {encoding.upper()}") from None
    # The utf-16 codec has eaten the mark that told it the byte order.
    return source_text("\ufeff" + text if encoding == "utf-16" else text)


def conventions(text: SourceText) -> tuple[Convention, ...]:
    """List the ways of counting worth trying on a text, the standard's own first."""
    newlines: tuple[Newline, ...] = ("lf", "crlf") if text.kinds_of_breaks else ("lf",)
    newlines += ("as in the file",) if len(text.kinds_of_breaks) > 1 else ()
    boms = (False, True) if text.has_bom else (False,)
    return tuple(Convention(*each) for each in product(_WIDER_FROM, newlines, boms, (False, True)))


class OffsetMap:
    """Positions of one way of counting against code points over canonical text.

    Only characters that take more than one unit are laid out, so that a long text costs little.
    """

    def __init__(self, text: SourceText, convention: Convention) -> None:
        """Lay out the characters that take more than one unit."""
        self._places, is_break = text.special, text.special_breaks
        points, extra = text.code_points[self._places], np.zeros(len(self._places), dtype=np.int64)
        for limit in _WIDER_FROM[convention.unit]:
            extra += points >= limit
        if convention.newline != "lf":
            extra[is_break] += 1 if convention.newline == "crlf" else text.break_lengths - 1
        self._total = np.zeros(len(extra) + 1, dtype=np.int64)
        np.cumsum(extra, out=self._total[1:])
        self._starts = self._places + self._total[:-1]
        # By how many of those characters start before a position or at it: the last of them, none standing first.
        self._last = np.concatenate(([-1], self._places))
        self._last_starts = np.concatenate(([-1], self._starts))
        self._last_is_break = np.concatenate(([False], is_break))
        self._length = len(text.canonical)
        self._mark, self._end_shift = mark_width(convention), int(convention.end_inclusive)

    def indices(self, positions: Integers) -> Integers:
        """Return the code point at each of n positions; -1 outside the text or inside a character.

        Between CR and LF counts as before the line break: tools leave selections there.
        """
        asked = positions - self._mark
        before = np.searchsorted(self._starts, asked, side="right")
        found = asked - self._total[before]
        last = self._last[before]
        within = found <= last
        found[within] = last[within]
        inside = within & (asked != self._last_starts[before]) & ~self._last_is_break[before]
        found[inside | (asked < 0) | (found > self._length)] = -1
        return found

    def canonical(self, position: int) -> int | None:
        """Return the code point at a position; None outside the text or inside a character."""
        index = int(self.indices(clipped([position]))[0])
        return None if index < 0 else index

    def span(self, start: int, end: int) -> tuple[int, int] | None:
        """Return a canonical span, end exclusive; None if an end is no position or lies before the start."""
        first, last = self.canonical(start), self.canonical(end + self._end_shift)
        return None if first is None or last is None or last < first else (first, last)

    def delivered(self, indices: Integers) -> Integers:
        """Return the positions of n canonical code points in the delivered file's way of counting."""
        positions: Integers = indices + self._total[np.searchsorted(self._places, indices)] + self._mark
        return positions


def telling_unit(text: SourceText, unit: Unit) -> Unit:
    """Return the simplest unit that counts this text as the given one does."""
    return text.units[get_args(Unit).index(unit)]


def clipped(positions: list[int]) -> Integers:
    """Return positions as numbers of 64 bits; what is far outside any text stays so."""
    try:
        return np.minimum(np.maximum(np.array(positions, dtype=np.int64), -_FARTHEST), _FARTHEST)
    except OverflowError:
        return np.array([min(max(each, -_FARTHEST), _FARTHEST) for each in positions], dtype=np.int64)


def mark_width(convention: Convention) -> int:
    """Return the width of a counted byte order mark: three bytes in UTF-8, else one unit."""
    return convention.bom_counted * (3 if convention.unit == "utf-8 bytes" else 1)
