r"""Dedoose's export of excerpts (XLSX or CSV): a row for each excerpt, and for each code a column with True or False.

``Codes Applied Combined`` holds the last names of codes only, joined by commas that names may hold too; the columns
``Code: Parent\Child Applied`` are safe, so these are read, and the other is compared with them.
"""

from __future__ import annotations

import re

from pipelines.qualitative.coded_tables import CodedTable, Line, Signature, moments, names
from pipelines.qualitative.models import Code, UnreadableProject
from pipelines.qualitative.refi_elements import Deviations
from pipelines.qualitative.segments import CodePath, Segment

EXCERPTS = Signature(
    "dedoose",
    ("document", "quote"),
    names(
        document="media title|resource title|document title|title",
        quote="excerpt copy|excerpt text",
        range="excerpt range",
        coder="excerpt creator",
        created="excerpt date",
        author="resource creator",
        dated="resource date|date",
        combined="codes applied combined|codes applied",
    ),
)
APPLIED = re.compile(r"code:\s*(?P<path>.+?)\s+applied", re.IGNORECASE)
WEIGHTED = re.compile(r"code:\s*.+\s+(?:range|weight)", re.IGNORECASE)
RANGE = re.compile(r"\s*(\d{1,12})\s*-\s*(\d{1,12})\s*")
TRUE, FALSE = {"true", "1", "yes", "y", "x"}, {"false", "0", "no", "n", ""}


def dedoose_segments(table: CodedTable, deviations: Deviations) -> tuple[list[Segment], tuple[Code, ...]]:
    """Return the excerpts, and the codes of all columns, used or not.

    Raises
    ------
    UnreadableProject
        There are no columns of codes, or a cell of one is neither True nor False.
    """
    applied = _code_columns(table)
    if not applied:
        problem = "it has no columns `Code: ... Applied`, and the column of all codes cannot be taken apart safely"
        raise UnreadableProject(f"{table.label} cannot be read: {problem}. Export the excerpts with all code columns.")
    aside = [name for name in table.columns if APPLIED.fullmatch(name) or WEIGHTED.fullmatch(name)]
    created = moments([table.cell(line, "created") for line in table.lines], leading="month first")
    segments = []
    for line, moment in zip(table.lines, created, strict=True):
        codes = tuple(path for place, path in applied.items() if _is_applied(table, line, place))
        _compare(table.cell(line, "combined"), codes, deviations)
        if not codes:
            deviations.add("an excerpt has no code; left out")
            continue
        start, end = _range(table.cell(line, "range"))
        segments.append(
            Segment(
                key=str(line.number),
                document=table.cell(line, "document") or "(no name)",
                codes=codes,
                quote=table.words(line, "quote"),
                start=start,
                end=end,
                coder=table.cell(line, "coder"),
                created=moment,
                attributes=table.further(line, aside),
            )
        )
    if any(WEIGHTED.fullmatch(name) for name in table.columns):
        deviations.add("weights of codes are not read")
    codebook = tuple(Code(f"code-{k}", path[-1], path) for k, path in enumerate(dict.fromkeys(applied.values()), 1))
    return segments, codebook


def _code_columns(table: CodedTable) -> dict[int, CodePath]:
    found = {k: match["path"] for k, name in enumerate(table.columns) if (match := APPLIED.fullmatch(name))}
    return {k: tuple(part.strip() for part in path.split("\\") if part.strip()) for k, path in found.items()}


def _is_applied(table: CodedTable, line: Line, place: int) -> bool:
    said = line.cells[place].strip().casefold().removesuffix(".0")
    if said in TRUE or said in FALSE:
        return said in TRUE
    raise UnreadableProject(f'{table.at(line)}, column "{table.columns[place]}": this is neither True nor False.')


def _compare(combined: str, codes: tuple[CodePath, ...], deviations: Deviations) -> None:
    """Note where the column of all codes says something else than the columns of single codes."""
    if not combined:
        return
    told = sorted("".join(combined.split()).replace(",", ""))
    if told != sorted("".join("".join(path[-1].split()) for path in codes).replace(",", "")):
        deviations.add("an excerpt's combined codes differ from its single ones; the single ones were taken")


def _range(text: str) -> tuple[int | None, int | None]:
    found = RANGE.fullmatch(text)
    return (int(found[1]), int(found[2])) if found else (None, None)
