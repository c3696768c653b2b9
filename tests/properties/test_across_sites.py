"""What must hold of every synthesis: brute force, invariance, and the size of intervals by simulation."""

import os
from math import log

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.optimize import minimize_scalar
from scipy.stats import chi2, norm
from scipy.stats import t as student

from pipelines.estimation.between_sites import (
    between_variance,
    generalised_q,
    profile_likelihood,
    q_profile,
    reml,
    restricted_likelihood,
)
from pipelines.estimation.pooling import leave_one_out, pool
from pipelines.estimation.refusal import EstimationRefusal
from pipelines.estimation.site_estimates import SiteEstimates, log_ratio, site_estimates

ALL = bool(os.environ.get("PILOTLENS_ALL_SIMULATIONS"))
ESTIMATORS = ("REML", "DerSimonian-Laird", "Paule-Mandel")

figures = st.floats(-50, 50).map(lambda x: round(x, 6))
errors = st.floats(0.01, 30).map(lambda x: round(x, 6))
sites = st.lists(st.tuples(figures, errors), min_size=2, max_size=14)


def of(pairs: list[tuple[float, float]]) -> SiteEstimates:
    return site_estimates([str(i) for i in range(len(pairs))], [v for v, _ in pairs], [s for _, s in pairs])


def numbers(found) -> list[float]:
    knapp = found.hartung_knapp
    some = [found.value, found.se, found.lower, found.upper, found.p, found.spread.tau2, found.spread.i2]
    return [*some, *(found.prediction or ()), *((knapp.se, knapp.p) if knapp else ())]


@given(sites)
@settings(derandomize=True, deadline=None, max_examples=100)
def test_reml_is_the_highest_point_of_the_likelihood(pairs):
    """Against a search over the whole likelihood, written with another formula: the density of contrasts."""
    found = of(pairs)
    ours = reml(found)
    top = 10 * (float(np.ptp(found.values)) ** 2 + float(found.variances.max()))
    grid = np.concatenate([[0], np.geomspace(1e-9 * top, top, 200)])
    best = grid[np.argmax([_contrasts(one, found) for one in grid])]
    around = (best / 1.2, best * 1.2) if best else (0.0, grid[1])
    peak = minimize_scalar(lambda one: -_contrasts(one, found), bounds=around, method="bounded").x
    assert ours >= 0
    assert _contrasts(ours, found) >= max(_contrasts(best, found), _contrasts(peak, found)) - 1e-7


def _contrasts(tau2: float, found: SiteEstimates) -> float:
    """Log density of the differences from the first site, which do not depend on the average over sites."""
    total = found.variances + tau2
    differences = found.values[1:] - found.values[0]
    # Covariance diag(total[1:]) + total[0]: determinant and inverse by Sherman and Morrison.
    inverse = 1 / total[1:]
    scale = 1 + total[0] * inverse.sum()
    determinant = np.log(total[1:]).sum() + np.log(scale)
    fit = (inverse * differences**2).sum() - total[0] * (inverse * differences).sum() ** 2 / scale
    return float(-0.5 * (determinant + fit))


@given(sites)
@settings(derandomize=True, deadline=None, max_examples=60)
def test_both_forms_of_the_likelihood_differ_by_a_constant(pairs):
    found, tau2 = of(pairs), np.array([0.0, 0.1, 3.0, 80.0])
    ours = restricted_likelihood(tau2, found)
    theirs = np.array([_contrasts(one, found) for one in tau2])
    assert np.ptp(ours - theirs) <= 1e-6 * (1 + np.abs(ours).max())


@given(sites)
@settings(derandomize=True, deadline=None, max_examples=60)
def test_intervals_of_the_variance_hold_what_defines_them(pairs):
    found = of(pairs)
    lower, upper = q_profile(found)
    assert 0 <= lower <= upper
    for limit, quantile in ((lower, chi2.ppf(0.975, found.k - 1)), (upper, chi2.ppf(0.025, found.k - 1))):
        if limit:
            assert generalised_q(limit, found) == pytest.approx(quantile, rel=1e-6)
        else:
            assert generalised_q(0, found) <= quantile
    low, high = profile_likelihood(found)
    assert low <= reml(found) * (1 + 1e-9) <= high * (1 + 2e-9)
    fall = restricted_likelihood(np.array([reml(found), high]), found)
    assert fall[0] - fall[1] == pytest.approx(chi2.ppf(0.95, 1) / 2, rel=1e-4)


