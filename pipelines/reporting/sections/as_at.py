"""Which figures stand as at an earlier drop, and why: said where a report begins, for its first table may be one."""

from __future__ import annotations

from pipelines.disclosure.between_releases import RULE
from pipelines.findings.models import Finding
from pipelines.release.bundle import Evidence
from pipelines.reporting import numbers
from pipelines.reporting.markup import block, plain
from pipelines.reporting.sentences import within

WHY = "Since then too few people joined, left or changed to show newer figures without telling something of them."
UNTIL = "They are brought up to date when enough have."
REST = "{} left out, rounded or kept as before for the same reason; the disclosure log in the annex names {}."
KINDS = {
    "flow": "who came in and who is left",
    "baseline": "who took part",
    "linkage": "who is found in which file",
    "probabilistic_linkage": "who is found in which file",
    **dict.fromkeys(("theme", "agreement", "fidelity", "saturation"), "what people said"),
    **dict.fromkeys(("together", "who_said", "contrast"), "what people said"),
    **dict.fromkeys(("doubts", "take_up", "over_time", "comparison"), ""),
}
"""What readers call the findings of a kind; what stands beside an effect is named by its outcome."""


def note(evidence: Evidence) -> str:
    """Return a box that names the figures that stand as before; nothing where all are of the newest drop."""
    told = words(evidence)
    return block("callout-note", plain(told), title="As at an earlier drop") if told else ""


def words(evidence: Evidence) -> str:
    """Say which figures stand as at which drop, why, and what else was changed because of earlier releases."""
    standing = _standing(evidence)
    said = [f"Figures as at the drop of {drop}: {'; '.join(names)}." for drop, names in standing.items()]
    said += [WHY, UNTIL] if said else []
    changed = sum(c.rule == RULE for f in evidence.findings if not f.disclosure.as_at for c in f.disclosure.changes)
    if changed:
        said.append(REST.format(_figures(changed, more=bool(standing)), "it" if changed == 1 else "them"))
    return " ".join(said)


def short(evidence: Evidence) -> str:
    """Say in a sentence that figures stand as at an earlier drop; nothing where none does."""
    standing = _standing(evidence)
    if not standing:
        return ""
    return f"Some figures are as at the drop of {' and '.join(standing)}: too few people have joined or changed since."


def _figures(changed: int, *, more: bool) -> str:
    return f"{numbers.several(changed, 'further figure' if more else 'figure')} {'is' if changed == 1 else 'are'}"


def _standing(evidence: Evidence) -> dict[str, list[str]]:
    """Return the names of what stands, by drop."""
    found: dict[str, dict[str, None]] = {}
    for finding in evidence.findings:
        if finding.disclosure.as_at and (name := _name(finding)):
            found.setdefault(finding.disclosure.as_at, {})[name] = None
    return {drop: list(found[drop]) for drop in sorted(found)}


def _name(finding: Finding) -> str:
    return KINDS.get(finding.kind, within(str(getattr(finding.result, "title", finding.kind))))
