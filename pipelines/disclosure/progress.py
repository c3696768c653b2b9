"""What may be shown of progression criteria, their verdict, and outcomes that stay open.

They count the same people as flow, doses, themes and baseline, and so give way to all of them. A light bounds the count
behind it: it is shown only where enough counts would give the same light. The verdict is made anew from the lights that
are shown, and an open outcome from the effect as it is shown.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from pipelines.disclosure.counts import part_hidden, rests_on_few, rounded, too_small
from pipelines.disclosure.log import Log
from pipelines.disclosure.policy import Policy
from pipelines.disclosure.sizes import Sizes
from pipelines.disclosure.voices import said
from pipelines.findings.inconclusive import inconclusive_of, steps_of
from pipelines.findings.judging import FIGURES, decided, group_share, judged, light_at
from pipelines.findings.measures import arm_of
from pipelines.findings.models import (
    BaselineResult,
    BaselineRow,
    DoseResult,
    EffectResult,
    Finding,
    FlowResult,
    Result,
    ThemeResult,
    WhoSaidResult,
)
from pipelines.findings.progress import CriterionResult, DecisionResult, GroupShare, InconclusiveResult, Light
from pipelines.protocol.models import Plan
from pipelines.protocol.progression import Criterion

PROTECTED = "It is not shown, to protect people."
Shown = dict[str, tuple[Result, Log]]


class Beside:
    """What is already shown of a site, which criteria have to give way to.

    Parameters
    ----------
    exact, shown : findings before and after disclosure control, by id.
    plan, rules : the pilot's plan, and the limits.
    """

    def __init__(self, exact: Mapping[str, Finding], shown: Mapping[str, Finding], plan: Plan, rules: Policy) -> None:
        self.exact, self.shown, self.plan, self.rules = exact, shown, plan, rules
        self.sizes, self.doses = Sizes(rules), Sizes(rules)
        self.withheld: set[int] = set()
        self.gaps = False
        for key, finding in shown.items():
            self._note(finding.result)
            if isinstance(finding.result, FlowResult):
                self._completes(exact[key].result, finding.result)

    def _note(self, result: Result) -> None:
        if isinstance(result, FlowResult):
            for stage in result.stages:
                self._sizes(stage.counts)
        elif isinstance(result, EffectResult):
            self._sizes({arm: summary.n for arm, summary in result.arms.items()})
        elif isinstance(result, DoseResult):
            self._sizes({arm: summary.n for arm, summary in result.arms.items()})
            self._sizes({arm: summary.events for arm, summary in result.arms.items()}, self.doses)
        elif isinstance(result, BaselineResult):
            for row in result.rows:
                sizes = {arm: summary.n for arm, summary in row.arms.items()}
                self._sizes(sizes)
                self.gaps = self.gaps or None in sizes.values()

    def _sizes(self, counts: Mapping[str, int | None], into: Sizes | None = None) -> None:
        sizes = into or self.sizes
        groups = [count for arm, count in counts.items() if arm not in ("unknown", "everyone")]
        if groups and None not in groups:
            sizes.show("everyone", sum(count or 0 for count in groups))
        known = [count for count in counts.values() if count is not None]
        for arm, count in counts.items():
            if count is not None:
                sizes.show(arm, count)
        if len(known) == len(counts) and "everyone" not in counts:
            sizes.show("everyone", sum(known))

    def _completes(self, exact: Result, shown: FlowResult) -> None:
        """Note the totals that would complete a stage of which a group is withheld."""
        for whole, stage in zip(getattr(exact, "stages", ()), shown.stages, strict=True):
            if None in stage.counts.values():
                self.withheld.add(sum(count or 0 for count in whole.counts.values()))

    def tells(self, arm: str, count: int, *, dosed: bool = False) -> bool:
        """Tell whether a count, beside what is shown, would tell of few.

        Who got a dose is no part of those whose outcome is known: only sizes that hold each other are compared.
        """
        if arm == "everyone" and count in self.withheld:
            return True
        return (self.doses if dosed else self.sizes).close(arm, count)

    def of_kind(self, model: type[Any]) -> Iterator[tuple[Finding, Finding]]:
        """Yield the findings whose result is of a model, before and after disclosure control."""
        for key, finding in self.exact.items():
            if isinstance(finding.result, model):
                yield finding, self.shown[key]


def progress(exact: Mapping[str, Finding], shown: Mapping[str, Finding], plan: Plan, rules: Policy) -> Shown:
    """Return criteria, verdict and open outcomes as they may be shown.

    Parameters
    ----------
    exact, shown : all findings of the site by id, before and after disclosure control; those of these kinds not yet.
    plan, rules : the pilot's plan, and the limits.
    """
    beside, told = Beside(exact, shown, plan, rules), dict[str, tuple[Result, Log]]()
    lights: dict[str, Light] = {}
    for key, finding in exact.items():
        if isinstance(finding.result, CriterionResult):
            log = Log()
            subject = finding.scope.subject
            found = _criterion(finding.result, plan.progression.criteria[subject], beside, log)
            told[key], lights[subject] = (found, log), found.light
    for key, finding in exact.items():
        if isinstance(finding.result, DecisionResult):
            told[key] = decided(finding.result, lights), Log()
        elif isinstance(finding.result, InconclusiveResult):
            told[key] = _open(finding, shown, plan)
    return told


def _open(finding: Finding, shown: Mapping[str, Finding], plan: Plan) -> tuple[Result, Log]:
    """Return an open outcome from its effect as it is shown."""
    log = Log()
    effect = next((shown[key].result for key in finding.receipts if key in shown), None)
    if not isinstance(effect, EffectResult):
        return finding.result, log
    result = inconclusive_of(effect, steps_of(plan, finding.inputs.drop))
    if result != finding.result:
        log.rounded("all figures", "computed from the effect as it is shown")
    return result, log


def _criterion(result: CriterionResult, criterion: Criterion, beside: Beside, log: Log) -> CriterionResult:
    plain = result.model_copy(update={"contributors": None})
    if criterion.measure == "dose":
        return _dose(plain, result, criterion, beside, log)
    if criterion.measure == "acceptability":
        return _voiced(plain, criterion, beside, log)
    if result.unknown_because:
        return _without_groups(_hidden(plain, log), log)
    return _counted(plain, criterion, beside, log)


def _counted(result: CriterionResult, criterion: Criterion, beside: Beside, log: Log) -> CriterionResult:
    """Show a share or a rate of people of the case file, its light alone, or neither."""
    arm, rules = arm_of(beside.plan, criterion), beside.rules
    dosed = "dosed" in criterion.counted and result.scale == "share"
    whole = result.n is not None and beside.tells(arm, result.n)
    blocked = whole or ("complete" in criterion.counted and beside.gaps)
    blocked = blocked or ("linked" in criterion.counted and not _linkage_shown(beside))

    def hidden(events: int) -> bool:
        other = result.model_copy(update={"events": events})
        return blocked or _small(other, rules) or beside.tells(arm, events, dosed=dosed)

    if hidden(result.events or 0):
        return light_alone(result, _alike(result, hidden), rules, log)
    if result.n is not None:
        beside.sizes.show(arm, result.n)
    (beside.doses if dosed else beside.sizes).show(arm, result.events or 0)
    return _with_groups(_rounded(result, rules, log), result, beside, arm, log)


def _small(result: CriterionResult, rules: Policy) -> bool:
    if result.scale == "rate":
        return too_small(result.events, rules)
    return part_hidden(result.events, result.n, rules)


def _linkage_shown(beside: Beside) -> bool:
    found = beside.shown.get("linkage/consents")
    return found is not None and getattr(found.result, "linked", None) is not None


def _alike(result: CriterionResult, hidden: Any) -> int:
    """Return how many hidden counts the light leaves that leaves the fewest.

    The fewest of all lights and not of this one: if only this one were withheld, that would tell which it is.
    """
    top = result.n if result.scale == "share" else 2 * (result.events or 0) + 50
    lights = Counter(light_at(result, events) for events in range((top or 0) + 1) if hidden(events))
    return min(lights.values(), default=0)


def light_alone(result: CriterionResult, alike: int, rules: Policy, log: Log) -> CriterionResult:
    """Withhold the figures, and the light too where it would leave the count too few values."""
    plain = _without_groups(_hidden(result, log), log)
    if alike >= rules.minimum_interval and not too_small(result.n, rules):
        return plain
    log.withheld("light")
    return plain.model_copy(update={"light": "unknown", "unknown_because": PROTECTED})


def _hidden(result: CriterionResult, log: Log) -> CriterionResult:
    log.withheld("figures")
    names = (*FIGURES, "n", "events", "exposure", "spread")
    needed = None if result.scale == "average" else result.needed
    return result.model_copy(update={**dict.fromkeys(names), "needed": needed})


def _without_groups(result: CriterionResult, log: Log) -> CriterionResult:
    if not result.groups:
        return result
    log.withheld("groups")
    names = tuple(dict.fromkeys(group.covariate for group in result.groups))
    return result.model_copy(update={"groups": (), "groups_withheld": names})


def _rounded(result: CriterionResult, rules: Policy, log: Log) -> CriterionResult:
    """Return a criterion computed anew from rounded counts, under a profile that rounds."""
    if rules.rounding_base == 1:
        return result
    log.rounded("all figures", f"computed from counts rounded to {rules.rounding_base}")
    return judged(result.model_copy(update=_rounded_counts(result.events, result.n, rules)))


def _rounded_counts(events: int | None, n: int | None, rules: Policy) -> dict[str, int | None]:
    whole, part = rounded(n, rules), rounded(events, rules)
    return {"n": whole, "events": part if whole is None or part is None else min(part, whole)}


# ---- doses and voices ------------------------------------------------------------------------------------------------


def _dose(
    plain: CriterionResult, result: CriterionResult, criterion: Criterion, beside: Beside, log: Log
) -> CriterionResult:
    """Judge an average anew from the dose as it is shown; few on whom it rests show neither figures nor light."""
    key = criterion.component or next(iter(beside.plan.intervention.components), "")
    finding = beside.shown.get(f"dose/{key}")
    dose = finding.result.arms if finding is not None and isinstance(finding.result, DoseResult) else {}
    arm = dose.get(arm_of(beside.plan, criterion))
    few = too_small(result.n, beside.rules) or rests_on_few(result.contributors, beside.rules)
    if few or arm is None or arm.n is None or arm.average is None or arm.spread is None:
        return light_alone(plain, 0, beside.rules, log)
    shown = {"n": arm.n, "estimate": arm.average, "spread": arm.spread}
    if shown != {"n": result.n, "estimate": result.estimate, "spread": result.spread}:
        log.rounded("all figures", "computed from the dose as it is shown")
    return judged(plain.model_copy(update=shown))


def _voiced(result: CriterionResult, criterion: Criterion, beside: Beside, log: Log) -> CriterionResult:
    """Show who spoke of something only as far as the themes do."""
    wanted = {code.strip().casefold() for code in criterion.codes}
    pairs = [
        (finding.result, shown.result)
        for finding, shown in beside.of_kind(ThemeResult)
        if isinstance(finding.result, ThemeResult)
        and {finding.result.title.casefold(), finding.result.code.casefold()} & wanted
    ]
    if result.unknown_because or not pairs:
        return _without_groups(_hidden(result, log), log)
    people = [exact.people.get("participant") or 0 for exact, _ in pairs]
    told = all(
        isinstance(shown, ThemeResult)
        and shown.people.get("participant") is not None
        and shown.interviewed.get("participant") is not None
        for _, shown in pairs
    )
    if not told or _beside_themes(result, people, beside.rules):
        word = said(result.events or 0, result.n or 0, beside.rules)

        def hidden(events: int) -> bool:
            return len(pairs) > 1 or said(events, result.n or 0, beside.rules) == word

        return light_alone(result, _alike(result, hidden), beside.rules, log)
    return _said_by(_rounded(result, beside.rules, log), pairs, beside, log)


def _beside_themes(result: CriterionResult, people: Sequence[int], rules: Policy) -> bool:
    """Tell whether those who spoke of any of the codes, beside those of each, would tell of few."""
    events, n = result.events or 0, result.n or 0
    apart = [events - count for count in people] + ([sum(people) - events] if len(people) > 1 else [])
    return part_hidden(events, n, rules) or any(too_small(count, rules) for count in apart)


def _said_by(
    result: CriterionResult, pairs: Sequence[tuple[ThemeResult, Any]], beside: Beside, log: Log
) -> CriterionResult:
    """Show categories only where the finding on who said what shows the same."""
    kept: list[GroupShare] = []
    for name in dict.fromkeys(group.covariate for group in result.groups):
        own = [group for group in result.groups if group.covariate == name]
        found = [shown.result for _, shown in beside.of_kind(WhoSaidResult)]
        rows = [
            row
            for one in found
            if isinstance(one, WhoSaidResult) and one.attribute == name
            for row in one.rows
            if row.code == pairs[0][0].code
        ]
        if len(pairs) == 1 and len(rows) == len(own) and all(None not in (r.people, r.interviewed) for r in rows):
            kept += [group_share(name, r.level, r.people or 0, r.interviewed or 0, result.level) for r in rows]
    return _kept(result, kept, log)


# ---- categories ------------------------------------------------------------------------------------------------------


def _with_groups(shown: CriterionResult, exact: CriterionResult, beside: Beside, arm: str, log: Log) -> CriterionResult:
    """Show a covariate's categories all together, or none: with the total, all but one would tell the last."""
    kept: list[GroupShare] = []
    for name in dict.fromkeys(group.covariate for group in exact.groups):
        own = [group for group in exact.groups if group.covariate == name]
        if not _groups_hidden(exact, own, beside, arm):
            kept += [_rounded_group(group, exact.level, beside.rules) for group in own]
    return _kept(shown, kept, log)


