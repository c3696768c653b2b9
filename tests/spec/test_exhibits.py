"""What may be shown beside an effect: nothing of a withheld one, none that rests on few, nothing exact if rounded."""

from __future__ import annotations

from typing import Any

import pytest

from pipelines.disclosure.effects import effects
from pipelines.disclosure.exhibits import comparison, listed, over_time
from pipelines.disclosure.log import Log
from pipelines.disclosure.policy import Policy, policy
from pipelines.disclosure.sizes import Sizes
from pipelines.findings.exhibits import (
    AlikeRow,
    ComparisonResult,
    DoubtsResult,
    OverTimeResult,
    Point,
    Reading,
    TakeUpResult,
)
from pipelines.findings.models import ArmSummary, EffectResult, OtherEstimate
from pipelines.findings.sentences import sentence_of
from tests.properties.small_pilots import plan

STANDARD, ROUNDED = policy(plan()), policy(plan("opensafely"))
AREAS = STANDARD.model_copy(update={"minimum_count": 1, "rounding_base": 1, "all_or_none": False, "minimum_df": 1})
EXACT = 894.3674802702711


def effect(n: int = 185, **changes: Any) -> EffectResult:
    arms = {
        key: ArmSummary(title=key, n=n, average=6349.143530270271, spread=7867.4, contributors=140)
        for key in ("treatment", "comparison")
    }
    told = {
        "title": "Earnings",
        "tier": "primary",
        "better": "higher",
        "outcome_type": "continuous",
        "horizon": None,
        "level": 0.95,
        "unit": "dollars",
        "measure": "difference in means",
        "value": EXACT,
        "se": 715.7634215825472,
        "lower": -517.7911929,
        "upper": 2306.526153,
        "df": 184.0,
        "p": 0.21305858,
        "arms": arms,
        "engine": "matched",
        "why": "Alike.",
        "verdict": "inconclusive",
        "design": "matched",
        "residual_df": 184,
        "advice": ("people: 370; people in the smaller arm: 185.",),
        "p_adjusted": 0.42611716,
        "adjustment": "holm",
        "others": (
            OtherEstimate(
                engine="unadjusted",
                measure="difference in means",
                value=-635.0262120374,
                se=677.19537,
                lower=None,
                upper=None,
                p=0.34907665,
            ),
        ),
    }
    return EffectResult(**{**told, **changes})


def shown(result: EffectResult, rules: Policy = STANDARD) -> EffectResult:
    return effects({"effect/work/primary": result}, plan(), rules, Sizes(rules))["effect/work/primary"][0]


def reading(people: int | None = None, **changes: Any) -> Reading:
    told = {
        "key": "one",
        "title": "One",
        "measure": "difference in means",
        "value": 12.3456789,
        "se": 3.21,
        "lower": 6.05,
        "upper": 18.6,
    }
    return Reading(**{**told, "people": people, "df": 41.7, "p": 0.0001234, "sentence": "It is 12.3456789.", **changes})


def row(name: str, **changes: Any) -> AlikeRow:
    told = {
        "covariate": name,
        "title": name.capitalize(),
        "treated": 25.81621621,
        "before": 28.03030303,
        "after": 25.3027027,
    }
    spread = {
        "treated_sd": 7.155,
        "before_sd": 10.787,
        "after_sd": 10.2,
        "difference_before": -0.3094452619,
        "difference_after": 0.0717696,
    }
    ratios = {"variance_ratio_before": 0.44, "variance_ratio_after": 0.49, "ecdf_before": 0.158, "ecdf_after": 0.24}
    return AlikeRow(**{**told, **spread, **ratios, "light": "amber", **changes})


def group(**changes: Any) -> ComparisonResult:
    told = {
        "title": "Earnings",
        "outcome": "work",
        "method": "Matched.",
        "formula": "(a - b) / s",
        "treated": 185,
        "pool": 429,
    }
    used = {
        "treated_used": 185,
        "pool_used": 185,
        "effective": 185.0,
        "overlap": 0.9,
        "light_before": "red",
        "light_after": "red",
    }
    return ComparisonResult(**{**told, **used, "rows": (row("age"),), "words": "The groups differ.", **changes})


