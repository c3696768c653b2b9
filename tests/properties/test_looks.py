"""Looks spend by which they are, not by their order; and looking often finds chance no oftener than it may."""

from __future__ import annotations

import os
from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.stats import norm

from pipelines.estimation.sequential import (
    Seen,
    always_valid_p,
    beta_binomial_sequence,
    ever_crossed,
    is_due,
    level_at,
    open_standing,
    planned_standing,
    repeated_interval,
    repeated_p,
)
from pipelines.estimation.sequential.standing import KEPT_BACK

FULL = bool(os.environ.get("PILOTLENS_ALL_SIMULATIONS"))
PILOTS, DROPS, EACH = (200_000 if FULL else 20_000), 12, 40
SLACK = 3 * (0.05 * 0.95 / PILOTS) ** 0.5
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
    crossed = ever_crossed([own.information for own in looks], z)
    assert (1 - KEPT_BACK) * spent[-1] - 1e-6 <= crossed <= min(spent[-1], 0.05) + 1e-9
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


Looked = tuple[np.ndarray, np.ndarray, np.ndarray]
"""Estimate, standard error and degrees of freedom (Welch) of every pilot at every drop."""


def monthly(effect: float, each: int = EACH, pilots: int = PILOTS, seed: int = 6) -> tuple[Looked, list[Seen]]:
    """Return what every pilot shows at every monthly drop of `each` people a group, from sums and squares alone."""
    chance = np.random.Generator(np.random.PCG64(seed))
    n = each * np.arange(1, DROPS + 1)
    arms = []
    for shift in (effect, 0.0):
        month = shift + chance.standard_normal((pilots, DROPS)) / np.sqrt(each)
        squares = (chance.chisquare(each - 1, (pilots, DROPS)) + each * month**2).cumsum(axis=1)
        mean = (each * month).cumsum(axis=1) / n
        arms.append((mean, (squares - n * mean**2) / (n - 1) / n))
    (treated, one), (compared, other) = arms
    df = (one + other) ** 2 / ((one**2 + other**2) / (n - 1))
    looks = [Seen(2.0 * each * k, str(k), k) for k in range(1, DROPS + 1)]
    return (treated - compared, np.sqrt(one + other), df), looks


def outside(looked: Looked, z: list[float], truth: float) -> np.ndarray:
    """Return for each pilot and drop whether the interval misses the truth."""
    value, se, df = looked
    lower, upper = repeated_interval(value, se, z, df)
    return (lower > truth) | (upper < truth)


def bounds(looks: list[Seen], spending: str) -> list[float]:
    planned = float(looks[-1].information)
    return [planned_standing(looks, own, planned, 0.05, spending).z or 0.0 for own in looks]  # type: ignore[arg-type]


@pytest.mark.parametrize("effect", [0.0, 0.3])
def test_twelve_monthly_drops_mislead_no_oftener_than_one(effect: float) -> None:
    """Without an effect an interval that misses zero is a false finding; with one, all twelve together cover it."""
    looked, looks = monthly(effect)
    careless = outside(looked, [1.959964] * DROPS, effect).any(axis=1).mean()
    assert careless == pytest.approx(0.207, abs=0.01)
    said = {"careless": careless}
    for spending in ("obrien_fleming", "pocock"):
        said[spending] = outside(looked, bounds(looks, spending), effect).any(axis=1).mean()
        assert said[spending] <= 0.05 + (0 if FULL else SLACK)
    z = [open_standing(looks, own, 0.05).z or 0.0 for own in looks[1:]]
    later: Looked = tuple(part[:, 1:] for part in looked)  # type: ignore[assignment]
    said["without a plan, from the second look on"] = outside(later, z, effect).any(axis=1).mean()
    assert said["without a plan, from the second look on"] <= 0.05
    print({name: round(float(share), 4) for name, share in said.items()})


