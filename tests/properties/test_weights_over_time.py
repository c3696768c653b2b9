"""Weights of units over time: a weight of three is three such units, peers agree, and intervals cover."""

import os
from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
import statsmodels.api as sm
from hypothesis import given, settings
from hypothesis import strategies as st

from pipelines.estimation.over_time.fixed_effects import panel_fixed_effects
from pipelines.estimation.over_time.group_time import Staggered
from pipelines.estimation.over_time.panel import Panel, make_panel
from pipelines.estimation.over_time.placebo import placebo_units
from pipelines.estimation.over_time.staggered import staggered

AGGREGATES = ("simple", "group", "calendar", "dynamic")
PILOTS = 1500 if os.environ.get("PILOTLENS_ALL_SIMULATIONS") else 250


def units(seed: int, n: int = 40, weights: np.ndarray | None = None, bare: bool = False) -> Panel:
    """Return units in five periods that begin in the third, the fourth or never; the effect grows with the weight."""
    rng = np.random.Generator(np.random.PCG64(seed))
    cohort = rng.choice([3.0, 4.0, np.inf], n)
    cohort[:6] = (3, 3, 4, 4, np.inf, np.inf)
    heavy = rng.integers(1, 5, n).astype(float) if weights is None else weights
    x = rng.normal(size=n)
    periods = np.arange(1, 6)
    on = periods >= cohort[:, None]
    y = rng.normal(size=(n, 1)) + 0.2 * x[:, None] * periods + rng.normal(size=(n, 5)) + on * heavy[:, None]
    code, when = np.repeat(np.arange(n), 5), np.tile(periods, n)
    return make_panel(
        code,
        when,
        np.repeat(cohort, 5),
        y.ravel(),
        None if bare else np.repeat(x, 5),
        weight=np.repeat(heavy, 5),
    )


def cloned(panel: Panel, times: np.ndarray) -> Panel:
    """Return each unit as often as its weight says, all counting alike."""
    k = np.repeat(np.arange(len(times)), times)
    covariates = None if panel.covariates is None else panel.covariates[k]
    return replace(
        panel, outcome=np.asfortranarray(panel.outcome[k]), cohort=panel.cohort[k], covariates=covariates, weight=None
    )


@settings(derandomize=True, deadline=None, max_examples=8)
@given(
    st.integers(0, 10**6),
    st.sampled_from(["regression", "weighting", "doubly_robust"]),
    st.sampled_from(["never", "not_yet"]),
)
def test_a_weight_of_three_is_three_units(seed, method, controls):
    panel = units(seed)
    times = np.rint(panel.weight / panel.weight.min()).astype(int)
    if not np.allclose(times, panel.weight / panel.weight.min()):
        times = np.rint(panel.weight / panel.weight.min() * 6).astype(int)
    design = Staggered(controls=controls, method=method, draws=0)
    weighted, alike = staggered(panel, design), staggered(cloned(panel, times), design)
    for name in AGGREGATES:
        one, other = getattr(weighted, name), getattr(alike, name)
        assert one.overall.value == pytest.approx(other.overall.value, rel=1e-8)
        assert [row.result.value for row in one.rows] == pytest.approx(
            [row.result.value for row in other.rows], rel=1e-8
        )
    assert weighted.two_way.result.value == pytest.approx(alike.two_way.result.value, rel=1e-8)
    assert placebo_units(panel, design, 20).value == pytest.approx(
        placebo_units(cloned(panel, times), design, 20).value, rel=1e-8
    )


def test_weights_of_one_change_nothing():
    panel = units(3, weights=np.ones(40))
    design = Staggered(draws=50)
    assert staggered(panel, design).simple == staggered(replace(panel, weight=None), design).simple


def rows(seed: int = 1) -> pd.DataFrame:
    rng = np.random.Generator(np.random.PCG64(seed))
    frame = pd.DataFrame({"unit": np.repeat(np.arange(30), 6), "period": np.tile(np.arange(6), 30)})
    frame["dose"] = rng.normal(size=180) + frame["unit"] / 10
    frame["pop"] = rng.uniform(1, 9, 180)
    frame["value"] = 2 * frame["dose"] + frame["unit"] + rng.normal(size=180) / np.sqrt(frame["pop"])
    return frame[rng.random(180) < 0.9].reset_index(drop=True)


def test_a_weighted_panel_is_weighted_least_squares_with_dummies():
    frame = rows()
    found = panel_fixed_effects(frame, "value", ("dose",), "unit", "period", weights="pop", covariance="classical")
    dummies = pd.get_dummies(frame[["unit", "period"]].astype(str), drop_first=True, dtype=float)
    columns = np.column_stack([frame["dose"], np.ones(len(frame)), dummies])
    peer = sm.WLS(frame["value"], columns, weights=frame["pop"]).fit()
    assert (found.result.value, found.result.se) == pytest.approx((peer.params.iloc[0], peer.bse.iloc[0]), rel=1e-8)
    clustered = panel_fixed_effects(frame, "value", ("dose",), "unit", "period", weights="pop").result
    other = panel_fixed_effects(
        frame.assign(pop=frame["pop"] * 1e6), "value", ("dose",), "unit", "period", weights="pop"
    )
    assert other.result.se == pytest.approx(clustered.se, rel=1e-8)
    scores = columns * (frame["pop"] * peer.resid).to_numpy()[:, None]
    sums = np.column_stack([np.bincount(frame["unit"], column) for column in scores.T])
    bread = np.linalg.inv((columns * frame[["pop"]].to_numpy()).T @ columns)
    variance = (bread @ sums.T @ sums @ bread)[0, 0] * len(frame) / (len(frame) - columns.shape[1])
    assert clustered.se == pytest.approx(np.sqrt(variance), rel=1e-8)


def test_intervals_of_weighted_units_cover():
    """The effect on the treated, each counting by its weight, which moves the effect: units are drawn with theirs."""
    held = 0
    for seed in range(PILOTS):
        found = staggered(units(seed, n=90, bare=True), Staggered(draws=0)).group.overall
        held += found.lower <= 3.0 <= found.upper
    # Weights are 1 to 4 alike often, so that the mean effect by weight is 30 / 10.
    assert 0.93 <= held / PILOTS <= 0.975
