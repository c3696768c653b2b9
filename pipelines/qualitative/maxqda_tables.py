r"""MAXQDA's export of coded or retrieved segments (XLSX), in English, German, Spanish or Portuguese.

A row is one code on one segment. ``Beginning`` and ``End`` are paragraphs, not characters, so a segment is looked for
by its words. Codes stand with those above them, as ``Code > Subcode`` or ``Code\Subcode``.
"""

from __future__ import annotations

from pipelines.qualitative.code_lists import tidy_code
from pipelines.qualitative.coded_tables import CodedTable, Signature, moments, names
from pipelines.qualitative.refi_elements import Deviations
from pipelines.qualitative.segments import Segment

SEGMENTS = Signature(
    "maxqda",
    ("document", "code", "quote"),
    names(
        colour="color|colour|farbe|cor",
        memo="comment|kommentar|comentario",
        group="document group|dokumentgruppe|grupo de documentos",
        document="document name|dokumentname|nombre de documento|nombre del documento|nome do documento",
        code="code|codigo",
        begin="beginning|begin|start|anfang|comienzo|inicio",
        end="end|ende|fin|final|fim",
        weight="weight|weight score|gewicht|peso",
        quote="segment|coded segment|codiertes segment|segmento|segmento codificado",
        coder="author|created by|coded by|autor|erstellt von|codiert von|creado por|criado por",
        created="creation date|created|date|erstellt am|erstelldatum|datum|fecha de creacion|data de criacao",
        changer="modified by|bearbeitet von|geandert von|modificado por",
        changed="modified|bearbeitet am|geandert am|modificado",
        area="area|flache|coverage %|coverage|abdeckungsgrad %|abdeckungsgrad|area %",
    ),
)
SEPARATORS = (" > ", "\\")


def maxqda_segments(table: CodedTable, deviations: Deviations) -> list[Segment]:
    """Return the segments of an export; a segment with several codes has several rows."""
    created = moments([table.cell(line, "created") for line in table.lines])
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
                document=table.cell(line, "document") or "(no name)",
                codes=(_path(code),),
                quote=table.cell(line, "quote"),
                coder=table.cell(line, "coder"),
                created=moment,
                memo=table.cell(line, "memo"),
                groups=(group,) if group else (),
                attributes=table.further(line),
            )
        )
    return segments


def _path(code: str) -> tuple[str, ...]:
    separator = next((each for each in SEPARATORS if each in code), "\0")
    return tuple(part.strip() for part in code.split(separator) if part.strip()) or (code,)
