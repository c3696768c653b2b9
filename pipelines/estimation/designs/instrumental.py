"""People whose dose was moved by something that moved nothing else: the effect of one more unit, by instruments."""

from dataclasses import dataclass, replace

import numpy as np
import pandas as pd

from pipelines.estimation.covariates import IMPUTED, encode
from pipelines.estimation.design import CLUSTER, COMPARISON, DOSE, TREATMENT, Design
from pipelines.estimation.designs.describing import described_groups, resting_on, too_few, unlike
from pipelines.estimation.designs.instruments_told import readings
from pipelines.estimation.headline import described_only, with_result
from pipelines.estimation.refusal import EstimationRefusal
from pipelines.estimation.result import Estimate, Inference, OtherEstimate
from pipelines.estimation.sample import MISSING, Array, numbers
from pipelines.estimation.take_up.instrumental import InstrumentalEffect, Method, instrument_index, instrumental_effect
from pipelines.estimation.take_up.instruments import NO_DOSE, SAYS_NOTHING
from pipelines.protocol import designs

TITLES = {TREATMENT: "More by the instruments", COMPARISON: "Less by the instruments"}
NAMES: dict[Method, str] = {"two_stage": "two-stage least squares", "liml": "LIML"}
WHYS: dict[Method, str] = {
    "two_stage": (
        "The dose is predicted from the instruments and what is held fixed, and the outcome is held against that "
        "prediction (two-stage least squares)."
    ),
    "liml": (
        "That effect is sought which, taken off the outcome, leaves the instruments least to tell of it, with the same "
        "held fixed (limited information maximum likelihood)."
    ),
}
ROBUST = "The standard error is robust{clusters}."
ESTIMAND = (
    "The average effect of one more {one_more} on those whose dose the instruments move, most on those whom they move "
    "most, if the instruments are as good as chance among people alike in what is held fixed, move the outcome only "
    "through the dose, and move nobody's dose the other way."
)
TOOK_IT = (
    "The average effect of it on those who had it only because of the instruments, if the instruments are as good as "
    "chance among people alike in what is held fixed, move the outcome only through it, and keep nobody from it."
)
UNTESTABLE = (
    "That the instruments move the outcome only through the dose cannot be tested: the estimate is an effect only if "
    "nothing else goes with them."
)
INCOMPLETE = (
    "People whose outcome, dose, instruments or covariates are not all known are left out. The estimate is right for "
    "everyone only if they do not differ from those who are known."
)
ITSELF = "Outcome against the dose itself, with what is held fixed: people chose their dose, so this is no effect."
USUAL = "The usual interval around the same estimate, which is too narrow or misplaced with weak instruments."
ONE_SIZE = "The same estimate with a standard error for errors of one size, as textbooks print it."
LEFT_RIGHT = {
    "liml": "Limited information maximum likelihood, which weak or many instruments pull less than two-stage.",
    "two_stage": "Two-stage least squares with the same instruments.",
}


@dataclass(frozen=True)
class Asked:
    """People with everything known, and everybody's group.

    Parameters
    ----------
    value, dose : array of float, shape (n,)
        Of people with everything known.
    instruments, covariates : array of float, shape (n, l) and (n, k)
        Their columns.
    cluster : array of str, shape (n,), or None
        Their clusters.
    moved : array of bool, shape (n,)
        Whether the instruments alone speak for more of the dose than for a middling person.
    missing : dict of str to int
        People left out, by the same groups; in the comparison where the instruments are not known.
    """

    value: Array
    dose: Array
    instruments: Array
    covariates: Array
    cluster: np.ndarray | None
    moved: np.ndarray
    missing: dict[str, int]


def engine(frame: pd.DataFrame, design: Design) -> Estimate:
    """Effect of one more unit of dose, by instruments.

    Parameters, result and errors as for `pipelines.estimation.estimate`; `arm` is not looked at, the column DOSE holds
    the dose. Sources: see `instrumental_effect`.
    """
    declared = design.declared
    if not isinstance(declared, designs.Instrumental):
        raise ValueError("A design with instruments is declared by its own model.")
    asked = _asked(frame, declared, design)
    few = _fewest(asked, design)
    description = _described(asked, few, design)
    reason = too_few(description.n, design)
    if reason:
        return described_only(description, reason)
    found = instrumental_effect(
        asked.value, asked.dose, asked.instruments, asked.covariates, asked.cluster, declared.method, design.level
    )
    binary = design.outcome_type == "binary"
    measure = f"{'risk difference' if binary else 'difference'} for one more {declared.one_more}"
    led = replace(with_result(description, found.result), measure=measure)
    together = asked.cluster is not None
    took = np.isin(asked.dose, (0.0, 1.0)).all()
    return replace(
        led,
        engine=_engine(found, declared),
        why=f"{WHYS[declared.method]} {ROBUST.format(clusters=', allowing for clusters' if together else '')}",
        estimand=TOOK_IT if took else ESTIMAND.format(one_more=declared.one_more),
        residual_df=found.residual_df,
        others=_others(found, declared, measure, led.scale),
        take_up=readings(found, few, "risk difference" if binary else measure, led),
        warnings=(*led.warnings, UNTESTABLE, *found.warnings),
    )


