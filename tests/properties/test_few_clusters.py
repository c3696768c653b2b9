"""Few clusters and randomisation inference against brute force, their invariances, and size and coverage by simulation.

The simulations run short here and in full with PILOTLENS_ALL_SIMULATIONS=1.
"""

import os
from itertools import combinations, product
from math import sqrt

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.stats import norm, rankdata
from statsmodels.api import OLS

from pipelines.estimation.assignment import drawn_subsets
from pipelines.estimation.cluster_difference import cluster_difference
from pipelines.estimation.cluster_robust import contrast_test, covariance, fit_clustered
from pipelines.estimation.covariance import bell_mccaffrey_df, least_squares_hc2
from pipelines.estimation.joint_test import joint_test
from pipelines.estimation.least_squares import least_squares
from pipelines.estimation.randomisation import randomisation_test
from pipelines.estimation.wild_bootstrap import wild_bootstrap

FULL = os.environ.get("PILOTLENS_ALL_SIMULATIONS") == "1"
KINDS = ("CR0", "CR1", "CR1S", "CR2", "CR3")
seeds = st.integers(0, 2**32 - 1)
careful = settings(derandomize=True, deadline=None, max_examples=15)


def sample(seed: int, clusters: int = 6, dummies: bool = False):
    """Unequal clusters in no order, from 2 to 14 people, and a column that differs within clusters."""
    draw = np.random.default_rng(seed)
    codes = draw.permutation(np.repeat(draw.permutation(50)[:clusters], draw.integers(2, 15, clusters)))
    n = len(codes)
    columns = np.column_stack(
        [
            np.ones(n),
            draw.random(n) < 0.5,
            draw.normal(size=n) + codes / 20,
            np.searchsorted(np.unique(codes), codes) % 2,
        ]
    )
    if dummies:
        columns = np.column_stack([columns, codes[:, None] == np.unique(codes)])
    return columns, draw.normal(size=n) * (1 + codes / 30), codes, draw.random(n) + 0.2


def inverse_root(matrix, power):
    values, vectors = np.linalg.eigh(matrix)
    return vectors @ np.diag([v**power if v > 1e-9 else 0.0 for v in values]) @ vectors.T


def dense(columns, outcome, codes, weights, kind, contrast):
    """Standard error and degrees of freedom with every n by n matrix written out (Pustejovsky & Tipton 2018)."""
    n, (labels, G) = len(outcome), (np.unique(codes), len(np.unique(codes)))
    W = np.diag(weights)
    bread = np.linalg.pinv(columns.T @ W @ columns)
    hat = columns @ bread @ columns.T @ W
    left = np.eye(n) - hat
    residuals, working = left @ outcome, left @ left.T
    loads = []
    for label in labels:
        rows = np.flatnonzero(codes == label)
        adjust = np.eye(len(rows))
        if kind == "CR2":
            adjust = inverse_root(working[np.ix_(rows, rows)], -0.5)
        if kind == "CR3":
            # The inverse of I - H_jj through its symmetric twin, on the part that is not lost
            root = np.sqrt(np.diag(weights[rows]))
            twin = root @ left[np.ix_(rows, rows)] @ np.linalg.inv(root)
            adjust = np.linalg.inv(root) @ inverse_root((twin + twin.T) / 2, -1.0) @ root
        load = np.zeros(n)
        load[rows] = contrast @ bread @ columns[rows].T @ np.diag(weights[rows]) @ adjust
        loads.append(load)
    loads = np.array(loads)
    p = len(columns.T) if np.linalg.matrix_rank(columns) == columns.shape[1] else np.linalg.matrix_rank(columns)
    factor = {"CR1": G / (G - 1), "CR1S": G / (G - 1) * (n - 1) / (n - p)}.get(kind, 1.0)
    P = loads @ working @ loads.T
    return sqrt(factor * ((loads @ residuals) ** 2).sum()), np.trace(P) ** 2 / (P**2).sum()


