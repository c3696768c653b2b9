"""Locking a protocol, finding edits that nobody recorded, and recording them as deviations."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from typing import Any, Literal

from pipelines.ledger import append
from pipelines.protocol import Protocol
from pipelines.protocol_lock.changes import canonical_of, differences
from pipelines.protocol_lock.cheating import insist_same_ledger
from pipelines.protocol_lock.history import DEVIATION, LOCK, Deviation, Locked, deviations, hash_of, locked
from pipelines.protocol_lock.renaming import renamed_in, still_there_in
from pipelines.protocol_lock.weighing import Change, weighed
from pipelines.refusal import Refusal
from pipelines.workspace import PilotSite, Workspace

NO_REASON = "no reason given"
SHOWN = 10
"""Changes that a refusal names one by one."""


def lock_protocol(
    workspace: Workspace,
    pilot: str,
    by: str,
    why: str,
    *,
    how: Literal["command", "look"] = "command",
    protocol: Protocol | None = None,
    now: dt.datetime | None = None,
) -> Locked:
    """Freeze a pilot's protocol, and return it; one that is locked already stays as it was locked.

    Parameters
    ----------
    workspace : where the ledger is.
    pilot : key of the pilot.
    by : who locks it; the account, or a name.
    why : why it is locked now, in a phrase.
    how : by the command, or by the first look at an outcome.
    protocol : the protocol as it was read; the pilot's own file unless it is given.
    now : time of the entry; the clock's unless a test gives one.

    Raises
    ------
    Refusal, ProtocolFaults
        When the ledger is not whole or cannot be written; when the protocol has faults.
    """
    known = locked(workspace, pilot)
    if known is not None:
        return known
    form = canonical_of(protocol or workspace.protocol(pilot))
    facts = {"pilot": pilot, "hash": hash_of(form), "by": _words(by), "why": _words(why), "how": how, "protocol": form}
    append(workspace.ledger(pilot), LOCK, facts, once=("pilot",), now=now)
    found = locked(workspace, pilot)
    if found is None:
        raise Refusal(f"The protocol of {pilot} could not be locked.", f"`pilotlens verify {pilot}` may say why.")
    return found


def unrecorded(workspace: Workspace, pilot: str, protocol: Protocol | None = None) -> tuple[Change, ...]:
    """Return what a protocol says otherwise than the locked one and its recorded deviations; nothing while it is open.

    Parameters
    ----------
    workspace, pilot : whose protocol.
    protocol : the protocol as it was read; the pilot's own file unless it is given.
    """
    known = locked(workspace, pilot)
    if known is None:
        return ()
    plan = protocol or workspace.protocol(pilot)
    if hash_of(canonical_of(plan)) == known.hash:
        return ()
    renamed, there = renamed_in(workspace, pilot, plan), still_there_in(workspace, pilot, plan)
    return tuple(weighed(one, plan, renamed, there) for one in differences(known.protocol, plan))


def deviate(workspace: Workspace, pilot: str, by: str, why: str, *, now: dt.datetime | None = None) -> Deviation:
    """Record every edit of a locked protocol since the last record as a deviation, and return it.

    Raises
    ------
    Refusal
        When it is not locked, when nothing was edited, or when nobody says who asks for it and why.
    """
    if not _words(why):
        raise Refusal("Nothing says why the protocol deviates.", "Add --why and the reason in quotation marks.")
    if not _words(by):
        raise Refusal("Nothing says who changed the protocol.", "Add --by and a name in quotation marks.")
    if locked(workspace, pilot) is None:
        raise Refusal(
            f"The protocol of {pilot} is not locked: it may still be edited, and nothing needs to be recorded.",
            f"`pilotlens lock {pilot}` locks it.",
        )
    changes = unrecorded(workspace, pilot)
    if not changes:
        raise Refusal(f"The protocol of {pilot} is as it was last recorded.", "Edit it first, then record the edit.")
    return _recorded(workspace, pilot, workspace.protocol(pilot), changes, (by, why, "command"), now)


def insist_recorded(site: PilotSite, by: str = "") -> None:
    """Refuse to go on with a locked protocol that was edited since, unless the edit cannot touch an estimate.

    An edit that cannot is recorded as a minor deviation, but not in looking back: that leaves no trace.

    Raises
    ------
    Refusal
        Naming each key that may touch an estimate, what it said and what it says, and how to record it; or a release
        that is older than the ledger.
    """
    insist_same_ledger(site.workspace, site.pilot)
    changes = unrecorded(site.workspace, site.pilot, site.protocol)
    material = [change for change in changes if change.material]
    if material:
        raise Refusal(f"{_edited(site, material)}\n{_remedy(site.pilot)}")
    if changes and not site.workspace.as_of:
        _recorded(site.workspace, site.pilot, site.protocol, changes, (by or "a run", NO_REASON, "run"))


def _edited(site: PilotSite, material: Sequence[Change]) -> str:
    known = locked(site.workspace, site.pilot)
    day = f" on {known.date}" if known else ""
    lines = [f"- {change.words}" for change in material[:SHOWN]]
    lines += [f"- and {len(material) - SHOWN} more."] if len(material) > SHOWN else []
    listed = "\n".join(lines)
    return f"The protocol of {site.pilot} was locked{day} and has been edited since:\n{listed}"


def _remedy(pilot: str) -> str:
    return (
        "Put it back as it was, or record the change so that every later report prints it:"
        f' pilotlens deviate {pilot} --by "your name" --why "the reason"'
    )


def _recorded(
    workspace: Workspace,
    pilot: str,
    protocol: Protocol,
    changes: Sequence[Change],
    said: tuple[str, str, str],
    now: dt.datetime | None = None,
) -> Deviation:
    known = locked(workspace, pilot)
    if known is None:
        raise ValueError("a protocol that is not locked has no deviations")
    by, why, how = said
    form = canonical_of(protocol)
    facts: Mapping[str, Any] = {
        "previous": known.hash,
        "hash": hash_of(form),
        "by": _words(by),
        "why": _words(why),
        "how": how,
        "changes": [asdict(change) for change in changes],
        "protocol": form,
    }
    append(workspace.ledger(pilot), DEVIATION, facts, once=("previous", "hash"), now=now)
    return deviations(workspace, pilot)[-1]


def _words(text: str) -> str:
    """Return words on one line, without what would move a terminal's cursor."""
    return " ".join("".join(one if one.isprintable() else " " for one in text).split())
