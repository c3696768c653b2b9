"""The sites of a pilot as their newest releases tell them: read, verified, or named with the reason why not."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from pipelines.findings.across import Light, SiteInPilot, SitesResult
from pipelines.ingest.drops import age_of
from pipelines.refusal import Refusal
from pipelines.release.bundle import Evidence, read_evidence
from pipelines.release.verify import verify_bundle
from pipelines.release.write import latest
from pipelines.workspace import Pilot, PilotSite

FEWEST_SITES = 2
"""Below this there is nothing to put together."""
NOT_RELEASED = "Nothing has been released for this site yet."
NOT_WHOLE = "Its newest release cannot be used: it is not whole, or was changed after it was written."


@dataclass(frozen=True)
class ReleasedSite:
    """One site of a pilot, with the evidence of its newest release or the reason why there is none."""

    site: str
    title: str
    folder: Path | None = None
    evidence: Evidence | None = None
    missing: str = ""


def released_sites(pilot: Pilot) -> tuple[ReleasedSite, ...]:
    """Return every site of a pilot's protocol, in its order.

    Parameters
    ----------
    pilot : the pilot; its protocol says which sites there should be, so that one without data is missed.

    Returns
    -------
    tuple of ReleasedSite
        With evidence where the newest bundle is there and unchanged.
    """
    return tuple(_read(site) for site in pilot.sites)


def have_evidence(sites: tuple[ReleasedSite, ...]) -> int:
    """Return how many sites have evidence."""
    return sum(site.evidence is not None for site in sites)


def why_nothing(pilot: Pilot) -> str:
    """Say why there is nothing to put together; empty when there is."""
    if len(pilot.sites) < FEWEST_SITES:
        return f"{pilot.pilot} runs in one site, so there is nothing to put together: its report says it all."
    sites = released_sites(pilot)
    count = have_evidence(sites)
    if count >= FEWEST_SITES:
        return ""
    has = next((f" ({site.title})" for site in sites if site.evidence), "")
    many = f"Of the {len(sites)} sites of {pilot.pilot}, {'one has' if count else 'none has'} released evidence{has}"
    return f"{many}, so there is nothing to put together yet."


def _read(site: PilotSite) -> ReleasedSite:
    title = site.protocol.sites[site.site].title
    try:
        folder = latest(site)
    except Refusal:
        return ReleasedSite(site.site, title, missing=NOT_RELEASED)
    try:
        verify_bundle(folder)
        return ReleasedSite(site.site, title, folder, read_evidence(folder))
    except (Refusal, OSError, ValueError):
        return ReleasedSite(site.site, title, missing=NOT_WHOLE)


def newest_drop(sites: tuple[ReleasedSite, ...]) -> str:
    """Return the name of the newest drop that any site's release rests on."""
    return max((site.evidence.drop.name for site in sites if site.evidence), key=age_of)


def side_by_side(sites: tuple[ReleasedSite, ...], pilot: Pilot) -> SitesResult:
    """Return what each site's release says of it: level of evidence and lights."""
    return SitesResult(sites=tuple(_told(site, pilot.protocol.sites[site.site].context) for site in sites))


def _told(site: ReleasedSite, context: dict[str, str]) -> SiteInPilot:
    from pipelines.reporting import evidence as ev
    from pipelines.reporting import lights

    if site.evidence is None:
        return SiteInPilot(site=site.site, title=site.title, missing=site.missing, context=context)
    level = ev.evidence_level(site.evidence)
    return SiteInPilot(
        site=site.site,
        title=site.title,
        release=site.evidence.release,
        drop=site.evidence.drop.name,
        maryland=level[1].maryland if level else None,
        nesta=level[1].nesta if level else None,
        stayed=Light(**lights.stayed(site.evidence)._asdict()),
        delivered=Light(**lights.delivered(site.evidence)._asdict()),
        signals={pair.finding.scope.subject: pair.result.verdict for pair in ev.headline(site.evidence)},
        context=context,
    )
