"""What was tried and why: the intervention after TIDieR, its theory of change, its components."""

from __future__ import annotations

from pipelines.findings.models import DoseResult
from pipelines.protocol.models import Intervention
from pipelines.release.bundle import Evidence
from pipelines.reporting import evidence as ev
from pipelines.reporting.markup import heading, joined, named, plain
from pipelines.reporting.sentences import dose, planned_dose
from pipelines.reporting.tables import Table, markdown

_TIDIER = {
    "name": "1. Name",
    "why": "2. Why",
    "materials": "3. What: materials",
    "procedures": "4. What: procedures",
    "who": "5. Who provided it",
    "how": "6. How",
    "where": "7. Where",
    "when_and_how_much": "8. When and how much",
    "tailoring": "9. Tailoring",
    "modifications": "10. Modifications",
    "how_well_planned": "11. How well: as planned",
    "how_well_delivered": "12. How well: as delivered",
}


def opening(evidence: Evidence) -> str:
    """Return the heading and the idea."""
    plan = evidence.plan
    title = heading(2, f"What was tried: {plan.intervention.name}", "sec-tried")
    return joined(title, named(plan.concept.name, plan.concept.description))


def theory_of_change(evidence: Evidence) -> str:
    """Return how it should work, a step a line."""
    steps = evidence.plan.theory_of_change
    if not steps:
        return ""
    listed = "\n".join(f"{number}. {plain(step)}" for number, step in enumerate(steps, 1))
    return joined(heading(3, "How it should work"), listed)


def plan_table(evidence: Evidence) -> str:
    """Return the intervention as planned, item by item; items that the protocol leaves out are named below."""
    intervention = evidence.plan.intervention
    rows = [(name, getattr(intervention, field)) for field, name in _TIDIER.items() if getattr(intervention, field)]
    table = Table(
        "tidier",
        "The intervention, item by item",
        ("Item", "As planned"),
        rows,
        (28, 72),
        False,
        _left_out(intervention),
    )
    return joined(heading(3, "The intervention as planned"), markdown(table))


def components(evidence: Evidence) -> str:
    """Return each component's planned and measured dose."""
    measured = {pair.finding.scope.subject: pair.result for pair in ev.doses(evidence)}
    rows = []
    for key, component in evidence.plan.intervention.components.items():
        planned = _planned(component.unit, component.planned) if component.planned is not None else ""
        got = _got(measured[key]) if key in measured else "not measured"
        rows.append((component.title, planned.strip(), got.strip()))
    head = ("Component", "Planned for each person", "Delivered on average")
    table = markdown(Table("components", "Components, planned and delivered", head, rows, (40, 30, 30)))
    return joined(heading(3, "Components"), table) if rows else ""


def _planned(unit: str, planned: float) -> str:
    """Write a planned dose with its unit."""
    return planned_dose(unit, planned) if unit.startswith("share") else f"{planned_dose(unit, planned)} {unit}".strip()


def _got(result: DoseResult) -> str:
    """Write the dose of those who were offered it."""
    arm = result.arms.get("treatment") or result.arms.get("everyone")
    return dose(result.unit, arm.average) if arm else "not measured"


def _left_out(intervention: Intervention) -> str:
    """Name the items that the protocol does not describe."""
    missing = [name.split(". ", 1)[1].lower() for field, name in _TIDIER.items() if not getattr(intervention, field)]
    told = f"Not described in the protocol: {'; '.join(missing)}. " if missing else ""
    return f"{told}Items follow TIDieR (Hoffmann et al. 2014)."
