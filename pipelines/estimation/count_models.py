"""Regression for counts with exposure: Poisson, quasi-Poisson, and negative binomial (NB2)."""

from dataclasses import dataclass
from math import sqrt

import numpy as np
from numpy.typing import ArrayLike
from scipy.special import digamma, gammaln, polygamma

from pipelines.estimation.arrays import check_counts, check_independent, numbers_of
from pipelines.estimation.newton import Derivatives, Maximum, NotConverged, inverse, maximise
from pipelines.estimation.refusal import EstimationRefusal
from pipelines.estimation.result import Inference
from pipelines.estimation.sample import Array
from pipelines.estimation.welch import z_inference

NO_MAXIMUM = "The counts cannot be fitted: for instance, a group in the model has no events at all."
INSTEAD = "Compare the two rates by the exact conditional interval, or use fewer covariates."


@dataclass(frozen=True)
class CountFit:
    """A log-linear regression of counts.

    Parameters
    ----------
    coefficients : array, shape (k,)
        Log rate per unit of each column.
    covariance, robust : array, shape (k, k)
        Inverse information (of the expected kind for Poisson, observed for NB2), and the sandwich with n / (n - k)
        (HC1).
    log_likelihood : float
        With the factorials.
    fitted : array, shape (n,)
        Expected counts.
    leverage : array, shape (n,)
        Diagonal of the weighted hat matrix.
    dispersion : float
        Pearson chi-square over n - k. Its square root multiplies Poisson standard errors (quasi-Poisson).
    alpha, alpha_se : float or None
        NB2 only: variance is mu + alpha mu^2. Standard error None where alpha is 0 (no overdispersion left).
    """

    coefficients: Array
    covariance: Array
    robust: Array
    log_likelihood: float
    fitted: Array
    leverage: Array
    dispersion: float
    alpha: float | None = None
    alpha_se: float | None = None

    def log_rate_ratio(self, position: int, level: float = 0.95, error: str = "model") -> Inference:
        """Log rate ratio of one column; `error` is 'model', 'quasi' (times sqrt(dispersion)) or 'robust'."""
        variance = (self.robust if error == "robust" else self.covariance)[position, position]
        inflate = {"model": 1.0, "quasi": sqrt(self.dispersion), "robust": 1.0}[error]
        return z_inference(float(self.coefficients[position]), inflate * sqrt(float(variance)), level)


def poisson(columns: ArrayLike, counts: ArrayLike, exposure: ArrayLike | None = None) -> CountFit:
    """Poisson regression with log link.

    Parameters
    ----------
    columns : array of float, shape (n, k)
        Regressors with the constant, of full rank.
    counts : array of int, shape (n,)
        Events per person.
    exposure : array of float, shape (n,), optional
        Time at risk per person, above zero; enters as offset log(exposure).

    Returns
    -------
    CountFit
        Log rates per unit of exposure.

    Raises
    ------
    EstimationRefusal
        If there is no maximum (a group without events) or columns are dependent.
    ValueError
        If counts or exposure are impossible.

    References
    ----------
    Nelder & Wedderburn 1972, JRSS A 135:370-384; Gourieroux, Monfort & Trognon 1984, Econometrica 52:701-720 (robust);
    McCullagh & Nelder 1989, section 6.2 (dispersion).
    """
    x, y, offset = _checked(columns, counts, exposure)
    top, size = _climb(x, lambda z, b: _poisson(z, y, offset, b), _start(x, y, offset))
    beta = top.parameters / size
    mu = np.exp(x @ beta + offset)
    covariance = top.covariance / np.outer(size, size)
    return _fit(x, y, mu, beta, covariance, (y - mu), top.value, mu)


def negative_binomial(columns: ArrayLike, counts: ArrayLike, exposure: ArrayLike | None = None) -> CountFit:
    """Negative binomial regression with variance mu + alpha mu^2 (NB2) and log link.

    Where counts vary no more than Poisson counts, the maximum lies at alpha = 0 and the Poisson fit is returned.

    Parameters, errors as for `poisson`.

    Returns
    -------
    CountFit
        With `alpha`; `covariance` is for the coefficients, allowing for alpha being estimated.

    References
    ----------
    Lawless 1987, Canadian Journal of Statistics 15:209-225; Cameron & Trivedi 2013, Regression Analysis of Count Data,
    section 3.3.
    """
    x, y, offset = _checked(columns, counts, exposure)
    first = poisson(columns, counts, exposure)
    excess = float(((y - first.fitted) ** 2 - y).sum())
    if excess <= 0:
        return CountFit(**{**vars(first), "alpha": 0.0})
    start_alpha = max(excess / float((first.fitted**2).sum()), 1e-3)
    size = np.abs(x).max(axis=0)
    start = np.append(first.coefficients * size, np.log(start_alpha))
    try:
        top = maximise(lambda p: _nb2(x / size, y, offset, p), start, 2.0)
        whole = inverse(top.information)
    except NotConverged:
        raise EstimationRefusal(NO_MAXIMUM, INSTEAD) from None
    beta, alpha = top.parameters[:-1] / size, float(np.exp(top.parameters[-1]))
    mu = np.exp(x @ beta + offset)
    covariance = whole[:-1, :-1] / np.outer(size, size)
    residual, weight = (y - mu) / (1 + alpha * mu), mu / (1 + alpha * mu)
    fit = _fit(x, y, mu, beta, covariance, residual, top.value, weight, alpha)
    return CountFit(**{**vars(fit), "alpha": alpha, "alpha_se": alpha * sqrt(float(whole[-1, -1]))})


