"""Layer 7, synthesis: all sites of a pilot together, from their released evidence alone; one partition is one pilot."""

import dagster as dg

from assets.binding import bind
from assets.partitions import SITES_OF_PILOTS
from pipelines.told import Told
from pipelines.workspace import Pilot

ROWS = {
    "pilot": "One row is one finding over all sites of a pilot: what each shows, and their average where it is earned.",
    "report": "The report on all sites of a pilot together, as a web page and a PDF. Open it with the link below.",
}

RELEASED = dg.AssetDep("released_evidence", partition_mapping=SITES_OF_PILOTS)


def _synthesise(pilot: Pilot) -> Told:
    from pipelines.synthesis import synthesise

    return synthesise(pilot)


def _publish(pilot: Pilot) -> Told:
    from pipelines.reporting.publish import publish_pilot

    return publish_pilot(pilot)


ASSETS = (
    bind("synthesis", "pilot", ROWS["pilot"], _synthesise, (RELEASED,)),
    bind("synthesis", "report", ROWS["report"], _publish, ("synthesis_pilot",)),
)
