"""What is wrong with a line of a corrections register, by its place, never by what the cell holds.

What a sound line means belongs in corrections.
"""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Iterator

from pipelines.ingest.headers import ignored, tidy
from pipelines.ingest.pseudonyms import normalised
from pipelines.ingest.register_lines import Line
from pipelines.protocol import Protocol
from pipelines.protocol.extracts import MISSING_DEFAULT, Column, Extract
from pipelines.protocol.faults import did_you_mean

DAY = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}")
TELLING = 4
"""From this length on, a value with a digit in it (a date, a postcode) may not stand in a reason."""


def cell_faults(protocol: Protocol, line: Line) -> Iterator[str]:
    """Name what a line leaves open, and what it says that a reader of findings may not see."""
    cells = {name: cell.strip() for name, cell in line.cells.items()}
    for column in ("key", "why", "who", "when"):
        if not normalised(cells[column]):
            yield f"{line.at(column)}: it is blank."
    if cells["when"] and not _is_day(cells["when"]):
        yield f"{line.at('when')}: this is no date. Write it as 2026-09-30."
    if cells["old"] == cells["new"]:
        yield f'{line.at("new")}: it is the same as in the column "old".'
    if cells.get("site") and cells["site"].casefold() not in sites_by_code(protocol):
        yield f"{line.at('site')}: there is no such site. {did_you_mean(cells['site'], protocol.sites)}"
    telling = [cells["key"], *(one for one in (cells["old"], cells["new"]) if _is_telling(one))]
    for column in ("why", "who"):
        if any(_says(cells[column], one) for one in telling):
            yield f"{line.at(column)}: it repeats the key or a value, and findings will print it. Say it without."


def _is_day(text: str) -> bool:
    try:
        return DAY.fullmatch(text) is not None and dt.date.fromisoformat(text) is not None
    except ValueError:
        return False


def _is_telling(value: str) -> bool:
    return len(value) >= TELLING and any(letter.isdigit() for letter in value)


def _says(text: str, value: str) -> bool:
    """Tell whether a text holds a value as words of its own."""
    word = re.escape(normalised(value))
    return bool(word) and re.search(rf"(?<!\w){word}(?!\w)", normalised(text)) is not None


def column_faults(line: Line, extract: Extract) -> Iterator[str]:
    """Name a column that cannot be corrected, or that the file does not have."""
    column, at = tidy(line.cells["column"]), line.at("column")
    fields = fields_of(extract, column)
    allowed = [spec.column for name, spec in extract.columns.items() if name not in ("person", "site")]
    if "person" in fields:
        yield f"{at}: who a row is about is never corrected here. Ask the provider for a corrected file."
    elif "site" in fields:
        yield f"{at}: the site of a row is not corrected here. Ask the provider for a corrected file."
    elif any(column in map(tidy, spec.also) or column == tidy(spec.column) for spec in _side_by_side(extract)):
        yield f"{at}: it stands several times in a row, so nobody can say which is meant. Ask for a corrected file."
    elif not fields and (column in map(tidy, extract.identifiers.values()) or ignored(column, extract)):
        yield f"{at}: this column is not read into any table, so nothing in it needs correcting."
    elif not fields:
        yield f"{at}: the extract has no such column. {did_you_mean(column, allowed)}"


def _side_by_side(extract: Extract) -> list[Column]:
    return [spec for spec in extract.columns.values() if spec.also]


def fields_of(extract: Extract, column: str) -> tuple[str, ...]:
    """Return the fields that a column of the file fills: one column may serve two."""
    return tuple(name for name, spec in extract.columns.items() if tidy(spec.column) == tidy(column))


def nobody_faults(line: Line, extract: Extract) -> list[str]:
    """Name a key that means "not known"."""
    missing = extract.columns["person"].missing if "person" in extract.columns else ()
    words = {normalised(word) for word in (*MISSING_DEFAULT, *missing)} - {""}
    return [f"{line.at('key')}: this names nobody."] if normalised(line.cells["key"]) in words else []


def sites_by_code(protocol: Protocol) -> dict[str, str]:
    """Return each site's key by how it may be written."""
    written = {**{key: key for key in protocol.sites}, **protocol.site_codes()}
    return {code.strip().casefold(): key for code, key in written.items()}
