"""Designs as strangers meet them: units that began alone, different people each time, times without a drawn group."""

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pipelines.estimation import Design, estimate
from pipelines.estimation.design import AFTER, CLUSTER, DOSE, PAIR, PERIOD, UNIT
from pipelines.estimation.kaplan_meier import kaplan_meier, restricted_mean
from pipelines.estimation.over_time.fixed_effects import panel_fixed_effects
from pipelines.estimation.over_time.group_time import Staggered
from pipelines.estimation.over_time.panel import make_panel
from pipelines.estimation.over_time.staggered import staggered
from pipelines.estimation.pseudo_observations import restricted_time
from pipelines.findings.exhibits import DoubtsResult, Reading
from pipelines.findings.sentences import places_for
from pipelines.protocol import designs
from pipelines.reporting.sections.readings import _checks, _folded, _told
from tests.spec.test_designs_over_time import asked, assessed, others, refused


class TestSomeBeganAlone:
    """Surveys centre a stratum of one unit on the overall mean; so does the sampling of the cohorts' shares."""

    def test_the_whole_keeps_an_interval_and_the_lone_group_has_none(self):
        found = estimate(assessed({3: 1, 4: 9, 0: 15}), asked("staggered"))
        assert found.lower < found.value < found.upper
        assert others(found)["Callaway-Sant'Anna, group"].se > 0
        assert any("began alone" in words for words in found.warnings)
        cells = {one.key: one for shown in found.over_time for one in shown.readings}
        assert cells["att/3/4"].se is None
        assert cells["att/4/5"].se > 0

    def test_one_that_differs_widens_it(self):
        frame = assessed({3: 1, 4: 9, 0: 15})
        apart = frame.assign(value=frame["value"] + 30 * ((frame["design adopted"] == 3) & (frame[PERIOD] >= 3)))
        plain, wide = (estimate(one, asked("staggered")) for one in (frame, apart))
        assert wide.se > 3 * plain.se

    def test_three_alone_cover_what_is_true(self):
        """Of 100 intervals around no effect, from three units that each began alone, hardly more than five miss it."""
        draw, units, periods = np.random.Generator(np.random.PCG64(3)), 23, 6
        cohort = np.array([3.0, 4.0, 5.0, *[np.inf] * 20])
        covered = 0
        for _ in range(100):
            own = draw.normal(0, 1, (units, 1)) + draw.normal(0, 0.5, (units, periods)).cumsum(axis=1)
            unit, period = np.repeat(np.arange(units), periods), np.tile(np.arange(1, periods + 1), units)
            panel = make_panel(unit, period, np.repeat(cohort, periods), own.ravel())
            overall = staggered(panel, Staggered(draws=0)).simple.overall
            covered += overall.lower <= 0 <= overall.upper
        assert covered >= 88
        assert overall.df < 10

    def test_a_single_unit_has_none_anywhere(self):
        found = estimate(assessed({3: 1, 0: 15}), asked("staggered", floor_per_arm=2))
        assert found.se is None
        assert {one.se for one in others(found).values()} == {None}
        assert others(found)["placebo units"].p >= 1 / 16


class TestOneUnitChanged:
    def frame(self) -> pd.DataFrame:
        frame = assessed({4: 1, 0: 9})
        return frame.assign(**{DOSE: (frame[PERIOD] >= frame["design adopted"]).astype(float)})

    def test_a_panel_gives_its_dates_to_the_others(self):
        frame = self.frame()
        found = estimate(frame, asked("panel", floor_per_arm=2))
        assert (found.se, found.p) == (None, None)
        own = abs(panel_fixed_effects(frame, "value", (DOSE,), UNIT, PERIOD).result.value)
        rest = frame[frame["arm"] == "comparison"]
        dealt = [
            panel_fixed_effects(
                rest.assign(**{DOSE: ((rest[UNIT] == unit) & (rest[PERIOD] >= 4)).astype(float)}),
                *("value", (DOSE,), UNIT, PERIOD),
            ).result.value
            for unit in sorted(set(rest[UNIT]))
        ]
        expected = (1 + sum(abs(one) >= own for one in dealt)) / 10
        assert others(found)["placebo units"].p == pytest.approx(expected)

    def test_two_periods_too(self):
        found = estimate(self.frame(), asked("difference_in_differences", floor_per_arm=2, at=4, baseline_at=3))
        assert found.se is None
        assert "t interval" not in found.why
        assert others(found)["placebo units"].p >= 1 / 10


