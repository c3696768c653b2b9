"""The lock beside a ledger: one process appends, and nobody reads a line that is half there."""

from __future__ import annotations

import fcntl
import os
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from pipelines.refusal import Unusable

WAIT_SECONDS = 20.0


@contextmanager
def to_append(path: Path, wait: float | None = None) -> Iterator[None]:
    """Hold a ledger for one's own; the lock goes with the process, however that ends."""
    descriptor = _taken(path, fcntl.LOCK_EX, os.O_RDWR | os.O_CREAT, wait)
    try:
        yield
    finally:
        os.close(descriptor)


@contextmanager
def to_read(path: Path, wait: float | None = None) -> Iterator[None]:
    """Keep writers away from a ledger; without a lock file nobody ever wrote, and none is made in a folder to read."""
    try:
        descriptor = _taken(path, fcntl.LOCK_SH, os.O_RDONLY, wait)
    except FileNotFoundError:
        descriptor = -1
    try:
        yield
    finally:
        if descriptor >= 0:
            os.close(descriptor)


def _taken(path: Path, how: int, flags: int, wait: float | None) -> int:
    give_up = time.monotonic() + (WAIT_SECONDS if wait is None else wait)
    while True:
        descriptor = os.open(path.with_suffix(".lock"), flags, 0o600)
        if _locked(descriptor, how) and _still_there(descriptor, path):
            return descriptor
        os.close(descriptor)
        if time.monotonic() > give_up:
            raise Unusable(
                f"The ledger of {path.stem} is in use by another program.",
                "Let the other run finish, and try again. Nothing was changed.",
            )
        time.sleep(0.01)


def _locked(descriptor: int, how: int) -> bool:
    try:
        fcntl.flock(descriptor, how | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    except BaseException:
        os.close(descriptor)
        raise
    return True


def _still_there(descriptor: int, path: Path) -> bool:
    """Tell a lock that others will meet from one whose file somebody has deleted meanwhile."""
    try:
        return os.path.samestat(os.fstat(descriptor), path.with_suffix(".lock").stat())
    except FileNotFoundError:
        return False
