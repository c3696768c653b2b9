"""A table that says who speaks in each document, for tools that keep neither cases nor attributes.

Columns `document` and, where known, `case`; every further column is an attribute: of the case, or of the document where
its row names no case.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

from pipelines.qualitative.coded_tables import CodedTable, Line, Signature, fold, names, tables_of
from pipelines.qualitative.models import Case, Document, Project, UnreadableProject
from pipelines.qualitative.transcripts import known_as

REGISTER = Signature("documents", ("document",), names(document="document", case="case|person"))


def with_register(
    project: Project, path: Path, *, name: str, encoding: str = "", of_documents: Sequence[str] = ()
) -> Project:
    """Return a project whose documents have the cases and attributes of a register.

    Parameters
    ----------
    project
        As the tool left it; what it says itself of cases and attributes stays, and the register's word counts first.
    path
        The register, CSV or a workbook. Names of documents are compared without regard to case and ending.
    name
        What messages call it.
    encoding
        Of a text file, where its bytes do not say.
    of_documents
        Columns that say something of the document, also in a row that names a case.

    Raises
    ------
    UnreadableProject
        It has no column `document`, or a row's document has no name.
    """
    tables = tables_of(path, name, (REGISTER,), encoding=encoding)
    if len(tables) != 1:
        raise UnreadableProject(f"{name} cannot be read: it is no table with a column `document`.")
    rows = _rows(tables[0])
    cases = {case.name: case for case in project.cases}
    apart = frozenset(map(fold, of_documents))
    documents = tuple(
        _filled(each, tables[0], rows.pop(known_as(each.name), ()), cases, apart) for each in project.documents
    )
    unknown = (f"{name} names {len(rows)} documents that the project does not have",) if rows else ()
    return replace(
        project, documents=documents, cases=tuple(cases.values()), deviations=(*project.deviations, *unknown)
    )


def _rows(table: CodedTable) -> dict[str, list[Line]]:
    found: defaultdict[str, list[Line]] = defaultdict(list)
    for line in table.lines:
        if not (document := table.cell(line, "document")):
            raise UnreadableProject(f"{table.at(line)}: a row needs a document.")
        found[known_as(document)].append(line)
    return dict(found)


def _filled(
    document: Document, table: CodedTable, lines: Sequence[Line], cases: dict[str, Case], apart: frozenset[str]
) -> Document:
    attributes, held = dict(document.attributes), []
    for line in lines:
        further = table.further(line)
        said = {name: value for name, value in further.items() if fold(name) not in apart}
        attributes |= {name: value for name, value in further.items() if fold(name) in apart}
        if case := table.cell(line, "case"):
            known = cases.get(case, Case(f"case-{case}", case))
            cases[case] = replace(known, attributes={**known.attributes, **said})
            held.append(case)
        else:
            attributes |= said
    return replace(document, attributes=attributes, case_names=tuple(sorted(set(held))) or document.case_names)
