"""Attaching an encrypted DuckDB file, or saying in plain words why it cannot be opened.

What is in the files belongs in warehouse and sql/; the keys in keys.
"""

from __future__ import annotations

import os
import secrets
import shutil
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any

from pipelines.processes import abandoned
from pipelines.refusal import Refusal, Unusable
from pipelines.sql_text import quoted
from pipelines.workspace import PilotSite

if TYPE_CHECKING:
    from duckdb import DuckDBPyConnection


MEMORY = "3GB"
"""What DuckDB may take before it goes to disk: ten million rows are read on a small machine too."""


def connect(site: PilotSite) -> DuckDBPyConnection:
    """Return a connection in memory that can write encrypted files and reaches no network."""
    import duckdb
    import duckdb_extension_httpfs

    settings: dict[str, str | bool | int | float | list[str]] = {
        "autoinstall_known_extensions": "false",
        "autoload_known_extensions": "false",
        # What does not fit into memory goes to disk, and it holds names: encrypted too, which is not the default.
        "temp_file_encryption": "true",
        "temp_directory": str(_spill(site)),
        "memory_limit": MEMORY,
    }
    folder = Path(duckdb_extension_httpfs.__file__).parent / "extensions"
    extension = next(folder.glob(f"v{duckdb.__version__}/httpfs.duckdb_extension"))
    seen = _looks(extension)
    connection = duckdb.connect(":memory:", config=settings | {"allow_unsigned_extensions": seen in _verified})
    _load(connection, extension)
    connection.execute("SET allow_unsigned_extensions = false")
    _verified.add(seen)
    connection.execute("SET enable_progress_bar = false")
    return connection


_verified: set[tuple[int, ...]] = set()
"""Looks of the extensions whose signature DuckDB has verified in this process.

Reading its 20 megabytes again takes a tenth of a second, and every step opens several connections. A file that was
touched since looks otherwise, and is verified again; nothing but this one file is loaded before the leave ends.
"""


def _looks(extension: Path) -> tuple[int, ...]:
    """Return what changes when a file is written to or replaced; its owner cannot set the last of these."""
    found = extension.stat()
    return (found.st_dev, found.st_ino, found.st_size, found.st_mtime_ns, found.st_ctime_ns)


def _load(connection: DuckDBPyConnection, extension: Path) -> None:
    """Load the extension that encrypts; on a machine with far too much to do it may not start at the first try."""
    for last in (False, False, True):
        try:
            connection.execute(f"LOAD '{quoted(str(extension))}'")
        except RuntimeError:
            if last:
                raise
            time.sleep(0.5)
        else:
            return


def _spill(site: PilotSite) -> Path:
    """Return a place for one connection's overflow; remove that of killed processes.

    DuckDB gives the files in it the same names in every process: two in one folder overwrite each other. It makes the
    folder when it needs one, and removes it on closing.
    """
    folder = _folder(site.workspace.root / "warehouse" / ".spill")
    for left in folder.iterdir():
        if abandoned(left.name):
            shutil.rmtree(left, ignore_errors=True) if left.is_dir() else left.unlink(missing_ok=True)
    return folder / f"{os.getpid()}-{secrets.token_hex(8)}"


def _folder(path: Path) -> Path:
    """Make a folder that only its owner can enter."""
    try:
        for missing in reversed([one for one in (path, *path.parents) if not one.exists()]):
            missing.mkdir(exist_ok=True, mode=0o700)  # `parents=True` would give the parents the usual mode
    except OSError:
        made = False
    else:
        made = True
    if not made:
        raise Unusable(
            f"The folder {path.parent.name}/{path.name} cannot be made in the workspace.",
            "Is the disk full, or may you not write there? Nothing was changed.",
        )
    return path


def attach(connection: Any, path: Path, name: str, secret: str, read_only: bool, wait: float) -> None:
    """Attach an encrypted file; wait for another program to let go of it, then say so plainly."""
    if read_only and not path.exists():
        raise Refusal(f"{_place(path)} does not exist yet.", "Run the pilot first.")
    _folder(path.parent)
    options = f"ENCRYPTION_KEY '{secret}'{', READ_ONLY' if read_only else ''}"
    give_up = time.monotonic() + _patience(path, wait)
    while problem := _attempt(connection, f"ATTACH '{quoted(str(path))}' AS {name} ({options})"):
        if not _worth_another_try(problem, path):
            raise _why_not_opened(problem, path)
        if time.monotonic() > give_up:
            _waited_for[path] = time.monotonic()
            raise _locked(path, wait)
        time.sleep(0.2)
    _waited_for.pop(path, None)
    _insist_on_encryption(connection, name, path)


_waited_for: dict[Path, float] = {}
"""When this process last waited for a file in vain."""
STILL_IN_USE = 60.0


def _patience(path: Path, wait: float) -> float:
    """Return how long to wait; the steps of one run do not each wait the whole time for the same file."""
    again = path in _waited_for and time.monotonic() - _waited_for[path] < STILL_IN_USE
    return min(wait, 1.0) if again else wait


def _attempt(connection: Any, sql: str) -> str:
    """Run a statement; return what DuckDB says when it fails. It may say too much: no exception hangs on to it."""
    import duckdb

    try:
        connection.execute(sql)
    except duckdb.Error as error:
        return str(error) or type(error).__name__
    return ""


def _place(path: Path) -> str:
    return f"{path.parent.parent.name}/{path.parent.name}/{path.name}"


def _worth_another_try(problem: str, path: Path) -> bool:
    """Tell a file that is in use, by its holder's lock in this or another process; its name may hold any word."""
    said = problem.replace(str(path), "").lower()
    return "set lock" in said or "lock is held" in said or "already attached" in said or "handle conflict" in said


def _why_not_opened(problem: str, path: Path) -> Refusal:
    said, where = problem.replace(str(path), "").lower(), _place(path)
    if "is not encrypted" in said:
        return _plaintext(path)
    if "encryption key" in said or "read aes tag" in said:
        return Refusal(
            f"{where} cannot be opened with the key in the folder keys.",
            "Put back the key it was made with. If the key is right, the file is damaged: move it away and run the"
            " pilot again; it is made from the drops.",
        )
    if "not a valid duckdb" in said or "could not read enough" in said:
        remedy = "Move the file away and run the pilot again; it is made from the drops."
        return Refusal(f"{where} is damaged.", remedy)
    return Unusable(f"{where} cannot be opened.", "Is the disk full, or may you not write there? Nothing was changed.")


def _locked(path: Path, wait: float) -> Refusal:
    return Unusable(
        f"{_place(path)} is in use by another program; waited {wait:.0f} seconds.",
        "Let the other run finish, or close the program that has the file open, and run again. Nothing was changed.",
    )


def _plaintext(path: Path) -> Refusal:
    return Refusal(
        f"{_place(path)} is not encrypted, so it was not made here.",
        "Delete it and run the pilot again; it is made from the drops.",
    )


def _insist_on_encryption(connection: Any, name: str, path: Path) -> None:
    row = connection.execute("SELECT encrypted FROM duckdb_databases() WHERE database_name = ?", [name]).fetchone()
    if not row or not row[0]:
        raise _plaintext(path)
