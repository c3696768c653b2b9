"""Readings as tables: figures over time, take-up, and how wrong an estimate could be."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import replace

from pipelines.findings.exhibits import DoubtsResult, OverTimeResult, Reading
from pipelines.release.bundle import Evidence
from pipelines.reporting import evidence as ev
from pipelines.reporting import figures, numbers, over_time_figure
from pipelines.reporting.markup import block, bullets, heading, joined, plain, source
from pipelines.reporting.sentences import name as standing_alone
from pipelines.reporting.series_figure import KEYS, part_of, series_figure
from pipelines.reporting.tables import Table, markdown

FEW_BENCHMARKS = 9
FOLDED = "The checks in figures"
NOT_MADE = ("not made", "not declared")
STRONGEST = 3
"""Of more benchmarks than are shown, the covariates that are."""
SHARES = ("risk difference", "share", "proportion")


def over_time(evidence: Evidence) -> str:
    """Return each figure over time with the table of its numbers; nothing where there is none."""
    parts = []
    series: dict[str, dict[str, tuple[str, OverTimeResult]]] = {}
    for finding, result in ev.over_time(evidence):
        key = part_of(result)
        if result.withheld:
            continue
        if key in KEYS:
            series.setdefault(result.outcome, {})[key] = (finding.id, result)
        else:
            parts.append(joined(*_over_time(finding.id, result)))
    together = [_series(outcome, found) for outcome, found in series.items()]
    return joined(heading(3, "Period by period"), *together, *parts) if together or parts else ""


def _series(outcome: str, found: Mapping[str, tuple[str, OverTimeResult]]) -> str:
    """Return a series in one picture and one table, with what was fitted to it and what was expected."""
    parts = {key: result for key, (_, result) in found.items()}
    words = {"observed": "As it ran", "fitted": "As fitted", "control": "Control series", "expected": "Expected"}
    columns = {key: {point.position: point.reading for point in parts[key].points} for key in words if key in parts}
    places = dict.fromkeys(at for column in columns.values() for at in column)
    rows = []
    for at in sorted(places):
        here = {key: column[at] for key, column in columns.items() if at in column}
        title = next(iter(here.values())).title
        told = [_figures(here[key])[0] if key in here else numbers.NONE_HERE for key in columns]
        rows.append((title, *told, _figures(here["expected"])[1] if "expected" in here else numbers.NONE_HERE))
    head = ("Period", *(words[key] for key in columns), "Interval of what was expected")
    caption = "The series, what was fitted to it, and what was expected without the change"
    return joined(
        *(plain(result.words) for result in parts.values() if result.words),
        figures.markdown(series_figure(f"series-{outcome}".replace("_", "-"), parts)),
        markdown(Table(f"series-table-{outcome}", caption, head, rows)),
        source(*(finding for finding, _ in found.values())),
    )


def _over_time(finding_id: str, result: OverTimeResult) -> tuple[str, ...]:
    rows = [(point.reading.title, *_figures(point.reading)) for point in result.points]
    name = finding_id.replace("/", "-")
    table = Table(name, result.title, (result.axis[:1].upper() + result.axis[1:], "Figure", "Interval"), rows)
    drawn = figures.markdown(over_time_figure.over_time_figure(finding_id, result))
    return plain(result.words), drawn, markdown(table), source(finding_id)


def take_up(evidence: Evidence) -> str:
    """Return who took up what they were offered, and what it did for them."""
    found = [(f, result) for f, result in ev.take_ups(evidence) if not result.withheld]
    parts = [
        joined(
            bullets(plain(words) for words in dict.fromkeys(one.sentence for one in result.readings if one.sentence)),
            markdown(_table(f"take-up-{result.outcome}", result.title, result.readings)),
            source(f.id),
        )
        for f, result in found
    ]
    design = evidence.plan.design
    by_instruments = design is not None and design.kind == "instrumental"
    title = "What the instruments can tell" if by_instruments else "Those who took it up"
    return joined(heading(3, title), *parts) if parts else ""


def doubts(evidence: Evidence) -> str:
    """Return how wrong each estimate could be: the sentences that matter, and all the rest folded away below them."""
    found = [(f, result) for f, result in ev.doubts(evidence) if not result.withheld]
    parts = []
    for finding, doubted in found:
        result = doubted.model_copy(update={"title": _named(doubted, evidence)})
        first, rest = _told(result.readings)
        folded = _folded(result, rest)
        title = heading(3, f"How far to trust: {result.title}")
        parts.append(joined(title, bullets(map(plain, first)), folded, source(finding.id)))
    return joined(*parts)


def _named(result: DoubtsResult, evidence: Evidence) -> str:
    """Name the outcome where it stands alone; as it is where the plan does not know it."""
    outcome = evidence.plan.outcomes.get(result.outcome)
    return result.title if outcome is None else standing_alone(outcome.type, result.title)


def _told(readings: Iterable[Reading]) -> tuple[list[str], list[str]]:
    """Part sentences into those that everybody should read, and those for who wants to know exactly.

    Of many known covariates that something unmeasured is held against, the one that would change most is enough; that
    a check was not made, or not planned, changes nothing that was said.
    """
    said = [one for one in readings if one.sentence]
    benchmarks = [one for one in said if one.key.startswith("benchmark/")]
    strongest = min(benchmarks, key=_left, default=None)
    later = [one for one in said if (one in benchmarks and one is not strongest) or one.measure in NOT_MADE]
    sentences = dict.fromkeys(one.sentence for one in said if one not in later)
    return list(sentences), [one for one in dict.fromkeys(one.sentence for one in later) if one not in sentences]


def _left(reading: Reading) -> float:
    """What is left of an estimate beyond a benchmark, by the limit nearer to none where the limits lie on one side."""
    limits = [one for one in (reading.lower, reading.upper) if one is not None]
    if len(limits) == 2 and limits[0] * limits[1] <= 0:
        return 0.0
    return min((abs(one) for one in (*limits, reading.value) if one is not None), default=0.0)


def _folded(result: DoubtsResult, rest: Iterable[str]) -> str:
    """Return the other sentences and the table of figures, closed in the web page until somebody opens them."""
    inside = joined(bullets(map(plain, rest)), markdown(_checks(result)))
    return block("callout-note", inside, depth=5, title=FOLDED, collapse="true") if inside else ""


def _checks(result: DoubtsResult) -> Table:
    """Tabulate the checks that have a figure; of many benchmarks only the strongest, and say where the others stand."""
    shown = [one for one in result.readings if not one.key.startswith("benchmark/")]
    benchmarks = [one for one in result.readings if one.key.startswith("benchmark/")]
    if len(benchmarks) > FEW_BENCHMARKS:
        by_covariate: dict[str, list[Reading]] = {}
        for one in benchmarks:
            by_covariate.setdefault(one.key.split("/")[1], []).append(one)
        strongest = sorted(by_covariate, key=lambda name: (_left(by_covariate[name][-1]), name))[:STRONGEST]
        benchmarks = [one for name in strongest for one in (by_covariate[name][0], by_covariate[name][-1])]
        note = (
            f"Of {len(by_covariate)} covariates the {STRONGEST} that would change most; the others stand in the annex."
        )
    else:
        note = ""
    told = (*shown, *dict.fromkeys(benchmarks))
    table = _table(f"doubts-{result.outcome}", f"{result.title}: checks in figures", told, units=True)
    return replace(table, note=note)


def _table(name: str, caption: str, readings: Iterable[Reading], *, units: bool = False) -> Table:
    known = (one for one in readings if any(each is not None for each in (one.value, one.lower, one.upper)))
    rows = [(one.title, one.measure, *_figures(one, units=units)) for one in known]
    return Table(name, caption, ("Check", "What it is", "Figure", "Limits"), rows, (34, 28, 18, 20))


def _figures(reading: Reading, *, units: bool = False) -> tuple[str, str]:
    scale = 100 if reading.measure in SHARES else 1
    sizes = [abs(scale * one) for one in (reading.value, reading.lower, reading.upper) if one is not None]
    largest = max(sizes, default=0.0)
    value, lower, upper = (
        None if one is None else numbers.fitting(scale * one, largest)
        for one in (reading.value, reading.lower, reading.upper)
    )
    unit = " points" if scale == 100 and reading.measure == "risk difference" else "%" if scale == 100 else ""
    unit = f" {reading.unit}" if units and scale == 1 and reading.unit else unit
    interval = f"{lower} to {upper}" if lower is not None and upper is not None else numbers.NONE_HERE
    none = numbers.WITHHELD if interval == numbers.NONE_HERE else numbers.NONE_HERE
    return (none if value is None else f"{value}{unit}", interval)
