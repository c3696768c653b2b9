"""Units over time, each held against itself and against what happened to all of them in a period (fixed effects)."""

from dataclasses import dataclass, replace

import numpy as np
import pandas as pd

from pipelines.estimation.design import CLUSTER, COMPARISON, DOSE, PERIOD, TREATMENT, UNIT, WEIGHT, Design
from pipelines.estimation.designs.bias_reduced import CR2, cr2
from pipelines.estimation.designs.describing import described_groups, resting_on, too_few
from pipelines.estimation.designs.units import Units, units_over_time
from pipelines.estimation.headline import described_only, with_result
from pipelines.estimation.over_time.fixed_effects import (
    FEW_ENTITIES,
    MOST_DUMMIES,
    Effects,
    FixedEffects,
    panel_fixed_effects,
)
from pipelines.estimation.over_time.influence import ONE_TREATED
from pipelines.estimation.over_time.panel import positive_weights
from pipelines.estimation.over_time.placebo_doses import placebo_doses, without_levels
from pipelines.estimation.over_time.two_way import WARNING
from pipelines.estimation.refusal import EstimationRefusal
from pipelines.estimation.result import Estimate, Inference, OtherEstimate
from pipelines.estimation.sample import Array, numbers
from pipelines.estimation.take_up.instruments import orthonormal
from pipelines.protocol import designs

MEASURE = "difference for one more of what is tested"
TITLES = {TREATMENT: "Units in which it changed", COMPARISON: "Units in which it stayed the same"}
WHY = (
    "Each unit is compared with itself at other times{periods} (fixed effects, by PanelOLS). The standard error lets a "
    "{cluster}'s periods hang together."
)
PERIODS = ", less what happened to all units in a period"
ESTIMAND = (
    "The difference in the outcome that goes with one more of what is tested within the same {within}, if nothing else "
    "that changes over time within it moves both."
)
REPEATED = "Fields that say the same as others held fixed were left out; the answer is the same without them."
COUNTING = "Rows count by their weight in the estimate, and units alike in the averages of the groups."
ALIKE = "The same regression with every row counting alike."
DEALT = "The same dates given to each unit in turn in which nothing changed."
CAUTION = (
    "The estimate is an effect only if nothing else that changed over time in a unit, when what is tested changed in "
    "it, moved the outcome."
)
REVERSED = (
    "What is tested began in some units and not in others at different times. "
    f"{WARNING.replace(' It is shown because other reports print it, never as the answer.', '')} "
    "Declare `staggered` instead, unless the effect is the same for all and at all times."
)
FEW_DECIDE = (
    "A few units decide this estimate: with a standard error that allows for it (CR2) the interval has far fewer "
    "degrees of freedom than there are units. Read the CR2 interval beside the headline."
)


@dataclass(frozen=True)
class Asked:
    """Rows with everything known, and whether what is tested changed within their unit."""

    rows: pd.DataFrame
    units: Units
    changed: Array


def engine(frame: pd.DataFrame, design: Design) -> Estimate:
    """Coefficient of what is tested, with unit and period effects.

    Parameters, result and errors as for `pipelines.estimation.estimate`; the column DOSE says how much of what is
    tested a unit had in a period. Sources: see `panel_fixed_effects` and `cluster_robust`.
    """
    declared = design.declared
    if not isinstance(declared, designs.Panel):
        raise ValueError("A panel is declared by its own model.")
    asked = _asked(frame, declared)
    declared, repeated = _without_repeated(asked, declared)
    description = _described(asked, design)
    treated = {TREATMENT: description.n[TREATMENT], COMPARISON: max(description.n[COMPARISON], design.floor_per_arm)}
    reason = too_few(treated, design)
    if reason:
        return described_only(description, reason)
    found = _fitted(asked, declared, design)
    alone = _changed_clusters(asked) == 1
    reduced = None if alone else _reduced(asked, declared, design, found)
    scale = description.scale
    effects = _effects(declared)
    within = "unit and period" if len(effects) == 2 else "unit"
    return replace(
        with_result(description, Inference(found.result.value) if alone else found.result),
        engine=found.engine.replace("entity", "unit").replace("time", "period"),
        why=_why(frame, effects, alone=alone) + (f" {COUNTING}" if declared.weights else ""),
        measure=MEASURE,
        estimand=ESTIMAND.format(within=within),
        residual_df=found.clusters - len(found.terms),
        others=_only_placebo(asked, found, declared, scale)
        if alone
        else (*_others(found, reduced, declared, scale), *_alike(asked, declared, design, scale)),
        warnings=(*_warnings(description, found, reduced, asked, alone=alone), *((REPEATED,) if repeated else ())),
    )


