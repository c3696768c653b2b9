"""From a provider's files to raw rows: as delivered, every value text, identifiers split off at the door."""

from __future__ import annotations

from pipelines.told import Told
from pipelines.workspace import PilotSite

__all__ = ["check_drop", "receive"]


def receive(site: PilotSite, noun: str) -> Told:
    """Read the newest drop's rows of a noun into `raw.<noun>`, replacing what was there, and say what arrived.

    Raises
    ------
    Refusal
        When the drop is missing, half-written or not as the protocol declares; the earlier table then still stands.
    """
    from pipelines.ingest.interviews import receive_interviews
    from pipelines.ingest.tables import receive_table
    from pipelines.warehouse import without_values

    reader = receive_interviews if noun in ("documents", "codings") else receive_table
    return without_values(lambda: reader(site, noun))


def check_drop(site: PilotSite) -> tuple[str, ...]:
    """Return what is wrong with the files of the newest drop for a site, in plain words, without reading any row.

    A pilot without a drop has nothing wrong with it yet.
    """
    from pipelines.ingest.drops import drops, loose, not_drops
    from pipelines.ingest.files import header_faults, look
    from pipelines.ingest.no_rows import no_rows_faults
    from pipelines.ingest.standing import known_standing
    from pipelines.ingest.store import opened
    from pipelines.refusal import Refusal

    every = drops(site.workspace, site.pilot)
    found = tuple(drop for drop in every if drop.files)
    faults = [
        f"The folder {site.pilot}/drops/{name} is not read: a drop's folder begins with its date, as in 2026-09-30."
        for name in not_drops(site.workspace, site.pilot)
    ]
    faults += [
        f"The file {site.pilot}/drops/{name} is not read: put it into a folder named by its date, as in 2026-09-30."
        for name in loose(site.workspace, site.pilot)
    ]
    if every and not every[-1].files:
        faults.append(f"The drop {site.pilot}/{every[-1].name} is empty. Put the provider's files into it.")
        return tuple(faults)
    if not found:
        return tuple(faults)
    state = known_standing(site.workspace, site.pilot, found)
    for name, extract in site.protocol.extracts.items():
        if extract.sites and site.site not in extract.sites:
            continue
        held = state.files(extract, site.site)
        files = held[-1][1] if held and held[-1][0] == state.newest else ()
        if not files and not extract.optional:
            faults.append(state.lacks(name, extract, site.site))
        for file in files if extract.noun != "interviews" else ():
            try:
                with opened(site, file) as path:
                    facts = look(path, extract)
                    found_here = header_faults(path, facts.columns, extract)
                    faults += found_here or no_rows_faults(path, facts, extract)
            except Refusal as refusal:
                faults.append(str(refusal))
    return tuple(faults)
