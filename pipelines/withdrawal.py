"""Withdrawing a drop: its rows no longer count, but its files, and what was made of them before, stay known.

What belongs here: deciding that a drop may be withdrawn, and writing it down. Leaving its rows out belongs to ingest.
"""

from __future__ import annotations

from pipelines.drop_history import Delivery, deliveries
from pipelines.ledger import Entry, append, entries
from pipelines.protocol.faults import did_you_mean
from pipelines.refusal import Refusal
from pipelines.workspace import Workspace


def withdraw(workspace: Workspace, pilot: str, drop: str, why: str, who: str) -> Entry:
    """Write into the ledger that a drop, as it lies on disk, no longer counts; raise Refusal when it cannot be."""
    reason = " ".join(why.split())
    if not reason:
        raise Refusal(f"Nothing says why the drop {drop} is withdrawn.", "Add --why and the reason in quotation marks.")
    meant = _meant(workspace, pilot, drop)
    if meant.withdrawn:
        raise Refusal(f"The drop {pilot}/{drop} was withdrawn already.", f"See `pilotlens drops {pilot}`.")
    facts = {"drop": drop, "sha256": meant.sha256, "why": reason, "who": who}
    return append(workspace.ledger(pilot), "drop_withdrawn", facts)


def _meant(workspace: Workspace, pilot: str, drop: str) -> Delivery:
    """Return the content of a drop that lies on disk, or the newest that is known when its folder is gone."""
    from pipelines.ingest.drops import drops

    known = deliveries(entries(workspace.ledger(pilot)))
    same = {one.sha256: one for one in known if one.drop == drop}
    if not same:
        remedy = did_you_mean(drop, [one.drop for one in known]) or "No drop of this pilot has been read yet."
        raise Refusal(f"The ledger of {pilot} knows no drop {drop}.", remedy)
    on_disk = [one.sha256 for one in drops(workspace, pilot) if one.name == drop and one.files]
    if on_disk and on_disk[0] not in same:
        raise Refusal(
            f"The files of the drop {pilot}/{drop} are not those that were read.",
            f"Run `pilotlens run {pilot}` first, or take the folder away, and withdraw the drop then.",
        )
    return same[on_disk[0]] if on_disk else list(same.values())[-1]
