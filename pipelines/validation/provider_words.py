"""What a failed rule is called to the provider of the files: columns by their headers, exact counts, what to do.

Only the correction list speaks so; messages and findings have CheckResult.sentence, which tells no small number.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Any

from pipelines.ingest.headers import tidy
from pipelines.protocol.extracts import Extract
from pipelines.validation.corrections import READABLE_ID, expected
from pipelines.validation.result import CheckResult
from pipelines.validation.rule import ROW_COUNT, Rule
from pipelines.validation.speech import failed_words
from pipelines.workspace import PilotSite

Fields = tuple[str, ...]
Fault = tuple[str, str, str, str, str, int | None, int, str, str]


def said_of(
    connection: Any, site: PilotSite, noun: str, rule: Rule, result: CheckResult, fields: Sequence[str]
) -> list[Fault]:
    """Return what the list says of a failed rule; its counts are exact, for the rows are the provider's own."""
    if rule.id == READABLE_ID:
        return [_unreadable(site, noun, rule, result, *found) for found in _unreadable_fields(connection)]
    failed = _failing(connection, rule.id) if rule.level == "row" else result.failed
    if rule.level == "row" and not failed:
        return []
    of_table = rule.expectation == ROW_COUNT or (rule.level == "table" and rule.expectation == "unexpected_rows")
    # There, what is counted may be fields or months, and the sentence names them.
    said = result.sentence if of_table else failed_words(rule.failed, failed, result.total, result.limit, 0)
    counted = None if of_table else failed
    name, columns = ", ".join(fields), headers(site, noun, fields)
    return [(rule.id, name, rule.words, said, result.decision, counted, result.total, columns, rule.advice)]


def _failing(connection: Any, rule: str) -> int:
    """Return how many rows break a rule of themselves, and not because of another fault."""
    query = "SELECT count(DISTINCT row_key) FROM found_failing WHERE rule = ?"
    return int(connection.execute(query, [rule]).fetchone()[0])


def _unreadable_fields(connection: Any) -> list[tuple[str, int]]:
    query = f"SELECT field, count(*) FROM found_failing WHERE rule = '{READABLE_ID}' GROUP BY ALL ORDER BY ALL"
    return [(str(field), int(count)) for field, count in connection.execute(query).fetchall()]


def _unreadable(site: PilotSite, noun: str, rule: Rule, result: CheckResult, field: str, count: int) -> Fault:
    column = headers(site, noun, (field,)) or field
    template = (
        "{failed} of {total} rows ({share}) hold a value in the column " + _braced(column) + " that cannot be read"
    )
    said = failed_words(template, count, result.total, result.limit, 0)
    advice = " ".join(["Correct the values in these rows, or tell us what they mean.", *expected(site, noun, field)])
    return (rule.id, field, rule.words, said, result.decision, count, result.total, column, advice)


def _braced(text: str) -> str:
    """Return a text that a template leaves as it is."""
    return text.replace("{", "{{").replace("}", "}}")


def fields_of(site: PilotSite, noun: str, rule: Rule) -> tuple[str, ...]:
    """Return the fields that a rule is about: those it names, or those that its SQL reads and some file has."""
    words = rule.columns or re.findall(r"[a-z_]+", f"{rule.arguments.get('sql', '')} {rule.arguments.get('where', '')}")
    mapped = {field for extract in extracts_for(site, noun).values() for field in extract.columns}
    fields = ("person" if word == "person_key" else word for word in words)
    return tuple(dict.fromkeys(field for field in fields if field in mapped))


def extracts_for(site: PilotSite, noun: str) -> dict[str, Extract]:
    """Return the extracts that a table is made from."""
    return site.protocol.extracts_of("cases" if noun == "outcomes" else noun, site.site)


def headers(site: PilotSite, noun: str, fields: Sequence[str]) -> str:
    """Return the columns of the file that hold some fields, in the provider's words."""
    specs = [
        extract.columns[field]
        for field in fields
        for extract in extracts_for(site, noun).values()
        if field in extract.columns
    ]
    return ", ".join(dict.fromkeys(tidy(name) for spec in specs for name in (spec.column, *spec.also)))