def _why(frame: pd.DataFrame, effects: tuple[Effects, ...], *, alone: bool) -> str:
    said = WHY.format(periods=PERIODS if len(effects) == 2 else "", cluster="cluster" if CLUSTER in frame else "unit")
    return f"{said.split('. ')[0]}." if alone else said


def _changed_clusters(asked: Asked) -> int:
    """Count the independent units in which what is tested changed."""
    own = asked.rows[CLUSTER if CLUSTER in asked.rows else UNIT]
    return int(own[np.asarray(asked.changed, dtype=bool)].nunique())


def _only_placebo(
    asked: Asked, found: FixedEffects, declared: designs.Panel, scale: float
) -> tuple[OtherEstimate, ...]:
    """Return what a single unit allows: its dates given to each unit in turn in which nothing changed."""
    if found.result.value is None or CLUSTER in asked.rows or declared.weights:
        return ()
    dealt = placebo_doses(asked.rows, DOSE, declared.by, _effects(declared))
    if dealt is None:
        return ()
    result = Inference(found.result.value, p=dealt.p)
    return (OtherEstimate("placebo units", MEASURE, result, DEALT, scale),)


def _effects(declared: designs.Panel) -> tuple[Effects, ...]:
    return ("entity",) if declared.effects == "unit" else ("entity", "time")


def _asked(frame: pd.DataFrame, declared: designs.Panel) -> Asked:
    units = units_over_time(frame)
    named = {name: numbers(units.rows[name]) for name in (DOSE, *declared.by)}
    rows = units.rows.assign(value=units.value, **{PERIOD: numbers(units.rows[PERIOD])}, **named)
    if CLUSTER in rows:
        rows = rows.assign(**{CLUSTER: units.clusters()})
    if declared.weights:
        heavy = positive_weights(numbers(rows[WEIGHT]))
        rows = rows.assign(**{WEIGHT: np.where(heavy > 0, heavy, np.nan)})
    needed = ["value", *named, *((WEIGHT,) if declared.weights else ())]
    known = rows[needed].notna().all(axis=1)
    if not known.any():
        raise EstimationRefusal("No row has everything known that the panel needs.", "Deliver it, or leave fields out.")
    kept = rows[known].reset_index(drop=True)
    spread = kept.groupby(UNIT)[DOSE].agg(np.ptp)
    return Asked(kept, units, np.asarray(kept[UNIT].map(spread) > 0))


def _without_repeated(asked: Asked, declared: designs.Panel) -> tuple[designs.Panel, bool]:
    """Leave fields out that repeat others held fixed, once units' and periods' levels are taken out.

    Never one because of what is tested: where that follows from the others, nothing tells its effect.
    """
    if len(declared.by) < 2:
        return declared, False
    unit, period = (pd.factorize(asked.rows[name], sort=True)[0] for name in (UNIT, PERIOD))
    taken = without_levels(asked.rows[list(declared.by)].to_numpy(float), unit, period, _effects(declared))
    kept, held = [], taken[:, :0]
    for name, column in zip(declared.by, taken.T, strict=True):
        own = orthonormal(column[:, None], held)
        held = np.column_stack([held, own])
        kept += [name] if own.shape[1] or not np.ptp(column) > 0 else []
    return declared.model_copy(update={"by": tuple(kept)}), len(kept) < len(declared.by)


def _described(asked: Asked, design: Design) -> Estimate:
    """Describe units in which what is tested changed, and the others, by each unit's average over its periods."""
    own = (
        asked.rows.assign(changed=asked.changed)
        .groupby(UNIT)
        .agg(value=("value", "mean"), changed=("changed", "first"))
    )
    unseen = sorted(set(asked.units.rows[UNIT]) - set(own.index))
    inside = {TREATMENT: own["changed"].to_numpy(bool), COMPARISON: ~own["changed"].to_numpy(bool)}
    arms = {arm: own["value"].to_numpy(float)[rows] for arm, rows in inside.items()}
    plain = replace(design, outcome_type="continuous") if design.outcome_type == "binary" else design
    found = resting_on(
        described_groups(arms, {TREATMENT: 0, COMPARISON: len(unseen)}, plain),
        {arm: (values,) for arm, values in arms.items()},
    )
    if design.outcome_type == "binary":
        found = replace(found, scale=100.0, unit="percentage points")
    return replace(found, arm_titles=TITLES)


