"""Degrees of freedom of CR2 when whole clusters were assigned and the arms may differ in spread.

The textbook's degrees of freedom take everybody for independent and equally spread. With few clusters that resemble
themselves, and an arm that is wider than the other, they are too many, and a true null hypothesis is rejected in 6 to 7
of 100. Here they are worked out, as Welch did for two groups of people, from each arm's own spread between and within
clusters. No n by n and no G by G matrix.
"""

from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from pipelines.estimation.cluster_robust import (
    ClusteredFit,
    Parts,
    adjustment,
    as_contrast,
    contrast_test,
    satterthwaite,
    stacks_in_basis,
)
from pipelines.estimation.result import Inference
from pipelines.estimation.sample import Array
from pipelines.estimation.welch import t_inference

MIXED = "Clusters with people of both arms have no arm of their own."


@dataclass(frozen=True)
class Sums:
    """What each of G clusters comes to, in the basis of the fit.

    Parameters
    ----------
    size : array, shape (G,)
        People.
    products : array, shape (G, p, p)
        Cross-products of its rows.
    totals : array, shape (G, p)
        Sums of its rows.
    squares, residual : array, shape (G,)
        Sum of squared residuals, and sum of residuals.
    """

    size: Array
    products: Array
    totals: Array
    squares: Array
    residual: Array


@dataclass(frozen=True)
class Spreads:
    """Variances between and within clusters, of the comparison arm and of the treatment arm.

    Parameters
    ----------
    within, between : array, shape (2,)
        In the squared unit of the outcome, 0 or more.
    """

    within: Array
    between: Array


def arms_apart_test(
    found: ClusteredFit, contrast: Array | int, treated: NDArray[np.bool_], level: float = 0.95
) -> Inference:
    """CR2's test and interval, with degrees of freedom from each arm's own spread.

    Parameters
    ----------
    found : ClusteredFit
        An unweighted fit.
    contrast : array of float, shape (k,), or int
        Multipliers of the coefficients, or the position of one.
    treated : array of bool, shape (n,)
        Arm; the same for everybody of a cluster.
    level : float
        Confidence level.

    Returns
    -------
    Inference
        Estimate and standard error are those of `contrast_test(found, contrast, "CR2")`; `df` is Satterthwaite's under
        a working model in which, in each arm by itself, people differ within clusters and clusters differ from each
        other. Where that model cannot be told from the data, the textbook's.

    Raises
    ------
    EstimationRefusal
        As for `contrast_test`.
    ValueError
        If the fit is weighted or a cluster has people of both arms.

    References
    ----------
    Welch 1947, Biometrika 34:28-35; Bell & McCaffrey 2002, Survey Methodology 28:169-181; Imbens & Kolesar 2016, Review
    of Economics and Statistics 98:701-712 (random effects of clusters as working model, there alike in both arms).
    """
    textbook = contrast_test(found, contrast, "CR2", level)
    sums = _sums(found)
    arm = _arms(found, treated)
    pieces = _parts(found.fit.in_basis(as_contrast(found, contrast)), sums, arm, spreads(sums, arm))
    df = satterthwaite(pieces)
    if not np.isfinite(df) or df < 1 or textbook.value is None or textbook.se is None:
        return textbook
    return replace(t_inference(textbook.value, textbook.se, df, level), df=df)


def _arms(found: ClusteredFit, treated: NDArray[np.bool_]) -> NDArray[np.intp]:
    """Arm of each cluster, 1 for treatment."""
    if found.weights is not None or found.absorbed:
        raise ValueError("Arms are told apart in unweighted fits, with nothing absorbed.")
    treated = np.asarray(treated, dtype=bool)
    share = np.bincount(found.groups.membership(), treated) / found.groups.sizes
    if ((share > 0) & (share < 1)).any():
        raise ValueError(MIXED)
    return (share > 0).astype(np.intp)


