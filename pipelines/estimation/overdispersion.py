"""Do counts vary more than a Poisson model allows? Tests of Cameron & Trivedi and of Dean."""

from dataclasses import dataclass
from math import sqrt

import numpy as np
from numpy.typing import ArrayLike
from scipy.stats import norm

from pipelines.estimation.arrays import numbers_of
from pipelines.estimation.count_models import CountFit
from pipelines.estimation.result import Inference
from pipelines.estimation.sample import Array

YES = "The counts vary more than a Poisson model allows, so its own standard errors are too small."
NO = "There is no sign that the counts vary more than a Poisson model allows."


@dataclass(frozen=True)
class Overdispersion:
    """Tests of a Poisson fit against more variance; every `p` is one-sided (more, not less).

    Parameters
    ----------
    cameron_trivedi_nb2, cameron_trivedi_nb1 : Inference
        Auxiliary regressions: variance mu + value mu^2, and mu + value mu.
    dean_b, dean_c : Inference
        Dean's P_B and P_C, with the correction for fitted means; standard normal.
    sentence : str
        In plain words, by `dean_b` at the 5% level.
    """

    cameron_trivedi_nb2: Inference
    cameron_trivedi_nb1: Inference
    dean_b: Inference
    dean_c: Inference
    sentence: str


def overdispersion(counts: ArrayLike, fit: CountFit) -> Overdispersion:
    """Test a Poisson fit for overdispersion.

    Parameters
    ----------
    counts : array of int, shape (n,)
        The counts that were fitted.
    fit : CountFit
        From `count_models.poisson`.

    Returns
    -------
    Overdispersion
        Four tests and a sentence.

    References
    ----------
    Cameron & Trivedi 1990, Journal of Econometrics 46:347-364; Dean 1992, JASA 87:451-457.
    """
    (y,) = numbers_of(counts=counts)
    mu = fit.fitted
    extra = (y - mu) ** 2 - y
    corrected = extra + fit.leverage * mu
    dean_b = _normal(float(corrected.sum()) / sqrt(2 * float((mu**2).sum())))
    return Overdispersion(
        _through_origin(extra / mu, mu),
        _through_origin(extra / mu, np.ones(len(mu))),
        dean_b,
        _normal(float((corrected / mu).sum()) / sqrt(2 * len(mu))),
        YES if dean_b.p is not None and dean_b.p < 0.05 else NO,
    )


def _through_origin(y: Array, x: Array) -> Inference:
    square = float(x @ x)
    slope = float(x @ y) / square
    residuals = y - slope * x
    se = sqrt(float(residuals @ residuals) / (len(y) - 1) / square)
    # A perfect fit happens only when nothing varies, and then there is no test.
    return Inference(slope, se, statistic=slope / se, p=float(norm.sf(slope / se))) if se > 0 else Inference(slope)


def _normal(statistic: float) -> Inference:
    return Inference(None, statistic=statistic, p=float(norm.sf(statistic)))