@given(sites, st.randoms(use_true_random=False), st.sampled_from(ESTIMATORS))
@settings(derandomize=True, deadline=None, max_examples=60)
def test_neither_order_nor_names_of_sites_matter_to_the_last_bit(pairs, random, estimator):
    names, shuffled = [f"site {i}" for i in range(len(pairs))], list(pairs)
    random.shuffle(shuffled)
    theirs = pool(site_estimates(names[::-1], [v for v, _ in shuffled], [s for _, s in shuffled]), estimator)
    ours = pool(of(pairs), estimator)
    assert numbers(ours) == numbers(theirs)
    assert sorted(ours.weights) == sorted(theirs.weights)
    assert sum(ours.weights) == pytest.approx(1)


@given(sites, st.sampled_from([0.001, 7.0, 1000.0]), figures, st.sampled_from(ESTIMATORS))
@settings(derandomize=True, deadline=None, max_examples=60)
def test_another_unit_and_origin_change_nothing_but_themselves(pairs, scale, shift, estimator):
    ours = pool(of(pairs), estimator)
    theirs = pool(of([(scale * v + shift, scale * s) for v, s in pairs]), estimator)
    size = scale * (abs(ours.value) + ours.se) + abs(shift) + 1e-9
    for mine, other in ((ours.value, theirs.value), (ours.lower, theirs.lower), (ours.upper, theirs.upper)):
        assert other == pytest.approx(scale * mine + shift, abs=2e-5 * size)
    within = scale**2 * (ours.spread.tau2 + min(s for _, s in pairs) ** 2)
    assert theirs.spread.tau2 == pytest.approx(scale**2 * ours.spread.tau2, abs=1e-4 * within)


@given(sites, st.sampled_from(ESTIMATORS))
@settings(derandomize=True, deadline=None, max_examples=80)
def test_the_interval_is_never_narrower_than_the_normal_one(pairs, estimator):
    found = pool(of(pairs), estimator)
    assert found.lower <= found.normal.lower + 1e-9
    assert found.upper - found.lower >= found.normal.upper - found.normal.lower - 1e-9
    if found.hartung_knapp:
        assert found.upper - found.lower >= found.hartung_knapp.upper - found.hartung_knapp.lower - 1e-9
    # What the p value says is what the interval says.
    clear = min(abs(found.lower), abs(found.upper)) > 1e-9
    assert not clear or (found.p < 0.05) == (found.lower > 0 or found.upper < 0)
    if found.prediction:
        assert found.prediction[0] <= found.lower + 1e-9
        assert found.prediction[1] >= found.upper - 1e-9


@given(st.lists(figures, min_size=2, max_size=10), errors)
@settings(derandomize=True, deadline=None, max_examples=40)
def test_equally_precise_sites_are_averaged_plainly(values, error):
    """With equal errors, all estimators are the variance of the estimates less the error, and HK is the t test."""
    found = of([(value, error) for value in values])
    expected = max(0.0, float(np.var(values, ddof=1)) - error**2)
    for estimator in ESTIMATORS:
        assert between_variance(found, estimator) == pytest.approx(expected, rel=1e-6, abs=1e-6 * error**2)
    ours = pool(found)
    assert ours.value == pytest.approx(float(np.mean(values)), abs=1e-9 * (1 + max(map(abs, values))))
    if ours.hartung_knapp and ours.spread.tau2:
        t_se = float(np.std(values, ddof=1)) / np.sqrt(len(values))
        assert ours.hartung_knapp.se == pytest.approx(t_se, rel=1e-6)


