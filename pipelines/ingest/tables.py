"""Rows of a tabular extract: columns renamed to the common model, people to pseudonyms, sites told apart."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from pipelines import keys
from pipelines.ingest.drops import Drop, files_of, latest_drop, note_delivery
from pipelines.ingest.files import load_table
from pipelines.ingest.pseudonyms import pseudonyms
from pipelines.protocol.extracts import FIELDS, Extract
from pipelines.refusal import Refusal
from pipelines.told import Told
from pipelines.warehouse import (
    columns_of,
    insert,
    named,
    open_vault,
    open_warehouse,
    quoted,
    replace_table,
    transaction,
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
    table: str


def receive_table(site: PilotSite, noun: str) -> Told:
    """Read every extract of a noun for a site into raw.<noun>."""
    extracts = site.protocol.extracts_of(noun, site.site)
    drop = latest_drop(site)
    with open_warehouse(site) as connection:
        delivered = [
            item for name, extract in extracts.items() for item in _load(connection, site, drop, name, extract)
        ]
        _keep_identifiers(connection, site, noun, delivered)
        with transaction(connection):
            rows = replace_table(connection, f"raw.{noun}", _union(connection, site, noun, drop, delivered))
            note_delivery(connection, noun, drop)
        columns = columns_of(connection, f"raw.{noun}")
    return Told(_said(noun, rows, drop, delivered), rows=rows, columns=columns)


def _load(connection: Any, site: PilotSite, drop: Drop, name: str, extract: Extract) -> list[Delivered]:
    """Load each file of an extract; a missing file is a fault unless the extract is optional."""
    files = files_of(drop, extract, site.site)
    if not files and not extract.optional:
        pattern = extract.file.replace("{site}", site.site)
        raise Refusal(
            f"The drop {site.pilot}/{drop.name} has no file {pattern} (extract {name}).",
            "Ask the provider for it, or mark the extract as `optional: true`. The earlier results stand.",
        )
    delivered = [Delivered(name, extract, path, named(f"delivered_{name}_{i}")) for i, path in enumerate(files)]
    for item in delivered:
        load_table(connection, item.path, extract, item.table)
    return delivered


def _keep_identifiers(connection: Any, site: PilotSite, noun: str, delivered: Sequence[Delivered]) -> None:
    """Give each file's people their pseudonyms, and lock away what identifies them, before anything else is written."""
    key = keys.derived(keys.key(site.workspace, "pseudonym"), site.pilot)
    connection.execute("CREATE OR REPLACE TEMP TABLE person_keys (identifier VARCHAR, person_key VARCHAR)")
    for item in delivered:
        _add_person_keys(connection, key, item)
    rows = [row for item in delivered for row in _identifiers(connection, site, noun, item)]
    with open_vault(site) as vault, transaction(vault):
        vault.execute("DELETE FROM vault.identifiers WHERE noun = ?", [noun])
        insert(vault, "vault.identifiers", rows)


def _add_person_keys(connection: Any, key: bytes, item: Delivered) -> None:
    person = named(item.extract.columns["person"].column)
    query = f"SELECT DISTINCT {person} FROM {item.table} WHERE trim({person}) <> ''"
    found = pseudonyms(key, (row[0] for row in connection.execute(query).fetchall()))
    insert(connection, "person_keys", found)


def _identifiers(connection: Any, site: PilotSite, noun: str, item: Delivered) -> list[tuple[str, ...]]:
    """Return every identifier of a file's people of this site with their pseudonyms."""
    person = item.extract.columns["person"].column
    kinds = {"person": person, **item.extract.identifiers}
    mine = _site_condition(connection, site, item)
    selects = " UNION ".join(
        f"SELECT '{noun}', k.person_key, '{kind}', t.{named(column)} FROM {item.table} t "
        f"JOIN (SELECT DISTINCT * FROM person_keys) k ON k.identifier = t.{named(person)} "
        f"WHERE trim(t.{named(column)}) <> '' AND {mine}"
        for kind, column in kinds.items()
    )
    return list(connection.execute(f"{selects} ORDER BY ALL").fetchall())


