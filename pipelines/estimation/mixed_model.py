"""Linear models whose errors are correlated between waves: restricted maximum likelihood with Satterthwaite's df."""

from dataclasses import dataclass
from math import log, pi, sqrt
from typing import Literal

import numpy as np
from numpy.typing import ArrayLike

from pipelines.estimation.arrays import check_independent, groups_of, numbers_of
from pipelines.estimation.clustered_rows import Pattern, patterns_of
from pipelines.estimation.newton import Derivatives, NotConverged, inverse, maximise
from pipelines.estimation.refusal import EstimationRefusal
from pipelines.estimation.result import Inference
from pipelines.estimation.sample import Array
from pipelines.estimation.welch import t_inference

Structure = Literal["random_intercept", "unstructured"]


@dataclass(frozen=True)
class MixedFit:
    """A linear model with correlated errors, by restricted maximum likelihood.

    Parameters
    ----------
    coefficients : array, shape (k,)
        Generalised least squares.
    covariance : array, shape (k, k)
        From the model.
    errors : array, shape (waves, waves)
        Covariance between waves.
    restricted_log_likelihood : float
        At the maximum, with constants.
    people : int
        People.
    sensitivity : array, shape (parameters, k, k)
        How `covariance` moves with each covariance parameter, for Satterthwaite's degrees of freedom.
    parameter_covariance : array, shape (parameters, parameters)
        Of the covariance parameters.
    """

    coefficients: Array
    covariance: Array
    errors: Array
    restricted_log_likelihood: float
    people: int
    sensitivity: Array
    parameter_covariance: Array

    def contrast(self, weights: ArrayLike, level: float = 0.95) -> Inference:
        """Weighted sum of coefficients, with a t interval on Satterthwaite's degrees of freedom."""
        c = np.asarray(weights, dtype=float)
        variance = float(c @ self.covariance @ c)
        slope = np.einsum("i,rij,j->r", c, self.sensitivity, c)
        df = 2 * variance**2 / float(slope @ self.parameter_covariance @ slope)
        return t_inference(float(c @ self.coefficients), sqrt(variance), df, level)


def mixed_model(
    person: ArrayLike,
    wave: ArrayLike,
    columns: ArrayLike,
    outcome: ArrayLike,
    structure: Structure = "unstructured",
) -> MixedFit:
    """Fit a linear model for repeated measures by restricted maximum likelihood (REML).

    Rows that are missing at some waves are missing at random, given what was seen of the person.

    Parameters
    ----------
    person, wave : arrays, shape (n,)
        Labels; waves sort in their order.
    columns : array of float, shape (n, k)
        Regressors with the constant, of full rank.
    outcome : array of float, shape (n,)
        Outcome.
    structure : {'unstructured', 'random_intercept'}
        Any covariance between waves, or one person effect (which may be negative: compound symmetry).

    Returns
    -------
    MixedFit
        Coefficients, covariance and what Satterthwaite needs.

    Raises
    ------
    EstimationRefusal
        If there are too few people for the structure, or the likelihood has no maximum.
    ValueError
        If somebody is seen twice at one wave.

    References
    ----------
    Laird & Ware 1982, Biometrics 38:963-974; Mallinckrodt et al. 2008, Drug Information Journal 42:303-319 (mixed model
    for repeated measures); Satterthwaite 1946; Fai & Cornelius 1996, J Stat Comput Simul 54:363-378.
    """
    x, y = numbers_of(columns=columns, outcome=outcome)
    check_independent(x)
    code, people = groups_of(person, len(y))
    at, waves = groups_of(wave, len(y))
    spread = float(y.std()) or 1.0
    patterns = patterns_of(code, at, x, y / spread)
    basis = _basis(waves, structure)
    if people <= len(basis) or people <= waves:
        raise EstimationRefusal(
            "There are too few people for a covariance between this many waves.",
            "Use generalised estimating equations with a bias-corrected error, or fewer waves.",
        )
    model = _Model(patterns, basis, len(y), x.shape[1])
    try:
        top = maximise(model.derivatives, _start(patterns, x, y / spread, structure, waves))
        parameter_covariance = inverse(model.information(top.parameters))
    except (NotConverged, np.linalg.LinAlgError):
        raise EstimationRefusal(
            "The mixed model could not be fitted: the waves may be copies of each other.",
            "Use generalised estimating equations with a bias-corrected error.",
        ) from None
    beta, covariance, sensitivity = model.solution(top.parameters)
    return MixedFit(
        beta * spread,
        covariance * spread**2,
        np.tensordot(top.parameters, basis, 1) * spread**2,
        top.value - (len(y) - x.shape[1]) * log(spread),
        people,
        sensitivity * spread**2,
        parameter_covariance,
    )


