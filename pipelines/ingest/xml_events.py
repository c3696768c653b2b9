"""XML of a foreign file as events: no document type, so no entities, and nothing outside the file is ever fetched."""

from __future__ import annotations

from collections.abc import Callable, Collection
from typing import Any
from xml.parsers import expat

Start = Callable[[str, dict[str, str]], None]


class Enough(Exception):
    """Raised by a handler that needs no more."""


class Malformed(Exception):
    """The XML is broken, or has a document type."""


def _no_document_type(*_: object) -> None:
    raise Malformed


def events(content: bytes, start: Start, end: Callable[[str], None], text: Callable[[str], None]) -> None:
    """Call the handlers for every element and text; names come without namespace, whatever prefix a file uses."""
    parser = expat.ParserCreate(namespace_separator=" ")
    local: dict[str, str] = {}

    def bare(name: str) -> str:
        return local.get(name) or local.setdefault(name, name.rpartition(" ")[2])

    def begin(name: str, attributes: dict[str, str]) -> None:
        held = {local.get(key) or bare(key): value for key, value in attributes.items()} if attributes else attributes
        start(local.get(name) or bare(name), held)

    parser.StartElementHandler = begin
    parser.EndElementHandler = lambda name: end(local.get(name) or bare(name))
    parser.CharacterDataHandler = text
    _parsed(parser, content)


def marked(content: bytes, wanted: Collection[str], start: Start, end: Callable[[str], None]) -> None:
    """Call the handlers for some elements only: of a large part this takes a tenth of the time."""
    parser = expat.ParserCreate(namespace_separator=" ")
    unwanted: set[str] = set()

    def begin(name: str, attributes: dict[str, str]) -> None:
        if name not in unwanted:
            bare = name.rpartition(" ")[2]
            if bare in wanted:
                start(bare, {key.rpartition(" ")[2]: value for key, value in attributes.items()})
            else:
                unwanted.add(name)

    parser.StartElementHandler = begin
    parser.EndElementHandler = lambda name: None if name in unwanted else end(name.rpartition(" ")[2])
    _parsed(parser, content)


def _parsed(parser: Any, content: bytes) -> None:
    parser.StartDoctypeDeclHandler = _no_document_type
    parser.buffer_text = True
    try:
        parser.Parse(content, True)
    except Enough:
        return
    except (expat.ExpatError, ValueError):
        broken = True
    else:
        broken = False
    if broken:
        raise Malformed


def elements(content: bytes) -> list[tuple[tuple[str, ...], dict[str, str]]]:
    """Return every element of a small part as its path of names and its attributes."""
    found: list[tuple[tuple[str, ...], dict[str, str]]] = []
    path: list[str] = []

    def start(name: str, attributes: dict[str, str]) -> None:
        path.append(name)
        found.append((tuple(path), attributes))

    def end(_: str) -> None:
        path.pop()

    events(content, start, end, lambda _: None)
    return found
