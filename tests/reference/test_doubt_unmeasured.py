"""Published numbers: E-values, robustness values with benchmarks, Rosenbaum bounds."""

from pathlib import Path

import pandas as pd
import pytest

from pipelines.estimation.doubt.benchmark import benchmark
from pipelines.estimation.doubt.discordant_pairs import discordant_pair_bounds
from pipelines.estimation.doubt.e_value import (
    hazard_ratio_e_value,
    odds_ratio_e_value,
    risk_ratio_e_value,
    standardised_e_value,
)
from pipelines.estimation.doubt.e_value_difference import counts_e_value, difference_e_value
from pipelines.estimation.doubt.omitted_variable import robustness
from pipelines.estimation.doubt.signed_rank import signed_rank_bounds

DATA = Path(__file__).parent / "data"
GAMMAS = (1.0, 2.0, 3.0, 4.0, 4.25, 5.0)


def test_e_value_of_the_paper():
    # VanderWeele & Ding 2017, Annals of Internal Medicine 167:268-274: maternal breastfeeding and respiratory death,
    # RR 3.9 (1.8, 8.7): E-values 7.26 and 3.0; smoking-type example RR 0.80 (0.71, 0.91): 1.81 and 1.43
    found = risk_ratio_e_value(3.9, 1.8, 8.7)
    assert (found.estimate, found.limit) == pytest.approx((7.2630, 3.0), rel=1e-5)
    found = risk_ratio_e_value(0.80, 0.71, 0.91)
    assert (found.estimate, found.limit) == pytest.approx((1.81, 1.43), abs=0.005)


def test_e_value_of_a_risk_difference():
    # Ding & VanderWeele 2016: Hammond & Horn 1958, 397/78,954 v 51/108,829: RR 10.73. The R package EValue, whose grid
    # step is 1e-4, gives 20.95 and 15.957 for these counts (evalues.RD)
    found = counts_e_value(397, 78557 + 397, 51, 108778 + 51)
    assert found.risk_ratio == pytest.approx(10.73, abs=0.005)
    assert found.estimate == pytest.approx(20.94734, rel=1e-6)
    assert found.limit == pytest.approx(15.957, rel=1e-4)


def test_e_values_through_conversion():
    # VanderWeele & Ding 2017, table 2, by hand
    assert odds_ratio_e_value(4.0, common=True).estimate == pytest.approx(2 + 2**0.5)
    assert odds_ratio_e_value(4.0, common=False).estimate == pytest.approx(4 + 12**0.5)
    ratio = (1 - 0.5 ** (0.56**0.5)) / (1 - 0.5 ** (0.56**-0.5))
    assert hazard_ratio_e_value(0.56, common=True).estimate == pytest.approx(
        1 / ratio + (1 / ratio * (1 / ratio - 1)) ** 0.5
    )
    found = standardised_e_value(0.42, 0.14)  # exp(0.91 x 0.42) = 1.4655, lower exp(0.3822 - 0.2492) = 1.1423
    assert (found.risk_ratio, found.lower) == pytest.approx((1.46551, 1.14225), rel=1e-4)
    assert difference_e_value(0.2, 0.05, 0.35, 0.2).estimate == pytest.approx(2 + 2**0.5)


def test_robustness_darfur():
    # Cinelli & Hazlett 2020, JRSS B 82:39-67, table 1
    found = robustness(0.097316, 0.023257, 783)
    assert (found.partial_r2, found.value, found.value_alpha) == pytest.approx((0.021873, 0.138776, 0.076258), rel=1e-4)


def test_benchmarks_darfur():
    # The same table, from the rows; bounds 1x, 2x, 3x female as the authors' package sensemakr prints them
    frame = pd.read_csv(DATA / "darfur.csv")
    columns = frame[["age", "farmer_dar", "herder_dar", "pastvoted", "hhsize_darfur", "female"]]
    covariates = pd.concat([columns, pd.get_dummies(frame["village"], drop_first=True)], axis=1).to_numpy(float)
    treatment = frame["directlyharmed"].to_numpy(float)
    found = benchmark(frame["peacefactor"].to_numpy(), treatment, covariates, {"female": [5]})
    fit = found.robustness
    assert (fit.estimate, fit.se, fit.df) == pytest.approx((0.097316, 0.023257, 783), rel=2e-5)
    expected = [
        (0.009164, 0.124641, 0.075220, 0.021873, 3.438904, 0.032283, 0.118158),
        (0.018329, 0.249324, 0.052915, 0.020350, 2.600246, 0.012968, 0.092862),
        (0.027493, 0.374050, 0.030396, 0.018670, 1.628062, -0.006253, 0.067045),
    ]
    for row, numbers in zip(found.benchmarks, expected, strict=True):
        r = row.result
        assert (row.r2_treatment, row.r2_outcome, r.value, r.se, r.statistic, r.lower, r.upper) == pytest.approx(
            numbers, rel=1e-4
        )


@pytest.fixture(scope="module")
def lead():
    frame = pd.read_csv(DATA / "lead.csv").astype(float)
    return frame["exposed"].to_numpy(), frame["control"].to_numpy()


@pytest.mark.parametrize(
    ("zeros", "statistic", "expected"),
    [
        ("kept", 527.0, (0.0018, 0.0136, 0.0388, 0.0468, 0.0740)),
        ("dropped", 499.0, (0.0018, 0.0131, 0.0367, 0.0441, 0.0694)),
    ],
)
def test_rosenbaum_lead(lead, zeros, statistic, expected):
    # Rosenbaum 2002, Observational Studies, 2nd ed., table 4.2 (first convention); see methods.md for both
    found = signed_rank_bounds(*lead, GAMMAS, zeros, method="normal")
    assert found.statistic == statistic
    assert [round(bound.p_upper, 4) for bound in found.bounds[1:]] == list(expected)
    assert 4.25 < found.crosses < 5


def test_rosenbaum_lead_estimates(lead):
    # Rosenbaum 2002, section 4.3: without bias the Hodges-Lehmann estimate is 15 with interval (9.5, 20.5)
    bound = signed_rank_bounds(*lead, (1.0,)).bounds[0]
    assert (bound.estimate_lower, bound.estimate_upper, bound.lower, bound.upper) == (15.0, 15.0, 9.5, 20.5)


def test_rosenbaum_smoking():
    # Hammond 1964 in Rosenbaum 2002, section 4.3.2: of 122 discordant pairs the smoker died in 110; the finding
    # withstands a bias of 5 and no longer one of 6
    found = discordant_pair_bounds(110, 12, (5.0, 6.0))
    assert found.bounds[0].p_upper < 0.05 < found.bounds[1].p_upper
    assert 5 < found.crosses < 6
