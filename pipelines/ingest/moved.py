"""People whose newest increment names another site: they stand there, and no more in the site that they left.

A drop that names a person in two sites says that they are in both, which is a rule's matter. So it is where the
protocol says that people may be in two sites: then a row in one site says nothing about the other. A file that holds
everything so far names the person or does not, and nothing has to be concluded.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from contextlib import suppress
from typing import Any

from pipelines.ingest.parts import StandingPart, follows_people, parts_of
from pipelines.ingest.standing import Standing
from pipelines.ingest.store import alone, draft_file, keep_file
from pipelines.refusal import Refusal
from pipelines.sql_text import quoted
from pipelines.workspace import PilotSite


def movements(connection: Any, site: PilotSite, state: Standing, noun: str) -> str:
    """Return a SELECT of person and the site that they left, for all sites of a state; empty where nobody can move."""
    parts = [(key, part) for key in site.protocol.sites for part in _parts(site, key, state, noun)]
    if len({part.rank for _, part in parts}) < 2 or len({key for key, _ in parts}) < 2:
        return ""
    identity = repr([(key, part.stored.digest, part.rank) for key, part in parts])
    name = f"moved-{hashlib.sha256(identity.encode()).hexdigest()[:32]}.parquet"
    target = site.workspace.delivered_folder(site.pilot) / name
    with alone(target):
        if not target.exists():
            draft = draft_file(target)
            locked = "ENCRYPTION_CONFIG {footer_key: 'delivered'}"
            connection.execute(f"COPY ({_left(parts)}) TO '{quoted(str(draft))}' (FORMAT parquet, {locked})")
            keep_file(draft, target)
    options = "encryption_config = {footer_key: 'delivered'}"
    return f"SELECT person_key, site FROM read_parquet(getvariable('delivered') || '/{name}', {options})"


def _parts(site: PilotSite, key: str, state: Standing, noun: str) -> Iterator[StandingPart]:
    """Yield the increments of a site that name people; one that cannot be read is that site's own matter."""
    other = PilotSite(site.workspace, site.protocol, key)
    extracts = {n: e for n, e in site.protocol.extracts_of(noun, key).items() if follows_people(site, e)}
    with suppress(Refusal):
        yield from (part for part in parts_of(other, state, extracts) if part.stored.about.rows.get(key))


def _left(parts: list[tuple[str, StandingPart]]) -> str:
    """Return the SELECT of people and sites in which their newest row is older than their newest row of all."""
    people = " UNION ALL ".join(
        f"SELECT person_key, '{quoted(key)}' AS site, {part.rank} AS drop_rank FROM ({part.stored.rows(key)})"
        for key, part in parts
    )
    known = f"({people}) WHERE person_key IS NOT NULL"
    newest = f"SELECT person_key, site, max(drop_rank) AS newest FROM {known} GROUP BY ALL"
    return (
        f"SELECT person_key, site FROM ({newest}) QUALIFY newest < max(newest) OVER (PARTITION BY person_key) "
        "ORDER BY ALL"
    )


def note_moved(connection: Any, site: PilotSite, state: Standing) -> None:
    """Replace raw.moved: one row is one person of the case files who left a site, which may be this one."""
    connection.execute("CREATE OR REPLACE TABLE raw.moved (person_key VARCHAR, site VARCHAR)")
    left = movements(connection, site, state, "cases")
    if left:
        here = "person_key IN (SELECT person_key FROM raw.cases)"
        connection.execute(
            f"INSERT INTO raw.moved SELECT person_key, site FROM ({left}) WHERE site = $site OR {here} ORDER BY ALL",
            {"site": site.site},
        )
