"""Coded interviews at the door: who speaks becomes a pseudonym, names of files and coders stay in the vault.

Reading a coded project and placing its quotes belongs in pipelines.qualitative.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Mapping
from dataclasses import astuple, dataclass, field, replace
from functools import cached_property
from typing import NamedTuple

from pipelines import keys
from pipelines.ingest import chronicle
from pipelines.ingest.coded_files import CodedFile, coded_files, read_coded_file, read_matrix, used_beside
from pipelines.ingest.pseudonyms import pseudonym
from pipelines.ingest.standing import standing
from pipelines.ingest.store import insist_unchanged
from pipelines.ingest.tables import note_delivery
from pipelines.ingest.told_words import WORDS, Voiced, WordsRow, stories, summaries
from pipelines.protocol.coded import Coded
from pipelines.qualitative.framework_matrix import FrameworkMatrix
from pipelines.qualitative.merging import informed
from pipelines.qualitative.models import CaseSpan, Coding, Document, Project, overlap
from pipelines.qualitative.waves import Known, known_before
from pipelines.refusal import Refusal
from pipelines.told import Told
from pipelines.warehouse import columns_of, insert, open_vault, open_warehouse, transaction
from pipelines.workspace import PilotSite

DOCUMENTS = (
    "row_key VARCHAR, document_key VARCHAR, person_key VARCHAR, role VARCHAR, text VARCHAR, "
    "source_file VARCHAR, source_row BIGINT, drop_id VARCHAR"
)
CODINGS = (
    "row_key VARCHAR, coding_key VARCHAR, document_key VARCHAR, code_path VARCHAR, code_name VARCHAR, "
    "definition VARCHAR, coder_key VARCHAR, coder_role VARCHAR, start_at BIGINT, end_at BIGINT, quote VARCHAR, "
    "checked VARCHAR, source_file VARCHAR, source_row BIGINT, drop_id VARCHAR"
)


class DocumentRow(NamedTuple):
    """One speaker of one document; the order of fields is that of the table."""

    row_key: str
    document_key: str
    person_key: str
    role: str | None
    text: str
    source_file: str
    source_row: int
    drop_id: str


class CodingRow(NamedTuple):
    """One code that one coder put on one passage of one speaker; the order of fields is that of the table."""

    row_key: str
    coding_key: str
    document_key: str
    code_path: str
    code_name: str
    definition: str
    coder_key: str
    coder_role: str | None
    start_at: int
    end_at: int
    quote: str
    checked: str
    source_file: str
    source_row: int
    drop_id: str


@dataclass(frozen=True)
class Read:
    """One coded project as read for one site."""

    project: Project
    documents: tuple[Document, ...]
    source: str
    drop: str
    secret: bytes = field(repr=False)
    coded: Coded
    matrix: FrameworkMatrix | None = field(default=None, repr=False)
    known: Known = field(default_factory=lambda: Known(frozenset(), frozenset()), repr=False)
    """What earlier files hold already."""

    @cached_property
    def attributes(self) -> Mapping[str, Mapping[str, str]]:
        """Return the attributes of cases by name."""
        return {case.name: case.attributes for case in self.project.cases}

    @property
    def refi(self) -> bool:
        """True where the project came as REFI-QDA."""
        return self.source.lower().endswith(".qdpx")

    def hashed(self, *parts: str) -> str:
        """Return the pseudonym of a name that came with the project."""
        return pseudonym(self.secret, "\x1f".join(parts))


def receive_interviews(site: PilotSite, noun: str) -> Told:
    """Read every coded project of a site into raw.documents or raw.codings."""
    state = standing(site)
    chronicle.note_arrivals(site, state)
    files = coded_files(site, state)
    projects = _reads(site, files)
    for one, read in zip(files, projects, strict=True):
        told = {"kind": "coded project", "origin": read.project.origin}
        facts = {"rows": len(read.project.documents), "columns": 0, "read_as": told}
        chronicle.note_file(site, one.name, "documents", one.drop, one.file, facts)
    rows: list[DocumentRow] | list[CodingRow]
    rows = _documents(projects) if noun == "documents" else [row for read in projects for row in _codings(read)]
    beside = _words(site, projects) if noun == "documents" else []
    for file in (file for one in files for file in (one.file, *used_beside(one))):
        insist_unchanged(file)
    if noun == "documents":
        _keep_names(site, projects)
    with open_warehouse(site) as connection:
        with transaction(connection):
            definition = DOCUMENTS if noun == "documents" else CODINGS
            connection.execute(f"CREATE OR REPLACE TABLE raw.{noun} ({definition})")
            insert(connection, f"raw.{noun}", rows)
            if noun == "documents":
                connection.execute(f"CREATE OR REPLACE TABLE raw.words ({WORDS})")
                insert(connection, "raw.words", [astuple(row) for row in beside])
            note_delivery(connection, noun, state)
        columns = columns_of(connection, f"raw.{noun}")
    return Told(
        _summary(noun, len(rows), state.newest.name, projects), rows=len(rows), columns=columns, table=_notes(projects)
    )


def _reads(site: PilotSite, files: list[CodedFile]) -> list[Read]:
    """Read files in their order; those of one extract are waves or coders of one study, and inform each other."""
    waves: defaultdict[str, list[CodedFile]] = defaultdict(list)
    for one in files:
        waves[one.name].append(one)
    projects = {
        (one.drop.name, one.file.shown, name): project
        for name, those in waves.items()
        for one, project in zip(those, informed([read_coded_file(site, one) for one in those]), strict=True)
    }
    reads = [_read(site, one, projects[one.drop.name, one.file.shown, one.name]) for one in files]
    known = known_before([_of_site(read) for read in reads])
    return [replace(read, known=each) for read, each in zip(reads, known, strict=True)]


def _read(site: PilotSite, one: CodedFile, project: Project) -> Read:
    secret = keys.derived(keys.key(site.workspace, "pseudonym"), site.pilot)
    read = Read(project, (), one.file.shown, one.drop.name, secret, one.coded, read_matrix(site, one))
    return replace(read, documents=tuple(d for d in project.documents if _is_of_site(site, read, d)))


def _of_site(read: Read) -> Project:
    """Return the part of a project that belongs to the site."""
    ours = {document.id for document in read.documents}
    codings = tuple(coding for coding in read.project.codings if coding.document_id in ours)
    return replace(read.project, documents=read.documents, codings=codings)


def _said(attributes: Mapping[str, str], name: str) -> str:
    """Return an attribute; names compare without regard to case."""
    folded = {key.casefold(): value.strip() for key, value in attributes.items()}
    return folded.get(name.casefold(), "")


def _attribute(read: Read, document: Document, name: str) -> str:
    """Return an attribute of the document, or of one of its cases."""
    held = (document.attributes, *(read.attributes[name] for name in document.case_names if name in read.attributes))
    return next((said for attributes in held if (said := _said(attributes, name))), "")


def _is_of_site(site: PilotSite, read: Read, document: Document) -> bool:
    """Tell whether a document belongs to a site, by its attribute or group; without either, by its project."""
    codes = {code.casefold(): key for code, key in site.protocol.site_codes().items()}
    codes |= {one.title.casefold(): key for key, one in site.protocol.sites.items()}
    said = [_attribute(read, document, read.coded.site), *document.groups]
    found = {codes[word.casefold()] for word in said if word.casefold() in codes}
    if found:
        return site.site in found
    serves = [e for e in site.protocol.extracts_of("interviews", site.site).values() if "{site}" in e.file or e.sites]
    if serves or len(site.protocol.sites) == 1:
        return True
    raise Refusal(
        f"{read.source}: a document does not say which site it belongs to.",
        f"Give each document an attribute `{read.coded.site}`, or list the documents in a table that the protocol "
        "names (coded: documents), or keep one project per site with {site} in its name.",
    )


class _Speakers:
    """Who speaks in the documents and codings of a project: cases, or a document itself where none holds it."""

    def __init__(self, read: Read) -> None:
        self._read = read
        self._documents = {document.id: document for document in read.documents}
        self._spans: defaultdict[str, list[CaseSpan]] = defaultdict(list)
        for span in read.project.case_spans:
            self._spans[span.document_id].append(span)
        ours = (coding for coding in read.project.codings if coding.document_id in self._documents)
        self._alone = {coding.document_id for coding in ours if not self._cases(coding)}

    def of_document(self, document: Document) -> tuple[str, ...]:
        """Return the cases of a document; also its own name, where something is coded that belongs to no case."""
        alone = not document.case_names or document.id in self._alone
        return (*document.case_names, *((document.name,) if alone else ()))

    def of_coding(self, coding: Coding) -> tuple[str, ...]:
        """Return the cases of a coding, or its document's name."""
        return self._cases(coding) or (self._documents[coding.document_id].name,)

    def _cases(self, coding: Coding) -> tuple[str, ...]:
        spans = self._spans.get(coding.document_id)
        if not spans:
            return self._documents[coding.document_id].case_names
        return tuple(sorted({span.case_name for span in spans if overlap(span, coding)}))

    def person(self, document: Document, speaker: str) -> str:
        """Return the identifier of who speaks: the attribute that the protocol names, or the speaker's own name."""
        name = self._read.coded.person
        return (self._attribute(document, speaker, name) if name else "") or speaker

    def role(self, document: Document, speaker: str) -> str | None:
        """Return who speaks, for example a participant."""
        return self._attribute(document, speaker, self._read.coded.role).casefold() or None

    def _attribute(self, document: Document, speaker: str, name: str) -> str:
        own = self._read.attributes.get(speaker, {}) if speaker in document.case_names else {}
        return _said(own, name) or _said(document.attributes, name)


