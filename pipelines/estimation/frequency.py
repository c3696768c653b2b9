"""Frequency of reoffending, per person and per reoffender: two numbers that share a name and must not be mixed up."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike

from pipelines.estimation.arrays import arms_of, check_counts, numbers_of
from pipelines.estimation.result import Inference
from pipelines.estimation.sample import Array
from pipelines.estimation.welch import difference, log_ratio

PER_PERSON = "reoffences per person in the group"
PER_REOFFENDER = "reoffences per reoffender"
CONDITIONAL = (
    "Reoffences per reoffender compares only those who reoffended in each arm. If the programme changed who "
    "reoffends, these are different kinds of people: it describes, it is not an effect. Read it beside the number of "
    "reoffences per person, which keeps everyone."
)
DRAWS = 9_999


@dataclass(frozen=True)
class Frequency:
    """One group's frequencies.

    Parameters
    ----------
    people, reoffenders, reoffences : int
        Counts.
    per_person, per_reoffender : float or None
        Reoffences over people; reoffences over reoffenders (None if there are none).
    """

    people: int
    reoffenders: int
    reoffences: int
    per_person: float
    per_reoffender: float | None


@dataclass(frozen=True)
class FrequencyComparison:
    """Two arms' frequencies.

    Parameters
    ----------
    treatment, comparison : Frequency
        Each arm.
    per_person : Inference or None
        Difference, robust (Welch); None if nothing varies.
    per_person_bootstrap : Inference
        The same difference with a bootstrap percentile interval, resampling people within arms.
    per_person_ratio : Inference or None
        Ratio, delta method; `se` on the log scale. None if an arm has no reoffences.
    per_reoffender : Inference or None
        Difference among reoffenders (Welch); conditional, not an effect. None with fewer than two reoffenders in an
        arm, or if nothing varies.
    warnings : tuple of str
        Always says what `per_reoffender` is not.
    """

    treatment: Frequency
    comparison: Frequency
    per_person: Inference | None
    per_person_bootstrap: Inference
    per_person_ratio: Inference | None
    per_reoffender: Inference | None
    warnings: tuple[str, ...]


def frequency(reoffences: int, people: int, reoffenders: int) -> Frequency:
    """Both frequencies from totals.

    Parameters
    ----------
    reoffences, people, reoffenders : int
        Proven reoffences, people followed, and people with at least one.

    Returns
    -------
    Frequency
        205 reoffences by 56 of 100 people: 2.05 per person, 3.66 per reoffender.

    Raises
    ------
    ValueError
        If the totals contradict each other.

    References
    ----------
    Ministry of Justice, Proven Reoffending Statistics: definitions and measurement.
    """
    if (
        not 0 <= reoffenders <= people
        or people == 0
        or reoffences < reoffenders
        or (reoffences > 0) != (reoffenders > 0)
    ):
        raise ValueError("Reoffenders are people, and each has at least one reoffence.")
    each = reoffences / reoffenders if reoffenders else None
    return Frequency(people, reoffenders, reoffences, reoffences / people, each)


def compare_frequency(counts: ArrayLike, treated: ArrayLike, seed: int, level: float = 0.95) -> FrequencyComparison:
    """Compare both frequencies between two arms.

    Parameters
    ----------
    counts : array of int, shape (n,)
        Reoffences per person, 0 for those without any.
    treated : array of bool, shape (n,)
        Arm; at least two people in each.
    seed : int
        Of the bootstrap.
    level : float
        Confidence level.

    Returns
    -------
    FrequencyComparison
        Treatment minus comparison, or over it.

    Raises
    ------
    EstimationRefusal
        If an arm has fewer than two people.
    ValueError
        If counts are impossible.

    References
    ----------
    Welch 1947, Biometrika 34:28-35; Efron & Tibshirani 1993, An Introduction to the Bootstrap, ch. 13.
    """
    (y,) = numbers_of(counts=counts)
    check_counts(y, "counts")
    arm = arms_of(treated, len(y), least=2)
    # Sorted, so that the bootstrap does not depend on the order of rows.
    arms = np.sort(y[arm]), np.sort(y[~arm])
    described = [frequency(int(x.sum()), len(x), int((x > 0).sum())) for x in arms]
    among = arms[0][arms[0] > 0], arms[1][arms[1] > 0]
    return FrequencyComparison(
        described[0],
        described[1],
        _welch(*arms, level),
        _bootstrap(*arms, seed, level),
        _ratio(*arms, level),
        _welch(*among, level) if min(len(x) for x in among) > 1 else None,
        (CONDITIONAL,),
    )


def _welch(treatment: Array, comparison: Array, level: float) -> Inference | None:
    varies = np.ptp(treatment) > 0 or np.ptp(comparison) > 0
    return difference(treatment, comparison, level) if varies else None


def _ratio(treatment: Array, comparison: Array, level: float) -> Inference | None:
    means = treatment.mean(), comparison.mean()
    if min(means) <= 0:
        return None
    relative = sum(x.var(ddof=1) / len(x) / x.mean() ** 2 for x in (treatment, comparison))
    return log_ratio(float(np.log(means[0] / means[1])), float(np.sqrt(relative)), level) if relative > 0 else None


def _bootstrap(treatment: Array, comparison: Array, seed: int, level: float) -> Inference:
    draw = np.random.Generator(np.random.PCG64(seed))
    found = _means(draw, treatment) - _means(draw, comparison)
    lower, upper = np.quantile(found, [(1 - level) / 2, (1 + level) / 2])
    value = float(treatment.mean() - comparison.mean())
    return Inference(value, float(found.std(ddof=1)), float(lower), float(upper))


def _means(draw: np.random.Generator, counts: Array) -> Array:
    """Bootstrap means, by drawing how often each distinct count occurs: memory grows with the counts, not with n."""
    values, times = np.unique(counts, return_counts=True)
    return np.asarray(draw.multinomial(len(counts), times / len(counts), size=DRAWS) @ values / len(counts))
