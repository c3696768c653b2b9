"""What may be shown beside an effect: nothing of a withheld one, and nothing that rests on few people."""

from __future__ import annotations

from typing import Any

from pipelines.disclosure import precision
from pipelines.disclosure.counts import part_hidden, too_small
from pipelines.disclosure.log import Log
from pipelines.disclosure.policy import Policy
from pipelines.disclosure.sizes import Sizes
from pipelines.findings.exhibits import AlikeRow, ComparisonResult, DoubtsResult, OverTimeResult, Reading, TakeUpResult
from pipelines.findings.models import EffectResult

WITH_EFFECT = "withheld together with the estimate"
FIGURES = ("value", "se", "lower", "upper", "df", "p")
FEW_LEFT_OUT = "rounding, because few of a group are left out of the comparison"
STEPS = (0.01, 0.02, 0.05, 0.1)
MEANS = ("treated", "before", "after", "treated_sd", "before_sd", "after_sd")
RATIOS = ("difference_before", "difference_after", "variance_ratio_before", "variance_ratio_after")
ROW_FIGURES = (*MEANS, *RATIOS, "ecdf_before", "ecdf_after")


def hidden(effect: EffectResult | None) -> bool:
    """Tell whether an effect, as it is shown, is withheld or only described: then nothing beside it may be shown."""
    return effect is None or effect.value is None


def listed(
    result: DoubtsResult | TakeUpResult, effect: EffectResult | None, rules: Policy, log: Log
) -> DoubtsResult | TakeUpResult:
    """Return doubts or take-up as they may be shown.

    Parameters
    ----------
    result : readings with exact figures.
    effect : the effect of the same outcome as it is shown.
    rules, log : the limits; gets the changes.
    """
    gone = hidden(effect)
    readings = tuple(_reading(one, gone, rules, log) for one in result.readings)
    return result.model_copy(update={"readings": readings, "withheld": gone})


def over_time(result: OverTimeResult, effect: EffectResult | None, rules: Policy, log: Log) -> OverTimeResult:
    """Return figures over time as they may be shown; parameters as for `listed`."""
    gone = hidden(effect)
    points = tuple(
        point.model_copy(update={"reading": _reading(point.reading, gone, rules, log)}) for point in result.points
    )
    words = "" if gone or rules.rounding_base > 1 else result.words
    return result.model_copy(update={"points": points, "withheld": gone, "words": words})


def _reading(reading: Reading, gone: bool, rules: Policy, log: Log) -> Reading:
    """Return a reading without what disclosure control needs, and without figures where they may not be shown."""
    if gone or too_small(reading.people, rules):
        log.withheld(f"readings.{reading.key}", WITH_EFFECT if gone else "minimum count")
        return reading.model_copy(update={**dict.fromkeys(FIGURES), "people": None, "sentence": ""})
    if rules.rounding_base == 1:
        return reading.model_copy(update={"people": None})
    log.rounded(f"readings.{reading.key}", "rounding")
    figures: dict[str, Any] = {name: precision.like(getattr(reading, name), reading.se) for name in FIGURES[:4]}
    p = None if reading.p is None else round(reading.p, 2)
    # Its sentence may hold the exact figure.
    return reading.model_copy(update={**figures, "df": None, "p": p, "people": None, "sentence": ""})


