"""Dagster's event log in SQLite, without a new database engine for each of its thousands of statements.

Dagster makes an engine for every event it stores or reads, and with it throws away every statement it has compiled: two
thousand events of a site cost more than the site's own work. Only the engine is kept; connections are still opened and
closed each time. It is the one place where we reach into Dagster; its release is pinned, and a test holds this to it.
"""

from collections.abc import Callable
from typing import Any

MOST = 32
"""Engines kept at a time: one for the index and one for each run that is at work or looked at."""


def keep_engines() -> None:
    """Let this process use an engine of the event log again; calling it twice changes nothing."""
    from dagster._core.storage.event_log.sqlite import sqlite_event_log

    made: Any = sqlite_event_log
    if not isinstance(made.create_engine, Kept):
        made.create_engine = Kept(made.create_engine)


class Kept:
    """What makes an engine, or gives the one that it made before for the same database."""

    def __init__(self, create_engine: Callable[..., Any]) -> None:
        self._create_engine = create_engine
        self._engines: dict[str, Any] = {}

    def __call__(self, url: str, **settings: Any) -> Any:
        """Return the engine of a database."""
        if url not in self._engines:
            if len(self._engines) >= MOST:
                self._engines.clear()
            self._engines[url] = self._create_engine(url, **settings)
        return self._engines[url]
