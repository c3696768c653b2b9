"""The first row of a table: which columns the protocol expects, and what is wrong with those that came."""

from __future__ import annotations

import fnmatch
import re
import unicodedata
from collections.abc import Sequence
from pathlib import Path

from pipelines.protocol.extracts import Extract
from pipelines.protocol.faults import nearest
from pipelines.refusal import Refusal
from pipelines.warehouse import named

LONGEST_NAME = 300
MOST_COLUMNS = 4_096


def tidy(name: str) -> str:
    """Return a header without the spaces and line breaks that a spreadsheet's cell may hold, and without unseen signs.

    An accent that is a sign of its own becomes part of its letter: which of the two it is, nobody sees either.
    """
    if name.isascii():
        return " ".join(name.split())
    seen = "".join(sign for sign in name if unicodedata.category(sign) != "Cf")
    return " ".join(unicodedata.normalize("NFC", seen).split())


def expected_columns(extract: Extract) -> tuple[str, ...]:
    """Return the headers that a file of this extract must have, each once."""
    from pipelines.ingest.reshape import file_columns  # which needs this module

    return file_columns(extract)


def slot(extract: Extract, column: str) -> str:
    """Return the name, in the temporary table, of a column of the file; DuckDB would take `Name` and `name` for one."""
    return named(f"column_{expected_columns(extract).index(tidy(column))}")


def header_faults(path: Path, header: Sequence[str], extract: Extract) -> list[str]:
    """Return what is wrong with a header, in plain words.

    Where nothing in the first row resembles a header, it may be somebody's data: then none of it is repeated.
    """
    expected = set(expected_columns(extract))
    if not {_loose(name) for name in header} & {_loose(name) for name in expected}:
        wanted = ", ".join(expected_columns(extract))
        return [f"{path.name}: the first row does not hold the names of the columns. Expected there: {wanted}."]
    return [
        *_missing(path, header, expected),
        *_unknown(path, header, expected, extract),
        *_twice(path, header, extract),
    ]


def _loose(name: str) -> str:
    return re.sub(r"[\W_]+", "", name).casefold()


def _missing(path: Path, header: Sequence[str], expected: set[str]) -> list[str]:
    """Name each column that is missing, with the one that it may have become."""
    spare = [name for name in header if name and name not in expected]
    found: list[str] = []
    for name in sorted(expected - set(header)):
        near = nearest(name, spare)
        remedy = f'Did you mean "{near}"?' if near else "Ask the provider for it."
        found.append(f'{path.name}: the column "{name}" is missing. {remedy}')
    return found


def _unknown(path: Path, header: Sequence[str], expected: set[str], extract: Extract) -> list[str]:
    unknown = [n for n in header if n and n not in expected and not ignored(n, extract)]
    if any(map(_is_value, unknown)):
        places = ", ".join(str(place) for place, name in enumerate(header, start=1) if name in set(unknown))
        return [
            f"{path.name}: some columns are not in the protocol (by place: {places}). Not all of their names look like"
            " names: is a line break missing behind the first row, so that it holds somebody's data? They are not"
            " repeated here. Map them under columns or identifiers, or list them under ignore."
        ]
    return [
        f'{path.name}: the column "{name}" is not in the protocol. Map it under columns or identifiers, or '
        "list it under ignore; it may identify somebody, so nothing is read before that is decided."
        for name in dict.fromkeys(unknown)
    ]


def _is_value(name: str) -> bool:
    """Tell what may be somebody's date, number or address from a name; a year alone may be a name."""
    if re.fullmatch(r"(?:19|20)\d\d", name):
        return False
    return "@" in name or len(name) > LONGEST_NAME or re.fullmatch(r"[-+£$€]?\d[\d.,/: -]*", name) is not None


def _twice(path: Path, header: Sequence[str], extract: Extract) -> list[str]:
    """Name each column that stands there twice; of those that are not read, it does not matter."""
    expected = expected_columns(extract)
    twice = sorted(
        {n for n in header if list(header).count(n) > 1 and n and (n in expected or not ignored(n, extract))}
    )
    return [f'{path.name}: the column "{name}" stands there twice.' for name in twice]


def ignored(name: str, extract: Extract) -> bool:
    """Tell whether the protocol lists a column under `ignore`."""
    return any(fnmatch.fnmatchcase(name, tidy(pattern)) for pattern in extract.ignore)


def nameless_fault(path: Path, number: int) -> str:
    """Return what is wrong with a column that has values and no name."""
    return f"{path.name}: column {number} holds values but has no name in the first row. Name it, or delete it."


def too_many_columns(path: Path) -> Refusal:
    """Say that a file has more columns than a table of people can need."""
    return Refusal(f"{path.name} has more than {MOST_COLUMNS} columns.", "Ask for a row per person and measure.")
