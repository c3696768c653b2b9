"""What stands beside the restricted mean: the log-rank test and Cox's hazard ratio."""

import warnings

import numpy as np
from numpy.typing import NDArray
from scipy.stats import chi2
from statsmodels.duration.hazard_regression import PHReg
from statsmodels.duration.survfunc import survdiff

from pipelines.estimation.result import Inference
from pipelines.estimation.sample import Array
from pipelines.estimation.welch import log_ratio


def log_rank(time: Array, event: Array, treated: NDArray[np.bool_]) -> tuple[float, float]:
    """Log-rank test of two arms.

    Parameters
    ----------
    time, event : array of float, shape (n,)
        Times, and 1 for the event; both arms present, at least one event.
    treated : array of bool, shape (n,)
        Arm.

    Returns
    -------
    tuple of float
        Chi-square on 1 degree of freedom, and its p-value.

    References
    ----------
    Mantel 1966, Cancer Chemotherapy Reports 50:163-170; Peto & Peto 1972, JRSS A 135:185-207.
    """
    statistic = float(survdiff(time, event, treated.astype(float))[0])
    # From the survival function: statsmodels' 1 - cdf is 0 for every very small p.
    return statistic, float(chi2.sf(statistic, 1))


def cox(time: Array, event: Array, columns: Array, level: float = 0.95) -> Inference:
    """Hazard ratio of the first column in a proportional hazards model, ties by Efron's method.

    Parameters
    ----------
    time, event : array of float, shape (n,)
        Times, and 1 for the event.
    columns : array of float, shape (n, k)
        Treatment first, then covariates.
    level : float
        Confidence level.

    Returns
    -------
    Inference
        The hazard ratio; `se` is on the log scale.

    Raises
    ------
    ValueError
        If the model cannot be fitted, for instance because a covariate predicts the event perfectly.

    References
    ----------
    Cox 1972, JRSS B 34:187-220; Efron 1977, JASA 72:557-565.
    """
    spread = columns.std(axis=0)
    log_hazard, se = _fit(time, event, (columns - columns.mean(axis=0)) / spread)
    if not np.isfinite([log_hazard, se]).all() or se > 10:
        raise ValueError("The proportional hazards model could not be fitted.")
    unit = float(spread[0])
    return log_ratio(log_hazard / unit, se / unit, level)


def _fit(time: Array, event: Array, columns: Array) -> tuple[float, float]:
    """First coefficient and its standard error; a fit that statsmodels warns about counts as none."""
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        try:
            fit = PHReg(time, columns, status=event, ties="efron").fit()
        except (Warning, np.linalg.LinAlgError, ValueError) as fault:
            raise ValueError("The proportional hazards model could not be fitted.") from fault
    return float(fit.params[0]), float(fit.bse[0])
