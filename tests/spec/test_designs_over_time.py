"""Designs over time and take-up from a frame: the function's own numbers, floors, refusals, and what is said."""

from dataclasses import replace
from typing import Any

import numpy as np
import pandas as pd
import pytest

from pipelines.estimation import Design, Estimate, EstimationRefusal, estimate
from pipelines.estimation.design import (
    ADOPTED,
    AFTER,
    BASELINE,
    CLUSTER,
    DOSE,
    PERIOD,
    TAKE_UP,
    UNIT,
    WHEN,
)
from pipelines.estimation.designs.adoption_over_time import hidden_groups
from pipelines.estimation.matched_pairs import paired_table
from pipelines.estimation.over_time.before_after import before_after
from pipelines.estimation.over_time.fixed_effects import panel_fixed_effects
from pipelines.estimation.over_time.interrupted import interrupted
from pipelines.estimation.over_time.segmented import Segmented
from pipelines.estimation.over_time.series import make_series
from pipelines.estimation.take_up.compliance import WEAK, complier_effect
from pipelines.findings.periods import after, numbered
from pipelines.protocol import designs

OVER_TIME = {
    "difference_in_differences": designs.DifferenceInDifferences(kind="difference_in_differences"),
    "staggered": designs.Staggered(kind="staggered", adopted="began"),
    "interrupted_time_series": designs.InterruptedTimeSeries(kind="interrupted_time_series", began="21"),
    "panel": designs.Panel(kind="panel", treated="dose"),
    "before_after": designs.BeforeAfter(kind="before_after"),
}


def draws(seed: int = 1) -> np.random.Generator:
    return np.random.Generator(np.random.PCG64(seed))


def asked(kind: str, **choices: Any) -> Design:
    own = {name: choices.pop(name) for name in list(choices) if name in type(OVER_TIME[kind]).model_fields}
    declared = OVER_TIME[kind].model_copy(update=own)
    given = {"outcome_type": "continuous", "unit": "days", "assignment": "not_randomised", "draws": 199} | choices
    return Design(kind=kind, declared=declared, **given)  # type: ignore[arg-type]


def refused(frame: pd.DataFrame, design: Design) -> str:
    with pytest.raises(EstimationRefusal) as caught:
        estimate(frame, design)
    assert caught.value.alternative
    return str(caught.value)


def others(found: Estimate) -> dict[str, Any]:
    return {one.name: one.result for one in found.others}


def people(n: int = 60) -> pd.DataFrame:
    draw = draws()
    baseline = draw.normal(10, 3, n)
    arm = np.where(np.arange(n) % 2, "treatment", "comparison")
    value = baseline + draw.normal(0, 2, n) + 1.5 * (arm == "treatment")
    return pd.DataFrame({"arm": arm, "value": value, BASELINE: baseline, "age": draw.normal(40, 9, n)})


def assessed(groups: dict[int, int], periods: int = 6, effect: float = 2.0) -> pd.DataFrame:
    """Units by first treated period (0: never), seen in each period."""
    draw, rows = draws(2), []
    unit = 0
    for first, size in groups.items():
        for _ in range(size):
            own = draw.normal(0, 2)
            for t in range(1, periods + 1):
                on = effect * (0 < first <= t)
                rows.append((f"u{unit:03}", t, float(first) or np.nan, own + 0.3 * t + on + draw.normal(0, 0.5)))
            unit += 1
    frame = pd.DataFrame(rows, columns=[UNIT, PERIOD, ADOPTED, "value"])
    arm = np.where(frame[ADOPTED].notna(), "treatment", "comparison")
    return frame.assign(arm=arm, **{WHEN: frame[PERIOD].map("period {}".format)})