def _engine(found: InstrumentalEffect, declared: designs.Instrumental) -> str:
    weak = found.result.lower is not None and found.result != found.usual
    return f"{NAMES[declared.method]}{', Anderson-Rubin interval' if weak else ''}"


def _asked(frame: pd.DataFrame, declared: designs.Instrumental, design: Design) -> Asked:
    names = (*declared.instruments, *design.covariates)
    absent = [name for name in (DOSE, *names) if name not in frame]
    if absent:
        raise EstimationRefusal("The analysis table lacks the dose, an instrument or a covariate.", "Deliver them.")
    value, dose = numbers(frame["value"]), numbers(frame[DOSE])
    known = ~np.isnan(value) & ~np.isnan(dose) & frame[list(names)].notna().all(axis=1).to_numpy(bool)
    if known.sum() < 3:
        raise EstimationRefusal(
            "Hardly anybody's outcome, dose, instruments and covariates are all known.",
            "Deliver what is missing, or leave covariates out that few have.",
        )
    rows = frame[known].reset_index(drop=True)
    cluster = rows[CLUSTER].astype(object).to_numpy() if CLUSTER in rows else None
    Z = encode(rows, declared.instruments).columns
    if np.ptp(dose[known]) == 0:
        raise EstimationRefusal(*NO_DOSE)
    index = instrument_index(Z, dose[known])
    if np.ptp(index) <= 1e-9 * np.ptp(dose[known]):
        raise EstimationRefusal(*SAYS_NOTHING)
    left = int((~known).sum())
    return Asked(
        value[known],
        dose[known],
        Z,
        encode(rows, design.covariates).columns,
        cluster,
        index > _cut(index),
        {TREATMENT: 0, COMPARISON: left},
    )


def _cut(index: Array) -> float:
    """Return the value that parts people into two groups as equal as ties allow."""
    steps = np.unique(np.round(index, 12))
    middles = (steps[1:] + steps[:-1]) / 2
    above = len(index) - np.searchsorted(np.sort(index), middles)
    return float(middles[np.argmin(np.abs(above - len(index) / 2))])


def _fewest(asked: Asked, design: Design) -> int:
    """Return the fewest people that figures of dose, instrument and outcome together would tell of.

    Of a yes or no the cells count that hold anybody: that nobody had any of it without the instrument says nothing of
    one person.
    """
    few = [unlike(asked.dose)]
    parts = [asked.dose]
    if asked.instruments.shape[1] == 1:
        few.append(unlike(asked.instruments[:, 0]))
        parts.append(asked.instruments[:, 0])
    parts += [asked.value] if design.outcome_type == "binary" else []
    cells = [one for one in parts if len(np.unique(one)) == 2]
    if len(cells) > 1:
        few.append(int(np.unique(np.column_stack(cells), axis=0, return_counts=True)[1].min()))
    return min(few)


def _described(asked: Asked, few: int, design: Design) -> Estimate:
    arms = {TREATMENT: asked.value[asked.moved], COMPARISON: asked.value[~asked.moved]}
    found = resting_on(described_groups(arms, asked.missing, design), {arm: (one,) for arm, one in arms.items()})
    summary = {arm: replace(one, contributors=min(one.contributors or 0, few)) for arm, one in found.summary.items()}
    said = tuple(words for words in found.warnings if words not in (MISSING, IMPUTED))
    lost = (INCOMPLETE,) if any(asked.missing.values()) else ()
    return replace(found, summary=summary, arm_titles=TITLES, warnings=(*said, *lost))


def _others(
    found: InstrumentalEffect, declared: designs.Instrumental, measure: str, scale: float
) -> tuple[OtherEstimate, ...]:
    name = NAMES[declared.method]
    beyond: Method = "liml" if declared.method == "two_stage" else "two_stage"
    told: list[tuple[str, Inference | None, str]] = [
        (f"{name}, usual interval", None if found.result == found.usual else found.usual, USUAL),
        ("classical standard error", found.classical, ONE_SIZE),
        (NAMES[beyond], found.other, LEFT_RIGHT[beyond]),
        ("least squares of the dose itself", found.least_squares, ITSELF),
    ]
    return tuple(OtherEstimate(one, measure, result, note, scale) for one, result, note in told if result is not None)
