"""One series before and after a change, perhaps beside a control series.

The headline is the change at once: of the rate, as a ratio, for counts; of the level otherwise. Where the protocol lets
the slope change too, what came of both stands period by period beside it.
"""

from dataclasses import dataclass, replace
from itertools import pairwise

import numpy as np
import pandas as pd

from pipelines.estimation.design import AFTER, COMPARISON, PERIOD, TREATMENT, WHEN, Design
from pipelines.estimation.designs import series_over_time
from pipelines.estimation.designs.describing import described_groups
from pipelines.estimation.headline import with_result
from pipelines.estimation.over_time.controlled import Controlled, controlled
from pipelines.estimation.over_time.interrupted import NO_COMPARISON, Effect, Interrupted, interrupted
from pipelines.estimation.over_time.segmented import Errors, Season, Segmented
from pipelines.estimation.over_time.series import FILL, Series, make_series
from pipelines.estimation.refusal import EstimationRefusal
from pipelines.estimation.result import Estimate, Inference, OtherEstimate
from pipelines.estimation.sample import Array, numbers
from pipelines.protocol import designs

TITLES = {TREATMENT: "After the change", COMPARISON: "Before the change"}
WHY = (
    "The course of the series before the change is carried on as if nothing had happened (segmented regression). The "
    "headline is {what}{control}; what that comes to period by period stands beside it. {errors}"
)
WHAT = {
    ("level change", False): "how far the level moved at once, at the change",
    ("level change", True): "by what factor the rate moved at once, at the change",
    ("slope change", False): "how much steeper the series runs from the change on, per period",
    ("slope change", True): "by what further factor the rate moves from the change on, per period",
}
ERRORS: dict[Errors, str] = {
    "averaged": (
        "Its interval allows for neighbouring periods being alike, and for not knowing how much (averaged over "
        "first-order autocorrelations)."
    ),
    "newey_west": "Its interval allows for neighbouring periods being alike (Newey-West).",
    "independent": "Its interval takes the periods for independent of each other, given the course.",
}
CONTROL = ", less what changed in the control series at the same time"
# A season needs a whole cycle, and twelve points, before the change.
FEWEST_WITH_SEASON = 12
EXPOSURE = "A `gaussian` family takes the values as they are, and the outcome has an `exposure`."


@dataclass(frozen=True)
class Asked:
    """The series, what it is held against, and the regression declared."""

    series: Series
    control: Series | None
    design: Segmented


def engine(frame: pd.DataFrame, design: Design) -> Estimate:
    """Change of a series at an interruption.

    Parameters, result and errors as for `pipelines.estimation.estimate`; a row of the frame is a period, those from the
    change on have 1 in AFTER. Sources: see `interrupted`, `controlled` and `placebo`.
    """
    asked = _asked(frame, design)
    found = interrupted(asked.series, asked.design)
    against = None if asked.control is None else controlled(asked.series, asked.control, asked.design)
    counts = asked.design.counts
    return replace(
        with_result(_described(asked, design), _result(against or found, asked.design)),
        engine=found.engine + (", less a control series" if against else ""),
        why=_why(asked),
        measure=against.measure if against else found.measure,
        unit="" if counts else design.unit,
        null=1.0 if counts else 0.0,
        estimand=against.estimand if against else found.estimand,
        residual_df=len(asked.series.outcome) - len(found.terms),
        warnings=_warnings(found, against),
        others=_others(found, against, asked),
        over_time=series_over_time.courses(asked.series, asked.control, asked.design, design.unit),
        doubts=series_over_time.checks(found, asked.series, asked.design, design.unit),
    )


def _asked(frame: pd.DataFrame, design: Design) -> Asked:
    declared = design.declared
    if not isinstance(declared, designs.InterruptedTimeSeries):
        raise ValueError("An interrupted time series is declared by its own model.")
    counts = declared.family != "gaussian"
    if not counts and frame["exposure"].notna().any():
        raise EstimationRefusal(EXPOSURE, "Choose `family: quasi_poisson`, or divide the counts beforehand.")
    arms = {arm: frame[frame["arm"] == arm] for arm in (TREATMENT, COMPARISON)}
    if arms[TREATMENT].empty:
        raise EstimationRefusal("The series has no rows.", "Deliver it, and map the code of its arm where it has one.")
    if declared.control and arms[COMPARISON].empty:
        raise EstimationRefusal("The control series has no rows.", "Deliver it, or declare `control: false`.")
    rows = arms[TREATMENT]
    return Asked(
        _series(rows),
        _series(arms[COMPARISON]) if declared.control else None,
        _segmented(declared, int((numbers(rows[AFTER]) == 0).sum()), design),
    )


