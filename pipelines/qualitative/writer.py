"""Write a project as REFI-QDA: .qdpx (project) and .qdc (codebook), to the letter of the standard's schemas.

The same project gives the same bytes. Reading foreign files does not belong here.
"""

from __future__ import annotations

import io
import zipfile
from collections.abc import Mapping, Sequence
from pathlib import Path
from xml.etree import ElementTree

from pipelines.qualitative.models import Code, Document, Project
from pipelines.qualitative.refi_markup import codes_element, project_element
from pipelines.qualitative.refi_parts import clean, guid

CODEBOOK_NAMESPACE = "urn:QDA-XML:codebook:1.0"


def write_project(project: Project, path: Path) -> None:
    """Write a project as a .qdpx file valid against the standard's Project.xsd.

    Texts go to ``sources/`` as UTF-8 with LF; positions are code points, end exclusive; each coding has its own
    selection, named by its quote. Attribute values are written as text. Quarantined codings are not written. Names and
    quotes cannot hold control characters in XML: a space stands for each.

    Parameters
    ----------
    project
        With unique ids; an id that is not a GUID gets one that depends on it alone.
    path
        The file to write; overwritten.

    Raises
    ------
    ValueError
        A coding names an unknown document, code or coder, lies outside its text, or its quote is not the text there.

    References
    ----------
    Rotterdam Exchange Format Initiative, REFI-QDA Standard 1.5 (2019), https://www.qdasoftware.org
    """
    _refuse_broken_references(project)
    entries = {"project.qde": _xml(project_element(project))}
    for document in sorted(project.documents, key=lambda each: each.id):
        entries[f"sources/{guid('document', document.id)}.txt"] = _plain_text(document)
    path.write_bytes(_zip(entries))


def write_codebook(codes: Sequence[Code] | Project, path: Path | None = None, *, origin: str = "Pilotlens") -> bytes:
    """Return codes as a .qdc file valid against the standard's Codebook.xsd, and write it if a path is given.

    Parameters
    ----------
    codes
        With unique ids, or a project whose codes are meant. A path without a code of its own becomes a category; a
        .qdc has no place for notes.
    path
        The file to write; overwritten.
    origin
        What the file says it comes from; a project's own origin is used where it has one.

    Raises
    ------
    ValueError
        There is no code: the standard has no empty codebook.
    """
    if isinstance(codes, Project):
        origin = codes.origin or origin
        codes = codes.codes
    if not codes:
        raise ValueError("there is no code, and a REFI-QDA codebook needs at least one")
    root = ElementTree.Element("CodeBook", {"xmlns": CODEBOOK_NAMESPACE, "origin": clean(origin)})
    root.append(codes_element(codes))
    content = _xml(root)
    if path is not None:
        path.write_bytes(content)
    return content


def _plain_text(document: Document) -> bytes:
    # A reader drops one leading byte order mark; a text that begins with that character needs a second.
    mark = "\ufeff" if document.text.startswith("\ufeff") else ""
    return (mark + document.text).encode("utf-8")


def _xml(root: ElementTree.Element) -> bytes:
    ElementTree.indent(root)
    return b'<?xml version="1.0" encoding="utf-8"?>\n' + ElementTree.tostring(root, encoding="utf-8") + b"\n"


def _zip(entries: Mapping[str, bytes]) -> bytes:
    """Zip entries in the given order with the format's earliest timestamp, so that equal content has equal bytes."""
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in entries.items():
            info = zipfile.ZipInfo(name, date_time=(1980, 1, 1, 0, 0, 0))
            info.compress_type, info.create_system, info.external_attr = zipfile.ZIP_DEFLATED, 3, 0o644 << 16
            archive.writestr(info, content)
    return buffer.getvalue()


def _refuse_broken_references(project: Project) -> None:
    documents = {document.id: document for document in project.documents}
    known = {*documents, *(code.id for code in project.codes), *(medium.id for medium in project.media)}
    for memo in project.memos:
        if not known.issuperset(memo.about):
            raise ValueError(f"memo {memo.id} is about something that the project does not have")
        if memo.start is not None and (len(memo.about) != 1 or memo.about[0] not in documents):
            raise ValueError(f"memo {memo.id} has a place, but is not about one document")
    codes, coders = {code.id for code in project.codes}, {coder.id for coder in project.coders} | {""}
    for coding in project.codings:
        document = documents.get(coding.document_id)
        if document is None or coding.code_id not in codes or coding.coder_id not in coders:
            raise ValueError(f"coding {coding.id} names a document, code or coder that the project does not have")
        if not 0 <= coding.start <= coding.end <= len(document.text):
            raise ValueError(f"coding {coding.id} lies outside its document")
        if coding.quote and coding.quote != document.text[coding.start : coding.end]:
            raise ValueError(f"coding {coding.id} quotes words that are not at its place")
