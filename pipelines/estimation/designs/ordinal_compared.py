"""Ordered outcomes of people in clusters, or of groups that chance did not make: who of two people does better.

The figure is that of two groups by chance. Each person counts with what they add to it, so that the design's own engine
compares ordered values as it compares numbers: a treated person with the share of the others below them, and the other
way round, both shares being those of the groups as the design makes them.
"""

from dataclasses import replace
from typing import Literal

import numpy as np
import pandas as pd

from pipelines.estimation.advisor import Floors
from pipelines.estimation.cluster_difference import APART as APART_NAME
from pipelines.estimation.cluster_difference import CR2, cluster_difference
from pipelines.estimation.design import ARMS, BLOCK, CLUSTER, COMPARISON, TREATMENT, Design
from pipelines.estimation.designs import clusters, comparison_groups, ordinal
from pipelines.estimation.designs.describing import described, floors
from pipelines.estimation.doubly_robust import doubly_robust
from pipelines.estimation.headline import described_only, with_result
from pipelines.estimation.rank_comparison import rank_comparison
from pipelines.estimation.refusal import EstimationRefusal
from pipelines.estimation.result import Estimate, Inference, OtherEstimate
from pipelines.estimation.sample import Array, Sample, draw
from pipelines.protocol import designs

WHY = (
    "Only the order of the values counts. Of one person of each group, the figure is the chance that the first has the "
    "higher value, less the chance that the second has; 0 means no difference. Each person counts with what they add "
    "to it. "
)
ESTIMAND = (
    "For one person with what is tested and one without it, both from the people described here, the chance that the "
    "first has the higher value less the chance of the opposite. {whom}"
)
BEFORE = "Rank comparison of the groups before any adjustment (Brunner & Munzel 2000)."
MANY = 60
TOO_MANY = (
    "The outcome has too many different values for an ordered one in this design.",
    "Declare it as continuous, or put values together.",
)
BLOCKED = (
    "Ranks of people in clusters are not compared within blocks or with covariates.",
    "Leave `blocks` and `adjusted` out for this outcome, or declare it as continuous or binary.",
)
ADJUSTED = (
    "Ranks are compared among the matched as they are, not adjusted once more.",
    "Write `adjusted: false`, or declare the outcome as continuous or binary.",
)
APART = "The groups do not overlap at all, so the figure has no standard error: described, not compared."
TOGETHER = ("cluster_randomised", "randomised")
"""Kinds in which people come in clusters."""
FEW_DRAWS = 99
"""Of the bootstrap, which is not used here."""
BY_CLUSTER = (
    "People in one cluster hang together, so the standard error is cluster-robust (CR2, Satterthwaite degrees of "
    "freedom)."
)


def engine(frame: pd.DataFrame, design: Design) -> Estimate:
    """Chance of a higher value less that of a lower one, by the design's own engine.

    Parameters, result and errors as for `pipelines.estimation.estimate`.

    Notes
    -----
    With distributions F1 and F0 of the groups as the design makes them (mid-ranks), theta = P(X > Y) - P(X < Y) changes
    with them by 2 (E1[F0] - E0[F1]). The scores 2 F0(x) - p and 2 F1(y) - (1 - p), p = E1[F0], therefore have means p
    and 1 - p, whose difference is theta, and the influences of theta.

    References
    ----------
    Brunner & Munzel 2000, Biometrical Journal 42:17-25; Obuchowski 1997, Biometrics 53:567-578 (clusters); Mao 2018,
    Biometrika 105:215-220 (causal, doubly robust).
    """
    _refuse(frame, design)
    sample = draw(frame, ("value",))
    description = replace(described(sample, design), measure=ordinal.MEASURE, unit="")
    reason = floors(sample, description, design)
    if reason:
        return described_only(description, reason)
    levels = np.unique(sample.columns["value"])
    if len(levels) < 2:
        return described_only(description, "The values do not vary: described, not compared.")
    if len(levels) > MANY:
        raise EstimationRefusal(*TOO_MANY)
    if _apart(sample):
        return described_only(description, APART)
    shares = _shares(sample, levels, design)
    scores = scores_of(shares[TREATMENT], shares[COMPARISON])
    place = np.searchsorted(levels, sample.columns["value"])
    value = np.where(sample.treated, scores[TREATMENT][place], scores[COMPARISON][place])
    answer = _by_clusters if design.kind in TOGETHER else _by_groups
    return answer(sample, value, description, design)


def _refuse(frame: pd.DataFrame, design: Design) -> None:
    declared = design.declared
    if design.kind in TOGETHER and (design.adjusted or (BLOCK in frame and frame[BLOCK].nunique(dropna=False) > 1)):
        raise EstimationRefusal(*BLOCKED)
    if isinstance(declared, designs.Matched) and declared.adjusted:
        raise EstimationRefusal(*ADJUSTED)


