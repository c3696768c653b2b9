"""Files of coding tools that hold no passages to read, known by what is in them, and what to export instead."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from pathlib import Path

from pipelines.qualitative.atlas_tables import QUOTATIONS
from pipelines.qualitative.coded_tables import DEEPEST, DELIMITERS, WORKBOOKS, fold, in_our_words
from pipelines.qualitative.models import UnreadableProject
from pipelines.qualitative.passages_table import PASSAGES
from pipelines.qualitative.safe_zip import SafeZip, UnsafeZip
from pipelines.qualitative.transcripts import WORD

EXPORT = "Export the project as REFI-QDA (.qdpx)"
PROJECTS: Mapping[str, str] = {
    **dict.fromkeys((".nvp", ".nvpx", ".nvcx", ".nvpd"), "NVivo"),
    **dict.fromkeys((".atlproj", ".atlproj9", ".atlproj22", ".atlproj23", ".hpr7", ".hpr8"), "ATLAS.ti"),
    **{f".mx{version}": "MAXQDA" for version in (*range(2, 8), 11, 12, 18, 20, 22, 24)},
    **dict.fromkeys((".qrk", ".qpd"), "Quirkos"),
    ".tra": "Transana",
    **dict.fromkeys((".mex", ".mtr", ".mxml", ".loa5"), "MAXQDA"),
    **dict.fromkeys((".f4project", ".f4p", ".f4a"), "f4analyse"),
    **dict.fromkeys((".ded", ".dedx"), "Dedoose"),
}
"""Endings of projects in their tool's own format."""
# Reports of NVivo, by names that only they have.
_REPORTS: Mapping[str, frozenset[str]] = {
    "a report on coding": frozenset({"coded by initials", "number of coding references", "number of coding files"}),
    "a list of codes or files": frozenset({"references", "files", "modified by", "created by"}),
}
_DOCUMENTS: Mapping[bytes, str] = {
    b"{\\rtf": "a rich text file",
    b"%PDF": "a PDF",
    b"<!doctype html": "a web page",
    b"<html": "a web page",
}
REFI = "the XML out of a REFI-QDA project. Send the project itself (.qdpx): it holds the texts, too"
ANNOTATION = "Export the project as REFI-QDA (.qdpx) if the tool can, or send a table of codings (QUALITATIVE.md)"
# What XML, JSON and tables of annotation tools begin with, and what to do instead.
_BEGINNINGS: Mapping[str, str] = {
    r"(?:<\?xml[^>]*>\s*)?(?:<![^>]*>\s*)*<(?:\w+:)?project\b[^>]*urn:qda-xml": REFI,
    r"(?:<\?xml[^>]*>\s*)?<(?:\w+:)?codebook\b": "a codebook: it holds codes, but no passages. " + EXPORT,
    r"(?:<\?xml[^>]*>\s*)?(?:<![^>]*>\s*)*<storedhu\b": "an XML export of ATLAS.ti 7, which is not read. "
    "Open the project in ATLAS.ti 8 or later and export it as REFI-QDA (.qdpx)",
    r"(?:<\?xml[^>]*>\s*)?<(?:xmi:)?xmi\b": f"an annotated text (UIMA XMI), which is not read. {ANNOTATION}",
    r"(?:<\?xml[^>]*>\s*)?<tei\b": f"an annotated text (TEI), which is not read. {ANNOTATION}",
    r"#format=webanno": f"an annotated text (WebAnno), which is not read. {ANNOTATION}",
    r"[\[{].{0,4000}?\"(?:annotations|label|labels|entities|spans|data|text)\"\s*:": "a file of annotations (JSON, as "
    f"Label Studio, doccano and INCEpTION write it), which is not read. {ANNOTATION}",
    r"<\?xml": f"an XML file of a kind that is not read here. {ANNOTATION}",
}
COMMENTS = "word/comments.xml"
# Codes (485-522)
_CODED = re.compile(rb">Codes\s*\(\s*\d+\s*-\s*\d+\s*\)<")
_LABELLED = re.compile(r"\[\s*\{\s*\"+(?:start|end|text|labels)")
_ROW, _COLUMN = re.compile(r"\d+ : \S.*"), re.compile(r"[A-Z]{1,3} : \S.*")


