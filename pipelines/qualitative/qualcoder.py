"""Read a QualCoder project: the database `data.qda` of its folder. Nothing else in the folder is opened.

`pseudonyms.json`, which may lie beside it, is a key to who people are: it is never read. QualCoder keeps its own copy
of each coded passage (`seltext`), which is the check.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Mapping
from pathlib import Path

from pipelines.qualitative.models import (
    Case,
    CaseSpan,
    Code,
    Coder,
    Document,
    Project,
    UnreadableProject,
)
from pipelines.qualitative.offsets import SourceText, source_text
from pipelines.qualitative.placing import IN_CODE_POINTS, Kept, Mark, Passage, Place
from pipelines.qualitative.positions import Placed
from pipelines.qualitative.refi_elements import Deviations
from pipelines.qualitative.sqlite_source import Row, SqliteSource, content_of, guarded, moment, whole

DATABASE, KEY_FILE = "data.qda", "pseudonyms.json"
TABLES = ("source", "code_name", "code_text", "cases")
KEY_FOUND = (
    f"{KEY_FILE} lies beside the project: it says who people are. It was not read; ask for the project without it."
)
OTHER_MEDIA = {"code_image": "pictures", "code_av": "audio or video"}
MOST_LEVELS = 50


def is_qualcoder(source: SqliteSource) -> bool:
    """Tell QualCoder's database by its tables."""
    return all(table in source.tables for table in TABLES)


def read_qualcoder(path_or_bytes: Path | bytes, *, name: str) -> Project:
    """Read a QualCoder project.

    Parameters
    ----------
    path_or_bytes
        The project's folder, its `data.qda`, or the content of that.
    name
        What messages call it; only its last component is used.

    Returns
    -------
    Project
        A coding's coder is its `owner`. A code's path holds its categories and the codes above it. Codings of pictures
        and media are not read, and said.

    Raises
    ------
    UnreadableProject
        It is damaged, not QualCoder's, or its categories go round in a circle.
    """
    label = name.replace("\\", "/").rpartition("/")[2]
    notes: tuple[str, ...] = ()
    if isinstance(path_or_bytes, Path):
        path = path_or_bytes / DATABASE if path_or_bytes.is_dir() else path_or_bytes
        notes = (KEY_FOUND,) if (path.parent / KEY_FILE).exists() else ()
        if not path.is_file():
            raise UnreadableProject(f"{label} cannot be read: there is no {DATABASE} in it.")
        path_or_bytes = content_of(path, label)
        title = path.absolute().parent.name if label == DATABASE else label
    else:
        title = label
    content = path_or_bytes
    return guarded(content, label, lambda source: _read(source, label, title, notes))


def _read(source: SqliteSource, label: str, title: str, notes: tuple[str, ...]) -> Project:
    if not is_qualcoder(source):
        raise UnreadableProject(f"{label} is not a QualCoder database.")
    deviations = Deviations()
    for note in notes:
        deviations.add(note)
    for table, kind in OTHER_MEDIA.items():
        for _ in source.rows(table, ("cid",)) if table in source.tables else ():
            deviations.add(f"a coding of {kind} is not read")
    codes = _codes(source, label)
    reading = _Reading(source, codes, _cases(source), deviations)
    documents = tuple(reading.documents())
    return Project(
        name=Path(title).stem,
        origin="QualCoder",
        coders=tuple(Coder(f"owner-{name}", name) for name in sorted(reading.owners)),
        codes=tuple(codes.values()),
        cases=tuple(reading.cases.values()),
        documents=documents,
        codings=tuple(reading.kept.codings),
        case_spans=tuple(sorted(reading.spans, key=lambda s: (s.document_id, s.start, s.end, s.case_name))),
        quarantined=tuple(reading.kept.aside),
        deviations=deviations.sentences(),
        calibrations=tuple(reading.kept.calibrations),
    )


def _codes(source: SqliteSource, label: str) -> dict[int | str, Code]:
    """Return codes by number and categories by `category N`, each with its path."""
    rows = source.keyed(source.rows("code_name", ("cid", "name"), ("memo", "catid", "supercid")), "cid", "code_name")
    listed = source.rows("code_cat", ("catid", "name"), ("memo", "supercatid")) if "code_cat" in source.tables else []
    above = source.keyed(listed, "catid", "code_cat")
    categories = {f"category {number}": row for number, row in above.items()}
    parents: dict[int | str, int | str | None] = {
        n: row["supercid"] if row["supercid"] in rows else _category(row["catid"], above) for n, row in rows.items()
    }
    parents |= {key: _category(row["supercatid"], above) for key, row in categories.items()}
    # Two kinds of keys; a mapping is invariant in them.
    everything: dict[int | str, Row] = dict([*categories.items(), *rows.items()])
    found: dict[int | str, Code] = {}
    for key, row in everything.items():
        path = tuple(str(everything[each]["name"] or "(no name)") for each in _upwards(key, parents, label))[::-1]
        table = "code_name" if key in rows else "code_cat"
        found[key] = Code(f"code-{key}", path[-1], path, source.text(row, "memo", table), codable=key in rows)
    return found


def _category(number: object, known: Mapping[int, Row]) -> str | None:
    return f"category {number}" if number in known else None


