"""What a pilot cannot say over all of its sites: declared beforehand, or shown by the evidence."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from pipelines.estimation.pooling import FEWEST_SITES
from pipelines.findings.across import SynthesisResult
from pipelines.protocol.load import protocol_hash
from pipelines.release.bundle import Evidence
from pipelines.synthesis.sites import ReleasedSite, newest_drop
from pipelines.synthesis.words import listed
from pipelines.workspace import Pilot

FEW = (
    "How much effects vary between sites, and what a further site would see. That takes at least"
    f" {FEWEST_SITES} sites with an estimate."
)
WHY = "Why sites differ, where they do. They differ in many ways at once, and few sites cannot tell which way matters."


def limits(sites: Sequence[ReleasedSite], outcomes: Sequence[SynthesisResult], pilot: Pilot) -> tuple[str, ...]:
    """Return what the evidence itself shows that it cannot say, one sentence each.

    Parameters
    ----------
    sites : every site, with its evidence or the reason why there is none.
    outcomes : what the sites say of each outcome.
    pilot : the pilot.

    Returns
    -------
    tuple of str
        In the order of a report.
    """
    compared = [sum(not site.left_out for site in result.sites) for result in outcomes]
    few = (FEW,) if any(1 < count < FEWEST_SITES for count in compared) else ()
    why = (WHY,) if any(count > 1 for count in compared) else ()
    return (
        *few,
        *why,
        *_missing(sites),
        *_older(sites),
        *_as_before(sites),
        *_other_protocol(sites, pilot),
        *_other_levels(sites),
    )


def _missing(sites: Sequence[ReleasedSite]) -> Iterator[str]:
    for site in sites:
        if site.evidence is None:
            yield f"What {site.title} would add. {site.missing}"


def _older(sites: Sequence[ReleasedSite]) -> Iterator[str]:
    """Name sites whose release rests on an older drop than the newest."""
    newest = newest_drop(tuple(sites))
    for site, evidence in _released(sites):
        if evidence.drop.name != newest:
            yield (
                f"What the newest data of {site.title} show: its newest release rests on the drop {evidence.drop.name},"
                f" that of another site on {newest}."
            )


def _as_before(sites: Sequence[ReleasedSite]) -> Iterator[str]:
    """Name sites of which figures stand as at an earlier drop, for too few people came or changed since."""
    for site, evidence in _released(sites):
        if any(finding.disclosure.as_at for finding in evidence.findings):
            yield f"All that the newest data of {site.title} show: some of its figures stand as at an earlier drop."


def _other_protocol(sites: Sequence[ReleasedSite], pilot: Pilot) -> Iterator[str]:
    now = protocol_hash(pilot.protocol)
    older = [site.title for site, evidence in _released(sites) if evidence.provenance.protocol != now]
    if older:
        yield f"What the protocol of today makes of {listed(older)}: released under another version of it."


def _other_levels(sites: Sequence[ReleasedSite]) -> Iterator[str]:
    """Say when the sites' designs carry a conclusion about cause unequally far."""
    from pipelines.reporting.evidence import evidence_level

    found = (evidence_level(evidence) for _, evidence in _released(sites))
    if len({level[1].maryland for level in found if level}) > 1:
        yield "One level of evidence for all sites: their designs differ, and the weakest carries least."


def _released(sites: Sequence[ReleasedSite]) -> Iterator[tuple[ReleasedSite, Evidence]]:
    for site in sites:
        if site.evidence is not None:
            yield site, site.evidence
