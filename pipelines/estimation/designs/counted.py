"""Counts of events per person: rates over time at risk, models of counts, and the two frequencies of reoffending."""

from collections.abc import Callable
from dataclasses import replace

import numpy as np

from pipelines.estimation.count_models import CountFit, negative_binomial, poisson
from pipelines.estimation.design import ARMS, COMPARISON, TREATMENT, Design
from pipelines.estimation.designs.clusters import blocks_of
from pipelines.estimation.designs.yes_no import covariate_columns
from pipelines.estimation.frequency import compare_frequency
from pipelines.estimation.headline import with_result
from pipelines.estimation.overdispersion import overdispersion
from pipelines.estimation.rates import Rates, compare_rates
from pipelines.estimation.refusal import EstimationRefusal
from pipelines.estimation.result import ArmSummary, EffectSize, Estimate, Inference, OtherEstimate
from pipelines.estimation.sample import STRATA, Array, Sample, numbers

EXPOSED = (
    "Rates are events over the time that people were at risk; the standard error allows for people who differ more "
    "than chance events would."
)
RATIO = "Rate in one arm over the other, robust to people who differ more than chance events would (delta method)."
FELL_BACK_RATES = (
    "The protocol declared an adjusted headline. A difference of rates over time at risk is not adjusted: read the "
    "adjusted rate ratios beside it."
)
NO_TIME = "Somebody has no time at risk, or an unknown one."
GIVE_TIME = "Give the time at risk of everybody whose count is known, above zero."
NOTES = {
    "model": "Poisson regression with its own standard error: right only if events come independently.",
    "quasi": "Poisson regression with standard errors inflated by the dispersion (quasi-Poisson).",
    "robust": "Poisson regression with robust standard errors.",
}
NEGATIVE_BINOMIAL = "Negative binomial regression (NB2)."
PER_PERSON = "Events over all people in the group: the first of the two frequencies in use."
PER_REOFFENDER = (
    "Events over the people with at least one: the second of the two frequencies in use. Not a comparison of like "
    "with like, because what is tested may change who has one."
)


def with_exposure(found: Estimate, sample: Sample, design: Design) -> Estimate:
    """Put the difference of rates first where the outcome has a time at risk.

    Parameters
    ----------
    found : Estimate
        Of counts per person.
    sample : Sample
        People with a known count, and perhaps `exposure`.
    design : Design
        The question.

    Returns
    -------
    Estimate
        Per unit of exposure, or as it was where there is none.

    Raises
    ------
    EstimationRefusal
        If somebody has no time at risk.
    """
    exposure = exposure_of(sample)
    if exposure is None:
        return found
    rates = compare_rates(sample.columns["value"], exposure, sample.treated, design.level)
    if rates.difference is None:
        raise EstimationRefusal("No rate varies between people.", "Describe both arms.")
    plain = Inference(found.value, found.se, found.lower, found.upper, found.statistic, found.df, found.p)
    beside = OtherEstimate("per person", "difference in counts per person", plain, found.why, found.scale)
    led = replace(
        with_result(found, rates.difference),
        engine="difference in rates, robust",
        why=EXPOSED,
        effect_size=_size(rates),
    )
    arms = {TREATMENT: rates.treatment, COMPARISON: rates.comparison}
    summary = {arm: ArmSummary("rate", arms[arm]) for arm in ARMS}
    exact = OtherEstimate(
        "exact", "rate ratio", rates.exact, "Conditional exact rate ratio: right if events are independent."
    )
    said = ((FELL_BACK_RATES,) if design.adjusted else ()) + ((STRATA,) if blocks_of(sample.rows) is not None else ())
    return replace(led, summary=summary, others=(beside, exact), warnings=(*led.warnings, *rates.warnings, *said))


