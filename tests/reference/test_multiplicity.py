"""Adjusted p values against published ones."""

import itertools

import numpy as np
import pytest
from scipy.stats import false_discovery_control, ttest_ind

from pipelines.estimation.joint_draws import joint_statistics
from pipelines.estimation.multiplicity import benjamini_hochberg, bonferroni, holm, romano_wolf

# Benjamini & Hochberg 1995, JRSS B 57:289-300, section 4.1: fifteen tests of a myocardial infarction trial.
FIFTEEN = (
    *(0.0001, 0.0004, 0.0019, 0.0095, 0.0201, 0.0278, 0.0298, 0.0344),
    *(0.0459, 0.3240, 0.4262, 0.5719, 0.6528, 0.7590, 1.0000),
)


def test_four_of_fifteen_by_the_false_discovery_rate_and_three_by_bonferroni() -> None:
    assert (benjamini_hochberg(FIFTEEN) <= 0.05).sum() == 4
    assert (bonferroni(FIFTEEN) <= 0.05).sum() == 3
    assert (holm(FIFTEEN) <= 0.05).sum() == 3


def test_false_discovery_rate_is_scipys() -> None:
    rng = np.random.default_rng(1)
    for size in (1, 2, 7, 40):
        p = rng.uniform(size=size) ** 2
        assert benjamini_hochberg(p) == pytest.approx(false_discovery_control(p))


def test_holm_is_the_closure_of_bonferroni() -> None:
    """A hypothesis is rejected when every intersection that holds it is: the adjusted p is the largest of theirs."""
    p = np.array([0.01, 0.02, 0.03, 0.2])
    for number in range(len(p)):
        holding = [s for r in range(1, 5) for s in itertools.combinations(range(4), r) if number in s]
        largest = max(min(1.0, len(s) * min(p[list(s)])) for s in holding)
        assert holm(p)[number] == pytest.approx(largest)


def test_order_does_not_matter_and_nonsense_is_refused() -> None:
    assert holm(FIFTEEN[::-1])[::-1] == pytest.approx(holm(FIFTEEN))
    for bad in ([-0.1], [1.1], [float("nan")]):
        with pytest.raises(ValueError, match="between 0 and 1"):
            holm(bad)


def two_outcomes(rng: np.random.Generator, n: int = 60) -> tuple[np.ndarray, np.ndarray]:
    treated = np.arange(n) % 2 == 0
    first = rng.normal(size=n)
    return np.column_stack([first, first + 0.01 * rng.normal(size=n)]), treated


def test_joint_draws_are_welchs_t_and_know_that_outcomes_hang_together() -> None:
    outcomes, treated = two_outcomes(np.random.default_rng(3))
    observed, drawn = joint_statistics(outcomes, treated, draws=4_999, seed=1)
    for column, found in zip(outcomes.T, observed, strict=True):
        assert found == pytest.approx(ttest_ind(column[treated], column[~treated], equal_var=False).statistic)
    assert np.corrcoef(drawn.T)[0, 1] > 0.99
    alone = [(1 + (np.abs(drawn[:, i]) >= abs(observed[i])).sum()) / 5_000 for i in range(2)]
    # Nearly the same outcome twice is hardly more than one test; Holm would double it.
    assert romano_wolf(observed, drawn).max() == pytest.approx(max(alone), abs=0.02)


def test_joint_draws_of_independent_outcomes_reject_a_true_null_about_once_in_twenty() -> None:
    rng, rejected, tries = np.random.default_rng(11), 0, 300
    for number in range(tries):
        treated = np.arange(40) % 2 == 0
        outcomes = rng.normal(size=(40, 3))
        rejected += bool((romano_wolf(*joint_statistics(outcomes, treated, draws=399, seed=number)) <= 0.05).any())
    assert abs(rejected / tries - 0.05) < 3.3 * (0.05 * 0.95 / tries) ** 0.5


def test_joint_draws_keep_to_blocks_and_clusters_and_leave_the_unknown_out() -> None:
    outcomes, treated = two_outcomes(np.random.default_rng(5))
    outcomes[:3, 1] = np.nan
    blocks, clusters = np.arange(60) // 20, np.arange(60) // 2
    observed, drawn = joint_statistics(outcomes, treated, blocks=blocks, draws=99)
    assert observed.shape == (2,)
    assert drawn.shape == (99, 2)
    whole = np.isin(clusters, np.arange(0, 30, 2))
    observed, drawn = joint_statistics(outcomes, whole, clusters=clusters, draws=99)
    assert np.isfinite(drawn).all()
