"""The one resource of every asset: the workspace. What is in it belongs to pipelines.workspace."""

from dataclasses import replace
from pathlib import Path

import dagster as dg

from assets.at_work import hold
from pipelines.workspace import Pilot, PilotSite, Workspace


class EvaluationWorkspace(dg.ConfigurableResource):
    """The folder that holds all data of an evaluation. Empty: the one PILOTLENS_WORKSPACE names, or ./workspace."""

    root: str = ""
    as_of: str = ""
    """The drop at which to look; empty: everything that is known."""
    sealed: bool = False
    """True leaves outcomes alone: process, quality and reach only."""

    def setup_for_execution(self, context: dg.InitResourceContext) -> None:
        """Let others see for as long as this process lives that the run is at work."""
        if context.run is not None and not self.as_of:
            hold(self._workspace(), context.run.run_id)

    def site(self, key: str) -> PilotSite:
        """Return the pilot site of a partition, its protocol read afresh."""
        pilot, _, site = key.partition("/")
        return self._at().site(pilot, site)

    def unit(self, key: str) -> PilotSite | Pilot:
        """Return what a partition stands for: a pilot site, or a pilot over all its sites."""
        return self.site(key) if "/" in key else self._at().pilot(key)

    def _at(self) -> Workspace:
        return replace(self._workspace(), as_of=self.as_of, sealed=self.sealed)

    def _workspace(self) -> Workspace:
        return Workspace.find(Path(self.root) if self.root else None)
