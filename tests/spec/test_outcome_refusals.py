"""What the engines by type of outcome refuse, with the safe alternative; and what they say in plain words."""

import numpy as np
import pytest

from pipelines.estimation import EstimationRefusal
from pipelines.estimation.ancova import ancova
from pipelines.estimation.competing_risks import cumulative_incidence, incidence_difference
from pipelines.estimation.count_models import negative_binomial, poisson
from pipelines.estimation.exact_two_by_two import exact_two_by_two
from pipelines.estimation.fine_gray import fine_gray
from pipelines.estimation.firth import firth
from pipelines.estimation.frequency import compare_frequency, frequency
from pipelines.estimation.gee import gee
from pipelines.estimation.gray_test import gray_test
from pipelines.estimation.logistic import logit
from pipelines.estimation.matched_pairs import Pairs, pair_up, paired_binary, paired_table
from pipelines.estimation.mixed_model import mixed_model
from pipelines.estimation.paired_means import paired_means
from pipelines.estimation.proportional_hazards import cox_regression
from pipelines.estimation.proportional_odds import proportional_odds
from pipelines.estimation.proportionality import proportionality
from pipelines.estimation.rank_comparison import rank_comparison
from pipelines.estimation.rank_tests import median_survival, weighted_log_rank
from pipelines.estimation.rates import compare_rates, exact_rate_ratio
from pipelines.estimation.repeated_measures import repeated_measures
from pipelines.estimation.result import Inference
from pipelines.estimation.standardised_means import against_minimum, glass_delta, paired_sizes
from pipelines.estimation.standardised_risks import linear_probability
from pipelines.estimation.stratified import mantel_haenszel

ARM = np.repeat([1, 0], 10)
ONES = np.ones(20)
X = np.column_stack([ONES, ARM])


def refused(match: str):
    return pytest.raises(EstimationRefusal, match=match)


class TestContinuous:
    def test_a_baseline_that_does_not_vary(self):
        with refused("baseline does not vary") as caught:
            ancova(np.repeat([1.0, 2.0], 10), np.arange(20.0), ARM)
        assert caught.value.alternative == "Compare the final scores."

    def test_one_person_decides(self):
        before = np.zeros(20)
        before[[0, 10]] = 5.0
        with refused("One person"):
            ancova(np.where(np.arange(20) == 0, 5.0, before + (ARM == 0) * np.arange(20)), np.arange(20.0), ARM)

    def test_a_copy_of_the_baseline(self):
        with refused("Nothing varies"):
            ancova(np.arange(20.0) % 7, np.arange(20.0) % 7, ARM)

    def test_why_it_leads_and_when_it_may_mislead(self):
        draw = np.random.default_rng(1)
        found = ancova(draw.normal(size=20) + ARM, draw.normal(size=20), ARM, randomised=False)
        assert "started at the same level" in found.why
        assert any("Lord" in warning for warning in found.warnings)

    @pytest.mark.parametrize("bad", [np.nan, np.inf])
    def test_unknown_values_are_a_fault_of_the_caller(self, bad):
        with pytest.raises(ValueError, match="baseline must be known"):
            ancova(np.where(np.arange(20) == 3, bad, 1.0), np.arange(20.0), ARM)


class TestBinary:
    def test_separation_is_refused_with_the_alternative(self):
        for y in (ARM, ARM * (np.arange(20) % 2), 1 - ARM * (np.arange(20) % 2), ONES):
            with refused("perfectly") as caught:
                logit(X, y)
            assert "Firth" in caught.value.alternative

    def test_separation_by_a_covariate_alone(self):
        age = np.arange(20.0)
        with refused("perfectly"):
            logit(np.column_stack([X, age]), age > 12)

    def test_firth_answers_what_logit_refuses(self):
        found = firth(X, ARM).terms[1]
        assert found.lower > 0
        assert np.isfinite([found.value, found.se, found.p]).all()

    def test_a_repeated_covariate(self):
        for fit in (logit, firth):
            with refused("repeats"):
                fit(np.column_stack([X, 1 - ARM]), np.arange(20) % 2)

    def test_no_events_anywhere(self):
        with refused("says nothing"):
            exact_two_by_two(0, 10, 0, 10)
        with refused("No stratum"):
            mantel_haenszel([0, 3], [5, 3], [0, 4], [5, 4])

    def test_a_stratum_with_one_arm_is_left_out_and_said(self):
        found = mantel_haenszel([2, 3], [5, 9], [1, 0], [5, 0])
        assert found == mantel_haenszel([2], [5], [1], [5]).__class__(
            **{**vars(mantel_haenszel([2], [5], [1], [5])), "warnings": found.warnings}
        )
        assert "left out" in found.warnings[0]

    def test_impossible_counts(self):
        for call in (lambda: exact_two_by_two(5, 4, 1, 4), lambda: mantel_haenszel([5], [4], [1], [4])):
            with pytest.raises(ValueError, match="Events must"):
                call()
        with pytest.raises(ValueError, match="0 or 1"):
            logit(X, ARM * 2)
        with refused("does not vary"):
            linear_probability(np.zeros(20), ARM, np.empty((20, 0)))


