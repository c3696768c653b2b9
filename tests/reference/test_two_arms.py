"""Published comparisons of two arms: means and proportions, unadjusted and adjusted, and their balance."""

import numpy as np
import pandas as pd
import pytest
from lifelines.datasets import load_rossi

from pipelines.estimation import Design, EstimationRefusal, estimate
from pipelines.estimation.balance import balance_table, worst_light
from pipelines.estimation.covariance import least_squares_hc2

NSW = ("age", "educ", "black", "hisp", "marr", "nodegree", "re74", "re75")
WITHOUT_CAUSALDATA = "the causaldata package, which carries the NSW data, is not installed"


def two_by_two(events: int, n: int, events_comparison: int, n_comparison: int) -> pd.DataFrame:
    """One row per person of a two-by-two table."""
    arm = ["treatment"] * n + ["comparison"] * n_comparison
    value = [1] * events + [0] * (n - events) + [1] * events_comparison + [0] * (n_comparison - events_comparison)
    return pd.DataFrame({"arm": arm, "value": value})


def other(estimate, name):
    return next(found.result for found in estimate.others if found.name == name)


@pytest.fixture(scope="module")
def nsw() -> pd.DataFrame:
    causaldata = pytest.importorskip("causaldata", reason=WITHOUT_CAUSALDATA)
    data = causaldata.nsw_mixtape.load_pandas().data
    return data.assign(arm=data["treat"].map({1: "treatment", 0: "comparison"}), value=data["re78"])


@pytest.fixture(scope="module")
def nsw_with_cps(nsw) -> pd.DataFrame:
    causaldata = pytest.importorskip("causaldata", reason=WITHOUT_CAUSALDATA)
    controls = causaldata.cps_mixtape.load_pandas().data
    return pd.concat([nsw[nsw["treat"] == 1], controls.assign(arm="comparison", value=controls["re78"])])


class TestNsw:
    """LaLonde 1986 in Dehejia & Wahba's 1999 selection (causaldata nsw_mixtape); numbers by statsmodels OLS, HC2."""

    def test_difference_in_means(self, nsw):
        found = estimate(nsw, Design("continuous", "dollars"))
        assert found.n == {"treatment": 185, "comparison": 260}
        assert found.summary["treatment"].mean == pytest.approx(6349.144, rel=1e-6)
        assert found.summary["comparison"].mean == pytest.approx(4554.801, rel=1e-6)
        assert found.value == pytest.approx(1794.3433, rel=1e-6)
        assert found.se == pytest.approx(670.9965, rel=1e-6)

    def test_lin_stands_beside(self, nsw):
        found = other(estimate(nsw, Design("continuous", "dollars", covariates=NSW)), "Lin")
        assert found.value == pytest.approx(1621.5831, rel=1e-6)
        assert found.se == pytest.approx(694.7216, rel=1e-6)

    def test_lin_leads_when_declared(self, nsw):
        found = estimate(nsw, Design("continuous", "dollars", covariates=NSW, adjusted=True))
        assert found.value == pytest.approx(1621.5831, rel=1e-6)
        assert other(found, "unadjusted").value == pytest.approx(1794.3433, rel=1e-6)

    def test_regression_without_interactions(self, nsw):
        columns = np.column_stack([np.ones(len(nsw)), nsw[["treat", *NSW]].to_numpy(dtype=float)])
        fit = least_squares_hc2(columns, nsw["value"].to_numpy(dtype=float))
        assert fit.coefficients[1] == pytest.approx(1676.3426, rel=1e-6)
        assert np.sqrt(fit.covariance[1, 1]) == pytest.approx(677.0491, rel=1e-6)

    def test_bias_of_an_unmatched_comparison(self, nsw_with_cps):
        design = Design("continuous", "dollars", assignment="not_randomised", kind="observational_unadjusted")
        found = estimate(nsw_with_cps, design)
        assert sum(found.n.values()) == 16_177
        assert found.value == pytest.approx(-8497.516, rel=1e-6)
        assert any("never as an effect" in warning for warning in found.warnings)

    def test_comparison_group_is_red(self, nsw_with_cps):
        rows = balance_table(nsw_with_cps, NSW)
        assert worst_light(rows) == "red"
        # Hispanic origin alone is close: 5.9% v 7.2%
        assert [row.covariate for row in rows if row.light != "red"] == ["hisp"]


class TestRossi:
    """Rossi, Berk & Lenihan 1980 (432 men; lifelines' copy)."""

    def found(self):
        data = load_rossi()
        arm = data["fin"].map({1: "treatment", 0: "comparison"})
        return estimate(pd.DataFrame({"arm": arm, "value": data["arrest"]}), Design("binary", ""))

    def test_risk_difference(self):
        found = self.found()
        assert found.events == {"treatment": 48, "comparison": 66}
        assert found.value == pytest.approx(-0.083333, rel=1e-5)

    def test_wald_interval_stands_beside(self):
        # Variances p(1-p)/n and the normal quantile: not the headline's HC2, which divides by n - 1 and uses t
        wald = other(self.found(), "Wald")
        assert (wald.lower, wald.upper) == pytest.approx((-0.166084, -0.000583), rel=1e-3)
        assert wald.lower == pytest.approx(-0.166084, rel=1e-5)

    def test_chi_square(self):
        found = other(self.found(), "chi-square")
        assert (found.statistic, found.p) == pytest.approx((3.8610, 0.04942), rel=1e-4)


