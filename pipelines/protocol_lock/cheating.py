"""What a ledger alone cannot say: that it was exchanged, and that outcomes were seen where it does not look.

A ledger that was edited is found by its chain (pipelines.ledger). Here is what somebody may try around it: to begin a
new one, to try real data out as made up, to run the same files as another pilot. What no program can find stands in
LOCK.md.
"""

from __future__ import annotations

import datetime as dt

from pipelines.protocol_lock.history import History, history
from pipelines.refusal import Refusal
from pipelines.workspace import Workspace

SLACK = dt.timedelta(minutes=2)
"""Clocks of file servers differ by seconds from ours."""


def insist_same_ledger(workspace: Workspace, pilot: str) -> None:
    """Refuse to go on where the ledger is younger than a release that it does not know: it was deleted and begun anew.

    Raises
    ------
    Refusal
        Naming the release.
    """
    told = history(workspace, pilot)
    root = workspace.root / "releases" / pilot
    for path in sorted(root.glob("*/*/evidence.json")):
        place, release = path.parent.parent.name, path.parent.name
        if release.startswith(".") or (place, release) in told.releases:
            continue
        if not told.first_at or _written(path.stat().st_mtime) < _at(told.first_at) - SLACK:
            raise Refusal(
                f"The ledger of {pilot} does not know the release {release} of {place}, which is older than the ledger:"
                " it was deleted, or exchanged for another one.",
                f"Put the ledger folder back from your safe copy. `pilotlens verify {pilot}` says all that is wrong.",
            )


def _written(seconds: float) -> dt.datetime:
    return dt.datetime.fromtimestamp(seconds, dt.UTC)


def _at(written: str) -> dt.datetime:
    return dt.datetime.strptime(written, "%Y-%m-%dT%H:%M:%SZ").replace(tzinfo=dt.UTC)


def rehearsed_with_real(workspace: Workspace, pilot: str, counted: frozenset[str]) -> bool:
    """Tell whether outcomes of files that count now were read before the lock, when the protocol called them made up.

    Parameters
    ----------
    workspace, pilot : whose files.
    counted : SHA-256 of the files that count now.
    """
    return bool(history(workspace, pilot).rehearsed_with & counted)


def seen_elsewhere(workspace: Workspace, pilot: str, counted: frozenset[str]) -> tuple[str, ...]:
    """Return the other pilots of the workspace that had some of the same files, and whose outcomes somebody saw.

    Parameters
    ----------
    workspace, pilot : whose files.
    counted : SHA-256 of the files that count now.
    """
    others = sorted(path.stem for path in workspace.ledger(pilot).parent.glob("*.jsonl") if path.stem != pilot)
    return tuple(
        one for one in others if _seen(_history(workspace, one)) and _history(workspace, one).arrived & counted
    )


def _seen(told: History) -> bool:
    return told.looked or told.rehearsed


def _history(workspace: Workspace, pilot: str) -> History:
    try:
        return history(workspace, pilot)
    except Refusal:
        return History()  # that ledger is not whole: its own pilot's runs say so
