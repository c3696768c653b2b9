"""What a release may show beside earlier ones: table in and table out; whether it holds is attacked in properties."""

from __future__ import annotations

import json
from typing import Any

import pytest

from pipelines.disclosure import held_counts, held_people, held_together
from pipelines.disclosure.between_releases import HELD, Past, blank, blanked
from pipelines.disclosure.policy import policy
from pipelines.disclosure.published import Release, counts
from pipelines.disclosure.steps import Group, blurred_average, few_between, group_tells
from pipelines.findings.learned import ChartPoint, ChartResult
from pipelines.findings.models import (
    ArmSummary,
    CheckSummary,
    DataQualityResult,
    DifferenceResult,
    DoseResult,
    EffectResult,
    Finding,
    FlowResult,
    FlowStage,
    Inputs,
    LinkageResult,
    QuoteShown,
    Result,
    Scope,
    ThemeResult,
)
from tests.properties.several_drops import declared

PLAN = declared()
RULES, ROUNDED = policy(PLAN), policy(declared("opensafely"))
HASH = "0" * 64


def finding(key: str, result: Result, drop: str = "2026-07-31") -> Finding:
    inputs = Inputs(drop=drop, drop_hash=drop, protocol_hash=HASH, tables={}, code=HASH)
    scope = Scope(pilot="drawn", site="here", subject=key.split("/")[1])
    return Finding(id=key, scope=scope, result=result, sentence="So it is.", inputs=inputs)


def past(*results: tuple[str, Result], drop: str = "2026-06-30", **more: Any) -> Past:
    """Return one earlier release that shows these results."""
    told = {key: json.loads(finding(key, result, drop).model_dump_json()) for key, result in results}
    return Past([Release(drop, drop, json.loads(PLAN.model_dump_json()), told, **more)], PLAN)


@pytest.mark.parametrize(
    ("earlier", "now", "few"),
    [(52, 52, False), (52, 53, True), (52, 51, True), (52, 61, True), (52, 62, False), (52, 42, False)],
)
def test_a_count_that_moved_by_few_tells_of_them(earlier: int, now: int, few: bool) -> None:
    assert few_between(earlier, now, RULES) is few
    assert not few_between(earlier, now, ROUNDED)
    assert not few_between(None, now, RULES)


@pytest.mark.parametrize(
    ("earlier", "now", "told"),
    [
        (Group(52, 20), Group(52, 20), False),
        (Group(52, 20), Group(62, 20), True),  # nobody of those who came
        (Group(52, 20), Group(62, 30), True),  # everybody
        (Group(52, 20), Group(72, 30), False),
        (Group(52, 20), Group(72, 25), True),  # five of those who came
        (Group(52, 20), Group(72, 35), True),  # all but five
        (Group(52, 20), Group(52, 30), False),  # ten were found to have it after all
        (Group(52, 20), Group(52, 21), True),
        (Group(52, 20), Group(32, 10), False),  # twenty left, ten of them with it
        (Group(52, None, (4.0, 1.0)), Group(52, None, (4.1, 1.0)), True),
        (Group(52, None, (4.0, 1.0)), Group(62, None, (4.1, 1.0)), False),
        (Group(52, None, (4.0, 1.0)), Group(52, None, (4.0 + 1e-13, 1.0)), False),
        (Group(None, None, (4.0, 1.0)), Group(None, None, (4.1, 1.0)), False),  # rounded already, with its size
    ],
)
def test_the_difference_is_judged_as_a_table_of_its_own(earlier: Group, now: Group, told: bool) -> None:
    assert group_tells(earlier, now, RULES) is told
    assert not group_tells(earlier, now, ROUNDED)
    assert not group_tells(earlier, now, RULES.model_copy(update={"minimum_count": 1}))


@pytest.mark.parametrize(
    ("value", "spread", "people", "expected"),
    [(6.1538, 3.0, 52, 6.2), (45.37, 9.0, 52, 45.5), (0.4321, 0.2, 1000, 0.43), (None, 1.0, 50, None)],
)
def test_a_blurred_average_keeps_one_persons_part_open(
    value: float | None, spread: float, people: int, expected: float | None
) -> None:
    assert blurred_average(value, spread, people, RULES) == expected


