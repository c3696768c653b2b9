"""Layer 6, reports: web pages and PDFs for people, made from the released evidence alone."""

from functools import partial
from typing import Literal

from assets.binding import bind
from pipelines.told import Told
from pipelines.workspace import PilotSite

Audience = Literal["site", "funder"]

ROWS: dict[Audience, str] = {
    "site": "The evaluation report of this site, as a web page and a PDF. Open it with the link below.",
    "funder": "One page for funders and commissioners about this site, as a web page and a PDF.",
}

DEPS = dict.fromkeys(ROWS, ("released_evidence",))


def _publish(site: PilotSite, audience: Audience) -> Told:
    from pipelines.reporting.publish import publish

    return publish(site, audience)


ASSETS = tuple(
    bind("reports", noun, one_row, partial(_publish, audience=noun), DEPS[noun]) for noun, one_row in ROWS.items()
)
