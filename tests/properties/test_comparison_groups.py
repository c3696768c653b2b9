"""What must hold of matching, weighting and balance: the n^2 search, symmetry, balance, size and coverage."""

import os

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pipelines.estimation import EstimationRefusal, mahalanobis, nearest
from pipelines.estimation.comparison_balance import balance, omnibus
from pipelines.estimation.comparison_bootstrap import bootstrap_effect
from pipelines.estimation.comparison_pool import comparison_pool, independent_of_earlier
from pipelines.estimation.doubly_robust import doubly_robust
from pipelines.estimation.index_dates import assign_index_dates
from pipelines.estimation.matched_effects import matched_effect
from pipelines.estimation.matching import match
from pipelines.estimation.propensity import propensity
from pipelines.estimation.weighted_effects import weighted_effect
from pipelines.estimation.weighting import weigh

seeds = st.integers(0, 2**32 - 1)
few = settings(derandomize=True, deadline=None, max_examples=40)
SIMULATIONS = 1000 if os.environ.get("PILOTLENS_ALL_SIMULATIONS") == "1" else 200


def greedy(distance, order, ratio, caliper, replace=False):
    """The n^2 search: everybody's distance to everybody free; earliest key among ties; rounds of one each."""
    found = np.full((len(distance), ratio), -1)
    free = np.ones(distance.shape[1], dtype=bool)
    for turn in range(ratio):
        for person in order:
            allowed = free.copy()
            if replace:
                allowed[found[person, :turn]] = False
            if not allowed.any():
                continue
            gaps = np.where(allowed, distance[person], np.inf)
            choice = int(np.flatnonzero(gaps <= gaps.min() * (1 + 1e-9) + 1e-9)[0])
            if gaps[choice] <= caliper:
                found[person, turn] = choice
                free[choice] = replace
    return found


@given(
    seed=seeds, n1=st.integers(1, 25), n0=st.integers(1, 40), ratio=st.integers(1, 4), spread=st.integers(1, 60),
    caliper=st.sampled_from([0.0, 1.0, 3.0, np.inf]), how=st.sampled_from(["largest", "smallest", "data"]),
)  # fmt: skip
@settings(derandomize=True, deadline=None, max_examples=100)
def test_sorted_scores_match_as_the_search_over_everybody(seed, n1, n0, ratio, spread, caliper, how):
    draw = np.random.default_rng(seed)
    treated, controls = draw.integers(0, spread, n1), draw.integers(0, spread, n0)
    order = {"largest": np.argsort(-treated, kind="stable"), "smallest": np.argsort(treated, kind="stable"),
             "data": draw.permutation(n1)}[how]  # fmt: skip
    distance = np.abs(treated[:, None] - controls[None, :]).astype(float)
    ours = nearest.without_replacement(treated, controls, order, ratio, caliper)
    assert np.array_equal(ours, greedy(distance, order, ratio, caliper))
    again = nearest.with_replacement(treated, controls, ratio, caliper)
    assert np.array_equal(again, greedy(distance, order, ratio, caliper, replace=True))


@given(
    seed=seeds, n1=st.integers(1, 60), n0=st.integers(1, 60), ratio=st.integers(1, 3),
    spread=st.sampled_from([3, 20, 200, 10**6]), caliper=st.sampled_from([0.0, 5.0, np.inf]),
    at_least=st.integers(1, 20), lower_first=st.booleans(),
)  # fmt: skip
@settings(derandomize=True, deadline=None, max_examples=100)
def test_some_at_a_time_match_as_everybody_in_turn(seed, n1, n0, ratio, spread, caliper, at_least, lower_first):
    draw = np.random.default_rng(seed)
    treated, controls = draw.integers(0, spread, n1) + spread // 4, draw.integers(0, spread, n0)
    order = draw.permutation(n1)
    gap = treated[:, None] - controls[None, :]
    # MatchIt 4.5 looks below first, and there the later of equals comes first
    late = np.arange(n0) / n0 / 2
    distance = np.where(gap > 0, gap - 10.0**9 - late, np.abs(gap)) if lower_first else np.abs(gap).astype(float)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(nearest, "AT_LEAST", at_least)
        ours = nearest.without_replacement(
            treated, controls, order, ratio, np.inf if lower_first else caliper, lower_first
        )
    expected = in_turn(distance, order, ratio, np.inf if lower_first else caliper)
    assert np.array_equal(ours, expected)