def flow(*counts_at: int, titles: tuple[str, ...] = ("Came", "Kept", "Known")) -> FlowResult:
    stages = [FlowStage(title=title, counts={"everyone": n}) for title, n in zip(titles, counts_at, strict=False)]
    return FlowResult(stages=tuple(stages))


def numbers(found: Finding) -> list[int | None]:
    assert isinstance(found.result, FlowResult)
    return [stage.counts["everyone"] for stage in found.result.stages]


def test_few_more_people_leave_the_flow_as_it_was() -> None:
    found, few = held_together.flow(past(("flow/p", flow(60, 50, 40))), finding("flow/p", flow(61, 51, 41)), RULES)
    assert (numbers(found), few) == ([60, 50, 40], True)
    assert found.disclosure.as_at == "2026-06-30"
    assert HELD in found.disclosure.changes


def test_a_later_stage_of_a_few_more_people_is_withheld_alone() -> None:
    found, few = held_together.flow(past(("flow/p", flow(60, 50, 40))), finding("flow/p", flow(80, 70, 43)), RULES)
    assert (numbers(found), few) == ([80, 70, None], False)


def test_a_stage_that_is_new_has_no_count_in_a_flow_as_it_was() -> None:
    before = past(("flow/p", flow(60, 50)))
    found, _ = held_together.flow(before, finding("flow/p", flow(61, 51, 41)), RULES)
    assert numbers(found) == [60, 50, None]


def test_what_a_withdrawn_drop_said_does_not_stand_again() -> None:
    before = past(("flow/p", flow(60, 50, 40)), may_stand=False)
    found, few = held_together.flow(before, finding("flow/p", flow(61, 51, 41)), RULES)
    assert (numbers(found), few, found.disclosure.as_at) == ([None, None, None], True, "")


def test_every_earlier_release_counts_and_not_only_the_last() -> None:
    releases = [*past(("flow/p", flow(60))).releases, *past(("flow/p", flow(80)), drop="2026-07-15").releases]
    found, _ = held_together.flow(Past(releases, PLAN), finding("flow/p", flow(65)), RULES)
    assert numbers(found) == [80]
    back, few = held_together.flow(Past(releases, PLAN), finding("flow/p", flow(60)), RULES)
    assert (numbers(back), few) == ([60], False)


def test_what_the_same_data_said_under_another_protocol_was_wrong_and_does_not_stand_again() -> None:
    before = past(("flow/p", flow(60, 50)), drop="2026-07-31")
    now = finding("flow/p", flow(63, 53))
    fixed = now.model_copy(update={"inputs": now.inputs.model_copy(update={"protocol_hash": "1" * 64})})
    found, few = held_together.flow(before, fixed, RULES)
    assert (numbers(found), few) == ([None, None], True)
    told = {"flow/p": json.loads(found.model_dump_json())}
    later = Past([*before.releases, Release("2026-07-31", "2026-07-31", before.releases[0].plan, told)], PLAN)
    next_drop = finding("flow/p", flow(64, 54), drop="2026-08-31")
    assert numbers(held_together.flow(later, next_drop, RULES)[0]) == [None, None]
    assert numbers(held_together.flow(later, finding("flow/p", flow(90, 80), drop="2026-08-31"), RULES)[0]) == [90, 80]


def test_what_waited_once_waits_until_enough_have_come() -> None:
    now = finding("linkage/consents", linkage(41, 20))
    first = past(("flow/p", flow(60)))
    waited = held_together.whole(first, now, RULES, few_came=True)
    told = {"linkage/consents": json.loads(waited.model_dump_json())}
    later = Past([*first.releases, Release("2026-07-31", "x", first.releases[0].plan, told)], PLAN)
    assert held_together.whole(later, now, RULES, few_came=True).result == waited.result


def effect(n: int, events: int, **more: Any) -> EffectResult:
    arms = {arm: ArmSummary(title=arm, n=n, events=events, average=events / n) for arm in ("treatment", "comparison")}
    said = {"unit": "share", "level": 0.95, "engine": "e", "why": "w", "verdict": "inconclusive", "measure": "m"}
    kind = {"tier": "primary", "better": "higher", "outcome_type": "binary", "title": "Work"}
    return EffectResult.model_validate({"arms": arms, "value": 0.0, "se": 0.1, **said, **kind, **more})


