"""The pilot's own bundle: findings over all sites, made from the sites' newest bundles, and written like theirs."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Sequence
from pathlib import Path

from pipelines.disclosure.policy import policy
from pipelines.findings.across import SynthesisResult
from pipelines.findings.making import question_of
from pipelines.findings.models import Disclosed, Finding, Inputs, LimitResult, Result, Scope
from pipelines.ingest.drops import age_of
from pipelines.protocol.load import protocol_hash
from pipelines.provenance import code_hash
from pipelines.refusal import Refusal
from pipelines.release.audit import note_release
from pipelines.release.bundle import DropContent, DropFacts, Evidence, read_evidence
from pipelines.release.write import latest, provenance_of, store, with_its_name
from pipelines.synthesis.limits import limits
from pipelines.synthesis.outcomes import synthesis_of
from pipelines.synthesis.plan import plan_findings
from pipelines.synthesis.sites import ReleasedSite, newest_drop, released_sites, side_by_side, why_nothing
from pipelines.synthesis.words import outcome_words, sites_words
from pipelines.told import Told
from pipelines.workspace import Pilot

POPULATION = "everybody whom the sites' own estimates count, in the group they were given"


def write_synthesis(pilot: Pilot) -> Told:
    """Put the sites' newest bundles together and write what they say as a bundle of the pilot.

    The same bundles make the same bundle: then nothing is written. With fewer than two there is none, and it is said.
    """
    nothing = why_nothing(pilot)
    if nothing:
        return Told(nothing)
    evidence = pilot_evidence(pilot)
    folder = store(evidence, pilot.releases_folder)
    note_release(pilot, folder)
    return _told(evidence, folder)


def pilot_evidence(pilot: Pilot) -> Evidence:
    """Return what the released evidence of a pilot's sites says together; nothing is written.

    Parameters
    ----------
    pilot : a pilot, of which at least two sites have released evidence.

    Returns
    -------
    Evidence
        With findings of the kinds `sites`, `synthesis` and `limit`, named by the newest drop.
    """
    sites = released_sites(pilot)
    drop = _drop(sites)
    draft = Evidence(
        release="draft",
        site="",
        plan=pilot.protocol.plan(),
        drop=drop,
        provenance=provenance_of(pilot.protocol),
        disclosure=Disclosed(profile=policy(pilot.protocol).profile),
        findings=tuple(_findings(pilot, sites, drop)),
    )
    return with_its_name(draft)


def is_up_to_date(pilot: Pilot) -> bool:
    """Tell whether the pilot's newest bundle was made from its sites' newest releases, by this program and protocol."""
    try:
        newest = read_evidence(latest(pilot))
    except (Refusal, OSError, ValueError):
        return False
    same_inputs = newest.provenance == provenance_of(pilot.protocol)
    return same_inputs and newest.drop.sha256 == _drop(released_sites(pilot)).sha256


def _drop(sites: Sequence[ReleasedSite]) -> DropFacts:
    """Return the state of the deliveries: the newest drop's name, and a hash over the releases that were read."""
    states = [f"{site.site} {site.evidence.release if site.evidence else 'missing'}" for site in sites]
    known = {(one.name, one.sha256) for site in sites if site.evidence for one in site.evidence.drop.known}
    ordered = sorted(known, key=lambda one: (age_of(one[0]), one[1]))
    return DropFacts(
        name=newest_drop(tuple(sites)),
        sha256=hashlib.sha256("\n".join(states).encode()).hexdigest(),
        known=tuple(DropContent(name=name, sha256=sha256) for name, sha256 in ordered),
    )


def _findings(pilot: Pilot, sites: tuple[ReleasedSite, ...], drop: DropFacts) -> Iterator[Finding]:
    inputs = Inputs(
        drop=drop.name,
        drop_hash=drop.sha256,
        protocol_hash=protocol_hash(pilot.protocol),
        tables={f"{site.site}/released.evidence": _hash(site.folder) for site in sites if site.folder},
        code=code_hash(),
    )
    beside = side_by_side(sites, pilot)
    yield _finding(pilot, inputs, "sites/all", beside, sites_words(beside))
    results = []
    for key, result in _outcomes(pilot, sites):
        results.append(result)
        receipts = tuple(f"{one.site}/effect/{key}/{result.tier}" for one in result.sites if one.value is not None)
        yield _finding(
            pilot, inputs, f"synthesis/{key}/{result.tier}", result, outcome_words(result), subject=key,
            receipts=receipts,
        )  # fmt: skip
    yield from plan_findings(sites, pilot, inputs)
    for number, words in enumerate(pilot.protocol.cannot_say, 1):
        yield _finding(pilot, inputs, f"limit/{number}", LimitResult(origin="protocol"), words, str(number))
    for number, words in enumerate(limits(sites, results, pilot), len(pilot.protocol.cannot_say) + 1):
        yield _finding(pilot, inputs, f"limit/{number}", LimitResult(origin="data"), words, str(number))


def _outcomes(pilot: Pilot, sites: Sequence[ReleasedSite]) -> Iterator[tuple[str, SynthesisResult]]:
    """Yield each outcome over all sites, primary ones first."""
    order = {"primary": 0, "secondary": 1, "exploratory": 2}
    for key, outcome in sorted(pilot.protocol.outcomes.items(), key=lambda item: order[item[1].tier]):
        yield key, synthesis_of(key, outcome, sites, pilot.protocol)


def _finding(
    pilot: Pilot,
    inputs: Inputs,
    finding_id: str,
    result: Result,
    sentence: str,
    subject: str = "",
    receipts: tuple[str, ...] = (),
) -> Finding:
    synthesis = isinstance(result, SynthesisResult)
    return Finding(
        id=finding_id,
        scope=Scope(pilot=pilot.pilot, site="", subject=subject, population=POPULATION if synthesis else ""),
        question=question_of(pilot.protocol, subject) if synthesis else None,
        result=result,
        sentence=sentence,
        inputs=inputs,
        receipts=receipts,
        disclosure=Disclosed(profile=policy(pilot.protocol).profile),
    )


def _hash(folder: Path) -> str:
    return hashlib.sha256((folder / "evidence.json").read_bytes()).hexdigest()


def _told(evidence: Evidence, folder: Path) -> Told:
    told = [finding for finding in evidence.findings if finding.kind in ("sites", "synthesis")]
    rows = "\n".join(f"| `{finding.id}` | {finding.sentence.replace('|', '/')} |" for finding in told)
    said = f"{evidence.finding('sites/all').sentence} Release {evidence.release} holds what they say together."
    files = (folder / "evidence.json", folder / "manifest.json")
    return Told(said, len(evidence.findings), table=f"| finding | what it says |\n|---|---|\n{rows}", files=files)
