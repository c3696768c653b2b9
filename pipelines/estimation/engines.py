"""The one entrance: which engine answers which design. A new design adds a row and a module here."""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING

from pipelines.estimation.design import Design
from pipelines.estimation.refusal import EstimationRefusal
from pipelines.estimation.result import Estimate

if TYPE_CHECKING:
    import pandas as pd

# (kind, outcome type) -> module with a function `engine(frame, design)`. Named, not imported: engines load scipy and
# statsmodels.
ENGINES: dict[tuple[str, str], str] = {
    ("randomised", "binary"): "pipelines.estimation.binary",
    ("randomised", "continuous"): "pipelines.estimation.means",
    ("randomised", "count"): "pipelines.estimation.means",
    ("randomised", "time_to_event"): "pipelines.estimation.time_to_event",
    ("observational_unadjusted", "binary"): "pipelines.estimation.binary",
    ("observational_unadjusted", "continuous"): "pipelines.estimation.means",
    ("observational_unadjusted", "count"): "pipelines.estimation.means",
    ("observational_unadjusted", "time_to_event"): "pipelines.estimation.time_to_event",
}


def estimate(frame: pd.DataFrame, design: Design) -> Estimate:
    """Compare two arms as the design asks.

    Parameters
    ----------
    frame : pandas.DataFrame, one row per participant
        `arm` ('treatment' or 'comparison'); `value` (number, or 0 and 1 for binary outcomes), or for time to event
        `time` (in the design's unit, from 0) and `event` (0 or 1); the design's covariates; optionally `stratum`. The
        order of rows does not matter. No identifiers.
    design : Design
        The question.

    Returns
    -------
    Estimate
        The headline, treatment minus comparison, with what stands beside it. Below the design's floors, a description
        only.

    Raises
    ------
    EstimationRefusal
        In plain words and with a safe alternative: no engine, an arm missing or unknown, no known outcomes, impossible
        values, or a horizon beyond follow-up.
    """
    module = ENGINES.get((design.kind, design.outcome_type))
    if module is None:
        raise EstimationRefusal(
            f"No engine answers a {design.outcome_type} outcome in a design of kind '{design.kind}'.",
            "Declare the kind 'observational_unadjusted' to describe the difference.",
        )
    result: Estimate = import_module(module).engine(frame, design)
    return result
