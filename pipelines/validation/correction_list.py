"""The correction list of a site, for the provider of its files: which rows of which files to correct, and how.

What it says is gathered here and written whole or not at all, as a web page (correction_page) and as a workbook
(correction_workbook). It names rows, so it is for the provider only: it never goes to reports/ or into the UI.
"""

from __future__ import annotations

import hashlib
import os
import tempfile
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from pipelines.ingest.drops import age_of
from pipelines.refusal import Refusal
from pipelines.validation.failing import TABLES
from pipelines.validation.speech import share_words
from pipelines.warehouse import has_table
from pipelines.workspace import PilotSite

PAGE, WORKBOOK = "correction-list.html", "correction-list.xlsx"
DRAFT = ".draft-"
LISTED = "listed"
"""Table of the quarantine that says what the list says that lies in the folder: writing it takes a second."""
NOUNS = {
    "cases": "Case file",
    "outcomes": "Outcomes",
    "contacts": "Contacts",
    "spend": "Payments",
    "consents": "Consents",
    "events": "Events",
    "assessments": "Assessments",
    "series": "Series",
    "documents": "Interviews",
    "codings": "Coded passages",
}
"""Tables in the words of the list, in its order."""
WITHOUT_ROWS = ("documents", "codings")
"""Tables whose files have no rows that a person could open."""
HAPPENED = {
    "quarantine": "Set aside until corrected: the results are worked out without these rows.",
    "refuse": "The whole table is refused until this is corrected; the earlier results stand.",
    "warn": "Please check: the rows are used as they are.",
    "note": "For information: the rows are used as they are.",
}
REFUSED = "The whole table is refused until enough of its rows are corrected; the earlier results stand."


@dataclass(frozen=True)
class Place:
    """The rows of one file that have one fault, as first and last row of each stretch."""

    drop: str
    file: str
    stretches: tuple[tuple[int, int], ...]

    @property
    def rows(self) -> int:
        """How many rows these are."""
        return sum(last - first + 1 for first, last in self.stretches)


@dataclass(frozen=True)
class Problem:
    """One thing to correct in one table."""

    number: int
    noun: str
    words: str
    said: str
    happened: str
    failed: int | None
    total: int
    columns: str
    advice: str
    places: tuple[Place, ...]

    @property
    def table(self) -> str:
        """Name of the table for readers."""
        return NOUNS.get(self.noun, self.noun)

    @property
    def count(self) -> str:
        """Number of the rows in words."""
        return "not counted" if self.failed is None else f"{self.failed:,}"

    @property
    def share(self) -> str:
        """Share of the rows in words."""
        return share_words(self.failed / self.total) if self.failed is not None and self.total else "not counted"


@dataclass(frozen=True)
class CorrectionList:
    """Everything that the list says."""

    title: str
    drop: str
    problems: tuple[Problem, ...]
    sound: tuple[str, ...]
    """Tables in which nothing is to be corrected."""
    earlier: tuple[tuple[str, str], ...]
    """Tables that were last checked in another drop, with its name."""


def write(connection: Any, site: PilotSite) -> tuple[Path, ...]:
    """Write the list of a site, as it stands after the last check of each table, unless it stands; return the files.

    Raises
    ------
    Refusal
        The files cannot be written; the ones that were there before are then whole.
    """
    from pipelines.validation.correction_page import page
    from pipelines.validation.correction_workbook import workbook

    gathered = gather(connection, site)
    folder = folder_of(site)
    says = _digest(repr(gathered).encode())
    if _standing(connection, folder) == says:
        return folder / PAGE, folder / WORKBOOK
    try:
        _make_private(folder)
        for left in folder.glob(f"{DRAFT}*"):
            left.unlink()
        _note(connection, folder, "")  # a list that is cut off between its files does not stand
        files = _put(folder / PAGE, lambda: page(gathered)), _put(folder / WORKBOOK, lambda: workbook(gathered))
        _note(connection, folder, says)
        return files
    except OSError:
        failed = Refusal(
            f"The correction list of {site.key} cannot be written into the folder corrections.",
            "Is the disk full, or may you not write there? Then run again; until then an older list may lie there.",
        )
    raise failed


def _standing(connection: Any, folder: Path) -> str:
    """Return what the files of the list say, as a hash; empty where that is not known, or somebody changed them."""
    if not has_table(connection, "quarantine", LISTED):
        return ""
    says, files = connection.execute(f"SELECT says, files FROM quarantine.{LISTED}").fetchone()
    return says if files == _files(folder) else ""


def _note(connection: Any, folder: Path, says: str) -> None:
    """Note what the list says that was written last, and how its files were left."""
    files = _files(folder) if says else ""
    query = f"CREATE OR REPLACE TABLE quarantine.{LISTED} AS SELECT $says AS says, $files AS files"
    connection.execute(query, {"says": says, "files": files})


