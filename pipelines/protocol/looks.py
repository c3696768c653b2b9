"""When somebody may look at the outcomes before all of them are known. What a look is worth belongs in estimation."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field

from pipelines.protocol.base import Day, Part, Slug

Fraction = Annotated[float, Field(gt=0, le=1)]


class Looks(Part):
    """The looks that are planned: every estimate that somebody sees before the end is a look, and each costs something.

    How far a pilot has come is told by the people whose outcome is known, of those in `population.planned_per_site`.
    One of `planned`, `fractions` and `dates` says when looks are due. The error of 1 - `confidence_level` is spent over
    the looks that were taken (Lan & DeMets 1983), so that all of their intervals together hold as often as one would.
    Showing the same evidence again is no look, and figures of how the pilot runs (who came, what was delivered) are
    free. Without this key the first look at an outcome is taken as the only one; from the second on its interval is
    that of a confidence sequence, which holds however often somebody looks, and is about half as wide again.
    """

    planned: Annotated[int, Field(ge=1, le=50)] | None = None
    """How many looks, equally spaced: 4 means when a quarter, a half, three quarters and all of the people are in."""
    fractions: Annotated[tuple[Fraction, ...], Field(max_length=50)] = ()
    """Instead of `planned`: which part of the planned people is in at each look, rising to 1, such as `[0.5, 1]`."""
    dates: Annotated[tuple[Day, ...], Field(max_length=50)] = ()
    """Instead of `planned`: from which day on each look is due, by the date of the drop."""
    spending: Literal["obrien_fleming", "pocock"] = "obrien_fleming"
    """How the error is spent: `obrien_fleming` keeps nearly all of it for the last look, so that early looks need
    overwhelming results and the last costs little; `pocock` spends it evenly."""
    outcomes: tuple[Slug, ...] = ()
    """Outcomes that these looks are for. Default: the primary ones. Others that are made of the same field as one of
    them (the same event within another time, say) are looked at together with it."""
    unplanned: Literal["refuse", "widen"] = "refuse"
    """What becomes of an estimate at any other time. `refuse`: it is not shown until the next look is due. `widen`: it
    is shown as an extra look, which spends a part of the error, so that its interval and all later ones are wider."""
    planned_events: dict[Slug, Annotated[int, Field(gt=0)]] = {}
    """For times to an event: how many events are planned in each site, by outcome. Where it is given, events and not
    people tell how far the pilot has come."""

    @property
    def points(self) -> tuple[float, ...]:
        """Fractions at which looks are due; none where dates tell."""
        return self.fractions or tuple(k / self.planned for k in range(1, (self.planned or 0) + 1) if self.planned)

    @property
    def number(self) -> int:
        """How many looks are planned."""
        return len(self.points) or len(self.dates)
