"""Sentences built by rule from results: they change when the result does. Words follow the interval, never a p value.

Without randomisation no sentence says or implies that one thing made another happen.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Sequence
from typing import Any

from pipelines.disclosure.policy import minimum_count, policy
from pipelines.findings import coded_words, heard_words, learned_words
from pipelines.findings.heard import CloseReadingResult, ContrastResult, FrameworkResult, StoriesResult
from pipelines.findings.learned import (
    AdaptationResult,
    ChartResult,
    HundredDaysResult,
    LearningLogResult,
    PdsaResult,
)
from pipelines.findings.likeness import likeness_words
from pipelines.findings.look import led, look_words, waiting_words
from pipelines.findings.models import (
    AgreementResult,
    ArmSummary,
    BaselineResult,
    CodebookResult,
    ComparisonResult,
    CorrectionsResult,
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
    FlowResult,
    InconclusiveResult,
    JointResult,
    LinkageResult,
    LockResult,
    OverTimeResult,
    PhaseResult,
    ProbabilisticLinkageResult,
    SaturationResult,
    TakeUpResult,
    ThemeResult,
    TogetherResult,
    WhoSaidResult,
)
from pipelines.findings.plan_words import deviation_words, lock_words, phase_words
from pipelines.findings.progress_words import criterion_words, decision_words, inconclusive_words
from pipelines.findings.received_words import correction_words, difference_words, linkage_words
from pipelines.protocol.models import Plan

WITHHELD = "[c]"
SHARE = "share of people"
TRACE = 1e-12
"""Below this a figure is what arithmetic left of zero."""
MOST_PLACES = 6
FIT = {
    "agree": "Numbers and voices agree.",
    "partial": "Numbers and voices meet only in part.",
    "silent": "One side has nothing to say, so the answer rests on the other.",
    "dissonant": "Numbers and voices contradict each other: this needs follow-up before anybody decides.",
}


SILENT = {
    (True, True): "Neither numbers nor voices have anything to say on this yet.",
    (True, False): "The numbers have nothing to say, so the answer rests on what people said.",
    (False, True): "Nobody spoke of this, so the answer rests on the numbers.",
}


def meaning_of(number: str, voice: str, fit: str) -> str:
    """Return what the directions of numbers and voices mean together."""
    return SILENT.get((number == "silent", voice == "silent"), FIT[fit])


def sentence_of(result: Any, plan: Plan) -> str:
    """Return the sentence of a result."""
    makers: dict[type, Callable[[Any, Plan], str]] = {
        FlowResult: _flow,
        BaselineResult: _baseline,
        EffectResult: _effect,
        DoseResult: _dose,
        ThemeResult: _theme,
        JointResult: _joint,
        DataQualityResult: _quality,
        EvidenceLevelResult: _level,
        DifferenceResult: lambda found, plan: difference_words(found, minimum_count(plan)),
        LockResult: lambda found, _plan: lock_words(found),
        DeviationResult: lambda found, _plan: deviation_words(found),
        PhaseResult: lambda found, _plan: phase_words(found),
        LinkageResult: lambda found, plan: linkage_words(found, minimum_count(plan)),
        ProbabilisticLinkageResult: lambda found, plan: likeness_words(found, minimum_count(plan)),
        CorrectionsResult: lambda found, _plan: correction_words(found),
        ComparisonResult: _comparison,
        OverTimeResult: lambda found, _plan: found.words or NOT_SHOWN.format(found.title),
        TakeUpResult: _readings,
        DoubtsResult: _readings,
        ChartResult: lambda found, _plan: learned_words.chart_words(found),
        PdsaResult: lambda found, _plan: learned_words.pdsa_words(found),
        AdaptationResult: lambda found, _plan: learned_words.adaptation_words(found),
        LearningLogResult: lambda found, _plan: learned_words.log_words(found),
        HundredDaysResult: lambda found, _plan: learned_words.hundred_days_words(found),
        AgreementResult: lambda found, _plan: coded_words.agreement_words(found),
        CodebookResult: lambda found, _plan: coded_words.codebook_words(found),
        SaturationResult: lambda found, _plan: coded_words.saturation_words(found),
        FidelityResult: lambda found, _plan: coded_words.fidelity_words(found),
        TogetherResult: lambda found, _plan: coded_words.together_words(found),
        WhoSaidResult: lambda found, _plan: coded_words.who_said_words(found),
        FrameworkResult: lambda found, _plan: heard_words.framework_words(found),
        ContrastResult: lambda found, _plan: heard_words.contrast_words(found),
        CloseReadingResult: lambda found, _plan: heard_words.close_reading_words(found),
        StoriesResult: lambda found, _plan: heard_words.stories_words(found),
        CriterionResult: lambda found, _plan: criterion_words(found),
        DecisionResult: lambda found, _plan: decision_words(found),
        InconclusiveResult: lambda found, _plan: inconclusive_words(found),
    }
    return makers[type(result)](result, plan)


NOT_SHOWN = "{}: the figures are not shown."


def _comparison(result: ComparisonResult, _plan: Plan) -> str:
    if not result.words:
        return NOT_SHOWN.format(f"The comparison group for {within(result.title)}")
    apart = [within(row.title) for row in result.rows if row.light == "red" and row.covariate != "distance"]
    return f"{result.words} Still apart: {', '.join(dict.fromkeys(apart))}." if apart else result.words


def _readings(result: TakeUpResult | DoubtsResult, _plan: Plan) -> str:
    """Return the first sentence; all of them stand in the result."""
    said = [reading.sentence for reading in result.readings if reading.sentence]
    return said[0] if said else NOT_SHOWN.format(_capital(result.title))


def within(text: str) -> str:
    """Return a title as it stands inside a sentence; an abbreviation keeps its capitals."""
    return text if text[1:2].isupper() else text[:1].lower() + text[1:]


def count(value: int | None) -> str:
    """Return a count, or the sign for one that is withheld."""
    return WITHHELD if value is None else f"{value:,}"


def amount(value: float | None, places: int = 1) -> str:
    """Return a figure with a real minus sign, or the sign for one that is withheld.

    A figure that is not zero never prints as zero: it gets more decimals instead, or a reader would see an interval
    that touches zero where it does not.
    """
    if value is None:
        return WITHHELD
    size = abs(value) if abs(value) > TRACE else 0.0
    while size and round(size, places) == 0:
        places += 1
    return f"{'−' if size and value < 0 else ''}{size:,.{places}f}"


def places_for(sizes: Iterable[float | None]) -> int:
    """Return the decimals that figures need to be told apart: two figures of the largest where all are below one."""
    largest = max((abs(one) for one in sizes if one is not None and math.isfinite(one)), default=0.0)
    return 1 if largest >= 1 or largest <= TRACE else min(1 - math.floor(math.log10(largest)), MOST_PLACES)


def _places(result: EffectResult) -> int:
    """Return the decimals of an effect in its own unit, and of the averages beside it."""
    return places_for((result.value, result.lower, result.upper))


def per_hundred(share: float | None) -> str:
    """Return a share as people of every hundred."""
    return WITHHELD if share is None else amount(100 * share, 1)


def _flow(result: FlowResult, _plan: Plan) -> str:
    first, last = result.stages[0], result.stages[-1]
    totals = [_total(stage.counts) for stage in (first, last)]
    analysed = last.title.startswith("Outcome known")
    what = "are in the main analysis" if analysed else f"are at the stage “{last.title}”"
    if len(result.stages) == 1 or totals[0] in (None, totals[1]):
        return f"{count(totals[1])} people {what}."
    return f"Of {count(totals[0])} people in the case file, {count(totals[1])} {what}."


def _total(counts: dict[str, int | None]) -> int | None:
    known = [number for number in counts.values() if number is not None]
    return sum(known) if len(known) == len(counts) else None


def _baseline(result: BaselineResult, plan: Plan) -> str:
    if plan.arms is None:
        return "Who took part is described by what was known before they started."
    lights = {row.light for row in result.rows}
    apart = [row.title for row in result.rows if row.light == "red"]
    measured = "what can be shown of what was measured" if "none" in lights else "everything that was measured"
    if lights <= {"none"}:
        return "How alike the groups were at the start cannot be shown."
    if not apart:
        return f"At the start no difference reached 0.1 standard deviations in {measured}."
    return f"At the start the groups differed by 0.1 standard deviations or more in: {', '.join(dict.fromkeys(apart))}."


def _effect(result: EffectResult, plan: Plan) -> str:
    levels = _shares(result) if result.outcome_type == "binary" else _averages(result)
    if result.value is None:
        what = f"How many {result.title}" if result.outcome_type == "binary" else _capital(result.title)
        described = levels or f"{what}:"
        look = f" {_seen_of_everybody(result)}".rstrip()
        return f"{described} {'No' if levels else 'no'} effect is estimated. {result.described_because}{look}".strip()
    scale, unit = (100, "per 100") if is_share(result) else (1, result.unit)
    counts = led(result)
    said = _ratio(counts) if result.null else _range(counts, scale, unit, policy(plan).rounding_base > 1)
    words = _placebo(counts) if result.placebo else _verdict(counts, plan)
    return f"{levels} {said} {words} {_looked(result)}".strip()


def _looked(result: EffectResult) -> str:
    """Return which look an estimate is, and the interval of an only look."""
    if result.look is None:
        return ""
    return look_words(result.look, between(led(result)), between(result))


def between(result: EffectResult) -> str:
    """Return the limits of an estimate in words, in the unit in which readers see it; empty without any."""
    if result.lower is None or result.upper is None:
        return ""
    places = 2 if result.null or result.outcome_type == "ordinal" else 1 if is_share(result) else _places(result)
    scale = 100 if is_share(result) and not result.null and result.outcome_type != "ordinal" else 1
    return f"{amount(scale * result.lower, places)} to {amount(scale * result.upper, places)}"


def _seen_of_everybody(result: EffectResult) -> str:
    """Return how far a pilot is from its next look, or which look the description of everybody is."""
    look, everyone = result.look, result.arms.get("everyone")
    if look is None:
        return ""
    if not look.estimated:
        return waiting_words(look)
    if everyone is None or everyone.average is None:
        return ""
    counts = led(result).arms["everyone"]
    limits = [
        "" if arm.lower is None or arm.upper is None else f"{per_hundred(arm.lower)} to {per_hundred(arm.upper)}"
        for arm in (counts, everyone)
    ]
    return look_words(look, *limits)


def is_share(result: EffectResult) -> bool:
    """Tell whether figures are shares of people: a yes-or-no outcome, or people without an event."""
    return result.outcome_type == "binary" or result.unit == SHARE


LED_BY = {
    "difference_in_differences": "Held against where each group began, that is",
    "staggered": "Held against how the others changed, that is",
    "panel": "For one more of what is tested, within the same unit, that is",
    "interrupted_time_series": "Held against the course before, that is",
    "instrumental": "For one more unit of the dose, among those whose dose the instruments moved, that is",
}
"""How an estimate is introduced that is not the difference between the averages said before it."""
ONE_MORE = "unit of the dose"


def led_by(result: EffectResult) -> str:
    """Return how an estimate is introduced; one by instruments with a unit of its dose in the protocol's words."""
    said = LED_BY.get(result.design, "That is")
    return said.replace(ONE_MORE, one_more(result)) if result.design == "instrumental" else said


