"""The estimate without each cluster in turn: whether the finding rests on one place."""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from pipelines.estimation.doubt.wording import counted, figure
from pipelines.estimation.refusal import EstimationRefusal
from pipelines.estimation.sample import Array

BATCH = 1024
SINGULAR = 1e-9


@dataclass(frozen=True)
class ClusterLeftOut:
    """Estimates without one cluster each. A difference of two of them tells about one cluster: check before showing.

    Parameters
    ----------
    estimate : float
        With all clusters.
    clusters : tuple of str
        Their labels as text, in sorted order.
    without : tuple of float or None
        The estimate without each; None where it cannot be estimated then.
    """

    estimate: float
    clusters: tuple[str, ...]
    without: tuple[float | None, ...]

    @property
    def lowest(self) -> float | None:
        """Smallest estimate without a cluster."""
        return min((value for value in self.without if value is not None), default=None)

    @property
    def highest(self) -> float | None:
        """Largest estimate without a cluster."""
        return max((value for value in self.without if value is not None), default=None)

    @property
    def same_sign(self) -> bool:
        """Whether the estimate keeps its sign whichever cluster is left out, and can always be made."""
        return all(value is not None and value * self.estimate > 0 for value in self.without)

    @property
    def sentence(self) -> str:
        """Whether the finding rests on one cluster, for a manager."""
        if self.lowest is None or self.highest is None:
            return "Without any one of the clusters there would be no estimate at all."
        held = f"Leaving out each of {counted(len(self.clusters), 'cluster', 'clusters')} in turn"
        said = f"{held}, the estimate of {figure(self.estimate)} moves between {figure(self.lowest)} and "
        lost = sum(value is None for value in self.without)
        if lost:
            one = "one of them" if lost == 1 else f"any of {lost} of them"
            return f"{said}{figure(self.highest)}; without {one} there would be no estimate."
        end = "its direction does not rest on any one" if self.same_sign else "its direction rests on a single cluster"
        return f"{said}{figure(self.highest)}: {end}."


def leave_one_cluster_out(cluster: NDArray, estimator: Callable[[NDArray[np.bool_]], float]) -> ClusterLeftOut:
    """Run an estimator without each cluster.

    Parameters
    ----------
    cluster : array, shape (n,)
        Cluster of each row.
    estimator : callable
        From a mask of rows to keep, shape (n,), to an estimate; may raise EstimationRefusal, ValueError or LinAlgError
        when the rest does not allow one.

    Returns
    -------
    ClusterLeftOut

    Raises
    ------
    EstimationRefusal
        If there is only one cluster, or the estimator refuses all rows.

    References
    ----------
    MacKinnon, Nielsen & Webb 2023, Stata Journal 23:942-982.
    """
    labels, codes = _clusters(cluster)
    whole = float(estimator(np.ones(len(codes), dtype=bool)))
    without = tuple(_attempt(estimator, codes != position) for position in range(len(labels)))
    return ClusterLeftOut(whole, labels, without)


def leave_one_cluster_out_ols(cluster: NDArray, columns: Array, outcome: Array, coefficient: int) -> ClusterLeftOut:
    """The same for one coefficient of ordinary least squares, from each cluster's sums of squares and products.

    Parameters
    ----------
    cluster : array, shape (n,)
        Cluster of each row.
    columns : array of float, shape (n, k)
        Regressors with the intercept, of full rank.
    outcome : array of float, shape (n,)
        Outcome.
    coefficient : int
        Position of the coefficient.

    Returns
    -------
    ClusterLeftOut
        Without passing over the rows again; needs clusters x k x k numbers at most 1,024 clusters at a time.

    Raises
    ------
    EstimationRefusal
        If there is only one cluster, or the columns depend on each other.

    References
    ----------
    MacKinnon, Nielsen & Webb 2023, Stata Journal 23:942-982.
    """
    labels, codes = _clusters(cluster)
    scale = np.sqrt((columns**2).mean(axis=0))
    scaled = columns / np.where(scale > 0, scale, 1.0)
    order = np.argsort(codes, kind="stable")
    edges = np.searchsorted(codes[order], np.arange(len(labels) + 1))
    rows, values = scaled[order], outcome[order]
    total, product = scaled.T @ scaled, scaled.T @ outcome
    whole = _solve(total[None], product[None], coefficient)[0]
    if whole is None:
        raise EstimationRefusal("The covariates depend on each other.", "Leave out those that add nothing.")
    unit = scale[coefficient]
    without: list[float | None] = []
    for start in range(0, len(labels), BATCH):
        spans = [slice(edges[g], edges[g + 1]) for g in range(start, min(start + BATCH, len(labels)))]
        squares = np.stack([total - rows[s].T @ rows[s] for s in spans])
        products = np.stack([product - rows[s].T @ values[s] for s in spans])
        without += [None if v is None else v / unit for v in _solve(squares, products, coefficient)]
    return ClusterLeftOut(whole / unit, labels, tuple(without))


def _clusters(cluster: NDArray) -> tuple[tuple[str, ...], NDArray[np.int64]]:
    labels, codes = np.unique(np.asarray(cluster).astype(str), return_inverse=True)
    if len(labels) < 2:
        raise EstimationRefusal("There is only one cluster.", "Describe it; nothing can be left out.")
    return tuple(labels.tolist()), codes


def _attempt(estimator: Callable[[NDArray[np.bool_]], float], keep: NDArray[np.bool_]) -> float | None:
    try:
        value = float(estimator(keep))
    except (EstimationRefusal, ValueError, np.linalg.LinAlgError):
        return None
    return value if np.isfinite(value) else None


def _solve(squares: Array, products: Array, coefficient: int) -> list[float | None]:
    """One coefficient of each of several regressions, (g, k, k) and (g, k); None where columns depend on each other."""
    size = np.sqrt(np.maximum(np.einsum("gii->gi", squares), 0.0))
    kept = size > 0
    scale = np.where(kept, size, 1.0)
    smallest = np.linalg.eigvalsh(squares / scale[:, :, None] / scale[:, None, :])[:, 0]
    sound = (smallest > SINGULAR) & kept.all(axis=1)
    found: list[float | None] = [None] * len(squares)
    if sound.any():
        solved = np.linalg.solve(squares[sound], products[sound][:, :, None])[:, coefficient, 0]
        for place, value in zip(np.flatnonzero(sound).tolist(), solved.tolist(), strict=True):
            found[place] = value
    return found
