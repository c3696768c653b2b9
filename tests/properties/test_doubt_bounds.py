"""Bounds: brute force by enumeration, and what must hold whatever the data."""

from dataclasses import astuple
from itertools import combinations, product

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.stats import rankdata

from pipelines.estimation.doubt.benchmark import benchmark
from pipelines.estimation.doubt.discordant_pairs import discordant_pair_bounds
from pipelines.estimation.doubt.e_value import e_value, risk_ratio_e_value
from pipelines.estimation.doubt.hodges_lehmann import largest_sum, walsh_average
from pipelines.estimation.doubt.lee import lee_bounds
from pipelines.estimation.doubt.omitted_variable import adjusted_for_omitted, robustness_value
from pipelines.estimation.doubt.outliers import robust_differences
from pipelines.estimation.doubt.signed_rank import signed_rank_bounds
from pipelines.estimation.doubt.tipping import tipping_point
from pipelines.estimation.doubt.worst_case import worst_case_bounds
from pipelines.estimation.proportions import newcombe

quick = settings(derandomize=True, deadline=None, max_examples=15)
seeds = st.integers(0, 2**32 - 1)


def enumerated_tail(differences, gamma, zeros):
    """P-value over all 2^n signs, each positive with odds gamma."""
    kept = differences if zeros == "kept" else differences[differences != 0]
    ranks = rankdata(np.abs(kept))
    ranks, positive = ranks[kept != 0], kept[kept != 0] > 0
    high, total = gamma / (1 + gamma), 0.0
    for signs in product((0, 1), repeat=len(ranks)):
        chosen = np.array(signs, dtype=bool)
        if ranks[chosen].sum() >= ranks[positive].sum() - 1e-9:
            total += high ** chosen.sum() * (1 - high) ** (~chosen).sum()
    return total


@pytest.mark.parametrize("zeros", ["kept", "dropped"])
@pytest.mark.parametrize("seed", range(4))
def test_signed_rank_is_its_enumeration(zeros, seed):
    differences = np.random.default_rng(seed).integers(-3, 6, 9).astype(float)  # ties and zeros
    found = signed_rank_bounds(differences, np.zeros(9), (1.0, 2.5), zeros, method="exact")
    for bound in found.bounds:
        assert bound.p_upper == pytest.approx(enumerated_tail(differences, bound.gamma, zeros))
        assert bound.p_lower == pytest.approx(enumerated_tail(differences, 1 / bound.gamma, zeros))


def test_signed_rank_by_normal_nears_the_exact_one():
    rng = np.random.default_rng(5)
    treated, control = rng.normal(0.3, 1, 90), rng.normal(0, 1, 90)
    exact, normal = (signed_rank_bounds(treated, control, (1.0, 1.3), method=m) for m in ("exact", "normal"))
    for a, b in zip(exact.bounds, normal.bounds, strict=True):
        assert a.p_upper == pytest.approx(b.p_upper, abs=2e-3)


@pytest.mark.parametrize(("yes", "no"), [(5, 2), (7, 0), (1, 6)])
def test_discordant_pairs_are_their_enumeration(yes, no):
    for bound in discordant_pair_bounds(yes, no, (1.0, 2.0)).bounds:
        high = bound.gamma / (1 + bound.gamma)
        signs = product((0, 1), repeat=yes + no)
        total = sum(high ** sum(s) * (1 - high) ** (len(s) - sum(s)) for s in signs if sum(s) >= yes)
        assert bound.p_upper == pytest.approx(total)


@quick
@given(seeds)
def test_crossing_is_where_the_p_value_crosses(seed):
    differences = np.random.default_rng(seed).normal(1, 1, 25)
    found = signed_rank_bounds(differences, np.zeros(25), alternative="two-sided")
    if found.crosses > 1:
        at = signed_rank_bounds(differences, np.zeros(25), (found.crosses,), alternative="two-sided").bounds[0]
        assert at.p_upper == pytest.approx(0.05, rel=1e-6)
    else:
        assert found.bounds[0].p_upper >= 0.05


@quick
@given(seeds, st.integers(1, 9), st.integers(1, 9))
def test_order_statistics_of_sums(seed, n, m):
    rng = np.random.default_rng(seed)
    a, b = rng.integers(-4, 5, n) / 3, rng.normal(size=m)
    every = np.sort(np.add.outer(a, b).ravel())[::-1]
    assert [largest_sum(a, b, k + 1) for k in range(n * m)] == list(every)
    walsh = np.sort([(a[i] + a[j]) / 2 for i in range(n) for j in range(i, n)])
    assert walsh_average(a, len(walsh) / 2) == pytest.approx(np.median(walsh))


