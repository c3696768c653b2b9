"""A list of coded passages of any other tool, or of a spreadsheet of one's own: told by the names of its columns.

Columns for the document (or the person), the code (or the theme) and the passage are needed; a theme beside a code is
above it. Positions are a help: only where they prove to count characters are they used, and a passage is looked for by
its words otherwise. QualCoder's and Requal's reports, Dovetail, Delve, Quirkos, Condens and CATMA write lists of this
kind.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence

from pipelines.qualitative.code_lists import CannotTell, joined_codes, path_of, tidy_code
from pipelines.qualitative.coded_tables import CodedTable, Line, Signature, fold, moments, names
from pipelines.qualitative.models import Code, UnreadableProject
from pipelines.qualitative.refi_elements import Deviations
from pipelines.qualitative.segments import Segment

SEVERAL = (
    "codes|tags|labels|keywords|nodes|code names|codes applied|tag names|kodes|schlagworter|codigos|etiquetas|"
    "etiquettes|codici|etichette"
)
"""Names of columns that hold several codes in a cell."""
PASSAGES = Signature(
    "passages",
    ("quote",),
    names(
        number="id|number|no|segment id|segment_id|highlight id|quote id|quotation id|excerpt id|nr|nummer|numero",
        document=(
            "document|document name|document title|doc|doc name|doc_name|document_name|file|filename|file name|"
            "file_name|source|source name|source title|source document|source file|transcript|transcript name|"
            "transcript title|interview|interview name|media|media title|resource|resource title|note|note title|"
            "session|text name|quelle|dokument|dokumentname|datei|dateiname|transkript|textname|documento|"
            "nombre de documento|nombre del documento|fuente|archivo|entrevista|transcripcion|nome do documento|fonte|"
            "arquivo|transcricao|nom du document|fichier|entretien|nome documento|nome del documento|intervista"
        ),
        code=(
            "code|code name|code_name|codename|coded at|tag|tag name|label|quirk|quirk name|node|node name|keyword|"
            "sub-theme|subtheme|sub theme|subcode|sub-code|kode|schlagwort|codigo|nombre del codigo|etiqueta|"
            f"nome do codigo|nom du code|etiquette|codice|etichetta|{SEVERAL}"
        ),
        quote=(
            "quote|quotation|quotation text|quotation content|excerpt|excerpt text|excerpt copy|segment|segment text|"
            "segment_text|coded segment|coded text|coded_text|coded passage|passage|snippet|snippet text|highlight|"
            "highlight text|highlighted text|selected text|selection|annotated text|annotated text segment|text|"
            "content|text content|verbatim|reference text|textstelle|codierte textstelle|zitat|markierung|inhalt|"
            "segmento|segmento codificado|cita|fragmento|texto|contenido|citacao|trecho|conteudo|extrait|citation|"
            "contenu|texte|segmento di testo|citazione|estratto|testo|contenuto"
        ),
        above=(
            "theme|themes|category|parent code|parent code name|parent|parent tag|tag group|code group|code category|"
            "thema|kategorie|obercode|tema|categoria|codigo padre|theme principal|categorie|code parent"
        ),
        start="start|start position|start offset|startposition|start point|begin|pos0|segment start|segment_start|from",
        end="end|end position|end offset|endposition|end point|pos1|segment end|segment_end|to",
        coder=(
            "coder|coder name|coded by|author|created by|creator|user|user name|user_name|username|annotator|owner|"
            "researcher|highlighted by|tagged by|kodierer|codierer|codiert von|autor|erstellt von|codificador|"
            "creado por|criado por|auteur|cree par|autore|creato da"
        ),
        created=(
            "date|created|created at|created on|created_at|date created|creation date|date coded|coded on|timestamp|"
            "datum|erstellt|erstellt am|fecha|fecha de creacion|data|data de criacao|date de creation|data creazione"
        ),
        case="case|participant|participant id|respondent|interviewee|person|fall|teilnehmer|participante|caso|cas",
        memo="memo|coding memo|comment|comments|notes|kommentar|comentario|commentaire|commento|anmerkung",
        further=(
            "tag path|query|left context|right context|url|link|color|colour|code id|code_id|doc id|doc_id|user id|"
            "user_id|project id|project_id|project name|project_name"
        ),
    ),
    either=("document", "case"),
    or_either=("code", "above"),
)
_SEVERAL = names(x=f"{SEVERAL}|themes|temas|temi")["x"]
ALWAYS = (" > ", "\\", "::")
"""Between a code and the one below it, whatever their names."""
IF_KNOWN = (" / ", "/")
"""Between them where the first is a code of its own: names may hold these signs."""
FAR = 4
"""Bytes a character can have: positions that are further apart for its words count something else."""


def passage_segments(table: CodedTable, codebook: Sequence[Code], deviations: Deviations) -> list[Segment]:
    """Return the passages of a list.

    Parameters
    ----------
    table
        The recognised table.
    codebook
        The codes where they are known; tells codes apart that stand in one cell.
    deviations
        Gains what was found out.

    Raises
    ------
    UnreadableProject
        The codes of a row cannot be told apart, or a row says of no document or person.
    """
    cells = _codes(table, codebook)
    known = _names(codebook) | {code for codes in cells.values() for code in codes}
    created = moments([table.cell(line, "created") for line in table.lines])
    counts = _counts_characters(table)
    if "start" in table.places and not counts:
        deviations.add("positions that do not count characters are not used; passages are looked for by their words")
    segments = []
    for line, moment in zip(table.lines, created, strict=True):
        codes = cells[line.number] or tuple(filter(None, (tidy_code(table.cell(line, "above")),)))
        if not codes:
            deviations.add("a passage has no code; left out")
            continue
        if table.cell(line, "created") and moment is None:
            deviations.add("a date could be read in two ways, or not at all; left out")
        start, end = _positions(table, line) if counts else (None, None)
        segments.append(
            Segment(
                key=str(line.number),
                document=_document(table, line),
                codes=tuple(_path(table, line, code, known) for code in codes),
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


def _document(table: CodedTable, line: Line) -> str:
    """Return the document of a row; where the list has none, each person is one."""
    if found := table.cell(line, "document") or table.cell(line, "case"):
        return found
    raise UnreadableProject(f"{table.at(line)}: a row needs a document.")


def _names(codebook: Sequence[Code]) -> set[str]:
    return {code.path[-1] for code in codebook} | {" / ".join(code.path) for code in codebook}


def _codes(table: CodedTable, codebook: Sequence[Code]) -> dict[int, tuple[str, ...]]:
    """Return the codes of each row, by its number."""
    said = "code" if "code" in table.places else "above"
    column, known = table.columns[table.places[said]], _names(codebook)
    alone = {tidy_code(table.cell(line, said)) for line in table.lines} | known
    several = fold(column) in _SEVERAL
    found = {}
    for line in table.lines:
        try:
            found[line.number] = joined_codes(table.cell(line, said), alone, known, several=several)
            continue
        except CannotTell as fault:
            problem = str(fault)
        remedy = "Send one row for each code, or name a codebook in the protocol"
        raise UnreadableProject(f'{table.at(line)}, column "{column}": {problem}. {remedy}.')
    return found


def _path(table: CodedTable, line: Line, code: str, known: Collection[str]) -> tuple[str, ...]:
    above = tidy_code(table.cell(line, "above")) if table.cell(line, "code") else ""
    whole = tuple(each for name in (above, code) for each in _parts(name))
    return whole if len(whole) > 1 else path_of(code.strip("/") or code, known, IF_KNOWN)


def _parts(name: str) -> list[str]:
    separator = next((each for each in ALWAYS if each in name), None)
    return [part.strip() for part in name.split(separator) if part.strip()] if name else []


def _counts_characters(table: CodedTable) -> bool:
    """Whether positions are as far apart as words are long, in all rows: lines and paragraphs are not."""
    if not {"start", "end"} <= table.places.keys():
        return False
    far = [(_positions(table, line), len(table.words(line, "quote").strip())) for line in table.lines]
    said = [(start, end, length) for (start, end), length in far if start is not None and end is not None and length]
    return bool(said) and all(length - 1 <= end - start <= FAR * length + 1 for start, end, length in said)


def _positions(table: CodedTable, line: Line) -> tuple[int | None, int | None]:
    found = [table.cell(line, column).removesuffix(".0") for column in ("start", "end")]
    whole = all(text.isascii() and text.isdecimal() and len(text) < 16 for text in found)
    return (int(found[0]), int(found[1])) if whole else (None, None)
