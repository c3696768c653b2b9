"""Zipped drops: what is in a .zip of a drop, unpacked for as long as it is read, into a folder only we may enter.

Nothing is unpacked before the whole zip has been judged by its directory. Workbooks and coded projects are zips too,
but are read as they are.
"""

from __future__ import annotations

import fcntl
import os
import shutil
import tempfile
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path, PurePosixPath

from pipelines.qualitative.safe_zip import MEBIBYTE, Bounds, SafeZip, UnsafeZip
from pipelines.refusal import Refusal

BOUNDS = Bounds(entries=1_000, entry_bytes=4096 * MEBIBYTE, total_bytes=8192 * MEBIBYTE)
"""As `safe_zip` says; whole drops are larger than coded projects, and go to the disk instead of into memory."""
PACKED = (".zip", ".7z", ".rar", ".gz", ".bz2", ".xz", ".tar", ".tgz", ".zst")
LOCK = ".lock"
LONGEST_NAME = 255
"""Of a file, in bytes, as file systems take it."""
LITTER = (".ds_store", "thumbs.db", "ehthumbs.db", "desktop.ini")
NEVER_READ = ("pseudonyms.json",)
"""QualCoder's key to who people are: it is no part of a drop, so it is neither hashed, listed, unpacked nor read."""

Shown = tuple[str, Path]


@contextmanager
def unpacked(files: Iterable[Shown], private_folder: Path) -> Iterator[tuple[Shown, ...]]:
    """Yield name and place of each file of a drop, those inside its zips unpacked (`delivery.zip/cases.csv`).

    Parameters
    ----------
    files : name within the drop and place of each delivered file.
    private_folder : where a folder may be made that is removed afterwards; one that a killed process has left behind
        is removed at the next call.

    Raises
    ------
    Refusal
        When a zip is damaged, locked, too large, or holds what no honest delivery does.
    """
    delivered = tuple(files)
    if not any(is_zip(name) for name, _ in delivered):
        yield delivered
        return
    private_folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    sweep(private_folder)
    folder = Path(tempfile.mkdtemp(prefix="unpacked-", dir=private_folder))
    lock = _locked(folder)
    try:
        yield tuple(one for number, shown in enumerate(delivered) for one in _members(shown, folder / str(number)))
    finally:
        shutil.rmtree(folder, ignore_errors=True)
        os.close(lock)


def is_zip(name: str) -> bool:
    """Tell a zip that holds files of a drop."""
    return name.lower().endswith(".zip")


def members(path: Path) -> tuple[str, ...]:
    """Return the names of the files in a zip; raise Refusal when its directory is not one of an honest zip."""
    try:
        with SafeZip(path, BOUNDS) as packed:
            return tuple(sorted(member for member in packed.names if not _is_litter(member)))
    except UnsafeZip as fault:
        refusal = Refusal(f"{path.name} cannot be unpacked: {fault}.", "Ask for the files themselves, or a new zip.")
    raise refusal


def sweep(private_folder: Path) -> None:
    """Remove what a killed process has left behind: its lock is gone with it."""
    for folder in private_folder.glob("unpacked-*"):
        try:
            lock = _locked(folder)
        except OSError:
            continue
        shutil.rmtree(folder, ignore_errors=True)
        os.close(lock)


def _locked(folder: Path) -> int:
    """Take the lock of a folder, or fail at once when another process has it."""
    descriptor = os.open(folder / LOCK, os.O_RDWR | os.O_CREAT, 0o600)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        os.close(descriptor)
        raise
    return descriptor


def _members(shown: Shown, folder: Path) -> Iterator[Shown]:
    name, path = shown
    if not is_zip(name):
        yield shown
        return
    try:
        with SafeZip(path, BOUNDS) as packed:
            _judge(name, path, folder, packed)
            for number, member in enumerate(member for member in packed.names if not _is_litter(member)):
                yield f"{name}/{member}", _copied(packed, member, folder / str(number))
    except UnsafeZip as fault:
        refusal = Refusal(f"{name} cannot be unpacked: {fault}.", "Ask for the files themselves, or for a new zip.")
    else:
        return
    raise refusal


def _judge(name: str, path: Path, folder: Path, packed: SafeZip) -> None:
    """Refuse a zip by what its directory says, before anything is written."""
    inside = packed.declared
    total = sum(size for _, size, _ in inside)
    if any(member.lower().endswith(PACKED) for member, *_ in inside):
        raise Refusal(f"{name} holds another packed file.", "Ask for the files themselves, or for one zip of them.")
    if any(len(os.fsencode(PurePosixPath(member).name)) > LONGEST_NAME for member, *_ in inside):
        raise UnsafeZip(f"a name in it is longer than {LONGEST_NAME} bytes")
    if any(size > max(BOUNDS.free_of_ratio, BOUNDS.ratio * small) for _, size, small in inside):
        raise UnsafeZip(f"it unpacks to more than {BOUNDS.ratio} times its size, as a zip bomb does")
    if total > BOUNDS.total_bytes or any(size > BOUNDS.entry_bytes for _, size, _ in inside):
        raise UnsafeZip("it is too large")
    if total > shutil.disk_usage(folder.parent).free:
        raise Refusal(f"{name} does not fit on the disk once unpacked.", "Make room and run again.")
    if sum(small for *_, small in inside) > path.stat().st_size:
        raise UnsafeZip("its entries overlap, as in a zip bomb")


def _copied(packed: SafeZip, member: str, folder: Path) -> Path:
    """Unpack one file into a folder of its own, under its last name alone: the rest of a name leads nowhere."""
    folder.parent.mkdir(exist_ok=True, mode=0o700)  # `parents=True` would give the parents the usual mode
    folder.mkdir(mode=0o700)
    target = folder / PurePosixPath(member).name
    with open(os.open(target, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as file:
        packed.copy(member, file)
    return target


def _is_litter(member: str) -> bool:
    """Tell what a Mac or a file manager puts into a zip, unasked."""
    last = PurePosixPath(member).name
    return member.startswith("__MACOSX/") or is_litter(last) or last.startswith(("~$", ".~lock."))


def is_litter(name: str) -> bool:
    """Tell what file managers leave behind, unasked. Beside a workbook, `~$cases.xlsx` says that it is still open."""
    return name.lower() in (*LITTER, *NEVER_READ) or name.startswith("._")
