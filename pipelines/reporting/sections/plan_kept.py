"""The plan and how it was kept: its lock, every deviation, and what earlier phases taught."""

from __future__ import annotations

from collections.abc import Sequence

from pipelines.findings.plan_kept import ChangeMade, DeviationResult, EarlierSite, LockResult, PhaseResult
from pipelines.findings.plan_words import day, ended, path_words
from pipelines.protocol_lock.weighing import GROUPS
from pipelines.release.bundle import Evidence
from pipelines.reporting import evidence as ev
from pipelines.reporting.markup import block, bold, bullets, heading, joined, plain, source
from pipelines.reporting.tables import Table, markdown

SEALED = "Outcomes are sealed: nobody has looked at one for this report."
_PHASES = {"proof_of_concept": "a proof of concept", "pilot": "a pilot", "scale_up": "a scale-up"}


def version(evidence: Evidence) -> str:
    """Say which version of the protocol is in force, for the bar at the top; empty in a bundle without its lock."""
    pair = ev.lock(evidence)
    if pair is None:
        return ""
    found = pair[1]
    if found.how == "not_locked":
        return "not locked yet; outcomes sealed" if found.sealed else "not locked yet"
    return f"version {found.version}, locked {day(found.locked_on)}"


def kept(evidence: Evidence) -> str:
    """Return the heading, since when the protocol is locked, and every deviation from it."""
    found = ev.lock(evidence)
    if found is None:
        return ""
    finding, lock = found
    title = "The plan was changed after it was locked" if lock.deviations else "The plan, and how it was kept"
    told = [_deviation(finding.id, result) for finding, result in ev.deviations(evidence)]
    return joined(
        heading(2, title, "sec-plan"), f"{plain(finding.sentence)} {source(finding.id)}", *told, _why_it_matters(lock)
    )


def _why_it_matters(lock: LockResult) -> str:
    if lock.how == "not_locked" or not lock.deviations:
        return ""
    return block(
        "note",
        plain(
            "A plan that comes first makes a result believable. A change made after outcomes had been seen may have"
            " been made because of them: read what rests on it with that in mind."
        ),
    )


def _deviation(finding_id: str, found: DeviationResult) -> str:
    seen = "after outcomes had been seen" if found.after_look else "before any outcome had been seen"
    who = f"by {found.by}" if found.how == "command" else "by a run, as it cannot touch an estimate"
    said = f"Recorded on {day(found.recorded_on)} {who}, {seen}. Reason: {ended(found.why)}"
    rows = [(path_words(one.key), one.old, one.new, "yes" if one.material else "no") for one in found.changes]
    head = ("Key of the protocol", "It said", "It says now", "May touch a result")
    caption = f"What version {found.version} of the protocol changed"
    table = Table(f"deviation-{found.version}", caption, head, rows, (30, 26, 28, 16), False)
    return joined(heading(3, f"Version {found.version}"), f"{plain(said)} {source(finding_id)}", markdown(table))


def short(evidence: Evidence) -> str:
    """Say on one line what the plan's lock and its changes are, for the page of the funder."""
    found = ev.lock(evidence)
    if found is None:
        return ""
    lock = found[1]
    if lock.how == "not_locked":
        return SEALED if lock.sealed else "The plan is not locked yet."
    since = f"changed {_times(lock)}" if lock.deviations else "unchanged since"
    return f"Plan locked {day(lock.locked_on)}, {since}."


def _times(lock: LockResult) -> str:
    times = "once since" if lock.deviations == 1 else f"{lock.deviations} times since"
    if not lock.after_look:
        return times
    which = {1: ""} if lock.deviations == 1 else {lock.deviations: "each time "}
    return f"{times}, {which.get(lock.after_look, f'{lock.after_look} of them ')}after outcomes had been seen"


def earlier(evidence: Evidence) -> str:
    """Return what the earlier phases taught; nothing for a pilot that continues none."""
    phases = [(finding.id, result) for finding, result in ev.phases(evidence)]
    if not phases:
        return ""
    title = "What the earlier phase taught" if len(phases) == 1 else "What the earlier phases taught"
    told = [_phase(number, finding_id, result) for number, (finding_id, result) in enumerate(phases, 1)]
    return joined(heading(2, title, "sec-earlier"), *told)


def _phase(number: int, finding_id: str, found: PhaseResult) -> str:
    if not found.title:
        return f"{plain(f'This pilot continues {found.pilot}. {found.missing}')} {source(finding_id)}"
    was = _PHASES.get(found.phase, "an earlier phase")
    asked = f"This pilot continues “{found.title}”, {was}, which asked: {found.question} {found.missing}"
    sites = [_site(site) for site in found.sites]
    deviations = joined(bold("Changes of its own plan after it was locked"), bullets(map(plain, found.deviations)))
    return joined(
        heading(3, found.title),
        f"{plain(asked)} {source(finding_id)}",
        *sites,
        deviations if found.deviations else "",
        _differences(number, found),
    )


def _site(site: EarlierSite) -> str:
    parts = (("What it found", site.headlines), ("Its questions", site.answers), ("Its criteria", site.criteria))
    told = [joined(plain(f"{name}:"), bullets(map(plain, words))) for name, words in parts if words]
    nothing = plain("No outcome was told.") if not site.headlines else ""
    return joined(f"{bold(site.title)} {plain(f'(release {site.release})')}", *told, nothing)


def _differences(number: int, found: PhaseResult) -> str:
    if not found.compared:
        return ""
    if not found.changes:
        return plain("Its protocol and this one say the same.")
    rows = _rows(found.changes)
    head = ("What changed", "Earlier", "Now")
    note = "Read from the protocols, key by key; names and notes that only readers see are among them."
    table = Table(f"phase-{number}", "What this pilot does otherwise", head, rows, (36, 32, 32), False, note)
    return markdown(table)


def _rows(changes: Sequence[ChangeMade]) -> list[tuple[str, ...]]:
    return [(f"{GROUPS[one.group]}: {path_words(one.key)}", one.old, one.new) for one in changes]
