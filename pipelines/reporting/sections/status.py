"""The bar at the top: which pilot, which data, which rules."""

from __future__ import annotations

from pipelines.release.bundle import Evidence
from pipelines.reporting import evidence as ev
from pipelines.reporting.markup import plain
from pipelines.reporting.sections import looks, plan_kept

BANNER = "Synthetic data: nobody in this report is real"
SEVERITIES = {"block": "Rows set aside", "warn": "Warning", "note": "Note"}
# A table that a check refuses is never published, so where a released bundle holds a failed "block" check, the rule set
# rows aside.
PHASES = {"proof_of_concept": "Proof of concept", "pilot": "Pilot", "scale_up": "Scale-up"}


def status_bar(evidence: Evidence) -> str:
    """Return the bar. The banner of made-up data is the page's, on every page; see `reports`."""
    items = "\n\n".join(f"{name}\n: {plain(value)}" for name, value in _items(evidence))
    return f"::: {{.status-bar}}\n\n{items}\n\n:::"


def _items(evidence: Evidence) -> list[tuple[str, str]]:
    """Return what the bar holds."""
    plan = evidence.plan
    return [
        ("Pilot", plan.title),
        ("Concept", plan.concept.name),
        ("Phase", PHASES[plan.phase]),
        ("Site", plan.sites[evidence.site].title),
        ("Data drop", evidence.drop.name),
        ("Release", evidence.release),
        ("Protocol", protocol_told(evidence)),
        ("Disclosure profile", evidence.disclosure.profile or plan.disclosure.profile),
        ("Data checks", checks_told(evidence)),
        *([("Outcomes", look)] if (look := looks.status(evidence)) else []),
        *_level(evidence),
    ]


def protocol_told(evidence: Evidence) -> str:
    """Say which protocol is in force, its version and since when it is locked."""
    version = plan_kept.version(evidence)
    sha256 = evidence.provenance.protocol[:12]
    return f"{version} ({sha256})" if version else sha256


def _level(evidence: Evidence) -> list[tuple[str, str]]:
    found = ev.evidence_level(evidence)
    if found is None:
        return []
    return [("Level of evidence", f"Maryland {found[1].maryland} of 5, Nesta {found[1].nesta} of 5")]


def checks_told(evidence: Evidence) -> str:
    """Say how many checks of the data held."""
    checks = ev.checks(evidence)
    if not checks:
        return "none on record"
    failed = sum(not check.passed for check in checks)
    return f"{len(checks) - failed} passed, {failed} failed"
