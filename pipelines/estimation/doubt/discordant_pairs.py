"""Rosenbaum's bounds for matched pairs with a yes-or-no outcome: McNemar's test under hidden bias."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from scipy.stats import binom

from pipelines.estimation.doubt.crossing import (
    Alternative,
    combined,
    crossing_gamma,
    hidden_bias_sentence,
    tested_sides,
)
from pipelines.estimation.refusal import EstimationRefusal
from pipelines.estimation.sample import Array


@dataclass(frozen=True)
class DiscordantBound:
    """Smallest and largest p-value when the odds of treatment within a pair differ by up to `gamma`."""

    gamma: float
    p_lower: float
    p_upper: float


@dataclass(frozen=True)
class DiscordantBounds:
    """Rosenbaum's bounds for a yes-or-no outcome.

    Parameters
    ----------
    treated_only, control_only : int
        Pairs in which only the treated, or only the control, had the event.
    alternative : {'greater', 'less', 'two-sided'}
        Direction tested: more events among the treated, fewer, or either.
    alpha : float
        Level at which `crosses` is found.
    bounds : tuple of DiscordantBound
        One for each gamma asked for; exact.
    crosses : float
        Largest gamma at which the largest p-value is still at most alpha; 1 when it is above alpha without any bias.
    """

    treated_only: int
    control_only: int
    alternative: Alternative
    alpha: float
    bounds: tuple[DiscordantBound, ...]
    crosses: float

    @property
    def sentence(self) -> str:
        """How much hidden bias the finding withstands, for a manager."""
        return hidden_bias_sentence(self.crosses, self.alpha)


def discordant_pair_bounds(
    treated_only: int,
    control_only: int,
    gammas: Sequence[float] = (1.0, 1.5, 2.0, 3.0),
    alternative: Alternative = "greater",
    alpha: float = 0.05,
) -> DiscordantBounds:
    """Bounds on McNemar's exact p-value.

    Parameters
    ----------
    treated_only, control_only : int
        As in `DiscordantBounds`; pairs whose members had the same outcome say nothing.
    gammas : sequence of float
        Sizes of hidden bias, 1 or more.
    alternative : {'greater', 'less', 'two-sided'}
        The two-sided p-value is twice the smaller one-sided one.
    alpha : float
        Level of the test.

    Returns
    -------
    DiscordantBounds

    Raises
    ------
    EstimationRefusal
        If no pair is discordant.
    ValueError
        If a count is below zero or a gamma below 1.

    References
    ----------
    Rosenbaum 2002, Observational Studies, 2nd ed., section 4.3.2.
    """
    if min(treated_only, control_only) < 0 or min(gammas, default=1.0) < 1:
        raise ValueError("Counts are not below zero, and hidden bias is 1 or more.")
    pairs = treated_only + control_only
    if pairs == 0:
        raise EstimationRefusal("No pair differs.", "Describe the pairs; there is nothing to test.")

    tested = tested_sides(treated_only, control_only, alternative)

    def p_value(odds: float) -> float:
        return combined([float(binom.sf(side - 1, pairs, odds / (1 + odds))) for side in tested])

    rows = tuple(DiscordantBound(gamma, p_value(1 / gamma), p_value(gamma)) for gamma in gammas)
    crosses = crossing_gamma(p_value, alpha)
    return DiscordantBounds(treated_only, control_only, alternative, alpha, rows, crosses)


def count_discordant(treated: Array, control: Array) -> tuple[int, int]:
    """Pairs in which only the treated, and only the control, had the event.

    Parameters
    ----------
    treated, control : array of 0 and 1, shape (n,)
        Outcomes of the two members of each pair.

    Returns
    -------
    tuple of int

    Raises
    ------
    EstimationRefusal
        If an outcome is not 0 or 1.
    ValueError
        If lengths differ.
    """
    if len(treated) != len(control):
        raise ValueError("Pairs have two members.")
    if not np.isin(np.concatenate([treated, control]), (0, 1)).all():
        raise EstimationRefusal("An outcome of a pair is neither 0 nor 1.", "Code it so, or leave that pair out.")
    return int(((treated == 1) & (control == 0)).sum()), int(((treated == 0) & (control == 1)).sum())
