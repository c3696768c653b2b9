"""One outcome over the sites of a pilot: who can be compared, and what the sites say together."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from math import isfinite
from typing import Literal

from pipelines.estimation.site_estimates import OnScale, log_ratio, no_error
from pipelines.findings.across import SiteEffect, SynthesisResult, Verdict
from pipelines.findings.look import led
from pipelines.findings.models import EffectResult
from pipelines.protocol.models import Plan
from pipelines.protocol.outcomes import Outcome
from pipelines.release.bundle import Evidence
from pipelines.synthesis.averages import Averaged, averaged
from pipelines.synthesis.sites import ReleasedSite

NO_SUCH_OUTCOME = "Its release does not hold this outcome."
DEFINED_OTHERWISE = "Its release counts this outcome in another way (an earlier version of the protocol)."
OTHER_MEASURE = "It is estimated there as a {theirs}, in the other sites as a {ours}; the two cannot be averaged."
NO_ESTIMATE = "No effect is estimated there. {because}"
NO_RATIO = "A ratio of nothing: in one group nobody had the event."
NO_ERROR = "Its estimate has no standard error above zero: there, nobody differs from anybody."
UNKNOWN_ERROR = "Its release does not tell the standard error of its estimate."

Scale = Literal["as estimated", "logarithm"]


@dataclass(frozen=True)
class Candidate:
    """One site's estimate of an outcome; `reason` says why it cannot be compared, and is empty where it can."""

    site: ReleasedSite
    result: EffectResult | None
    on_scale: OnScale | None
    reason: str


def synthesis_of(key: str, outcome: Outcome, sites: Sequence[ReleasedSite], plan: Plan) -> SynthesisResult:
    """Put one outcome's released estimates together.

    Parameters
    ----------
    key, outcome : the outcome, as the protocol has it now.
    sites : every site of the pilot, with the evidence of its newest release or the reason why there is none.
    plan : the pilot's plan.

    Returns
    -------
    SynthesisResult
        Every site in it, those that cannot be compared with their reason. Nothing is added up over sites.
    """
    found = [_effect(key, outcome, site) for site in sites]
    measure = _measure([result for result, reason in found if result is not None and not reason])
    scale: Scale = "logarithm" if is_ratio(measure) else "as estimated"
    candidates = _without_trace_errors(
        [_candidate(site, result, reason, measure) for site, (result, reason) in zip(sites, found, strict=True)]
    )
    usable = {one.site.site: one for one in candidates if not one.reason}
    results = {name: one.result for name, one in usable.items() if one.result is not None}
    estimates = {name: one.on_scale for name, one in usable.items() if one.on_scale is not None}
    titles = {site.site: site.title for site in sites}
    better = _better(outcome, measure)
    together = averaged(estimates, titles, scale, measure, plan.confidence_level, better)
    together = together.beside(*_ratios(results, titles, plan.confidence_level))
    return _result(outcome, plan, results, measure, scale, better, candidates, together)


def is_ratio(measure: str) -> bool:
    """Tell whether a measure is a ratio, which is put together on the scale of its logarithm."""
    return "ratio" in measure.lower().replace("-", " ").split()


def _effect(key: str, outcome: Outcome, site: ReleasedSite) -> tuple[EffectResult | None, str]:
    """Return a site's result and why it cannot be compared, as far as that can be told from it alone."""
    if site.evidence is None:
        return None, site.missing
    result = _released(key, site.evidence)
    if result is None:
        return None, NO_SUCH_OUTCOME
    if not _same(outcome, site.evidence.plan.outcomes.get(key)):
        return result, DEFINED_OTHERWISE
    if result.value is None:
        return result, NO_ESTIMATE.format(because=result.described_because).strip()
    return result, ""


def _released(key: str, evidence: Evidence) -> EffectResult | None:
    for finding in evidence.of_kind("effect"):
        if finding.scope.subject == key and isinstance(finding.result, EffectResult):
            return finding.result
    return None


def _same(ours: Outcome, theirs: Outcome | None) -> bool:
    """Tell whether two versions of an outcome count the same thing; titles and weights may have been reworded."""
    words = {"title", "definition", "tier", "minimum_important_difference"}
    return theirs is not None and ours.model_dump(exclude=words) == theirs.model_dump(exclude=words)


def _measure(results: Sequence[EffectResult]) -> str:
    """Return the measure that most sites estimate; of equally many, the first."""
    counted = Counter(result.measure for result in results)
    return max(counted, key=lambda measure: counted[measure]) if counted else "none"


