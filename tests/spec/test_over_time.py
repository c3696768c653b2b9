"""Designs over time and take-up, by example: what is refused, what is warned of, what is said."""

import numpy as np
import pandas as pd
import pytest

from pipelines.estimation.over_time.before_after import Selection, before_after, regression_to_the_mean
from pipelines.estimation.over_time.controlled import controlled
from pipelines.estimation.over_time.fixed_effects import panel_fixed_effects
from pipelines.estimation.over_time.group_time import Staggered
from pipelines.estimation.over_time.interrupted import interrupted
from pipelines.estimation.over_time.panel import first_treated, make_panel
from pipelines.estimation.over_time.placebo import placebo_interruptions, placebo_periods
from pipelines.estimation.over_time.pre_trends import pre_trends
from pipelines.estimation.over_time.segmented import Season, Segmented
from pipelines.estimation.over_time.series import Series, make_series, points_before
from pipelines.estimation.over_time.staggered import staggered
from pipelines.estimation.over_time.two_periods import two_periods
from pipelines.estimation.refusal import EstimationRefusal
from pipelines.estimation.take_up.compliance import complier_effect
from pipelines.estimation.take_up.counts import ArmCounts, complier_effect_from_counts
from pipelines.estimation.take_up.dose import dose_by_assignment, dose_response


def panel(cohorts, periods=4, effect=2.0, seed=0, **more):
    """One unit for each cohort given (None: never)."""
    draw = np.random.default_rng(seed)
    cohort = np.array([np.nan if c is None else c for c in cohorts], dtype=float)
    y = draw.normal(size=(len(cohort), periods)) * 0.5
    y = y + effect * (np.arange(1, periods + 1) >= cohort[:, None])
    unit, period = np.divmod(np.arange(y.size), periods)
    return make_panel(unit, period + 1, cohort[unit], y.ravel(), **more)


