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
    """Write into the ledger that the newest delivery of a drop no longer counts; raise Refusal when it cannot be."""
    reason = " ".join(why.split())
    if not reason:
        raise Refusal(f"Nothing says why the drop {drop} is withdrawn.", "Add --why and the reason in quotation marks.")
    newest = _newest(workspace, pilot, drop)
    if newest.withdrawn:
        raise Refusal(f"The drop {pilot}/{drop} was withdrawn already.", f"See `pilotlens drops {pilot}`.")
    facts = {"drop": drop, "sha256": newest.sha256, "why": reason, "who": who}
    return append(workspace.ledger(pilot), "drop_withdrawn", facts)


def _newest(workspace: Workspace, pilot: str, drop: str) -> Delivery:
    known = deliveries(entries(workspace.ledger(pilot)))
    same = [one for one in known if one.drop == drop]
    if not same:
        remedy = did_you_mean(drop, [one.drop for one in known]) or "No drop of this pilot has been read yet."
        raise Refusal(f"The ledger of {pilot} knows no drop {drop}.", remedy)
    return same[-1]
