"""Yes-or-no outcomes of matched pairs: McNemar's test, the paired risk difference, the conditional odds ratio.

`pair_up` is the only way from rows to pairs, so that a paired design cannot pass for an unpaired one, or the reverse.
"""

from collections.abc import Callable
from dataclasses import dataclass
from math import log, sqrt

import numpy as np
from numpy.typing import ArrayLike
from scipy.stats import binom, chi2, norm

from pipelines.estimation.arrays import arms_of, check_binary, groups_of, numbers_of
from pipelines.estimation.proportions import clopper_pearson, wilson
from pipelines.estimation.refusal import EstimationRefusal
from pipelines.estimation.result import Inference
from pipelines.estimation.sample import Array
from pipelines.estimation.welch import z_inference


@dataclass(frozen=True)
class Pairs:
    """Outcomes of n pairs, in the order of the pairs' sorted labels.

    Parameters
    ----------
    treatment, comparison : array of float, shape (n,)
        Outcome of the treated and of the comparison member.
    """

    treatment: Array
    comparison: Array


@dataclass(frozen=True)
class PairedBinary:
    """A yes-or-no outcome of n pairs, treatment against comparison.

    Parameters
    ----------
    both, treatment_only, comparison_only, neither : int
        Pairs by which members had the event.
    risk_difference : Inference
        Leads: Newcombe's hybrid score interval for pairs; `p` is McNemar's mid-p.
    tango, agresti_min, wald : Inference
        The score interval; the adjusted Wald interval (half a pair added to each cell; its value is shrunken); the
        textbook interval (value without limits if no pair differs).
    odds_ratio : Inference or None
        Conditional on the pair, with exact limits and exact p. Value or upper limit None: infinite. None if no pair
        differs.
    exact_p, mid_p : float
        McNemar's exact test, two-sided, and its mid-p version.
    mcnemar, mcnemar_corrected : Inference or None
        McNemar's chi-square without and with continuity correction; None if no pair differs.
    """

    both: int
    treatment_only: int
    comparison_only: int
    neither: int
    risk_difference: Inference
    tango: Inference
    agresti_min: Inference
    wald: Inference
    odds_ratio: Inference | None
    exact_p: float
    mid_p: float
    mcnemar: Inference | None
    mcnemar_corrected: Inference | None


def pair_up(pair: ArrayLike, treated: ArrayLike, outcome: ArrayLike) -> Pairs:
    """From one row per person to one row per pair.

    Parameters
    ----------
    pair : array, shape (2n,)
        Label of the pair.
    treated : array of bool, shape (2n,)
        Arm.
    outcome : array of float, shape (2n,)
        Known for both members of every pair.

    Returns
    -------
    Pairs
        n pairs.

    Raises
    ------
    EstimationRefusal
        If a label is unknown, or a pair has not exactly one treated and one comparison member.
    ValueError
        If an outcome is unknown.
    """
    (y,) = numbers_of(outcome=outcome)
    labels = np.asarray(pair)
    # NaN is the one value unlike itself; None stands for unknown too.
    if labels.dtype == object and any(label is None or label != label for label in labels):
        raise _not_pairs("Somebody's pair is not known.")
    if labels.dtype.kind == "f" and np.isnan(labels).any():
        raise _not_pairs("Somebody's pair is not known.")
    arm = arms_of(treated, len(y))
    code, n = groups_of(labels, len(y))
    treated_in, people_in = np.bincount(code, weights=arm, minlength=n), np.bincount(code, minlength=n)
    if (people_in != 2).any() or (treated_in != 1).any():
        raise _not_pairs("A pair does not have exactly one treated and one comparison member with a known outcome.")
    found = np.empty((2, n))
    found[0, code[arm]], found[1, code[~arm]] = y[arm], y[~arm]
    return Pairs(found[0], found[1])


def paired_binary(pairs: Pairs, level: float = 0.95) -> PairedBinary:
    """Compare the members of pairs on a yes-or-no outcome.

    Parameters
    ----------
    pairs : Pairs
        From `pair_up`; outcomes 0 or 1.
    level : float
        Confidence level.

    Returns
    -------
    PairedBinary
        Differences as proportions.

    Raises
    ------
    ValueError
        If the outcome is not 0 and 1.
    """
    for values in (pairs.treatment, pairs.comparison):
        check_binary(values, "outcome")
    t, c = pairs.treatment == 1, pairs.comparison == 1
    return paired_table(int((t & c).sum()), int((t & ~c).sum()), int((~t & c).sum()), int((~t & ~c).sum()), level)


