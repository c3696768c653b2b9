"""Looks by example: when an outcome may be looked at, what the ledger notes, and which interval then counts."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from scipy.stats import norm
from scipy.stats import t as student

from pipelines.disclosure.apply import checked
from pipelines.estimation import Design, estimate
from pipelines.estimation.cluster_robust import contrast_test, fit_clustered
from pipelines.estimation.sequential import level_at, planned_standing
from pipelines.estimation.sequential.standing import Seen
from pipelines.findings.look import counting_p, led, which
from pipelines.findings.models import ArmSummary, EffectResult, Finding, Inputs, Look, Scope
from pipelines.findings.multiplicity import with_adjusted_p
from pipelines.protocol import ProtocolFaults
from tests.spec.looked_at import at_drop, housed, look, protocol, taken


def test_the_first_look_without_a_plan_is_taken_as_the_only_one(tmp_path: Path) -> None:
    first = look(tmp_path, protocol(), 80)
    result = housed(first)
    assert (result.look, result.verdict) == (None, "better")
    assert "look" not in first["effect/housed/primary"].sentence
    (noted,) = taken(tmp_path)
    assert {key: noted[key] for key in ("site", "outcome", "people", "drop", "planned")} == {
        "site": "north",
        "outcome": "housed",
        "people": 80,
        "drop": "2026-06-30",
        "planned": False,
    }


def test_the_same_evidence_again_is_no_look_whatever_the_drop_is_called(tmp_path: Path) -> None:
    first = look(tmp_path, protocol(), 80)
    again = look(tmp_path, protocol(), 80, drop="2026-07-31")
    assert len(taken(tmp_path)) == 1
    assert housed(again) == housed(first)


def test_from_the_second_look_on_the_wider_interval_counts(tmp_path: Path) -> None:
    first = housed(look(tmp_path, protocol(), 80))
    second = look(tmp_path, protocol(), 90)
    result = housed(second)
    found = result.look
    assert found is not None
    assert (found.number, found.state, found.planned) == (2, "unplanned", None)
    assert found.lower < result.lower < result.upper < found.upper  # type: ignore[operator]
    assert (led(result).lower, led(result).upper) == (found.lower, found.upper)
    said = second["effect/housed/primary"].sentence
    assert "This is look 2 at this outcome, and the protocol plans none." in said
    assert "looked at only once, it would be" in said
    assert result.verdict == "inconclusive"  # although the ordinary interval leaves zero out
    assert result.lower is not None
    assert result.lower > 0
    assert housed(look(tmp_path, protocol(), 80)) == first  # as things were then


def test_in_any_order_the_same_looks_end_alike(tmp_path: Path) -> None:
    ends = []
    for number, order in enumerate(((80, 100, 120), (120, 80, 100), (100, 120, 80, 120))):
        for people in order:
            look(tmp_path / str(number), protocol(), people)
        ends.append([housed(look(tmp_path / str(number), protocol(), people)).look for people in (80, 100, 120)])
        assert len(taken(tmp_path / str(number))) == 3
    assert ends[0] == ends[1] == ends[2]


def test_before_the_first_planned_look_nothing_is_estimated_or_noted(tmp_path: Path) -> None:
    found = look(tmp_path, protocol("{planned: 2}"), 80)
    result = housed(found)
    assert (result.value, result.lower, result.p, result.verdict) == (None, None, None, "described")
    assert all(arm.average is None and arm.events is None for arm in result.arms.values())
    assert not [key for key in found if key.endswith("/housed") and not key.startswith("effect")]
    assert taken(tmp_path) == []
    assert result.look is not None
    assert which(result.look) == "before look 1 of 2"
    said = found["effect/housed/primary"].sentence
    assert "So far 80 people whose outcome is known of 200 planned. The next look is due at 100." in said
    assert taken(tmp_path, "days")  # the looks are for the primary outcome; others are looked at


def test_a_planned_look_has_its_boundary_and_an_extra_one_is_refused(tmp_path: Path) -> None:
    plan = protocol("{planned: 2, spending: pocock}")
    first = housed(look(tmp_path, plan, 110))
    found = first.look
    assert found is not None
    expected = planned_standing([], Seen(110, ""), 200, 0.05, "pocock")
    assert (found.stage, found.planned, found.state, found.fraction) == (1, 2, "planned", 0.55)
    assert found.boundary == pytest.approx(expected.z)
    assert found.spent == pytest.approx(expected.spent)
    extra = look(tmp_path, plan, 140)
    assert housed(extra).value is None
    assert "refuses extra looks" in extra["effect/housed/primary"].sentence
    assert "The next look is due at 200." in extra["effect/housed/primary"].sentence
    assert [one["people"] for one in taken(tmp_path)] == [110]
    assert housed(look(tmp_path, plan, 110)) == first
    last = housed(look(tmp_path, plan, 200)).look
    assert last is not None
    assert which(last) == "look 2 of 2"
    assert last.spent == pytest.approx(0.05)


def test_corrected_rows_at_the_same_stage_are_the_same_look(tmp_path: Path) -> None:
    plan = protocol("{planned: 2, outcomes: [days]}")
    for shift in (0, 5):
        result = look(tmp_path, plan, 100, shift=shift)["effect/days/secondary"].result
        assert isinstance(result, EffectResult)
        assert result.look is not None
        assert (result.look.number, result.look.state) == (1, "planned")
    assert len(taken(tmp_path, "days")) == 2


def test_where_the_protocol_widens_an_extra_look_is_shown_and_costs(tmp_path: Path) -> None:
    plan = protocol("{planned: 2, spending: pocock, unplanned: widen}")
    early = look(tmp_path, plan, 80)
    assert "This is an extra look, beside the 2 that were planned." in early["effect/housed/primary"].sentence
    look(tmp_path, plan, 110)
    extra = housed(look(tmp_path, plan, 140)).look
    assert extra is not None
    assert (extra.number, extra.state) == (3, "extra")
    last = housed(look(tmp_path, plan, 200)).look
    alone = planned_standing([Seen(110, "")], Seen(200, "x"), 200, 0.05, "pocock").z
    assert last is not None
    assert last.boundary is not None
    assert alone is not None
    assert last.boundary > alone
    assert last.state == "planned"


def test_after_the_plan_is_spent_no_interval_is_given(tmp_path: Path) -> None:
    plan = protocol("{fractions: [1], unplanned: widen}")
    look(tmp_path, plan, 200)
    over = look(tmp_path, plan, 210)
    assert housed(over).verdict == "inconclusive"
    assert "no interval of this one would hold" in over["effect/housed/primary"].sentence


def test_dates_say_when_a_look_is_due(tmp_path: Path) -> None:
    plan = protocol("{dates: [2026-06-30, 2026-12-31]}")
    early = look(tmp_path, plan, 60, "2026-05-31")["effect/housed/primary"].sentence
    assert "The next look is due with the first drop from 2026-06-30 on." in early
    first = housed(look(tmp_path, plan, 80, "2026-07-02")).look
    assert first is not None
    assert which(first) == "look 1 of 2"
    assert first.fraction == 0.4
    assert housed(look(tmp_path, plan, 90, "2026-08-31")).value is None


def test_a_share_of_everybody_gets_robbins_sequence(tmp_path: Path) -> None:
    plan = protocol(arms="")
    assert housed(look(tmp_path, plan, 80)).look is None
    found = look(tmp_path, plan, 100)
    result, everyone = housed(found), housed(found).arms["everyone"]
    assert result.look is not None
    assert everyone.lower is not None
    assert result.look.lower is not None
    assert result.look.lower < everyone.lower
    assert "This is look 2 at this outcome" in found["effect/housed/primary"].sentence


def test_the_interval_of_a_boundary_is_the_engines_own(tmp_path: Path) -> None:
    with at_drop(tmp_path, protocol(), 110) as making:
        from pipelines.findings.frames import outcome_frame

        frame = outcome_frame(making, "housed", making.plan.outcomes["housed"])
    found = housed(look(tmp_path, protocol("{planned: 2}"), 110)).look
    assert found is not None
    assert found.boundary is not None
    wide = estimate(frame, replace(Design("binary", ""), level=level_at(found.boundary)), beside=False)
    assert (found.lower, found.upper) == pytest.approx((wide.lower, wide.upper))


@pytest.mark.parametrize("z", [2.24, 3.36, 4.88])
def test_few_clusters_are_held_to_the_same_tail_of_student_s_t(z: float) -> None:
    """A boundary is a tail of the normal distribution; with few degrees of freedom it lies much farther out."""
    draw = np.random.Generator(np.random.PCG64(3))
    codes = np.repeat(np.arange(10), 15)
    treated = (codes % 2).astype(float)
    outcome = draw.normal(size=150) + 0.6 * draw.normal(size=10)[codes] + 0.5 * treated
    columns = np.column_stack([np.ones(150), treated])
    found = contrast_test(fit_clustered(columns, outcome, codes), 1, "CR2", level_at(z))
    assert found.df is not None
    assert found.df < 10
    half = (found.upper - found.lower) / 2  # type: ignore[operator]
    assert half / found.se == pytest.approx(student.isf(norm.sf(z), found.df), rel=1e-6)  # type: ignore[operator]
    assert half / found.se > 1.2 * z  # type: ignore[operator]


def test_the_p_value_beside_allows_for_the_looks_and_says_what_the_interval_says(tmp_path: Path) -> None:
    for people, looks in ((110, "{planned: 2}"), (110, "{planned: 2, spending: pocock}"), (200, "{planned: 2}")):
        result = housed(look(tmp_path / f"{people}{len(looks)}", protocol(looks), people))
        assert result.look is not None
        assert result.p is not None
        assert result.look.p is not None
        assert result.look.p >= result.p
        assert (result.look.p < 0.05) == (result.verdict != "inconclusive")
        assert counting_p(result) == result.look.p
    look(tmp_path, protocol(), 80)
    second = housed(look(tmp_path, protocol(), 90))
    assert second.look is not None
    assert second.p is not None
    assert second.look.p is not None
    assert second.p < 0.05 < second.look.p  # which is why nothing there is called a difference


def test_adjusted_p_values_rest_on_those_that_allow_for_the_looks(tmp_path: Path) -> None:
    plan = protocol("{planned: 2, outcomes: [housed, days]}").plan()
    results = {
        key: housed(look(tmp_path, protocol("{planned: 2}"), 110)).model_copy(update={"tier": "primary"})
        for key in ("housed", "days")
    }
    adjusted = with_adjusted_p(results, plan)["housed"].p_adjusted
    first = results["housed"].look
    assert first is not None
    assert first.p is not None
    assert adjusted == pytest.approx(min(2 * first.p, 1))


def shown(result: EffectResult, profile: str = "standard") -> Finding:
    """Return an effect as it may be shown."""
    plan = protocol("{planned: 2}").plan()
    plan = plan.model_copy(update={"disclosure": plan.disclosure.model_copy(update={"profile": profile})})
    inputs = Inputs(drop="d", drop_hash="d", protocol_hash="p", tables={}, code="c")
    scope = Scope(pilot="first", site="north", subject="housed")
    finding = Finding(id="effect/housed/primary", scope=scope, result=result, sentence="", inputs=inputs)
    return checked([finding], plan)[0]


def waiting(treatment: int, comparison: int) -> EffectResult:
    look_ = Look(number=0, planned=2, state="not_due", known=treatment + comparison, needed=200, next_at=100)
    return EffectResult(
        title="were housed",
        tier="primary",
        better="higher",
        outcome_type="binary",
        measure="none",
        unit="",
        level=0.95,
        engine="description",
        why="",
        verdict="described",
        look=look_,
        arms={"treatment": ArmSummary(title="A", n=treatment), "comparison": ArmSummary(title="B", n=comparison)},
    )


def test_how_far_a_pilot_is_does_not_give_a_small_count_away() -> None:
    told = shown(waiting(40, 4))
    assert isinstance(told.result, EffectResult)
    assert told.result.look is not None
    assert told.result.look.known is None
    assert "44" not in told.sentence
    assert "is not shown" in told.sentence
    assert "So far 84 people" in shown(waiting(40, 44)).sentence


def test_where_counts_are_rounded_a_fraction_is_no_sharper(tmp_path: Path) -> None:
    exact = housed(look(tmp_path, protocol("{planned: 2}"), 113))
    told = shown(exact, "opensafely")
    assert isinstance(told.result, EffectResult)
    assert told.result.look is not None
    assert exact.look is not None
    found = told.result.look
    assert (found.boundary, found.spent) == (None, None)
    assert found.known is not None
    assert found.known % 8 == 0
    assert found.fraction == found.known / 200
    assert found.lower != exact.look.lower
    assert found.lower is not None
    assert told.result.lower is not None
    assert found.lower < told.result.lower


@pytest.mark.parametrize(
    ("looks", "problem"),
    [
        ("{}", "nothing says when looks are due"),
        ("{planned: 3, dates: [2026-06-30]}", "`planned` says already when looks are due"),
        ("{fractions: [0.5, 0.3, 1]}", "each look comes after the one before"),
        ("{fractions: [0.5]}", "no look is planned for the end"),
        ("{planned: 2, outcomes: [housd]}", 'Did you mean "housed"?'),
        ("{planned: 2, planned_events: {housed: 30}}", "no time to an event"),
        ("{planned: 2, spendin: pocock}", "spending"),
        ("{planned: 51}", "50"),
    ],
)
def test_faults_of_the_plan_are_named(looks: str, problem: str) -> None:
    with pytest.raises(ProtocolFaults) as caught:
        protocol(looks)
    assert problem in str(caught.value)
