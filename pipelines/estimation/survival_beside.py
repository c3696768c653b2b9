"""What stands beside a difference in restricted means: shares, log-rank, Cox, all cut at the horizon."""

from math import sqrt

import numpy as np

from pipelines.estimation.adjusted import independent_columns
from pipelines.estimation.covariates import encode
from pipelines.estimation.design import ARMS, Design
from pipelines.estimation.kaplan_meier import Survival, survival_at_horizon
from pipelines.estimation.proportional_hazards import cox_regression
from pipelines.estimation.refusal import EstimationRefusal
from pipelines.estimation.result import Inference, OtherEstimate
from pipelines.estimation.sample import Array, Sample
from pipelines.estimation.survival_tests import log_rank
from pipelines.estimation.welch import z_inference

# Fewer events per column and Cox coefficients drift away from zero (Peduzzi et al. 1995, J Clin Epidemiol
# 48:1503-1510).
EVENTS_PER_COLUMN = 10

NO_COX = "Cox's hazard ratio is not shown: the model cannot be fitted, for instance because one arm has no events."
NO_ADJUSTED_COX = (
    "Cox's hazard ratio with covariates is not shown: there are too few events for this many, or the "
    "model cannot be fitted."
)

Beside = tuple[tuple[OtherEstimate, ...], tuple[str, ...]]


def beside(sample: Sample, curves: dict[str, Survival], design: Design) -> Beside:
    """Other engines for two arms of times to an event.

    Parameters
    ----------
    sample : Sample
        n people with columns `time` and `event`; at least one event by the horizon.
    curves : mapping of arm to Survival
        Kaplan-Meier estimates up to the design's horizon.
    design : Design
        Horizon, level and covariates.

    Returns
    -------
    tuple of (tuple of OtherEstimate, tuple of str)
        The estimates, and warnings about those that could not be made. Hazard ratios have their standard error on the
        log scale.
    """
    horizon = design.horizon or 0.0  # Design has refused a missing one
    time = np.minimum(sample.columns["time"], horizon)
    event = sample.columns["event"] * (sample.columns["time"] <= horizon)
    statistic, p = log_rank(time, event, sample.treated)
    test = Inference(None, statistic=statistic, df=1.0, p=p)
    rank = OtherEstimate(
        "log-rank", "test of equal survival curves", test, "Log-rank test of the two curves up to the horizon."
    )
    hazards, said = _hazards(sample, time, event, design)
    return (_shares(curves, design.level), rank, *hazards), said


def _shares(curves: dict[str, Survival], level: float) -> OtherEstimate:
    (s1, e1), (s0, e0) = (survival_at_horizon(curves[arm]) for arm in ARMS)
    result = z_inference(s1 - s0, sqrt(e1**2 + e0**2), level) if e1 + e0 else Inference(s1 - s0)
    note = "Kaplan-Meier shares still without the event at the horizon, Greenwood's standard error."
    return OtherEstimate("Kaplan-Meier", "difference in the share without the event", result, note, 100.0)


def _hazards(sample: Sample, time: Array, event: Array, design: Design) -> Beside:
    """Hazard ratio, and with covariates of a design the adjusted one."""
    arm = sample.treated.astype(float)[:, None]
    if not all(event[of].any() for of in (sample.treated, ~sample.treated)):
        return (), (NO_COX,)
    note = "Cox's proportional hazards model, ties by Efron's method; assumes a ratio that does not change over time."
    found, said = _cox("Cox", time, event, arm, (design.level, note, NO_COX))
    if design.kind == "observational_unadjusted" or not design.covariates:
        return found, said
    encoded = encode(sample.rows, design.covariates)
    columns = encoded.columns[:, independent_columns(encoded.columns, sample.treated)]
    if event.sum() < EVENTS_PER_COLUMN * (columns.shape[1] + 1):
        return found, (*said, NO_ADJUSTED_COX)
    note = f"{note} With the declared covariates."
    more, also = _cox(
        "Cox, adjusted", time, event, np.column_stack([arm, columns]), (design.level, note, NO_ADJUSTED_COX)
    )
    return found + more, said + encoded.warnings + also


def _cox(name: str, time: Array, event: Array, columns: Array, how: tuple[float, str, str]) -> Beside:
    level, note, failed = how
    try:
        ratio = cox_regression(time, event, columns).hazard_ratio(0, level)
    except (EstimationRefusal, ValueError):
        return (), (failed,)
    return (OtherEstimate(name, "hazard ratio", ratio, note),), ()
