"""The learning loop: charts of process measures with cycles drawn on them, what was changed and learned, 100 days."""

from __future__ import annotations

from pipelines.findings.learned import ChartResult, HundredDaysResult, PdsaResult
from pipelines.findings.learned_words import CENTRES, DECISIONS, PLURAL, day, figure
from pipelines.findings.models import Finding
from pipelines.release.bundle import Evidence
from pipelines.reporting import evidence as ev
from pipelines.reporting import figures, numbers
from pipelines.reporting.learning_figure import learning_figure, letter, verdict
from pipelines.reporting.markup import block, bullets, heading, joined, plain, source
from pipelines.reporting.sentences import capital
from pipelines.reporting.tables import Table, markdown

Charted = list[tuple[Finding, ChartResult]]
OPEN = "–"
MOST_OF_A_CELL = 400


def learning(evidence: Evidence) -> str:
    """Return the section; nothing where a pilot charts nothing and keeps no register."""
    charts, cycles = ev.charts(evidence), ev.cycles(evidence)
    parts = [_charts(charts), _cycles(cycles), _adaptations(evidence), _log(evidence), _board(evidence)]
    if not any(parts):
        return ""
    return joined(heading(2, _title(charts), "sec-learning"), plain(LEAD), *parts)


LEAD = (
    "What the team watched while the pilot ran, what it tried and what it changed. These are measures of how the work "
    "went and say nothing of outcomes: a change here is no effect of the pilot."
)
READ = (
    "How to read the charts: the solid line is the centre, dashed lines are what chance reaches, a diamond is a point "
    "that is more than chance, an open circle is a part of a period, a pale bar is a number too small to show. A "
    "triangle with a letter is a cycle of the team's own (PDSA); a dotted line begins a new phase."
)


def _title(charts: Charted) -> str:
    moved = sum(verdict(result) == "more than chance" for _, result in charts)
    if not charts:
        return "Learning loop"
    what = numbers.several(len(charts), "measure")
    some = numbers.in_words(moved) if moved else "none"
    return f"Learning loop: {some} of {what} moved more than chance explains"


def _charts(charts: Charted) -> str:
    if not charts:
        return ""
    return joined(block("note", plain(READ)), *(_chart(finding, result) for finding, result in charts), _lines(charts))


def _chart(finding: Finding, result: ChartResult) -> str:
    legend = [f"{letter(i)}: {mark.title}, from {day(mark.start)}." for i, mark in enumerate(result.marks)]
    return joined(
        heading(3, result.title),
        f"{plain(finding.sentence)} {source(finding.id)}",
        figures.markdown(learning_figure(finding.id, result, finding.sentence)),
        plain(" ".join([_left_out(result), *legend])),
    )


def _left_out(result: ChartResult) -> str:
    """Say which periods are not there, and why."""
    gaps = sum(point.standing == "gap" for point in result.points)
    parts = [point.title for point in result.points if point.standing == "part"]
    one, many = result.every, PLURAL[result.every]
    told = []
    if result.every in ("quarter", "four weeks"):
        told.append(f"Counted by {one}, because shorter periods would speak of few people.")
    if result.withheld:
        told.append(f"Not shown, to protect people: {numbers.several(result.withheld, one, many)}.")
    if gaps:
        told.append(f"Without any record, and so a gap: {numbers.several(gaps, one, many)}.")
    if parts:
        told.append(f"Only in part, and so beside the lines: {', '.join(parts)}.")
    return " ".join(told)


def _lines(charts: Charted) -> str:
    """Tabulate centre and signals of every phase."""
    rows = [
        (
            f"{result.title}{f', since {day(phase.start)}' if phase.start else ''}",
            str(phase.points),
            f"{figure(result, phase.centre) if phase.centre is not None else OPEN} ({CENTRES[result.way]})",
            _limits(result, phase.start),
            "too few points" if not phase.enough else "more than chance" if phase.signal else "no more than chance",
        )
        for _, result in charts
        for phase in result.phases
    ]
    note = "Limits vary with the numbers of a period; those of the newest period are given. Run charts have none."
    head = ("Measure", "Points", "Centre", "Limits", "What it says")
    return markdown(Table("charts", "Measures over time, phase by phase", head, rows, (32, 10, 22, 16, 20), note=note))


def _limits(result: ChartResult, start: str) -> str:
    after = min((first for first, _ in result.breaks if first > start), default="9999")
    own = [p for p in result.points if start <= p.start < after and p.lower is not None and p.upper is not None]
    return f"{figure(result, own[-1].lower)} to {figure(result, own[-1].upper)}" if own else OPEN


