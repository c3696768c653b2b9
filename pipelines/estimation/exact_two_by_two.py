"""Two-by-two tables without large-sample theory: Fisher's exact test, mid-p, and the exact odds ratio."""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from scipy.special import gammaln, logsumexp

from pipelines.estimation.refusal import EstimationRefusal
from pipelines.estimation.result import Inference
from pipelines.estimation.sample import Array

TIES = 1e-7


@dataclass(frozen=True)
class ExactTable:
    """Exact answers for one two-by-two table, given its margins.

    Parameters
    ----------
    odds_ratio : Inference
        Conditional maximum likelihood estimate with the exact central interval; `p` is the central p-value (twice the
        smaller tail), which agrees with the interval. Value or upper limit None: infinite.
    mid_p : Inference
        The same estimate with the mid-p interval and central mid-p-value: closer to the level, not guaranteed.
    fisher_p : float
        Fisher's exact test, two-sided by probability (all tables no more likely than the one seen).
    """

    odds_ratio: Inference
    mid_p: Inference
    fisher_p: float


def exact_two_by_two(events: int, n: int, events_comparison: int, n_comparison: int, level: float = 0.95) -> ExactTable:
    """Exact inference on the odds ratio of two independent proportions.

    Parameters
    ----------
    events, n, events_comparison, n_comparison : int
        People with the outcome, and people, in the two arms.
    level : float
        Confidence level.

    Returns
    -------
    ExactTable
        Odds ratio of treatment over comparison.

    Raises
    ------
    EstimationRefusal
        If everybody or nobody had the event: the table then says nothing about the odds ratio.
    ValueError
        If the counts are impossible.

    References
    ----------
    Fisher 1935, JRSS 98:39-82; Cornfield 1956, Proc. 3rd Berkeley Symposium 4:135-148; mid-p: Berry & Armitage 1995,
    The Statistician 44:417-423; why central p-values: Fay 2010, Biostatistics 11:373-374.
    """
    family = _family(events, n, events_comparison, n_comparison)
    probabilities = family.at(0.0)
    fisher = float(probabilities[probabilities <= probabilities[family.seen] * (1 + TIES)].sum())
    estimate = family.estimate()
    exact, mid = (
        Inference(estimate, None, *family.limits(level, share), p=family.central_p(share)) for share in (1.0, 0.5)
    )
    return ExactTable(exact, mid, min(1.0, fisher))


@dataclass(frozen=True)
class _Family:
    """Distribution of the treatment arm's events given the margins, as the odds ratio varies (exponential family)."""

    support: Array
    log_weight: Array
    seen: int

    def at(self, log_ratio: float) -> Array:
        """Probabilities of the support, shape (support,)."""
        raised = self.log_weight + self.support * log_ratio
        return np.asarray(np.exp(raised - logsumexp(raised)))

    def tail(self, log_ratio: float, upper: bool, share: float) -> float:
        """Probability beyond what was seen, with `share` of the probability of what was seen."""
        p = self.at(log_ratio)
        beyond = p[self.seen + 1 :] if upper else p[: self.seen]
        return float(beyond.sum() + share * p[self.seen])

    def central_p(self, share: float) -> float:
        return min(1.0, 2 * min(self.tail(0.0, True, share), self.tail(0.0, False, share)))

    def estimate(self) -> float | None:
        x = self.support[self.seen]
        if self.seen == 0:
            return 0.0
        if self.seen == len(self.support) - 1:
            return None
        return float(np.exp(_crossing(lambda at: float(self.at(at) @ self.support) - x)))

    def limits(self, level: float, share: float) -> tuple[float, float | None]:
        alpha = (1 - level) / 2
        lower, upper = 0.0, None
        if self.seen > 0:
            lower = float(np.exp(_crossing(lambda at: self.tail(at, True, share) - alpha)))
        if self.seen < len(self.support) - 1:
            upper = float(np.exp(_crossing(lambda at: alpha - self.tail(at, False, share))))
        return lower, upper


def _family(events: int, n: int, events_comparison: int, n_comparison: int) -> _Family:
    a, c = events, events_comparison
    if not (0 <= a <= n and 0 <= c <= n_comparison and n > 0 and n_comparison > 0):
        raise ValueError("Events must lie between 0 and the number of people, and each arm needs people.")
    total = a + c
    if total in (0, n + n_comparison):
        raise EstimationRefusal(
            "Everybody or nobody had the event, so the table says nothing about an odds ratio.",
            "Show each arm's proportion with its interval, and the difference with Newcombe's.",
        )
    low, high = max(0, total - n_comparison), min(n, total)
    x = np.arange(low, high + 1, dtype=float)
    weight = -(gammaln(x + 1) + gammaln(n - x + 1) + gammaln(total - x + 1) + gammaln(n_comparison - total + x + 1))
    return _Family(x, weight, a - low)


def _crossing(rising: Callable[[float], float]) -> float:
    """Where an increasing function of the log odds ratio crosses zero."""
    from scipy.optimize import brentq

    reach = 1.0
    while rising(-reach) > 0 or rising(reach) < 0:
        reach *= 2
        if reach > 2000:
            raise ValueError("The exact limit lies beyond what can be computed.")
    return float(brentq(rising, -reach, reach, xtol=1e-13, rtol=1e-14))
