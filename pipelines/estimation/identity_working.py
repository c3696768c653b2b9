"""CR2 and its degrees of freedom for a weighted fit when errors are modelled as of equal variance, weights or not.

clubSandwich's default for a weighted lm. Through each cluster's rows, or twice the columns, whichever are fewer.
"""

import numpy as np

from pipelines.estimation.cluster_robust import (
    ALONE,
    ClusteredFit,
    Kind,
    Parts,
    adjustment,
    check_not_alone,
)
from pipelines.estimation.sample import Array


def identity_parts(found: ClusteredFit, kind: Kind, contrasts: Array) -> Parts:
    """Adjusted scores and contrasts of every cluster; parameters, result and errors as for `cluster_robust.parts`.

    References
    ----------
    Pustejovsky & Tipton 2018, Journal of Business & Economic Statistics 36:672-683, eq. 8.
    """
    G, p, q = found.clusters, len(found.fit.kept), len(contrasts)
    scores, own, outer = np.empty((G, p)), np.empty((G, q, q)), np.empty((G, q, 2 * p))
    middle = _middle(found)
    for cluster in range(G):
        scaled, root, residuals = _cluster(found, cluster)
        values, vectors = np.linalg.eigh(scaled.T @ scaled)
        if kind in ("CR2", "CR3"):
            check_not_alone(values[None], (vectors.T @ contrasts.T)[None], contrasts)
        plain, heavy = scaled / root[:, None], scaled * root[:, None]
        if kind == "CR2":
            adjusted = _bias_reduced(plain, heavy, middle, np.column_stack([heavy @ contrasts.T, residuals / root]))
            along, scores[cluster] = adjusted[:, :-1], heavy.T @ adjusted[:, -1]
        else:
            adjust = (vectors * adjustment(values, kind)) @ vectors.T if kind == "CR3" else np.eye(p)
            along, scores[cluster] = heavy @ adjust @ contrasts.T, adjust @ (scaled.T @ residuals)
        own[cluster], outer[cluster] = along.T @ along, np.hstack([along.T @ plain, along.T @ heavy])
    zero, one = np.zeros((p, p)), np.eye(p)
    return Parts(scores, own, outer, np.block([[-middle, one], [one, zero]]))


def _cluster(found: ClusteredFit, cluster: int) -> tuple[Array, Array, Array]:
    """Rows in the basis (times root weights), root weights, and residuals (times root weights)."""
    rows = found.groups.rows(cluster)
    weights = np.ones(found.groups.sizes[cluster]) if found.weights is None else found.weights[rows]
    return found.fit.rows[rows] @ found.fit.basis, np.sqrt(weights), found.fit.residuals[rows]


def _middle(found: ClusteredFit) -> Array:
    """Sum over rows of squared weights times the outer product of the row, in the basis; shape (p, p)."""
    p = len(found.fit.kept)
    total = np.zeros((p, p))
    for cluster in range(found.clusters):
        scaled, root, _ = _cluster(found, cluster)
        heavy = scaled * root[:, None]
        total += heavy.T @ heavy
    return total


def _bias_reduced(plain: Array, heavy: Array, middle: Array, targets: Array) -> Array:
    """Inverse root of the residuals' working covariance, times the targets; shape (size, q + 1)."""
    if len(plain) <= 2 * plain.shape[1]:
        crossed = plain @ heavy.T
        return _inverse_root(np.eye(len(plain)) - crossed - crossed.T + plain @ middle @ plain.T) @ targets
    # Outside the span of the columns and the weighted columns the covariance is the identity.
    span, _ = np.linalg.qr(np.hstack([plain, heavy]))
    inside, weighted = span.T @ plain, span.T @ heavy
    crossed = inside @ weighted.T
    small = np.eye(span.shape[1]) - crossed - crossed.T + inside @ middle @ inside.T
    within = span.T @ targets
    return np.asarray(targets + span @ (_inverse_root(small) @ within - within))


def _inverse_root(symmetric: Array) -> Array:
    values, vectors = np.linalg.eigh(symmetric)
    floor = ALONE * max(float(values[-1]), 1.0)
    return np.asarray((vectors * np.where(values > floor, np.maximum(values, floor) ** -0.5, 0.0)) @ vectors.T)
