"""What may be shown beside an effect: nothing of a withheld one, and nothing that rests on few people."""

from __future__ import annotations

from collections.abc import Mapping
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
MISSING = ("worst_case", "lee", "tipping_point", "imputed")
"""How keys of readings begin that give back how many outcomes are missing."""
ADJUSTED = ("benchmark", "robustness_value", "partial_r2", "regression", "imputed", "specification")
"""How keys of readings begin that come from a model with covariates."""
NUMBERED = ("sentence only",)
"""Measures of readings whose sentence alone holds figures."""
FEW_MISSING = "checks of missing outcomes are shown only where many are missing"
MEANS = ("treated", "before", "after", "treated_sd", "before_sd", "after_sd")
RATIOS = ("difference_before", "difference_after", "variance_ratio_before", "variance_ratio_after")
ROW_FIGURES = (*MEANS, *RATIOS, "ecdf_before", "ecdf_after")


def hidden(effect: EffectResult | None) -> bool:
    """Tell whether an effect, as it is shown, is withheld or only described: then nothing beside it may be shown."""
    return effect is None or effect.value is None


def take_up(result: TakeUpResult, effect: EffectResult | None, rules: Policy, log: Log) -> TakeUpResult:
    """Return take-up as it may be shown.

    Parameters
    ----------
    result : readings with exact figures.
    effect : the effect of the same outcome as it is shown.
    rules, log : the limits; gets the changes.
    """
    gone = hidden(effect)
    readings = tuple(_reading(one, effect, rules, log) for one in result.readings)
    return result.model_copy(update={"readings": readings, "withheld": gone})


def doubts(
    result: DoubtsResult, effects: Mapping[str, EffectResult], rules: Policy, log: Log, sizes: Sizes
) -> DoubtsResult:
    """Return doubts as they may be shown.

    Readings of missing outcomes give back how many are missing, and so how many people a group has. Where few are
    missing they are left out without a trace: a trace would tell that some are.

    Parameters
    ----------
    result : readings with exact figures.
    effects : every effect as it is shown, by the key of its outcome.
    rules, log, sizes : the limits; gets the changes; sizes shown so far, to which those told here are added.
    """
    effect = effects.get(result.outcome)
    told = not hidden(effect) and _missing_told(result, rules, sizes)
    log.withheld("readings.missing_outcomes", FEW_MISSING)
    kept = (one for one in result.readings if _kept(one, effects, told, rules))
    readings = tuple(_reading(one, effect, rules, log) for one in kept)
    return result.model_copy(update={"readings": readings, "everybody": {}, "withheld": hidden(effect)})


def _kept(one: Reading, effects: Mapping[str, EffectResult], told: bool, rules: Policy) -> bool:
    """Tell whether a reading stays: of missing outcomes where they may be told, of a placebo that is shown."""
    about, _, outcome = one.key.partition("/")
    if about == "placebo":
        return not hidden(effects.get(outcome))
    # Under rounding only a figure that chance moves by more than one person does: one with a standard error.
    return not of_missing(one) or (told and (rules.rounding_base == 1 or one.se is not None))


def of_missing(one: Reading) -> bool:
    """Tell whether a reading gives back how many outcomes are missing."""
    return one.key.startswith(MISSING)


def _missing_told(result: DoubtsResult, rules: Policy, sizes: Sizes) -> bool:
    """Tell whether readings of missing outcomes may be shown, and note the sizes of groups that follow from them."""
    found = [one for one in result.readings if of_missing(one)]
    if not found or any(too_small(one.people, rules) for one in found):
        return False
    everybody = {arm: count for arm, count in result.everybody.items() if count is not None}
    if any(sizes.close(arm, count) for arm, count in everybody.items()):
        return False
    for arm, count in everybody.items():
        sizes.show(arm, count)
    return True


def coarse_doubts(result: DoubtsResult, log: Log) -> DoubtsResult:
    """Return doubts with adjusted figures rounded: exact ones give back how a withheld covariate is spread."""
    if not any(one.key.startswith(ADJUSTED) for one in result.readings):
        return result
    log.rounded("readings.adjusted", "rounding, because a covariate has a withheld cell")
    readings = (_coarse(one) if one.key.startswith(ADJUSTED) else one for one in result.readings)
    return result.model_copy(update={"readings": tuple(readings)})


def _coarse(one: Reading) -> Reading:
    if one.se is None:
        return one.model_copy(update=dict.fromkeys(FIGURES))
    figures: dict[str, Any] = {name: precision.like(getattr(one, name), one.se) for name in FIGURES[:4]}
    return one.model_copy(update={**figures, "df": None, "p": None if one.p is None else round(one.p, 2)})


def over_time(result: OverTimeResult, effect: EffectResult | None, rules: Policy, log: Log) -> OverTimeResult:
    """Return figures over time as they may be shown; parameters as for `take_up`."""
    gone = hidden(effect)
    points = tuple(
        point.model_copy(update={"reading": _reading(point.reading, effect, rules, log)}) for point in result.points
    )
    words = "" if gone or rules.rounding_base > 1 else result.words
    return result.model_copy(update={"points": points, "withheld": gone, "words": words})


def _reading(reading: Reading, effect: EffectResult | None, rules: Policy, log: Log) -> Reading:
    """Return a reading without what disclosure control needs, and without figures where they may not be shown."""
    gone = hidden(effect)
    if gone or too_small(reading.people, rules):
        log.withheld(f"readings.{reading.key}", WITH_EFFECT if gone else "minimum count")
        return reading.model_copy(update={**dict.fromkeys(FIGURES), "people": None, "sentence": ""})
    if rules.rounding_base == 1:
        return reading.model_copy(update={"people": None})
    log.rounded(f"readings.{reading.key}", "rounding")
    same_unit = effect is not None and reading.measure == effect.measure
    error = reading.se if reading.se is not None or effect is None or not same_unit else effect.se
    figures: dict[str, Any] = {name: precision.like(getattr(reading, name), error) for name in FIGURES[:4]}
    p = None if reading.p is None else round(reading.p, 2)
    # A sentence may hold the exact figure, unless there is none.
    held = any(getattr(reading, name) is not None for name in FIGURES)
    said = "" if held or reading.measure in NUMBERED else reading.sentence
    return reading.model_copy(update={**figures, "df": None, "p": p, "people": None, "sentence": said})


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
