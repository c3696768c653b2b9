"""The lists of a REFI-QDA project: coders, codes, variables, cases, sets of sources."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterator, Mapping
from xml.etree.ElementTree import Element

from pipelines.qualitative.models import Case, Code, Coder
from pipelines.qualitative.refi_elements import Deviations, attributes_of, child, children, guid_of, targets, text_of

_DEEPEST = 50


def read_coders(root: Element) -> dict[str, Coder]:
    """Return coders by GUID."""
    users = enumerate(children(child(root, "Users"), "User"), start=1)
    named = {guid_of(user): user.get("name") or user.get("id") or f"coder {number}" for number, user in users}
    return {identity: Coder(identity, name) for identity, name in named.items()}


def read_variables(root: Element) -> dict[str, str]:
    """Return variables' names by GUID."""
    return {guid_of(each): each.get("name", "") for each in children(child(root, "Variables"), "Variable")}


def read_codes(root: Element, *, without: set[str], deviations: Deviations) -> dict[str, Code]:
    """Return codes by GUID in the file's order; `without` are GUIDs of cases, which NVivo also lists as codes.

    Raises
    ------
    ValueError
        Codes are nested deeper than any person nests them.
    """
    codes: dict[str, Code] = {}
    for element, path in _walk(child(child(root, "CodeBook"), "Codes"), ()):
        identity = guid_of(element)
        if identity in without:
            continue
        if identity in codes or not identity:
            deviations.add("a code has no GUID or that of another code; left out")
            continue
        codable = element.get("isCodable", "true").strip().casefold() not in ("false", "0")
        codes[identity] = Code(identity, path[-1], path, text_of(element, "Description"), codable)
    return codes


def _walk(parent: Element | None, path: tuple[str, ...]) -> Iterator[tuple[Element, tuple[str, ...]]]:
    if len(path) > _DEEPEST:
        raise ValueError(f"its codes are nested deeper than {_DEEPEST} levels")
    for element in children(parent, "Code"):
        below = (*path, element.get("name") or "(no name)")
        yield element, below
        yield from _walk(element, below)


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
        identity = guid_of(element) or f"case-{number}"
        cases[identity] = Case(identity, name, attributes_of(element, variables, deviations))
    return cases


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
