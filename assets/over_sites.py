"""What the command does over all sites of a pilot, once its sites have been run. The sites belong in running."""

from __future__ import annotations

import webbrowser
from collections.abc import Sequence
from dataclasses import replace

from assets.running import PILOT_REPORT, PILOT_STEPS, Outcome, reports_of, run_pilots
from assets.showing import place, progress, say
from pipelines.workspace import Workspace


def run_over_sites(workspace: Workspace, keys: Sequence[str], *, as_of: str, rendered: bool) -> list[Outcome]:
    """Put together what the sites of each pilot have released; say of which pilots there is nothing to put together.

    Parameters
    ----------
    keys : the pilot sites that were run, whatever became of them: of one that was refused the earlier release counts.
    as_of : drop at which to look; empty for the present.
    rendered : True only writes the report again from the newest release, and only where all sites were asked for.
    """
    pilots, only = _pilots(keys), PILOT_REPORT if rendered else ()
    at = replace(workspace, as_of=as_of)
    if rendered:
        pilots = [pilot for pilot in pilots if _whole(at, pilot, keys) and reports_of(at, pilot)]
    words = {pilot: _why_nothing(at, pilot) for pilot in pilots}
    for sentence in filter(None, words.values()):
        say(sentence)
    ready = [pilot for pilot in pilots if not words[pilot]]
    if not ready:
        return []
    with progress(ready, len(only) or PILOT_STEPS) as watch:
        return list(run_pilots(workspace, ready, watch, only, as_of=as_of))


def tell_pilot_reports(workspace: Workspace, keys: Sequence[str], *, open_browser: bool) -> None:
    """Say where the reports on all sites of each pilot are, or why there is none."""
    for pilot in _pilots(keys):
        found = reports_of(workspace, pilot)
        again = f"{pilot}: no report on all sites yet; try pilotlens run {pilot}"
        say(f"{pilot}: {', '.join(map(place, found))}" if found else _why_nothing(workspace, pilot) or again)
        if open_browser and found:
            webbrowser.open(found[0].as_uri())


def _pilots(keys: Sequence[str]) -> list[str]:
    return list(dict.fromkeys(key.partition("/")[0] for key in keys))


def _whole(workspace: Workspace, pilot: str, keys: Sequence[str]) -> bool:
    return {site.key for site in workspace.pilot(pilot).sites} <= set(keys)


def _why_nothing(workspace: Workspace, pilot: str) -> str:
    from pipelines.synthesis.sites import why_nothing

    return why_nothing(workspace.pilot(pilot))