class TestDifferentPeople:
    def frame(self, n: int = 160) -> pd.DataFrame:
        draw = np.random.Generator(np.random.PCG64(4))
        arm, period = np.where(np.arange(n) % 2, "treatment", "comparison"), np.repeat([1, 2, 3, 4], n // 4)
        age = draw.normal(40, 9, n)
        value = age / 10 + period + 2.0 * ((arm == "treatment") & (period == 4)) + draw.normal(0, 1, n)
        return pd.DataFrame(
            {UNIT: [f"u{k:03}" for k in range(n)], PERIOD: period, "arm": arm, "value": value, "age": age}
        )

    def test_four_averages(self):
        frame = self.frame()
        found = estimate(frame, asked("difference_in_differences", same_people=False))
        mean = frame.groupby(["arm", PERIOD])["value"].mean()
        moved = {arm: mean[arm, 4] - mean[arm, 3] for arm in ("treatment", "comparison")}
        assert found.value == pytest.approx(moved["treatment"] - moved["comparison"])
        assert found.n == {"treatment": 20, "comparison": 20}
        earlier = {one.key: one.value for one in found.over_time[0].readings}
        assert earlier["placebo/3"] == pytest.approx(
            (mean["treatment", 3] - mean["treatment", 2]) - (mean["comparison", 3] - mean["comparison", 2])
        )

    def test_covariates_clusters_and_order(self):
        frame = self.frame().assign(**{CLUSTER: np.arange(160) % 16})
        design = asked("difference_in_differences", same_people=False, covariates=("age",), by=("age",))
        found = estimate(frame, design)
        assert "CR2" in found.why
        assert others(found)["unadjusted"].value != found.value
        assert estimate(frame.sample(frac=1, random_state=2), design).value == found.value

    def test_somebody_seen_twice_is_refused(self):
        frame = self.frame()
        frame.loc[159, UNIT] = frame.loc[0, UNIT]
        assert "more than one period" in refused(frame, asked("difference_in_differences", same_people=False))

    def test_a_baseline_is_refused(self):
        frame = self.frame().drop(columns=[UNIT, PERIOD])
        assert "nobody has a baseline" in refused(frame, asked("difference_in_differences", same_people=False))

    def test_people_seen_once_are_pointed_to_the_key(self):
        assert "same_people: false" in refused(self.frame(), asked("difference_in_differences"))


def followed(n: int = 120) -> pd.DataFrame:
    draw = np.random.Generator(np.random.PCG64(9))
    arm, age = np.where(np.arange(n) % 2, "treatment", "comparison"), draw.normal(40, 9, n)
    time = draw.exponential(8 + 4 * (arm == "treatment"), n).round(1) + 0.1
    stop = draw.uniform(2, 40, n).round(1)
    frame = pd.DataFrame({"arm": arm, "time": np.minimum(time, stop), "event": (time <= stop) * 1.0, "age": age})
    return frame.assign(**{CLUSTER: np.arange(n) // 2 % 12 * 2 + np.arange(n) % 2})


KINDS = {
    "matched": designs.Matched(kind="matched"),
    "weighted": designs.Weighted(kind="weighted"),
    "regression_adjusted": designs.RegressionAdjusted(kind="regression_adjusted"),
    "doubly_robust": designs.DoublyRobust(kind="doubly_robust"),
}


class TestTimes:
    @pytest.mark.parametrize("kind", KINDS)
    def test_groups_that_chance_did_not_make(self, kind):
        frame = followed().drop(columns=CLUSTER)
        declared = KINDS[kind]
        design = Design(
            "time_to_event",
            "weeks",
            horizon=12,
            kind=kind,
            assignment="not_randomised",
            declared=declared,
            covariates=("age",),
        )
        found = estimate(frame, design)
        assert found.measure == "difference in restricted mean survival time"
        assert found.lower < found.value < found.upper
        assert {"Kaplan-Meier", "log-rank", "Cox", "Cox, adjusted"} <= others(found).keys()
        assert found.comparison is not None
        # Without early ends of follow-up it is the design's answer for the time itself.
        whole = frame.assign(event=1.0)
        simple = whole.assign(value=np.minimum(whole["time"], 12))
        plain = estimate(simple, replace(design, outcome_type="continuous", horizon=None), beside=False)
        assert estimate(whole, design).value == pytest.approx(plain.value)

    def test_clusters(self):
        design = Design("time_to_event", "weeks", horizon=12, kind="cluster_randomised", assignment="randomised")
        found = estimate(followed(), design)
        assert "CR2" in found.engine
        assert found.df < 23
        assert others(found).keys().isdisjoint({"log-rank", "Cox", "Kaplan-Meier"})
        assert others(found)["Cox, cluster-robust"].se > 0

    def test_pairs(self):
        frame = followed().drop(columns=CLUSTER).assign(**{PAIR: np.arange(120) // 2})
        found = estimate(frame, Design("time_to_event", "weeks", horizon=12, kind="matched_pairs", draws=199))
        values = [
            restricted_time(part["time"].to_numpy(), part["event"].to_numpy(), 12).mean()
            for _, part in frame.groupby("arm")
        ]
        assert found.value == pytest.approx(values[1] - values[0])

    @settings(derandomize=True, deadline=None, max_examples=25)
    @given(st.integers(0, 10_000), st.integers(12, 60))
    def test_pseudo_observations_are_influences(self, seed, n):
        """Parner, Andersen & Overgaard 2023: the derivative of the restricted mean by each person's weight."""
        draw = np.random.Generator(np.random.PCG64(seed))
        time, event = draw.integers(1, 12, n).astype(float), (draw.random(n) < 0.6).astype(float)
        made = restricted_time(time, event, 8.0)
        whole, error = restricted_mean(kaplan_meier(time, event, 8.0), 8.0)
        assert made.mean() == pytest.approx(whole, rel=1e-9)
        if (time > 8).any():
            jack = [
                n * whole
                - (n - 1) * restricted_mean(kaplan_meier(np.delete(time, k), np.delete(event, k), 8.0), 8.0)[0]
                for k in range(n)
            ]
            assert np.abs(made - jack).max() < 60 / n
            assert error == pytest.approx(made.std() / np.sqrt(n), rel=0.15, abs=0.05)


def test_a_level_series_is_a_difference_of_means() -> None:
    """Cobb 1978, Biometrika 65:243-251: the Nile from 1899 on; statsmodels' series, 1097.75 before and 849.97 after."""
    from statsmodels.datasets import nile

    data = nile.load_pandas().data
    rows = pd.DataFrame({"arm": "treatment", "value": data["volume"], PERIOD: data["year"], "exposure": np.nan})
    rows[AFTER] = (rows[PERIOD] >= 1899).astype(float)
    found = estimate(rows, asked("interrupted_time_series", began="1899", change="level", trend=False))
    assert found.value == pytest.approx(-247.7778, abs=5e-5)
    assert "trend" not in found.estimand


@pytest.mark.parametrize(
    ("figures", "places"), [((12.0, -3.0), 1), ((0.069, 0.19, None), 2), ((-0.0073, -0.011), 3), ((0.0,), 1), ((), 1)]
)
def test_decimals_tell_figures_apart(figures, places):
    assert places_for(figures) == places


class TestDoubtsAreShort:
    readings = (
        Reading(key="e_value", title="E-value", measure="E-value", value=2.3, sentence="Something hidden."),
        Reading(key="benchmark/age/3", title="Age", measure="x", value=3.0, lower=2.0, upper=4.0, sentence="Age."),
        Reading(key="benchmark/sex/3", title="Sex", measure="x", value=1.0, lower=0.2, upper=2.0, sentence="Sex."),
        Reading(key="power", title="Power", measure="not declared", sentence="No smallest difference was declared."),
    )

    def test_the_strongest_benchmark_is_enough(self):
        first, rest = _told(self.readings)
        assert first == ["Something hidden.", "Sex."]
        assert rest == ["Age.", "No smallest difference was declared."]

    def test_nothing_is_lost(self):
        result = DoubtsResult(title="Housed", outcome="housed", readings=self.readings)
        folded = _folded(result, _told(self.readings)[1])
        assert 'collapse="true"' in folded
        assert "- Age" in folded
        assert "E-value" in folded


def test_of_many_benchmarks_the_strongest_are_tabulated():
    many = [
        Reading(key=f"benchmark/c{k}/{times}", title=f"c{k} x{times}", measure="x", value=10.0 - k * times)
        for k in range(6)
        for times in (1, 2)
    ]
    table = _checks(DoubtsResult(title="Housed", outcome="housed", readings=tuple(many)))
    assert [row[0] for row in table.rows] == ["c5 x1", "c5 x2", "c4 x1", "c4 x2", "c3 x1", "c3 x2"]
    assert "Of 6 covariates the 3" in table.note
