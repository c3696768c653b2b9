"""What the commands about a protocol's lock do: locking, recording deviations, telling both. Each returns a code."""

from __future__ import annotations

from pathlib import Path

from assets.commands import existing
from assets.exit_codes import DONE, STOPPED
from assets.records import account
from assets.running import known
from assets.showing import complain, say
from pipelines.workspace import Workspace


def lock(given: Path | None, pilot: str, by: str, why: str) -> int:
    """Lock a pilot's protocol, and say what that means."""
    from pipelines.protocol_lock import lock_protocol, locked

    workspace = existing(given)
    known(workspace, pilot)
    before = locked(workspace, pilot)
    found = lock_protocol(workspace, pilot, by or account(), why or "locked by the command")
    if before is not None:
        say(f"The protocol of {pilot} was locked already, on {found.date} ({_how(found.how)}).")
        _told(found.version, found.hash)
        return STOPPED if _edited(workspace, pilot) else DONE
    say(f"The protocol of {pilot} is locked on {found.date}.")
    _told(found.version, found.hash)
    say("From now on every change of it is a deviation, which every later report prints.")
    return DONE


def deviate(given: Path | None, pilot: str, by: str, why: str) -> int:
    """Record every edit of a locked protocol since the last record."""
    from pipelines.protocol_lock import deviate as record

    workspace = existing(given)
    found = record(workspace, known(workspace, pilot), by, why)
    seen = "after outcomes had been seen" if found.after_look else "before any outcome had been seen"
    say(f"Recorded, {seen}: this is version {found.version} of the protocol of {pilot}.")
    for change in found.changes:
        say(f"- {change.words}")
    say(f"Every later report prints it. To bring the reports up to date: pilotlens run {pilot}")
    return DONE


def tell_lock(workspace: Workspace, pilot: str) -> int:
    """Say of a pilot whose protocol is sound whether it is locked, and which edits nobody recorded."""
    from pipelines.protocol_lock import locked

    found = locked(workspace, pilot)
    if found is None:
        first = "first run with real data" if workspace.protocol(pilot).synthetic else "first run"
        say(f"{pilot}: the protocol is not locked yet; the {first} that estimates an outcome locks it.")
        return DONE
    say(f"{pilot}: the protocol was locked on {found.date}; version {found.version} is in force.")
    return STOPPED if _edited(workspace, pilot) else DONE


def _edited(workspace: Workspace, pilot: str) -> bool:
    """Name edits that nobody recorded; return whether nothing will run before they are."""
    from pipelines.protocol_lock import unrecorded

    changes = unrecorded(workspace, pilot)
    for change in changes:
        complain(f"{pilot}: edited since: {change.words}")
    waits = any(change.material for change in changes)
    if waits:
        complain(f'{pilot}: record it: pilotlens deviate {pilot} --by "your name" --why "the reason"')
    return waits


def _how(how: str) -> str:
    return "when a run read outcomes for the first time" if how == "look" else "by the command"


def _told(version: int, sha256: str) -> None:
    say(f"  Version {version} is in force; the hash of its contents is {sha256}.")
