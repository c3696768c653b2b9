"""What to correct: file, rows and column of what could not be read or broke a rule; never the values.

Deciding what happens to the rows belongs in decide, publishing the others in publish.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from pipelines.ingest.row_words import rows_named
from pipelines.protocol.extracts import Column
from pipelines.validation.result import CheckResult
from pipelines.validation.typed import field_types
from pipelines.warehouse import insert
from pipelines.workspace import PilotSite

READABLE_ID = "readable"
FILES_NAMED = 10
"""How many pairs of a file and a fault a message names."""
EXPECTED = {"number": ["A number is expected."], "date": ["A date is expected."], "yes_no": ["Yes or no is expected."]}
PERIODS = "Dates belong to the field `period_date`."
FROM_FILES = ("cases", "events", "assessments", "series", "outcomes", "contacts", "spend", "consents")
"""Tables whose rows are rows of a file that a provider can open."""


def unreadable_values(connection: Any, site: PilotSite, noun: str) -> list[str]:
    """Return file, rows and column of values that could not be read."""
    query = f"""
        SELECT source_file, field, list(DISTINCT source_row ORDER BY source_row)
        FROM (SELECT source_file, source_row, unnest(string_split(unreadable, ',')) AS field
              FROM staging.{noun} WHERE unreadable <> '')
        GROUP BY ALL ORDER BY ALL
    """
    found = connection.execute(query).fetchall()
    said = [f"{file}, {rows_named(rows)}: {_column(site, noun, field)}" for file, field, rows in found[:FILES_NAMED]]
    return said + _and_more(len(found))


def failing_rows(connection: Any, noun: str, results: Sequence[CheckResult]) -> list[str]:
    """Return file and rows of what other rules set aside or refused, with what to do about it."""
    stopped = [one for one in results if one.decision in ("quarantine", "refuse") and one.rule != READABLE_ID]
    said = [line for one in stopped if noun in FROM_FILES for line in _rows_of(connection, noun, one)]
    return said[:FILES_NAMED] + _and_more(len(said))


def _rows_of(connection: Any, noun: str, result: CheckResult) -> list[str]:
    connection.execute("CREATE OR REPLACE TEMP TABLE failing (row_key VARCHAR)")
    insert(connection, "failing", [(key,) for key in result.row_keys])
    query = f"""
        SELECT source_file, list(DISTINCT source_row ORDER BY source_row)
        FROM staging.{noun} JOIN failing USING (row_key) GROUP BY ALL ORDER BY ALL
    """
    found = connection.execute(query).fetchall()
    return [f"{file}, {rows_named(rows)}: {result.advice}" for file, rows in found]


def _and_more(count: int) -> list[str]:
    return [f"and {count - FILES_NAMED} more of the kind."] if count > FILES_NAMED else []


def _column(site: PilotSite, noun: str, field: str) -> str:
    """Return a column in the provider's words, and what it may hold."""
    names = " or ".join(dict.fromkeys(f'"{column.column}"' for column in _columns(site, noun, field))) or f'"{field}"'
    hint = [PERIODS] if field == "period" else []
    return " ".join([f"the column {names} holds a value that cannot be read.", *expected(site, noun, field), *hint])


def _columns(site: PilotSite, noun: str, field: str) -> list[Column]:
    extracts = site.protocol.extracts_of("cases" if noun == "outcomes" else noun, site.site)
    return [extract.columns[field] for extract in extracts.values() if field in extract.columns]


def expected(site: PilotSite, noun: str, field: str) -> list[str]:
    """Return sentences that say what a column may hold: its codes, the shape of its dates, or else its type."""
    columns = _columns(site, noun, field)
    codes = list(dict.fromkeys(code for column in columns for code in column.codes))
    if field == "arm" and site.protocol.arms and not codes:
        codes = [*site.protocol.arms.treatment.codes, *site.protocol.arms.comparison.codes]
    formats = list(dict.fromkeys(column.format for column in columns if column.format))
    said = [f"Codes that can be read: {', '.join(codes)}."] if codes else []
    said += [f"Dates are expected as {' or '.join(formats)}."] if formats else []
    kind = field_types(site.protocol, "cases" if noun == "outcomes" else noun).get(field, "text")
    return said or EXPECTED.get(kind, [])


def as_list(lines: Sequence[str]) -> str:
    """Return lines as a Markdown list."""
    return "\n".join(f"- {line}" for line in lines)