def _union(connection: Any, site: PilotSite, noun: str, drop: Drop, delivered: Sequence[Delivered]) -> str:
    """Return the SELECT that puts the files of a noun below each other under the common model's names."""
    selects = [_select(connection, site, drop, item) for item in delivered] or [_nothing(noun)]
    return " UNION ALL BY NAME ".join(selects)


def _nothing(noun: str) -> str:
    """Return a SELECT of no rows, for a pilot that has no data of this noun."""
    fields = [
        "row_key",
        "person_key",
        *(f for f in FIELDS[noun] if f not in ("person", "site")),
        "extract",
        "source_file",
    ]
    columns = ", ".join(f"NULL::VARCHAR AS {named(field)}" for field in fields)
    return f"SELECT {columns}, NULL::BIGINT AS source_row, NULL::VARCHAR AS drop_id LIMIT 0"


def _select(connection: Any, site: PilotSite, drop: Drop, item: Delivered) -> str:
    """Return the SELECT for one file: its site's rows, its fields as text, and where each row came from."""
    fields = {f: c.column for f, c in item.extract.columns.items() if f not in ("person", "site")}
    columns = "".join(f", t.{named(column)} AS {named(field)}" for field, column in fields.items())
    where = _site_condition(connection, site, item)
    person = named(item.extract.columns["person"].column)
    source = item.path.relative_to(drop.folder).as_posix()
    return (
        f"SELECT '{quoted(source)}#' || t.source_row AS row_key, k.person_key{columns}, '{item.name}' AS extract, "
        f"'{quoted(source)}' AS source_file, t.source_row, '{drop.name}' AS drop_id FROM {item.table} t "
        f"LEFT JOIN (SELECT DISTINCT * FROM person_keys) k ON k.identifier = t.{person} "
        f"WHERE {where}"
    )


def _site_condition(connection: Any, site: PilotSite, item: Delivered) -> str:
    """Return the condition that picks a site's rows, after every row's site code is known to the protocol."""
    if "site" not in item.extract.columns:
        return "true"
    column = item.extract.columns["site"].column
    codes = {code.strip().casefold(): key for code, key in site.protocol.site_codes().items()}
    known = ", ".join(f"'{quoted(code)}'" for code in codes)
    place = f"lower(trim({named(column)}))"
    query = f"SELECT source_row FROM {item.table} WHERE {place} NOT IN ({known}) OR {place} IS NULL ORDER BY 1"
    unknown = [row[0] for row in connection.execute(query).fetchall()]
    if unknown:
        raise Refusal(
            f'{item.path.name}, column "{column}", {rows_named(unknown)}: the site is not in the protocol.',
            f"Correct it, or add the code to a site. Known codes: {', '.join(site.protocol.site_codes())}.",
        )
    mine = ", ".join(f"'{quoted(code)}'" for code, key in codes.items() if key == site.site)
    return f"lower(trim(t.{named(column)})) IN ({mine})"


def rows_named(rows: Sequence[int]) -> str:
    """Return "rows 3, 8 and 12 more" for a message."""
    first = ", ".join(str(row) for row in rows[:ROWS_NAMED])
    more = f" and {len(rows) - ROWS_NAMED} more" if len(rows) > ROWS_NAMED else ""
    return f"{'row' if len(rows) == 1 else 'rows'} {first}{more}"


def _said(noun: str, rows: int, drop: Drop, delivered: Sequence[Delivered]) -> str:
    if not delivered:
        return f"This pilot site has no {noun} in its drop."
    files = ", ".join(item.path.name for item in delivered)
    return f"{rows:,} {'row' if rows == 1 else 'rows'} of {noun} arrived in the drop {drop.name} ({files})."
