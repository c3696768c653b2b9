"""Checks of doubt beside estimates: figures equal the functions, refusals are said, and nothing counts people."""

import re
from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from pipelines.disclosure.exhibits import MISSING
from pipelines.disclosure.exhibits import doubts as disclosed
from pipelines.disclosure.log import Log
from pipelines.disclosure.policy import Policy
from pipelines.disclosure.sizes import Sizes
from pipelines.estimation import Design, estimate
from pipelines.estimation.common_difference import common_difference
from pipelines.estimation.comparison_pool import comparison_pool
from pipelines.estimation.designs import doubts_missing
from pipelines.estimation.doubt.arrived import Arrived, detectable, expected_half_width, power_of
from pipelines.estimation.doubt.cluster_left_out import leave_one_cluster_out_ols
from pipelines.estimation.doubt.discordant_pairs import discordant_pair_bounds
from pipelines.estimation.doubt.e_value import standardised_e_value
from pipelines.estimation.doubt.e_value_difference import difference_e_value
from pipelines.estimation.doubt.one_person import influence_of_one_person
from pipelines.estimation.doubt.outliers import robust_differences
from pipelines.estimation.doubt.sign_and_size import sign_and_size
from pipelines.estimation.refusal import EstimationRefusal
from pipelines.findings.exhibits import DoubtsResult, Reading
from pipelines.protocol import designs


def people(n=120, seed=3, binary=False, missing=0.0):
    rng = np.random.default_rng(seed)
    arm = np.arange(n) % 2
    age = np.round(rng.normal(40, 9, n))
    value = (rng.random(n) < 0.3 + 0.3 * arm).astype(float) if binary else age / 10 + arm + rng.normal(0, 1, n)
    value[rng.random(n) < missing] = np.nan
    arms = np.where(arm == 1, "treatment", "comparison")
    return pd.DataFrame({"arm": arms, "value": value, "age": age, "sex": rng.choice(["f", "m"], n)})


def asked(outcome_type="continuous", kind="randomised", **more):
    chance = "randomised" if kind in ("randomised", "cluster_randomised") else "not_randomised"
    return Design(outcome_type, "points", assignment=chance, kind=kind, draws=99, **more)


def group(kind, **more):
    declared = {
        "matched": designs.Matched,
        "weighted": designs.Weighted,
        "regression_adjusted": designs.RegressionAdjusted,
    }[kind](kind=kind)
    return asked(kind=kind, declared=declared, **more)


def readings(frame, design):
    return {one.key: one for one in estimate(frame, design).doubts}


def test_what_the_design_could_have_shown_equals_the_formulas():
    frame = people()
    sd = frame.loc[frame["arm"] == "comparison", "value"].std()
    arrived = Arrived(60, 60)
    found = readings(frame, asked(minimum_important_difference=0.5))
    assert found["detectable"].value == pytest.approx(detectable(arrived, sd).value)
    assert found["expected_half_width"].value == pytest.approx(expected_half_width(arrived, sd))
    assert found["power"].value == pytest.approx(power_of(arrived, 0.5 / sd))
    errors = sign_and_size(0.5, arrived.error * sd, arrived.df)
    assert (found["wrong_sign"].value, found["exaggeration"].value) == pytest.approx(
        (errors.wrong_sign, errors.exaggeration)
    )


def test_without_a_smallest_difference_that_matters_it_says_so():
    found = readings(people(), asked())
    assert "was declared beforehand" in found["power"].sentence
    assert found["power"].value is None
    assert not {"wrong_sign", "exaggeration"} & set(found)


def test_complete_outcomes_have_no_check_of_missing_ones():
    assert not [key for key in readings(people(binary=True), asked("binary")) if key.startswith(MISSING)]


@pytest.mark.parametrize("outcome_type", ["binary", "continuous"])
def test_sentences_hold_no_count_of_people_and_readings_the_fewest_missing(outcome_type):
    frame = people(binary=outcome_type == "binary", missing=0.2)
    found = readings(frame, asked(outcome_type, doubts=designs.Doubts(imputations=3)))
    lost = frame.loc[frame["value"].isna(), "arm"].value_counts()
    about_missing = [one for key, one in found.items() if key.startswith(MISSING)]
    assert about_missing
    assert {one.n for one in about_missing} == {int(lost.min())}
    for one in found.values():
        assert not re.search(r"\d+ (people|participants|missing|persons)", one.sentence)


def test_the_keys_that_disclosure_looks_for_are_the_keys_that_are_made():
    assert set(MISSING) == set(doubts_missing.KEYS)


