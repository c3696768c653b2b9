"""The learning loop from protocol, drop and registers to bundle and report."""

from __future__ import annotations

import csv
import html
import json
import re
from collections.abc import Iterator
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import pypdf
import pytest

from pipelines.learning.registers import REGISTERS
from tests.end_to_end.command import pilotlens

NAME = "Persephone Quillfeather"
JUICE = [12, 15, 8, 10, 4, 7, 16, 9, 14, 10, 5, 6, 17, 12, 22, 8, 10, 5, 13, 11, 20, 18, 24, 15, 9, 12, 7, 13, 9, 6]
"""Montgomery's leaking cans: here, of 50 conversations each month, those that were kept."""

PROTOCOL = """\
pilot: study
title: A study
question: Does it work?
concept: {name: study}
dates: {start: 2023-01-01}
sites:
  here: {title: Here}
population: {description: people}
intervention: {name: study}
learning:
  charts:
    referred: {measure: referrals, title: People referred, better: higher, baseline: 12}
    kept: {measure: attended, title: Conversations kept, better: higher}
    waiting:
      measure: days_to_start
      better: lower
      phases: [{start: 2024-01-01, why: a call after two days}]
extracts:
  people:
    file: cases.csv
    columns: {person: number, referral_date: referred, start_date: started}
    identifiers: {name: name}
  meetings:
    noun: contacts
    file: contacts.csv
    columns: {person: number, contact_date: day, attended: came}
"""
REGISTER_ROWS = {
    "pdsa": [
        {
            "id": "texts",
            "title": "Texts <script>alert(1)</script>",
            "start": "2023-06-05",
            "plan": f"{NAME} sends them",
            "prediction": "More come",
            "decision": "adopt",
            "end": "2023-08-31",
            "studied": "More came",
            "chart": "kept",
        },
        {"id": "later", "title": "After the drop", "start": "2026-01-01", "plan": "x", "prediction": "y"},
    ],
    "adaptations": [{"id": "visits", "date": "2024-02-01", "what": "Home visits", "why": "Work", "core_kept": "yes"}],
    "learning_log": [
        {
            "id": "why",
            "date": "2024-03-01",
            "question": "Why do few come?",
            "evidence": "The chart",
            "decision": "Ask where to meet",
            "owner": "Coordinator",
        }
    ],
    "hundred_days": [
        {
            "id": "nine",
            "goal": "Nine of ten",
            "start": "2025-05-01",
            "measure": "Share kept",
            "target": "0.9",
            "begins_at": "0.5",
            "latest": "0.6",
            "latest_on": "2025-06-20",
        }
    ],
}