def one_more(result: EffectResult) -> str:
    """Return one unit of the dose of an effect by instruments in words."""
    return result.measure.partition(" for one more ")[2] or ONE_MORE


AS_THE_GROUPS_CAME = ("", "randomised", "cluster_randomised", "matched_pairs")
"""Designs whose difference between times is that of the two averages."""


def _ratio(result: EffectResult) -> str:
    value, lower, upper = (amount(x, 2) for x in (result.value, result.lower, result.upper))
    return f"{led_by(result)} a {result.measure} of {value} ({_interval(result, lower, upper)}); 1 is no change."


def _interval(result: EffectResult, lower: str, upper: str) -> str:
    """Return an interval in words; a figure is shown without one only where none can be given."""
    if result.lower is None or result.upper is None:
        return "no interval can be given"
    return f"{100 * result.level:g}% interval {lower} to {upper}"


def _placebo(result: EffectResult) -> str:
    """Return what a difference means in an outcome that cannot have been changed."""
    if result.verdict == "inconclusive":
        return "This could not have been changed by what was tried, and no clear difference shows: as it should be."
    return (
        "This could not have been changed by what was tried, and yet it differs: "
        "the groups differ in something else, so the other estimates may be wrong too."
    )


def _groups(result: EffectResult) -> list[ArmSummary]:
    """Return the groups, treatment first; none when a figure of one is withheld."""
    arms = [result.arms[key] for key in ("treatment", "comparison", "everyone") if key in result.arms]
    return arms if all(arm.average is not None for arm in arms) else []


