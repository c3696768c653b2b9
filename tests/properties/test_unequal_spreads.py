"""Whole clusters, few and unequal, in arms that differ in spread: how often each engine rejects a true null hypothesis.

Of 100 at 5%, 10,000 trials each (standard error 0.2), clusters of 5 to 59 people with an intraclass correlation of
0.14, the treated arm's variances a quarter of, the same as, or four times the other's. In each, CR2 with textbook
degrees of freedom, CR2 with arms apart (which leads), and the wild cluster restricted bootstrap (Rademacher's, Webb's
signs; 999 draws, or every assignment of signs):

    clusters/   ratio 1/4                  ratio 1                     ratio 4
    treated     CR2  apart  Rad.  Webb
    5/2        3.5   3.9   0.0   5.8   |   3.9   4.2   0.0   6.7   |   6.8   4.2   0.0  12.1
    6/3        6.2   4.6   6.0   9.8   |   5.1   4.1   5.1   8.4   |   6.2   4.3   5.9   9.3
    8/4        6.8   4.8   7.9   8.6   |   5.1   3.6   6.2   6.8   |   6.3   4.3   7.5   8.0
    8/3        3.2   3.4   3.8   4.4   |   4.6   4.5   5.9   6.7   |   7.3   5.6  10.3  11.1
    10/5       6.6   4.8   7.2   7.6   |   5.5   4.2   5.9   6.4   |   6.4   4.5   6.9   7.3
    10/4       4.7   4.1   5.4   5.7   |   5.1   4.3   6.3   6.7   |   6.6   4.7   8.2   8.5
    10/3       2.4   4.2   2.9   3.4   |   3.5   4.9   5.1   5.4   |   6.3   5.7  10.8  10.9
    12/6       6.2   4.6   6.6   6.8   |   5.3   4.0   5.7   5.9   |   6.5   4.9   6.8   7.0
    12/4       3.7   4.5   4.5   4.7   |   4.4   4.5   5.5   5.8   |   6.8   5.2   9.0   9.2
    15/7       5.7   4.5   5.8   5.9   |   5.5   4.6   5.6   5.8   |   6.4   4.7   6.3   6.5
    15/5       4.1   4.5   4.7   4.9   |   4.9   4.9   5.7   5.9   |   6.6   4.8   7.5   7.8
    15/4       2.5   4.5   3.4   3.6   |   4.1   5.3   5.3   5.6   |   6.6   5.4   9.0   9.2
    20/10      5.6   4.5   5.4   5.5   |   5.1   4.4   5.1   5.2   |   5.7   4.7   5.4   5.5
    20/7       4.8   4.9   5.3   5.4   |   5.4   4.8   5.4   5.6   |   6.8   5.2   6.5   6.8
    20/5       3.0   4.7   3.8   4.0   |   4.8   5.3   5.2   5.6   |   6.8   5.2   7.3   7.5
    20/4       1.8   4.9   2.6   2.8   |   3.4   5.6   4.8   5.1   |   6.2   5.3   8.6   8.5
    16/8       6.2   4.7   6.3   6.4   |   5.3   4.4   5.3   5.5   |   6.1   4.7   6.1   6.4
    18/9       5.8   4.5   5.6   5.7   |   5.8   4.8   5.4   5.6   |   6.1   4.9   6.0   6.1
    18/8       5.5   4.8   5.7   5.7   |   5.5   4.8   5.8   5.8   |   6.5   4.9   5.9   6.1
    20/8       5.1   4.7   5.1   5.2   |   5.4   4.7   5.3   5.5   |   6.4   4.8   5.9   6.1
    24/10      5.6   5.2   5.6   5.7   |   4.9   4.5   4.8   4.9   |   6.2   4.6   5.4   5.7

So with arms apart 3.4 to 5.7 everywhere; the bootstrap keeps to 6 with 18 clusters or more, four in ten of them treated
or more. One cluster of 150 or 400 people among others of 5 to 29 (4,000 trials each):

    10/5, 150      6.7   5.3   6.3   6.7   |   6.7   3.8   7.1   7.8   |  11.7   5.3  12.8  13.7
    10/5, 400      8.0   6.9   8.2   9.5   |  11.9   8.5  14.6  16.3   |  20.7   9.1  29.4  32.5
    12/6, 150      6.1   4.3   5.5   6.1   |   7.0   4.2   7.7   8.0   |  10.5   4.0  11.6  12.2
    12/6, 400      8.2   6.7   8.6   9.3   |  12.2   6.7  14.9  16.1   |  20.2   6.2  28.8  30.1
    20/10, 150     6.4   4.9   5.5   5.7   |   6.5   3.0   5.9   5.9   |   9.8   2.3   9.0   9.2
    20/10, 400     7.9   5.3   7.1   7.3   |  10.9   4.0  11.9  12.3   |  18.4   2.8  22.8  22.9
    30/10, 150     5.5   4.8   4.7   4.8   |   7.2   3.0   6.0   6.2   |  10.8   2.3   9.0   9.4
    30/10, 400     8.2   5.9   6.9   6.9   |  13.7   4.1  12.1  12.0   |  21.4   2.4  20.6  20.5

That is why the bootstrap never leads, and is refused with fewer than 18 clusters, less than four in ten of them in an
arm, or a quarter of the people in one cluster.
"""

