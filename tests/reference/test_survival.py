"""Published survival analyses of two arms."""

import numpy as np
import pandas as pd
import pytest
from lifelines.datasets import load_rossi

from pipelines.estimation import Design, EstimationRefusal, estimate
from pipelines.estimation.kaplan_meier import kaplan_meier, restricted_mean

COVARIATES = ("age", "race", "wexp", "mar", "paro", "prio")

# Freireich et al. 1963, weeks of remission of leukaemia, as printed in Cox & Oakes 1984, table 1.1 (+ is censored)
SIX_MP = "6 6 6 6+ 7 9+ 10 10+ 11+ 13 16 17+ 19+ 20+ 22 23 25+ 32+ 32+ 34+ 35+"
PLACEBO = "1 1 2 2 3 4 4 5 5 8 8 8 8 11 11 12 12 15 17 22 23"


def arm(text: str, name: str) -> pd.DataFrame:
    """Rows of one arm from times with + for censored."""
    items = text.split()
    return pd.DataFrame(
        {"arm": name, "time": [float(x.rstrip("+")) for x in items], "event": [not x.endswith("+") for x in items]}
    )


@pytest.fixture(scope="module")
def rossi() -> pd.DataFrame:
    data = load_rossi()
    return data.assign(arm=data["fin"].map({1: "treatment", 0: "comparison"}), time=data["week"], event=data["arrest"])


@pytest.fixture(scope="module")
def leukaemia() -> pd.DataFrame:
    return pd.concat([arm(SIX_MP, "treatment"), arm(PLACEBO, "comparison")], ignore_index=True)


def other(estimate, name):
    return next(found.result for found in estimate.others if found.name == name)


class TestRossi:
    """Rossi, Berk & Lenihan 1980 (432 men, one year; lifelines' copy). Cox as in Fox & Weisberg 2011, appendix."""

    @pytest.fixture
    def found(self, rossi):
        return estimate(rossi, Design("time_to_event", "weeks", horizon=52, covariates=COVARIATES))

    def test_survival_at_the_horizon(self, found):
        last = {point.arm: point.survival for point in found.curve}
        assert last == pytest.approx({"treatment": 0.777778, "comparison": 0.694444}, rel=1e-5)

    def test_restricted_means(self, found):
        assert found.summary["comparison"].mean == pytest.approx(44.8333, rel=1e-5)
        assert found.summary["treatment"].mean == pytest.approx(46.8750, rel=1e-5)
        assert found.value == pytest.approx(2.0417, rel=1e-4)

    def test_standard_errors_of_restricted_means(self, found, rossi):
        # Nobody is censored before week 52, so the variance has a closed form: that of min(time, 52), over n
        for name, rows in rossi.groupby("arm"):
            exact = rows["time"].clip(upper=52).std(ddof=0) / np.sqrt(len(rows))
            assert found.summary[name].se == pytest.approx(exact, rel=1e-12)
        # The figures that circulate, 0.9180 and 0.7931, come from lifelines' numerical integral and are off in the
        # fourth digit
        ours = found.summary["comparison"].se, found.summary["treatment"].se
        assert ours == pytest.approx((0.9180, 0.7931), rel=5e-4)

    def test_cox_with_seven_covariates(self, found):
        cox = other(found, "Cox, adjusted")
        assert np.log(cox.value) == pytest.approx(-0.379422, rel=1e-5)
        assert (cox.value, cox.se) == pytest.approx((0.684257, 0.191380), rel=1e-5)
        assert cox.p == pytest.approx(0.0474, abs=5e-5)

    def test_horizon_beyond_follow_up(self, rossi):
        with pytest.raises(EstimationRefusal) as caught:
            estimate(rossi, Design("time_to_event", "weeks", horizon=60))
        assert caught.value.alternative == "Use a horizon of at most 52 weeks, or wait for a later drop."


