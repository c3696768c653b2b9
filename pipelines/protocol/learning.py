"""The learning loop: which process measures are charted over time. The registers belong in pipelines.learning."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated, Literal

from pydantic import Field

from pipelines.protocol.base import Day, Part, Slug, Text

Way = Literal["run", "xmr", "p", "u"]
FEWEST_IN_BASELINE = 10


@dataclass(frozen=True)
class Measure:
    """A process measure that can be charted.

    `noun` and `day` say which rows count and by which of their dates; `needs` are the fields that must be mapped;
    `ways` the kinds of chart that fit, the default first.
    """

    title: str
    unit: str
    noun: str
    day: str
    ways: tuple[Way, ...]
    needs: tuple[str, ...] = ()


MEASURES: dict[str, Measure] = {
    "referrals": Measure("People referred", "people", "cases", "referral_date", ("run", "xmr")),
    "starts": Measure("People who started", "people", "cases", "start_date", ("run", "xmr")),
    "endings": Measure("People who ended", "people", "cases", "end_date", ("run", "xmr")),
    "contacts": Measure("Contacts kept", "contacts", "contacts", "contact_date", ("run", "xmr")),
    "contacts_per_person": Measure(
        "Contacts kept for each person seen", "contacts a person", "contacts", "contact_date", ("u", "run", "xmr")
    ),
    "attended": Measure(
        "Share of contacts kept", "share", "contacts", "contact_date", ("p", "run", "xmr"), ("attended",)
    ),
    "days_to_start": Measure(
        "Days from referral to start", "days", "cases", "start_date", ("xmr", "run"), ("referral_date",)
    ),
    "consented": Measure(
        "Share of people referred who agreed to linking",
        "share",
        "cases",
        "referral_date",
        ("p", "run", "xmr"),
        ("consents.may_link",),
    ),
    "spend": Measure("Spent from the fund", "pounds", "spend", "spend_date", ("xmr", "run"), ("amount",)),
    "components": Measure(
        "Share of the planned parts delivered to those who started", "share", "cases", "start_date", ("p", "run", "xmr")
    ),
}
"""Process measures by name. None is an outcome: outcomes are looked at only as the plan says, not month by month."""


class ChartPhase(Part):
    """A change after which a chart begins anew, with a centre and limits of its own."""

    start: Day
    """First day of the phase."""
    why: Text
    """What changed, for readers."""


class LearningChart(Part):
    """One process measure over time."""

    measure: Text
    """What is charted: `referrals`, `starts`, `endings` (people a period), `contacts` (kept), `contacts_per_person`
    (kept, for each person seen), `attended` (share of contacts kept), `days_to_start` (mean days from referral to
    start, by the day of the start), `consented` (share of people referred who agreed to linking), `spend` (pounds),
    `components` (share of the intervention's components of which people who started got any). Outcomes cannot be
    charted."""
    title: str = ""
    """Title for readers. Default: the measure in words."""
    every: Literal["month", "week"] = "month"
    """Length of a period. Where too many months would speak of few people they are pooled to quarters, weeks to four
    weeks. Charts of the same dates have periods of the same length."""
    kind: Way | None = None
    """Kind of chart: `run` (median, Anhoj's rules), `xmr` (single values), `p` (shares), `u` (rates). Default: `run`
    for counts, `p` for shares, `u` for contacts a person, `xmr` for days and pounds."""
    baseline: Annotated[int, Field(ge=FEWEST_IN_BASELINE)] | None = None
    """Centre and limits come from the first so many points of each phase and then stay. Default: from all of them."""
    phases: tuple[ChartPhase, ...] = ()
    """Changes after which the chart begins anew."""
    better: Literal["higher", "lower", "neither"] = "neither"
    """Which direction is good."""
    rules: Annotated[
        tuple[Literal["beyond_limits", "run_of_eight", "two_of_three", "four_of_five"], ...], Field(min_length=1)
    ] = ("beyond_limits",)
    """What counts as more than chance in charts with limits: a point beyond three sigma, eight in a row on one side,
    two of three beyond two sigma, four of five beyond one. Each further rule finds more, also where nothing is. Run
    charts have rules of their own."""

    def way(self) -> Way:
        """Return the kind of chart."""
        return self.kind or MEASURES[self.measure].ways[0]


class Learning(Part):
    """How the pilot learns while it runs.

    Registers of the team lie beside the protocol; what they hold stands in PROTOCOL.md under "Registers".
    """

    charts: dict[Slug, LearningChart] = {}
    """Process measures over time, by key."""
