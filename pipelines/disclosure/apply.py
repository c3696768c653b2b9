"""Applying the policy to findings: each kind's small counts, and every figure that would give them away, are withheld.

What is withheld becomes None and is printed as "[c]"; each change is written down for a checker. A sentence is built
anew from what is left. All findings of a site are looked at together, for together they are read. What counts as small
belongs in counts and in policy.yml; what may be shown of each kind in a module of its own.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from pipelines.disclosure import held_counts, held_people, held_together
from pipelines.disclosure.between_releases import RULE, Past
from pipelines.disclosure.coded import agreement, fidelity, saturation, together, voices_of, who_said
from pipelines.disclosure.corrected import corrections
from pipelines.disclosure.deliveries import difference, linkage
from pipelines.disclosure.effects import effects, with_coarse_adjusted
from pipelines.disclosure.exhibits import coarse_doubts, comparison, doubts, over_time, take_up
from pipelines.disclosure.heard import contrast
from pipelines.disclosure.learning import charts, hundred_days
from pipelines.disclosure.likeness import likeness
from pipelines.disclosure.log import Log
from pipelines.disclosure.participants import baseline, dose, flow
from pipelines.disclosure.policy import Policy, outcome_policy, policy
from pipelines.disclosure.progress import progress
from pipelines.disclosure.published import Release
from pipelines.disclosure.quality import quality
from pipelines.disclosure.sizes import Sizes
from pipelines.disclosure.voices import theme
from pipelines.findings.heard import CloseReadingResult, ContrastResult, FrameworkResult, StoriesResult
from pipelines.findings.judging import decided
from pipelines.findings.models import (
    AgreementResult,
    BaselineResult,
    ChartResult,
    CodebookResult,
    ComparisonResult,
    CorrectionsResult,
    CriterionResult,
    DataQualityResult,
    DecisionResult,
    DeviationResult,
    DifferenceResult,
    Disclosed,
    DoseResult,
    DoubtsResult,
    EffectResult,
    FidelityResult,
    Finding,
    FlowResult,
    HundredDaysResult,
    InconclusiveResult,
    JointResult,
    LinkageResult,
    LockResult,
    OverTimeResult,
    PhaseResult,
    ProbabilisticLinkageResult,
    Result,
    SaturationResult,
    TakeUpResult,
    ThemeResult,
    TogetherResult,
    WhoSaidResult,
)
from pipelines.findings.questions import joint_of
from pipelines.findings.sentences import sentence_of
from pipelines.protocol.models import Plan

TOLD = (
    FlowResult,
    BaselineResult,
    EffectResult,
    DoseResult,
    ThemeResult,
    DataQualityResult,
    DifferenceResult,
    LinkageResult,
    ProbabilisticLinkageResult,
    CorrectionsResult,
    CriterionResult,
    ComparisonResult,
    OverTimeResult,
    TakeUpResult,
    DoubtsResult,
    AgreementResult,
    CodebookResult,
    FidelityResult,
    SaturationResult,
    TogetherResult,
    WhoSaidResult,
    FrameworkResult,
    ContrastResult,
    CloseReadingResult,
    StoriesResult,
    # No count of people stands in these: words of the plan, and sentences of earlier releases, which were checked.
    LockResult,
    DeviationResult,
    PhaseResult,
    DecisionResult,
    InconclusiveResult,
    ChartResult,
    HundredDaysResult,
)
"""Kinds whose sentence follows from the result alone, and so from what is shown of it."""
Shown = dict[str, tuple[Result, Log]]
STANDS = "This is as at the drop of {}: too little changed since to show it without telling of a few people."
"""Said of a finding whose figures an earlier release published."""


def checked(findings: Sequence[Finding], plan: Plan, earlier: Sequence[Release] = ()) -> tuple[Finding, ...]:
    """Return findings as they may be shown under a pilot's policy.

    Parameters
    ----------
    findings : all findings of one site; what is told of each depends on what the others tell.
    plan : the pilot's plan, which names the profile.
    earlier : what was released of the site before, in order: the difference of two releases must not tell of few.

    Returns
    -------
    tuple of Finding
        The same findings in the same order, with their changes in `disclosure` and their sentences built anew.

    References
    ----------
    Griffiths et al. 2019, Handbook on Statistical Disclosure Control for Outputs; Hundepool et al. 2012, Statistical
    Disclosure Control.
    """
    rules = policy(plan)
    exact = {finding.id: finding for finding in findings}
    results = _results(exact, plan, rules)
    shown = {
        key: _finished(finding, *results.get(key, (finding.result, Log())), plan, rules)
        for key, finding in exact.items()
    }
    past = Past(earlier, plan)
    few_came = _who_came(past, shown, plan, rules)
    _coded(exact, shown, plan, rules)
    shown |= held_together.voices(past, shown, rules)
    _deliveries(exact, shown, plan, rules)
    shown |= held_together.rest(past, shown, rules, few_came=few_came)
    _learning(exact, shown, plan, rules)
    for key, finding in exact.items():
        if isinstance(finding.result, DataQualityResult):
            log = Log()
            shown[key] = _finished(finding, quality(finding.result, exact, shown, rules, log), log, plan, rules)
    _totals(past, shown, rules, few_came=few_came)
    # Last, for criteria count the same people as all the others.
    told = progress(exact, shown, plan, rules)
    shown |= {key: _finished(exact[key], result, log, plan, rules) for key, (result, log) in told.items()}
    _criteria(past, exact, shown, plan, rules)
    return tuple(_worded(_rejoined(finding, shown, plan), plan) for finding in shown.values())


def _who_came(past: Past, shown: dict[str, Finding], plan: Plan, rules: Policy) -> bool:
    """Hold outcomes, flow, baseline and doses against earlier releases; tell whether only few people came since."""
    shown |= held_together.outcomes(past, shown, outcome_policy(plan))
    few_came = False
    for key, finding in shown.items():
        shown[key], few = held_together.flow(past, finding, rules)
        few_came = few_came or few
    for key, finding in shown.items():
        table = held_people.baseline(past, finding, rules, few_came=few_came)
        shown[key] = held_people.dose(past, table, rules, few_came=few_came)
    return few_came


def _totals(past: Past, shown: dict[str, Finding], rules: Policy, *, few_came: bool) -> None:
    """Hold totals and charts against earlier releases."""
    for key, finding in shown.items():
        checks = held_counts.quality(past, finding, rules, few_came=few_came)
        drops = held_counts.difference(past, checks, rules, few_came=few_came)
        shown[key] = held_counts.chart(past, drops, rules, few_came=few_came)


def _criteria(past: Past, exact: Mapping[str, Finding], shown: dict[str, Finding], plan: Plan, rules: Policy) -> None:
    """Hold criteria against earlier releases, and make the verdict anew from the lights that are left."""
    held = held_counts.criteria(past, shown, rules)
    if not held:
        return
    shown |= held
    lights = {f.scope.subject: f.result.light for f in shown.values() if isinstance(f.result, CriterionResult)}
    for key, finding in exact.items():
        if isinstance(finding.result, DecisionResult):
            shown[key] = _finished(finding, decided(finding.result, lights), Log(), plan, rules)


def _worded(finding: Finding, plan: Plan) -> Finding:
    """Return a finding whose figures were held against earlier releases with the sentence that follows from them."""
    if not any(change.rule == RULE for change in finding.disclosure.changes):
        return finding
    said = sentence_of(finding.result, plan) if isinstance(finding.result, TOLD) else finding.sentence
    drop = finding.disclosure.as_at
    words = f"{said} {STANDS.format(drop)}" if drop and STANDS.format(drop) not in said else said
    return finding.model_copy(update={"sentence": words})


def _coded(exact: Mapping[str, Finding], shown: dict[str, Finding], plan: Plan, rules: Policy) -> None:
    """Replace what is shown of the coding of interviews by what may be: it gives way to the themes."""
    themes = voices_of(exact, shown)
    frames = {key: f.result for key, f in exact.items() if isinstance(f.result, FidelityResult)}
    logs = {key: Log() for key in exact}
    told: dict[str, Result] = dict(fidelity(frames, themes, plan, rules, logs))
    for key, finding in exact.items():
        result = finding.result
        if isinstance(result, AgreementResult):
            told[key] = agreement(result, themes, rules, logs[key])
        elif isinstance(result, SaturationResult):
            told[key] = saturation(result, themes, rules, logs[key])
        elif isinstance(result, TogetherResult):
            told[key] = together(result, themes, rules, logs[key])
        elif isinstance(result, WhoSaidResult):
            told[key] = who_said(result, themes, rules, logs[key])
        elif isinstance(result, ContrastResult):
            told[key] = contrast(result, themes, rules, logs[key])
    shown |= {key: _finished(exact[key], result, logs[key], plan, rules) for key, result in told.items()}


def _learning(exact: Mapping[str, Finding], shown: dict[str, Finding], plan: Plan, rules: Policy) -> None:
    """Replace what is shown of charts and of challenges by what may be."""
    logs = {key: Log() for key in exact}
    found = {key: f.result for key, f in exact.items() if isinstance(f.result, ChartResult)}
    told: dict[str, Result] = dict(charts(found, rules, logs, exact, shown))
    for key, finding in exact.items():
        if isinstance(finding.result, HundredDaysResult):
            told[key] = hundred_days(finding.result, rules, logs[key])
    shown |= {key: _finished(exact[key], result, logs[key], plan, rules) for key, result in told.items()}


def _deliveries(exact: Mapping[str, Finding], shown: dict[str, Finding], plan: Plan, rules: Policy) -> None:
    """Replace what is shown of the deliveries by what may be: they give way to the flow, the doses and the themes."""
    sizes = Sizes(rules)
    for key, finding in exact.items():
        if isinstance(finding.result, LinkageResult):
            log = Log()
            found = linkage(finding.result, plan, exact, shown, rules, log, sizes)
            shown[key] = _finished(finding, found, log, plan, rules)
        if isinstance(finding.result, ProbabilisticLinkageResult):
            log = Log()
            shown[key] = _finished(finding, likeness(finding.result, rules, log), log, plan, rules)
    for key, finding in exact.items():
        if isinstance(finding.result, DifferenceResult):
            log = Log()
            shown[key] = _finished(finding, difference(finding.result, exact, shown, rules, log), log, plan, rules)


def _results(exact: Mapping[str, Finding], plan: Plan, rules: Policy) -> Shown:
    """Return results as they may be shown, in the order in which they give way to each other, the first to none."""
    of_outcomes = outcome_policy(plan)
    sizes = Sizes(rules)
    # Periods of a series are no people: their number stands beside no group's.
    counted = sizes if of_outcomes == rules else Sizes(of_outcomes)
    estimates = {key: f.result for key, f in exact.items() if isinstance(f.result, EffectResult)}
    shown: Shown = dict(effects(estimates, plan, of_outcomes, counted))
    shown |= _beside(exact, shown, of_outcomes, counted)
    for kind in (FlowResult, DoseResult, BaselineResult, ThemeResult, CorrectionsResult):
        for key, finding in exact.items():
            if isinstance(finding.result, kind):
                log = Log()
                shown[key] = _one(finding.result, plan, rules, log, sizes), log
    return _adjusted(shown, plan)


def _beside(exact: Mapping[str, Finding], effects_shown: Shown, rules: Policy, sizes: Sizes) -> Shown:
    """Return what stands beside the effects: of a withheld effect nothing."""
    effect = {
        key.split("/")[1]: result for key, (result, _) in effects_shown.items() if isinstance(result, EffectResult)
    }
    shown: Shown = {}
    for key, finding in exact.items():
        result, log = finding.result, Log()
        if isinstance(result, DoubtsResult):
            shown[key] = doubts(result, effect, rules, log, sizes), log
        elif isinstance(result, TakeUpResult):
            shown[key] = take_up(result, effect.get(result.outcome), rules, log), log
        elif isinstance(result, OverTimeResult):
            shown[key] = over_time(result, effect.get(result.outcome), rules, log), log
        elif isinstance(result, ComparisonResult):
            shown[key] = comparison(result, effect.get(result.outcome), rules, log, sizes), log
    return shown


def _one(result: Result, plan: Plan, rules: Policy, log: Log, sizes: Sizes) -> Result:
    if isinstance(result, FlowResult):
        return flow(result, rules, log, sizes)
    if isinstance(result, DoseResult):
        return dose(result, rules, log, sizes)
    if isinstance(result, BaselineResult):
        return baseline(result, plan, rules, log, sizes)
    if isinstance(result, CorrectionsResult):
        return corrections(result, rules, log)
    return theme(result, rules, log) if isinstance(result, ThemeResult) else result


def _adjusted(shown: Shown, plan: Plan) -> Shown:
    """Round adjusted estimates when a covariate they adjust for has a cell that is withheld."""
    tables = [result for result, _ in shown.values() if isinstance(result, BaselineResult)]
    withheld = {
        row.covariate
        for table in tables
        for row in table.rows
        if any(arm.average is None or arm.n is None for arm in row.arms.values())
    }
    if not withheld & set(plan.adjust_for):
        return shown
    return {key: (_coarse(result, log), log) for key, (result, log) in shown.items()}


def _coarse(result: Result, log: Log) -> Result:
    if isinstance(result, EffectResult):
        return with_coarse_adjusted(result, log)
    return coarse_doubts(result, log) if isinstance(result, DoubtsResult) else result


def _finished(finding: Finding, result: Result, log: Log, plan: Plan, rules: Policy) -> Finding:
    """Return a finding with what may be shown of its result, and the sentence that follows from that."""
    sentence = sentence_of(result, plan) if isinstance(result, TOLD) else finding.sentence
    disclosed = Disclosed(profile=rules.profile, changes=log.changes)
    return finding.model_copy(update={"result": result, "sentence": sentence, "disclosure": disclosed})


def _rejoined(finding: Finding, shown: Mapping[str, Finding], plan: Plan) -> Finding:
    """Build a joint row anew from the findings it rests on, as they are shown."""
    if not isinstance(finding.result, JointResult):
        return finding
    rests_on = [shown[receipt] for receipt in finding.receipts if receipt in shown]
    result = joint_of(plan.questions[finding.scope.subject], rests_on, finding.result.voice_direction)
    return finding.model_copy(update={"result": result, "sentence": result.meaning})
