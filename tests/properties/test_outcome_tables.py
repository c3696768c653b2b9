"""Binary outcomes: enumeration of exact methods, independent implementations, symmetry."""

import os
from itertools import combinations, product

import numpy as np
import pytest
import statsmodels.api as sm
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.stats import binom, fisher_exact, nchypergeom_fisher
from statsmodels.stats.contingency_tables import StratifiedTable

from pipelines.estimation.exact_two_by_two import exact_two_by_two
from pipelines.estimation.firth import firth
from pipelines.estimation.logistic import logit, separated
from pipelines.estimation.matched_pairs import Pairs, pair_up, paired_table
from pipelines.estimation.paired_means import paired_means, signed_rank_p
from pipelines.estimation.proportions import newcombe
from pipelines.estimation.refusal import EstimationRefusal
from pipelines.estimation.standardised_risks import standardised_risks
from pipelines.estimation.stratified import mantel_haenszel

ALL = os.environ.get("PILOTLENS_ALL_SIMULATIONS") == "1"
quick = settings(derandomize=True, deadline=None, max_examples=25)
seeds = st.integers(0, 2**32 - 1)


def tables(most=9):
    n = st.integers(1, most)
    return (
        st.tuples(n, n)
        .flatmap(lambda ns: st.tuples(st.integers(0, ns[0]), st.just(ns[0]), st.integers(0, ns[1]), st.just(ns[1])))
        .filter(lambda t: 0 < t[0] + t[2] < t[1] + t[3])
    )


@given(table=tables())
@quick
def test_fisher_agrees_with_scipy_and_with_enumeration(table):
    a, n1, c, n0 = table
    found = exact_two_by_two(*table)
    assert found.fisher_p == pytest.approx(fisher_exact([[a, n1 - a], [c, n0 - c]]).pvalue, rel=1e-9)
    # Every way of giving a + c events to n1 + n0 people, when that is few enough to list
    if n1 + n0 <= 11:
        treated = [sum(i < n1 for i in events) for events in combinations(range(n1 + n0), a + c)]
        tails = np.mean(np.array(treated) >= a), np.mean(np.array(treated) <= a)
        assert found.odds_ratio.p == pytest.approx(min(1, 2 * min(tails)))
        assert found.mid_p.p == pytest.approx(min(1, 2 * (min(tails) - np.mean(np.array(treated) == a) / 2)))


@given(table=tables())
@quick
def test_swapping_arms_or_outcome_inverts_the_odds_ratio(table):
    a, n1, c, n0 = table
    found = exact_two_by_two(*table)
    for other in (exact_two_by_two(c, n0, a, n1), exact_two_by_two(n1 - a, n1, n0 - c, n0)):
        for ours, theirs in ((found.odds_ratio, other.odds_ratio), (found.mid_p, other.mid_p)):
            assert ours.p == pytest.approx(theirs.p)
            assert inverse(theirs.upper) == pytest.approx(ours.lower, rel=1e-8)
            assert inverse(theirs.value) == pytest.approx(-1 if ours.value is None else ours.value, rel=1e-8)


def inverse(value):
    return 0.0 if value is None else -1.0 if value == 0 else 1 / value


@pytest.mark.parametrize(("n1", "n0", "total"), [(6, 9, 5), (12, 7, 9)])
def test_exact_odds_ratio_intervals_cover_at_least_as_promised(n1, n0, total):
    low, high = max(0, total - n0), min(n1, total)
    limits = {a: exact_two_by_two(a, n1, total - a, n0).odds_ratio for a in range(low, high + 1)}
    for ratio in np.exp(np.linspace(-3, 3, 41)):
        chances = nchypergeom_fisher(n1 + n0, n1, total, ratio).pmf(np.arange(low, high + 1))
        inside = [x.lower <= ratio and (x.upper is None or ratio <= x.upper) for x in limits.values()]
        assert chances[inside].sum() >= 0.95 - 1e-9


