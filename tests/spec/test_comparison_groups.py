"""Matching, weighting and their checks by example: what is done, what is refused, and what is said."""

import re

import numpy as np
import pandas as pd
import pytest

from pipelines.estimation import EstimationRefusal
from pipelines.estimation.comparison_balance import balance, omnibus, who_was_dropped
from pipelines.estimation.comparison_bootstrap import bootstrap_effect
from pipelines.estimation.comparison_pool import comparison_pool, pool_of_frame
from pipelines.estimation.doubly_robust import doubly_robust
from pipelines.estimation.index_dates import assign_index_dates, check_immortal_time, sequential_trials
from pipelines.estimation.matched_effects import matched_effect
from pipelines.estimation.matching import match
from pipelines.estimation.overlap import common_support, overlap
from pipelines.estimation.propensity import propensity
from pipelines.estimation.weighted_effects import weighted_effect
from pipelines.estimation.weighting import weigh

AGES = np.array([20.0, 30, 41, 22, 29, 40, 60, 31, 26, 35])
ARMS = np.array([1, 1, 1, 0, 0, 0, 0, 0, 1, 0])


def pool(columns=AGES[:, None], names=("age",), treated=ARMS, keys=None):
    return comparison_pool(columns, names, treated, keys)


def many(seed=0, n=100):
    draw = np.random.default_rng(seed)
    x = draw.normal(size=(n, 2))
    t = draw.random(n) < 1 / (1 + np.exp(0.5 - x[:, 0]))
    return comparison_pool(x, ("a", "b"), t), x[:, 0] + t + draw.normal(size=n)


def refused(match_, act):
    with pytest.raises(EstimationRefusal, match=match_) as caught:
        act()
    assert caught.value.alternative
    return str(caught.value)


class TestPool:
    def test_a_person_twice(self):
        frame = pd.DataFrame({"arm": ["treatment", "comparison"] * 2, "age": [1.0, 2, 3, 4], "key": list("abca")})
        said = refused("more than once", lambda: pool_of_frame(frame, ("age",), "key"))
        assert "abca"[0] + "'" not in said
        assert pool_of_frame(frame.assign(key=list("dbca")), ("age",), "key").row.tolist() == [3, 1, 2, 0]

    def test_empty_arm_and_unknown_values(self):
        refused("Nobody is in one of the arms", lambda: pool(treated=np.ones(10)))
        refused("not known for everybody: age", lambda: pool(np.where(AGES > 50, np.nan, AGES)[:, None]))
        refused("has no key", lambda: pool(keys=[None, *"bcdefghij"]))

    def test_misuse(self):
        for broken in (lambda: pool(AGES[:, None], ("a", "b")), lambda: pool(treated=ARMS * 2), lambda: pool(keys=[1])):
            with pytest.raises(ValueError, match="must be"):
                broken()


class TestMatching:
    def test_on_one_number_by_hand(self):
        # Largest score first: 41 takes 40, 30 takes 29 (31 is as near; its key is later), 26 takes 22, 20 takes 31
        p = pool()
        rising = propensity(p).coefficients["age"] > 0
        found = match(p, "logit", order="largest" if rising else "smallest")
        pairs = {AGES[t]: AGES[c[0]] for t, c in zip(found.people, found.partners, strict=True)}
        assert pairs == {41.0: 40.0, 30.0: 29.0, 26.0: 22.0, 20.0: 31.0}
        assert found.discarded.sum() == 2
        assert found.sets_as_given()[[1, 4]].tolist() == [1, 1]

    def test_weights_of_matchit(self):
        found = match(pool(), "logit", ratio=2, replace=True)
        weights = found.weights_as_given()
        distinct = (weights[ARMS == 0] > 0).sum()
        assert weights[ARMS == 0].sum() == pytest.approx(distinct)
        assert (weights[ARMS == 1] == 1).all()

    def test_caliper_changes_the_estimand_and_says_so(self):
        p = pool()
        wide, tight = match(p, "logit"), match(p, "logit", caliper=0.2)
        assert "treated who could be matched" in tight.sentence
        assert tight.counts["treated_matched"] < wide.counts["treated_matched"]
        assert any("only for those who remain" in said for said in tight.warnings)
        assert not any(re.search(r"\d", said) for said in tight.warnings)
        logit = tight.points[:, 0]
        assert tight.caliper == pytest.approx(0.2 * logit.std(ddof=1))

    def test_exact_within(self):
        town = np.array(list("nsnsnsnsns"))
        found = match(pool(), "logit", exact=town)
        for person, partner in zip(found.people, found.partners[:, 0], strict=True):
            assert partner == -1 or town[person] == town[partner]

    def test_nobody_close_enough(self):
        refused("no overlap", lambda: match(pool(), "logit", caliper=1e-6))

    def test_contradictory_options(self):
        for options in (
            {"ratio": 0}, {"caliper": -1.0}, {"distance": "euclid"}, {"distance": "mahalanobis", "caliper": 0.2},
            {"search": "matchit_4_5", "caliper": 0.2}, {"distance": "mahalanobis", "order": "largest"},
        ):  # fmt: skip
            with pytest.raises(ValueError, match=r"[Cc]aliper|option"):
                match(pool(), **options)
        with pytest.raises(ValueError, match="many sets"):
            match(pool(), replace=True).sets_as_given()

    def test_effect_is_the_mean_difference_within_pairs(self):
        y = np.arange(10.0) ** 2
        found = match(pool(), "logit")
        by_pair = y[found.people] - y[found.partners[:, 0]]
        answer = matched_effect(found, y)
        assert answer.result.value == pytest.approx(by_pair.mean())
        # Clustered on pairs without covariates: the paired t-test's error, but for the factor (N-1)/(N-K)
        assert answer.result.se == pytest.approx(by_pair.std(ddof=1) / 2 * np.sqrt(7 / 6))
        assert answer.result.df == 3

    def test_unknown_outcomes_leave_their_set(self):
        y = np.arange(10.0) ** 2
        y[0] = np.nan
        answer = matched_effect(match(pool(), "logit"), y)
        assert answer.n == {"treatment": 3, "comparison": 3}
        assert any("left out" in said for said in answer.warnings)
        refused("Fewer than two", lambda: matched_effect(match(pool(), "logit"), np.full(10, np.nan)))
        refused("does not vary", lambda: matched_effect(match(pool(), "logit"), np.ones(10)))
        refused("too few matched sets", lambda: matched_effect(match(few_people()), np.arange(8.0), covariates=True))