class TestDense:
    @pytest.mark.parametrize("weighted", [False, True])
    @pytest.mark.parametrize("dummies", [False, True])
    @given(seed=seeds)
    @careful
    def test_every_kind(self, weighted, dummies, seed):
        columns, outcome, codes, weights = sample(seed, dummies=dummies)
        weights = weights if weighted else np.ones(len(outcome))
        fit = fit_clustered(columns, outcome, codes, weights if weighted else None)
        # The column's own contrast; the last columns repeat others when there are indicators
        for kind in KINDS:
            found = contrast_test(fit, 2, kind)
            expected = dense(columns, outcome, codes, weights, kind, np.eye(columns.shape[1])[2])
            assert (found.se, found.df) == pytest.approx(expected, rel=1e-6)
            assert covariance(fit, kind)[2, 2] == pytest.approx(found.se**2, rel=1e-8)

    @given(seed=seeds)
    @careful
    def test_one_cluster_larger_than_half(self, seed):
        columns, outcome, codes, _ = sample(seed)
        codes = np.where(np.arange(len(codes)) < 0.7 * len(codes), 3, codes + 100)
        found = contrast_test(fit_clustered(columns, outcome, codes), 2, "CR2")
        expected = dense(columns, outcome, codes, np.ones(len(codes)), "CR2", np.eye(4)[2])
        assert (found.se, found.df) == pytest.approx(expected, rel=1e-6)

    @given(seed=seeds)
    @careful
    def test_rows_alone_are_clusters_of_one(self, seed):
        columns, outcome, _, _ = sample(seed)
        fit, clustered = least_squares_hc2(columns, outcome), fit_clustered(columns, outcome, np.arange(len(outcome)))
        theirs = OLS(outcome, columns).fit()
        for twin, peer in (("CR0", theirs.cov_HC0), ("CR2", theirs.cov_HC2), ("CR3", theirs.cov_HC3)):
            assert covariance(clustered, twin) == pytest.approx(peer, rel=1e-7)
        assert covariance(clustered, "CR2") == pytest.approx(fit.covariance, rel=1e-8)
        assert contrast_test(clustered, 2, "CR2").df == pytest.approx(bell_mccaffrey_df(fit, 2), rel=1e-7)

    @given(seed=seeds)
    @careful
    def test_joint_test_of_one_is_the_square_of_t(self, seed):
        columns, outcome, codes, weights = sample(seed)
        fit = fit_clustered(columns, outcome, codes, weights)
        joint, single = joint_test(fit, np.eye(4)[2:3]), contrast_test(fit, 2)
        assert (joint.statistic, joint.df, joint.p) == pytest.approx((single.statistic**2, single.df, single.p))


class TestLeastSquares:
    def test_ill_conditioned_columns_go_through_orthogonal_blocks(self):
        draw = np.random.default_rng(0)
        x = draw.normal(size=200)
        columns = np.column_stack([np.ones(200), x + 1e4, x + 1e4 + 1e-3 * draw.normal(size=200)])
        truth = np.array([1.0, 2.0, 3.0])
        found = least_squares(columns, columns @ truth)
        assert found.coefficients == pytest.approx(truth, rel=1e-4)
        assert (found.rows @ found.basis).T @ (found.rows @ found.basis) == pytest.approx(np.eye(3), abs=1e-6)

    @given(seed=seeds)
    @careful
    def test_repeated_columns_are_left_out(self, seed):
        columns, outcome, _, _ = sample(seed)
        found = least_squares(
            np.column_stack([columns, columns[:, 1] - columns[:, 2], np.zeros(len(outcome))]), outcome
        )
        assert found.kept.tolist() == [0, 1, 2, 3]
        assert found.coefficients[:4] == pytest.approx(np.linalg.lstsq(columns, outcome, rcond=None)[0])
        assert np.isnan(found.coefficients[4:]).all()


