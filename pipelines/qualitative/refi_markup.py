"""The REFI-QDA elements of a project, in the order its schema asks for. Files and zips belong in writer.py."""

from __future__ import annotations

import re
import uuid
from collections import defaultdict
from collections.abc import Iterable, Mapping
from datetime import UTC, datetime
from xml.etree import ElementTree

from pipelines.qualitative.models import Case, CaseSpan, Code, Coding, Document, Project

PROJECT_NAMESPACE = "urn:QDA-XML:project:1.0"
_NAMESPACE = uuid.UUID("6f0d1d3e-6a43-5b0c-9a5b-0c8f5c6a7d21")
_GUID = re.compile(r"\{?([0-9a-fA-F]{8}(?:-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12})\}?")
# XML 1.0 has no way to write these, not even as character references.
_NOT_XML = re.compile("[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
_ORDER = ("Users", "CodeBook", "Variables", "Cases", "Sources", "Notes", "Sets")
Element = ElementTree.Element


def guid(kind: str, identity: str) -> str:
    """Return an id as a lower-case GUID: its own if it is one, else one made from kind and id alone."""
    match = _GUID.fullmatch(identity)
    return match[1].lower() if match else str(uuid.uuid5(_NAMESPACE, f"{kind}:{identity}"))


def project_element(project: Project) -> Element:
    """Build the Project element, its parts in the schema's order."""
    root = Element(
        "Project",
        {"xmlns": PROJECT_NAMESPACE, "name": clean(project.name), "origin": clean(project.origin or "Pilotlens")},
    )
    if project.codes:
        ElementTree.SubElement(root, "CodeBook").append(codes_element(project.codes))
    parts = {"Users": _users(project), "Variables": _variables(project), "Cases": _cases(project)}
    parts |= {"Sources": _sources(project), "Notes": _notes(project), "Sets": _sets(project)}
    for tag, children in parts.items():
        if children:
            ElementTree.SubElement(root, tag).extend(children)
    root[:] = sorted(root, key=lambda part: _ORDER.index(part.tag))
    return root


def _users(project: Project) -> list[Element]:
    coders = sorted(project.coders, key=lambda coder: coder.id)
    return [Element("User", {"guid": guid("coder", coder.id), "name": clean(coder.name)}) for coder in coders]


def codes_element(codes: tuple[Code, ...]) -> Element:
    """Nest codes by path, in the given order; a path without a code of its own becomes a category."""
    root = Element("Codes")
    places: dict[tuple[str, ...], Element] = {(): root}
    for code in sorted(codes, key=lambda code: len(code.path)):
        element = _code(code)
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
    return _described(Element("Code", attributes), code.description)


def _variables(project: Project) -> list[Element]:
    described = [each.attributes for each in project.cases] + [each.attributes for each in project.documents]
    names = {name for attributes in described for name in attributes}
    return [
        Element("Variable", {"guid": guid("variable", name), "name": clean(name), "typeOfVariable": "Text"})
        for name in sorted(names)
    ]


def _values(attributes: Mapping[str, str]) -> Iterable[Element]:
    for name, text in sorted(attributes.items()):
        value = Element("VariableValue")
        ElementTree.SubElement(value, "VariableRef", {"targetGUID": guid("variable", name)})
        ElementTree.SubElement(value, "TextValue").text = clean(text)
        yield value


def _cases(project: Project) -> list[Element]:
    codes = {guid("code", code.id) for code in project.codes}
    return [_case(case, project, codes) for case in sorted(project.cases, key=lambda case: case.name)]


def _case(case: Case, project: Project, codes: set[str]) -> Element:
    identity = guid("case", case.id)
    # NVivo gives a case and its own code one GUID; ours must not be taken for such a pair.
    identity = guid("case", f"case {identity}") if identity in codes else identity
    element = Element("Case", {"guid": identity, "name": clean(case.name)})
    element.extend(_values(case.attributes))
    for document in sorted(project.documents, key=lambda each: each.id):
        if case.name in document.case_names:
            ElementTree.SubElement(element, "SourceRef", {"targetGUID": guid("document", document.id)})
    for span in _sorted_spans(project):
        if span.case_name == case.name:
            ElementTree.SubElement(element, "SelectionRef", {"targetGUID": _span_guid(span)})
    return element


def _sources(project: Project) -> list[Element]:
    codings: defaultdict[str, list[Coding]] = defaultdict(list)
    for coding in sorted(project.codings, key=lambda coding: (coding.start, coding.end, coding.id)):
        codings[coding.document_id].append(coding)
    documents = sorted(project.documents, key=lambda each: (each.name, each.id))
    return [_source(document, codings[document.id], _sorted_spans(project)) for document in documents]


def _source(document: Document, codings: list[Coding], spans: list[CaseSpan]) -> Element:
    identity = guid("document", document.id)
    attributes = {"guid": identity, "name": clean(document.name), "plainTextPath": f"internal://{identity}.txt"}
    source = Element("TextSource", attributes | _created(document.created))
    source.extend(_span_selection(span) for span in spans if span.document_id == document.id)
    source.extend(_selection(coding, document) for coding in codings if coding.checked != "whole-document")
    source.extend(_whole(coding) for coding in codings if coding.checked == "whole-document")
    source.extend(_values(document.attributes))
    return source


def _selection(coding: Coding, document: Document) -> Element:
    attributes = {
        "guid": guid("selection", f"selection {coding.id}"),
        "name": clean(document.text[coding.start : coding.end]),
        "startPosition": str(coding.start),
        "endPosition": str(coding.end),
    }
    selection = _described(Element("PlainTextSelection", attributes | _by(coding)), coding.memo)
    selection.append(_coding(coding))
    return selection


def _coding(coding: Coding) -> Element:
    element = Element("Coding", {"guid": guid("coding", coding.id)} | _by(coding))
    ElementTree.SubElement(element, "CodeRef", {"targetGUID": guid("code", coding.code_id)})
    return element


def _whole(coding: Coding) -> Element:
    """Build a coding of a whole source; it has no room for a description, so its memo is a note."""
    element = _coding(coding)
    if coding.memo:
        ElementTree.SubElement(element, "NoteRef", {"targetGUID": guid("note", f"note {coding.id}")})
    return element


def _notes(project: Project) -> list[Element]:
    notes = []
    for coding in sorted(project.codings, key=lambda coding: coding.id):
        if coding.checked == "whole-document" and coding.memo:
            note = Element("Note", {"guid": guid("note", f"note {coding.id}"), "name": "memo"})
            ElementTree.SubElement(note, "PlainTextContent").text = clean(coding.memo)
            notes.append(note)
    return notes


def _span_selection(span: CaseSpan) -> Element:
    positions = {"startPosition": str(span.start), "endPosition": str(span.end)}
    return Element("PlainTextSelection", {"guid": _span_guid(span)} | positions)


def _span_guid(span: CaseSpan) -> str:
    return guid("span", f"{span.document_id} {span.case_name} {span.start} {span.end}")


def _sorted_spans(project: Project) -> list[CaseSpan]:
    return sorted(project.case_spans, key=lambda span: (span.document_id, span.start, span.end, span.case_name))


def _sets(project: Project) -> list[Element]:
    sets = []
    for name in sorted({group for document in project.documents for group in document.groups}):
        members = sorted(guid("document", each.id) for each in project.documents if name in each.groups)
        element = Element("Set", {"guid": guid("set", name), "name": clean(name)})
        element.extend(Element("MemberSource", {"targetGUID": member}) for member in members)
        sets.append(element)
    return sets


def _described(element: Element, description: str) -> Element:
    if description:
        ElementTree.SubElement(element, "Description").text = clean(description)
    return element


def _by(coding: Coding) -> dict[str, str]:
    coder = {"creatingUser": guid("coder", coding.coder_id)} if coding.coder_id else {}
    return coder | _created(coding.created)


def _created(created: datetime | None) -> dict[str, str]:
    if created is None:
        return {}
    # xsd:dateTime has no offsets with seconds, and equal times should give equal bytes.
    return {"creationDateTime": (created.astimezone(UTC) if created.tzinfo else created).isoformat()}


def clean(text: str) -> str:
    """Return text that XML can hold: LF line breaks, a space for each control character."""
    return _NOT_XML.sub(" ", text.replace("\r\n", "\n").replace("\r", "\n"))
