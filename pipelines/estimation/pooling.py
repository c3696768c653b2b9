"""The average effect over sites, with intervals that allow for sites differing; and for a site yet to come."""

from dataclasses import dataclass
from math import sqrt
from typing import Literal

import numpy as np
from scipy.stats import norm
from scipy.stats import t as student

from pipelines.estimation.between_sites import (
    Estimator,
    Homogeneity,
    between_variance,
    generalised_q,
    homogeneity,
    q_profile,
)
from pipelines.estimation.refusal import EstimationRefusal
from pipelines.estimation.result import Inference
from pipelines.estimation.site_estimates import SiteEstimates
from pipelines.estimation.welch import t_inference, z_inference

Method = Literal["fixed effect"] | Estimator

FEWEST_SITES = 5
"""Fewer show each site and no average: the spread between sites cannot be estimated from so few."""

ALONE = (
    "There is one site only, so there is nothing to average over.",
    "Show the site; an average needs others.",
)


@dataclass(frozen=True)
class Spread:
    """How much of the variation lies between sites; each with the limits that follow from those of tau2.

    Parameters
    ----------
    tau2, i2, h2 : float
        Variance of true effects between sites; percentage of the total variance that lies between sites, 0 to 100; and
        total variance over that within sites, 1 or above.
    tau2_lower, tau2_upper, i2_lower, i2_upper, h2_lower, h2_upper : float or None
        Their limits by Q-profile; None for the fixed effect, which has no model of how sites vary.
    """

    tau2: float
    i2: float
    h2: float
    tau2_lower: float | None = None
    tau2_upper: float | None = None
    i2_lower: float | None = None
    i2_upper: float | None = None
    h2_lower: float | None = None
    h2_upper: float | None = None


@dataclass(frozen=True, kw_only=True)
class Pooled:
    """The average over sites. Figures are on the scale of the estimates, of ratios the logarithmic one.

    Parameters
    ----------
    method : str
        'fixed effect', 'REML', 'DerSimonian-Laird' or 'Paule-Mandel'.
    k : int
        Number of sites.
    level : float
        Confidence level of every interval.
    value, se : float
        Average and its normal-theory standard error.
    lower, upper, p : float
        By t with k - 1 degrees of freedom and the larger of Hartung and Knapp's standard error and `se`; for the fixed
        effect by the normal distribution.
    df : int or None
        Degrees of freedom of the interval; None for a normal one.
    rule : str
        'Hartung-Knapp', 'Hartung-Knapp, widened' where theirs is the smaller standard error, or 'normal'.
    normal : Inference
        Average with the normal interval.
    hartung_knapp : Inference or None
        Average with Hartung and Knapp's interval; None for the fixed effect, and where no two estimates differ.
    homogeneity : Homogeneity
        Cochran's Q.
    spread : Spread
        Variance between sites, I2 and H2; for the fixed effect with tau2 of zero, and I2 and H2 from Q.
    prediction : tuple of float or None
        Where the true effect of a further site like these would lie; None with two sites, or for the fixed effect.
    prediction_normal : tuple of float or None
        The same with the normal instead of the t distribution, as some software prints it.
    names : tuple of str, length k
        Sites.
    weights : tuple of float, length k
        Share of each site in the average; they sum to one.
    """

    method: Method
    k: int
    level: float
    value: float
    se: float
    lower: float
    upper: float
    p: float
    df: int | None
    rule: Literal["Hartung-Knapp", "Hartung-Knapp, widened", "normal"]
    normal: Inference
    hartung_knapp: Inference | None
    homogeneity: Homogeneity
    spread: Spread
    prediction: tuple[float, float] | None
    prediction_normal: tuple[float, float] | None
    names: tuple[str, ...]
    weights: tuple[float, ...]


def pool(sites: SiteEstimates, method: Method = "REML", level: float = 0.95) -> Pooled:
    """Average the estimates of several sites.

    Parameters
    ----------
    sites : SiteEstimates
        k sites, at least two. Whether an average of so few should be shown is for the caller: see `FEWEST_SITES`.
    method : str
        'fixed effect' takes the true effect to be the same in every site; the others take it to vary and differ in how
        they estimate the variance.
    level : float
        Confidence level.

    Returns
    -------
    Pooled
        The same bits for any order of the sites.

    Raises
    ------
    EstimationRefusal
        With fewer than two sites.

    Notes
    -----
    Hartung and Knapp's standard error can come out smaller than the normal one where sites happen to agree. The larger
    of the two is used, with t on k - 1 degrees of freedom (the modified method of Knapp and Hartung), so the interval
    is never narrower than the normal one; of few sites of unequal precision it covers better than taking the wider of
    the two intervals. Prediction is by Higgins, Thompson and Spiegelhalter: t with k - 2 degrees of freedom and
    sqrt(tau2 + se^2); of few sites it covers less often than it says (Partlett & Riley 2017).

    References
    ----------
    Hartung & Knapp 2001, Statistics in Medicine 20:3875-3889; Knapp & Hartung 2003, Statistics in Medicine
    22:2693-2710; Röver, Knapp & Friede 2015, BMC Medical Research Methodology 15:99; Partlett & Riley 2017, Statistics
    in Medicine 36:301-317; Higgins, Thompson & Spiegelhalter 2009, J. of the Royal Statistical Society A
    172:137-159; Higgins & Thompson 2002, Statistics in Medicine 21:1539-1558 (I2 and H2).
    """
    if sites.k < 2:
        raise EstimationRefusal(*ALONE)
    ordered = _ordered(sites)
    tau2 = 0.0 if method == "fixed effect" else between_variance(ordered, method)
    weights = 1 / (ordered.variances + tau2)
    value, se = float((weights * ordered.values).sum() / weights.sum()), float(1 / sqrt(weights.sum()))
    normal = z_inference(value, se, level)
    knapp = None if method == "fixed effect" else _hartung_knapp(value, tau2, ordered, level)
    rule, wider = _wider(normal, knapp, method, sites.k, level)
    predicted = None
    if method != "fixed effect" and sites.k > 2:
        predicted = _predicted(value, se, tau2, wider, sites.k, level)
    share = 1 / (sites.variances + tau2)
    return Pooled(
        method=method,
        k=sites.k,
        level=level,
        value=value,
        se=se,
        lower=value - _half(wider),
        upper=value + _half(wider),
        p=float(wider.p or 0.0),
        df=None if wider is normal else sites.k - 1,
        rule=rule,
        normal=normal,
        hartung_knapp=knapp,
        homogeneity=homogeneity(ordered),
        spread=_spread_of_fixed(ordered) if method == "fixed effect" else _spread(tau2, ordered, level),
        prediction=predicted[0] if predicted else None,
        prediction_normal=predicted[1] if predicted else None,
        names=sites.names,
        weights=tuple(float(one) for one in share / weights.sum()),
    )


