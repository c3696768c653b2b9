"""Across the sites of a pilot, from released bundles only: no warehouse is opened and no protocol of data is read.

Belongs here: reading the sites' newest bundles, what they say together, and the pilot's own bundle. The statistics
belong in pipelines.estimation.pooling; pages in pipelines.reporting. As everything here follows from what was released
already, nothing can be learnt from it that the releases do not tell; nothing is added up over sites, so that no total
gives a withheld count back.
"""

from __future__ import annotations

from pipelines.told import Told
from pipelines.workspace import Pilot


def synthesise(pilot: Pilot) -> Told:
    """Put the released evidence of a pilot's sites together; see pipelines.synthesis.write."""
    from pipelines.synthesis.write import write_synthesis

    return write_synthesis(pilot)
