"""What stands in the place of a person's number and is none: words of a sum, a repeated header, a shortened number.

How a number becomes a pseudonym belongs in pseudonyms; where this is asked, in storing.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from pipelines.ingest.row_words import ROWS_NAMED, rows_named
from pipelines.refusal import Refusal

SUMMARY_WORDS = (
    *("total", "totals", "total:", "totals:", "grand total", "grand total:", "overall total", "overall", "sum", "sum:"),
    *("subtotal", "subtotals", "subtotal:", "sub-total", "sub total", "sub-total:", "average", "average:", "mean"),
    *("mean:", "median", "median:", "count", "count:", "min", "max", "minimum", "maximum", "std", "sd"),
)
"""What a spreadsheet or a database writes into the first column of a row that sums up the others."""
SHORTENED = r"[0-9](\.[0-9]+)?[Ee]\+[0-9]{2}"
"""How a spreadsheet shows a number too long for its cell: several people are 4.71E+12."""


def words_for_nobody(header: str) -> tuple[str, ...]:
    """Return words that are nobody's number: of sums, and the column's own name where the header is repeated."""
    return (*SUMMARY_WORDS, header.strip().casefold())


def refuse_shortened(connection: Any, people: str, row: str, file: str, column: str) -> None:
    """Refuse a file in which a spreadsheet has shortened people's numbers: two people may have become one.

    Parameters
    ----------
    people : what SQL reads identifiers from, their column called `is person`.
    row : SQL of a row's number; blank where it is not known there.
    file, column : for the message.
    """
    is_short = f"\"is person\" LIKE '_%+__' AND regexp_full_match(\"is person\", '{SHORTENED}')"
    query = f"SELECT {row or 'NULL'} FROM {people} WHERE {is_short} LIMIT {ROWS_NAMED + 1}"
    found = [number for (number,) in connection.execute(query).fetchall()]
    if found:
        raise Refusal(
            f'{file}, column "{column}"{_where(found)}: a spreadsheet has shortened the numbers of people (as in'
            " 1.23E+12), so that several may have become one.",
            "Ask for the file as it left the database, not opened and saved in a spreadsheet, or with this column as"
            " text. The earlier results stand.",
        )


def _where(found: Iterable[int | None]) -> str:
    rows = [number for number in found if number is not None]
    return f", {rows_named(rows)}" if rows else ""
