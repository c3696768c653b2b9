"""Further fields of people from a file beside the main one: joined by the person, who may have one row there."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from pipelines.ingest.parts import StandingPart, together
from pipelines.ingest.row_words import rows_named
from pipelines.refusal import Refusal
from pipelines.sql_text import named
from pipelines.workspace import PilotSite


def completed(connection: Any, site: PilotSite, table: str, parts: Sequence[StandingPart], newest: str) -> None:
    """Fill the fields of a raw table that other extracts complete, and keep whose rows came in `raw.completing`."""
    noun = table.removeprefix("raw.")
    connection.execute("CREATE TABLE IF NOT EXISTS raw.completing (noun VARCHAR, extract VARCHAR, person_key VARCHAR)")
    connection.execute("DELETE FROM raw.completing WHERE noun = ?", [noun])
    connection.execute("CREATE TABLE IF NOT EXISTS raw.unplaced (noun VARCHAR, extract VARCHAR, row_key VARCHAR)")
    connection.execute("DELETE FROM raw.unplaced WHERE noun = ?", [noun])
    names = dict.fromkeys(part.name for part in parts if part.extract.completes)
    for name in names:
        some = [part for part in parts if part.name == name]
        connection.execute(f"CREATE OR REPLACE TEMP TABLE further AS {together(site, some, newest)}")
        _refuse_several(connection, some[0])
        _fill(connection, noun, some[0])
        connection.execute("DROP TABLE further")


def _refuse_several(connection: Any, part: StandingPart) -> None:
    """Two rows of one person that say different things: nobody can tell which one is right."""
    fields = ", ".join(map(named, part.stored.about.fields))
    query = f"""
        SELECT source_file, list(source_row ORDER BY source_row) FROM further
        WHERE person_key IN (SELECT person_key FROM (SELECT DISTINCT person_key, {fields} FROM further)
                             GROUP BY 1 HAVING count(*) > 1)
        GROUP BY 1 ORDER BY 1
    """
    found = connection.execute(query).fetchall()
    if found:
        where = "; ".join(f"{file}, {rows_named(rows)}" for file, rows in found)
        raise Refusal(
            f"{where}: a person has several rows that differ, and this file may hold one row for each person.",
            "Ask the provider for one row each, or map the file as `wider` or as a noun of its own.",
        )


def _fill(connection: Any, noun: str, part: StandingPart) -> None:
    fields = part.stored.about.fields
    values = ", ".join(f"{named(field)} = once.{named(field)}" for field in fields)
    listed = ", ".join(map(named, fields))
    once = f"SELECT DISTINCT person_key, {listed} FROM further WHERE person_key IS NOT NULL"
    own = f"raw.{noun}.person_key = once.person_key AND raw.{noun}.extract = '{part.extract.completes}'"
    connection.execute(f"UPDATE raw.{noun} SET {values} FROM ({once}) once WHERE {own}")
    # Whose they are is not said, or nobody of that number is in the file that they complete: a rule speaks of them.
    there = f"SELECT person_key FROM raw.{noun} WHERE extract = '{part.extract.completes}' AND person_key IS NOT NULL"
    connection.execute(
        f"INSERT INTO raw.unplaced SELECT ?, ?, row_key FROM further WHERE (person_key IN ({there})) IS NOT TRUE",
        [noun, part.name],
    )
    connection.execute(
        "INSERT INTO raw.completing SELECT DISTINCT ?, ?, person_key FROM further WHERE person_key IS NOT NULL",
        [noun, part.name],
    )
