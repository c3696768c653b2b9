"""A made-up pilot of as many sites as a test asks for, each with a released bundle as a site's run would write it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from math import sqrt
from pathlib import Path
from typing import Any

from scipy.stats import norm

from pipelines.findings.models import (
    ArmSummary,
    Disclosed,
    EffectResult,
    EvidenceLevelResult,
    Finding,
    Inputs,
    Scope,
)
from pipelines.findings.outcomes import verdict
from pipelines.protocol.load import protocol_hash
from pipelines.release.bundle import DropFacts, Evidence
from pipelines.release.write import _manifest, canonical, provenance_of, with_its_name
from pipelines.workspace import Pilot, Workspace

HASH = "3f1c9a0b5e7d2468ace013579bdf02468ace13579bdf02468ace13579bdf0246"
PROTOCOL = """\
pilot: places
title: A made-up pilot in several places
question: Does it help?
concept: {{name: Help}}
synthetic: true
sites:
{sites}
population: {{description: people}}
intervention: {{name: Help}}
arms:
  assignment: {assignment}
  treatment: {{title: Help, codes: [a]}}
  comparison: {{title: Usual, codes: [b]}}
outcomes:
  helped:
    title: were helped
    type: binary
    tier: primary
    better: {better}
    value: helped
    minimum_important_difference: 0.1
extracts:
  people: {{file: people.csv, columns: {{person: id, site: site, arm: arm, helped: helped}}}}
"""

Numbers = tuple[float | None, float | None]
"""An estimate and its standard error."""


def places(root: Path, sites: Sequence[str], *, assignment: str = "randomised", better: str = "higher") -> Pilot:
    """Write the protocol of a pilot in some sites."""
    lines = "\n".join(f"  {key}: {{title: {key.capitalize()}, context: {{miles: '{len(key)}'}}}}" for key in sites)
    folder = root / "pilots" / "places"
    folder.mkdir(parents=True, exist_ok=True)
    text = PROTOCOL.format(sites=lines, assignment=assignment, better=better)
    (folder / "protocol.yml").write_text(text, encoding="utf-8")
    return Workspace(root).pilot("places")


def effect(value: float | None, se: float | None, **more: Any) -> EffectResult:
    """Return an effect with a normal interval; `more` replaces fields."""
    half = None if se is None else float(norm.ppf(0.975)) * se
    lower, upper = (None, None) if value is None or half is None else (value - half, value + half)
    known: dict[str, Any] = {
        "title": "were helped",
        "tier": "primary",
        "better": "higher",
        "outcome_type": "binary",
        "measure": "none" if value is None else "risk difference",
        "unit": "share of people",
        "arms": {arm: ArmSummary(title=arm, n=n) for arm, n in (("treatment", 61), ("comparison", 59))},
        "value": value,
        "se": se,
        "lower": lower,
        "upper": upper,
        "level": 0.95,
        "engine": "difference in proportions",
        "why": "A made-up one.",
        "verdict": "described" if value is None else verdict(lower, upper, "higher"),
        "described_because": "Too few people." if value is None else "",
    }
    return EffectResult(**known | more)


def release(pilot: Pilot, site: str, result: EffectResult, *, drop: str = "2026-06-30", maryland: int = 5) -> Path:
    """Write a site's bundle, as its run would, and return its folder."""
    inputs = Inputs(drop=drop, drop_hash=HASH, protocol_hash=protocol_hash(pilot.protocol), tables={}, code=HASH)
    level = EvidenceLevelResult(maryland=maryland, nesta=min(3, maryland), reason="Made up.", raise_it="")
    findings = (
        Finding(
            id="evidence_level/design",
            scope=Scope(pilot="places", site=site),
            result=level,
            sentence="Made up.",
            inputs=inputs,
        ),
        Finding(
            id="effect/helped/primary",
            scope=Scope(pilot="places", site=site, subject="helped"),
            result=result,
            sentence="Made up.",
            inputs=inputs,
        ),
    )
    draft = Evidence(
        release="draft",
        site=site,
        plan=pilot.protocol.plan(),
        drop=DropFacts(name=drop, sha256=HASH),
        provenance=provenance_of(pilot.protocol),
        disclosure=Disclosed(profile="standard"),
        findings=findings,
    )
    place = next(one for one in pilot.sites if one.site == site)
    return _stored(with_its_name(draft), place.releases_folder)


def _stored(evidence: Evidence, releases: Path) -> Path:
    """Write a bundle without tables, which nothing here reads and which cost most of the time."""
    folder = releases / evidence.release
    if folder.exists():
        return folder
    folder.mkdir(parents=True)
    (folder / "evidence.json").write_bytes(canonical(evidence))
    (folder / "manifest.json").write_bytes(canonical(_manifest(evidence, folder)))
    (releases / "latest.txt").write_text(folder.name)
    return folder


def released(root: Path, estimates: Mapping[str, Numbers], **options: Any) -> Pilot:
    """Write a pilot whose sites have released these estimates, in this order."""
    pilot = places(root, list(estimates), **options)
    for site, (value, se) in estimates.items():
        release(pilot, site, effect(value, se))
    return pilot


BCG = (
    (4, 119, 11, 128),
    (6, 300, 29, 274),
    (3, 228, 11, 209),
    (62, 13536, 248, 12619),
    (33, 5036, 47, 5761),
    (180, 1361, 372, 1079),
    (8, 2537, 10, 619),
    (505, 87886, 499, 87892),
    (29, 7470, 45, 7232),
    (17, 1699, 65, 1600),
    (186, 50448, 141, 27197),
    (5, 2493, 3, 2338),
    (27, 16886, 29, 17825),
)
"""Colditz et al. 1994, JAMA 271:698-702: tuberculosis yes and no, vaccinated and not, in thirteen trials."""


def risk_difference(a: int, b: int, c: int, d: int) -> Numbers:
    """Return the difference in risk of two groups, and its standard error."""
    p, q = a / (a + b), c / (c + d)
    return p - q, sqrt(p * (1 - p) / (a + b) + q * (1 - q) / (c + d))
