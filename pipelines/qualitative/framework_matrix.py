"""Framework matrices (CSV or XLSX, NVivo's export too): rows are cases, columns are themes, cells are summaries.

Ritchie and Spencer (1994), Qualitative data analysis for applied policy research. A cell that nobody filled is kept:
that a case says nothing of a theme is something to know.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from pipelines.qualitative.coded_tables import WORKBOOKS, fold, in_our_words
from pipelines.qualitative.models import UnreadableProject

CASE_NAMES = frozenset(("", "case", "cases", "case name", "participant", "respondent", "id", "name", "fall", "caso"))
USUAL_ATTRIBUTES = frozenset(("site", "role"))
LETTERED, NUMBERED = re.compile(r"([A-Z]{1,3}) : (.+)", re.DOTALL), re.compile(r"(\d+) : (.+)", re.DOTALL)
ATTRIBUTE_LINE = re.compile(r"(?P<name>[^=\n]{1,80}?)\s*=\s*(?P<value>[^\n]{0,200})")


@dataclass(frozen=True)
class MatrixCase:
    """One row: a case with its attributes."""

    name: str = field(repr=False)
    attributes: Mapping[str, str] = field(default_factory=dict, repr=False)


@dataclass(frozen=True)
class FrameworkMatrix:
    """Summaries by case and theme.

    Parameters
    ----------
    cases
        n rows, names unique.
    themes
        m columns, names unique.
    cells
        n rows of m summaries; empty where nobody wrote one.
    """

    name: str
    cases: tuple[MatrixCase, ...]
    themes: tuple[str, ...]
    cells: tuple[tuple[str, ...], ...] = field(repr=False)

    def summary(self, case: str, theme: str) -> str:
        """Return a cell by its names; raises KeyError where there is no such case or theme."""
        rows = {one.name: cells for one, cells in zip(self.cases, self.cells, strict=True)}
        return dict(zip(self.themes, rows[case], strict=True))[theme]

    @property
    def empty(self) -> tuple[tuple[str, str], ...]:
        """Case and theme of each cell that nobody filled."""
        pairs = (
            (one.name, theme, cell)
            for one, row in zip(self.cases, self.cells, strict=True)
            for theme, cell in zip(self.themes, row, strict=True)
        )
        return tuple((case, theme) for case, theme, cell in pairs if not cell)


def read_framework_matrix(
    path: Path,
    *,
    name: str,
    case: str = "",
    attributes: Sequence[str] = (),
    sheet: str = "",
    encoding: str = "",
) -> FrameworkMatrix:
    """Read a framework matrix.

    Parameters
    ----------
    path
        The file: names of the columns in its first filled row.
    name
        What messages call the file.
    case
        Column that names the cases. Default: the first column, if it is called so or has no name.
    attributes
        Columns that hold attributes of the cases; `site` and `role` always do. All others are themes. NVivo's lines
        `attribute = value` below a case's name are read as such.
    sheet
        Sheet of a workbook. Default: the only visible one.
    encoding
        Of a text file, where its bytes do not say.

    Raises
    ------
    UnreadableProject
        It cannot be read, names of cases or themes are there twice or missing, or cells stand beside the matrix.
    """
    rows = in_our_words(lambda: list(_rows(path, name, sheet, encoding)))
    if not rows or len(rows[0][1]) < 2:
        raise UnreadableProject(f"{name} cannot be read: it holds no framework matrix.")
    header = _without_marks([" ".join(cell.split()) for cell in rows[0][1]], LETTERED)
    first = _case_column(header, case, name)
    held = {fold(each) for each in attributes} | USUAL_ATTRIBUTES
    kept = [k for k, each in enumerate(header) if k != first and each and fold(each) in held]
    themes = [k for k, each in enumerate(header) if k != first and each and k not in kept]
    _refuse_beside(rows, header, first, name)
    found = _cases([(number, row[first]) for number, row in rows[1:]], name)
    cases = tuple(
        MatrixCase(case_name, said | {header[k]: row[k].strip() for k in kept if row[k].strip()})
        for (case_name, said), (_, row) in zip(found, rows[1:], strict=True)
    )
    _refuse_twice([header[k] for k in themes], "theme", name)
    cells = tuple(tuple(row[k].strip() for k in themes) for _, row in rows[1:])
    return FrameworkMatrix(Path(name).stem, cases, tuple(header[k] for k in themes), cells)


def _rows(path: Path, name: str, sheet: str, encoding: str) -> Iterator[tuple[int, list[str]]]:
    """Yield number and cells of each row that holds anything, all equally wide."""
    with path.open("rb") as file:
        packed = file.read(8).startswith(WORKBOOKS)
    filled = [
        (number, list(row))
        for number, row in (_of_workbook(path, name, sheet) if packed else _of_text(path, encoding))
        if any(map(str.strip, row))
    ]
    width = max((len(row) for _, row in filled), default=0)
    for number, row in filled:
        yield number, row + [""] * (width - len(row))


def _of_workbook(path: Path, name: str, sheet: str) -> list[tuple[int, list[str]]]:
    from pipelines.ingest.book_kinds import open_book

    book = open_book(path)
    fitting = [s for s in book.sheets if (s.name == sheet if sheet else s.state == "visible")]
    if len(fitting) != 1:
        raise UnreadableProject(f"{name} has {len(fitting)} sheets that could be meant; name one as `sheet`.")
    return sorted(book.grid(fitting[0].name).rows.items())


def _of_text(path: Path, encoding: str) -> list[tuple[int, Sequence[str]]]:
    from pipelines.ingest.reading import Facts
    from pipelines.ingest.text_dialect import Beginning
    from pipelines.ingest.text_encoding import beginning, encoding_of
    from pipelines.ingest.text_rows import rows_of
    from pipelines.protocol.extracts import Extract
    from pipelines.qualitative.coded_tables import BEGINNING, DELIMITERS

    codec = encoding_of(path, Extract(file=path.name, encoding=encoding))
    text, whole = beginning(path, codec, BEGINNING)
    begun = Beginning(path, text, whole, '"', None)
    headers = [(delimiter, begun.rows(delimiter)) for delimiter in DELIMITERS]
    delimiter, rows = max(headers, key=lambda one: len(one[1][0]) if one[1] else 0)
    header = rows[0] if rows else ()
    facts = Facts("text", tuple(header), 1, codec, delimiter, '"')
    return [(1, header), *rows_of(path, facts)]


def _case_column(header: Sequence[str], case: str, name: str) -> int:
    wanted = frozenset((fold(case),)) if case else CASE_NAMES
    found = [k for k, each in enumerate(header) if fold(each) in wanted]
    if case and len(found) != 1:
        raise UnreadableProject(f'{name} cannot be read: it has no one column "{case}".')
    if not found:
        raise UnreadableProject(f"{name} cannot be read: no column is called `case`; say which names the cases.")
    return found[0]


def _refuse_beside(rows: Sequence[tuple[int, Sequence[str]]], header: Sequence[str], first: int, name: str) -> None:
    nameless = [k for k, each in enumerate(header) if not each and k != first]
    for number, row in rows[1:]:
        if any(row[k].strip() for k in nameless):
            raise UnreadableProject(f"{name}, row {number}: a cell stands in a column without a name.")


def _cases(texts: Sequence[tuple[int, str]], name: str) -> list[tuple[str, dict[str, str]]]:
    """Return cases with the attributes that NVivo writes below their names."""
    blocks = [text.strip().splitlines() or [""] for _, text in texts]
    named = _without_marks([block[0].strip() for block in blocks], NUMBERED)
    for (number, _), each in zip(texts, named, strict=True):
        if not each:
            raise UnreadableProject(f"{name}, row {number}: a case has no name.")
    _refuse_twice(named, "case", name)
    lines = ([ATTRIBUTE_LINE.fullmatch(line.strip()) for line in block[1:]] for block in blocks)
    said = [{m["name"].strip(): m["value"].strip() for m in found if m and m["value"].strip()} for found in lines]
    return list(zip(named, said, strict=True))


def _without_marks(texts: Sequence[str], mark: re.Pattern[str]) -> list[str]:
    """Take off NVivo's `A : ` or `1 : ` where every name bears one; a name of one's own may look like it."""
    found = [mark.fullmatch(text) for text in texts]
    filled = [(text, match) for text, match in zip(texts, found, strict=True) if text]
    if len(filled) > 1 and sum(match is not None for _, match in filled) >= len(filled) - 1:
        return [match[2].strip() if match else text for text, match in zip(texts, found, strict=True)]
    return list(texts)


def _refuse_twice(found: Sequence[str], what: str, name: str) -> None:
    if len(set(found)) < len(found):
        raise UnreadableProject(f"{name} cannot be read: a {what} is there twice.")
