"""Counts, ordered and repeated outcomes: independent implementations, symmetry, and coverage by simulation."""

import os

import numpy as np
import pytest
import statsmodels.api as sm
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.stats import brunnermunzel, mannwhitneyu, ttest_rel
from scipy.stats import poisson as poisson_law
from statsmodels.miscmodels.ordinal_model import OrderedModel

from pipelines.estimation.ancova import ancova
from pipelines.estimation.count_models import negative_binomial, poisson
from pipelines.estimation.effect_sizes import hedges_g
from pipelines.estimation.frequency import compare_frequency
from pipelines.estimation.gee import gee
from pipelines.estimation.matched_pairs import Pairs
from pipelines.estimation.mixed_model import mixed_model
from pipelines.estimation.overdispersion import overdispersion
from pipelines.estimation.proportional_odds import proportional_odds
from pipelines.estimation.rank_comparison import rank_comparison
from pipelines.estimation.rates import compare_rates, exact_rate_ratio
from pipelines.estimation.repeated_measures import repeated_measures
from pipelines.estimation.standardised_means import glass_delta, paired_sizes

ALL = os.environ.get("PILOTLENS_ALL_SIMULATIONS") == "1"
quick = settings(derandomize=True, deadline=None, max_examples=10)
seeds = st.integers(0, 2**32 - 1)


def errors(covariance):
    return np.sqrt(np.diag(covariance))


@given(seed=seeds)
@quick
def test_count_models_agree_with_statsmodels(seed):
    draw = np.random.default_rng(seed)
    x = np.column_stack([np.ones(150), np.arange(150) % 2, draw.normal(size=150)])
    t = draw.uniform(0.2, 3, 150)
    y = draw.poisson(t * np.exp(0.3 * x[:, 2]) * draw.gamma(1.5, 1 / 1.5, 150))
    ours, theirs = poisson(x, y, t), sm.GLM(y, x, family=sm.families.Poisson(), offset=np.log(t)).fit(tol=1e-12)
    assert ours.coefficients == pytest.approx(theirs.params, rel=1e-7, abs=1e-9)
    assert errors(ours.covariance) == pytest.approx(theirs.bse, rel=1e-6)
    assert (ours.log_likelihood, ours.dispersion) == pytest.approx((theirs.llf, theirs.pearson_chi2 / 147), rel=1e-8)
    robust = sm.GLM(y, x, family=sm.families.Poisson(), offset=np.log(t)).fit(cov_type="HC0").bse * np.sqrt(150 / 147)
    assert errors(ours.robust) == pytest.approx(robust, rel=1e-6)
    found = negative_binomial(x, y, t)
    if found.alpha > 0.1:
        theirs = sm.NegativeBinomial(y, x, offset=np.log(t)).fit(
            start_params=[*found.coefficients, found.alpha], disp=0, method="newton", maxiter=200
        )
        assert [*found.coefficients, found.alpha] == pytest.approx(theirs.params, rel=1e-5, abs=1e-7)
        assert [*errors(found.covariance), found.alpha_se] == pytest.approx(theirs.bse, rel=1e-4)
    swapped = poisson(x * [1, -1, 10] + [0, 1, 0], y, t * 365)
    assert swapped.coefficients[1:] * [-1, 10] == pytest.approx(ours.coefficients[1:], rel=1e-7, abs=1e-9)


def test_overdispersion_keeps_its_level_and_finds_what_is_there():
    draw, rejected, draws = np.random.default_rng(20_240_631), [], 2000 if ALL else 300
    x = np.column_stack([np.ones(120), np.arange(120) % 2])
    for _ in range(draws):
        y = draw.poisson(2.0, 120)
        found = overdispersion(y, poisson(x, y))
        rejected.append([found.dean_b.p < 0.05, found.dean_c.p < 0.05])
    assert (np.mean(rejected, axis=0) < 0.09).all()
    y = draw.negative_binomial(1, 0.3, 120)
    assert "vary more" in overdispersion(y, poisson(x, y)).sentence


@pytest.mark.parametrize("times", [(1.0, 1.0), (2.0, 0.7)])
def test_exact_rate_ratios_cover_at_least_as_promised(times):
    # Every pair of counts up to 12, whose chances under the means are summed; the rest is counted as missed
    means = 3.0, 2.0
    ratio = means[0] / times[0] / (means[1] / times[1])
    inside = 0.0
    for a in range(13):
        for c in range(13):
            if a + c == 0:
                inside += float(np.prod(poisson_law.pmf(0, means)))
                continue
            found, mid, _ = exact_rate_ratio(a, times[0], c, times[1])
            assert found.lower <= mid.lower
            if found.lower <= ratio and (found.upper is None or ratio <= found.upper):
                inside += float(poisson_law.pmf(a, means[0]) * poisson_law.pmf(c, means[1]))
    assert inside > 0.95