def exposure_of(sample: Sample) -> Array | None:
    """Return the time at risk, shape (n,), or None where the outcome has none."""
    if "exposure" not in sample.rows or not sample.rows["exposure"].notna().any():
        return None
    exposure = numbers(sample.rows["exposure"])
    if np.isnan(exposure).any() or (exposure <= 0).any():
        raise EstimationRefusal(NO_TIME, GIVE_TIME)
    return exposure


def others(sample: Sample, design: Design) -> tuple[tuple[OtherEstimate, ...], tuple[str, ...]]:
    """Return what models of counts say, and warnings; what refuses is left out.

    Parameters
    ----------
    sample : Sample
        People with a known count.
    design : Design
        Names the covariates; `seed` is the bootstrap's.

    Returns
    -------
    tuple of (tuple of OtherEstimate, tuple of str)
        Rate ratios have their standard error on the log scale.
    """
    y = sample.columns["value"]
    if (y != np.round(y)).any():
        return (), ()
    exposure = exposure_of(sample)
    found = list(_models(sample, None, exposure, design.level, ""))
    columns = covariate_columns(sample, design)
    if columns is not None:
        found += _models(sample, columns, exposure, design.level, ", adjusted")
    said = _dispersed(sample, exposure)
    if exposure is None:
        found += _frequencies(sample, design)
    return tuple(found), said


def _size(rates: Rates) -> EffectSize | None:
    ratio = rates.ratio
    if ratio is None or ratio.value is None or ratio.lower is None or ratio.upper is None:
        return None
    return EffectSize("rate ratio", ratio.value, ratio.lower, ratio.upper, RATIO)


def _models(
    sample: Sample, columns: Array | None, exposure: Array | None, level: float, suffix: str
) -> tuple[OtherEstimate, ...]:
    y = sample.columns["value"]
    parts = [np.ones(len(y)), sample.treated.astype(float)]
    design = np.column_stack(parts if columns is None else [*parts, columns])
    asked: dict[str, Callable[[], tuple[CountFit, str, str]]] = {
        "Poisson": lambda: (poisson(design, y, exposure), "robust", NOTES["robust"]),
        "quasi-Poisson": lambda: (poisson(design, y, exposure), "quasi", NOTES["quasi"]),
        "negative binomial": lambda: (negative_binomial(design, y, exposure), "model", NEGATIVE_BINOMIAL),
    }
    found = []
    for name, ask in asked.items():
        try:
            fit, error, note = ask()
        except EstimationRefusal:
            continue
        found.append(OtherEstimate(f"{name}{suffix}", "rate ratio", _ratio(fit, level, error), note))
    return tuple(found)


def _ratio(fit: CountFit, level: float, error: str) -> Inference:
    """Return the rate ratio of the treatment; its standard error stays on the log scale."""
    log = fit.log_rate_ratio(1, level, error)
    value, lower, upper = (None if x is None else float(np.exp(x)) for x in (log.value, log.lower, log.upper))
    return Inference(value, log.se, lower, upper, log.statistic, log.df, log.p)


def _dispersed(sample: Sample, exposure: Array | None) -> tuple[str, ...]:
    y = sample.columns["value"]
    try:
        fit = poisson(np.column_stack([np.ones(len(y)), sample.treated.astype(float)]), y, exposure)
    except EstimationRefusal:
        return ()
    return (overdispersion(y, fit).sentence,)


def _frequencies(sample: Sample, design: Design) -> tuple[OtherEstimate, ...]:
    try:
        found = compare_frequency(sample.columns["value"], sample.treated, design.seed, design.level)
    except (EstimationRefusal, ValueError):
        return ()
    shown = [
        OtherEstimate("frequency per person, bootstrap", "difference in rate", found.per_person_bootstrap, PER_PERSON)
    ]
    if found.per_reoffender is not None:
        shown.append(
            OtherEstimate(
                "frequency per person with an event", "difference in rate", found.per_reoffender, PER_REOFFENDER
            )
        )
    return tuple(shown)
