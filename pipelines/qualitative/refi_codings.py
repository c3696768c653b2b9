"""Resolve a project's codings: to codes, coders and cases, or into quarantine with a reason."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from itertools import repeat
from xml.etree.ElementTree import Element

from pipelines.qualitative.models import Case, CaseSpan, Code, Coder, Coding, QuarantinedCoding
from pipelines.qualitative.places import Placed, Refused
from pipelines.qualitative.refi_elements import (
    Deviations,
    child,
    children,
    guid_of,
    moment_of,
    targets,
    text_of,
    tidied,
)
from pipelines.qualitative.refi_lists import case_id
from pipelines.qualitative.refi_sources import Marked, ReadSource, Run

_NOBODY = frozenset({""})


@dataclass
class Assembly:
    """What the codings are resolved against, and what they fill."""

    codes: dict[str, Code]
    coders: dict[str, Coder]
    cases: dict[str, Case]
    memos: Mapping[str, str]
    codings: list[Coding] = field(default_factory=list)
    quarantined: list[QuarantinedCoding] = field(default_factory=list)
    case_spans: set[CaseSpan] = field(default_factory=set)
    members: defaultdict[str, set[str]] = field(default_factory=lambda: defaultdict(set))
    ids: dict[str, int] = field(default_factory=dict)
    used_notes: set[str] = field(default_factory=set)


def refer_cases(root: Element, known: Mapping[str, ReadSource], assembly: Assembly, deviations: Deviations) -> None:
    """Take over what cases say about sources and selections."""
    sources = {source.id: source for source in known.values()}.values()
    cases = child(root, "Cases")
    asked = cases is not None and any(True for _ in cases.iter("SelectionRef"))
    places = {guid: (each, place) for each in sources for guid, place in each.places().items()} if asked else {}
    for number, element in enumerate(children(cases, "Case"), start=1):
        name = assembly.cases[case_id(element, number)].name
        for target in targets(element, "SourceRef"):
            if target in known:
                assembly.members[known[target].id].add(name)
            else:
                deviations.add("a case refers to a source that is not in the file")
        for target in targets(element, "SelectionRef"):
            if target in places:
                _belongs(*places[target], name, assembly)
            else:
                deviations.add("a case refers to a passage that is not in the file or could not be placed")


def _belongs(source: ReadSource, place: Placed, case_name: str, assembly: Assembly) -> None:
    """Record that a passage, or a whole document, belongs to a case."""
    assembly.members[source.id].add(case_name)
    whole = place.start <= source.ink[0] and place.end >= source.ink[1]
    if place.start < place.end and not whole:
        assembly.case_spans.add(CaseSpan(source.id, case_name, place.start, place.end))


def take(source: ReadSource, assembly: Assembly) -> None:
    """Turn the Coding elements of a source into codings, case membership or quarantine."""
    for marked in source.marked:
        if isinstance(marked, Marked):
            _take_one(source, marked, assembly)
        elif not _take_run(source, marked, assembly):
            for each in source.one_by_one(marked):
                _take_one(source, each, assembly)


def _take_run(source: ReadSource, run: Run, assembly: Assembly) -> bool:
    """Take the Codings of plain selections over together; False, and nothing done, if one of them is odd."""
    part, text, said, found = slice(*run), source.text or "", source.rows.said, source.found
    ids, codes, coders = said.ids[part], said.codes[part], said.coders[part]
    if not _ordinary(ids, codes, coders, assembly):
        return False
    try:
        created = list(map(datetime.fromisoformat, said.created[part]))
    except ValueError:
        return False
    starts, ends = found.starts[part], found.ends[part]
    quotes = [text[start:end] for start, end in zip(starts, ends, strict=True)]
    columns = (ids, repeat(source.id), codes, coders, starts, ends, quotes, created, found.checks[part])
    assembly.codings.extend(map(Coding, *columns))
    assembly.ids.update(dict.fromkeys(ids, 1))
    return True


def _ordinary(ids: Sequence[str], codes: Sequence[str], coders: Sequence[str], assembly: Assembly) -> bool:
    """Whether ids are new, and every code and coder is in the file and no code a case."""
    fresh, used, known = set(ids), set(codes), assembly.coders.keys()
    return (
        len(fresh) == len(ids)
        and "" not in fresh
        and assembly.ids.keys().isdisjoint(fresh)
        and used <= assembly.codes.keys()
        and assembly.cases.keys().isdisjoint(used)
        and set(coders) - known <= _NOBODY
    )


def _take_one(source: ReadSource, marked: Marked, assembly: Assembly) -> None:
    cases, ids, text = assembly.cases, assembly.ids, source.text or ""
    element, selection, place, delivered = marked
    coder = tidied(element.get("creatingUser", ""))
    if not coder and selection is not None:
        coder = tidied(selection.get("creatingUser", ""))
    for code in _codes_of(element):
        identity = guid_of(element) or "coding"
        if identity in ids:
            identity = _unique(identity, ids)
        ids[identity] = 1
        reason = place.reason if isinstance(place, Refused) else _dangling(code, coder, assembly)
        if isinstance(place, Refused) or reason:
            assembly.quarantined.append(QuarantinedCoding(identity, source.id, code, coder, *delivered, reason=reason))
            continue
        if code in cases:
            _belongs(source, place, cases[code].name, assembly)
            continue
        start, end, checked = place
        quote = "" if checked == "whole-document" else text[start:end]
        created = moment_of(element) or (None if selection is None else moment_of(selection))
        memo = _memo(marked, assembly)
        assembly.codings.append(Coding(identity, source.id, code, coder, start, end, quote, created, checked, memo))


def _codes_of(coding: Element) -> Sequence[str]:
    """Return the GUIDs of a Coding's codes: nearly always one, and nothing else; one empty one where it has none."""
    if len(coding) == 1 and coding[0].tag == "CodeRef":
        return (tidied(coding[0].get("targetGUID", "")),)
    return targets(coding, "CodeRef") or ("",)


def _dangling(code: str, coder: str, assembly: Assembly) -> str:
    """Return why a coding cannot be resolved; empty if it can."""
    if code not in assembly.codes and code not in assembly.cases:
        return "it refers to a code that is not in the file"
    return "it refers to a coder who is not in the file" if coder and coder not in assembly.coders else ""


def _memo(marked: Marked, assembly: Assembly) -> str:
    """Join the description of a selection and the notes on it and on the coding."""
    parts = [] if marked.selection is None else words_of(marked.selection, assembly)
    # A Coding nearly always holds its CodeRef alone.
    return "\n\n".join(parts + words_of(marked.coding, assembly) if len(marked.coding) > 1 else parts)


def words_of(holder: Element, assembly: Assembly) -> list[str]:
    """Return the description of an element and the notes on it."""
    notes = targets(holder, "NoteRef")
    assembly.used_notes.update(notes)
    parts = [text_of(holder, "Description"), *(assembly.memos.get(target, "") for target in notes)]
    return [part for part in parts if part]


def _unique(identity: str, taken: dict[str, int]) -> str:
    """Number an id that a coding has already: some tools repeat GUIDs, or leave them out."""
    number = taken[identity] + 1
    while f"{identity}#{number}" in taken:
        number += 1
    taken[identity] = number
    return f"{identity}#{number}"