class TestStaggered:
    def test_nobody_left_to_compare_with(self):
        with pytest.raises(EstimationRefusal, match="never treated"):
            staggered(panel([2, 2, 3, 3]), Staggered())
        with pytest.raises(EstimationRefusal, match="none is treated later"):
            staggered(panel([3, 3]), Staggered(controls="not_yet"))

    def test_the_last_cohort_serves_those_before_it(self):
        found = staggered(panel([2, 2, 2, 4, 4, 4]), Staggered(controls="not_yet", draws=0))
        assert {one.cell.period for one in found.cells if one.cell.after and one.cell.value is not None} == {2, 3}
        assert any("could not be compared" in warning for warning in found.warnings)
        assert found.two_way is not None

    def test_treated_from_the_start_is_left_out_and_said(self):
        found = staggered(panel([1, 1, 3, 3, None, None]), Staggered(draws=0))
        assert found.left_out == {1: 2}
        assert any("have no before" in warning for warning in found.warnings)
        with pytest.raises(EstimationRefusal, match="before its treatment"):
            staggered(panel([1, 1, None, None]), Staggered())
        with pytest.raises(EstimationRefusal, match="before its treatment"):
            staggered(panel([2, 2, None, None]), Staggered(anticipation=1))
        with pytest.raises(EstimationRefusal, match="No unit is treated"):
            staggered(panel([None, None]), Staggered())

    def test_a_single_treated_unit_has_no_standard_error(self):
        found = staggered(panel([3, None, None, None, None]), Staggered())
        assert found.simple.overall.value is not None
        assert found.simple.overall.se is None
        assert found.dynamic.rows[-1].band is None
        assert any("placebo inference" in warning for warning in found.warnings)

    def test_one_cluster_of_many_treated_units_is_one(self):
        unit, period = np.divmod(np.arange(32), 4)
        y = np.random.default_rng(0).normal(size=32)
        cohort = np.where(unit < 3, 3, np.nan)
        area = np.where(unit < 3, "a", np.where(unit < 6, "b", "c"))
        found = staggered(make_panel(unit, period, cohort, y, cluster=area), Staggered(draws=0))
        assert found.simple.overall.se is None

    def test_anticipation_moves_the_base(self):
        found = staggered(panel([4, 4, None, None], periods=5), Staggered(anticipation=1, draws=0))
        assert {(one.cell.period, one.cell.base) for one in found.cells} == {(2, 1), (3, 2), (4, 2), (5, 2)}

    def test_a_universal_base(self):
        found = staggered(panel([4, 4, None, None], periods=5), Staggered(base="universal", draws=0))
        assert {one.cell.base for one in found.cells} == {3}
        base = next(one for one in found.cells if one.cell.period == 3)
        assert (base.result.value, base.result.se) == (0.0, None)

    def test_treated_after_the_last_period_is_not_treated(self):
        one = staggered(panel([3, 3, None, None]), Staggered(draws=0))
        other = staggered(panel([3, 3, 9, 9]), Staggered(draws=0))
        assert one.simple == other.simple

    def test_the_same_seed_gives_the_same_bits(self):
        data = panel([3, 3, 3, None, None, None])
        assert staggered(data, Staggered(seed=5)) == staggered(data, Staggered(seed=5))

    def test_no_overlap_is_told_cell_by_cell(self):
        X = np.repeat([5.0, 6.0, 7.0, 1.0, 2.0, 3.0], 4)
        found = staggered(panel([3, 3, 3, None, None, None], covariates=X), Staggered(draws=0))
        assert found.simple.overall.value is None
        assert any("overlap" in (one.cell.reason or "") for one in found.cells)

    def test_rows_that_contradict(self):
        with pytest.raises(EstimationRefusal, match="twice"):
            make_panel([1, 1], [1, 1], [np.nan] * 2, [1.0, 2.0])
        with pytest.raises(EstimationRefusal, match="changes over time"):
            make_panel([1, 1], [1, 2], [2, np.nan], [1.0, 2.0])
        with pytest.raises(EstimationRefusal, match="whole number"):
            make_panel([1, 1], [1, 1.5], [2, 2], [1.0, 2.0])
        with pytest.raises(EstimationRefusal, match="switched off"):
            first_treated([1, 1, 1], [1, 2, 3], [0, 1, 0])


class TestTwoPeriods:
    def test_estimand_and_cells(self):
        found = two_periods(panel([3, 3, 3, None, None, None]), (1, 2), (3, 4))
        assert "would have changed as" in found.estimand
        cells = found.cells
        by_hand = cells["treatment after"] - cells["treatment before"]
        by_hand -= cells["comparison after"] - cells["comparison before"]
        assert found.result.value == pytest.approx(by_hand)

    @pytest.mark.parametrize("adjustment", ["regression_on_change", "regression", "weighting", "doubly_robust"])
    def test_covariates(self, adjustment):
        draw = np.random.default_rng(1)
        X = np.repeat(draw.normal(size=40), 4)
        data = panel([3] * 20 + [None] * 20, covariates=X)
        found = two_periods(data, (2,), (3,), adjustment)
        assert found.result.value == pytest.approx(2, abs=0.8)
        assert found.others[0].name == "unadjusted"

    def test_refusals(self):
        with pytest.raises(EstimationRefusal, match="treated before"):
            two_periods(panel([1, 1, None, None]), (1,), (2,))
        with pytest.raises(EstimationRefusal, match="not in the data"):
            two_periods(panel([2, None]), (1,), (9,))
        with pytest.raises(EstimationRefusal, match="comparison group"):
            two_periods(panel([2, 2]), (1,), (2,))
        constant = np.ones(16)
        with pytest.raises(EstimationRefusal, match="covariates"):
            two_periods(panel([2, 2, None, None], covariates=constant), (1,), (2,))

    def test_pre_trends_never_decide_by_a_p_value(self):
        data = panel([4] * 8 + [None] * 8, periods=5)
        found = pre_trends(data, 4, 5, effect=2.0)
        assert [(one.before, one.after) for one in found.differences] == [(1, 2), (2, 3)]
        assert 0 <= found.joint_p <= 1
        assert found.ratio == pytest.approx(found.largest / 2)
        assert "explain it without any treatment" in pre_trends(data, 4, 5, effect=1e-6).sentence
        assert "gone unseen" in pre_trends(data, 4, 5, effect=found.largest * 1.01).sentence
        assert "only one period" in pre_trends(panel([2, 2, None, None]), 2, 2, 1.0).sentence

    def test_placebo_periods(self):
        found = placebo_periods(panel([6] * 8 + [None] * 8, periods=7), 5, 6)
        assert [one.at for one in found.placebos] == [2, 3, 4, 5]
        assert found.share == 1 / 5