def compared(
    result: ComparisonResult, of: EffectResult | None = None, rules: Policy = STANDARD, sizes: Sizes | None = None
) -> ComparisonResult:
    return comparison(result, shown(of or effect(), rules), rules, Log(), sizes or Sizes(rules))


FIGURES = ("treated", "before", "after", "treated_sd", "before_sd", "after_sd", "difference_before", "difference_after")


class TestWithheldEffect:
    GONE = (effect(n=9), effect(residual_df=9), effect(value=None, engine="description", described_because="Too few."))

    @pytest.mark.parametrize("hidden", GONE, ids=["few people", "few degrees of freedom", "described"])
    def test_hides_everything_beside_it(self, hidden):
        told = shown(hidden)
        assert (told.value, told.advice, told.others if hidden.value else ()) == (
            None,
            () if hidden.value else told.advice,
            (),
        )
        doubts = listed(DoubtsResult(title="E", outcome="work", readings=(reading(),)), told, STANDARD, Log())
        take_up = listed(TakeUpResult(title="E", outcome="work", readings=(reading(),)), told, STANDARD, Log())
        points = OverTimeResult(
            title="E", outcome="work", axis="period", points=(Point(position=1, reading=reading()),), words="12.3."
        )
        times = over_time(points, told, STANDARD, Log())
        assert (doubts.withheld, take_up.withheld, times.withheld) == (True, True, True)
        for one in (*doubts.readings, *take_up.readings, times.points[0].reading):
            assert (one.value, one.se, one.lower, one.upper, one.df, one.p, one.sentence) == (None,) * 6 + ("",)
        alike = comparison(group(left_out=(row("age"),)), told, STANDARD, Log(), Sizes(STANDARD))
        assert alike.withheld
        assert all(
            getattr(alike, name) is None
            for name in ("treated", "pool", "treated_used", "pool_used", "effective", "overlap")
        )
        assert all(getattr(alike.rows[0], name) is None for name in FIGURES)
        assert (alike.left_out, alike.light_after, alike.words) == ((), "none", "")
        assert "not shown" in sentence_of(alike, plan())

    def test_hides_it_too_where_there_is_no_effect_at_all(self):
        assert listed(DoubtsResult(title="E", outcome="x", readings=(reading(),)), None, STANDARD, Log()).withheld


class TestReadings:
    @pytest.mark.parametrize(("people", "value"), [(None, 12.3456789), (10, 12.3456789), (9, None), (1, None)])
    def test_few_people_hide_a_figure(self, people, value):
        found = listed(
            DoubtsResult(title="E", outcome="work", readings=(reading(people),)), shown(effect()), STANDARD, Log()
        )
        one = found.readings[0]
        assert (one.value, one.people) == (value, None)
        assert bool(one.sentence) is (value is not None)

    def test_under_rounding_nothing_exact_is_left(self):
        result = DoubtsResult(title="E", outcome="work", readings=(reading(20), reading(20, se=None)))
        found = listed(result, shown(effect(), ROUNDED), ROUNDED, Log())
        assert [one.value for one in found.readings] == [12.3, 12.35]
        assert {one.sentence for one in found.readings} == {""}
        assert {one.df for one in found.readings} == {None}
        points = OverTimeResult(
            title="E",
            outcome="work",
            axis="p",
            points=(Point(position=1, reading=reading(20)),),
            words="It is 12.3456789.",
        )
        times = over_time(points, shown(effect(), ROUNDED), ROUNDED, Log())
        assert (times.points[0].reading.value, times.words) == (12.3, "")


