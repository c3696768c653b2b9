"""Is the comparison group like the treated, before and after matching or weighting? Without tests, unless asked.

`balance` describes the arms of a baseline table; this module adds weights, distributions, an overall light, who was
dropped, and Hansen and Bowers's joint test.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from math import sqrt
from typing import Literal

import numpy as np
from numpy.typing import ArrayLike

from pipelines.estimation.balance import AMBER, GREEN, Light, light
from pipelines.estimation.comparison_pool import ComparisonPool, Mask
from pipelines.estimation.design import COMPARISON, TREATMENT
from pipelines.estimation.matching import effective_sample_size
from pipelines.estimation.refusal import EstimationRefusal
from pipelines.estimation.result import Inference
from pipelines.estimation.sample import Array

Denominator = Literal["treated", "pooled"]
FORMULAS = {
    "treated": "difference in means / standard deviation of the treated before matching or weighting",
    "pooled": "difference in means / sqrt((variance in treatment + variance in comparison) / 2), both before weighting",
}
SHARES = "; variance p(1-p) for shares"
VERDICTS: dict[Light, str] = {
    "green": "Every covariate is well balanced.",
    "amber": "Balance is acceptable, but not close, on some covariates.",
    "red": "The groups differ: do not read the difference in outcomes as an effect without adjustment.",
}


@dataclass(frozen=True)
class CovariateBalance:
    """One covariate in the two arms, as the groups stand.

    Parameters
    ----------
    mean, sd : mapping of arm to float
        Weighted; sd sqrt(p(1-p)) for shares.
    smd : float or None
        Standardised difference, by the table's formula; None when means differ and nothing varied before.
    variance_ratio : float or None
        Treatment over comparison; None for shares, or when the comparison does not vary.
    ecdf_mean, ecdf_max : float
        Mean and largest distance between the arms' cumulative distributions, over the values that occur.
    light : {'green', 'amber', 'red'}
        By |smd|.
    """

    mean: Mapping[str, float]
    sd: Mapping[str, float]
    smd: float | None
    variance_ratio: float | None
    ecdf_mean: float
    ecdf_max: float
    light: Light


@dataclass(frozen=True)
class CovariateRow:
    """One covariate before and after."""

    covariate: str
    before: CovariateBalance
    after: CovariateBalance


@dataclass(frozen=True)
class Balance:
    """Balance of all covariates.

    Parameters
    ----------
    rows : tuple of CovariateRow
        In the pool's order of columns, extra columns after them.
    light_before, light : {'green', 'amber', 'red'}
        The worst covariate's, as the Ministry of Justice's Data Lab reports it.
    formula : str
        How the standardised difference was made: programs differ.
    thresholds : tuple of float
        Below the first green, below the second amber.
    effective_sample_size : mapping of arm to float
        After.
    sentence : str
        For a report.
    """

    rows: tuple[CovariateRow, ...]
    light_before: Light
    light: Light
    formula: str
    thresholds: tuple[float, float]
    effective_sample_size: Mapping[str, float]
    sentence: str


@dataclass(frozen=True)
class DroppedRow:
    """Means of a covariate among people of an arm who were kept and who were dropped; None where there is nobody."""

    covariate: str
    arm: str
    kept: float | None
    dropped: float | None
    smd: float | None


def balance(
    pool: ComparisonPool,
    weights: ArrayLike | None = None,
    denominator: Denominator = "treated",
    extra: Mapping[str, ArrayLike] | None = None,
) -> Balance:
    """Compare the arms before and after.

    Parameters
    ----------
    pool : ComparisonPool
        n people, everybody there was before.
    weights : array of float, shape (n,), or None
        Of matching or weighting, in the order of the caller's table (`weights_as_given()`); 0 for people dropped. None:
        nothing was done, and after is before.
    denominator : {'treated', 'pooled'}
        'treated' when the question is about the treated (ATT), 'pooled' when about everybody (ATE). Always from before,
        so that matching cannot flatter itself.
    extra : mapping of str to array, or None
        More columns to show, such as the propensity score, in the order of the caller's table.

    Returns
    -------
    Balance
        One row per column.

    Raises
    ------
    EstimationRefusal
        If weights are below zero or not known, or leave an arm empty.

    References
    ----------
    Stuart 2010, Statistical Science 25:1-21; Austin 2009, Statistics in Medicine 28:3083-3107; Ho et al. 2011, Journal
    of Statistical Software 42(8).
    """
    after = np.ones(len(pool.treated)) if weights is None else pool.canonical(np.asarray(weights, dtype=float))
    if not (np.isfinite(after).all() and (after >= 0).all()):
        raise EstimationRefusal("A weight is below zero or not known.", "Make the weights again.")
    if not after[pool.treated].any() or not after[~pool.treated].any():
        raise EstimationRefusal("The weights leave an arm empty.", "Do not compare.")
    columns = dict(zip(pool.names, pool.columns.T, strict=True))
    columns.update({name: pool.canonical(np.asarray(x, dtype=float)) for name, x in (extra or {}).items()})
    ones = np.ones(len(after))
    rows = []
    for name, values in columns.items():
        scale = _scale(values, pool.treated, denominator)
        rows.append(CovariateRow(name, _described(values, pool.treated, ones, scale),
                                 _described(values, pool.treated, after, scale)))  # fmt: skip
    first, last = _worst([row.before.light for row in rows]), _worst([row.after.light for row in rows])
    sizes = {TREATMENT: effective_sample_size(after[pool.treated]),
             COMPARISON: effective_sample_size(after[~pool.treated])}  # fmt: skip
    formula = FORMULAS[denominator] + SHARES
    return Balance(tuple(rows), first, last, formula, (GREEN, AMBER), sizes, _sentence(rows, last))


def who_was_dropped(pool: ComparisonPool, weights: ArrayLike) -> tuple[DroppedRow, ...]:
    """Compare people kept with people dropped, arm by arm.

    Parameters
    ----------
    pool : ComparisonPool
        n people, everybody there was before.
    weights : array of float, shape (n,)
        In the order of the caller's table; 0 for people dropped.

    Returns
    -------
    tuple of DroppedRow
        Each covariate in each arm. `smd` is kept less dropped, in standard deviations of that arm before.
    """
    kept = pool.canonical(np.asarray(weights, dtype=float)) > 0
    found = []
    for arm, inside in ((TREATMENT, pool.treated), (COMPARISON, ~pool.treated)):
        for name, values in zip(pool.names, pool.columns.T, strict=True):
            means = [_mean(values[inside & of]) for of in (kept, ~kept)]
            spread = float(values[inside].std())
            both = means[0] is not None and means[1] is not None and spread > 0
            smd = (means[0] - means[1]) / spread if both else None  # type: ignore[operator]
            found.append(DroppedRow(name, arm, means[0], means[1], smd))
    return tuple(found)


def omnibus(
    pool: ComparisonPool, sets: ArrayLike | None = None, permutations: int = 0, seed: int | None = None
) -> Inference:
    """Test jointly whether covariates predict treatment, within matched sets if there are any. Only on request.

    Parameters
    ----------
    pool : ComparisonPool
        n people.
    sets : array of int, shape (n,), or None
        Matched set or stratum of each person in the order of the caller's table, -1 for none.
    permutations : int
        0: chi-square distribution. Else the number of seeded reassignments of treatment within sets, counting ties
        and the data themselves.
    seed : int or None
        Needed with permutations.

    Returns
    -------
    Inference
        `statistic` is d squared, `df` the number of independent covariates; no estimate.

    Raises
    ------
    EstimationRefusal
        If no set holds people of both arms, or no covariate varies within sets.

    Notes
    -----
    A large p-value does not show balance: small studies have large p-values. Read the standardised differences.

    References
    ----------
    Hansen & Bowers 2008, Statistical Science 23:219-236.
    """
    from scipy.stats import chi2

    label = np.zeros(len(pool.treated), dtype=int) if sets is None else pool.canonical(np.asarray(sets))
    inside, block, n1, n0 = _both_arms(label, pool.treated)
    columns, treated, size = pool.columns[inside], pool.treated[inside], n1 + n0
    centred = columns - _by_block(columns, block)[block] / size[block, None]
    spread = np.sqrt((centred**2).mean(axis=0))
    varies = spread > 1e-10 * (1 + np.abs(columns).max(axis=0, initial=0.0))
    if not varies.any():
        raise EstimationRefusal("No covariate varies within sets.", "There is nothing to test.")
    centred = centred[:, varies] / spread[varies]
    # d = sum_b h_b (mean treated - mean comparison) with h_b = n1 n0 / n is the sum of the treated, centred in blocks
    factor = (n1 * n0 / (size * (size - 1)))[block]
    values, vectors = np.linalg.eigh(centred.T @ (centred * factor[:, None]))
    kept = values > 1e-10 * values.max()
    axes = centred @ vectors[:, kept] / np.sqrt(values[kept])
    statistic = float((axes[treated].sum(axis=0) ** 2).sum())
    df = int(kept.sum())
    if not permutations:
        return Inference(None, statistic=statistic, df=float(df), p=float(chi2.sf(statistic, df)))
    if seed is None:
        raise ValueError("A permutation test needs a seed.")
    draw, reached = np.random.Generator(np.random.PCG64(seed)), 1
    for _ in range(permutations):
        shuffled = treated[np.lexsort((draw.random(len(block)), block))][np.argsort(np.argsort(block, kind="stable"))]
        reached += (axes[shuffled].sum(axis=0) ** 2).sum() >= statistic * (1 - 1e-12)
    return Inference(None, statistic=statistic, df=float(df), p=float(reached / (permutations + 1)))


def _both_arms(label: np.ndarray, treated: Mask) -> tuple[Mask, np.ndarray, Array, Array]:
    """People in sets with both arms, the number of their set, and the sets' sizes by arm."""
    names, block = np.unique(label, return_inverse=True)
    block = block.reshape(-1)
    counts = [np.bincount(block[arm], minlength=len(names)) for arm in (treated, ~treated)]
    usable = (counts[0] > 0) & (counts[1] > 0) & (names >= 0)
    if not usable.any():
        raise EstimationRefusal("No matched set holds people of both arms.", "There is nothing to test.")
    inside = usable[block]
    number = np.cumsum(usable) - 1
    return inside, number[block[inside]], counts[0][usable].astype(float), counts[1][usable].astype(float)


