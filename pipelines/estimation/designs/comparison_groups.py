"""Comparison groups made of people whom chance did not assign: matched, weighted, adjusted by regression, or both.

Which covariates are used and how is the protocol's; what the groups then look like stands beside the estimate.
"""

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Literal

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from pipelines.estimation.common_difference import common_difference
from pipelines.estimation.comparison_balance import VERDICTS, Balance, balance, who_was_dropped
from pipelines.estimation.comparison_pool import ComparisonPool, comparison_pool
from pipelines.estimation.covariates import Encoded, as_text, encode, is_numeric, levels
from pipelines.estimation.design import CLUSTER, COMPARISON, TREATMENT, Design
from pipelines.estimation.designs.clusters import GIVE_CLUSTER, UNKNOWN_CLUSTER, codes
from pipelines.estimation.designs.describing import contributors, described, floors
from pipelines.estimation.doubly_robust import doubly_robust
from pipelines.estimation.headline import described_only, with_result
from pipelines.estimation.matched_effects import ComparisonEffect, matched_effect
from pipelines.estimation.matching import CHANGED, Matching, match
from pipelines.estimation.overlap import overlap
from pipelines.estimation.propensity import propensity
from pipelines.estimation.refusal import EstimationRefusal
from pipelines.estimation.result import ArmSummary, Comparison, ComparisonRow, Estimate, Inference, OtherEstimate
from pipelines.estimation.sample import Array, Sample, below_floor, draw
from pipelines.estimation.weighted_effects import weighted_effect
from pipelines.estimation.weighting import Weighting, weigh
from pipelines.estimation.welch import difference
from pipelines.protocol import designs

DISTANCE = "distance"
NOT_OBSERVED = (
    "Chance did not decide who was in which group. The estimate is an effect only if nothing that was not measured "
    "differed between the groups."
)
ESTIMANDS: dict[str, Literal["ATT", "ATE"]] = {"treated": "ATT", "everyone": "ATE"}
FOR_WHOM = {
    "treated": "What was tested for the people who were offered it: how they did, against how they would have done "
    "without it, on average.",
    "matched": "What was tested for those of the people who were offered it who have somebody alike to be compared "
    "with: how they did, against how they would have done without it, on average.",
    "everyone": "What was tested for everybody in both groups: how they would have done with it, against without it, "
    "on average.",
    "overlap": "What was tested for people who could have been in either group: how they would have done with it, "
    "against without it, on average.",
}
BEFORE = "before any adjustment"
ENGINES = {
    "weighted, ipw": "inverse probability weights",
    "weighted, overlap": "overlap weights",
    "weighted, entropy": "entropy balancing",
    "aipw": "doubly robust (AIPW)",
    "regression": "regression adjustment",
}
"""Names for readers of what the methods call themselves."""
FEW_COMPARED = "Of those who could be compared after matching or trimming too few are left."


@dataclass(frozen=True)
class Made:
    """A comparison group: its effect, and the weights that make it (None where nothing is weighted)."""

    effect: ComparisonEffect
    weights: Array | None
    score: Array | None
    warnings: tuple[str, ...] = ()


@dataclass(frozen=True)
class People:
    """People with a known outcome, in the order of the frame."""

    sample: Sample
    pool: ComparisonPool
    encoded: Encoded
    value: Array
    cluster: NDArray | None


def engine(frame: pd.DataFrame, design: Design) -> Estimate:
    """Effect against a comparison group, with how alike it is.

    Parameters, result and errors as for `pipelines.estimation.estimate`. Sources: see `matching`, `weighting`,
    `doubly_robust`.
    """
    sample = draw(frame, ("value",))
    description = described(sample, design)
    reason = floors(sample, description, design)
    if reason:
        return described_only(description, reason)
    if all(np.ptp(values) == 0 for values in sample.by_arm("value").values()):
        raise EstimationRefusal("The outcome varies in neither group.", "Describe both groups.")
    people = people_of(sample, design)
    made = make(people, design)
    compared = with_arms(description, people, made, design)
    events = None if compared.events is None else dict(compared.events)
    reason = below_floor(dict(compared.n), events, design)
    if reason:
        return described_only(description, f"{FEW_COMPARED} {reason}")
    balanced = balance(people.pool, made.weights, _denominator(design), _extra(people, made, design))
    led = with_result(compared, made.effect.result)
    return replace(
        led,
        engine=ENGINES.get(made.effect.method, made.effect.method),
        why=f"{made.effect.sentence} {made.effect.note}",
        estimand=_estimand(design, made),
        residual_df=min(led.n.values()) - 1 - people.pool.columns.shape[1] * (design.kind != "matched"),
        others=_others(people, description, design),
        comparison=_comparison(people, made, balanced, design),
        warnings=tuple(dict.fromkeys((*led.warnings, NOT_OBSERVED, *made.effect.warnings, *made.warnings))),
    )