def comparison(
    result: ComparisonResult, effect: EffectResult | None, rules: Policy, log: Log, sizes: Sizes
) -> ComparisonResult:
    """Return a comparison group as it may be shown.

    Parameters
    ----------
    result : the comparison group with exact figures.
    effect : the effect of the same outcome as it is shown.
    rules, log, sizes : the limits; gets the changes; sizes shown so far, to which shown ones are added.
    """
    gone = hidden(effect)
    counts = {} if gone else _counts(result, rules, log, sizes)
    few_left = gone or too_small((result.treated or 0) - (result.treated_used or 0), rules)
    left = (
        () if few_left else tuple(_row(row, result, rules, log, "left_out") for row in result.left_out if not row.share)
    )
    rows = tuple(_row(row, result, rules, log, "rows", gone=gone) for row in result.rows)
    if not gone and _few_not_used(result, rules):
        rows = tuple(_without_the_few(row, result, rules) for row in rows)
        log.rounded("rows", FEW_LEFT_OUT)
    if gone:
        log.withheld("all figures", WITH_EFFECT)
    effective = (
        None if gone or result.effective is None else round(result.effective, 1 if rules.rounding_base == 1 else 0)
    )
    lights: dict[str, Any] = {"light_before": "none", "light_after": "none", "words": ""} if gone else {}
    shown = dict.fromkeys(("treated", "pool", "treated_used", "pool_used")) | counts
    overlap = None if gone or result.overlap is None else _overlap(result, rules)
    return result.model_copy(
        update={
            **shown,
            **lights,
            "rows": rows,
            "left_out": left,
            "effective": effective,
            "overlap": overlap,
            "withheld": gone,
        }
    )


def _few_not_used(result: ComparisonResult, rules: Policy) -> bool:
    """Tell whether so few people are left out of a group that figures before and after would give them away."""
    treated = too_small((result.treated or 0) - (result.treated_used or 0), rules)
    return treated or too_small((result.pool or 0) - (result.pool_used or 0), rules)


def _without_the_few(row: AlikeRow, result: ComparisonResult, rules: Policy) -> AlikeRow:
    """Return a row from which those left out cannot be had.

    Exact averages of 185 people and of 184 of them give the 185th. What is known only of all of them goes, and their
    standardised difference is rounded so far that one person's value stays uncertain by about a standard deviation.
    """
    pool = (result.pool or 0) - (result.pool_used or 0)
    size = min(result.treated or 1, result.pool or 1)
    step = next((step for step in STEPS if step * size >= 1.8), STEPS[-1])
    before = row.difference_before
    gone = (
        "treated_sd",
        "before_sd",
        "variance_ratio_before",
        "ecdf_before",
        *(("before",) if too_small(pool, rules) else ()),
    )
    rounded = None if before is None else round(round(before / step) * step, 2)
    return row.model_copy(update={**dict.fromkeys(gone), "difference_before": rounded})


def _overlap(result: ComparisonResult, rules: Policy) -> float | None:
    """Return the share of the treatment group within the range of the pool, where few outside could not be counted."""
    outside = round((result.treated or 0) * (1 - (result.overlap or 0)))
    return None if too_small(outside, rules) else precision.share(result.overlap, max(result.treated or 1, 10))


def _counts(result: ComparisonResult, rules: Policy, log: Log, sizes: Sizes) -> dict[str, int | None]:
    """Return sizes that neither give a small difference away nor are small: who is compared first, then the rest."""
    wanted = (
        ("treated_used", "treatment", result.treated_used),
        ("pool_used", "comparison", result.pool_used),
        ("treated", "treatment", result.treated),
        ("pool", "comparison", result.pool),
    )
    shown: dict[str, int | None] = {}
    for name, arm, size in wanted:
        shown[name] = log.count(size, name, rules) if sizes.admit(arm, size) else None
        if shown[name] is None:
            log.withheld(name)
    return shown


def _row(row: AlikeRow, result: ComparisonResult, rules: Policy, log: Log, name: str, gone: bool = False) -> AlikeRow:
    clean = {"treated_people": None, "before_people": None}
    shares = row.share and (
        part_hidden(row.treated_people, result.treated, rules) or part_hidden(row.before_people, result.pool, rules)
    )
    if gone or shares:
        log.withheld(f"{name}.{row.covariate}")
        return row.model_copy(update={**clean, **dict.fromkeys(ROW_FIGURES), "light": "none"})
    if rules.rounding_base == 1:
        return row.model_copy(update=clean)
    log.rounded(f"{name}.{row.covariate}", "rounding")
    people = max(min(result.treated or 1, result.pool or 1), 10)
    means = {m: (precision.share if row.share else precision.mean)(getattr(row, m), people) for m in MEANS}
    ratios = {m: None if getattr(row, m) is None else round(getattr(row, m), 2) for m in (*RATIOS, *ROW_FIGURES[-2:])}
    return row.model_copy(update={**clean, **means, **ratios})
