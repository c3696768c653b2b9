"""How a comparison is made, as a protocol declares it: one model for each kind of design, with its choices.

What an engine does with a choice belongs in pipelines.estimation; whether the fields that a design names are there
belongs in design_soundness.
"""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field

from pipelines.protocol.base import Code, Part, Slug

Estimand = Literal["treated", "everyone"]


class Randomised(Part):
    """Chance decided for each person, perhaps within blocks. Leads: the difference in means or shares."""

    kind: Literal["randomised"]
    """`randomised`."""
    blocks: Slug | None = None
    """Field of the cases that holds the block or stratum within which chance decided. The headline then weighs each
    block's own difference by its people, and randomisation inference keeps to the blocks."""
    clusters: Slug | None = None
    """Field of the cases that holds a group within which people influence each other (a worker, an office), where
    chance decided person by person. Standard errors allow for it."""
    adjusted: bool = False
    """True when the headline is adjusted for `adjust_for`; otherwise the adjusted estimate stands beside it."""


class ClusterRandomised(Part):
    """Chance decided for whole groups (offices, teams, villages). Leads: CR2 with Satterthwaite degrees of freedom."""

    kind: Literal["cluster_randomised"]
    """`cluster_randomised`."""
    clusters: Slug
    """Field of the cases that holds the group."""
    blocks: Slug | None = None
    """Field of the cases that holds the block within which groups were drawn."""
    adjusted: bool = False
    """True when the headline is adjusted for `adjust_for`; otherwise the adjusted estimate stands beside it."""


class MatchedPairs(Part):
    """Pairs of people, alike before the start, one of each pair in each group."""

    kind: Literal["matched_pairs"]
    """`matched_pairs`."""
    pairs: Slug
    """Field of the cases that holds the pair; pairs without one person in each group are left out, and counted."""


class Matched(Part):
    """Each person of the treatment group is compared with the most alike of a comparison pool."""

    kind: Literal["matched"]
    """`matched`."""
    by: tuple[Slug, ...] = ()
    """Covariates to match on. Default: `adjust_for`."""
    distance: Literal["propensity", "mahalanobis"] = "propensity"
    """How likeness is measured: by the chance of being in the treatment group (a logistic regression), or by the
    covariates themselves, each on its own scale."""
    ratio: Annotated[int, Field(ge=1, le=20)] = 1
    """People of the comparison pool for each person of the treatment group."""
    replacement: bool = False
    """True when somebody of the pool may stand for several people."""
    caliper: Annotated[float, Field(gt=0)] | None = None
    """Largest distance of a match: of a propensity score in its standard deviations over everybody, of `mahalanobis` in
    its own unit. Who has no match is left out, and described."""
    exactly: tuple[Slug, ...] = ()
    """Covariates that a match must share to the letter."""
    order: Literal["largest", "smallest", "data"] | None = None
    """Who chooses first, without replacement: those with the largest score, the smallest, or the first in the file.
    Default: the largest score; with `mahalanobis` the first in the file. Equal scores choose in the order of the
    file."""
    search: Literal["nearest", "matchit_4_5"] = "nearest"
    """`matchit_4_5` repeats a fault of R's MatchIt 4.5.0 to 4.5.3 as some systems compiled it, which passed over nearer
    people above and ignored calipers: only to reproduce analyses that were published with it."""
    adjusted: bool = False
    """True when the headline is also adjusted for `by` among the matched; otherwise that stands beside it."""


class Weighted(Part):
    """People are weighted so that the groups are alike in what is known of them."""

    kind: Literal["weighted"]
    """`weighted`."""
    by: tuple[Slug, ...] = ()
    """Covariates to balance. Default: `adjust_for`."""
    method: Literal["inverse_probability", "overlap", "entropy"] = "entropy"
    """How weights are made: by the inverse of the chance of the own group, by the chance of the other group (which
    weighs those up who could have been in either), or so that the averages are exactly equal (for `treated` only)."""
    estimand: Estimand = "treated"
    """For whom the effect is meant: those in the treatment group, or everyone. With `overlap` it is those who could
    have been in either group."""
    moments: Annotated[int, Field(ge=1, le=2)] = 1
    """With `entropy`: 1 balances averages, 2 the spread of numbers too."""
    trim: Annotated[float, Field(ge=0, lt=0.5)] = 0
    """With `inverse_probability`: people whose chance of being in the treatment group lies below this or above one
    minus this are left out."""
    clusters: Slug | None = None
    """Field of the cases that holds a group within which people influence each other."""


