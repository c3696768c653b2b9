"""What an effect by instruments is worked out from: outcome, dose and instruments, with the covariates taken out."""

from dataclasses import dataclass
from math import inf

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike

from pipelines.estimation.arrays import numbers_of
from pipelines.estimation.refusal import EstimationRefusal
from pipelines.estimation.sample import Array
from pipelines.estimation.take_up.first_stage import Codes

REPEATED = 1e-9
"""A column of which less than this share of its spread is its own repeats the others."""
SAYS_NOTHING = (
    "The instruments do not vary among people with the same covariates, so they move nothing.",
    "Name an instrument that is none of the covariates and does not follow from them; or adjust or match instead.",
)
NO_DOSE = (
    "The dose does not vary among people with the same covariates.",
    "Leave covariates out that the dose follows from, or describe the outcome.",
)
TOO_FEW = (
    "There are too few people, or clusters, for this many instruments and covariates.",
    "Name fewer of them, or describe the groups.",
)
UNNAMED = ("A cluster is not named, or there is only one.", "Name the cluster of everybody.")
ALREADY = "Instruments or covariates that repeat others were left out; the answer is the same without them."


@dataclass(frozen=True)
class Instrumented:
    """People in canonical order, with the intercept and the covariates taken out of every column.

    Parameters
    ----------
    outcome, dose : array of float, shape (n,)
        What is left of them.
    instruments : array of float, shape (n, l)
        What is left of the instruments, as orthonormal columns: every estimator here depends on their span alone.
    covariates : int
        Columns taken out, the intercept included.
    clusters : array of int, shape (n,), or None
        Coded from 0.
    repeated : bool
        Whether some columns repeated others, and were left out.
    length : float or None
        Where there is one instrument, the length of what is left of it before it was made one: a coefficient over it is
        one for a unit of the instrument.
    """

    outcome: Array
    dose: Array
    instruments: Array
    covariates: int
    clusters: Codes | None
    repeated: bool
    length: float | None

    @property
    def n(self) -> int:
        """People."""
        return len(self.outcome)

    @property
    def count(self) -> int:
        """Instruments that say something of their own."""
        return self.instruments.shape[1]

    @property
    def groups(self) -> int:
        """Independent units: clusters, or people."""
        return self.n if self.clusters is None else int(self.clusters.max()) + 1

    @property
    def on_outcome(self) -> Array:
        """Coefficients of the outcome on the instruments (reduced form); shape (l,)."""
        return np.asarray(self.instruments.T @ self.outcome)

    @property
    def on_dose(self) -> Array:
        """Coefficients of the dose on the instruments (first stage); shape (l,)."""
        return np.asarray(self.instruments.T @ self.dose)

    def df(self, columns: int) -> float:
        """Return degrees of freedom of a regression on covariates and some columns more; clusters less one."""
        return float(self.n - self.covariates - columns if self.clusters is None else self.groups - 1)

    def sums(self, scores: Array) -> Array:
        """Return the scores of independent units: of people, or summed within clusters; shape (units, columns)."""
        if self.clusters is None:
            return scores
        return np.column_stack([np.bincount(self.clusters, column, self.groups) for column in scores.T])

    def meat(self, scores: Array, columns: int) -> Array:
        """Return the robust covariance of a sum of scores: HC1, or CR1 with clusters.

        Parameters
        ----------
        scores : array of float, shape (n, m)
            A regression's scores, person by person.
        columns : int
            Coefficients of that regression beside those of the covariates.

        Returns
        -------
        array of float, shape (m, m)
            The factor is n / (n - k), with clusters G / (G - 1) (n - 1) / (n - k).
        """
        left = self.n - self.covariates - columns
        few = self.groups / (self.groups - 1)
        factor = self.n / left if self.clusters is None else few * (self.n - 1) / left
        own = self.sums(scores)
        return np.asarray(own.T @ own) * factor


