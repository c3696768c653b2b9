"""An outcome that was measured several times, of people whom chance put into groups: compared at a declared wave."""

from dataclasses import replace
from typing import Any

import numpy as np
import pandas as pd

from pipelines.estimation.design import PERIOD, UNIT, Design
from pipelines.estimation.designs.describing import described, floors
from pipelines.estimation.designs.one_period import NOBODY, headline_period, one_period
from pipelines.estimation.designs.yes_no import covariate_columns
from pipelines.estimation.headline import described_only, with_result
from pipelines.estimation.refusal import EstimationRefusal
from pipelines.estimation.repeated_measures import RepeatedMeasures, repeated_measures
from pipelines.estimation.result import Estimate, OtherEstimate, OverTime, Reading
from pipelines.estimation.sample import Array, Sample, draw

ESTIMAND = (
    "Difference in the average outcome, at the declared period, between people who were offered what is tested and "
    "people who were not."
)


def engine(frame: pd.DataFrame, design: Design) -> Estimate:
    """Difference between arms at the headline period, by a mixed model for repeated measures.

    Arms have one mean at `baseline_at`, as chance makes true, and earlier periods are left aside. Where no baseline is
    declared none is assumed: the first assessment may have come after the start. Parameters, result and errors as for
    `pipelines.estimation.estimate`. Source: see `repeated_measures`.
    """
    at = headline_period(frame, design)
    there = draw(one_period(frame, replace(design, baseline_at=None)), ("value",))
    rows = _from_baseline(frame, at, design)
    waves = np.unique(rows.rows[PERIOD].to_numpy(dtype=float))
    description = described(there, design)
    reason = floors(there, description, design)
    if reason:
        return described_only(description, reason)
    mixed = _fit(rows, at, design, "mixed_model", adjusted=design.adjusted)
    led = replace(with_result(description, mixed.headline), engine="mixed model for repeated measures", why=mixed.why)
    columns = len(_covariates(rows, design)) if design.adjusted else 0
    return replace(
        led,
        estimand=ESTIMAND,
        residual_df=sum(there.n.values()) - len(waves) - 1 - columns,
        others=_others(rows, at, led, design),
        over_time=(_by_wave(mixed, rows, led),),
    )


def nothing_before(frame: pd.DataFrame, design: Design) -> bool:
    """Whether no period comes before the one that is compared, so that there is nothing to model."""
    known = frame.loc[frame["value"].notna(), PERIOD].dropna()
    return design.baseline_at is None and not bool((known < headline_period(frame, design)).any())


def _from_baseline(frame: pd.DataFrame, at: float, design: Design) -> Sample:
    """Return the measurements since the baseline, or all of them where none is declared."""
    since = -np.inf if design.baseline_at is None else design.baseline_at
    if since >= at:
        raise EstimationRefusal("`baseline_at` does not come before the period that is compared.", "Correct it.")
    kept = frame[frame["value"].notna() & (frame[PERIOD] >= since)]
    if design.baseline_at is not None and not (kept[PERIOD] == since).any():
        raise EstimationRefusal(NOBODY.format("baseline_at"), "Correct `baseline_at` in the protocol.")
    return draw(kept, ("value",))


def _others(rows: Sample, at: float, led: Estimate, design: Design) -> tuple[OtherEstimate, ...]:
    """Return the answers of other models, where they have one."""
    asked: list[tuple[str, Any, bool]] = [("GEE, Mancl-DeRouen", "gee", design.adjusted)]
    if design.covariates:
        name = "mixed model, unadjusted" if design.adjusted else "mixed model, adjusted"
        asked.append((name, "mixed_model", not design.adjusted))
    found = []
    for name, engine_, adjusted in asked:
        try:
            fit = _fit(rows, at, design, engine_, adjusted=adjusted)
        except (EstimationRefusal, ValueError):
            continue
        found.append(OtherEstimate(name, led.measure, fit.headline, fit.why, led.scale))
    return tuple(found)


def _covariates(rows: Sample, design: Design) -> Array:
    """Return the covariates as independent columns, one row of the array for each; none where there are none."""
    columns = covariate_columns(rows, design)
    return np.empty((0, len(rows.treated))) if columns is None else columns.T


def _fit(rows: Sample, at: float, design: Design, engine: Any, *, adjusted: bool) -> RepeatedMeasures:
    columns = _covariates(rows, design).T if adjusted else None
    return repeated_measures(
        rows.rows[UNIT].to_numpy(),
        rows.rows[PERIOD].to_numpy(dtype=float),
        rows.columns["value"],
        rows.treated,
        at,
        engine=engine,
        constrained=design.baseline_at is not None,
        change=False,
        covariates=None if columns is None or not columns.shape[1] else columns,
        level=design.level,
    )


def _by_wave(found: RepeatedMeasures, rows: Sample, led: Estimate) -> OverTime:
    period = rows.rows[PERIOD].to_numpy(dtype=float)
    readings = tuple(
        Reading(
            key=f"wave/{label:g}",
            title=f"Period {label:g}",
            measure=led.measure,
            value=one.value,
            se=one.se,
            lower=one.lower,
            upper=one.upper,
            df=one.df,
            p=one.p,
            unit=led.unit,
            n=int(min((rows.treated & (period == label)).sum(), (~rows.treated & (period == label)).sum())),
        )
        for label, one in found.by_wave
    )
    positions = tuple(float(label) for label, _ in found.by_wave)
    return OverTime(
        title="Difference between the groups at each period",
        axis="period",
        readings=readings,
        positions=positions,
        sentence="The difference between the groups at each period after the first, by the same model.",
    )