def few_people():
    x = np.column_stack([[1, 4, 2, 5, 3, 2, 4, 3.5], [2, 1, 5, 3, 3, 4, 1, 2.0]])
    return comparison_pool(x, ("a", "b"), [1, 0, 1, 0, 1, 0, 0, 0])


class TestNoOverlap:
    def test_separated_arms(self):
        x = np.arange(20.0)[:, None]
        said = refused("no overlap", lambda: propensity(comparison_pool(x, ("months inside",), x[:, 0] >= 10)))
        assert "months inside" in said

    def test_separated_for_some(self):
        draw = np.random.default_rng(1)
        x = np.column_stack([draw.normal(size=60), np.zeros(60)])
        t = np.arange(60) < 30
        x[:5, 1] = 1  # a category that only treated people have
        said = refused("Some people have no like", lambda: propensity(comparison_pool(x, ("age", "prison"), t)))
        assert "prison" in said
        assert "age" not in said.split(".")[2]

    def test_separated_by_a_combination(self):
        draw = np.random.default_rng(2)
        x = draw.normal(size=(80, 3))
        refused("no overlap", lambda: propensity(comparison_pool(x, ("a", "b", "c"), x @ [1, -2, 1] > 0)))

    def test_strong_but_not_separated(self):
        draw = np.random.default_rng(3)
        x = draw.normal(size=(4000, 1))
        t = draw.random(4000) < 1 / (1 + np.exp(-8 * x[:, 0]))
        assert propensity(comparison_pool(x, ("a",), t)).coefficients["a"] == pytest.approx(8, rel=0.15)

    def test_entropy_balancing_names_the_covariate(self):
        x = np.column_stack([np.r_[np.full(10, 9.0), np.arange(10.0)], np.tile([0.0, 1], 10)])
        said = refused("no weights", lambda: weigh(comparison_pool(x, ("age", "sex"), np.arange(20) < 10)))
        assert "age" in said
        assert "sex" not in said

    def test_entropy_balancing_outside_the_hull_within_every_range(self):
        # Comparators on a diagonal; treated people off it, within the range of each covariate
        line = np.linspace(0, 10, 40)
        x = np.r_[np.column_stack([line, line + 0.01 * np.sin(line)]), [[3.0, 6], [4, 7], [2, 5]]]
        said = refused("no weights", lambda: weigh(comparison_pool(x, ("a", "b"), np.arange(43) >= 40)))
        assert "a, b" in said

    def test_one_person_would_carry_an_arm(self):
        x = np.r_[np.linspace(0, 1, 30), np.linspace(4, 5, 30), 5.05][:, None]
        t = np.r_[np.zeros(30), np.ones(30), 0]
        refused("overlap", lambda: weigh(comparison_pool(x, ("a",), t), "ipw", "ATT"))

    def test_scores_apart(self):
        refused("every treated", lambda: overlap([0.1, 0.2, 0.3, 0.8, 0.9], [0, 0, 0, 1, 1]))


