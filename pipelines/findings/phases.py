"""What earlier pilots taught that this one continues: from their released bundles and locked protocols alone."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from pipelines.findings.making import Making
from pipelines.findings.models import EffectResult, Finding
from pipelines.findings.plan_kept import ChangeMade, EarlierSite, PhaseResult
from pipelines.protocol import Protocol
from pipelines.protocol_lock import locked
from pipelines.protocol_lock.changes import differences as differing
from pipelines.protocol_lock.weighing import GROUPS, weighed
from pipelines.refusal import Refusal

if TYPE_CHECKING:
    from pipelines.release.bundle import Evidence

NO_NEWS = ("pilot", "continues", "extracts", "contact", "sources", "seed", "sealed_until_locked")
"""Keys that differ between any two pilots, or tell readers nothing."""
CRITERIA = ("progression", "decision")
"""Kinds of findings about progression criteria."""


def phase_findings(making: Making) -> list[Finding]:
    """Return one finding for each pilot that the protocol says it continues."""
    return [
        making.finding(f"phase/{earlier}", _phase(making, earlier), subject=earlier)
        for earlier in making.plan.continues
    ]


def _phase(making: Making, earlier: str) -> PhaseResult:
    found, unread = _bundles(making, earlier)
    kept = _locked_protocol(making, earlier, found)
    plan = found[0].plan if found else None
    return PhaseResult(
        pilot=earlier,
        title=plan.title if plan else str(kept.get("title", "")),
        question=plan.question if plan else str(kept.get("question", "")),
        phase=plan.phase if plan else str(kept.get("phase", "")),
        sites=tuple(map(_site, found)),
        deviations=_deviations(found),
        compared=bool(kept),
        changes=_changes(kept, making.site.protocol) if kept else (),
        missing=_missing(earlier, found, kept, unread),
    )


def _bundles(making: Making, earlier: str) -> tuple[list[Evidence], int]:
    """Return the newest release of each site of an earlier pilot, and how many could not be read."""
    from pipelines.release.bundle import read_evidence

    read: list[Evidence] = []
    unread = 0
    for pointer in sorted((making.site.workspace.root / "releases" / earlier).glob("*/latest.txt")):
        if pointer.parent.name == "_pilot":
            continue
        try:
            read.append(read_evidence(_newest(pointer)))
        except (OSError, ValueError):  # a release of an older program, or one that was taken away
            unread += 1
    return read, unread


def _newest(pointer: Path) -> Path:
    return pointer.parent / Path(pointer.read_text(encoding="utf-8").strip()).name


def _locked_protocol(making: Making, earlier: str, found: Sequence[Evidence]) -> Mapping[str, Any]:
    """Return the earlier protocol as it was last in force: the locked one, else the plan of its release."""
    try:
        kept = locked(making.site.workspace, earlier)
    except Refusal:
        kept = None  # its ledger is not whole, which `pilotlens verify` says
    if kept is not None:
        return kept.protocol
    return found[0].plan.model_dump(mode="json") if found else {}


def _missing(earlier: str, found: Sequence[Evidence], kept: Mapping[str, Any], unread: int) -> str:
    if unread:
        return f"A release of {earlier} could not be read: it was taken away, or made by another version of Pilotlens."
    if found:
        return ""
    if kept:
        return f"Its protocol is known, but nothing was released of {earlier} in this workspace."
    return f"Nothing of {earlier} is in this workspace: no release, and no locked protocol."


def _site(evidence: Evidence) -> EarlierSite:
    return EarlierSite(
        site=evidence.site,
        title=evidence.plan.sites[evidence.site].title,
        release=evidence.release,
        headlines=tuple(_headlines(evidence)),
        criteria=tuple(f.sentence for kind in CRITERIA for f in evidence.of_kind(kind)),
        answers=tuple(f"{f.question.text} {f.sentence}" for f in evidence.of_kind("joint") if f.question),
    )


def _headlines(evidence: Evidence) -> Iterator[str]:
    """Yield what was said of primary outcomes; where there is none, of the first one."""
    effects = [(f, f.result) for f in evidence.findings if isinstance(f.result, EffectResult)]
    primary = [f.sentence for f, result in effects if result.tier == "primary"]
    yield from primary or [f.sentence for f, _ in effects[:1]]


def _deviations(found: Sequence[Evidence]) -> tuple[str, ...]:
    """Return the deviations that the releases tell; the sites of a pilot have them in common."""
    told = [f.sentence for evidence in found for f in evidence.of_kind("deviation")]
    return tuple(dict.fromkeys(told))


def _changes(kept: Mapping[str, Any], protocol: Protocol) -> tuple[ChangeMade, ...]:
    """Return what this protocol says otherwise than an earlier one, group by group."""
    from pipelines.findings.protocols import change_made

    earlier = {key: value for key, value in kept.items() if key not in NO_NEWS}
    found = [one for one in differing(earlier, protocol) if one[0][0] not in NO_NEWS]
    made = [change_made(weighed(one, protocol)) for one in found]
    order = list(GROUPS)
    return tuple(sorted(made, key=lambda change: (order.index(change.group), change.key)))
