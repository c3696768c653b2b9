"""Times to an event of people in clusters, in pairs, or in groups that chance did not make.

Each person's time becomes a pseudo-observation, which the design's own engine then compares as it compares any number;
curves, the log-rank test and Cox's model stand beside it as where chance decided.
"""

from dataclasses import replace
from importlib import import_module

import numpy as np
import pandas as pd

from pipelines.estimation import time_to_event
from pipelines.estimation.design import ARMS, CLUSTER, PAIR, Design
from pipelines.estimation.designs import competing, times
from pipelines.estimation.headline import described_only, with_result
from pipelines.estimation.pseudo_observations import incidence, restricted_time
from pipelines.estimation.result import Estimate, Inference, OtherEstimate
from pipelines.estimation.sample import draw, numbers

WHY = (
    "Each person counts with what they add to the average time without the event up to the horizon "
    "(pseudo-observations of the restricted mean survival time), which allows for follow-up that ended early. "
)
WHY_SHARE = (
    "Each person counts with what they add to the share without the event by the horizon (pseudo-observations of the "
    "cumulative incidence), where people who had the other event first are without it for good; follow-up that ended "
    "early is allowed for. "
)
PLACE = "design place"
DESIGNS = "pipelines.estimation.designs."
ENGINES = {"cluster_randomised": f"{DESIGNS}clusters", "matched_pairs": f"{DESIGNS}pairs"}


def engine(frame: pd.DataFrame, design: Design) -> Estimate:
    """Difference in restricted mean survival time by the design's engine for numbers.

    Parameters, result and errors as for `pipelines.estimation.estimate`. Sources: see `restricted_time`, and the engine
    of the design.
    """
    other = "competing" in frame and bool(frame["competing"].notna().any())
    described = competing.engine(frame, design) if other else time_to_event.engine(frame, design)
    if described.description_only:
        return described
    as_numbers = replace(design, outcome_type="continuous", horizon=None)
    module = import_module(ENGINES.get(design.kind, f"{DESIGNS}comparison_groups"))
    values = _with_shares(frame, design) if other else _with_values(frame, design)
    found: Estimate = module.engine(values, as_numbers)
    if found.description_only:
        empty = replace(with_result(described, Inference(None)), effect_size=None, others=(), curve=())
        return described_only(empty, found.description_reason or "")
    return replace(
        with_result(described, Inference(found.value, found.se, found.lower, found.upper, None, found.df, found.p)),
        engine=f"{found.engine}, pseudo-observations",
        why=f"{WHY_SHARE if other else WHY}{found.why}",
        estimand=found.estimand,
        residual_df=found.residual_df,
        effect_size=None,
        others=(*(_of_time(one, described.measure) for one in found.others), *_beside(described, frame, design)),
        comparison=found.comparison,
        advice=found.advice,
        warnings=tuple(dict.fromkeys((*described.warnings, *found.warnings))),
    )


def _with_values(frame: pd.DataFrame, design: Design) -> pd.DataFrame:
    """Add each person's pseudo-observation, made within their own group; unknown where time or event is."""
    time, event = numbers(frame["time"]), numbers(frame["event"])
    value = np.full(len(frame), np.nan)
    for arm in ARMS:
        inside = (frame["arm"] == arm).to_numpy(bool) & ~np.isnan(time) & ~np.isnan(event)
        value[inside] = restricted_time(time[inside], event[inside], design.horizon or 0.0)
    return frame.assign(value=value)


def _with_shares(frame: pd.DataFrame, design: Design) -> pd.DataFrame:
    """Add each person's pseudo-observation of being without the event, made within their own group."""
    sample = draw(frame.assign(**{PLACE: np.arange(len(frame))}), ("time", "event"))
    time, cause = competing.checked(sample)
    own = np.empty(len(time))
    for inside in (sample.treated, ~sample.treated):
        own[inside] = 1 - incidence(time[inside], cause[inside], design.horizon or 0.0)
    value = np.full(len(frame), np.nan)
    value[sample.rows[PLACE].to_numpy(int)] = own
    return frame.assign(value=value)


def _beside(described: Estimate, frame: pd.DataFrame, design: Design) -> tuple[OtherEstimate, ...]:
    """Return what stands beside a comparison of times; where people hang together only what allows for it."""
    together = CLUSTER if CLUSTER in frame else PAIR if PAIR in frame else None
    if together is None:
        return described.others
    sample = draw(frame.assign(**{CLUSTER: frame[together]}), ("time", "event"))
    return times.clustered(sample, design)[0]


def _of_time(other: OtherEstimate, measure: str) -> OtherEstimate:
    return replace(other, measure=measure if other.measure == "difference in means" else other.measure)
