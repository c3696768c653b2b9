"""Progression criteria by example: lights, rules, what is refused, what disclosure control leaves of them."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from pipelines.disclosure.policy import policy
from pipelines.disclosure.progress import progress
from pipelines.estimation.doubt.arrived import Arrived
from pipelines.findings.evidence_level import (
    LOST_MANY,
    NOTHING_ESTIMATED,
    Followed,
    evidence_level,
    lost_many,
    lost_unequally,
    lowered,
)
from pipelines.findings.inconclusive import inconclusive_of, is_open, steps_of
from pipelines.findings.judging import decided, judged
from pipelines.findings.models import ArmSummary, EffectResult, Finding, FlowResult, FlowStage, Inputs, Look, Scope
from pipelines.findings.pictures import SHAPES, picture
from pipelines.findings.progress import CriterionResult, DecisionResult
from pipelines.findings.progress_words import LIGHTS, criterion_words, decision_words, inconclusive_words
from pipelines.planning.pages import html, markdown
from pipelines.planning.report import design_report
from pipelines.progression.averages import average_size, judge_average
from pipelines.progression.combining import Rule, combine
from pipelines.progression.lights import Thresholds
from pipelines.progression.next_phase import main_trial_per_arm
from pipelines.progression.planning import Trial, simulate
from pipelines.progression.predictive import chance_of_green, chance_of_green_rate
from pipelines.progression.rates import judge_rate
from pipelines.progression.shares import judge_share
from pipelines.protocol import ProtocolFaults, load_text

UP = Thresholds(0.5, 0.75)
PROTOCOL = """\
pilot: first
title: First pilot
question: Does it work?
concept: {name: Fund}
dates: {start: 2025-01-01}
sites:
  north: {title: North}
population: {description: people, planned_per_site: {north: 100}}
intervention:
  name: Fund
  components:
    talks: {title: Talks, measure: contacts, planned: 6}
covariates:
  sex: {title: Sex, type: category}
  age: {title: Age}
outcomes:
  work: {title: found work, type: binary, tier: primary, better: higher, value: work, minimum_important_difference: 0.1}
arms:
  treatment: {title: Offered, codes: [a]}
  comparison: {title: Usual, codes: [b]}
progression:
  criteria:
    came: {title: Came, measure: recruitment, red: 0.2, green: 0.35}
    kept: {title: Kept, measure: fidelity, red: 0.5, green: 0.75, by: [sex]}
extracts:
  cases:
    file: cases.csv
    columns: {person: id, arm: arm, start_date: started, sex: sex, age: age, work: work}
  contacts:
    noun: contacts
    file: contacts.csv
    columns: {person: id, contact_date: day}
