"""Numbers whose signs are in doubt: 1.200 is more than a thousand where a comma stands before the decimals.

A column that has both signs is refused, and so is one of a text file in which every full stop has three digits behind
it, unless the protocol says which sign is which. Workbooks and tables hold numbers, which are in no doubt.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from pipelines.ingest.comparing import trimmed_slowly
from pipelines.protocol.extract_soundness import TEXTS
from pipelines.protocol.extracts import Column
from pipelines.refusal import Refusal
from pipelines.validation.typed import field_types
from pipelines.validation.values import NUMBER
from pipelines.warehouse import named, quoted
from pipelines.workspace import PilotSite

COMMA = r"[+-]?[0-9.]*,[0-9]+"
GROUPED = r"[+-]?[1-9][0-9]{0,2}([.][0-9]{3})+"
"""A number that may be decimal, or have a full stop between its thousands."""
FIRST_ROWS = 4_000
"""Rows that are asked before all of them are."""


def insist_on_one_decimal_sign(connection: Any, site: PilotSite, noun: str, staged: str) -> None:
    """Refuse a column in which some numbers have a decimal comma and some a full stop; asked only where one failed."""
    query = f"SELECT DISTINCT unnest(string_split(unreadable, ',')) FROM {staged} WHERE unreadable <> ''"
    failed = {field for (field,) in connection.execute(query).fetchall()}
    numbers = _outcome_numbers(site) if noun == "outcomes" else _numbers(site, noun)
    source = "cases" if noun == "outcomes" else noun
    for field in sorted(failed & numbers):
        x = named(field)
        both = f"count_if(regexp_full_match({trimmed_slowly(x)}, '{COMMA}')) > 0 AND count_if(contains({x}, '.')) > 0"
        query = f"SELECT extract FROM raw.{source} GROUP BY extract HAVING {both} ORDER BY 1"
        for (extract,) in connection.execute(query).fetchall():
            column = site.protocol.extracts[extract].columns.get(field)
            if column is not None and column.decimal == ".":
                raise Refusal(
                    f'The column "{column.column}" holds numbers with a comma and numbers with a full stop, so nobody'
                    " can tell whether 1.200 is more than a thousand.",
                    f'If the comma is the decimal sign, add `decimal: ","` to extracts.{extract}.columns.{field}.'
                    " The earlier results stand.",
                )


def _numbers(site: PilotSite, noun: str) -> set[str]:
    return {field for field, kind in field_types(site.protocol, noun).items() if kind == "number"}


def _outcome_numbers(site: PilotSite) -> set[str]:
    outcomes = site.protocol.outcomes.values()
    values = {one.value for one in outcomes if one.value and one.type in ("continuous", "count")}
    return values | {one.time for one in outcomes if one.time}


def insist_on_proven_thousands(connection: Any, site: PilotSite, noun: str, staged: str) -> None:
    """Refuse a column of a text file whose every full stop may stand before decimals or between thousands."""
    source = "cases" if noun == "outcomes" else noun
    numbers = _outcome_numbers(site) if noun == "outcomes" else _numbers(site, noun)
    for name, extract in site.protocol.extracts_of(source, site.site).items():
        columns = {f: c for f, c in extract.columns.items() if f in numbers and _is_undeclared(c)}
        if not columns or not _is_text(extract.file):
            continue
        asked = list(columns) if noun == "outcomes" else _unsettled_at_first(connection, staged, list(columns))
        for field in asked:
            in_doubt = _is_in_doubt(connection, source, extract.completes or name, field)
            if in_doubt and (noun == "outcomes" or _asked(connection, staged, [field])[field] is False):
                raise _doubtful(name, field, columns[field].column)


def _is_undeclared(column: Column) -> bool:
    return not column.codes and not {"decimal", "thousands"} & column.model_fields_set


def _is_text(pattern: str) -> bool:
    return pattern.lower().endswith((*TEXTS, "*"))


def _unsettled_at_first(connection: Any, staged: str, fields: Sequence[str]) -> list[str]:
    """Return the fields that the first typed values leave in doubt: none of 1,000 and more, none with other decimals.

    One value settles a column, and nearly always one of the first does. The others are looked at in their text, where
    hardly any has a full stop between thousands; only of those that do are all typed values asked.
    """
    first = _asked(connection, f"(FROM {staged} LIMIT {FIRST_ROWS})", fields)
    return [field for field in fields if not first[field]]


def _asked(connection: Any, rows: str, fields: Sequence[str]) -> dict[str, bool | None]:
    """Return, by field, whether some value settles it; None where there is no value."""
    settled = ", ".join(f"bool_or({_settles(named(field))})" for field in fields)
    found = connection.execute(f"SELECT {settled} FROM {rows}").fetchone()
    return dict(zip(fields, found, strict=True))


def _settles(x: str) -> str:
    return f"abs({x}) >= 1000 OR ({x} <> floor({x}) AND (abs({x}) < 1 OR abs({x} * 1000 - round({x} * 1000)) > 1e-6))"


def _is_in_doubt(connection: Any, source: str, holder: str, field: str) -> bool:
    """Tell whether there are numbers such as 1.200, no other decimals, and no thousand written without a sign."""
    x, rows = named(field), f"raw.{source} WHERE extract = '{quoted(holder)}' AND {_of_text('source_file')}"
    text = trimmed_slowly(x)
    proven = (
        f"CASE WHEN contains({x}, '.') THEN NOT regexp_full_match({text}, '{GROUPED}') "
        f"AND regexp_full_match({text}, '{NUMBER}') ELSE strlen({x}) > 3 AND try_cast({x} AS DOUBLE) >= 1000 END"
    )
    grouped = f"contains({x}, '.') AND regexp_full_match({text}, '{GROUPED}')"
    # Hardly any column has one, and looking for a full stop costs a fifth of reading numbers.
    if connection.execute(f"SELECT 1 FROM {rows} AND {grouped} LIMIT 1").fetchone() is None:
        return False
    return connection.execute(f"SELECT 1 FROM {rows} AND {proven} LIMIT 1").fetchone() is None


def _of_text(file: str) -> str:
    return "(" + " OR ".join(f"lower({file}) LIKE '%{ending}'" for ending in TEXTS) + ")"


def _doubtful(extract: str, field: str, column: str) -> Refusal:
    key = f"extracts.{extract}.columns.{field}"
    return Refusal(
        f'In the column "{column}" every full stop in a number has three digits behind it, so nobody can tell whether'
        " 1.200 is more than a thousand.",
        f'Add `decimal: "."` to {key} if these are decimals, or `decimal: ","` if the full stop stands between'
        " thousands. The earlier results stand.",
    )
