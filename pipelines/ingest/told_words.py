"""Words that came beside the codings: summaries of a framework matrix, reporters' stories and their replies.

They are stored as delivered, under pseudonyms; whether any of them may be shown is decided in pipelines.findings.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from typing import Any, Protocol

from pipelines.qualitative.framework_matrix import FrameworkMatrix
from pipelines.qualitative.models import Document
from pipelines.qualitative.stories import story_of
from pipelines.refusal import Refusal

WORDS = (
    "kind VARCHAR, document_key VARCHAR, person_key VARCHAR, theme VARCHAR, words VARCHAR, credit VARCHAR, "
    "round VARCHAR, releasable BOOLEAN, source_file VARCHAR, drop_id VARCHAR"
)


@dataclass(frozen=True)
class WordsRow:
    """A summary of one person on one theme, a story or a reply of one speaker; the order of fields is the table's."""

    kind: str
    document_key: str
    person_key: str
    theme: str
    words: str = field(repr=False)
    credit: str = field(repr=False)
    round: str
    releasable: bool
    source_file: str
    drop_id: str


class Speaking(Protocol):
    """Who speaks in the documents of a project."""

    def of_document(self, document: Document) -> tuple[str, ...]:
        """Return the speakers of a document."""

    def person(self, document: Document, speaker: str) -> str:
        """Return the identifier of a speaker."""


@dataclass(frozen=True)
class Voiced:
    """What of one file of coded interviews is needed here: `read` is pipelines.ingest.interviews.Read."""

    read: Any
    speakers: Speaking


def stories(voiced: Voiced) -> Iterator[WordsRow]:
    """Yield the stories among the documents of a file, and their authors' replies."""
    read, coded = voiced.read, voiced.read.coded
    if coded.stories is None:
        return
    for document in read.documents:
        told = story_of(document.attributes, coded.stories.columns, by=_day(read.drop))
        if told is None:
            continue
        for speaker in voiced.speakers.of_document(document):
            key, person = read.hashed(document.name, speaker), read.hashed(voiced.speakers.person(document, speaker))
            for kind, words in (("story", document.text.strip()), ("reply", told.reply)):
                if words:
                    yield WordsRow(
                        *(kind, key, person, "", words, told.credit, told.round, told.releasable),
                        *(read.source, read.drop),
                    )


def _day(drop: str) -> date | None:
    try:
        return date.fromisoformat(drop[:10])
    except ValueError:
        return None


def summaries(voiced: Sequence[Voiced], site_codes: Mapping[str, str], site: str) -> Iterator[WordsRow]:
    """Yield the summaries of each framework matrix, once however many files name it.

    Parameters
    ----------
    voiced : the files of a site.
    site_codes : keys of the pilot's sites by what data and people call them, in lower case.
    site : the site's key.

    Raises
    ------
    Refusal
        A row names a case that nobody speaks for, at a pilot of one site; elsewhere it may be another site's.
    """
    held: dict[tuple[str, str], list[Voiced]] = {}
    for one in voiced:
        if one.read.matrix is not None:
            held.setdefault((one.read.drop, one.read.coded.framework), []).append(one)
    for (drop, name), files in held.items():
        yield from _of_matrix(files[0].read.matrix, files, Origin(drop, name, dict(site_codes), site))


@dataclass(frozen=True)
class Origin:
    """Where a framework matrix comes from, and which site is meant."""

    drop: str
    name: str
    site_codes: dict[str, str]
    site: str


def _of_matrix(matrix: FrameworkMatrix, files: Sequence[Voiced], origin: Origin) -> Iterator[WordsRow]:
    here = _people(files, lambda read: read.documents)
    anywhere = _people(files, lambda read: read.project.documents).keys()
    unknown = 0
    for case, row in zip(matrix.cases, matrix.cells, strict=True):
        said = {name.casefold(): value.casefold() for name, value in case.attributes.items()}
        if origin.site_codes.get(said.get("site", ""), origin.site) != origin.site:
            continue
        unknown += _folded(case.name) not in anywhere
        for person in here.get(_folded(case.name), ()):
            for theme, words in zip(matrix.themes, row, strict=True):
                yield WordsRow("summary", "", person, theme, words, "", "", True, origin.name, origin.drop)
    if unknown and len(set(origin.site_codes.values())) < 2:
        rows = "row names a case" if unknown == 1 else "rows name a case"
        raise Refusal(
            f"{origin.name}: {unknown} {rows} that no interview belongs to, so the summaries would be lost.",
            "Write the cases' names as the coded project or the case file has them.",
        )


def _people(files: Sequence[Voiced], documents: Any) -> dict[str, tuple[str, ...]]:
    """Return pseudonyms by folded name or identifier of who speaks."""
    found: dict[str, dict[str, None]] = {}
    for one in files:
        for document in documents(one.read):
            for speaker in _speakers(one, document):
                person = one.speakers.person(document, speaker)
                for name in (speaker, person):
                    found.setdefault(_folded(name), {})[one.read.hashed(person)] = None
    return {name: tuple(people) for name, people in found.items()}


def _speakers(one: Voiced, document: Document) -> Iterable[str]:
    return document.case_names or (document.name,)


def _folded(name: str) -> str:
    return " ".join(name.split()).casefold()
