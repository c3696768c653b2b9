"""What the deliveries hold: findings of what changed since the drop before, and of who is found in which file."""

from __future__ import annotations

from pipelines.findings.differences import difference_findings
from pipelines.findings.linkage import linkage_findings
from pipelines.findings.making import Making
from pipelines.findings.models import Finding
from pipelines.findings.probabilistic_linkage import likeness_findings

TABLES = ("validated.cases", "validated.outcomes", "validated.documents", "validated.consents")
"""Not the raw tables: a reader could try counts of so few rows until their hash fits."""


def delivery_findings(making: Making) -> list[Finding]:
    """Return the differences, then the linkage, then how rows without a number were linked."""
    return [*difference_findings(making), *linkage_findings(making), *likeness_findings(making)]