class RegressionAdjusted(Part):
    """Each group's outcome is predicted from what is known of people, for the same people."""

    kind: Literal["regression_adjusted"]
    """`regression_adjusted`."""
    by: tuple[Slug, ...] = ()
    """Covariates. Default: `adjust_for`."""
    estimand: Estimand = "treated"
    """For whom the effect is meant."""
    clusters: Slug | None = None
    """Field of the cases that holds a group within which people influence each other."""


class DoublyRobust(Part):
    """Weights and predictions together: right if either model is."""

    kind: Literal["doubly_robust"]
    """`doubly_robust`."""
    by: tuple[Slug, ...] = ()
    """Covariates. Default: `adjust_for`."""
    estimand: Estimand = "treated"
    """For whom the effect is meant."""
    clusters: Slug | None = None
    """Field of the cases that holds a group within which people influence each other."""


class DifferenceInDifferences(Part):
    """The change of the treatment group against the change of the comparison group, between two points in time.

    The outcome names its `baseline`, a field of the cases; or stands in the assessments and names the periods `at` and
    `baseline_at`. Earlier periods in the assessments show whether the groups moved alike before.
    """

    kind: Literal["difference_in_differences"]
    """`difference_in_differences`."""
    by: tuple[Slug, ...] = ()
    """Covariates that the change may depend on; the headline is then adjusted for them. Without them `adjust_for` makes
    an adjusted estimate beside the headline."""
    method: Literal["regression", "doubly_robust"] = "regression"
    """How covariates are used (Sant'Anna & Zhao 2020 for `doubly_robust`)."""
    clusters: Slug | None = None
    """Field of the cases that holds the group (area, office) in which the pilot began or did not. Default: the person,
    which is right only where each person started or not by themselves."""
    same_people: bool = True
    """False when different people were measured before and after (house sales, claims, two surveys): every person of
    the cases then has one row of the assessments, and averages are compared. The outcome has `noun: assessments`."""


class Staggered(Part):
    """Units begin at different times (Callaway & Sant'Anna 2021); their outcomes stand in the assessments.

    A row of the cases is a unit: a person, an office, an area. Nothing else is needed to say who is compared with whom,
    so `arms` may be left out; a unit with a period in `adopted` is then in the treatment group.
    """

    kind: Literal["staggered"]
    """`staggered`."""
    adopted: Slug
    """Field of the cases (a number) that holds the first period in which the unit had what is tested; empty or 0 for a
    unit that never had it."""
    control: Literal["never", "not_yet"] = "never"
    """Whom the beginners are compared with: units that never begin, or also those that have not begun yet."""
    anticipation: Annotated[int, Field(ge=0)] = 0
    """Periods before the beginning in which the outcome may already change."""
    base: Literal["varying", "universal"] = "varying"
    """Period that placebo differences before the beginning are held against: the one just before, or always the last
    one before the beginning."""
    by: tuple[Slug, ...] = ()
    """Covariates that the change may depend on (numbers, from the cases)."""
    changing: tuple[Slug, ...] = ()
    """Further ones that change over time: fields of the assessments (numbers). Each comparison uses them as they stood
    in the earlier of its two periods, before what is tested could have moved them."""
    weights: Slug | None = None
    """Field of the cases (a number above zero) that says how much a unit counts, such as its population. The same
    without weights stands beside. Default: every unit counts alike."""
    method: Literal["regression", "weighting", "doubly_robust"] = "doubly_robust"
    """How covariates are used."""
    summary: Literal["simple", "group", "calendar", "dynamic"] = "simple"
    """Which average of the effects of groups and periods leads: over all of them, over the groups, over the periods,
    or over the time since the beginning. The others stand beside it."""
    clusters: Slug | None = None
    """Field of the cases that holds a larger group in which units began together. Default: the unit."""


