"""Every figure of a finding by its place in it, unrounded: the bridge from a printed number to the evidence bundle."""

from __future__ import annotations

import json
from collections.abc import Iterator

from pipelines.findings.models import Finding, Record
from pipelines.reporting.numbers import WITHHELD

_LEFT_OUT = frozenset({"curves"})
# Curves have hundreds of points and their own table.


def leaves(finding: Finding) -> list[tuple[str, str]]:
    """Return (place, figure) pairs, the figure written as in evidence.json; [c] where the policy withholds it."""
    return list(_walk("", finding.result, withheld={change.cell for change in finding.disclosure.changes}))


def _walk(place: str, value: object, withheld: set[str]) -> Iterator[tuple[str, str]]:
    """Walk a result in the order of its fields."""
    if isinstance(value, bool | str):
        return
    if isinstance(value, int | float):
        yield place, json.dumps(value)
    elif value is None and place in withheld:
        yield place, WITHHELD
    else:
        for name, part in _parts(value):
            yield from _walk(f"{place}.{name}" if place else name, part, withheld)


def _parts(value: object) -> Iterator[tuple[str, object]]:
    """Yield a value's named parts."""
    if isinstance(value, Record):
        yield from ((name, part) for name, part in value if name not in _LEFT_OUT)
    elif isinstance(value, dict):
        yield from value.items()
    elif isinstance(value, tuple):
        yield from ((str(number), part) for number, part in enumerate(value))
