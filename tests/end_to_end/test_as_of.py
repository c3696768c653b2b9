"""Looking back: `run --as-of DROP` gives the evidence of then, byte for byte, and leaves everything of today alone."""

from __future__ import annotations

import hashlib
import os
import time
from pathlib import Path

from tests.end_to_end.command import pilotlens

PROTOCOL = """\
pilot: reminders
title: Text reminders
question: Do text reminders help people to keep their first appointment?
concept: {name: Text reminders}
sites: {north: {title: North office}}
population: {description: people who start looking for work}
intervention: {name: Text reminder}
arms:
  treatment: {title: Text, codes: [text]}
  comparison: {title: Letter, codes: [letter]}
outcomes:
  attended: {title: kept their first appointment, type: binary, tier: primary, better: higher, value: attended}
covariates:
  age: {title: Age, unit: years}
extracts:
  trial: {file: trial.csv, columns: {person: id, arm: group, age: age, attended: kept, start_date: began}}
"""


def drop(root: Path, day: str, people: int) -> None:
    """Write a cumulative drop of some people; whether they came follows from their number."""
    rows = [
        f"R{n:03},{'text' if n % 2 else 'letter'},{20 + n % 40},{'yes' if n % (3 if n % 2 else 2) else 'no'},"
        f"2026-0{1 + n % 4}-1{n % 10}"
        for n in range(people)
    ]
    path = root / "pilots" / "reminders" / "drops" / day / "trial.csv"
    path.parent.mkdir(parents=True)
    path.write_text("\n".join(["id,group,age,kept,began", *rows, ""]))
    os.utime(path, (time.time() - 60,) * 2)


def evidence(folder: Path) -> bytes:
    """Return the newest evidence of a releases folder."""
    releases = folder / "releases" / "reminders" / "north"
    return (releases / (releases / "latest.txt").read_text().strip() / "evidence.json").read_bytes()


def hashes(root: Path) -> dict[str, str]:
    """Return the hash of every released and reported file of today, and of the ledger."""
    files = [p for kind in ("releases", "reports", "ledger") for p in (root / kind).rglob("*") if p.is_file()]
    return {str(p): hashlib.sha256(p.read_bytes()).hexdigest() for p in files}


def test_an_earlier_state_is_reproduced_and_the_present_one_untouched(tmp_path: Path) -> None:
    root = tmp_path / "workspace"
    (root / "pilots" / "reminders").mkdir(parents=True)
    (root / "pilots" / "reminders" / "protocol.yml").write_text(PROTOCOL)
    drop(root, "2026-06-30", 120)
    assert pilotlens(root, "run").returncode == 0
    then = evidence(root)
    drop(root, "2026-08-31", 150)
    assert pilotlens(root, "run").returncode == 0
    later = evidence(root)
    drop(root, "2026-09-30", 180)
    assert pilotlens(root, "run").returncode == 0
    today = hashes(root)
    assert evidence(root) not in (then, later)
    # What the second drop had corrected since the first is known from the checks of then.
    assert b"corrections/summary" in later
    assert pilotlens(root, "run", "reminders", "--as-of", "2026-08-31").returncode == 0
    assert evidence(root / "as-of" / "2026-08-31") == later
    looked = pilotlens(root, "run", "reminders", "--as-of", "2026-06-30")
    assert looked.returncode == 0, looked.stdout + looked.stderr
    assert "as-of/2026-06-30/reports" in looked.stdout
    assert evidence(root / "as-of" / "2026-06-30") == then
    assert hashes(root) == today
    unknown = pilotlens(root, "run", "reminders", "--as-of", "2026-06-33")
    assert unknown.returncode == 2
    assert 'Did you mean "2026-06-30"?' in unknown.stdout + unknown.stderr
    told = pilotlens(root, "drops", "reminders").stdout
    assert told.count("arrived") == 3
    assert "is whole" in pilotlens(root, "verify").stdout
