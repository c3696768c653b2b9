"""Before and after without anybody to compare with: the paired change, and how much of it chance alone would give."""

from dataclasses import dataclass
from math import sqrt

import numpy as np
from numpy.typing import ArrayLike
from scipy.stats import norm

from pipelines.estimation.refusal import EstimationRefusal
from pipelines.estimation.result import Inference
from pipelines.estimation.sample import Array
from pipelines.estimation.welch import t_inference

LOWEST = (
    "This is the lowest level of evidence: nobody shows what would have happened without the service, so the change "
    "may be due to anything that happened in between. It is a description, never an effect."
)
ESTIMAND = "The mean change from before to after in the people seen both times, whatever its cause."
INCOMPLETE = "People without both measurements are left out; those who stayed may have changed differently."
REGRESSION = (
    "People were taken on when their measurement was {side}, and such measurements come back towards the average by "
    "themselves. The range shows how much of the change that alone would give."
)
CORRELATIONS = (0.5, 0.6, 0.7, 0.8, 0.9)


@dataclass(frozen=True)
class BeforeAfter:
    """A change without a comparison.

    Parameters
    ----------
    estimand : str
        In a sentence.
    result : Inference
        Mean change, after minus before, in the unit of the outcome; t with n - 1.
    mean_before, mean_after : float
        Of the people seen both times.
    correlation : float or None
        Between before and after; None where either is constant.
    n, left_out : int
        People with both; without.
    evidence : str
        The lowest level, in a sentence that must be printed with the number.
    warnings : tuple of str
        Plain sentences.
    """

    estimand: str
    result: Inference
    mean_before: float
    mean_after: float
    correlation: float | None
    n: int
    left_out: int
    evidence: str
    warnings: tuple[str, ...]


@dataclass(frozen=True)
class Selection:
    """How people came to be taken on, by their baseline.

    Parameters
    ----------
    mean, sd : float
        Of the same measurement among all who could have been taken on.
    cutoff : float or None
        Taken on beyond this; None uses the mean baseline of those taken on instead.
    high : bool
        Taken on above the cut-off, or below it.
    correlation : float or None
        Between two measurements of the same person with nothing in between (test-retest); None gives a range.
    measurements : int
        How many baseline measurements were averaged for the selection.
    """

    mean: float
    sd: float
    cutoff: float | None = None
    high: bool = True
    correlation: float | None = None
    measurements: int = 1


@dataclass(frozen=True)
class Regression:
    """Change that selection alone would give, at one test-retest correlation.

    Parameters
    ----------
    correlation : float
        Between single measurements.
    expected : float
        Change without any effect, in the unit of the outcome: below zero after selection of high baselines.
    remaining : Inference
        The change less that; the standard error takes `expected` as known.
    """

    correlation: float
    expected: float
    remaining: Inference


@dataclass(frozen=True)
class RegressionToTheMean:
    """How much of a change selection on the baseline may explain.

    Parameters
    ----------
    range : tuple of Regression
        One for each correlation.
    explains_all_below : float or None
        At correlations up to this one, selection alone explains the whole change; None if none does.
    sentence : str
        To be printed with it.
    """

    range: tuple[Regression, ...]
    explains_all_below: float | None
    sentence: str


def before_after(before: ArrayLike, after: ArrayLike, level: float = 0.95) -> BeforeAfter:
    """Mean change of the people measured twice.

    Parameters
    ----------
    before, after : array of float, shape (n,)
        One entry per person; NaN for unknown. For yes-or-no outcomes use the test for matched pairs instead.
    level : float
        Confidence level.

    Returns
    -------
    BeforeAfter
        Never to be called an effect.

    Raises
    ------
    EstimationRefusal
        If fewer than two people have both measurements.
    """
    first, second, left_out = _pairs(before, after)
    change = second - first
    value, n = float(change.mean()), len(change)
    se = float(change.std(ddof=1)) / sqrt(n)
    varies = np.ptp(change) > 1e-12 * (1 + np.abs(change).max())
    both_vary = np.ptp(first) > 0 and np.ptp(second) > 0
    return BeforeAfter(
        ESTIMAND,
        t_inference(value, se, n - 1, level) if varies else Inference(value),
        float(first.mean()),
        float(second.mean()),
        float(np.corrcoef(first, second)[0, 1]) if both_vary else None,
        n,
        left_out,
        LOWEST,
        (INCOMPLETE,) if left_out else (),
    )


