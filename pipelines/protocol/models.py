"""The protocol as frozen models: every key of protocol.yml, its meaning and its default. Reading it belongs in load."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field

from pipelines.protocol.base import Code, Day, Part, Slug, Text
from pipelines.protocol.designs import Design, Doubts, Multiplicity, TakeUp
from pipelines.protocol.extracts import Extract
from pipelines.protocol.interviews import Agreement, Codebook, Frames
from pipelines.protocol.learning import Learning
from pipelines.protocol.looks import Looks
from pipelines.protocol.outcomes import Covariate, Outcome
from pipelines.protocol.progression import Planning, Progression


class Concept(Part):
    """The idea under test."""

    name: Text
    """Name of the concept, for example "Enabling fund"."""
    description: str = ""
    """What the idea is, in a sentence or two."""


class Source(Part):
    """Where data that others collected come from."""

    citation: Text
    """The publication or data set, as one would cite it."""
    licence: str = ""
    """Under which licence the data may be used."""


class Site(Part):
    """A place where the pilot runs: one Dagster partition, one DuckDB file, one report."""

    title: Text
    """Name of the site for readers."""
    codes: tuple[Code, ...] = ()
    """Values of the extract's site column that mean this site. Default: the site's own key."""
    context: dict[str, Code] = {}
    """Context factors worth knowing when sites differ, for example `caseload per worker: 45`."""


class Population(Part):
    """Whom the pilot is for."""

    description: Text
    """The people in a phrase, for example "men leaving state prisons"."""
    unit: Literal["person", "area"] = "person"
    """What a row of the cases is: a `person`, or an `area` (a county, an office, a school) whose figures are already of
    many people. Counts of areas are not protected, counts of people are. A series is always of an area."""
    eligibility: tuple[Text, ...] = ()
    """Who could take part, one criterion per line."""
    planned_per_site: dict[Slug, Annotated[int, Field(gt=0)]] = {}
    """Number of people planned in each site."""


class Component(Part):
    """An active ingredient of the intervention and how much of it was planned."""

    title: Text
    """Name of the component for readers."""
    measure: Text
    """What counts it: `contacts` (attended), `minutes` (of attended contacts), `spend` (pounds), or `cases.FIELD`."""
    planned: Annotated[float, Field(gt=0)] | None = None
    """Planned dose per person, in `unit`."""
    unit: str = ""
    """Unit of the dose, for example "contacts" or "share of the planned stay"."""


class Intervention(Part):
    """What was tried, after the TIDieR checklist (Hoffmann et al. 2014, BMJ 348:g1687); only the name is needed."""

    name: Text
    """1. Brief name."""
    why: str = ""
    """2. Rationale or goal of the essential elements."""
    materials: str = ""
    """3. What: materials used."""
    procedures: str = ""
    """4. What: procedures and activities."""
    who: str = ""
    """5. Who provided it, with what expertise."""
    how: str = ""
    """6. How: face to face, telephone, one to one, in groups."""
    where: str = ""
    """7. Where."""
    when_and_how_much: str = ""
    """8. When and how much: number, length, intensity."""
    tailoring: str = ""
    """9. Tailoring to the person."""
    modifications: str = ""
    """10. Modifications during the pilot."""
    how_well_planned: str = ""
    """11. How adherence was to be assessed."""
    how_well_delivered: str = ""
    """12. How it was delivered, in the words of the team; the measured dose stands beside it."""
    components: dict[Slug, Component] = {}
    """Components with their planned dose."""


class Arm(Part):
    """One group of the comparison."""

    title: Text
    """Name of the group for readers."""
    codes: Annotated[tuple[Code, ...], Field(min_length=1)]
    """Values of the extract's arm column that mean this group."""


class Arms(Part):
    """Who is compared with whom."""

    treatment: Arm
    """The group that was offered what is tested."""
    comparison: Arm
    """The group it is compared with."""
    assignment: Literal["randomised", "not_randomised"] = "randomised"
    """How people came into a group. Without randomisation an effect is estimated only by a `design` that makes the
    groups comparable; otherwise they are described."""
    comparison_starts: Literal["as_recorded", "drawn"] = "as_recorded"
    """From when people of the comparison group are followed who have no `start_date`, in outcomes from `events`: from
    their referral, or (`drawn`) after a wait drawn for each from those of the treatment group between referral and
    start. Whoever has such an event while waiting is then left out, in both groups alike. Only where chance did not
    make the groups."""