def _candidate(site: ReleasedSite, result: EffectResult | None, reason: str, measure: str) -> Candidate:
    if reason or result is None:
        return Candidate(site, result, None, reason)
    if result.measure != measure:
        return Candidate(site, result, None, OTHER_MEASURE.format(theirs=result.measure, ours=measure))
    on_scale = scaled(result)
    if on_scale is not None and isfinite(on_scale.value) and isfinite(on_scale.se):
        return Candidate(site, result, on_scale, "")
    no_ratio = is_ratio(measure) and not (result.value is not None and result.value > 0)
    return Candidate(site, result, None, NO_RATIO if no_ratio else UNKNOWN_ERROR)


def scaled(result: EffectResult) -> OnScale | None:
    """Return an estimate on the scale on which sites are put together; None where its error cannot be told."""
    if result.value is None:
        return None
    if is_ratio(result.measure):
        return log_ratio(result.value, result.se, result.lower, result.upper, result.df, result.level)
    return None if result.se is None else OnScale(result.value, result.se)


def _without_trace_errors(candidates: Sequence[Candidate]) -> list[Candidate]:
    """Name sites whose standard error is zero, or what arithmetic left of zero beside the others."""
    largest = max((one.on_scale.se for one in candidates if one.on_scale), default=0.0)
    return [
        Candidate(one.site, one.result, None, NO_ERROR)
        if one.on_scale and no_error(one.on_scale.value, one.on_scale.se, largest)
        else one
        for one in candidates
    ]


def _better(outcome: Outcome, measure: str) -> Literal["higher", "lower"]:
    """Return the good direction of the measure: a hazard falls where the time without the event grows."""
    if "hazard" in measure.lower():
        return "lower" if outcome.good_direction == "higher" else "higher"
    return outcome.good_direction


def _ratios(
    results: Mapping[str, EffectResult], titles: Mapping[str, str], level: float
) -> tuple[Averaged | None, str]:
    """Return the average of the ratios that stand beside the sites' differences, and the name of the ratio.

    None where not every site has one; their errors are told by their limits, which come from the normal distribution.
    """
    sizes = {name: result.effect_size for name, result in results.items()}
    names = {size.name if size else "" for size in sizes.values()}
    name = next(iter(names)) if len(names) == 1 else ""
    if not is_ratio(name):
        return None, name
    known = {
        site: on_scale
        for site, size in sizes.items()
        if size and (on_scale := log_ratio(size.value or 0.0, None, size.lower, size.upper, None, results[site].level))
    }
    return averaged(known, titles, "logarithm", name, level, "higher") if len(known) == len(sizes) else None, name


def _result(
    outcome: Outcome,
    plan: Plan,
    results: Mapping[str, EffectResult],
    measure: str,
    scale: Scale,
    better: Literal["higher", "lower"],
    candidates: Sequence[Candidate],
    found: Averaged,
) -> SynthesisResult:
    ratio = scale == "logarithm"
    return SynthesisResult(
        title=outcome.title,
        tier=outcome.tier,
        better=better,
        outcome_type=outcome.type,
        measure=measure,
        unit=next((result.unit for result in results.values()), outcome.unit),
        scale=scale,
        level=plan.confidence_level,
        minimum_important_difference=None if ratio else outcome.minimum_important_difference,
        randomised=plan.arms is not None and plan.arms.assignment == "randomised",
        sites=tuple(_site(one, found.weights.get(one.site.site)) for one in candidates),
        pooled=found.pooled,
        not_pooled_because=found.why_not,
        heterogeneity=found.heterogeneity,
        prediction=found.prediction,
        prediction_normal=found.prediction_normal,
        leave_one_out=found.leave_one_out,
        others=found.others,
        verdict=found.verdict,
    )


def _site(one: Candidate, weight: float | None) -> SiteEffect:
    result = one.result
    if result is None:
        return SiteEffect(site=one.site.site, title=one.site.title, left_out=one.reason)
    return SiteEffect(
        site=one.site.site,
        title=one.site.title,
        n={arm: summary.n for arm, summary in result.arms.items()},
        value=result.value,
        se=one.on_scale.se if one.on_scale else None,
        lower=led(result).lower,
        upper=led(result).upper,
        level=result.level,
        engine=result.engine,
        verdict=_verdict(result.verdict),
        weight=weight,
        left_out=one.reason,
    )


def _verdict(said: str) -> Verdict:
    known: dict[str, Verdict] = {"better": "better", "worse": "worse", "inconclusive": "inconclusive"}
    return known.get(said, "described")
