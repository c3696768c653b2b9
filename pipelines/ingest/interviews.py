"""Coded interviews at the door: who speaks becomes a pseudonym, names of files and coders stay in the vault.

Reading a coded project and placing its quotes belongs in pipelines.qualitative.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import astuple, dataclass
from pathlib import Path

from pipelines import keys
from pipelines.ingest import chronicle
from pipelines.ingest.drops import DroppedFile
from pipelines.ingest.pseudonyms import pseudonym
from pipelines.ingest.standing import Known, Standing, standing
from pipelines.ingest.store import insist_unchanged, opened
from pipelines.ingest.tables import note_delivery
from pipelines.qualitative.models import Document, Project, UnreadableProject
from pipelines.qualitative.refi_qda import read_project
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
    "definition VARCHAR, coder_key VARCHAR, start_at BIGINT, end_at BIGINT, quote VARCHAR, checked VARCHAR, "
    "source_file VARCHAR, source_row BIGINT, drop_id VARCHAR"
)


@dataclass(frozen=True)
class DocumentRow:
    """One speaker of one document; the order of fields is that of the table."""

    row_key: str
    document_key: str
    person_key: str
    role: str | None
    text: str
    source_file: str
    source_row: int
    drop_id: str


@dataclass(frozen=True)
class CodingRow:
    """One code that one coder put on one passage of one speaker; the order of fields is that of the table."""

    row_key: str
    coding_key: str
    document_key: str
    code_path: str
    code_name: str
    definition: str
    coder_key: str
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
    secret: bytes

    def hashed(self, *parts: str) -> str:
        """Return the pseudonym of a name that came with the project."""
        return pseudonym(self.secret, "\x1f".join(parts))


def receive_interviews(site: PilotSite, noun: str) -> Told:
    """Read every coded project of a site into raw.documents or raw.codings."""
    state = standing(site)
    chronicle.note_arrivals(site, state)
    files = _files(site, state)
    projects = [_read(site, drop, file) for _, drop, file in files]
    for (name, drop, file), read in zip(files, projects, strict=True):
        facts = {"rows": len(read.project.documents), "columns": 0, "read_as": {"kind": "coded project"}}
        chronicle.note_file(site, name, "documents", drop, file, facts)
    rows = [row for read in projects for row in (_documents(read) if noun == "documents" else _codings(read))]
    for *_, file in files:
        insist_unchanged(file)
    if noun == "documents":
        _keep_names(site, projects)
    with open_warehouse(site) as connection:
        with transaction(connection):
            definition = DOCUMENTS if noun == "documents" else CODINGS
            connection.execute(f"CREATE OR REPLACE TABLE raw.{noun} ({definition})")
            insert(connection, f"raw.{noun}", [astuple(row) for row in rows])
            note_delivery(connection, noun, state)
        columns = columns_of(connection, f"raw.{noun}")
    return Told(
        _said(noun, len(rows), state.newest.name, projects), rows=len(rows), columns=columns, table=_notes(projects)
    )


def _files(site: PilotSite, state: Standing) -> list[tuple[str, Known, DroppedFile]]:
    """Return the coded projects that count for a site; a missing one is a fault unless its extract is optional."""
    return [
        (name, drop, file)
        for name, extract in site.protocol.extracts_of("interviews", site.site).items()
        for drop, files in state.counting(name, extract, site.site)
        for file in files
    ]


def _read(site: PilotSite, drop: Known, file: DroppedFile) -> Read:
    with opened(site, file) as path:
        if path.suffix.lower() != ".qdpx":
            raise Refusal(
                f"{path.name} is of a kind that is not read here.", "Export the coded project as REFI-QDA (.qdpx)."
            )
        project = _project(path)
    secret = keys.derived(keys.key(site.workspace, "pseudonym"), site.pilot)
    documents = tuple(d for d in project.documents if _is_of_site(site, project, d, path))
    return Read(project, documents, file.shown, drop.name, secret)


def _project(path: Path) -> Project:
    try:
        return read_project(path, name=path.name)
    except UnreadableProject as error:
        problem = str(error)
    except OSError:
        problem = f"{path.name} cannot be opened."
    raise Refusal(problem, "Export the project again. The earlier results stand.")


def _attribute(project: Project, document: Document, name: str) -> str:
    """Return a variable of the document, or of its case; names compare without regard to case."""
    cases = [case.attributes for case in project.cases if case.name in document.case_names]
    for attributes in (document.attributes, *cases):
        folded: Mapping[str, str] = {key.casefold(): value for key, value in attributes.items()}
        if folded.get(name, "").strip():
            return folded[name].strip()
    return ""


def _is_of_site(site: PilotSite, project: Project, document: Document, path: Path) -> bool:
    """Tell whether a document belongs to a site, by its variable or group; without either, by its project."""
    codes = {code.casefold(): key for code, key in site.protocol.site_codes().items()}
    codes |= {one.title.casefold(): key for key, one in site.protocol.sites.items()}
    said = [_attribute(project, document, "site"), *document.groups]
    found = {codes[word.casefold()] for word in said if word.casefold() in codes}
    if found:
        return site.site in found
    serves = [e for e in site.protocol.extracts_of("interviews", site.site).values() if "{site}" in e.file or e.sites]
    if serves or len(site.protocol.sites) == 1:
        return True
    raise Refusal(
        f"{path.name}: a document does not say which site it belongs to.",
        "Give each document a variable `site`, or keep one project per site with {site} in its name.",
    )


def _speakers(read: Read, document: Document) -> tuple[str, ...]:
    """Return who speaks in a document: its cases, or the document itself when it names none."""
    return document.case_names or (document.name,)


def _documents(read: Read) -> Iterator[DocumentRow]:
    for position, document in enumerate(read.documents, start=1):
        role = _attribute(read.project, document, "role").casefold() or None
        for speaker in _speakers(read, document):
            key = read.hashed(document.name, speaker)
            # One project has no rows: its documents are counted in the order in which it holds them.
            row_key = f"{read.source}#{position}#{key}"
            yield DocumentRow(row_key, key, read.hashed(speaker), role, document.text, read.source, position, read.drop)


def _codings(read: Read) -> Iterator[CodingRow]:
    codes, coders = ({x.id: x for x in items} for items in (read.project.codes, read.project.coders))
    documents = {document.id: document for document in read.documents}
    for position, coding in enumerate(read.project.codings, start=1):
        document = documents.get(coding.document_id)
        if document is None:
            continue
        code, coder = codes[coding.code_id], coders.get(coding.coder_id)
        for speaker in read.project.cases_of(coding) or (document.name,):
            key = read.hashed(document.name, speaker)
            yield CodingRow(
                f"{read.source}#{position}#{key}",
                read.hashed(coding.id, speaker),
                key,
                " / ".join(code.path),  # type: ignore[union-attr]
                code.name,
                getattr(code, "description", ""),
                read.hashed(coder.name) if coder else "",
                coding.start,
                coding.end,
                coding.quote,
                coding.checked,
                read.source,
                position,
                read.drop,
            )


def _keep_names(site: PilotSite, projects: list[Read]) -> None:
    """Lock away the names of documents and cases: they often hold a case number."""
    rows = {
        ("documents", read.hashed(speaker), "person", speaker)
        for read in projects
        for document in read.documents
        for speaker in _speakers(read, document)
    }
    with open_vault(site) as vault, transaction(vault):
        vault.execute("DELETE FROM vault.kept WHERE noun = 'documents'")
        insert(vault, "vault.kept", sorted(rows))


def _said(noun: str, rows: int, drop: str, projects: list[Read]) -> str:
    if not projects:
        return "This pilot site has no coded interviews in its drop."
    aside = sum(len(read.project.quarantined) for read in projects)
    what = "interviews" if noun == "documents" else "codings"
    kept = f" {aside:,} codings could not be placed and were left out." if aside and noun == "codings" else ""
    return f"{rows:,} {what} arrived in the drop {drop}.{kept}"


def _notes(projects: list[Read]) -> str:
    """Return where the files leave the standard, as a Markdown list."""
    notes = [note for read in projects for note in (*read.project.deviations, *_unlinked(read.project))]
    return "\n".join(f"- {note}" for note in notes)


def _unlinked(project: Project) -> list[str]:
    """Return a warning when a project has cases, but no document belongs to one."""
    if not project.cases or any(document.case_names for document in project.documents):
        return []
    return ["The project's cases hold no document: each document counts as a speaker of its own, without a role."]
