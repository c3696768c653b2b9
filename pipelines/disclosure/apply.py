"""Applying the policy to findings: each kind's small counts, and every figure that would give them away, are withheld.

What is withheld becomes None and is printed as "[c]"; each change is written down for a checker. A sentence is built
anew from what is left. What counts as small belongs in counts and in policy.yml.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from pipelines.disclosure.counts import hidden_categories, part_hidden, rounded, shown_chain, too_small
from pipelines.disclosure.policy import Policy, policy
from pipelines.findings.models import (
    ArmSummary,
    BaselineResult,
    BaselineRow,
    Change,
    DataQualityResult,
    Disclosed,
    DoseResult,
    EffectResult,
    Finding,
    FlowResult,
    JointResult,
    ThemeResult,
)
from pipelines.findings.questions import joined
from pipelines.findings.sentences import sentence_of
from pipelines.protocol.models import Plan

Changes = list[Change]
SMALL = "minimum count"
WITHHELD_EFFECT = (
    "Too few people had, or did not have, this outcome to show figures without the risk that somebody is recognised."
)


def checked(findings: Sequence[Finding], plan: Plan) -> tuple[Finding, ...]:
    """Return findings as they may be shown under a pilot's policy."""
    rules = policy(plan)
    shown = [_checked(finding, plan, rules) for finding in findings]
    by_id = {finding.id: finding for finding in shown}
    return tuple(_rejoined(finding, by_id) for finding in shown)


def _checked(finding: Finding, plan: Plan, rules: Policy) -> Finding:
    changes: Changes = []
    handlers: dict[type, Callable[[Any, Policy, Changes], Any]] = {
        FlowResult: _flow,
        BaselineResult: _baseline,
        EffectResult: _effect,
        DoseResult: _dose,
        ThemeResult: _theme,
        DataQualityResult: _quality,
    }
    handler = handlers.get(type(finding.result))
    result = handler(finding.result, rules, changes) if handler else finding.result
    sentence = sentence_of(result, plan) if handler else finding.sentence
    disclosed = Disclosed(profile=rules.profile, changes=tuple(changes))
    return finding.model_copy(update={"result": result, "sentence": sentence, "disclosure": disclosed})


def _rejoined(finding: Finding, shown: dict[str, Finding]) -> Finding:
    """Build a joint row anew from the findings it rests on, as they are shown; without them it stays as it is."""
    if not isinstance(finding.result, JointResult) or not all(receipt in shown for receipt in finding.receipts):
        return finding
    rests_on = [shown[receipt] for receipt in finding.receipts]
    effects = [f for f in rests_on if isinstance(f.result, EffectResult)]
    themes = [f for f in rests_on if isinstance(f.result, ThemeResult)]
    results = [f.result for f in effects if isinstance(f.result, EffectResult)]
    result = joined(results, effects, themes, finding.result.voice_direction)
    return finding.model_copy(update={"result": result, "sentence": result.meaning})


def _withheld(changes: Changes, cell: str, rule: str = SMALL) -> None:
    changes.append(Change(cell=cell, rule=rule, action="withheld"))


def _count(value: int | None, cell: str, rules: Policy, changes: Changes) -> int | None:
    """Return a count that stands alone, as it may be shown."""
    if value is not None and too_small(value, rules):
        _withheld(changes, cell)
        return None
    if rounded(value, rules) != value:
        changes.append(Change(cell=cell, rule=f"rounding to {rules.rounding_base}", action="rounded"))
    return rounded(value, rules)


def _flow(result: FlowResult, rules: Policy, changes: Changes) -> FlowResult:
    """Withhold stages that are small, or so close to a later one that the few who were lost could be counted."""
    shown = {arm: shown_chain([s.counts[arm] or 0 for s in result.stages], rules) for arm in result.stages[0].counts}
    for arm, counts in shown.items():
        for position, count in enumerate(counts):
            if count is None:
                _withheld(changes, f"stages.{position}.{arm}", "minimum count, also of the difference between stages")
    stages = [
        stage.model_copy(update={"counts": {arm: shown[arm][i] for arm in stage.counts}})
        for i, stage in enumerate(result.stages)
    ]
    return result.model_copy(update={"stages": tuple(stages)})


def _baseline(result: BaselineResult, rules: Policy, changes: Changes) -> BaselineResult:
    hidden = _hidden_categories(result, rules)
    rows = [
        _baseline_row(row, i, arm_hidden=hidden.get(i, set()), rules=rules, changes=changes)
        for i, row in enumerate(result.rows)
    ]
    return result.model_copy(update={"rows": tuple(rows)})


def _hidden_categories(result: BaselineResult, rules: Policy) -> dict[int, set[str]]:
    """Return, by row, the arms whose category is hidden so that another cannot be had by subtraction."""
    hidden: dict[int, set[str]] = {}
    groups: dict[str, list[int]] = {}
    for i, row in enumerate(result.rows):
        if row.measure == "share" and ": " in row.title:
            groups.setdefault(row.title.split(": ")[0], []).append(i)
    for positions in groups.values():
        for arm in result.rows[positions[0]].arms:
            counts = [result.rows[i].arms[arm].events or 0 for i in positions]
            for k in hidden_categories(counts, rules):
                hidden.setdefault(positions[k], set()).add(arm)
    return hidden


