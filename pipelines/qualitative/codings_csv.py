"""Our own minimum, `codings.csv`, for whoever codes without a tool or with one that is not read. See QUALITATIVE.md."""

from __future__ import annotations

from pipelines.qualitative.coded_tables import CodedTable, Line, Signature, moments, names
from pipelines.qualitative.models import UnreadableProject
from pipelines.qualitative.passages_table import PASSAGES
from pipelines.qualitative.refi_elements import Deviations
from pipelines.qualitative.segments import Segment

CODINGS = Signature(
    "codings",
    ("document", "code"),
    names(
        document="document",
        start="start",
        end="end",
        code="code",
        coder="coder",
        date="date",
        quote="quote",
        case="case",
        memo="memo",
    ),
    either=("quote", "start"),
    words=PASSAGES.names["quote"],
)
NO_POSITION = -1
"""Stands for a cell that should hold a position and does not: it lies in no text, so the passage is set aside."""


def csv_segments(table: CodedTable, deviations: Deviations) -> list[Segment]:
    """Return the rows of a `codings.csv`; further columns are attributes of the case, or of the document.

    Raises
    ------
    UnreadableProject
        A row lacks its document or its code.
    """
    created = moments([table.cell(line, "date") for line in table.lines])
    segments = []
    for line, moment in zip(table.lines, created, strict=True):
        document = table.cell(line, "document")
        path = tuple(part.strip() for part in table.cell(line, "code").split(" / ") if part.strip())
        if not document or not path:
            raise UnreadableProject(f"{table.at(line)}: a row needs a document and a code.")
        if table.cell(line, "date") and moment is None:
            deviations.add("a date could be read in two ways, or not at all; left out")
        start, end = _position(table, line, "start"), _position(table, line, "end")
        if (start is None) != (end is None):
            start = end = NO_POSITION
        segments.append(
            Segment(
                key=str(line.number),
                document=document,
                codes=(path,),
                quote=table.words(line, "quote"),
                start=start,
                end=end,
                coder=table.cell(line, "coder"),
                created=moment,
                case=table.cell(line, "case"),
                memo=table.cell(line, "memo"),
                attributes=table.further(line),
            )
        )
    return segments


def _position(table: CodedTable, line: Line, column: str) -> int | None:
    text = table.cell(line, column).removesuffix(".0")
    if not text:
        return None
    return int(text) if text.isascii() and text.isdecimal() and len(text) < 16 else NO_POSITION
