"""Cluster-robust covariance (CR0 to CR3) with degrees of freedom that suit few clusters.

No n by n matrix: a cluster is worked on through its own rows or through the columns, whichever are fewer. Columns that
only one cluster has (its own indicator, say) make the adjustment matrices singular; they are inverted on the rest, as
Pustejovsky and Tipton do.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from math import sqrt
from typing import Literal, get_args

import numpy as np

from pipelines.estimation.grouped import Codes, Grouped, grouped
from pipelines.estimation.least_squares import LeastSquares, least_squares
from pipelines.estimation.refusal import EstimationRefusal
from pipelines.estimation.result import Inference
from pipelines.estimation.sample import Array
from pipelines.estimation.welch import t_inference

Kind = Literal["CR0", "CR1", "CR1S", "CR2", "CR3"]
Working = Literal["identity", "inverse_variance"]

# A cluster that holds all of a direction but this share holds all of it.
ALONE = 1e-9

ONE_CLUSTER = "All people are in one cluster, so nothing shows how clusters differ."
RESTS_ON_ONE = "This estimate rests on one cluster alone: without it, it could not be made at all."
WITHOUT_SPREAD = "Nothing is left to vary between clusters, so there is no standard error."
INSTEAD = "Describe the groups without comparing them, compare clusters by randomisation inference, or add clusters."


@dataclass(frozen=True)
class ClusteredFit:
    """A least-squares fit of clustered rows.

    Parameters
    ----------
    fit : LeastSquares
        Of all n rows.
    groups : Grouped
        The G clusters.
    weights : array, shape (n,), or None
        Weights when the working model is not the weights' own; otherwise None.
    absorbed : int
        Fixed effects taken out before the fit; they count as columns in CR1S.
    """

    fit: LeastSquares
    groups: Grouped
    weights: Array | None
    absorbed: int = 0

    @property
    def clusters(self) -> int:
        """Number of clusters, G."""
        return len(self.groups.sizes)


@dataclass(frozen=True)
class Parts:
    """What each cluster adds, in the orthonormal basis of the fit, for q contrasts.

    The working model's covariance between clusters i and j, for contrasts s and t, is
    own[i, s, t] (if i = j) - outer[i, s] @ inner @ outer[j, t].

    Parameters
    ----------
    scores : array, shape (G, p)
        Adjusted scores.
    own : array, shape (G, q, q)
        Inner products of the adjusted contrasts.
    outer : array, shape (G, q, m)
        Adjusted contrasts projected on the columns.
    inner : array, shape (m, m)
        Symmetric.
    """

    scores: Array
    own: Array
    outer: Array
    inner: Array


def fit_clustered(
    columns: Array,
    outcome: Array,
    clusters: Codes,
    weights: Array | None = None,
    *,
    working: Working = "identity",
    absorb: Codes | None = None,
) -> ClusteredFit:
    """Least squares of clustered rows, ready for `covariance`, `contrast_test` and `wild_bootstrap`.

    Parameters
    ----------
    columns : array of float, shape (n, k)
        Regressors. Columns that repeat earlier ones are left out.
    outcome : array of float, shape (n,)
        Outcome.
    clusters : array of int, shape (n,)
        Code of each row's cluster.
    weights : array of float, shape (n,), or None
        Analytic (importance) weights, 0 or more: they say how much a row counts in the fit, never how many people it
        stands for. Rows of weight 0 are left out.
    working : {'identity', 'inverse_variance'}
        The model of the errors that CR2 and degrees of freedom start from. 'identity': equal variances whatever the
        weights (clubSandwich's default for lm). 'inverse_variance': variances in proportion to 1 / weight.
    absorb : array of int, shape (n,), or None
        Groups within clusters (often the clusters) whose indicators are taken out first. The answer is that of the
        indicators written out.

    Returns
    -------
    ClusteredFit
        Coefficients, and all that a standard error needs.

    Raises
    ------
    EstimationRefusal
        If there is only one cluster.
    ValueError
        If shapes differ, a number is not finite or a weight below zero, absorbed groups cross clusters, or groups are
        absorbed from a weighted fit with an identity working model (where the answer would not be the same).

    References
    ----------
    Pustejovsky & Tipton 2018, Journal of Business & Economic Statistics 36:672-683.
    """
    columns, outcome, clusters = _shaped(columns, outcome, clusters)
    if weights is not None:
        weights = np.asarray(weights, dtype=float)
        columns, outcome, clusters, weights, absorb = _weighty(columns, outcome, clusters, weights, absorb)
    groups = grouped(clusters)
    if len(groups.sizes) < 2:
        raise EstimationRefusal(ONE_CLUSTER, INSTEAD)
    absorbed = 0
    if absorb is not None:
        if weights is not None and working == "identity":
            raise ValueError("With weights and an identity working model, write the indicators out as columns.")
        columns, outcome, absorbed = _within(columns, outcome, groups, absorb, weights)
    fit = least_squares(columns, outcome, weights)
    return ClusteredFit(fit, groups, weights if working == "identity" else None, absorbed)


def covariance(found: ClusteredFit, kind: Kind = "CR2") -> Array:
    """Covariance of all coefficients.

    Parameters
    ----------
    found : ClusteredFit
        A fit of k columns, p of them kept.
    kind : {'CR0', 'CR1', 'CR1S', 'CR2', 'CR3'}
        CR0 none; CR1 G/(G-1); CR1S G/(G-1) (n-1)/(n-p), Stata's; CR2 the bias-reduced one; CR3 the jackknife's, as
        clubSandwich has it (no factor (G-1)/G).

    Returns
    -------
    array of float, shape (k, k)
        NaN for columns left out.

    References
    ----------
    Bell & McCaffrey 2002, Survey Methodology 28:169-181; Pustejovsky & Tipton 2018.
    """
    if kind in ("CR2", "CR3"):
        scores = parts(found, kind, np.empty((0, len(found.fit.kept)))).scores
    else:
        scores = scale(found, kind) * plain_scores(found) @ found.fit.basis
    full = np.full((len(found.fit.coefficients),) * 2, np.nan)
    full[np.ix_(found.fit.kept, found.fit.kept)] = found.fit.basis @ (scores.T @ scores) @ found.fit.basis.T
    return full


def contrast_test(
    found: ClusteredFit, contrast: Array | int, kind: Kind = "CR2", level: float = 0.95, null: float = 0.0
) -> Inference:
    """Test and interval of one contrast of the coefficients, with Satterthwaite degrees of freedom.

    Parameters
    ----------
    found : ClusteredFit
        A fit of k columns.
    contrast : array of float, shape (k,), or int
        Multipliers of the coefficients, or the position of one.
    kind : {'CR0', 'CR1', 'CR1S', 'CR2', 'CR3'}
        The covariance.
    level : float
        Confidence level.
    null : float
        Value tested.

    Returns
    -------
    Inference
        In the unit of the outcome; `df` is Bell and McCaffrey's, for the kind of covariance asked.

    Raises
    ------
    EstimationRefusal
        If one cluster alone decides the contrast, or nothing varies between clusters.

    References
    ----------
    Bell & McCaffrey 2002; Pustejovsky & Tipton 2018.
    """
    multipliers = as_contrast(found, contrast)
    in_basis = found.fit.in_basis(multipliers)
    pieces = parts(found, kind, in_basis[None, :])
    se = float(np.linalg.norm(pieces.scores @ in_basis))
    if se <= 1e-12 * float(np.linalg.norm(found.fit.residuals)) * float(np.linalg.norm(in_basis)) or se == 0:
        raise EstimationRefusal(WITHOUT_SPREAD, INSTEAD)
    value, df = found.fit.value(multipliers), satterthwaite(pieces)
    result = t_inference(value - null, se, df, level)
    return Inference(
        value, se, null + (result.lower or 0.0), null + (result.upper or 0.0), result.statistic, df, result.p
    )


def as_contrast(found: ClusteredFit, contrast: Array | int) -> Array:
    """Return the multipliers of all k coefficients, shape (k,), from them or from the position of one."""
    if isinstance(contrast, int | np.integer):
        return np.eye(len(found.fit.coefficients))[contrast]
    return np.asarray(contrast, dtype=float)


def satterthwaite(pieces: Parts) -> float:
    """Degrees of freedom of the first contrast: (trace P)^2 / trace(P^2), P the clusters' working covariance.

    References
    ----------
    Bell & McCaffrey 2002; Pustejovsky & Tipton 2018, eq. 11.
    """
    own, outer = pieces.own[:, 0, 0], pieces.outer[:, 0]
    shared = ((outer @ pieces.inner) * outer).sum(axis=1)
    crossed = outer.T @ outer @ pieces.inner
    trace, trace_of_square = (own - shared).sum(), (own**2 - 2 * own * shared).sum() + np.trace(crossed @ crossed)
    return float(trace**2 / trace_of_square)


def parts(found: ClusteredFit, kind: Kind, contrasts: Array) -> Parts:
    """Adjusted scores and contrasts of every cluster.

    Parameters
    ----------
    found : ClusteredFit
        A fit with p columns kept.
    kind : {'CR0', 'CR1', 'CR1S', 'CR2', 'CR3'}
        The adjustment.
    contrasts : array of float, shape (q, p)
        In the basis of the fit (`LeastSquares.in_basis`).

    Returns
    -------
    Parts
        In the basis of the fit.

    Raises
    ------
    EstimationRefusal
        If a contrast rests on one cluster alone.
    """
    if kind not in get_args(Kind):
        raise ValueError(f"The kinds of covariance are {', '.join(get_args(Kind))}.")
    factor = scale(found, kind)
    if found.weights is not None:
        from pipelines.estimation.identity_working import identity_parts

        pieces = identity_parts(found, kind, contrasts)
    else:
        pieces = _own_working(found, kind, contrasts)
    return Parts(factor * pieces.scores, factor**2 * pieces.own, factor * pieces.outer, pieces.inner)


def plain_scores(found: ClusteredFit) -> Array:
    """Sum over each cluster's rows of row times residual, shape (G, p); weights once, as in the fit's own equations."""
    scores = np.empty((found.clusters, len(found.fit.kept)))
    for members, where in found.groups.stacks():
        residuals = _taken(found.fit.residuals, where).reshape(len(members), 1, -1)
        rows = _taken(found.fit.rows, where).reshape(len(members), residuals.shape[2], -1)
        scores[members] = (residuals @ rows)[:, 0]
    return scores


def _own_working(found: ClusteredFit, kind: Kind, contrasts: Array) -> Parts:
    """Parts when errors have equal variances, once rows are scaled by their root weights."""
    G, p, q = found.clusters, len(found.fit.kept), len(contrasts)
    scores, own, outer = np.empty((G, p)), np.empty((G, q, q)), np.empty((G, q, p))
    for members, basis, residuals in stacks_in_basis(found):
        by_rows = basis.shape[1] <= p
        piece = (_by_rows if by_rows else _by_columns)(basis, residuals, kind, contrasts)
        scores[members], own[members], outer[members] = piece
    return Parts(scores, own, outer, np.eye(p))


def stacks_in_basis(found: ClusteredFit) -> Iterator[tuple[Codes, Array, Array]]:
    """Clusters of equal size: their numbers, their rows in the basis (m, size, p), and their residuals (m, size)."""
    for members, where in found.groups.stacks():
        rows = _taken(found.fit.rows, where) @ found.fit.basis
        shape = len(members), -1
        yield members, rows.reshape(*shape, rows.shape[1]), _taken(found.fit.residuals, where).reshape(shape)


def _taken(rows: Array, where: Codes | slice) -> Array:
    # numpy's take is twice as fast as its indexing.
    return rows[where] if isinstance(where, slice) else rows.take(where, axis=0)


def _by_rows(basis: Array, residuals: Array, kind: Kind, contrasts: Array) -> tuple[Array, Array, Array]:
    """Parts through each cluster's own hat matrix, (size, size)."""
    turned, along = np.swapaxes(basis, 1, 2), basis @ contrasts.T
    if kind in ("CR2", "CR3"):
        values, vectors = np.linalg.eigh(basis @ turned)
        adjust = (vectors * adjustment(values, kind)[:, None, :]) @ np.swapaxes(vectors, 1, 2)
        check_not_alone(values, np.swapaxes(vectors, 1, 2) @ along, contrasts)
        residuals, along = (adjust @ residuals[:, :, None])[:, :, 0], adjust @ along
    scores = (turned @ residuals[:, :, None])[:, :, 0]
    return scores, np.swapaxes(along, 1, 2) @ along, np.swapaxes(turned @ along, 1, 2)


def _by_columns(basis: Array, residuals: Array, kind: Kind, contrasts: Array) -> tuple[Array, Array, Array]:
    """Parts through each cluster's cross-products, (p, p)."""
    turned = np.swapaxes(basis, 1, 2)
    scores, products = (turned @ residuals[:, :, None])[:, :, 0], turned @ basis
    along = np.broadcast_to(contrasts.T, (len(basis), *contrasts.T.shape))
    if kind in ("CR2", "CR3"):
        values, vectors = np.linalg.eigh(products)
        back = np.swapaxes(vectors, 1, 2)
        adjust = (vectors * adjustment(values, kind)[:, None, :]) @ back
        check_not_alone(values, back @ along, contrasts)
        scores, along = (adjust @ scores[:, :, None])[:, :, 0], adjust @ along
    outer = np.swapaxes(products @ along, 1, 2)
    return scores, outer @ along, outer


def adjustment(values: Array, kind: Kind) -> Array:
    """(1 - value)^(-1/2) for CR2, (1 - value)^(-1) for CR3; 0 where a cluster holds all of a direction."""
    left = 1 - values
    power = -0.5 if kind == "CR2" else -1.0
    return np.where(left > ALONE, np.maximum(left, ALONE) ** power, 0.0)


def check_not_alone(values: Array, along: Array, contrasts: Array) -> None:
    """Refuse contrasts that lie, in part, in a direction that one cluster holds all of; shapes (m, r), (m, r, q)."""
    alone = (1 - values <= ALONE)[:, :, None] & (np.abs(along) > 1e-6 * np.linalg.norm(contrasts, axis=1))
    if alone.any():
        raise EstimationRefusal(RESTS_ON_ONE, INSTEAD)


def scale(found: ClusteredFit, kind: Kind) -> float:
    """Return what scores are multiplied by for CR1 and CR1S; 1 for the others."""
    G, n, p = found.clusters, len(found.fit.residuals), len(found.fit.kept) + found.absorbed
    if kind == "CR1":
        return sqrt(G / (G - 1))
    if kind == "CR1S":
        if n <= p:
            raise EstimationRefusal("There are no more rows than columns.", "Use fewer covariates.")
        return sqrt(G / (G - 1) * (n - 1) / (n - p))
    return 1.0


def _shaped(columns: Array, outcome: Array, clusters: Codes) -> tuple[Array, Array, Codes]:
    columns, outcome, clusters = (
        np.asarray(columns, dtype=float),
        np.asarray(outcome, dtype=float),
        np.asarray(clusters),
    )
    if columns.ndim != 2 or outcome.shape != (len(columns),) or clusters.shape != (len(columns),):
        raise ValueError("Columns are (n, k), the outcome and the clusters (n,).")
    return columns, outcome, clusters


def _weighty(
    columns: Array, outcome: Array, clusters: Codes, weights: Array, absorb: Codes | None
) -> tuple[Array, Array, Codes, Array, Codes | None]:
    """Leave out rows of weight 0."""
    if weights.shape != outcome.shape or not np.isfinite(weights).all() or (weights < 0).any() or not weights.any():
        raise ValueError("Weights are finite, 0 or more, one for each row, and not all 0.")
    rows = np.flatnonzero(weights)
    return columns[rows], outcome[rows], clusters[rows], weights[rows], None if absorb is None else absorb[rows]


def _within(
    columns: Array, outcome: Array, groups: Grouped, absorb: Codes, weights: Array | None
) -> tuple[Array, Array, int]:
    """Deviations from the (weighted) mean of each absorbed group."""
    _, inverse = np.unique(absorb, return_inverse=True)
    count = int(inverse.max()) + 1
    member = groups.membership()
    lowest, highest = np.full(count, len(groups.sizes)), np.full(count, -1)
    np.minimum.at(lowest, inverse, member)
    np.maximum.at(highest, inverse, member)
    if (lowest != highest).any():
        raise ValueError("Absorbed groups must lie within clusters; write the indicators of others out as columns.")
    weight = np.ones(len(outcome)) if weights is None else weights
    both = np.column_stack([columns, outcome])
    total = np.bincount(inverse, weight)
    means = np.column_stack([np.bincount(inverse, weight * column) / total for column in both.T])
    spread = np.abs(both).max(axis=0)
    both -= means[inverse]
    # What only rounding has left of a column that does not vary within groups must not pass for a column.
    both[:, np.abs(both).max(axis=0) <= 1e-12 * spread] = 0.0
    return both[:, :-1], both[:, -1], count
