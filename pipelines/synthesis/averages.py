"""What several sites say together: an average where it is earned, and why there is none where it is not."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from math import exp
from typing import Literal

from pipelines.estimation.between_sites import homogeneity
from pipelines.estimation.pooling import FEWEST_SITES, Method, Pooled, leave_one_out, pool
from pipelines.estimation.result import Inference
from pipelines.estimation.site_estimates import OnScale, SiteEstimates, site_estimates
from pipelines.findings.across import Average, Heterogeneity, OtherAverage, Range, Without

METHOD = "random effects; variance between sites by restricted maximum likelihood"
RULE = (
    "t with k − 1 degrees of freedom and the larger of two standard errors, Hartung and Knapp's and the normal one, so"
    " that it is never narrower than the normal interval"
)
KNAPP = f"{RULE}; here Hartung and Knapp's is the larger"
WIDENED = f"{RULE}; here the normal one is the larger, because the sites lie close together"
BY_T = "Higgins, Thompson and Spiegelhalter 2009: t with k − 2 degrees of freedom"
BY_NORMAL = "normal distribution, as some software prints it"
NONE = "No site has an estimate that could be compared."
ONE = "Only one site has an estimate, so there is nothing to average over."
FEW = (
    f"With fewer than {FEWEST_SITES} sites the spread between sites cannot be estimated, so each site is shown and no"
    " average is given."
)
OF_LOGARITHMS = "REML of the logarithms, as the headline"
LESSON = "Hartung-Knapp, {k} sites (a lesson, not a result)"

Scale = Literal["as estimated", "logarithm"]


@dataclass(frozen=True)
class Averaged:
    """What the sites say together, ready for a finding; figures on the reader's scale."""

    why_not: str = ""
    pooled: Average | None = None
    weights: Mapping[str, float] = field(default_factory=dict)
    heterogeneity: Heterogeneity | None = None
    prediction: Range | None = None
    prediction_normal: Range | None = None
    leave_one_out: tuple[Without, ...] = ()
    others: tuple[OtherAverage, ...] = ()
    verdict: Literal["better", "worse", "inconclusive", "not pooled"] = "not pooled"

    def beside(self, other: Averaged | None, measure: str) -> Averaged:
        """Return this with the average of another measure beside it."""
        if other is None or other.pooled is None:
            return self
        found = other.pooled
        told = OtherAverage(
            method=OF_LOGARITHMS, measure=measure, value=found.value, lower=found.lower, upper=found.upper
        )
        return replace(self, others=(*self.others, told))


def averaged(
    estimates: Mapping[str, OnScale],
    titles: Mapping[str, str],
    scale: Scale,
    measure: str,
    level: float,
    better: Literal["higher", "lower"],
) -> Averaged:
    """Average the sites' estimates when there are enough of them.

    Parameters
    ----------
    estimates : mapping of site to estimate
        On the scale of putting together; standard errors above zero.
    titles : mapping of site to its name for readers
    scale : 'as estimated' or 'logarithm'
        Of `estimates`; everything that is returned is on the reader's scale, but for errors and variances.
    measure : str
        What is averaged.
    level : float
        Confidence level.
    better : 'higher' or 'lower'
        Which direction is good.

    Returns
    -------
    Averaged
        Without an average below five sites; then Hartung and Knapp's interval, where it is the wide one, stands among
        the others, marked as a lesson: it shows why no average is given.
    """
    if len(estimates) < 2:
        return Averaged(why_not=ONE if estimates else NONE)
    sites = site_estimates(
        list(estimates), [one.value for one in estimates.values()], [one.se for one in estimates.values()]
    )
    if sites.k < FEWEST_SITES:
        return Averaged(why_not=FEW, heterogeneity=_test_only(sites), others=_lesson(sites, scale, measure, level))
    found = pool(sites, "REML", level)
    return Averaged(
        pooled=_average(found, scale),
        weights=dict(zip(found.names, found.weights, strict=True)),
        heterogeneity=_heterogeneity(found),
        prediction=_range(found.prediction, BY_T, scale),
        prediction_normal=_range(found.prediction_normal, BY_NORMAL, scale),
        leave_one_out=_without(sites, titles, scale, level),
        others=_others(sites, found, scale, measure, level),
        verdict=_verdict(found, better),
    )


