"""Read a Taguette database (.sqlite3): the export of one project, or a server's database with several.

Taguette keeps documents as HTML and positions as bytes of UTF-8 over its text nodes; each highlight's snippet is the
check. A project's export maps every user to `admin`, so it says nothing of who coded; a server's database does.
"""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

from pipelines.qualitative.html_text import text_nodes
from pipelines.qualitative.models import (
    Code,
    Coder,
    Document,
    Project,
    UnreadableProject,
)
from pipelines.qualitative.offsets import source_text
from pipelines.qualitative.placing import IN_BYTES, Kept, Mark, Passage
from pipelines.qualitative.refi_elements import Deviations
from pipelines.qualitative.sqlite_source import Row, SqliteSource, content_of, guarded, moment, whole

APPLICATION_ID = 0x54677474
TABLES = ("projects", "documents", "tags", "highlights", "highlight_tags")
EXPORTED_USER = "admin"


@dataclass(frozen=True)
class _Highlighting:
    """Who put a tag on a highlight, and when."""

    login: str
    moment: datetime | None


def is_taguette(source: SqliteSource) -> bool:
    """Tell Taguette's database, old ones without an application id too."""
    return source.application_id == APPLICATION_ID or all(table in source.tables for table in TABLES)


def read_taguette(path_or_bytes: Path | bytes, *, name: str, project: str = "") -> Project:
    """Read one project of a Taguette database.

    Parameters
    ----------
    path_or_bytes
        The file, or its content.
    name
        What messages call the file; only its last component is used.
    project
        Which project, where the file holds several: its name (case apart) or its number.

    Returns
    -------
    Project
        Codes are the tags as Taguette shows them (`access.waiting`). Highlights without a tag are left out and said.

    Raises
    ------
    UnreadableProject
        The file is damaged or not Taguette's, or it is in doubt which project is meant; its projects are then named.
    """
    label = name.replace("\\", "/").rpartition("/")[2]
    content = path_or_bytes if isinstance(path_or_bytes, bytes) else content_of(path_or_bytes, label)
    return guarded(content, label, lambda source: _read(source, label, project))


def _read(source: SqliteSource, label: str, wanted: str) -> Project:
    if not is_taguette(source):
        raise UnreadableProject(f"{label} is not a Taguette database.")
    chosen = _chosen(source, label, wanted)
    deviations = Deviations()
    tags = _of_project(source, "tags", ("id", "project_id", "path"), ("description",), chosen["id"])
    codes = {
        number: Code(f"tag-{number}", path, (path,), source.text(row, "description", "tags"))
        for number, row in source.keyed(tags, "id", "tags").items()
        if (path := source.text(row, "path", "tags").strip())
    }
    who = _commands(source, chosen["id"], deviations)
    read = _Reading(source, codes, who, deviations)
    rows = _of_project(source, "documents", ("id", "project_id", "name", "contents"), ("created",), chosen["id"])
    documents = [read.document(number, row) for number, row in source.keyed(rows, "id", "documents").items()]
    return Project(
        name=source.text(chosen, "name", "projects"),
        origin="Taguette",
        coders=tuple(Coder(f"user-{login}", login) for login in sorted({each.login for each in who.values()} - {""})),
        codes=tuple(codes.values()),
        documents=tuple(documents),
        codings=tuple(read.kept.codings),
        quarantined=tuple(read.kept.aside),
        deviations=deviations.sentences(),
        calibrations=tuple(read.kept.calibrations),
    )


def _chosen(source: SqliteSource, label: str, wanted: str) -> Row:
    """Return the project that is meant."""
    rows = source.rows("projects", ("id", "name"))
    named = {
        number: source.text(row, "name", "projects") for number, row in source.keyed(rows, "id", "projects").items()
    }
    fold = wanted.strip().casefold()
    fitting = [n for n, title in named.items() if not fold or fold in (title.strip().casefold(), str(n))]
    if len(fitting) == 1:
        return next(row for row in rows if row["id"] == fitting[0])
    listed = "; ".join(f"{number}: {title}" for number, title in sorted(named.items()))
    doubt = f'none is called "{wanted}"' if fold and not fitting else "it is in doubt which is meant"
    held = f"it holds {len(named)} projects, and {doubt} ({listed})" if named else "it holds no project"
    raise UnreadableProject(f"{label} cannot be read: {held}.")


def _of_project(
    source: SqliteSource, table: str, needed: Sequence[str], wanted: Sequence[str], project: int
) -> list[Row]:
    return [row for row in source.rows(table, needed, wanted) if row["project_id"] == project]


