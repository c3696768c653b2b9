"""What the ledger is told of drops: what arrived, how each file was read, which rows were accepted or refused and why.

A look at an earlier state is no event, and is not told.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from pipelines import ledger
from pipelines.ingest.drops import DroppedFile
from pipelines.ingest.parts import StandingPart
from pipelines.ingest.standing import Known, Standing
from pipelines.workspace import PilotSite


def _tell(site: PilotSite, kind: str, facts: Mapping[str, object], once: Sequence[str]) -> None:
    if not site.workspace.as_of:
        ledger.append(site.workspace.ledger(site.pilot), kind, facts, once=once)


def note_arrivals(site: PilotSite, state: Standing) -> None:
    """Note every drop that counts and was not noted before."""
    known = {
        (entry.facts["drop"], entry.facts["sha256"])
        for entry in ledger.entries(site.workspace.ledger(site.pilot))
        if entry.kind == "drop_arrived"
    }
    for drop in state.drops:
        if (drop.name, drop.sha256) not in known:
            files = [{"name": f.shown, "bytes": f.size, "sha256": f.sha256} for f in drop.files]
            _tell(site, "drop_arrived", {"drop": drop.name, "sha256": drop.sha256, "files": files}, ("drop", "sha256"))


def note_read(site: PilotSite, parts: Sequence[StandingPart]) -> None:
    """Note how each file was read."""
    for part in parts:
        about = part.stored.about
        facts: dict[str, object] = {
            "rows": sum(about.rows.values()),
            "columns": len(about.read_as["columns"]),
            "read_as": {k: v for k, v in about.read_as.items() if v and k != "columns"},
        }
        note_file(site, part.name, about.noun, part.drop, part.file, facts)


def note_file(
    site: PilotSite, extract: str, noun: str, drop: Known, file: DroppedFile, facts: Mapping[str, object]
) -> None:
    """Note that a file was read, with what was found out about it."""
    told: dict[str, object] = {
        "drop": drop.name,
        "sha256": drop.sha256,
        "extract": extract,
        "noun": noun,
        "file": file.shown,
        "file_sha256": file.sha256,
        **facts,
    }
    _tell(site, "file_read", told, ("drop", "extract", "file"))


def note_refused(site: PilotSite, drop: str, sha256: str, noun: str, why: str) -> None:
    """Note that the rows of a site were refused, and why."""
    facts = {"drop": drop, "sha256": sha256, "site": site.site, "noun": noun, "why": why}
    _tell(site, "rows_refused", facts, ("site", "noun"))


def note_accepted(site: PilotSite, drop: str, sha256: str, noun: str, rows: int) -> None:
    """Note that the rows of a site were published."""
    facts = {"drop": drop, "sha256": sha256, "site": site.site, "noun": noun, "rows": rows}
    _tell(site, "rows_accepted", facts, ("site", "noun"))
