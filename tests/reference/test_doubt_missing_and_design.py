"""Published numbers: Lee bounds, Rubin's rules, minimum detectable effects, type S and M errors."""

from math import inf, sqrt

import numpy as np
import pytest
from scipy.stats import nct
from scipy.stats import t as student
from statsmodels.stats.power import TTestIndPower

from pipelines.estimation.doubt.arrived import (
    Arrived,
    detectable,
    detectable_sentence,
    expected_half_width,
    power_of,
    units_needed,
)
from pipelines.estimation.doubt.lee import lee_bounds
from pipelines.estimation.doubt.outliers import robust_differences
from pipelines.estimation.doubt.partial_identification import imbens_manski
from pipelines.estimation.doubt.rubin import imputations_needed, pool
from pipelines.estimation.doubt.sign_and_size import sign_and_size


def test_lee():
    # Lee 2009, by hand: 8 of 10 treated with 1..8, 6 of 10 controls with 1..6: trim 0.25, bounds 0 and 2
    outcome = np.array([*range(1, 9), np.nan, np.nan, *range(1, 7), *[np.nan] * 4], dtype=float)
    found = lee_bounds(outcome, np.arange(20) < 10)
    assert (found.trim, found.lower, found.upper, found.trimmed) == (pytest.approx(0.25), 0.0, 2.0, "treatment")


def test_imbens_manski_ends():
    # Imbens & Manski 2004: without width the two-sided, with much width the one-sided critical value
    assert imbens_manski(0, 0, 1, 1) == pytest.approx((-1.959964, 1.959964), abs=1e-5)
    assert imbens_manski(0, 100, 1, 1) == pytest.approx((-1.644854, 101.644854), abs=1e-5)


def test_rubin():
    # methods.md; Barnard & Rubin 1999 with 98 complete-data degrees of freedom
    found = pool((10.2, 11.0, 9.6, 10.8, 10.4), (4.0, 4.2, 3.9, 4.1, 4.0), 98)
    assert (found.result.value, found.total, found.result.df, found.fraction_missing) == pytest.approx(
        (10.4, 4.40, 76.85555, 0.104814), rel=1e-5
    )
    assert found.relative_efficiency == pytest.approx(1 / (1 + 0.104814 / 5), rel=1e-6)
    assert found.monte_carlo_error == pytest.approx(sqrt(0.3 / 5))


def test_imputations_needed():
    # White, Royston & Wood 2011: as many as the percentage of incomplete cases
    assert [imputations_needed(x) for x in (0.0, 0.1, 0.29, 0.305, 1.0)] == [20, 20, 29, 31, 100]


@pytest.mark.parametrize(
    ("design", "expected", "tolerance"),
    [
        (Arrived(200, 200), 0.28085, 2e-5),
        (Arrived(125, 125), 0.35578, 2e-5),
        (Arrived(10, 10, 15, 0.2), 0.66694, 2e-5),
        (Arrived(10, 10, 15, 0.17), 0.629, 1e-3),
        (Arrived(20, 20, 50, 0.10), 0.312, 2e-3),
    ],
)
def test_detectable(design, expected, tolerance):
    # Dong & Maynard 2013 (PowerUp!): IRA and CRA, two-sided 5%, power 80%
    assert detectable(design).standardised == pytest.approx(expected, rel=tolerance)


def test_detectable_against_a_large_comparison():
    # A pilot of 142 against a national rate of 56%: 11.7 percentage points either way
    found = detectable(Arrived(142, 10_000_000), sqrt(0.56 * 0.44))
    assert found.value == pytest.approx(0.117, abs=5e-4)
    assert "11.7 percentage points" in detectable_sentence(found, "percentage points", 100)


def test_individual_design_by_hand():
    # Bloom 1995: two quantiles of t times the standard error
    multiplier = student.ppf(0.975, 125) + student.ppf(0.8, 125)
    assert detectable(Arrived(37, 90), 2.5).value == pytest.approx(multiplier * 2.5 * sqrt(1 / 37 + 1 / 90))


def test_power_against_statsmodels():
    theirs = TTestIndPower().power(0.4, 60, 0.05, ratio=1.5)
    assert power_of(Arrived(60, 90), 0.4) == pytest.approx(theirs, rel=1e-8)


def test_cluster_power_by_hand():
    # Murray 1998: noncentral t on J - 2 degrees of freedom
    shift = 0.6 / sqrt((0.2 + 0.8 / 15) * 0.2)
    cut = student.ppf(0.975, 18)
    expected = nct.sf(cut, 18, shift) + nct.cdf(-cut, 18, shift)
    assert power_of(Arrived(10, 10, 15, 0.2), 0.6) == pytest.approx(expected)


def test_units_needed():
    # The fewest at which the published effects are detectable, by definition
    assert units_needed(Arrived(50, 50), 0.28085) == (200, 200)
    assert units_needed(Arrived(5, 5, 50, 0.10), 0.3125) == (20, 20)
    assert units_needed(Arrived(50, 50), 0.28085, loss=0.2) == (250, 250)


def test_unequal_clusters():
    # Eldridge, Ashby & Kerry 2006: 1 + ((1 + cv^2) m - 1) icc
    design = Arrived(10, 10, 20, 0.05, cv=0.65)
    assert design.design_effect == pytest.approx(1 + ((1 + 0.65**2) * 20 - 1) * 0.05)
    assert design.error == pytest.approx(sqrt(design.design_effect * 2 / 200))
    assert expected_half_width(design) == pytest.approx(student.ppf(0.975, 18) * design.error)


@pytest.mark.parametrize(
    ("effect", "se", "expected"),
    [
        # Gelman & Carlin 2014, Perspectives on Psychological Science 9:641-651: beautiful parents (0.1 and 0.3 against
        # 3.3 percentage points: power .05, type S .46 and 0.39-0.40, type M 77 and 25), and political ovulation
        # (2 against 8.1: .06, .24, 9.7)
        (0.1, 3.3, (0.05, 0.46, 77)),
        (0.3, 3.3, (0.05, 0.40, 26)),
        (2.0, 8.1, (0.057, 0.24, 9.6)),
    ],
)
def test_sign_and_size(effect, se, expected):
    found = sign_and_size(effect, se)
    assert (found.power, found.wrong_sign) == pytest.approx(expected[:2], abs=0.012)
    assert found.exaggeration == pytest.approx(expected[2], rel=0.03)
    assert sign_and_size(effect, se, 1e7).exaggeration == pytest.approx(
        sign_and_size(effect, se, inf).exaggeration, rel=1e-5
    )


def test_yuen():
    # Yuen 1974 as in scipy's ttest_ind(trim=), which implements the paper
    from scipy.stats import ttest_ind

    rng = np.random.default_rng(3)
    a, b = rng.standard_t(2, 25), rng.standard_t(2, 31) + 0.5
    ours = next(o.result for o in robust_differences(a, b, 0.2).others if o.name == "trimmed")
    theirs = ttest_ind(a, b, equal_var=False, trim=0.2)
    assert (ours.statistic, ours.df, ours.p) == pytest.approx((theirs.statistic, theirs.df, theirs.pvalue))