def _checked(columns: ArrayLike, counts: ArrayLike, exposure: ArrayLike | None) -> tuple[Array, Array, Array]:
    time = np.ones(len(np.asarray(counts))) if exposure is None else exposure
    x, y, t = numbers_of(columns=columns, counts=counts, exposure=time)
    check_counts(y, "counts")
    if (t <= 0).any():
        raise ValueError("Exposure must be above zero: leave out those who were never at risk.")
    check_independent(x)
    if not y.any():
        raise EstimationRefusal(NO_MAXIMUM, INSTEAD)
    if len(x) <= x.shape[1]:
        raise EstimationRefusal("There are no more people than terms in the model.", "Use fewer covariates.")
    return x, y, np.log(t)


def _start(x: Array, y: Array, offset: Array) -> Array:
    """Least squares on the log of the shrunken rate: near enough to the top that no step overflows."""
    crude = y.sum() / np.exp(offset).sum()
    target = np.log((y + 0.5) / (np.exp(offset) + 0.5 / crude))
    return np.asarray(np.linalg.lstsq(x, target, rcond=None)[0])


def _climb(x: Array, evaluate: object, start: Array) -> tuple[Maximum, Array]:
    size = np.abs(x).max(axis=0)
    try:
        top = maximise(lambda b: evaluate(x / size, b), start * size, 5.0)  # type: ignore[operator]
        inverse(top.information)
    except NotConverged:
        raise EstimationRefusal(NO_MAXIMUM, INSTEAD) from None
    return top, size


def _poisson(x: Array, y: Array, offset: Array, b: Array) -> Derivatives:
    eta = np.minimum(x @ b + offset, 500.0)
    mu = np.exp(eta)
    return float((y * eta - mu - gammaln(y + 1)).sum()), x.T @ (y - mu), (x * mu[:, None]).T @ x


def _nb2(x: Array, y: Array, offset: Array, parameters: Array) -> Derivatives:
    """NB2 in (coefficients, log alpha), with the observed information."""
    eta = np.minimum(x @ parameters[:-1] + offset, 500.0)
    mu, r = np.exp(eta), float(np.exp(-np.clip(parameters[-1], -30, 30)))
    both = r + mu
    value = (gammaln(y + r) - gammaln(r) - gammaln(y + 1) - r * np.log1p(mu / r) + y * (eta - np.log(both))).sum()
    by_r = float((digamma(y + r) - digamma(r) - np.log1p(mu / r) + 1 - (r + y) / both).sum())
    by_r_twice = float((polygamma(1, y + r) - polygamma(1, r) + 1 / r - 1 / both - (mu - y) / both**2).sum())
    k = x.shape[1]
    information = np.empty((k + 1, k + 1))
    information[:k, :k] = (x * (mu * r * (r + y) / both**2)[:, None]).T @ x
    information[:k, k] = information[k, :k] = r * (x.T @ ((y - mu) * mu / both**2))
    information[k, k] = -(r**2 * by_r_twice + r * by_r)
    return float(value), np.append(x.T @ ((y - mu) * r / both), -r * by_r), information


def _fit(
    x: Array,
    y: Array,
    mu: Array,
    beta: Array,
    covariance: Array,
    residual: Array,
    value: float,
    weight: Array,
    alpha: float = 0.0,
) -> CountFit:
    n, k = x.shape
    bread = inverse((x * weight[:, None]).T @ x)
    scores = x * residual[:, None]
    robust = bread @ (scores.T @ scores) @ bread * (n / (n - k))
    leverage = np.einsum("ij,ij->i", x @ bread, x) * weight
    dispersion = float(((y - mu) ** 2 / (mu + alpha * mu**2)).sum() / (n - k))
    return CountFit(beta, covariance, robust, value, mu, leverage, dispersion)
