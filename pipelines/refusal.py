"""The one exception that an evaluator sees: what is wrong, where, and what to do. Never a person's value."""

from __future__ import annotations

import errno

FULL = (errno.ENOSPC, errno.EDQUOT, errno.EFBIG)
FORBIDDEN = (errno.EACCES, errno.EPERM, errno.EROFS)


class Refusal(Exception):
    """A step that cannot go on, in plain words; nothing was written, and what was there before still stands.

    Parameters
    ----------
    problem : what is wrong, naming file, row and column where there are any.
    remedy : what to do about it.
    """

    def __init__(self, problem: str, remedy: str = "") -> None:
        self.problem, self.remedy = problem, remedy
        super().__init__(f"{problem} {remedy}".strip())


class Unusable(Refusal):
    """The workspace stands in the way, not the data: in use, full, or not ours to write. Later it may go well."""


def disk_full() -> Unusable:
    """Return what to say of a full disk."""
    return Unusable("The disk is full.", "Make room and run again. The earlier results stand.")


def not_writable() -> Unusable:
    """Return what to say where writing is forbidden."""
    return Unusable("The workspace cannot be written.", "May you write there? The earlier results stand.")


def of_the_system(error: OSError) -> Unusable | None:
    """Return what to say of an error of the operating system; None for one that is no matter of room or rights."""
    if error.errno in FULL:
        return disk_full()
    return not_writable() if error.errno in FORBIDDEN else None
