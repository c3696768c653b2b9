"""The change of one group against the change of the other, between two points in time.

Either people have a baseline beside their outcome, or units were assessed in several periods; earlier periods then show
whether the groups moved alike before.
"""

from dataclasses import dataclass, replace

import numpy as np
import pandas as pd

from pipelines.estimation.advisor import Floors
from pipelines.estimation.cluster_difference import cluster_difference
from pipelines.estimation.covariates import encode
from pipelines.estimation.design import BASELINE, CLUSTER, COMPARISON, TREATMENT, UNIT, Design
from pipelines.estimation.designs import clusters, levels_over_time, other_people
from pipelines.estimation.designs.bias_reduced import CR2, cr2
from pipelines.estimation.designs.describing import described_groups, resting_on, too_few
from pipelines.estimation.designs.units import Units, units_over_time
from pipelines.estimation.headline import described_only, with_result
from pipelines.estimation.over_time.group_time import Staggered
from pipelines.estimation.over_time.panel import NEVER, Panel, make_panel
from pipelines.estimation.over_time.placebo import placebo_units
from pipelines.estimation.over_time.pre_trends import ONE_BEFORE, PreTrends, pre_trends
from pipelines.estimation.over_time.two_periods import (
    Adjustment,
    Changes,
    DifferenceInDifferences,
    changes_of,
    two_periods,
)
from pipelines.estimation.refusal import EstimationRefusal
from pipelines.estimation.result import Estimate, Inference, OtherEstimate, OverTime, Reading
from pipelines.estimation.sample import Array, check_zero_one, draw, numbers, treated_rows
from pipelines.protocol import designs

MEASURE = "difference in differences"
PARALLEL = (
    "Chance did not decide who was in which group. The estimate is an effect only if, without what is tested, both "
    "groups would have changed alike."
)
WHY = (
    "Each person's (or other unit's) change is compared between the groups, which takes off whatever differed between "
    "them all along. {}"
)
HOW = {
    "welch": "A t interval that lets the changes differ in spread (Welch-Satterthwaite).",
    "covariates": "The change is adjusted for what was known beforehand, by least squares (HC2 standard error).",
    "doubly_robust": "The change is adjusted for what was known beforehand, doubly robust (Sant'Anna & Zhao 2020).",
    "clusters": "People in one area or office share what happens there, which the standard error allows for. ",
}
BEFORE, AFTER = 0, 1
PLACEBOS = 999
"""Other units taken for the treated ones, where trying all would be too many."""


@dataclass(frozen=True)
class Asked:
    """Units seen over time, the two periods compared, and what readers call periods."""

    panel: Panel
    before: int
    after: int
    units: Units | None
    missing: dict[str, int]
    warnings: tuple[str, ...]


def engine(frame: pd.DataFrame, design: Design) -> Estimate:
    """Difference-in-differences between two points in time.

    Parameters, result and errors as for `pipelines.estimation.estimate`. Sources: see `two_periods`, `pre_trends` and
    `cluster_difference`.
    """
    if isinstance(design.declared, designs.DifferenceInDifferences) and not design.declared.same_people:
        return _of_other_people(frame, design)
    asked = _over_periods(frame, design) if UNIT in frame else _with_baseline(frame, design)
    changes = changes_of(asked.panel, (asked.before,), (asked.after,))
    description = _described(changes, asked, design)
    reason = too_few(description.n, design)
    if reason:
        return described_only(description, reason)
    plain = _compared(replace(asked.panel, covariates=None), asked, design)
    adjusted = _adjusted(asked, design)
    leads, other = (adjusted, plain) if adjusted and _by(design) else (plain, adjusted)
    beside = (_other(other, adjusted=other is adjusted, description=description),) if other else ()
    led = _led(description, leads, changes, design)
    if led.description_only:
        return led
    return replace(_with_before(led, asked, leads, design), others=(*beside, *led.others))


