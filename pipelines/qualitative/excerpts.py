"""Documents without a transcript, in several files: their coded passages together are all the text there is.

A file for each code, or for each wave, holds other passages of the same interview. Without one text for all of them it
would be as many interviews as files.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace

from pipelines.qualitative.models import CaseSpan, Coding, Document, Project
from pipelines.qualitative.segments import BETWEEN
from pipelines.qualitative.waves import wave_of

Place = tuple[int, int]
_SEVERAL = 2


@dataclass(frozen=True)
class _Joined:
    """A text of excerpts, and where each of them starts."""

    text: str
    starts: Mapping[str, int]


def together(projects: Sequence[Project]) -> tuple[Project, ...]:
    """Return projects in which documents of one name that consist of excerpts have the excerpts of all of them.

    Parameters
    ----------
    projects
        Waves or coders of one study, or files of one code each. Documents with a transcript stay as they are.
    """
    held: defaultdict[str, list[tuple[Project, Document]]] = defaultdict(list)
    for project in sorted(projects, key=lambda each: wave_of(each).rank):
        for document in project.documents:
            if document.excerpts_only:
                held[document.name].append((project, document))
    several = {name: those for name, those in held.items() if len({each.text for _, each in those}) >= _SEVERAL}
    texts = {name: _joined(w for each in those for w in _pieces(*each).values()) for name, those in several.items()}
    return tuple(_moved(project, texts) if texts else project for project in projects)


def _joined(pieces: Iterable[str]) -> _Joined:
    starts: dict[str, int] = {}
    length = 0
    for words in pieces:
        if words not in starts:
            starts[words] = length
            length += len(words) + len(BETWEEN)
    return _Joined(BETWEEN.join(starts), starts)


def _pieces(project: Project, document: Document) -> dict[Place, str]:
    """Return the excerpts that a document consists of, by their places and in their order, coded or not."""
    codings = (each for each in project.codings if each.document_id == document.id)
    coded = sorted({(each.start, each.end) for each in codings if each.checked != "whole-document"})
    pieces: dict[Place, str] = {}
    at = 0
    for start, end in [*coded, (len(document.text), len(document.text))]:
        between = document.text[at:start]
        if words := between.strip():
            first = at + between.index(words)
            pieces[first, first + len(words)] = words
        if end > start:
            pieces[start, end] = document.text[start:end]
        at = max(at, end)
    return pieces


def _moved(project: Project, texts: Mapping[str, _Joined]) -> Project:
    """Return a project with the longer texts, and everything in it at its place there."""
    ours = {each.id: each for each in project.documents if each.excerpts_only and each.name in texts}
    places = {identity: _places(project, document, texts[document.name]) for identity, document in ours.items()}
    return replace(
        project,
        documents=tuple(replace(d, text=texts[d.name].text) if d.id in ours else d for d in project.documents),
        codings=tuple(_coding_at(each, places, texts, ours) for each in project.codings),
        case_spans=tuple(_span_at(each, places) for each in project.case_spans),
    )


def _places(project: Project, document: Document, joined: _Joined) -> dict[Place, Place]:
    """Return where each excerpt of a document, and the whole of it, stands in the longer text."""
    found = {(0, len(document.text)): (0, len(joined.text))}
    for place, words in _pieces(project, document).items():
        found[place] = joined.starts[words], joined.starts[words] + len(words)
    return found


def _coding_at(
    coding: Coding,
    places: Mapping[str, Mapping[Place, Place]],
    texts: Mapping[str, _Joined],
    ours: Mapping[str, Document],
) -> Coding:
    if coding.document_id not in ours:
        return coding
    whole = 0, len(texts[ours[coding.document_id].name].text)
    own = places[coding.document_id]
    start, end = whole if coding.checked == "whole-document" else own[coding.start, coding.end]
    return replace(coding, start=start, end=end)


def _span_at(span: CaseSpan, places: Mapping[str, Mapping[Place, Place]]) -> CaseSpan:
    own = places.get(span.document_id)
    if own is None:
        return span
    start, end = own[span.start, span.end]
    return replace(span, start=start, end=end)
