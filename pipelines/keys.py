"""Keys: made on first use with mode 0600, or taken from the environment. What they lock belongs elsewhere."""

from __future__ import annotations

import hashlib
import hmac
import os
import re
import secrets
import tempfile
from pathlib import Path
from typing import Literal

from pipelines.refusal import Refusal
from pipelines.workspace import Workspace

Purpose = Literal["warehouse", "vault", "pseudonym"]
PURPOSES: tuple[Purpose, ...] = ("warehouse", "vault", "pseudonym")


def key(workspace: Workspace, purpose: Purpose) -> str:
    """Return a key as 64 hexadecimal digits.

    PILOTLENS_<PURPOSE>_KEY in the environment goes before keys/<purpose>.key in the workspace.
    """
    given = os.environ.get(f"PILOTLENS_{purpose.upper()}_KEY")
    if given:
        return hashlib.sha256(given.encode()).hexdigest()
    path = workspace.keys_folder / f"{purpose}.key"
    if not path.exists():
        _refuse_if_locked_data_exist(workspace, path)
        _write_new_keys(workspace)
    return _read(path)


def _read(path: Path) -> str:
    """Return what a key file holds; half a key would lock new data with something nobody has."""
    try:
        found = path.read_text(encoding="ascii").strip()
    except (OSError, UnicodeDecodeError):
        found = ""
    if not re.fullmatch(r"[0-9a-f]{64}", found):
        raise Refusal(f"The key {path.name} in the folder keys cannot be read.", "Put it back from your safe copy.")
    return found


def _write_new_keys(workspace: Workspace) -> None:
    """Write all keys together, before there are data: a key that is missing later was lost."""
    try:
        for one in PURPOSES:
            _write_new_key(workspace.keys_folder / f"{one}.key")
    except OSError:
        written = False
    else:
        written = True
    if not written:
        raise Refusal(
            "The keys cannot be written into the folder keys.", "Is the disk full, or may you not write there?"
        )


def _refuse_if_locked_data_exist(workspace: Workspace, path: Path) -> None:
    """A new key beside old data would make these look broken and their pseudonyms incomparable."""
    if any(found for folder in ("warehouse", "vault") for found in (workspace.root / folder).glob("*/*.duckdb")):
        raise Refusal(
            f"The key {path.name} is missing from the folder keys, but there are data that were locked with it.",
            "Put the key back from your safe copy. Without it the data cannot be read; delete them to start anew.",
        )


def _write_new_key(path: Path) -> None:
    """Write a key that is not there yet, so that of two processes that start at once both end up with the same one."""
    path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    handle, name = tempfile.mkstemp(dir=path.parent)  # mkstemp makes it readable for the owner only
    with os.fdopen(handle, "w", encoding="ascii") as file:
        file.write(secrets.token_hex(32))
    try:
        os.link(name, path)
    except FileExistsError:
        pass  # the other process was first: its key counts
    finally:
        os.unlink(name)


def derived(secret: str, *labels: str) -> bytes:
    """Return a key for one purpose below another key, so that no two pilots share their pseudonyms."""
    return hmac.new(bytes.fromhex(secret), "\x1f".join(labels).encode(), hashlib.sha256).digest()


def key_id(workspace: Workspace, purpose: Purpose) -> str:
    """Return a short name of a key, from which nobody can tell the key."""
    return hashlib.sha256(f"pilotlens key {purpose}: {key(workspace, purpose)}".encode()).hexdigest()[:8]
