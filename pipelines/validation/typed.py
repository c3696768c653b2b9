"""From delivered text to typed values, by the protocol's columns and codes: SQL expressions, and where they fail.

A value that is given but cannot be read becomes NULL, and its field is named in `unreadable`; a rule then sets the row
aside with file, row and column. How one value is read belongs in values, running the expressions in publish.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from pipelines.protocol import Protocol
from pipelines.protocol.extracts import FIELDS, YES_NO_CODES, Column, FieldType
from pipelines.refusal import Refusal
from pipelines.validation.dates import ISO, Readings
from pipelines.validation.placeholders import not_placeholder, without_placeholders
from pipelines.validation.values import code, declared_date, given, kept, number, proven_date, words
from pipelines.warehouse import named, quoted

SQL_TYPES: dict[str, str] = {
    "number": "DOUBLE",
    "date": "DATE",
    "yes_no": "BOOLEAN",
    "text": "VARCHAR",
    "arm": "VARCHAR",
}


@dataclass(frozen=True)
class Typed:
    """A field as SQL over the raw table."""

    kind: FieldType
    read: str
    """The value as read, which may still be one that cannot be true."""
    given: str
    """The condition that a value is given; `false` where whatever is given can be read."""

    @property
    def value(self) -> str:
        """The typed value."""
        return kept(self.kind, f"({self.read})")

    @property
    def unreadable(self) -> str:
        """The condition under which a given value could not be read."""
        return self.unreadable_beside(f"({self.value})")

    def unreadable_beside(self, value: str) -> str:
        """Return the same condition where the typed value is at hand: hardly any row then asks what was given."""
        return "false" if self.given == "false" else f"CASE WHEN {value} IS NULL THEN {self.given} ELSE false END"


def field_types(protocol: Protocol, noun: str) -> dict[str, FieldType]:
    """Return the fields of a noun, other than person and site, that the protocol uses, with their types."""
    types: dict[str, FieldType] = {f: t for f, t in FIELDS[noun].items() if t not in ("person", "site")}
    if noun == "cases":
        types |= {name: "text" if c.type == "category" else c.type for name, c in protocol.covariates.items()}
        measures = [component.measure for component in protocol.intervention.components.values()]
        types |= {m.removeprefix("cases."): "number" for m in measures if m.startswith("cases.")}
    return {**_design_types(protocol, noun), **types}


def _design_types(protocol: Protocol, noun: str) -> dict[str, FieldType]:
    """Return the fields that outcomes in the assessments or a series, and the design, need of a noun."""
    if noun == "cases":
        return _design_types_of_cases(protocol)
    types: dict[str, FieldType] = {}
    for outcome in protocol.outcomes.values():
        if outcome.noun == noun:
            types |= {outcome.value: "yes_no" if outcome.type == "binary" else "number"} if outcome.value else {}
            types |= {outcome.exposure: "number"} if outcome.exposure else {}
    if noun == "assessments" and protocol.design is not None and protocol.design.kind == "panel":
        types |= {protocol.design.treated: "number", **dict.fromkeys(protocol.design.by, "number")}
        types |= {protocol.design.weights: "number"} if protocol.design.weights else {}
    if noun == "assessments" and protocol.design is not None and protocol.design.kind == "staggered":
        types |= dict.fromkeys(protocol.design.changing, "number")
    return types


def _design_types_of_cases(protocol: Protocol) -> dict[str, FieldType]:
    """Return the fields of the cases that say how people were grouped, what they began with, and what they took up."""
    design = protocol.design
    named = {key: getattr(design, key, None) for key in ("blocks", "clusters", "pairs", "adopted", "dose")}
    types: dict[str, FieldType] = {f: "number" if k in ("adopted", "dose") else "text" for k, f in named.items() if f}
    if design is not None and design.kind == "staggered" and design.weights:
        types[design.weights] = "number"
    for outcome in protocol.outcomes.values():
        if outcome.baseline:
            types[outcome.baseline] = "yes_no" if outcome.type == "binary" else "number"
    return types | ({protocol.take_up.field: "yes_no"} if protocol.take_up else {})


def typed_field(
    protocol: Protocol, noun: str, site: str, field: str, kind: FieldType, readings: Readings | None = None
) -> Typed:
    """Return the expression of a field over all extracts of a noun; a field that no extract maps is NULL."""
    extracts = protocol.extracts_of(noun, site)
    columns = {name: e.columns[field] for name, e in extracts.items() if field in e.columns}
    if not columns:
        return Typed(kind, f"NULL::{SQL_TYPES[kind]}", "false")
    # The rows of an extract that completes another stand in the rows of that other.
    holders = {name: extracts[name].completes or name for name in columns}
    main = {name for name, extract in extracts.items() if not extract.completes}
    everywhere = main <= set(holders.values())

    def by_extract(expression: Callable[[Column], str]) -> str:
        return _by_extract({holders[name]: expression(column) for name, column in columns.items()}, everywhere)

    asked = "false" if kind == "text" and not any(c.codes for c in columns.values()) else ""
    asked = asked or by_extract(lambda column: given(named(field), column))
    if kind == "date":
        dates = {n: _date(n, field, c, readings or {}, joined=holders[n] != n) for n, c in columns.items()}
        if any(column.missing_dates for column in columns.values()):
            given_too = {holders[n]: not_placeholder(given(named(field), c), dates[n], c) for n, c in columns.items()}
            dates = {n: without_placeholders(date, columns[n]) for n, date in dates.items()}
            asked = _by_extract(given_too, everywhere)
        return Typed(kind, _by_extract({holders[n]: date for n, date in dates.items()}, everywhere), asked)
    return Typed(kind, by_extract(lambda column: _cast(protocol, field, kind, column)), asked)


def _by_extract(expressions: Mapping[str, str], everywhere: bool) -> str:
    """Return an expression that reads each extract by its own columns' rules; where they agree, there is one rule."""
    if everywhere and len(set(expressions.values())) == 1:
        return next(iter(expressions.values()))
    cases = " ".join(f"WHEN '{name}' THEN {expression}" for name, expression in expressions.items())
    return f"CASE extract {cases} END"


