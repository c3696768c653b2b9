"""The specification curve: the estimate under every combination of choices that were declared beforehand."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from itertools import product
from math import prod

import numpy as np
from numpy.random import PCG64, Generator

from pipelines.estimation.doubt.placebo import HasInterval
from pipelines.estimation.doubt.wording import counted, figure, share
from pipelines.estimation.refusal import EstimationRefusal

MOST = 10_000
Choices = Mapping[str, Sequence[str]]


@dataclass(frozen=True)
class Specification:
    """One combination of choices and what it gave; `value` None, with a reason, when it was refused."""

    choices: tuple[tuple[str, str], ...]
    value: float | None
    lower: float | None = None
    upper: float | None = None
    reason: str | None = None


@dataclass(frozen=True)
class SpecificationCurve:
    """Every specification.

    Parameters
    ----------
    specifications : tuple of Specification
        All combinations, those with an estimate first, from the smallest to the largest.
    headline : float or None
        The estimate of the combination declared as the main one; None when it was refused or none was declared.
    null : float
        Value of no effect.
    """

    specifications: tuple[Specification, ...]
    headline: float | None
    null: float = 0.0

    @property
    def values(self) -> tuple[float, ...]:
        """Estimates, from the smallest to the largest."""
        return tuple(each.value for each in self.specifications if each.value is not None)

    @property
    def median(self) -> float | None:
        """Middle estimate."""
        return float(np.median(self.values)) if self.values else None

    @property
    def same_sign(self) -> float | None:
        """Share of estimates on the side of no effect where the headline (or else the median) is."""
        centre = self.headline if self.headline is not None else self.median
        if centre is None:
            return None
        return float(np.mean([(value - self.null) * (centre - self.null) > 0 for value in self.values]))

    @property
    def clear(self) -> float | None:
        """Share of intervals that leave out no effect, on the side of `same_sign`; None without intervals."""
        known = [(s.lower, s.upper) for s in self.specifications if s.lower is not None and s.upper is not None]
        centre = self.headline if self.headline is not None else self.median
        if not known or centre is None:
            return None
        above = centre > self.null
        return float(np.mean([(lower > self.null) if above else (upper < self.null) for lower, upper in known]))

    @property
    def sentence(self) -> str:
        """Whether the finding rests on one way of analysing, for a manager."""
        if not self.values:
            return "None of the ways of analysing that were declared gave an estimate."
        said = (
            f"Across {counted(len(self.values), 'way', 'ways')} of analysing that were declared beforehand, the "
            f"estimate runs from {figure(self.values[0])} to {figure(self.values[-1])} (middle "
            f"{figure(self.median or 0.0)}), and {share(self.same_sign or 0.0)} point the same way"
        )
        lost = len(self.specifications) - len(self.values)
        return f"{said}; {lost:,} more gave none." if lost else f"{said}."


@dataclass(frozen=True)
class CurveTest:
    """Simonsohn's joint test: chance, if treatment had no effect for anybody, of a curve as extreme as the one found.

    Parameters
    ----------
    draws : int
        Reassignments.
    p_median, p_same_sign, p_clear : float
        For the distance of the median from no effect, for the number of estimates on the more common side, and for the
        number whose interval leaves out no effect on that side. Ties count, and the actual curve is one of the draws.
    """

    draws: int
    p_median: float
    p_same_sign: float
    p_clear: float


def specification_curve(
    choices: Choices,
    estimator: Callable[[Mapping[str, str]], HasInterval],
    headline: Mapping[str, str] | None = None,
    null: float = 0.0,
) -> SpecificationCurve:
    """Estimate under every combination.

    Parameters
    ----------
    choices : mapping of str to sequence of str
        Options of each choice, declared beforehand.
    estimator : callable
        From one option per choice to an estimate; may raise EstimationRefusal.
    headline : mapping of str to str or None
        The combination of the main analysis.
    null : float
        Value of no effect.

    Returns
    -------
    SpecificationCurve

    Raises
    ------
    EstimationRefusal
        If there are more than 10,000 combinations.
    ValueError
        If a choice has no option, or the headline is not among the combinations.

    References
    ----------
    Simonsohn, Simmons & Nelson 2020, Nature Human Behaviour 4:1208-1214.
    """
    combinations = _combinations(choices)
    if headline is not None and dict(headline) not in combinations:
        raise ValueError("The headline must be one of the combinations.")
    found = [_one(each, estimator) for each in combinations]
    main = next((s.value for s in found if headline is not None and dict(s.choices) == dict(headline)), None)
    ordered = sorted(found, key=lambda s: (s.value is None, s.value if s.value is not None else 0.0, s.choices))
    return SpecificationCurve(tuple(ordered), main, null)


def curve_test(
    choices: Choices,
    estimator: Callable[[Mapping[str, str], np.ndarray], HasInterval],
    actual: np.ndarray,
    reassign: Callable[[Generator], np.ndarray],
    draws: int,
    seed: int,
    null: float = 0.0,
) -> CurveTest:
    """Test all specifications together by reassigning treatment as it was assigned.

    Parameters
    ----------
    choices : mapping of str to sequence of str
        As for `specification_curve`.
    estimator : callable
        From one option per choice, and an assignment, to an estimate.
    actual : array, shape (n,)
        The assignment that happened.
    reassign : callable
        Draws another assignment that could have happened (within blocks, of whole clusters).
    draws, seed : int
        How many reassignments, and their seed.
    null : float
        Value of no effect.

    Returns
    -------
    CurveTest

    Raises
    ------
    EstimationRefusal
        As for `specification_curve`.

    References
    ----------
    Simonsohn, Simmons & Nelson 2020, Nature Human Behaviour 4:1208-1214.
    """
    rng = Generator(PCG64(seed))
    first = _statistics(choices, estimator, actual, null)
    reached = np.ones(3)
    for _ in range(draws):
        reached += _statistics(choices, estimator, reassign(rng), null) >= first - 1e-12 * (1 + np.abs(first))
    return CurveTest(draws, *(float(count) / (draws + 1) for count in reached))


def _statistics(
    choices: Choices, estimator: Callable[[Mapping[str, str], np.ndarray], HasInterval], arm: np.ndarray, null: float
) -> np.ndarray:
    curve = specification_curve(choices, lambda chosen: estimator(chosen, arm), None, null)
    values = np.array(curve.values) - null
    if not len(values):
        return np.zeros(3)
    intervals = [(s.lower, s.upper) for s in curve.specifications if s.lower is not None and s.upper is not None]
    above, below = sum(low > null for low, _ in intervals), sum(high < null for _, high in intervals)
    return np.array([abs(float(np.median(values))), max((values > 0).sum(), (values < 0).sum()), max(above, below)])


def _combinations(choices: Choices) -> list[dict[str, str]]:
    if not choices or any(len(options) == 0 for options in choices.values()):
        raise ValueError("Every choice needs an option.")
    if prod(len(options) for options in choices.values()) > MOST:
        raise EstimationRefusal(f"The choices combine in more than {MOST:,} ways.", "Declare fewer options.")
    return [dict(zip(choices, options, strict=True)) for options in product(*choices.values())]


def _one(chosen: Mapping[str, str], estimator: Callable[[Mapping[str, str]], HasInterval]) -> Specification:
    named = tuple(chosen.items())
    try:
        found = estimator(chosen)
    except EstimationRefusal as refusal:
        return Specification(named, None, reason=refusal.reason)
    if found.value is None:
        return Specification(named, None, reason="The engine gave no estimate.")
    return Specification(named, found.value, found.lower, found.upper)