@quick
@given(seeds, st.floats(0.1, 10), st.floats(-5, 5))
def test_pairs_do_not_mind_order_or_unit(seed, scale, shift):
    rng = np.random.default_rng(seed)
    treated, control = rng.normal(1, 2, 12), rng.normal(0, 2, 12)
    one = signed_rank_bounds(treated, control, (1.0, 2.0))
    order = rng.permutation(12)
    assert signed_rank_bounds(treated[order], control[order], (1.0, 2.0)) == one
    moved = signed_rank_bounds(scale * treated + shift, scale * control + shift, (1.0, 2.0))
    assert moved.bounds[1].p_upper == pytest.approx(one.bounds[1].p_upper)
    assert moved.bounds[1].estimate_lower == pytest.approx(scale * one.bounds[1].estimate_lower, abs=1e-9)
    assert one.bounds[1].estimate_lower <= one.bounds[0].estimate_lower <= one.bounds[1].estimate_upper
    assert one.bounds[1].p_lower <= one.bounds[0].p_upper <= one.bounds[1].p_upper


@quick
@given(st.floats(0.05, 20), st.floats(0.2, 5))
def test_e_value_reproduces_the_bias_it_stands_for(ratio, null):
    # Ding & VanderWeele 2016: links of e and e make a bias of e e / (e + e - 1)
    e = e_value(ratio, null)
    assert e * e / (2 * e - 1) == pytest.approx(max(ratio / null, null / ratio))
    assert e_value(1 / ratio, 1 / null) == pytest.approx(e)


@quick
@given(st.floats(0.05, 20), st.floats(1.01, 3))
def test_e_value_of_the_limit_is_one_when_the_interval_crosses(ratio, width):
    found = risk_ratio_e_value(ratio, ratio / width, ratio * width)
    assert (found.limit == 1) == (ratio / width <= 1 <= ratio * width)
    assert 1 <= found.limit <= found.estimate


@quick
@given(st.floats(-30, 30), st.integers(5, 500), st.floats(0.1, 2), st.sampled_from([None, 0.05]))
def test_robustness_value_is_the_strength_that_does_it(t, df, q, alpha):
    value = robustness_value(t, df, q, alpha)
    assert 0 <= value < 1
    if value > 0 and alpha is None:
        left = adjusted_for_omitted(t, 1.0, df, value, value)
        assert left.value == pytest.approx((1 - q) * t, abs=1e-8 * (1 + abs(t)))
    if value > 0 and alpha and q == 1 and value < 0.99:
        ends = adjusted_for_omitted(t, 1.0, df, value, value)
        assert min(abs(ends.lower), abs(ends.upper)) == pytest.approx(0, abs=1e-6 * (1 + abs(t)))


def test_benchmark_bounds_a_covariate_that_is_left_out():
    # Omit z, equal in strength to x and independent of it: the bound from x must hold the fit with z
    rng = np.random.default_rng(2)
    n = 4000
    x, z = rng.normal(size=(2, n))
    d = 0.5 * x + 0.5 * z + rng.normal(size=n)
    y = d + x + z + rng.normal(size=n)
    found = benchmark(y, d, x[:, None], {"x": [0]}, (1.0,))
    full = benchmark(y, d, np.column_stack([x, z]), {}).robustness.estimate
    assert found.benchmarks[0].result.value < full + 0.03 < found.robustness.estimate


def responses(seed, n=40):
    rng = np.random.default_rng(seed)
    treated = np.arange(n) % 2 == 0
    outcome = rng.normal(0, 1, n).round(1)
    outcome[rng.random(n) < np.where(treated, 0.2, 0.35)] = np.nan
    outcome[:2] = (0.5, -0.5)
    return outcome, treated


@pytest.mark.parametrize("seed", range(5))
def test_lee_is_the_best_and_worst_of_all_trimmings(seed):
    rng = np.random.default_rng(seed)
    high, low = rng.normal(size=6), rng.normal(size=4)
    outcome = np.concatenate([high, [np.nan] * 2, low, [np.nan] * 4])
    found = lee_bounds(outcome, np.arange(16) < 8)
    means = [np.mean(chosen) for chosen in combinations(high, 4)]
    assert (found.lower, found.upper) == pytest.approx((min(means) - low.mean(), max(means) - low.mean()))


@quick
@given(seeds, st.floats(0.1, 10), st.floats(-5, 5))
def test_lee_holds_the_difference_and_does_not_mind_order_or_unit(seed, scale, shift):
    outcome, treated = responses(seed)
    found = lee_bounds(outcome, treated)
    gap = np.nanmean(outcome[treated]) - np.nanmean(outcome[~treated])
    assert found.lower - 1e-9 <= gap <= found.upper + 1e-9
    assert found.interval_lower <= found.lower <= found.upper <= found.interval_upper
    order = np.random.default_rng(seed).permutation(len(outcome))
    assert lee_bounds(outcome[order], treated[order]) == found
    moved = lee_bounds(scale * outcome + shift, treated)
    assert (moved.lower, moved.upper) == pytest.approx((scale * found.lower, scale * found.upper), abs=1e-9)
    turned = lee_bounds(outcome, ~treated)
    assert (turned.lower, turned.upper) == pytest.approx((-found.upper, -found.lower), abs=1e-12)


