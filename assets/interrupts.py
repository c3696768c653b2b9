"""Ctrl-C while sites run, wherever Dagster does not handle it itself.

Inside a step Dagster ends the step and records the run as failed. Between steps, while it writes its records, the first
Ctrl-C waits for the site at work, so that those records are whole.
"""

from __future__ import annotations

import signal
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from types import FrameType


@contextmanager
def patient_interrupts(notice: Callable[[], None]) -> Iterator[Callable[[], bool]]:
    """Yield what tells whether to stop before the next site. The second Ctrl-C stops at once, as it always does."""
    asked = False

    def ask(_number: int, _frame: FrameType | None) -> None:
        nonlocal asked
        asked = True
        signal.signal(signal.SIGINT, before)
        notice()

    before = signal.signal(signal.SIGINT, ask)
    try:
        yield lambda: asked
    finally:
        signal.signal(signal.SIGINT, before)
