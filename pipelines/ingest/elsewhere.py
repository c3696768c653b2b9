"""People of a site who stand in the case file of another site of the pilot too. What follows from it is a rule's."""

from __future__ import annotations

import hashlib
from contextlib import suppress
from pathlib import Path
from typing import Any

from pipelines.ingest.parts import StandingPart, parts_of, replaces_by_person
from pipelines.ingest.standing import Standing
from pipelines.ingest.store import alone, draft_file, keep_file
from pipelines.refusal import Refusal
from pipelines.sql_text import quoted
from pipelines.workspace import PilotSite


def note_elsewhere(connection: Any, site: PilotSite, state: Standing) -> None:
    """Replace raw.elsewhere: one row is one person of this site and another site that names them too."""
    connection.execute("CREATE OR REPLACE TABLE raw.elsewhere (person_key VARCHAR, site VARCHAR, arm VARCHAR)")
    if len(site.protocol.sites) < 2:
        return
    doubles = _read(_doubles(connection, site, state))
    connection.execute(
        f"INSERT INTO raw.elsewhere SELECT person_key, site, arm FROM {doubles} WHERE site <> $site "
        f"AND person_key IN (SELECT person_key FROM {doubles} WHERE site = $site) ORDER BY ALL",
        {"site": site.site},
    )


def _read(name: str) -> str:
    return f"read_parquet(getvariable('delivered') || '/{name}', encryption_config = {{footer_key: 'delivered'}})"


def _doubles(connection: Any, site: PilotSite, state: Standing) -> str:
    """Return the name of a file of everybody who stands in two sites; written once for all sites of a state."""
    parts = [(key, part) for key in site.protocol.sites for part in _parts(site, key, state)]
    stands = [(key, part.stored.digest, _arm(site, key, part), _rank(part)) for key, part in parts]
    identity = repr([*stands, site.protocol.limits.two_sites])
    name = f"two-sites-{hashlib.sha256(identity.encode()).hexdigest()[:32]}.parquet"
    target = site.workspace.delivered_folder(site.pilot) / name
    with alone(target):
        if not target.exists():
            _write(connection, site, parts, target)
    return name


def _parts(site: PilotSite, key: str, state: Standing) -> tuple[StandingPart, ...]:
    """Return the case files of a site; those that cannot be read are that site's own matter."""
    other = PilotSite(site.workspace, site.protocol, key)
    extracts = {n: e for n, e in site.protocol.extracts_of("cases", key).items() if e.completes is None}
    with suppress(Refusal):
        return parts_of(other, state, extracts)
    return ()


def _arm(site: PilotSite, key: str, part: StandingPart) -> str:
    """Return the group that a row of another site's file says, as that site's codes read it."""
    if site.protocol.arms is None or "arm" not in part.extract.columns:
        return "NULL::VARCHAR"
    from pipelines.validation.typed import typed_field

    return typed_field(site.protocol, "cases", key, "arm", "arm").value


def _rank(part: StandingPart) -> str:
    """Return the place in time of rows that later ones of the same person replace; else NULL."""
    return str(part.rank) if replaces_by_person(part.extract) else "NULL::INTEGER"


def _write(connection: Any, site: PilotSite, parts: list[tuple[str, StandingPart]], target: Path) -> None:
    people = " UNION ".join(
        f"SELECT person_key, '{quoted(key)}' AS site, {_arm(site, key, part)} AS arm, {_rank(part)} AS rank "
        f"FROM (SELECT *, '{part.name}' AS extract FROM ({part.stored.rows(key)}))"
        for key, part in parts
        if part.stored.about.rows.get(key)
    )
    found = people or "SELECT NULL AS person_key, NULL AS site, NULL AS arm, NULL AS rank LIMIT 0"
    # Who may be in two sites has a newest row in each of them; who may not has left the site of the older one.
    alike = "person_key, site" if site.protocol.limits.two_sites else "person_key"
    latest = f"rank IS NULL OR rank = max(rank) OVER (PARTITION BY {alike})"
    query = (
        f"SELECT DISTINCT person_key::VARCHAR AS person_key, site::VARCHAR AS site, arm::VARCHAR AS arm "
        f"FROM (FROM ({found}) WHERE person_key IS NOT NULL QUALIFY {latest}) "
        "QUALIFY min(site) OVER (PARTITION BY person_key) <> max(site) OVER (PARTITION BY person_key)"
    )
    draft = draft_file(target)
    connection.execute(
        f"COPY ({query}) TO '{quoted(str(draft))}' (FORMAT parquet, ENCRYPTION_CONFIG {{footer_key: 'delivered'}})"
    )
    keep_file(draft, target)