MONTHS = [f"2020-{m:02d}" for m in range(1, 13)] + [f"2021-{m:02d}" for m in range(1, 13)]


def noise(n=24, shift=0.0, at=12, seed=0):
    return np.random.default_rng(seed).normal(size=n) + 20 + shift * (np.arange(n) >= at)


class TestSeries:
    def test_a_gap_is_named(self):
        with pytest.raises(EstimationRefusal, match=r"point 5 \(2020-06\)"):
            make_series(MONTHS[:4] + MONTHS[5:], np.ones(23))
        with pytest.raises(EstimationRefusal, match="two rows for point 2"):
            make_series([*MONTHS, "2020-01"], np.ones(25))
        with pytest.raises(EstimationRefusal, match=r"missing or infinite at point 3 \(2020-03\)"):
            make_series(MONTHS, np.where(np.arange(24) == 2, np.nan, 1.0))
        with pytest.raises(EstimationRefusal, match="exposure is not above zero at point 1"):
            make_series(MONTHS, np.ones(24), np.zeros(24))

    def test_frequencies(self):
        days = np.arange("2024-02-27", "2024-03-03", dtype="datetime64[D]")
        assert make_series(days, np.arange(5.0), frequency="day").when[2] == "2024-02-29"
        assert len(make_series(days[0] + np.arange(0, 35, 7), np.ones(5), frequency="week").when) == 5
        assert make_series(["2024-11-30", "2025-02-01"], [1, 2], frequency="quarter").when == ("2024-11", "2025-02")
        assert make_series([3, 1, 2], [30, 10, 20], frequency="number").outcome.tolist() == [10, 20, 30]
        with pytest.raises(EstimationRefusal, match="read as a date"):
            make_series(["soon", "later"], [1, 2])

    def test_where_the_interruption_is(self):
        series = make_series(MONTHS, np.ones(24))
        assert points_before(series, "2021-01") == 12
        with pytest.raises(EstimationRefusal, match="not a point"):
            points_before(series, "2031-01")

    @pytest.mark.parametrize(
        ("design", "words"),
        [
            (Segmented(7), "7, and at least 8"),
            (Segmented(11, season=Season()), "11, and at least 12"),
            (Segmented(11, minimum_before=20), "at least 20"),
            (Segmented(22), "after the interruption: 2"),
            (Segmented(12, horizon=13), "beyond the series"),
            # One cycle on each side: a trend cannot be told from the seasons and the level change.
            (Segmented(12, season=Season(kind="indicators")), "too short for this many terms"),
        ],
    )
    def test_too_short(self, design, words):
        series = make_series(MONTHS, noise())
        with pytest.raises(EstimationRefusal, match=words):
            interrupted(series, design)

    def test_counts(self):
        with pytest.raises(EstimationRefusal, match="not a count"):
            interrupted(make_series(MONTHS, noise()), Segmented(12, family="poisson"))
        with pytest.raises(EstimationRefusal, match="no events"):
            interrupted(make_series(MONTHS, (np.arange(24) < 12) * 5), Segmented(12, family="poisson"))
        with pytest.raises(EstimationRefusal, match="not for counts"):
            Segmented(12, family="poisson", errors="prais_winsten")
        calm = interrupted(make_series(MONTHS, np.full(24, 7)), Segmented(12, family="negative_binomial"))
        assert calm.parameter == 0
        assert calm.level_change.value == pytest.approx(1)

    def test_a_phase_in_is_left_out(self):
        y = noise(shift=10)
        y[12:14] = 1000
        found = interrupted(make_series(MONTHS, y), Segmented(12, slope_change=False, phase_in=2))
        assert found.level_change.value == pytest.approx(10, abs=2.5)

    def test_a_constant_series_has_no_interval(self):
        found = interrupted(make_series(MONTHS, np.full(24, 3.0)), Segmented(12))
        assert found.level_change.value == pytest.approx(0, abs=1e-9)
        assert found.level_change.se is None

    def test_warnings_and_others(self):
        found = interrupted(make_series(MONTHS, noise(shift=3)), Segmented(12))
        assert any("no comparison series" in warning for warning in found.warnings)
        assert [other.name for other in found.others] == [
            "least squares, averaged autocorrelation",
            "least squares, Prais-Winsten",
            "least squares, independent points",
        ]

    @pytest.mark.parametrize("errors", ["averaged", "newey_west", "prais_winsten", "independent"])
    def test_a_shock_common_to_both_series_cancels(self, errors):
        shock, series = noise(shift=5, seed=1), {}
        for name, extra in (("treated", 4.0), ("control", 0.0)):
            y = shock + 0.1 * noise(seed=int(extra)) + extra * (np.arange(24) >= 12)
            series[name] = make_series(MONTHS, y)
        found = controlled(series["treated"], series["control"], Segmented(12, slope_change=False, errors=errors))
        assert found.level_change.value == pytest.approx(4, abs=0.4)
        if errors in ("averaged", "newey_west"):
            assert found.level_change.se < found.treated.level_change.se / 3
        short = make_series(MONTHS[:-1], np.ones(23))
        with pytest.raises(EstimationRefusal, match="same points"):
            controlled(series["treated"], short, Segmented(12))

    def test_placebo_dates(self):
        found = placebo_interruptions(
            make_series(range(48), noise(48, shift=8, at=30), frequency="number"), Segmented(30)
        )
        assert found.share == 1 / (1 + len(found.placebos))
        assert found.skipped[0] == 1
        assert "not a p-value" in found.sentence
        with pytest.raises(EstimationRefusal, match="No earlier date"):
            placebo_interruptions(make_series(MONTHS, noise()), Segmented(9))