def _commands(source: SqliteSource, project: int, deviations: Deviations) -> dict[tuple[int, int], _Highlighting]:
    """Return who first put each tag on each highlight, by their numbers; nobody where the file does not say."""
    if "commands" not in source.tables:
        deviations.add("the file does not say who coded: it has no log of commands")
        return {}
    rows = source.rows("commands", ("project_id", "user_login", "payload"), ("id", "date", "document_id"))
    found: dict[tuple[int, int], _Highlighting] = {}
    held: dict[int, set[int]] = {}
    for row in sorted((r for r in rows if r["project_id"] == project), key=lambda r: (r["id"] is None, r["id"] or 0)):
        payload = _payload(row["payload"])
        if payload.get("type") == "tag_merge":
            _merge_tags(found, payload.get("src_tag_id"), payload.get("dest_tag_id"))
        number, tags = payload.get("highlight_id"), payload.get("tags")
        if payload.get("type") != "highlight_add" or not isinstance(number, int) or not isinstance(tags, list):
            continue
        now = {tag for tag in tags if isinstance(tag, int)}
        for tag in now - held.get(number, set()):
            login = source.text(row, "user_login", "commands")
            found[number, tag] = _Highlighting(login, moment(row["date"]))
        held[number] = now
    if {each.login for each in found.values()} == {EXPORTED_USER}:
        deviations.add("a project's export says `admin` for everybody: nothing is known of who coded")
        return {key: _Highlighting("", each.moment) for key, each in found.items()}
    return found


def _merge_tags(found: dict[tuple[int, int], _Highlighting], old: object, new: object) -> None:
    """What was coded with a tag that somebody merged into another stays coded by whoever did it."""
    for (number, tag), said in list(found.items()):
        if tag == old and isinstance(new, int):
            found.setdefault((number, new), said)


def _payload(text: object) -> Mapping[str, Any]:
    try:
        read = json.loads(text) if isinstance(text, str) else None
    except (ValueError, RecursionError):
        read = None
    return read if isinstance(read, dict) else {}


class _Reading:
    """Documents with their highlights, one by one."""

    def __init__(
        self,
        source: SqliteSource,
        codes: Mapping[int, Code],
        who: Mapping[tuple[int, int], _Highlighting],
        deviations: Deviations,
    ) -> None:
        self._source = source
        self._codes, self._who, self._deviations = codes, who, deviations
        self.kept = Kept()
        self._tags: defaultdict[int, list[int]] = defaultdict(list)
        for row in source.rows("highlight_tags", ("highlight_id", "tag_id")):
            if row["tag_id"] in codes and row["tag_id"] not in self._tags[row["highlight_id"]]:
                self._tags[row["highlight_id"]].append(row["tag_id"])
        self._highlights: defaultdict[int, list[tuple[int, Row]]] = defaultdict(list)
        rows = source.rows("highlights", ("id", "document_id", "start_offset", "end_offset"), ("snippet",))
        for number, row in source.keyed(rows, "id", "highlights").items():
            self._highlights[row["document_id"]].append((number, row))

    def document(self, number: int, row: Row) -> Document:
        """Return a document; keep its codings."""
        text = source_text(self._nodes(row, "contents", "documents"))
        document = Document(
            id=f"document-{number}",
            name=self._source.text(row, "name", "documents") or f"document {number}",
            text=text.canonical,
            created=moment(row["created"]),
        )
        passages = [self._passage(*each) for each in self._highlights[number]]
        places = self.kept.by_position(document.id, text, passages, IN_BYTES)
        self.kept.keep(document.id, document.text, passages, places)
        return document

    def _nodes(self, row: Row, column: str, table: str) -> str:
        html = self._source.text(row, column, table)
        try:
            return text_nodes(html)
        except ValueError as fault:
            problem = str(fault)
        raise UnreadableProject(f"{self._source.label} cannot be read: {table}.{column}: {problem}.")

    def _passage(self, number: int, row: Row) -> Passage:
        tags = sorted(self._tags[number])
        if not tags:
            self._deviations.add("a highlight has no tag; left out")
        return Passage(
            start=whole(row["start_offset"]),
            end=whole(row["end_offset"]),
            copy=self._nodes(row, "snippet", "highlights"),
            marks=tuple(self._mark(number, tag) for tag in tags),
        )

    def _mark(self, number: int, tag: int) -> Mark:
        said = self._who.get((number, tag))
        coder = f"user-{said.login}" if said and said.login else ""
        return Mark(f"highlight-{number}-{tag}", self._codes[tag].id, coder, said.moment if said else None)
