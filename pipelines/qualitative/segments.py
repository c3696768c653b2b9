"""Coded passages as tables have them, and the project they make, with transcripts or without.

With a transcript each passage is looked up in it; without one the passages themselves, each once, are all the text
there is, and every coding says so (``no-text``).
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime

from pipelines.qualitative.models import (
    Case,
    CaseSpan,
    Code,
    Coder,
    Document,
    Project,
)
from pipelines.qualitative.offsets import SourceText, source_text
from pipelines.qualitative.placing import IN_CODE_POINTS, Finder, Kept, Mark, Passage, Place
from pipelines.qualitative.positions import Placed, Refused
from pipelines.qualitative.refi_elements import Deviations
from pipelines.qualitative.transcripts import Transcripts, no_transcripts

CodePath = tuple[str, ...]
WORDLESS = Refused("the file has no words of it: it may be an area of a page or picture, or a stretch of a recording")
NO_TRANSCRIPT = "a document has no transcript: its coded passages are all its text, and could not be checked"
SHARED = "documents of several groups share a name; each is called `group / name`"
BETWEEN = "\n\n"


@dataclass(frozen=True)
class Segment:
    """A passage with its codes, as one row (or several rows) of a table has it."""

    key: str
    """What tells this passage from others of the file, for example its row."""
    document: str
    codes: tuple[CodePath, ...]
    quote: str = field(default="", repr=False)
    start: int | None = None
    end: int | None = None
    coder: str = ""
    created: datetime | None = None
    case: str = ""
    memo: str = field(default="", repr=False)
    groups: tuple[str, ...] = ()
    attributes: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class Source:
    """What a table's passages are put together with."""

    name: str
    origin: str
    codebook: tuple[Code, ...] = ()
    transcripts: Transcripts = no_transcripts
    positions_bind: bool = False
    """True: a passage that is not where its positions say is set aside, and one with neither positions nor words is the
    whole document. False: a passage is looked for by its words."""


def project_of(segments: Sequence[Segment], source: Source, deviations: Deviations) -> Project:
    """Put the passages of a table together.

    Parameters
    ----------
    segments
        n passages in the file's order.
    source
        Where they come from, and what is beside them.
    deviations
        What was found out so far; more is added.
    """
    by_document: defaultdict[str, list[Segment]] = defaultdict(list)
    for segment in segments:
        by_document[segment.document].append(segment)
    making = _Making(source, _codes(segments, source.codebook), _cases(segments, deviations), deviations)
    documents = tuple(making.document(k, name, held) for k, (name, held) in enumerate(by_document.items(), start=1))
    coders = sorted({segment.coder for segment in segments} - {""})
    return Project(
        name=source.name,
        origin=source.origin,
        coders=tuple(Coder(f"coder-{name}", name) for name in coders),
        codes=tuple(making.codes.values()),
        cases=tuple(making.cases.values()),
        documents=documents,
        codings=tuple(making.kept.codings),
        case_spans=tuple(sorted(making.spans, key=lambda s: (s.document_id, s.start, s.end, s.case_name))),
        quarantined=tuple(making.kept.aside),
        deviations=deviations.sentences(),
        calibrations=tuple(making.kept.calibrations),
    )


def one_list(lists: Sequence[Sequence[Segment]]) -> list[Segment]:
    """Return the passages of the sheets of one workbook, each as often as the sheet that has it most often."""
    if len(lists) == 1:
        return list(lists[0])
    held: Counter[tuple[object, ...]] = Counter()
    joined = []
    for number, segments in enumerate(lists, start=1):
        own: Counter[tuple[object, ...]] = Counter()
        for each in segments:
            said = (*(value for name, value in vars(each).items() if name not in ("key", "attributes")),)
            own[said] += 1
            if own[said] > held[said]:
                held[said] = own[said]
                joined.append(replace(each, key=f"{number}-{each.key}"))
    return joined


def _codes(segments: Sequence[Segment], codebook: Sequence[Code]) -> dict[CodePath, Code]:
    """Return codes by path: the codebook's, then others in the order in which they are met."""
    codes = {code.path: code for code in codebook}
    for path in (path for segment in segments for path in segment.codes):
        if path not in codes:
            codes[path] = Code(f"code-{len(codes) + 1}", path[-1], path)
    return codes


def _cases(segments: Sequence[Segment], deviations: Deviations) -> dict[str, Case]:
    held: defaultdict[str, list[Segment]] = defaultdict(list)
    for segment in segments:
        if segment.case:
            held[segment.case].append(segment)
    return {name: Case(f"case-{name}", name, _agreed(rows, deviations)) for name, rows in held.items()}


