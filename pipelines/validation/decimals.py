"""Numbers with a decimal comma in a column that is not declared to have them: 1.200 would become 1.2."""

from __future__ import annotations

from typing import Any

from pipelines.ingest.comparing import trimmed_slowly
from pipelines.refusal import Refusal
from pipelines.validation.typed import field_types
from pipelines.warehouse import named
from pipelines.workspace import PilotSite

COMMA = r"[+-]?[0-9.]*,[0-9]+"


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
