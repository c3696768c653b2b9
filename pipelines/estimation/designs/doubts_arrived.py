"""What the design that arrived could have shown: by the design's own formula, and never by what it found."""

from math import inf, sqrt

import numpy as np

from pipelines.estimation.clustered_effect_size import summarise_clusters
from pipelines.estimation.design import BLOCK, COMPARISON, PAIR, TREATMENT, Design
from pipelines.estimation.designs.doubts_case import NOT_BY_CHANCE, Case, covariates
from pipelines.estimation.designs.pairs import complete_pairs
from pipelines.estimation.doubt.arrived import (
    Arrived,
    BlockEffects,
    detectable,
    detectable_sentence,
    expected_half_width,
    power_of,
)
from pipelines.estimation.doubt.sign_and_size import SignAndSize, sign_and_size
from pipelines.estimation.doubt.wording import figure, share
from pipelines.estimation.refusal import EstimationRefusal
from pipelines.estimation.result import Estimate, Inference, Reading

UNDECLARED = (
    "No smallest difference that would matter was declared beforehand, so nobody can say how likely this pilot was to "
    "find it, nor how much a clear result would exaggerate it."
)
NO_SPREAD = "nobody, or everybody, of the comparison group has the outcome, so its spread is not known."


def arrived(asked: Case) -> tuple[Reading, ...]:
    """Minimum detectable difference, expected half width, power, type S and type M errors."""
    if asked.design.kind == "difference_in_differences":
        return from_interval(asked.found, asked.design)
    design, sd = _arrived(asked)
    level = asked.design.level
    found, half, error = detectable(design, sd, level), expected_half_width(design, sd, level), design.error * sd
    said = detectable_sentence(found, asked.found.unit, asked.found.scale)
    return (
        asked.difference(
            "detectable",
            "Smallest difference that would be found 80 times in 100",
            Inference(found.value, error, df=design.df),
            sentence=said,
        ),
        asked.difference(
            "expected_half_width", "How far intervals of such a design reach", Inference(half, error, df=design.df)
        ),
        *_at_what_matters(asked.found, asked.design, error, design.df, (design, sd)),
    )


def from_interval(found: Estimate, design: Design) -> tuple[Reading, ...]:
    """Return power, type S and type M errors from the estimate's own standard error, for every other design."""
    if found.null or not found.se:
        return ()
    return _at_what_matters(found, design, found.se, found.df or inf, None)


def _at_what_matters(
    found: Estimate, design: Design, error: float, df: float, by_design: tuple[Arrived, float] | None
) -> tuple[Reading, ...]:
    effect = design.minimum_important_difference
    if not effect:
        return (Reading(key="power", title="Chance to find what matters", measure="not declared", sentence=UNDECLARED),)
    at = sign_and_size(effect, error, df, design.level)
    power = at.power if by_design is None else power_of(by_design[0], effect / by_design[1], design.level)
    matters = f"{figure(effect * found.scale)} {found.unit}".strip()
    said = (
        f"Had the true difference been {matters}, the smallest that would matter, a pilot like this would have given a "
        f"clear result {share(power)} of the time."
    )
    return (
        Reading(key="power", title="Chance to find what matters", measure="share", value=power, sentence=said),
        Reading(
            key="wrong_sign", title="Clear results that would point the wrong way", measure="share", value=at.wrong_sign
        ),
        Reading(
            key="exaggeration",
            title="How much clear results would exaggerate",
            measure="times the true difference",
            value=at.exaggeration if at.exaggeration < inf else None,
            sentence=_exaggeration_said(at),
        ),
    )


def _exaggeration_said(at: SignAndSize) -> str:
    return (
        f"A clear result of a pilot like this would then show on average {figure(at.exaggeration)} times the true "
        f"difference, and point the wrong way {share(at.wrong_sign)} of the time."
    )


def _arrived(asked: Case) -> tuple[Arrived, float]:
    """Return the design as it arrived, and the standard deviation of the outcome between people."""
    if PAIR in asked.frame:
        return _pairs(asked)
    found, sd = asked.found, _spread(asked)
    n = {arm: float(found.n[arm]) for arm in (TREATMENT, COMPARISON)}
    if asked.design.kind in NOT_BY_CHANCE:
        rest = n[COMPARISON] if found.comparison is None else found.comparison.effective
        return Arrived(n[TREATMENT], rest), sd
    columns = covariates(asked) if asked.adjusted else np.empty((len(asked.sample.treated), 0))
    r2, k = _explained(asked, columns), columns.shape[1]
    clusters = asked.clusters
    if clusters is not None and _whole(clusters, asked.sample.treated):
        return _clusters(asked, clusters, r2), sd
    blocks = asked.sample.rows[BLOCK].nunique() if BLOCK in asked.sample.rows else 1
    varying = blocks > 1 and not asked.adjusted
    effects: BlockEffects = "varying" if varying and sum(n.values()) - k - 2 * blocks >= 1 else "constant"
    return Arrived(n[TREATMENT], n[COMPARISON], r2=r2, covariates=k, blocks=blocks, block_effects=effects), sd


def _spread(asked: Case) -> float:
    """Return the standard deviation in the comparison group, which the pilot did not touch."""
    rest = asked.found.summary[COMPARISON]
    mean = rest.mean or 0.0
    sd = sqrt(max(mean * (1 - mean), 0.0)) if asked.binary else rest.sd or 0.0
    if not sd > 0:
        raise EstimationRefusal(NO_SPREAD, "Read the interval.")
    return sd


def _clusters(asked: Case, clusters: np.ndarray, r2: float) -> Arrived:
    found = summarise_clusters(asked.sample.columns["value"], asked.sample.treated, clusters)
    sizes = np.concatenate([found.treated_sizes, found.comparison_sizes])
    return Arrived(
        len(found.treated_sizes),
        len(found.comparison_sizes),
        per_cluster=float(sizes.mean()),
        icc=found.icc,
        cv=float(sizes.std(ddof=1) / sizes.mean()),
        r2=r2,
    )


def _whole(clusters: np.ndarray, treated: np.ndarray) -> bool:
    """Tell whether every cluster is in one group."""
    return not len(np.intersect1d(clusters[treated], clusters[~treated]))


def _pairs(asked: Case) -> tuple[Arrived, float]:
    """Return pairs as blocks of two: the spread is that of differences within pairs."""
    pairs = complete_pairs(asked.sample)
    n, spread = len(pairs.treatment), float((pairs.treatment - pairs.comparison).var(ddof=1))
    if not spread > 0:
        raise EstimationRefusal("no difference within pairs varies.", "Read the interval.")
    return Arrived(n, n, blocks=n), sqrt(spread / 2)


def _explained(asked: Case, columns: np.ndarray) -> float:
    """Return the share of the outcome's variance within groups that covariates explain."""
    if not columns.shape[1]:
        return 0.0
    y, arm = asked.sample.columns["value"], asked.sample.treated.astype(float)
    base = np.column_stack([np.ones(len(y)), arm])
    whole, left = (_left(x, y) for x in (base, np.column_stack([base, columns])))
    return min(max(1 - left / whole, 0.0), 0.999) if whole > 0 else 0.0


def _left(columns: np.ndarray, y: np.ndarray) -> float:
    residual = y - columns @ np.linalg.lstsq(columns, y, rcond=None)[0]
    return float(residual @ residual) / max(len(y) - columns.shape[1], 1)
