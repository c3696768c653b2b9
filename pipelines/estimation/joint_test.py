"""Several contrasts at once with few clusters: an F test with approximate Hotelling degrees of freedom."""

import numpy as np
from scipy.stats import f as fisher

from pipelines.estimation.cluster_robust import INSTEAD, ClusteredFit, Kind, Parts, parts
from pipelines.estimation.refusal import EstimationRefusal
from pipelines.estimation.result import Inference
from pipelines.estimation.sample import Array

TOO_FEW = "There are too few clusters to test this many things at once."


def joint_test(found: ClusteredFit, contrasts: Array, kind: Kind = "CR2") -> Inference:
    """Test that q contrasts are all zero (approximate Hotelling test, HTZ).

    Parameters
    ----------
    found : ClusteredFit
        A fit of k columns.
    contrasts : array of float, shape (q, k)
        Multipliers of the coefficients, linearly independent.
    kind : {'CR0', 'CR1', 'CR1S', 'CR2', 'CR3'}
        The covariance.

    Returns
    -------
    Inference
        `statistic` is F, on q and `df` degrees of freedom; no estimate. For one contrast it is the square of t.

    Raises
    ------
    EstimationRefusal
        If clusters are too few for q contrasts, or one cluster alone decides a contrast.
    ValueError
        If contrasts repeat one another.

    References
    ----------
    Pustejovsky & Tipton 2018, Journal of Business & Economic Statistics 36:672-683, section 3.2; Tipton & Pustejovsky
    2015, Journal of Educational and Behavioral Statistics 40:604-634.
    """
    contrasts = np.atleast_2d(np.asarray(contrasts, dtype=float))
    in_basis = found.fit.in_basis(contrasts)
    q = len(in_basis)
    if np.linalg.matrix_rank(in_basis / np.linalg.norm(in_basis, axis=1, keepdims=True), tol=1e-9) < q:
        raise ValueError("Contrasts repeat one another.")
    pieces = parts(found, kind, in_basis)
    values = np.array([found.fit.value(contrast) for contrast in contrasts])
    scores = pieces.scores @ in_basis.T
    eta = _wishart_df(pieces)
    if eta <= q - 1 or np.linalg.matrix_rank(scores) < q:
        raise EstimationRefusal(TOO_FEW, INSTEAD)
    wald = float(values @ np.linalg.solve(scores.T @ scores, values))
    statistic, df = (eta - q + 1) / (eta * q) * wald, eta - q + 1
    return Inference(None, statistic=statistic, df=df, p=float(fisher.sf(statistic, q, df)))


def _wishart_df(pieces: Parts) -> float:
    """Q (q + 1) over the summed working variances of the scaled covariance's entries."""
    own, outer, inner, q = pieces.own, pieces.outer, pieces.inner, pieces.own.shape[1]
    expected = own.sum(axis=0) - np.einsum("isa,ab,itb->st", outer, inner, outer, optimize=True)
    values, vectors = np.linalg.eigh(expected)
    if values[0] <= 1e-12 * values[-1]:
        raise EstimationRefusal(TOO_FEW, INSTEAD)
    scale = (vectors / np.sqrt(values)) @ vectors.T
    own, outer = scale @ own @ scale, scale @ outer
    total = 0.0
    for i in range(len(own)):
        shared = -np.einsum("sa,jta->jst", outer[i] @ inner, outer, optimize=True)
        shared[i] += own[i]
        total += float((np.trace(shared, axis1=1, axis2=2) ** 2).sum() + np.einsum("jst,jts->", shared, shared))
    return q * (q + 1) / total
