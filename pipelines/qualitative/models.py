"""What a coded project is, whichever tool wrote it. Readers build these; nothing here knows a file format."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from functools import cached_property
from typing import Literal

Checked = Literal["exact", "name", "snippet", "boundary", "failed", "whole-document", "no-text"]
Unit = Literal["code points", "utf-16", "utf-8 bytes"]
Newline = Literal["lf", "crlf", "as in the file"]
MediumKind = Literal["text", "picture", "pdf", "audio", "video"]


class UnreadableProject(ValueError):
    """A project file cannot be read. The message names the file and never holds participants' words."""


class NotReadable(ValueError):
    """A part of a project file cannot be read, said in plain words without the file's name or participants' words."""


@dataclass(frozen=True)
class Coder:
    """A person who coded."""

    id: str
    name: str


@dataclass(frozen=True)
class Code:
    """A code; `path` holds the names from the root down to and including its own.

    `codable` is False for a category that only groups codes; `colour` is #rrggbb or empty.
    """

    id: str
    name: str
    path: tuple[str, ...]
    description: str = ""
    codable: bool = True
    colour: str = ""


@dataclass(frozen=True)
class Case:
    """A person or unit that documents belong to. Names are unique within a project."""

    id: str
    name: str
    attributes: Mapping[str, str] = field(default_factory=dict)
    description: str = field(default="", repr=False)


@dataclass(frozen=True)
class Document:
    """A transcript or other text. `text` is canonical: LF line breaks; positions count its code points.

    `groups` are the document sets of the tool (where a pilot's site often hides); `medium` is what the text stands for.
    `excerpts_only` is True where there is no transcript: the text is then the coded passages in the file's order, each
    once, with an empty line between.
    """

    id: str
    name: str
    text: str = field(repr=False)
    attributes: Mapping[str, str] = field(default_factory=dict)
    case_names: tuple[str, ...] = ()
    created: datetime | None = None
    groups: tuple[str, ...] = ()
    description: str = field(default="", repr=False)
    medium: MediumKind = "text"
    excerpts_only: bool = False

    def __post_init__(self) -> None:
        """Positions mean nothing over any other line break, so refuse it here rather than misplace a quote later."""
        if "\r" in self.text:
            raise ValueError(f"document {self.id} holds carriage returns; canonical text breaks lines with LF")


@dataclass(frozen=True, init=False)
class Coding:
    """A code put on a passage by a coder.

    Parameters
    ----------
    start, end
        Code points over the document's canonical text, end exclusive. `start == end` is a point somebody coded.
    quote
        The passage, ``text[start:end]``; empty for a whole document, where nobody chose a passage.
    coder_id
        Empty where the file does not say who coded.
    checked
        ``exact``: the file's own copy of the passage is at this place; ``name``: it is, but for white space;
        ``snippet``: the file's shortened copy is; ``boundary``: no copy, both ends lie between words; ``failed``: no
        copy and an end inside a word, kept because the document's other passages prove how positions are counted;
        ``whole-document``: coded as a whole; ``no-text``: the file has the passage's words only, and there is no
        transcript to check them against.
    created
        Without a time zone where the file does not state one.
    """

    id: str
    document_id: str
    code_id: str
    coder_id: str
    start: int
    end: int
    quote: str = field(repr=False)
    created: datetime | None = None
    checked: Checked = "exact"
    memo: str = field(default="", repr=False)

    def __init__(
        self,
        id: str,
        document_id: str,
        code_id: str,
        coder_id: str,
        start: int,
        end: int,
        quote: str,
        created: datetime | None = None,
        checked: Checked = "exact",
        memo: str = "",
    ) -> None:
        """Set all fields at once: a project has a hundred thousand of these, and one by one takes twice as long."""
        fields = {
            "id": id,
            "document_id": document_id,
            "code_id": code_id,
            "coder_id": coder_id,
            "start": start,
            "end": end,
            "quote": quote,
            "created": created,
            "checked": checked,
            "memo": memo,
        }
        object.__setattr__(self, "__dict__", fields)


