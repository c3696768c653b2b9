"""How far one person alone could move an estimate: said coarsely, and never whose."""

from dataclasses import dataclass
from math import ceil, sqrt

import numpy as np

from pipelines.estimation.covariance import least_squares_hc2
from pipelines.estimation.doubt.wording import figure
from pipelines.estimation.refusal import EstimationRefusal
from pipelines.estimation.sample import Array


@dataclass(frozen=True)
class OnePerson:
    """The largest influence of one person. Holds neither a person's place nor an exact figure that could give one away.

    Parameters
    ----------
    n : int
        People.
    at_most : float
        Largest change of the coefficient when one person is left out, in standard errors, rounded up to tenths.
    changes_sign : bool
        Whether some one person's absence would turn the sign.
    """

    n: int
    at_most: float
    changes_sign: bool

    @property
    def sentence(self) -> str:
        """Whether the finding rests on one person, for a manager."""
        said = f"Leaving out any one person would move the estimate by less than {figure(self.at_most)} of its margin"
        if self.changes_sign:
            return "Without one single person the estimate would change direction: do not build on it."
        end = "nobody alone decides it" if self.at_most <= 0.5 else "a few people weigh heavily in it"
        return f"{said} (standard error): {end}."


def influence_of_one_person(columns: Array, outcome: Array, coefficient: int) -> OnePerson:
    """Largest change of one coefficient when one person is left out (DFBETA), without a fit for each.

    Parameters
    ----------
    columns : array of float, shape (n, k)
        Regressors with the intercept, of full rank.
    outcome : array of float, shape (n,)
        Outcome.
    coefficient : int
        Position of the coefficient.

    Returns
    -------
    OnePerson

    Raises
    ------
    EstimationRefusal
        If one person alone decides a coefficient, columns depend on each other, or no outcome is left to vary.

    References
    ----------
    Belsley, Kuh & Welsch 1980, Regression Diagnostics, section 2.1; standard error HC2.
    """
    try:
        fit = least_squares_hc2(columns, outcome)
    except (ValueError, np.linalg.LinAlgError):
        raise EstimationRefusal(
            "One person alone decides a coefficient, or covariates depend on each other.", "Use fewer covariates."
        ) from None
    residual = outcome - columns @ fit.coefficients
    moves = (columns @ fit.bread[:, coefficient]) * residual / (1 - fit.leverage)
    estimate, se = float(fit.coefficients[coefficient]), sqrt(float(fit.covariance[coefficient, coefficient]))
    if not se > 1e-12 * max(float(np.abs(outcome).max()), 1e-300):
        raise EstimationRefusal("No outcome varies once the covariates are taken into account.", "Describe the arms.")
    turned = bool(((estimate - moves) * np.sign(estimate) <= 0).any()) if estimate else True
    return OnePerson(len(outcome), max(ceil(10 * float(np.abs(moves).max()) / se) / 10, 0.1), turned)