def _fitted(asked: Asked, declared: designs.Panel, design: Design) -> FixedEffects:
    cluster = CLUSTER if CLUSTER in asked.rows else None
    try:
        return panel_fixed_effects(
            asked.rows,
            "value",
            (DOSE, *declared.by),
            UNIT,
            PERIOD,
            _effects(declared),
            cluster,
            level=design.level,
            weights=_weights(declared),
        )
    except EstimationRefusal as refusal:
        words = (str(refusal.reason).replace(f"'{DOSE}'", f"'{declared.treated}'"), refusal.alternative)
        raise EstimationRefusal(*words) from None


def _weights(declared: designs.Panel) -> str | None:
    return WEIGHT if declared.weights else None


def _alike(asked: Asked, declared: designs.Panel, design: Design, scale: float) -> tuple[OtherEstimate, ...]:
    """Return what every row counting alike would have given, where rows are weighted."""
    if not declared.weights:
        return ()
    try:
        found = _fitted(asked, declared.model_copy(update={"weights": None}), design)
    except EstimationRefusal:
        return ()
    return (OtherEstimate("every row alike, without weights", MEASURE, found.result, ALIKE, scale),)


def _reduced(asked: Asked, declared: designs.Panel, design: Design, found: FixedEffects) -> Inference | None:
    """Return the same coefficient with CR2, where the regression written out is not too large."""
    if found.entities + found.periods > MOST_DUMMIES:
        return None
    cluster = CLUSTER if CLUSTER in asked.rows else None
    names = (DOSE, *declared.by)
    try:
        other = panel_fixed_effects(
            asked.rows,
            "value",
            names,
            UNIT,
            PERIOD,
            _effects(declared),
            cluster,
            level=design.level,
            cluster_robust=cr2,
            weights=_weights(declared),
        )
    except EstimationRefusal:
        return None
    return other.result if other.result.se is not None else None


def _others(
    found: FixedEffects, reduced: Inference | None, declared: designs.Panel, scale: float
) -> tuple[OtherEstimate, ...]:
    beside = [] if reduced is None else [OtherEstimate("CR2 + Satterthwaite", MEASURE, reduced, CR2, scale)]
    own = [replace(one, measure=MEASURE, scale=scale) for one in found.others]
    further = [
        OtherEstimate(f"{name}, in the same regression", "coefficient", found.terms[name], "", scale)
        for name in declared.by
    ]
    return (*beside, *own, *further)


def _warnings(
    description: Estimate, found: FixedEffects, reduced: Inference | None, asked: Asked, *, alone: bool
) -> tuple[str, ...]:
    if alone:
        return (*description.warnings, CAUTION, ONE_TREATED)
    few = reduced is not None and reduced.df is not None and reduced.df < (found.clusters - 1) / 2
    kept = tuple(said for said in found.warnings if not (said == FEW_ENTITIES and reduced is not None))
    said = (
        (True, CAUTION),
        (few, FEW_DECIDE),
        (found.warnings != kept and not few, "There are few clusters: read the CR2 interval beside the headline."),
        (_staggered(asked), REVERSED),
    )
    return (*description.warnings, *(words for holds, words in said if holds), *kept)


def _staggered(asked: Asked) -> bool:
    """Whether what is tested is on or off, is never switched off again, and began at different times."""
    dose = asked.rows[DOSE].to_numpy(float)
    if not np.isin(dose, (0.0, 1.0)).all():
        return False
    rows = asked.rows.sort_values([UNIT, PERIOD])
    if (rows.groupby(UNIT)[DOSE].diff() < 0).any():
        return False
    began = rows[rows[DOSE] == 1].groupby(UNIT)[PERIOD].min()
    first = rows[PERIOD].min()
    return bool(began[began > first].nunique() > 1)
