"""What is the same in several coded projects: one rule for waves of a study and for coders of the same texts.

GUIDs are not stable between exports of the same project, so everything is matched by what it is: codes by path,
documents by name and text, coders by name, codings by all of these and their place.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import astuple, dataclass
from datetime import date
from hashlib import sha256
from typing import Any

from pipelines.qualitative.models import Coding, Document, Project
from pipelines.qualitative.refi_parts import guid

Dated = tuple[date, str]
SameCoding = tuple[str, str, str, int, int, bool]
"""Document, code, coder, start, end, and whether the document was coded as a whole."""


@dataclass(frozen=True)
class Wave:
    """A project and the merged ids of its parts by their own; later projects have a higher rank."""

    project: Project
    rank: Dated
    codes: Mapping[str, str]
    documents: Mapping[str, str]
    coders: Mapping[str, str]

    def same(self, coding: Coding) -> SameCoding:
        """Return what tells a coding from others: equal for the same coding in whatever project."""
        document, code = self.documents[coding.document_id], self.codes[coding.code_id]
        coder, whole = self.coders.get(coding.coder_id, ""), coding.checked == "whole-document"
        return document, code, coder, coding.start, coding.end, whole


@dataclass(frozen=True)
class Known:
    """The documents and codings, by their ids, that an earlier project holds already."""

    documents: frozenset[str]
    codings: frozenset[str]


def wave_of(project: Project) -> Wave:
    """Return a project with what its parts are known by."""
    media = {each.id: made("document", each.kind, each.name, "") for each in project.media}
    return Wave(
        project,
        (known_on(project) or date.min, project.name),
        {code.id: made("code", *code.path) for code in project.codes},
        media | {each.id: made("document", each.name, digest(each)) for each in project.documents},
        {coder.id: made("coder", coder.name) for coder in project.coders},
    )


def known_before(projects: Sequence[Project]) -> tuple[Known, ...]:
    """Return for each project, in the given order, what those before it hold already.

    Waves and coders are often exported each with everything. What one project holds twice counts as it stands there.
    """
    documents: set[str] = set()
    codings: set[SameCoding] = set()
    found = []
    for wave in map(wave_of, projects):
        same = {coding.id: wave.same(coding) for coding in wave.project.codings}
        own = {each.id: wave.documents[each.id] for each in wave.project.documents}
        found.append(
            Known(
                frozenset(each for each, identity in own.items() if identity in documents),
                frozenset(each for each, identity in same.items() if identity in codings),
            )
        )
        documents.update(own.values())
        codings.update(same.values())
    return tuple(found)


def known_on(project: Project) -> date | None:
    """Return the day of a project's export, or of its youngest coding; None where neither is known."""
    days = [project.created] if project.created else [each.created for each in project.codings if each.created]
    return max((each.date() for each in days), default=None)


def digest(document: Document) -> str:
    """Return what tells a text from others."""
    return sha256(document.text.encode("utf-8", "surrogatepass")).hexdigest()


def made(kind: str, *parts: str) -> str:
    """Return an id that depends on what something is alone; lengths keep names with any signs in them apart."""
    return guid(kind, "merged " + " ".join(f"{len(part)}:{part}" for part in parts))


def key_of(item: Any) -> str:
    """Return what orders items of one kind, and finds equal ones."""
    return repr(astuple(item))
