"""What the commands about records do: the ledger, drops, files and keys. Every function returns the exit code."""

from __future__ import annotations

import getpass
from pathlib import Path

from assets.commands import existing
from assets.exit_codes import DONE, STOPPED
from assets.instance import open_instance
from assets.running import known
from assets.showing import complain, place, say
from pipelines.protocol.faults import did_you_mean
from pipelines.refusal import Refusal
from pipelines.workspace import Workspace

MOST_FAULTS = 50
"""More are not printed one by one: they have one cause."""


def verify_ledgers(given: Path | None, pilot: str) -> int:
    """Say of each ledger that it is whole, or name its faults."""
    workspace = existing(given)
    return max([_verify(workspace, one) for one in _with_ledger(workspace, pilot)], default=DONE)


def _with_ledger(workspace: Workspace, pilot: str) -> tuple[str, ...]:
    """Return the pilots to look at; a ledger outlives the protocol of its pilot."""
    folder = workspace.ledger("any").parent
    kept = {path.stem for path in folder.glob("*") if path.suffix in (".jsonl", ".head")}
    if not pilot:
        return tuple(sorted(kept | set(workspace.pilots())))
    return (pilot if pilot in kept else known(workspace, pilot),)


def _verify(workspace: Workspace, pilot: str) -> int:
    from pipelines.ledger import entries, verify
    from pipelines.protocol_lock.history import form_faults
    from pipelines.release.audit import release_faults

    faults = verify(workspace.ledger(pilot))
    if faults:
        complain(f"The ledger of {pilot} is not whole:")
        for fault in faults[:MOST_FAULTS]:
            complain(f"- {fault}")
        if len(faults) > MOST_FAULTS:
            complain(f"- and {len(faults) - MOST_FAULTS:,} more faults.")
        complain("Put the ledger folder back from your safe copy, and find out who changed it.")
        return STOPPED
    found = entries(workspace.ledger(pilot))
    if not found:
        say(f"The ledger of {pilot} holds no entry yet.")
        return DONE
    kept = form_faults(found)
    for fault in kept:
        complain(f"{pilot}: {fault}")
    releases = release_faults(workspace, pilot)
    for fault in releases:
        complain(f"{pilot}: {fault}")
    if kept or releases:
        return STOPPED
    say(f"The ledger of {pilot} holds {len(found):,} {'entry' if len(found) == 1 else 'entries'} and is whole.")
    say(f"  The hash of the last one is {found[-1].hash}.")
    return DONE


def tell_drops(given: Path | None, pilot: str) -> int:
    """Say what became of each drop."""
    from pipelines.drop_history import told
    from pipelines.ledger import entries

    workspace = existing(given)
    for place_in_list, one in enumerate(_with_ledger(workspace, pilot)):
        say(f"{chr(10) if place_in_list else ''}Drops of {one}:\n")
        say(told(entries(workspace.ledger(one)), _minimum(workspace, one)))
    return DONE


def _minimum(workspace: Workspace, pilot: str) -> int:
    """Return the smallest count that may be printed; where the protocol is faulty, the usual one."""
    from pipelines.disclosure.policy import minimum_count
    from pipelines.drop_history import MINIMUM
    from pipelines.protocol import ProtocolFaults

    try:
        return minimum_count(workspace.protocol(pilot))
    except (ProtocolFaults, OSError):
        return MINIMUM


def withdraw_drop(given: Path | None, pilot: str, drop: str, why: str) -> int:
    """Withdraw a drop, and say what follows from it."""
    from pipelines.withdrawal import withdraw

    if not pilot or not drop:
        raise Refusal("Say which drop to withdraw.", 'As in: pilotlens drops PILOT --withdraw DROP --why "the reason".')
    workspace = existing(given)
    (one,) = _with_ledger(workspace, pilot)
    withdraw(workspace, one, drop, why, account())
    say(f"The drop {one}/{drop} is withdrawn. Its files stay where they are; from the next run its rows do not count.")
    say(f"To bring everything up to date: pilotlens run {one}")
    return DONE


def account() -> str:
    """Return the name of the account that gives a command; containers may run without one."""
    try:
        return getpass.getuser()
    except (KeyError, OSError):
        return "an account without a name"


def look_into(file: Path) -> int:
    """Say what kind of file this is and how it would be read."""
    from pipelines.ingest.looking import described

    if not file.is_file():
        raise Refusal(f"There is no file {place(file)}.", "Is its name spelt right, and are you in the right folder?")
    say(described(file))
    return DONE


def list_keys(given: Path | None) -> int:
    """Say which keys there are; never a key."""
    from pipelines.keys import change, kept

    workspace = Workspace.find(given)
    say(f"{'key':<10}  {'id':<8}  {'made':<10}  where")
    for one in kept(workspace):
        say(f"{one.purpose:<10}  {one.id:<8}  {one.made:<10}  {one.place}")
    if change(workspace).exists():
        complain("A change of keys was begun and is not finished. Finish it with: pilotlens keys rotate")
    return STOPPED if change(workspace).exists() else DONE


def change_keys(given: Path | None, only: str) -> int:
    """Change keys, and say what follows from it."""
    from pipelines.keys import PURPOSES
    from pipelines.rotation import rotate

    if only and only not in PURPOSES:
        raise Refusal(f"There is no key {only}.", did_you_mean(only, PURPOSES))
    workspace = Workspace.find(given)
    _insist_no_run(workspace)
    for sentence in rotate(workspace, [one for one in PURPOSES if only in ("", one)]):
        say(sentence)
    return DONE


def _insist_no_run(workspace: Workspace) -> None:
    """Refuse while a run is recorded as going on: between two steps it holds no file."""
    if not workspace.dagster_home.exists():
        return
    import dagster as dg

    status = dg.DagsterRunStatus
    at_work = dg.RunsFilter(statuses=[status.STARTING, status.STARTED, status.CANCELING])
    from assets.at_work import give_up_cut_off

    with open_instance(workspace) as instance:
        give_up_cut_off(instance, workspace)
        going_on = instance.get_runs_count(at_work)
    if going_on:
        raise Refusal(
            f"{going_on} {'run is' if going_on == 1 else 'runs are'} going on.",
            "Wait for the end, and try again.",
        )