def _cast(protocol: Protocol, field: str, kind: FieldType, column: Column) -> str:
    """Return the value of a field as read, NULL where it cannot be."""
    x = named(field)
    if kind == "arm":
        return _coded(x, column, _arm_codes(protocol, column), "VARCHAR")
    if kind == "yes_no":
        return _coded(x, column, _yes_no(column.codes), "BOOLEAN")
    if kind == "number":
        return number(x, column)
    return code(x, column, column.codes) if column.codes else words(x, column)


def _coded(x: str, column: Column, meanings: Mapping[str, str], sql_type: str) -> str:
    return f"({code(x, column, meanings)})::{sql_type}"


def _date(extract: str, field: str, column: Column, readings: Readings, *, joined: bool) -> str:
    """Return a date: by the declared format, or by the one that each file was proven to have."""
    x = named(field)
    if column.format:
        return declared_date(x, column)
    forms = {file: form for (name, file, of), form in readings.items() if (name, of) == (extract, field)}
    if len(set(forms.values())) <= 1:
        return proven_date(x, column, next(iter(forms.values()), ISO))
    if joined:
        raise Refusal(
            f'The files of {extract} write the dates of the column "{column.column}" in different ways.',
            f"Add the right format to extracts.{extract}.columns.{field}. The earlier results stand.",
        )
    cases = " ".join(f"WHEN '{quoted(file)}' THEN {proven_date(x, column, form)}" for file, form in forms.items())
    return f"CASE source_file {cases} END"


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


def typed_columns(typed: Mapping[str, Typed]) -> str:
    """Return the inner columns, each read once, that the fields and `unreadable` of a table are made from."""
    return "".join(f", {one.read} AS {read_name(field)}" for field, one in typed.items())


def read_name(field: str) -> str:
    """Return the name of an inner column; a blank is in no field's name, so it can be mistaken for none."""
    return named(f"read {field}")


def field_columns(typed: Mapping[str, Typed]) -> str:
    """Return the columns of a table, made from the inner ones."""
    return "".join(f", {kept(one.kind, read_name(field))} AS {named(field)}" for field, one in typed.items())


def unreadable_fields(typed: Mapping[str, Typed]) -> str:
    """Return an expression, over the inner columns, that lists the fields whose given value cannot be read.

    What follows a blank in a key tells two readings of one field apart, and is not said.
    """
    conditions = {
        field: one.unreadable_beside(f"({kept(one.kind, read_name(field))})")
        for field, one in typed.items()
        if one.given != "false"
    }
    if not conditions:
        return "''"
    # Hardly any row has a value that is given and not read: the full question is asked of those rows only.
    perhaps = " OR ".join(
        f"({kept(typed[f].kind, read_name(f))} IS NULL AND {named(f.split()[0])} <> '')" for f in conditions
    )
    cases = ", ".join(
        f"CASE WHEN {condition} THEN '{quoted(field.split()[0])}' END" for field, condition in conditions.items()
    )
    return f"CASE WHEN {perhaps} THEN concat_ws(',', {cases}) ELSE '' END"