def month(number: int) -> date:
    return date(2023 + number // 12, number % 12 + 1, 1)


def people() -> Iterator[dict[str, str]]:
    """Twenty referrals a month for a year and a half, then thirty; half the waiting time from 2024 on."""
    number = 0
    for i in range(30):
        for k in range((20 if i < 18 else 30) + (i % 3) - 1):
            number += 1
            referred = month(i) + timedelta(days=k % 10)
            wait = (14 if i < 12 else 7) + (k + i) % 3
            name = NAME if number == 1 else f"Anna{number} Smythe{number}"
            yield {
                "number": f"C{number:04}",
                "name": name,
                "referred": referred.isoformat(),
                "started": (referred + timedelta(days=wait)).isoformat(),
            }


def meetings(cases: list[dict[str, str]]) -> Iterator[dict[str, str]]:
    for i, kept in enumerate(JUICE):
        known = [one for one in cases if one["started"] <= month(i).isoformat()] or cases[:19]
        for k in range(50):
            day = max(month(i) + timedelta(days=k % 28), date(2023, 1, 1))
            yield {"number": known[k % len(known)]["number"], "day": day.isoformat(), "came": "Y" if k < kept else "N"}


@pytest.fixture(scope="module")
def root(tmp_path_factory: pytest.TempPathFactory) -> Path:
    root = tmp_path_factory.mktemp("learning") / "workspace"
    folder = root / "pilots" / "study"
    drop = folder / "drops" / "2025-06-30"
    drop.mkdir(parents=True)
    (folder / "protocol.yml").write_text(PROTOCOL, encoding="utf-8")
    cases = list(people())
    write(drop / "cases.csv", cases)
    write(drop / "contacts.csv", list(meetings(cases)))
    for kind, rows in REGISTER_ROWS.items():
        write(folder / REGISTERS[kind].file, rows, [one.name for one in REGISTERS[kind].fields])
    done = pilotlens(root, "run", "study")
    assert done.returncode == 0, done.stdout + done.stderr
    assert NAME not in done.stdout + done.stderr
    return root


def write(path: Path, rows: list[dict[str, str]], head: list[str] | None = None) -> None:
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.DictWriter(file, head or list(rows[0]), restval="")
        writer.writeheader()
        writer.writerows(rows)


@pytest.fixture(scope="module")
def findings(root: Path) -> dict[str, dict[str, Any]]:
    (path,) = (root / "releases" / "study" / "here").glob("*/evidence.json")
    text = path.read_text(encoding="utf-8")
    assert "Quillfeather" not in text
    return {one["id"]: one for one in json.loads(text)["findings"]}


def test_a_shift_of_referrals_is_more_than_chance(findings: dict[str, dict[str, Any]]) -> None:
    finding = findings["chart/referred"]
    result = finding["result"]
    (phase,) = result["phases"]
    assert (result["way"], phase["baseline"], phase["points"]) == ("run", 12, 30)
    assert phase["centre"] == 20
    assert phase["side"] == "above"
    assert phase["signal"]
    assert "13 months in a row lie above the median of 20, the good side" in finding["sentence"]
    assert all(point["people"] is None for point in result["points"])


def test_a_published_chart_as_conversations(findings: dict[str, dict[str, Any]]) -> None:
    """Montgomery: 30 samples of 50, of which few are below the smallest count, so fewer points stand in the lines."""
    result = findings["chart/kept"]["result"]
    assert result["way"] == "p"
    shown = [point for point in result["points"] if point["standing"] == "shown"]
    kept = [round(point["numerator"]) for point in shown]
    assert set(kept) <= {k for k in JUICE if k >= 10}
    assert result["withheld"] == 30 - len(shown) == sum(k < 10 for k in JUICE)
    centre = sum(kept) / (50 * len(kept))
    assert result["phases"][0]["centre"] == pytest.approx(centre)
    upper = centre + 3 * (centre * (1 - centre) / 50) ** 0.5
    assert shown[0]["upper"] == pytest.approx(upper)
    assert [mark["id"] for mark in result["marks"]] == ["texts"]
    assert findings["chart/kept"]["receipts"] == ["pdsa/texts"]
    assert {change["rule"] for change in findings["chart/kept"]["disclosure"]["changes"]} == {"minimum count"}


def test_a_new_phase_has_lines_of_its_own(findings: dict[str, dict[str, Any]]) -> None:
    result = findings["chart/waiting"]["result"]
    before, since = result["phases"]
    assert (since["start"], since["why"]) == ("2024-01-01", "a call after two days")
    assert before["centre"] == pytest.approx(15, abs=0.5)
    assert since["centre"] == pytest.approx(8, abs=0.5)
    assert "Since 1 Jan 2024 (a call after two days)" in findings["chart/waiting"]["sentence"]


def test_registers_are_findings_as_known_at_the_drop(findings: dict[str, dict[str, Any]]) -> None:
    assert "pdsa/later" not in findings
    assert findings["pdsa/texts"]["result"]["not_shown"] == ["plan"]
    assert "pdsa.csv, row 2" in findings["pdsa/texts"]["sentence"]
    challenge = findings["hundred_days/nine"]["result"]
    assert (challenge["day"], challenge["track"], challenge["overdue"]) == (61, "behind", ["mid-point review"])
    assert {"adaptation/visits", "learning_log/why"} <= set(findings)


def test_the_report_tells_it_in_html_and_pdf(root: Path) -> None:
    folder = root / "reports" / "study" / "here"
    page = (folder / "report.html").read_text(encoding="utf-8")
    assert "<script>alert(1)" not in page
    words = html.unescape(re.sub(r"<[^>]+>", " ", page))
    paper = " ".join(one.extract_text() for one in pypdf.PdfReader(folder / "report.pdf").pages)
    for text in (words, paper):
        close = re.sub(r"\s+", "", text)
        assert NAME.split()[0] not in close
        for told in (
            "Learning loop",
            "13 months in a row",
            "Home visits",
            "Ask where to meet",
            "61 of 100",
            "pdsa/texts",
        ):
            assert told.replace(" ", "") in close, told
    alts = [html.unescape(alt) for alt in re.findall(r'alt="([^"]*)"', page)]
    assert any("13 months in a row lie above the median" in alt for alt in alts)


def test_check_names_a_fault_of_a_register(root: Path) -> None:
    path = root / "pilots" / "study" / "adaptations.csv"
    sound = path.read_text(encoding="utf-8")
    path.write_text(sound.replace("2024-02-01", NAME), encoding="utf-8")
    try:
        done = pilotlens(root, "check", "study")
    finally:
        path.write_text(sound, encoding="utf-8")
    assert done.returncode == 1
    said = " ".join((done.stdout + done.stderr).split())
    assert 'adaptations.csv, row 2, column "date": this is no date' in said
    assert NAME not in said
