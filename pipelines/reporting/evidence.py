"""Open a bundle and pick findings out of it. No words and no layout."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple, TypeVar, cast

from pipelines.findings.heard import CloseReadingResult, ContrastResult, FrameworkResult, StoriesResult
from pipelines.findings.look import led
from pipelines.findings.models import (
    AdaptationResult,
    AgreementResult,
    BaselineResult,
    ChartResult,
    CheckSummary,
    CodebookResult,
    ComparisonResult,
    CorrectionsResult,
    Count,
    CriterionResult,
    DataQualityResult,
    DecisionResult,
    DeviationResult,
    DifferenceResult,
    DoseResult,
    DoubtsResult,
    EffectResult,
    EvidenceLevelResult,
    FidelityResult,
    Finding,
    FlowResult,
    FlowStage,
    HundredDaysResult,
    InconclusiveResult,
    JointResult,
    LearningLogResult,
    LinkageResult,
    LockResult,
    OverTimeResult,
    PdsaResult,
    PhaseResult,
    ProbabilisticLinkageResult,
    QuoteShown,
    Record,
    SaturationResult,
    TakeUpResult,
    ThemeResult,
    TogetherResult,
    WhoSaidResult,
)
from pipelines.release.bundle import Evidence, read_evidence

_ORDER = ("everyone", "treatment", "comparison", "unknown")

R = TypeVar("R", bound=Record)


class Said(NamedTuple):
    """A theme's finding with its result, typed."""

    finding: Finding
    result: ThemeResult


class Estimated(NamedTuple):
    """An effect's finding with its result, typed."""

    finding: Finding
    result: EffectResult


class Answered(NamedTuple):
    """A joint display's row with its result, typed."""

    finding: Finding
    result: JointResult


class Dosed(NamedTuple):
    """A component's finding with its result, typed."""

    finding: Finding
    result: DoseResult


def open_bundle(bundle: str | Path) -> Evidence:
    """Read the bundle whose folder a report was given."""
    return read_evidence(Path(bundle))


def effects(evidence: Evidence, tier: str = "") -> list[Estimated]:
    """Return the outcomes' findings in order, of one tier when asked; with the limits that allow for repeated looks."""
    pairs = [Estimated(finding, led(result)) for finding, result in _typed(evidence, "effect", EffectResult)]
    return [pair for pair in pairs if tier in ("", pair.result.tier)]


def headline(evidence: Evidence) -> list[Estimated]:
    """Return the primary outcomes, or all of them when none was called primary."""
    return effects(evidence, "primary") or effects(evidence)


def themes(evidence: Evidence) -> list[Said]:
    """Return the themes in order."""
    return [Said(*pair) for pair in _typed(evidence, "theme", ThemeResult)]


def answers(evidence: Evidence) -> list[Answered]:
    """Return the rows of the joint display in order."""
    return [Answered(*pair) for pair in _typed(evidence, "joint", JointResult)]


def doses(evidence: Evidence) -> list[Dosed]:
    """Return the components' doses in order."""
    return [Dosed(*pair) for pair in _typed(evidence, "dose", DoseResult)]


def baseline(evidence: Evidence) -> tuple[Finding, BaselineResult] | None:
    """Return the baseline table's finding, if there is one."""
    return next(_typed(evidence, "baseline", BaselineResult), None)


def evidence_level(evidence: Evidence) -> tuple[Finding, EvidenceLevelResult] | None:
    """Return the finding that says how far the design can carry a conclusion."""
    return next(_typed(evidence, "evidence_level", EvidenceLevelResult), None)


def flow(evidence: Evidence) -> tuple[Finding, FlowResult] | None:
    """Return the participant flow, if it has a stage."""
    return next((pair for pair in _typed(evidence, "flow", FlowResult) if pair[1].stages), None)


def quality(evidence: Evidence) -> tuple[tuple[Finding, DataQualityResult], ...]:
    """Return what the checks of the data found."""
    return tuple(_typed(evidence, "data_quality", DataQualityResult))


def checks(evidence: Evidence) -> list[CheckSummary]:
    """Return every check of the data."""
    return [check for _, result in quality(evidence) for check in result.checks]


def differences(evidence: Evidence) -> list[tuple[Finding, DifferenceResult]]:
    """Return what differs from the drop before, table by table."""
    return list(_typed(evidence, "difference", DifferenceResult))


