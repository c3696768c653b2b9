"""The lists of a REFI-QDA project: coders, codes, variables, cases, sets of sources."""

from __future__ import annotations

import re
from collections import Counter, defaultdict
from collections.abc import Iterator, Mapping
from xml.etree.ElementTree import Element

from pipelines.qualitative.models import Case, Code, Coder, NotReadable
from pipelines.qualitative.refi_elements import Deviations, attributes_of, child, children, guid_of, targets, text_of

_DEEPEST = 50
_COLOUR = re.compile(r"#(?:[0-9a-fA-F]{3}){1,2}")


def read_coders(root: Element) -> dict[str, Coder]:
    """Return coders by GUID."""
    users = enumerate(children(child(root, "Users"), "User"), start=1)
    named = {guid_of(user): user.get("name") or user.get("id") or f"coder {number}" for number, user in users}
    return {identity: Coder(identity, name) for identity, name in named.items() if identity}


def read_variables(root: Element) -> dict[str, str]:
    """Return variables' names by GUID."""
    return {guid_of(each): each.get("name", "") for each in children(child(root, "Variables"), "Variable")}


def read_codes(codes_element: Element | None, *, without: set[str], deviations: Deviations) -> dict[str, Code]:
    """Return codes by id in the file's order; `without` are GUIDs of cases, which NVivo also lists as codes.

    Raises
    ------
    NotReadable
        Codes are nested deeper than any person nests them.
    """
    codes: dict[str, Code] = {}
    for element, path in _walk(codes_element):
        identity = guid_of(element)
        if identity in without:
            continue
        if identity in codes or not identity:
            deviations.add("a code has no GUID or that of another code; no passage can refer to it")
            identity = _numbered(identity or "code", codes)
        codable = element.get("isCodable", "true").strip().casefold() not in ("false", "0")
        codes[identity] = Code(
            identity, path[-1], path, text_of(element, "Description"), codable, _colour(element.get("color", ""))
        )
    return codes


def _numbered(identity: str, taken: Mapping[str, Code]) -> str:
    number = len(taken) + 1
    while f"{identity}#{number}" in taken:
        number += 1
    return f"{identity}#{number}"


def _colour(written: str) -> str:
    """Return a colour as #rrggbb; empty where it is none."""
    if not _COLOUR.fullmatch(written.strip()):
        return ""
    digits = written.strip()[1:].lower()
    return "#" + (digits if len(digits) == 6 else "".join(each * 2 for each in digits))


def _walk(codes: Element | None) -> Iterator[tuple[Element, tuple[str, ...]]]:
    """Yield codes with their paths, parents first, without the interpreter's limit on recursion."""
    top: tuple[str, ...] = ()
    waiting = [(element, top) for element in children(codes, "Code")][::-1]
    while waiting:
        element, above = waiting.pop()
        path = (*above, element.get("name") or "(no name)")
        if len(path) > _DEEPEST:
            raise NotReadable(f"its codes are nested deeper than {_DEEPEST} levels")
        yield element, path
        waiting.extend([(each, path) for each in element.findall("Code")][::-1])


def read_cases(
    root: Element, variables: Mapping[str, str], source_names: Mapping[str, str], deviations: Deviations
) -> dict[str, Case]:
    """Return cases by GUID, names made unique.

    Quirkos leaves cases nameless: one with a single source takes that source's name, any other is numbered.
    """
    cases: dict[str, Case] = {}
    taken: Counter[str] = Counter()
    for number, element in enumerate(children(child(root, "Cases"), "Case"), start=1):
        name = element.get("name") or _name_by_source(element, source_names) or f"case {number}"
        taken[name] += 1
        if taken[name] > 1:
            deviations.add("two cases share a name; the later one is numbered")
            name = f"{name} ({taken[name]})"
        if element.find("CodeRef") is not None:
            deviations.add("codes that a case refers to as a whole are not read")
        values = attributes_of(element, variables, deviations)
        identity = case_id(element, number)
        cases[identity] = Case(identity, name, values, text_of(element, "Description"))
    return cases


def case_id(element: Element, number: int) -> str:
    """Return a case's GUID, or one made of its place in the file."""
    return guid_of(element) or f"case-{number}"


def _name_by_source(element: Element, source_names: Mapping[str, str]) -> str:
    references = targets(element, "SourceRef")
    return source_names.get(references[0], "") if len(references) == 1 else ""


def read_groups(root: Element) -> defaultdict[str, set[str]]:
    """Return the names of the sets that each source GUID is in (MAXQDA's document groups)."""
    groups: defaultdict[str, set[str]] = defaultdict(set)
    for element in children(child(root, "Sets"), "Set"):
        for target in targets(element, "MemberSource"):
            groups[target].add(element.get("name", ""))
    return groups
