"""How coded interviews are read: which tool and project, who speaks, who coded. Reading them belongs in qualitative."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping
from typing import Any, Literal

from pipelines.protocol.base import Part, Text
from pipelines.protocol.parts import Place, mapping, written
from pipelines.qualitative.formats import Format

CodedFormat = Literal[Format, "recognised"]
CoderRole = Literal["researcher", "practitioner", "peer_researcher"]

ENDINGS: tuple[str, ...] = (
    *(".qdpx", ".qda", ".rqda", ".sqlite3", ".sqlite", ".db", ".zip"),
    *(".csv", ".tsv", ".xlsx", ".ods", ".txt", ".docx"),
)
"""Endings of the files that may hold coded interviews; what a file is, its content says."""
TABLE_PINS = ("delimiter", "sheet", "table", "header_row")
Found = Iterator[tuple[Place, str, str]]


class Stories(Part):
    """Stories that people told and edited themselves: which columns of the documents' table hold what."""

    kind: Text = "kind"
    """Column that says what a document is; `story` (in any case) makes it one."""
    author: Text = "author"
    """Column with the name or role by which the author chose to be known; empty for anonymous. Words that the case file
    has as somebody's name are not shown all the same."""
    round: Text = "curation round"
    """Column with the round of curation in which the story took this form."""
    consent: Text = "consent"
    """Column with the author's own yes or no to its publication."""
    reply_offered: Text = "reply offered"
    """Column with the day (yyyy-mm-dd) on which the author was offered to reply to what was made of the story, or
    `yes`. Before that it is not released."""
    reply: Text = "reply"
    """Column with the author's reply, word for word; empty where there is none."""

    @property
    def columns(self) -> tuple[str, ...]:
        """The six columns, in the order above."""
        return self.kind, self.author, self.round, self.consent, self.reply_offered, self.reply


class Coded(Part):
    """How coded interviews are read, where the file itself does not say all of it."""

    format: CodedFormat = "recognised"
    """What the file is: `refi` (.qdpx), `taguette` (database), `qualcoder` (folder or data.qda), `rqda`, tables of
    quotes (`taguette-highlights`, `atlas`, `dedoose`, `maxqda`), one code's references as text or Word document
    (`nvivo`), our own `codings`, or another list of coded `passages`. A file of another kind is then refused.
    Default: whatever its content shows."""
    project: str = ""
    """Name of the project, where a Taguette database holds several."""
    person: str = ""
    """Attribute of the case or document that holds the person's identifier. Default: the case's own name, or the
    document's where no case holds it."""
    site: Text = "site"
    """Attribute of the case or document that says which site it belongs to."""
    role: Text = "role"
    """Attribute of the case or document that says who speaks: `participant`, `staff` ..."""
    documents: str = ""
    """A table in the drop with a row for each document (columns `document`, `case`, and any attributes such as `site`
    and `role`), for tools that keep neither cases nor attributes."""
    codebook: str = ""
    """A codebook in the drop (.csv, .xlsx, .qdc), for tables. Default: ATLAS.ti's, if it lies beside its quotations."""
    coders: dict[Text, CoderRole] = {}
    """Who coded, by the names in the tool (case does not matter): researcher, practitioner, or peer researcher with
    experience of their own. Where their readings differ is a finding."""

    framework: str = ""
    """A framework matrix in the drop (.csv, .xlsx; NVivo's export too): a row for each case, by the name that the
    coded project or the case file gives it, a column for each theme, summaries in the cells."""
    framework_attributes: tuple[Text, ...] = ()
    """Columns of the framework matrix that hold attributes of the cases and no theme; `site` and `role` always do."""
    stories: Stories | None = None
    """Where some documents are stories that people (community reporters) told and edited themselves: how the table of
    documents says so. Default: there are none."""

    def role_of(self, coder: str) -> str | None:
        """Return the role of a coder; None where it is not declared."""
        roles: dict[str, str] = {_folded(name): role for name, role in self.coders.items()}
        return roles.get(_folded(coder))


def coded_faults(noun: str, body: Mapping[str, Any]) -> Found:
    """Return what cannot be meant of how interviews are read: where, what, and what to do."""
    coded = mapping(body.get("coded"))
    if body.get("coded") is not None and noun != "interviews":
        yield ("coded",), f"{noun} are not coded.", "Delete it, or say `noun: interviews`."
    for pin in TABLE_PINS if noun == "interviews" else ():
        if body.get(pin):
            yield (
                (pin,),
                "coded interviews are read by what their tool writes; this would not be looked at.",
                "Delete it.",
            )
    names = Counter(_folded(str(name)) for name in mapping(coded.get("coders")))
    if twice := [name for name in mapping(coded.get("coders")) if names[_folded(name)] > 1]:
        yield ("coded", "coders", twice[-1]), "this coder is listed twice; case does not matter.", "Keep one."
    yield from _story_faults(coded)
    tool = written(coded.get("format"))
    if coded.get("project") and tool not in ("", "taguette", "recognised"):
        yield ("coded", "project"), "only a Taguette database holds several projects.", "Delete it."
    for key in ("documents", "codebook", "framework"):
        name = written(coded.get(key))
        if name.startswith(("/", "~")) or "\\" in name or ".." in name:
            yield ("coded", key), "a file lies inside the drop.", "Write its name, without .. or a leading /."


def _story_faults(coded: Mapping[str, Any]) -> Found:
    stories = mapping(coded.get("stories"))
    if coded.get("stories") is None:
        return
    columns = [(key, written(stories.get(key)) or field.default) for key, field in Stories.model_fields.items()]
    counted = Counter(_folded(str(name)) for _, name in columns)
    for key, name in columns:
        if counted[_folded(str(name))] > 1 and key in stories:
            yield ("coded", "stories", key), "two of these columns have the same name.", "Name another column."
            return


def _folded(name: str) -> str:
    return " ".join(name.split()).casefold()