"""


def counted(events: int | None, n: int | None, **more: Any) -> CriterionResult:
    base: dict[str, Any] = {"title": "Kept", "scale": "share", "counted": "", "better": "higher", "level": 0.95}
    base |= {"red": 0.5, "green": 0.75, "alpha": 0.05, "power": 0.9, "events": events, "n": n}
    return judged(CriterionResult(**base | more))


@pytest.mark.parametrize(
    ("events", "light"), [(17, "red"), (18, "amber_red"), (21, "amber_red"), (22, "amber_green"), (26, "green")]
)
def test_lights_of_34_people(events: int, light: str) -> None:
    assert judge_share(events, 34, UP).light == light


def test_a_threshold_is_met_whatever_binary_arithmetic_makes_of_it() -> None:
    assert judge_share(7, 20, Thresholds(0.2, 0.35)).light == "green"
    assert judge_share(3, 10, Thresholds(0.3, 0.5)).light == "red"


def test_where_fewer_are_better_the_lights_turn_round() -> None:
    down = Thresholds(0.5, 0.25, "lower")
    for events in range(35):
        up, turned = judge_share(34 - events, 34, UP), judge_share(events, 34, down)
        assert (turned.light, turned.p) == (up.light, pytest.approx(up.p))
        assert chance_of_green(events, 34, 60, down) == pytest.approx(chance_of_green(34 - events, 34, 60, UP))


def test_rates_and_averages_have_lights_too() -> None:
    assert judge_rate(60, 12, Thresholds(3, 5)).light == "green"
    assert judge_rate(0, 12, Thresholds(3, 5)).light == "red"
    assert judge_average(4.0, 0.0, 5, Thresholds(3, 5)).p == 0.0
    assert chance_of_green_rate(60, 12, 12, Thresholds(3, 5)) == 1.0


@pytest.mark.parametrize(
    ("lights", "rule", "verdict"),
    [
        (["green", "green"], Rule(), "go"),
        (["green", "amber_green"], Rule(), "amend"),
        (["green", "red"], Rule(), "stop"),
        (["red", None], Rule(), "stop"),
        (["green", None], Rule(), "open"),
        (["green", "red"], Rule("all_green"), "amend"),
        (["red", "red"], Rule("all_green"), "stop"),
        (["green", "amber_red", None], Rule("all_green"), "amend"),
        (["green", "green", "red"], Rule("custom", 2, 2), "go"),
        (["green", "green", None], Rule("custom", 2, 2), "go"),
        (["red", "red", "green"], Rule("custom", 1, 2), "stop"),
    ],
)
def test_combinations(lights: list[Any], rule: Rule, verdict: str) -> None:
    assert combine(lights, rule) == verdict


@pytest.mark.parametrize(
    "refused",
    [
        lambda: Thresholds(0.5, 0.5),
        lambda: Thresholds(0.5, 0.25),
        lambda: judge_share(1, 0, UP),
        lambda: judge_share(1, 10, Thresholds(0, 0.5)),
        lambda: judge_rate(1, 0, Thresholds(1, 2)),
        lambda: judge_average(1, 1, 1, UP),
        lambda: average_size(UP, 0.0),
        lambda: chance_of_green(5, 4, 10, UP),
        lambda: combine([], Rule()),
        lambda: Rule("custom"),
        lambda: simulate(Trial("share", 0.6, Arrived(10, 10)), 10, 1),
    ],
)
def test_what_makes_no_sense_is_misuse(refused: Any) -> None:
    with pytest.raises(ValueError, match=r"\w"):
        refused()


# ---- the protocol ----------------------------------------------------------------------------------------------------


def test_the_example_is_sound() -> None:
    assert load_text(PROTOCOL).progression.criteria["kept"].counted == ("dosed", "started")


@pytest.mark.parametrize(
    ("old", "new", "line", "said"),
    [
        ("by: [sex]", "by: [sxe]", 24, 'Did you mean "sex"?'),
        ("by: [sex]", "by: [age]", 24, "has no categories"),
        ("by: [sex]", "component: tlks", 24, 'Did you mean "talks"?'),
        ("measure: recruitment,", "measure: recruitmnt,", 23, "recruitment"),
        ("red: 0.2, green: 0.35", "red: 0.4, green: 0.35", 23, "`green` has to lie above `red`"),
        ("red: 0.2, green: 0.35", "red: 20, green: 35", 23, "between 0 and 1"),
        ("planned: 6}", "unit: talks}", 24, "no planned dose"),
        ("start_date: started, ", "", 23, "maps no start_date"),
        ("measure: recruitment,", "measure: acceptability, codes: [x],", 23, "no interviews"),
        (
            "progression:\n",
            "progression:\n  overrides: [{of: cme, decision: go, who: A, why: B, on: 2025-01-01}]\n",
            22,
            "came",
        ),
        ("progression:\n", "planning: {outcomes: {wrk: {sd: 1}}}\nprogression:\n", 21, 'Did you mean "work"?'),
        ("progression:\n", "planning: {outcomes: {work: {sd: 1}}}\nprogression:\n", 21, "Say comparison_share."),
    ],
)
def test_faults_are_named_with_their_line(old: str, new: str, line: int, said: str) -> None:
    assert old in PROTOCOL
    with pytest.raises(ProtocolFaults) as found:
        load_text(PROTOCOL.replace(old, new, 1), Path("protocol.yml"))
    assert any(fault.line == line and said in fault.spoken("p") for fault in found.value.faults), str(found.value)


def test_a_rate_needs_a_first_day() -> None:
    text = PROTOCOL.replace("dates: {start: 2025-01-01}\n", "").replace(
        "measure: recruitment,", "measure: recruitment_rate,"
    )
    with pytest.raises(ProtocolFaults, match=r"dates\.start"):
        load_text(text)


# ---- words -----------------------------------------------------------------------------------------------------------


def test_sentences_follow_the_light() -> None:
    assert criterion_words(counted(26, 34)).startswith(
        "Kept: green (26 of 34, 76.5%; 95% interval 58.8% to 89.3%). It reaches 75%"
    )
    assert "but chance alone could lift a red pilot as far" in criterion_words(counted(20, 34))
    assert criterion_words(counted(0, 0)) == "Kept: not known. Nobody can be counted for it yet."
    assert "The chance that it will be green with the 60 people planned" in criterion_words(counted(26, 34, planned=60))


# ---- disclosure ------------------------------------------------------------------------------------------------------


def shown(events: int, n: int, stages: dict[str, int] | None = None, profile: str = "standard") -> dict[str, Any]:
    text = PROTOCOL.replace("    came: {title: Came, measure: recruitment, red: 0.2, green: 0.35}\n", "")
    plan = load_text(text + f"disclosure: {{profile: {profile}}}\n").plan()
    flow = FlowResult(stages=(FlowStage(title="In the case file", counts=dict(stages or {"treatment": n})),))
    result = counted(events, n)
    empty = DecisionResult(rule="any_red_stops", lights={}, titles={"kept": "Kept"}, verdict="open")
    found = {
        "flow/participants": finding("flow/participants", flow),
        "progression/kept": finding("progression/kept", result),
    }
    found["progression/overall"] = finding("progression/overall", decided(empty, {"kept": result.light}))
    told = progress(found, {"flow/participants": found["flow/participants"]}, plan, policy(plan))
    return {key: result for key, (result, _) in told.items()}


def finding(key: str, result: Any) -> Finding:
    inputs = Inputs(drop="2025-06-01", drop_hash="", protocol_hash="", tables={}, code="")
    scope = Scope(pilot="first", site="north", subject=key.partition("/")[2])
    return Finding(id=key, scope=scope, result=result, sentence="", inputs=inputs)


def test_counts_that_are_large_enough_are_shown() -> None:
    assert (shown(60, 100)["progression/kept"].events, shown(60, 100)["progression/overall"].verdict) == (60, "amend")


@pytest.mark.parametrize(("events", "n", "light"), [(95, 100, "green"), (0, 100, "red"), (100, 100, "green")])
def test_small_rests_withhold_all_figures_but_a_light_that_many_counts_give(events: int, n: int, light: str) -> None:
    found = shown(events, n)["progression/kept"]
    assert found.light == light
    assert {found.events, found.n, found.estimate, found.lower, found.p, found.chance_green, found.cut} == {None}


def test_a_light_that_few_counts_give_is_withheld_and_so_is_the_verdict() -> None:
    found = shown(7, 12)
    assert found["progression/kept"].light == "unknown"
    assert "protect people" in criterion_words(found["progression/kept"])
    assert found["progression/overall"].verdict == "open"
    assert "no verdict yet" in decision_words(found["progression/overall"])


def test_few_people_have_no_light() -> None:
    assert shown(3, 9)["progression/kept"].light == "unknown"


def test_a_size_near_one_that_is_shown_gives_way() -> None:
    assert shown(60, 100, {"treatment": 103})["progression/kept"].n is None
    assert shown(60, 100, {"treatment": 64})["progression/kept"].events == 60
    assert shown(60, 100, {"treatment": 110})["progression/kept"].events == 60


def test_a_total_that_would_complete_a_withheld_stage_gives_way() -> None:
    plan = load_text(PROTOCOL.replace("measure: fidelity,", "measure: follow_up,")).plan()
    stage = FlowStage(title="Follow-up over", counts={"treatment": 60, "comparison": 60})
    hidden = stage.model_copy(update={"counts": {"treatment": None, "comparison": None}})
    exact, told = (finding("flow/participants", FlowResult(stages=(one,))) for one in (stage, hidden))
    for n, expected in ((120, None), (160, 160)):
        criterion = finding("progression/kept", counted(95, n))
        both = {"flow/participants": exact, "progression/kept": criterion}
        found, _ = progress(both, {"flow/participants": told}, plan, policy(plan))["progression/kept"]
        assert isinstance(found, CriterionResult)
        assert found.n == expected


def test_under_rounding_everything_is_computed_anew() -> None:
    found = shown(61, 99, profile="opensafely")["progression/kept"]
    assert (found.events, found.n, found.estimate) == (60, 100, 0.6)
    assert found.p == judge_share(60, 100, UP).p


# ---- level of evidence -----------------------------------------------------------------------------------------------


def test_what_was_delivered_lowers_the_level() -> None:
    level = evidence_level("randomised")
    assert lowered(level, ()) == level
    lower = lowered(level, (LOST_MANY,))
    assert (lower.maryland, lower.nesta, lower.declared_maryland) == (4, 2, 5)
    assert lowered(level, (NOTHING_ESTIMATED,)).maryland == 1
    assert lowered(evidence_level(None), (LOST_MANY,)).declared_maryland is None


def test_few_lost_never_lower_it() -> None:
    assert lost_many([Followed(20, 11), Followed(20, 20)], 0.2, 10) is False
    assert lost_many([Followed(20, 11), Followed(20, 19)], 0.2, 10) is True
    assert lost_unequally([Followed(100, 70), Followed(100, 95)], 0.1, 10) is True
    assert lost_unequally([Followed(100, 85), Followed(100, 95)], 0.1, 10) is False


# ---- open results ----------------------------------------------------------------------------------------------------


def effect(value: float, se: float, **more: Any) -> EffectResult:
    base: dict[str, Any] = {"title": "found work", "tier": "primary", "better": "higher", "outcome_type": "binary"}
    base |= {"measure": "", "unit": "share of people", "arms": {}, "engine": "", "why": "", "verdict": "inconclusive"}
    base |= {"value": value, "se": se, "lower": value - 1.96 * se, "upper": value + 1.96 * se, "level": 0.95}
    return EffectResult(**base | {"minimum_important_difference": 0.1} | more)


def test_open_is_what_holds_both_nothing_and_what_matters() -> None:
    assert is_open(effect(0.05, 0.05))
    assert not is_open(effect(0.0, 0.01)), "rules out what matters"
    assert not is_open(effect(0.2, 0.05)), "has a clear sign"
    assert not is_open(effect(0.05, 0.05, tier="secondary"))
    assert is_open(effect(-0.05, 0.05, better="lower"))


def test_more_data_settles_more_and_the_words_say_so() -> None:
    plan = load_text(PROTOCOL).plan()
    found = inconclusive_of(effect(0.05, 0.05), steps_of(plan, "2025-06-30-label"))
    site, months = found.more
    assert site.conclusive is not None
    assert months.conclusive is not None
    assert months.factor == pytest.approx(2.0, abs=0.02)
    assert found.good_sign_flat == pytest.approx(0.8413, abs=1e-4)
    said = inconclusive_words(found)
    assert "84 in 100" in said
    assert "One more site with as many people would narrow" in said
    assert "research" not in said


def test_the_main_trial_is_planned_with_a_spread_on_the_safe_side() -> None:
    arms = {key: ArmSummary(title=key, n=40, average=50.0, spread=20.0) for key in ("treatment", "comparison")}
    open_effect = effect(5, 5, outcome_type="continuous", unit="days", arms=arms, minimum_important_difference=10.0)
    found = inconclusive_of(open_effect, ())
    assert found.main_trial is not None
    assert found.main_trial > main_trial_per_arm(10, 20)
    assert f"about {found.main_trial} people a group" in inconclusive_words(found)


def test_several_looks_widen_what_counts_as_open() -> None:
    look = Look(number=2, state="unplanned", lower=-0.02, upper=0.24)
    seen = effect(0.11, 0.05)
    assert not is_open(seen)
    assert is_open(seen.model_copy(update={"look": look}))
    assert inconclusive_of(seen.model_copy(update={"look": look}), ()).width == pytest.approx(0.26)


def test_the_sign_is_told_from_the_good_side() -> None:
    plan = load_text(PROTOCOL).plan()
    up, down = (
        inconclusive_of(effect(sign * 0.05, 0.05, better=better), steps_of(plan, "2025-06-30"))
        for sign, better in ((1, "higher"), (-1, "lower"))
    )
    assert up.model_copy(update={"better": "lower"}) == down


# ---- before any data -------------------------------------------------------------------------------------------------


def test_the_design_report_says_what_is_missing_and_what_could_be_seen() -> None:
    plan = load_text(PROTOCOL).plan()
    report = design_report(plan)
    assert any("comparison_share" in one for one in report.missing)
    assert [table.title for table in report.tables][:2] == [
        "The smallest differences that could be seen",
        "What a clear result would be worth",
    ]
    assert "red 0 to 17; amber near red 18 to 22" in markdown(report)
    assert markdown(report) == markdown(design_report(plan))
    assert "<script" not in html(report)


def test_without_planned_people_it_says_so() -> None:
    report = design_report(load_text(PROTOCOL.replace(", planned_per_site: {north: 100}", "")).plan())
    assert any("How many people are planned is not said" in one for one in report.missing)
    assert [table.title for table in report.tables] == ["How many it takes to tell green from red"]


def test_the_web_page_shows_each_light_by_shape_and_word() -> None:
    told = [finding(f"progression/{n}", counted(events, 34)) for n, events in enumerate((10, 30))]
    image, words = picture([one.model_copy(update={"sentence": criterion_words(one.result)}) for one in told])
    assert image.startswith(b"\x89PNG")
    assert ": red (" in words
    assert ": green (" in words
    assert set(SHAPES) == set(LIGHTS)
