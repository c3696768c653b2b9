"""How many rows and people each drop held for a site, as far as its files can be read."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import suppress

from pipelines.ingest import chronicle
from pipelines.ingest.parts import StandingPart
from pipelines.ingest.standing import Standing
from pipelines.ingest.store import stored
from pipelines.protocol.extracts import Extract
from pipelines.refusal import Refusal
from pipelines.workspace import PilotSite


def volumes(site: PilotSite, state: Standing, extracts: Mapping[str, Extract]) -> Iterator[tuple[str, int, int]]:
    """Yield drop, rows and people of extracts that hold everything so far, oldest drop first.

    A drop that lacks one of them, or whose file could not be read, says nothing about the volume.
    """
    whole = {n: e for n, e in extracts.items() if e.delivery == "cumulative" and e.completes is None}
    for drop in state.drops if whole else ():
        found = [
            (name, extract, file)
            for name, extract in whole.items()
            for held, files in state.files(extract, site.site)
            for file in files
            if held == drop
        ]
        if {name for name, _, _ in found} != set(whole):
            continue
        with suppress(Refusal):
            parts = [
                StandingPart(name, extract, drop, file, stored(site, name, extract, file), 0)
                for name, extract, file in found
            ]
            chronicle.note_read(site, parts)
            yield (
                drop.name,
                sum(part.stored.about.rows.get(site.site, 0) for part in parts),
                sum(part.stored.about.people.get(site.site, 0) for part in parts),
            )
