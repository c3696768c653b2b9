"""Whether a column, file or sheet that a protocol no longer names is gone: then it was renamed, and not exchanged."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pipelines.protocol import Protocol
from pipelines.protocol_lock.changes import ABSENT
from pipelines.protocol_lock.weighing import Renamed, StillThere
from pipelines.refusal import Refusal
from pipelines.workspace import PilotSite, Workspace

if TYPE_CHECKING:
    from pipelines.ingest.drops import DroppedFile
    from pipelines.protocol.extracts import Extract


def renamed_in(workspace: Workspace, pilot: str, protocol: Protocol) -> Renamed:
    """Return a function that looks into the files of the newest drop; nothing is read before it is asked."""

    def renamed(extract: str, column: str) -> bool:
        found = [
            header for site in protocol.sites for header in _headers(PilotSite(workspace, protocol, site), extract)
        ]
        return bool(found) and all(header is not None and column not in header for header in found)

    return renamed


def still_there_in(workspace: Workspace, pilot: str, protocol: Protocol) -> StillThere:
    """Return a function that looks for the place an extract was read from before in the files of the newest drop."""

    def still_there(name: str, part: str, old: object) -> bool:
        extract = protocol.extracts.get(name)
        if extract is None:
            return True
        before = extract.model_copy(update={part: "" if old is ABSENT or old is None else old})
        sites = [PilotSite(workspace, protocol, site) for site in protocol.sites]
        if part == "file":
            return any(_files(site, before) for site in sites)
        return any(header is not None for site in sites for header in _headers_of(site, before))

    return still_there


def _files(site: PilotSite, extract: Extract) -> tuple[DroppedFile, ...]:
    from pipelines.ingest.drops import drops, matching

    found = [drop for drop in drops(site.workspace, site.pilot) if drop.files]
    return matching(found[-1].dropped, extract, site.site) if found else ()


def _headers(site: PilotSite, name: str) -> list[tuple[str, ...] | None]:
    """Return the names of the columns of an extract's files in the newest drop; None of one that cannot be read."""
    extract = site.protocol.extracts.get(name)
    return [] if extract is None else _headers_of(site, extract)


def _headers_of(site: PilotSite, extract: Extract) -> list[tuple[str, ...] | None]:
    from pipelines.ingest.files import read_header
    from pipelines.ingest.store import opened

    if extract.noun == "interviews":
        return []
    headers: list[tuple[str, ...] | None] = []
    for file in _files(site, extract):
        try:
            with opened(site, file) as path:
                headers.append(read_header(path, extract))
        except Refusal:
            headers.append(None)
    return headers
