"""The frames that estimators are given: people of the case file, units over time, or the periods of a series.

Columns that a design needs carry the names of pipelines.estimation.design. Identifiers never stand in a frame. Rows
come in the order of the file: it decides only which of two equally good matches is taken. No statistics here.
"""

from __future__ import annotations

from typing import Any

from pipelines.estimation.design import ADOPTED, AFTER, BASELINE, BLOCK, CLUSTER, DOSE, PAIR, TAKE_UP, UNIT, WEIGHT
from pipelines.estimation.engines import OVER_TIME
from pipelines.findings.making import Making
from pipelines.findings.periods import after, numbered
from pipelines.protocol.models import Plan
from pipelines.protocol.outcomes import Outcome
from pipelines.warehouse import named

PEOPLE = """
    SELECT c.row_key, p.arm, p.value, p.time, p.event::DOUBLE AS event, p.exposure, p.competing::DOUBLE AS competing
    {own}
    FROM analysis.participants p JOIN validated.cases c USING (person_key)
    WHERE p.outcome = $outcome
    ORDER BY c.source_file, c.source_row, c.row_key
"""
UNITS = """
    SELECT c.arm, a.{value}::DOUBLE AS value, {exposure} AS exposure, a.period, a.period_date, c.row_key AS "{unit}"
    {own}
    FROM validated.cases c {join} JOIN validated.assessments a USING (person_key)
    {where}
    ORDER BY c.source_file, c.source_row, c.row_key, a.period, a.period_date
"""
SERIES = """
    SELECT
        coalesce(s.arm, 'treatment') AS arm, s.{value}::DOUBLE AS value, {exposure} AS exposure,
        s.period, s.period_date
    FROM validated.series s
    ORDER BY 1, s.period, s.period_date
"""


def outcome_frame(making: Making, key: str, outcome: Outcome) -> Any:
    """Return the rows that an outcome is estimated from."""
    if outcome.noun == "cases":
        own = _own(making.plan, outcome) + _doses(making.plan)
        return making.outcomes(PEOPLE.format(own=own), outcome=key).df()
    value, exposure = named(outcome.value or ""), named(outcome.exposure) if outcome.exposure else "NULL::DOUBLE"
    if outcome.noun == "series":
        series = making.outcomes(SERIES.format(value=value, exposure=exposure)).df()
        began = getattr(making.plan.design, "began", "")
        return numbered(series.assign(**{AFTER: after(series, began).astype(float)}))
    own = _own(making.plan, outcome) + _treatment(making.plan)
    sql = UNITS.format(value=value, exposure=exposure, unit=UNIT, own=own, **_everybody(making.plan))
    return numbered(making.outcomes(sql).df())


def _everybody(plan: Plan) -> dict[str, str]:
    """Return how people who were never assessed are kept: as missing, where a row must be a person with an arm."""
    over_time = plan.design is not None and plan.design.kind in OVER_TIME
    whole = over_time or plan.arms is None
    return {"join": "" if over_time else "LEFT", "where": "" if whole else "WHERE c.arm IS NOT NULL"}


def _own(plan: Plan, outcome: Outcome) -> str:
    """Return the columns of the cases that the design and the covariates need."""
    design = plan.design
    fields = {
        CLUSTER: getattr(design, "clusters", None),
        BLOCK: getattr(design, "blocks", None),
        PAIR: getattr(design, "pairs", None),
        ADOPTED: getattr(design, "adopted", None),
        DOSE: getattr(design, "dose", None),
        WEIGHT: design.weights if design is not None and design.kind == "staggered" else None,
        BASELINE: outcome.baseline,
        TAKE_UP: plan.take_up.field if plan.take_up else None,
    }
    numeric = (BASELINE, TAKE_UP, DOSE, WEIGHT)
    columns = [f'c.{named(f)}{"::DOUBLE" if n in numeric else ""} AS "{n}"' for n, f in fields.items() if f]
    taken = {BLOCK} if fields[BLOCK] else set()
    columns += [f"c.{named(name)}" for name in plan.covariates if name not in taken]
    return "".join(f", {column}" for column in columns)


def _doses(plan: Plan) -> str:
    """Return the doses that stand in the cases, each under its title."""
    measures = {part.title: part.measure for part in plan.intervention.components.values()}
    fields = {title: name.removeprefix("cases.") for title, name in measures.items() if name.startswith("cases.")}
    columns = (f"c.{named(field)}::DOUBLE AS {named(f'{DOSE} {title}')}" for title, field in fields.items())
    return "".join(f", {column}" for column in columns)


def _treatment(plan: Plan) -> str:
    """Return the columns of the assessments that a panel needs, or units that began at different times."""
    design = plan.design
    if design is not None and design.kind == "staggered":
        return "".join(f", a.{named(name)}" for name in design.changing)
    if design is None or design.kind != "panel":
        return ""
    own = [f'a.{named(design.treated)}::DOUBLE AS "{DOSE}"', *(f"a.{named(name)}" for name in design.by)]
    own += [f'a.{named(design.weights)}::DOUBLE AS "{WEIGHT}"'] if design.weights else []
    return "".join(f", {column}" for column in own)
