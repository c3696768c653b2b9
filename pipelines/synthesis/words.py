"""Sentences about all sites of a pilot, built by rule. Words follow the interval; below five sites nothing is averaged.

No sentence says that one thing made another happen, and none adds people up over sites.
"""

from __future__ import annotations

from collections.abc import Sequence

from pipelines.findings.across import SiteEffect, SitesResult, SynthesisResult
from pipelines.findings.sentences import amount
from pipelines.reporting.numbers import in_words

SIDES = {
    "better": "lies on the side of an improvement",
    "worse": "lies on the side of a worsening",
    "inconclusive": "holds both an improvement and a worsening, or reaches no difference",
}
NOT_TOLD = "No site has an estimate of this that could be compared, so there is nothing to put together."
ONLY = "{title} alone has an estimate: {told}. There is nothing to put it together with."


def outcome_words(result: SynthesisResult) -> str:
    """Say what the sites show of one outcome.

    Parameters
    ----------
    result : the outcome over all sites.

    Returns
    -------
    str
        With an average: the average, its interval, what follows from it, how sites differ, and what a further site may
        see. Without: each site, where its interval lies, and why there is no average.
    """
    compared = [site for site in result.sites if not site.left_out]
    if not compared:
        return NOT_TOLD
    if len(compared) == 1:
        return ONLY.format(title=compared[0].title, told=estimate_words(result, compared[0]))
    parts = [_average(result), _differ(result), _further(result)] if result.pooled else [_each(result, compared)]
    return " ".join(part for part in (*parts, _missing(result)) if part)


def estimate_words(result: SynthesisResult, site: SiteEffect) -> str:
    """Say one site's estimate with its interval: "−18.6 per 100 (95% interval −28.3 to −8.9)"."""
    level = result.level if site.level is None else site.level
    limits = between(result, site.lower, site.upper)
    return f"{figure(result, site.value)}{_per(result)} ({100 * level:g}% interval {limits})"


def figure(result: SynthesisResult, value: float | None) -> str:
    """Write an estimate in the reader's unit: shares as people of every hundred, ratios with two decimals."""
    if value is None:
        return amount(None)
    if result.scale == "logarithm":
        return amount(value, 2)
    return amount(100 * value if result.outcome_type == "binary" else value, 1)


def between(result: SynthesisResult, lower: float | None, upper: float | None) -> str:
    """Write two limits."""
    return f"{figure(result, lower)} to {figure(result, upper)}"


def several_sites(count: int) -> str:
    """Write a number of sites in words."""
    return f"{in_words(count)} {'site' if count == 1 else 'sites'}"


def sites_words(result: SitesResult) -> str:
    """Say which sites have released evidence and which have not."""
    missing = [site.title for site in result.sites if site.missing]
    here = len(result.sites) - len(missing)
    if not missing:
        every = "Both" if here == 2 else f"All {in_words(here)}"
        return f"{every} sites of the pilot have released evidence."
    return (
        f"Of {several_sites(len(result.sites))}, {in_words(here)} {'has' if here == 1 else 'have'} released evidence;"
        + (f" not in here: {listed(missing)}.")
    )


def listed(parts: Sequence[str]) -> str:
    """Return parts as a list in words."""
    return " and ".join([", ".join(parts[:-1]), parts[-1]] if len(parts) > 1 else parts)


def why_left_out(site: SiteEffect) -> str:
    """Say why a site is not compared."""
    return f"{site.title}: {site.left_out}"


def _per(result: SynthesisResult) -> str:
    """Return the unit behind a figure."""
    if result.scale == "logarithm":
        return ""
    return " per 100" if result.outcome_type == "binary" else f" {result.unit}".rstrip()


def _average(result: SynthesisResult) -> str:
    """Say the average, its interval and what follows."""
    pooled = result.pooled
    if pooled is None:
        return ""
    k = sum(not site.left_out for site in result.sites)
    what = f"the {result.measure} is" if result.scale == "logarithm" else "the difference is"
    limits = f"{100 * result.level:g}% interval {between(result, pooled.lower, pooled.upper)}"
    told = f"Averaged over {several_sites(k)}, {what} {figure(result, pooled.value)}{_per(result)} ({limits})."
    if result.verdict not in ("better", "worse"):
        return f"{told} Inconclusive: the interval {SIDES['inconclusive']}."
    caution = "" if result.randomised else ", which other differences may explain"
    return f"{told} The whole interval {SIDES[result.verdict]}{caution}."


def _differ(result: SynthesisResult) -> str:
    """Say how much sites differ, from the interval of the share that lies between them."""
    spread = result.heterogeneity
    if spread is None or spread.i2 is None or spread.i2_lower is None or spread.i2_upper is None:
        return ""
    limits = f"{spread.i2_lower:.0f}% to {spread.i2_upper:.0f}%"
    if spread.i2_lower == 0:
        return (
            f"Whether true effects differ between sites is open: about {spread.i2:.0f}% ({limits}) of the variation"
            " between their estimates is more than chance."
        )
    return f"True effects differ between sites: about {spread.i2:.0f}% ({limits}) of the variation is more than chance."


def _further(result: SynthesisResult) -> str:
    """Say where the true effect of a further site may lie."""
    if result.prediction is None:
        return ""
    lower, upper = result.prediction.lower, result.prediction.upper
    nothing = 1.0 if result.scale == "logarithm" else 0.0
    follows = "so it may go either way there" if lower < nothing < upper else "on the same side"
    return (
        f"In a further site like these the true figure would lie between {figure(result, lower)} and"
        f" {figure(result, upper)}{_per(result)} ({100 * result.level:g}% prediction interval), {follows}."
    )


def _each(result: SynthesisResult, compared: Sequence[SiteEffect]) -> str:
    """Say each site by itself, and why there is no average."""
    told = "; ".join(f"{site.title} {estimate_words(result, site)}" for site in compared)
    return f"Each site by itself: {told}. {tally(compared)} {result.not_pooled_because}"


def tally(compared: Sequence[SiteEffect]) -> str:
    """Say at which sites the interval lies where."""
    sides = {
        "better": "lies wholly on the better side",
        "worse": "lies wholly on the worse side",
        "inconclusive": "leaves it open",
    }
    at = {side: [site.title for site in compared if site.verdict == side] for side in sides}
    everywhere = next((side for side, titles in at.items() if len(titles) == len(compared)), None)
    if everywhere:
        return (
            f"In {'both' if len(compared) == 2 else f'all {in_words(len(compared))}'} the interval {sides[everywhere]}."
        )
    return f"The interval {listed([f'{sides[side]} in {listed(titles)}' for side, titles in at.items() if titles])}."


def _missing(result: SynthesisResult) -> str:
    """Name the sites that are not compared; why stands beside each."""
    left = [site.title for site in result.sites if site.left_out]
    return f"Not compared: {listed(left)}." if left else ""
