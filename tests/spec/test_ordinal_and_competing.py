"""Ordered outcomes, and events that another can forestall, where chance did not decide or people come in clusters."""

import os
from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pipelines.estimation import Design, EstimationRefusal, estimate
from pipelines.estimation.competing_risks import cumulative_incidence
from pipelines.estimation.design import BLOCK, CLUSTER
from pipelines.estimation.pseudo_observations import incidence
from pipelines.estimation.rank_comparison import rank_comparison
from pipelines.protocol import designs

PILOTS = 600 if os.environ.get("PILOTLENS_ALL_SIMULATIONS") else 60
MADE = {
    "matched": designs.Matched(kind="matched", replacement=True),
    "weighted": designs.Weighted(kind="weighted"),
    "weighted, everyone": designs.Weighted(kind="weighted", method="inverse_probability", estimand="everyone"),
    "regression_adjusted": designs.RegressionAdjusted(kind="regression_adjusted"),
    "doubly_robust": designs.DoublyRobust(kind="doubly_robust", estimand="everyone"),
}


def asked(kind: str, outcome: str = "ordinal", **choices) -> Design:
    own = {"covariates": ("age",), "assignment": "not_randomised", "declared": MADE.get(kind)}
    if kind == "cluster_randomised":
        own = {"declared": designs.ClusterRandomised(kind="cluster_randomised", clusters="office")}
    return Design(outcome, "", kind=kind.split(",")[0], **{**own, **choices})


def people(seed: int = 1, n: int = 300, effect: float = 0.8) -> pd.DataFrame:
    """Return people of whom the older are more often treated and do better; five ordered values."""
    rng = np.random.Generator(np.random.PCG64(seed))
    age = rng.normal(size=n)
    arm = rng.random(n) < 1 / (1 + np.exp(-age))
    value = np.digitize(age + effect * arm + rng.logistic(size=n), (-1.5, -0.5, 0.5, 1.5)).astype(float)
    return pd.DataFrame({"arm": np.where(arm, "treatment", "comparison"), "value": value, "age": age})


def chance(x, y, wx, wy) -> float:
    """P(X > Y) - P(X < Y) of two weighted groups, pair by pair."""
    return float(wx @ np.sign(x[:, None] - y[None, :]) @ wy / (wx.sum() * wy.sum()))