def in_turn(distance, order, ratio, caliper):
    """The n^2 search of distances as they are, the earlier of equals."""
    found, free = np.full((len(distance), ratio), -1), np.ones(distance.shape[1], dtype=bool)
    for turn in range(ratio):
        for person in order:
            gaps = np.where(free, distance[person], np.inf)
            if gaps.min() <= caliper and free.any():
                found[person, turn] = gaps.argmin()
                free[gaps.argmin()] = False
    return found


@given(
    seed=seeds, n1=st.integers(1, 15), n0=st.integers(1, 60), ratio=st.integers(1, 3),
    levels=st.sampled_from([2, 4, 1000]), caliper=st.sampled_from([0.5, 2.0, np.inf]),
)  # fmt: skip
@few
def test_trees_match_as_the_search_over_everybody(seed, n1, n0, ratio, levels, caliper):
    draw = np.random.default_rng(seed)
    treated, controls = (draw.integers(0, levels, (n, 3)) * 1.7 for n in (n1, n0))
    distance = np.sqrt(((treated[:, None] - controls[None]) ** 2).sum(axis=2))
    order = np.arange(n1)
    ours = mahalanobis.without_replacement(treated, controls, order, ratio, caliper)
    assert np.array_equal(ours, greedy(distance, order, ratio, caliper))
    again = mahalanobis.with_replacement(treated, controls, ratio, caliper)
    assert np.array_equal(again, greedy(distance, order, ratio, caliper, replace=True))


def test_large_matching_is_the_search_over_everybody():
    draw = np.random.default_rng(4)
    treated, controls = draw.normal(0.5, 1, 700), draw.normal(0, 1, 2000)
    grid, _ = nearest.on_grid(np.concatenate([treated, controls]))
    t, c, order = grid[:700], grid[700:], np.argsort(-grid[:700], kind="stable")
    ours = nearest.without_replacement(t, c, order, 1, np.inf)
    assert np.array_equal(ours, greedy(np.abs(treated[:, None] - controls), order, 1, np.inf))


def people(seed, n=80, k=3, discrete=False):
    """Covariates, arms that depend on them (never separated), outcomes."""
    draw = np.random.default_rng(seed)
    x = draw.normal(size=(n, k))
    if discrete:
        x = np.round(x)
    treated = draw.random(n) < 1 / (1 + np.exp(0.7 - 0.4 * x[:, 0]))
    treated[:4], treated[4:8] = True, False
    x[:4, 0], x[4:8, 0] = (-2, -1, 1, 2), (-2, -1, 1, 2)
    return x, treated, x @ np.arange(1, k + 1) + treated + draw.normal(size=n)


NAMES = ("a", "b", "c")
ANSWERS = {
    "matched": lambda p, y: matched_effect(match(p), y),
    "matched 2:1": lambda p, y: matched_effect(match(p, ratio=2, caliper=0.5), y, covariates=True),
    "with replacement": lambda p, y: matched_effect(match(p, "logit", replace=True), y, se="abadie_imbens"),
    "mahalanobis": lambda p, y: matched_effect(match(p, "mahalanobis"), y),
    "ipw": lambda p, y: weighted_effect(weigh(p, "ipw", "ATT"), y),
    "ipw ate": lambda p, y: weighted_effect(weigh(p, "ipw", "ATE"), y),
    "overlap": lambda p, y: weighted_effect(weigh(p, "overlap", "ATO"), y),
    "entropy": lambda p, y: weighted_effect(weigh(p), y),
    "aipw": lambda p, y: doubly_robust(p, y),
    "regression": lambda p, y: doubly_robust(p, y, "regression", "ATE"),
}


