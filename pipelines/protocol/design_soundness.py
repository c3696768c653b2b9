"""Faults of the design: choices that contradict how groups came about, and names that point to nothing.

Works on the tree as read, as soundness does.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from pipelines.protocol.designs import ALONE, BY_CHANCE
from pipelines.protocol.faults import Fault, did_you_mean
from pipelines.protocol.instrument_soundness import instrument_faults
from pipelines.protocol.parts import Line, Place, columns, design_fields, extracts, listed, mapping, written

ADJUSTED = ("matched", "weighted", "regression_adjusted", "doubly_robust")
"""Kinds that make groups comparable by covariates, and cannot do so without any."""
OVER_TIME = {"staggered": "assessments", "panel": "assessments", "interrupted_time_series": "series"}
"""Where the outcomes of a kind stand."""


def design_faults(tree: Mapping[str, Any], line: Line) -> list[Fault]:
    """Return everything in the design that could not be carried out."""
    checks = (
        *(_assignment, _covariates, _covariates_to_balance, _places, _periods, _lags, _before, _matching, _entropy),
        *(_exposures, _adjusted, _names, _trend),
        *(instrument_faults, _unmapped),
    )
    return [fault for check in checks for fault in check(tree, line)]


def _at(line: Line, place: Place, problem: str, remedy: str = "") -> Fault:
    return Fault(line(place), ".".join(map(str, place)), problem, remedy)


def _kind(tree: Mapping[str, Any]) -> str:
    return written(mapping(tree.get("design")).get("kind"))


def _assignment(tree: Mapping[str, Any], line: Line) -> Iterator[Fault]:
    """What chance decided needs no matching; what it did not decide must not be called random."""
    kind, arms = _kind(tree), mapping(tree.get("arms"))
    if not kind:
        return
    assignment = written(arms.get("assignment")) or "randomised"
    if not arms and kind not in ALONE:
        yield _at(line, ("design", "kind"), "this design compares two groups.", "Declare `arms`.")
    if arms and kind in BY_CHANCE and assignment != "randomised":
        problem = "the groups are declared as not_randomised."
        yield _at(line, ("design", "kind"), problem, "Correct arms.assignment, or choose another kind.")
    if arms and assignment == "randomised" and kind not in (*BY_CHANCE, "matched_pairs"):
        problem = "where chance decided, this design would throw the randomisation away."
        remedy = "Use `randomised` or `cluster_randomised`; or write `assignment: not_randomised` under arms."
        yield _at(line, ("design", "kind"), problem, remedy)
    if arms and kind == "before_after":
        yield _at(line, ("design", "kind"), "nobody is compared in a before-and-after design.", "Delete `arms`.")


def _listed_covariates(tree: Mapping[str, Any]) -> Iterator[tuple[Place, str]]:
    """Return every place outside `adjust_for` that names a covariate."""
    design, doubts = mapping(tree.get("design")), mapping(tree.get("doubts"))
    for key in ("by", "exactly", "instruments"):
        if not (key == "by" and _kind(tree) == "panel"):
            yield from ((("design", key, i), str(name)) for i, name in enumerate(listed(design.get(key))))
    for key in ("benchmarks", "auxiliary"):
        yield from ((("doubts", key, i), str(name)) for i, name in enumerate(listed(doubts.get(key))))
    for number, names in enumerate(listed(doubts.get("covariate_sets"))):
        yield from ((("doubts", "covariate_sets", number, i), str(name)) for i, name in enumerate(listed(names)))


def _covariates(tree: Mapping[str, Any], line: Line) -> Iterator[Fault]:
    known = mapping(tree.get("covariates"))
    for place, name in _listed_covariates(tree):
        if name not in known:
            yield _at(line, place, "there is no such covariate.", did_you_mean(name, known))


def _covariates_to_balance(tree: Mapping[str, Any], line: Line) -> Iterator[Fault]:
    design = mapping(tree.get("design"))
    if _kind(tree) in ADJUSTED and not listed(design.get("by")) and not listed(tree.get("adjust_for")):
        problem = "it makes groups comparable by covariates, and none is named."
        yield _at(line, ("design", "kind"), problem, "List them under `design.by`, or under `adjust_for`.")


def _places(tree: Mapping[str, Any], line: Line) -> Iterator[Fault]:
    """Outcomes stand where the design looks for them, and their extract is there."""
    wanted = OVER_TIME.get(_kind(tree))
    delivered = {noun for _, noun, _ in extracts(tree)}
    for name, outcome in mapping(tree.get("outcomes")).items():
        noun = written(mapping(outcome).get("noun")) or "cases"
        place: Place = ("outcomes", name, "noun")
        if wanted and noun != wanted:
            yield _at(line, place, f"this design reads its outcomes in the {wanted}.", f"Write `noun: {wanted}`.")
        elif noun == "series" and wanted != "series":
            yield _at(line, place, "only an interrupted_time_series reads a series.", "Declare it as the design.")
        elif noun != "cases" and noun not in delivered:
            yield _at(line, place, f"no extract holds the {noun}.", f"Add one with `noun: {noun}`.")


def _periods(tree: Mapping[str, Any], line: Line) -> Iterator[Fault]:
    """A row of assessments or of a series says when it was: by a number or by a date, not by both."""
    for name, noun, body in extracts(tree):
        mapped = {"period", "period_date"} & columns(body).keys()
        if noun in ("assessments", "series") and len(mapped) != 1:
            problem = f"{noun} need either the field `period` (a number) or the field `period_date`."
            yield _at(line, ("extracts", name, "columns"), problem, "Map one of them.")
    numbers = _kind(tree) == "staggered" or any(
        mapping(one).get(key) is not None
        for one in mapping(tree.get("outcomes")).values()
        for key in ("at", "baseline_at")
    )
    for name, noun, body in extracts(tree):
        if noun == "assessments" and numbers and "period_date" in columns(body):
            problem = "periods that the protocol names are numbers."
            yield _at(line, ("extracts", name, "columns", "period_date"), problem, "Map a number to `period` instead.")
    control = written(mapping(tree.get("design")).get("control")).lower() == "true"
    for name, noun, body in extracts(tree):
        if noun == "series" and control and "arm" not in columns(body):
            problem = "a control series needs the field `arm`, which tells the two series apart."
            yield _at(line, ("extracts", name, "columns"), problem, "Map it.")


def _unmapped(tree: Mapping[str, Any], line: Line) -> Iterator[Fault]:
    """Fields of the assessments that the design names stand in them."""
    held = {field for _, noun, body in extracts(tree) if noun == "assessments" for field in columns(body)}
    for place, field in design_fields(tree, "assessments"):
        if held and field not in held:
            problem = f'no column of the assessments is mapped to "{field}".'
            yield _at(line, place, problem, did_you_mean(field, held))


def _lags(tree: Mapping[str, Any], line: Line) -> Iterator[Fault]:
    """Errors that follow one another in two ways."""
    design = mapping(tree.get("design"))
    both = design.get("lags") is not None and design.get("errors") is not None
    if _kind(tree) == "interrupted_time_series" and both:
        problem = "averaged errors have no lags."
        yield _at(line, ("design", "lags"), problem, "Delete it, or delete `errors`.")


def _before(tree: Mapping[str, Any], line: Line) -> Iterator[Fault]:
    """A change needs two points in time."""
    if _kind(tree) not in ("before_after", "difference_in_differences"):
        return
    for name, outcome in mapping(tree.get("outcomes")).items():
        body = mapping(outcome)
        noun = written(body.get("noun")) or "cases"
        if noun == "cases" and not written(body.get("baseline")):
            if written(mapping(tree.get("design")).get("same_people")).lower() == "false":
                problem = "other people, measured once each, stand in the assessments."
                yield _at(line, ("outcomes", name), problem, "Write `noun: assessments`.")
                continue
            problem = "this design holds the outcome against the same measure before the start."
            yield _at(line, ("outcomes", name), problem, "Name it under `baseline`, or use `noun: assessments`.")


def _matching(tree: Mapping[str, Any], line: Line) -> Iterator[Fault]:
    """Choices of matching that contradict each other."""
    design = mapping(tree.get("design"))
    if _kind(tree) != "matched":
        return
    mahalanobis = written(design.get("distance")) == "mahalanobis"
    if mahalanobis and written(design.get("order")) in ("largest", "smallest"):
        yield _at(line, ("design", "order"), "`mahalanobis` has no score to choose by.", "Delete it.")
    if written(design.get("search")) == "matchit_4_5" and (mahalanobis or design.get("caliper") is not None):
        problem = "that version matched on a score and ignored calipers."
        yield _at(line, ("design", "search"), problem, "Delete it, or delete the caliper.")


def _entropy(tree: Mapping[str, Any], line: Line) -> Iterator[Fault]:
    design = mapping(tree.get("design"))
    method = written(design.get("method")) or "entropy"
    if _kind(tree) != "weighted":
        return
    if method == "entropy" and written(design.get("estimand")) == "everyone":
        problem = "entropy balancing weighs the comparison group to be like the treatment group."
        yield _at(line, ("design", "estimand"), problem, "Use `treated`, or `method: inverse_probability`.")
    for key, meant in (("trim", "inverse_probability"), ("moments", "entropy")):
        if design.get(key) is not None and method != meant:
            yield _at(line, ("design", key), f"only `method: {meant}` has it.", "Delete it.")


def _exposures(tree: Mapping[str, Any], line: Line) -> Iterator[Fault]:
    """A time at risk that no engine of the design would use."""
    kind, clustered = _kind(tree), bool(mapping(tree.get("design")).get("clusters"))
    if not kind or kind == "interrupted_time_series" or (kind == "randomised" and not clustered):
        return
    for name, outcome in mapping(tree.get("outcomes")).items():
        if written(mapping(outcome).get("exposure")):
            problem = "this design compares counts per person, and cannot use a time at risk."
            remedy = "Delete it, or divide by it and declare the outcome as continuous."
            yield _at(line, ("outcomes", name, "exposure"), problem, remedy)


def _adjusted(tree: Mapping[str, Any], line: Line) -> Iterator[Fault]:
    """A headline that is adjusted needs something to adjust for."""
    adjusted = written(mapping(tree.get("design")).get("adjusted")).lower() == "true"
    if adjusted and _kind(tree) in BY_CHANCE and not listed(tree.get("adjust_for")):
        problem = "an adjusted headline needs covariates, and none is named."
        yield _at(line, ("design", "adjusted"), problem, "List them under `adjust_for`, or delete it.")


def _trend(tree: Mapping[str, Any], line: Line) -> Iterator[Fault]:
    """A slope that may change is a trend."""
    design = mapping(tree.get("design"))
    level_only = written(design.get("change")) == "level"
    if _kind(tree) == "interrupted_time_series" and written(design.get("trend")).lower() == "false" and not level_only:
        problem = "a slope that may change is a trend."
        yield _at(line, ("design", "trend"), problem, "Write `change: level`, or delete it.")


def _names(tree: Mapping[str, Any], line: Line) -> Iterator[Fault]:
    """Who is in which group, block or pair cannot be an outcome."""
    made_of = {
        str(body.get(key)) for body in map(mapping, mapping(tree.get("outcomes")).values()) for key in ("value",)
    }
    for key in ("blocks", "clusters", "pairs", "adopted", "dose", "weights"):
        field = mapping(tree.get("design")).get(key)
        if isinstance(field, str) and field in made_of:
            yield _at(line, ("design", key), "an outcome is made from this field.", "Name another field.")
