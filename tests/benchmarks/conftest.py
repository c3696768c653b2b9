"""A ratio that misses its limit is measured again: a neighbour's burst of work can spoil one turn, never three."""

from __future__ import annotations

import pytest
from _pytest.runner import runtestprotocol

TURNS = 3


def pytest_runtest_protocol(item: pytest.Item, nextitem: pytest.Item | None) -> bool:
    """Run a measurement until it is within its limit, three times at most, and report the last turn."""
    item.ihook.pytest_runtest_logstart(nodeid=item.nodeid, location=item.location)
    for turn in range(1, TURNS + 1):
        reports = runtestprotocol(item, nextitem=nextitem, log=False)
        if not any(report.failed for report in reports) or turn == TURNS:
            break
    for report in reports:
        item.ihook.pytest_runtest_logreport(report=report)
    item.ihook.pytest_runtest_logfinish(nodeid=item.nodeid, location=item.location)
    return True
