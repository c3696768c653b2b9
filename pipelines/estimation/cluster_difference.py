"""The difference between arms when people come in clusters: CR2 leads, and what should agree with it stands beside."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import TypeVar

import numpy as np
from numpy.typing import NDArray

from pipelines.estimation.advisor import Advice, Counts, Floors, advise
from pipelines.estimation.arms_apart import arms_apart_test
from pipelines.estimation.cluster_robust import ClusteredFit, contrast_test, fit_clustered
from pipelines.estimation.clustered_effect_size import summarise_clusters
from pipelines.estimation.grouped import Codes
from pipelines.estimation.randomisation import RandomisationTest, randomisation_test
from pipelines.estimation.refusal import EstimationRefusal
from pipelines.estimation.result import Inference
from pipelines.estimation.sample import Array
from pipelines.estimation.welch import difference, t_inference
from pipelines.estimation.wild_bootstrap import WildBootstrap, wild_bootstrap

T = TypeVar("T")
CR2 = "CR2 + Satterthwaite"
APART = "CR2 + Satterthwaite, arms apart"


@dataclass(frozen=True)
class ClusterDifference:
    """One difference, several ways to be sure of it.

    Parameters
    ----------
    cr2, cr1s : Inference or None
        The regression's difference with CR2 and Satterthwaite degrees of freedom, and, for comparison with other
        software only, CR1S with G - 1. None when refused.
    bootstrap : WildBootstrap or None
        Wild cluster restricted bootstrap of the same coefficient.
    randomisation : RandomisationTest or None
        Randomisation inference on the unadjusted outcome; None when arms were not assigned by chance.
    cluster_means : Inference or None
        Welch's t-test of the clusters' means; only when whole clusters were assigned.
    icc : float or None
        Intraclass correlation within arms; only when whole clusters were assigned.
    clusters : tuple of (int, int)
        Clusters with treated and with comparison people.
    advice : Advice
        Which of these leads, and why.
    refused : tuple of str
        Engines that refused, with their reasons.
    apart : Inference or None
        The same difference and standard error as `cr2`, with degrees of freedom that let the arms differ in spread;
        only where the advice asks for it and people are not weighted.
    """

    cr2: Inference | None
    cr1s: Inference | None
    bootstrap: WildBootstrap | None
    randomisation: RandomisationTest | None
    cluster_means: Inference | None
    icc: float | None
    clusters: tuple[int, int]
    advice: Advice
    refused: tuple[str, ...]
    apart: Inference | None = None

    @property
    def leads(self) -> str:
        """Name, among `answers`, of what leads."""
        return APART if self.advice.leads == CR2 and self.apart is not None else self.advice.leads

    @property
    def answers(self) -> dict[str, Inference | None]:
        """Every answer by name, None for those that there are not."""
        return {
            APART: self.apart,
            CR2: self.cr2,
            "wild bootstrap": self.bootstrap.result if self.bootstrap else None,
            "randomisation inference": self.randomisation.result if self.randomisation else None,
            "cluster means": self.cluster_means,
            "CR1S": self.cr1s,
        }


def cluster_difference(
    outcome: Array,
    treated: NDArray[np.bool_],
    clusters: Codes,
    columns: Array | None = None,
    weights: Array | None = None,
    level: float = 0.95,
    *,
    blocks: Codes | None = None,
    randomised: bool = True,
    draws: int = 9_999,
    seed: int = 0,
    floors: Floors | None = None,
) -> ClusterDifference:
    """Difference in means between arms, for clusters that were assigned or people assigned within clusters.

    Parameters
    ----------
    outcome : array of float, shape (n,)
        Outcome, known for everybody here.
    treated : array of bool, shape (n,)
        Arm.
    clusters : array of int, shape (n,)
        Code of each person's cluster.
    columns : array of float, shape (n, k), or None
        Covariates, without intercept; indicators of blocks are added.
    weights : array of float, shape (n,), or None
        Analytic weights, 0 or more.
    level : float
        Confidence level.
    blocks : array of int, shape (n,), or None
        Blocks within which arms were assigned.
    randomised : bool
        Whether chance assigned the arms.
    draws, seed : int
        Of the bootstrap and of randomisation inference.
    floors : Floors or None
        The protocol's.

    Returns
    -------
    ClusterDifference
        Treatment minus comparison, in the unit of the outcome.

    Raises
    ------
    EstimationRefusal
        If nobody is in an arm, or everybody in one cluster.
    ValueError
        If shapes differ or a number is not finite.

    References
    ----------
    Hayes & Moulton 2017, Cluster Randomised Trials, 2nd ed.; and those of the functions called.
    """
    outcome, treated = np.asarray(outcome, dtype=float), np.asarray(treated, dtype=bool)
    clusters = np.asarray(clusters)
    if not (outcome.ndim == 1 and treated.shape == outcome.shape == clusters.shape):
        raise ValueError("The outcome, the arm and the clusters are (n,).")
    if weights is not None:
        counted = np.flatnonzero(weights)
        outcome, treated, clusters, weights = outcome[counted], treated[counted], clusters[counted], weights[counted]
        columns = None if columns is None else columns[counted]
        blocks = None if blocks is None else blocks[counted]
    if treated.all() or not treated.any():
        raise EstimationRefusal("Nobody is in one of the arms.", "Describe the arm that there is; do not compare.")
    found = fit_clustered(_columns(treated, columns, blocks), outcome, clusters, weights)
    sides = np.unique(clusters[treated]), np.unique(clusters[~treated])
    assigned = len(np.intersect1d(*sides)) == 0
    refused: list[str] = []
    cr2 = _kept(refused, "CR2", lambda: contrast_test(found, 1, "CR2", level))
    advice = advise(_counts(found, treated, sides, assigned, randomised, cr2), floors)
    bootstrap = _kept(
        refused,
        "wild bootstrap",
        lambda: wild_bootstrap(found, 1, signs=advice.signs, draws=draws, seed=seed, level=level),
    )
    return ClusterDifference(
        cr2,
        _kept(refused, "CR1S", lambda: _usual(found, level)),
        bootstrap,
        _by_chance(refused, outcome, treated, clusters if assigned else None, blocks, draws, seed, level)
        if randomised
        else None,
        _kept(refused, "cluster means", lambda: _of_means(outcome, treated, clusters, level)) if assigned else None,
        _kept(refused, "ICC", lambda: summarise_clusters(outcome, treated, clusters).icc) if assigned else None,
        (len(sides[0]), len(sides[1])),
        advice,
        tuple(refused),
        _kept(refused, APART, lambda: arms_apart_test(found, 1, treated, level))
        if advice.arms_apart and cr2 is not None and weights is None
        else None,
    )


def _columns(treated: NDArray[np.bool_], columns: Array | None, blocks: Codes | None) -> Array:
    parts = [np.ones(len(treated)), treated.astype(float)]
    if columns is not None:
        parts.append(np.asarray(columns, dtype=float))
    if blocks is not None:
        member = np.unique(blocks, return_inverse=True)[1]
        parts.append((member[:, None] == np.arange(1, member.max() + 1)).astype(float))
    return np.column_stack(parts)


def _kept(refused: list[str], name: str, ask: Callable[[], T]) -> T | None:
    """Return the answer, or note why there is none."""
    try:
        return ask()
    except EstimationRefusal as refusal:
        refused.append(f"{name}: {refusal.reason}")
    except ValueError as reason:
        refused.append(f"{name}: {reason}")
    return None


def _counts(
    found: ClusteredFit,
    treated: NDArray[np.bool_],
    sides: tuple[Codes, Codes],
    assigned: bool,
    randomised: bool,
    cr2: Inference | None,
) -> Counts:
    sizes = tuple(int(size) for size in found.groups.sizes)
    n, people = sum(sizes), int(treated.sum())
    return Counts(
        n,
        min(people, n - people),
        randomised=randomised,
        cluster_sizes=sizes,
        treated_clusters=len(sides[0]),
        clusters_assigned=assigned,
        covariates=len(found.fit.kept) - 2,
        satterthwaite_df=None if cr2 is None else cr2.df,
        shared_clusters=len(np.intersect1d(*sides)),
    )


def _usual(found: ClusteredFit, level: float) -> Inference:
    """CR1S with G - 1 degrees of freedom, as most software prints it."""
    usual = contrast_test(found, 1, "CR1S", level)
    return t_inference(float(usual.value or 0.0), float(usual.se or 0.0), found.clusters - 1, level)


def _by_chance(
    refused: list[str],
    outcome: Array,
    treated: NDArray[np.bool_],
    clusters: Codes | None,
    blocks: Codes | None,
    draws: int,
    seed: int,
    level: float,
) -> RandomisationTest | None:
    return _kept(
        refused,
        "randomisation inference",
        lambda: randomisation_test(
            outcome, treated, clusters=clusters, blocks=blocks, draws=draws, seed=seed, level=level
        ),
    )


def _of_means(outcome: Array, treated: NDArray[np.bool_], clusters: Codes, level: float) -> Inference:
    member = np.unique(clusters, return_inverse=True)[1]
    means = np.bincount(member, outcome) / np.bincount(member)
    arm = np.bincount(member, treated) > 0
    return difference(means[arm], means[~arm], level)
