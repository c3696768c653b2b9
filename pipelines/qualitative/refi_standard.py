"""Where a REFI-QDA project departs from its schema, as far as evaluators should know. Reported, never a gate."""

from __future__ import annotations

from xml.etree.ElementTree import Element

from pipelines.qualitative.refi_elements import Deviations, child, children
from pipelines.qualitative.refi_markup import PROJECT_NAMESPACE

_ORDER = (
    "Users",
    "CodeBook",
    "Variables",
    "Cases",
    "Sources",
    "Notes",
    "Links",
    "Sets",
    "Graphs",
    "Description",
    "NoteRef",
)
_NEVER_EMPTY = ("Users", "Variables", "Cases", "Sources", "Notes", "Links", "Sets", "Graphs")
_NOT_READ = ("Links", "Graphs")


def note_departures(root: Element, namespace: str, deviations: Deviations) -> None:
    """Add a sentence for each departure found in a Project element."""
    if namespace != PROJECT_NAMESPACE:
        deviations.add(f"its XML namespace is not {PROJECT_NAMESPACE}")
    parts = [part.tag for part in root]
    if parts != sorted(parts, key=_rank):
        deviations.add("its parts are not in the standard's order")
    for part in root:
        if part.tag in _NEVER_EMPTY and len(part) == 0:
            deviations.add(f"its list {part.tag} is empty, which the standard forbids")
        elif part.tag in _NOT_READ:
            deviations.add(f"{part.tag} are not read")
    if any(any(children(each, "MemberCode", "MemberNote")) for each in children(child(root, "Sets"), "Set")):
        deviations.add("sets of codes and of notes are not read")


def _rank(part: str) -> int:
    return _ORDER.index(part) if part in _ORDER else len(_ORDER)