class TestWeighting:
    def test_estimand_is_said(self):
        p, y = many()
        for method, estimand, words in (("ipw", "ATT", "on the treated"), ("ipw", "ATE", "on everybody"),
                                        ("overlap", "ATO", "could well have been in either")):  # fmt: skip
            found = weighted_effect(weigh(p, method, estimand), y)
            assert words in found.sentence
            assert found.estimand == estimand

    def test_trimming_is_declared(self):
        p, y = many()
        found = weigh(p, "ipw", "ATE", trim=(0.2, 0.8))
        assert "0.2 to 0.8" in found.sentence
        assert 0 < found.kept.sum() < 100
        assert (found.weights_as_given()[~found.kept] == 0).all()
        assert weighted_effect(found, y).n["treatment"] == (found.kept & p.treated).sum()
        refused("within the declared limits", lambda: weigh(p, "ipw", "ATE", trim=(0.0, 1e-5)))

    def test_contradictory_options(self):
        for options in ({"method": "ipw", "estimand": "ATO"}, {"trim": (0.1, 0.9)},
                        {"method": "ipw", "variances": True}, {"method": "ipw", "trim": (0.9, 0.1)}):  # fmt: skip
            with pytest.raises(ValueError, match=r"does not|Only|must"):
                weigh(many()[0], **options)

    def test_unknown_and_constant_outcomes(self):
        p, y = many()
        refused("not known", lambda: weighted_effect(weigh(p), np.where(y > 2, np.nan, y)))
        refused("does not vary", lambda: weighted_effect(weigh(p), np.ones(100)))

    def test_clusters(self):
        p, y = many()
        found = weighted_effect(weigh(p), y, cluster=np.arange(100) % 10).result
        assert found.df == 9
        alone = weighted_effect(weigh(p), y, cluster=np.arange(100)).result
        assert alone.se == pytest.approx(weighted_effect(weigh(p), y).result.se * np.sqrt(100 / 99))
        refused("only one cluster", lambda: weighted_effect(weigh(p), y, cluster=np.zeros(100)))

    def test_regression_needs_people(self):
        refused("too few people", lambda: doubly_robust(few_people(), np.arange(8.0), "regression"))

    def test_bootstrap_of_clusters(self):
        p, y = many()
        answer = bootstrap_effect(
            p, y, lambda q, v: weighted_effect(weigh(q), v).result.value, draws=99, seed=1, cluster=np.arange(100) % 20
        )
        assert answer.lower < answer.value < answer.upper
        assert answer.p is None


class TestBalance:
    def test_by_hand(self):
        p = comparison_pool(np.array([[1.0], [3], [2], [6]]), ("a",), [1, 1, 0, 0])
        found = balance(p, [1, 1, 3, 1]).rows[0]
        assert found.before.smd == pytest.approx((2 - 4) / np.sqrt(2))
        assert found.after.mean["comparison"] == pytest.approx(3)
        assert found.after.smd == pytest.approx((2 - 3) / np.sqrt(2))
        # Steps at 1, 2, 3, 6: treated .5 .5 1 1, comparators 0 .75 .75 1
        assert (found.after.ecdf_mean, found.after.ecdf_max) == pytest.approx((0.25, 0.5))
        assert balance(p, [1, 1, 3, 1], "pooled").rows[0].before.smd == pytest.approx(-2 / np.sqrt(5))

    def test_lights_and_sentence(self):
        p, _ = many()
        before = balance(p)
        assert before.light == before.light_before == "red"
        assert "Still apart: a" in before.sentence
        after = balance(p, weigh(p).weights_as_given())
        assert (after.light, after.sentence) == ("green", "Every covariate is well balanced.")
        assert "standard deviation of the treated" in after.formula

    def test_constant_and_empty(self):
        p = comparison_pool(np.ones((4, 1)), ("a",), [1, 1, 0, 0])
        row = balance(p).rows[0]
        assert (row.after.smd, row.after.light) == (0.0, "green")
        apart = comparison_pool(np.array([[1.0], [1], [0], [0]]), ("a",), [1, 1, 0, 0])
        assert (balance(apart).rows[0].after.smd, balance(apart).light) == (None, "red")
        refused("leave an arm empty", lambda: balance(p, [1, 1, 0, 0]))
        refused("below zero", lambda: balance(p, [1, 1, -1, 1]))

    def test_who_was_dropped(self):
        p = comparison_pool(np.array([[1.0], [3], [2], [6]]), ("a",), [1, 1, 0, 0])
        treated, comparison = who_was_dropped(p, [1, 1, 1, 0])
        assert (treated.kept, treated.dropped, treated.smd) == (2.0, None, None)
        assert (comparison.kept, comparison.dropped, comparison.smd) == (2.0, 6.0, -2.0)

    def test_joint_test_only_with_something_to_test(self):
        p, _ = many()
        assert omnibus(p).p < 0.05
        refused("No matched set", lambda: omnibus(p, np.arange(100)))
        with pytest.raises(ValueError, match="seed"):
            omnibus(p, permutations=99)


