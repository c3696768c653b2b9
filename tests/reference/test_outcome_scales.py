"""Published analyses of ordered, paired and repeated measures."""

import numpy as np
import pytest

from pipelines.estimation.matched_pairs import Pairs
from pipelines.estimation.mixed_model import mixed_model
from pipelines.estimation.paired_means import paired_means
from pipelines.estimation.proportional_odds import proportional_odds
from pipelines.estimation.rank_comparison import rank_comparison
from pipelines.estimation.repeated_measures import repeated_measures

# Potthoff & Roy 1964, Biometrika 51:313-326: distances (mm) at ages 8, 10, 12, 14, of 16 boys and 11 girls
BOYS = (
    "26 25 29 31;21.5 22.5 23 26.5;23 22.5 24 27.5;25.5 27.5 26.5 27;20 23.5 22.5 26;24.5 25.5 27 28.5;22 22 24.5 26.5;"
    "24 21.5 24.5 25.5;23 20.5 31 26;27.5 28 31 31.5;23 23 23.5 25;21.5 23.5 24 28;17 24.5 26 29.5;22.5 25.5 25.5 26;"
    "23 24.5 26 30;22 21.5 23.5 25"
)
GIRLS = (
    "21 20 21.5 23;21 21.5 24 25.5;20.5 24 24.5 26;23.5 24.5 25 26.5;21.5 23 22.5 23.5;20 21 21 22.5;21.5 22.5 23 25;"
    "23 23 23.5 24;20 21 22 21.5;16.5 19 19 19.5;24.5 25 28 28"
)
# Agresti 2010, Analysis of Ordinal Categorical Data (mental impairment: level, socio-economic status, life
# events), 40 adults
MENTAL = (
    "0 1 1;0 1 9;0 1 4;0 1 3;0 0 2;0 1 0;0 0 1;0 1 3;0 1 3;0 1 7;0 0 1;0 0 2;1 1 5;1 0 6;1 1 3;1 0 1;1 1 8;1 1 2;1 0 5;"
    "1 1 5;1 1 9;1 0 3;1 1 3;1 1 1;2 0 0;2 1 4;2 0 3;2 0 9;2 1 6;2 0 4;2 0 3;3 1 8;3 1 2;3 1 7;3 0 5;3 0 4;3 0 4;3 1 8;"
    "3 0 8;3 0 9"
)


def table(text):
    return np.array([[float(x) for x in row.split()] for row in text.split(";")])


class TestPotthoffRoy:
    @pytest.fixture
    def rows(self):
        y = table(BOYS + ";" + GIRLS)
        girl = np.repeat(np.arange(27) >= 16, 4) * 1.0
        return np.repeat(np.arange(27), 4), np.tile([8.0, 10, 12, 14], 27), girl, y.ravel()

    def test_random_intercept(self, rows):
        # Pinheiro & Bates 2000, Mixed-Effects Models, and nlme's lme(distance ~ age + Sex, random = ~1 | Subject),
        # REML:
        # 17.70671 (0.8339), age 0.66019 (0.0616), girls -2.32102 (0.7614); SD 1.807425 and 1.431592; logLik -218.7563
        person, age, girl, y = rows
        fit = mixed_model(person, age, np.column_stack([np.ones(108), age, girl]), y, "random_intercept")
        assert fit.coefficients == pytest.approx([17.70671, 0.66019, -2.32102], rel=1e-5)
        assert np.sqrt(np.diag(fit.covariance)) == pytest.approx([0.833922, 0.061606, 0.761417], rel=1e-5)
        assert fit.errors[0, 1] ** 0.5 == pytest.approx(1.807425, rel=1e-5)
        assert (fit.errors[0, 0] - fit.errors[0, 1]) ** 0.5 == pytest.approx(1.431592, rel=1e-5)
        assert fit.restricted_log_likelihood == pytest.approx(-218.7563, rel=1e-6)
        # nlme and SAS: 25 degrees of freedom for sex, 80 for age
        assert [fit.contrast(np.eye(3)[i]).df for i in (1, 2)] == pytest.approx([80, 25], rel=1e-6)

    def test_unstructured(self, rows):
        # SAS PROC MIXED, REML, type=un, sex, age and their product: -2 res log likelihood 424.5, 25 degrees of freedom;
        # slopes of boys 0.8268 and of girls 0.4764
        person, age, girl, y = rows
        fit = mixed_model(person, age, np.column_stack([np.ones(108), girl, age, girl * age]), y)
        assert -2 * fit.restricted_log_likelihood == pytest.approx(424.5, abs=0.06)
        slopes = [fit.contrast(c) for c in ([0, 0, 1, 0], [0, 0, 1, 1])]
        assert [x.value for x in slopes] == pytest.approx([0.8268, 0.4764], abs=5e-5)
        assert slopes[0].df == pytest.approx(25)

    def test_complete_waves_give_the_plain_difference_in_change(self, rows):
        person, age, girl, y = rows
        change = y.reshape(27, 4)[:, 3] - y.reshape(27, 4)[:, 0]
        plain = change[16:].mean() - change[:16].mean()
        for engine in ("mixed_model", "random_intercept", "gee", "gee_independence"):
            found = repeated_measures(person, age, y, girl, 14.0, engine=engine, constrained=False)
            assert found.headline.value == pytest.approx(plain, rel=1e-8)
            assert (found.people, found.rows) == (27, 108)


