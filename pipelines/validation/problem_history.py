"""By what a failing row is known again in the next drop, where it stands in another row of another file.

Keeping the history belongs in failing, comparing two drops in corrected_since.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from pipelines.protocol.extracts import FIELDS
from pipelines.validation.corrections import READABLE_ID
from pipelines.validation.provider_words import extracts_for
from pipelines.validation.result import CheckResult
from pipelines.warehouse import columns_of, insert, named
from pipelines.workspace import PilotSite

PEOPLE = ("cases", "consents", "outcomes")
"""Tables in which a person has one row (and one for each outcome)."""
OWN_KEYS = {"documents": ("document_key",), "codings": ("coding_key",), "outcomes": ("outcome",)}
WHENCE = ("row_key", "source_file", "source_row", "drop_id", "received_at", "extract", "unreadable")
"""Columns that tell where a row stood: in the next drop the same row stands elsewhere."""


def find_problems(connection: Any, site: PilotSite, noun: str, drop: str, results: Sequence[CheckResult]) -> None:
    """Give each failing row an identity by which the next drop's check will know it again."""
    insert(
        connection,
        "found_named_problems",
        [
            (noun, drop, one.rule, "the table", True)
            for one in results
            if one.level == "table" and one.decision != "publish"
        ],
    )
    listed = [one.rule for one in results if one.level == "row" and one.decision != "publish"]
    connection.execute(
        f"""
        INSERT INTO found_named_problems
        SELECT '{noun}', $drop, f.rule, md5(concat_ws('|', {_identity(connection, site, noun)},
            CASE WHEN f.rule = '{READABLE_ID}' THEN f.field END)), list_contains($listed::VARCHAR[], f.rule)
        FROM found_failing f JOIN staging.{noun} s USING (row_key)
        """,
        {"drop": drop, "listed": listed},
    )


def _identity(connection: Any, site: PilotSite, noun: str) -> str:
    """Return what stays the same of a row while its fault is corrected: whose it is, and of what day.

    Rows of nobody are known by all that they hold.
    """
    there = [name for name, _ in columns_of(connection, f"staging.{noun}")]
    chosen = [key for extract in extracts_for(site, noun).values() for key in extract.key]
    days = [field for field, kind in FIELDS.get(noun, {}).items() if kind == "date"] if noun not in PEOPLE else []
    own = [name for name in dict.fromkeys((*OWN_KEYS.get(noun, ()), *(chosen or days))) if name in there]
    whole = [name for name in there if name not in WHENCE]
    if "person_key" not in there:
        return _joined(own or whole)
    return f"CASE WHEN s.person_key IS NULL THEN {_joined(whole)} ELSE {_joined(['person_key', *own])} END"


def _joined(names: Sequence[str]) -> str:
    return f"concat_ws('|', {', '.join(f's.{named(name)}::VARCHAR' for name in names)})"
