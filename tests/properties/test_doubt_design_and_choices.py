"""Leaving out, placebos, curves, and the design that arrived: against brute force and simulation."""

from math import inf, sqrt

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pipelines.estimation.covariance import least_squares_hc2
from pipelines.estimation.doubt.arrived import Arrived, detectable, power_of, units_needed
from pipelines.estimation.doubt.cluster_left_out import leave_one_cluster_out, leave_one_cluster_out_ols
from pipelines.estimation.doubt.one_person import influence_of_one_person
from pipelines.estimation.doubt.sign_and_size import sign_and_size
from pipelines.estimation.doubt.specification import curve_test, specification_curve
from pipelines.estimation.result import Inference
from pipelines.estimation.welch import difference

quick = settings(derandomize=True, deadline=None, max_examples=15)
seeds = st.integers(0, 2**32 - 1)


def regression(seed, n=60, clusters=7):
    rng = np.random.default_rng(seed)
    columns = np.column_stack([np.ones(n), rng.integers(0, 2, n), rng.normal(40, 10, n)])
    columns[:2, 1] = (0, 1)
    return rng.integers(0, clusters, n), columns, columns @ [1, 2, 0.1] + rng.normal(size=n)


def fit(columns, outcome):
    return float(np.linalg.lstsq(columns, outcome, rcond=None)[0][1])


@quick
@given(seeds)
def test_fast_leave_one_cluster_out_is_the_slow_one(seed):
    cluster, columns, outcome = regression(seed)
    slow = leave_one_cluster_out(cluster, lambda keep: fit(columns[keep], outcome[keep]))
    fast = leave_one_cluster_out_ols(cluster, columns, outcome, 1)
    assert fast.clusters == slow.clusters
    assert fast.estimate == pytest.approx(slow.estimate, rel=1e-8)
    assert fast.without == pytest.approx(slow.without, rel=1e-8)
    order = np.random.default_rng(seed).permutation(len(outcome))
    again = leave_one_cluster_out_ols(cluster[order], columns[order], outcome[order], 1)
    assert again.without == pytest.approx(fast.without, rel=1e-8)


def test_a_cluster_without_which_nothing_can_be_estimated():
    cluster = np.repeat([0, 1, 2], 10)
    columns = np.column_stack([np.ones(30), cluster == 2])
    outcome = np.random.default_rng(0).normal(size=30)
    found = leave_one_cluster_out_ols(cluster, columns, outcome, 1)
    assert [value is None for value in found.without] == [False, False, True]
    assert not found.same_sign
    assert "without one of them there would be no estimate" in found.sentence


@quick
@given(seeds)
def test_influence_of_one_person_is_that_of_refitting(seed):
    _, columns, outcome = regression(seed, 25)
    whole = fit(columns, outcome)
    kept = [np.arange(25) != i for i in range(25)]
    moves = [abs(fit(columns[keep], outcome[keep]) - whole) for keep in kept]
    se = sqrt(least_squares_hc2(columns, outcome).covariance[1, 1])
    found = influence_of_one_person(columns, outcome, 1)
    assert max(moves) / se <= found.at_most + 1e-9 < max(moves) / se + 0.1 + 1e-6
    assert found.changes_sign == any(fit(columns[keep], outcome[keep]) * whole <= 0 for keep in kept)


@pytest.mark.parametrize(("effect", "df"), [(0.5, inf), (1.0, inf), (-2.0, 8), (0.3, 20)])
def test_sign_and_size_by_simulation(effect, df):
    rng = np.random.default_rng(1)
    draws = rng.standard_normal(400_000) if df == inf else rng.standard_t(df, 400_000)
    found = sign_and_size(effect, 1.0, df)
    from scipy.stats import norm, t

    cut = norm.ppf(0.975) if df == inf else t.ppf(0.975, df)
    estimates = effect + draws
    clear = estimates[np.abs(estimates) > cut]
    assert found.power == pytest.approx(len(clear) / 400_000, rel=0.03)
    assert found.wrong_sign == pytest.approx((clear * effect < 0).mean(), abs=0.01)
    assert found.exaggeration == pytest.approx(np.abs(clear).mean() / abs(effect), rel=0.01)