class TestOrdinal:
    @pytest.mark.parametrize("kind", ["matched", "weighted", "weighted, everyone"])
    def test_it_is_the_chance_of_weighted_pairs(self, kind):
        from pipelines.estimation.designs import comparison_groups
        from pipelines.estimation.sample import draw

        frame, design = people(), asked(kind)
        found = estimate(frame, design)
        made = comparison_groups.make(comparison_groups.people_of(draw(frame, ("value",)), design), design)
        t, value = (frame["arm"] == "treatment").to_numpy(), frame["value"].to_numpy()
        assert found.value == pytest.approx(chance(value[t], value[~t], made.weights[t], made.weights[~t]), abs=1e-10)
        assert found.lower < found.value < found.upper
        raw = next(one for one in found.others if one.name == "unadjusted").result
        assert raw.value == pytest.approx(2 * rank_comparison(value, t).superiority.value - 1)
        assert found.value < raw.value, "part of the raw difference is age"
        assert found.comparison is not None

    @pytest.mark.parametrize("kind", ["weighted", "regression_adjusted", "doubly_robust"])
    def test_intervals_cover(self, kind):
        """The truth by two million pairs of the same people with it and without it, of the treated or of everyone."""
        rng = np.random.Generator(np.random.PCG64(9))
        age = rng.normal(size=2_000_000)
        if kind != "doubly_robust":
            age = age[rng.random(len(age)) < 1 / (1 + np.exp(-age))]
        with_it, without = (
            np.digitize(rng.permutation(age) + effect + rng.logistic(size=len(age)), (-1.5, -0.5, 0.5, 1.5))
            for effect in (0.8, 0.0)
        )
        truth = float(np.sign(with_it - without).mean())
        held = 0
        for seed in range(PILOTS):
            found = estimate(people(seed), asked(kind), beside=False)
            held += found.lower <= truth <= found.upper
        assert 0.88 <= held / PILOTS <= 1 - 0.5 / PILOTS

    def test_clusters_of_one_are_people(self):
        """Brunner & Munzel's variance, with CR2's small correction where everybody is a cluster."""
        frame = people(n=120).assign(**{CLUSTER: np.arange(120)})
        found = estimate(frame, asked("cluster_randomised"))
        plain = rank_comparison(frame["value"].to_numpy(), (frame["arm"] == "treatment").to_numpy()).superiority
        assert (found.value, found.se) == pytest.approx((2 * plain.value - 1, 2 * plain.se), rel=1e-6)
        assert "CR2" in found.engine

    def test_clusters_that_hang_together_widen_it(self):
        frame = pd.concat([people(n=60)] * 4, ignore_index=True)
        alone = estimate(frame.assign(**{CLUSTER: np.arange(240)}), asked("cluster_randomised"))
        together = estimate(frame.assign(**{CLUSTER: np.arange(240) % 60}), asked("cluster_randomised"))
        assert together.value == pytest.approx(alone.value)
        assert together.se == pytest.approx(2 * alone.se, rel=0.05)

    def test_people_drawn_within_clusters(self):
        frame = people(n=120).assign(**{CLUSTER: np.arange(120) % 12})
        found = estimate(
            frame, Design("ordinal", "", kind="randomised", declared=designs.Randomised(kind="randomised"))
        )
        assert found.lower < found.value < found.upper

    def test_the_other_way_round_is_the_other_sign(self):
        frame = people(n=120)
        found, turned = (
            estimate(one, asked("doubly_robust")) for one in (frame, frame.assign(value=4 - frame["value"]))
        )
        assert turned.value == pytest.approx(-found.value, rel=1e-8)
        assert turned.se == pytest.approx(found.se, rel=1e-6)

    @pytest.mark.parametrize(
        ("design", "change", "words"),
        [
            (asked("cluster_randomised"), {BLOCK: np.arange(120) % 2, CLUSTER: np.arange(120) % 12}, "within blocks"),
            (
                asked("matched", declared=designs.Matched(kind="matched", adjusted=True)),
                {},
                "not adjusted once more",
            ),
            (asked("weighted"), {"value": np.arange(120.0)}, "too many different values"),
        ],
    )
    def test_refusals_name_what_is_safe(self, design, change, words):
        with pytest.raises(EstimationRefusal, match=words) as refusal:
            estimate(people(n=120).assign(**change), design)
        assert "continuous" in refusal.value.alternative

    def test_groups_that_do_not_overlap_are_described(self):
        frame = people(n=120)
        apart = frame.assign(value=(frame["arm"] == "treatment") * 1.0)
        assert estimate(apart, asked("weighted")).description_only
        assert estimate(frame.assign(value=2.0), asked("weighted")).description_only


def ended(seed: int = 1, n: int = 300, censored: bool = True) -> pd.DataFrame:
    """Return people whose follow-up ended by an event, by another, or early; age goes with group and both events."""
    rng = np.random.Generator(np.random.PCG64(seed))
    age = rng.normal(size=n)
    arm = rng.random(n) < 1 / (1 + np.exp(-age))
    first = rng.exponential(6 * np.exp(0.4 * age + 0.5 * arm))
    other = rng.exponential(12, n)
    end = rng.uniform(4, 40, n) if censored else np.full(n, np.inf)
    time = np.minimum(np.minimum(first, other), end)
    return pd.DataFrame(
        {
            "arm": np.where(arm, "treatment", "comparison"),
            "time": np.where(np.isinf(time), 99.0, time),
            "event": (first <= np.minimum(other, end)) * 1.0,
            "competing": (other < np.minimum(first, end)) * 1.0,
            "age": age,
        }
    )


