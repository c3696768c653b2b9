"""Merge coded projects: waves of one study, or what several coders made of the same texts.

GUIDs are not stable between exports of the same project, so everything is matched by what it is: codes by path,
documents by name and text, coders and cases by name, however these are spelt. The result is the same in whatever order
projects come.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from datetime import date, datetime
from typing import Any, TypeVar, get_args

from pipelines.qualitative.excerpts import together
from pipelines.qualitative.models import (
    Case,
    CaseSpan,
    Checked,
    Code,
    CodebookVersion,
    Coder,
    Coding,
    Document,
    Medium,
    Memo,
    Project,
)
from pipelines.qualitative.spelling import spelt_alike
from pipelines.qualitative.waves import Dated, SameCoding, Wave, digest, key_of, known_on, made, wave_of

_RANK: Mapping[Checked, int] = {checked: number for number, checked in enumerate(get_args(Checked))}
"""How a coding was checked, the best first."""
_SEVERAL = 2
Item = TypeVar("Item")
Held = TypeVar("Held", Document, Medium)


def merge(projects: Iterable[Project]) -> Project:
    """Merge coded projects into one.

    Parameters
    ----------
    projects
        At least one. Where they contradict each other the youngest one's word counts, and ``deviations`` tell.

    Returns
    -------
    Project
        A text under one name is one document with everybody's codings; the same code put on the same passage by the
        same coder counts once, however often it was exported. A document whose text differs between projects is kept
        in each version, the later ones under a name with a number. ``codebooks`` hold each project's definitions.

    Raises
    ------
    ValueError
        There is no project.
    """
    alike = together(spelt_alike(tuple(projects)))
    if not alike:
        raise ValueError("there is no project to merge")
    return _merged(alike)


def _merged(alike: Iterable[Project]) -> Project:
    """Merge projects that spell alike what is alike."""
    waves = [wave_of(project) for project in alike]
    told: set[str] = set()
    merged = Project(
        name=" + ".join(sorted({wave.project.name for wave in waves})),
        origin=" + ".join(sorted({wave.project.origin for wave in waves} - {""})),
        coders=_in_order(Coder(i, n) for i, n in {(w.coders[c.id], c.name) for w in waves for c in w.project.coders}),
        codes=_codes(waves, told),
        cases=_cases(waves, told),
        documents=_documents(waves, told),
        codings=_codings(waves),
        case_spans=_in_order(_spans(waves)),
        quarantined=_in_order(_quarantined(waves)),
        calibrations=_in_order(
            replace(each, document_id=wave.documents[each.document_id])
            for wave in waves
            for each in wave.project.calibrations
            if each.document_id in wave.documents
        ),
        media=_media(waves, told),
        memos=_in_order(_memos(waves)),
        description="\n\n".join(sorted({wave.project.description for wave in waves} - {""})),
        created=_latest((wave.rank, wave.project.created) for wave in waves),
        codebooks=_codebooks(waves),
    )
    said = {f"{wave.project.name}: {sentence}" for wave in waves for sentence in wave.project.deviations}
    return replace(merged, deviations=tuple(sorted(told)) + tuple(sorted(said)))


def informed(projects: Sequence[Project]) -> tuple[Project, ...]:
    """Return projects as they are, but for what all of them together say of documents and cases.

    Parameters
    ----------
    projects
        Waves or coders of one study. Each keeps its own ids, codes and codings.

    Returns
    -------
    tuple of Project
        In the given order, spelt alike. Attributes, cases, parts that belong to a case, and groups are those of
        `merge`: what one wave says of a person or a text holds in all.
    """
    if len(projects) < _SEVERAL:
        return tuple(projects)
    projects = together(spelt_alike(projects))
    merged = _merged(projects)
    documents, cases = {each.id: each for each in merged.documents}, {each.name: each for each in merged.cases}
    spans: defaultdict[str, list[CaseSpan]] = defaultdict(list)
    for span in merged.case_spans:
        spans[span.document_id].append(span)
    return tuple(_informed(wave_of(project), documents, cases, spans) for project in projects)


def _informed(
    wave: Wave, documents: Mapping[str, Document], cases: Mapping[str, Case], spans: Mapping[str, Sequence[CaseSpan]]
) -> Project:
    own = []
    for each in wave.project.documents:
        told = documents[wave.documents[each.id]]
        own.append(replace(each, attributes=told.attributes, case_names=told.case_names, groups=told.groups))
    names = {case.name for case in wave.project.cases} | {name for each in own for name in each.case_names}
    return replace(
        wave.project,
        documents=tuple(own),
        cases=tuple(cases[name] for name in sorted(names & set(cases))),
        case_spans=tuple(
            replace(span, document_id=each.id) for each in own for span in spans.get(wave.documents[each.id], ())
        ),
    )


def _in_order(items: Iterable[Item]) -> tuple[Item, ...]:
    """Return each different item once, in an order that depends on the items alone."""
    return tuple(item for _, item in sorted({key_of(item): item for item in items}.items()))


def _latest(dated: Iterable[tuple[Dated, Item | None]]) -> Item | None:
    """Return the youngest item there is, of equally young ones the last by its own order."""
    known = [(rank, repr(item), item) for rank, item in dated if item not in (None, "")]
    return max(known, key=lambda each: each[:2])[2] if known else None


def _codes(waves: Sequence[Wave], told: set[str]) -> tuple[Code, ...]:
    found: defaultdict[tuple[str, ...], list[tuple[Dated, Code]]] = defaultdict(list)
    for wave in waves:
        for code in wave.project.codes:
            found[code.path].append((wave.rank, code))
    merged = []
    for path, versions in sorted(found.items()):
        if len({code.description.strip() for _, code in versions} - {""}) > 1:
            told.add(f"the code {' / '.join(path)} is defined differently between the projects; see the codebooks")
        merged.append(
            Code(
                made("code", *path),
                path[-1],
                path,
                _latest((rank, code.description) for rank, code in versions) or "",
                any(code.codable for _, code in versions),
                _latest((rank, code.colour) for rank, code in versions) or "",
            )
        )
    return tuple(merged)


def _cases(waves: Sequence[Wave], told: set[str]) -> tuple[Case, ...]:
    found: defaultdict[str, list[tuple[Dated, Case]]] = defaultdict(list)
    for wave in waves:
        for case in wave.project.cases:
            found[case.name].append((wave.rank, case))
    return tuple(
        Case(
            made("case", name),
            name,
            _attributes(versions, told),
            _latest((r, c.description) for r, c in versions) or "",
        )
        for name, versions in sorted(found.items())
    )


def _attributes(versions: Sequence[tuple[Dated, Any]], told: set[str]) -> dict[str, str]:
    values: defaultdict[str, list[tuple[Dated, str]]] = defaultdict(list)
    for rank, holder in versions:
        for name, value in holder.attributes.items():
            values[name].append((rank, value))
    for name, dated in values.items():
        if len({value for _, value in dated} - {""}) > 1:
            told.add(f"the variable {name} of a person or document differs between projects; the latest value counts")
    return {name: _latest(dated) or "" for name, dated in sorted(values.items())}


def _documents(waves: Sequence[Wave], told: set[str]) -> tuple[Document, ...]:
    versions: defaultdict[str, list[tuple[Dated, Document]]] = defaultdict(list)
    for wave in waves:
        for document in wave.project.documents:
            versions[wave.documents[document.id]].append((wave.rank, document))
    by_name: defaultdict[str, list[tuple[Dated, str, str]]] = defaultdict(list)
    for identity, found in versions.items():
        by_name[found[0][1].name].append((min(rank for rank, _ in found), digest(found[0][1]), identity))
    names = {}
    for name, texts in by_name.items():
        for number, (_, _, identity) in enumerate(sorted(texts), start=1):
            names[identity] = name if number == 1 else f"{name} (text {number})"
    if changed := sum(len(texts) > 1 for texts in by_name.values()):
        told.add(f"the text of {changed} documents differs between the projects; each version is a document of its own")
    texts_of: defaultdict[str, set[str]] = defaultdict(set)
    for found in versions.values():
        texts_of[digest(found[0][1])].add(found[0][1].name)
    if doubled := sum(len(same) > 1 for same in texts_of.values()):
        told.add(f"{doubled} texts stand under several names; they stay apart")
    return tuple(
        replace(_joined(identity, found, told), name=names[identity]) for identity, found in sorted(versions.items())
    )


def _joined(identity: str, versions: Sequence[tuple[Dated, Held]], told: set[str]) -> Held:
    """Join what projects say about one document or medium."""
    youngest = max(versions, key=lambda each: (each[0], key_of(each[1])))[1]
    return replace(
        youngest,
        id=identity,
        attributes=_attributes(versions, told),
        case_names=tuple(sorted({name for _, each in versions for name in each.case_names})),
        groups=tuple(sorted({name for _, each in versions for name in each.groups})),
        created=min((each.created for _, each in versions if each.created), key=_moment, default=None),
    )


def _moment(created: datetime) -> str:
    return created.isoformat()


def _media(waves: Sequence[Wave], told: set[str]) -> tuple[Medium, ...]:
    versions: defaultdict[str, list[tuple[Dated, Medium]]] = defaultdict(list)
    for wave in waves:
        for medium in wave.project.media:
            versions[wave.documents[medium.id]].append((wave.rank, medium))
    return tuple(_joined(identity, found, told) for identity, found in sorted(versions.items()))


def _codings(waves: Sequence[Wave]) -> tuple[Coding, ...]:
    """Count the same coding once: its best check, its first day, and all that was noted on it."""
    found: defaultdict[SameCoding, list[Coding]] = defaultdict(list)
    for wave in waves:
        for coding in wave.project.codings:
            found[wave.same(coding)].append(coding)
    merged = []
    for (document, code, coder, start, end, whole), same in sorted(found.items()):
        best = min(same, key=lambda each: _RANK[each.checked])
        created = min((each.created for each in same if each.created), key=_moment, default=None)
        memo = "\n\n".join(sorted({each.memo for each in same} - {""}))
        identity = made("coding", document, code, coder, str(start), str(end), str(whole))
        merged.append(Coding(identity, document, code, coder, start, end, best.quote, created, best.checked, memo))
    return tuple(merged)


def _spans(waves: Sequence[Wave]) -> Iterator[CaseSpan]:
    for wave in waves:
        for span in wave.project.case_spans:
            yield replace(span, document_id=wave.documents[span.document_id])


def _quarantined(waves: Sequence[Wave]) -> Iterator[Any]:
    for wave in waves:
        for each in wave.project.quarantined:
            document = wave.documents.get(each.document_id, each.document_id)
            code, coder = wave.codes.get(each.code_id, each.code_id), wave.coders.get(each.coder_id, each.coder_id)
            identity = made("quarantined", document, code, coder, str(each.start), str(each.end), each.reason)
            yield replace(each, id=identity, document_id=document, code_id=code, coder_id=coder)


def _memos(waves: Sequence[Wave]) -> Iterator[Memo]:
    for wave in waves:
        things = {**wave.documents, **wave.codes}
        for memo in wave.project.memos:
            about = tuple(sorted(things.get(each, each) for each in memo.about))
            coder = wave.coders.get(memo.coder_id, "")
            told = (memo.title, memo.text, coder, str(memo.created), *about, str(memo.start), str(memo.end))
            yield replace(memo, id=made("memo", *told), coder_id=coder, about=about)


def _codebooks(waves: Sequence[Wave]) -> tuple[CodebookVersion, ...]:
    """Return each project's definitions, those of projects that are merged already kept apart; equal ones once."""
    found: dict[str, CodebookVersion] = {}
    for wave in waves:
        own = CodebookVersion(wave.project.name, known_on(wave.project), wave.project.codes)
        for version in wave.project.codebooks or (own,):
            codes = [replace(code, id=made("code", *code.path)) for code in version.codes]
            book = replace(version, codes=tuple(sorted(codes, key=lambda code: (code.path, key_of(code)))))
            found[key_of(book)] = book
    return tuple(sorted(found.values(), key=lambda book: (book.known_on or date.min, book.project, key_of(book))))