def _agreed(segments: Sequence[Segment], deviations: Deviations) -> dict[str, str]:
    """Return the attributes on which all rows agree; rows without a value say nothing."""
    values: defaultdict[str, dict[str, None]] = defaultdict(dict)
    for segment in segments:
        for name, value in segment.attributes.items():
            values[name][value] = None
    for name in (name for name, found in values.items() if len(found) > 1):
        deviations.add(f'rows of one document or case differ in "{name}"; left out')
    return {name: next(iter(found)) for name, found in values.items() if len(found) == 1}


class _Making:
    """Documents with their codings, one by one."""

    def __init__(
        self, source: Source, codes: dict[CodePath, Code], cases: dict[str, Case], deviations: Deviations
    ) -> None:
        self._source, self._deviations = source, deviations
        self.codes, self.cases = codes, cases
        self.kept = Kept()
        self.spans: list[CaseSpan] = []

    def document(self, number: int, name: str, held: Sequence[Segment]) -> Document:
        identity = f"document-{number}"
        transcript = self._source.transcripts(name)
        passages = self._passages(held)
        if transcript is None:
            text, places = _excerpts(passages, whole=self._source.positions_bind)
            self._deviations.add(NO_TRANSCRIPT)
        else:
            text, places = transcript.canonical, self._placed(identity, transcript, passages)
        self.kept.keep(identity, text, passages, places)
        cases = sorted({segment.case for segment in held} - {""})
        if len(cases) > 1 or (cases and not all(segment.case for segment in held)):
            self._span(identity, held, places)
        return Document(
            identity,
            name,
            text,
            attributes=_agreed([segment for segment in held if not segment.case], self._deviations),
            case_names=tuple(cases),
            groups=tuple(sorted({group for segment in held for group in segment.groups})),
            excerpts_only=transcript is None,
        )

    def _passages(self, held: Sequence[Segment]) -> list[Passage]:
        seen: set[tuple[str, CodePath, str]] = set()
        passages = []
        for segment in held:
            marks = []
            for path in segment.codes:
                if (segment.key, path, segment.coder) not in seen:
                    seen.add((segment.key, path, segment.coder))
                    marks.append(self._mark(segment, path))
            passages.append(Passage(segment.start, segment.end, segment.quote, tuple(marks)))
        return passages

    def _mark(self, segment: Segment, path: CodePath) -> Mark:
        coder = f"coder-{segment.coder}" if segment.coder else ""
        identity = "-".join(each for each in ("passage", segment.key, self.codes[path].id, coder) if each)
        return Mark(identity, self.codes[path].id, coder, segment.created, segment.memo)

    def _placed(self, identity: str, text: SourceText, passages: Sequence[Passage]) -> list[Place]:
        places = self.kept.by_position(identity, text, passages, IN_CODE_POINTS)
        finder = Finder(text.canonical)
        for k, passage in enumerate(passages):
            positioned = passage.start is not None and passage.end is not None
            if not positioned and not passage.copy.strip():
                whole = Placed(0, len(text.canonical), "whole-document")
                places[k] = whole if self._source.positions_bind else WORDLESS
            elif isinstance(places[k], Refused) and not (positioned and self._source.positions_bind):
                places[k] = finder.find(passage.copy)
        return places

    def _span(self, identity: str, held: Sequence[Segment], places: Sequence[Place]) -> None:
        for segment, place in zip(held, places, strict=True):
            if segment.case and isinstance(place, Placed):
                self.spans.append(CaseSpan(identity, segment.case, place.start, place.end))


def _excerpts(passages: Sequence[Passage], *, whole: bool) -> tuple[str, list[Place]]:
    """Return a text made of the passages' own words, each once, and where each stands in it.

    `whole`: a passage with neither words nor positions is the whole document.
    """
    starts: dict[str, int] = {}
    length = 0
    for words in (_words(passage) for passage in passages):
        if words and words not in starts:
            starts[words] = length
            length += len(words) + len(BETWEEN)
    text = BETWEEN.join(starts)
    return text, [_place_in_excerpts(passage, starts, text if whole else "") for passage in passages]


def _words(passage: Passage) -> str:
    return source_text(passage.copy).canonical.strip()


def _place_in_excerpts(passage: Passage, starts: Mapping[str, int], text: str) -> Place:
    if words := _words(passage):
        return Placed(starts[words], starts[words] + len(words), "no-text")
    if text and passage.start is None:
        return Placed(0, len(text), "whole-document")
    return Refused("the file has neither its words nor its document's text")
