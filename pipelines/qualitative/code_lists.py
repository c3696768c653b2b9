"""Several codes in one cell, told apart although their names may hold the separator.

ATLAS.ti joins a passage's codes by ", ", and lets names hold commas. A cell is split only where the codebook's names,
or the number of codes beside it, leave one way to do it.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence

SEPARATOR = ", "
LONGEST = 200
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
    if len(lines) > 1 and len(lines) == count:
        return tuple(map(tidy_code, lines))
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
    ways, way = _ways(pieces, known, count)
    if ways == 1:
        return way
    if ways > 1:
        raise CannotTell("the codebook's names fit in several ways")
    # As many pieces as codes: no name in this cell can hold the separator.
    if len(pieces) == (1 if count is None else count):
        return tuple(pieces)
    raise CannotTell("no names of the codebook fit" if known else "there is no codebook, and a name holds a comma")


def _ways(pieces: Sequence[str], known: Collection[str], count: int | None) -> tuple[int, tuple[str, ...]]:
    """Return in how many ways pieces make known names (2 stands for more), and the way, if there is one alone.

    From the end on: `onwards[start]` holds, by number of names, how many ways there are and where the first name ends.
    """
    most = max((name.count(SEPARATOR) for name in known), default=0) + 1
    onwards: list[dict[int, tuple[int, int]]] = [{} for _ in pieces] + [{0: (1, 0)}]
    for start in range(len(pieces) - 1, -1, -1):
        for end in range(start + 1, min(len(pieces), start + most) + 1):
            if SEPARATOR.join(pieces[start:end]) in known:
                for number, (ways, _) in onwards[end].items():
                    before = onwards[start].get(number + 1, (0, 0))[0]
                    onwards[start][number + 1] = (min(2, before + ways), end)
    fitting = {number: ways for number, (ways, _) in onwards[0].items() if count is None or number == count}
    if sum(fitting.values()) != 1:
        return sum(fitting.values()), ()
    return 1, tuple(_followed(pieces, onwards, next(iter(fitting))))


def _followed(pieces: Sequence[str], onwards: Sequence[dict[int, tuple[int, int]]], number: int) -> Iterator[str]:
    start = 0
    while number:
        end = onwards[start][number][1]
        yield SEPARATOR.join(pieces[start:end])
        start, number = end, number - 1


def path_of(name: str, known: Collection[str], separators: tuple[str, ...] = (": ",)) -> tuple[str, ...]:
    """Return the path of a code whose name begins with that of another code, as ATLAS.ti writes subcodes."""
    for separator in separators:
        at = name.rfind(separator)
        while at > 0:
            if (above := tidy_code(name[:at])) in known:
                return (*path_of(above, known, separators), name[at + len(separator) :].strip())
            at = name.rfind(separator, 0, at)
    return (name,)


JOINTS = (";", "|", ",")
"""What tools and people put between codes of one cell."""


def joined_codes(cell: str, alone: Collection[str], known: Collection[str], *, several: bool) -> tuple[str, ...]:
    """Return the codes of a cell of a tool that is not known: taken apart only where nothing else can be meant.

    Parameters
    ----------
    cell
        One code, codes one a line, or codes with a semicolon, a bar or a comma between.
    alone
        Tidy contents of the column's cells and names of the codebook: what stands alone is a code.
    known
        Tidy names of the codebook.
    several
        Whether the column's name says that a cell holds several.

    Raises
    ------
    CannotTell
        It may be one code or several.
    """
    lines = [tidy_code(line.strip().removesuffix(",").removesuffix(";")) for line in cell.splitlines() if line.strip()]
    if len(lines) != 1:
        return tuple(dict.fromkeys(lines))
    name = lines[0]
    if name in known:
        return (name,)
    for joint in JOINTS:
        pieces = [tidy_code(piece) for piece in name.split(joint) if piece.strip()]
        if len(pieces) < 2:
            continue
        stand = [piece in alone for piece in pieces]
        if several and (all(stand) or joint != ","):
            return tuple(dict.fromkeys(pieces))
        if several or all(stand):
            raise CannotTell("a cell may hold one code or several")
    return (name,)