def _shares(result: EffectResult) -> str:
    """Return each group's share in people of every hundred."""
    said = [f"{_of(arm, result)}, {per_hundred(arm.average)}" for arm in _groups(result)]
    return (
        f"Of every 100 people {f' {result.title}; of every 100 '.join(said)}."
        if len(said) > 1
        else _alone(said, result)
    )


def _alone(said: list[str], result: EffectResult) -> str:
    return f"Of every 100 people{said[0]} {result.title}." if said else ""


def _of(arm: ArmSummary, result: EffectResult) -> str:
    return "" if "everyone" in result.arms else _with(arm.title)


def _averages(result: EffectResult) -> str:
    """Return each group's average."""
    if result.unit == SHARE:
        said = [f"{per_hundred(arm.average)} {_of(arm, result)}".strip() for arm in _groups(result)]
        by = f" by {result.horizon:g}" if result.horizon else ""
        return (
            f"{_capital(result.title)}: of every 100 people without the event{by}, {', '.join(said)}." if said else ""
        )
    unit = f" {result.unit}" if result.unit else ""
    places = _places(result)
    said = [f"{amount(arm.average, places)}{unit} {_of(arm, result)}".strip() for arm in _groups(result)]
    if not said:
        return ""
    said[0] = said[0].replace(unit, f"{unit} on average", 1) if unit else f"{said[0]} on average"
    return f"{_capital(result.title)}: {', '.join(said)}."