class TestCounts:
    def test_a_group_without_events(self):
        with refused("no events"):
            poisson(X, ARM * 3)
        with refused("no events"):
            negative_binomial(X, np.zeros(20))

    def test_counts_less_variable_than_poisson_have_alpha_zero(self):
        counts = np.tile([1, 2], 10)
        found = negative_binomial(X, counts)
        assert (found.alpha, found.alpha_se) == (0.0, None)
        assert (found.coefficients == poisson(X, counts).coefficients).all()

    def test_rates_with_an_empty_arm_keep_the_exact_interval(self):
        found = compare_rates(ARM, ONES, ARM)
        assert found.ratio is None
        assert (found.exact.value, found.exact.upper) == (None, None)
        assert "exact interval" in found.warnings[0]

    def test_no_events_no_exposure_no_counts(self):
        with refused("Nobody in either arm"):
            exact_rate_ratio(0, 1.0, 0, 1.0)
        with pytest.raises(ValueError, match="above zero"):
            compare_rates(ARM, ONES * 0, ARM)
        with pytest.raises(ValueError, match="whole numbers"):
            compare_rates(ARM / 2, ONES, ARM)

    def test_reoffences_per_reoffender_always_carry_the_warning(self):
        found = compare_frequency(np.arange(20) % 4, ARM, seed=1)
        assert "not an effect" in found.warnings[0]
        assert compare_frequency(np.arange(20) % 4, ARM, seed=1) == found
        assert compare_frequency(ARM * 0, ARM, seed=1).per_reoffender is None

    @pytest.mark.parametrize("totals", [(5, 10, 6), (3, 2, 3), (0, 5, 1), (0, 0, 0)])
    def test_totals_that_contradict(self, totals):
        with pytest.raises(ValueError, match="Reoffenders"):
            frequency(*totals)


class TestTimeToEvent:
    TIME = np.arange(1.0, 21)

    def test_a_group_without_events(self):
        for fit in (cox_regression, fine_gray):
            with refused("no events") as caught:
                fit(self.TIME, ARM, ARM[:, None] * 1.0)
            assert "restricted mean" in caught.value.alternative

    def test_nobody_had_the_event(self):
        none = np.zeros(20)
        for call in (
            lambda: cox_regression(self.TIME, none, ARM[:, None]),
            lambda: fine_gray(self.TIME, none, ARM[:, None]),
            lambda: weighted_log_rank(self.TIME, none, ARM),
            lambda: gray_test(self.TIME, none, ARM),
            lambda: cumulative_incidence(self.TIME, none),
        ):
            with pytest.raises(EstimationRefusal):
                call()
        assert median_survival(self.TIME, none) == Inference(None)

    def test_entry_after_the_end(self):
        with pytest.raises(ValueError, match="Entry"):
            cox_regression(self.TIME, ARM, np.arange(20.0)[:, None], entry=self.TIME)

    def test_one_event_time_cannot_tell_change(self):
        fit = cox_regression(ONES, np.arange(20) % 2, (np.arange(20.0) % 7)[:, None])
        with pytest.raises(ValueError, match="more than one time"):
            proportionality(fit)

    def test_horizon_beyond_follow_up(self):
        with refused("longer than an arm"):
            incidence_difference(self.TIME, np.arange(20) % 3, ARM, 50.0)


