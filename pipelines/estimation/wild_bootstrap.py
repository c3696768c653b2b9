"""The wild cluster restricted bootstrap of one contrast, from per-cluster sums: its cost does not grow with people.

Belongs here: signs, draws, p-values and the interval by inversion. Which bootstrap suits which design is the advisor's.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Literal, get_args

import numpy as np

from pipelines.estimation.cluster_robust import (
    INSTEAD,
    WITHOUT_SPREAD,
    ClusteredFit,
    as_contrast,
    check_not_alone,
    scale,
    stacks_in_basis,
)
from pipelines.estimation.inversion import limits
from pipelines.estimation.refusal import EstimationRefusal
from pipelines.estimation.result import Inference
from pipelines.estimation.sample import Array

Signs = Literal["rademacher", "webb"]

# Webb's six points, each as likely as the others (variance 1).
POINTS: dict[Signs, Array] = {
    "rademacher": np.array([-1.0, 1.0]),
    "webb": np.array([-(1.5**0.5), -1.0, -(0.5**0.5), 0.5**0.5, 1.0, 1.5**0.5]),
}
# Statistics that differ by less than this share are the same statistic, met by another path of rounding.
TIE = 1e-7
# Below this share of what it is made of, a bootstrap variance is none.
NO_VARIANCE = 1e-14
DRAWS_AT_A_TIME = 1 << 11
FEW_CLUSTERS = 30

SYMMETRIC = (
    "Wild cluster restricted bootstrap, {signs} signs, {how}; the share of draws whose t is at least as far from zero "
    "as the observed one, ties counted (Cameron, Gelbach & Miller 2008)."
)


@dataclass(frozen=True)
class WildBootstrap:
    """What the bootstrap says.

    Parameters
    ----------
    result : Inference
        The estimate, its CR1S standard error and t (any constant factor gives the same p), the symmetric p-value, and
        the interval of values that the same test does not reject. A limit is None when no value far away is ever
        rejected on that side. `df` is None.
    p_equal_tail : float
        Twice the smaller tail, ties counted in both.
    draws : int
        Draws used.
    enumerated : bool
        True when every assignment of signs was used once.
    signs : str
        'rademacher' or 'webb'.
    smallest_p : float
        The smallest p-value that so few clusters, or draws, can give.
    note : str
        One sentence on how it was made.
    """

    result: Inference
    p_equal_tail: float
    draws: int
    enumerated: bool
    signs: Signs
    smallest_p: float
    note: str


@dataclass(frozen=True)
class Moments:
    """Per-cluster sums, and what draws make of them.

    With e the residuals and c the contrast in the orthonormal basis, the restricted residuals of the null hypothesis
    'contrast = value - distance' have the score `scores + distance * slopes` in every cluster.

    Parameters
    ----------
    scores, slopes : array, shape (G, p)
        Per-cluster scores of the unrestricted residuals, and their change per unit of distance.
    along : array, shape (p,)
        The contrast.
    reach : array, shape (G, p)
        Each cluster's cross-products times the contrast.
    """

    scores: Array
    slopes: Array
    along: Array
    reach: Array


@dataclass(frozen=True)
class Curves:
    """Statistics of all draws as functions of the tested value, shape (B,) each.

    At a distance d from the estimate: numerator top[0] + d top[1], variance bottom[0] + d bottom[1] + d^2 bottom[2].
    """

    top: tuple[Array, Array]
    bottom: tuple[Array, Array, Array]
    observed: float

    def statistics(self, distance: float) -> tuple[float, Array]:
        """Return the observed statistic and the draws' at one tested value, all without CR1's constant."""
        top = self.top[0] + distance * self.top[1]
        pieces = self.bottom[0], distance * self.bottom[1], distance**2 * self.bottom[2]
        variance = pieces[0] + pieces[1] + pieces[2]
        none = variance <= NO_VARIANCE * (pieces[0] + pieces[2])
        root = np.sqrt(np.where(none, 1.0, variance))
        # Without variance a draw is infinitely far out, unless its numerator is nothing either.
        far = np.sign(top) * np.where(np.abs(top) > 1e-7 * np.sqrt(pieces[0] + pieces[2]), np.inf, 0.0)
        return distance / self.observed, np.where(none, far, top / root)


def wild_bootstrap(
    found: ClusteredFit,
    contrast: Array | int,
    *,
    signs: Signs = "rademacher",
    draws: int = 9_999,
    seed: int = 0,
    level: float = 0.95,
    null: float = 0.0,
    interval: bool = True,
) -> WildBootstrap:
    """Wild cluster restricted bootstrap-t (WCR, studentised with CR1S, as any constant factor).

    All assignments of signs are used when there are no more than `draws`; then p is their share, the observed one
    included. Otherwise p = (1 + count) / (1 + draws). Ties count as at least as extreme.

    Parameters
    ----------
    found : ClusteredFit
        From `fit_clustered`; G clusters, k columns.
    contrast : array of float, shape (k,), or int
        Multipliers of the coefficients, or the position of one.
    signs : {'rademacher', 'webb'}
        Two points, or Webb's six, which give more distinct draws when clusters are fewer than about ten.
    draws : int
        B, at least 99.
    seed : int
        Of PCG64.
    level : float
        Confidence level.
    null : float
        Value tested.
    interval : bool
        Whether to invert the test.

    Returns
    -------
    WildBootstrap
        In the unit of the outcome.

    Raises
    ------
    EstimationRefusal
        If one cluster alone decides the contrast (one treated cluster, say), or nothing varies between clusters.
    ValueError
        If an option is not one of those above.

    Notes
    -----
    It is WCR11 (WCR-C) of MacKinnon, Nielsen & Webb 2023. It keeps to 5% where people were assigned within seven
    clusters or more, hardly where whole clusters were; no variant of theirs does better enough to stand in for it
    (`advisor.LEAD_NEVER` has the figures).

    References
    ----------
    Cameron, Gelbach & Miller 2008, Review of Economics and Statistics 90:414-427; Webb 2023, Canadian Journal of
    Economics 56:839-858; MacKinnon, Nielsen & Webb 2023, Journal of Econometrics 232:272-299, and Journal of Applied
    Econometrics 38:671-694 (variants).
    """
    if signs not in get_args(Signs) or draws < 99 or not 0 < level < 1:
        raise ValueError("Signs are rademacher or webb, draws at least 99, and the level between 0 and 1.")
    multipliers = as_contrast(found, contrast)
    moments = _moments(found, found.fit.in_basis(multipliers))
    value, se = (
        found.fit.value(multipliers),
        scale(found, "CR1S") * float(np.linalg.norm(moments.scores @ moments.along)),
    )
    if se <= 1e-12 * float(np.linalg.norm(found.fit.residuals) * np.linalg.norm(moments.along)) or se == 0:
        raise EstimationRefusal(WITHOUT_SPREAD, INSTEAD)
    enumerated = len(POINTS[signs]) ** found.clusters <= draws
    curves = _curves(moments, POINTS[signs], draws, seed, enumerated)

    def p(distance: float) -> float:
        return _share(*curves.statistics(distance), enumerated)

    found_limits = limits(p, value, se, 1 - level) if interval else (None, None)
    used = len(curves.top[0])
    result = Inference(value, se, *found_limits, (value - null) / se, None, p(value - null))
    smallest = 2 / used if enumerated else 1 / (1 + used)
    how = f"all {used} assignments of signs" if enumerated else f"{used} seeded draws"
    note = SYMMETRIC.format(signs="Rademacher" if signs == "rademacher" else "Webb six-point", how=how)
    tails = _equal_tail(*curves.statistics(value - null), enumerated)
    return WildBootstrap(result, tails, used, enumerated, signs, smallest, note)


def _moments(found: ClusteredFit, along: Array) -> Moments:
    """Per-cluster sums, clusters in an order that their codes do not decide."""
    G, p = found.clusters, len(along)
    scores, reach = np.empty((G, p)), np.empty((G, p))
    for members, basis, residuals in stacks_in_basis(found):
        turned, reached = np.swapaxes(basis, 1, 2), basis @ along
        scores[members] = (turned @ residuals[:, :, None])[:, :, 0]
        reach[members] = (turned @ reached[:, :, None])[:, :, 0]
        by_rows = basis.shape[1] <= p
        values, vectors = np.linalg.eigh(basis @ turned if by_rows else turned @ basis)
        sideways = np.swapaxes(vectors, 1, 2)
        touched = sideways @ reached[:, :, None] if by_rows else (sideways @ along)[:, :, None]
        check_not_alone(values, touched, along[None, :])
    order = np.lexsort([scores @ along, found.groups.sizes])
    scores, reach = scores[order], reach[order]
    return Moments(scores, reach / (along @ along), along, reach)


def _curves(moments: Moments, points: Array, draws: int, seed: int, enumerated: bool) -> Curves:
    observed = moments.scores @ moments.along
    make = _from_scores if len(observed) <= FEW_CLUSTERS else _from_sums
    pieces = [make(moments, signs) for signs in _assignments(points, len(observed), draws, seed, enumerated)]
    top0, top1, *bottom = (np.concatenate(part) for part in zip(*pieces, strict=True))
    # The observed numerator is the distance itself, over the observed unrestricted scores.
    return Curves((top0, top1), (bottom[0], bottom[1], bottom[2]), float(np.linalg.norm(observed)))


def _from_scores(moments: Moments, signs: Array) -> tuple[Array, ...]:
    """Numerators and variances of draws from every cluster's score: exact to the last digit, for few clusters."""
    parts = (moments.scores, moments.slopes)
    own = [part @ moments.along for part in parts]
    left = [signs * own[i] - (signs @ parts[i]) @ moments.reach.T for i in range(2)]
    crossed = [np.einsum("bg,bg->b", left[i], left[j]) for i, j in ((0, 0), (0, 1), (1, 1))]
    return signs @ own[0], signs @ own[1], crossed[0], 2 * crossed[1], crossed[2]


