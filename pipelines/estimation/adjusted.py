"""The covariate-adjusted difference of a randomised design."""

from dataclasses import dataclass
from math import sqrt

import numpy as np
from numpy.typing import NDArray

from pipelines.estimation.covariance import bell_mccaffrey_df, least_squares_hc2, leverages
from pipelines.estimation.covariates import UNKNOWN, Encoded, as_text, encode
from pipelines.estimation.design import Design
from pipelines.estimation.result import Inference
from pipelines.estimation.sample import Array, Sample
from pipelines.estimation.welch import t_inference

# Fewer in either arm and the fit follows single people; also the floor of disclosure control for a regression.
RESIDUAL_DF_FLOOR = 10

TOO_SMALL = "The adjusted estimate is not shown: there are too few people in an arm for this many covariates."
LEVERAGE = "The adjusted estimate is not shown: with these covariates, one person alone would decide part of it."
DROPPED = "The adjusted estimate leaves out covariates (or levels) that add nothing, or do not vary, within an arm: "
NOTE = (
    "Ordinary least squares with every covariate centred and interacted with treatment, HC2 standard error, "
    "Bell-McCaffrey degrees of freedom (Lin 2013)."
)


@dataclass(frozen=True)
class Adjusted:
    """The adjusted difference, or None with the reason in `warnings`."""

    result: Inference | None
    warnings: tuple[str, ...]


def adjust(sample: Sample, outcome: Array, design: Design) -> Adjusted:
    """Difference in means adjusted for covariates declared beforehand, and for strata if there are any.

    Parameters
    ----------
    sample : Sample
        n people.
    outcome : array of float, shape (n,)
        Their outcome.
    design : Design
        Randomised; names the covariates.

    Returns
    -------
    Adjusted
        Result None when an arm would keep fewer than ten residual degrees of freedom, or someone has leverage 1.

    References
    ----------
    Lin 2013, Annals of Applied Statistics 7:295-318.
    """
    encoded = _encoded(sample, design)
    kept = independent_columns(encoded.columns, sample.treated)
    warnings = (*encoded.warnings, *_dropped(encoded, kept))
    columns = encoded.columns[:, kept]
    if min(sample.n.values()) - columns.shape[1] - 1 < RESIDUAL_DF_FLOOR:
        return Adjusted(None, (*warnings, TOO_SMALL))
    arms = (np.column_stack([np.ones(arm.sum()), columns[arm]]) for arm in (sample.treated, ~sample.treated))
    if max(leverages(arm).max() for arm in arms) > 1 - 1e-9:
        return Adjusted(None, (*warnings, LEVERAGE))
    try:
        return Adjusted(lin(columns, sample.treated, outcome, design.level), warnings)
    except ValueError as reason:
        return Adjusted(None, (*warnings, f"The adjusted estimate is not shown. {reason}"))


def lin(columns: Array, treated: NDArray[np.bool_], outcome: Array, level: float = 0.95) -> Inference:
    """Lin's estimator: regression on treatment, centred covariates, and their product.

    The standard error takes the covariates' averages as fixed.

    Parameters
    ----------
    columns : array of float, shape (n, k)
        Covariates, linearly independent within each arm.
    treated : array of bool, shape (n,)
        Arm.
    outcome : array of float, shape (n,)
        Outcome.
    level : float
        Confidence level.

    Returns
    -------
    Inference
        In the unit of the outcome; `df` is Bell and McCaffrey's.

    Raises
    ------
    ValueError
        If someone has leverage 1, or nothing is left to vary.

    References
    ----------
    Lin 2013, Annals of Applied Statistics 7:295-318.
    """
    # Dividing by the spread changes neither estimate nor error, and keeps pounds and ages comparable in the arithmetic.
    centred = (columns - columns.mean(axis=0)) / columns.std(axis=0)
    design_matrix = np.column_stack([np.ones(len(outcome)), treated, centred, treated[:, None] * centred])
    fit = least_squares_hc2(design_matrix, outcome)
    se = sqrt(fit.covariance[1, 1])
    if se <= 1e-10 * outcome.std():
        raise ValueError("No outcome varies once the covariates are taken into account.")
    return t_inference(float(fit.coefficients[1]), se, bell_mccaffrey_df(fit, 1), level)


def independent_columns(columns: Array, treated: NDArray[np.bool_]) -> list[int]:
    """Positions of columns, first come first kept, that are linearly independent within both arms."""
    kept: list[int] = []
    for position in range(columns.shape[1]):
        if all(_full_rank(columns[arm][:, [*kept, position]]) for arm in (treated, ~treated)):
            kept.append(position)
    return kept


def _full_rank(columns: Array) -> bool:
    """Whether centred and scaled columns are independent of each other and of the intercept."""
    spread = columns.std(axis=0)
    if (spread <= 1e-12 * (1 + np.abs(columns).max(axis=0))).any():
        return False
    return bool(
        np.linalg.matrix_rank((columns - columns.mean(axis=0)) / spread, tol=1e-8 * sqrt(columns.size))
        == columns.shape[1]
    )


def _encoded(sample: Sample, design: Design) -> Encoded:
    """Covariates, with strata as a category: a stratum numbered 1 to 9 is not a quantity."""
    rows = sample.rows
    if "stratum" not in rows or rows["stratum"].nunique() < 2:
        return encode(rows, design.covariates)
    return encode(rows.assign(stratum=as_text(rows["stratum"])), tuple(dict.fromkeys((*design.covariates, "stratum"))))


def _dropped(encoded: Encoded, kept: list[int]) -> tuple[str, ...]:
    # Covariates are named, levels are not: the level of a category may be what describes one person.
    lost = (name for i, name in enumerate(encoded.names) if i not in kept and not name.endswith(UNKNOWN))
    dropped = sorted({name.split(" = ")[0] for name in lost})
    return (f"{DROPPED}{', '.join(dropped)}.",) if dropped else ()
