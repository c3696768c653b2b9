"""From a frame to checked arrays: the guards every engine needs. No estimation belongs here."""

from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from pipelines.estimation.design import ARMS, COMPARISON, TREATMENT, Design
from pipelines.estimation.refusal import EstimationRefusal

Array = NDArray[np.float64]

OBSERVATIONAL = (
    "People were not assigned to their arm at random, and nothing adjusts for that here: "
    "read this as a difference between two groups, never as an effect."
)
STRATA = (
    "The headline does not use the strata. If the share assigned to treatment differs between strata it can mislead: "
    "read the adjusted estimate beside it, where there is one."
)
MISSING = (
    "People whose outcome is not known are left out (complete cases). "
    "The result is right for everyone only if they do not differ, within an arm, from those whose outcome is known."
)


@dataclass(frozen=True)
class Sample:
    """Participants with a known outcome.

    Parameters
    ----------
    rows : pandas.DataFrame, n rows
        The frame's complete rows.
    treated : array of bool, shape (n,)
        True in the treatment arm.
    columns : mapping of str to array of float, shape (n,)
        The outcome columns.
    missing : mapping of arm to int
        Rows left out.
    """

    rows: pd.DataFrame
    treated: NDArray[np.bool_]
    columns: dict[str, Array]
    missing: dict[str, int]

    def by_arm(self, column: str) -> dict[str, Array]:
        """Return one outcome column per arm, treatment first."""
        values = self.columns[column]
        return {TREATMENT: values[self.treated], COMPARISON: values[~self.treated]}

    @property
    def n(self) -> dict[str, int]:
        """People per arm."""
        return {TREATMENT: int(self.treated.sum()), COMPARISON: int((~self.treated).sum())}


def draw(frame: pd.DataFrame, outcome_columns: tuple[str, ...]) -> Sample:
    """Check arms and outcome columns, and keep the rows whose outcome is known.

    Parameters
    ----------
    frame : pandas.DataFrame
        As for `estimate`.
    outcome_columns : tuple of str
        Columns that must all be known.

    Returns
    -------
    Sample
        n complete rows.

    Raises
    ------
    EstimationRefusal
        As for `estimate`.
    """
    treated = treated_rows(frame, outcome_columns)
    columns = {name: numbers(frame[name]) for name in outcome_columns}
    known = np.all([~np.isnan(values) for values in columns.values()], axis=0)
    missing = {TREATMENT: int((treated & ~known).sum()), COMPARISON: int((~treated & ~known).sum())}
    kept = {name: values[known] for name, values in columns.items()}
    sample = Sample(frame.iloc[np.flatnonzero(known)].reset_index(drop=True), treated[known], kept, missing)
    _check_known(sample)
    return sample


def treated_rows(frame: pd.DataFrame, columns: tuple[str, ...]) -> NDArray[np.bool_]:
    """Check that columns and both arms are there, and say who is in the treatment arm; shape (rows,)."""
    _check_columns(frame, ("arm", *columns))
    _check_arms(frame["arm"])
    return np.asarray(frame["arm"] == TREATMENT, dtype=bool)


def numbers(column: pd.Series) -> Array:
    """Return a column as floats, unknown as NaN; refuse text and infinities without quoting them."""
    converted = pd.to_numeric(column, errors="coerce").to_numpy(dtype=float, na_value=np.nan)
    if bool((np.isnan(converted) & column.notna().to_numpy()).any()) or bool(np.isinf(converted).any()):
        raise EstimationRefusal(
            f"The column '{column.name}' holds something that is not a number.", "Correct it, or leave it empty."
        )
    return np.asarray(converted, dtype=float)


def check_zero_one(values: Array, name: str) -> None:
    """Refuse anything but 0 and 1."""
    if not np.isin(values, (0.0, 1.0)).all():
        raise EstimationRefusal(
            f"The column '{name}' must hold only 0 and 1.", "Code it so, or declare the outcome as count or continuous."
        )


def check_not_negative(values: Array, name: str) -> None:
    """Refuse values below zero."""
    if (values < 0).any():
        raise EstimationRefusal(
            f"The column '{name}' holds values below zero.", "Correct the dates or counts that it is made from."
        )


def below_floor(n: dict[str, int], events: dict[str, int] | None, design: Design) -> str | None:
    """Say why the arms may only be described, or return None."""
    if min(n.values()) < design.floor_per_arm:
        return f"An arm has fewer than {design.floor_per_arm} people with a known outcome: described, not compared."
    if events and design.floor_events and min(events.values()) < design.floor_events:
        return f"An arm has fewer than {design.floor_events} events: described, not compared."
    return None


def standing_warnings(sample: Sample, design: Design) -> tuple[str, ...]:
    """Return what must be said whichever engine answers."""
    strata = "stratum" in sample.rows and sample.rows["stratum"].nunique() > 1
    said = (
        (design.kind == "observational_unadjusted", OBSERVATIONAL),
        (strata, STRATA),
        (any(sample.missing.values()), MISSING),
    )
    return tuple(text for applies, text in said if applies)


def _check_columns(frame: pd.DataFrame, needed: tuple[str, ...]) -> None:
    absent = [name for name in needed if name not in frame.columns]
    if absent:
        raise EstimationRefusal(
            f"The analysis table has no column {', '.join(absent)}.", "Check the outcome's type in the protocol."
        )


def _check_arms(arm: pd.Series) -> None:
    """Refuse unknown and absent arms. Labels are not quoted: a badly mapped column could hold anything."""
    if not arm.isin(ARMS).all():
        raise EstimationRefusal(
            "Someone's arm is neither treatment nor comparison.",
            "Map every arm in the protocol, or leave those people out.",
        )
    absent = [name for name in ARMS if not (arm == name).any()]
    if absent:
        raise EstimationRefusal(
            f"Nobody is in the {' or the '.join(absent)} arm.", "Describe the arm that there is; do not compare."
        )


def _check_known(sample: Sample) -> None:
    empty = [name for name, count in sample.n.items() if count == 0]
    if empty:
        raise EstimationRefusal(
            f"No outcome is known in the {' or the '.join(empty)} arm.",
            "Wait for outcomes, or report how many are missing.",
        )
