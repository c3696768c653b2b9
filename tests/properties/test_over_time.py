"""What must hold of every design over time: symmetry, independent implementations, coverage."""

import os

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from statsmodels.api import GLM, OLS, families
from statsmodels.discrete.discrete_model import NegativeBinomial

from pipelines.estimation.over_time.group_time import Staggered
from pipelines.estimation.over_time.interrupted import interrupted, level_change
from pipelines.estimation.over_time.panel import first_treated, make_panel
from pipelines.estimation.over_time.placebo import placebo_units
from pipelines.estimation.over_time.repeated_sections import repeated_sections
from pipelines.estimation.over_time.segmented import Segmented, columns_of
from pipelines.estimation.over_time.series import Series
from pipelines.estimation.over_time.series_fits import ar1_transform
from pipelines.estimation.over_time.staggered import staggered
from pipelines.estimation.over_time.two_periods import two_periods
from pipelines.estimation.over_time.two_way import two_way_fixed_effects
from pipelines.estimation.take_up.compliance import complier_effect

ALL = os.environ.get("PILOTLENS_ALL_SIMULATIONS") == "1"
seeds = st.integers(0, 2**32 - 1)
few = settings(max_examples=12, deadline=None, derandomize=True)


def rows(seed, each=6, periods=5):
    """Units in three cohorts (treated from 3, from 4, never), long form."""
    draw = np.random.default_rng(seed)
    n = 3 * each
    cohort = np.repeat([3, 4, np.nan], each)
    X = draw.normal(size=n)
    y = draw.normal(size=(n, 1)) + X[:, None] * np.arange(periods) * 0.2 + draw.normal(size=(n, periods))
    y = y + (np.arange(1, periods + 1) >= cohort[:, None]) * 1.5
    unit, period = np.divmod(np.arange(n * periods), periods)
    return unit, period + 1, cohort[unit], y.ravel(), X[unit]


def numbers(found):
    parts = [one.result for one in found.cells]
    for aggregate in (found.simple, found.group, found.calendar, found.dynamic):
        parts += [aggregate.overall, *(row.result for row in aggregate.rows)]
    return [x for one in parts for x in (one.value, one.se, one.lower, one.p) if x is not None]


@given(seed=seeds)
@few
def test_the_order_of_rows_does_not_matter(seed):
    unit, period, cohort, y, X = rows(seed)
    order = np.random.default_rng(seed).permutation(len(unit))
    design = Staggered(draws=50, method="regression")
    one = staggered(make_panel(unit, period, cohort, y, X), design)
    other = staggered(make_panel(*(values[order] for values in (unit, period, cohort, y, X))), design)
    assert one == other


@given(seed=seeds)
@few
def test_labels_of_units_do_not_matter(seed):
    unit, period, cohort, y, _ = rows(seed)
    labels = np.array([f"u{k}" for k in np.random.default_rng(seed).permutation(unit.max() + 1)])
    one = staggered(make_panel(unit, period, cohort, y), Staggered(draws=0))
    other = staggered(make_panel(labels[unit], period, cohort, y), Staggered(draws=0))
    assert numbers(one) == pytest.approx(numbers(other), rel=1e-8, abs=1e-12)


@given(seed=seeds)
@few
def test_an_affine_change_of_the_outcome(seed):
    unit, period, cohort, y, X = rows(seed, each=12)
    one = staggered(make_panel(unit, period, cohort, y, X), Staggered(draws=0)).simple.overall
    other = staggered(make_panel(unit, period, cohort, 7 - 3 * y, X), Staggered(draws=0)).simple.overall
    assert other.value == pytest.approx(-3 * one.value, rel=1e-7)
    assert other.se == pytest.approx(3 * one.se, rel=1e-7)
    assert other.p == pytest.approx(one.p, rel=1e-6, abs=1e-12)


@given(seed=seeds)
@few
def test_one_cohort_and_two_periods_is_difference_in_differences(seed):
    unit, period, cohort, y, _ = rows(seed)
    kept = ((period == 2) | (period == 3)) & (cohort != 4)
    panel = make_panel(unit[kept], period[kept], cohort[kept], y[kept])
    found = two_periods(panel, (2,), (3,))
    group_time = staggered(panel, Staggered(draws=0, small_sample=True)).simple.overall
    d, p = cohort[kept] == 3, period[kept] == 3
    columns = np.column_stack([np.ones(kept.sum()), d, p, d & p])
    interaction = OLS(y[kept], columns).fit().params[3]
    sections = repeated_sections(y[kept], d, p).result
    assert found.result.value == pytest.approx(interaction, rel=1e-9)
    assert sections.value == pytest.approx(interaction, rel=1e-9)
    # Welch's test: the standard error with c / (c - 1) for each cohort, and its degrees of freedom
    assert (group_time.value, group_time.se, group_time.df) == pytest.approx(
        (found.result.value, found.result.se, found.result.df), rel=1e-9
    )
    assert two_way_fixed_effects(panel).result.value == pytest.approx(interaction, rel=1e-8)


