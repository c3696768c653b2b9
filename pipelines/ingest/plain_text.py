"""Whether DuckDB reads a text file, as it lies, exactly as the rules of CSV say: proven byte by byte beforehand.

DuckDB passes in silence over blank lines, over one empty cell too many at the end of a row (which hides a row shifted
by a comma without quotation marks) and over blanks around quotation marks. Files with any of these are for text_rows.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Protocol

import numpy as np
import numpy.typing as npt

CHUNK = 1 << 18
"""Pieces that stay in the processor's cache: 2 GB are proven in the time that DuckDB takes for 100 MB."""
LONGEST_ROW = 1 << 20
"""DuckDB takes rows of up to two million bytes."""
MARK = b"\xef\xbb\xbf"
LF, CR, QUOTE = 10, 13, 34

Flags = npt.NDArray[np.bool_]
Places = npt.NDArray[np.intp]


@dataclass(frozen=True)
class Piece:
    """Some bytes of a file, with the two before and the one after; outside the file, line ends."""

    whole: bytes

    @cached_property
    def around(self) -> npt.NDArray[np.uint8]:
        """The same as numbers."""
        return np.frombuffer(self.whole, dtype=np.uint8)

    def are(self, byte: int, shift: int = 0) -> Flags:
        """Tell which bytes, or which neighbours of bytes, are a given one."""
        return np.asarray(self.around[2 + shift : len(self.around) - 1 + shift] == byte)


class Passing(Protocol):
    """Whoever wants to see the rows of the file as its pieces pass."""

    def take(self, content: bytes, cuts: Flags, closing: Places) -> None:
        """See a piece: which bytes are delimiters and where rows end, outside quotation marks."""


@dataclass
class Counts:
    """What has been seen so far, outside quotation marks."""

    delimiter: int
    width: int = 2
    rows: int = 0
    delimiters: int = 0
    carriages: int = 0
    since: int = 0
    """Bytes since a row ended."""
    open: int = 0
    """1 while a quotation mark waits for its partner."""
    last: int = LF
    line: int = 0
    """Delimiters, also those between quotation marks, since a line ended."""
    doubtful: bool = False
    """True when the line break before stands between quotation marks, and the line that it ends is as wide as a row."""
    passing: Passing | None = None

    def width_is(self, width: int) -> bool:
        """Tell whether the rows, none of which DuckDB lets be too short, have so many columns and end in one way."""
        unended = self.last != LF
        even = self.delimiters == (self.rows + unended) * (width - 1)
        swallowed = self.doubtful and self.line == width - 1
        return even and self.carriages in (0, self.rows) and self.last != CR and not self.open and not swallowed


def is_plain(path: Path, delimiter: str, quote: str, width: int, passing: Passing | None = None) -> bool:
    """Tell whether a UTF-8 file has only rows of the header's width, in one dialect without any licence.

    `passing` sees every row of a plain file, and the first ones of any other.
    """
    if width < 2 or quote != '"' or len(delimiter.encode()) > 1 or not _has_a_header_of_one_line(path):
        return False
    counts = Counts(ord(delimiter), width, passing=passing)
    return all(_is_sound(content, around, counts) for content, around in _pieces(path)) and counts.width_is(width)


def _has_a_header_of_one_line(path: Path) -> bool:
    """DuckDB takes the first line break, though between quotation marks, for the kind that ends rows."""
    with path.open("rb") as file:
        first = file.readline(LONGEST_ROW).removesuffix(b"\n").removesuffix(b"\r")
    return first.count(b'"') % 2 == 0 and b"\r" not in first


def _pieces(path: Path) -> Iterator[tuple[bytes, Piece]]:
    with path.open("rb") as file:
        file.seek(len(MARK) if file.read(len(MARK)) == MARK else 0)
        before, content = b"\n\n", file.read(CHUNK)
        while content:
            following = file.read(CHUNK)
            around = b"".join((before, content, following[:1] or b"\n"))
            yield content, Piece(around)
            before, content = (before + content)[-2:], following


