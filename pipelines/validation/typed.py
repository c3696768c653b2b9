"""From delivered text to typed values, by the protocol's columns and codes: SQL expressions, and where they fail.

A value that is given but cannot be read becomes NULL, and its field is named in `unreadable`; a rule then sets the row
aside with file, row and column. Running the expressions belongs in publish.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass

from pipelines.protocol import Protocol
from pipelines.protocol.extracts import FIELDS, MISSING_DEFAULT, YES_NO_CODES, Column, FieldType
from pipelines.protocol.outcomes import Outcome
from pipelines.warehouse import named, quoted

DATE_TOKENS = (("yyyy", "%Y"), ("yy", "%y"), ("mmm", "%b"), ("mm", "%m"), ("dd", "%d"), ("hh", "%H"), ("mi", "%M"))
SQL_TYPES: dict[str, str] = {
    "number": "DOUBLE",
    "date": "DATE",
    "yes_no": "BOOLEAN",
    "text": "VARCHAR",
    "arm": "VARCHAR",
}


@dataclass(frozen=True)
class Typed:
    """A field as SQL: its typed value, and the condition under which a given value could not be read."""

    value: str
    unreadable: str


def field_types(protocol: Protocol, noun: str) -> dict[str, FieldType]:
    """Return the fields of a noun, other than person and site, that the protocol uses, with their types."""
    types: dict[str, FieldType] = {f: t for f, t in FIELDS[noun].items() if t not in ("person", "site")}
    if noun == "cases":
        types |= {name: "text" if c.type == "category" else c.type for name, c in protocol.covariates.items()}
        measures = [component.measure for component in protocol.intervention.components.values()]
        types |= {m.removeprefix("cases."): "number" for m in measures if m.startswith("cases.")}
    return types


def typed_field(protocol: Protocol, noun: str, site: str, field: str, kind: FieldType) -> Typed:
    """Return the expression of a field over all extracts of a noun; a field that no extract maps is NULL."""
    columns = {name: e.columns[field] for name, e in protocol.extracts_of(noun, site).items() if field in e.columns}
    if not columns:
        return Typed(f"NULL::{SQL_TYPES[kind]}", "false")
    given = _per_extract(columns, lambda column: _given(field, column))
    value = _per_extract(columns, lambda column: _cast(protocol, field, kind, column))
    return Typed(f"CASE WHEN {given} THEN {value} END", f"({given} AND ({value}) IS NULL)")


def _per_extract(columns: Mapping[str, Column], expression: Callable[[Column], str]) -> str:
    """Return an expression that reads each extract by its own columns' rules."""
    cases = " ".join(f"WHEN '{name}' THEN {expression(column)}" for name, column in columns.items())
    return f"CASE extract {cases} END"


def _given(field: str, column: Column) -> str:
    """Return the condition that a value is given: not blank, and not one of the words for "not known"."""
    words = {w.strip().casefold() for w in (*MISSING_DEFAULT, *column.missing)} - {c.casefold() for c in column.codes}
    missing = ", ".join(f"'{quoted(word)}'" for word in sorted({*words, ""}))
    return f"(coalesce({_clean(field)}, '') NOT IN ({missing}))"


BLANKS = "E' \\t\\r\\n' || chr(160)"  # chr(160): the space that web pages and Excel leave behind


def _clean(field: str) -> str:
    """Return a field without spaces (also the non-breaking one) at its ends and without regard to case."""
    return f"lower(trim({named(field)}, {BLANKS}))"


def _cast(protocol: Protocol, field: str, kind: FieldType, column: Column) -> str:
    """Return the typed value of a field, NULL where it cannot be read."""
    if kind == "arm":
        return _decoded(field, _arm_codes(protocol))
    if kind == "yes_no":
        return f"({_decoded(field, _yes_no(column.codes))})::BOOLEAN"
    if kind == "date":
        return _date(field, column.format)
    if kind == "number":
        coded = f"coalesce({_decoded(field, column.codes)}, {_clean(field)})" if column.codes else _clean(field)
        return f"CASE WHEN isfinite(try_cast({coded} AS DOUBLE)) THEN try_cast({coded} AS DOUBLE) END"
    return _decoded(field, column.codes) if column.codes else f"trim({named(field)}, {BLANKS})"