def test_an_outcome_stands_as_it_was_under_another_weight_too() -> None:
    now = finding("effect/work/secondary", effect(53, 21))
    told = held_together.outcomes(past(("effect/work/primary", effect(52, 20))), {now.id: now}, RULES)
    result = told[now.id].result
    assert isinstance(result, EffectResult)
    assert result.arms["treatment"].n == 52


def test_an_outcome_that_is_counted_otherwise_is_another_one() -> None:
    now = finding("effect/work/primary", effect(53, 21))
    plan = PLAN.model_dump(mode="json")
    plan["outcomes"]["work"]["value"] = "employed"
    before = past(("effect/work/primary", effect(52, 20))).releases[0]
    other = Past([Release(before.drop, before.drop_hash, plan, before.findings)], PLAN)
    assert held_together.outcomes(other, {now.id: now}, RULES) == {}


def test_no_adjusted_p_value_holds_that_of_an_outcome_that_is_held_back() -> None:
    adjusted = {"p": 0.1, "p_adjusted": 0.2, "adjustment": "holm"}
    few, many = (
        finding(f"effect/{key}/primary", effect(*n, **adjusted))
        for key, n in (("work", (53, 21)), ("nights", (92, 40)))
    )
    before = past(("effect/work/primary", effect(52, 20)), ("effect/nights/primary", effect(52, 20)))
    told = held_together.outcomes(before, {few.id: few, many.id: many}, RULES)[many.id].result
    assert isinstance(told, EffectResult)
    assert (told.arms["treatment"].n, told.p, told.p_adjusted, told.adjustment) == (92, 0.1, None, "")


def test_a_new_outcome_of_more_people_than_the_flow_told_waits() -> None:
    stages = FlowResult(stages=(FlowStage(title="Came", counts={"treatment": 52, "comparison": 52}),))
    now = finding("effect/work/primary", effect(53, 21))
    told = held_together.outcomes(past(("flow/p", stages)), {now.id: now}, RULES)[now.id].result
    assert isinstance(told, EffectResult)
    assert (told.arms["treatment"].n, told.value, told.engine) == (None, None, "withheld")


def dose(n: int, events: int | None, average: float, spread: float | None = 2.0) -> DoseResult:
    arm = ArmSummary(title="All", n=n, events=events, average=average, spread=spread)
    return DoseResult(title="Talks", unit="talks", planned=6, arms={"everyone": arm})


@pytest.mark.parametrize(
    ("now", "expected"),
    [
        (dose(60, 50, 4.4337), (60, 50, 4.4)),  # the same people got more
        (dose(60, 53, 4.4337), (60, None, 4.4)),  # three more got their first
        (dose(61, 51, 4.4337), (60, 50, 4.1)),  # one more came
        (dose(90, 70, 4.4337), (90, 70, 4.4337)),
    ],
    ids=["same people", "few first", "one came", "many came"],
)
def test_a_dose_is_rounded_before_it_is_held(now: DoseResult, expected: tuple[int, int | None, float]) -> None:
    before = past(("dose/talks", dose(60, 50, 4.1)))
    told = held_people.dose(before, finding("dose/talks", now), RULES, few_came=False).result
    assert isinstance(told, DoseResult)
    arm = told.arms["everyone"]
    assert (arm.n, arm.events, arm.average) == expected


def theme(people: int, asked: int, text: str) -> ThemeResult:
    quote = QuoteShown(
        text=text, sha256=HASH, speaker="participant", theme="Trust", approved_by="A", approved_on="2026-01-01"
    )
    said = {"code": "Trust", "title": "Trust", "definition": "d", "passages": 30, "quotes": (quote,)}
    counted = {"people": {"participant": people}, "interviewed": {"participant": asked}, "spread": {}}
    return ThemeResult.model_validate({**said, **counted})


def test_one_more_interview_leaves_the_counts_but_not_the_words_of_before() -> None:
    """Words are those of today: somebody may have withdrawn since."""
    now = finding("theme/Trust", theme(21, 31, "today"))
    told = held_together.voices(past(("theme/Trust", theme(20, 30, "before"))), {now.id: now}, RULES)[now.id].result
    assert isinstance(told, ThemeResult)
    assert (told.people, told.interviewed) == ({"participant": 20}, {"participant": 30})
    assert [quote.text for quote in told.quotes] == ["today"]


