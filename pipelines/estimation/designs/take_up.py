"""Beside an estimate: who took up what they were offered, what it did for them, and how the outcome goes with the dose.

The effect of the offer leads always. Effects on those who took it up need chance to have made the offer; the dose is
described wherever it was measured, with its warning.
"""

from collections.abc import Iterator
from dataclasses import replace
from math import isfinite

import numpy as np
import pandas as pd

from pipelines.estimation.adjusted import independent_columns
from pipelines.estimation.covariates import encode
from pipelines.estimation.design import BLOCK, BY_CHANCE, CLUSTER, DOSE, TAKE_UP, TREATMENT, Design
from pipelines.estimation.designs.inferred import reading_of
from pipelines.estimation.proportions import wilson
from pipelines.estimation.refusal import EstimationRefusal
from pipelines.estimation.result import Estimate, Reading
from pipelines.estimation.sample import Array, numbers
from pipelines.estimation.take_up.compliance import WEAK, WEAK_BELOW, ComplierEffect, complier_effect
from pipelines.estimation.take_up.dose import CHOSEN, DoseEffect, DoseResponse, Form, dose_by_assignment, dose_response

FORMS: tuple[Form, ...] = ("spline", "linear")
BENT = "The outcome does not go with the dose in a straight line: the figure per unit is an average over all doses."
STRAIGHT = "Nothing speaks against a straight line, which is no proof that the outcome goes with the dose in one."
NOT_FOR = (
    *("panel", "interrupted_time_series", "staggered", "difference_in_differences", "before_after"),
    "instrumental",
)
"""Designs over time, whose outcome is a change that a dose within one group does not explain in this way."""
STRONG = (
    "The offer moved take-up enough (first-stage F of 10 or more) for the usual interval of the effect on those who "
    "took it up."
)
OFFER_LEADS = (
    "This takes for granted that the offer changes the outcome only through take-up, which cannot be tested. The "
    "effect of the offer itself rests on chance alone and leads."
)


def beside(estimate: Estimate, frame: pd.DataFrame, design: Design) -> Estimate:
    """Return an estimate with take-up and doses beside it, where they were measured.

    Parameters
    ----------
    estimate : Estimate
        The offer's effect.
    frame : pandas.DataFrame
        With TAKE_UP for the effect on those who took it up, and a column that begins with DOSE for each dose.
    design : Design
        Take-up is told of designs in which chance decided, and of outcomes with a value.

    Returns
    -------
    Estimate
        With `take_up` and `doses`; unchanged where nothing was measured.

    References
    ----------
    See `compliance` and `dose`.
    """
    if "value" not in frame or frame["value"].isna().all() or design.outcome_type == "time_to_event":
        return estimate
    found = estimate
    if TAKE_UP in frame and design.kind in BY_CHANCE:
        found = replace(found, take_up=_take_up(estimate, frame, design))
    if design.kind in NOT_FOR:
        return found
    return replace(found, doses=tuple(one for name in _doses(frame) for one in _dose(name, frame, design)))


def _doses(frame: pd.DataFrame) -> list[str]:
    return [str(name) for name in frame.columns if str(name) == DOSE or str(name).startswith(f"{DOSE} ")]


def _figures(design: Design) -> dict[str, str | float]:
    if design.outcome_type == "binary":
        return {"measure": "risk difference", "unit": "percentage points", "scale": 100.0}
    return {"measure": "difference in means", "unit": design.unit, "scale": 1.0}


def _take_up(estimate: Estimate, frame: pd.DataFrame, design: Design) -> tuple[Reading, ...]:
    rows = frame[frame["value"].notna() & frame[TAKE_UP].notna()]
    offered, took = np.asarray(rows["arm"] == TREATMENT, dtype=float), numbers(rows[TAKE_UP])
    few = _fewest(rows, took, design)
    shares = tuple(_shares(offered, took, few, design.level))
    try:
        found = complier_effect(
            offered, took, numbers(rows["value"]), _columns(rows, estimate, design), _cluster(rows), design.level
        )
    except EstimationRefusal as refusal:
        return (*shares, Reading(key="cace", title="Effect on those who took it up", measure="", sentence=str(refusal)))
    return (*shares, *_effects(found, few, design))


def _fewest(rows: pd.DataFrame, took: Array, design: Design) -> int:
    """Return the fewest people that the figures together would tell of: by arm, take-up and a yes-or-no outcome.

    Cells without anybody do not count: that nobody took it up without the offer says nothing of one person.
    """
    parts = [rows["arm"].to_numpy(), took]
    parts += [rows["value"].to_numpy()] if design.outcome_type == "binary" else []
    return int(pd.DataFrame(parts).T.value_counts().min())


def _shares(offered: Array, took: Array, few: int, level: float) -> Iterator[Reading]:
    for key, group, arm in (("treatment", "with the offer", 1.0), ("comparison", "without the offer", 0.0)):
        inside = took[offered == arm]
        if not len(inside):
            continue
        lower, upper = wilson(int(inside.sum()), len(inside), level)
        share = float(inside.mean())
        yield Reading(
            key=f"share/{key}",
            title=f"Took it up, {group}",
            measure="share",
            value=share,
            lower=lower,
            upper=upper,
            scale=100.0,
            n=few,
            sentence=f"Of every 100 people {group}, {100 * share:.1f} took it up.",
        )