def test_small_pilots_look_at_extreme_values_and_at_one_person():
    frame = people()
    found = readings(frame, asked())
    arms = [frame.loc[frame["arm"] == arm, "value"].to_numpy() for arm in ("treatment", "comparison")]
    by_name = {other.name: other.result.value for other in robust_differences(*arms).others}
    assert found["robust/hodges_lehmann"].value == pytest.approx(by_name["Hodges-Lehmann"])
    assert found["robust/trimmed"].value == pytest.approx(by_name["trimmed"])
    assert found["robust/trimmed"].n == 2 * (6 + 6)
    columns = np.column_stack([np.ones(120), frame["arm"] == "treatment"]).astype(float)
    assert found["one_person"].value == influence_of_one_person(columns, frame["value"].to_numpy(), 1).at_most
    assert not {"robust/trimmed", "one_person"} & set(readings(people(n=500), asked()))


def test_e_values_of_a_comparison_group():
    frame = people(n=400)
    design = group("regression_adjusted", covariates=("age",))
    whole = estimate(frame, design)
    found = {one.key: one for one in whole.doubts}
    variances = frame.groupby("arm")["value"].var(ddof=1)
    sd = float(np.sqrt(variances.mean()))
    expected = standardised_e_value(whole.value / sd, whole.se / sd)
    assert (found["e_value"].value, found["e_value_limit"].value) == pytest.approx((expected.estimate, expected.limit))


def test_e_values_of_a_share():
    frame = people(n=400, binary=True)
    design = replace(group("weighted", covariates=("age",)), outcome_type="binary")
    whole = estimate(frame, design)
    found = {one.key: one for one in whole.doubts}
    expected = difference_e_value(whole.value, whole.lower, whole.upper, whole.summary["comparison"].mean)
    assert (found["e_value"].value, found["e_value_limit"].value) == pytest.approx((expected.estimate, expected.limit))


def test_an_e_value_that_cannot_be_formed_says_why():
    frame = people(n=400, binary=True)
    frame.loc[frame["arm"] == "comparison", "value"] = 0.0
    found = readings(frame, replace(group("matched", covariates=("age",)), outcome_type="binary"))
    assert found["e_value"].value is None
    assert found["e_value"].sentence.startswith("The check “E-value” could not be made: there is no risk")


def test_pairs_of_shares_rest_on_the_fewer_discordant_ones():
    treated, control = [1.0] * 40 + [0.0] * 12 + [1.0] * 20, [0.0] * 40 + [1.0] * 12 + [1.0] * 20
    arms = ["treatment"] * 72 + ["comparison"] * 72
    frame = pd.DataFrame({"arm": arms, "value": treated + control, "design pair": list(range(72)) * 2})
    declared = designs.MatchedPairs(kind="matched_pairs", pairs="pair")
    found = readings(frame, replace(asked("binary", "matched_pairs"), declared=declared))
    assert found["hidden_bias"].value == pytest.approx(discordant_pair_bounds(40, 12).crosses)
    assert found["hidden_bias"].n == 12
    fewer = replace(asked("binary", "matched_pairs"), declared=declared, doubts=designs.Doubts(hidden_bias=1.5))
    assert readings(frame, fewer)["hidden_bias"].value == 1.5


def test_leaving_out_each_cluster_names_none():
    frame = people(n=240)
    codes = np.arange(240) % 20
    frame["design cluster"] = [f"office {code}" for code in codes]
    declared = designs.ClusterRandomised(kind="cluster_randomised", clusters="office")
    found = readings(frame, asked(kind="cluster_randomised", declared=declared))["leave_one_cluster_out"]
    columns = np.column_stack([np.ones(240), frame["arm"] == "treatment"]).astype(float)
    expected = leave_one_cluster_out_ols(codes, columns, frame["value"].to_numpy(), 1)
    assert (found.value, found.lower, found.upper) == pytest.approx(
        (expected.estimate, expected.lowest, expected.highest)
    )
    assert found.n == 12
    assert "office" not in found.sentence


def test_clusters_take_the_interval_of_bounds_and_the_tipping_point_away():
    frame = people(n=240, binary=True, missing=0.2)
    frame["design cluster"] = [f"office {code}" for code in np.arange(240) % 20]
    declared = designs.ClusterRandomised(kind="cluster_randomised", clusters="office")
    found = readings(frame, asked("binary", "cluster_randomised", declared=declared))
    assert {"worst_case", "lee"} <= set(found)
    assert not {"worst_case_interval", "lee_interval"} & set(found)
    assert "come in clusters" in found["tipping_point"].sentence


def test_ways_to_analyse_stand_once_each():
    frame = people(n=400)
    ways = designs.Doubts(
        covariate_sets=((), ("age",), ("age", "sex")), methods=("difference", "regression_adjusted", "entropy")
    )
    found = readings(frame, group("regression_adjusted", covariates=("age",), doubts=ways))
    curve, raw = found["specification_curve"], frame.groupby("arm")["value"].mean()
    # One difference, and two methods with two sets each: five ways, whose middle is one of them.
    assert curve.lower <= raw["treatment"] - raw["comparison"] <= curve.upper
    assert curve.lower < curve.value < curve.upper
    assert found["specification_same_sign"].value == 1.0
    assert "all point the same way" in curve.sentence


