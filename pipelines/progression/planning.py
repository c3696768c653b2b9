"""What a design can show before there are data, beyond what pipelines.estimation.doubt says of any design.

A planned design is described as one that arrived (`Arrived`). What it could detect, and what a clear result would be
worth, is computed there in closed form; simulated here is what has none: shares of few people, and of clusters.
"""

from __future__ import annotations

from dataclasses import dataclass
from math import sqrt
from typing import Any, Literal

from scipy.stats import norm
from scipy.stats import t as student

from pipelines.estimation.doubt.arrived import Arrived


def fixed_detectable(n: int, share: float, level: float = 0.95, power: float = 0.8) -> float:
    """Minimum detectable difference of a share against a comparison so large that it is known.

    Parameters
    ----------
    n : int
        People of the pilot, above zero.
    share : float
        Share in the comparison, strictly between 0 and 1.
    level, power : float
        Confidence level (two-sided) and power.

    Returns
    -------
    float
        (z + z) sqrt(share (1 - share) / n), as a proportion.

    Raises
    ------
    ValueError
        If a number is out of range.

    References
    ----------
    Bloom 1995, Evaluation Review 19:547-556.
    """
    if n < 1 or not 0 < share < 1:
        raise ValueError("People and a share between 0 and 1 are needed.")
    return float(norm.ppf(0.5 + level / 2) + norm.ppf(power)) * sqrt(share * (1 - share) / n)


@dataclass(frozen=True)
class Simulated:
    """What simulated pilots of a design found.

    Parameters
    ----------
    draws : int
        Pilots simulated.
    power : float
        Share of them with an interval that leaves out no difference.
    error : float
        Simulation standard error of `power`.
    wrong_sign : float or None
        Type S: of those, the share that points the wrong way; None when there was none.
    exaggeration : float or None
        Type M: their average size over the true size; None when there was none.
    """

    draws: int
    power: float
    error: float
    wrong_sign: float | None
    exaggeration: float | None


@dataclass(frozen=True)
class Trial:
    """A pilot to simulate.

    Parameters
    ----------
    kind : {"share", "mean"}
        Scale of the outcome.
    effect : float
        True difference, not zero; for a share as a proportion.
    design : Arrived
        Units with a known outcome in each group (rounded to whole ones), people in each cluster and their correlation.
        Covariates, blocks and unequal clusters are left out.
    baseline : float
        For a share: the share without the intervention.
    sd : float
        For a mean: standard deviation between people.
    level : float
        Level of the interval.
    """

    kind: Literal["share", "mean"]
    effect: float
    design: Arrived
    baseline: float = 0.5
    sd: float = 1.0
    level: float = 0.95

    @property
    def n_treatment(self) -> int:
        """Whole units in the treatment group."""
        return round(self.design.treatment)

    @property
    def n_comparison(self) -> int:
        """Whole units in the comparison group."""
        return round(self.design.treatment + self.design.comparison) - self.n_treatment

    @property
    def per_cluster(self) -> int:
        """Whole people in each cluster; 0 where people are assigned one by one."""
        return max(int(self.design.per_cluster), 1) if self.design.per_cluster else 0

    @property
    def icc(self) -> float:
        """Intracluster correlation."""
        return self.design.icc


def simulate(trial: Trial, draws: int, seed: int) -> Simulated:
    """Power, type S and type M error by simulation.

    Each pilot is compared by Student's t of the people, or of the averages of the clusters, as its report would.

    Parameters
    ----------
    trial : Trial
    draws : int
        Pilots to simulate, above zero.
    seed : int
        Seed; the same seed gives the same answer on any machine.

    Returns
    -------
    Simulated

    Raises
    ------
    ValueError
        If the true share would not lie between 0 and 1, or a group is too small for a spread.

    References
    ----------
    Gelman & Carlin 2014, Perspectives on Psychological Science 9:641-651.
    """
    import numpy as np

    _possible(trial, draws)
    generator = np.random.Generator(np.random.PCG64(seed))
    treated = _arm(generator, trial, trial.n_treatment, trial.effect, draws)
    compared = _arm(generator, trial, trial.n_comparison, 0.0, draws)
    difference = treated[0] - compared[0]
    df = trial.n_treatment + trial.n_comparison - 2
    pooled = ((trial.n_treatment - 1) * treated[1] + (trial.n_comparison - 1) * compared[1]) / df
    error = np.sqrt(pooled * (1 / trial.n_treatment + 1 / trial.n_comparison))
    clear = np.abs(difference) > float(student.ppf(0.5 + trial.level / 2, df)) * error
    found = difference[clear]
    power = float(clear.mean())
    wrong = float((np.sign(found) != np.sign(trial.effect)).mean()) if found.size else None
    size = float(np.abs(found).mean() / abs(trial.effect)) if found.size else None
    return Simulated(draws, power, sqrt(power * (1 - power) / draws), wrong, size)


def _possible(trial: Trial, draws: int) -> None:
    share = trial.kind == "share"
    if trial.effect == 0 or draws < 1 or min(trial.n_treatment, trial.n_comparison) < 2:
        raise ValueError("Suppose a difference, and at least two units in each group.")
    if share and not (0 < trial.baseline < 1 and 0 < trial.baseline + trial.effect < 1):
        raise ValueError("The difference would carry the share past 0 or 1.")


def _arm(generator: Any, trial: Trial, n: int, effect: float, draws: int) -> tuple[Any, Any]:
    """Return mean and variance (n - 1) of the units of a group in every draw; arrays of length `draws`."""
    import numpy as np

    if trial.kind == "share" and not trial.per_cluster:
        events = generator.binomial(n, trial.baseline + effect, draws)
        share = events / n
        return share, share * (1 - share) * n / (n - 1)
    if trial.kind == "share":
        units = _cluster_shares(generator, trial, n, trial.baseline + effect, draws)
        return units.mean(axis=1), units.var(axis=1, ddof=1)
    per_unit = trial.icc + (1 - trial.icc) / trial.per_cluster if trial.per_cluster else 1.0
    spread = trial.sd * sqrt(per_unit)
    mean = effect + spread / sqrt(n) * generator.standard_normal(draws)
    return mean, spread**2 * np.asarray(generator.chisquare(n - 1, draws)) / (n - 1)


def _cluster_shares(generator: Any, trial: Trial, n: int, share: float, draws: int) -> Any:
    """Return shares of clusters (draws x n): beta-binomial with the intracluster correlation."""
    risk: Any = share
    if trial.icc > 0:
        strength = (1 - trial.icc) / trial.icc
        risk = generator.beta(share * strength, (1 - share) * strength, (draws, n))
    return generator.binomial(trial.per_cluster, risk, (draws, n)) / trial.per_cluster