@given(table=tables(12))
@quick
def test_firth_of_one_table_adds_a_half_to_each_cell(table):
    # Firth 1993, section 3: for a saturated model the penalty is a half in every cell
    a, n1, c, n0 = table
    y = np.repeat([1, 0, 1, 0], [a, n1 - a, c, n0 - c])
    x = np.column_stack([np.ones(n1 + n0), np.repeat([1, 0], [n1, n0])])
    found = firth(x, y).terms[1]
    expected = np.log((a + 0.5) * (n0 - c + 0.5) / ((n1 - a + 0.5) * (c + 0.5)))
    assert found.value == pytest.approx(expected, abs=1e-6)
    assert found.lower < found.value < found.upper


@given(seed=seeds, n=st.integers(30, 80))
@quick
def test_logit_agrees_with_statsmodels_or_is_separated(seed, n):
    draw = np.random.default_rng(seed)
    x = np.column_stack([np.ones(n), draw.normal(size=n) * 100, draw.integers(0, 2, n)])
    y = (draw.random(n) < 1 / (1 + np.exp(-0.01 * x[:, 1] * draw.integers(0, 4)))).astype(float)
    try:
        fit = logit(x, y)
    except EstimationRefusal:
        assert np.ptp(y) == 0 or np.ptp(x[:, 2]) == 0 or separated(x, y)
        return
    theirs = sm.Logit(y, x).fit(disp=0, method="newton", maxiter=200)
    assert fit.coefficients == pytest.approx(theirs.params, rel=1e-6, abs=1e-9)
    assert np.sqrt(np.diag(fit.covariance)) == pytest.approx(theirs.bse, rel=1e-6)
    robust = sm.Logit(y, x).fit(disp=0, method="newton", maxiter=200, cov_type="HC0")
    assert np.sqrt(np.diag(fit.robust)) == pytest.approx(robust.bse, rel=1e-6)


def test_standardised_risks_do_not_mind_units_order_or_labels():
    draw = np.random.default_rng(5)
    arm, z = draw.integers(0, 2, 200), draw.normal(size=(200, 2))
    y = draw.random(200) < 1 / (1 + np.exp(-z[:, 0] - 0.5 * arm))
    plain, order = standardised_risks(y, arm, z), draw.permutation(200)
    for other in (standardised_risks(y[order], arm[order], z[order]), standardised_risks(y, arm, z * [1000, -2] + 7)):
        assert numbers(other.risk_difference) == pytest.approx(numbers(plain.risk_difference), rel=1e-7)
    swapped = standardised_risks(y, 1 - arm, z)
    assert swapped.risk_difference.value == pytest.approx(-plain.risk_difference.value, rel=1e-7)
    assert swapped.risk_ratio.value == pytest.approx(1 / plain.risk_ratio.value, rel=1e-7)
    assert swapped.risk_ratio.se == pytest.approx(plain.risk_ratio.se, rel=1e-7)


def numbers(found):
    return [found.value, found.se, found.lower, found.upper, found.p]


def test_standardised_risks_cover_when_the_model_is_wrong():
    # Chance of the event is quadratic in z, the model linear; the target is the difference averaged over z
    draw, hits, draws = np.random.default_rng(20_240_611), [], 2000 if ALL else 300
    for _ in range(draws):
        z = draw.normal(size=120)
        arm = np.arange(120) % 2
        y = draw.random(120) < 0.2 + 0.1 * np.minimum(z**2, 4) + 0.2 * arm
        found = standardised_risks(y, arm, z[:, None]).risk_difference
        hits.append(found.lower <= 0.2 <= found.upper)
    assert 0.92 < np.mean(hits) < 0.975