def _segmented(declared: designs.InterruptedTimeSeries, before: int, design: Design) -> Segmented:
    """Return the regression as declared; by default counts take their family's errors, values averaged ones."""
    lags = declared.lags
    counts = declared.family != "gaussian" and declared.errors is None
    independent = lags == 0 or (lags is None and counts)
    errors: Errors = "independent" if independent else "averaged" if lags is None else "newey_west"
    kind: designs.InterruptedTimeSeries = declared
    season = None
    if kind.season != "none":
        season = Season(kind.season_length, "indicators" if kind.season == "periods" else "harmonics", kind.harmonics)
    needed = design.floor_periods
    return Segmented(
        before,
        slope_change=kind.change != "level",
        trend=kind.trend,
        level_change=kind.change != "slope",
        season=season,
        family=kind.family,
        errors=errors,
        lags=lags,
        minimum_before=needed if season is None else max(needed, FEWEST_WITH_SEASON, season.period),
        level=design.level,
    )


def _series(rows: pd.DataFrame) -> Series:
    """Return a series in order of time, named as readers name its periods; refuse gaps in their words."""
    ordered = rows.assign(**{PERIOD: numbers(rows[PERIOD])}).sort_values(PERIOD, kind="stable")
    period = ordered[PERIOD].to_numpy(float)
    words = tuple(map(str, ordered[WHEN])) if WHEN in ordered else tuple(f"{one:g}" for one in period)
    if np.isnan(period).any():
        raise EstimationRefusal("A period of the series has no number and no date.", "Give every row its period.")
    for (early, late), (one, other) in zip(pairwise(period), pairwise(words), strict=True):
        if late == early:
            raise EstimationRefusal(f"The series has two rows for {other}.", "Add them up, or keep one.")
        if late != early + 1:
            raise EstimationRefusal(f"The series has a gap: {other} does not follow {one}.", FILL)
    exposure = numbers(ordered["exposure"]) if "exposure" in ordered else np.array([np.nan])
    known: Array | None = None if np.isnan(exposure).all() else exposure
    return replace(make_series(_shifted(period), numbers(ordered["value"]), known, "number"), when=words)


def _shifted(period: Array) -> Array:
    """Return periods that count from 1: where a value is missing, that is the position that a refusal names."""
    return period - period[0] + 1


def _described(asked: Asked, design: Design) -> Estimate:
    outcome, before = asked.series.outcome, asked.design.before
    arms = {TREATMENT: outcome[before:], COMPARISON: outcome[:before]}
    found = described_groups(arms, {TREATMENT: 0, COMPARISON: 0}, design)
    return replace(found, arm_titles=TITLES)


def _result(found: Interrupted | Controlled, design: Segmented) -> Inference:
    change = found.level_change if design.level_change else found.slope_change
    if change is None:
        raise ValueError("Nothing is declared to change.")
    return change


def _why(asked: Asked) -> str:
    what = WHAT[asked.design.leading, asked.design.counts]
    return WHY.format(what=what, control=CONTROL if asked.control else "", errors=ERRORS[asked.design.errors])


def _warnings(found: Interrupted, against: Controlled | None) -> tuple[str, ...]:
    own = found.warnings if against is None else tuple(said for said in found.warnings if said != NO_COMPARISON)
    return tuple(dict.fromkeys((*own, *(against.warnings if against else ()))))


def _others(found: Interrupted, against: Controlled | None, asked: Asked) -> tuple[OtherEstimate, ...]:
    """Return the other changes, the effects at and up to the last period, and the change by other engines."""
    design = asked.design
    others = []
    slope = (against or found).slope_change
    if design.level_change and slope is not None:
        measure = "ratio of rate ratios per period" if against and design.counts else f"{found.measure} per period"
        others.append(OtherEstimate("change of slope", measure, slope, "Per period, from the change on."))
    if against is not None:
        name = "the series without its control"
        others.append(OtherEstimate(name, found.measure, _result(found, design), "Its own change."))
        others.append(
            OtherEstimate("the control series", found.measure, _result(against.control, design), "Its change.")
        )
        if asked.control is not None and design.errors == "averaged":
            newey = replace(design, errors="newey_west")
            result = _result(controlled(asked.series, asked.control, newey), newey)
            note = "The same change, with Newey-West's standard error, which is too small in a short series."
            others.append(OtherEstimate("less a control series, Newey-West", against.measure, result, note))
        return tuple(others)
    last, mean = (_size(one, design) for one in (found.at_horizon, found.up_to_horizon))
    others.append(OtherEstimate("at the last period", found.measure, last, "Against the course before."))
    others.append(OtherEstimate("on average over all periods after", found.measure, mean, "Against the course before."))
    return (*others, *found.others)


def _size(found: Effect, design: Segmented) -> Inference:
    return found.ratio if design.counts and found.ratio is not None else found.absolute
