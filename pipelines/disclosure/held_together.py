"""Findings that count the same people, held against earlier releases together: what one tells the others would.

Each function takes what is shown of a release and gives back what may be shown beside earlier ones. The flow and the
outcomes come first, for the rest gives way to them; whether one figure tells of few belongs in between_releases.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from pipelines.disclosure.between_releases import (
    Past,
    as_json,
    blank,
    estimate_tells,
    noted,
    tells,
    withheld,
)
from pipelines.disclosure.exhibits import comparison, doubts, over_time, take_up
from pipelines.disclosure.log import Log
from pipelines.disclosure.policy import Policy
from pipelines.disclosure.sizes import Sizes
from pipelines.disclosure.steps import few_between
from pipelines.findings.models import (
    ComparisonResult,
    DoubtsResult,
    EffectResult,
    Finding,
    FlowResult,
    OverTimeResult,
    Result,
    TakeUpResult,
    ThemeResult,
)

Shown = dict[str, Finding]
VOICES = ("theme", "agreement", "fidelity", "saturation", "together", "who_said", "contrast")
"""Kinds that count those interviewed."""
BESIDE = ("doubts", "take_up", "over_time", "comparison")
"""Kinds that stand beside the effect of an outcome, whose key they name."""
JUDGED_ELSEWHERE = (
    *("flow", "baseline", "dose", "effect", "chart", "data_quality", "difference", "progression", *VOICES, *BESIDE),
    *("lock", "deviation", "phase", "limit", "evidence_level", "decision", "inconclusive", "joint", "codebook"),
    *("framework", "close_reading", "stories", "pdsa", "adaptation", "learning_log", "hundred_days", "corrections"),
)
"""Kinds that are held against earlier releases by their own rule, or in which nobody is counted."""


# ---- who came in -----------------------------------------------------------------------------------------------------


def flow(past: Past, finding: Finding, rules: Policy) -> tuple[Finding, bool]:
    """Return the flow as it may be shown, and whether it stands as it was.

    Where few came in since an earlier release, all of it stands as it was. A later stage that few more have reached is
    withheld: of its people the outcomes speak.

    Parameters
    ----------
    past, finding, rules : earlier releases; the flow as the policy shows it; the limits.
    """
    result = finding.result
    if not isinstance(result, FlowResult) or not result.stages:
        return finding, False
    hidden = {place for place in range(len(result.stages)) if _stage_tells(past, finding, place, rules)}
    if 0 in hidden:
        return _flow_as_it_was(past, finding, result), True
    stages = [
        stage.model_copy(update={"counts": dict.fromkeys(stage.counts)}) if place in hidden else stage
        for place, stage in enumerate(result.stages)
    ]
    changes = [withheld(f"stages.{place}.{arm}") for place in sorted(hidden) for arm in result.stages[place].counts]
    disclosed = noted(finding.disclosure, *changes)
    return _with(finding, result.model_copy(update={"stages": tuple(stages)}), disclosure=disclosed), False


def _stage_tells(past: Past, finding: Finding, place: int, rules: Policy) -> bool:
    now = as_json(finding)["stages"][place]
    earlier = [
        stage
        for _, raw in past.versions(finding)
        for stage in raw["result"]["stages"]
        if stage["title"] == now["title"]
    ]
    return tells({"counts": now["counts"]}, [{"counts": one["counts"]} for one in earlier], rules)


def _flow_as_it_was(past: Past, finding: Finding, result: FlowResult) -> Finding:
    """Return the flow as it was last published, in the stages of now; one that did not exist then has no counts."""
    earlier = past.standing(finding)
    if earlier is None or not isinstance(earlier.result, FlowResult):
        return blank(finding)
    known = {stage.title: stage.counts for stage in earlier.result.stages}
    stages = [
        stage.model_copy(update={"counts": {arm: known.get(stage.title, {}).get(arm) for arm in stage.counts}})
        for stage in result.stages
    ]
    return _with(earlier, result.model_copy(update={"stages": tuple(stages)}))


def published_sizes(past: Past) -> dict[str, set[int]]:
    """Return the people of each group, and of all, at the first two stages of every flow that was published."""
    found: dict[str, set[int]] = {}
    for flow_before in past.of_kind("flow"):
        for stage in flow_before["stages"][:2]:
            for arm, count in stage["counts"].items():
                found.setdefault(arm, set()).update({count} - {None})
            if None not in stage["counts"].values():
                found.setdefault("everyone", set()).add(sum(stage["counts"].values()))
    return found


# ---- outcomes --------------------------------------------------------------------------------------------------------


def outcomes(past: Past, shown: Mapping[str, Finding], rules: Policy) -> Shown:
    """Return each outcome's effect, and what stands beside it, as they may be shown: all anew, or all as they were.

    Parameters
    ----------
    past, shown, rules : earlier releases; all findings as the policy shows them; the limits of outcomes.
    """
    told = {key: found for block in _blocks(shown) for key, found in _outcome(past, block, rules).items()}
    return {**_without_adjustment(told, shown), **told}


def _without_adjustment(told: Shown, shown: Mapping[str, Finding]) -> Shown:
    """Return the other outcomes of a tier without p values adjusted for it: they hold the one that is held back."""
    results = {key: one.result for key, one in shown.items() if isinstance(one.result, EffectResult)}
    tiers = {result.tier for key, result in results.items() if key in told}
    return {
        key: _with(
            shown[key],
            result.model_copy(update={"p_adjusted": None, "adjustment": ""}),
            disclosure=noted(shown[key].disclosure, withheld("p_adjusted")),
        )
        for key, result in results.items()
        if key not in told and result.tier in tiers and result.p_adjusted is not None
    }


def _blocks(shown: Mapping[str, Finding]) -> Iterator[list[Finding]]:
    """Yield the findings of each outcome, its effect first."""
    beside = [finding for finding in shown.values() if finding.kind in BESIDE]
    for finding in shown.values():
        if isinstance(finding.result, EffectResult):
            yield [finding, *(one for one in beside if _outcome_of(one) == finding.scope.subject)]


def _outcome_of(finding: Finding) -> str:
    return str(getattr(finding.result, "outcome", ""))


def _outcome(past: Past, block: list[Finding], rules: Policy) -> Shown:
    if not any(_estimate_tells(past, one, rules) for one in block) and not _tells_who_came(past, block[0], rules):
        return {}
    effect = block[0]
    again = past.standing(effect)
    if again is None:
        return {effect.id: blank(effect), **{one.id: _not_shown(one, rules) for one in block[1:]}}
    release = next(one for one in reversed(past.releases) if past.at(one, effect) is not None)
    return {effect.id: again, **{one.id: past.at(release, one) or _not_shown(one, rules) for one in block[1:]}}


def _estimate_tells(past: Past, finding: Finding, rules: Policy) -> bool:
    versions = past.versions(finding)
    earlier = [raw["result"] for _, raw in versions]
    same_data = any(release.drop_hash == finding.inputs.drop_hash for release, _ in versions)
    return estimate_tells(as_json(finding), earlier, rules, same_data=same_data)


def _tells_who_came(past: Past, effect: Finding, rules: Policy) -> bool:
    """Tell whether a new outcome counts a few more people than the flow of an earlier release did."""
    if past.versions(effect) or not isinstance(effect.result, EffectResult):
        return False
    sizes = published_sizes(past)
    return any(
        few_between(size, arm.n, rules) and (arm.n or 0) > size
        for key, arm in effect.result.arms.items()
        for size in sizes.get(key, ())
    )


def _not_shown(finding: Finding, rules: Policy) -> Finding:
    """Return what stands beside an effect without its figures."""
    result = finding.result
    told: Result = result
    if isinstance(result, DoubtsResult):
        told = doubts(result, {}, rules, Log(), Sizes(rules))
    elif isinstance(result, TakeUpResult):
        told = take_up(result, None, rules, Log())
    elif isinstance(result, OverTimeResult):
        told = over_time(result, None, rules, Log())
    elif isinstance(result, ComparisonResult):
        told = comparison(result, None, rules, Log(), Sizes(rules))
    return _with(finding, told, disclosure=noted(finding.disclosure, withheld()))


# ---- voices ----------------------------------------------------------------------------------------------------------


def voices(past: Past, shown: Mapping[str, Finding], rules: Policy) -> Shown:
    """Return counts of those interviewed: all anew, or all as one earlier release published them.

    Words are always those that may be shown today: who has withdrawn since is not heard again.

    Parameters
    ----------
    past, shown, rules : earlier releases; all findings as the policy shows them; the limits.
    """
    block = [finding for finding in shown.values() if finding.kind in VOICES]
    if not any(_interviewed_few_more(past, one, block, rules) for one in block):
        return {}
    for release in reversed(past.releases):
        if release.may_stand and any(past.holds(release, one) for one in block):
            return {one.id: _heard_before(past.at(release, one), one) for one in block}
    return {one.id: blank(one) for one in block}


def _interviewed_few_more(past: Past, finding: Finding, block: Iterable[Finding], rules: Policy) -> bool:
    if tells(as_json(finding), [raw["result"] for _, raw in past.versions(finding)], rules):
        return True
    if not isinstance(finding.result, ThemeResult):
        return False
    earlier = [{"interviewed": theme["interviewed"]} for theme in past.of_kind("theme")]
    return tells({"interviewed": finding.result.interviewed}, earlier, rules)


def _heard_before(earlier: Finding | None, now: Finding) -> Finding:
    """Return a theme's counts of before with the words of now."""
    if earlier is None:
        return blank(now)
    before, after = earlier.result, now.result
    if not isinstance(before, ThemeResult) or not isinstance(after, ThemeResult):
        return earlier
    if before.definition != after.definition:
        return blank(now)
    words = {"quotes": after.quotes, "withheld_quotes": after.withheld_quotes}
    return _with(earlier, before.model_copy(update=words))


# ---- everything else -------------------------------------------------------------------------------------------------


def rest(past: Past, shown: Mapping[str, Finding], rules: Policy, *, few_came: bool) -> Shown:
    """Return findings of kinds without a rule of their own, as a whole anew or as they were.

    Parameters
    ----------
    past, shown, rules : earlier releases; all findings as the policy shows them; the limits.
    few_came : whether few people came in since an earlier release: then what was never published waits for more.
    """
    told = {}
    for finding in shown.values():
        if finding.kind not in JUDGED_ELSEWHERE:
            found = whole(past, finding, rules, few_came=few_came)
            if found is not finding:
                told[finding.id] = found
    return told


def whole(past: Past, finding: Finding, rules: Policy, *, few_came: bool = False) -> Finding:
    """Return a finding anew, as it was last published, or without figures; parameters as for `rest`."""
    earlier = [raw["result"] for _, raw in past.versions(finding)]
    if tells(as_json(finding), earlier, rules):
        return past.standing(finding) or blank(finding)
    return blank(finding) if few_came and not earlier else finding


def _with(finding: Finding, result: Result, **more: Any) -> Finding:
    return finding.model_copy(update={"result": result, **more})
