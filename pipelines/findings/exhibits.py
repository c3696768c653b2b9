"""Results that stand beside an effect: the comparison group, figures over time, take-up, and how wrong it could be.

Estimates themselves belong in models, what may be shown of these in pipelines.disclosure.
"""

from __future__ import annotations

from typing import Literal

from pipelines.findings.record import Count, Figure, Record

Light = Literal["green", "amber", "red", "none"]


class Reading(Record):
    """One figure with the sentence that it allows."""

    key: str
    """Stable name, for example `e_value`, `imputed`, `att/2004/2006`."""
    title: str
    """What it is, for readers."""
    measure: str
    """What `value` is, for example "E-value" or "risk difference"."""
    value: Figure = None
    """The figure."""
    se: Figure = None
    """Standard error."""
    lower: Figure = None
    """Lower limit."""
    upper: Figure = None
    """Upper limit."""
    df: Figure = None
    """Degrees of freedom of the interval; None for a normal one."""
    p: Figure = None
    """Two-sided p value."""
    unit: str = ""
    """Unit of value and limits; empty for pure numbers. Shares are between 0 and 1."""
    people: Count = None
    """Fewest people it rests on. Disclosure control looks at it; it is never released."""
    sentence: str = ""
    """What it says, in one sentence; empty where the figure is withheld."""


class DoubtsResult(Record):
    """How wrong an estimate could be."""

    kind: Literal["doubts"] = "doubts"
    title: str
    """The outcome for readers."""
    outcome: str
    """Key of the outcome."""
    readings: tuple[Reading, ...]
    """One for each check; a check whose figures rest on few missing outcomes is left out altogether."""
    everybody: dict[str, Count] = {}
    """People of each group, whether or not their outcome is known. Disclosure control looks at it; it is never
    released."""
    withheld: bool = False
    """Whether the figures are withheld together with the estimate."""


class TakeUpResult(Record):
    """How many took what they were offered, and what it did for those who did because it was offered.

    In a design with instruments: how strongly these move the dose, and the tests beside the effect of it.
    """

    kind: Literal["take_up"] = "take_up"
    title: str
    """The outcome for readers."""
    outcome: str
    """Key of the outcome."""
    readings: tuple[Reading, ...]
    """Shares who took it up, strength of the instrument, effect on compliers by 2SLS, Anderson-Rubin interval; the
    dose-response with its warning. Of instruments: effective F, Anderson-Rubin interval, Wu-Hausman, Sargan, Hansen."""
    withheld: bool = False
    """Whether the figures are withheld together with the estimate."""


class Point(Record):
    """One figure at one position in time."""

    position: float
    """Where it stands on the axis."""
    reading: Reading
    """The figure."""


class OverTimeResult(Record):
    """Figures that belong to periods: an event study, effects by group and period, a series with its counterfactual."""

    kind: Literal["over_time"] = "over_time"
    title: str
    """What is shown, for readers."""
    outcome: str
    """Key of the outcome."""
    axis: str
    """What the positions are."""
    points: tuple[Point, ...]
    """Figures in order."""
    words: str = ""
    """What it shows, in a sentence."""
    null: float | None = 0.0
    """The figure that means no difference; None where the figures are levels."""
    withheld: bool = False
    """Whether the figures are withheld together with the estimate."""


class AlikeRow(Record):
    """How alike the groups are in one covariate, or one category of it, before and after."""

    covariate: str
    """Key of the covariate; `distance` for the score itself."""
    title: str
    """Name for readers."""
    level: str | None = None
    """Code of the category."""
    share: bool = False
    """Whether means are shares."""
    treated: Figure = None
    """Mean in the treatment group."""
    before: Figure = None
    """Mean in the comparison pool."""
    after: Figure = None
    """Mean in the matched or weighted comparison group."""
    treated_sd: Figure = None
    """Standard deviation in the treatment group."""
    before_sd: Figure = None
    """Standard deviation in the pool."""
    after_sd: Figure = None
    """Standard deviation in the matched or weighted comparison group."""
    difference_before: Figure = None
    """Standardised mean difference before."""
    difference_after: Figure = None
    """Standardised mean difference after."""
    variance_ratio_before: Figure = None
    """Variance in the treatment group over variance in the pool; None for shares."""
    variance_ratio_after: Figure = None
    """The same after."""
    ecdf_before: Figure = None
    """Largest distance between the distribution functions before."""
    ecdf_after: Figure = None
    """The same after."""
    light: Light = "none"
    """|difference after| below 0.05, below 0.10, or above."""
    treated_people: Count = None
    """Of a share: people with it in the treatment group. Disclosure control looks at it; it is never released."""
    before_people: Count = None
    """Of a share: people with it in the pool. Disclosure control looks at it; it is never released."""


class ComparisonResult(Record):
    """A comparison group that was made: how, of whom, and how alike it is."""

    kind: Literal["comparison"] = "comparison"
    title: str
    """The outcome whose people are compared, for readers."""
    outcome: str
    """Key of the outcome."""
    method: str
    """How it was made."""
    formula: str
    """Formula of the standardised mean difference: tools differ."""
    rows: tuple[AlikeRow, ...]
    """One for each number and category; the score first where there is one."""
    treated: Count
    """People in the treatment group whose outcome is known."""
    pool: Count
    """People in the comparison pool whose outcome is known."""
    treated_used: Count
    """People of the treatment group who are compared."""
    pool_used: Count
    """People of the pool who are compared."""
    effective: Figure
    """Effective sample size of the comparison group."""
    overlap: Figure = None
    """Share of the treatment group whose score lies within the range of the pool's."""
    light_before: Light = "none"
    """The worst light before."""
    light_after: Light = "none"
    """The worst light after."""
    left_out: tuple[AlikeRow, ...] = ()
    """People of the treatment group who are left out (`treated`) beside those who are kept (`before`)."""
    words: str = ""
    """Whether the groups are alike, in a sentence."""
    withheld: bool = False
    """Whether the figures are withheld."""


Exhibit = DoubtsResult | TakeUpResult | OverTimeResult
"""Results of readings that are withheld together with the effect of their outcome."""
