"""The command `pilotlens design`: what a pilot could show, from its protocol alone."""

from __future__ import annotations

from pathlib import Path

from assets.commands import existing
from assets.exit_codes import DONE
from assets.running import known
from assets.showing import place, say


def plan_design(given: Path | None, pilot: str) -> int:
    """Print what a pilot could show and write it as a page; a faulty protocol is misuse."""
    from pipelines.planning.pages import markdown, write_design
    from pipelines.planning.report import design_report

    workspace = existing(given)
    name = known(workspace, pilot)
    report = design_report(workspace.protocol(name).plan())
    say(markdown(report))
    for path in write_design(report, workspace.reports_folder / name):
        say(f"wrote {place(path)}")
    return DONE