import os
from math import sqrt

import numpy as np
import pytest

from pipelines.estimation.arms_apart import arms_apart_test
from pipelines.estimation.cluster_robust import contrast_test, fit_clustered
from pipelines.estimation.wild_bootstrap import wild_bootstrap
from tests.properties.unequal_spreads import ALIKE, Trials, cr2, difference, rejected, trials, wild_p

FULL = os.environ.get("PILOTLENS_ALL_SIMULATIONS") == "1"


def people(found: Trials, seed: int):
    """People who have the means and squares of one trial's clusters."""
    draw, outcome = np.random.default_rng(seed), []
    for size, mean, squares in zip(found.sizes[0], found.means[0], found.squares[0], strict=True):
        rest = draw.normal(size=int(size))
        rest -= rest.mean()
        outcome.append(mean + rest * sqrt(squares / (rest @ rest)))
    codes = np.repeat(np.arange(len(outcome)), found.sizes[0].astype(int))
    return np.concatenate(outcome), codes, codes < found.treated


@pytest.mark.parametrize("seed", range(3))
def test_trials_written_out_are_the_engines(seed):
    one = trials(np.random.default_rng(seed), 1, 7, 3, 4.0, largest=20)
    outcome, codes, arm = people(one, seed)
    fit = fit_clustered(np.column_stack([np.ones(len(arm)), arm]), outcome, codes)
    textbook, apart = contrast_test(fit, 1), arms_apart_test(fit, 1, arm)
    se, df, own = cr2(one)
    assert (textbook.value, textbook.se, textbook.df) == pytest.approx((difference(one)[0], se[0], df[0]))
    assert apart.df == pytest.approx(own[0])
    wild = wild_bootstrap(fit, 1, interval=False)
    assert wild.result.p == wild_p(one, "rademacher", 999, 0)[0]
    # Webb's signs need six to the power of clusters: a trial of four
    small = Trials(one.sizes[:, 1:5], one.means[:, 1:5], one.squares[:, 1:5], 2)
    outcome, codes, arm = people(small, seed)
    fit = fit_clustered(np.column_stack([np.ones(len(arm)), arm]), outcome, codes)
    wild = wild_bootstrap(fit, 1, signs="webb", interval=False)
    assert wild.result.p == wild_p(small, "webb", 1_500, 0)[0]


FEW = [(5, 2), (6, 3), (8, 4), (8, 3), (10, 5), (10, 4), (10, 3), (12, 6), (12, 4)]
MORE = [(15, 7), (15, 5), (15, 4), (16, 8), (18, 9), (18, 8), (20, 10), (20, 8), (20, 7), (20, 5), (20, 4)]
CASES = (
    [(*shape, ratio) for shape in FEW + MORE for ratio in (0.25, 1.0, 4.0)]
    if FULL
    else [(5, 2, 4.0), (10, 4, 4.0), (18, 8, 4.0)]
)


@pytest.mark.parametrize(("clusters", "treated", "ratio"), CASES)
def test_rejections_of_a_true_null_hypothesis(clusters, treated, ratio):
    repetitions = 10_000 if FULL else 1_000
    draw = np.random.default_rng([clusters, treated, int(4 * ratio)])
    found = rejected(trials(draw, repetitions, clusters, treated, ratio), 999 if FULL else 399, 1)
    print(clusters, treated, ratio, {name: round(100 * share, 1) for name, share in found.items()})
    error = 3 * sqrt(0.05 * 0.95 / repetitions)
    assert (0.04 if treated > 3 or clusters > 8 else 0.03) - error <= found["apart"] <= 0.06 + error
    if clusters >= 18 and treated >= 0.4 * clusters:
        assert 0.04 - error <= found["rademacher"] <= 0.06 + error
    # Where the advisor refuses the bootstrap it is indeed wrong
    if (clusters, treated, ratio) in ((10, 4, 4.0), (10, 3, 4.0), (12, 4, 4.0)):
        assert found["rademacher"] > 0.065


@pytest.mark.skipif(not FULL, reason="set PILOTLENS_ALL_SIMULATIONS=1 for one large cluster")
@pytest.mark.parametrize("clusters", [10, 12, 20, 30])
@pytest.mark.parametrize("largest", [150, 400])
@pytest.mark.parametrize("ratio", [0.25, 1.0, 4.0])
def test_one_cluster_that_outweighs_the_others(clusters, largest, ratio):
    treated = min(clusters // 2, 10)
    draw = np.random.default_rng([clusters, treated, int(4 * ratio), largest])
    shape = 4_000, clusters
    sizes = draw.integers(5, 30, shape).astype(float)
    sizes[:, 0] = largest
    wide = np.where(np.arange(clusters) < treated, ratio, 1.0)
    means = np.sqrt(wide * (ALIKE + 1 / sizes)) * draw.normal(size=shape)
    found = rejected(Trials(sizes, means, wide * draw.chisquare(sizes - 1), treated), 999, 1)
    print(clusters, treated, largest, ratio, {name: round(100 * share, 1) for name, share in found.items()})
    assert found["apart"] < (0.07 if largest == 150 or clusters >= 15 else 0.11)