class TestWildBootstrap:
    @pytest.mark.parametrize(("signs", "points"), [("rademacher", 2), ("webb", 6)])
    @given(seed=seeds)
    @settings(derandomize=True, deadline=None, max_examples=4)
    def test_refitting_every_draw(self, signs, points, seed):
        clusters = 7 if points == 2 else 4
        columns, outcome, codes, _ = sample(seed, clusters)
        fit = fit_clustered(columns[:, :3], outcome, codes)
        null = 0.3
        found = wild_bootstrap(fit, 2, signs=signs, null=null, interval=False)
        assert (found.enumerated, found.draws) == (True, points**clusters)
        t = refitted(columns[:, :3], outcome, codes, null, signs)
        observed = (found.result.value - null) / found.result.se
        assert found.result.p == pytest.approx((abs(t) >= abs(observed) * (1 - 1e-7)).mean(), abs=1e-12)

    @given(seed=seeds)
    @careful
    def test_the_interval_is_what_the_test_does_not_reject(self, seed):
        columns, outcome, codes, _ = sample(seed, 9)
        fit = fit_clustered(columns[:, :3], outcome, codes)
        found = wild_bootstrap(fit, 2).result
        for limit, side in ((found.lower, -1), (found.upper, 1)):
            if limit is not None:
                p = [
                    wild_bootstrap(fit, 2, null=limit + step * side * found.se, interval=False).result.p
                    for step in (-1e-4, 1e-4)
                ]
                assert p[1] <= 0.05 < p[0]

    @given(seed=seeds)
    @settings(derandomize=True, deadline=None, max_examples=5)
    def test_both_ways_of_adding_up_agree(self, seed):
        # Above 30 clusters squares are multiplied out; below they are not: force the same data through both
        from pipelines.estimation import wild_bootstrap as module

        columns, outcome, codes, _ = sample(seed, 12)
        fit = fit_clustered(columns, outcome, codes)
        moments = module._moments(fit, fit.fit.in_basis(np.eye(4)[2]))
        for points in module.POINTS.values():
            signs = np.random.default_rng(seed).choice(points, (50, 12))
            for ours, theirs in zip(
                module._from_sums(moments, signs), module._from_scores(moments, signs), strict=True
            ):
                assert ours == pytest.approx(theirs, rel=1e-8, abs=1e-10)


def refitted(columns, outcome, codes, null, signs):
    points = [-1.0, 1.0] if signs == "rademacher" else [s * sqrt(v) for v in (0.5, 1, 1.5) for s in (-1, 1)]
    labels = np.unique(codes)
    G, n, k = len(labels), *columns.shape
    rest = columns[:, [0, 1]]
    target = outcome - null * columns[:, 2]
    fitted = rest @ np.linalg.lstsq(rest, target, rcond=None)[0]
    member, found = np.searchsorted(labels, codes), []
    bread = np.linalg.inv(columns.T @ columns)
    for draw in product(points, repeat=G):
        y = fitted + null * columns[:, 2] + (target - fitted) * np.array(draw)[member]
        beta = bread @ columns.T @ y
        scores = np.array([(columns * (y - columns @ beta)[:, None])[member == g].sum(axis=0) for g in range(G)])
        variance = G / (G - 1) * (n - 1) / (n - k) * (bread @ scores.T @ scores @ bread)[2, 2]
        found.append((beta[2] - null) / sqrt(variance))
    return np.array(found)


