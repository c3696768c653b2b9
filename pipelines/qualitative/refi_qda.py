"""Read a REFI-QDA project (.qdpx) of any tool into the tool-neutral model.

Being valid by the schema is a reported fact, not a gate: parts are found by local name in any order, what cannot be
trusted is quarantined coding by coding, and what is not read is said. Messages never hold participants' words.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from xml.etree.ElementTree import Element

from pipelines.qualitative.models import Document, Project, UnreadableProject
from pipelines.qualitative.refi_archive import Texts, project_entry
from pipelines.qualitative.refi_codings import Assembly, refer_cases, take
from pipelines.qualitative.refi_elements import (
    Deviations,
    attributes_of,
    child,
    children,
    guid_of,
    local,
    moment_of,
    parse,
    text_of,
)
from pipelines.qualitative.refi_lists import read_cases, read_coders, read_codes, read_groups, read_variables
from pipelines.qualitative.refi_sources import SOURCE_KINDS, ReadSource, read_source
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
    label = name.replace("\\", "/").rpartition("/")[2]
    try:
        with SafeZip(path_or_bytes) as archive:
            return _read(archive, Path(label).stem)
    except OSError as fault:
        raise UnreadableProject(f"{label} cannot be read: {fault.strerror or 'it cannot be opened'}") from None
    except ValueError as fault:
        raise UnreadableProject(f"{label} cannot be read: {fault}") from None


def _read(archive: SafeZip, fallback_name: str) -> Project:
    deviations = Deviations()
    root = parse(archive.read(project_entry(archive.names, deviations)))
    if local(root) != "Project":
        raise ValueError("its XML does not hold a REFI-QDA project")
    note_departures(root, deviations)
    texts = Texts(archive, deviations)
    sources = _sources(root, texts, deviations)
    variables = read_variables(root)
    assembly = _assemble(root, sources, texts, variables, deviations)
    documents = tuple(_documents(root, sources, assembly, variables, deviations))
    return Project(
        name=root.get("name") or fallback_name,
        origin=root.get("origin", ""),
        coders=tuple(assembly.coders.values()),
        codes=tuple(assembly.codes.values()),
        cases=tuple(assembly.cases.values()),
        documents=documents,
        codings=tuple(assembly.codings),
        case_spans=tuple(sorted(assembly.case_spans, key=lambda s: (s.document_id, s.start, s.end, s.case_name))),
        quarantined=tuple(assembly.quarantined),
        deviations=deviations.sentences(),
        calibrations=tuple(source.calibration for source in sources if source.calibration is not None),
    )


def _sources(root: Element, texts: Texts, deviations: Deviations) -> list[ReadSource]:
    elements = children(child(root, "Sources"), *SOURCE_KINDS)
    read = [read_source(each, number, texts.open, deviations) for number, each in enumerate(elements, start=1)]
    if len({source.id for source in read}) < len(read):
        raise ValueError("two of its sources have the same GUID, so codings cannot be told apart")
    return read


def _assemble(
    root: Element, sources: list[ReadSource], texts: Texts, variables: dict[str, str], deviations: Deviations
) -> Assembly:
    known = {other: source for source in sources for other in (*source.other_ids, source.id)}
    names = {identity: source.element.get("name", "") for identity, source in known.items()}
    cases = read_cases(root, variables, names, deviations)
    codes = read_codes(root, without=set(cases), deviations=deviations)
    assembly = Assembly(codes, read_coders(root), cases, _memos(root, texts))
    refer_cases(root, known, assembly, deviations)
    for source in sources:
        for marked in source.marked:
            take(source, marked, assembly)
    return assembly


def _memos(root: Element, texts: Texts) -> dict[str, str]:
    memos = {}
    for note in children(child(root, "Notes"), "Note"):
        try:
            memos[guid_of(note)] = texts.open(note).canonical
        except ValueError:  # QualCoder's notes on passages have no text of their own
            memos[guid_of(note)] = text_of(note, "Description")
    return memos


def _documents(
    root: Element, sources: list[ReadSource], assembly: Assembly, variables: dict[str, str], deviations: Deviations
) -> Iterator[Document]:
    groups = read_groups(root)
    for number, source in enumerate(sources, start=1):
        if source.text is not None:
            yield Document(
                id=source.id,
                name=source.element.get("name") or f"document {number}",
                text=source.text,
                attributes=attributes_of(source.element, variables, deviations),
                case_names=tuple(sorted(assembly.members[source.id])),
                created=moment_of(source.element),
                groups=tuple(sorted({name for each in (source.id, *source.other_ids) for name in groups[each]})),
            )
