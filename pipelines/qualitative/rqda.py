"""Read an RQDA project (.rqda): one SQLite database with texts, codes, codings and cases.

RQDA keeps each coded passage's own words (`seltext`), which are the check; rows whose `status` is not 1 were deleted.
HUANG Ronggui, RQDA 0.3-1, help page RQDATables.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from pipelines.qualitative.models import Case, Code, Document, Project
from pipelines.qualitative.offsets import SourceText, source_text
from pipelines.qualitative.refi_elements import Deviations
from pipelines.qualitative.segments import Segment, Source, project_of
from pipelines.qualitative.sqlite_source import Row, SqliteSource, guarded, moment, whole

TABLES = ("source", "freecode", "coding", "caselinkage")
# Wed Nov 20 17:06:52 2013, as R writes dates where nobody says how.
_AS_R_WRITES = "%a %b %d %H:%M:%S %Y"


def is_rqda(source: SqliteSource) -> bool:
    """Tell RQDA's database by its tables."""
    return all(table in source.tables for table in TABLES)


def read_rqda(content: bytes, *, name: str) -> Project:
    """Read an RQDA project.

    Parameters
    ----------
    content
        The file's bytes.
    name
        What messages call it.

    Returns
    -------
    Project
        A coding's coder is its `owner`. A code of one category lies under it; of several, under none, which is said.

    Raises
    ------
    UnreadableProject
        It is damaged, or not RQDA's.
    """
    return guarded(content, name, lambda source: _read(source, name))


def _read(source: SqliteSource, label: str) -> Project:
    deviations = Deviations()
    files = _files(source)
    names = {number: name for number, (name, _) in files.items()}
    codes, cases = _codes(source, deviations), _Cases.read(source)
    segments = list(_segments(source, codes, names, cases, deviations))
    texts = dict(files.values())
    gathered = Source(label.rpartition(".")[0] or label, "RQDA", _codebook(source, codes), texts.get)
    project = project_of(segments, gathered, deviations)
    held = {document.name: document for document in project.documents}
    documents = [_document(number, name, files, held.get(name), cases) for number, name in names.items()]
    known = {case.name: case for case in project.cases}
    every = [known.get(name, Case(f"case-{name}", name, cases.attributes[n])) for n, name in cases.names.items()]
    return replace(project, documents=tuple(documents), cases=tuple(every))


def _document(
    number: int, name: str, files: Mapping[int, tuple[str, SourceText]], held: Document | None, cases: _Cases
) -> Document:
    document = held or Document(f"source-{number}", name, files[number][1].canonical)
    return replace(document, attributes=cases.of_files[number], case_names=cases.of(number))


def _standing(source: SqliteSource, table: str, needed: Sequence[str], wanted: Sequence[str] = ()) -> list[Row]:
    """Return the rows of a table that nobody deleted; none where old files lack it."""
    if table not in source.tables:
        return []
    rows = source.rows(table, needed, (*wanted, "status"))
    return [row for row in rows if row["status"] in (1, "1", None)]


def _files(source: SqliteSource) -> dict[int, tuple[str, SourceText]]:
    rows = source.keyed(_standing(source, "source", ("id", "name", "file")), "id", "source")
    found: dict[int, tuple[str, SourceText]] = {}
    taken: set[str] = set()
    for number, row in rows.items():
        name = source.text(row, "name", "source") or f"document {number}"
        name = f"{name} ({number})" if name in taken else name
        taken.add(name)
        found[number] = name, source_text(source.text(row, "file", "source"))
    return found


def _codes(source: SqliteSource, deviations: Deviations) -> dict[int, tuple[str, ...]]:
    """Return the paths of codes by number."""
    categories = source.keyed(_standing(source, "codecat", ("catid", "name")), "catid", "codecat")
    above: defaultdict[int, set[str]] = defaultdict(set)
    for row in _standing(source, "treecode", ("cid", "catid")):
        if row["catid"] in categories:
            above[row["cid"]].add(source.text(categories[row["catid"]], "name", "codecat"))
    found: dict[int, tuple[str, ...]] = {}
    for number, row in source.keyed(_standing(source, "freecode", ("id", "name")), "id", "freecode").items():
        held = sorted(above[number])
        if len(held) > 1:
            deviations.add("a code of several categories is put under none of them")
        name = source.text(row, "name", "freecode").strip() or "(no name)"
        found[number] = (held[0], name) if len(held) == 1 else (name,)
    return found


