"""Dose and response: how the outcome goes with how much people took. Shown with its warning, never as a headline."""

from dataclasses import dataclass
from math import sqrt
from typing import Literal

import numpy as np
from numpy.typing import ArrayLike
from scipy.stats import f as fisher
from scipy.stats import t as student

from pipelines.estimation.covariance import Fit, bell_mccaffrey_df, least_squares_hc2
from pipelines.estimation.refusal import EstimationRefusal
from pipelines.estimation.result import Inference
from pipelines.estimation.sample import Array
from pipelines.estimation.take_up.anderson_rubin import AndersonRubin, anderson_rubin
from pipelines.estimation.take_up.compliance import (
    UNBOUNDED,
    UNTESTABLE,
    WEAK,
    WEAK_BELOW,
    inference,
    known_people,
    refuse_not_moved,
    two_stage_least_squares,
)
from pipelines.estimation.take_up.first_stage import stages

CHOSEN = (
    "People chose their dose, or it was chosen for them: those who took more may differ in every other way, and those "
    "doing well may stay longer. This describes who took how much; it is not what more would do."
)
ESTIMAND = "How the mean outcome differs between people of the treatment group who took different doses."
BY_ASSIGNMENT = (
    "The average effect of one more unit of dose, weighted towards the people and doses that the offer moved most, if "
    "the offer changes the outcome only through the dose and lowers nobody's."
)
LINEAR_BEYOND = "It takes the effect of a unit to be the same at every dose."
FEWEST = 10

Form = Literal["linear", "spline"]


@dataclass(frozen=True)
class DosePoint:
    """Mean outcome at a dose, with pointwise limits."""

    dose: float
    mean: Inference


@dataclass(frozen=True)
class DoseResponse:
    """A curve; counts are not yet disclosure-checked.

    Parameters
    ----------
    estimand, warning : str
        To be printed with it.
    slope : Inference
        Of a straight line, outcome per unit of dose; HC2 with Bell and McCaffrey's degrees of freedom.
    curve : tuple of DosePoint
        At evenly spaced doses from the 5th to the 95th percentile.
    bent_p : float or None
        Of a straight line, against the spline; None for a linear form.
    knots : tuple of float
        Of the spline.
    n, left_out : int
        People with dose and outcome known; others.
    """

    estimand: str
    warning: str
    slope: Inference
    curve: tuple[DosePoint, ...]
    bent_p: float | None
    knots: tuple[float, ...]
    n: int
    left_out: int


@dataclass(frozen=True)
class DoseEffect:
    """Effect per unit of dose with assignment as the instrument.

    Parameters
    ----------
    estimand : str
        In a sentence.
    result : Inference
        Outcome per unit of dose.
    first_stage_f : float
        Robust.
    anderson_rubin : AndersonRubin
        Confidence set that holds with a weak instrument.
    n, left_out : int
        People.
    warnings : tuple of str
        Plain sentences, to be printed.
    """

    estimand: str
    result: Inference
    first_stage_f: float
    anderson_rubin: AndersonRubin
    n: int
    left_out: int
    warnings: tuple[str, ...]


def dose_response(
    dose: ArrayLike,
    outcome: ArrayLike,
    form: Form = "linear",
    knots: tuple[float, ...] | None = None,
    points: int = 9,
    level: float = 0.95,
) -> DoseResponse:
    """Outcome on dose within the treatment group.

    Parameters
    ----------
    dose, outcome : array of float, shape (n,)
        Of the treatment group; NaN if unknown.
    form : {'linear', 'spline'}
        Straight line, or restricted cubic spline (straight beyond the outer knots).
    knots : tuple of float or None
        At least three, declared; None takes the 10th, 50th and 90th percentiles.
    points : int
        Of the curve.
    level : float
        Confidence level.

    Returns
    -------
    DoseResponse
        With its warning.

    Raises
    ------
    EstimationRefusal
        If fewer than ten people, or too few different doses, are known.

    References
    ----------
    Harrell 2015, Regression Modeling Strategies, section 2.4.5.
    """
    x, y, left_out = _known(dose, outcome)
    used = _knots(x, knots) if form == "spline" else ()
    straight = _fit(np.column_stack([np.ones(len(x)), x]), y)
    columns = _basis(x, used)
    curved = _fit(columns, y) if used else straight
    at = np.linspace(float(np.quantile(x, 0.05)), float(np.quantile(x, 0.95)), points)
    curve = tuple(
        DosePoint(float(where), _contrast(curved, row, level)) for where, row in zip(at, _basis(at, used), strict=True)
    )
    slope = inference(float(straight.coefficients[1]), sqrt(straight.covariance[1, 1]), _df(straight), level)
    bent = _bent(curved, len(x)) if used else None
    return DoseResponse(ESTIMAND, CHOSEN, slope, curve, bent, used, len(x), left_out)


