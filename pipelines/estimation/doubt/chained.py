"""Multiple imputation by chained equations: each variable in turn from all the others, round after round.

Belongs here: the rounds. The models are in `imputation_models`, the columns that predict in `predictors`, pooling in
`rubin`.
"""

from collections.abc import Callable
from dataclasses import dataclass
from math import sqrt

import numpy as np
import pandas as pd
from numpy.random import PCG64, Generator, SeedSequence

from pipelines.estimation.doubt.imputation_models import impute_category, impute_matched, impute_normal
from pipelines.estimation.doubt.imputation_plan import ImputationPlan, Imputed, Trace
from pipelines.estimation.doubt.predictors import Coded, Predictors, canonical_order, code, split_arms
from pipelines.estimation.doubt.rubin import Pooled, imputations_needed, pool
from pipelines.estimation.refusal import EstimationRefusal
from pipelines.estimation.sample import Array

FEWEST_SPARE = 3
TOO_FEW = "In an arm too few people have a known value of '{}' to impute it from so many other columns."


def impute(frame: pd.DataFrame, plan: ImputationPlan, seed: int) -> Imputed:
    """Fill in missing values several times.

    Parameters
    ----------
    frame : pandas.DataFrame, n rows
        Has the plan's columns; missing values are NaN or None. Other columns are kept as they are.
    plan : ImputationPlan
        What to impute, and how.
    seed : int
        Same seed, same values, in any order of rows and columns (see `ImputationPlan.key`), on any machine.

    Returns
    -------
    Imputed
        Memory grows with m times the number of missing values, not with m copies of the frame.

    Raises
    ------
    EstimationRefusal
        If a column is not what its model needs, nothing is known of it in an arm, or too few people are known.
    ValueError
        If the plan is impossible.

    References
    ----------
    van Buuren & Groothuis-Oudshoorn 2011, Journal of Statistical Software 45(3); White, Royston & Wood 2011,
    Statistics in Medicine 30:377-399; Tilling et al. 2016, Journal of Clinical Epidemiology 80:107-115 (by arm).
    """
    coded = tuple(code(frame, variable) for variable in sorted(plan.variables, key=lambda v: v.name))
    arms = split_arms(frame, plan, canonical_order(frame, coded, plan))
    blank = np.any([each.missing for each in coded], axis=0)
    incomplete = float(blank.mean()) if len(blank) else 0.0
    m = plan.m or imputations_needed(incomplete)
    _check_plan(plan, m)
    sequences = SeedSequence(seed).spawn(len(arms))
    chains = [_arm_chains(coded, plan, rows, s.spawn(m)) for rows, s in zip(arms, sequences, strict=True)]
    codes = {each.name: np.tile(each.codes, (m, 1))[:, each.missing] for each in coded if each.missing.any()}
    for rows, found in zip(arms, chains, strict=True):
        for each in coded:
            if each.missing[rows].any():
                place = (np.cumsum(each.missing) - 1)[rows[each.missing[rows]]]
                codes[each.name][:, place] = found.values[each.name]
    values = {each.name: each.decode(codes[each.name]) for each in coded if each.missing.any()}
    positions = {each.name: np.flatnonzero(each.missing) for each in coded if each.missing.any()}
    traces = tuple(trace for arm, found in enumerate(chains) for trace in found.traces(arm))
    return Imputed(frame, positions, values, m, incomplete, traces)


def pool_over(
    imputed: Imputed,
    estimator: Callable[[pd.DataFrame], tuple[float, float]],
    complete_df: float | None = None,
    level: float = 0.95,
) -> Pooled:
    """Estimate on each completed frame and pool by Rubin's rules.

    Parameters
    ----------
    imputed : Imputed
        Completed frames.
    estimator : callable
        From a frame to an estimate and its standard error.
    complete_df, level : float
        As for `rubin.pool`.

    Returns
    -------
    Pooled

    Raises
    ------
    ValueError
        As for `rubin.pool`.
    """
    found = [estimator(imputed.completed(copy)) for copy in range(imputed.m)]
    return pool([value for value, _ in found], [se**2 for _, se in found], complete_df, level)


@dataclass(frozen=True)
class _Chains:
    """What the chains of one arm ended with, and how they got there: arrays of shape (m, missing), (rounds, m)."""

    values: dict[str, Array]
    means: dict[str, Array]
    sds: dict[str, Array]

    def traces(self, arm: int) -> list[Trace]:
        return [
            Trace(
                name,
                arm,
                self.values[name].shape[1],
                self.means[name],
                self.sds[name],
                mixing(self.means[name]),
                mixing_limit(*self.means[name].shape),
            )
            for name in self.values
        ]


