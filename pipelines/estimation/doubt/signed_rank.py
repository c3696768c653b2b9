"""Rosenbaum's bounds for matched pairs: Wilcoxon's signed rank test under hidden bias of a given size."""

from collections.abc import Sequence
from dataclasses import dataclass
from math import sqrt
from typing import Literal

import numpy as np
from scipy.stats import norm, rankdata

from pipelines.estimation.doubt.crossing import (
    Alternative,
    combined,
    crossing_gamma,
    hidden_bias_sentence,
    tested_sides,
)
from pipelines.estimation.doubt.hodges_lehmann import walsh_average
from pipelines.estimation.refusal import EstimationRefusal
from pipelines.estimation.sample import Array

ZeroRule = Literal["kept", "dropped"]
Method = Literal["auto", "exact", "normal"]
EXACT_UP_TO = 100


@dataclass(frozen=True)
class PairBound:
    """What may be concluded when the odds of treatment within a pair differ by up to `gamma`.

    Parameters
    ----------
    gamma : float
        1 means as good as randomised within pairs.
    p_lower, p_upper : float
        Smallest and largest p-value.
    estimate_lower, estimate_upper : float
        Smallest and largest Hodges-Lehmann estimate of the difference, in the unit of the outcome.
    lower, upper : float or None
        Limits that hold for every such bias, by the normal approximation; None where the pairs set no limit.
    """

    gamma: float
    p_lower: float
    p_upper: float
    estimate_lower: float
    estimate_upper: float
    lower: float | None
    upper: float | None


@dataclass(frozen=True)
class SignedRankBounds:
    """Rosenbaum's bounds.

    Parameters
    ----------
    pairs, zeros : int
        Pairs, and pairs without a difference.
    zero_rule : {'kept', 'dropped'}
        'kept': pairs without a difference take part in the ranking and then count for neither side (Pratt 1959);
        'dropped': they leave before the ranking (Wilcoxon 1945). Estimates always use all pairs.
    exact : bool
        Whether the p-values come from the exact distribution.
    alternative : {'greater', 'less', 'two-sided'}
        Direction tested: treated minus control.
    statistic : float
        Sum of the ranks of the pairs in which the treated was higher.
    alpha : float
        Level at which `crosses` is found; intervals have level 1 - alpha.
    bounds : tuple of PairBound
        One for each gamma asked for.
    crosses : float
        Largest gamma at which the largest p-value is still at most alpha; 1 when it is above alpha without any bias.
    """

    pairs: int
    zeros: int
    zero_rule: ZeroRule
    exact: bool
    alternative: Alternative
    statistic: float
    alpha: float
    bounds: tuple[PairBound, ...]
    crosses: float

    @property
    def sentence(self) -> str:
        """How much hidden bias the finding withstands, for a manager."""
        return hidden_bias_sentence(self.crosses, self.alpha)


