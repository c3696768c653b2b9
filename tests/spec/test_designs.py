"""Designs of people: frames in, estimates out; published numbers, the functions' own, floors and refusals."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from lifelines.datasets import load_rossi

from pipelines.estimation import Design, EstimationRefusal, estimate
from pipelines.estimation.cluster_difference import cluster_difference
from pipelines.estimation.competing_risks import incidence_difference
from pipelines.estimation.count_models import negative_binomial, poisson
from pipelines.estimation.design import BASELINE, BLOCK, CLUSTER, PAIR, PERIOD, UNIT
from pipelines.estimation.matched_pairs import paired_table
from pipelines.estimation.proportional_hazards import cox_regression
from pipelines.estimation.proportionality import proportionality
from pipelines.estimation.rank_comparison import rank_comparison
from pipelines.estimation.repeated_measures import repeated_measures
from pipelines.protocol import designs
from tests.reference.test_outcome_scales import BOYS, GIRLS, table

DATA = Path(__file__).parents[1] / "reference" / "data"
COVARIATES = ("age", "educ", "black", "hispan", "married", "nodegree", "re74", "re75")
ROSSI = ("age", "race", "wexp", "mar", "paro", "prio")
MODELS = {
    "matched": designs.Matched,
    "weighted": designs.Weighted,
    "regression_adjusted": designs.RegressionAdjusted,
    "doubly_robust": designs.DoublyRobust,
}


def arms(treated) -> list[str]:
    return ["treatment" if one else "comparison" for one in treated]


def others(found) -> dict[tuple[str, str], object]:
    return {(other.name, other.measure): other.result for other in found.others}


def not_random(kind: str, outcome_type: str = "continuous", **choices) -> Design:
    limits = {name: choices.pop(name) for name in ("floor_per_arm", "floor_events", "covariates") if name in choices}
    declared = MODELS[kind](kind=kind, **choices)
    told = {"covariates": COVARIATES, **limits}
    return Design(outcome_type, "dollars", kind=kind, assignment="not_randomised", declared=declared, **told)


@pytest.fixture(scope="module")
def lalonde() -> pd.DataFrame:
    data = pd.read_csv(DATA / "lalonde.csv")
    return data.assign(arm=arms(data["treat"] == 1), value=data["re78"])


@pytest.fixture(scope="module")
def offices() -> pd.DataFrame:
    draw = np.random.Generator(np.random.PCG64(5))
    office = np.repeat(np.arange(16), 14)
    days = np.round(20 + 3 * (office % 2) + 2 * draw.normal(size=16)[office] + 6 * draw.normal(size=224))
    frame = {"arm": arms(office % 2), "value": days, "age": draw.normal(size=224), "sex": draw.integers(0, 2, 224)}
    return pd.DataFrame({**frame, CLUSTER: [f"office {one}" for one in office], BLOCK: office // 4})


@pytest.fixture(scope="module")
def growth() -> pd.DataFrame:
    y = table(BOYS + ";" + GIRLS)
    rows = [(i, i >= 16, age, y[i, j]) for i in range(27) for j, age in enumerate((8.0, 10.0, 12.0, 14.0))]
    frame = pd.DataFrame(rows, columns=[UNIT, "girl", PERIOD, "value"])
    return frame.assign(arm=arms(frame["girl"]))


class TestComparisonGroups:
    """LaLonde's trainees against people of the panel study, 185 and 429: Dehejia & Wahba 1999, by R's MatchIt."""

    def test_nearest_neighbours(self, lalonde):
        found = estimate(lalonde, not_random("matched"))
        assert (found.value, found.se) == pytest.approx((894.3675, 715.7634), rel=1e-6)
        assert found.n == {"treatment": 185, "comparison": 185}
        assert (found.comparison.pool, found.comparison.pool_used, found.comparison.light_after) == (429, 185, "red")
        assert found.residual_df == 184

    def test_as_matchit_once_did_it(self, lalonde):
        # Published with MatchIt 4.5: 770.39 (701.58); adjusted 1307.01 (718.83)
        found = estimate(lalonde, not_random("matched", search="matchit_4_5"))
        assert (found.value, found.se) == pytest.approx((770.39, 701.58), abs=0.005)
        adjusted = others(found)["matched, adjusted", "difference in means"]
        assert (adjusted.value, adjusted.se) == pytest.approx((1307.01, 718.83), abs=0.006)
        leads = estimate(lalonde, not_random("matched", search="matchit_4_5", adjusted=True))
        assert (leads.value, leads.se) == (adjusted.value, adjusted.se)
        assert others(leads)["matched", "difference in means"].value == found.value

    @pytest.mark.parametrize(
        ("choices", "value", "effective"), [({"method": "inverse_probability"}, 1214.07, None), ({}, 1273.26, 98.46)]
    )
    def test_weights(self, lalonde, choices, value, effective):
        found = estimate(lalonde, not_random("weighted", **choices))
        assert found.value == pytest.approx(value, abs=0.005)
        if effective:
            assert found.comparison.effective == pytest.approx(effective, abs=0.005)
            assert found.comparison.light_after == "green"

    @pytest.mark.parametrize("kind", MODELS)
    def test_the_other_methods_stand_beside_and_the_headline_not_again(self, lalonde, kind):
        found = estimate(lalonde, not_random(kind))
        names = [other.name for other in found.others]
        assert names[0] == "unadjusted"
        assert found.others[0].result.value == pytest.approx(-635.026, abs=5e-4)
        assert len(set(names)) == len(names)
        assert not any(other.result.value == pytest.approx(found.value, rel=1e-9) for other in found.others)

    def test_beside_an_effect_on_everyone_stand_effects_on_everyone(self, lalonde):
        found = estimate(lalonde, not_random("doubly_robust", estimand="everyone"))
        assert "entropy balancing" not in [other.name for other in found.others]
        direct = estimate(lalonde, not_random("weighted", method="inverse_probability", estimand="everyone"))
        beside = others(found)["inverse probability weights", "difference in means"]
        assert (beside.value, beside.se) == pytest.approx((direct.value, direct.se))

    def test_a_share_is_kept_as_a_share_and_scaled_for_display(self, lalonde):
        found = estimate(lalonde.assign(value=(lalonde["re78"] > 0) * 1.0), not_random("matched", "binary"))
        assert (found.measure, found.scale, found.unit) == ("risk difference", 100.0, "percentage points")
        assert abs(found.value) < 1
        assert {other.scale for other in found.others} == {100.0}
        assert found.events == {arm: round(found.summary[arm].mean * 185) for arm in found.n}

    def test_who_has_no_match_is_counted_nowhere_in_the_estimate(self, lalonde):
        found = estimate(lalonde, not_random("matched", caliper=0.2, replacement=True))
        assert found.n == {"treatment": 184, "comparison": 80}
        assert (found.comparison.treated, found.comparison.treated_used) == (185, 184)
        assert found.comparison.left_out
        # Those on whom the mean rests are those who are compared
        assert found.summary["comparison"].contributors == 57

    def test_too_few_matches_are_described(self, lalonde):
        one_of_a_kind = lalonde.assign(educ=np.where(lalonde["treat"] == 1, lalonde["educ"], lalonde["educ"] + 0.5))
        design = not_random("matched", caliper=0.002, floor_per_arm=180)
        found = estimate(one_of_a_kind, design)
        assert found.description_only
        assert "too few are left" in found.description_reason

    def test_no_overlap_is_refused_by_name(self, lalonde):
        apart = lalonde.assign(age=lalonde["age"] + 100 * lalonde["treat"])
        with pytest.raises(EstimationRefusal, match="no overlap"):
            estimate(apart, not_random("matched"))

    def test_an_unknown_cluster_is_refused(self, lalonde):
        frame = lalonde.assign(**{CLUSTER: [None, *(f"c{i % 30}" for i in range(1, len(lalonde)))]})
        with pytest.raises(EstimationRefusal, match="cluster is not known"):
            estimate(frame, not_random("weighted"))

    def test_missing_outcomes_are_counted_and_said(self, lalonde):
        holes = lalonde.assign(value=lalonde["value"].where(np.arange(len(lalonde)) % 10 > 0))
        found = estimate(holes, not_random("weighted"))
        assert found.missing == {"treatment": 19, "comparison": 43}
        assert any("not known are left out" in words for words in found.warnings)

    @pytest.mark.parametrize("kind", MODELS)
    def test_a_constant_outcome_is_refused_or_has_no_interval(self, lalonde, kind):
        with pytest.raises(EstimationRefusal):
            estimate(lalonde.assign(value=1.0), not_random(kind))

    @pytest.mark.parametrize("kind", ["weighted", "doubly_robust", "regression_adjusted"])
    def test_the_order_of_rows_does_not_matter(self, lalonde, kind):
        shuffled = lalonde.sample(frac=1, random_state=3).reset_index(drop=True)
        one, two = (estimate(frame, not_random(kind)) for frame in (lalonde, shuffled))
        assert (one.value, one.se) == pytest.approx((two.value, two.se), rel=1e-9)


class TestClusters:
    def test_the_advisors_engine_leads_and_equals_the_function(self, offices):
        found = estimate(offices.drop(columns=BLOCK), Design("continuous", "days", kind="cluster_randomised"))
        codes = np.unique(offices[CLUSTER], return_inverse=True)[1]
        direct = cluster_difference(
            offices["value"].to_numpy(), (offices["arm"] == "treatment").to_numpy(), codes, seed=1
        )
        assert (direct.advice.leads, direct.advice.arms_apart) == ("CR2 + Satterthwaite", True)
        assert found.engine == f"difference in means, {direct.leads}"
        assert (found.value, found.se, found.df) == (direct.apart.value, direct.apart.se, direct.apart.df)
        shown = others(found)
        textbook = shown["CR2 + Satterthwaite", "difference in means"]
        assert (textbook.value, textbook.se, textbook.df) == (direct.cr2.value, direct.cr2.se, direct.cr2.df)
        assert shown["randomisation inference", "difference in means"].p == direct.randomisation.result.p
        assert shown["cluster means", "difference in means"].value == pytest.approx(found.value)
        assert found.residual_df == 222
        assert "clusters that were offered" in found.estimand

    def test_blocks_take_degrees_of_freedom(self, offices):
        found = estimate(offices, Design("continuous", "days", kind="cluster_randomised"))
        assert found.residual_df == 224 - 2 - 3

    def test_the_smallest_cluster_is_not_told(self, offices):
        few = offices.drop(index=range(12)).drop(columns=BLOCK)
        found = estimate(few, Design("continuous", "days", kind="cluster_randomised"))
        assert "people per cluster: 13.2 on average, at most 14" in found.advice[0]

    def test_adjusted_leads_only_where_the_protocol_says_so(self, offices):
        design = Design("continuous", "days", kind="cluster_randomised", covariates=("age", "sex"))
        plain, adjusted = estimate(offices, design), estimate(offices, replace(design, adjusted=True))
        assert others(plain)["covariate-adjusted, CR2", "difference in means"].value == adjusted.value
        assert others(adjusted)["unadjusted, CR2", "difference in means"].value == plain.value
        assert adjusted.engine.startswith("covariate-adjusted")

    def test_too_few_clusters_are_compared_by_chance_alone_or_described(self, offices):
        four = offices[offices[CLUSTER].isin([f"office {i}" for i in range(4)])].drop(columns=BLOCK)
        found = estimate(four, Design("continuous", "days", kind="cluster_randomised"))
        assert "CR2" not in found.engine
        assert found.lower is None or found.description_only or "randomisation" in found.engine

    def test_people_within_clusters(self, offices):
        within = offices.drop(columns=BLOCK).assign(arm=arms(np.arange(224) % 2))
        found = estimate(within, Design("continuous", "days", kind="randomised"))
        assert "influence each other allowed for" in found.estimand
        assert ("cluster means", "difference in means") not in others(found)
        # Sixteen offices, each with people of both arms: enough for the wild bootstrap, as whole offices would not be
        assert not [words for words in found.advice if "wild bootstrap" in words]
        whole = estimate(offices, Design("continuous", "days", kind="cluster_randomised"))
        assert [words for words in whole.advice if words.startswith("wild bootstrap: With so few clusters")]
        assert [other.name for other in whole.others if other.refused] == ["wild bootstrap"]

    @pytest.mark.parametrize("kind", ["randomised", "cluster_randomised"])
    def test_an_unknown_cluster_is_refused(self, offices, kind):
        frame = offices.assign(**{CLUSTER: offices[CLUSTER].where(offices.index > 0)})
        with pytest.raises(EstimationRefusal, match="cluster is not known") as refused:
            estimate(frame, Design("continuous", "days", kind=kind))
        assert "case file" in refused.value.alternative

    def test_thornton(self):
        # Thornton 2008 by R's clubSandwich: 0.451982 (0.022790), 62.88 degrees of freedom
        causaldata = pytest.importorskip("causaldata", reason="the causaldata package is not installed")
        data = causaldata.thornton_hiv.load_pandas().data.dropna(subset=["got", "any", "villnum"])
        frame = pd.DataFrame({"arm": arms(data["any"] == 1), "value": data["got"], CLUSTER: data["villnum"]})
        found = estimate(frame, Design("binary", "", kind="randomised", draws=99))
        assert found.engine == "risk difference, CR2 + Satterthwaite"
        assert (found.value, found.se, found.df) == pytest.approx((0.451982, 0.022790, 62.88), rel=1e-4)


class TestPairs:
    def frame(self, both: int, first: int, second: int, neither: int) -> pd.DataFrame:
        kinds = [(1, 1)] * both + [(1, 0)] * first + [(0, 1)] * second + [(0, 0)] * neither
        rows = [(arm, p, kind[i]) for p, kind in enumerate(kinds) for i, arm in enumerate(("treatment", "comparison"))]
        return pd.DataFrame(rows, columns=["arm", PAIR, "value"])

    def test_newcombe(self):
        # Newcombe 1998, Statistics in Medicine 17:2635-2650, table II (36, 12, 2, 0): method 10
        design = Design("binary", "", kind="matched_pairs", assignment="not_randomised")
        found = estimate(self.frame(36, 12, 2, 0), design)
        assert (found.value, found.lower, found.upper) == pytest.approx((0.2, 0.0569, 0.3404), abs=5e-5)
        assert found.p == paired_table(36, 12, 2, 0).risk_difference.p
        assert found.n == {"treatment": 50, "comparison": 50}
        assert found.residual_df == 49
        assert others(found)["McNemar, exact", "test of equal risks"].p == paired_table(36, 12, 2, 0).exact_p

    def test_half_a_pair_is_left_out_and_said(self):
        frame = self.frame(36, 12, 2, 0)
        frame.loc[0, "value"] = np.nan
        frame.loc[2, PAIR] = None
        found = estimate(frame, Design("binary", "", kind="matched_pairs", assignment="not_randomised"))
        assert found.n == {"treatment": 48, "comparison": 48}
        assert found.value == pytest.approx(10 / 48)
        assert any("left out with both" in words for words in found.warnings)

    def test_without_any_pair_it_is_refused(self):
        frame = self.frame(6, 6, 6, 6).assign(**{PAIR: range(48)})
        with pytest.raises(EstimationRefusal, match="no pair"):
            estimate(frame, Design("binary", "", kind="matched_pairs", assignment="not_randomised"))

    def test_chance_within_pairs_is_drawn_again(self):
        found = estimate(self.frame(30, 12, 2, 6), Design("binary", "", kind="matched_pairs", draws=199))
        assert ("randomisation inference", "risk difference") in others(found)


class TestTimes:
    @pytest.fixture
    def rossi(self):
        data = load_rossi()
        return data.assign(arm=arms(data["fin"] == 1), time=data["week"], event=data["arrest"])

    def test_cox_adjusted(self, rossi):
        # Rossi, Berk & Lenihan 1980 in R survival: fin -0.379422 (0.191379), hazard ratio 0.684257
        found = estimate(rossi, Design("time_to_event", "weeks", horizon=52, kind="randomised", covariates=ROSSI))
        cox = others(found)["Cox, adjusted", "hazard ratio"]
        assert (cox.value, cox.se) == pytest.approx((0.684257, 0.191379), rel=1e-5)
        assert found.residual_df == 430
        x = np.column_stack([rossi["fin"], rossi[list(ROSSI)]]).astype(float)
        tests = proportionality(cox_regression(rossi["week"], rossi["arrest"], x))
        shown = others(found)
        assert shown["proportional hazards, adjusted", "test of a constant hazard ratio"].p == pytest.approx(
            tests.terms[0].p
        )
        overall = shown["proportional hazards, adjusted, overall", "test of constant hazard ratios"]
        assert overall.p == pytest.approx(tests.overall.p)

    def test_clusters_are_warned_of(self, rossi):
        frame = rossi.assign(**{CLUSTER: np.arange(432) % 40})
        found = estimate(frame, Design("time_to_event", "weeks", horizon=52, kind="randomised"))
        assert ("Cox, cluster-robust", "hazard ratio") in others(found)
        assert any("come in clusters" in words for words in found.warnings)

    def test_competing_events(self):
        data = pd.read_csv(DATA / "bmtcrr.csv")
        frame = pd.DataFrame(
            {
                "arm": arms(data["D"] == "AML"),
                "time": data["ftime"],
                "event": (data["Status"] == 1) * 1.0,
                "competing": (data["Status"] == 2) * 1.0,
            }
        )
        found = estimate(frame, Design("time_to_event", "months", horizon=12, kind="randomised"))
        direct = incidence_difference(data["ftime"], data["Status"], (data["D"] == "AML").to_numpy(), 12)
        assert (found.value, found.se) == pytest.approx((-direct.difference.value, direct.difference.se))
        assert (found.lower, found.upper) == pytest.approx((-direct.difference.upper, -direct.difference.lower))
        assert found.unit == "share of people"
        # Scrucca, Santucci & Aversa 2010 (R cmprsk): Gray's test 2.8623, p 0.09068
        assert others(found)["Gray", "test of equal shares with the event"].p == pytest.approx(0.09067592, rel=1e-6)
        known = frame.assign(competing=frame["competing"].where(frame.index > 0))
        with pytest.raises(EstimationRefusal, match="other event"):
            estimate(known.assign(event=0.0), Design("time_to_event", "months", horizon=12, kind="randomised"))


class TestCounts:
    @pytest.fixture
    def counted(self):
        draw = np.random.Generator(np.random.PCG64(8))
        treated = np.arange(300) % 2
        frame = {
            "arm": arms(treated),
            "value": draw.negative_binomial(1.2, 0.4 + 0.1 * treated),
            "age": draw.normal(size=300),
        }
        return pd.DataFrame({**frame, "exposure": draw.uniform(0.5, 2, 300)})

    def test_rate_ratios_are_those_of_the_models(self, counted):
        found = estimate(
            counted.drop(columns="exposure"),
            Design("count", "arrests", kind="randomised", covariates=("age",), draws=99),
        )
        treated = (counted["arm"] == "treatment").to_numpy(dtype=float)
        x = np.column_stack([np.ones(300), treated, counted["age"]])
        for name, fit, error in (
            ("Poisson, adjusted", poisson(x, counted["value"]), "robust"),
            ("negative binomial, adjusted", negative_binomial(x, counted["value"]), "model"),
        ):
            log, shown = fit.log_rate_ratio(1, error=error), others(found)[name, "rate ratio"]
            assert shown.value == pytest.approx(np.exp(log.value))
            assert shown.se == pytest.approx(log.se), "its standard error stays on the log scale"

    def test_time_at_risk_makes_rates(self, counted):
        found = estimate(counted, Design("count", "arrests per year", kind="randomised", draws=99))
        groups = counted.groupby("arm")[["value", "exposure"]].sum()
        rates = groups["value"] / groups["exposure"]
        assert found.value == pytest.approx(rates["treatment"] - rates["comparison"])
        assert found.summary["treatment"].mean == pytest.approx(rates["treatment"])
        # What is drawn again is the count per person, another figure than the headline
        assert ("randomisation inference", "difference in counts per person") in others(found)

    @pytest.mark.parametrize("wrong", [0.0, -1.0, np.nan])
    def test_nobody_without_time_at_risk(self, counted, wrong):
        frame = counted.assign(exposure=counted["exposure"].where(counted.index > 0, wrong))
        with pytest.raises(EstimationRefusal, match="no time at risk"):
            estimate(frame, Design("count", "arrests", kind="randomised"))

    @pytest.mark.parametrize("kind", ["randomised", "cluster_randomised", "matched", "matched_pairs"])
    def test_a_time_at_risk_is_never_passed_over(self, counted, kind):
        frame = counted.assign(**{CLUSTER: np.arange(300) // 10, PAIR: np.arange(300) // 2})
        chance = kind in ("randomised", "cluster_randomised")
        design = Design("count", "arrests", kind=kind, assignment="randomised" if chance else "not_randomised")
        with pytest.raises(EstimationRefusal, match="time at risk"):
            estimate(frame, design)

    def test_an_adjusted_headline_that_rates_cannot_keep_is_said(self, counted):
        design = Design("count", "arrests", kind="randomised", covariates=("age",), adjusted=True, draws=99)
        assert any("is not adjusted" in words for words in estimate(counted, design).warnings)


class TestOrdered:
    # Scores of pain on the third day after surgery: Brunner & Munzel 2000, Biometrical Journal 42:17-25
    Y, N = (1, 2, 1, 1, 1, 1, 1, 1, 1, 1, 2, 4, 1, 1), (3, 3, 4, 3, 1, 2, 3, 1, 1, 5, 4)

    @pytest.fixture
    def frame(self):
        return pd.DataFrame({"arm": arms([1] * 14 + [0] * 11), "value": self.Y + self.N})

    def test_pain(self, frame):
        # Published: P(X < Y) + P(X = Y)/2 = 0.788961, statistic 3.1375, df 17.683, p 0.005786
        found = estimate(frame, Design("ordinal", "points", kind="randomised"))
        assert found.value == pytest.approx(1 - 2 * 0.788961, abs=2e-6)
        assert (abs(found.statistic), found.df, found.p) == pytest.approx((3.1375, 17.683, 0.005786), rel=1e-4)
        direct = rank_comparison(frame["value"].to_numpy(float), (frame["arm"] == "treatment").to_numpy()).superiority
        assert (found.lower, found.upper) == pytest.approx((2 * direct.lower - 1, 2 * direct.upper - 1))
        assert found.unit == "", "a chance is not in the unit of the scale"

    def test_values_that_do_not_vary_are_described(self, frame):
        assert estimate(frame.assign(value=2.0), Design("ordinal", "", kind="randomised")).description_only

    def test_a_single_cluster_is_refused(self, frame):
        with pytest.raises(EstimationRefusal, match="cluster"):
            estimate(frame.assign(**{CLUSTER: 1}), Design("ordinal", "", kind="randomised"))


class TestAssessedSeveralTimes:
    def test_a_baseline_that_chance_made_alike(self, growth):
        # Potthoff & Roy 1964; the arms have one mean at 8 because the protocol names it as the baseline
        found = estimate(growth, Design("continuous", "mm", kind="randomised", at=14.0, baseline_at=8.0))
        treated = growth["arm"] == "treatment"
        direct = repeated_measures(growth[UNIT], growth[PERIOD], growth["value"], treated, 14.0)
        assert (found.value, found.se, found.df) == pytest.approx(
            (direct.headline.value, direct.headline.se, direct.headline.df)
        )
        assert [round(one) for one in found.over_time[0].positions] == [10, 12, 14]
        assert found.n == {"treatment": 11, "comparison": 16}

    def test_no_baseline_is_made_up(self, growth):
        found = estimate(growth, Design("continuous", "mm", kind="randomised", at=14.0))
        at = growth[growth[PERIOD] == 14].groupby("arm")["value"].mean()
        assert found.value == pytest.approx(at["treatment"] - at["comparison"], rel=1e-6)

    def test_the_first_period_alone_is_compared_without_a_model(self, growth):
        found = estimate(growth, Design("continuous", "mm", kind="randomised", at=8.0, draws=99))
        assert found.engine == "difference in means, HC2"
        assert found.n == {"treatment": 11, "comparison": 16}

    @pytest.mark.parametrize(
        ("at", "baseline_at", "words"),
        [(9.0, None, "`at`"), (14.0, 9.0, "`baseline_at`"), (8.0, 8.0, "`baseline_at`"), (8.0, 14.0, "`baseline_at`")],
    )
    def test_periods_that_are_not_there_are_refused(self, growth, at, baseline_at, words):
        with pytest.raises(EstimationRefusal, match=words):
            estimate(growth, Design("continuous", "mm", kind="randomised", at=at, baseline_at=baseline_at))

    def test_whoever_was_not_assessed_then_is_missing(self, growth):
        gone = growth[~((growth[PERIOD] == 14) & growth[UNIT].isin([0, 20]))]
        never = pd.DataFrame({UNIT: [99], "arm": ["treatment"], PERIOD: [np.nan], "value": [np.nan]})
        frame = pd.concat([gone, never], ignore_index=True)
        found = estimate(frame, Design("continuous", "mm", kind="randomised", at=14.0, baseline_at=8.0))
        assert found.missing == {"treatment": 2, "comparison": 1}
        assert found.n == {"treatment": 10, "comparison": 15}

    @pytest.mark.parametrize(
        ("kind", "more"),
        [
            ("cluster_randomised", {CLUSTER: lambda f: f[UNIT]}),
            ("randomised", {CLUSTER: lambda f: f[UNIT] // 2}),
            ("matched_pairs", {PAIR: lambda f: f[UNIT] % 11 + 16 * (f[UNIT] > 26)}),
        ],
    )
    def test_a_person_is_one_row_however_often_assessed(self, growth, kind, more):
        chance = "not_randomised" if kind == "matched_pairs" else "randomised"
        design = Design("continuous", "mm", kind=kind, assignment=chance, at=14.0, draws=99)
        several = growth.assign(**more)
        once = several[several[PERIOD] == 14].drop(columns=[PERIOD, UNIT])
        one, two = estimate(several, design), estimate(once, design)
        assert (one.n, one.value, one.se) == (two.n, two.value, two.se)

    def test_an_ordered_outcome_too(self, growth):
        found = estimate(growth, Design("ordinal", "", kind="randomised", at=14.0))
        assert found.n == {"treatment": 11, "comparison": 16}

    def test_the_baseline_adjusts_where_chance_decided(self, growth):
        frame = growth.assign(**{CLUSTER: growth[UNIT]})
        found = estimate(
            frame, Design("continuous", "mm", kind="cluster_randomised", at=14.0, baseline_at=8.0, draws=99)
        )
        assert found.engine.startswith("covariate-adjusted")

    def test_an_adjusted_mixed_model_leads_only_where_declared(self, growth):
        frame = growth.assign(age=growth[UNIT] % 5)
        design = Design("continuous", "mm", kind="randomised", at=14.0, baseline_at=8.0, covariates=("age",))
        plain, adjusted = estimate(frame, design), estimate(frame, replace(design, adjusted=True))
        assert others(plain)["mixed model, adjusted", "difference in means"].value == pytest.approx(adjusted.value)
        assert others(adjusted)["mixed model, unadjusted", "difference in means"].value == pytest.approx(plain.value)


class TestByChance:
    @pytest.fixture
    def people(self):
        draw = np.random.Generator(np.random.PCG64(2))
        block = np.arange(80) // 20
        frame = {"arm": arms(np.arange(80) % 2), BLOCK: [f"b{b}" for b in block], BASELINE: draw.normal(size=80)}
        return pd.DataFrame({**frame, "value": 5 * block + draw.normal(size=80)})

    def test_blocks_lead(self, people):
        found = estimate(people, Design("continuous", "days", kind="randomised", draws=99))
        assert "within blocks" in found.engine
        own = people.groupby([BLOCK, "arm"])["value"].mean().unstack()
        assert found.value == pytest.approx((own["treatment"] - own["comparison"]).mean())
        assert ("blocks left out", "difference in means") in others(found)
        assert not any("does not use the strata" in words for words in found.warnings)

    def test_an_unknown_block_is_refused(self, people):
        frame = people.assign(**{BLOCK: people[BLOCK].where(people.index > 0)})
        with pytest.raises(EstimationRefusal, match="block is not known"):
            estimate(frame, Design("continuous", "days", kind="randomised"))

    def test_an_arm_without_the_event_has_no_odds_ratio_but_an_exact_limit(self, people):
        frame = people.drop(columns=[BLOCK, BASELINE]).assign(value=(people.index % 4 == 0) * 1.0)
        found = estimate(frame, Design("binary", "", kind="randomised", draws=99))
        assert 0 in found.events.values()
        assert ("Fisher", "test of equal risks") in others(found)
        assert any("separation" in words for words in found.advice)

    def test_a_constant_outcome_is_described_or_refused(self, people):
        try:
            found = estimate(people.assign(value=1.0), Design("continuous", "days", kind="randomised"))
        except EstimationRefusal:
            return
        assert found.description_only


FLOORS = {
    "randomised": ("continuous", {}),
    "cluster_randomised": ("continuous", {CLUSTER: [f"c{i % 4}" for i in range(16)]}),
    "matched_pairs": ("continuous", {PAIR: [i // 2 for i in range(16)]}),
    "matched": ("continuous", {"age": range(16)}),
    "weighted": ("binary", {"age": range(16)}),
    "regression_adjusted": ("count", {"age": range(16)}),
    "doubly_robust": ("continuous", {"age": range(16)}),
}


@pytest.mark.parametrize("kind", FLOORS)
def test_below_the_floor_groups_are_described_and_nothing_else(kind):
    outcome_type, more = FLOORS[kind]
    frame = pd.DataFrame(
        {"arm": arms(i % 2 for i in range(16)), "value": [float(i % 3 == 0) for i in range(16)], **more}
    )
    chance = kind in ("randomised", "cluster_randomised")
    declared = MODELS[kind](kind=kind) if kind in MODELS else None
    design = Design(
        outcome_type,
        "days",
        kind=kind,
        assignment="randomised" if chance else "not_randomised",
        declared=declared,
        covariates=("age",) if "age" in more else (),
    )
    found = estimate(frame, design)
    assert found.description_only
    assert "fewer than 10 people" in found.description_reason
    assert (found.value, found.se, found.p, found.others, found.comparison) == (None, None, None, (), None)
    assert found.n == {"treatment": 8, "comparison": 8}


@pytest.mark.parametrize("kind", FLOORS)
def test_every_kind_says_whose_effect_it_is(kind):
    _, more = FLOORS[kind]
    draw = np.random.Generator(np.random.PCG64(1))
    more = {name: (list(values) * 5)[:80] for name, values in more.items()}
    if PAIR in more:
        more[PAIR] = [i // 2 for i in range(80)]
    if CLUSTER in more:
        more[CLUSTER] = [f"c{i // 10 * 2 + i % 2}" for i in range(80)]
    frame = pd.DataFrame({"arm": arms(i % 2 for i in range(80)), "value": draw.normal(size=80), **more})
    if "age" in more:
        frame["age"] = draw.normal(size=80)
    chance = kind in ("randomised", "cluster_randomised")
    design = Design(
        "continuous",
        "days",
        kind=kind,
        assignment="randomised" if chance else "not_randomised",
        declared=MODELS[kind](kind=kind) if kind in MODELS else None,
        covariates=("age",) if "age" in more else (),
        draws=99,
    )
    found = estimate(frame, design)
    assert found.estimand.endswith(".")
    assert found.why
    assert found.residual_df > 0
    assert set(found.summary) == set(found.n) == {"treatment", "comparison"}


@pytest.mark.parametrize("outcome_type", ["ordinal", "time_to_event"])
def test_a_type_without_an_engine_says_what_to_declare_instead(outcome_type):
    frame = pd.DataFrame({"arm": arms([1, 0]), "value": [1.0, 2.0], "time": [1.0, 2.0], "event": [1.0, 0.0]})
    design = Design(outcome_type, "days", horizon=2, kind="before_after", assignment="not_randomised")
    with pytest.raises(EstimationRefusal, match="No engine") as refused:
        estimate(frame, design)
    assert "Declare it as binary" in refused.value.alternative or "as binary or continuous" in refused.value.alternative
