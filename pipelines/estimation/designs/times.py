"""Times to an event of people whom chance put into groups: restricted means lead; competing events where declared."""

from dataclasses import replace

import numpy as np
import pandas as pd

from pipelines.estimation import time_to_event
from pipelines.estimation.design import CLUSTER, Design
from pipelines.estimation.designs import competing
from pipelines.estimation.designs.yes_no import covariate_columns
from pipelines.estimation.proportional_hazards import CoxFit, cox_regression
from pipelines.estimation.proportionality import proportionality
from pipelines.estimation.refusal import EstimationRefusal
from pipelines.estimation.result import Estimate, Inference, OtherEstimate
from pipelines.estimation.sample import Sample, draw

ESTIMAND = (
    "Difference in the average time without the event, up to the horizon, between people who were offered what is "
    "tested and people who were not."
)
TEST = "Grambsch and Therneau's test that the hazard ratio does not change over time (scaled Schoenfeld residuals)."
ROBUST = "Cox's model with a standard error that allows for people who hang together."
CLUSTERED = (
    "The standard error of the headline takes people as independent of one another, though they come in clusters: read "
    "the cluster-robust hazard ratio beside it, or declare the outcome as binary at the horizon."
)


def engine(frame: pd.DataFrame, design: Design) -> Estimate:
    """Difference in restricted mean survival time, or with competing events in the share without the event.

    Parameters, result and errors as for `pipelines.estimation.estimate`.
    """
    if "competing" in frame and frame["competing"].notna().any():
        return competing.engine(frame, design)
    found = time_to_event.engine(frame, design)
    if found.description_only:
        return found
    sample = draw(frame, ("time", "event"))
    found = replace(found, estimand=ESTIMAND, residual_df=sum(sample.n.values()) - 2)
    more, said = _proportional(sample, design)
    robust, warned = clustered(sample, design)
    return replace(found, others=(*found.others, *more, *robust), warnings=(*found.warnings, *said, *warned))


def _cut(sample: Sample, design: Design) -> tuple[np.ndarray, np.ndarray]:
    horizon = design.horizon or 0.0
    return np.minimum(sample.columns["time"], horizon), sample.columns["event"] * (sample.columns["time"] <= horizon)


def _proportional(sample: Sample, design: Design) -> tuple[tuple[OtherEstimate, ...], tuple[str, ...]]:
    """Test the hazard ratio of the treatment, without covariates and with them."""
    time, event = _cut(sample, design)
    arm = sample.treated.astype(float)[:, None]
    columns = covariate_columns(sample, design)
    found: list[OtherEstimate] = []
    said: tuple[str, ...] = ()
    for name, x in (("", arm), (", adjusted", None if columns is None else np.column_stack([arm, columns]))):
        if x is None:
            continue
        try:
            tests = proportionality(cox_regression(time, event, x))
        except (EstimationRefusal, ValueError):
            continue
        said = said or (tests.sentence,)
        found.append(
            OtherEstimate(f"proportional hazards{name}", "test of a constant hazard ratio", tests.terms[0], TEST)
        )
        if len(tests.terms) > 1:
            found.append(
                OtherEstimate(
                    f"proportional hazards{name}, overall", "test of constant hazard ratios", tests.overall, TEST
                )
            )
    return tuple(found), said


def clustered(sample: Sample, design: Design) -> tuple[tuple[OtherEstimate, ...], tuple[str, ...]]:
    """Return the hazard ratio with a standard error that allows for clusters, and what to say of the headline.

    Parameters
    ----------
    sample : Sample
        With `time` and `event`; the column CLUSTER where people come in clusters.
    design : Design
        Horizon and level.

    Returns
    -------
    tuple
        Both empty without clusters; no ratio where it cannot be computed.
    """
    if CLUSTER not in sample.rows:
        return (), ()
    time, event = _cut(sample, design)
    try:
        fit: CoxFit = cox_regression(
            time, event, sample.treated.astype(float)[:, None], clusters=sample.rows[CLUSTER].astype(str).to_numpy()
        )
    except (EstimationRefusal, ValueError):
        return (), (CLUSTERED,)
    ratio: Inference = fit.hazard_ratio(0, design.level, robust=True)
    return (OtherEstimate("Cox, cluster-robust", "hazard ratio", ratio, ROBUST),), (CLUSTERED,)