def _by_block(columns: Array, block: np.ndarray) -> Array:
    return np.column_stack([np.bincount(block, weights=column) for column in columns.T])


def _described(values: Array, treated: Mask, weights: Array, scale: float) -> CovariateBalance:
    share = bool(np.isin(values, (0.0, 1.0)).all())
    arms = {TREATMENT: treated, COMPARISON: ~treated}
    mean = {name: float(np.average(values[arm], weights=weights[arm])) for name, arm in arms.items()}
    sd = {name: _weighted_sd(values[arm], weights[arm], mean[name], share) for name, arm in arms.items()}
    gap = mean[TREATMENT] - mean[COMPARISON]
    smd = gap / scale if scale > 0 else 0.0 if abs(gap) <= 1e-12 * (1 + abs(mean[TREATMENT])) else None
    ratio = (sd[TREATMENT] / sd[COMPARISON]) ** 2 if not share and sd[COMPARISON] > 0 else None
    distances = _ecdf_distances(values, treated, weights, share)
    return CovariateBalance(mean, sd, smd, ratio, *distances, light(smd))


def _weighted_sd(values: Array, weights: Array, mean: float, share: bool) -> float:
    """sqrt(p(1-p)), or the reliability-weighted standard deviation: n - 1 when weights are equal."""
    if share:
        return sqrt(max(mean * (1 - mean), 0.0))
    used = values[weights > 0]
    if used.min() == used.max():
        return 0.0  # exactly: rounding in the mean would leave a trace
    total = float(weights.sum())
    freedom = total - float((weights**2).sum()) / total
    return sqrt(float((weights * (values - mean) ** 2).sum()) / freedom) if freedom > 1e-12 * total else 0.0


