"""Codebooks as tools export them: tables, Taguette's web page, and REFI-QDA codebooks (.qdc)."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

from pipelines.qualitative import refi_codebook
from pipelines.qualitative.code_lists import path_of, tidy_code
from pipelines.qualitative.coded_tables import CodedTable, Line, Signature, fold, names, tables_of
from pipelines.qualitative.html_text import tokens
from pipelines.qualitative.models import Code, UnreadableProject

LARGEST = 32 * 1024 * 1024
BULLET = "●"
DESCRIPTIONS = (
    "description|definition|comment|memo|code description|code_description|code definition|code memo|code-memo|meaning|"
    "beschreibung|kommentar|descripcion|definicion|comentario|memo del codigo|descricao|definicao|commentaire|"
    "descrizione|definizione|commento|memo de code|memo du code"
)
CODES = (
    "code|codes|name|tag|code name|code_name|label|title|sub-theme|subtheme|subcode|sub-code|kode|codename|codigo|nome|"
    "nombre|nom|codice|etiqueta"
)
PARENTS = (
    "parent|parent code|parent name|parent code name|category|under|theme|ubercode|obercode|ubergeordneter code|"
    "kategorie|codigo padre|codigo superior|categoria|code parent|codice superiore"
)

TAGUETTE = Signature(
    "taguette codebook",
    ("code", "description", "highlights"),
    names(code="tag", description="description", highlights="number of highlights", documents="number of documents"),
    exactly=True,
)
CODE_LIST = Signature(
    "atlas code list",
    ("code", "grounded", "density"),
    names(
        code="code|kode|codigo",
        grounded="magnitude degree|magnitude|grounded|groundedness|enraizamiento|magnitude (grau)",
        density="density|densidade|densidad|dichte|densite",
        description=DESCRIPTIONS,
    ),
)
CODEBOOK = Signature(
    "codebook",
    ("code",),
    names(
        code=CODES,
        description=DESCRIPTIONS,
        parent=PARENTS,
        number="id|code id|code_id",
        above="parent id|parent_id|parentid",
        whole="hierarchical name|full name|full path|path|code path",
    ),
    either=("description",),
)
THEMES = Signature(
    "codebook", ("code",), names(code="theme|thema|tema", description=DESCRIPTIONS), either=("description",)
)
GROUPS = ("code group", "kodegruppe", "codegruppe", "grupo de codigos", "groupe de codes")
SIGNATURES = (TAGUETTE, CODE_LIST, CODEBOOK, THEMES)
SEPARATORS = (" > ", "\\")
"""Between a code and the one below it, as MAXQDA and NVivo write them."""
DEEPEST = 50
"""Nobody nests codes deeper."""
ROOTS = frozenset(("nodes", "codes", "knoten"))
"""What NVivo puts before every code's path."""


def read_codebook(path: Path, *, name: str, encoding: str = "") -> tuple[Code, ...]:
    """Read a codebook: a table of Taguette, ATLAS.ti, NVivo or one's own, Taguette's web page, or a .qdc.

    Parameters
    ----------
    path
        The file. A table has a column for the code (``code``, ``tag`` or ``name``) and one for its description; a
        column ``parent`` names the code above it.
    name
        What messages call the file.
    encoding
        Of a text file, where its bytes do not say.

    Returns
    -------
    tuple of Code
        In the file's order.

    Raises
    ------
    UnreadableProject
        It is no codebook that is known here, or damaged.
    """
    if path.stat().st_size > LARGEST:
        raise UnreadableProject(f"{name} cannot be read: it is too large for a codebook.")
    with path.open("rb") as file:
        start = file.read(512).lstrip(b"\xef\xbb\xbf \t\r\n").lower()
    if start.startswith((b"<!doctype html", b"<html")):
        return _of_page(path, name)
    if start.startswith(b"<"):
        return refi_codebook.read_codebook(path, name=name).codes
    if path.suffix.casefold() == ".docx":
        problem = "a codebook in Word does not say which codes lie below which"
        raise UnreadableProject(f"{name} cannot be read: {problem}. Export it as a workbook or as REFI-QDA (.qdc).")
    tables = tables_of(path, name, SIGNATURES, encoding=encoding)
    if len(tables) != 1:
        raise UnreadableProject(f"{name} is no codebook that is known here: no column of codes and descriptions.")
    return codes_of(tables[0])


def codes_of(table: CodedTable) -> tuple[Code, ...]:
    """Return the codes of a recognised table."""
    rows = list(_indented(table) if table.kind == CODE_LIST.kind else _plain(table))
    known = {path[-1] for path, _ in rows if len(path) == 1}
    deep = [(path_of(path[0], known) if _has_groups(table) and len(path) == 1 else path, said) for path, said in rows]
    unique = dict(reversed(deep))
    ordered = list(dict.fromkeys(path for path, _ in deep))
    return tuple(Code(f"code-{k}", path[-1], path, unique[path]) for k, path in enumerate(ordered, start=1))


