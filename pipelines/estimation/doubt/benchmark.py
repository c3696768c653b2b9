"""Omitted variables measured against known ones: something k times as strong as a covariate that we have."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from math import sqrt

import numpy as np

from pipelines.estimation.doubt.omitted_variable import Robustness, adjusted_for_omitted, robustness
from pipelines.estimation.doubt.wording import figure, interval
from pipelines.estimation.refusal import EstimationRefusal
from pipelines.estimation.result import Inference
from pipelines.estimation.sample import Array

DECIDED = "The covariates decide who is in the pilot group, or the outcome, completely."


@dataclass(frozen=True)
class Benchmark:
    """An omitted variable `times` as strong as a covariate (or group of covariates).

    Parameters
    ----------
    name : str
        The covariate.
    times, times_outcome : float
        How many times as strong with treatment, and with the outcome.
    r2_treatment, r2_outcome : float or None
        Largest partial R2 that such a variable can have; None when none can be so strong. The second is cut at 1.
    result : Inference or None
        The estimate with such a variable in the regression; None when there can be none.
    """

    name: str
    times: float
    times_outcome: float
    r2_treatment: float | None
    r2_outcome: float | None
    result: Inference | None


@dataclass(frozen=True)
class Benchmarked:
    """A regression coefficient, its robustness and its benchmarks.

    Parameters
    ----------
    robustness : Robustness
        Of the coefficient on treatment.
    benchmarks : tuple of Benchmark
        Covariates in the order given, each with every `times`.
    level : float
        Confidence level of the benchmarks' intervals.
    """

    robustness: Robustness
    benchmarks: tuple[Benchmark, ...]
    level: float

    @property
    def sentence(self) -> str:
        """The weakest benchmark that would change the reading, or the strongest that would not."""
        found = [b for b in self.benchmarks if b.result is not None]
        if not found:
            return self.robustness.sentence
        sign = 1.0 if self.robustness.estimate >= 0 else -1.0
        breaking = [b for b in found if _nearer(b, sign) <= 0]
        if self.robustness.value_alpha == 0:
            chosen, end = _strongest(found, sign), ": the interval includes no difference with or without it"
        elif breaking:
            chosen, end = (
                min(breaking, key=lambda b: (b.times, b.name)),
                ", and the interval would include no difference",
            )
        else:
            chosen, end = _strongest(found, sign), ", and the interval would still not include no difference"
        shown = chosen.result or Inference(None)
        return (
            f"Were something not measured {figure(chosen.times)} times as strongly linked to the pilot group and to "
            f"the outcome as '{chosen.name}' is, the difference could shrink to {figure(shown.value or 0.0)} "
            f"(interval {interval(shown.lower, shown.upper)}){end}."
        )


def benchmark(
    outcome: Array,
    treatment: Array,
    covariates: Array,
    groups: Mapping[str, Sequence[int]],
    times: Sequence[float] = (1.0, 2.0, 3.0),
    times_outcome: Sequence[float] | None = None,
    q: float = 1.0,
    level: float = 0.95,
) -> Benchmarked:
    """Bounds on omitted variables by covariates of the same regression.

    Parameters
    ----------
    outcome, treatment : array of float, shape (n,)
        Outcome, and treatment (an indicator or a dose).
    covariates : array of float, shape (n, k)
        Covariates without the intercept; they may depend on each other.
    groups : mapping of str to positions
        Columns of each benchmark (several for a category).
    times : sequence of float
        Strengths to try, relative to the benchmark, with treatment.
    times_outcome : sequence of float or None
        The same with the outcome; as `times` when None.
    q, level : float
        As for `robustness`, with alpha = 1 - level.

    Returns
    -------
    Benchmarked

    Raises
    ------
    EstimationRefusal
        If covariates decide treatment or outcome, or too few people are left over.
    ValueError
        If `times` and `times_outcome` differ in number, or a strength is below zero.

    References
    ----------
    Cinelli & Hazlett 2020, JRSS B 82:39-67, section 4.4 and appendix B.2.
    """
    strengths = list(zip(times, times if times_outcome is None else times_outcome, strict=True))
    if any(min(pair) < 0 for pair in strengths):
        raise ValueError("A covariate cannot be less than zero times as strong.")
    fit = _coefficient(outcome, treatment, covariates, q, 1 - level)
    shares = {name: _partials(outcome, treatment, covariates, list(columns)) for name, columns in groups.items()}
    rows = (_bound(fit, name, pair, shares[name], level) for name in groups for pair in strengths)
    return Benchmarked(fit, tuple(rows), level)


def _coefficient(outcome: Array, treatment: Array, covariates: Array, q: float, alpha: float) -> Robustness:
    left, rank = _leftover(covariates, np.column_stack([outcome, treatment]))
    y, d = left.T
    df = len(outcome) - rank - 1
    if df < 2 or _trace(d, treatment) or _trace(y - d * (d @ y) / (d @ d), outcome):
        raise EstimationRefusal(DECIDED, "Use fewer covariates, or read the unadjusted difference.")
    slope = float(d @ y / (d @ d))
    residual = y - slope * d
    return robustness(slope, sqrt(float(residual @ residual) / df / float(d @ d)), df, q, alpha)


def _partials(outcome: Array, treatment: Array, covariates: Array, columns: list[int]) -> tuple[float, float]:
    """Partial R2 of a group of columns with treatment, and with the outcome given treatment."""
    targets = np.column_stack([outcome, treatment])
    without, _ = _leftover(np.delete(covariates, columns, axis=1), targets)
    with_them, _ = _leftover(covariates, targets)
    before, after = _unexplained(without), _unexplained(with_them)
    return 1 - min(after[0] / before[0], 1.0), 1 - min(after[1] / before[1], 1.0)


def _unexplained(left: Array) -> tuple[float, float]:
    """Sums of squares of treatment, and of the outcome once treatment is taken out, both without covariates."""
    y, d = left.T
    return float(d @ d), float(y @ y - (d @ y) ** 2 / (d @ d))


def _leftover(columns: Array, targets: Array) -> tuple[Array, int]:
    """Residuals of targets, shape (n, m), on an intercept and columns that may depend on each other; and the rank."""
    from scipy.linalg import qr

    centred, targets = columns - columns.mean(axis=0), targets - targets.mean(axis=0)
    spread = centred.std(axis=0) if columns.shape[1] else np.ones(0)
    scaled = centred[:, spread > 1e-12] / spread[spread > 1e-12]
    if not scaled.shape[1]:
        return targets, 1
    q, r, _ = qr(scaled, mode="economic", pivoting=True)
    size = np.abs(np.diag(r))
    basis = q[:, size > 1e-9 * size.max()]
    return targets - basis @ (basis.T @ targets), basis.shape[1] + 1


def _trace(residual: Array, original: Array) -> bool:
    """Whether only rounding is left."""
    return bool(residual @ residual <= 1e-18 * max(float(original @ original), 1e-300))


def _bound(
    fit: Robustness, name: str, strength: tuple[float, float], shares: tuple[float, float], level: float
) -> Benchmark:
    (times, times_outcome), (r2_d, r2_y) = strength, shares
    r2_treatment = times * r2_d / (1 - r2_d) if r2_d < 1 else 1.0
    shared = times * r2_d**2 / ((1 - times * r2_d) * (1 - r2_d)) if max(r2_d, times * r2_d) < 1 else 1.0
    if r2_treatment >= 1 or shared >= 1 or r2_y >= 1:
        return Benchmark(name, times, times_outcome, None, None, None)
    r2_outcome = ((sqrt(times_outcome) + sqrt(shared)) / sqrt(1 - shared)) ** 2 * r2_y / (1 - r2_y)
    strongest = min(r2_outcome, 1.0)
    moved = adjusted_for_omitted(fit.estimate, fit.se, fit.df, r2_treatment, strongest, level)
    return Benchmark(name, times, times_outcome, r2_treatment, strongest, moved)


def _strongest(found: Sequence[Benchmark], sign: float) -> Benchmark:
    return min(found, key=lambda b: (_nearer(b, sign), b.name, b.times))


def _nearer(found: Benchmark, sign: float) -> float:
    """Return the limit on the side of zero, counted in the direction of the estimate."""
    limits = [sign * (limit or 0.0) for limit in (found.result.lower, found.result.upper)] if found.result else [0.0]
    return min(limits)