def test_mental_impairment():
    # Agresti 2013, section 8.2.3: thresholds -0.282, 1.213, 2.209; life events -0.319 (0.119) and status 1.111
    # (0.614) on
    # P(Y <= j): SAS's errors are by Fisher scoring; the observed information (Stata, R polr) gives 0.1210 and 0.6109
    data = table(MENTAL)
    fit = proportional_odds(data[:, 0], data[:, 1:])
    assert fit.thresholds == pytest.approx([-0.282, 1.213, 2.209], abs=5e-4)
    assert fit.coefficients == pytest.approx([-1.111, 0.319], abs=5e-4)
    assert np.sqrt(np.diag(fit.covariance)) == pytest.approx([0.6109, 0.1210], abs=5e-5)
    assert fit.brant.df == 4


def test_pain_scores():
    # Brunner & Munzel 2000 (shoulder pain, 14 v 11): 3.1375 on 17.683 df, p 0.005786, 0.788961 (0.5952169, 0.9827052)
    y = [1, 2, 1, 1, 1, 1, 1, 1, 1, 1, 2, 4, 1, 1]
    n = [3, 3, 4, 3, 1, 2, 3, 1, 1, 5, 4]
    found = rank_comparison(n + y, [1] * 11 + [0] * 14).superiority
    assert (found.value, found.lower, found.upper) == pytest.approx((0.788961, 0.5952169, 0.9827052), rel=1e-6)
    assert (found.statistic, found.df, found.p) == pytest.approx((3.1375, 17.683, 0.005786), rel=1e-4)


def test_depression_scores():
    # Hollander & Wolfe 1973, table 3.1, nine patients; R wilcox.test(paired, conf.int): 0.46 (0.01, 0.786), p 0.0390625
    before = np.array([1.83, 0.50, 1.62, 2.48, 1.68, 1.88, 1.55, 3.06, 1.30])
    after = np.array([0.878, 0.647, 0.598, 2.05, 1.06, 1.29, 1.06, 3.14, 1.29])
    found = paired_means(Pairs(before, after)).hodges_lehmann
    assert (found.value, found.lower, found.upper) == pytest.approx((0.46, 0.010, 0.786), abs=1e-9)
    assert found.p == pytest.approx(0.0390625)


def test_sleep():
    # Student 1908, Cushny & Peebles' ten patients; R t.test(paired): -1.58 (-2.459886, -0.700114), t -4.0621, p
    # 0.002833
    one = np.array([0.7, -1.6, -0.2, -1.2, -0.1, 3.4, 3.7, 0.8, 0.0, 2.0])
    two = np.array([1.9, 0.8, 1.1, 0.1, -0.1, 4.4, 5.5, 1.6, 4.6, 3.4])
    found = paired_means(Pairs(one, two)).mean
    assert (found.value, found.lower, found.upper) == pytest.approx((-1.58, -2.4598858, -0.7001142), rel=1e-6)
    assert (found.statistic, found.df, found.p) == pytest.approx((-4.0621, 9, 0.002833), rel=1e-4)
