"""Reading a ledger from its end, so that appending does not take longer with every year."""

from __future__ import annotations

import os
from collections.abc import Iterator

BLOCK = 1 << 16


def end_of_lines(descriptor: int) -> int:
    """Return where the last finished line ends; what stands behind it was never acknowledged."""
    position = os.fstat(descriptor).st_size
    while position > 0:
        start = max(0, position - BLOCK)
        found = os.pread(descriptor, position - start, start).rfind(b"\n")
        if found >= 0:
            return start + found + 1
        position = start
    return 0


def backwards(descriptor: int, end: int) -> Iterator[bytes]:
    """Return the lines before a place at which one ends, last first."""
    if not end:
        return
    rest, position = b"", end - 1
    while position > 0:
        start = max(0, position - BLOCK)
        rest, *lines = (os.pread(descriptor, position - start, start) + rest).split(b"\n")
        yield from reversed(lines)
        position = start
    yield rest
