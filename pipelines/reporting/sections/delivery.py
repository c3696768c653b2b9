"""Delivery: how much of each component people got, against what was planned."""

from __future__ import annotations

from pipelines.findings.models import DoseResult
from pipelines.release.bundle import Evidence
from pipelines.reporting import evidence as ev
from pipelines.reporting import numbers
from pipelines.reporting.markup import bullets, heading, joined, plain, source
from pipelines.reporting.sentences import dose_words, planned_dose, within
from pipelines.reporting.tables import Table, markdown


def delivery(evidence: Evidence) -> str:
    """Return the section; one line when no dose was measured."""
    found = ev.doses(evidence)
    title = heading(2, _title(found), "sec-delivery")
    if not found:
        return joined(title, "How much of the offer people got was not measured in this pilot.")
    told = bullets(f"{plain(pair.finding.sentence)} {source(pair.finding.id)}" for pair in found)
    return joined(title, told, markdown(_table(evidence, found)))


def _title(found: list[ev.Dosed]) -> str:
    """Say the dose of the first component."""
    if not found:
        return "Delivery: not measured"
    result = found[0].result
    arm = result.arms.get("treatment") or result.arms.get("everyone")
    return f"Delivery: {within(result.title)}, {dose_words(result.unit, result.planned, arm)}"


def _table(evidence: Evidence, found: list[ev.Dosed]) -> Table:
    """Tabulate every component and group."""
    keys = [key for key in ("treatment", "comparison", "everyone") if any(key in pair.result.arms for pair in found)]
    head = ("Component", "Planned", *(ev.column_title(evidence, key) for key in keys))
    rows = [_row(pair.result, keys) for pair in found]
    note = "Mean dose per person, standard deviation in brackets, then people who got any of it, of those counted."
    widths = (26, 14, *([60 // len(keys)] * len(keys)))
    return Table("dose", "Dose people got, by group", head, rows, widths, note=note)


def _row(result: DoseResult, keys: list[str]) -> tuple[str, ...]:
    """Write one component."""
    planned = planned_dose(result.unit, result.planned) if result.planned is not None else numbers.NONE_HERE
    share = result.unit.startswith("share")
    title = f"{result.title}, {result.unit}" if result.unit and not share else result.title
    return (title, planned, *(_cell(result, key) for key in keys))


def _cell(result: DoseResult, key: str) -> str:
    """Write one group's dose."""
    arm = result.arms.get(key)
    if arm is None:
        return numbers.NONE_HERE
    share = result.unit.startswith("share")
    average, spread = (numbers.percent(x, 0) if share else numbers.fitting(x) for x in (arm.average, arm.spread))
    return f"{average} ({spread}); {numbers.count(arm.events)} of {numbers.count(arm.n)}"
