"""What a design can show before there are data: detectable differences, and power by simulation."""

from __future__ import annotations

from dataclasses import dataclass
from math import isfinite, sqrt
from typing import Any, Literal

from scipy.stats import norm
from scipy.stats import t as student

from pipelines.estimation.doubt.arrived import Detectable


def individual_detectable(
    n: int, sd: float, share_treated: float = 0.5, r2: float = 0.0, level: float = 0.95, power: float = 0.8
) -> Detectable:
    """Minimum detectable difference where people are assigned one by one.

    Parameters
    ----------
    n : int
        People with a known outcome, at least three.
    sd : float
        Standard deviation between people, above zero; sqrt(p (1 - p)) for a share.
    share_treated : float
        Part in the treatment group, between 0 and 1.
    r2 : float
        Part of the variance that covariates explain.
    level, power : float
        Confidence level (two-sided) and power.

    Returns
    -------
    Detectable

    Raises
    ------
    ValueError
        If a number is out of range.

    References
    ----------
    Bloom 1995, Evaluation Review 19:547-556; Dong & Maynard 2013, Journal of Research on Educational Effectiveness
    6:24-67.
    """
    _insist(sd, share_treated, r2, n - 2)
    return _detectable((1 - r2) / (share_treated * (1 - share_treated) * n), sd, n - 2, level, power)


def cluster_detectable(
    clusters: int,
    per_cluster: float,
    icc: float,
    sd: float,
    share_treated: float = 0.5,
    r2: float = 0.0,
    level: float = 0.95,
    power: float = 0.8,
) -> Detectable:
    """Minimum detectable difference where whole clusters are assigned.

    Parameters
    ----------
    clusters : int
        Clusters in all, at least three.
    per_cluster : float
        People with a known outcome in each (the harmonic mean where they differ), at least one.
    icc : float
        Intracluster correlation, 0 to 1.
    sd, share_treated, level, power : as for `individual_detectable`.
    r2 : float
        Part of the variance that covariates explain, within and between clusters.

    Returns
    -------
    Detectable
        On clusters - 2 degrees of freedom.

    Raises
    ------
    ValueError
        If a number is out of range.

    References
    ----------
    Dong & Maynard 2013, Journal of Research on Educational Effectiveness 6:24-67.
    """
    _insist(sd, share_treated, r2, clusters - 2)
    if not 0 <= icc < 1 or per_cluster < 1:
        raise ValueError("A cluster holds somebody, and its correlation lies between 0 and 1.")
    spread = share_treated * (1 - share_treated) * clusters
    variance = (1 - r2) * (icc / spread + (1 - icc) / (spread * per_cluster))
    return _detectable(variance, sd, clusters - 2, level, power)


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


def _detectable(variance: float, sd: float, df: int, level: float, power: float) -> Detectable:
    multiplier = float(student.ppf(0.5 + level / 2, df) + student.ppf(power, df))
    standardised = multiplier * sqrt(variance)
    return Detectable(standardised, standardised * sd, multiplier, df, level, power)


def _insist(sd: float, share_treated: float, r2: float, df: int) -> None:
    if not isfinite(sd) or sd <= 0 or not 0 < share_treated < 1 or not 0 <= r2 < 1 or df < 1:
        raise ValueError("A design needs an outcome that varies, people in both groups, and three units in all.")


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
    n_treatment, n_comparison : int
        People with a known outcome; for clusters, clusters.
    baseline : float
        For a share: the share without the intervention.
    sd : float
        For a mean: standard deviation between people.
    per_cluster : int
        People in each cluster; 0 where people are assigned one by one.
    icc : float
        Intracluster correlation.
    level : float
        Level of the interval.
    """

    kind: Literal["share", "mean"]
    effect: float
    n_treatment: int
    n_comparison: int
    baseline: float = 0.5
    sd: float = 1.0
    per_cluster: int = 0
    icc: float = 0.0
    level: float = 0.95


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
