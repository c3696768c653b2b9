"""Two-way fixed effects of a treatment indicator: what staggered designs used to report, and why not to trust it."""

from dataclasses import dataclass

import numpy as np

from pipelines.estimation.over_time.influence import make_clusters
from pipelines.estimation.over_time.panel import Panel
from pipelines.estimation.result import Inference
from pipelines.estimation.sample import Array
from pipelines.estimation.welch import t_inference

WARNING = (
    "Two-way fixed effects also compare those treated later with those treated earlier, whose own effects may still be "
    "growing: the number can even have the wrong sign. It is shown because other reports print it, never as the answer."
)
TOLERANCE = 1e-12
SWEEPS = 10_000


@dataclass(frozen=True)
class TwoWay:
    """The regression's coefficient and what is wrong with it.

    Parameters
    ----------
    result : Inference
        In the unit of the outcome; clustered by unit or declared cluster. The clustered variance is multiplied by
        N / (N - K), N rows and K coefficients with those of units and periods, as linearmodels does (other programs
        leave units out of K); t with G - 1 degrees of freedom for G clusters.
    negative_weight_share : float
        Share of treated unit-periods whose effect counts negatively in the coefficient.
    warning : str
        To be printed with it.
    """

    result: Inference
    negative_weight_share: float
    warning: str = WARNING


def two_way_fixed_effects(panel: Panel, level: float = 0.95) -> TwoWay | None:
    """Regression on a treatment indicator, unit and period effects; None where the indicator does not vary enough.

    Parameters
    ----------
    panel : Panel
        n units in T periods; covariates are ignored, weights are not.
    level : float
        Confidence level.

    Returns
    -------
    TwoWay or None
        With the share of negative weights.

    References
    ----------
    de Chaisemartin & D'Haultfoeuille 2020, American Economic Review 110:2964-2996; Goodman-Bacon 2021, Journal of
    Econometrics 225:254-277.
    """
    seen = ~np.isnan(panel.outcome)
    on = (panel.periods[None, :] >= panel.cohort[:, None]).astype(float)
    weight = np.ones((len(seen), 1)) if panel.weight is None else panel.weight[:, None]
    d = demeaned(on, seen, panel.weight)
    strength = float((weight * d**2).sum())
    clusters = make_clusters(np.zeros(len(panel.cohort), dtype=np.intp), panel.cluster)
    if strength < 1e-9 * seen.sum() or clusters.count < 2:
        return None
    y = demeaned(np.where(seen, panel.outcome, 0.0), seen, panel.weight)
    value = float((weight * d * y).sum() / strength)
    scores = clusters.sums((weight * d * (y - value * d)).sum(axis=1))
    se = float(np.sqrt(_factor(seen) * (scores**2).sum())) / strength
    negative = float((d[(on == 1) & seen] < 0).mean())
    result = t_inference(value, se, clusters.count - 1, level) if se > 0 else Inference(value)
    return TwoWay(result, negative)


def demeaned(values: Array, seen: Array, weight: Array | None = None) -> Array:
    """Values less unit and period effects, shape (n, T); zero where not seen. Units count by weight, shape (n,)."""
    heavy = np.ones((len(seen), 1)) if weight is None else weight[:, None]
    counts_unit, counts_period = np.maximum(seen.sum(axis=1), 1), (heavy * seen).sum(axis=0)
    counts_period = np.where(counts_period > 0, counts_period, 1.0)
    left = np.where(seen, values, 0.0)
    scale = np.abs(left).max() or 1.0
    for _ in range(SWEEPS):
        left = left - np.where(seen, (left.sum(axis=1) / counts_unit)[:, None], 0.0)
        period = (heavy * left).sum(axis=0) / counts_period
        left = left - np.where(seen, period, 0.0)
        if np.abs(period).max() <= TOLERANCE * scale:
            break
    return left


def _factor(seen: Array) -> float:
    rows, parameters = int(seen.sum()), 1 + seen.shape[0] + seen.shape[1] - 1
    return rows / max(rows - parameters, 1)