def test_a_code_that_is_new_says_not_how_many_were_interviewed_since() -> None:
    now = finding("theme/New", theme(15, 31, "today"))
    told = held_together.voices(past(("theme/Trust", theme(20, 30, "before"))), {now.id: now}, RULES)[now.id].result
    assert isinstance(told, ThemeResult)
    assert (told.people, told.interviewed) == ({"participant": None}, {"participant": None})


def test_rows_of_a_table_that_moved_by_few_are_withheld_in_sentences_too() -> None:
    check = CheckSummary(noun="cases", rule="r", passed=False, severity="note", sentence="12 of 61 people (20%).")
    now = DataQualityResult(checks=(check,), rows={"cases": 61, "spend": 90}, set_aside={"cases": 0})
    before = DataQualityResult(checks=(), rows={"cases": 60, "spend": 70}, set_aside={"cases": 0})
    told = held_counts.quality(past(("quality/checks", before)), finding("quality/checks", now), RULES, few_came=False)
    assert isinstance(told.result, DataQualityResult)
    assert told.result.rows == {"cases": None, "spend": 90}
    assert "61" not in told.result.checks[0].sentence


def test_totals_beside_the_drop_before_give_way_to_what_was_published() -> None:
    of = {"noun": "cases", "earlier": "a", "newest": "b", "both": 60, "added": 1, "vanished": 0}
    result = DifferenceResult(rows_before=60, rows_now=61, people_before=60, people_now=61, **of)  # type: ignore[arg-type]
    now = finding("difference/cases", result)
    told = held_counts.difference(past(("flow/p", flow(60))), now, RULES, few_came=False).result
    assert isinstance(told, DifferenceResult)
    assert (told.people_before, told.people_now, told.added) == (None, None, None)


def chart(*months: tuple[float, str]) -> ChartResult:
    points = [
        ChartPoint(start=f"2026-{i:02}-01", title=f"Month {i}", standing=standing, value=value)  # type: ignore[arg-type]
        for i, (value, standing) in enumerate(months, 1)
    ]
    said = {"measure": "referrals", "unit": "people", "way": "run", "every": "month", "better": "higher"}
    return ChartResult.model_validate({"title": "R", **said, "baseline": None, "rules": (), "points": tuple(points)})


def test_a_month_that_moved_by_few_stands_as_it_was_and_new_months_come() -> None:
    now = chart((21.0, "shown"), (34.0, "shown"), (19.0, "shown"), (25.0, "shown"))
    before = past(("chart/r", chart((20.0, "shown"), (20.0, "shown"), (15.0, "part"))))
    told = held_counts.chart(before, finding("chart/r", now), RULES).result
    assert isinstance(told, ChartResult)
    assert [(p.value, p.standing) for p in told.points] == [
        (20.0, "shown"), (34.0, "shown"), (15.0, "part"), (25.0, "shown"),
    ]  # fmt: skip


def test_a_chart_that_is_new_waits_where_few_came() -> None:
    now = finding("chart/r", chart((21.0, "shown"), (34.0, "shown")))
    told = held_counts.chart(past(("flow/p", flow(54))), now, RULES, few_came=True).result
    assert isinstance(told, ChartResult)
    assert [point.standing for point in told.points] == ["withheld", "withheld"]


def linkage(linked: int, without: int) -> LinkageResult:
    kind = {"noun": "consents", "title": "Consents", "expected": True}
    return LinkageResult.model_validate({**kind, "people": linked + without, "linked": linked, "without": without})


def test_any_other_finding_is_held_as_a_whole_or_waits() -> None:
    now = finding("linkage/consents", linkage(41, 20))
    held = held_together.whole(past(("linkage/consents", linkage(40, 20))), now, RULES).result
    assert isinstance(held, LinkageResult)
    assert held.linked == 40
    never = held_together.whole(past(("flow/p", flow(60))), now, RULES, few_came=True)
    assert counts(never.result.model_dump(mode="json")) == {}
    assert held_together.whole(past(("flow/p", flow(60))), now, RULES) is now


def test_blanking_leaves_words_and_what_was_declared() -> None:
    bare = blanked(dose(60, 50, 4.1))
    assert bare.arms["everyone"] == ArmSummary(title="All", n=None)
    assert (bare.planned, bare.title) == (6, "Talks")
    empty = blank(finding("effect/work/primary", effect(52, 20)))
    assert counts(empty.result.model_dump(mode="json")) == {}