@pytest.mark.parametrize(
    ("counts", "value", "se"),
    [
        # UMARU Impact Study (Hosmer, Lemeshow & May 2008): return to drug use by day 180, long
        # (treatment) v short programme, sites A and B
        ((91, 202, 126, 198), -0.185869, 0.04905),
        ((38, 84, 43, 91), -0.020147, 0.07586),
    ],
)
def test_uis_sites(counts, value, se):
    found = estimate(two_by_two(*counts), Design("binary", ""))
    assert (found.value, found.se) == pytest.approx((value, se), rel=1e-4)
    assert (found.measure, found.unit, found.scale) == ("risk difference", "percentage points", 100)


def test_newcombe_stands_beside():
    # Newcombe 1998, Statistics in Medicine 17:873-890, table II (a), method 10
    found = other(estimate(two_by_two(56, 70, 48, 80), Design("binary", "")), "Newcombe")
    assert (found.lower, found.upper) == pytest.approx((0.052431, 0.333873), rel=1e-4)


def test_newcombe_leads_when_an_arm_does_not_vary():
    # The same table, (h): 10/10 v 0/10
    found = estimate(two_by_two(10, 10, 0, 10), Design("binary", ""))
    assert (found.lower, found.upper) == pytest.approx((0.607509, 1.0), rel=1e-4)
    assert (found.se, found.p) == (None, None)
    assert found.engine == "difference in proportions, Newcombe"
    assert len(found.warnings) == 2
    assert other(found, "Fisher").p == pytest.approx(2 / 184_756)


def test_welch_nist_example():
    # NIST/SEMATECH e-Handbook, section 1.3.5.3 (AUTO83B): US cars 20.14458 (SD 6.41470, n 249) against Japanese cars
    # 30.48101
    # (SD 6.10771, n 79): unequal-variance t -12.94627, rebuilt here as data with exactly these moments
    def moments(n, mean, sd):
        x = np.linspace(-1, 1, n)
        return mean + sd * (x - x.mean()) / x.std(ddof=1)

    us, japan = moments(249, 20.14458, 6.41470), moments(79, 30.48101, 6.10771)
    frame = pd.DataFrame({"arm": ["treatment"] * 249 + ["comparison"] * 79, "value": [*us, *japan]})
    found = estimate(frame, Design("continuous", "miles per gallon"))
    assert (found.statistic, found.df) == pytest.approx((-12.94627, 136.8750), rel=1e-4)


class TestRefusalsAndFloors:
    def refused(self, frame, design, match):
        with pytest.raises(EstimationRefusal, match=match) as caught:
            estimate(frame, design)
        assert caught.value.alternative

    @pytest.mark.parametrize("outcome_type", ["binary", "continuous", "count"])
    def test_one_arm_missing(self, outcome_type):
        frame = two_by_two(5, 20, 5, 20).query("arm == 'treatment'")
        self.refused(frame, Design(outcome_type, "x"), "Nobody is in the comparison arm")

    def test_unknown_arm_is_not_quoted(self):
        frame = two_by_two(5, 20, 5, 20).replace({"arm": {"treatment": "Jo Bloggs"}})
        with pytest.raises(EstimationRefusal) as caught:
            estimate(frame, Design("binary", ""))
        assert "Bloggs" not in str(caught.value)

    def test_no_outcome_known(self):
        frame = two_by_two(5, 20, 5, 20)
        frame = frame.assign(value=frame["value"].where(frame["arm"] == "treatment"))
        self.refused(frame, Design("binary", ""), "No outcome is known in the comparison arm")

    @pytest.mark.parametrize(
        ("value", "outcome_type", "match"),
        [
            (2, "binary", "0 and 1"),
            (-1, "count", "below zero"),
            ("x", "continuous", "number"),
            (np.inf, "count", "number"),
        ],
    )
    def test_impossible_values(self, value, outcome_type, match):
        frame = two_by_two(5, 20, 5, 20).astype({"value": object})
        frame.loc[3, "value"] = value
        self.refused(frame, Design(outcome_type, "x"), match)

    def test_absent_columns(self):
        frame = two_by_two(15, 30, 5, 30)
        self.refused(frame.drop(columns="value"), Design("binary", ""), "no column value")
        self.refused(frame, Design("binary", "", covariates=("age",)), "no covariate age")

    @pytest.mark.parametrize(
        "fields",
        [
            {"outcome_type": "nominal"},
            {"level": 95},
            {"outcome_type": "time_to_event"},
            {"floor_per_arm": 1},
            {"kind": "observational_unadjusted"},
            {"kind": "wishful"},
            {"assignment": "by_lot"},
            {"adjusted": True},
        ],
    )
    def test_contradictory_designs(self, fields):
        with pytest.raises(EstimationRefusal):
            Design(**{"outcome_type": "binary", "unit": "", **fields})

    def test_below_the_floor_is_described_only(self):
        for frame, design in (
            (two_by_two(4, 9, 15, 30), Design("binary", "")),
            (two_by_two(4, 30, 15, 30), Design("binary", "", floor_events=5)),
            (two_by_two(4, 9, 15, 30), Design("count", "arrests")),
            (two_by_two(0, 30, 0, 30), Design("continuous", "x")),
        ):
            found = estimate(frame, design)
            assert found.description_only
            assert found.description_reason
            assert (found.value, found.lower, found.p, found.effect_size, found.others) == (None, None, None, None, ())
            assert found.summary["comparison"].mean is not None

    def test_missing_outcomes_are_counted_in_fields_and_not_in_warnings(self):
        frame = two_by_two(15, 30, 5, 30)
        frame.loc[:6, "value"] = np.nan
        found = estimate(frame, Design("binary", ""))
        assert (found.missing, found.n["treatment"]) == ({"treatment": 7, "comparison": 0}, 23)
        assert not any(character.isdigit() for warning in found.warnings for character in warning)


