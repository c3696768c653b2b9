"""Adjusted risk difference and risk ratio: everybody's predicted risk under each arm, averaged (g-computation)."""

from dataclasses import dataclass
from math import log, sqrt
from typing import Literal

import numpy as np
from numpy.typing import ArrayLike
from scipy.special import expit

from pipelines.estimation.arrays import arms_of, check_binary, check_independent, numbers_of
from pipelines.estimation.covariance import bell_mccaffrey_df, least_squares_hc2
from pipelines.estimation.logistic import logit
from pipelines.estimation.refusal import EstimationRefusal
from pipelines.estimation.result import Inference
from pipelines.estimation.sample import Array
from pipelines.estimation.welch import log_ratio, t_inference, z_inference

Variance = Literal["influence", "delta"]


@dataclass(frozen=True)
class StandardisedRisks:
    """Risks averaged over everybody's covariates.

    Parameters
    ----------
    treatment, comparison : float
        Average risk if everybody, or nobody, were treated.
    risk_difference, risk_ratio : Inference
        Treatment against comparison; `se` of the ratio is on the log scale.
    """

    treatment: float
    comparison: float
    risk_difference: Inference
    risk_ratio: Inference


def standardised_risks(
    outcome: ArrayLike, treated: ArrayLike, covariates: ArrayLike, level: float = 0.95, variance: Variance = "influence"
) -> StandardisedRisks:
    """Adjusted risks from a logistic regression on arm and covariates.

    Parameters
    ----------
    outcome : array of float, shape (n,)
        0 or 1.
    treated : array of bool, shape (n,)
        Arm.
    covariates : array of float, shape (n, k)
        Without a constant; k may be 0.
    level : float
        Confidence level.
    variance : {'influence', 'delta'}
        'influence' (default) allows for the model being wrong and for covariates being a sample; 'delta' trusts the
        model and takes the covariates as fixed, as most software does.

    Returns
    -------
    StandardisedRisks
        As proportions.

    Raises
    ------
    EstimationRefusal
        If the data are separated or columns are dependent.
    ValueError
        If the outcome is not 0 and 1.

    References
    ----------
    Ge et al. 2011, Drug Information Journal 45:481-493 (delta); Ye et al. 2023, Statistical Theory and Related Fields
    7:159-163 (influence); FDA 2023, Adjusting for Covariates in Randomized Clinical Trials.
    """
    y, z = numbers_of(outcome=outcome, covariates=covariates)
    arm = arms_of(treated, len(y))
    columns = np.column_stack([np.ones(len(y)), arm, z])
    fit = logit(columns, y)
    risks, slopes = zip(*(_under(columns, fit.coefficients, value) for value in (1.0, 0.0)), strict=True)
    means, gradient = np.array([r.mean() for r in risks]), np.array(slopes)
    if variance == "delta":
        covariance = gradient @ fit.covariance @ gradient.T
    else:
        scores = columns * (y - fit.fitted)[:, None]
        influence = (np.array(risks) - means[:, None]).T / len(y) + scores @ fit.covariance @ gradient.T
        covariance = influence.T @ influence
    return _contrast(means, covariance, level)


def linear_probability(outcome: ArrayLike, treated: ArrayLike, covariates: ArrayLike, level: float = 0.95) -> Inference:
    """Adjusted risk difference by least squares (linear probability model), HC2 with Bell-McCaffrey df.

    Parameters
    ----------
    outcome, treated, covariates, level
        As for `standardised_risks`.

    Returns
    -------
    Inference
        As a proportion.

    Raises
    ------
    EstimationRefusal
        If columns are dependent, or one person has leverage 1.

    References
    ----------
    Angrist & Pischke 2009, Mostly Harmless Econometrics, section 3.4.2.
    """
    y, z = numbers_of(outcome=outcome, covariates=covariates)
    check_binary(y, "outcome")
    columns = np.column_stack([np.ones(len(y)), arms_of(treated, len(y)), z])
    check_independent(columns)
    try:
        fit = least_squares_hc2(columns, y)
    except ValueError:
        raise EstimationRefusal(
            "With these covariates, one person alone would decide part of the estimate.", "Use fewer covariates."
        ) from None
    se = sqrt(fit.covariance[1, 1])
    if se <= 1e-12:
        raise EstimationRefusal("The outcome does not vary.", "Use Newcombe's interval, without covariates.")
    return t_inference(float(fit.coefficients[1]), se, bell_mccaffrey_df(fit, 1), level)


def _under(columns: Array, coefficients: Array, value: float) -> tuple[Array, Array]:
    """Everybody's risk under one arm, and how its mean moves with the coefficients."""
    moved = columns.copy()
    moved[:, 1] = value
    risk = expit(moved @ coefficients)
    return risk, moved.T @ (risk * (1 - risk)) / len(risk)


def _contrast(means: Array, covariance: Array, level: float) -> StandardisedRisks:
    p1, p0 = (float(p) for p in means)
    both = np.array([1.0, -1.0])
    relative = np.array([1 / p1, -1 / p0])
    return StandardisedRisks(
        p1,
        p0,
        z_inference(p1 - p0, sqrt(float(both @ covariance @ both)), level),
        log_ratio(log(p1 / p0), sqrt(float(relative @ covariance @ relative)), level),
    )
