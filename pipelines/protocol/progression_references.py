"""Faults of progression criteria and planning assumptions: names that point to nothing, measures nobody could count."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from pipelines.protocol.faults import Fault, did_you_mean
from pipelines.protocol.parts import Line, Place, columns, extracts, listed, mapping, whole_cases, written
from pipelines.protocol.progression import USUAL


def progression_faults(tree: Mapping[str, Any], line: Line) -> Iterator[Fault]:
    """Return what is wrong with the keys `progression` and `planning`."""
    criteria = mapping(mapping(tree.get("progression")).get("criteria"))
    place: Place
    for name, body in criteria.items():
        place = ("progression", "criteria", name)
        for check in (_names, _starts, _doses, _rate, _interviews, _linked, _planned, _categories):
            yield from check(tree, line, place, mapping(body))
    if "overall" in criteria:
        place = ("progression", "criteria", "overall")
        yield _at(line, place, '"overall" means the verdict over all criteria.', "Choose another name.")
    yield from _overrides(tree, line, criteria)
    yield from _custom(tree, line, criteria)
    yield from _assumptions(tree, line)


def _at(line: Line, place: Place, problem: str, remedy: str = "") -> Fault:
    return Fault(line(place), ".".join(map(str, place)), problem, remedy)


def _used(body: Mapping[str, Any]) -> tuple[str, ...]:
    usual = USUAL.get(written(body.get("measure")), ("", ""))
    own = (written(body.get("count")) or usual[0], written(body.get("of")) or usual[1])
    return (*own, "started") if written(body.get("measure")) == "recruitment_rate" else own


def _names(tree: Mapping[str, Any], line: Line, place: Place, body: Mapping[str, Any]) -> Iterator[Fault]:
    """Names of outcomes, components, covariates and sites exist."""
    outcomes, covariates = mapping(tree.get("outcomes")), mapping(tree.get("covariates"))
    components = mapping(mapping(tree.get("intervention")).get("components"))
    for key, known, what in (("outcome", outcomes, "outcome"), ("component", components, "component")):
        if body.get(key) is not None and str(body[key]) not in known:
            yield _at(line, (*place, key), f"there is no such {what}.", did_you_mean(body[key], known))
    for index, name in enumerate(listed(body.get("fields"))):
        if str(name) not in {**covariates, **outcomes}:
            remedy = did_you_mean(name, [*covariates, *outcomes])
            yield _at(line, (*place, "fields", index), "there is no such covariate or outcome.", remedy)
    if {"due", "known"} & set(_used(body)) and not outcomes:
        yield _at(line, place, "there is no outcome whose follow-up could be counted.", "Declare one.")
    chosen = [written(body.get("outcome"))] if body.get("outcome") else list(outcomes)
    series = [mapping(outcomes.get(key)).get("noun") == "series" for key in chosen]
    if {"due", "known"} & set(_used(body)) and series and all(series):
        problem = "a series of figures has nobody whose follow-up could be counted."
        yield _at(line, place, problem, "Name an outcome of people, or count something else.")
    if written(body.get("arm")) in ("treatment", "comparison") and not tree.get("arms"):
        yield _at(line, (*place, "arm"), "there are no groups.", "Declare `arms`, or leave `arm` out.")


def _starts(tree: Mapping[str, Any], line: Line, place: Place, body: Mapping[str, Any]) -> Iterator[Fault]:
    """Who started is told by a start date."""
    if "started" not in _used(body):
        return
    for name, fields in whole_cases(tree):
        if "start_date" not in fields:
            problem = f"nobody can be counted as started: extracts.{name}.columns maps no start_date."
            yield _at(line, (*place, "measure"), problem, "Map it, or choose another `of` or `count`.")


def _doses(tree: Mapping[str, Any], line: Line, place: Place, body: Mapping[str, Any]) -> Iterator[Fault]:
    """A dose needs a component, and a part of the planned dose needs a plan."""
    measure = written(body.get("measure"))
    if measure != "dose" and "dosed" not in _used(body):
        return
    components = mapping(mapping(tree.get("intervention")).get("components"))
    chosen = written(body.get("component")) or next(iter(components), "")
    if not components:
        yield _at(line, (*place, "measure"), "no component's dose is measured.", "Declare intervention.components.")
    elif chosen in components and "dosed" in _used(body) and mapping(components[chosen]).get("planned") is None:
        remedy = f"Say `planned` in intervention.components.{chosen}."
        yield _at(line, (*place, "measure"), "the component has no planned dose.", remedy)


def _rate(tree: Mapping[str, Any], line: Line, place: Place, body: Mapping[str, Any]) -> Iterator[Fault]:
    """A rate a month needs a first day."""
    if written(body.get("measure")) == "recruitment_rate" and not mapping(tree.get("dates")).get("start"):
        yield _at(line, (*place, "measure"), "months cannot be counted without a first day.", "Say dates.start.")


def _interviews(tree: Mapping[str, Any], line: Line, place: Place, body: Mapping[str, Any]) -> Iterator[Fault]:
    if written(body.get("measure")) == "acceptability" and not any(n == "interviews" for _, n, _ in extracts(tree)):
        problem, remedy = "there are no interviews.", "Add an extract with `noun: interviews`."
        yield _at(line, (*place, "measure"), problem, remedy)


def _linked(tree: Mapping[str, Any], line: Line, place: Place, body: Mapping[str, Any]) -> Iterator[Fault]:
    mapped = any(noun == "consents" and "may_link" in columns(extract) for _, noun, extract in extracts(tree))
    if "linked" in _used(body) and not mapped:
        yield _at(line, place, "no extract of consents maps may_link.", "Map it, or count something else.")


def _planned(tree: Mapping[str, Any], line: Line, place: Place, body: Mapping[str, Any]) -> Iterator[Fault]:
    sites = mapping(tree.get("sites"))
    for name in mapping(body.get("planned_per_site")):
        if name not in sites:
            yield _at(line, (*place, "planned_per_site", name), "there is no such site.", did_you_mean(name, sites))


def _categories(tree: Mapping[str, Any], line: Line, place: Place, body: Mapping[str, Any]) -> Iterator[Fault]:
    covariates = mapping(tree.get("covariates"))
    for index, name in enumerate(listed(body.get("by"))):
        here: Place = (*place, "by", index)
        if str(name) not in covariates:
            yield _at(line, here, "there is no such covariate.", did_you_mean(name, covariates))
        elif written(mapping(covariates[str(name)]).get("type")) not in ("category", "yes_no"):
            yield _at(line, here, "this covariate has no categories.", "Name one of type category or yes_no.")


def _overrides(tree: Mapping[str, Any], line: Line, criteria: Mapping[str, Any]) -> Iterator[Fault]:
    known = {*criteria, "overall"}
    for index, one in enumerate(listed(mapping(tree.get("progression")).get("overrides"))):
        of = mapping(one).get("of")
        if of is not None and str(of) not in known:
            place: Place = ("progression", "overrides", index, "of")
            yield _at(line, place, "there is no such criterion.", did_you_mean(of, known))


def _custom(tree: Mapping[str, Any], line: Line, criteria: Mapping[str, Any]) -> Iterator[Fault]:
    """A rule that asks for more green than there are criteria never goes."""
    required = sum(str(mapping(one).get("required", True)).casefold() != "false" for one in criteria.values())
    if criteria and not required:
        problem = "no criterion is required, so there could be no verdict."
        yield _at(line, ("progression", "criteria"), problem, "Require one.")
    for key in ("go_when_green", "stop_when_red"):
        asked = mapping(mapping(tree.get("progression")).get("combination")).get(key)
        if isinstance(asked, int) and asked > required:
            place: Place = ("progression", "combination", key)
            yield _at(line, place, f"only {required} criteria are required, so this can never be.", "Lower it.")


def _assumptions(tree: Mapping[str, Any], line: Line) -> Iterator[Fault]:
    outcomes = mapping(tree.get("outcomes"))
    for name, body in mapping(mapping(tree.get("planning")).get("outcomes")).items():
        place: Place = ("planning", "outcomes", name)
        if name not in outcomes:
            yield _at(line, place, "there is no such outcome.", did_you_mean(name, outcomes))
            continue
        shares = written(mapping(outcomes[name]).get("type")) in ("binary", "time_to_event")
        wrong = "sd" if shares else "comparison_share"
        if mapping(body).get(wrong) is not None:
            remedy = "Say comparison_share." if shares else "Say sd."
            yield _at(line, (*place, wrong), "this says nothing of an outcome of this type.", remedy)
