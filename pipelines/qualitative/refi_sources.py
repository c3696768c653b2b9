"""Read the sources of a REFI-QDA project: their texts, how positions are counted, and where codings sit.

Who coded, and what a code means, is decided in refi_codings.py.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import NamedTuple
from xml.etree.ElementTree import Element

from pipelines.qualitative.models import Calibration, MediumKind, NotReadable
from pipelines.qualitative.offsets import Convention, SourceText, clipped
from pipelines.qualitative.positions import Placed, Refused, Selections, Trial, habit_of, trials
from pipelines.qualitative.refi_elements import Deviations, guid_of, position_of, whole_numbers

KINDS: Mapping[str, MediumKind] = {
    "TextSource": "text",
    "PictureSource": "picture",
    "PDFSource": "pdf",
    "AudioSource": "audio",
    "VideoSource": "video",
}
"""The elements that are sources."""
_CARRIERS = {
    "PictureSource": "TextDescription",
    "PDFSource": "Representation",
    "AudioSource": "Transcript",
    "VideoSource": "Transcript",
}
_SELECTIONS = ("PlainTextSelection", "TranscriptSelection")
_MOJIBAKE = ("\u00c3\u00a9", "\u00e2\u20ac\u2122", "\u00e2\u20ac\u0153")
_NOT_WHOLE = Refused("its positions are missing or not whole numbers")
_NOT_READ = Refused("it is on a picture or recording, which is not read")
_NO_TEXT = Refused("the text of its document cannot be read")
_AREA = Refused("it marks an area of a page or a stretch of a recording, which is not read")

Ends = tuple[int | None, int | None]


class Marked(NamedTuple):
    """One Coding element, the selection it sits on (None: the whole source), and its place or why it has none."""

    coding: Element
    selection: Element | None
    place: Placed | Refused
    delivered: Ends = (None, None)


@dataclass(frozen=True)
class ReadSource:
    """A source as read; `text` is None when there is no text to read. `other_ids` also name it in references.

    `carrier` is the element with the text, `found` are the places of its selections, `annotated` those with words but
    no coding.
    """

    element: Element
    id: str
    other_ids: tuple[str, ...]
    text: str | None = field(repr=False)
    marked: Sequence[Marked]
    selections: Sequence[Element]
    found: Sequence[Placed | Refused]
    calibration: Calibration | None
    carrier: Element | None = None
    annotated: tuple[tuple[Element, Placed], ...] = ()
    ink: tuple[int, int] = (0, 0)
    further: str = ""

    def places(self) -> Mapping[str, Placed]:
        """Return the places of its selections by GUID."""
        both = zip(self.selections, self.found, strict=True)
        return {guid_of(selection): place for selection, place in both if isinstance(place, Placed)}


@dataclass
class _Opened:
    """A source whose text is open; `tried` are the numbers of the selections with whole positions, `asked` they."""

    element: Element
    carrier: Element
    id: str
    other_ids: tuple[str, ...]
    text: SourceText
    selections: Sequence[Element]
    ends: Sequence[Ends]
    tried: Sequence[int]
    asked: Selections
    first: bool
    further: str


def read_sources(
    elements: Sequence[Element], open_text: Callable[[Element], SourceText], deviations: Deviations
) -> list[ReadSource]:
    """Read sources, and of recordings every transcript.

    Parameters
    ----------
    elements
        Elements named in KINDS.
    open_text
        Gives the text of an element that carries one; raises NotReadable in plain words.
    deviations
        Told what could not be read. Sources are called by their place in the file: a name may be a person's.
    """
    taken: set[str] = set()
    opened = [
        each
        for number, element in enumerate(elements, start=1)
        for each in _open(element, number, open_text, taken, deviations)
    ]
    return list(_placed(opened))


def _placed(opened: Sequence[_Opened | ReadSource]) -> Iterator[ReadSource]:
    """Place each source by itself; what that leaves open is decided by how the others count."""
    asked = {k: each for k, each in enumerate(opened) if isinstance(each, _Opened) and len(each.asked)}
    tried = dict(zip(asked, trials([(each.text, each.asked) for each in asked.values()]), strict=True))
    read = [each if isinstance(each, ReadSource) else _place(each, tried.get(k), None) for k, each in enumerate(opened)]
    doubtful = [k for k, each in enumerate(read) if each.calibration is not None and not each.calibration.verified]
    habit = habit_of(trial.standings() for trial in tried.values()) if doubtful and len(tried) > 1 else None
    if habit is not None:
        for k in doubtful:
            read[k] = _place(asked[k], tried[k], habit)
    yield from read


def _open(
    element: Element, number: int, open_text: Callable[[Element], SourceText], taken: set[str], deviations: Deviations
) -> Iterator[_Opened | ReadSource]:
    """Open a source's text, and every further transcript as a source of its own."""
    carriers = [element] if element.tag == "TextSource" else element.findall(_CARRIERS[element.tag])
    if not carriers:
        deviations.add(f"{element.tag} without text is not read")
        yield _unread(element, _identity(guid_of(element), number, taken, deviations), _NOT_READ)
    for place, carrier in enumerate(carriers):
        holder = carrier if place else element
        identity = _identity(guid_of(holder), f"{number}-{place + 1}" if place else number, taken, deviations)
        try:
            text = open_text(carrier)
        except NotReadable as fault:
            deviations.add(f"source {number} cannot be read: {fault}")
            yield _unread(holder, identity, _NO_TEXT, [] if place else carriers[1:])
            continue
        if any(sign in text.canonical for sign in _MOJIBAKE):
            deviations.add(f"source {number} looks as if it had been saved in a wrong character encoding")
        inner = () if carrier is holder or not guid_of(carrier) else (guid_of(carrier),)
        yield _opened(element, carrier, identity, inner, text, place)


