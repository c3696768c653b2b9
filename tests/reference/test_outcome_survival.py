"""Published regressions of times to an event: Cox, proportionality, competing risks, medians."""

from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from lifelines.datasets import load_lung, load_rossi

from pipelines.estimation.competing_risks import cumulative_incidence
from pipelines.estimation.fine_gray import fine_gray
from pipelines.estimation.gray_test import gray_test
from pipelines.estimation.proportional_hazards import cox_regression
from pipelines.estimation.proportionality import proportionality
from pipelines.estimation.rank_tests import GEHAN, median_survival, weighted_log_rank

ROSSI = ["fin", "age", "race", "wexp", "mar", "paro", "prio"]
# Freireich et al. 1963, as printed in Cox & Oakes 1984, table 1.1 (+ is censored)
SIX_MP = [
    "6",
    "6",
    "6",
    "6+",
    "7",
    "9+",
    "10",
    "10+",
    "11+",
    "13",
    "16",
    "17+",
    "19+",
    "20+",
    "22",
    "23",
    "25+",
    "32+",
    "32+",
    "34+",
    "35+",
]
PLACEBO = [
    "1",
    "1",
    "2",
    "2",
    "3",
    "4",
    "4",
    "5",
    "5",
    "8",
    "8",
    "8",
    "8",
    "11",
    "11",
    "12",
    "12",
    "15",
    "17",
    "22",
    "23",
]


def freireich():
    rows = [(float(x.rstrip("+")), not x.endswith("+"), arm) for arm, xs in ((1, SIX_MP), (0, PLACEBO)) for x in xs]
    return tuple(np.array(column, dtype=float) for column in zip(*rows, strict=True))


class TestRossi:
    """Rossi, Berk & Lenihan 1980; Fox & Weisberg 2011, appendix on Cox regression."""

    @pytest.fixture
    def fit(self):
        data = load_rossi()
        return cox_regression(data["week"], data["arrest"], data[ROSSI].to_numpy(dtype=float))

    def test_cox(self, fit):
        found = fit.hazard_ratio(0)
        assert fit.coefficients[0] == pytest.approx(-0.379422, rel=1e-5)
        assert (found.value, found.se) == pytest.approx((0.684257, 0.191380), rel=1e-5)
        assert found.p == pytest.approx(0.0474, abs=5e-5)
        assert (fit.likelihood_ratio.statistic, fit.likelihood_ratio.df) == (pytest.approx(33.2659, rel=1e-5), 7)

    def test_proportionality_by_the_score_test_on_the_kaplan_meier_scale(self, fit):
        # age 0.015, wexp 0.040, all 0.013: these are R's cox.zph from version 3 with its default transform 'km'
        found = proportionality(fit, "km", "score")
        assert found.terms[1].p == pytest.approx(0.015, abs=6e-4)
        assert found.terms[3].p == pytest.approx(0.040, abs=5e-4)
        assert found.overall.p == pytest.approx(0.013, abs=5e-4)
        assert "not the same over time" in found.sentence

    def test_proportionality_as_approximated(self, fit):
        # As lifelines and R before version 3 do it; much smaller p for age and wexp, much the same for all together
        found = proportionality(fit, "identity", "approximate")
        # lifelines 0.30.3, time_transform='identity'
        assert [found.terms[i].p for i in (0, 1, 3)] == pytest.approx([0.8127, 0.0005, 0.0085], abs=5e-5)


def test_lung_cancer():
    # R survival: coxph(Surv(time, status) ~ sex + age, lung): sex -0.513219 (0.167458), age 0.017045 (0.009223)
    data = load_lung()
    fit = cox_regression(data["time"], data["status"], data[["sex", "age"]].to_numpy(dtype=float))
    assert fit.coefficients == pytest.approx([-0.513219, 0.017045], rel=1e-4)
    assert np.sqrt(np.diag(fit.covariance)) == pytest.approx([0.167458, 0.009223], rel=1e-4)
    # survfit(Surv(time, status) ~ 1): median 310 (285, 363), on the log scale; ours is log-log
    assert median_survival(data["time"], data["status"]).value == 310


class TestFreireich:
    def test_cox_by_both_rules_for_ties(self):
        # R survival: efron 1.5721 (0.4124), breslow 1.5092 (0.4096), placebo against 6-MP (Cox 1972: 1.51 by Breslow)
        time, event, arm = freireich()
        for ties, expected in (("efron", (-1.5721, 0.4124)), ("breslow", (-1.5092, 0.4096))):
            fit = cox_regression(time, event, arm[:, None], ties=ties)
            assert (fit.coefficients[0], fit.covariance[0, 0] ** 0.5) == pytest.approx(expected, abs=5e-5)

    def test_ranks(self):
        # Log-rank 16.7929; Gehan 13.4579 (SAS LIFETEST: 16.7929, Wilcoxon 13.4579)
        time, event, arm = freireich()
        assert weighted_log_rank(time, event, arm).statistic == pytest.approx(16.7929, rel=1e-5)
        assert weighted_log_rank(time, event, arm, GEHAN).statistic == pytest.approx(13.4579, rel=1e-5)

    def test_medians(self):
        # SAS LIFETEST: 23 (13, .) and 8 (4, 11) weeks
        time, event, arm = freireich()
        found = [median_survival(time[arm == a], event[arm == a]) for a in (1, 0)]
        assert [(x.value, x.lower, x.upper) for x in found] == [(23, 13, None), (8, 4, 11)]


class TestTransplants:
    """Scrucca, Santucci & Aversa 2010, Bone Marrow Transplantation 45:1388-1395 (177 people)."""

    @pytest.fixture
    def data(self):
        return pd.read_csv(Path(__file__).parent / "data" / "bmtcrr.csv")

    @pytest.mark.parametrize(("of", "statistic", "p"), [(1, 2.8623325, 0.09067592), (2, 0.4481279, 0.50322531)])
    def test_gray(self, data, of, statistic, p):
        # R cmprsk::cuminc(ftime, Status, D)
        found = gray_test(data["ftime"], data["Status"], data["D"], of=of)
        assert (found.statistic, found.p) == pytest.approx((statistic, p), rel=1e-6)

    def test_fine_gray(self, data):
        # Table 3 of the paper (R cmprsk::crr): age, female, AML, CR1, CR2, CR3, PB
        phases = [data["Phase"] == phase for phase in ("CR1", "CR2", "CR3")]
        columns = [data["Age"], data["Sex"] == "F", data["D"] == "AML", *phases, data["Source"] == "PB"]
        fit = fine_gray(data["ftime"], data["Status"], np.column_stack(columns).astype(float))
        expected = [-0.0185, -0.0352, -0.4723, -1.1018, -1.0200, -0.7314, 0.9211]
        errors = [0.0119, 0.2900, 0.3054, 0.3764, 0.3558, 0.5766, 0.5530]
        assert fit.coefficients == pytest.approx(expected, abs=5e-5)
        assert np.sqrt(np.diag(fit.covariance)) == pytest.approx(errors, abs=5e-5)

    def test_shares_of_both_causes_and_of_neither_sum_to_one(self, data):
        both = [cumulative_incidence(data["ftime"], data["Status"], of) for of in (1, 2)]
        any_cause = cumulative_incidence(data["ftime"], (data["Status"] > 0) * 1)
        assert both[0].incidence + both[1].incidence == pytest.approx(any_cause.incidence)