@pytest.mark.parametrize("name", ANSWERS)
@given(seed=seeds, discrete=st.booleans())
@settings(derandomize=True, deadline=None, max_examples=8)
def test_order_of_rows_changes_no_bit(name, seed, discrete):
    x, t, y = people(seed, discrete=discrete)
    shuffle = np.random.default_rng(seed).permutation(len(t))
    keys = np.array([f"person {i * 7919 % 1000}" for i in range(len(t))])
    one = ANSWERS[name](comparison_pool(x, NAMES, t, keys), y)
    other = ANSWERS[name](comparison_pool(x[shuffle], NAMES, t[shuffle], keys[shuffle]), y[shuffle])
    assert one == other


@pytest.mark.parametrize("name", ANSWERS)
@given(seed=seeds)
@settings(derandomize=True, deadline=None, max_examples=8)
def test_affine_change_of_outcome_and_covariates(name, seed):
    x, t, y = people(seed)
    one = ANSWERS[name](comparison_pool(x, NAMES, t), y).result
    other = ANSWERS[name](comparison_pool(x, NAMES, t), 3 - 2 * y).result
    assert (other.value, other.se) == pytest.approx((-2 * one.value, 2 * one.se), rel=1e-7, abs=1e-9)
    mixed = x @ np.array([[2.0, 0, 0], [1, 10, 0], [0, 0, 0.5]]) + 5
    third = ANSWERS[name](comparison_pool(mixed, NAMES, t), y).result
    assert (third.value, third.se) == pytest.approx((one.value, one.se), rel=1e-5)


@pytest.mark.parametrize("name", ["ipw ate", "overlap", "regression"])
@given(seed=seeds)
@settings(derandomize=True, deadline=None, max_examples=10)
def test_relabelling_arms_turns_the_sign(name, seed):
    x, t, y = people(seed)
    one, other = (ANSWERS[name](comparison_pool(x, NAMES, arm), y).result for arm in (t, ~t))
    assert (other.value, other.se) == pytest.approx((-one.value, one.se), rel=1e-7)


@given(seed=seeds, variances=st.booleans())
@few
def test_balancing_weights_balance(seed, variances):
    x, t, _ = people(seed)
    pool = comparison_pool(x, NAMES, t)
    try:
        weights = weigh(pool, "entropy", variances=variances).weights_as_given()
    except EstimationRefusal:
        return
    for row in balance(pool, weights).rows:
        assert abs(row.after.smd) < 1e-6
    if variances:
        w = weights[~t] / weights[~t].sum()
        moments = w @ (x[~t] - x[t].mean(axis=0)) ** 2
        assert moments == pytest.approx(x[t].var(axis=0), rel=1e-5)


@given(seed=seeds)
@few
def test_overlap_weights_balance_exactly(seed):
    # Li, Morgan & Zaslavsky 2018, theorem 3
    x, t, _ = people(seed)
    pool = comparison_pool(x, NAMES, t)
    found = balance(pool, weigh(pool, "overlap", "ATO").weights_as_given(), "pooled")
    assert max(abs(row.after.smd) for row in found.rows) < 1e-7


@pytest.mark.parametrize("name", ["ipw", "ipw ate", "overlap", "entropy", "aipw", "regression"])
def test_standard_errors_are_those_of_the_jackknife(name):
    """Leaving out each person in turn, weights made anew: the whole stacked variance, by another road."""
    x, t, y = people(11, n=160)
    pool = comparison_pool(x, NAMES, t)
    left = [np.delete(np.arange(160), i) for i in range(160)]
    found = np.array([ANSWERS[name](comparison_pool(x[of], NAMES, t[of]), y[of]).result.value for of in left])
    jackknife = np.sqrt(159 / 160 * ((found - found.mean()) ** 2).sum())
    assert ANSWERS[name](pool, y).result.se == pytest.approx(jackknife, rel=0.1)


