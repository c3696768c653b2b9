"""Faults of meaning in the extracts: files that lie elsewhere, columns used twice, codes that say nothing."""

from __future__ import annotations

import codecs
import re
from collections.abc import Iterator, Mapping
from typing import Any
from zoneinfo import available_timezones

from pipelines.protocol.coded import ENDINGS as CODED_ENDINGS
from pipelines.protocol.coded import coded_faults
from pipelines.protocol.date_formats import format_fault
from pipelines.protocol.extracts import FIELDS, YES_NO_CODES
from pipelines.protocol.faults import Fault, did_you_mean, nearest
from pipelines.protocol.folding import folded
from pipelines.protocol.parts import Line, Place, columns, extracts, listed, mapping, outcome_fields, written
from pipelines.protocol.shape_soundness import shape_faults

KINDS: dict[str, tuple[str, ...]] = {
    "table": (
        *(".csv", ".tsv", ".tab", ".txt", ".psv", ".ssv"),
        *(".xlsx", ".xlsm", ".xls", ".ods"),
        *(".parquet", ".pq", ".sqlite", ".sqlite3", ".db"),
    ),
    "interviews": CODED_ENDINGS,
}
"""Endings of the files that can be read."""


def extract_faults(tree: Mapping[str, Any], line: Line) -> Iterator[Fault]:
    """Return every fault of meaning in the extracts."""
    types = field_types_of(tree)
    for name, noun, body in extracts(tree):
        place: Place = ("extracts", name)
        for where, problem, remedy in (
            *_file(noun, written(body.get("file"))),
            *_reading(body),
            *_columns_twice(body),
            *shape_faults(noun, body),
            *coded_faults(noun, body),
            *_column_faults(tree, noun, body, types),
        ):
            full: Place = (*place, *where)
            yield Fault(line(full), ".".join(map(str, full)), problem, remedy)
    yield from _same_rows(tree, line)


Found = Iterator[tuple[Place, str, str]]


def field_types_of(tree: Mapping[str, Any]) -> dict[str, str]:
    """Return the type of each field of cases; one that serves two outcomes in two ways has none."""
    types: dict[str, str] = dict(FIELDS["cases"])
    for name, covariate in mapping(tree.get("covariates")).items():
        types.setdefault(name, written(mapping(covariate).get("type")) or "number")
    kinds: dict[str, set[str]] = {}
    for place, field in outcome_fields(tree):
        _, name, part = map(str, place)
        binary = written(mapping(mapping(tree.get("outcomes")).get(name)).get("type")) == "binary"
        kind = "yes_no" if part == "event" or (part == "value" and binary) else "number"
        kinds.setdefault(field, set()).add(kind)
    return {field: found.pop() for field, found in kinds.items() if len(found) == 1} | types


def _file(noun: str, pattern: str) -> Found:
    """A drop is a folder of its own: nothing outside it is ever read."""
    if not pattern:
        return
    if pattern.startswith(("/", "~")) or "\\" in pattern or re.match(r"[A-Za-z]:", pattern) or ".." in pattern:
        yield ("file",), "a file lies inside the drop.", "Write its name, or folder/name, without .. or a leading /."
    unknown = re.findall(r"\{[^}]*\}?|\}", pattern.replace("{site}", ""))
    if unknown:
        yield ("file",), f"{unknown[0]} is not replaced by anything.", "Only {site} is."
    allowed = KINDS["interviews" if noun == "interviews" else "table"]
    if not pattern.endswith("*") and not pattern.lower().endswith(allowed):
        yield ("file",), "files of this kind are not read here.", f"Allowed endings: {', '.join(allowed)}."


def _reading(body: Mapping[str, Any]) -> Found:
    """The encoding is known; delimiter and quote are not characters that values are made of; pins fit the file."""
    encoding = written(body.get("encoding"))
    if encoding and not _is_text_encoding(encoding):
        yield (
            ("encoding",),
            "there is no such encoding.",
            did_you_mean(encoding, ("utf-8", "utf-16", "cp1252", "latin-1")),
        )
    delimiter = body.get("delimiter")
    if isinstance(delimiter, str) and delimiter and (delimiter.isalnum() or delimiter in "\"'\r\n .-"):
        remedy = 'Usual ones: "," ";" "|" and "\\t", in double quotation marks.'
        yield ("delimiter",), "this character cannot stand between columns.", remedy
    quote = body.get("quote")
    if isinstance(quote, str) and quote and (quote.isalnum() or quote in "\r\n\t .-,;" or quote == delimiter):
        remedy = 'Usual ones: \'"\' and "\'"; "" where no value is quoted.'
        yield ("quote",), "this character cannot stand around values.", remedy
    yield from _pins_of_another_kind(body)


TEXTS = (".csv", ".tsv", ".tab", ".txt", ".psv", ".ssv")
PINS: dict[str, tuple[str, tuple[str, ...]]] = {
    **dict.fromkeys(("delimiter", "quote", "encoding"), ("text file", TEXTS)),
    "sheet": ("workbook", (".xlsx", ".xlsm", ".xls", ".ods")),
    "table": ("SQLite file", (".sqlite", ".sqlite3", ".db")),
}
"""Which kind of file has what can be pinned. A header row is where there are rows above the names."""


def _pins_of_another_kind(body: Mapping[str, Any]) -> Found:
    """A pin that the kind of file does not have would never be looked at."""
    pattern = written(body.get("file")).lower()
    if not pattern.endswith(KINDS["table"]):
        return
    for pin, (kind, endings) in PINS.items():
        if body.get(pin) and not pattern.endswith(endings):
            yield (pin,), f"only a {kind} has one.", "Delete it, or correct the file's name."
    if body.get("header_row") and pattern.endswith((".parquet", ".pq", *PINS["table"][1])):
        yield ("header_row",), "files of this kind name their columns apart from the rows.", "Delete it."


