"""The seal on outcomes: while it is unbroken, nobody may see more of an outcome than whether it is known.

Ingest and validation count what is missing; every other reader of outcomes asks here first.
"""

from __future__ import annotations

from pipelines.ledger import append
from pipelines.protocol_lock.history import LOOK, REHEARSAL, history, locked
from pipelines.protocol_lock.locking import lock_protocol
from pipelines.refusal import Refusal
from pipelines.workspace import PilotSite

FIRST_LOOK = "a run read outcomes for the first time"


def sealed(site: PilotSite) -> bool:
    """Tell whether a run of a site leaves outcomes alone: it was asked to, or the protocol waits for its lock."""
    if site.workspace.sealed:
        return True
    return site.protocol.sealed_until_locked and locked(site.workspace, site.pilot) is None


def rehearsing(site: PilotSite) -> bool:
    """Tell whether outcomes are read to try things out: the data are made up, and nobody has locked the protocol.

    A new pilot begins with made-up data and is changed step by step; there is nothing yet that a look could spoil.
    """
    return site.protocol.synthetic and locked(site.workspace, site.pilot) is None


def require_open(site: PilotSite) -> None:
    """Refuse to read outcomes while they are sealed: before the protocol is locked, and in a sealed run.

    Raises
    ------
    Refusal
        In plain words, with what opens them.
    """
    if site.workspace.sealed:
        raise Refusal(
            f"The outcomes of {site.key} are sealed in this run.", f"Run it without --sealed: pilotlens run {site.key}"
        )
    if locked(site.workspace, site.pilot) is None:
        raise Refusal(
            f"The outcomes of {site.key} are sealed until the protocol of {site.pilot} is locked.",
            f"Lock it when the plan is as it shall be: pilotlens lock {site.pilot}",
        )


def open_outcomes(site: PilotSite, by: str = "a run") -> None:
    """Open the outcomes of a site to be read: the first time, that locks the protocol, unless the data are made up.

    Raises
    ------
    Refusal
        While they are sealed.
    """
    if sealed(site):
        require_open(site)
    if rehearsing(site):
        _note_once(site, REHEARSAL)
        return
    lock_protocol(site.workspace, site.pilot, by, FIRST_LOOK, how="look", protocol=site.protocol)
    require_open(site)


def note_seen(site: PilotSite) -> None:
    """Note, once for a pilot, that somebody can see an outcome: what is changed from then on is changed after a look.

    Looking back leaves no trace, unless nobody had looked before.
    """
    if not rehearsing(site) and not history(site.workspace, site.pilot).looked:
        _note_once(site, LOOK)


def _note_once(site: PilotSite, kind: str) -> None:
    append(site.workspace.ledger(site.pilot), kind, {"pilot": site.pilot}, once=("pilot",))