@given(seed=seeds, strata=st.integers(2, 6))
@quick
def test_mantel_haenszel_agrees_with_statsmodels(seed, strata):
    draw = np.random.default_rng(seed)
    n1, n0 = draw.integers(4, 30, strata), draw.integers(4, 30, strata)
    a, c = draw.integers(1, n1), draw.integers(1, n0)
    ours = mantel_haenszel(a, n1, c, n0)
    theirs = StratifiedTable([np.array([[a[k], n1[k] - a[k]], [c[k], n0[k] - c[k]]]) for k in range(strata)])
    assert np.log(ours.odds_ratio.value) == pytest.approx(theirs.logodds_pooled, rel=1e-9)
    assert ours.odds_ratio.se == pytest.approx(theirs.logodds_pooled_se, rel=1e-9)
    assert ours.risk_ratio.value == pytest.approx(theirs.riskratio_pooled, rel=1e-9)
    assert ours.test.statistic == pytest.approx(theirs.test_null_odds().statistic, rel=1e-8, abs=1e-12)
    # Where the correction is more than there is to correct, ours is 0 (statsmodels squares what is left below 0)
    corrected = theirs.test_null_odds(correction=True).statistic
    assert ours.test_corrected.statistic == (pytest.approx(corrected, rel=1e-8) if ours.test_corrected.statistic else 0)
    assert ours.equal_odds.statistic == pytest.approx(theirs.test_equal_odds(adjust=True).statistic, rel=1e-6, abs=1e-9)


@given(seed=seeds)
@quick
def test_strata_in_any_order_and_arms_swapped(seed):
    draw = np.random.default_rng(seed)
    n1, n0 = draw.integers(1, 20, 5), draw.integers(1, 20, 5)
    a, c = draw.integers(0, n1 + 1), draw.integers(0, n0 + 1)
    if a.sum() + c.sum() in (0, n1.sum() + n0.sum()) or not ((a + c > 0) & (a + c < n1 + n0)).any():
        return
    ours, order = mantel_haenszel(a, n1, c, n0), draw.permutation(5)
    assert mantel_haenszel(a[order], n1[order], c[order], n0[order]).score.lower == pytest.approx(ours.score.lower)
    swapped = mantel_haenszel(c, n0, a, n1)
    for name in ("risk_difference", "score", "newcombe"):
        one, two = getattr(ours, name), getattr(swapped, name)
        assert two.value == pytest.approx(-one.value, abs=1e-12)
        if one.lower is not None:
            assert (two.lower, two.upper) == pytest.approx((-one.upper, -one.lower), abs=1e-9)
    # One stratum alone: Newcombe's own interval
    one = mantel_haenszel([3], [9], [5], [11]).newcombe
    assert (one.lower, one.upper) == pytest.approx(newcombe(3, 9, 5, 11))


def test_stratified_intervals_cover():
    draw, hits, draws = np.random.default_rng(20_240_612), [], 4000 if ALL else 400
    n1, n0, p0 = np.array([8, 15, 30]), np.array([10, 12, 35]), np.array([0.2, 0.4, 0.6])
    for _ in range(draws):
        found = mantel_haenszel(draw.binomial(n1, p0 + 0.15), n1, draw.binomial(n0, p0), n0)
        intervals = found.risk_difference, found.score, found.newcombe
        hits.append([x.lower <= 0.15 <= x.upper for x in intervals])
    assert (np.mean(hits, axis=0) > 0.93).all()
    assert (np.mean(hits, axis=0) < 0.975).all()


def test_conditional_odds_ratio_of_pairs_covers_at_least_as_promised():
    for discordant in (4, 9, 15):
        found = [paired_table(2, b, discordant - b, 3).odds_ratio for b in range(discordant + 1)]
        for ratio in np.exp(np.linspace(-3, 3, 31)):
            inside = [x.lower <= ratio and (x.upper is None or ratio <= x.upper) for x in found]
            chances = binom.pmf(np.arange(discordant + 1), discordant, ratio / (1 + ratio))
            assert chances[inside].sum() >= 0.95 - 1e-9