@dataclass(frozen=True)
class _Model:
    patterns: tuple[Pattern, ...]
    basis: Array
    rows: int
    k: int

    def _parts(self, parameters: Array) -> list[tuple[Pattern, Array, Array]]:
        """Each pattern with the inverse of its covariance and its share of the basis; refuses what is no covariance."""
        whole = np.tensordot(parameters, self.basis, 1)
        found = []
        for p in self.patterns:
            chosen = np.ix_(p.waves, p.waves)
            root = np.linalg.cholesky(whole[chosen])
            half = np.linalg.inv(root)
            found.append((p, half.T @ half, self.basis[:, p.waves[:, None], p.waves[None, :]]))
        return found

    def _solve(self, parts: list[tuple[Pattern, Array, Array]]) -> tuple[Array, Array]:
        bread = np.asarray(sum(np.einsum("gmk,mn,gnl->kl", p.columns, v, p.columns) for p, v, _ in parts))
        meat = np.asarray(sum(np.einsum("gmk,mn,gn->k", p.columns, v, p.outcome) for p, v, _ in parts))
        covariance = inverse(bread)
        return covariance @ meat, covariance

    def derivatives(self, parameters: Array) -> Derivatives:
        try:
            parts = self._parts(parameters)
        except np.linalg.LinAlgError:
            return -np.inf, np.zeros_like(parameters), np.eye(len(parameters))
        beta, covariance = self._solve(parts)
        value = -0.5 * (self.rows - self.k) * log(2 * pi) + 0.5 * float(np.linalg.slogdet(covariance)[1])
        score = np.zeros_like(parameters)
        for p, v, q in parts:
            residuals = p.outcome - p.columns @ beta
            w = residuals @ v
            value += 0.5 * len(residuals) * float(np.linalg.slogdet(v)[1]) - 0.5 * float((w * residuals).sum())
            score += 0.5 * np.einsum("gm,rmn,gn->r", w, q, w)
            score -= 0.5 * len(residuals) * np.einsum("mn,rnm->r", v, q)
            score += 0.5 * self._moved(p, v, q, covariance)
        return value, score, self.information(parameters)

    def _moved(self, p: Pattern, v: Array, q: Array, covariance: Array) -> Array:
        z = np.einsum("mn,gnk->gmk", v, p.columns)
        spread = np.einsum("gmk,kl,gnl->mn", z, covariance, z)
        return np.asarray(np.einsum("mn,rnm->r", spread, q))

    def information(self, parameters: Array) -> Array:
        """Expected information of the restricted likelihood, from tr(P Q_r P Q_s) / 2."""
        parts = self._parts(parameters)
        _, covariance = self._solve(parts)
        total = np.zeros((len(parameters), len(parameters)))
        linear = np.zeros((len(parameters), self.k, self.k))
        for p, v, q in parts:
            z = np.einsum("mn,gnk->gmk", v, p.columns)
            vq = np.einsum("mn,rnp->rmp", v, q)
            total += len(p.outcome) * np.einsum("rmn,snm->rs", vq, vq)
            spread = np.einsum("gmk,kl,gnl->mn", z, covariance, z)
            total -= 2 * np.einsum("rmn,snp,pm->rs", q, np.einsum("snp->snp", np.einsum("mn,snp->smp", v, q)), spread)
            linear += np.einsum("gmk,rmn,gnl->rkl", z, q, z)
        moved = np.einsum("kl,rlm->rkm", covariance, linear)
        return np.asarray((total + np.einsum("rkl,slk->rs", moved, moved)) / 2)

    def solution(self, parameters: Array) -> tuple[Array, Array, Array]:
        """Coefficients, their covariance, and how it moves with each parameter."""
        parts = self._parts(parameters)
        beta, covariance = self._solve(parts)
        linear = np.zeros((len(parameters), self.k, self.k))
        for p, v, q in parts:
            z = np.einsum("mn,gnk->gmk", v, p.columns)
            linear += np.einsum("gmk,rmn,gnl->rkl", z, q, z)
        return beta, covariance, np.einsum("kl,rlm,mn->rkn", covariance, linear, covariance)


def _basis(waves: int, structure: Structure) -> Array:
    """Symmetric matrices whose weighted sum is the covariance; shape (parameters, waves, waves)."""
    if structure == "random_intercept":
        return np.array([np.eye(waves), np.ones((waves, waves))])
    found = []
    for i in range(waves):
        for j in range(i + 1):
            one = np.zeros((waves, waves))
            one[i, j] = one[j, i] = 1.0
            found.append(one)
    return np.array(found)


def _start(patterns: tuple[Pattern, ...], x: Array, y: Array, structure: Structure, waves: int) -> Array:
    """Residual variance of each wave on the diagonal: certainly a covariance."""
    beta = np.linalg.lstsq(x, y, rcond=None)[0]
    sums, counts = np.zeros(waves), np.zeros(waves)
    for p in patterns:
        sums[p.waves] += ((p.outcome - p.columns @ beta) ** 2).sum(axis=0)
        counts[p.waves] += len(p.outcome)
    spread = np.maximum(sums / np.maximum(counts, 1), 1e-8)
    if structure == "random_intercept":
        return np.array([float(spread.mean()), 0.0])
    return np.array([spread[i] if i == j else 0.0 for i in range(waves) for j in range(i + 1)])