def _decoded(field: str, codes: Mapping[str, str]) -> str:
    """Return the meaning of a code; NULL for a code that is not listed."""
    cases = " ".join(f"WHEN '{quoted(c.strip().casefold())}' THEN '{quoted(str(m))}'" for c, m in codes.items())
    return f"CASE {_clean(field)} {cases} END" if cases else "NULL"


def _yes_no(codes: Mapping[str, str]) -> dict[str, str]:
    """Return which codes mean true and which false; a code that means neither is left out and so is unreadable."""
    meanings = {code: YES_NO_CODES.get(meaning.casefold()) for code, meaning in (codes or YES_NO_CODES).items()}
    return {code: "true" if meaning == "yes" else "false" for code, meaning in meanings.items() if meaning}


def _arm_codes(protocol: Protocol) -> dict[str, str]:
    if protocol.arms is None:
        return {}
    arms = {"treatment": protocol.arms.treatment, "comparison": protocol.arms.comparison}
    return {code: key for key, arm in arms.items() for code in arm.codes}


def strptime_format(declared: str) -> str:
    """Return a declared date format as DuckDB reads it: dd/mm/yyyy becomes %d/%m/%Y."""
    if "%" in declared or not declared:
        return declared or "%Y-%m-%d"
    pattern = "|".join(token for token, _ in DATE_TOKENS)
    return re.sub(pattern, lambda found: dict(DATE_TOKENS)[found[0].lower()], declared, flags=re.IGNORECASE)


def _date(field: str, declared: str) -> str:
    """Return a date. Workbooks hold true dates, which were written as yyyy-mm-dd: that form is always understood."""
    formats = dict.fromkeys((strptime_format(declared), "%Y-%m-%d", "%Y-%m-%dT%H:%M:%S"))
    return f"try_strptime({_clean(field)}, [{', '.join(repr(f) for f in formats)}])::DATE"


def unreadable_fields(typed: Mapping[str, Typed]) -> str:
    """Return an expression that lists, with commas, the fields whose given value cannot be read."""
    cases = [f"CASE WHEN {one.unreadable} THEN '{quoted(field)}' END" for field, one in typed.items()]
    return f"concat_ws(',', {', '.join(cases)})" if cases else "''"


def outcome_structs(protocol: Protocol, site: str) -> str:
    """Return a list of structs, one for each outcome of the protocol, to be unnested."""
    return f"[{', '.join(_outcome(protocol, site, key, o) for key, o in protocol.outcomes.items())}]"


def _outcome(protocol: Protocol, site: str, key: str, outcome: Outcome) -> str:
    kinds: dict[str, FieldType] = {
        "value": "yes_no" if outcome.type == "binary" else "number",
        "time": "number",
        "event": "yes_no",
    }
    fields = {part: getattr(outcome, part) for part in kinds if getattr(outcome, part)}
    typed = {f: typed_field(protocol, "cases", site, f, kinds[part]) for part, f in fields.items()}
    value = f"({typed[outcome.value].value})::DOUBLE" if outcome.value else _value_at_horizon(outcome, typed)
    time = typed[outcome.time].value if outcome.time else "NULL::DOUBLE"
    event = typed[outcome.event].value if outcome.event else "NULL::BOOLEAN"
    parts = {
        "outcome": f"'{key}'",
        "value": value,
        "time": time,
        "event": event,
        "unreadable": unreadable_fields(typed),
        "due": _due(outcome),
    }
    return "{" + ", ".join(f"'{name}': {expression}" for name, expression in parts.items()) + "}"


def _due(outcome: Outcome) -> str:
    """Return the condition that a person's follow-up for an outcome was over at the date of the drop."""
    if outcome.due_after_days is None:
        return "true"
    began = "coalesce(kept.start_date, kept.referral_date)"
    return f"({began} IS NULL OR {began} + {outcome.due_after_days} <= left(drop_id, 10)::DATE)"


def _value_at_horizon(outcome: Outcome, typed: Mapping[str, Typed]) -> str:
    """Return 1 if the event came by the horizon, 0 if follow-up passed it without, NULL if follow-up ended before."""
    if outcome.type != "binary" or not (outcome.time and outcome.event):
        return "NULL::DOUBLE"
    time, event = typed[outcome.time].value, typed[outcome.event].value
    return (
        f"CASE WHEN ({event}) AND ({time}) <= {outcome.horizon} THEN 1.0 "
        f"WHEN ({time}) >= {outcome.horizon} THEN 0.0 END"
    )