class TestPanelRegression:
    def frame(self):
        draw = np.random.default_rng(0)
        entity, period = np.divmod(np.arange(60), 6)
        x = draw.normal(size=60)
        return pd.DataFrame(
            {"id": entity, "t": period, "x": x, "y": x + entity + draw.normal(size=60), "sex": entity % 2}
        )

    def test_what_does_not_vary_is_named(self):
        with pytest.raises(EstimationRefusal, match="'sex' does not vary within entities"):
            panel_fixed_effects(self.frame(), "y", ("sex",), "id", "t")

    def test_few_entities_are_warned_of(self):
        found = panel_fixed_effects(self.frame(), "y", ("x",), "id", "t")
        assert any("CR2" in warning for warning in found.warnings)

    def test_a_covariance_of_ones_own_sees_the_dummies(self):
        from pipelines.estimation.over_time.clustering import cr1

        plain = panel_fixed_effects(self.frame(), "y", ("x",), "id", "t")
        own = panel_fixed_effects(self.frame(), "y", ("x",), "id", "t", cluster_robust=cr1)
        assert own.result.value == pytest.approx(plain.result.value, rel=1e-9)
        assert own.result.df == 9


class TestBeforeAfter:
    def test_lowest_level_of_evidence(self):
        found = before_after([5, 6, 7, np.nan], [4, 6, 5, 1])
        assert found.result.value == pytest.approx(-1)
        assert found.left_out == 1
        assert "never an effect" in found.evidence

    def test_all_alike(self):
        assert before_after([1, 2, 3], [2, 3, 4]).result.se is None
        with pytest.raises(EstimationRefusal, match="Fewer than two"):
            before_after([1, np.nan], [1, 2])

    def test_selection_must_make_sense(self):
        with pytest.raises(EstimationRefusal, match="correlation"):
            regression_to_the_mean(before_after([1, 2, 3], [2, 2, 5]), Selection(0, 1, correlation=1.2))


