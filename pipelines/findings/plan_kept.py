"""Findings about the plan: its lock, each deviation from it, and what earlier phases taught. Models only."""

from __future__ import annotations

from typing import Literal

from pipelines.findings.record import Record

How = Literal["command", "look", "not_locked"]


class LockResult(Record):
    """Which version of the protocol is in force, and since when it is locked."""

    kind: Literal["lock"] = "lock"
    version: int
    """1 as it was locked, one more with each deviation; 0 while it is not locked."""
    hash: str
    """SHA-256 of the canonical protocol in force; empty while it is not locked."""
    locked_on: str
    """Day on which it was locked, as yyyy-mm-dd; empty while it is not locked."""
    how: How
    """Locked by the `command`, by the first `look` at an outcome, or `not_locked`."""
    sealed: bool
    """Whether outcomes were left alone in this run: then nothing here rests on one."""
    deviations: int
    """Deviations that were recorded since."""
    after_look: int
    """How many of them were recorded when outcomes had been seen."""
    rehearsed: bool = False
    """Whether runs read outcomes before the lock, of data that the protocol called made up."""
    rehearsed_with_these: bool = False
    """Whether these were files that count now: then their outcomes were seen before the plan was locked."""
    seen_elsewhere: tuple[str, ...] = ()
    """Other pilots that were given some of the same files, and whose outcomes somebody saw."""


class ChangeMade(Record):
    """One key of a protocol that says something else than before."""

    key: str
    """Key path, as `outcomes.arrested.horizon`."""
    old: str
    """What it said, in words."""
    new: str
    """What it says, in words."""
    material: bool
    """Whether that may touch an estimate, or what is concluded from it."""
    group: Literal["outcomes", "design", "population", "intervention", "thresholds", "questions", "data", "description"]
    """What it is about."""


class DeviationResult(Record):
    """One edit of the protocol after it was locked."""

    kind: Literal["deviation"] = "deviation"
    version: int
    """Version of the protocol that it made."""
    recorded_on: str
    """Day on which it was recorded, as yyyy-mm-dd."""
    by: str
    """Who recorded it."""
    why: str
    """Why, in their words."""
    how: Literal["command", "run"]
    """Recorded by the command, or by a run because it cannot touch an estimate."""
    after_look: bool
    """Whether outcomes had been seen before."""
    changes: tuple[ChangeMade, ...]
    """What was changed."""


class EarlierSite(Record):
    """One site of an earlier pilot, as its newest release tells it."""

    site: str
    """Key of the site."""
    title: str
    """Name of the site."""
    release: str
    """Name of the release that was read."""
    headlines: tuple[str, ...] = ()
    """Sentences of its main outcomes."""
    criteria: tuple[str, ...] = ()
    """Sentences of its progression criteria."""
    answers: tuple[str, ...] = ()
    """Each question, and what numbers and voices meant together."""


class PhaseResult(Record):
    """What an earlier pilot taught, which this one continues."""

    kind: Literal["phase"] = "phase"
    pilot: str
    """Key of the earlier pilot."""
    title: str
    """Its title; empty where nothing of it is known."""
    question: str
    """Its question."""
    phase: str
    """How far the idea had come."""
    sites: tuple[EarlierSite, ...]
    """Its sites with a release."""
    deviations: tuple[str, ...]
    """What it changed in its own locked protocol."""
    compared: bool
    """Whether its protocol is known and was compared with this one."""
    changes: tuple[ChangeMade, ...]
    """What this pilot's protocol says otherwise; `old` is the earlier pilot's."""
    missing: str = ""
    """What could not be read, in words; empty when everything was there."""