@given(seed=seeds)
@quick
def test_rates_and_frequencies_do_not_mind_order_units_or_labels(seed):
    draw = np.random.default_rng(seed)
    y, t, arm = draw.poisson(1.5, 40), draw.uniform(0.5, 2, 40), np.arange(40) % 2
    order = draw.permutation(40)
    ours, days = compare_rates(y, t, arm), compare_rates(y[order], t[order] * 365, arm[order])
    assert (days.ratio.value, days.ratio.se) == pytest.approx((ours.ratio.value, ours.ratio.se))
    assert (days.difference.value * 365, days.difference.p) == pytest.approx((ours.difference.value, ours.difference.p))
    swapped = compare_rates(y, t, 1 - arm)
    assert (swapped.ratio.lower, swapped.exact.lower) == pytest.approx((1 / ours.ratio.upper, 1 / ours.exact.upper))
    assert compare_frequency(y, arm, 5) == compare_frequency(y[order], arm[order], 5)
    # With equal time at risk a rate is a mean, and its difference is Welch's
    even = compare_rates(y, np.ones(40), arm)
    assert even.difference.p == pytest.approx(compare_frequency(y, arm, 5).per_person.p)


@given(seed=seeds)
@quick
def test_ranks_agree_with_scipy_and_with_counting_pairs(seed):
    draw = np.random.default_rng(seed)
    one, two = draw.integers(0, 5, 18) + 1, draw.integers(0, 5, 25)
    y, arm = np.concatenate([one, two]), np.repeat([1, 0], [18, 25])
    ours = rank_comparison(y, arm)
    wins = np.mean(np.sign(one[:, None] - two) / 2 + 0.5)
    assert ours.superiority.value == pytest.approx(wins)
    assert ours.win_odds.value == pytest.approx(wins / (1 - wins))
    theirs = brunnermunzel(two, one)
    assert (ours.superiority.statistic, ours.superiority.p) == pytest.approx(tuple(theirs), rel=1e-9)
    plain = mannwhitneyu(one, two, use_continuity=False, method="asymptotic")
    assert ours.wilcoxon.p == pytest.approx(plain.pvalue, rel=1e-9)
    swapped, order = rank_comparison(np.exp(y), 1 - arm), draw.permutation(43)
    assert swapped.superiority.value == pytest.approx(1 - wins)
    assert swapped.win_odds.lower == pytest.approx(1 / ours.win_odds.upper)
    assert rank_comparison(y[order], arm[order]).delong.se == pytest.approx(ours.delong.se)


@given(seed=seeds)
@quick
def test_proportional_odds_agrees_with_statsmodels(seed):
    draw = np.random.default_rng(seed)
    x = np.column_stack([np.arange(200) % 2, draw.normal(size=200)]).astype(float)
    y = np.digitize(x @ [0.5, -0.8] + draw.logistic(size=200), [-1, 0.5, 2])
    ours = proportional_odds(y, x)
    theirs = OrderedModel(y, x, distr="logit").fit(disp=0, method="newton", maxiter=100)
    assert ours.log_likelihood == pytest.approx(theirs.llf, rel=1e-9)
    assert ours.coefficients == pytest.approx(theirs.params[:2], rel=1e-5, abs=1e-7)
    assert errors(ours.covariance) == pytest.approx(theirs.bse[:2], rel=1e-4)
    order = draw.permutation(200)
    moved = proportional_odds(10 - 2 * y[order], x[order] * [-1, 5] + 3)
    assert moved.coefficients * [-1, 5] == pytest.approx(-ours.coefficients, rel=1e-6, abs=1e-8)
    two = proportional_odds(y > 1, x)
    logit = sm.Logit(y > 1, sm.add_constant(x)).fit(disp=0)
    assert two.coefficients == pytest.approx(logit.params[1:], rel=1e-6)


def test_brant_keeps_its_level():
    draw, rejected, draws = np.random.default_rng(20_240_632), [], 1500 if ALL else 120
    arm = np.arange(200) % 2
    for _ in range(draws):
        y = np.digitize(0.6 * arm + draw.logistic(size=200), [-1, 0, 1])
        rejected.append(proportional_odds(y, arm[:, None] * 1.0).brant.p < 0.05)
    assert 0.01 < np.mean(rejected) < 0.1


def waves(seed, people=24, keep=0.85):
    draw = np.random.default_rng(seed)
    person, wave = np.repeat(np.arange(people), 3), np.tile(np.arange(3), people)
    arm = np.repeat(np.arange(people) % 2, 3)
    y = draw.normal(size=people)[person] + 0.4 * arm * (wave > 0) + draw.normal(size=3 * people)
    kept = (wave == 0) | (draw.random(3 * people) < keep)
    return person[kept], wave[kept], y[kept], arm[kept]


