"""ATLAS.ti's export of quotations (CSV or XLSX), in the languages of its interface."""

from __future__ import annotations

import re
from collections.abc import Sequence

from pipelines.qualitative.code_lists import CannotTell, path_of, split_codes, tidy_code
from pipelines.qualitative.coded_tables import CodedTable, Line, Signature, moments, names
from pipelines.qualitative.models import Code, UnreadableProject
from pipelines.qualitative.refi_elements import Deviations
from pipelines.qualitative.segments import Segment

QUOTATIONS = Signature(
    "atlas",
    ("quote", "document", "codes"),
    names(
        number="number|id|numero|nummer",
        reference="reference|referencia|referenz",
        name="name|quotation name|nome|nombre|nom|zitatname|nombre de la cita|nome da citacao|nom de la citation",
        quote=(
            "text content|quotation content|quotation text|quotation|content|conteudo do texto|conteudo de texto|"
            "conteudo textual|contenido del texto|contenido de texto|contenido textual|textinhalt|"
            "contenu du texte|contenu textuel|zitatinhalt|inhalt des zitats|contenido de la cita|contenido de cita|"
            "conteudo da citacao|contenu de la citation"
        ),
        document="document|documento|dokument|document name",
        codes="codes|codigos|kodes",
        count=(
            "number of codes|no of codes|numero de codigos|n. de codigos|anzahl der kodes|anzahl kodes|"
            "anzahl der codes|anzahl codes|nombre de codes"
        ),
        memo="comment|comments|comentario|kommentar|commentaire",
        start="initial position|start position|posicao inicial|posicion inicial|anfangsposition|position initiale",
        end="final position|end position|posicao final|posicion final|endposition|position finale",
        extent="extensao|extension|length|extent|lange|longueur|longitud",
        created=(
            "creation date|date created|created|data de criacao|fecha de creacion|erstellungsdatum|erstellt|"
            "date de creation"
        ),
        changed=(
            "modification date|date modified|modified|data de modificacao|fecha de modificacion|anderungsdatum|"
            "date de modification"
        ),
        coder="created by|creating user|author|criado por|creado por|erstellt von|cree par",
        changer="modified by|modifying user|modificado por|geandert von|modifie par",
        groups="document groups|grupos de documentos|dokumentgruppen|groupes de documents",
        density="density|densidade|densidad|dichte|densite",
    ),
)


# What ATLAS.ti puts around a code in some lists: a bullet, and how often it is used.
_BULLET, _COUNTS = re.compile(r"^[\u25cf\u25cb\u25c6\u25c7\u2022]\s*"), re.compile(r"\s+Gr=\d+(?:\s+D=\d+)?$")
# 1: P1.docx; D 1: P1
_NUMBERED = re.compile(r"(?:D\s?)?(\d+):\s+(\S.*)")


def atlas_segments(table: CodedTable, codebook: Sequence[Code], deviations: Deviations) -> list[Segment]:
    """Return the passages of an export of quotations.

    Parameters
    ----------
    table
        The recognised table.
    codebook
        The project's codes; needed where names hold commas. A subcode is called `Code: Subcode` in the table.
    deviations
        Gains what was found out.

    Raises
    ------
    UnreadableProject
        The codes of a row cannot be told apart.
    """
    known = {tidy_code(": ".join(code.path)) for code in codebook}
    by_line = _one_a_line(table)
    documents = _documents(table)
    created = moments([table.cell(line, "created") for line in table.lines], leading="month first")
    segments = []
    for line, moment in zip(table.lines, created, strict=True):
        codes = _codes(table, line, known, by_line=by_line)
        if not codes:
            deviations.add("a quotation has no code; left out")
            continue
        if known and not known.issuperset(codes):
            deviations.add("a quotation has a code that the codebook lacks; taken as it is called")
        segments.append(
            Segment(
                key=str(line.number),
                document=documents[line.number] or "(no name)",
                codes=tuple(path_of(code, known | set(codes)) for code in codes),
                quote=table.cell(line, "quote"),
                coder=table.cell(line, "coder"),
                created=moment,
                memo=table.cell(line, "memo"),
                groups=tuple(filter(None, (g.strip() for g in table.cell(line, "groups").split(",")))),
            )
        )
    return segments


def _one_a_line(table: CodedTable) -> bool:
    """Whether the codes of a passage stand one a line here: a cell with several lines and no commas shows it."""
    cells = [[line.strip() for line in table.cell(each, "codes").splitlines()] for each in table.lines]
    ends = [line for lines in cells for line in lines[:-1] if line]
    return bool(ends) and not any(line.endswith(",") for line in ends)


def _documents(table: CodedTable) -> dict[int, str]:
    """Return the document of each row, by its number; ATLAS.ti's own number before it is left out where all have it."""
    names = {line.number: table.cell(line, "document") for line in table.lines}
    found = {number: _NUMBERED.fullmatch(name) for number, name in names.items() if name}
    told = {line.number: table.cell(line, "number").partition(":")[0] for line in table.lines}
    if not all(match and match[1] == told[number] for number, match in found.items()):
        return names
    return {number: match[2] if (match := found.get(number)) else name for number, name in names.items()}


def _codes(table: CodedTable, line: Line, known: set[str], *, by_line: bool) -> tuple[str, ...]:
    count = table.cell(line, "count").removesuffix(".0")
    cell = "\n".join(_COUNTS.sub("", _BULLET.sub("", each.strip())) for each in table.cell(line, "codes").splitlines())
    number = int(count) if count.isdecimal() else None
    if by_line and number is None:
        number = sum(bool(each.strip()) for each in cell.splitlines())
    if by_line and number == 1 and "\n" not in cell and ", " in cell and cell not in known:
        return (tidy_code(cell),)
    try:
        return split_codes(cell, known, number)
    except CannotTell as fault:
        problem = str(fault)
    remedy = "put ATLAS.ti's codebook export beside it" if not known else "send quotations and codebook of one day"
    raise UnreadableProject(f"{table.at(line)}: its codes cannot be told apart: {problem}; {remedy}.")