def _upwards(key: int | str | None, parents: Mapping[int | str, int | str | None], label: str) -> Iterator[int | str]:
    """Yield a code and what it lies under."""
    for _ in range(MOST_LEVELS):
        if key is None:
            return
        yield key
        key = parents[key]
    raise UnreadableProject(f"{label} cannot be read: its codes go round in a circle, or lie too deep.")


def _cases(source: SqliteSource) -> dict[int, Case]:
    attributes = _attributes(source, "case")
    rows = source.keyed(source.rows("cases", ("caseid", "name")), "caseid", "cases")
    return {n: Case(f"case-{n}", source.text(row, "name", "cases"), attributes[n]) for n, row in rows.items()}


def _attributes(source: SqliteSource, kind: str) -> defaultdict[int, dict[str, str]]:
    """Return the attributes of cases, or of files, by number."""
    found: defaultdict[int, dict[str, str]] = defaultdict(dict)
    if "attribute" not in source.tables:
        return found
    for row in source.rows("attribute", ("name", "attr_type", "value", "id")):
        value = "" if row["value"] is None else str(row["value"])
        if row["attr_type"] == kind and value.strip():
            found[row["id"]][source.text(row, "name", "attribute")] = value
    return found


class _Reading:
    """Documents with their codings and the cases they belong to, one by one."""

    def __init__(
        self, source: SqliteSource, codes: Mapping[int | str, Code], cases: dict[int, Case], deviations: Deviations
    ) -> None:
        self._source, self._codes, self.cases, self._deviations = source, codes, cases, deviations
        self.owners: set[str] = set()
        self.kept = Kept()
        self.spans: list[CaseSpan] = []
        wanted = ("ctid", "owner", "date", "memo", "avid")
        self._coded = _by(source.rows("code_text", ("cid", "fid", "seltext", "pos0", "pos1"), wanted), "fid")
        spans = source.rows("case_text", ("caseid", "fid", "pos0", "pos1")) if "case_text" in source.tables else []
        self._held = _by([row for row in spans if row["caseid"] in cases], "fid")

    def documents(self) -> Iterator[Document]:
        """Yield the documents that have a text."""
        rows = self._source.rows("source", ("id", "name", "fulltext"), ("date",))
        attributes = _attributes(self._source, "file")
        for number, row in self._source.keyed(rows, "id", "source").items():
            text = source_text(self._source.text(row, "fulltext", "source"))
            if not text.raw and not self._coded[number]:
                self._deviations.add("a source without a text is not read")
                continue
            identity = f"source-{number}"
            yield Document(
                id=identity,
                name=self._source.text(row, "name", "source") or f"document {number}",
                text=text.canonical,
                attributes=attributes[number],
                case_names=self._place(identity, text, number),
                created=moment(row["date"]),
            )

    def _place(self, identity: str, text: SourceText, number: int) -> tuple[str, ...]:
        """Keep a document's codings; return the names of its cases."""
        passages = [self._passage(k, row) for k, row in enumerate(self._coded[number], start=1)]
        held = self._held[number]
        parts = [Passage(whole(row["pos0"]), whole(row["pos1"]), "") for row in held]
        places = self.kept.by_position(identity, text, passages + parts, IN_CODE_POINTS)
        self.kept.keep(identity, text.canonical, passages, places[: len(passages)])
        return self._belonging(identity, text.canonical, held, places[len(passages) :])

    def _belonging(self, identity: str, text: str, held: list[Row], places: list[Place]) -> tuple[str, ...]:
        """Return the names of the cases of a document; parts of it that belong to one become spans."""
        named = [self.cases[row["caseid"]].name for row in held]
        spans = []
        for name, row, place in zip(named, held, places, strict=True):
            # QualCoder counts code points; where a document has no coding to prove it, that is taken for granted.
            start, end = (
                (place.start, place.end) if isinstance(place, Placed) else (whole(row["pos0"]), whole(row["pos1"]))
            )
            if start is None or end is None or not 0 <= start <= end <= len(text) + 1:
                self._deviations.add("a part of a document that belongs to a case could not be placed; left out")
            else:
                spans.append(CaseSpan(identity, name, start, min(end, len(text))))
        whole_text = all(not text[: s.start].strip() and not text[s.end + 1 :].strip() for s in spans)
        if len({span.case_name for span in spans}) > 1 or not whole_text:
            self.spans += spans
        return tuple(sorted({span.case_name for span in spans}))

    def _passage(self, position: int, row: Row) -> Passage:
        code = self._codes.get(row["cid"])
        owner = self._source.text(row, "owner", "code_text").strip()
        if code is None:
            self._deviations.add("a coding has no code; left out")
            return Passage(whole(row["pos0"]), whole(row["pos1"]), self._source.text(row, "seltext", "code_text"))
        self.owners |= {owner} - {""}
        number = row["ctid"] if row["ctid"] is not None else f"{row['fid']}-{position}"
        mark = Mark(
            f"coding-{number}",
            code.id,
            f"owner-{owner}" if owner else "",
            moment(row["date"]),
            self._source.text(row, "memo", "code_text"),
        )
        copy = self._source.text(row, "seltext", "code_text")
        return Passage(whole(row["pos0"]), whole(row["pos1"]), copy, (mark,))


def _by(rows: list[Row], column: str) -> defaultdict[int, list[Row]]:
    found: defaultdict[int, list[Row]] = defaultdict(list)
    for row in rows:
        found[row[column]].append(row)
    return found