def _codebook(source: SqliteSource, codes: Mapping[int, tuple[str, ...]]) -> tuple[Code, ...]:
    rows = source.keyed(_standing(source, "freecode", ("id", "name"), ("memo",)), "id", "freecode")
    return tuple(
        Code(f"code-{number}", path[-1], path, source.text(rows[number], "memo", "freecode"))
        for number, path in codes.items()
    )


def _segments(
    source: SqliteSource,
    codes: Mapping[int, tuple[str, ...]],
    names: Mapping[int, str],
    cases: _Cases,
    deviations: Deviations,
) -> Iterator[Segment]:
    wanted = ("owner", "date", "memo")
    rows = _standing(source, "coding", ("cid", "fid", "seltext", "selfirst", "selend"), wanted)
    for number, row in enumerate(rows, start=1):
        if row["cid"] not in codes or row["fid"] not in names:
            deviations.add("a coding of a code or text that was deleted is left out")
            continue
        start, end = _position(row["selfirst"]), _position(row["selend"])
        case = cases.speaking(row["fid"], start, end)
        yield Segment(
            key=str(number),
            document=names[row["fid"]],
            codes=(codes[row["cid"]],),
            quote=source.text(row, "seltext", "coding"),
            start=start,
            end=end,
            coder=source.text(row, "owner", "coding").strip(),
            created=_moment(row["date"]),
            case=cases.names.get(case, "") if case is not None else "",
            memo=source.text(row, "memo", "coding"),
            attributes=cases.attributes[case] if case is not None else {},
        )


@dataclass(frozen=True)
class _Cases:
    """Cases by number, what is said of them and of files, and which parts of which files are theirs."""

    names: Mapping[int, str]
    attributes: Mapping[int, Mapping[str, str]]
    of_files: Mapping[int, Mapping[str, str]]
    parts: Mapping[int, Sequence[tuple[int, int | None, int | None]]]

    @classmethod
    def read(cls, source: SqliteSource) -> _Cases:
        rows = source.keyed(_standing(source, "cases", ("id", "name")), "id", "cases")
        parts: defaultdict[int, list[tuple[int, int | None, int | None]]] = defaultdict(list)
        for row in _standing(source, "caselinkage", ("caseid", "fid", "selfirst", "selend")):
            if row["caseid"] in rows:
                parts[row["fid"]].append((row["caseid"], _position(row["selfirst"]), _position(row["selend"])))
        names = {number: source.text(row, "name", "cases") for number, row in rows.items()}
        return cls(names, _attributes(source, "caseAttr", "caseID"), _attributes(source, "fileAttr", "fileID"), parts)

    def of(self, number: int) -> tuple[str, ...]:
        """Return the names of the cases of a file."""
        return tuple(sorted({self.names[case] for case, *_ in self.parts.get(number, ())}))

    def speaking(self, number: int, start: int | None, end: int | None) -> int | None:
        """Return the one case that a passage of a file belongs to; None where nobody or several may be meant."""
        parts = self.parts.get(number, ())
        whose = {case for case, *_ in parts}
        if len(whose) > 1 and start is not None and end is not None:
            whose = {case for case, first, last in parts if (first or 0) <= start and end <= (last or 0)}
        return next(iter(whose)) if len(whose) == 1 else None


def _attributes(source: SqliteSource, table: str, key: str) -> defaultdict[int, dict[str, str]]:
    found: defaultdict[int, dict[str, str]] = defaultdict(dict)
    for row in _standing(source, table, ("variable", "value", key)):
        value = "" if row["value"] is None else str(row["value"])
        if value.strip() and value != "NA" and isinstance(row[key], int):
            found[row[key]][source.text(row, "variable", table)] = value
    return found


def _position(value: object) -> int | None:
    """Return a position; R keeps whole numbers as decimals."""
    return whole(int(value)) if isinstance(value, float) and value.is_integer() else whole(value)


def _moment(value: object) -> datetime | None:
    try:
        return moment(value) or datetime.strptime(str(value).strip(), _AS_R_WRITES)
    except ValueError:
        return None
