"""The selections of one text of a REFI-QDA project in columns. Where they lie in the text is decided in positions.py.

Large projects have a hundred thousand selections, nearly all of one plain form; only the others are handled one by one.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import cached_property
from operator import attrgetter, itemgetter
from xml.etree.ElementTree import Element

from pipelines.qualitative.offsets import clipped
from pipelines.qualitative.refi_elements import bare, guid_of, position_of, tidied, whole_numbers
from pipelines.qualitative.ways import Selections

SELECTIONS = ("PlainTextSelection", "TranscriptSelection")
"""The elements that are selections of a text."""

Ends = tuple[int | None, int | None]


@dataclass(frozen=True)
class Plain:
    """What the Codings of m plain selections say, in columns; ids of codings as in `guid_of`, dates as written."""

    ids: list[str]
    codes: list[str]
    coders: list[str]
    created: list[str]


@dataclass(frozen=True)
class Rows:
    """The n selections of a text: elements, delivered positions (None where they are not whole), and their copies.

    `plain` says which have one Coding with one CodeRef and nothing else: all that there is to say of them is in `said`,
    one row for each selection, empty for the others.
    """

    elements: Sequence[Element]
    starts: Sequence[int | None]
    ends: Sequence[int | None]
    plain: Sequence[bool]
    copies: Sequence[str] = field(repr=False)
    said: Plain = field(repr=False)

    @cached_property
    def tried(self) -> Sequence[int]:
        """The numbers of the selections with whole positions: all of these are evidence, coded or not."""
        every = range(len(self.elements))
        if None not in self.starts and None not in self.ends:
            return every
        return [k for k in every if self.starts[k] is not None and self.ends[k] is not None]

    @property
    def plain_ones(self) -> list[Element]:
        """The plain selections."""
        return [each for each, simple in zip(self.elements, self.plain, strict=True) if simple]

    @property
    def other_ones(self) -> list[Element]:
        """The other selections."""
        return [each for each, simple in zip(self.elements, self.plain, strict=True) if not simple]

    @cached_property
    def asked(self) -> Selections:
        """The selections with whole positions, as they are calibrated."""
        starts, ends, copies = self.starts, self.ends, self.copies
        if len(self.tried) < len(self.elements):
            starts, ends = ([each[k] for k in self.tried] for each in (starts, ends))
            copies = [copies[k] for k in self.tried]
        return Selections(clipped([each or 0 for each in starts]), clipped([each or 0 for each in ends]), copies)


def rows_of(carrier: Element) -> Rows:
    """List the selections of an element that carries a text."""
    elements = [each for each in carrier if each.tag in SELECTIONS]
    written = _Written(elements)
    starts, ends = _ends(elements, carrier, written)
    plain = list(map(_is_plain, elements))
    return Rows(elements, starts, ends, plain, written["name"], _said(elements, plain, written))


class _Written:
    """The attributes of elements, column by column; looked up in dictionaries, which costs half of asking each."""

    def __init__(self, elements: Sequence[Element]) -> None:
        self._attributes = list(map(attrgetter("attrib"), elements))

    def __getitem__(self, name: str) -> list[str]:
        """Return an attribute of all elements, empty where it is missing."""
        try:
            return list(map(itemgetter(name), self._attributes))
        except KeyError:
            return [each.get(name, "") for each in self._attributes]


def _is_plain(selection: Element) -> bool:
    if len(selection) != 1:
        return False
    (coding,) = selection
    return coding.tag == "Coding" and len(coding) == 1 and coding[0].tag == "CodeRef"


def _said(elements: Sequence[Element], plain: Sequence[bool], written: _Written) -> Plain:
    codings = [each[0] if simple else _NOTHING for each, simple in zip(elements, plain, strict=True)]
    own = _Written(codings)
    coders = list(map(tidied, own["creatingUser"]))
    if not all(coders):
        coders = [coder or tidied(other) for coder, other in zip(coders, written["creatingUser"], strict=True)]
    references = _Written([each[0] if len(each) else _NOTHING for each in codings])
    codes = list(map(tidied, references["targetGUID"]))
    return Plain(list(map(bare, own["guid"])), codes, coders, own["creationDateTime"])


_NOTHING = Element("Coding")


def _ends(
    selections: Sequence[Element], carrier: Element, written: _Written
) -> tuple[list[int | None], list[int | None]]:
    """Return selections' positions as delivered; a transcript's are those of its synchronisation points."""
    starts, ends = whole_numbers(written["startPosition"]), whole_numbers(written["endPosition"])
    if any(each.tag != "PlainTextSelection" for each in selections):
        points = {guid_of(point): position_of(point, "position") for point in carrier.iter("SyncPoint")}
        for k, each in enumerate(selections):
            if each.tag != "PlainTextSelection":
                starts[k] = points.get(guid_of(each, "fromSyncPoint"))
                ends[k] = points.get(guid_of(each, "toSyncPoint"))
    return starts, ends
