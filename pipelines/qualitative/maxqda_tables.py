r"""MAXQDA's export of coded or retrieved segments (XLSX), in English, German, Spanish or Portuguese.

A row is one code on one segment. ``Beginning`` and ``End`` are paragraphs, not characters, so a segment is looked for
by its words. Codes stand with those above them, as ``Code > Subcode`` or ``Code\Subcode``.
"""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Sequence

from pipelines.qualitative.code_lists import tidy_code
from pipelines.qualitative.coded_tables import CodedTable, Line, Signature, fold, moments, names
from pipelines.qualitative.models import UnreadableProject
from pipelines.qualitative.refi_elements import Deviations
from pipelines.qualitative.segments import SHARED, Segment

SEGMENTS = Signature(
    "maxqda",
    ("document", "code", "quote"),
    names(
        colour="color|colour|farbe|cor|couleur|colore",
        memo="comment|comments|kommentar|comentario|commentaire|commento",
        group="document group|dokumentgruppe|grupo de documentos|groupe de documents|gruppo di documenti",
        document=(
            "document name|dokumentname|nombre de documento|nombre del documento|nome do documento|nom du document|"
            "nom de document|nome documento|nome del documento"
        ),
        code="code|codigo|codice",
        begin="beginning|begin|start|anfang|comienzo|inicio|debut|inizio",
        end="end|ende|fin|final|fim|fine",
        weight=(
            "weight|weight score|gewicht|gewichtung|gewicht (rating)|rating|peso|ponderacion|ponderacao|poids|"
            "score de ponderation|ponderation|punteggio"
        ),
        quote=("segment|coded segment|codiertes segment|segmento|segmento codificado|segment code|segmento codificato"),
        coder=(
            "author|created by|coded by|autor|erstellt von|codiert von|creado por|criado por|codificado por|auteur|"
            "cree par|autore|creato da"
        ),
        created=(
            "creation date|created|created on|date|date created|erstellt am|erstellt|erstelldatum|erstellungsdatum|"
            "datum|fecha de creacion|fecha|data de criacao|data|date de creation|data di creazione"
        ),
        changer="modified by|bearbeitet von|geandert von|modificado por|modifie par|modificato da",
        changed=(
            "modified|modified on|date modified|modification date|bearbeitet am|bearbeitet|geandert am|modificado|"
            "modificado el|fecha de modificacion|data de modificacao|modifie|modifie le|date de modification|modificato"
        ),
        area=(
            "area|flache|superficie|coverage %|coverage|abdeckungsgrad %|abdeckungsgrad|abdeckung %|area %|"
            "cobertura %|% cobertura|% coverage|couverture %|% couverture|copertura %"
        ),
        kind="origin|document set|dokumentset|media type|link|id|segment id|paraphrase|summary",
    ),
    again=("document",),
)
# MAXQDA can put variables of documents beside their segments, and among these how often each code is in a document.
COUNT = re.compile(r"code\s*:\s.+", re.IGNORECASE)
COUNTED = "columns that count a document's codes are not read"
SEPARATORS = (" > ", "\\")


def maxqda_segments(table: CodedTable, deviations: Deviations) -> list[Segment]:
    """Return the segments of an export; a segment with several codes has several rows."""
    created = moments([table.cell(line, "created") for line in table.lines])
    counts = [name for name in table.columns if COUNT.fullmatch(name)]
    if counts:
        deviations.add(COUNTED)
    shown = _documents(table, deviations)
    segments = []
    for line, moment in zip(table.lines, created, strict=True):
        code = tidy_code(table.cell(line, "code"))
        if not code:
            deviations.add("a segment has no code; left out")
            continue
        if table.cell(line, "created") and moment is None:
            deviations.add("a date could be read in two ways, or not at all; left out")
        group = table.cell(line, "group")
        segments.append(
            Segment(
                key=str(line.number),
                document=shown[line.number],
                codes=(_path(code),),
                quote=table.cell(line, "quote"),
                coder=table.cell(line, "coder"),
                created=moment,
                memo=table.cell(line, "memo"),
                groups=(group,) if group else (),
                attributes=table.further(line, counts),
            )
        )
    return segments


def _documents(table: CodedTable, deviations: Deviations) -> dict[int, str]:
    """Return the document of each row, by its number; where two groups have one of a name, with its group.

    Raises
    ------
    UnreadableProject
        A second column of documents, as variables have it, says something else.
    """
    columns = sorted(k for k in table.known if fold(table.columns[k]) in SEGMENTS.names["document"])
    names = {line.number: _document(table, line, columns) for line in table.lines}
    groups: defaultdict[str, set[str]] = defaultdict(set)
    for line in table.lines:
        groups[names[line.number]].add(table.cell(line, "group"))
    if any(len(held) > 1 for held in groups.values()):
        deviations.add(SHARED)
    named = ((line.number, names[line.number], table.cell(line, "group")) for line in table.lines)
    return {number: f"{group} / {name}" if group and len(groups[name]) > 1 else name for number, name, group in named}


def _document(table: CodedTable, line: Line, columns: Sequence[int]) -> str:
    found = {line.cells[k].strip() for k in columns} - {""}
    if len(found) > 1:
        raise UnreadableProject(f"{table.at(line)}: two columns name its document, and differ.")
    return table.cell(line, "document") or "(no name)"


def _path(code: str) -> tuple[str, ...]:
    separator = next((each for each in SEPARATORS if each in code), "\0")
    return tuple(part.strip() for part in code.split(separator) if part.strip()) or (code,)