def paired_table(
    both: int, treatment_only: int, comparison_only: int, neither: int, level: float = 0.95
) -> PairedBinary:
    """Compare the members of pairs from the four counts.

    Parameters
    ----------
    both, treatment_only, comparison_only, neither : int
        Pairs by which members had the event; at least one pair.
    level : float
        Confidence level.

    Returns
    -------
    PairedBinary
        Differences as proportions.

    Raises
    ------
    ValueError
        If counts are impossible.

    References
    ----------
    McNemar 1947, Psychometrika 12:153-157; mid-p: Fagerland, Lydersen & Laake 2013, BMC Medical Research Methodology
    13:91; Newcombe 1998, Statistics in Medicine 17:2635-2650, method 10; Tango 1998, Statistics in Medicine 17:891-908;
    Agresti & Min 2005, Statistics in Medicine 24:729-740.
    """
    cells = both, treatment_only, comparison_only, neither
    if min(cells) < 0 or sum(cells) == 0:
        raise ValueError("Counts of pairs must not be negative, and there must be pairs.")
    b, c = treatment_only, comparison_only
    smaller = float(binom.cdf(min(b, c), b + c, 0.5)) if b + c else 1.0
    exact = min(1.0, 2 * smaller)
    mid = exact - float(binom.pmf(b, b + c, 0.5)) if b != c else 1.0 - (float(binom.pmf(b, b + c, 0.5)) if b else 0.0)
    value = (b - c) / sum(cells)
    return PairedBinary(
        *cells,
        Inference(value, None, *_newcombe(cells, level), p=mid),
        Inference(value, None, *_tango(cells, level)),
        _wald((both + 0.5, b + 0.5, c + 0.5, neither + 0.5), level),
        _wald(cells, level),
        _conditional_odds(b, c, exact, level),
        exact,
        mid,
        _chi_square(b, c, 0.0),
        _chi_square(b, c, 1.0),
    )


def _not_pairs(reason: str) -> EstimationRefusal:
    return EstimationRefusal(
        reason,
        "Complete the pairs, leave incomplete ones out by a rule declared beforehand, or declare a design without "
        "pairs.",
    )


def _wald(cells: tuple[float, float, float, float], level: float) -> Inference:
    _, b, c, _ = cells
    n = sum(cells)
    variance = (b + c - (b - c) ** 2 / n) / n**2
    return z_inference((b - c) / n, sqrt(variance), level) if variance > 0 else Inference((b - c) / n)


def _newcombe(cells: tuple[int, int, int, int], level: float) -> tuple[float, float]:
    a, b, c, d = cells
    n = a + b + c + d
    (l1, u1), (l0, u0) = wilson(a + b, n, level), wilson(a + c, n, level)
    p1, p0 = (a + b) / n, (a + c) / n
    margins = (a + b) * (c + d) * (a + c) * (b + d)
    cross = a * d - b * c
    # Newcombe's correction makes a positive correlation smaller, so that the interval is not too short.
    phi = 0.0 if margins == 0 else (max(cross - n / 2, 0.0) if cross > 0 else cross) / sqrt(margins)

    def reach(one: float, other: float) -> float:
        return sqrt(max(0.0, one**2 - 2 * phi * one * other + other**2))

    return p1 - p0 - reach(p1 - l1, u0 - p0), p1 - p0 + reach(u1 - p1, p0 - l0)


def _tango(cells: tuple[int, int, int, int], level: float) -> tuple[float, float]:
    from scipy.optimize import brentq

    _, b, c, _ = cells
    n, z = sum(cells), float(norm.ppf(0.5 + level / 2))
    value = (b - c) / n

    def away(target: float) -> Callable[[float], float]:
        return lambda delta: _score(b, c, n, delta) - target

    edge = 1 - 1e-12
    lower = -1.0 if b == 0 and c == n else float(brentq(away(z), -edge, value, xtol=1e-13)) if value > -1 else -1.0
    upper = 1.0 if b == n else float(brentq(away(-z), value, edge, xtol=1e-13))
    return lower, upper


def _score(b: int, c: int, n: int, delta: float) -> float:
    """Tango's score statistic that the difference is `delta`; falls as `delta` rises."""
    big, linear, constant = 2 * n, -b - c + (2 * n - b + c) * delta, -c * delta * (1 - delta)
    q = (sqrt(max(0.0, linear**2 - 4 * big * constant)) - linear) / (2 * big)
    variance = n * (2 * q + delta * (1 - delta))
    gap = b - c - n * delta
    return 0.0 if gap == 0 else gap / sqrt(max(variance, 1e-300))


def _conditional_odds(b: int, c: int, exact_p: float, level: float) -> Inference | None:
    if b + c == 0:
        return None
    lower, upper = clopper_pearson(b, b + c, level)
    return Inference(
        None if c == 0 else b / c,
        sqrt(1 / b + 1 / c) if min(b, c) else None,
        lower / (1 - lower),
        None if upper == 1 else upper / (1 - upper),
        log(b / c) / sqrt(1 / b + 1 / c) if min(b, c) else None,
        p=exact_p,
    )


def _chi_square(b: int, c: int, correction: float) -> Inference | None:
    if b + c == 0:
        return None
    statistic = max(0.0, abs(b - c) - correction) ** 2 / (b + c)
    return Inference(None, statistic=statistic, df=1.0, p=float(chi2.sf(statistic, 1)))
