"""Published intervals for proportions and their differences."""

import pytest

from pipelines.estimation.proportions import clopper_pearson, newcombe, wilson


@pytest.mark.parametrize(
    ("interval", "expected"),
    [
        # Newcombe 1998, Statistics in Medicine 17:857-872, table I: 81/263, methods 3 and 5
        (wilson(81, 263), (0.255289, 0.366210)),
        (clopper_pearson(81, 263), (0.252737, 0.367622)),
        # The same table: 0/20 and 1/29 by method 3, to the four decimals printed
        (wilson(0, 20), (0.0, 0.1611)),
        (wilson(1, 29), (0.0061, 0.1718)),
        # Skill Mill outcomes contract: 222 of 243 did not reoffend
        (wilson(222, 243), (0.8715, 0.9428)),
    ],
)
def test_one_proportion(interval, expected):
    assert interval == pytest.approx(expected, rel=1e-4, abs=5e-5)


@pytest.mark.parametrize(
    ("counts", "expected"),
    [
        # Newcombe 1998, Statistics in Medicine 17:873-890, table II, method 10: contrasts (a), (d), (e), (h)
        ((56, 70, 48, 80), (0.052431, 0.333873)),
        ((9, 10, 3, 10), (0.1705, 0.8090)),
        ((10, 10, 0, 20), (0.6791, 1.0)),
        ((10, 10, 0, 10), (0.607509, 1.0)),
    ],
)
def test_difference_of_two_proportions(counts, expected):
    assert newcombe(*counts) == pytest.approx(expected, rel=1e-4, abs=5e-5)


@pytest.mark.parametrize(("events", "n"), [(-1, 10), (11, 10), (0, 0)])
def test_impossible_counts_are_refused(events, n):
    for interval in (wilson, clopper_pearson):
        with pytest.raises(ValueError, match="between 0 and"):
            interval(events, n)