def _is_sound(content: bytes, piece: Piece, counts: Counts) -> bool:
    """Count rows and delimiters of a piece; return False at the first licence."""
    if b"\0" in content or (b"\\" in content and b'\\"' in content):
        return False
    breaks, cuts, outside = piece.are(LF), piece.are(counts.delimiter), None
    if _has_other_signs(content, piece, breaks, counts.delimiter):
        return False
    ends = breaks
    if counts.open or b'"' in content:
        outside = _outside(piece, counts)
        if outside is None:
            return False
        ends, cuts = breaks & outside, cuts & outside
    if _may_swallow(content, piece, breaks, None if outside is None else ends, counts):
        return False
    closing = np.flatnonzero(ends)
    found = len(closing)
    counts.rows += found
    counts.delimiters += int(np.count_nonzero(cuts))
    counts.since = 0 if found else counts.since + len(content)
    counts.last = content[-1]
    if counts.passing:
        counts.passing.take(content, cuts, closing)
    blank = (ends & piece.are(LF, -1)).any()
    return counts.since < LONGEST_ROW and not blank and _has_sound_returns(piece, ends, outside, counts)


def _has_other_signs(content: bytes, piece: Piece, breaks: Flags, delimiter: int) -> bool:
    """Tell whether values may stand between apostrophes or be formulas, or a line be drawn below the names.

    To look for three letters takes fifty times as long as to look for one, so that is done only where a row begins
    with the second of them.
    """
    if (b"'" in content and b"'%c'" % delimiter in content) or (b'"' in content and b'=""' in content):
        return True
    drawn = (b"\n--", b"\n==", b'\n"--', b"\n:-", b"\n%c--" % delimiter, b"\n%c -" % delimiter)
    return any(rule[1] in content and (breaks & piece.are(rule[1], 1)).any() and rule in content for rule in drawn)


def _may_swallow(content: bytes, piece: Piece, breaks: Flags, ends: Flags | None, counts: Counts) -> bool:
    """Tell whether a line break between quotation marks stands between two lines that are as wide as a row is.

    Then a quotation mark too many may have made one row of two, which is for `swallowed_rows` to say. Without `ends`
    every line break ends a row.
    """
    last = content.rfind(b"\n")
    if last < 0:
        counts.line += content.count(counts.delimiter)
        return False
    if counts.doubtful or ends is not None:
        places = np.flatnonzero(breaks)
        inner = np.zeros(len(places), dtype=bool) if ends is None else ~ends[places]
        if counts.doubtful or inner.any():
            so_far = np.cumsum(piece.are(counts.delimiter))[places]
            widths = np.diff(so_far, prepend=np.int64(-counts.line)) == counts.width - 1
            doubtful = inner & widths
            if (counts.doubtful and widths[0]) or (doubtful[:-1] & widths[1:]).any():
                return True
            counts.doubtful = bool(doubtful[-1])
    counts.line = content.count(counts.delimiter, last + 1)
    return False


def _has_sound_returns(piece: Piece, ends: Flags, outside: Flags | None, counts: Counts) -> bool:
    """Tell whether each CR belongs to the LF after it, and none of the two ends a blank line."""
    if b"\r" not in piece.whole:
        return True
    returns = piece.are(CR) if outside is None else piece.are(CR) & outside
    counts.carriages += int(np.count_nonzero(returns))
    blank = ends & piece.are(CR, -1) & piece.are(LF, -2)
    return not blank.any() and not (returns & ~piece.are(LF, 1)).any()


def _outside(piece: Piece, counts: Counts) -> Flags | None:
    """Return which bytes stand outside quotation marks; None where one opens or closes in the middle of a value."""
    marks = piece.are(QUOTE)
    inside = np.bitwise_xor.accumulate(marks.view(np.uint8)) ^ np.uint8(counts.open)
    counts.open = int(inside[-1])
    places = np.flatnonzero(marks)
    neighbours = np.where(inside[places] == 1, piece.around[places + 1], piece.around[places + 3])
    is_border = np.zeros(256, dtype=bool)
    is_border[[counts.delimiter, LF, CR, QUOTE]] = True
    return inside == 0 if is_border[neighbours].all() else None
