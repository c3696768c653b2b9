"""A criterion's figures from its counts: light, interval, p value, chance of green. Made again from rounded counts.

Counting belongs in measures; statistics in pipelines.progression.
"""

from __future__ import annotations

from collections.abc import Mapping
from math import ceil
from typing import Any

from pipelines.findings.progress import CriterionResult, DecisionResult, GroupShare, Light, Verdict
from pipelines.progression.averages import average_size, judge_average
from pipelines.progression.combining import Rule, combine
from pipelines.progression.lights import Judged, Thresholds
from pipelines.progression.predictive import chance_of_green, chance_of_green_rate
from pipelines.progression.rates import judge_rate, rate_exposure
from pipelines.progression.shares import judge_share, share_size

FIGURES = ("estimate", "lower", "upper", "cut", "p", "chance_green")


def judged(counted: CriterionResult) -> CriterionResult:
    """Return a criterion with all that follows from its counts; unknown where nobody was asked."""
    thresholds = Thresholds(counted.red, counted.green, counted.better)
    needed = _needed(counted, thresholds)
    if counted.unknown_because or not _enough(counted):
        because = counted.unknown_because or "Nobody can be counted for it yet."
        update = {**dict.fromkeys(FIGURES), "light": "unknown", "unknown_because": because, "needed": needed}
        return counted.model_copy(update=update)
    found, kind = _judge(counted, thresholds)
    update = {
        "estimate": found.estimate,
        "lower": found.lower,
        "upper": found.upper,
        "cut": found.cut,
        "p": found.p,
        "light": found.light,
        "interval": kind,
        "chance_green": _chance(counted, thresholds),
        "needed": needed,
    }
    return counted.model_copy(update=update)


def light_at(counted: CriterionResult, events: int) -> Light:
    """Return the light that a criterion would have with so many people who met it."""
    thresholds = Thresholds(counted.red, counted.green, counted.better)
    return _judge(counted.model_copy(update={"events": events}), thresholds)[0].light


def _enough(counted: CriterionResult) -> bool:
    if counted.scale == "rate":
        return bool(counted.exposure) and counted.events is not None
    if counted.scale == "average":
        return (counted.n or 0) > 1 and counted.estimate is not None
    return bool(counted.n) and counted.events is not None


def _judge(counted: CriterionResult, thresholds: Thresholds) -> tuple[Judged, str]:
    limits: dict[str, Any] = {"alpha": counted.alpha, "level": counted.level}
    if counted.scale == "rate":
        return judge_rate(counted.events or 0, counted.exposure or 0.0, thresholds, **limits), "exact (Garwood)"
    if counted.scale == "average":
        known = (counted.estimate or 0.0, counted.spread or 0.0, counted.n or 0)
        return judge_average(*known, thresholds, **limits), "Student's t"
    return judge_share(counted.events or 0, counted.n or 0, thresholds, **limits), "exact (Clopper-Pearson)"


def _chance(counted: CriterionResult, thresholds: Thresholds) -> float | None:
    """Return the chance of green at full recruitment; None where it is full, or not planned."""
    if counted.planned is None:
        return None
    if counted.scale == "share" and counted.planned > (counted.n or 0):
        return chance_of_green(counted.events or 0, counted.n or 0, int(counted.planned), thresholds)
    if counted.scale == "rate" and counted.planned > (counted.exposure or 0.0):
        return chance_of_green_rate(counted.events or 0, counted.exposure or 0.0, counted.planned, thresholds)
    return None


def _needed(counted: CriterionResult, thresholds: Thresholds) -> int | None:
    if counted.scale == "share":
        return share_size(thresholds, counted.alpha, counted.power).n
    if counted.scale == "rate":
        return ceil(rate_exposure(thresholds, counted.alpha, counted.power))
    return average_size(thresholds, counted.spread, counted.alpha, counted.power) if counted.spread else None


def group_share(covariate: str, level: str, events: int, n: int, confidence: float) -> GroupShare:
    """Return a category with its share and Wilson's interval."""
    from pipelines.estimation.proportions import wilson

    if not n:
        return GroupShare(covariate=covariate, level=level, events=events, n=n)
    lower, upper = wilson(events, n, confidence)
    return GroupShare(covariate=covariate, level=level, events=events, n=n, share=events / n, lower=lower, upper=upper)


def decided(result: DecisionResult, lights: Mapping[str, Light]) -> DecisionResult:
    """Return the verdict over the lights as they are given."""
    rule = Rule(result.rule, result.go_when_green, result.stop_when_red)
    told = {key: lights.get(key, "unknown") for key in result.titles}
    verdict: Verdict = combine([None if light == "unknown" else light for light in told.values()], rule)
    return result.model_copy(update={"lights": told, "verdict": verdict})