class TestLeukaemia:
    """Freireich et al. 1963: ties between events and censorings, and an arm in which everybody has the event."""

    @pytest.fixture
    def found(self, leukaemia):
        return estimate(leukaemia, Design("time_to_event", "weeks", horizon=35))

    def test_kaplan_meier_counts_ties_as_at_risk(self, found):
        # Kalbfleisch & Prentice 1980, table 1.2; Cox & Oakes 1984, section 4.3: 6-MP arm, Greenwood
        points = {point.time: point for point in found.curve if point.arm == "treatment"}
        printed = {6: 0.857, 7: 0.807, 10: 0.753, 13: 0.690, 16: 0.627, 22: 0.538, 23: 0.448}
        assert {time: points[time].survival for time in printed} == pytest.approx(printed, abs=5e-4)
        assert (points[6].at_risk, points[6].events, points[6].se) == (21, 3, pytest.approx(0.0764, abs=5e-5))
        assert points[23].se == pytest.approx(0.1346, abs=5e-5)

    def test_log_rank(self, found):
        # R survival::survdiff prints 16.8 on 1 df; Collett 2015 and SAS print 16.7929
        assert other(found, "log-rank").statistic == pytest.approx(16.7929, rel=1e-5)

    def test_cox_efron(self, found):
        # R survival::coxph(ties = "efron"): 1.5721 (0.4124) for placebo against 6-MP
        cox = other(found, "Cox")
        assert (np.log(cox.value), cox.se) == pytest.approx((-1.5721, 0.4124), abs=5e-5)

    def test_horizon_past_the_last_event_of_an_arm_that_is_complete(self, leukaemia):
        placebo = leukaemia.query("arm == 'comparison'")
        time, event = placebo["time"].to_numpy(), placebo["event"].to_numpy(dtype=float)
        assert restricted_mean(kaplan_meier(time, event, 35), 35)[0] == pytest.approx(time.mean())

    def test_events_after_the_horizon_do_not_count(self, leukaemia):
        early = estimate(leukaemia, Design("time_to_event", "weeks", horizon=10))
        event, time = leukaemia["event"] & (leukaemia["time"] <= 10), leukaemia["time"].clip(upper=10)
        assert early == estimate(leukaemia.assign(event=event, time=time), Design("time_to_event", "weeks", horizon=10))
        assert early.events == {"treatment": 5, "comparison": 13}


class TestRefusalsAndFloors:
    def test_impossible_values(self, leukaemia):
        design = Design("time_to_event", "weeks", horizon=10)
        for column, value, match in (("time", -1.0, "below zero"), ("event", 2.0, "0 and 1")):
            with pytest.raises(EstimationRefusal, match=match):
                estimate(leukaemia.assign(**{column: value}), design)

    def test_below_the_floor_is_described_only(self, leukaemia):
        for fields in ({"floor_per_arm": 30, "horizon": 200}, {"floor_events": 10, "horizon": 20}):
            found = estimate(leukaemia, Design("time_to_event", "weeks", **fields))
            assert found.description_only
            assert found.value is None
            assert found.curve

    def test_no_events_is_described_only(self, leukaemia):
        found = estimate(leukaemia.assign(event=0), Design("time_to_event", "weeks", horizon=10))
        assert found.description_only
        assert found.summary["treatment"].mean == 10

    def test_no_events_in_one_arm(self, leukaemia):
        frame = leukaemia.assign(event=leukaemia["event"] & (leukaemia["arm"] == "comparison"))
        found = estimate(frame, Design("time_to_event", "weeks", horizon=10))
        assert found.value > 0
        assert [beside.name for beside in found.others] == ["Kaplan-Meier", "log-rank"]
        assert any("Cox's hazard ratio is not shown" in warning for warning in found.warnings)

    def test_largest_horizon_is_one_that_a_floor_of_people_reach(self, leukaemia):
        # The tenth-longest follow-up of the arm that limits (6-MP: 19 weeks); placebo's tenth is 8
        frame = leukaemia.assign(event=False)
        with pytest.raises(EstimationRefusal, match="at most 8 weeks"):
            estimate(frame, Design("time_to_event", "weeks", horizon=30))