@quick
@given(seeds)
def test_lee_with_balanced_cells_is_never_wider(seed):
    rng = np.random.default_rng(seed)
    treated, cell = np.arange(80) % 2 == 0, np.arange(80) // 2 % 2
    outcome = rng.normal(0, 1, 80) + 2 * cell
    lost = {(1, 0): 2, (1, 1): 4, (0, 0): 8, (0, 1): 10}
    for (arm, group), number in lost.items():
        rows = np.flatnonzero((treated == arm) & (cell == group))
        outcome[rng.choice(rows, number, replace=False)] = np.nan
    plain, tight = lee_bounds(outcome, treated), lee_bounds(outcome, treated, cell)
    assert plain.lower - 1e-9 <= tight.lower <= tight.upper <= plain.upper + 1e-9


@pytest.mark.parametrize("seed", range(5))
def test_worst_case_is_the_extreme_of_all_fillings(seed):
    rng = np.random.default_rng(seed)
    outcome, treated = rng.integers(0, 2, 10).astype(float), np.arange(10) < 5
    outcome[[3, 4, 8, 9]] = np.nan
    found = worst_case_bounds(outcome, treated)
    gaps = []
    for filling in product((0.0, 1.0), repeat=4):
        filled = outcome.copy()
        filled[np.isnan(outcome)] = filling
        gaps.append(filled[treated].mean() - filled[~treated].mean())
    assert (found.lower, found.upper) == pytest.approx((min(gaps), max(gaps)))


@quick
@given(seeds, st.floats(0, 3), st.floats(0, 3))
def test_a_sharper_limit_never_widens_the_worst_case(seed, one, other):
    outcome, treated = responses(seed)
    tight, loose = (worst_case_bounds(outcome, treated, -5, 5, each) for each in sorted((one, other)))
    none = worst_case_bounds(outcome, treated, -5, 5)
    for narrow, wide in ((tight, loose), (loose, none)):
        assert wide.lower - 1e-12 <= narrow.lower <= narrow.complete_case + 1e-12
        assert narrow.complete_case - 1e-12 <= narrow.upper <= wide.upper + 1e-12
    order = np.random.default_rng(seed).permutation(len(outcome))
    assert astuple(worst_case_bounds(outcome[order], treated[order], -5, 5)) == astuple(none)


@pytest.mark.parametrize("events", [(20, 8), (8, 20), (10, 10)])
def test_tipping_grid_is_newcombe_cell_by_cell(events):
    found = tipping_point(events, (30, 30), (6, 4))
    for row, added in zip(found.conclusions, found.events_treatment, strict=True):
        for cell, more in zip(row, found.events_comparison, strict=True):
            lower, upper = newcombe(events[0] + added, 36, events[1] + more, 34)
            assert cell == ("higher" if lower > 0 else "lower" if upper < 0 else "unclear")
    changes = [
        (abs(a - found.expected_treatment) + abs(c - found.expected_comparison))
        for a, row in zip(found.events_treatment, found.conclusions, strict=True)
        for c, cell in zip(found.events_comparison, row, strict=True)
        if cell != found.conclusion
    ]
    if found.first is None:
        assert not changes
    else:
        nearest = abs(found.first[0] - found.expected_treatment) + abs(found.first[1] - found.expected_comparison)
        assert nearest == pytest.approx(min(changes))


def test_tipping_grid_stays_small():
    found = tipping_point((3000, 2500), (10_000, 10_000), (4000, 7000))
    assert len(found.events_treatment) == len(found.events_comparison) == 101
    assert (found.events_treatment[0], found.events_treatment[-1]) == (0, 4000)


@quick
@given(seeds, st.floats(0.1, 10), st.floats(-5, 5))
def test_robust_differences_do_not_mind_order_or_unit(seed, scale, shift):
    rng = np.random.default_rng(seed)
    a, b = rng.normal(size=11), rng.normal(size=14).round(1)
    one, moved = robust_differences(a, b), robust_differences(scale * a + shift, scale * b + shift)
    assert robust_differences(rng.permutation(a), rng.permutation(b)) == one
    for ours, theirs in zip(one.others, moved.others, strict=True):
        assert theirs.result.value == pytest.approx(scale * ours.result.value, abs=1e-9)
        assert theirs.result.lower == pytest.approx(scale * ours.result.lower, abs=1e-9)
    gaps = np.subtract.outer(a, b)
    assert one.others[2].result.value == pytest.approx(np.median(gaps))