def _of_other_people(frame: pd.DataFrame, design: Design) -> Estimate:
    """Compare averages where other people were measured before and after."""
    if UNIT not in frame:
        raise EstimationRefusal(
            "Where other people were measured each time, nobody has a baseline.",
            "Deliver the assessments, a row a person with the period, and declare `noun: assessments`.",
        )
    treated_rows(frame, ("value",))
    units = units_over_time(frame)
    periods = _between(sorted(set(_seen(units, ~np.isnan(units.value)))), design)
    found = other_people.compare(units, periods, _method(design), design, leads_adjusted=bool(_by(design)))
    return found if found.description_only else replace(found, warnings=(*found.warnings, PARALLEL))


def _by(design: Design) -> tuple[str, ...]:
    return design.declared.by if isinstance(design.declared, designs.DifferenceInDifferences) else ()


def _method(design: Design) -> Adjustment:
    declared = design.declared
    robust = isinstance(declared, designs.DifferenceInDifferences) and declared.method == "doubly_robust"
    return "doubly_robust" if robust else "regression_on_change"


def _with_baseline(frame: pd.DataFrame, design: Design) -> Asked:
    """Return people with their baseline as period 0 and their outcome as period 1."""
    sample = draw(frame, ("value", BASELINE))
    value, baseline = sample.columns["value"], sample.columns[BASELINE]
    if design.outcome_type == "binary":
        check_zero_one(baseline, "baseline")
    encoded = encode(sample.rows, design.covariates)
    cluster = _clusters(sample.rows)
    n, both = len(value), np.tile(np.arange(2), (len(value), 1)).T.ravel()
    # The order of rows must not matter to the last bit.
    order = np.lexsort(
        (*encoded.columns.T, baseline, value, sample.treated, *([cluster] if cluster is not None else []))
    )
    unit = np.empty(n, dtype=int)
    unit[order] = np.arange(n)
    panel = make_panel(
        np.tile(unit, 2),
        both,
        np.tile(np.where(sample.treated, float(AFTER), NEVER), 2),
        np.concatenate([baseline, value]),
        np.tile(encoded.columns, (2, 1)) if encoded.columns.shape[1] else None,
        None if cluster is None else np.tile(cluster, 2),
    )
    return Asked(panel, BEFORE, AFTER, None, sample.missing, encoded.warnings)


def _over_periods(frame: pd.DataFrame, design: Design) -> Asked:
    """Return units in the periods of their assessments, treated from the one after the baseline on."""
    treated_rows(frame, ("value",))
    units = units_over_time(frame)
    rows, known = units.rows, ~np.isnan(units.value)
    treated = np.asarray(rows["arm"] == TREATMENT)
    periods = sorted({int(period) for period in units.words} & set(_seen(units, known)))
    before, after = _between(periods, design)
    encoded = units.covariates(design.covariates)
    first = min(period for period in periods if period > before)
    panel = make_panel(
        rows[UNIT],
        _periods(units),
        np.where(treated, float(first), NEVER),
        units.value,
        encoded.columns if encoded.columns.shape[1] else None,
        units.clusters(),
    )
    return Asked(panel, before, after, units, _missing(rows, units, (before, after)), encoded.warnings)


def _clusters(rows: pd.DataFrame) -> np.ndarray | None:
    if CLUSTER not in rows:
        return None
    return clusters.codes(rows, CLUSTER, clusters.UNKNOWN_CLUSTER, clusters.GIVE_CLUSTER)


def _periods(units: Units) -> np.ndarray:
    from pipelines.estimation.design import PERIOD

    return numbers(units.rows[PERIOD]).astype(np.int64)


def _seen(units: Units, known: np.ndarray) -> list[int]:
    return [int(period) for period in np.unique(_periods(units)[known])]


def _between(periods: list[int], design: Design) -> tuple[int, int]:
    """Return the periods compared: those declared, else the last and the one before it."""
    after = periods[-1] if design.at is None else design.at
    earlier = [period for period in periods if period < after]
    if not earlier:
        raise EstimationRefusal(
            "There is no period before the one in which the outcome counts.", "Deliver a baseline, or compare groups."
        )
    before = earlier[-1] if design.baseline_at is None else design.baseline_at
    for name, period in (("at", after), ("baseline_at", before)):
        if period not in periods:
            raise EstimationRefusal(
                f"Nobody was assessed in the period that `{name}` names.", "Name one in which people were assessed."
            )
    if before >= after:
        raise EstimationRefusal("The baseline lies after the period compared with it.", "Correct `baseline_at`.")
    return int(before), int(after)