class TestPairsAreNeverConfused:
    PAIR = np.tile(np.arange(10), 2)

    def test_whole_pairs(self):
        found = pair_up(self.PAIR, ARM, np.arange(20.0))
        assert (found.comparison - found.treatment == 10).all()

    @pytest.mark.parametrize(
        ("pair", "arm"),
        [
            (np.arange(20), ARM),  # nobody has a partner
            (np.arange(20) // 2, ARM),  # partners in the same arm
            (np.tile(np.arange(5), 4), ARM),  # fours
            (np.where(np.arange(20) == 3, np.nan, np.tile(np.arange(10.0), 2)), ARM),
            (np.array([None, *"bcdefghij", *"abcdefghij"], dtype=object), ARM),
        ],
    )
    def test_anything_else_is_refused(self, pair, arm):
        with refused("pair") as caught:
            pair_up(pair, arm, np.arange(20.0))
        assert "without pairs" in caught.value.alternative

    def test_no_difference_anywhere(self):
        same = Pairs(np.arange(5.0), np.arange(5.0))
        with refused("do not vary"):
            paired_means(same)
        found = paired_table(3, 0, 0, 4)
        assert (found.odds_ratio, found.mcnemar, found.exact_p) == (None, None, 1.0)
        with pytest.raises(ValueError, match="0 or 1"):
            paired_binary(same)

    def test_too_few_pairs_for_ranks(self):
        found = paired_means(Pairs(np.array([1.0, 2, 4]), np.zeros(3)))
        assert found.hodges_lehmann.lower is None
        assert "too few pairs" in found.warnings[0]


class TestOrdinal:
    def test_arms_that_do_not_overlap(self):
        found = rank_comparison(ARM, ARM)
        assert (found.superiority.value, found.superiority.se, found.win_odds) == (1.0, None, None)
        assert found.warnings
        with refused("no finite answer"):
            proportional_odds(ARM * 2 + np.arange(20) % 2, ARM[:, None])

    def test_nothing_varies(self):
        assert rank_comparison(ONES, ARM).superiority.value == 0.5
        with refused("does not vary"):
            proportional_odds(ONES, ARM[:, None])

    def test_two_steps_have_no_brant_test(self):
        found = proportional_odds(np.arange(20) % 2, (np.arange(20.0) % 3)[:, None])
        assert found.brant is None
        assert "cannot be computed" in found.sentence


class TestRepeated:
    PERSON, WAVE = np.repeat(np.arange(12), 3), np.tile([0, 1, 2], 12)
    TREATED, Y = np.repeat(np.arange(12) % 2, 3), np.random.default_rng(3).normal(size=36)

    def test_waves_and_arms(self):
        with pytest.raises(ValueError, match="after baseline"):
            repeated_measures(self.PERSON, self.WAVE, self.Y, self.TREATED, 0)
        keep = ~((self.WAVE == 2) & (self.TREATED == 1))
        with refused("Nobody of an arm"):
            repeated_measures(self.PERSON[keep], self.WAVE[keep], self.Y[keep], self.TREATED[keep], 2)
        with refused("both arms"):
            repeated_measures(self.PERSON, self.WAVE, self.Y, np.arange(36) % 2, 2)
        with pytest.raises(ValueError, match="twice"):
            repeated_measures(
                np.append(self.PERSON, 0), np.append(self.WAVE, 1), np.append(self.Y, 0.0), [*self.TREATED, 0], 2
            )

    def test_too_few_people(self):
        few = self.PERSON < 5
        with refused("too few people") as caught:
            mixed_model(self.PERSON[few], self.WAVE[few], np.ones((15, 1)), self.Y[few])
        assert "estimating equations" in caught.value.alternative
        with refused("no more people than terms"):
            gee([0, 0, 1, 1], np.column_stack([np.ones(4), [0, 1, 0, 1]]), [1.0, 2.0, 3.0, 5.0])


class TestSizes:
    def test_no_spread(self):
        with refused("no spread"):
            glass_delta([1.0, 2.0], [3.0, 3.0, 3.0])
        with refused("no spread"):
            paired_sizes(Pairs(np.arange(4.0), np.arange(4.0)))

    def test_against_what_matters(self):
        found = against_minimum(Inference(3.0, 1.0, 1.0, 5.0), 2.0)
        assert (found.value, found.lower, found.upper) == (1.5, 0.5, 2.5)
        for result, minimum in ((Inference(3.0, 1.0, 1.0, 5.0), 0.0), (Inference(3.0), 2.0)):
            with pytest.raises(ValueError, match=r"minimum|limits"):
                against_minimum(result, minimum)
