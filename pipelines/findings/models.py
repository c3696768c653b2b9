"""The finding: the one object that numbers, voices, checks and limits meet in; frozen, and typed by kind.

A number in a report is a field of a finding, printed by its id; nothing else may print a number. Values of persons
never stand in a finding. How a finding is made belongs in the other modules of this folder; what may be shown of it
belongs in pipelines.disclosure.
"""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field

from pipelines.findings.across import SitesResult as SitesResult
from pipelines.findings.across import SynthesisResult as SynthesisResult
from pipelines.findings.coded import AgreementResult as AgreementResult
from pipelines.findings.coded import CodebookResult as CodebookResult
from pipelines.findings.coded import FidelityResult as FidelityResult
from pipelines.findings.coded import SaturationResult as SaturationResult
from pipelines.findings.coded import Spread as Spread
from pipelines.findings.coded import TogetherResult as TogetherResult
from pipelines.findings.coded import WhoSaidResult as WhoSaidResult
from pipelines.findings.exhibits import ComparisonResult as ComparisonResult
from pipelines.findings.exhibits import DoubtsResult as DoubtsResult
from pipelines.findings.exhibits import OverTimeResult as OverTimeResult
from pipelines.findings.exhibits import Reading as Reading
from pipelines.findings.exhibits import TakeUpResult as TakeUpResult
from pipelines.findings.heard import CloseReadingResult as CloseReadingResult
from pipelines.findings.heard import ContrastResult as ContrastResult
from pipelines.findings.heard import FrameworkResult as FrameworkResult
from pipelines.findings.heard import StoriesResult as StoriesResult
from pipelines.findings.learned import AdaptationResult as AdaptationResult
from pipelines.findings.learned import ChartResult as ChartResult
from pipelines.findings.learned import HundredDaysResult as HundredDaysResult
from pipelines.findings.learned import LearningLogResult as LearningLogResult
from pipelines.findings.learned import PdsaResult as PdsaResult
from pipelines.findings.likeness import ProbabilisticLinkageResult as ProbabilisticLinkageResult
from pipelines.findings.look import Look as Look
from pipelines.findings.plan_kept import DeviationResult as DeviationResult
from pipelines.findings.plan_kept import LockResult as LockResult
from pipelines.findings.plan_kept import PhaseResult as PhaseResult
from pipelines.findings.progress import CriterionResult as CriterionResult
from pipelines.findings.progress import DecisionResult as DecisionResult
from pipelines.findings.progress import InconclusiveResult as InconclusiveResult
from pipelines.findings.received import CorrectionMade as CorrectionMade
from pipelines.findings.received import CorrectionsResult as CorrectionsResult
from pipelines.findings.received import DifferenceResult as DifferenceResult
from pipelines.findings.received import FieldChange as FieldChange
from pipelines.findings.received import LinkageResult as LinkageResult
from pipelines.findings.record import ArmSummary as ArmSummary
from pipelines.findings.record import BaselineRow as BaselineRow
from pipelines.findings.record import Count as Count
from pipelines.findings.record import Figure as Figure
from pipelines.findings.record import Record as Record

ArmKey = Literal["treatment", "comparison"]


class Scope(Record):
    """What a finding speaks of."""

    pilot: str
    """Key of the pilot."""
    site: str
    """Key of the site; empty for what is said of all sites together."""
    subject: str = ""
    """Key of the outcome, theme, component, question or check; empty when it speaks of the whole site."""
    population: str = ""
    """Who is counted, in words, for example "everyone assigned whose outcome is known"."""


class QuestionAsked(Record):
    """The protocol's question that a finding answers."""

    id: str
    """Key of the question in the protocol."""
    text: str
    """The question."""
    expectation: str
    """What was expected, written beforehand."""


class Inputs(Record):
    """What a finding was computed from; enough to compute it again."""

    drop: str
    """Name of the drop's folder."""
    drop_hash: str
    """SHA-256 over the names and bytes of the drop's files."""
    protocol_hash: str
    """SHA-256 of the canonical protocol."""
    tables: dict[str, str]
    """SHA-256 of each table it was computed from, by `layer.noun`."""
    code: str
    """SHA-256 of the program's own files."""
    seed: int = 0
    """Seed of anything random; 0 where nothing is."""