def _missing(rows: pd.DataFrame, units: Units, compared: tuple[int, int]) -> dict[str, int]:
    """Return the units not seen in both periods, by arm."""
    inside = np.isin(_periods(units), compared) & ~np.isnan(units.value)
    times = pd.Series(inside).groupby(rows[UNIT].to_numpy()).sum()
    arm = rows.drop_duplicates(UNIT).set_index(UNIT)["arm"]
    short = arm[times[times < len(compared)].index]
    return {name: int((short == name).sum()) for name in (TREATMENT, COMPARISON)}


def _described(changes: Changes, asked: Asked, design: Design) -> Estimate:
    arms = {TREATMENT: changes.treated, COMPARISON: ~changes.treated}
    found = described_groups({arm: changes.after[inside] for arm, inside in arms.items()}, asked.missing, design)
    made_of = {
        arm: (changes.after[inside], changes.before[inside], (changes.after - changes.before)[inside])
        for arm, inside in arms.items()
    }
    warnings = (*found.warnings, PARALLEL, *asked.warnings)
    return replace(resting_on(found, made_of), measure=MEASURE, warnings=warnings)


def _compared(panel: Panel, asked: Asked, design: Design) -> DifferenceInDifferences:
    return two_periods(panel, (asked.before,), (asked.after,), _method(design), design.level, cr2)


def _adjusted(asked: Asked, design: Design) -> DifferenceInDifferences | None:
    """Return the adjusted answer; where covariates cannot be used, that is refused only if it should lead."""
    if asked.panel.covariates is None:
        return None
    try:
        return _compared(asked.panel, asked, design)
    except EstimationRefusal:
        if _by(design):
            raise
        return None


def _other(found: DifferenceInDifferences, *, adjusted: bool, description: Estimate) -> OtherEstimate:
    name = "adjusted" if adjusted else "unadjusted"
    return OtherEstimate(
        name, MEASURE, found.result, f"{found.engine[:1].upper()}{found.engine[1:]}.", description.scale
    )


def _led(description: Estimate, found: DifferenceInDifferences, changes: Changes, design: Design) -> Estimate:
    """Put an answer first, with what clusters allow."""
    covariates = changes.columns is not None and bool(_by(design))
    robust = covariates and _method(design) == "doubly_robust"
    how = HOW["doubly_robust"] if robust else HOW["covariates"] if covariates else HOW["welch"]
    k = changes.columns.shape[1] if covariates and changes.columns is not None else 0
    led = replace(
        with_result(description, found.result),
        engine=found.engine,
        why=WHY.format(how),
        estimand=found.estimand,
        residual_df=sum(found.n.values()) - 2 - k,
        warnings=tuple(dict.fromkeys((*description.warnings, *found.warnings))),
    )
    if changes.cluster is None:
        return led if led.se is not None else _by_placebo(led, changes, design)
    return _with_clusters(led, changes, changes.columns if covariates else None, design, robust=robust)


def _by_placebo(led: Estimate, changes: Changes, design: Design) -> Estimate:
    """Put beside an estimate without an interval what comes about when other units are taken for the treated ones."""
    when = np.where(changes.treated, float(AFTER), NEVER)
    outcome = np.column_stack([changes.before, changes.after])
    panel = Panel(outcome, np.array([BEFORE, AFTER]), when, None, None, complete=True)
    try:
        dealt = placebo_units(panel, Staggered(level=design.level), PLACEBOS, design.seed)
    except EstimationRefusal:
        return replace(led, why=WHY.format("").strip())
    result = Inference(dealt.value, p=dealt.p)
    beside = OtherEstimate("placebo units", MEASURE, result, "Other units taken for those with it.", led.scale)
    return replace(led, why=WHY.format("").strip(), others=(*led.others, beside))