class TestDifferenceInDifferences:
    def test_with_a_baseline(self):
        frame = people()
        found = estimate(frame, asked("difference_in_differences"))
        change = frame["value"] - frame[BASELINE]
        treated = frame["arm"] == "treatment"
        assert found.value == pytest.approx(change[treated].mean() - change[~treated].mean())
        assert found.summary["treatment"].mean == pytest.approx(frame.loc[treated, "value"].mean())
        assert found.residual_df == 58
        assert [one.title for one in found.over_time[0].readings] == ["before", "after"]
        assert "only one period before" in found.doubts[0].sentence

    def test_rows_in_any_order(self):
        frame = people().assign(**{CLUSTER: np.arange(60) % 12})
        design = asked("difference_in_differences", covariates=("age",), by=("age",))
        shuffled = frame.sample(frac=1, random_state=3)
        assert estimate(frame, design).value == pytest.approx(estimate(shuffled, design).value, rel=1e-12)
        plain = replace(design, covariates=())
        without = frame.drop(columns=CLUSTER)
        assert estimate(without, plain).value == estimate(without.sample(frac=1, random_state=3), plain).value

    def test_covariates_lead_only_where_the_design_names_them(self):
        frame = people()
        beside = estimate(frame, asked("difference_in_differences", covariates=("age",)))
        leading = estimate(frame, asked("difference_in_differences", covariates=("age",), by=("age",)))
        assert others(beside)["adjusted"].value == pytest.approx(leading.value)
        assert others(leading)["unadjusted"].value == pytest.approx(beside.value)
        robust = asked("difference_in_differences", covariates=("age",), by=("age",), method="doubly_robust")
        assert estimate(frame, robust).engine == "doubly robust difference-in-differences"

    def test_clusters_lead_by_cr2(self):
        frame = people(200).assign(**{CLUSTER: np.repeat(np.arange(20), 10)})
        frame["arm"] = np.where(frame[CLUSTER] % 2, "treatment", "comparison")
        found = estimate(frame, asked("difference_in_differences"))
        assert found.engine.endswith("CR2 + Satterthwaite, arms apart")
        assert found.df is not None
        assert 10 < found.df <= 18.0001
        assert {"wild bootstrap", "CR1S"} <= others(found).keys()
        assert found.advice

    def test_hardly_any_cluster(self):
        frame = people(80).assign(**{CLUSTER: np.repeat(np.arange(4), 20)})
        frame["arm"] = np.where(frame[CLUSTER] == 0, "treatment", "comparison")
        found = estimate(frame, asked("difference_in_differences"))
        assert found.description_only
        assert found.value is None

    def test_floors(self):
        found = estimate(people(18), asked("difference_in_differences"))
        assert found.description_only
        assert "fewer than 10" in (found.description_reason or "")

    def test_a_single_area(self):
        frame = assessed({4: 1, 0: 8})
        found = estimate(frame, asked("difference_in_differences", floor_per_arm=2, at=4, baseline_at=3))
        assert found.value is not None
        assert found.se is None
        assert any("single treated unit" in words for words in found.warnings)

    def test_periods_compared(self):
        frame = assessed({5: 15, 0: 20})
        found = estimate(frame, asked("difference_in_differences", at=6, baseline_at=4))
        wide = frame.pivot(index=UNIT, columns=PERIOD, values="value")
        treated = frame.drop_duplicates(UNIT).set_index(UNIT)["arm"] == "treatment"
        change = wide[6] - wide[4]
        assert found.value == pytest.approx(change[treated].mean() - change[~treated].mean())
        placebo = found.over_time[0]
        assert [one.key for one in placebo.readings] == ["placebo/2", "placebo/3", "placebo/4"]
        assert placebo.positions == (-2.0, -1.0, 0.0)
        assert {one.n for one in placebo.readings} == {15}
        assert "baseline_at" in refused(frame, asked("difference_in_differences", at=6, baseline_at=9))
        assert "lies after" in refused(frame, asked("difference_in_differences", at=3, baseline_at=5))

    def test_a_share_rests_on_its_baseline_too(self):
        frame = people(100)
        treated = frame["arm"] == "treatment"
        frame["value"] = (frame["value"] > 10).astype(float)
        frame[BASELINE] = np.where(np.arange(100) < 4, 1.0, 0.0)
        found = estimate(frame, asked("difference_in_differences", outcome_type="binary"))
        assert found.scale == 100
        assert found.summary["treatment"].contributors == 2
        assert found.events == {"treatment": int(frame.loc[treated, "value"].sum())} | {
            "comparison": int(frame.loc[~treated, "value"].sum())
        }


