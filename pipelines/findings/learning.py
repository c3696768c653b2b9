"""The learning loop: charts of process measures, and what the team wrote into its registers.

Only what counts at the data cut is told: the same drop says the same, whenever it is looked at. Words of registers
pass the same test as quotes before they are kept.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Mapping
from dataclasses import dataclass

from pipelines.findings.charting import drawn
from pipelines.findings.learned import (
    AdaptationResult,
    ChartResult,
    HundredDaysResult,
    LearningLogResult,
    Mark,
    PdsaResult,
)
from pipelines.findings.making import Making
from pipelines.findings.models import Finding, Result
from pipelines.findings.process_measures import counted, cut_of, measure_title
from pipelines.findings.themes import identifiers_of, is_clean
from pipelines.learning.hundred_days import Challenge, standing
from pipelines.learning.registers import REGISTERS, Entry, read_register
from pipelines.protocol.learning import MEASURES, LearningChart
from pipelines.qualitative.quotes import IdentifierIndex

TABLES = ("validated.cases", "validated.contacts", "validated.spend", "validated.consents", "analysis.doses")
WITHHELD = "withheld: the words may tell who it is"
NAMES = {"pdsa": "pdsa", "adaptations": "adaptation", "learning_log": "learning_log", "hundred_days": "hundred_days"}


def learning_findings(making: Making) -> list[Finding]:
    """Return one finding for each chart and for each row of a register that counts at the data cut."""
    cut = cut_of(making)
    noted = _noted(making, cut)
    charts = making.plan.learning.charts.items()
    cycles = [one for kind, one in noted if kind == "pdsa"]
    drawn_charts = [_chart(making, key, chart, cut, cycles) for key, chart in charts]
    return [*drawn_charts, *(_row(making, kind, one, cut) for kind, one in noted)]


@dataclass(frozen=True)
class Told:
    """A row of a register, its words as they may be shown."""

    entry: Entry
    cells: Mapping[str, str]
    not_shown: tuple[str, ...]


def _noted(making: Making, cut: dt.date) -> list[tuple[str, Told]]:
    """Return the rows of all registers that are not of a day after the data cut; the vault is opened only for them."""
    rows = [(kind, entry) for kind in REGISTERS for entry in read_register(making.site, kind) if entry.day <= cut]
    index = identifiers_of(making.site) if rows else IdentifierIndex(())
    return [(kind, _clean(kind, entry, index)) for kind, entry in rows]


def _clean(kind: str, entry: Entry, index: IdentifierIndex) -> Told:
    """Withhold the words that hold somebody's name, number or address; the row says which, and stays."""
    words = [one.name for one in REGISTERS[kind].fields if one.kind in ("text", "id")]
    hidden = tuple(name for name in words if entry.cells[name] and not is_clean(index, entry.cells[name]))
    return Told(entry, {**entry.cells, **dict.fromkeys(hidden, WITHHELD)}, hidden)


def _chart(making: Making, key: str, chart: LearningChart, cut: dt.date, cycles: list[Told]) -> Finding:
    marks = [
        Mark(start=one.entry.day.isoformat(), id=_name(one), title=one.cells["title"])
        for one in sorted(cycles, key=lambda one: one.entry.day)
        if one.cells["chart"] == key
    ]
    result = ChartResult(
        title=measure_title(chart),
        measure=chart.measure,
        unit=MEASURES[chart.measure].unit,
        way=chart.way(),
        every=chart.every,
        better=chart.better,
        baseline=chart.baseline,
        rules=chart.rules,
        breaks=tuple((phase.start.isoformat(), phase.why) for phase in chart.phases if phase.start <= cut),
        points=counted(making, chart, cut),
        marks=tuple(marks),
    )
    receipts = tuple(f"pdsa/{mark.id}" for mark in marks)
    return making.finding(f"chart/{key}", drawn(result), subject=key, population=POPULATION, receipts=receipts)


POPULATION = "everybody in the records of the site, whatever their group"


def _name(one: Told) -> str:
    """Return what a row is called; its place, where its own name may tell who it is."""
    return f"row-{one.entry.row}" if "id" in one.not_shown else one.cells["id"]


def _row(making: Making, kind: str, one: Told, cut: dt.date) -> Finding:
    makers: dict[str, Callable[[Told, dt.date], Result]] = {
        "pdsa": _pdsa,
        "adaptations": _adaptation,
        "learning_log": _learned,
        "hundred_days": _hundred_days,
    }
    result, name = makers[kind](one, cut), _name(one)
    charted = (f"chart/{one.cells['chart']}",) if one.cells.get("chart") else ()
    return making.finding(f"{NAMES[kind]}/{name}", result, subject=name, receipts=charted)


def _common(one: Told) -> dict[str, object]:
    return {
        "register_file": one.entry.register,
        "row": one.entry.row,
        "entry": _name(one),
        "start": one.entry.day.isoformat(),
        "not_shown": one.not_shown,
    }


def _pdsa(one: Told, cut: dt.date) -> PdsaResult:
    cells = dict(one.cells)
    if cells["end"] > cut.isoformat():  # as it was known at the cut: it still ran
        cells |= {"end": "", "decision": "", "studied": ""}
    names = ("title", "chart", "end", "plan", "prediction", "did", "studied", "decision")
    return PdsaResult.model_validate({**_common(one), **{name: cells[name] for name in names}})


def _adaptation(one: Told, _cut: dt.date) -> AdaptationResult:
    names = ("what", "why", "planned", "core_kept", "decided_by")
    return AdaptationResult.model_validate({**_common(one), **{name: one.cells[name] for name in names}})


def _learned(one: Told, _cut: dt.date) -> LearningLogResult:
    names = ("question", "evidence", "decision", "owner")
    return LearningLogResult.model_validate({**_common(one), **{name: one.cells[name] for name in names}})


def _hundred_days(one: Told, cut: dt.date) -> HundredDaysResult:
    cells = one.cells
    known = cells["latest"] != "" and (cells["latest_on"] or "9") <= cut.isoformat()
    challenge = Challenge(
        start=one.entry.day,
        target=float(cells["target"]),
        begins_at=float(cells["begins_at"] or 0),
        latest=float(cells["latest"]) if known else None,
        latest_on=dt.date.fromisoformat(cells["latest_on"]) if known else None,
        mid_point=cells["mid_point"],
        end_review=cells["end_review"],
        reached=cells["reached"],
    )
    return _standing(one, challenge, cut)


def _standing(one: Told, challenge: Challenge, cut: dt.date) -> HundredDaysResult:
    now = standing(challenge, cut)
    return HundredDaysResult.model_validate(
        {
            **_common(one),
            **{name: one.cells[name] for name in ("goal", "measure", "mid_point", "end_review")},
            "day": now.day,
            "cut": cut.isoformat(),
            "stage": now.stage,
            "target": challenge.target,
            "begins_at": challenge.begins_at,
            "latest": challenge.latest,
            "latest_on": challenge.latest_on.isoformat() if challenge.latest_on else "",
            "expected": now.expected,
            "track": now.track,
            "mid_point_due": now.middle_due.isoformat(),
            "end_due": now.end_due.isoformat(),
            "overdue": now.overdue,
        }
    )