def instrumented(
    outcome: ArrayLike,
    dose: ArrayLike,
    instruments: ArrayLike,
    covariates: ArrayLike | None = None,
    cluster: ArrayLike | None = None,
) -> Instrumented:
    """Take the covariates out of outcome, dose and instruments (Frisch, Waugh & Lovell).

    Parameters
    ----------
    outcome, dose : array of float, shape (n,)
        Known of everybody.
    instruments : array of float, shape (n, l), or (n,)
        Known of everybody.
    covariates : array of float, shape (n, k), or None
        Without an intercept, which is added.
    cluster : array, shape (n,), or None
        Labels of groups within which people influence each other.

    Returns
    -------
    Instrumented
        The same bits in any order of rows; columns that repeat others are left out.

    Raises
    ------
    ValueError
        If something is unknown or infinite, or columns differ in length.
    EstimationRefusal
        If the instruments or the dose do not vary beyond the covariates, there are too few people or clusters, or a
        cluster has no name.
    """
    y, d = numbers_of(outcome=outcome, dose=dose)
    Z = _table(instruments, len(y))
    X = np.empty((len(y), 0)) if covariates is None else _table(covariates, len(y))
    codes = None if cluster is None else pd.factorize(np.asarray(cluster), sort=True)[0]
    if codes is not None and ((codes < 0).any() or codes.max() < 1):
        raise EstimationRefusal(*UNNAMED)
    order = np.lexsort((*np.column_stack([X, Z, d, y]).T, *(() if codes is None else (codes,))))
    y, d, Z, X = y[order], d[order], Z[order], X[order]
    constant = orthonormal(np.ones((len(y), 1)))
    known = np.column_stack([constant, orthonormal(X, constant)])
    own = orthonormal(Z, known)
    left = len(y) - known.shape[1] - own.shape[1]
    found = Instrumented(
        _without(y, known),
        _without(d, known),
        own,
        known.shape[1],
        None if codes is None else codes[order],
        own.shape[1] < Z.shape[1] or known.shape[1] <= X.shape[1],
        float(own[:, 0] @ Z[:, 0]) if Z.shape[1] == own.shape[1] == 1 else None,
    )
    _check(found, float(np.ptp(d)), left)
    return found


def _check(found: Instrumented, spread: float, left: int) -> None:
    """Refuse what no effect can be had from."""
    if not found.count:
        raise EstimationRefusal(*SAYS_NOTHING)
    if np.linalg.norm(found.dose) <= REPEATED * max(spread, 1e-300) * np.sqrt(found.n):
        raise EstimationRefusal(*NO_DOSE)
    if left < 2 or (found.clusters is not None and found.groups <= found.count + 1):
        raise EstimationRefusal(*TOO_FEW)


def _table(columns: ArrayLike, rows: int) -> Array:
    table = np.asarray(columns, dtype=float).reshape(rows, -1)
    if not np.isfinite(table).all():
        raise ValueError("Instruments and covariates must be known and finite: leave out those who are not known.")
    return table


def orthonormal(columns: Array, beyond: Array | None = None) -> Array:
    """Return orthonormal columns with the span of what columns hold beyond others.

    Parameters
    ----------
    columns : array of float, shape (n, k)
        In order: one that repeats those before it is left out.
    beyond : array of float, shape (n, m), or None
        Orthonormal columns that are taken out first; the first is the constant.

    Returns
    -------
    array of float, shape (n, up to k)
        By Gram and Schmidt, twice over.
    """
    taken = np.empty((len(columns), 0)) if beyond is None else beyond
    first = taken.shape[1]
    space = np.empty((len(columns), first + columns.shape[1]), order="F")
    space[:, :first] = taken
    used = first
    for column in columns.T:
        centred = column if beyond is None else column - column.mean()
        size = float(np.linalg.norm(centred))
        scaled = centred / size if size > 1e-12 * (1 + float(np.abs(column).max())) else centred * 0
        own = _without(scaled, space[:, :used])
        length = float(np.linalg.norm(own))
        if length > REPEATED**0.75:
            space[:, used] = _without(own / length, space[:, :used])
            used += 1
    return np.ascontiguousarray(space[:, first:used])


def _without(column: Array, known: Array) -> Array:
    """Take columns out of one, twice, so that rounding leaves nothing of them."""
    once = column - known @ (known.T @ column)
    return np.asarray(once - known @ (known.T @ once))


def ratio(numerator: float, denominator: float) -> float:
    """Return a quotient, infinite where what it is held against is zero."""
    return numerator / denominator if denominator > 0 else inf
