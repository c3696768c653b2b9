"""Published syntheses: averages over trials and sites, their intervals, and how much trials differ.

Figures of metafor are those that its documentation prints (Viechtbauer 2010, Journal of Statistical Software 36(3), and
the analyses on metafor-project.org), to the four decimals printed there.
"""

from math import exp, log, sqrt

import pytest

from pipelines.estimation.between_sites import (
    dersimonian_laird,
    homogeneity,
    paule_mandel,
    profile_likelihood,
    q_profile,
    reml,
)
from pipelines.estimation.pooling import leave_one_out, pool
from pipelines.estimation.site_estimates import SiteEstimates, site_estimates
from tests.spec.across_sites import BCG


def of(values: list[float], ses: list[float]) -> SiteEstimates:
    return site_estimates([f"trial {i}" for i in range(1, len(values) + 1)], values, ses)


@pytest.fixture(scope="module")
def bcg() -> SiteEstimates:
    """Log risk ratios of the BCG vaccine trials (Colditz et al. 1994)."""
    values = [log(a / (a + b) / (c / (c + d))) for a, b, c, d in BCG]
    return of(values, [sqrt(1 / a - 1 / (a + b) + 1 / c - 1 / (c + d)) for a, b, c, d in BCG])


@pytest.fixture(scope="module")
def bcg_odds() -> SiteEstimates:
    """Log odds ratios of the same trials (van Houwelingen, Arends & Stijnen 2002, Statistics in Medicine 21:589)."""
    values = [log(a * d / (b * c)) for a, b, c, d in BCG]
    return of(values, [sqrt(1 / a + 1 / b + 1 / c + 1 / d) for a, b, c, d in BCG])


@pytest.fixture(scope="module")
def schools() -> SiteEstimates:
    """Eight schools (Rubin 1981, Journal of Educational Statistics 6:377-401)."""
    return of([28, 8, -3, 7, -1, 1, 18, 12], [15, 10, 16, 11, 9, 11, 10, 18])


@pytest.fixture(scope="module")
def expectancy() -> SiteEstimates:
    """Teachers' expectations and pupils' IQ, 19 experiments (Raudenbush & Bryk 1985, JES 10:75-98)."""
    values = [
        .03, .12, -.14, 1.18, .26, -.06, -.02, -.32, .27, .80, .54, .18, -.02, .23, -.18, -.06, .30, .07, -.07,
    ]  # fmt: skip
    variances = [
        .0156, .0216, .0279, .1391, .1362, .0106, .0106, .0484, .0269, .0630, .0912, .0497, .0835, .0841, .0253, .0279,
        .0193, .0088, .0303,
    ]  # fmt: skip
    return of(values, [sqrt(variance) for variance in variances])


class TestBcg:
    def test_reml(self, bcg):
        found = pool(bcg)
        assert found.value == pytest.approx(-0.7145, abs=5e-5)
        assert found.se == pytest.approx(0.1798, abs=5e-5)
        assert found.spread.tau2 == pytest.approx(0.3132, abs=5e-5)
        assert found.spread.i2 == pytest.approx(92.22, abs=5e-3)
        assert found.homogeneity.q == pytest.approx(152.2330, rel=1e-6)
        assert (found.homogeneity.df, found.homogeneity.p < 1e-4) == (12, True)
        ratio = [exp(x) for x in (found.normal.value, found.normal.lower, found.normal.upper)]
        assert ratio == pytest.approx([0.4894, 0.3441, 0.6962], abs=5e-5)

    def test_hartung_knapp_is_wider_and_leads(self, bcg):
        found = pool(bcg)
        assert found.hartung_knapp.se == pytest.approx(0.1808, abs=5e-5)
        assert (found.lower, found.upper) == pytest.approx((-1.1084, -0.3206), abs=5e-5)
        assert (found.rule, found.df) == ("Hartung-Knapp", 12)

    def test_prediction(self, bcg):
        """metafor's default, by the normal distribution; ours by t with k - 2 (Higgins et al. 2009) is wider."""
        found = pool(bcg)
        assert [exp(x) for x in found.prediction_normal] == pytest.approx([0.1546, 1.5490], abs=5e-5)
        # The same standard error, times t(.975, 11) = 2.200985 in place of 1.959964.
        half = (log(1.5490) - log(0.1546)) / 2 * 2.200985 / 1.959964
        assert found.prediction == pytest.approx((-0.7145 - half, -0.7145 + half), abs=2e-3)

    def test_dersimonian_laird(self, bcg):
        found = pool(bcg, "DerSimonian-Laird")
        assert dersimonian_laird(bcg) == pytest.approx(0.308760, abs=5e-7)
        assert (found.value, found.se) == pytest.approx((-0.714117, 0.178742), abs=5e-7)

    def test_paule_mandel(self, bcg):
        assert paule_mandel(bcg) == pytest.approx(0.318094, rel=1e-4)

    def test_fixed_effect(self, bcg):
        found = pool(bcg, "fixed effect")
        assert (found.value, found.se) == pytest.approx((-0.4303, 0.0405), abs=5e-5)
        assert (found.lower, found.upper) == pytest.approx((-0.5097, -0.3509), abs=5e-5)
        assert found.spread.i2 == pytest.approx(92.12, abs=5e-3)

    def test_interval_of_the_variance_between_trials(self, bcg):
        """confint() of metafor: tau2, I2 and H2."""
        assert q_profile(bcg) == pytest.approx((0.1197, 1.1115), abs=5e-5)
        spread = pool(bcg).spread
        assert (spread.i2_lower, spread.i2_upper) == pytest.approx((81.92, 97.68), abs=5e-3)
        assert (spread.h2, spread.h2_upper) == pytest.approx((12.8558, 43.068), rel=1e-4)