def _arm_chains(coded: tuple[Coded, ...], plan: ImputationPlan, rows: np.ndarray, seeds: list[SeedSequence]) -> _Chains:
    """Run m chains on the rows of one arm."""
    here = tuple(each.at(rows) for each in coded)
    targets = sorted((each for each in here if each.missing.any()), key=lambda c: (int(c.missing.sum()), c.name))
    shape = (plan.iterations, len(seeds))
    chains = _Chains({}, {t.name: np.empty(shape) for t in targets}, {t.name: np.empty(shape) for t in targets})
    chains.values.update({t.name: np.empty((len(seeds), int(t.missing.sum()))) for t in targets})
    for copy, seed in enumerate(seeds):
        rng = Generator(PCG64(seed))
        current = Predictors(here, plan)
        for target in targets:
            current.put(target.name, _start(target, rng))
        for round_ in range(plan.iterations):
            for target in targets:
                values = _once(target, current, plan, rng)
                current.put(target.name, values)
                chains.means[target.name][round_, copy] = values.mean()
                chains.sds[target.name][round_, copy] = values.std()
        for target in targets:
            chains.values[target.name][copy] = current.filled(target.name)
    return chains


def _start(target: Coded, rng: Generator) -> Array:
    known = np.sort(target.codes[~target.missing])
    if len(known) == 0:
        raise EstimationRefusal(
            f"In an arm nothing is known of '{target.name}'.", "Leave it out of the imputation, or wait for the data."
        )
    return np.asarray(known[rng.integers(0, len(known), int(target.missing.sum()))])


def _once(target: Coded, current: Predictors, plan: ImputationPlan, rng: Generator) -> Array:
    columns = current.columns_for(target.name)
    known, missing = columns[~target.missing], columns[target.missing]
    values = target.codes[~target.missing]
    if target.model in ("binary", "category"):
        return impute_category(known, values.astype(int), missing, rng, len(target.labels)).astype(float)
    if len(values) - known.shape[1] - 1 < FEWEST_SPARE:
        raise EstimationRefusal(
            TOO_FEW.format(target.name), "Use fewer columns, or impute the arms together (within: none)."
        )
    if target.model == "normal":
        return impute_normal(known, values, missing, rng)
    return impute_matched(known, values, missing, rng, plan.donors)


def mixing(means: Array) -> float:
    """Gelman and Rubin's statistic over the second half of chains.

    Parameters
    ----------
    means : array of float, shape (iterations, m)
        One column per chain.

    Returns
    -------
    float
        1 when chains do not differ by more than they move; infinite when they differ and do not move.

    References
    ----------
    Gelman & Rubin 1992, Statistical Science 7:457-472.
    """
    half = means[len(means) // 2 :]
    rounds, m = half.shape
    if rounds < 2 or m < 2 or np.ptp(half) == 0:
        return 1.0
    within, between = float(half.var(axis=0, ddof=1).mean()), float(half.mean(axis=0).var(ddof=1))
    return sqrt((rounds - 1) / rounds + between / within) if within > 0 else float("inf")


def mixing_limit(iterations: int, m: int) -> float:
    """Largest `mixing` to be expected, 999 times in 1,000, of m settled chains of so many rounds; 1.1 at least.

    The statistic is then sqrt((r - 1)/r + F/r) with r the rounds looked at and F on m - 1 and m (r - 1) degrees of
    freedom, for rounds that do not depend on each other.
    """
    from scipy.stats import f

    rounds = iterations - iterations // 2
    if rounds < 2 or m < 2:
        return 1.1
    return max(1.1, sqrt((rounds - 1 + float(f.ppf(0.999, m - 1, m * (rounds - 1)))) / rounds))


def _check_plan(plan: ImputationPlan, m: int) -> None:
    names = [variable.name for variable in plan.variables]
    used = {name for pair in plan.interactions for name in pair} | set(plan.outcomes)
    if len(set(names)) < len(names) or not used <= set(names) or plan.within in names:
        raise ValueError("Each variable is named once, products and outcomes are variables, and the arm is none.")
    if m < 2 or plan.iterations < 1 or plan.donors < 1:
        raise ValueError("Imputation needs two copies, one round and one donor at least.")
