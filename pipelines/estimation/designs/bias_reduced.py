"""CR2 with Satterthwaite degrees of freedom, in the shape that the designs over time ask for."""

import numpy as np

from pipelines.estimation.cluster_robust import contrast_test, fit_clustered
from pipelines.estimation.over_time.influence import Codes
from pipelines.estimation.refusal import EstimationRefusal
from pipelines.estimation.result import Inference
from pipelines.estimation.sample import Array

CR2 = "CR2 standard error with Satterthwaite degrees of freedom (Pustejovsky & Tipton 2018)."


def cr2(columns: Array, outcome: Array, clusters: Codes, coefficient: int, level: float) -> Inference:
    """Least squares with a bias-reduced clustered standard error, as a `clustering.ClusterRobust`.

    Parameters
    ----------
    columns : array of float, shape (n, k)
        Regressors with the intercept, of full rank.
    outcome : array of float, shape (n,)
        Outcome.
    clusters : array of int, shape (n,)
        Coded from 0.
    coefficient : int
        Position of the coefficient.
    level : float
        Confidence level.

    Returns
    -------
    Inference
        In the unit of the outcome; the value alone where one cluster decides it, or nothing varies between clusters.

    References
    ----------
    Bell & McCaffrey 2002, Survey Methodology 28:169-181; Pustejovsky & Tipton 2018, Journal of Business & Economic
    Statistics 36:672-683.
    """
    try:
        return contrast_test(fit_clustered(columns, outcome, clusters), coefficient, "CR2", level)
    except EstimationRefusal:
        return Inference(float(np.linalg.lstsq(columns, outcome, rcond=None)[0][coefficient]))
