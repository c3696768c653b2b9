"""Outcomes and covariates as a protocol declares them."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Annotated, Literal

from pydantic import Field, model_validator

from pipelines.protocol.base import Code, Part, Slug, Text


class EventsOutcome(Part):
    """How an outcome is counted from the extract of events (a row per arrest, conviction or move).

    An event counts when its date lies after the index date and no more than `horizon` days after it; one on the index
    day itself does not count. Somebody without such an event has 0, not a missing value. Somebody without an index
    date, or with an event that was set aside because it could not be read, is not known.
    """

    kinds: tuple[Code, ...] = ()
    """Kinds of event that count, as the field `kind` of the events holds them; case does not matter. Default: all."""
    waiting_days: Annotated[int, Field(ge=0)] = 0
    """Days to wait for decisions: an event counts only if its `decided_date` lies within `horizon` plus these days of
    the index date. One-year proven reoffending has horizon 365 and waits 183 days, for convictions within a further six
    months. Default 0: nothing needs to be decided."""
    index: Literal["start_date", "referral_date"] | None = None
    """Date of the cases from which days are counted. Default: the start or, without one, the referral."""


class Outcome(Part):
    """Something that should change, defined before anybody looks.

    A binary, continuous or count outcome names the field that holds its `value`. A time-to-event outcome names the
    fields of its `time` and `event`. A binary outcome may be made from a time and an event: it happened when the event
    came no later than `horizon`. Instead of fields, `events` makes a binary, count or time-to-event outcome from the
    extract of events: whether any event came within `horizon` days, how many did, or after how many days the first one.
    An outcome that was measured several times stands in the assessments (`noun: assessments`): `at` and `baseline_at`
    name the periods that are compared. A series, such as a monthly count, stands in an extract of `series`.
    """

    title: Text
    """Name of the outcome for readers. Of a binary outcome as it ends the sentence "people who ..." (`were arrested
    again`); of a time to an event the time (`Weeks until arrest`); else what is measured (`Days in stable housing`)."""
    type: Literal["binary", "continuous", "count", "ordinal", "time_to_event"]
    """Scale of measurement. Of an `ordinal` outcome only the order of its numbers counts."""
    noun: Literal["cases", "assessments", "series"] = "cases"
    """Where its fields stand: in the cases, in the assessments (a row per person and period) or in a series."""
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
    """Field that holds the value, in the extract of `noun`."""
    labels: dict[str, str] = {}
    """Words for the numbers of an ordinal outcome, by number."""
    baseline: Slug | None = None
    """Field of the cases extract that holds the same measure before the start. The estimate is adjusted for it; in a
    difference-in-differences and a before-and-after design it is what the value is held against."""
    at: float | None = None
    """Period of the assessments at which the outcome counts. Default: the last one in which people were assessed."""
    baseline_at: float | None = None
    """Period of the assessments that is the baseline. Default: in a difference-in-differences the one before `at`;
    where chance decided none, for the first assessment may have come after the start."""
    exposure: Slug | None = None
    """Field that holds the time at risk (or the population) behind a count: rates are then compared."""
    competing: Slug | None = None
    """Field of the cases extract (yes/no) that says whether follow-up was ended by another event, after which this one
    could no longer happen. Its time is in `time`."""
    placebo: bool = False
    """True when it cannot have been changed by what is tested: a difference in it is a warning, never an effect."""
    time: Slug | None = None
    """Field of the cases extract that holds the time until the event or until follow-up ended."""
    event: Slug | None = None
    """Field of the cases extract (yes/no) that says whether the event happened."""
    horizon: Annotated[float, Field(gt=0)] | None = None
    """Length of follow-up, in `unit`; of an outcome from events, in days."""
    events: EventsOutcome | None = None
    """How it is counted from the extract of events; there is then no `value`, `time` or `event`."""
    due_after_days: Annotated[int, Field(gt=0)] | None = None
    """Days after the start (or, without one, the referral) when the outcome can be known. Whose time has not yet come
    at the date of the drop is not followed up to the end: neither analysed nor missing. Default: all have come; of
    an outcome from events `horizon` plus `waiting_days`."""
    minimum_important_difference: Annotated[float, Field(gt=0)] | None = None
    """Smallest difference that would matter: a share for a binary outcome (0.05 is five points), else in `unit`."""

    @property
    def good_direction(self) -> Literal["higher", "lower"]:
        """Direction of the figure that is good for people; of a time to an event the figure is the time without it."""
        return "higher" if self.better in ("higher", "later") else "lower"

    @property
    def source(self) -> tuple[str, str] | None:
        """What it shares with other outcomes: those of one time and event, or of events, are parts of each other."""
        if self.events:
            return ("events", "")
        return (self.time, self.event) if self.time and self.event else None

    @property
    def due_days(self) -> int | None:
        """Days after the index date when the outcome can be known; None: at once."""
        if self.due_after_days is None and self.events:
            return math.ceil(self.horizon or 0) + self.events.waiting_days
        return self.due_after_days

    @model_validator(mode="before")
    @classmethod
    def _counted_in_days(cls, given: object) -> object:
        """Say "days" of the horizon of an outcome from events: nothing else can be meant."""
        if isinstance(given, Mapping) and given.get("events") is not None and not given.get("unit"):
            return {**given, "unit": "days"}
        return given

    @model_validator(mode="after")
    def _has_its_fields(self) -> Outcome:
        """Refuse an outcome that could not be computed."""
        if self.events:
            return self._is_made_from_events()
        if self.type == "time_to_event" and not (self.time and self.event and self.horizon):
            raise ValueError("a time_to_event outcome needs `time`, `event` and `horizon`")
        if self.type in ("continuous", "count", "ordinal") and not self.value:
            raise ValueError(f"{'an' if self.type == 'ordinal' else 'a'} {self.type} outcome needs `value`")
        if self.type == "binary" and not (self.value or (self.time and self.event and self.horizon)):
            raise ValueError("a binary outcome needs `value`, or `time`, `event` and `horizon`")
        return self._has_its_place()

    def _has_its_place(self) -> Outcome:
        """Refuse fields that would never be read."""
        if self.noun != "cases" and not self.value:
            raise ValueError(f"an outcome in the {self.noun} needs `value`")
        if self.noun != "assessments" and (self.at is not None or self.baseline_at is not None):
            raise ValueError("`at` and `baseline_at` are periods of the assessments: add `noun: assessments`")
        if self.exposure and self.type != "count":
            raise ValueError("only a count has an `exposure`")
        if self.competing and self.type != "time_to_event":
            raise ValueError("only a time_to_event outcome has a `competing` event")
        if self.baseline and (self.type == "time_to_event" or self.noun != "cases"):
            raise ValueError("`baseline` belongs to a value in the cases; in the assessments it is `baseline_at`")
        return self

    def _is_made_from_events(self) -> Outcome:
        """Refuse an outcome from events that is something else too, or has no end."""
        if self.value or self.time or self.event or self.noun != "cases":
            raise ValueError("an outcome from `events` has no `value`, `time` or `event` of its own")
        if self.type in ("continuous", "ordinal") or not self.horizon:
            raise ValueError(
                "an outcome from `events` is binary, count or time_to_event, and needs a `horizon` in days"
            )
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
