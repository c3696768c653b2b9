"""Keys: made on first use with mode 0600, or taken from the environment.

What they lock belongs elsewhere, changing them in rotation.
"""

from __future__ import annotations

import datetime as dt
import hashlib
import hmac
import os
import re
import secrets
import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from pipelines.refusal import Refusal, Unusable
from pipelines.workspace import Workspace

Purpose = Literal["warehouse", "vault", "pseudonym"]
PURPOSES: tuple[Purpose, ...] = ("warehouse", "vault", "pseudonym")
LOCKED = (".duckdb", ".parquet")
"""Endings of the files that are locked with a key."""
RETIRED = "retired"
"""Folder of the keys that were replaced."""


def key(workspace: Workspace, purpose: Purpose) -> str:
    """Return a key as 64 hexadecimal digits.

    PILOTLENS_<PURPOSE>_KEY in the environment goes before keys/<purpose>.key in the workspace.
    """
    insist_settled(workspace)
    given = os.environ.get(variable(purpose))
    if given:
        return hashlib.sha256(given.encode()).hexdigest()
    path = file(workspace, purpose)
    if not path.exists():
        _refuse_if_locked_data_exist(workspace, path)
        _write_new_keys(workspace)
    return read(path)


def variable(purpose: Purpose) -> str:
    """Return the environment variable that a key may come from."""
    return f"PILOTLENS_{purpose.upper()}_KEY"


def file(workspace: Workspace, purpose: Purpose) -> Path:
    """Return where a key lies that does not come from the environment."""
    return workspace.keys_folder / f"{purpose}.key"


def change(workspace: Workspace) -> Path:
    """Return the file that is there while keys are being changed."""
    return workspace.keys_folder / "change.json"


def insist_settled(workspace: Workspace) -> None:
    """Refuse to go on with keys of which some are old and some new."""
    if change(workspace).exists():
        raise Refusal("A change of keys was begun and is not finished.", "Finish it with: pilotlens keys rotate")


def read(path: Path) -> str:
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
            _write_new_key(file(workspace, one))
    except OSError:
        written = False
    else:
        written = True
    if not written:
        raise Unusable(
            "The keys cannot be written into the folder keys.", "Is the disk full, or may you not write there?"
        )


def _refuse_if_locked_data_exist(workspace: Workspace, path: Path) -> None:
    """A new key beside old data would make these look broken and their pseudonyms incomparable."""
    folders = (workspace.root / "warehouse", workspace.root / "vault")
    if any(found.suffix in LOCKED for folder in folders for found in folder.glob("[!.]*/**/*")):
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
    return id_of(purpose, key(workspace, purpose))


def id_of(purpose: str, secret: str) -> str:
    """Return the short name of a key that is given."""
    return hashlib.sha256(f"pilotlens key {purpose}: {secret}".encode()).hexdigest()[:8]


@dataclass(frozen=True)
class Kept:
    """What may be told of a key."""

    purpose: str
    id: str
    """Empty when the key has not been made yet."""
    made: str
    """Day on which its file was written; empty when it has none."""
    place: str


def kept(workspace: Workspace) -> tuple[Kept, ...]:
    """Return what may be told of the keys in use, and of those that were replaced; make none."""
    old = sorted((workspace.keys_folder / RETIRED).glob("*.key"))
    return (*(_in_use(workspace, one) for one in PURPOSES), *(_retired(path) for path in old))


def _in_use(workspace: Workspace, purpose: Purpose) -> Kept:
    given, path = os.environ.get(variable(purpose)), file(workspace, purpose)
    if given:
        secret = hashlib.sha256(given.encode()).hexdigest()
        return Kept(purpose, id_of(purpose, secret), "", f"the environment ({variable(purpose)})")
    if not path.exists():
        return Kept(purpose, "", "", "not made yet")
    return Kept(purpose, id_of(purpose, read(path)), _day(path), f"keys/{path.name}")


def _retired(path: Path) -> Kept:
    purpose, _, found = path.stem.partition("-")
    return Kept(purpose, found, _day(path), f"keys/{RETIRED}/{path.name} (replaced)")


def _day(path: Path) -> str:
    return dt.datetime.fromtimestamp(path.stat().st_mtime, dt.UTC).date().isoformat()