@dataclass(frozen=True)
class Medium:
    """A picture, PDF or recording without text: what is known of it. Codes on it are quarantined."""

    id: str
    kind: MediumKind
    name: str
    attributes: Mapping[str, str] = field(default_factory=dict)
    case_names: tuple[str, ...] = ()
    created: datetime | None = None
    groups: tuple[str, ...] = ()
    description: str = field(default="", repr=False)


@dataclass(frozen=True)
class Memo:
    """A note that is not part of one coding.

    `about` holds ids of documents, media and codes; empty if it is about the project. With `start` and `end` it is an
    annotation of a passage of the one document it is about, in code points.
    """

    id: str
    title: str = field(repr=False)
    text: str = field(repr=False)
    coder_id: str = ""
    created: datetime | None = None
    about: tuple[str, ...] = ()
    start: int | None = None
    end: int | None = None


@dataclass(frozen=True)
class CaseSpan:
    """A passage that belongs to one case of a document with several (a focus group)."""

    document_id: str
    case_name: str
    start: int
    end: int


@dataclass(frozen=True)
class QuarantinedCoding:
    """A coding that was not taken over, and why; `start` and `end` as the file has them, never the text."""

    id: str
    document_id: str
    code_id: str
    coder_id: str
    start: int | None
    end: int | None
    reason: str


@dataclass(frozen=True)
class Calibration:
    """How one document's positions are counted, and the evidence for it.

    `score` and `runner_up` are shares of the evidence that could have been found (0 to 1), for the chosen way of
    counting and for the best of those that place at least one passage elsewhere (None when there is no such way).
    """

    document_id: str
    unit: Unit
    newline: Newline
    bom_counted: bool
    end_inclusive: bool
    score: float
    runner_up: float | None
    verified: bool


@dataclass(frozen=True)
class Codebook:
    """Codes alone, as coders exchange them; `deviations` as in a project."""

    name: str
    origin: str
    codes: tuple[Code, ...] = ()
    deviations: tuple[str, ...] = ()


@dataclass(frozen=True)
class CodebookVersion:
    """The codes of one project as they were defined there: what a code meant to those who coded with it, and when.

    `known_on` is the day of the export, or of the youngest coding with the codes; None where neither is known.
    """

    project: str
    known_on: date | None
    codes: tuple[Code, ...]


@dataclass(frozen=True)
class Project:
    """A coded project. `deviations` say in plain words where the file leaves its standard or what was not read."""

    name: str
    origin: str
    coders: tuple[Coder, ...] = ()
    codes: tuple[Code, ...] = ()
    cases: tuple[Case, ...] = ()
    documents: tuple[Document, ...] = ()
    codings: tuple[Coding, ...] = ()
    case_spans: tuple[CaseSpan, ...] = ()
    quarantined: tuple[QuarantinedCoding, ...] = ()
    deviations: tuple[str, ...] = ()
    calibrations: tuple[Calibration, ...] = ()
    media: tuple[Medium, ...] = ()
    memos: tuple[Memo, ...] = ()
    description: str = field(default="", repr=False)
    created: datetime | None = None
    codebooks: tuple[CodebookVersion, ...] = ()

    def cases_of(self, coding: Coding) -> tuple[str, ...]:
        """Names of the cases a coded passage belongs to: those whose spans it overlaps, else its document's."""
        spans = self._spans_by_document.get(coding.document_id)
        if not spans:
            return self._cases_by_document[coding.document_id]
        return tuple(sorted({span.case_name for span in spans if overlap(span, coding)}))

    @cached_property
    def _spans_by_document(self) -> Mapping[str, Sequence[CaseSpan]]:
        spans: defaultdict[str, list[CaseSpan]] = defaultdict(list)
        for span in self.case_spans:
            spans[span.document_id].append(span)
        return dict(spans)

    @cached_property
    def _cases_by_document(self) -> Mapping[str, tuple[str, ...]]:
        return {document.id: document.case_names for document in self.documents}


def overlap(span: CaseSpan, coding: Coding) -> bool:
    """Whether a passage and a case's span share text; a coded point belongs to the span it lies in."""
    if coding.start == coding.end:
        return span.start <= coding.start <= span.end
    return span.start < coding.end and coding.start < span.end
