"""Ordered outcomes without a model: how likely is it that a treated person does better? And the win odds."""

from dataclasses import dataclass
from math import log, sqrt

import numpy as np
from numpy.typing import ArrayLike
from scipy.special import expit
from scipy.stats import norm, rankdata
from scipy.stats import t as student

from pipelines.estimation.arrays import Booleans, arms_of, numbers_of
from pipelines.estimation.result import Inference
from pipelines.estimation.sample import Array
from pipelines.estimation.welch import log_ratio

WHY = (
    "The headline for an ordered outcome is the chance that a treated person has the higher value than a comparison "
    "person, ties counting half. It needs no distances between the steps and no model; a half means no difference."
)
APART = (
    "The two arms do not overlap at all, so the chance of a higher value has no standard error: read the exact test."
)


@dataclass(frozen=True)
class RankComparison:
    """Two arms compared by ranks.

    Parameters
    ----------
    superiority : Inference
        Leads: P(X > Y) + P(X = Y)/2 with the Brunner-Munzel t interval, cut at 0 and 1; `statistic`, `df`, `p` test a
        half. Without limits if the arms do not overlap.
    delong, logit : Inference
        The same with DeLong's normal interval, and with the normal interval of its logit.
    win_odds : Inference or None
        Superiority over its complement, `se` on the log scale; None if the arms do not overlap.
    wilcoxon : Inference
        Wilcoxon-Mann-Whitney test, normal with correction for ties; its null is equal distributions.
    n : int
        People.
    why : str
        Why this leads.
    warnings : tuple of str
        Plain sentences.
    """

    superiority: Inference
    delong: Inference
    logit: Inference
    win_odds: Inference | None
    wilcoxon: Inference
    n: int
    why: str
    warnings: tuple[str, ...]


def rank_comparison(outcome: ArrayLike, treated: ArrayLike, level: float = 0.95) -> RankComparison:
    """Compare two arms on an ordered outcome; higher codes mean more, whichever direction is better.

    Parameters
    ----------
    outcome : array of float, shape (n,)
        Ordered codes.
    treated : array of bool, shape (n,)
        Arm; at least two people in each.
    level : float
        Confidence level.

    Returns
    -------
    RankComparison
        Treatment against comparison; takes n log n time.

    Raises
    ------
    EstimationRefusal
        If an arm has fewer than two people.
    ValueError
        If an outcome is unknown.

    References
    ----------
    Brunner & Munzel 2000, Biometrical Journal 42:17-25; DeLong, DeLong & Clarke-Pearson 1988, Biometrics 44:837-845;
    Brunner, Vandemeulebroecke & Mutze 2021, Statistics in Medicine 40:3367-3384 (win odds); Mann & Whitney 1947.
    """
    (y,) = numbers_of(outcome=outcome)
    arm = arms_of(treated, len(y), least=2)
    ranks = rankdata(y)
    treatment, comparison = _placements(ranks, y, arm)
    value = float(treatment.mean())
    parts = [float(x.var(ddof=1)) / len(x) for x in (treatment, comparison)]
    variance, test = sum(parts), _wilcoxon(ranks, arm)
    if variance <= 1e-15 or not 0 < value < 1:
        plain = Inference(value)
        return RankComparison(plain, plain, plain, None, test, len(y), WHY, (APART,) if value != 0.5 else ())
    se = sqrt(variance)
    df = variance**2 / sum(p**2 / (len(x) - 1) for p, x in zip(parts, (treatment, comparison), strict=True))
    on_log = se / (value * (1 - value))
    centre, half = log(value / (1 - value)), float(norm.ppf(0.5 + level / 2)) * on_log
    logit = Inference(value, se, float(expit(centre - half)), float(expit(centre + half)))
    return RankComparison(
        _against_half(value, se, df, level),
        _against_half(value, se, None, level),
        logit,
        log_ratio(centre, on_log, level),
        test,
        len(y),
        WHY,
        (),
    )


def _placements(ranks: Array, y: Array, arm: Booleans) -> tuple[Array, Array]:
    """For each treated person, the share of comparison people below; for each comparison person, of treated above."""
    n1, n0 = int(arm.sum()), int((~arm).sum())
    treatment = (ranks[arm] - rankdata(y[arm])) / n0
    comparison = 1 - (ranks[~arm] - rankdata(y[~arm])) / n1
    return treatment, comparison


def _against_half(value: float, se: float, df: float | None, level: float) -> Inference:
    statistic = (value - 0.5) / se
    quantile = norm.ppf(0.5 + level / 2) if df is None else student.ppf(0.5 + level / 2, df)
    tail = norm.sf(abs(statistic)) if df is None else student.sf(abs(statistic), df)
    half = float(quantile) * se
    return Inference(value, se, max(0.0, value - half), min(1.0, value + half), statistic, df, float(2 * tail))


def _wilcoxon(ranks: Array, arm: Booleans) -> Inference:
    n, n1 = len(ranks), int(arm.sum())
    _, ties = np.unique(ranks, return_counts=True)
    spread = n1 * (n - n1) / 12 * (n + 1 - float((ties.astype(float) ** 3 - ties).sum()) / (n * (n - 1)))
    if spread <= 0:
        return Inference(None, statistic=0.0, p=1.0)
    z = (float(ranks[arm].sum()) - n1 * (n + 1) / 2) / sqrt(spread)
    return Inference(None, statistic=z, p=float(2 * norm.sf(abs(z))))
