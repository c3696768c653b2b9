"""Progression criteria and planning assumptions as a protocol declares them. What they make of data: in findings."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field, model_validator

from pipelines.protocol.base import Day, Part, Slug, Text

Counted = Literal["referred", "assigned", "started", "due", "known", "complete", "dosed", "linked"]
Measure = Literal[
    "recruitment",
    "recruitment_rate",
    "retention",
    "follow_up",
    "fidelity",
    "dose",
    "acceptability",
    "completeness",
    "share",
]
USUAL: dict[str, tuple[Counted, Counted]] = {
    "recruitment": ("started", "referred"),
    "retention": ("known", "started"),
    "follow_up": ("known", "due"),
    "fidelity": ("dosed", "started"),
    "completeness": ("complete", "referred"),
}
"""What each measure counts, and of whom, where the protocol does not say."""


class Criterion(Part):
    """One thing that has to go well enough before the pilot may become something larger."""

    title: Text
    """The criterion for readers, for example "People referred who started"."""
    measure: Measure
    """What is measured: `recruitment` (of those referred, who started), `recruitment_rate` (people who started a
    month), `retention` (of those who started, whose outcome is known), `follow_up` (of those whose follow-up is over,
    whose outcome is known), `fidelity` (who got the planned dose), `dose` (the average dose), `acceptability` (of the
    participants interviewed, who said something), `completeness` (people without a gap in some fields), or `share`
    (any `count` of any `of`)."""
    count: Counted | None = None
    """Who counts: `referred` (in the case file after the checks), `assigned` (in a group), `started` (with a start
    date), `due` (follow-up is over), `known` (outcome known), `complete` (no gap in `fields`), `dosed` (had at least
    `least` of the planned dose), `linked` (may be linked, in the consents). Default: what the measure says."""
    of: Counted | None = None
    """Of whom they are counted; who counts is always counted among these. Default: what the measure says."""
    arm: Literal["everyone", "treatment", "comparison"] | None = None
    """Group in which people are counted. Default: everyone; for `fidelity` and `dose` the treatment group, where there
    is one."""
    outcome: Slug | None = None
    """Outcome whose follow-up is meant. Default: the first primary one."""
    component: Slug | None = None
    """Component of the intervention whose dose is meant. Default: the first one."""
    least: Annotated[float, Field(gt=0)] = 1.0
    """Part of the planned dose that a person has to get to count as `dosed`: 1 is all of it."""
    fields: tuple[Slug, ...] = ()
    """Covariates and outcomes that may not be missing. Default: all covariates and primary outcomes."""
    codes: tuple[Text, ...] = ()
    """Codes of the interviews that count for `acceptability`; a participant who voiced any of them counts."""
    red: float
    """At this value or worse it is red: a share (0.2 is one in five), people a month, or the unit of the dose."""
    green: float
    """At this value or better it is green. Between the two it is amber."""
    better: Literal["higher", "lower"] = "higher"
    """Which direction is good."""
    required: bool = True
    """Whether it has a say in the verdict; others are only shown."""
    planned_per_site: dict[Slug, Annotated[int, Field(gt=0)]] = {}
    """People of whom it will have been asked in each site when recruitment is full: for the chance of ending green.
    Default: `population.planned_per_site`, where everyone who was assigned or started is asked."""
    by: tuple[Slug, ...] = ()
    """Covariates by whose categories it is shown, to see for whom it goes less well; where disclosure allows."""

    @property
    def counted(self) -> tuple[Counted, Counted]:
        """Who counts, and of whom."""
        count, of = USUAL.get(self.measure, ("started", "referred"))
        return self.count or count, self.of or of

    @model_validator(mode="after")
    def _can_be_met(self) -> Criterion:
        """Refuse thresholds that leave no amber, or that no share can have."""
        shares = self.measure not in ("recruitment_rate", "dose")
        if shares and not (0 < self.red < 1 and 0 < self.green < 1):
            raise ValueError("`red` and `green` of a share lie between 0 and 1: 35 in every 100 is 0.35")
        if not shares and min(self.red, self.green) <= 0:
            raise ValueError("`red` and `green` lie above 0")
        if self.red == self.green or (self.green > self.red) != (self.better == "higher"):
            side = "above" if self.better == "higher" else "below"
            raise ValueError(f"with `better: {self.better}`, `green` has to lie {side} `red`")
        return self._says_what_is_counted()

    def _says_what_is_counted(self) -> Criterion:
        """Refuse a measure without what it counts."""
        if self.measure == "acceptability" and not self.codes:
            raise ValueError("acceptability needs `codes` of the interviews")
        if self.measure == "share" and not (self.count and self.of):
            raise ValueError("a share needs `count` and `of`")
        return self


class Combination(Part):
    """How the lights of the required criteria become one verdict."""

    rule: Literal["any_red_stops", "all_green", "custom"] = "any_red_stops"
    """`any_red_stops`: one red stops, all green go, else amend. `all_green`: all green go, all red stop, else amend.
    `custom`: by the two counts below."""
    go_when_green: Annotated[int, Field(ge=1)] | None = None
    """For `custom`: so many green go, unless it stops."""
    stop_when_red: Annotated[int, Field(ge=1)] | None = None
    """For `custom`: so many red stop."""

    @model_validator(mode="after")
    def _says_enough(self) -> Combination:
        """Refuse counts that a rule does not read, and a custom rule without them."""
        counts = (self.go_when_green, self.stop_when_red)
        if self.rule == "custom" and None in counts:
            raise ValueError("a custom rule needs `go_when_green` and `stop_when_red`")
        if self.rule != "custom" and counts != (None, None):
            raise ValueError("`go_when_green` and `stop_when_red` belong to `rule: custom`")
        return self


class Override(Part):
    """Somebody's decision against a light or the verdict; printed beside what was computed, never instead of it."""

    of: Slug
    """Key of the criterion, or `overall`."""
    decision: Literal["go", "amend", "stop"]
    """What was decided."""
    who: Text
    """Who decided, by name or office."""
    why: Text
    """Why."""
    on: Day
    """When, as yyyy-mm-dd."""