class TestStaggered:
    def test_groups_are_made_from_adoption(self):
        frame = assessed({3: 12, 5: 14, 0: 20}).assign(arm=None)
        found = estimate(frame, asked("staggered"))
        assert found.n == {"treatment": 26, "comparison": 20}
        assert found.arm_titles == {"treatment": "Began", "comparison": "Never began"}
        assert found.value == pytest.approx(2.0, abs=0.4)
        study = found.over_time[0]
        assert dict(zip(study.positions, (one.n for one in study.readings), strict=True))[0.0] == 26
        assert found.over_time[1].readings[0].key.startswith("att/3/")
        assert found.over_time[1].readings[0].title.startswith("began period 3, in period")

    def test_summaries_and_two_way_beside(self):
        frame = assessed({3: 12, 5: 14, 0: 20})
        simple, dynamic = (estimate(frame, asked("staggered", summary=name)) for name in ("simple", "dynamic"))
        assert others(simple)["Callaway-Sant'Anna, dynamic"].value == pytest.approx(dynamic.value)
        assert "two-way fixed effects" in others(simple)
        assert any("two-way fixed effects" in words for words in simple.warnings)

    def test_those_who_began_before_everything_are_left_out(self):
        found = estimate(assessed({1: 10, 4: 12, 0: 20}), asked("staggered"))
        assert found.n["treatment"] == 12
        assert any("no before" in words for words in found.warnings)

    def test_refusals(self):
        assert "never treated" in refused(assessed({3: 12, 5: 12}), asked("staggered"))
        assert "No unit is treated" in refused(assessed({0: 12}), asked("staggered"))
        assert estimate(assessed({3: 12, 5: 12}), asked("staggered", control="not_yet")).value is not None
        twice = assessed({3: 12, 0: 12})
        assert "twice" in refused(pd.concat([twice, twice.head(1)]), asked("staggered"))

    def test_floors(self):
        found = estimate(assessed({3: 6, 0: 20}), asked("staggered"))
        assert found.description_only

    def test_a_single_unit_is_ranked_among_all(self):
        found = estimate(assessed({3: 1, 0: 11}), asked("staggered", floor_per_arm=2))
        assert found.se is None
        assert others(found)["placebo units"].p == pytest.approx(1 / 12)

    def test_small_groups_are_not_to_be_had_by_subtraction(self):
        found = estimate(assessed({2: 4, 3: 12, 4: 30, 0: 20}), asked("staggered", floor_per_arm=10))
        cells = {one.key: one.n for shown in found.over_time[1:4] for one in shown.readings}
        assert max(n for key, n in cells.items() if key.startswith("att/2/")) == 4
        # 4 and 12 hidden together; the 30 can be shown
        assert max(n for key, n in cells.items() if key.startswith("att/3/")) == 4
        assert min(n for key, n in cells.items() if key.startswith("att/4/")) == 30

        class Sizes:
            cohorts = {1: 3, 2: 8, 3: 50}

        assert hidden_groups(Sizes(), 10) == {1: 3, 2: 8}  # type: ignore[arg-type]


def series(n: int = 40, family: str = "gaussian") -> pd.DataFrame:
    draw, time = draws(3), np.arange(1, n + 1)
    mean = 100 + 0.5 * time - 12 * (time > 20)
    value = draw.poisson(mean).astype(float) if family != "gaussian" else mean + draw.normal(0, 3, n)
    exposure = np.full(n, np.nan)
    return pd.DataFrame(
        {"arm": "treatment", "value": value, "exposure": exposure, PERIOD: time.astype(float), AFTER: (time > 20) * 1.0}
    )


class TestInterruptedTimeSeries:
    @pytest.mark.parametrize("change", ["level", "level_and_slope", "slope"])
    def test_it_is_the_function_s_answer(self, change):
        frame = series()
        found = estimate(frame, asked("interrupted_time_series", change=change))
        design = Segmented(20, slope_change=change != "level", level_change=change != "slope", errors="averaged")
        own = interrupted(make_series(frame[PERIOD], frame["value"], None, "number"), design)
        lead = own.slope_change if change == "slope" else own.level_change
        assert (found.value, found.se) == (lead.value, lead.se)
        assert ("change of slope" in others(found)) == (change == "level_and_slope")
        assert others(found)["at the last period"].value == pytest.approx(own.at_horizon.absolute.value)
        assert found.null == 0.0
        assert found.n == {"treatment": 20, "comparison": 20}

    def test_a_slope_alone_moves_nothing_at_once(self):
        found = estimate(series(), asked("interrupted_time_series", change="slope"))
        effects = found.over_time[0].readings
        assert effects[0].value == pytest.approx(0.0, abs=1e-9)
        assert effects[1].value == pytest.approx(found.value)

    @pytest.mark.parametrize("family", ["poisson", "quasi_poisson", "negative_binomial"])
    def test_counts_are_ratios(self, family):
        frame = series(family=family)
        design = asked("interrupted_time_series", outcome_type="count", family=family, change="level")
        found = estimate(frame, design)
        assert (found.measure, found.null, found.unit) == ("rate ratio", 1.0, "")
        assert found.value == pytest.approx(0.9, abs=0.08)
        assert found.over_time[0].null == 1.0
        newey = estimate(frame, replace(design, declared=design.declared.model_copy(update={"lags": 3})))
        assert "Newey-West" in newey.engine
        assert newey.value == pytest.approx(found.value)
        averaged = estimate(frame, replace(design, declared=design.declared.model_copy(update={"errors": "averaged"})))
        assert averaged.engine.endswith("averaged autocorrelation")
        assert averaged.value == pytest.approx(found.value)
        assert averaged.df == found.residual_df
        assert "not knowing how much" in averaged.why

    def test_a_control_series(self):
        control = series().assign(arm="comparison")
        control["value"] = control["value"] + 5.0
        found = estimate(pd.concat([series(), control]), asked("interrupted_time_series", control=True))
        assert found.value == pytest.approx(0.0, abs=1e-9)
        assert found.measure == "difference of differences"
        assert "less a control series, Newey-West" in others(found)
        assert {"the control series", "the series without its control"} <= others(found).keys()
        assert "control series has no rows" in refused(series(), asked("interrupted_time_series", control=True))

    def test_refusals(self):
        short = series().assign(**{AFTER: lambda f: (f[PERIOD] > 5) * 1.0})
        assert "too few points before" in refused(short, asked("interrupted_time_series"))
        assert "at least 25" in refused(series(), asked("interrupted_time_series", floor_periods=25))
        assert "at least 12" in refused(
            series().assign(**{AFTER: lambda f: (f[PERIOD] > 10) * 1.0}),
            asked("interrupted_time_series", season="periods"),
        )
        gap = series().drop(index=7)
        assert "9 does not follow 7" in refused(gap, asked("interrupted_time_series"))
        assert "two rows for 40" in refused(pd.concat([series(), series().tail(1)]), asked("interrupted_time_series"))
        unknown = series()
        unknown.loc[4, "value"] = np.nan
        assert "missing" in refused(unknown, asked("interrupted_time_series"))
        assert "exposure" in refused(series().assign(exposure=9.0), asked("interrupted_time_series"))
        assert "not a count" in refused(
            series(), asked("interrupted_time_series", outcome_type="count", family="poisson")
        )

    def test_doubts(self):
        keys = [one.key for one in estimate(series(), asked("interrupted_time_series")).doubts]
        assert keys[:2] == ["placebo_dates", "autocorrelation"]