def is_atlas(table: CodedTable) -> bool:
    """Tell ATLAS.ti's codebook and its list of codes."""
    return table.kind == CODE_LIST.kind or _has_groups(table)


def _has_groups(table: CodedTable) -> bool:
    """Tell ATLAS.ti's codebook by its columns of groups: its subcodes bear the name of the code above them."""
    return any(fold(column).startswith(GROUPS) for column in table.columns)


def _plain(table: CodedTable) -> Iterator[tuple[tuple[str, ...], str]]:
    """Yield codes with the codes above them, however the table says which these are."""
    numbered = {_number(table, line, "number"): tidy_code(table.cell(line, "code")) for line in reversed(table.lines)}
    own = [(line, tidy_code(table.cell(line, "code")), _parent(table, line, numbered)) for line in table.lines]
    parents: dict[str, set[str]] = defaultdict(set)
    for _, name, parent in own:
        parents[name].add(parent)
    parted = _are_paths([name for _, name, _ in own])
    for line, name, parent in own:
        if whole := table.cell(line, "whole"):
            yield _without_root(_parts(whole)), table.cell(line, "description")
        elif name:
            path = (*_upwards(table, name, parent, parents), *(_parts(name) if parted else (name,)))
            yield path, table.cell(line, "description")


def _number(table: CodedTable, line: Line, column: str) -> str:
    return table.cell(line, column).removesuffix(".0")


def _parent(table: CodedTable, line: Line, numbered: Mapping[str, str]) -> str:
    """Return the name or the path of the code above a row's code."""
    above = _number(table, line, "above")
    return numbered.get(above, "") if above else tidy_code(table.cell(line, "parent"))


def _upwards(table: CodedTable, name: str, parent: str, parents: Mapping[str, set[str]]) -> tuple[str, ...]:
    """Return the path of a row's parent; a parent that is below two others itself is where the path begins."""
    path: list[str] = []
    while parent:
        if parent == name or parent in path:
            raise UnreadableProject(f"{table.label} cannot be read: its codes lie under each other in a circle.")
        if len(path) == DEEPEST:
            raise UnreadableProject(f"{table.label} cannot be read: its codes are nested deeper than {DEEPEST} levels.")
        held = parents.get(parent, set())
        if not held and len(parts := _parts(parent)) > 1:
            return (*parts, *reversed(path))
        path.append(parent)
        parent = next(iter(held)) if len(held) == 1 else ""
    return tuple(reversed(path))


def _parts(name: str) -> tuple[str, ...]:
    separator = next((each for each in SEPARATORS if each in name), "\0")
    return tuple(part.strip() for part in name.split(separator) if part.strip()) or (name,)


def _are_paths(codes: Sequence[str]) -> bool:
    """Whether names hold those of the codes above: at least one of these is in the table, or every part is a code."""
    known = set(codes)
    return any(code.rpartition(each)[0].strip() in known for code in codes for each in SEPARATORS if each in code)


def _without_root(path: tuple[str, ...]) -> tuple[str, ...]:
    return path[1:] if len(path) > 1 and path[0].casefold() in ROOTS else path


def _indented(table: CodedTable) -> Iterator[tuple[tuple[str, ...], str]]:
    """Yield the codes of ATLAS.ti's code manager: a subcode stands one column further to the right than its code."""
    path: list[str] = []
    last = min(table.places[column] for column in table.places if column != "code")
    for line in table.lines:
        cells = line.cells[table.places["code"] : last]
        depth = next((k for k, cell in enumerate(cells) if cell.strip()), None)
        if depth is None:
            continue
        path = [*path[:depth], tidy_code(cells[depth].replace(BULLET, ""))]
        yield tuple(path), table.cell(line, "description")


def _of_page(path: Path, name: str) -> tuple[Code, ...]:
    try:
        page = path.read_bytes().decode("utf-8-sig")
    except UnicodeDecodeError:
        page = ""
    try:
        tags = _tags(page)
    except ValueError as fault:
        problem = f"{name} cannot be read: {fault}."
    else:
        if tags:
            return tuple(Code(f"code-{k}", tag, (tag,), said) for k, (tag, said) in enumerate(tags, start=1))
        problem = f"{name} is no codebook of Taguette's: it has no tags."
    raise UnreadableProject(problem)


def _tags(page: str) -> list[tuple[str, str]]:
    """Return the tags of Taguette's page: each is a heading, followed by its numbers and its description."""
    found: list[tuple[str, str]] = []
    inside = ""
    for token in tokens(page):
        if token.is_tag:
            opens = token.name in ("h2", "p") and not token.text.startswith("</")
            inside = token.name if opens and 'class="number"' not in token.text else ""
        elif inside == "h2" and token.text.strip():
            found.append((token.text.strip(), ""))
        elif inside == "p" and found:
            tag, said = found[-1]
            found[-1] = (tag, "\n".join(filter(None, (said, token.text.strip()))))
    return found