class TestOverlap:
    def test_regions_hold_nobody_or_enough(self):
        draw = np.random.default_rng(5)
        t = draw.random(300) < 0.4
        found = overlap(draw.beta(np.where(t, 3, 2), 3), t, at_least=10)
        assert sum(r.treated + r.comparison for r in found.regions) == 300
        assert all(count == 0 or count >= 10 for r in found.regions for count in (r.treated, r.comparison))
        assert found.passed
        assert 0.6 < found.coefficient < 1

    def test_same_and_apart(self):
        scores = np.linspace(0.1, 0.9, 40)
        assert overlap(np.r_[scores, scores], np.r_[np.ones(40), np.zeros(40)]).coefficient == pytest.approx(1)
        shifted = overlap(np.r_[scores, scores - 0.3], np.r_[np.ones(40), np.zeros(40)])
        assert (shifted.passed, shifted.outside_share) == (False, pytest.approx(15 / 40))
        assert overlap([0.1, 0.2, 0.15], [0, 0, 1]).passed is None

    def test_common_support(self):
        support = common_support(np.array([0.1, 0.3, 0.5, 0.2, 0.6]), np.array([True, True, True, False, False]))
        assert support.tolist() == [False, True, True, True, False]


class TestIndexDates:
    def test_comparators_wait_like_the_treated(self):
        found = assign_index_dates(np.zeros(500), np.arange(500), np.zeros(2), [10, 30], seed=1)
        assert set(found.index) == {10.0, 30.0}
        assert found.usable.all()
        assert (found.index == 30).mean() == pytest.approx(0.5, abs=0.1)

    def test_people_who_left_before_are_not_compared(self):
        found = assign_index_dates([0.0, 0], [1, 2], [0.0], [10.0], 1, leaves=[5.0, np.nan])
        assert found.usable.tolist() == [False, True]
        assert np.isnan(found.index[0])

    def test_refusals(self):
        refused("started before being eligible", lambda: assign_index_dates([0.0], [1], [5.0], [4.0], 1))
        refused("missing", lambda: assign_index_dates([np.nan], [1], [5.0], [6.0], 1))
        refused("more than once", lambda: assign_index_dates([0.0, 0], [1, 1], [5.0], [6.0], 1))
        refused("no treated people", lambda: assign_index_dates([0.0], [1], [], [], 1))

    def test_sequential_trials(self):
        # A starts in the first month; B in the second, and is a comparator in the first; C never; D leaves at once
        found = sequential_trials([0, 0, 0, 0], [5, 35, np.nan, np.nan], [np.nan, np.nan, np.nan, -1], 0, 30, 2)
        assert found.person.tolist() == [0, 1, 2, 1, 2]
        assert found.treated.tolist() == [True, False, False, True, False]
        assert found.index.tolist() == [0, 0, 0, 30, 30]
        assert found.censored.tolist() == [np.inf, 35, np.inf, np.inf, np.inf]
        refused("No period", lambda: sequential_trials([0, 0], [np.nan, np.nan], [np.nan] * 2, 0, 30, 2))


class TestImmortalTime:
    treated = np.array([True, True, False, False])
    never = np.full(4, np.nan)
    start = np.array([10.0, 20, np.nan, np.nan])

    def verdict(self, eligible, index, event=None):
        return check_immortal_time(eligible, index, self.start, self.never if event is None else event, self.treated)

    def test_alike(self):
        assert self.verdict([0, 0, 0, 0], [10, 20, 10, 20]).passed is True

    def test_follow_up_before_start(self):
        found = self.verdict([0, 0, 0, 0], [0, 0, 0, 0])
        assert found.passed is False
        assert "before they started" in found.sentence

    def test_comparators_indexed_at_eligibility(self):
        found = self.verdict([0, 0, 0, 0], [10, 20, 0, 0])
        assert found.passed is False
        assert "waited differently" in found.sentence

    def test_events_left_out_of_one_arm_only(self):
        found = self.verdict([0, 0, 0, 0], [10, 20, 10, 20], [np.nan, np.nan, 5, np.nan])
        assert found.passed is False
        assert "one arm only" in found.sentence
        assert not re.search(r"\d", found.sentence)

    def test_cannot_be_told(self):
        assert self.verdict([np.nan] * 4, [10, 20, 10, 20]).passed is None