def leave_one_out(sites: SiteEstimates, method: Method = "REML", level: float = 0.95) -> tuple[tuple[str, Pooled], ...]:
    """Average without each site in turn: whether the average hangs on one of them.

    Parameters, errors and source as for `pool`; at least three sites.

    Returns
    -------
    tuple of (str, Pooled)
        The site that was left out, and the average of the others, in the order of the sites.
    """
    return tuple((name, pool(sites.without(name), method, level)) for name in sites.names)


def _ordered(sites: SiteEstimates) -> SiteEstimates:
    """Sites in an order that follows from their figures: sums then have the same bits whatever order they came in."""
    order = np.lexsort((sites.values, sites.variances))
    return SiteEstimates(tuple(sites.names[i] for i in order), sites.values[order], sites.variances[order])


def _half(inference: Inference) -> float:
    return 0.0 if inference.upper is None or inference.value is None else inference.upper - inference.value


def _hartung_knapp(value: float, tau2: float, sites: SiteEstimates, level: float) -> Inference | None:
    """Average with the error that the sites' own spread around it shows; None where there is no spread at all."""
    weights = 1 / (sites.variances + tau2)
    q = generalised_q(tau2, sites)
    se = sqrt(q / (sites.k - 1) / float(weights.sum()))
    return t_inference(value, se, sites.k - 1, level) if se > 0 else None


def _wider(
    normal: Inference, knapp: Inference | None, method: Method, k: int, level: float
) -> tuple[Literal["Hartung-Knapp", "Hartung-Knapp, widened", "normal"], Inference]:
    """Interval with the larger of the two standard errors, and its name; of two sites that differ both are equal."""
    if method == "fixed effect":
        return "normal", normal
    value, se = normal.value or 0.0, normal.se or 0.0
    if knapp is not None and (knapp.se or 0.0) >= se * (1 - 1e-9):
        return "Hartung-Knapp", t_inference(value, max(se, knapp.se or 0.0), k - 1, level)
    return "Hartung-Knapp, widened", t_inference(value, se, k - 1, level)


def _predicted(
    value: float, se: float, tau2: float, wider: Inference, k: int, level: float
) -> tuple[tuple[float, float], tuple[float, float]]:
    """Prediction intervals by t and by the normal distribution, the first never narrower than the average's own."""
    error = sqrt(tau2 + se**2)
    by_t = max(float(student.ppf(0.5 + level / 2, k - 2)) * error, _half(wider))
    by_normal = float(norm.ppf(0.5 + level / 2)) * error
    return (value - by_t, value + by_t), (value - by_normal, value + by_normal)


def _spread(tau2: float, sites: SiteEstimates, level: float) -> Spread:
    """I2 and H2 follow from tau2 and the typical variance within sites (Higgins & Thompson 2002, eq. 9)."""
    weights = 1 / sites.variances
    typical = float((sites.k - 1) * weights.sum() / (weights.sum() ** 2 - (weights**2).sum()))
    between = np.array([tau2, *q_profile(sites, level)])
    i2, h2 = 100 * between / (between + typical), 1 + between / typical
    names = ("tau2", "i2", "h2")
    figures = {name: [float(one) for one in three] for name, three in zip(names, (between, i2, h2), strict=True)}
    return Spread(
        **{name: three[0] for name, three in figures.items()},
        **{f"{name}_lower": three[1] for name, three in figures.items()},
        **{f"{name}_upper": three[2] for name, three in figures.items()},
    )


def _spread_of_fixed(sites: SiteEstimates) -> Spread:
    """I2 and H2 from Q alone."""
    test = homogeneity(sites)
    i2, h2 = max(0.0, 100 * (test.q - test.df) / test.q) if test.q else 0.0, max(1.0, test.q / test.df)
    return Spread(0.0, i2, h2)
