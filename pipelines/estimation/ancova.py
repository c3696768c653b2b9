"""Continuous outcomes with a baseline: analysis of covariance, with change scores and final scores beside it."""

from dataclasses import dataclass
from math import sqrt

import numpy as np
from numpy.typing import ArrayLike

from pipelines.estimation.adjusted import lin
from pipelines.estimation.arrays import Booleans, arms_of, numbers_of
from pipelines.estimation.covariance import bell_mccaffrey_df, least_squares_hc2
from pipelines.estimation.refusal import EstimationRefusal
from pipelines.estimation.result import Inference
from pipelines.estimation.sample import Array
from pipelines.estimation.welch import difference, t_inference

WHY = (
    "Analysis of covariance leads: it compares people who started at the same level. A comparison of final scores "
    "ignores the start and a comparison of changes subtracts all of it, though people drift back towards the average; "
    "in a randomised trial all three aim at the same effect, and analysis of covariance is the most precise "
    "(Vickers & Altman 2001, BMJ 323:1123-1124)."
)
LORD = (
    "People were not assigned at random: analysis of covariance and change scores answer different questions, and may "
    "disagree (Lord 1967). Neither is right without an argument for it."
)
IMBALANCE = (
    "The arms differ at baseline by more than a tenth of a standard deviation: the adjusted estimate allows for it."
)
LEVERAGE = "One person's baseline alone would decide part of the adjusted estimate."


@dataclass(frozen=True)
class Ancova:
    """One effect on a continuous outcome, in three ways.

    Parameters
    ----------
    adjusted : Inference
        Leads: common slope on the centred baseline; HC2 standard error, Bell-McCaffrey degrees of freedom.
    own_slopes : Inference
        A slope for each arm (Lin 2013).
    change, final : Inference
        Difference in mean changes, and in mean final scores (Welch).
    slope : float
        Of the final on the baseline score: 0 makes `final` right, 1 makes `change` right.
    baseline_difference : float
        Mean baseline, treatment minus comparison.
    why : str
        Why `adjusted` leads.
    warnings : tuple of str
        Plain sentences.
    """

    adjusted: Inference
    own_slopes: Inference
    change: Inference
    final: Inference
    slope: float
    baseline_difference: float
    why: str
    warnings: tuple[str, ...]


def ancova(
    baseline: ArrayLike, outcome: ArrayLike, treated: ArrayLike, level: float = 0.95, randomised: bool = True
) -> Ancova:
    """Effect on a continuous outcome, adjusted for its own baseline.

    Parameters
    ----------
    baseline, outcome : array of float, shape (n,)
        The measure before and after, in one unit.
    treated : array of bool, shape (n,)
        Arm; at least three people in each.
    level : float
        Confidence level.
    randomised : bool
        False adds the warning about Lord's paradox.

    Returns
    -------
    Ancova
        In the unit of the outcome.

    Raises
    ------
    EstimationRefusal
        If an arm is too small, the baseline does not vary within an arm, or one person has leverage 1.
    ValueError
        If values are missing or lengths differ.

    References
    ----------
    Frison & Pocock 1992, Statistics in Medicine 11:1685-1704; Lin 2013, Annals of Applied Statistics 7:295-318.
    """
    before, after = numbers_of(baseline=baseline, outcome=outcome)
    arm = arms_of(treated, len(before), least=3)
    if any(np.ptp(before[of]) == 0 for of in (arm, ~arm)):
        raise EstimationRefusal(
            "The baseline does not vary within an arm, so it cannot be adjusted for.", "Compare the final scores."
        )
    adjusted, slope = _common_slope(before, after, arm, level)
    gap = float(before[arm].mean() - before[~arm].mean())
    return Ancova(
        adjusted,
        _guarded(before, after, arm, level),
        difference(after[arm] - before[arm], after[~arm] - before[~arm], level),
        difference(after[arm], after[~arm], level),
        slope,
        gap,
        WHY,
        _warnings(before, gap, randomised),
    )


def _common_slope(before: Array, after: Array, arm: Booleans, level: float) -> tuple[Inference, float]:
    # Centring leaves the effect as it is, makes the intercept the comparison arm's mean at the average start, and
    # keeps the arithmetic away from large numbers.
    spread = before.std()
    columns = np.column_stack([np.ones(len(before)), arm, (before - before.mean()) / spread])
    try:
        fit = least_squares_hc2(columns, after)
    except ValueError:
        raise _one_person() from None
    se = sqrt(fit.covariance[1, 1])
    if se <= 1e-10 * max(float(after.std()), 1e-300):
        raise EstimationRefusal(
            "Nothing varies once the baseline is taken into account, so no uncertainty can be computed.",
            "Check whether the final score is a copy of the baseline.",
        )
    return t_inference(float(fit.coefficients[1]), se, bell_mccaffrey_df(fit, 1), level), float(
        fit.coefficients[2] / spread
    )


def _guarded(before: Array, after: Array, arm: Booleans, level: float) -> Inference:
    try:
        return lin(before[:, None], arm, after, level)
    except ValueError:
        raise _one_person() from None


def _one_person() -> EstimationRefusal:
    return EstimationRefusal(LEVERAGE, "Compare the final scores, and show the changes beside them.")


def _warnings(before: Array, gap: float, randomised: bool) -> tuple[str, ...]:
    said = ((not randomised, LORD), (abs(gap) > 0.1 * before.std(ddof=1), IMBALANCE))
    return tuple(text for applies, text in said if applies)