def _with_clusters(led: Estimate, changes: Changes, columns: Array | None, design: Design, *, robust: bool) -> Estimate:
    """Put the engine first that the advisor chose for so many clusters, the others beside it."""
    found = cluster_difference(
        changes.after - changes.before,
        changes.treated,
        np.asarray(changes.cluster),
        columns,
        level=design.level,
        randomised=False,
        draws=design.draws,
        seed=design.seed,
        floors=Floors(design.floor_per_arm, 0, design.floor_clusters),
    )
    advised = replace(led, advice=clusters.told(found.advice))
    result = found.answers.get(found.leads)
    if result is None:
        return described_only(with_result(advised, Inference(None)), found.advice.why)
    others = tuple(
        OtherEstimate(
            name, MEASURE, one, CR2 if name.startswith("CR2") else clusters.CR1S if name == "CR1S" else "", led.scale
        )
        for name, one in found.answers.items()
        if one is not None and (robust or name != found.leads)
    )
    if robust:
        return replace(advised, others=others)
    why = f"{WHY.format(HOW['clusters'])}{found.advice.why}"
    return replace(with_result(advised, result), engine=f"{MEASURE}, {found.leads}", why=why, others=others)


def _with_before(led: Estimate, asked: Asked, found: DifferenceInDifferences, design: Design) -> Estimate:
    """Put averages period by period beside an estimate, and how the groups moved before."""
    words = {asked.before: "before", asked.after: "after"} if asked.units is None else asked.units.words
    shown = levels_over_time.levels(asked.panel, words, asked.before, design)
    earlier = _earlier(asked, led.value, design)
    if earlier is None:
        alone = Reading(key="pre_trends", title="Before the baseline", measure="", sentence=ONE_BEFORE)
        return replace(led, over_time=shown, doubts=(alone,))
    return replace(led, over_time=(*_placebo(earlier, asked, design), *shown), doubts=(_judged(earlier, design),))


def _earlier(asked: Asked, effect: float | None, design: Design) -> PreTrends | None:
    periods = [int(period) for period in asked.panel.periods if period <= asked.before]
    if len(periods) < 2:
        return None
    plain = replace(asked.panel, covariates=None) if not _by(design) else asked.panel
    adjustment = _method(design) if plain.covariates is not None else None
    first = int(min(period for period in asked.panel.periods if period > asked.before))
    try:
        return pre_trends(plain, first, first, effect, adjustment, design.level, cr2)
    except EstimationRefusal:
        return None


def _figures(design: Design) -> dict[str, str | float]:
    """Return measure, unit and scale of a difference in the outcome."""
    if design.outcome_type == "binary":
        return {"measure": "risk difference", "unit": "percentage points", "scale": 100.0}
    return {"measure": MEASURE, "unit": design.unit, "scale": 1.0}


def _placebo(found: PreTrends, asked: Asked, design: Design) -> tuple[OverTime, ...]:
    """Return the differences in changes between periods before the baseline, where nothing can have worked."""
    word = asked.units.word if asked.units else str
    about = _figures(design)
    readings = tuple(
        Reading(
            key=f"placebo/{one.after}",
            title=f"From {word(one.before)} to {word(one.after)}",
            measure=str(about["measure"]),
            value=one.result.value,
            se=one.result.se,
            lower=one.result.lower,
            upper=one.result.upper,
            df=one.result.df,
            p=one.result.p,
            unit=str(about["unit"]),
            scale=float(about["scale"]),
            n=_fewest(asked, one.before, one.after),
        )
        for one in found.differences
    )
    return (
        OverTime(
            title="Did the groups move alike before? Differences in changes before the baseline",
            axis="periods up to the baseline",
            readings=readings,
            positions=tuple(float(one.after - asked.before) for one in found.differences),
            sentence=found.sentence,
        ),
    )


def _fewest(asked: Asked, before: int, after: int) -> int:
    """Return the units of the smaller group seen in both periods."""
    changes = changes_of(asked.panel, (before,), (after,), treated_by=int(max(asked.panel.periods)))
    return int(min(changes.treated.sum(), (~changes.treated).sum()))


def _judged(found: PreTrends, design: Design) -> Reading:
    about = _figures(design)
    return Reading(
        key="pre_trends",
        title="Largest difference in changes before the baseline",
        measure=str(about["measure"]),
        value=found.largest,
        p=found.joint_p,
        unit=str(about["unit"]),
        scale=float(about["scale"]),
        sentence=found.sentence,
    )