def _files(folder: Path) -> str:
    try:
        return " ".join(_digest((folder / name).read_bytes()) for name in (PAGE, WORKBOOK))
    except OSError:
        return "missing"


def _digest(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()


def pointer(site: PilotSite) -> str:
    """Say where the list lies."""
    return f"The full list for the provider: {folder_of(site).relative_to(site.workspace.root)}/{PAGE}."


def folder_of(site: PilotSite) -> Path:
    """Return the folder of a site's list."""
    return site.workspace.derived / "corrections" / site.pilot / site.site


def gather(connection: Any, site: PilotSite) -> CorrectionList:
    """Return what the list of a site says now."""
    if not all(has_table(connection, "quarantine", name) for name in TABLES):
        return CorrectionList(site.title, "", (), (), ())
    checked = _last_checks(connection)
    newest = max((drop for drop, _ in checked.values()), key=age_of, default="")
    problems = tuple(_problems(connection, checked))
    faulty = {problem.noun for problem in problems}
    sound = tuple(NOUNS[noun] for noun in NOUNS if noun in checked and noun not in faulty)
    earlier = tuple((NOUNS[noun], checked[noun][0]) for noun in NOUNS if noun in checked and checked[noun][0] != newest)
    return CorrectionList(site.title, newest, problems, sound, earlier)


def _last_checks(connection: Any) -> dict[str, tuple[str, bool]]:
    """Return, for each table that holds or lacks something, the drop of its last check and whether it was refused."""
    query = """
        SELECT noun, drop_id, refused FROM quarantine.checked
        WHERE total > 0 OR noun IN (SELECT noun FROM quarantine.faults)
    """
    found: dict[str, tuple[str, bool]] = {}
    for noun, drop, refused in connection.execute(query).fetchall():
        if noun not in found or age_of(found[noun][0]) < age_of(drop):
            found[noun] = (drop, bool(refused))
    return found


def _problems(connection: Any, checked: dict[str, tuple[str, bool]]) -> Iterator[Problem]:
    query = """
        SELECT * EXCLUDE (position) FROM quarantine.faults
        ORDER BY list_position($nouns::VARCHAR[], noun), noun, position
    """
    found = connection.execute(query, {"nouns": list(NOUNS)}).fetchall()
    for number, (noun, rule, field, words, said, decision, failed, total, columns, advice) in enumerate(found, start=1):
        refused = decision == "quarantine" and checked[noun][1]
        yield Problem(
            number=number,
            noun=noun,
            words=words,
            said=said,
            happened=REFUSED if refused else HAPPENED[decision],
            failed=failed,
            total=total,
            columns=columns,
            advice=advice,
            places=tuple(_places(connection, noun, rule, field)),
        )


def _places(connection: Any, noun: str, rule: str, field: str) -> Iterator[Place]:
    """Return the rows of a problem by file, neighbours together."""
    query = """
        WITH rows AS (
            SELECT DISTINCT drop_id, source_file, source_row FROM quarantine.failing
            WHERE noun = $noun AND rule = $rule AND field = $field
        ), grouped AS (
            SELECT *, source_row - row_number() OVER (PARTITION BY drop_id, source_file ORDER BY source_row) AS stretch
            FROM rows
        ), stretches AS (
            SELECT drop_id, source_file, min(source_row) AS first, max(source_row) AS last
            FROM grouped GROUP BY drop_id, source_file, stretch
        )
        SELECT drop_id, source_file, list(first ORDER BY first), list(last ORDER BY first)
        FROM stretches GROUP BY ALL ORDER BY ALL
    """
    found = connection.execute(query, {"noun": noun, "rule": rule, "field": field}).fetchall()
    for drop, file, first, last in found:
        stretches = () if noun in WITHOUT_ROWS else tuple(zip(first, last, strict=True))
        yield Place(drop or "", file or "", stretches)


def _make_private(folder: Path) -> None:
    """Make a folder that only its owner can enter."""
    for missing in reversed([one for one in (folder, *folder.parents) if not one.exists()]):
        missing.mkdir(exist_ok=True, mode=0o700)  # `parents=True` would give the parents the usual mode


def _put(path: Path, content: Callable[[], bytes]) -> Path:
    """Write a file beside its place, readable for its owner only, and move it there."""
    handle, name = tempfile.mkstemp(dir=path.parent, prefix=DRAFT)
    try:
        with os.fdopen(handle, "wb") as file:
            file.write(content())
            file.flush()
            os.fsync(file.fileno())
        os.replace(name, path)
    except BaseException:
        Path(name).unlink(missing_ok=True)
        raise
    return path
