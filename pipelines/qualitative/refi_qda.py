"""Read a REFI-QDA project (.qdpx) of any tool into the tool-neutral model.

Being valid by the schema is a reported fact, not a gate: parts are found by local name in any order, what cannot be
trusted is quarantined coding by coding, and what is not read is said. Messages never hold participants' words.
"""

from __future__ import annotations

import gc
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from xml.etree.ElementTree import Element

from pipelines.qualitative.models import Document, Medium, NotReadable, Project
from pipelines.qualitative.refi_archive import Texts, named, project_entry
from pipelines.qualitative.refi_codings import Assembly, refer_cases, take
from pipelines.qualitative.refi_elements import (
    Deviations,
    attributes_of,
    child,
    children,
    guid_of,
    moment_of,
    parse,
    text_of,
)
from pipelines.qualitative.refi_lists import read_cases, read_coders, read_codes, read_groups, read_variables
from pipelines.qualitative.refi_memos import memo_texts, read_memos
from pipelines.qualitative.refi_sources import KINDS, ReadSource, read_sources
from pipelines.qualitative.refi_standard import note_departures
from pipelines.qualitative.safe_zip import SafeZip


def read_project(path_or_bytes: Path | bytes, *, name: str) -> Project:
    """Read a .qdpx file.

    Parameters
    ----------
    path_or_bytes
        The file, or its content.
    name
        What messages call the file; only its last component is used.

    Returns
    -------
    Project
        Positions are code points over canonical text. Codings whose place or references are doubtful are in
        ``quarantined``; NVivo's case codes have become cases; departures from the standard and parts that were not read
        are in ``deviations``.

    Raises
    ------
    UnreadableProject
        In plain words: the file's name, and the place where known.

    References
    ----------
    Rotterdam Exchange Format Initiative, REFI-QDA Standard 1.5 (2019), https://www.qdasoftware.org
    """
    with named(name) as label, SafeZip(path_or_bytes) as archive, _collector_at_rest():
        return _read(archive, Path(label).stem)


@contextmanager
def _collector_at_rest() -> Iterator[None]:
    """Keep the garbage collector from going through a million new objects again and again: none of them is garbage."""
    running = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if running:
            gc.enable()


def _read(archive: SafeZip, fallback_name: str) -> Project:
    deviations = Deviations()
    root, namespace = parse(archive.read(project_entry(archive.names, deviations)), deviations)
    if root.tag != "Project":
        raise NotReadable("its XML does not hold a REFI-QDA project")
    note_departures(root, namespace, deviations)
    texts = Texts(archive, deviations)
    sources = read_sources(list(children(child(root, "Sources"), *KINDS)), texts.open, deviations)
    variables = read_variables(root)
    assembly = _assemble(root, sources, texts, variables, deviations)
    documents = tuple(_documents(root, sources, assembly, variables, deviations))
    return Project(
        name=root.get("name") or fallback_name,
        origin=root.get("origin", ""),
        coders=tuple(assembly.coders.values()),
        codes=tuple(assembly.codes.values()),
        cases=tuple(assembly.cases.values()),
        documents=tuple(each for each in documents if isinstance(each, Document)),
        codings=tuple(assembly.codings),
        case_spans=tuple(sorted(assembly.case_spans, key=lambda s: (s.document_id, s.start, s.end, s.case_name))),
        quarantined=tuple(assembly.quarantined),
        memos=read_memos(root, sources, assembly),
        deviations=deviations.sentences(),
        calibrations=tuple(source.calibration for source in sources if source.calibration is not None),
        media=tuple(each for each in documents if isinstance(each, Medium)),
        description=text_of(root, "Description"),
        created=moment_of(root),
    )


def _assemble(
    root: Element, sources: list[ReadSource], texts: Texts, variables: dict[str, str], deviations: Deviations
) -> Assembly:
    known = {other: source for source in sources for other in (*source.other_ids, source.id)}
    names = {identity: source.element.get("name", "") for identity, source in known.items()}
    cases = read_cases(root, variables, names, deviations)
    codes = read_codes(child(child(root, "CodeBook"), "Codes"), without=set(cases), deviations=deviations)
    assembly = Assembly(codes, read_coders(root), cases, memo_texts(root, texts.open))
    refer_cases(root, known, assembly, deviations)
    for source in sources:
        take(source, assembly)
    return assembly


def _documents(
    root: Element,
    sources: list[ReadSource],
    assembly: Assembly,
    variables: Mapping[str, str],
    deviations: Deviations,
) -> Iterator[Document | Medium]:
    groups = read_groups(root)
    for number, source in enumerate(sources, start=1):
        element = source.element
        own = [source.id, *source.other_ids] + ([guid_of(element)] if source.further else [])
        name = element.get("name") or f"document {number}"
        attributes = attributes_of(element, variables, deviations)
        cases = tuple(sorted({name for each in own for name in assembly.members[each]}))
        sets = tuple(sorted({name for each in own for name in groups[each]}))
        described, created = text_of(element, "Description"), moment_of(element)
        kind = KINDS.get(element.tag, "text")
        if source.text is not None:
            name = f"{name} (transcript {source.further})" if source.further else name
            yield Document(source.id, name, source.text, attributes, cases, created, sets, described, kind)
        elif source.element.tag in KINDS:
            yield Medium(source.id, kind, name, attributes, cases, created, sets, described)
