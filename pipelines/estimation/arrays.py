"""Guards that estimators taking plain arrays share. No estimation belongs here."""

from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from pipelines.estimation.refusal import EstimationRefusal
from pipelines.estimation.sample import Array

Booleans = NDArray[np.bool_]

COLLINEAR = "A covariate repeats what others (or the constant) already say, so its part cannot be told apart."


def numbers_of(**named: ArrayLike) -> tuple[Array, ...]:
    """Return arrays as floats, after checking that they are finite and have as many rows as each other.

    Parameters
    ----------
    **named : array-like
        Arrays by the name to use in a message.

    Returns
    -------
    tuple of array of float
        In the order given.

    Raises
    ------
    ValueError
        If rows differ in number, there are none, or a value is unknown or infinite.
    """
    arrays = tuple(np.asarray(values, dtype=float) for values in named.values())
    if len({len(values) for values in arrays}) > 1:
        raise ValueError(f"{', '.join(named)} must have as many rows as each other.")
    if len(arrays[0]) == 0:
        raise ValueError("There are no rows.")
    bad = [name for name, values in zip(named, arrays, strict=True) if not np.isfinite(values).all()]
    if bad:
        raise ValueError(f"{', '.join(bad)} must be known and finite: leave out those who are not known first.")
    return arrays


def arms_of(treated: ArrayLike, rows: int, least: int = 1) -> Booleans:
    """Return the arm as true and false; refuse an arm of fewer than `least` people, and anything but 0 and 1."""
    values = np.asarray(treated)
    if values.shape != (rows,) or not np.isin(values, (0, 1)).all():
        raise ValueError("The arm must be 1 (treatment) or 0 (comparison) for every row.")
    arm = values.astype(bool)
    if min(int(arm.sum()), int((~arm).sum())) < least:
        raise EstimationRefusal(
            f"An arm has fewer than {least} {'person' if least == 1 else 'people'} with a known outcome.",
            "Describe the arm that there is; do not compare.",
        )
    return arm


def check_binary(values: Array, name: str) -> None:
    """Refuse values other than 0 and 1 by ValueError."""
    if not np.isin(values, (0.0, 1.0)).all():
        raise ValueError(f"{name} must be 0 or 1.")


def check_counts(values: Array, name: str) -> None:
    """Refuse values that are not whole numbers from 0 by ValueError."""
    if (values < 0).any() or (values != np.floor(values)).any():
        raise ValueError(f"{name} must be whole numbers from 0.")


def check_independent(columns: Array) -> None:
    """Refuse columns that are linearly dependent, whatever their units."""
    size = np.abs(columns).max(axis=0)
    if (size == 0).any() or len(columns) < columns.shape[1]:
        raise _collinear()
    # Columns are centred on the constant where there is one: a covariate of small spread and large mean is no fault.
    scaled = columns / size
    constant = np.ptp(scaled, axis=0) == 0
    if constant.sum() > 1:
        raise _collinear()
    if constant.any():
        centred = scaled[:, ~constant] - scaled[:, ~constant].mean(axis=0)
        scaled = centred / centred.std(axis=0)
    singular = np.linalg.svd(scaled, compute_uv=False) if scaled.shape[1] else np.ones(1)
    if singular[-1] <= 1e-7 * singular[0]:
        raise _collinear()


def groups_of(labels: ArrayLike, rows: int) -> tuple[NDArray[np.int_], int]:
    """Number groups from 0 in the order of their sorted labels; return the number of each row and how many groups."""
    values: NDArray[Any] = np.asarray(labels)
    if values.shape != (rows,):
        raise ValueError("There must be one group label for every row.")
    distinct, codes = np.unique(values, return_inverse=True)
    return codes, len(distinct)


def _collinear() -> EstimationRefusal:
    return EstimationRefusal(COLLINEAR, "Leave one of them out.")