def _with(title: str) -> str:
    return f"in the group “{title}”"


def _range(result: EffectResult, scale: float, unit: str, rounded: bool) -> str:
    value, lower, upper = (None if x is None else scale * x for x in (result.value, result.lower, result.upper))
    lead, of = led_by(result), f" {unit}" if unit else ""
    places = 1 if scale != 1 else _places(result)
    interval = f"({_interval(result, amount(lower, places), amount(upper, places))})"
    if result.outcome_type == "ordinal":
        limits = f"({_interval(result, amount(lower, 2), amount(upper, 2))})"
        return f"The {result.measure} is {amount(value, 2)} {limits}."
    if result.design not in LED_BY and _adjusted(result, scale, rounded):
        told = "Adjusted as planned, and so not simply that of the two figures, the difference is"
        return f"{told} {amount(value, places)}{of} {interval}."
    return f"{lead} a difference of {amount(value, places)}{of} {interval}."


def _adjusted(result: EffectResult, scale: float, rounded: bool) -> bool:
    """Tell whether an estimate is visibly another figure than the difference of the two that stand beside it."""
    arms = [arm.average for arm in _groups(result)]
    if len(arms) != 2 or arms[0] is None or arms[1] is None or result.value is None:
        return False
    apart = abs(arms[0] - arms[1] - result.value)
    # Figures that disclosure control rounds, each by itself, differ a little without meaning anything.
    loose = rounded or (result.outcome_type == "time_to_event" and result.design in AS_THE_GROUPS_CAME)
    return apart > (0.2 * (result.se or 0.0) if loose else 0.11 / scale)


def _verdict(result: EffectResult, plan: Plan) -> str:
    """Return what the interval allows one to say."""
    by_chance = plan.arms is not None and plan.arms.assignment == "randomised"
    if result.lower is None or result.upper is None:
        return "Without an interval nobody can tell how much of it is chance."
    if result.verdict == "inconclusive":
        return f"{_open(result)}{_could_have_shown(result)}"
    if result.design == "before_after":
        word = "better" if result.verdict == "better" else "worse"
        return f"Things were {word} afterwards; without a comparison group nobody can say why."
    word = "an improvement" if result.verdict == "better" else "a worsening"
    caution = "" if by_chance else ", which other differences may explain"
    return f"The whole interval lies on the side of {word}{caution}."


