"""Further answers on a yes-or-no outcome of people: exact where events are few, adjusted risks, strata combined."""

from collections.abc import Callable

import numpy as np

from pipelines.estimation.adjusted import independent_columns
from pipelines.estimation.covariates import encode
from pipelines.estimation.design import ARMS, Design
from pipelines.estimation.exact_two_by_two import exact_two_by_two
from pipelines.estimation.firth import firth
from pipelines.estimation.logistic import logit
from pipelines.estimation.refusal import EstimationRefusal
from pipelines.estimation.result import Inference, OtherEstimate
from pipelines.estimation.sample import Array, Sample
from pipelines.estimation.standardised_risks import linear_probability, standardised_risks
from pipelines.estimation.stratified import mantel_haenszel
from pipelines.estimation.welch import log_ratio

MANY_EVENTS = 50
"""With more events, and more people without one, the penalty makes no difference."""
EXACT = "Conditional odds ratio with exact limits (Fisher): right however few events there are."
FISHER = "Fisher's exact test, two-sided by probability."
LOGIT = "Logistic regression on group and covariates: odds among people who are alike in these."
RISKS = "Risks averaged over everybody's covariates, from a logistic regression on group and covariates."
FIRTH = "Logistic regression with Firth's penalty, for few events; profile interval."
LINEAR = "Linear probability model on group and covariates, HC2."
STRATA = "Mantel-Haenszel risk difference over the blocks, with Sato's standard error."
STRATA_ODDS = "Mantel-Haenszel odds ratio over the blocks."


def others(sample: Sample, design: Design, blocks: np.ndarray | None) -> tuple[OtherEstimate, ...]:
    """Return the answers that can be had; one that refuses is left out.

    Parameters
    ----------
    sample : Sample
        People with a known outcome of 0 or 1.
    design : Design
        Names the covariates.
    blocks : array of int, shape (n,), or None
        Blocks within which chance decided.

    Returns
    -------
    tuple of OtherEstimate
        Ratios have their standard error on the log scale.
    """
    asked: list[Callable[[], tuple[OtherEstimate, ...]]] = [lambda: _exact(sample, design.level)]
    columns = covariate_columns(sample, design)
    if columns is not None:
        asked += [lambda: _risks(sample, columns, design.level), lambda: _penalised(sample, columns, design.level)]
    if blocks is not None:
        asked.append(lambda: _strata(sample, blocks, design.level))
    found: list[OtherEstimate] = []
    for ask in asked:
        try:
            found += ask()
        except (EstimationRefusal, ValueError):
            continue
    return tuple(found)


def covariate_columns(sample: Sample, design: Design) -> Array | None:
    """Return the covariates as independent columns, shape (n, k); None where there are none."""
    if not design.covariates:
        return None
    encoded = encode(sample.rows, design.covariates)
    kept = independent_columns(encoded.columns, sample.treated)
    return encoded.columns[:, kept] if kept else None


def _exact(sample: Sample, level: float) -> tuple[OtherEstimate, ...]:
    arms = sample.by_arm("value")
    counts = [int(x) for arm in ARMS for x in (arms[arm].sum(), len(arms[arm]))]
    table = exact_two_by_two(counts[0], counts[1], counts[2], counts[3], level)
    return (
        OtherEstimate("exact", "odds ratio", table.odds_ratio, EXACT),
        OtherEstimate("Fisher", "test of equal risks", Inference(None, p=table.fisher_p), FISHER),
    )


def _risks(sample: Sample, columns: Array, level: float) -> tuple[OtherEstimate, ...]:
    y, treated = sample.columns["value"], sample.treated
    risks = standardised_risks(y, treated, columns, level)
    fit = logit(np.column_stack([np.ones(len(y)), treated, columns]), y)
    odds = log_ratio(float(fit.coefficients[1]), float(fit.covariance[1, 1]) ** 0.5, level)
    return (
        OtherEstimate("standardised risks", "risk difference", risks.risk_difference, RISKS, 100.0),
        OtherEstimate("standardised risks", "risk ratio", risks.risk_ratio, RISKS),
        OtherEstimate("logistic regression, adjusted", "odds ratio", odds, LOGIT),
        OtherEstimate(
            "linear probability", "risk difference", linear_probability(y, treated, columns, level), LINEAR, 100.0
        ),
    )


def _penalised(sample: Sample, columns: Array, level: float) -> tuple[OtherEstimate, ...]:
    y = sample.columns["value"]
    if min(y.sum(), len(y) - y.sum()) > MANY_EVENTS:
        return ()
    log = firth(np.column_stack([np.ones(len(y)), sample.treated, columns]), y, level).terms[1]
    value, lower, upper = (None if x is None else float(np.exp(x)) for x in (log.value, log.lower, log.upper))
    odds = Inference(value, log.se, lower, upper, log.statistic, None, log.p)
    return (OtherEstimate("Firth, adjusted", "odds ratio", odds, FIRTH),)


def _strata(sample: Sample, blocks: np.ndarray, level: float) -> tuple[OtherEstimate, ...]:
    y, treated = sample.columns["value"], sample.treated
    number = int(blocks.max()) + 1
    counts = [
        np.bincount(blocks[arm], weights=weights, minlength=number).astype(int)
        for arm in (treated, ~treated)
        for weights in (y[arm], np.ones(int(arm.sum())))
    ]
    found = mantel_haenszel(counts[0], counts[1], counts[2], counts[3], level)
    shown = [OtherEstimate("Mantel-Haenszel", "risk difference", found.risk_difference, STRATA, 100.0)]
    if found.odds_ratio is not None:
        shown.append(OtherEstimate("Mantel-Haenszel", "odds ratio", found.odds_ratio, STRATA_ODDS))
    return tuple(shown)
