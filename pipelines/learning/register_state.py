"""What a pilot's registers say now, as one name: a report is made anew when it changes, as when a drop arrives."""

from __future__ import annotations

import hashlib
import json
from functools import lru_cache
from pathlib import Path

from pipelines.learning.registers import REGISTERS
from pipelines.protocol import ProtocolFaults
from pipelines.protocol_lock import history
from pipelines.refusal import Refusal
from pipelines.workspace import Workspace


def register_state(workspace: Workspace, pilot: str) -> str:
    """Return the name of what the registers and the decisions against lights say; empty where there are none.

    Registers are those of `REGISTERS`; decisions against lights are `progression.overrides` of the protocol, of a
    locked one as it was last recorded: until an edit is recorded, running it is refused. Of a protocol that cannot be
    read none are known: running it says why.
    """
    folder = workspace.pilot_folder(pilot)
    paths = [folder / register.file for register in REGISTERS.values()]
    told = [(path.name, hashlib.sha256(path.read_bytes()).hexdigest()) for path in paths if path.is_file()]
    overrides = _overrides(workspace, pilot)
    if not told and not overrides:
        return ""
    return hashlib.sha256(json.dumps([told, overrides]).encode()).hexdigest()


def _overrides(workspace: Workspace, pilot: str) -> str:
    try:
        locked = history(workspace, pilot).locked
    except Refusal:
        return ""
    if locked is not None:
        known = (locked.protocol.get("progression") or {}).get("overrides")
        return json.dumps(known) if known else ""
    path = workspace.pilot_folder(pilot) / "protocol.yml"
    try:
        found = path.stat()
    except OSError:
        return ""
    return _read(workspace.root, pilot, path, found.st_mtime_ns, found.st_size)


@lru_cache(maxsize=64)
def _read(root: Path, pilot: str, path: Path, changed: int, size: int) -> str:
    """Read a protocol once in each of its states: the daemon asks every few seconds."""
    try:
        overrides = Workspace(root).protocol(pilot).progression.overrides
    except (Refusal, ProtocolFaults, OSError):
        return ""
    return json.dumps([one.model_dump(mode="json") for one in overrides]) if overrides else ""
