"""Taguette's export of highlights (CSV or XLSX): a row for each tag on each highlight, without positions or coder."""

from __future__ import annotations

from pipelines.qualitative.coded_tables import CodedTable, Signature, names
from pipelines.qualitative.refi_elements import Deviations
from pipelines.qualitative.segments import Segment

HIGHLIGHTS = Signature(
    "taguette-highlights",
    ("number", "document", "code", "quote"),
    names(number="id", document="document", code="tag", quote="content"),
    exactly=True,
)


def highlight_segments(table: CodedTable, deviations: Deviations) -> list[Segment]:
    """Return the highlights; the export of one tag names a highlight again for each tag, which counts once."""
    deviations.add("Taguette's list of highlights does not say who coded, nor where; its database does")
    segments = []
    for line in table.lines:
        if code := table.cell(line, "code"):
            number, document = table.cell(line, "number").removesuffix(".0"), table.cell(line, "document")
            segments.append(Segment(number, document or "(no name)", ((code,),), table.cell(line, "quote")))
        else:
            deviations.add("a highlight has no tag; left out")
    return segments
