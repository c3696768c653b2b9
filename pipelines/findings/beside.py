"""What stands beside an outcome's effect: the comparison group, figures over time, take-up, and doubts, as findings.

The figures come with the estimate; nothing is estimated here.
"""

from __future__ import annotations

from dataclasses import replace
from typing import cast

from pipelines.estimation import Estimate
from pipelines.estimation import result as estimated
from pipelines.estimation.balance import light
from pipelines.findings.exhibits import (
    AlikeRow,
    ComparisonResult,
    DoubtsResult,
    Light,
    OverTimeResult,
    Point,
    Reading,
    TakeUpResult,
)
from pipelines.findings.immortal_time import immortal_time
from pipelines.findings.making import Making
from pipelines.findings.models import Finding, Result
from pipelines.protocol.models import Plan
from pipelines.protocol.outcomes import Outcome


def beside(making: Making, key: str, outcome: Outcome, found: Estimate | None) -> list[Finding]:
    """Return the findings beside an effect; none where nothing was estimated."""
    if found is None:
        return []
    found = replace(found, doubts=(*immortal_time(making, key, outcome), *found.doubts))
    results = {f"{name}/{key}": result for name, result in _results(making.plan, key, outcome, found)}
    return [making.finding(name, result, subject=key) for name, result in results.items()]


def _results(plan: Plan, key: str, outcome: Outcome, found: Estimate) -> list[tuple[str, Result]]:
    about = {"title": outcome.title, "outcome": key}
    results: list[tuple[str, Result]] = []
    if found.comparison is not None:
        results.append(("comparison", _comparison(plan, found.comparison, about)))
    for number, shown in enumerate(found.over_time):
        results.append((f"over_time_{number + 1}" if number else "over_time", _over_time(shown, key)))
    taken = (*found.take_up, *found.doses)
    if taken:
        results.append(("take_up", TakeUpResult(**about, readings=tuple(map(_reading, taken)))))
    if found.doubts:
        readings = tuple(_reading(_entitled(plan, one)) for one in found.doubts)
        results.append(("doubts", DoubtsResult(**about, readings=readings, everybody=_everybody(found))))
    return results


def _everybody(found: Estimate) -> dict[str, int | None]:
    """Return the people of each group, also those whose outcome is not known, and those who are not compared."""
    made = found.comparison
    known = dict(found.n) if made is None else {"treatment": made.treated, "comparison": made.pool}
    return {arm: count + found.missing.get(arm, 0) for arm, count in known.items()}


def _entitled(plan: Plan, reading: estimated.Reading) -> estimated.Reading:
    """Return a reading that calls a covariate by its title: estimators know its key only."""
    about, _, rest = reading.key.partition("/")
    covariate = plan.covariates.get(rest.partition("/")[0])
    if about != "benchmark" or covariate is None:
        return reading
    key, title = f"'{rest.partition('/')[0]}'", f"“{covariate.title}”"
    return replace(reading, title=reading.title.replace(key, title), sentence=reading.sentence.replace(key, title))


def _reading(reading: estimated.Reading) -> Reading:
    return Reading(
        key=reading.key,
        title=reading.title,
        measure=reading.measure,
        value=reading.value,
        se=reading.se,
        lower=reading.lower,
        upper=reading.upper,
        df=reading.df,
        p=reading.p,
        unit=reading.unit,
        people=reading.n,
        sentence=reading.sentence,
    )


def _over_time(shown: estimated.OverTime, key: str) -> OverTimeResult:
    pairs = zip(shown.positions, shown.readings, strict=True)
    points = tuple(Point(position=position, reading=_reading(reading)) for position, reading in pairs)
    return OverTimeResult(
        title=shown.title, outcome=key, axis=shown.axis, points=points, words=shown.sentence, null=shown.null
    )


def _comparison(plan: Plan, made: estimated.Comparison, about: dict[str, str]) -> ComparisonResult:
    return ComparisonResult(
        **about,
        method=made.method,
        formula=made.formula,
        rows=tuple(_row(plan, row) for row in made.rows),
        treated=made.treated,
        pool=made.pool,
        treated_used=made.treated_used,
        pool_used=made.pool_used,
        effective=made.effective,
        overlap=made.overlap,
        light_before=_light(made.light_before),
        light_after=_light(made.light_after),
        left_out=tuple(_row(plan, row) for row in made.left_out),
        words=made.sentence,
    )


def _light(name: str) -> Light:
    return cast(Light, name) if name in ("green", "amber", "red") else "none"


def _row(plan: Plan, row: estimated.ComparisonRow) -> AlikeRow:
    covariate = plan.covariates.get(row.covariate)
    title = covariate.title if covariate else {"distance": "Score"}.get(row.covariate, row.covariate)
    if row.level is not None:
        title = f"{title}: {covariate.labels.get(row.level, row.level) if covariate else row.level}"
    return AlikeRow(
        covariate=row.covariate,
        title=title,
        level=row.level,
        share=row.share,
        treated=row.treated,
        before=row.before,
        after=row.after,
        treated_sd=row.treated_sd,
        before_sd=row.before_sd,
        after_sd=row.after_sd,
        difference_before=row.smd_before,
        difference_after=row.smd_after,
        variance_ratio_before=row.variance_ratio_before,
        variance_ratio_after=row.variance_ratio_after,
        ecdf_before=row.ecdf_before,
        ecdf_after=row.ecdf_after,
        light=_light(light(row.smd_after)),
        treated_people=row.treated_people,
        before_people=row.before_people,
    )
