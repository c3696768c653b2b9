"""Covariates of a frame as columns of numbers, for every engine that adjusts."""

from dataclasses import dataclass

import numpy as np
import pandas as pd

from pipelines.estimation.refusal import EstimationRefusal
from pipelines.estimation.sample import Array

UNKNOWN = " = not known"
IMPUTED = (
    "Unknown values of a covariate were set to the average, and marked as unknown, so that nobody is left out "
    "(Zhao & Ding 2024, JASA 119:450-460)."
)


@dataclass(frozen=True)
class Encoded:
    """Covariates as numbers.

    Parameters
    ----------
    columns : array of float, shape (n, k)
        Numeric covariates as they are; one column per level of a categorical covariate but the first.
    names : tuple of str, length k
        Column names, `covariate` or `covariate = level`.
    warnings : tuple of str
        What was done to unknown values.
    """

    columns: Array
    names: tuple[str, ...]
    warnings: tuple[str, ...]


def encode(rows: pd.DataFrame, covariates: tuple[str, ...]) -> Encoded:
    """Turn covariates into columns; unknown numbers become the mean with a marker, unknown categories a level.

    Parameters
    ----------
    rows : pandas.DataFrame, n rows
        Holds every covariate.
    covariates : tuple of str
        Names, in the order of the protocol.

    Returns
    -------
    Encoded
        n rows, as many columns as needed.

    Raises
    ------
    EstimationRefusal
        If a covariate is not in the frame.
    """
    absent = [name for name in covariates if name not in rows.columns]
    if absent:
        raise EstimationRefusal(
            f"The analysis table has no covariate {', '.join(absent)}.", "Correct the covariates in the protocol."
        )
    pieces = [piece for name in covariates for piece in _encode_one(rows[name], name)]
    unknown = any(rows[name].isna().any() for name in covariates)
    columns = np.column_stack([values for _, values in pieces]) if pieces else np.empty((len(rows), 0))
    return Encoded(columns, tuple(name for name, _ in pieces), (IMPUTED,) if unknown else ())


def is_numeric(column: pd.Series) -> bool:
    """Say whether a covariate is a number (or true/false) rather than a category."""
    return bool(pd.api.types.is_numeric_dtype(column.dtype)) or bool(pd.api.types.is_bool_dtype(column.dtype))


def levels(column: pd.Series) -> list[str]:
    """Levels of a categorical covariate as text, sorted, so that the order of rows does not matter."""
    return sorted(set(as_text(column.dropna())))


def as_text(column: pd.Series) -> pd.Series:
    """Return categories as text, unknown ones left unknown."""
    return column.astype(object).map(str, na_action="ignore")


def _encode_one(column: pd.Series, name: str) -> list[tuple[str, Array]]:
    unknown = column.isna().to_numpy()
    marker = [(f"{name}{UNKNOWN}", unknown.astype(float))] if unknown.any() else []
    if not is_numeric(column):
        text = as_text(column)
        return [(f"{name} = {level}", (text == level).to_numpy(dtype=float)) for level in levels(column)[1:]] + marker
    values = column.to_numpy(dtype=float, na_value=np.nan)
    if unknown.all():
        return []
    return [(name, np.where(unknown, np.nanmean(values), values)), *marker]
