"""Faults of meaning in how a file is laid out: long or side-by-side tables, increments and their keys."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from pipelines.protocol.folding import folded
from pipelines.protocol.parts import Place, columns, listed, mapping, written

SEVERAL_PER_PERSON = ("contacts", "spend", "events", "assessments")
PEOPLE = ("person", "site")
Found = Iterator[tuple[Place, str, str]]


def shape_faults(noun: str, body: Mapping[str, Any]) -> Found:
    """Return what cannot be meant of the layout of an extract: where, what, and what to do."""
    yield from _delivery(noun, body)
    yield from _also(noun, body)
    if body.get("wider") is not None:
        yield from _wider(noun, body)


def _delivery(noun: str, body: Mapping[str, Any]) -> Found:
    if noun == "interviews" and written(body.get("delivery")) == "increments":
        yield ("delivery",), "a coded project always holds everything so far.", "Delete it."
    mapped = columns(body)
    for index, field in enumerate(listed(body.get("key"))):
        if written(field) and field not in mapped:
            yield ("key", index), f'no column is mapped to "{field}".', "A key is made of fields under `columns`."


def _also(noun: str, body: Mapping[str, Any]) -> Found:
    """Groups of columns side by side are several rows; the first, the second ... of each field belong together."""
    lengths = {field: len(listed(one.get("also"))) for field, one in columns(body).items() if listed(one.get("also"))}
    for field, length in lengths.items():
        place: Place = ("columns", field, "also")
        if noun not in SEVERAL_PER_PERSON:
            yield place, f"one person has one row in {noun}.", f"Only {', '.join(SEVERAL_PER_PERSON)} may have several."
        elif field in PEOPLE:
            yield place, f"all rows that are made of one row have its {field}.", "Delete it."
        elif length != max(lengths.values()):
            yield place, "the fields have different numbers of further columns.", "Give every field equally many."
        elif body.get("wider") is not None:
            yield place, "a long table has one column of values.", "Delete `also`, or `wider`."
    seen: set[str] = set()
    for field, one in columns(body).items():
        for name in listed(one.get("also")):
            if name in seen or any(name == other.get("column") for other in columns(body).values()):
                yield ("columns", field, "also"), f'the column "{name}" is named twice.', "Name each column once."
            seen.add(str(name))


def _wider(noun: str, body: Mapping[str, Any]) -> Found:
    """A long table names its measures in one column and holds their values in another; no field stands in either."""
    wider = mapping(body.get("wider"))
    names, values = written(wider.get("names")), written(wider.get("values"))
    mapped = {field: written(one.get("column")) for field, one in columns(body).items()}
    taken = {mapped.get(field, "") for field in PEOPLE} | {
        written(one) for one in mapping(body.get("identifiers")).values()
    }
    if noun == "interviews" or noun in SEVERAL_PER_PERSON:
        yield ("wider",), f"rows of {noun} are not made of measures.", "Only cases and consents have a row per person."
    if names and names == values:
        yield ("wider", "values"), "names and values cannot stand in one column.", "Name the other column."
    for key, name in (("names", names), ("values", values)):
        if name and name in taken:
            yield ("wider", key), f'the column "{name}" already says who it is about.', "Name the right column."
    measures = {field: name for field, name in mapped.items() if field not in PEOPLE}
    if not measures:
        yield ("wider",), "no measure is mapped to a field.", "Under `columns`, a field's column is a measure's name."
    seen: dict[str, str] = {}
    for field, name in measures.items():
        if name and seen.setdefault(folded(name), name) != name:
            yield ("columns", field), "two fields name this measure; case does not matter.", "Spell it in one way."
