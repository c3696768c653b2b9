"""The same people before and after, with nobody to compare with: a change, whatever its cause."""

from dataclasses import dataclass, replace

import numpy as np
import pandas as pd

from pipelines.estimation.design import BASELINE, COMPARISON, PERIOD, TREATMENT, UNIT, Design
from pipelines.estimation.designs.describing import described_groups, resting_on
from pipelines.estimation.designs.units import units_over_time
from pipelines.estimation.headline import described_only, with_result
from pipelines.estimation.matched_pairs import Pairs, paired_binary
from pipelines.estimation.over_time.before_after import (
    ESTIMAND,
    INCOMPLETE,
    LOWEST,
    BeforeAfter,
    Selection,
    before_after,
    regression_to_the_mean,
)
from pipelines.estimation.paired_means import paired_means
from pipelines.estimation.refusal import EstimationRefusal
from pipelines.estimation.result import Estimate, Inference, OtherEstimate, Reading
from pipelines.estimation.sample import MISSING, Array, numbers
from pipelines.protocol import designs

MEASURE = "mean change"
TITLES = {TREATMENT: "Afterwards", COMPARISON: "Before"}
WHY = "The same people are measured twice: the average of their own changes, with a t interval for pairs."
WHY_BINARY = (
    "The same people are asked twice: the change in the share, with Newcombe's interval for pairs and McNemar's mid-p "
    "test."
)
NO_TYPICAL = (
    "People who are taken on because of a bad score come back towards the average by themselves. How far is not known "
    "here: the protocol declares no `typical` baseline of everybody they were chosen from."
)
EXPECTED = (
    "If two measurements of the same people hang together by {rho:g}, choosing people by their baseline alone would "
    "have given a change of {expected:.3g}; {remaining:.3g} of the change remains."
)
EXPLAINS = (
    "Choosing people by their baseline alone explains the whole change if two measurements of the same people hang "
    "together by {rho:g} or less."
)
EXPLAINS_NEVER = (
    "Choosing people by their baseline alone does not explain the whole change, however loosely two measurements hang "
    "together."
)


@dataclass(frozen=True)
class Twice:
    """People measured twice, and how many were not."""

    before: Array
    after: Array
    missing: int


def engine(frame: pd.DataFrame, design: Design) -> Estimate:
    """Change of people measured before and after.

    Parameters, result and errors as for `pipelines.estimation.estimate`; `arm` is not looked at. Sources: see
    `before_after` and `matched_pairs`.
    """
    twice = _over_periods(frame, design) if UNIT in frame else _with_baseline(frame)
    description = _described(twice, design)
    if len(twice.after) < design.floor_per_arm:
        reason = f"Fewer than {design.floor_per_arm} were measured both before and after: described, not compared."
        return described_only(description, reason)
    return (_binary if design.outcome_type == "binary" else _numbers)(description, twice, design)


def _with_baseline(frame: pd.DataFrame) -> Twice:
    return _known(numbers(frame[BASELINE]), numbers(frame["value"]))


def _over_periods(frame: pd.DataFrame, design: Design) -> Twice:
    """Return each unit at the baseline (by default the first period) and at the period that counts (the last)."""
    units = units_over_time(frame)
    known = units.rows.assign(value=units.value, **{PERIOD: numbers(units.rows[PERIOD])}).dropna(subset=["value"])
    if known.duplicated([UNIT, PERIOD]).any():
        raise EstimationRefusal("Somebody was assessed twice in one period.", "Keep one row of each.")
    periods = sorted(known[PERIOD].unique())
    last = periods[-1] if design.at is None else design.at
    first = periods[0] if design.baseline_at is None else design.baseline_at
    if first not in periods or last not in periods or first >= last:
        raise EstimationRefusal(
            "The two periods compared are not both in the assessments, one after the other.",
            "Correct `at` and `baseline_at`.",
        )
    wide = known.pivot(index=UNIT, columns=PERIOD, values="value")
    everybody = wide.reindex(sorted(frame[UNIT].unique()))
    return _known(everybody[first].to_numpy(float), everybody[last].to_numpy(float))


def _known(before: Array, after: Array) -> Twice:
    both = ~np.isnan(before) & ~np.isnan(after)
    if both.sum() < 2:
        raise EstimationRefusal(
            "Fewer than two people were measured both before and after.", "Describe the measurements you have."
        )
    order = np.lexsort((after[both], before[both]))
    return Twice(before[both][order], after[both][order], int((~both).sum()))