class TestRandomisation:
    @pytest.mark.parametrize("statistic", ["difference", "studentised", "rank"])
    @given(seed=seeds)
    @careful
    def test_enumeration(self, statistic, seed):
        draw = np.random.default_rng(seed)
        treated = draw.permutation(np.arange(9) < draw.integers(2, 8))
        outcome = draw.integers(0, 6, 9).astype(float)
        found = randomisation_test(outcome, treated, statistic=statistic, interval=False)
        values = [by_hand(outcome, np.isin(np.arange(9), c), statistic) for c in combinations(range(9), treated.sum())]
        observed = by_hand(outcome, treated, statistic)
        assert found.result.statistic == pytest.approx(observed, rel=1e-9, abs=1e-9)
        assert found.result.p == np.mean([abs(v) >= abs(observed) - 1e-9 for v in values])
        assert found.p_greater == np.mean([v >= observed - 1e-9 for v in values])
        assert found.p_less == np.mean([v <= observed + 1e-9 for v in values])

    @given(seed=seeds)
    @careful
    def test_blocks_of_clusters(self, seed):
        draw = np.random.default_rng(seed)
        sizes, block = draw.integers(1, 5, 9), np.array([0, 0, 0, 0, 1, 1, 1, 1, 1])
        arm = np.array([True, False, False, False, True, True, False, False, False])
        member = np.repeat(np.arange(9), sizes)
        outcome = draw.normal(size=len(member)).round(1)
        found = randomisation_test(outcome, arm[member], clusters=member, blocks=block[member], interval=False)
        values = []
        for first, second in product(combinations(range(4), 1), combinations(range(4, 9), 2)):
            values.append(blocked(outcome, np.isin(member, [*first, *second]), block[member]))
        observed = blocked(outcome, arm[member], block[member])
        assert (found.assignments, found.result.value) == (40, pytest.approx(observed))
        assert found.result.p == np.mean([abs(v) >= abs(observed) - 1e-9 for v in values])

    @given(seed=seeds)
    @careful
    def test_matched_pairs(self, seed):
        draw = np.random.default_rng(seed)
        gaps = draw.normal(0.5, 1, 8)
        outcome, pair = np.column_stack([gaps, np.zeros(8)]).ravel(), np.repeat(np.arange(8), 2)
        treated = np.tile([True, False], 8)
        flips = np.array(list(product([-1, 1], repeat=8))) * gaps
        for statistic, values in (
            ("difference", flips.mean(axis=1)),
            ("studentised", flips.mean(axis=1) / (flips.std(axis=1, ddof=1) / sqrt(8))),
        ):
            found = randomisation_test(outcome, treated, blocks=pair, statistic=statistic)
            observed = values[-1]
            assert found.result.p == np.mean(abs(values) >= abs(observed) * (1 - 1e-9))
            assert found.result.statistic == pytest.approx(observed)

    @given(seed=seeds)
    @careful
    def test_the_interval_is_what_the_test_does_not_reject(self, seed):
        draw = np.random.default_rng(seed)
        treated = draw.permutation(np.arange(10) < 5)
        outcome = draw.normal(size=10) + treated
        for statistic in ("difference", "studentised"):
            found = randomisation_test(outcome, treated, statistic=statistic).result
            for limit, side in ((found.lower, -1), (found.upper, 1)):
                p = [
                    randomisation_test(outcome - (limit + side * step) * treated, treated, statistic=statistic).result.p
                    for step in (-1e-4, 1e-4)
                ]
                assert p[1] <= 0.05 < p[0]

    @pytest.mark.parametrize(("units", "size"), [(6, 3), (6, 2), (6, 1), (9, 4)])
    def test_drawn_subsets_are_uniform(self, units, size):
        drawn = drawn_subsets(units, size, 40_000, np.random.Generator(np.random.PCG64(1)))
        bits = np.unpackbits(drawn, axis=1)[:, :units]
        assert (bits.sum(axis=1) == size).all()
        counts = np.unique(bits @ (1 << np.arange(units)), return_counts=True)[1]
        cells = len(list(combinations(range(units), size)))
        expected = 40_000 / cells
        # Chi-square within five standard deviations of its mean
        assert len(counts) == cells
        assert ((counts - expected) ** 2 / expected).sum() < cells - 1 + 5 * sqrt(2 * (cells - 1))

    @pytest.mark.parametrize("arm", [100, 30, 170])
    def test_draws_agree_with_the_normal_limit(self, arm):
        draw = np.random.default_rng(3)
        treated = draw.permutation(np.arange(200) < arm)
        outcome = draw.normal(size=200) + 0.25 * treated
        drawn = randomisation_test(outcome, treated, draws=20_000)
        # Spread over all assignments: the pooled sample's (Neyman's under the sharp null hypothesis)
        spread = outcome.std(ddof=1) * sqrt(1 / arm + 1 / (200 - arm))
        assert not drawn.exact
        assert drawn.result.p == pytest.approx(2 * norm.sf(abs(drawn.result.value) / spread), abs=0.015)