class InterruptedTimeSeries(Part):
    """One series before and after a change, such as a monthly count; it stands in an extract with `noun: series`.

    Leads: the change at once (of counts as a ratio of rates), or of the slope with `change: slope`. What came of it
    period by period, and the effect at the last one, stand beside it.
    """

    kind: Literal["interrupted_time_series"]
    """`interrupted_time_series`."""
    began: Code
    """First period after the change, as it stands in the field `period`: a number, or a date as yyyy-mm-dd."""
    change: Literal["level", "level_and_slope", "slope"] = "level_and_slope"
    """What may change: the level at once, the slope, or both."""
    trend: bool = True
    """False when the series is held to run level, neither up nor down, apart from its season: only with `change:
    level`, and only where that was plain beforehand, for a trend that is left out is taken for a change."""
    family: Literal["gaussian", "poisson", "quasi_poisson", "negative_binomial"] = "gaussian"
    """Kind of model; counts have one of the last three, and the outcome may then name an `exposure`."""
    season: Literal["none", "harmonics", "periods"] = "none"
    """How the time of the year is modelled: not, by waves, or by a level for each period of the year."""
    season_length: Annotated[int, Field(ge=2)] = 12
    """Periods of a year (12 for months)."""
    harmonics: Annotated[int, Field(ge=1, le=6)] = 2
    """Pairs of waves, with `season: harmonics`."""
    lags: Annotated[int, Field(ge=0)] | None = None
    """Lags over which errors may hang together (Newey-West); 0: over none. Default: with `gaussian` errors that follow
    one another, averaged over how closely (right for short series, where Newey-West's interval is too narrow); counts
    take the errors of their family. Newey-West's stand beside."""
    errors: Literal["averaged"] | None = None
    """`averaged`: errors of counts, too, follow one another, averaged over how closely, and counts may vary more than
    Poisson's. Right for fewer than 100 periods or where one period is like the next. Default: see `lags`."""
    control: bool = False
    """True when rows whose arm is the comparison are a control series, whose change is taken off."""


class Panel(Part):
    """Units over time, with their own level and each period's level taken out (two-way fixed effects).

    Right where everybody begins at once, or the effect is the same for all and at all times; otherwise `staggered`.
    """

    kind: Literal["panel"]
    """`panel`."""
    treated: Slug
    """Field of the assessments (a number) that says how much of what is tested the unit had in that period: 1 and 0, or
    an amount such as a tax rate."""
    effects: Literal["unit", "unit_and_period"] = "unit_and_period"
    """Which levels are taken out."""
    by: tuple[Slug, ...] = ()
    """Further fields of the assessments (numbers) that vary over time."""
    weights: Slug | None = None
    """Field of the assessments (a number above zero) that says how much a row counts, such as the population of the
    area in that period. The same without weights stands beside. Default: every row counts alike."""
    clusters: Slug | None = None
    """Field of the cases that holds a larger group of units. Default: the unit."""


class BeforeAfter(Part):
    """The same people before and after, with nobody to compare with: the lowest level of evidence.

    The outcome names its `baseline`, a field of the cases; or stands in the assessments, where the first period is held
    against the last unless `baseline_at` and `at` name others.
    """

    kind: Literal["before_after"]
    """`before_after`."""
    reliability: Annotated[float, Field(gt=0, lt=1)] | None = None
    """How strongly two measurements of the same people hang together when nothing happens between them. It tells how
    far people chosen for a bad score would have come back by themselves. Default: shown for a range."""
    typical: float | None = None
    """Average of the baseline in everybody the people were chosen from; needed for the same bound."""
    typical_spread: Annotated[float, Field(gt=0)] | None = None
    """Standard deviation of the baseline in everybody the people were chosen from."""


class Instrumental(Part):
    """Something that moved how much of a dose people had, and nothing else, stands in for chance: an instrument.

    Leads: two-stage least squares, the effect of one more unit of the dose on those whose dose the instruments move.
    The strength of the instruments, an interval that holds however weak they are (Anderson-Rubin) and the tests of
    Wu-Hausman and, with several instruments, of Sargan and Hansen stand beside it. There are no `arms`: where chance
    decided who was offered something, use `randomised` with `take_up`.
    """

    kind: Literal["instrumental"]
    """`instrumental`."""
    dose: Slug
    """Field of the cases (a number) that says how much of what is tested somebody had: years, hours, 1 and 0."""
    one_more: str = "unit of the dose"
    """One unit of the dose in words, as it ends the phrase "the effect of one more ..." (`year of schooling`)."""
    instruments: Annotated[tuple[Slug, ...], Field(min_length=1)]
    """Covariates that moved the dose and can have moved the outcome in no other way. A `category` counts as one
    instrument for each of its codes but the first."""
    by: tuple[Slug, ...] = ()
    """Covariates that are held fixed, in the dose and in the outcome. Default: `adjust_for`."""
    method: Literal["two_stage", "liml"] = "two_stage"
    """Two-stage least squares, or limited information maximum likelihood, which many or weak instruments pull less
    towards plain least squares. With several instruments the other one stands beside."""
    clusters: Slug | None = None
    """Field of the cases that holds a group within which people influence each other or share an instrument."""


