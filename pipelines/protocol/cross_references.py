"""Faults that lie between keys of the protocol: a name that points to nothing, a field nobody maps.

Works on the tree as read, not on the models, so that these faults are reported together with those of the models.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from pipelines.protocol.design_soundness import design_faults
from pipelines.protocol.extracts import FIELDS, REQUIRED
from pipelines.protocol.faults import Fault, did_you_mean
from pipelines.protocol.further_references import completing_faults, event_faults, index_date_faults
from pipelines.protocol.interview_references import interview_faults
from pipelines.protocol.learning_references import learning_faults
from pipelines.protocol.link import link_faults
from pipelines.protocol.look_soundness import look_faults
from pipelines.protocol.parts import Line, extra_fields, extracts, listed, mapping, whole_cases, written
from pipelines.protocol.progression_references import progression_faults

COUNTED = {"contacts", "minutes", "spend"}


def cross_reference_faults(tree: Mapping[str, Any], line: Line) -> list[Fault]:
    """Return every reference that does not resolve."""
    checks = (_extract_sites, _extract_fields, _unmapped_fields, _questions, _adjustment, _components, _planned, _codes)
    found = [fault for check in checks for fault in check(tree, line)]
    return [
        *found,
        *completing_faults(tree, line),
        *event_faults(tree, line),
        *index_date_faults(tree, line),
        *link_faults(tree, line),
        *design_faults(tree, line),
        *interview_faults(tree, line),
        *look_faults(tree, line),
        *progression_faults(tree, line),
        *learning_faults(tree, line),
    ]


def _extract_sites(tree: Mapping[str, Any], line: Line) -> Iterator[Fault]:
    """Sites that an extract names exist; an extract of several sites can tell them apart."""
    sites = mapping(tree.get("sites"))
    for name, noun, body in extracts(tree):
        for index, site in enumerate(listed(body.get("sites"))):
            if str(site) not in sites:
                place = ("extracts", name, "sites", index)
                yield Fault(line(place), f"extracts.{name}.sites", "there is no such site.", did_you_mean(site, sites))
        served = listed(body.get("sites")) or list(sites)
        # A coded project may hold the interviews of several sites: each document then carries a variable `site`.
        told_apart = (
            noun == "interviews" or "site" in mapping(body.get("columns")) or "{site}" in str(body.get("file", ""))
        )
        if len(served) > 1 and not told_apart:
            remedy = "Map `site` under columns, put {site} into the file's name, or name its one site under `sites`."
            yield Fault(line(("extracts", name)), f"extracts.{name}", "several sites cannot be told apart.", remedy)


def _extract_fields(tree: Mapping[str, Any], line: Line) -> Iterator[Fault]:
    """Fields that an extract maps are known to its noun, and those it must have are mapped."""
    for name, noun, body in extracts(tree):
        columns = mapping(body.get("columns"))
        known = {*FIELDS.get(noun, {}), *extra_fields(tree, noun)}
        for field in columns:
            if noun in FIELDS and field not in known:
                place: tuple[str | int, ...] = ("extracts", name, "columns", field)
                problem = f"{noun} has no field of this name, and nothing in the protocol uses it."
                yield Fault(line(place), ".".join(map(str, place)), problem, did_you_mean(field, known))
        # What completes another extract has that one's rows: only the person must be told.
        for field in ("person",) if body.get("completes") else REQUIRED.get(noun, ()):
            if field not in columns and not (field == "person" and body.get("link")):
                where = f"extracts.{name}.columns"
                yield Fault(line(("extracts", name, "columns")), where, f'{noun} need the field "{field}".')


def _unmapped_fields(tree: Mapping[str, Any], line: Line) -> Iterator[Fault]:
    """Every field that is used is mapped by each extract of cases; arms need their column."""
    used = extra_fields(tree)
    if tree.get("arms"):
        used["arm"] = ("arms",)
    cases = list(whole_cases(tree))
    if not cases and written(mapping(tree.get("design")).get("kind")) != "interrupted_time_series":
        yield Fault(line(("extracts",)), "extracts", "no extract holds the cases.", "Add one with `noun: cases`.")
    for field, place in used.items():
        for name, mapped in cases:
            if field not in mapped:
                problem = f'no column is mapped to "{field}" in extracts.{name}.columns.'
                yield Fault(line(place), ".".join(map(str, place)), problem, did_you_mean(field, mapped))


def _questions(tree: Mapping[str, Any], line: Line) -> Iterator[Fault]:
    outcomes = mapping(tree.get("outcomes"))
    for name, question in mapping(tree.get("questions")).items():
        for index, outcome in enumerate(listed(mapping(question).get("quantitative"))):
            if str(outcome) not in outcomes:
                place = ("questions", name, "quantitative", index)
                where = f"questions.{name}.quantitative"
                yield Fault(line(place), where, "there is no such outcome.", did_you_mean(outcome, outcomes))


def _adjustment(tree: Mapping[str, Any], line: Line) -> Iterator[Fault]:
    covariates = mapping(tree.get("covariates"))
    for index, name in enumerate(listed(tree.get("adjust_for"))):
        if str(name) not in covariates:
            place = ("adjust_for", index)
            yield Fault(line(place), "adjust_for", "there is no such covariate.", did_you_mean(name, covariates))


def _components(tree: Mapping[str, Any], line: Line) -> Iterator[Fault]:
    for name, component in mapping(mapping(tree.get("intervention")).get("components")).items():
        measure = str(mapping(component).get("measure", ""))
        if measure and measure not in COUNTED and not measure.startswith("cases."):
            place = ("intervention", "components", name, "measure")
            remedy = did_you_mean(measure, {*COUNTED, "cases.FIELD"})
            yield Fault(line(place), ".".join(map(str, place)), "this measure is not known.", remedy)


def _planned(tree: Mapping[str, Any], line: Line) -> Iterator[Fault]:
    sites = mapping(tree.get("sites"))
    for name in mapping(mapping(tree.get("population")).get("planned_per_site")):
        if name not in sites:
            place = ("population", "planned_per_site", name)
            yield Fault(line(place), ".".join(map(str, place)), "there is no such site.", did_you_mean(name, sites))


def _codes(tree: Mapping[str, Any], line: Line) -> Iterator[Fault]:
    """No code may mean two sites or both arms."""
    sites = {k: listed(mapping(v).get("codes")) or [k] for k, v in mapping(tree.get("sites")).items()}
    arms = {k: listed(mapping(v).get("codes")) for k, v in mapping(tree.get("arms")).items() if k != "assignment"}
    for what, groups in (("sites", sites), ("arms", arms)):
        seen: dict[str, str] = {}
        for key, codes in groups.items():
            for code in (str(c).strip().casefold() for c in codes):
                if seen.setdefault(code, key) != key:
                    problem = f"one of its codes also means {seen[code]}."
                    yield Fault(line((what, key)), f"{what}.{key}.codes", problem)
