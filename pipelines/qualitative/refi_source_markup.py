"""The sources of a REFI-QDA project as elements, in the order its schema asks for: texts, and what texts stand for."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from types import MappingProxyType
from xml.etree import ElementTree

from pipelines.qualitative.models import CaseSpan, Coding, Document, Medium, MediumKind, Memo, Project
from pipelines.qualitative.refi_parts import (
    Element,
    Source,
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

_SOURCES: Mapping[MediumKind, tuple[str, str]] = {
    "text": ("TextSource", ""),
    "picture": ("PictureSource", "TextDescription"),
    "pdf": ("PDFSource", "Representation"),
    "audio": ("AudioSource", "Transcript"),
    "video": ("VideoSource", "Transcript"),
}


@dataclass
class _Belongings:
    """What a document's element holds."""

    spans: list[CaseSpan] = field(default_factory=list)
    annotations: list[Memo] = field(default_factory=list)
    codings: list[Coding] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)


def sources(project: Project) -> list[Element]:
    """Build the elements of documents and media."""
    held: defaultdict[str, _Belongings] = defaultdict(_Belongings)
    for span in sorted_spans(project):
        held[span.document_id].spans.append(span)
    for coding in sorted(project.codings, key=lambda coding: (coding.start, coding.end, coding.id)):
        held[coding.document_id].codings.append(coding)
    for memo in sorted(project.memos, key=lambda memo: memo.id):
        for thing in memo.about:
            if memo.start is None:
                held[thing].notes.append(memo.id)
            else:
                held[thing].annotations.append(memo)
    return [_source(each, held[each.id]) for each in sources_of(project)]


def _source(source: Source, held: _Belongings) -> Element:
    return _document(source, held) if isinstance(source, Document) else _medium(source, held)


def _document(document: Document, held: _Belongings) -> Element:
    kind, carried = _SOURCES[document.medium]
    path = {"plainTextPath": f"internal://{guid('document', document.id)}.txt"}
    source = _begun(kind, document, {} if carried else path)
    carrier = source
    if carried:
        carrier = ElementTree.SubElement(source, carried, {"guid": guid("carrier", document.id)} | path)
    selections = [*_selections(document, held)]
    if carried == "Transcript":
        selections = _transcribed(document, selections)
    carrier.extend(selections)
    source.extend(_whole(coding) for coding in held.codings if coding.checked == "whole-document")
    return _ended(source, document, held.notes)


def _medium(medium: Medium, held: _Belongings) -> Element:
    return _ended(_begun(_SOURCES[medium.kind][0], medium, {}), medium, held.notes)


def _begun(tag: str, source: Source, more: Mapping[str, str]) -> Element:
    attributes = {"guid": guid("document", source.id), "name": clean(source.name)} | dict(more)
    return described(Element(tag, attributes | created_at(source.created)), source.description)


def _ended(element: Element, source: Source, notes: Sequence[str]) -> Element:
    element.extend(note_reference(each) for each in notes)
    element.extend(values(source.attributes))
    return element


def _selections(document: Document, held: _Belongings) -> Iterable[Element]:
    for span in held.spans:
        yield _selection(span_guid(span), span.start, span.end)
    for memo in held.annotations:
        element = _selection(guid("note", memo.id), memo.start or 0, memo.end or 0)
        element.attrib |= by(memo)
        yield described(element, memo.text)
    for coding in held.codings:
        if coding.checked != "whole-document":
            name = {"name": clean(document.text[coding.start : coding.end])}
            element = _selection(guid("selection", f"selection {coding.id}"), coding.start, coding.end, name)
            element.attrib |= by(coding)
            described(element, coding.memo).append(_coding(coding))
            yield element


def _selection(identity: str, start: int, end: int, name: Mapping[str, str] = MappingProxyType({})) -> Element:
    positions = {"startPosition": str(start), "endPosition": str(end)}
    return Element("PlainTextSelection", {"guid": identity} | dict(name) | positions)


def _transcribed(document: Document, selections: Sequence[Element]) -> list[Element]:
    """Give selections their ends as points of a recording, as transcripts have them."""
    points: dict[str, Element] = {}
    for selection in selections:
        selection.tag = "TranscriptSelection"
        for side, name in (("startPosition", "fromSyncPoint"), ("endPosition", "toSyncPoint")):
            position = selection.attrib.pop(side)
            identity = guid("point", f"{document.id} {position}")
            points[position] = Element("SyncPoint", {"guid": identity, "position": position})
            selection.set(name, identity)
    return [points[each] for each in sorted(points, key=int)] + list(selections)


def _coding(coding: Coding) -> Element:
    element = Element("Coding", {"guid": guid("coding", coding.id)} | by(coding))
    ElementTree.SubElement(element, "CodeRef", {"targetGUID": guid("code", coding.code_id)})
    return element


def _whole(coding: Coding) -> Element:
    """Build a coding of a whole source; it has no room for a description, so its memo is a note."""
    element = _coding(coding)
    if coding.memo:
        element.append(note_reference(f"note {coding.id}"))
    return element