def _estimand(design: Design, made: Made) -> str:
    """Say for whom the effect is meant, without a method's name."""
    declared = design.declared
    if getattr(declared, "method", "") == "overlap":
        return FOR_WHOM["overlap"]
    if getattr(declared, "estimand", "treated") == "everyone":
        return FOR_WHOM["everyone"]
    left_out = made.weights is not None and CHANGED in made.effect.warnings
    return FOR_WHOM["matched" if left_out else "treated"]


def difference_of(rows: pd.DataFrame, design: Design) -> Inference:
    """Return the effect alone, of these rows: for checks that make it again."""
    return make(people_of(draw(rows, ("value",)), design), design).effect.result


def matching(sample: Sample, design: Design, declared: designs.Matched) -> Matching:
    """Return who is matched with whom, in the order of the sample."""
    return _match(people_of(sample, design), declared)


def people_of(sample: Sample, design: Design) -> People:
    """Return the people of a sample with their covariates as columns.

    Parameters
    ----------
    sample : Sample
        With `value`.
    design : Design
        Names the covariates.
    """
    encoded = encode(sample.rows, design.covariates)
    pool = comparison_pool(encoded.columns, encoded.names, sample.treated)
    cluster = codes(sample.rows, CLUSTER, UNKNOWN_CLUSTER, GIVE_CLUSTER) if CLUSTER in sample.rows else None
    pool = replace(pool, warnings=encoded.warnings)
    return People(sample, pool, encoded, sample.columns["value"], cluster)


def make(people: People, design: Design) -> Made:
    """Return the comparison group that the design declares, with its effect.

    Parameters
    ----------
    people : People
        By `people_of`.
    design : Design
        Of a kind that makes a comparison group.
    """
    declared = design.declared
    if isinstance(declared, designs.Matched):
        return _matched(people, declared, design.level)
    if isinstance(declared, designs.Weighted):
        return _weighted(people, declared, design.level)
    estimand = ESTIMANDS[getattr(declared, "estimand", "treated")]
    if isinstance(declared, designs.DoublyRobust):
        effect = doubly_robust(people.pool, people.value, "aipw", estimand, cluster=people.cluster, level=design.level)
        weighting = weigh(people.pool, "ipw", estimand)
        return Made(effect, weighting.weights_as_given(), _score(people, weighting))
    return Made(_regression(people, estimand, design.level), None, None)


def _regression(people: People, estimand: Literal["ATT", "ATE"], level: float) -> ComparisonEffect:
    """Return each group's own regression, or one for both where it has too few people for that."""
    try:
        return doubly_robust(people.pool, people.value, "regression", estimand, cluster=people.cluster, level=level)
    except EstimationRefusal as refusal:
        try:
            return common_difference(people.pool, people.value, cluster=people.cluster, level=level)
        except EstimationRefusal:
            raise refusal from None


def _matched(people: People, declared: designs.Matched, level: float) -> Made:
    found = _match(people, declared)
    effect = matched_effect(found, people.value, covariates=declared.adjusted, level=level)
    score = None if found.propensity is None else people.pool.as_given(found.propensity.score)
    return Made(effect, found.weights_as_given(), score)


def _match(people: People, declared: designs.Matched) -> Matching:
    return match(
        people.pool,
        declared.distance,
        ratio=declared.ratio,
        replace=declared.replacement,
        caliper=declared.caliper,
        caliper_unit="sd" if declared.distance == "propensity" else "raw",
        exact=_exactly(people, declared.exactly),
        order=declared.order,
        search=declared.search,
    )


def _exactly(people: People, names: tuple[str, ...]) -> NDArray | None:
    """Return one category for each person, made of all covariates that a match must share."""
    if not names:
        return None
    texts = [as_text(people.sample.rows[name]).fillna("").to_numpy(dtype=str) for name in names]
    return np.unique(np.column_stack(texts), axis=0, return_inverse=True)[1].reshape(-1)


def _weighted(people: People, declared: designs.Weighted, level: float) -> Made:
    methods: dict[str, Literal["ipw", "overlap", "entropy"]] = {
        "inverse_probability": "ipw",
        "overlap": "overlap",
        "entropy": "entropy",
    }
    method = methods[declared.method]
    estimand: Literal["ATT", "ATE", "ATO"] = "ATO" if method == "overlap" else ESTIMANDS[declared.estimand]
    found = weigh(
        people.pool,
        method,
        estimand,
        variances=declared.moments == 2,
        trim=(declared.trim, 1 - declared.trim) if declared.trim else None,
    )
    effect = weighted_effect(found, people.value, cluster=people.cluster, level=level)
    return Made(effect, found.weights_as_given(), _score(people, found))


