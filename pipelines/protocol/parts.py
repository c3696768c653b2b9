"""Parts of a protocol as read, before any model has seen it: whatever is not as it should be counts as empty.

What is wrong with them belongs in cross_references and soundness.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import Any

Place = tuple[str | int, ...]
Line = Callable[[Place], int]


def mapping(node: Any) -> dict[str, Any]:
    """Return a mapping, or an empty one."""
    return {str(key): value for key, value in node.items()} if isinstance(node, Mapping) else {}


def listed(node: Any) -> list[Any]:
    """Return a list, or an empty one."""
    return list(node) if isinstance(node, list | tuple) else []


def written(node: Any) -> str:
    """Return a word, or an empty one."""
    return node.strip() if isinstance(node, str) else ""


def extracts(tree: Mapping[str, Any]) -> Iterator[tuple[str, str, dict[str, Any]]]:
    """Return key, noun and body of each extract."""
    for name, extract in mapping(tree.get("extracts")).items():
        body = mapping(extract)
        yield name, str(body.get("noun") or "cases"), body


def columns(body: Mapping[str, Any]) -> dict[str, dict[str, Any]]:
    """Return the columns of an extract by field, each in its long form."""
    spelt = mapping(body.get("columns")).items()
    return {field: {"column": one} if isinstance(one, str) else mapping(one) for field, one in spelt}


def whole_cases(tree: Mapping[str, Any]) -> Iterator[tuple[str, set[str]]]:
    """Return each extract of cases that completes no other, with its fields and those of the ones that complete it."""
    cases = [(name, body) for name, noun, body in extracts(tree) if noun == "cases"]
    further: dict[str, set[str]] = {}
    for _, body in cases:
        further.setdefault(written(body.get("completes")), set()).update(columns(body))
    for name, body in cases:
        if not written(body.get("completes")):
            yield name, {*columns(body), *further.get(name, ())}


def extra_fields(tree: Mapping[str, Any], noun: str = "cases") -> dict[str, Place]:
    """Return the fields of a noun that the protocol itself names, with the place that names them."""
    named: dict[str, Place] = {}
    if noun == "cases":
        named |= {name: ("covariates", name) for name in mapping(tree.get("covariates"))}
    named |= {field: place for place, field in outcome_fields(tree, noun)}
    named |= {field: place for place, field in design_fields(tree, noun)}
    return named | ({field: place for place, field in measured_fields(tree)} if noun == "cases" else {})


def outcome_fields(tree: Mapping[str, Any], noun: str = "cases") -> Iterator[tuple[Place, str]]:
    """Return the fields of a noun that outcomes are made from."""
    for name, outcome in mapping(tree.get("outcomes")).items():
        if str(mapping(outcome).get("noun") or "cases") == noun:
            for key in ("value", "time", "event", "exposure", "competing"):
                field = mapping(outcome).get(key)
                if isinstance(field, str):
                    yield ("outcomes", name, key), field


CASES_KEYS = ("blocks", "clusters", "pairs", "adopted", "dose")
"""Keys of a design that name a field of the cases."""


def design_fields(tree: Mapping[str, Any], noun: str = "cases") -> Iterator[tuple[Place, str]]:
    """Return the fields of a noun that the design needs: groups, beginnings, baselines, who took it up."""
    design = mapping(tree.get("design"))
    panel = str(design.get("kind")) == "panel"
    if noun == "assessments" and panel:
        places: list[tuple[Place, Any]] = [(("design", "treated"), design.get("treated"))]
        places += [(("design", "by", index), field) for index, field in enumerate(listed(design.get("by")))]
        places.append((("design", "weights"), design.get("weights")))
        yield from ((place, field) for place, field in places if isinstance(field, str))
    if noun == "assessments" and str(design.get("kind")) == "staggered":
        changing = enumerate(listed(design.get("changing")))
        yield from ((("design", "changing", index), field) for index, field in changing if isinstance(field, str))
    if noun != "cases":
        return
    for key in CASES_KEYS if panel else (*CASES_KEYS, "weights"):
        if isinstance(design.get(key), str):
            yield ("design", key), design[key]
    for name, outcome in mapping(tree.get("outcomes")).items():
        if isinstance(mapping(outcome).get("baseline"), str):
            yield ("outcomes", name, "baseline"), outcome["baseline"]
    if isinstance(mapping(tree.get("take_up")).get("field"), str):
        yield ("take_up", "field"), tree["take_up"]["field"]


def measured_fields(tree: Mapping[str, Any]) -> Iterator[tuple[Place, str]]:
    """Return the fields that measure a dose."""
    for name, component in mapping(mapping(tree.get("intervention")).get("components")).items():
        measure = str(mapping(component).get("measure") or "")
        if measure.startswith("cases."):
            yield ("intervention", "components", name, "measure"), measure.removeprefix("cases.")
