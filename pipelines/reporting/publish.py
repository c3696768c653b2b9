"""Publishing a site's reports from its newest bundle. How they are rendered belongs in reports and renderer."""

from __future__ import annotations

from pipelines.refusal import Refusal
from pipelines.release.write import latest
from pipelines.reporting.reports import Audience, render_reports
from pipelines.told import Told
from pipelines.workspace import Pilot, PilotSite

WHAT = {"site": "The evaluation report", "funder": "The page for funders", "pilot": "The report on all sites"}


def publish(site: PilotSite, audience: Audience) -> Told:
    """Render a site's report for an audience as HTML and PDF; on a fault the earlier files stand."""
    return _published(site, audience)


def publish_pilot(pilot: Pilot) -> Told:
    """Render the report on all sites of a pilot; where there is nothing to put together, say so and write none."""
    from pipelines.synthesis.sites import why_nothing

    nothing = why_nothing(pilot)
    return Told(nothing) if nothing else _published(pilot, "pilot")


def _published(site: PilotSite | Pilot, audience: Audience) -> Told:
    from pipelines.reporting.renderer import RenderFault

    bundle = latest(site)
    try:
        files = render_reports(bundle, site.reports_folder, audience)
    except RenderFault as fault:
        raise Refusal(f"{WHAT[audience]} could not be rendered: {fault}", "The earlier report stands.") from None
    return Told(f"{WHAT[audience]} of {site.title} is ready, made from release {bundle.name}.", files=files)