@given(st.floats(0.05, 20), st.floats(0.01, 2), st.sampled_from([None, 4.0, 60.0]))
@settings(derandomize=True, deadline=None, max_examples=60)
def test_the_error_of_a_logarithm_is_found_on_either_scale(ratio, error, df):
    quantile = norm.ppf(0.975) if df is None else student.ppf(0.975, df)
    lower, upper = ratio * np.exp(-quantile * error), ratio * np.exp(quantile * error)
    for given_se in (error, error * ratio, None):
        found = log_ratio(ratio, given_se, float(lower), float(upper), df, 0.95)
        assert found is not None
        assert (found.value, found.se) == pytest.approx((log(ratio), error), rel=1e-9, abs=1e-9)


def test_extreme_differences_in_precision_do_no_harm():
    found = pool(of([(1.0, 1e-4), (1.0001, 1e4), (0.9, 1.0), (1.2, 0.5), (5.0, 300.0)]))
    assert np.isfinite(numbers(found)).all()
    assert found.value == pytest.approx(1, abs=1e-3)


def test_sites_that_agree_to_the_last_digit_still_have_an_interval():
    found = pool(of([(0.3, 0.1)] * 6))
    assert found.hartung_knapp is None
    assert (found.rule, found.spread.tau2, found.homogeneity.q) == ("Hartung-Knapp, widened", 0, 0)
    assert found.upper - found.lower == pytest.approx(2 * student.ppf(0.975, 5) * 0.1 / np.sqrt(6), rel=1e-6)


@pytest.mark.parametrize("bad", [0.0, -1.0, float("nan"), float("inf"), 1e-14])
def test_a_site_without_an_error_is_refused_and_named(bad):
    with pytest.raises(EstimationRefusal, match="of Luton"):
        site_estimates(["Ely", "Luton"], [1.0, 2.0], [0.5, bad])


def test_one_site_alone_is_refused():
    with pytest.raises(EstimationRefusal, match="one site only"):
        pool(of([(1.0, 0.2)]))


def test_misuse_by_code_is_an_error():
    with pytest.raises(ValueError, match="stands twice"):
        site_estimates(["Ely", "Ely"], [1.0, 2.0], [0.5, 0.5])
    with pytest.raises(ValueError, match="for each site"):
        site_estimates(["Ely"], [1.0, 2.0], [0.5, 0.5])
    with pytest.raises(ValueError, match="at least two"):
        between_variance(of([(1.0, 0.2)]))


def test_leaving_one_out_is_pooling_the_others():
    pairs = [(0.1, 0.2), (0.5, 0.1), (-0.2, 0.3), (0.9, 0.25), (0.0, 0.15)]
    for place, (name, found) in enumerate(leave_one_out(of(pairs))):
        others = [pair for i, pair in enumerate(pairs) if i != place]
        assert name == str(place)
        assert found.value == pool(of(others)).value


DRAWS = 4000 if ALL else 200


@pytest.mark.parametrize(("k", "tau"), [(5, 0.0), (5, 0.3), (12, 0.3)])
def test_intervals_hold_the_truth_as_often_as_they_say(k, tau):
    """Few sites of unequal precision: ours holds the truth in about 95 of 100; the normal one falls short."""
    draw = np.random.Generator(np.random.PCG64(20261126 + k))
    ses = np.geomspace(0.1, 0.5, k)
    held = {"ours": 0, "normal": 0, "prediction": 0}
    for _ in range(DRAWS):
        found = pool(of(list(zip(0.2 + tau * draw.normal(size=k) + ses * draw.normal(size=k), ses, strict=True))))
        held["ours"] += found.lower <= 0.2 <= found.upper
        held["normal"] += found.normal.lower <= 0.2 <= found.normal.upper
        held["prediction"] += found.prediction[0] <= 0.2 + tau * draw.normal() <= found.prediction[1]
    error = 3 * np.sqrt(0.05 * 0.95 / DRAWS)
    assert held["ours"] / DRAWS >= 0.935 - error
    assert held["ours"] >= held["normal"]
    assert tau == 0 or held["normal"] / DRAWS < 0.945
    assert held["prediction"] / DRAWS >= 0.87 - error
