"""Rows of a tabular extract: columns renamed to the common model, people to pseudonyms, sites told apart."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from pipelines import keys
from pipelines.ingest.comparing import compared, literal, trimmed
from pipelines.ingest.drops import Drop, files_of, insist_unchanged, latest_drop, missing_file, note_delivery
from pipelines.ingest.files import load_table
from pipelines.ingest.headers import slot
from pipelines.ingest.pseudonyms import pseudonyms
from pipelines.protocol.extracts import FIELDS, MISSING_DEFAULT, Extract
from pipelines.refusal import Refusal
from pipelines.told import Told
from pipelines.warehouse import (
    columns_of,
    insert,
    named,
    open_warehouse,
    quoted,
    replace_table,
    transaction,
    vault_beside,
)
from pipelines.workspace import PilotSite

ROWS_NAMED = 5
"""How many rows a message names before it says "and more"."""


@dataclass(frozen=True)
class Delivered:
    """One file of an extract, loaded into a temporary table."""

    name: str
    extract: Extract
    path: Path
    source: str
    table: str

    def slot(self, field: str) -> str:
        """Return the column of the temporary table that holds a field."""
        return slot(self.extract, self.extract.columns[field].column)


def receive_table(site: PilotSite, noun: str) -> Told:
    """Read every extract of a noun for a site into raw.<noun>."""
    extracts = site.protocol.extracts_of(noun, site.site)
    drop = latest_drop(site)
    fingerprint = drop.fingerprint
    with open_warehouse(site) as connection:
        delivered = [item for name, extract in extracts.items() for item in _found(site, drop, name, extract)]
        _refuse_read_twice(delivered)
        for item in delivered:
            load_table(connection, item.path, item.extract, item.table)
        select = _union(connection, site, noun, drop, delivered)
        insist_unchanged(site.pilot, drop, fingerprint)
        _keep_identifiers(connection, site, noun, delivered)
        with transaction(connection):
            rows = replace_table(connection, f"raw.{noun}", select)
            note_delivery(connection, noun, drop)
        columns = columns_of(connection, f"raw.{noun}")
    return Told(_said(noun, rows, drop, delivered), rows=rows, columns=columns)


def _found(site: PilotSite, drop: Drop, name: str, extract: Extract) -> list[Delivered]:
    """Return the files of an extract; a missing one is a fault unless the extract is optional."""
    files = files_of(drop, extract, site.site)
    if not files and not extract.optional:
        raise Refusal(
            missing_file(site.pilot, drop, name, extract, site.site),
            "Ask the provider for it, or mark the extract as `optional: true`. The earlier results stand.",
        )
    return [
        Delivered(name, extract, path, path.relative_to(drop.folder).as_posix(), named(f"delivered_{name}_{i}"))
        for i, path in enumerate(files)
    ]


def _refuse_read_twice(delivered: Sequence[Delivered]) -> None:
    """A file that two extracts of a noun match would count everybody in it twice."""
    seen: dict[Path, str] = {}
    for item in delivered:
        if seen.setdefault(item.path, item.name) != item.name:
            raise Refusal(
                f"{item.source} belongs to two extracts, {seen[item.path]} and {item.name}.",
                "Give the files names that only one pattern matches. The earlier results stand.",
            )


def _keep_identifiers(connection: Any, site: PilotSite, noun: str, delivered: Sequence[Delivered]) -> None:
    """Give each file's people their pseudonyms, and lock away what identifies them, before anything else is written."""
    key = keys.derived(keys.key(site.workspace, "pseudonym"), site.pilot)
    connection.execute("CREATE OR REPLACE TEMP TABLE person_keys (identifier VARCHAR, person_key VARCHAR)")
    insert(connection, "person_keys", pseudonyms(key, _people(connection, delivered)))
    selects = [select for item in delivered for select in _identifiers(connection, site, noun, item)]
    with vault_beside(connection, site), transaction(connection):
        connection.execute("DELETE FROM vault.identifiers WHERE noun = ?", [noun])
        if selects:
            connection.execute(f"INSERT INTO vault.identifiers {' UNION '.join(selects)} ORDER BY ALL")


def _people(connection: Any, delivered: Sequence[Delivered]) -> list[str]:
    """Return the identifiers of all people in all files; a word for "not known" is nobody."""
    if not delivered:
        return []
    selects = " UNION ".join(
        f"SELECT {item.slot('person')} FROM {item.table} WHERE {_somebody(item)}" for item in delivered
    )
    return [row[0] for row in connection.execute(f"{selects} ORDER BY 1").fetchall()]


def _somebody(item: Delivered) -> str:
    """Return the condition that a row says whose it is."""
    words = {*MISSING_DEFAULT, "", *item.extract.columns["person"].missing}
    return f"{compared(item.slot('person'))} NOT IN ({', '.join(literal(word) for word in sorted(words))})"


