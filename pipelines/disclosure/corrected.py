"""What may be shown of corrections: rows are people here, so a small count of them is told in words."""

from __future__ import annotations

from pipelines.disclosure.counts import too_small
from pipelines.disclosure.log import Log
from pipelines.disclosure.policy import Policy
from pipelines.findings.models import CorrectionsResult

COUNTS = ("named", "corrected", "remaining", "new")


def corrections(result: CorrectionsResult, rules: Policy, log: Log) -> CorrectionsResult:
    """Withhold all counts of problems where one of them is small, for they add up.

    Parameters
    ----------
    result : what became of the problems that the provider was told of.
    rules, log : the limits; gets the changes.
    """
    if not any(too_small(getattr(result, name), rules) for name in COUNTS):
        return result.model_copy(update={name: log.count(getattr(result, name), name, rules) for name in COUNTS})
    for name in COUNTS:
        log.withheld(name, "minimum count")
    told = "all" if result.remaining == 0 else "none" if result.corrected == 0 else "some"
    kept = {"new": 0} if result.new == 0 else {"new": None}
    if result.named == 0:
        return result.model_copy(update={"named": 0, "corrected": 0, "remaining": 0, **kept})
    return result.model_copy(update={"named": None, "corrected": None, "remaining": None, "extent": told, **kept})
