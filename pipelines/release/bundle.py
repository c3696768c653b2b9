"""The evidence bundle: the disclosure-checked findings of one site at one release; all that a report may read."""

from __future__ import annotations

from pathlib import Path
from typing import Literal

from pipelines.findings.models import Disclosed, Finding, Record
from pipelines.protocol.models import Plan


class DropContent(Record):
    """One delivery."""

    name: str
    """Name of the drop's folder, for example 2026-06-30."""
    sha256: str
    """Hash over the names and bytes of its files."""


class DropFacts(Record):
    """The state of the deliveries that the evidence rests on."""

    name: str
    """Name of the newest drop's folder, for example 2026-06-30; `pilotlens run --as-of` takes it."""
    sha256: str
    """Hash of the state: of the one drop over the names and bytes of its files, of several over all of them."""
    known: tuple[DropContent, ...] = ()
    """Every drop that was known and counted, oldest first."""


class Provenance(Record):
    """What has to be the same for the same evidence to come out."""

    protocol: str
    """SHA-256 of the canonical protocol."""
    policy: str
    """SHA-256 of the disclosure policy."""
    code: str
    """SHA-256 of the program's own files."""
    environment: str
    """SHA-256 of the installed packages and their versions."""
    python: str
    """Version of Python."""
    seed: int
    """Seed of anything random."""


class Evidence(Record):
    """evidence.json: what a pilot found at one site, or over all of its sites, as far as it may be shown."""

    schema_version: Literal[1] = 1
    """Version of this structure."""
    release: str
    """Name of the release: the drop and the first digits of the hash of the findings."""
    site: str
    """Key of the site; empty in a bundle over all sites of the pilot."""
    plan: Plan
    """The part of the protocol that readers may see."""
    drop: DropFacts
    """The delivery it rests on."""
    provenance: Provenance
    """Hashes of everything else it rests on."""
    disclosure: Disclosed
    """The policy's profile, and what it changed over all findings."""
    findings: tuple[Finding, ...]
    """Every finding, in the order in which a report tells them."""

    def finding(self, finding_id: str) -> Finding:
        """Return a finding by its id; raise KeyError with the ids there are."""
        found = {finding.id: finding for finding in self.findings}
        if finding_id not in found:
            raise KeyError(f"no finding {finding_id!r}; there are: {', '.join(sorted(found))}")
        return found[finding_id]

    def of_kind(self, kind: str) -> tuple[Finding, ...]:
        """Return the findings of one kind, in order."""
        return tuple(finding for finding in self.findings if finding.kind == kind)


class FileEntry(Record):
    """One file of a bundle."""

    path: str
    """Path inside the bundle."""
    sha256: str
    """Hash of its bytes."""
    size: int
    """Bytes."""


class Manifest(Record):
    """manifest.json: which files a bundle holds and what they rest on."""

    schema_version: Literal[1] = 1
    """Version of this structure."""
    pilot: str
    """Key of the pilot."""
    site: str
    """Key of the site; empty in a bundle over all sites of the pilot."""
    release: str
    """Name of the release."""
    drop: DropFacts
    """The delivery it rests on."""
    provenance: Provenance
    """Hashes of everything else it rests on."""
    files: tuple[FileEntry, ...]
    """Every other file of the bundle."""


def read_evidence(bundle: Path) -> Evidence:
    """Read a bundle from its folder."""
    return Evidence.model_validate_json((bundle / "evidence.json").read_bytes())