class Change(Record):
    """One thing the disclosure policy changed."""

    cell: str
    """Which field of the result, for example "events.treatment"."""
    rule: str
    """Rule of the policy, for example "minimum count"."""
    action: Literal["withheld", "rounded", "held"]
    """What was done; `held`: the figure of an earlier release stands, for the difference would tell of few people."""


class Disclosed(Record):
    """What the disclosure policy did to a finding."""

    profile: str = ""
    """Profile of the policy; empty before the policy was applied."""
    changes: tuple[Change, ...] = ()
    """Every change, for a checker."""
    as_at: str = ""
    """Name of the earlier drop whose released figures stand here; empty where all figures are of the newest drop."""


class Interval(Record):
    """A value with its uncertainty."""

    value: Figure
    """Point estimate."""
    lower: Figure
    """Lower limit."""
    upper: Figure
    """Upper limit."""
    name: str = ""
    """What it is, for example "risk ratio"."""


class FlowStage(Record):
    """One stage of the participant flow."""

    title: str
    """Name of the stage."""
    counts: dict[str, Count]
    """People at this stage, by arm (`treatment`, `comparison`) or `everyone`."""
    outcome: str = ""
    """Key of the outcome whose estimate rests on exactly these people; empty for every other stage."""


class FlowResult(Record):
    """Who came in, and who is left to be analysed."""

    kind: Literal["flow"] = "flow"
    stages: tuple[FlowStage, ...]
    """Stages in order; each counts a part of the one before."""


class BaselineResult(Record):
    """Who took part, and how alike the groups were at the start."""

    kind: Literal["baseline"] = "baseline"
    rows: tuple[BaselineRow, ...]
    """One row for each number and for each category."""
    formula: str
    """Formula of the standardised mean difference: tools differ."""


class Step(Record):
    """One point of a survival curve."""

    time: float
    """Time since the start, in the outcome's unit."""
    share: float
    """Share of people without the event at this time."""


class OtherEstimate(Record):
    """Another engine's answer to the same question, shown beside the headline."""

    engine: str
    """Name of the engine."""
    measure: str
    """What it estimates."""
    value: Figure
    """Point estimate."""
    se: Figure = None
    """Standard error."""
    lower: Figure = None
    """Lower limit."""
    upper: Figure = None
    """Upper limit."""
    p: Figure = None
    """Two-sided p value."""
    refused: bool = False
    """Whether this engine must not be relied on here; why stands in the effect's `advice`."""


