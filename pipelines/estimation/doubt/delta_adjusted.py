"""Tipping point of a continuous outcome: by how much the missing would have to differ from what is imputed for them."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from math import isfinite
from typing import Literal

import numpy as np
from numpy.random import PCG64, Generator, SeedSequence
from numpy.typing import NDArray

from pipelines.estimation.doubt.imputation_models import impute_normal
from pipelines.estimation.doubt.rubin import imputations_needed, pool
from pipelines.estimation.doubt.wording import figure
from pipelines.estimation.refusal import EstimationRefusal
from pipelines.estimation.result import Inference
from pipelines.estimation.sample import Array
from pipelines.estimation.welch import difference

Where = Literal["treatment", "comparison", "both"]
Estimator = Callable[[Array, NDArray[np.bool_]], Inference]
FEWEST_SPARE = 3
HALVINGS = 60


@dataclass(frozen=True)
class DeltaRow:
    """The pooled estimate when the missing are moved by `delta` from what is imputed for them."""

    delta: float
    result: Inference


@dataclass(frozen=True)
class DeltaAdjusted:
    """Delta-adjusted imputation.

    Parameters
    ----------
    where : {'treatment', 'comparison', 'both'}
        Whose missing outcomes are moved; 'both' moves the treatment arm by delta and the comparison arm by -delta.
    rows : tuple of DeltaRow
        One for each delta asked for, in the unit of the outcome.
    imputed : Inference
        The estimate with delta 0.
    tip : float or None
        The delta nearest to 0, on either side and within the deltas asked for, from which the interval no longer lies
        on the side of zero that it has at delta 0 (or no longer includes zero); None when there is none.
    m : int
        Imputed data sets.
    """

    where: Where
    rows: tuple[DeltaRow, ...]
    imputed: Inference
    tip: float | None
    m: int

    @property
    def sentence(self) -> str:
        """What would change the conclusion, for a manager."""
        whose = {
            "treatment": "the missing outcomes of the treatment arm",
            "comparison": "the missing outcomes of the comparison arm",
            "both": "the missing outcomes of the two arms, in opposite directions,",
        }[self.where]
        if self.tip is None:
            low, high = min(r.delta for r in self.rows), max(r.delta for r in self.rows)
            return (
                f"The conclusion would not change if {whose} were anywhere between {figure(low)} and {figure(high)} "
                "from what is known of similar people."
            )
        side = "higher" if self.tip > 0 else "lower"
        return (
            f"The conclusion would change if {whose} were {figure(abs(self.tip))} {side} than is known of similar "
            "people."
        )


def arm_difference(outcome: Array, treated: NDArray[np.bool_]) -> Inference:
    """Difference in means of the arms: the estimator unless another is given."""
    return difference(outcome[treated], outcome[~treated])


def delta_adjusted(
    outcome: Array,
    treated: NDArray[np.bool_],
    covariates: Array | None,
    deltas: Sequence[float],
    seed: int,
    where: Where = "treatment",
    m: int | None = None,
    estimator: Estimator = arm_difference,
    level: float = 0.95,
) -> DeltaAdjusted:
    """Impute within arms, move what was imputed by delta, estimate and pool; find the delta that tips the conclusion.

    Parameters
    ----------
    outcome : array of float, shape (n,)
        NaN where not known.
    treated : array of bool, shape (n,)
        Arm.
    covariates : array of float, shape (n, k), or None
        Complete covariates that predict the outcome.
    deltas : sequence of float
        Departures to show, in the unit of the outcome; with 0 they span the range that is searched.
    seed : int
        Seed of the draws, which are the same for every delta.
    where : {'treatment', 'comparison', 'both'}
        See `DeltaAdjusted`.
    m : int or None
        Imputed data sets; None for the rule of `imputations_needed`.
    estimator : callable
        From a complete outcome, shape (n,), and treated to an inference with standard error and, or not, df.
    level : float
        Confidence level of the pooled intervals.

    Returns
    -------
    DeltaAdjusted
        People alike in arm, covariates and missing outcome may exchange draws when the order of rows changes.

    Raises
    ------
    EstimationRefusal
        If nothing is missing, a covariate is, or too few outcomes are known in an arm.
    ValueError
        If no delta is given.

    References
    ----------
    Rubin 1987, Multiple Imputation for Nonresponse in Surveys, ch. 6; Cro, Morris, Kenward & Carpenter 2020, Statistics
    in Medicine 39:2815-2842.
    """
    missing = ~np.isfinite(outcome)
    columns = np.empty((len(outcome), 0)) if covariates is None else np.asarray(covariates, dtype=float)
    _check(missing, treated, columns, deltas)
    m = m or imputations_needed(float(missing.mean()))
    copies = _copies(outcome, treated, columns, missing, seed, m)
    sign = np.where(
        treated, 1.0 if where != "comparison" else 0.0, {"treatment": 0, "comparison": 1, "both": -1}[where]
    )
    moves = missing * sign

    def pooled(delta: float) -> Inference:
        found = [estimator(copy + delta * moves, treated) for copy in copies]
        pairs = [(each.value, each.se) for each in found]
        if any(value is None or se is None for value, se in pairs):
            raise ValueError("The estimator must return a value and a standard error.")
        dfs = [each.df for each in found if each.df is not None]
        values, errors = [float(v or 0.0) for v, _ in pairs], [float(se or 0.0) for _, se in pairs]
        return pool(values, [se**2 for se in errors], min(dfs) if dfs else None, level).result

    rows = tuple(DeltaRow(float(delta), pooled(delta)) for delta in deltas)
    imputed = pooled(0.0)
    return DeltaAdjusted(where, rows, imputed, _tip(pooled, imputed, deltas), m)


def _check(missing: NDArray[np.bool_], treated: NDArray[np.bool_], columns: Array, deltas: Sequence[float]) -> None:
    if not len(deltas) or not all(map(isfinite, deltas)):
        raise ValueError("Say which departures to try.")
    if not missing.any():
        raise EstimationRefusal("Every outcome is known.", "There is nothing to impute.")
    if not np.isfinite(columns).all():
        raise EstimationRefusal(
            "A covariate of the imputation is missing for somebody.", "Impute it first, or leave it out."
        )
    if min(int((~missing & arm).sum()) for arm in (treated, ~treated)) < columns.shape[1] + 1 + FEWEST_SPARE:
        raise EstimationRefusal(
            "In an arm too few outcomes are known to impute the others.", "Use fewer covariates, or the worst case."
        )


def _copies(
    outcome: Array, treated: NDArray[np.bool_], columns: Array, missing: NDArray[np.bool_], seed: int, m: int
) -> list[Array]:
    order = np.lexsort([*columns.T, np.where(missing, np.inf, outcome), treated])
    copies = [outcome.copy() for _ in range(m)]
    for copy, sequence in zip(copies, SeedSequence(seed).spawn(m), strict=True):
        rng = Generator(PCG64(sequence))
        for arm in (treated, ~treated):
            known, lost = order[(arm & ~missing)[order]], order[(arm & missing)[order]]
            copy[lost] = impute_normal(columns[known], outcome[known], columns[lost], rng)
    return copies


def _verdict(result: Inference) -> int:
    """1 above zero, -1 below, 0 when the interval includes it."""
    lower, upper = result.lower or 0.0, result.upper or 0.0
    return int(lower > 0) - int(upper < 0)


def _tip(pooled: Callable[[float], Inference], imputed: Inference, deltas: Sequence[float]) -> float | None:
    now = _verdict(imputed)

    def same(delta: float) -> bool:
        return _verdict(pooled(delta)) == now

    found = (_first_change(same, [d for d in deltas if d * side > 0]) for side in (1.0, -1.0))
    return min((tip for tip in found if tip is not None), key=lambda tip: (abs(tip), tip), default=None)


def _first_change(same: Callable[[float], bool], deltas: list[float]) -> float | None:
    """Return the departure nearest to zero that changes the verdict, among or between deltas on one side of zero."""
    last = 0.0
    for delta in sorted(deltas, key=abs):
        if not same(delta):
            return _halve(same, last, delta)
        last = delta
    return None


def _halve(same: Callable[[float], bool], low: float, high: float) -> float:
    """Return the smallest departure that changes the verdict, between one that does not and one that does."""
    for _ in range(HALVINGS):
        middle = (low + high) / 2
        if abs(high - low) <= 1e-6 * abs(high):
            break
        low, high = (middle, high) if same(middle) else (low, middle)
    return high
