"""The estimate made again in every way that was declared beforehand: the specification curve."""

from collections.abc import Mapping
from dataclasses import replace
from typing import Literal

import numpy as np

from pipelines.estimation.comparison_pool import ComparisonPool, comparison_pool
from pipelines.estimation.covariates import encode
from pipelines.estimation.design import BY_CHANCE
from pipelines.estimation.designs.doubts_case import Case, change
from pipelines.estimation.doubly_robust import Adjustment, doubly_robust
from pipelines.estimation.doubt.specification import SpecificationCurve, specification_curve
from pipelines.estimation.doubt.wording import share
from pipelines.estimation.matched_effects import ComparisonEffect, matched_effect
from pipelines.estimation.matching import Matching, match
from pipelines.estimation.refusal import EstimationRefusal
from pipelines.estimation.result import Inference, Reading
from pipelines.estimation.weighted_effects import weighted_effect
from pipelines.estimation.weighting import weigh
from pipelines.estimation.welch import difference
from pipelines.protocol import designs

MOST_ROWS = 400_000
"""People times ways of analysing."""
TOO_MANY = "with so many people, so many ways of analysing would take too long; declare fewer."
ALONE = "difference"


def specifications(asked: Case) -> tuple[Reading, ...]:
    """Median, range and share on the same side, over the declared sets of covariates and methods."""
    ways = _ways(asked)
    if len(ways) * len(asked.sample.treated) > MOST_ROWS:
        raise EstimationRefusal(TOO_MANY, "Declare fewer ways.")
    found = specification_curve({"way": list(ways)}, lambda chosen: _estimate(asked, ways[chosen["way"]]))
    found = replace(found, headline=asked.found.value)
    if found.median is None:
        raise EstimationRefusal("none of the declared ways gave an estimate.", "Declare others.")
    shown = Inference(found.median, lower=found.values[0], upper=found.values[-1])
    return (
        asked.difference(
            "specification_curve", "Other ways to analyse: middle and range", shown, sentence=_said(asked, found)
        ),
        Reading(
            key="specification_same_sign",
            title="Other ways to analyse that point the same way",
            measure="share",
            value=found.same_sign,
        ),
        *_clear(found),
    )


def _ways(asked: Case) -> Mapping[str, tuple[str, tuple[str, ...]]]:
    """Return method and covariates of each way, by a name; the plain difference uses no covariates and stands once."""
    doubts, design = asked.design.doubts, asked.design
    sets = doubts.covariate_sets or (design.covariates,)
    methods = doubts.methods or (
        ("regression_adjusted",) if design.kind in BY_CHANCE else (ALONE, "regression_adjusted")
    )
    ways = [(ALONE, ()) if method == ALONE or not names else (method, names) for method in methods for names in sets]
    return {f"{method}: {', '.join(names)}": (method, tuple(names)) for method, names in ways}


def _estimate(asked: Case, way: tuple[str, tuple[str, ...]]) -> Inference:
    method, names = way
    value, treated, level = change(asked), asked.sample.treated, asked.design.level
    known = np.isfinite(value)
    if method == ALONE:
        return difference(value[known & treated], value[known & ~treated], level)
    rows = asked.sample.rows[known]
    encoded = encode(rows, names)
    pool = comparison_pool(encoded.columns, encoded.names, treated[known])
    cluster = None if asked.clusters is None else asked.clusters[known]
    return _effect(method, pool, value[known], asked, cluster).result


def _effect(
    method: str, pool: ComparisonPool, value: np.ndarray, asked: Case, cluster: np.ndarray | None
) -> ComparisonEffect:
    level = asked.design.level
    if method == "matched":
        return matched_effect(_matched(pool, asked), value, level=level)
    everyone = asked.design.kind in BY_CHANCE or getattr(asked.design.declared, "estimand", "treated") == "everyone"
    estimand: Literal["ATT", "ATE"] = "ATE" if everyone else "ATT"
    if method == "entropy":
        return weighted_effect(weigh(pool, "entropy"), value, cluster=cluster, level=level)
    if method == "inverse_probability":
        return weighted_effect(weigh(pool, "ipw", estimand), value, cluster=cluster, level=level)
    way: Adjustment = "regression" if method == "regression_adjusted" else "aipw"
    return doubly_robust(pool, value, way, estimand, cluster=cluster, level=level)


def _matched(pool: ComparisonPool, asked: Case) -> Matching:
    declared = asked.design.declared
    if not isinstance(declared, designs.Matched):
        return match(pool)
    return match(
        pool,
        declared.distance,
        ratio=declared.ratio,
        replace=declared.replacement,
        caliper=declared.caliper,
        caliper_unit="sd" if declared.distance == "propensity" else "raw",
        order=declared.order,
        search=declared.search,
    )


def _clear(found: SpecificationCurve) -> tuple[Reading, ...]:
    if found.clear is None:
        return ()
    title = "Other ways to analyse whose interval leaves out no difference"
    return (Reading(key="specification_clear", title=title, measure="share", value=found.clear),)


def _said(asked: Case, found: SpecificationCurve) -> str:
    same = "all point" if found.same_sign == 1 else f"{share(found.same_sign or 0.0)} of them point"
    said = (
        "In the other ways of analysing that were declared beforehand, the difference lies between "
        f"{asked.span(found.values[0], found.values[-1])}, in the middle {asked.amount(found.median)}, and {same} the "
        "same way as the main one"
    )
    lost = len(found.specifications) > len(found.values)
    return f"{said}; some of the ways gave no estimate." if lost else f"{said}."