@given(seed=seeds)
@quick
def test_estimating_equations_agree_with_statsmodels(seed):
    person, wave, y, arm = waves(seed)
    x = np.column_stack([np.ones(len(y)), arm, wave, arm * wave]).astype(float)
    for working, theirs_is in (
        ("exchangeable", sm.cov_struct.Exchangeable()),
        ("independence", sm.cov_struct.Independence()),
    ):
        ours = gee(person, x, y, working)
        model = sm.GEE(y, x, groups=person, cov_struct=theirs_is)
        theirs = model.fit(cov_type="bias_reduced", maxiter=300, ctol=1e-11)
        assert ours.coefficients == pytest.approx(theirs.params, rel=1e-6, abs=1e-8)
        assert errors(ours.covariance) == pytest.approx(theirs.bse, rel=1e-6)
        bare = gee(person, x, y, working, "none")
        assert errors(bare.covariance) == pytest.approx(model.fit(maxiter=300, ctol=1e-11).bse, rel=1e-6)
        middle = errors(gee(person, x, y, working, "kauermann_carroll").covariance)
        assert (errors(bare.covariance) < middle).all()
        assert (middle < errors(ours.covariance)).all()


@given(seed=seeds)
@quick
def test_mixed_model_of_two_waves_is_the_paired_t_test(seed):
    draw = np.random.default_rng(seed)
    before, after = draw.normal(size=(2, 12))
    rows = np.column_stack([np.ones(24), np.repeat([0.0, 1.0], 12)])
    fit = mixed_model(np.tile(np.arange(12), 2), rows[:, 1], rows, np.concatenate([before, after]))
    found, theirs = fit.contrast([0, 1]), ttest_rel(after, before)
    assert (found.statistic, found.df, found.p) == pytest.approx((theirs.statistic, 11, theirs.pvalue), rel=1e-5)


@pytest.mark.parametrize("engine", ["mixed_model", "gee", "random_intercept"])
def test_repeated_measures_do_not_mind_order_units_or_labels(engine):
    person, wave, y, arm = waves(3)
    ours = repeated_measures(person, wave, y, arm, 2, engine=engine).headline
    order = np.random.default_rng(1).permutation(len(y))
    names = np.array([f"p{(7 * p) % 24:02d}" for p in person])
    moved = repeated_measures(names[order], wave[order] * 13, -4 * y[order] + 9, arm[order], 26, engine=engine).headline
    assert (moved.value, moved.se, moved.df) == pytest.approx((-4 * ours.value, 4 * ours.se, ours.df), rel=1e-5)
    swapped = repeated_measures(person, wave, y, 1 - arm, 2, engine=engine).headline
    assert (swapped.value, swapped.se, swapped.p) == pytest.approx((-ours.value, ours.se, ours.p), rel=1e-5)


@pytest.mark.parametrize("engine", ["mixed_model", "gee"])
def test_repeated_measures_cover_with_few_people(engine):
    hits = []
    for seed in range(1500 if ALL else 80):
        person, wave, y, arm = waves(seed, people=20)
        found = repeated_measures(person, wave, y, arm, 2, engine=engine).headline
        hits.append(found.lower <= 0.4 <= found.upper)
    assert 0.89 < np.mean(hits) <= 1


@given(seed=seeds, factor=st.sampled_from([-2.0, 0.1, 50.0]))
@quick
def test_baseline_adjustment_is_regression_and_does_not_mind_units(seed, factor):
    draw = np.random.default_rng(seed)
    before, arm = draw.normal(50, 10, 40), np.arange(40) % 2
    after = 0.6 * before + 3 * arm + draw.normal(0, 5, 40)
    ours = ancova(before, after, arm)
    theirs = sm.OLS(after, np.column_stack([np.ones(40), arm, before])).fit(cov_type="HC2")
    assert (ours.adjusted.value, ours.adjusted.se, ours.slope) == pytest.approx(
        (theirs.params[1], theirs.bse[1], theirs.params[2]), rel=1e-8
    )
    # All three are one number less more or less of the baseline difference
    assert ours.adjusted.value == pytest.approx(ours.final.value - ours.slope * ours.baseline_difference)
    assert ours.change.value == pytest.approx(ours.final.value - ours.baseline_difference)
    moved = ancova(factor * before + 1, factor * after - 3, arm)
    assert (moved.adjusted.value, moved.adjusted.p) == pytest.approx((factor * ours.adjusted.value, ours.adjusted.p))
    assert ancova(before, after, 1 - arm).adjusted.value == pytest.approx(-ours.adjusted.value)


@given(seed=seeds)
@quick
def test_standardised_sizes_have_no_unit(seed):
    draw = np.random.default_rng(seed)
    x, y = draw.normal(1, 2, 25), draw.normal(0, 1, 25)
    for size in (glass_delta, lambda a, b: paired_sizes(Pairs(a, b))[0], lambda a, b: paired_sizes(Pairs(a, b))[1]):
        one, two = size(x, y), size(100 * x + 7, 100 * y + 7)
        assert (one.value, one.lower, one.upper) == pytest.approx((two.value, two.lower, two.upper))
    # Equal spread in both arms: Glass's delta is Hedges' g but for the degrees of freedom
    z = y + 0.5
    assert glass_delta(z, y).value == pytest.approx(hedges_g(z, y).value, rel=0.03)
