"""What every model of a finding is made of: the frozen record, counts and figures, and the summary of a group.

Results of a kind belong in models and received.
"""

from __future__ import annotations

from typing import Literal

from pydantic import BaseModel, ConfigDict


class Record(BaseModel):
    """A frozen part of a finding; an unknown field is an error."""

    model_config = ConfigDict(frozen=True, extra="forbid", use_attribute_docstrings=True)


Count = int | None
"""A number of people or events; None (printed "[c]") where the disclosure policy withholds it."""

Figure = float | None
"""A figure; None (printed "[c]") where the disclosure policy withholds it, or where it could not be computed."""


class ArmSummary(Record):
    """One group's outcome."""

    title: str
    """Name of the group."""
    n: Count
    """People whose outcome is known."""
    events: Count = None
    """People with the event, for binary and time-to-event outcomes."""
    average: Figure = None
    """Proportion, mean, or restricted mean survival time."""
    spread: Figure = None
    """Standard deviation of a continuous outcome or a count."""
    lower: Figure = None
    """Lower limit of the average."""
    upper: Figure = None
    """Upper limit of the average."""
    censored: Count = None
    """Time to event only: people whose follow-up ended early, without the event."""
    contributors: Count = None
    """People whose value is not the most common one. Disclosure control looks at it; it is never released."""


class BaselineRow(Record):
    """One covariate, or one category of it, by arm."""

    title: str
    """Name of the covariate, with its category."""
    covariate: str = ""
    """Key of the covariate in the protocol."""
    level: str | None = None
    """Code of the category; None for a number and for a yes/no."""
    unit: str = ""
    """Unit of a mean; empty for a share."""
    measure: Literal["mean", "share"]
    """What `average` is."""
    arms: dict[str, ArmSummary]
    """Summary by arm; `events` counts the people in a category."""
    difference: Figure = None
    """Standardised mean difference."""
    light: Literal["green", "amber", "red", "none"] = "none"
    """|difference| below 0.05, below 0.10, or above."""