class EffectResult(Record):
    """The difference that an outcome shows between the groups, or, below the floors, a description of each."""

    kind: Literal["effect"] = "effect"
    title: str
    """The outcome for readers."""
    tier: Literal["primary", "secondary", "exploratory"]
    """Weight the protocol gave it."""
    better: Literal["higher", "lower"]
    """Which direction is good for people."""
    outcome_type: Literal["binary", "continuous", "count", "ordinal", "time_to_event"]
    """Scale of measurement."""
    design: str = ""
    """Kind of the design, as in the protocol."""
    placebo: bool = False
    """True for an outcome that cannot have been changed: a difference is a warning, not an effect."""
    estimand: str = ""
    """Whose effect of what this is meant to be, in a sentence."""
    measure: str
    """What is estimated, for example "risk difference"."""
    unit: str
    """Unit of value, limits and averages; a binary outcome's are shares (0.05 is five points)."""
    horizon: float | None = None
    """Length of follow-up, in the outcome's unit."""
    arms: dict[str, ArmSummary]
    """Each group's n, events and average."""
    value: Figure = None
    """Treatment minus comparison, or a ratio of the two where `null` is 1; None when only described."""
    null: float = 0.0
    """Value that means no difference: 0, or 1 for a ratio."""
    se: Figure = None
    """Standard error."""
    lower: Figure = None
    """Lower limit."""
    upper: Figure = None
    """Upper limit."""
    level: float
    """Level of every interval in this result."""
    df: Figure = None
    """Degrees of freedom of the interval; None for a normal one."""
    p: Figure = None
    """Two-sided p value."""
    p_adjusted: Figure = None
    """P value adjusted for the number of outcomes of its tier; None where it is the only one."""
    adjustment: str = ""
    """How it was adjusted, for example "holm"."""
    engine: str
    """How it was estimated."""
    why: str
    """Why this engine."""
    advice: tuple[str, ...] = ()
    """What the inference advisor says: clusters, sizes and events, why this engine, what was refused, what is safe."""
    residual_df: Count = None
    """Observations minus coefficients. Disclosure control looks at it; it is never released."""
    effect_size: Interval | None = None
    """Effect size with its interval: risk ratio, Hedges' g, or ratio of restricted means."""
    others: tuple[OtherEstimate, ...] = ()
    """Other engines' answers."""
    curves: dict[str, tuple[Step, ...]] = {}
    """Survival curves by arm, thinned and rounded to what the policy allows."""
    detectable: Figure = None
    """Smallest difference that the numbers in hand would have shown 80 times in 100."""
    minimum_important_difference: float | None = None
    """Smallest difference that would matter, from the protocol."""
    verdict: Literal["better", "worse", "inconclusive", "described"]
    """Where the interval lies: wholly on the good side, wholly on the bad, across nothing; or no estimate."""
    described_because: str = ""
    """Why there is no estimate, when there is none."""
    warnings: tuple[str, ...] = ()
    """What a reader has to know of this estimate."""
    look: Look | None = None
    """Which look at this outcome it is, and the interval that allows for all of them; the verdict follows from that
    one. None for an only look that no plan speaks of."""


class DoseResult(Record):
    """How much of a component people got."""

    kind: Literal["dose"] = "dose"
    title: str
    """The component for readers."""
    unit: str
    """Unit of the dose."""
    planned: float | None
    """Planned dose per person."""
    arms: dict[str, ArmSummary]
    """Mean dose by arm; `events` counts the people who got any, `spread` is the standard deviation."""


class QuoteShown(Record):
    """A participant's words that may be shown: approved, consented to, and free of identifiers."""

    text: str
    """The words as they may be shown: exactly as they were said, or with stretches replaced by [brackets]."""
    sha256: str
    """SHA-256 of `text`. Of exact words it is the entry of the release list; that of edited words is not told, for
    with it somebody could try names until one fits."""
    edited: bool = False
    """Whether somebody replaced words by [brackets] before approving it."""
    speaker: str
    """Who speaks, no closer than the policy allows, for example "participant"."""
    theme: str
    """Path of the theme's code."""
    voice: Literal["typical", "counter"] = "typical"
    """Whether it stands for the theme, or for its declared opposite."""
    approved_by: str
    """Who approved it."""
    approved_on: str
    """When, as yyyy-mm-dd."""


class ThemeResult(Record):
    """What people said, counted by people and not by passages."""

    kind: Literal["theme"] = "theme"
    code: str
    """Path of the code, joined by " / "."""
    title: str
    """Name of the code."""
    definition: str
    """Definition in the code book."""
    people: dict[str, Count]
    """People with at least one passage, by role."""
    interviewed: dict[str, Count]
    """People interviewed, by role."""
    spread: dict[str, Spread]
    """How many of those interviewed that is, in a word, by role: `few` up to a quarter, `some` up to a half, `many` up
    to three quarters, `most` above. Where these words would give a withheld count away there are fewer of them: `some`
    up to a half and `many` above, or `some` for anybody at all. Said where the count itself may not be shown."""
    passages: Count
    """Coded passages."""
    agreement: Figure = None
    """Share of interviews in which two coders agree whether the theme is there, to one decimal; None with one coder."""
    quotes: tuple[QuoteShown, ...] = ()
    """Words that may be shown, chosen by rule."""
    withheld_quotes: Count = 0
    """Candidates that were not approved, not consented to, or named somebody."""
    counted: bool = True
    """False where coders agree too little for the code to be counted: then only words say how many."""
    not_counted: str = ""
    """Why it is not counted."""
    opposite: str = ""
    """Path of the code that was declared to contradict it; empty without one, or when nobody used it."""