def _cycles(cycles: list[tuple[Finding, PdsaResult]]) -> str:
    if not cycles:
        return ""
    head = ("Change tried", "Expected", "Found", "What follows")
    rows = [
        (_when(result), _cut(result.prediction), _cut(result.studied) or OPEN, _follows(result)) for _, result in cycles
    ]
    table = Table("pdsa", "Cycles of plan, do, study, act", head, rows, (26, 28, 28, 18), figures=False)
    return joined(heading(3, "What the team tried"), markdown(table), _sources([f for f, _ in cycles]))


def _when(result: PdsaResult) -> str:
    until = f" to {day(result.end)}" if result.end else ""
    return f"{_cut(result.title)} ({day(result.start)}{until})"


def _follows(result: PdsaResult) -> str:
    return (
        capital(DECISIONS[result.decision]) if result.decision else "Still running" if not result.end else "Not decided"
    )


def _adaptations(evidence: Evidence) -> str:
    found = ev.adaptations(evidence)
    if not found:
        return ""
    head = ("What was changed", "From", "Why", "Core kept")
    rows = [(_cut(r.what), day(r.start), _cut(r.why), _core(r.planned, r.core_kept)) for _, r in found]
    table = Table("adaptations", "Changes to what is delivered", head, rows, (34, 14, 34, 18), figures=False)
    return joined(heading(3, "What was changed"), markdown(table), _sources([f for f, _ in found]))


def _core(planned: str, kept: str) -> str:
    how = {"yes": "planned", "no": "not planned"}.get(planned, "")
    return capital(", ".join(part for part in (kept, how) if part)) or OPEN


def _log(evidence: Evidence) -> str:
    found = ev.learned(evidence)
    if not found:
        return ""
    head = ("Question", "Evidence", "Decision", "Owner")
    rows = [(_cut(r.question), _cut(r.evidence), f"{_cut(r.decision)} ({day(r.start)})", r.owner) for _, r in found]
    table = Table("learning-log", "What was asked, seen and decided", head, rows, (26, 26, 32, 16), figures=False)
    return joined(heading(3, "What was learned"), markdown(table), _sources([f for f, _ in found]))


def _board(evidence: Evidence) -> str:
    found = ev.challenges(evidence)
    if not found:
        return ""
    head = ("Goal", "Day", "Figure", "How it stands", "Reviews")
    rows = [(_goal(r), _day(r), _figures(r), capital(r.track), _reviews(r)) for _, r in found]
    caption = f"Challenges of 100 days, as they stood on {day(found[0][1].cut)}"
    note = "On track: the newest figure is at least as far as a steady pace from day 1 to day 100 would be."
    table = Table("hundred-days", caption, head, rows, (26, 10, 18, 14, 32), figures=False, note=note)
    return joined(heading(3, "100-day challenges"), markdown(table), _sources([f for f, _ in found]))


def _goal(result: HundredDaysResult) -> str:
    return f"{_cut(result.goal)}. {_cut(result.measure)}"


def _day(result: HundredDaysResult) -> str:
    return f"{result.day} of 100" if result.stage == "running" else f"Ended {day(result.end_due)}"


def _figures(result: HundredDaysResult) -> str:
    latest = f"{numbers.trimmed(result.latest)} on {day(result.latest_on)}" if result.latest is not None else ""
    if not latest:
        latest = "[c]" if result.latest_on else "none yet"
    return f"{latest}; target {numbers.trimmed(result.target)}"


def _reviews(result: HundredDaysResult) -> str:
    """Return both reviews, or when they are due."""
    told = []
    for name, words, due in (
        ("mid-point review", result.mid_point, result.mid_point_due),
        ("end review", result.end_review, result.end_due),
    ):
        late = "overdue since" if name in result.overdue else "due"
        told.append(f"{capital(name)}: {_cut(words)}" if words else f"{capital(name)} {late} {day(due)}")
    return " ".join(one if one.endswith((".", "!", "?")) else f"{one}." for one in told)


def _sources(found: list[Finding]) -> str:
    """Name the findings, and say what is not shown of them."""
    hidden = [finding.sentence for finding in found if getattr(finding.result, "not_shown", ())]
    return joined(bullets(map(plain, hidden)), source(*(finding.id for finding in found)))


def _cut(text: str) -> str:
    """Shorten what would burst a table; the bundle has it whole."""
    return text if len(text) <= MOST_OF_A_CELL else f"{text[:MOST_OF_A_CELL].rsplit(' ', 1)[0]} …"
