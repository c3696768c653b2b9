"""A small pilot whose protocol is locked and edited in tests: its protocol, its drops, and how to run it in process."""

from __future__ import annotations

import json
import os
import time
from pathlib import Path
from typing import Any

from pipelines.analysis import NOUNS as ANALYSED
from pipelines.analysis import build
from pipelines.findings import NOUNS as FOUND
from pipelines.findings import compute
from pipelines.ingest import receive
from pipelines.ledger import entries
from pipelines.protocol_lock import insist_recorded
from pipelines.release import release
from pipelines.told import Told
from pipelines.validation.publish import NOUNS as VALIDATED
from pipelines.validation.publish import publish
from pipelines.workspace import PilotSite, Workspace

PROTOCOL = """\
# The plan.
pilot: work
title: Work first
question: Does help with applications lead to work?
concept: {name: Help with applications}
contact: somebody@example.org
sites: {north: {title: North office}}
population: {description: people who look for work, planned_per_site: {north: 80}}
intervention: {name: Help with applications}
arms:
  treatment: {title: Help, codes: [help]}
  comparison: {title: Leaflet, codes: [leaflet]}
outcomes:
  earned: {title: Earnings after a year, type: continuous, tier: primary, better: higher, unit: pounds, value: earned,
    minimum_important_difference: 500}
covariates:
  age: {title: Age, unit: years}
adjust_for: [age]
questions:
  work:
    text: Do people earn more?
    expectation: Five hundred pounds more.
    quantitative: [earned]
limits: {people_per_arm: 10}
extracts:
  people: {file: people.csv, columns: {person: id, arm: group, age: age, earned: pay}}
"""
MARK = 7_000_003
"""Earnings of the person n are this and n, in a form that stands nowhere by chance."""


def write(root: Path, protocol: str = PROTOCOL, pilot: str = "work") -> Workspace:
    """Write a pilot's protocol into a workspace."""
    path = root / "pilots" / pilot / "protocol.yml"
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(protocol, encoding="utf-8")
    return Workspace(root)


def deliver(root: Path, day: str = "2026-03-31", people: int = 80, pilot: str = "work", pay: str = "pay") -> None:
    """Write a cumulative drop; half the people had help, and one in ten earns nothing that is known."""
    rows = [
        f"R{n:03},{'help' if n % 2 else 'leaflet'},{20 + n * 7 % 40},{'' if n % 10 == 9 else MARK + n * 13}"
        for n in range(people)
    ]
    path = root / "pilots" / pilot / "drops" / day / "people.csv"
    path.parent.mkdir(parents=True)
    path.write_text("\n".join([f"id,group,age,{pay}", *rows, ""]), encoding="utf-8")
    os.utime(path, (time.time() - 60,) * 2)


def run(workspace: Workspace, pilot: str = "work") -> list[Told]:
    """Run the pilot's site from its newest drop to its release; return what each step tells."""
    site = workspace.site(pilot, "north")
    insist_recorded(site)
    told = [receive(site, noun) for noun in ("cases",)]
    told += [publish(site, noun) for noun in VALIDATED if _delivered(site, noun)]
    told += [build(site, noun) for noun in ANALYSED]
    told += [compute(site, noun) for noun in FOUND]
    return [*told, release(site)]


def _delivered(site: PilotSite, noun: str) -> bool:
    receive(site, noun) if noun != "outcomes" else None
    return True


def kinds(workspace: Workspace, pilot: str = "work") -> list[str]:
    """Return the kinds of the ledger's entries about the protocol, in order; that outcomes were seen stands once.

    A look at an estimate says so, too; how looks are counted has its own tests.
    """
    seen = ("outcomes_seen", "look")
    kept = ("rehearsal", "lock", "deviation", "outcomes_seen", "release")
    found = ["outcomes_seen" if entry.kind in seen else entry.kind for entry in entries(workspace.ledger(pilot))]
    return [kind for n, kind in enumerate(found) if kind in kept and (kind != "outcomes_seen" or kind not in found[:n])]


def evidence(workspace: Workspace, pilot: str = "work") -> dict[str, Any]:
    """Return the newest evidence of the site."""
    releases = workspace.derived / "releases" / pilot / "north"
    path = releases / (releases / "latest.txt").read_text().strip() / "evidence.json"
    found: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
    return found


def sentences(workspace: Workspace, pilot: str = "work") -> dict[str, str]:
    """Return the sentence of each finding of the newest evidence, by id."""
    return {one["id"]: one["sentence"] for one in evidence(workspace, pilot)["findings"]}
