"""A time to an event that another event can forestall: shares with the event, not Kaplan-Meier, which would overstate.

Who had the other event is without this one for good; Kaplan-Meier would count them as if they could still have it.
"""

from collections.abc import Callable
from dataclasses import replace

import numpy as np
import pandas as pd

from pipelines.estimation.competing_risks import IncidenceDifference, incidence_difference
from pipelines.estimation.design import ARMS, COMPARISON, TREATMENT, Design
from pipelines.estimation.fine_gray import fine_gray
from pipelines.estimation.gray_test import gray_test
from pipelines.estimation.headline import described_only, with_result
from pipelines.estimation.proportional_hazards import cox_regression
from pipelines.estimation.refusal import EstimationRefusal
from pipelines.estimation.result import ArmSummary, Estimate, Inference, OtherEstimate
from pipelines.estimation.sample import MISSING, Array, Sample, below_floor, check_not_negative, check_zero_one, draw

MEASURE = "difference in the share without the event"
ESTIMAND = (
    "Difference in the share of people who have not had the event by the horizon, where people who had the other event "
    "first count as without it for good."
)
GRAY = "Gray's test that the shares with the event run alike."
CAUSE = "Cox's model of the event among people who have had neither event yet; the other event ends follow-up."
FINE_GRAY = "Fine and Gray's model of the share with the event."
UNKNOWN = "Of somebody it is not known whether the other event ended the follow-up."


def engine(frame: pd.DataFrame, design: Design) -> Estimate:
    """Difference in the share without the event at the horizon, by Aalen and Johansen.

    Parameters, result and errors as for `pipelines.estimation.estimate`. Sources: see `competing_risks`.
    """
    sample = draw(frame, ("time", "event"))
    time, cause = checked(sample)
    horizon = design.horizon or 0.0
    arms = {TREATMENT: sample.treated, COMPARISON: ~sample.treated}
    events = {arm: int(((cause == 1) & (time <= horizon) & inside).sum()) for arm, inside in arms.items()}
    description = _describe(sample, events, design)
    reason = below_floor(sample.n, events, design)
    if reason:
        return described_only(description, reason)
    found = incidence_difference(time, cause, sample.treated, horizon, level=design.level)
    description = replace(description, summary=_summaries(found, horizon))
    led = replace(with_result(description, turned(found.difference)), engine="cumulative incidence", why=found.why)
    return replace(
        led,
        estimand=ESTIMAND,
        residual_df=sum(sample.n.values()) - 2,
        others=_others(time, cause, sample, design),
    )


def turned(one: Inference) -> Inference:
    """Turn a difference in shares with the event into one in shares without."""
    value, lower, upper, statistic = (
        None if x is None else -x for x in (one.value, one.upper, one.lower, one.statistic)
    )
    return Inference(value, one.se, lower, upper, statistic, one.df, one.p)


def checked(sample: Sample) -> tuple[Array, Array]:
    """Return times, and causes: 1 for the event, 2 for the other one, 0 for the end of follow-up.

    Parameters
    ----------
    sample : Sample
        With `time` and `event`; its rows hold `competing`.

    Raises
    ------
    EstimationRefusal
        If a time is below zero, or it is not known of somebody which of the two came.
    """
    time, event = sample.columns["time"], sample.columns["event"]
    check_not_negative(time, "time")
    check_zero_one(event, "event")
    other = sample.rows["competing"].to_numpy(dtype=float, na_value=np.nan)
    if np.isnan(other[event == 0]).any():
        raise EstimationRefusal(UNKNOWN, "Give it for everybody without the event.")
    return time, np.where(event == 1, 1.0, np.where(other == 1, 2.0, 0.0))


def _describe(sample: Sample, events: dict[str, int], design: Design) -> Estimate:
    return Estimate(
        engine="",
        why="",
        measure=MEASURE,
        unit="share of people",
        scale=1.0,
        level=design.level,
        n=sample.n,
        missing=sample.missing,
        events=events,
        summary={arm: ArmSummary("share without the event", None) for arm in ARMS},
        warnings=(MISSING,) if any(sample.missing.values()) else (),
    )


def _summaries(found: IncidenceDifference, horizon: float) -> dict[str, ArmSummary]:
    curves = {TREATMENT: found.treatment, COMPARISON: found.comparison}
    shares = {arm: curve.at(horizon) for arm, curve in curves.items()}
    return {arm: ArmSummary("share without the event", 1 - share, se=se) for arm, (share, se) in shares.items()}


def _others(time: Array, cause: Array, sample: Sample, design: Design) -> tuple[OtherEstimate, ...]:
    arm = sample.treated.astype(float)[:, None]
    asked: dict[str, Callable[[], tuple[str, Inference, str]]] = {
        "Gray": lambda: ("test of equal shares with the event", gray_test(time, cause, sample.treated), GRAY),
        "Cox, cause-specific": lambda: (
            "hazard ratio",
            cox_regression(time, cause == 1, arm).hazard_ratio(0, design.level),
            CAUSE,
        ),
        "Fine-Gray": lambda: ("subdistribution hazard ratio", _subdistribution(time, cause, arm, design), FINE_GRAY),
    }
    found = []
    for name, ask in asked.items():
        try:
            measure, result, note = ask()
        except (EstimationRefusal, ValueError):
            continue
        found.append(OtherEstimate(name, measure, result, note))
    return tuple(found)


def _subdistribution(time: Array, cause: Array, arm: Array, design: Design) -> Inference:
    return fine_gray(time, cause, arm).hazard_ratio(0, design.level)