@given(seed=seeds)
@few
def test_sections_are_least_squares_with_hc2(seed):
    draw = np.random.default_rng(seed)
    d, p, X = draw.integers(0, 2, 60), draw.integers(0, 2, 60), draw.normal(size=(60, 2))
    d[:4], p[:4] = [0, 0, 1, 1], [0, 1, 0, 1]
    y = draw.normal(size=60) + d + X[:, 0]
    found = repeated_sections(y, d, p, X).result
    fit = OLS(y, np.column_stack([np.ones(60), d, p, d * p, X])).fit(cov_type="HC2")
    assert (found.value, found.se) == pytest.approx((fit.params[3], fit.bse[3]), rel=1e-8)


@given(seed=seeds)
@few
def test_the_difference_of_group_means_by_hand(seed):
    """ATT(3, 5) against units not treated yet, on an unbalanced panel, from first principles."""
    unit, period, cohort, y, _ = rows(seed)
    gone = np.random.default_rng(seed).random(len(y)) < 0.15
    gone[[0, 1, 4, 60, 61, 64, 2, 62]] = False
    panel = make_panel(unit[~gone], period[~gone], cohort[~gone], y[~gone])
    found = staggered(panel, Staggered(draws=0, controls="not_yet"))
    cell = next(one for one in found.cells if (one.cell.group, one.cell.period) == (3, 5))
    changes = {3.0: [], np.inf: []}
    for u in range(18):
        seen = dict(zip(period[(unit == u) & ~gone], y[(unit == u) & ~gone], strict=True))
        own = np.inf if u >= 12 else cohort[unit == u][0]
        if own in changes and {2, 5} <= seen.keys():
            changes[own].append(seen[5] - seen[2])
    assert cell.result.value == pytest.approx(np.mean(changes[3.0]) - np.mean(changes[np.inf]), rel=1e-9)
    assert any("not seen in every period" in warning for warning in found.warnings)


def test_units_as_clusters_of_copies():
    """Each unit copied three times and clustered by its original: nothing but weights of information changes."""
    unit, period, cohort, y, _ = rows(4)
    plain = staggered(make_panel(unit, period, cohort, y), Staggered(draws=0, small_sample=False)).simple.overall
    copies = np.repeat(np.arange(3), len(unit))
    thrice = [np.tile(values, 3) for values in (unit, period, cohort, y)]
    panel = make_panel(thrice[0] * 10 + copies, *thrice[1:], cluster=thrice[0])
    clustered = staggered(panel, Staggered(draws=0, small_sample=False)).simple.overall
    assert (clustered.value, clustered.se, clustered.df) == pytest.approx((plain.value, plain.se, plain.df), rel=1e-9)


def test_placebo_units_by_brute_force():
    """One treated of seven: each unit in turn, by hand."""
    draw = np.random.default_rng(3)
    y = draw.normal(size=(7, 2))
    y[2, 1] += 6
    unit, period = np.divmod(np.arange(14), 2)
    panel = make_panel(unit, period, np.where(unit == 2, 1, np.nan), y.ravel())
    found = placebo_units(panel, Staggered())
    change = y[:, 1] - y[:, 0]
    each = [abs(change[k] - np.delete(change, k).mean()) for k in range(7)]
    assert found.p == sum(one >= each[2] - 1e-12 for one in each) / 7
    assert found.assignments == 7


def test_first_treated_from_an_indicator():
    unit, period, cohort, _, _ = rows(0)
    assert (first_treated(unit, period, period >= cohort)[~np.isnan(cohort)] == cohort[~np.isnan(cohort)]).all()


def series(seed, n=60, rho=0.0, counts=False):
    draw = np.random.default_rng(seed)
    e = draw.normal(size=n + 30)
    for k in range(1, n + 30):
        e[k] += rho * e[k - 1]
    when = tuple(map(str, range(n)))
    if counts:
        exposure = draw.uniform(50, 150, n)
        return Series(draw.negative_binomial(4, 4 / (4 + exposure * 0.3)).astype(float), exposure, when)
    return Series(e[30:], None, when)


@given(seed=seeds, lags=st.integers(0, 6))
@few
def test_newey_west_is_statsmodels(seed, lags):
    y = series(seed)
    found = level_change(y, Segmented(30, lags=lags))
    X = columns_of(60, Segmented(30)).observed
    hac = {"maxlags": lags, "use_correction": True, "kernel": "bartlett"}
    fit = OLS(y.outcome, X).fit(cov_type="HAC", cov_kwds=hac)
    assert (found.value, found.se) == pytest.approx((fit.params[2], fit.bse[2]), rel=1e-8)


@given(seed=seeds)
@few
def test_counts_are_statsmodels(seed):
    y = series(seed, counts=True)
    X = columns_of(60, Segmented(30)).observed
    poisson = level_change(y, Segmented(30, family="poisson", errors="independent"))
    fit = GLM(y.outcome, X, family=families.Poisson(), exposure=y.exposure).fit(tol=1e-13)
    assert (np.log(poisson.value), poisson.se) == pytest.approx((fit.params[2], fit.bse[2]), rel=1e-6, abs=1e-9)


