"""Numbers of matched pairs: paired t, and Wilcoxon's signed ranks with the Hodges-Lehmann estimate."""

from dataclasses import dataclass
from math import sqrt

import numpy as np
from scipy.stats import norm, rankdata

from pipelines.estimation.matched_pairs import Pairs
from pipelines.estimation.refusal import EstimationRefusal
from pipelines.estimation.result import Inference
from pipelines.estimation.sample import Array
from pipelines.estimation.welch import t_inference

# Up to here the signed-rank distribution is counted out; beyond, the normal one is as good.
EXACT = 50
FEW = "There are too few pairs for an interval at this level from signed ranks."
ZEROS = "Pairs without a difference were left out of the signed-rank test (Wilcoxon's rule)."


@dataclass(frozen=True)
class PairedMeans:
    """Differences within n pairs, treatment minus comparison.

    Parameters
    ----------
    mean : Inference
        Leads: mean difference, paired t.
    hodges_lehmann : Inference
        Median of pairwise averages of differences, with Wilcoxon's signed-rank interval and p; the interval counts out
        the distribution up to 50 pairs. Limits None with too few pairs.
    correlation : float or None
        Between the members of pairs; None if one side does not vary.
    n : int
        Pairs.
    warnings : tuple of str
        Plain sentences.
    """

    mean: Inference
    hodges_lehmann: Inference
    correlation: float | None
    n: int
    warnings: tuple[str, ...]


def paired_means(pairs: Pairs, level: float = 0.95) -> PairedMeans:
    """Compare the members of pairs on a number.

    Parameters
    ----------
    pairs : Pairs
        From `matched_pairs.pair_up`; at least two pairs whose differences vary.
    level : float
        Confidence level.

    Returns
    -------
    PairedMeans
        In the unit of the outcome.

    Raises
    ------
    EstimationRefusal
        If there are fewer than two pairs, or no difference varies.

    References
    ----------
    Student 1908, Biometrika 6:1-25; Wilcoxon 1945, Biometrics Bulletin 1:80-83; Hodges & Lehmann 1963, Annals of
    Mathematical Statistics 34:598-611.
    """
    d = np.sort(pairs.treatment - pairs.comparison)
    n = len(d)
    if n < 2 or np.ptp(d) == 0:
        raise EstimationRefusal(
            "Differences within pairs do not vary, or there is one pair: no uncertainty can be computed.",
            "Describe the pairs; do not compare.",
        )
    mean = t_inference(float(d.mean()), float(d.std(ddof=1)) / sqrt(n), float(n - 1), level)
    lower, upper = _limits(d, level)
    sides = pairs.treatment, pairs.comparison
    varies = all(np.ptp(side) > 0 for side in sides)
    said = ((lower is None, FEW), ((d == 0).any(), ZEROS))
    return PairedMeans(
        mean,
        Inference(_hodges_lehmann(d), None, lower, upper, p=signed_rank_p(d)),
        float(np.corrcoef(*sides)[0, 1]) if varies else None,
        n,
        tuple(text for applies, text in said if applies),
    )


def signed_rank_p(differences: Array) -> float:
    """Two-sided p-value of Wilcoxon's signed-rank test; exact, ties included, up to 50 differences that are not zero.

    Parameters
    ----------
    differences : array of float, shape (n,)
        Zeros are left out.

    Returns
    -------
    float
        Twice the smaller tail, at most 1.
    """
    d = differences[differences != 0]
    if not len(d):
        return 1.0
    # Doubled, so that the mid-ranks of ties are whole numbers and can be counted out.
    doubled = np.rint(2 * rankdata(np.abs(d))).astype(int)
    seen = int(doubled[d > 0].sum())
    if len(d) <= EXACT:
        counts = _ways(doubled)
        tails = counts[: seen + 1].sum(), counts[seen:].sum()
        return float(min(1.0, 2 * min(tails) / counts.sum()))
    centre, spread = doubled.sum() / 2, sqrt(float((doubled.astype(float) ** 2).sum()) / 4)
    return float(min(1.0, 2 * norm.sf(abs(seen - centre) / spread)))


def _ways(ranks: np.ndarray) -> Array:
    """In how many ways signs give each sum of positive ranks (as floats: 2^50 is exact)."""
    counts = np.zeros(int(ranks.sum()) + 1)
    counts[0] = 1.0
    for rank in ranks:
        moved = counts.copy()
        moved[rank:] += counts[: len(counts) - rank]
        counts = moved
    return counts


def _limits(d: Array, level: float) -> tuple[float | None, float | None]:
    n, alpha = len(d), (1 - level) / 2
    averages = n * (n + 1) // 2
    if n <= EXACT:
        cumulative = np.cumsum(_ways(np.arange(1, n + 1))) / 2.0**n
        # The k-th smallest average bounds from below with error P(T < k) at most alpha.
        k = int(np.searchsorted(cumulative, alpha * (1 + 1e-12), side="right"))
    else:
        k = int(n * (n + 1) / 4 - norm.ppf(0.5 + level / 2) * sqrt(n * (n + 1) * (2 * n + 1) / 24))
    if k < 1:
        return None, None
    return _average(d, k), _average(d, averages + 1 - k)


def _hodges_lehmann(d: Array) -> float:
    averages = len(d) * (len(d) + 1) // 2
    return (_average(d, (averages + 1) // 2) + _average(d, averages // 2 + 1)) / 2


def _average(d: Array, k: int) -> float:
    """The k-th smallest average of two (or the same) of sorted numbers, without listing all n(n+1)/2 for large n."""
    n = len(d)
    if n <= 1000:
        pairs = (d[:, None] + d[None, :])[np.triu_indices(n)] / 2
        return float(np.partition(pairs, k - 1)[k - 1])
    low, high = float(d[0]), float(d[-1])
    for _ in range(200):
        middle = (low + high) / 2
        if middle in (low, high):
            break
        within = np.searchsorted(d, 2 * middle - d, side="right")
        count = int(np.maximum(within - np.arange(n), 0).sum())
        low, high = (low, middle) if count >= k else (middle, high)
    return high
