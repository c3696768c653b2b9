"""Applies corrections to a raw table: SQL that finds the delivered values, changes them, and notes what became of each.

All are found before any is applied: a correction is of what was delivered, never of another correction.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from pipelines.ingest.comparing import compared
from pipelines.ingest.corrections import Applied, Correction, Status
from pipelines.warehouse import columns_of, insert, named, quoted

NOTED = (
    "noun VARCHAR, extract VARCHAR, number INTEGER, field VARCHAR, status VARCHAR, why VARCHAR, who VARCHAR, "
    "made_on DATE"
)
WANTED = (
    "number INTEGER, extract VARCHAR, field VARCHAR, person_key VARCHAR, drop_id VARCHAR, source_file VARCHAR, "
    "source_row BIGINT, old VARCHAR, new VARCHAR"
)
FOUND = "number INTEGER, field VARCHAR, row_key VARCHAR, drop_id VARCHAR, old VARCHAR, new VARCHAR"
IN_FILE = "nfc_normalize(c.source_file || '#' || c.source_row)"
WHOSE = (
    "t.person_key = c.person_key",
    # Keys of rows of increments begin with their drop: these rows also stand in later drops.
    f"t.source_row = c.source_row AND ((t.drop_id = c.drop_id AND nfc_normalize(t.row_key) = {IN_FILE}) "
    f"OR nfc_normalize(t.row_key) = c.drop_id || '/' || {IN_FILE})",
)
"""One join for corrections of people, one for those of rows: with OR between them DuckDB compares all pairs."""


def apply_corrections(connection: Any, table: str, noun: str, corrections: Sequence[Correction]) -> tuple[Applied, ...]:
    """Correct the rows of a raw table, and keep in raw.corrections what became of each correction of the noun.

    Call it inside a transaction, also without any correction: what was kept of an earlier run is then forgotten.

    Parameters
    ----------
    table : has row_key, person_key, extract, source_file, source_row, drop_id, and the noun's fields as text; a column
        `corrected` is added, which lists the fields that were changed.
    """
    mine = [one for one in corrections if one.noun == noun]
    status = correct(connection, table, mine)
    applied = tuple(
        Applied(
            one.number,
            one.extract,
            status.get(one.number, "not found"),
            ", ".join(one.fields),
            one.why,
            one.who,
            one.when,
        )
        for one in mine
    )
    _keep(connection, noun, applied)
    return applied


def correct(connection: Any, table: str, corrections: Sequence[Correction]) -> dict[int, Status]:
    """Find, judge and change; return the status of each correction that found anything."""
    if not corrections:
        return {}
    there = {name for name, _ in columns_of(connection, table)}
    fields = sorted({field for one in corrections for field in one.fields} & there)
    connection.execute(f"CREATE OR REPLACE TEMP TABLE corrections_wanted ({WANTED})")
    insert(connection, "corrections_wanted", [row for one in corrections for row in _wanted(one)])
    connection.execute(f"CREATE OR REPLACE TEMP TABLE corrections_found ({FOUND})")
    for field in fields:
        for whose in WHOSE:
            connection.execute(f"INSERT INTO corrections_found {_matches(table, field, whose)}")
    status = _judged(connection)
    connection.execute(f"ALTER TABLE {table} ADD COLUMN IF NOT EXISTS corrected VARCHAR")
    for field in fields:
        connection.execute(_change(table, field))
    return status


def _wanted(one: Correction) -> list[tuple[object, ...]]:
    place = (one.place.drop, one.place.file, one.place.row) if one.place else (None, None, None)
    return [(one.number, one.rows_of, field, one.person_key or None, *place, one.old, one.new) for field in one.fields]


def _matches(table: str, field: str, whose: str) -> str:
    """Return the SELECT of the rows in which a field holds what a correction says was delivered."""
    delivered, old = (compared(f"coalesce({value}, '')") for value in (f"t.{named(field)}", "c.old"))
    return (
        f"SELECT c.number, c.field, t.row_key, t.drop_id, c.old, c.new FROM {table} t JOIN corrections_wanted c "
        f"ON {whose} AND t.extract = c.extract WHERE c.field = '{quoted(field)}' AND {delivered} = {old}"
    )


def _judged(connection: Any) -> dict[int, Status]:
    """Forget what was found without certainty: of several rows, or of a value that another correction changes too."""
    connection.execute("""
        CREATE OR REPLACE TEMP TABLE corrections_unclear AS
        SELECT number FROM corrections_found GROUP BY number, field HAVING count(*) > 1
        UNION
        SELECT unnest(list(DISTINCT number)) FROM corrections_found
        GROUP BY row_key, drop_id, field HAVING count(DISTINCT new) > 1
    """)
    query = """
        SELECT DISTINCT number, number IN (SELECT number FROM corrections_unclear) FROM corrections_found
    """
    found = connection.execute(query).fetchall()
    connection.execute("DELETE FROM corrections_found WHERE number IN (SELECT number FROM corrections_unclear)")
    return {number: "ambiguous" if unclear else "applied" for number, unclear in found}


def _change(table: str, field: str) -> str:
    column = named(field)
    delivered, old = (compared(f"coalesce({value}, '')") for value in (f"t.{column}", "c.old"))
    return (
        f"UPDATE {table} AS t SET {column} = c.new, "
        f"corrected = concat_ws(', ', nullif(t.corrected, ''), '{quoted(field)}') "
        f"FROM (SELECT DISTINCT field, row_key, drop_id, old, new FROM corrections_found) c "
        f"WHERE c.field = '{quoted(field)}' AND t.row_key = c.row_key AND t.drop_id = c.drop_id AND {delivered} = {old}"
    )


def _keep(connection: Any, noun: str, applied: Sequence[Applied]) -> None:
    """Keep what findings will print, and no more."""
    connection.execute(f"CREATE TABLE IF NOT EXISTS raw.corrections ({NOTED})")
    connection.execute("DELETE FROM raw.corrections WHERE noun = ?", [noun])
    rows = [(noun, one.extract, one.number, one.field, one.status, one.why, one.who, one.when) for one in applied]
    insert(connection, "raw.corrections", rows)
