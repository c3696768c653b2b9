"""The change of one group against that of the other where different people were measured before and after.

The four averages (each group, before and after) are compared; nobody's own change is known. Which periods are compared
is decided as for people seen twice, in difference_in_differences.
"""

from dataclasses import dataclass, replace
from itertools import pairwise

import numpy as np
import pandas as pd

from pipelines.estimation.design import COMPARISON, PERIOD, TREATMENT, UNIT, Design
from pipelines.estimation.designs import levels_over_time
from pipelines.estimation.designs.bias_reduced import cr2
from pipelines.estimation.designs.describing import described_groups, resting_on, too_few
from pipelines.estimation.designs.units import Units
from pipelines.estimation.headline import described_only, with_result
from pipelines.estimation.over_time.panel import NEVER, make_panel
from pipelines.estimation.over_time.repeated_sections import repeated_sections
from pipelines.estimation.over_time.two_periods import Adjustment, DifferenceInDifferences
from pipelines.estimation.refusal import EstimationRefusal
from pipelines.estimation.result import Estimate, Inference, OtherEstimate, OverTime, Reading
from pipelines.estimation.sample import Array, numbers

MEASURE = "difference in differences"
WHY = (
    "Different people were measured before and after, so averages are compared: how far the treatment group's average "
    "moved, less how far the comparison group's did. {}"
)
PLAIN = "The four averages may differ in spread (HC2 standard error, Bell and McCaffrey's degrees of freedom)."
ADJUSTED = "They are adjusted for what is known of people, by least squares (HC2 standard error)."
ROBUST = "They are adjusted for what is known of people, doubly robust (Sant'Anna & Zhao 2020)."
CLUSTERED = "People in one area or office share what happens there, which the standard error allows for (CR2)."
ESTIMAND = (
    "How far the average of the treatment group moved because of what is tested, if without it both groups' averages "
    "would have moved alike{}, and each group was made up of the same kind of people both times."
)
GIVEN = " among people with the same covariates"
TWICE = "Some people were assessed in more than one period, though `same_people` says that other people were each time."
TWICE_INSTEAD = "Delete `same_people: false`, or give every person one row."


@dataclass(frozen=True)
class Sections:
    """People seen once each, the two periods compared, and how."""

    units: Units
    treated: Array
    period: Array
    columns: Array | None
    before: int
    after: int
    method: Adjustment
    level: float

    def rows(self, before: int, after: int) -> np.ndarray:
        """Rows of people with a known outcome who were seen in one of two periods."""
        return np.isin(self.period, (before, after)) & ~np.isnan(self.units.value)

    def compared(self, before: int, after: int, *, adjusted: bool) -> DifferenceInDifferences:
        """Compare two periods."""
        inside, cluster = self.rows(before, after), self.units.clusters()
        return repeated_sections(
            self.units.value[inside],
            self.treated[inside],
            self.period[inside] == after,
            self.columns[inside] if adjusted and self.columns is not None else None,
            None if cluster is None else cluster[inside],
            self.method,
            self.level,
            cr2,
        )

    def cell(self, *, treated: bool, period: int) -> Array:
        """Outcomes of a group in a period."""
        return np.asarray(self.units.value[self.rows(period, period) & (self.treated == treated)])


