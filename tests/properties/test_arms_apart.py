"""Few whole clusters whose arms differ in spread: degrees of freedom against brute force, and size by simulation.

In full (PILOTLENS_ALL_SIMULATIONS=1) 5 to 20 clusters, balanced or not, one arm's variance a quarter to four times the
other's, 1,000 draws each through the engines themselves (ten thousand, written out apart: `test_unequal_spreads`). Of
100 true null hypotheses rejected at 5%, by textbook CR2 and by CR2 with arms apart, in our runs of 40,000:

    clusters/treated   ratio 1/4     ratio 1       ratio 4
    5/2                3.9  4.3      4.4  4.6      6.8  4.6
    6/3                6.2  4.3      5.2  4.0      6.2  4.4
    8/3                3.8  3.9      4.4  4.3      7.0  5.4
    8/4                6.2  4.3      5.3  3.8      6.2  4.2
    10/3               2.5  4.4      3.5  5.0      6.5  5.7
    10/5               6.3  4.5      5.7  4.2      6.3  4.5
    15/4               2.6  4.3      4.1  5.2      6.7  5.5
    15/7               5.8  4.6      5.3  4.3      6.3  4.6
    20/5               3.0  4.7      4.5  5.3      6.6  5.1
    20/10              5.8  4.7      5.4  4.7      6.0  4.8
"""

import os
from math import sqrt

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pipelines.estimation.arms_apart import arms_apart_test
from pipelines.estimation.cluster_robust import contrast_test, fit_clustered
from pipelines.estimation.welch import difference
from pipelines.estimation.wild_bootstrap import wild_bootstrap

FULL = os.environ.get("PILOTLENS_ALL_SIMULATIONS") == "1"
seeds = st.integers(0, 2**32 - 1)
careful = settings(derandomize=True, deadline=None, max_examples=15)


def pilot(seed: int, covariates: int):
    draw = np.random.default_rng(seed)
    sizes = draw.integers(2, 12, 9)
    codes = np.repeat(np.arange(9), sizes)
    arm = codes % 2 == 1
    columns = np.column_stack([np.ones(len(codes)), arm, *(draw.normal(size=len(codes)) for _ in range(covariates))])
    outcome = (1 + arm) * (draw.normal(size=len(codes)) + 2 * draw.normal(size=9)[codes])
    return columns, outcome, codes, arm


def written_out(columns, outcome, codes, arm):
    """Degrees of freedom with every n by n matrix: variances by four moments, then Satterthwaite's."""
    n, labels = len(outcome), np.unique(codes)
    left = np.eye(n) - columns @ np.linalg.pinv(columns)
    same = codes[:, None] == codes
    sizes = np.bincount(codes)[codes]
    parts, forms = [], []
    for side in (0, 1):
        inside = np.diag((arm == side) * 1.0)
        shared = same * np.outer(arm == side, arm == side)
        parts += [inside, shared]
        forms += [inside - shared / sizes, shared / sizes]
    expected = [[np.trace(form @ left @ part @ left) for part in parts] for form in forms]
    residual = left @ outcome
    variances = np.linalg.solve(expected, [residual @ form @ residual for form in forms])
    working = sum(max(value, 0) * part for value, part in zip(variances, parts, strict=True))
    loads = np.zeros((len(labels), n))
    for row, label in enumerate(labels):
        rows = np.flatnonzero(codes == label)
        values, vectors = np.linalg.eigh(left[np.ix_(rows, rows)])
        root = vectors @ np.diag([v**-0.5 if v > 1e-9 else 0.0 for v in values]) @ vectors.T
        loads[row, rows] = np.linalg.pinv(columns)[1, rows] @ root
    P = loads @ left @ working @ left @ loads.T
    return np.trace(P) ** 2 / (P**2).sum()