def _from_sums(moments: Moments, signs: Array) -> tuple[Array, ...]:
    """The same by multiplying squares out, so that a draw is one row of one matrix product: for many clusters."""
    parts = (moments.scores, moments.slopes)
    own = [part @ moments.along for part in parts]
    p = moments.scores.shape[1]
    loads = np.column_stack([*parts, *(x[:, None] * moments.reach for x in own), *own])
    sums = signs @ loads
    w, u = (sums[:, :p], sums[:, p : 2 * p]), (sums[:, 2 * p : 3 * p], sums[:, 3 * p : 4 * p])
    spread = moments.reach.T @ moments.reach
    squares = (signs**2 if (signs[0] ** 2 != 1).any() else np.ones((1, len(own[0])))) @ np.column_stack(
        [own[0] ** 2, own[0] * own[1], own[1] ** 2]
    )
    crossed = [
        squares[:, i + j] - (w[i] * u[j]).sum(axis=1) - (w[j] * u[i]).sum(axis=1) + ((w[i] @ spread) * w[j]).sum(axis=1)
        for i, j in ((0, 0), (0, 1), (1, 1))
    ]
    return sums[:, -2], sums[:, -1], np.maximum(crossed[0], 0), 2 * crossed[1], np.maximum(crossed[2], 0)