def _is_text_encoding(name: str) -> bool:
    try:
        found = codecs.lookup(name)
        "é".encode(name, "replace").decode(name, "replace")
    except (LookupError, ValueError, TypeError, AttributeError):
        return False
    return found.name not in ("idna", "punycode", "undefined")


def _columns_twice(body: Mapping[str, Any]) -> Found:
    """A column that identifies a person is locked away, so nothing else can be made of it."""
    fields = {
        written(name): field
        for field, one in columns(body).items()
        for name in (one.get("column"), *listed(one.get("also")))
    }
    seen: dict[str, str] = {}
    for kind, column in mapping(body.get("identifiers")).items():
        word = written(column)
        if word in fields:
            problem = f'the column "{word}" is also mapped to {fields[word]}; what identifies a person is locked away.'
            remedy = "Delete it here: the person's column is locked away anyway." if fields[word] == "person" else ""
            yield ("identifiers", kind), problem, remedy or "Decide which of the two it is."
        elif word and seen.setdefault(word, kind) != kind:
            yield ("identifiers", kind), f'the column "{word}" is already locked away as {seen[word]}.', "Name it once."


def _column_faults(tree: Mapping[str, Any], noun: str, body: Mapping[str, Any], types: Mapping[str, str]) -> Found:
    known = types if noun == "cases" else FIELDS.get(noun, {})
    for field, column in columns(body).items():
        kind = known.get(field, "")
        place: Place = ("columns", field)
        yield from _format(place, kind, written(column.get("format")))
        yield from _clock_and_signs(place, kind, column)
        codes = mapping(column.get("codes"))
        if written(column.get("case")) in ("lower", "upper") and (codes or kind not in ("text", "category", "")):
            yield (*place, "case"), "only a text without codes has a case.", "Delete it."
        yield from _codes_twice(place, codes)
        if codes and kind in ("date", "person"):
            yield (*place, "codes"), f"a {kind} has no codes.", "Delete them."
        yield from _meanings(place, codes, _meanings_of(tree, kind))


def _format(place: Place, kind: str, declared: str) -> Found:
    if not declared:
        return
    if kind and kind != "date":
        yield (*place, "format"), "only a date has a format.", "Delete it."
    elif problem := format_fault(declared):
        yield (*place, "format"), problem, "For example dd/mm/yyyy, yyyy-mm-dd or dd mmm yyyy."


def _clock_and_signs(place: Place, kind: str, column: Mapping[str, Any]) -> Found:
    """Days and signs of numbers belong to dates and numbers; a sign that means two things means none."""
    for key in ("time_zone", "missing_dates"):
        if column.get(key) and kind and kind != "date":
            yield (*place, key), "only a date has one.", "Delete it."
    zone = column.get("time_zone")
    if isinstance(zone, str) and zone not in available_timezones():
        near = nearest(zone, sorted(available_timezones())) or "Europe/London"
        yield (*place, "time_zone"), "there is no such time zone.", f"Did you mean {near}?"
    thousands = column.get("thousands")
    if thousands and kind and kind != "number":
        yield (*place, "thousands"), "only a number has thousands.", "Delete it."
    if thousands and thousands == (column.get("decimal") or "."):
        yield (*place, "thousands"), "the same sign stands before the decimals.", 'Say which: `decimal: ","` or none.'


def _codes_twice(place: Place, codes: Mapping[str, Any]) -> Found:
    """Case and kinds of dash do not matter in codes, so `a` and `A` are one."""
    seen: dict[str, Any] = {}
    for code, meaning in codes.items():
        if seen.setdefault(re.sub(r"^(-?[0-9]+)\.0+$", r"\1", folded(code)), meaning) != meaning:
            yield (*place, "codes", code), "this code is listed with another meaning too; case does not matter.", ""


def _meanings_of(tree: Mapping[str, Any], kind: str) -> set[str]:
    """Return what the codes of a column may mean; nothing when anything goes."""
    if kind == "yes_no":
        return set(YES_NO_CODES)
    if kind == "arm":
        return {str(code) for arm in mapping(tree.get("arms")).values() for code in listed(mapping(arm).get("codes"))}
    if kind == "site":
        sites = mapping(tree.get("sites"))
        return {str(code) for key, site in sites.items() for code in listed(mapping(site).get("codes")) or [key]}
    return set()


def _meanings(place: Place, codes: Mapping[str, Any], allowed: set[str]) -> Found:
    folded = {word.strip().casefold() for word in allowed}
    for code, meaning in codes.items():
        if folded and isinstance(meaning, str) and meaning.strip().casefold() not in folded:
            yield (*place, "codes", code), "this meaning is not known here.", did_you_mean(meaning, allowed)


def _same_rows(tree: Mapping[str, Any], line: Line) -> Iterator[Fault]:
    """Two extracts of one noun that read the same file would count every row twice."""
    seen: dict[tuple[str, str], list[tuple[str, set[str]]]] = {}
    everywhere = set(mapping(tree.get("sites")))
    for name, noun, body in extracts(tree):
        sites = {str(site) for site in listed(body.get("sites"))} or everywhere
        others = seen.setdefault((noun, written(body.get("file"))), [])
        for other, served in others:
            if sites & served:
                place: Place = ("extracts", name, "file")
                problem = f"extracts.{other} reads the same file for the same site, so every row would count twice."
                yield Fault(line(place), ".".join(map(str, place)), problem, "Keep one of them.")
        others.append((name, sites))