Design = Annotated[
    Randomised
    | ClusterRandomised
    | MatchedPairs
    | Matched
    | Weighted
    | RegressionAdjusted
    | DoublyRobust
    | DifferenceInDifferences
    | Staggered
    | InterruptedTimeSeries
    | Panel
    | BeforeAfter
    | Instrumental,
    Field(discriminator="kind"),
]
"""How the comparison is made."""

BY_CHANCE = ("randomised", "cluster_randomised")
"""Kinds in which chance decided."""
ALONE = ("before_after", "interrupted_time_series", "staggered", "panel", "instrumental")
"""Kinds that need no second group of people."""


class TakeUp(Part):
    """Whether people took what they were offered: the effect on those who took it only because it was offered."""

    field: Slug
    """Field of the cases (yes/no) that says whether the person took it, in either group."""
    title: str = "took it up"
    """What that means, as it ends the sentence "people who ..."."""


class Doubts(Part):
    """Checks of how wrong an estimate could be that need to be planned; all others are made where they apply.

    Made wherever they apply, without being planned: how strong something unmeasured would have to be (E-value,
    robustness value, hidden bias within pairs), the worst that unknown outcomes could have been and what would tip the
    conclusion, each cluster left out, extreme values and single people in small pilots, and what the design that
    arrived could have shown, held against the outcome's `minimum_important_difference`.
    """

    benchmarks: tuple[Slug, ...] = ()
    """Covariates that hidden differences are measured against ("as strong as ..."), where chance did not decide.
    Default: the covariates of the comparison."""
    imputations: Annotated[int, Field(ge=0, le=1000)] = 0
    """Data sets in which unknown outcomes and covariates are filled in by chained equations, group by group, from
    `adjust_for` and `auxiliary`; 0: none are. Twenty is a fair number; one for each per cent of people who lack
    something is better."""
    auxiliary: tuple[Slug, ...] = ()
    """Covariates that help to fill in, beside `adjust_for`."""
    covariate_sets: tuple[tuple[Slug, ...], ...] = ()
    """Sets of covariates with which the estimate is made again, declared beforehand: `[[], [age], [age, sex]]`.
    Default, where `methods` are named: the covariates of the comparison."""
    methods: tuple[
        Literal["difference", "regression_adjusted", "matched", "inverse_probability", "entropy", "doubly_robust"], ...
    ] = ()
    """Methods with which the estimate is made again, each with each set of covariates. The plain `difference` uses no
    covariates; it and any method with an empty set are the same, and count once. Default, where `covariate_sets` are
    named: `regression_adjusted`, and the plain difference where chance did not decide."""
    hidden_bias: Annotated[float, Field(gt=1)] = 6
    """Largest odds, from a hidden difference within a pair, that are tried (Rosenbaum's gamma); for pairs, and for
    matching with one person of the pool each, whom nobody shares."""


Adjustment = Literal["none", "holm", "benjamini_hochberg", "romano_wolf"]


class Multiplicity(Part):
    """How p values are adjusted for the number of outcomes of one tier.

    `holm` keeps the chance of any false alarm at the level, `benjamini_hochberg` the share of false alarms.
    `romano_wolf` is as strict as `holm` and gains where outcomes hang together: it draws the assignment again, for all
    outcomes at once. Where chance did not decide, or an outcome is a time to an event, `holm` takes its place and is
    named.
    """

    primary: Adjustment = "holm"
    """Of primary outcomes."""
    secondary: Adjustment = "benjamini_hochberg"
    """Of secondary outcomes."""
    exploratory: Adjustment = "none"
    """Of exploratory outcomes."""
