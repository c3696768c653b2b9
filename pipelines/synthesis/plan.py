"""The lock of the protocol, its deviations and its earlier phases over all sites: as the sites' releases tell them."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from pipelines.findings.models import DeviationResult, Finding, Inputs, LockResult, PhaseResult, Scope
from pipelines.synthesis.sites import ReleasedSite
from pipelines.workspace import Pilot

KINDS = (LockResult, DeviationResult, PhaseResult)


def plan_findings(sites: Sequence[ReleasedSite], pilot: Pilot, inputs: Inputs) -> Iterator[Finding]:
    """Yield what releases say of the plan, once: the sites of a pilot share its protocol, and the newest knows most.

    Parameters
    ----------
    sites : the sites with their releases; one that was run under an earlier version knows fewer deviations.
    pilot : the pilot.
    inputs : what the findings over all sites are made from.
    """
    newest = max((_told(site) for site in sites), key=_version, default=[])
    for finding in newest:
        scope = Scope(pilot=pilot.pilot, site="", subject=finding.scope.subject)
        yield finding.model_copy(update={"scope": scope, "inputs": inputs})


def _told(site: ReleasedSite) -> list[Finding]:
    return [f for f in site.evidence.findings if isinstance(f.result, KINDS)] if site.evidence else []


def _version(told: Sequence[Finding]) -> int:
    return max((f.result.version for f in told if isinstance(f.result, LockResult)), default=-1)
