"""Are the arms alike at the start? Standardised mean differences for a baseline table, without tests."""

from collections.abc import Mapping
from dataclasses import dataclass
from math import sqrt
from typing import Literal

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from pipelines.estimation.covariates import as_text, is_numeric, levels
from pipelines.estimation.design import ARMS
from pipelines.estimation.sample import Array, numbers, treated_rows

FORMULA = "difference in means / sqrt((variance in treatment + variance in comparison) / 2); variance p(1-p) for shares"
GREEN, AMBER = 0.05, 0.10

Light = Literal["green", "amber", "red"]


@dataclass(frozen=True)
class BalanceRow:
    """One line of a baseline table.

    Parameters
    ----------
    covariate : str
        Column of the frame.
    level : str or None
        Level of a categorical covariate, whose `mean` is then the share of people in it.
    n, missing : mapping of arm to int
        People whose covariate is known, and not known.
    mean, sd : mapping of arm to float or None
        In the covariate's unit; shares between 0 and 1, with sd sqrt(p(1-p)). None where there is nobody (or one, for
        sd).
    smd : float or None
        Standardised mean difference, treatment minus comparison; None when it cannot be computed.
    variance_ratio : float or None
        Variance in treatment over variance in comparison; None for shares.
    light : {'green', 'amber', 'red'} or None
        By |smd|; red when the means differ and nothing varies; None when an arm is not known.
    formula : str
        How `smd` was made: programs differ.
    """

    covariate: str
    level: str | None
    n: Mapping[str, int]
    missing: Mapping[str, int]
    mean: Mapping[str, float | None]
    sd: Mapping[str, float | None]
    smd: float | None
    variance_ratio: float | None
    light: Light | None
    formula: str = FORMULA


def balance_table(frame: pd.DataFrame, covariates: tuple[str, ...]) -> tuple[BalanceRow, ...]:
    """Describe covariates by arm; unknown values are counted and left out, covariate by covariate.

    Parameters
    ----------
    frame : pandas.DataFrame, one row per participant
        `arm`, and the covariates: numbers, 0 and 1, or categories.
    covariates : tuple of str
        In the order of the table.

    Returns
    -------
    tuple of BalanceRow
        One per number, one per level of a category (levels sorted).

    Raises
    ------
    EstimationRefusal
        If a covariate is absent, or arms are missing or unknown.

    References
    ----------
    Austin 2009, Statistics in Medicine 28:3083-3107 (difference and variance ratio).
    """
    treated = treated_rows(frame, covariates)
    return tuple(row for name in covariates for row in _rows(frame[name], treated))


def standardised_difference(means: tuple[float, float], sds: tuple[float, float]) -> float | None:
    """Standardised mean difference of two arms.

    Parameters
    ----------
    means, sds : tuple of float
        Treatment first.

    Returns
    -------
    float or None
        0 when means and spreads are both without difference; None when means differ and nothing varies.

    References
    ----------
    Austin 2009, Statistics in Medicine 28:3083-3107.
    """
    pooled = sqrt((sds[0] ** 2 + sds[1] ** 2) / 2)
    if pooled > 0:
        return (means[0] - means[1]) / pooled
    return 0.0 if means[0] == means[1] else None


def light(smd: float | None) -> Light:
    """Return green below 0.05, amber below 0.10, else red; None means a difference without spread, which is red."""
    size = np.inf if smd is None else abs(smd)
    return "green" if size < GREEN else "amber" if size < AMBER else "red"


def worst_light(rows: tuple[BalanceRow, ...]) -> Light | None:
    """Return the table's light: its worst row's, or None when no row has one."""
    seen = {row.light for row in rows}
    order: tuple[Light, ...] = ("red", "amber", "green")
    return next((found for found in order if found in seen), None)


def _rows(column: pd.Series, treated: NDArray[np.bool_]) -> tuple[BalanceRow, ...]:
    if is_numeric(column):
        values = numbers(column)
        return (
            _row(column.name, None, values, treated, share=bool(np.isin(values[~np.isnan(values)], (0.0, 1.0)).all())),
        )
    known, text = column.notna().to_numpy(), as_text(column)
    shares = ((level, np.where(known, (text == level).to_numpy(dtype=float), np.nan)) for level in levels(column))
    return tuple(_row(column.name, level, values, treated, share=True) for level, values in shares)


def _row(name: object, level: str | None, values: Array, treated: NDArray[np.bool_], share: bool) -> BalanceRow:
    of = dict(zip(ARMS, (values[treated], values[~treated]), strict=True))
    known = {arm: x[~np.isnan(x)] for arm, x in of.items()}
    mean = {arm: float(x.mean()) if len(x) else None for arm, x in known.items()}
    sd = {arm: _sd(x, share) for arm, x in known.items()}
    (m1, m0), (s1, s0) = mean.values(), sd.values()
    n, missing = {arm: len(x) for arm, x in known.items()}, {arm: len(of[arm]) - len(known[arm]) for arm in ARMS}
    if m1 is None or m0 is None or s1 is None or s0 is None:
        return BalanceRow(str(name), level, n, missing, mean, sd, None, None, None)
    smd = standardised_difference((m1, m0), (s1, s0))
    ratio = s1**2 / s0**2 if s0 > 0 and not share else None
    return BalanceRow(str(name), level, n, missing, mean, sd, smd, ratio, light(smd))


def _sd(values: Array, share: bool) -> float | None:
    if len(values) < (1 if share else 2):
        return None
    if values.min() == values.max():
        return 0.0  # exactly: rounding in the mean would leave a trace
    p = float(values.mean())
    return sqrt(p * (1 - p)) if share else float(values.std(ddof=1))
