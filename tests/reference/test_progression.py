"""Published numbers of progression criteria and of designs, each beside its source."""

from math import ceil, sqrt

import pytest

from pipelines.estimation.doubt.arrived import Arrived, detectable
from pipelines.progression.averages import average_size, judge_average
from pipelines.progression.lights import Thresholds
from pipelines.progression.next_phase import inflated_sd, main_trial_per_arm, share_people
from pipelines.progression.planning import fixed_detectable
from pipelines.progression.predictive import chance_of_count
from pipelines.progression.rates import garwood, judge_rate
from pipelines.progression.shares import judge_share, share_cut, share_size, share_zones

RECRUITMENT, FIDELITY, FOLLOW_UP = Thresholds(0.2, 0.35), Thresholds(0.5, 0.75), Thresholds(0.65, 0.85)
LEWIS = "Lewis et al. 2021, Pilot and Feasibility Studies 7:40, table 4: one-sided 5%, power 90%"


@pytest.mark.parametrize(
    ("thresholds", "groups", "published", "plain", "corrected"),
    [(RECRUITMENT, 1, 78, 71.59, 78.12), (FIDELITY, 1, 34, 30.35, 34.24), (FOLLOW_UP, 2, 44, 38.57, 43.43)],
)
def test_sample_sizes_of_lewis(
    thresholds: Thresholds, groups: int, published: int, plain: float, corrected: float
) -> None:
    size = share_size(thresholds, groups=groups)
    assert size.nearest == published, LEWIS
    assert (size.plain, size.corrected) == (pytest.approx(plain, abs=0.005), pytest.approx(corrected, abs=0.005))
    assert size.n >= size.corrected


def test_the_other_example_of_lewis() -> None:
    """Abstract of Lewis et al., ICTMC 2019: 40% against 70% takes 22 people, without continuity correction."""
    assert ceil(share_size(Thresholds(0.4, 0.7)).plain) == 22


def test_cuts_and_zones_of_lewis() -> None:
    cuts = [share_cut(n, t) for n, t in ((200, RECRUITMENT), (34, FIDELITY), (68, FOLLOW_UP))]
    assert cuts == pytest.approx([0.247, 0.641, 0.745], abs=0.0006), LEWIS
    zones = {"red": (0, 17), "amber_red": (18, 21), "amber_green": (22, 25), "green": (26, 34)}
    assert share_zones(34, FIDELITY) == zones, LEWIS


def test_predictive_probability_of_lee_and_liu() -> None:
    """Lee & Liu 2008, Clinical Trials 5:93-106: 16 of 23, 40 planned, prior Beta(0.6, 0.4), 28 needed: 0.5656."""
    assert chance_of_count(16, 23, 40, 28, (0.6, 0.4)) == pytest.approx(0.5656, abs=5e-5)


def test_exact_limits() -> None:
    """Garwood 1936, table for 10 events: 4.795 to 18.390. Clopper-Pearson of 81 in 263: 0.252737, 0.367622."""
    assert garwood(10, 1) == pytest.approx((4.7954, 18.3904), abs=5e-5)
    found = judge_share(81, 263, RECRUITMENT)
    assert (found.lower, found.upper) == pytest.approx((0.252737, 0.367622), rel=1e-4)


def test_detectable_differences() -> None:
    """Bloom 1995; Dong & Maynard 2013: standardised, 80% power, two-sided 5%."""
    for n, value in ((400, 0.28085), (250, 0.35578)):
        assert detectable(Arrived(n / 2, n / 2)).value == pytest.approx(value, rel=1e-4)
    for clusters, people, icc, value in ((20, 15, 0.2, 0.66694), (20, 15, 0.17, 0.629), (40, 50, 0.10, 0.312)):
        planned = Arrived(clusters / 2, clusters / 2, per_cluster=people, icc=icc)
        assert detectable(planned).value == pytest.approx(value, abs=5e-4)


def test_a_pilot_against_a_large_comparison() -> None:
    """142 people against 56%: 11.7 points."""
    assert fixed_detectable(142, 0.56) == pytest.approx(0.117, abs=5e-4)


def test_next_phase() -> None:
    """Browne's factor at 20 people, 80%; 86 a group for half a standard deviation (Machin et al. 2018, 90%)."""
    assert inflated_sd(1.0, 19, 0.8) == pytest.approx(sqrt(19 / 13.7158), rel=1e-4)
    assert main_trial_per_arm(0.5, 1.0) == 86
    assert share_people(0.05, 0.5) == 385  # Cochran 1977: 1.96^2 / (4 x 0.05^2), rounded up


def test_averages_agree_with_student() -> None:
    """Student 1908, sleep: 10 differences, mean 1.58, sd 1.2300; t 4.0621, two-sided p 0.00283."""
    found = judge_average(1.58, 1.229995, 10, Thresholds(0.0, 1.0))
    assert found.p == pytest.approx(0.002833 / 2, rel=1e-3)
    assert (found.lower, found.upper) == pytest.approx((0.7001142, 2.4598858), rel=1e-4)
    assert average_size(Thresholds(0.0, 0.5), 1.0, alpha=0.05, power=0.9) == 36


def test_rates_agree_with_their_interval() -> None:
    """The one-sided test of red at 5% turns where the lower limit of the 90% interval does."""
    red = garwood(30, 6, 0.9)[0]
    assert judge_rate(30, 6, Thresholds(red, red + 3)).p == pytest.approx(0.05, rel=1e-6)
