"""The REFI-QDA elements of a project, in the order its schema asks for. Files and zips belong in writer.py."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Mapping, Sequence
from types import MappingProxyType
from xml.etree import ElementTree

from pipelines.qualitative.models import Case, Code, Memo, Project
from pipelines.qualitative.refi_parts import (
    Element,
    by,
    clean,
    created_at,
    described,
    guid,
    note_reference,
    sorted_spans,
    sources_of,
    span_guid,
    values,
)
from pipelines.qualitative.refi_source_markup import sources

PROJECT_NAMESPACE = "urn:QDA-XML:project:1.0"
_COLOUR = re.compile("#[0-9a-fA-F]{6}")
_ORDER = ("Users", "CodeBook", "Variables", "Cases", "Sources", "Notes", "Sets")


def project_element(project: Project) -> Element:
    """Build the Project element, its parts in the schema's order."""
    root = Element(
        "Project",
        {"xmlns": PROJECT_NAMESPACE, "name": clean(project.name), "origin": clean(project.origin or "Pilotlens")},
    )
    if project.codes:
        ElementTree.SubElement(root, "CodeBook").append(codes_element(project.codes, _notes_by_thing(project)))
    parts = {"Users": _users(project), "Variables": _variables(project), "Cases": _cases(project)}
    parts |= {"Sources": sources(project), "Notes": _notes(project), "Sets": _sets(project)}
    for tag, children in parts.items():
        if children:
            ElementTree.SubElement(root, tag).extend(children)
    root[:] = sorted(root, key=lambda part: _ORDER.index(part.tag))
    root.attrib |= created_at(project.created)
    described(root, project.description)
    root.extend(note_reference(memo.id) for memo in _sorted_memos(project) if not memo.about)
    return root


def _users(project: Project) -> list[Element]:
    coders = sorted(project.coders, key=lambda coder: coder.id)
    return [Element("User", {"guid": guid("coder", coder.id), "name": clean(coder.name)}) for coder in coders]


def codes_element(codes: Sequence[Code], notes: Mapping[str, Sequence[str]] = MappingProxyType({})) -> Element:
    """Nest codes by path, in the given order; a path without a code of its own becomes a category.

    `notes` are ids of memos by the id of the code that they are about.
    """
    root = Element("Codes")
    places: dict[tuple[str, ...], Element] = {(): root}
    for code in sorted(codes, key=lambda code: len(code.path)):
        element = _code(code)
        element.extend(note_reference(each) for each in notes.get(code.id, ()))
        _category(places, code.path[:-1]).append(element)
        places.setdefault(code.path, element)
    return root


def _category(places: dict[tuple[str, ...], Element], path: tuple[str, ...]) -> Element:
    if path not in places:
        name = path[-1]
        places[path] = _code(Code(id="/".join(path), name=name, path=path, codable=False))
        _category(places, path[:-1]).append(places[path])
    return places[path]


def _code(code: Code) -> Element:
    attributes = {"guid": guid("code", code.id), "name": clean(code.name), "isCodable": str(code.codable).lower()}
    if _COLOUR.fullmatch(code.colour):
        attributes["color"] = code.colour
    return described(Element("Code", attributes), code.description)


def _variables(project: Project) -> list[Element]:
    holders = [*project.cases, *sources_of(project)]
    names = {name for each in holders for name in each.attributes}
    return [
        Element("Variable", {"guid": guid("variable", name), "name": clean(name), "typeOfVariable": "Text"})
        for name in sorted(names)
    ]


def _cases(project: Project) -> list[Element]:
    codes = {guid("code", code.id) for code in project.codes}
    return [_case(case, project, codes) for case in sorted(project.cases, key=lambda case: case.name)]


def _case(case: Case, project: Project, codes: set[str]) -> Element:
    identity = guid("case", case.id)
    # NVivo gives a case and its own code one GUID; ours must not be taken for such a pair.
    identity = guid("case", f"case {identity}") if identity in codes else identity
    element = Element("Case", {"guid": identity, "name": clean(case.name)})
    described(element, case.description)
    element.extend(values(case.attributes))
    for document in sorted(sources_of(project), key=lambda each: each.id):
        if case.name in document.case_names:
            ElementTree.SubElement(element, "SourceRef", {"targetGUID": guid("document", document.id)})
    for span in sorted_spans(project):
        if span.case_name == case.name:
            ElementTree.SubElement(element, "SelectionRef", {"targetGUID": span_guid(span)})
    return element


def _notes(project: Project) -> list[Element]:
    notes = []
    for coding in sorted(project.codings, key=lambda coding: coding.id):
        if coding.checked == "whole-document" and coding.memo:
            note = Element("Note", {"guid": guid("note", f"note {coding.id}"), "name": "memo"})
            ElementTree.SubElement(note, "PlainTextContent").text = clean(coding.memo)
            notes.append(note)
    for memo in _sorted_memos(project):
        note = Element("Note", {"guid": guid("note", memo.id), "name": clean(memo.title)} | by(memo))
        ElementTree.SubElement(note, "PlainTextContent").text = clean(memo.text)
        notes.append(note)
    return notes


def _sorted_memos(project: Project) -> list[Memo]:
    """Return the memos that are notes; those with a place are annotations of their document."""
    return sorted((memo for memo in project.memos if memo.start is None), key=lambda memo: memo.id)


def _notes_by_thing(project: Project) -> Mapping[str, list[str]]:
    notes: defaultdict[str, list[str]] = defaultdict(list)
    for memo in _sorted_memos(project):
        for thing in memo.about:
            notes[thing].append(memo.id)
    return notes


def _sets(project: Project) -> list[Element]:
    held = sources_of(project)
    sets = []
    for name in sorted({group for each in held for group in each.groups}):
        members = sorted(guid("document", each.id) for each in held if name in each.groups)
        element = Element("Set", {"guid": guid("set", name), "name": clean(name)})
        element.extend(Element("MemberSource", {"targetGUID": member}) for member in members)
        sets.append(element)
    return sets
