"""Sentences about the plan: its lock, its deviations, and earlier phases."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence

from pipelines.findings.plan_kept import ChangeMade, DeviationResult, LockResult, PhaseResult

SEALED = "Outcomes are sealed in this run: process, quality and reach are shown, and no outcome was looked at."

REHEARSING = "Its data are made up, so that it may still be edited; the first run with real data locks it."
REHEARSED_WITH_THESE = (
    "Before, runs read outcomes of these very files, which the protocol then called made up: outcomes had been seen "
    "when the plan was locked."
)
REHEARSED = "Before, runs read outcomes of data that the protocol called made up."


def day(written: str) -> str:
    """Return a day as a person writes it: 3 May 2026."""
    found = dt.date.fromisoformat(written)
    return f"{found.day} {found:%B %Y}"


def change_words(change: ChangeMade, was: str = "it was") -> str:
    """Return a change as a phrase."""
    if change.old == "nothing":
        return f"{change.key} is new: {change.new}"
    if change.new == "nothing":
        return f"{change.key} is taken out; {was} {change.old}"
    return f"{change.key} is {change.new}; {was} {change.old}"


def path_words(key: str) -> str:
    """Return the path of a key as words that a narrow column can break: outcomes › arrested › horizon."""
    return " › ".join(part.replace("_", " ") for part in key.split("."))


def lock_words(found: LockResult) -> str:
    """Say since when the protocol is locked, and what became of it."""
    if found.how == "not_locked":
        said = "The protocol is not locked yet."
        said += f" {REHEARSING}" if found.rehearsed else ""
        return f"{said} {SEALED}" if found.sealed else said
    how = ", when a run read outcomes for the first time" if found.how == "look" else ""
    said = f"The protocol was locked on {day(found.locked_on)}{how}. {_since(found)}"
    if found.rehearsed:
        said += f" {REHEARSED_WITH_THESE if found.rehearsed_with_these else REHEARSED}"
    said += _elsewhere(found)
    return f"{said} {SEALED}" if found.sealed else said


def _elsewhere(found: LockResult) -> str:
    if not found.seen_elsewhere:
        return ""
    pilots = ", ".join(found.seen_elsewhere)
    return f" Some of its files were also given to another pilot whose outcomes were looked at ({pilots})."


def _since(found: LockResult) -> str:
    if not found.deviations:
        return "Nothing was changed in it since: this is version 1."
    times = "once" if found.deviations == 1 else f"{found.deviations} times"
    after = "none of them" if not found.after_look else "all of them"
    if 0 < found.after_look < found.deviations:
        after = f"{found.after_look} of them"
    if found.deviations == 1:
        after = "after" if found.after_look else "before"
        return f"It was changed once since, {after} outcomes had been seen: this is version {found.version}."
    return f"It was changed {times} since, {after} after outcomes had been seen: this is version {found.version}."


def deviation_words(found: DeviationResult) -> str:
    """Say what was changed, when, by whom, whether outcomes had been seen, and why."""
    seen = "after outcomes had been seen" if found.after_look else "before any outcome had been seen"
    by = f"by {found.by}, {seen}" if found.how == "command" else f"by a run, {seen}; it cannot touch an estimate"
    changes = ". ".join(capital(change_words(change)).rstrip(".") for change in found.changes)
    made = f"Version {found.version} of the protocol ({day(found.recorded_on)}, {by})"
    return f"{made}. {changes}. Reason: {ended(found.why)}"


def phase_words(found: PhaseResult) -> str:
    """Say what an earlier phase is known to have taught."""
    if not found.title:
        return f"This pilot continues {found.pilot}. {found.missing}"
    told = [sentence for site in found.sites for sentence in site.headlines]
    said = f"This pilot continues “{found.title}”, which asked: {ended(found.question)}"
    changed = _changed(found.changes) if found.compared else ""
    return " ".join(part for part in (said, *told[:1], changed, found.missing) if part)


def _changed(changes: Sequence[ChangeMade]) -> str:
    if not changes:
        return "Its protocol and this one say the same."
    return f"{len(changes)} {'key' if len(changes) == 1 else 'keys'} of the protocol changed since."


def capital(words: str) -> str:
    """Return words with a capital at the front, unless they begin with the path of a key."""
    return words if "." in words.split(" ", 1)[0] else words[:1].upper() + words[1:]


def ended(words: str) -> str:
    """Return words with a full stop at their end, if none is there."""
    return words if words.endswith((".", "?", "!")) else f"{words}."
