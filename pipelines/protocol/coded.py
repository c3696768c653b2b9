"""How coded interviews are read: which tool and project, who speaks, who coded. Reading them belongs in qualitative."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping
from typing import Any, Literal

from pipelines.protocol.base import Part, Text
from pipelines.protocol.parts import Place, mapping, written

CodedFormat = Literal[
    "refi", "taguette", "qualcoder", "taguette-highlights", "atlas", "dedoose", "maxqda", "codings", "recognised"
]
CoderRole = Literal["researcher", "practitioner", "peer_researcher"]

ENDINGS: tuple[str, ...] = (
    *(".qdpx", ".qda", ".sqlite3", ".sqlite", ".db", ".zip"),
    *(".csv", ".tsv", ".xlsx", ".ods"),
)
"""Endings of the files that may hold coded interviews; what a file is, its content says."""
TABLE_PINS = ("delimiter", "sheet", "table", "header_row")
Found = Iterator[tuple[Place, str, str]]


class Coded(Part):
    """How coded interviews are read, where the file itself does not say all of it."""

    format: CodedFormat = "recognised"
    """What the file is: `refi` (.qdpx), `taguette` (database), `qualcoder` (folder or data.qda), tables of quotes
    (`taguette-highlights`, `atlas`, `dedoose`, `maxqda`) or our own `codings`. A file of another kind is then refused.
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
    tool = written(coded.get("format"))
    if coded.get("project") and tool not in ("", "taguette", "recognised"):
        yield ("coded", "project"), "only a Taguette database holds several projects.", "Delete it."
    for key in ("documents", "codebook"):
        name = written(coded.get(key))
        if name.startswith(("/", "~")) or "\\" in name or ".." in name:
            yield ("coded", key), "a file lies inside the drop.", "Write its name, without .. or a leading /."


def _folded(name: str) -> str:
    return " ".join(name.split()).casefold()