def scores_of(treatment: Array, comparison: Array) -> dict[str, Array]:
    """Return what a person of each group adds, by level of the outcome.

    Parameters
    ----------
    treatment, comparison : array of float, shape (levels,)
        Shares of the two groups at each level, lowest first; each sums to one.

    Returns
    -------
    dict of arm to array of float, shape (levels,)
        Their means over the groups differ by the chance of a higher value less that of a lower one.
    """
    below = {arm: np.cumsum(one) - one / 2 for arm, one in ((TREATMENT, treatment), (COMPARISON, comparison))}
    p = float(treatment @ below[COMPARISON])
    return {TREATMENT: 2 * below[COMPARISON] - p, COMPARISON: 2 * below[TREATMENT] - (1 - p)}


def _apart(sample: Sample) -> bool:
    """Whether everybody of one group has a higher value than anybody of the other."""
    arms = sample.by_arm("value")
    one, other = arms[TREATMENT], arms[COMPARISON]
    return bool(one.min() > other.max() or other.min() > one.max())


def _shares(sample: Sample, levels: Array, design: Design) -> dict[str, Array]:
    """Return the shares at each level of the groups as the design makes them."""
    value, inside = sample.columns["value"], {TREATMENT: sample.treated, COMPARISON: ~sample.treated}
    if design.kind in TOGETHER:
        return {arm: np.array([(value[rows] == one).mean() for one in levels]) for arm, rows in inside.items()}
    people = comparison_groups.people_of(sample, design)
    if design.kind in ("matched", "weighted"):
        weights = comparison_groups.make(people, design).weights
        if weights is None:
            raise ValueError("Matching and weighting give weights.")
        return {arm: _weighted(value[rows], weights[rows], levels) for arm, rows in inside.items()}
    method: Literal["aipw", "regression"] = "aipw" if design.kind == "doubly_robust" else "regression"
    estimand = comparison_groups.ESTIMANDS[getattr(design.declared, "estimand", "treated")]

    def share(arm: str, level: float) -> float:
        # With zeros in the other group, the difference is this group's mean alone.
        own = ((value == level) & inside[arm]).astype(float)
        if not own.any():
            return 0.0
        found = doubly_robust(people.pool, own, method, estimand, cluster=people.cluster, level=design.level)
        return (found.result.value or 0.0) * (1 if arm == TREATMENT else -1)

    found = {arm: np.array([share(arm, one) for one in levels[:-1]]) for arm in ARMS}
    return {arm: np.append(one, 1 - one.sum()) for arm, one in found.items()}


def _weighted(value: Array, weights: Array, levels: Array) -> Array:
    return np.array([weights[value == one].sum() for one in levels]) / weights.sum()


def _by_clusters(sample: Sample, value: Array, description: Estimate, design: Design) -> Estimate:
    """Return the cluster-robust answer: scores depend on who was assigned, so that no other assignment fits them."""
    codes = clusters.codes(sample.rows, CLUSTER, clusters.UNKNOWN_CLUSTER, clusters.GIVE_CLUSTER)
    limits = Floors(design.floor_per_arm, 0, design.floor_clusters)
    found = cluster_difference(
        value, sample.treated, codes, level=design.level, draws=FEW_DRAWS, seed=design.seed, floors=limits
    )
    result = found.apart or found.cr2
    if found.answers.get(found.leads) is None or result is None or result.se is None:
        return described_only(description, found.advice.why)
    return replace(
        with_result(description, _within_bounds(result)),
        engine=f"rank comparison, {APART_NAME if found.apart else CR2}",
        why=f"{WHY}{BY_CLUSTER}",
        estimand=ESTIMAND.format(whom="").strip(),
        residual_df=sum(found.clusters) - 2,
    )


def _by_groups(sample: Sample, value: Array, description: Estimate, design: Design) -> Estimate:
    """Return the answer of a comparison group for the scores, with the groups described by their own values."""
    found = comparison_groups.engine(sample.rows.assign(value=value), replace(design, outcome_type="continuous"))
    if found.description_only:
        return described_only(description, found.description_reason or "")
    people = comparison_groups.people_of(sample, design)
    compared = comparison_groups.with_arms(description, people, comparison_groups.make(people, design), design)
    return replace(
        with_result(compared, _within_bounds(_inference(found))),
        engine=f"rank comparison, {found.engine}",
        why=f"{WHY}{found.why}",
        estimand=ESTIMAND.format(whom=found.estimand),
        residual_df=found.residual_df,
        comparison=found.comparison,
        others=() if CLUSTER in sample.rows else _before(sample, design),
        warnings=tuple(dict.fromkeys((*description.warnings, *found.warnings))),
    )


def _inference(found: Estimate) -> Inference:
    return Inference(found.value, found.se, found.lower, found.upper, found.statistic, found.df, found.p)


def _within_bounds(result: Inference) -> Inference:
    lower, upper = result.lower, result.upper
    if lower is None or upper is None:
        return result
    return replace(result, lower=max(-1.0, lower), upper=min(1.0, upper))


def _before(sample: Sample, design: Design) -> tuple[OtherEstimate, ...]:
    ranks = rank_comparison(sample.columns["value"], sample.treated, design.level)
    raw = OtherEstimate("unadjusted", ordinal.MEASURE, ordinal.doubled(ranks.superiority), BEFORE)
    return (raw, *ordinal.odds(sample, design))