def regression_to_the_mean(found: BeforeAfter, selection: Selection, level: float = 0.95) -> RegressionToTheMean:
    """What selection on a high (or low) baseline would give by itself.

    With a cut-off and normal measurements, the mean of those taken on exceeds that of all by
    sd_b C(z), C(z) = phi(z) / (1 - Phi(z)), sd_b the standard deviation of the (averaged) baseline; without a cut-off
    the observed excess is used. Of that excess, the share 1 - correlation of a later measurement with the baseline is
    lost.

    Parameters
    ----------
    found : BeforeAfter
        The change.
    selection : Selection
        As declared.
    level : float
        Confidence level.

    Returns
    -------
    RegressionToTheMean
        At the declared correlation, or over 0.5 to 0.9.

    Raises
    ------
    EstimationRefusal
        If the standard deviation, correlation or number of measurements makes no sense.

    References
    ----------
    Davis 1976, American Journal of Epidemiology 104:493-498; Barnett, van der Pols & Dobson 2005, International Journal
    of Epidemiology 34:215-220.
    """
    _check(selection)
    correlations = CORRELATIONS if selection.correlation is None else (selection.correlation,)
    rows = tuple(_at(rho, found, selection, level) for rho in correlations)
    side = "high" if selection.high else "low"
    return RegressionToTheMean(rows, _explains_all(found, selection), REGRESSION.format(side=side))


def expected_change(selection: Selection, correlation: float, observed_excess: float) -> float:
    """Change without any effect, in the unit of the outcome; see `regression_to_the_mean`."""
    m = selection.measurements
    # An average of m measurements has variance sd^2 (rho + (1 - rho) / m), of which sd^2 rho is the person's own.
    reliability = correlation / (correlation + (1 - correlation) / m)
    if selection.cutoff is None:
        return -(1 - reliability) * observed_excess
    sd = selection.sd * sqrt(correlation + (1 - correlation) / m)
    sign = 1.0 if selection.high else -1.0
    z = sign * (selection.cutoff - selection.mean) / sd
    return float(-sign * (1 - reliability) * sd * np.exp(norm.logpdf(z) - norm.logsf(z)))


def _at(correlation: float, found: BeforeAfter, selection: Selection, level: float) -> Regression:
    expected = expected_change(selection, correlation, found.mean_before - selection.mean)
    change = found.result
    value = (change.value or 0.0) - expected
    if change.se is None or change.df is None:
        return Regression(correlation, expected, Inference(value))
    return Regression(correlation, expected, t_inference(value, change.se, change.df, level))


def _explains_all(found: BeforeAfter, selection: Selection) -> float | None:
    """The highest correlation at which the expected change is at least the observed one, to three decimals."""
    excess, observed = found.mean_before - selection.mean, found.result.value or 0.0
    grid = np.arange(1, 1000) / 1000
    expected = np.array([expected_change(selection, float(rho), excess) for rho in grid])
    enough = (expected <= observed) if selection.high else (expected >= observed)
    return float(grid[enough].max()) if enough.any() else None


def _check(selection: Selection) -> None:
    rho = selection.correlation
    if not selection.sd > 0 or (rho is not None and not 0 < rho < 1) or selection.measurements < 1:
        raise EstimationRefusal(
            "The standard deviation must be above zero and the correlation between 0 and 1.",
            "Declare them from a population measured twice, or leave the correlation out for a range.",
        )


def _pairs(before: ArrayLike, after: ArrayLike) -> tuple[Array, Array, int]:
    first, second = np.asarray(before, dtype=float), np.asarray(after, dtype=float)
    both = np.isfinite(first) & np.isfinite(second)
    if both.sum() < 2:
        raise EstimationRefusal(
            "Fewer than two people were measured both before and after.", "Describe the measurements you have."
        )
    # Sorted, so that the order of rows does not matter to the last bit.
    order = np.lexsort((second[both], first[both]))
    return first[both][order], second[both][order], int((~both).sum())