class TestTakeUp:
    def test_an_offer_that_moves_nobody(self):
        z, d = np.arange(20) % 2, np.tile([1, 1, 0, 0], 5)
        with pytest.raises(EstimationRefusal, match="did not raise take-up"):
            complier_effect(z, d, np.arange(20.0))
        with pytest.raises(EstimationRefusal, match="did not raise take-up"):
            complier_effect_from_counts(ArmCounts(10, 5, 3), ArmCounts(10, 5, 4))

    def test_a_weak_offer(self):
        draw = np.random.default_rng(2)
        z = np.arange(200) % 2
        d = (draw.random(200) < 0.45 + 0.02 * z) * 1
        found = complier_effect(z, d, draw.normal(size=200) + d)
        assert found.first_stage_f < 10
        assert any("cannot be trusted" in warning for warning in found.warnings)
        assert found.anderson_rubin.shape in ("two_rays", "everything")
        assert "unbounded" in found.anderson_rubin.sentence

    def test_one_and_two_sided(self):
        z = np.repeat([1, 0], 10)
        d = np.array([1] * 8 + [0] * 2 + [0] * 10)
        y = np.arange(20.0) % 7
        assert "those who took it up" in complier_effect(z, d, y).estimand
        d[-1] = 1
        found = complier_effect(z, d, y)
        assert "compliers" in found.estimand
        assert vars(found.shares) == pytest.approx({"compliers": 0.7, "always_takers": 0.1, "never_takers": 0.2})

    def test_counts_that_contradict(self):
        with pytest.raises(EstimationRefusal, match="contradict"):
            complier_effect_from_counts(ArmCounts(10, 11, 3), ArmCounts(10, 5, 0))
        with pytest.raises(EstimationRefusal, match="events among takers"):
            complier_effect_from_counts(ArmCounts(10, 5, 3, 4), ArmCounts(10, 5, 0))

    def test_clusters(self):
        draw = np.random.default_rng(0)
        area = np.repeat(np.arange(12), 10)
        z = area % 2
        d = (draw.random(120) < 0.8 * z) * 1
        found = complier_effect(z, d, draw.normal(size=120) + draw.normal(size=12)[area], cluster=area)
        assert found.result.df == 11
        assert any("few clusters" in warning for warning in found.warnings)

    @pytest.mark.parametrize("form", ["linear", "spline"])
    def test_dose_is_never_without_its_warning(self, form):
        draw = np.random.default_rng(0)
        dose = draw.gamma(2, 3, 60)
        found = dose_response(dose, dose + draw.normal(size=60), form)
        assert "chose their dose" in found.warning
        assert found.slope.value == pytest.approx(1, abs=0.2)
        assert len(found.curve) == 9
        assert (found.bent_p is None) == (form == "linear")
        with pytest.raises(EstimationRefusal, match="too few"):
            dose_response(np.ones(20), np.arange(20.0))

    def test_dose_by_assignment(self):
        draw = np.random.default_rng(0)
        z = np.arange(100) % 2
        dose = z * draw.integers(1, 6, 100)
        found = dose_by_assignment(z, dose, 2 * dose + draw.normal(size=100))
        assert found.result.value == pytest.approx(2, abs=0.4)
        assert any("same at every dose" in warning for warning in found.warnings)


def test_series_can_be_made_by_hand():
    assert interrupted(Series(noise(), None, tuple(MONTHS)), Segmented(12)).measure == "difference"