def compare(
    units: Units, periods: tuple[int, int], method: Adjustment, design: Design, *, leads_adjusted: bool
) -> Estimate:
    """Difference-in-differences of people who were each seen once.

    Parameters
    ----------
    units : Units
        A row for each person, with `arm`.
    periods : tuple of int
        Before and after.
    method : {'regression_on_change', 'doubly_robust'}
        How covariates are used.
    design : Design
        The question.
    leads_adjusted : bool
        Whether the adjusted estimate is the headline.

    Returns
    -------
    Estimate
        Groups are described by their people after; what a figure rests on is the fewest of both times.

    Raises
    ------
    EstimationRefusal
        If people were seen more than once, one of the four groups is empty, or covariates cannot be used.

    References
    ----------
    See `repeated_sections`.
    """
    known = units.rows[~np.isnan(units.value)]
    if known[UNIT].duplicated().any():
        raise EstimationRefusal(TWICE, TWICE_INSTEAD)
    encoded = units.covariates(design.covariates)
    columns = encoded.columns if encoded.columns.shape[1] else None
    treated = np.asarray(units.rows["arm"] == TREATMENT, dtype=float)
    asked = Sections(units, treated, numbers(units.rows[PERIOD]), columns, *periods, method, design.level)
    description = _described(asked, design)
    fewest = {
        arm: min(len(asked.cell(treated=arm == TREATMENT, period=when)) for when in periods)
        for arm in (TREATMENT, COMPARISON)
    }
    reason = too_few(fewest, design)
    if reason:
        return described_only(description, reason)
    plain = asked.compared(*periods, adjusted=False)
    adjusted = asked.compared(*periods, adjusted=True) if columns is not None else None
    leads, other = (adjusted, plain) if adjusted and leads_adjusted else (plain, adjusted)
    return replace(
        with_result(description, leads.result),
        engine=leads.engine,
        why=WHY.format(_how(asked, adjusted=leads is adjusted)),
        measure=MEASURE,
        estimand=ESTIMAND.format(GIVEN if leads is adjusted else ""),
        residual_df=int(asked.rows(*periods).sum()) - 4 - (columns.shape[1] if columns is not None else 0),
        others=(_other(other, adjusted=other is adjusted, scale=description.scale),) if other else (),
        over_time=(*_placebo(asked, description), *_levels(asked, design)),
        warnings=tuple(dict.fromkeys((*description.warnings, *encoded.warnings, *leads.warnings))),
    )


def _described(asked: Sections, design: Design) -> Estimate:
    arms = {TREATMENT: True, COMPARISON: False}
    after = {arm: asked.cell(treated=inside, period=asked.after) for arm, inside in arms.items()}
    both = {arm: (after[arm], asked.cell(treated=inside, period=asked.before)) for arm, inside in arms.items()}
    unknown = np.isnan(asked.units.value)
    missing = {arm: int((unknown & (asked.treated == inside)).sum()) for arm, inside in arms.items()}
    return resting_on(described_groups(after, missing, design), both)


def _how(asked: Sections, *, adjusted: bool) -> str:
    spread = (ROBUST if asked.method == "doubly_robust" else ADJUSTED) if adjusted else PLAIN
    if asked.units.clusters() is None:
        return spread
    return f"{spread.split(' (')[0]}. {CLUSTERED}" if adjusted else CLUSTERED


def _other(found: DifferenceInDifferences, *, adjusted: bool, scale: float) -> OtherEstimate:
    name = "adjusted" if adjusted else "unadjusted"
    return OtherEstimate(name, MEASURE, found.result, f"{found.engine[:1].upper()}{found.engine[1:]}.", scale)


def _placebo(asked: Sections, description: Estimate) -> tuple[OverTime, ...]:
    """Return the same comparison between neighbouring periods before, where nothing can have worked."""
    periods = sorted({int(period) for period in asked.period if period <= asked.before})
    readings, positions = [], []
    for early, late in pairwise(periods):
        try:
            found = asked.compared(early, late, adjusted=False).result
        except EstimationRefusal:
            continue
        readings.append(_reading(asked, early, late, found, description))
        positions.append(float(late - asked.before))
    title = "Did the groups move alike before? Differences in changes before the baseline"
    axis = "periods up to the baseline"
    found_any = OverTime(
        title=title, axis=axis, readings=tuple(readings), positions=tuple(positions), sentence="", null=0.0
    )
    return (found_any,) if readings else ()


def _reading(asked: Sections, early: int, late: int, found: Inference, description: Estimate) -> Reading:
    cells = [asked.cell(treated=inside, period=when) for inside in (True, False) for when in (early, late)]
    return Reading(
        key=f"placebo/{late}",
        title=f"From {asked.units.word(early)} to {asked.units.word(late)}",
        measure=MEASURE if description.scale == 1 else "risk difference",
        value=found.value,
        se=found.se,
        lower=found.lower,
        upper=found.upper,
        df=found.df,
        p=found.p,
        unit=description.unit,
        scale=description.scale,
        n=min(map(len, cells)),
    )


def _levels(asked: Sections, design: Design) -> tuple[OverTime, ...]:
    rows: pd.DataFrame = asked.units.rows
    cohort = np.where(asked.treated == 1, float(asked.after), NEVER)
    panel = make_panel(rows[UNIT], asked.period.astype(np.int64), cohort, asked.units.value)
    return levels_over_time.levels(panel, asked.units.words, asked.before, design)
