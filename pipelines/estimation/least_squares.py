"""Least squares of any size and rank: normal equations where they are accurate, orthogonal blocks where they are not.

Belongs here: coefficients, residuals and an orthonormal basis of the columns. Standard errors do not: see
`cluster_robust`.
"""

from dataclasses import dataclass
from math import sqrt

import numpy as np
from numpy.typing import NDArray

from pipelines.estimation.sample import Array

# Smallest eigenvalue of the scaled cross-products above which normal equations keep some ten digits.
WELL_CONDITIONED = 1e-5
# A column whose part that others do not explain is smaller than this share of it adds nothing.
RANK_TOLERANCE = 1e-9
ROWS_AT_A_TIME = 1 << 15


@dataclass(frozen=True)
class LeastSquares:
    """A least-squares fit.

    Parameters
    ----------
    coefficients : array, shape (k,)
        In the unit of the outcome per unit of the column; NaN for columns that repeat earlier ones.
    kept : array of int, shape (p,)
        Positions of the columns that are linearly independent, first come first kept.
    basis : array, shape (p, p)
        Upper triangular; (columns of the kept, times root weights) @ basis is orthonormal.
    rows : array, shape (n, p)
        Kept columns, times root weights if there are any.
    residuals : array, shape (n,)
        Outcome minus fit, times root weights if there are any.
    """

    coefficients: Array
    kept: NDArray[np.int64]
    basis: Array
    rows: Array
    residuals: Array

    def in_basis(self, contrast: Array) -> Array:
        """Return a contrast of the k coefficients, shape (k,) or (q, k), as one of the basis, shape (p,) or (q, p).

        Raises
        ------
        ValueError
            If it has another shape, or needs a column that repeats others.
        """
        contrast = np.asarray(contrast, dtype=float)
        if contrast.shape[-1] != len(self.coefficients) or not np.isfinite(contrast).all():
            raise ValueError("A contrast has one finite number for each column.")
        left_out = np.setdiff1d(np.arange(len(self.coefficients)), self.kept)
        if contrast[..., left_out].any():
            raise ValueError("This coefficient cannot be told apart from those of other columns.")
        return np.asarray(contrast[..., self.kept] @ self.basis)

    def value(self, contrast: Array) -> float:
        """Return one contrast of the coefficients."""
        return float(np.asarray(contrast, dtype=float)[self.kept] @ self.coefficients[self.kept])


def least_squares(columns: Array, outcome: Array, weights: Array | None = None) -> LeastSquares:
    """Ordinary or weighted least squares.

    Columns that repeat earlier ones are left out, as in R's lm. Accuracy is guarded: the cross-products are used only
    when their condition allows, otherwise orthogonal triangles of blocks of rows (TSQR).

    Parameters
    ----------
    columns : array of float, shape (n, k)
        Regressors, with the intercept if there is to be one.
    outcome : array of float, shape (n,)
        Outcome.
    weights : array of float, shape (n,), or None
        Above zero. The sum of weight times squared residual is made smallest.

    Returns
    -------
    LeastSquares
        Coefficients, residuals, basis.

    Raises
    ------
    ValueError
        If shapes differ, a number is not finite, a weight is not above zero, or no column is left.

    References
    ----------
    Golub & Van Loan 2013, Matrix Computations, 4th ed., ch. 5; Demmel et al. 2012, SIAM J. Sci. Comput. 34:A206-A239.
    """
    columns, outcome = _checked(columns, outcome, weights)
    root = None if weights is None else np.sqrt(weights)
    rows, target = (columns, outcome) if root is None else (columns * root[:, None], outcome * root)
    kept, triangle, rotated = _triangle(rows, target)
    rows = rows if len(kept) == rows.shape[1] else np.ascontiguousarray(rows[:, kept])
    basis = np.asarray(np.linalg.inv(triangle), dtype=float)
    found, residuals = _refined(rows, target, basis, basis @ rotated)
    coefficients = np.full(columns.shape[1], np.nan)
    coefficients[kept] = found
    return LeastSquares(coefficients, kept, np.triu(basis), rows, residuals)


def _refined(rows: Array, target: Array, basis: Array, found: Array) -> tuple[Array, Array]:
    """One step of refinement, taken only where the residuals are not yet orthogonal to the columns."""
    residuals = target - rows @ found
    left = basis.T @ (rows.T @ residuals)
    if np.abs(left).max(initial=0.0) <= 1e-12 * sqrt(float(residuals @ residuals)):
        return found, residuals
    found = found + basis @ left
    return found, target - rows @ found


def _checked(columns: Array, outcome: Array, weights: Array | None) -> tuple[Array, Array]:
    columns, outcome = np.asarray(columns, dtype=float), np.asarray(outcome, dtype=float)
    if columns.ndim != 2 or outcome.shape != columns.shape[:1] or not len(outcome):
        raise ValueError("Columns are (n, k) and the outcome (n,), with at least one row.")
    # A sum is finite only if every number in it is: one pass, no copy.
    if not (np.isfinite(columns.sum()) and np.isfinite(outcome.sum())):
        raise ValueError("Every column and outcome must be a finite number.")
    if weights is not None and not (np.shape(weights) == outcome.shape and (weights > 0).all()):
        raise ValueError("Weights are above zero, one for each row.")
    return columns, outcome


def _triangle(rows: Array, target: Array) -> tuple[NDArray[np.int64], Array, Array]:
    """Kept positions, upper triangle R of the kept columns, and Q'target."""
    products = rows.T @ rows
    scale = np.sqrt(np.diag(products))
    scaled = products / np.outer(np.where(scale > 0, scale, 1), np.where(scale > 0, scale, 1))
    everything = np.arange(rows.shape[1])
    if scale.min(initial=1.0) > 0 and np.linalg.eigvalsh(scaled)[:1].min(initial=1.0) > WELL_CONDITIONED:
        triangle = np.linalg.cholesky(scaled).T * scale
        return everything, triangle, np.linalg.solve(triangle.T, rows.T @ target)
    return _orthogonal(rows, target, scale)


def _orthogonal(rows: Array, target: Array, scale: Array) -> tuple[NDArray[np.int64], Array, Array]:
    kept = _independent(_block_triangle(rows), scale)
    if not len(kept):
        raise ValueError("No column varies.")
    triangle = _block_triangle(np.column_stack([rows[:, kept], target]))
    return kept, triangle[: len(kept), : len(kept)], triangle[: len(kept), -1]


def _independent(triangle: Array, scale: Array) -> NDArray[np.int64]:
    """Positions of columns that those kept before them do not explain, from a triangle of all columns."""
    kept: list[int] = []
    directions = np.empty((triangle.shape[0], 0))
    for position in np.flatnonzero(scale > 0):
        left = triangle[:, position] / scale[position]
        # Twice is enough (Kahan): what is left is orthogonal to machine precision.
        for _ in range(2):
            left = left - directions @ (directions.T @ left)
        size = sqrt(float(left @ left))
        if size > RANK_TOLERANCE:
            kept.append(int(position))
            directions = np.column_stack([directions, left / size])
    return np.array(kept, dtype=int)


def _block_triangle(rows: Array) -> Array:
    """Upper triangle of all rows, from the triangles of blocks."""
    triangle = np.empty((0, rows.shape[1]))
    for first in range(0, len(rows), ROWS_AT_A_TIME):
        stacked = np.vstack([triangle, rows[first : first + ROWS_AT_A_TIME]])
        triangle = np.asarray(np.linalg.qr(stacked, mode="r"))
    return triangle
