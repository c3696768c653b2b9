"""Published effect sizes and detectable effects."""

import numpy as np
import pytest

from pipelines.estimation.effect_sizes import (
    g_variance,
    hedges_g,
    hedges_g_from_summary,
    rate_ratio,
    risk_and_odds_ratio,
    small_sample_factor,
)


@pytest.mark.parametrize(("df", "expected"), [(10, 0.922746), (20, 0.961945), (38, 0.980110)])
def test_small_sample_factor(df, expected):
    # Hedges 1981; exact gamma form, values as in Hedges 2007
    assert small_sample_factor(df) == pytest.approx(expected, rel=1e-6)


def test_hedges_g_borenstein():
    # Borenstein et al. 2009, Introduction to Meta-Analysis, ch. 4, worked example: 103 v 100, SD 5.5 v 4.5, 50 each:
    # d .5970, g .5924, V_g .0411
    size = hedges_g_from_summary((103, 100), (5.5, 4.5), (50, 50))
    assert size.value == pytest.approx(0.5924, abs=5e-5)
    assert g_variance(0.5970, (50, 50)) == pytest.approx(0.0411, abs=5e-5)
    assert (size.lower, size.upper) == pytest.approx(
        (0.5924 - 1.96 * 0.0411**0.5, 0.5924 + 1.96 * 0.0411**0.5), abs=1e-3
    )


def test_hedges_g_of_rows_is_that_of_their_summary():
    treatment, comparison = np.array([1.0, 2.0, 4.0, 9.0]), np.array([0.0, 1.0, 5.0])
    means, sds = (4.0, 2.0), (treatment.std(ddof=1), comparison.std(ddof=1))
    assert hedges_g(treatment, comparison) == hedges_g_from_summary(means, sds, (4, 3))


def test_odds_ratio_rossi():
    # Rossi, Berk & Lenihan 1980 (lifelines' copy): logistic regression of arrest on fin, -0.431782 (0.220463)
    risk, odds, halves = risk_and_odds_ratio(48, 216, 66, 216)
    assert np.log(odds.value) == pytest.approx(-0.431782, rel=1e-5)
    assert odds.se == pytest.approx(0.220463, rel=1e-5)
    assert risk.value == pytest.approx(48 / 66)
    assert not halves


def test_risk_ratio_physicians_health_study():
    # Agresti 2013, Categorical Data Analysis, 3rd ed., section 3.1: aspirin and heart attack, 189/11034 v 104/11037
    # (placebo
    # first): relative risk 1.82 (1.43, 2.30; 2.306 before rounding), odds ratio 1.83 (1.44, 2.33)
    risk, odds, _ = risk_and_odds_ratio(189, 11034, 104, 11037)
    assert (risk.value, risk.lower, risk.upper) == pytest.approx((1.82, 1.43, 2.31), abs=0.006)
    assert (odds.value, odds.lower, odds.upper) == pytest.approx((1.83, 1.44, 2.33), abs=0.006)


def test_halves_only_for_an_empty_cell():
    # Haldane 1956, Anscombe 1956: (a + 1/2)(d + 1/2) / ((b + 1/2)(c + 1/2)), by hand for 0/10 v 5/10
    _, odds, halves = risk_and_odds_ratio(0, 10, 5, 10)
    assert halves
    assert odds.value == pytest.approx(0.5 * 5.5 / (10.5 * 5.5))


def test_rate_ratio_of_poisson_like_counts_has_the_textbook_error():
    # When an arm's variance equals its mean, the delta method gives sqrt(1/events + 1/events), up to n/(n - 1)
    treatment, comparison = np.repeat([0.0, 2.0], 500), np.repeat([0.0, 2.0], 250)
    size = rate_ratio(treatment, comparison)
    se = np.log(size.upper / size.lower) / (2 * 1.959964)
    assert size.value == 1.0
    assert se == pytest.approx((1 / 1000 + 1 / 500) ** 0.5, rel=2e-3)
