"""Dagster's daemon (sensors, schedules, run queue) as a child that never outlives the UI that started it.

Its standard input is a pipe from the UI: when that closes, because the UI stops or was killed, the daemon stops. Left
alone it would go on launching runs, and keep the next daemon from starting.
"""

from __future__ import annotations

import logging
import os
import signal
import sys
import threading

from dagster._daemon.cli import main


def _stop_with_parent() -> None:
    sys.stdin.buffer.read()
    os.kill(os.getpid(), signal.SIGINT)


def _only_what_concerns_somebody(record: logging.LogRecord) -> bool:
    """Leave out that the daemon has no memory of earlier events, which it says at every first start."""
    return record.levelno > logging.WARNING


if __name__ == "__main__":
    logging.getLogger("dagster.daemon.EventLogConsumerDaemon").addFilter(_only_what_concerns_somebody)
    threading.Thread(target=_stop_with_parent, daemon=True).start()
    sys.argv = ["dagster-daemon", "run", "--workspace", sys.argv[1], "--log-level", "warning"]
    main()
