"""Several codes in one cell, told apart although their names may hold the separator.

ATLAS.ti joins a passage's codes by ", ", and lets names hold commas. A cell is split only where the codebook's names,
or the number of codes beside it, leave one way to do it.
"""

from __future__ import annotations

from collections.abc import Collection
from functools import cache

SEPARATOR = ", "
LONGEST = 2_000
"""Pieces of one cell; no passage has more codes."""


class CannotTell(ValueError):
    """A cell's codes cannot be told apart; the message says why, without a name."""


def tidy_code(name: str) -> str:
    """Return a code's name with single ordinary blanks: exports differ in thin and trailing ones."""
    return " ".join(name.split())


def split_codes(cell: str, known: Collection[str], count: int | None) -> tuple[str, ...]:
    """Return the codes of a cell.

    Parameters
    ----------
    cell
        Names joined by ", ", or one a line.
    known
        Tidy names of the codebook; may be empty.
    count
        How many codes the row says it has; None where it does not say.

    Raises
    ------
    CannotTell
        No way, or more than one way, of splitting the cell gives known names, as many as there should be.
    """
    lines = [line.strip().removesuffix(",").rstrip() for line in cell.splitlines() if line.strip()]
    if len(lines) > 1:
        found = tuple(name for line in lines for name in _of_line(line, known, None))
        if count is not None and len(found) != count:
            raise CannotTell("there are not as many codes as the row says")
        return found
    return _of_line(lines[0], known, count) if lines else ()


def _of_line(line: str, known: Collection[str], count: int | None) -> tuple[str, ...]:
    pieces = [tidy_code(piece) for piece in line.split(SEPARATOR)]
    if len(pieces) > LONGEST:
        raise CannotTell("there are too many codes")
    ways = [way for way in _ways(pieces, known) if count is None or len(way) == count]
    if len(ways) == 1:
        return ways[0]
    if len(ways) > 1:
        raise CannotTell("the codebook's names fit in several ways")
    # As many pieces as codes: no name in this cell can hold the separator.
    if len(pieces) == (1 if count is None else count):
        return tuple(pieces)
    raise CannotTell("no names of the codebook fit" if known else "there is no codebook, and a name holds a comma")


def _ways(pieces: list[str], known: Collection[str]) -> list[tuple[str, ...]]:
    """Return at most a few ways of splitting into known names, those with the longest names first."""
    most = max((name.count(SEPARATOR) for name in known), default=0) + 1

    @cache
    def onwards(start: int) -> tuple[tuple[str, ...], ...]:
        if start == len(pieces):
            return ((),)
        found: list[tuple[str, ...]] = []
        for end in range(min(len(pieces), start + most), start, -1):
            name = SEPARATOR.join(pieces[start:end])
            if name in known:
                found += [(name, *rest) for rest in onwards(end)]
        return tuple(found[:50])

    # From the end on, so that no call goes deeper than one level: cells may be long.
    for start in range(len(pieces), -1, -1):
        onwards(start)
    return list(onwards(0))


def path_of(name: str, known: Collection[str], separators: tuple[str, ...] = (": ",)) -> tuple[str, ...]:
    """Return the path of a code whose name begins with that of another code, as ATLAS.ti writes subcodes."""
    for separator in separators:
        at = name.rfind(separator)
        while at > 0:
            if (above := tidy_code(name[:at])) in known:
                return (*path_of(above, known, separators), name[at + len(separator) :].strip())
            at = name.rfind(separator, 0, at)
    return (name,)