class TestPanel:
    def frame(self) -> pd.DataFrame:
        frame, draw = assessed({3: 15, 0: 15}), draws(5)
        on = (frame[PERIOD] >= frame[ADOPTED]).astype(float)
        return frame.assign(**{DOSE: on * draw.integers(1, 4, len(frame)), "price": draw.normal(size=len(frame))})

    def test_it_is_the_function_s_answer(self):
        frame = self.frame()
        found = estimate(frame, asked("panel", by=("price",)))
        own = panel_fixed_effects(frame, "value", (DOSE, "price"), UNIT, PERIOD)
        assert (found.value, found.se) == pytest.approx((own.result.value, own.result.se))
        reduced = others(found)["CR2 + Satterthwaite"]
        assert reduced.value == pytest.approx(own.result.value)
        assert reduced.df < 29
        assert found.n == {"treatment": 15, "comparison": 15}

    def test_a_treatment_that_never_varies(self):
        frame = self.frame().assign(**{DOSE: 1.0})
        found = estimate(frame, asked("panel"))
        assert found.description_only

    def test_beginning_at_different_times_is_warned_of(self):
        frame = assessed({3: 15, 5: 15, 0: 15})
        frame[DOSE] = (frame[PERIOD] >= frame[ADOPTED]).astype(float)
        assert any("staggered" in words for words in estimate(frame, asked("panel")).warnings)


class TestBeforeAfter:
    def test_a_number(self):
        frame = people().assign(arm=None)
        found = estimate(frame, asked("before_after"))
        own = before_after(frame[BASELINE], frame["value"]).result
        assert (found.value, found.lower, found.p) == (own.value, own.lower, own.p)
        assert "Wilcoxon signed-rank" in others(found)
        assert "`typical`" in found.doubts[0].sentence

    def test_coming_back_by_themselves(self):
        frame = people().assign(arm=None)
        found = estimate(frame, asked("before_after", typical=5.0, reliability=0.5))
        expected = -0.5 * (frame[BASELINE].mean() - 5.0)
        assert found.doubts[1].value == pytest.approx(found.value - expected)
        keys = [one.key for one in estimate(frame, asked("before_after", typical=5.0)).doubts]
        assert sum(key.startswith("regression_to_the_mean/") for key in keys) == 6

    def test_a_share(self):
        cells = [(1, 1)] * 30 + [(1, 0)] * 8 + [(0, 1)] * 20 + [(0, 0)] * 22
        frame = pd.DataFrame(cells, columns=[BASELINE, "value"]).astype(float).assign(arm=None)
        found = estimate(frame, asked("before_after", outcome_type="binary"))
        own = paired_table(30, 20, 8, 22)
        assert (found.value, found.lower, found.p) == pytest.approx(
            (own.risk_difference.value, own.risk_difference.lower, own.mid_p)
        )
        assert others(found)["McNemar, exact"].p == pytest.approx(own.exact_p)

    def test_between_periods(self):
        frame = assessed({0: 20}, periods=3).assign(arm=None)
        found = estimate(frame, asked("before_after"))
        wide = frame.pivot(index=UNIT, columns=PERIOD, values="value")
        assert found.value == pytest.approx((wide[3] - wide[1]).mean())

    def test_floors(self):
        assert estimate(people(8).assign(arm=None), asked("before_after")).description_only


