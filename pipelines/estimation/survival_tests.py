"""Log-rank test of two arms; Cox's model is in `proportional_hazards`."""

import numpy as np
from numpy.typing import NDArray
from scipy.stats import chi2
from statsmodels.duration.survfunc import survdiff

from pipelines.estimation.sample import Array


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
