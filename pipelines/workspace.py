"""Where everything is on disk. Opening a database belongs in warehouse; reading a protocol in protocol."""

from __future__ import annotations

import os
from dataclasses import dataclass, replace
from functools import cached_property
from pathlib import Path

from pipelines.protocol import Protocol, load
from pipelines.refusal import Refusal

ROOT = Path(__file__).resolve().parents[1]
"""The checkout: sql/, expectations/ and reports/ lie below it."""


@dataclass(frozen=True)
class Workspace:
    """The folder that holds all data of an evaluation; none of it is ever in the repository."""

    root: Path
    as_of: str = ""
    """Name, or first digits of the hash, of the drop at which to look; what is derived then has its own place."""
    sealed: bool = False
    """True in a run that leaves outcomes alone: process, quality and reach only."""

    @classmethod
    def find(cls, given: Path | None = None) -> Workspace:
        """Return the workspace that was given, that the environment names, or ./workspace."""
        return cls((given or Path(os.environ.get("PILOTLENS_WORKSPACE") or "workspace")).expanduser().resolve())

    @property
    def derived(self) -> Path:
        """Where everything is that is computed from the drops."""
        return self.root / "as-of" / self.as_of if self.as_of else self.root

    @property
    def pilots_folder(self) -> Path:
        """Protocols, registers and drops."""
        return self.root / "pilots"

    @property
    def dagster_home(self) -> Path:
        """Dagster's own state."""
        return self.root / "dagster"

    @property
    def keys_folder(self) -> Path:
        """Keys, mode 0600."""
        return self.root / "keys"

    @property
    def reports_folder(self) -> Path:
        """Rendered reports."""
        return self.derived / "reports"

    def pilot_folder(self, pilot: str) -> Path:
        """Everything that people put in for a pilot."""
        return self.pilots_folder / pilot

    def ledger(self, pilot: str) -> Path:
        """The hash-chained register of what happened to a pilot."""
        return self.root / "ledger" / f"{pilot}.jsonl"

    def delivered_folder(self, pilot: str) -> Path:
        """Every delivered file as read, encrypted; what identifies people lies in the vault's own."""
        return self.root / "warehouse" / pilot / "delivered"

    def delivered_vault(self, pilot: str) -> Path:
        """What identifies the people of every delivered file, encrypted with another key."""
        return self.root / "vault" / pilot / "delivered"

    def pilots(self) -> tuple[str, ...]:
        """Return the pilots that have a protocol file, in order of name."""
        return tuple(sorted(path.parent.name for path in self.pilots_folder.glob("*/protocol.yml")))

    def protocol(self, pilot: str) -> Protocol:
        """Read a pilot's protocol; raise ProtocolFaults with everything that is wrong."""
        return load(self.pilot_folder(pilot) / "protocol.yml")

    def site(self, pilot: str, site: str) -> PilotSite:
        """Return one pilot site; raise Refusal when the protocol does not know it."""
        protocol = self.protocol(pilot)
        if site not in protocol.sites:
            raise Refusal(f"The pilot {pilot} has no site {site}.", f"Its sites: {', '.join(protocol.sites)}.")
        return PilotSite(self, protocol, site)

    def pilot(self, pilot: str) -> Pilot:
        """Return a pilot over all its sites."""
        return Pilot(self, self.protocol(pilot))


@dataclass(frozen=True)
class PilotSite:
    """One pilot in one site: the unit that is run, stored, released and reported."""

    workspace: Workspace
    protocol: Protocol
    site: str

    @property
    def pilot(self) -> str:
        """Key of the pilot."""
        return self.protocol.pilot

    @property
    def key(self) -> str:
        """Name of the Dagster partition."""
        return f"{self.pilot}/{self.site}"

    @property
    def today(self) -> PilotSite:
        """The site as it stands, also where an earlier drop is looked back at."""
        return replace(self, workspace=replace(self.workspace, as_of=""))

    @property
    def folder(self) -> Path:
        """Everything that people put in for the pilot."""
        return self.workspace.pilot_folder(self.pilot)

    @property
    def warehouse_file(self) -> Path:
        """Pseudonymous person-level data, encrypted."""
        return self.workspace.derived / "warehouse" / self.pilot / f"{self.site}.duckdb"

    @property
    def vault_file(self) -> Path:
        """Identifiers, encrypted with another key."""
        return self.workspace.derived / "vault" / self.pilot / f"{self.site}.duckdb"

    @property
    def releases_folder(self) -> Path:
        """Evidence bundles, immutable."""
        return self.workspace.derived / "releases" / self.pilot / self.site

    @property
    def reports_folder(self) -> Path:
        """The site's rendered reports."""
        return self.workspace.reports_folder / self.pilot / self.site

    @cached_property
    def title(self) -> str:
        """Name for readers."""
        return f"{self.protocol.title}: {self.protocol.sites[self.site].title}"


@dataclass(frozen=True)
class Pilot:
    """One pilot over all its sites: the unit that is put together from released evidence."""

    workspace: Workspace
    protocol: Protocol

    @property
    def pilot(self) -> str:
        """Key of the pilot."""
        return self.protocol.pilot

    @property
    def key(self) -> str:
        """Name of the Dagster partition."""
        return self.pilot

    @property
    def sites(self) -> tuple[PilotSite, ...]:
        """Its sites, in the order of the protocol."""
        return tuple(PilotSite(self.workspace, self.protocol, site) for site in self.protocol.sites)

    @property
    def releases_folder(self) -> Path:
        """Evidence bundles over all sites, immutable; no site can have this name."""
        return self.workspace.derived / "releases" / self.pilot / "_pilot"

    @property
    def reports_folder(self) -> Path:
        """The rendered report on all sites; those of the sites lie in folders below."""
        return self.workspace.reports_folder / self.pilot

    @property
    def title(self) -> str:
        """Name for readers."""
        return self.protocol.title
