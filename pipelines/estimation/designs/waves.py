"""An outcome that was measured several times, of people whom chance put into groups: compared at a declared wave."""

from dataclasses import replace
from typing import Any

import numpy as np
import pandas as pd

from pipelines.estimation.covariates import encode
from pipelines.estimation.design import PERIOD, UNIT, Design
from pipelines.estimation.designs.describing import described, floors
from pipelines.estimation.headline import described_only, with_result
from pipelines.estimation.refusal import EstimationRefusal
from pipelines.estimation.repeated_measures import RepeatedMeasures, repeated_measures
from pipelines.estimation.result import Estimate, OtherEstimate, OverTime, Reading
from pipelines.estimation.sample import Sample, draw

ESTIMAND = (
    "Difference in the average outcome, at the declared period, between people who were offered what is tested and "
    "people who were not."
)
TWO_WAVES = "Only one period has outcomes, so there is nothing before it to start from."


def engine(frame: pd.DataFrame, design: Design) -> Estimate:
    """Difference between arms at the headline period, by a mixed model for repeated measures.

    Parameters, result and errors as for `pipelines.estimation.estimate`. Source: see `repeated_measures`.
    """
    rows = draw(frame[frame["value"].notna()], ("value",))
    waves = np.unique(rows.rows[PERIOD].to_numpy(dtype=float))
    at = float(waves[-1]) if design.at is None else design.at
    if at not in waves:
        raise EstimationRefusal("Nobody was assessed in the period named by `at`.", "Correct `at` in the protocol.")
    alone = _sample_at(rows, at)
    description = described(alone, design)
    reason = floors(alone, description, design)
    if reason:
        return described_only(description, reason)
    if len(waves) < 2:
        raise EstimationRefusal(TWO_WAVES, "Declare the outcome in the cases, with its baseline if there is one.")
    mixed = _fit(rows, at, design, "mixed_model")
    led = replace(with_result(description, mixed.headline), engine="mixed model for repeated measures", why=mixed.why)
    gee = _fit(rows, at, design, "gee")
    beside = OtherEstimate("GEE, Mancl-DeRouen", led.measure, gee.headline, gee.why, led.scale)
    people = sum(alone.n.values())
    return replace(
        led,
        estimand=ESTIMAND,
        residual_df=people - len(waves) - 1,
        others=(beside,),
        over_time=(_by_wave(mixed, rows, led),),
    )


def _sample_at(rows: Sample, at: float) -> Sample:
    """Return the people who were assessed in a period."""
    there = rows.rows[PERIOD].to_numpy(dtype=float) == at
    columns = {name: values[there] for name, values in rows.columns.items()}
    kept = rows.rows.iloc[np.flatnonzero(there)].reset_index(drop=True)
    return Sample(kept, rows.treated[there], columns, rows.missing)


def _fit(rows: Sample, at: float, design: Design, engine: Any) -> RepeatedMeasures:
    covariates = encode(rows.rows, design.covariates).columns if design.covariates else None
    return repeated_measures(
        rows.rows[UNIT].to_numpy(),
        rows.rows[PERIOD].to_numpy(dtype=float),
        rows.columns["value"],
        rows.treated,
        at,
        engine=engine,
        covariates=covariates,
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
        sentence="The difference between the groups at each period after the first.",
    )
