"""Whether every row of a raw table is another person's, as was counted when its one file was read: once is enough."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from pipelines.ingest.parts import StandingPart, is_plain
from pipelines.warehouse import has_table


def note_one_row_each(connection: Any, noun: str, site: str, parts: Sequence[StandingPart], *, corrected: bool) -> None:
    """Keep, beside a raw table, that its rows are all of different people, where its one file says so as it lies."""
    connection.execute("CREATE TABLE IF NOT EXISTS raw.one_row_each (noun VARCHAR)")
    connection.execute("DELETE FROM raw.one_row_each WHERE noun = ?", [noun])
    if len(parts) == 1 and is_plain(parts) and not corrected:
        about = parts[0].stored.about
        # A row of nobody counts as a row and not as a person, so the two differ where there is one.
        if about.rows.get(site, 0) == about.people.get(site, 0):
            connection.execute("INSERT INTO raw.one_row_each VALUES (?)", [noun])


def each_is_another(connection: Any, noun: str) -> bool:
    """Tell whether every row of a raw table is known to be another person's."""
    query = "SELECT 1 FROM raw.one_row_each WHERE noun = ?"
    return has_table(connection, "raw", "one_row_each") and connection.execute(query, [noun]).fetchone() is not None
