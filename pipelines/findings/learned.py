"""Models of the learning loop: charts over time, PDSA cycles, adaptations, what was learned, challenges of 100 days.

How they are made belongs in learning and charting; what may be shown of them in pipelines.disclosure.
"""

from __future__ import annotations

from typing import Literal

from pipelines.findings.record import Count, Figure, Record


class ChartPoint(Record):
    """One period of a chart."""

    start: str
    """First day, as yyyy-mm-dd."""
    title: str
    """The period for readers, for example "Mar 2026"."""
    standing: Literal["shown", "part", "gap", "withheld"]
    """`part`: only a part of the period is known, or a phase begins inside it, so it stands beside the lines; `gap`: no
    record; `withheld`: the figures would speak of a few people."""
    value: Figure = None
    """The point, in the unit of the measure; a share is between 0 and 1."""
    numerator: Figure = None
    """What is counted, for shares and rates."""
    denominator: Figure = None
    """Of how many, for shares, rates and means."""
    fewer_than: int | None = None
    """What a withheld count is certainly below; only where it is used on a run chart."""
    people: Count = None
    """People behind the point. Disclosure control looks at it; it is never released."""
    dominated: bool = False
    """Whether one or two people make up nearly all of it. Disclosure control looks at it; it is never released."""
    centre: Figure = None
    """Centre line."""
    lower: Figure = None
    """Lower limit; None on a run chart and where there are too few points."""
    upper: Figure = None
    """Upper limit."""
    wide_lower: Figure = None
    """Laney's lower limit, where the points scatter more than counts do."""
    wide_upper: Figure = None
    """Laney's upper limit."""
    signals: tuple[str, ...] = ()
    """Rules that name this point."""


class ChartPhaseShown(Record):
    """One phase of a chart, with centre and signals of its own."""

    start: str
    """First day, as yyyy-mm-dd; empty for the first phase."""
    why: str = ""
    """What changed."""
    points: int
    """Points that count."""
    baseline: int
    """Points that centre and limits come from."""
    enough: bool
    """Whether these are enough to tell more than chance."""
    centre: Figure = None
    """Median of a run chart; mean, or pooled share or rate, of the others."""
    longest: int | None = None
    """Run chart: longest run on one side of the median."""
    longest_allowed: int | None = None
    """Run chart: longest run that chance explains."""
    side: Literal["above", "below", ""] = ""
    """Run chart: where the longest run lies."""
    crossings: int | None = None
    """Run chart: times that the line crosses the median."""
    fewest_crossings: int | None = None
    """Run chart: fewest crossings that chance explains."""
    spread: Figure = None
    """Mean moving range of an XmR chart; Laney's sigma of z of p and u charts, 1 where points scatter as counts do."""
    signal: bool = False
    """Whether something in this phase is more than chance."""


class Mark(Record):
    """A PDSA cycle as it is drawn on a chart."""

    start: str
    """First day, as yyyy-mm-dd."""
    id: str
    """Id of the cycle in the register."""
    title: str
    """The change."""


class ChartResult(Record):
    """A process measure over time. Everything drawn follows from the points that may be shown, and from no others."""

    kind: Literal["chart"] = "chart"
    title: str
    """The measure for readers."""
    measure: str
    """Key of the measure, for example `attended`."""
    unit: str
    """Unit of the points."""
    way: Literal["run", "xmr", "p", "u"]
    """Kind of chart."""
    every: Literal["month", "week", "quarter", "four weeks"]
    """Length of a period; longer than planned where shorter ones would speak of few people."""
    better: Literal["higher", "lower", "neither"]
    """Which direction is good."""
    baseline: int | None
    """Centre and limits come from the first so many points of each phase; None: from all of them."""
    rules: tuple[str, ...]
    """What counts as more than chance in charts with limits."""
    breaks: tuple[tuple[str, str], ...] = ()
    """First day of each later phase, and what changed."""
    points: tuple[ChartPoint, ...]
    """Periods in order."""
    phases: tuple[ChartPhaseShown, ...] = ()
    """Phases in order."""
    marks: tuple[Mark, ...] = ()
    """PDSA cycles that ought to move it."""
    withheld: int = 0
    """Periods that are not shown, because they would speak of few people."""


class Noted(Record):
    """What every row of a register has."""

    register_file: str
    """File of the register."""
    row: int
    """Row of the file, as a spreadsheet counts."""
    entry: str
    """Id of the row."""
    start: str
    """Day from which it counts, as yyyy-mm-dd."""
    not_shown: tuple[str, ...] = ()
    """Columns whose words are withheld, because they may tell who somebody is."""


class PdsaResult(Noted):
    """One cycle of plan, do, study, act."""

    kind: Literal["pdsa"] = "pdsa"
    title: str
    """The change."""
    chart: str = ""
    """Key of the chart that it ought to move."""
    end: str = ""
    """Last day, as yyyy-mm-dd; empty while it runs."""
    plan: str
    """What was planned."""
    prediction: str
    """What was expected, written beforehand."""
    did: str = ""
    """What was done."""
    studied: str = ""
    """What was seen."""
    decision: Literal["adopt", "adapt", "abandon", "repeat", ""] = ""
    """What follows; empty while it runs."""


class AdaptationResult(Noted):
    """One change to what is delivered."""

    kind: Literal["adaptation"] = "adaptation"
    what: str
    """What was changed."""
    why: str
    """Why."""
    planned: Literal["yes", "no", ""] = ""
    """Decided beforehand, or a reaction."""
    core_kept: Literal["yes", "no", "unclear", ""] = ""
    """Whether the core of the offer stays."""
    decided_by: str = ""
    """Role of who decided."""


class LearningLogResult(Noted):
    """One thing that was learned."""

    kind: Literal["learning_log"] = "learning_log"
    question: str
    """What the team asked itself."""
    evidence: str
    """What it looked at."""
    decision: str
    """What it decided."""
    owner: str
    """Role of who sees to it."""


class HundredDaysResult(Noted):
    """One challenge of 100 days, as it stands on the day of the newest delivery."""

    kind: Literal["hundred_days"] = "hundred_days"
    goal: str
    """What should be reached."""
    measure: str
    """What tells whether it is reached."""
    day: int
    """Day of the challenge at the data cut, 1 to 100."""
    cut: str
    """The data cut: date of the newest delivery, as yyyy-mm-dd."""
    stage: Literal["running", "ended"]
    """Whether its 100 days are over."""
    target: float
    """Figure to reach on day 100."""
    begins_at: Figure = None
    """Figure on day 1."""
    latest: Figure = None
    """Newest figure."""
    latest_on: str = ""
    """Day of the newest figure, as yyyy-mm-dd."""
    expected: Figure = None
    """Where a steady pace would have been on that day."""
    track: Literal["on track", "behind", "reached", "partly reached", "not reached", "not known"]
    """How it stands."""
    mid_point: str = ""
    """Review at the middle."""
    mid_point_due: str
    """Day 50, as yyyy-mm-dd."""
    end_review: str = ""
    """Review at the end."""
    end_due: str
    """Day 100, as yyyy-mm-dd."""
    overdue: tuple[str, ...] = ()
    """Reviews whose day has passed and that are not written."""
