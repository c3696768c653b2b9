"""Release: what may leave the evaluation team, written once and never changed."""

from __future__ import annotations

from pipelines.told import Told
from pipelines.workspace import PilotSite


def release(site: PilotSite) -> Told:
    """Release what was found at a site; see pipelines.release.write."""
    from pipelines.release.write import write_release

    return write_release(site)