def signed_rank_bounds(
    treated: Array,
    control: Array,
    gammas: Sequence[float] = (1.0, 1.5, 2.0, 3.0),
    zeros: ZeroRule = "kept",
    alternative: Alternative = "greater",
    method: Method = "auto",
    alpha: float = 0.05,
) -> SignedRankBounds:
    """Bounds on p-value, Hodges-Lehmann estimate and interval of matched pairs.

    Parameters
    ----------
    treated, control : array of float, shape (n,)
        Outcomes of the two members of each pair.
    gammas : sequence of float
        Sizes of hidden bias, 1 or more.
    zeros : {'kept', 'dropped'}
        What becomes of pairs without a difference; see `SignedRankBounds`.
    alternative : {'greater', 'less', 'two-sided'}
        The two-sided p-value is twice the smaller one-sided one.
    method : {'auto', 'exact', 'normal'}
        'auto' is exact up to 100 pairs that differ, then normal without continuity correction.
    alpha : float
        Level of test and, as 1 - alpha, of intervals.

    Returns
    -------
    SignedRankBounds

    Raises
    ------
    EstimationRefusal
        If no pair differs or an outcome is unknown.
    ValueError
        If lengths differ or a gamma is below 1.

    References
    ----------
    Rosenbaum 2002, Observational Studies, 2nd ed., sections 4.3 and 4.4; Rosenbaum 1993, JASA 88:1250-1253 (estimates).
    """
    if len(treated) != len(control) or min(gammas, default=1.0) < 1:
        raise ValueError("Pairs have two members, and hidden bias is 1 or more.")
    differences = np.asarray(treated, dtype=float) - np.asarray(control, dtype=float)
    _check(differences)
    ranks, positive = _signed_ranks(differences, zeros)
    exact = method == "exact" or (method == "auto" and len(ranks) <= EXACT_UP_TO)
    statistic, tail = float(ranks[positive].sum()), _exact_tail if exact else _normal_tail

    tested = tested_sides(statistic, float(ranks.sum()) - statistic, alternative)

    def p_value(odds: float) -> float:
        return combined([tail(ranks, side, odds / (1 + odds)) for side in tested])

    def p_values(gamma: float) -> tuple[float, float]:
        return p_value(1 / gamma), p_value(gamma)

    rows = tuple(_pair_bound(differences, gamma, p_values(gamma), alpha) for gamma in gammas)
    crosses = crossing_gamma(p_value, alpha)
    same = int((differences == 0).sum())
    return SignedRankBounds(len(differences), same, zeros, exact, alternative, statistic, alpha, rows, crosses)


def _check(differences: Array) -> None:
    if not np.isfinite(differences).all():
        raise EstimationRefusal("An outcome of a pair is not known.", "Leave that pair out, and say how many were.")
    if not (differences != 0).any():
        raise EstimationRefusal("No pair differs.", "Describe the pairs; there is nothing to test.")


def _signed_ranks(differences: Array, zeros: ZeroRule) -> tuple[Array, Array]:
    """Ranks of the pairs that differ, and whether the treated was higher; sorted, so that row order cannot matter."""
    ranked = differences if zeros == "kept" else differences[differences != 0]
    ranks = rankdata(np.abs(ranked))
    ranks, signs = ranks[ranked != 0], ranked[ranked != 0] > 0
    order = np.lexsort((signs, ranks))
    return ranks[order], signs[order]


def _exact_tail(ranks: Array, statistic: float, chance: float) -> float:
    """Chance that the sum of ranks, each in with `chance`, is `statistic` or more. Ties make halves, so double."""
    weights = np.rint(2 * ranks).astype(int)
    mass = np.zeros(int(weights.sum()) + 1)
    mass[0] = 1.0
    for weight in weights:
        shifted = np.zeros_like(mass)
        shifted[weight:] = mass[:-weight]
        mass = (1 - chance) * mass + chance * shifted
    return float(min(mass[round(2 * statistic) :].sum(), 1.0))


def _normal_tail(ranks: Array, statistic: float, chance: float) -> float:
    spread = sqrt(chance * (1 - chance) * float((ranks**2).sum()))
    return float(norm.sf((statistic - chance * float(ranks.sum())) / spread))


def _pair_bound(differences: Array, gamma: float, p: tuple[float, float], alpha: float) -> PairBound:
    """Estimates and limits: differences moved by tau have as many Walsh averages above zero as the bias lets expect."""
    n, high, z = len(differences), gamma / (1 + gamma), float(norm.isf(alpha / 2))
    total = n * (n + 1) / 2
    margin = z * sqrt(high * (1 - high) * n * (n + 1) * (2 * n + 1) / 6)
    estimates = walsh_average(differences, high * total), walsh_average(differences, (1 - high) * total)
    lower, upper = high * total + margin, (1 - high) * total - margin
    return PairBound(
        gamma,
        *p,
        *estimates,
        walsh_average(differences, lower) if lower <= total else None,
        walsh_average(differences, upper) if upper >= 0 else None,
    )
