"""Short interrupted series: the averaged covariance against every matrix written out, and coverage by simulation."""

import os

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pipelines.estimation.over_time.averaged import GRID, averaged
from pipelines.estimation.over_time.interrupted import interrupted, level_change
from pipelines.estimation.over_time.segmented import Segmented, columns_of
from pipelines.estimation.over_time.series import make_series
from pipelines.estimation.refusal import EstimationRefusal

FULL = os.environ.get("PILOTLENS_ALL_SIMULATIONS") == "1"


def alike(draw, points: int, rho: float, draws: int = 1):
    """Stationary first-order autoregressions, one a row."""
    e = draw.normal(size=(draws, points))
    for k in range(1, points):
        e[:, k] = rho * e[:, k - 1] + np.sqrt(1 - rho**2) * e[:, k]
    return e


def written_out(y, X, place):
    n, k = X.shape
    pull = np.linalg.inv(X.T @ X) @ X.T
    likes, covariances = [], []
    for rho in GRID:
        R = rho ** np.abs(np.subtract.outer(place, place)).astype(float)
        inverse = np.linalg.inv(R)
        inner = X.T @ inverse @ X
        P = inverse - inverse @ X @ np.linalg.solve(inner, X.T @ inverse)
        rest = float(y @ P @ y)
        likes.append(-0.5 * (np.linalg.slogdet(R)[1] + np.linalg.slogdet(inner)[1] + (n - k) * np.log(rest)))
        covariances.append(rest / (n - k) * pull @ R @ pull.T)
    weight = np.exp(np.array(likes) - max(likes))
    return np.einsum("r,rij->ij", weight / weight.sum(), np.array(covariances))


@given(seed=st.integers(0, 2**32 - 1), rho=st.sampled_from([-0.5, 0.0, 0.7]), out=st.integers(0, 3))
@settings(derandomize=True, deadline=None, max_examples=15)
def test_every_matrix_written_out(seed, rho, out):
    y = 3 + alike(np.random.default_rng(seed), 24, rho)[0]
    columns = columns_of(24, Segmented(12, phase_in=out))
    X, place = columns.observed[columns.fitted], columns.fitted
    found = averaged(y[place], X, place)
    assert found.covariance == pytest.approx(written_out(y[place], X, place), rel=1e-6, abs=1e-12)
    assert -1 < found.autocorrelation < 1


@given(seed=st.integers(0, 2**32 - 1), shift=st.floats(-1e3, 1e3), factor=st.sampled_from([-2.0, 0.01, 50.0]))
@settings(derandomize=True, deadline=None, max_examples=15)
def test_an_affine_change_of_the_outcome(seed, shift, factor):
    y = alike(np.random.default_rng(seed), 20, 0.3)[0]
    design = Segmented(10, errors="averaged")
    ours = level_change(make_series(range(20), y, frequency="number"), design)
    theirs = level_change(make_series(range(20), shift + factor * y, frequency="number"), design)
    assert (theirs.value, theirs.se) == pytest.approx((factor * ours.value, abs(factor) * ours.se), rel=1e-6, abs=1e-9)


def test_what_is_said_and_refused():
    series = make_series(range(13), alike(np.random.default_rng(0), 13, 0.0)[0], frequency="number")
    found = interrupted(series, Segmented(9, errors="averaged"))
    assert found.engine == "segmented least squares, averaged autocorrelation"
    assert any("very short" in warning for warning in found.warnings)
    assert found.others[0].name == "least squares, Newey-West"
    with pytest.raises(EstimationRefusal, match="not for counts"):
        Segmented(9, family="poisson", errors="prais_winsten")
    flat = make_series(range(13), np.ones(13), frequency="number")
    assert interrupted(flat, Segmented(9, errors="averaged")).level_change.se is None


# Points, points before, autocorrelation. With 12 points 90 to 98% are covered; see the warning.
CASES = (
    [(n, b, r) for n, b in ((18, 9), (24, 12), (24, 18), (36, 24), (48, 24), (60, 30)) for r in (0.0, 0.2, 0.4, 0.6)]
    if FULL
    else [(18, 9, 0.6), (24, 18, 0.0), (48, 24, 0.4)]
)


@pytest.mark.parametrize("term", [2, 3])
@pytest.mark.parametrize(("points", "before", "rho"), CASES)
def test_intervals_of_level_and_slope_cover(points, before, rho, term):
    from scipy.stats import t

    draws = 4000 if FULL else 200
    X, place = columns_of(points, Segmented(before)).observed, np.arange(points)
    pull, hits = np.linalg.pinv(X)[term], 0
    for y in alike(np.random.default_rng([points, before, int(10 * rho)]), points, rho, draws):
        se = float(np.sqrt(averaged(y, X, place).covariance[term, term]))
        hits += abs(pull @ y) <= t.ppf(0.975, points - 4) * se
    print(points, before, rho, term, draws, hits / draws)
    error = 3 * np.sqrt(0.05 * 0.95 / draws)
    assert 0.93 - error <= hits / draws <= 0.98 + error