class Question(Part):
    """A question the pilot set out to answer, with what was expected before anybody saw data."""

    text: Text
    """The question."""
    expectation: Text
    """What was expected, written beforehand."""
    quantitative: tuple[Slug, ...] = ()
    """Outcomes that answer it."""
    supporting: tuple[Text, ...] = ()
    """Codes of the interviews that would speak for the expectation."""
    countering: tuple[Text, ...] = ()
    """Codes of the interviews that would speak against it."""


class Disclosure(Part):
    """Protection of people in everything that leaves the evaluation team."""

    profile: Literal["standard", "opensafely"] = "standard"
    """Named profile of pipelines/disclosure/policy.yml."""
    minimum_count: Annotated[int, Field(ge=1)] | None = None
    """Smallest count that may be shown; it can only be stricter than the profile's."""
    earlier_releases: Literal["named", "held"] = "named"
    """Where figures differ by few people from those of an earlier release of the site, whoever holds both may count
    who came between. `named` tells the evaluation team, who know what was handed out; `held` shows the earlier figures
    again, as at their drop, until enough have changed: for pilots whose every release is handed out."""


class Age(Part):
    """Which ages can be true, of a field of the cases that holds the age at referral."""

    field: Slug
    """Field of the cases extract, a number, that holds the age in years: usually a covariate."""
    low: Annotated[float, Field(ge=0)] = 18
    """Lowest age that can be true."""
    high: Annotated[float, Field(gt=0)] = 100
    """Highest age that can be true."""


class Limits(Part):
    """Limits that the data have to keep; each becomes a check that speaks."""

    missing_outcome: Annotated[float, Field(ge=0, le=1)] = 0.2
    """Largest share of people without a known primary outcome before a warning."""
    quarantine: Annotated[float, Field(ge=0, le=1)] = 0.2
    """Largest share of rows that a row rule may set aside; above it the table is refused. Rules with a limit of their
    own (rows of people who are not in the case file, consent, negative payments) keep theirs."""
    spend_per_entry: Annotated[float, Field(gt=0)] | None = None
    """Largest single amount that the fund may pay, in pounds."""
    spend_per_person: Annotated[float, Field(gt=0)] | None = None
    """Largest sum that the fund may pay for one person, refunds taken off, in pounds."""
    age: Age | None = None
    """Ages that can be true: `{field: age, low: 18, high: 100}`. Rows outside are named for correction; the people
    stay in, because a slip in the age is no reason to lose an outcome. Default: not checked."""
    two_sites: bool = False
    """True when a person may rightly stand in the case files of two sites. Otherwise they are set aside in both:
    counted twice they would weigh twice, and nobody can say which site they belong to."""
    consent_before_linking: bool = False
    """True when contacts, payments, events and interviews may only be linked for people whose row of consents says
    `may_link`, dated no later than the drop and not withdrawn. Where `consent_date` is mapped, a consent without a date
    does not link. Rows of all others are set aside in these tables; the case file, which is the service's own, stays
    whole."""
    contact_grace_days: Annotated[int, Field(ge=0)] = 0
    """Days by which a contact may come before the start or after the end of a person's time in the pilot."""
    missing_by_arm: Annotated[float, Field(ge=0, le=1)] = 0.1
    """Largest difference between the groups in the share missing of a primary outcome or a covariate before a warning
    (0.1 is ten points); a difference that chance alone would explain is not warned of."""
    volume_change: Annotated[float, Field(gt=0, lt=1)] = 0.5
    """Largest share by which a cumulative file may shrink from one drop to the next before a warning."""
    identical_rows: Literal["all", "one"] = "all"
    """Of rows of contacts, payments or events that are equal in every field keep `all`, with a warning (two equal
    payments on one day may both be true), or `one`. Of cases and consents one is kept in any case."""
    people_per_arm: Annotated[int, Field(ge=2)] = 10
    """Fewest people in a group for which an effect is estimated; below it the report only describes."""
    events_per_arm: Annotated[int, Field(ge=0)] = 0
    """Fewest people with the event in a group for which an effect is estimated; below it the report only describes."""
    clusters_per_arm: Annotated[int, Field(ge=2)] = 3
    """Fewest clusters in a group for which a cluster-randomised effect is estimated."""
    periods_before: Annotated[int, Field(ge=2)] = 8
    """Fewest periods before the change for which an interrupted time series is estimated."""


class Dates(Part):
    """When the pilot runs."""

    start: Day | None = None
    """First day of the pilot."""
    end: Day | None = None
    """Last day of the pilot."""


