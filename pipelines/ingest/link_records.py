"""The records that are compared when rows are linked by likeness: identifiers of both files, read in one way.

They live in the memory of a throwaway connection and go with it. Comparing them belongs in link_model, what follows
for rows in link_rows.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from pipelines.ingest.comparing import compared, literal, trimmed
from pipelines.ingest.parts import StandingPart
from pipelines.protocol.date_formats import strptime_format
from pipelines.protocol.extracts import MISSING_DEFAULT
from pipelines.protocol.link import LikenessKind, Link
from pipelines.refusal import Refusal
from pipelines.validation.dates import ISO, TIME, prove, read_as

COMMON_DAY = 0.005
"""A date of birth that more than this share of people have stands for "not known", as 01/01/1900 does."""
COMMON_PEOPLE = 10
"""Fewer people than this may share any date of birth."""
NO_NAMES = ("unknown", "not known", "not recorded", "no name")


def fill_records(
    connection: Any, site: str, link: Link, cases: Sequence[StandingPart], rows: Sequence[StandingPart]
) -> None:
    """Make `case_records` (one a person and spelling), `row_records` (one a spelling), and whose each one is."""
    kinds = list(link.on)
    _gather(connection, "case_values", site, kinds, cases)
    _gather(connection, "row_values", site, kinds, rows)
    read = {
        table: _readings(connection, table, link, form)
        for table, form in (("case_values", link.cases_date_format), ("row_values", link.date_format))
    }
    connection.execute(
        f"CREATE TABLE case_read AS SELECT DISTINCT person_key, {read['case_values']} FROM case_values "
        "WHERE person_key IS NOT NULL"
    )
    connection.execute(
        f"CREATE TABLE row_read AS SELECT digest, drop_rank, source_row, {read['row_values']} FROM row_values"
    )
    for index, how in enumerate(link.on.values()):
        if how == "date_of_birth":
            _blank_common(connection, index, len(kinds))
    _number(connection, len(kinds))


def _gather(connection: Any, table: str, site: str, kinds: Sequence[str], parts: Sequence[StandingPart]) -> None:
    """Collect the identifiers of some files as they were delivered, in the order of `kinds`."""
    columns = ", ".join(f"k{index} VARCHAR" for index in range(len(kinds)))
    connection.execute(
        f"CREATE TABLE {table} (digest VARCHAR, drop_rank INTEGER, source_row BIGINT, person_key VARCHAR, {columns})"
    )
    for part in parts:
        if part.stored.about.rows.get(site):
            query = part.stored.identified(site, kinds)
            connection.execute(f"INSERT INTO {table} SELECT '{part.stored.digest}', {part.rank}, * FROM ({query})")


def _readings(connection: Any, table: str, link: Link, date_format: str) -> str:
    """Return the columns of a table as they are compared."""
    return ", ".join(
        f"{_read(connection, table, f'k{index}', how, date_format)} AS k{index}"
        for index, how in enumerate(link.on.values())
    )


def _read(connection: Any, table: str, column: str, how: LikenessKind, date_format: str) -> str:
    words = ", ".join(literal(word) for word in sorted({*MISSING_DEFAULT, *NO_NAMES}))
    given = f"CASE WHEN coalesce({compared(column)}, '') NOT IN ({words}) THEN {column} END"
    if how == "date_of_birth":
        return _day(column, strptime_format(date_format) if date_format else _proven(connection, table, column))
    if how == "name":
        letters = f"replace(replace(upper(strip_accents({given})), '''', ''), '’', '')"
        return rf"nullif(trim(regexp_replace({letters}, '[^\p{{L}}]+', ' ', 'g')), '')"
    if how == "exact":
        return f"CASE WHEN coalesce({compared(column)}, '') NOT IN ({words}) THEN {compared(column)} END"
    return rf"nullif(regexp_replace(upper(strip_accents({given})), '[^\p{{L}}0-9]+', '', 'g'), '')"


def _day(column: str, form: str) -> str:
    """Return a date as yyyy-mm-dd; what is none by the format counts as not known."""
    day = f"regexp_replace({trimmed(column)}, '{TIME}', '')"
    return f"strftime(coalesce({read_as(day, form)}, {read_as(day, ISO)}), '%Y-%m-%d')"


def _proven(connection: Any, table: str, column: str) -> str:
    """Return the one format that fits every date of birth of a file, or refuse."""
    missing = frozenset(word.casefold() for word in MISSING_DEFAULT)
    proof = prove(connection, table, {column: (column, missing)})[column]
    if proof.verdict in ("proven", "blank"):
        return proof.format
    key, file = ("cases_date_format", "the case file") if table == "case_values" else ("date_format", "the other file")
    raise Refusal(
        f"Linking by likeness: how {file} writes dates of birth cannot be told from its values.",
        f"Declare it in the protocol, under link, as `{key}: dd/mm/yyyy`. The earlier results stand.",
    )


def _blank_common(connection: Any, index: int, kinds: int) -> None:
    """Take a date that very many people have for "not known"; one person's many rows count once."""
    column, person = f"k{index}", f"({', '.join(f'k{other}' for other in range(kinds))})"
    for table in ("case_read", "row_read"):
        people = connection.execute(f"SELECT count(DISTINCT {person}) FROM {table}").fetchone()[0]
        allowed = max(COMMON_PEOPLE, COMMON_DAY * people)
        common = f"SELECT {column} FROM {table} GROUP BY 1 HAVING count(DISTINCT {person}) > {allowed}"
        connection.execute(f"CREATE OR REPLACE TEMP TABLE common_days AS {common}")
        for each in ("case_read", "row_read"):
            connection.execute(f"UPDATE {each} SET {column} = NULL WHERE {column} IN (FROM common_days)")


def _number(connection: Any, kinds: int) -> None:
    """Number the records in an order that depends on what they hold alone, so that a sample of them can be repeated."""
    values = ", ".join(f"k{index}" for index in range(kinds))
    any_value = f"coalesce({values}) IS NOT NULL"
    connection.execute(
        f"CREATE TABLE numbered AS SELECT 'c' || row_number() OVER (ORDER BY person_key, {values}) AS unique_id, "
        f"person_key, {values} FROM (SELECT DISTINCT * FROM case_read) WHERE {any_value} ORDER BY person_key, {values}"
    )
    connection.execute("CREATE TABLE case_people AS SELECT unique_id, person_key FROM numbered")
    connection.execute("CREATE TABLE case_records AS SELECT * EXCLUDE (person_key) FROM numbered")
    connection.execute(
        f"CREATE TABLE row_records AS SELECT 'r' || row_number() OVER (ORDER BY {values}) AS unique_id, {values} "
        f"FROM (SELECT DISTINCT {values} FROM row_read) WHERE {any_value} ORDER BY {values}"
    )
    same = " AND ".join(f"r.k{index} IS NOT DISTINCT FROM w.k{index}" for index in range(kinds))
    connection.execute(
        "CREATE TABLE record_of_row AS SELECT DISTINCT w.digest, w.drop_rank, w.source_row, r.unique_id "
        f"FROM row_read w LEFT JOIN row_records r ON {same}"
    )