def _verdict(found: Pooled, better: str) -> Literal["better", "worse", "inconclusive"]:
    if found.lower <= 0 <= found.upper:
        return "inconclusive"
    return "better" if (found.lower > 0) == (better == "higher") else "worse"


def _average(found: Pooled, scale: Scale) -> Average:
    return Average(
        value=_back(found.value, scale),
        se=found.se,
        se_hartung_knapp=found.hartung_knapp.se if found.hartung_knapp else None,
        lower=_back(found.lower, scale),
        upper=_back(found.upper, scale),
        p=found.p,
        df=found.df,
        method=METHOD,
        rule=KNAPP if found.rule == "Hartung-Knapp" else WIDENED,
    )


def _heterogeneity(found: Pooled) -> Heterogeneity:
    test, spread = found.homogeneity, found.spread
    return Heterogeneity(
        q=test.q,
        df=test.df,
        p=test.p,
        tau2=spread.tau2,
        tau2_lower=spread.tau2_lower,
        tau2_upper=spread.tau2_upper,
        i2=spread.i2,
        i2_lower=spread.i2_lower,
        i2_upper=spread.i2_upper,
        h2=spread.h2,
    )


def _test_only(sites: SiteEstimates) -> Heterogeneity:
    test = homogeneity(sites)
    return Heterogeneity(q=test.q, df=test.df, p=test.p)


def _lesson(sites: SiteEstimates, scale: Scale, measure: str, level: float) -> tuple[OtherAverage, ...]:
    """Return Hartung and Knapp's interval where it is the wide one; of sites that lie close together by luck none.

    There it would come out narrow, and seem to say that so few sites agree.
    """
    found = pool(sites, "REML", level)
    if found.rule != "Hartung-Knapp" or found.hartung_knapp is None:
        return ()
    return (_beside(LESSON.format(k=sites.k), measure, found.hartung_knapp, None, scale),)


def _without(sites: SiteEstimates, titles: Mapping[str, str], scale: Scale, level: float) -> tuple[Without, ...]:
    return tuple(
        Without(
            site=name,
            title=titles[name],
            value=_back(found.value, scale),
            lower=_back(found.lower, scale),
            upper=_back(found.upper, scale),
            tau2=found.spread.tau2,
        )
        for name, found in leave_one_out(sites, "REML", level)
    )


def _others(sites: SiteEstimates, found: Pooled, scale: Scale, measure: str, level: float) -> tuple[OtherAverage, ...]:
    """Return the other methods' averages: REML with each interval first, then other variances between sites."""
    tau2 = found.spread.tau2
    told = [_beside("REML, normal interval", measure, found.normal, tau2, scale)]
    if found.hartung_knapp:
        told.append(_beside("REML, Hartung-Knapp interval", measure, found.hartung_knapp, tau2, scale))
    methods: tuple[Method, ...] = ("DerSimonian-Laird", "Paule-Mandel", "fixed effect")
    for method in methods:
        other = pool(sites, method, level)
        own = None if method == "fixed effect" else other.spread.tau2
        told.append(_beside(f"{method}, normal interval", measure, other.normal, own, scale))
    return tuple(told)


def _beside(method: str, measure: str, found: Inference, tau2: float | None, scale: Scale) -> OtherAverage:
    value, lower, upper = (_back(figure or 0.0, scale) for figure in (found.value, found.lower, found.upper))
    return OtherAverage(method=method, measure=measure, value=value, lower=lower, upper=upper, tau2=tau2)


def _range(limits: tuple[float, float] | None, convention: str, scale: Scale) -> Range | None:
    if limits is None:
        return None
    return Range(lower=_back(limits[0], scale), upper=_back(limits[1], scale), convention=convention)


def _back(value: float, scale: Scale) -> float:
    """Return a figure on the reader's scale; a ratio too large for a computer stays the largest there is."""
    return exp(min(value, 700.0)) if scale == "logarithm" else value
