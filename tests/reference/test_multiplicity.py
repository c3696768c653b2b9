"""Adjusted p values against published ones."""

import itertools

import numpy as np
import pytest
from scipy.stats import false_discovery_control

from pipelines.estimation.multiplicity import benjamini_hochberg, bonferroni, holm

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
