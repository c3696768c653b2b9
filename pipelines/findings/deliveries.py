"""What the deliveries hold: what changed since the drop before, who is found in which file, what was corrected."""

from __future__ import annotations

from pipelines.findings.corrected import correction_findings
from pipelines.findings.differences import difference_findings
from pipelines.findings.linkage import linkage_findings
from pipelines.findings.making import Making
from pipelines.findings.models import Finding
from pipelines.findings.probabilistic_linkage import likeness_findings

TABLES = ("validated.cases", "validated.outcomes", "validated.documents", "validated.consents")
"""Not the raw tables: a reader could try counts of so few rows until their hash fits."""


def delivery_findings(making: Making) -> list[Finding]:
    """Return the differences, the linkage, how rows without a number were linked, and what was corrected."""
    linked = [*linkage_findings(making), *likeness_findings(making)]
    return [*difference_findings(making), *linked, *correction_findings(making)]
