"""Pieces that all elements of a REFI-QDA project are made of: GUIDs, references, descriptions, dates, clean text."""

from __future__ import annotations

import re
import uuid
from collections.abc import Iterable, Mapping
from datetime import UTC, datetime
from xml.etree import ElementTree

from pipelines.qualitative.models import CaseSpan, Coding, Document, Medium, Memo, Project

_NAMESPACE = uuid.UUID("6f0d1d3e-6a43-5b0c-9a5b-0c8f5c6a7d21")
_GUID = re.compile(r"\{?([0-9a-fA-F]{8}(?:-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12})\}?")
# XML 1.0 has no way to write these, not even as character references.
_NOT_XML = re.compile("[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
Element = ElementTree.Element
Source = Document | Medium


def guid(kind: str, identity: str) -> str:
    """Return an id as a lower-case GUID: its own if it is one, else one made from kind and id alone."""
    match = _GUID.fullmatch(identity)
    return match[1].lower() if match else str(uuid.uuid5(_NAMESPACE, f"{kind}:{identity}"))


def values(attributes: Mapping[str, str]) -> Iterable[Element]:
    """Build the values of variables, as text."""
    for name, text in sorted(attributes.items()):
        value = Element("VariableValue")
        ElementTree.SubElement(value, "VariableRef", {"targetGUID": guid("variable", name)})
        ElementTree.SubElement(value, "TextValue").text = clean(text)
        yield value


def note_reference(memo_id: str) -> Element:
    """Build a reference to a memo's note."""
    return Element("NoteRef", {"targetGUID": guid("note", memo_id)})


def span_guid(span: CaseSpan) -> str:
    """Return the GUID of the selection that a case's span becomes."""
    return guid("span", f"{span.document_id} {span.case_name} {span.start} {span.end}")


def sources_of(project: Project) -> list[Source]:
    """Return documents, then media, each in the order of their names."""
    return [source for kind in (project.documents, project.media) for source in sorted(kind, key=_by_name)]


def _by_name(source: Source) -> tuple[str, str]:
    return source.name, source.id


def sorted_spans(project: Project) -> list[CaseSpan]:
    """Return the spans of cases in an order that depends on them alone."""
    return sorted(project.case_spans, key=lambda span: (span.document_id, span.start, span.end, span.case_name))


def described(element: Element, description: str) -> Element:
    """Append a description, if there is one."""
    if description:
        ElementTree.SubElement(element, "Description").text = clean(description)
    return element


def by(item: Coding | Memo) -> dict[str, str]:
    """Return the attributes that say who made something, and when."""
    coder = {"creatingUser": guid("coder", item.coder_id)} if item.coder_id else {}
    return coder | created_at(item.created)


def created_at(created: datetime | None) -> dict[str, str]:
    """Return the attribute that says when something was made, if that is known."""
    if created is None:
        return {}
    # xsd:dateTime has no offsets with seconds, and equal times should give equal bytes.
    return {"creationDateTime": (created.astimezone(UTC) if created.tzinfo else created).isoformat()}


def clean(text: str) -> str:
    """Return text that XML can hold: LF line breaks, a space for each control character."""
    return _NOT_XML.sub(" ", text.replace("\r\n", "\n").replace("\r", "\n"))
