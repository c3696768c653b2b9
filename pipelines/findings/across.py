"""Findings about all sites of a pilot: which sites there are, and what their estimates say side by side.

Models only. They are made from released bundles in pipelines.synthesis; findings about one site belong in models.
"""

from __future__ import annotations

from typing import Literal

from pipelines.findings.record import Count, Figure, Record

Verdict = Literal["better", "worse", "inconclusive", "described"]


class Light(Record):
    """An answer in a word, with the colour that repeats it."""

    word: str
    """The word."""
    colour: Literal["green", "amber", "red", "grey"]
    """Colour and shape."""


class SiteInPilot(Record):
    """One site of the pilot, as its newest release tells it."""

    site: str
    """Key of the site."""
    title: str
    """Name of the site."""
    missing: str = ""
    """Why nothing of this site is here; empty when its release was read."""
    release: str = ""
    """Name of the release that was read."""
    drop: str = ""
    """Name of the newest drop that the release rests on."""
    maryland: int | None = None
    """Maryland Scientific Methods Scale, 1 to 5."""
    nesta: int | None = None
    """Nesta Standards of Evidence, 1 to 5."""
    stayed: Light | None = None
    """Did people come and stay?"""
    delivered: Light | None = None
    """Was it delivered as meant?"""
    signals: dict[str, Verdict] = {}
    """Where the interval of each main outcome lies, by outcome."""
    context: dict[str, str] = {}
    """Context factors of the site, from the protocol."""


class SitesResult(Record):
    """The sites of a pilot, side by side."""

    kind: Literal["sites"] = "sites"
    sites: tuple[SiteInPilot, ...]
    """Every site of the protocol, in its order; those without a release too."""


class SiteEffect(Record):
    """One site's released estimate of an outcome, or the reason why it has none here."""

    site: str
    """Key of the site."""
    title: str
    """Name of the site."""
    n: dict[str, Count] = {}
    """People whose outcome is known, by group, as released."""
    value: Figure = None
    """Estimate, as released."""
    se: Figure = None
    """Standard error on the scale on which sites are put together."""
    lower: Figure = None
    """Lower limit, as the site's own report says it: where looks are allowed for there, here too. The average does not
    rest on limits but on `value` and `se`, in which no look has a part."""
    upper: Figure = None
    """Upper limit, likewise."""
    level: float | None = None
    """Level of its interval."""
    engine: str = ""
    """How it was estimated."""
    verdict: Verdict = "described"
    """Where its interval lies."""
    weight: Figure = None
    """Share in the average, 0 to 1; None when there is no average."""
    left_out: str = ""
    """Why this site is not among those compared; empty when it is."""


class Average(Record):
    """The average over sites."""

    value: float
    """Average, in the unit of the estimates."""
    se: float
    """Normal-theory standard error; of a ratio that of its logarithm."""
    se_hartung_knapp: Figure = None
    """Hartung and Knapp's standard error, from how far sites lie from the average; the interval uses the larger one."""
    lower: float
    """Lower limit."""
    upper: float
    """Upper limit."""
    p: float
    """Two-sided p value."""
    df: int | None = None
    """Degrees of freedom of the interval."""
    method: str
    """How the sites were weighted and the variance between them was estimated."""
    rule: str
    """Which interval it is, and why."""


class Heterogeneity(Record):
    """How much sites differ beyond chance."""

    q: float
    """Cochran's Q: distances between the sites' estimates, measured by their errors."""
    df: int
    """Degrees of freedom: sites less one."""
    p: float
    """Share of such pilots in which Q would be this large if the true effect were the same in every site."""
    tau2: Figure = None
    """Variance of true effects between sites (REML); None below five sites, which cannot tell it."""
    tau2_lower: Figure = None
    """Lower limit (Q-profile)."""
    tau2_upper: Figure = None
    """Upper limit (Q-profile)."""
    i2: Figure = None
    """Percentage of the variance of the estimates that lies between sites."""
    i2_lower: Figure = None
    """Lower limit."""
    i2_upper: Figure = None
    """Upper limit."""
    h2: Figure = None
    """Total variance over that within sites."""


class Range(Record):
    """Two limits with their convention."""

    lower: float
    """Lower limit."""
    upper: float
    """Upper limit."""
    convention: str
    """How it was computed."""


class Without(Record):
    """The average without one site."""

    site: str
    """Key of the site that was left out."""
    title: str
    """Name of the site that was left out."""
    value: float
    """Average of the others."""
    lower: float
    """Lower limit."""
    upper: float
    """Upper limit."""
    tau2: float
    """Variance between the others."""


class OtherAverage(Record):
    """Another method's average, shown beside the headline or, below five sites, as a lesson only."""

    method: str
    """Name of the method."""
    measure: str
    """What it averages."""
    value: float
    """Average."""
    lower: float
    """Lower limit."""
    upper: float
    """Upper limit."""
    tau2: Figure = None
    """Variance between sites, where the method has its own."""


class SynthesisResult(Record):
    """One outcome over all sites: each site's estimate and, from five sites on, their average."""

    kind: Literal["synthesis"] = "synthesis"
    title: str
    """The outcome for readers."""
    tier: Literal["primary", "secondary", "exploratory"]
    """Weight the protocol gave it."""
    better: Literal["higher", "lower"]
    """Which direction of the figures is good for people."""
    outcome_type: str
    """Scale of measurement."""
    measure: str
    """What the sites estimate, for example "risk difference"; "none" when none does."""
    unit: str
    """Unit of value and limits; a binary outcome's are shares (0.05 is five points)."""
    scale: Literal["as estimated", "logarithm"]
    """Scale on which sites are put together: of ratios their logarithm. Errors and variances are on it, values not."""
    level: float
    """Level of the average's intervals."""
    minimum_important_difference: float | None = None
    """Smallest difference that would matter, from the protocol."""
    randomised: bool
    """Whether chance decided in this pilot who was offered what."""
    sites: tuple[SiteEffect, ...]
    """Every site of the protocol, in its order."""
    pooled: Average | None = None
    """Average over sites; None where it is not earned."""
    not_pooled_because: str = ""
    """Why there is no average."""
    heterogeneity: Heterogeneity | None = None
    """How much sites differ; None with fewer than two estimates."""
    prediction: Range | None = None
    """Where the true effect of a further site like these would lie; None without an average."""
    prediction_normal: Range | None = None
    """The same by the normal distribution, for comparison with other software."""
    leave_one_out: tuple[Without, ...] = ()
    """The average without each site in turn."""
    others: tuple[OtherAverage, ...] = ()
    """Other methods' averages. Below five sites a lesson in why none is given, never a result."""
    verdict: Literal["better", "worse", "inconclusive", "not pooled"]
    """Where the interval of the average lies."""