def _documents(reads: list[Read]) -> list[DocumentRow]:
    """Return the speakers of each document once; what one file holds twice stays, and the checks speak of it."""
    rows: list[DocumentRow] = []
    for read in reads:
        spoken = {row.document_key for row in rows}
        rows += [row for known, row in _spoken(read) if not known or row.document_key not in spoken]
    return rows


def _spoken(read: Read) -> Iterator[tuple[bool, DocumentRow]]:
    """Yield the speakers of each document, and whether an earlier file holds the document."""
    speakers = _Speakers(read)
    for position, document in enumerate(read.documents, start=1):
        for speaker in speakers.of_document(document):
            key = read.hashed(document.name, speaker)
            # One project has no rows: its documents are counted in the order in which it holds them.
            row_key = f"{read.source}#{position}#{key}"
            yield (
                document.id in read.known.documents,
                DocumentRow(
                    row_key,
                    key,
                    read.hashed(speakers.person(document, speaker)),
                    speakers.role(document, speaker),
                    document.text,
                    read.source,
                    position,
                    read.drop,
                ),
            )


def _codings(read: Read) -> Iterator[CodingRow]:
    codes = {code.id: (" / ".join(code.path), code.name, code.description) for code in read.project.codes}
    coders = {each.id: (read.hashed(each.name), read.coded.role_of(each.name)) for each in read.project.coders}
    documents = {document.id: document for document in read.documents}
    speakers = _Speakers(read)
    keys_of: dict[tuple[str, str], str] = {}
    # Only REFI-QDA gives a coding an identity of its own; elsewhere it is a number within its file.
    within = () if read.refi else (read.source,)
    for position, coding in enumerate(read.project.codings, start=1):
        document = documents.get(coding.document_id)
        if document is None or coding.id in read.known.codings:
            continue
        for speaker in speakers.of_coding(coding):
            key = keys_of.get((document.name, speaker))
            if key is None:
                key = keys_of[document.name, speaker] = read.hashed(document.name, speaker)
            yield CodingRow(
                f"{read.source}#{position}#{key}",
                read.hashed(*within, coding.id, speaker),
                key,
                *codes[coding.code_id],
                *coders.get(coding.coder_id, ("", None)),
                coding.start,
                coding.end,
                coding.quote,
                coding.checked,
                read.source,
                position,
                read.drop,
            )


