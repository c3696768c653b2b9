"""Parts of REFI-QDA's XML as real files write them: by local name, GUIDs tidied, bad numbers and dates as None."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator, Mapping
from datetime import datetime
from xml.etree.ElementTree import Element, ParseError

from defusedxml import ElementTree
from defusedxml.common import DefusedXmlException

# A position is an index into a text; anything longer is a broken file.
_POSITION = re.compile(r"\s*[+-]?[0-9]{1,15}\s*")


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


def parse(content: bytes) -> Element:
    """Parse foreign XML without document types, entities or external references.

    Raises
    ------
    ValueError
        In plain words with line and column, never with the file's text.
    """
    try:
        root: Element = ElementTree.fromstring(content, forbid_dtd=True)
    except DefusedXmlException:
        raise ValueError("it declares a document type or entities, which project files never need") from None
    except ParseError as fault:
        line, column = fault.position
        raise ValueError(f"its XML is broken at line {line}, column {column + 1}") from None
    except (ValueError, LookupError):
        raise ValueError("its XML is in a character encoding that is not supported") from None
    return root


def local(element: Element) -> str:
    """Return an element's name without its namespace."""
    return str(element.tag).rpartition("}")[2]


def children(element: Element | None, *names: str) -> Iterator[Element]:
    """Yield the direct children of the given local names."""
    return (child for child in (() if element is None else element) if local(child) in names)


def child(element: Element | None, name: str) -> Element | None:
    """Return the first direct child of a local name."""
    return next(children(element, name), None)


def text_of(element: Element | None, name: str) -> str:
    """Return a direct child's text, or empty."""
    found = child(element, name)
    return (found.text or "") if found is not None else ""


def guid_of(element: Element, attribute: str = "guid") -> str:
    """Return a GUID attribute without braces and in lower case; empty if absent."""
    return element.get(attribute, "").strip().strip("{}").lower()


def targets(element: Element, name: str) -> list[str]:
    """Return the GUIDs that an element's references of one kind point to."""
    return [guid_of(reference, "targetGUID") for reference in children(element, name)]


def position_of(element: Element, attribute: str) -> int | None:
    """Return a whole number; None if absent or not one."""
    value = element.get(attribute, "")
    return int(value) if _POSITION.fullmatch(value) else None


def moment_of(element: Element) -> datetime | None:
    """Return when an element was created; None if absent or not a date and time."""
    try:
        return datetime.fromisoformat(element.get("creationDateTime", "").strip())
    except ValueError:
        return None


def attributes_of(element: Element, variables: Mapping[str, str], deviations: Deviations) -> dict[str, str]:
    """Return an element's variable values by variable name; a variable without a value is left out."""
    values = {}
    for holder in children(element, "VariableValue"):
        value = next((each for each in holder if local(each) != "VariableRef"), None)
        names = [variables[target] for target in targets(holder, "VariableRef") if target in variables]
        if not names:
            deviations.add("a value belongs to a variable that the file does not define; left out")
        elif value is not None:
            values[names[0]] = value.text or ""
    return values