@given(seed=seeds)
@settings(derandomize=True, deadline=None, max_examples=15)
def test_logistic_regression_agrees_with_statsmodels(seed):
    from statsmodels.api import Logit, add_constant

    x, t, _ = people(seed)
    scaled = x * (1, 1000, 0.01)
    theirs = Logit(t.astype(float), add_constant(scaled)).fit(disp=0, method="newton", tol=1e-13)
    ours = propensity(comparison_pool(scaled, NAMES, t))
    assert list(ours.coefficients.values()) == pytest.approx(theirs.params[1:], rel=1e-6, abs=1e-10)
    assert list(ours.standard_errors.values()) == pytest.approx(theirs.bse[1:], rel=1e-6)


@given(seed=seeds, k=st.integers(1, 8))
@few
def test_independent_columns_span_what_all_span(seed, k):
    draw = np.random.default_rng(seed)
    x = draw.integers(0, 3, (30, k)).astype(float)
    x = np.column_stack([x, x @ draw.integers(-2, 3, (k, 2))])
    kept = independent_of_earlier(x)
    centred = x - x.mean(axis=0)
    assert kept.sum() == np.linalg.matrix_rank(centred) == np.linalg.matrix_rank(centred[:, kept])


def test_omnibus_by_enumeration():
    # All 20 ways of treating 3 of 6: mean of the statistic is its degrees of freedom, exactly
    from itertools import combinations

    x = np.array([1.0, 2.0, 4.0, 7.0, 7.5, 11.0])[:, None]
    found = []
    for chosen in combinations(range(6), 3):
        arm = np.isin(np.arange(6), chosen)
        found.append(omnibus(comparison_pool(x, ("a",), arm)))
    assert np.mean([f.statistic for f in found]) == pytest.approx(1.0)
    exact = np.mean([f.statistic >= found[0].statistic - 1e-9 for f in found])
    arm = np.arange(6) < 3
    assert omnibus(comparison_pool(x, ("a",), arm), permutations=4000, seed=1).p == pytest.approx(exact, abs=0.02)


@given(seed=seeds)
@few
def test_index_dates_do_not_depend_on_the_order_of_rows(seed):
    draw = np.random.default_rng(seed)
    begins, keys = draw.integers(0, 100, 30).astype(float), np.array([f"k{i}" for i in range(30)])
    start = draw.integers(0, 50, 12).astype(float)
    leaves = np.where(draw.random(30) < 0.3, begins + 10, np.nan)
    shuffle = draw.permutation(30)
    one = assign_index_dates(begins, keys, np.zeros(12), start, 5, leaves)
    other = assign_index_dates(begins[shuffle], keys[shuffle], np.zeros(12), start[::-1], 5, leaves[shuffle])
    assert np.array_equal(one.index[shuffle], other.index, equal_nan=True)
    assert set(one.index[one.usable] - begins[one.usable]) <= set(start)


def simulated(seed, n):
    """A confounded pilot with a constant effect of 1."""
    draw = np.random.default_rng(seed)
    x = draw.normal(size=(n, 2))
    t = draw.random(n) < 1 / (1 + np.exp(0.5 - 0.6 * x[:, 0] + 0.3 * x[:, 1]))
    return comparison_pool(x, ("a", "b"), t), x[:, 0] - x[:, 1] + t + draw.normal(size=n)


@pytest.mark.parametrize("name", ["ipw", "overlap", "entropy", "aipw"])
def test_intervals_cover(name):
    covered, naive = [], []
    for seed in range(SIMULATIONS):
        pool, y = simulated(seed, 120)
        found = ANSWERS[name](pool, y).result
        covered.append(found.lower <= 1 <= found.upper)
        naive.append(y[pool.treated].mean() - y[~pool.treated].mean())
    assert np.mean(naive) > 1.4
    # Three standard errors of a simulated 95%
    assert abs(np.mean(covered) - 0.95) < 3 * np.sqrt(0.95 * 0.05 / SIMULATIONS)


def test_bootstrap_agrees_with_the_formula_and_repeats():
    pool, y = simulated(3, 200)
    found = [bootstrap_effect(pool, y, lambda p, v: weighted_effect(weigh(p), v).result.value, draws=150, seed=8)
             for _ in range(2)]  # fmt: skip
    assert found[0] == found[1]
    assert found[0].se == pytest.approx(weighted_effect(weigh(pool), y).result.se, rel=0.2)
