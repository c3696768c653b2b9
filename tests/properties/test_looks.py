"""Looks spend by which they are, not by their order; and looking often finds chance no oftener than it may."""

from __future__ import annotations

import os
from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pipelines.estimation.sequential import (
    Seen,
    beta_binomial_sequence,
    ever_crossed,
    is_due,
    level_at,
    open_standing,
    planned_standing,
    repeated_interval,
)

FULL = bool(os.environ.get("PILOTLENS_ALL_SIMULATIONS"))
PILOTS, DROPS, EACH = (20_000 if FULL else 2_000), 12, 40
LOOKS = st.lists(st.integers(1, 300), min_size=1, max_size=6, unique=True)


def seen(information: list[int], each: int = 50) -> list[Seen]:
    return [Seen(float(one), f"evidence {one}", one // each) for one in information]


@settings(derandomize=True, deadline=None, max_examples=30)
@given(LOOKS, st.randoms(use_true_random=False), st.sampled_from(["obrien_fleming", "pocock"]))
def test_any_order_spends_the_same_and_running_again_spends_nothing(information, chance, spending) -> None:  # type: ignore[no-untyped-def]
    looks = seen(information)
    mixed = [*looks, *chance.sample(looks, len(looks))]
    chance.shuffle(mixed)
    for own in looks:
        one, other = (planned_standing(taken, own, 200, 0.05, spending) for taken in (looks, mixed))
        assert one == other
        assert open_standing(looks, own, 0.05) == open_standing(mixed, own, 0.05)
        assert is_due(mixed, own)


@settings(derandomize=True, deadline=None, max_examples=30)
@given(LOOKS, st.sampled_from(["obrien_fleming", "pocock"]))
def test_no_look_spends_more_than_is_left(information, spending) -> None:  # type: ignore[no-untyped-def]
    looks = sorted(seen(information), key=lambda one: one.information)
    found = [planned_standing(looks, own, 200, 0.05, spending) for own in looks]
    spent = [one.spent or 0.0 for one in found]
    assert all(a <= b for a, b in pairwise([0.0, *spent]))
    z = [min(one.z or 0.0, 8.0) for one in found]
    assert ever_crossed([own.information for own in looks], z) == pytest.approx(min(spent[-1], 0.05), abs=1e-6)
    assert min(z) > 1.9599


@settings(derandomize=True, deadline=None, max_examples=30)
@given(LOOKS)
def test_a_later_look_leaves_earlier_ones_as_they_were(information) -> None:  # type: ignore[no-untyped-def]
    looks = sorted(seen(information), key=lambda one: one.information)
    for number, own in enumerate(looks):
        assert planned_standing(looks, own, 200, 0.05) == planned_standing(looks[:number], own, 200, 0.05)
        assert open_standing(looks, own, 0.05) == open_standing(looks[:number], own, 0.05)


def test_extra_looks_are_told_from_planned_ones() -> None:
    first, same, extra, early = (Seen(60, "a", 1), Seen(60, "corrected", 1), Seen(70, "b", 1), Seen(30, "c", 0))
    assert [is_due([first], own) for own in (first, same, extra, early)] == [True, True, False, False]
    assert planned_standing([first], extra, 200, 0.05).extra
    assert not planned_standing([first, extra], first, 200, 0.05).extra
    assert planned_standing([first], same, 200, 0.05).number == 1


def monthly(effect: float) -> tuple[np.ndarray, np.ndarray, list[Seen]]:
    """Return estimate and standard error of every pilot at every monthly drop, and the looks."""
    chance = np.random.Generator(np.random.PCG64(6))
    arms = []
    for shift in (effect, 0.0):
        months = chance.standard_normal((PILOTS, DROPS, EACH), dtype=np.float32).astype(float) + shift
        n = EACH * np.arange(1, DROPS + 1)
        total, squares = months.sum(axis=2).cumsum(axis=1), (months**2).sum(axis=2).cumsum(axis=1)
        mean = total / n
        arms.append((mean, (squares / n - mean**2) / (n - 1)))
    (treated, one), (compared, other) = arms
    looks = [Seen(2.0 * EACH * k, str(k), k) for k in range(1, DROPS + 1)]
    return treated - compared, np.sqrt(one + other), looks


def outside(value: np.ndarray, se: np.ndarray, z: list[float], truth: float) -> np.ndarray:
    """Return for each pilot and drop whether the interval misses the truth."""
    lower, upper = repeated_interval(value, se, z)
    return (lower > truth) | (upper < truth)


@pytest.mark.parametrize("effect", [0.0, 0.3])
def test_twelve_monthly_drops_mislead_no_oftener_than_one(effect: float) -> None:
    """Without an effect an interval that misses zero is a false finding; with one, all twelve together cover it."""
    value, se, looks = monthly(effect)
    planned = float(looks[-1].information)
    slack = 3 * (0.05 * 0.95 / PILOTS) ** 0.5
    careless = outside(value, se, [1.959964] * DROPS, effect).any(axis=1).mean()
    assert careless == pytest.approx(0.207, abs=0.03)
    said = {"careless": careless}
    for spending in ("obrien_fleming", "pocock"):
        z = [planned_standing(looks, own, planned, 0.05, spending).z or 0.0 for own in looks]
        said[spending] = outside(value, se, z, effect).any(axis=1).mean()
        assert said[spending] <= 0.05 + slack
    z = [open_standing(looks, own, 0.05).z or 0.0 for own in looks[1:]]
    said["without a plan, from the second look on"] = outside(value[:, 1:], se[:, 1:], z, effect).any(axis=1).mean()
    assert said["without a plan, from the second look on"] <= 0.05
    print({name: round(float(share), 4) for name, share in said.items()})


def test_a_share_is_covered_at_all_looks_at_once() -> None:
    chance = np.random.Generator(np.random.PCG64(7))
    people = 20 * np.arange(1, DROPS + 1)
    limits = [[beta_binomial_sequence(events, int(n), 0.05) for events in range(n + 1)] for n in people]
    came = chance.binomial(20, 0.3, (PILOTS, DROPS)).cumsum(axis=1)
    missed = np.zeros(PILOTS, dtype=bool)
    for k in range(DROPS):
        lower, upper = np.asarray(limits[k])[came[:, k]].T
        missed |= (lower > 0.3) | (upper < 0.3)
    assert missed.mean() <= 0.05


def test_the_level_of_a_boundary_is_that_of_its_interval() -> None:
    assert level_at(1.959963984540054) == pytest.approx(0.95, abs=1e-12)
    assert level_at(1.6448536269514722, sides=1) == pytest.approx(0.95, abs=1e-12)
    assert level_at(float("inf")) == 1.0