def dose_by_assignment(
    assigned: ArrayLike,
    dose: ArrayLike,
    outcome: ArrayLike,
    covariates: ArrayLike | None = None,
    cluster: ArrayLike | None = None,
    level: float = 0.95,
) -> DoseEffect:
    """Effect per unit of dose by two-stage least squares.

    Parameters
    ----------
    assigned, outcome, covariates, cluster, level
        As in `compliance.complier_effect`.
    dose : array of float, shape (n,)
        Zero for those who took nothing, in either arm.

    Returns
    -------
    DoseEffect
        Weighted average of effects per unit (average causal response).

    Raises
    ------
    EstimationRefusal
        If the offer did not raise the mean dose.

    References
    ----------
    Angrist & Imbens 1995, Journal of the American Statistical Association 90:431-442.
    """
    people = known_people(assigned, dose, outcome, covariates, cluster)
    found = stages(people.outcome, people.took, people.columns, clusters=people.clusters)
    refuse_not_moved(found.uptake)
    value, se = two_stage_least_squares(people)
    ar = anderson_rubin(found, level)
    said = ((found.strength < WEAK_BELOW, WEAK), (ar.shape != "interval", UNBOUNDED))
    return DoseEffect(
        BY_ASSIGNMENT,
        inference(value, se, found.df, level),
        found.strength,
        ar,
        len(people.outcome),
        people.left_out,
        (LINEAR_BEYOND, UNTESTABLE, *(sentence for holds, sentence in said if holds)),
    )


def _known(dose: ArrayLike, outcome: ArrayLike) -> tuple[Array, Array, int]:
    x, y = np.asarray(dose, dtype=float), np.asarray(outcome, dtype=float)
    both = np.isfinite(x) & np.isfinite(y)
    left_out = int((~both).sum())
    order = np.lexsort((y[both], x[both]))
    x, y = x[both][order], y[both][order]
    if len(x) < FEWEST or len(np.unique(x)) < 2:
        raise EstimationRefusal("Too few people, or too few different doses, are known.", "Describe the doses.")
    return x, y, left_out


def _knots(x: Array, declared: tuple[float, ...] | None) -> tuple[float, ...]:
    knots = np.unique(np.quantile(x, (0.1, 0.5, 0.9)) if declared is None else np.array(declared, dtype=float))
    if len(knots) < 3 or (x <= knots[0]).sum() < 2 or (x > knots[-2]).sum() < 2:
        raise EstimationRefusal("The doses are too much alike for a curve.", "Use a straight line.")
    return tuple(float(k) for k in knots)


def _basis(x: Array, knots: tuple[float, ...]) -> Array:
    """Intercept, dose and, with m knots, m - 2 columns that are straight beyond the outer ones."""
    columns = [np.ones(len(x)), x]
    if knots:
        last, before = knots[-1], knots[-2]

        def cube(from_knot: float) -> Array:
            return np.asarray(np.maximum(x - from_knot, 0) ** 3)

        for knot in knots[:-2]:
            tail = (cube(before) * (last - knot) - cube(last) * (before - knot)) / (last - before)
            columns.append((cube(knot) - tail) / (last - knots[0]) ** 2)
    return np.column_stack(columns)


def _fit(columns: Array, outcome: Array) -> Fit:
    try:
        return least_squares_hc2(columns, outcome)
    except (ValueError, np.linalg.LinAlgError):
        raise EstimationRefusal("One person's dose alone decides the curve.", "Describe the doses.") from None


def _df(fit: Fit) -> float:
    return bell_mccaffrey_df(fit, 1)


def _contrast(fit: Fit, row: Array, level: float) -> Inference:
    value, variance = float(row @ fit.coefficients), float(row @ fit.covariance @ row)
    if variance <= 0:
        return Inference(value)
    half = float(student.ppf(0.5 + level / 2, len(fit.leverage) - len(row))) * sqrt(variance)
    return Inference(value, sqrt(variance), value - half, value + half, None, float(len(fit.leverage) - len(row)))


def _bent(fit: Fit, n: int) -> float:
    """Wald test that the columns beyond the straight line are zero, by F."""
    extra = fit.coefficients[2:]
    wald = float(extra @ np.linalg.solve(fit.covariance[2:, 2:], extra)) / len(extra)
    return float(fisher.sf(wald, len(extra), n - len(fit.coefficients)))