def _kept(result: CriterionResult, kept: Sequence[GroupShare], log: Log) -> CriterionResult:
    names = dict.fromkeys(group.covariate for group in result.groups)
    withheld = tuple(name for name in names if name not in {group.covariate for group in kept})
    if withheld:
        log.withheld("groups")
    return result.model_copy(update={"groups": tuple(kept), "groups_withheld": withheld})


def _groups_hidden(result: CriterionResult, own: Sequence[GroupShare], beside: Beside, arm: str) -> bool:
    rules = beside.rules
    if any(part_hidden(group.events, group.n, rules) for group in own):
        return True
    events, n = (sum(getattr(group, name) or 0 for group in own) for name in ("events", "n"))
    outside, met = (result.n or 0) - n, (result.events or 0) - events
    if any(too_small(count, rules) for count in (outside, met, outside - met)):
        return True
    return any(_beside_baseline(group, beside, arm) for group in own)


def _beside_baseline(group: GroupShare, beside: Beside, arm: str) -> bool:
    """Tell whether a category's people, beside those of the baseline table, would tell of few."""
    for exact, shown in beside.of_kind(BaselineResult):
        rows = [row for row in getattr(exact.result, "rows", ()) if row.covariate == group.covariate]
        told = [row for row in getattr(shown.result, "rows", ()) if row.covariate == group.covariate]
        if any(summary.average is None for row in told for summary in row.arms.values()):
            return True
        if beside.rules.rounding_base > 1:
            continue
        for row in rows:
            total = _people(row, group, beside.plan, arm)
            counts = (group.n or 0, group.events or 0)
            if total is not None and any(too_small(abs(total - count), beside.rules) for count in counts):
                return True
    return False


def _people(row: BaselineRow, group: GroupShare, plan: Plan, arm: str) -> int | None:
    """Return the people of a category in the baseline table; None where the row is of another one."""
    own = [summary for key, summary in row.arms.items() if arm in (key, "everyone")]
    labels = plan.covariates[row.covariate].labels
    if row.level is None:
        events = sum(one.events or 0 for one in own)
        return events if group.level in ("yes", labels.get("yes")) else sum(one.n or 0 for one in own) - events
    return sum(one.events or 0 for one in own) if labels.get(row.level, row.level) == group.level else None


def _rounded_group(group: GroupShare, level: float, rules: Policy) -> GroupShare:
    if rules.rounding_base == 1:
        return group
    counts = _rounded_counts(group.events, group.n, rules)
    return group_share(group.covariate, group.level, counts["events"] or 0, counts["n"] or 0, level)