class TestCovariatesThatCannotBeUsed:
    def frame(self, n=40):
        rows = pd.concat([two_by_two(n // 2, n, n // 4, n)], ignore_index=True)
        return rows.assign(age=np.arange(2 * n) % 7 * 1.0, area=["north", "south", "east", None] * (n // 2))

    def test_categories_and_unknown_values(self):
        frame = self.frame().assign(age=lambda rows: rows["age"].where(rows["age"] > 0))
        found = estimate(frame, Design("binary", "", covariates=("age", "area")))
        assert other(found, "Lin").se > 0
        assert any("marked as unknown" in warning for warning in found.warnings)

    def test_too_few_people(self):
        covariates = ("age", "area")
        found = estimate(self.frame(12), Design("binary", "", covariates=covariates, adjusted=True))
        assert "Lin" not in [beside.name for beside in found.others]
        assert found.engine == "difference in proportions, HC2"
        assert any("too few people" in warning for warning in found.warnings)
        assert any("unadjusted difference leads" in warning for warning in found.warnings)

    def test_one_person_alone(self):
        frame = self.frame().assign(rare=0.0)
        frame.loc[[0, 40], "rare"] = 1.0
        found = estimate(frame, Design("binary", "", covariates=("rare",)))
        assert any("one person alone" in warning for warning in found.warnings)

    def test_repeated_and_constant_covariates_are_left_out(self):
        frame = self.frame().assign(months=lambda rows: 12 * rows["age"], same=1)
        found = estimate(frame, Design("binary", "", covariates=("age", "months", "same")))
        alone = estimate(frame, Design("binary", "", covariates=("age",)))
        assert other(found, "Lin") == pytest.approx(other(alone, "Lin")) or other(found, "Lin") == other(alone, "Lin")
        assert any("months, same" in warning for warning in found.warnings)

    def test_strata_are_categories(self):
        frame = self.frame().assign(stratum=[1, 2, 3, 4] * 20)
        found = estimate(frame, Design("binary", ""))
        named = estimate(frame.assign(stratum=frame["stratum"].map(str)), Design("binary", "", covariates=("stratum",)))
        assert other(found, "Lin") == other(named, "Lin")


class TestBalance:
    """By hand: Austin 2009, Statistics in Medicine 28:3083-3107."""

    frame = pd.DataFrame(
        {
            "arm": ["treatment"] * 4 + ["comparison"] * 4,
            "age": [20.0, 30.0, 40.0, np.nan, 20.0, 20.0, 30.0, 30.0],
            "area": ["n", "n", "n", "s", "n", "s", "s", None],
            "same": 1,
        }
    )

    def test_number(self):
        (row,) = balance_table(self.frame, ("age",))
        assert (row.n, row.missing) == ({"treatment": 3, "comparison": 4}, {"treatment": 1, "comparison": 0})
        assert row.smd == pytest.approx(5 / np.sqrt((100 + 100 / 3) / 2))
        assert row.variance_ratio == pytest.approx(3)
        assert row.light == "red"

    def test_category(self):
        north, south = balance_table(self.frame, ("area",))
        assert (north.level, south.level) == ("n", "s")
        assert north.smd == pytest.approx((3 / 4 - 1 / 3) / np.sqrt((3 / 16 + 2 / 9) / 2))
        assert south.smd == pytest.approx(-north.smd)
        assert (north.missing["comparison"], north.variance_ratio) == (1, None)

    def test_constant_and_unknown(self):
        (row,) = balance_table(self.frame, ("same",))
        assert (row.smd, row.light) == (0.0, "green")
        (row,) = balance_table(self.frame.assign(same=(self.frame["arm"] == "treatment") * 1), ("same",))
        assert (row.smd, row.light) == (None, "red")
        (row,) = balance_table(self.frame.assign(same=np.nan), ("same",))
        assert (row.smd, row.light, row.n) == (None, None, {"treatment": 0, "comparison": 0})
