"""What was released of a site before, as a reader has it: counts and groups by their place in a finding.

Releases are read as plain JSON, so that one that an older version of the program wrote is held against too.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from pipelines.disclosure.steps import Group

Raw = Mapping[str, Any]

NOT_PEOPLE = frozenset(
    {
        *("kind", "coders", "after", "new", "base", "run", "place", "each", "fewer_than", "row", "day", "number"),
        *("stage", "planned", "needed", "next_at", "maryland", "nesta", "declared_maryland", "declared_nesta"),
        *("version", "deviations", "after_look", "main_trial", "seed", "passages", "withheld_quotes", "df"),
        *("base_codes", "disagreements", "horizon", "go_when_green", "stop_when_red", "threshold"),
    }
)
"""Whole numbers in findings that are no people: numbers of looks, codes and rows, what was planned, levels."""
PLACES = ("covariate", "level", "code", "key", "field", "start", "title", "first", "second", "role", "element")
"""Fields that say which row of a table a record is; of a row that two fields name, the first decide."""
FIGURES = ("average", "spread")


@dataclass(frozen=True)
class Release:
    """One earlier release of a site, in the order in which they were made."""

    drop: str
    """Name of the newest drop it rests on."""
    drop_hash: str
    """Hash of the state of the deliveries."""
    plan: Raw
    """The part of the protocol that readers saw, as JSON."""
    findings: Mapping[str, Raw]
    """Its findings by id, as JSON."""
    may_stand: bool = True
    """Whether its figures may stand again: not those of a drop that was withdrawn."""


def counts(result: Raw) -> dict[str, int]:
    """Return every count of people in a result by its place, those of groups among them.

    Parameters
    ----------
    result : a finding's result as JSON; withheld counts are no part of what is returned.
    """
    return dict(_counts(result, ""))


def groups(result: Raw) -> dict[str, Group]:
    """Return every group with a number of people, the events among them and their average, by its place."""
    return dict(_groups(result, ""))


def group(record: Raw) -> Group:
    """Return what a record says of a group."""
    return Group(record.get("n"), record.get("events"), tuple(record.get(name) for name in FIGURES))


def _counts(value: Any, place: str) -> Iterator[tuple[str, int]]:
    for name, inner in _inside(value):
        if isinstance(inner, int) and not isinstance(inner, bool):
            yield f"{place}/{name}", inner
        else:
            yield from _counts(inner, f"{place}/{name}")


def _groups(value: Any, place: str) -> Iterator[tuple[str, Group]]:
    if isinstance(value, Mapping) and "n" in value and not isinstance(value["n"], Mapping):
        yield place, group(value)
    for name, inner in _inside(value):
        yield from _groups(inner, f"{place}/{name}")


def _inside(value: Any) -> Iterator[tuple[str, Any]]:
    """Yield what a value holds; rows of a table by what they are of, and not by their number."""
    if isinstance(value, Mapping):
        yield from ((name, inner) for name, inner in value.items() if name not in NOT_PEOPLE)
    elif isinstance(value, Sequence) and not isinstance(value, str):
        seen: dict[str, int] = {}
        for inner in value:
            name = _row(inner)
            seen[name] = seen.get(name, 0) + 1
            yield f"{name}#{seen[name]}", inner


def _row(value: Any) -> str:
    if not isinstance(value, Mapping):
        return ""
    named = [f"{name}={value[name]}" for name in PLACES if isinstance(value.get(name), str)]
    known = [one for one in named if not one.startswith("title=")]
    return "|".join(known or named)  # a title may be reworded, or say as at which drop a row stands
