"""One way in for coded interviews of any tool: what a file is, is told by its content and never by its name."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Literal

from pipelines.qualitative.atlas_tables import QUOTATIONS, atlas_segments
from pipelines.qualitative.codebooks import SIGNATURES as CODEBOOKS
from pipelines.qualitative.codebooks import is_atlas, read_codebook
from pipelines.qualitative.coded_tables import CodedTable, tables_of
from pipelines.qualitative.codings_csv import CODINGS, csv_segments
from pipelines.qualitative.dedoose import EXCERPTS, dedoose_segments
from pipelines.qualitative.formats import Format
from pipelines.qualitative.maxqda_tables import SEGMENTS, maxqda_segments
from pipelines.qualitative.models import Code, Project, UnreadableProject
from pipelines.qualitative.numbering import from_zero
from pipelines.qualitative.nvivo_references import References, reference_segments, references_in
from pipelines.qualitative.other_exports import EXPORT, foreign_project, other_export
from pipelines.qualitative.passages_table import PASSAGES, passage_segments
from pipelines.qualitative.qualcoder import DATABASE, KEY_FILE, KEY_FOUND, is_qualcoder, read_qualcoder
from pipelines.qualitative.refi_elements import Deviations
from pipelines.qualitative.refi_qda import read_project
from pipelines.qualitative.rqda import is_rqda, read_rqda
from pipelines.qualitative.safe_zip import SafeZip, UnsafeZip
from pipelines.qualitative.segments import Segment, Source, one_list, project_of
from pipelines.qualitative.sqlite_source import MAGIC, SqliteSource, content_of, guarded
from pipelines.qualitative.taguette import is_taguette, read_taguette
from pipelines.qualitative.taguette_tables import HIGHLIGHTS, highlight_segments
from pipelines.qualitative.transcripts import Transcripts, beside

TOOLS = {
    "refi": "a REFI-QDA project",
    "taguette": "a Taguette database",
    "qualcoder": "a QualCoder project",
    "taguette-highlights": "Taguette's list of highlights",
    "atlas": "ATLAS.ti's list of quotations",
    "dedoose": "Dedoose's list of excerpts",
    "maxqda": "MAXQDA's list of segments",
    "nvivo": "NVivo's list of references",
    "codings": "a table of codings (QUALITATIVE.md)",
    "rqda": "an RQDA project",
    "passages": "another list of coded passages (QUALITATIVE.md)",
}
ORIGINS = {"codings": "codings.csv", "passages": "a list of coded passages"}
MANY_SHEETS = ("atlas", "maxqda", "codings", "passages")
"""Lists that may fill several sheets: one for each code, document or wave."""
BOOKS = (".csv", ".qdc", ".xlsx")
"""Where a codebook may be: large workbooks are opened last."""
TABLES = (HIGHLIGHTS, EXCERPTS, QUOTATIONS, SEGMENTS, CODINGS, PASSAGES)
"""Most particular first: the first that fits a row of names is taken."""


@dataclass(frozen=True)
class Wanted:
    """What is known of a file before it is read.

    Parameters
    ----------
    format
        One of `FORMATS`; a file of another format is refused. Empty: whatever it is.
    project
        Which project of a Taguette database.
    codebook
        A file with the codes, for tables; nothing: the codebook of ATLAS.ti among those beside, where one is needed.
    beside
        Files in which a codebook may be; nothing: those in the same folder.
    transcripts
        Gives transcripts by documents' names; nothing: those in the same folder and in the folders in it.
    encoding
        Of a text file, where its bytes do not say.
    """

    format: str = ""
    project: str = ""
    codebook: Path | None = None
    beside: tuple[Path, ...] | None = None
    transcripts: Transcripts | None = field(default=None, repr=False)
    encoding: str = ""


def read_coded(path: Path, *, name: str = "", wanted: Wanted = Wanted()) -> Project:
    """Read coded interviews.

    Parameters
    ----------
    path
        A file of any format of `FORMATS`, a QualCoder folder, or a zip of one.
    name
        What messages call it. Default: its own name.
    wanted
        What is known beforehand.

    Raises
    ------
    UnreadableProject
        It is of no format that is known here or not of the wanted one, damaged, or in doubt. The message names the file
        and the place, never words of participants.
    """
    label = name.replace("\\", "/").rpartition("/")[2] or path.name
    try:
        return _read(path, label, wanted)
    except OSError as fault:
        problem = f"{label} cannot be read: {fault.strerror or 'it cannot be opened'}"
    except UnreadableProject as fault:
        # Nobody but their tool reads these: whatever went wrong is not what to tell.
        problem = foreign_project(label) or str(fault)
    raise UnreadableProject(problem)


def _read(path: Path, label: str, wanted: Wanted) -> Project:
    if path.is_dir():
        return _agreed("qualcoder", label, wanted, lambda: read_qualcoder(path, name=label))
    with path.open("rb") as file:
        start = file.read(64)
    if not start:
        raise UnreadableProject(f"{label} is empty (0 bytes).")
    if start.startswith(MAGIC):
        return _of_database(path, label, wanted)
    if start.startswith(b"PK") and (packed := _of_zip(path, label, wanted)) is not None:
        return packed
    if (found := references_in(path, label, wanted.encoding)) is not None:
        return _agreed("nvivo", label, wanted, lambda: _of_references(found, path, label, wanted))
    return _of_table(path, label, wanted)


def _agreed(found: Format, label: str, wanted: Wanted, read: Callable[[], Project]) -> Project:
    if wanted.format and wanted.format != found:
        raise UnreadableProject(
            f"{label} is {TOOLS[found]}, but {TOOLS.get(wanted.format, wanted.format)} is declared as its format."
        )
    return read()


def _of_database(path: Path, label: str, wanted: Wanted) -> Project:
    content = content_of(path, label)

    def told(source: SqliteSource) -> Literal["qualcoder", "taguette", "rqda", ""]:
        if is_qualcoder(source):
            return "qualcoder"
        return "taguette" if is_taguette(source) else "rqda" if is_rqda(source) else ""

    kind = guarded(content, label, told)
    if kind == "taguette":
        return _agreed(kind, label, wanted, lambda: read_taguette(content, name=label, project=wanted.project))
    if kind == "qualcoder":
        return _agreed("qualcoder", label, wanted, lambda: read_qualcoder(path, name=label))
    if kind == "rqda":
        return _agreed(kind, label, wanted, lambda: read_rqda(content, name=label))
    raise UnreadableProject(f"{label} is a database of neither Taguette nor QualCoder nor RQDA. {EXPORT}.")


def _of_zip(path: Path, label: str, wanted: Wanted) -> Project | None:
    """Read a REFI-QDA project or a zipped QualCoder folder; None where the zip is a workbook or something else."""
    try:
        with SafeZip(path) as packed:
            names = packed.names
            databases = [each for each in names if each.rpartition("/")[2].casefold() == DATABASE]
            content = packed.read(databases[0]) if len(databases) == 1 else b""
    except UnsafeZip as fault:
        problem = str(fault)
    else:
        if any(each.casefold().endswith(".qde") for each in names):
            return _agreed("refi", label, wanted, lambda: read_project(path, name=label))
        if len(databases) > 1:
            raise UnreadableProject(f"{label} cannot be read: it holds {len(databases)} QualCoder projects.")
        if not databases:
            return None
        project = _agreed("qualcoder", label, wanted, lambda: read_qualcoder(content, name=label))
        warned = any(each.rpartition("/")[2].casefold() == KEY_FILE for each in names)
        return replace(project, deviations=(*((KEY_FOUND,) if warned else ()), *project.deviations))
    raise UnreadableProject(f"{label} cannot be read: {problem}.")


def _of_references(found: References, path: Path, label: str, wanted: Wanted) -> Project:
    deviations = Deviations()
    codebook = tuple(_codebook(path, wanted, "nvivo"))
    transcripts = beside(path) if wanted.transcripts is None else wanted.transcripts
    segments = reference_segments(found, deviations)
    return project_of(segments, Source(Path(label).stem, "NVivo", codebook, transcripts), deviations)


def _of_table(path: Path, label: str, wanted: Wanted) -> Project:
    try:
        tables = tables_of(path, label, TABLES, encoding=wanted.encoding)
    except UnreadableProject as fault:
        problem = other_export(path, label) or str(fault)
    else:
        return _of_tables(tables, path, label, wanted)
    raise UnreadableProject(problem)


def _of_tables(tables: Sequence[CodedTable], path: Path, label: str, wanted: Wanted) -> Project:
    if not tables:
        raise UnreadableProject(_unknown(path, label, wanted))
    if len(tables) > 1 and {table.kind for table in tables} not in ({each} for each in MANY_SHEETS):
        raise UnreadableProject(f"{label} cannot be read: {len(tables)} of its sheets could be meant.")
    kind: Format = tables[0].kind  # type: ignore[assignment]
    return _agreed(kind, label, wanted, lambda: _project(tables, path, wanted))


def _unknown(path: Path, label: str, wanted: Wanted) -> str:
    if said := other_export(path, label):
        return said
    if tables_of(path, label, CODEBOOKS, encoding=wanted.encoding):
        return f"{label} is a codebook: it holds codes, but no passages."
    return (
        f"{label} is of no kind that is read here: {', '.join(TOOLS.values())}. "
        "Export the project as REFI-QDA (.qdpx), or send a table with columns for document, code and passage."
    )


def _project(tables: Sequence[CodedTable], path: Path, wanted: Wanted) -> Project:
    deviations, kind, label = Deviations(), tables[0].kind, tables[0].label
    codebook = tuple(_codebook(path, wanted, kind))
    lists = []
    for table in tables:
        segments, codes = _segments(table, codebook, deviations)
        codebook = _joined(codebook, codes)
        lists.append(segments)
    if len(lists) > 1:
        deviations.add(f"its {len(lists)} sheets are read as one list; what two of them hold counts once")
    transcripts = beside(path) if wanted.transcripts is None else wanted.transcripts
    origin = ORIGINS.get(kind) or TOOLS[kind].partition("'")[0]
    source = Source(Path(label).stem, origin, codebook, transcripts, positions_bind=kind == "codings")
    segments = one_list(lists)
    if source.positions_bind:
        segments = from_zero(segments, transcripts, deviations)
    return project_of(segments, source, deviations)


def _segments(
    table: CodedTable, codebook: Sequence[Code], deviations: Deviations
) -> tuple[list[Segment], tuple[Code, ...]]:
    """Return the passages of a table, and codes that it has beyond those of its passages."""
    if table.kind == "dedoose":
        return dedoose_segments(table, deviations)
    if table.kind == "atlas":
        return atlas_segments(table, codebook, deviations), ()
    if table.kind == "passages":
        return passage_segments(table, codebook, deviations), ()
    by_kind = {"maxqda": maxqda_segments, "codings": csv_segments, "taguette-highlights": highlight_segments}
    return by_kind[table.kind](table, deviations), ()


def _codebook(path: Path, wanted: Wanted, kind: str) -> Sequence[Code]:
    if wanted.codebook is not None:
        return read_codebook(wanted.codebook, name=wanted.codebook.name, encoding=wanted.encoding)
    if kind != "atlas":
        return ()
    near = sorted(path.parent.iterdir()) if wanted.beside is None else wanted.beside
    for ending in BOOKS:
        files = [each for each in near if each.suffix.casefold() == ending and each != path and each.is_file()]
        # ATLAS.ti exports the codebook, and lists of some of its codes, as files of their own.
        if found := max(_books(files, wanted.encoding), key=len, default=()):
            return found
    return ()


def _books(files: Sequence[Path], encoding: str) -> Iterator[Sequence[Code]]:
    for path in files:
        try:
            if path.suffix.casefold() == ".qdc" or any(map(is_atlas, tables_of(path, path.name, CODEBOOKS))):
                yield read_codebook(path, name=path.name, encoding=encoding)
        except UnreadableProject:
            continue


def _joined(codebook: tuple[Code, ...], codes: tuple[Code, ...]) -> tuple[Code, ...]:
    """Return a codebook with the codes that only the table has, numbered on."""
    known = {code.path for code in codebook}
    new = [code for code in codes if code.path not in known]
    return codebook + tuple(replace(code, id=f"code-{len(codebook) + k}") for k, code in enumerate(new, start=1))