def _columns(rows: pd.DataFrame, estimate: Estimate, design: Design) -> Array | None:
    """Return indicators of blocks, and covariates where the headline is adjusted, as far as they can be told apart."""
    blocks = (BLOCK,) if BLOCK in rows and rows[BLOCK].nunique(dropna=False) > 1 else ()
    names = (*blocks, *(design.covariates if design.adjusted else ()))
    if not names:
        return None
    kept = rows.assign(**{BLOCK: rows[BLOCK].astype(str)}) if blocks else rows
    columns = encode(kept, tuple(dict.fromkeys(names))).columns
    independent = independent_columns(columns, np.asarray(rows["arm"] == TREATMENT))
    return columns[:, independent] if independent else None


def _cluster(rows: pd.DataFrame) -> np.ndarray | None:
    return rows[CLUSTER].astype(str).to_numpy() if CLUSTER in rows and rows[CLUSTER].notna().all() else None


def _effects(found: ComplierEffect, few: int, design: Design) -> Iterator[Reading]:
    about = _figures(design)
    weak = found.first_stage_f < WEAK_BELOW
    yield reading_of("compliance", "More took it up because of the offer", found.compliance, few, _SHARES)
    yield Reading(
        key="first_stage",
        title="Strength of the offer as an instrument",
        measure="first-stage F",
        value=found.first_stage_f if isfinite(found.first_stage_f) else None,
        n=few,
        sentence=WEAK if weak else STRONG,
    )
    said = f"{found.estimand} {OFFER_LEADS}"
    yield replace(
        reading_of("cace", "Effect on those who took it up because it was offered", found.result, few, about),
        sentence=said,
    )
    shape = found.anderson_rubin
    bounded = shape.shape == "interval"
    yield Reading(
        key="anderson_rubin",
        title="Anderson-Rubin set of that effect",
        measure=str(about["measure"]),
        value=found.result.value if bounded else None,
        lower=shape.lower if bounded else None,
        upper=shape.upper if bounded else None,
        p=shape.p,
        unit=str(about["unit"]),
        scale=float(about["scale"]),
        n=few,
        sentence=shape.sentence,
    )


_SHARES: dict[str, str | float] = {"measure": "risk difference", "unit": "percentage points", "scale": 100.0}


def _dose(name: str, frame: pd.DataFrame, design: Design) -> tuple[Reading, ...]:
    title = name.removeprefix(DOSE).strip() or "dose"
    everybody = frame["arm"].isna().all()
    inside = frame if everybody else frame[frame["arm"] == TREATMENT]
    found = _response(numbers(inside[name]), numbers(inside["value"]), design)
    if found is None:
        return ()
    own = tuple(_curve(title, found, _few_doses(inside, name, design), design))
    return own if design.kind not in BY_CHANCE else (*own, *_by_offer(title, name, frame, design))


def _response(dose: Array, outcome: Array, design: Design) -> DoseResponse | None:
    """Return a straight line, held against a curve where the doses allow one."""
    for form in FORMS:
        try:
            return dose_response(dose, outcome, form, level=design.level)
        except EstimationRefusal:
            continue
    return None


def _few_doses(rows: pd.DataFrame, name: str, design: Design) -> int:
    """Return the fewest people with another dose, or another outcome, than the commonest."""
    known = rows[rows[name].notna() & rows["value"].notna()]
    return int(min(len(known) - known[column].value_counts().max() for column in (name, "value")))


def _curve(title: str, found: DoseResponse, few: int, design: Design) -> Iterator[Reading]:
    about = _figures(design)
    per = replace(
        reading_of(f"dose/{title}", f"{title}: outcome per unit more", found.slope, few, about), sentence=CHOSEN
    )
    yield per
    if found.bent_p is not None:
        bent = found.bent_p < 1 - design.level
        yield Reading(
            key=f"dose_bent/{title}",
            title=f"{title}: is it a straight line?",
            measure="p value of a straight line",
            value=found.bent_p,
            p=found.bent_p,
            n=few,
            sentence=BENT if bent else STRAIGHT,
        )


def _by_offer(title: str, name: str, frame: pd.DataFrame, design: Design) -> tuple[Reading, ...]:
    """Return the effect per unit of dose with the offer as the instrument; nothing where it cannot be had.

    Who was not offered anything, and has no dose on record, had none.
    """
    offered = np.asarray(frame["arm"] == TREATMENT)
    dose = numbers(frame[name])
    dose = np.where(np.isnan(dose) & ~offered, 0.0, dose)
    try:
        found: DoseEffect = dose_by_assignment(
            offered.astype(float), dose, numbers(frame["value"]), None, _cluster(frame), design.level
        )
    except EstimationRefusal:
        return ()
    reading = reading_of(
        f"dose_by_offer/{title}",
        f"{title}: effect per unit, by the offer",
        found.result,
        _few_doses(frame[offered], name, design),
        _figures(design),
    )
    return (replace(reading, sentence=" ".join((found.estimand, *found.warnings))),)