def by_hand(outcome, treated, statistic):
    if statistic == "rank":
        ranks = rankdata(outcome)
        return ranks[treated].mean() - ranks[~treated].mean()
    gap = outcome[treated].mean() - outcome[~treated].mean()
    if statistic == "difference":
        return gap
    variance = sum(outcome[arm].var(ddof=1) / arm.sum() for arm in (treated, ~treated))
    if variance < 1e-12:
        return 0.0 if abs(gap) < 1e-12 else np.copysign(np.inf, gap)
    return gap / sqrt(variance)


def blocked(outcome, treated, block):
    gaps = [outcome[treated & (block == b)].mean() - outcome[~treated & (block == b)].mean() for b in (0, 1)]
    return np.average(gaps, weights=[(block == 0).sum(), (block == 1).sum()])


class TestInvariances:
    def data(self, seed):
        draw = np.random.default_rng(seed)
        codes = np.repeat(np.arange(8), draw.integers(3, 9, 8))
        treated = np.isin(codes, draw.permutation(8)[:4])
        return draw.normal(size=len(codes)) + draw.normal(size=8)[codes] + treated, treated, codes, draw

    def numbers(self, found):
        parts = (found.cr2, found.cr1s, found.bootstrap.result, found.randomisation.result, found.cluster_means)
        fields = ("value", "se", "lower", "upper", "statistic", "df", "p")
        return np.array([[np.nan if getattr(x, f) is None else getattr(x, f) for f in fields] for x in parts])

    @given(seed=seeds)
    @careful
    def test_order_of_rows_and_names_of_clusters(self, seed):
        outcome, treated, codes, draw = self.data(seed)
        order, names = draw.permutation(len(codes)), draw.permutation(1000)[:8]
        ours = self.numbers(cluster_difference(outcome, treated, codes))
        theirs = self.numbers(cluster_difference(outcome[order], treated[order], names[codes[order]]))
        assert ours == pytest.approx(theirs, rel=1e-6, abs=1e-8, nan_ok=True)

    @given(seed=seeds)
    @careful
    def test_swapping_the_arms(self, seed):
        outcome, treated, codes, _ = self.data(seed)
        ours, theirs = (self.numbers(cluster_difference(outcome, arm, codes)) for arm in (treated, ~treated))
        theirs[:, [0, 4]] *= -1
        theirs[:, [2, 3]] = -theirs[:, [3, 2]]
        assert ours == pytest.approx(theirs, rel=1e-6, abs=1e-7, nan_ok=True)

    @given(seed=seeds, shift=st.floats(-1e4, 1e4), factor=st.sampled_from([0.01, 1.0, 250.0]))
    @careful
    def test_an_affine_change_of_the_outcome(self, seed, shift, factor):
        outcome, treated, codes, _ = self.data(seed)
        ours = self.numbers(cluster_difference(outcome, treated, codes))
        theirs = self.numbers(cluster_difference(shift + factor * outcome, treated, codes))
        theirs[:, :4] /= factor
        theirs[3, 4] /= factor
        assert ours == pytest.approx(theirs, rel=1e-5, abs=1e-5, nan_ok=True)

    def test_draws_do_not_depend_on_names_or_order(self):
        outcome, treated, codes, draw = self.data(5)
        codes = codes * 3 + np.arange(len(codes)) % 3
        treated = codes % 2 == 0
        order, names = draw.permutation(len(codes)), draw.permutation(1000)[:24]
        ours = cluster_difference(outcome, treated, codes, draws=999)
        theirs = cluster_difference(outcome[order], treated[order], names[codes[order]], draws=999)
        assert not ours.bootstrap.enumerated
        assert not ours.randomisation.exact
        assert ours.bootstrap.result.p == theirs.bootstrap.result.p
        assert ours.randomisation.result.p == theirs.randomisation.result.p


