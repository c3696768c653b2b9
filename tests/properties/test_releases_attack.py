"""A reader who keeps every release and subtracts: nothing of few people may come out, and without the rule it does."""

from __future__ import annotations

import os

import numpy as np
import pandas as pd
import pytest

from pipelines.disclosure.apply import checked
from pipelines.findings.models import EffectResult, Finding
from tests.properties.several_drops import Published, declared, everybody, findings, learned, published

LONG = bool(os.environ.get("PILOTLENS_ALL_SIMULATIONS"))
STEPS = {
    "a few each month": (160, 161, 163, 170, 181),
    "one left": (160, 159),
}


@pytest.mark.parametrize("steps", STEPS.values(), ids=STEPS)
def test_nobody_who_came_or_left_is_had_by_subtraction(steps: tuple[int, ...]) -> None:
    people = everybody(200, 11)
    assert learned(published([people.iloc[:count] for count in steps]).releases) == {}


def test_without_the_rule_the_one_who_came_is_had_with_all_that_was_asked() -> None:
    people = everybody(161, 11)
    came = people.iloc[160]
    found = learned(published([people.iloc[:160], people], guarded=False).releases)
    arm = str(came["arm"])
    assert found[f"0-1 flow/participants Kept after the checks {arm} came"] == 1
    assert found[f"0-1 effect/nights/secondary {arm} sum of their values"] == pytest.approx(came["nights"])
    assert found[f"0-1 baseline/participants age None {arm} sum of their values"] == pytest.approx(came["age"])
    assert found[f"0-1 effect/work/primary {arm} nobody or everybody"] == came["work"]


def test_many_who_came_are_shown() -> None:
    """A rule that never shows anything anew passes every attack; this one must not."""
    people = everybody(320, 11)
    shown = published([people.iloc[:160], people.iloc[:162], people]).releases[-1].findings
    assert {key: one["disclosure"]["as_at"] for key, one in shown.items() if one["disclosure"]["as_at"]} == {}
    assert shown["effect/work/primary"]["result"]["arms"]["treatment"]["n"] == 160
    assert shown["flow/participants"]["result"]["stages"][0]["counts"] == {"treatment": 160, "comparison": 160}


def test_a_profile_that_rounds_needs_no_holding_back() -> None:
    people = everybody(167, 11)
    shown = published([people.iloc[:160], people], profile="opensafely").releases[-1].findings
    assert not any(one["disclosure"]["as_at"] for one in shown.values())
    assert shown["flow/participants"]["result"]["stages"][0]["counts"] == {"treatment": 85, "comparison": 85}


def test_one_corrected_record_is_not_had_either() -> None:
    people = everybody(160, 12)
    corrected = people.copy()
    corrected.loc[4, ["nights", "age", "talks"]] = [180.0, 64.0, 6.0]
    corrected.loc[6, "work"] = 1 - corrected.loc[6, "work"]
    before, after = published([people, corrected], guarded=False), published([people, corrected])
    assert {place.split(" ")[1] for place in learned(before.releases)} >= {
        "effect/nights/secondary", "effect/work/primary", "baseline/participants", "dose/talks",
    }  # fmt: skip
    assert learned(after.releases) == {}


def test_the_same_drop_again_shows_the_same() -> None:
    people = everybody(170, 13)
    found = published([people.iloc[:160], people.iloc[:163]])
    again = checked(findings(people.iloc[:163], found.plan, found.releases[-1].drop), found.plan, found.releases)
    assert {one.id: one.model_dump(mode="json") for one in again} == found.releases[-1].findings


@pytest.mark.parametrize("seed", range(30 if LONG else 1))
def test_nothing_is_had_of_any_history(seed: int) -> None:
    """People come by few and by many, leave, and are corrected; whatever is shown of it, nobody is had."""
    rng = np.random.default_rng(seed)
    people, count, gone = everybody(700, seed), int(rng.integers(60, 200)), set[int]()
    found = Published(declared())
    for _ in range(6 if LONG else 4):
        _consistent(found.add(people.iloc[:count].drop(index=sorted(gone))))
        count = min(700, count + int(rng.choice([0, 1, 2, 5, 12, 30, 60, 120])))
        gone |= {int(rng.integers(0, count))} if rng.random() < 0.4 else set()
        _correct(people, count, rng)
    assert learned(found.releases) == {}


def _correct(people: pd.DataFrame, count: int, rng: np.random.Generator) -> None:
    for name in ("work", "nights", "age", "talks"):
        if rng.random() < 0.3:
            rows = rng.choice(count, int(rng.choice([1, 3, 20])), replace=False)
            people.loc[rows, name] = rng.permutation(people[name].to_numpy())[: len(rows)]


def _consistent(shown: dict[str, Finding]) -> None:
    """What is shown of an effect belongs together: the share of a group is its events over its people."""
    for finding in shown.values():
        if isinstance(finding.result, EffectResult) and finding.result.outcome_type == "binary":
            for arm in finding.result.arms.values():
                assert arm.average is None or arm.average == pytest.approx((arm.events or 0) / (arm.n or 1))
