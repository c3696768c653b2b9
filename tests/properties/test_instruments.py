"""Instruments: invariance, sets against a search, and coverage, also where instruments hardly move the dose."""

import os

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.stats import f as fisher

from pipelines.estimation.take_up.instrumental import instrumental_effect
from pipelines.estimation.take_up.instruments import instrumented
from pipelines.estimation.take_up.weak_instruments import anderson_rubin_set

PILOTS = 2000 if os.environ.get("PILOTLENS_ALL_SIMULATIONS") else 250


def people(seed: int, n: int = 80, count: int = 3, strength: float = 0.4, effect: float = 1.0):
    """Return outcome, dose, instruments and covariates; errors are tied, and larger where the first instrument is."""
    rng = np.random.Generator(np.random.PCG64(seed))
    Z, X = rng.normal(size=(n, count)), rng.normal(size=(n, 2))
    u = rng.normal(size=n) * np.sqrt(0.5 + 0.5 * Z[:, 0] ** 2)
    d = strength * Z.sum(axis=1) / np.sqrt(count) + X[:, 0] + 0.8 * u + 0.6 * rng.normal(size=n)
    return effect * d + X.sum(axis=1) + u, d, Z, X


@settings(derandomize=True, deadline=None, max_examples=25)
@given(st.integers(0, 10**6), st.integers(1, 4), st.floats(0.02, 50), st.floats(-40, 40))
def test_units_order_and_the_span_of_instruments_do_not_matter(seed, count, scale, shift):
    y, d, Z, X = people(seed, count=count)
    one = instrumental_effect(y, d, Z, X)
    rng = np.random.Generator(np.random.PCG64(seed))
    order = rng.permutation(len(y))
    same = instrumental_effect(y[order], d[order], Z[order], X[order])
    assert same == one
    turned = Z @ (np.eye(count) + 0.3 * rng.normal(size=(count, count))) + X[:, :1] + shift
    other = instrumental_effect(scale * y + shift, d / scale + shift, turned, np.column_stack([X, X.sum(axis=1) + 1]))
    for name in ("value", "se"):
        assert getattr(other.usual, name) == pytest.approx(scale**2 * getattr(one.usual, name), rel=1e-5)
    assert other.strength.effective == pytest.approx(one.strength.effective, rel=1e-5)
    assert other.anderson_rubin.shape == one.anderson_rubin.shape
    assert other.anderson_rubin.p == pytest.approx(one.anderson_rubin.p, rel=1e-5, abs=1e-12)


@settings(derandomize=True, deadline=None, max_examples=30)
@given(
    st.integers(0, 10**6), st.integers(1, 5), st.sampled_from([0.0, 0.1, 0.25, 0.6]), st.sampled_from([0.5, 0.9, 0.95])
)
def test_the_set_is_what_a_search_finds(seed, count, strength, level):
    """Whatever its shape: an interval, pieces, rays, everything or nothing."""
    y, d, Z, X = people(seed, n=40, count=count, strength=strength)
    shown = anderson_rubin_set(instrumented(y, d, Z, X), level)
    columns = np.column_stack([Z, X, np.ones(len(y))])
    bread = np.linalg.inv(columns.T @ columns)
    left = len(y) - columns.shape[1]
    for value in np.tan(np.linspace(-1.5707, 1.5707, 301)):
        coefficients = bread @ (columns.T @ (y - value * d))
        scores = columns * (y - value * d - columns @ coefficients)[:, None]
        V = (bread @ scores.T @ scores @ bread)[:count, :count] * len(y) / left
        g = coefficients[:count]
        p = fisher.sf(g @ np.linalg.solve(V, g) / count, count, left)
        if abs(p - (1 - level)) > 1e-6:
            assert shown.holds(value) == (p > 1 - level)


@pytest.mark.parametrize(("strength", "least"), [(0.0, 0.92), (0.15, 0.92), (1.5, 0.92)])
def test_the_interval_that_holds_covers(strength, least):
    """Anderson-Rubin covers 95 in 100 with no, weak and strong instruments; the usual one only with strong ones."""
    held, usual = 0, 0
    for seed in range(PILOTS):
        y, d, Z, X = people(seed, n=200, count=2, strength=strength)
        found = instrumental_effect(y, d, Z, X)
        held += found.anderson_rubin.holds(1.0)
        usual += found.usual.lower <= 1.0 <= found.usual.upper
    assert least <= held / PILOTS <= 0.98
    if strength > 1:
        assert 0.92 <= usual / PILOTS <= 0.98
    if strength == 0:
        assert usual / PILOTS < 0.85
