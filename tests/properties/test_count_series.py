"""Interrupted series of counts: averaged errors against an independent rewrite, and coverage by simulation.

In full (PILOTLENS_ALL_SIMULATIONS=1) 24 to 60 points, with and without seasons, 8 or 40 events a point with exposure,
counts that vary as Poisson's or more, independent or alike from point to point. Share of 95% intervals of the change in
level that cover the truth, lowest to highest of the cases of each length, 2,000 series each (standard error 0.5):

    points/before   Poisson       quasi-Poisson   Newey-West    averaged
    24/12           68.0 to 95.2   83.0 to 94.2   78.6 to 87.8   96.2 to 98.0
    36/24           60.5 to 96.0   76.6 to 94.8   73.2 to 84.7   94.8 to 97.5
    48/24           56.5 to 95.3   76.5 to 94.8   77.0 to 88.2   93.5 to 96.5
    60/36           54.2 to 95.6   76.1 to 95.1   78.0 to 89.2   92.6 to 96.2

With points independent and as Poisson's, 94 to 96, 92 to 95, 82 to 89 and 95 to 98.
"""

import os

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pipelines.estimation.over_time.controlled import controlled
from pipelines.estimation.over_time.interrupted import SHORT_COUNTS, interrupted
from pipelines.estimation.over_time.segmented import Season, Segmented, columns_of
from pipelines.estimation.over_time.series import make_series
from tests.properties.count_series import averaged_variance, covered, fitted, made_up

FULL = os.environ.get("PILOTLENS_ALL_SIMULATIONS") == "1"


def exposures(points):
    return 1000 + 5.0 * np.arange(points)


def series(seed, points=30, rate=20.0, alpha=0.0):
    counts = made_up(np.random.default_rng(seed), 1, np.full(points, rate), 0.2, 0.3, alpha)[0]
    return make_series(range(points), counts, exposures(points), "number")


@given(seed=st.integers(0, 2**32 - 1), season=st.sampled_from([None, Season(period=4, pairs=1)]))
@settings(derandomize=True, deadline=None, max_examples=8)
def test_averaged_errors_written_out(seed, season):
    one = series(seed)
    X = columns_of(30, Segmented(15, season=season)).observed
    beta, mu = fitted(one.outcome[None], X, np.log(exposures(30)))
    weighted = np.sqrt(mu)[:, :, None] * X
    se = np.sqrt(averaged_variance((one.outcome - mu) / np.sqrt(mu), weighted, 2)[0])
    found = interrupted(one, Segmented(15, season=season, family="quasi_poisson", errors="averaged"))
    assert (np.log(found.level_change.value), found.level_change.se) == pytest.approx((beta[0, 2], se), rel=1e-6)
    assert found.level_change.df == 30 - X.shape[1]


def test_what_stands_beside_and_is_said():
    found = interrupted(series(1), Segmented(15, family="quasi_poisson", errors="independent"))
    averaged = interrupted(series(1), Segmented(15, family="quasi_poisson", errors="averaged"))
    beside = {other.name: other.result for other in found.others}
    assert beside["quasi-Poisson regression, averaged autocorrelation"] == averaged.level_change
    assert SHORT_COUNTS in found.warnings
    assert SHORT_COUNTS not in averaged.warnings
    assert averaged.engine == "segmented quasi-Poisson regression, averaged autocorrelation"
    assert (
        SHORT_COUNTS not in interrupted(series(1, 120), Segmented(60, family="poisson", errors="independent")).warnings
    )


def test_overdispersed_counts_and_a_control_series():
    design = Segmented(15, family="negative_binomial", errors="averaged")
    treated, control = series(2, alpha=0.2), series(3, alpha=0.2)
    found = controlled(treated, control, design)
    alone = [interrupted(one, design).level_change for one in (treated, control)]
    assert found.level_change.value == pytest.approx(alone[0].value / alone[1].value)
    assert found.level_change.se == pytest.approx(np.hypot(alone[0].se, alone[1].se))
    assert found.warnings


KINDS = [(8, 0.0, 0.0), (8, 0.2, 0.0), (8, 0.2, 0.6), (40, 0.0, 0.0), (40, 0.2, 0.0), (40, 0.2, 0.3), (40, 0.2, 0.6)]
CASES = (
    [(n, b, s, *kind) for n, b in ((24, 12), (36, 24), (48, 24), (60, 36)) for s in (False, True) for kind in KINDS]
    if FULL
    else [(24, 12, False, 40, 0.2, 0.6), (48, 24, True, 8, 0.2, 0.3)]
)


@pytest.mark.parametrize(("points", "before", "seasons", "mean", "spread", "rho"), CASES)
def test_intervals_of_the_change_in_level_cover(points, before, seasons, mean, spread, rho):
    repetitions = 2_000 if FULL else 400
    X = columns_of(points, Segmented(before, season=Season() if seasons else None)).observed
    wave = 0.2 * np.sin(2 * np.pi * np.arange(points) / 12) if seasons else 0.0
    rate = mean * exposures(points) / exposures(points).mean() * np.exp(0.004 * np.arange(points) + wave)
    draw = np.random.default_rng([points, seasons, mean, int(10 * spread), int(10 * rho)])
    found = covered(made_up(draw, repetitions, rate, spread, rho), X, np.log(exposures(points)))
    print(points, before, seasons, mean, spread, rho, found)
    error = 3 * np.sqrt(0.05 * 0.95 / repetitions)
    assert 0.93 - error <= found["averaged"] <= 0.985 + error
    # What the warning says of the usual ones
    if spread and rho == 0.6 and mean == 40 and not seasons:
        assert found["quasi-Poisson"] < 0.9
        assert found["Newey-West"] < 0.9
