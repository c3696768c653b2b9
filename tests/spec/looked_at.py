"""A pilot whose people become known drop by drop, as tables in memory, so that many looks at it cost little."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import duckdb

from pipelines.findings.making import Making
from pipelines.findings.models import EffectResult, Finding, Inputs
from pipelines.findings.outcomes import looked_at_findings
from pipelines.ledger import entries
from pipelines.protocol import Protocol, load_text
from pipelines.workspace import PilotSite, Workspace

PROTOCOL = """\
pilot: first
title: First
question: Does it?
concept: {{name: x}}
sites: {{north: {{title: North}}}}
population: {{description: people, planned_per_site: {{north: 200}}}}
intervention: {{name: x}}
{arms}
outcomes:
  housed: {{title: were housed, type: binary, tier: primary, better: higher, value: housed}}
  days: {{title: Days in work, type: continuous, better: higher, value: days, unit: days}}
{looks}
extracts:
  people: {{file: cases.csv, columns: {{person: id, arm: arm, housed: housed, days: days}}}}
"""
ARMS = """\
arms:
  treatment: {title: Offered, codes: [fund]}
  comparison: {title: Usual, codes: [usual]}
"""


def protocol(looks: str = "", arms: str = ARMS) -> Protocol:
    """Return the pilot's protocol with a plan for looks, or without one."""
    return load_text(PROTOCOL.format(looks=f"looks: {looks}" if looks else "", arms=arms))


def rows(people: int, shift: int = 0) -> list[tuple[str, str, float, float]]:
    """Return key, group, whether housed, and days of the first so many people; `shift` alters one of them."""
    chances = {"treatment": 5, "comparison": 2}
    found = []
    for n in range(people):
        arm = "treatment" if n % 2 else "comparison"
        housed = float((n // 2 * 7) % 10 < chances[arm] + 1)
        found.append((f"p{n:04}", arm, housed, float(n * 37 % 50 + (n == 0) * shift)))
    return found


@contextmanager
def at_drop(root: Path, plan: Protocol, people: int, drop: str = "2026-06-30", shift: int = 0) -> Iterator[Making]:
    """Give the making of findings of the first so many people, as a drop that just arrived."""
    connection = duckdb.connect()
    known = rows(people, shift)
    connection.execute("CREATE SCHEMA validated; CREATE SCHEMA analysis")
    connection.execute(
        "CREATE TABLE validated.cases (row_key VARCHAR, person_key VARCHAR, arm VARCHAR, source_file VARCHAR, "
        "source_row INTEGER)"
    )
    connection.execute(
        "CREATE TABLE analysis.participants (person_key VARCHAR, arm VARCHAR, outcome VARCHAR, value DOUBLE, "
        "time DOUBLE, event BOOLEAN, exposure DOUBLE, competing BOOLEAN)"
    )
    arm_of = {key: arm if plan.arms else None for key, arm, *_ in known}
    cases = [(f"{drop}#{n}", key, arm_of[key], drop, n) for n, (key, *_) in enumerate(known)]
    connection.executemany("INSERT INTO validated.cases VALUES (?, ?, ?, ?, ?)", cases)
    outcomes: list[Any] = [
        (key, arm_of[key], outcome, value)
        for key, _, housed, days in known
        for outcome, value in (("housed", housed), ("days", days))
    ]
    connection.executemany("INSERT INTO analysis.participants VALUES (?, ?, ?, ?, NULL, NULL, NULL, NULL)", outcomes)
    inputs = Inputs(drop=drop, drop_hash=drop, protocol_hash="p", tables={}, code="c")
    yield Making(PilotSite(Workspace(root), plan, "north"), connection, inputs)
    connection.close()


def look(root: Path, plan: Protocol, people: int, drop: str = "2026-06-30", shift: int = 0) -> dict[str, Finding]:
    """Look at the outcomes and return their findings, not yet protected."""
    with at_drop(root, plan, people, drop, shift) as making:
        return {finding.id: finding for finding in looked_at_findings(making)}


def housed(findings: dict[str, Finding]) -> EffectResult:
    """Return the primary outcome."""
    result = findings["effect/housed/primary"].result
    assert isinstance(result, EffectResult)
    return result


def taken(root: Path, outcome: str = "housed") -> list[dict[str, Any]]:
    """Return what the ledger says of the looks at an outcome."""
    found = entries(Workspace(root).ledger("first"))
    return [dict(one.facts) for one in found if one.kind == "look" and one.facts.get("outcome") == outcome]
