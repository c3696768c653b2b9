"""Outcomes and covariates as a protocol declares them."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field, model_validator

from pipelines.protocol.base import Part, Slug, Text


class Outcome(Part):
    """Something that should change, defined before anybody looks.

    A binary, continuous or count outcome names the field that holds its `value`. A time-to-event outcome names the
    fields of its `time` and `event`. A binary outcome may be made from a time and an event: it happened when the event
    came no later than `horizon`.
    """

    title: Text
    """Name of the outcome for readers. Of a binary outcome as it ends the sentence "people who ..." (`were arrested
    again`); of a time to an event the time (`Weeks until arrest`); else what is measured (`Days in stable housing`)."""
    type: Literal["binary", "continuous", "count", "time_to_event"]
    """Scale of measurement."""
    tier: Literal["primary", "secondary", "exploratory"] = "secondary"
    """Weight it was given beforehand."""
    better: Literal["higher", "lower", "later", "sooner"]
    """Which direction is good for people: `higher` or `lower`; for a time to an event `later` (an arrest) or `sooner`
    (a job)."""
    definition: str = ""
    """How exactly it is counted, and from which records."""
    unit: str = ""
    """Unit of a continuous outcome or of time, for example "days"."""
    value: Slug | None = None
    """Field of the cases extract that holds the value."""
    time: Slug | None = None
    """Field of the cases extract that holds the time until the event or until follow-up ended."""
    event: Slug | None = None
    """Field of the cases extract (yes/no) that says whether the event happened."""
    horizon: Annotated[float, Field(gt=0)] | None = None
    """Length of follow-up, in `unit`."""
    due_after_days: Annotated[int, Field(gt=0)] | None = None
    """Days after the start (or, without one, the referral) when the outcome can be known. Whose time has not yet come
    at the date of the drop is not followed up to the end: neither analysed nor missing. Default: all have come."""
    minimum_important_difference: Annotated[float, Field(gt=0)] | None = None
    """Smallest difference that would matter: a share for a binary outcome (0.05 is five points), else in `unit`."""

    @property
    def good_direction(self) -> Literal["higher", "lower"]:
        """Direction of the figure that is good for people; of a time to an event the figure is the time without it."""
        return "higher" if self.better in ("higher", "later") else "lower"

    @model_validator(mode="after")
    def _has_its_fields(self) -> Outcome:
        """Refuse an outcome that could not be computed."""
        if self.type == "time_to_event" and not (self.time and self.event and self.horizon):
            raise ValueError("a time_to_event outcome needs `time`, `event` and `horizon`")
        if self.type in ("continuous", "count") and not self.value:
            raise ValueError(f"a {self.type} outcome needs `value`")
        if self.type == "binary" and not (self.value or (self.time and self.event and self.horizon)):
            raise ValueError("a binary outcome needs `value`, or `time`, `event` and `horizon`")
        return self


class Covariate(Part):
    """Something known of people before they started."""

    title: Text
    """Name of the covariate for readers."""
    type: Literal["number", "category", "yes_no"] = "number"
    """Scale of measurement."""
    unit: str = ""
    """Unit of a number, for example "years"."""
    labels: dict[str, str] = {}
    """Words for the categories, by code."""
