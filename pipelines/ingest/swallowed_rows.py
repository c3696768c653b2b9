"""Rows that a quotation mark hides: one that stands too much swallows rows, one of another kind is taken for a letter.

Both leave a file that reads without a fault. What a row of a text file is otherwise belongs in text_rows.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from pathlib import Path

from pipelines.refusal import Refusal

VALUE = re.compile(r"[-+£$€(]?[\d.,/: -]*\d[\d.,/:%TZ )-]*")
"""A number, a date or a time."""
FORMULA = re.compile(r'="[^"]*"')
OTHER_QUOTES = {"'": "'", "`": "`", "\u2018": "\u2019", "\u201c": "\u201d", "\u00ab": "\u00bb", '"': '"'}
"""Signs that programs and pens put around values, with the one that ends them."""


def refuse_swallowed(path: Path, line: int, lines: Sequence[str], dialect: tuple[str, str], width: int) -> None:
    """Refuse a row of several lines each of which is a whole row by itself, of the same kinds of values as the first.

    Parameters
    ----------
    lines : the lines that a quotation mark holds together; `line` is the number of the first.
    dialect : delimiter and quotation mark.
    """
    if len(lines) < 2 or width < 2:
        return
    first = _cells(lines[0], *dialect)
    cells = (_cells(one, *dialect) for one in lines[1:])
    if len(first) == width and all(len(row) == width and _alike(first, row) for row in cells):
        last = line + len(lines) - 1
        problem = f"{path.name}, lines {line} to {last}: quotation marks make one row of what looks like several."
        raise Refusal(problem, "Ask the provider to look for a quotation mark too many there, and to send it again.")


def _cells(line: str, delimiter: str, quote: str) -> list[str]:
    return [cell.strip().strip(quote).strip() for cell in line.rstrip("\r\n").split(delimiter)]


def _alike(first: Sequence[str], row: Sequence[str]) -> bool:
    """Tell whether two rows hold the same kinds of values; words prove nothing, so something else must agree."""
    pairs = [(_kind(one), _kind(other)) for one, other in zip(first, row, strict=True)]
    told = [(one, other) for one, other in pairs if one not in ("", "words") and other]
    return bool(told) and all(one == other for one, other in told)


def _kind(cell: str) -> str:
    """Return the kind of a value: a number or date, an identifier by its make-up (`A01` as `a9`), words, or nothing."""
    if not cell or VALUE.fullmatch(cell):
        return "number" if cell else ""
    if len(cell) > 40 or not re.search(r"\d", cell):
        return "words"
    return re.sub(r"[^\W\d]+", "a", re.sub(r"\d+", "9", cell))


def refuse_formulas(path: Path, line: int, row: Sequence[str]) -> None:
    """Refuse a value written as a formula (`="00123"`), as some programs do to keep Excel from changing it."""
    if any(FORMULA.fullmatch(cell.strip()) for cell in row):
        problem = f'{path.name}, line {line}: a value is written as a formula, as in ="00123".'
        raise Refusal(problem, "Ask for the file with values as they are, best as it left the database.")


def refuse_other_quotes(path: Path, line: int, row: Sequence[str]) -> None:
    """Refuse a row whose every value stands between signs that are no quotation marks of this file."""
    first = next((cell[0] for cell in row if cell), "")
    if first not in OTHER_QUOTES:
        return
    held = [cell.strip() for cell in row if cell.strip()]
    end = OTHER_QUOTES[first]
    if len(held) > 1 and all(len(cell) > 1 and cell[0] == first and cell[-1] == end for cell in held):
        problem = f"{path.name}, line {line}: every value stands between the signs {first} and {end}."
        pin = f'Say so in the protocol (`quote: "{first}"`), or ask' if first == end and first != '"' else "Ask"
        raise Refusal(problem, f"{pin} for the file with plain quotation marks, the same ones in every row.")
