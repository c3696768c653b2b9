"""The engine for yes-or-no outcomes: a risk difference, with intervals and ratios beside it."""

from dataclasses import replace
from math import sqrt

import numpy as np
import pandas as pd
from scipy.stats import chi2, fisher_exact

from pipelines.estimation.design import ARMS, COMPARISON, TREATMENT, Design
from pipelines.estimation.effect_sizes import as_effect_size, risk_and_odds_ratio
from pipelines.estimation.headline import described_only, lead, with_result
from pipelines.estimation.proportions import newcombe, wilson
from pipelines.estimation.result import ArmSummary, EffectSize, Estimate, Inference, OtherEstimate
from pipelines.estimation.sample import Sample, below_floor, check_zero_one, draw, standing_warnings
from pipelines.estimation.welch import difference, z_inference

Counts = tuple[int, int, int, int]

NO_VARIATION = (
    "The outcome does not vary within an arm, so the usual (HC2) standard error would be too small. "
    "The interval is Newcombe's hybrid score interval, which does not need one."
)
HALVES = "A cell of the two-by-two table is empty: a half was added to each cell for the ratios (Haldane-Anscombe)."
WHY_NEWCOMBE = (
    "Within an arm the outcome does not vary, so the risk difference is shown with Newcombe's hybrid score interval."
)
RISK_RATIO = "Risk in one arm over the other, with the interval of its logarithm (Katz et al. 1978)."


def engine(frame: pd.DataFrame, design: Design) -> Estimate:
    """Risk difference with HC2 standard error, or Newcombe's interval when the outcome does not vary within an arm.

    Parameters, result and errors as for `pipelines.estimation.estimate`. Sources: see `welch.difference` and
    `proportions`.
    """
    sample = draw(frame, ("value",))
    check_zero_one(sample.columns["value"], "value")
    arms = sample.by_arm("value")
    events = {arm: int(values.sum()) for arm, values in arms.items()}
    description = _describe(sample, events, design)
    reason = below_floor(sample.n, events, design)
    if reason:
        return described_only(description, reason)
    counts = (events[TREATMENT], sample.n[TREATMENT], events[COMPARISON], sample.n[COMPARISON])
    description = _with_others(description, counts, design.level)
    if any(events[arm] in (0, sample.n[arm]) for arm in ARMS):
        return _without_variation(description, counts, design.level)
    return lead(description, difference(arms[TREATMENT], arms[COMPARISON], design.level), sample, design)


def wald(counts: Counts, level: float) -> Inference:
    """Risk difference with the textbook interval: variances p(1-p)/n, normal quantile.

    Parameters
    ----------
    counts : tuple of int
        Events and people in the treatment arm, events and people in the comparison arm; not all or none in both arms.
    level : float
        Confidence level.

    Returns
    -------
    Inference
        As proportions.

    References
    ----------
    Newcombe 1998, Statistics in Medicine 17:873-890, method 1 (shown for comparison; it covers too seldom in small
    samples).
    """
    a, n1, c, n0 = counts
    p1, p0 = a / n1, c / n0
    return z_inference(p1 - p0, sqrt(p1 * (1 - p1) / n1 + p0 * (1 - p0) / n0), level)


def pearson(counts: Counts) -> Inference:
    """Risk difference with Pearson's chi-square test, without continuity correction.

    Parameters
    ----------
    counts : tuple of int
        As for `wald`; not all or none of everybody.

    Returns
    -------
    Inference
        `statistic` is chi-square on 1 degree of freedom.

    References
    ----------
    Pearson 1900, Philosophical Magazine 50:157-175.
    """
    a, n1, c, n0 = counts
    p = (a + c) / (n1 + n0)
    statistic = (a / n1 - c / n0) ** 2 / (p * (1 - p) * (1 / n1 + 1 / n0))
    return Inference(a / n1 - c / n0, statistic=statistic, df=1.0, p=float(chi2.sf(statistic, 1)))


def _describe(sample: Sample, events: dict[str, int], design: Design) -> Estimate:
    return Estimate(
        engine="difference in proportions, HC2",
        why="",
        measure="risk difference",
        unit="percentage points",
        scale=100.0,
        level=design.level,
        n=sample.n,
        missing=sample.missing,
        events=events,
        summary={arm: _summarise(events[arm], sample.n[arm], design.level) for arm in ARMS},
        warnings=standing_warnings(sample, design),
    )


def _summarise(events: int, n: int, level: float) -> ArmSummary:
    p = events / n
    sd = sqrt(p * (1 - p) * n / (n - 1)) if n > 1 else None
    return ArmSummary("proportion", p, sd, None if sd is None else sd / sqrt(n), *wilson(events, n, level))


def _with_others(description: Estimate, counts: Counts, level: float) -> Estimate:
    risk, odds, halves = risk_and_odds_ratio(*counts, level)
    a, n1, c, n0 = counts
    score = Inference(a / n1 - c / n0, None, *newcombe(*counts, level))
    tests = _tests(counts, level)
    beside = (
        OtherEstimate("Newcombe", "risk difference", score, "Hybrid score interval (Newcombe 1998, method 10).", 100.0),
        *tests,
        OtherEstimate("odds ratio", "odds ratio", odds, "Interval of its logarithm (Woolf 1955)."),
    )
    size: EffectSize = as_effect_size("risk ratio", risk, RISK_RATIO)
    warnings = (*description.warnings, HALVES) if halves else description.warnings
    return replace(description, effect_size=size, others=beside, warnings=warnings)


def _tests(counts: Counts, level: float) -> tuple[OtherEstimate, ...]:
    """Wald and Pearson where some vary; Fisher's exact test where someone's cell is empty."""
    a, n1, c, n0 = counts
    cells = np.array([[a, n1 - a], [c, n0 - c]])
    found: tuple[OtherEstimate, ...] = ()
    if cells.min() > 0:
        note = "Textbook interval, p(1-p)/n and the normal quantile; for comparison with other reports."
        found = (OtherEstimate("Wald", "risk difference", wald(counts, level), note, 100.0),)
    if cells.sum(axis=0).min() > 0:
        note = "Pearson's chi-square test without continuity correction."
        found = (*found, OtherEstimate("chi-square", "risk difference", pearson(counts), note, 100.0))
    if cells.min() == 0:
        exact = Inference(a / n1 - c / n0, p=float(fisher_exact(cells).pvalue))
        found = (*found, OtherEstimate("Fisher", "risk difference", exact, "Fisher's exact test, two-sided.", 100.0))
    return found


def _without_variation(description: Estimate, counts: Counts, level: float) -> Estimate:
    a, n1, c, n0 = counts
    result = Inference(a / n1 - c / n0, None, *newcombe(*counts, level))
    others = tuple(other for other in description.others if other.name != "Newcombe")
    led = with_result(description, result)
    warnings = (*led.warnings, NO_VARIATION)
    return replace(
        led, engine="difference in proportions, Newcombe", why=WHY_NEWCOMBE, others=others, warnings=warnings
    )
