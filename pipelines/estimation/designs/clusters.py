"""Groups of people who share what happens to them: assigned whole, or people assigned within them.

The inference advisor decides which engine leads, from counts alone; the others stand beside it.
"""

from dataclasses import replace

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from pipelines.estimation.adjusted import independent_columns
from pipelines.estimation.advisor import Advice, Floors
from pipelines.estimation.cluster_difference import APART, CR2, ClusterDifference, cluster_difference
from pipelines.estimation.clustered_effect_size import d_total, summarise_clusters
from pipelines.estimation.covariates import encode
from pipelines.estimation.design import BLOCK, CLUSTER, Design
from pipelines.estimation.designs.describing import described, floors
from pipelines.estimation.headline import described_only, with_result
from pipelines.estimation.refusal import EstimationRefusal
from pipelines.estimation.result import EffectSize, Estimate, OtherEstimate
from pipelines.estimation.sample import Array, Sample, draw

UNKNOWN_CLUSTER = "Someone's cluster is not known."
GIVE_CLUSTER = "Give everybody's cluster in the case file, or leave those people out by a rule declared beforehand."
CR1S = (
    "The usual cluster-robust standard error (CR1S, as Stata prints it) with as many degrees of freedom as clusters "
    "less one; with few clusters its interval is too narrow. Shown for comparison with other software only."
)
MEANS = "Welch's t-test of the clusters' means: each cluster counts once, however large."
ESTIMAND = {
    True: "Difference in the average outcome, over people, between clusters that were offered what is tested and "
    "clusters that were not.",
    False: "Difference in the average outcome between people who were offered what is tested and people who were not, "
    "with clusters of people who influence each other allowed for.",
}


def engine(frame: pd.DataFrame, design: Design) -> Estimate:
    """Difference between arms with people in clusters: CR2, wild bootstrap, randomisation inference.

    Parameters, result and errors as for `pipelines.estimation.estimate`. Sources: see `cluster_difference` and
    `advisor`.
    """
    sample = draw(frame, ("value",))
    clusters = codes(sample.rows, CLUSTER, UNKNOWN_CLUSTER, GIVE_CLUSTER)
    description = described(sample, design)
    reason = floors(sample, description, design)
    if reason:
        return described_only(description, reason)
    plain = _difference(sample, clusters, None, design)
    columns = _columns(sample, design)
    adjusted = None if columns is None else _difference(sample, clusters, columns, design)
    leads, other = (adjusted, plain) if adjusted is not None and design.adjusted else (plain, adjusted)
    advised = replace(description, advice=told(leads.advice), estimand=ESTIMAND[leads.cluster_means is not None])
    led = _led(advised, leads, design)
    if led.description_only:
        return led
    beside = (*_beside(leads, led.engine, led), *(_other(other, led, adjusted=other is adjusted) if other else ()))
    blocks = blocks_of(sample.rows)
    k = (
        2
        + (columns.shape[1] if columns is not None and design.adjusted else 0)
        + (0 if blocks is None else blocks.max())
    )
    size = _size(sample, clusters, design)
    return replace(led, others=beside, effect_size=size, residual_df=int(sum(sample.n.values()) - k))


def codes(rows: pd.DataFrame, column: str, unknown: str, remedy: str) -> NDArray[np.intp]:
    """Return a whole number for each group, in the order of their names; refuse unknown ones."""
    if rows[column].isna().any():
        raise EstimationRefusal(unknown, remedy)
    return np.unique(rows[column].astype(str).to_numpy(), return_inverse=True)[1].reshape(-1)


def blocks_of(rows: pd.DataFrame) -> NDArray[np.intp] | None:
    """Return each person's block, or None where there is only one."""
    if BLOCK not in rows or rows[BLOCK].nunique(dropna=False) < 2:
        return None
    return codes(rows, BLOCK, "Someone's block is not known.", "Give everybody's block in the case file.")


def told(advice: Advice) -> tuple[str, ...]:
    """Return what the advisor says: sizes, why, and what must not be used with what to do instead."""
    refused = (f"{found.engine}: {found.reason} {found.alternative}" for found in advice.refused)
    return (f"{'; '.join(advice.facts)}.", advice.why, *dict.fromkeys(refused))


def _difference(sample: Sample, clusters: NDArray[np.intp], columns: Array | None, design: Design) -> ClusterDifference:
    return cluster_difference(
        sample.columns["value"],
        sample.treated,
        clusters,
        columns,
        level=design.level,
        blocks=blocks_of(sample.rows),
        draws=design.draws,
        seed=design.seed,
        floors=Floors(
            people_per_arm=design.floor_per_arm,
            events_per_arm=design.floor_events or 0,
            clusters_per_arm=design.floor_clusters,
        ),
    )


def _columns(sample: Sample, design: Design) -> Array | None:
    if not design.covariates:
        return None
    encoded = encode(sample.rows, design.covariates)
    kept = independent_columns(encoded.columns, sample.treated)
    return encoded.columns[:, kept] if kept else None


def _led(description: Estimate, found: ClusterDifference, design: Design) -> Estimate:
    """Put the engine first that the advisor chose."""
    result = found.answers.get(found.leads)
    if result is None:
        return described_only(description, found.advice.why)
    adjusted = "covariate-adjusted " if design.adjusted and design.covariates else ""
    name = f"{adjusted}{description.measure}, {found.leads}"
    return replace(with_result(description, result), engine=name, why=found.advice.why)


def _notes(found: ClusterDifference) -> dict[str, str]:
    return {
        CR2: "CR2 standard error with Satterthwaite degrees of freedom (Pustejovsky & Tipton 2018).",
        APART: "CR2 standard error with degrees of freedom from each arm's own spread between and within clusters.",
        "wild bootstrap": found.bootstrap.note if found.bootstrap else "",
        "randomisation inference": found.randomisation.note if found.randomisation else "",
        "cluster means": MEANS,
        "CR1S": CR1S,
    }


def _beside(found: ClusterDifference, leads: str, led: Estimate) -> tuple[OtherEstimate, ...]:
    notes, refused = _notes(found), {one.engine for one in found.advice.refused}
    refused |= {APART} if CR2 in refused else set()
    return tuple(
        OtherEstimate(name, led.measure, result, notes[name], led.scale, name in refused)
        for name, result in found.answers.items()
        if result is not None and not leads.endswith(name)
    )


def _other(found: ClusterDifference, led: Estimate, *, adjusted: bool) -> tuple[OtherEstimate, ...]:
    """Return the estimate that does not lead: the adjusted one, or the plain one."""
    result, note = (found.cr2, CR2) if found.apart is None else (found.apart, APART)
    if result is None:
        return ()
    name = "covariate-adjusted, CR2" if adjusted else "unadjusted, CR2"
    return (OtherEstimate(name, led.measure, result, _notes(found)[note], led.scale),)


def _size(sample: Sample, clusters: NDArray[np.intp], design: Design) -> EffectSize | None:
    """Return Hedges' g on the spread of all people, with whole clusters assigned; none for shares."""
    if design.outcome_type == "binary":
        return None
    try:
        return d_total(summarise_clusters(sample.columns["value"], sample.treated, clusters), level=design.level)
    except (EstimationRefusal, ValueError):
        return None
