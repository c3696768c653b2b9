"""What was released of a site before: read from its bundles, in the order of the ledger, for new figures to be held to.

Looking back is no release: what `--as-of` writes is held against releases, and no release against it.
"""

from __future__ import annotations

import json
from functools import lru_cache
from pathlib import Path
from typing import Any

from pipelines.disclosure.published import Release
from pipelines.drop_history import deliveries
from pipelines.ingest.drops import age_of
from pipelines.ledger import entries
from pipelines.release.audit import RELEASE
from pipelines.release.verify import insist_untouched
from pipelines.workspace import PilotSite

KEPT = 64
"""Bundles that are kept in memory: they never change, and every step of a run holds its figures against them."""


def earlier_releases(site: PilotSite, drop: str = "", drop_hash: str = "") -> tuple[Release, ...]:
    """Return every release of a site, the oldest first.

    Parameters
    ----------
    site : the site; of one that is looked at as of an earlier drop, the releases of today are read.
    drop, drop_hash : name and hash of the newest drop that new figures rest on. Where these were released before, later
        releases leave them alone, so that looking back shows what was shown then.

    Raises
    ------
    Refusal
        When the ledger is not whole, or a bundle is not as it was written: nobody can tell then what a new one gives
        away.
    """
    today = site.today
    ledger = today.workspace.ledger(today.pilot)
    lines = entries(ledger) if ledger.exists() else ()
    withdrawn = {one.sha256 for one in deliveries(lines) if one.withdrawn}
    noted = [str(e.facts.get("release")) for e in lines if e.kind == RELEASE and e.facts.get("place") == site.site]
    found = tuple(_release(today.releases_folder / name, withdrawn) for name in _in_order(today.releases_folder, noted))
    if any(one.drop_hash == drop_hash for one in found):
        return tuple(one for one in found if age_of(one.drop) <= age_of(drop))
    return found


def held_against(site: PilotSite, drop: str, drop_hash: str) -> tuple[Release, ...]:
    """Return the releases whose figures stand again where new ones would tell of few: none unless the protocol says so.

    Parameters are those of `earlier_releases`.
    """
    return earlier_releases(site, drop, drop_hash) if site.protocol.disclosure.earlier_releases == "held" else ()


def _in_order(folder: Path, noted: list[str]) -> list[str]:
    """Return the bundles that are there: as the ledger notes them, and then any that were never noted."""
    there = sorted(path.parent.name for path in folder.glob("*/evidence.json") if not path.parent.name.startswith("."))
    known = [name for name in dict.fromkeys(noted) if name in there]
    return [*known, *(name for name in there if name not in known)]


def lost_releases(site: PilotSite) -> tuple[str, ...]:
    """Return the releases that the ledger notes and whose folder is gone: nothing can be held against them."""
    ledger = site.workspace.ledger(site.pilot)
    lines = entries(ledger) if ledger.exists() else ()
    noted = [str(e.facts.get("release")) for e in lines if e.kind == RELEASE and e.facts.get("place") == site.site]
    folder = site.today.releases_folder
    return tuple(name for name in dict.fromkeys(noted) if not (folder / Path(name).name / "evidence.json").is_file())


def _release(folder: Path, withdrawn: set[str]) -> Release:
    insist_untouched(folder)
    evidence = _read(folder / "evidence.json")
    drop = evidence["drop"]
    gone = {drop["sha256"], *(one["sha256"] for one in drop.get("known", ()))} & withdrawn
    return Release(
        drop=drop["name"],
        drop_hash=drop["sha256"],
        plan=evidence["plan"],
        findings={finding["id"]: finding for finding in evidence["findings"]},
        may_stand=not gone,
    )


@lru_cache(maxsize=KEPT)
def _read(path: Path) -> Any:
    return json.loads(path.read_bytes())
