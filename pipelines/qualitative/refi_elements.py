"""Parts of REFI-QDA's XML as real files write them: by local name, GUIDs tidied, bad numbers and dates as None."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime
from functools import lru_cache
from typing import NamedTuple

# A document type can only stand before the root; what defusedxml has seen up to there, the fast parser reads on.
from xml.etree.ElementTree import Element, ParseError, XMLParser

from defusedxml.common import DefusedXmlException
from defusedxml.ElementTree import DefusedXMLParser

from pipelines.qualitative.models import NotReadable

# A position is an index into a text; anything longer is a broken file.
_POSITION = re.compile(r"\s*[+-]?[0-9]{1,15}\s*")
_LONGEST_NUMBER = 15
_MOST_TAGS = 20_000_000
_PIECE = 64 * 1024
# Programs on Windows write UTF-8 and still declare what their strings are in memory.
_SAYS_UTF_16 = re.compile(rb"(?:\xef\xbb\xbf)?<\?xml[^>]{0,80}encoding\s*=\s*[\"']utf-16[\"']", re.IGNORECASE)


class Deviations:
    """Deviations gathered while reading, counted, in the order in which they were first met."""

    def __init__(self) -> None:
        """Start empty."""
        self._counts: Counter[str] = Counter()

    def add(self, sentence: str) -> None:
        """Note one occurrence."""
        self._counts[sentence] += 1

    def sentences(self) -> tuple[str, ...]:
        """Return each sentence once, with how often it holds if more than once."""
        return tuple(f"{each} ({count} times)" if count > 1 else each for each, count in self._counts.items())


class Parsed(NamedTuple):
    """A root whose elements have local names only, and the namespace that the root had."""

    root: Element
    namespace: str


class _RootReached(Exception):
    """The prolog is over."""


class _Prolog:
    """Stops a parser at the root."""

    def start(self, tag: str, attributes: Mapping[str, str]) -> None:
        raise _RootReached

    def close(self) -> None:
        return None


class _LocalNames(dict[str, str]):
    def __missing__(self, tag: str) -> str:
        self[tag] = tag.rpartition("}")[2]
        return self[tag]


def parse(content: bytes, deviations: Deviations) -> Parsed:
    """Parse foreign XML without document types, entities or external references.

    Raises
    ------
    NotReadable
        In plain words with line and column, never with the file's text.
    """
    if content.count(b"<") > _MOST_TAGS:
        raise NotReadable(f"its XML holds more than {_MOST_TAGS:,} tags")
    encoding = "utf-8" if _SAYS_UTF_16.match(content) else None
    if encoding:
        deviations.add("its XML says that it is UTF-16, and is UTF-8")
    try:
        _refuse_document_type(content, encoding)
        parser = XMLParser(encoding=encoding)  # noqa: S314 (what is forbidden was found above)
        parser.feed(content)
        root: Element = parser.close()
    except DefusedXmlException:
        raise NotReadable("it declares a document type or entities, which project files never need") from None
    except ParseError as fault:
        line, column = fault.position
        raise NotReadable(f"its XML is broken at line {line}, column {column + 1}") from None
    except (ValueError, LookupError, TypeError):
        raise NotReadable("its XML is in a character encoding that is not supported") from None
    namespace = root.tag.partition("}")[0].removeprefix("{") if root.tag.startswith("{") else ""
    names = _LocalNames()
    for element in root.iter():
        element.tag = names[element.tag]
    return Parsed(root, namespace)


def _refuse_document_type(content: bytes, encoding: str | None) -> None:
    parser = DefusedXMLParser(target=_Prolog(), encoding=encoding, forbid_dtd=True)
    try:
        for place in range(0, len(content), _PIECE):
            parser.feed(content[place : place + _PIECE])
        parser.close()
    except _RootReached:
        return


def children(element: Element | None, *names: str) -> Iterator[Element]:
    """Yield the direct children of the given local names."""
    return (child for child in (() if element is None else element) if child.tag in names)


def child(element: Element | None, name: str) -> Element | None:
    """Return the first direct child of a local name."""
    return None if element is None else element.find(name)


def text_of(element: Element | None, name: str) -> str:
    """Return a direct child's text, or empty."""
    return "" if element is None else element.findtext(name, "")


def guid_of(element: Element, attribute: str = "guid") -> str:
    """Return a GUID attribute without braces and in lower case; empty if absent."""
    return bare(element.get(attribute, ""))


def bare(guid: str) -> str:
    """Return what is written as a GUID without braces and in lower case."""
    return guid.strip().strip("{}").lower()


tidied = lru_cache(maxsize=10_000)(bare)
"""The same for GUIDs of which few differ where many are written: those of codes and coders."""


def targets(element: Element, name: str) -> list[str]:
    """Return the GUIDs that an element's references of one kind point to."""
    return [tidied(reference.get("targetGUID", "")) for reference in element.findall(name)]


def whole_numbers(written: Sequence[str]) -> list[int | None]:
    """Return whole numbers; None for what is not one."""
    together = "".join(written)
    # Nearly all files have nothing but plain digits.
    if together.isdigit() and together.isascii() and all(written) and max(map(len, written)) <= _LONGEST_NUMBER:
        return list(map(int, written))
    return [int(each) if _POSITION.fullmatch(each) else None for each in written]


def position_of(element: Element, attribute: str) -> int | None:
    """Return a whole number; None if absent or not one."""
    return whole_numbers([element.get(attribute, "")])[0]


def moment_of(element: Element) -> datetime | None:
    """Return when an element was created; None if absent or not a date and time."""
    value = element.get("creationDateTime")
    if not value:
        return None
    try:
        return datetime.fromisoformat(value.strip())
    except ValueError:
        return None


def attributes_of(element: Element, variables: Mapping[str, str], deviations: Deviations) -> dict[str, str]:
    """Return an element's variable values by variable name; a variable without a value is left out."""
    values = {}
    for holder in element.findall("VariableValue"):
        value = next((each for each in holder if each.tag != "VariableRef"), None)
        names = [variables[target] for target in targets(holder, "VariableRef") if target in variables]
        if not names:
            deviations.add("a value belongs to a variable that the file does not define; left out")
        elif value is not None:
            values[names[0]] = value.text or ""
    return values
