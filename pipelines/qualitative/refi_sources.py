"""Read one source of a REFI-QDA project: its text, how its positions are counted, and where its codings sit.

Who coded, and what a code means, is decided in refi_qda.py.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from xml.etree.ElementTree import Element

from pipelines.qualitative.models import Calibration
from pipelines.qualitative.offsets import SourceText
from pipelines.qualitative.positions import Placed, Refused, Selection, calibrate
from pipelines.qualitative.refi_elements import Deviations, child, children, guid_of, local, position_of

SOURCE_KINDS = ("TextSource", "PictureSource", "PDFSource", "AudioSource", "VideoSource")
_CARRIERS = {"PDFSource": "Representation", "AudioSource": "Transcript", "VideoSource": "Transcript"}
_MOJIBAKE = ("\u00c3\u00a9", "\u00e2\u20ac\u2122", "\u00e2\u20ac\u0153")
_NOT_WHOLE = "its positions are missing or not whole numbers"


@dataclass(frozen=True)
class Marked:
    """One Coding element, the selection it sits on (None: the whole source), and its place or why it has none."""

    coding: Element
    selection: Element | None
    place: Placed | Refused
    delivered: tuple[int | None, int | None] = (None, None)


@dataclass(frozen=True)
class ReadSource:
    """A source as read; `text` is None when there is no text to read. `other_ids` also name it in references."""

    element: Element
    id: str
    other_ids: tuple[str, ...]
    text: str | None = field(repr=False)
    marked: tuple[Marked, ...]
    places: Mapping[str, Placed]
    calibration: Calibration | None


def read_source(
    source: Element, number: int, open_text: Callable[[Element], SourceText], deviations: Deviations
) -> ReadSource:
    """Read one source.

    Parameters
    ----------
    source
        An element of one of SOURCE_KINDS.
    number
        Its place in the file from 1, by which messages call it: its name may be a person's.
    open_text
        Gives the text of an element that carries one; raises ValueError in plain words.
    deviations
        Told what could not be read.
    """
    identity = guid_of(source) or f"source-{number}"
    carrier = _carrier(source)
    if carrier is None:
        deviations.add(f"{local(source)} without text is not read")
        return _unread(source, identity, "it is on a picture or recording, which is not read")
    try:
        text = open_text(carrier)
    except ValueError as fault:
        deviations.add(f"source {number} cannot be read: {fault}")
        return _unread(source, identity, "the text of its document cannot be read")
    if any(sign in text.canonical for sign in _MOJIBAKE):
        deviations.add(f"source {number} looks as if it had been saved in a wrong character encoding")
    return _place(source, carrier, identity, text)


def _carrier(source: Element) -> Element | None:
    """Return the element that carries a source's text; of several transcripts the first."""
    kind = local(source)
    return source if kind == "TextSource" else child(source, _CARRIERS[kind]) if kind in _CARRIERS else None


def _unread(source: Element, identity: str, reason: str) -> ReadSource:
    marked = tuple(Marked(coding, None, Refused(reason)) for coding in _all_codings(source))
    return ReadSource(source, identity, _inner_ids(source), None, marked, {}, None)


def _place(source: Element, carrier: Element, identity: str, text: SourceText) -> ReadSource:
    """Place every selection, coded or not (all are evidence), and list the codings on them."""
    points = {guid_of(point): position_of(point, "position") for point in children(carrier, "SyncPoint")}
    selections = list(children(carrier, "PlainTextSelection", "TranscriptSelection"))
    ends = [_ends(selection, points) for selection in selections]
    whole = [k for k, (start, end) in enumerate(ends) if start is not None and end is not None]
    found: list[Placed | Refused] = [Refused(_NOT_WHOLE)] * len(selections)
    calibration = None
    if whole:
        asked = [Selection(ends[k][0] or 0, ends[k][1] or 0, selections[k].get("name", "")) for k in whole]
        calibration, results = calibrate(identity, text, asked)
        for k, result in zip(whole, results, strict=True):
            found[k] = result
    marked = [
        Marked(coding, selection, place, delivered)
        for selection, place, delivered in zip(selections, found, ends, strict=True)
        for coding in children(selection, "Coding")
    ]
    marked += _on_whole_source(source, carrier, text)
    marked += _elsewhere(source, {id(mark.coding) for mark in marked})
    pairs = zip(selections, found, strict=True)
    places = {guid_of(selection): place for selection, place in pairs if isinstance(place, Placed)}
    return ReadSource(source, identity, _inner_ids(source), text.canonical, tuple(marked), places, calibration)


def _ends(selection: Element, points: Mapping[str, int | None]) -> tuple[int | None, int | None]:
    """Return a selection's positions as delivered; a transcript's are those of its synchronisation points."""
    if local(selection) == "PlainTextSelection":
        return position_of(selection, "startPosition"), position_of(selection, "endPosition")
    return points.get(guid_of(selection, "fromSyncPoint")), points.get(guid_of(selection, "toSyncPoint"))


def _on_whole_source(source: Element, carrier: Element, text: SourceText) -> Iterator[Marked]:
    place = Placed(0, len(text.canonical), "whole-document")
    for holder in (source,) if source is carrier else (source, carrier):
        for coding in children(holder, "Coding"):
            yield Marked(coding, None, place)


def _elsewhere(source: Element, known: set[int]) -> list[Marked]:
    """List codings on what is not read: areas of a page, stretches of a recording, further transcripts."""
    reason = "it marks an area of a page or a stretch of a recording, which is not read"
    return [Marked(coding, None, Refused(reason)) for coding in _all_codings(source) if id(coding) not in known]


def _all_codings(source: Element) -> Iterator[Element]:
    return (element for element in source.iter() if local(element) == "Coding")


def _inner_ids(source: Element) -> tuple[str, ...]:
    """Return the GUIDs of a source's representation or transcripts: cases may refer to those instead."""
    return tuple(guid_of(each) for each in children(source, "Representation", "Transcript") if guid_of(each))
