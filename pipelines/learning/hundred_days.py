"""A challenge of 100 days: which day it is, what is due, and whether it is on track."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass
from typing import Literal

DAYS = 100
MIDDLE = 50

Stage = Literal["running", "ended"]
Track = Literal["on track", "behind", "reached", "partly reached", "not reached", "not known"]


@dataclass(frozen=True)
class Standing:
    """Where a challenge stands at the data cut.

    Attributes
    ----------
    day : int
        Day of the challenge, 1 on its first day; 100 after its end.
    stage : str
        `running` up to day 100, then `ended`.
    middle_due, end_due : date
        Days 50 and 100: when the reviews are due.
    overdue : tuple of str
        Reviews whose day has passed and that are not written: "mid-point review", "end review".
    expected : float or None
        Where a steady pace would be on the day of the newest figure; None without one.
    track : str
        What the end review says, or the target reached; else whether the newest figure keeps pace.
    """

    day: int
    stage: Stage
    middle_due: dt.date
    end_due: dt.date
    overdue: tuple[str, ...]
    expected: float | None
    track: Track


@dataclass(frozen=True)
class Challenge:
    """What a register says of one challenge; figures in the unit of its measure."""

    start: dt.date
    target: float
    begins_at: float = 0.0
    latest: float | None = None
    latest_on: dt.date | None = None
    mid_point: str = ""
    end_review: str = ""
    reached: str = ""


def standing(challenge: Challenge, cut: dt.date) -> Standing:
    """Return where a challenge stands.

    Parameters
    ----------
    challenge : of which day 1 is not after the cut.
    cut : date of the newest delivery; not today's, so that the same data say the same.

    Raises
    ------
    ValueError
        The challenge begins after the cut.
    """
    count = (cut - challenge.start).days + 1
    if count < 1:
        raise ValueError("a challenge that has not begun stands nowhere")
    middle, end = (challenge.start + dt.timedelta(days=days - 1) for days in (MIDDLE, DAYS))
    missing = {"mid-point review": (middle, challenge.mid_point), "end review": (end, challenge.end_review)}
    overdue = tuple(name for name, (due, words) in missing.items() if cut > due and not words)
    expected = _expected(challenge)
    stage: Stage = "running" if count <= DAYS else "ended"
    return Standing(min(count, DAYS), stage, middle, end, overdue, expected, _track(challenge, expected, stage))


def _expected(challenge: Challenge) -> float | None:
    """Return where a steady pace from day 1 to day 100 would be on the day of the newest figure."""
    if challenge.latest is None or challenge.latest_on is None:
        return None
    elapsed = min((challenge.latest_on - challenge.start).days / (DAYS - 1), 1.0)
    return challenge.begins_at + elapsed * (challenge.target - challenge.begins_at)


def _track(challenge: Challenge, expected: float | None, stage: Stage) -> Track:
    verdicts: dict[str, Track] = {"yes": "reached", "partly": "partly reached", "no": "not reached"}
    if challenge.reached:
        return verdicts[challenge.reached]
    if challenge.latest is None:
        return "not known"
    if _as_far(challenge.latest, challenge.target, challenge):
        return "reached"
    if stage == "ended":
        return "not known"  # a figure of an earlier day says nothing of the end
    if expected is None:
        return "not known"
    return "on track" if _as_far(challenge.latest, expected, challenge) else "behind"


def _as_far(value: float, goal: float, challenge: Challenge) -> bool:
    """Tell whether a figure is as far as a goal, in the direction from where it began to the target."""
    return value >= goal if challenge.target >= challenge.begins_at else value <= goal
