"""Looks through `pilotlens run`: drop after drop, what is shown, what is refused, and what the ledger notes."""

from __future__ import annotations

import json
import os
import time
from pathlib import Path
from typing import Any

from pipelines.ledger import entries
from tests.end_to_end.command import pilotlens

PROTOCOL = """\
pilot: {pilot}
title: Text reminders
question: Do text reminders help people to keep their first appointment?
concept: {{name: Text reminders}}
sites: {{north: {{title: North office}}}}
population: {{description: people who start looking for work, planned_per_site: {{north: 200}}}}
intervention: {{name: Text reminder}}
arms:
  treatment: {{title: Text, codes: [text]}}
  comparison: {{title: Letter, codes: [letter]}}
outcomes:
  attended: {{title: kept their first appointment, type: binary, tier: primary, better: higher, value: attended}}
looks: {{planned: 2, unplanned: {unplanned}}}
extracts:
  trial: {{file: trial.csv, columns: {{person: id, arm: group, attended: kept, start_date: began}}}}
"""
PILOTS = {"strict": "refuse", "open": "widen"}


def start(root: Path) -> None:
    """Write the two pilots, which differ in what they do with an extra look."""
    for pilot, unplanned in PILOTS.items():
        folder = root / "pilots" / pilot
        folder.mkdir(parents=True)
        (folder / "protocol.yml").write_text(PROTOCOL.format(pilot=pilot, unplanned=unplanned))


def drop(root: Path, day: str, people: int) -> None:
    """Write the same cumulative drop for both."""
    rows = [
        f"R{n:03},{'text' if n % 2 else 'letter'},{'yes' if n % 5 < (3 if n % 2 else 2) else 'no'},2026-01-1{n % 10}"
        for n in range(people)
    ]
    for pilot in PILOTS:
        path = root / "pilots" / pilot / "drops" / day / "trial.csv"
        path.parent.mkdir(parents=True)
        path.write_text("\n".join(["id,group,kept,began", *rows, ""]))
        os.utime(path, (time.time() - 60,) * 2)


def run(root: Path, *arguments: str) -> None:
    done = pilotlens(root, "run", *arguments)
    assert done.returncode == 0, done.stdout + done.stderr


def effect(root: Path, pilot: str) -> dict[str, Any]:
    """Return the released finding of the outcome."""
    releases = root / "releases" / pilot / "north"
    evidence = json.loads((releases / (releases / "latest.txt").read_text().strip() / "evidence.json").read_text())
    return next(dict(one) for one in evidence["findings"] if one["id"] == "effect/attended/primary")


def looks(root: Path, pilot: str) -> list[int]:
    """Return the people known at each look that the ledger notes."""
    found = entries(root / "ledger" / f"{pilot}.jsonl")
    return [int(entry.facts["people"]) for entry in found if entry.kind == "look"]


def test_looks_are_taken_when_they_were_planned(tmp_path: Path) -> None:
    root = tmp_path / "workspace"
    start(root)
    drop(root, "2026-07-31", 110)
    run(root)
    first = effect(root, "strict")
    assert [first["result"]["look"][key] for key in ("stage", "planned", "state", "known")] == [1, 2, "planned", 110]
    assert first["result"]["look"]["lower"] < first["result"]["lower"]
    assert "look 1 of the 2 that were planned" in first["sentence"]
    page = (root / "reports" / "strict" / "north" / "report.html").read_text()
    assert "Look 1 of 2" in page
    assert "If looked at only once" in page

    drop(root, "2026-08-31", 160)  # so many more that each group has ten with the outcome and ten without
    run(root)
    refused = effect(root, "strict")
    assert (refused["result"]["value"], refused["result"]["look"]["state"]) == (None, "refused")
    assert "refuses extra looks" in refused["sentence"]
    shown = effect(root, "open")["result"]
    assert (shown["look"]["number"], shown["look"]["state"]) == (2, "extra")
    assert (looks(root, "strict"), looks(root, "open")) == ([110], [110, 160])

    run(root, "strict", "--as-of", "2026-07-31")
    again = effect(root / "as-of" / "2026-07-31", "strict")
    assert (again["result"], again["sentence"]) == (first["result"], first["sentence"])
    assert looks(root, "strict") == [110]
