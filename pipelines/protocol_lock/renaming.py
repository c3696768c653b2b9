"""Whether a column that a protocol no longer names has gone from the files: then it was renamed, and not exchanged."""

from __future__ import annotations

from pipelines.protocol import Protocol
from pipelines.protocol_lock.weighing import Renamed
from pipelines.refusal import Refusal
from pipelines.workspace import PilotSite, Workspace


def renamed_in(workspace: Workspace, pilot: str, protocol: Protocol) -> Renamed:
    """Return a function that looks into the files of the newest drop; nothing is read before it is asked."""

    def renamed(extract: str, column: str) -> bool:
        found = [
            header for site in protocol.sites for header in _headers(PilotSite(workspace, protocol, site), extract)
        ]
        return bool(found) and all(header is not None and column not in header for header in found)

    return renamed


def _headers(site: PilotSite, name: str) -> list[tuple[str, ...] | None]:
    """Return the names of the columns of an extract's files in the newest drop; None of one that cannot be read."""
    from pipelines.ingest.drops import drops, matching
    from pipelines.ingest.files import read_header
    from pipelines.ingest.store import opened

    extract = site.protocol.extracts.get(name)
    found = [drop for drop in drops(site.workspace, site.pilot) if drop.files]
    if extract is None or not found or extract.noun == "interviews":
        return []
    headers: list[tuple[str, ...] | None] = []
    for file in matching(found[-1].dropped, extract, site.site):
        try:
            with opened(site, file) as path:
                headers.append(read_header(path, extract))
        except Refusal:
            headers.append(None)
    return headers