class TestBcgOdds:
    def test_reml_and_fixed_effect(self, bcg_odds):
        found = pool(bcg_odds)
        assert (found.value, found.se) == pytest.approx((-0.7452, 0.1860), abs=5e-5)
        assert found.spread.tau2 == pytest.approx(0.3378, abs=5e-5)
        assert pool(bcg_odds, "fixed effect").value == pytest.approx(-0.436, abs=5e-4)

    def test_interval_of_the_variance(self, bcg_odds):
        assert q_profile(bcg_odds) == pytest.approx((0.1302, 1.1812), abs=1e-4)


class TestEightSchools:
    def test_no_variance_is_seen(self, schools):
        found = pool(schools)
        assert (found.value, found.se) == pytest.approx((7.685617, 4.071919), abs=5e-7)
        assert (found.spread.tau2, found.spread.i2, found.spread.h2) == (0, 0, 1)
        assert found.homogeneity.q == pytest.approx(4.707079, abs=5e-7)

    def test_hartung_knapp_would_be_narrower_so_the_normal_error_is_used(self, schools):
        found = pool(schools)
        assert found.hartung_knapp.se == pytest.approx(3.339073, abs=5e-7)
        assert found.hartung_knapp.upper - found.hartung_knapp.lower < found.normal.upper - found.normal.lower
        assert (found.rule, found.df) == ("Hartung-Knapp, widened", 7)
        half = 2.364624 * 4.071919  # t(.975, 7) times the normal standard error
        assert (found.lower, found.upper) == pytest.approx((7.685617 - half, 7.685617 + half), abs=2e-5)

    def test_that_none_is_seen_does_not_mean_that_there_is_none(self, schools):
        lower, upper = q_profile(schools)
        assert (lower, upper > 100) == (0, True)
        assert profile_likelihood(schools)[0] == 0


class TestTeachersExpectations:
    def test_reml(self, expectancy):
        found = pool(expectancy)
        assert (found.value, found.se) == pytest.approx((0.0837, 0.0516), abs=5e-5)
        assert (found.normal.lower, found.normal.upper) == pytest.approx((-0.0175, 0.1849), abs=5e-5)
        assert found.normal.p == pytest.approx(0.1051, abs=5e-5)
        assert reml(expectancy) == pytest.approx(0.0188, abs=5e-5)
        assert (found.spread.i2, found.spread.h2) == pytest.approx((41.86, 1.72), abs=2e-2)

    def test_homogeneity(self, expectancy):
        test = homogeneity(expectancy)
        assert (test.q, test.df, test.p) == pytest.approx((35.8295, 18, 0.0074), abs=5e-5)

    def test_dersimonian_laird_and_fixed_effect(self, expectancy):
        assert dersimonian_laird(expectancy) == pytest.approx(0.0259, abs=5e-5)
        found = pool(expectancy, "DerSimonian-Laird")
        assert (found.value, found.se) == pytest.approx((0.0893, 0.0558), abs=5e-5)
        fixed = pool(expectancy, "fixed effect")
        assert (fixed.value, fixed.se) == pytest.approx((0.0604, 0.0365), abs=5e-5)

    def test_leaving_out_the_largest_effect_lowers_the_average(self, expectancy):
        moved = {name: found.value - pool(expectancy).value for name, found in leave_one_out(expectancy)}
        assert len(moved) == 19
        assert moved["trial 4"] < 0 < moved["trial 8"]


def test_two_sites_of_the_impact_study_carry_no_average():
    """Hosmer & Lemeshow 1999: risk differences at sites A and B. Hartung and Knapp's interval is the lesson."""
    sites = of([-0.185869, -0.020147], [0.049053, 0.075856])
    knapp = pool(sites).hartung_knapp
    assert (100 * knapp.lower, 100 * knapp.upper) == pytest.approx((-116, 93), abs=0.5)
    assert pool(sites).prediction is None
