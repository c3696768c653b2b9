"""From influence functions to standard errors: sums by cluster, degrees of freedom, and when there is none to give."""

from dataclasses import dataclass
from math import sqrt

import numpy as np
from numpy.typing import NDArray

from pipelines.estimation.result import Inference
from pipelines.estimation.sample import Array
from pipelines.estimation.welch import t_inference

Codes = NDArray[np.intp]

ONE_TREATED = (
    "No standard error is given: a single treated unit (or cluster) cannot show how much treated units differ from "
    "each other. Needed instead: more treated units, or placebo inference that gives the treatment to each comparison "
    "unit in turn."
)
ONE_COMPARISON = (
    "No standard error is given: a single comparison unit (or cluster) cannot show how much untreated units differ "
    "from each other. Needed instead: more comparison units."
)
SOME_ALONE = (
    "Some began alone: nothing tells chance from effect in a group of one, so it has no interval of its own. The "
    "interval over all groups rests on how much those who began differ from each other, which is cautious."
)
NO_VARIATION = "No standard error is given: the changes do not vary between units."
FEW_TREATED = (
    "Fewer than five treated units (or clusters): the standard error is itself a guess. Read placebo inference over "
    "units beside it."
)
FEW = 5


@dataclass(frozen=True)
class Clusters:
    """Who is independent of whom, and who shares a treatment history.

    Parameters
    ----------
    code : array of int, shape (n,)
        Cluster of each unit, 0 to `count` - 1, in sorted order of the labels.
    count : int
        Number of clusters.
    stratum : array of int, shape (count,)
        Treatment history of each cluster, for degrees of freedom; all zero when clusters hold several histories.
    small_sample : bool
        Multiply each history's variance by c / (c - 1), c its number of clusters. Off reproduces the R package did.
    pooled : int or None
        Stratum of histories that had a single cluster each, whose variance is multiplied in any case.
    """

    code: Codes
    count: int
    stratum: Codes
    small_sample: bool
    pooled: int | None = None

    def sums(self, values: Array) -> Array:
        """Sum of a unit-level array, shape (n,) or (n, k), within clusters."""
        if self.count == len(self.code):
            # Every unit its own cluster: codes are a permutation, so a scatter is enough.
            out = np.empty_like(values)
            out[self.code] = values
            return out
        if values.ndim == 1:
            return np.asarray(np.bincount(self.code, values, self.count), dtype=float)
        return np.column_stack([np.bincount(self.code, column, self.count) for column in values.T])

    def touching(self, chosen: NDArray[np.bool_]) -> int:
        """How many clusters hold a chosen unit; `chosen` has shape (n,)."""
        return int(chosen.sum()) if self.count == len(self.code) else len(np.unique(self.code[chosen]))


def make_clusters(history: Codes, labels: Codes | None, small_sample: bool | None = None) -> Clusters:
    """Clusters of n units.

    Parameters
    ----------
    history : array of int, shape (n,)
        Treatment history (cohort, or arm) of each unit, coded from 0.
    labels : array of int, shape (n,), or None
        Cluster of each unit, coded from 0; None makes every unit its own.
    small_sample : bool or None
        As in `Clusters`; None means on where clusters were declared.

    Returns
    -------
    Clusters
        Histories with a single cluster are taken together with one another, or a lone one with the rarest that has
        several, so that their share of the variance never borrows the degrees of freedom of a large group.
    """
    code = np.arange(len(history)) if labels is None else labels
    count = int(code.max()) + 1
    low, high = np.full(count, history.max()), np.zeros(count, dtype=np.intp)
    np.minimum.at(low, code, history)
    np.maximum.at(high, code, history)
    stratum = low if (low == high).all() else np.zeros(count, dtype=np.intp)
    sizes = np.bincount(stratum)
    alone, several = sizes[stratum] == 1, np.flatnonzero(sizes > 1)
    pooled = len(sizes) if alone.sum() > 1 else None
    if pooled is not None:
        stratum = np.where(alone, pooled, stratum)
    elif len(several):
        stratum = np.where(alone, several[sizes[several].argmin()], stratum)
    return Clusters(code, count, stratum, labels is not None if small_sample is None else small_sample, pooled)


def variance_and_df(sums: Array, n: int, clusters: Clusters) -> tuple[float, float]:
    """Variance of a mean of influences, and its Welch-Satterthwaite degrees of freedom.

    Parameters
    ----------
    sums : array, shape (clusters,)
        Influence function summed within clusters.
    n : int
        Units over which the influence function averages.
    clusters : Clusters
        Their strata: treatment histories, each with a variance of its own.

    Returns
    -------
    tuple of float
        Sum of squares over n squared; (sum of V_h)^2 / sum of V_h^2 / (c_h - 1) over histories h with c_h clusters.

    References
    ----------
    Welch 1947, Biometrika 34:28-35; Callaway & Sant'Anna 2021, Journal of Econometrics 225:200-230 (section 4).
    """
    sizes = np.bincount(clusters.stratum)
    parts = np.bincount(clusters.stratum, sums**2, len(sizes)) / n**2
    less = np.maximum(sizes - 1, 1)
    corrected = np.full(len(sizes), clusters.small_sample) | (np.arange(len(sizes)) == clusters.pooled)
    parts = parts * np.where(corrected & (sizes > 1), sizes / less, 1.0)
    total = float(parts.sum())
    return total, float(total**2 / (parts**2 / less).sum()) if total > 0 else 1.0


def infer(value: float, sums: Array, n: int, clusters: Clusters, level: float, scale: float) -> Inference:
    """Inference on a value from its influence function, without an interval where nothing varies.

    `scale` is the outcome's spread: variation below a billionth of it is rounding.
    """
    variance, df = variance_and_df(sums, n, clusters)
    if not variance > (1e-9 * scale) ** 2:
        return Inference(value)
    return t_inference(value, sqrt(variance), df, level)
