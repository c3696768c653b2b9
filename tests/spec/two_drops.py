"""A small pilot of two drops, written as files and read as a provider's are."""

from __future__ import annotations

import os
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from ruamel.yaml import YAML

from pipelines.analysis import build
from pipelines.findings.deliveries import TABLES, delivery_findings
from pipelines.findings.making import Making, making
from pipelines.findings.models import DifferenceResult, Finding, LinkageResult
from pipelines.ingest import receive
from pipelines.protocol import Protocol
from pipelines.validation.publish import publish
from pipelines.warehouse import open_warehouse
from pipelines.workspace import PilotSite, Workspace

EARLIER, NEWEST = "2026-04-01", "2026-07-01"
PROTOCOL = """\
pilot: first
title: First
question: Does it?
concept: {name: x}
sites:
  north: {title: North, codes: [N]}
  south: {title: South, codes: [S]}
population: {description: people}
intervention: {name: x}
arms:
  treatment: {title: Offered, codes: [fund]}
  comparison: {title: Usual, codes: [usual]}
outcomes:
  housed: {title: were housed, type: binary, tier: primary, better: higher, value: housed, due_after_days: 30}
covariates:
  age: {title: Age, unit: years}
limits: {quarantine: 1.0}
extracts:
  people:
    noun: cases
    file: cases.csv
    columns:
      person: Case number
      site: Site
      arm: Group
      start_date: {column: Started, format: dd/mm/yyyy}
      age: {column: Age, missing: ["-9"]}
      housed: {column: Housed, codes: {Y: "yes", N: "no"}}
    identifiers: {full_name: Name, date_of_birth: Born}
  review:
    noun: cases
    completes: people
    file: review.csv
    optional: true
    columns: {person: Case, site: Site, end_date: {column: Ended, format: dd/mm/yyyy}}
  talks:
    noun: contacts
    file: contacts.csv
    optional: true
    columns: {person: Case, site: Site, contact_date: On}
  agreed:
    noun: consents
    file: consents.csv
    optional: true
    columns: {person: Case, site: Site, may_quote: Quote, may_publish: Publish}
"""
HEADS = {
    "cases": "Case number,Site,Group,Started,Age,Housed,Name,Born",
    "review": "Case,Site,Ended",
    "contacts": "Case,Site,On",
    "consents": "Case,Site,Quote,Publish",
    "events": "Case,Site,On,Kind,Decided",
}
Files = dict[str, list[str]]


def person(number: int, **changes: str) -> str:
    """Return a row of the case file; odd numbers are in the first group."""
    values = {
        "person": f"C{number:03}",
        "site": "N",
        "arm": "fund" if number % 2 else "usual",
        "started": "05/01/2026",
        "age": str(20 + number % 40),
        "housed": "Y" if number % 3 else "N",
        "name": f"Name {number}",
        "born": f"{1 + number % 28:02}/01/1990",
    }
    return ",".join((values | changes).values())


def deliver(root: Path, day: str, files: Files) -> None:
    """Write the files of a drop, as if they had come an hour ago."""
    folder = root / "pilots" / "first" / "drops" / day
    folder.mkdir(parents=True)
    for name, rows in files.items():
        path = folder / f"{name}.csv"
        path.write_text("\n".join([HEADS[name], *rows]) + "\n", encoding="utf-8")
        os.utime(path, (time.time() - 3600, time.time() - 3600))


@contextmanager
def compared(
    root: Path, *drops: Files, protocol: str = PROTOCOL, nouns: tuple[str, ...] = ("cases",)
) -> Iterator[Making]:
    """Read the drops as one state, as far as the comparison of the case files needs it: a fifth of `found`."""
    for day, files in zip((EARLIER, NEWEST)[-len(drops) :], drops, strict=True):
        deliver(root, day, files)
    site = PilotSite(Workspace(root), Protocol.model_validate(YAML(typ="safe").load(protocol)), "north")
    for noun in nouns:
        receive(site, noun)
    for noun in (noun for noun in (*nouns, "outcomes") if noun in ("cases", "events", "outcomes")):
        assert not publish(site, noun).refusal
    with open_warehouse(site) as connection:
        yield making(site, connection, ())


def found(root: Path, *drops: Files, protocol: str = PROTOCOL) -> dict[str, Finding]:
    """Run the drops, oldest first, as one state and return the findings on the deliveries, not yet protected."""
    for day, files in zip((EARLIER, NEWEST)[-len(drops) :], drops, strict=True):
        deliver(root, day, files)
    site = PilotSite(Workspace(root), Protocol.model_validate(YAML(typ="safe").load(protocol)), "north")
    for noun in ("cases", "contacts", "spend", "consents", "documents", "codings"):
        receive(site, noun)
    for noun in ("cases", "outcomes", "contacts", "consents", "documents"):
        assert not publish(site, noun).refusal
    build(site, "participants")
    with open_warehouse(site) as connection:
        return {finding.id: finding for finding in delivery_findings(making(site, connection, TABLES))}


def differs(findings: dict[str, Finding], noun: str = "cases") -> DifferenceResult:
    """Return what differs in a table."""
    result = findings[f"difference/{noun}"].result
    assert isinstance(result, DifferenceResult)
    return result


def linked(findings: dict[str, Finding], key: str) -> LinkageResult:
    """Return who is found in a file."""
    result = findings[f"linkage/{key}"].result
    assert isinstance(result, LinkageResult)
    return result