def _baseline_row(row: BaselineRow, i: int, *, arm_hidden: set[str], rules: Policy, changes: Changes) -> BaselineRow:
    category = ": " in row.title
    arms = {}
    for arm, summary in row.arms.items():
        hide = too_small(summary.n, rules) or arm in arm_hidden
        # Of a yes/no the rest is the other answer; of a category it is the other categories, looked at above.
        hide = hide or (row.measure == "share" and not category and part_hidden(summary.events, summary.n, rules))
        arms[arm] = _summary(summary, f"rows.{i}.{arm}", hide, rules, changes)
    if all(summary.average is not None for summary in arms.values()):
        return row.model_copy(update={"arms": arms})
    return row.model_copy(update={"arms": arms, "difference": None, "light": "none"})


def _summary(summary: ArmSummary, cell: str, hide: bool, rules: Policy, changes: Changes) -> ArmSummary:
    """Return a group's summary with its figures withheld, or its counts rounded."""
    n = _count(summary.n, f"{cell}.n", rules, changes)
    if hide:
        _withheld(changes, cell)
        return ArmSummary(title=summary.title, n=n)
    if rules.rounding_base == 1 or summary.events is None or not n:
        return summary.model_copy(update={"n": n})
    events = _count(summary.events, f"{cell}.events", rules, changes)
    share = events / n if events is not None else None
    # A share, or a limit, at full precision would give the exact count back.
    return summary.model_copy(update={"n": n, "events": events, "average": share, "lower": None, "upper": None})


def _effect(result: EffectResult, rules: Policy, changes: Changes) -> EffectResult:
    """Withhold a whole effect when one cell of it is small: estimate and standard error together give the cell back."""
    counted = result.outcome_type in ("binary", "time_to_event")
    hide = {
        arm: too_small(s.n, rules) or (counted and s.average is not None and part_hidden(s.events, s.n, rules))
        for arm, s in result.arms.items()
    }
    too_few_df = result.df is not None and result.df < rules.minimum_df
    if any(hide.values()) or too_few_df:
        return _without_figures(result, rules, changes)
    arms = {arm: _summary(s, f"arms.{arm}", False, rules, changes) for arm, s in result.arms.items()}
    if result.curves:  # thinned where the events are still known: see pipelines.disclosure.curves
        changes.append(
            Change(cell="curves", rule=f"steps rest on at least {rules.minimum_step} events", action="rounded")
        )
    return result.model_copy(update={"arms": arms})


def _without_figures(result: EffectResult, rules: Policy, changes: Changes) -> EffectResult:
    """Return an effect of which only the groups and their sizes are left; warnings could tell of an empty cell."""
    _withheld(changes, "all figures", "minimum count of people with and without the outcome")
    arms = {
        arm: ArmSummary(title=s.title, n=_count(s.n, f"arms.{arm}.n", rules, changes)) for arm, s in result.arms.items()
    }
    nothing = dict.fromkeys(("value", "se", "lower", "upper", "df", "p", "effect_size", "detectable"))
    said = {
        "engine": "withheld",
        "why": "Withheld under the disclosure policy.",
        "measure": "none",
        "verdict": "described",
    }
    empty = {"others": (), "curves": {}, "warnings": (), "described_because": WITHHELD_EFFECT}
    return result.model_copy(update={"arms": arms, **nothing, **said, **empty})


def _dose(result: DoseResult, rules: Policy, changes: Changes) -> DoseResult:
    arms = {}
    for arm, summary in result.arms.items():
        shown = _summary(
            summary.model_copy(update={"events": None}), f"arms.{arm}", too_small(summary.n, rules), rules, changes
        )
        if summary.average == 0:  # nobody got any: true of each of them, and no secret where none was planned for them
            arms[arm] = shown.model_copy(update={"events": 0})
        elif part_hidden(summary.events, summary.n, rules):
            _withheld(changes, f"arms.{arm}.events")
            arms[arm] = shown
        else:
            arms[arm] = shown.model_copy(update={"events": rounded(summary.events, rules)})
    return result.model_copy(update={"arms": arms})


def _theme(result: ThemeResult, rules: Policy, changes: Changes) -> ThemeResult:
    """Withhold small counts of people; the word for how many stays."""
    people, asked = {}, {}
    for role in result.people:
        hide = part_hidden(result.people[role], result.interviewed[role], rules)
        if hide:
            _withheld(changes, f"people.{role}")
        people[role] = None if hide else rounded(result.people[role], rules)
        asked[role] = _count(result.interviewed[role], f"interviewed.{role}", rules, changes)
    passages = _count(result.passages, "passages", rules, changes)
    return result.model_copy(update={"people": people, "interviewed": asked, "passages": passages})


def _quality(result: DataQualityResult, rules: Policy, changes: Changes) -> DataQualityResult:
    rows = {noun: _count(n, f"rows.{noun}", rules, changes) for noun, n in result.rows.items()}
    aside = {noun: _count(n, f"set_aside.{noun}", rules, changes) for noun, n in result.set_aside.items()}
    return result.model_copy(update={"rows": rows, "set_aside": aside})