def _score(people: People, weighting: Weighting) -> Array | None:
    """Return the score of everybody, also of people trimmed, in the order of the frame."""
    if weighting.propensity is None:
        return None
    fitted = (
        weighting.propensity if len(weighting.pool.treated) == len(people.pool.treated) else propensity(people.pool)
    )
    return people.pool.as_given(fitted.score)


def _denominator(design: Design) -> Literal["treated", "pooled"]:
    declared = design.declared
    everyone = getattr(declared, "estimand", "treated") == "everyone" or getattr(declared, "method", "") == "overlap"
    return "pooled" if everyone else "treated"


def _extra(people: People, made: Made, design: Design) -> dict[str, Array]:
    """Return further columns of the table: the score, and levels that a model leaves out."""
    return ({} if made.score is None else {DISTANCE: made.score}) | _first_levels(people, design)


def _first_levels(people: People, design: Design) -> dict[str, Array]:
    """Return the first level of each category, which a model leaves out and a reader wants to see."""
    rows = people.sample.rows
    first = {
        name: levels(rows[name])[0] for name in design.covariates if not is_numeric(rows[name]) and levels(rows[name])
    }
    return {f"{name} = {level}": np.asarray(as_text(rows[name]) == level, dtype=float) for name, level in first.items()}


def with_arms(description: Estimate, people: People, made: Made, design: Design) -> Estimate:
    """Describe the people who are compared, not everybody who could have been.

    Where nothing is weighted, averages are those of the groups as they are, and the difference is not between them.

    Parameters
    ----------
    description : Estimate
        Of everybody.
    people : People
        With their outcome as it is described.
    made : Made
        The comparison group.
    design : Design
        The question.
    """
    weights = np.ones(len(people.value)) if made.weights is None else made.weights
    used = weights > 0
    treated = people.sample.treated
    arms = {TREATMENT: used & treated, COMPARISON: used & ~treated}
    binary = description.events is not None
    summary = {
        arm: ArmSummary(
            description.summary[arm].measure,
            float(np.average(people.value[inside], weights=weights[inside])),
            None if binary else _spread(people.value[inside], weights[inside]),
            contributors=contributors(people.value[inside].tolist()),
        )
        for arm, inside in arms.items()
    }
    events = {arm: int(people.value[inside].sum()) for arm, inside in arms.items()} if binary else None
    n = {arm: int(inside.sum()) for arm, inside in arms.items()}
    return replace(description, n=n, events=events, summary=summary)


def _spread(values: Array, weights: Array) -> float | None:
    total = weights.sum()
    freedom = total - (weights**2).sum() / total
    if freedom <= 1e-9 * total:
        return None
    return float(np.sqrt((weights * (values - np.average(values, weights=weights)) ** 2).sum() / freedom))


def _others(people: People, description: Estimate, design: Design) -> tuple[OtherEstimate, ...]:
    """Return the answers of other methods with the same covariates, where they have one, and the raw difference."""
    treated, value, level = people.sample.treated, people.value, design.level
    measure, scale = description.measure, description.scale
    raw = difference(value[treated], value[~treated], level)
    found = [OtherEstimate("unadjusted", measure, raw, f"Difference between the groups {BEFORE}.", scale)]
    for name, ask in _asked(people, design).items():
        try:
            effect = ask()
        except EstimationRefusal:
            continue
        found.append(OtherEstimate(name, measure, effect.result, effect.sentence, scale))
    return tuple(found)


def _asked(people: People, design: Design) -> dict[str, Callable[[], ComparisonEffect]]:
    """Return the other methods that answer the same question: for the same people, and not the headline again."""
    declared, value, level, cluster = design.declared, people.value, design.level, people.cluster
    estimand = _for_whom(design)
    asked: dict[str, Callable[[], ComparisonEffect]] = {}
    if isinstance(declared, designs.Matched):
        other = replace_adjusted(declared)
        asked["matched, adjusted" if other.adjusted else "matched"] = lambda: _matched(people, other, level).effect
    if not isinstance(declared, designs.RegressionAdjusted):
        asked["regression-adjusted"] = lambda: doubly_robust(
            people.pool, value, "regression", estimand, cluster=cluster, level=level
        )
    if estimand == "ATT" and not (isinstance(declared, designs.Weighted) and declared.method == "entropy"):
        asked["entropy balancing"] = lambda: weighted_effect(
            weigh(people.pool, "entropy"), value, cluster=cluster, level=level
        )
    if not (isinstance(declared, designs.Weighted) and declared.method == "inverse_probability"):
        asked["inverse probability weights"] = lambda: weighted_effect(
            weigh(people.pool, "ipw", estimand), value, cluster=cluster, level=level
        )
    if not isinstance(declared, designs.DoublyRobust):
        asked["doubly robust"] = lambda: doubly_robust(
            people.pool, value, "aipw", estimand, cluster=cluster, level=level
        )
    return asked