def _identity(guid: str, number: int | str, taken: set[str], deviations: Deviations) -> str:
    identity = guid or f"source-{number}"
    if identity in taken:
        deviations.add("two sources have the same GUID; the later one is numbered")
        identity = f"{identity}#{number}"
    taken.add(identity)
    return identity


def _unread(element: Element, identity: str, reason: Refused, apart: Sequence[Element] = ()) -> ReadSource:
    """Set aside every coding in an element, but for those in the parts that are read apart."""
    elsewhere = {id(coding) for part in apart for coding in part.iter("Coding")}
    marked = tuple(Marked(coding, None, reason) for coding in element.iter("Coding") if id(coding) not in elsewhere)
    return ReadSource(element, identity, (), None, marked, (), (), None)


def _opened(
    element: Element, carrier: Element, identity: str, others: tuple[str, ...], text: SourceText, place: int
) -> _Opened:
    """List every selection, coded or not: all are evidence where their positions are whole."""
    selections = [each for each in carrier if each.tag in _SELECTIONS]
    starts, ends = _ends(selections, carrier)
    tried: Sequence[int] = range(len(selections))
    if None in starts or None in ends:
        tried = [k for k in tried if starts[k] is not None and ends[k] is not None]
    asked = Selections(
        clipped([starts[k] or 0 for k in tried]),
        clipped([ends[k] or 0 for k in tried]),
        [selections[k].get("name", "") for k in tried],
    )
    pairs = list(zip(starts, ends, strict=True))
    further = (carrier.get("name") or str(place + 1)) if place else ""
    return _Opened(
        element, carrier, identity, others, text, selections, pairs, tried, asked, first=not place, further=further
    )


def _ends(selections: Sequence[Element], carrier: Element) -> tuple[list[int | None], list[int | None]]:
    """Return selections' positions as delivered; a transcript's are those of its synchronisation points."""
    starts = whole_numbers([each.get("startPosition", "") for each in selections])
    ends = whole_numbers([each.get("endPosition", "") for each in selections])
    if any(each.tag != "PlainTextSelection" for each in selections):
        points = {guid_of(point): position_of(point, "position") for point in carrier.iter("SyncPoint")}
        for k, each in enumerate(selections):
            if each.tag != "PlainTextSelection":
                starts[k] = points.get(guid_of(each, "fromSyncPoint"))
                ends[k] = points.get(guid_of(each, "toSyncPoint"))
    return starts, ends


def _place(opened: _Opened, trial: Trial | None, habit: Convention | None) -> ReadSource:
    found: list[Placed | Refused] = [_NOT_WHOLE] * len(opened.selections)
    calibration = None
    if trial is not None:
        calibration, results = trial.verdict(opened.id, habit)
        for k, result in zip(opened.tried, results, strict=True):
            found[k] = result
    marked: list[Marked] = []
    annotated: list[tuple[Element, Placed]] = []
    for selection, place, delivered in zip(opened.selections, found, opened.ends, strict=True):
        codings = selection.findall("Coding")
        if codings:
            marked += [Marked(coding, selection, place, delivered) for coding in codings]
        elif len(selection) and isinstance(place, Placed):
            annotated.append((selection, place))
    text = opened.text.canonical
    if opened.first:
        marked += _on_whole_source(opened, len(text))
        if len(marked) != sum(1 for _ in opened.element.iter("Coding")):
            marked += _elsewhere(opened, {id(mark.coding) for mark in marked})
    ink = len(text) - len(text.lstrip()), len(text.rstrip())
    return ReadSource(
        opened.element,
        opened.id,
        opened.other_ids,
        text,
        marked,
        opened.selections,
        found,
        calibration,
        opened.carrier,
        tuple(annotated),
        ink,
        opened.further,
    )


def _on_whole_source(opened: _Opened, length: int) -> Iterator[Marked]:
    place = Placed(0, length, "whole-document")
    for holder in (opened.element,) if opened.element is opened.carrier else (opened.element, opened.carrier):
        for coding in holder.findall("Coding"):
            yield Marked(coding, None, place)


def _elsewhere(opened: _Opened, known: set[int]) -> Iterator[Marked]:
    """List codings on what is not read: areas of a page, stretches of a recording."""
    texts = opened.element.findall(_CARRIERS.get(opened.element.tag, ""))
    read = {id(coding) for text in texts for coding in text.iter("Coding")}
    for coding in opened.element.iter("Coding"):
        if id(coding) not in known and id(coding) not in read:
            yield Marked(coding, None, _AREA)