class TestRounding:
    def test_no_exact_figure_of_a_design_that_is_not_simple_gets_out(self):
        told = shown(effect(), ROUNDED)
        assert (told.value, told.se, told.p, told.p_adjusted, told.advice) == (890.0, 720.0, 0.21, None, ())
        assert told.df is None, "of matched pairs it is their number less one"
        assert told.others[0].value == -640.0
        assert told.arms["treatment"].n == 185
        assert told.arms["treatment"].average == 6350.0
        alike = compared(group(), rules=ROUNDED)
        assert alike.rows[0].treated == 25.82
        assert alike.rows[0].difference_before == -0.31
        assert alike.effective == 185.0
        assert str(EXACT)[:6] not in told.model_dump_json() + alike.model_dump_json()

    def test_the_spread_of_a_group_is_not_exact_either(self):
        assert shown(effect(), ROUNDED).arms["treatment"].spread != 7867.4


class TestComparisonGroup:
    @pytest.mark.parametrize(
        ("treated", "pool", "visible"),
        [
            (20, 30, True),
            (9, 30, False),
            (20, 9, False),
            (175, 30, True),
            (176, 30, False),
            (0, 30, False),
            (20, 420, False),
        ],
    )
    def test_rows_of_few_people_are_hidden(self, treated, pool, visible):
        found = compared(group(rows=(row("black", share=True, treated_people=treated, before_people=pool),)))
        assert (found.rows[0].treated is not None) is visible
        assert found.rows[0].treated_people is None
        assert found.rows[0].before_people is None
        if not visible:
            assert found.rows[0].light == "none"

    def test_a_hidden_row_is_not_named_as_still_apart(self):
        rows = (row("age", light="red"), row("black", share=True, treated_people=3, before_people=30, light="red"))
        found = compared(group(rows=rows))
        assert sentence_of(found, plan()) == "The groups differ. Still apart: age."

    @pytest.mark.parametrize(("used", "shown_too"), [(185, True), (176, False), (184, False), (175, True)])
    def test_counts_that_differ_by_few_give_way(self, used, shown_too):
        found = compared(group(treated_used=used), effect(n=used))
        assert found.treated_used == used
        assert (found.treated == 185) is shown_too

    def test_the_flow_gives_way_to_who_is_compared(self):
        sizes = Sizes(STANDARD)
        compared(group(treated_used=180), sizes=sizes)
        assert not sizes.admit("treatment", 185)

    def test_one_person_left_out_cannot_be_had_from_before_and_after(self):
        found = compared(group(treated_used=184), effect(n=184)).rows[0]
        assert (found.treated_sd, found.before_sd, found.variance_ratio_before, found.ecdf_before) == (None,) * 4
        assert found.difference_before == -0.31
        assert found.difference_after == 0.0717696
        # What the rounding leaves open is about a standard deviation of that one person's value
        assert 0.005 * 185 > 0.9

    def test_few_of_the_pool_left_out_hide_its_average(self):
        found = compared(group(pool_used=425)).rows[0]
        assert found.before is None
        assert found.after is not None

    def test_who_is_left_out_is_described_only_as_many(self):
        left = (row("age"), row("black", share=True))
        few = compared(group(treated_used=180, left_out=left), effect(n=180))
        many = compared(group(treated_used=150, left_out=left), effect(n=150))
        assert few.left_out == ()
        assert [one.covariate for one in many.left_out] == ["age"]

    def test_a_share_outside_of_few_is_not_told(self):
        assert compared(group(overlap=1 - 5 / 185)).overlap is None
        assert compared(group(overlap=1 - 30 / 185)).overlap == pytest.approx(0.84)


def test_areas_are_not_people():
    few = effect(n=6, residual_df=3, df=3.0)
    told = shown(few, AREAS)
    assert told.value == EXACT
    found = comparison(group(treated=6, treated_used=5, pool=8, pool_used=5), told, AREAS, Log(), Sizes(AREAS))
    assert (found.treated, found.treated_used) == (6, 5)
    assert found.rows[0].treated_sd is not None
    assert (
        policy(plan().model_copy(update={"population": plan().population.model_copy(update={"unit": "area"})})) == AREAS
    )