def _for_whom(design: Design) -> Literal["ATT", "ATE"]:
    """Return the nearest estimand that the methods beside the headline have; overlap weights speak of everyone."""
    overlap_weights = getattr(design.declared, "method", "") == "overlap"
    return "ATE" if overlap_weights else ESTIMANDS[getattr(design.declared, "estimand", "treated")]


def replace_adjusted(declared: designs.Matched) -> designs.Matched:
    """Return the same matching with the other answer to whether it is adjusted as well."""
    return declared.model_copy(update={"adjusted": not declared.adjusted})


def _comparison(people: People, made: Made, balanced: Balance, design: Design) -> Comparison:
    treated, score = people.sample.treated, made.score
    used = np.ones(len(treated), dtype=bool) if made.weights is None else made.weights > 0
    sizes = balanced.effective_sample_size
    return Comparison(
        method=made.effect.sentence,
        formula=balanced.formula,
        rows=_rows(people, balanced, design, weighted=made.weights is not None),
        treated=int(treated.sum()),
        pool=int((~treated).sum()),
        treated_used=int((used & treated).sum()),
        pool_used=int((used & ~treated).sum()),
        effective=float(sizes[COMPARISON]),
        overlap=None if score is None else 1 - overlap(score, treated).outside_share,
        light_before=balanced.light_before,
        light_after=balanced.light,
        left_out=_left_out(people, made, design),
        # Which rows are apart is said where some of them may not be shown.
        sentence=VERDICTS[balanced.light],
    )


def _rows(people: People, balanced: Balance, design: Design, *, weighted: bool) -> tuple[ComparisonRow, ...]:
    """Return one row per number and level, the score first, in the order of the protocol."""
    found = {row.covariate: row for row in balanced.rows}
    values = dict(zip(people.encoded.names, people.encoded.columns.T, strict=True)) | _first_levels(people, design)
    treated = people.sample.treated
    rows = []
    for name in sorted(found, key=lambda name: _place(name, design)):
        row, column = found[name], values.get(name)
        covariate, _, level = name.partition(" = ")
        share = column is not None and bool(np.isin(column, (0.0, 1.0)).all())
        after = row.after if weighted else None
        rows.append(
            ComparisonRow(
                covariate=covariate,
                level=level or None,
                share=share,
                treated=row.after.mean[TREATMENT] if weighted else row.before.mean[TREATMENT],
                before=row.before.mean[COMPARISON],
                after=after.mean[COMPARISON] if after else None,
                treated_sd=row.before.sd[TREATMENT],
                before_sd=row.before.sd[COMPARISON],
                after_sd=after.sd[COMPARISON] if after else None,
                treated_people=int(column[treated].sum()) if share and column is not None else None,
                before_people=int(column[~treated].sum()) if share and column is not None else None,
                smd_before=row.before.smd,
                smd_after=row.after.smd,
                variance_ratio_before=row.before.variance_ratio,
                variance_ratio_after=row.after.variance_ratio,
                ecdf_before=row.before.ecdf_max,
                ecdf_after=row.after.ecdf_max,
            )
        )
    return tuple(rows)


def _place(name: str, design: Design) -> tuple[int, str]:
    """Return where a row stands: the score first, then the protocol's order, then the level."""
    covariate, _, level = name.partition(" = ")
    order = {each: place for place, each in enumerate(design.covariates, start=1)}
    return order.get(covariate, 0), level


def _left_out(people: People, made: Made, design: Design) -> tuple[ComparisonRow, ...]:
    """Return people of the treatment group who have no part in the estimate, beside those who have."""
    if made.weights is None or (made.weights[people.sample.treated] > 0).all():
        return ()
    dropped = who_was_dropped(people.pool, made.weights)
    return tuple(
        ComparisonRow(
            covariate=row.covariate.partition(" = ")[0],
            level=row.covariate.partition(" = ")[2] or None,
            share=bool(np.isin(people.encoded.columns[:, people.encoded.names.index(row.covariate)], (0.0, 1.0)).all()),
            treated=row.dropped,
            before=row.kept,
            smd_before=row.smd,
        )
        for row in dropped
        if row.arm == TREATMENT
    )