def foreign_project(label: str) -> str:
    """Return what to send instead of a tool's own project, told by its name's ending; nothing where it is none."""
    tool = PROJECTS.get(Path(label).suffix.casefold())
    return f"{label} is a project in the format of {tool}, which {tool} alone reads. {EXPORT} instead." if tool else ""


def other_export(path: Path, label: str) -> str:
    """Return what a file that holds no passages is, and what to send instead; nothing where it is not known here."""
    with path.open("rb") as file:
        start = file.read(64).lstrip(b"\xef\xbb\xbf \t\r\n").lower()
    if kind := next((said for sign, said in _DOCUMENTS.items() if start.startswith(sign.lower())), ""):
        return f"{label} is {kind}, which is not read. Save it as Word (.docx) or plain text."
    if kind := _word_document(path):
        return f"{label} is {kind}."
    if kind := _annotations(path):
        return f"{label} is {kind}."
    for rows in _rows(path):
        if _is_matrix(rows):
            return f"{label} is a matrix of numbers that NVivo made: it holds no passages. {EXPORT} instead."
        cells = {fold(cell) for row in rows for cell in row}
        report = _REPORTS["a report on coding"] & cells
        if any(map(_lacks_codes, rows)):
            return f"{label} lists passages, but not their codes. Export it with the column of codes."
        if report or _REPORTS["a list of codes or files"] <= cells:
            kind = "a report on coding" if report else "a list of codes or files"
            return f"{label} is {kind} that NVivo made: it does not say where passages stand. {EXPORT} instead."
    return ""


def _word_document(path: Path) -> str:
    """Return what a Word document is, and what to send instead; nothing where a file is none."""
    try:
        with SafeZip(path) as packed:
            names = packed.names
            notes = packed.read(COMMENTS) if COMMENTS in names else b""
    except UnsafeZip:
        return ""
    if WORD not in names:
        return ""
    if _CODED.search(notes):
        return "a document with its codes as comments, as Dedoose writes it. Export the excerpts with all code columns"
    return f"a Word document without NVivo's references. If it is a transcript, send the codings beside it. {EXPORT}"


def _annotations(path: Path) -> str:
    """Return what an XML or JSON file, or a table of annotations in JSON, is; nothing where it is none."""
    with path.open("rb") as file:
        start = file.read(1 << 16)
    encoding = "utf-16" if start.startswith((b"\xff\xfe", b"\xfe\xff")) else "utf-8-sig"
    text = start.decode(encoding, "replace").lstrip()
    for sign, said in _BEGINNINGS.items():
        if re.match(sign, text, re.IGNORECASE | re.DOTALL):
            return said
    return f"a table of annotations in JSON, which is not read. {ANNOTATION}" if _LABELLED.search(text) else ""


def _lacks_codes(row: list[str]) -> bool:
    """Tell the head of a list of passages whose codes were not exported, or stand in the names of sheets."""
    folded = [fold(cell) for cell in row]
    known = {key for key, said in QUOTATIONS.names.items() if any(cell in said for cell in folded)}
    coded = PASSAGES.names["code"] | PASSAGES.names["above"] | QUOTATIONS.names["codes"]
    return {"quote", "document"} <= known and coded.isdisjoint(folded) and len(known) > 2


def _is_matrix(rows: list[list[str]]) -> bool:
    """Tell NVivo's matrices: rows are numbered, columns lettered."""
    columns = max((sum(bool(_COLUMN.fullmatch(cell.strip())) for cell in row) for row in rows), default=0)
    return columns > 0 and sum(bool(row and _ROW.fullmatch(row[0].strip())) for row in rows) > 0


def _rows(path: Path) -> Iterator[list[list[str]]]:
    """Yield the first rows of a table, or of each sheet of a workbook."""
    try:
        with path.open("rb") as file:
            start = file.read(1 << 16)
        if not start.startswith(WORKBOOKS):
            text = start.decode("utf-8", "replace")
            lines = text.splitlines()[:DEEPEST]
            yield from ([[cell.strip('"') for cell in line.split(each)] for line in lines] for each in DELIMITERS)
            return
        yield from in_our_words(lambda: list(_sheets(path)))
    except UnreadableProject:
        return


def _sheets(path: Path) -> Iterator[list[list[str]]]:
    from pipelines.ingest.book_kinds import open_book

    book = open_book(path)
    for sheet in book.sheets:
        yield [list(cells) for _, cells in sorted(book.grid(sheet.name, DEEPEST).rows.items())]
