"""Chance decided person by person, perhaps within blocks; or for whole clusters.

Which engine answers which design of these belongs here; randomisation inference stands beside every one of them.
"""

from dataclasses import replace

import numpy as np
import pandas as pd

from pipelines.estimation import binary, means
from pipelines.estimation.adjusted import adjust
from pipelines.estimation.advisor import Counts, Floors, advise
from pipelines.estimation.ancova import ancova
from pipelines.estimation.covariance import bell_mccaffrey_df, least_squares_hc2
from pipelines.estimation.design import ARMS, BASELINE, CLUSTER, UNIT, Design
from pipelines.estimation.designs import clusters, counted, waves, yes_no
from pipelines.estimation.designs.one_period import one_period
from pipelines.estimation.headline import with_result
from pipelines.estimation.randomisation import randomisation_test
from pipelines.estimation.refusal import EstimationRefusal
from pipelines.estimation.result import Estimate, Inference, OtherEstimate
from pipelines.estimation.sample import STRATA, Sample, draw, numbers
from pipelines.estimation.welch import t_inference

MOST_PEOPLE = 20_000
"""With more people every interval agrees with the normal one, and the draws take long."""
BLOCKED = (
    "Within each block the two groups are compared, and blocks are weighed by their people: chance decided within "
    "blocks. HC2 standard error, Bell-McCaffrey degrees of freedom."
)
FIXED = (
    "Some blocks have a single person in a group, so all blocks share one difference: least squares with a level for "
    "each block, HC2 standard error, Bell-McCaffrey degrees of freedom."
)
NOTES = {
    "ANCOVA, one slope": "Final score on group and baseline, one slope for both; HC2. People whose baseline is known.",
    "change scores": "Difference in mean change since the baseline. People whose baseline is known.",
    "final scores": "Difference in mean final scores, the baseline left aside. People whose baseline is known.",
}
ESTIMAND = "Difference in the average outcome between people who were offered what is tested and people who were not."


def engine(frame: pd.DataFrame, design: Design) -> Estimate:
    """Difference between arms that chance made, as it made them.

    Parameters, result and errors as for `pipelines.estimation.estimate`. Sources: see `binary`, `means`, `adjusted` and
    `cluster_difference`.
    """
    if UNIT in frame and not waves.nothing_before(frame, design):
        return waves.engine(frame, design)
    if UNIT in frame:
        frame = one_period(frame, design)
    if CLUSTER in frame:
        return clusters.engine(frame, design)
    found = (binary if design.outcome_type == "binary" else means).engine(frame, design)
    if found.description_only:
        return found
    sample = draw(frame, ("value",))
    found = replace(found, estimand=ESTIMAND, residual_df=sum(sample.n.values()) - 2)
    found = _with_more(_blocked(found, sample, design), sample, design)
    return _with_chance(found, sample, design)


def _with_more(found: Estimate, sample: Sample, design: Design) -> Estimate:
    """Put beside an estimate what its type of outcome allows."""
    if design.outcome_type == "binary":
        more = yes_no.others(sample, design, clusters.blocks_of(sample.rows))
        return replace(found, others=(*found.others, *more))
    if design.outcome_type == "count":
        led = counted.with_exposure(found, sample, design)
        more, said = counted.others(sample, design)
        return replace(led, others=(*led.others, *more), warnings=(*led.warnings, *said))
    return replace(found, others=(*found.others, *_from_baseline(found, sample, design)))


def _from_baseline(found: Estimate, sample: Sample, design: Design) -> tuple[OtherEstimate, ...]:
    """Return the other ways to use a measure from before the start."""
    if BASELINE not in sample.rows:
        return ()
    before = numbers(sample.rows[BASELINE])
    known = ~np.isnan(before)
    try:
        ways = ancova(before[known], sample.columns["value"][known], sample.treated[known], level=design.level)
    except (EstimationRefusal, ValueError):
        return ()
    shown = {"ANCOVA, one slope": ways.adjusted, "change scores": ways.change, "final scores": ways.final}
    return tuple(OtherEstimate(name, found.measure, one, NOTES[name]) for name, one in shown.items())


def _blocked(found: Estimate, sample: Sample, design: Design) -> Estimate:
    """Put the comparison within blocks first, unless an adjusted one leads, which holds the blocks already."""
    if design.adjusted or clusters.blocks_of(sample.rows) is None:
        return found
    result, why = _within_blocks(sample, design)
    if result is None:
        return found
    plain = Inference(found.value, found.se, found.lower, found.upper, found.statistic, found.df, found.p)
    beside = OtherEstimate("blocks left out", found.measure, plain, found.why, found.scale)
    led = replace(with_result(found, result), engine=f"{found.engine.split(',')[0]} within blocks, HC2", why=why)
    warnings = tuple(words for words in found.warnings if words != STRATA)
    return replace(led, others=(beside, *found.others), warnings=warnings)


def _within_blocks(sample: Sample, design: Design) -> tuple[Inference | None, str]:
    """Return the difference within blocks: each block's own where it has one, else one for all."""
    value = sample.columns["value"]
    own = adjust(sample, value, replace(design, covariates=(), adjusted=False))
    if own.result is not None and not any("leaves out" in words for words in own.warnings):
        return own.result, BLOCKED
    member = np.asarray(clusters.blocks_of(sample.rows))
    levels = np.asarray(member[:, None] == np.arange(1, member.max() + 1), dtype=float)
    columns = np.column_stack([np.ones(len(value)), sample.treated, levels])
    if np.linalg.matrix_rank(columns) < columns.shape[1]:
        return None, ""
    try:
        fit = least_squares_hc2(columns, value)
    except ValueError:
        return None, ""
    se = float(fit.covariance[1, 1]) ** 0.5
    if se <= 1e-10 * value.std():
        return None, ""
    return t_inference(float(fit.coefficients[1]), se, bell_mccaffrey_df(fit, 1), design.level), FIXED


def _with_chance(found: Estimate, sample: Sample, design: Design) -> Estimate:
    """Put randomisation inference beside an estimate, and what the advisor says of it."""
    return replace(found, others=(*found.others, *_by_chance(found, sample, design)), advice=_advice(found, design))


def _by_chance(found: Estimate, sample: Sample, design: Design) -> tuple[OtherEstimate, ...]:
    if sum(sample.n.values()) > MOST_PEOPLE:
        return ()
    try:
        test = randomisation_test(
            sample.columns["value"],
            sample.treated,
            blocks=clusters.blocks_of(sample.rows),
            draws=design.draws,
            seed=design.seed,
            level=design.level,
        )
    except EstimationRefusal:
        return ()
    # Of counts per person, whatever the time at risk that the headline divides them by.
    measure = found.measure if counted.exposure_of(sample) is None else "difference in counts per person"
    return (OtherEstimate("randomisation inference", measure, test.result, test.note, found.scale),)


def _advice(found: Estimate, design: Design) -> tuple[str, ...]:
    events = None if found.events is None else (found.events[ARMS[0]], found.events[ARMS[1]])
    without = None if events is None else (found.n[ARMS[0]] - events[0], found.n[ARMS[1]] - events[1])
    counts = Counts(
        sum(found.n.values()),
        min(found.n.values()),
        design.outcome_type,
        events=events,
        non_events=without,
        covariates=len(design.covariates),
    )
    return clusters.told(advise(counts, Floors(people_per_arm=design.floor_per_arm, events_per_arm=0)))
