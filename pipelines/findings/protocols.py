"""The lock of the protocol and each deviation from it as findings; earlier phases are in phases."""

from __future__ import annotations

from pipelines.findings.making import Making
from pipelines.findings.models import Finding
from pipelines.findings.phases import phase_findings
from pipelines.findings.plan_kept import ChangeMade, DeviationResult, How, LockResult
from pipelines.ingest.drops import drops
from pipelines.ledger import entries
from pipelines.protocol_lock import Deviation, deviations, history, locked, rehearsed_with_real, sealed, seen_elsewhere
from pipelines.protocol_lock.history import ARRIVED
from pipelines.protocol_lock.weighing import Change

TABLES: tuple[str, ...] = ()


def protocol_findings(making: Making) -> list[Finding]:
    """Return the lock, every deviation from what was locked, and what each earlier phase taught."""
    known = deviations(making.site.workspace, making.site.pilot)
    told = [making.finding(f"deviation/{one.version}", _deviation(one), subject=str(one.version)) for one in known]
    return [making.finding("lock/protocol", _lock(making, known)), *told, *phase_findings(making)]


def _lock(making: Making, known: tuple[Deviation, ...]) -> LockResult:
    site = making.site
    found = locked(site.workspace, site.pilot)
    counted = _counted(making)
    how: How = found.how if found else "not_locked"
    return LockResult(
        version=found.version if found else 0,
        hash=found.hash if found else "",
        locked_on=found.date if found else "",
        how=how,
        sealed=bool(site.protocol.outcomes) and sealed(site),
        deviations=len(known),
        after_look=sum(one.after_look for one in known),
        rehearsed=history(site.workspace, site.pilot).rehearsed,
        rehearsed_with_these=rehearsed_with_real(site.workspace, site.pilot, counted),
        seen_elsewhere=() if site.protocol.synthetic else seen_elsewhere(site.workspace, site.pilot, counted),
    )


def _counted(making: Making) -> frozenset[str]:
    """Return the SHA-256 of the files of every drop that is still there, as the ledger noted them last."""
    workspace, pilot = making.site.workspace, making.site.pilot
    there = {drop.name for drop in drops(workspace, pilot)}
    last = {str(one.facts.get("drop")): one for one in entries(workspace.ledger(pilot)) if one.kind == ARRIVED}
    files = (file for name, one in last.items() if name in there for file in one.facts.get("files", ()))
    return frozenset(str(file["sha256"]) for file in files)


def _deviation(one: Deviation) -> DeviationResult:
    return DeviationResult(
        version=one.version,
        recorded_on=one.at[:10],
        by=one.by,
        why=one.why,
        how=one.how,
        after_look=one.after_look,
        changes=tuple(map(change_made, one.changes)),
    )


def change_made(change: Change) -> ChangeMade:
    """Return a change as a part of a finding."""
    return ChangeMade(key=change.key, old=change.old, new=change.new, material=change.material, group=change.group)
