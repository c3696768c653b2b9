"""The propensity score by logistic regression, and the refusal when covariates tell the arms apart with certainty."""

from dataclasses import dataclass

import numpy as np

from pipelines.estimation.comparison_pool import ComparisonPool, Mask, independent_of_earlier
from pipelines.estimation.refusal import EstimationRefusal
from pipelines.estimation.sample import Array

MAX_ITERATIONS = 60
TOLERANCE = 1e-9
# A logit beyond this while a step still moves somebody by half a unit: the likelihood has no maximum.
FAR_LOGIT = 15.0


@dataclass(frozen=True)
class Propensity:
    """A fitted logistic regression of treatment on covariates.

    Parameters
    ----------
    intercept : float
        On the logit scale.
    coefficients : mapping of str to float
        Per unit of each column that was used.
    standard_errors : mapping of str to float
        From the inverse of the information.
    dropped : tuple of str
        Columns that are constant, or combinations of earlier ones.
    score, logit : array of float, shape (n,)
        Probability of treatment and its logit, in the pool's order (of keys).
    design : array of float, shape (n, p)
        Intercept and standardised columns, as fitted.
    information_inverse : array of float, shape (p, p)
        Inverse of the information for `design`.
    iterations : int
        Newton steps taken.
    """

    intercept: float
    coefficients: dict[str, float]
    standard_errors: dict[str, float]
    dropped: tuple[str, ...]
    score: Array
    logit: Array
    design: Array
    information_inverse: Array
    iterations: int


def propensity(pool: ComparisonPool) -> Propensity:
    """Fit the probability of treatment by logistic regression (Newton's method).

    Parameters
    ----------
    pool : ComparisonPool
        n people, k covariates.

    Returns
    -------
    Propensity
        Maximum likelihood, converged.

    Raises
    ------
    EstimationRefusal
        If the covariates separate the arms, wholly or for some people, so that no maximum exists; or no covariate
        varies.

    References
    ----------
    Rosenbaum & Rubin 1983, Biometrika 70:41-55; Albert & Anderson 1984, Biometrika 71:1-10 (separation).
    """
    kept = independent_of_earlier(pool.columns)
    if not kept.any():
        raise EstimationRefusal("No covariate varies.", "Declare covariates that differ between people.")
    used = pool.columns[:, kept]
    centre, spread = used.mean(axis=0), used.std(axis=0)
    design = np.column_stack([np.ones(len(used)), (used - centre) / spread])
    names = [name for name, keep in zip(pool.names, kept, strict=True) if keep]
    beta, inverse, iterations = _newton(design, pool.treated, names)
    logit = design @ beta
    slopes, se = beta[1:] / spread, np.sqrt(np.diag(inverse)[1:]) / spread
    return Propensity(
        float(beta[0] - slopes @ centre),
        dict(zip(names, map(float, slopes), strict=True)),
        dict(zip(names, map(float, se), strict=True)),
        tuple(name for name, keep in zip(pool.names, kept, strict=True) if not keep),
        _sigmoid(logit),
        logit,
        design,
        inverse,
        iterations,
    )


def _newton(design: Array, treated: Mask, names: list[str]) -> tuple[Array, Array, int]:
    """Return coefficients, inverse information and the number of steps."""
    beta = np.zeros(design.shape[1])
    likelihood = _log_likelihood(design @ beta, treated)
    for iteration in range(1, MAX_ITERATIONS + 1):
        logit = design @ beta
        step, inverse = _step(design, logit, treated, names)
        if np.abs(step).max() < TOLERANCE:
            return beta + step, inverse, iteration
        _refuse_separation(design, logit, step, treated, names)
        beta, likelihood = _damped(design, beta, step, treated, likelihood)
    raise EstimationRefusal(
        "The propensity score could not be fitted: its equations did not settle.",
        "Use fewer covariates, or merge rare categories.",
    )


def _step(design: Array, logit: Array, treated: Mask, names: list[str]) -> tuple[Array, Array]:
    score = _sigmoid(logit)
    information = design.T @ (design * (score * (1 - score))[:, None])
    gradient = design.T @ (treated - score)
    try:
        inverse = np.linalg.inv(information)
    except np.linalg.LinAlgError:
        raise _separated(names, whole=False) from None
    return inverse @ gradient, np.asarray(inverse, dtype=float)


def _damped(design: Array, beta: Array, step: Array, treated: Mask, likelihood: float) -> tuple[Array, float]:
    """Halve the step until the likelihood does not fall (beyond rounding)."""
    size = 1.0
    while True:
        tried = beta + size * step
        found = _log_likelihood(design @ tried, treated)
        if found >= likelihood - 1e-9 * (1 + abs(likelihood)) or size < 1e-6:
            return tried, found
        size /= 2


def _refuse_separation(design: Array, logit: Array, step: Array, treated: Mask, names: list[str]) -> None:
    """Refuse when the step is a direction along which the likelihood rises for ever.

    Such a direction pushes nobody towards the wrong arm and somebody towards the right one (Albert & Anderson 1984).
    """
    movement = np.where(treated, 1.0, -1.0) * (design @ step)
    if np.abs(logit).max() < FAR_LOGIT or movement.max() < 0.5:
        return
    if movement.min() < -1e-4 * movement.max():
        return
    guilty = np.abs(step[1:]) > 0.01 * np.abs(step[1:]).max()
    raise _separated([name for name, blamed in zip(names, guilty, strict=True) if blamed], bool(movement.min() > 0.1))


def _separated(names: list[str], whole: bool) -> EstimationRefusal:
    how = "Nobody in one arm is like anybody in the other" if whole else "Some people have no like in the other arm"
    return EstimationRefusal(
        f"There is no overlap. {how}: these covariates tell with certainty who was treated: {', '.join(names)}.",
        "Leave out what only treated people can have, merge rare categories, or limit both arms, by a rule declared "
        "beforehand, to people who could have been in either; otherwise describe and do not compare.",
    )


def _sigmoid(logit: Array) -> Array:
    positive = np.exp(-np.abs(logit))
    return np.where(logit >= 0, 1 / (1 + positive), positive / (1 + positive))


def _log_likelihood(logit: Array, treated: Mask) -> float:
    return float(-np.logaddexp(0.0, np.where(treated, -logit, logit)).sum())
