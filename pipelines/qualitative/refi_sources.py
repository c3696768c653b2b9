"""Read the sources of a REFI-QDA project: their texts, how positions are counted, and where codings sit.

Who coded, and what a code means, is decided in refi_codings.py.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import NamedTuple
from xml.etree.ElementTree import Element

from pipelines.qualitative.models import Calibration, MediumKind, NotReadable
from pipelines.qualitative.offsets import Convention, SourceText
from pipelines.qualitative.places import Placed, Places, Refused
from pipelines.qualitative.positions import Trial, habit_of, trials
from pipelines.qualitative.refi_elements import Deviations, guid_of
from pipelines.qualitative.refi_selections import SELECTIONS, Ends, Rows, rows_of

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
_MOJIBAKE = ("\u00c3\u00a9", "\u00e2\u20ac\u2122", "\u00e2\u20ac\u0153")
_NOT_WHOLE = Refused("its positions are missing or not whole numbers")
_NOT_READ = Refused("it is on a picture or recording, which is not read")
_NO_TEXT = Refused("the text of its document cannot be read")
_NO_ROWS = rows_of(Element("TextSource"))
_AREA = Refused("it marks an area of a page or a stretch of a recording, which is not read")


class Marked(NamedTuple):
    """One Coding element, the selection it sits on (None: the whole source), and its place or why it has none."""

    coding: Element
    selection: Element | None
    place: Placed | Refused
    delivered: Ends = (None, None)


class Run(NamedTuple):
    """Plain selections one after the other, all of them placed: from one number in the source's rows to before another.

    They are handled together; `Rows.said` has their Codings.
    """

    first: int
    stop: int


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
    marked: Sequence[Marked | Run]
    rows: Rows
    found: Places
    calibration: Calibration | None
    carrier: Element | None = None
    annotated: tuple[tuple[Element, Placed], ...] = ()
    ink: tuple[int, int] = (0, 0)
    further: str = ""

    def places(self) -> Mapping[str, Placed]:
        """Return the places of its selections by GUID."""
        both = zip(self.rows.elements, self.found, strict=True)
        return {guid_of(selection): place for selection, place in both if isinstance(place, Placed)}

    def one_by_one(self, run: Run) -> Iterator[Marked]:
        """Yield the Codings of a run."""
        for k in range(*run):
            yield _marked(self.rows, k, self.rows.elements[k][0], self.found[k])


@dataclass
class _Opened:
    """A source whose text is open, and its selections."""

    element: Element
    carrier: Element
    id: str
    other_ids: tuple[str, ...]
    text: SourceText
    rows: Rows
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
    asked = {k: each for k, each in enumerate(opened) if isinstance(each, _Opened) and each.rows.tried}
    tried = dict(zip(asked, trials([(each.text, each.rows.asked) for each in asked.values()]), strict=True))
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
    return ReadSource(element, identity, (), None, marked, _NO_ROWS, Places.none(0, reason), None)


def _opened(
    element: Element, carrier: Element, identity: str, others: tuple[str, ...], text: SourceText, place: int
) -> _Opened:
    further = (carrier.get("name") or str(place + 1)) if place else ""
    return _Opened(element, carrier, identity, others, text, rows_of(carrier), first=not place, further=further)


def _place(opened: _Opened, trial: Trial | None, habit: Convention | None) -> ReadSource:
    rows = opened.rows
    calibration, found = None, Places.none(len(rows.elements), _NOT_WHOLE)
    if trial is not None:
        calibration, places = trial.judged(opened.id, habit)
        found = places.among(rows.tried, len(rows.elements), _NOT_WHOLE)
    others = [k for k, simple in enumerate(rows.plain) if not simple or k in found.refused]
    marked = list(_in_order(rows, found, others))
    text = opened.text.canonical
    if opened.first:
        marked += _on_whole_source(opened, len(text))
        marked += _elsewhere(opened, marked)
    ink = len(text) - len(text.lstrip()), len(text.rstrip())
    return ReadSource(
        opened.element,
        opened.id,
        opened.other_ids,
        text,
        marked,
        rows,
        found,
        calibration,
        opened.carrier,
        tuple(_annotated(rows, found, others)),
        ink,
        opened.further,
    )


def _in_order(rows: Rows, found: Places, others: Iterable[int]) -> Iterator[Marked | Run]:
    """Yield Codings in the order of the file: those of `others` singly, what lies between them in runs."""
    reached = 0
    for k in [*others, len(rows.elements)]:
        if reached < k:
            yield Run(reached, k)
        reached = k + 1
        if k < len(rows.elements):
            for coding in rows.elements[k].findall("Coding"):
                yield _marked(rows, k, coding, found[k])


def _marked(rows: Rows, number: int, coding: Element, place: Placed | Refused) -> Marked:
    return Marked(coding, rows.elements[number], place, (rows.starts[number], rows.ends[number]))


def _annotated(rows: Rows, found: Places, others: Iterable[int]) -> Iterator[tuple[Element, Placed]]:
    """Yield selections with words, but no Coding."""
    for k in others:
        element, place = rows.elements[k], found[k]
        if len(element) and isinstance(place, Placed) and element.find("Coding") is None:
            yield element, place


def _on_whole_source(opened: _Opened, length: int) -> Iterator[Marked]:
    place = Placed(0, length, "whole-document")
    for holder in (opened.element,) if opened.element is opened.carrier else (opened.element, opened.carrier):
        for coding in holder.findall("Coding"):
            yield Marked(coding, None, place)


def _elsewhere(opened: _Opened, marked: Sequence[Marked | Run]) -> Iterator[Marked]:
    """Yield codings on what is not read: areas of a page, stretches of a recording."""
    if sum(each.stop - each.first if isinstance(each, Run) else 1 for each in marked) == _codings_in(opened):
        return
    texts = opened.element.findall(_CARRIERS.get(opened.element.tag, ""))
    known = {id(coding) for text in texts for coding in text.iter("Coding")}
    known |= {id(selection[0]) for selection in opened.rows.plain_ones}
    known |= {id(each.coding) for each in marked if isinstance(each, Marked)}
    for coding in opened.element.iter("Coding"):
        if id(coding) not in known:
            yield Marked(coding, None, _AREA)


def _codings_in(opened: _Opened) -> int:
    """Count the Codings inside a source; nearly all are in plain selections, which need not be gone through."""
    if opened.element is not opened.carrier:
        return sum(1 for _ in opened.element.iter("Coding"))
    parts = [each for each in opened.element if each.tag not in SELECTIONS] + opened.rows.other_ones
    return len(opened.rows.plain_ones) + sum(1 for part in parts for _ in part.iter("Coding"))
