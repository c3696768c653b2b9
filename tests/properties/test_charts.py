"""Charts over time: what holds for any series, against independent counting and by simulation."""

import math
import os

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.stats import binom, chi2

from pipelines.learning.charts import charted
from pipelines.learning.limits import p_limits, u_limits, xmr_limits
from pipelines.learning.rules import flagged
from pipelines.learning.run_chart import run_chart, run_limits

SERIES = st.lists(st.one_of(st.integers(0, 9).map(float), st.just(math.nan)), min_size=1, max_size=30)
DRAWS = 20_000 if os.environ.get("PILOTLENS_ALL_SIMULATIONS") else 1_500


@pytest.mark.parametrize("useful", [1, 2, 5, 10, 11, 33, 60, 100, 250])
def test_the_limits_are_scipy_s_quantile_and_the_logarithm(useful: int) -> None:
    fewest = 0 if useful == 1 else int(binom.ppf(0.05, useful - 1, 0.5))
    assert run_limits(useful) == (round(math.log2(useful) + 3), fewest)


@given(SERIES)
@settings(max_examples=100, deadline=None, derandomize=True)
def test_runs_are_what_one_counts_by_hand(values: list[float]) -> None:
    runs = run_chart(values)
    known = [value for value in values if not math.isnan(value)]
    text = "".join("+" if v > runs.centre else "-" for v in known if v != runs.centre)
    assert runs.useful == len(text)
    assert runs.crossings == text.count("+-") + text.count("-+")
    assert runs.longest == max(
        (len(part) for part in text.replace("+-", "+ -").replace("-+", "- +").split()), default=0
    )


@given(SERIES)
@settings(max_examples=60, deadline=None, derandomize=True)
def test_gaps_and_scale_change_nothing(values: list[float]) -> None:
    runs, moved = run_chart(values), run_chart([7 + 3 * value for value in values])
    apart = run_chart([one for value in values for one in (value, math.nan)])
    assert (runs.longest, runs.crossings, runs.signal) == (moved.longest, moved.crossings, moved.signal)
    assert (runs.longest, runs.crossings) == (apart.longest, apart.crossings)


@pytest.mark.parametrize("kind", ["run", "xmr", "p", "u"])
def test_equal_points_are_no_signal(kind: str) -> None:
    (phase,) = charted(kind, [5.0] * 15, [20.0] * 15)  # type: ignore[arg-type]
    assert phase.centre == 0.25
    assert not phase.signal


@pytest.mark.parametrize("kind", ["run", "xmr", "p", "u"])
@pytest.mark.parametrize("value", [0.0, 20.0])
def test_nobody_and_everybody_are_points(kind: str, value: float) -> None:
    (phase,) = charted(kind, [value] * 12, [20.0] * 12)  # type: ignore[arg-type]
    assert phase.centre == value / 20
    assert not phase.signal


@pytest.mark.parametrize("kind", ["run", "xmr", "p", "u"])
def test_few_points_are_never_a_signal(kind: str) -> None:
    (phase,) = charted(kind, [1, 1, 1, 1, 19, 19, 19, 19, 19], [20.0] * 9)  # type: ignore[arg-type]
    assert not phase.enough
    assert not phase.signal


@pytest.mark.parametrize("kind", ["run", "xmr", "p", "u"])
def test_a_period_of_nobody_is_a_gap(kind: str) -> None:
    top, of = [4.0, 6.0] * 6, [10.0] * 12
    (without,) = charted(kind, top, of)  # type: ignore[arg-type]
    (gap,) = charted(kind, [*top, 0.0], [*of, 0.0])  # type: ignore[arg-type]
    assert (gap.points, gap.centre) == (without.points, without.centre)


def test_no_periods_make_no_phase() -> None:
    assert charted("run", [], []) == ()
    for kind in ("xmr", "p", "u"):
        (phase,) = charted(kind, [math.nan], [1.0])  # type: ignore[arg-type]
        assert math.isnan(phase.centre)


def test_every_phase_stands_on_its_own_baseline() -> None:
    first, then = [10.0, 12.0] * 8, [30.0, 28.0] * 8
    before, after = charted("xmr", [*first, *then], [1.0] * 32, breaks=[16], baseline=12)
    assert (before.centre, after.centre) == (11.0, 29.0)
    assert (before.signal, after.signal) == (False, False)
    (frozen,) = charted("xmr", [*first, *then], [1.0] * 32, baseline=12)
    assert frozen.centre == 11.0
    assert {i for flag in frozen.flags for i in flag.points} >= set(range(16, 32))


def test_a_moving_range_spans_no_gap() -> None:
    assert xmr_limits([1, 2, math.nan, 50, 51, 52]).spread == 1.0


def test_laney_s_limits_stand_beside_only_where_counts_scatter_more() -> None:
    rng = np.random.Generator(np.random.PCG64(7))
    sizes = rng.integers(80, 160, 40)
    plain = rng.binomial(sizes, 0.4)
    wild = rng.binomial(sizes, np.clip(rng.normal(0.4, 0.12, 40), 0.05, 0.95))
    assert not p_limits(plain, sizes).wide_lower.size
    limits = p_limits(wild, sizes)
    z = (wild / sizes - limits.centre) / limits.sigma
    sigma_z = np.abs(np.diff(z)).mean() / 1.128
    assert (z**2).sum() > chi2.ppf(0.95, 39)
    assert limits.spread == pytest.approx(sigma_z)
    assert limits.wide_upper == pytest.approx(np.minimum(limits.centre + 3 * sigma_z * limits.sigma, 1))
    (phase,) = charted("p", wild, sizes)
    (beyond,) = phase.flags
    assert set(phase.beyond_wide) < set(beyond.points)
    assert u_limits(wild, sizes).centre == limits.centre


def test_chance_alone_rarely_makes_a_signal() -> None:
    """Anhoj and Olesen's rules: false signals in fewer than 6 of 100 charts; three sigma: 0.3% of points."""
    rng = np.random.Generator(np.random.PCG64(20141125))
    charts = rng.normal(size=(DRAWS, 24))
    assert 0.005 < np.mean([run_chart(one).signal for one in charts]) < 0.06
    counts = rng.binomial(200, 0.3, size=(DRAWS // 5, 40))
    beyond = [flag for one in counts for phase in charted("p", one, [200] * 40) for flag in phase.flags]
    assert sum(len(flag.points) for flag in beyond) / counts.size < 0.006


def test_rules_for_stretches() -> None:
    sigma = [1.0] * 10
    beyond = [False] * 10
    eight = [0.2] * 4 + [0.0] + [0.2] * 4 + [-1.0]
    assert flagged("run_of_eight", eight, 0.0, sigma, beyond) == (0, 1, 2, 3, 5, 6, 7, 8)
    assert flagged("run_of_eight", [0.2] * 7, 0.0, sigma[:7], beyond[:7]) == ()
    assert flagged("two_of_three", [0.0, 2.1, 0.0, 2.2, -2.5], 0.0, sigma[:5], beyond[:5]) == (1, 3)
    assert flagged("four_of_five", [1.1, 1.2, -3.0, 1.3, 1.4], 0.0, sigma[:5], beyond[:5]) == (0, 1, 3, 4)


@pytest.mark.parametrize(("events", "trials"), [([5], [4]), ([-1], [4]), ([1, 2], [4])])
def test_what_cannot_be_counted_is_refused(events: list[int], trials: list[int]) -> None:
    with pytest.raises(ValueError, match=r"events|below zero"):
        p_limits(events, trials)
