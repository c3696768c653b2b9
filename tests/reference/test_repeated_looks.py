"""Published numbers of repeated looks: boundaries, constants, what careless looking does, and confidence sequences."""

from __future__ import annotations

import math

import pytest
from scipy.stats import norm

from pipelines.estimation.sequential import (
    beta_binomial_sequence,
    boundaries,
    ever_crossed,
    mixture_multiplier,
    obrien_fleming_constant,
    pocock_constant,
    spent,
)

FIVE = (1.0, 2.0, 3.0, 4.0, 5.0)


@pytest.mark.parametrize(
    ("looks", "share"),
    [(2, 0.083), (3, 0.107), (4, 0.126), (5, 0.142), (10, 0.193), (12, 0.207), (20, 0.248)],
)
def test_careless_looks_find_chance(looks: int, share: float) -> None:
    """Armitage, McPherson & Rowe 1969, table 2; four looks give 0.1262, which some print as 0.127."""
    z = float(norm.ppf(0.975))
    assert ever_crossed(range(1, looks + 1), [z] * looks) == pytest.approx(share, abs=6e-4)


@pytest.mark.parametrize(("looks", "constant"), [(1, 1.960), (2, 2.178), (3, 2.289), (5, 2.413), (10, 2.555)])
def test_pocock(looks: int, constant: float) -> None:
    """Jennison & Turnbull 2000, table 2.1."""
    assert pocock_constant(looks) == pytest.approx(constant, abs=6e-4)


@pytest.mark.parametrize(("looks", "constant"), [(2, 1.977), (3, 2.004), (5, 2.040), (10, 2.087)])
def test_obrien_fleming(looks: int, constant: float) -> None:
    """Jennison & Turnbull 2000, table 2.3."""
    assert obrien_fleming_constant(looks) == pytest.approx(constant, abs=6e-4)


def test_obrien_fleming_at_each_of_five_looks() -> None:
    last = obrien_fleming_constant(5)
    z = [last * math.sqrt(5 / k) for k in FIVE]
    assert z == pytest.approx([4.562, 3.226, 2.634, 2.281, 2.040], abs=6e-4)


@pytest.mark.parametrize(
    ("spending", "z"),
    [
        ("obrien_fleming", [4.8769, 3.3569, 2.6803, 2.2898, 2.0310]),
        ("pocock", [2.4380, 2.4268, 2.4101, 2.3966, 2.3859]),
    ],
)
def test_spending_over_five_equal_looks(spending, z: list[float]) -> None:  # type: ignore[no-untyped-def]
    """Lan and DeMets's boundaries as programs for them print them (LD98; Reboussin et al. 2000)."""
    found = boundaries(FIVE, 5, 0.05, spending)
    assert [one.z for one in found] == pytest.approx(z, abs=2e-4)
    assert found[-1].spent == pytest.approx(0.05)


def test_one_side_of_a_half_is_both_sides_but_for_those_who_cross_both() -> None:
    both, one = (boundaries(FIVE, 5, alpha, "pocock", sides) for alpha, sides in ((0.05, 2), (0.025, 1)))
    assert [b.z for b in one] == pytest.approx([b.z for b in both], abs=1e-3)


@pytest.mark.parametrize("spending", ["obrien_fleming", "pocock"])
def test_fifty_uneven_looks_spend_exactly_what_they_may(spending) -> None:  # type: ignore[no-untyped-def]
    information = [k**1.5 for k in range(1, 51)]
    found = boundaries(information, information[-1], 0.05, spending)
    finite = [min(one.z, 8.0) for one in found]
    assert ever_crossed(information, finite) == pytest.approx(0.05, abs=1e-6)


def test_a_step_of_one_person_in_a_hundred_thousand_changes_next_to_nothing() -> None:
    without, with_it = (boundaries(looks, 1, 0.05, "pocock") for looks in ((0.5, 1), (0.5, 0.50001, 1)))
    assert with_it[-1].z == pytest.approx(without[-1].z, abs=2e-3)
    assert ever_crossed([0.5, 0.50001, 1], [one.z for one in with_it]) == pytest.approx(0.05, abs=1e-6)


def test_beyond_the_plan_all_is_spent_once() -> None:
    over = boundaries((0.5, 1.1, 1.2), 1, 0.05, "obrien_fleming")
    assert [one.fraction for one in over] == [0.5, 1.0, 1.0]
    assert ever_crossed((0.5, 1.1), [one.z for one in over[:2]]) == pytest.approx(0.05, abs=1e-6)
    assert over[2].z == math.inf


def test_spending_functions_begin_at_nothing_and_end_at_all() -> None:
    assert [spent(t, 0.05, "pocock") for t in (-1, 0, 1, 1.3)] == [0, 0, 0.05, 0.05]
    assert spent(0.5, 0.05, "obrien_fleming") == pytest.approx(0.00305, abs=1e-5)
    with pytest.raises(ValueError, match="number"):
        spent(math.nan, 0.05, "pocock")


@pytest.mark.parametrize(("events", "n", "limits"), [(30, 100, (0.16945, 0.45725)), (12, 40, (0.11811, 0.54041))])
def test_robbins_sequence_of_a_share(events: int, n: int, limits: tuple[float, float]) -> None:
    """Robbins 1970 with a uniform prior."""
    assert beta_binomial_sequence(events, n, 0.05) == pytest.approx(limits, abs=1e-5)


def test_robbins_sequence_at_its_ends() -> None:
    assert beta_binomial_sequence(0, 0, 0.05) == (0.0, 1.0)
    lower, upper = beta_binomial_sequence(0, 40, 0.05)
    assert (lower, upper) == (0.0, pytest.approx(1 - (0.05 / 41) ** (1 / 40), abs=1e-9))
    assert beta_binomial_sequence(40, 40, 0.05) == (pytest.approx(1 - upper, abs=1e-9), 1.0)


def test_the_mixture_is_narrowest_where_it_is_tuned() -> None:
    """The choice of rho in Waudby-Smith et al. 2024 against a search over rho."""
    from scipy.optimize import minimize_scalar

    def width(known: float) -> float:
        return math.sqrt((known + 1) / known * (math.log1p(known) - 2 * math.log(0.05)))

    best = minimize_scalar(width, bounds=(1, 50), method="bounded").fun
    assert mixture_multiplier(100, 0.05, 100) == pytest.approx(best, rel=2e-3)
