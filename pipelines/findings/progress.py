"""Results on going on: progression criteria, the verdict they make together, and outcomes that stay open.

How they are computed belongs in progression and inconclusive; what may be shown of them in pipelines.disclosure.
"""

from __future__ import annotations

from typing import Literal

from pipelines.findings.record import Count, Figure, Record

Light = Literal["red", "amber_red", "amber_green", "green", "unknown"]
Verdict = Literal["go", "amend", "stop", "open"]


class OverrideShown(Record):
    """A person's decision against what was computed; it stands beside it and replaces nothing."""

    decision: Literal["go", "amend", "stop"]
    """What was decided."""
    who: str
    """Who decided."""
    why: str
    """Why."""
    on: str
    """When, as yyyy-mm-dd."""


class GroupShare(Record):
    """A criterion in one category of a covariate."""

    covariate: str
    """Name of the covariate."""
    level: str
    """Name of the category."""
    events: Count
    """People of the category who met the criterion."""
    n: Count
    """People of the category it is asked of."""
    share: Figure = None
    """The first of the second."""
    lower: Figure = None
    """Lower limit of Wilson's interval."""
    upper: Figure = None
    """Upper limit."""


class CriterionResult(Record):
    """A progression criterion: what was agreed, what the data say, and the light."""

    kind: Literal["progression"] = "progression"
    title: str
    """The criterion for readers."""
    scale: Literal["share", "rate", "average"]
    """What the estimate is: a share of people, people a month, or an average."""
    counted: str
    """Who is counted of whom, in words."""
    unit: str = ""
    """Unit of an average or a rate."""
    better: Literal["higher", "lower"]
    """Which direction is good."""
    red: float
    """At this value or worse it is red."""
    green: float
    """At this value or better it is green."""
    required: bool = True
    """Whether it has a say in the verdict."""
    n: Count = None
    """People it is asked of; for a rate none."""
    events: Count = None
    """People who met it; for a rate those who came."""
    exposure: Figure = None
    """Months counted, for a rate."""
    spread: Figure = None
    """Standard deviation, for an average."""
    estimate: Figure = None
    """Share, rate or average."""
    lower: Figure = None
    """Lower limit of its interval."""
    upper: Figure = None
    """Upper limit."""
    interval: str = ""
    """Kind of the interval."""
    level: float
    """Level of the interval."""
    cut: Figure = None
    """Value from which on the test against red is passed."""
    alpha: float
    """One-sided level of that test."""
    p: Figure = None
    """One-sided p value against red: how often a pilot that is only just red would do as well as this or better."""
    light: Light = "unknown"
    """Where the estimate lies; `unknown` where it is not measured or not shown."""
    planned: float | None = None
    """People (for a rate months) when recruitment is full; None where it is full, or not planned."""
    chance_green: Figure = None
    """Predictive probability that it will be green when recruitment is full (flat prior)."""
    needed: int | None = None
    """People (for a rate months) needed to tell green from red with the declared power (Lewis et al. 2021)."""
    power: float
    """That power."""
    groups: tuple[GroupShare, ...] = ()
    """The criterion by declared category; empty where none was declared or none may be shown."""
    groups_withheld: tuple[str, ...] = ()
    """Covariates by which it may not be shown."""
    unknown_because: str = ""
    """Why there is no light."""
    override: OverrideShown | None = None
    """A decision against the light."""
    contributors: Count = None
    """People whose value is not the most common one. Disclosure control looks at it; it is never released."""


class DecisionResult(Record):
    """The verdict of the declared rule over the required criteria."""

    kind: Literal["decision"] = "decision"
    rule: Literal["any_red_stops", "all_green", "custom"]
    """How lights are combined."""
    go_when_green: int = 0
    """For a custom rule: so many green go."""
    stop_when_red: int = 0
    """For a custom rule: so many red stop."""
    lights: dict[str, Light]
    """Light of each required criterion, by its key."""
    titles: dict[str, str]
    """Name of each required criterion, by its key."""
    verdict: Verdict
    """What the rule says; `open` while a light that is not known could still change it."""
    decides: str = ""
    """Who decides."""
    override: OverrideShown | None = None
    """A decision against the verdict."""


class MoreData(Record):
    """What more data of the same kind would buy."""

    what: str
    """The step, in words."""
    factor: float
    """Information in the end over information now."""
    width: Figure
    """Expected width of the interval."""
    clear_sign: Figure
    """Chance that the interval leaves out no difference."""
    conclusive: Figure
    """Chance that the interval no longer holds both no difference and one that matters."""


class InconclusiveResult(Record):
    """A primary outcome whose interval holds both nothing and what would matter."""

    kind: Literal["inconclusive"] = "inconclusive"
    title: str
    """The outcome for readers."""
    outcome_type: str
    """Scale of measurement."""
    unit: str
    """Unit of the differences; shares of people for a yes-or-no outcome."""
    better: Literal["higher", "lower"]
    """Which direction is good."""
    level: float
    """Level of the interval."""
    minimum_important_difference: float
    """Smallest difference that would matter."""
    detectable: Figure = None
    """Smallest difference that the numbers in hand would have shown 80 times in 100."""
    width: Figure = None
    """Width of the interval now."""
    good_sign_flat: Figure = None
    """Probability that the difference is on the good side, if every difference was equally likely beforehand."""
    good_sign_sceptical: Figure = None
    """The same, if beforehand a difference that matters was given one chance in twenty in either direction."""
    enough_flat: Figure = None
    """Probability that it is as large as what would matter, flat prior."""
    more: tuple[MoreData, ...] = ()
    """What more data would buy."""
    main_trial: int | None = None
    """People a group needs in a main trial of two equal groups that shows what matters 90 times in 100, planned with
    a spread that the true one exceeds one time in five; None where the spread is not known."""
