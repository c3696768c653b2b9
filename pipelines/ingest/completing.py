"""Further fields of people from a file beside the main one: joined by the person, who may have one row there.

Whoever moved to another site is followed: what such a file says of them under the site that they left counts where
they stand now, unless it speaks of them there too.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import suppress
from typing import Any

from pipelines.ingest.parts import StandingPart, parts_of, together
from pipelines.ingest.row_words import rows_named
from pipelines.ingest.standing import Standing
from pipelines.refusal import Refusal
from pipelines.sql_text import named, quoted
from pipelines.workspace import PilotSite


def completed(
    connection: Any, site: PilotSite, table: str, parts: Sequence[StandingPart], state: Standing, left: str
) -> None:
    """Fill the fields of a raw table that other extracts complete, and keep whose rows came in `raw.completing`.

    `left` is a SELECT of people and the sites that they left, as `moved.movements` returns it.
    """
    noun = table.removeprefix("raw.")
    connection.execute("CREATE TABLE IF NOT EXISTS raw.completing (noun VARCHAR, extract VARCHAR, person_key VARCHAR)")
    connection.execute("DELETE FROM raw.completing WHERE noun = ?", [noun])
    connection.execute("CREATE TABLE IF NOT EXISTS raw.unplaced (noun VARCHAR, extract VARCHAR, row_key VARCHAR)")
    connection.execute("DELETE FROM raw.unplaced WHERE noun = ?", [noun])
    for name, extract in site.protocol.extracts_of(noun.removesuffix("_before"), site.site).items():
        named_so = [part for part in parts if part.name == name and extract.completes]
        some = [part for part in named_so if site.site in part.stored.about.rows]
        elsewhere = list(_elsewhere(site, name, state)) if left and extract.completes and extract.link is None else []
        if not some and not elsewhere:
            continue
        _gather(connection, site, noun, some, elsewhere, state.newest.name, left)
        one = some[0] if some else elsewhere[0][1][0]
        _refuse_several(connection, one)
        _fill(connection, noun, one)
        connection.execute("DROP TABLE further")


def _elsewhere(site: PilotSite, name: str, state: Standing) -> Iterator[tuple[str, list[StandingPart]]]:
    """Yield the other sites that have rows in an extract; one that cannot be read is that site's own matter."""
    for key in site.protocol.sites:
        other = PilotSite(site.workspace, site.protocol, key)
        extracts = {n: e for n, e in site.protocol.extracts.items() if n == name and (not e.sites or key in e.sites)}
        with suppress(Refusal):
            held = [part for part in parts_of(other, state, extracts) if part.stored.about.rows.get(key)]
            if held and key != site.site:
                yield key, held


def _gather(
    connection: Any,
    site: PilotSite,
    noun: str,
    own: Sequence[StandingPart],
    elsewhere: Sequence[tuple[str, list[StandingPart]]],
    newest: str,
    left: str,
) -> None:
    """Put into `further` the rows of people who stand here, also those under a site that they left."""

    def gone(key: str) -> str:
        return f"(SELECT person_key FROM ({left}) WHERE site = '{quoted(key)}')"

    here = together(site, own, newest) or "FROM (" + _together_at(site, *elsewhere[0], newest) + ") LIMIT 0"
    stays = f" ANTI JOIN {gone(site.site)} USING (person_key)" if left else ""
    connection.execute(f"CREATE OR REPLACE TEMP TABLE further AS FROM ({here}){stays}")
    if elsewhere:
        rows = " UNION ALL BY NAME ".join(
            f"(FROM ({_together_at(site, key, parts, newest)}) SEMI JOIN {gone(key)} USING (person_key))"
            for key, parts in elsewhere
        )
        stand = f"(SELECT person_key FROM raw.{noun}) USING (person_key)"
        spoken_of = "(SELECT person_key FROM further) USING (person_key)"
        connection.execute(f"INSERT INTO further BY NAME FROM ({rows}) SEMI JOIN {stand} ANTI JOIN {spoken_of}")


def _together_at(site: PilotSite, key: str, parts: Sequence[StandingPart], newest: str) -> str:
    return together(PilotSite(site.workspace, site.protocol, key), parts, newest)


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