def _described(twice: Twice, design: Design) -> Estimate:
    arms = {TREATMENT: twice.after, COMPARISON: twice.before}
    found = described_groups(arms, dict.fromkeys(arms, twice.missing), design)
    made_of = {arm: (values, twice.after - twice.before) for arm, values in arms.items()}
    said = tuple(words for words in found.warnings if words != MISSING)
    own = (LOWEST, *((INCOMPLETE,) if twice.missing else ()))
    return replace(resting_on(found, made_of), arm_titles=TITLES, measure=MEASURE, warnings=(*said, *own))


def _numbers(description: Estimate, twice: Twice, design: Design) -> Estimate:
    found = before_after(twice.before, twice.after, design.level)
    led = replace(
        with_result(description, found.result),
        engine="mean of paired changes, t",
        why=WHY,
        estimand=ESTIMAND,
        residual_df=found.n - 1,
        doubts=_regression(found, design),
    )
    try:
        pairs = paired_means(Pairs(twice.after, twice.before), design.level)
    except EstimationRefusal:
        return led
    note = "Typical change: the median of all averages of two changes, with Wilcoxon's signed-rank interval and test."
    return replace(led, others=(OtherEstimate("Wilcoxon signed-rank", MEASURE, pairs.hodges_lehmann, note),))


def _binary(description: Estimate, twice: Twice, design: Design) -> Estimate:
    found = paired_binary(Pairs(twice.after, twice.before), design.level)
    measure, scale = "risk difference", 100.0
    n = len(twice.after)
    led = replace(
        with_result(description, found.risk_difference),
        engine="change in the share, Newcombe for pairs",
        measure=measure,
        why=WHY_BINARY,
        estimand=ESTIMAND.replace("mean change", "change in the share"),
        residual_df=n - 1,
        doubts=(_no_typical(),),
    )
    exact = Inference(found.risk_difference.value, p=found.exact_p)
    beside = [
        OtherEstimate("McNemar, exact", measure, exact, "McNemar's exact test.", scale),
        OtherEstimate("Tango", measure, found.tango, "Score interval for pairs.", scale),
        OtherEstimate("Wald, paired", measure, found.wald, "The textbook interval.", scale),
    ]
    if found.mcnemar is not None:
        chi = replace(found.mcnemar, value=found.risk_difference.value)
        beside.append(OtherEstimate("McNemar, chi-square", measure, chi, "Without continuity correction.", scale))
    if found.odds_ratio is not None:
        beside.append(OtherEstimate("conditional odds ratio", "odds ratio", found.odds_ratio, "Of those who changed."))
    return replace(led, others=tuple(beside))


def _no_typical() -> Reading:
    return Reading(key="regression_to_the_mean", title="Coming back by themselves", measure="", sentence=NO_TYPICAL)


def _regression(found: BeforeAfter, design: Design) -> tuple[Reading, ...]:
    """Return how much of a change selection by the baseline alone would give, for one or several reliabilities."""
    declared = design.declared
    if not isinstance(declared, designs.BeforeAfter) or declared.typical is None or found.result.value is None:
        return (_no_typical(),)
    selection = Selection(
        declared.typical,
        declared.typical_spread or 1.0,
        high=found.mean_before > declared.typical,
        correlation=declared.reliability,
    )
    bound = regression_to_the_mean(found, selection, design.level)
    rows = tuple(
        Reading(
            key=f"regression_to_the_mean/{row.correlation:g}",
            title=f"Change that remains if measurements hang together by {row.correlation:g}",
            measure=MEASURE,
            value=row.remaining.value,
            se=row.remaining.se,
            lower=row.remaining.lower,
            upper=row.remaining.upper,
            df=row.remaining.df,
            p=row.remaining.p,
            unit=design.unit,
            sentence=EXPECTED.format(rho=row.correlation, expected=row.expected, remaining=row.remaining.value or 0.0),
        )
        for row in bound.range
    )
    at = bound.explains_all_below
    said = EXPLAINS_NEVER if at is None else EXPLAINS.format(rho=at)
    whole = Reading(
        key="regression_to_the_mean/explains_all_below",
        title="Coming back by themselves explains the whole change",
        measure="correlation of two measurements",
        value=at,
        sentence=f"{bound.sentence} {said}",
    )
    return (whole, *rows)