def test_the_order_of_rows_changes_nothing():
    frame = people(missing=0.2)
    design = asked(covariates=("age",), doubts=designs.Doubts(imputations=3))
    first, second = readings(frame, design), readings(frame.sample(frac=1, random_state=4), design)
    for key, one in first.items():
        assert one.sentence == second[key].sentence
        assert (one.value is None) == (second[key].value is None)
        if one.value is not None:
            assert one.value == pytest.approx(second[key].value, rel=1e-9)


def test_one_difference_for_everybody_where_groups_have_too_few_for_their_own():
    rng = np.random.default_rng(8)
    place = np.repeat(np.arange(60), 4)
    arm = rng.random(240) < 0.5
    y = 2.0 * arm + rng.normal(0, 2, 60)[place] + rng.normal(0, 1, 240)
    dummies = (place[:, None] == np.arange(1, 60)).astype(float)
    pool = comparison_pool(dummies, tuple(f"place = {i}" for i in range(1, 60)), arm)
    found = common_difference(pool, y)
    whole = np.column_stack([np.ones(240), arm, dummies])
    assert found.result.value == pytest.approx(np.linalg.lstsq(whole, y, rcond=None)[0][1])
    with pytest.raises(EstimationRefusal, match="decide who is in which group"):
        common_difference(comparison_pool(arm[:, None].astype(float), ("same",), arm), y)


def test_darfur_with_its_villages_as_published():
    # Cinelli & Hazlett 2020, JRSS B 82:39-67, table 1: estimate 0.097316, RV 0.138776, RV(0.05) 0.076258
    frame = pd.read_csv(Path(__file__).parents[1] / "reference" / "data" / "darfur.csv")
    frame["arm"] = np.where(frame["directlyharmed"] == 1, "treatment", "comparison")
    frame = frame.assign(value=frame["peacefactor"], village="v" + frame["village"].astype(str))
    names = ("age", "farmer_dar", "herder_dar", "pastvoted", "hhsize_darfur", "female", "village")
    design = group("regression_adjusted", covariates=names, doubts=designs.Doubts(benchmarks=("female",)))
    whole = estimate(frame, design)
    found = {one.key: one for one in whole.doubts}
    assert whole.value == pytest.approx(0.097316, rel=1e-4)
    values = [found[key].value for key in ("robustness_value", "robustness_value_alpha", "partial_r2")]
    assert values == pytest.approx([0.138776, 0.076258, 0.021873], rel=1e-4)
    assert found["benchmark/female/3"].value == pytest.approx(0.030396, rel=1e-4)


POLICY = {"profile": "standard", "minimum_count": 10, "rounding_base": 1, "all_or_none": True}


def policy(**more):
    return Policy(**(POLICY | {"minimum_interval": 4, "minimum_step": 10, "minimum_df": 10} | more))


def shown(*given, everybody=None, effect=None, sizes=None, rules=None):
    rules = rules or policy()
    result = DoubtsResult(title="x", outcome="y", readings=given, everybody=everybody or {})
    return disclosed(result, {"y": effect} if effect else {}, rules, Log(), sizes or Sizes(rules))


@pytest.fixture
def effect():
    from pipelines.findings.models import EffectResult

    return EffectResult(
        title="x",
        tier="primary",
        better="higher",
        outcome_type="binary",
        horizon=None,
        level=0.95,
        unit="",
        minimum_important_difference=None,
        measure="risk difference",
        arms={},
        engine="e",
        why="w",
        verdict="inconclusive",
        value=0.1,
        se=0.03,
    )


def worst(people):
    return Reading(
        key="worst_case", title="t", measure="risk difference", lower=-0.1, upper=0.2, people=people, sentence="s"
    )


def test_few_missing_leave_nothing_behind(effect):
    assert shown(worst(9), effect=effect).readings == ()
    (kept,) = shown(worst(10), effect=effect).readings
    assert (kept.lower, kept.people) == (-0.1, None)


def test_a_size_that_would_give_few_others_away_is_not_told(effect):
    rules = policy()
    sizes = Sizes(rules)
    sizes.show("treatment", 97)
    found = shown(worst(12), everybody={"treatment": 100}, effect=effect, sizes=sizes, rules=rules)
    assert (found.readings, found.everybody) == ((), {})


def test_a_placebo_that_is_withheld_is_not_spoken_of(effect):
    said = Reading(key="placebo/p", title="t", measure="no figure", sentence="s")
    rules = policy()
    result = DoubtsResult(title="x", outcome="y", readings=(said,))
    hidden = effect.model_copy(update={"value": None})
    for other, kept in ((hidden, 0), (effect, 1)):
        found = disclosed(result, {"y": effect, "p": other}, rules, Log(), Sizes(rules))
        assert len(found.readings) == kept


def test_under_rounding_bounds_of_missing_outcomes_are_not_told(effect):
    assert shown(worst(40), effect=effect, rules=policy(rounding_base=5)).readings == ()