def _words(site: PilotSite, projects: list[Read]) -> list[WordsRow]:
    """Return summaries, stories and replies, each once."""
    voiced = [Voiced(read, _Speakers(read)) for read in projects]
    codes = {code.casefold(): key for code, key in site.protocol.site_codes().items()}
    codes |= {name.casefold(): key for key, one in site.protocol.sites.items() for name in (key, one.title)}
    rows = [*(row for one in voiced for row in stories(one)), *summaries(voiced, codes, site.site)]
    return list({(row.kind, row.document_key, row.person_key, row.theme, row.words): row for row in rows}.values())


def _keep_names(site: PilotSite, projects: list[Read]) -> None:
    """Lock away the names of documents and cases: they often hold a case number."""
    rows = {
        ("documents", read.hashed(speaker), "person", speaker)
        for read, speakers in ((read, _Speakers(read)) for read in projects)
        for document in read.documents
        for name in speakers.of_document(document)
        for speaker in {name: None, speakers.person(document, name): None}
    }
    with open_vault(site) as vault, transaction(vault):
        vault.execute("DELETE FROM vault.kept WHERE noun = 'documents'")
        insert(vault, "vault.kept", sorted(rows))


def _summary(noun: str, rows: int, drop: str, projects: list[Read]) -> str:
    if not projects:
        return "This pilot site has no coded interviews in its drop."
    aside = sum(len(read.project.quarantined) for read in projects)
    what = "interviews" if noun == "documents" else "codings"
    kept = f" {aside:,} codings could not be placed and were left out." if aside and noun == "codings" else ""
    return f"{rows:,} {what} arrived in the drop {drop}.{kept}"


def _notes(projects: list[Read]) -> str:
    """Return where the files leave the standard, as a Markdown list."""
    notes = [note for read in projects for note in (*read.project.deviations, *_unlinked(read.project), *_coders(read))]
    return "\n".join(f"- {note}" for note in notes)


def _coders(read: Read) -> list[str]:
    """Return a warning when names of coders in the protocol and in the project differ; never a name."""
    if not read.coded.coders:
        return []
    found = [coder.name for coder in read.project.coders]
    without = sum(read.coded.role_of(name) is None for name in found)
    idle = len(read.coded.coders) - (len(found) - without)
    told = f"Of the coders that the protocol names, {idle} did not code here" if idle > 0 else ""
    other = f"{without} who coded have no role in the protocol" if without else ""
    return [f"{'; '.join(filter(None, (told, other)))}."] if told or other else []


def _unlinked(project: Project) -> list[str]:
    """Return a warning when a project has cases, but no document belongs to one."""
    if not project.cases or any(document.case_names for document in project.documents):
        return []
    return ["The project's cases hold no document: each document counts as a speaker of its own, without a role."]
