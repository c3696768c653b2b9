"""Notes of a REFI-QDA project that are not part of a coding: on codes, sources, passages, or the project."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterator, Mapping, Sequence
from xml.etree.ElementTree import Element

from pipelines.qualitative.models import Memo, NotReadable
from pipelines.qualitative.offsets import SourceText
from pipelines.qualitative.refi_codings import Assembly, words_of
from pipelines.qualitative.refi_elements import child, children, guid_of, moment_of, targets, text_of
from pipelines.qualitative.refi_sources import ReadSource


def memo_texts(root: Element, open_text: Callable[[Element], SourceText]) -> Mapping[str, str]:
    """Return the texts of notes by GUID."""
    memos = {}
    for note in children(child(root, "Notes"), "Note"):
        try:
            memos[guid_of(note)] = open_text(note).canonical
        except NotReadable:  # QualCoder's notes on passages have no text of their own
            memos[guid_of(note)] = text_of(note, "Description")
    return memos


def read_memos(root: Element, sources: Sequence[ReadSource], assembly: Assembly) -> tuple[Memo, ...]:
    """Return the notes that are not part of a coding, and the annotations of passages.

    Parameters
    ----------
    assembly
        With the codings already taken, so that it is known which notes are theirs.
    """
    annotations = tuple(_annotations(sources, assembly))
    return tuple(_notes(root, _about(root, sources), assembly)) + annotations


def _about(root: Element, sources: Sequence[ReadSource]) -> Mapping[str, list[str]]:
    """Return what each note is about, by GUID."""
    about: defaultdict[str, list[str]] = defaultdict(list)
    # Sources have no codes, and by far the most elements.
    parts = [part for part in root if part.tag != "Sources"]
    holders = [(element, guid_of(element)) for part in parts for element in part.iter("Code")]
    for source in sources:
        carriers = [source.carrier] if source.carrier not in (None, source.element) else []
        holders += [(element, source.id) for element in [source.element, *carriers] if element is not None]
    for element, identity in holders:
        for note in targets(element, "NoteRef"):
            about[note].append(identity)
    return about


def _notes(root: Element, about: Mapping[str, list[str]], assembly: Assembly) -> Iterator[Memo]:
    on_project = set(targets(root, "NoteRef"))
    for number, note in enumerate(children(child(root, "Notes"), "Note"), start=1):
        identity = guid_of(note)
        things = tuple(sorted(set(about.get(identity, ()))))
        if things or identity in on_project or identity not in assembly.used_notes:
            text = assembly.memos.get(identity, "")
            coder = guid_of(note, "creatingUser")
            yield Memo(
                identity or f"note-{number}", note.get("name", ""), text, coder, created=moment_of(note), about=things
            )


def _annotations(sources: Sequence[ReadSource], assembly: Assembly) -> Iterator[Memo]:
    number = 0
    for source in sources:
        for element, place in source.annotated:
            if words := words_of(element, assembly):
                number += 1
                yield Memo(
                    guid_of(element) or f"annotation-{number}",
                    "",
                    "\n\n".join(words),
                    guid_of(element, "creatingUser"),
                    moment_of(element),
                    (source.id,),
                    place.start,
                    place.end,
                )
