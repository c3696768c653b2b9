"""How fast inference is beside its peers, as ratios in one run; asserted far below what is met."""

import time

import numpy as np
import pytest
from scipy.stats import permutation_test

from pipelines.estimation.cluster_robust import contrast_test, covariance, fit_clustered
from pipelines.estimation.randomisation import randomisation_test
from pipelines.estimation.wild_bootstrap import wild_bootstrap


def seconds(ask, repeat=3):
    """Processor time of the shortest of several runs: other work on the machine does not count."""
    found = []
    for _ in range(repeat):
        start = time.process_time()
        ask()
        found.append(time.process_time() - start)
    return min(found)


def sample(n, k, clusters):
    draw = np.random.default_rng(0)
    codes = draw.integers(0, clusters, n)
    columns = np.column_stack([np.ones(n), codes % 2, draw.normal(size=(n, k - 2))])
    return columns, draw.normal(size=n) + 0.2 * draw.normal(size=clusters)[codes], codes


def test_cr2_beside_cr1():
    columns, outcome, codes = sample(100_000, 10, 400)
    times = [seconds(lambda k=k: contrast_test(fit_clustered(columns, outcome, codes), 1, k)) for k in ("CR1", "CR2")]
    print(f"CR2 / CR1, n=100,000, 400 clusters: {times[1] / times[0]:.1f} (limit 5)")
    assert times[1] < 5 * times[0]


def test_clustered_ols_beside_statsmodels():
    from statsmodels.api import OLS

    columns, outcome, codes = sample(200_000, 20, 1_000)
    ours = seconds(lambda: covariance(fit_clustered(columns, outcome, codes), "CR1S"))
    options = {"cov_type": "cluster", "cov_kwds": {"groups": codes}}
    theirs = seconds(lambda: OLS(outcome, columns).fit(**options).bse, 1)
    print(f"statsmodels / ours, clustered OLS 200,000 x 20: {theirs / ours:.1f} (wanted 5)")
    assert theirs > 2 * ours


@pytest.mark.parametrize("n", [1_000, 10_000])
def test_randomisation_inference_beside_scipy(n):
    draw = np.random.default_rng(0)
    outcome, treated = draw.normal(size=n), draw.permutation(np.arange(n) < n // 2)
    ours = seconds(lambda: randomisation_test(outcome, treated, interval=False))

    def gap(a, b, axis):
        return a.mean(axis=axis) - b.mean(axis=axis)

    arms = outcome[treated], outcome[~treated]
    # scipy's time grows in proportion to its draws: a tenth of them is enough to measure it
    theirs = 10 * seconds(lambda: permutation_test(arms, gap, n_resamples=1_000, vectorized=True), 1)
    print(f"scipy / ours, 10,000 draws, n={n}: {theirs / ours:.1f} (wanted 2)")
    assert theirs > ours


@pytest.mark.parametrize(("n", "clusters"), [(n, G) for n in (10_000, 100_000) for G in (20, 100, 400, 900)])
def test_wild_bootstrap_beside_wildboottest(n, clusters):
    peer = pytest.importorskip("wildboottest.wildboottest", reason="wildboottest, the peer, is not installed")
    import pandas as pd
    from statsmodels.api import OLS

    columns, outcome, codes = sample(n, 5, clusters)
    frame = pd.DataFrame(columns, columns=list("itabc"))
    model = OLS(outcome, frame)
    options = {"B": 9_999, "cluster": pd.Series(codes), "param": "t", "weights_type": "rademacher", "show": False}
    peer.wildboottest(model, **options)  # compiles
    theirs = seconds(lambda: peer.wildboottest(model, **options), 1)
    ours = seconds(lambda: wild_bootstrap(fit_clustered(columns, outcome, codes), 1, interval=False))
    print(f"wildboottest / ours, n={n}, {clusters} clusters: {theirs / ours:.0f} (wanted 20)")
    assert theirs > 5 * ours


def test_the_bootstrap_does_not_grow_with_people():
    few, many = (fit_clustered(*sample(n, 5, 100)) for n in (5_000, 100_000))
    times = [seconds(lambda f=f: wild_bootstrap(f, 1)) for f in (few, many)]
    print(f"wild bootstrap, 100,000 people / 5,000 people: {times[1] / times[0]:.1f} (20 times the people)")
    assert times[1] < 10 * times[0]
