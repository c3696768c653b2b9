"""What matching and weighting 100,000 people cost, as ratios within one run; never seconds."""

import time
import tracemalloc
from collections.abc import Callable

import numpy as np

from pipelines.estimation import mahalanobis, nearest
from pipelines.estimation.entropy_balancing import entropy_balance

PEOPLE = 100_000
SAMPLE = 1_000


def fastest(work: Callable[[], object], times: int = 5) -> float:
    """Return the processor time of the shortest of several runs."""
    found = []
    for _ in range(times):
        begin = time.process_time()
        work()
        found.append(time.process_time() - begin)
    return min(found)


def test_matching_against_the_search_over_everybody():
    draw = np.random.default_rng(0)
    treated = draw.permutation(PEOPLE) < PEOPLE // 2
    scores = draw.normal(size=PEOPLE) + 0.5 * treated
    grid, _ = nearest.on_grid(scores)
    of, others = grid[treated], grid[~treated]
    order = np.argsort(-of, kind="stable")
    ours = fastest(lambda: nearest.without_replacement(of, others, order, 1, np.inf))
    mixed = fastest(lambda: nearest.without_replacement(of, others, np.arange(len(of)), 1, np.inf), 4)

    def search() -> None:
        # A fiftieth of the treated people: the rest cost the same each
        left = scores[~treated].copy()
        for score in scores[treated][order[:SAMPLE]]:
            left[np.abs(left - score).argmin()] = np.inf

    theirs = fastest(search, 2) * len(of) / SAMPLE
    print(
        f"1:1 matching of {PEOPLE:,}: {theirs / ours:.0f} times as fast as n^2; "
        f"{theirs / mixed:.0f} times in the order of keys"
    )
    assert theirs > 10 * max(ours, mixed)


def test_mahalanobis_in_bounded_memory():
    draw = np.random.default_rng(1)
    treated, controls = draw.normal(0.2, 1, (2_000, 5)), draw.normal(size=(20_000, 5))
    tracemalloc.start()
    mahalanobis.without_replacement(treated, controls, np.arange(2_000), 1, np.inf)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    matrix = 8 * 2_000 * 20_000
    print(f"Mahalanobis matching of 22,000: {peak / 2**20:.0f} MiB, {peak / matrix:.1%} of a matrix of distances")
    assert peak < matrix / 10


def test_entropy_balancing_against_least_squares():
    draw = np.random.default_rng(2)
    columns = draw.normal(size=(PEOPLE, 10))
    treated = draw.random(PEOPLE) < 1 / (1 + np.exp(1 - columns[:, 0]))
    names = tuple("abcdefghij")
    design = np.column_stack([np.ones(PEOPLE), treated, columns])
    outcome = columns.sum(axis=1)
    ours = fastest(lambda: entropy_balance(columns, treated, names))
    theirs = fastest(lambda: np.linalg.lstsq(design, outcome, rcond=None))
    print(f"Entropy balancing of {PEOPLE:,} on 10 covariates: {ours / theirs:.1f} least-squares fits")
    assert ours < 10 * theirs