def _scale(values: Array, treated: Mask, denominator: Denominator) -> float:
    share = bool(np.isin(values, (0.0, 1.0)).all())
    ones = np.ones(len(values))
    s1, s0 = (
        _weighted_sd(values[arm], ones[arm], float(values[arm].mean()), share) if arm.sum() > 1 or share else 0.0
        for arm in (treated, ~treated)
    )
    return s1 if denominator == "treated" else sqrt((s1**2 + s0**2) / 2)


def _ecdf_distances(values: Array, treated: Mask, weights: Array, share: bool) -> tuple[float, float]:
    """Mean over the distinct values, and largest, distance of cumulative shares; a share has one step."""
    order = np.argsort(values, kind="stable")
    ordered, arm, weight = values[order], treated[order], weights[order]
    signed = np.where(arm, weight / weights[treated].sum(), -weight / weights[~treated].sum())
    # Values that differ by rounding alone are one value
    ends = np.append(np.diff(ordered) > 1e-10 * np.ptp(ordered), True)
    distance = np.abs(np.cumsum(signed)[ends])
    return (float(distance[:1].mean()) if share else float(distance.mean())), float(distance.max())


def _mean(values: Array) -> float | None:
    return float(values.mean()) if len(values) else None


def _worst(lights: list[Light]) -> Light:
    return "red" if "red" in lights else "amber" if "amber" in lights else "green"


def _sentence(rows: list[CovariateRow], overall: Light) -> str:
    off = [row.covariate for row in rows if row.after.light == "red"]
    named = f" Still apart: {', '.join(off)}." if off else ""
    return VERDICTS[overall] + named