@pytest.mark.parametrize("spending", ["obrien_fleming", "pocock"])
@pytest.mark.parametrize("each", [10, 40])
def test_the_true_error_lies_below_what_may_be_spent(each: int, spending: str) -> None:
    """Against the same pilots with a known spread, whose error is known exactly: so few draws tell much."""
    pilots = max(PILOTS, 100_000 if each < EACH else 0)
    (value, se, df), looks = monthly(0.0, each, pilots)
    z = bounds(looks, spending)
    information = [own.information for own in looks]
    known = np.sqrt(4 / np.asarray(information))
    exact = ever_crossed(information, [min(one, 8.0) for one in z])
    estimated = outside((value, se, df), z, 0.0).any(axis=1)
    more = estimated.astype(float) - (np.abs(value) > np.asarray(z) * known).any(axis=1)
    error = more.std() / np.sqrt(pilots)
    print(each, spending, round(exact, 5), round(exact + more.mean(), 5), round(error, 5))
    assert exact + more.mean() <= 0.05


@pytest.mark.parametrize("spending", ["obrien_fleming", "pocock"])
def test_few_clusters_are_held_on_the_scale_of_p(spending: str) -> None:
    """Two more clusters a group at each look: a normal boundary misleads twice to four times as often."""
    pilots, looks = PILOTS // 2, 6
    means = np.random.Generator(np.random.PCG64(5)).standard_normal((2, pilots, 2 * looks))
    n = 2 * np.arange(1, looks + 1)
    spread = [means[:, :, :k].var(axis=2, ddof=1) / k for k in n]
    value = np.column_stack([means[0, :, :k].mean(axis=1) - means[1, :, :k].mean(axis=1) for k in n])
    se = np.column_stack([np.sqrt(one.sum(axis=0)) for one in spread])
    df = np.column_stack(
        [one.sum(axis=0) ** 2 / ((one**2).sum(axis=0) / (k - 1)) for one, k in zip(spread, n, strict=True)]
    )
    z = bounds([Seen(float(k), str(k), i) for i, k in enumerate(n, 1)], spending)
    assert outside((value, se, df), z, 0.0).any(axis=1).mean() <= 0.05 + 3 * (0.05 * 0.95 / pilots) ** 0.5
    assert outside((value, se, np.full_like(df, 1e9)), z, 0.0).any(axis=1).mean() > 0.08


P = st.floats(1e-9, 0.9)


@settings(derandomize=True, deadline=None, max_examples=25)
@given(LOOKS, P, st.sampled_from(["obrien_fleming", "pocock"]), st.sampled_from([0.001, 0.05, 0.2]))
def test_a_repeated_p_value_says_what_the_interval_says(information, p, spending, alpha) -> None:  # type: ignore[no-untyped-def]
    looks = seen(information)
    own = max(looks, key=lambda one: one.information)
    found = planned_standing(looks, own, 200, alpha, spending, p)
    assert found.p is not None
    assert found.z is not None
    assert found.p >= p
    z = -norm.ppf(p / 2)
    if abs(z - found.z) > 1e-4:
        assert (found.p <= alpha) == (z > found.z)


@settings(derandomize=True, deadline=None, max_examples=50)
@given(st.floats(2, 5000), P, st.sampled_from([0.01, 0.05, 0.2]))
def test_an_always_valid_p_value_says_what_the_sequence_says(information, p, alpha) -> None:  # type: ignore[no-untyped-def]
    looks = [Seen(1.0, "first"), Seen(information, "own")]
    found = open_standing(looks, looks[1], alpha, p=p)
    assert found.z is not None
    assert found.p is not None
    z = -norm.ppf(p / 2)
    if abs(z - found.z) > 1e-6:
        assert (found.p <= alpha) == (z > found.z)


def test_p_values_that_cannot_be_are_told() -> None:
    with pytest.raises(ValueError, match="p value"):
        repeated_p([50, 100], 100, 1.5, "pocock")
    with pytest.raises(ValueError, match="p value"):
        always_valid_p(50, float("nan"), 0.05)
    assert repeated_p([100, 120], 100, 1e-9, "pocock") == 1.0  # nothing is left to spend


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
