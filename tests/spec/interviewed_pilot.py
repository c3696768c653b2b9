"""A small pilot with coded interviews, written as files and run through the plain functions."""

from __future__ import annotations

import os
import time
from collections.abc import Mapping, Sequence
from pathlib import Path

from pipelines.analysis import NOUNS as ANALYSED
from pipelines.analysis import build
from pipelines.findings import NOUNS as FOUND
from pipelines.findings import compute
from pipelines.findings.models import QuoteShown, ThemeResult
from pipelines.findings.store import read_findings
from pipelines.ingest import receive
from pipelines.qualitative.models import Case, CaseSpan, Code, Coder, Coding, Document, Project
from pipelines.qualitative.writer import write_project
from pipelines.release import release
from pipelines.release.bundle import Evidence, read_evidence
from pipelines.release.write import latest
from pipelines.validation.publish import NOUNS as VALIDATED
from pipelines.validation.publish import publish
from pipelines.warehouse import open_warehouse
from pipelines.workspace import PilotSite, Workspace

PROTOCOL = """\
pilot: heard
title: Heard
question: Does it help?
concept: {name: Help}
sites: {north: {title: North}}
population: {description: people}
intervention: {name: Help}
arms:
  treatment: {title: Offered, codes: [a]}
  comparison: {title: Usual, codes: [b]}
outcomes:
  housed: {title: were housed, type: binary, tier: primary, better: higher, value: housed}
extracts:
  people:
    file: people.csv
    columns: {person: id, arm: group, housed: housed}
    identifiers: {full_name: name}
  agreed:
    noun: consents
    file: consents.csv
    columns: {person: id, may_link: link, may_quote: quote, may_publish: publish, withdrawn_on: withdrawn}
  said: {noun: interviews, file: said.qdpx}
"""
RECEIVED = ("cases", "events", "assessments", "series", "contacts", "spend", "consents", "documents", "codings")
PEOPLE = 60
Talks = Mapping[str, Sequence[tuple[str, str]]]
"""By person, what they said: the code and the words; the code is empty where nobody coded it."""


def name(number: int) -> str:
    """Return the name of a person; without digits, as names are."""
    ending = chr(97 + number // 10) + chr(97 + number % 10)
    return f"Vor{ending} Keld{ending}"


def deliver(root: Path, day: str, talks: Talks, consents: Mapping[str, str], roles: Mapping[str, str] = {}) -> None:
    """Write a drop. A consent is `link,quote,publish,withdrawn`, one row each; rows are parted by a semicolon."""
    folder = root / "pilots" / "heard"
    drop = folder / "drops" / day
    drop.mkdir(parents=True)
    (folder / "protocol.yml").write_text(PROTOCOL, encoding="utf-8")
    people = [f"P{n:03},{'ab'[n % 2]},{'yes' if n % (3 if n % 2 else 2) else 'no'},{name(n)}" for n in range(PEOPLE)]
    (drop / "people.csv").write_text("\n".join(["id,group,housed,name", *people, ""]), encoding="utf-8")
    rows = [f"{who},{one}" for who, said in consents.items() for one in said.split(";")]
    (drop / "consents.csv").write_text("\n".join(["id,link,quote,publish,withdrawn", *rows, ""]), encoding="utf-8")
    write_project(project(talks, roles), drop / "said.qdpx")
    for path in root.rglob("*"):
        os.utime(path, (time.time() - 3600,) * 2)


def project(talks: Talks, roles: Mapping[str, str]) -> Project:
    """Return a project with an interview for each person; `A+B` is one of two, who said every passage together."""
    names = sorted({code for said in talks.values() for code, _ in said if code})
    codes = {name: Code(f"code-{name}", name, (name,)) for name in names}
    everybody = sorted({who for key in talks for who in key.split("+")})
    documents, codings, spans = [], [], []
    for who, said in talks.items():
        text = "\n".join(f"{words} And so on." for _, words in said)
        held = tuple(who.split("+"))
        documents.append(Document(f"doc-{who}", f"Talk {who}", text, case_names=held))
        if len(held) > 1:
            spans += [CaseSpan(f"doc-{who}", one, 0, len(text)) for one in held]
        for k, (code, words) in enumerate(said):
            at = text.index(words)
            if code:
                codings.append(Coding(f"{who}-{k}", f"doc-{who}", codes[code].id, "coder", at, at + len(words), words))
    cases = tuple(Case(who, who, {"role": roles[who]} if who in roles else {}) for who in everybody)
    return Project(
        "said",
        "tests",
        (Coder("coder", "Coder"),),
        tuple(codes.values()),
        cases,
        tuple(documents),
        tuple(codings),
        tuple(spans),
    )


def run_themes(root: Path, as_of: str = "") -> PilotSite:
    """Run only what leads to the findings on themes."""
    site = Workspace(root, as_of).site("heard", "north")
    nouns = ("cases", "consents", "documents", "codings")
    for noun in nouns:
        receive(site, noun)
    for noun in nouns:
        publish(site, noun)
    build(site, "themes")
    compute(site, "themes")
    return site


def quotes_of(site: PilotSite) -> list[QuoteShown]:
    """Return the quotes of a site's findings on themes."""
    with open_warehouse(site) as connection:
        found = [one.result for one in read_findings(connection, ("themes",))]
    return [quote for one in found if isinstance(one, ThemeResult) for quote in one.quotes]


def run(root: Path) -> PilotSite:
    """Run the pilot's site from its newest drop to its release."""
    site = Workspace(root).site("heard", "north")
    for noun in RECEIVED:
        receive(site, noun)
    for noun in VALIDATED:
        publish(site, noun)
    for noun in ANALYSED:
        build(site, noun)
    for noun in FOUND:
        compute(site, noun)
    release(site)
    return site


def evidence(site: PilotSite) -> Evidence:
    """Return the newest evidence of a site."""
    return read_evidence(latest(site))


def shown(site: PilotSite) -> dict[str, str]:
    """Return the quotes of the newest evidence with their speakers."""
    found = [quote for one in evidence(site).of_kind("theme") for quote in one.result.quotes]  # type: ignore[union-attr]
    return {quote.text: quote.speaker for quote in found}