class Plan(Part):
    """The part of the protocol that every reader may see; it stands in each evidence bundle."""

    pilot: Slug
    """Key of the pilot: the name of its folder."""
    title: Text
    """Title of the pilot for readers."""
    question: Text
    """The main question, in one sentence."""
    concept: Concept
    """The idea under test."""
    phase: Literal["proof_of_concept", "pilot", "scale_up"] = "pilot"
    """How far the idea has come."""
    synthetic: bool = False
    """True when the data are made up; every page then says so, and no run locks the protocol: it may be tried out."""
    continues: tuple[Slug, ...] = ()
    """Earlier pilots that this one continues."""
    contact: str = ""
    """Whom a reader may ask."""
    sources: tuple[Source, ...] = ()
    """Where the data come from when others collected them."""
    dates: Dates = Dates()
    """When the pilot runs."""
    sites: Annotated[dict[Slug, Site], Field(min_length=1)]
    """The places where it runs, by key."""
    population: Population
    """Whom it is for."""
    theory_of_change: tuple[Text, ...] = ()
    """How it should work, one step per line."""
    intervention: Intervention
    """What was tried."""
    arms: Arms | None = None
    """Who is compared with whom; without it the report only describes."""
    design: Design | None = None
    """How the comparison is made, by its `kind`. Default: where chance decided, `randomised`; else nobody is
    compared."""
    outcomes: dict[Slug, Outcome] = {}
    """What should change, by key."""
    covariates: dict[Slug, Covariate] = {}
    """What was known of people before they started: the baseline table."""
    adjust_for: tuple[Slug, ...] = ()
    """Covariates of the adjusted estimate that is shown beside the headline; in a matched or weighted design those that
    make the groups comparable, where `by` of the design names no others."""
    take_up: TakeUp | None = None
    """Whether people took what they were offered."""
    doubts: Doubts = Doubts()
    """Planned checks of how wrong an estimate could be."""
    multiplicity: Multiplicity = Multiplicity()
    """How several outcomes of one tier are allowed for."""
    looks: Looks | None = None
    """When somebody may look at the outcomes before all are known. Default: the first look is taken as the only one,
    and later ones get wider intervals."""
    seed: Annotated[int, Field(ge=0)] = 1
    """Where anything is drawn at random (a bootstrap, a permutation), the draws follow from this number."""
    questions: dict[Slug, Question] = {}
    """What the pilot set out to answer, by key: one row each of the joint display."""
    codebook: Codebook = Codebook()
    """How the interviews' code book came about, and how its codes are compared."""
    agreement: Agreement = Agreement()
    """How agreement between coders is measured, and from which value on a code may be counted."""
    frames: Frames = {}
    """Shipped frames that the interviews are held against, by key; `pilotlens frames` lists them."""
    progression: Progression = Progression()
    """What was agreed beforehand on going on, amending or stopping."""
    planning: Planning = Planning()
    """Assumptions for `pilotlens design`, before there are data."""
    learning: Learning = Learning()
    """Process measures over time. Registers of the team lie beside the protocol."""
    cannot_say: tuple[Text, ...] = ()
    """What this pilot cannot say by its design, in words that the report prints in its summary."""
    disclosure: Disclosure = Disclosure()
    """Protection of people in what is released."""
    limits: Limits = Limits()
    """Limits that the data have to keep."""
    sealed_until_locked: bool = False
    """True when no run may look at an outcome before somebody locks the protocol with `pilotlens lock`: until then runs
    show process, quality and reach only. Without it the first run that estimates an outcome locks the protocol."""
    confidence_level: Annotated[float, Field(gt=0.5, lt=1)] = 0.95
    """Level of every interval."""


class Protocol(Plan):
    """The whole of protocol.yml: the plan, and how the provider's files map to it."""

    extracts: Annotated[dict[Slug, Extract], Field(min_length=1)]
    """The files of a drop, by key."""

    def plan(self) -> Plan:
        """Return the part that readers may see."""
        return Plan.model_validate(self.model_dump(exclude={"extracts"}))

    def site_codes(self) -> dict[str, str]:
        """Map each value of a site column to the key of its site."""
        return {code: key for key, site in self.sites.items() for code in (site.codes or (key,))}

    def extracts_of(self, noun: str, site: str) -> dict[str, Extract]:
        """Return the extracts that hold rows of a noun for a site."""
        return {k: e for k, e in self.extracts.items() if e.noun == noun and (not e.sites or site in e.sites)}