def linkages(evidence: Evidence) -> list[tuple[Finding, LinkageResult]]:
    """Return who is found in which file."""
    return list(_typed(evidence, "linkage", LinkageResult))


def likenesses(evidence: Evidence) -> list[tuple[Finding, ProbabilisticLinkageResult]]:
    """Return how rows without the person's number were linked by likeness."""
    return list(_typed(evidence, "probabilistic_linkage", ProbabilisticLinkageResult))


def corrections(evidence: Evidence) -> list[tuple[Finding, CorrectionsResult]]:
    """Return what was corrected."""
    return list(_typed(evidence, "corrections", CorrectionsResult))


def comparisons(evidence: Evidence) -> list[tuple[Finding, ComparisonResult]]:
    """Return the comparison groups that were made, one for each outcome."""
    return list(_typed(evidence, "comparison", ComparisonResult))


def over_time(evidence: Evidence) -> list[tuple[Finding, OverTimeResult]]:
    """Return the figures that belong to periods."""
    return list(_typed(evidence, "over_time", OverTimeResult))


def take_ups(evidence: Evidence) -> list[tuple[Finding, TakeUpResult]]:
    """Return who took up what they were offered, and what it did for them."""
    return list(_typed(evidence, "take_up", TakeUpResult))


def doubts(evidence: Evidence) -> list[tuple[Finding, DoubtsResult]]:
    """Return how wrong the estimates could be."""
    return list(_typed(evidence, "doubts", DoubtsResult))


def charts(evidence: Evidence) -> list[tuple[Finding, ChartResult]]:
    """Return process measures over time."""
    return list(_typed(evidence, "chart", ChartResult))


def cycles(evidence: Evidence) -> list[tuple[Finding, PdsaResult]]:
    """Return the team's cycles of plan, do, study, act."""
    return list(_typed(evidence, "pdsa", PdsaResult))


def adaptations(evidence: Evidence) -> list[tuple[Finding, AdaptationResult]]:
    """Return changes to what is delivered."""
    return list(_typed(evidence, "adaptation", AdaptationResult))


def learned(evidence: Evidence) -> list[tuple[Finding, LearningLogResult]]:
    """Return what was learned."""
    return list(_typed(evidence, "learning_log", LearningLogResult))


def challenges(evidence: Evidence) -> list[tuple[Finding, HundredDaysResult]]:
    """Return the challenges of 100 days."""
    return list(_typed(evidence, "hundred_days", HundredDaysResult))


def agreements(evidence: Evidence) -> Iterator[tuple[Finding, AgreementResult]]:
    """Yield how far coders agree: one finding where there were interviews."""
    return _typed(evidence, "agreement", AgreementResult)


def codebooks(evidence: Evidence) -> Iterator[tuple[Finding, CodebookResult]]:
    """Yield what the codes mean."""
    return _typed(evidence, "codebook", CodebookResult)


def saturations(evidence: Evidence) -> Iterator[tuple[Finding, SaturationResult]]:
    """Yield whether interviews still brought new codes."""
    return _typed(evidence, "saturation", SaturationResult)


def fidelities(evidence: Evidence) -> Iterator[tuple[Finding, FidelityResult]]:
    """Yield the frames that the interviews were held against."""
    return _typed(evidence, "fidelity", FidelityResult)


def togethers(evidence: Evidence) -> Iterator[tuple[Finding, TogetherResult]]:
    """Yield which codes go together."""
    return _typed(evidence, "together", TogetherResult)


def who_said(evidence: Evidence) -> Iterator[tuple[Finding, WhoSaidResult]]:
    """Yield themes by category of those who spoke."""
    return _typed(evidence, "who_said", WhoSaidResult)


def frameworks(evidence: Evidence) -> Iterator[tuple[Finding, FrameworkResult]]:
    """Yield the framework matrix."""
    return _typed(evidence, "framework", FrameworkResult)


def contrasts(evidence: Evidence) -> Iterator[tuple[Finding, ContrastResult]]:
    """Yield the negative cases."""
    return _typed(evidence, "contrast", ContrastResult)


def close_readings(evidence: Evidence) -> Iterator[tuple[Finding, CloseReadingResult]]:
    """Yield whose words are read closely."""
    return _typed(evidence, "close_reading", CloseReadingResult)


def stories(evidence: Evidence) -> Iterator[tuple[Finding, StoriesResult]]:
    """Yield stories that people told themselves."""
    return _typed(evidence, "stories", StoriesResult)


