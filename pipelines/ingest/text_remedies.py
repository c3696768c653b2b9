"""What a person can do about a text in which the names of the columns are not found: they may only be cut otherwise."""

from __future__ import annotations

import csv
import json
from collections.abc import Iterator, Sequence
from pathlib import Path

from pipelines.ingest.headers import tidy
from pipelines.ingest.swallowed_rows import OTHER_QUOTES
from pipelines.refusal import Refusal

NO_LINE_ENDS = "\x1c\x1d\x1e\x85\u2028\u2029"
"""Signs that some programs end lines with, and no reader of CSV does."""
LINES = 200
USUAL = (",", ";", "\t", "|")
NAMED = {" ": "a blank", "\t": "a tab"}


def refuse_without_lines(path: Path, text: str) -> None:
    """Refuse a text in one line that holds signs with which some programs end theirs: its rows would be columns."""
    if "\n" in text or "\r" in text:
        return
    found = next((sign for sign in NO_LINE_ENDS if sign in text), "")
    if found:
        problem = f"{path.name} has no line ends, but the sign U+{ord(found):04X} where they would be."
        raise Refusal(problem, "Ask for it with usual line ends.")


def refuse_other_dialect(path: Path, text: str, expected: Sequence[str]) -> None:
    """Refuse, with the pin that helps, a text whose names are all in one line but cut by other signs."""
    wanted = set(expected)
    lines = text.splitlines()[:LINES]
    aligned = sum("  " in line.strip() for line in lines) > 1
    for line in lines:
        for problem, remedy in _readings(line + ("  " if aligned else ""), wanted):
            raise Refusal(f"{path.name}: {problem}", remedy)


def _readings(line: str, wanted: set[str]) -> Iterator[tuple[str, str]]:
    """Yield what cuts the line into all wanted names, and what to do about it."""
    whole = next(csv.reader([line]), []) if line.startswith('"') else []
    if len(whole) == 1 and len(wanted) > 1 and wanted <= _names(next(csv.reader(whole), [])):
        yield "each row stands between quotation marks as a whole, as if it was saved twice.", "Ask for it saved once."
    signs = dict.fromkeys(sign for sign in line if not (sign.isalnum() or sign in OTHER_QUOTES or sign == "_"))
    for sign in signs:
        if sign not in USUAL and len(wanted) > 1 and "  " not in line and wanted <= _names(line.split(sign)):
            shown = NAMED.get(sign) or (sign if sign.isprintable() else f"the sign U+{ord(sign):04X}")
            said = f"the names of the columns are there, with {shown} between them."
            yield said, f"If that is right, say so in the protocol: `delimiter: {json.dumps(sign)}`."
    for first, last in OTHER_QUOTES.items():
        if first != '"' and first in line and any(wanted <= _between_signs(line, one, first, last) for one in USUAL):
            yield _between(first, last)
    words = line.split()
    if len(wanted) > 1 and wanted <= set(words):
        yield (
            "the columns seem to be lined up with blanks, which nobody can take apart for certain.",
            "Ask for it as CSV.",
        )


def _between(first: str, last: str) -> tuple[str, str]:
    said = f"the names of the columns stand between the signs {first} and {last}."
    pin = f"Say so in the protocol (`quote: {json.dumps(first)}`), or ask" if first == last else "Ask"
    return said, f"{pin} for it with plain quotation marks."


def _between_signs(line: str, delimiter: str, first: str, last: str) -> set[str]:
    return {tidy(cell.strip().removeprefix(first).removesuffix(last)) for cell in line.split(delimiter)}


def _names(cells: Sequence[str]) -> set[str]:
    return {tidy(cell.strip().strip('"')) for cell in cells}
