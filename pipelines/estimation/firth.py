"""Logistic regression for rare events and separated data: Firth's penalised likelihood, with profile intervals."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike
from scipy.special import expit
from scipy.stats import chi2

from pipelines.estimation.arrays import check_binary, check_independent, numbers_of
from pipelines.estimation.newton import Derivatives, NotConverged, inverse, maximise
from pipelines.estimation.refusal import EstimationRefusal
from pipelines.estimation.result import Inference
from pipelines.estimation.sample import Array

STEP = 5.0


@dataclass(frozen=True)
class FirthFit:
    """A penalised logistic regression.

    Parameters
    ----------
    terms : tuple of Inference, length k
        Log odds per unit of each column; `lower` and `upper` by profile penalised likelihood, `statistic` (chi-square,
        1 df) and `p` by the penalised likelihood ratio. A limit is None where the profile is flat for ever.
    penalised_log_likelihood : float
        At the maximum.
    """

    terms: tuple[Inference, ...]
    penalised_log_likelihood: float


def firth(columns: ArrayLike, outcome: ArrayLike, level: float = 0.95) -> FirthFit:
    """Logistic regression with Firth's penalty: finite whatever the data, and less biased when events are few.

    Parameters
    ----------
    columns : array of float, shape (n, k)
        Regressors with the constant, of full rank.
    outcome : array of float, shape (n,)
        0 or 1.
    level : float
        Confidence level.

    Returns
    -------
    FirthFit
        Log odds.

    Raises
    ------
    EstimationRefusal
        If columns are linearly dependent, or the climb does not end.
    ValueError
        If the outcome is not 0 and 1.

    References
    ----------
    Firth 1993, Biometrika 80:27-38; Heinze & Schemper 2002, Statistics in Medicine 21:2409-2419.
    """
    x, y = numbers_of(columns=columns, outcome=outcome)
    check_binary(y, "outcome")
    check_independent(x)
    size = np.abs(x).max(axis=0)
    model = _Model(x / size, y)
    try:
        top = maximise(model.derivatives, np.zeros(x.shape[1]), STEP)
        ses = np.sqrt(np.diag(inverse(model.information(top.parameters))))
        terms = tuple(
            model.term(j, top.parameters, top.value, float(ses[j]), level, float(size[j])) for j in range(x.shape[1])
        )
    except NotConverged:
        raise EstimationRefusal(
            "The penalised logistic regression could not be fitted.", "Use fewer covariates, or the exact odds ratio."
        ) from None
    return FirthFit(terms, top.value)


@dataclass(frozen=True)
class _Model:
    x: Array
    y: Array

    def derivatives(self, b: Array) -> Derivatives:
        """Penalised log-likelihood, its score, and the curvature of its data-augmentation form (Heinze & Schemper)."""
        eta = self.x @ b
        p = expit(eta)
        weight = p * (1 - p)
        information = (self.x * weight[:, None]).T @ self.x
        sign, determinant = np.linalg.slogdet(information)
        if sign <= 0:
            return -np.inf, np.zeros_like(b), information
        hat = np.einsum("ij,ij->i", self.x @ np.linalg.inv(information), self.x) * weight
        score = self.x.T @ (self.y - p + hat * (0.5 - p))
        # With the leverages held fixed, the penalty is half an event and half a non-event per unit of leverage: this
        # curvature, unlike the information alone, makes the climb nearly Newton's.
        curvature = (self.x * (weight * (1 + hat))[:, None]).T @ self.x
        return float((self.y * eta - np.logaddexp(0, eta)).sum() + determinant / 2), score, curvature

    def information(self, b: Array) -> Array:
        """Information of the unpenalised likelihood, whose inverse gives standard errors."""
        p = expit(self.x @ b)
        return np.asarray((self.x * (p * (1 - p))[:, None]).T @ self.x)

    def profile(self, position: int, fixed: float, start: Array) -> tuple[float, Array]:
        """Highest penalised log-likelihood with one coefficient fixed, and where."""
        others = np.arange(len(start)) != position

        def put(rest: Array) -> Array:
            whole = np.empty(len(start))
            whole[others], whole[position] = rest, fixed
            return whole

        def part(rest: Array) -> Derivatives:
            value, score, information = self.derivatives(put(rest))
            return value, score[others], information[np.ix_(others, others)]

        if not others.any():
            return self.derivatives(np.array([fixed]))[0], np.array([fixed])
        top = maximise(part, start[others], STEP)
        return top.value, put(top.parameters)

    def term(self, position: int, top: Array, value: float, se: float, level: float, size: float) -> Inference:
        statistic = float(max(0.0, 2 * (value - self.profile(position, 0.0, top)[0])))
        lower, upper = (self._limit(position, top, value, sign * se, level) for sign in (-1, 1))
        return Inference(
            float(top[position] / size),
            se / size,
            None if lower is None else lower / size,
            None if upper is None else upper / size,
            statistic,
            1.0,
            float(chi2.sf(statistic, 1)),
        )

    def _height(self, position: int, fixed: float, start: Array) -> float:
        """Profile; very low where risks are so near 0 and 1 that the information, and with it the penalty, vanishes."""
        try:
            return self.profile(position, fixed, start)[0]
        except NotConverged:
            return -1e6

    def _limit(self, position: int, top: Array, value: float, step: float, level: float) -> float | None:
        from scipy.optimize import brentq

        target, at = value - chi2.ppf(level, 1) / 2, top
        near, far = float(top[position]), float(top[position]) + 2 * step
        for _ in range(12):
            if self._height(position, far, at) < target:
                found = brentq(lambda b: self._height(position, b, at) - target, near, far, xtol=1e-9)
                return float(found)
            near, far = far, far + 2 * (far - float(top[position]))
        return None
