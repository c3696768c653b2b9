"""A look at an outcome as a part of its finding: which one it is, what it spent, and the interval it allows."""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal

from pipelines.findings.record import Count, Figure, Record

if TYPE_CHECKING:
    from pipelines.findings.models import EffectResult


class Look(Record):
    """Which look at an outcome this is. The result's own `lower` and `upper` are those of an only look."""

    number: int
    """Which of the looks that were taken this is, by how much was known, from 1."""
    stage: int = 0
    """How many of the planned looks have come due; 0 before the first, and without a plan."""
    planned: int | None = None
    """How many looks are planned; None without a plan."""
    state: Literal["planned", "extra", "unplanned", "not_due", "refused"]
    """`planned`: as the protocol said. `extra`: between planned ones, which widened the interval. `unplanned`: the
    protocol plans no looks at this outcome. `not_due`: the first planned look is still to come, nothing is estimated.
    `refused`: the look for this stage was taken already, nothing is estimated."""
    unit: Literal["people", "events"] = "people"
    """What tells how far the pilot has come."""
    known: Count = None
    """People whose outcome is known (or events), at this look."""
    needed: int | None = None
    """How many are planned; None without a plan."""
    next_at: int | None = None
    """How many have to be known at the next look that is due; None where a date says so, and after the last."""
    next_on: str = ""
    """Day from which the next look is due, as yyyy-mm-dd; empty where people tell."""
    fraction: Figure = None
    """Part of the planned information that is in, at most 1."""
    spending: str = ""
    """How the error is spent: `obrien_fleming` or `pocock`; empty without a plan."""
    spent: Figure = None
    """Error that is spent up to and including this look, of 1 minus the level."""
    boundary: Figure = None
    """Standard errors by which an estimate has to leave no difference behind; None where no error is left to spend."""
    lower: Figure = None
    """Lower limit of the interval that allows for the looks, in the unit of the value; None where none can be given."""
    upper: Figure = None
    """Upper limit of it."""
    p: Figure = None
    """P value that allows for the looks: the smallest error of all looks together at which that interval would leave
    out no difference (Jennison & Turnbull 1989; without a plan an always valid one). None without a test."""

    @property
    def estimated(self) -> bool:
        """Whether an estimate stands beside it."""
        return self.state not in ("not_due", "refused")


def led(result: EffectResult) -> EffectResult:
    """Return a result whose limits are those that count: where looks are allowed for, the wider ones."""
    look = result.look
    if look is None or not look.estimated:
        return result
    limits = {"lower": look.lower, "upper": look.upper}
    if result.value is not None:
        return result.model_copy(update=limits)
    everyone = result.arms.get("everyone")
    if everyone is None or everyone.average is None:
        return result
    return result.model_copy(update={"arms": {**result.arms, "everyone": everyone.model_copy(update=limits)}})


def counting_p(result: EffectResult) -> float | None:
    """Return the p value that counts: where looks are allowed for, theirs; 1 where no interval can be given."""
    if result.p is None or result.look is None:
        return result.p
    return 1.0 if result.look.p is None else result.look.p


def which(look: Look) -> str:
    """Return in a few words which look it is, for a bar or a cell."""
    if look.state == "not_due":
        return f"before look 1 of {look.planned}"
    if look.state in ("refused", "extra"):
        done = f"look {look.stage} of {look.planned}"
        between = f"after {done}" if look.stage else f"before look 1 of {look.planned}"
        return f"{between}, extra look {'refused' if look.state == 'refused' else 'taken'}"
    if look.planned and not look.stage:
        return f"one of {look.planned} planned looks"  # which one would tell how many people there are
    return f"look {look.stage} of {look.planned}" if look.planned else f"look {look.number}, none planned"


def look_words(look: Look, limits: str, ordinary: str) -> str:
    """Return what a look means for an estimate, in a sentence or two.

    Parameters
    ----------
    look : the look, with an estimate.
    limits : the interval that allows for the looks, in words; empty where none can be given.
    ordinary : the interval of an only look, in words; empty where it has none.
    """
    said = {
        "planned": f"This is look {look.stage} of the {look.planned} that were planned.",
        "extra": f"This is an extra look, beside the {look.planned} that were planned.",
        "unplanned": f"This is look {look.number} at this outcome, and the protocol plans none.",
    }[look.state]
    if limits == ordinary or not ordinary:
        return said
    if not limits:
        none = NOTHING_LEFT if (look.fraction or 0) >= 1 else TOO_EARLY
        return f"{said} {NO_METHOD if look.planned is None else none}"
    return f"{said} The interval allows for that: looked at only once, it would be {ordinary}."


NO_METHOD = "The method can give no interval that is wide enough for that."
NOTHING_LEFT = (
    "All of the error that was planned has been spent by the look before, so no interval of this one would hold."
)
TOO_EARLY = "So early the plan leaves almost no error to spend, so that no interval can be given yet."


def waiting_words(look: Look) -> str:
    """Return how far a pilot has come to the next look; nothing of it that may not be shown."""
    counted = "people whose outcome is known" if look.unit == "people" else "events"
    if look.known is None:
        so_far = f"How many {counted} there are so far is not shown."
    else:
        so_far = f"So far {look.known:,} {counted} of {look.needed or 0:,} planned."
    if look.next_on:
        return f"{so_far} The next look is due with the first drop from {look.next_on} on."
    if look.next_at is None:
        return f"{so_far} No further look is planned."
    return f"{so_far} The next look is due at {look.next_at:,}."