def null_sample(draw, clusters, treated, spread):
    """Unequal clusters (5 to 59 people), no effect, and arms whose clusters and people may differ in spread."""
    codes = np.repeat(np.arange(clusters), draw.integers(5, 60, clusters))
    arm = np.isin(codes, draw.permutation(clusters)[:treated])
    wider = 1 + spread * arm
    outcome = 0.4 * wider * draw.normal(size=clusters)[codes] + wider * draw.normal(size=len(codes))
    return outcome, arm, codes


def rejections(clusters, treated, spread, repetitions, seed=1):
    """Share of true null hypotheses rejected at 5% (so 1 minus the coverage of 95% intervals), by engine."""
    draw, counts = np.random.default_rng(seed), dict.fromkeys(("CR1", "CR2", "wild", "chance"), 0)
    for repetition in range(repetitions):
        outcome, arm, codes = null_sample(draw, clusters, treated, spread)
        fit = fit_clustered(np.column_stack([np.ones(len(arm)), arm]), outcome, codes)
        usual, cr2 = contrast_test(fit, 1, "CR1"), contrast_test(fit, 1, "CR2")
        counts["CR1"] += abs(usual.statistic) >= norm.ppf(0.975)
        counts["CR2"] += not cr2.lower <= 0 <= cr2.upper
        counts["wild"] += wild_bootstrap(fit, 1, draws=999, seed=repetition, interval=False).result.p <= 0.05
        if spread == 0:
            chance = randomisation_test(outcome, arm, clusters=codes, draws=999, seed=repetition, interval=False)
            counts["chance"] += chance.result.p <= 0.05
    return {engine: count / repetitions for engine, count in counts.items()}


# (clusters, treated, how much wider the treatment arm is, engines that hold 4 to 6% there in full runs). Elsewhere:
# CR2 is too cautious (3%) with 3 treated of 10; with 8 clusters and unequal spread CR2 reaches 6.7% and the wild
# bootstrap 7.7% (Webb's signs 8.8%); with 5 clusters the wild bootstrap with Rademacher signs never rejects and with
# Webb's rejects 8 to 13%. That is why the advisor's floors are where they are.
HELD = [
    (5, 2, 0.0, ("CR2",)),
    (10, 5, 0.0, ("CR2", "wild")),
    (20, 10, 0.0, ("CR2", "wild")),
]


@pytest.mark.parametrize(("clusters", "treated", "spread", "engines"), HELD)
def test_size_and_coverage(clusters, treated, spread, engines):
    repetitions = 10_000 if FULL else 150
    found = rejections(clusters, treated, spread, repetitions)
    # Monte Carlo error of a share of 5%, three standard deviations
    error = 3 * sqrt(0.05 * 0.95 / repetitions)
    print(clusters, treated, spread, repetitions, found)
    for engine in engines:
        assert 0.04 - error <= found[engine] <= 0.06 + error
    # CR1 with the normal distribution is what this package is not
    if clusters <= 10:
        assert found["CR1"] > 0.08
    # Exact: never more than 5%, whatever the clusters' sizes
    assert found["chance"] <= 0.05 + error


def test_randomisation_inference_is_exact():
    # Over all assignments of one population, at most 5% are rejected, and no interval misses a constant effect more
    outcome = np.random.default_rng(4).normal(size=8)
    rejected = []
    for chosen in combinations(range(8), 4):
        treated = np.isin(np.arange(8), chosen)
        found = randomisation_test(outcome, treated, interval=False)
        rejected.append(found.result.p <= 0.05)
    # The two assignments of a pair have the same p, so 2 of 70 or 4 of 70 can be at most 5%: 2
    assert sum(rejected) == 2