def test_negative_binomial_is_statsmodels():
    """Coefficients and errors given alpha; and alpha at the top of statsmodels' likelihood."""
    y = series(5, counts=True)
    X = columns_of(60, Segmented(30)).observed
    found = interrupted(y, Segmented(30, family="negative_binomial", errors="independent"))
    alpha = found.parameter
    fit = GLM(y.outcome, X, family=families.NegativeBinomial(alpha=alpha), exposure=y.exposure).fit(tol=1e-13)
    change = found.level_change
    assert (np.log(change.value), change.se) == pytest.approx((fit.params[2], fit.bse[2]), rel=1e-6)
    # Before a fit, statsmodels takes the logarithm of alpha as the parameter.
    likelihood = NegativeBinomial(y.outcome, X, exposure=y.exposure).loglike
    here, less, more = (likelihood(np.append(fit.params, np.log(alpha * by))) for by in (1, 0.999, 1.001))
    assert here > max(less, more)


@given(seed=seeds, rho=st.floats(-0.8, 0.9))
@few
def test_prais_winsten_makes_points_independent(seed, rho):
    """The transform's inverse cross-product is the AR(1) correlation matrix, over a gap too."""
    place = np.array([0, 1, 2, 5, 6, 7])
    P = ar1_transform(np.eye(6), np.diff(place), rho)
    gap = np.abs(place[:, None] - place[None, :])
    assert P @ (rho**gap / (1 - rho**2)) @ P.T == pytest.approx(np.eye(6), abs=1e-9)


@given(seed=seeds, slope=st.floats(-2, 2), shift=st.floats(-50, 50))
@few
def test_a_straight_trend_changes_no_level(seed, slope, shift):
    y = series(seed)
    tilted = Series(y.outcome + shift + slope * np.arange(60), None, y.when)
    ours, theirs = level_change(y, Segmented(30)), level_change(tilted, Segmented(30))
    assert (theirs.value, theirs.se) == pytest.approx((ours.value, ours.se), rel=1e-6, abs=1e-8)


@given(seed=seeds)
@few
def test_the_effect_at_the_horizon_adds_up(seed):
    found = interrupted(series(seed), Segmented(30, horizon=10))
    level, slope = found.level_change.value, found.slope_change.value
    assert found.at_horizon.absolute.value == pytest.approx(level + 9 * slope, abs=1e-9)
    assert found.up_to_horizon.absolute.value == pytest.approx(level + 4.5 * slope, abs=1e-9)
    difference = found.at_horizon.observed.value - found.at_horizon.counterfactual.value
    assert difference == pytest.approx(found.at_horizon.absolute.value, abs=1e-9)


@given(seed=seeds)
@few
def test_complier_effect_is_the_ratio_and_flips_with_the_outcome(seed):
    draw = np.random.default_rng(seed)
    z = np.arange(80) % 2
    d = (draw.random(80) < 0.1 + 0.7 * z) * 1
    y = draw.normal(size=80) + d
    found, flipped = complier_effect(z, d, y), complier_effect(z, d, 5 - 2 * y)
    itt, moved = y[z == 1].mean() - y[z == 0].mean(), d[z == 1].mean() - d[z == 0].mean()
    assert found.result.value == pytest.approx(itt / moved, rel=1e-8)
    assert flipped.result.value == pytest.approx(-2 * found.result.value, rel=1e-7)
    assert flipped.anderson_rubin.lower == pytest.approx(-2 * found.anderson_rubin.upper, rel=1e-6)
    assert sum(vars(found.shares).values()) == pytest.approx(1)


def covers(result, truth):
    return result.lower < truth < result.upper


def test_staggered_intervals_cover():
    """Two cohorts of five and ten never treated, spreads differing between arms; 1,000 draws covered 93.9%."""
    draws, hits = (1000 if ALL else 120), 0
    draw = np.random.default_rng(1)
    unit, period = np.divmod(np.arange(100), 5)
    cohort = np.repeat([3, 4, np.nan], [5, 5, 10])
    spread = np.where(np.isnan(cohort), 1, 2)[:, None]
    for _ in range(draws):
        walk = np.cumsum(draw.normal(size=(20, 5)) * 0.5, axis=1) * spread
        y = draw.normal(size=(20, 1)) + walk + draw.normal(size=(20, 5))
        found = staggered(make_panel(unit, period + 1, cohort[unit], y.ravel()), Staggered(draws=0))
        hits += covers(found.simple.overall, 0)
    assert 0.92 - (0 if ALL else 0.04) < hits / draws < 0.97 + (0 if ALL else 0.03)


def test_newey_west_is_too_narrow_on_short_series_and_says_so():
    """48 points without autocorrelation: 95% intervals covered 87% in 1,000 draws, the independent ones 95.6%."""
    draws = 1000 if ALL else 200
    results = {
        errors: np.mean([covers(level_change(series(k, 48), Segmented(24, errors=errors)), 0) for k in range(draws)])
        for errors in ("newey_west", "independent")
    }
    assert results["newey_west"] < 0.93 < results["independent"] + (0 if ALL else 0.02)
    assert results["newey_west"] > 0.80
    assert any("Newey-West" in warning for warning in interrupted(series(0, 48), Segmented(24)).warnings)