def _assignments(points: Array, clusters: int, draws: int, seed: int, enumerated: bool) -> Iterator[Array]:
    """Signs, shape (b, G) at a time."""
    if enumerated:
        codes = np.arange(len(points) ** clusters)[:, None] // len(points) ** np.arange(clusters) % len(points)
        yield from (points[codes[i : i + DRAWS_AT_A_TIME]] for i in range(0, len(codes), DRAWS_AT_A_TIME))
        return
    generator = np.random.Generator(np.random.PCG64(seed))
    for first in range(0, draws, DRAWS_AT_A_TIME):
        shape = min(DRAWS_AT_A_TIME, draws - first), clusters
        if len(points) == 2:
            bits = np.unpackbits(generator.integers(0, 256, (shape[0], -(-clusters // 8)), dtype=np.uint8), axis=1)
            yield np.asarray(2.0 * bits[:, :clusters] - 1.0, dtype=float)
        else:
            yield np.asarray(points[generator.integers(0, len(points), shape, dtype=np.uint8)])


def _share(observed: float, drawn: Array, enumerated: bool) -> float:
    """Share of draws at least as far from zero, ties counted."""
    count = int((np.abs(drawn) >= abs(observed) * (1 - TIE)).sum())
    return count / len(drawn) if enumerated else (1 + count) / (1 + len(drawn))


def _equal_tail(observed: float, drawn: Array, enumerated: bool) -> float:
    slack = abs(observed) * TIE
    counts = int((drawn >= observed - slack).sum()), int((drawn <= observed + slack).sum())
    extra = 0 if enumerated else 1
    return min(1.0, 2 * (min(counts) + extra) / (len(drawn) + extra))
