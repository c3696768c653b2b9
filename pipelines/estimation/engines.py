"""The one entrance: which engine answers which design, and what then stands beside its answer.

A new design adds a module to pipelines.estimation.designs, with a function `engine(frame, design)`, and a row here.
"""

from __future__ import annotations

from dataclasses import replace
from importlib import import_module
from typing import TYPE_CHECKING

from pipelines.estimation.design import BASELINE, BY_CHANCE, CLUSTER, UNIT, Design
from pipelines.estimation.refusal import EstimationRefusal
from pipelines.estimation.result import Estimate

if TYPE_CHECKING:
    import pandas as pd

DESIGNS = "pipelines.estimation.designs."
NUMBERS = ("binary", "continuous", "count")
# Kind of design -> outcome types -> module with a function `engine(frame, design)`. Named, not imported: engines load
# scipy and statsmodels.
ENGINES: dict[str, dict[str, str]] = {
    "randomised": {
        **dict.fromkeys(NUMBERS, f"{DESIGNS}by_chance"),
        "ordinal": f"{DESIGNS}ordinal",
        "time_to_event": f"{DESIGNS}times",
    },
    "matched_pairs": {**dict.fromkeys(NUMBERS, f"{DESIGNS}pairs"), "time_to_event": f"{DESIGNS}times_compared"},
    "cluster_randomised": {
        **dict.fromkeys(NUMBERS, f"{DESIGNS}clusters"),
        "ordinal": f"{DESIGNS}ordinal_compared",
        "time_to_event": f"{DESIGNS}times_compared",
    },
    **{
        kind: {
            **dict.fromkeys(NUMBERS, f"{DESIGNS}comparison_groups"),
            "ordinal": f"{DESIGNS}ordinal_compared",
            "time_to_event": f"{DESIGNS}times_compared",
        }
        for kind in ("matched", "weighted", "regression_adjusted", "doubly_robust")
    },
    **{
        kind: dict.fromkeys(NUMBERS, f"{DESIGNS}{kind}")
        for kind in ("difference_in_differences", "staggered", "panel", "before_after", "instrumental")
    },
    "interrupted_time_series": dict.fromkeys(("continuous", "count"), f"{DESIGNS}interrupted_time_series"),
    "observational_unadjusted": {
        "binary": "pipelines.estimation.binary",
        "continuous": "pipelines.estimation.means",
        "count": "pipelines.estimation.means",
        "ordinal": f"{DESIGNS}ordinal",
        "time_to_event": "pipelines.estimation.time_to_event",
    },
}
OVER_TIME = ("difference_in_differences", "staggered", "panel", "interrupted_time_series", "before_after")
"""Kinds whose engines want every period."""
INSTEAD = {
    "ordinal": "Declare the outcome as binary or continuous, or describe the groups.",
    "time_to_event": "Declare it as binary, with `time`, `event` and `horizon`; or describe the groups.",
}
"""What to declare instead of a type of outcome that a design has no engine for."""
EXPOSED = ("randomised", "interrupted_time_series", "observational_unadjusted")
"""Kinds whose engines use a time at risk, or only describe."""
BESIDE: tuple[str, ...] = (f"{DESIGNS}take_up", f"{DESIGNS}doubts")
"""Modules with a function `beside(estimate, frame, design)` that returns the estimate with more beside it, or as it is
where nothing applies. They never change the headline."""


def estimate(frame: pd.DataFrame, design: Design, *, beside: bool = True) -> Estimate:
    """Answer the question of a design.

    Parameters
    ----------
    frame : pandas.DataFrame
        One row per participant: `arm` ('treatment' or 'comparison'); `value` (number, or 0 and 1 for binary outcomes),
        or for time to event `time` (in the design's unit, from 0) and `event` (0 or 1), perhaps `competing`; perhaps
        `exposure` of a count; the design's covariates; and the columns that pipelines.estimation.design names (cluster,
        pair, block, baseline, take-up). For designs over time one row per unit and period. The order of rows does not
        matter. No identifiers.
    design : Design
        The question.
    beside : bool
        Whether doubts and take-up are worked out too.

    Returns
    -------
    Estimate
        The headline, with what stands beside it. Below the design's floors, a description only.

    Raises
    ------
    EstimationRefusal
        In plain words and with a safe alternative: no engine, an arm missing or unknown, no known outcomes, impossible
        values, or a horizon beyond follow-up.
    """
    module = ENGINES.get(design.kind, {}).get(design.outcome_type)
    if module is None:
        raise EstimationRefusal(
            f"No engine answers a {design.outcome_type} outcome in a design of kind '{design.kind}'.",
            INSTEAD.get(design.outcome_type, "Choose another outcome, or describe the groups."),
        )
    frame, design = _of_people(frame, design)
    _check_exposure(frame, design)
    found: Estimate = import_module(module).engine(frame, design)
    if found.description_only:
        return found
    for name in BESIDE if beside else ():
        found = _kept(found, import_module(name).beside(found, frame, design))
    return found


def _of_people(frame: pd.DataFrame, design: Design) -> tuple[pd.DataFrame, Design]:
    """Cut repeated measures down to the headline period where a person must be one row, not one for each period."""
    waves = design.kind == "randomised" and design.outcome_type == "continuous" and CLUSTER not in frame
    if UNIT not in frame or design.kind in OVER_TIME or waves:
        return frame, design
    from pipelines.estimation.designs.one_period import one_period

    people = one_period(frame, design)
    if design.kind in BY_CHANCE and BASELINE in people:
        return people, replace(design, covariates=(*design.covariates, BASELINE), adjusted=True)
    return people, design


def _check_exposure(frame: pd.DataFrame, design: Design) -> None:
    """Refuse a time at risk that an engine would pass over: its figure would be another than the one asked for."""
    if "exposure" not in frame or not frame["exposure"].notna().any():
        return
    if design.kind not in EXPOSED or (design.kind == "randomised" and CLUSTER in frame):
        raise EstimationRefusal(
            "This design compares counts per person, and cannot use a time at risk.",
            "Leave `exposure` out where everybody was at risk equally long, or divide by it and declare the outcome "
            "as continuous.",
        )


def _kept(found: Estimate, more: Estimate) -> Estimate:
    """Return an estimate with what stands beside it, and with its own headline whatever stands there."""
    headline = ("engine", "why", "value", "se", "lower", "upper", "df", "statistic", "p", "n", "missing", "events")
    return replace(more, **{name: getattr(found, name) for name in headline})
