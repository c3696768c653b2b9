"""Units that begin at different times, against units that have not begun (Callaway & Sant'Anna 2021)."""

from dataclasses import dataclass, replace

import numpy as np
import pandas as pd

from pipelines.estimation.design import ADOPTED, COMPARISON, PERIOD, TREATMENT, UNIT, WEIGHT, Design
from pipelines.estimation.designs import adoption_over_time, levels_over_time
from pipelines.estimation.designs.describing import described_groups, resting_on, too_few
from pipelines.estimation.designs.units import Units, units_over_time
from pipelines.estimation.headline import described_only, with_result
from pipelines.estimation.over_time.group_time import Staggered
from pipelines.estimation.over_time.influence import ONE_TREATED
from pipelines.estimation.over_time.panel import Panel, make_panel
from pipelines.estimation.over_time.placebo import placebo_units
from pipelines.estimation.over_time.staggered import Aggregate, StaggeredResult, staggered
from pipelines.estimation.refusal import EstimationRefusal
from pipelines.estimation.result import Estimate, Inference, OtherEstimate, OverTime
from pipelines.estimation.sample import numbers
from pipelines.protocol import designs

MEASURE = "average effect on those who began"
TITLES = {"never": "Never began", "not_yet": "Had not begun yet"}
WHY = (
    "Those who began in the same period are compared, in each period, with units that {who}, each by its change since "
    "before the beginning. {meaning} Averages over periods that simply pool everything (two-way fixed effects) would "
    "also compare late beginners with early ones, whose own effect may still be growing."
)
WHO = {"never": "never began", "not_yet": "have not begun yet, or never do"}
PARALLEL = (
    "Chance did not decide who began when. The estimate is an effect only if, without what is tested, those who began "
    "would have changed as the others did."
)
TWO_WAY = (
    "The estimate by two-way fixed effects, shown beside the headline: {} In {:.0f} of every 100 treated units and "
    "periods the effect counts negatively in it."
)
COUNTING = "Units count by their weight in the estimate, and alike in the averages of the groups."
DRAWS = 999
"""Of the multiplier bootstrap for limits that hold for all periods together."""


@dataclass(frozen=True)
class Asked:
    """Units over time, as a panel without and with covariates, and how they are compared."""

    units: Units
    panel: Panel
    plain: Panel
    design: Staggered
    summary: str
    warnings: tuple[str, ...]


def engine(frame: pd.DataFrame, design: Design) -> Estimate:
    """Average effect on those who began, by group and period.

    Parameters, result and errors as for `pipelines.estimation.estimate`; the groups are made from ADOPTED, whatever
    `arm` says. Sources: see `staggered`.
    """
    asked = _asked(frame, design)
    leads_adjusted = bool(getattr(design.declared, "by", ()) or getattr(design.declared, "changing", ()))
    found = staggered(asked.panel if leads_adjusted else asked.plain, asked.design)
    description = _described(found, asked, design)
    reason = too_few(description.n, design)
    if reason:
        return described_only(description, reason)
    lead = _aggregate(found, asked.summary)
    if lead.overall.value is None:
        return described_only(description, "No group could be compared in any period after it began.")
    return replace(
        with_result(description, lead.overall),
        engine=f"Callaway-Sant'Anna, {asked.summary}",
        why=WHY.format(who=WHO[asked.design.controls], meaning=lead.meaning)
        + ("" if asked.panel.weight is None else f" {COUNTING}"),
        measure=MEASURE,
        estimand=found.estimand,
        residual_df=_residual_df(found, asked, leads_adjusted=leads_adjusted),
        others=_others(found, asked, design, leads_adjusted=leads_adjusted),
        over_time=(
            *adoption_over_time.event_study(found, design),
            *adoption_over_time.groups_and_periods(found, asked.units, design),
            *_levels(asked, design),
        ),
        doubts=adoption_over_time.before(found, lead.overall.value, design),
        warnings=_warnings(description, found),
    )


def _asked(frame: pd.DataFrame, design: Design) -> Asked:
    declared = design.declared
    if not isinstance(declared, designs.Staggered):
        raise ValueError("A staggered design is declared by its own model.")
    units = units_over_time(frame)
    rows, encoded = units.rows, units.covariates(design.covariates)
    columns = np.column_stack([encoded.columns, *(numbers(rows[name]) for name in declared.changing)])
    panel = make_panel(
        rows[UNIT],
        numbers(rows[PERIOD]),
        numbers(rows[ADOPTED]),
        units.value,
        columns if columns.shape[1] else None,
        units.clusters(),
        never=0,
        weight=numbers(rows[WEIGHT]) if declared.weights else None,
    )
    choice = Staggered(
        controls=declared.control,
        method=declared.method,
        base=declared.base,
        anticipation=declared.anticipation,
        level=design.level,
        draws=DRAWS,
        seed=design.seed,
    )
    plain = replace(panel, covariates=None)
    return Asked(units, panel, plain, choice, declared.summary, encoded.warnings)


def _aggregate(found: StaggeredResult, name: str) -> Aggregate:
    return {"simple": found.simple, "group": found.group, "calendar": found.calendar, "dynamic": found.dynamic}[name]