class JointResult(Record):
    """A question's answer from numbers and from voices, side by side."""

    kind: Literal["joint"] = "joint"
    number: str
    """What the numbers say, from the findings it rests on."""
    number_direction: Literal["supports", "against", "open", "silent"]
    """Where the numbers point, seen from the expectation."""
    voice: str
    """What people said, from the themes it rests on."""
    voice_direction: Literal["supports", "against", "mixed", "silent"]
    """Where the voices point, seen from the expectation."""
    fit: Literal["agree", "partial", "silent", "dissonant"]
    """How the two meet."""
    meaning: str
    """What the two mean together."""


class CheckSummary(Record):
    """One check of the data, in words."""

    noun: str
    """Table that was checked."""
    rule: str
    """Key of the rule."""
    passed: bool
    """Whether it held."""
    severity: Literal["block", "warn", "note"]
    """What a failure means."""
    sentence: str
    """What was found."""


class DataQualityResult(Record):
    """What the checks of the data found."""

    kind: Literal["data_quality"] = "data_quality"
    checks: tuple[CheckSummary, ...]
    """Every check."""
    rows: dict[str, Count]
    """Rows in use, by table."""
    set_aside: dict[str, Count]
    """Rows set aside by a rule, by table."""


class EvidenceLevelResult(Record):
    """How far the design can carry a conclusion about cause."""

    kind: Literal["evidence_level"] = "evidence_level"
    maryland: int
    """Maryland Scientific Methods Scale, 1 to 5 (Sherman et al. 1997)."""
    nesta: int
    """Nesta Standards of Evidence, 1 to 5 (Puttick & Ludlow 2013)."""
    reason: str
    """Why this level."""
    raise_it: str
    """What would raise it."""
    declared_maryland: int | None = None
    """Level of the design as declared, where what was delivered lowers it."""
    declared_nesta: int | None = None
    """The same on Nesta's scale."""
    lowered: tuple[str, ...] = ()
    """What lowers it."""


class LimitResult(Record):
    """Something this pilot cannot say."""

    kind: Literal["limit"] = "limit"
    origin: Literal["protocol", "data"]
    """Whether the protocol declared it or the data showed it."""


Result = Annotated[
    FlowResult
    | BaselineResult
    | EffectResult
    | DoseResult
    | ThemeResult
    | JointResult
    | DataQualityResult
    | EvidenceLevelResult
    | LimitResult
    | DifferenceResult
    | LinkageResult
    | ProbabilisticLinkageResult
    | CorrectionsResult
    | ComparisonResult
    | OverTimeResult
    | TakeUpResult
    | DoubtsResult
    | AgreementResult
    | CodebookResult
    | FidelityResult
    | SaturationResult
    | TogetherResult
    | WhoSaidResult
    | FrameworkResult
    | ContrastResult
    | CloseReadingResult
    | StoriesResult
    | CriterionResult
    | DecisionResult
    | InconclusiveResult
    | ChartResult
    | PdsaResult
    | AdaptationResult
    | LearningLogResult
    | HundredDaysResult
    | SynthesisResult
    | SitesResult
    | LockResult
    | DeviationResult
    | PhaseResult,
    Field(discriminator="kind"),
]


class Finding(Record):
    """A result with an id."""

    id: str
    """Stable and readable: `effect/rearrest_52w/primary`, `theme/agency`, `flow/participants`."""
    scope: Scope
    """What it speaks of."""
    question: QuestionAsked | None = None
    """The question it answers, when the protocol asks one."""
    result: Result
    """The result, typed by its `kind`."""
    sentence: str
    """What it says, built by rule from the result."""
    inputs: Inputs
    """What it was computed from."""
    receipts: tuple[str, ...] = ()
    """Ids of the findings and hashes of the quotes it rests on."""
    disclosure: Disclosed = Disclosed()
    """What the policy changed."""

    @property
    def kind(self) -> str:
        """Kind of the result."""
        return self.result.kind
