"""Rows that a file holds twice in every field: one stays, the others go to quarantine as copies.

What belongs here: finding and keeping them. Whether a noun's copies are looked for is people_rules.keeps_one's to say;
rows that differ in any field are the business of the rules about uniqueness.
"""

from __future__ import annotations

from typing import Any

from pipelines.ingest.one_row_each import each_is_another
from pipelines.sql_text import named
from pipelines.warehouse import columns_of, has_table

REASON = "identical_copy"
WHERE_FROM = {"row_key", "source_file", "source_row", "drop_id", "received_at"}
"""Columns that say where a row came from, and so differ between copies."""


def set_copies_apart(connection: Any, noun: str) -> bool:
    """Move all but the first of identical rows from staging.<noun> to staging.<noun>_copies.

    Return whether nobody has two rows, identical or not; then no rule need look for them again.

    Compared is what was delivered: two different values that cannot be read would both be typed as missing.
    """
    delivered = [named(name) for name, _ in columns_of(connection, f"raw.{noun}") if name not in WHERE_FROM]
    later = f"""
        SELECT row_key FROM raw.{noun}
        -- Few people have two rows, and only theirs are worth comparing in every column.
        WHERE person_key IN (FROM temp.perhaps_twice)
        QUALIFY row_number() OVER (PARTITION BY {", ".join(delivered)} ORDER BY drop_id, source_file, source_row) > 1
    """
    copies = f"staging.{noun}_copies"
    none = f"CREATE OR REPLACE TABLE {copies} AS FROM staging.{noun} LIMIT 0"
    if each_is_another(connection, noun):
        connection.execute(none)
        return True
    known = f"FROM validated.{noun}_staged WHERE person_key IS NOT NULL"
    # Equal people have equal hashes, which are counted in a third of the time; the comparison settles it.
    twice = f"SELECT hash(person_key) {known} GROUP BY ALL HAVING count(*) > 1"
    perhaps = f"SELECT DISTINCT person_key {known} AND hash(person_key) IN ({twice})"
    connection.execute(f"CREATE OR REPLACE TEMP TABLE perhaps_twice AS {perhaps}")
    if connection.execute("SELECT 1 FROM temp.perhaps_twice LIMIT 1").fetchone() is None:
        connection.execute(none)
        return True
    connection.execute(f"CREATE OR REPLACE TABLE {copies} AS FROM staging.{noun} SEMI JOIN ({later}) USING (row_key)")
    connection.execute(f"DELETE FROM validated.{noun}_staged WHERE row_key IN (SELECT row_key FROM {copies})")
    return False


def keep_copies(connection: Any, noun: str) -> None:
    """Add the copies to the rows that are set aside, within the transaction that publishes the others."""
    if has_table(connection, "staging", f"{noun}_copies"):
        connection.execute(f"INSERT INTO quarantine.{noun} SELECT *, '{REASON}' FROM staging.{noun}_copies")