def _sums(found: ClusteredFit) -> Sums:
    G, p = found.clusters, len(found.fit.kept)
    products, totals, residual = np.empty((G, p, p)), np.empty((G, p)), np.empty((G, 2))
    for members, basis, e in stacks_in_basis(found):
        products[members] = np.swapaxes(basis, 1, 2) @ basis
        totals[members] = basis.sum(axis=1)
        residual[members] = np.column_stack([(e**2).sum(axis=1), e.sum(axis=1)])
    return Sums(found.groups.sizes.astype(float), products, totals, residual[:, 0], residual[:, 1])


def spreads(sums: Sums, arm: NDArray[np.intp]) -> Spreads:
    """Variances of both arms, by equating sums of squared residuals to what they are expected to be.

    Parameters
    ----------
    sums : Sums
        Of G clusters.
    arm : array of int, shape (G,)
        0 or 1.

    Returns
    -------
    Spreads
        Without covariates those of a one-way analysis of variance in each arm; below zero counts as zero.

    References
    ----------
    Searle, Casella & McCulloch 1992, Variance Components, section 3.6 (analysis of variance), 5.3 (fitting constants).
    """
    products = np.array([sums.products[arm == a].sum(axis=0) for a in (0, 1)])
    crossed = np.array([sums.totals[arm == a].T @ sums.totals[arm == a] for a in (0, 1)])
    own = (arm[:, None] == (0, 1)).astype(float)
    lost = (sums.totals**2).sum(axis=1)
    trace = np.trace(sums.products, axis1=1, axis2=2)
    # Of each cluster, by arm: what a unit of the variance within, and of that between, adds.
    squares = np.stack(
        [
            own * (sums.size - 2 * trace)[:, None] + np.einsum("gij,aij->ga", sums.products, products),
            own * (sums.size - 2 * lost)[:, None] + np.einsum("gij,aij->ga", sums.products, crossed),
        ],
        axis=2,
    )
    total = np.stack(
        [
            own * (sums.size - 2 * lost)[:, None] + _quadratic(sums.totals, products),
            own * (sums.size**2 - 2 * sums.size * lost)[:, None] + _quadratic(sums.totals, crossed),
        ],
        axis=2,
    )
    mean = total / sums.size[:, None, None]
    seen = sums.residual**2 / sums.size
    expected = [part[arm == a].sum(axis=0).ravel() for a in (0, 1) for part in (squares - mean, mean)]
    observed = [part[arm == a].sum() for a in (0, 1) for part in (sums.squares - seen, seen)]
    answer = np.linalg.lstsq(np.array(expected), np.array(observed), rcond=1e-10)[0].reshape(2, 2)
    return Spreads(np.maximum(answer[:, 0], 0), np.maximum(answer[:, 1], 0))


def _quadratic(totals: Array, forms: Array) -> Array:
    return np.einsum("gi,aij,gj->ga", totals, forms, totals)


def _parts(contrast: Array, sums: Sums, arm: NDArray[np.intp], spread: Spreads) -> Parts:
    """Clusters' covariance under the working model, in the form that `satterthwaite` takes."""
    values, vectors = np.linalg.eigh(sums.products)
    along = (vectors * adjustment(values, "CR2")[:, None, :]) @ (np.swapaxes(vectors, 1, 2) @ contrast)[:, :, None]
    within, between = spread.within[arm], spread.between[arm]
    outer = (sums.products @ along)[:, :, 0]
    own, total = (along[:, :, 0] * outer).sum(axis=1), (along[:, :, 0] * sums.totals).sum(axis=1)
    cross = within[:, None] * outer + (between * total)[:, None] * sums.totals
    middle = np.einsum("g,gij->ij", within, sums.products) + (sums.totals.T * between) @ sums.totals
    p = len(contrast)
    inner = np.block([[-middle, np.eye(p)], [np.eye(p), np.zeros((p, p))]])
    diagonal = within * own + between * total**2
    return Parts(outer, diagonal[:, None, None], np.hstack([outer, cross])[:, None, :], inner)
