"""From a provider's files to raw rows: as delivered, every value text, identifiers split off at the door."""

from __future__ import annotations

from pipelines.told import Told
from pipelines.workspace import PilotSite

__all__ = ["receive"]


def receive(site: PilotSite, noun: str) -> Told:
    """Read the newest drop's rows of a noun into `raw.<noun>`, replacing what was there, and say what arrived.

    Raises
    ------
    Refusal
        When the drop is missing, half-written or not as the protocol declares; the earlier table then still stands.
    """
    from pipelines.ingest.interviews import receive_interviews
    from pipelines.ingest.tables import receive_table

    return receive_interviews(site, noun) if noun in ("documents", "codings") else receive_table(site, noun)