def _open(result: EffectResult) -> str:
    """Return what an inconclusive interval means."""
    touches = {result.lower, result.upper} & {result.null, None}
    holds = "reaches as far as no difference at all" if touches else "holds both an improvement and a worsening"
    return f"Inconclusive: the interval {holds}, so this pilot cannot tell which it was."


def _could_have_shown(result: EffectResult) -> str:
    """Return which difference the people in hand would have shown: what makes an open answer usable."""
    if not result.detectable:
        return ""
    binary = is_share(result)
    if result.outcome_type == "ordinal":
        return ""
    own = amount(result.detectable, places_for((result.detectable,)))
    size = f"{amount(100 * result.detectable)} per 100" if binary else f"{own} {result.unit}".strip()
    return f" With these people, a true difference of {size} would have shown itself 80 times in 100."


def _dose(result: DoseResult, plan: Plan) -> str:
    arm = result.arms.get("treatment") or result.arms.get("everyone")
    if arm is None or arm.average is None:
        return f"{_capital(result.title)}: how much people got may not be shown."
    unit = f" {result.unit}" if result.unit else ""
    planned = f" (planned: {amount(result.planned, 0 if result.planned % 1 == 0 else 1)})" if result.planned else ""
    group = f" in the group “{plan.arms.treatment.title}”" if plan.arms else ""
    average = amount(arm.average, 2 if abs(arm.average) < 2 else 1)
    return f"{_capital(result.title)}: {average}{unit} a person on average{group}{planned}."


def _theme(result: ThemeResult, _plan: Plan) -> str:
    if not result.people:
        return f"{_capital(result.title)} did not come up."
    if not result.counted:
        why = f"it is not counted, because {result.not_counted}"
        return f"{_capital(result.title)} came up with {voiced_by(result)}; {why}."
    return f"{_capital(result.title)} came up with {voiced_by(result)}."


def voices(supporting: Sequence[ThemeResult], countering: Sequence[ThemeResult]) -> str:
    """Return in one sentence what people said for and against an expectation, and how many did."""
    if not supporting and not countering:
        return "Nobody was interviewed about this question."
    sides = (("for", supporting), ("against", countering))
    said = [
        f"{_listed([f'“{t.title}” ({voiced_by(t)})' for t in themes])} spoke {side} it"
        for side, themes in sides
        if themes
    ]
    return f"Of what was expected, {', and '.join(said)}."


def voiced_by(result: ThemeResult) -> str:
    """Return how many of each role spoke of a theme, with the number asked where it may be shown."""
    return _listed([_voiced(result, role) for role in result.people])


def _voiced(result: ThemeResult, role: str) -> str:
    people, asked = result.people[role], result.interviewed[role]
    of = f"the {count(asked)} interviewed {plural(role)}" if asked is not None else f"the interviewed {plural(role)}"
    return f"{spoken(result.spread[role]) if people is None or asked is None else count(people)} of {of}"


def _listed(parts: Sequence[str]) -> str:
    """Return parts as a list in words."""
    return " and ".join([", ".join(parts[:-1]), parts[-1]] if len(parts) > 1 else parts)


def spoken(spread: str) -> str:
    """Return a word for how many; "nobody" becomes "none" before "of the interviewed"."""
    return "none" if spread == "nobody" else spread


def plural(role: str) -> str:
    """Return the name of a role for several people."""
    return {"staff": "staff", "other": "others"}.get(role, role if role.endswith("s") else f"{role}s")


def _joint(result: JointResult, _plan: Plan) -> str:
    return meaning_of(result.number_direction, result.voice_direction, result.fit)


def _quality(result: DataQualityResult, _plan: Plan) -> str:
    failed = [check for check in result.checks if not check.passed]
    if not failed:
        return f"All {len(result.checks)} checks of the data held."
    return f"{len(failed)} of {len(result.checks)} checks of the data found something: " + " ".join(
        c.sentence for c in failed
    )


def _level(result: EvidenceLevelResult, _plan: Plan) -> str:
    return f"Level {result.maryland} of 5 on the Maryland scale, level {result.nesta} of 5 on Nesta's. {result.reason}"


def _capital(text: str) -> str:
    return text[:1].upper() + text[1:]