@given(cells=st.tuples(*[st.integers(0, 15)] * 4).filter(any))
@quick
def test_pairs_swapped_and_tango_inverts_mcnemar(cells):
    a, b, c, d = cells
    ours, theirs = paired_table(a, b, c, d), paired_table(a, c, b, d)
    for name in ("risk_difference", "tango", "agresti_min", "wald"):
        one, two = getattr(ours, name), getattr(theirs, name)
        assert two.value == pytest.approx(-one.value)
        if one.lower is not None:
            assert (two.lower, two.upper) == pytest.approx((-one.upper, -one.lower), abs=1e-8)
    assert (ours.exact_p, ours.mid_p) == pytest.approx((theirs.exact_p, theirs.mid_p))
    assert -1 <= ours.tango.lower <= ours.tango.value <= ours.tango.upper <= 1
    if ours.mcnemar and abs(ours.mcnemar.p - 0.05) > 1e-6:
        assert (ours.mcnemar.p < 0.05) == (not ours.tango.lower <= 0 <= ours.tango.upper)


@pytest.mark.parametrize("n", [12, 25])
def test_paired_intervals_cover(n):
    # All tables of n pairs, with chances 0.35 both, 0.25 and 0.1 one only, 0.3 neither: difference 0.15
    draw, hits = np.random.default_rng(20_240_613), []
    for cells in draw.multinomial(n, [0.35, 0.25, 0.1, 0.3], 4000 if ALL else 300):
        found = paired_table(*(int(x) for x in cells))
        hits.append([x.lower <= 0.15 <= x.upper for x in (found.risk_difference, found.tango, found.agresti_min)])
    assert (np.mean(hits, axis=0) > 0.93).all()


@given(values=st.lists(st.integers(-4, 6), min_size=1, max_size=9))
@quick
def test_signed_ranks_by_flipping_every_sign(values):
    from scipy.stats import rankdata

    d = np.array([v for v in values if v], dtype=float)
    if not len(d):
        assert signed_rank_p(np.array(values, dtype=float)) == 1.0
        return
    ranks = rankdata(np.abs(d))
    sums = np.array([ranks[np.array(signs, dtype=bool)].sum() for signs in product([0, 1], repeat=len(d))])
    seen = ranks[d > 0].sum()
    expected = min(1.0, 2 * min(np.mean(sums <= seen + 1e-9), np.mean(sums >= seen - 1e-9)))
    assert signed_rank_p(np.array(values, dtype=float)) == pytest.approx(expected)


@given(seed=seeds, n=st.integers(2, 30), factor=st.sampled_from([-3.0, 0.5, 100.0]))
@quick
def test_pairs_in_any_order_and_any_unit(seed, n, factor):
    draw = np.random.default_rng(seed)
    y, pair = draw.normal(size=2 * n), np.tile(np.arange(n), 2)
    arm = np.repeat([1, 0], n)
    order = draw.permutation(2 * n)
    ours, theirs = (
        paired_means(pair_up(pair[o], arm[o], f * y[o] + 5)) for o, f in ((slice(None), 1), (order, factor))
    )
    for one, two in ((ours.mean, theirs.mean), (ours.hodges_lehmann, theirs.hodges_lehmann)):
        assert two.value == pytest.approx(factor * one.value, rel=1e-7)
        assert two.p == pytest.approx(one.p, rel=1e-7)
        if one.lower is not None:
            limits = sorted([factor * one.lower, factor * one.upper])
            assert (two.lower, two.upper) == pytest.approx(tuple(limits), rel=1e-7)


def test_hodges_lehmann_without_listing_averages():
    draw = np.random.default_rng(9)
    pairs = Pairs(np.round(draw.normal(0.2, 1, 1500), 2), np.zeros(1500))
    averages = np.sort(((pairs.treatment[:, None] + pairs.treatment) / 2)[np.triu_indices(1500)])
    assert paired_means(pairs).hodges_lehmann.value == pytest.approx(np.median(averages), abs=1e-9)
