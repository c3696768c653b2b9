"""The raw tables of a site: the rows of the deliveries that count, under the common model's names, still text.

Reading files belongs in store, which of them count in standing and parts.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from contextlib import suppress
from typing import Any

from pipelines.ingest import chronicle
from pipelines.ingest.completing import completed
from pipelines.ingest.correcting import apply_corrections, correct
from pipelines.ingest.corrections import Correction, read_corrections
from pipelines.ingest.elsewhere import note_elsewhere
from pipelines.ingest.link_rows import Linked, bring, linked, linked_before, note_links
from pipelines.ingest.moved import movements, note_moved
from pipelines.ingest.one_row_each import note_one_row_each
from pipelines.ingest.parts import StandingPart, is_plain, parts_of, together
from pipelines.ingest.standing import Standing, standing
from pipelines.protocol.extracts import FIELDS, Extract
from pipelines.refusal import Refusal
from pipelines.told import Told
from pipelines.warehouse import (
    columns_of,
    drop_whatever,
    insert,
    named,
    open_vault,
    open_warehouse,
    point_vault_at,
    replace_table,
    replace_view,
    transaction,
)
from pipelines.workspace import PilotSite


def receive_table(site: PilotSite, noun: str) -> Told:
    """Let raw.<noun> hold what counts of every extract of a noun for a site."""
    state = standing(site)
    extracts = site.protocol.extracts_of(noun, site.site)
    chronicle.note_arrivals(site, state)
    try:
        parts = parts_of(site, state, extracts)
        corrections = read_corrections(site, state.folders)
        links = linked(site, state, parts)
    except Refusal as refusal:
        chronicle.note_refused(site, state.newest.name, state.newest.sha256, noun, str(refusal))
        raise
    chronicle.note_read(site, parts)
    _point_vault(site, noun, parts)
    earlier = linked_before(site, state, extracts)  # it takes a while, so nobody else is kept waiting for the file
    with open_warehouse(site) as connection:
        with transaction(connection):
            bring(connection, links)
            note_links(connection, noun, links)
            rows = _replace(connection, site, state, parts, f"raw.{noun}", noun, corrections)
            apply_corrections(connection, f"raw.{noun}", noun, corrections)
            _note_before(connection, site, noun, state, extracts, corrections, earlier)
            note_one_row_each(connection, noun, site.site, parts, corrected=_corrects(noun, corrections))
            _note_readings(connection, noun, parts)
            _note_history(connection, site, noun, state, extracts)
            if noun == "cases":
                note_elsewhere(connection, site, state)
                note_moved(connection, site, state)
            note_delivery(connection, noun, state)
        columns = columns_of(connection, f"raw.{noun}")
    return Told(_said(noun, rows, state, parts), rows=rows, columns=columns, table=_notes(parts))


def _replace(
    connection: Any,
    site: PilotSite,
    state: Standing,
    parts: Sequence[StandingPart],
    target: str,
    noun: str,
    corrections: Sequence[Correction],
) -> int:
    """Replace a raw table: by a view of the store where its rows stand as they lie, else by a table."""
    base = [part for part in parts if part.extract.completes is None]
    left = movements(connection, site, state, noun)
    rows = together(site, base, state.newest.name, left)
    select = f"{_nothing(site, noun)} UNION ALL BY NAME {rows}" if rows else _nothing(site, noun)
    if is_plain(parts) and not _corrects(noun, corrections):
        return replace_view(connection, target, select)
    rows_put = replace_table(connection, target, select)
    completed(connection, site, target, parts, state, left)
    return rows_put


def _corrects(noun: str, corrections: Sequence[Correction]) -> bool:
    return any(one.noun == noun for one in corrections)


def _note_before(
    connection: Any,
    site: PilotSite,
    noun: str,
    state: Standing,
    extracts: Mapping[str, Extract],
    corrections: Sequence[Correction],
    links: Sequence[Linked] | None,
) -> None:
    """Let raw.<noun>_before hold the rows as they stood one drop earlier; there is none when nobody could read that.

    Corrected like the present ones: a correction is no change that the provider made.
    """
    target = f"raw.{noun}_before"
    drop_whatever(connection, target)
    connection.execute("CREATE TABLE IF NOT EXISTS raw.before (noun VARCHAR, name VARCHAR)")
    connection.execute("DELETE FROM raw.before WHERE noun = ?", [noun])
    before = state.before()
    with suppress(Refusal):
        if before is not None and links is not None and (parts := parts_of(site, before, extracts)):
            bring(connection, links)
            _replace(connection, site, before, parts, target, noun, corrections)
            correct(connection, target, [one for one in corrections if one.noun == noun])
            _note_readings(connection, f"{noun}_before", parts)
            connection.execute("INSERT INTO raw.before VALUES (?, ?)", [noun, before.newest.name])


def _nothing(site: PilotSite, noun: str) -> str:
    """Return a SELECT of no rows, so that each declared field has its column also where no file came."""
    declared = [field for extract in site.protocol.extracts_of(noun, site.site).values() for field in extract.columns]
    own = dict.fromkeys(field for field in (*FIELDS[noun], *declared) if field not in ("person", "site"))
    columns = ", ".join(f"NULL::VARCHAR AS {named(field)}" for field in ("row_key", "person_key", *own))
    kept = (
        "NULL::VARCHAR AS extract, NULL::VARCHAR AS source_file, NULL::BIGINT AS source_row, NULL::VARCHAR AS drop_id"
    )
    return f"(SELECT {columns}, {kept} LIMIT 0)"


def _point_vault(site: PilotSite, noun: str, parts: Sequence[StandingPart]) -> None:
    """Let the vault show the identifiers of the people in these files."""
    queries = [
        query
        for part in parts
        for query in part.stored.identifiers(site.site, part.identifiers, nameless=part.extract.link is not None)
        if site.site in part.stored.about.rows
    ]
    with open_vault(site) as vault, transaction(vault):
        point_vault_at(vault, noun, queries)


def _note_readings(connection: Any, noun: str, parts: Sequence[StandingPart]) -> None:
    """Keep, beside the rows, which format each date was proven to have in its file."""
    connection.execute(
        "CREATE TABLE IF NOT EXISTS raw.readings "
        "(noun VARCHAR, extract VARCHAR, source_file VARCHAR, field VARCHAR, format VARCHAR, verdict VARCHAR)"
    )
    connection.execute("DELETE FROM raw.readings WHERE noun = ?", [noun])
    rows = [
        (noun, part.name, part.shown, field, *proof)
        for part in parts
        for field, proof in part.stored.about.dates.items()
    ]
    insert(connection, "raw.readings", list(dict.fromkeys(rows)))


def _note_history(
    connection: Any, site: PilotSite, noun: str, state: Standing, extracts: Mapping[str, Extract]
) -> None:
    """Keep how many rows and people each drop so far held in extracts that hold everything, oldest first."""
    from pipelines.ingest.volumes import volumes

    connection.execute(
        "CREATE TABLE IF NOT EXISTS raw.history "
        "(noun VARCHAR, drop_id VARCHAR, rows BIGINT, people BIGINT, position INTEGER)"
    )
    connection.execute("DELETE FROM raw.history WHERE noun = ?", [noun])
    insert(connection, "raw.history", [(noun, *one, n) for n, one in enumerate(volumes(site, state, extracts))])


def note_delivery(connection: Any, noun: str, state: Standing) -> None:
    """Write down, beside a raw table, which state of the drops its rows came from."""
    connection.execute("CREATE TABLE IF NOT EXISTS raw.deliveries (noun VARCHAR, name VARCHAR, sha256 VARCHAR)")
    connection.execute("CREATE TABLE IF NOT EXISTS raw.drops (noun VARCHAR, name VARCHAR, sha256 VARCHAR)")
    for table in ("deliveries", "drops"):
        connection.execute(f"DELETE FROM raw.{table} WHERE noun = ?", [noun])
    connection.execute("INSERT INTO raw.deliveries VALUES (?, ?, ?)", [noun, state.newest.name, state.sha256])
    insert(connection, "raw.drops", [(noun, one.name, one.sha256) for one in state.drops])


def delivered(connection: Any) -> tuple[str, str]:
    """Return name and hash of the state that all raw tables came from; refuse to mix two in one finding."""
    found = connection.execute("SELECT DISTINCT name, sha256 FROM raw.deliveries ORDER BY 1").fetchall()
    if len(found) != 1:
        names = ", ".join(name for name, _ in found) or "none"
        raise Refusal(f"The tables do not come from one drop ({names}).", "Run all steps of this site.")
    return found[0][0], found[0][1]


def _said(noun: str, rows: int, state: Standing, parts: Sequence[StandingPart]) -> str:
    if not parts:
        return f"This pilot site has no {noun} in its drop."
    said = f"{rows:,} {'row' if rows == 1 else 'rows'} of {noun}"
    here = [part.file.shown for part in parts if part.drop.name == state.newest.name]
    before = sorted({part.drop.name for part in parts} - {state.newest.name})
    earlier = f" Those of {', '.join(before)} still stand." if before else ""
    if not here:
        return f"The drop {state.newest.name} holds no {noun}.{earlier} ({said}.)"
    return (
        f"{said} stand with the drop {state.newest.name} ({', '.join(here)}).{earlier}"
        if before
        else (f"{said} arrived in the drop {state.newest.name} ({', '.join(here)}).")
    )


def _notes(parts: Sequence[StandingPart]) -> str:
    """Return what was found out about the files, as a Markdown list."""
    lines = [f"- {part.shown}: {note}" for part in parts for note in part.stored.about.notes]
    return "\n".join(dict.fromkeys(lines))