class TestCompeting:
    @settings(derandomize=True, deadline=None, max_examples=25)
    @given(st.integers(0, 10**6), st.integers(5, 40))
    def test_pseudo_observations_are_influences(self, seed, n):
        """Their mean is Aalen and Johansen's share, and they are its derivative by each person's weight."""
        rng = np.random.Generator(np.random.PCG64(seed))
        time, cause = rng.integers(1, 9, n).astype(float), rng.integers(0, 3, n).astype(float)
        time[0], cause[0] = 12.0, 0.0
        made = incidence(time, cause, 7.0)

        def share(weights):
            left, total = 1.0, 0.0
            for at in np.unique(time[time <= 7]):
                here, risk = time == at, weights[time >= at].sum()
                total += left * weights[here & (cause == 1)].sum() / risk
                left *= 1 - weights[here & (cause > 0)].sum() / risk
            return total

        one = np.ones(n)
        assert made.mean() == pytest.approx(share(one), abs=1e-12)
        if (cause == 1).any():
            assert made.mean() == pytest.approx(cumulative_incidence(time, cause).at(7.0)[0], abs=1e-12)
        for k in range(n):
            step = np.eye(n)[k] * 1e-5
            assert made[k] - made.mean() == pytest.approx(n * (share(one + step) - share(one - step)) / 2e-5, abs=1e-6)

    @pytest.mark.parametrize("kind", ["matched", "weighted", "regression_adjusted", "doubly_robust"])
    def test_without_early_ends_it_is_the_share_itself(self, kind):
        frame = ended(censored=False)
        found = estimate(frame, asked(kind, "time_to_event", horizon=8.0))
        without = frame.assign(value=1.0 - ((frame["event"] == 1) & (frame["time"] <= 8)))
        plain = estimate(without, asked(kind, "continuous"), beside=False)
        assert (found.value, found.se) == pytest.approx((plain.value, plain.se), rel=1e-9)
        assert found.measure == "difference in the share without the event"
        assert {"Gray", "Fine-Gray"} <= {one.name for one in found.others}

    def test_clusters(self):
        frame = ended().assign(**{CLUSTER: np.arange(300) % 30})
        found = estimate(frame, asked("cluster_randomised", "time_to_event", horizon=8.0))
        assert "CR2" in found.engine
        assert {one.name for one in found.others}.isdisjoint({"Gray", "Fine-Gray"})

    def test_intervals_cover_with_early_ends(self):
        """The truth by four hundred thousand people with it and without it."""
        rng = np.random.Generator(np.random.PCG64(3))
        age = rng.normal(size=1_000_000)
        age = age[rng.random(len(age)) < 1 / (1 + np.exp(-age))]
        shares = []
        for arm in (1, 0):
            first = rng.exponential(6 * np.exp(0.4 * age + 0.5 * arm))
            shares.append(1 - np.mean((first < rng.exponential(12, len(age))) & (first <= 8)))
        held, design = 0, asked("weighted", "time_to_event", horizon=8.0)
        for seed in range(PILOTS):
            found = estimate(ended(seed), design, beside=False)
            held += found.lower <= shares[0] - shares[1] <= found.upper
        assert 0.88 <= held / PILOTS <= 1 - 0.5 / PILOTS

    def test_somebody_of_whom_it_is_not_known_is_refused(self):
        frame = ended()
        frame.loc[frame.index[frame["event"] == 0][0], "competing"] = np.nan
        with pytest.raises(EstimationRefusal, match="not known whether the other event"):
            estimate(frame, asked("weighted", "time_to_event", horizon=8.0))

    def test_below_the_floor_it_is_described(self):
        design = replace(asked("weighted", "time_to_event", horizon=8.0), floor_events=10_000)
        assert estimate(ended(), design).description_only
