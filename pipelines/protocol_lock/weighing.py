"""Whether a change of the protocol may touch an estimate, or what is concluded from it; and what it is about.

Every key may, but those that are listed here: a key that is new to the protocol is in doubt no small matter.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Literal

from pipelines.protocol import Protocol
from pipelines.protocol_lock.changes import ABSENT, Difference, Path, dotted, said

Group = Literal["outcomes", "design", "population", "intervention", "thresholds", "questions", "data", "description"]

GROUPS: dict[Group, str] = {
    "outcomes": "Outcomes",
    "design": "Design",
    "population": "People and places",
    "intervention": "What is tried",
    "thresholds": "Thresholds and limits",
    "questions": "Questions and interviews",
    "data": "Data",
    "description": "Description",
}
"""What a change is about, in the order in which it is told."""

ABOUT: dict[str, Group] = {
    **dict.fromkeys(("outcomes", "covariates", "adjust_for", "take_up", "multiplicity"), "outcomes"),
    **dict.fromkeys(
        ("arms", "design", "doubts", "looks", "seed", "confidence_level", "planning", "sealed_until_locked"), "design"
    ),
    **dict.fromkeys(("population", "sites", "dates"), "population"),
    **dict.fromkeys(("intervention", "theory_of_change", "concept", "learning"), "intervention"),
    **dict.fromkeys(("limits", "progression", "disclosure"), "thresholds"),
    **dict.fromkeys(("question", "questions", "codebook", "agreement", "frames", "cannot_say"), "questions"),
    "extracts": "data",
}

MINOR: tuple[str, ...] = (
    *(
        "title",
        "contact",
        "continues",
        "sealed_until_locked",
        "concept.**",
        "learning.**",
        "planning.**",
        "sources",
        "theory_of_change",
    ),
    *("sites.*.title", "sites.*.context.**", "arms.*.title", "outcomes.*.title", "covariates.*.title"),
    *("outcomes.*.labels.**", "covariates.*.labels.**", "covariates.*.unit", "take_up.title"),
    *(f"intervention.{part}" for part in ("name", "why", "materials", "procedures", "who", "how", "where")),
    *(f"intervention.{part}" for part in ("when_and_how_much", "tailoring", "modifications", "how_well_planned")),
    *("intervention.how_well_delivered", "intervention.components.*.title", "extracts.*.header_row"),
    *(
        "extracts.*.delimiter",
        "extracts.*.quote",
        "extracts.*.encoding",
        "extracts.*.identifiers.**",
        "extracts.*.ignore",
    ),
)
"""Keys that cannot touch an estimate: words for readers, what is charted or planned beside it, and where a file keeps
what it holds. `*` is any one key, `**` any keys or none."""

WHERE = ("file", "sheet", "table")
"""Parts of an extract that say where its rows are."""

StillThere = Callable[[str, str, object], bool]
"""Tells of an extract, a part of `WHERE` and what it was, whether the newest drop still holds it: then the rows of
another place were chosen; where it does not, the provider gave the place a new name."""
Renamed = Callable[[str, str], bool]
"""Tells of an extract and a column's old name whether the newest file lacks it: it was then renamed, not exchanged."""


@dataclass(frozen=True)
class Change:
    """One key of a protocol that says something else than before."""

    key: str
    """Key path, as `outcomes.arrested.horizon`."""
    old: str
    """What it said, in words."""
    new: str
    """What it says, in words."""
    material: bool
    """Whether that may touch an estimate, or what is concluded from it."""
    group: Group
    """What it is about."""

    @property
    def words(self) -> str:
        """The change as a sentence."""
        if self.old == "nothing":
            return f"{self.key}: new, {self.new}."
        if self.new == "nothing":
            return f"{self.key}: taken out; it was {self.old}."
        return f"{self.key}: {self.new}; it was {self.old}."


def never_renamed(extract: str, column: str) -> bool:
    """Say of every column that nobody knows whether it was renamed."""
    return False


def not_there(extract: str, part: str, old: object) -> bool:
    """Say of every place that the drops of this pilot never had it: it was another pilot's."""
    return False


def weighed(
    difference: Difference,
    protocol: Protocol,
    renamed: Renamed = never_renamed,
    still_there: StillThere = not_there,
) -> Change:
    """Return a difference in words, with its weight."""
    path, old, new = difference
    if path[0] == "extracts" and len(path) == 3 and path[2] in WHERE:
        material = still_there(path[1], path[2], old)
    else:
        material = _material(difference, protocol, renamed)
    return Change(dotted(path), said(old), said(new), material, group_of(path))


def group_of(path: Path) -> Group:
    """Return what a key is about."""
    return ABOUT.get(path[0], "description")


def _material(difference: Difference, protocol: Protocol, renamed: Renamed) -> bool:
    path, old, new = difference
    if any(_fits(path, tuple(pattern.split("."))) for pattern in MINOR):
        return False
    if path == ("disclosure", "minimum_count"):
        return not _stricter(old, new)
    if path[0] == "extracts" and path[2:3] == ("columns",) and path[4:] == ("column",):
        return _exchanged(path, old, protocol, renamed)
    return True


def _fits(path: Path, pattern: Path) -> bool:
    if pattern[-1:] == ("**",):
        front = pattern[:-1]
        return len(path) >= len(front) and _fits(path[: len(front)], front)
    return len(path) == len(pattern) and all(p in ("*", key) for p, key in zip(pattern, path, strict=True))


def _stricter(old: Any, new: Any) -> bool:
    return isinstance(new, int) and (not isinstance(old, int) or new > old)


def _exchanged(path: Path, old: Any, protocol: Protocol, renamed: Renamed) -> bool:
    """Tell whether a field that estimates rest on may have been given to another column than before.

    Where the file still has the old column, another one was chosen; where it has not, the provider gave it a new name.
    """
    field = path[3]
    return old is ABSENT or (field in fields_of_estimates(protocol) and not renamed(path[1], str(old)))


def fields_of_estimates(protocol: Protocol) -> frozenset[str]:
    """Return the fields of extracts that an estimate may rest on; only those that are for reading are left out."""
    named = {field for outcome in protocol.outcomes.values() for field in _of_outcome(outcome)}
    design = protocol.design.model_dump(exclude={"kind"}) if protocol.design else {}
    named |= {one for value in design.values() for one in _texts(value)} | set(protocol.covariates)
    named |= {protocol.take_up.field} if protocol.take_up else set()
    return frozenset({*named, *ALWAYS})


ALWAYS = ("arm", "person", "site", "period", "period_date", "event_date", "decided_date", "kind", "start_date",
          "referral_date", "withdrawn_on", "may_link")  # fmt: skip
"""Fields of the common model that decide who counts, and when."""


def _of_outcome(outcome: Any) -> tuple[str, ...]:
    parts = (getattr(outcome, part) for part in ("value", "time", "event", "exposure", "competing", "baseline"))
    return tuple(part for part in parts if part)


def _texts(value: Any) -> tuple[str, ...]:
    if isinstance(value, str):
        return (value,)
    return tuple(value) if isinstance(value, list | tuple) else ()