class Progression(Part):
    """What was agreed beforehand on going on, amending or stopping (Avery et al. 2017; Lewis et al. 2021)."""

    criteria: dict[Slug, Criterion] = {}
    """The criteria, by key."""
    combination: Combination = Combination()
    """How their lights become one verdict."""
    decides: str = ""
    """Who decides, for example "the steering group on 30 June"."""
    level: Annotated[float, Field(gt=0, lt=0.5)] = 0.05
    """One-sided level of the test against red."""
    power: Annotated[float, Field(gt=0.5, lt=1)] = 0.9
    """Chance of telling green from red for which sample sizes are computed."""
    overrides: tuple[Override, ...] = ()
    """Decisions against a light or the verdict."""


class Assumption(Part):
    """What is supposed of an outcome before there are data."""

    comparison_share: Annotated[float, Field(gt=0, lt=1)] | None = None
    """Share of people with the outcome without the intervention; for a binary outcome or a time to an event."""
    sd: Annotated[float, Field(gt=0)] | None = None
    """Standard deviation between people, in the outcome's unit; for any other outcome."""
    icc: Annotated[float, Field(ge=0, lt=1)] | None = None
    """Intracluster correlation, where clusters were assigned. Default: 0.05, and the report says so."""
    r2: Annotated[float, Field(ge=0, lt=1)] = 0.0
    """Part of the variance that covariates known beforehand explain."""


class Planning(Part):
    """Assumptions for `pilotlens design`, which says before any data what the pilot could show."""

    outcomes: dict[Slug, Assumption] = {}
    """Assumptions by outcome."""
    share_treated: Annotated[float, Field(gt=0, lt=1)] = 0.5
    """Part of the people (or clusters) who are in the treatment group."""
    lost: Annotated[float, Field(ge=0, lt=1)] = 0.2
    """Part of the people whose outcome will not be known."""
    people: Annotated[int, Field(gt=0)] | None = None
    """People in all sites together. Default: the sum of `population.planned_per_site`."""
    clusters: Annotated[int, Field(gt=2)] | None = None
    """Clusters in all, where clusters were assigned."""
    power: Annotated[float, Field(gt=0.5, lt=1)] = 0.8
    """Power for which detectable differences are computed."""
    simulations: Annotated[int, Field(ge=100, le=100_000)] = 4000
    """Simulated pilots per outcome."""
