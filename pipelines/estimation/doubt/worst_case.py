"""Worst-case bounds: whatever the missing outcomes were, and with limits on how different they may be."""

from dataclasses import dataclass
from math import isfinite, sqrt

import numpy as np
from numpy.typing import NDArray

from pipelines.estimation.doubt.partial_identification import imbens_manski
from pipelines.estimation.doubt.wording import confidence, figure, interval
from pipelines.estimation.refusal import EstimationRefusal
from pipelines.estimation.sample import Array, check_zero_one


@dataclass(frozen=True)
class WorstCase:
    """Bounds on a difference in means over every value that missing outcomes could have.

    Parameters
    ----------
    lower, upper : float
        Bounds, treatment minus comparison, in the unit of the outcome.
    complete_case : float
        The difference among people whose outcome is known; always between the bounds.
    interval_lower, interval_upper : float or None
        Imbens-Manski interval; None when an arm has fewer than two people.
    level : float
        Its confidence level.
    low, high : float
        Smallest and largest value that an outcome can have.
    at_most : float or None
        Largest distance, in either arm, between the average of missing and of known outcomes; None for no limit.
    missing_treatment, missing_comparison : float
        Shares of people whose outcome is not known.
    """

    lower: float
    upper: float
    complete_case: float
    interval_lower: float | None
    interval_upper: float | None
    level: float
    low: float
    high: float
    at_most: float | None
    missing_treatment: float
    missing_comparison: float

    @property
    def sentence(self) -> str:
        """What the bounds say, for a manager."""
        if self.missing_treatment == self.missing_comparison == 0:
            return "Every outcome is known, so nothing missing could change the difference."
        premise = (
            "Whatever the missing outcomes were"
            if self.at_most is None
            else f"If missing outcomes differed on average by up to {figure(self.at_most)} from the known ones"
        )
        said = f"{premise}, the difference lies between {figure(self.lower)} and {figure(self.upper)}"
        sign = "so its direction would not change" if self.lower * self.upper > 0 else "so it could go either way"
        if self.interval_lower is None:
            return f"{said}, {sign}."
        limits = interval(self.interval_lower, self.interval_upper)
        return f"{said} ({confidence(self.level)} interval {limits}), {sign}."


def worst_case_bounds(
    outcome: Array,
    treated: NDArray[np.bool_],
    low: float = 0.0,
    high: float = 1.0,
    at_most: float | None = None,
    level: float = 0.95,
) -> WorstCase:
    """Manski's bounds for an outcome between `low` and `high`.

    Parameters
    ----------
    outcome : array of float, shape (n,)
        NaN where not known.
    treated : array of bool, shape (n,)
        Arm.
    low, high : float
        Smallest and largest possible value; 0 and 1 mean an event (only 0 and 1 are then accepted).
    at_most : float or None
        Limit on the distance of the missing outcomes' average from that of the known in the same arm, 0 or more. The
        bounds narrow as it falls; at 0 they meet in the difference among the known.
    level : float
        Confidence level.

    Returns
    -------
    WorstCase

    Raises
    ------
    EstimationRefusal
        If an arm is empty, a value is outside the range, or a limit is set and nothing is known in an arm.
    ValueError
        If low is not below high or at_most is below zero.

    References
    ----------
    Horowitz & Manski 2000, JASA 95:77-84; Imbens & Manski 2004, Econometrica 72:1845-1857; Manski & Pepper 2018, Review
    of Economics and Statistics 100:232-244 (bounded variation).
    """
    if not low < high or (at_most is not None and at_most < 0):
        raise ValueError("The range must be in order, and the limit not below zero.")
    _check(outcome[np.isfinite(outcome)], low, high)
    treatment, comparison = (_arm_ends(outcome[arm], low, high, at_most) for arm in (treated, ~treated))
    lower, upper = treatment.low - comparison.high, treatment.high - comparison.low
    errors = sqrt(treatment.low_v + comparison.high_v), sqrt(treatment.high_v + comparison.low_v)
    limits = imbens_manski(lower, upper, *errors, level) if all(map(isfinite, errors)) else (None, None)
    return WorstCase(
        lower=lower,
        upper=upper,
        complete_case=treatment.mean - comparison.mean,
        interval_lower=limits[0],
        interval_upper=limits[1],
        level=level,
        low=low,
        high=high,
        at_most=at_most,
        missing_treatment=treatment.missing,
        missing_comparison=comparison.missing,
    )


@dataclass(frozen=True)
class _Ends:
    """Smallest and largest mean of one arm, their variances, the mean of the known, and the share missing."""

    low: float
    high: float
    low_v: float
    high_v: float
    mean: float
    missing: float


def _check(known: Array, low: float, high: float) -> None:
    if (low, high) == (0.0, 1.0):
        check_zero_one(known, "outcome")
    if len(known) and (known.min() < low or known.max() > high):
        raise EstimationRefusal("An outcome is outside the range that was declared.", "Correct it, or the range.")


def _arm_ends(outcome: Array, low: float, high: float, at_most: float | None) -> _Ends:
    known = np.sort(outcome[np.isfinite(outcome)])
    if len(known) == 0:
        raise EstimationRefusal("An arm has no known outcome.", "Wait for outcomes, or report how many are missing.")
    missing, mean = 1 - len(known) / len(outcome), float(known.mean())
    distance = high - low if at_most is None else at_most
    ends = max(low, mean - distance), min(high, mean + distance)
    means = [mean + missing * (end - mean) for end in ends]
    pinned = (ends[0] == low, ends[1] == high)
    spreads = [_variance(known, len(outcome), end, pin) for end, pin in zip(ends, pinned, strict=True)]
    return _Ends(means[0], means[1], spreads[0], spreads[1], mean, missing)


def _variance(known: Array, n: int, end: float, pinned: bool) -> float:
    """Variance of the arm's mean; a value at a fixed distance from the mean of the known moves with that mean."""
    r, mean = len(known), float(known.mean())
    if n < 2 or r < 2:
        return float("nan")
    missing = 1 - r / n
    if pinned:
        between = missing * (1 - missing) * (mean - end) ** 2
        return float(((1 - missing) * known.var() + between) / (n - 1))
    return float(known.var(ddof=1) / r + (mean - end) ** 2 * missing * (1 - missing) / n)
