"""How much true effects vary between sites: Cochran's Q, and the variance between sites (tau2) with its interval.

Belongs here: estimators of the variance. The average over sites belongs in pooling.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import brentq
from scipy.stats import chi2

from pipelines.estimation.sample import Array
from pipelines.estimation.site_estimates import SiteEstimates

Estimator = Literal["REML", "DerSimonian-Laird", "Paule-Mandel"]

_STEPS = 500
_GRID = 80
_EXACT = 1e-14


@dataclass(frozen=True)
class Homogeneity:
    """Test of the hypothesis that the true effect is the same in every site.

    Parameters
    ----------
    q : float
        Cochran's Q.
    df : int
        Degrees of freedom, number of sites less one.
    p : float
        Upper tail of chi-square. With few sites the test seldom rejects, whatever is true.
    """

    q: float
    df: int
    p: float


def homogeneity(sites: SiteEstimates) -> Homogeneity:
    """Cochran's Q and its p value.

    Parameters
    ----------
    sites : SiteEstimates
        k sites, at least two.

    Returns
    -------
    Homogeneity
        Q is free of units.

    References
    ----------
    Cochran 1954, Biometrics 10:101-129.
    """
    q = generalised_q(0.0, sites)
    return Homogeneity(q, sites.k - 1, float(chi2.sf(q, sites.k - 1)))


def between_variance(sites: SiteEstimates, estimator: Estimator = "REML") -> float:
    """Variance of true effects between sites.

    Parameters
    ----------
    sites : SiteEstimates
        k sites, at least two.
    estimator : str
        'REML' (restricted maximum likelihood), 'DerSimonian-Laird' (moments) or 'Paule-Mandel' (the variance at which
        Q equals its expectation).

    Returns
    -------
    float
        tau2, zero or above, in the squared unit of the estimates.

    Raises
    ------
    ValueError
        With fewer than two sites.

    References
    ----------
    DerSimonian & Laird 1986, Controlled Clinical Trials 7:177-188; Paule & Mandel 1982, Journal of Research of the
    National Bureau of Standards 87:377-385; Viechtbauer 2005, Journal of Educational and Behavioral Statistics
    30:261-293 (REML).
    """
    if sites.k < 2:
        raise ValueError("A variance between sites needs at least two of them.")
    engines: dict[str, Callable[[SiteEstimates], float]] = {
        "REML": reml,
        "DerSimonian-Laird": dersimonian_laird,
        "Paule-Mandel": paule_mandel,
    }
    return engines[estimator](sites)


def generalised_q(tau2: float, sites: SiteEstimates) -> float:
    """Weighted squared distances from the average, with weights 1 / (variance + tau2); it falls as tau2 grows."""
    weights = 1 / (sites.variances + tau2)
    average = (weights * sites.values).sum() / weights.sum()
    return float((weights * (sites.values - average) ** 2).sum())


def dersimonian_laird(sites: SiteEstimates) -> float:
    """Moment estimator; as `between_variance`."""
    weights = 1 / sites.variances
    spread = float(weights.sum() - (weights**2).sum() / weights.sum())
    return max(0.0, (generalised_q(0.0, sites) - (sites.k - 1)) / spread)


def paule_mandel(sites: SiteEstimates) -> float:
    """Variance at which the generalised Q is k - 1; as `between_variance`."""
    return _where_q_is(sites.k - 1, sites)


def reml(sites: SiteEstimates) -> float:
    """Restricted maximum likelihood by Fisher scoring; as `between_variance`.

    The likelihood can have more than one summit, so scoring starts at the best point of a grid; each step is halved
    until it does not go down, and never leaves zero or above.
    """
    grid = _grid(sites)
    tau2 = float(grid[np.argmax(restricted_likelihood(grid, sites))])
    for _ in range(_STEPS):
        step = _uphill(tau2, _fisher_step(tau2, sites), sites)
        tau2 += step
        if abs(step) <= _EXACT * (tau2 + float(sites.variances.min())):
            break
    return tau2


def restricted_likelihood(tau2: Array, sites: SiteEstimates) -> Array:
    """Restricted log-likelihood of variances between sites, up to a constant.

    Parameters
    ----------
    tau2 : array of float, shape (m,)
        Variances to try.
    sites : SiteEstimates
        k sites.

    Returns
    -------
    array of float, shape (m,)
        Log-likelihood, with the average over sites integrated out.
    """
    total = sites.variances[None, :] + np.asarray(tau2, dtype=float).reshape(-1, 1)
    weights = 1 / total
    sums = weights.sum(axis=1)
    averages = (weights * sites.values).sum(axis=1) / sums
    distances = (weights * (sites.values - averages[:, None]) ** 2).sum(axis=1)
    likelihood: Array = -0.5 * (np.log(total).sum(axis=1) + np.log(sums) + distances)
    return likelihood


def _fisher_step(tau2: float, sites: SiteEstimates) -> float:
    """Score over expected information: (y'PPy - tr P) / tr PP."""
    score, information = _score(tau2, sites)
    return score / information


def _score(tau2: float, sites: SiteEstimates) -> tuple[float, float]:
    """Twice the score, and twice the expected information, of the restricted likelihood."""
    weights = 1 / (sites.variances + tau2)
    one, two, three = (float((weights**power).sum()) for power in (1, 2, 3))
    average = (weights * sites.values).sum() / one
    fit = float((weights**2 * (sites.values - average) ** 2).sum())
    return fit - (one - two / one), two - 2 * three / one + (two / one) ** 2


def _uphill(tau2: float, step: float, sites: SiteEstimates) -> float:
    """Shorten a step until it does not lower the likelihood and does not go below zero."""
    step = max(step, -tau2)
    here = _likelihood(tau2, sites)
    while step and _likelihood(tau2 + step, sites) < here:
        step = step / 2 if abs(step) > _EXACT * (tau2 + float(sites.variances.min())) else 0.0
    return step


def _likelihood(tau2: float, sites: SiteEstimates) -> float:
    return float(restricted_likelihood(np.array([tau2]), sites)[0])


def _grid(sites: SiteEstimates) -> NDArray[np.float64]:
    """Zero, and variances from the negligible to one beyond which the likelihood only falls."""
    top = max(float(np.ptp(sites.values)) ** 2, float(sites.variances.max()))
    while _score(top, sites)[0] > 0:
        top *= 4
    bottom = min(float(sites.variances.min()), top) * 1e-4
    return np.concatenate([[0.0], np.geomspace(bottom, top, _GRID)])


def q_profile(sites: SiteEstimates, level: float = 0.95) -> tuple[float, float]:
    """Interval of the variance between sites by Q-profile.

    Parameters
    ----------
    sites : SiteEstimates
        k sites, at least two.
    level : float
        Confidence level.

    Returns
    -------
    tuple of float
        Lower and upper limit, zero or above; (0, 0) when the sites differ even less than chance would make them.

    References
    ----------
    Viechtbauer 2007, Statistics in Medicine 26:37-52.
    """
    quantiles = chi2.ppf((0.5 + level / 2, 0.5 - level / 2), sites.k - 1)
    return _where_q_is(float(quantiles[0]), sites), _where_q_is(float(quantiles[1]), sites)


def profile_likelihood(sites: SiteEstimates, level: float = 0.95) -> tuple[float, float]:
    """Interval of the variance between sites from the restricted likelihood.

    Parameters
    ----------
    sites : SiteEstimates
        k sites, at least two.
    level : float
        Confidence level.

    Returns
    -------
    tuple of float
        The variances nearest to the REML estimate at which the restricted log-likelihood lies half a chi-square
        quantile (one degree of freedom) below its summit; zero where it does not fall that far before.

    References
    ----------
    Hardy & Thompson 1996, Statistics in Medicine 15:619-629.
    """
    summit = reml(sites)
    floor = _likelihood(summit, sites) - float(chi2.ppf(level, 1)) / 2

    def above(tau2: float) -> float:
        return _likelihood(tau2, sites) - floor

    lower = 0.0 if summit == 0 or above(0.0) >= 0 else float(brentq(above, 0.0, summit, xtol=_tiny(sites)))
    far = 2 * summit + float(sites.variances.max())
    while above(far) > 0:
        far *= 2
    return lower, float(brentq(above, summit, far, xtol=_tiny(sites)))


def _where_q_is(target: float, sites: SiteEstimates) -> float:
    """Variance at which the generalised Q comes down to a target; zero when it starts below."""
    if generalised_q(0.0, sites) <= target:
        return 0.0
    far = float(sites.variances.max())
    while generalised_q(far, sites) > target:
        far *= 2
    return float(brentq(lambda tau2: generalised_q(tau2, sites) - target, 0.0, far, xtol=_tiny(sites), rtol=1e-13))


def _tiny(sites: SiteEstimates) -> float:
    """Error that is allowed of a root, far below the smallest variance."""
    return float(sites.variances.min()) * 1e-12
