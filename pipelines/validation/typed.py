"""From delivered text to typed values, by the protocol's columns and codes: SQL expressions, and where they fail.

A value that is given but cannot be read becomes NULL, and its field is named in `unreadable`; a rule then sets the row
aside with file, row and column. Running the expressions belongs in publish.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass

from pipelines.ingest.comparing import compared, literal, trimmed
from pipelines.protocol import Protocol
from pipelines.protocol.date_formats import strptime_format
from pipelines.protocol.extracts import FIELDS, MISSING_DEFAULT, YES_NO_CODES, Column, FieldType
from pipelines.protocol.outcomes import Outcome
from pipelines.warehouse import named, quoted

WHOLE = r"^(-?[0-9]+)\.0+$"
NUMBER = r"[+-]?([0-9]+(\.[0-9]*)?|\.[0-9]+)(e[+-]?[0-9]+)?"
"""A number as every program writes it. `1,200` may be one thousand or one and a bit, so it is none."""
FIRST_DAY, DAY_AFTER_LAST = "1850-01-01", "2200-01-01"
"""A date outside is a slip: `05/01/26` under dd/mm/yyyy would be a day in the year 26."""
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
    words = {w.strip().casefold() for w in (*MISSING_DEFAULT, *column.missing)}
    words -= {code.strip().casefold() for code in column.codes}
    missing = ", ".join(literal(word) for word in sorted({*words, ""}))
    return f"(coalesce({_clean(field)}, '') NOT IN ({missing}))"


def _clean(field: str) -> str:
    """Return a field in the form in which it is compared with codes."""
    return compared(named(field))


def _cast(protocol: Protocol, field: str, kind: FieldType, column: Column) -> str:
    """Return the typed value of a field, NULL where it cannot be read."""
    if kind == "arm":
        return _decoded(field, _arm_codes(protocol, column))
    if kind == "yes_no":
        return f"({_decoded(field, _yes_no(column.codes))})::BOOLEAN"
    if kind == "date":
        return _date(field, column.format)
    if kind == "number":
        return _number(field, column.codes)
    return _decoded(field, column.codes) if column.codes else trimmed(named(field))


def _number(field: str, codes: Mapping[str, str]) -> str:
    """Return a number; codes stand for numbers that are written as words, such as `none: 0`."""
    spelt = f"coalesce({_decoded(field, codes)}, {_clean(field)})" if codes else _clean(field)
    cast = f"try_cast({spelt} AS DOUBLE)"
    return f"CASE WHEN regexp_full_match({spelt}, '{NUMBER}') AND isfinite({cast}) THEN {cast} END"


def _decoded(field: str, codes: Mapping[str, str]) -> str:
    """Return the meaning of a code; NULL for a code that is not listed."""
    # A column of whole numbers with a gap in it leaves many programs as 1.0 and 0.0.
    read = _clean(field)
    given = f"CASE WHEN regexp_full_match({read}, '{WHOLE}') THEN split_part({read}, '.', 1) ELSE {read} END"
    meant = {re.sub(WHOLE, r"\1", code.strip()): meaning for code, meaning in codes.items()}
    cases = " ".join(f"WHEN {literal(code)} THEN '{quoted(str(meaning))}'" for code, meaning in meant.items())
    return f"CASE {given} {cases} END" if cases else "NULL"


def _yes_no(codes: Mapping[str, str]) -> dict[str, str]:
    """Return which codes mean true and which false; a code that means neither is left out and so is unreadable."""
    meant = {code: YES_NO_CODES.get(meaning.strip().casefold()) for code, meaning in (codes or YES_NO_CODES).items()}
    return {code: "true" if meaning == "yes" else "false" for code, meaning in meant.items() if meaning}


def _arm_codes(protocol: Protocol, column: Column) -> dict[str, str]:
    """Return which arm each code means: by the column's own codes, or by those of the arms."""
    if protocol.arms is None:
        return {}
    arms = {"treatment": protocol.arms.treatment, "comparison": protocol.arms.comparison}
    codes = {code: key for key, arm in arms.items() for code in arm.codes}
    folded = {code.strip().casefold(): key for code, key in codes.items()}
    own = {code: folded.get(meaning.strip().casefold(), "") for code, meaning in column.codes.items()}
    return {code: key for code, key in own.items() if key} if own else codes


def _date(field: str, declared: str) -> str:
    """Return a date. Workbooks hold true dates, which were written as yyyy-mm-dd: that form is always understood."""
    formats = dict.fromkeys((strptime_format(declared), "%Y-%m-%d", "%Y-%m-%dT%H:%M:%S"))
    listed = ", ".join(f"'{quoted(one)}'" for one in formats)
    read = f"try_strptime({trimmed(named(field))}, [{listed}])::DATE"
    return f"CASE WHEN {read} >= DATE '{FIRST_DAY}' AND {read} < DATE '{DAY_AFTER_LAST}' THEN {read} END"


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
    """Return 1 if the event came by the horizon, 0 if follow-up passed it without, NULL if follow-up ended before.

    Where it is not known whether the event came, only a time beyond the horizon tells that it had not come by then.
    """
    if outcome.type != "binary" or not (outcome.time and outcome.event):
        return "NULL::DOUBLE"
    time, event, horizon = typed[outcome.time].value, typed[outcome.event].value, outcome.horizon
    return (
        f"CASE WHEN ({event}) AND ({time}) <= {horizon} THEN 1.0 WHEN ({time}) > {horizon} THEN 0.0 "
        f"WHEN NOT ({event}) AND ({time}) = {horizon} THEN 0.0 END"
    )
