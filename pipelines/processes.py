"""Whether another process is still at work, so that what a killed one left behind can be told from what is in use."""

from __future__ import annotations

import os


def runs(process: int) -> bool:
    """Tell whether a process is still there."""
    try:
        os.kill(process, 0)
    except (ProcessLookupError, OverflowError):
        return False
    except PermissionError:
        return True
    return True


def abandoned(owner: str) -> bool:
    """Tell whether the process is gone that a name begins with, as in `4711-x2k`; a name without one is nobody's."""
    number = owner.partition("-")[0]
    return not number.isdigit() or not runs(int(number))