@pytest.mark.parametrize("covariates", [0, 2])
@given(seed=seeds)
@careful
def test_degrees_of_freedom_written_out(covariates, seed):
    columns, outcome, codes, arm = pilot(seed, covariates)
    found = arms_apart_test(fit_clustered(columns, outcome, codes), 1, arm)
    textbook = contrast_test(fit_clustered(columns, outcome, codes), 1)
    assert found.df == pytest.approx(written_out(columns, outcome, codes, arm), rel=1e-6)
    assert (found.value, found.se) == (textbook.value, textbook.se)


def test_clusters_of_one_size_are_welch_of_their_means():
    draw = np.random.default_rng(3)
    codes = np.repeat(np.arange(9), 10)
    arm = codes < 4
    outcome = draw.normal(size=90) + (1 + 2 * arm) * draw.normal(size=9)[codes]
    means = np.array([outcome[codes == g].mean() for g in range(9)])
    welch = difference(means[:4], means[4:], 0.95)
    found = arms_apart_test(fit_clustered(np.column_stack([np.ones(90), arm]), outcome, codes), 1, arm)
    assert (found.se, found.df, found.p) == pytest.approx((welch.se, welch.df, welch.p))


def test_people_alone_are_clusters_of_one():
    # Nothing tells a variance between from one within; only their sum counts
    draw = np.random.default_rng(4)
    arm = np.arange(30) % 3 == 0
    outcome = draw.normal(size=30) * (1 + arm)
    welch = difference(outcome[arm], outcome[~arm], 0.95)
    found = arms_apart_test(fit_clustered(np.column_stack([np.ones(30), arm]), outcome, np.arange(30)), 1, arm)
    assert (found.se, found.df) == pytest.approx((welch.se, welch.df))


def test_misuse_is_an_error():
    columns, outcome, codes, arm = pilot(0, 0)
    with pytest.raises(ValueError, match="people of both arms"):
        arms_apart_test(fit_clustered(columns, outcome, codes), 1, np.arange(len(codes)) % 2 == 0)
    with pytest.raises(ValueError, match="unweighted"):
        arms_apart_test(fit_clustered(columns, outcome, codes, np.ones(len(codes))), 1, arm)


CASES = (
    [(g, k, r) for g, k in ((5, 2), (6, 3), (8, 3), (8, 4), (10, 3), (10, 5)) for r in (0.25, 1.0, 4.0)]
    + [(g, k, r) for g, k in ((15, 4), (15, 7), (20, 5), (20, 10)) for r in (0.25, 1.0, 4.0)]
    if FULL
    else [(8, 4, 4.0), (20, 5, 4.0)]
)


@pytest.mark.parametrize(("clusters", "treated", "ratio"), CASES)
def test_size_and_coverage_where_arms_differ_in_spread(clusters, treated, ratio):
    """Unequal clusters (5 to 59 people), intraclass correlation 0.14, the treated `ratio` times as variable."""
    repetitions, draw = 1_000 if FULL else 250, np.random.default_rng([clusters, treated, int(4 * ratio)])
    rejected = dict.fromkeys(("textbook", "apart", "wild"), 0)
    for repetition in range(repetitions):
        codes = np.repeat(np.arange(clusters), draw.integers(5, 60, clusters))
        arm = codes < treated
        noise = 0.4 * draw.normal(size=clusters)[codes] + draw.normal(size=len(codes))
        fit = fit_clustered(np.column_stack([np.ones(len(arm)), arm]), np.where(arm, sqrt(ratio), 1) * noise, codes)
        rejected["textbook"] += contrast_test(fit, 1).p <= 0.05
        rejected["apart"] += arms_apart_test(fit, 1, arm).p <= 0.05
        if FULL:
            wild = wild_bootstrap(fit, 1, draws=399, seed=repetition, interval=False)
            rejected["wild"] += wild.result.p <= 0.05
    found = {name: count / repetitions for name, count in rejected.items()}
    print(clusters, treated, ratio, repetitions, found)
    error = 3 * sqrt(0.05 * 0.95 / repetitions)
    # Three clusters in an arm are the fewest that a protocol may allow, and 6.0% what is left there
    assert (0.04 if treated > 2 else 0.035) - error <= found["apart"] <= 0.06 + error