class TestTakeUp:
    def frame(self, moved: float = 0.6) -> pd.DataFrame:
        draw, n = draws(6), 400
        arm = np.arange(n) % 2
        took = (draw.random(n) < 0.1 + moved * arm).astype(float)
        value = 5 + 2 * took + draw.normal(0, 1, n)
        return pd.DataFrame({"arm": np.where(arm, "treatment", "comparison"), "value": value, TAKE_UP: took})

    def design(self, **choices: Any) -> Design:
        return Design(outcome_type="continuous", unit="points", draws=99, **choices)

    def test_beside_the_offer(self):
        frame = self.frame()
        found = estimate(frame, self.design())
        shown = {one.key: one for one in found.take_up}
        own = complier_effect(frame["arm"] == "treatment", frame[TAKE_UP], frame["value"])
        assert shown["cace"].value == pytest.approx(own.result.value)
        assert shown["first_stage"].value == pytest.approx(own.first_stage_f)
        assert found.value == pytest.approx(own.intention_to_treat.value)
        cells = frame.groupby(["arm", TAKE_UP]).size()
        assert shown["cace"].n == cells.min()
        assert "leads" in shown["cace"].sentence

    def test_a_weak_offer_is_warned_of(self):
        shown = {one.key: one for one in estimate(self.frame(moved=0.06), self.design()).take_up}
        assert shown["first_stage"].value < 10
        assert shown["first_stage"].sentence == WEAK
        assert shown["anderson_rubin"].sentence

    def test_an_offer_that_moved_nobody(self):
        shown = {one.key: one for one in estimate(self.frame().assign(**{TAKE_UP: 1.0}), self.design()).take_up}
        assert shown["cace"].value is None
        assert "did not raise take-up" in shown["cace"].sentence

    def test_not_where_chance_did_not_decide(self):
        frame = self.frame().assign(**{f"{DOSE} Hours": np.arange(400.0) % 7})
        design = self.design(assignment="not_randomised", kind="observational_unadjusted")
        found = estimate(frame, design)
        assert found.take_up == ()
        assert [one.key for one in found.doses] == ["dose/Hours", "dose_bent/Hours"]


class TestPeriods:
    def dated(self, days: list[str]) -> pd.DataFrame:
        return pd.DataFrame({"period": np.nan, "period_date": pd.to_datetime(days), "value": 1.0})

    @pytest.mark.parametrize(
        ("days", "words", "steps"),
        [
            (["2001-12-31", "2002-06-30", "2003-12-31"], ["2001", "2002", "2003"], [1, 1]),
            (["2001-01-15", "2001-04-01", "2001-07-31"], ["2001 Q1", "2001 Q2", "2001 Q3"], [1, 1]),
            (["2001-11-30", "2001-12-31", "2002-02-28"], ["2001-11", "2001-12", "2002-02"], [1, 2]),
            (["2001-01-01", "2001-01-08", "2001-01-15"], ["2001-01-01", "2001-01-08", "2001-01-15"], [1, 1]),
        ],
    )
    def test_dates_are_counted_by_the_calendar(self, days, words, steps):
        found = numbered(self.dated(days))
        assert found[WHEN].tolist() == words
        assert np.diff(found[PERIOD]).tolist() == steps

    def test_irregular_dates_are_refused(self):
        with pytest.raises(EstimationRefusal, match="irregularly"):
            numbered(self.dated(["2001-01-01", "2001-01-02", "2001-03-17", "2001-03-19", "2009-01-01"]))

    def test_the_beginning_is_written_as_periods_are(self):
        frame = self.dated(["2001-01-01", "2001-02-01"])
        assert after(frame, "2001-02-01").tolist() == [False, True]
        with pytest.raises(EstimationRefusal, match="periods are dates"):
            after(frame, "37")
        numbers = frame.assign(period=[1.0, 2.0], period_date=pd.NaT)
        with pytest.raises(EstimationRefusal, match="periods are numbers"):
            after(numbers, "2001-02-01")