def _joined(item: Delivered) -> str:
    """Return a file's table with the pseudonym of each row's person."""
    # One equality: with the condition beside it DuckDB compares every row with every person.
    somebody = f"CASE WHEN {_somebody(item)} THEN t.{item.slot('person')} END"
    return f"{item.table} t LEFT JOIN person_keys k ON k.identifier = {somebody}"


def _identifiers(connection: Any, site: PilotSite, noun: str, item: Delivered) -> list[str]:
    """Return SELECTs of every identifier of a file's people of this site with their pseudonyms."""
    slots = {"person": item.slot("person")}
    slots |= {kind: slot(item.extract, column) for kind, column in item.extract.identifiers.items()}
    mine = _site_condition(connection, site, item)
    return [
        f"SELECT '{noun}', k.person_key, '{kind}', {place} FROM {_joined(item)} "
        f"WHERE k.person_key IS NOT NULL AND {trimmed(place)} <> '' AND {mine}"
        for kind, place in slots.items()
    ]


def _union(connection: Any, site: PilotSite, noun: str, drop: Drop, delivered: Sequence[Delivered]) -> str:
    """Return the SELECT that puts the files of a noun below each other under the common model's names."""
    selects = [_nothing(site, noun), *(_select(connection, site, drop, item) for item in delivered)]
    return " UNION ALL BY NAME ".join(selects)


def _nothing(site: PilotSite, noun: str) -> str:
    """Return a SELECT of no rows, so that each declared field has its column also where no file came."""
    declared = [field for extract in site.protocol.extracts_of(noun, site.site).values() for field in extract.columns]
    own = dict.fromkeys(field for field in (*FIELDS[noun], *declared) if field not in ("person", "site"))
    columns = ", ".join(f"NULL::VARCHAR AS {named(field)}" for field in ("row_key", "person_key", *own))
    kept = (
        "NULL::VARCHAR AS extract, NULL::VARCHAR AS source_file, NULL::BIGINT AS source_row, NULL::VARCHAR AS drop_id"
    )
    return f"(SELECT {columns}, {kept} LIMIT 0)"


def _select(connection: Any, site: PilotSite, drop: Drop, item: Delivered) -> str:
    """Return the SELECT for one file: its site's rows, its fields as text, and where each row came from."""
    fields = [field for field in item.extract.columns if field not in ("person", "site")]
    columns = "".join(f", t.{item.slot(field)} AS {named(field)}" for field in fields)
    source = quoted(item.source)
    return (
        f"SELECT '{source}#' || t.source_row AS row_key, k.person_key{columns}, '{item.name}' AS extract, "
        f"'{source}' AS source_file, t.source_row, '{drop.name}' AS drop_id FROM {_joined(item)} "
        f"WHERE {_site_condition(connection, site, item)}"
    )


def _site_condition(connection: Any, site: PilotSite, item: Delivered) -> str:
    """Return the condition that picks a site's rows, after every row's site code is known to the protocol."""
    if "site" not in item.extract.columns:
        return "true"
    codes = _codes_of_sites(site, item.extract)
    place = compared(item.slot("site"))
    known = ", ".join(literal(code) for code in codes)
    query = f"SELECT source_row FROM {item.table} WHERE coalesce({place}, '') NOT IN ({known}) ORDER BY 1"
    unknown = [row[0] for row in connection.execute(query).fetchall()]
    if unknown:
        column = item.extract.columns["site"].column
        raise Refusal(
            f'{item.source}, column "{column}", {rows_named(unknown)}: the site is not in the protocol.',
            f"Correct it, or add the code to a site. Known codes: {', '.join(codes)}. The earlier results stand.",
        )
    mine = ", ".join(literal(code) for code, key in codes.items() if key == site.site)
    return f"{place} IN ({mine})"


def _codes_of_sites(site: PilotSite, extract: Extract) -> dict[str, str]:
    """Map each value of a site column to its site: by the column's own codes, or by those of the sites."""
    codes = site.protocol.site_codes()
    own = extract.columns["site"].codes
    folded = {code.strip().casefold(): key for code, key in codes.items()}
    return {code: folded[meaning.strip().casefold()] for code, meaning in own.items()} if own else codes


def rows_named(rows: Sequence[int]) -> str:
    """Return "rows 3, 8 and more" for a message: how many more is a count that may be too small, or too telling."""
    first = ", ".join(str(row) for row in rows[:ROWS_NAMED])
    more = " and more" if len(rows) > ROWS_NAMED else ""
    return f"{'row' if len(rows) == 1 else 'rows'} {first}{more}"


def _said(noun: str, rows: int, drop: Drop, delivered: Sequence[Delivered]) -> str:
    if not delivered:
        return f"This pilot site has no {noun} in its drop."
    files = ", ".join(item.path.name for item in delivered)
    return f"{rows:,} {'row' if rows == 1 else 'rows'} of {noun} arrived in the drop {drop.name} ({files})."
