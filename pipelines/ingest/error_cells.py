"""Cells of a workbook whose formula failed (#REF!, #DIV/0!): the reader of workbooks returns them as blank.

Blank means missing, and a failed formula is not a missing value: with its own text back, the row can be set aside.
"""

from __future__ import annotations

import re
import zipfile
from pathlib import Path

FAILED = re.compile(rb'<(?:\w+:)?c\b([^>]*\bt="e"[^>]*)>(.*?)</(?:\w+:)?c>', re.DOTALL)
PLACE = re.compile(rb'\br="([A-Z]{1,3})([0-9]{1,7})"')
SHOWN = re.compile(rb"<(?:\w+:)?v>([^<]*)</")


def error_cells(path: Path, sheet: str) -> dict[tuple[int, int], str]:
    """Return row and column, counted from 0, of each failed cell with what a person sees in it."""
    try:
        with zipfile.ZipFile(path) as packed:
            content = packed.read(_part(packed, sheet))
    except (zipfile.BadZipFile, KeyError, StopIteration, OSError, ValueError):
        return {}  # another kind of workbook
    found: dict[tuple[int, int], str] = {}
    for attributes, inside in FAILED.findall(content):
        place, shown = PLACE.search(attributes), SHOWN.search(inside)
        if place:
            text = shown[1].decode("ascii", "replace") if shown else "#VALUE!"
            found[int(place[2]) - 1, _index(place[1].decode())] = text
    return found


def _part(packed: zipfile.ZipFile, sheet: str) -> str:
    """Return where in the file a sheet lies."""
    from defusedxml.ElementTree import fromstring

    listed = next(one for one in fromstring(packed.read("xl/workbook.xml")).iter() if one.get("name") == sheet)
    relation = next(value for key, value in listed.attrib.items() if key.endswith("}id"))
    links = fromstring(packed.read("xl/_rels/workbook.xml.rels"))
    target = str(next(link.get("Target") for link in links if link.get("Id") == relation))
    return target.removeprefix("/") if target.startswith("/") else f"xl/{target}"


def _index(letters: str) -> int:
    """Return the number of a column, from 0: A, B, ..., Z, AA."""
    number = 0
    for letter in letters:
        number = number * 26 + ord(letter) - ord("A") + 1
    return number - 1
