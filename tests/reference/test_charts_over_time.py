"""Published charts over time: centre, limits and signals as printed."""

import math

import pytest

from pipelines.learning.charts import charted
from pipelines.learning.limits import p_limits, u_limits, xmr_limits
from pipelines.learning.run_chart import run_chart, run_limits

# Montgomery 2013, Introduction to Statistical Quality Control, table 7.1: leaking cans in 30 samples of 50.
ORANGE_JUICE = [12, 15, 8, 10, 4, 7, 16, 9, 14, 10, 5, 6, 17, 12, 22]
ORANGE_JUICE += [8, 10, 5, 13, 11, 20, 18, 24, 15, 9, 12, 7, 13, 9, 6]
# NIST/SEMATECH e-Handbook of Statistical Methods, 6.3.2.2: flow rate of ten batches.
FLOW_RATE = [49.6, 47.6, 49.9, 51.3, 47.8, 51.2, 52.6, 52.4, 53.6, 52.1]
# The limits of the revised chart of shares and of both charts of rates are those Montgomery prints, as far as known:
# no copy of the book was at hand to hold them against.
# Montgomery, nonconformities in 20 samples of 5 computers; and in dyed cloth, per 50 square metres, in 10 rolls.
COMPUTERS = [10, 12, 8, 14, 10, 16, 11, 7, 10, 15, 9, 5, 7, 11, 12, 6, 8, 10, 7, 5]
CLOTH = [14, 12, 20, 11, 7, 10, 21, 16, 19, 23]
ROLLS = [10.0, 8.0, 13.0, 10.0, 9.5, 10.0, 12.0, 10.5, 12.0, 12.5]


@pytest.mark.parametrize(("useful", "longest", "crossings"), [(24, 8, 8), (12, 7, 3), (20, 7, 6), (10, 6, 2)])
def test_limits_of_the_run_chart(useful: int, longest: int, crossings: int) -> None:
    """Anhoj and Olesen 2014, PLoS ONE 9(11): e113825."""
    assert run_limits(useful) == (longest, crossings)


def test_the_run_chart_holds_its_limits_against_the_series() -> None:
    runs = run_chart([1.0] * 9 + [3.0] * 9)
    assert (runs.centre, runs.useful, runs.longest, runs.crossings) == (2.0, 18, 9, 1)
    assert (runs.shift, runs.few_crossings, runs.signal) == (True, True, True)


def test_shares_of_leaking_cans() -> None:
    limits = p_limits(ORANGE_JUICE, [50] * 30)
    assert limits.centre == pytest.approx(0.231333, rel=1e-5)
    assert (limits.lower[0], limits.upper[0]) == pytest.approx((0.052428, 0.410239), rel=1e-4)
    (phase,) = charted("p", ORANGE_JUICE, [50] * 30)
    (beyond,) = phase.flags
    assert [position + 1 for position in beyond.points] == [15, 23]


def test_without_the_two_samples_the_limits_are_the_revised_ones() -> None:
    sizes = [math.nan if number in (15, 23) else 50 for number in range(1, 31)]
    limits = p_limits(ORANGE_JUICE, sizes)
    assert limits.centre == pytest.approx(0.2150, abs=5e-5)
    assert (limits.lower[0], limits.upper[0]) == pytest.approx((0.0407, 0.3893), abs=6e-5)


def test_individual_flow_rates() -> None:
    limits = xmr_limits(FLOW_RATE)
    assert (limits.centre, limits.spread) == pytest.approx((50.81, 1.8778), rel=1e-4)
    assert (limits.lower[0], limits.upper[0]) == pytest.approx((45.8159, 55.8041), rel=1e-4)
    assert limits.range_limit == pytest.approx(3.267 * 1.8778, rel=1e-4)
    (phase,) = charted("xmr", FLOW_RATE, [1.0] * 10)
    assert (phase.enough, phase.signal) == (True, False)


def test_nonconformities_of_computers() -> None:
    limits = u_limits(COMPUTERS, [5] * 20)
    assert limits.centre == pytest.approx(1.93, rel=1e-9)
    assert (limits.lower[0], limits.upper[0]) == pytest.approx((0.07, 3.79), abs=0.005)
    assert not limits.wide_lower.size


def test_rolls_of_different_length_have_limits_of_their_own() -> None:
    limits = u_limits(CLOTH, ROLLS)
    assert limits.centre == pytest.approx(1.42, abs=0.005)
    assert (limits.lower[0], limits.upper[0]) == pytest.approx((0.29, 2.55), abs=0.006)
    assert limits.upper[1] > limits.upper[0] > limits.upper[2]