def lock(evidence: Evidence) -> tuple[Finding, LockResult] | None:
    """Return the finding about the protocol's lock."""
    return next(_typed(evidence, "lock", LockResult), None)


def sealed(evidence: Evidence) -> bool:
    """Tell whether outcomes were left alone."""
    found = lock(evidence)
    return found is not None and found[1].sealed


def deviations(evidence: Evidence) -> list[tuple[Finding, DeviationResult]]:
    """Return the deviations from the locked protocol, oldest first."""
    return list(_typed(evidence, "deviation", DeviationResult))


def phases(evidence: Evidence) -> list[tuple[Finding, PhaseResult]]:
    """Return what each earlier phase taught."""
    return list(_typed(evidence, "phase", PhaseResult))


def decision(evidence: Evidence) -> tuple[Finding, DecisionResult] | None:
    """Return the verdict over the progression criteria, if any were agreed."""
    return next(_typed(evidence, "decision", DecisionResult), None)


def criteria(evidence: Evidence) -> list[tuple[Finding, CriterionResult]]:
    """Return the progression criteria in order."""
    return list(_typed(evidence, "progression", CriterionResult))


def inconclusive(evidence: Evidence) -> list[tuple[Finding, InconclusiveResult]]:
    """Return the main outcomes that are open."""
    return list(_typed(evidence, "inconclusive", InconclusiveResult))


def limits(evidence: Evidence, origin: str = "") -> list[Finding]:
    """Return what the pilot cannot say, by origin when asked."""
    found = evidence.of_kind("limit")
    return [finding for finding in found if origin in ("", getattr(finding.result, "origin", ""))]


def quotes(evidence: Evidence) -> list[tuple[Said, QuoteShown]]:
    """Return every quote that may be shown, with its theme."""
    return [(theme, quote) for theme in themes(evidence) for quote in theme.result.quotes]


def arm_titles(evidence: Evidence) -> dict[str, str]:
    """Return the groups' names for readers, by key."""
    arms = evidence.plan.arms
    return {"treatment": arms.treatment.title, "comparison": arms.comparison.title} if arms else {}


def randomised(evidence: Evidence) -> bool:
    """Say whether chance decided who was offered what: only then may a sentence speak of an effect."""
    return evidence.plan.arms is not None and evidence.plan.arms.assignment == "randomised"


def column_title(evidence: Evidence, key: str) -> str:
    """Name a column of counts: a group, or everyone."""
    others = {"everyone": "Everyone", "unknown": "No group"}
    return arm_titles(evidence).get(key, others.get(key, key.replace("_", " ").capitalize()))


def columns(stages: tuple[FlowStage, ...]) -> list[str]:
    """Return which groups the stages count, everyone first; people without a group only where there are any."""
    keys = dict.fromkeys(key for key in _ORDER for stage in stages if key in stage.counts)
    return [key for key in keys if key != "unknown" or any(stage.counts.get(key) != 0 for stage in stages)]


def people_at(stage: FlowStage) -> tuple[Count, ...]:
    """Return the people at a stage: everyone when counted, else each group; sums would be numbers of no finding."""
    if "everyone" in stage.counts:
        return (stage.counts["everyone"],)
    return tuple(stage.counts[key] for key in columns((stage,)) if key != "unknown")


def kept(stages: tuple[FlowStage, ...]) -> list[tuple[Count, Count]]:
    """Return (counted at the last stage, at the stage they are counted from), a pair a group."""
    last, first = stages[-1], counted_from(stages)
    return [(last.counts[key], first.counts[key]) for key in columns((last,)) if key != "unknown"]


def counted_from(stages: tuple[FlowStage, ...]) -> FlowStage:
    """Return the stage that the last one is held against.

    People whose follow-up still runs have not left: where a stage counts whose follow-up is over, it is that one, else
    the first that counts the same groups.
    """
    keys = set(columns((stages[-1],)))
    same = [stage for stage in stages if keys <= set(stage.counts)]
    return next((stage for stage in same if stage.title.startswith("Follow-up over")), same[0])


def _typed(evidence: Evidence, kind: str, model: type[R]) -> Iterator[tuple[Finding, R]]:
    """Yield the findings of a kind with their results."""
    for finding in evidence.of_kind(kind):
        if isinstance(finding.result, model):
            yield finding, cast(R, finding.result)
