"""What the commands about quotes do: ask about each, and list releases to take back. Each returns the exit code.

The words of participants are printed on this terminal and go nowhere else: not into a log, and not into an error.
"""

from __future__ import annotations

import datetime as dt
import sys
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING

from assets.commands import existing
from assets.exit_codes import DONE
from assets.running import chosen, known
from assets.showing import complain, place, say
from pipelines.refusal import Refusal
from pipelines.workspace import PilotSite, Workspace

if TYPE_CHECKING:
    from pipelines.findings.review import Candidate, Review
    from pipelines.release.errata import Erratum

HELP = "a approve, r refuse, e replace words by [brackets], s skip, q quit"


class Enough(Exception):
    """The person quits, or there is no more input."""


def review_quotes(given: Path | None, target: str, by: str, *, only_list: bool) -> int:
    """Ask about each quote that nobody has decided about; or only say how far that is."""
    from pipelines.findings.review import insist_on_somebody, review

    workspace = existing(given)
    reviews = [review(site) for site in _sites(workspace, target)]
    for one in reviews:
        say(f"{one.site.key}: {_progress(one)}")
    if only_list or not any(one.open() for one in reviews):
        return DONE
    try:
        who = insist_on_somebody(by or _asked("Who decides? Your name: "))
        for one in reviews:
            _go_through(one, who)
    except Enough:
        say("")
    for one in reviews:
        say(f"{one.site.key}: {_progress(one)}")
    say("Decisions count from the next run.")
    return DONE


def _sites(workspace: Workspace, target: str) -> list[PilotSite]:
    keys = (key.split("/") for key in chosen(workspace, target))
    return [workspace.site(pilot, site) for pilot, site in keys]


def _progress(one: Review) -> str:
    """Say how many candidates there are and what was decided."""
    decided = [decision.decision for decision in one.decided().values()]
    left = one.open()
    named = sum(bool(candidate.reasons) for candidate in left)
    held = f", {named} of these with somebody's name or number" if named else ""
    counts = f"{decided.count('approved')} approved, {decided.count('refused')} refused, {len(left)} to decide{held}"
    return f"{len(one.found)} {'quote' if len(one.found) == 1 else 'quotes'} that may be asked about: {counts}."


def _go_through(one: Review, who: str) -> None:
    left = one.open()
    before = len(one.found) - len(left)
    for position, candidate in enumerate(left, start=before + 1):
        if candidate.sha256 in one.decided():  # somebody else decided meanwhile
            continue
        approved = sum(decision.decision == "approved" for decision in one.decided().values())
        say(f"\n{one.site.key}: {position} of {len(one.found)}, {approved} approved")
        _decide(one, candidate, who)


def _decide(one: Review, candidate: Candidate, who: str) -> None:
    """Show a quote and ask until it is decided or skipped."""
    shown = candidate.words
    _show(one, candidate, shown)
    while True:
        answer = _asked(f"{HELP}: ").strip().casefold()[:1]
        if answer == "q":
            raise Enough
        if answer == "s":
            return
        if answer == "e":
            shown = _edited(candidate, shown)
            _show(one, candidate, shown)
        elif answer == "r" or (answer == "a" and not one.against(candidate, shown)):
            decision = "approved" if answer == "a" else "refused"
            one.decide(candidate, decision, who, dt.date.today(), shown)
            say(f"{decision}{' with [brackets]' if answer == 'a' and shown != candidate.words else ''}.")
            return
        elif answer == "a":
            complain(f"It cannot be approved like this. {one.against(candidate, shown)}")


def _show(one: Review, candidate: Candidate, shown: str) -> None:
    from pipelines.qualitative.brackets import words_to_look_at

    say(f"theme:   {'; '.join(candidate.themes)}\nspeaker: {candidate.role}\n\n  {_quoted(shown)}\n")
    capitals = words_to_look_at(shown)
    if capitals:
        say(f"Words to look at (names of people or places?): {', '.join(map(_visible, capitals))}")
    if against := one.against(candidate, shown):
        complain(f"It cannot be approved like this. {_visible(against)}")


def _edited(candidate: Candidate, shown: str) -> str:
    """Ask which words are replaced by which bracket, until nothing more is."""
    from pipelines.qualitative.brackets import BRACKET, replaced

    while words := _asked("Replace which words? (nothing: done; - begins again) ").strip():
        if words == "-":
            shown = candidate.words
            continue
        bracket = _asked("By what? As in [her sister], or [...]: ").strip()
        bracket = bracket if bracket.startswith("[") else f"[{bracket}]"
        if not BRACKET.fullmatch(bracket):
            complain("A bracket is [words], on one line, of at most 80 characters, without another bracket inside.")
        elif (now := replaced(shown, words, bracket)) == shown:
            complain("These words do not stand there, as whole words and with these capitals.")
        else:
            shown = now
    return shown


def _quoted(words: str) -> str:
    return "\n  ".join(_visible(line) for line in words.splitlines())


def _visible(words: str) -> str:
    """Return words without characters that would steer the terminal."""
    return "".join(one if one.isprintable() else " " for one in words)


def _asked(question: str) -> str:
    """Return what a person answers; at the end of the input there is nothing more to ask."""
    if sys.stdin.isatty():
        try:
            return input(question)
        except EOFError:
            raise Enough from None
    say(question)
    line = sys.stdin.readline()
    if not line:
        raise Enough
    return line.rstrip("\r\n")


def list_withdrawn(given: Path | None, target: str) -> int:
    """List the releases that hold words of people who have withdrawn."""
    from pipelines.release.errata import write_errata

    workspace = existing(given)
    if not target:
        raise Refusal("Say which pilot is meant.", "As in: pilotlens quotes withdrawn PILOT")
    known(workspace, target.partition("/")[0])
    for site in _sites(workspace, target):
        path, found = write_errata(site)
        if path is None:
            say(f"{site.key}: no release holds words of anybody who has withdrawn.")
            continue
        say(f"{site.key}: {len(found)} {'release holds' if len(found) == 1 else 'releases hold'} words of people who")
        say("have withdrawn since. Tell everybody who has a copy, and have it deleted:")
        for line in _listed(found):
            say(line)
        say(f"The same as a table: {place(path)}")
    return DONE


def _listed(found: Iterable[Erratum]) -> Iterator[str]:
    for one in found:
        yield f"- {one.release}: {one.quotes} {'quote' if one.quotes == 1 else 'quotes'} in {', '.join(one.findings)}"
        yield from (f"    {file}" for file in one.files)
