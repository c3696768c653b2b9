"""Who may be compared: people, covariates and arms, checked, and in an order that the order of rows cannot change.

Belongs here: the guards that matching, weighting and regression share. No estimation.
"""

from dataclasses import dataclass, replace

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike, NDArray

from pipelines.estimation.covariates import encode
from pipelines.estimation.refusal import EstimationRefusal
from pipelines.estimation.sample import Array, treated_rows

Mask = NDArray[np.bool_]
Rows = NDArray[np.intp]

DUPLICATE = "Someone is in the table more than once, and would be compared with themselves or counted twice."
ONE_ROW = "Keep one row per person before people are compared."


@dataclass(frozen=True)
class ComparisonPool:
    """Everybody who may be compared, sorted by their key.

    Parameters
    ----------
    columns : array of float, shape (n, k)
        Covariates, without missing values, in the order of keys.
    names : tuple of str, length k
        Names of the columns.
    treated : array of bool, shape (n,)
        Arm, in the order of keys.
    row : array of int, shape (n,)
        Row of the caller's table that each person came from.
    table : int
        Rows of the caller's table: more than n once people have been trimmed.
    warnings : tuple of str
        What was done to the covariates.
    """

    columns: Array
    names: tuple[str, ...]
    treated: Mask
    row: Rows
    table: int
    warnings: tuple[str, ...] = ()

    def canonical(self, values: ArrayLike) -> NDArray:
        """Bring one value per row of the caller's table into the order of keys."""
        given = np.asarray(values)
        if given.shape[:1] != (self.table,):
            raise ValueError("There must be one value per row of the table that the pool was made from.")
        return given[self.row]

    def as_given(self, values: NDArray) -> NDArray:
        """Bring one value per person back into the order of the caller's table; 0 for people trimmed."""
        back = np.zeros(self.table, dtype=values.dtype)
        back[self.row] = values
        return back

    def take(self, chosen: NDArray) -> "ComparisonPool":
        """Return a pool of some of the people (positions or a mask in the order of keys), as its own table."""
        treated = self.treated[chosen]
        rows = np.arange(len(treated))
        return ComparisonPool(self.columns[chosen], self.names, treated, rows, len(rows), self.warnings)


def comparison_pool(
    columns: ArrayLike, names: tuple[str, ...], treated: ArrayLike, keys: ArrayLike | None = None
) -> ComparisonPool:
    """Check covariates and arms, and sort people by key.

    Parameters
    ----------
    columns : array of float, shape (n, k)
        Covariates measured before assignment, in any unit.
    names : tuple of str, length k
        Names of the columns.
    treated : array of bool (or 0 and 1), shape (n,)
        True in the treatment arm.
    keys : array, shape (n,), or None
        A pseudonymous key per person. It decides ties, so that the order of rows decides nothing; without it, the order
        of rows breaks ties.

    Returns
    -------
    ComparisonPool
        n people.

    Raises
    ------
    EstimationRefusal
        If a person is there twice, an arm is empty, or a covariate is unknown or infinite for somebody.
    ValueError
        If shapes do not fit.
    """
    values, arm = np.asarray(columns, dtype=float), _arms(treated)
    if values.ndim != 2 or values.shape != (len(arm), len(names)):
        raise ValueError("Covariates must be one row per person and one column per name.")
    row = np.arange(len(arm)) if keys is None else _sorted_by_key(keys, len(arm))
    unknown = [name for name, column in zip(names, values.T, strict=True) if not np.isfinite(column).all()]
    if unknown:
        raise EstimationRefusal(
            f"A covariate is not known for everybody: {', '.join(unknown)}.",
            "Impute it, mark it as unknown, or leave it out of the comparison.",
        )
    return ComparisonPool(np.ascontiguousarray(values[row]), tuple(names), arm[row], row, len(row))


def pool_of_frame(frame: pd.DataFrame, covariates: tuple[str, ...], person_key: str) -> ComparisonPool:
    """Make a pool from a table with one row per person.

    Parameters
    ----------
    frame : pandas.DataFrame
        `arm`, the covariates (numbers or categories) and the column of person keys.
    covariates : tuple of str
        Declared beforehand. Unknown values become the mean with a marker, or a level.
    person_key : str
        Column with a pseudonymous key per person.

    Returns
    -------
    ComparisonPool
        One person per row; categories are one column per level but the first.

    Raises
    ------
    EstimationRefusal
        If columns or arms are missing, or a person is in more than one row.
    """
    treated = treated_rows(frame, (*covariates, person_key))
    encoded = encode(frame, covariates)
    pool = comparison_pool(encoded.columns, encoded.names, treated, frame[person_key].to_numpy())
    return replace(pool, warnings=encoded.warnings)


def independent_of_earlier(columns: Array) -> Mask:
    """Say which columns are not constant and not a combination of those before them; shape (n, k) to (k,).

    Elimination on the correlations: a column of which less than a ten-billionth is left after the earlier ones is a
    combination of them.
    """
    if not len(columns):
        return np.zeros(columns.shape[1], dtype=bool)
    by_column = np.ascontiguousarray(columns.T)
    by_column = by_column - by_column.mean(axis=1, keepdims=True)
    squares = np.einsum("ij,ij->i", by_column, by_column)
    size = np.sqrt(len(columns)) * (1 + np.abs(columns).max(axis=0, initial=0.0))
    varies = np.sqrt(squares) > 1e-12 * size
    root = np.where(varies, np.sqrt(squares), 1.0)
    left = (by_column @ by_column.T) / np.outer(root, root)
    kept = varies.copy()
    for j in np.flatnonzero(varies):
        kept[j] = left[j, j] > 1e-10
        if kept[j]:
            left = left - np.outer(left[:, j], left[j]) / left[j, j]
    return kept


def outcomes(pool: ComparisonPool, outcome: ArrayLike) -> Array:
    """Bring outcomes into the order of keys; shape (n,)."""
    values = pool.canonical(np.asarray(outcome, dtype=float))
    if np.isinf(values).any():
        raise EstimationRefusal("An outcome is infinite.", "Correct it, or leave it empty.")
    return values


def known_outcomes(pool: ComparisonPool, outcome: ArrayLike) -> Array:
    """Bring outcomes into the order of keys, and refuse unknown ones: weights were made for everybody."""
    values = outcomes(pool, outcome)
    if np.isnan(values).any():
        raise EstimationRefusal(
            "Somebody's outcome is not known, and weights made for everybody no longer balance without them.",
            "Make the pool from people whose outcome is known, and report how many are missing; or impute.",
        )
    return values


def _arms(treated: ArrayLike) -> Mask:
    given = np.asarray(treated)
    if given.ndim != 1 or not np.isin(given, (0, 1)).all():
        raise ValueError("Arms must be true or false, one per person.")
    arm = given.astype(bool)
    if arm.all() or not arm.any():
        raise EstimationRefusal("Nobody is in one of the arms.", "Describe the arm that there is; do not compare.")
    return arm


def _sorted_by_key(keys: ArrayLike, n: int) -> Rows:
    given = np.asarray(keys)
    if given.shape != (n,):
        raise ValueError("There must be one key per person.")
    if pd.isna(given).any():
        raise EstimationRefusal("Somebody has no key.", "Give every person a pseudonymous key.")
    text = given if given.dtype.kind in "iuU" else given.astype(str)
    order = np.argsort(text, kind="stable")
    if (text[order][1:] == text[order][:-1]).any():
        raise EstimationRefusal(DUPLICATE, ONE_ROW)
    return order