def test_power_by_simulation():
    rng = np.random.default_rng(2)
    design = Arrived(12, 18)
    hits = 0
    for _ in range(2000):
        a, b = rng.normal(0.9, 1, 12), rng.normal(0, 1, 18)
        pooled = sqrt((11 * a.var(ddof=1) + 17 * b.var(ddof=1)) / 28 * (1 / 12 + 1 / 18))
        hits += abs(a.mean() - b.mean()) / pooled > 2.048407
    assert power_of(design, 0.9) == pytest.approx(hits / 2000, abs=0.03)


@quick
@given(st.integers(4, 60), st.integers(4, 60), st.integers(2, 40), st.floats(0, 0.5), st.floats(0, 0.8))
def test_what_helps_a_design_helps(j1, j0, size, icc, r2):
    plain = Arrived(j1, j0, size, icc)
    best = detectable(plain).standardised
    assert detectable(Arrived(j1 + 1, j0 + 1, size, icc)).standardised < best
    assert detectable(Arrived(j1, j0, size + 1, icc)).standardised <= best
    assert detectable(Arrived(j1, j0, size, icc, r2=r2, r2_between=r2)).standardised <= best
    assert detectable(Arrived(j1, j0, size, icc, cv=0.5)).standardised >= best
    assert detectable(Arrived(j1, j0, size, icc, blocks=2, block_effects="varying")).standardised > best
    assert detectable(plain.after_loss(people=0.3)).standardised >= best
    assert power_of(plain, best) == pytest.approx(0.8, abs=0.02)
    assert detectable(Arrived(j0, j1, size, icc)).standardised == pytest.approx(best)


@quick
@given(st.floats(0.15, 1.5), st.sampled_from([0.5, 1.0, 3.0]))
def test_units_needed_are_the_fewest(effect, ratio):
    treatment, comparison = units_needed(Arrived(10, 10 * ratio), effect)
    assert detectable(Arrived(treatment, comparison)).standardised <= effect
    assert comparison == pytest.approx(treatment * ratio, abs=0.51)
    if treatment > 4:
        assert detectable(Arrived(treatment - 1, max(round((treatment - 1) * ratio), 1))).standardised > effect


CHOICES = {"covariates": ("none", "age"), "outliers": ("kept", "trimmed"), "window": ("six", "twelve")}


def test_curve_holds_every_combination_once():
    shifts = {"none": 0.0, "age": 0.5, "kept": 0.0, "trimmed": -2.0, "six": 1.0, "twelve": 1.2}
    found = specification_curve(
        CHOICES,
        lambda chosen: Inference(sum(shifts[o] for o in chosen.values()), 1.0, -1.0, 3.0),
        {"covariates": "age", "outliers": "kept", "window": "six"},
    )
    assert len(found.specifications) == len({s.choices for s in found.specifications}) == 8
    assert found.values == tuple(sorted(found.values))
    assert (found.headline, found.values[0], found.values[-1]) == (1.5, -1.0, 1.7)
    assert found.same_sign == 0.5
    assert found.clear == 0.0


def test_curve_test_is_exact_under_no_effect():
    # One specification and every reassignment equally likely: the p-value's rank is uniform
    rng = np.random.default_rng(3)
    below = 0
    for seed in range(100):
        outcome, actual = rng.normal(size=10), rng.permutation(np.arange(10) < 5)
        found = curve_test(
            {"only": ("one",)},
            lambda _, arm, y=outcome: difference(y[arm], y[~arm]),
            actual,
            lambda g: g.permutation(np.arange(10) < 5),
            draws=19,
            seed=seed,
        )
        below += found.p_median <= 0.2
    assert 0.2 - 3 * 0.04 <= below / 100 <= 0.2 + 3 * 0.04