def _described(found: StaggeredResult, asked: Asked, design: Design) -> Estimate:
    """Describe those who began, and the others, by the last period in which each unit was seen."""
    cohort = asked.panel.cohort
    began = np.isin(cohort, list(found.cohorts))
    others = np.isinf(cohort) | (cohort > asked.panel.periods[-1])
    if asked.design.controls == "not_yet" and not others.any():
        others = cohort > min(found.cohorts)
    last = _last_seen(asked.panel)
    inside = {TREATMENT: began, COMPARISON: others}
    description = described_groups(
        {arm: last[rows] for arm, rows in inside.items()}, _missing(asked, began=True), design
    )
    made_of = {arm: (last[rows],) for arm, rows in inside.items()}
    titles = {TREATMENT: "Began", COMPARISON: TITLES["never" if np.isinf(cohort).any() else "not_yet"]}
    return replace(
        resting_on(description, made_of), arm_titles=titles, warnings=(*description.warnings, *asked.warnings)
    )


def _last_seen(panel: Panel) -> np.ndarray:
    known = ~np.isnan(panel.outcome)
    last = panel.outcome.shape[1] - 1 - known[:, ::-1].argmax(axis=1)
    return np.asarray(panel.outcome[np.arange(len(last)), last])


def _missing(asked: Asked, *, began: bool) -> dict[str, int]:
    """Return the units of which no outcome is known, by whether they began."""
    rows = asked.units.rows
    unseen = pd.Series(np.isnan(asked.units.value)).groupby(rows[UNIT].to_numpy()).all()
    first = numbers(rows.drop_duplicates(UNIT).set_index(UNIT)[ADOPTED].loc[unseen[unseen].index])
    begun = ~np.isnan(first) & (first != 0)
    return {TREATMENT: int(begun.sum()), COMPARISON: int((~begun).sum())}


def _residual_df(found: StaggeredResult, asked: Asked, *, leads_adjusted: bool) -> int:
    k = asked.panel.covariates.shape[2] if leads_adjusted and asked.panel.covariates is not None else 0
    return found.units - len(found.cohorts) - 1 - k


def _others(found: StaggeredResult, asked: Asked, design: Design, *, leads_adjusted: bool) -> tuple[OtherEstimate, ...]:
    """Return the other averages, the answer with or without covariates, and two-way fixed effects."""
    scale = 100.0 if design.outcome_type == "binary" else 1.0
    others = [
        OtherEstimate(f"Callaway-Sant'Anna, {name}", MEASURE, one.overall, one.meaning, scale)
        for name in ("simple", "group", "calendar", "dynamic")
        if name != asked.summary and (one := _aggregate(found, name)).overall.value is not None
    ]
    panels = {"unadjusted": asked.plain} if leads_adjusted else {"adjusted": asked.panel}
    panels = {} if asked.panel.covariates is None else panels
    if asked.panel.weight is not None:
        panels |= {
            "every unit alike, without weights": replace(asked.panel if leads_adjusted else asked.plain, weight=None)
        }
    for name, panel in panels.items():
        second = _second(panel, asked)
        if second is not None:
            others.append(OtherEstimate(name, MEASURE, second, f"Callaway-Sant'Anna, {asked.summary}.", scale))
    if found.two_way is not None:
        # Nothing tells a single unit's own movements from an effect, whatever a formula says.
        told = Inference(found.two_way.result.value) if ONE_TREATED in found.warnings else found.two_way.result
        others.append(OtherEstimate("two-way fixed effects", MEASURE, told, found.two_way.warning, scale))
    return (*others, *_single(found, asked, scale))


def _second(panel: Panel, asked: Asked) -> Inference | None:
    """Return the same average of another panel: without covariates or with them, or with every unit alike."""
    try:
        other = staggered(panel, replace(asked.design, draws=0))
    except EstimationRefusal:
        return None
    overall = _aggregate(other, asked.summary).overall
    return overall if overall.value is not None else None


def _single(found: StaggeredResult, asked: Asked, scale: float) -> tuple[OtherEstimate, ...]:
    """Return what a single or hardly any treated unit allows: the same dates dealt out to other units."""
    if sum(found.cohorts.values()) >= FEW and found.simple.overall.se is not None:
        return ()
    try:
        dealt = placebo_units(asked.plain, asked.design, 999, asked.design.seed)
    except EstimationRefusal:
        return ()
    result = Inference(dealt.value, p=dealt.p)
    return (OtherEstimate("placebo units", MEASURE, result, "The same dates dealt out to other units.", scale),)


FEW = 5
"""Fewer treated units than this, and their standard error is a guess."""


def _levels(asked: Asked, design: Design) -> tuple[OverTime, ...]:
    """Return averages of those who ever begin, and of those who never do."""
    if not np.isinf(asked.panel.cohort).any():
        return ()
    first = int(asked.panel.periods[0])
    titles = {True: "Average of those who ever begin", False: "Average of those who never begin"}
    shown = levels_over_time.levels(asked.plain, asked.units.words, first, design)
    return tuple(replace(one, title=titles[k == 0], axis="periods from the first") for k, one in enumerate(shown))


def _warnings(description: Estimate, found: StaggeredResult) -> tuple[str, ...]:
    two_way = found.two_way
    said = () if two_way is None else (TWO_WAY.format(two_way.warning, 100 * two_way.negative_weight_share),)
    return tuple(dict.fromkeys((*description.warnings, PARALLEL, *found.warnings, *said)))
